package mapwidget

import (
	"math"

	"fyne.io/fyne/v2"

	"kuaitu/mapview"
)

// At answers what is under a position in the widget, the topmost first, as a click there does.
func (m *Map) At(pos fyne.Position) []mapview.Hit { return m.hits(pos) }

// Open answers what a cluster that a click has hit stands for, and the view in which it has come apart; ok is false when h
// is none.
func (m *Map) Open(h mapview.Hit) (o mapview.Opened, v mapview.View, ok bool) {
	o, ok = m.scene.OpenCluster(m.cam, m.style, h)
	return o, mapview.View{Center: o.Camera.Center, Zoom: o.Camera.Zoom - math.Log2(m.style.Ratio)}, ok
}
