package thematic

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview"
)

func id(n int) (out mapview.ID) {
	binary.BigEndian.PutUint64(out[8:], uint64(n))
	return out
}

const side = 0.01 // degrees

// squares are n regions in a row, numbered from 1, the first at 114°E 22.5°N.
func squares(t testing.TB, n int) *mapview.Snapshot {
	t.Helper()
	var b mapview.Builder
	for i := range n {
		x := 114 + side*float64(i)
		if err := b.Add(id(i+1), 0, "", orb.Bound{Min: orb.Point{x, 22.5}, Max: orb.Point{x + side, 22.5 + side}}.ToPolygon()); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build(1)
}

func middle(i int) orb.Point { return orb.Point{114 + side*(float64(i)-0.5), 22.5 + side/2} }

var ofEvents = Indicator{Name: Text{"事件密度", "Event density"}, Unit: Text{"件/km²", "per km²"}, Norm: PerKm2, AsOf: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}

func render(t testing.TB, layers []mapview.Layer, cam mapview.Camera) *image.RGBA {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, cam.WidthPx, cam.HeightPx))
	if err := mapview.Render(context.Background(), m, cam, mapview.LightStyle(), mapview.Scene{Layers: layers}); err != nil {
		t.Fatal(err)
	}
	return m
}

func at(m *image.RGBA, cam mapview.Camera, p orb.Point) color.NRGBA {
	x, y := cam.ToScreen(p)
	c := m.RGBAAt(int(x), int(y))
	return color.NRGBA{c.R, c.G, c.B, 255}
}

func TestValue(t *testing.T) {
	for _, c := range []struct {
		name  string
		ind   Indicator
		row   Row
		want  float64
		state State
	}{
		{"count", Indicator{Norm: Count}, Row{Count: 12}, 12, Shown},
		{"per km²", Indicator{Norm: PerKm2}, Row{Count: 12, Base: 4e6}, 3, Shown},
		{"per thousand", Indicator{Norm: PerThousand}, Row{Count: 12, Base: 4000}, 3, Shown},
		{"percent", Indicator{Norm: Percent}, Row{Count: 12, Base: 48}, 25, Shown},
		{"not known", Indicator{Norm: Count}, Row{Count: math.NaN()}, 0, NoData},
		{"of nobody", Indicator{Norm: PerThousand}, Row{Count: 12}, 0, NoData},
		{"too few", Indicator{Norm: Count, MinCount: 5}, Row{Count: 4}, 0, Suppressed},
		{"enough", Indicator{Norm: Count, MinCount: 5}, Row{Count: 5}, 5, Shown},
		{"none at all tells of nobody", Indicator{Norm: Count, MinCount: 5}, Row{Count: 0}, 0, Shown},
		{"too few are not of it", Indicator{Norm: Percent, MinCount: 5}, Row{Count: 98, Base: 100}, 0, Suppressed},
		{"all are of it", Indicator{Norm: Percent, MinCount: 5}, Row{Count: 100, Base: 100}, 100, Shown},
		{"too few, of an unknown base", Indicator{Norm: PerThousand, MinCount: 5}, Row{Count: 2}, 0, Suppressed},
	} {
		v, state := c.ind.Value(c.row)
		if state != c.state || state == Shown && v != c.want || state != Shown && !math.IsNaN(v) {
			t.Errorf("%s: %v, state %d, want %v, state %d", c.name, v, state, c.want, c.state)
		}
	}
}

