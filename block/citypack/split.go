package citypack

import (
	"math/big"
	"math/bits"
	"slices"

	"github.com/paulmach/orb"
)

// Grids are cut in whole numbers on the storage grid, so that every machine makes the same ones.

// spot is a point in units of 1e-7°.
type spot struct{ x, y int64 }

// along returns the coordinate that a cut across axis 0 (x) or 1 (y) divides by, and the other one.
func (s spot) along(axis int) (u, v int64) {
	if axis == 0 {
		return s.x, s.y
	}
	return s.y, s.x
}

func spotOn(axis int, u, v int64) spot {
	if axis == 0 {
		return spot{u, v}
	}
	return spot{v, u}
}

func (s spot) point() orb.Point { return orb.Point{float64(s.x) / 1e7, float64(s.y) / 1e7} }

// corner is a vertex and the side that begins in it: side is the number of an edge of a parent's outline, or cutSide.
type corner struct {
	spot
	side int32
}

const cutSide = -1

// loop is a ring without its last point.
type loop []corner

// shape is an outer ring and its holes.
type shape struct {
	outer  loop
	holes  []loop
	lo, hi spot // bounds of a parent's shape; not kept for its pieces
}

// outlines numbers the edges of all parents. An edge that two parents share has one number, and the points at which
// either is cut are kept, so that both sides can be given all of them.
type outlines struct {
	edges  [][2]spot
	number map[[2]spot]int32
	points [][]spot
}

func (o *outlines) edge(a, b spot) int32 {
	if b.x < a.x || b.x == a.x && b.y < a.y {
		a, b = b, a
	}
	n, ok := o.number[[2]spot{a, b}]
	if !ok {
		n = int32(len(o.edges))
		o.number[[2]spot{a, b}] = n
		o.edges = append(o.edges, [2]spot{a, b})
		o.points = append(o.points, nil)
	}
	return n
}

// crossing is where a ring passes from one side of a cut to the other.
type crossing struct {
	at        spot
	v         int64 // at's place on the cut
	low, high spot  // the ends of the side that crosses
	down      bool  // the ring passes to the low side here
	lowChain  int   // the chain on the low side that begins (down) or ends here
	highChain int
}

// chain is a run of a ring on one side of a cut, from one crossing to the next, both points included.
type chain struct {
	corners  []corner
	from, to int // crossings
}

// split cuts a shape along u = c. Points on the line count as high. It reports false where the rings do not cross the line
// as the outline of an area must, which happens only where rounding has made them touch.
func (o *outlines) split(s shape, axis int, c int64) (low, high []shape, ok bool) {
	var cr []crossing
	var chains [2][]chain // low, high
	var loose [2][]loop   // holes that the line does not touch
	outerCut := false
	for i, ring := range append([]loop{s.outer}, s.holes...) {
		side := func(k int) int {
			if u, _ := ring[k].along(axis); u < c {
				return 0
			}
			return 1
		}
		first := -1 // a corner after which the ring crosses
		for k := range ring {
			if side(k) != side((k+1)%len(ring)) {
				first = k
				break
			}
		}
		if first < 0 {
			if i > 0 {
				loose[side(0)] = append(loose[side(0)], ring)
				continue
			}
			if side(0) == 0 {
				return []shape{s}, nil, true
			}
			return nil, []shape{s}, true
		}
		outerCut = outerCut || i == 0
		firstCrossing, open := len(cr), -1
		for n := range len(ring) {
			k := (first + n) % len(ring)
			a, b := ring[k], ring[(k+1)%len(ring)]
			sa := side(k)
			if open >= 0 {
				ch := &chains[sa][open]
				ch.corners = append(ch.corners, a)
			}
			if sa == side((k+1)%len(ring)) {
				continue
			}
			x := crossing{down: sa == 1, low: a.spot, high: b.spot}
			if x.down {
				x.low, x.high = b.spot, a.spot
			}
			x.at = o.cross(a.side, x.low, x.high, axis, c)
			_, x.v = x.at.along(axis)
			here := len(cr)
			if open >= 0 {
				ch := &chains[sa][open]
				ch.corners = append(ch.corners, corner{x.at, cutSide})
				ch.to = here
				x.ends(sa, open)
			}
			open = len(chains[1-sa])
			chains[1-sa] = append(chains[1-sa], chain{corners: []corner{{x.at, a.side}}, from: here})
			x.ends(1-sa, open)
			cr = append(cr, x)
		}
		// The chain that the last crossing opened ends in the first.
		last := 1
		if cr[len(cr)-1].down {
			last = 0
		}
		ch := &chains[last][open]
		ch.corners = append(ch.corners, ring[first], corner{cr[firstCrossing].at, cutSide})
		ch.to = firstCrossing
		cr[firstCrossing].ends(last, open)
	}
	if !outerCut {
		return nil, nil, false
	}
	partner, ok := pair(cr, axis, c)
	if !ok {
		return nil, nil, false
	}
	lows, ok := join(chains[0], cr, partner, 0)
	if !ok {
		return nil, nil, false
	}
	highs, ok := join(chains[1], cr, partner, 1)
	if !ok {
		return nil, nil, false
	}
	return shapes(lows, loose[0], axis, c), shapes(highs, loose[1], axis, c), true
}

