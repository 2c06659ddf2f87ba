package mapview

import (
	"context"
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
)

// sheet is a tile source of one colour; photo says that it is imagery.
type sheet struct {
	c     color.RGBA
	photo bool
}

func (s *sheet) Tile(context.Context, int, int, int) (image.Image, error) {
	m := image.NewRGBA(image.Rect(0, 0, 256, 256))
	for i := 0; i < len(m.Pix); i += 4 {
		m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3] = s.c.R, s.c.G, s.c.B, s.c.A
	}
	return m, nil
}
func (s *sheet) Zooms() (minZoom, maxZoom int) { return 0, 18 }
func (s *sheet) Datum() geo.Datum              { return geo.WGS84 }
func (s *sheet) Attribution() string           { return "" }
func (s *sheet) Imagery() bool                 { return s.photo }

// linear is a colour as linear light.
func linear(c rgba) [3]float64 {
	f := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return [3]float64{f(c.r), f(c.g), f(c.b)}
}

// contrast is that of WCAG 2.
func contrast(a, b rgba) float64 {
	lum := func(c rgba) float64 { l := linear(c); return 0.2126*l[0] + 0.7152*l[1] + 0.0722*l[2] + 0.05 }
	hi, lo := lum(a), lum(b)
	if hi < lo {
		hi, lo = lo, hi
	}
	return hi / lo
}

// TestDuskOverLightTiles looks at common colours of light maps in both styles.
func TestDuskOverLightTiles(t *testing.T) {
	shown := func(st *Style, src TileSource) rgba {
		m := frame(t, Camera{Center: orb.Point{114, 22.5}, Zoom: 14.3, WidthPx: 90, HeightPx: 60}, st, Scene{Base: []TileSource{src}})
		return straight(color.NRGBAModel.Convert(m.At(40, 30)).(color.NRGBA))
	}
	light, dark := LightStyle(), DarkStyle()
	for name, c := range map[string]color.RGBA{
		"paper": {255, 255, 255, 255}, "land": {242, 239, 233, 255}, "water": {170, 211, 223, 255}, "park": {200, 250, 204, 255}, "road": {252, 214, 164, 255},
	} {
		plain := rgba{c.R, c.G, c.B, 255}
		if got := shown(light, &sheet{c: c}); got != plain {
			t.Errorf("%s in the light style is %v, want %v", name, got, plain)
		}
		if got := shown(dark, &sheet{c: c, photo: true}); got != plain {
			t.Errorf("%s of imagery in the dark style is %v, want %v", name, got, plain)
		}
		got := shown(dark, &sheet{c: c})
		if k := contrast(dark.text, got); k < 7 {
			t.Errorf("%s becomes %v: text has a contrast of %.1f", name, got, k)
		}
		if k := contrast(dark.wayName, got); k < 3.5 {
			t.Errorf("%s becomes %v: names have a contrast of %.1f", name, got, k)
		}
	}
	if a, b := shown(dark, &sheet{c: color.RGBA{170, 211, 223, 255}}), shown(dark, &sheet{c: color.RGBA{242, 239, 233, 255}}); contrast(a, b) < 1.15 {
		t.Errorf("water %v and land %v look alike", a, b)
	}
	// A half transparent white sheet lets half of the ground through.
	ground, white := dark.land, shown(dark, &sheet{c: color.RGBA{255, 255, 255, 255}})
	got, want := shown(dark, &sheet{c: color.RGBA{128, 128, 128, 128}}), mix(ground, white, 128.0/255)
	if d := int(got.g) - int(want.g); d < -2 || d > 2 {
		t.Errorf("half a sheet is %v, want about %v", got, want)
	}
}

// TestColoursCanBeToldApart checks what design.md §6 asks: uses differ by ΔE ≥ 11 to normal eyes and under deuteranopia, and names can be read on what
// they lie on.
func TestColoursCanBeToldApart(t *testing.T) {
	// Machado, Oliveira and Fernandes 2009, severity 1; rows sum to one.
	deuteranopia := [3][3]float64{{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}
	lab := func(c rgba, deuter bool) [3]float64 {
		l := linear(c)
		if deuter {
			var s [3]float64
			for i, row := range deuteranopia {
				s[i] = math.Max(0, math.Min(1, row[0]*l[0]+row[1]*l[1]+row[2]*l[2]))
			}
			l = s
		}
		f := func(v float64) float64 {
			if v > 0.008856 {
				return math.Cbrt(v)
			}
			return 7.787*v + 16.0/116
		}
		x := f((0.4124564*l[0] + 0.3575761*l[1] + 0.1804375*l[2]) / 0.95047)
		y := f(0.2126729*l[0] + 0.7151522*l[1] + 0.0721750*l[2])
		z := f((0.0193339*l[0] + 0.1191920*l[1] + 0.9503041*l[2]) / 1.08883)
		return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
	}
	st := LightStyle()
	for a := range numUses {
		for b := range a {
			if st.uses[a].hatch.a != 0 || st.uses[b].hatch.a != 0 {
				continue // told by its hatching
			}
			for _, deuter := range []bool{false, true} {
				p, q := lab(st.uses[a].fill, deuter), lab(st.uses[b].fill, deuter)
				if d := math.Sqrt((p[0]-q[0])*(p[0]-q[0]) + (p[1]-q[1])*(p[1]-q[1]) + (p[2]-q[2])*(p[2]-q[2])); d < 11 {
					t.Errorf("uses %d and %d differ by %.1f (deuteranopia %v)", a, b, d, deuter)
				}
			}
		}
	}
	for name, st := range map[string]*Style{"light": st, "dark": DarkStyle()} {
		for c, bs := range st.base {
			if k := contrast(bs.name, bs.fill); bs.name.a != 0 && k < 4.5 {
				t.Errorf("%s: the name on %s has a contrast of %.1f", name, baseClassNames[c], k)
			}
		}
		if k := contrast(st.wayName, st.halo); k < 4.5 {
			t.Errorf("%s: names of ways have a contrast of %.1f", name, k)
		}
	}
}
