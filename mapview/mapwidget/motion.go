package mapwidget

import (
	"math"
	"time"

	"fyne.io/fyne/v2"

	"kuaitu/mapview"
)

// motion is a move of the map that takes several frames.
type motion struct {
	anim *fyne.Animation
	step func(dt float64) bool // moves the camera by dt seconds; false when the end is reached
	end  func() mapview.Camera // where it comes to rest
	zoom *chase                // of a zoom: notches that come while it lasts go into it
}

const (
	flyTime   = 0.25 // seconds
	zoomTau   = 0.045
	glideTau  = 0.28 // seconds in which a flick loses two thirds of its speed
	glideMin  = 120  // device pixels a second below which a flick is none
	glideEnd  = 12   // and at which it ends
	glideView = 0.12 // seconds ahead for which tiles are asked
	longStep  = 0.05 // seconds: a frame that comes later counts as one that comes then
)

// start runs a motion from now on; the one there was ends where it is. On a still map, and where the driver animates nothing, the end
// is reached at once.
func (m *Map) start(mo *motion) {
	m.stop()
	if m.Still {
		m.jump(mo.end())
		return
	}
	last := time.Now()
	mo.anim = fyne.NewAnimation(time.Hour, func(t float32) {
		if m.moving != mo {
			return // replaced by a newer one
		}
		now := time.Now()
		dt := math.Min(now.Sub(last).Seconds(), longStep)
		last = now
		if t >= 1 || dt > 0 && !mo.step(dt) {
			m.stop()
			m.jump(mo.end())
			return
		}
		m.show()
		m.tell(false)
	})
	mo.anim.Curve = fyne.AnimationLinear
	m.moving = mo
	mo.anim.Start()
}

// stop ends a move where it is.
func (m *Map) stop() {
	if mo := m.moving; mo != nil {
		m.moving = nil
		mo.anim.Stop()
	}
}

// chase is a zoom on its way: the scale goes after goal, which wheel and trackpad move on.
type chase struct {
	goal   float64 // where the wheel says, not where the map comes to rest
	x, y   float64 // the point that stays, device pixels
	wanted bool    // the tiles of the goal are asked for
	asked  time.Time
}

// goalOf is the camera at rest.
func (m *Map) goalOf(c *chase) mapview.Camera {
	return m.cam.ZoomAt(c.x, c.y, snap(mapview.Camera{Zoom: c.goal}).Zoom)
}

const (
	chaseEnd   = 0.004                 // of a zoom
	wholeStep  = 0.5                   // zooms by which the goal must jump for its tiles to be asked for at once
	chasePause = 60 * time.Millisecond // a goal that rests so long is meant
)

// zoomBy zooms about a position of the widget. Notches that come while the map is still moving add up.
func (m *Map) zoomBy(pos fyne.Position, by float64) {
	if m.cam.WidthPx == 0 || by == 0 {
		return
	}
	c := &chase{goal: m.cam.Zoom, x: float64(pos.X * m.scale), y: float64(pos.Y * m.scale)}
	going := m.moving != nil && m.moving.zoom != nil
	if going {
		c.goal = m.moving.zoom.goal
	}
	c.goal = math.Max(mapview.MinZoom, math.Min(mapview.MaxZoom, c.goal+by))
	c.asked = time.Now()
	if math.Abs(by) >= wholeStep {
		c.wanted = true
		m.pyramid.Want(m.goalOf(c))
	}
	if going {
		*m.moving.zoom = *c
		return
	}
	m.start(&motion{
		zoom: c,
		end:  func() mapview.Camera { return m.goalOf(c) },
		step: func(dt float64) bool {
			if !c.wanted && time.Since(c.asked) > chasePause {
				c.wanted = true
				m.pyramid.Want(m.goalOf(c))
			}
			left := c.goal - m.cam.Zoom
			if math.Abs(left) < chaseEnd {
				return !c.wanted // a finger that rests may go on
			}
			m.cam = m.cam.ZoomAt(c.x, c.y, m.cam.Zoom+left*(1-math.Exp(-dt/zoomTau)))
			return true
		},
	})
}

// ZoomBy zooms about the middle, by 1 for twice as large.
func (m *Map) ZoomBy(by float64) {
	m.zoomBy(fyne.NewPos(m.Size().Width/2, m.Size().Height/2), by)
}

// nearScreens is how far, in screens, a flight goes; farther is a jump.
const nearScreens = 4

// flyTo goes to a view: in a quarter of a second when it is near, else at once.
func (m *Map) flyTo(to mapview.Camera) {
	to = snap(to)
	from := m.cam
	x, y := from.ToScreen(to.Center)
	dx, dy := x-float64(from.WidthPx)/2, y-float64(from.HeightPx)/2
	far := math.Max(math.Abs(dx)/float64(max(1, from.WidthPx)), math.Abs(dy)/float64(max(1, from.HeightPx)))
	if far > nearScreens || math.Abs(to.Zoom-from.Zoom) > nearScreens {
		m.stop()
		m.jump(to)
		return
	}
	m.pyramid.Want(to)
	t := 0.0
	m.start(&motion{
		end: func() mapview.Camera { return to },
		step: func(dt float64) bool {
			t += dt / flyTime
			e := 1 - (1-t)*(1-t)
			// The centre travels over the ground seen at the start, the zoom in its own steps.
			c := from.Pan(-dx*e, -dy*e)
			c.Zoom = from.Zoom + (to.Zoom-from.Zoom)*e
			m.cam = c
			return t < 1
		},
	})
}

// glide lets the map go on after a flick with a speed in device pixels a second, and lose it.
func (m *Map) glide(vx, vy float64) {
	begin := m.cam
	vx0, vy0 := vx, vy
	m.start(&motion{
		end: func() mapview.Camera {
			if m.cam != begin {
				return m.cam // where it came to rest
			}
			return begin.Pan(vx0*glideTau, vy0*glideTau)
		},
		step: func(dt float64) bool {
			k := 1 - math.Exp(-dt/glideTau)
			m.cam = m.cam.Pan(vx*glideTau*k, vy*glideTau*k)
			vx, vy = vx*(1-k), vy*(1-k)
			m.pyramid.Want(m.cam.Pan(vx*glideView, vy*glideView))
			return math.Hypot(vx, vy) > glideEnd
		},
	})
}

// flick is the speed of a hand: the way of its last moments.
type flick struct {
	at   [8]time.Time
	x, y [8]float64 // sums of the way so far
	n    int
}

// flickTime is how far back the speed of a hand is looked for.
const flickTime = 80 * time.Millisecond

func (f *flick) move(now time.Time, dx, dy float64) {
	i := f.n % len(f.at)
	if f.n > 0 {
		j := (f.n - 1) % len(f.at)
		dx, dy = f.x[j]+dx, f.y[j]+dy
	}
	f.at[i], f.x[i], f.y[i] = now, dx, dy
	f.n++
}

// speed is in units of move a second; 0 for a hand that rested before it let go.
func (f *flick) speed(now time.Time) (vx, vy float64) {
	if f.n < 2 {
		return 0, 0
	}
	last := (f.n - 1) % len(f.at)
	first := last
	for k := 1; k < min(f.n, len(f.at)); k++ {
		i := (f.n - 1 - k) % len(f.at)
		if now.Sub(f.at[i]) > flickTime {
			break
		}
		first = i
	}
	dt := f.at[last].Sub(f.at[first]).Seconds()
	if now.Sub(f.at[last]) > flickTime/2 || dt <= 0 {
		return 0, 0
	}
	return (f.x[last] - f.x[first]) / dt, (f.y[last] - f.y[first]) / dt
}
