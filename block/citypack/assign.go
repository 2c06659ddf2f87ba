package citypack

import (
	"kuaitu/block"
	"kuaitu/geo"

	"github.com/paulmach/orb"
)

// Assigner finds the home region of things by place. Built once with NewAssigner, then safe for concurrent use.
type Assigner struct {
	locator *geo.Locator
	regions []block.Region // those with a polygon
}

// NewAssigner prepares the regions that have a polygon. Regions whose geometry bytes are broken find nothing.
func NewAssigner(regions []block.Region) *Assigner {
	a := &Assigner{}
	var shapes []orb.Geometry
	for _, r := range regions {
		if r.Geometry == nil {
			continue
		}
		g, err := geo.ParseWKB(r.Geometry)
		if err != nil {
			continue
		}
		a.regions = append(a.regions, r)
		shapes = append(shapes, g)
	}
	a.locator = geo.NewLocator(shapes)
	return a
}

// Home returns the region of something with a geometry: the finest region whose polygon holds its inner point. Where no
// grid or community holds it, that is the nearest ancestor that does; zero when it lies outside the city or is empty.
func (a *Assigner) Home(g orb.Geometry) block.ID {
	p, ok := geo.InnerPoint(g)
	if !ok {
		return block.ID{}
	}
	return a.At(p)
}

// At is Home for a point. Of two regions of one level that hold it the one with the lower code is taken.
func (a *Assigner) At(p orb.Point) block.ID {
	var buf [16]int
	best := -1
	for _, i := range a.locator.AppendFind(buf[:0], p) {
		r := &a.regions[i]
		if best < 0 || r.Level > a.regions[best].Level || r.Level == a.regions[best].Level && r.Code < a.regions[best].Code {
			best = i
		}
	}
	if best < 0 {
		return block.ID{}
	}
	return a.regions[best].ID
}
