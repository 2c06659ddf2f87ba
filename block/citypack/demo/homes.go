package demo

// estate returns the name of the estate that fills the block.
func (s *site) estate() string {
	if s.named == "" {
		s.named = s.c.words.estate(s.d)
	}
	return s.named
}

// major returns the sides along streets that shops want to be on.
func (s *site) major() []side {
	var out []side
	for _, e := range s.sides() {
		if e.class == primary || e.class == secondary {
			out = append(out, e)
		}
	}
	return out
}

func (s *site) shops(p float64) {
	for _, e := range s.major() {
		if !s.d.chance(p) {
			continue
		}
		year := s.d.int(1992, 2016)
		s.frontage([]side{e}, 5, 5, func() float64 { return s.d.in(32, 88) }, func() float64 { return s.d.in(10, 13) }, func(w, d float64) ([]vec, house) {
			return rect(w, d), house{use: useCommercial, floors: s.d.int(1, 3), year: year, storey: 4}
		})
	}
}

// kindergarten stands in the middle of a larger estate.
func (s *site) kindergarten() {
	if areaOf(s.pts) < 26000 || !s.d.chance(0.4) {
		return
	}
	shape := ewe(34, 26, 9)
	if s.d.chance(0.5) {
		shape = ell(32, 27, 11)
	}
	s.put(lay(shape, s.at(s.d.in(-20, 20), s.d.in(-15, 15)), s.u), 8, 10,
		house{use: usePublic, floors: 3, year: s.d.int(1995, 2015), name: s.estate() + "幼儿园", storey: 3.6})
}

func (s *site) slabEstate() {
	s.estate()
	s.shops(0.3)
	s.kindergarten()
	floors := [...]int{6, 6, 7, 7, 9, 11, 12, 18}[s.d.int(0, 7)]
	year := s.d.int(1986, 2004)
	if floors > 9 {
		year = s.d.int(2000, 2019)
	}
	unit, depth := s.d.in(14.5, 19), s.d.in(12, 14.5)
	most := s.d.int(3, 6)
	pitch := depth + 15 + float64(float64(floors)*1.5)
	if s.d.chance(0.16) { // some estates look to the east
		s.u, s.v = s.v.mul(-1), s.u
		s.w, s.h = s.h, s.w
	}
	plain := s.d.chance(0.35)
	shift := s.d.chance(0.35)
	gap := s.d.in(9, 15)
	s.rows(pitch, 7, gap, shift, func(int) ([]vec, float64, house) {
		k := s.d.int(max(2, most-2), most)
		shape := slab(k, unit, depth)
		if plain {
			shape = rect(float64(float64(k)*unit), depth)
		}
		return shape, float64(float64(k) * unit), house{use: useResidential, floors: floors, units: k, year: year, storey: 2.9}
	})
	// What is left at the ends takes a short block.
	s.rows(pitch*0.5, 7, gap, false, func(int) ([]vec, float64, house) {
		return rect(unit*1.5, depth), unit * 1.5, house{use: useResidential, floors: floors, units: 1, year: year, storey: 2.9}
	})
}

func (s *site) towerEstate() {
	s.estate()
	s.shops(0.4)
	s.kindergarten()
	floors := s.d.int(22, 34)
	year := s.d.int(2003, 2022)
	w, h := s.d.in(27, 34), s.d.in(22, 27)
	var shape []vec
	switch s.d.int(0, 4) {
	case 0:
		shape = cross(w, h+4, w*0.45, h*0.45)
	case 1:
		shape = chamfered(w*0.9, h, 5)
	case 2, 3:
		shape = butterfly(w, h)
	default:
		w *= 1.45
		shape = butterfly(w, h*0.9)
	}
	dir := s.u
	if s.d.chance(0.2) {
		dir = s.u.add(s.v).unit() // set diagonally for the view
	}
	// The garden in the middle stays open.
	if areaOf(s.pts) > 27000 {
		garden := lay(oval(min(s.w, s.h)*s.d.in(0.17, 0.26), min(s.w, s.h)*s.d.in(0.15, 0.23), 14), s.at(0, 0), s.u)
		if s.free(garden, 10, 4) {
			s.take(garden)
			s.c.add("green", "", garden)
		}
	}
	pitch := h + s.d.in(20, 30)
	below := s.d.int(1, 2)
	s.rowsToward(dir, pitch, 7, s.d.in(18, 28), func() ([]vec, float64, house) {
		return shape, w, house{use: useResidential, floors: floors - s.d.int(0, 3), below: below, units: s.d.int(1, 2), year: year, storey: 3}
	})
}

// rowsToward is rows with shapes that look in direction dir.
func (s *site) rowsToward(dir vec, pitch, setback, gap float64, next func() ([]vec, float64, house)) {
	y := -s.h/2 + 16
	row := 0
	for y < s.h/2 {
		x := -s.w/2 + float64(float64(row%2)*pitch)*0.5
		for x < s.w/2 {
			shape, w, b := next()
			if s.put(lay(shape, s.at(x+w/2, y), dir), setback, gap, b) {
				x += w + gap
			} else {
				x += 5
			}
		}
		y += 8
		row++
	}
}

