package demo

import (
	"cmp"
	"math"
	"slices"
)

// axisOf returns the direction, closest to east, that most of an outline runs along or across.
func axisOf(pts []vec) vec {
	// Directions are averaged as fourth powers, in which all four sides of a rectangle are the same.
	var sum vec
	for i, p := range pts {
		d := pts[(i+1)%len(pts)].sub(p)
		u := d.unit()
		u2 := vec{float64(u.x*u.x) - float64(u.y*u.y), 2 * float64(u.x*u.y)}
		u4 := vec{float64(u2.x*u2.x) - float64(u2.y*u2.y), 2 * float64(u2.x*u2.y)}
		sum = sum.add(u4.mul(d.len()))
	}
	return root(root(sum.unit()))
}

// root halves the angle, taken from -180 to 180 degrees, of a unit vector.
func root(u vec) vec {
	c := math.Sqrt(max(0, (1+u.x)/2))
	s := math.Sqrt(max(0, (1-u.x)/2))
	if u.y < 0 {
		s = -s
	}
	return vec{c, s}
}

// span returns the extent of points along a direction.
func span(pts []vec, dir vec) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, p := range pts {
		s := p.dot(dir)
		lo, hi = min(lo, s), max(hi, s)
	}
	return lo, hi
}

// end is where a cut meets the outline of a face: in the edge of half h, at p; exact says at h's start.
type end struct {
	h     int
	p     vec
	s     float64
	exact bool
}

// tolerances of a cut, in m.
type cutRule struct {
	snap, clear, least float64
	area               float64 // least area of a part, m²
	class              class
}

// cut splits a face along the line through o in direction dir where that makes two decent parts, and returns the half of
// the new edge whose left is the new face.
func (g *graph) cut(f int, o, dir vec, rule cutRule) (made int, ok bool) {
	var ends []end
	for h := range g.loop(f) {
		a, b := g.from(h), g.to(h)
		sa, sb := dir.cross(a.sub(o)), dir.cross(b.sub(o))
		if (sa > 0) == (sb > 0) {
			continue
		}
		p := a.toward(b, sa/(sa-sb))
		e := end{h: h, p: p, s: dir.dot(p.sub(o))}
		if da, db := p.dist(a), p.dist(b); da < rule.snap && da <= db {
			e.p, e.exact = a, true
		} else if db < rule.snap {
			e.p, e.h, e.exact = b, g.halfs[h].next, true
		} else {
			e.p = snap(p).vec()
		}
		ends = append(ends, e)
	}
	slices.SortFunc(ends, func(a, b end) int { return cmp.Compare(a.s, b.s) })
	best := -1
	for i := 0; i+1 < len(ends); i += 2 {
		if best < 0 || ends[i+1].s-ends[i].s > ends[best+1].s-ends[best].s {
			best = i
		}
	}
	if best < 0 {
		return 0, false
	}
	a, b := ends[best], ends[best+1]
	if a.p.dist(b.p) < rule.least || a.h == b.h || !g.decent(f, a, b, rule) {
		return 0, false
	}
	ha, hb := a.h, b.h
	if !a.exact {
		ha = g.splitEdge(a.h, a.p)
	}
	if !b.exact {
		hb = g.splitEdge(b.h, b.p)
	}
	return g.splitFace(ha, hb, edge{rule.class, -1}), true
}

// decent says whether the chord from a to b keeps clear of the rest of the outline, meets it at a fair angle and leaves
// two parts of some size.
func (g *graph) decent(f int, a, b end, rule cutRule) bool {
	var left, right []vec
	side := &left
	chord := b.p.sub(a.p)
	u := chord.unit()
	for h := range g.loop(f) {
		p, q := g.from(h), g.to(h)
		for _, e := range [...]end{a, b} {
			if e.h != h && !(e.exact && g.halfs[e.h].prev == h) {
				continue
			}
			if c := u.cross(q.sub(p).unit()); c > -0.6 && c < 0.6 {
				return false
			}
		}
		if d := toSegment(p, a.p, b.p); d < rule.clear && p.dist(a.p) > 1.7*rule.clear && p.dist(b.p) > 1.7*rule.clear {
			return false
		}
		if h != a.h && h != b.h && segmentsCross(a.p, b.p, p, q) && p != a.p && q != a.p && p != b.p && q != b.p {
			return false
		}
		if h == a.h || h == b.h {
			e := a
			if h == b.h {
				e = b
			}
			if e.exact {
				*side = append(*side, p)
				if side == &left {
					side = &right
				} else {
					side = &left
				}
				*side = append(*side, p)
				continue
			}
			*side = append(*side, p, e.p)
			if side == &left {
				side = &right
			} else {
				side = &left
			}
			*side = append(*side, e.p)
			continue
		}
		*side = append(*side, p)
	}
	for _, pts := range [...][]vec{left, right} {
		if len(pts) < 3 || areaOf(pts) < rule.area {
			return false
		}
	}
	return true
}

