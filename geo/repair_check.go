package geo

import (
	"cmp"
	"slices"
)

// fault is the first thing found wrong with the rings of a mender; kind "" is none. A suspected one (rings that touch each
// other in more than one place, which may or may not cut a polygon in two) is only a defect if taking apart changes something.
type fault struct {
	kind      DefectKind
	at        gridPoint
	suspected bool
}

// ringEdge is the edge of a ring that begins at place i of it, with its bounds.
type ringEdge struct {
	a, b gridPoint
	box  gridBox
	ring int32
	i    int32
}

// check looks for meetings between edges, then for rings that lie where they must not.
func (m *mender) check() fault {
	for r := range m.rings {
		ps := m.points[m.rings[r].from:m.rings[r].to]
		for i, a := range ps {
			b := ps[0]
			if i+1 < len(ps) {
				b = ps[i+1]
			}
			m.edges = append(m.edges, ringEdge{a, b, gridBox{min(a.x, b.x), min(a.y, b.y), max(a.x, b.x), max(a.y, b.y)}, int32(r), int32(i)})
		}
	}
	var touches touchGraph
	f, ok := m.meetings(&touches)
	switch {
	case ok:
		return f
	case len(m.rings) == 1:
		return fault{}
	}
	if at, bad := m.misplaced(); bad {
		return fault{kind: MisplacedRing, at: at}
	}
	if touches.cycle {
		return fault{kind: SelfIntersection, at: touches.at, suspected: true}
	}
	return fault{}
}

// meetings tests each pair of edges whose bounds meet. Few edges are paired directly; many are swept from west to east.
func (m *mender) meetings(touches *touchGraph) (fault, bool) {
	es := m.edges
	if len(es) <= 40 {
		for i := range es {
			for j := i + 1; j < len(es); j++ {
				if es[i].box.meets(&es[j].box) {
					if f, ok := m.meet(&es[i], &es[j], touches); ok {
						return f, true
					}
				}
			}
		}
		return fault{}, false
	}
	slices.SortFunc(es, func(a, b ringEdge) int {
		return cmp.Or(cmp.Compare(a.box.minX, b.box.minX), cmp.Compare(a.ring, b.ring), cmp.Compare(a.i, b.i))
	})
	var active []int32
	for i := range es {
		keep := active[:0]
		for _, j := range active {
			if es[j].box.maxX < es[i].box.minX {
				continue
			}
			keep = append(keep, j)
			if es[j].box.minY <= es[i].box.maxY && es[j].box.maxY >= es[i].box.minY {
				if f, ok := m.meet(&es[j], &es[i], touches); ok {
					return f, true
				}
			}
		}
		active = append(keep, int32(i))
	}
	return fault{}, false
}

// meet says whether two edges meet as they must not; a touch of two rings is noted.
func (m *mender) meet(s, t *ringEdge, touches *touchGraph) (fault, bool) {
	if s.ring == t.ring {
		n := int32(m.rings[s.ring].to - m.rings[s.ring].from)
		if d := s.i - t.i; d == 1 || d == -1 || d == n-1 || d == 1-n {
			return fault{}, false // neighbours; that one does not fold onto the other is the work of cutSpikes
		}
	}
	kind, at := edgesMeet(s.a, s.b, t.a, t.b)
	switch {
	case kind == apart:
		return fault{}, false
	case kind == touching && s.ring != t.ring:
		touches.add(s.ring, t.ring, at)
		return fault{}, false
	}
	return fault{kind: SelfIntersection, at: at}, true
}

type meeting int

const (
	apart       meeting = iota
	touching            // one point, an end of one of them
	crossing            // one point within both
	overlapping         // a piece of line
)

