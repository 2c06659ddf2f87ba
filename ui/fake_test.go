package ui_test

import (
	"context"
	"fmt"
	"image/color"
	"slices"
	"strings"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/mapview"
	"kuaitu/ui"
	"kuaitu/ui/state"
)

// The made-up street of the design pictures, as an implementation of the window's interfaces that keeps its rows in
// memory and records what the window asked for.

var fakeNow = time.Date(2026, 11, 23, 15, 42, 0, 0, time.FixedZone("CST", 8*3600))

func id(kind block.Kind, name string) block.ID { return block.NameID(kind, name) }

type fakeData struct {
	mu      sync.Mutex
	events  []state.Event
	reports []state.Report
	fail    error // every answer is this error
	asked   []state.EventFilter
	wishes  []state.Thematic
	around  []state.AroundQuery
	hold    chan struct{} // a look around waits for it
}

func newFakeData() *fakeData {
	d := &fakeData{}
	event := func(number, kind, en, icon, place, grid, unit, st string, started, due time.Duration, urged int) {
		e := state.Event{
			ID: id("event", number), Number: number, Type: state.Text{ZH: kind, EN: en}, Icon: icon, Place: place, Grid: grid, Unit: unit,
			State: st, Region: id("region", grid), Reported: fakeNow.Add(started), At: orb.Point{114.024, 22.526}, HasAt: true,
			Clock: state.Clock{Started: fakeNow.Add(started), Due: fakeNow.Add(due), Urged: urged},
		}
		if st == "suspended" {
			e.Clock.StoppedAt = fakeNow.Add(-time.Hour)
		}
		d.events = append(d.events, e)
	}
	h, m := time.Hour, time.Minute
	event("20261123-005-0131", "消防通道堵塞", "Blocked fire lane", "flame", "滨河雅苑 3栋 1单元 首层门厅", "036-14", "下沙物业", "handling", -13*h, -5*h-12*m, 2)
	event("20261123-005-0136", "暴露垃圾", "Exposed rubbish", "trash", "下沙八坊 22 号后巷", "036-10", "环卫三所", "handling", -3*h, -38*m, 0)
	event("20261123-005-0144", "机动车乱停放", "Badly parked cars", "shopping-cart", "上沙椰树路 9 号门前", "026-02", "交通协管", "dispatched", -6*h, 21*m, 0)
	event("20261123-005-0145", "路面破损", "Damaged road", "tool", "福沙路与大围路口", "036-09", "道路养护", "handling", -2*h, 3*h+5*m, 0)
	event("20261123-005-0147", "围挡破损", "Damaged hoarding", "crane", "上沙建文路在建工地", "026-02", "住建科", "filed", -3*m, 26*h, 0)
	event("20261120-005-0098", "公共照明缺失", "Street light missing", "tool", "下沙文化广场北侧", "036-04", "供电营业厅", "suspended", -70*h, 50*h, 0)
	for i := range 20 {
		event(fmt.Sprintf("20261122-005-%04d", 40+i), "违规广告", "Illegal advert", "speakerphone", fmt.Sprintf("沙头街道下沙社区下沙村%d号橱窗及两侧外立面", i+1), "036-12", "执法队", "handling", -time.Duration(i+4)*h, time.Duration(i+5)*h, 0)
	}
	return d
}

