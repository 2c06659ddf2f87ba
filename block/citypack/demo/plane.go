package demo

import (
	"math"
	"math/rand/v2"

	"github.com/paulmach/orb"
)

// The plan is drawn in metres east and north of the origin. Everything that is kept lies on the storage grid of 1e-7°
// relative to it, so that neighbours share vertices to the bit.
const (
	originX = 1180000000 // 118.0°E in 1e-7°
	originY = 195000000  // 19.5°N
	stepX   = 0.0104973  // metres in 1e-7° of longitude at 19.5°N
	stepY   = 0.0110700  // metres in 1e-7° of latitude
)

// vec is a point or a direction in metres.
//
// Products are rounded by an explicit conversion before they are added: a compiler may otherwise fuse the two, and
// arm64 would build another city than amd64.
type vec struct{ x, y float64 }

func (a vec) add(b vec) vec     { return vec{a.x + b.x, a.y + b.y} }
func (a vec) sub(b vec) vec     { return vec{a.x - b.x, a.y - b.y} }
func (a vec) mul(k float64) vec { return vec{float64(a.x * k), float64(a.y * k)} }
func (a vec) dot(b vec) float64 { return float64(a.x*b.x) + float64(a.y*b.y) }
func (a vec) len() float64      { return math.Sqrt(a.dot(a)) }
func (a vec) left() vec         { return vec{-a.y, a.x} }

// cross is positive when b lies to the left of a.
func (a vec) cross(b vec) float64 { return float64(a.x*b.y) - float64(a.y*b.x) }

func (a vec) dist(b vec) float64 { return b.sub(a).len() }

func (a vec) unit() vec {
	l := a.len()
	if l == 0 {
		return vec{1, 0}
	}
	return vec{a.x / l, a.y / l}
}

// toward returns the point at fraction t of the way from a to b.
func (a vec) toward(b vec, t float64) vec { return a.add(b.sub(a).mul(t)) }

// sincos returns sine and cosine of an angle in degrees, rounded so that the last bits, which differ between
// machines, are gone.
func sincos(deg float64) (s, c float64) {
	r := float64(deg * (math.Pi / 180))
	return math.Round(float64(math.Sin(r)*1e9)) / 1e9, math.Round(float64(math.Cos(r)*1e9)) / 1e9
}

func bearing(deg float64) vec {
	s, c := sincos(deg)
	return vec{c, s}
}

// spot is a point of the storage grid, in steps from the origin.
type spot struct{ x, y int64 }

func snap(p vec) spot {
	return spot{int64(math.Round(p.x / stepX)), int64(math.Round(p.y / stepY))}
}

func (s spot) vec() vec { return vec{float64(float64(s.x) * stepX), float64(float64(s.y) * stepY)} }

func (s spot) point() orb.Point {
	return orb.Point{float64(originX+s.x) / 1e7, float64(originY+s.y) / 1e7}
}

// turn is positive when a, b, c turn left; it is exact.
func turn(a, b, c spot) int64 { return (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x) }

// degrees returns p on the storage grid.
func degrees(p vec) orb.Point { return snap(p).point() }

func ringOf(pts []vec) orb.Ring {
	r := make(orb.Ring, 0, len(pts)+1)
	for _, p := range pts {
		r = append(r, degrees(p))
	}
	return append(r, r[0])
}

func lineOf(pts []vec) orb.LineString {
	l := make(orb.LineString, 0, len(pts))
	for _, p := range pts {
		l = append(l, degrees(p))
	}
	return l
}

// areaOf is positive for an anticlockwise ring.
func areaOf(pts []vec) float64 {
	var a float64
	for i, p := range pts {
		a += p.cross(pts[(i+1)%len(pts)])
	}
	return a / 2
}

func centroid(pts []vec) vec {
	var a float64
	var c vec
	o := pts[0]
	for i := range pts {
		p, q := pts[i].sub(o), pts[(i+1)%len(pts)].sub(o)
		w := p.cross(q)
		a += w
		c = c.add(p.add(q).mul(w))
	}
	if a == 0 {
		return o
	}
	return o.add(c.mul(1 / float64(3*a)))
}

func inside(pts []vec, p vec) bool {
	in := false
	j := len(pts) - 1
	for i := range pts {
		a, b := pts[i], pts[j]
		if (a.y > p.y) != (b.y > p.y) && p.x-a.x < float64((b.x-a.x)*(p.y-a.y))/(b.y-a.y) {
			in = !in
		}
		j = i
	}
	return in
}

// toSegment returns the distance of p from the segment a–b.
func toSegment(p, a, b vec) float64 {
	d := b.sub(a)
	l := d.dot(d)
	if l == 0 {
		return p.dist(a)
	}
	t := min(1, max(0, p.sub(a).dot(d)/l))
	return p.dist(a.add(d.mul(t)))
}

func segmentsCross(a, b, c, d vec) bool {
	ab, cd := b.sub(a), d.sub(c)
	return (ab.cross(c.sub(a)) > 0) != (ab.cross(d.sub(a)) > 0) && (cd.cross(a.sub(c)) > 0) != (cd.cross(b.sub(c)) > 0)
}

type box struct{ lo, hi vec }

func boxOf(pts []vec) box {
	b := box{pts[0], pts[0]}
	for _, p := range pts[1:] {
		b.lo = vec{min(b.lo.x, p.x), min(b.lo.y, p.y)}
		b.hi = vec{max(b.hi.x, p.x), max(b.hi.y, p.y)}
	}
	return b
}

func (b box) near(c box, d float64) bool {
	return b.lo.x-d <= c.hi.x && c.lo.x-d <= b.hi.x && b.lo.y-d <= c.hi.y && c.lo.y-d <= b.hi.y
}

// spline draws a smooth line through the points, with a vertex about every step metres. A closed line comes back
// without its first point repeated.
func spline(pts []vec, step float64, closed bool) []vec {
	n := len(pts)
	at := func(i int) vec {
		if closed {
			return pts[(i+n)%n]
		}
		return pts[min(max(i, 0), n-1)]
	}
	last := n - 1
	if closed {
		last = n
	}
	var out []vec
	for i := range last {
		p0, p1, p2, p3 := at(i-1), at(i), at(i+1), at(i+2)
		k := max(1, int(math.Round(p1.dist(p2)/step)))
		for j := range k {
			t := float64(j) / float64(k)
			t2 := float64(t * t)
			t3 := float64(t2 * t)
			q := p1.mul(2)
			q = q.add(p2.sub(p0).mul(t))
			q = q.add(p0.mul(2).sub(p1.mul(5)).add(p2.mul(4)).sub(p3).mul(t2))
			q = q.add(p1.mul(3).sub(p0).sub(p2.mul(3)).add(p3).mul(t3))
			out = append(out, q.mul(0.5))
		}
	}
	if !closed {
		out = append(out, pts[n-1])
	}
	return out
}

// dice draws numbers from one stream; every part of the city has its own, so that a change in one leaves the others
// as they were.
type dice struct{ src *rand.PCG }

func newDice(seed, stream uint64) dice { return dice{rand.NewPCG(seed, stream)} }

func (d dice) unit() float64 { return float64(d.src.Uint64()>>11) / (1 << 53) }

// in returns a number from lo up to hi.
func (d dice) in(lo, hi float64) float64 { return lo + float64((hi-lo)*d.unit()) }

// int returns a whole number from lo to hi, both included.
func (d dice) int(lo, hi int) int { return lo + int(d.src.Uint64()>>33)%(hi-lo+1) }

func (d dice) chance(p float64) bool { return d.unit() < p }
