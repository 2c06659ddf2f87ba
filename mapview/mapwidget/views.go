package mapwidget

import (
	"math"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/mapview"
)

// View is where the map looks.
func (m *Map) View() mapview.View { return mapview.View{Center: m.cam.Center, Zoom: m.Zoom()} }

// Look goes to a view: in a quarter of a second when it is near, else at once.
func (m *Map) Look(v mapview.View) { m.FlyTo(v.Center, v.Zoom) }

// Back shows the view before this one, and answers whether there is one.
func (m *Map) Back() bool { return m.turn(m.history.Back()) }

// Forward undoes Back.
func (m *Map) Forward() bool { return m.turn(m.history.Forward()) }

// CanBack and CanForward answer whether Back and Forward lead anywhere.
func (m *Map) CanBack() bool    { return m.history.CanBack() }
func (m *Map) CanForward() bool { return m.history.CanForward() }

// turn shows a view of the history, which knows of it already.
func (m *Map) turn(v mapview.View, ok bool) bool {
	if ok {
		m.Look(v)
		if m.OnView != nil {
			m.OnView()
		}
	}
	return ok
}

// visited puts the view into the history.
func (m *Map) visited() {
	if m.cam.WidthPx == 0 {
		return
	}
	m.history.Visit(m.View(), time.Now())
	if m.OnView != nil {
		m.OnView()
	}
}

// SetExtent says what FullExtent shows.
func (m *Map) SetExtent(b orb.Bound) { m.extent = &b }

// FullExtent shows what SetExtent said, else all features of the scene, and answers whether there is anything.
func (m *Map) FullExtent() bool {
	if m.extent != nil {
		m.Fit(*m.extent)
		return true
	}
	all, any := orb.Bound{}, false
	for _, l := range m.scene.Layers {
		if l.Data == nil || l.Data.Len() == 0 || l.Kind == mapview.KindBase {
			continue
		}
		if b := l.Data.Bound(); !any {
			all, any = b, true
		} else {
			all = all.Union(b)
		}
	}
	if any {
		m.Fit(all)
	}
	return any
}

// targetTime is how long a place that was gone to is marked.
const targetTime = 6 * time.Second

// GoTo shows a place and marks it with a ring for some seconds. A place that says no zoom is seen from zoom 16, or nearer where the map is.
func (m *Map) GoTo(p mapview.Place) {
	switch {
	case p.Bound.Max[0] > p.Bound.Min[0]:
		m.Fit(p.Bound)
	case p.Zoom > 0:
		m.FlyTo(p.At, p.Zoom)
	default:
		m.FlyTo(p.At, math.Max(placeZoom, m.Zoom()))
	}
	m.targetAt, m.targetOn = p.At, true
	m.targetNo++
	no := m.targetNo
	m.show()
	time.AfterFunc(targetTime, func() {
		m.post(func() {
			if m.targetNo == no {
				m.targetOn = false
				m.show()
			}
		})
	})
}

const placeZoom = 16

// radius is that of the circle being drawn, in metres.
func (m *Map) radius() float64 {
	if path := m.drawing.path(); len(path) == 2 {
		return distance(path[0], path[1])
	}
	return 0
}

func (m *Map) readOut(r Measure) string {
	if m.ReadOut != nil {
		return m.ReadOut(r)
	}
	return readOut(r)
}