func TestChoroplethDrawsItsLegend(t *testing.T) {
	regions := squares(t, 8)
	ind := ofEvents
	ind.Norm, ind.MinCount = Count, 5
	rows := []Row{{id(1), 5, 0}, {id(2), 9, 0}, {id(3), 40, 0}, {id(4), 41, 0}, {id(5), 300, 0}, {id(6), 3, 0}, {id(7), math.NaN(), 0}, {id(99), 7, 0}} // 8 has none
	for _, look := range []Look{{Opacity: 1}, {Theme: Dark, Ramp: Earth, Opacity: 1}, {Theme: Wall, Ramp: Diverging, Opacity: 1}} {
		c, err := NewChoropleth(regions, rows, ind, Options{Method: Jenks, Classes: 3}, 7)
		if err != nil {
			t.Fatal(err)
		}
		layers, err := c.Layers("theme", look)
		if err != nil {
			t.Fatal(err)
		}
		cam := mapview.Camera{Center: middle(4), Zoom: 13, WidthPx: 700, HeightPx: 200}
		m := render(t, layers, cam)
		bare := at(render(t, nil, cam), cam, middle(1))
		legend := c.Legend("en", look, nil)
		var total int
		byText := map[string]color.NRGBA{}
		for _, e := range legend.Entries {
			total += e.Count
			byText[e.Text] = e.Colour
		}
		if total != regions.Len() || legend.Title != "Event density" || legend.AsOf != "As of 2026-03-01 00:00" || legend.Note != "Natural breaks, 3 classes" {
			t.Errorf("legend %+v adds up to %d of %d", legend, total, regions.Len())
		}
		for region, want := range map[int]string{1: c.Classes.Text(0), 2: c.Classes.Text(0), 3: c.Classes.Text(1), 4: c.Classes.Text(1), 5: c.Classes.Text(2), 6: "Fewer than 5, not shown"} {
			if got := at(m, cam, middle(region)); got != byText[want] {
				t.Errorf("theme %d: region %d is %v, the legend's %q is %v", look.Theme, region, got, want, byText[want])
			}
		}
		for _, region := range []int{7, 8} { // lines over the ground
			lines, ground := 0, 0
			x, y := cam.ToScreen(middle(region))
			for d := range 20 {
				switch p := m.RGBAAt(int(x)+d, int(y)); {
				case color.NRGBA{p.R, p.G, p.B, 255} == bare:
					ground++
				default:
					lines++
				}
			}
			if lines == 0 || ground == 0 {
				t.Errorf("theme %d: region %d without data has %d pixels of lines and %d of ground", look.Theme, region, lines, ground)
			}
		}
		f, ok := c.Snapshot().Find(id(3))
		if v, has := f.Property(ColumnValue); !ok || !has || v.String() != "40" {
			t.Errorf("identified: %v", v)
		}
		if f, _ := c.Snapshot().Find(id(6)); f.Label() != "" {
			t.Error("a label")
		} else if v, has := f.Property(ColumnValue); has {
			t.Errorf("a suppressed figure can be read: %v", v)
		}
	}
}

