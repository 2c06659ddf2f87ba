package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// geodesic is the shortest path between two points.
type geodesic struct {
	metres   float64
	at1, at2 sincos  // azimuths
	area     float64 // m² between the path and the equator, positive for one that runs eastwards north of it; only when asked for
}

// Precision of a float64, and what follows for the steps of the solution.
const (
	precision  = 0x1p-52
	nearEnough = 200 * precision
)

var (
	rootPrecision = math.Sqrt(precision)
	// Paths whose arc is shorter than this are solved on the sphere of their middle latitude alone.
	shortArc = 0.1 * rootPrecision / math.Sqrt(ellF*(1-ellF/2)/2)
)

// maxNewton bounds the Newton steps, after which halving goes on: it ends in at most so many further steps.
const (
	maxNewton  = 20
	maxHalving = 64
)

// ends are both ends of a path in canonical position: -β1 ≥ |β2|, β1 ≤ 0, the second end 0…180° east of the first.
type ends struct {
	beta1, beta2 sincos
	dn1, dn2     float64 // √(1 + e'² sin² β)
	lambda       float64 // difference of longitude, radians
	lam          sincos
}

func solveInverse(a, b orb.Point, withArea bool) geodesic {
	if a == b {
		return geodesic{at1: sincos{0, 1}, at2: sincos{0, 1}}
	}
	lon := even(math.Remainder(b[0]-a[0], 360)) + 0 // no negative zero
	signLon, signLat, swapped := 1.0, 1.0, 1.0
	if math.Signbit(lon) {
		lon, signLon = -lon, -1
	}
	lat1, lat2 := even(max(-90, min(90, a[1]))), even(max(-90, min(90, b[1])))
	if math.Abs(lat1) < math.Abs(lat2) {
		lat1, lat2, swapped, signLon = lat2, lat1, -1, -signLon
	}
	if lat1 > 0 {
		lat1, lat2, signLat = -lat1, -lat2, -1
	}
	e := ends{beta1: reduced(lat1), beta2: reduced(lat2), lambda: lon * math.Pi / 180, lam: sincosDeg(lon)}
	// Latitudes that should be equal or opposite are made so to the last digit: differences of them are taken below.
	if e.beta1.cos < -e.beta1.sin {
		if e.beta2.cos == e.beta1.cos {
			e.beta2.sin = math.Copysign(e.beta1.sin, e.beta2.sin)
		}
	} else if math.Abs(e.beta2.sin) == -e.beta1.sin {
		e.beta2.cos = e.beta1.cos
	}
	e.dn1, e.dn2 = math.Sqrt(1+ellEp2*e.beta1.sin*e.beta1.sin), math.Sqrt(1+ellEp2*e.beta2.sin*e.beta2.sin)

	var g geodesic
	omega := sincos{0, -1} // difference of longitude on the sphere; this one stands for "not known"
	meridian := lat1 == -90 || e.lam.sin == 0
	if meridian {
		g, meridian = e.alongMeridian()
	}
	switch {
	case meridian:
	case e.beta1.sin == 0 && lon <= 180*(1-ellF):
		g = geodesic{metres: ellA * e.lambda, at1: sincos{1, 0}, at2: sincos{1, 0}}
		omega = sincosRad(e.lambda / (1 - ellF))
	default:
		g, omega = e.solve()
	}
	if withArea {
		g.area = swapped * signLon * signLat * e.area(g, omega, meridian)
	}
	if swapped < 0 {
		g.at1, g.at2 = g.at2, g.at1
	}
	g.at1 = sincos{swapped * signLon * g.at1.sin, swapped * signLat * g.at1.cos}
	g.at2 = sincos{swapped * signLon * g.at2.sin, swapped * signLat * g.at2.cos}
	return g
}

// alongMeridian is the path on the meridian, and whether it is the shortest: beyond the point conjugate to the first one
// (nearly antipodal) it is not.
func (e *ends) alongMeridian() (geodesic, bool) {
	g := geodesic{at1: e.lam, at2: sincos{0, 1}}
	s1 := sincos{e.beta1.sin, g.at1.cos * e.beta1.cos}
	s2 := sincos{e.beta2.sin, g.at2.cos * e.beta2.cos}
	sigma := arcBetween(s1, s2)
	s, m := lengths(ellN, sigma, s1, s2, e.dn1, e.dn2)
	if sigma >= 1 && m < 0 {
		return g, false
	}
	if sigma < 3*tiny || sigma < precision && (s < 0 || m < 0) {
		s = 0
	}
	g.metres = s * ellB
	return g, true
}

// arcBetween is the angle from s1 forward to s2, 0…π.
func arcBetween(s1, s2 sincos) float64 {
	return math.Atan2(max(0, s1.cos*s2.sin-s1.sin*s2.cos), s1.cos*s2.cos+s1.sin*s2.sin)
}