func (d *fakeData) Regions(_ context.Context, parent block.ID) ([]state.Region, error) {
	if d.fail != nil {
		return nil, d.fail
	}
	row := func(code, name, en string, level block.Level, children, buildings, open int, worst state.Light) state.Region {
		return state.Region{ID: id("region", code), Parent: parent, Code: code, Name: state.Text{ZH: name, EN: en}, Level: level, Children: children,
			Buildings: buildings, Open: open, Worst: worst, HasBound: true, Bound: orb.Bound{Min: orb.Point{114, 22.5}, Max: orb.Point{114.1, 22.6}}}
	}
	switch parent {
	case block.ID{}:
		return []state.Region{row("ft", "福田区", "Futian", block.District, 2, 41207, 402, state.NoLight)}, nil
	case id("region", "ft"):
		return []state.Region{row("st", "沙头街道", "Shatou", block.Street, 6, 9214, 86, state.NoLight), row("xm", "香蜜湖街道", "Xiangmihu", block.Street, 3, 5870, 58, state.NoLight)}, nil
	case id("region", "st"):
		return []state.Region{
			row("xs", "下沙社区", "Xiasha", block.Community, 5, 612, 31, state.Late), row("ss", "上沙社区", "Shangsha", block.Community, 4, 548, 14, state.Near),
			row("sz", "沙嘴社区", "Shazui", block.Community, 4, 731, 11, state.InTime), row("jd", "金地社区", "Jindi", block.Community, 4, 196, 5, state.InTime),
			row("jb", "金碧社区", "Jinbi", block.Community, 4, 203, 3, state.InTime), row("xh", "新华社区", "Xinhua", block.Community, 4, 264, 6, state.Near)}, nil
	case id("region", "xs"):
		return []state.Region{
			row("036-09", "036-09", "", block.Grid, 0, 36, 2, state.InTime), row("036-10", "036-10", "", block.Grid, 0, 36, 9, state.Late),
			row("036-14", "036-14", "", block.Grid, 0, 37, 3, state.Urged), row("036-15", "036-15", "", block.Grid, 0, 36, 4, state.Near),
			row("036-16", "036-16", "", block.Grid, 0, 36, 1, state.InTime)}, nil
	}
	return nil, nil
}

func (d *fakeData) Path(context.Context, block.ID) ([]block.ID, error) {
	return []block.ID{id("region", "ft"), id("region", "st"), id("region", "xs"), id("region", "036-14")}, nil
}

func (d *fakeData) Layers(context.Context) ([]state.Layer, error) {
	t := func(zh, en string) state.Text { return state.Text{ZH: zh, EN: en} }
	return []state.Layer{
		{ID: "events", Name: t("在办事件", "Open events"), Swatch: state.SwatchRing, Visible: true, Count: 86},
		{ID: "lines", IsGroup: true, Name: t("区域界线", "Boundaries"), Count: -1},
		{ID: "street", Group: "lines", Name: t("街道界", "Streets"), Swatch: state.SwatchStreet, Visible: true, Count: 78},
		{ID: "community", Group: "lines", Name: t("社区界", "Communities"), Swatch: state.SwatchCommunity, Visible: true, Count: 18},
		{ID: "grid", Group: "lines", Name: t("网格界", "Grids"), Swatch: state.SwatchGrid, Visible: true, Count: 214},
		{ID: "oldgrid", Group: "lines", Name: t("上一版网格（2025）", "Former grids (2025)"), Swatch: state.SwatchGrid, Count: 198},
		{ID: "thematic", Name: t("专题图", "Map of figures"), Count: -1, Settings: true},
		{ID: "buildings", Name: t("楼栋·按用途", "Buildings by use"), Swatch: state.SwatchFill, Visible: true, Count: 9214},
		{ID: "small", Name: t("三小场所", "Small premises"), Swatch: state.SwatchDot, Count: 1308},
		{ID: "care", Name: t("重点关爱（需授权）", "Special care (right needed)"), Swatch: state.SwatchLock, Locked: true, Count: -1},
		{ID: "base", IsGroup: true, OneOf: true, Fixed: true, Name: t("底图", "Base map"), Count: -1},
		{ID: "raster", Group: "base", Name: t("道路与注记", "Roads and names"), Swatch: state.SwatchRoad, Visible: true, Count: -1, Note: "2026-10"},
		{ID: "image", Group: "base", Name: t("影像", "Imagery"), Count: -1, Note: "2026-08"},
	}, nil
}

