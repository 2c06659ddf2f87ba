package style

import (
	"image/color"
	"math"
	"strconv"
	"strings"

	"golang.org/x/image/colornames"
)

// Color is a colour with straight (not premultiplied) sRGB components and alpha, each 0…1.
type Color struct{ R, G, B, A float64 }

// NRGBA answers the colour in eight bits a component, straight as well.
func (c Color) NRGBA() color.NRGBA {
	b := func(f float64) uint8 { return uint8(f*255 + 0.5) }
	return color.NRGBA{R: b(c.R), G: b(c.G), B: b(c.B), A: b(c.A)}
}

// String answers the form rgba(r,g,b,a), r, g, b 0…255 and a 0…1.
func (c Color) String() string {
	b := func(f float64) string { return strconv.Itoa(int(f*255 + 0.5)) }
	return "rgba(" + b(c.R) + "," + b(c.G) + "," + b(c.B) + "," + numberText(tenthousandth(c.A)) + ")"
}

func tenthousandth(f float64) float64 { return math.Round(f*1e4) / 1e4 }

// colorValue packs a colour into 16 bits a component, which keeps a Value free of pointers and is finer than any screen.
func colorValue(c Color) Value {
	p := func(f float64) uint64 { return uint64(max(0, min(1, f))*65535 + 0.5) }
	return Value{kind: KindColor, bits: p(c.R)<<48 | p(c.G)<<32 | p(c.B)<<16 | p(c.A)}
}

func unpackColor(b uint64) Color {
	u := func(shift int) float64 { return float64(b>>shift&0xffff) / 65535 }
	return Color{u(48), u(32), u(16), u(0)}
}

// nrgbaOf answers a packed colour in eight bits a component.
func nrgbaOf(b uint64) color.NRGBA {
	u := func(shift int) uint8 { return uint8((uint32(b>>shift&0xffff)*255 + 32767) / 65535) }
	return color.NRGBA{R: u(48), G: u(32), B: u(16), A: u(0)}
}

// mixColors goes from a at 0 to b at 1 in premultiplied components, as the specification has it, so that a transparent end
// lends its alpha and not its hue.
func mixColors(a, b Color, t float64) Color {
	alpha := a.A + (b.A-a.A)*t
	if alpha <= 0 {
		return Color{}
	}
	m := func(x, y float64) float64 { return (x*a.A + (y*b.A-x*a.A)*t) / alpha }
	return Color{m(a.R, b.R), m(a.G, b.G), m(a.B, b.B), alpha}
}

// ParseColor reads a CSS colour: a name, #rgb, #rgba, #rrggbb, #rrggbbaa, rgb(), rgba(), hsl(), hsla() with commas or blanks.
func ParseColor(s string) (Color, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if digits, ok := strings.CutPrefix(s, "#"); ok {
		return parseHexColor(digits)
	}
	if name, args, ok := strings.Cut(s, "("); ok {
		args, ok = strings.CutSuffix(args, ")")
		if !ok || len(args) > 100 {
			return Color{}, false
		}
		return parseColorFunction(strings.TrimSpace(name), args)
	}
	if s == "transparent" {
		return Color{}, true
	}
	c, ok := colornames.Map[s] // the names of SVG 1.1
	if s == "rebeccapurple" {  // which CSS has since added
		c, ok = color.RGBA{R: 0x66, G: 0x33, B: 0x99, A: 255}, true
	}
	return Color{float64(c.R) / 255, float64(c.G) / 255, float64(c.B) / 255, 1}, ok
}

func parseHexColor(digits string) (Color, bool) {
	v, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || digits[0] == '+' {
		return Color{}, false
	}
	nibble := func(shift int) float64 { return float64(v>>shift&15) / 15 }
	octet := func(shift int) float64 { return float64(v>>shift&255) / 255 }
	switch len(digits) {
	case 3:
		return Color{nibble(8), nibble(4), nibble(0), 1}, true
	case 4:
		return Color{nibble(12), nibble(8), nibble(4), nibble(0)}, true
	case 6:
		return Color{octet(16), octet(8), octet(0), 1}, true
	case 8:
		return Color{octet(24), octet(16), octet(8), octet(0)}, true
	}
	return Color{}, false
}

func parseColorFunction(name, args string) (Color, bool) {
	if !strings.HasPrefix(name, "rgb") && !strings.HasPrefix(name, "hsl") {
		return Color{}, false
	}
	alpha := "1"
	var parts []string
	if strings.Contains(args, ",") {
		parts = strings.Split(args, ",")
		if len(parts) == 4 {
			alpha, parts = parts[3], parts[:3]
		}
	} else {
		var slash bool
		args, alpha, slash = strings.Cut(args, "/")
		if !slash {
			alpha = "1"
		}
		parts = strings.Fields(args)
	}
	if len(parts) != 3 {
		return Color{}, false
	}
	a, percent, ok := cssNumber(alpha)
	if percent {
		a /= 100
	}
	a = max(0, min(1, a))
	if !ok {
		return Color{}, false
	}
	var n [3]float64
	var pc [3]bool
	for i, p := range parts {
		if name[0] == 'h' && i == 0 {
			p = strings.TrimSuffix(strings.TrimSpace(p), "deg")
		}
		if n[i], pc[i], ok = cssNumber(p); !ok {
			return Color{}, false
		}
	}
	switch name {
	case "rgb", "rgba":
		if pc[0] != pc[1] || pc[1] != pc[2] {
			return Color{}, false
		}
		full := 255.0
		if pc[0] {
			full = 100
		}
		c := func(f float64) float64 { return max(0, min(1, f/full)) }
		return Color{c(n[0]), c(n[1]), c(n[2]), a}, true
	case "hsl", "hsla":
		if pc[0] || !pc[1] || !pc[2] {
			return Color{}, false
		}
		r, g, b := fromHSL(n[0], max(0, min(100, n[1]))/100, max(0, min(100, n[2]))/100)
		return Color{r, g, b, a}, true
	}
	return Color{}, false
}

func cssNumber(s string) (f float64, percent, ok bool) {
	s, percent = strings.CutSuffix(strings.TrimSpace(s), "%")
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789+-.e", r) }) {
		return 0, false, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, percent, err == nil
}

// fromHSL takes the hue in degrees, saturation and lightness 0…1 (CSS Color 4, §7).
func fromHSL(h, s, l float64) (r, g, b float64) {
	if h = math.Mod(h, 360); h < 0 {
		h += 360
	}
	f := func(n float64) float64 {
		k := math.Mod(n+h/30, 12)
		return l - s*min(l, 1-l)*max(-1, min(k-3, 9-k, 1))
	}
	return f(0), f(8), f(4)
}
