package benchcity

import (
	"math"
	"math/rand/v2"

	"github.com/paulmach/orb"

	"kuaitu/geo"
)

// Options say how large a city is and which one. Zero sizes are those of the city that our figures are for.
type Options struct {
	Buildings, Grids, Events int
	Seed                     uint64
	Center                   orb.Point // degrees; zero is 114.05, 22.6
}

// City is a plan: a crooked lattice of grids, denser towards the middle, and what is built in each.
type City struct {
	opt        Options
	cols, rows int
	fabrics    []fabric // of each grid
	first      []int    // number of the first building of each grid, and of all at the end
	radius     float64  // half the width of the city, metres
	perLon     float64  // degrees a metre
	perLat     float64
	waves      [4]float64
}

// fabric is what a grid is built up with.
type fabric uint8

const (
	open     fabric = iota // hills, parks, water: a few huts
	village                // narrow houses, wall to wall
	compound               // rows of slabs
	towers                 // few high ones
	centre                 // offices and shops of every shape, courtyards
	works                  // large halls
	estate                 // detached houses
	numFabrics
)

// weight is how many buildings a grid of a fabric has, compared with the others.
var weight = [numFabrics]float64{open: 0.06, village: 3.2, compound: 1.1, towers: 0.6, centre: 0.9, works: 0.55, estate: 1.4}

// New plans a city.
func New(o Options) *City {
	if o.Buildings == 0 {
		o.Buildings = 660_000
	}
	if o.Grids == 0 {
		o.Grids = 20_000
	}
	if o.Events == 0 {
		o.Events = 50_000
	}
	if o.Center == (orb.Point{}) {
		o.Center = orb.Point{114.05, 22.6}
	}
	c := &City{opt: o}
	c.cols = int(math.Ceil(math.Sqrt(float64(o.Grids) * 1.3)))
	c.rows = (o.Grids + c.cols - 1) / c.cols
	c.radius = 155 * math.Sqrt(float64(o.Grids)) // 155 m to either side of the middle of a mean grid
	c.perLat = 180 / (math.Pi * 6378137)
	c.perLon = c.perLat / math.Cos(o.Center[1]*math.Pi/180)
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	for i := range c.waves {
		c.waves[i] = rng.Float64() * 2 * math.Pi
	}
	c.fabrics = make([]fabric, o.Grids)
	sums := make([]float64, o.Grids+1)
	for i := range c.fabrics {
		u, v := c.unit(i%c.cols, i/c.cols)
		c.fabrics[i] = c.pickFabric(u, v, rng)
		sums[i+1] = sums[i] + weight[c.fabrics[i]]*(0.4+1.2*rng.Float64())
	}
	c.first = make([]int, o.Grids+1)
	for i := range c.first {
		c.first[i] = int(math.Round(float64(o.Buildings) * sums[i] / sums[o.Grids]))
	}
	return c
}

// unit is the place of a lattice point, both from −1 to 1.
func (c *City) unit(i, j int) (u, v float64) {
	return 2*float64(i)/float64(c.cols) - 1, 1 - 2*float64(j)/float64(c.rows)
}

// pickFabric draws what stands at a place: patches some grids wide, denser towards the middle.
func (c *City) pickFabric(u, v float64, rng *rand.Rand) fabric {
	patch := math.Sin(9*u+c.waves[0])*math.Sin(11*v+c.waves[1]) + 0.6*math.Sin(23*u-17*v+c.waves[2])
	far := math.Hypot(u, v) + 0.35*(rng.Float64()-0.5)
	switch d := rng.Float64(); {
	case far > 0.75 && patch > 0.1, patch > 1.15:
		if d < 0.85 {
			return open
		}
		return estate
	case patch < -0.75:
		if d < 0.7 {
			return village
		}
		return works
	case far < 0.3:
		return [...]fabric{centre, towers, compound, centre}[int(d*4)]
	case far > 0.6:
		return [...]fabric{works, village, estate, works, compound}[int(d*5)]
	default:
		return [...]fabric{compound, towers, compound, village, centre}[int(d*5)]
	}
}