func (d *fakeData) Search(_ context.Context, q string, _ orb.Point, limit int) (state.Hits, error) {
	if d.fail != nil {
		return state.Hits{}, d.fail
	}
	rows := []state.Hit{
		{Ref: state.RefOf("room", id("room", "1203")), Group: "building", Icon: "door", Label: "滨河雅苑 3栋 1 单元 1203+04", Why: "福沙路 18 号·原 1203 已并入", At: orb.Point{114.025, 22.526}, HasAt: true},
		{Ref: state.RefOf("building", id("building", "3")), Group: "building", Label: "滨河雅苑 3栋", Why: "又名 滨河苑3座", Side: "036-14", At: orb.Point{114.025, 22.526}, HasAt: true},
		{Ref: state.RefOf("building", id("building", "3")), Group: "ambiguous", Label: "滨河苑C座 → 滨河雅苑 3栋", Why: "供水集团，待确认", Side: "036-14"},
		{Ref: state.RefOf("building", id("building", "c")), Group: "ambiguous", Label: "滨河苑C座 → 滨河苑 C栋", Why: "公安，2019", Side: "福保街道"},
		{Ref: state.RefOf("person", id("person", "z")), Group: "person", Label: "张*  440305********1234", Why: "滨河雅苑 3栋 1203+04", Masked: true},
	}
	if strings.Contains(q, "无") {
		rows = nil
	}
	return state.Hits{Rows: rows[:min(limit, len(rows))], Took: 3 * time.Millisecond}, nil
}

func (d *fakeData) Events(_ context.Context, f state.EventFilter) (state.EventPage, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, f)
	if d.fail != nil {
		return state.EventPage{}, d.fail
	}
	p := state.EventPage{Open: len(d.events), Unplaced: 4}
	if f.Some() {
		p.Map = map[block.ID]bool{}
	}
	for _, e := range d.events {
		l := e.Clock.Light(fakeNow)
		if f.InTime(e.Reported) {
			p.ByLight[l]++
		}
		if f.Wants(e.Reported, l) {
			p.Events = append(p.Events, e)
			if p.Map != nil {
				p.Map[e.ID] = true
			}
		}
	}
	p.Total = len(p.Events)
	return p, nil
}

