package mapview

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

// TestSearchIsBruteForce compares the R-tree, the delta and the hidden features with looking at every feature.
func TestSearchIsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		point := rapid.Custom(func(t *rapid.T) orb.Point {
			return orb.Point{rapid.Float64Range(-1, 1).Draw(t, "lon"), rapid.Float64Range(-1, 1).Draw(t, "lat")}
		})
		bound := rapid.Custom(func(t *rapid.T) orb.Bound {
			return orb.MultiPoint{point.Draw(t, "a"), point.Draw(t, "b")}.Bound()
		})
		truth := map[ID]orb.Geometry{}
		geometry := func(label string) orb.Geometry {
			if rapid.Bool().Draw(t, label+" is a point") {
				return point.Draw(t, label)
			}
			b := bound.Draw(t, label)
			return b.Pad(1e-5).ToPolygon()
		}
		var b Builder
		for i := range rapid.IntRange(0, 120).Draw(t, "features") {
			g := geometry("base")
			truth[testID(i)] = g
			if err := b.Add(testID(i), 0, "", g); err != nil {
				t.Fatal(err)
			}
		}
		s := b.Build(1)
		for v := range rapid.IntRange(0, 3).Draw(t, "edits") {
			var cs []Change
			for range rapid.IntRange(0, 5).Draw(t, "changes") {
				c := Change{ID: testID(rapid.IntRange(0, 130).Draw(t, "id"))}
				if c.Removed = rapid.Bool().Draw(t, "removed"); c.Removed {
					delete(truth, c.ID)
				} else {
					c.Geometry = geometry("edit")
					truth[c.ID] = c.Geometry
				}
				cs = append(cs, c)
			}
			next, err := s.With(uint64(v+2), cs)
			if err != nil {
				t.Fatal(err)
			}
			s = next
		}
		if s.Len() != len(truth) {
			t.Fatalf("%d features, want %d", s.Len(), len(truth))
		}
		if c := s.Compact(); c.Len() != s.Len() {
			t.Fatalf("%d features after Compact, want %d", c.Len(), s.Len())
		}
		q := bound.Draw(t, "query")
		var got, want []ID
		for f := range s.Search(q) {
			got = append(got, f.ID())
		}
		for id, g := range truth {
			if boxOf(g.Bound()).overlaps(boxOf(q)) {
				want = append(want, id)
			}
		}
		order := func(a, b ID) int { return slices.Compare(a[:], b[:]) }
		slices.SortFunc(got, order)
		slices.SortFunc(want, order)
		if !slices.Equal(got, want) {
			t.Fatalf("search found %d features, brute force %d", len(got), len(want))
		}
	})
}

func TestCameraRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Camera{
			Center: orb.Point{rapid.Float64Range(-179, 179).Draw(t, "lon"), rapid.Float64Range(-84, 84).Draw(t, "lat")},
			Zoom:   rapid.Float64Range(2, 22).Draw(t, "zoom"), WidthPx: 1920, HeightPx: 1080,
		}
		x, y := rapid.Float64Range(0, 1920).Draw(t, "x"), rapid.Float64Range(0, 1080).Draw(t, "y")
		p := c.ToLonLat(x, y)
		if math.Abs(p[1]) > MaxLat {
			return // past the edge of the world places are clamped
		}
		gx, gy := c.ToScreen(p)
		if math.Hypot(gx-x, gy-y) > 1e-3 {
			t.Fatalf("%v,%v came back as %v,%v", x, y, gx, gy)
		}
		if math.Abs(p[1]) > 80 || math.Abs(p[0]) > 175 {
			return // the clamp at the edge of the world moves what was under the pointer
		}
		z := c.ZoomAt(x, y, rapid.Float64Range(8, 22).Draw(t, "to"))
		if zx, zy := z.ToScreen(p); math.Abs(z.Center[1]) < 84 && math.Abs(z.Center[0]) < 179 && math.Hypot(zx-x, zy-y) > 1e-2 {
			t.Fatalf("zooming moved what was under the pointer from %v,%v to %v,%v", x, y, zx, zy)
		}
	})
}

func TestCameraFit(t *testing.T) {
	b := orb.Bound{Min: orb.Point{113.9, 22.5}, Max: orb.Point{114.2, 22.6}}
	c := Camera{WidthPx: 1000, HeightPx: 500}.Fit(b, 10)
	x0, y0 := c.ToScreen(orb.Point{b.Min[0], b.Max[1]})
	x1, y1 := c.ToScreen(orb.Point{b.Max[0], b.Min[1]})
	if math.Abs(x0-10) > 1e-6 || math.Abs(x1-990) > 1e-6 || y0 < 10 || y1 > 490 {
		t.Errorf("fitted to %.2f,%.2f … %.2f,%.2f", x0, y0, x1, y1)
	}
	if p := c.Fit(orb.Bound{Min: b.Min, Max: b.Min}, 10); p.Zoom != c.Zoom || math.Abs(p.Center[0]-b.Min[0]) > 1e-9 {
		t.Errorf("fitting a point gives %+v", p)
	}
	if z := (Camera{Center: orb.Point{math.NaN(), 99}, Zoom: 99}).clamped(); z.Zoom != MaxZoom || z.Center != (orb.Point{0, MaxLat}) {
		t.Errorf("clamped to %+v", z)
	}
}

