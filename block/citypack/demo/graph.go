package demo

import (
	"cmp"
	"slices"
)

// class says what an edge of the plan is.
type class uint8

const (
	coast class = iota
	river
	rail
	motorway
	primary
	secondary
	residential
	lane
)

// halfWidth is the metres from the middle of an edge to where its land ends.
var halfWidth = [...]float64{coast: 14, river: 48, rail: 13, motorway: 24, primary: 17, secondary: 11, residential: 6.5, lane: 2}

// plan lines are drawn by hand; where they meet is found by arrange.
type line struct {
	class class
	road  int
	pts   []vec
}

type edge struct {
	class class
	road  int // index in the city's roads, -1 for what has no name
}

// half is one side of an edge; its face lies on the left. The other side of half h is h^1, its edge h/2.
type half struct{ org, next, prev, face int }

type face struct {
	first  int // a half of its outline
	sea    bool
	parent int // the quarter, a face of the drawn plan that it was cut from
	zone   zone
	lot    lot
	name   string
}

// graph is the plan as a planar subdivision: coast, river, railway and roads are edges, what lies between them faces.
// Cutting a face keeps all neighbours consistent, so every outline made from it later tiles exactly.
type graph struct {
	at    []spot
	out   []int // a half that leaves the vertex
	halfs []half
	edges []edge
	faces []face
}

type segment struct {
	a, b spot
	edge
}

// arrange finds all meetings of the lines, drops ends that lead nowhere and returns the faces in between.
func arrange(lines []line) *graph {
	var segs []segment
	for _, l := range lines {
		for i := 1; i < len(l.pts); i++ {
			if a, b := snap(l.pts[i-1]), snap(l.pts[i]); a != b {
				segs = append(segs, segment{a, b, edge{l.class, l.road}})
			}
		}
	}
	for range 12 {
		var more bool
		if segs, more = splitMeetings(segs); !more {
			break
		}
	}
	return subdivision(prune(segs))
}

// splitMeetings splits segments where they cross or touch. A crossing close to an end is moved there.
func splitMeetings(segs []segment) ([]segment, bool) {
	const near = 5 // m
	cuts := make([][]spot, len(segs))
	cut := func(i int, p spot) {
		if p != segs[i].a && p != segs[i].b && !slices.Contains(cuts[i], p) {
			cuts[i] = append(cuts[i], p)
		}
	}
	for i, s := range segs {
		for j := i + 1; j < len(segs); j++ {
			t := segs[j]
			const pad = 1200 // steps
			if max(s.a.x, s.b.x)+pad < min(t.a.x, t.b.x) || max(t.a.x, t.b.x)+pad < min(s.a.x, s.b.x) ||
				max(s.a.y, s.b.y)+pad < min(t.a.y, t.b.y) || max(t.a.y, t.b.y)+pad < min(s.a.y, s.b.y) {
				continue
			}
			if s.a == t.a || s.a == t.b || s.b == t.a || s.b == t.b {
				continue
			}
			sa, sb, ta, tb := s.a.vec(), s.b.vec(), t.a.vec(), t.b.vec()
			touched := false
			for _, p := range [...]spot{t.a, t.b} {
				if toSegment(p.vec(), sa, sb) < 1 {
					cut(i, p)
					touched = true
				}
			}
			for _, p := range [...]spot{s.a, s.b} {
				if toSegment(p.vec(), ta, tb) < 1 {
					cut(j, p)
					touched = true
				}
			}
			if touched {
				continue
			}
			d1, d2 := turn(s.a, s.b, t.a), turn(s.a, s.b, t.b)
			d3, d4 := turn(t.a, t.b, s.a), turn(t.a, t.b, s.b)
			if (d1 > 0) == (d2 > 0) || (d3 > 0) == (d4 > 0) {
				continue
			}
			p := snap(ta.toward(tb, float64(d1)/float64(d1-d2)))
			for _, q := range [...]spot{s.a, s.b, t.a, t.b} {
				if q.vec().dist(p.vec()) < near {
					p = q
					break
				}
			}
			cut(i, p)
			cut(j, p)
		}
	}
	var out []segment
	seen := map[[2]spot]int{}
	changed := false
	for i, s := range segs {
		chain := append([]spot{s.a}, cuts[i]...)
		from, dir := s.a.vec(), s.b.vec().sub(s.a.vec())
		slices.SortFunc(chain, func(p, q spot) int {
			return cmp.Compare(p.vec().sub(from).dot(dir), q.vec().sub(from).dot(dir))
		})
		chain = append(chain, s.b)
		changed = changed || len(cuts[i]) > 0
		for k := 1; k < len(chain); k++ {
			a, b := chain[k-1], chain[k]
			key := [2]spot{a, b}
			if b.x < a.x || b.x == a.x && b.y < a.y {
				key = [2]spot{b, a}
			}
			if was, ok := seen[key]; ok {
				if s.class < out[was].class {
					out[was].edge = s.edge
				}
				continue
			}
			seen[key] = len(out)
			out = append(out, segment{a, b, s.edge})
		}
	}
	return out, changed
}