func (d *fakeData) Dossier(_ context.Context, ref state.Ref) (state.Dossier, error) {
	if d.fail != nil {
		return state.Dossier{}, d.fail
	}
	t := func(zh, en string) state.Text { return state.Text{ZH: zh, EN: en} }
	if ref.Kind == "event" {
		d.mu.Lock()
		defer d.mu.Unlock()
		i := slices.IndexFunc(d.events, func(e state.Event) bool { return e.ID == ref.ID })
		if i < 0 {
			return state.Dossier{}, fmt.Errorf("event %s: %w", ref.ID, block.ErrNotFound)
		}
		e := d.events[i]
		return state.Dossier{Title: e.Type, Code: e.Number, Place: e.Place, At: e.At, HasAt: true, Sync: e.Sync,
			Sections: []state.Section{{Head: t("案件", "Case"), Facts: []state.Fact{
				{Label: t("承办单位", "Unit"), Value: zh(e.Unit)}, {Label: t("状态", "State"), Value: zh(e.State)},
				{Label: t("上报人电话", "Phone"), Value: zh("138****8000"), Masked: true}}}}}, nil
	}
	if ref.Kind == "region" {
		return state.Dossier{Title: zh("036-14"), Level: "grid", Region: ref.ID, AsOf: fakeNow, Figures: []state.Figure{{Label: t("楼栋", "Buildings"), Value: 37}},
			Lights: state.Lights{state.InTime: 1, state.Late: 2}, BelowAll: 2,
			Below: []state.Below{{Ref: state.RefOf("region", id("region", "xs")), Name: zh("下沙社区"), Buildings: 612, Open: 31, Worst: state.Late}}}, nil
	}
	floors := []state.MatrixFloor{}
	for i := 18; i >= 1; i-- {
		f := state.MatrixFloor{Name: fmt.Sprint(i)}
		for k := range 12 {
			c := state.CellOwn
			switch n := (i*7 + k*5 + i*k) % 11; {
			case i == 1:
				c = state.CellShop
			case n < 4:
				c = state.CellLet
			case n == 5:
				c = state.CellEmpty
			case n == 7 && k%3 == 0:
				c = state.CellUnverified
			}
			f.Cells = append(f.Cells, c)
		}
		floors = append(floors, f)
	}
	return state.Dossier{
		Title: zh("滨河雅苑 3栋"), Code: "4403040050361400042", Place: "沙头街道 下沙社区 福沙路 18 号", Aliases: []string{"滨河苑3座", "福沙路18号C栋", "帝苑三栋"},
		Tags: []state.Text{zh("住宅小区"), zh("18 层 + B1"), zh("3 单元"), zh("2004 年")},
		Figures: []state.Figure{{Label: t("房屋", "Rooms"), Value: 216}, {Label: t("人口", "People"), Value: 512}, {Label: t("法人", "Firms"), Value: 9},
			{Label: t("在办事件", "Open events"), Value: 3, Light: state.Late}, {Label: t("空置", "Vacant"), Value: 20}, {Label: t("待核", "To verify"), Value: 7, Light: state.Near}},
		Matrix: &state.Matrix{Floors: floors, Groups: []int{4, 4, 4}, Note: zh("自住 103·出租 76·商用 10")},
		Sections: []state.Section{{Head: t("五类主体", "Five subjects"), Note: zh("基准 2026-03 责任清单"), Facts: []state.Fact{
			{Label: t("产权", "Owner"), Value: zh("业主 182 户·业委会")}, {Label: t("管理", "Manager"), Value: zh("下沙物业服务中心")}, {Label: t("责任", "Responsible"), Value: zh("楼栋长 周*（网格 036-14）")},
			{Label: t("监督", "Supervisor"), Value: zh("下沙社区工作站")}, {Label: t("执法", "Enforcer"), Value: zh("沙头街道综合执法队")}}}},
		Past: []state.Moment{{At: fakeNow.Add(-22 * time.Minute), Text: zh("催办第 2 次·消防通道堵塞"), By: "督查岗", Urgent: true},
			{At: fakeNow.Add(-276 * time.Minute), Text: zh("核实 1203 房：自住 → 出租"), By: "网格员 李*"}, {At: fakeNow.AddDate(0, 0, -1), Text: zh("新增别名“滨河苑C座”（供水）"), By: "数据岗"},
			{At: fakeNow.AddDate(0, 0, -5), Text: zh("季度走访完成 41 / 216 户"), By: "网格员 李*"}},
		PastAll: 27, Sources: "住建、公安、网格采集", AsOf: fakeNow.Add(-time.Minute), Reason: "受理岗·沙头街道范围", At: orb.Point{114.025, 22.526}, HasAt: true,
		Bound: orb.Bound{Min: orb.Point{114.0249, 22.5259}, Max: orb.Point{114.0251, 22.5261}},
	}, nil
}

func (d *fakeData) Thematic(_ context.Context, w state.Thematic, dark bool, l *state.Lang) (state.ThematicMap, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return state.ThematicMap{}, d.fail
	}
	d.wishes = append(d.wishes, w)
	return state.ThematicMap{Layers: []mapview.Layer{{Name: "thematic"}}, Legend: state.MapLegend{Title: w.Title(l), AsOf: "截至 15:42",
		Entries: []state.MapLegendEntry{{Text: "20–57", Count: 4}, {Text: "0–19", Count: 14}, {Text: "无数据", Hatch: true, Count: 2}}}}, nil
}

