package geo

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/paulmach/orb"
)

// piece is an edge between two nodes of the arrangement, from the smaller point to the larger.
type piece struct{ a, b gridPoint }

func comparePoints(p, q gridPoint) int { return cmp.Or(cmp.Compare(p.x, q.x), cmp.Compare(p.y, q.y)) }

// polygonPiece is a piece of the boundary of a polygon.
type polygonPiece struct {
	piece
	polygon int
}

// rebuild takes the rings apart at all their meetings and puts the faces that belong to the geometry together again. It
// returns the reason why that is not possible.
func (m *mender) rebuild() (orb.MultiPolygon, Reason) {
	var all gridBox
	for i, r := range m.rings {
		if i == 0 {
			all = r.box
		}
		all = gridBox{min(all.minX, r.box.minX), min(all.minY, r.box.minY), max(all.maxX, r.box.maxX), max(all.maxY, r.box.maxY)}
	}
	if all.maxX-all.minX >= maxRepairGrid || all.maxY-all.minY >= maxRepairGrid || len(m.edges) > maxRepairSegments {
		return nil, ReasonUnrepaired
	}
	pieces := make([]polygonPiece, 0, len(m.edges))
	for _, e := range m.edges {
		pieces = append(pieces, polygonPiece{newPiece(e.a, e.b), m.rings[e.ring].polygon})
	}
	pieces, ok := split(pieces)
	if !ok {
		return nil, ReasonUnrepaired
	}
	rings := traceRings(borders(pieces))
	out := nest(rings)
	if len(out) == 0 {
		return nil, ReasonNoArea
	}
	return out, ""
}

func newPiece(a, b gridPoint) piece {
	if comparePoints(a, b) > 0 {
		a, b = b, a
	}
	return piece{a, b}
}

// split cuts the pieces at all points where they meet until no two have more than an end in common or are the same. A
// crossing is rounded to the grid, which bends its two edges a little and may make new meetings: hence the rounds.
func split(pieces []polygonPiece) ([]polygonPiece, bool) {
	for range 20 {
		slices.SortFunc(pieces, func(p, q polygonPiece) int {
			return cmp.Or(comparePoints(p.a, q.a), comparePoints(p.b, q.b), cmp.Compare(p.polygon, q.polygon))
		})
		cuts := map[int][]gridPoint{}
		cut := func(i int, p gridPoint) {
			if p != pieces[i].a && p != pieces[i].b {
				cuts[i] = append(cuts[i], p)
			}
		}
		var active []int
		for i := range pieces {
			p := pieces[i].piece
			keep := active[:0]
			for _, j := range active {
				q := pieces[j].piece
				if q.b.x < p.a.x {
					continue
				}
				keep = append(keep, j)
				if max(q.a.y, q.b.y) < min(p.a.y, p.b.y) || min(q.a.y, q.b.y) > max(p.a.y, p.b.y) || p == q {
					continue
				}
				switch kind, at := edgesMeet(p.a, p.b, q.a, q.b); kind {
				case crossing:
					at = crossingPoint(p, q)
					cut(i, at)
					cut(j, at)
				case touching:
					cut(i, at)
					cut(j, at)
				case overlapping:
					for _, end := range [2]gridPoint{q.a, q.b} {
						if onPiece(p, end) {
							cut(i, end)
						}
					}
					for _, end := range [2]gridPoint{p.a, p.b} {
						if onPiece(q, end) {
							cut(j, end)
						}
					}
				}
			}
			active = append(keep, i)
		}
		if len(cuts) == 0 {
			return pieces, true
		}
		var next []polygonPiece
		for i, p := range pieces {
			at := cuts[i]
			slices.SortFunc(at, func(u, v gridPoint) int { return cmp.Compare(p.along(u), p.along(v)) })
			from := p.a
			for _, c := range append(at, p.b) {
				if c != from {
					next = append(next, polygonPiece{newPiece(from, c), p.polygon})
				}
				from = c
			}
		}
		if pieces = next; len(pieces) > 2*maxRepairSegments {
			return nil, false
		}
	}
	return nil, false
}

// along is how far u lies along p, in units without meaning.
func (p piece) along(u gridPoint) int64 {
	return (u.x-p.a.x)*(p.b.x-p.a.x) + (u.y-p.a.y)*(p.b.y-p.a.y)
}

func onPiece(p piece, u gridPoint) bool {
	return turn(p.a, p.b, u) == 0 && u.x >= p.a.x && u.x <= p.b.x && u.y >= min(p.a.y, p.b.y) && u.y <= max(p.a.y, p.b.y)
}

