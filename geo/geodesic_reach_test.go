package geo_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
)

func TestFrameIsTrueInMetres(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for _, lat := range []float64{0, 22.5, -33, 45, 60} {
		f := geo.NewFrame(orb.Point{114, lat})
		k := geo.GaussKruger{Meridian: 114}
		base := k.Forward(orb.Point{114, lat})
		for _, c := range []struct{ metres, place, length float64 }{{1000, 1e-6, 1e-9}, {30e3, 1e-3, 1e-7}, {200e3, 1, 5e-6}} {
			for range 200 {
				p, _ := geo.Direct(orb.Point{114, lat}, rng.Float64()*360, c.metres*math.Sqrt(rng.Float64()))
				x, y := f.XY(p)
				want := k.Forward(p)
				if math.Hypot(x-want[0], y-want[1]+base[1]) > c.place {
					t.Fatalf("at %g°, %g m: %.6f, %.6f, on the Gauss-Krüger plane %.6f, %.6f", lat, c.metres, x, y, want[0], want[1]-base[1])
				}
				if q := f.LonLat(x, y); math.Abs(q[0]-p[0])+math.Abs(q[1]-p[1]) > 1e-11 {
					t.Fatalf("%v there and back is %v", p, q)
				}
				near, _ := geo.Direct(p, rng.Float64()*360, 500)
				nx, ny := f.XY(near)
				if d := f.Metres(x, y, nx, ny); math.Abs(d-500) > 500*c.length+1e-5 {
					t.Fatalf("500 m at %g°, %g m from the origin is %.7f m", lat, c.metres, d)
				}
			}
		}
	}
}

// block is a rectangle of metres about a place, turned.
func block(at orb.Point, w, h, turned float64) orb.Ring {
	var r orb.Ring
	for _, c := range [][2]float64{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}} {
		x, y := c[0]*w/2, c[1]*h/2
		p, _ := geo.Direct(at, turned+math.Atan2(x, y)*180/math.Pi, math.Hypot(x, y))
		r = append(r, p)
	}
	return append(r, r[0])
}

func off(p orb.Point, azimuth, metres float64) orb.Point {
	q, _ := geo.Direct(p, azimuth, metres)
	return q
}

func TestReachKnownDistances(t *testing.T) {
	o := orb.Point{114.05, 22.54}
	sq := orb.Polygon{block(o, 100, 100, 0)}
	yard := orb.Polygon{block(o, 100, 100, 0), block(o, 60, 60, 0)}
	line := orb.LineString{off(o, -90, 1000), off(o, 90, 1000)}
	for _, c := range []struct {
		name string
		a, b orb.Geometry
		want float64
	}{
		{"point to point", o, off(o, 33, 777), 777},
		{"point to line, beside it", off(o, 0, 40), line, 40},
		{"point to line, past its end", off(line[1], 90, 25), line, 25},
		{"point in an area", off(o, 45, 10), sq, 0},
		{"point in a court", o, yard, 30},
		{"point in the wing of a court", off(o, 90, 45), yard, 0},
		{"area in a court", orb.Polygon{block(o, 20, 20, 0)}, yard, 20},
		{"area about an area", orb.Polygon{block(o, 500, 500, 10)}, sq, 0},
		{"areas side by side", orb.Polygon{block(off(o, 90, 130), 100, 100, 0)}, sq, 30},
		{"areas that overlap", orb.Polygon{block(off(o, 90, 60), 100, 100, 30)}, sq, 0},
		{"a cross of lines", orb.LineString{off(o, 0, 500), off(o, 180, 500)}, line, 0},
		{"the nearer of two parts", orb.MultiPolygon{{block(off(o, 0, 900), 100, 100, 0)}, {block(off(o, 0, 300), 100, 100, 0)}}, sq, 200},
		{"the nearer of two points", orb.MultiPoint{off(o, 0, 900), off(o, 0, 60)}, sq, 10},
		{"an area within one of two parts", orb.MultiPolygon{{block(off(o, 0, 2000), 100, 100, 0)}, {block(o, 300, 300, 0)}}, sq, 0},
	} {
		for _, way := range []struct{ a, b orb.Geometry }{{c.a, c.b}, {c.b, c.a}} {
			r, err := geo.NewReach(way.a)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Distance(way.b); math.Abs(got-c.want) > 2e-3 {
				t.Errorf("%s: %.6f m, want %g", c.name, got, c.want)
			}
			var f geo.Flat
			r.Lay(&f, way.b)
			if got := r.Measure(&f, c.want+0.01); math.Abs(got-c.want) > 2e-3 {
				t.Errorf("%s within a little more: %.6f m, want %g", c.name, got, c.want)
			}
			if got := r.Measure(&f, 0); c.want > 0 && !math.IsInf(got, 1) || c.want == 0 && got != 0 {
				t.Errorf("%s within nothing: %.6f m", c.name, got)
			}
			if got := r.Measure(&f, c.want-0.01); c.want > 0 && !math.IsInf(got, 1) {
				t.Errorf("%s within a little less: %.6f m", c.name, got)
			}
		}
	}
}

