package ui_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/mapview"
	"kuaitu/ui"
	"kuaitu/ui/state"
)

func TestToolsByButtonAndKey(t *testing.T) {
	d := openDesk(t, wide)
	want := func(tool ui.Tool, what string) {
		t.Helper()
		if d.chart.tool != tool {
			t.Errorf("%s: the map has tool %d, want %d", what, d.chart.tool, tool)
		}
	}
	d.Tap("tools", "map.tool.select")
	want(ui.ToolSelectBox, "select")
	d.want("kit", "选择", "框选", "多边形", "按住 Shift 加选")
	d.Tap("kit", "map.tool.select.radius")
	want(ui.ToolSelectRadius, "radius")
	d.Key(fyne.KeyM)
	want(ui.ToolMeasureLine, "M")
	d.Key(fyne.KeyM)
	want(ui.ToolMeasureArea, "M again")
	d.Key(fyne.KeyS)
	want(ui.ToolSelectRadius, "S takes what was used last")
	d.Key(fyne.KeyB)
	want(ui.ToolAroundPoint, "B")
	d.Key(fyne.KeyI)
	want(ui.ToolIdentify, "I")
	d.Key(fyne.KeyEscape)
	want(ui.ToolPan, "Esc")
	if got := d.Panel("kit"); got != "" {
		t.Errorf("an empty panel stays open:\n%s", got)
	}
	d.Key(fyne.KeyM)
	d.chart.on.Left() // Esc on the map
	want(ui.ToolPan, "Esc on the map")
	d.Tap("tools", "map.tool.measure")
	want(ui.ToolMeasureArea, "measure as last")
	d.Tap("kit", "kit-close")
	want(ui.ToolPan, "closing the panel")
}

// Looks are the looks around that were asked for.
func (d *desk) Looks() []state.AroundQuery {
	d.data.mu.Lock()
	defer d.data.mu.Unlock()
	return slices.Clone(d.data.around)
}

func picksOf(d *desk, events []int, buildings ...string) []ui.Pick {
	var out []ui.Pick
	for _, i := range events {
		e := d.data.events[i]
		out = append(out, ui.Pick{Ref: state.RefOf("event", e.ID), Count: 1, Bound: e.At.Bound()})
	}
	for i, b := range buildings {
		at := orb.Point{114.02 + float64(i)/1000, 22.52}
		out = append(out, ui.Pick{Ref: state.RefOf("building", id("building", b)), Label: b, Count: 1, Bound: at.Bound()})
	}
	return out
}

func TestSelectionIsShared(t *testing.T) {
	d := openDesk(t, wide)
	d.until("rows", d.shows("events", "20261123-005-0136"))
	d.Tap("tools", "map.tool.select")
	d.chart.on.Selected(picksOf(d, []int{1, 10}, "3栋", "4栋", ""), state.SelectReplace)
	d.want("kit", "选择·5", "事件 2", "楼栋 3", "暴露垃圾", "3栋", "未命名楼栋")
	if n := len(d.chart.marked); n != 5 {
		t.Errorf("%d are marked on the map, want 5", n)
	}
	if rows := d.SelectedRows(); len(rows) != 2 || rows[0] != d.data.events[1].ID || rows[1] != d.data.events[10].ID {
		t.Errorf("%d rows are selected in the list, want the two events", len(rows))
	}
	d.chart.on.Selected(picksOf(d, []int{2}, "4栋"), state.SelectToggle)
	d.want("kit", "事件 3", "楼栋 2")

	d.Tap("kit", "kind-building")
	if got := d.Panel("kit"); strings.Contains(got, "暴露垃圾") || !strings.Contains(got, "3栋") {
		t.Errorf("only buildings were to be listed:\n%s", got)
	}
	d.Tap("kit", "kit-zoom")
	if n := len(d.chart.fitted); n != 1 || d.chart.fitted[0].Max[0] < 114.0209 {
		t.Errorf("the map was fitted to %v", d.chart.fitted)
	}
	d.Tap("kit", "kit-copy")
	if got := d.Clipboard(); strings.Count(got, "\n") != 3 || !strings.Contains(got, "楼栋\t3栋\t") {
		t.Errorf("copied:\n%s", got)
	}
	d.Tap("kit", "kit-only")
	if len(d.chart.alone) != 5 {
		t.Errorf("the map shows %d records alone, want 5", len(d.chart.alone))
	}
	d.want("eventhead", "仅看选中·3 件")
	if got := strings.Count(d.Panel("events"), "2026112"); got != 3 {
		t.Errorf("the list shows %d events, want the three selected", got)
	}
	d.Tap("kit", "kit-close")
	if d.Panel("kit") != "" || d.chart.alone != nil || len(d.chart.marked) != 5 {
		t.Errorf("after closing the panel %d are marked, %d shown alone", len(d.chart.marked), len(d.chart.alone))
	}
	d.Key(fyne.KeyS)
	d.Tap("kit", "kit-only")
	d.Tap("kit", "kit-clear")
	if d.chart.alone != nil || len(d.chart.marked) != 0 || len(d.SelectedRows()) != 0 {
		t.Error("something of the selection is left")
	}
	d.want("events", "20261123-005-0131", "20261123-005-0144")
}

