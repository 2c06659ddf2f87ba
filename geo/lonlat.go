package geo

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
)

// ErrLonLat is wrapped by the errors of [ParseLonLat].
var ErrLonLat = errors.New("not a coordinate")

// What ParseLonLat may have to say to the person, to be compared by whoever says it in another language.
const (
	SaidLatFirst    = "read as latitude, longitude"
	SaidOrderUnsure = "read as longitude, latitude; the order cannot be told from the numbers"
)

// ParseLonLat reads a coordinate as people type or paste it:
//
//	113.912316,22.543847          decimal degrees, longitude first
//	22.543847 113.912316          the other way round, seen from the size of the numbers: with a warning
//	22°32′37.8″N 113°54′44.3″E    degrees, minutes, seconds, marks in any of the usual forms, or six plain numbers
//	北纬22度32分37.8秒 东经113度54分44.3秒
//	gcj02:113.9172,22.5408        a datum in front, else d is CGCS2000
//
// Full-width digits, letters and commas are read as plain ones. p is in d, not converted. warn holds sentences for the
// person, in English, lower case. Numbers out of range are an error.
func ParseLonLat(text string) (p orb.Point, d Datum, warn []string, err error) {
	s := strings.ToLower(strings.TrimSpace(plainWidth(text)))
	if head, tail, ok := strings.Cut(s, ":"); ok {
		if d, err = ParseDatum(strings.TrimSpace(head)); err != nil {
			return orb.Point{}, CGCS2000, nil, fmt.Errorf("%w: %q: %w", ErrLonLat, text, err)
		}
		s = tail
	}
	coords, err := scanCoords(s)
	if err != nil {
		return orb.Point{}, d, nil, fmt.Errorf("%w: %q: %w", ErrLonLat, text, err)
	}
	a, b := coords[0], coords[1]
	switch {
	case a.axis != 0 && a.axis == b.axis:
		return orb.Point{}, d, nil, fmt.Errorf("%w: %q: two %ss", ErrLonLat, text, a.axisName())
	case a.axis == 'x' || b.axis == 'y':
	case a.axis == 'y' || b.axis == 'x':
		a, b = b, a
	case math.Abs(a.deg) > 90: // can only be a longitude
	case math.Abs(b.deg) > 90, inChina(b.deg, a.deg) && !inChina(a.deg, b.deg):
		a, b = b, a
		warn = append(warn, SaidLatFirst)
	case !inChina(a.deg, b.deg):
		warn = append(warn, SaidOrderUnsure)
	}
	if math.Abs(a.deg) > 180 || math.Abs(b.deg) > 90 {
		return orb.Point{}, d, nil, fmt.Errorf("%w: %q: out of range", ErrLonLat, text)
	}
	return orb.Point{a.deg, b.deg}, d, warn, nil
}

func inChina(lon, lat float64) bool { return lon > 73 && lon < 136 && lat > 3 && lat < 54 }

// coord is one number of a coordinate, and its axis where the text says it.
type coord struct {
	deg  float64
	axis byte // 'x', 'y' or 0
}

func (c coord) axisName() string {
	if c.axis == 'x' {
		return "longitude"
	}
	return "latitude"
}