// A shape with many edges is measured from by a tree; it must answer as looking at every edge does.
func TestReachOfManyEdges(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 15))
	o := orb.Point{104, 30.6}
	var ring orb.Ring
	for i := range 900 {
		ring = append(ring, off(o, -float64(i)*0.4, 4000+800*math.Sin(float64(i)/9)+100*rng.Float64()))
	}
	ring = append(ring, ring[0])
	shape := orb.Polygon{ring, block(o, 3000, 2000, 20)}
	r, err := geo.NewReach(shape)
	if err != nil {
		t.Fatal(err)
	}
	inside := 0
	for range 150 {
		p := off(o, rng.Float64()*360, 8000*math.Sqrt(rng.Float64()))
		got := r.Distance(p)
		want := math.Inf(1)
		if geo.Contains(shape, p) {
			want, inside = 0, inside+1
		}
		for _, ring := range shape {
			for i := 1; i < len(ring) && want > 0; i++ {
				e, _ := geo.NewReach(ring[i-1 : i+1].Bound().Center())
				ax, ay := e.Frame().XY(ring[i-1])
				bx, by := e.Frame().XY(ring[i])
				px, py := e.Frame().XY(p)
				u := max(0, min(1, ((px-ax)*(bx-ax)+(py-ay)*(by-ay))/((bx-ax)*(bx-ax)+(by-ay)*(by-ay))))
				d, _, _ := geo.Inverse(p, e.Frame().LonLat(ax+u*(bx-ax), ay+u*(by-ay)))
				want = min(want, d)
			}
		}
		if math.Abs(got-want) > 1e-3 {
			t.Errorf("%v: %.6f m, by every edge %.6f m", p, got, want)
		}
		if b := r.Bound(got + 1); !b.Contains(p) {
			t.Errorf("%v is %.3f m away and outside the bound %v", p, got, b)
		}
	}
	if inside < 15 || inside > 135 {
		t.Errorf("%d of 150 inside: the test looks at one side only", inside)
	}
}

