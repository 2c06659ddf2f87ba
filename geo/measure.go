package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// earthRadiusM is the radius of the sphere with the area of the CGCS2000 ellipsoid.
const earthRadiusM = 6371007.1809

// Distance returns the metres between two points in degrees, along a great circle of the sphere of equal area: within
// 0.6 % of the ellipsoid's.
func Distance(a, b orb.Point) float64 {
	const rad = math.Pi / 180
	sinLat := math.Sin((b[1] - a[1]) * rad / 2)
	sinLon := math.Sin((b[0] - a[0]) * rad / 2)
	h := sinLat*sinLat + math.Cos(a[1]*rad)*math.Cos(b[1]*rad)*sinLon*sinLon
	return 2 * earthRadiusM * math.Asin(math.Sqrt(min(1, h)))
}

// RingArea returns the area inside r in m², positive whichever way r runs. It is the area of the ring's cylindrical
// equal-area projection from the authalic sphere of the CGCS2000 ellipsoid (each latitude is made authalic first): for
// anything of the size of a city within 1e-6 of the geodesic area.
func RingArea(r orb.Ring) float64 { return math.Abs(signedArea(r)) }

// Area returns the area of g in m²: outer rings less holes, 0 for points and lines. Parts that overlap count twice.
func Area(g orb.Geometry) float64 { return areaOf(g, RingArea) }

// areaOf adds up the areas of rings: outer ones less holes, 0 for points and lines.
func areaOf(g orb.Geometry, ring func(orb.Ring) float64) float64 {
	var sum float64
	switch g := g.(type) {
	case orb.Ring:
		return ring(g)
	case orb.Bound:
		return areaOf(g.ToPolygon(), ring)
	case orb.Polygon:
		for i, r := range g {
			if i == 0 {
				sum = ring(r)
			} else {
				sum -= ring(r)
			}
		}
		return max(0, sum)
	case orb.MultiPolygon:
		for _, p := range g {
			sum += areaOf(p, ring)
		}
	case orb.Collection:
		for _, c := range g {
			sum += areaOf(c, ring)
		}
	}
	return sum
}

// signedArea is positive for a ring that runs anticlockwise.
func signedArea(r orb.Ring) float64 {
	if len(r) < 3 {
		return 0
	}
	// Relative to the first point, so that small rings lose no digits.
	q0 := authalicSin(r[0][1])
	var sum float64
	px, py := 0.0, 0.0
	for i := 1; i <= len(r); i++ {
		p := r[i%len(r)]
		x, y := p[0]-r[0][0], authalicSin(p[1])-q0
		sum += px*y - x*py
		px, py = x, y
	}
	return sum / 2 * math.Pi / 180 * earthRadiusM * earthRadiusM
}

// authalicSin returns the sine of the authalic latitude for a geodetic latitude in degrees (Snyder 1987, 3-12), which is
// the y of the equal-area projection.
func authalicSin(lat float64) float64 {
	s := math.Sin(lat * math.Pi / 180)
	return authalicQ(s) / authalicQP
}

func authalicQ(s float64) float64 {
	es := ellE * s
	return (1 - ellE2) * (s/(1-es*es) + math.Atanh(es)/ellE)
}

// The CGCS2000 ellipsoid (GB 22021-2008).
const (
	ellA = 6378137.0
	ellF = 1 / 298.257222101
)

const ellE2 = ellF * (2 - ellF)

var (
	ellE       = math.Sqrt(ellE2)
	authalicQP = authalicQ(1)
)
