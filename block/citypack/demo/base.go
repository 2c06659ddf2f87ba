package demo

import (
	"slices"

	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/geo"
)

// encode returns the canonical bytes of a geometry.
func encode(g orb.Geometry) block.WKB { return block.WKB(geo.AppendWKB(nil, geo.Quantise(g))) }

var classNames = [...]string{rail: "rail", motorway: "motorway", primary: "primary", secondary: "secondary", residential: "residential", lane: "path"}

// baseMap draws the base map from the bottom up.
func (c *City) baseMap() {
	g := c.plan
	var b []BaseFeature
	add := func(class, name string, pts []vec) { b = append(b, BaseFeature{class, name, orb.Polygon{ringOf(pts)}}) }
	for f := range g.faces {
		if g.faces[f].sea {
			shore := g.outline(f)
			slices.Reverse(shore)
			add("land", "", shore)
		}
	}
	for f := range g.faces {
		pts := g.outline(f)
		switch fc := g.faces[f]; {
		case fc.sea:
		case fc.lot == sand:
			add("sand", "金滩", pts)
		case fc.lot == forest, fc.lot == verge && (g.faces[f].zone == parkland || thickness(pts) < 38):
			add("green", fc.name, pts)
		case fc.lot == park && fc.zone == parkland:
			add("green", "", pts)
		case fc.lot == park:
			add("green", fc.name, pts)
		}
	}
	b = append(b, c.areas...)
	c.water(add)
	c.harbourWorks(add)
	c.parks(&b, add)
	c.trails(&b)
	for _, x := range c.ramps {
		for _, r := range x.ramps() {
			b = append(b, BaseFeature{"secondary", "", lineOf(r)})
		}
	}
	for class := rail; class <= lane; class++ {
		if class == rail {
			continue
		}
		for _, w := range c.ways(class) {
			b = append(b, BaseFeature{classNames[class], w.name, lineOf(w.pts)})
		}
	}
	for _, w := range c.ways(rail) {
		b = append(b, BaseFeature{classNames[rail], w.name, lineOf(w.pts)})
	}
	for i := range b {
		b[i].Geometry = geo.Quantise(b[i].Geometry)
	}
	c.Base = b
}

// way is one unbroken run of a road.
type way struct {
	road int
	name string
	pts  []vec
}

// ways joins the edges of a class into runs of one road.
func (c *City) ways(cl class) []way {
	g := c.plan
	byRoad := map[int][]int{}
	var order []int
	for e, ed := range g.edges {
		if ed.class != cl {
			continue
		}
		if byRoad[ed.road] == nil {
			order = append(order, ed.road)
		}
		byRoad[ed.road] = append(byRoad[ed.road], e)
	}
	slices.Sort(order)
	var out []way
	for _, r := range order {
		edges := byRoad[r]
		at := map[int][]int{} // halves of this road that leave a vertex
		for _, e := range edges {
			at[g.org(2*e)] = append(at[g.org(2*e)], 2*e)
			at[g.org(2*e+1)] = append(at[g.org(2*e+1)], 2*e+1)
		}
		used := map[int]bool{}
		walk := func(h int) {
			pts := []vec{g.from(h)}
			for {
				used[h/2] = true
				pts = append(pts, g.to(h))
				dir := g.to(h).sub(g.from(h)).unit()
				next, straightest := -1, -2.0
				for _, k := range at[g.org(h^1)] {
					if !used[k/2] {
						if s := dir.dot(g.to(k).sub(g.from(k)).unit()); s > straightest {
							next, straightest = k, s
						}
					}
				}
				if next < 0 {
					break
				}
				h = next
			}
			if r < 0 {
				out = append(out, way{r, "", pts})
			} else {
				out = append(out, way{r, c.roads[r].name, pts})
			}
		}
		for _, e := range edges {
			for _, h := range [...]int{2 * e, 2*e + 1} {
				if !used[e] && len(at[g.org(h)]) == 1 {
					walk(h)
				}
			}
		}
		for _, e := range edges {
			if !used[e] {
				walk(2 * e)
			}
		}
	}
	return out
}

// ribbon widens a line to the given half widths at its points.
func ribbon(pts []vec, half func(i int) float64) []vec {
	var l, r []vec
	for i, p := range pts {
		a, b := pts[max(0, i-1)], pts[min(len(pts)-1, i+1)]
		n := b.sub(a).unit().left().mul(half(i))
		l = append(l, p.add(n))
		r = append(r, p.sub(n))
	}
	slices.Reverse(l)
	return append(r, l...)
}

func (c *City) water(add func(class, name string, pts []vec)) {
	// Down to the end of the drawn line, which lies in the bay, so that no bank closes the mouth.
	stream := c.stream()
	add("water", "清溪", ribbon(stream, func(i int) float64 { return 14 + float64(30*float64(i))/float64(len(stream)) }))
	lake := spline([]vec{{520, 2480}, {760, 2390}, {1010, 2400}, {1190, 2500}, {1230, 2610}, {1020, 2640}, {860, 2600}, {760, 2680}, {600, 2640}, {470, 2590}}, 30, true)
	add("water", "云顶水库", lake)
	add("water", "", ribbon(spline([]vec{{800, 2420}, {830, 2320}, {815, 2220}}, 20, false), func(int) float64 { return 11 }))
	add("water", "东湖", spline([]vec{{2610, -330}, {2700, -250}, {2650, -170}, {2550, -180}, {2480, -260}, {2520, -400}, {2600, -470}, {2680, -440}}, 22, true))
}

