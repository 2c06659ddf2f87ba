package thematic

import (
	"fmt"
	"image/color"
	"math"
)

// Theme is the map that a layer lies on.
type Theme uint8

// The themes.
const (
	Light Theme = iota
	Dark
	Wall
	numThemes
)

// Ramp is a family of colours for classes. None is red, which means late, and none needs red told from green.
type Ramp uint8

// The ramps. On light maps more is darker, on dark ones brighter.
const (
	Blue      Ramp = iota
	Earth          // for a second map beside a blue one
	Diverging      // blue below, brown above a middle; for changes and differences
	numRamps
)

// stops are the colours of five classes (design.md §6; the dark ones made alike).
var stops = [numThemes][numRamps][5]uint32{
	Light: {
		Blue:      {0xEAF0F6, 0xBCD0E4, 0x86AACD, 0x4C7FB0, 0x1F4F82},
		Earth:     {0xF6EFE3, 0xE5CFA8, 0xCDA66B, 0xA6773A, 0x6E4A1B},
		Diverging: {0x2F6CA3, 0x8FB4D3, 0xEDEDEA, 0xDDB27C, 0xA8651E},
	},
	Dark: {
		Blue:      {0x22343F, 0x2C5566, 0x3F7F86, 0x7FAE8A, 0xE3D08A},
		Earth:     {0x2E2618, 0x57431F, 0x8A672F, 0xBF9856, 0xF0DDB2},
		Diverging: {0x9CCBF5, 0x4C80B3, 0x343B41, 0xA0713A, 0xF0C486},
	},
	Wall: {
		Blue:      {0x22343F, 0x2C5566, 0x3F7F86, 0x7FAE8A, 0xE3D08A},
		Earth:     {0x2E2618, 0x57431F, 0x8A672F, 0xBF9856, 0xF0DDB2},
		Diverging: {0x9CCBF5, 0x4C80B3, 0x343B41, 0xA0713A, 0xF0C486},
	},
}

// Look is how figures are drawn.
type Look struct {
	Theme   Theme
	Ramp    Ramp
	Opacity float64 // 0 means 0.85, so that roads shine through
}

func (l Look) opacity() float64 {
	if l.Opacity > 0 && l.Opacity <= 1 {
		return l.Opacity
	}
	return 0.85
}

// Colours returns the colours of n classes, from the lowest.
func (l Look) Colours(n int) []color.NRGBA {
	five := stops[min(l.Theme, numThemes-1)][min(l.Ramp, numRamps-1)]
	out := make([]color.NRGBA, n)
	for i := range out {
		at := 3.0 // one class alone
		if n > 1 {
			at = 4 * float64(i) / float64(n-1)
		}
		lo := min(int(at), 3)
		t := at - float64(lo)
		part := func(shift int) uint8 {
			a, b := float64(five[lo]>>shift&255), float64(five[lo+1]>>shift&255)
			return uint8(math.Round(a + t*(b-a)))
		}
		out[i] = color.NRGBA{part(16), part(8), part(0), 255}
	}
	return out
}

// quiet are the colours beside the classes: of suppressed figures, of the lines over regions without data, and of borders.
var quiet = [numThemes]struct{ suppressed, hatch, edge uint32 }{
	Light: {0xE3E3DF, 0xA9A296, 0xFFFFFF},
	Dark:  {0x2A2F34, 0x4A5058, 0x14181B},
	Wall:  {0x2A2F34, 0x4A5058, 0x0C1013},
}

func nrgba(c uint32) color.NRGBA { return color.NRGBA{uint8(c >> 16), uint8(c >> 8), uint8(c), 255} }

func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
