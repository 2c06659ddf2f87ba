package demo

import (
	"math"
	"slices"

	"github.com/paulmach/orb"

	"kuaitu/block"
)

// Building is one building of the city. Use is a code of schema.BuildingUses, Height in metres above ground; Units is
// the number of entrances (单元), Year when it was or will be finished.
type Building struct {
	ID           block.ID
	Geometry     block.WKB
	Name         string
	Address      string
	Use          string
	Floors       int
	FloorsBelow  int
	Units        int
	Height       float64
	Year         int
	UrbanVillage bool

	Region block.ID // the community it stands in

	face    int
	outline []vec
	shape   orb.Polygon
	group   string // the estate it is part of
	number  int    // in the estate
}

// BaseFeature is one shape of the base map. Class is one of "land", "water", "green", "sand", "square", "motorway",
// "primary", "secondary", "residential", "path", "rail" and "pier"; areas are polygons, ways line strings. Name may be
// empty.
type BaseFeature struct {
	Class    string
	Name     string
	Geometry orb.Geometry
}

// City is the finished city.
type City struct {
	Regions    []block.Region
	Buildings  []Building
	Base       []BaseFeature
	Facilities []Facility

	seed  uint64
	plan  *graph
	roads []road
	words words
	ramps []interchange
	home  []int         // by face, the index of its community in Regions
	areas []BaseFeature // green, sand, water and squares inside blocks
}

type road struct {
	class class
	name  string
}

// New builds the city of a seed. The same seed gives the same city on every machine.
func New(seed uint64) *City {
	c := &City{seed: seed, words: words{map[string]bool{}}}
	c.layOut()
	for f := range c.plan.faces {
		if !c.plan.faces[f].sea {
			c.build(f)
		}
	}
	c.divide()
	c.address()
	c.serve()
	c.baseMap()
	return c
}

// layOut draws the plan, cuts the quarters into blocks and decides what each holds.
func (c *City) layOut() {
	lines, names := drawPlan()
	for i, n := range names {
		c.roads = append(c.roads, road{lines[i].class, n})
		c.words.used[n] = true
	}
	for _, p := range places {
		c.words.used[p.name] = true
	}
	c.plan = arrange(lines)
	g := c.plan
	for f := range g.faces {
		if !g.faces[f].sea {
			g.faces[f].zone = quarterAt(g.outline(f))
		}
	}
	for f := range len(g.faces) {
		ch := characters[g.faces[f].zone]
		if g.faces[f].sea || ch.along == 0 {
			continue
		}
		d := newDice(c.seed, 2<<32|uint64(f))
		grade := func(area float64) class {
			if area > float64(ch.along*ch.across)*7 {
				return secondary
			}
			return residential
		}
		u := axisOf(g.outline(f))
		if ch.skew > 4 && d.chance(0.3) {
			t := bearing(d.in(-28, 28))
			u = u.mul(t.x).add(u.left().mul(t.y))
		}
		k := d.in(0.85, 1.25)
		c.subdivide(f, u, float64(ch.along*k), float64(ch.across*k), ch.bend, ch.skew, grade, d)
	}
	c.placeHamlets()
	c.chooseLots()
	c.findInterchanges()
	for i := range c.roads {
		if r := &c.roads[i]; r.name == "" && r.class != lane && r.class != coast {
			r.name = c.words.road(newDice(c.seed, 3<<32|uint64(i)), r.class)
		}
	}
	c.nameLanes()
}

// nameLanes numbers the lanes of every village: 榕树村三巷.
func (c *City) nameLanes() {
	g := c.plan
	count := map[string]int{}
	for e, ed := range g.edges {
		if ed.class != lane || c.roads[ed.road].name != "" {
			continue
		}
		v := g.faces[g.halfs[2*e].face].name
		count[v]++
		c.roads[ed.road].name = v + numeral(count[v]) + "巷"
	}
}

// quarterAt returns the character of the quarter with this outline: that of the anchor inside it that is nearest to its
// middle, else of the nearest anchor.
func quarterAt(pts []vec) zone {
	m := centroid(pts)
	best, least, within := 0, math.Inf(1), false
	for i, q := range quarters {
		in := inside(pts, q.at)
		if dist := q.at.dist(m); in && !within || in == within && dist < least {
			best, least, within = i, dist, in
		}
	}
	return quarters[best].zone
}

// faceAt returns the face that holds a point, or -1.
func (c *City) faceAt(p vec) int {
	for f := range c.plan.faces {
		if !c.plan.faces[f].sea && inside(c.plan.outline(f), p) {
			return f
		}
	}
	return -1
}

