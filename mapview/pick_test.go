package mapview

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview/style"
)

func ids(s *Snapshot, a Area, m Match) (out []ID) {
	for f := range s.Within(a, m) {
		out = append(out, f.ID())
	}
	slices.SortFunc(out, func(a, b ID) int { return slices.Compare(a[:], b[:]) })
	return out
}

// A radius must count what a person with a tape would: each building's nearest point, measured on the ellipsoid.
func TestWithinRadiusIsExact(t *testing.T) {
	s := city(20_000)
	c := densest(s)
	for _, metres := range []float64{0, 35.5, 300, 2000} {
		a, err := AroundArea(c, metres)
		if err != nil {
			t.Fatal(err)
		}
		r, err := geo.NewReach(c)
		if err != nil {
			t.Fatal(err)
		}
		var touching, anchored []ID
		doubt := map[ID]bool{} // within the 9 mm of a world unit
		for i := range s.base.len() {
			f := Feature{s.base, i}
			d := r.Distance(f.Geometry())
			if d <= metres {
				touching = append(touching, f.ID())
			}
			da, _, _ := geo.Inverse(c, f.Anchor())
			if da <= metres {
				anchored = append(anchored, f.ID())
			}
			if math.Abs(d-metres) < 0.01 && d > 0 || math.Abs(da-metres) < 0.01 {
				doubt[f.ID()] = true
			}
		}
		for _, m := range []struct {
			match Match
			want  []ID
		}{{Touching, touching}, {Anchored, anchored}} {
			slices.SortFunc(m.want, func(a, b ID) int { return slices.Compare(a[:], b[:]) })
			got := ids(s, a, m.match)
			if !slices.Equal(got, m.want) && len(doubt) == 0 {
				t.Errorf("%g m, match %d: %d features, want %d", metres, m.match, len(got), len(m.want))
			}
			if n := s.CountWithin(a, m.match); n != len(got) {
				t.Errorf("%g m: counted %d, listed %d", metres, n, len(got))
			}
		}
		if metres == 300 && len(touching) < 20 {
			t.Fatalf("only %d buildings within 300 m: the test looks at nothing", len(touching))
		}
	}
}

func TestWithinAroundShapes(t *testing.T) {
	s := city(20_000)
	c := densest(s)
	far, _ := geo.Direct(c, 60, 900)
	building := Feature{s.base, s.base.len() / 2}
	for name, g := range map[string]orb.Geometry{
		"line": orb.LineString{c, far}, "polygon": geo.Circle(c, 400, 9), "building": building.Geometry(), "points": orb.MultiPoint{c, far},
	} {
		a, err := AroundArea(g, 120)
		if err != nil {
			t.Fatal(err)
		}
		r, err := geo.NewReach(g)
		if err != nil {
			t.Fatal(err)
		}
		var want []ID
		for i := range s.base.len() {
			if f := (Feature{s.base, i}); r.Distance(f.Geometry()) <= 120 {
				want = append(want, f.ID())
			}
		}
		slices.SortFunc(want, func(a, b ID) int { return slices.Compare(a[:], b[:]) })
		if got := ids(s, a, Touching); !slices.Equal(got, want) || len(got) < 10 {
			t.Errorf("%s: %d features, want %d", name, len(got), len(want))
		}
	}
}

