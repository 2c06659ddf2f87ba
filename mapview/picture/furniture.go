package picture

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"github.com/fogleman/gg"

	"kuaitu/mapview"
)

// decorate puts everything but the map on the picture.
func (f *frame) decorate(m *image.RGBA, cam mapview.Camera) {
	dc := gg.NewContextForRGBA(m)
	if f.top > 0 {
		f.title(dc, m)
	}
	f.legend(dc, m, cam)
	f.scaleBar(dc, m, cam)
	f.north(dc, m)
	f.credit(dc, m)
}

// px are design pixels on this picture.
func (f *frame) px(v float64) float64 { return v * f.ratio }

func (f *frame) text(size float64, bold bool) mapview.Text {
	return mapview.Text{Size: f.px(size), Bold: bold, Color: f.o.Style.Text()}
}

func (f *frame) write(m *image.RGBA, s string, x, y float64, t mapview.Text) {
	f.o.Style.Fonts.Draw(m, s, x, y, t)
}

func (f *frame) width(s string, t mapview.Text) float64 { return f.o.Style.Fonts.Width(s, t) }

// title is a band with the title on the left and the date of the data on the right.
func (f *frame) title(dc *gg.Context, m *image.RGBA) {
	w := float64(f.o.WidthPx)
	dc.SetColor(f.o.Style.Paper())
	dc.DrawRectangle(0, 0, w, float64(f.top))
	dc.Fill()
	dc.SetColor(f.line())
	dc.DrawRectangle(0, float64(f.top)-f.px(1), w, f.px(1))
	dc.Fill()
	room := w - f.px(32)
	if f.o.AsOf != "" {
		t := f.text(13, false)
		t.Color = f.o.Style.TextQuiet()
		s := f.o.Words.AsOf + f.o.AsOf
		tw := f.width(s, t)
		f.write(m, s, w-f.px(16)-tw, f.px(35), t)
		room -= tw + f.px(16)
	}
	t := f.text(24, true)
	f.write(m, f.o.Style.Fonts.Cut(f.o.Title, t, math.Max(0, room)), f.px(16), f.px(37), t)
}

// line is the colour of edges of what lies on the map.
func (f *frame) line() color.NRGBA {
	c := f.o.Style.TextQuiet()
	c.A = 90
	return c
}

// panel draws a box for furniture.
func (f *frame) panel(dc *gg.Context, x, y, w, h float64) {
	paper := f.o.Style.Paper()
	paper.A = 250
	dc.SetColor(paper)
	dc.DrawRoundedRectangle(x, y, w, h, f.px(4))
	dc.Fill()
	dc.SetColor(f.line())
	dc.SetLineWidth(f.px(1))
	dc.DrawRoundedRectangle(x+0.5, y+0.5, w-1, h-1, f.px(4))
	dc.Stroke()
}

// legendRow is one line of the legend: a sample and what it means, or a heading.
type legendRow struct {
	text   string
	high   float64
	sample func(x, y, w, h float64) // nil: a heading
}

// legendRows lists the building uses, region lines and lights of events that are in view, each under its heading.
func (f *frame) legendRows(dc *gg.Context, m *image.RGBA, cam mapview.Camera) []legendRow {
	st, words := f.o.Style, f.o.Words
	var rows []legendRow
	heading := func(text string) {
		if text != "" {
			rows = append(rows, legendRow{text: text, high: f.px(24)})
		}
	}
	if uses := f.o.Scene.Uses(cam, st); len(uses) > 0 {
		heading(words.BuildingUses)
		for _, u := range uses {
			rows = append(rows, legendRow{words.Uses[u], f.px(22), func(x, y, w, h float64) { f.swatch(dc, u, x, y+f.px(4), w, h-f.px(8)) }})
		}
	}
	if levels := f.o.Scene.Levels(cam, st); len(levels) > 0 {
		heading(words.Borders)
		for _, l := range levels {
			rows = append(rows, legendRow{words.Levels[l], f.px(22), func(x, y, w, h float64) {
				c, lw, dash := st.RegionLine(l)
				dc.SetColor(c)
				dc.SetLineWidth(lw)
				dc.SetDash(dash...)
				dc.SetLineCap(gg.LineCapButt)
				dc.DrawLine(x, y+h/2, x+w, y+h/2)
				dc.Stroke()
				dc.SetDash()
			}})
		}
	}
	if lights := f.o.Scene.Lights(cam, st); len(lights) > 0 {
		heading(words.Events)
		for _, l := range lights {
			rows = append(rows, legendRow{words.Lights[l], f.px(27), func(x, y, w, h float64) { st.DrawMarker(m, x+w/2, y+h/2, l, mapview.IconDots) }})
		}
	}
	return rows
}