func (x *crossing) ends(side, chain int) {
	if side == 0 {
		x.lowChain = chain
	} else {
		x.highChain = chain
	}
}

// cross returns where the side from low to high meets the line u = c: high itself when it lies on the line, else the point
// on the parent's own edge, rounded, so that both neighbours of the edge find the same one.
func (o *outlines) cross(side int32, low, high spot, axis int, c int64) spot {
	hu, _ := high.along(axis)
	if hu == c {
		return high
	}
	a, b := low, high
	if side != cutSide {
		a, b = o.edges[side][0], o.edges[side][1]
	}
	au, av := a.along(axis)
	bu, bv := b.along(axis)
	if au > bu {
		au, av, bu, bv = bu, bv, au, av
	}
	v := av
	if bu > au {
		v = av + mulDiv(bv-av, c-au, bu-au)
	}
	_, lv := low.along(axis)
	_, hv := high.along(axis)
	v = min(max(v, min(lv, hv)), max(lv, hv)) // ends that were rounded before may lie off the edge
	p := spotOn(axis, c, v)
	if side != cutSide {
		o.points[side] = append(o.points[side], p)
	}
	return p
}

// mulDiv returns d·n/m rounded to the nearest whole number, halves away from zero. n lies within 0…m in all but rounded
// cases, and m > 0.
func mulDiv(d, n, m int64) int64 {
	neg := (d < 0) != (n < 0)
	hi, lo := bits.Mul64(abs(d), abs(n))
	lo, carry := bits.Add64(lo, uint64(m)/2, 0)
	hi += carry
	if hi >= uint64(m) { // more than 2^64: no two points of the globe are that far apart
		return 0
	}
	q, _ := bits.Div64(hi, lo, uint64(m))
	if neg {
		return -int64(q)
	}
	return int64(q)
}

func abs(v int64) uint64 {
	if v < 0 {
		return uint64(-v)
	}
	return uint64(v)
}

// pair finds for every crossing the one at the other end of its stretch of the cut: sorted along the line, each odd one goes
// with the next. Just below the line the order is that of a section through the area; of crossings in one point the sides'
// directions decide.
func pair(cr []crossing, axis int, c int64) ([]int, bool) {
	if len(cr)%2 != 0 {
		return nil, false
	}
	order := make([]int, len(cr))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := cr[i], cr[j]
		switch {
		case a.v != b.v:
			return sign(a.v - b.v)
		case a.low == b.low && a.high == b.high:
			return 0
		}
		if d := exactly(a, axis, c).Cmp(exactly(b, axis, c)); d != 0 {
			return d
		}
		// v at u = c − ε is v + ε·slope, slope = (low.v − v)/(c − low.u)
		au, av := a.low.along(axis)
		bu, bv := b.low.along(axis)
		l := new(big.Int).Mul(big.NewInt(av-a.v), big.NewInt(c-bu))
		r := new(big.Int).Mul(big.NewInt(bv-b.v), big.NewInt(c-au))
		return l.Cmp(r)
	})
	partner := make([]int, len(cr))
	for k := 0; k < len(order); k += 2 {
		i, j := order[k], order[k+1]
		if cr[i].down == cr[j].down {
			return nil, false
		}
		partner[i], partner[j] = j, i
	}
	return partner, true
}

// exactly is where a side crosses the line without rounding.
func exactly(x crossing, axis int, c int64) *big.Rat {
	lu, lv := x.low.along(axis)
	hu, hv := x.high.along(axis)
	f := big.NewRat(c-lu, hu-lu)
	f.Mul(f, new(big.Rat).SetInt64(hv-lv))
	return f.Add(f, new(big.Rat).SetInt64(lv))
}

