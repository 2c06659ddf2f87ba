package mapview

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/paulmach/orb"
)

// ID names a feature: the 16 bytes of its record's identity.
type ID = [16]byte

// ErrGeometry is returned for a geometry that cannot be packed: nil, empty, of too few points, or with a coordinate that is no number.
var ErrGeometry = errors.New("geometry cannot be drawn")

// shape is what a feature's rings are.
type shape uint8

const (
	shapePoint shape = iota
	shapeLine
	shapePolygon
)

// packed is an array of features in Hilbert order with its index. It is never written after pack made it,
// except for the lazily filled caches at its end.
type packed struct {
	coords []uint32 // x, y, x, y … in world units; rings are not closed (the last point is not the first again)
	rings  []uint32 // ring r has the points rings[r]…rings[r+1]
	feats  []uint32 // feature i has the rings feats[i]…feats[i+1]; outer rings turn one way, holes the other
	boxes  []box
	shapes []shape
	class  []uint8
	ids    []ID
	text   string   // all labels end to end
	labels []uint32 // feature i has the label text[labels[i]:labels[i+1]]
	tree   tree
	bounds box

	columns []column // the properties of the features

	anchors  []atomic.Uint64 // x<<32|y of the label point, 0 until asked for
	byIDOnce sync.Once
	byID     []uint32 // open-addressing table of feature index + 1
	median   medianCache
	looked   lookCache
}

func (p *packed) len() int { return len(p.boxes) }

func (p *packed) label(i int) string { return p.text[p.labels[i]:p.labels[i+1]] }

// ring is the x, y pairs of ring r.
func (p *packed) ring(r uint32) []uint32 { return p.coords[2*p.rings[r] : 2*p.rings[r+1]] }

// find answers the index of the feature called id, or -1. The first call builds the table: about 20 ms for 660,000.
func (p *packed) find(id ID) int {
	p.byIDOnce.Do(func() {
		size := 16
		for size < 2*len(p.ids) {
			size *= 2
		}
		p.byID = make([]uint32, size)
		for i, id := range p.ids {
			h := hashID(id)
			for p.byID[h&uint64(size-1)] != 0 {
				h++
			}
			p.byID[h&uint64(size-1)] = uint32(i + 1)
		}
	})
	mask := uint64(len(p.byID) - 1)
	for h := hashID(id); ; h++ {
		n := p.byID[h&mask]
		if n == 0 {
			return -1
		}
		if p.ids[n-1] == id {
			return int(n - 1)
		}
	}
}

func hashID(id ID) uint64 {
	h := binary.LittleEndian.Uint64(id[:8])*0x9E3779B97F4A7C15 ^ binary.LittleEndian.Uint64(id[8:])
	h ^= h >> 29
	h *= 0xBF58476D1CE4E5B9
	return h ^ h>>32
}

// Builder collects features and packs them. The zero Builder is empty and ready; it is not for several goroutines at once.
type Builder struct {
	p       packed
	text    []byte
	columns []columnBuilder
	project projector
}

// Add appends a feature. Polygons may have holes; multi geometries, collections of one dimension and bounds are taken too. Rings may be closed or
// not and turn either way; rings of fewer than three different points are left out.
// Nothing is added when the geometry cannot be drawn (ErrGeometry).
func (b *Builder) Add(id ID, class uint8, label string, g orb.Geometry) error {
	b.start()
	s, err := b.p.addGeometry(g)
	if err == nil && !b.finish(id, class, label, s) {
		err = ErrGeometry
	}
	if err != nil {
		b.giveUp()
		return fmt.Errorf("add feature %x: %w", id, err)
	}
	return nil
}

// start makes the builder ready to take the rings of a feature: points go to p.coords, and after the last of a ring its end to p.rings.
// What was begun ends with finish or giveUp.
func (b *Builder) start() {
	if p := &b.p; len(p.feats) == 0 {
		p.rings, p.feats, p.labels = append(p.rings, 0), append(p.feats, 0), append(p.labels, 0)
	}
}

// finish makes a feature of the rings that were added since start; it answers false, and nothing is added, if there are none.
func (b *Builder) finish(id ID, class uint8, label string, s shape) bool {
	p := &b.p
	first := p.feats[len(p.feats)-1]
	if int(first) == len(p.rings)-1 {
		return false
	}
	bx := noBox
	for i := 2 * int(p.rings[first]); i < len(p.coords); i += 2 {
		bx = bx.with(p.coords[i], p.coords[i+1])
	}
	p.feats = append(p.feats, uint32(len(p.rings)-1))
	p.boxes = append(p.boxes, bx)
	p.shapes = append(p.shapes, s)
	p.class = append(p.class, class)
	p.ids = append(p.ids, id)
	b.text = append(b.text, label...)
	p.labels = append(p.labels, uint32(len(b.text)))
	return true
}

