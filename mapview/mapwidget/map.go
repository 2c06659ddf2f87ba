package mapwidget

import (
	"context"
	"math"
	"os"
	"sync/atomic"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
	"github.com/paulmach/orb"

	"kuaitu/mapview"
)

// Map is the widget. Set the callbacks before it is shown; each may be nil.
type Map struct {
	widget.BaseWidget

	OnMove    func(p orb.Point)                           // the pointer is over p, degrees; at most 20 times a second
	OnLeave   func()                                      // the pointer has left the map
	OnPick    func(hits []mapview.Hit, pos fyne.Position) // clicked with ToolExplore; topmost first; pos is in the widget
	OnPoint   func(p orb.Point, pos fyne.Position)        // clicked with ToolPoint
	OnContext func(p orb.Point, pos fyne.Position)        // right click while nothing is being drawn
	OnCamera  func(cam mapview.Camera)                    // the view has moved or changed size: at most 20 times a second, and when it rests
	OnKey     func(ev *fyne.KeyEvent)                     // a key the map does not use
	OnSelect  func(refs []mapview.Ref, how SelectMode)    // a tool has selected; the map's own selection is the owner's to change
	OnShape   func(tool Tool, s Shape)                    // a drawing of a selection or a buffer has come to its end
	OnMeasure func(r Measure)                             // a measure is read, at every change
	OnTool    func(t Tool)                                // Esc has led back to ToolExplore
	OnView    func()                                      // what CanBack and CanForward answer may have changed
	ReadOut   func(r Measure) string                      // the text beside the pointer; nil: figures with units
	Still     bool                                        // no motion: every move is a jump

	pyramid *mapview.Pyramid
	post    func(func()) // to Fyne's thread; a queue in tests
	posted  atomic.Bool  // a refresh is on its way to Fyne's thread

	scene  mapview.Scene
	design *mapview.Style // as it was given
	style  *mapview.Style // for this screen's scale
	scale  float32        // device pixels per Fyne unit
	cam    mapview.Camera
	fit    *orb.Bound // what to show once the size is known
	extent *orb.Bound // what FullExtent shows, where it was given
	tool   Tool
	marks  []Mark
	images bool // no shaders, though there might be some

	drawing  drawing
	measured Measure // of the drawing
	targetAt orb.Point
	targetOn bool
	targetNo int

	moving  *motion
	history mapview.History
	cameras pace // of OnCamera
	moves   pace // of OnMove
	pointer fyne.Position
	press   press
	space   bool // the space bar is down
	view    *renderer
}

// New makes a map that shows nothing yet. The zero options are right for a desk. Where the environment has KUAITU_MAP=images, tiles are
// drawn without shaders, for graphics drivers that have them and should not be asked.
func New(opt mapview.PyramidOptions) *Map {
	m := &Map{design: mapview.LightStyle(), scale: 1, post: fyne.Do, images: os.Getenv("KUAITU_MAP") == "images"}
	m.style = m.scaled()
	opt.Ready = m.ready
	m.pyramid = mapview.NewPyramid(opt)
	m.ExtendBaseWidget(m)
	return m
}

// Run draws tiles in the background until ctx ends.
func (m *Map) Run(ctx context.Context) error { return m.pyramid.Run(ctx) }

// ready brings finished tiles to the screen: once, however many came since the last time.
func (m *Map) ready() {
	if m.posted.CompareAndSwap(false, true) {
		m.post(func() {
			m.posted.Store(false)
			m.show()
		})
	}
}

// SetScene replaces what is drawn; a nil style keeps the one there is. Tiles that show nothing that changed are kept.
func (m *Map) SetScene(s mapview.Scene, st *mapview.Style) {
	s.Selected = m.keepSelection(s.Selected)
	m.scene = s
	if st != nil && st != m.design {
		m.design = st
		m.style = m.scaled()
	}
	m.pyramid.SetScene(m.scene, m.style)
	if m.view != nil {
		m.view.colour()
		m.view.ground.Refresh()
	}
	m.settle(m.moving == nil)
}

// Scene is what is drawn.
func (m *Map) Scene() mapview.Scene { return m.scene }

// keepSelection has a new scene without a selection of its own keep the map's.
func (m *Map) keepSelection(own []mapview.Ref) []mapview.Ref {
	if own != nil {
		return own
	}
	return m.scene.Selected
}

// SetSelection marks features as selected instead of those that were.
func (m *Map) SetSelection(refs ...mapview.Ref) {
	m.scene.Selected = append([]mapview.Ref{}, refs...)
	m.pyramid.SetScene(m.scene, m.style)
}

// Invalidate has a layer drawn anew within b (degrees); the layer "" is every one.
func (m *Map) Invalidate(layer string, b orb.Bound) { m.pyramid.Invalidate(layer, b) }

// Pending is how many tiles of the view are still to be drawn.
func (m *Map) Pending() int { return m.pyramid.Pending() }

// Camera is what is seen now. Its size and zoom count device pixels: see [Map.Zoom].
func (m *Map) Camera() mapview.Camera { return m.cam }

