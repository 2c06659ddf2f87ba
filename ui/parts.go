package ui

import (
	"image/color"

	"kuaitu/ui/state"
)

func (p *pen) body() style    { return style{size: sizeBody, ink: p.pal.text1} }
func (p *pen) second() style  { return style{size: sizeBody, ink: p.pal.text2} }
func (p *pen) small() style   { return style{size: sizeSmall, ink: p.pal.text3} }
func (p *pen) heading() style { return style{size: sizeHeading, bold: true, ink: p.pal.text1} }

// hline draws a horizontal line of one unit.
func (p *pen) hline(x, y, w float32) { p.rect(x, y, w, 1, p.pal.line) }

// vline draws a vertical line of one unit.
func (p *pen) vline(x, y, h float32) { p.rect(x, y, 1, h, p.pal.line) }

// buttonWidth is how wide a button with that icon (none when name is empty) and label wants to be.
func (p *pen) buttonWidth(name, label string) float32 {
	w := float32(24)
	if name != "" {
		w += 16
		if label != "" {
			w += 6
		}
	}
	return round(w + p.width(label, p.body()))
}

// buttonAt draws a button with an optional icon and key. The main button of a region is filled; a nil tap draws it as
// switched off.
func (p *pen) buttonAt(x, y, w, h float32, id, name, label, key string, main bool, tap func()) {
	fill, edge, ink := p.pal.raised, p.pal.strong, p.pal.text1
	switch {
	case tap == nil:
		fill, edge, ink = p.pal.sunk, p.pal.line, p.pal.text3
	case main:
		fill, edge, ink = p.pal.accent, p.pal.accent, p.pal.onAccent
	case p.hot(id):
		fill = p.pal.hover
	}
	p.box(x, y, w, h, fill, edge, 4)
	st := style{size: sizeBody, bold: main, ink: ink}
	inner := p.width(label, st)
	if name != "" {
		inner += 16
		if label != "" {
			inner += 6
		}
	}
	ks := style{size: sizeSmall, ink: ink}
	if key != "" {
		inner += 6 + p.width(key, ks)
	}
	at := round(x + (w-inner)/2)
	if name != "" {
		p.icon(name, at, y+h/2, 16, ink)
		at += 22
	}
	at += p.text(at, y+h/2, label, st)
	if key != "" {
		p.text(at+6, y+h/2, key, ks)
	}
	p.hit(x, y, w, h, id, "", tap)
}

// chip draws a small frame with text, 22 high, and returns its width. A light before the text is optional; an id that is
// not empty makes it a switch.
func (p *pen) chip(x, y float32, id string, l state.Light, text string, on bool, tap func()) float32 {
	st := style{size: sizeSmall, ink: p.pal.text1}
	w := 16 + p.width(text, st)
	if l != state.NoLight {
		w += 18
	}
	w = round(w)
	fill, edge := p.pal.raised, p.pal.line
	if id == "" {
		fill, edge = p.pal.panel, p.pal.strong
		st.ink = p.pal.text2
	}
	if on {
		fill, edge, st.ink = p.pal.tint, p.pal.accent, p.pal.accent
	} else if id != "" && p.hot(id) {
		fill = p.pal.hover
	}
	p.box(x, y, w, 22, fill, edge, 3)
	at := x + 8
	if l != state.NoLight {
		p.light(l, at, y+11, 12)
		at += 18
	}
	p.text(at, y+11, text, st)
	if id != "" {
		p.hit(x, y, w, 22, id, "", tap)
	}
	return w
}

// clockBar draws the used share of a time limit, w wide and 4 high.
func (p *pen) clockBar(b state.ClockBar, x, cy, w float32) {
	y := round(cy - 2)
	at := func(share float64) float32 { return round(float32(share) * w) }
	bar := func(from, to float32, ink color.NRGBA) {
		if to > from {
			p.rect(x+from, y, to-from, 4, ink)
		}
	}
	switch {
	case b.Light.Urgent():
		bar(0, at(b.Limit), p.pal.redPale)
		bar(at(b.Limit), w, p.pal.redFill)
		p.rect(x+at(b.Limit)-1, y-2, 2, 8, p.pal.text1)
	case b.Light == state.Stopped:
		bar(0, w, p.pal.line)
		bar(0, at(b.Used), p.pal.strong)
		p.rect(x+at(b.Used)-2, y-2, 2, 8, p.pal.text3)
		p.rect(x+at(b.Used)+2, y-2, 2, 8, p.pal.text3)
	default:
		bar(0, w, p.pal.line)
		ink := p.pal.light(b.Light)
		if b.Light == state.Done {
			ink = p.pal.strong
		}
		bar(0, at(b.Used), ink)
		if b.Limit > 0 {
			p.rect(x+at(b.Limit), y-1, 1, 6, p.pal.text3)
		}
	}
}

// tick draws a check box 14 units square with its middle at cy.
func (p *pen) tick(x, cy float32, t state.Tick, dim bool) {
	y := round(cy - 7)
	edge := p.pal.accent
	if t == state.TickOff || dim {
		edge = p.pal.text3
	}
	p.boxed(x, y, 14, 14, p.pal.raised, edge, 2, 1.4)
	switch t {
	case state.TickOn:
		p.icon("check", x+2, cy, 10, p.pal.accent)
	case state.TickSome:
		p.rect(x+3.5, round(cy)-1, 7, 2, p.pal.accent)
	}
}

// notice writes an empty, waiting or failed state in the middle of the area.
func (p *pen) notice(x, y, w, h float32, n state.Notice) {
	if n.IsZero() {
		return
	}
	inner := min(w-32, 420)
	left := round(x + (w-inner)/2)
	top := y + max(8, h/2-40)
	if h < 80 {
		p.fit(x+12, y+h/2, w-24, n.Title+" "+n.Text, p.second())
		return
	}
	if n.Bad {
		p.icon("alert-octagon", left, top+10, 18, p.pal.red)
		p.text(left+26, top+10, n.Title, p.heading())
	} else {
		p.text(left, top+10, n.Title, p.heading())
	}
	used := p.wrap(left, top+26, inner, 20, 3, n.Text, p.second())
	if n.Code != "" {
		p.text(left, top+38+used, p.lang.T("fail.code", n.Code), p.small())
	}
}

// scrollBar draws where a list stands: rows first…first+shown of all.
func (p *pen) scrollBar(x, y, h float32, first, shown, all int) {
	if all <= shown || all == 0 {
		return
	}
	bar := max(24, h*float32(shown)/float32(all))
	top := (h - bar) * float32(first) / float32(max(1, all-shown))
	p.box(x, round(y+top), 4, round(bar), p.pal.strong, color.NRGBA{}, 2)
}