func TestWithinBoxAndPolygon(t *testing.T) {
	s := city(20_000)
	c := densest(s)
	b := geo.Circle(c, 400, 4)[0].Bound()
	poly := orb.Polygon{geo.Circle(c, 500, 7)[0], geo.Circle(c, 200, 5)[0]}
	areas := map[string]struct {
		a    Area
		hold func(orb.Point) bool
	}{"box": {BoxArea(b), b.Contains}}
	pa, err := PolygonArea(poly)
	if err != nil {
		t.Fatal(err)
	}
	areas["polygon with a hole"] = struct {
		a    Area
		hold func(orb.Point) bool
	}{pa, func(p orb.Point) bool { return geo.Contains(poly, p) }}
	for name, c := range areas {
		in := map[ID]bool{}
		n := 0
		for f := range s.Within(c.a, Anchored) {
			in[f.ID()] = true
			n++
		}
		if n < 20 {
			t.Fatalf("%s holds %d anchors only", name, n)
		}
		touching := map[ID]bool{}
		for f := range s.Within(c.a, Touching) {
			touching[f.ID()] = true
		}
		for i := range s.base.len() {
			f := Feature{s.base, i}
			if in[f.ID()] != c.hold(f.Anchor()) {
				t.Errorf("%s: the anchor %v is in: %v", name, f.Anchor(), in[f.ID()])
			}
			corner := false
			for _, r := range f.Geometry().(orb.Polygon) {
				for _, p := range r {
					corner = corner || c.hold(p)
				}
			}
			if corner && !touching[f.ID()] {
				t.Errorf("%s: a building with a corner in it is not touched", name)
			}
		}
		if len(touching) <= n {
			t.Errorf("%s: %d touched, %d anchored", name, len(touching), n)
		}
	}
	// A box within a building touches it and nothing else does.
	f := Feature{s.base, 17}
	at := f.Anchor()
	if got := ids(s, BoxArea(orb.Bound{Min: at, Max: at}), Touching); !slices.Contains(got, f.ID()) {
		t.Error("a click's box inside a building misses it")
	}
}

func TestWithinSeesChanges(t *testing.T) {
	s := city(500)
	c := densest(s)
	a, err := AroundArea(c, 50)
	if err != nil {
		t.Fatal(err)
	}
	before := ids(s, a, Touching)
	next, err := s.With(2, []Change{{ID: before[0], Removed: true}, {ID: testID(9999), Geometry: c}})
	if err != nil {
		t.Fatal(err)
	}
	after := ids(next, a, Touching)
	if slices.Contains(after, before[0]) || !slices.Contains(after, testID(9999)) || len(after) != len(before) {
		t.Errorf("before %d features, after a removal and an addition %d", len(before), len(after))
	}
}

func TestAreasRefuse(t *testing.T) {
	if _, err := PolygonArea(orb.LineString{{1, 1}, {2, 2}}); !errors.Is(err, ErrGeometry) {
		t.Errorf("a line: %v", err)
	}
	if _, err := PolygonArea(orb.Polygon{{{1, 1}, {2, 2}}}); !errors.Is(err, ErrGeometry) {
		t.Errorf("a polygon of two points: %v", err)
	}
	if _, err := PolygonArea(orb.Ring{{1, 1}, {math.NaN(), 2}, {3, 3}}); !errors.Is(err, ErrGeometry) {
		t.Errorf("no number: %v", err)
	}
	for _, m := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, err := AroundArea(orb.Point{114, 22}, m); !errors.Is(err, ErrGeometry) {
			t.Errorf("%g m: %v", m, err)
		}
	}
	if _, err := AroundArea(nil, 5); !errors.Is(err, geo.ErrReach) {
		t.Errorf("nothing: %v", err)
	}
}

func TestGeometryComesBack(t *testing.T) {
	for _, g := range []orb.Geometry{
		orb.Point{114, 22.5}, orb.MultiPoint{{114, 22.5}, {114.1, 22.5}}, orb.LineString{{114, 22.5}, {114.1, 22.6}, {114.2, 22.5}},
		orb.MultiLineString{{{114, 22.5}, {114.1, 22.6}}, {{115, 22.5}, {115.1, 22.6}}},
		orb.Polygon{{{114, 22}, {115, 22}, {115, 23}, {114, 23}, {114, 22}}, {{114.2, 22.2}, {114.2, 22.4}, {114.4, 22.4}, {114.2, 22.2}}},
		orb.MultiPolygon{{{{114, 22}, {115, 22}, {115, 23}, {114, 22}}}, {{{116, 22}, {117, 22}, {117, 23}, {116, 22}}, {{116.5, 22.1}, {116.6, 22.2}, {116.6, 22.1}, {116.5, 22.1}}}},
	} {
		var b Builder
		if err := b.Add(testID(1), 0, "", g); err != nil {
			t.Fatal(err)
		}
		f, _ := b.Build(1).Find(testID(1))
		got := f.Geometry()
		if got.GeoJSONType() != g.GeoJSONType() || math.Abs(geo.GeodesicArea(got)-geo.GeodesicArea(g)) > 1e-6*geo.GeodesicArea(g)+1e-9 || math.Abs(geo.GeodesicLength(got)-geo.GeodesicLength(g)) > 0.1 {
			t.Errorf("%v came back as %v", g, got)
		}
		var again Builder
		if err := again.Add(testID(1), 0, "", got); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(again.Build(1).base.coords, f.p.coords) {
			t.Errorf("%v: packed again it differs", g)
		}
	}
}

