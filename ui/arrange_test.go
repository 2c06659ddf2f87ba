package ui_test

import (
	"strings"
	"testing"
	"time"

	"kuaitu/block"
	"kuaitu/ui"
	"kuaitu/ui/state"
)

// remembering keeps what a window remembers, for the next one.
func remembering(kept map[string]string) func(*ui.Deps) {
	return func(d *ui.Deps) {
		d.Remember = func(k, v string) { kept[k] = v }
		d.Recall = func(k string) string { return kept[k] }
	}
}

func TestLayersAreArrangedAndKept(t *testing.T) {
	kept := map[string]string{}
	d := openDesk(t, wide, remembering(kept))
	d.until("layers", d.shows("layers", "网格界"))
	d.DragLayer("grid", "street")
	order := func(d *desk) string {
		var ids []string
		for _, l := range d.chart.looks {
			ids = append(ids, l.ID)
		}
		return strings.Join(ids, " ")
	}
	const want = "events grid street community oldgrid thematic buildings small care raster image"
	if got := order(d); got != want {
		t.Errorf("after dragging the map draws %q, want %q", got, want)
	}
	d.Tap("layers", "l-grid")
	d.until("the count in view", d.shows("layers", "12 / 214"))
	d.Tap("layers", "zooms")
	if !d.Boxed() {
		t.Fatal("no form asks for the zooms")
	}
	d.FillForm("15", "12")
	d.want("form", "级别是 0 到 22 的数")
	d.FillForm("14", "")
	if d.Boxed() {
		t.Error("the form stays open")
	}
	d.want("layers", "14 级起")

	other := openDesk(t, wide, remembering(kept))
	other.until("layers", other.shows("layers", "网格界"))
	if got := order(other); got != want {
		t.Errorf("the next start draws %q, want %q", got, want)
	}
	if got := other.chart.looks[1]; got.MinZoom != 14 {
		t.Errorf("the next start draws the grids %+v", got)
	}
}

func TestEdgesAreDraggedAndKept(t *testing.T) {
	kept := map[string]string{}
	d := openDesk(t, wide, remembering(kept))
	left, chart, right, list := d.Widths()
	d.DragEdge("left", 40)
	d.DragEdge("right", -50)
	d.DragEdge("list", -60)
	l, c, r, h := d.Widths()
	if l != left+40 || r != right+50 || h != list+60 || c != chart-90 {
		t.Errorf("sizes %v %v %v %v, were %v %v %v %v", l, c, r, h, left, chart, right, list)
	}
	d.DragEdge("right", -5000)
	if _, c, r, _ := d.Widths(); c < state.LeastMapWidth || r > 700 {
		t.Errorf("the map is %v wide beside a dossier of %v", c, r)
	}
	d.DragEdge("right", 100)
	_, _, r, _ = d.Widths()
	other := openDesk(t, wide, remembering(kept))
	if l2, _, r2, h2 := other.Widths(); l2 != l || r2 != r || h2 != h {
		t.Errorf("the next start has %v %v %v, want %v %v %v", l2, r2, h2, l, r, h)
	}
}

func TestTimeStripFiltersListAndMap(t *testing.T) {
	d := openDesk(t, wide)
	d.until("rows", d.shows("events", "20261123-005-0131"))
	if d.chart.only != nil {
		t.Error("the map is filtered at the start")
	}
	d.Tap("strip", "range.today")
	d.until("today's events only", func() bool { return len(d.chart.only) > 0 && !strings.Contains(d.Panel("events"), "20261120-005-0098") })
	today := len(d.chart.only)
	d.Tap("strip", "range.custom")
	d.FillForm("2026-11-20", "2026-11-20")
	d.until("the one of that day", func() bool { return len(d.chart.only) == 1 && strings.Contains(d.Panel("events"), "20261120-005-0098") })
	d.want("strip", "11-20–11-20")
	d.Tap("strip", "range.all")
	d.until("all events", func() bool { return d.chart.only == nil })
	if today < 2 || today >= 26 {
		t.Errorf("%d events were shown of today", today)
	}
}

func TestPanelStartsWithTheHomeRegion(t *testing.T) {
	d := openDesk(t, wide)
	d.until("the home region", d.shows("detail", "一格一档"))
	d.want("detail", "036-14", "37", "超期 2", "正常 1", "下级区域", "下沙社区", "612", "另有 1 个")
	d.Tap("detail", "below-"+id("region", "xs").String())
	d.until("the map at the region", func() bool { return len(d.chart.fitted) == 1 })
	d.until("its events", d.shows("eventhead", "下沙社区"))
	d = openDesk(t, small)
	if _, right := d.Opened(); right {
		t.Error("on a small screen the panel covers the map from the start")
	}
}

func TestBaseMapsAreChosen(t *testing.T) {
	d := openDesk(t, wide)
	d.until("layers", d.shows("layers", "影像"))
	d.until("the base map's name", d.shows("status", "底图 城市矢量 2026-10"))
	d.want("credit", "示意 审图号：粤S(2026)01号·© OpenStreetMap 贡献者·示意数据")
	d.Tap("layers", "lc-image")
	if d.chart.shown["raster"] || !d.chart.shown["image"] {
		t.Errorf("both or none are shown: %v", d.chart.shown)
	}
	d.want("status", "底图 影像")
	if got := d.Panel("credit"); strings.Contains(got, "审图号") {
		t.Errorf("the credit is still of the map before: %q", got)
	}
	d.Tap("layers", "lc-base")
	d.want("status", "无底图")
}

func TestFiguresAreChosenAndKept(t *testing.T) {
	kept := map[string]string{}
	d := openDesk(t, wide, remembering(kept))
	d.until("layers", d.shows("layers", "专题图"))
	d.Tap("layers", "lc-thematic") // nothing was chosen yet: the panel asks
	if !d.Boxed() {
		t.Fatal("no panel opens")
	}
	d.ChooseFigures("areas", "overdue", "5, x", "")
	if d.Tap("modalfoot", "act-显示") {
		t.Error("class limits that are none were taken")
	}
	d.ChooseFigures("heat", "rooms", "", "")
	if d.Tap("modalfoot", "act-显示") {
		t.Error("a density of rooms was taken")
	}
	d.ChooseFigures("areas", "overdue", "1, 5, 20", "2026-11-20")
	d.Tap("modalfoot", "act-显示")
	d.until("the map of figures", func() bool { return len(d.chart.theme) == 1 && !d.Boxed() })
	want := state.Thematic{Kind: "areas", Measure: "overdue", Level: block.Community, Norm: "count", Method: "fixed", Classes: 5, Cuts: []float64{1, 5, 20}, Ramp: "blue",
		AsOf: time.Date(2026, 11, 21, 0, 0, 0, 0, fakeNow.Location())}
	if got := d.data.wishes[len(d.data.wishes)-1]; got.String() != want.String() {
		t.Errorf("wished for %v, want %v", got, want)
	}
	d.want("figures", "超期事件·按社区", "20–57", "无数据", "截至 15:42")
	d.want("layers", "超期事件·按社区")

	other := openDesk(t, wide, remembering(kept))
	other.until("the map of figures at the next start", func() bool { return len(other.chart.theme) == 1 })
	other.Tap("layers", "lc-thematic")
	if got := other.Panel("figures"); got != "" {
		t.Errorf("the legend stays when its layer is off: %q", got)
	}
}
