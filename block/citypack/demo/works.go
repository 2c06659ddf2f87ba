package demo

func (s *site) officeBlock() {
	year := s.d.int(1996, 2023)
	tall := s.c.plan.faces[s.face].zone == centre
	n := 0
	s.rowsToward(s.u, 10, 7, s.d.in(17, 27), func() ([]vec, float64, house) {
		w := s.d.in(34, 60)
		h := s.d.in(31, 52)
		b := house{use: useOffice, floors: s.d.int(11, 24), below: s.d.int(1, 3), units: 1, year: year, storey: 3.9}
		if tall {
			b.floors = s.d.int(20, 62)
		}
		n++
		if n%3 == 2 && s.d.chance(0.5) {
			b.use, b.floors = useCommercial, s.d.int(3, 6)
			return rect(w*1.25, h*0.8), w * 1.25, b
		}
		b.own = true
		switch s.d.int(0, 6) {
		case 0:
			return chamfered(w, h, min(w, h)*0.24), w, b
		case 1:
			return oval(w, h, 20), w, b
		case 2:
			return ell(w*1.2, h*1.2, min(w, h)*0.58), w * 1.2, b
		case 3:
			return cross(w, h, w*0.7, h*0.7), w, b
		case 4:
			return chamfered(w, h, 4), w, b
		}
		return rect(w, h), w, b
	})
	s.frontage(s.major(), 6, 12, func() float64 { return s.d.in(34, 60) }, func() float64 { return s.d.in(14, 20) }, func(w, d float64) ([]vec, house) {
		return rect(w, d), house{use: useCommercial, floors: s.d.int(2, 5), year: year, storey: 4.5}
	})
}

func (s *site) mall() {
	if s.named == "" {
		s.named = s.c.words.mall(s.d)
	}
	shape := arcade(s.w*0.8, s.h*0.78)
	if s.d.chance(0.5) {
		shape = mirrored(shape)
	}
	b := house{use: useCommercial, floors: s.d.int(4, 7), below: 2, year: s.d.int(2001, 2022), name: s.named, storey: 5.2}
	s.fit(shape, s.at(0, 0), s.u, 0.4, 12, b)
	for i := range 3 {
		s.put(lay(chamfered(34, 32, 5), s.at(s.d.in(-0.4, 0.4)*s.w, s.d.in(-0.4, 0.4)*s.h), s.u), 8, 9,
			house{use: useOffice, floors: s.d.int(18, 38), below: 2, units: 1, year: b.year, name: s.named + string(rune('A'+i)) + "座", storey: 3.9})
	}
}

func (s *site) market() {
	s.estate()
	s.frontage(s.sides(), 5, 5, func() float64 { return s.d.in(20, 56) }, func() float64 { return s.d.in(13, 22) }, func(w, d float64) ([]vec, house) {
		return rect(w, d), house{use: useCommercial, floors: s.d.int(2, 5), year: s.d.int(1988, 2014), storey: 4}
	})
	name := s.c.words.market(s.d)
	s.fit(rect(s.w*0.55, s.h*0.5), s.at(0, 0), s.u, 0.3, 10, house{use: useCommercial, floors: s.d.int(2, 4), year: s.d.int(1994, 2012), name: name, storey: 4.6})
	s.rows(30, 8, 10, false, func(int) ([]vec, float64, house) {
		return rect(40, 13), 40, house{use: useResidential, floors: 7, units: 3, year: 1996, storey: 2.9}
	})
}

// field lays out a sports ground at one end of the site.
func (s *site) field(w, h float64, name string) {
	ends := [...]vec{{1, -1}, {-1, -1}, {1, 1}, {-1, 1}, {0, 0}}
	for k := 1.0; k > 0.5; k -= 0.12 {
		for turned := range 2 {
			shape := track(w*k, h*k)
			x, y := float64(w*k), float64(h*k)
			if turned == 1 {
				shape, x, y = quarterTurned(shape), y, x
			}
			for _, e := range ends {
				for back := 14.0; back < 60; back += 9 {
					pts := lay(shape, s.at(float64(e.x*max(0, s.w/2-x/2-back)), float64(e.y*max(0, s.h/2-y/2-back))), s.u)
					if s.free(pts, 8, 8) {
						s.take(pts)
						s.c.add("sand", name, pts)
						inner := track(float64(w*k)-16, float64(h*k)-16)
						if turned == 1 {
							inner = quarterTurned(inner)
						}
						s.c.add("green", "", lay(inner, centroid(pts), s.u))
						return
					}
				}
			}
		}
	}
}

