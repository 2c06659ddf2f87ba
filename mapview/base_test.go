package mapview

import (
	"fmt"
	"image/color"
	"math"
	"os"
	"sync"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/block/citypack/demo"
	"kuaitu/geo"
)

var demoCity struct {
	once  sync.Once
	scene Scene
}

// demoScene is the city that the product ships.
func demoScene(t testing.TB) Scene {
	t.Helper()
	demoCity.once.Do(func() {
		city := demo.New(20181)
		var base, building, community, street Builder
		add := func(b *Builder, class uint8, name string, wkb block.WKB) {
			g, err := geo.ParseWKB(wkb)
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Add(testID(b.Len()+1), class, name, g); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range city.Base {
			c, ok := ParseBaseClass(f.Class)
			if !ok {
				t.Fatalf("the base map has a %q", f.Class)
			}
			if err := base.Add(testID(base.Len()+1), uint8(c), f.Name, f.Geometry); err != nil {
				t.Fatal(err)
			}
		}
		uses := map[string]Use{"residential": UseResidential, "village": UseSelfBuilt, "commercial": UseCommercial, "office": UseOffice,
			"industrial": UseIndustrial, "public": UsePublic, "construction": UseConstruction}
		for _, f := range city.Buildings {
			add(&building, uint8(uses[f.Use]), f.Name, f.Geometry)
		}
		for _, r := range city.Regions {
			switch r.Level {
			case block.Community:
				add(&community, 0, r.Name, r.Geometry)
			case block.Street:
				add(&street, 0, r.Name, r.Geometry)
			}
		}
		demoCity.scene = Scene{Layers: []Layer{
			{Name: "base", Kind: KindBase, Data: base.Build(1)},
			{Name: "building", Kind: KindBuilding, Data: building.Build(1)},
			{Name: "street", Kind: KindRegion, Level: LevelStreet, Data: street.Build(1)},
			{Name: "community", Kind: KindRegion, Level: LevelCommunity, Data: community.Build(1)},
		}}
	})
	if demoCity.scene.Layers == nil {
		t.Fatal("the demo city could not be read")
	}
	return demoCity.scene
}

// TestDemoCity draws the shipped city and looks at single places; with KUAITU_LOOK naming a folder the pictures are left there for the eye.
func TestDemoCity(t *testing.T) {
	s := demoScene(t)
	base := s.Layers[0].Data
	center := s.Layers[2].Data.Bound().Center()
	fonts := testFonts(t)
	for _, c := range []struct {
		name string
		st   *Style
	}{{"light", LightStyle()}, {"dark", DarkStyle()}} {
		if dir := os.Getenv("KUAITU_LOOK"); dir != "" {
			st := *c.st
			st.Fonts = fonts
			for _, zoom := range []float64{12, 13, 14, 15, 16, 17, 18} {
				m := frame(t, Camera{Center: center, Zoom: zoom, WidthPx: 1280, HeightPx: 800}, &st, s)
				writePNG(t, fmt.Sprintf("%s/demo-%s-z%g.png", dir, c.name, zoom), m)
			}
		}
		cam := Camera{Center: center, Zoom: 13, WidthPx: 1280, HeightPx: 800}
		m := frame(t, cam, c.st, s)
		if got, want := straight(color.NRGBAModel.Convert(m.At(5, 5)).(color.NRGBA)), c.st.base[BaseWater].fill; got != want {
			t.Errorf("%s: the open sea is %v, want %v", c.name, got, want)
		}
		if got := s.Ground(cam, c.st); straight(got) != c.st.base[BaseWater].fill {
			t.Errorf("%s: the ground is %v", c.name, got)
		}
		// In the middle of a way is its colour, or that of a greater one across it.
		checked := 0
		only := Scene{Layers: s.Layers[:1]}
		for i := range base.base.len() {
			f := Feature{base.base, i}
			class := BaseClass(f.Class())
			if class < BaseResidential || i%9 != 0 {
				continue
			}
			m := frame(t, Camera{Center: f.Anchor(), Zoom: 17, WidthPx: 32, HeightPx: 32}, c.st, only)
			got := straight(color.NRGBAModel.Convert(m.At(16, 16)).(color.NRGBA))
			fits := false
			for k := class; k < numBaseClasses; k++ {
				fits = fits || got == c.st.base[k].fill
			}
			if checked++; !fits {
				t.Errorf("%s: the middle of %s way %q is %v", c.name, baseClassNames[class], f.Label(), got)
			}
		}
		if checked < 50 {
			t.Errorf("only %d ways looked at", checked)
		}
	}
	cam := Camera{Center: Feature{base.base, 0}.Anchor(), Zoom: 16, WidthPx: 400, HeightPx: 400}
	for _, h := range s.HitTest(cam, LightStyle(), 200, 200, 9) {
		if h.Kind == KindBase {
			t.Errorf("the base map was hit: %+v", h)
		}
	}
}

func TestParseBaseClass(t *testing.T) {
	for c := range numBaseClasses {
		if got, ok := ParseBaseClass(baseClassNames[c]); !ok || got != c {
			t.Errorf("%q is %d, %v; want %d", baseClassNames[c], got, ok, c)
		}
	}
	for _, name := range []string{"", "Land", "river"} {
		if _, ok := ParseBaseClass(name); ok {
			t.Errorf("%q is a class", name)
		}
	}
}

// coast is a small made-up base map with a shape of every class, ways that meet, cross and bend, and shapes that do not suit their class.
func coast(t testing.TB) Scene {
	t.Helper()
	at := func(x, y float64) orb.Point { return orb.Point{114 + x*1e-5, 22.5 + y*1e-5} }
	line := func(xy ...float64) (l orb.LineString) {
		for i := 0; i < len(xy); i += 2 {
			l = append(l, at(xy[i], xy[i+1]))
		}
		return l
	}
	rect := func(x0, y0, x1, y1 float64) orb.Polygon {
		return orb.Bound{Min: at(x0, y0), Max: at(x1, y1)}.ToPolygon()
	}
	var arc []float64
	for i := range 31 {
		sin, cos := math.Sincos(float64(i) / 30 * math.Pi / 2)
		arc = append(arc, -230+260*sin, -170+260*cos)
	}
	var b Builder
	for _, f := range []struct {
		c    BaseClass
		name string
		g    orb.Geometry
	}{
		{BaseMotorway, "环城高速", line(-260, 120, 0, 150, 260, 120)},
		{BasePrimary, "滨海大道", line(arc...)},
		{BaseSecondary, "沙创路", line(-260, -60, 260, -60)},
		{BaseSecondary, "", line(90, 139, 90, -120)},
		{BaseResidential, "下沙街", line(-140, -60, -140, -170)},
		{BaseResidential, "", line(-140, -115, 20, -115, 20, -60)},
		{BaseRail, "", line(-260, 60, 260, 20)},
		{BasePath, "", line(120, -30, 160, 20, 220, -20)},
		{BasePier, "", line(150, -160, 150, -230)},
		{BasePier, "", rect(200, -230, 230, -160)},
		{BaseWater, "东湖", orb.Polygon{rect(-230, -40, -90, 20)[0], rect(-180, -20, -150, 0)[0]}},
		{BaseSquare, "市民广场", rect(110, 60, 210, 110)},
		{BaseGreen, "中央公园", rect(-250, -50, -30, 45)},
		{BaseSand, "金滩", rect(-300, -190, 300, -165)},
		{BaseLand, "", rect(-300, -190, 300, 300)},
		{BaseGreen, "", line(-300, 0, 300, 0)},     // not an area
		{BasePrimary, "", rect(-300, 0, 300, 100)}, // not a way
		{numBaseClasses, "", rect(-300, 0, 300, 100)},
	} {
		if err := b.Add(testID(b.Len()+1), uint8(f.c), f.name, f.g); err != nil {
			t.Fatal(err)
		}
	}
	return Scene{Layers: []Layer{{Name: "base", Kind: KindBase, Data: b.Build(1)}}}
}

func TestGoldenBase(t *testing.T) {
	s := coast(t)
	fonts := testFonts(t)
	for _, c := range []struct {
		name  string
		zoom  float64
		dark  bool
		ratio float64
	}{
		{name: "base-light-z17", zoom: 17}, {name: "base-dark-z17", zoom: 17, dark: true}, {name: "base-light-z15", zoom: 15},
		{name: "base-light-z13", zoom: 13}, {name: "base-dark-z18-ratio2", zoom: 18, dark: true, ratio: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := LightStyle()
			if c.dark {
				st = DarkStyle()
			}
			st.Fonts, st.Ratio = fonts, c.ratio
			golden(t, c.name, frame(t, Camera{Center: orb.Point{114, 22.5}, Zoom: c.zoom, WidthPx: 480, HeightPx: 360}, st, s))
		})
	}
}