func TestLargeSelectionSaysWhatIsNotMarked(t *testing.T) {
	d := openDesk(t, wide)
	many := make([]ui.Pick, state.MaxSelected+3)
	for i := range many {
		many[i].Ref = state.RefOf("building", block.NameID("building", strconv.Itoa(i)))
	}
	d.chart.on.Selected(many[:4000], state.SelectReplace)
	d.want("kit", "选择·4,000", "图上只标出前 3,000 个")
	d.chart.on.Selected(many, state.SelectReplace)
	d.want("kit", "选择·50,000", "只选中前 50,000 个，另有 3 个未选")
	d.chart.on.Selected(many[:2], state.SelectReplace)
	if strings.Contains(d.Panel("kit"), "前") {
		t.Error("a small selection still says that something is missing")
	}
}

func TestListSelectsSeveral(t *testing.T) {
	d := openDesk(t, wide)
	d.until("rows", d.shows("events", "20261123-005-0136"))
	row := func(i int, mods fyne.KeyModifier) { d.TapEvent(d.data.events[i].ID, mods) }
	selected := func(want ...int) {
		t.Helper()
		d.settle()
		rows := d.SelectedRows()
		if len(rows) != len(want) {
			t.Errorf("%d rows are selected, want %v", len(rows), want)
			return
		}
		for i, w := range want {
			if rows[i] != d.data.events[w].ID {
				t.Errorf("row %d is another event than %d", i, w)
			}
		}
	}
	row(1, 0)
	selected(1)
	row(3, fyne.KeyModifierControl)
	selected(1, 3)
	d.want("kit", "选择·2")
	if len(d.chart.marked) != 2 {
		t.Errorf("%d are marked on the map", len(d.chart.marked))
	}
	row(1, fyne.KeyModifierControl)
	selected(3)
	row(3, 0)
	row(0, fyne.KeyModifierShift)
	selected(0, 1, 2, 3)
	row(2, 0) // a plain click selects the one
	selected(2)
	if len(d.chart.marked) != 0 || d.Panel("kit") != "" {
		t.Error("the selection of several is still there")
	}
}

