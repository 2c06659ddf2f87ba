package geo

import "github.com/paulmach/orb"

// Contains says whether the area of g holds p. Holes are outside. On a boundary the answer is fixed by a half-open rule
// (west and south edges belong to an area, east and north ones do not; sloping edges to the area on their east), computed
// from the edge alone: of two areas that share an edge with the same end points exactly one claims a point on it. Points
// and lines have no area. g must be closed where it has rings.
//
// For many points in many areas build a [Locator], which answers alike.
func Contains(g orb.Geometry, p orb.Point) bool {
	switch g := g.(type) {
	case orb.Ring:
		return ringParity(g, p)
	case orb.Polygon:
		inside := false
		for _, r := range g {
			if ringParity(r, p) {
				inside = !inside
			}
		}
		return inside
	case orb.MultiPolygon:
		for _, part := range g {
			if Contains(part, p) {
				return true
			}
		}
	case orb.Collection:
		for _, part := range g {
			if Contains(part, p) {
				return true
			}
		}
	case orb.Bound:
		return Contains(g.ToPolygon(), p)
	}
	return false
}

func ringParity(r orb.Ring, p orb.Point) bool {
	inside := false
	for i := 1; i < len(r); i++ {
		if crossesEast(r[i-1], r[i], p) {
			inside = !inside
		}
	}
	return inside
}

// crossesEast says whether the edge a–b meets the ray from p to the east. The edge is half-open in y (its lower end
// belongs to it, its upper end does not) and is always computed upwards, so that both directions give the same answer.
func crossesEast(a, b, p orb.Point) bool {
	if a[1] > b[1] {
		a, b = b, a
	}
	if p[1] < a[1] || p[1] >= b[1] {
		return false
	}
	return p[0] < a[0]+(b[0]-a[0])*((p[1]-a[1])/(b[1]-a[1]))
}
