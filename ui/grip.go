package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// gripReach is how wide the area is in which an edge can be caught.
const gripReach = 6

// grip is the edge of a panel: dragging it resizes the panel, a double click closes it. It shows itself by the pointer and,
// while it is held, by a line.
type grip struct {
	widget.BaseWidget
	w        *Window
	upright  bool // the edge runs from top to bottom
	move     func(by float32)
	collapse func()
	line     *canvas.Rectangle
	held     bool
}

func newGrip(w *Window, upright bool, move func(by float32), collapse func()) *grip {
	g := &grip{w: w, upright: upright, move: move, collapse: collapse, line: canvas.NewRectangle(w.pal.accent)}
	g.line.Hide()
	g.ExtendBaseWidget(g)
	return g
}

// CreateRenderer implements fyne.Widget.
func (g *grip) CreateRenderer() fyne.WidgetRenderer { return &gripRenderer{g} }

type gripRenderer struct{ g *grip }

// Layout implements fyne.WidgetRenderer.
func (r *gripRenderer) Layout(size fyne.Size) {
	if r.g.upright {
		r.g.line.Move(fyne.NewPos(size.Width/2-1, 0))
		r.g.line.Resize(fyne.NewSize(2, size.Height))
	} else {
		r.g.line.Move(fyne.NewPos(0, size.Height/2-1))
		r.g.line.Resize(fyne.NewSize(size.Width, 2))
	}
}

// MinSize implements fyne.WidgetRenderer.
func (r *gripRenderer) MinSize() fyne.Size { return fyne.NewSize(gripReach, gripReach) }

// Refresh implements fyne.WidgetRenderer.
func (r *gripRenderer) Refresh() {
	r.g.line.FillColor = r.g.w.pal.accent
	if r.g.held {
		r.g.line.Show()
	} else {
		r.g.line.Hide()
	}
	canvas.Refresh(r.g.line)
}

// Objects implements fyne.WidgetRenderer.
func (r *gripRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.g.line} }

// Destroy implements fyne.WidgetRenderer.
func (r *gripRenderer) Destroy() {}

// Dragged implements fyne.Draggable.
func (g *grip) Dragged(e *fyne.DragEvent) {
	by := e.Dragged.DY
	if g.upright {
		by = e.Dragged.DX
	}
	if !g.held {
		g.held = true
		g.Refresh()
	}
	g.move(by)
}

// DragEnd implements fyne.Draggable.
func (g *grip) DragEnd() {
	g.held = false
	g.Refresh()
	g.w.desk.keep()
}

// Tapped implements fyne.Tappable, without which Fyne reports no double click.
func (g *grip) Tapped(*fyne.PointEvent) {}

// DoubleTapped implements fyne.DoubleTappable.
func (g *grip) DoubleTapped(*fyne.PointEvent) { g.collapse() }

// Cursor implements desktop.Cursorable.
func (g *grip) Cursor() desktop.Cursor {
	if g.upright {
		return desktop.HResizeCursor
	}
	return desktop.VResizeCursor
}