// Around counts seven of each kind but facilities, of which there are none, and 450 buildings; hold stops it after two kinds.
func (d *fakeData) Around(ctx context.Context, q state.AroundQuery, progress func(state.Around)) (state.Around, error) {
	d.mu.Lock()
	fail, hold := d.fail, d.hold
	d.around = append(d.around, q)
	d.mu.Unlock()
	if fail != nil {
		return state.Around{}, fail
	}
	at, ok := q.Shape.(orb.Point)
	if !ok {
		at = orb.Point{114.025, 22.526}
	}
	a := state.Around{Shape: q.Shape, Outline: orb.MultiPolygon{{orb.Ring{{at[0] - 0.003, at[1]}, {at[0], at[1] - 0.003}, {at[0] + 0.003, at[1]}, {at[0] - 0.003, at[1]}}}}}
	if a.Shape == nil {
		a.Shape = at
	}
	for i, kind := range state.AroundKinds {
		if i == 2 && hold != nil {
			select {
			case <-hold:
			case <-ctx.Done():
				return a, ctx.Err()
			}
		}
		n := map[block.Kind]int{"building": 450, "facility": 0}
		count, ok := n[kind]
		if !ok {
			count = 7
		}
		a.Counts = append(slices.Clone(a.Counts), state.KindCount{Kind: kind, Count: count})
		progress(a)
	}
	return a, nil
}

func (d *fakeData) AroundList(_ context.Context, q state.AroundQuery, kind block.Kind, skip, limit int) ([]state.AroundHit, error) {
	all := 7
	if kind == "building" {
		all = 450
	}
	var out []state.AroundHit
	for i := skip; i < min(all, skip+limit); i++ {
		h := state.AroundHit{Ref: state.RefOf(kind, id(kind, fmt.Sprint(i))), Label: zh(fmt.Sprintf("%s-%03d", kind, i)), At: orb.Point{114.02, 22.52}, HasAt: true, Metres: float64(i) * q.Metres / float64(all)}
		if kind == "person" {
			h.Label, h.Masked = zh("陈*"), true
		}
		out = append(out, h)
	}
	return out, nil
}

func (d *fakeData) EventTypes(context.Context) ([]state.EventType, error) {
	if d.fail != nil {
		return nil, d.fail
	}
	var out []state.EventType
	add := func(class, classEN, icon string, names ...string) {
		for i := 0; i+1 < len(names); i += 2 {
			out = append(out, state.EventType{Code: fmt.Sprintf("%s-%d", icon, i/2+1), Class: state.Text{ZH: class, EN: classEN},
				Name: state.Text{ZH: names[i], EN: names[i+1]}, Icon: icon, Limit: "4 工作时"})
		}
	}
	add("市容环境", "Street hygiene", "trash", "暴露垃圾", "Exposed rubbish", "积存渣土", "Piled spoil", "道路不洁", "Dirty road", "水域不洁", "Dirty water")
	add("宣传广告", "Adverts", "speakerphone", "违规广告", "Illegal advert", "乱张贴", "Fly posting")
	add("施工管理", "Building sites", "crane", "围挡破损", "Damaged hoarding", "施工扰民", "Noise from site")
	add("街面秩序", "Street order", "shopping-cart", "占道经营", "Hawking on the road", "机动车乱停放", "Badly parked cars")
	add("消防", "Fire", "flame", "消防通道堵塞", "Blocked fire lane")
	return out, nil
}

func (d *fakeData) Place(context.Context, orb.Point) (state.Place, error) {
	return state.Place{Region: id("region", "036-10"), Grid: "036-10", Path: "沙头街道 下沙社区", Address: "下沙八坊 22 号"}, nil
}

func (d *fakeData) Report(_ context.Context, r state.Report) (block.ID, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return block.ID{}, d.fail
	}
	d.reports = append(d.reports, r)
	e := state.Event{ID: id("event", r.Text), Type: state.Text{ZH: "暴露垃圾", EN: "Exposed rubbish"}, Place: r.Address, Grid: "036-10", State: "submitted",
		Sync: state.Queued, At: r.At, HasAt: true, Reported: fakeNow, Clock: state.Clock{Started: fakeNow, Due: fakeNow.Add(4 * time.Hour)}}
	d.events = append(d.events, e)
	return e.ID, nil
}

type fakeSync struct {
	status state.SyncStatus
	asked  int
}

