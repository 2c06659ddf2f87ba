package mapwidget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// keyPan is how far an arrow key moves the map, in Fyne units.
const keyPan = 120

// TypedKey implements fyne.Focusable. Esc gives up what is being drawn, then a measure that was read, then the tool; Enter ends a
// drawing and Backspace takes its last point away.
func (m *Map) TypedKey(ev *fyne.KeyEvent) {
	step := float64(keyPan * m.scale)
	pan := func(dx, dy float64) {
		m.stop()
		m.jump(m.cam.Pan(dx, dy))
		if m.drawing.active() {
			m.lead(m.ToLonLat(m.pointer))
		}
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
	case fyne.KeySpace:
	case fyne.KeyEscape:
		m.escape(ev)
	case fyne.KeyReturn, fyne.KeyEnter:
		if m.drawing.active() {
			m.finish(m.modifiers())
		} else {
			m.other(ev)
		}
	case fyne.KeyBackspace, fyne.KeyDelete:
		if m.drawing.active() {
			m.back()
		} else {
			m.other(ev)
		}
	default:
		m.other(ev)
	}
}

func (m *Map) escape(ev *fyne.KeyEvent) {
	switch {
	case len(m.drawing.points) > 0:
		m.giveUp()
	case m.tool != ToolExplore && m.tool != ToolPoint:
		m.tool = ToolExplore
		if m.OnTool != nil {
			m.OnTool(m.tool)
		}
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

// KeyDown implements desktop.Keyable: the space bar makes the left button pan.
func (m *Map) KeyDown(ev *fyne.KeyEvent) {
	if ev.Name == fyne.KeySpace {
		m.space = true
	}
}

// KeyUp implements desktop.Keyable.
func (m *Map) KeyUp(ev *fyne.KeyEvent) {
	if ev.Name == fyne.KeySpace {
		m.space = false
	}
}

// FocusGained implements fyne.Focusable.
func (m *Map) FocusGained() {}

// FocusLost implements fyne.Focusable.
func (m *Map) FocusLost() { m.space = false }

var (
	_ desktop.Keyable    = (*Map)(nil)
	_ desktop.Mouseable  = (*Map)(nil)
	_ desktop.Hoverable  = (*Map)(nil)
	_ desktop.Cursorable = (*Map)(nil)
	_ fyne.Draggable     = (*Map)(nil)
	_ fyne.Scrollable    = (*Map)(nil)
	_ fyne.Focusable     = (*Map)(nil)
)
