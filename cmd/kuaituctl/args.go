package main

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"kuaitu/block"
	"kuaitu/cmd/internal/cli"
	"kuaitu/mapview"

	"github.com/paulmach/orb"
)

// What arguments may say: text that cannot be read is a usage error, a value that makes no sense is block.ErrInvalid.

// floats reads n finite numbers with commas between them.
func floats(text string, n int) ([]float64, error) {
	parts := strings.Split(text, ",")
	if len(parts) != n {
		return nil, cli.Usagef("%q: %d numbers with commas are needed", text, n)
	}
	out := make([]float64, n)
	for i, p := range parts {
		x, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, cli.Usagef("%q: %q is no number", text, strings.TrimSpace(p))
		}
		out[i] = x
	}
	return out, nil
}

// recordID reads the ID of a record.
func recordID(text string) (block.ID, error) {
	id, err := block.ParseID(text)
	if err != nil {
		return id, fmt.Errorf("%q is no record id (36 characters like 01890a5d-ac96-774b-bcce-b302099a8057); search and identify print them: %w", text, block.ErrInvalid)
	}
	return id, nil
}

// place reads LON,LAT in degrees.
func place(text string) (orb.Point, error) {
	n, err := floats(text, 2)
	if err != nil {
		return orb.Point{}, err
	}
	p := orb.Point{n[0], n[1]}
	return p, onEarth(p)
}

// onEarth refuses what is no longitude and latitude.
func onEarth(p orb.Point) error {
	if math.Abs(p[0]) <= 180 && math.Abs(p[1]) <= 90 {
		return nil
	}
	hint := ""
	if math.Abs(p[1]) <= 180 && math.Abs(p[0]) <= 90 {
		hint = "; the longitude comes first"
	}
	return fmt.Errorf("%g, %g is not a longitude and a latitude in degrees%s: %w", p[0], p[1], hint, block.ErrInvalid)
}

// box reads W,S,E,N in degrees.
func box(text string) (orb.Bound, error) {
	n, err := floats(text, 4)
	if err != nil {
		return orb.Bound{}, err
	}
	b := orb.Bound{Min: orb.Point{n[0], n[1]}, Max: orb.Point{n[2], n[3]}}
	if err := errors.Join(onEarth(b.Min), onEarth(b.Max)); err != nil {
		return b, err
	}
	if !(b.Min[0] < b.Max[0] && b.Min[1] < b.Max[1]) {
		return b, fmt.Errorf("%q is no box: west must be less than east and south less than north (W,S,E,N): %w", text, block.ErrInvalid)
	}
	return b, nil
}

// checkZoom refuses a zoom at which nothing can be drawn.
func checkZoom(zoom float64) error {
	if !(zoom >= mapview.MinZoom && zoom <= mapview.MaxZoom) {
		return fmt.Errorf("zoom %g is not between %d and %d: %w", zoom, mapview.MinZoom, mapview.MaxZoom, block.ErrInvalid)
	}
	return nil
}

// maxHits bounds --limit.
const maxHits = 10_000

// checkLimit refuses a limit that is none.
func checkLimit(n, least int) error {
	if n < least || n > maxHits {
		return cli.Usagef("--limit %d: it is %d to %d", n, least, maxHits)
	}
	return nil
}

// maxPixels bounds a picture's sides.
const maxPixels = 16384

// parseSize reads WxH in pixels, each 16 to maxPixels.
func parseSize(s string) (w, h int, err error) {
	ws, hs, ok := strings.Cut(strings.ToLower(s), "x")
	w, errW := strconv.Atoi(ws)
	h, errH := strconv.Atoi(hs)
	if !ok || errW != nil || errH != nil || w < 16 || h < 16 || w > maxPixels || h > maxPixels {
		return 0, 0, cli.Usagef("size %q: WxH in pixels, 16 to %d each", s, maxPixels)
	}
	return w, h, nil
}

// checkExtension refuses a file name that promises a format which is not written.
func checkExtension(path string, known ...string) error {
	if ext := strings.ToLower(filepath.Ext(path)); !slices.Contains(known, ext) {
		return cli.Usagef("%s: the file must be called %s", filepath.Base(path), strings.Join(known, " or "))
	}
	return nil
}

// splitList reads A,B,C; nothing is no list.
func splitList(s string) []string {
	if s == "" {
		return nil
	}
	parts := strings.Split(s, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}