// scanCoords finds exactly two coordinates in s (lower case, plain width).
func scanCoords(s string) ([2]coord, error) {
	type part struct { // a number with its mark, or a hemisphere
		value float64
		slot  int // 0 degrees, 1 minutes, 2 seconds, -1 no mark
		neg   bool
		hemi  byte // n, s, e, w
	}
	var parts []part
	marked := false
	for len(s) > 0 {
		if c := s[0]; c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+' {
			end := 1
			for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.') {
				end++
			}
			v, err := strconv.ParseFloat(s[:end], 64)
			if err != nil {
				return [2]coord{}, fmt.Errorf("%q is no number", s[:end])
			}
			p := part{value: math.Abs(v), neg: c == '-', slot: -1}
			s = strings.TrimLeft(s[end:], " ")
			for i, marks := range [3][]string{{"°", "度", "º", "˚"}, {"′′", "''", "′", "'", "’", "分"}, {"″", "\"", "”", "秒"}} {
				for _, m := range marks {
					if rest, ok := strings.CutPrefix(s, m); ok && p.slot < 0 {
						p.slot, s, marked = i, rest, true
						if m == "''" || m == "′′" {
							p.slot = 2
						}
					}
				}
			}
			parts = append(parts, p)
			continue
		}
		found := false
		for _, w := range [...]struct {
			word string
			hemi byte
		}{{"北纬", 'n'}, {"南纬", 's'}, {"东经", 'e'}, {"西经", 'w'}, {"经度", 'x'}, {"纬度", 'y'}, {"lon", 'x'}, {"lng", 'x'}, {"lat", 'y'},
			{"n", 'n'}, {"s", 's'}, {"e", 'e'}, {"w", 'w'}, {"北", 'n'}, {"南", 's'}, {"东", 'e'}, {"西", 'w'},
			{",", 0}, {";", 0}, {" ", 0}, {"\t", 0}, {"=", 0}, {":", 0}, {"/", 0}, {"(", 0}, {")", 0}} {
			if rest, ok := strings.CutPrefix(s, w.word); ok {
				if s, found = rest, true; w.hemi != 0 {
					parts = append(parts, part{hemi: w.hemi})
				}
				break
			}
		}
		if !found {
			return [2]coord{}, fmt.Errorf("cannot read %q", s)
		}
	}

	numbers := 0
	for _, p := range parts {
		if p.hemi == 0 {
			numbers++
		}
	}
	if numbers < 2 || numbers > 6 || !marked && numbers%2 != 0 {
		return [2]coord{}, errors.New("want a longitude and a latitude")
	}
	if !marked { // 2 decimal degrees, or degrees and minutes, or with seconds
		k := 0
		for i := range parts {
			if parts[i].hemi == 0 {
				parts[i].slot = k % (numbers / 2)
				k++
			}
		}
	}
	var out []coord
	var hemi byte       // one that stood before its number
	last := 0           // slot read last
	after := [2]bool{}  // a hemisphere after the number was taken
	var neg [2]bool     // sign of the degrees
	var hemis [2]byte   // hemisphere of each
	var leading = false // hemispheres stand in front
	for i, p := range parts {
		switch {
		case p.hemi != 0:
			if i == 0 {
				leading = true
			}
			if leading || len(out) == 0 {
				hemi = p.hemi
			} else if n := len(out) - 1; !after[n] {
				hemis[n], after[n] = p.hemi, true
			} else {
				return [2]coord{}, errors.New("a direction too many")
			}
		case p.slot <= 0:
			if len(out) == 2 {
				return [2]coord{}, errors.New("want one longitude and one latitude")
			}
			out = append(out, coord{deg: p.value})
			neg[len(out)-1] = p.neg
			hemis[len(out)-1], hemi = hemi, 0
			last = 0
		default:
			if len(out) == 0 || p.slot != last+1 || p.value >= 60 || p.neg {
				return [2]coord{}, errors.New("minutes and seconds go after degrees, below 60")
			}
			out[len(out)-1].deg += p.value / [3]float64{1, 60, 3600}[p.slot]
			last = p.slot
		}
	}
	if len(out) != 2 || hemi != 0 {
		return [2]coord{}, errors.New("want a longitude and a latitude")
	}
	for i := range out {
		switch hemis[i] {
		case 'n', 'y':
			out[i].axis = 'y'
		case 's':
			out[i].axis, neg[i] = 'y', !neg[i]
		case 'e', 'x':
			out[i].axis = 'x'
		case 'w':
			out[i].axis, neg[i] = 'x', !neg[i]
		}
		if neg[i] {
			out[i].deg = -out[i].deg
		}
	}
	return [2]coord(out), nil
}

// plainWidth maps full-width forms and Chinese punctuation to ASCII.
func plainWidth(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～': // the full-width copies of ! to ~
			return r - '！' + '!'
		case r == '　', r == '\u00a0', r == '\n', r == '\r':
			return ' '
		case r == '、', r == '；':
			return ','
		case r == '−', r == '–':
			return '-'
		case r == '。':
			return '.'
		}
		return r
	}, s)
}
