package state

import (
	"strings"
	"testing"

	"github.com/paulmach/orb"
)

func TestMeasureUnits(t *testing.T) {
	l := load(t, "zh")
	auto := MeasureUnits{}
	for _, c := range []struct {
		u    MeasureUnits
		m    float64
		want string
	}{
		{auto, 3.456, "3.46 m"}, {auto, 812.34, "812.3 m"}, {auto, 1234.5678, "1.235 km"}, {auto, 1234567, "1,234.567 km"},
		{MeasureUnits{Length: LengthM}, 1234.5678, "1,234.6 m"}, {MeasureUnits{Length: LengthKm}, 12.3, "0.012 km"},
	} {
		if got := c.u.LengthText(l, c.m); got != c.want {
			t.Errorf("%g m is %q, want %q", c.m, got, c.want)
		}
	}
	for _, c := range []struct {
		u    MeasureUnits
		m2   float64
		want string
	}{
		{auto, 9876.54, "9,876.5 m²"}, {auto, 123456, "12.346 公顷"}, {auto, 12345678, "12.346 km²"},
		{MeasureUnits{Area: AreaM2}, 12345678, "12,345,678.0 m²"}, {MeasureUnits{Area: AreaHa}, 12345678, "1,234.568 公顷"}, {MeasureUnits{Area: AreaKm2}, 123456, "0.123 km²"},
	} {
		if got := c.u.AreaText(l, c.m2); got != c.want {
			t.Errorf("%g m² is %q, want %q", c.m2, got, c.want)
		}
	}
	u := MeasureUnits{Length: LengthKm, Area: AreaHa}
	if got := ParseMeasureUnits(u.String()); got != u {
		t.Errorf("%v comes back as %v", u, got)
	}
	for _, bad := range []string{"", "x", "9,1", "1", "1,9"} {
		if got := ParseMeasureUnits(bad); got != auto {
			t.Errorf("%q gives %v", bad, got)
		}
	}
}

func TestAzimuthText(t *testing.T) {
	for deg, want := range map[float64]string{0: "0.00° (0°00′00″)", 123.4567: "123.46° (123°27′24″)", 359.9999: "0.00° (0°00′00″)", 59.99999: "60.00° (60°00′00″)"} {
		if got := AzimuthText(deg); got != want {
			t.Errorf("%g is %q, want %q", deg, got, want)
		}
	}
}

func TestMeasureReads(t *testing.T) {
	l := load(t, "zh")
	points := []orb.Point{{114, 22}, {114.001, 22}, {114.001, 22.001}}
	line := Measure{Kind: MeasureLine, Points: points, Legs: []float64{103.2, 110.7}, LengthM: 213.9}
	if got := line.ReadOut(l, MeasureUnits{}); got != "213.9 m·+110.7 m" {
		t.Errorf("beside the pointer %q", got)
	}
	if f := line.Facts(l, MeasureUnits{}); len(f) != 2 || f[1] != (MeasureFact{"第 2 段", "110.7 m"}) {
		t.Errorf("facts %v", f)
	}
	area := Measure{Kind: MeasureArea, Points: points, Legs: []float64{103.2, 110.7, 151.3}, PerimeterM: 365.2, AreaM2: 5712}
	if got := area.Headline(l, MeasureUnits{}); got != "5,712.0 m²" {
		t.Errorf("headline %q", got)
	}
	if f := area.Facts(l, MeasureUnits{}); len(f) != 4 || f[0] != (MeasureFact{"周长", "365.2 m"}) {
		t.Errorf("facts %v", f)
	}
	edge := Measure{Kind: MeasureArea, Points: points[:2], Legs: []float64{103.2}, PerimeterM: 103.2}
	if edge.Headline(l, MeasureUnits{}) != "" || edge.ReadOut(l, MeasureUnits{}) != "103.2 m" {
		t.Errorf("two corners read %q, %q", edge.Headline(l, MeasureUnits{}), edge.ReadOut(l, MeasureUnits{}))
	}
	way := Measure{Kind: MeasureAzimuth, Points: points[:2], Legs: []float64{103.2}, LengthM: 103.2, AzimuthDeg: 90}
	if got := way.ReadOut(l, MeasureUnits{}); got != "90.00°·103.2 m" {
		t.Errorf("beside the pointer %q", got)
	}
	table := area.Table(l, MeasureUnits{Area: AreaHa})
	if !strings.HasPrefix(table, "面积\t0.571 公顷\n周长\t365.2 m\n") || strings.Count(table, "\n") != 1+4+3 || !strings.Contains(table, "点\t114.0010000, 22.0000000\n") {
		t.Errorf("table:\n%s", table)
	}
	if none := (Measure{}); !none.IsZero() || none.ReadOut(l, MeasureUnits{}) != "" || none.Facts(l, MeasureUnits{}) != nil {
		t.Error("a measure of nothing reads something")
	}
}
