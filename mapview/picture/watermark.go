package picture

import (
	"image"
	"image/color"
	"math"

	"kuaitu/mapview"
)

// A watermark says in whose hands a picture was made. It is faint enough to read the map through, and everywhere, so that no part of the map can be cut
// out without it.
const (
	watermarkSize   = 20.0         // design pixels
	watermarkTurn   = -math.Pi / 9 // 20° up to the right
	watermarkGapX   = 120.0
	watermarkLine   = 150.0 // between baselines
	watermarkWeight = 22    // of 255
)

// watermark lays the text in turned lines, each half a step aside of the one before, over the map.
func (f *frame) watermark(m *image.RGBA) {
	if f.o.Watermark == "" {
		return
	}
	t := mapview.Text{Size: f.px(watermarkSize), Bold: true, Color: color.NRGBA{A: 255}}
	w := int(math.Ceil(f.width(f.o.Watermark, t) + f.px(watermarkGapX)))
	h := int(math.Ceil(f.px(watermarkLine)))
	// The letters are drawn black on white, which is what the text renderer can do, and read back as a mask.
	stamp := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range stamp.Pix {
		stamp.Pix[i] = 255
	}
	f.write(stamp, f.o.Watermark, f.px(watermarkGapX)/2, float64(h)/2, t)
	mask := make([]uint8, w*h)
	for i := range mask {
		mask[i] = 255 - stamp.Pix[4*i+1]
	}
	ink := f.o.Style.Text()
	sin, cos := math.Sincos(watermarkTurn)
	for y := f.top; y < f.o.HeightPx; y++ {
		row := m.Pix[m.PixOffset(0, y):]
		for x := range f.o.WidthPx {
			u, v := float64(x)*cos+float64(y)*sin, -float64(x)*sin+float64(y)*cos
			line := math.Floor(v / float64(h))
			v -= line * float64(h)
			u += float64(int(line)&1) * float64(w) / 2
			u -= math.Floor(u/float64(w)) * float64(w)
			a := sampled(mask, w, h, u, v) * watermarkWeight / 255
			if a == 0 {
				continue
			}
			p := row[4*x : 4*x+3]
			p[0], p[1], p[2] = mixed(p[0], ink.R, a), mixed(p[1], ink.G, a), mixed(p[2], ink.B, a)
		}
	}
}

func mixed(under, over uint8, a uint32) uint8 {
	return uint8((uint32(under)*(255-a) + uint32(over)*a + 127) / 255)
}

// sampled reads a mask between its pixels.
func sampled(mask []uint8, w, h int, u, v float64) uint32 {
	x, y := int(u), int(v)
	if x < 0 || y < 0 || x+1 >= w || y+1 >= h {
		return 0
	}
	i := y*w + x
	if mask[i]|mask[i+1]|mask[i+w]|mask[i+w+1] == 0 {
		return 0
	}
	fx, fy := u-float64(x), v-float64(y)
	top := float64(mask[i])*(1-fx) + float64(mask[i+1])*fx
	bottom := float64(mask[i+w])*(1-fx) + float64(mask[i+w+1])*fx
	return uint32(top*(1-fy) + bottom*fy + 0.5)
}
