package ui

import (
	"maps"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"github.com/paulmach/orb"

	"kuaitu/assets"
	"kuaitu/block"
	"kuaitu/mapview"
	"kuaitu/mapview/mapwidget"
	"kuaitu/ui/state"
)

// settleDelay is how long the map must stand still before its extent counts as chosen.
const settleDelay = 250 * time.Millisecond

// Chart is the window's Map over the map widget: it translates between records and features, and keeps what is switched
// off when the scene is renewed. All methods belong to the UI thread.
type Chart struct {
	m     *mapwidget.Map
	kinds map[string]block.Kind // scene layer → kind of its records
	post  func(func())
	scene mapview.Scene
	bases []BaseMap
	theme []mapview.Layer // of the map of figures
	night bool
	looks []state.LayerLook // as Arrange said; nil before
	only  map[block.ID]bool // events that are shown; nil: all
	some  filtered          // the events layer with only those
	light *mapview.Style
	dark  *mapview.Style
	style *mapview.Style
	still *time.Timer

	current state.Ref // as Select said
	marked  []state.Ref
	picked  chosen // as Only said
	around  aroundLook
}

// BaseMap is a map that may lie below the layers.
type BaseMap struct {
	ID     string // in the layer tree
	Name   state.Text
	Credit string                          // whose map it is, with its 审图号
	Layers func(dark bool) []mapview.Layer // lowest first; the same at every call
}

// NewChart makes the window's map of a widget. kinds says of what kind the records of each scene layer are; layers of the
// layer tree have the names of scene layers and base maps.
func NewChart(m *mapwidget.Map, kinds map[string]block.Kind, post func(func())) *Chart {
	c := &Chart{m: m, kinds: kinds, post: post, light: mapview.LightStyle(), dark: mapview.DarkStyle()}
	fonts, err := mapview.NewFonts(assets.FontRegular(), assets.FontBold())
	if err != nil {
		panic(err) // our own embedded fonts, covered by a test
	}
	c.light.Fonts, c.dark.Fonts = fonts, fonts
	c.style = c.light
	return c
}

// SetScene replaces what is drawn, less what the user switched off.
func (c *Chart) SetScene(s mapview.Scene) {
	c.scene = s
	c.apply()
}

// apply makes the scene of what there is, what the user arranged and what is filtered, and hands it to the widget.
func (c *Chart) apply() { c.m.SetScene(c.arranged(), c.style) }

// arranged is the scene in the user's order: layers that the tree knows as it says, over the others as they came, over the
// base maps.
func (c *Chart) arranged() mapview.Scene {
	s := c.scene
	known := map[string]mapview.Layer{}
	layers := append(c.ground(), c.around.below...)
	for _, y := range s.Layers {
		if c.kinds[y.Name] == "event" {
			y.Data = c.some.of(y.Data, c.only)
		}
		y.Data = c.picked.of(c.kinds[y.Name], y)
		if _, ok := c.find(y.Name); ok {
			known[y.Name] = y
		} else {
			layers = append(layers, y)
		}
	}
	for _, look := range slices.Backward(c.looks) { // the tree's topmost is the scene's last
		if look.ID == ThematicLayer {
			for _, y := range c.theme {
				layers = append(layers, looked(y, look))
			}
		}
		if y, ok := known[look.ID]; ok {
			layers = append(layers, looked(y, look))
		}
	}
	s.Layers = append(layers, c.around.above...)
	return s
}

// ground is the layers of the base maps that are shown; as long as the tree knows none, of the first.
func (c *Chart) ground() []mapview.Layer {
	var out []mapview.Layer
	told := false
	for _, b := range slices.Backward(c.bases) {
		look, ok := c.find(b.ID)
		told = told || ok
		if ok && look.Visible {
			for _, y := range b.Layers(c.night) {
				out = append(out, looked(y, look))
			}
		}
	}
	if !told && len(c.bases) > 0 {
		out = slices.Clone(c.bases[0].Layers(c.night))
	}
	return out
}

// SetBases says which maps may lie below the layers.
func (c *Chart) SetBases(maps []BaseMap) {
	c.bases = maps
	c.apply()
}

func (c *Chart) find(id string) (state.LayerLook, bool) {
	i := slices.IndexFunc(c.looks, func(l state.LayerLook) bool { return l.ID == id })
	if i < 0 {
		return state.LayerLook{}, false
	}
	return c.looks[i], true
}

// looked is a layer with the user's look: its range of zooms can only get narrower.
func looked(y mapview.Layer, l state.LayerLook) mapview.Layer {
	y.Hidden = y.Hidden || !l.Visible
	if y.Opacity == 0 {
		y.Opacity = 1
	}
	y.Opacity *= l.Opacity
	y.MinZoom = max(y.MinZoom, l.MinZoom)
	if l.MaxZoom > 0 && (y.MaxZoom == 0 || l.MaxZoom < y.MaxZoom) {
		y.MaxZoom = l.MaxZoom
	}
	return y
}

// Arrange implements Map.
func (c *Chart) Arrange(looks []state.LayerLook) {
	if slices.Equal(c.looks, looks) {
		return
	}
	c.looks = looks
	c.apply()
}

