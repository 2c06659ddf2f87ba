package benchcity

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"

	"github.com/paulmach/orb"

	"kuaitu/block"
)

// Region is a part of the city, the city itself among them.
type Region struct {
	Level     block.Level
	No        int // within its level, from 0
	Parent    int // number within the level above
	Name      string
	Code      string
	Geometry  orb.Polygon
	Buildings int // that stand in it; of grids only
}

// blocks are how many lattice cells a region of each level is wide and high.
var blocks = []struct {
	level block.Level
	w, h  int
	name  string
}{
	{block.District, 48, 40, "%d区"}, {block.Street, 12, 10, "第%d街道"}, {block.Community, 3, 2, "%d社区"}, {block.Grid, 1, 1, "第%d网格"},
}

// Regions gives all regions, parents before their parts.
func (c *City) Regions() iter.Seq[Region] {
	return func(yield func(Region) bool) {
		if !yield(Region{Level: block.City, Name: "测试市", Code: "99", Geometry: c.outline(0, 0, c.cols, c.rows)}) {
			return
		}
		up := map[[2]int]int{{}: 0} // number of the region above by its place in its own lattice
		uw, uh := c.cols, c.rows
		for _, b := range blocks {
			numbers := map[[2]int]int{}
			for j := 0; j < c.rows; j += b.h {
				for i := 0; i < c.cols; i += b.w {
					if !c.here(i, j) {
						continue
					}
					no := len(numbers)
					numbers[[2]int{i / b.w, j / b.h}] = no
					r := Region{
						Level: b.level, No: no, Parent: up[[2]int{i / uw, j / uh}], Name: fmt.Sprintf(b.name, no+1),
						Code: fmt.Sprintf("99%d%07d", b.level, no), Geometry: c.outline(i, j, i+b.w, j+b.h),
					}
					if b.level == block.Grid {
						r.Buildings = c.first[no+1] - c.first[no]
					}
					if !yield(r) {
						return
					}
				}
			}
			up, uw, uh = numbers, b.w, b.h
		}
	}
}

// Building is one building.
type Building struct {
	No       int // from 0
	Grid     int
	Use      string // a code of schema.BuildingUses
	Name     string // 12栋; some have none
	Address  string
	Floors   int
	HeightM  float64
	Year     int
	Geometry orb.Polygon
}

// Buildings gives all buildings, grid by grid.
func (c *City) Buildings() iter.Seq[Building] {
	return func(yield func(Building) bool) {
		for g := range c.fabrics {
			for b := range c.in(g) {
				if !yield(b) {
					return
				}
			}
		}
	}
}

// in gives the buildings of a grid: a lattice within its corners, every fourth column of which is a lane.
func (c *City) in(grid int) iter.Seq[Building] {
	return func(yield func(Building) bool) {
		n := c.first[grid+1] - c.first[grid]
		if n == 0 {
			return
		}
		rng := rand.New(rand.NewPCG(c.opt.Seed, uint64(grid)<<8|2))
		kind := c.fabrics[grid]
		i, j := grid%c.cols, grid/c.cols
		sw, se, nw, ne := c.corner(i, j+1), c.corner(i+1, j+1), c.corner(i, j), c.corner(i+1, j)
		at := func(s, t float64) orb.Point {
			return orb.Point{
				(1-t)*((1-s)*sw[0]+s*se[0]) + t*((1-s)*nw[0]+s*ne[0]),
				(1-t)*((1-s)*sw[1]+s*se[1]) + t*((1-s)*nw[1]+s*ne[1]),
			}
		}
		const margin = 0.07
		cols := int(math.Ceil(math.Sqrt(float64(n) * 1.2)))
		rows := (n + cols - 1) / cols
		lanes := (cols - 1) / 4
		ds := (1 - 2*margin) / (float64(cols) + 0.5*float64(lanes))
		dt := (1 - 2*margin) / float64(rows)
		for k := range n {
			col, row := k%cols, k/cols
			s := margin + ds*(float64(col)+0.5+0.5*float64(col/4))
			t := margin + dt*(float64(row)+0.5)
			mid := at(s, t)
			e, f := at(s+ds/2, t), at(s, t+dt/2)
			right := orb.Point{e[0] - mid[0], e[1] - mid[1]}
			w, h := 2*math.Hypot(right[0], right[1]), 2*math.Hypot(f[0]-mid[0], f[1]-mid[1])
			turn := math.Atan2(right[1], right[0]) + turnOf[kind]*(rng.Float64()-0.5)
			b := c.build(kind, mid, w, h, turn, rng)
			b.No, b.Grid = c.first[grid]+k, grid
			b.Address = fmt.Sprintf("测试市第%d街道第%d网格%d号", j/10*((c.cols+11)/12)+i/12+1, grid+1, k+1)
			if kind != open && rng.IntN(10) > 0 {
				b.Name = fmt.Sprintf("%d栋", k+1)
			}
			if !yield(b) {
				return
			}
		}
	}
}

// Event is one reported event.
type Event struct {
	No       int // from 0
	Grid     int
	Type     string
	State    string
	AgeHours float64 // since it was reported
	DueHours float64 // from now; negative: overdue
	At       orb.Point
}

// Events gives all events, each beside a building.
func (c *City) Events() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		rng := rand.New(rand.NewPCG(c.opt.Seed, 3))
		states := []string{"handling", "handling", "dispatched", "filed", "suspended"}
		for n := range c.opt.Events {
			// One number decides the place and a square makes some grids trouble spots.
			grid := int(math.Pow(rng.Float64(), 1.3) * float64(len(c.fabrics)))
			grid = min(len(c.fabrics)-1, (grid*7919)%len(c.fabrics))
			i, j := grid%c.cols, grid/c.cols
			a, b, d := c.corner(i, j), c.corner(i+1, j), c.corner(i, j+1)
			s, t := 0.05+0.9*rng.Float64(), 0.05+0.9*rng.Float64()
			e := Event{
				No: n, Grid: grid, Type: fmt.Sprintf("%02d%02d", 1+rng.IntN(12), 1+rng.IntN(20)), State: states[rng.IntN(len(states))],
				AgeHours: 200 * rng.Float64(), DueHours: 150*rng.Float64() - 30,
				At: c.degrees(orb.Point{a[0] + s*(b[0]-a[0]) + t*(d[0]-a[0]), a[1] + s*(b[1]-a[1]) + t*(d[1]-a[1])}),
			}
			if !yield(e) {
				return
			}
		}
	}
}
