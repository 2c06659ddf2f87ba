package mapview

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"kuaitu/geo"
)

// ErrPlace is wrapped by the errors of [ParsePlace].
var ErrPlace = errors.New("not a place")

// Place is what somebody typed to go to.
type Place struct {
	At    orb.Point // degrees, storage datum
	Zoom  float64   // of a screen of scale 1; 0 where the text does not say
	Bound orb.Bound // of a tile; the zero Bound for a point
	Datum geo.Datum // of the text
}

// PlaceWarning says what should be said to whoever typed a place.
type PlaceWarning uint8

// The warnings.
const (
	WarnSwapped PlaceWarning = iota // latitude came first
	WarnOrder                       // the order cannot be told from the numbers; longitude first was assumed
	WarnShifted                     // the text is in GCJ-02 or BD-09 and was shifted
	WarnOutside                     // the text says GCJ-02 or BD-09, but the place is outside China, where nothing is shifted
)

var (
	tileText  = regexp.MustCompile(`^(?:tile[:\s]*|z)?(\d{1,2})/(\d{1,8})/(\d{1,8})(?:\.[a-z]{3,4})?$`)
	planeText = regexp.MustCompile(`^(?:epsg:(\d{4})[:\s]+)?[xy]?[=:]?\s*(\d{6,8}(?:\.\d+)?)\s*m?[\s,;/]+[xy]?[=:]?\s*(\d{6,8}(?:\.\d+)?)\s*m?$`)
)

// maxPlaceText bounds what is read, in bytes.
const maxPlaceText = 200

// ParsePlace reads where to go:
//
//	113.912316,22.543847             and every other form of geo.ParseLonLat: either order, degrees with minutes and seconds,
//	                                 北纬 and 东经, a datum in front (gcj02:, bd09:, wgs84:), from which the place is shifted
//	15/26733/14301                   a tile z/x/y with rows from the north; "tile" or "z" in front, ".png" behind
//	38512345.6 2498765.4             CGCS2000 / Gauss-Kruger with the zone's number (13–23: 6°, 25–45: 3°), in either order
//	EPSG:4547 512345.6 2498765.4     the same in a plane of 4491–4554
//
// The error wraps ErrPlace.
func ParsePlace(text string) (Place, []PlaceWarning, error) {
	if len(text) > maxPlaceText {
		return Place{}, nil, fmt.Errorf("%w: longer than %d bytes", ErrPlace, maxPlaceText)
	}
	s := strings.ToLower(strings.Join(strings.Fields(text), " "))
	if m := tileText.FindStringSubmatch(s); m != nil {
		p, err := tilePlace(m[1], m[2], m[3])
		return p, nil, err
	}
	if m := planeText.FindStringSubmatch(s); m != nil {
		p, err := planePlace(m[1], m[2], m[3])
		return p, nil, err
	}
	at, datum, said, err := geo.ParseLonLat(text)
	if err != nil {
		return Place{}, nil, fmt.Errorf("%w: %w", ErrPlace, err)
	}
	var warn []PlaceWarning
	if slices.Contains(said, geo.SaidLatFirst) {
		warn = append(warn, WarnSwapped)
	}
	if slices.Contains(said, geo.SaidOrderUnsure) {
		warn = append(warn, WarnOrder)
	}
	to := geo.Convert(at, datum, geo.CGCS2000)
	switch {
	case to != at:
		warn = append(warn, WarnShifted)
	case datum == geo.GCJ02 || datum == geo.BD09:
		warn = append(warn, WarnOutside)
	}
	return Place{At: to, Datum: datum}, warn, nil
}

func tilePlace(z, x, y string) (Place, error) {
	var n [3]uint64
	for i, part := range [3]string{z, x, y} {
		v, err := strconv.ParseUint(part, 10, 32)
		if err != nil {
			return Place{}, fmt.Errorf("%w: tile: %w", ErrPlace, err)
		}
		n[i] = v
	}
	if n[0] > MaxZoom || n[1]>>n[0] > 0 || n[2]>>n[0] > 0 {
		return Place{}, fmt.Errorf("%w: there is no tile %s/%s/%s", ErrPlace, z, x, y)
	}
	count := math.Exp2(float64(n[0]))
	nw, se := unproject(float64(n[1])/count, float64(n[2])/count), unproject(float64(n[1]+1)/count, float64(n[2]+1)/count)
	b := orb.Bound{Min: orb.Point{nw[0], se[1]}, Max: orb.Point{se[0], nw[1]}}
	return Place{At: b.Center(), Zoom: float64(n[0]), Bound: b}, nil
}

// planePlace reads metres in a Gauss-Kruger plane; code is "" or an EPSG code. Eastings have their zone's number in front, or are
// smaller than northings: in China both are sure.
func planePlace(code, a, b string) (Place, error) {
	var n [2]float64
	for i, part := range [2]string{a, b} {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return Place{}, fmt.Errorf("%w: %w", ErrPlace, err)
		}
		n[i] = v
	}
	east, north := n[0], n[1]
	var plane geo.GaussKruger
	if code != "" {
		epsg, err := strconv.Atoi(code)
		known := false
		if err == nil {
			plane, known = geo.GaussKrugerEPSG(epsg)
		}
		if !known {
			return Place{}, fmt.Errorf("%w: EPSG:%s is no Gauss-Kruger plane of CGCS2000", ErrPlace, code)
		}
	}
	if zoned := func(v float64) bool { return v >= 1e7 }; zoned(north) || !zoned(east) && east > north {
		east, north = north, east
	}
	if code == "" {
		zone := int(east / 1e6)
		epsg := 4513 + zone - 25
		if zone < 25 {
			epsg = 4491 + zone - 13
		}
		known := false
		if zone >= 13 && zone <= 45 {
			plane, known = geo.GaussKrugerEPSG(epsg)
		}
		if !known {
			return Place{}, fmt.Errorf("%w: metres without a zone: put its number in front of the easting, or EPSG:4547 in front of all", ErrPlace)
		}
	}
	at := plane.Inverse(orb.Point{east, north})
	if math.IsNaN(at[0]+at[1]) || math.Abs(at[0]-plane.Meridian) > float64(plane.Width) || at[1] < 0 || at[1] > 60 {
		return Place{}, fmt.Errorf("%w: %.1f, %.1f is not in %s", ErrPlace, east, north, plane)
	}
	return Place{At: at, Datum: geo.CGCS2000}, nil
}
