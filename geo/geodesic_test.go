package geo_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"kuaitu/geo"
)

func closeTo(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s is %.12f, want %.12f ± %g", what, got, want, tol)
	}
}

// The figures are published for WGS 84, whose flattening differs in the ninth digit: at most 0.1 mm over 20,000 km.
func TestInversePublished(t *testing.T) {
	for _, c := range []struct {
		name             string
		a, b             orb.Point
		metres, azA, azB float64
		tolM, tolAz      float64
	}{
		{"New York to London, GeographicLib", orb.Point{-73.8, 40.6}, orb.Point{-0.5, 51.6}, 5551759.400, 51.198882845, 107.821776735, 6e-4, 1e-8},
		{"Karney 2013 table 2", orb.Point{0, 40}, orb.Point{137.84490004377, 41.79331020506}, 1e7, 30, 149.09016931807, 1e-3, 1e-7},
		{"Karney 2013 table 3, short", orb.Point{0, -30.12345}, orb.Point{0.00005, -30.12344}, 4.944208, 77.04353354237, 77.04350844913, 2e-6, 1e-7},
		{"Karney 2013 table 4, nearly antipodal", orb.Point{0, -30}, orb.Point{179.8, 29.9}, 19989832.827610, 161.89052473633, 18.09073724574, 1e-3, 1e-6},
		{"quarter of the meridian", orb.Point{0, 0}, orb.Point{0, 90}, 10001965.729, 0, 0, 1e-3, 0},
		{"quarter of the equator", orb.Point{10, 0}, orb.Point{100, 0}, math.Pi / 2 * 6378137, 90, 90, 1e-6, 1e-12},
		{"antipodes on the equator go by a pole", orb.Point{0, 0}, orb.Point{180, 0}, 20003931.4586, 180, 0, 1e-3, 1e-9},
		{"the same point", orb.Point{114, 22.5}, orb.Point{114, 22.5}, 0, 0, 0, 0, 0},
		{"due south", orb.Point{114, 22.5}, orb.Point{114, 22.4}, 11073.64, 180, 180, 0.01, 0},
		{"due west over the date line", orb.Point{-179.5, 0}, orb.Point{179.5, 0}, math.Pi / 180 * 6378137, -90, -90, 1e-6, 1e-12},
	} {
		s, azA, azB := geo.Inverse(c.a, c.b)
		closeTo(t, c.name+": length", s, c.metres, c.tolM)
		closeTo(t, c.name+": azimuth at a", azA, c.azA, c.tolAz)
		closeTo(t, c.name+": azimuth at b", azB, c.azB, c.tolAz)
	}
}

func TestDirectPublished(t *testing.T) {
	b, az := geo.Direct(orb.Point{0, 40}, 30, 1e7) // Karney 2013 table 2
	closeTo(t, "latitude", b[1], 41.79331020506, 1e-9)
	closeTo(t, "longitude", b[0], 137.84490004377, 1e-9)
	closeTo(t, "azimuth", az, 149.09016931807, 1e-8)
	b, az = geo.Direct(orb.Point{117.5, 0}, 90, math.Pi*6378137) // half round the equator
	closeTo(t, "longitude", b[0], -62.5, 1e-12)
	closeTo(t, "latitude", b[1], 0, 1e-12)
	closeTo(t, "azimuth", az, 90, 1e-12)
	once, _ := geo.Direct(orb.Point{114, 22.5}, 77, 5e6)
	back, _ := geo.Direct(once, func() float64 { _, _, z := geo.Inverse(orb.Point{114, 22.5}, once); return z }(), -5e6)
	closeTo(t, "backwards longitude", back[0], 114, 1e-12)
	closeTo(t, "backwards latitude", back[1], 22.5, 1e-12)
}

