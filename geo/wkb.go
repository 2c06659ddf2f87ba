package geo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/paulmach/orb"
)

// ErrWKB is wrapped by every error of the WKB and GeoPackage decoders.
var ErrWKB = errors.New("invalid geometry bytes")

// Type numbers of ISO 13249-3 / OGC 06-103r4.
const (
	wkbPoint = iota + 1
	wkbLineString
	wkbPolygon
	wkbMultiPoint
	wkbMultiLineString
	wkbMultiPolygon
	wkbCollection
)

// maxWKBDepth bounds collections within collections.
const maxWKBDepth = 8

// AppendWKB appends g as little-endian two-dimensional WKB. A nil geometry becomes an empty collection, a ring and a
// bound a polygon.
func AppendWKB(dst []byte, g orb.Geometry) []byte {
	switch g := g.(type) {
	case nil:
		return appendHead(dst, wkbCollection, 0)
	case orb.Point:
		dst = binary.LittleEndian.AppendUint32(append(dst, 1), wkbPoint)
		return appendPoint(dst, g)
	case orb.LineString:
		return appendPoints(appendHead(dst, wkbLineString, len(g)), g)
	case orb.Ring:
		return AppendWKB(dst, orb.Polygon{g})
	case orb.Bound:
		return AppendWKB(dst, g.ToPolygon())
	case orb.Polygon:
		return appendPolygon(dst, g)
	case orb.MultiPoint:
		dst = appendHead(dst, wkbMultiPoint, len(g))
		for _, p := range g {
			dst = AppendWKB(dst, p)
		}
		return dst
	case orb.MultiLineString:
		dst = appendHead(dst, wkbMultiLineString, len(g))
		for _, l := range g {
			dst = appendPoints(appendHead(dst, wkbLineString, len(l)), l)
		}
		return dst
	case orb.MultiPolygon:
		dst = appendHead(dst, wkbMultiPolygon, len(g))
		for _, p := range g {
			dst = appendPolygon(dst, p)
		}
		return dst
	case orb.Collection:
		dst = appendHead(dst, wkbCollection, len(g))
		for _, c := range g {
			dst = AppendWKB(dst, c)
		}
		return dst
	}
	panic(fmt.Sprintf("geo: geometry of unknown type %T", g))
}

func appendHead(dst []byte, kind uint32, n int) []byte {
	dst = binary.LittleEndian.AppendUint32(append(dst, 1), kind)
	return binary.LittleEndian.AppendUint32(dst, uint32(n))
}

func appendPolygon(dst []byte, p orb.Polygon) []byte {
	dst = appendHead(dst, wkbPolygon, len(p))
	for _, r := range p {
		dst = appendPoints(binary.LittleEndian.AppendUint32(dst, uint32(len(r))), r)
	}
	return dst
}

func appendPoints(dst []byte, ps []orb.Point) []byte {
	for _, p := range ps {
		dst = appendPoint(dst, p)
	}
	return dst
}

func appendPoint(dst []byte, p orb.Point) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(p[0]))
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(p[1]))
}

// ParseWKB reads WKB of either byte order, ISO or EWKB; Z, M and an EWKB srid are skipped. Every count is held against
// the bytes that are left before anything is allocated, so memory stays within a small multiple of len(b). An empty point
// (NaN NaN), which orb cannot say, becomes an empty orb.MultiPoint. Curves and surfaces are refused. Bytes after the
// geometry are an error.
func ParseWKB(b []byte) (orb.Geometry, error) {
	d := wkbReader{b: b}
	g := d.geometry(0)
	if d.err == nil && len(d.b) > 0 {
		d.fail("%d bytes after the end", len(d.b))
	}
	if d.err != nil {
		return nil, d.err
	}
	return g, nil
}

// wkbReader consumes b from the front. After the first error everything it returns is empty.
type wkbReader struct {
	b   []byte
	err error
}

func (d *wkbReader) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: "+format, append([]any{ErrWKB}, args...)...)
	}
	d.b = nil
}

// wkbHead is the byte order and type in front of each geometry.
type wkbHead struct {
	order binary.ByteOrder
	kind  uint32
	dims  int // 2…4 numbers a point
}