// legend explains what is in view, and nothing else, at the upper left of the map.
func (f *frame) legend(dc *gg.Context, m *image.RGBA, cam mapview.Camera) {
	rows := f.legendRows(dc, m, cam)
	if len(rows) == 0 {
		return
	}
	t, bold := f.text(13, false), f.text(13, true)
	pad, sample, gap := f.px(12), f.px(24), f.px(8)
	wide, h := 0.0, 2*f.px(8)
	for _, r := range rows {
		if r.sample == nil {
			wide = math.Max(wide, f.width(r.text, bold))
		} else {
			wide = math.Max(wide, sample+gap+f.width(r.text, t))
		}
		h += r.high
	}
	x, y := f.px(12), float64(f.top)+f.px(12)
	if y+h > float64(f.o.HeightPx)-f.px(60) {
		return // a small picture has no room for it
	}
	f.panel(dc, x, y, 2*pad+wide, h)
	at := y + f.px(8)
	for _, r := range rows {
		if base := at + r.high/2 + f.px(4.7); r.sample == nil {
			f.write(m, r.text, x+pad, base, bold)
		} else {
			r.sample(x+pad, at, sample, r.high)
			f.write(m, r.text, x+pad+sample+gap, base, t)
		}
		at += r.high
	}
}

// swatch is a sample of a building use.
func (f *frame) swatch(dc *gg.Context, u mapview.Use, x, y, w, h float64) {
	fill, edge, hatch := f.o.Style.Building(u)
	dc.SetColor(fill)
	dc.DrawRectangle(x, y, w, h)
	dc.Fill()
	dc.SetLineWidth(f.px(1))
	if hatch.A != 0 {
		dc.SetColor(hatch)
		dc.DrawRectangle(x, y, w, h)
		dc.Clip()
		for d := -h; d < w; d += f.px(5) {
			dc.DrawLine(x+d, y+h, x+d+h, y)
		}
		dc.Stroke()
		dc.ResetClip()
	}
	dc.SetColor(edge)
	dc.DrawRectangle(x+0.5, y+0.5, w-1, h-1)
	dc.Stroke()
}

// scaleLength is the roundest length (1, 2 or 5 times a power of ten, metres) that is at most longest metres.
func scaleLength(longest float64) float64 {
	if !(longest > 0) {
		return 0
	}
	power := math.Pow(10, math.Floor(math.Log10(longest)))
	for _, k := range [...]float64{5, 2, 1} {
		if k*power <= longest {
			return k * power
		}
	}
	return power
}

// scaleBar is a length on the ground at the middle of the map, at its lower left.
func (f *frame) scaleBar(dc *gg.Context, m *image.RGBA, cam mapview.Camera) {
	perPx := cam.MetresPerPixel()
	length := scaleLength(perPx * f.px(140))
	if length == 0 {
		return
	}
	label := fmt.Sprintf("%g %s", length, f.o.Words.Metres)
	if length >= 1000 {
		label = fmt.Sprintf("%g %s", length/1000, f.o.Words.Kilometres)
	}
	t := f.text(12, false)
	t.Halo = f.o.Style.Paper()
	w := length / perPx
	x, y := f.px(16), float64(f.o.HeightPx)-f.px(18)
	for _, pass := range [2]struct {
		c     color.NRGBA
		width float64
	}{{f.o.Style.Paper(), f.px(5)}, {f.o.Style.Text(), f.px(2)}} {
		dc.SetColor(pass.c)
		dc.SetLineWidth(pass.width)
		dc.SetLineCap(gg.LineCapSquare)
		dc.MoveTo(x, y-f.px(7))
		dc.LineTo(x, y)
		dc.LineTo(x+w, y)
		dc.LineTo(x+w, y-f.px(7))
		dc.Stroke()
	}
	f.write(m, label, x+w+f.px(10), y+f.px(1), t)
}

// north is an arrow at the upper right: these maps always have north at the top.
func (f *frame) north(dc *gg.Context, m *image.RGBA) {
	x, y := float64(f.o.WidthPx)-f.px(34), float64(f.top)+f.px(16)
	half, tall := f.px(9), f.px(30)
	arrow := func() {
		dc.MoveTo(x, y)
		dc.LineTo(x+half, y+tall)
		dc.LineTo(x, y+tall*0.76)
		dc.LineTo(x-half, y+tall)
		dc.ClosePath()
	}
	dc.SetColor(f.o.Style.Paper())
	dc.SetLineWidth(f.px(4))
	arrow()
	dc.Stroke()
	dc.SetColor(f.o.Style.Text())
	arrow()
	dc.Fill()
	t := f.text(13, true)
	t.Halo = f.o.Style.Paper()
	f.write(m, f.o.Words.North, x-f.width(f.o.Words.North, t)/2, y+tall+f.px(16), t)
}

// credit names the sources at the lower right.
func (f *frame) credit(dc *gg.Context, m *image.RGBA) {
	s := f.credits()
	if s == "" {
		return
	}
	t := f.text(11, false)
	t.Color = f.o.Style.TextQuiet()
	s = f.o.Style.Fonts.Cut(s, t, math.Max(f.px(60), float64(f.o.WidthPx)*0.6))
	w := f.width(s, t)
	x, y := float64(f.o.WidthPx)-w-f.px(16), float64(f.o.HeightPx)-f.px(28)
	paper := f.o.Style.Paper()
	paper.A = 215
	dc.SetColor(paper)
	dc.DrawRectangle(x-f.px(6), y, w+f.px(12), f.px(20))
	dc.Fill()
	f.write(m, s, x, y+f.px(14), t)
}