// integrate follows the geodesic in space: a curve on the ellipsoid whose acceleration is along the surface's normal. It
// knows nothing of series, spheres or azimuths.
func integrate(a orb.Point, azimuth, metres float64) orb.Point {
	const ra, f = 6378137.0, 1 / 298.257222101
	const e2 = f * (2 - f)
	sinLat, cosLat := math.Sincos(a[1] * math.Pi / 180)
	sinLon, cosLon := math.Sincos(a[0] * math.Pi / 180)
	sinAz, cosAz := math.Sincos(azimuth * math.Pi / 180)
	n := ra / math.Sqrt(1-e2*sinLat*sinLat)
	y := [6]float64{n * cosLat * cosLon, n * cosLat * sinLon, n * (1 - e2) * sinLat,
		-sinAz*sinLon - cosAz*sinLat*cosLon, sinAz*cosLon - cosAz*sinLat*sinLon, cosAz * cosLat}
	slope := func(y [6]float64) [6]float64 {
		// Surface x²+y²+z²/(1-e²) = a²; gradient g, and acceleration -(v·Hv / g·g) g.
		w := 1 / (1 - e2)
		g := [3]float64{y[0], y[1], y[2] * w}
		k := (y[3]*y[3] + y[4]*y[4] + y[5]*y[5]*w) / (g[0]*g[0] + g[1]*g[1] + g[2]*g[2])
		return [6]float64{y[3], y[4], y[5], -k * g[0], -k * g[1], -k * g[2]}
	}
	const steps = 4000
	h := metres / steps
	add := func(y, d [6]float64, h float64) [6]float64 {
		for i := range y {
			y[i] += h * d[i]
		}
		return y
	}
	for range steps { // Runge-Kutta of the fourth order
		k1 := slope(y)
		k2 := slope(add(y, k1, h/2))
		k3 := slope(add(y, k2, h/2))
		k4 := slope(add(y, k3, h))
		for i := range y {
			y[i] += h / 6 * (k1[i] + 2*k2[i] + 2*k3[i] + k4[i])
		}
	}
	return orb.Point{math.Atan2(y[1], y[0]) * 180 / math.Pi, math.Atan2(y[2], (1-e2)*math.Hypot(y[0], y[1])) * 180 / math.Pi}
}

func TestDirectFollowsTheSurface(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for range 30 {
		a := orb.Point{rng.Float64()*360 - 180, rng.Float64()*178 - 89}
		azimuth, metres := rng.Float64()*360-180, rng.Float64()*19e6
		got, _ := geo.Direct(a, azimuth, metres)
		want := integrate(a, azimuth, metres)
		if d, _, _ := geo.Inverse(got, want); d > 2e-5 {
			t.Errorf("from %v %.3f° %.0f m: %v, integrated %v, %.6f m apart", a, azimuth, metres, got, want, d)
		}
	}
}

func lonLat(t *rapid.T, name string) orb.Point {
	return orb.Point{rapid.Float64Range(-180, 180).Draw(t, name+" lon"), rapid.Float64Range(-90, 90).Draw(t, name+" lat")}
}

func TestDirectUndoesInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := lonLat(t, "a"), lonLat(t, "b")
		s, azA, azB := geo.Inverse(a, b)
		if math.IsNaN(s+azA+azB) || s < 0 || s > 20003932 {
			t.Fatalf("%v to %v: %g m, azimuths %g, %g", a, b, s, azA, azB)
		}
		got, az := geo.Direct(a, azA, s)
		if d, _, _ := geo.Inverse(got, b); d > 1e-7 {
			t.Errorf("%v to %v is %.9f m in %.12f°, which leads to %v, %.9f m away", a, b, s, azA, got, d)
		}
		if math.Abs(b[1]) < 89.9 && math.Abs(math.Remainder(az-azB, 360)) > 1e-6 && s < 19.9e6 && s > 1 {
			t.Errorf("%v to %v: azimuth at the end %.12f, on the way there %.12f", a, b, azB, az)
		}
		back, bA, bB := geo.Inverse(b, a)
		if math.Abs(back-s) > 1e-8*max(1, s/1e6) {
			t.Errorf("%v to %v is %.9f m, and %.9f m back", a, b, s, back)
		}
		if s > 1 && s < 19.9e6 && (math.Abs(math.Remainder(bA-azB-180, 360)) > 1e-6 || math.Abs(math.Remainder(bB-azA-180, 360)) > 1e-6) {
			t.Errorf("%v to %v: azimuths %.9f, %.9f there and %.9f, %.9f back", a, b, azA, azB, bA, bB)
		}
	})
}

