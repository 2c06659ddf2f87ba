package geo_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
)

// star returns a ring of n corners around c, between r/2 and r degrees from it.
func star(rng *rand.Rand, c orb.Point, r float64, n int) orb.Ring {
	ring := make(orb.Ring, 0, n+1)
	for i := range n {
		a, d := 2*math.Pi*float64(i)/float64(n), r*(0.5+0.5*rng.Float64())
		ring = append(ring, orb.Point{c[0] + d*math.Cos(a), c[1] + d*math.Sin(a)})
	}
	return append(ring, ring[0])
}

// coast is a star whose radius wanders, as that of a district with a long coast does.
func coast(rng *rand.Rand, c orb.Point, r float64, n int) orb.Ring {
	ring, f := make(orb.Ring, 0, n+1), 0.75
	for i := range n {
		f = min(1, max(0.5, f+0.004*(rng.Float64()-0.5)))
		a := 2 * math.Pi * float64(i) / float64(n)
		ring = append(ring, orb.Point{c[0] + r*f*math.Cos(a), c[1] + r*f*math.Sin(a)})
	}
	return append(ring, ring[0])
}

func TestLocatorAgreesWithContains(t *testing.T) {
	const seed = 42
	rng := rand.New(rand.NewPCG(seed, seed))
	var areas []orb.Geometry
	for range 150 {
		c := orb.Point{114 + rng.Float64(), 22 + rng.Float64()}
		outer := star(rng, c, 0.15, 3+rng.IntN(200))
		switch rng.IntN(5) {
		case 0:
			areas = append(areas, orb.Polygon{outer, star(rng, c, 0.04, 9)})
		case 1:
			areas = append(areas, orb.MultiPolygon{{outer}, {star(rng, orb.Point{c[0] + 0.1, c[1]}, 0.15, 50)}})
		case 2:
			areas = append(areas, nil, orb.Polygon{}, orb.Point{114, 22})
		default:
			areas = append(areas, orb.Polygon{outer})
		}
	}
	// A comb, where most edges cross most strips, and a box on whole numbers for the boundary rule.
	comb := orb.Ring{{114, 22}}
	for i := range 500 {
		comb = append(comb, orb.Point{114 + float64(i)/500, 23}, orb.Point{114 + (float64(i)+0.5)/500, 22.001})
	}
	comb = append(comb, orb.Point{115, 22}, orb.Point{114, 22})
	areas = append(areas, orb.Polygon{comb}, orb.Bound{Min: orb.Point{114, 22}, Max: orb.Point{115, 23}})

	l := geo.NewLocator(areas)
	points := []orb.Point{{114, 22}, {115, 22}, {114, 23}, {115, 23}, {114.5, 22}, {114, 22.5}}
	for range 800 {
		points = append(points, orb.Point{113.9 + 1.2*rng.Float64(), 21.9 + 1.2*rng.Float64()})
	}
	for _, a := range areas { // and all corners
		if p, ok := a.(orb.Polygon); ok && len(p) > 0 {
			points = append(points, p[0]...)
		}
	}
	hits := 0
	for _, p := range points {
		var want []int
		for i, a := range areas {
			if geo.Contains(a, p) {
				want = append(want, i)
			}
		}
		if got := l.Find(p); !slices.Equal(got, want) {
			t.Fatalf("at %v: found %v, want %v (seed %d)", p, got, want, seed)
		}
		hits += len(want)
	}
	if hits < len(points) {
		t.Errorf("only %d hits at %d points: the test has become empty", hits, len(points))
	}
	if got := geo.NewLocator(nil).Find(orb.Point{1, 1}); got != nil {
		t.Errorf("an empty locator found %v", got)
	}
}

func TestSiblingsShareNoPoint(t *testing.T) {
	const seed = 3
	rng := rand.New(rand.NewPCG(seed, seed))
	// Triangles of a fan that closes around the middle: each point of an edge, and each corner, in exactly one of them.
	mid := orb.Point{114.0571, 22.5431}
	rim := star(rng, mid, 0.1, 40)
	for i := range 40 {
		a, b := rim[i], rim[i+1]
		for k := range 50 {
			f := float64(k) / 50 // along the spoke; exact points of it by luck, near ones always
			p := orb.Point{mid[0] + f*(b[0]-mid[0]), mid[1] + f*(b[1]-mid[1])}
			n := 0
			for j := range 40 {
				tri := orb.Polygon{{mid, rim[j], rim[j+1], mid}}
				if j%2 == 0 {
					tri[0].Reverse()
				}
				if geo.Contains(tri, p) {
					n++
				}
			}
			if n != 1 {
				t.Fatalf("%v on the spoke between %v and %v is in %d triangles", p, a, b, n)
			}
		}
	}
}

func TestMeasures(t *testing.T) {
	// Against geodesics by GeographicLib.
	if d := geo.Distance(orb.Point{113.912316, 22.543847}, orb.Point{114.0571, 22.5431}); math.Abs(d-14891) > 0.006*14891 {
		t.Errorf("distance %f", d)
	}
	ring := orb.Ring{{114, 22.5}, {114.1, 22.5}, {114.1, 22.6}, {114, 22.6}, {114, 22.5}}
	ccw := geo.RingArea(ring)
	ring.Reverse()
	if cw := geo.RingArea(ring); cw != ccw && math.Abs(cw-ccw) > 1e-6*ccw {
		t.Errorf("area depends on direction: %f, %f", ccw, cw)
	}
	if a := geo.Area(orb.Polygon{ring, ring}); a != 0 {
		t.Errorf("a ring less itself is %f m²", a)
	}
}

func TestQuantise(t *testing.T) {
	g := orb.Polygon{{{114.12345678, 22.1}, {114.12345679, 22.1}, {114.2, 22.1}, {114.2, 22.2}}, {{114.15, 22.11}, {114.15000001, 22.11}, {114.15, 22.11000001}}}
	want := orb.Polygon{{{114.1234568, 22.1}, {114.2, 22.1}, {114.2, 22.2}, {114.1234568, 22.1}}}
	got := geo.Quantise(g)
	if !orb.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if again := geo.Quantise(got); !orb.Equal(again, got) {
		t.Errorf("not idempotent: %v", again)
	}
	if got := geo.Quantise(orb.Point{math.NaN(), 1e9}); !orb.Equal(got, orb.Point{0, 180}) {
		t.Errorf("NaN and huge became %v", got)
	}
	for _, g := range shapes {
		if !orb.Equal(geo.Quantise(g), g) {
			t.Errorf("%v changed to %v", g, geo.Quantise(g))
		}
	}
}

func BenchmarkLocator(b *testing.B) {
	// As Shenzhen: 3,000 small areas and ten of 10,000 corners; 71,666 points.
	rng := rand.New(rand.NewPCG(1, 1))
	var areas []orb.Geometry
	at := func() orb.Point { return orb.Point{113.75 + 0.9*rng.Float64(), 22.4 + 0.45*rng.Float64()} }
	for range 3000 {
		areas = append(areas, orb.Polygon{star(rng, at(), 0.01, 60)})
	}
	for range 10 {
		areas = append(areas, orb.Polygon{coast(rng, at(), 0.2, 10000)})
	}
	points := make([]orb.Point, 71666)
	for i := range points {
		points[i] = at()
	}
	b.Run("build/3k", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			geo.NewLocator(areas)
		}
	})
	b.Run("find/71666", func(b *testing.B) {
		l := geo.NewLocator(areas)
		b.ReportAllocs()
		var buf []int
		for b.Loop() {
			for _, p := range points {
				buf = l.AppendFind(buf[:0], p)
			}
		}
	})
}
