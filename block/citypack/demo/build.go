package demo

import "math"

// build fills one block by its lot.
func (c *City) build(f int) {
	s := c.site(f)
	s.named = c.plan.faces[f].name
	switch l := c.plan.faces[f].lot; l {
	case slabs:
		s.slabEstate()
	case towers:
		s.towerEstate()
	case points:
		s.pointEstate()
	case courts:
		s.courtyards()
	case village:
		s.villageHouses()
	case houses:
		s.townHouses()
	case villa:
		s.villaGardens()
	case offices:
		s.officeBlock()
	case mall:
		s.mall()
	case market:
		s.market()
	case school:
		s.school()
	case university:
		s.universityBlock()
	case hospital:
		s.hospital()
	case hall:
		s.hall()
	case stadium:
		s.stadium()
	case factory:
		s.factory()
	case warehouse:
		s.warehouses()
	case container:
		s.containerYard()
	case station:
		s.station()
	case construction:
		s.buildingSite()
	case square:
		s.square()
	case resort:
		s.resort()
	}
	c.plan.faces[f].name = s.named
}

// height rounds to decimetres.
func (b house) height() float64 { return math.Round(float64(float64(b.floors)*b.storey)*10) / 10 }
