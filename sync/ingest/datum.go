package ingest

import (
	"fmt"
	"math"

	"kuaitu/block/citypack"
	"kuaitu/geo"

	"github.com/paulmach/orb"
)

// Boundaries run along roads and rivers and hardly ever through buildings. Boundaries in another datum than declared lie
// half a kilometre off and cut through buildings as often as any line would: by that they are found out, where a city has
// buildings and nothing else to compare with.

// Limits of the comparison.
const (
	cutSamples = 20_000 // places along boundaries
	cutStepM   = 20     // between places
	cutMin     = 60     // places within buildings, by the worst reading, below which nothing is said
	cutDecided = 0.75   // the best reading must have this share of every other's places within buildings, or less
)

// cutReading is how boundaries are read: as they are, or moved.
type cutReading int

const (
	readAsIs      cutReading = iota
	readConverted            // from GCJ-02 to WGS 84
	readTurned               // a decoy: as far, to the side
	readOpposite             // the other way: from WGS 84 to GCJ-02
	readTurned3
	cutReadings
)

// boundaryShift says which reading of boundaries fits buildings, and how far that moves them, in metres; ok is false where
// nothing can be said.
func boundaryShift(boundaries, buildings []orb.Geometry) (best cutReading, metres float64, ok bool) {
	places := alongEdges(boundaries)
	if len(places) == 0 || len(buildings) == 0 {
		return 0, 0, false
	}
	known := geo.NewLocator(buildings)
	var buf [8]int
	var within [cutReadings]int
	var sum float64
	for _, p := range places {
		q := geo.GCJ02ToWGS84(p)
		sum += geo.Distance(p, q)
		k := math.Cos(p[1] * math.Pi / 180)
		east, north := (q[0]-p[0])*k, q[1]-p[1]
		for r := range cutReadings {
			at := p
			if r != readAsIs {
				at = orb.Point{p[0] + east/k, p[1] + north}
				east, north = -north, east
			}
			if len(known.AppendFind(buf[:0], at)) > 0 {
				within[r]++
			}
		}
	}
	most, second := 0, math.MaxInt
	for r, n := range within {
		most = max(most, n)
		if n < within[best] {
			best = cutReading(r)
		}
	}
	for r, n := range within {
		if cutReading(r) != best {
			second = min(second, n)
		}
	}
	if most < cutMin || float64(within[best]) > cutDecided*float64(second) {
		return 0, 0, false
	}
	return best, sum / float64(len(places)), true
}

// BoundariesLookGCJ reports that boundaries, said to be in WGS 84 or CGCS2000, fit the buildings of their place after
// conversion from GCJ-02 and not as they are, and how far that moves them.
func BoundariesLookGCJ(boundaries, buildings []orb.Geometry) (metres float64, yes bool) {
	reading, metres, ok := boundaryShift(boundaries, buildings)
	return metres, ok && reading == readConverted
}

// alongEdges returns places along the outlines of areas, at most cutSamples of them.
func alongEdges(areas []orb.Geometry) []orb.Point {
	var rings []orb.Ring
	var length float64
	for _, g := range areas {
		switch g := g.(type) {
		case orb.Polygon:
			rings = append(rings, g...)
		case orb.MultiPolygon:
			for _, p := range g {
				rings = append(rings, p...)
			}
		}
	}
	for _, r := range rings {
		for i := 1; i < len(r); i++ {
			length += geo.Distance(r[i-1], r[i])
		}
	}
	if !(length > 0) || math.IsInf(length, 0) {
		return nil
	}
	step := max(cutStepM, length/cutSamples)
	var out []orb.Point
	left := step / 2
	for _, r := range rings {
		for i := 1; i < len(r); i++ {
			a, b := r[i-1], r[i]
			d := geo.Distance(a, b)
			for ; left < d; left += step {
				out = append(out, orb.Point{a[0] + (b[0]-a[0])*left/d, a[1] + (b[1]-a[1])*left/d})
			}
			left -= d
		}
	}
	return out
}

// datumWarnings compares every boundary file of a pack with the pack's buildings.
func datumWarnings(pack *citypack.Pack, list []imported) []string {
	var buildings []orb.Geometry
	var from citypack.Import
	for _, im := range list {
		if im.from.Kind != "building" {
			continue
		}
		for _, r := range im.rows {
			if g, err := geo.ParseWKB(r.Record.Geometry); err == nil {
				buildings = append(buildings, g)
			}
		}
		from = im.from
	}
	var out []string
	for _, b := range pack.Boundaries {
		reading, metres, ok := boundaryShift(b.Shapes, buildings)
		if !ok || reading != readConverted && reading != readOpposite {
			continue
		}
		// Moved one way, either the boundaries are at fault or, the other way, the buildings.
		line, file, declared, looks := b.Line, b.File, b.Datum, "GCJ-02"
		switch {
		case reading == readConverted && from.Datum == geo.GCJ02:
			line, file, declared, looks = from.Line, from.File, from.Datum, "WGS 84"
		case reading == readOpposite && b.Datum == geo.GCJ02:
			looks = "WGS 84"
		case reading == readOpposite:
			line, file, declared = from.Line, from.File, from.Datum
		}
		out = append(out, fmt.Sprintf("pack.json:%d: %s and %s lie about %.0f m apart: the coordinates of %s look like %s, but are declared as %s",
			line, b.File, from.File, metres, file, looks, declared))
	}
	return out
}