func TestAddRefusesWhatCannotBeDrawn(t *testing.T) {
	for name, g := range map[string]orb.Geometry{
		"nil":               nil,
		"empty polygon":     orb.Polygon{},
		"ring of two":       orb.Polygon{{{0, 0}, {1, 1}, {0, 0}}},
		"not a number":      orb.Point{math.NaN(), 0},
		"infinite":          orb.LineString{{0, 0}, {math.Inf(1), 0}},
		"point and polygon": orb.Collection{orb.Point{1, 1}, orb.Bound{Max: orb.Point{1, 1}}},
	} {
		var b Builder
		if err := b.Add(testID(1), 0, "x", g); !errors.Is(err, ErrGeometry) {
			t.Errorf("%s: %v, want ErrGeometry", name, err)
		}
		if err := b.Add(testID(2), 0, "y", orb.Point{1, 1}); err != nil {
			t.Fatal(err)
		}
		if f, ok := b.Build(1).Find(testID(2)); !ok || f.Label() != "y" {
			t.Errorf("%s: the refused feature spoilt the next", name)
		}
	}
}

func TestHitHolesAndTolerance(t *testing.T) {
	ring := func(r float64) orb.Ring { return orb.Bound{Min: orb.Point{-r, -r}, Max: orb.Point{r, r}}.ToRing() }
	var b Builder
	add := func(n int, g orb.Geometry) {
		if err := b.Add(testID(n), 0, "", g); err != nil {
			t.Fatal(err)
		}
	}
	add(1, orb.Polygon{ring(1), ring(0.5)})
	add(2, orb.LineString{{-0.4, 0}, {0.4, 0}})
	add(3, orb.Point{0, 0.3})
	s := b.Build(1)
	for _, c := range []struct {
		p    orb.Point
		want []int
	}{
		{orb.Point{0.75, 0}, []int{1}},
		{orb.Point{0, 0.005}, []int{2}},
		{orb.Point{0.005, 0.3}, []int{3}},
		{orb.Point{0.1, 0.2}, nil},
		{orb.Point{2, 2}, nil},
	} {
		var got []int
		for f := range s.At(c.p, 0.01) {
			got = append(got, int(f.ID()[15]))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("at %v: %v, want %v", c.p, got, c.want)
		}
	}
}

// TestAnchorIsInside proves the label point of awkward shapes.
func TestAnchorIsInside(t *testing.T) {
	u := orb.Polygon{{{0, 0}, {3, 0}, {3, 3}, {2.5, 3}, {2.5, 0.5}, {0.5, 0.5}, {0.5, 3}, {0, 3}, {0, 0}}}
	ringed := orb.Polygon{orb.Bound{Max: orb.Point{4, 4}}.ToRing(), orb.Bound{Min: orb.Point{1, 1}, Max: orb.Point{3.5, 3.5}}.ToRing()}
	sliver := orb.Polygon{{{0, 0}, {10, 0.01}, {10, 0.02}, {0, 0}}}
	for name, g := range map[string]orb.Geometry{"U": u, "ring": ringed, "sliver": sliver} {
		var b Builder
		if err := b.Add(testID(1), 0, "", g); err != nil {
			t.Fatal(err)
		}
		p := b.pack()
		x, y := p.anchor(0)
		if d := p.distance(0, float64(x), float64(y)); d <= 0 {
			t.Errorf("%s: the anchor is %g units outside", name, -d)
		}
	}
}

// TestSharedEdgesAreBuiltOnce counts the edges of a chess board.
func TestSharedEdgesAreBuiltOnce(t *testing.T) {
	const n = 4
	var b Builder
	for i := range n * n {
		at := orb.Point{float64(i%n) * 0.01, float64(i/n) * 0.01}
		if err := b.Add(testID(i), 0, "", orb.Bound{Min: at, Max: orb.Point{at[0] + 0.01, at[1] + 0.01}}); err != nil {
			t.Fatal(err)
		}
	}
	e := b.Build(1).edges()
	edges := map[[4]uint32]int{}
	for i := range e.len() {
		r := e.ring(e.feats[i])
		for j := 2; j < len(r); j += 2 {
			k := [4]uint32{r[j-2], r[j-1], r[j], r[j+1]}
			if k[0] > k[2] || k[0] == k[2] && k[1] > k[3] {
				k = [4]uint32{k[2], k[3], k[0], k[1]}
			}
			edges[k]++
		}
	}
	if want := 2 * n * (n + 1); len(edges) != want {
		t.Errorf("%d edges, want %d", len(edges), want)
	}
	for k, c := range edges {
		if c != 1 {
			t.Errorf("edge %v is there %d times", k, c)
		}
	}
}