// placeHamlets gives each old village its blocks and cuts them by lanes.
func (c *City) placeHamlets() {
	g := c.plan
	for i, v := range hamlets {
		d := newDice(c.seed, 4<<32|uint64(i))
		start := c.faceAt(v.at)
		if start < 0 {
			continue
		}
		member := []int{start}
		area := areaOf(g.outline(start))
		for area < v.area {
			next, least := -1, math.Inf(1)
			for _, f := range member {
				for h := range g.loop(f) {
					o := g.halfs[h^1].face
					if g.edges[h/2].class != residential || g.faces[o].sea || slices.Contains(member, o) || g.faces[o].lot == village {
						continue
					}
					if dist := centroid(g.outline(o)).dist(v.at); dist < least {
						next, least = o, dist
					}
				}
			}
			if next < 0 {
				break
			}
			member = append(member, next)
			area += areaOf(g.outline(next))
		}
		for _, f := range member {
			g.faces[f].lot, g.faces[f].name = village, v.name
			u := axisOf(g.outline(f))
			if d.chance(0.5) {
				u = u.left()
			}
			c.subdivide(f, u, d.in(58, 84), d.in(29, 33), 0.04, 5, func(float64) class { return lane }, d)
		}
	}
}

// chooseLots decides what every block holds.
func (c *City) chooseLots() {
	g := c.plan
	decided := map[int]bool{}
	for f := range g.faces {
		decided[f] = g.faces[f].sea || g.faces[f].lot == village
	}
	for _, p := range places {
		if f := c.faceAt(p.at); f >= 0 && !decided[f] {
			g.faces[f].lot, g.faces[f].name, decided[f] = p.lot, p.name, true
		}
	}
	given := map[zone]map[lot]float64{}
	for f := range g.faces {
		if decided[f] {
			continue
		}
		pts := g.outline(f)
		area := areaOf(pts)
		ch := characters[g.faces[f].zone]
		if ch.along > 0 && thickness(pts) < 38 && g.faces[f].zone != oldTown {
			g.faces[f].lot = verge
			continue
		}
		d := newDice(c.seed, 5<<32|uint64(f))
		// The lot that is furthest behind its share of this kind of quarter comes next, give or take.
		z := g.faces[f].zone
		if given[z] == nil {
			given[z] = map[lot]float64{}
		}
		best, least := verge, math.Inf(1)
		for _, s := range ch.lots {
			behind := (given[z][s.lot] + float64(area*d.in(0.1, 1))) / s.weight
			if fits(s.lot, area) && behind < least {
				best, least = s.lot, behind
			}
		}
		given[z][best] += area
		g.faces[f].lot = best
	}
}

// thickness is about half the smaller side of a compact outline, and less for a thin one.
func thickness(pts []vec) float64 {
	var l float64
	for i, p := range pts {
		l += p.dist(pts[(i+1)%len(pts)])
	}
	return 4 * areaOf(pts) / l
}

func fits(l lot, area float64) bool {
	switch l {
	case school:
		return area > 16000 && area < 60000
	case mall:
		return area > 12000 && area < 50000
	case hall, market:
		return area > 7000 && area < 42000
	case towers, slabs:
		return area > 8000
	case square:
		return area < 16000
	}
	return true
}

// raise records a building on a site.
func (c *City) raise(s *site, pts []vec, b house) {
	poly := orb.Polygon{ringOf(pts)}
	if b.hole != nil {
		poly = append(poly, ringOf(b.hole))
		poly[1].Reverse()
	}
	if b.own {
		b.name = c.words.tower(s.d)
	}
	group := ""
	if b.name == "" && s.named != "" {
		switch l := c.plan.faces[s.face].lot; {
		case l == slabs, l == towers, l == points, l == courts, l == villa:
			if b.use == useResidential {
				group = s.named
			}
		case l == factory, l == warehouse, l == construction:
			group = s.named
		}
	}
	c.Buildings = append(c.Buildings, Building{group: group, Geometry: encode(poly), Name: b.name, Use: b.use, Floors: b.floors, FloorsBelow: b.below,
		Units: b.units, Height: b.height(), Year: b.year, UrbanVillage: c.plan.faces[s.face].lot == village, face: s.face, outline: pts, shape: poly})
}

// add puts an area on the base map.
func (c *City) add(class, name string, pts []vec) {
	c.areas = append(c.areas, BaseFeature{class, name, orb.Polygon{ringOf(pts)}})
}

// ground colours a whole block.
func (c *City) ground(f int, class string) { c.add(class, c.plan.faces[f].name, c.plan.outline(f)) }