// TestBaseTilesFitTogether draws the shipped city with its names as tiles and in one piece.
func TestBaseTilesFitTogether(t *testing.T) {
	s := demoScene(t)
	dark := DarkStyle()
	dark.Ratio = 1.5
	for _, st := range []*Style{LightStyle(), dark} {
		st.Fonts = testFonts(t)
		tilesFit(t, s, st, s.Layers[2].Data.Bound().Center(), 13, 15.25, 16.5, 17, 18)
	}
}

func TestBaseChanges(t *testing.T) {
	st := LightStyle()
	a := coast(t)
	old := a.Layers[0].Data
	with := func(changes ...Change) Scene {
		s, err := old.With(2, changes)
		if err != nil {
			t.Fatal(err)
		}
		l := a.Layers[0]
		l.Data = s
		return Scene{Layers: []Layer{l}}
	}
	road := with(Change{ID: testID(1), Class: uint8(BaseMotorway), Geometry: orb.LineString{{114, 22.5}, {114.001, 22.5}}})
	where, all := differences(a, road, st, st)
	if all || len(where) != 2 {
		t.Errorf("a changed road: %v, everywhere %v; want its old and new place", where, all)
	}
	sea := with(Change{ID: testID(15), Removed: true})
	if _, all := differences(a, sea, st, st); !all {
		t.Error("without land the sea must go everywhere")
	}
	cam := Camera{Center: orb.Point{114, 22.5}, Zoom: 15, WidthPx: 10, HeightPx: 10}
	for _, c := range []struct {
		name string
		s    Scene
		want rgba
	}{{"land", a, st.base[BaseWater].fill}, {"no land", sea, st.land}, {"nothing", Scene{}, st.land}} {
		if got := straight(c.s.Ground(cam, st)); got != c.want {
			t.Errorf("%s: the ground is %v, want %v", c.name, got, c.want)
		}
	}
	hidden := a.Layers[0]
	hidden.Hidden = true
	if got := straight((Scene{Layers: []Layer{hidden}}).Ground(cam, st)); got != st.land {
		t.Errorf("with the base map hidden the ground is %v", got)
	}
}