func newFakeSync() *fakeSync {
	return &fakeSync{status: state.SyncStatus{Enrolled: true, Online: true, Server: "127.0.0.1:8443", LastContact: fakeNow.Add(-time.Minute),
		ProvedAt: fakeNow.Add(-time.Minute), Equal: true, Proof: "7F3A-C21E", DataAsOf: fakeNow.Add(-time.Minute), Pending: 3, Photos: 1,
		Pulled: 412, Pushed: 5, In: 182_000, Out: 9_400, Took: 1200 * time.Millisecond}}
}

func (s *fakeSync) Status() state.SyncStatus { return s.status }
func (s *fakeSync) SyncNow()                 { s.asked++ }

type fakeFiles struct {
	request state.ImportRequest
	export  ui.ExportRequest
}

func (f *fakeFiles) Kinds() []state.ImportKind {
	return []state.ImportKind{{Kind: "building", Name: state.Text{ZH: "楼栋", EN: "Buildings"}}, {Kind: "region", Name: state.Text{ZH: "区域", EN: "Regions"}}}
}

func (f *fakeFiles) Preview(_ context.Context, file, _ string) (state.ImportPreview, error) {
	return state.ImportPreview{File: file, Format: "GeoJSON", Size: 5_208_878, Rows: 71666, Encoding: "utf-8", NeedsIt: true, Kind: "building",
		Columns: []string{"name", "levels", "height", "building"}, Sample: [][]string{{"滨河雅苑3栋", "18", "54.2", "residential"}, {"下沙八坊22号", "7", "", "house"}}}, nil
}

func (f *fakeFiles) Survey(_ context.Context, _ string, r state.ImportRequest) ([]state.ImportWarning, error) {
	if r.Datum == "gcj02" {
		return nil, nil
	}
	return []state.ImportWarning{{Code: state.WarnGCJ, Figures: []int{523, 198, 2}}}, nil
}

func (f *fakeFiles) Import(_ context.Context, r state.ImportRequest, progress func(state.ImportProgress)) ([]state.ImportReport, error) {
	f.request = r
	progress(state.ImportProgress{File: r.Files[0], Stage: "write", Done: 30000, Total: 71666})
	return []state.ImportReport{{File: r.Files[0], Read: 71666, Accepted: 71663, Repaired: 2, Rejected: 1, Seconds: 2.4,
		Reasons: []state.ReasonCount{{Reason: "ring-repaired", Count: 2}, {Reason: "ring-invalid", Count: 1}}}}, nil
}

func (f *fakeFiles) Export(_ context.Context, r ui.ExportRequest) (int, error) {
	f.export = r
	return 37, nil
}

type fakeMap struct {
	object   fyne.CanvasObject
	on       ui.MapEvents
	view     state.View
	tool     ui.Tool
	selected state.Ref
	moved    []orb.Point
	fitted   []orb.Bound
	shown    map[string]bool // by the last arrangement
	looks    []state.LayerLook
	only     map[block.ID]bool
	places   []mapview.Place
	turned   []int
	hud      bool
	theme    []mapview.Layer
	dark     bool
	marked   []state.Ref
	alone    []state.Ref
	shape    orb.Geometry
	outline  orb.MultiPolygon
}

func newFakeMap() *fakeMap {
	return &fakeMap{object: canvas.NewRectangle(color.White), shown: map[string]bool{},
		view: state.View{Center: orb.Point{114.02412, 22.52644}, Zoom: 17.1, MetresPerDp: 1.0, Bound: orb.Bound{Min: orb.Point{114, 22.5}, Max: orb.Point{114.1, 22.6}}}}
}

