package mapwidget

import (
	"math"
	"time"

	"fyne.io/fyne/v2"

	"kuaitu/mapview"
)

// zoomBy zooms about a position of the widget. Notches that come while the map is still moving add up.
func (m *Map) zoomBy(pos fyne.Position, by float64) {
	if m.cam.WidthPx == 0 || by == 0 {
		return
	}
	x, y := float64(pos.X*m.scale), float64(pos.Y*m.scale)
	zoom := m.cam.Zoom
	if m.moving != nil {
		zoom = m.target.Zoom
	}
	from := m.cam
	to := snap(mapview.Camera{Zoom: zoom + by}).Zoom
	end := from.ZoomAt(x, y, to)
	m.animate(end, zoomTime, func(t float64) mapview.Camera {
		return from.ZoomAt(x, y, from.Zoom+(end.Zoom-from.Zoom)*t)
	})
}

// nearScreens is how far, in screens, a flight goes; farther is a jump.
const nearScreens = 4

func (m *Map) flyTo(to mapview.Camera) {
	to = snap(to)
	from := m.cam
	x, y := from.ToScreen(to.Center)
	far := math.Max(math.Abs(x-float64(from.WidthPx)/2)/float64(max(1, from.WidthPx)), math.Abs(y-float64(from.HeightPx)/2)/float64(max(1, from.HeightPx)))
	if far > nearScreens || math.Abs(to.Zoom-from.Zoom) > nearScreens {
		m.stop()
		m.jump(to)
		return
	}
	m.animate(to, flyTime, func(t float64) mapview.Camera {
		// The centre travels evenly over the ground seen at the start, the zoom evenly in its own steps.
		c := from.Pan(-(x-float64(from.WidthPx)/2)*t, -(y-float64(from.HeightPx)/2)*t)
		c.Zoom = from.Zoom + (to.Zoom-from.Zoom)*t
		return c
	})
}

// animate moves along path (0…1) and ends exactly at end. The tiles of the end are asked for at once.
func (m *Map) animate(end mapview.Camera, d time.Duration, path func(t float64) mapview.Camera) {
	m.stop()
	if m.Still {
		m.jump(end)
		return
	}
	m.target = end
	m.pyramid.Want(end)
	var a *fyne.Animation
	a = fyne.NewAnimation(d, func(t float32) {
		if m.moving != a {
			return // replaced by a newer move
		}
		if t >= 1 {
			m.moving = nil
			m.jump(end)
			return
		}
		m.cam = path(float64(t))
		m.show()
		if m.OnCamera != nil {
			m.OnCamera(m.cam)
		}
	})
	a.Curve = fyne.AnimationEaseOut
	m.moving = a
	a.Start()
}

// stop ends a move where it is.
func (m *Map) stop() {
	if m.moving != nil {
		m.moving.Stop()
		m.moving = nil
	}
}
