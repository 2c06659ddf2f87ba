package mapwidget

import (
	"math"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/paulmach/orb"

	"kuaitu/mapview"
)

// hand is a mouse that does to a map what Fyne does.
type hand struct {
	m    *Map
	mods fyne.KeyModifier
}

func (h hand) event(b desktop.MouseButton, x, y float32) *desktop.MouseEvent {
	return &desktop.MouseEvent{Button: b, Modifier: h.mods, PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, y)}}
}

func (h hand) click(b desktop.MouseButton, x, y float32) {
	ev := h.event(b, x, y)
	h.m.MouseMoved(ev)
	h.m.MouseDown(ev)
	h.m.MouseUp(ev)
}

// lone is a click that no other turns into a double click.
func (h hand) lone(x, y float32) {
	h.m.press.lastClick = time.Time{}
	h.click(desktop.MouseButtonPrimary, x, y)
}

// drag goes in steps and rests before it lets go, so that the map does not glide on.
func (h hand) drag(b desktop.MouseButton, x0, y0, x1, y1 float32) {
	h.begin(b, x0, y0, x1, y1)
	h.m.press.flick = flick{}
	h.m.DragEnd()
}

func (h hand) begin(b desktop.MouseButton, x0, y0, x1, y1 float32) {
	h.m.MouseDown(h.event(b, x0, y0))
	const steps = 4
	for i := 1; i <= steps; i++ {
		f := float32(i) / steps
		h.m.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x0+(x1-x0)*f, y0+(y1-y0)*f)}, Dragged: fyne.NewDelta((x1-x0)/steps, (y1-y0)/steps)})
	}
}

func key(m *Map, name fyne.KeyName) { m.TypedKey(&fyne.KeyEvent{Name: name}) }

func TestClicks(t *testing.T) {
	m, _ := open(t)
	h := hand{m: m}
	var hits []mapview.Hit
	var context, point orb.Point
	m.OnPick = func(h []mapview.Hit, _ fyne.Position) { hits = h }
	m.OnContext = func(p orb.Point, _ fyne.Position) { context = p }
	m.OnPoint = func(p orb.Point, _ fyne.Position) { point = p }
	h.click(desktop.MouseButtonPrimary, 300, 200)
	if len(hits) != 1 || hits[0].Layer != "building" || hits[0].ID != (mapview.ID{1}) {
		t.Fatalf("picked %+v, want the building", hits)
	}
	if m.Zoom() != 16 {
		t.Errorf("one click zoomed to %v", m.Zoom())
	}
	h.click(desktop.MouseButtonPrimary, 300, 200)
	if m.Zoom() != 17 {
		t.Errorf("a double click zoomed to %v, want 17", m.Zoom())
	}
	h.mods = fyne.KeyModifierShift
	h.lone(300, 200)
	h.click(desktop.MouseButtonPrimary, 300, 200)
	if m.Zoom() != 16 {
		t.Errorf("a double click with Shift zoomed to %v, want 16", m.Zoom())
	}
	h.click(desktop.MouseButtonSecondary, 300, 200)
	if math.Abs(context[0]-middle[0]) > 1e-4 || math.Abs(context[1]-middle[1]) > 1e-4 {
		t.Errorf("context at %v, want %v", context, middle)
	}
	m.SetTool(ToolPoint)
	h.click(desktop.MouseButtonPrimary, 10, 10)
	if point == (orb.Point{}) {
		t.Error("no point was given")
	}
}

func TestShiftDragZoomsToTheBox(t *testing.T) {
	m, w := open(t)
	want := orb.MultiPoint{m.ToLonLat(fyne.NewPos(200, 100)), m.ToLonLat(fyne.NewPos(350, 200))}.Bound()
	h := hand{m, fyne.KeyModifierShift}
	h.begin(desktop.MouseButtonPrimary, 200, 100, 350, 200)
	if got, ground := pixel(w.Canvas().Capture(), 220, 150), m.design.Ground(); got == ground {
		t.Error("the box is not seen while it is drawn")
	}
	m.DragEnd()
	if m.view.sketch.box.Visible() {
		t.Error("the box stays")
	}
	if c := m.Camera().Center; !want.Contains(c) || m.Zoom() < 17.9 || m.Zoom() > 18.1 {
		t.Errorf("zoomed to %v at %v, want about 18 within %v", m.Zoom(), c, want)
	}

	before := m.Camera()
	h.begin(desktop.MouseButtonPrimary, 200, 100, 350, 200)
	key(m, fyne.KeyEscape)
	m.DragEnd()
	if m.Camera() != before {
		t.Error("a box that was given up was zoomed to")
	}
}