func (s *site) school() {
	if s.named == "" {
		s.named = s.c.words.school(s.d)
	}
	year := s.d.int(1982, 2018)
	main := [][]vec{ewe(62, 46, 14), comb(3, 72, 44, 13), ell(66, 50, 14), flipped(ewe(58, 44, 13))}[s.d.int(0, 3)]
	names := []string{"教学楼", "综合楼", "实验楼", "体育馆", "宿舍楼", "食堂"}
	b := func(i int) house {
		name := s.named + names[min(i, len(names)-1)]
		return house{use: usePublic, floors: s.d.int(4, 6), units: 1, year: year, name: name, storey: 3.8}
	}
	n := 0
	// The main building stands at one end so that the sports ground has the other.
	end := [...]vec{{-0.24, 0}, {0.24, 0}, {0, -0.24}, {0, 0.24}}[s.d.int(0, 3)]
	for i, shape := range [][]vec{main, rect(54, 14), rect(46, 14), rect(38, 28), rect(50, 14), rect(30, 24)} {
		if i == 1 {
			s.field(124, 70, "")
		}
		for try := range 24 {
			p := s.at(s.d.in(-0.42, 0.42)*s.w, s.d.in(-0.42, 0.42)*s.h)
			if i == 0 {
				p = s.at((end.x+s.d.in(-0.1, 0.1))*s.w, (end.y+s.d.in(-0.1, 0.1))*s.h)
			}
			q := shape
			if try%3 == 2 {
				q = quarterTurned(q)
			}
			if s.put(lay(q, p, s.u), 9, 11, b(n)) {
				n++
				break
			}
		}
	}
}

func (s *site) universityBlock() {
	s.named = "样城大学"
	if s.d.chance(0.45) {
		s.field(150, 84, "")
	}
	faculty := []string{"文学院", "理学院", "工学院", "医学院", "图书馆", "行政楼", "学生公寓", "实验中心", "教学楼", "研究院"}
	s.scatter(30, 12, 15, func() ([]vec, house) {
		shapes := [][]vec{comb(3, 78, 48, 14), comb(4, 96, 44, 13), ewe(64, 48, 15), ell(60, 46, 15), slab(4, 16, 15), rect(62, 15), oval(44, 44, 20), flipped(ewe(60, 46, 14))}
		return shapes[s.d.int(0, len(shapes)-1)], house{use: usePublic, floors: s.d.int(4, 9), units: 1, year: s.d.int(1983, 2018), storey: 3.8,
			name: s.named + faculty[s.d.int(0, len(faculty)-1)]}
	})
}

// scatter tries shapes at random places.
func (s *site) scatter(tries int, setback, gap float64, next func() ([]vec, house)) {
	for i := range tries {
		shape, b := next()
		if i%3 == 2 {
			shape = quarterTurned(shape)
		}
		s.put(lay(shape, s.at(s.d.in(-0.45, 0.45)*s.w, s.d.in(-0.45, 0.45)*s.h), s.u), setback, gap, b)
	}
}

func (s *site) hospital() {
	year := s.d.int(1988, 2012)
	parts := []string{"门诊楼", "住院楼", "医技楼", "急诊楼", "行政楼", "后勤楼"}
	n := 0
	shapes := [][]vec{comb(4, 104, 58, 16), rect(72, 22), cross(54, 46, 20, 18), rect(46, 20), ell(44, 36, 14), rect(34, 18)}
	for i, shape := range shapes {
		for range 24 {
			floors := s.d.int(4, 7)
			if i == 1 || i == 2 {
				floors = s.d.int(14, 22)
			}
			if s.put(lay(shape, s.at(s.d.in(-0.38, 0.38)*s.w, s.d.in(-0.38, 0.38)*s.h), s.u), 10, 12,
				house{use: usePublic, floors: floors, below: 1, units: 1, year: year, name: s.named + parts[min(n, 5)], storey: 3.9}) {
				n++
				break
			}
		}
	}
}

