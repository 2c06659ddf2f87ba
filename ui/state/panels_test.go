package state

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/block"
)

func rid(name string) block.ID { return block.NameID("region", name) }

func TestRegionTreeOpensLazily(t *testing.T) {
	region := func(name string, children int) Region {
		return Region{ID: rid(name), Name: Text{ZH: name}, Children: children}
	}
	var tree RegionTree
	names := func() string {
		var s []string
		for _, r := range tree.Rows() {
			mark := ""
			if r.Loading {
				mark = "…"
			}
			s = append(s, strings.Repeat(" ", r.Depth)+r.Region.Name.ZH+mark)
		}
		return strings.Join(s, "|")
	}
	if tree.Loaded() || names() != "" {
		t.Error("a new tree shows something")
	}
	tree.SetRoots([]Region{region("区", 2)})
	if !tree.Toggle(rid("区")) {
		t.Error("children are not asked for at the first opening")
	}
	if got := names(); got != "区…" {
		t.Errorf("while loading: %q", got)
	}
	if got := tree.Missing(); !slices.Equal(got, []block.ID{rid("区")}) {
		t.Errorf("missing %v", got)
	}
	tree.SetChildren(rid("区"), []Region{region("街一", 1), region("街二", 0)})
	if got := names(); got != "区| 街一| 街二" {
		t.Errorf("opened: %q", got)
	}
	if tree.Expand(rid("街二")) || tree.Expand(rid("nobody")) {
		t.Error("a leaf or a stranger opens")
	}
	tree.Select(rid("街二"))
	tree.Toggle(rid("区"))
	if got := names(); got != "区" {
		t.Errorf("closed: %q", got)
	}
	if tree.Toggle(rid("区")) {
		t.Error("children are asked for twice")
	}
	// New counts from below keep what is open and selected.
	fresh := region("区", 2)
	fresh.Open = 9
	tree.SetRoots([]Region{fresh})
	if rows := tree.Rows(); len(rows) != 3 || rows[0].Region.Open != 9 || !rows[2].Selected {
		t.Errorf("after renewal: %+v", rows)
	}
	if got := tree.OpenIDs(); !slices.Equal(got, []block.ID{rid("区")}) {
		t.Errorf("open %v", got)
	}
	// A cycle in bad data must end.
	tree.SetChildren(rid("街一"), []Region{region("区", 2)})
	tree.Expand(rid("街一"))
	if n := len(tree.Rows()); n > 200 {
		t.Errorf("%d rows from a cycle", n)
	}
}

func event(name string, c Clock) Event {
	return Event{ID: block.NameID("event", name), Number: name, Type: Text{ZH: "暴露垃圾"}, State: "handling", Clock: c}
}

func TestEventRows(t *testing.T) {
	l := load(t, "zh")
	h := time.Hour
	late := event("late", Clock{Started: now.Add(-3 * h), Due: now.Add(-h), Urged: 2})
	near := event("near", Clock{Started: now.Add(-9 * h), Due: now.Add(h)})
	stopped := event("stopped", Clock{Started: now.Add(-9 * h), Due: now.Add(-8 * h), StoppedAt: now.Add(-h)})
	free := event("", Clock{Started: now})
	free.Sync, free.State = Queued, "made-up"
	fresh := event("fresh", Clock{Started: now.Add(-h), Due: now.Add(9 * h)})
	fresh.Reported = now.Add(-2 * time.Minute)
	var e EventList
	if n := e.Notice(l); n.Title != "正在读取事件" {
		t.Errorf("before the answer: %+v", n)
	}
	e.Show(EventPage{Events: []Event{stopped, free, fresh, near, late}, Total: 5, Open: 5, ByLight: [numLights]int{Urged: 1, Near: 1, InTime: 2, Stopped: 1}})
	rows := e.Rows(l, now, 0, 100)
	var order, marks []string
	for _, r := range rows {
		order, marks = append(order, r.Number), append(marks, r.Mark)
	}
	if want := []string{"late", "near", "fresh", "编号待服务器给出", "stopped"}; !slices.Equal(order, want) {
		t.Errorf("order %q, want %q", order, want)
	}
	if want := []string{"2 次催办", "", "新", "待发", ""}; !slices.Equal(marks, want) {
		t.Errorf("marks %q, want %q", marks, want)
	}
	if !rows[0].Strong || rows[0].Clock != "超 1 时" || rows[0].State != "处置中" || rows[3].State != "made-up" {
		t.Errorf("rows %+v", rows)
	}
	if got := e.Rows(l, now, -5, 2); len(got) != 2 {
		t.Errorf("%d rows of a clipped range", len(got))
	}
	if got := e.Rows(l, now, 9, 12); got != nil {
		t.Errorf("rows past the end: %v", got)
	}
	chips := e.Chips(l)
	if chips[0].Text != "超期 1" || chips[1].Text != "临近 1" || chips[2].Text != "正常 2" || chips[3].Text != "停钟 1" {
		t.Errorf("chips %+v", chips)
	}
	if !e.Select(near.ID) || e.Index() != 1 || e.Select(block.NameID("event", "gone")) {
		t.Error("selection does not find its row")
	}
	if e.Select(block.ID{}); e.Index() != -1 {
		t.Error("the zero ID is a selection")
	}
	e.Show(EventPage{Err: block.ErrUnavailable})
	if len(e.Page().Events) != 5 || !e.Notice(l).IsZero() {
		t.Error("a failed answer took the rows away")
	}
}

