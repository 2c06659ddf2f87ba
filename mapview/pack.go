package mapview

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// BuildAll packs what several builders collected, each perhaps by a goroutine of its own, into one snapshot of the given data version, on
// GOMAXPROCS goroutines. Their features count as added one builder after the other; all have the columns of the first. The builders are empty afterwards.
func BuildAll(version uint64, builders ...*Builder) *Snapshot {
	return newSnapshot(version, packAll(builders))
}

// Grow makes room for so many further features of so many points all told.
func (b *Builder) Grow(features, points int) {
	b.start()
	p := &b.p
	p.coords = slices.Grow(p.coords, 2*points)
	p.rings = slices.Grow(p.rings, features+features/64)
	p.feats = slices.Grow(p.feats, features)
	p.boxes = slices.Grow(p.boxes, features)
	p.shapes = slices.Grow(p.shapes, features)
	p.class = slices.Grow(p.class, features)
	p.ids = slices.Grow(p.ids, features)
	p.labels = slices.Grow(p.labels, features)
}

// spread calls fn with parts of 0…n, on GOMAXPROCS goroutines where n is worth it.
func spread(n int, fn func(lo, hi int)) {
	const least = 4096
	parts := min(runtime.GOMAXPROCS(0), n/least)
	if parts < 2 {
		fn(0, n)
		return
	}
	var wg sync.WaitGroup
	for i := range parts {
		wg.Go(func() { fn(n*i/parts, n*(i+1)/parts) })
	}
	wg.Wait()
}

// source finds a feature's place in the builders it came from.
type source struct {
	in    []*packed
	first []int // number of the first feature of each, and of all
}

func (s *source) at(i int) (p *packed, local int) {
	k := 0
	for i >= s.first[k+1] {
		k++
	}
	return s.in[k], i - s.first[k]
}

// packAll sorts what the builders collected along the Hilbert curve and indexes it.
func packAll(builders []*Builder) *packed {
	if len(builders) == 1 {
		return builders[0].pack()
	}
	var boxes []box
	for _, b := range builders {
		boxes = append(boxes, b.p.boxes...)
	}
	return packOrdered(builders, hilbertOrder(boxes))
}

// packOrdered packs what the builders collected in the given order, which counts through all of them, and indexes it.
func packOrdered(builders []*Builder, order []uint32) *packed {
	src := source{first: []int{0}}
	for _, b := range builders {
		b.p.text = string(b.text)
		src.in = append(src.in, &b.p)
		src.first = append(src.first, src.first[len(src.first)-1]+b.Len())
	}
	n := len(order)
	out := &packed{
		feats: make([]uint32, n+1), labels: make([]uint32, n+1),
		boxes: make([]box, n), shapes: make([]shape, n), class: make([]uint8, n), ids: make([]ID, n), bounds: noBox,
	}
	// Where each feature's rings, coordinates and label begin, then all of them copied there side by side.
	starts := make([]uint32, n+1)
	var rings, coords, text uint32
	for to, from := range order {
		p, i := src.at(int(from))
		out.feats[to], starts[to], out.labels[to] = rings, coords, text
		rings += p.feats[i+1] - p.feats[i]
		coords += 2 * (p.rings[p.feats[i+1]] - p.rings[p.feats[i]])
		text += p.labels[i+1] - p.labels[i]
		out.bounds = out.bounds.union(p.boxes[i])
	}
	out.feats[n], starts[n], out.labels[n] = rings, coords, text
	out.coords = make([]uint32, coords)
	out.rings = make([]uint32, rings+1)
	out.rings[rings] = coords / 2
	letters := make([]byte, text)
	spread(n, func(lo, hi int) {
		for to := lo; to < hi; to++ {
			p, i := src.at(int(order[to]))
			at := starts[to]
			first, end := p.feats[i], p.feats[i+1]
			copy(out.coords[at:], p.coords[2*p.rings[first]:2*p.rings[end]])
			shift := at/2 - p.rings[first]
			for r := first; r < end; r++ {
				out.rings[out.feats[to]+r-first] = p.rings[r] + shift
			}
			out.boxes[to], out.shapes[to], out.class[to], out.ids[to] = p.boxes[i], p.shapes[i], p.class[i], p.ids[i]
			copy(letters[out.labels[to]:], p.label(i))
		}
	})
	out.text = string(letters)
	out.columns = packColumns(builders, order)
	out.index()
	for _, b := range builders {
		*b = Builder{}
	}
	return out
}

// index makes what a packed array has beside its data.
func (p *packed) index() {
	p.tree = buildTree(p.boxes)
	p.anchors = make([]atomic.Uint64, len(p.boxes))
}

// packColumns packs the columns of the first builder, with the values all of them collected under its names.
func packColumns(builders []*Builder, order []uint32) []column {
	if len(builders) == 0 || len(builders[0].columns) == 0 {
		return nil
	}
	out := make([]column, len(builders[0].columns))
	var wg sync.WaitGroup
	for j := range out {
		wg.Go(func() {
			all := &builders[0].columns[j]
			all.fill(builders[0].Len())
			for _, b := range builders[1:] {
				all.merge(b.columnCalled(all.name), b.Len())
			}
			out[j] = all.column(order)
		})
	}
	wg.Wait()
	return out
}

func (b *Builder) columnCalled(name string) *columnBuilder {
	for j := range b.columns {
		if b.columns[j].name == name {
			return &b.columns[j]
		}
	}
	return nil
}

// merge appends the values of n further features; from is nil when they have none.
func (b *columnBuilder) merge(from *columnBuilder, n int) {
	end := len(b.codes) + n
	if from != nil {
		code := make([]uint32, len(from.values))
		for i, v := range from.values {
			code[i] = b.intern(v)
		}
		for _, c := range from.codes {
			b.codes = append(b.codes, code[c])
		}
	}
	b.fill(end)
}
