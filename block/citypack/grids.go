package citypack

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"kuaitu/block"
	"kuaitu/geo"

	"github.com/paulmach/orb"
)

// A base grid is done when it holds at most GridBuildings or is at most GridAreaM2 large.
const (
	GridBuildings = 70
	GridAreaM2    = 250_000
)

// CutGrids makes the base grids that no public source has: every community's polygon, and that of every street without
// community polygons, is halved across its longer side until a piece holds at most [GridBuildings] of the buildings (their
// inner points) or at most [GridAreaM2]. Regions that have grids already are left alone.
//
// The pieces of one parent cover it without gap or overlap and share their corners exactly, also with the grids across a
// parent's outline that both parents have in common. A corner on a sloping outline is rounded to the storage grid, so a
// parent and its grids may differ by millimetres. All arithmetic is in whole numbers: same input, same grids, on any
// machine. Codes are the parent's with two more digits (three past 99) in the order of cutting, west before east, north
// before south; names are segment-number (036-14). Scheme [SchemeMadeGrid], Made true. Regions with broken geometry bytes
// get none. Cost: a city of 70,000 buildings takes a fraction of a second.
func CutGrids(regions []block.Region, buildings []orb.Point) []block.Region {
	c := cutter{o: outlines{number: map[[2]spot]int32{}}}
	c.parents(regions)
	inside := c.gather(buildings)
	for i := range c.list {
		c.halve(i, c.list[i].area, inside[i], 0)
	}
	return c.regions()
}

// bucket is the side of the squares in which parents are looked up: about 1.4 km.
const bucket = 1 << 17

// gather sorts the buildings by the parents that hold them, in whole numbers like everything here. A point on an outline
// goes where geo.Contains puts it.
func (c *cutter) gather(buildings []orb.Point) [][]spot {
	near := map[spot][]int{}
	var wide []int // larger than any community is: looked at for every building
	for i := range c.list {
		cells := int64(0)
		for _, s := range c.list[i].area {
			lo, hi := s.buckets()
			cells += (hi.x - lo.x + 1) * (hi.y - lo.y + 1)
		}
		if cells > 10_000 {
			wide = append(wide, i)
			continue
		}
		for _, s := range c.list[i].area {
			lo, hi := s.buckets()
			for x := lo.x; x <= hi.x; x++ {
				for y := lo.y; y <= hi.y; y++ {
					if list := near[spot{x, y}]; len(list) == 0 || list[len(list)-1] != i {
						near[spot{x, y}] = append(list, i)
					}
				}
			}
		}
	}
	out := make([][]spot, len(c.list))
	for _, b := range buildings {
		p := spotOf(b)
		for _, list := range [][]int{near[spot{floorDiv(p.x, bucket), floorDiv(p.y, bucket)}], wide} {
			for _, i := range list {
				if slices.ContainsFunc(c.list[i].area, func(s shape) bool { return s.holds(p) }) {
					out[i] = append(out[i], p)
				}
			}
		}
	}
	return out
}

// buckets returns the first and the last square that a shape reaches into.
func (s *shape) buckets() (lo, hi spot) {
	return spot{floorDiv(s.lo.x, bucket), floorDiv(s.lo.y, bucket)}, spot{floorDiv(s.hi.x, bucket), floorDiv(s.hi.y, bucket)}
}

func floorDiv(v, by int64) int64 {
	if v < 0 {
		return -((-v + by - 1) / by)
	}
	return v / by
}

func (s *shape) holds(p spot) bool {
	lo, hi := s.lo, s.hi
	if p.x < lo.x || p.x > hi.x || p.y < lo.y || p.y > hi.y {
		return false
	}
	in := inside(s.outer, p)
	for _, h := range s.holes {
		if inside(h, p) {
			in = !in
		}
	}
	return in
}

func spotOf(p orb.Point) spot {
	return spot{int64(math.Round(p[0] * geo.GridPerDegree)), int64(math.Round(p[1] * geo.GridPerDegree))}
}

// parent is a region that is cut.
type parent struct {
	region block.Region
	area   []shape
	leaves [][]shape
}

type cutter struct {
	o    outlines
	list []parent
}

// parents picks the regions to cut and numbers their edges.
func (c *cutter) parents(regions []block.Region) {
	skip := map[block.ID]bool{} // streets with community polygons, and whatever has grids
	up := make(map[block.ID]block.ID, len(regions))
	for _, r := range regions {
		up[r.ID] = r.Parent
	}
	for _, r := range regions {
		if r.Level == block.Grid || r.Level == block.Community && r.Geometry != nil {
			for id := r.Parent; !id.IsZero() && !skip[id]; id = up[id] {
				skip[id] = true
			}
		}
	}
	for _, r := range regions {
		if r.Level != block.Street && r.Level != block.Community || r.Geometry == nil || skip[r.ID] {
			continue
		}
		g, err := geo.ParseWKB(r.Geometry)
		if err != nil {
			continue
		}
		p := parent{region: r}
		switch g := g.(type) {
		case orb.Polygon:
			p.area = c.shapes(g)
		case orb.MultiPolygon:
			p.area = c.shapes(g...)
		}
		if len(p.area) > 0 {
			c.list = append(c.list, p)
		}
	}
	slices.SortFunc(c.list, func(a, b parent) int {
		return cmp.Or(cmp.Compare(a.region.Code, b.region.Code), cmp.Compare(a.region.Scheme, b.region.Scheme))
	})
}

