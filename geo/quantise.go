package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// GridPerDegree is the storage grid: coordinates are whole multiples of 1e-7° (about 1 cm), so that they fit an int32,
// compress well and hash alike on every machine.
const GridPerDegree = 1e7

// Quantise returns g on the storage grid: every coordinate is float64(int32)/1e7, rounded half away from zero, points that
// fall on their predecessor in a line or ring are dropped, and rings are closed. A ring with fewer than three points left
// is dropped, and with an outer ring its polygon, so that the result may be empty ([Empty]). NaN becomes 0 and values
// beyond ±180 are cut to ±180: [Repair] refuses such input beforehand. Quantise(Quantise(g)) equals Quantise(g). The
// result shares nothing with g.
func Quantise(g orb.Geometry) orb.Geometry {
	switch g := g.(type) {
	case nil:
		return nil
	case orb.Point:
		return quantisePoint(g)
	case orb.MultiPoint:
		out := make(orb.MultiPoint, len(g))
		for i, p := range g {
			out[i] = quantisePoint(p)
		}
		return out
	case orb.LineString:
		return orb.LineString(quantiseRun(g))
	case orb.Ring:
		return quantiseRing(g)
	case orb.MultiLineString:
		out := make(orb.MultiLineString, len(g))
		for i, l := range g {
			out[i] = quantiseRun(l)
		}
		return out
	case orb.Polygon:
		return quantisePolygon(g)
	case orb.MultiPolygon:
		out := make(orb.MultiPolygon, 0, len(g))
		for _, p := range g {
			if q := quantisePolygon(p); len(q) > 0 {
				out = append(out, q)
			}
		}
		return out
	case orb.Collection:
		out := make(orb.Collection, len(g))
		for i, c := range g {
			out[i] = Quantise(c)
		}
		return out
	}
	return MapPoints(g, quantisePoint)
}

// Empty says whether g has no point at all.
func Empty(g orb.Geometry) bool {
	if _, ok := g.(orb.Point); ok {
		return false
	}
	_, ok := Bounds(g)
	return !ok
}

// gridOf returns v on the storage grid.
func gridOf(v float64) int32 {
	if !(math.Abs(v) <= 180) { // NaN too
		switch {
		case v > 180:
			return 180 * GridPerDegree
		case v < -180:
			return -180 * GridPerDegree
		}
		return 0
	}
	return int32(math.Round(v * GridPerDegree))
}

func quantisePoint(p orb.Point) orb.Point {
	return orb.Point{float64(gridOf(p[0])) / GridPerDegree, float64(gridOf(p[1])) / GridPerDegree}
}

func quantiseRun(in []orb.Point) []orb.Point {
	out := make([]orb.Point, 0, len(in)+1) // room to close a ring
	for _, p := range in {
		if q := quantisePoint(p); len(out) == 0 || q != out[len(out)-1] {
			out = append(out, q)
		}
	}
	return out
}

func quantiseRing(in orb.Ring) orb.Ring {
	out := quantiseRun(in)
	if n := len(out); n > 0 && out[0] != out[n-1] {
		out = append(out, out[0])
	}
	if len(out) < 4 {
		return nil
	}
	return out
}

func quantisePolygon(in orb.Polygon) orb.Polygon {
	out := make(orb.Polygon, 0, len(in))
	for i, r := range in {
		q := quantiseRing(r)
		switch {
		case q != nil:
			out = append(out, q)
		case i == 0:
			return orb.Polygon{}
		}
	}
	return out
}
