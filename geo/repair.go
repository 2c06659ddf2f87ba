package geo

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/paulmach/orb"
)

// DefectKind names what was wrong with a geometry that could be mended. Its text is a key for reports.
type DefectKind string

const (
	UnclosedRing     DefectKind = "unclosed-ring"     // the last point is not the first
	Spike            DefectKind = "spike"             // the ring runs out and back on the same line
	DegenerateRing   DefectKind = "degenerate-ring"   // fewer than three distinct points are left; dropped
	SelfIntersection DefectKind = "self-intersection" // a ring meets itself or crosses or overlaps another
	MisplacedRing    DefectKind = "misplaced-ring"    // a hole outside its polygon or in another hole, parts on each other
)

// Defect is one thing that was mended, and where (degrees).
type Defect struct {
	Kind DefectKind
	At   orb.Point
}

// Reason says why a geometry was refused. Its text is a key for reports.
type Reason string

const (
	ReasonEmpty       Reason = "empty-geometry"
	ReasonNotFinite   Reason = "coordinate-not-a-number"
	ReasonOutOfRange  Reason = "coordinate-out-of-range" // |longitude| > 180 or |latitude| > 90
	ReasonNoArea      Reason = "polygon-without-area"
	ReasonUnrepaired  Reason = "self-intersection" // too large or too tangled to be taken apart
	minPartAreaM2            = 0.01
	maxRepairGrid            = 1 << 30 // 107°
	maxRepairSegments        = 20000
)

// RejectError is the error of [Repair].
type RejectError struct {
	Reason Reason
	At     orb.Point // where, or zero
}

func (e *RejectError) Error() string {
	if e.At == (orb.Point{}) {
		return fmt.Sprintf("geometry refused: %s", e.Reason)
	}
	return fmt.Sprintf("geometry refused: %s at %v,%v", e.Reason, e.At[0], e.At[1])
}

// Repair returns g on the storage grid ([Quantise]) and valid by OGC Simple Features, with a list of what had to be mended,
// or a *[RejectError]. The rule:
//
//   - A coordinate that is no number or out of range, or no coordinate at all, refuses the whole geometry.
//   - Points that fall on their predecessor are dropped and outer rings turned anticlockwise, holes clockwise; neither is
//     a defect. Rings are closed and spikes cut off; rings with fewer than three distinct points left are dropped, a
//     polygon with its outer ring; if none is left the geometry is refused. These are defects.
//   - Where a ring meets itself, or rings cross, overlap or lie where they must not, the polygon is taken apart into the
//     faces its edges make; a face belongs to a polygon that surrounds it an odd number of times (a bow-tie becomes its
//     two halves, a doubly covered piece a hole) and to a multipolygon if it belongs to any of its polygons (overlapping
//     parts become one). Parts and holes of no more than 0.01 m² are dropped. Crossing points are rounded to the grid.
//
// A polygon that falls apart becomes a multipolygon; a multipolygon of one part stays one. All decisions are made in whole
// numbers on the grid, so that every machine gives the same answer. Repair(Repair(g)) equals Repair(g) without defects.
func Repair(g orb.Geometry) (orb.Geometry, []Defect, error) {
	if g == nil {
		return nil, nil, &RejectError{Reason: ReasonEmpty}
	}
	if err := checkRange(g); err != nil {
		return nil, nil, err
	}
	switch g := g.(type) {
	case orb.Ring:
		return repairArea(orb.MultiPolygon{{g}}, false)
	case orb.Bound:
		return repairArea(orb.MultiPolygon{g.ToPolygon()}, false)
	case orb.Polygon:
		return repairArea(orb.MultiPolygon{g}, false)
	case orb.MultiPolygon:
		return repairArea(g, true)
	case orb.LineString:
		out := Quantise(g).(orb.LineString)
		if len(out) < 2 {
			return nil, nil, &RejectError{Reason: ReasonEmpty, At: g[0]}
		}
		return out, nil, nil
	case orb.MultiLineString:
		out := Quantise(g).(orb.MultiLineString)
		out = slices.DeleteFunc(out, func(l orb.LineString) bool { return len(l) < 2 })
		if len(out) == 0 {
			return nil, nil, &RejectError{Reason: ReasonEmpty}
		}
		return out, nil, nil
	case orb.Collection:
		var out orb.Collection
		var defects []Defect
		for _, part := range g {
			if Empty(part) {
				continue
			}
			fixed, d, err := Repair(part)
			if err != nil {
				return nil, nil, err
			}
			out, defects = append(out, fixed), append(defects, d...)
		}
		return out, defects, nil
	}
	return Quantise(g), nil, nil // points
}

