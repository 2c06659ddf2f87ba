package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// Geodesics of the CGCS2000 ellipsoid, which for this purpose is that of WGS 84 too: a tenth of a millimetre apart over
// half the globe. The method is that of C. F. F. Karney, Algorithms for geodesics, Journal of Geodesy 87 (2013) 43–55,
// whose equations the comments name; it converges for every pair of points and is good to some nanometres.

// Inverse returns the length in metres of the shortest path from a to b, both in degrees, and its azimuths at a and at b
// in degrees clockwise from north, above -180 to 180. Points that are the same are 0 m apart in the direction 0; of paths
// that are equally short, as between antipodes, one is taken.
func Inverse(a, b orb.Point) (metres, azimuthA, azimuthB float64) {
	g := solveInverse(a, b, false)
	return g.metres, g.at1.degrees(), g.at2.degrees()
}

// Direct returns where a path of so many metres from a (degrees) in the direction of azimuth (degrees clockwise from
// north) ends, and its azimuth there. Negative metres go backwards. The longitude lies within ±180.
func Direct(a orb.Point, azimuth, metres float64) (b orb.Point, azimuthB float64) {
	alpha1 := sincosDeg(azimuth)
	beta1 := reduced(a[1])
	// Sphere: the great circle's azimuth at the equator, and where on it and at what longitude the path begins (5, 10–12).
	alpha0 := sincos{alpha1.sin * beta1.cos, math.Hypot(alpha1.cos, alpha1.sin*beta1.sin)}
	sigma1 := sincos{beta1.sin, alpha1.cos * beta1.cos}
	if sigma1.sin == 0 && sigma1.cos == 0 {
		sigma1.cos = 1 // along the equator
	}
	omega1 := sincos{alpha0.sin * beta1.sin, sigma1.cos}.norm()
	sigma1 = sigma1.norm()
	eps := expansion(alpha0.cos)
	var c1, c1p, c3 [seriesOrder]float64
	a1 := seriesA1(eps)
	seriesC1(eps, &c1)
	seriesC1p(eps, &c1p)
	// Distance along the ellipsoid to arc on the sphere, by the reverted series (7, 15, 20).
	b1 := sinSum(sigma1, &c1)
	tau1 := sigma1.plus(sincosRad(b1))
	tau12 := metres / (ellB * a1)
	tau2 := tau1.plus(sincosRad(tau12))
	sigma12 := tau12 - (-sinSum(tau2, &c1p) - b1)
	sigma2 := sigma1.plus(sincosRad(sigma12))

	sin2 := alpha0.cos * sigma2.sin
	cos2 := math.Hypot(alpha0.sin, alpha0.cos*sigma2.cos)
	if cos2 == 0 {
		cos2 = tiny
		sigma2.cos = tiny
	}
	alpha2 := sincos{alpha0.sin, alpha0.cos * sigma2.cos}
	omega2 := sincos{alpha0.sin * sigma2.sin, sigma2.cos}.norm()
	// Longitude on the sphere, with as many turns as the path has, to longitude on the ellipsoid (8, 23).
	east := math.Copysign(1, alpha0.sin)
	omega12 := east * (sigma12 - (sigma2.radians() - sigma1.radians()) + (sincos{east * omega2.sin, omega2.cos}.radians() - sincos{east * omega1.sin, omega1.cos}.radians()))
	seriesC3(eps, &c3)
	lambda12 := omega12 - ellF*alpha0.sin*seriesA3(eps)*(sigma12+sinSum(sigma2, &c3)-sinSum(sigma1, &c3))
	lon := math.Remainder(a[0]+math.Remainder(lambda12*180/math.Pi, 360), 360)
	return orb.Point{lon, math.Atan2(sin2, (1-ellF)*cos2) * 180 / math.Pi}, alpha2.degrees()
}

