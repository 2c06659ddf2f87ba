package ui

import (
	"image/color"
	"strconv"
	"strings"
)

type colour = color.NRGBA

// parseColour reads "#rrggbb".
func parseColour(s string) (colour, bool) {
	hex, ok := strings.CutPrefix(s, "#")
	if !ok || len(hex) != 6 {
		return colour{}, false
	}
	v, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		return colour{}, false
	}
	return rgb(uint32(v)), true
}
