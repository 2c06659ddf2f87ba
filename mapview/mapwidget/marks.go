package mapwidget

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"github.com/paulmach/orb"

	"kuaitu/mapview"
)

// Mark is one of the few things that lie over the map as objects of their own: a ring that blinks until its event is
// acknowledged, or a callout with a title and a line of detail.
type Mark struct {
	At            orb.Point // degrees
	Blink         bool      // a ring that comes and goes once a second
	Title, Detail string    // a callout, when Title is not empty
}

// maxMarks bounds them: the rest of the events is drawn into tiles.
const maxMarks = 64

// SetMarks replaces the marks; of more than 64 the first are shown.
func (m *Map) SetMarks(marks []Mark) {
	m.marks = append([]Mark{}, marks[:min(len(marks), maxMarks)]...)
	if m.view == nil {
		return
	}
	if m.view.marks.set(m.marks, m.style, m.post) {
		m.view.arrange()
	}
	m.view.place()
}

// markObjects are the canvas objects of the marks.
type markObjects struct {
	marks []Mark
	list  []markObject
	blink *time.Timer
}

type markObject struct {
	ring          *canvas.Circle
	line          *canvas.Line
	box           *canvas.Rectangle
	title, detail *canvas.Text
}

const (
	ringSize   = 40
	calloutX   = 26 // of a callout's corner from its point
	calloutY   = -34
	calloutPad = 8
)

func newMarkObjects() *markObjects { return &markObjects{} }

// set makes objects for the marks; it answers true when there is anything to arrange.
func (o *markObjects) set(marks []Mark, st *mapview.Style, post func(func())) bool {
	o.stop()
	had := len(o.list) > 0
	o.marks, o.list = marks, nil
	blinking := false
	for _, mk := range marks {
		var l markObject
		if mk.Blink {
			blinking = true
			l.ring = canvas.NewCircle(color.Transparent)
			l.ring.StrokeWidth = 3
			l.ring.Resize(fyne.NewSquareSize(ringSize))
		}
		if mk.Title != "" {
			l.line = canvas.NewLine(color.Black)
			l.line.StrokeWidth = 1.5
			l.box = canvas.NewRectangle(color.White)
			l.box.StrokeWidth, l.box.CornerRadius = 1.5, 3
			l.title = canvas.NewText(mk.Title, color.Black)
			l.title.TextSize, l.title.TextStyle.Bold = 14, true
			l.detail = canvas.NewText(mk.Detail, color.Black)
			l.detail.TextSize = 12
		}
		o.list = append(o.list, l)
	}
	o.colour(st)
	if blinking {
		o.startBlinking(post)
	}
	return had || len(o.list) > 0
}

// startBlinking shows rings half of each second. A timer wakes the window twice a second, where an animation would at every frame.
func (o *markObjects) startBlinking(post func(func())) {
	const half = time.Second / 2
	shown := true
	var timer *time.Timer
	turn := func() {
		post(func() {
			if o.blink != timer {
				return // stopped
			}
			shown = !shown
			for _, l := range o.list {
				if l.ring != nil {
					l.ring.Hidden = !shown
					l.ring.Refresh() // it has been drawn: it starts shown
				}
			}
			timer.Reset(half)
		})
	}
	timer = time.AfterFunc(half, turn)
	o.blink = timer
}

func (o *markObjects) stop() {
	if o.blink != nil {
		o.blink.Stop()
		o.blink = nil
	}
}

func (o *markObjects) colour(st *mapview.Style) {
	for _, l := range o.list {
		if l.ring != nil {
			l.ring.StrokeColor = st.Alarm()
		}
		if l.box != nil {
			l.line.StrokeColor, l.box.StrokeColor, l.box.FillColor = st.Accent(), st.Accent(), st.Paper()
			l.title.Color, l.detail.Color = st.Text(), st.TextQuiet()
		}
	}
}

func (o *markObjects) objects() []fyne.CanvasObject {
	var out []fyne.CanvasObject
	for _, l := range o.list {
		if l.ring != nil {
			out = append(out, l.ring)
		}
		if l.box != nil {
			out = append(out, l.line, l.box, l.title, l.detail)
		}
	}
	return out
}

// place moves the marks with the map. A callout that would leave the view to the right goes to the left of its point.
func (o *markObjects) place(m *Map) {
	for i, l := range o.list {
		at := m.ToPosition(o.marks[i].At)
		if l.ring != nil {
			l.ring.Move(at.SubtractXY(ringSize/2, ringSize/2))
		}
		if l.box == nil {
			continue
		}
		t, d := l.title.MinSize(), l.detail.MinSize()
		if o.marks[i].Detail == "" {
			d = fyne.Size{}
		}
		w, h := max(t.Width, d.Width)+2*calloutPad, t.Height+d.Height+calloutPad
		corner := at.AddXY(calloutX, calloutY-h/2)
		foot := corner.AddXY(0, h/2)
		if corner.X+w > m.Size().Width && at.X > m.Size().Width/2 {
			corner = at.AddXY(-calloutX-w, calloutY-h/2)
			foot = corner.AddXY(w, h/2)
		}
		l.box.Move(corner)
		l.box.Resize(fyne.NewSize(w, h))
		l.line.Position1, l.line.Position2 = at, foot
		l.title.Move(corner.AddXY(calloutPad, calloutPad/2))
		l.detail.Move(corner.AddXY(calloutPad, calloutPad/2+t.Height))
	}
}
