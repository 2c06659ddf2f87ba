package tilenet

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview"
	"kuaitu/store/tileset"
)

// ErrArea is wrapped by errors about an area that cannot be taken offline.
var ErrArea = errors.New("area to take offline")

const (
	maxPlanTiles    = 20_000_000
	guessedBytes    = 15_000  // of a tile, when none could be looked at
	samplesInAll    = 64      // about
	planningCorners = 1 << 20 // points of an area
)

// Tile names a tile of the standard pyramid, row 0 in the north.
type Tile struct{ Z, X, Y int }

// Plan is which tiles of a source an area takes. It does not change.
type Plan struct {
	MinZoom, MaxZoom int
	Bound            orb.Bound // degrees, of the source's datum

	src    Encoded
	counts [mapview.MaxZoom + 1]int64
	edges  []planEdge
	inside *geo.Locator // of the area in the plane of planEdge
}

// planEdge is a side of the area in widths of the world, from its upper left corner.
type planEdge struct{ ax, ay, bx, by float64 }

// Estimate is how much a plan comes to.
type Estimate struct {
	Tiles   int64
	Bytes   int64 // of tiles; a guess from those sampled
	Sampled int   // tiles looked at; 0: Bytes is a guess from nothing
}

// NewPlan lists the tiles of src, on the levels minZoom to maxZoom that it has, that touch the area: a polygon or multipolygon in degrees of the storage
// datum. Errors wrap ErrArea.
func NewPlan(area orb.Geometry, minZoom, maxZoom int, src Encoded) (*Plan, error) {
	info := src.Info()
	lo, hi := max(minZoom, info.MinZoom), min(maxZoom, info.MaxZoom)
	if lo > hi {
		return nil, fmt.Errorf("%w: the source has levels %d to %d, wanted are %d to %d", ErrArea, info.MinZoom, info.MaxZoom, minZoom, maxZoom)
	}
	return newPlan(area, lo, hi, src)
}

func newPlan(area orb.Geometry, minZoom, maxZoom int, src Encoded) (*Plan, error) {
	if minZoom < 0 || maxZoom > mapview.MaxZoom || minZoom > maxZoom {
		return nil, fmt.Errorf("%w: levels %d to %d", ErrArea, minZoom, maxZoom)
	}
	var polygons orb.MultiPolygon
	switch g := area.(type) {
	case orb.Polygon:
		polygons = orb.MultiPolygon{g}
	case orb.MultiPolygon:
		polygons = g
	case orb.Bound:
		polygons = orb.MultiPolygon{g.ToPolygon()}
	default:
		return nil, fmt.Errorf("%w: want a polygon", ErrArea)
	}
	p := &Plan{MinZoom: minZoom, MaxZoom: maxZoom, src: src}
	datum, first := src.Info().Datum, true
	var bad error
	plane := geo.MapPoints(polygons, func(q orb.Point) orb.Point {
		q = geo.Convert(q, geo.CGCS2000, datum)
		if !(math.Abs(q[0]) <= 180 && math.Abs(q[1]) <= 90) {
			bad = fmt.Errorf("%w: a corner outside the world", ErrArea)
			return orb.Point{}
		}
		if first {
			p.Bound, first = orb.Bound{Min: q, Max: q}, false
		}
		p.Bound = p.Bound.Extend(q)
		lat := max(-mapview.MaxLat, min(mapview.MaxLat, q[1]))
		s := math.Sin(lat * math.Pi / 180)
		return orb.Point{q[0]/360 + 0.5, 0.5 - math.Log((1+s)/(1-s))/(4*math.Pi)}
	}).(orb.MultiPolygon)
	for _, poly := range plane {
		for _, r := range poly {
			for i := range r {
				a, b := r[i], r[(i+1)%len(r)]
				p.edges = append(p.edges, planEdge{a[0], a[1], b[0], b[1]})
			}
		}
	}
	switch {
	case bad != nil:
		return nil, bad
	case len(p.edges) == 0:
		return nil, fmt.Errorf("%w: it is empty", ErrArea)
	case len(p.edges) > planningCorners:
		return nil, fmt.Errorf("%w: an outline of %d points", ErrArea, len(p.edges))
	}
	p.inside = geo.NewLocator([]orb.Geometry{plane})
	total := int64(0)
	for z := minZoom; z <= maxZoom; z++ {
		p.walk(z, func(at Tile, deeper int) bool {
			p.counts[z] += 1 << (2 * deeper)
			return total+p.counts[z] <= maxPlanTiles
		})
		if total += p.counts[z]; total > maxPlanTiles {
			return nil, fmt.Errorf("%w: more than %d tiles down to level %d", ErrArea, maxPlanTiles, z)
		}
	}
	return p, nil
}

// Count is how many tiles there are on a level.
func (p *Plan) Count(zoom int) int64 {
	if zoom < 0 || zoom >= len(p.counts) {
		return 0
	}
	return p.counts[zoom]
}

