package mapview

import "slices"

// treeFan is the number of children of a tree node. Features are stored in Hilbert order, so the children of a leaf
// are neighbours in memory and a search reads sequentially.
const treeFan = 16

// tree is a static packed R-tree over boxes that are already in Hilbert order. levels[0] bounds groups of treeFan
// features, levels[n] groups of treeFan nodes of levels[n-1]; the last level has at most treeFan nodes.
type tree struct{ levels [][]box }

func buildTree(leaves []box) tree {
	var t tree
	for cur := leaves; len(cur) > treeFan || len(t.levels) == 0; {
		up := make([]box, 0, (len(cur)+treeFan-1)/treeFan)
		for lo := 0; lo < len(cur); lo += treeFan {
			b := noBox
			for _, c := range cur[lo:min(lo+treeFan, len(cur))] {
				b = b.union(c)
			}
			up = append(up, b)
		}
		t.levels = append(t.levels, up)
		cur = up
	}
	return t
}

// search calls visit for every leaf that overlaps q, in order, until visit answers false; it answers whether it went through.
func (t tree) search(q box, leaves []box, visit func(i int) bool) bool {
	if q.empty() || len(leaves) == 0 {
		return true
	}
	top := len(t.levels) - 1
	return t.walk(q, leaves, top, 0, len(t.levels[top]), visit)
}

func (t tree) walk(q box, leaves []box, level, lo, hi int, visit func(i int) bool) bool {
	for n := lo; n < hi; n++ {
		b := t.levels[level][n]
		if !q.overlaps(b) {
			continue
		}
		first := n * treeFan
		switch {
		case level > 0:
			if !t.walk(q, leaves, level-1, first, min(first+treeFan, len(t.levels[level-1])), visit) {
				return false
			}
		default:
			inside := q.contains(b)
			for i := first; i < min(first+treeFan, len(leaves)); i++ {
				if (inside || q.overlaps(leaves[i])) && !visit(i) {
					return false
				}
			}
		}
	}
	return true
}

// hilbertOrder is the permutation that puts boxes in the order of their centres along a Hilbert curve through their
// common bounds; equal places keep their order, so a build is repeatable.
func hilbertOrder(boxes []box) []uint32 {
	all := noBox
	for _, b := range boxes {
		all = all.union(b)
	}
	w := float64(all.maxX-all.minX) + 1
	h := float64(all.maxY-all.minY) + 1
	keys := make([]uint64, len(boxes))
	spread(len(boxes), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			b := boxes[i]
			cx := (float64(b.minX)+float64(b.maxX))/2 - float64(all.minX)
			cy := (float64(b.minY)+float64(b.maxY))/2 - float64(all.minY)
			keys[i] = uint64(hilbert(uint32(cx/w*65536), uint32(cy/h*65536)))<<32 | uint64(i)
		}
	})
	keys = sortKeys(keys)
	order := make([]uint32, len(keys))
	for i, k := range keys {
		order[i] = uint32(k)
	}
	return order
}

// sortKeys sorts by the upper half of the keys, whose lower halves are in order: a radix sort in three passes of 11 bits. It may answer another slice.
func sortKeys(keys []uint64) []uint64 {
	const bits, passes = 11, 3
	if len(keys) < 1<<bits {
		slices.Sort(keys)
		return keys
	}
	var counts [passes][1 << bits]uint32
	for _, k := range keys {
		for pass := range counts {
			counts[pass][k>>(32+bits*pass)&(1<<bits-1)]++
		}
	}
	other := make([]uint64, len(keys))
	for pass := range counts {
		sum := uint32(0)
		for i, c := range counts[pass] {
			counts[pass][i] = sum
			sum += c
		}
		for _, k := range keys {
			at := &counts[pass][k>>(32+bits*pass)&(1<<bits-1)]
			other[*at] = k
			*at++
		}
		keys, other = other, keys
	}
	return keys
}

// hilbert is the distance of cell x, y (16 bits each) along the Hilbert curve of order 16.
func hilbert(x, y uint32) uint32 {
	var d uint32
	for s := uint32(1 << 15); s > 0; s >>= 1 {
		var rx, ry uint32
		if x&s != 0 {
			rx = 1
		}
		if y&s != 0 {
			ry = 1
		}
		d += s * s * ((3 * rx) ^ ry)
		if ry == 0 {
			if rx == 1 {
				x, y = 65535-x, 65535-y
			}
			x, y = y, x
		}
	}
	return d
}