func (c *City) harbourWorks(add func(class, name string, pts []vec)) {
	quay := func(a vec, dir vec, l, w float64) {
		add("pier", "", lay([]vec{{0, -w / 2}, {l, -w / 2}, {l, w / 2}, {0, w / 2}}, a, dir))
	}
	out := vec{-1, -1}.unit()
	for _, a := range []vec{{-4170, -1480}, {-3120, -2570}, {-3000, -2690}} {
		quay(a, out, 190, 34)
	}
	quay(vec{-2200, -2770}, vec{-0.2, -1}.unit(), 150, 12)
	quay(vec{420, -2050}, vec{0.1, -1}.unit(), 130, 10)
	quay(vec{4420, -1200}, vec{1, -0.5}.unit(), 170, 12)
	// The breakwater shelters the port.
	add("pier", "", ribbon(spline([]vec{{-4600, -2250}, {-4250, -2720}, {-3700, -3080}, {-3250, -3180}}, 40, false), func(int) float64 { return 9 }))
	add("pier", "", ribbon(islandBridge(), func(int) float64 { return 13 }))
}

// islandBridge runs from the bay road to the islet.
func islandBridge() []vec {
	return spline([]vec{{1934, -2600}, {1860, -2800}, {1620, -3010}, {1300, -3120}, {1000, -3190}}, 40, false)
}

func (c *City) parks(b *[]BaseFeature, add func(class, name string, pts []vec)) {
	path := func(pts []vec) {
		if len(pts) > 1 {
			*b = append(*b, BaseFeature{"path", "", lineOf(pts)})
		}
	}
	*b = append(*b, BaseFeature{"secondary", "银鹭大桥", lineOf(append(islandBridge(), spline(islandRoad[1:], 40, false)[1:]...))})
	g := c.plan
	for f := range g.faces {
		pts := g.outline(f)
		if g.faces[f].sea || g.faces[f].lot != park || g.faces[f].zone == parkland || thickness(pts) < 70 || areaOf(pts) > 150000 {
			continue
		}
		s := c.site(f)
		wobble := s.d.in(-0.1, 0.1)
		path(s.clip(spline([]vec{s.at(-s.w/2, 0), s.at(-s.w/5, s.h*wobble), s.at(s.w/5, -s.h*wobble), s.at(s.w/2, 0)}, 18, false)))
		path(s.clip(spline([]vec{s.at(0, -s.h/2), s.at(s.w*wobble, -s.h/5), s.at(-s.w*wobble, s.h/5), s.at(0, s.h/2)}, 18, false)))
		if areaOf(pts) > 15000 {
			var blob []vec
			for i := range 9 {
				r := s.d.in(0.6, 1)
				sn, cs := sincos(40 * float64(i))
				blob = append(blob, s.at(float64(float64(cs*r)*s.w*0.15)+float64(s.w*0.25), float64(float64(sn*r)*s.h*0.14)+float64(s.h*0.24)))
			}
			if pond := spline(blob, 12, true); s.free(pond, 6, 4) {
				add("water", "", pond)
			}
		}
	}
}

// clip drops the points of a line that lie outside the block.
func (s *site) clip(pts []vec) []vec {
	return slices.DeleteFunc(pts, func(p vec) bool { return !inside(s.pts, p) })
}

// trails are the walks along the river and over the hills.
func (c *City) trails(b *[]BaseFeature) {
	stream := c.stream()
	for _, off := range [...]float64{-64, 64} {
		var pts []vec
		for i, p := range stream {
			if p.y > -1980 && i > 2 {
				n := stream[min(i+1, len(stream)-1)].sub(stream[i-1]).unit().left()
				pts = append(pts, p.add(n.mul(off)))
			}
		}
		*b = append(*b, BaseFeature{"path", "清溪绿道", lineOf(pts)})
	}
	for _, t := range hillTrails {
		*b = append(*b, BaseFeature{"path", "", lineOf(spline(t, 30, false))})
	}
}

// interchange is where the motorway meets a boulevard.
type interchange struct {
	at   vec
	a, b vec // along the motorway and along the boulevard
}

func (c *City) findInterchanges() {
	g := c.plan
	for v := range g.at {
		var m, p []int
		h := g.out[v]
		for {
			switch g.edges[h/2].class {
			case motorway:
				m = append(m, h)
			case primary:
				p = append(p, h)
			}
			if h = g.halfs[h^1].next; h == g.out[v] {
				break
			}
		}
		at := g.at[v].vec()
		if len(m) != 2 || len(p) != 2 || slices.ContainsFunc(c.ramps, func(x interchange) bool { return x.at.dist(at) < 420 }) {
			continue
		}
		c.ramps = append(c.ramps, interchange{at, g.to(m[0]).sub(g.to(m[1])).unit(), g.to(p[0]).sub(g.to(p[1])).unit()})
	}
}

// ramps returns the four slip roads.
func (x interchange) ramps() [][]vec {
	var out [][]vec
	for _, q := range [...][2]float64{{1, 1}, {-1, 1}, {-1, -1}, {1, -1}} {
		a, b := x.a.mul(q[0]), x.b.mul(q[1])
		out = append(out, spline([]vec{x.at.add(a.mul(190)), x.at.add(a.mul(120)).add(b.mul(18)), x.at.add(a.mul(62)).add(b.mul(62)), x.at.add(b.mul(120)).add(a.mul(16)), x.at.add(b.mul(175))}, 16, false))
	}
	return out
}

// stream is the middle of the river from its source to the bay.
func (c *City) stream() []vec {
	for _, r := range roads {
		if r.class == river {
			return spline(r.pts, 40, false)
		}
	}
	return nil
}
