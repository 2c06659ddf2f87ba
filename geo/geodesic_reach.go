package geo

import (
	"errors"
	"fmt"
	"math"

	"github.com/paulmach/orb"
)

// ErrReach is wrapped by the error for a geometry that nothing can be measured from.
var ErrReach = errors.New("cannot measure from the geometry")

// maxReachM bounds how far a shape may extend from its middle for its plane to be exact.
const maxReachM = 250e3

// Reach is a shape that distances are measured from: a point, a line, an area, or several. Distances are those on the
// ellipsoid, to about a millimetre in a kilometre. Immutable; any number of goroutines may measure at once.
type Reach struct {
	frame Frame
	shape Flat
	tree  *boxTree // of the shape's edges; nil when they are few
}

// fewEdges is how many edges are looked through faster than searched.
const fewEdges = 24

// NewReach prepares a shape in degrees. One without points, with coordinates that are no numbers, beyond latitude ±80°,
// or more than 250 km about its middle is ErrReach.
func NewReach(g orb.Geometry) (*Reach, error) {
	if g == nil {
		return nil, fmt.Errorf("measure from nothing: %w", ErrReach)
	}
	b := g.Bound()
	points := 0
	eachLine(g, func(l []orb.Point, _ bool) {
		points += len(l)
		for _, p := range l {
			if math.IsNaN(p[0]+p[1]) || math.IsInf(p[0]+p[1], 0) {
				points = math.MinInt32
			}
		}
	})
	if points <= 0 || b.Min[1] < -80 || b.Max[1] > 80 {
		return nil, fmt.Errorf("measure from %s within %v: %w", g.GeoJSONType(), b, ErrReach)
	}
	r := &Reach{frame: NewFrame(b.Center())}
	r.Lay(&r.shape, g)
	box := r.shape.box
	if max(-box.Min[0], box.Max[0], -box.Min[1], box.Max[1]) > maxReachM {
		return nil, fmt.Errorf("measure from %s that is more than %.0f km wide: %w", g.GeoJSONType(), 2*maxReachM/1000, ErrReach)
	}
	r.index()
	return r, nil
}

// FlatReach measures from a shape that lies in a plane already, in the plane's own unit: for what is straight on a map
// and not on the ground. The shape is the reach's from now on. Lay and Bound, which ask for places on the globe, are not for it.
func FlatReach(shape Flat) *Reach {
	r := &Reach{shape: shape}
	r.index()
	return r
}

func (r *Reach) index() {
	n := r.shape.edges()
	if n <= fewEdges {
		return
	}
	boxes := make([]orb.Bound, n)
	for i := range boxes {
		ax, ay, bx, by := r.shape.edge(i)
		boxes[i] = orb.Bound{Min: orb.Point{min(ax, bx), min(ay, by)}, Max: orb.Point{max(ax, bx), max(ay, by)}}
	}
	r.tree = newBoxTree(boxes)
}

// Frame is the plane that the reach measures in.
func (r *Reach) Frame() *Frame { return &r.frame }

// Bound returns a rectangle in degrees that holds everything within so many metres of the shape.
func (r *Reach) Bound(metres float64) orb.Bound {
	b := r.shape.box
	far := metres*(1+1e-4) + 1
	out := orb.Bound{Min: orb.Point{math.Inf(1), math.Inf(1)}, Max: orb.Point{math.Inf(-1), math.Inf(-1)}}
	// The sides of the box are bent on the globe: look along them, and leave room for what lies between.
	const steps = 8
	x0, y0, x1, y1 := b.Min[0]-far, b.Min[1]-far, b.Max[0]+far, b.Max[1]+far
	for i := range steps + 1 {
		t := float64(i) / steps
		x, y := x0+t*(x1-x0), y0+t*(y1-y0)
		for _, p := range [4]orb.Point{r.frame.LonLat(x, y0), r.frame.LonLat(x, y1), r.frame.LonLat(x0, y), r.frame.LonLat(x1, y)} {
			out = out.Extend(p)
		}
	}
	room := orb.Point{(out.Max[0] - out.Min[0]) * 1e-3, (out.Max[1] - out.Min[1]) * 1e-3}
	return orb.Bound{Min: orb.Point{out.Min[0] - room[0], out.Min[1] - room[1]}, Max: orb.Point{out.Max[0] + room[0], out.Max[1] + room[1]}}
}

// Distance returns the metres between the shape and g, 0 when they touch or one holds the other; +Inf when g has no points.
func (r *Reach) Distance(g orb.Geometry) float64 {
	var f Flat
	r.Lay(&f, g)
	return r.Measure(&f, math.Inf(1))
}

