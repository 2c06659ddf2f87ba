package mapwidget

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview"
)

// rows opens a map with 25 buildings, 5 by 5, at multiples of 0.001° about the middle: at zoom 16 about 47 pixels apart.
func rows(t *testing.T) *Map {
	t.Helper()
	m, _ := open(t)
	var b mapview.Builder
	for i := range 25 {
		at := orb.Point{middle[0] + float64(i%5-2)*0.001, middle[1] + float64(i/5-2)*0.001}
		if err := b.Add(mapview.ID{byte(i + 1)}, uint8(mapview.UseCommercial), "", orb.Bound{Min: at, Max: at}.Pad(0.0002)); err != nil {
			t.Fatal(err)
		}
	}
	m.SetScene(mapview.Scene{Layers: []mapview.Layer{{Name: "building", Kind: mapview.KindBuilding, Data: b.Build(2)}}}, nil)
	settle(t, m)
	return m
}

type selected struct {
	ids []byte
	how SelectMode
}

// selections collects what a map's tools select.
func selections(m *Map) *[]selected {
	var out []selected
	m.OnSelect = func(refs []mapview.Ref, how SelectMode) {
		s := selected{how: how}
		for _, r := range refs {
			s.ids = append(s.ids, r.ID[0])
		}
		slices.Sort(s.ids)
		out = append(out, s)
	}
	return &out
}

// at is where a building of rows is on the screen, column and row from the middle, east and south.
func at(m *Map, col, row float64) (x, y float32) {
	p := m.ToPosition(orb.Point{middle[0] + col*0.001, middle[1] - row*0.001})
	return p.X, p.Y
}

func TestSelectByClick(t *testing.T) {
	m := rows(t)
	m.SetTool(ToolSelectClick)
	got := selections(m)
	h := hand{m: m}
	x, y := at(m, 0, 0)
	h.lone(x, y)
	h.mods = fyne.KeyModifierShift
	x, y = at(m, 1, 0)
	h.lone(x, y)
	h.lone(x+20, y) // nothing is there: with Shift nothing changes
	h.mods = fyne.KeyModifierControl
	h.lone(x, y)
	h.mods = 0
	h.lone(x+20, y)
	want := []selected{{[]byte{13}, SelectReplace}, {[]byte{14}, SelectAdd}, {[]byte{14}, SelectToggle}, {nil, SelectReplace}}
	if fmt.Sprint(*got) != fmt.Sprint(want) {
		t.Errorf("selected %v, want %v", *got, want)
	}
}

func TestSelectByBox(t *testing.T) {
	m := rows(t)
	m.SetTool(ToolSelectBox)
	got := selections(m)
	var shape Shape
	m.OnShape = func(_ Tool, s Shape) { shape = s }
	h := hand{m: m, mods: fyne.KeyModifierShift}
	x0, y0 := at(m, -0.5, -0.5)
	x1, y1 := at(m, 1.5, 0.5)
	h.drag(desktop.MouseButtonPrimary, x0, y0, x1, y1)
	h.mods = 0
	h.lone(x1, y1) // two clicks do as well
	h.lone(x0, y0)
	want := []selected{{[]byte{13, 14}, SelectAdd}, {[]byte{13, 14}, SelectReplace}}
	if fmt.Sprint(*got) != fmt.Sprint(want) {
		t.Errorf("selected %v, want %v", *got, want)
	}
	if b := shape.Geometry.Bound(); math.Abs(b.Max[0]-b.Min[0]-0.002) > 1e-6 {
		t.Errorf("the shape is %v", b)
	}
	if m.Camera().Zoom != 16 || m.view.sketch.box.Visible() {
		t.Error("the map zoomed, or the box stays")
	}
}

func TestSelectByPolygon(t *testing.T) {
	m := rows(t)
	m.SetTool(ToolSelectPolygon)
	got := selections(m)
	h := hand{m: m}
	for _, p := range [][2]float64{{-2.5, 2.5}, {-2.5, -2.5}, {2.5, 2.5}} { // the lower left half
		x, y := at(m, p[0]-0.2, p[1])
		h.lone(x, y)
	}
	if n := len(m.drawing.path()); n < 3 {
		t.Fatalf("%d points are drawn", n)
	}
	key(m, fyne.KeyReturn)
	if want := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 17, 21}; len(*got) != 1 || !slices.Equal((*got)[0].ids, want) {
		t.Errorf("selected %v, want %v", *got, want)
	}
	h.lone(100, 100)
	h.lone(200, 100)
	key(m, fyne.KeyReturn) // no polygon yet
	if len(*got) != 1 || m.drawing.active() {
		t.Errorf("two points selected %v", *got)
	}
}