// SetThematic implements Map.
func (c *Chart) SetThematic(layers []mapview.Layer) {
	c.theme = layers
	c.apply()
}

// ShowEvents implements Map.
func (c *Chart) ShowEvents(only map[block.ID]bool) {
	if only == nil && c.only == nil || only != nil && c.only != nil && maps.Equal(only, c.only) {
		return
	}
	c.only = only
	c.apply()
}

// Extent implements Map.
func (c *Chart) Extent(id string) (orb.Bound, bool) {
	for _, y := range c.scene.Layers {
		if y.Name == id && y.Data != nil && y.Data.Len() > 0 {
			return y.Data.Bound(), true
		}
	}
	return orb.Bound{}, false
}

// Counter implements Map.
func (c *Chart) Counter() func() map[string]int {
	view, layers := c.m.Camera().Bound(), c.arranged().Layers
	return func() map[string]int {
		out := map[string]int{}
		for _, y := range layers {
			if _, ours := c.kinds[y.Name]; !ours || y.Data == nil {
				continue
			}
			n := 0
			for range y.Data.Search(view) {
				n++
			}
			out[y.Name] = n
		}
		return out
	}
}

// filtered is a snapshot with only some of another's features. It is made anew when either changes.
type filtered struct {
	from, to *mapview.Snapshot
	only     map[block.ID]bool
	version  uint64
}

// of returns the features of s that are in the set; a nil set is all of them.
func (f *filtered) of(s *mapview.Snapshot, only map[block.ID]bool) *mapview.Snapshot {
	if s == nil || only == nil {
		return s
	}
	if f.from == s && maps.Equal(f.only, only) {
		return f.to
	}
	var b mapview.Builder
	for y := range s.Search(s.Bound()) {
		if only[block.ID(y.ID())] {
			_ = b.Add(y.ID(), y.Class(), y.Label(), y.Geometry()) // what was in a snapshot can be in another
		}
	}
	f.version++
	f.from, f.only, f.to = s, only, b.Build(filteredVersion+f.version)
	return f.to
}

// filteredVersion keeps the versions of filtered snapshots apart from those of the store's.
const filteredVersion = 1 << 48

// Object implements Map.
func (c *Chart) Object() fyne.CanvasObject { return c.m }

// Listen implements Map.
func (c *Chart) Listen(on MapEvents) {
	absolute := func(pos fyne.Position) fyne.Position {
		return fyne.CurrentApp().Driver().AbsolutePositionForObject(c.m).Add(pos)
	}
	c.m.OnCamera = func(mapview.Camera) {
		on.Moved(c.View())
		if c.still != nil {
			c.still.Stop()
		}
		c.still = time.AfterFunc(settleDelay, func() { c.post(func() { on.Settled(c.View()) }) })
	}
	c.m.OnMove = func(p orb.Point) { on.Pointer(p, true) }
	c.m.OnLeave = func() { on.Pointer(orb.Point{}, false) }
	c.m.OnPick = func(hits []mapview.Hit, pos fyne.Position) {
		on.Picked(c.m.ToLonLat(pos), c.picks(hits), absolute(pos))
	}
	c.m.OnPoint = func(p orb.Point, _ fyne.Position) { on.Placed(p) }
	c.m.OnContext = func(p orb.Point, pos fyne.Position) { on.Menu(p, c.picks(c.m.At(pos)), absolute(pos)) }
	c.m.OnKey = on.Key
	c.listenTools(on)
}

// View implements Map.
func (c *Chart) View() state.View {
	cam := c.m.Camera()
	v := state.View{Center: cam.Center, Zoom: c.m.Zoom(), Bound: cam.Bound()}
	if w := c.m.Size().Width; w > 0 {
		v.MetresPerDp = cam.MetresPerPixel() * float64(cam.WidthPx) / float64(w)
	}
	return v
}

// MoveTo implements Map.
func (c *Chart) MoveTo(at orb.Point, zoom float64) {
	if zoom <= 0 {
		zoom = c.m.Zoom()
	}
	c.m.FlyTo(at, zoom)
}

// fitMarginPx is the room left round an extent, in device pixels.
const fitMarginPx = 32

// Fit implements Map.
func (c *Chart) Fit(b orb.Bound) {
	cam := c.m.Camera()
	if cam.WidthPx == 0 { // not laid out yet
		c.m.Fit(b)
		return
	}
	to := cam.Fit(b, fitMarginPx)
	c.m.FlyTo(to.Center, to.Zoom+c.m.Zoom()-cam.Zoom)
}

// GoTo implements Map.
func (c *Chart) GoTo(p mapview.Place) { c.m.GoTo(p) }

// ToggleHUD implements Map.
func (c *Chart) ToggleHUD() bool {
	c.m.SetHUD(!c.m.HUD())
	return c.m.HUD()
}

// Turn implements Map.
func (c *Chart) Turn(by int) bool {
	if by < 0 {
		return c.m.Back()
	}
	return c.m.Forward()
}

// Zoom implements Map.
func (c *Chart) Zoom(steps float64) { c.m.ZoomBy(steps) }

// SetDark implements Map.
func (c *Chart) SetDark(dark bool) {
	c.style, c.night = c.light, dark
	if dark {
		c.style = c.dark
	}
	c.around.paint(c.style)
	c.apply()
}
