package mapview_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview"
)

func TestParsePlace(t *testing.T) {
	here := orb.Point{113.912316, 22.543847}
	gcj := geo.Convert(here, geo.CGCS2000, geo.GCJ02)
	bd := geo.Convert(here, geo.CGCS2000, geo.BD09)
	six, _ := geo.GaussKrugerEPSG(4497)   // zone 19
	three, _ := geo.GaussKrugerEPSG(4526) // zone 38
	plain, _ := geo.GaussKrugerEPSG(4547)
	xy := func(k geo.GaussKruger, order string) string {
		p := k.Forward(here)
		if order == "yx" {
			p[0], p[1] = p[1], p[0]
		}
		return fmt.Sprintf("%.3f %.3f", p[0], p[1])
	}
	for _, c := range []struct {
		text string
		warn []mapview.PlaceWarning
	}{
		{"113.912316,22.543847", nil},
		{" 113.912316， 22.543847 ", nil},
		{"22.543847 113.912316", []mapview.PlaceWarning{mapview.WarnSwapped}},
		{"N22.543847 E113.912316", nil},
		{"22°32′37.85″N 113°54′44.34″E", nil},
		{"北纬22度32分37.85秒 东经113度54分44.34秒", nil},
		{fmt.Sprintf("gcj02:%.6f,%.6f", gcj[0], gcj[1]), []mapview.PlaceWarning{mapview.WarnShifted}},
		{fmt.Sprintf("BD-09: %.6f,%.6f", bd[1], bd[0]), []mapview.PlaceWarning{mapview.WarnSwapped, mapview.WarnShifted}},
		{xy(six, "xy"), nil},
		{xy(three, "yx"), nil},
		{"EPSG:4547 " + xy(plain, "xy"), nil},
		{"epsg:4547 " + xy(plain, "yx"), nil},
	} {
		p, warn, err := mapview.ParsePlace(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if d := geo.Distance(p.At, here); d > 1 {
			t.Errorf("%q is at %v, %.1f m off", c.text, p.At, d)
		}
		if !slices.Equal(warn, c.warn) {
			t.Errorf("%q warns %v, want %v", c.text, warn, c.warn)
		}
	}
	if _, warn, err := mapview.ParsePlace("gcj02:2.35,48.85"); err != nil || !slices.Contains(warn, mapview.WarnOutside) {
		t.Errorf("GCJ-02 in Paris: %v %v", warn, err)
	}
}

func TestParsePlaceTile(t *testing.T) {
	for _, text := range []string{"15/26752/14276", "tile 15/26752/14276", "z15/26752/14276.png"} {
		p, warn, err := mapview.ParsePlace(text)
		if err != nil || len(warn) > 0 {
			t.Fatalf("%q: %v %v", text, warn, err)
		}
		if p.Zoom != 15 || !p.Bound.Contains(p.At) || math.Abs(p.Bound.Max[0]-p.Bound.Min[0]-360/math.Exp2(15)) > 1e-9 {
			t.Errorf("%q is %+v", text, p)
		}
		if math.Abs(p.At[0]-113.912) > 0.011 || math.Abs(p.At[1]-22.54) > 0.02 {
			t.Errorf("%q is at %v", text, p.At)
		}
	}
}

func TestParsePlaceRefuses(t *testing.T) {
	for _, bad := range []string{"", "hello", "113.9", "25/0/0", "3/8/0", "3/0/8", "99999999999/1/1", "512345.6 2498765.4", "12500000 2498765", "46500000 2498765",
		"epsg:3857 512345.6 2498765.4", "EPSG:4547 512345.6 9998765.4", "38512345.6 38498765.4", "181,91", strings.Repeat("1", 300)} {
		if p, _, err := mapview.ParsePlace(bad); !errors.Is(err, mapview.ErrPlace) {
			t.Errorf("%q reads as %+v, %v", bad, p, err)
		}
	}
}

func FuzzParsePlace(f *testing.F) {
	for _, s := range []string{"15/26752/14276", "38512345.6 2498765.4", "EPSG:4547 512345.6 2498765.4", "gcj02:113.9,22.5", "北纬22度32分37.8秒 东经113度"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, _, err := mapview.ParsePlace(s)
		if err == nil && !(math.Abs(p.At[0]) <= 180.01 && math.Abs(p.At[1]) <= 90.01) {
			t.Errorf("%q reads as %+v", s, p)
		}
	})
}
