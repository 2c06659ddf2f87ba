package wire

import (
	"encoding/binary"
	"math"

	"kuaitu/block"
)

// Geometries of a column lie apart by nature: a tag a row, counts, x and y steps. A tag is 0 (none), the WKB type 1…6,
// or rawGeometry for bytes that the steps could not give back exactly; those travel as they are.
const (
	noGeometry  = 0
	rawGeometry = 255
	perDegree   = 1e7
)

// WKB geometry types.
const (
	wkbPoint = iota + 1
	wkbLine
	wkbPolygon
	wkbMultiPoint
	wkbMultiLine
	wkbMultiPolygon
)

// geomWriter collects a column. Coordinates are steps in 1e-7°, zigzag: from the point before in a line or ring, and for
// the first point of a geometry from the first point of the geometry before it, which in a sorted frame is near. A ring's
// closing point is not sent.
type geomWriter struct {
	tags, counts, x, y, raw []byte
	first, last             [2]int32
}

type geomMark struct {
	tags, counts, x, y int
	first              [2]int32
}

func (w *geomWriter) add(g block.WKB) {
	if len(g) == 0 {
		w.tags = append(w.tags, noGeometry)
		return
	}
	m := geomMark{len(w.tags), len(w.counts), len(w.x), len(w.y), w.first}
	w.last = w.first
	in := wkbReader{b: g, first: true, w: w}
	if t := in.geometry(0); !in.bad && len(in.b) == 0 {
		w.tags = append(w.tags, byte(t))
		return
	}
	w.tags, w.counts, w.x, w.y, w.first = w.tags[:m.tags], w.counts[:m.counts], w.x[:m.x], w.y[:m.y], m.first
	w.tags = append(w.tags, rawGeometry)
	w.raw = appendSection(w.raw, g)
}

func (w *geomWriter) point(p [2]int32) {
	w.x = binary.AppendVarint(w.x, int64(p[0])-int64(w.last[0]))
	w.y = binary.AppendVarint(w.y, int64(p[1])-int64(w.last[1]))
	w.last = p
}

// wkbReader reads canonical WKB into a geomWriter, or only checks it when w is nil.
type wkbReader struct {
	b     []byte
	bad   bool
	first bool // the next point is the geometry's first
	w     *geomWriter
}

func (r *wkbReader) fail() { r.bad, r.b = true, nil }

// geometry reads one geometry; want is the type a collection's member must have, 0 for any.
func (r *wkbReader) geometry(want uint32) uint32 {
	if len(r.b) < 5 || r.b[0] != 1 {
		r.fail()
		return 0
	}
	t := binary.LittleEndian.Uint32(r.b[1:])
	r.b = r.b[5:]
	if want != 0 && t != want {
		r.fail()
		return 0
	}
	switch t {
	case wkbPoint:
		r.put(r.coord())
	case wkbLine:
		n := r.count(16)
		for range n {
			r.put(r.coord())
		}
	case wkbPolygon:
		for range r.count(4) {
			r.ring()
		}
	case wkbMultiPoint, wkbMultiLine, wkbMultiPolygon:
		for range r.count(9) {
			r.geometry(t - 3)
		}
	default:
		r.fail()
	}
	return t
}

func (r *wkbReader) count(size int) int {
	if len(r.b) < 4 {
		r.fail()
		return 0
	}
	n := int(binary.LittleEndian.Uint32(r.b))
	r.b = r.b[4:]
	if n > len(r.b)/size {
		r.fail()
		return 0
	}
	if r.w != nil {
		r.w.counts = binary.AppendUvarint(r.w.counts, uint64(n))
	}
	return n
}

// ring reads a ring, which must be closed and hold a point. The closing point is checked and not written.
func (r *wkbReader) ring() {
	n := r.count(16)
	if n < 2 {
		r.fail()
		return
	}
	start := r.coord()
	r.put(start)
	for range n - 2 {
		r.put(r.coord())
	}
	if r.coord() != start {
		r.fail()
	}
}

// coord reads a point that lies exactly on the grid of 1e-7°.
func (r *wkbReader) coord() (p [2]int32) {
	if len(r.b) < 16 {
		r.fail()
		return p
	}
	for i := range p {
		bits := binary.LittleEndian.Uint64(r.b[8*i:])
		n := math.Round(math.Float64frombits(bits) * perDegree)
		if !(math.Abs(n) <= 180*perDegree) || math.Float64bits(float64(int32(n))/perDegree) != bits {
			r.fail()
			return p
		}
		p[i] = int32(n)
	}
	r.b = r.b[16:]
	return p
}