// bendEdge lets a straight edge swing to one side by a part of its length.
func (g *graph) bendEdge(h int, part, most float64) {
	a, b := g.from(h), g.to(h)
	l := a.dist(b)
	k := int(l / 45)
	if k < 2 || part == 0 {
		return
	}
	n := b.sub(a).unit().left().mul(min(most, max(-most, float64(part*l))))
	for i := 1; i < k; i++ {
		t := float64(i) / float64(k)
		h = g.splitEdge(h, a.toward(b, t).add(n.mul(float64(4*float64(t*(1-t))))))
	}
}

// subdivide cuts face f into blocks of about along × across metres on the axis u and returns them all.
func (c *City) subdivide(f int, u vec, along, across, bend, skew float64, grade func(area float64) class, d dice) []int {
	g := c.plan
	todo, done := []int{f}, []int(nil)
	axis := u
	for len(todo) > 0 {
		u := axis
		f := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		pts := g.outline(f)
		ulo, uhi := span(pts, u)
		v := u.left()
		vlo, vhi := span(pts, v)
		ru, rv := (uhi-ulo)/along, (vhi-vlo)/across
		made, ok := 0, false
		enough := d.in(1.35, 1.75)
		skew := skew
		for try := range 4 {
			if max(ru, rv) < enough {
				break
			}
			if try == 2 { // the axis of the quarter does not suit what is left of it
				skew = 0
				u = axisOf(pts)
				v = u.left()
				ulo, uhi = span(pts, u)
				vlo, vhi = span(pts, v)
				ru, rv = (uhi-ulo)/along, (vhi-vlo)/across
			}
			dir, norm, lo, hi, size := v, u, ulo, uhi, along
			if rv > ru {
				dir, norm, lo, hi, size = u, v, vlo, vhi, across
			}
			if made, ok = c.cutNearMiddle(f, pts, dir, norm, lo, hi, size, bend, skew, grade, d); ok {
				break
			}
			if rv > ru {
				rv = 0
			} else {
				ru = 0
			}
		}
		if ok {
			todo = append(todo, f, made)
		} else {
			done = append(done, f)
		}
	}
	return done
}

func (c *City) cutNearMiddle(f int, pts []vec, dir, norm vec, lo, hi, size, bend, skew float64, grade func(float64) class, d dice) (int, bool) {
	g := c.plan
	mid := (lo + hi) / 2
	// With an odd number of blocks to come the middle would cut one in half.
	if n := math.Round((hi - lo) / size); n == 3 {
		mid = lo + float64((hi-lo)*[2]float64{0.34, 0.66}[d.int(0, 1)])
	}
	reach := min((hi-lo)*0.22, size*0.9)
	var tries []float64
	for h := range g.loop(f) {
		if s := g.from(h).dot(norm); s > mid-reach && s < mid+reach && g.degree(g.org(h)) > 2 {
			tries = append(tries, s)
		}
	}
	slices.SortFunc(tries, func(a, b float64) int {
		return cmp.Or(cmp.Compare(math.Abs(a-mid), math.Abs(b-mid)), cmp.Compare(a, b))
	})
	if d.chance(0.25) {
		tries = nil
	}
	for i := range 10 {
		tries = append(tries, mid+float64(d.in(-0.5, 0.5)*float64(reach*(0.35+float64(float64(i)*0.16)))))
	}
	near, far := span(pts, dir)
	centre := (near + far) / 2
	for _, s := range tries {
		rule := cutRule{snap: size * 0.13, clear: size * 0.2, least: size * 0.5, area: float64(size*size) * 0.2, class: grade(areaOf(pts))}
		turned := bearing(d.in(-skew, skew))
		if n, ok := g.cut(f, norm.mul(s).add(dir.mul(centre)), dir.mul(turned.x).add(dir.left().mul(turned.y)), rule); ok {
			g.edges[n/2].road = c.roadOf(n)
			g.bendEdge(n, float64(bend*d.in(-1, 1)), size*0.17)
			return g.halfs[n].face, true
		}
	}
	return 0, false
}

// roadOf returns the road of a new street: the one that it carries on beyond a crossing, else a new one.
func (c *City) roadOf(n int) int {
	g := c.plan
	dir := g.to(n).sub(g.from(n)).unit()
	for _, h := range [...]int{n, n ^ 1} {
		for k := g.halfs[h].prev ^ 1; k != h; k = g.halfs[k].prev ^ 1 {
			if g.edges[k/2].class == g.edges[n/2].class && g.edges[k/2].road >= 0 && g.to(k).sub(g.from(k)).unit().dot(dir) < -0.95 {
				return g.edges[k/2].road
			}
		}
		dir = dir.mul(-1)
	}
	c.roads = append(c.roads, road{class: g.edges[n/2].class})
	return len(c.roads) - 1
}
