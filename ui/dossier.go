package ui

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"kuaitu/ui/state"
)

// drawWholeDossier draws a dossier in two columns: facts at the left, figures and history at the right. at is the offset,
// mended when it is too large.
func (w *Window) drawWholeDossier(p *pen, width, h float32, d state.Dossier, at *float32) {
	const pad = 16
	small := style{size: sizeSmall, ink: p.pal.text2}
	half := round(width / 2)
	y := 8 - *at
	p.text(pad, y+10, d.Heading(w.lang)+"  "+state.GroupCode(d.Code), small)
	y += 22
	y += p.wrap(pad, y, width-2*pad, 18, 3, d.Place, small)
	for _, a := range d.Aliases {
		p.fit(pad, y+9, width-2*pad, a, small)
		y += 18
	}
	y += 8
	p.hline(0, y, width)
	top := y
	for _, s := range d.Sections {
		p.text(pad, y+19, w.lang.Of(s.Head), p.heading())
		p.right(half-pad, y+19, w.lang.Of(s.Note), small)
		y += 32
		col := w.factColumn(p, s.Facts)
		for _, f := range s.Facts {
			y += w.drawFact(p, y, half, col, f)
		}
		y += 8
	}
	end := y
	y = top
	for i, f := range d.Figures {
		x := half + float32(i%3)*round((width-half)/3)
		w.drawFigure(p, x+12, y, f)
		if i%3 == 2 || i == len(d.Figures)-1 {
			y += 63
			p.hline(half, y, width-half)
		}
	}
	for _, m := range d.Past {
		p.text(half+12, y+14, w.lang.Time(m.At, w.now()), small)
		p.right(width-pad, y+14, m.By, small)
		st := p.body()
		if m.Urgent {
			st.ink = p.pal.red
		}
		y += 24 + p.wrap(half+12, y+24, width-half-12-pad, 20, 3, w.lang.Of(m.Text), st)
	}
	end = max(end, y)
	p.vline(half, top, max(h, end)-top)
	if over := end + *at - h; *at > max(0, over) {
		*at = max(0, over)
	}
}

// Colours of the room table's cells: design §5.
var cellColours = map[state.Cell]struct{ light, dark color.NRGBA }{
	state.CellOwn:        {rgb(0xDCE7F0), rgb(0x2A3A47)},
	state.CellLet:        {rgb(0xF2E2C4), rgb(0x4A3F2C)},
	state.CellEmpty:      {rgb(0xFFFFFF), rgb(0x191E23)},
	state.CellShop:       {rgb(0xDDD3EC), rgb(0x3B3450)},
	state.CellUnverified: {rgb(0xFFF7E3), rgb(0x3A3423)},
	state.CellFacility:   {rgb(0xE6E8EA), rgb(0x2B3035)},
}

// drawMatrix draws the 楼盘表 in small, as one picture, and returns the y below it.
func (w *Window) drawMatrix(p *pen, y, width float32, m *state.Matrix) float32 {
	const pad = 16
	p.text(pad, y+20, w.lang.T("dossier.matrix"), p.heading())
	p.right(width-pad, y+20, w.lang.Of(m.Note), style{size: sizeSmall, ink: p.pal.text2})
	y += 36
	rowH := float32(12)
	if len(m.Floors) > 24 {
		rowH = max(4, 288/float32(len(m.Floors)))
	}
	label := style{size: sizeMicro, ink: p.pal.text3}
	every := max(1, int(60/rowH))
	for i, f := range m.Floors {
		if i%every == 0 || i >= len(m.Floors)-1 {
			p.right(pad+30, y+(float32(i)+0.5)*rowH, f.Name, label)
		}
	}
	x, tw := float32(pad+38), width-2*pad-38
	th := rowH * float32(len(m.Floors))
	img := matrixImage(m, int(tw*2), int(th*2), p.pal)
	pic := canvas.NewImageFromImage(img)
	pic.FillMode = canvas.ImageFillStretch
	pic.Move(fyne.NewPos(x, y))
	pic.Resize(fyne.NewSize(tw, th))
	p.objects = append(p.objects, pic)
	y += th + 12
	p.hline(0, y, width)
	return y
}

// matrixImage paints the cells at two pixels a unit: one raster, never a Fyne object for a cell.
func matrixImage(m *state.Matrix, width, height int, pal *palette) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, max(width, 1), max(height, 1)))
	cols := 0
	for _, f := range m.Floors {
		cols = max(cols, len(f.Cells))
	}
	if cols == 0 || len(m.Floors) == 0 {
		return img
	}
	gaps := max(0, len(m.Groups)-1)
	cellW := float64(width-gaps*14) / float64(cols)
	rowH := float64(height) / float64(len(m.Floors))
	for i, f := range m.Floors {
		col, group, inGroup := 0, 0, 0
		for _, c := range f.Cells {
			x0 := float64(col)*cellW + float64(group*14)
			r := image.Rect(int(x0), int(float64(i)*rowH), int(x0+cellW)-2, int(float64(i+1)*rowH)-2)
			paintCell(img, r, c, pal)
			col++
			inGroup++
			if group < len(m.Groups) && inGroup == m.Groups[group] {
				group, inGroup = group+1, 0
			}
		}
	}
	return img
}

func paintCell(img *image.RGBA, r image.Rectangle, c state.Cell, pal *palette) {
	pair, ok := cellColours[c]
	if !ok {
		return
	}
	fill, edge := pair.light, pal.strong
	if pal.dark {
		fill = pair.dark
	}
	if c == state.CellUnverified {
		edge = pal.amber
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			dx, dy := x-r.Min.X, y-r.Min.Y
			border := dx < 1 || dy < 1 || x >= r.Max.X-1 || y >= r.Max.Y-1
			ink := fill
			switch {
			case border && c == state.CellEmpty && (dx+dy)%6 > 3: // dashed
			case border, c == state.CellShop && dx%8 == 4:
				ink = edge
			case c == state.CellLet && (dx+dy)%12 == 0:
				ink = rgb(0xC9A45C)
			case c == state.CellUnverified && dx > r.Dx()-9 && dy < 9-(r.Dx()-dx):
				ink = pal.amber
			}
			img.SetRGBA(x, y, color.RGBA{R: ink.R, G: ink.G, B: ink.B, A: 0xff})
		}
	}
}