// TestWayWidths checks that a way never gets narrower on screen as one zooms in, and is true to scale from near.
func TestWayWidths(t *testing.T) {
	for c := BasePier; c < numBaseClasses; c++ {
		ws, last := &wayStyles[c], 0.0
		for zoom := 5.0; zoom <= 22; zoom += 0.1 {
			w := ws.width(zoom)
			if w < last-1e-9 || w <= 0 {
				t.Errorf("%s is %g wide at zoom %.1f, %g before", baseClassNames[c], w, zoom, last)
			}
			last = w
		}
	}
	st := LightStyle()
	var b Builder
	y := 22.5
	if err := b.Add(testID(1), uint8(BasePrimary), "", orb.LineString{{113.99, y}, {114.01, y}}); err != nil {
		t.Fatal(err)
	}
	s := Scene{Layers: []Layer{{Name: "base", Kind: KindBase, Data: b.Build(1)}}}
	for _, zoom := range []float64{17, 18, 19} {
		cam := Camera{Center: orb.Point{114, y}, Zoom: zoom, WidthPx: 8, HeightPx: 400}
		m := frame(t, cam, st, s)
		n := 0.0
		for py := range 400 {
			if m.RGBAAt(4, py).R == 255 {
				n++
			}
		}
		if want := wayStyles[BasePrimary].metres / cam.MetresPerPixel(); math.Abs(n-want) > 2 {
			t.Errorf("zoom %g: a road of %g m is %g pixels wide, want %.1f", zoom, wayStyles[BasePrimary].metres, n, want)
		}
	}
}