// Near the antipode the solution is hardest: nothing there may fail to end or be beaten by a detour.
func TestInverseNearTheAntipode(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for range 20000 {
		a := orb.Point{rng.Float64()*360 - 180, rng.Float64()*180 - 90}
		spread := math.Pow(10, -rng.Float64()*10)
		b := orb.Point{a[0] + 180 + (rng.Float64()-.5)*spread, max(-90, min(90, -a[1]+(rng.Float64()-.5)*spread))}
		s, az, _ := geo.Inverse(a, b)
		got, _ := geo.Direct(a, az, s)
		if d, _, _ := geo.Inverse(got, b); !(d < 1e-6) || s > 20003932 {
			t.Fatalf("%v to %v: %.6f m in %.9f° leads %g m astray", a, b, s, az, d)
		}
	}
}

func TestTriangleInequality(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := lonLat(t, "a"), lonLat(t, "b"), lonLat(t, "c")
		ab, _, _ := geo.Inverse(a, b)
		bc, _, _ := geo.Inverse(b, c)
		ac, _, _ := geo.Inverse(a, c)
		if ac > ab+bc+1e-6 {
			t.Errorf("%v to %v is %.6f m, by %v only %.6f m", a, c, ac, b, ab+bc)
		}
	})
}

func TestGeodesicAreaPublished(t *testing.T) {
	antarctica := orb.Ring{{-58, -63.1}, {-74, -72.9}, {-102, -71.9}, {-102, -74.9}, {-131, -74.3}, {-163, -77.5}, {163, -77.4}, {172, -71.7}, {140, -65.9},
		{113, -65.7}, {88, -66.6}, {59, -66.9}, {25, -69.8}, {-4, -70.0}, {-14, -71.0}, {-33, -77.3}, {-46, -77.9}, {-61, -74.7}} // GeographicLib's example
	closeTo(t, "Antarctica", geo.GeodesicArea(antarctica), 13662703680020.1, 1e6*1e-1)
	closeTo(t, "its outline", geo.GeodesicLength(antarctica), 16831067.893, 2e-3)
	const whole = 510065621724088.5 // of the WGS 84 ellipsoid, m²
	closeTo(t, "an eighth of the globe", geo.GeodesicArea(orb.Ring{{0, 0}, {90, 0}, {0, 90}, {0, 0}}), whole/8, 1e3)
	north := orb.Ring{{0, 1e-9}, {120, 1e-9}, {-120, 1e-9}}
	closeTo(t, "a hemisphere", geo.GeodesicArea(north), whole/2, 1e6)
}

// The area under geodesics tends to that of the equal-area plane when their points are dense.
func TestGeodesicAreaOfDenseOutline(t *testing.T) {
	for _, r := range []orb.Ring{
		{{113.7, 22.4}, {114.7, 22.5}, {114.5, 22.9}, {113.8, 22.8}, {113.7, 22.4}},
		{{100, 20}, {110, 18}, {125, 50}, {90, 45}, {100, 20}},
	} {
		dense := orb.Ring(geo.Densify(orb.LineString(r), 250))
		want := geo.RingArea(dense)
		closeTo(t, "area over that of the plane", geo.GeodesicArea(r)/want, 1, 2e-8)
		closeTo(t, "with more points", geo.GeodesicArea(dense)/geo.GeodesicArea(r), 1, 1e-11)
	}
}