func (m *fakeMap) Object() fyne.CanvasObject      { return m.object }
func (m *fakeMap) Listen(e ui.MapEvents)          { m.on = e }
func (m *fakeMap) View() state.View               { return m.view }
func (m *fakeMap) MoveTo(at orb.Point, _ float64) { m.moved = append(m.moved, at) }
func (m *fakeMap) Fit(b orb.Bound)                { m.fitted = append(m.fitted, b) }
func (m *fakeMap) Zoom(steps float64)             { m.view.Zoom += steps }
func (m *fakeMap) SetTool(t ui.Tool)              { m.tool = t }
func (m *fakeMap) Arrange(looks []state.LayerLook) {
	m.looks = looks
	for _, l := range looks {
		m.shown[l.ID] = l.Visible
	}
}
func (m *fakeMap) Extent(id string) (orb.Bound, bool) {
	return orb.Bound{Min: orb.Point{114.01, 22.51}, Max: orb.Point{114.02, 22.52}}, id == "grid"
}
func (m *fakeMap) Counter() func() map[string]int {
	return func() map[string]int { return map[string]int{"grid": 12, "buildings": 204} }
}
func (m *fakeMap) GoTo(p mapview.Place) { m.places = append(m.places, p) }
func (m *fakeMap) Turn(by int) bool {
	m.turned = append(m.turned, by)
	return true
}
func (m *fakeMap) ToggleHUD() bool {
	m.hud = !m.hud
	return m.hud
}
func (m *fakeMap) SetThematic(layers []mapview.Layer) { m.theme = layers }
func (m *fakeMap) ShowEvents(only map[block.ID]bool)  { m.only = only }
func (m *fakeMap) Select(ref state.Ref)               { m.selected = ref }
func (m *fakeMap) Mark(refs []state.Ref)              { m.marked = refs }
func (m *fakeMap) Only(refs []state.Ref)              { m.alone = refs }
func (m *fakeMap) SetAround(shape orb.Geometry, outline orb.MultiPolygon) {
	m.shape, m.outline = shape, outline
}
func (m *fakeMap) SetDark(dark bool) { m.dark = dark }

// fakeBases are two base maps of the pack; what is added is the user's.
type fakeBases struct {
	maps []ui.BaseMap
	own  map[string]bool
}

func newFakeBases() *fakeBases {
	none := func(bool) []mapview.Layer { return nil }
	return &fakeBases{own: map[string]bool{}, maps: []ui.BaseMap{
		{ID: "raster", Name: state.Text{ZH: "城市矢量 2026-10", EN: "City vector 2026-10"}, Credit: "示意 审图号：粤S(2026)01号", Layers: none},
		{ID: "image", Name: state.Text{ZH: "影像", EN: "Imagery"}, Layers: none},
	}}
}

func (b *fakeBases) List() []ui.BaseMap { return b.maps }
func (b *fakeBases) Add(_ context.Context, r ui.BaseRequest) (ui.BaseMap, error) {
	if strings.HasSuffix(r.Address, ".txt") {
		return ui.BaseMap{}, fmt.Errorf("not tiles: %w", block.ErrInvalid)
	}
	m := ui.BaseMap{ID: "own:" + r.Address, Name: zh(r.Address), Credit: r.Approval}
	b.maps = append(b.maps, m)
	b.own[m.ID] = true
	return m, nil
}
func (b *fakeBases) Own(id string) bool { return b.own[id] }
func (b *fakeBases) Remove(id string) {
	b.maps = slices.DeleteFunc(b.maps, func(m ui.BaseMap) bool { return m.ID == id })
}

func fakeDeps(d *fakeData, s *fakeSync, f *fakeFiles, m *fakeMap) ui.Deps {
	return ui.Deps{
		Data: d, Sync: s, Files: f, Map: m, Now: func() time.Time { return fakeNow }, Zone: fakeNow.Location(), Lang: "zh",
		Home: id("region", "036-14"), Title: state.Text{ZH: "沙头街道", EN: "Shatou street"}, User: "陈*·受理岗", Datum: "CGCS2000", Bases: newFakeBases(),
		Attribution: "© OpenStreetMap 贡献者·示意数据", Version: "0.1.0", Licences: "fyne.io/fyne/v2  BSD-3-Clause", DiskFree: func() int64 { return 42_600_000_000 },
	}
}

// zh is a text that is the same in every language.
func zh(s string) state.Text { return state.Text{ZH: s} }
