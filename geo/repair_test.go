package geo_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
)

// polygon reads GeoJSON coordinates.
func polygon(t *testing.T, coordinates string) orb.Polygon {
	t.Helper()
	var p orb.Polygon
	if err := json.Unmarshal([]byte(coordinates), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// scaled returns g times 1e-5°, so that small whole numbers make shapes of some square metres.
func scaled(g orb.Geometry) orb.Geometry {
	return geo.MapPoints(g, func(p orb.Point) orb.Point { return orb.Point{114 + p[0]*1e-5, 22 + p[1]*1e-5} })
}

func TestRepair(t *testing.T) {
	box := func(x, y, d float64) orb.Ring {
		return orb.Ring{{x, y}, {x + d, y}, {x + d, y + d}, {x, y + d}, {x, y}}
	}
	for _, c := range []struct {
		name    string
		in      orb.Geometry
		defects []geo.DefectKind
		parts   int     // polygons
		rings   int     // in all
		area    float64 // in squares of 1e-5°
	}{
		{"a square", orb.Polygon{box(0, 0, 4)}, nil, 1, 1, 16},
		{"clockwise", orb.Polygon{{{0, 0}, {0, 4}, {4, 4}, {4, 0}, {0, 0}}}, nil, 1, 1, 16},
		{"double points", orb.Polygon{{{0, 0}, {0, 0}, {4, 0}, {4, 4}, {4, 4}, {0, 4}, {0, 0}, {0, 0}}}, nil, 1, 1, 16},
		{"open", orb.Polygon{{{0, 0}, {4, 0}, {4, 4}, {0, 4}}}, []geo.DefectKind{geo.UnclosedRing}, 1, 1, 16},
		{"spike", orb.Polygon{{{0, 0}, {4, 0}, {9, 0}, {4, 0}, {4, 4}, {0, 4}, {0, 0}}}, []geo.DefectKind{geo.Spike}, 1, 1, 16},
		{"spike at the start", orb.Polygon{{{-5, 0}, {0, 0}, {4, 0}, {4, 4}, {0, 4}, {0, 0}, {-5, 0}}}, []geo.DefectKind{geo.Spike}, 1, 1, 16},
		{"bow-tie", orb.Polygon{{{0, 0}, {4, 4}, {4, 0}, {0, 4}, {0, 0}}}, []geo.DefectKind{geo.SelfIntersection}, 2, 2, 8},
		{"ring through its own corner", orb.Polygon{{{0, 0}, {4, 0}, {4, 4}, {2, 0}, {0, 4}, {0, 0}}}, []geo.DefectKind{geo.SelfIntersection}, 2, 2, 8},
		{"twice around", orb.Polygon{{{0, 0}, {9, 0}, {9, 9}, {0, 9}, {0, 0}, {0, 0}, {2, 2}, {7, 2}, {7, 7}, {2, 7}, {2, 2}, {0, 0}}},
			[]geo.DefectKind{geo.SelfIntersection}, 1, 2, 81 - 25},
		{"hole", orb.Polygon{box(0, 0, 9), box(2, 2, 2)}, nil, 1, 2, 77},
		{"hole touching its shell at a point", orb.Polygon{box(0, 0, 8), {{0, 4}, {2, 2}, {4, 4}, {2, 6}, {0, 4}}}, nil, 1, 2, 56},
		{"hole touching twice cuts in two", orb.Polygon{box(0, 0, 8), {{0, 4}, {4, 2}, {8, 4}, {4, 6}, {0, 4}}}, []geo.DefectKind{geo.SelfIntersection}, 2, 2, 48},
		{"hole crossing", orb.Polygon{box(0, 0, 4), box(2, 2, 4)}, []geo.DefectKind{geo.SelfIntersection}, 2, 2, 24},
		{"hole outside", orb.Polygon{box(0, 0, 4), box(10, 10, 2)}, []geo.DefectKind{geo.MisplacedRing}, 2, 2, 20},
		{"hole in a hole", orb.Polygon{box(0, 0, 9), box(1, 1, 6), box(2, 2, 2)}, []geo.DefectKind{geo.MisplacedRing}, 2, 3, 81 - 36 + 4},
		{"hole of two points", orb.Polygon{box(0, 0, 4), {{1, 1}, {2, 2}, {1, 1}}}, []geo.DefectKind{geo.DegenerateRing}, 1, 1, 16},
		{"parts apart", orb.MultiPolygon{{box(0, 0, 2)}, {box(5, 5, 2)}}, nil, 2, 2, 8},
		{"parts touching at two corners", orb.MultiPolygon{{{{0, 0}, {4, 2}, {0, 4}, {0, 0}}}, {{{4, 2}, {8, 0}, {8, 4}, {4, 2}}}}, nil, 2, 2, 16},
		{"parts sharing an edge", orb.MultiPolygon{{box(0, 0, 2)}, {box(2, 0, 2)}}, []geo.DefectKind{geo.SelfIntersection}, 1, 1, 8},
		{"parts overlapping", orb.MultiPolygon{{box(0, 0, 4)}, {box(2, 2, 4)}}, []geo.DefectKind{geo.SelfIntersection}, 1, 1, 28},
		{"part in a part", orb.MultiPolygon{{box(0, 0, 9)}, {box(2, 2, 4)}}, []geo.DefectKind{geo.MisplacedRing}, 1, 1, 81},
		{"island in a lake", orb.MultiPolygon{{box(0, 0, 9), box(1, 1, 6)}, {box(2, 2, 2)}}, nil, 2, 3, 81 - 36 + 4},
		{"same part twice", orb.MultiPolygon{{box(0, 0, 4)}, {box(0, 0, 4)}}, []geo.DefectKind{geo.SelfIntersection}, 1, 1, 16},
	} {
		got, defects, err := geo.Repair(scaled(c.in))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var kinds []geo.DefectKind
		for _, d := range defects {
			kinds = append(kinds, d.Kind)
		}
		if len(kinds) != len(c.defects) || len(kinds) > 0 && kinds[0] != c.defects[0] {
			t.Errorf("%s: defects %v, want %v", c.name, kinds, c.defects)
		}
		parts, rings := 1, 0
		switch g := got.(type) {
		case orb.Polygon:
			rings = len(g)
		case orb.MultiPolygon:
			parts = len(g)
			for _, p := range g {
				rings += len(p)
			}
		}
		unit := geo.Area(scaled(orb.Polygon{box(0, 0, 1)}))
		if parts != c.parts || rings != c.rings || math.Abs(geo.Area(got)/unit-c.area) > 0.001 {
			t.Errorf("%s: %d parts, %d rings, area %.4f; want %d, %d, %v: %v", c.name, parts, rings, geo.Area(got)/unit, c.parts, c.rings, c.area, got)
		}
		checkSound(t, c.name, got)
	}
}

// checkSound fails unless g is what Repair promises: on the grid, rings closed and turned right, and nothing left to repair.
func checkSound(t *testing.T, name string, g orb.Geometry) {
	t.Helper()
	again, defects, err := geo.Repair(g)
	if err != nil || len(defects) > 0 || !orb.Equal(again, g) || !orb.Equal(geo.Quantise(g), g) {
		t.Fatalf("%s: %v is not sound: %v, %v, repaired to %v", name, g, defects, err, again)
	}
	var polygons orb.MultiPolygon
	switch g := g.(type) {
	case orb.Polygon:
		polygons = orb.MultiPolygon{g}
	case orb.MultiPolygon:
		polygons = g
	}
	for _, p := range polygons {
		for i, r := range p {
			if want := map[bool]orb.Orientation{true: orb.CCW, false: orb.CW}[i == 0]; r.Orientation() != want || !r.Closed() {
				t.Errorf("%s: ring %d runs the wrong way or is open", name, i)
			}
		}
	}
}

func TestRepairRefuses(t *testing.T) {
	for reason, g := range map[geo.Reason]orb.Geometry{
		geo.ReasonEmpty:      orb.Polygon{},
		geo.ReasonNotFinite:  orb.Polygon{{{0, 0}, {math.NaN(), 1}, {1, 1}, {0, 0}}},
		geo.ReasonOutOfRange: orb.Point{2494025, 490980},
		geo.ReasonNoArea:     orb.Polygon{{{0, 0}, {1, 1}, {2, 2}, {0, 0}}},
		geo.ReasonUnrepaired: orb.Polygon{{{-170, 0}, {170, 40}, {170, 0}, {-170, 40}, {-170, 0}}},
	} {
		_, _, err := geo.Repair(g)
		if r, ok := errors.AsType[*geo.RejectError](err); !ok || r.Reason != reason {
			t.Errorf("%v: %v, want %s", g, err, reason)
		}
	}
	if _, _, err := geo.Repair(nil); err == nil {
		t.Error("no geometry was accepted")
	}
	if _, _, err := geo.Repair(orb.LineString{{1, 1}, {1, 1}}); err == nil {
		t.Error("a line without length was accepted")
	}
}

// The three buildings of the Shenzhen file that meet themselves; areas by GEOS' MakeValid, in 1e-8 square degrees.
func TestRepairShenzhenBuildings(t *testing.T) {
	for _, c := range []struct {
		id          int
		coordinates string
		area        float64
	}{
		{39201, `[[[114.0341259,22.6117105],[114.0342855,22.611811],[114.0342545,22.6118529],[114.0342334,22.6118396],[114.0342262,22.6118493],[114.0341942,22.6118292],[114.0341827,22.6118447],[114.0341664,22.6118345],[114.0340998,22.6119242],[114.0341195,22.6119366],[114.0340593,22.6120178],[114.0340018,22.6119814],[114.0340432,22.6119256],[114.0340581,22.6119351],[114.0340969,22.6118828],[114.0340574,22.6118578],[114.0340347,22.6118884],[114.033971,22.611848],[114.0340514,22.6117397],[114.0341156,22.6117804],[114.0340899,22.611815],[114.0341,22.6118214],[114.0341251,22.6117875],[114.0341087,22.6117771],[114.0341203,22.6117614],[114.0340985,22.6117477],[114.0341259,22.6117105]]]`, 3.570275},
		{45772, `[[[114.1609378,22.6261315],[114.1609377,22.6261315],[114.1610545,22.6260783],[114.1610981,22.6260585],[114.1610238,22.6259535],[114.1609181,22.6260934],[114.1609378,22.6261315]]]`, 1.451221},
		{66723, `[[[113.9373153,22.7402623],[113.9373546,22.740233],[113.9373805,22.7402625],[113.9374232,22.7402306],[113.9373933,22.7401966],[113.9374114,22.7401832],[113.9374028,22.7401735],[113.9375216,22.740085],[113.9375417,22.740108],[113.937585,22.7400758],[113.9375627,22.7400502],[113.93758,22.7400374],[113.9375699,22.7400258],[113.9376099,22.7399962],[113.9376621,22.7400562],[113.9376803,22.7400427],[113.9377003,22.7400657],[113.9376455,22.7401061],[113.9376858,22.7401525],[113.937668,22.7401656],[113.93766,22.7401564],[113.937623,22.7401837],[113.9376303,22.7401922],[113.9376121,22.7402056],[113.9375684,22.7401553],[113.9375946,22.7401358],[113.9375764,22.7401149],[113.937556,22.74013],[113.9375951,22.7401749],[113.9374958,22.7402485],[113.9375328,22.740291],[113.937501,22.7403147],[113.9374939,22.7403065],[113.9374706,22.7403238],[113.9374827,22.7403376],[113.9374488,22.7403628],[113.9374127,22.7403217],[113.9373706,22.7403531],[113.9373488,22.7403282],[113.9373635,22.7403172],[113.9373153,22.7402623]]]`, 4.958933},
	} {
		got, defects, err := geo.Repair(polygon(t, c.coordinates))
		if err != nil || len(defects) != 1 || defects[0].Kind != geo.SelfIntersection {
			t.Fatalf("%d: %v, %v", c.id, defects, err)
		}
		degrees := geo.Area(got) / geo.Area(orb.Bound{Min: orb.Point{114, 22.6}, Max: orb.Point{114.001, 22.601}}) * 100
		if math.Abs(degrees-c.area) > 0.01*c.area { // latitude differs from the unit's
			t.Errorf("%d: area %f, want %f", c.id, degrees, c.area)
		}
		checkSound(t, "building", got)
	}
}

// Rings of random points of a small grid meet in every way there is. Against counting: a point is in the result when an
// odd number of rings is around it.
func TestRepairTangles(t *testing.T) {
	const seed = 11
	rng := rand.New(rand.NewPCG(seed, seed))
	for round := range 2000 {
		var p orb.Polygon
		for range 1 + rng.IntN(2) {
			var r orb.Ring
			for range 3 + rng.IntN(9) {
				r = append(r, orb.Point{float64(rng.IntN(8)), float64(rng.IntN(8))})
			}
			p = append(p, append(r, r[0]))
		}
		in := scaled(p)
		got, _, err := geo.Repair(in)
		if r, ok := errors.AsType[*geo.RejectError](err); ok && r.Reason == geo.ReasonNoArea {
			continue
		}
		if err != nil {
			t.Fatalf("seed %d round %d: %v: %v", seed, round, p, err)
		}
		checkSound(t, "tangle", got)
		off, n := 0, 100
		for range n {
			at := orb.Point{114 + 7e-5*rng.Float64(), 22 + 7e-5*rng.Float64()}
			if geo.Contains(got, at) != geo.Contains(geo.Quantise(in), at) {
				off++
			}
		}
		if off > n/20 { // crossings move by up to half a grid step of 1e-7, a hundredth of the shape's grid
			t.Errorf("seed %d round %d: %d of %d points differ: %v became %v", seed, round, off, n, p, got)
		}
	}
}

func FuzzRepair(f *testing.F) {
	f.Add([]byte{0, 0, 4, 4, 4, 0, 0, 4}, uint8(4))
	f.Add([]byte{0, 0, 9, 0, 9, 9, 0, 9, 2, 2, 5, 2, 5, 5}, uint8(4))
	f.Fuzz(func(t *testing.T, b []byte, cut uint8) {
		if len(b) > 400 {
			return
		}
		var p orb.Polygon
		var r orb.Ring
		for i := 0; i+1 < len(b); i += 2 {
			r = append(r, orb.Point{float64(b[i]), float64(b[i+1])})
			if len(r) == int(cut) {
				p, r = append(p, r), nil
			}
		}
		p = append(p, r)
		got, _, err := geo.Repair(scaled(p))
		if err == nil {
			checkSound(t, "fuzz", got)
		}
	})
}

func BenchmarkRepair(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	rings := make([]orb.Geometry, 71666)
	for i := range rings {
		rings[i] = orb.Polygon{star(rng, orb.Point{114 + rng.Float64()/10, 22 + rng.Float64()/10}, 0.0002, 4+rng.IntN(11))}
	}
	b.Run("71666", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, g := range rings {
				if _, _, err := geo.Repair(g); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("coast10000", func(b *testing.B) {
		g := orb.Polygon{coast(rng, orb.Point{114, 22}, 0.2, 10000)}
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := geo.Repair(g); err != nil {
				b.Fatal(err)
			}
		}
	})
}