// prune drops segments with a loose end until there is none. A road that ends in the middle of the river is loose too.
func prune(segs []segment) []segment {
	for {
		degree, dry := map[spot]int{}, map[spot]int{}
		for _, s := range segs {
			for _, p := range [...]spot{s.a, s.b} {
				degree[p]++
				if s.class != river {
					dry[p]++
				}
			}
		}
		loose := func(s segment, p spot) bool { return degree[p] == 1 || s.class != river && dry[p] == 1 }
		n := len(segs)
		segs = slices.DeleteFunc(segs, func(s segment) bool { return loose(s, s.a) || loose(s, s.b) })
		if len(segs) == n {
			return segs
		}
	}
}

func subdivision(segs []segment) *graph {
	g := &graph{}
	index := map[spot]int{}
	vertex := func(p spot) int {
		v, ok := index[p]
		if !ok {
			v = len(g.at)
			index[p] = v
			g.at = append(g.at, p)
			g.out = append(g.out, -1)
		}
		return v
	}
	leaving := map[int][]int{}
	for _, s := range segs {
		a, b := vertex(s.a), vertex(s.b)
		h := len(g.halfs)
		g.halfs = append(g.halfs, half{org: a, face: -1}, half{org: b, face: -1})
		g.edges = append(g.edges, s.edge)
		g.out[a], g.out[b] = h, h^1
		leaving[a] = append(leaving[a], h)
		leaving[b] = append(leaving[b], h^1)
	}
	for v := range g.at {
		around := leaving[v]
		slices.SortFunc(around, func(h, k int) int { return g.compareAround(v, h, k) })
		for i, h := range around {
			// Arriving by h's other side one leaves by the next edge clockwise.
			g.link(h^1, around[(i+len(around)-1)%len(around)])
		}
	}
	for h := range g.halfs {
		if g.halfs[h].face >= 0 {
			continue
		}
		f := len(g.faces)
		g.faces = append(g.faces, face{first: h, parent: f})
		for k := range g.loop(f) {
			g.halfs[k].face = f
		}
		g.faces[f].sea = areaOf(g.outline(f)) < 0
	}
	return g
}

// compareAround orders halves that leave v by angle from east, anticlockwise.
func (g *graph) compareAround(v, h, k int) int {
	a, b, o := g.at[g.org(h^1)], g.at[g.org(k^1)], g.at[v]
	upper := func(p spot) int {
		if p.y > o.y || p.y == o.y && p.x > o.x {
			return 0
		}
		return 1
	}
	if c := cmp.Compare(upper(a), upper(b)); c != 0 {
		return c
	}
	return cmp.Compare(0, turn(o, a, b))
}

func (g *graph) link(h, next int) { g.halfs[h].next, g.halfs[next].prev = next, h }
func (g *graph) org(h int) int    { return g.halfs[h].org }
func (g *graph) from(h int) vec   { return g.at[g.halfs[h].org].vec() }
func (g *graph) to(h int) vec     { return g.at[g.halfs[h^1].org].vec() }

// loop yields the halves around a face, anticlockwise (around the sea: clockwise seen from the land).
func (g *graph) loop(f int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		h := g.faces[f].first
		for {
			if !yield(h) {
				return
			}
			if h = g.halfs[h].next; h == g.faces[f].first {
				return
			}
		}
	}
}

func (g *graph) outline(f int) []vec {
	var pts []vec
	for h := range g.loop(f) {
		pts = append(pts, g.from(h))
	}
	return pts
}

func (g *graph) degree(v int) int {
	n, h := 0, g.out[v]
	for {
		n++
		if h = g.halfs[h^1].next; h == g.out[v] {
			return n
		}
	}
}

// splitEdge puts a vertex at p into the edge of h and returns the half that goes on from it in h's direction.
func (g *graph) splitEdge(h int, p vec) int {
	v := len(g.at)
	g.at = append(g.at, snap(p))
	t := h ^ 1
	n := len(g.halfs)
	m := n + 1
	far := g.org(t)
	g.halfs = append(g.halfs, half{org: v, face: g.halfs[h].face}, half{org: far, face: g.halfs[t].face})
	g.edges = append(g.edges, g.edges[h/2])
	g.out = append(g.out, n)
	// n runs on from v along h, m comes back towards v; t now starts at v.
	g.link(n, g.halfs[h].next)
	g.link(h, n)
	g.link(g.halfs[t].prev, m)
	g.link(m, t)
	g.halfs[t].org = v
	if g.out[far] == t {
		g.out[far] = m
	}
	return n
}

// splitFace joins the starts of two halves of one face by an edge and returns its half from h's start to k's; the new
// face is on the left of that half.
func (g *graph) splitFace(h, k int, e edge) int {
	f := g.halfs[h].face
	n := len(g.halfs)
	g.halfs = append(g.halfs, half{org: g.org(h), face: f}, half{org: g.org(k), face: f})
	g.edges = append(g.edges, e)
	hp, kp := g.halfs[h].prev, g.halfs[k].prev
	g.link(hp, n)
	g.link(n, k)
	g.link(kp, n+1)
	g.link(n+1, h)
	made := g.faces[f]
	made.first = n
	g.faces = append(g.faces, made)
	for x := range g.loop(len(g.faces) - 1) {
		g.halfs[x].face = len(g.faces) - 1
	}
	g.faces[f].first = n + 1
	return n
}
