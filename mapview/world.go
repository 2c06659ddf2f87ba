package mapview

import (
	"math"

	"github.com/paulmach/orb"
)

// MaxLat is the latitude, in degrees, at which the Web Mercator square ends.
const MaxLat = 85.05112877980659

// worldSize is the width of the world in packed units.
const worldSize = 1 << 32

// project maps degrees to the unit square, north-west corner 0,0. Latitudes past MaxLat are clamped.
func project(p orb.Point) (x, y float64) {
	lat := math.Max(-MaxLat, math.Min(MaxLat, p[1]))
	s := math.Sin(lat * math.Pi / 180)
	return p[0]/360 + 0.5, 0.5 - math.Log((1+s)/(1-s))/(4*math.Pi)
}

// unproject is the inverse of project.
func unproject(x, y float64) orb.Point {
	return orb.Point{(x - 0.5) * 360, math.Atan(math.Sinh(math.Pi*(1-2*y))) * 180 / math.Pi}
}

// toWorld packs degrees into world units; what lies outside the square is put on its edge.
func toWorld(p orb.Point) (x, y uint32) {
	fx, fy := project(p)
	return packUnit(fx), packUnit(fy)
}

func packUnit(v float64) uint32 {
	switch u := v*worldSize + 0.5; {
	case u >= worldSize:
		return worldSize - 1
	case u > 0:
		return uint32(u)
	}
	return 0
}

// fromWorld is the inverse of toWorld, exact to half a unit.
func fromWorld(x, y uint32) orb.Point {
	return unproject(float64(x)/worldSize, float64(y)/worldSize)
}

// box is a closed rectangle in world units.
type box struct{ minX, minY, maxX, maxY uint32 }

// noBox contains nothing and is the identity of union.
var noBox = box{math.MaxUint32, math.MaxUint32, 0, 0}

func boxOf(b orb.Bound) box {
	x0, y0 := toWorld(orb.Point{b.Min[0], b.Max[1]})
	x1, y1 := toWorld(orb.Point{b.Max[0], b.Min[1]})
	return box{x0, y0, x1, y1}
}

func (b box) bound() orb.Bound {
	return orb.Bound{Min: fromWorld(b.minX, b.maxY), Max: fromWorld(b.maxX, b.minY)}
}

func (b box) empty() bool { return b.minX > b.maxX || b.minY > b.maxY }

func (b box) overlaps(o box) bool {
	return b.minX <= o.maxX && o.minX <= b.maxX && b.minY <= o.maxY && o.minY <= b.maxY
}

func (b box) contains(o box) bool {
	return b.minX <= o.minX && b.maxX >= o.maxX && b.minY <= o.minY && b.maxY >= o.maxY
}

func (b box) union(o box) box {
	return box{min(b.minX, o.minX), min(b.minY, o.minY), max(b.maxX, o.maxX), max(b.maxY, o.maxY)}
}

func (b box) with(x, y uint32) box {
	return box{min(b.minX, x), min(b.minY, y), max(b.maxX, x), max(b.maxY, y)}
}