// edgesMeet says how a–b and c–d meet, and at which of their ends (where they cross: an end nearby).
func edgesMeet(a, b, c, d gridPoint) (meeting, gridPoint) {
	ca, cb := turn(c, d, a), turn(c, d, b)
	if ca*cb > 0 {
		return apart, a
	}
	ac, ad := turn(a, b, c), turn(a, b, d)
	if ac*ad > 0 {
		return apart, a
	}
	if ca == 0 && cb == 0 { // on one line: compare along its longer side
		key := func(p gridPoint) int64 { return p.x }
		if abs64(b.x-a.x) < abs64(b.y-a.y) {
			key = func(p gridPoint) int64 { return p.y }
		}
		if key(a) > key(b) {
			a, b = b, a
		}
		if key(c) > key(d) {
			c, d = d, c
		}
		from, to := a, b
		if key(c) > key(a) {
			from = c
		}
		if key(d) < key(b) {
			to = d
		}
		switch k := key(to) - key(from); {
		case k < 0:
			return apart, a
		case k == 0:
			return touching, from
		}
		return overlapping, from
	}
	switch {
	case ca == 0:
		return touching, a
	case cb == 0:
		return touching, b
	case ac == 0:
		return touching, c
	case ad == 0:
		return touching, d
	}
	return crossing, a
}

func abs64(v int64) int64 { return max(v, -v) }

// touchGraph joins rings with the points at which they touch. A cycle means that two rings touch at two points, or that a
// chain of them closes, and so that a polygon may be cut in two.
type touchGraph struct {
	parent map[any]any // ring numbers and grid points; union-find
	cycle  bool
	at     gridPoint
	joined map[ringAt]bool
}

type ringAt struct {
	ring int32
	at   gridPoint
}

func (g *touchGraph) add(a, b int32, at gridPoint) {
	if g.parent == nil {
		g.parent, g.joined = map[any]any{}, map[ringAt]bool{}
	}
	for _, r := range [2]int32{a, b} {
		if g.joined[ringAt{r, at}] {
			continue
		}
		g.joined[ringAt{r, at}] = true
		x, y := g.root(r), g.root(at)
		if x == y {
			g.cycle, g.at = true, at
		}
		g.parent[x] = y
	}
}

func (g *touchGraph) root(v any) any {
	for {
		p, ok := g.parent[v]
		if !ok || p == v {
			return v
		}
		v = p
	}
}

// misplaced returns a corner of a hole that is not in its polygon or is in another hole of it, or of a polygon that lies in
// another. No two rings cross here.
func (m *mender) misplaced() (gridPoint, bool) {
	shell := map[int]int{} // polygon → its outer ring
	for i := range m.rings {
		if r := &m.rings[i]; !r.hole {
			shell[r.polygon] = i
		}
	}
	for i := range m.rings {
		r := &m.rings[i]
		if r.hole && m.lies(i, shell[r.polygon]) == outside {
			return m.points[r.from], true
		}
		for j := range m.rings {
			s := &m.rings[j]
			switch {
			case i == j:
			case r.hole && s.hole && r.polygon == s.polygon && m.lies(i, j) == inside:
				return m.points[r.from], true
			case !r.hole && !s.hole && m.lies(i, j) == inside && !m.inHoleOf(i, s.polygon):
				return m.points[r.from], true
			}
		}
	}
	return gridPoint{}, false
}

func (m *mender) inHoleOf(i, polygon int) bool {
	for j := range m.rings {
		if s := &m.rings[j]; s.hole && s.polygon == polygon && m.lies(i, j) != outside {
			return true
		}
	}
	return false
}

type side int

const (
	outside side = iota
	inside
	unclear // all corners of the one lie on the other: they touch more than once, and are suspected already
)

// lies says where ring i lies to ring j, seen from a corner of i that is not on j.
func (m *mender) lies(i, j int) side {
	r, s := &m.rings[i], &m.rings[j]
	if !r.box.within(&s.box) {
		return outside
	}
	for _, p := range m.points[r.from:r.to] {
		switch in, on := sideOf(m.points[s.from:s.to], p); {
		case on:
		case in:
			return inside
		default:
			return outside
		}
	}
	return unclear
}

// sideOf says whether p is in a ring, or on it.
func sideOf(ring []gridPoint, p gridPoint) (in, on bool) {
	a := ring[len(ring)-1]
	for _, b := range ring {
		lo, hi := a, b
		if lo.y > hi.y {
			lo, hi = hi, lo
		}
		a = b
		if p.y < lo.y || p.y > hi.y || p.x > max(lo.x, hi.x) {
			continue
		}
		side := turn(lo, hi, p)
		if side == 0 && p.x >= min(lo.x, hi.x) {
			return false, true
		}
		if side > 0 && p.y < hi.y { // p is west of the edge, half-open above
			in = !in
		}
	}
	return in, false
}