// checkRange refuses what Quantise would bend into range, and geometries without points.
func checkRange(g orb.Geometry) error {
	var err *RejectError
	some := false
	eachPath(g, func(ps []orb.Point) {
		some = some || len(ps) > 0
		for _, p := range ps {
			if math.Abs(p[0]) <= 180 && math.Abs(p[1]) <= 90 || err != nil {
				continue
			}
			if math.IsNaN(p[0]) || math.IsNaN(p[1]) || math.IsInf(p[0], 0) || math.IsInf(p[1], 0) {
				err = &RejectError{Reason: ReasonNotFinite}
			} else {
				err = &RejectError{Reason: ReasonOutOfRange, At: p}
			}
		}
	})
	switch {
	case err != nil:
		return err
	case !some:
		return &RejectError{Reason: ReasonEmpty}
	}
	return nil
}

// gridPoint is a point on the storage grid.
type gridPoint struct{ x, y int64 }

func (p gridPoint) degrees() orb.Point {
	return orb.Point{float64(p.x) / GridPerDegree, float64(p.y) / GridPerDegree}
}

// gridRing is a ring without its closing point: points[from:to] of its mender.
type gridRing struct {
	from, to int
	polygon  int  // its number in the geometry
	hole     bool // not the first ring of its polygon
	box      gridBox
	ccw      bool
}

type gridBox struct{ minX, minY, maxX, maxY int64 }

func (a *gridBox) meets(b *gridBox) bool {
	return a.minX <= b.maxX && a.maxX >= b.minX && a.minY <= b.maxY && a.maxY >= b.minY
}

func (a *gridBox) within(b *gridBox) bool {
	return a.minX >= b.minX && a.maxX <= b.maxX && a.minY >= b.minY && a.maxY <= b.maxY
}

// mender holds one geometry while it is looked at. It is used again for the next.
type mender struct {
	points  []gridPoint
	rings   []gridRing
	edges   []ringEdge
	defects []Defect
}

var menders = sync.Pool{New: func() any { return new(mender) }}

func repairArea(g orb.MultiPolygon, multi bool) (orb.Geometry, []Defect, error) {
	m := menders.Get().(*mender)
	defer menders.Put(m)
	m.points, m.rings, m.edges, m.defects = m.points[:0], m.rings[:0], m.edges[:0], nil
	for i, polygon := range g {
		for j, ring := range polygon {
			if ok := m.addRing(ring, i, j > 0); !ok && j == 0 {
				break // without its outer ring a polygon is nothing
			}
		}
	}
	if len(m.rings) == 0 {
		return nil, nil, &RejectError{Reason: ReasonNoArea, At: firstPoint(g)}
	}
	var out orb.MultiPolygon
	if f := m.check(); f.kind == "" {
		out = m.polygons()
	} else {
		rebuilt, reason := m.rebuild()
		if reason != "" {
			return nil, nil, &RejectError{Reason: reason, At: f.at.degrees()}
		}
		if f.suspected && m.sameAs(rebuilt) {
			out = m.polygons()
		} else {
			out = rebuilt
			m.defects = append(m.defects, Defect{f.kind, f.at.degrees()})
		}
	}
	if !multi && len(out) == 1 {
		return out[0], m.defects, nil
	}
	return out, m.defects, nil
}

func firstPoint(g orb.Geometry) (first orb.Point) {
	found := false
	eachPath(g, func(ps []orb.Point) {
		if !found && len(ps) > 0 {
			first, found = ps[0], true
		}
	})
	return first
}