// lengths returns the length and the reduced length of a piece of a geodesic, both over b (7, 38, 40).
func lengths(eps, sigma float64, s1, s2 sincos, dn1, dn2 float64) (s, m float64) {
	var c1, c2 [seriesOrder]float64
	a1, a2 := seriesA1(eps), seriesA2(eps)
	seriesC1(eps, &c1)
	seriesC2(eps, &c2)
	b1 := sinSum(s2, &c1) - sinSum(s1, &c1)
	b2 := sinSum(s2, &c2) - sinSum(s1, &c2)
	j := (a1-a2)*sigma + (a1*b1 - a2*b2)
	return a1 * (sigma + b1), dn2*(s1.cos*s2.sin) - dn1*(s1.sin*s2.cos) - s1.cos*s2.cos*j
}

// solve finds the azimuth at the first end for which the path meets the second: Newton's method on the longitude where
// it arrives, kept between two azimuths that arrive west and east of it.
func (e *ends) solve() (geodesic, sincos) {
	alpha1, short, g, omega := e.start()
	if short {
		return g, omega
	}
	west, east := sincos{tiny, 1}, sincos{tiny, -1} // of the azimuths that arrive too far west and too far east
	closing, halved := false, false
	for n := 0; ; n++ {
		p := e.shoot(alpha1)
		limit := precision
		if closing {
			limit *= 8
		}
		if halved || !(math.Abs(p.miss) >= limit) || n == maxNewton+maxHalving {
			s, _ := lengths(p.eps, p.sigma, p.s1, p.s2, e.dn1, e.dn2)
			return geodesic{metres: s * ellB, at1: p.alpha1, at2: p.alpha2}, p.omega
		}
		switch {
		case p.miss > 0 && (n > maxNewton || p.alpha1.cos/p.alpha1.sin > east.cos/east.sin):
			east = p.alpha1
		case p.miss < 0 && (n > maxNewton || p.alpha1.cos/p.alpha1.sin < west.cos/west.sin):
			west = p.alpha1
		}
		if n < maxNewton && p.slope > 0 {
			step := -p.miss / p.slope
			if next := p.alpha1.plus(sincosRad(step)); next.sin > 0 && math.Abs(step) < math.Pi {
				alpha1 = next.norm()
				closing = math.Abs(p.miss) <= 16*precision
				continue
			}
		}
		alpha1 = sincos{(west.sin + east.sin) / 2, (west.cos + east.cos) / 2}.norm()
		closing = false
		near := func(o sincos) bool {
			return math.Abs(o.sin-alpha1.sin)+math.Abs(o.cos-alpha1.cos) < nearEnough*rootPrecision
		}
		halved = near(west) || near(east)
	}
}

// shot is the path that starts with a given azimuth, up to the latitude of the second end.
type shot struct {
	alpha1, alpha2 sincos
	s1, s2         sincos // σ at the ends
	sigma, eps     float64
	omega          sincos  // ω2 - ω1
	miss           float64 // radians by which it arrives too far east
	slope          float64 // change of miss with the azimuth
}

func (e *ends) shoot(alpha1 sincos) shot {
	if e.beta1.sin == 0 && alpha1.cos == 0 {
		alpha1.cos = -tiny // both ends on the equator: leave it
	}
	p := shot{alpha1: alpha1}
	alpha0 := sincos{alpha1.sin * e.beta1.cos, math.Hypot(alpha1.cos, alpha1.sin*e.beta1.sin)}
	p.s1 = sincos{e.beta1.sin, alpha1.cos * e.beta1.cos}
	omega1 := sincos{alpha0.sin * e.beta1.sin, p.s1.cos}
	p.alpha2 = alpha1
	if e.beta2.cos != e.beta1.cos {
		p.alpha2.sin = alpha0.sin / e.beta2.cos
	}
	if e.beta2.cos != e.beta1.cos || math.Abs(e.beta2.sin) != -e.beta1.sin {
		// cos² α2 cos² β2 by the difference that loses fewer digits.
		d := (e.beta1.sin - e.beta2.sin) * (e.beta1.sin + e.beta2.sin)
		if e.beta1.cos < -e.beta1.sin {
			d = (e.beta2.cos - e.beta1.cos) * (e.beta1.cos + e.beta2.cos)
		}
		c := alpha1.cos * e.beta1.cos
		p.alpha2.cos = math.Sqrt(c*c+d) / e.beta2.cos
	} else {
		p.alpha2.cos = math.Abs(alpha1.cos)
	}
	p.s2 = sincos{e.beta2.sin, p.alpha2.cos * e.beta2.cos}
	omega2 := sincos{alpha0.sin * e.beta2.sin, p.s2.cos}
	p.s1, p.s2 = p.s1.norm(), p.s2.norm()
	p.sigma = arcBetween(p.s1, p.s2)
	p.omega = sincos{max(0, omega1.cos*omega2.sin-omega1.sin*omega2.cos), omega1.cos*omega2.cos + omega1.sin*omega2.sin}
	if p.omega.sin == 0 && p.omega.cos == 0 {
		p.omega.cos = 1
	}
	p.omega = p.omega.norm()
	p.eps = expansion(alpha0.cos)
	var c3 [seriesOrder]float64
	seriesC3(p.eps, &c3)
	back := ellF * seriesA3(p.eps) * alpha0.sin * (p.sigma + sinSum(p.s2, &c3) - sinSum(p.s1, &c3))
	// λ(α1) - λ as one angle, so that nearly equal longitudes do not lose digits.
	p.miss = math.Atan2(p.omega.sin*e.lam.cos-p.omega.cos*e.lam.sin, p.omega.cos*e.lam.cos+p.omega.sin*e.lam.sin) - back
	if p.alpha2.cos == 0 {
		p.slope = -2 * (1 - ellF) * e.dn1 / e.beta1.sin
	} else {
		_, m := lengths(p.eps, p.sigma, p.s1, p.s2, e.dn1, e.dn2)
		p.slope = m * (1 - ellF) / (p.alpha2.cos * e.beta2.cos) // (46)
	}
	return p
}