func TestOutlineLiesAtItsDistance(t *testing.T) {
	o := orb.Point{114.05, 22.54}
	for _, c := range []struct {
		name           string
		g              orb.Geometry
		metres         float64
		polygons, hole int
		area           float64 // 0: not known
	}{
		{"point", o, 500, 1, 0, math.Pi * 500 * 500},
		{"line", orb.LineString{off(o, -90, 1000), off(o, 90, 1000)}, 300, 1, 0, 2000*600 + math.Pi*300*300},
		{"building", orb.Polygon{block(o, 60, 20, 15)}, 100, 1, 0, 60*20 + 160*100 + math.Pi*100*100},
		{"two that join", orb.MultiPoint{off(o, 90, 80), off(o, -90, 80)}, 100, 1, 0, 0},
		{"two apart", orb.MultiPoint{off(o, 90, 180), off(o, -90, 180)}, 100, 2, 0, 2 * math.Pi * 100 * 100},
		{"a ring road", orb.LineString(block(o, 3000, 3000, 0)), 100, 1, 1, 0},
		{"a large court", orb.Polygon{block(o, 1000, 1000, 0), block(o, 800, 800, 0)}, 50, 1, 1, 1000*1000 + 4000*50 + math.Pi*50*50 - 700*700},
	} {
		r, err := geo.NewReach(c.g)
		if err != nil {
			t.Fatal(err)
		}
		m, err := r.Outline(c.metres)
		if err != nil {
			t.Fatal(c.name, err)
		}
		holes, worst := 0, 0.0
		for _, p := range m {
			holes += len(p) - 1
			for i, ring := range p {
				if ring[0] != ring[len(ring)-1] || (ring.Orientation() == orb.CCW) != (i == 0) {
					t.Errorf("%s: ring %d is open or turns the wrong way", c.name, i)
				}
				for _, q := range ring {
					worst = max(worst, math.Abs(r.Distance(q)-c.metres))
				}
			}
		}
		if len(m) != c.polygons || holes != c.hole {
			t.Errorf("%s: %d polygons with %d holes, want %d with %d", c.name, len(m), holes, c.polygons, c.hole)
		}
		if worst > c.metres*2e-4 {
			t.Errorf("%s: a point of the outline is off by %.3f m", c.name, worst)
		}
		if area := geo.GeodesicArea(m); c.area > 0 && math.Abs(area/c.area-1) > 3e-3 {
			t.Errorf("%s: %.0f m², want %.0f", c.name, area, c.area)
		}
	}
}

func TestReachRefuses(t *testing.T) {
	for _, g := range []orb.Geometry{nil, orb.LineString{}, orb.Polygon{}, orb.Point{math.NaN(), 1}, orb.Point{0, 88}, orb.LineString{{100, 20}, {110, 20}}} {
		if _, err := geo.NewReach(g); !errors.Is(err, geo.ErrReach) {
			t.Errorf("%v: %v", g, err)
		}
	}
	r, err := geo.NewReach(orb.LineString{{114, 22}, {115, 23}})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []float64{0, -1, math.NaN(), 0.01, 1e9} {
		if _, err := r.Outline(m); !errors.Is(err, geo.ErrReach) {
			t.Errorf("outline of %g m: %v", m, err)
		}
	}
	two, err := geo.NewReach(orb.MultiPoint{{114, 22}, {115, 23}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.Outline(1e-4); !errors.Is(err, geo.ErrReach) {
		t.Errorf("outline of a tenth of a millimetre over 150 km: %v", err)
	}
	if m, err := two.Outline(5); err != nil || len(m) != 2 {
		t.Errorf("two circles 150 km apart: %d polygons, %v", len(m), err)
	}
	if !math.IsInf(r.Distance(orb.MultiPoint{}), 1) {
		t.Error("nothing is near")
	}
}

func BenchmarkReach(b *testing.B) {
	o := orb.Point{114.05, 22.54}
	house := orb.Polygon{block(off(o, 70, 300), 40, 20, 30)}
	var ring orb.Ring
	for i := range 2000 {
		ring = append(ring, off(o, -float64(i)*0.18, 4000+800*math.Sin(float64(i)/9)))
	}
	for _, c := range []struct {
		name string
		g    orb.Geometry
	}{{"point", o}, {"area2000", orb.Polygon{append(ring, ring[0])}}} {
		r, err := geo.NewReach(c.g)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("measure/"+c.name, func(b *testing.B) {
			var f geo.Flat
			b.ReportAllocs()
			for b.Loop() {
				r.Lay(&f, house)
				r.Measure(&f, 500)
			}
		})
		b.Run("outline/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Outline(500); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("lay", func(b *testing.B) {
		r, _ := geo.NewReach(o)
		var f geo.Flat
		for b.Loop() {
			r.Lay(&f, house)
		}
		b.Log(fmt.Sprint("a house of ", len(house[0]), " points"))
	})
}
