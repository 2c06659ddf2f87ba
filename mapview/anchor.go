package mapview

import (
	"container/heap"
	"math"
)

// anchor is the place of feature i's label in world units, found once: the pole of inaccessibility of a polygon (the
// point farthest from its border, to 2 % of its size), the middle of a line, the first of points.
func (p *packed) anchor(i int) (x, y uint32) {
	if v := p.anchors[i].Load(); v != 0 {
		return uint32(v >> 32), uint32(v)
	}
	switch p.shapes[i] {
	case shapePolygon:
		x, y = p.pole(i)
	case shapeLine:
		x, y = p.middle(i)
	default:
		r := p.ring(p.feats[i])
		x, y = r[0], r[1]
	}
	p.anchors[i].Store(uint64(x)<<32 | uint64(y)) // 0,0 is simply found again
	return x, y
}

// middle is the point half way along the first ring of a line.
func (p *packed) middle(i int) (x, y uint32) {
	r := p.ring(p.feats[i])
	total := 0.0
	for j := 2; j < len(r); j += 2 {
		total += worldDist(r[j-2], r[j-1], r[j], r[j+1])
	}
	left := total / 2
	for j := 2; j < len(r); j += 2 {
		d := worldDist(r[j-2], r[j-1], r[j], r[j+1])
		if left <= d && d > 0 {
			t := left / d
			return uint32(float64(r[j-2]) + t*(float64(r[j])-float64(r[j-2]))), uint32(float64(r[j-1]) + t*(float64(r[j+1])-float64(r[j-1])))
		}
		left -= d
	}
	return r[0], r[1]
}

func worldDist(ax, ay, bx, by uint32) float64 {
	return math.Hypot(float64(bx)-float64(ax), float64(by)-float64(ay))
}

// poleCell is a square to look for the pole in: its distance to the border at the centre and the most it could be anywhere inside.
type poleCell struct{ x, y, half, dist, most float64 }

type poleQueue []poleCell

func (q poleQueue) Len() int           { return len(q) }
func (q poleQueue) Less(i, j int) bool { return q[i].most > q[j].most }
func (q poleQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *poleQueue) Push(x any)        { *q = append(*q, x.(poleCell)) }
func (q *poleQueue) Pop() any          { o := *q; c := o[len(o)-1]; *q = o[:len(o)-1]; return c }

// maxPoleSteps bounds the search in a shape without a clear middle.
const maxPoleSteps = 2000

// pole searches squares, the most promising first, and cuts in four those that could still hold a better point.
func (p *packed) pole(i int) (x, y uint32) {
	b := p.boxes[i]
	w, h := float64(b.maxX-b.minX), float64(b.maxY-b.minY)
	cell := func(x, y, half float64) poleCell {
		d := p.distance(i, x, y)
		return poleCell{x, y, half, d, d + half*math.Sqrt2}
	}
	best := cell(float64(b.minX)+w/2, float64(b.minY)+h/2, 0)
	size := math.Min(w, h)
	if size == 0 {
		return uint32(best.x), uint32(best.y)
	}
	precision := size * 0.02
	var q poleQueue
	// A long thin shape would be covered by very many squares of its width; 32 along it are enough to start with.
	step := math.Max(size, math.Max(w, h)/32)
	for cx := float64(b.minX); cx < float64(b.maxX); cx += step {
		for cy := float64(b.minY); cy < float64(b.maxY); cy += step {
			q = append(q, cell(cx+step/2, cy+step/2, step/2))
		}
	}
	heap.Init(&q)
	for n := 0; len(q) > 0 && n < maxPoleSteps; n++ {
		c := heap.Pop(&q).(poleCell)
		if c.dist > best.dist {
			best = c
		}
		if c.most-best.dist <= precision {
			break
		}
		for _, d := range [4][2]float64{{-1, -1}, {1, -1}, {-1, 1}, {1, 1}} {
			heap.Push(&q, cell(c.x+d[0]*c.half/2, c.y+d[1]*c.half/2, c.half/2))
		}
	}
	return uint32(math.Max(0, best.x)), uint32(math.Max(0, best.y))
}

// distance is how far x, y (world units) is from the border of polygon i: positive inside, negative outside.
func (p *packed) distance(i int, x, y float64) float64 {
	inside := false
	least := math.Inf(1)
	for r := p.feats[i]; r < p.feats[i+1]; r++ {
		ring := p.ring(r)
		n := len(ring)
		ax, ay := float64(ring[n-2]), float64(ring[n-1])
		for j := 0; j < n; j += 2 {
			bx, by := float64(ring[j]), float64(ring[j+1])
			if (ay > y) != (by > y) && x < (bx-ax)*(y-ay)/(by-ay)+ax {
				inside = !inside
			}
			least = math.Min(least, segmentDist2(x, y, ax, ay, bx, by))
			ax, ay = bx, by
		}
	}
	if inside {
		return math.Sqrt(least)
	}
	return -math.Sqrt(least)
}

// segmentDist2 is the squared distance of x, y from the segment a–b.
func segmentDist2(x, y, ax, ay, bx, by float64) float64 {
	dx, dy := bx-ax, by-ay
	t := 0.0
	if l := dx*dx + dy*dy; l > 0 {
		t = math.Max(0, math.Min(1, ((x-ax)*dx+(y-ay)*dy)/l))
	}
	ex, ey := x-ax-t*dx, y-ay-t*dy
	return ex*ex + ey*ey
}
