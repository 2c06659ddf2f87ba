package demo

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"kuaitu/block"
)

// buildingNo is schema's stable number of the kind building, from which the bulk IDs are made; a test compares them.
const buildingNo = 5

// shard marks the IDs of the demo city.
const shard = 9901

// door is where something with a house number stands on its road.
type door struct {
	road  int
	along float64 // metres from the road's start
	odd   bool    // left of the road
	first int     // index of the building, or of the first of an estate
}

// address numbers the houses along the roads, estates as a whole, and writes names, addresses and IDs.
func (c *City) address() {
	g := c.plan
	start := c.chainage()
	doorOf := make([]int, len(c.Buildings))
	var doors []door
	estates := map[string]int{}
	for i := range c.Buildings {
		b := &c.Buildings[i]
		if b.group != "" {
			if d, ok := estates[b.group]; ok {
				doorOf[i] = d
				continue
			}
			estates[b.group] = len(doors)
		}
		doorOf[i] = len(doors)
		doors = append(doors, c.doorAt(start, b.face, centroid(b.outline), b.group != "", i))
	}
	order := make([]int, len(doors))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := doors[i], doors[j]
		return cmp.Or(cmp.Compare(a.road, b.road), cmp.Compare(a.along, b.along), cmp.Compare(a.first, b.first))
	})
	number := make([]int, len(doors))
	last := map[[2]int]int{}
	for _, i := range order {
		d := doors[i]
		key := [2]int{d.road, 0}
		if d.odd {
			key[1] = 1
		}
		if last[key] == 0 {
			last[key] = 2 - key[1]
		} else {
			last[key] += 2
		}
		number[i] = last[key]
	}
	c.numberEstates()
	for i := range c.Buildings {
		b := &c.Buildings[i]
		d := doors[doorOf[i]]
		where := "银鹭岛"
		if d.road >= 0 {
			where = c.roads[d.road].name
		}
		b.ID = block.BulkID(shard, buildingNo, uint64(i+1))
		b.Address = where + strconv.Itoa(number[doorOf[i]]) + "号"
		switch {
		case b.group != "":
			unit := strconv.Itoa(b.number) + groupUnit(g.faces[b.face].lot)
			b.Name = b.group + " " + unit
			b.Address += b.group + unit
		case b.Name == "":
			b.Name = b.Address
		}
	}
}

func groupUnit(l lot) string {
	switch l {
	case factory:
		return "号厂房"
	case warehouse:
		return "号库"
	}
	return "栋"
}

// numberEstates counts the buildings of every estate row by row from the north west.
func (c *City) numberEstates() {
	groups := map[string][]int{}
	var names []string
	for i, b := range c.Buildings {
		if b.group != "" {
			if groups[b.group] == nil {
				names = append(names, b.group)
			}
			groups[b.group] = append(groups[b.group], i)
		}
	}
	for _, n := range names {
		list := groups[n]
		u := axisOf(c.plan.outline(c.Buildings[list[0]].face))
		row := func(i int) float64 { return -math.Round(centroid(c.Buildings[i].outline).dot(u.left()) / 12) }
		slices.SortFunc(list, func(i, j int) int {
			return cmp.Or(cmp.Compare(row(i), row(j)), cmp.Compare(centroid(c.Buildings[i].outline).dot(u), centroid(c.Buildings[j].outline).dot(u)), cmp.Compare(i, j))
		})
		for k, i := range list {
			c.Buildings[i].number = k + 1
		}
	}
}

// chainage returns for every half of a named road the metres from the road's start to where the half starts, negative
// less one for halves that run against it.
func (c *City) chainage() map[int]float64 {
	g := c.plan
	at := map[[2]spot]int{}
	for h := range g.halfs {
		at[[2]spot{g.at[g.org(h)], g.at[g.org(h^1)]}] = h
	}
	out := map[int]float64{}
	for cl := motorway; cl <= lane; cl++ {
		length := map[int]float64{} // a road in several runs counts on
		for _, w := range c.ways(cl) {
			if w.road < 0 || w.name == "" {
				continue
			}
			for i := 1; i < len(w.pts); i++ {
				h := at[[2]spot{snap(w.pts[i-1]), snap(w.pts[i])}]
				out[h] = length[w.road]
				length[w.road] += w.pts[i-1].dist(w.pts[i])
			}
		}
	}
	return out
}

// doorAt returns the door of a building on the named road nearest to it; an estate has its gate on the greatest road.
func (c *City) doorAt(start map[int]float64, f int, p vec, gate bool, first int) door {
	g := c.plan
	best, least := -1, math.Inf(1)
	for h := range g.loop(f) {
		e := g.edges[h/2]
		if e.road < 0 || e.class <= motorway || c.roads[e.road].name == "" {
			continue
		}
		d := toSegment(p, g.from(h), g.to(h))
		if gate {
			d += 150 * float64(e.class)
		}
		if d < least {
			best, least = h, d
		}
	}
	if best < 0 {
		// No street touches the block: the nearest of all counts.
		for h := range g.halfs {
			if _, ok := start[h]; ok && g.edges[h/2].class > motorway {
				if d := toSegment(p, g.from(h), g.to(h)); d < least {
					best, least = h, d
				}
			}
		}
	}
	if c.plan.faces[f].lot == resort {
		return door{road: -1, along: p.x, odd: p.y > -3200, first: first}
	}
	h := best
	if _, ok := start[h]; !ok {
		h ^= 1
	}
	dir := g.to(h).sub(g.from(h))
	along := start[h] + p.sub(g.from(h)).dot(dir.unit())
	return door{road: g.edges[h/2].road, along: along, odd: dir.cross(p.sub(g.from(h))) > 0, first: first}
}
