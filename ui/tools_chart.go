package ui

import (
	"encoding/json"
	"fmt"
	"maps"

	"fyne.io/fyne/v2"
	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/mapview"
	"kuaitu/mapview/mapwidget"
	mapstyle "kuaitu/mapview/style"
	"kuaitu/ui/state"
)

// widgetTools are the tools of the map widget. Pan and Identify both pick by a click; the window tells them apart.
var widgetTools = map[Tool]mapwidget.Tool{
	ToolPan: mapwidget.ToolExplore, ToolIdentify: mapwidget.ToolExplore, ToolReport: mapwidget.ToolPoint,
	ToolSelectClick: mapwidget.ToolSelectClick, ToolSelectBox: mapwidget.ToolSelectBox,
	ToolSelectPolygon: mapwidget.ToolSelectPolygon, ToolSelectRadius: mapwidget.ToolSelectRadius,
	ToolMeasureLine: mapwidget.ToolMeasureLine, ToolMeasureArea: mapwidget.ToolMeasureArea, ToolMeasureAzimuth: mapwidget.ToolMeasureAzimuth,
	ToolAroundPoint: mapwidget.ToolBufferPoint, ToolAroundLine: mapwidget.ToolBufferLine, ToolAroundPolygon: mapwidget.ToolBufferPolygon,
}

// SetTool implements Map.
func (c *Chart) SetTool(t Tool) { c.m.SetTool(widgetTools[t]) }

// listenTools tells the window what its tools do on the map.
func (c *Chart) listenTools(on MapEvents) {
	modes := map[mapwidget.SelectMode]state.SelectMode{
		mapwidget.SelectReplace: state.SelectReplace, mapwidget.SelectAdd: state.SelectAdd, mapwidget.SelectToggle: state.SelectToggle,
	}
	c.m.OnSelect = func(refs []mapview.Ref, how mapwidget.SelectMode) {
		on.Selected(c.found(refs), modes[how])
	}
	c.m.OnMeasure = func(r mapwidget.Measure) { on.Measured(measureOf(r)) }
	c.m.ReadOut = func(r mapwidget.Measure) string { return on.ReadOut(measureOf(r)) }
	c.m.OnShape = func(t mapwidget.Tool, s mapwidget.Shape) {
		switch t {
		case mapwidget.ToolBufferPoint, mapwidget.ToolBufferLine, mapwidget.ToolBufferPolygon:
			on.Drawn(s.Geometry)
		}
	}
	c.m.OnTool = func(mapwidget.Tool) { on.Left() }
}

func measureOf(r mapwidget.Measure) state.Measure {
	kinds := map[mapwidget.Tool]state.MeasureKind{
		mapwidget.ToolMeasureLine: state.MeasureLine, mapwidget.ToolMeasureArea: state.MeasureArea, mapwidget.ToolMeasureAzimuth: state.MeasureAzimuth,
	}
	return state.Measure{
		Kind: kinds[r.Tool], Points: r.Points, Legs: r.Legs, LengthM: r.LengthM, PerimeterM: r.PerimeterM,
		AreaM2: r.AreaM2, AzimuthDeg: r.AzimuthDeg, Done: r.Done,
	}
}

// picks are the records that were hit, with what is behind a cluster.
func (c *Chart) picks(hits []mapview.Hit) []Pick {
	var out []Pick
	for _, h := range hits {
		kind, ok := c.kinds[h.Layer]
		if !ok {
			continue
		}
		p := Pick{Ref: state.RefOf(kind, block.ID(h.ID)), Label: h.Label, Count: h.Count, Bound: h.Bound}
		if h.Count > 1 {
			if o, view, ok := c.m.Open(h); ok {
				p.Open, p.SamePlace = view, o.SamePlace
				p.Members = c.picks(o.Members)
			}
		}
		out = append(out, p)
	}
	return out
}

// found are the records of features of the scene.
func (c *Chart) found(refs []mapview.Ref) []Pick {
	data := map[string]*mapview.Snapshot{}
	for _, y := range c.m.Scene().Layers {
		data[y.Name] = y.Data
	}
	out := make([]Pick, 0, len(refs))
	for _, r := range refs {
		kind, ok := c.kinds[r.Layer]
		if !ok || data[r.Layer] == nil {
			continue
		}
		if f, ok := data[r.Layer].Find(r.ID); ok {
			out = append(out, Pick{Ref: state.RefOf(kind, block.ID(r.ID)), Label: f.Label(), Count: 1, Bound: f.Bound()})
		}
	}
	return out
}

// Select implements Map.
func (c *Chart) Select(ref state.Ref) {
	if c.current == ref {
		return
	}
	c.current = ref
	c.highlight()
}

// Mark implements Map.
func (c *Chart) Mark(refs []state.Ref) {
	c.marked = refs
	c.highlight()
}

// maxMarked bounds what is highlighted: each tile looks at all of it.
const maxMarked = 3000