func sign(v int64) int {
	switch {
	case v < 0:
		return -1
	case v > 0:
		return 1
	}
	return 0
}

// join strings the chains of one side together along the line.
func join(chains []chain, cr []crossing, partner []int, side int) ([]loop, bool) {
	var out []loop
	used := make([]bool, len(chains))
	for start := range chains {
		if used[start] {
			continue
		}
		var l loop
		for at := start; ; {
			if used[at] {
				return nil, false
			}
			used[at] = true
			l = append(l, chains[at].corners...)
			end := partner[chains[at].to]
			at = cr[end].lowChain
			if side == 1 {
				at = cr[end].highChain
			}
			if chains[at].from != end {
				return nil, false
			}
			if at == start {
				break
			}
		}
		out = append(out, l)
	}
	return out, true
}

// shapes tidies the rings that a cut has made and gives the untouched holes to the one that holds them.
func shapes(outers, holes []loop, axis int, c int64) []shape {
	var out []shape
	for _, l := range outers {
		if l = tidy(l, axis, c); l != nil {
			out = append(out, shape{outer: l})
		}
	}
	for _, h := range holes {
		best, most := 0, -1
		for i := range out {
			n := 0
			if len(out) > 1 {
				for _, p := range h {
					if inside(out[i].outer, p.spot) {
						n++
					}
				}
			}
			if n > most {
				best, most = i, n
			}
		}
		if len(out) > 0 {
			out[best].holes = append(out[best].holes, h)
		}
	}
	return out
}

// tidy drops repeated points and spikes along the cut; nil when no area is left.
func tidy(l loop, axis int, c int64) loop {
	out := make(loop, 0, len(l))
	for _, p := range l {
		if n := len(out); n > 0 && out[n-1].spot == p.spot {
			out[n-1].side = p.side
			continue
		}
		out = append(out, p)
	}
	for again := true; again && len(out) >= 3; {
		again = false
		if out[0].spot == out[len(out)-1].spot {
			out = out[:len(out)-1]
			again = true
			continue
		}
		for i := range out {
			n := len(out)
			a, b, d := out[(i+n-1)%n], out[i], out[(i+1)%n]
			au, av := a.along(axis)
			bu, bv := b.along(axis)
			du, dv := d.along(axis)
			back := a.spot == d.spot || au == c && bu == c && du == c && (bv-av > 0) == (bv-dv > 0)
			if !back {
				continue
			}
			out[(i+n-1)%n].side = cutSide
			if a.spot == d.spot {
				out[(i+n-1)%n].side = d.side
			}
			out = slices.Delete(out, i, i+1)
			if a.spot == d.spot { // d repeats a
				k := i % len(out)
				out = slices.Delete(out, k, k+1)
			}
			again = true
			break
		}
	}
	if len(out) < 3 || twiceArea(out) == 0 {
		return nil
	}
	return out
}

// twiceArea returns twice the area of a ring in square units, always positive; what does not fit is the largest number.
func twiceArea(l loop) uint64 {
	lo, hi := bounds(l)
	if hi.x-lo.x >= 1<<24 || hi.y-lo.y >= 1<<24 || len(l) >= 1<<14 { // 168 km; below, no partial sum passes 2^63
		return 1<<64 - 1
	}
	sum := int64(0)
	for i, a := range l {
		b := l[(i+1)%len(l)]
		sum += (a.x-lo.x)*(b.y-lo.y) - (b.x-lo.x)*(a.y-lo.y)
	}
	return abs(sum)
}

func bounds(l loop) (lo, hi spot) {
	lo, hi = l[0].spot, l[0].spot
	for _, p := range l {
		lo.x, lo.y, hi.x, hi.y = min(lo.x, p.x), min(lo.y, p.y), max(hi.x, p.x), max(hi.y, p.y)
	}
	return lo, hi
}

// inside is geo.Contains in whole numbers.
func inside(l loop, p spot) bool {
	in := false
	for i, a := range l {
		b := l[(i+1)%len(l)]
		if a.y > b.y {
			a, b = b, a
		}
		if p.y < a.y || p.y >= b.y {
			continue
		}
		if (p.x-a.x)*(b.y-a.y) < (b.x-a.x)*(p.y-a.y) {
			in = !in
		}
	}
	return in
}