// Tiles is how many tiles there are in all.
func (p *Plan) Tiles() int64 {
	n := int64(0)
	for _, c := range p.counts {
		n += c
	}
	return n
}

// All yields every tile once, coarse levels first.
func (p *Plan) All() iter.Seq[Tile] {
	return func(yield func(Tile) bool) {
		for z := p.MinZoom; z <= p.MaxZoom; z++ {
			if !p.level(z, yield) {
				return
			}
		}
	}
}

// level yields the tiles of one level and says whether to go on.
func (p *Plan) level(z int, yield func(Tile) bool) bool {
	return p.walk(z, func(at Tile, deeper int) bool {
		side := 1 << deeper
		for y := range side {
			for x := range side {
				if !yield(Tile{z, at.X<<deeper + x, at.Y<<deeper + y}) {
					return false
				}
			}
		}
		return true
	})
}

// walk goes down the pyramid to level z and yields tiles that touch the area: at level z, or, where the area holds all of one, so many
// levels above. It says whether yield always wanted more.
func (p *Plan) walk(z int, yield func(at Tile, deeper int) bool) bool {
	all := make([]int32, len(p.edges))
	for i := range all {
		all[i] = int32(i)
	}
	var down func(at Tile, edges []int32) bool
	down = func(at Tile, edges []int32) bool {
		side := math.Exp2(-float64(at.Z))
		x0, y0 := float64(at.X)*side, float64(at.Y)*side
		var touching []int32
		for _, i := range edges {
			if p.edges[i].touches(x0, y0, x0+side, y0+side) {
				touching = append(touching, i)
			}
		}
		if len(touching) == 0 {
			if len(p.inside.Find(orb.Point{x0 + side/2, y0 + side/2})) == 0 {
				return true
			}
			return yield(at, z-at.Z)
		}
		if at.Z == z {
			return yield(at, 0)
		}
		for i := range 4 {
			if !down(Tile{at.Z + 1, 2*at.X + i&1, 2*at.Y + i>>1}, touching) {
				return false
			}
		}
		return true
	}
	return down(Tile{}, all)
}

// touches says whether the side has a point in the closed box (Liang and Barsky's clipping).
func (e planEdge) touches(x0, y0, x1, y1 float64) bool {
	lo, hi := 0.0, 1.0
	dx, dy := e.bx-e.ax, e.by-e.ay
	for _, c := range [...][2]float64{{-dx, e.ax - x0}, {dx, x1 - e.ax}, {-dy, e.ay - y0}, {dy, y1 - e.ay}} {
		switch d, q := c[0], c[1]; {
		case d == 0 && q < 0:
			return false
		case d < 0:
			lo = max(lo, q/d)
		case d > 0:
			hi = min(hi, q/d)
		}
	}
	return lo <= hi
}

// Sample fetches some tiles of every level, more of those that have many, and estimates from them how large the plan is. Tiles that cannot be had do not count; when none can, the
// estimate is a guess and says so.
func (p *Plan) Sample(ctx context.Context) (Estimate, error) {
	est := Estimate{Tiles: p.Tiles()}
	levels := int64(p.MaxZoom - p.MinZoom + 1)
	var mean [mapview.MaxZoom + 1]float64
	var seen [mapview.MaxZoom + 1]bool
	sum := 0.0
	for z := p.MinZoom; z <= p.MaxZoom; z++ {
		// Every level has a look or two; the others go where the tiles are.
		each := max(1, samplesInAll/2/levels) + samplesInAll/2*p.counts[z]/max(1, est.Tiles)
		step := max(1, p.counts[z]/each)
		i, n, bytes := int64(0), 0, 0
		p.level(z, func(t Tile) bool {
			i++
			if (i-1)%step != step/2 {
				return true
			}
			data, err := p.src.Encoded(ctx, t.Z, t.X, t.Y)
			if err == nil || errors.Is(err, mapview.ErrNoTile) {
				n, bytes = n+1, bytes+len(data)
			}
			return ctx.Err() == nil && !errors.Is(err, ErrOffline)
		})
		if ctx.Err() != nil {
			return est, ctx.Err()
		}
		if n > 0 {
			mean[z], seen[z] = float64(bytes)/float64(n), true
			est.Sampled += n
			sum += float64(bytes)
		}
	}
	usual := float64(guessedBytes)
	if est.Sampled > 0 {
		usual = sum / float64(est.Sampled)
	}
	total := 0.0
	for z := p.MinZoom; z <= p.MaxZoom; z++ {
		if !seen[z] {
			mean[z] = usual
		}
		total += mean[z] * float64(p.counts[z])
	}
	est.Bytes = int64(total)
	return est, nil
}

// checkTile sees that an encoded tile can be shown.
func checkTile(info tileset.Info, data []byte) error {
	if info.Vector() {
		_, err := tileset.PlainVector(data)
		return err
	}
	_, err := tileset.DecodePicture(data)
	return err
}