func TestSelectByRadius(t *testing.T) {
	m := rows(t)
	m.SetTool(ToolSelectRadius)
	got := selections(m)
	var shape Shape
	m.OnShape = func(_ Tool, s Shape) { shape = s }
	x0, y0 := at(m, 0, 0)
	x1, y1 := at(m, 0.95, 0)
	hand{m: m}.drag(desktop.MouseButtonPrimary, x0, y0, x1, y1)
	if want := []selected{{[]byte{8, 12, 13, 14, 18}, SelectReplace}}; fmt.Sprint(*got) != fmt.Sprint(want) {
		t.Errorf("selected %v, want %v", *got, want)
	}
	if want := distance(middle, orb.Point{middle[0] + 0.00095, middle[1]}); math.Abs(shape.RadiusM-want) > 1.5 || far(m.ToPosition(shape.Center), fyne.NewPos(x0, y0), 1) {
		t.Errorf("a circle of %.1f m about %v, want %.1f", shape.RadiusM, shape.Center, want)
	}
	if len(shape.Geometry.(orb.Polygon)[0]) < 64 {
		t.Error("the circle has corners")
	}
}

func TestSelectModes(t *testing.T) {
	ref := func(ids ...byte) (out []mapview.Ref) {
		for _, id := range ids {
			out = append(out, mapview.Ref{Layer: "l", ID: mapview.ID{id}})
		}
		return out
	}
	for _, c := range []struct {
		how  SelectMode
		want []mapview.Ref
	}{{SelectReplace, ref(2, 3, 3)}, {SelectAdd, ref(1, 2, 3)}, {SelectToggle, ref(1, 3)}} {
		if got := c.how.Apply(ref(1, 2), ref(2, 3, 3)); c.how != SelectToggle && !slices.Equal(got, c.want) {
			t.Errorf("mode %d: %v, want %v", c.how, got, c.want)
		}
	}
	if got := SelectToggle.Apply(ref(1, 2), ref(2, 3)); !slices.Equal(got, ref(1, 3)) {
		t.Errorf("toggle: %v", got)
	}
}

func TestMeasureLine(t *testing.T) {
	m := rows(t)
	m.SetTool(ToolMeasureLine)
	var got Measure
	m.OnMeasure = func(r Measure) { got = r }
	h := hand{m: m}
	h.lone(100, 200)
	h.lone(300, 200)
	h.m.MouseMoved(h.event(0, 300, 300))
	if len(got.Points) != 3 || len(got.Legs) != 2 || got.Done || math.Abs(got.AzimuthDeg-180) > 0.1 {
		t.Fatalf("while it is drawn: %+v", got)
	}
	if want := geo.GeodesicLength(orb.LineString(got.Points)); math.Abs(got.LengthM-want) > 1e-6 {
		t.Errorf("%v m, want %v", got.LengthM, want)
	}
	if !m.view.sketch.text.Visible() || !strings.Contains(m.view.sketch.text.Text, "m") {
		t.Errorf("the read-out is %q", m.view.sketch.text.Text)
	}
	h.lone(300, 300)
	key(m, fyne.KeyBackspace)
	h.m.MouseMoved(h.event(0, 300, 200))
	if n := len(m.drawing.points); n != 2 {
		t.Errorf("%d points after Backspace, want 2", n)
	}
	h.lone(200, 100)
	h.click(desktop.MouseButtonPrimary, 200, 100) // the second of a double click
	if !got.Done || len(got.Points) != 3 {
		t.Errorf("after a double click: %+v", got)
	}
	h.m.MouseMoved(h.event(0, 500, 300))
	if len(got.Points) != 3 {
		t.Error("a measure that is done follows the pointer")
	}
	key(m, fyne.KeyEscape)
	if len(got.Points) != 0 || m.view.sketch.text.Visible() || m.view.sketch.lines[0].Visible() {
		t.Errorf("after Esc: %+v", got)
	}
	var tool = m.Tool()
	m.OnTool = func(t Tool) { tool = t }
	key(m, fyne.KeyEscape)
	if tool != ToolExplore || m.Tool() != ToolExplore {
		t.Errorf("a second Esc leaves tool %d", tool)
	}
}

