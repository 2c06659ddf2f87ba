package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// BakeAll bakes every sheet that is seen, as the bakery does on a screen, and answers how many objects were shown before and are now.
func (w *Window) BakeAll() (before, after int) {
	for _, s := range w.sheets() {
		if !s.Visible() {
			continue
		}
		before += len(s.objects())
		k := newBaking(s, w.scale())
		for !k.step() {
		}
		s.baked = k.done()
		after += len(s.objects())
	}
	return before, after
}

// Unbake shows the objects themselves again where what was baked is no longer what the sheets show.
func (w *Window) Unbake() (stale int) {
	for _, s := range w.sheets() {
		if s.baked != nil && !s.baked.shows(s.pen.objects, w.scale()) {
			s.baked = nil
			stale++
		}
	}
	return stale
}

// OnPixels moves everything on the sheets to whole pixels, as the painter of a screen does; the software painter rounds up.
func (w *Window) OnPixels() {
	for _, s := range w.sheets() {
		for _, o := range s.pen.objects {
			o.Move(fyne.NewPos(round(o.Position().X), round(o.Position().Y)))
			if _, ok := o.(*canvas.Rectangle); ok {
				o.Resize(fyne.NewSize(round(o.Size().Width), round(o.Size().Height)))
			}
		}
	}
}
