package geo

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// Shift is how far data lies off data of the same place that is known to be right.
type Shift struct {
	East, North float64 // metres by which the given data must have been moved to lie as it does; 0, 0 for none
	// LooksGCJ says that the data fits the known data well after conversion from GCJ-02 to WGS 84, and not as it is.
	LooksGCJ bool
	// Confidence is 0 where nothing tells (too little in common), and near 1 where one reading fits and no other does.
	Confidence float64
	// AsIs and Converted are mean distances to the known data, in metres, each over at most 300 m: of the data as it is,
	// and after conversion from GCJ-02.
	AsIs, Converted float64
	Samples         int // places that were compared
}

const (
	shiftReachM   = 300 // farther apart is "nothing near"
	shiftSamples  = 600
	minSamples    = 12
	shiftDecided  = 0.75 // the better reading must be this much nearer than every other
	shiftCellM    = 100
	maxShiftCells = 4 << 20
)

// MeasureShift compares given data, said to be in WGS 84 or CGCS2000, with known data and measures whether, and how far, it
// is shifted. It is for data that carries no word of its datum: points or outlines of buildings against known buildings,
// boundaries against known boundaries of any level. The two need not have the same features, and may differ in parts, as
// at a coast that one follows and the other leaves for the sea.
//
// Places are sampled from given: its points, or points along its lines and rings. Five readings are tried: as it is; converted
// back from GCJ-02; and, so that dense data cannot deceive, moved as far as that to the three other sides. Of each
// the distances to the nearest known edge (of a point within a known area: none) are averaged, after moving it a little
// (up to some 60 m) to where it fits best, since sources differ by metres. Only a reading much better than all others counts.
// Cost: some 0.5 s against the buildings of a city.
func MeasureShift(given, known []orb.Geometry) Shift {
	samples, pointsOnly := samplePlaces(given)
	if len(samples) < minSamples {
		return Shift{}
	}
	middle, _ := Bounds(orb.MultiPoint(samples))
	plane := localPlane{origin: middle.Center()}
	plane.mPerLon = math.Cos(plane.origin[1]*math.Pi/180) * mPerDegree
	near := middle
	pad := 2 * (shiftReachM + 800) / mPerDegree
	near.Min[0], near.Min[1], near.Max[0], near.Max[1] = near.Min[0]-pad, near.Min[1]-pad, near.Max[0]+pad, near.Max[1]+pad
	index := newEdgeIndex(plane, near, known)
	if pointsOnly {
		index.areas = NewLocator(known)
	}

	// The vector of the shift differs by metres across a city: each sample has its own.
	asIs := make([]orb.Point, len(samples))
	back := make([]orb.Point, len(samples))
	var mean orb.Point
	for i, p := range samples {
		asIs[i] = plane.toMetres(p)
		q := plane.toMetres(GCJ02ToWGS84(p))
		back[i] = orb.Point{q[0] - asIs[i][0], q[1] - asIs[i][1]}
		mean[0] += back[i][0] / float64(len(samples))
		mean[1] += back[i][1] / float64(len(samples))
	}
	turned := func(quarters int) []orb.Point {
		out := make([]orb.Point, len(samples))
		for i, p := range asIs {
			v := back[i]
			for range quarters {
				v = orb.Point{-v[1], v[0]}
			}
			out[i] = orb.Point{p[0] + v[0], p[1] + v[1]}
		}
		return out
	}
	// What has nothing near it either way only dilutes.
	converted := turned(0)
	keep := 0
	for i := range asIs {
		if index.distance(asIs[i]) < shiftReachM || index.distance(converted[i]) < shiftReachM {
			asIs[keep], back[keep] = asIs[i], back[i]
			keep++
		}
	}
	asIs, back, samples = asIs[:keep], back[:keep], samples[:keep]
	if keep < minSamples {
		return Shift{Samples: keep}
	}
	d0, by0 := index.fit(asIs)
	d1, by1 := index.fit(turned(0))
	decoys := math.Inf(1)
	for quarters := 1; quarters < 4; quarters++ {
		d, _ := index.fit(turned(quarters))
		decoys = min(decoys, d)
	}
	s := Shift{AsIs: d0, Converted: d1, Samples: keep}
	switch {
	case d1 < shiftDecided*min(d0, decoys):
		s.LooksGCJ = true
		s.Confidence = 1 - d1/min(d0, decoys)
		s.East, s.North = -(mean[0] + by1[0]), -(mean[1] + by1[1])
	case d0 < shiftDecided*min(d1, decoys):
		s.Confidence = 1 - d0/min(d1, decoys)
		s.East, s.North = -by0[0], -by0[1]
	}
	return s
}