func (s *site) pointEstate() {
	s.estate()
	s.shops(0.3)
	floors, year := s.d.int(6, 9), s.d.int(1984, 2002)
	w, h := s.d.in(17, 24), s.d.in(15, 20)
	shape := chamfered(w, h, 2.5)
	switch s.d.int(0, 2) {
	case 0:
		shape = cross(w, h, w*0.55, h*0.5)
	case 1:
		shape = rect(w, h)
	}
	s.rows(h+s.d.in(15, 21), 7, s.d.in(11, 16), s.d.chance(0.6), func(int) ([]vec, float64, house) {
		return shape, w, house{use: useResidential, floors: floors, units: 1, year: year, storey: 2.9}
	})
}

func (s *site) courtyards() {
	s.estate()
	floors, year := s.d.int(5, 8), s.d.int(1978, 1998)
	depth := s.d.in(11, 13.5)
	s.frontage(s.sides(), 5, s.d.in(5, 9), func() float64 { return s.d.in(30, 68) }, func() float64 { return depth }, func(w, d float64) ([]vec, house) {
		use := useResidential
		if s.d.chance(0.18) {
			use = useCommercial
		}
		if w > 52 {
			return mirrored(ell(w, d+12, d)), house{use: use, floors: floors, units: s.d.int(3, 4), year: year, storey: 2.9}
		}
		return rect(w, d), house{use: use, floors: floors, units: int(w / 15), year: year, storey: 2.9}
	})
	s.rows(depth+22, 16, 9, false, func(int) ([]vec, float64, house) {
		w := s.d.in(28, 46)
		return rect(w, depth), w, house{use: useResidential, floors: floors, units: 2, year: year, storey: 2.9}
	})
}

func (s *site) villageHouses() {
	depth := s.d.in(10.5, 12.5)
	build := func(w, d float64) ([]vec, house) {
		b := house{use: useVillage, floors: s.d.int(3, 8), units: 1, year: s.d.int(1985, 2011), storey: 3}
		if s.d.chance(0.04) {
			b.use = useOther
			b.floors = s.d.int(1, 2)
		} else if s.d.chance(0.03) {
			b.use = useCommercial
		}
		if s.d.chance(0.12) {
			return ell(w, d, min(w, d)*0.6), b
		}
		return rect(w, d), b
	}
	s.frontage(s.sides(), 0.6, s.d.in(0.9, 1.7), func() float64 { return s.d.in(9, 15.5) }, func() float64 { return depth + s.d.in(-1.2, 1) }, build)
	s.rows(depth+1.6, 1.2, 1.2, false, func(int) ([]vec, float64, house) {
		w := s.d.in(7.6, 12)
		shape, b := build(w, depth*0.9)
		return shape, w, b
	})
}

func (s *site) townHouses() {
	depth := s.d.in(14, 21)
	s.frontage(s.sides(), 1.5, 0.7, func() float64 { return s.d.in(10, 27) }, func() float64 { return depth + s.d.in(-3.5, 3) }, func(w, d float64) ([]vec, house) {
		b := house{use: useResidential, floors: s.d.int(2, 6), units: 1, year: s.d.int(1935, 1990), storey: 3.1}
		switch r := s.d.unit(); {
		case r < 0.46:
			b.use = useVillage
		case r < 0.68:
			b.use = useCommercial
		case r < 0.71:
			b.use = useOther
		}
		if s.d.chance(0.3) && w > 11 {
			shape := ell(w, d, min(w, d)*0.55)
			if s.d.chance(0.5) {
				shape = mirrored(shape)
			}
			return shape, b
		}
		return rect(w, d), b
	})
	s.rows(14, 6, 1.6, false, func(int) ([]vec, float64, house) {
		w := s.d.in(8, 13)
		return rect(w, s.d.in(8, 11)), w, house{use: useVillage, floors: s.d.int(1, 4), units: 1, year: s.d.int(1930, 1985), storey: 3}
	})
}

func (s *site) villaGardens() {
	s.estate()
	s.c.ground(s.face, "green")
	year := s.d.int(1998, 2020)
	s.frontage(s.sides(), 8, s.d.in(15, 26), func() float64 { return s.d.in(13, 20) }, func() float64 { return s.d.in(12, 16) }, func(w, d float64) ([]vec, house) {
		b := house{use: useResidential, floors: s.d.int(2, 3), below: s.d.int(0, 1), units: 1, year: year, storey: 3.3}
		switch s.d.int(0, 3) {
		case 0:
			return rect(w, d), b
		case 1:
			return cross(w, d, w*0.6, d*0.62), b
		case 2:
			return mirrored(ell(w, d, d*0.6)), b
		}
		return ell(w, d, d*0.6), b
	})
}