// addRing puts a ring on the grid and cleans it. It returns false where nothing is left.
func (m *mender) addRing(ring orb.Ring, polygon int, hole bool) bool {
	if len(ring) == 0 {
		return false
	}
	from := len(m.points)
	for _, p := range ring {
		q := gridPoint{int64(gridOf(p[0])), int64(gridOf(p[1]))}
		if len(m.points) == from || q != m.points[len(m.points)-1] {
			m.points = append(m.points, q)
		}
	}
	if n := len(m.points); n-from > 1 && m.points[n-1] == m.points[from] {
		m.points = m.points[:n-1]
	} else if n-from > 2 {
		m.defects = append(m.defects, Defect{UnclosedRing, ring[0]})
	}
	m.cutSpikes(from)
	if len(m.points)-from < 3 {
		m.defects = append(m.defects, Defect{DegenerateRing, ring[0]})
		m.points = m.points[:from]
		return false
	}
	r := gridRing{from: from, to: len(m.points), polygon: polygon, hole: hole}
	ps := m.points[from:]
	r.box = gridBox{ps[0].x, ps[0].y, ps[0].x, ps[0].y}
	lowest := 0
	for i, p := range ps {
		r.box.minX, r.box.maxX = min(r.box.minX, p.x), max(r.box.maxX, p.x)
		r.box.minY, r.box.maxY = min(r.box.minY, p.y), max(r.box.maxY, p.y)
		if q := ps[lowest]; p.y < q.y || p.y == q.y && p.x < q.x {
			lowest = i
		}
	}
	// The turn at the lowest point tells the direction of a ring that does not meet itself.
	r.ccw = turn(ps[(lowest+len(ps)-1)%len(ps)], ps[lowest], ps[(lowest+1)%len(ps)]) > 0
	m.rings = append(m.rings, r)
	return true
}

// cutSpikes drops from the ring points[from:] each point at which it turns back on itself, and what then falls together.
func (m *mender) cutSpikes(from int) {
	ps := m.points[from:]
	for i := 0; i < len(ps) && len(ps) >= 3; {
		n := len(ps)
		a, b, c := ps[(i+n-1)%n], ps[i], ps[(i+1)%n]
		switch {
		case a == b:
		case turn(a, b, c) == 0 && (a.x-b.x)*(c.x-b.x)+(a.y-b.y)*(c.y-b.y) > 0:
			m.defects = append(m.defects, Defect{Spike, b.degrees()})
		default:
			i++
			continue
		}
		ps = slices.Delete(ps, i, i+1)
		i = max(0, i-2) // its neighbours may be one now
	}
	if n := len(ps); n > 1 && ps[0] == ps[n-1] {
		ps = ps[:n-1]
	}
	m.points = m.points[:from+len(ps)]
}

// turn is positive where a→b→c turns left, negative right, 0 straight or back. It is exact: differences on the grid stay
// below 2³², those of latitude below 2³¹, their products below 2⁶³, and the two products are compared, not subtracted.
func turn(a, b, c gridPoint) int {
	l, r := (b.x-a.x)*(c.y-a.y), (b.y-a.y)*(c.x-a.x)
	switch {
	case l > r:
		return 1
	case l < r:
		return -1
	}
	return 0
}

// polygons returns the rings as they are, outer ones anticlockwise, holes clockwise.
func (m *mender) polygons() orb.MultiPolygon {
	out := make(orb.MultiPolygon, 0, 1)
	last := -1
	for i := range m.rings {
		r := &m.rings[i]
		ps := m.points[r.from:r.to]
		ring := make(orb.Ring, 0, len(ps)+1)
		for _, p := range ps {
			ring = append(ring, p.degrees())
		}
		if r.ccw == r.hole {
			slices.Reverse(ring[1:]) // the first point stays
		}
		ring = append(ring, ring[0])
		if r.polygon != last {
			out = append(out, make(orb.Polygon, 0, 1))
			last = r.polygon
		}
		out[len(out)-1] = append(out[len(out)-1], ring)
	}
	return out
}

// sameAs says whether taking the geometry apart has changed nothing: as many polygons and rings, and the same area.
func (m *mender) sameAs(out orb.MultiPolygon) bool {
	was := m.polygons()
	rings := 0
	for _, p := range out {
		rings += len(p)
	}
	return len(was) == len(out) && rings == len(m.rings) && math.Abs(Area(was)-Area(out)) <= 1e-9*Area(was)
}
