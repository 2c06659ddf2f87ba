package geo_test

import (
	"math"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
)

func geometries(tb testing.TB, file string) []orb.Geometry {
	tb.Helper()
	var out []orb.Geometry
	for _, f := range realFeatures(tb, file) {
		out = append(out, f.geometry)
	}
	return out
}

func moved(gs []orb.Geometry, from, to geo.Datum) []orb.Geometry {
	out := make([]orb.Geometry, len(gs))
	for i, g := range gs {
		out[i] = geo.Transform(g, from, to)
	}
	return out
}

func innerPoints(gs []orb.Geometry) []orb.Geometry {
	var out []orb.Geometry
	for _, g := range gs {
		if p, ok := geo.InnerPoint(g); ok {
			out = append(out, p)
		}
	}
	return out
}

// halves returns the features with odd and with even position, so that neither knows one of the other.
func halves(gs []orb.Geometry) (odd, even []orb.Geometry) {
	for i, g := range gs {
		if i%2 == 0 {
			even = append(even, g)
		} else {
			odd = append(odd, g)
		}
	}
	return odd, even
}

func TestMeasureShiftOfRealFiles(t *testing.T) {
	boundaries := geometries(t, "boundaries_shenzhen_osm.geojson.gz")
	buildings := geometries(t, "buildings_shenzhen.geojson.gz")[:12000]
	land := geometries(t, "districts_shenzhen_wgs84_land.geojson")
	datav := geometries(t, "datav_districts_440300_shenzhen_gcj02.geojson")
	streets := geometries(t, "streets74_shenzhen_gcj02.geojson.gz")
	odd, _ := halves(boundaries)
	for _, c := range []struct {
		name         string
		given, known []orb.Geometry
		gcj          bool
		silent       bool // nothing in common: no word either way
	}{
		{"DataV districts", datav, boundaries, true, false},
		{"one DataV district", datav[2:3], boundaries, true, false},
		{"DataV against the land file", datav, land, true, false},
		{"old streets", streets, boundaries, true, false},
		{"DataV, converted", moved(datav, geo.GCJ02, geo.WGS84), boundaries, false, false},
		{"old streets, converted", moved(streets, geo.GCJ02, geo.WGS84), boundaries, false, false},
		{"land file", land, boundaries, false, false},
		{"OSM boundaries", odd, boundaries, false, false},
		{"OSM boundaries, shifted", moved(boundaries, geo.WGS84, geo.GCJ02), land, true, false},
		{"buildings", buildings[:3000], buildings, false, false},
		{"buildings, shifted", moved(buildings[:3000], geo.WGS84, geo.GCJ02), buildings, true, false},
		{"points of buildings", innerPoints(buildings[8000:9000]), buildings, false, false},
		{"points of buildings, shifted", moved(innerPoints(buildings[8000:9000]), geo.WGS84, geo.GCJ02), buildings, true, false},
		{"few points, shifted", moved(innerPoints(buildings[:60]), geo.WGS84, geo.GCJ02), buildings, true, false},
		{"points against points, shifted", moved(innerPoints(buildings[:3000]), geo.WGS84, geo.GCJ02), innerPoints(buildings), true, false},
		{"another city", geometries(t, "buildings_macau.geojson.gz"), buildings, false, true},
		{"another city's boundaries", geometries(t, "datav_districts_420100_wuhan_gcj02.geojson"), boundaries, false, true},
		{"nothing", nil, boundaries, false, true},
	} {
		s := geo.MeasureShift(c.given, c.known)
		t.Logf("%-32s %+.0f E %+.0f N, GCJ %v, confidence %.2f, %.1f m as is, %.1f m converted, %d samples", c.name, s.East, s.North, s.LooksGCJ, s.Confidence, s.AsIs, s.Converted, s.Samples)
		east, north := 0.0, 0.0
		if c.gcj {
			east, north = 510, -290
		}
		if s.LooksGCJ != c.gcj || (s.Confidence == 0) != c.silent || math.Hypot(s.East-east, s.North-north) > 70 {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
	// Other buildings of the same town, which share no outline with the known ones: no false alarm.
	odd, even := halves(buildings)
	if s := geo.MeasureShift(odd, even); s.LooksGCJ {
		t.Errorf("half the buildings against the other half: %+v", s)
	}
	if s := geo.MeasureShift(geometries(t, "buildings_macau.geojson.gz"), geometries(t, "buildings_macau.geojson.gz")); s.LooksGCJ || s.Confidence < 0.5 {
		t.Errorf("Macau: %+v", s)
	}
}

func TestMeasureShiftSurvivesNonsense(t *testing.T) {
	bad := []orb.Geometry{nil, orb.Polygon{}, orb.LineString{{math.NaN(), 1}, {2, 3}}, orb.LineString{{1, 1}, {1, 1}}, orb.Point{math.Inf(1), 0}, orb.MultiPoint{{500, 500}, {1e300, 0}}}
	world := []orb.Geometry{orb.Bound{Min: orb.Point{-180, -90}, Max: orb.Point{180, 90}}}
	for _, g := range [][]orb.Geometry{nil, bad, world} {
		for _, k := range [][]orb.Geometry{nil, bad, world} {
			if s := geo.MeasureShift(g, k); s.LooksGCJ {
				t.Errorf("%v against %v: %+v", g, k, s)
			}
		}
	}
}

func BenchmarkMeasureShift(b *testing.B) {
	known := geometries(b, "buildings_shenzhen.geojson.gz")
	given := moved(known[:5000], geo.WGS84, geo.GCJ02)
	b.ReportAllocs()
	for b.Loop() {
		if !geo.MeasureShift(given, known).LooksGCJ {
			b.Fatal("not seen")
		}
	}
}
