package benchcity

import (
	"math"
	"math/rand/v2"

	"github.com/paulmach/orb"
)

// turnOf is how far, in radians all told, buildings of a fabric stand out of line.
var turnOf = [numFabrics]float64{open: 6, village: 0.5, compound: 0.02, towers: 0.2, centre: 0.1, works: 0.05, estate: 0.4}

// uses are what the buildings of a fabric are for, codes of schema.BuildingUses; the first is half of them.
var uses = [numFabrics][]string{
	open:     {"public", "village", "other"},
	village:  {"village", "village", "commercial"},
	compound: {"residential", "residential", "public"},
	towers:   {"residential", "office", "commercial"},
	centre:   {"commercial", "office", "public"},
	works:    {"industrial", "industrial", "construction"},
	estate:   {"residential", "village", "other"},
}

// build makes one building of at most w × h metres about mid.
func (c *City) build(kind fabric, mid orb.Point, w, h, turn float64, rng *rand.Rand) Building {
	b := Building{Use: uses[kind][max(0, rng.IntN(2*len(uses[kind]))-len(uses[kind]))], Year: 1975 + rng.IntN(50)}
	grow := func(least, most, share float64, room float64) float64 {
		return math.Max(2, math.Min(least+rng.Float64()*(most-least), share*room))
	}
	var outer, inner []float64 // x, y in halves of width and height
	switch kind {
	case village:
		w, h, b.Floors = grow(7, 13, 0.92, w), grow(8, 16, 0.92, h), 2+rng.IntN(7)
		outer = pick(rng, square, square, square, notched)
	case compound:
		w, h, b.Floors = grow(28, 75, 0.9, w), grow(11, 17, 0.6, h), 6+rng.IntN(12)
		outer = pick(rng, slab, slab, stepped, square)
	case towers:
		w, h, b.Floors = grow(20, 38, 0.8, w), grow(20, 38, 0.8, h), 18+rng.IntN(35)
		outer = pick(rng, cross, butterfly, stepped, round)
	case centre:
		w, h, b.Floors = grow(25, 90, 0.9, w), grow(20, 80, 0.9, h), 3+rng.IntN(40)
		outer = pick(rng, ell, tee, you, square, round, courtyard)
		if &outer[0] == &courtyard[0] {
			inner = yard
		}
	case works:
		w, h, b.Floors = grow(40, 140, 0.9, w), grow(25, 80, 0.9, h), 1+rng.IntN(6)
		outer = pick(rng, square, ell, notched, you)
	case estate:
		w, h, b.Floors = grow(9, 17, 0.8, w), grow(9, 15, 0.8, h), 2+rng.IntN(3)
		outer = pick(rng, ell, square, notched, tee)
	default:
		w, h, b.Floors = grow(4, 12, 0.9, w), grow(4, 9, 0.9, h), 1
		outer = square
	}
	b.HeightM = math.Round(30.5*float64(b.Floors)) / 10
	if rng.IntN(2) == 0 {
		w = -w // mirrored
	}
	sin, cos := math.Sincos(turn)
	ring := func(shape []float64) orb.Ring {
		r := make(orb.Ring, 0, len(shape)/2+1)
		for i := 0; i < len(shape); i += 2 {
			x, y := shape[i]*w/2, shape[i+1]*h/2
			r = append(r, c.degrees(orb.Point{mid[0] + x*cos - y*sin, mid[1] + x*sin + y*cos}))
		}
		return append(r, r[0])
	}
	b.Geometry = orb.Polygon{ring(outer)}
	if inner != nil {
		b.Geometry = append(b.Geometry, ring(inner))
	}
	if w < 0 { // mirroring turned the rings round
		for _, r := range b.Geometry {
			r.Reverse()
		}
	}
	return b
}

func pick(rng *rand.Rand, shapes ...[]float64) []float64 { return shapes[rng.IntN(len(shapes))] }

// Footprints: x, y of their corners, −1 to 1, anticlockwise; yard is the hole of a courtyard.
var (
	square    = []float64{-1, -1, 1, -1, 1, 1, -1, 1}
	notched   = []float64{-1, -1, 1, -1, 1, 0.4, 0.5, 0.4, 0.5, 1, -1, 1}
	ell       = []float64{-1, -1, 1, -1, 1, -0.2, -0.1, -0.2, -0.1, 1, -1, 1}
	tee       = []float64{-1, 0.2, -0.35, 0.2, -0.35, -1, 0.35, -1, 0.35, 0.2, 1, 0.2, 1, 1, -1, 1}
	you       = []float64{-1, -1, 1, -1, 1, 1, 0.45, 1, 0.45, -0.3, -0.45, -0.3, -0.45, 1, -1, 1}
	cross     = []float64{-0.4, -1, 0.4, -1, 0.4, -0.4, 1, -0.4, 1, 0.4, 0.4, 0.4, 0.4, 1, -0.4, 1, -0.4, 0.4, -1, 0.4, -1, -0.4, -0.4, -0.4}
	butterfly = []float64{-1, -0.8, -0.4, -0.3, 0.4, -0.3, 1, -0.8, 0.8, 0.2, 0.35, 0.4, 0.3, 1, -0.3, 1, -0.35, 0.4, -0.8, 0.2}
	slab      = []float64{-1, -1, -0.5, -1, -0.5, -0.8, -0.1, -0.8, -0.1, -1, 0.4, -1, 0.4, -0.8, 1, -0.8, 1, 1, -1, 1}
	stepped   = []float64{-1, -1, 0.1, -1, 0.1, -0.6, 0.6, -0.6, 0.6, -0.1, 1, -0.1, 1, 1, -0.4, 1, -0.4, 0.6, -1, 0.6}
	courtyard = []float64{-1, -1, 1, -1, 1, 1, -1, 1, -1, 0}
	yard      = []float64{-0.5, -0.5, -0.5, 0.5, 0.5, 0.5, 0.5, -0.5}
	round     = circle(16)
)

func circle(n int) []float64 {
	var out []float64
	for i := range n {
		s, c := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		out = append(out, c, s)
	}
	return out
}
