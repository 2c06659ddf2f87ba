package ui

import (
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
	off   map[string]bool
	light *mapview.Style
	dark  *mapview.Style
	style *mapview.Style
	still *time.Timer
}

// BaseLayer is the ID by which the layer list switches the base map.
const BaseLayer = "basemap"

// NewChart makes the window's map of a widget. kinds says of what kind the records of each scene layer are; layers of the
// layer list have the names of scene layers, and BaseLayer for the base map.
func NewChart(m *mapwidget.Map, kinds map[string]block.Kind, post func(func())) *Chart {
	c := &Chart{m: m, kinds: kinds, post: post, off: map[string]bool{}, light: mapview.LightStyle(), dark: mapview.DarkStyle()}
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

func (c *Chart) apply() {
	s := c.scene
	s.Layers = slices.Clone(s.Layers)
	for i := range s.Layers {
		base := s.Layers[i].Kind == mapview.KindBase && c.off[BaseLayer]
		s.Layers[i].Hidden = s.Layers[i].Hidden || base || c.off[s.Layers[i].Name]
	}
	if c.off[BaseLayer] {
		s.Base = nil
	}
	c.m.SetScene(s, c.style)
}

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
		var picks []Pick
		for _, h := range hits {
			if kind, ok := c.kinds[h.Layer]; ok {
				picks = append(picks, Pick{Ref: state.RefOf(kind, block.ID(h.ID)), Label: h.Label, Count: h.Count, Bound: h.Bound})
			}
		}
		on.Picked(c.m.ToLonLat(pos), picks, absolute(pos))
	}
	c.m.OnPoint = func(p orb.Point, _ fyne.Position) { on.Placed(p) }
	c.m.OnContext = func(p orb.Point, pos fyne.Position) { on.Menu(p, absolute(pos)) }
	c.m.OnKey = on.Key
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

// Fit implements Map.
func (c *Chart) Fit(b orb.Bound) { c.m.Fit(b) }

// Zoom implements Map.
func (c *Chart) Zoom(steps float64) { c.m.ZoomBy(steps) }

// SetTool implements Map. Pan and Identify both pick by a click; the window tells them apart.
func (c *Chart) SetTool(t Tool) {
	if t == ToolReport {
		c.m.SetTool(mapwidget.ToolPoint)
	} else {
		c.m.SetTool(mapwidget.ToolExplore)
	}
}

// ShowLayer implements Map.
func (c *Chart) ShowLayer(id string, on bool) {
	if c.off[id] == !on {
		return
	}
	c.off[id] = !on
	c.apply()
}

// Select implements Map.
func (c *Chart) Select(ref state.Ref) {
	var refs []mapview.Ref
	for layer, kind := range c.kinds {
		if kind == ref.Kind && ref.Kind != "" {
			refs = append(refs, mapview.Ref{Layer: layer, ID: mapview.ID(ref.ID)})
		}
	}
	c.m.SetSelection(refs...)
}

// SetDark implements Map.
func (c *Chart) SetDark(dark bool) {
	c.style = c.light
	if dark {
		c.style = c.dark
	}
	c.apply()
}
