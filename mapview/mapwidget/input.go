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
	at      fyne.Position
	dragged bool
	box     bool // Shift: the drag spans a box to zoom to

	lastClick   time.Time
	lastClickAt fyne.Position
}

const (
	clickSlop       = 4                      // Fyne units a click may wander
	doubleClickTime = 350 * time.Millisecond // between two clicks
	notch           = 25                     // units of a ScrollEvent per notch of the wheel
	pickPx          = 4                      // Fyne units about the pointer in which points are hit
	keyPan          = 120                    // Fyne units per arrow key
	fineNotch       = 0.25                   // zooms per notch with Ctrl
	maxNotches      = 3                      // zooms per event, whatever the wheel says
	zoomTime        = 140 * time.Millisecond
	flyTime         = 250 * time.Millisecond
)

// MouseDown implements desktop.Mouseable.
func (m *Map) MouseDown(ev *desktop.MouseEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(m); c != nil {
		c.Focus(m)
	}
	m.press.button, m.press.at, m.press.dragged = ev.Button, ev.Position, false
	m.press.box = ev.Button == desktop.MouseButtonPrimary && ev.Modifier&fyne.KeyModifierShift != 0
}

// MouseUp implements desktop.Mouseable. A button that went up about where it went down was a click. Fyne reports the end of a drag by itself.
func (m *Map) MouseUp(ev *desktop.MouseEvent) {
	p := &m.press
	moved := math.Hypot(float64(ev.Position.X-p.at.X), float64(ev.Position.Y-p.at.Y)) > clickSlop
	if p.dragged || moved || p.button != ev.Button {
		return
	}
	p.box = false
	p.button = 0
	switch ev.Button {
	case desktop.MouseButtonPrimary:
		m.click(ev.Position)
	case desktop.MouseButtonSecondary:
		if m.OnContext != nil {
			m.OnContext(m.ToLonLat(ev.Position), ev.Position)
		}
	}
}

// click picks; a second one soon and near zooms in. The first is not held back until it is known to be alone.
func (m *Map) click(pos fyne.Position) {
	now, p := time.Now(), &m.press
	near := math.Hypot(float64(pos.X-p.lastClickAt.X), float64(pos.Y-p.lastClickAt.Y)) <= 2*clickSlop
	if near && now.Sub(p.lastClick) < doubleClickTime {
		p.lastClick = time.Time{}
		m.zoomBy(pos, 1)
		return
	}
	p.lastClick, p.lastClickAt = now, pos
	switch {
	case m.tool == ToolPoint:
		if m.OnPoint != nil {
			m.OnPoint(m.ToLonLat(pos), pos)
		}
	case m.OnPick != nil:
		s := float64(m.scale)
		m.OnPick(m.scene.HitTest(m.cam, m.style, float64(pos.X)*s, float64(pos.Y)*s, pickPx*s), pos)
	}
}

// Dragged implements fyne.Draggable. Fyne calls it for any button but the right one.
func (m *Map) Dragged(ev *fyne.DragEvent) {
	p := &m.press
	p.dragged = true
	m.pointer = ev.Position
	switch {
	case p.box:
		m.showBox(p.at, ev.Position)
	case p.button == desktop.MouseButtonPrimary && m.tool != ToolExplore:
	default:
		m.stop()
		m.cam = m.cam.Pan(float64(ev.Dragged.DX*m.scale), float64(ev.Dragged.DY*m.scale))
		m.target = m.cam
		m.settle()
	}
	m.tellMove(ev.Position)
}

// DragEnd implements fyne.Draggable.
func (m *Map) DragEnd() {
	p := &m.press
	if p.box {
		m.hideBox()
		a, b := m.ToLonLat(p.at), m.ToLonLat(m.pointer)
		d := m.pointer.Subtract(p.at)
		if math.Abs(float64(d.X)) > clickSlop && math.Abs(float64(d.Y)) > clickSlop {
			m.flyTo(m.cam.Fit(orb.MultiPoint{a, b}.Bound(), 0))
		}
	}
	p.button, p.box = 0, false
}

func (m *Map) showBox(a, b fyne.Position) {
	if m.view == nil {
		return
	}
	r := m.view.box
	r.Move(fyne.NewPos(min(a.X, b.X), min(a.Y, b.Y)))
	r.Resize(fyne.NewSize(max(a.X, b.X)-min(a.X, b.X), max(a.Y, b.Y)-min(a.Y, b.Y)))
	r.Show()
	m.view.repaint()
}

func (m *Map) hideBox() {
	if m.view != nil {
		m.view.box.Hide()
		m.view.repaint()
	}
}

// MouseIn implements desktop.Hoverable.
func (m *Map) MouseIn(ev *desktop.MouseEvent) { m.MouseMoved(ev) }

// MouseMoved implements desktop.Hoverable. Fyne calls it at most once a frame.
func (m *Map) MouseMoved(ev *desktop.MouseEvent) {
	m.pointer = ev.Position
	m.tellMove(ev.Position)
}

// MouseOut implements desktop.Hoverable.
func (m *Map) MouseOut() {
	if m.OnLeave != nil {
		m.OnLeave()
	}
}

func (m *Map) tellMove(pos fyne.Position) {
	if m.OnMove != nil && m.cam.WidthPx > 0 {
		m.OnMove(m.ToLonLat(pos))
	}
}

// Scrolled implements fyne.Scrollable: one notch doubles the scale about the pointer, with Ctrl a quarter of that.
func (m *Map) Scrolled(ev *fyne.ScrollEvent) {
	step := 1.0
	if d, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok && d.CurrentKeyModifiers()&fyne.KeyModifierControl != 0 {
		step = fineNotch
	}
	pos := ev.Position
	if pos.IsZero() {
		pos = m.pointer
	}
	by := float64(ev.Scrolled.DY) / notch * step
	m.zoomBy(pos, math.Max(-maxNotches, math.Min(maxNotches, by)))
}

// ZoomBy zooms about the middle, by 1 for twice as large.
func (m *Map) ZoomBy(by float64) {
	m.zoomBy(fyne.NewPos(m.Size().Width/2, m.Size().Height/2), by)
}

// TypedKey implements fyne.Focusable.
func (m *Map) TypedKey(ev *fyne.KeyEvent) {
	step := float64(keyPan * m.scale)
	pan := func(dx, dy float64) {
		m.stop()
		m.jump(m.cam.Pan(dx, dy))
	}
	switch ev.Name {
	case fyne.KeyLeft:
		pan(step, 0)
	case fyne.KeyRight:
		pan(-step, 0)
	case fyne.KeyUp:
		pan(0, step)
	case fyne.KeyDown:
		pan(0, -step)
	case fyne.KeyPageUp:
		m.ZoomBy(1)
	case fyne.KeyPageDown:
		m.ZoomBy(-1)
	case fyne.KeyEscape:
		m.press.box = false
		m.hideBox()
		m.other(ev)
	default:
		m.other(ev)
	}
}

func (m *Map) other(ev *fyne.KeyEvent) {
	if m.OnKey != nil {
		m.OnKey(ev)
	}
}

// TypedRune implements fyne.Focusable.
func (m *Map) TypedRune(r rune) {
	switch r {
	case '+', '=', '＋':
		m.ZoomBy(1)
	case '-', '_', '－':
		m.ZoomBy(-1)
	}
}

// FocusGained implements fyne.Focusable.
func (m *Map) FocusGained() {}

// FocusLost implements fyne.Focusable.
func (m *Map) FocusLost() {}
