package mapview

import (
	"context"
	"flag"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/paulmach/orb"
)

var update = flag.Bool("update", false, "rewrite golden pictures")

// Golden pictures may differ by goldenStep in a channel everywhere and by more in goldenShare of the pixels: floats
// differ between processors.
const (
	goldenStep  = 6
	goldenShare = 0.002
)

func golden(t *testing.T, name string, got *image.RGBA) {
	t.Helper()
	path := filepath.Join("testdata", name+".png")
	if *update {
		writePNG(t, path, got)
		return
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if bad := differ(got, m); bad > goldenShare {
		if err := os.MkdirAll(filepath.Join("testdata", "failed"), 0o755); err != nil {
			t.Fatal(err)
		}
		writePNG(t, filepath.Join("testdata", "failed", name+".png"), got)
		t.Errorf("%.2f %% of %s differs: see testdata/failed", 100*bad, name)
	}
}

// differ is the share of pixels that differ by more than goldenStep.
func differ(a, b image.Image) float64 {
	if a.Bounds() != b.Bounds() {
		return 1
	}
	bad, all := 0, 0
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			r0, g0, b0, _ := a.At(x, y).RGBA()
			r1, g1, b1, _ := b.At(x, y).RGBA()
			all++
			for _, d := range [...]int{int(r0>>8) - int(r1>>8), int(g0>>8) - int(g1>>8), int(b0>>8) - int(b1>>8)} {
				if d > goldenStep || d < -goldenStep {
					bad++
					break
				}
			}
		}
	}
	return float64(bad) / float64(all)
}