func TestEventListFollowsTheMap(t *testing.T) {
	l := load(t, "zh")
	a, b := orb.Bound{Max: orb.Point{1, 1}}, orb.Bound{Max: orb.Point{2, 2}}
	var e EventList
	if e.MapMoved(a) {
		t.Error("an unlinked list asks again")
	}
	e.Link(true, a)
	if e.MapMoved(a) || !e.MapMoved(b) || !e.Filter.Bound.Equal(b) {
		t.Error("the linked list does not follow")
	}
	e.Show(EventPage{})
	if n := e.Notice(l); n.Title != "没有在办事件" || !strings.Contains(n.Text, "地图范围") {
		t.Errorf("notice %+v", n)
	}
	if got := e.Extent(l); got != "与地图同范围·0 件" {
		t.Errorf("extent %q", got)
	}
	e.Link(false, b)
	if e.Filter.Bound != nil {
		t.Error("the bound stays after unlinking")
	}
	if s := LightSet(0).Toggle(Late); !s.Has(Late) || !s.Has(Urged) || s.Toggle(Late) != 0 {
		t.Error("late and urged do not go together")
	}
}

func TestFailureSaysWhatIsSafe(t *testing.T) {
	l := load(t, "zh")
	seen := map[string]bool{}
	for _, err := range []error{block.ErrInvalid, block.ErrNotFound, block.ErrConflict, block.ErrUnavailable, block.ErrRefused, errors.New("disk on fire")} {
		n := Failure(l, fmt.Errorf("read 张三 of %s: %w", "store", err))
		if n.Title == "" || n.Text == "" || n.Code == "" || !n.Bad || seen[n.Code] {
			t.Errorf("%v: %+v", err, n)
		}
		seen[n.Code] = true
		if !strings.ContainsAny(n.Text, "没有未保留") || strings.Contains(n.Title+n.Text, "张三") {
			t.Errorf("%v: %q does not say what is kept, or says too much", err, n.Text)
		}
	}
	if !Failure(l, nil).IsZero() {
		t.Error("no error has a notice")
	}
	if f, _, ok := FieldProblem(fmt.Errorf("x: %w", &block.FieldError{Kind: "event", Field: "type", Reason: "unknown"})); !ok || f != "type" {
		t.Errorf("field %q, %v", f, ok)
	}
}

