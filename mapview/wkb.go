package mapview

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/paulmach/orb"
)

// AddWKB is [Builder.Add] of a geometry in well-known bytes of either byte order, ISO or EWKB, whose Z and M are skipped: ten times as fast as
// parsing it first. toDegrees, unless nil, makes degrees of its coordinates. Bytes that are no geometry are ErrGeometry, too; every
// count in them is held against the bytes that are left.
func (b *Builder) AddWKB(id ID, class uint8, label string, wkb []byte, toDegrees func(orb.Point) orb.Point) error {
	b.start()
	d := wkbDecoder{b: wkb, to: &b.p, degrees: toDegrees, project: &b.project}
	s, ok := d.geometry(0)
	if ok && len(d.b) == 0 && b.finish(id, class, label, s) {
		return nil
	}
	b.giveUp()
	return fmt.Errorf("add feature %x: %w", id, ErrGeometry)
}

// AddRowWKB is [Builder.AddRow] of a geometry in well-known bytes (see [Builder.AddWKB]) and of values as SQLite has them: nil, int64, float64, bool and
// string; anything else counts as null, and so do missing values at the end.
func (b *Builder) AddRowWKB(id ID, wkb []byte, toDegrees func(orb.Point) orb.Point, values []any) error {
	n := b.Len()
	if err := b.AddWKB(id, 0, "", wkb, toDegrees); err != nil {
		return err
	}
	for j, v := range values[:min(len(values), len(b.columns))] {
		c := &b.columns[j]
		c.fill(n)
		c.codes = append(c.codes, c.intern(propOfSQL(v)))
	}
	return nil
}

func propOfSQL(v any) prop {
	switch v := v.(type) {
	case int64:
		return prop{kind: propNumber, num: float64(v)}
	case float64:
		return prop{kind: propNumber, num: v}
	case string:
		return prop{kind: propString, str: v}
	case bool:
		if v {
			return prop{kind: propTrue}
		}
		return prop{kind: propFalse}
	}
	return prop{}
}

// wkbDecoder consumes b from the front and appends its rings to a packed array.
type wkbDecoder struct {
	b       []byte
	to      *packed
	degrees func(orb.Point) orb.Point
	project *projector
	big     bool // byte order and numbers a point of the geometry being read
	dims    int
	none    bool // a point without coordinates was met
}

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

func (d *wkbDecoder) uint32() uint32 {
	if d.big {
		return binary.BigEndian.Uint32(d.b)
	}
	return binary.LittleEndian.Uint32(d.b)
}

func (d *wkbDecoder) number(at int) float64 {
	if d.big {
		return math.Float64frombits(binary.BigEndian.Uint64(d.b[at:]))
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(d.b[at:]))
}

// head reads byte order and type.
func (d *wkbDecoder) head() (kind uint32, ok bool) {
	if len(d.b) < 5 || d.b[0] > 1 {
		return 0, false
	}
	d.big = d.b[0] == 0
	d.b = d.b[1:]
	raw := d.uint32()
	d.b = d.b[4:]
	const ewkbZ, ewkbM, ewkbSRID = 0x80000000, 0x40000000, 0x20000000
	d.dims = 2
	if raw&ewkbZ != 0 {
		d.dims++
	}
	if raw&ewkbM != 0 {
		d.dims++
	}
	if raw&ewkbSRID != 0 {
		if len(d.b) < 4 {
			return 0, false
		}
		d.b = d.b[4:]
	}
	raw &^= ewkbZ | ewkbM | ewkbSRID
	switch raw / 1000 {
	case 1, 2:
		d.dims++
	case 3:
		d.dims += 2
	}
	return raw % 1000, d.dims <= 4 && raw < 4000
}

// count reads a number of parts of at least size bytes each.
func (d *wkbDecoder) count(size int) (int, bool) {
	if len(d.b) < 4 {
		return 0, false
	}
	n := d.uint32()
	d.b = d.b[4:]
	return int(n), uint64(n)*uint64(size) <= uint64(len(d.b))
}