// testFonts are the shipped faces.
func testFonts(t testing.TB) *Fonts {
	t.Helper()
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("..", "assets", "fonts", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	f, err := NewFonts(read("KuaituSans-Regular.ttf"), read("KuaituSans-Bold.ttf"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// town is a small made-up place with everything that has a symbol: two streets of four communities, grids, a row of
// buildings of each use (one with a court), events of each light, a place and a line.
func town(t testing.TB) Scene {
	t.Helper()
	const lon, lat, m = 114.0, 22.5, 1e-5 // about a metre
	at := func(x, y float64) orb.Point { return orb.Point{lon + x*m, lat + y*m} }
	rect := func(x0, y0, x1, y1 float64) orb.Ring { return orb.Bound{Min: at(x0, y0), Max: at(x1, y1)}.ToRing() }
	var builders [5]Builder
	var street, community, grid = &builders[0], &builders[1], &builders[2]
	building, event := &builders[3], &builders[4]
	n := 0
	add := func(b *Builder, class uint8, label string, g orb.Geometry) {
		t.Helper()
		n++
		if err := b.Add(testID(n), class, label, g); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"沙头街道", "福保街道"} {
		x := float64(i)*800 - 800
		add(street, 0, name, orb.Polygon{rect(x, -500, x+800, 500)})
		for j, c := range []string{"下沙社区", "上沙社区"} {
			cx := x + float64(j)*400
			add(community, 0, c, orb.Polygon{rect(cx, -500, cx+400, 500)})
			for k := range 4 {
				gy := float64(k)*250 - 500
				add(grid, 0, "036-1"+string(rune('0'+k)), orb.Polygon{rect(cx, gy, cx+400, gy+250)})
			}
		}
	}
	for u := range numUses {
		x := float64(u)*60 - 230
		p := orb.Polygon{rect(x, -40, x+45, 60)}
		if Use(u) == UseResidential {
			p = append(p, rect(x+12, -20, x+33, 40))
		}
		add(building, uint8(u), string(rune('1'+u))+"栋", p)
	}
	for l := range numLights {
		add(event, EventClass(l, Icon(l)+1), "", at(float64(l)*70-120, 130))
	}
	for i := range 7 {
		add(event, EventClass(Light(i%int(numLights)), IconDots), "", at(120+float64(i), -120))
	}
	var place, line Builder
	add(&place, 0, "诊所", at(-150, -150))
	add(&line, 0, "", orb.LineString{at(-300, -230), at(0, -180), at(300, -230)})
	return Scene{Layers: []Layer{
		{Name: "building", Kind: KindBuilding, Data: building.Build(1)},
		{Name: "line", Kind: KindLine, Data: line.Build(1)},
		{Name: "place", Kind: KindPlace, Data: place.Build(1)},
		{Name: "street", Kind: KindRegion, Level: LevelStreet, Data: street.Build(1)},
		{Name: "community", Kind: KindRegion, Level: LevelCommunity, Data: community.Build(1)},
		{Name: "grid", Kind: KindRegion, Level: LevelGrid, Data: grid.Build(1)},
		{Name: "event", Kind: KindEvent, Data: event.Build(1)},
	}}
}

func frame(t testing.TB, cam Camera, st *Style, s Scene) *image.RGBA {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, cam.WidthPx, cam.HeightPx))
	if err := Render(t.Context(), m, cam, st, s); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestGoldenFrames(t *testing.T) {
	fonts := testFonts(t)
	s := town(t)
	first := func(layer string) Ref {
		for _, l := range s.Layers {
			if l.Name == layer {
				return Ref{layer, l.Data.base.ids[0]}
			}
		}
		t.Fatalf("no layer %s", layer)
		return Ref{}
	}
	middle := Camera{Center: orb.Point{114, 22.5}, Zoom: 17, WidthPx: 480, HeightPx: 360}
	hits := s.HitTest(middle, LightStyle(), 212, 150, 0) // a building, its grid, community and street
	for _, c := range []struct {
		name  string
		zoom  float64
		dark  bool
		ratio float64
		sel   []Ref
	}{
		{name: "light-z17", zoom: 17},
		{name: "dark-z17", zoom: 17, dark: true},
		{name: "light-z15", zoom: 15},
		{name: "light-z13", zoom: 13},
		{name: "light-z18-ratio2", zoom: 18, ratio: 2},
		{name: "selected", zoom: 17, sel: []Ref{hits[0].Ref, hits[1].Ref, first("event")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := LightStyle()
			if c.dark {
				st = DarkStyle()
			}
			st.Fonts, st.Ratio = fonts, c.ratio
			s := s
			s.Selected = c.sel
			golden(t, c.name, frame(t, Camera{Center: orb.Point{114, 22.5}, Zoom: c.zoom, WidthPx: 480, HeightPx: 360}, st, s))
		})
	}
}

// TestFillIsExact checks the coverage of shapes whose area per pixel is known.
func TestFillIsExact(t *testing.T) {
	for _, c := range []struct {
		name string
		ring []float32
		want map[image.Point]float64
		sum  float64
	}{
		{"pixel", []float32{2, 2, 3, 2, 3, 3, 2, 3}, map[image.Point]float64{{X: 2, Y: 2}: 1, {X: 3, Y: 2}: 0}, 1},
		{"quarter", []float32{2.5, 2.5, 3, 2.5, 3, 3, 2.5, 3}, map[image.Point]float64{{X: 2, Y: 2}: 0.25}, 0.25},
		{"triangle", []float32{0, 0, 8, 0, 0, 8}, map[image.Point]float64{{X: 0, Y: 0}: 1, {X: 0, Y: 7}: 0.5, {X: 7, Y: 7}: 0}, 32},
		{"past every side", []float32{-100, -50, 100, -50, 100, 90, -100, 90}, map[image.Point]float64{{X: 0, Y: 0}: 1, {X: 15, Y: 15}: 1}, 256},
		{"cut at the right", []float32{12, 4, 40, 4, 40, 8, 12, 8}, map[image.Point]float64{{X: 15, Y: 5}: 1}, 16},
		{"cut at the left", []float32{-30, 4, 2.5, 4, 2.5, 8, -30, 8}, map[image.Point]float64{{X: 0, Y: 5}: 1, {X: 2, Y: 5}: 0.5}, 10},
		{"flat slope", []float32{0, 3, 16, 3.5, 16, 4, 0, 4}, nil, 12},
		{"bow tie", []float32{2, 2, 10, 10, 10, 2, 2, 10}, nil, 32},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFiller(16, 16)
			m := image.NewRGBA(image.Rect(0, 0, 16, 16))
			clearTo(m, rgba{0, 0, 0, 255})
			n := len(c.ring)
			for j, i := n-2, 0; i < n; j, i = i, i+2 {
				f.edge(c.ring[j], c.ring[j+1], c.ring[i], c.ring[i+1])
			}
			f.fill(m, paint{c: rgba{255, 255, 255, 255}})
			sum := 0.0
			for y := range 16 {
				for x := range 16 {
					sum += float64(m.RGBAAt(x, y).R) / 255
				}
			}
			if d := sum - c.sum; d > 0.3 || d < -0.3 {
				t.Errorf("covers %.2f pixels, want %.2f", sum, c.sum)
			}
			for p, want := range c.want {
				if got := float64(m.RGBAAt(p.X, p.Y).R) / 255; got < want-0.02 || got > want+0.02 {
					t.Errorf("pixel %v is covered %.2f, want %.2f", p, got, want)
				}
			}
			for i, v := range f.cell {
				if v != 0 {
					t.Fatalf("cell %d keeps %g", i, v)
				}
			}
		})
	}
}

func TestRenderRefusesAndStops(t *testing.T) {
	cam := Camera{WidthPx: 100, HeightPx: 100}
	if err := Render(t.Context(), image.NewRGBA(image.Rect(0, 0, 90, 100)), cam, LightStyle(), Scene{}); err == nil {
		t.Error("a picture of another size was drawn")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Render(ctx, image.NewRGBA(image.Rect(0, 0, 100, 100)), cam, LightStyle(), Scene{}); err == nil {
		t.Error("drawing went on after the end of its context")
	}
}