func (r *wkbReader) put(p [2]int32) {
	if r.w == nil || r.bad {
		return
	}
	r.w.point(p)
	if r.first {
		r.w.first, r.first = p, false
	}
}

// Canonical returns the WKB type (1 point … 6 multipolygon) of a geometry in the one form that Kuaitu keeps: little
// endian, 2-D, coordinates on the grid of 1e-7° within ±180, rings closed, nothing after it. It returns 0 for any other
// bytes. Servers use it to refuse geometries that would not compare and hash alike everywhere.
func Canonical(g block.WKB) int {
	r := wkbReader{b: g}
	t := r.geometry(0)
	if r.bad || len(r.b) != 0 {
		return 0
	}
	return int(t)
}

// append writes the column: nothing but a zero byte when no row has a geometry.
func (w *geomWriter) append(dst []byte) []byte {
	any := false
	for _, t := range w.tags {
		any = any || t != noGeometry
	}
	if !any {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	dst = append(dst, w.tags...)
	dst = appendSection(dst, w.counts)
	dst = appendSection(dst, w.x)
	dst = appendSection(dst, w.y)
	return appendSection(dst, w.raw)
}

// geomReader rebuilds a column row by row. budget is what the whole frame may still rebuild, in bytes.
type geomReader struct {
	tags              []byte
	counts, x, y, raw reader
	first, last       [2]int32
	started           bool
	budget            *int
	bad               bool
}

func readGeometries(r *reader, rows int, budget *int) *geomReader {
	g := &geomReader{budget: budget}
	switch r.byte() {
	case 0:
		return g
	case 1:
	default:
		r.fail()
		return g
	}
	g.tags = r.take(uint64(rows))
	g.counts, g.x, g.y, g.raw = r.section(), r.section(), r.section(), r.section()
	return g
}

func (g *geomReader) next() block.WKB {
	if len(g.tags) == 0 || g.bad {
		return nil
	}
	tag := g.tags[0]
	g.tags = g.tags[1:]
	switch {
	case tag == noGeometry:
		return nil
	case tag == rawGeometry:
		b := g.raw.take(g.raw.uvarint())
		if !g.spend(len(b)) || len(b) == 0 {
			g.bad = true
			return nil
		}
		return append(block.WKB(nil), b...)
	case tag < wkbPoint || tag > wkbMultiPolygon:
		g.bad = true
		return nil
	}
	g.last, g.started = g.first, false
	out := g.geometry(make(block.WKB, 0, 128), uint32(tag))
	if g.bad || g.counts.bad || g.x.bad || g.y.bad {
		g.bad = true
		return nil
	}
	return out
}

func (g *geomReader) spend(n int) bool {
	*g.budget -= n
	if *g.budget < 0 {
		g.bad = true
	}
	return !g.bad
}

func (g *geomReader) geometry(dst block.WKB, t uint32) block.WKB {
	if !g.spend(9) {
		return dst
	}
	dst = append(dst, 1)
	dst = binary.LittleEndian.AppendUint32(dst, t)
	switch t {
	case wkbPoint:
		return g.points(dst, 1)
	case wkbLine:
		n := g.counts.count(MaxGeometry/16, 0)
		return g.points(binary.LittleEndian.AppendUint32(dst, uint32(n)), n)
	case wkbPolygon:
		n := g.counts.count(MaxGeometry/16, 1)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
		for range n {
			k := g.counts.count(MaxGeometry/16, 0)
			if k < 2 {
				g.bad = true
				return dst
			}
			dst = binary.LittleEndian.AppendUint32(dst, uint32(k))
			at := len(dst)
			if dst = g.points(dst, k-1); g.bad || !g.spend(16) {
				return dst
			}
			dst = append(dst, dst[at:at+16]...)
		}
		return dst
	}
	n := g.counts.count(MaxGeometry/16, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
	for range n {
		if dst = g.geometry(dst, t-3); g.bad {
			return dst
		}
	}
	return dst
}

func (g *geomReader) points(dst block.WKB, n int) block.WKB {
	if n > len(g.x.b) || n > len(g.y.b) || !g.spend(16*n) {
		g.bad = true
		return dst
	}
	for range n {
		x, y := int64(g.last[0])+g.x.varint(), int64(g.last[1])+g.y.varint()
		if x != int64(int32(x)) || y != int64(int32(y)) {
			g.bad = true
			return dst
		}
		g.last = [2]int32{int32(x), int32(y)}
		if !g.started {
			g.first, g.started = g.last, true
		}
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(float64(g.last[0])/perDegree))
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(float64(g.last[1])/perDegree))
	}
	return dst
}
