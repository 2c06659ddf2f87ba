package mapview

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview/style"
)

func parseStyle(t testing.TB, doc string) *style.Style {
	t.Helper()
	st, err := style.Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func styledLayers(t testing.TB, doc string, src map[string]any) []Layer {
	t.Helper()
	layers, err := StyledLayers(parseStyle(t, doc), src)
	if err != nil {
		t.Fatal(err)
	}
	return layers
}

// table packs features with one column for each name.
func table(t testing.TB, names []string, rows ...func() (orb.Geometry, []style.Value)) *Snapshot {
	t.Helper()
	var b Builder
	b.Columns(names...)
	for i, row := range rows {
		g, values := row()
		if err := b.AddRow(testID(i+1), g, values); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build(1)
}

// metre is about one in degrees; place is a point so many of them from the middle of the test pictures.
const metre = 1e-5

func place(x, y float64) orb.Point { return orb.Point{114 + x*metre, 22.5 + y*metre} }

func square(x0, y0, x1, y1 float64) orb.Polygon {
	return orb.Bound{Min: place(x0, y0), Max: place(x1, y1)}.ToPolygon()
}

func featureRow(g orb.Geometry, kind, name string, n float64) func() (orb.Geometry, []style.Value) {
	return func() (orb.Geometry, []style.Value) {
		return g, []style.Value{style.Str(kind), style.Str(name), style.Num(n)}
	}
}

func quarter(t testing.TB) *Snapshot {
	zigzag := func(y float64) orb.LineString {
		return orb.LineString{place(-280, y), place(-180, y+30), place(-120, y-25), place(-40, y+20), place(-35, y-20)}
	}
	return table(t, []string{"kind", "name", "floors"},
		featureRow(square(-300, 120, -200, 220), "home", "滨河雅苑1栋", 6), featureRow(square(-190, 120, -90, 220), "home", "2栋", 18), featureRow(square(-140, 150, -40, 240), "shop", "万象城", 33),
		featureRow(square(0, 120, 100, 220), "glass", "", 1), featureRow(square(50, 150, 150, 250), "glass", "", 1),
		featureRow(square(180, 120, 240, 180), "site", "", 0), featureRow(square(240, 120, 300, 180), "site", "", 0),
		featureRow(zigzag(70), "miter", "", 0), featureRow(zigzag(0), "round", "", 0), featureRow(zigzag(-70), "bevel", "", 0), featureRow(zigzag(-140), "dash", "", 0), featureRow(zigzag(-210), "twin", "", 0),
		featureRow(orb.LineString{place(20, 60), place(140, 90), place(300, 60)}, "road", "深南大道", 0), featureRow(orb.LineString{place(20, 20), place(300, 20)}, "hair", "", 0),
		featureRow(place(40, -50), "dot", "人民医院（东区）门诊部大楼", 4), featureRow(place(150, -50), "dot", "Central Library 中心书城", 9), featureRow(place(250, -50), "dot", "图书馆", 14),
		featureRow(place(60, -180), "sign", "flame", 0), featureRow(place(120, -180), "sign", "marker-triangle", 0), featureRow(place(180, -180), "sign", "marker-diamond", 0), featureRow(place(240, -180), "sign", "star", 0),
	)
}

const quarterDoc = `{"version": 8, "sources": {"kuaitu": {"type": "vector"}}, "layers": [
	{"id": "ground", "type": "background", "paint": {"background-color": "#EFEFEC"}},
	{"id": "home", "type": "fill", "source": "kuaitu", "source-layer": "q", "filter": ["in", ["get", "kind"], ["literal", ["home", "shop"]]], "paint": {
		"fill-color": ["interpolate", ["linear"], ["get", "floors"], 0, "#F6EFE3", 33, "#A6773A"], "fill-outline-color": "#6E4A1B"}},
	{"id": "glass", "type": "fill", "source": "kuaitu", "source-layer": "q", "filter": ["==", ["get", "kind"], "glass"], "paint": {"fill-color": "#4C7FB0", "fill-opacity": 0.5}},
	{"id": "site", "type": "fill", "source": "kuaitu", "source-layer": "q", "metadata": {"kuaitu:hatch": "#A9A296"}, "filter": ["==", ["get", "kind"], "site"], "paint": {"fill-color": "#F1EDE4"}},
	{"id": "fence", "type": "line", "source": "kuaitu", "source-layer": "q", "filter": ["==", ["get", "kind"], "site"], "paint": {"line-color": "#5B3A74", "line-opacity": 0.5, "line-width": 3, "line-dasharray": [2, 1]}},
	{"id": "miter", "type": "line", "source": "kuaitu", "source-layer": "q", "filter": ["in", ["get", "kind"], ["literal", ["miter", "round", "bevel"]]],
		"layout": {"line-join": ["match", ["get", "kind"], "miter", "miter", "round", "round", "bevel"], "line-miter-limit": 4, "line-cap": "butt"},
		"paint": {"line-width": ["match", ["get", "kind"], "miter", 10, 8], "line-color": "#2F6CA3", "line-opacity": 0.6}},
	{"id": "dash", "type": "line", "source": "kuaitu", "source-layer": "q", "filter": ["==", ["get", "kind"], "dash"], "layout": {"line-cap": "round"}, "paint": {"line-width": 5, "line-dasharray": [0, 2, 3, 2], "line-color": "#BF2419"}},
	{"id": "twin", "type": "line", "source": "kuaitu", "source-layer": "q", "filter": ["==", ["get", "kind"], "twin"], "paint": {"line-width": 2, "line-gap-width": 6, "line-offset": 4, "line-color": "#1B6E3F"}},
	{"id": "road", "type": "line", "source": "kuaitu", "source-layer": "q", "filter": ["==", ["get", "kind"], "road"], "layout": {"line-cap": "round"}, "paint": {"line-width": ["interpolate", ["exponential", 2], ["zoom"], 10, 1, 16, 16], "line-color": "#FFFFFF"}},
	{"id": "hair", "type": "line", "source": "kuaitu", "source-layer": "q", "filter": ["==", ["get", "kind"], "hair"], "paint": {"line-width": 0.6, "line-color": "#1A2026"}},
	{"id": "dot", "type": "circle", "source": "kuaitu", "source-layer": "q", "filter": ["==", ["get", "kind"], "dot"], "paint": {"circle-radius": ["get", "floors"], "circle-color": "#CDA66B", "circle-opacity": 0.8, "circle-stroke-width": 2, "circle-stroke-color": "#6E4A1B"}},
	{"id": "sign", "type": "symbol", "source": "kuaitu", "source-layer": "q", "filter": ["==", ["get", "kind"], "sign"], "layout": {"icon-image": ["get", "name"]}, "paint": {"icon-color": "#BF2419", "icon-halo-color": "#FFFFFF"}},
	{"id": "road-name", "type": "symbol", "source": "kuaitu", "source-layer": "q", "filter": ["==", ["get", "kind"], "road"], "layout": {"symbol-placement": "line", "text-field": ["get", "name"], "text-size": 12}, "paint": {"text-color": "#5F676E"}},
	{"id": "dot-name", "type": "symbol", "source": "kuaitu", "source-layer": "q", "filter": ["==", ["get", "kind"], "dot"], "layout": {"text-field": ["get", "name"], "text-size": 12, "text-max-width": 6, "text-anchor": "top", "text-offset": [0, 0.6]}, "paint": {"text-color": "#1A2026", "text-halo-color": "#FFFFFF", "text-halo-width": 1.5}},
	{"id": "home-name", "type": "symbol", "source": "kuaitu", "source-layer": "q", "filter": ["in", ["get", "kind"], ["literal", ["home", "shop"]]],
		"layout": {"text-field": ["concat", ["get", "name"], "\n", ["to-string", ["get", "floors"]], " F"], "text-font": ["Noto Sans Bold"], "text-size": 13, "text-letter-spacing": 0.1, "symbol-sort-key": ["-", 0, ["get", "floors"]]}, "paint": {"text-color": "#FFFFFF", "text-halo-color": "#46515B", "text-halo-width": 1}}
]}`

func TestStyledGolden(t *testing.T) {
	st := LightStyle()
	st.Fonts = testFonts(t)
	layers := styledLayers(t, quarterDoc, map[string]any{"q": quarter(t)})
	golden(t, "styled-z17", frame(t, Camera{Center: place(0, 0), Zoom: 17, WidthPx: 640, HeightPx: 480}, st, Scene{Layers: layers}))
	st.Ratio = 2
	golden(t, "styled-z17-ratio2", frame(t, Camera{Center: place(-80, 150), Zoom: 18, WidthPx: 640, HeightPx: 480}, st, Scene{Layers: layers}))
}

// TestStyledTilesAgree draws a view as one and in four tiles: they are the same, names across the borders and all.
func TestStyledTilesAgree(t *testing.T) {
	st := LightStyle()
	st.Fonts = testFonts(t)
	scene := Scene{Layers: styledLayers(t, quarterDoc, map[string]any{"q": quarter(t)})}
	cam := Camera{Center: place(0, 0), Zoom: 17, WidthPx: 800, HeightPx: 600}
	ox, oy := cam.origin()
	whole := view{zoom: 17, ox: float64(int(ox)), oy: float64(int(oy)), w: 800, h: 600}
	labels := newLabeller(scene, st)
	draw := func(v view) *image.RGBA {
		m := image.NewRGBA(image.Rect(0, 0, v.w, v.h))
		var p painter
		p.begin(t.Context(), m, v, st)
		p.scene(scene, labels)
		return m
	}
	want := draw(whole)
	got := image.NewRGBA(want.Rect)
	for y := 0; y < 600; y += 300 {
		for x := 0; x < 800; x += 400 {
			part := draw(view{zoom: 17, ox: whole.ox + float64(x), oy: whole.oy + float64(y), w: 400, h: 300})
			for row := range 300 {
				copy(got.Pix[got.PixOffset(x, y+row):], part.Pix[part.PixOffset(0, row):part.PixOffset(0, row)+1600])
			}
		}
	}
	if bad := differ(got, want); bad > 0 {
		t.Errorf("%.3f %% of the pixels differ", 100*bad)
	}
}

// TestLooksAreThoseOfFeatures compares what looks draw with the expressions evaluated for every feature.
func TestLooksAreThoseOfFeatures(t *testing.T) {
	for _, filter := range []string{
		`["all", ["!=", ["get", "kind"], "c"], ["has", "n"], ["!=", ["%", ["id"], 7], 0], ["==", ["geometry-type"], "Point"]]`,
		`["all", ["!=", ["get", "kind"], "c"], ["has", "n"], ["any", ["==", ["geometry-type"], "Point"], [">", ["zoom"], 12]]]`,
	} {
		checkLooks(t, filter)
	}
}

func checkLooks(t *testing.T, filter string) {
	t.Helper()
	doc := parseStyle(t, `{"version": 8, "sources": {"k": {"type": "vector"}}, "layers": [{"id": "l", "type": "circle", "source": "k", "source-layer": "a", "filter": `+filter+`,
		"paint": {"circle-color": ["match", ["get", "kind"], "a", "#f00", "b", "#0f0", "#00f"], "circle-radius": ["interpolate", ["linear"], ["zoom"], 10, ["get", "n"], 20, ["*", 2, ["get", "n"]]],
			"circle-opacity": ["case", [">", ["get", "n"], 5], 1, 0.5]}}]}`)
	rng := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, 200, 20_000} {
		var b Builder
		b.Columns("kind", "n", "name")
		for i := range size {
			var g orb.Geometry = place(float64(i%100), float64(i/100))
			if i%3 == 0 {
				g = orb.LineString{place(float64(i%100), 0), place(0, float64(i/100)+1)}
			}
			values := []style.Value{style.Str(string(rune('a' + rng.IntN(4)))), style.Null(), style.Str(fmt.Sprint(i))}
			if rng.IntN(5) > 0 {
				values[1] = style.Num(float64(rng.IntN(600)) / 10)
			}
			if err := b.AddRow(testID(i+1), g, values); err != nil {
				t.Fatal(err)
			}
		}
		s := b.Build(1)
		l := Layer{Kind: KindStyled, Style: doc.Layers[0], Data: s}
		lk := s.base.looksOf(l.Style)
		if lk != s.base.looksOf(l.Style) {
			t.Error("looks were found twice")
		}
		for _, zoom := range []float64{11, 15} {
			var p painter
			p.begin(t.Context(), image.NewRGBA(image.Rect(0, 0, 1, 1)), view{zoom: zoom + 1, w: 1, h: 1}, LightStyle())
			p.row.p = s.base
			seen := []circleLook{{}}
			p.evaluate(l.Style, lk, func(_ int, c *style.Context, show bool) {
				var look circleLook
				if show {
					look = circleLookOf(l, c, 1)
				}
				seen = append(seen, look)
			})
			drawn := 0
			for i := range s.base.len() {
				p.row.i = i
				var want circleLook
				if l.Style.Filter.Bool(p.styledContext()) {
					want = circleLookOf(l, p.styledContext(), 1)
					drawn++
				}
				if got := seen[lk.of(i)]; got != want {
					t.Fatalf("%d features, zoom %g: feature %d looks %v, want %v", size, zoom, i, got, want)
				}
			}
			if size > 100 && (drawn == 0 || drawn == size || len(seen) >= size && size > 1000) {
				t.Errorf("%d of %d features are drawn in %d looks: the test shows little", drawn, size, len(seen))
			}
		}
	}
}

func TestFeatureStateSelected(t *testing.T) {
	doc := `{"version": 8, "sources": {"k": {"type": "vector"}}, "layers": [{"id": "home", "type": "fill", "source": "k", "source-layer": "q",
		"paint": {"fill-color": ["case", ["boolean", ["feature-state", "selected"], false], "#ff0000", "#00ff00"]}}]}`
	s := table(t, []string{"kind", "name", "n"}, featureRow(square(-100, -50, -10, 50), "", "", 0), featureRow(square(10, -50, 100, 50), "", "", 0))
	scene := Scene{Layers: styledLayers(t, doc, map[string]any{"q": s}), Selected: []Ref{{"home", testID(2)}}}
	m := frame(t, Camera{Center: place(0, 0), Zoom: 17, WidthPx: 200, HeightPx: 100}, LightStyle(), scene)
	if l, r := m.RGBAAt(60, 50), m.RGBAAt(140, 50); l.G < 250 || l.R > 5 || r.R < 250 || r.G > 5 {
		t.Errorf("left is %v, the selected right %v", l, r)
	}
	// A layer that shows nothing but what is selected in another one of the same features.
	both := styledLayers(t, `{"version": 8, "sources": {"k": {"type": "vector"}}, "layers": [{"id": "home", "type": "fill", "source": "k", "source-layer": "q", "paint": {"fill-color": "#0000ff"}},
		{"id": "mark", "type": "fill", "source": "k", "source-layer": "q", "paint": {"fill-color": "#ff0000", "fill-opacity": ["case", ["boolean", ["feature-state", "selected"], false], 1, 0]}}]}`, map[string]any{"q": s})
	m = frame(t, Camera{Center: place(0, 0), Zoom: 17, WidthPx: 200, HeightPx: 100}, LightStyle(), Scene{Layers: both, Selected: scene.Selected})
	if l, r := m.RGBAAt(60, 50), m.RGBAAt(140, 50); l.B < 250 || l.R > 5 || r.R < 250 || r.B > 5 {
		t.Errorf("left is %v, the marked right %v", l, r)
	}
	// Where no layer looks at the state the selection is outlined as in other kinds of layers, and a point gets a ring.
	dot := table(t, []string{"kind", "name", "n"}, featureRow(place(0, 0), "", "", 0))
	dots := styledLayers(t, `{"version": 8, "sources": {"k": {"type": "vector"}}, "layers": [{"id": "dot", "type": "circle", "source": "k", "source-layer": "q", "paint": {"circle-radius": 3}}]}`, map[string]any{"q": dot})
	m = frame(t, Camera{Center: place(0, 0), Zoom: 17, WidthPx: 80, HeightPx: 80}, LightStyle(), Scene{Layers: dots, Selected: []Ref{{"dot", testID(1)}}})
	if c := m.RGBAAt(40+selectedPointPx, 40); c.B < 100 || c.R > 90 {
		t.Errorf("beside the selected dot is %v, no ring", c)
	}
}

// TestLayerOpacity looks at a pixel of every kind of layer at full and at half opacity.
func TestLayerOpacity(t *testing.T) {
	s := town(t)
	styled := styledLayers(t, `{"version": 8, "sources": {"k": {"type": "vector"}}, "layers": [{"id": "s", "type": "fill", "source": "k", "source-layer": "b", "paint": {"fill-color": "#000000"}}]}`,
		map[string]any{"b": s.Layers[0].Data})
	cam := Camera{Center: orb.Point{114, 22.5}, Zoom: 17, WidthPx: 480, HeightPx: 360}
	empty := frame(t, cam, LightStyle(), Scene{})
	for _, l := range append(s.Layers, styled...) {
		full := frame(t, cam, LightStyle(), Scene{Layers: []Layer{l}})
		l.Opacity = 0.5
		half := frame(t, cam, LightStyle(), Scene{Layers: []Layer{l}})
		seen := 0
		for i := range full.Pix {
			want := (int(full.Pix[i]) + int(empty.Pix[i])) / 2
			if d := int(half.Pix[i]) - want; d > 3 || d < -3 {
				// Edges and overlaps of single features may differ in layers whose features are faded one by one.
				if l.Kind != KindStyled || d > 40 || d < -40 {
					t.Fatalf("%s: byte %d is %d, want %d", l.Name, i, half.Pix[i], want)
				}
			}
			if full.Pix[i] != empty.Pix[i] {
				seen++
			}
		}
		if seen == 0 {
			t.Errorf("%s: nothing is drawn", l.Name)
		}
	}
}

func TestLineBreaking(t *testing.T) {
	f := testFonts(t)
	ts := textStyle{size: 10, ratio: 1}
	for _, c := range []struct {
		text string
		ems  float64
		want string
	}{
		{"图书馆", 6, "图书馆"},
		{"深圳市民中心", 4, "深圳市|民中心"},
		{"人民医院（东区）门诊", 5, "人民医院|（东区）|门诊"},
		{"上海，北京", 2, "上|海，|北京"},
		{"「南山」「福田」", 3, "「南|山」|「福|田」"},
		{"Central Library of Shenzhen", 8, "Central Library|of Shenzhen"},
		{"Zhongguancun", 4, "Zhongguancun"},
		{"3栋B座1203室", 4, "3栋B座|1203室"},
		{"上  行\n下行", 9, "上 行|下行"},
	} {
		var got []string
		for _, r := range f.breakLines(c.text, ts, c.ems*ts.size, 200) {
			got = append(got, r.text)
			if w := f.width(r.text, ts); w > r.width+0.01 || w < r.width-0.01 {
				t.Errorf("%q is said to be %g wide, is %g", r.text, r.width, w)
			}
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%q in %g em: %s, want %s", c.text, c.ems, s, c.want)
		}
	}
	if rows := f.breakLines(strings.Repeat("长", 99), ts, 50, 40); len(rows) > maxRows || rows[0].width > 41 {
		t.Errorf("%d rows of %g", len(rows), rows[0].width)
	}
}

func TestDocumentSources(t *testing.T) {
	doc := parseStyle(t, `{"version": 8, "sources": {"here": {"type": "geojson", "data": {"type": "FeatureCollection", "features": [
			{"type": "Feature", "id": 5, "properties": {"name": "甲", "n": 1.5}, "geometry": {"type": "Point", "coordinates": [114, 22.5, 8]}},
			{"type": "Feature", "properties": {"tags": ["a"]}, "geometry": {"type": "GeometryCollection", "geometries": [{"type": "Polygon", "coordinates": [[[114,22],[115,22],[115,23],[114,22]]]}]}},
			{"type": "Feature", "properties": null, "geometry": null}, {"type": "Feature", "geometry": {"type": "LineString", "coordinates": "no"}}]}},
		"far": {"type": "geojson", "data": "https://example.org/a.json"}, "tiles": {"type": "vector"}, "pictures": {"type": "raster", "tiles": ["x"]}},
		"layers": [{"id": "b", "type": "background"}, {"id": "a", "type": "circle", "source": "here"}, {"id": "c", "type": "circle", "source": "far"},
			{"id": "d", "type": "fill", "source": "tiles", "source-layer": "water"}, {"id": "e", "type": "line", "source": "tiles", "source-layer": "roads"}, {"id": "f", "type": "raster", "source": "pictures"}]}`)
	vector := &memoryTiles{}
	roads := quarter(t)
	layers, err := StyledLayers(doc, map[string]any{"tiles": vector, "roads": roads})
	if !errors.Is(err, ErrNoSource) || !strings.Contains(err.Error(), "c (far)") || !strings.Contains(err.Error(), "f (pictures)") {
		t.Errorf("the missing sources are said to be: %v", err)
	}
	if len(layers) != 4 || layers[3].Data != roads || layers[2].Vector == nil || layers[0].Name != "b" {
		t.Fatalf("layers are %+v", layers)
	}
	data := layers[1].Data
	if data.Len() != 2 {
		t.Fatalf("%d features of the GeoJSON are there, want 2", data.Len())
	}
	f, ok := data.Find(testID(5))
	name, _ := f.Property("name")
	if !ok || name != style.Str("甲") {
		t.Errorf("feature 5 is called %v", name)
	}
	if got := (Scene{Layers: layers}).Attributions(); len(got) != 1 || got[0] != "© test" {
		t.Errorf("attributions are %v", got)
	}
}

func TestStyledHits(t *testing.T) {
	layers := styledLayers(t, quarterDoc, map[string]any{"q": quarter(t)})
	cam := Camera{Center: place(0, 0), Zoom: 17, WidthPx: 640, HeightPx: 480}
	x, y := cam.ToScreen(place(-250, 170))
	hits := Scene{Layers: layers}.HitTest(cam, LightStyle(), x, y, 2)
	if len(hits) != 1 || hits[0].ID != testID(1) {
		t.Errorf("hits at the first home: %+v", hits)
	}
}

func TestStyledRenderStops(t *testing.T) {
	layers := styledLayers(t, quarterDoc, map[string]any{"q": quarter(t)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	st := LightStyle()
	st.Fonts = testFonts(t)
	m := image.NewRGBA(image.Rect(0, 0, 100, 100))
	if err := Render(ctx, m, Camera{Center: place(0, 0), Zoom: 17, WidthPx: 100, HeightPx: 100}, st, Scene{Layers: layers}); err == nil {
		t.Error("drawing went on after the end of its context")
	}
}

// placedLabels are the names a scene shows at a zoom in a view about the middle.
func placedLabels(t *testing.T, layers []Layer, zoom float64, w, h int) []label {
	t.Helper()
	st := LightStyle()
	st.Fonts = testFonts(t)
	cam := Camera{Center: place(0, 0), Zoom: zoom, WidthPx: w, HeightPx: h}
	ox, oy := cam.origin()
	l := newLabeller(Scene{Layers: layers}, st)
	v := view{zoom: zoom, ox: ox, oy: oy, w: w, h: h}
	l.within = &v
	return l.in(t.Context(), v)
}

func TestSymbolsThatHaveNoRoom(t *testing.T) {
	points := func(x ...float64) *Snapshot {
		var rows []func() (orb.Geometry, []style.Value)
		for _, x := range x {
			rows = append(rows, featureRow(place(x, 0), "", "市民中心广场", 0))
		}
		return table(t, []string{"kind", "name", "n"}, rows...)
	}
	doc := func(layout string) string {
		return `{"version": 8, "sources": {"k": {"type": "vector"}}, "layers": [{"id": "s", "type": "symbol", "source": "k", "source-layer": "q", "layout": {"text-field": ["get", "name"], "text-size": 14` + layout + `}}]}`
	}
	for _, c := range []struct {
		name, layout string
		x            []float64
		want, texts  int
	}{
		{"one", "", []float64{0}, 1, 1},
		{"two in one place", "", []float64{0, 3}, 1, 1},
		{"allowed to overlap", `, "text-allow-overlap": true`, []float64{0, 3}, 2, 2},
		{"to the other side", `, "text-variable-anchor": ["left", "right"], "text-radial-offset": 0.5`, []float64{0, 3}, 2, 2},
		{"three on two sides", `, "text-variable-anchor": ["left", "right"], "text-radial-offset": 0.5`, []float64{0, 3, 6}, 2, 2},
		{"the picture alone", `, "icon-image": "circle", "text-optional": true, "text-anchor": "top", "text-offset": [0, 1]`, []float64{0, 30}, 2, 1},
		{"all or nothing", `, "icon-image": "circle", "text-anchor": "top", "text-offset": [0, 1]`, []float64{0, 30}, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			texts := 0
			got := placedLabels(t, styledLayers(t, doc(c.layout), map[string]any{"q": points(c.x...)}), 17, 400, 300)
			for _, lb := range got {
				if lb.text != "" {
					texts++
				}
			}
			if len(got) != c.want || texts != c.texts {
				t.Errorf("%d symbols with %d texts, want %d with %d", len(got), texts, c.want, c.texts)
			}
		})
	}
}

// TestCrowdedNames names far more points than there is room for, seen from two views: what both see is named alike.
func TestCrowdedNames(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var rows []func() (orb.Geometry, []style.Value)
	for i := range 5000 {
		rows = append(rows, featureRow(place(rng.Float64()*4000-2000, rng.Float64()*4000-2000), "", fmt.Sprint(i), float64(i%9)))
	}
	layers := styledLayers(t, `{"version": 8, "sources": {"k": {"type": "vector"}}, "layers": [{"id": "s", "type": "symbol", "source": "k", "source-layer": "q",
		"layout": {"text-field": ["get", "name"], "text-size": 12, "symbol-sort-key": ["get", "n"]}}]}`, map[string]any{"q": table(t, []string{"kind", "name", "n"}, rows...)})
	st := LightStyle()
	st.Fonts = testFonts(t)
	cam := Camera{Center: place(0, 0), Zoom: 16, WidthPx: 600, HeightPx: 400}
	ox, oy := cam.origin()
	one := view{zoom: 16, ox: ox, oy: oy, w: 600, h: 400}
	other := view{zoom: 16, ox: ox - 150, oy: oy + 100, w: 500, h: 400}
	see := func(v, in view) map[string]bool {
		out := map[string]bool{}
		for _, lb := range newLabeller(Scene{Layers: layers}, st).in(t.Context(), v) {
			if lb.touches(&in) {
				out[lb.text] = true
			}
		}
		return out
	}
	both := view{zoom: 16, ox: ox, oy: oy + 100, w: 350, h: 300}
	a, b := see(one, both), see(other, both)
	for name := range a {
		if !b[name] {
			t.Errorf("%s is named in one view alone", name)
		}
	}
	if len(a) != len(b) || len(a) < 40 {
		t.Errorf("%d and %d names", len(a), len(b))
	}
}

func TestStyledRaster(t *testing.T) {
	red := image.NewRGBA(image.Rect(0, 0, 256, 256))
	clearTo(red, rgba{200, 0, 0, 255})
	layers := styledLayers(t, `{"version": 8, "sources": {"p": {"type": "raster", "tiles": ["x"]}}, "layers": [{"id": "b", "type": "background", "paint": {"background-color": "#fff"}},
		{"id": "r", "type": "raster", "source": "p", "paint": {"raster-opacity": 0.5}}]}`, map[string]any{"p": &oneTile{red}})
	m := frame(t, Camera{Center: place(0, 0), Zoom: 12.4, WidthPx: 100, HeightPx: 100}, LightStyle(), Scene{Layers: layers})
	if c := m.RGBAAt(50, 50); c.R < 225 || c.R > 230 || c.G < 125 || c.G > 130 {
		t.Errorf("half a red over white is %v", c)
	}
}

// oneTile is a source of one picture everywhere.
type oneTile struct{ m image.Image }

func (o *oneTile) Tile(context.Context, int, int, int) (image.Image, error) { return o.m, nil }
func (o *oneTile) Zooms() (int, int)                                        { return 0, 20 }
func (o *oneTile) Datum() geo.Datum                                         { return geo.CGCS2000 }
func (o *oneTile) Attribution() string                                      { return "" }

// TestImmoderateStyles draws sizes no one means: it takes no longer for that and does not crash.
func TestImmoderateStyles(t *testing.T) {
	doc := `{"version": 8, "sources": {"k": {"type": "vector"}}, "layers": [
		{"id": "l", "type": "line", "source": "k", "source-layer": "q", "layout": {"line-join": "round", "line-cap": "round"}, "paint": {"line-width": 1e12, "line-offset": -1e12, "line-gap-width": 1e12, "line-dasharray": [1e-9, 1e9]}},
		{"id": "m", "type": "line", "source": "k", "source-layer": "q", "layout": {"line-join": "miter", "line-miter-limit": 1e9}, "paint": {"line-width": 1e9, "line-opacity": 0.5}},
		{"id": "c", "type": "circle", "source": "k", "source-layer": "q", "paint": {"circle-radius": 1e12, "circle-stroke-width": 1e12, "circle-blur": 1e9}},
		{"id": "f", "type": "fill", "source": "k", "source-layer": "q", "paint": {"fill-translate": [1e15, -1e15]}},
		{"id": "s", "type": "symbol", "source": "k", "source-layer": "q", "layout": {"text-field": "名", "text-size": 1e9, "text-letter-spacing": 1e9, "text-line-height": -1e9, "text-offset": [1e9, 1e9], "text-max-width": 0, "icon-image": "star", "icon-size": 1e9}, "paint": {"text-halo-width": 1e9, "text-halo-color": "#fff"}},
		{"id": "d", "type": "symbol", "source": "k", "source-layer": "q", "layout": {"symbol-placement": "line", "symbol-spacing": 1, "text-field": "名", "text-rotation-alignment": "viewport"}}]}`
	st := LightStyle()
	st.Fonts = testFonts(t)
	s := table(t, []string{"kind", "name", "n"}, featureRow(orb.LineString{place(-1e5, 0), place(0, 50), place(1e5, 0)}, "", "", 0), featureRow(square(-50, -50, 50, 50), "", "", 0), featureRow(place(9, 9), "", "", 0))
	frame(t, Camera{Center: place(0, 0), Zoom: 19, WidthPx: 200, HeightPx: 200}, st, Scene{Layers: styledLayers(t, doc, map[string]any{"q": s})})
}
