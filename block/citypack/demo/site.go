package demo

// site is one block while it is built on.
type site struct {
	c     *City
	face  int
	pts   []vec
	half  []float64 // metres to keep from each side of the outline
	kind  []class
	near  []guard // edges beyond the corners
	box   box
	u, v  vec // along the streets, u closest to east
	o     vec // middle of the block's extent in that frame
	w, h  float64
	d     dice
	taken []footprint
	named string // estate or institution
}

type footprint struct {
	pts []vec
	box box
}

// house is what a footprint becomes.
type house struct {
	use    string
	floors int
	below  int
	units  int
	year   int
	name   string
	storey float64 // m
	hole   []vec
	own    bool // an office tower, which gets a name of its own
}

// guard is an edge that is not part of the outline but may be too close: it goes on from one of its corners.
type guard struct {
	a, b vec
	half float64
}

func (c *City) site(f int) *site {
	g := c.plan
	s := &site{c: c, face: f, pts: g.outline(f), d: newDice(c.seed, 1<<32|uint64(f))}
	for h := range g.loop(f) {
		s.half = append(s.half, halfWidth[g.edges[h/2].class])
		s.kind = append(s.kind, g.edges[h/2].class)
	}
	for h := range g.loop(f) {
		for k := g.halfs[h].prev ^ 1; k != h; k = g.halfs[k].prev ^ 1 {
			s.near = append(s.near, guard{g.from(k), g.to(k), halfWidth[g.edges[k/2].class]})
			for m := g.halfs[k].next; m != k^1; m = g.halfs[m^1].next {
				s.near = append(s.near, guard{g.from(m), g.to(m), halfWidth[g.edges[m/2].class]})
			}
		}
	}
	s.box = boxOf(s.pts)
	s.u = axisOf(s.pts)
	s.v = s.u.left()
	ulo, uhi := span(s.pts, s.u)
	vlo, vhi := span(s.pts, s.v)
	s.w, s.h = uhi-ulo, vhi-vlo
	s.o = s.u.mul((ulo + uhi) / 2).add(s.v.mul((vlo + vhi) / 2))
	for _, x := range c.ramps {
		if x.at.dist(centroid(s.pts)) > 900 {
			continue
		}
		for _, r := range x.ramps() {
			if pts := ribbon(r, func(int) float64 { return 10 }); boxOf(pts).near(s.box, 0) {
				s.take(pts)
			}
		}
		if pts := lay(oval(210, 210, 20), x.at, vec{1, 0}); boxOf(pts).near(s.box, 0) {
			s.take(pts)
		}
	}
	return s
}

// at returns the point at x along u and y along v from the middle of the site.
func (s *site) at(x, y float64) vec { return s.o.add(s.u.mul(x)).add(s.v.mul(y)) }

// lay turns a shape around the origin so that its x runs along dir and moves it to p.
func lay(shape []vec, p, dir vec) []vec {
	up := dir.left()
	out := make([]vec, len(shape))
	for i, q := range shape {
		out[i] = snap(p.add(dir.mul(q.x)).add(up.mul(q.y))).vec()
	}
	return out
}

// free says whether a footprint keeps setback metres off the streets around and gap metres off all others.
func (s *site) free(pts []vec, setback, gap float64) bool {
	b := boxOf(pts)
	if b.lo.x < s.box.lo.x || b.lo.y < s.box.lo.y || b.hi.x > s.box.hi.x || b.hi.y > s.box.hi.y {
		return false
	}
	for i := range s.taken {
		if t := &s.taken[i]; t.box.near(b, gap) && tooClose(t.pts, pts, gap) {
			return false
		}
	}
	if !inside(s.pts, pts[0]) {
		return false
	}
	for i, p := range s.pts {
		if meets(pts, b, p, s.pts[(i+1)%len(s.pts)], s.half[i]+setback) {
			return false
		}
	}
	for _, e := range s.near {
		if meets(pts, b, e.a, e.b, e.half+min(setback, 3)) {
			return false
		}
	}
	return true
}

// meets says whether a footprint with box b comes closer than keep to the segment p–q.
func meets(pts []vec, b box, p, q vec, keep float64) bool {
	if !(box{vec{min(p.x, q.x), min(p.y, q.y)}, vec{max(p.x, q.x), max(p.y, q.y)}}).near(b, keep) {
		return false
	}
	for i, a := range pts {
		c := pts[(i+1)%len(pts)]
		if toSegment(a, p, q) < keep || toSegment(p, a, c) < keep || segmentsCross(a, c, p, q) {
			return true
		}
	}
	return false
}

