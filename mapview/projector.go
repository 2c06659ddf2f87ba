package mapview

import (
	"math"

	"github.com/paulmach/orb"
)

// projector is toWorld for many points near each other. Instead of a sine and a logarithm it takes four terms of the Taylor series of the Mercator
// ordinate about the middle of the point's band of latitude, which is exact to the last bits of a float64: a world unit is 10⁶ times
// larger. The bands are fixed, so a point always goes to the same place. The zero projector is ready; it belongs to one goroutine.
type projector struct{ bands [64]band }

// band is a range of latitude bandRad wide.
type band struct {
	no                     int // 0: not filled; numbers of bands are shifted so that none is 0
	lat, y, c1, c2, c3, c4 float64
}

const (
	bandRad  = 1.0 / 1024
	bandZero = 1 << 12
)

// world packs degrees into world units.
func (p *projector) world(pt orb.Point) (x, y uint32) {
	if !(math.Abs(pt[1]) < 85) { // the edge of the square is exact
		return toWorld(pt)
	}
	lat := pt[1] * (math.Pi / 180)
	no := int(lat*(1/bandRad) + bandZero + 0.5) // positive, so this is the floor
	b := &p.bands[no%len(p.bands)]
	if b.no != no {
		*b = newBand(no)
	}
	d := lat - b.lat
	return packUnit(pt[0]/360 + 0.5), packUnit(b.y - d*(b.c1+d*(b.c2+d*(b.c3+d*b.c4))))
}

// newBand expands the ordinate asinh(tan φ)/2π. Its derivatives are sec φ, sec φ tan φ, sec φ (1+2 tan² φ) and sec φ tan φ (5+6 tan² φ).
func newBand(no int) band {
	lat := float64(no-bandZero) * bandRad
	sec, tan := 1/math.Cos(lat)/(2*math.Pi), math.Tan(lat)
	return band{
		no: no, lat: lat, y: 0.5 - math.Asinh(tan)/(2*math.Pi),
		c1: sec, c2: sec * tan / 2, c3: sec * (1 + 2*tan*tan) / 6, c4: sec * tan * (5 + 6*tan*tan) / 24,
	}
}