func TestMeasureIsShownAndCopied(t *testing.T) {
	d := openDesk(t, wide)
	d.Key(fyne.KeyM)
	d.want("kit", "双击或回车结束", "椭球面")
	m := state.Measure{Points: []orb.Point{{114, 22}, {114.01, 22}, {114.01, 22.01}}, Legs: []float64{1032.4, 1107.3}, LengthM: 2139.7}
	d.chart.on.Measured(m)
	d.want("kit", "2.140 km", "第 1 段", "1.032 km")
	if got := d.chart.on.ReadOut(m); got != "2.140 km·+1.107 km" {
		t.Errorf("beside the pointer %q", got)
	}
	d.Tap("kit", "length-m")
	d.want("kit", "2,139.7 m")
	if got := d.chart.on.ReadOut(m); got != "2,139.7 m·+1,107.3 m" {
		t.Errorf("beside the pointer %q", got)
	}
	d.Tap("kit", "kit-copy")
	if got := d.Clipboard(); !strings.HasPrefix(got, "长度\t2,139.7 m\n第 1 段\t1,032.4 m\n") {
		t.Errorf("copied %q", got)
	}
	d.Tap("kit", "map.tool.measure.area")
	if strings.Contains(d.Panel("kit"), "2,139.7") {
		t.Error("another tool shows the measure of the one before")
	}
	d.want("kit", "公顷")
	d.chart.on.Measured(state.Measure{Kind: state.MeasureArea, Points: m.Points, Legs: []float64{1, 2, 3}, PerimeterM: 6, AreaM2: 23456})
	d.Tap("kit", "area-m²")
	d.want("kit", "23,456.0 m²", "周长", "6.00 m")
	d.SetLang("en")
	d.want("kit", "Perimeter", "Area")
	d.chart.on.Measured(state.Measure{}) // given up
	d.Key(fyne.KeyEscape)
	if d.Panel("kit") != "" {
		t.Error("the panel of a measure stays")
	}
}

func TestLookAround(t *testing.T) {
	d := openDesk(t, wide)
	d.Key(fyne.KeyB)
	d.want("kit", "点击地图上一点")
	d.chart.on.Drawn(orb.Point{114.02, 22.52})
	d.until("the figures", d.shows("kit", "按距离排序"))
	d.Tap("kit", "count-building")
	d.until("the list", d.shows("kit", "building-000"))
	d.want("kit", "点 114.02000°E 22.52000°N", "450", "楼栋·按距离排序", "0 m")
	if len(d.chart.outline) != 1 {
		t.Error("no outline is on the map")
	}
	if d.Tap("kit", "count-facility") {
		t.Error("facilities, of which there are none, can be listed")
	}
	d.Tap("kit", "count-person")
	d.until("people", d.shows("kit", "陈*"))
	d.want("kit", "姓名已脱敏")
	d.Tap("kit", "count-building")
	d.until("buildings", d.shows("kit", "building-003"))
	d.Tap("kit", "around-"+id("building", "3").String())
	if len(d.chart.moved) != 1 || d.chart.selected != state.RefOf("building", id("building", "3")) {
		t.Errorf("the map moved %d times and selected %v", len(d.chart.moved), d.chart.selected)
	}
	d.ScrollKit(-12 * 440)
	d.until("the last page", func() bool {
		d.ScrollKit(-12 * 440)
		return strings.Contains(d.Panel("kit"), "building-449")
	})

	d.TypeMetres("1.2km")
	d.until("another look", func() bool { return len(d.Looks()) == 2 })
	if q := d.Looks()[1]; q.Metres != 1200 || q.Shape != (orb.Point{114.02, 22.52}) {
		t.Errorf("looked %g m around %v", q.Metres, q.Shape)
	}
	d.TypeMetres("9 km")
	d.settle()
	if len(d.Looks()) != 2 {
		t.Error("a distance out of bounds was taken")
	}
	d.Key(fyne.KeyEscape) // the tool
	d.want("kit", "周边分析")
	d.Key(fyne.KeyEscape) // the panel
	if d.Panel("kit") != "" || d.chart.shape != nil {
		t.Error("the surroundings are still there")
	}
}

func TestLookAroundCanBeStopped(t *testing.T) {
	d := openDesk(t, wide)
	d.data.hold = make(chan struct{})
	d.chart.on.Drawn(orb.LineString{{114.02, 22.52}, {114.03, 22.52}})
	d.until("the first kinds", d.shows("kit", "正在统计 2/6"))
	d.want("kit", "折线·2 点", "450", "…")
	d.Tap("kit", "around-stop")
	d.want("kit", "统计已取消", "450")
	close(d.data.hold)
	d.Tap("kit", "around-again")
	d.until("all kinds", d.shows("kit", "按距离排序"))
	d.data.mu.Lock()
	d.data.fail = block.ErrUnavailable
	d.data.mu.Unlock()
	d.chart.on.Drawn(orb.Point{114, 22})
	d.until("what went wrong", func() bool {
		return !strings.Contains(d.Panel("kit"), "统计") && !strings.Contains(d.Panel("kit"), "按距离")
	})
}

