package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// Constants of GCJ-02 and BD-09 as published by those who took the public map services apart.
const (
	gcjAxis = 6378245.0              // semi-major axis of the Krasovsky ellipsoid, m
	gcjEE   = 0.00669342162296594323 // its first eccentricity squared
	bdPi    = math.Pi * 3000 / 180
	bdLon   = 0.0065
	bdLat   = 0.006
)

// InGCJBox says whether the shift of GCJ-02 applies at p (WGS 84): 72.004…137.8347 E, 0.8293…55.8271 N. The box is rough:
// it holds Hong Kong, Macau and neighbouring countries, where the map services themselves do not shift.
func InGCJBox(p orb.Point) bool {
	return p[0] >= 72.004 && p[0] <= 137.8347 && p[1] >= 0.8293 && p[1] <= 55.8271
}

// WGS84ToGCJ02 shifts p as public Chinese maps do; outside [InGCJBox] it returns p.
func WGS84ToGCJ02(p orb.Point) orb.Point {
	if !InGCJBox(p) {
		return p
	}
	dx, dy := gcjShift(p)
	return orb.Point{p[0] + dx, p[1] + dy}
}

// GCJ02ToWGS84 undoes [WGS84ToGCJ02] to 1e-9° (0.1 mm); outside the box it returns p.
func GCJ02ToWGS84(p orb.Point) orb.Point {
	if !InGCJBox(p) {
		return p
	}
	return invert(p, WGS84ToGCJ02)
}

// GCJ02ToBD09 adds Baidu's own shift. It applies everywhere; outside China Baidu's coordinates are not used.
func GCJ02ToBD09(p orb.Point) orb.Point {
	z := math.Hypot(p[0], p[1]) + 0.00002*math.Sin(p[1]*bdPi)
	t := math.Atan2(p[1], p[0]) + 0.000003*math.Cos(p[0]*bdPi)
	return orb.Point{z*math.Cos(t) + bdLon, z*math.Sin(t) + bdLat}
}

// BD09ToGCJ02 undoes [GCJ02ToBD09] to 1e-9°. The closed formula in circulation is only good to about 1e-6°.
func BD09ToGCJ02(p orb.Point) orb.Point { return invert(p, GCJ02ToBD09) }

// WGS84ToBD09 is both shifts after each other.
func WGS84ToBD09(p orb.Point) orb.Point { return GCJ02ToBD09(WGS84ToGCJ02(p)) }

// BD09ToWGS84 undoes [WGS84ToBD09].
func BD09ToWGS84(p orb.Point) orb.Point { return GCJ02ToWGS84(BD09ToGCJ02(p)) }

// invert finds q with f(q) = p for an f that is close to a translation: q moves by the error left until that is below
// 1e-10°. Two to four rounds do; the bound is for points at the very edge of the box, where f jumps.
func invert(p orb.Point, f func(orb.Point) orb.Point) orb.Point {
	q := p
	for range 16 {
		r := f(q)
		dx, dy := p[0]-r[0], p[1]-r[1]
		q[0] += dx
		q[1] += dy
		if math.Abs(dx) < 1e-10 && math.Abs(dy) < 1e-10 {
			break
		}
	}
	return q
}

// gcjShift returns the shift at p in degrees.
func gcjShift(p orb.Point) (dLon, dLat float64) {
	x, y := p[0]-105, p[1]-35
	common := (20*math.Sin(6*x*math.Pi) + 20*math.Sin(2*x*math.Pi)) * 2 / 3
	lat := -100 + 2*x + 3*y + 0.2*y*y + 0.1*x*y + 0.2*math.Sqrt(math.Abs(x)) + common +
		(20*math.Sin(y*math.Pi)+40*math.Sin(y/3*math.Pi))*2/3 +
		(160*math.Sin(y/12*math.Pi)+320*math.Sin(y/30*math.Pi))*2/3
	lon := 300 + x + 2*y + 0.1*x*x + 0.1*x*y + 0.1*math.Sqrt(math.Abs(x)) + common +
		(20*math.Sin(x*math.Pi)+40*math.Sin(x/3*math.Pi))*2/3 +
		(150*math.Sin(x/12*math.Pi)+300*math.Sin(x/30*math.Pi))*2/3

	sin, cos := math.Sincos(p[1] * math.Pi / 180)
	m := 1 - gcjEE*sin*sin
	sqrt := math.Sqrt(m)
	dLat = lat * 180 / (gcjAxis * (1 - gcjEE) / (m * sqrt) * math.Pi)
	dLon = lon * 180 / (gcjAxis / sqrt * cos * math.Pi)
	return dLon, dLat
}
