package ui_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/mapview"
	"kuaitu/mapview/mapwidget"
	"kuaitu/ui"
	"kuaitu/ui/state"
)

// toolChart is a map of three houses, two events at one place and the region they lie in, seen by a listener.
type toolChart struct {
	*ui.Chart
	m        *mapwidget.Map
	picked   []ui.Pick
	menu     []ui.Pick
	selected []ui.Pick
	how      state.SelectMode
	measured []state.Measure
	drawn    []orb.Geometry
	left     int
}

func openChart(t *testing.T) *toolChart {
	t.Helper()
	app := test.NewTempApp(t)
	c := &toolChart{m: mapwidget.New(mapview.PyramidOptions{})}
	c.m.Still = true
	c.Chart = ui.NewChart(c.m, map[string]block.Kind{"building": "building", "event": "event", "grid": "region"}, func(f func()) { f() })
	c.Listen(ui.MapEvents{
		Moved: func(state.View) {}, Settled: func(state.View) {}, Pointer: func(orb.Point, bool) {}, Placed: func(orb.Point) {}, Key: func(*fyne.KeyEvent) {},
		Picked:   func(_ orb.Point, p []ui.Pick, _ fyne.Position) { c.picked = p },
		Menu:     func(_ orb.Point, p []ui.Pick, _ fyne.Position) { c.menu = p },
		Selected: func(p []ui.Pick, how state.SelectMode) { c.selected, c.how = p, how },
		Measured: func(m state.Measure) { c.measured = append(c.measured, m) },
		ReadOut:  func(state.Measure) string { return "read" },
		Drawn:    func(g orb.Geometry) { c.drawn = append(c.drawn, g) },
		Left:     func() { c.left++ },
	})
	var houses, events, grids mapview.Builder
	box := func(x, y, side float64) orb.Polygon {
		return orb.Polygon{{{x, y}, {x + side, y}, {x + side, y + side}, {x, y + side}, {x, y}}}
	}
	add := func(b *mapview.Builder, kind block.Kind, name string, g orb.Geometry) {
		t.Helper()
		if err := b.Add(mapview.ID(id(kind, name)), 1, name, g); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"1栋", "2栋", "3栋"} {
		add(&houses, "building", name, box(114+float64(i)*0.001, 22.5, 0.0005))
	}
	add(&events, "event", "甲", orb.Point{114.0002, 22.5002})
	add(&events, "event", "乙", orb.Point{114.0002, 22.5002})
	add(&grids, "region", "036-14", box(113.99, 22.49, 0.03))
	c.SetScene(mapview.Scene{Layers: []mapview.Layer{
		{Name: "building", Kind: mapview.KindBuilding, Data: houses.Build(1)}, {Name: "grid", Kind: mapview.KindRegion, Level: 5, Data: grids.Build(1)},
		{Name: "event", Kind: mapview.KindEvent, Data: events.Build(1)},
	}})
	w := app.NewWindow("")
	t.Cleanup(w.Close)
	w.SetPadded(false)
	w.SetContent(c.Object())
	w.Resize(fyne.NewSize(800, 600))
	c.m.SetCamera(orb.Point{114.001, 22.5002}, 18)
	return c
}

func (c *toolChart) at(p orb.Point) fyne.Position { return c.m.ToPosition(p) }

func TestChartTellsOfTools(t *testing.T) {
	c := openChart(t)
	c.m.OnContext(orb.Point{114.0012, 22.5002}, c.at(orb.Point{114.0012, 22.5002}))
	if len(c.menu) != 2 || c.menu[0].Label != "2栋" || c.menu[1].Ref.Kind != "region" {
		t.Errorf("under the right click: %+v", c.menu)
	}
	refs := []mapview.Ref{{Layer: "building", ID: mapview.ID(id("building", "1栋"))}, {Layer: "roads"}, {Layer: "event", ID: mapview.ID(id("event", "甲"))}}
	c.m.OnSelect(refs, mapwidget.SelectToggle)
	if len(c.selected) != 2 || c.selected[0].Label != "1栋" || c.selected[0].Bound.IsEmpty() || c.how != state.SelectToggle {
		t.Errorf("selected %+v, %v", c.selected, c.how)
	}
	c.SetTool(ui.ToolMeasureArea)
	if c.m.Tool() != mapwidget.ToolMeasureArea {
		t.Errorf("the map has tool %d", c.m.Tool())
	}
	c.m.OnMeasure(mapwidget.Measure{Tool: mapwidget.ToolMeasureArea, Points: make([]orb.Point, 3), Legs: []float64{1, 2, 3}, PerimeterM: 6, AreaM2: 7, Done: true})
	if m := c.measured[len(c.measured)-1]; m.Kind != state.MeasureArea || m.AreaM2 != 7 || m.PerimeterM != 6 || len(m.Legs) != 3 || !m.Done {
		t.Errorf("measured %+v", m)
	}
	if got := c.m.ReadOut(mapwidget.Measure{}); got != "read" {
		t.Errorf("beside the pointer: %q", got)
	}
	c.m.OnShape(mapwidget.ToolSelectBox, mapwidget.Shape{Geometry: orb.Polygon{}})
	c.m.OnShape(mapwidget.ToolBufferLine, mapwidget.Shape{Geometry: orb.LineString{{1, 1}, {2, 2}}})
	if len(c.drawn) != 1 {
		t.Errorf("%d shapes were told of, want the line alone", len(c.drawn))
	}
	c.m.OnTool(mapwidget.ToolExplore)
	if c.left != 1 {
		t.Error("Esc on the map was not told of")
	}
}

