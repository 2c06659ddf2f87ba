package geo

import (
	"slices"

	"github.com/paulmach/orb"
)

// Locator finds the areas that hold a point: an R-tree over the polygons' boxes, and per polygon its edges in horizontal
// strips, so that a test looks at tens of edges however long the ring. Its answers are those of [Contains]. It is built once
// with [NewLocator] and then only read, by any number of goroutines.
type Locator struct {
	tree  *boxTree
	areas []striped
}

// NewLocator builds a locator over areas; Find reports them by their position. Only polygons count; members that have no
// area, nil ones among them, are never found. Cost: about 60 ns and 60 bytes an edge.
func NewLocator(areas []orb.Geometry) *Locator {
	l := &Locator{}
	var boxes []orb.Bound
	for i, g := range areas {
		var m members
		m.add(g)
		for _, p := range m.polygons {
			if s, ok := newStriped(i, p); ok {
				l.areas = append(l.areas, s)
				boxes = append(boxes, s.box)
			}
		}
	}
	l.tree = newBoxTree(boxes)
	return l
}

// Find returns the positions of all areas that hold p, ascending.
func (l *Locator) Find(p orb.Point) []int { return l.AppendFind(nil, p) }

// AppendFind appends what [Locator.Find] returns to dst.
func (l *Locator) AppendFind(dst []int, p orb.Point) []int {
	start := len(dst)
	l.tree.search(orb.Bound{Min: p, Max: p}, func(i int) {
		if s := &l.areas[i]; s.contains(p) {
			dst = append(dst, s.id)
		}
	})
	found := dst[start:]
	slices.Sort(found)
	return dst[:start+len(slices.Compact(found))] // parts of one multipolygon may overlap
}

// striped is a polygon cut into horizontal strips of equal height, each listing the edges that reach into it.
type striped struct {
	id        int
	box       orb.Bound
	perDegree float64 // strips per degree
	first     []int32 // strip → its first place in edges; one more at the end
	edges     []edge
}

// edge runs upwards.
type edge struct{ a, b orb.Point }

const edgesPerStrip = 8

func newStriped(id int, p orb.Polygon) (striped, bool) {
	n := 0
	for _, r := range p {
		n += len(r)
	}
	s := striped{id: id}
	var ok bool
	if s.box, ok = Bounds(p); !ok || !(s.box.Max[1] > s.box.Min[1]) { // no height, or not a number
		return s, false
	}
	// A zigzag of tall edges would put every edge into every strip: fewer strips then.
	for strips := max(1, n/edgesPerStrip); ; strips = max(1, strips/4) {
		s.perDegree = float64(strips) / (s.box.Max[1] - s.box.Min[1])
		s.first = make([]int32, strips+1)
		total := 0
		s.eachEdge(p, func(from, to int, _ edge) {
			for i := from; i <= to; i++ {
				s.first[i+1]++
			}
			total += to - from + 1
		})
		if total <= 6*n || strips == 1 {
			break
		}
	}
	for i := 1; i < len(s.first); i++ {
		s.first[i] += s.first[i-1]
	}
	s.edges = make([]edge, s.first[len(s.first)-1])
	next := slices.Clone(s.first)
	s.eachEdge(p, func(from, to int, e edge) {
		for i := from; i <= to; i++ {
			s.edges[next[i]] = e
			next[i]++
		}
	})
	return s, true
}

// eachEdge calls f with the strips that each edge reaches into, and the edge, upwards. Level edges decide nothing.
func (s *striped) eachEdge(p orb.Polygon, f func(from, to int, e edge)) {
	for _, r := range p {
		for i := 1; i < len(r); i++ {
			a, b := r[i-1], r[i]
			if a[1] == b[1] {
				continue
			}
			if a[1] > b[1] {
				a, b = b, a
			}
			f(s.strip(a[1]), s.strip(b[1]), edge{a, b})
		}
	}
}

// strip returns the strip of y; it never falls when y rises, which is what makes a lookup safe against rounding.
func (s *striped) strip(y float64) int {
	return min(max(0, int((y-s.box.Min[1])*s.perDegree)), len(s.first)-2)
}

func (s *striped) contains(p orb.Point) bool {
	if p[1] < s.box.Min[1] || p[1] >= s.box.Max[1] || p[0] < s.box.Min[0] || p[0] > s.box.Max[0] {
		return false
	}
	k := s.strip(p[1])
	inside := false
	for _, e := range s.edges[s.first[k]:s.first[k+1]] {
		if crossesEast(e.a, e.b, p) {
			inside = !inside
		}
	}
	return inside
}