func TestSelectTopmostFirst(t *testing.T) {
	s := town(t)
	var all []string
	for _, l := range s.Layers {
		all = append(all, l.Name)
	}
	cam := Camera{Center: orb.Point{114, 22.5}, Zoom: 17, WidthPx: 1000, HeightPx: 800}
	refs := s.Select(cam, LightStyle(), BoxArea(cam.Bound()), Touching, nil)
	last := len(all)
	seen := map[string]bool{}
	for _, r := range refs {
		at := slices.Index(all, r.Layer)
		if at > last {
			t.Fatalf("a feature of %s after one of %s", r.Layer, all[last])
		}
		last = at
		seen[r.Layer] = true
		for _, l := range s.Layers {
			if l.Name == r.Layer && (l.Kind == KindRegion || l.Kind == KindBase || l.Hidden) {
				t.Errorf("%s was selected in", l.Name)
			}
		}
	}
	if len(seen) < 2 {
		t.Errorf("selected in %v only, of %v", seen, all)
	}
	only := s.Select(cam, LightStyle(), BoxArea(cam.Bound()), Touching, func(l Layer) bool { return l.Kind == KindRegion })
	for _, r := range only {
		if i := slices.Index(all, r.Layer); s.Layers[i].Kind != KindRegion {
			t.Errorf("%s was selected in, regions only were asked for", r.Layer)
		}
	}
	if len(only) == 0 {
		t.Error("no region was selected")
	}
}

