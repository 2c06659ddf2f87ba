package ui

import (
	"image/color"
	"math"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"kuaitu/ui/state"
)

// sheet is a widget that draws itself from a function, whenever Refresh is called or its size changes. What can be
// clicked is named while drawing (pen.hit), so drawing and behaviour cannot drift apart.
type sheet struct {
	widget.BaseWidget
	win     *Window
	draw    func(p *pen, w, h float32)
	min     fyne.Size
	fill    func(*palette) color.NRGBA // background; nil is the panel colour
	scroll  func(dy float32)           // wheel, in device-independent units; nil passes
	key     func(fyne.KeyName) bool    // keys when focused; nil makes the sheet unfocusable by tapping
	menu    func(at fyne.Position)     // right click
	focused bool

	self    fyne.Focusable // the widget that this is part of; the sheet itself when it stands alone
	pen     *pen
	painted fyne.Size // size for which it was drawn last
	baked   *bake     // what is shown instead of the pen's objects; nil while the sheet changes
	hovered string
}

// objects are what is shown.
func (s *sheet) objects() []fyne.CanvasObject {
	if s.baked != nil {
		return s.baked.objects
	}
	return s.pen.objects
}

func newSheet(w *Window, draw func(p *pen, w, h float32)) *sheet {
	s := &sheet{}
	s.init(w, draw)
	s.self = s
	s.ExtendBaseWidget(s)
	return s
}

// init prepares a sheet that is part of another widget, which sets self and extends the base widget.
func (s *sheet) init(w *Window, draw func(p *pen, w, h float32)) {
	s.win, s.draw = w, draw
	s.pen = &pen{sheet: s, free: map[inkKey][]fyne.CanvasObject{}, used: map[inkKey][]fyne.CanvasObject{}}
}

// CreateRenderer implements fyne.Widget.
func (s *sheet) CreateRenderer() fyne.WidgetRenderer { return &sheetRenderer{s} }

type sheetRenderer struct{ s *sheet }

func (r *sheetRenderer) Layout(size fyne.Size)        { r.s.laidOut(size) }
func (r *sheetRenderer) MinSize() fyne.Size           { return r.s.min }
func (r *sheetRenderer) Refresh()                     { r.s.paint() }
func (r *sheetRenderer) Objects() []fyne.CanvasObject { return r.s.objects() }
func (r *sheetRenderer) Destroy()                     {}

// laidOut paints for a new size. Fyne also lays a widget out when it meets other objects in it than in the frame before;
// painting then would give it new ones again, and the window would never rest.
func (s *sheet) laidOut(size fyne.Size) {
	if size != s.painted {
		s.paint()
	}
}

// paint draws anew. Objects that look as before are used again, so their textures stay on the graphics card.
func (s *sheet) paint() {
	size := s.Size()
	if size.Width <= 0 || size.Height <= 0 {
		return
	}
	s.painted = size
	p := s.pen
	p.begin(s.win.pal, s.win.lang)
	fill := s.win.pal.panel
	if s.fill != nil {
		fill = s.fill(s.win.pal)
	}
	base := p.rect(0, 0, size.Width, size.Height, fill)
	s.draw(p, size.Width, size.Height)
	p.end()
	s.win.bakery.painted(s)
	base.Refresh() // marks the window dirty without dropping any texture of ours
}