func TestGeodesicAreaSmallAndHoles(t *testing.T) {
	// A block of 100 m: its area by Direct's own steps, without the globe's figures getting in the way.
	o := orb.Point{114.05, 22.54}
	at := func(x, y float64) orb.Point {
		e, _ := geo.Direct(o, 90, x)
		n, _ := geo.Direct(e, 0, y)
		return n
	}
	outer := orb.Ring{at(0, 0), at(100, 0), at(100, 100), at(0, 100), at(0, 0)}
	hole := orb.Ring{at(40, 40), at(60, 40), at(60, 60), at(40, 60), at(40, 40)}
	const narrower = 3.257e-6 // meridians converge: 50 m · tan 22.54° / 6,371 km
	closeTo(t, "block", geo.GeodesicArea(orb.Polygon{outer}), 1e4*(1-narrower), 1e-3)
	closeTo(t, "court taken off", geo.GeodesicArea(orb.Polygon{outer, hole}), 9600*(1-narrower), 2e-3)
	hole.Reverse()
	closeTo(t, "court the other way round", geo.GeodesicArea(orb.MultiPolygon{{outer, hole}}), 9600*(1-narrower), 2e-3)
	closeTo(t, "both outlines", geo.GeodesicLength(orb.Polygon{outer, hole}), 480, 1e-3)
	if geo.GeodesicArea(orb.LineString(outer)) != 0 || geo.GeodesicArea(orb.Ring{at(0, 0), at(1, 0)}) != 0 {
		t.Error("what is no area has one")
	}
	closeTo(t, "the quick approximation", geo.Area(orb.Polygon{outer}), 1e4, 0.04)
}

func TestCircleIsTrueInMetres(t *testing.T) {
	for _, c := range []struct {
		at     orb.Point
		metres float64
	}{{orb.Point{114.05, 22.54}, 500}, {orb.Point{126.5, 45.8}, 100}, {orb.Point{114.05, 22.54}, 50000}} {
		ring := geo.Circle(c.at, c.metres, 72)[0]
		if len(ring) != 73 || ring[0] != ring[72] {
			t.Fatalf("%d points, first %v, last %v", len(ring), ring[0], ring[len(ring)-1])
		}
		for i, p := range ring {
			d, az, _ := geo.Inverse(c.at, p)
			closeTo(t, fmt.Sprint("radius at point ", i), d, c.metres, 1e-7)
			closeTo(t, fmt.Sprint("azimuth of point ", i), math.Abs(math.Remainder(az+360*float64(i)/72, 360)), 0, 1e-6)
		}
	}
}

func TestDensify(t *testing.T) {
	l := orb.LineString{{114, 22.5}, {114.1, 22.5}, {114.1, 22.6}}
	out := geo.Densify(l, 500)
	for i := 1; i < len(out); i++ {
		if d, _, _ := geo.Inverse(out[i-1], out[i]); d > 500.001 || d < 400 {
			t.Errorf("step %d is %.3f m", i, d)
		}
	}
	closeTo(t, "length kept", geo.GeodesicLength(out), geo.GeodesicLength(l), 1e-6)
	if got := geo.Densify(l, 0); len(got) != 3 {
		t.Errorf("no step asked for: %d points", len(got))
	}
}

func BenchmarkInverse(b *testing.B) {
	for _, c := range []struct {
		name string
		b    orb.Point
	}{{"20m", orb.Point{114.0502, 22.5401}}, {"2km", orb.Point{114.06, 22.556}}, {"5000km", orb.Point{80, 50}}, {"antipode", orb.Point{-65.9, -22.4}}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				geo.Inverse(orb.Point{114.05, 22.54}, c.b)
			}
		})
	}
}

func BenchmarkDirect(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		geo.Direct(orb.Point{114.05, 22.54}, 33, 500)
	}
}
