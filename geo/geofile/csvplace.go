package geofile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"kuaitu/geo"
)

// number reads a cell that holds a number, full-width digits and signs too.
func number(cell string) (float64, error) { return strconv.ParseFloat(plainCell(cell), 64) }

// plainCell trims a cell and makes plain signs of full-width ones.
func plainCell(cell string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '−':
			return '-'
		case r == '。':
			return '.'
		case r == '\u3000' || r == '\u00a0':
			return ' '
		}
		return r
	}, cell))
}

// point makes a place of the two cells of a row: numbers, or degrees, minutes and seconds. It is nil where both are empty.
func (t *csvTable) point(lon, lat string) (orb.Geometry, error) {
	x, y := plainCell(lon), plainCell(lat)
	noX, noY := x == "" || x == "-", y == "" || y == "-"
	if noX && noY {
		return nil, nil
	}
	px, errX := strconv.ParseFloat(x, 64)
	py, errY := strconv.ParseFloat(y, 64)
	if errX == nil && errY == nil {
		return orb.Point{px, py}, nil
	}
	if !noX && !noY && whole(x) && whole(y) {
		if p, _, _, err := geo.ParseLonLat(x + ", " + y); err == nil {
			return p, nil
		}
	}
	var reasons []string
	for _, c := range []struct {
		column      int
		cell, plain string
		none        bool
	}{{t.lon, lon, x, noX}, {t.lat, lat, y, noY}} {
		switch {
		case c.none:
			reasons = append(reasons, fmt.Sprintf("column %q is empty", t.cols[c.column].Name))
		case !readable(c.plain):
			reasons = append(reasons, fmt.Sprintf("column %q: %q is no coordinate in degrees", t.cols[c.column].Name, clip([]byte(c.cell))))
		}
	}
	if len(reasons) == 0 { // each for itself could be one
		reasons = append(reasons, fmt.Sprintf("columns %q and %q: %q and %q are no place", t.cols[t.lon].Name, t.cols[t.lat].Name, clip([]byte(lon)), clip([]byte(lat))))
	}
	return nil, errors.New(strings.Join(reasons, "; "))
}

// whole says whether a cell has none of the signs that part one coordinate from the next: 113,5 would be read as 113°05′.
func whole(cell string) bool { return !strings.ContainsAny(cell, ",;/=:()、") }

// readable says whether a cell alone can be a coordinate.
func readable(cell string) bool {
	if _, err := strconv.ParseFloat(cell, 64); err == nil {
		return true
	}
	_, _, _, err := geo.ParseLonLat(cell + ", 0°")
	return err == nil && whole(cell)
}
