package geo

import (
	"cmp"
	"slices"

	"github.com/paulmach/orb"
)

// boxTree is a packed R-tree over boxes (sort-tile-recursive), built once. Level 0 holds the boxes in packed order, each
// further level the bounds of boxFan neighbours of the one below, until one level fits a node.
type boxTree struct {
	ids    []int32 // packed order → the caller's number
	levels [][]orb.Bound
}

const boxFan = 8

// newBoxTree packs the boxes; box i is reported as i.
func newBoxTree(boxes []orb.Bound) *boxTree {
	n := len(boxes)
	t := &boxTree{ids: make([]int32, n)}
	for i := range t.ids {
		t.ids[i] = int32(i)
	}
	mid := func(i int32, axis int) float64 { return boxes[i].Min[axis] + boxes[i].Max[axis] }
	slices.SortFunc(t.ids, func(a, b int32) int {
		return cmp.Or(cmp.Compare(mid(a, 0), mid(b, 0)), cmp.Compare(a, b))
	})
	// Slices of about √(n/fan) nodes each, sorted by y within.
	nodes := (n + boxFan - 1) / boxFan
	perSlice := boxFan
	for perSlice*perSlice < nodes*boxFan*boxFan {
		perSlice += boxFan
	}
	for s := range slices.Chunk(t.ids, perSlice) {
		slices.SortFunc(s, func(a, b int32) int {
			return cmp.Or(cmp.Compare(mid(a, 1), mid(b, 1)), cmp.Compare(a, b))
		})
	}
	level := make([]orb.Bound, n)
	for i, id := range t.ids {
		level[i] = boxes[id]
	}
	t.levels = append(t.levels, level)
	for len(level) > boxFan {
		var up []orb.Bound
		for group := range slices.Chunk(level, boxFan) {
			b := group[0]
			for _, g := range group[1:] {
				b = b.Union(g)
			}
			up = append(up, b)
		}
		t.levels = append(t.levels, up)
		level = up
	}
	return t
}

// search calls f with the number of each box that shares a point with b.
func (t *boxTree) search(b orb.Bound, f func(i int)) {
	top := len(t.levels) - 1
	t.visit(top, 0, len(t.levels[top]), b, f)
}

func (t *boxTree) visit(level, from, to int, b orb.Bound, f func(i int)) {
	boxes := t.levels[level]
	for i := from; i < min(to, len(boxes)); i++ {
		box := &boxes[i]
		if box.Min[0] > b.Max[0] || box.Max[0] < b.Min[0] || box.Min[1] > b.Max[1] || box.Max[1] < b.Min[1] {
			continue
		}
		if level == 0 {
			f(int(t.ids[i]))
		} else {
			t.visit(level-1, i*boxFan, (i+1)*boxFan, b, f)
		}
	}
}