func TestDossierPanelShowsOnlyWhatIsWanted(t *testing.T) {
	l := load(t, "zh")
	a, b := RefOf("building", rid("a")), RefOf("building", rid("b"))
	var p DossierPanel
	if n := p.Notice(l); n.Title != "没有选中对象" {
		t.Errorf("empty: %+v", n)
	}
	p.Ask(a)
	p.Ask(b)
	if p.Show(a, Dossier{Title: Text{ZH: "a"}}, nil) {
		t.Error("an overtaken answer was taken")
	}
	if !p.Show(b, Dossier{Title: Text{ZH: "b"}}, nil) {
		t.Error("the wanted answer was refused")
	}
	if d, ok := p.Dossier(); !ok || d.Title.ZH != "b" || d.Heading(l) != "一楼一档" {
		t.Errorf("shows %+v %v", d, ok)
	}
	p.Pin(true)
	if p.Ask(a) || p.Wanted() != b {
		t.Error("a pinned panel followed")
	}
	p.Pin(false)
	p.Ask(a)
	p.Show(a, Dossier{}, block.ErrNotFound)
	if _, ok := p.Dossier(); ok || p.Notice(l).Title != "没有找到" {
		t.Error("a failed answer still shows a dossier")
	}
	rows := Dossier{Figures: make([]Figure, 8)}.FigureRows()
	if len(rows) != 2 || len(rows[1]) != 3 {
		t.Errorf("%d rows of figures", len(rows))
	}
}

func TestSyncSentences(t *testing.T) {
	l := load(t, "zh")
	old := now.Add(-4 * time.Hour)
	for _, c := range []struct {
		name, headline, sentence string
		status                   SyncStatus
		tone                     Tone
		can                      bool
	}{
		{"standalone", "单机，不同步", "只在本机", SyncStatus{}, ToneLesser, false},
		{"never", "尚未同步", "还没有联系上服务器", SyncStatus{Enrolled: true}, ToneNear, true},
		{"running", "正在同步", "可继续工作", SyncStatus{Enrolled: true, Running: true, Step: 2, Steps: 5}, ToneAccent, false},
		{"offline", "离线 4 时", "12 条待发", SyncStatus{Enrolled: true, LastContact: old, Pending: 12}, ToneNear, true},
		{"proved", "已证实同步", "没有待发内容", SyncStatus{Enrolled: true, Online: true, LastContact: now, ProvedAt: now, Equal: true}, ToneGood, true},
		{"proved, pending", "已证实同步", "另有 3 条待发", SyncStatus{Enrolled: true, Online: true, LastContact: now, ProvedAt: now, Equal: true, Pending: 3}, ToneGood, true},
		{"unproved", "已连接，待核对", "还没有核对一致", SyncStatus{Enrolled: true, Online: true, LastContact: now, ProvedAt: old}, TonePlain, true},
		{"failed", "离线 4 时", "没有完成：暂时无法完成", SyncStatus{Enrolled: true, LastContact: old, Err: block.ErrUnavailable}, ToneNear, true},
	} {
		p := c.status.Panel(l, now)
		if p.Headline != c.headline || !strings.Contains(p.Sentence, c.sentence) || p.Tone != c.tone || p.CanSync != c.can {
			t.Errorf("%s: %+v", c.name, p)
		}
		if (p.Tone == ToneGood) != (c.status.Equal && c.status.Online) {
			t.Errorf("%s: green without proof", c.name)
		}
	}
	full := SyncStatus{Enrolled: true, Online: true, LastContact: now, ProvedAt: now, Equal: true, Proof: "7F3A-C21E", DataAsOf: now, Conflicts: 2, Rejected: 1, In: 4200, Took: 1240 * time.Millisecond}
	var text []string
	for _, line := range full.Panel(l, now).Lines {
		text = append(text, line.Label+" "+line.Value)
	}
	for _, want := range []string{"冲突，等你决定 2", "被退回，可重交 1", "流量 收 4.2 kB，发 0 B", "用时 1.2 秒", "核对 15:42 一致，凭证 7F3A-C21E"} {
		if !slices.Contains(text, want) {
			t.Errorf("no line %q in %q", want, text)
		}
	}
}