// Lay puts g, in degrees, into the reach's plane, over what dst held before.
func (r *Reach) Lay(dst *Flat, g orb.Geometry) {
	dst.Reset()
	eachLine(g, func(l []orb.Point, closed bool) {
		for _, p := range l {
			dst.Add(r.frame.XY(p))
		}
		dst.End(closed)
	})
}

// Flat is a geometry in a plane of metres. The zero Flat is empty; it is kept to be filled again.
type Flat struct {
	xy    []float64
	parts []flatPart
	box   orb.Bound
}

type flatPart struct {
	first, last int // points, the last one included
	edge        int // number of the first edge
	area        bool
}

// Reset empties f and keeps its memory.
func (f *Flat) Reset() {
	f.xy, f.parts = f.xy[:0], f.parts[:0]
	f.box = orb.Bound{Min: orb.Point{math.Inf(1), math.Inf(1)}, Max: orb.Point{math.Inf(-1), math.Inf(-1)}}
}

// Add appends a point to the part that [Flat.End] will end.
func (f *Flat) Add(x, y float64) {
	f.xy = append(f.xy, x, y)
	f.box.Min[0], f.box.Max[0] = min(f.box.Min[0], x), max(f.box.Max[0], x)
	f.box.Min[1], f.box.Max[1] = min(f.box.Min[1], y), max(f.box.Max[1], y)
}

// End ends a part: a point, a line, or one ring of an area, which need not repeat its first point. Rings together have
// an inside: what an odd number of them surround.
func (f *Flat) End(area bool) {
	p := flatPart{area: area}
	if n := len(f.parts); n > 0 {
		p.first = f.parts[n-1].last + 1
		p.edge = f.parts[n-1].edge + f.parts[n-1].edges()
	}
	if 2*p.first == len(f.xy) {
		return
	}
	if a, n := 2*p.first, len(f.xy); area && n-a > 2 && (f.xy[a] != f.xy[n-2] || f.xy[a+1] != f.xy[n-1]) {
		f.xy = append(f.xy, f.xy[a], f.xy[a+1])
	}
	p.last = len(f.xy)/2 - 1
	f.parts = append(f.parts, p)
}

// edges of a part; a point is an edge without length.
func (p flatPart) edges() int { return max(1, p.last-p.first) }

func (f *Flat) edges() int {
	if n := len(f.parts); n > 0 {
		return f.parts[n-1].edge + f.parts[n-1].edges()
	}
	return 0
}

// edge returns the ends of edge i of all parts; the parts are few where this is called often.
func (f *Flat) edge(i int) (ax, ay, bx, by float64) {
	lo, hi := 0, len(f.parts)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; f.parts[mid].edge <= i {
			lo = mid
		} else {
			hi = mid
		}
	}
	p := f.parts[lo]
	a := 2 * (p.first + i - p.edge)
	b := min(a+2, 2*p.last)
	return f.xy[a], f.xy[a+1], f.xy[b], f.xy[b+1]
}

// area says whether edge i is of a ring.
func (f *Flat) area(i int) bool {
	for j := len(f.parts) - 1; j >= 0; j-- {
		if f.parts[j].edge <= i {
			return f.parts[j].area
		}
	}
	return false
}

// holds says whether x, y is inside the rings of f.
func (f *Flat) holds(x, y float64) bool {
	inside := false
	for _, p := range f.parts {
		if !p.area {
			continue
		}
		for i := 2 * p.first; i < 2*p.last; i += 2 {
			if (f.xy[i+1] > y) != (f.xy[i+3] > y) && x < f.xy[i]+(y-f.xy[i+1])/(f.xy[i+3]-f.xy[i+1])*(f.xy[i+2]-f.xy[i]) {
				inside = !inside
			}
		}
	}
	return inside
}

// Holds says whether the point x, y of the plane lies in the shape's area.
func (r *Reach) Holds(x, y float64) bool {
	b := r.shape.box
	if x < b.Min[0] || x > b.Max[0] || y < b.Min[1] || y > b.Max[1] {
		return false
	}
	if r.tree == nil {
		return r.shape.holds(x, y)
	}
	inside := false
	r.tree.search(orb.Bound{Min: orb.Point{x, y}, Max: orb.Point{math.Inf(1), y}}, func(i int) {
		ax, ay, bx, by := r.shape.edge(i)
		if (ay > y) != (by > y) && x < ax+(y-ay)/(by-ay)*(bx-ax) && r.shape.area(i) {
			inside = !inside
		}
	})
	return inside
}