// samplePlaces returns up to shiftSamples places of data, spread evenly over its points, or over the length of its edges.
func samplePlaces(gs []orb.Geometry) (places []orb.Point, pointsOnly bool) {
	var points []orb.Point
	var paths [][]orb.Point
	var total float64
	for _, g := range gs {
		switch g := g.(type) {
		case orb.Point:
			points = append(points, g)
		case orb.MultiPoint:
			points = append(points, g...)
		default:
			eachPath(g, func(ps []orb.Point) {
				if len(ps) > 1 {
					paths = append(paths, ps)
					total += planarLength(ps)
				}
			})
		}
	}
	if len(paths) == 0 || len(points) > len(paths) {
		points = slices.DeleteFunc(points, func(p orb.Point) bool { return !onEarth(p) })
		for i := range min(len(points), shiftSamples) {
			places = append(places, points[i*len(points)/min(len(points), shiftSamples)])
		}
		return places, true
	}
	step := total / shiftSamples
	next := step / 2
	for _, ps := range paths {
		for i := 1; i < len(ps); i++ {
			a, b := ps[i-1], ps[i]
			d := math.Hypot(b[0]-a[0], b[1]-a[1])
			for ; next < d; next += step {
				if p := (orb.Point{a[0] + (b[0]-a[0])*next/d, a[1] + (b[1]-a[1])*next/d}); onEarth(p) {
					places = append(places, p)
				}
			}
			if next -= d; !(next >= 0) || !(step > 0) { // not a number somewhere
				return nil, false
			}
		}
	}
	return places, false
}

func onEarth(p orb.Point) bool { return math.Abs(p[0]) <= 180 && math.Abs(p[1]) <= 90 }

func planarLength(ps []orb.Point) (sum float64) {
	for i := 1; i < len(ps); i++ {
		sum += math.Hypot(ps[i][0]-ps[i-1][0], ps[i][1]-ps[i-1][1])
	}
	return sum
}

const mPerDegree = earthRadiusM * math.Pi / 180

// localPlane is metres east and north of an origin; good for a city.
type localPlane struct {
	origin  orb.Point
	mPerLon float64
}

func (l localPlane) toMetres(p orb.Point) orb.Point {
	return orb.Point{(p[0] - l.origin[0]) * l.mPerLon, (p[1] - l.origin[1]) * mPerDegree}
}

func (l localPlane) toDegrees(p orb.Point) orb.Point {
	return orb.Point{l.origin[0] + p[0]/l.mPerLon, l.origin[1] + p[1]/mPerDegree}
}

// edgeIndex finds the nearest of many edges, which lie in the cells of a grid.
type edgeIndex struct {
	plane  localPlane
	areas  *Locator // where points within an area are at no distance
	edges  [][2]orb.Point
	min    orb.Point
	cell   float64
	nx, ny int
	first  []int32
	ids    []int32
}

func newEdgeIndex(plane localPlane, near orb.Bound, known []orb.Geometry) *edgeIndex {
	x := &edgeIndex{plane: plane, min: plane.toMetres(near.Min), cell: shiftCellM}
	size := plane.toMetres(near.Max)
	size[0], size[1] = size[0]-x.min[0], size[1]-x.min[1]
	for size[0]/x.cell*size[1]/x.cell > maxShiftCells {
		x.cell *= 2
	}
	x.nx, x.ny = int(size[0]/x.cell)+1, int(size[1]/x.cell)+1
	for _, g := range known {
		if b, ok := Bounds(g); !ok || !b.Intersects(near) {
			continue
		}
		eachPath(g, func(ps []orb.Point) {
			if len(ps) == 1 {
				p := plane.toMetres(ps[0])
				x.edges = append(x.edges, [2]orb.Point{p, p})
			}
			for i := 1; i < len(ps); i++ {
				if e := (orb.MultiPoint{ps[i-1], ps[i]}); e.Bound().Intersects(near) {
					x.edges = append(x.edges, [2]orb.Point{plane.toMetres(ps[i-1]), plane.toMetres(ps[i])})
				}
			}
		})
	}
	x.first = make([]int32, x.nx*x.ny+1)
	x.eachCell(func(_ int32, c int) { x.first[c+1]++ })
	for i := 1; i < len(x.first); i++ {
		x.first[i] += x.first[i-1]
	}
	x.ids = make([]int32, x.first[len(x.first)-1])
	next := slices.Clone(x.first)
	x.eachCell(func(id int32, c int) {
		x.ids[next[c]] = id
		next[c]++
	})
	return x
}