func (c *cutter) shapes(polygons ...orb.Polygon) []shape {
	var out []shape
	for _, p := range polygons {
		var s shape
		for i, r := range p {
			l := make(loop, 0, len(r))
			for k := 0; k+1 < len(r); k++ {
				l = append(l, corner{spotOf(r[k]), 0})
			}
			for k := range l {
				l[k].side = c.o.edge(l[k].spot, l[(k+1)%len(l)].spot)
			}
			switch {
			case len(l) < 3:
			case i == 0:
				s.outer = l
			default:
				s.holes = append(s.holes, l)
			}
		}
		if s.outer != nil {
			s.lo, s.hi = bounds(s.outer)
			out = append(out, s)
		}
	}
	return out
}

// maxHalvings bounds the depth; the globe's area would be small enough by then.
const maxHalvings = 40

// halve cuts an area into leaves, in order.
func (c *cutter) halve(parent int, area []shape, points []spot, depth int) {
	done := func() { c.list[parent].leaves = append(c.list[parent].leaves, area) }
	lo, hi := bounds(area[0].outer)
	for _, s := range area[1:] {
		a, b := bounds(s.outer)
		lo.x, lo.y, hi.x, hi.y = min(lo.x, a.x), min(lo.y, a.y), max(hi.x, b.x), max(hi.y, b.y)
	}
	cos := cosMillionths(lo.y/2 + hi.y/2)
	if len(points) <= GridBuildings || small(area, cos) || depth == maxHalvings {
		done()
		return
	}
	axis, from, to := 0, lo.x, hi.x
	if (hi.y-lo.y)*1_000_000 > (hi.x-lo.x)*cos {
		axis, from, to = 1, lo.y, hi.y
	}
	// Where rounding has made the outline touch itself on the middle line, a line beside it will do.
	for _, off := range []int64{0, 1, -1, 2, -2, 5, -5, 50, -50} {
		at := from + (to-from)/2 + off
		if at <= from || at > to {
			continue
		}
		low, high, ok := c.split(area, axis, at)
		if !ok || len(low) == 0 || len(high) == 0 {
			continue
		}
		var lowPoints, highPoints []spot
		for _, p := range points {
			if u, _ := p.along(axis); u < at {
				lowPoints = append(lowPoints, p)
			} else {
				highPoints = append(highPoints, p)
			}
		}
		if axis == 1 { // north before south
			low, high, lowPoints, highPoints = high, low, highPoints, lowPoints
		}
		c.halve(parent, low, lowPoints, depth+1)
		c.halve(parent, high, highPoints, depth+1)
		return
	}
	done()
}

func (c *cutter) split(area []shape, axis int, at int64) (low, high []shape, ok bool) {
	for _, s := range area {
		l, h, ok := c.o.split(s, axis, at)
		if !ok {
			return nil, nil, false
		}
		low, high = append(low, l...), append(high, h...)
	}
	return low, high, true
}

// cosMillionths is the cosine of a latitude (in grid units), rounded to a hundredth of a degree first, in millionths: a
// whole number on every machine, since none of the 9,001 values lies near a half.
func cosMillionths(y int64) int64 {
	hundredths := int64(abs(y)+50_000) / 100_000
	return int64(math.Round(math.Cos(float64(hundredths)/100*math.Pi/180) * 1e6))
}

// gridLimit is twice GridAreaM2 in square units at the equator, in millionths: on the sphere of the mean radius a degree has
// 111,195.08 m, so a unit has 0.011119508 m and 250,000 m² are 2,021,942,800 square units.
const gridLimit = 2 * 2_021_942_800 * 1_000_000

// small reports whether an area is at most GridAreaM2.
func small(area []shape, cos int64) bool {
	sum := uint64(0)
	for _, s := range area {
		a := twiceArea(s.outer)
		if a == 1<<64-1 {
			return false
		}
		for _, h := range s.holes {
			a -= min(a, twiceArea(h))
		}
		if sum += a; sum >= 1<<62 {
			return false
		}
	}
	hi, lo := bits.Mul64(sum, uint64(cos))
	return hi == 0 && lo <= gridLimit
}