// A feature that two layers of a document draw is selected once, one that its filter leaves out not at all, and a heat
// map gives nobody away.
func TestSelectInStyledLayers(t *testing.T) {
	st, err := style.Parse([]byte(`{"version":8,"sources":{"k":{"type":"vector","url":"x"}},"layers":[
		{"id":"fill","type":"fill","source":"k","source-layer":"p","filter":["<",["get","w"],3]},
		{"id":"edge","type":"circle","source":"k","source-layer":"p","filter":["<",["get","w"],3]},
		{"id":"heat","type":"heatmap","source":"k","source-layer":"p"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	o := orb.Point{114.05, 22.54}
	s := people(30, o, 100)
	layers, err := StyledLayers(st, map[string]any{"p": s})
	if err != nil {
		t.Fatal(err)
	}
	a, err := AroundArea(o, 150)
	if err != nil {
		t.Fatal(err)
	}
	refs := Scene{Layers: layers}.Select(Camera{Center: o, Zoom: 16, WidthPx: 500, HeightPx: 500}, LightStyle(), a, Touching, nil)
	for _, r := range refs {
		f, _ := s.Find(r.ID)
		if w, _ := f.Property("w"); r.Layer != "edge" || w.String() == "3" {
			t.Errorf("selected %x of weight %s in %s", r.ID, w.String(), r.Layer)
		}
	}
	if len(refs) != 20 {
		t.Errorf("%d selected, want the 20 of 30 that are drawn", len(refs))
	}
}

func eventScene(points []orb.Point, lights ...Light) Scene {
	var b Builder
	for i, p := range points {
		_ = b.Add(testID(i+1), EventClass(lights[i%len(lights)], IconDots), fmt.Sprintf("案%03d", i), p)
	}
	return Scene{Layers: []Layer{{Name: "event", Kind: KindEvent, Data: b.Build(1)}}}
}

func TestOpenCluster(t *testing.T) {
	o := orb.Point{114.05, 22.54}
	rng := rand.New(rand.NewPCG(5, 6))
	var points []orb.Point
	for range 60 {
		p, _ := geo.Direct(o, rng.Float64()*360, 200*rng.Float64())
		points = append(points, p)
	}
	s := eventScene(points, LightNormal, LightOverdue, LightNear, LightStopped)
	st := LightStyle()
	cam := Camera{Center: o, Zoom: 13, WidthPx: 800, HeightPx: 600}
	x, y := cam.ToScreen(o)
	found := 0
	for _, h := range s.HitTest(cam, st, x, y, 60) {
		op, ok := s.OpenCluster(cam, st, h)
		if ok != (h.Count > 1) || len(op.Members) != h.Count && ok {
			t.Fatalf("a mark of %d opens to %d: %v", h.Count, len(op.Members), ok)
		}
		if !ok {
			continue
		}
		found += h.Count
		if op.SamePlace || op.Camera.Zoom <= cam.Zoom {
			t.Errorf("%d events over 400 m: same place %v, zoom %g", h.Count, op.SamePlace, op.Camera.Zoom)
		}
		for i, m := range op.Members {
			if px, py := op.Camera.ToScreen(m.At); px < 0 || py < 0 || px > 800 || py > 600 {
				t.Errorf("member %d is out of the new view at %.0f, %.0f", i, px, py)
			}
			if !h.Bound.Pad(1e-7).Contains(m.At) {
				t.Errorf("member %d is outside the cluster's bound", i)
			}
			if i > 0 {
				a, _ := eventParts(op.Members[i-1].Class)
				b, _ := eventParts(m.Class)
				if urgency[a] > urgency[b] {
					t.Errorf("member %d is more urgent than the one before", i)
				}
			}
		}
		next := s.HitTest(op.Camera, st, 400, 300, 1000)
		most := 0
		for _, n := range next {
			most = max(most, n.Count)
		}
		if most >= h.Count && h.Count > 4 {
			t.Errorf("after opening there still is a cluster of %d of %d", most, h.Count)
		}
	}
	if found < 40 {
		t.Fatalf("clusters of %d events found, of 60", found)
	}
}

func TestOpenClusterInOnePlace(t *testing.T) {
	o := orb.Point{114.05, 22.54}
	s := eventScene([]orb.Point{o, o, o, o, o}, LightStopped, LightNear)
	st := LightStyle()
	cam := Camera{Center: o, Zoom: 16, WidthPx: 800, HeightPx: 600}
	x, y := cam.ToScreen(o)
	hits := s.HitTest(cam, st, x, y, 20)
	if len(hits) != 1 || hits[0].Count != 5 {
		t.Fatalf("hits %+v", hits)
	}
	op, ok := s.OpenCluster(cam, st, hits[0])
	if !ok || !op.SamePlace || len(op.Members) != 5 {
		t.Errorf("opened %v: same place %v, %d members", ok, op.SamePlace, len(op.Members))
	}
	if l, _ := eventParts(op.Members[0].Class); l != LightNear {
		t.Errorf("the first member's light is %d", l)
	}
	if _, ok := s.OpenCluster(cam, st, Hit{Kind: KindBuilding, Count: 1}); ok {
		t.Error("a building opened as a cluster")
	}
}

func BenchmarkWithin(b *testing.B) {
	s := benchCity(660_000)
	c := densest(s)
	far, _ := geo.Direct(c, 60, 3000)
	street := geo.Circle(c, 2500, 400)
	for _, q := range []struct {
		name   string
		g      orb.Geometry
		metres float64
	}{{"point500m", c, 500}, {"point2000m", c, 2000}, {"line3km100m", orb.LineString{c, far}, 100}, {"street0m", street, 0}} {
		for m, name := range map[Match]string{Touching: "touching", Anchored: "anchored"} {
			b.Run("660k/"+q.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					a, err := AroundArea(q.g, q.metres)
					if err != nil {
						b.Fatal(err)
					}
					n = s.CountWithin(a, m)
				}
				b.ReportMetric(float64(n), "features")
			})
		}
	}
	b.Run("660k/box1km", func(b *testing.B) {
		a := BoxArea(geo.Circle(c, 500, 4).Bound())
		for b.Loop() {
			s.CountWithin(a, Touching)
		}
	})
}
