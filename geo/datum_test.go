package geo_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
)

// near fails unless got is within tol degrees (or metres) of want on both axes.
func near(t *testing.T, name string, got, want orb.Point, tol float64) {
	t.Helper()
	if math.Abs(got[0]-want[0]) > tol || math.Abs(got[1]-want[1]) > tol {
		t.Errorf("%s: got %.10f, want %.10f (within %g)", name, got, want, tol)
	}
}

func TestGCJ02Vectors(t *testing.T) {
	// The published vector of domain research §2.7.
	wgs, gcj := orb.Point{113.912316, 22.543847}, orb.Point{113.9171764808363, 22.540796131694766}
	near(t, "WGS84ToGCJ02", geo.WGS84ToGCJ02(wgs), gcj, 1e-12)
	near(t, "GCJ02ToWGS84", geo.GCJ02ToWGS84(geo.WGS84ToGCJ02(wgs)), wgs, 1e-9)
}

func TestDatumRoundTrips(t *testing.T) {
	const seed = 7
	rng := rand.New(rand.NewPCG(seed, seed))
	all := []geo.Datum{geo.CGCS2000, geo.WGS84, geo.GCJ02, geo.BD09}
	for range 2000 {
		p := orb.Point{74 + 60*rng.Float64(), 4 + 48*rng.Float64()}
		for _, a := range all {
			for _, b := range all {
				if back := geo.Convert(geo.Convert(p, a, b), b, a); math.Abs(back[0]-p[0]) > 1e-9 || math.Abs(back[1]-p[1]) > 1e-9 {
					t.Fatalf("%v → %v → %v: %v came back as %v", a, b, a, p, back)
				}
			}
		}
	}
}

func TestOutsideTheBoxNothingShifts(t *testing.T) {
	for _, p := range []orb.Point{{2.35, 48.85}, {-77, 39}, {150, 30}, {114, 0.5}} {
		if got := geo.Convert(p, geo.WGS84, geo.GCJ02); got != p {
			t.Errorf("%v shifted to %v", p, got)
		}
	}
}

func TestParseDatum(t *testing.T) {
	for name, want := range map[string]geo.Datum{"cgcs2000": geo.CGCS2000, "WGS84": geo.WGS84, "wgs 84": geo.WGS84, "GCJ-02": geo.GCJ02,
		"bd09": geo.BD09, "EPSG:4490": geo.CGCS2000, "epsg:4326": geo.WGS84} {
		if got, err := geo.ParseDatum(name); err != nil || got != want {
			t.Errorf("ParseDatum(%q) = %v, %v; want %v", name, got, err, want)
		}
	}
	if _, err := geo.ParseDatum("beijing54"); err == nil {
		t.Error("beijing54 was taken")
	}
	for _, d := range []geo.Datum{geo.CGCS2000, geo.WGS84, geo.GCJ02, geo.BD09} {
		if got, err := geo.ParseDatum(d.String()); err != nil || got != d {
			t.Errorf("%v does not parse back: %v, %v", d, got, err)
		}
	}
}