func (s *site) hall() {
	if s.named == "" {
		s.named = s.c.words.hall(s.d)
	}
	shapes := [][]vec{oval(s.w*0.6, s.h*0.5, 32), chamfered(s.w*0.7, s.h*0.5, 12), cross(s.w*0.7, s.h*0.65, s.w*0.35, s.h*0.3), ewe(s.w*0.7, s.h*0.6, min(s.w, s.h)*0.17)}
	s.fit(shapes[s.d.int(0, 3)], s.at(0, 0), s.u, 0.3, 14, house{use: usePublic, floors: s.d.int(3, 9), below: 1, units: 1, year: s.d.int(1999, 2021), name: s.named, storey: 4.6})
	s.scatter(14, 9, 14, func() ([]vec, house) {
		return rect(s.d.in(30, 52), s.d.in(14, 22)), house{use: usePublic, floors: s.d.int(3, 8), units: 1, year: 2006, storey: 3.8}
	})
	s.c.ground(s.face, "square")
}

func (s *site) stadium() {
	outer := oval(min(s.w*0.7, 262), min(s.h*0.72, 214), 40)
	for k := 1.0; k > 0.5; k -= 0.08 {
		var ring, pitch []vec
		for _, p := range outer {
			ring = append(ring, p.mul(k))
			pitch = append(pitch, vec{p.x * k * 0.6, p.y * k * 0.52})
		}
		pts := lay(ring, s.at(0, 0), s.u)
		hole := lay(pitch, s.at(0, 0), s.u)
		if s.put(pts, 16, 8, house{use: usePublic, floors: 4, below: 1, units: 1, year: 2009, name: s.named, storey: 7, hole: hole}) {
			s.c.add("green", "", hole)
			break
		}
	}
	s.field(120, 66, "")
	s.scatter(30, 10, 16, func() ([]vec, house) {
		return chamfered(s.d.in(50, 78), s.d.in(36, 52), 9), house{use: usePublic, floors: 2, units: 1, year: 2009, name: s.named + "训练馆", storey: 8}
	})
	s.c.ground(s.face, "square")
}

func (s *site) factory() {
	if s.named == "" {
		s.named = s.c.words.works(s.d)
	}
	year := s.d.int(1988, 2017)
	depth := s.d.in(26, 46)
	long := s.d.in(52, 100)
	yard := s.d.in(15, 22)
	s.rows(depth+yard, 8, s.d.in(13, 20), false, func(row int) ([]vec, float64, house) {
		w := long * s.d.in(0.55, 1.1)
		b := house{use: useIndustrial, floors: s.d.int(1, 5), units: 1, year: year, storey: 5}
		switch {
		case s.d.chance(0.12):
			b.use, b.floors, b.storey = useResidential, 6, 2.9 // dormitory
			return rect(46, 13), 46, b
		case s.d.chance(0.08):
			b.use, b.floors, b.storey = useOffice, 5, 3.8
			return rect(34, 16), 34, b
		case s.d.chance(0.16):
			return ell(w, depth, depth*0.5), w, b
		}
		return rect(w, depth), w, b
	})
	s.rows(40, 8, 16, false, func(int) ([]vec, float64, house) {
		w := s.d.in(20, 38)
		return rect(w, s.d.in(11, 18)), w, house{use: [...]string{useIndustrial, useOther}[s.d.int(0, 1)], floors: s.d.int(1, 3), units: 1, year: year, storey: 4.2}
	})
}

func (s *site) warehouses() {
	if s.named == "" {
		s.named = s.c.words.depot(s.d)
	}
	w, h := s.d.in(92, 150), s.d.in(28, 38)
	year := s.d.int(1990, 2015)
	s.rows(h+s.d.in(20, 28), 12, 22, false, func(int) ([]vec, float64, house) {
		k := w * s.d.in(0.6, 1)
		return rect(k, h), k, house{use: useIndustrial, floors: 1, units: 1, year: year, storey: 9}
	})
	s.rows(96, 10, 15, false, func(int) ([]vec, float64, house) {
		return rect(24, 14), 24, house{use: useOther, floors: 2, units: 1, year: year, storey: 3.6}
	})
}

