package tileset

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview"
)

// Errors that are wrapped by those of this package.
var (
	ErrNotTiles    = errors.New("not a set of map tiles")
	ErrUnsupported = errors.New("a kind of tiles that cannot be shown") // the text says which part of it
	ErrBroken      = errors.New("broken tile")
)

// Info is what a set says about itself, completed from its tiles where it says nothing.
type Info struct {
	Name        string
	Attribution string
	Approval    string    // 审图号, of an "approval" row, which is ours
	Format      string    // of its tiles: "png", "jpg", "webp", "pbf"
	MinZoom     int       // the coarsest level
	MaxZoom     int       // the finest level
	Bound       orb.Bound // degrees, of Datum; the whole world when unknown
	Datum       geo.Datum // of a "datum" row, which is ours; else CGCS2000
	Table       string    // of a GeoPackage: the table that was opened
	Layers      []string  // of vector tiles: names of their layers, as far as said
}

// Vector says whether the tiles are vectors.
func (i Info) Vector() bool { return i.Format == "pbf" }

// world is the square of Web Mercator in degrees.
var world = orb.Bound{Min: orb.Point{-180, -mapview.MaxLat}, Max: orb.Point{180, mapview.MaxLat}}

const (
	earthRadiusM = 6378137
	// WorldM is the width of the world in EPSG:3857, metres.
	WorldM = 2 * math.Pi * earthRadiusM
)

// Align finds the level of the standard pyramid whose tiles are span wide, and which of them has its upper left corner at u, v. All are
// in widths of the world from its upper left corner. ok is false when the tiles are not ones of the pyramid.
func Align(u, v, span float64) (z, col, row int, ok bool) {
	if !(span > 0) || math.IsInf(span, 0) {
		return 0, 0, 0, false
	}
	// Files round: a resolution is taken within a thousandth, a corner within half a pixel or half a metre.
	fz := -math.Log2(span)
	z = int(math.Round(fz))
	if math.Abs(fz-float64(z)) > 1e-3 || z < 0 || z > mapview.MaxZoom {
		return 0, 0, 0, false
	}
	count := math.Exp2(float64(z))
	fc, fr := u*count, v*count
	c, r := math.Round(fc), math.Round(fr)
	near := min(0.002+0.5/WorldM*count, 0.1)
	if !(math.Abs(fc-c) < near && math.Abs(fr-r) < near) || c < 0 || r < 0 || c >= count || r >= count {
		return 0, 0, 0, false
	}
	return z, int(c), int(r), true
}

// inPyramid says whether z/x/y is a tile.
func inPyramid(z, x, y int) bool {
	return z >= 0 && z <= mapview.MaxZoom && x >= 0 && y >= 0 && x < 1<<z && y < 1<<z
}

// parseBound reads "west,south,east,north" in degrees; what cannot be read is the world.
func parseBound(s string) orb.Bound {
	parts := strings.Split(s, ",")
	if len(parts) != 4 {
		return world
	}
	var v [4]float64
	for i, p := range parts {
		f, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil {
			return world
		}
		v[i] = f
	}
	return boundOr(v[0], v[1], v[2], v[3])
}

// boundOr is the bound, or the world if it is none.
func boundOr(west, south, east, north float64) orb.Bound {
	if !(west < east && south < north && west >= -180 && east <= 180 && south >= -90 && north <= 90) {
		return world
	}
	return orb.Bound{Min: orb.Point{west, south}, Max: orb.Point{east, north}}
}

func zoomOr(s string, otherwise int64) int {
	if f, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil && f >= 0 && f <= mapview.MaxZoom {
		return int(f)
	}
	return clampZoom(otherwise)
}

func clampZoom(z int64) int { return int(max(0, min(z, mapview.MaxZoom))) }

// datumOr reads the name of a datum; what is none is the storage datum.
func datumOr(name string) geo.Datum {
	if d, err := geo.ParseDatum(name); err == nil {
		return d
	}
	return geo.CGCS2000
}

// PlainText takes the tags out of an attribution, which the formats allow to be HTML.
func PlainText(s string) string {
	var b strings.Builder
	depth := 0
	for _, r := range s {
		switch {
		case r == '<':
			depth++
		case r == '>' && depth > 0:
			depth--
		case depth == 0:
			b.WriteRune(r)
		}
	}
	out := b.String()
	for _, e := range [...][2]string{{"&copy;", "©"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", `"`}, {"&amp;", "&"}} {
		out = strings.ReplaceAll(out, e[0], e[1])
	}
	return strings.TrimSpace(out)
}

// lonLat turns EPSG:3857 metres into degrees.
func lonLat(x, y float64) orb.Point {
	return orb.Point{x / earthRadiusM * 180 / math.Pi, math.Atan(math.Sinh(y/earthRadiusM)) * 180 / math.Pi}
}

// TileBound is what tile z/x/y of the standard pyramid covers, in degrees.
func TileBound(z, x, y int) orb.Bound {
	count := math.Exp2(float64(z))
	lon := func(x int) float64 { return float64(x)/count*360 - 180 }
	lat := func(y int) float64 {
		return math.Atan(math.Sinh(math.Pi*(1-2*float64(y)/count))) * 180 / math.Pi
	}
	return orb.Bound{Min: orb.Point{lon(x), lat(y + 1)}, Max: orb.Point{lon(x + 1), lat(y)}}
}