func TestStatusBar(t *testing.T) {
	l := load(t, "zh")
	f := StatusFacts{View: View{Center: orb.Point{114, 22}, Zoom: 17.1, MetresPerDp: 1.0}, Datum: "CGCS2000", DiskFree: 1_500_000_000,
		Sync: SyncStatus{Enrolled: true, DataAsOf: now.Add(-25 * time.Hour), Proof: "7F3A-C21E", Pending: 3}}
	items := func() map[string]StatusItem {
		m := map[string]StatusItem{}
		b := f.Format(l, now)
		for _, i := range append(b.Left, b.Right...) {
			m[i.Name] = i
		}
		return m
	}
	m := items()
	for name, want := range map[string]string{"position": "114.00000°E 22.00000°N", "scale": "1:3,800·17.1 级", "basemap": "无底图",
		"data": "数据截至 11-22 14:42（1 日 1 时前）", "pending": "待发 3 条", "disk": "本机 1.5 GB 可用"} {
		if m[name].Text != want {
			t.Errorf("%s: %q, want %q", name, m[name].Text, want)
		}
	}
	if m["data"].Tone != ToneNear || m["disk"].Tone != ToneNear || m["proof"].Tone == ToneGood {
		t.Error("old data, a full disk or an unproved proof look as if all were well")
	}
	f.Pointer, f.HasPointer, f.Sync.Equal, f.DiskFree = orb.Point{113.5, 22.5}, true, true, -1
	m = items()
	if m["position"].Text != "113.50000°E 22.50000°N" || m["proof"].Tone != ToneGood || m["disk"].Text != "" {
		t.Errorf("%+v", m)
	}
}

func TestScaleBar(t *testing.T) {
	for _, c := range []struct{ perDp, max, metres float64 }{{1, 110, 100}, {0.3, 110, 20}, {0.5, 110, 50}, {12, 110, 1000}, {0.001, 110, 0.1}} {
		m, dp := View{MetresPerDp: c.perDp}.ScaleBar(c.max)
		if m != c.metres || dp > c.max || dp < c.max/2.6 {
			t.Errorf("%g m a unit: %g m over %g units, want %g m", c.perDp, m, dp, c.metres)
		}
	}
	if m, dp := (View{}).ScaleBar(100); m != 0 || dp != 0 || (View{}).Scale() != 0 {
		t.Error("an unknown view has a scale")
	}
}

func TestImportDialog(t *testing.T) {
	l := load(t, "zh")
	d := NewImportDialog([]string{"/x/a.geojson"}, nil)
	has := func(field string) bool {
		return slices.ContainsFunc(d.Check(l), func(p Problem) bool { return p.Field == field })
	}
	if !has("files") {
		t.Error("an import can start before the file was looked into")
	}
	d.Preview(ImportPreview{File: "/x/a.geojson", Format: "GeoJSON", Size: 1000, Rows: 7, Encoding: "gb18030", NeedsIt: true, Kind: "building"})
	if !has("datum") || has("kind") || has("files") {
		t.Errorf("problems %+v", d.Check(l))
	}
	if got := d.Previews()[0].Describe(l); got != "GeoJSON·1.0 kB·7 行·GB18030·未声明坐标系" {
		t.Errorf("described as %q", got)
	}
	d.Request.Datum = "wgs84"
	if !has("files") || len(d.Unsurveyed()) != 1 {
		t.Error("an import can start before the places in the file were looked at")
	}
	d.Survey("/x/a.geojson", d.Request, []ImportWarning{{Code: WarnGCJ, Figures: []int{1523, 198, 2}}})
	if p := d.Check(l); len(p) != 0 {
		t.Errorf("problems %+v", p)
	}
	if w, gcj := d.Warnings(); !gcj || len(w) != 1 || !strings.Contains(w[0].Sentence(l), "偏移约 1,523 米") || !strings.Contains(w[0].Sentence(load(t, "en")), "about 1,523 m off") {
		t.Errorf("warnings %+v", w)
	}
	d.Request.Datum = "gcj02"
	if w, gcj := d.Warnings(); gcj || len(w) != 0 || len(d.Unsurveyed()) != 1 {
		t.Errorf("another datum keeps the warnings %+v", w)
	}
	d.Preview(ImportPreview{File: "/x/a.geojson", Err: block.ErrInvalid})
	if len(d.Previews()) != 1 || !has("files") {
		t.Error("a second look at a file does not replace the first")
	}
	d.Start()
	d.Progress(ImportProgress{File: "/x/a.geojson", Stage: "write", Done: 250, Total: 1000})
	if text, share := d.ProgressLine(l); text != "a.geojson·写入 250 / 1,000" || share != 0.25 {
		t.Errorf("progress %q %g", text, share)
	}
	d.Finish([]ImportReport{{File: "/x/a.geojson", Read: 10, Accepted: 8, Repaired: 1, Rejected: 1, Reasons: []ReasonCount{{"ring-invalid", 1}}, Seconds: 0.25},
		{File: "/x/b.csv", Err: block.ErrInvalid}})
	lines := d.Result(l)
	if d.Outcome(l) != "有文件没有导入" {
		t.Errorf("headed %s", d.Outcome(l))
	}
	if len(lines) != 3 || lines[0].Value != "读 10，收 8，修复 1，拒收 1，用 0.2 秒" || lines[0].Tone != ToneNear || lines[1].Value != "环无效 1" ||
		!strings.Contains(lines[2].Value, "库中无变化") || d.Phase() != ImportDone {
		t.Errorf("result %+v", lines)
	}
}

