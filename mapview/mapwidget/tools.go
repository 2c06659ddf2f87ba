package mapwidget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview"
)

// Tool says what the left mouse button does. With every tool the middle button, and the left one while the space bar is down, pan.
type Tool uint8

// The tools. Where a drag draws nothing, it pans.
const (
	ToolExplore        Tool = iota // click picks (OnPick), Shift and a drag zoom to a box
	ToolPoint                      // click gives a place (OnPoint)
	ToolSelectClick                // click selects the topmost thing (OnSelect)
	ToolSelectBox                  // drag, or two clicks
	ToolSelectPolygon              // clicks
	ToolSelectRadius               // drag, or two clicks, from the centre
	ToolMeasureLine                // clicks (OnMeasure)
	ToolMeasureArea                // clicks
	ToolMeasureAzimuth             // two clicks
	ToolBufferPoint                // click (OnShape)
	ToolBufferLine                 // clicks
	ToolBufferPolygon              // clicks
)

// form is how a tool draws.
type form uint8

const (
	formNone   form = iota
	formBox         // two corners
	formCircle      // centre and a point of the circle
	formPair        // two points
	formLine        // two points or more
	formRing        // three points or more
)

func (t Tool) form() form {
	switch t {
	case ToolSelectBox:
		return formBox
	case ToolSelectRadius:
		return formCircle
	case ToolMeasureAzimuth:
		return formPair
	case ToolMeasureLine, ToolBufferLine:
		return formLine
	case ToolSelectPolygon, ToolMeasureArea, ToolBufferPolygon:
		return formRing
	}
	return formNone
}

func (t Tool) selects() bool  { return t >= ToolSelectClick && t <= ToolSelectRadius }
func (t Tool) measures() bool { return t >= ToolMeasureLine && t <= ToolMeasureAzimuth }

// spans answers whether a drag draws.
func (f form) spans() bool { return f == formBox || f == formCircle }

// least is how many points a drawing needs; most is how many it takes, 0 for any number.
func (f form) least() int {
	if f == formRing {
		return 3
	}
	return 2
}

func (f form) most() int {
	if f == formBox || f == formCircle || f == formPair {
		return 2
	}
	return 0
}

// maxVertices bounds what can be drawn by hand.
const maxVertices = 500

// SelectMode says what a selection does to the one there is.
type SelectMode uint8

// The modes, by the keys that are down: none, Shift, Ctrl.
const (
	SelectReplace SelectMode = iota
	SelectAdd
	SelectToggle
)

func selectMode(mods fyne.KeyModifier) SelectMode {
	switch {
	case mods&fyne.KeyModifierShift != 0:
		return SelectAdd
	case mods&(fyne.KeyModifierControl|fyne.KeyModifierSuper) != 0:
		return SelectToggle
	}
	return SelectReplace
}

// Apply is the selection that comes of it. The answer is new.
func (how SelectMode) Apply(have, refs []mapview.Ref) []mapview.Ref {
	if how == SelectReplace {
		return append([]mapview.Ref{}, refs...)
	}
	drop := map[mapview.Ref]bool{}
	there := make(map[mapview.Ref]bool, len(have))
	for _, r := range have {
		there[r] = true
	}
	var add []mapview.Ref
	for _, r := range refs {
		switch {
		case !there[r]:
			there[r] = true
			add = append(add, r)
		case how == SelectToggle:
			drop[r] = true
		}
	}
	out := make([]mapview.Ref, 0, len(have)+len(add))
	for _, r := range have {
		if !drop[r] {
			out = append(out, r)
		}
	}
	return append(out, add...)
}

// Shape is a drawing that has come to its end. Coordinates are degrees.
type Shape struct {
	Geometry orb.Geometry // Point, LineString or Polygon
	Center   orb.Point    // of a circle, whose Geometry is a polygon of 96 corners
	RadiusM  float64      // of a circle, metres; else 0
	Mods     fyne.KeyModifier
}

// drawing is what is being drawn, or a measure that stays to be read.
type drawing struct {
	points []orb.Point
	tip    orb.Point // where the pointer is: the next point
	tipped bool
	done   bool
	zoom   bool // a box to zoom to
}

func (d *drawing) active() bool { return len(d.points) > 0 && !d.done }

// path is what there is to see: the points, and the one under the pointer.
func (d *drawing) path() []orb.Point {
	if d.tipped && d.active() {
		return append(d.points[:len(d.points):len(d.points)], d.tip)
	}
	return d.points
}

// SetTool chooses what the left button does. A drawing under way is given up, a measure that was read goes.
func (m *Map) SetTool(t Tool) {
	if t == m.tool {
		return
	}
	m.giveUp()
	m.tool = t
}

// Tool is what the left button does.
func (m *Map) Tool() Tool { return m.tool }