// crossingPoint returns the grid point nearest to where p and q cross, in whole numbers throughout: floating point would
// round differently on processors that fuse multiply and add.
func crossingPoint(p, q piece) gridPoint {
	px, py := big.NewInt(p.b.x-p.a.x), big.NewInt(p.b.y-p.a.y)
	qx, qy := big.NewInt(q.b.x-q.a.x), big.NewInt(q.b.y-q.a.y)
	mul := func(a, b *big.Int) *big.Int { return new(big.Int).Mul(a, b) }
	sub := func(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }
	den := sub(mul(px, qy), mul(py, qx))
	dx, dy := big.NewInt(q.a.x-p.a.x), big.NewInt(q.a.y-p.a.y)
	num := sub(mul(dx, qy), mul(dy, qx))
	if den.Sign() < 0 {
		den.Neg(den)
		num.Neg(num)
	}
	at := func(start int64, d *big.Int) int64 { // start + round(d·num/den)
		n := new(big.Int).Add(mul(big.NewInt(2), mul(d, num)), den)
		return start + new(big.Int).Div(n, mul(big.NewInt(2), den)).Int64() // Euclidean: rounds half up
	}
	return gridPoint{at(p.a.x, px), at(p.a.y, py)}
}

// borders returns the pieces that have the geometry on one side only, directed so that it is on their left.
func borders(pieces []polygonPiece) [][2]gridPoint {
	number := map[int]int{} // polygons that are there, from 0
	for _, p := range pieces {
		if _, ok := number[p.polygon]; !ok {
			number[p.polygon] = len(number)
		}
	}
	byY := newRayIndex(pieces, func(p gridPoint) int64 { return p.y })
	byX := newRayIndex(pieces, func(p gridPoint) int64 { return p.x })
	odd := make([]bool, len(number)) // by polygon: is the far side of a piece in it?
	own := make([]bool, len(number)) // is the piece, an odd number of times, its boundary?
	var out [][2]gridPoint
	for i := 0; i < len(pieces); { // equal pieces are neighbours
		e := pieces[i].piece
		clear(odd)
		clear(own)
		for ; i < len(pieces) && pieces[i].piece == e; i++ {
			k := number[pieces[i].polygon]
			own[k] = !own[k]
		}
		// Crossings of a ray from the middle of e: to the east, or to the north where e is level.
		level := e.a.y == e.b.y
		near := byY.at(e.a.y + e.b.y)
		if level {
			near = byX.at(e.a.x + e.b.x)
		}
		for _, j := range near {
			if p := &pieces[j]; p.piece != e && rayMeets(e, p.piece, level) {
				k := number[p.polygon]
				odd[k] = !odd[k]
			}
		}
		far, here := false, false // is the geometry on the side the ray runs to, and on the other?
		for k := range odd {
			far = far || odd[k]
			here = here || odd[k] != own[k]
		}
		if far == here {
			continue
		}
		// The east of e is on the left of its way down, the north of a level one on the left of its way east.
		a, b := e.a, e.b
		if level && !far || !level && (a.y < b.y) == far {
			a, b = b, a
		}
		out = append(out, [2]gridPoint{a, b})
	}
	return out
}

// rayIndex lists the pieces by their extent along one axis, so that a ray across it meets few.
type rayIndex struct {
	low, width int64
	strips     [][]int32
}

func newRayIndex(pieces []polygonPiece, axis func(gridPoint) int64) *rayIndex {
	low, high := axis(pieces[0].a), axis(pieces[0].a)
	for _, p := range pieces {
		low, high = min(low, axis(p.a), axis(p.b)), max(high, axis(p.a), axis(p.b))
	}
	n := int64(min(len(pieces)/4+1, 256)) // tall pieces are in many strips: this bounds the memory
	x := &rayIndex{low: low, width: (high-low)/n + 1, strips: make([][]int32, n)}
	for i, p := range pieces {
		from, to := min(axis(p.a), axis(p.b)), max(axis(p.a), axis(p.b))
		for k := x.strip(from); k <= x.strip(to); k++ {
			x.strips[k] = append(x.strips[k], int32(i))
		}
	}
	return x
}

func (x *rayIndex) strip(v int64) int { return int((v - x.low) / x.width) }

// at returns the pieces that may hold the value doubled/2 within their extent, ends included.
func (x *rayIndex) at(doubled int64) []int32 { return x.strips[x.strip(doubled>>1)] }

