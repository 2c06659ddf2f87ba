package mapwidget

import (
	"context"
	"image"
	"image/color"
	"math"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/paulmach/orb"

	"kuaitu/mapview"
)

var middle = orb.Point{114.05, 22.54}

// oneBuilding is a commercial building of about 200 m about the middle.
func oneBuilding(t *testing.T) mapview.Scene {
	t.Helper()
	var b mapview.Builder
	square := orb.Bound{Min: middle, Max: middle}.Pad(0.001)
	if err := b.Add(mapview.ID{1}, uint8(mapview.UseCommercial), "楼", square); err != nil {
		t.Fatal(err)
	}
	return mapview.Scene{Layers: []mapview.Layer{{Name: "building", Kind: mapview.KindBuilding, Data: b.Build(1)}}}
}

// open shows a map of 600×400 in a test window; it is drawn when settled answers.
func open(t *testing.T) (*Map, fyne.Window) {
	t.Helper()
	test.NewTempApp(t)
	m := New(mapview.PyramidOptions{Tick: time.Millisecond})
	queue := make(chan func(), 64)
	m.post = func(f func()) { queue <- f }
	posts[m] = queue
	t.Cleanup(func() { delete(posts, m) })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	w := test.NewTempWindow(t, m)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(600, 400))
	m.SetScene(oneBuilding(t), mapview.LightStyle())
	m.SetCamera(middle, 16)
	settle(t, m)
	return m, w
}

// posts holds what each map under test sent to Fyne's thread: the test's own goroutine runs it.
var posts = map[*Map]chan func(){}

// settle waits until the view is drawn and brings it to the screen.
func settle(t *testing.T, m *Map) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); m.Pending() > 0; time.Sleep(time.Millisecond) {
		select {
		case f := <-posts[m]:
			f()
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("%d tiles are still pending", m.Pending())
		}
	}
	m.show()
}

func pixel(img image.Image, x, y int) color.NRGBA {
	return color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
}

func TestSceneAppears(t *testing.T) {
	_, w := open(t)
	img := w.Canvas().Capture()
	if got, want := pixel(img, 300, 200), (color.NRGBA{0xCD, 0xB4, 0xE0, 255}); got != want {
		t.Errorf("the building in the middle is %v, want %v", got, want)
	}
	if got, want := pixel(img, 20, 20), mapview.LightStyle().Ground(); got != want {
		t.Errorf("the ground is %v, want %v", got, want)
	}
}

func TestDragPans(t *testing.T) {
	m, w := open(t)
	m.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary, PointEvent: fyne.PointEvent{Position: fyne.NewPos(300, 200)}})
	test.Drag(w.Canvas(), fyne.NewPos(310, 190), -100, 50)
	m.halt()
	settle(t, m)
	if got := m.ToPosition(middle); math.Abs(float64(got.X-200)) > 1 || math.Abs(float64(got.Y-250)) > 1 {
		t.Errorf("after a drag by -100,50 the middle is at %v, want 200,250", got)
	}
	if got, want := pixel(w.Canvas().Capture(), 200, 250), (color.NRGBA{0xCD, 0xB4, 0xE0, 255}); got != want {
		t.Errorf("the building moved to %v, want %v", got, want)
	}
}

func TestWheelZoomsAtThePointer(t *testing.T) {
	m, _ := open(t)
	pos := fyne.NewPos(450, 100)
	under := m.ToLonLat(pos)
	for _, notches := range []float32{1, 1, -1} {
		m.Scrolled(&fyne.ScrollEvent{PointEvent: fyne.PointEvent{Position: pos}, Scrolled: fyne.NewDelta(0, 25*notches)})
	}
	if m.Zoom() != 17 {
		t.Errorf("zoom %v after +1+1-1 notches from 16, want 17", m.Zoom())
	}
	if got := m.ToPosition(under); math.Abs(float64(got.X-pos.X)) > 0.5 || math.Abs(float64(got.Y-pos.Y)) > 0.5 {
		t.Errorf("what was under the pointer is at %v, want %v", got, pos)
	}
}

func TestKeys(t *testing.T) {
	m, _ := open(t)
	c := m.Camera().Center
	m.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	m.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
	if n := m.Camera().Center; n[0] <= c[0] || n[1] <= c[1] {
		t.Errorf("right and up went from %v to %v", c, n)
	}
	test.Type(m, "++-")
	if m.Zoom() != 17 {
		t.Errorf("++- from 16 gives %v", m.Zoom())
	}
	var other fyne.KeyName
	m.OnKey = func(ev *fyne.KeyEvent) { other = ev.Name }
	m.TypedKey(&fyne.KeyEvent{Name: fyne.KeyHome})
	if other != fyne.KeyHome {
		t.Error("a key the map does not use was not passed on")
	}
}

func TestSelectionIsDrawn(t *testing.T) {
	m, w := open(t)
	edge := m.ToPosition(orb.Point{middle[0] - 0.001, middle[1]})
	m.SetSelection(mapview.Ref{Layer: "building", ID: mapview.ID{1}})
	settle(t, m)
	got, want := pixel(w.Canvas().Capture(), int(edge.X), int(edge.Y)), mapview.LightStyle().Accent()
	if math.Abs(float64(got.R)-float64(want.R)) > 60 || math.Abs(float64(got.B)-float64(want.B)) > 60 {
		t.Errorf("the edge of the selected building is %v, want about %v", got, want)
	}
}

func TestFitBeforeTheMapHasASize(t *testing.T) {
	test.NewTempApp(t)
	m := New(mapview.PyramidOptions{})
	m.Fit(orb.Bound{Min: orb.Point{113, 22}, Max: orb.Point{115, 23}})
	w := test.NewTempWindow(t, m)
	w.Resize(fyne.NewSize(600, 400))
	if c := m.Camera().Center; math.Abs(c[0]-114) > 0.01 || math.Abs(c[1]-22.5) > 0.01 {
		t.Errorf("centre %v, want about 114,22.5", c)
	}
}

func TestMarks(t *testing.T) {
	m, w := open(t)
	m.SetMarks([]Mark{{At: middle, Blink: true, Title: "Block 3", Detail: "18 floors"}})
	img := w.Canvas().Capture()
	at := m.ToPosition(middle)
	if got, want := pixel(img, int(at.X)+calloutX+3, int(at.Y)+calloutY), (color.NRGBA{255, 255, 255, 255}); got != want {
		t.Errorf("the callout is %v, want %v", got, want)
	}
	m.SetMarks(nil)
	if n := len(m.view.marks.objects()); n != 0 {
		t.Errorf("%d objects stay after the marks went", n)
	}
}

// TestPanKeepsPictures proves that panning touches no texture: a slot that shows a tile keeps showing it, and no object comes or goes.
func TestPanKeepsPictures(t *testing.T) {
	m, _ := open(t)
	objects := len(m.view.content.Objects)
	before := map[image.Image]*slot{}
	for _, s := range m.view.pool.slots {
		if s.shown {
			before[s.img] = s
		}
	}
	m.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	kept := 0
	for _, s := range m.view.pool.slots {
		if was := before[s.img]; s.shown && was != nil {
			kept++
			if was != s {
				t.Error("a tile went to another slot")
			}
		}
	}
	if kept == 0 {
		t.Error("no tile was kept while panning")
	}
	if n := len(m.view.content.Objects); n != objects {
		t.Errorf("%d objects, before the move %d", n, objects)
	}
}