func TestEveryToolPans(t *testing.T) {
	m, _ := open(t)
	h := hand{m: m}
	for _, tool := range []Tool{ToolExplore, ToolPoint, ToolSelectBox, ToolSelectPolygon, ToolMeasureLine, ToolBufferPoint} {
		m.SetTool(tool)
		for _, c := range []struct {
			name   string
			button desktop.MouseButton
			space  bool
		}{{"the middle button", desktop.MouseButtonTertiary, false}, {"space and the left button", desktop.MouseButtonPrimary, true}} {
			at := m.ToPosition(middle)
			if c.space {
				m.KeyDown(&fyne.KeyEvent{Name: fyne.KeySpace})
			}
			h.drag(c.button, 100, 100, 150, 80)
			m.KeyUp(&fyne.KeyEvent{Name: fyne.KeySpace})
			if d := m.ToPosition(middle).Subtract(at); math.Abs(float64(d.X-50)) > 0.1 || math.Abs(float64(d.Y+20)) > 0.1 {
				t.Errorf("tool %d: %s panned by %v, want 50,-20", tool, c.name, d)
			}
			if len(m.drawing.points) > 0 {
				t.Errorf("tool %d: %s drew something", tool, c.name)
			}
		}
	}
}

func TestFlickGlides(t *testing.T) {
	m, _ := open(t)
	h := hand{m: m}
	at := m.ToPosition(middle)
	h.begin(desktop.MouseButtonPrimary, 300, 200, 200, 200)
	f := &m.press.flick
	*f = flick{}
	now := time.Now()
	for i := range 5 { // 100 px/s to the left
		f.move(now.Add(time.Duration(i-5)*16*time.Millisecond), -16, 0)
	}
	m.DragEnd()
	went := m.ToPosition(middle).X - at.X
	if want := -100 - 1000*glideTau; math.Abs(float64(went)-want) > 25 {
		t.Errorf("a drag by -100 at 1000 a second went %v, want about %v", went, want)
	}

	m.Still = true
	at = m.ToPosition(middle)
	h.begin(desktop.MouseButtonPrimary, 300, 200, 200, 200)
	m.DragEnd()
	if went := m.ToPosition(middle).X - at.X; math.Abs(float64(went+100)) > 0.5 {
		t.Errorf("a still map went %v after a drag by -100", went)
	}
}

func TestFlickSpeed(t *testing.T) {
	now := time.Now()
	var f flick
	for i := range 40 {
		f.move(now.Add(time.Duration(i)*10*time.Millisecond), 5, -2)
	}
	end := now.Add(390 * time.Millisecond)
	if vx, vy := f.speed(end); math.Abs(vx-500) > 1 || math.Abs(vy+200) > 1 {
		t.Errorf("%v, %v a second, want 500, -200", vx, vy)
	}
	if vx, vy := f.speed(end.Add(100 * time.Millisecond)); vx != 0 || vy != 0 {
		t.Errorf("a hand that rested goes %v, %v", vx, vy)
	}
}

func TestTrackpadGoesInParts(t *testing.T) {
	m, _ := open(t)
	for range 10 {
		m.Scrolled(&fyne.ScrollEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(300, 200)}, Scrolled: fyne.NewDelta(0, 25*0.25)})
	}
	if m.Zoom() != 18.5 {
		t.Errorf("ten quarters of a notch from 16 lead to %v, want 18.5", m.Zoom())
	}
}

