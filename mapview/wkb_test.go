package mapview

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
)

// sameGeometry reports whether two builders hold the same single feature; world units may differ by rounding.
func sameGeometry(t *testing.T, a, b *Builder) {
	t.Helper()
	if a.Len() != b.Len() || !slices.Equal(a.p.rings, b.p.rings) || !slices.Equal(a.p.feats, b.p.feats) || !slices.Equal(a.p.shapes, b.p.shapes) {
		t.Fatalf("%d features of rings %v, %v, shapes %v; parsed first %d of %v, %v, %v", a.Len(), a.p.rings, a.p.feats, a.p.shapes, b.Len(), b.p.rings, b.p.feats, b.p.shapes)
	}
	for i := range a.p.coords {
		if d := int64(a.p.coords[i]) - int64(b.p.coords[i]); d < -1 || d > 1 {
			t.Fatalf("coordinate %d is %d, parsed first %d", i, a.p.coords[i], b.p.coords[i])
		}
	}
}

var wkbCases = []orb.Geometry{
	orb.Point{114, 22.5}, orb.MultiPoint{{1, 2}, {1, 2}, {3, 4}}, orb.LineString{{1, 2}, {3, 4}, {3, 4}, {5, 4}}, orb.LineString{{1, 1}},
	orb.MultiLineString{{{1, 2}, {3, 4}}, {{5, 5}, {6, 7}}},
	orb.Polygon{{{0, 0}, {4, 0}, {4, 4}, {0, 4}, {0, 0}}, {{1, 1}, {2, 1}, {2, 2}, {1, 1}}},
	orb.Polygon{{{0, 0}, {0, 4}, {4, 4}, {4, 0}}, {{1, 1}, {1, 1}, {2, 2}}},
	orb.Polygon{{{0, 0}, {0, 0}, {4, 4}}, {{1, 1}, {2, 1}, {2, 2}, {1, 1}}},
	orb.MultiPolygon{{{{0, 0}, {1, 0}, {1, 1}, {0, 0}}}, {{{5, 5}, {6, 5}, {6, 89}, {5, 5}}}},
	orb.Collection{orb.LineString{{1, 2}, {3, 4}}, orb.LineString{{5, 2}, {3, 4}}}, orb.Collection{orb.Point{1, 2}, orb.LineString{{5, 2}, {3, 4}}},
	orb.MultiPolygon{}, orb.Collection{}, orb.MultiPoint{}, orb.Polygon{{{math.NaN(), 0}, {4, 0}, {4, 4}}}, orb.Point{math.Inf(1), 0},
	orb.Collection{orb.MultiPolygon{{{{0, 0}, {1, 0}, {1, 1}, {0, 0}}}}, orb.Polygon{{{5, 5}, {6, 5}, {6, -89}, {5, 5}}}},
}

func TestWKBEqualsGeometry(t *testing.T) {
	for _, g := range wkbCases {
		var a, b Builder
		errA := a.AddWKB(testID(1), 3, "a", geo.AppendWKB(nil, g), nil)
		errB := b.Add(testID(1), 3, "a", g)
		if (errA == nil) != (errB == nil) || errA != nil && !errors.Is(errA, ErrGeometry) {
			t.Errorf("%v: %v, as a geometry %v", g, errA, errB)
		}
		sameGeometry(t, &a, &b)
	}
	var b Builder
	metres := func(p orb.Point) orb.Point { return orb.Point{p[0] / 1e5, p[1] / 1e5} }
	if err := b.AddWKB(testID(1), 0, "", geo.AppendWKB(nil, orb.Point{11400000, 2250000}), metres); err != nil {
		t.Fatal(err)
	}
	if x, y := toWorld(orb.Point{114, 22.5}); b.p.coords[0] != x || b.p.coords[1] != y {
		t.Errorf("metres come to %v, want %d, %d", b.p.coords, x, y)
	}
}

func FuzzAddWKB(f *testing.F) {
	for _, g := range wkbCases {
		f.Add(geo.AppendWKB(nil, g))
	}
	f.Add([]byte{0, 0, 0, 0, 1, 64, 92, 128, 0, 0, 0, 0, 0, 64, 54, 128, 0, 0, 0, 0, 0}) // big endian
	f.Add([]byte{1, 0xe9, 3, 0, 0, 0, 0, 0, 0, 0, 0, 92, 64, 0, 0, 0, 0, 0, 0, 54, 64, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		var a, b Builder
		errA := a.AddWKB(testID(1), 0, "", in, nil)
		g, err := geo.ParseWKB(in)
		if err == nil {
			err = b.Add(testID(1), 0, "", g)
		}
		if (errA == nil) != (err == nil) {
			t.Fatalf("%v, parsed first %v: %v", errA, err, g)
		}
		if err == nil {
			sameGeometry(t, &a, &b)
		}
	})
}

func TestProjector(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var p projector
	off := 0
	const n = 200_000
	for range n {
		pt := orb.Point{rng.Float64()*360 - 180, rng.Float64()*180 - 90}
		x, y := p.world(pt)
		wx, wy := toWorld(pt)
		if d := int64(y) - int64(wy); x != wx || d > 1 || d < -1 {
			t.Fatalf("%v goes to %d, %d, want %d, %d", pt, x, y, wx, wy)
		}
		if y != wy {
			off++
		}
	}
	if off > n/10_000 {
		t.Errorf("%d of %d points are rounded another way", off, n)
	}
}