// Zoom is the zoom at which a screen of scale 1 shows as much: the number to show people.
func (m *Map) Zoom() float64 { return m.cam.Zoom - math.Log2(m.style.Ratio) }

// SetImages draws tiles as images (true), as a software painter needs to take a picture of the window, or as shaders where there are any.
func (m *Map) SetImages(on bool) {
	m.images = on
	if m.view != nil && m.view.probe == nil && m.view.shaders == on {
		m.view.use(!on)
	}
}

// SetCamera looks at centre (degrees) with the given zoom, of a screen of scale 1, at once.
func (m *Map) SetCamera(center orb.Point, zoom float64) {
	m.fit = nil
	m.stop()
	m.jump(m.look(center, zoom))
}

// FlyTo goes there in a quarter of a second when it is near, else at once.
func (m *Map) FlyTo(center orb.Point, zoom float64) {
	m.fit = nil
	m.flyTo(m.look(center, zoom))
}

// Fit shows all of b (degrees), at once. Before the map has a size it is remembered.
func (m *Map) Fit(b orb.Bound) {
	m.stop()
	if m.cam.WidthPx == 0 {
		m.fit = &b
		return
	}
	m.jump(m.cam.Fit(b, float64(fitPad*m.scale)))
}

// fitPad is what Fit leaves free on every side, in Fyne units.
const fitPad = 24

func (m *Map) look(center orb.Point, zoom float64) mapview.Camera {
	c := m.cam
	c.Center, c.Zoom = center, zoom+math.Log2(m.style.Ratio)
	return c.Pan(0, 0) // clamped
}

// ToPosition is where p is in the widget.
func (m *Map) ToPosition(p orb.Point) fyne.Position {
	x, y := m.cam.ToScreen(p)
	return fyne.NewPos(float32(x)/m.scale, float32(y)/m.scale)
}

// ToLonLat is the place under a position in the widget.
func (m *Map) ToLonLat(pos fyne.Position) orb.Point {
	return m.cam.ToLonLat(float64(pos.X*m.scale), float64(pos.Y*m.scale))
}

// scaled is the style for this screen.
func (m *Map) scaled() *mapview.Style {
	st := *m.design
	if st.Ratio <= 0 {
		st.Ratio = 1
	}
	st.Ratio *= float64(m.scale)
	return &st
}

// fitScreen takes over a new size or scale of the widget.
func (m *Map) fitScreen(size fyne.Size) {
	scale := float32(1)
	if c := fyne.CurrentApp().Driver().CanvasForObject(m); c != nil && c.Scale() > 0 {
		scale = c.Scale()
	}
	w, h := int(math.Round(float64(size.Width*scale))), int(math.Round(float64(size.Height*scale)))
	if scale == m.scale && w == m.cam.WidthPx && h == m.cam.HeightPx {
		return
	}
	cam := m.cam.Sized(w, h)
	if scale != m.scale {
		cam.Zoom += math.Log2(float64(scale / m.scale))
		m.scale = scale
		m.style = m.scaled()
		m.pyramid.SetScene(m.scene, m.style)
	}
	if m.fit != nil && w > 0 && h > 0 {
		cam = cam.Fit(*m.fit, float64(fitPad*scale))
		m.fit = nil
	}
	m.stop()
	if m.view != nil {
		m.view.fitted(w, h)
	}
	m.cam = snap(cam)
	m.settle(true)
}

// jump shows cam without motion: the map is at rest then.
func (m *Map) jump(cam mapview.Camera) {
	m.cam = snap(cam)
	m.settle(true)
	m.visited()
}

// halt ends a motion where it is.
func (m *Map) halt() {
	m.stop()
	m.jump(m.cam)
}

// settle asks for the tiles of the view, shows what there is and tells of it.
func (m *Map) settle(rest bool) {
	m.pyramid.Want(m.cam)
	m.show()
	m.tell(rest)
}

// tell tells what is seen now: at once when the map is at rest.
func (m *Map) tell(rest bool) {
	if m.OnCamera == nil {
		return
	}
	m.cameras.tell(m.post, func() { m.OnCamera(m.cam) })
	if rest && m.cameras.f != nil {
		m.cameras.now()
	}
}

// zoomSteps is how many zooms between two whole ones the map comes to rest at; the pyramid keeps as many.
const zoomSteps = 16

// snap brings a zoom to one that is drawn sharp.
func snap(c mapview.Camera) mapview.Camera {
	c.Zoom = math.Round(c.Zoom*zoomSteps) / zoomSteps
	return c
}

// show puts the tiles there are, and the marks, in their places.
func (m *Map) show() {
	if m.view != nil {
		m.view.place()
	}
}

// MinSize implements fyne.Widget.
func (m *Map) MinSize() fyne.Size { return fyne.NewSize(120, 90) }

// CreateRenderer implements fyne.Widget.
func (m *Map) CreateRenderer() fyne.WidgetRenderer {
	m.view = newRenderer(m)
	return m.view
}