// giveUp forgets the rings that were added since start.
func (b *Builder) giveUp() {
	p := &b.p
	first := p.feats[len(p.feats)-1]
	p.coords, p.rings = p.coords[:2*p.rings[first]], p.rings[:first+1]
}

// Len is the number of features added.
func (b *Builder) Len() int { return len(b.p.boxes) }

func (p *packed) addGeometry(g orb.Geometry) (shape, error) {
	switch g := g.(type) {
	case orb.Point:
		return shapePoint, p.addRing([]orb.Point{g}, 1)
	case orb.MultiPoint:
		return shapePoint, p.addRing(g, 1)
	case orb.LineString:
		return shapeLine, p.addRing(g, 2)
	case orb.MultiLineString:
		for _, l := range g {
			if err := p.addRing(l, 2); err != nil {
				return 0, err
			}
		}
		return shapeLine, nil
	case orb.Ring:
		return shapePolygon, p.addPolygon(orb.Polygon{g})
	case orb.Polygon:
		return shapePolygon, p.addPolygon(g)
	case orb.Bound:
		return shapePolygon, p.addPolygon(g.ToPolygon())
	case orb.MultiPolygon:
		for _, poly := range g {
			if err := p.addPolygon(poly); err != nil {
				return 0, err
			}
		}
		return shapePolygon, nil
	case orb.Collection:
		var s shape
		for i, part := range g {
			t, err := p.addGeometry(part)
			if err != nil {
				return 0, err
			}
			if i > 0 && t != s {
				return 0, ErrGeometry
			}
			s = t
		}
		return s, nil
	}
	return 0, ErrGeometry
}

func (p *packed) addPolygon(poly orb.Polygon) error {
	for i, r := range poly {
		before, points := len(p.rings), len(p.coords)
		if err := p.addRing(r, 3); err != nil {
			return err
		}
		if len(p.rings) == before {
			if i == 0 {
				return nil // no outer ring: its holes mean nothing
			}
			continue
		}
		if ring := p.coords[points:]; (ringArea2(ring) < 0) != (i > 0) {
			reverseRing(ring)
		}
	}
	return nil
}

// addRing appends points without repeats; fewer than least are silently left out.
func (p *packed) addRing(points []orb.Point, least int) error {
	start := len(p.coords)
	for _, pt := range points {
		if math.IsNaN(pt[0]+pt[1]) || math.IsInf(pt[0]+pt[1], 0) {
			return ErrGeometry
		}
		x, y := toWorld(pt)
		if n := len(p.coords); n > start && p.coords[n-2] == x && p.coords[n-1] == y {
			continue
		}
		p.coords = append(p.coords, x, y)
	}
	p.closeRing(start, least)
	return nil
}

// closeRing makes a ring of the coordinates from start on, unless they are fewer than least points; the last point is not the first again.
func (p *packed) closeRing(start, least int) {
	if n := len(p.coords); least >= 3 && n-start >= 4 && p.coords[start] == p.coords[n-2] && p.coords[start+1] == p.coords[n-1] {
		p.coords = p.coords[:n-2]
	}
	if len(p.coords)-start < 2*least {
		p.coords = p.coords[:start]
		return
	}
	p.rings = append(p.rings, uint32(len(p.coords)/2))
}

// ringArea2 is twice the signed area of a ring of x, y pairs in square world units, exact enough for its sign and for ranking.
func ringArea2(ring []uint32) float64 {
	var sum float64
	n := len(ring)
	x0, y0 := float64(ring[0]), float64(ring[1])
	px, py := 0.0, 0.0
	for i := 2; i < n; i += 2 {
		x, y := float64(ring[i])-x0, float64(ring[i+1])-y0
		sum += px*y - x*py
		px, py = x, y
	}
	return sum
}

func reverseRing(ring []uint32) {
	for i, j := 0, len(ring)-2; i < j; i, j = i+2, j-2 {
		ring[i], ring[i+1], ring[j], ring[j+1] = ring[j], ring[j+1], ring[i], ring[i+1]
	}
}

// pack sorts what was collected along the Hilbert curve and indexes it. The Builder is empty afterwards.
func (b *Builder) pack() *packed { return b.packIn(hilbertOrder(b.p.boxes)) }

// packIn packs what was collected in the given order and indexes it. The Builder is empty afterwards.
func (b *Builder) packIn(order []uint32) *packed { return packOrdered([]*Builder{b}, order) }