func TestImportOutcome(t *testing.T) {
	l := load(t, "zh")
	for want, errs := range map[string][]error{"导入完成": {nil, nil}, "导入已取消": {nil, fmt.Errorf("stopped: %w", context.Canceled)}, "导入失败": {block.ErrInvalid}} {
		d := NewImportDialog(nil, nil)
		var reports []ImportReport
		for _, err := range errs {
			reports = append(reports, ImportReport{Err: err, Reasons: []ReasonCount{{"ring-invalid", 3}}})
		}
		d.Finish(reports)
		if got := d.Outcome(l); got != want {
			t.Errorf("%v is headed %s, want %s", errs, got, want)
		}
	}
}

func TestReportForm(t *testing.T) {
	l := load(t, "zh")
	f := NewReportForm([]EventType{
		{Code: "0101", Class: Text{ZH: "市容环境"}, Name: Text{ZH: "暴露垃圾", EN: "Exposed rubbish"}},
		{Code: "0102", Class: Text{ZH: "市容环境"}, Name: Text{ZH: "积存渣土", EN: "Piled spoil"}},
		{Code: "0401", Class: Text{ZH: "街面秩序"}, Name: Text{ZH: "占道经营", EN: "Hawking"}},
	})
	for filter, want := range map[string]string{"": "0101 0102 0401", "blLJ": "0101", "baolu": "0101", "占道": "0401", "0102": "0102", "市容 spoil": "0102", "hawk": "0401", "无": ""} {
		var codes []string
		for _, e := range f.Types(filter) {
			codes = append(codes, e.Code)
		}
		if got := strings.Join(codes, " "); got != want {
			t.Errorf("filter %q gives %q, want %q", filter, got, want)
		}
	}
	if rows := TypeRows(l, f.Types("")); len(rows) != 5 || rows[0].Head != "市容环境" || rows[3].Head != "街面秩序" {
		t.Errorf("rows %+v", rows)
	}
	fields := func() (s []string) {
		for _, p := range f.Check(l) {
			s = append(s, p.Field)
		}
		return s
	}
	if got := fields(); !slices.Equal(got, []string{"type", "point", "text"}) {
		t.Errorf("an empty form lacks %v", got)
	}
	f.Type = "0101"
	f.SetPoint(orb.Point{200, 22})
	f.Text = strings.Repeat("字", MaxReportText+1)
	if got := fields(); !slices.Equal(got, []string{"point", "text"}) {
		t.Errorf("a bad form lacks %v", got)
	}
	f.SetPoint(orb.Point{114, 22})
	f.Text = " 有垃圾 "
	f.SetPlace(Place{Region: rid("g"), Address: "福沙路 18 号"})
	f.TypeAddress("福沙路 20 号")
	f.SetPlace(Place{Region: rid("g2"), Address: "别处"})
	if got, want := f.Report(), (Report{Type: "0101", At: orb.Point{114, 22}, Region: rid("g2"), Address: "福沙路 20 号", Text: "有垃圾"}); got != want || len(fields()) != 0 {
		t.Errorf("report %+v, want %+v; lacks %v", got, want, fields())
	}
}

func TestFileRows(t *testing.T) {
	var got []string
	for _, r := range FileRows([]FileRow{{Name: "b.geojson.GZ"}, {Name: "z", Dir: true}, {Name: "A.shp"}, {Name: ".x.csv"}, {Name: "x.exe"}, {Name: "B", Dir: true}, {Name: "a.csv"}}) {
		got = append(got, r.Name)
	}
	if want := []string{"B", "z", "a.csv", "A.shp", "b.geojson.GZ"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