func TestChangedSince(t *testing.T) {
	a := city(50)
	b, err := a.With(2, []Change{{ID: testID(7), Removed: true}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.With(3, []Change{{ID: testID(900), Geometry: orb.Point{114, 30}}})
	if err != nil {
		t.Fatal(err)
	}
	if where, all := b.changedSince(a); all || len(where) != 1 {
		t.Errorf("a removal touched %v, all %v", where, all)
	}
	if where, all := c.changedSince(a); all || len(where) != 2 {
		t.Errorf("two changes touched %v, all %v", where, all)
	}
	if _, all := city(50).changedSince(a); !all {
		t.Error("a new base counts as the old one")
	}
	sibling, err := a.With(3, []Change{{ID: testID(8), Removed: true}})
	if err != nil {
		t.Fatal(err)
	}
	if _, all := sibling.changedSince(b); !all {
		t.Error("a snapshot that does not come from the other counts as its successor")
	}
	if _, err := a.With(4, []Change{{ID: testID(1)}}); !errors.Is(err, ErrGeometry) {
		t.Errorf("a change without geometry: %v", err)
	}
	if a.Len() != 50 {
		t.Errorf("the first snapshot has %d features now", a.Len())
	}
}

// TestHitsAreInOrder clicks on a building among grids and streets, and on events.
func TestHitsAreInOrder(t *testing.T) {
	s := town(t)
	at := func(zoom, x, y float64) (layers []string, first Hit) {
		cam := Camera{Center: orb.Point{114, 22.5}, Zoom: zoom, WidthPx: 480, HeightPx: 360}
		px, py := cam.ToScreen(orb.Point{114 + x*1e-5, 22.5 + y*1e-5})
		hits := s.HitTest(cam, LightStyle(), px, py, 4)
		for _, h := range hits {
			layers = append(layers, h.Layer)
		}
		return layers, append(hits, Hit{})[0]
	}
	if got, hit := at(17, -30, 30); !slices.Equal(got, []string{"building", "grid", "community", "street"}) || hit.Label != "4栋" || hit.Count != 1 {
		t.Errorf("on a building: %v, first %+v", got, hit)
	}
	if got, hit := at(17, 123, -120); got[0] != "event" || hit.Count != 7 {
		t.Errorf("on a cluster: %v, first %+v", got, hit)
	}
	got, hit := at(17, 90, 130)
	if light, icon := eventParts(hit.Class); got[0] != "event" || light != LightOverdue || icon != IconCart || hit.Count != 1 {
		t.Errorf("on an overdue event: %v, first %+v", got, hit)
	}
	if got, _ := at(17, -150, -152); got[0] != "place" {
		t.Errorf("near a place: %v", got)
	}
}

// Features collected by several builders must pack to what one builder makes of them.
func TestBuildAllEqualsBuild(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var whole Builder
	parts := []*Builder{{}, {}, {}}
	column := func(b *Builder) { b.columns = []columnBuilder{newColumnBuilder("a"), newColumnBuilder("b")} }
	for _, b := range append(parts, &whole) {
		column(b)
	}
	const n = 9000
	for i := range n {
		x, y := 114+rng.Float64(), 22+rng.Float64()
		g := orb.Polygon{{{x, y}, {x + 0.001, y}, {x, y + 0.001}}}
		if i%7 == 0 {
			g = append(g, orb.Ring{{x + 0.0001, y + 0.0001}, {x + 0.0002, y + 0.0001}, {x + 0.0001, y + 0.0002}})
		}
		a, b := prop{kind: propString, str: fmt.Sprint("name", i%1000)}, prop{kind: propNumber, num: float64(i % 5)}
		for _, to := range []*Builder{&whole, parts[min(2, 3*i/n)]} {
			if err := to.Add(testID(i+1), uint8(i), fmt.Sprint(i), g); err != nil {
				t.Fatal(err)
			}
			if i%3 > 0 {
				to.columns[0].fill(to.Len() - 1)
				to.columns[0].codes = append(to.columns[0].codes, to.columns[0].intern(a))
			}
			to.columns[1].codes = append(to.columns[1].codes, to.columns[1].intern(b))
		}
	}
	want, got := whole.Build(1).base, BuildAll(1, parts...).base
	same := slices.Equal(want.coords, got.coords) && slices.Equal(want.rings, got.rings) && slices.Equal(want.feats, got.feats) && slices.Equal(want.boxes, got.boxes) &&
		slices.Equal(want.class, got.class) && slices.Equal(want.ids, got.ids) && want.text == got.text && slices.Equal(want.labels, got.labels) && want.bounds == got.bounds
	if !same {
		t.Fatal("parts pack to other arrays than the whole")
	}
	for i := range n {
		for _, name := range []string{"a", "b"} {
			w, g := want.column(name), got.column(name)
			if w.value(w.code(i)) != g.value(g.code(i)) {
				t.Fatalf("feature %d has %s %v, want %v", i, name, g.value(g.code(i)), w.value(w.code(i)))
			}
		}
	}
}