// giveUp ends what is being drawn without a result.
func (m *Map) giveUp() {
	d := &m.drawing
	if len(d.points) == 0 {
		return
	}
	told := m.tool.measures() && !d.zoom
	*d = drawing{}
	m.sketched()
	if told && m.OnMeasure != nil {
		m.OnMeasure(Measure{Tool: m.tool})
	}
}

// begin starts a drawing at p.
func (m *Map) begin(p orb.Point, zoom bool) {
	m.giveUp()
	m.drawing = drawing{points: []orb.Point{p}, zoom: zoom}
	m.sketched()
}

// vertex adds a point; the last one of a form that takes no more ends it.
func (m *Map) vertex(p orb.Point, mods fyne.KeyModifier) {
	d := &m.drawing
	if !d.active() {
		m.begin(p, false)
		return
	}
	if n := len(d.points); d.points[n-1] == p || n >= maxVertices {
		return
	}
	d.points = append(d.points, p)
	if most := m.tool.form().most(); most > 0 && len(d.points) == most {
		m.finish(mods)
		return
	}
	m.sketched()
}

// lead moves the point under the pointer.
func (m *Map) lead(p orb.Point) {
	if d := &m.drawing; d.active() {
		d.tip, d.tipped = p, true
		m.sketched()
	}
}

// back takes the last point away; the drawing goes with its first.
func (m *Map) back() {
	d := &m.drawing
	if len(d.points) <= 1 {
		m.giveUp()
		return
	}
	d.points = d.points[:len(d.points)-1]
	m.sketched()
}

// finish ends the drawing with what there is; too few points are none.
func (m *Map) finish(mods fyne.KeyModifier) {
	d, tool := &m.drawing, m.tool
	f := tool.form()
	if len(d.points) < f.least() {
		m.giveUp()
		return
	}
	if tool.measures() {
		d.done, d.tipped = true, false
		m.sketched()
		return
	}
	points := d.points
	*d = drawing{}
	m.sketched()
	s := Shape{Mods: mods}
	switch f {
	case formBox:
		s.Geometry = orb.MultiPoint(points).Bound().ToPolygon()
	case formCircle:
		s.Center = points[0]
		s.RadiusM, _, _ = geo.Inverse(points[0], points[1])
		if s.RadiusM == 0 {
			return
		}
		s.Geometry = geo.Circle(s.Center, s.RadiusM, circleCorners)
	case formLine:
		s.Geometry = orb.LineString(points)
	case formRing:
		s.Geometry = orb.Polygon{append(orb.Ring(points), points[0])}
	}
	if m.OnShape != nil {
		m.OnShape(tool, s)
	}
	if tool.selects() {
		m.selectIn(s)
	}
}

const circleCorners = 96

// sketched shows the drawing as it is now, and tells about a measure.
func (m *Map) sketched() {
	if m.tool.measures() && len(m.drawing.points) > 0 && !m.drawing.zoom {
		m.measured = m.measure()
		if m.OnMeasure != nil {
			m.OnMeasure(m.measured)
		}
	}
	if m.view != nil {
		if m.view.sketch.fit(len(m.drawing.points) + 2) {
			m.view.sketch.colour(m.style)
			m.view.arrange()
		}
		m.view.sketch.place(m)
		m.view.repaint()
	}
}

// selectAt selects the topmost thing at a position.
func (m *Map) selectAt(pos fyne.Position, mods fyne.KeyModifier) {
	if m.OnSelect == nil {
		return
	}
	how := selectMode(mods)
	var refs []mapview.Ref
	for _, h := range m.hits(pos) {
		if h.Kind != mapview.KindRegion {
			refs = append(refs, h.Ref)
			break
		}
	}
	if len(refs) > 0 || how == SelectReplace {
		m.OnSelect(refs, how)
	}
}

// selectIn selects what is touched by a shape, of what is seen but regions and base maps.
func (m *Map) selectIn(s Shape) {
	if m.OnSelect == nil {
		return
	}
	area, err := mapview.PolygonArea(s.Geometry)
	if s.RadiusM > 0 {
		area, err = mapview.AroundArea(s.Center, s.RadiusM)
	}
	if err != nil {
		return // a polygon without extent holds nothing
	}
	how := selectMode(s.Mods)
	if refs := m.scene.Select(m.cam, m.style, area, mapview.Touching, nil); len(refs) > 0 || how == SelectReplace {
		m.OnSelect(refs, how)
	}
}

// hits is what is under a position, the topmost first.
func (m *Map) hits(pos fyne.Position) []mapview.Hit {
	s := float64(m.scale)
	return m.scene.HitTest(m.cam, m.style, float64(pos.X)*s, float64(pos.Y)*s, pickPx*s)
}

// Cursor implements desktop.Cursorable.
func (m *Map) Cursor() desktop.Cursor {
	switch {
	case m.space || m.press.mode == pressPan && m.press.dragged:
		return desktop.PointerCursor
	case m.tool == ToolExplore:
		return desktop.DefaultCursor
	case m.tool == ToolSelectClick:
		return desktop.PointerCursor
	}
	return desktop.CrosshairCursor
}