func TestChoroplethPerArea(t *testing.T) {
	regions := squares(t, 2)
	f, _ := regions.Find(id(1))
	km2 := geo.GeodesicArea(f.Geometry()) / 1e6
	c, err := NewChoropleth(regions, []Row{{id(1), km2 * 30, 0}, {id(2), 10, 2e6}}, ofEvents, Options{Method: Fixed, Cuts: []float64{10, 29.9999, 30.0001}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for region, want := range map[int]string{1: "2", 2: "0"} {
		f, _ := c.Snapshot().Find(id(region))
		if v, _ := f.Property(ColumnClass); v.String() != want {
			t.Errorf("region %d is in class %s, want %s", region, v, want)
		}
	}
	if l := c.Legend("zh", Look{}, time.FixedZone("", 8*3600)); l.AsOf != "截至 2026-03-01 08:00" || l.Note != "固定分级·4 级" || l.Entries[1].Text != "29.9999–<30.0001" || l.Unit != "件/km²" {
		t.Errorf("legend %+v", l)
	}
	if _, err := NewChoropleth(regions, nil, ofEvents, Options{Classes: 99}, 1); !errors.Is(err, ErrData) {
		t.Errorf("99 classes: %v", err)
	}
	empty, err := NewChoropleth(regions, nil, ofEvents, Options{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if l := empty.Legend("en", Look{}, nil); len(l.Entries) != 1 || l.Entries[0].Text != "No data" || l.Entries[0].Count != 2 {
		t.Errorf("a map without figures says %+v", l.Entries)
	}
	if _, err := empty.Layers("x", Look{}); err != nil {
		t.Error(err)
	}
}

func TestSymbolsAreTrueInArea(t *testing.T) {
	regions := squares(t, 6)
	ind := Indicator{Name: Text{"居民", "Residents"}, Unit: Text{"人", "people"}, MinCount: 5}
	rows := []Row{{id(1), 4000, 0}, {id(2), 1000, 0}, {id(3), 250, 0}, {id(4), 3, 0}, {id(5), 0, 0}, {id(6), math.NaN(), 0}, {id(7), 9, 0}}
	s, err := NewSymbols(PlacesOf(regions, rows), ind, SymbolOptions{MaxRadius: 30}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if s.Full != 5000 || math.Abs(s.Radius(4000)/s.Radius(1000)-2) > 1e-12 || s.Radius(5000) != 30 {
		t.Errorf("full %g, radii %g, %g, %g", s.Full, s.Radius(4000), s.Radius(1000), s.Radius(5000))
	}
	look := Look{Opacity: 1}
	layers, err := s.Layers("people", look)
	if err != nil {
		t.Fatal(err)
	}
	cam := mapview.Camera{Center: middle(3), Zoom: 14, WidthPx: 900, HeightPx: 300}
	m, bare := render(t, layers, cam), render(t, nil, cam)
	area := func(region int) (n float64) {
		x, y := cam.ToScreen(middle(region))
		for dy := -40; dy <= 40; dy++ {
			for dx := -40; dx <= 40; dx++ {
				if p := image.Pt(int(x)+dx, int(y)+dy); p.In(m.Rect) && m.RGBAAt(p.X, p.Y) != bare.RGBAAt(p.X, p.Y) {
					n++
				}
			}
		}
		return n
	}
	for region, v := range map[int]float64{1: 4000, 2: 1000, 3: 250, 4: 0, 5: 0, 6: 0} {
		r := s.Radius(v) + 1 // the stroke
		if v == 0 {
			r = 0
		}
		if got := area(region); math.Abs(got-math.Pi*r*r) > 0.12*math.Pi*r*r {
			t.Errorf("region %d: %.0f pixels, want %.0f", region, got, math.Pi*r*r)
		}
	}
	l := s.Legend("zh", look, nil)
	if len(l.Entries) != 5 || l.Entries[0].Text != "5,000" || l.Entries[1].Text != "2,000" || l.Entries[2].Text != "500" || l.Entries[3].Text != "少于 5，不显示" || l.Entries[4].Text != "无数据" {
		t.Errorf("legend %+v", l.Entries)
	}
	for _, e := range l.Entries[:3] {
		if e.Radius <= 0 || e.Radius > 30 {
			t.Errorf("legend circle %q has radius %g", e.Text, e.Radius)
		}
	}
	if _, err := NewSymbols([]Place{{At: middle(1), Row: Row{Count: -1}}}, ind, SymbolOptions{}, 1); !errors.Is(err, ErrData) {
		t.Errorf("a negative figure: %v", err)
	}
	none, err := NewSymbols(nil, ind, SymbolOptions{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := none.Layers("x", look); err != nil {
		t.Error(err)
	}
}

// A small circle within a large one is drawn over it, wherever they stand in the file.
func TestSmallCirclesLieOnLargeOnes(t *testing.T) {
	ind := Indicator{Name: Text{"居民", "Residents"}}
	p := middle(1)
	for _, order := range [][2]float64{{1000, 20}, {20, 1000}} {
		var places []Place
		for i, v := range order {
			places = append(places, Place{At: p, Row: Row{Region: id(i + 1), Count: v}})
		}
		s, err := NewSymbols(places, ind, SymbolOptions{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		layers, err := s.Layers("people", Look{})
		if err != nil {
			t.Fatal(err)
		}
		cam := mapview.Camera{Center: p, Zoom: 15, WidthPx: 101, HeightPx: 101}
		m := render(t, layers, cam)
		inside, ring := m.RGBAAt(50, 50), m.RGBAAt(50, 50+15)
		if inside == ring {
			t.Errorf("%v: the small circle cannot be seen", order)
		}
	}
}

// Tiles drawn apart are the picture drawn whole.
func TestTilesAgree(t *testing.T) {
	regions := squares(t, 8)
	var rows []Row
	for i := range 8 {
		rows = append(rows, Row{id(i + 1), float64(i * i * 10), 0})
	}
	c, err := NewChoropleth(regions, rows[:6], ofEvents, Options{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSymbols(PlacesOf(regions, rows), Indicator{Name: Text{"数", "Count"}}, SymbolOptions{MaxRadius: 60}, 1)
	if err != nil {
		t.Fatal(err)
	}
	fills, err := c.Layers("fill", Look{})
	if err != nil {
		t.Fatal(err)
	}
	circles, err := s.Layers("circle", Look{})
	if err != nil {
		t.Fatal(err)
	}
	layers := append(fills, circles...)
	whole := mapview.Camera{Center: middle(4), Zoom: 13, WidthPx: 512, HeightPx: 256}
	left, right := whole, whole
	left.WidthPx, right.WidthPx = 256, 256
	left.Center, right.Center = whole.ToLonLat(128, 128), whole.ToLonLat(384, 128)
	a, l, r := render(t, layers, whole), render(t, layers, left), render(t, layers, right)
	for y := range 256 {
		row := a.Pix[y*a.Stride : y*a.Stride+4*512]
		got := append(bytes.Clone(l.Pix[y*l.Stride:y*l.Stride+4*256]), r.Pix[y*r.Stride:y*r.Stride+4*256]...)
		for i := range row {
			if d := int(row[i]) - int(got[i]); d > 2 || d < -2 {
				t.Fatalf("row %d, pixel %d differs by %d", y, i/4, d)
			}
		}
	}
}

// simulate is what somebody with dichromacy sees of a linear RGB colour (Machado, Oliveira, Fernandes 2009, severity 1).
var simulate = map[string][3][3]float64{
	"normal":       {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

func lab(c color.NRGBA, eyes [3][3]float64) [3]float64 {
	lin := func(v uint8) float64 {
		f := float64(v) / 255
		if f <= 0.04045 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	in := [3]float64{lin(c.R), lin(c.G), lin(c.B)}
	var rgb [3]float64
	for i, row := range eyes {
		rgb[i] = max(0, min(1, row[0]*in[0]+row[1]*in[1]+row[2]*in[2]))
	}
	f := func(v float64) float64 {
		if v > 216.0/24389 {
			return math.Cbrt(v)
		}
		return (24389.0/27*v + 16) / 116
	}
	x := f((0.4124564*rgb[0] + 0.3575761*rgb[1] + 0.1804375*rgb[2]) / 0.95047)
	y := f(0.2126729*rgb[0] + 0.7151522*rgb[1] + 0.0721750*rgb[2])
	z := f((0.0193339*rgb[0] + 0.1191920*rgb[1] + 0.9503041*rgb[2]) / 1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func TestRampsCanBeToldApart(t *testing.T) {
	for theme := range numThemes {
		for ramp := range numRamps {
			cs := Look{Theme: theme, Ramp: ramp}.Colours(5)
			for eyes, m := range simulate {
				for i := 1; i < len(cs); i++ {
					a, b := lab(cs[i-1], m), lab(cs[i], m)
					if d := math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2])); d < 10 {
						t.Errorf("theme %d, ramp %d, %s: classes %d and %d differ by %.1f", theme, ramp, eyes, i-1, i, d)
					}
					rises := b[0] > a[0]
					want := theme != Light
					if ramp == Diverging {
						want = (i >= 3) == (theme != Light)
					}
					if rises != want {
						t.Errorf("theme %d, ramp %d, %s: lightness goes from %.0f to %.0f at class %d", theme, ramp, eyes, a[0], b[0], i)
					}
				}
			}
			seen := map[color.NRGBA]bool{}
			for _, c := range (Look{Theme: theme, Ramp: ramp}).Colours(MaxClasses) {
				seen[c] = true
			}
			if len(seen) != MaxClasses {
				t.Errorf("theme %d, ramp %d: %d colours of %d", theme, ramp, len(seen), MaxClasses)
			}
		}
	}
}

func BenchmarkChoropleth(b *testing.B) {
	var bd mapview.Builder
	var rows []Row
	n := 12_600
	for i := range n {
		x, y := 113.8+0.008*float64(i%100), 22.4+0.008*float64(i/100)
		ring := geo.Circle(orb.Point{x, y}, 400, 30)
		if err := bd.Add(id(i+1), 0, "", ring); err != nil {
			b.Fatal(err)
		}
		rows = append(rows, Row{id(i + 1), float64(i * 7919 % 1000), 0})
	}
	regions := bd.Build(1)
	for _, m := range []Method{Quantile, Jenks} {
		b.Run(fmt.Sprintf("%dgrids/%s", n, m.Name().EN), func(b *testing.B) {
			for b.Loop() {
				c, err := NewChoropleth(regions, rows, ofEvents, Options{Method: m}, 2)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := c.Layers("x", Look{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