// corner is the place of a lattice point, metres from the middle: jittered, and drawn together towards the middle.
func (c *City) corner(i, j int) orb.Point {
	u, v := c.unit(i, j)
	u += 0.4 / float64(c.cols) * c.noise(i, j, 1)
	v += 0.4 / float64(c.rows) * c.noise(i, j, 2)
	x := 0.62*u + 0.38*u*u*u + 0.05*math.Sin(3*v+c.waves[3])
	y := 0.62*v + 0.38*v*v*v + 0.05*math.Sin(4*u+c.waves[0])
	return orb.Point{x * c.radius, y * c.radius * float64(c.rows) / float64(c.cols) * 1.3}
}

// noise is a number from −1 to 1 that belongs to a lattice point and a purpose.
func (c *City) noise(i, j, what int) float64 {
	h := c.opt.Seed*0x9E3779B97F4A7C15 ^ uint64(i)<<40 ^ uint64(j)<<16 ^ uint64(what)
	h ^= h >> 31
	h *= 0xBF58476D1CE4E5B9
	h ^= h >> 27
	h *= 0x94D049BB133111EB
	h ^= h >> 31
	return float64(h>>11)/(1<<52) - 1
}

// degrees is the place of a point given in metres from the middle, on the storage grid.
func (c *City) degrees(p orb.Point) orb.Point {
	return geo.Quantise(orb.Point{c.opt.Center[0] + p[0]*c.perLon, c.opt.Center[1] + p[1]*c.perLat}).(orb.Point)
}

// edge appends the border between two neighbouring lattice points without the second: the same points whichever side
// asks for it.
func (c *City) edge(ring orb.Ring, i, j, k, l int) orb.Ring {
	a, b := c.corner(i, j), c.corner(k, l)
	ring = append(ring, c.degrees(a))
	turned := i > k || j > l
	if turned {
		i, j, k, l = k, l, i, j
		a, b = b, a
	}
	what := 8
	if j != l {
		what = 16
	}
	const inner = 4
	for n := 1; n <= inner; n++ {
		m := n
		if turned {
			m = inner + 1 - n
		}
		t := float64(m) / (inner + 1)
		off := 0.06 * c.noise(i, j, what+m)
		ring = append(ring, c.degrees(orb.Point{
			a[0] + t*(b[0]-a[0]) - off*(b[1]-a[1]),
			a[1] + t*(b[1]-a[1]) + off*(b[0]-a[0]),
		}))
	}
	return ring
}

// here reports whether a lattice cell is a grid of the city.
func (c *City) here(i, j int) bool {
	return i >= 0 && j >= 0 && i < c.cols && j*c.cols+i < len(c.fabrics)
}

// outline is the border of the grids of a block of cells, i0 ≤ i < i1 and j0 ≤ j < j1.
func (c *City) outline(i0, j0, i1, j1 int) orb.Polygon {
	in := func(i, j int) bool { return i >= i0 && i < i1 && j >= j0 && j < j1 && c.here(i, j) }
	next := map[[2]int][2]int{} // sides of cells with nothing beyond them, anticlockwise
	var start [2]int
	for j := j0; j < min(j1, c.rows); j++ {
		for i := i0; i < min(i1, c.cols); i++ {
			if !in(i, j) {
				continue
			}
			if !in(i, j+1) {
				next[[2]int{i, j + 1}] = [2]int{i + 1, j + 1}
			}
			if !in(i+1, j) {
				next[[2]int{i + 1, j + 1}] = [2]int{i + 1, j}
			}
			if !in(i, j-1) {
				next[[2]int{i + 1, j}] = [2]int{i, j}
			}
			if !in(i-1, j) {
				next[[2]int{i, j}] = [2]int{i, j + 1}
				start = [2]int{i, j}
			}
		}
	}
	var ring orb.Ring
	for at := start; ; {
		to := next[at]
		ring = c.edge(ring, at[0], at[1], to[0], to[1])
		if at = to; at == start {
			return orb.Polygon{append(ring, ring[0])}
		}
	}
}