func (c *Chart) highlight() {
	layers := map[block.Kind][]string{}
	for layer, kind := range c.kinds {
		layers[kind] = append(layers[kind], layer)
	}
	var refs []mapview.Ref
	mark := func(ref state.Ref) {
		for _, layer := range layers[ref.Kind] {
			refs = append(refs, mapview.Ref{Layer: layer, ID: mapview.ID(ref.ID)})
		}
	}
	mark(c.current)
	for _, ref := range c.marked[:min(len(c.marked), maxMarked)] {
		if ref != c.current {
			mark(ref)
		}
	}
	c.m.SetSelection(refs...)
}

// chosen is the records that alone are shown of their kinds.
type chosen struct {
	kinds map[block.Kind]map[block.ID]bool // nil: all are shown
	made  map[string]*filtered             // by layer
}

// Only implements Map.
func (c *Chart) Only(refs []state.Ref) {
	var kinds map[block.Kind]map[block.ID]bool
	if refs != nil {
		kinds = map[block.Kind]map[block.ID]bool{}
	}
	for _, r := range refs {
		if kinds[r.Kind] == nil {
			kinds[r.Kind] = map[block.ID]bool{}
		}
		kinds[r.Kind][r.ID] = true
	}
	if maps.EqualFunc(kinds, c.picked.kinds, func(a, b map[block.ID]bool) bool { return maps.Equal(a, b) }) {
		return
	}
	c.picked.kinds = kinds
	c.apply()
}

// of is what is shown of a layer.
func (c *chosen) of(kind block.Kind, y mapview.Layer) *mapview.Snapshot {
	only := c.kinds[kind]
	if only == nil {
		return y.Data
	}
	if c.made == nil {
		c.made = map[string]*filtered{}
	}
	if c.made[y.Name] == nil {
		c.made[y.Name] = &filtered{version: chosenVersion}
	}
	return c.made[y.Name].of(y.Data, only)
}

// chosenVersion keeps the versions of selected features apart from those that the filter of events makes.
const chosenVersion = 1 << 47

// aroundLook is what is drawn of a look around: a tint below the layers, lines above them.
type aroundLook struct {
	data         map[string]any // the snapshots, by the source of the document
	version      uint64
	below, above []mapview.Layer
}

// SetAround implements Map.
func (c *Chart) SetAround(shape orb.Geometry, outline orb.MultiPolygon) {
	a := &c.around
	if shape == nil && a.data == nil {
		return
	}
	a.data = nil
	if shape != nil {
		a.version++
		rings := orb.MultiLineString{} // lines, so that a click inside hits what is below
		for _, p := range outline {
			for _, r := range p {
				rings = append(rings, orb.LineString(r))
			}
		}
		if area, ok := shape.(orb.Polygon); ok {
			shape = orb.LineString(area[0])
		}
		a.data = map[string]any{}
		for name, g := range map[string]orb.Geometry{"area": outline, "rings": rings, "shape": shape} {
			var b mapview.Builder
			if len(outline) > 0 || name == "shape" {
				if err := b.AddRow(mapview.ID{1}, g, nil); err != nil {
					fyne.LogError("draw the surroundings", err)
				}
			}
			a.data[name] = b.Build(a.version)
		}
	}
	a.paint(c.style)
	c.apply()
}

// paint makes the layers in the colours of a style.
func (a *aroundLook) paint(st *mapview.Style) {
	a.below, a.above = nil, nil
	if a.data == nil {
		return
	}
	ink := st.Accent()
	colour := fmt.Sprintf("#%02x%02x%02x", ink.R, ink.G, ink.B)
	type object = map[string]any
	doc, err := json.Marshal(object{
		"version": 8, "sources": object{"area": object{"type": "vector", "url": "kuaitu://around"}, "rings": object{"type": "vector", "url": "kuaitu://around"}, "shape": object{"type": "vector", "url": "kuaitu://around"}},
		"layers": []any{
			object{"id": "around.area", "type": "fill", "source": "area", "source-layer": "area", "paint": object{"fill-color": colour, "fill-opacity": 0.1, "fill-antialias": false}},
			object{"id": "around.rings", "type": "line", "source": "rings", "source-layer": "rings", "paint": object{"line-color": colour, "line-width": 2}},
			object{"id": "around.line", "type": "line", "source": "shape", "source-layer": "shape", "layout": object{"line-cap": "round", "line-join": "round"},
				"paint": object{"line-color": colour, "line-width": 1.5, "line-dasharray": []any{3, 2}}},
			object{"id": "around.point", "type": "circle", "source": "shape", "source-layer": "shape", "filter": []any{"==", []any{"geometry-type"}, "Point"},
				"paint": object{"circle-color": colour, "circle-radius": 5, "circle-stroke-color": "#ffffff", "circle-stroke-width": 2}},
		},
	})
	if err != nil {
		panic(err) // strings and numbers
	}
	parsed, err := mapstyle.Parse(doc)
	if err != nil {
		panic(err) // our own document, covered by a test
	}
	layers, err := mapview.StyledLayers(parsed, a.data)
	if err != nil {
		panic(err) // all three sources are there
	}
	a.below, a.above = layers[:1], layers[1:]
}
