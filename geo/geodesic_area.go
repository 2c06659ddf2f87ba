package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// authalicR2 is the square of the radius of the sphere with the ellipsoid's area, m² (60).
var authalicR2 = (ellA*ellA + ellB*ellB*math.Atanh(ellE)/ellE) / 2

// area is the area between a path in canonical position and the equator (58–63). omega is the difference of longitude on
// the sphere.
func (e *ends) area(g geodesic, omega sincos, meridian bool) float64 {
	alpha0 := sincos{g.at1.sin * e.beta1.cos, math.Hypot(g.at1.cos, g.at1.sin*e.beta1.sin)}
	var sum float64
	if alpha0.sin != 0 && alpha0.cos != 0 {
		var c4 [seriesOrder]float64
		seriesC4(expansion(alpha0.cos), &c4)
		s1 := sincos{e.beta1.sin, g.at1.cos * e.beta1.cos}.norm()
		s2 := sincos{e.beta2.sin, g.at2.cos * e.beta2.cos}.norm()
		sum = ellA * ellA * ellE2 * alpha0.sin * alpha0.cos * (cosSum(s2, &c4) - cosSum(s1, &c4))
	}
	// The spherical excess α2 - α1, by half angles where they lose fewer digits (64).
	var excess float64
	if !meridian && omega.cos > -0.7 && e.beta2.sin-e.beta1.sin < 1.75 {
		d, d1, d2 := 1+omega.cos, 1+e.beta1.cos, 1+e.beta2.cos
		excess = 2 * math.Atan2(omega.sin*(e.beta1.sin*d2+e.beta2.sin*d1), d*(e.beta1.sin*e.beta2.sin+d1*d2))
	} else {
		t := sincos{g.at2.sin*g.at1.cos - g.at2.cos*g.at1.sin, g.at2.cos*g.at1.cos + g.at2.sin*g.at1.sin}
		if t.sin == 0 && t.cos < 0 {
			t = sincos{tiny * g.at1.cos, -1}
		}
		excess = t.radians()
	}
	return sum + authalicR2*excess
}

// GeodesicArea returns the area of g in m², its edges being geodesics: outer rings less holes whichever way they run, 0
// for points and lines. A ring round a pole has the smaller of the two areas it divides the globe into. Parts that
// overlap count twice. Good to about 1e-8 m² per metre of outline; [Area] is the faster approximation.
func GeodesicArea(g orb.Geometry) float64 { return areaOf(g, geodesicRing) }

func geodesicRing(r orb.Ring) float64 {
	if len(r) < 3 {
		return 0
	}
	var sum, turns float64
	for i := range r {
		a, b := r[i], r[(i+1)%len(r)]
		sum += solveInverse(a, b, true).area
		turns += math.Remainder(b[0]-a[0], 360)
	}
	if w := math.Round(turns / 360); w != 0 {
		// Between the ring and the equator lies w·sum; the rest of that hemisphere is round the pole.
		return 2*math.Pi*authalicR2 - math.Abs(sum)
	}
	return math.Abs(sum)
}

// GeodesicLength returns the length of lines, or of the outlines of areas, in metres along geodesics; 0 for points.
func GeodesicLength(g orb.Geometry) float64 {
	var sum float64
	eachLine(g, func(l []orb.Point, closed bool) {
		for i := 1; i < len(l); i++ {
			sum += solveInverse(l[i-1], l[i], false).metres
		}
		if n := len(l); closed && n > 1 && l[0] != l[n-1] {
			sum += solveInverse(l[n-1], l[0], false).metres
		}
	})
	return sum
}

// eachLine calls f with the points of every part of g; closed parts are the rings of areas. Points are lines of one point.
func eachLine(g orb.Geometry, f func(l []orb.Point, closed bool)) {
	switch g := g.(type) {
	case orb.Point:
		f([]orb.Point{g}, false)
	case orb.MultiPoint:
		for i := range g {
			f(g[i:i+1], false)
		}
	case orb.LineString:
		f(g, false)
	case orb.MultiLineString:
		for _, l := range g {
			f(l, false)
		}
	case orb.Ring:
		f(g, true)
	case orb.Bound:
		eachLine(g.ToPolygon(), f)
	case orb.Polygon:
		for _, r := range g {
			f(r, true)
		}
	case orb.MultiPolygon:
		for _, p := range g {
			eachLine(p, f)
		}
	case orb.Collection:
		for _, c := range g {
			eachLine(c, f)
		}
	}
}