func TestMeasureArea(t *testing.T) {
	m := rows(t)
	m.SetTool(ToolMeasureArea)
	var got Measure
	m.OnMeasure = func(r Measure) { got = r }
	h := hand{m: m}
	for _, p := range [][2]float32{{100, 100}, {300, 100}, {300, 300}, {100, 300}} {
		h.lone(p[0], p[1])
	}
	h.click(desktop.MouseButtonSecondary, 100, 300)
	ring := orb.Ring{m.ToLonLat(fyne.NewPos(100, 100)), m.ToLonLat(fyne.NewPos(300, 100)), m.ToLonLat(fyne.NewPos(300, 300)), m.ToLonLat(fyne.NewPos(100, 300)), m.ToLonLat(fyne.NewPos(100, 100))}
	if want := geo.GeodesicArea(orb.Polygon{ring}); !got.Done || math.Abs(got.AreaM2-want) > 1e-3*want || len(got.Legs) != 4 {
		t.Errorf("%+v, want %.0f m²", got, want)
	}
	if want := geo.GeodesicLength(ring); math.Abs(got.PerimeterM-want) > 1e-3*want {
		t.Errorf("perimeter %v, want %v", got.PerimeterM, want)
	}
}

func TestMeasureAzimuth(t *testing.T) {
	m := rows(t)
	m.SetTool(ToolMeasureAzimuth)
	var got Measure
	m.OnMeasure = func(r Measure) { got = r }
	h := hand{m: m}
	h.lone(300, 200)
	h.lone(200, 200)
	if !got.Done || math.Abs(got.AzimuthDeg-270) > 0.1 {
		t.Errorf("west is %+v", got)
	}
	h.lone(300, 200) // a new one
	h.m.MouseMoved(h.event(0, 300, 100))
	if got.Done || math.Abs(got.AzimuthDeg) > 0.1 && math.Abs(got.AzimuthDeg-360) > 0.1 {
		t.Errorf("north is %+v", got)
	}
}

func TestBuffers(t *testing.T) {
	m := rows(t)
	var tools []Tool
	var shapes []orb.Geometry
	m.OnShape = func(tool Tool, s Shape) { tools, shapes = append(tools, tool), append(shapes, s.Geometry) }
	h := hand{m: m}
	m.SetTool(ToolBufferPoint)
	h.lone(300, 200)
	m.SetTool(ToolBufferLine)
	h.lone(100, 100)
	h.lone(200, 100)
	h.click(desktop.MouseButtonSecondary, 250, 100)
	m.SetTool(ToolBufferPolygon)
	for _, p := range [][2]float32{{100, 100}, {200, 100}, {200, 200}} {
		h.lone(p[0], p[1])
	}
	key(m, fyne.KeyEnter)
	if !slices.Equal(tools, []Tool{ToolBufferPoint, ToolBufferLine, ToolBufferPolygon}) {
		t.Fatalf("tools %v", tools)
	}
	if _, ok := shapes[0].(orb.Point); !ok {
		t.Errorf("a place is %T", shapes[0])
	}
	if l, ok := shapes[1].(orb.LineString); !ok || len(l) != 2 {
		t.Errorf("a line is %v", shapes[1])
	}
	if p, ok := shapes[2].(orb.Polygon); !ok || len(p) != 1 || len(p[0]) != 4 || p[0][0] != p[0][3] {
		t.Errorf("a polygon is %v", shapes[2])
	}
}

func TestAnotherToolGivesUpTheDrawing(t *testing.T) {
	m := rows(t)
	m.SetTool(ToolSelectPolygon)
	got := selections(m)
	h := hand{m: m}
	for _, p := range [][2]float32{{100, 100}, {200, 100}, {200, 200}} {
		h.lone(p[0], p[1])
	}
	m.SetTool(ToolExplore)
	key(m, fyne.KeyReturn)
	if len(*got) != 0 || len(m.drawing.points) != 0 || m.view.sketch.lines[0].Visible() {
		t.Errorf("the drawing stayed: %v", *got)
	}
}

func TestReadOuts(t *testing.T) {
	for _, c := range []struct {
		r    Measure
		want string
	}{
		{Measure{Tool: ToolMeasureLine, Legs: []float64{12.34}, LengthM: 12.34}, "12.3 m"},
		{Measure{Tool: ToolMeasureLine, Legs: []float64{900, 334}, LengthM: 1234}, "1.23 km  ·  +334 m"},
		{Measure{Tool: ToolMeasureArea, Legs: []float64{1, 1, 1}, PerimeterM: 3000, AreaM2: 987654}, "987,654 m²  ·  3.00 km"},
		{Measure{Tool: ToolMeasureArea, Legs: []float64{1, 1, 1}, PerimeterM: 3000, AreaM2: 2.5e6}, "2.50 km²  ·  3.00 km"},
		{Measure{Tool: ToolMeasureAzimuth, Legs: []float64{50}, LengthM: 50, AzimuthDeg: 45.25}, "45.2°  ·  50.0 m"},
		{Measure{Tool: ToolMeasureLine}, ""},
	} {
		if got := readOut(c.r); got != c.want {
			t.Errorf("%+v reads %q, want %q", c.r, got, c.want)
		}
	}
}