// regions numbers the leaves and writes their polygons.
func (c *cutter) regions() []block.Region {
	t := c.touching()
	var out []block.Region
	for _, p := range c.list {
		width := 2
		if len(p.leaves) > 99 {
			width = 3
		}
		for n, leaf := range p.leaves {
			number := fmt.Sprintf("%0*d", width, n+1)
			r := block.Region{Code: p.region.Code + number, Scheme: SchemeMadeGrid, Level: block.Grid, Type: "base-grid", Parent: p.region.ID, Made: true}
			r.ID = RegionID(r.Scheme, r.Code)
			r.Name = segment(p.region) + "-" + number
			r.NameEN = r.Name
			r.Geometry = geo.AppendWKB(nil, t.geometry(leaf))
			out = append(out, r)
		}
	}
	return out
}

// segment is the part of a parent's code that people call it by.
func segment(r block.Region) string {
	switch {
	case r.Scheme == SchemeStat12 && r.Level == block.Street:
		return r.Code[6:9]
	case len(r.Code) >= 3:
		return r.Code[len(r.Code)-3:]
	}
	return r.Code
}

// touching knows every corner of every leaf, to find those that lie on the sides of others.
type touching struct {
	o          *outlines
	byX, byY   []spot // sorted by x then y, and by y then x
	alongEdges [][]spot
}

func (c *cutter) touching() *touching {
	t := &touching{o: &c.o, alongEdges: c.o.points}
	for _, p := range c.list {
		for _, leaf := range p.leaves {
			for _, s := range leaf {
				for _, l := range append([]loop{s.outer}, s.holes...) {
					for _, v := range l { // all of them: a hole may touch a cut that it does not cross
						t.byX = append(t.byX, v.spot)
					}
				}
			}
		}
	}
	slices.SortFunc(t.byX, func(a, b spot) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y)) })
	t.byX = slices.Compact(t.byX)
	t.byY = slices.Clone(t.byX)
	slices.SortFunc(t.byY, func(a, b spot) int { return cmp.Or(cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x)) })
	for e := range t.alongEdges {
		a, b := c.o.edges[e][0], c.o.edges[e][1]
		far := func(p spot) int64 { return (p.x-a.x)*(b.x-a.x) + (p.y-a.y)*(b.y-a.y) }
		slices.SortFunc(t.alongEdges[e], func(p, q spot) int {
			return cmp.Or(cmp.Compare(far(p), far(q)), cmp.Compare(p.x, q.x), cmp.Compare(p.y, q.y))
		})
		t.alongEdges[e] = slices.Compact(t.alongEdges[e])
	}
	return t
}

// geometry is a leaf with the corners of its neighbours put in, valid in any case.
func (t *touching) geometry(leaf []shape) orb.Geometry {
	var out orb.MultiPolygon
	for _, s := range leaf {
		p := orb.Polygon{t.ring(s.outer)}
		for _, h := range s.holes {
			p = append(p, t.ring(h))
		}
		out = append(out, p)
	}
	var g orb.Geometry = out
	if len(out) == 1 {
		g = out[0]
	}
	// Rounding a corner by half a unit can make a very narrow place touch itself. The rule for broken rings decides then.
	if fixed, _, err := geo.Repair(g); err == nil {
		return fixed
	}
	return g
}

func (t *touching) ring(l loop) orb.Ring {
	out := make(orb.Ring, 0, len(l)+8)
	for i, a := range l {
		b := l[(i+1)%len(l)]
		out = append(out, a.point())
		for _, p := range t.between(a, b.spot) {
			out = append(out, p.point())
		}
	}
	return append(out, out[0])
}

// between returns the corners of others on the side from a to b, in its direction.
func (t *touching) between(a corner, b spot) []spot {
	var run []spot
	var order func(p spot) int64
	switch {
	case a.side != cutSide:
		run = t.alongEdges[a.side]
		e := t.o.edges[a.side]
		order = func(p spot) int64 { return (p.x-e[0].x)*(e[1].x-e[0].x) + (p.y-e[0].y)*(e[1].y-e[0].y) }
	case a.x == b.x:
		run = within(t.byX, a.spot, b, func(p spot) (int64, int64) { return p.x, p.y })
		order = func(p spot) int64 { return p.y }
	default:
		run = within(t.byY, a.spot, b, func(p spot) (int64, int64) { return p.y, p.x })
		order = func(p spot) int64 { return p.x }
	}
	if len(run) == 0 {
		return nil
	}
	from, to := order(a.spot), order(b)
	var out []spot
	for _, p := range run {
		if k := order(p); min(from, to) < k && k < max(from, to) && p != a.spot && p != b {
			out = append(out, p)
		}
	}
	if from > to {
		slices.Reverse(out)
	}
	return out
}

// within returns the run of a list sorted by key that lies between two points of one line.
func within(sorted []spot, a, b spot, key func(spot) (int64, int64)) []spot {
	line, p := key(a)
	_, q := key(b)
	find := func(v int64) int {
		i, _ := slices.BinarySearchFunc(sorted, v, func(s spot, v int64) int {
			l, k := key(s)
			return cmp.Or(cmp.Compare(l, line), cmp.Compare(k, v))
		})
		return i
	}
	return sorted[find(min(p, q)):find(max(p, q)+1)]
}
