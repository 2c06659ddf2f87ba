package geo

import (
	"errors"
	"fmt"
	"strings"

	"github.com/paulmach/orb"
)

// Datum says what a pair of longitude and latitude refers to.
type Datum uint8

// The datums that occur in Chinese city data. CGCS2000 is the legal one and the one we store.
const (
	CGCS2000 Datum = iota // EPSG:4490
	WGS84                 // EPSG:4326; satellites, OpenStreetMap
	GCJ02                 // public Chinese internet maps: shifted by 300–700 m
	BD09                  // Baidu: GCJ-02 shifted once more
)

// ErrDatum is wrapped by the errors of [ParseDatum].
var ErrDatum = errors.New("unknown datum")

// ParseDatum reads the name of a datum: "cgcs2000", "wgs84", "gcj02", "bd09" in any case, with or without '-', '_' or
// spaces ("GCJ-02", "WGS 84"), or "EPSG:4490" and "EPSG:4326". CRS84 is WGS84 in the axis order we use.
func ParseDatum(name string) (Datum, error) {
	key := strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name))
	switch key {
	case "cgcs2000", "epsg:4490", "epsg4490", "4490":
		return CGCS2000, nil
	case "wgs84", "epsg:4326", "epsg4326", "4326", "crs84", "ogc:crs84":
		return WGS84, nil
	case "gcj02":
		return GCJ02, nil
	case "bd09", "bd09ll":
		return BD09, nil
	}
	return CGCS2000, fmt.Errorf("%w %q: want cgcs2000, wgs84, gcj02 or bd09", ErrDatum, name)
}

// String returns the name that [ParseDatum] and the command line take.
func (d Datum) String() string {
	switch d {
	case CGCS2000:
		return "cgcs2000"
	case WGS84:
		return "wgs84"
	case GCJ02:
		return "gcj02"
	case BD09:
		return "bd09"
	}
	return fmt.Sprintf("datum(%d)", uint8(d))
}

// Convert returns p, given in from, as seen in to.
//
// WGS84 and CGCS2000 are taken as the same: their ellipsoids differ by 0.1 mm in the minor axis, and the real difference,
// half a metre of plate motion since CGCS2000's epoch, is unknown for every file that does not state its epoch and is
// below what its points are worth.
func Convert(p orb.Point, from, to Datum) orb.Point {
	if plain(from) && plain(to) || from == to {
		return p
	}
	switch from { // first to GCJ-02 where Baidu is involved, else straight to WGS 84
	case BD09:
		p = BD09ToGCJ02(p)
		if to == GCJ02 {
			return p
		}
		p = GCJ02ToWGS84(p)
	case GCJ02:
		if to == BD09 {
			return GCJ02ToBD09(p)
		}
		p = GCJ02ToWGS84(p)
	}
	switch to {
	case GCJ02:
		p = WGS84ToGCJ02(p)
	case BD09:
		p = GCJ02ToBD09(WGS84ToGCJ02(p))
	}
	return p
}

func plain(d Datum) bool { return d == CGCS2000 || d == WGS84 }

// Transform returns g converted from one datum to another as [Convert] does. The result shares nothing with g, unless
// the two datums are the same to us, when it is g itself. A bound becomes the bound of its two converted corners.
func Transform(g orb.Geometry, from, to Datum) orb.Geometry {
	if g == nil || plain(from) && plain(to) || from == to {
		return g
	}
	return MapPoints(g, func(p orb.Point) orb.Point { return Convert(p, from, to) })
}

// MapPoints returns a copy of g with f applied to every point. The result shares nothing with g.
func MapPoints(g orb.Geometry, f func(orb.Point) orb.Point) orb.Geometry {
	points := func(in []orb.Point) []orb.Point {
		out := make([]orb.Point, len(in))
		for i, p := range in {
			out[i] = f(p)
		}
		return out
	}
	polygon := func(in orb.Polygon) orb.Polygon {
		out := make(orb.Polygon, len(in))
		for i, r := range in {
			out[i] = points(r)
		}
		return out
	}
	switch g := g.(type) {
	case nil:
		return nil
	case orb.Point:
		return f(g)
	case orb.MultiPoint:
		return orb.MultiPoint(points(g))
	case orb.LineString:
		return orb.LineString(points(g))
	case orb.Ring:
		return orb.Ring(points(g))
	case orb.MultiLineString:
		out := make(orb.MultiLineString, len(g))
		for i, l := range g {
			out[i] = points(l)
		}
		return out
	case orb.Polygon:
		return polygon(g)
	case orb.MultiPolygon:
		out := make(orb.MultiPolygon, len(g))
		for i, p := range g {
			out[i] = polygon(p)
		}
		return out
	case orb.Collection:
		out := make(orb.Collection, len(g))
		for i, c := range g {
			out[i] = MapPoints(c, f)
		}
		return out
	case orb.Bound:
		return orb.MultiPoint{f(g.Min), f(g.Max)}.Bound()
	}
	panic(fmt.Sprintf("geo: geometry of unknown type %T", g)) // orb's set is closed; a new type is our own mistake
}
