package geo

import (
	"fmt"
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// Outline returns the border of everything within so many metres of the shape: rounded, joined where parts come near
// each other, with holes where a shape surrounds more than that. It is what a buffer looks like: its points lie at
// the distance asked for, and between them it is straight, at most 1/300 of the distance inside (a corner that points
// inwards is cut by up to 1/16). Who counts what is within measures by [Reach.Measure] instead.
//
// metres must be above 0 and not so small that the outline would have more than some 100,000 points: that is ErrReach.
func (r *Reach) Outline(metres float64) (orb.MultiPolygon, error) {
	b := r.shape.box
	w, h := b.Max[0]-b.Min[0], b.Max[1]-b.Min[1]
	if !(metres > 0) || metres > maxReachM {
		return nil, fmt.Errorf("outline %g m from a shape: %w", metres, ErrReach)
	}
	if w == 0 && h == 0 {
		return orb.MultiPolygon{Circle(r.frame.LonLat(b.Min[0], b.Min[1]), metres, 96)}, nil
	}
	c := contour{r: r, metres: metres, cell: metres / 16, values: map[[2]int32]float64{}, cuts: map[edgeKey]orb.Point{}, next: map[edgeKey]edgeKey{}}
	// The outline is not longer than both sides of the shape and a circle about each of its parts.
	length := 8 * metres * float64(len(r.shape.parts))
	for i := range r.shape.edges() {
		ax, ay, bx, by := r.shape.edge(i)
		length += 2 * math.Hypot(bx-ax, by-ay)
	}
	if length/c.cell > maxOutline {
		c.cell = metres / 4
	}
	if length/c.cell > maxOutline || max(w, h)/c.cell > 1<<24 {
		return nil, fmt.Errorf("outline %g m from a shape of %.0f by %.0f m: %w", metres, w, h, ErrReach)
	}
	margin := metres*(1+2e-3) + c.cell
	c.x0, c.y0 = b.Min[0]-margin, b.Min[1]-margin
	size := int32(1)
	for float64(size)*c.cell < max(w, h)+2*margin {
		size *= 2
	}
	c.divide(0, 0, size)
	return c.polygons(), nil
}

// maxOutline bounds the cells along an outline.
const maxOutline = 400_000

// contour finds where the distance from a shape is metres, in square cells (marching squares). A square whose middle is
// farther from that than half its diagonal holds nothing of it, since distance changes no faster than place: only
// squares along the outline are divided.
type contour struct {
	r      *Reach
	metres float64
	cell   float64
	x0, y0 float64
	point  Flat
	values map[[2]int32]float64 // distance less metres at the corners of cells
	cuts   map[edgeKey]orb.Point
	next   map[edgeKey]edgeKey // the outline from cell edge to cell edge, the inside to its left
	starts []edgeKey
}

// edgeKey is a side of cells: from the corner x, y to the east, or to the north.
type edgeKey struct {
	x, y  int32
	north bool
}

// beyond is the distance from the shape less metres; what is far off is only known to be.
func (c *contour) beyond(x, y, far float64) float64 {
	c.point.Reset()
	c.point.Add(x, y)
	c.point.End(false)
	if d := c.r.Measure(&c.point, c.metres+far); !math.IsInf(d, 1) {
		return d - c.metres
	}
	return far
}

func (c *contour) corner(x, y int32) float64 {
	k := [2]int32{x, y}
	v, ok := c.values[k]
	if !ok {
		v = c.beyond(c.x0+float64(x)*c.cell, c.y0+float64(y)*c.cell, 2*c.cell)
		if v == 0 {
			v = -1e-9 // on the outline is inside: no cell is cut in a corner
		}
		c.values[k] = v
	}
	return v
}

func (c *contour) divide(x, y, size int32) {
	half := float64(size) / 2 * c.cell
	reach := half*math.Sqrt2*(1+1e-3) + 1e-6
	middle := c.beyond(c.x0+float64(x)*c.cell+half, c.y0+float64(y)*c.cell+half, reach)
	if math.Abs(middle) >= reach {
		return
	}
	if size == 1 {
		c.march(x, y, middle)
		return
	}
	h := size / 2
	c.divide(x, y, h)
	c.divide(x+h, y, h)
	c.divide(x, y+h, h)
	c.divide(x+h, y+h, h)
}

// march joins the sides of a cell that the outline crosses.
func (c *contour) march(x, y int32, middle float64) {
	var in [4]bool // corners anticlockwise from the south-west; side i leads from corner i to the next
	for i, d := range [4][2]int32{{0, 0}, {1, 0}, {1, 1}, {0, 1}} {
		in[i] = c.corner(x+d[0], y+d[1]) < 0
	}
	sides := [4]edgeKey{{x, y, false}, {x + 1, y, true}, {x, y + 1, false}, {x, y, true}}
	var into, out []int // sides by which the outline enters and leaves, the inside to its left
	for i := range 4 {
		switch a, b := in[i], in[(i+1)%4]; {
		case a && !b:
			into = append(into, i)
		case !a && b:
			out = append(out, i)
		}
	}
	// Walking anticlockwise round the cell, the outline enters where the inside ends. With two pieces, each cuts off a
	// corner: an outside one when the middle is inside.
	for _, s := range into {
		e := out[0]
		if len(out) == 2 {
			if e = (s + 1) % 4; middle >= 0 {
				e = (s + 3) % 4
			}
		}
		from, to := sides[s], sides[e]
		c.cut(from)
		c.cut(to)
		c.next[from] = to
		c.starts = append(c.starts, from)
	}
}

// cut finds where the outline crosses a side: by halving the span in proportion (Illinois), to a thousandth of a cell.
func (c *contour) cut(k edgeKey) {
	if _, done := c.cuts[k]; done {
		return
	}
	ax, ay := c.x0+float64(k.x)*c.cell, c.y0+float64(k.y)*c.cell
	dx, dy := c.cell, 0.0
	end := [2]int32{k.x + 1, k.y}
	if k.north {
		dx, dy, end = 0, c.cell, [2]int32{k.x, k.y + 1}
	}
	lo, hi := 0.0, 1.0
	vlo, vhi := c.corner(k.x, k.y), c.corner(end[0], end[1])
	t := 0.5
	for range 12 {
		t = lo + (hi-lo)*vlo/(vlo-vhi)
		v := c.beyond(ax+t*dx, ay+t*dy, 2*c.cell)
		if math.Abs(v) < 1e-3*c.cell {
			break
		}
		if (v < 0) == (vlo < 0) {
			lo, vlo, vhi = t, v, vhi/2
		} else {
			hi, vhi, vlo = t, v, vlo/2
		}
	}
	c.cuts[k] = orb.Point{ax + t*dx, ay + t*dy}
}

// polygons follows the pieces round and gives each hole to the smallest ring about it.
func (c *contour) polygons() orb.MultiPolygon {
	type traced struct {
		ring orb.Ring // in the plane
		area float64
	}
	var outers, holes []traced
	for _, start := range c.starts {
		var ring orb.Ring
		for k, ok := start, true; ok; {
			to, there := c.next[k]
			if !there {
				break
			}
			ring = append(ring, c.cuts[k])
			delete(c.next, k)
			k, ok = to, to != start
		}
		ring = c.straightened(ring)
		if len(ring) < 3 {
			continue
		}
		var area float64
		for i, p := range ring {
			q := ring[(i+1)%len(ring)]
			area += (p[0]-ring[0][0])*(q[1]-ring[0][1]) - (q[0]-ring[0][0])*(p[1]-ring[0][1])
		}
		ring = append(ring, ring[0])
		if area > 0 {
			outers = append(outers, traced{ring, area})
		} else {
			holes = append(holes, traced{ring, -area})
		}
	}
	slices.SortStableFunc(outers, func(a, b traced) int {
		switch {
		case a.area < b.area:
			return -1
		case a.area > b.area:
			return 1
		}
		return 0
	})
	out := make(orb.MultiPolygon, len(outers))
	for i, o := range outers {
		out[i] = orb.Polygon{o.ring}
	}
	for _, h := range holes {
		for i, o := range outers {
			if o.area > h.area && ringParity(o.ring, h.ring[0]) {
				out[i] = append(out[i], h.ring)
				break
			}
		}
	}
	for _, p := range out {
		for _, ring := range p {
			for i, xy := range ring {
				ring[i] = c.r.frame.LonLat(xy[0], xy[1])
			}
		}
	}
	return out
}

// straightened leaves out points on straight stretches: those nearer to the line between their neighbours than 1/2000 of
// the distance.
func (c *contour) straightened(ring orb.Ring) orb.Ring {
	out := ring[:0:0]
	for i, p := range ring {
		q := ring[(i+1)%len(ring)]
		if n := len(out); n > 0 && i < len(ring)-1 {
			a := out[n-1]
			if l := math.Hypot(q[0]-a[0], q[1]-a[1]); l > 0 && l < 64*c.cell && math.Abs((q[0]-a[0])*(p[1]-a[1])-(q[1]-a[1])*(p[0]-a[0]))/l < c.metres/2000 {
				continue
			}
		}
		out = append(out, p)
	}
	return out
}
