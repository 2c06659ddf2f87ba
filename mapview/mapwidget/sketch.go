package mapwidget

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"kuaitu/mapview"
)

// sketch shows what is being drawn, as canvas objects over the map, with a text beside the pointer.
type sketch struct {
	lines  []*canvas.Line
	dots   []*canvas.Circle
	box    *canvas.Rectangle
	circle *canvas.Circle
	paper  *canvas.Rectangle // under the text
	text   *canvas.Text
	target [2]*canvas.Circle // of a place somebody went to
}

const (
	dotSize     = 8
	textOffset  = 16 // of the text from the pointer
	textPad     = 6
	firstSketch = 16 // lines and dots there are at first
	targetSize  = 28
)

func newSketch() *sketch {
	s := &sketch{
		box: canvas.NewRectangle(color.Transparent), circle: canvas.NewCircle(color.Transparent),
		paper: canvas.NewRectangle(color.Transparent), text: canvas.NewText("", color.Black),
		target: [2]*canvas.Circle{canvas.NewCircle(color.Transparent), canvas.NewCircle(color.Transparent)},
	}
	s.box.StrokeWidth, s.circle.StrokeWidth = 1.5, 1.5
	s.paper.StrokeWidth, s.paper.CornerRadius = 1, 3
	s.text.TextSize = 13
	s.target[0].StrokeWidth, s.target[1].StrokeWidth = 5, 2.5
	s.fit(firstSketch)
	for _, o := range s.objects() {
		o.Hide()
	}
	return s
}

// fit makes objects for so many points; it answers whether there are any to arrange.
func (s *sketch) fit(n int) bool {
	had := len(s.lines)
	for len(s.lines) < n {
		l := canvas.NewLine(color.Black)
		l.StrokeWidth = 2
		l.Hide()
		d := canvas.NewCircle(color.White)
		d.StrokeWidth = 2
		d.Resize(fyne.NewSquareSize(dotSize))
		d.Hide()
		s.lines, s.dots = append(s.lines, l), append(s.dots, d)
	}
	return len(s.lines) > had
}

func (s *sketch) objects() []fyne.CanvasObject {
	out := []fyne.CanvasObject{s.box, s.circle}
	for _, l := range s.lines {
		out = append(out, l)
	}
	for _, d := range s.dots {
		out = append(out, d)
	}
	return append(out, s.target[0], s.target[1], s.paper, s.text)
}

func (s *sketch) colour(st *mapview.Style) {
	accent := st.Accent()
	for i, l := range s.lines {
		l.StrokeColor = accent
		s.dots[i].FillColor, s.dots[i].StrokeColor = st.Paper(), accent
	}
	s.target[0].StrokeColor, s.target[1].StrokeColor = st.Paper(), accent
	s.box.StrokeColor, s.circle.StrokeColor, s.paper.StrokeColor = accent, accent, accent
	s.paper.FillColor, s.text.Color = st.Paper(), st.Text()
	accent.A = 30
	s.box.FillColor, s.circle.FillColor = accent, accent
}

// place draws the map's drawing where it is now.
func (s *sketch) place(m *Map) {
	path := m.drawing.path()
	f := m.tool.form()
	if m.drawing.zoom {
		f = formBox
	}
	at := make([]fyne.Position, len(path))
	for i, p := range path {
		at[i] = m.ToPosition(p)
	}
	two := len(path) >= 2
	show(s.box, f == formBox && two)
	show(s.circle, f == formCircle && two)
	lines := 0
	switch {
	case !two:
	case f == formBox:
		a, b := at[0], at[1]
		s.box.Move(fyne.NewPos(min(a.X, b.X), min(a.Y, b.Y)))
		s.box.Resize(fyne.NewSize(max(a.X, b.X)-min(a.X, b.X), max(a.Y, b.Y)-min(a.Y, b.Y)))
	case f == formCircle:
		r := float32(math.Hypot(float64(at[1].X-at[0].X), float64(at[1].Y-at[0].Y)))
		s.circle.Move(at[0].SubtractXY(r, r))
		s.circle.Resize(fyne.NewSquareSize(2 * r))
		fallthrough // and its radius
	default:
		lines = len(at) - 1
		for i := range lines {
			s.line(i, at[i], at[i+1])
		}
		if f == formRing && len(at) > 2 {
			s.line(lines, at[len(at)-1], at[0])
			lines++
		}
	}
	for i, l := range s.lines {
		show(l, i < lines)
	}
	dots := len(m.drawing.points)
	if f == formBox {
		dots = 0
	}
	for i, d := range s.dots {
		show(d, i < dots)
		if i < dots {
			d.Move(at[i].SubtractXY(dotSize/2, dotSize/2))
		}
	}
	s.say(m, at)
	for _, c := range s.target {
		show(c, m.targetOn)
		if size := float32(targetSize); m.targetOn {
			c.Resize(fyne.NewSquareSize(size))
			c.Move(m.ToPosition(m.targetAt).SubtractXY(size/2, size/2))
		}
	}
}

func (s *sketch) line(i int, a, b fyne.Position) {
	s.lines[i].Position1, s.lines[i].Position2 = a, b
}

// say writes the read-out beside the last point; where there is no room, on its other side.
func (s *sketch) say(m *Map, at []fyne.Position) {
	text := ""
	if m.tool.measures() && len(at) > 0 && !m.drawing.zoom {
		text = m.readOut(m.measured)
	} else if m.tool == ToolSelectRadius && len(at) == 2 {
		text = metres(m.radius())
	}
	show(s.paper, text != "")
	show(s.text, text != "")
	if text == "" {
		return
	}
	if s.text.Text != text {
		s.text.Text = text
		s.text.Refresh()
	}
	size := s.text.MinSize().AddWidthHeight(2*textPad, textPad)
	pos := at[len(at)-1].AddXY(textOffset, textOffset)
	if pos.X+size.Width > m.Size().Width {
		pos.X -= size.Width + 2*textOffset
	}
	if pos.Y+size.Height > m.Size().Height {
		pos.Y -= size.Height + 2*textOffset
	}
	s.paper.Move(pos)
	s.paper.Resize(size)
	s.text.Move(pos.AddXY(textPad, textPad/2))
}

func show(o fyne.CanvasObject, on bool) {
	if on == o.Visible() {
		return
	}
	if on {
		o.Show()
	} else {
		o.Hide()
	}
}
