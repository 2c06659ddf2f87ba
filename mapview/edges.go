package mapview

import (
	"encoding/binary"
	"iter"
	"slices"
)

// arcPoints is the most points a piece of border has: long borders are cut so that a tile looks at what is near it.
const arcPoints = 64

// edges are the borders of all polygons as lines in which every edge that two polygons share is there once, so that a
// dash is not drawn twice and a half-transparent line is not darker where two regions meet. The class of a piece is not used; its id holds the
// length of the border before it, see arcStart. They are found on first use (20 ms for 100,000 edges) and kept.
func (s *Snapshot) edges() *packed {
	s.once.Do(func() {
		s.shared = sharedEdges(func(yield func(*packed, int) bool) {
			for p := range s.parts() {
				for i := range p.len() {
					if !p.hidden(i) && !yield(p.packed, i) {
						return
					}
				}
			}
		})
	})
	return s.shared
}

// arcStart is the length, in world units, of the line before piece i of edges.
func arcStart(p *packed, i int) float64 { return float64(binary.BigEndian.Uint64(p.ids[i][:8])) }

type node uint64 // x<<32 | y

// sharedEdges are the borders of the polygons among some features.
func sharedEdges(features iter.Seq2[*packed, int]) *packed {
	type edge struct{ a, b node }
	at := map[edge]int{} // place in list; a < b
	var list []edge
	add := func(a, b node) {
		if a == b {
			return
		}
		if a > b {
			a, b = b, a
		}
		e := edge{a, b}
		if _, ok := at[e]; !ok {
			at[e] = len(list)
			list = append(list, e)
		}
	}
	for p, i := range features {
		if p.shapes[i] != shapePolygon {
			continue
		}
		for r := p.feats[i]; r < p.feats[i+1]; r++ {
			ring := p.ring(r)
			n := len(ring)
			prev := node(ring[n-2])<<32 | node(ring[n-1])
			for j := 0; j < n; j += 2 {
				cur := node(ring[j])<<32 | node(ring[j+1])
				add(prev, cur)
				prev = cur
			}
		}
	}
	// Chains run from junction to junction (nodes of other than two edges); what is left are closed rings.
	ends := map[node][]int32{}
	for i, e := range list {
		ends[e.a] = append(ends[e.a], int32(i))
		ends[e.b] = append(ends[e.b], int32(i))
	}
	used := make([]bool, len(list))
	var b Builder
	walk := func(from node, first int) {
		line := []node{from}
		for e, cur := first, from; ; {
			used[e] = true
			if next := list[e]; next.a == cur {
				cur = next.b
			} else {
				cur = next.a
			}
			line = append(line, cur)
			here := ends[cur]
			if len(here) != 2 || cur == from {
				break
			}
			if e = int(here[0]); used[e] {
				e = int(here[1])
			}
			if used[e] {
				break
			}
		}
		b.addArc(line)
	}
	for _, junction := range [2]bool{true, false} {
		for i, e := range list {
			for _, n := range [2]node{e.a, e.b} {
				if !used[i] && (!junction || len(ends[n]) != 2) {
					walk(n, i)
				}
			}
		}
	}
	return b.pack()
}

// addArc appends a line in pieces of at most arcPoints points, each with the length before it in its id.
func (b *Builder) addArc(line []node) {
	// A border is walked from the same end whatever the order of its regions was, so dashes do not jump when one changes.
	if line[0] > line[len(line)-1] {
		slices.Reverse(line)
	}
	p := &b.p
	if len(p.feats) == 0 {
		p.rings, p.feats, p.labels = append(p.rings, 0), append(p.feats, 0), append(p.labels, 0)
	}
	length := 0.0
	for lo := 0; lo+1 < len(line); lo += arcPoints - 1 {
		var id ID
		binary.BigEndian.PutUint64(id[:8], uint64(length))
		bx := noBox
		piece := line[lo:min(lo+arcPoints, len(line))]
		for i, n := range piece {
			x, y := uint32(n>>32), uint32(n)
			p.coords = append(p.coords, x, y)
			bx = bx.with(x, y)
			if i > 0 {
				length += worldDist(uint32(piece[i-1]>>32), uint32(piece[i-1]), x, y)
			}
		}
		p.rings = append(p.rings, uint32(len(p.coords)/2))
		p.feats = append(p.feats, uint32(len(p.rings)-1))
		p.boxes = append(p.boxes, bx)
		p.shapes = append(p.shapes, shapeLine)
		p.class = append(p.class, 0)
		p.ids = append(p.ids, id)
		p.labels = append(p.labels, 0)
	}
}