func TestChaseFollowsItsGoal(t *testing.T) {
	m, _ := open(t)
	pos := fyne.NewPos(450, 100)
	under := m.ToLonLat(pos)
	c := &chase{goal: 17, x: 450, y: 100}
	zoom, frames := m.cam.Zoom, 0
	for m.cam.Zoom < 17-chaseEnd {
		m.cam = m.cam.ZoomAt(c.x, c.y, m.cam.Zoom+(c.goal-m.cam.Zoom)*(1-math.Exp(-0.0167/zoomTau)))
		if frames++; m.cam.Zoom <= zoom || frames > 60 {
			t.Fatalf("frame %d: zoom %v after %v", frames, m.cam.Zoom, zoom)
		}
		zoom = m.cam.Zoom
		if p := m.ToPosition(under); far(p, pos, 0.5) {
			t.Fatalf("frame %d: what was under the pointer is at %v", frames, p)
		}
	}
	if frames > 20 {
		t.Errorf("a notch takes %d frames", frames)
	}
}

func TestViewsGoBackAndForward(t *testing.T) {
	m, _ := open(t)
	first := m.View()
	if m.Back() {
		m.Forward()
	}
	hand{m: m}.drag(desktop.MouseButtonPrimary, 300, 200, 100, 100)
	second := m.View()
	changes := 0
	m.OnView = func() { changes++ }
	if !m.CanBack() || !m.Back() {
		t.Fatal("there is no view before")
	}
	if got := m.View(); got.String() != first.String() {
		t.Errorf("back is %v, want %v", got, first)
	}
	if !m.CanForward() || !m.Forward() || m.View().String() != second.String() {
		t.Errorf("forward is %v, want %v", m.View(), second)
	}
	if m.Forward() || changes == 0 {
		t.Errorf("went forward beyond the last view, or told nobody (%d)", changes)
	}
}

func TestGoTo(t *testing.T) {
	m, w := open(t)
	p, _, err := mapview.ParsePlace("114.06,22.55")
	if err != nil {
		t.Fatal(err)
	}
	m.GoTo(p)
	settle(t, m)
	if c := m.Camera().Center; math.Abs(c[0]-114.06) > 1e-5 || math.Abs(c[1]-22.55) > 1e-5 || m.Zoom() != 16 {
		t.Errorf("at %v, zoom %v", c, m.Zoom())
	}
	if got := pixel(w.Canvas().Capture(), 300+targetSize/2-1, 200); got == m.design.Ground() {
		t.Error("the place is not marked")
	}
	p, _, err = mapview.ParsePlace("12/3345/1784")
	if err != nil {
		t.Fatal(err)
	}
	m.GoTo(p)
	if b := m.Camera().Bound(); !b.Contains(p.Bound.Min) || !b.Contains(p.Bound.Max) {
		t.Errorf("%v does not hold the tile %v", b, p.Bound)
	}
	if !m.FullExtent() || math.Abs(m.Camera().Center[0]-middle[0]) > 1e-4 {
		t.Errorf("the full extent is at %v", m.Camera().Center)
	}
	m.SetExtent(orb.Bound{Min: orb.Point{113, 22}, Max: orb.Point{115, 23}})
	if !m.FullExtent() || math.Abs(m.Camera().Center[0]-114) > 0.01 {
		t.Errorf("the given extent is at %v", m.Camera().Center)
	}
}

func TestCameraIsToldAtRestAndNotAtEveryStep(t *testing.T) {
	m, _ := open(t)
	told := 0
	m.OnCamera = func(mapview.Camera) { told++ }
	h := hand{m: m}
	m.MouseDown(h.event(desktop.MouseButtonPrimary, 300, 200))
	for range 100 {
		m.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(200, 100)}, Dragged: fyne.NewDelta(1, 0)})
	}
	m.press.flick = flick{}
	if told > 40 {
		t.Errorf("100 steps were told %d times", told)
	}
	var last mapview.Camera
	m.OnCamera = func(c mapview.Camera) { last = c }
	m.DragEnd()
	if last != m.Camera() {
		t.Error("the end was not told")
	}
	test.Type(m, "+")
	if last != m.Camera() {
		t.Error("the end of a zoom was not told")
	}
}