// Densify returns l with points added along the geodesics between its points, so that no step is longer than so many
// metres. On a Mercator map a long path is drawn bent only this way.
func Densify(l orb.LineString, metres float64) orb.LineString {
	if len(l) == 0 || !(metres > 0) {
		return l.Clone()
	}
	out := orb.LineString{l[0]}
	for i := 1; i < len(l); i++ {
		s, azimuth, _ := Inverse(l[i-1], l[i])
		n := int(min(math.Ceil(s/metres), maxDensify))
		for j := 1; j < n; j++ {
			p, _ := Direct(l[i-1], azimuth, s*float64(j)/float64(n))
			out = append(out, p)
		}
		out = append(out, l[i])
	}
	return out
}

// maxDensify bounds the points that Densify adds to one step.
const maxDensify = 10000

// Circle returns the polygon of n points (at least 3) that are so many metres from centre: the first in the north, then
// anticlockwise, closed.
func Circle(centre orb.Point, metres float64, n int) orb.Polygon {
	n = max(3, n)
	ring := make(orb.Ring, n+1)
	for i := range n {
		ring[i], _ = Direct(centre, -360*float64(i)/float64(n), metres)
	}
	ring[n] = ring[0]
	return orb.Polygon{ring}
}

// sincos is an angle as its sine and cosine, which keeps small angles and right angles exact.
type sincos struct{ sin, cos float64 }

func (t sincos) norm() sincos {
	h := math.Hypot(t.sin, t.cos)
	return sincos{t.sin / h, t.cos / h}
}

func (t sincos) plus(o sincos) sincos {
	return sincos{t.sin*o.cos + t.cos*o.sin, t.cos*o.cos - t.sin*o.sin}
}

func (t sincos) radians() float64 { return math.Atan2(t.sin, t.cos) }

// degrees is in (-180, 180], and never a negative zero.
func (t sincos) degrees() float64 {
	if d := math.Atan2(t.sin, t.cos) * 180 / math.Pi; d != -180 {
		return d + 0
	}
	return 180
}

func sincosRad(v float64) sincos {
	s, c := math.Sincos(v)
	return sincos{s, c}
}

// sincosDeg is exact at multiples of 90 degrees.
func sincosDeg(degrees float64) sincos {
	r := math.Remainder(degrees, 360)
	q := math.Round(r / 90)
	s, c := math.Sincos((r - 90*q) * math.Pi / 180)
	switch int(q) & 3 {
	case 1:
		return sincos{c, -s + 0} // + 0: no negative zero
	case 2:
		return sincos{-s + 0, -c}
	case 3:
		return sincos{-c, s}
	}
	return sincos{s, c}
}

// even rounds an angle below 1/16 degree to a multiple of 2⁻⁵⁷, 1e-12 m, so that squares of its sine do not vanish.
func even(degrees float64) float64 {
	const z = 1. / 16
	if y := math.Abs(degrees); y < z {
		return math.Copysign(z-(z-y), degrees) + 0
	}
	return degrees
}

// tiny stands in for a cosine of 0 where one is divided by; its square is still a number.
const tiny = 1e-150

// reduced is the reduced latitude β of a latitude in degrees, tan β = (1 - f) tan φ (6).
func reduced(lat float64) sincos {
	phi := sincosDeg(even(max(-90, min(90, lat))))
	beta := sincos{(1 - ellF) * phi.sin, phi.cos}.norm()
	beta.cos = max(tiny, beta.cos)
	return beta
}

const (
	ellB   = ellA * (1 - ellF)
	ellEp2 = ellE2 / (1 - ellE2) // e'²
	ellN   = ellF / (2 - ellF)   // third flattening
)

// expansion is the parameter ε of the series for a geodesic with the given cosine of α0 (9, 16).
func expansion(cosAlpha0 float64) float64 {
	k2 := ellEp2 * cosAlpha0 * cosAlpha0
	return k2 / (2*(1+math.Sqrt(1+k2)) + k2)
}
