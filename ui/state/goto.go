package state

import (
	"fmt"
	"slices"
	"strings"

	"kuaitu/geo"
	"kuaitu/mapview"
)

// PlaceWords says what was read from a text that names a place, and what should be known about it. ok is false when the
// text names none, or is still empty.
func PlaceWords(l *Lang, text string) (p mapview.Place, words string, ok bool) {
	if strings.TrimSpace(text) == "" {
		return p, l.T("goto.forms"), false
	}
	p, warn, err := mapview.ParsePlace(text)
	if err != nil {
		return p, l.T("goto.none"), false
	}
	parts := []string{l.LonLat(p.At[0], p.At[1])}
	if p.Zoom > 0 {
		parts = append(parts, l.T("goto.zoom", fmt.Sprintf("%g", p.Zoom)))
	}
	for _, w := range []struct {
		warning mapview.PlaceWarning
		key     string
	}{{mapview.WarnSwapped, "goto.swapped"}, {mapview.WarnOrder, "goto.order"}, {mapview.WarnShifted, "goto.shifted"}, {mapview.WarnOutside, "goto.outside"}} {
		if slices.Contains(warn, w.warning) {
			parts = append(parts, l.T(w.key, datumName(l, p.Datum)))
		}
	}
	return p, strings.Join(parts, l.T("goto.and")), true
}

func datumName(l *Lang, d geo.Datum) string {
	return l.TOr("datum."+strings.ToLower(d.String()), d.String())
}