func tooClose(a, b []vec, gap float64) bool {
	for i, p := range a {
		q := a[(i+1)%len(a)]
		for j, r := range b {
			t := b[(j+1)%len(b)]
			if toSegment(r, p, q) < gap || toSegment(p, r, t) < gap || segmentsCross(p, q, r, t) {
				return true
			}
		}
	}
	return inside(a, b[0]) || inside(b, a[0])
}

func (s *site) take(pts []vec) { s.taken = append(s.taken, footprint{pts, boxOf(pts)}) }

// put builds on a footprint if it is free.
func (s *site) put(pts []vec, setback, gap float64, b house) bool {
	if !s.free(pts, setback, gap) {
		return false
	}
	s.take(pts)
	s.c.raise(s, pts, b)
	return true
}

// fit tries a shape at ever smaller scale.
func (s *site) fit(shape []vec, p, dir vec, least, setback float64, b house) bool {
	for k := 1.0; k >= least; k -= 0.06 {
		small := make([]vec, len(shape))
		for i, q := range shape {
			small[i] = q.mul(k)
		}
		if s.put(lay(small, p, dir), setback, 6, b) {
			return true
		}
	}
	return false
}

// side is a straight stretch of the outline.
type side struct {
	a, b  vec
	half  float64
	class class
	edge  int // index in the outline
}

// sides joins neighbouring edges of the outline that run straight on.
func (s *site) sides() []side {
	n := len(s.pts)
	start := 0
	for i := range n {
		if !s.straight((i+n-1)%n, i) {
			start = i
			break
		}
	}
	var out []side
	for k := range n {
		i := (start + k) % n
		a, b := s.pts[i], s.pts[(i+1)%n]
		if k > 0 && s.straight((i+n-1)%n, i) && s.kind[i] == out[len(out)-1].class {
			out[len(out)-1].b = b
			continue
		}
		out = append(out, side{a, b, s.half[i], s.kind[i], i})
	}
	return out
}

func (s *site) straight(i, j int) bool {
	n := len(s.pts)
	a := s.pts[(i+1)%n].sub(s.pts[i]).unit()
	b := s.pts[(j+1)%n].sub(s.pts[j]).unit()
	return a.cross(b) > -0.05 && a.cross(b) < 0.05 && a.dot(b) > 0
}

// frontage builds along the given sides: footprints of shape(width) whose backs lie depth metres in.
func (s *site) frontage(sides []side, setback, gap float64, width func() float64, depth func() float64, make func(w, d float64) ([]vec, house)) {
	for _, e := range sides {
		dir := e.b.sub(e.a).unit()
		in := dir.left()
		l := e.a.dist(e.b)
		for t := 2.0; t < l; {
			w, d := width(), depth()
			shape, b := make(w, d)
			off := e.half + setback + d/2 + 0.3
			p := e.a.add(dir.mul(t + w/2)).add(in.mul(off))
			if s.put(lay(shape, p, dir), setback, gap, b) {
				t += w + gap + 0.05
			} else {
				t += max(1.5, w*0.2)
			}
		}
	}
}

// rows builds in rows along u, pitch metres apart; within a row the shapes follow each other with a gap. It ends when
// next has no more shape.
func (s *site) rows(pitch, setback, gap float64, stagger bool, next func(row int) ([]vec, float64, house)) {
	phase := float64(s.d.in(0, 0.3) * pitch)
	row := 0
	for y := -s.h/2 + phase; y < s.h/2; y += pitch {
		x := -s.w / 2
		if stagger && row%2 == 1 {
			x += float64(pitch * 0.45)
		}
		for x < s.w/2 {
			shape, w, b := next(row)
			if shape == nil {
				return
			}
			if s.put(lay(shape, s.at(x+w/2, y), s.u), setback, gap, b) {
				x += w + gap
			} else {
				x += max(4, w*0.12)
			}
		}
		row++
	}
}

const (
	useResidential  = "residential"
	useVillage      = "village"
	useCommercial   = "commercial"
	useOffice       = "office"
	useIndustrial   = "industrial"
	usePublic       = "public"
	useConstruction = "construction"
	useOther        = "other"
)
