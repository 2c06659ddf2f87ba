package geo

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// InnerPoint returns a point inside g, by the method of GEOS' and PostGIS' "point on surface", so that counts by region
// agree with theirs: the middle of the widest piece that g's interior cuts from a horizontal line, which runs halfway
// between the two vertices nearest, above and below, to the middle of the envelope. Of a multipolygon the polygon with the
// widest piece wins, the first of equals. Of lines it is the inner vertex nearest to the centroid (an end point where there
// is no other), of points the point nearest to their centroid; of a collection only the members of highest dimension
// count. It returns false where g is empty.
func InnerPoint(g orb.Geometry) (orb.Point, bool) {
	var m members
	m.add(g)
	switch {
	case len(m.polygons) > 0:
		return innerOfPolygons(m.polygons)
	case len(m.lines) > 0:
		return innerOfLines(m.lines)
	case len(m.points) > 0:
		return nearestTo(centroidOfPoints(m.points), m.points)
	}
	return orb.Point{}, false
}

// members sorts the parts of a geometry by dimension; empty parts are left out.
type members struct {
	polygons []orb.Polygon
	lines    []orb.LineString
	points   []orb.Point
}

func (m *members) add(g orb.Geometry) {
	switch g := g.(type) {
	case orb.Point:
		m.points = append(m.points, g)
	case orb.MultiPoint:
		m.points = append(m.points, g...)
	case orb.LineString:
		if len(g) > 0 {
			m.lines = append(m.lines, g)
		}
	case orb.MultiLineString:
		for _, l := range g {
			m.add(l)
		}
	case orb.Ring:
		m.add(orb.Polygon{g})
	case orb.Polygon:
		if len(g) > 0 && len(g[0]) > 0 {
			m.polygons = append(m.polygons, g)
		}
	case orb.MultiPolygon:
		for _, p := range g {
			m.add(p)
		}
	case orb.Collection:
		for _, c := range g {
			m.add(c)
		}
	case orb.Bound:
		m.add(g.ToPolygon())
	}
}

func innerOfPolygons(polygons []orb.Polygon) (orb.Point, bool) {
	var (
		buf   [32]float64
		cuts  = buf[:0]
		best  orb.Point
		width = -1.0
	)
	for _, p := range polygons {
		y := scanLine(p)
		cuts = cuts[:0]
		for _, r := range p {
			cuts = appendCrossings(cuts, r, y)
		}
		at, w := p[0][0], 0.0 // what GEOS says of a polygon without area
		slices.Sort(cuts)
		for i := 0; i+1 < len(cuts); i += 2 {
			if cuts[i+1]-cuts[i] > w {
				w = cuts[i+1] - cuts[i]
				at = orb.Point{(cuts[i] + cuts[i+1]) / 2, y}
			}
		}
		if w > width {
			best, width = at, w
		}
	}
	return best, true
}

// scanLine returns the y halfway between the vertices nearest to the middle of the outer ring's height, so that the line
// meets no vertex of a polygon with area.
func scanLine(p orb.Polygon) float64 {
	lo, hi := p[0][0][1], p[0][0][1]
	for _, v := range p[0] {
		lo, hi = min(lo, v[1]), max(hi, v[1])
	}
	centre := (lo + hi) / 2
	for _, r := range p {
		for _, v := range r {
			switch y := v[1]; {
			case y <= centre:
				lo = max(lo, y)
			case y < hi:
				hi = y
			}
		}
	}
	return (lo + hi) / 2
}

// appendCrossings appends the x of each place where r crosses the horizontal line at y. Of an edge that ends on the line
// only its lower part counts, so that a vertex there is counted once or twice as it should.
func appendCrossings(dst []float64, r orb.Ring, y float64) []float64 {
	for i := 1; i < len(r); i++ {
		a, b := r[i-1], r[i]
		if a[1] > y && b[1] > y || a[1] < y && b[1] < y || a[1] == b[1] {
			continue
		}
		if a[1] == y && b[1] < y || b[1] == y && a[1] < y {
			continue
		}
		x := a[0]
		if a[0] != b[0] {
			x = a[0] + (y-a[1])/((b[1]-a[1])/(b[0]-a[0]))
		}
		dst = append(dst, x)
	}
	return dst
}

func innerOfLines(lines []orb.LineString) (orb.Point, bool) {
	var sum orb.Point
	var total float64
	var inner, ends []orb.Point
	for _, l := range lines {
		for i := 1; i < len(l); i++ {
			d := math.Hypot(l[i][0]-l[i-1][0], l[i][1]-l[i-1][1])
			sum[0] += d * (l[i][0] + l[i-1][0]) / 2
			sum[1] += d * (l[i][1] + l[i-1][1]) / 2
			total += d
		}
		if len(l) > 2 {
			inner = append(inner, l[1:len(l)-1]...)
		}
		ends = append(ends, l[0], l[len(l)-1])
	}
	if total == 0 {
		return nearestTo(centroidOfPoints(ends), ends)
	}
	centroid := orb.Point{sum[0] / total, sum[1] / total}
	if len(inner) > 0 {
		return nearestTo(centroid, inner)
	}
	return nearestTo(centroid, ends)
}

func centroidOfPoints(ps []orb.Point) orb.Point {
	var c orb.Point
	for _, p := range ps {
		c[0] += p[0]
		c[1] += p[1]
	}
	return orb.Point{c[0] / float64(len(ps)), c[1] / float64(len(ps))}
}

// nearestTo returns the point of ps nearest to c, the first of equals.
func nearestTo(c orb.Point, ps []orb.Point) (orb.Point, bool) {
	best, bestD := orb.Point{}, math.Inf(1)
	for _, p := range ps {
		if d := math.Hypot(p[0]-c[0], p[1]-c[1]); d < bestD {
			best, bestD = p, d
		}
	}
	return best, !math.IsInf(bestD, 1)
}