// Tapped implements fyne.Tappable.
func (s *sheet) Tapped(e *fyne.PointEvent) {
	if s.key != nil {
		s.win.focus(s.self)
	}
	if h := s.pen.at(e.Position); h != nil && h.tap != nil {
		h.tap()
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (s *sheet) TappedSecondary(e *fyne.PointEvent) {
	if s.menu != nil {
		s.menu(e.AbsolutePosition)
	}
}

// MouseIn implements desktop.Hoverable.
func (s *sheet) MouseIn(e *desktop.MouseEvent) { s.MouseMoved(e) }

// MouseMoved implements desktop.Hoverable.
func (s *sheet) MouseMoved(e *desktop.MouseEvent) {
	id, tip := "", ""
	if h := s.pen.at(e.Position); h != nil {
		id, tip = h.id, h.tip
	}
	if id == s.hovered {
		return
	}
	s.hovered = id
	s.paint()
	s.win.tip(tip, e.AbsolutePosition)
}

// MouseOut implements desktop.Hoverable.
func (s *sheet) MouseOut() {
	if s.hovered != "" {
		s.hovered = ""
		s.paint()
	}
	s.win.tip("", fyne.Position{})
}

// Cursor implements desktop.Cursorable.
func (s *sheet) Cursor() desktop.Cursor {
	if s.hovered != "" {
		if h := s.pen.named(s.hovered); h != nil && h.tap != nil {
			return desktop.PointerCursor
		}
	}
	return desktop.DefaultCursor
}

// Scrolled implements fyne.Scrollable.
func (s *sheet) Scrolled(e *fyne.ScrollEvent) {
	if s.scroll != nil {
		s.scroll(e.Scrolled.DY)
	}
}

// FocusGained implements fyne.Focusable.
func (s *sheet) FocusGained() { s.focused = true; s.paint() }

// FocusLost implements fyne.Focusable.
func (s *sheet) FocusLost() { s.focused = false; s.paint() }

// TypedRune implements fyne.Focusable.
func (s *sheet) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (s *sheet) TypedKey(e *fyne.KeyEvent) {
	if s.key == nil || !s.key(e.Name) {
		s.win.typedKey(e)
	}
}

// pen draws a sheet: each call puts one thing on top of what is there. Positions are device-independent units from the
// sheet's upper left corner; texts are placed by the middle of their line.
type pen struct {
	sheet   *sheet
	pal     *palette
	lang    *state.Lang
	objects []fyne.CanvasObject
	free    map[inkKey][]fyne.CanvasObject // drawn the last time and not yet used again
	used    map[inkKey][]fyne.CanvasObject
	hits    []hit
}

// inkKey tells objects apart that look different. Objects with equal keys may be exchanged.
type inkKey struct {
	kind byte // 'r' rectangle, 't' text, 'i' image, 'l' line
	text string
	size float32
	bold bool
	fill color.NRGBA
	edge color.NRGBA
}

type hit struct {
	x, y, w, h float32
	id, tip    string
	tap        func()
}

func (p *pen) begin(pal *palette, lang *state.Lang) {
	p.pal, p.lang = pal, lang
	p.objects, p.hits = nil, p.hits[:0] // a new slice: the painter may still walk the old one
}

func (p *pen) end() {
	p.free, p.used = p.used, p.free
	clear(p.used)
}

func (p *pen) take(k inkKey, fresh func() fyne.CanvasObject) fyne.CanvasObject {
	var o fyne.CanvasObject
	if list := p.free[k]; len(list) > 0 { // in the order they were used, so that an unchanged sheet keeps its objects in place
		o, p.free[k] = list[0], list[1:]
	} else {
		o = fresh()
	}
	p.used[k] = append(p.used[k], o)
	p.objects = append(p.objects, o)
	return o
}

func (p *pen) rect(x, y, w, h float32, fill color.NRGBA) *canvas.Rectangle {
	return p.box(x, y, w, h, fill, color.NRGBA{}, 0)
}

// box draws a rectangle with a 1-unit edge (none when edge is transparent) and rounded corners.
func (p *pen) box(x, y, w, h float32, fill, edge color.NRGBA, radius float32) *canvas.Rectangle {
	return p.boxed(x, y, w, h, fill, edge, radius, 1)
}

func (p *pen) boxed(x, y, w, h float32, fill, edge color.NRGBA, radius, stroke float32) *canvas.Rectangle {
	o := p.take(inkKey{kind: 'r', fill: fill, edge: edge, size: radius*16 + stroke}, func() fyne.CanvasObject {
		r := canvas.NewRectangle(fill)
		r.CornerRadius = radius
		if edge.A > 0 {
			r.StrokeColor, r.StrokeWidth = edge, stroke
		}
		return r
	}).(*canvas.Rectangle)
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(w, h))
	return o
}

// stroke draws a line of one unit.
func (p *pen) stroke(x1, y1, x2, y2 float32, ink color.NRGBA) {
	o := p.take(inkKey{kind: 'l', fill: ink}, func() fyne.CanvasObject {
		l := canvas.NewLine(ink)
		l.StrokeWidth = 1
		return l
	}).(*canvas.Line)
	o.Position1, o.Position2 = fyne.NewPos(x1, y1), fyne.NewPos(x2, y2)
}

// style is how a text looks.
type style struct {
	size float32
	bold bool
	ink  color.NRGBA
}

func (p *pen) width(s string, st style) float32 {
	return p.sheet.win.measure(s, st.size, st.bold).Width
}

// text writes s from x to the right with the middle of its line at cy, and returns its width.
func (p *pen) text(x, cy float32, s string, st style) float32 {
	if s == "" {
		return 0
	}
	size := p.sheet.win.measure(s, st.size, st.bold)
	o := p.take(inkKey{kind: 't', text: s, size: st.size, bold: st.bold, fill: st.ink}, func() fyne.CanvasObject {
		t := canvas.NewText(s, st.ink)
		t.TextSize, t.TextStyle.Bold = st.size, st.bold
		return t
	})
	o.Resize(size)
	// The middle of Han characters lies 0.056 em below the middle of the face's line.
	o.Move(fyne.NewPos(x, round(cy-size.Height/2-0.056*st.size-0.4)))
	return size.Width
}

// right writes s so that it ends at x.
func (p *pen) right(x, cy float32, s string, st style) float32 {
	w := p.width(s, st)
	p.text(round(x-w), cy, s, st)
	return w
}

// center writes s around x.
func (p *pen) center(x, cy float32, s string, st style) {
	p.text(round(x-p.width(s, st)/2), cy, s, st)
}

// fit writes s within w units, cut off at the end with an ellipsis when it is too long. It reports whether it was cut.
func (p *pen) fit(x, cy, w float32, s string, st style) (cut bool) {
	short := p.cut(s, w, st, false)
	p.text(x, cy, short, st)
	return short != s
}

// fitFront is fit for addresses: the front is cut off, the house and room stay.
func (p *pen) fitFront(x, cy, w float32, s string, st style) (cut bool) {
	short := p.cut(s, w, st, true)
	p.text(x, cy, short, st)
	return short != s
}

func (p *pen) cut(s string, w float32, st style, front bool) string {
	if p.width(s, st) <= w {
		return s
	}
	runes := []rune(s)
	lo, hi := 0, len(runes) // how many runes may stay
	for lo < hi {
		n := (lo + hi + 1) / 2
		if p.width(ellipsis(runes, n, front), st) <= w {
			lo = n
		} else {
			hi = n - 1
		}
	}
	if lo == 0 {
		return ""
	}
	return ellipsis(runes, lo, front)
}

func ellipsis(runes []rune, n int, front bool) string {
	if front {
		return "…" + string(runes[len(runes)-n:])
	}
	return strings.TrimRight(string(runes[:n]), " ·，、") + "…"
}

// wrap writes s in lines of at most w units from the top y, breaking between Han characters and at blanks, and returns
// the height used. Lines are lh apart; after limit lines (0: any number) the rest is cut off.
func (p *pen) wrap(x, y, w, lh float32, limit int, s string, st style) float32 {
	lines := breakLines(s, func(t string) bool { return p.width(t, st) <= w })
	if limit > 0 && len(lines) > limit {
		rest := strings.Join(lines[limit-1:], "")
		lines = append(lines[:limit-1], p.cut(rest, w, st, false))
	}
	for i, line := range lines {
		p.text(x, y+lh*(float32(i)+0.5), line, st)
	}
	return lh * float32(len(lines))
}

// icon draws an icon of assets with its left edge at x and its middle at cy.
func (p *pen) icon(name string, x, cy, size float32, ink color.NRGBA) {
	res := newIcon(name, ink, size, p.sheet.win.scale())
	o := p.take(inkKey{kind: 'i', text: res.Name(), size: size}, func() fyne.CanvasObject {
		i := canvas.NewImageFromResource(res)
		i.FillMode = canvas.ImageFillContain
		return i
	})
	o.Resize(fyne.NewSize(size, size))
	o.Move(fyne.NewPos(x, round(cy-size/2)))
}

var lightIcons = map[state.Light]string{
	state.Done: "light-tick", state.InTime: "light-ring", state.Stopped: "light-bars",
	state.Near: "light-triangle", state.Late: "light-diamond", state.Urged: "light-diamond2",
}

// light draws the sign of a light.
func (p *pen) light(l state.Light, x, cy, size float32) {
	if name, ok := lightIcons[l]; ok {
		p.icon(name, x, cy, size, p.pal.light(l))
	}
}

// hit names an area that can be pointed at and, when tap is not nil, clicked. Later ones lie on top.
func (p *pen) hit(x, y, w, h float32, id, tip string, tap func()) {
	p.hits = append(p.hits, hit{x, y, w, h, id, tip, tap})
}

// hot reports whether the mouse is over the area with that name.
func (p *pen) hot(id string) bool { return p.sheet.hovered == id }

func (p *pen) at(pos fyne.Position) *hit {
	for i := len(p.hits) - 1; i >= 0; i-- {
		h := &p.hits[i]
		if pos.X >= h.x && pos.X < h.x+h.w && pos.Y >= h.y && pos.Y < h.y+h.h {
			return h
		}
	}
	return nil
}

func (p *pen) named(id string) *hit {
	for i := range p.hits {
		if p.hits[i].id == id {
			return &p.hits[i]
		}
	}
	return nil
}

// texts returns every text on the sheet, for tests.
func (s *sheet) texts() []string {
	var out []string
	for _, o := range s.pen.objects {
		if t, ok := o.(*canvas.Text); ok {
			out = append(out, t.Text)
		}
	}
	return out
}

func round(v float32) float32 { return float32(math.Round(float64(v))) }

// breakLines breaks a paragraph so that fits holds for every line: at blanks between Latin words, anywhere between Han
// characters, but never before a closing mark.
func breakLines(s string, fits func(string) bool) []string {
	var lines []string
	for para := range strings.SplitSeq(s, "\n") {
		line := ""
		for _, word := range pieces(para) {
			switch {
			case line == "" || fits(line+strings.TrimRight(word, " ")):
				line += word
			default:
				lines = append(lines, strings.TrimRight(line, " "))
				line = word
			}
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}

const noLineStart = "，。；：！？、）》〉”’】」』…·,.;:!?)]}%"

// pieces cuts a text into what may not be broken: a Latin word with its blanks, a Han character with closing marks.
func pieces(s string) []string {
	var out []string
	var cur strings.Builder
	latin := false
	for _, r := range s {
		closing := strings.ContainsRune(noLineStart, r)
		isLatin := r < 0x2000 && r != ' '
		switch {
		case cur.Len() == 0, closing, r == ' ', isLatin && latin && !strings.HasSuffix(cur.String(), " "):
		default:
			out = append(out, cur.String())
			cur.Reset()
		}
		cur.WriteRune(r)
		latin = isLatin || (latin && (closing || r == ' '))
	}
	if cur.Len() > 0 {
		out = append(out, cur.String())
	}
	return out
}