// start guesses the azimuth at the first end, or, for short paths, solves on a sphere, which is exact enough then.
func (e *ends) start() (alpha1 sincos, short bool, g geodesic, omega sincos) {
	b1, b2 := e.beta1, e.beta2
	diff := sincos{b2.sin*b1.cos - b2.cos*b1.sin, b2.cos*b1.cos + b2.sin*b1.sin} // β2 - β1
	sumSin := b2.sin*b1.cos + b2.cos*b1.sin                                      // sin (β2 + β1)
	nearby := diff.cos >= 0 && diff.sin < 0.5 && b2.cos*e.lambda < 0.5
	dnm := 1.0
	omega = e.lam
	if nearby {
		// The sphere that fits at the middle latitude (48, 49).
		sm := (b1.sin + b2.sin) * (b1.sin + b2.sin)
		sm /= sm + (b1.cos+b2.cos)*(b1.cos+b2.cos)
		dnm = math.Sqrt(1 + ellEp2*sm)
		omega = sincosRad(e.lambda / ((1 - ellF) * dnm))
	}
	alpha1 = e.greatCircle(omega, diff.sin, sumSin)
	arc := sincos{math.Hypot(alpha1.sin, alpha1.cos), b1.sin*b2.sin + b1.cos*b2.cos*omega.cos}
	switch {
	case nearby && arc.sin < shortArc:
		versine := 1 - omega.cos
		if omega.cos >= 0 {
			versine = omega.sin * omega.sin / (1 + omega.cos)
		}
		g.at1 = alpha1.norm()
		g.at2 = sincos{b1.cos * omega.sin, diff.sin - b1.cos*b2.sin*versine}.norm()
		g.metres = arc.radians() * ellB * dnm
		return alpha1, true, g, omega
	case arc.cos >= 0 || arc.sin >= 6*ellN*math.Pi*b1.cos*b1.cos:
		// Far from the antipode the great circle will do.
	default:
		// Near the antipode, in units of the astroid that the geodesics envelop there (53–56).
		eps := expansion(math.Abs(b1.sin))
		scale := ellF * b1.cos * seriesA3(eps) * math.Pi
		x, y := (e.lambda-math.Pi)/scale, sumSin/(scale*b1.cos)
		if y > -nearEnough && x > -1-1000*rootPrecision {
			alpha1.sin = min(1, -x)
			alpha1.cos = -math.Sqrt(1 - alpha1.sin*alpha1.sin)
		} else {
			k := astroid(x, y)
			back := sincosRad(scale * (-x * k / (1 + k)))
			alpha1 = e.greatCircle(sincos{back.sin, -back.cos}, diff.sin, sumSin)
		}
	}
	if alpha1.sin > 0 {
		return alpha1.norm(), false, g, omega
	}
	return sincos{1, 0}, false, g, omega
}

// greatCircle is the azimuth at the first end on a sphere, not normalised (49).
func (e *ends) greatCircle(omega sincos, diffSin, sumSin float64) sincos {
	c := e.beta2.cos * e.beta1.sin * omega.sin * omega.sin
	if omega.cos >= 0 {
		return sincos{e.beta2.cos * omega.sin, diffSin + c/(1+omega.cos)}
	}
	return sincos{e.beta2.cos * omega.sin, sumSin - c/(1-omega.cos)}
}

// astroid returns the positive k with x²/(1+k)² + y²/k² = 1 (55); for y = 0 its limit. The left side falls and is
// convex, so that Newton's method from the left never overshoots.
func astroid(x, y float64) float64 {
	x, y = math.Abs(x), math.Abs(y)
	k := max(y, x-1)
	if k <= 0 || y == 0 {
		return max(0, k)
	}
	for range 60 {
		u, v := x/(1+k), y/k
		step := (u*u + v*v - 1) / (2 * (u*u/(1+k) + v*v/k))
		k += step
		if !(step > 1e-14*k) {
			break
		}
	}
	return k
}