func (d *wkbReader) head() wkbHead {
	if len(d.b) < 5 {
		d.fail("cut off in a header")
		return wkbHead{order: binary.LittleEndian, dims: 2}
	}
	h := wkbHead{order: binary.LittleEndian, dims: 2}
	switch d.b[0] {
	case 0:
		h.order = binary.BigEndian
	case 1:
	default:
		d.fail("byte order %d", d.b[0])
		return h
	}
	raw := h.order.Uint32(d.b[1:])
	d.b = d.b[5:]
	const ewkbZ, ewkbM, ewkbSRID = 0x80000000, 0x40000000, 0x20000000
	if raw&ewkbZ != 0 {
		h.dims++
	}
	if raw&ewkbM != 0 {
		h.dims++
	}
	if raw&ewkbSRID != 0 {
		if len(d.b) < 4 {
			d.fail("cut off in a header")
			return h
		}
		d.b = d.b[4:]
	}
	raw &^= ewkbZ | ewkbM | ewkbSRID
	switch raw / 1000 {
	case 1, 2:
		h.dims++
	case 3:
		h.dims += 2
	}
	h.kind = raw % 1000
	if h.dims > 4 || raw >= 4000 {
		d.fail("type %d", raw)
	}
	return h
}

// count reads a number of parts of at least size bytes each.
func (d *wkbReader) count(h wkbHead, size int) int {
	if len(d.b) < 4 {
		d.fail("cut off in a count")
		return 0
	}
	n := h.order.Uint32(d.b)
	d.b = d.b[4:]
	if uint64(n)*uint64(size) > uint64(len(d.b)) {
		d.fail("%d parts in %d bytes", n, len(d.b))
		return 0
	}
	return int(n)
}

func (d *wkbReader) points(h wkbHead) []orb.Point {
	step := 8 * h.dims
	n := d.count(h, step)
	out := make([]orb.Point, n)
	for i := range out {
		b := d.b[i*step:]
		out[i] = orb.Point{math.Float64frombits(h.order.Uint64(b)), math.Float64frombits(h.order.Uint64(b[8:]))}
	}
	d.b = d.b[n*step:]
	return out
}

func (d *wkbReader) polygon(h wkbHead) orb.Polygon {
	n := d.count(h, 4)
	out := make(orb.Polygon, 0, n)
	for range n {
		out = append(out, d.points(h))
		if d.err != nil {
			return nil
		}
	}
	return out
}

func (d *wkbReader) geometry(depth int) orb.Geometry {
	if depth > maxWKBDepth {
		d.fail("collections nested deeper than %d", maxWKBDepth)
		return nil
	}
	h := d.head()
	if d.err != nil {
		return nil
	}
	switch h.kind {
	case wkbPoint:
		if len(d.b) < 8*h.dims {
			d.fail("cut off in a point")
			return nil
		}
		p := orb.Point{math.Float64frombits(h.order.Uint64(d.b)), math.Float64frombits(h.order.Uint64(d.b[8:]))}
		d.b = d.b[8*h.dims:]
		if math.IsNaN(p[0]) && math.IsNaN(p[1]) {
			return orb.MultiPoint{}
		}
		return p
	case wkbLineString:
		return orb.LineString(d.points(h))
	case wkbPolygon:
		return d.polygon(h)
	case wkbMultiPoint, wkbMultiLineString, wkbMultiPolygon, wkbCollection:
		return d.parts(h, depth)
	}
	d.fail("type %d", h.kind)
	return nil
}

// parts reads the members of a multi geometry, which carry headers of their own.
func (d *wkbReader) parts(h wkbHead, depth int) orb.Geometry {
	n := d.count(h, 5)
	var (
		points   orb.MultiPoint
		lines    orb.MultiLineString
		polygons orb.MultiPolygon
		any      orb.Collection
	)
	for range n {
		g := d.geometry(depth + 1)
		if d.err != nil {
			return nil
		}
		switch part := g.(type) {
		case orb.Point:
			points = append(points, part)
		case orb.LineString:
			lines = append(lines, part)
		case orb.Polygon:
			polygons = append(polygons, part)
		}
		if h.kind == wkbCollection {
			any = append(any, g)
		} else if empty, ok := g.(orb.MultiPoint); ok && len(empty) == 0 && h.kind == wkbMultiPoint {
			n-- // an empty point within a multipoint says nothing
		}
	}
	var out orb.Geometry
	var got int
	switch h.kind {
	case wkbMultiPoint:
		out, got = points, len(points)
	case wkbMultiLineString:
		out, got = lines, len(lines)
	case wkbMultiPolygon:
		out, got = polygons, len(polygons)
	default:
		return any
	}
	if got != n {
		d.fail("a part of another type in type %d", h.kind)
		return nil
	}
	return out
}
