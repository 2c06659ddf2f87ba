package mapwidget

import (
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/paulmach/orb"
)

// press is a mouse button that is held down, and the click before it.
type press struct {
	button  desktop.MouseButton
	mods    fyne.KeyModifier
	at      fyne.Position
	mode    pressMode
	dragged bool
	flick   flick

	lastClick   time.Time
	lastClickAt fyne.Position
}

// pressMode is what a drag does.
type pressMode uint8

const (
	pressNone pressMode = iota
	pressPan
	pressZoom // spans a box to zoom to
	pressSpan // spans a box or a circle of the tool
)

const (
	clickSlop       = 4                      // Fyne units a click may wander
	doubleClickTime = 350 * time.Millisecond // between two clicks
	notch           = 25                     // units of a ScrollEvent per notch of the wheel
	pickPx          = 4                      // Fyne units about the pointer in which points are hit
	fineNotch       = 0.25                   // zooms per notch with Ctrl
	maxNotches      = 3                      // zooms per event, whatever the wheel says
)

// MouseDown implements desktop.Mouseable.
func (m *Map) MouseDown(ev *desktop.MouseEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(m); c != nil {
		c.Focus(m)
	}
	p := &m.press
	p.button, p.mods, p.at, p.dragged, p.mode, p.flick = ev.Button, ev.Modifier, ev.Position, false, pressNone, flick{}
	switch {
	case ev.Button == desktop.MouseButtonTertiary, ev.Button == desktop.MouseButtonPrimary && m.space:
		p.mode = pressPan
	case ev.Button != desktop.MouseButtonPrimary:
	case m.tool.form().spans():
		p.mode = pressSpan
	case ev.Modifier&fyne.KeyModifierShift != 0 && (m.tool == ToolExplore || m.tool == ToolPoint):
		p.mode = pressZoom
	default:
		p.mode = pressPan
	}
	if m.moving != nil && m.moving.zoom == nil {
		m.halt() // a hand stops a map that glides
	}
}

// MouseUp implements desktop.Mouseable. A button that went up about where it went down was a click. Fyne reports the end of a drag by itself.
func (m *Map) MouseUp(ev *desktop.MouseEvent) {
	p := &m.press
	if p.dragged || p.button != ev.Button || far(ev.Position, p.at, clickSlop) {
		return
	}
	p.button, p.mode = 0, pressNone
	switch ev.Button {
	case desktop.MouseButtonPrimary:
		if !m.space {
			m.click(ev.Position, ev.Modifier)
		}
	case desktop.MouseButtonSecondary:
		if m.drawing.active() {
			m.finish(ev.Modifier)
		} else if m.OnContext != nil {
			m.OnContext(m.ToLonLat(ev.Position), ev.Position)
		}
	}
}

// click does what the tool does at once; a second one soon and near is a double click. The first is not held back until it is known to
// be alone.
func (m *Map) click(pos fyne.Position, mods fyne.KeyModifier) {
	now, p := time.Now(), &m.press
	double := now.Sub(p.lastClick) < doubleClickTime && !far(pos, p.lastClickAt, 2*clickSlop)
	p.lastClick, p.lastClickAt = now, pos
	if double {
		p.lastClick = time.Time{}
	}
	at := m.ToLonLat(pos)
	switch f := m.tool.form(); {
	case f == formLine || f == formRing:
		if double {
			m.finish(mods) // its first click has put the point
		} else {
			m.vertex(at, mods)
		}
	case f != formNone:
		m.vertex(at, mods)
	case m.tool == ToolSelectClick:
		m.selectAt(pos, mods)
	case m.tool == ToolBufferPoint:
		if m.OnShape != nil {
			m.OnShape(m.tool, Shape{Geometry: at, Mods: mods})
		}
	case m.tool == ToolPoint:
		if m.OnPoint != nil {
			m.OnPoint(at, pos)
		}
	case double:
		by := 1.0
		if mods&fyne.KeyModifierShift != 0 {
			by = -1
		}
		m.zoomBy(pos, by)
	case m.OnPick != nil:
		m.OnPick(m.hits(pos), pos)
	}
}

// far answers whether two positions are more than a distance apart.
func far(a, b fyne.Position, d float64) bool {
	return math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)) > d
}

