package ui_test

import (
	"reflect"
	"slices"
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

func TestChartTranslates(t *testing.T) {
	app := test.NewTempApp(t)
	m := mapwidget.New(mapview.PyramidOptions{})
	m.Still = true
	posts := make(chan func(), 8)
	c := ui.NewChart(m, map[string]block.Kind{"buildings": "building", "grids": "region", "streets": "region"}, func(f func()) { posts <- f })
	var moved, settled []state.View
	var picks []ui.Pick
	c.Listen(ui.MapEvents{
		Moved: func(v state.View) { moved = append(moved, v) }, Settled: func(v state.View) { settled = append(settled, v) },
		Picked:  func(_ orb.Point, p []ui.Pick, _ fyne.Position) { picks = p },
		Pointer: func(orb.Point, bool) {}, Placed: func(orb.Point) {}, Menu: func(orb.Point, []ui.Pick, fyne.Position) {}, Key: func(*fyne.KeyEvent) {},
	})
	w := app.NewWindow("")
	defer w.Close()
	w.SetPadded(false)
	w.SetContent(c.Object())
	w.Resize(fyne.NewSize(800, 600))
	c.MoveTo(orb.Point{114.02, 22.53}, 16)
	(<-posts)()
	if len(moved) == 0 || len(settled) != 1 {
		t.Fatalf("moved %d times, settled %d times", len(moved), len(settled))
	}
	v := settled[0]
	// A 256-px tile pyramid at zoom 16 has 2.387 m a pixel at the equator.
	if got, want := v.MetresPerDp, 2.387*0.9237; got < want*0.99 || got > want*1.01 || v.Zoom != 16 {
		t.Errorf("%g m a unit at zoom %g, want %g", got, v.Zoom, want)
	}
	if !v.Bound.Contains(orb.Point{114.02, 22.53}) {
		t.Errorf("bound %v", v.Bound)
	}

	one := id("building", "1")
	m.OnPick([]mapview.Hit{{Ref: mapview.Ref{Layer: "buildings", ID: mapview.ID(one)}, Label: "3栋"}, {Ref: mapview.Ref{Layer: "roads"}}}, fyne.Position{})
	if want := []ui.Pick{{Ref: state.RefOf("building", one), Label: "3栋"}}; !reflect.DeepEqual(picks, want) {
		t.Errorf("picked %+v, want %+v", picks, want)
	}
	c.Select(state.RefOf("region", one))
	if got := m.Scene().Selected; len(got) != 2 {
		t.Errorf("a region is marked in %d layers, want in both of its kind", len(got))
	}
	c.Select(state.Ref{})
	if got := m.Scene().Selected; len(got) != 0 {
		t.Errorf("nothing is selected, but %v is marked", got)
	}

	c.SetScene(mapview.Scene{Layers: []mapview.Layer{{Name: "buildings"}, {Name: "grids"}}})
	looks := []state.LayerLook{{ID: "buildings", Visible: true, Opacity: 1, MaxZoom: 17}, {ID: "grids", Opacity: 1}}
	c.Arrange(looks)
	c.SetScene(mapview.Scene{Layers: []mapview.Layer{{Name: "buildings"}, {Name: "other"}, {Name: "grids"}}}) // renewed by a sync
	got := m.Scene().Layers
	var order []string
	for _, y := range got {
		order = append(order, y.Name)
	}
	if want := []string{"other", "grids", "buildings"}; !slices.Equal(order, want) { // the tree's topmost is drawn last
		t.Fatalf("layers in the order %v, want %v", order, want)
	}
	if !got[1].Hidden || got[2].Hidden || got[2].MaxZoom != 17 {
		t.Errorf("layers %+v", got)
	}
	c.Arrange([]state.LayerLook{looks[0], {ID: "grids", Visible: true, Opacity: 1}})
	if m.Scene().Layers[1].Hidden {
		t.Error("the layer stays off")
	}
}

func TestChartFiltersEvents(t *testing.T) {
	test.NewTempApp(t)
	m := mapwidget.New(mapview.PyramidOptions{})
	c := ui.NewChart(m, map[string]block.Kind{"event": "event"}, func(f func()) { f() })
	var b mapview.Builder
	one, two := id("event", "1"), id("event", "2")
	for i, e := range []block.ID{one, two} {
		if err := b.Add(mapview.ID(e), 0, "", orb.Point{114 + float64(i)/100, 22.5}); err != nil {
			t.Fatal(err)
		}
	}
	c.SetScene(mapview.Scene{Layers: []mapview.Layer{{Name: "event", Kind: mapview.KindEvent, Data: b.Build(1)}}})
	shown := func() *mapview.Snapshot { return m.Scene().Layers[0].Data }
	if n, ok := c.Extent("event"); !ok || n.Max[0] < 114.009 {
		t.Errorf("extent %v", n)
	}
	c.ShowEvents(map[block.ID]bool{two: true})
	if _, ok := shown().Find(mapview.ID(one)); ok || shown().Len() != 1 {
		t.Errorf("%d events are shown, want the one", shown().Len())
	}
	first := shown()
	c.ShowEvents(map[block.ID]bool{one: true})
	if shown().Version() == first.Version() {
		t.Error("another choice has the same version: tiles would not be drawn anew")
	}
	c.ShowEvents(nil)
	if shown().Len() != 2 {
		t.Errorf("%d events are shown, want both", shown().Len())
	}
}