func (s *site) containerYard() {
	s.c.ground(s.face, "square")
	// Stacks of containers, and sheds between them.
	long := s.d.in(70, 130)
	for y := -s.h/2 + 50; y < s.h/2-40; y += 38 {
		for x := -s.w/2 + 40; x < s.w/2; x += long + 26 {
			if stack := lay(rect(long, 22), s.at(x+long/2, y), s.u); s.free(stack, 46, 8) {
				s.take(stack)
				s.c.add("pier", "", stack)
			}
		}
	}
	s.frontage(s.sides(), 14, 60, func() float64 { return s.d.in(40, 84) }, func() float64 { return s.d.in(20, 30) }, func(w, d float64) ([]vec, house) {
		return rect(w, d), house{use: useIndustrial, floors: 1, units: 1, year: s.d.int(1996, 2014), storey: 8}
	})
}

func (s *site) station() {
	// The hall lies along the longest side, which is the railway.
	best := side{}
	for _, e := range s.sides() {
		if e.class == rail && e.a.dist(e.b) > best.a.dist(best.b) {
			best = e
		}
	}
	dir := s.v
	p := s.at(s.w*0.4, 0)
	if best.a != best.b {
		dir = best.b.sub(best.a).unit()
		p = best.a.toward(best.b, 0.5)
	}
	hall := []vec{{-90, -21}, {90, -21}, {90, 21}, {34, 21}, {28, 29}, {-28, 29}, {-34, 21}, {-90, 21}}
	main := house{use: usePublic, floors: 3, below: 2, units: 1, year: 2011, name: s.named, storey: 8}
	for off := 40.0; off < 130 && !s.fit(hall, p.add(dir.left().mul(off)), dir, 0.45, 6, main); off += 8 {
	}
	for _, x := range [...]float64{-150, 150} {
		s.put(lay(rect(46, 24), p.add(dir.mul(x)), dir), 8, 12, house{use: usePublic, floors: 4, units: 1, year: 2011, storey: 3.8})
	}
	s.scatter(16, 10, 40, func() ([]vec, house) {
		return chamfered(s.d.in(34, 50), s.d.in(26, 40), 5), house{use: useCommercial, floors: s.d.int(5, 16), below: 2, units: 1, year: 2012, storey: 4}
	})
	s.c.ground(s.face, "square")
}

func (s *site) buildingSite() {
	s.named = s.c.words.estate(s.d)
	w, h := s.d.in(26, 34), s.d.in(20, 28)
	shape := butterfly(w, h)
	if s.d.chance(0.4) {
		w, h = 58, 16
		shape = rect(w, h)
	}
	left := s.d.int(3, 7)
	s.rows(h+s.d.in(24, 36), 12, 26, true, func(int) ([]vec, float64, house) {
		if len(s.taken) >= left {
			return nil, 0, house{} // the rest is still excavation
		}
		return shape, w, house{use: useConstruction, floors: s.d.int(3, 30), below: 2, units: 1, year: 2026, storey: 3}
	})
}

// square is paved, with lawns and a pavilion or two.
func (s *site) square() {
	s.c.ground(s.face, "square")
	year := s.d.int(1990, 2015)
	s.put(lay(oval(22, 22, 16), s.at(0, 0), s.u), 10, 8, house{use: usePublic, floors: 2, units: 1, year: year, storey: 4.5})
	w, h := s.w*0.26, s.h*0.24
	for _, at := range [...]vec{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}, {0, 1}, {0, -1}} {
		k := s.d.in(0.8, 1)
		if lawn := lay(chamfered(w*k, h, min(w, h)*0.25), s.at(at.x*s.w*0.29, at.y*s.h*0.27), s.u); s.free(lawn, 4, 4) {
			s.take(lawn)
			s.c.add("green", "", lawn)
		}
	}
}

func (s *site) resort() {
	s.c.ground(s.face, "green")
	hotel := cross(86, 40, 30, 16)
	s.put(lay(hotel, s.at(40, 60), bearing(20)), 30, 10, house{use: useCommercial, floors: 14, below: 1, units: 1, year: 2014, name: "银鹭岛度假酒店", storey: 3.5})
	road := lay(ribbon(spline(islandRoad, 40, false), func(int) float64 { return 9 }), vec{}, vec{1, 0})
	s.take(road)
	s.named = "银鹭岛"
	s.scatter(90, 32, 22, func() ([]vec, house) {
		return ell(s.d.in(14, 19), s.d.in(12, 15), 8), house{use: useCommercial, floors: 2, units: 1, year: 2014, storey: 3.4}
	})
}