// Dragged implements fyne.Draggable. Fyne calls it for any button but the right one.
func (m *Map) Dragged(ev *fyne.DragEvent) {
	p := &m.press
	m.pointer = ev.Position
	if !p.dragged {
		p.dragged = true
		if p.mode == pressZoom || p.mode == pressSpan {
			m.begin(m.ToLonLat(p.at), p.mode == pressZoom)
		}
	}
	switch p.mode {
	case pressPan:
		dx, dy := float64(ev.Dragged.DX*m.scale), float64(ev.Dragged.DY*m.scale)
		p.flick.move(time.Now(), dx, dy)
		m.stop()
		m.cam = m.cam.Pan(dx, dy)
		m.settle(false)
	case pressZoom, pressSpan:
		m.lead(m.ToLonLat(ev.Position))
	}
	m.tellMove()
}

// DragEnd implements fyne.Draggable.
func (m *Map) DragEnd() {
	p := &m.press
	mode := p.mode
	p.button, p.mode, p.dragged = 0, pressNone, false
	switch mode {
	case pressPan:
		vx, vy := p.flick.speed(time.Now())
		if math.Hypot(vx, vy) > glideMin && !m.Still {
			m.glide(vx, vy)
		} else {
			m.jump(m.cam)
		}
	case pressZoom, pressSpan:
		if !m.drawing.active() {
			return // given up meanwhile
		}
		d := m.pointer.Subtract(p.at)
		if m.drawing.zoom {
			m.drawing = drawing{}
			m.sketched()
			if math.Abs(float64(d.X)) > clickSlop && math.Abs(float64(d.Y)) > clickSlop {
				m.flyTo(m.cam.Fit(orb.MultiPoint{m.ToLonLat(p.at), m.ToLonLat(m.pointer)}.Bound(), 0))
			}
			return
		}
		m.vertex(m.ToLonLat(m.pointer), p.mods)
	}
}

// MouseIn implements desktop.Hoverable.
func (m *Map) MouseIn(ev *desktop.MouseEvent) { m.MouseMoved(ev) }

// MouseMoved implements desktop.Hoverable. Fyne calls it at most once a frame.
func (m *Map) MouseMoved(ev *desktop.MouseEvent) {
	m.pointer = ev.Position
	m.lead(m.ToLonLat(ev.Position))
	m.tellMove()
}

// MouseOut implements desktop.Hoverable.
func (m *Map) MouseOut() {
	m.moves.cancel()
	if m.OnLeave != nil {
		m.OnLeave()
	}
}

// tellMove tells where the pointer is.
func (m *Map) tellMove() {
	if m.OnMove != nil && m.cam.WidthPx > 0 {
		m.moves.tell(m.post, func() { m.OnMove(m.ToLonLat(m.pointer)) })
	}
}

// Scrolled implements fyne.Scrollable: one notch doubles the scale about the pointer, with Ctrl a quarter of that. Trackpads send
// parts of a notch.
func (m *Map) Scrolled(ev *fyne.ScrollEvent) {
	step := 1.0
	if m.modifiers()&fyne.KeyModifierControl != 0 {
		step = fineNotch
	}
	pos := ev.Position
	if pos.IsZero() {
		pos = m.pointer
	}
	by := float64(ev.Scrolled.DY) / notch * step
	m.zoomBy(pos, math.Max(-maxNotches, math.Min(maxNotches, by)))
}

// modifiers are the keys held down now.
func (m *Map) modifiers() fyne.KeyModifier {
	if d, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		return d.CurrentKeyModifiers()
	}
	return 0
}

// pace calls back at most so often, at once where there was nothing for a while, and always with the last there was.
type pace struct {
	last    time.Time
	pending *time.Timer
	f       func()
}

// paceTime is the least time between two calls: the eye reads figures no faster.
const paceTime = 50 * time.Millisecond

// tell calls f now or, through post, when it is time; a later f goes instead of an earlier one that waits.
func (p *pace) tell(post func(func()), f func()) {
	p.f = f
	wait := paceTime - time.Since(p.last)
	if wait <= 0 {
		p.now()
		return
	}
	if p.pending == nil {
		p.pending = time.AfterFunc(wait, func() {
			post(func() {
				if p.pending != nil {
					p.now()
				}
			})
		})
	}
}

// now calls what waits, at once.
func (p *pace) now() {
	p.last = time.Now()
	f := p.f
	p.cancel()
	if f != nil {
		f()
	}
}

// cancel forgets what waits.
func (p *pace) cancel() {
	p.f = nil
	if p.pending != nil {
		p.pending.Stop()
		p.pending = nil
	}
}