func TestChartOpensClusters(t *testing.T) {
	c := openChart(t)
	c.m.SetCamera(orb.Point{114.001, 22.5002}, 13)
	pos := c.at(orb.Point{114.0002, 22.5002})
	c.m.OnPick(c.m.At(pos), pos)
	if len(c.picked) < 2 {
		t.Fatalf("picked %+v", c.picked)
	}
	if p := c.picked[0]; p.Count != 2 || len(p.Members) != 2 || !p.SamePlace || p.Open.Zoom <= 13 || p.Members[0].Label == p.Members[1].Label {
		t.Errorf("the cluster is %+v", p)
	}
}

func TestChartMarksTheSelection(t *testing.T) {
	c := openChart(t)
	one, two := state.RefOf("building", id("building", "1栋")), state.RefOf("building", id("building", "2栋"))
	c.Mark([]state.Ref{one, two})
	c.Select(two)
	if n := len(c.m.Scene().Selected); n != 2 {
		t.Errorf("%d features are marked, want 2", n)
	}
	c.Select(state.Ref{})
	if n := len(c.m.Scene().Selected); n != 2 {
		t.Errorf("without a current record %d are marked, want the selection", n)
	}
	c.Only([]state.Ref{one})
	shown := func(layer string) int {
		for _, y := range c.m.Scene().Layers {
			if y.Name == layer {
				return y.Data.Len()
			}
		}
		return -1
	}
	if shown("building") != 1 || shown("event") != 2 || shown("grid") != 1 {
		t.Errorf("%d buildings, %d events, %d grids are shown", shown("building"), shown("event"), shown("grid"))
	}
	for _, y := range c.m.Scene().Layers {
		if f, ok := y.Data.Find(mapview.ID(one.ID)); y.Name == "building" && (!ok || f.Class() != 1 || f.Label() != "1栋" || f.Bound().Max[0] < 114.0004) {
			t.Error("the building has changed")
		}
	}
	c.Only(nil)
	if shown("building") != 3 {
		t.Errorf("%d buildings are shown again", shown("building"))
	}
}

func TestChartDrawsSurroundings(t *testing.T) {
	c := openChart(t)
	before := len(c.m.Scene().Layers)
	outline := orb.MultiPolygon{{{{114, 22.5}, {114.002, 22.5}, {114.002, 22.502}, {114, 22.502}, {114, 22.5}}}}
	for _, shape := range []orb.Geometry{orb.Point{114.001, 22.501}, orb.LineString{{114, 22.5}, {114.002, 22.502}}, outline[0], outline} {
		c.SetAround(shape, nil) // the shape at once
		c.SetAround(shape, outline)
		layers := c.m.Scene().Layers
		if len(layers) != before+4 || layers[0].Name != "around.area" || layers[len(layers)-1].Kind != mapview.KindStyled {
			t.Fatalf("%T: %d layers, the lowest %s", shape, len(layers), layers[0].Name)
		}
		for _, y := range layers {
			if y.Kind == mapview.KindStyled && y.Data.Len() != 1 {
				t.Errorf("%T: %d features in %s", shape, y.Data.Len(), y.Name)
			}
		}
	}
	// what lies inside is hit all the same
	c.m.OnContext(orb.Point{114.0012, 22.5002}, c.at(orb.Point{114.0012, 22.5002}))
	if len(c.menu) == 0 || c.menu[0].Label != "2栋" {
		t.Errorf("under a click inside: %+v", c.menu)
	}
	c.SetDark(true)
	c.SetAround(nil, nil)
	if n := len(c.m.Scene().Layers); n != before {
		t.Errorf("%d layers are left of %d", n, before)
	}
}