// Measure returns the metres between the shape and f, or +Inf when it is more than limit. It costs least when limit is small.
func (r *Reach) Measure(f *Flat, limit float64) float64 {
	if len(f.parts) == 0 {
		return math.Inf(1)
	}
	for _, p := range f.parts {
		if r.Holds(f.xy[2*p.first], f.xy[2*p.first+1]) {
			return 0
		}
	}
	for _, p := range r.shape.parts {
		x, y := r.shape.xy[2*p.first], r.shape.xy[2*p.first+1]
		if x >= f.box.Min[0] && x <= f.box.Max[0] && y >= f.box.Min[1] && y <= f.box.Max[1] && f.holds(x, y) {
			return 0
		}
	}
	// Nothing is farther than two points are; beyond that no edge needs to be looked at.
	n := nearest{d2: math.Inf(1), ax: f.xy[0], bx: r.shape.xy[0]}
	n.offer(dist2(f.xy[0], f.xy[1], r.shape.xy[0], r.shape.xy[1]), f.xy[0], r.shape.xy[0])
	if most := limit * r.frame.scale(r.shape.box.Min[0]-limit, r.shape.box.Max[0]+limit) * (1 + 1e-9); most*most < n.d2 {
		n.d2 = most * most
		n.none = true
	}
	for i := range f.edges() {
		ax, ay, bx, by := f.edge(i)
		if r.tree == nil {
			for j := range r.shape.edges() {
				cx, cy, dx, dy := r.shape.edge(j)
				n.edges(ax, ay, bx, by, cx, cy, dx, dy)
			}
		} else {
			d := math.Sqrt(n.d2)
			q := orb.Bound{Min: orb.Point{min(ax, bx) - d, min(ay, by) - d}, Max: orb.Point{max(ax, bx) + d, max(ay, by) + d}}
			r.tree.search(q, func(j int) {
				cx, cy, dx, dy := r.shape.edge(j)
				n.edges(ax, ay, bx, by, cx, cy, dx, dy)
			})
		}
		if n.d2 == 0 && !n.none {
			return 0
		}
	}
	if n.none {
		return math.Inf(1)
	}
	if d := math.Sqrt(n.d2) / r.frame.scale(n.ax, n.bx); d <= limit {
		return d
	}
	return math.Inf(1)
}

// nearest is the least distance so far, squared, and the eastings of the places it lies between.
type nearest struct {
	d2, ax, bx float64
	none       bool // d2 is only a limit
}

func (n *nearest) offer(d2, ax, bx float64) {
	if d2 < n.d2 || n.none && d2 <= n.d2 {
		*n = nearest{d2: d2, ax: ax, bx: bx}
	}
}

// edges looks at the edges a–b and c–d, either of which may be a point.
func (n *nearest) edges(ax, ay, bx, by, cx, cy, dx, dy float64) {
	switch {
	case cx == dx && cy == dy:
		n.pointToEdge(cx, cy, ax, ay, bx, by)
		return
	case ax == bx && ay == by:
		n.pointToEdge(ax, ay, cx, cy, dx, dy)
		return
	case cross(ax, ay, bx, by, cx, cy, dx, dy):
		n.offer(0, ax, ax)
		return
	}
	n.pointToEdge(ax, ay, cx, cy, dx, dy)
	n.pointToEdge(bx, by, cx, cy, dx, dy)
	n.pointToEdge(cx, cy, ax, ay, bx, by)
	n.pointToEdge(dx, dy, ax, ay, bx, by)
}

func (n *nearest) pointToEdge(px, py, ax, ay, bx, by float64) {
	ex, ey := bx-ax, by-ay
	t := 0.0
	if l := ex*ex + ey*ey; l > 0 {
		t = max(0, min(1, ((px-ax)*ex+(py-ay)*ey)/l))
	}
	x, y := ax+t*ex, ay+t*ey
	n.offer(dist2(px, py, x, y), px, x)
}

func dist2(ax, ay, bx, by float64) float64 { return (bx-ax)*(bx-ax) + (by-ay)*(by-ay) }

// cross says whether two edges cross at a point inside both; those that only touch have a distance of 0 anyway.
func cross(ax, ay, bx, by, cx, cy, dx, dy float64) bool {
	side := func(px, py, qx, qy, x, y float64) float64 { return (qx-px)*(y-py) - (qy-py)*(x-px) }
	return side(ax, ay, bx, by, cx, cy)*side(ax, ay, bx, by, dx, dy) < 0 && side(cx, cy, dx, dy, ax, ay)*side(cx, cy, dx, dy, bx, by) < 0
}