// eachCell calls f for each edge and cell that it may touch; long edges go by pieces, so as not to fill their whole box.
func (x *edgeIndex) eachCell(f func(id int32, cell int)) {
	for id, e := range x.edges {
		pieces := max(1, int(math.Hypot(e[1][0]-e[0][0], e[1][1]-e[0][1])/x.cell))
		pieces = min(pieces, 10000)
		last := [4]int{-1, -1, -1, -1}
		for k := range pieces {
			at := func(k int) (int, int) {
				t := float64(k) / float64(pieces)
				return x.place(orb.Point{e[0][0] + (e[1][0]-e[0][0])*t, e[0][1] + (e[1][1]-e[0][1])*t})
			}
			ax, ay := at(k)
			bx, by := at(k + 1)
			box := [4]int{min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)}
			for cy := max(0, box[1]); cy <= min(x.ny-1, box[3]); cy++ {
				for cx := max(0, box[0]); cx <= min(x.nx-1, box[2]); cx++ {
					if cx >= last[0] && cx <= last[2] && cy >= last[1] && cy <= last[3] {
						continue // the piece before was there
					}
					f(int32(id), cy*x.nx+cx)
				}
			}
			last = box
		}
	}
}

func (x *edgeIndex) place(p orb.Point) (cx, cy int) {
	return int(math.Floor((p[0] - x.min[0]) / x.cell)), int(math.Floor((p[1] - x.min[1]) / x.cell))
}

// distance returns the metres from p to the nearest edge, at most shiftReachM.
func (x *edgeIndex) distance(p orb.Point) float64 {
	if x.areas != nil {
		var buf [4]int
		if len(x.areas.AppendFind(buf[:0], x.plane.toDegrees(p))) > 0 {
			return 0
		}
	}
	best := float64(shiftReachM)
	px, py := x.place(p)
	for r := 0; float64(r-1)*x.cell < best; r++ {
		for cy := max(0, py-r); cy <= min(x.ny-1, py+r); cy++ {
			step := 1
			if cy != py-r && cy != py+r {
				step = max(1, 2*r) // only the rim of the square is new
			}
			for cx := px - r; cx <= px+r; cx += step {
				if cx < 0 || cx >= x.nx {
					continue
				}
				c := cy*x.nx + cx
				for _, id := range x.ids[x.first[c]:x.first[c+1]] {
					best = min(best, toEdge(p, x.edges[id]))
				}
			}
		}
	}
	return best
}

func toEdge(p orb.Point, e [2]orb.Point) float64 {
	dx, dy := e[1][0]-e[0][0], e[1][1]-e[0][1]
	t := 0.0
	if l := dx*dx + dy*dy; l > 0 {
		t = min(1, max(0, ((p[0]-e[0][0])*dx+(p[1]-e[0][1])*dy)/l))
	}
	return math.Hypot(p[0]-e[0][0]-t*dx, p[1]-e[0][1]-t*dy)
}

// fit returns the mean distance of places to the known edges when they are moved, by a little, to where they fit best, and
// that move. Long steps look at every third place only.
func (x *edgeIndex) fit(places []orb.Point) (float64, orb.Point) {
	mean := func(every int, by orb.Point) float64 {
		var sum float64
		n := 0
		for i := 0; i < len(places); i += every {
			sum += x.distance(orb.Point{places[i][0] + by[0], places[i][1] + by[1]})
			n++
		}
		return sum / float64(n)
	}
	var by orb.Point
	var best float64
	for _, stage := range []struct {
		every int
		steps []float64
	}{{3, []float64{32, 16, 8, 4}}, {1, []float64{2, 1}}} {
		best = mean(stage.every, by)
		for _, step := range stage.steps {
			at := by
			for i := range 8 {
				sin, cos := math.Sincos(float64(i) * math.Pi / 4)
				try := orb.Point{at[0] + step*cos, at[1] + step*sin}
				if d := mean(stage.every, try); d < best {
					best, by = d, try
				}
			}
		}
	}
	return best, by
}