func TestLookAroundARecord(t *testing.T) {
	d := openDesk(t, wide)
	ref := state.RefOf("building", id("building", "3"))
	d.chart.on.Picked(orb.Point{}, []ui.Pick{{Ref: ref, Count: 1}}, fyne.Position{})
	d.until("the dossier", d.shows("detail", "滨河雅苑 3栋"))
	if !d.Tap("detailfoot", "around") {
		t.Fatal("the dossier has no button")
	}
	d.until("the figures", d.shows("kit", "450"))
	d.want("kit", "滨河雅苑 3栋")
	if q := d.Looks()[0]; q.Ref != ref || q.Metres != state.DefaultAroundM {
		t.Errorf("looked %g m around %v", q.Metres, q.Ref)
	}
	at := orb.Point{114.02, 22.52}
	if !d.TapMapMenu(at, []ui.Pick{{Ref: state.RefOf("region", id("region", "036-14"))}, {Ref: ref, Label: "3栋", Count: 1}}, "周边分析：3栋") {
		t.Fatal("the map's menu has no such line")
	}
	d.until("another look", func() bool { return len(d.Looks()) == 2 })
	if q := d.Looks()[1]; q.Ref != ref {
		t.Errorf("looked around %v", q.Ref)
	}
	if d.TapMapMenu(at, nil, "周边分析：3栋") || !d.TapMapMenu(at, nil, "此处周边分析") {
		t.Error("on empty ground the menu offers the place, and no building")
	}
	d.chart.on.Menu(at, nil, fyne.NewPos(400, 400))
}

func TestIdentifyListsEverything(t *testing.T) {
	d := openDesk(t, wide)
	d.until("rows", d.shows("events", "20261123-005-0136"))
	d.Key(fyne.KeyI)
	d.want("kit", "列出该处所有图层的对象")
	cluster := ui.Pick{Ref: state.RefOf("event", d.data.events[0].ID), Count: 2, Members: picksOf(d, []int{0, 1})}
	region := ui.Pick{Ref: state.RefOf("region", id("region", "036-14")), Label: "036-14", Count: 1}
	picks := append([]ui.Pick{cluster}, append(picksOf(d, nil, "3栋"), region)...)
	d.chart.on.Picked(orb.Point{114.02, 22.52}, picks, fyne.Position{})
	d.want("kit", "查询结果·4", "消防通道堵塞", "暴露垃圾", "3栋", "036-14", "网格")
	if d.chart.selected != picks[0].Members[0].Ref {
		t.Error("the topmost is not selected")
	}
	d.Tap("kit", "found-"+id("building", "3栋").String())
	if d.chart.selected != picks[1].Ref {
		t.Error("a row of the list does not select its record")
	}
	d.chart.on.Picked(orb.Point{114.5, 22.5}, nil, fyne.Position{})
	d.want("kit", "114.50000°E 22.50000°N 处没有对象")
}

func TestClustersOpen(t *testing.T) {
	d := openDesk(t, wide)
	d.until("rows", d.shows("events", "20261123-005-0136"))
	c := ui.Pick{Ref: state.RefOf("event", d.data.events[0].ID), Count: 2, Members: picksOf(d, []int{0, 1}), Open: mapview.View{Center: orb.Point{114.03, 22.53}, Zoom: 17}}
	d.chart.on.Picked(orb.Point{}, []ui.Pick{c}, fyne.Position{})
	if len(d.chart.moved) != 1 || d.chart.moved[0] != c.Open.Center {
		t.Errorf("the map moved to %v", d.chart.moved)
	}
	c.SamePlace = true
	d.chart.on.Picked(orb.Point{}, []ui.Pick{c}, fyne.Position{})
	if len(d.chart.moved) != 1 {
		t.Error("the map moved to a cluster that never comes apart")
	}
	d.want("kit", "查询结果·2", "消防通道堵塞", "暴露垃圾")
}