// rayMeets says whether a ray from the middle of e meets p; half-open, exact. Coordinates are doubled for the middle.
func rayMeets(e, p piece, level bool) bool {
	m := gridPoint{e.a.x + e.b.x, e.a.y + e.b.y}
	lo, hi := gridPoint{2 * p.a.x, 2 * p.a.y}, gridPoint{2 * p.b.x, 2 * p.b.y}
	if level { // the same with x and y exchanged
		m.x, m.y, lo.x, lo.y, hi.x, hi.y = m.y, m.x, lo.y, lo.x, hi.y, hi.x
	}
	if lo.y > hi.y {
		lo, hi = hi, lo
	}
	return m.y >= lo.y && m.y < hi.y && turn(lo, hi, m) > 0
}

// traceRings joins directed edges to rings without a point twice. At a node it takes the leftmost way, which follows one
// face, and a ring that comes back to one of its points is closed there.
func traceRings(edges [][2]gridPoint) [][]gridPoint {
	from := map[gridPoint][]int{}
	for i, e := range edges {
		from[e[0]] = append(from[e[0]], i)
	}
	used := make([]bool, len(edges))
	var rings [][]gridPoint
	for start := range edges {
		if used[start] {
			continue
		}
		var path []gridPoint
		place := map[gridPoint]int{}
		for e := start; e >= 0; {
			used[e] = true
			a, b := edges[e][0], edges[e][1]
			place[a] = len(path)
			path = append(path, a)
			if k, ok := place[b]; ok {
				rings = append(rings, slices.Clone(path[k:]))
				for _, p := range path[k:] {
					delete(place, p)
				}
				path = path[:k]
			}
			e = leftmost(edges, used, from[b], a, b)
		}
	}
	return rings
}

// leftmost returns the unused edge out of b that is met first turning clockwise from the way back to a; -1 if none is left.
func leftmost(edges [][2]gridPoint, used []bool, out []int, a, b gridPoint) int {
	best := -1
	for _, i := range out {
		if !used[i] && (best < 0 || clockwiseBefore(b, a, edges[i][1], edges[best][1])) {
			best = i
		}
	}
	return best
}

// clockwiseBefore says whether, turning clockwise around o from the direction of ref, p comes before q.
func clockwiseBefore(o, ref, p, q gridPoint) bool {
	half := func(v gridPoint) int { // 0: right of ref, up to straight on; 1: left of it
		switch t := turn(o, ref, v); {
		case t < 0:
			return 0
		case t > 0:
			return 1
		case (ref.x-o.x)*(v.x-o.x)+(ref.y-o.y)*(v.y-o.y) > 0:
			return 2 // ref itself comes last
		}
		return 0 // straight on
	}
	if hp, hq := half(p), half(q); hp != hq {
		return hp < hq
	}
	return turn(o, p, q) < 0
}

// nest makes polygons of rings: anticlockwise ones are outer, clockwise ones are holes of the smallest outer one around them.
func nest(rings [][]gridPoint) orb.MultiPolygon {
	type shell struct {
		ring  []gridPoint
		area  float64
		place int
	}
	var shells []shell
	var out orb.MultiPolygon
	var holes [][]gridPoint
	for _, r := range rings {
		closed := make(orb.Ring, 0, len(r)+1)
		for _, p := range r {
			closed = append(closed, p.degrees())
		}
		closed = append(closed, closed[0])
		switch area := signedArea(closed); {
		case area > minPartAreaM2:
			shells = append(shells, shell{r, area, len(out)})
			out = append(out, orb.Polygon{closed})
		case area < -minPartAreaM2:
			holes = append(holes, r)
		}
	}
	slices.SortFunc(shells, func(a, b shell) int { return cmp.Or(cmp.Compare(a.area, b.area), cmp.Compare(a.place, b.place)) })
	for _, h := range holes {
		for _, s := range shells {
			if ringInside(h, s.ring) {
				closed := make(orb.Ring, 0, len(h)+1)
				for _, p := range append(h, h[0]) {
					closed = append(closed, p.degrees())
				}
				out[s.place] = append(out[s.place], closed)
				break
			}
		}
	}
	return out
}

// ringInside says whether h lies in s, seen from a corner that is not on s.
func ringInside(h, s []gridPoint) bool {
	for _, p := range h {
		if in, on := sideOf(s, p); !on {
			return in
		}
	}
	return false
}