func (d *wkbDecoder) geometry(depth int) (shape, bool) {
	kind, ok := d.head()
	if !ok || depth > maxWKBDepth {
		return 0, false
	}
	switch kind {
	case wkbPoint:
		return shapePoint, d.point()
	case wkbLineString:
		n, ok := d.count(8 * d.dims)
		return shapeLine, ok && d.ring(n, 2)
	case wkbPolygon:
		return shapePolygon, d.polygon()
	case wkbMultiPoint, wkbMultiLineString, wkbMultiPolygon, wkbCollection:
		return d.parts(kind, depth)
	}
	return 0, false
}

// point appends a ring of one point, nothing for one without coordinates.
func (d *wkbDecoder) point() bool {
	if len(d.b) < 8*d.dims {
		return false
	}
	if math.IsNaN(d.number(0)) && math.IsNaN(d.number(8)) {
		d.b = d.b[8*d.dims:]
		d.none = true
		return true
	}
	return d.ring(1, 1)
}

// parts reads the members of a multi geometry, which carry headers of their own.
func (d *wkbDecoder) parts(kind uint32, depth int) (s shape, ok bool) {
	n, ok := d.count(5)
	if !ok {
		return 0, false
	}
	switch kind {
	case wkbMultiPoint:
		return shapePoint, d.points(n)
	case wkbMultiLineString:
		s = shapeLine
	case wkbMultiPolygon:
		s = shapePolygon
	}
	for i := range n {
		part, ok := d.geometry(depth + 1)
		if !ok || kind != wkbCollection && part != s || i > 0 && part != s {
			return 0, false
		}
		s = part
	}
	return s, true
}

// points reads the members of a multi point into one ring.
func (d *wkbDecoder) points(n int) bool {
	p := d.to
	start, rings := len(p.coords), len(p.rings)
	for range n {
		kind, ok := d.head()
		if !ok || kind != wkbPoint || !d.point() || d.none {
			return false
		}
		if end := len(p.coords); end-4 >= start && p.coords[end-2] == p.coords[end-4] && p.coords[end-1] == p.coords[end-3] {
			p.coords = p.coords[:end-2]
		}
		p.rings = p.rings[:rings]
	}
	if len(p.coords) > start {
		p.rings = append(p.rings, uint32(len(p.coords)/2))
	}
	return true
}

func (d *wkbDecoder) polygon() bool {
	n, ok := d.count(4)
	if !ok {
		return false
	}
	p := d.to
	lost := false // without an outer ring, holes mean nothing
	for i := range n {
		before, rings := len(p.coords), len(p.rings)
		points, ok := d.count(8 * d.dims)
		if !ok || !d.ring(points, 3) {
			return false
		}
		switch {
		case lost:
			p.coords, p.rings = p.coords[:before], p.rings[:rings]
		case len(p.rings) == rings:
			lost = i == 0
		default:
			if ring := p.coords[before:]; (ringArea2(ring) < 0) != (i > 0) {
				reverseRing(ring)
			}
		}
	}
	return true
}

// ring appends n points without repeats; fewer than least are silently left out.
func (d *wkbDecoder) ring(n, least int) bool {
	p := d.to
	start := len(p.coords)
	step := 8 * d.dims
	for range n {
		pt := orb.Point{d.number(0), d.number(8)}
		d.b = d.b[step:]
		if d.degrees != nil {
			pt = d.degrees(pt)
		}
		if sum := pt[0] + pt[1]; math.IsNaN(sum) || math.IsInf(sum, 0) {
			return false
		}
		x, y := d.project.world(pt)
		if n := len(p.coords); n > start && p.coords[n-2] == x && p.coords[n-1] == y {
			continue
		}
		p.coords = append(p.coords, x, y)
	}
	p.closeRing(start, least)
	return true
}
