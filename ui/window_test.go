package ui_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"
	"github.com/paulmach/orb"

	"kuaitu/assets"
	"kuaitu/block"
	"kuaitu/ui"
	"kuaitu/ui/state"
)

// desk is a window over the fakes, with its posts queued: they run only in settle, on the test's goroutine, as in the
// app they run on the UI thread alone.
type desk struct {
	*ui.Window
	t     testing.TB
	data  *fakeData
	sync  *fakeSync
	files *fakeFiles
	chart *fakeMap

	mu    sync.Mutex
	queue []func()
}

func openDesk(t testing.TB, size fyne.Size, change ...func(*ui.Deps)) *desk {
	t.Helper()
	app := test.NewTempApp(t)
	d := &desk{t: t, data: newFakeData(), sync: newFakeSync(), files: &fakeFiles{}, chart: newFakeMap()}
	deps := fakeDeps(d.data, d.sync, d.files, d.chart)
	deps.Post = func(f func()) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.queue = append(d.queue, f)
	}
	for _, c := range change {
		c(&deps)
	}
	w, err := ui.New(app, deps)
	if err != nil {
		t.Fatal(err)
	}
	d.Window = w
	t.Cleanup(w.Close)
	w.Fyne().Resize(size)
	d.until("the event list", func() bool { return len(d.Panel("events")) > 0 && d.Panel("regions") != "" })
	return d
}

// settle runs what was posted.
func (d *desk) settle() {
	d.mu.Lock()
	queue := d.queue
	d.queue = nil
	d.mu.Unlock()
	for _, f := range queue {
		f()
	}
}

// until runs posts until ok holds.
func (d *desk) until(what string, ok func() bool) {
	d.t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		d.settle()
		if ok() {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("%s did not come", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func (d *desk) shows(panel, text string) func() bool {
	return func() bool { return strings.Contains(d.Panel(panel), text) }
}

func (d *desk) want(panel string, texts ...string) {
	d.t.Helper()
	for _, s := range texts {
		if !strings.Contains(d.Panel(panel), s) {
			d.t.Errorf("%s does not show %q; it shows:\n%s", panel, s, d.Panel(panel))
		}
	}
}

var wide, small = fyne.NewSize(1920, 1080), fyne.NewSize(1366, 768)

func TestWindowShowsTheDesk(t *testing.T) {
	d := openDesk(t, wide)
	d.until("rows", d.shows("events", "20261123-005-0131"))
	d.until("the tree", d.shows("regions", "036-14"))
	d.until("free disk", d.shows("status", "本机 42.6 GB 可用"))
	d.chart.on.Moved(d.chart.view)
	d.want("top", "块图·沙头街道", "受理台·在线", "已证实同步", "15:41", "待发", "3", "陈*·受理岗")
	d.want("regions", "福田区", "41,207", "沙头街道", "下沙社区", "612")
	d.want("layers", "在办事件", "区域界线", "2026-10")
	d.want("events", "超 5 时 12 分", "消防通道堵塞", "滨河雅苑 3栋 1单元 首层门厅", "2 次催办", "处置中")
	d.want("eventhead", "036-14·在办 26", "超期 2", "临近 1", "停钟 1", "与地图同范围·26 件")
	d.want("status", "114.02412°E 22.52644°N", "CGCS2000", "1:3,800·17.1 级", "凭证 7F3A-C21E", "待发 3 条·照片 1 张")
	d.want("unplaced", "4 件未上图")
}

func TestLanguageSwitchesAtRunTime(t *testing.T) {
	d := openDesk(t, wide)
	d.until("rows", d.shows("events", "暴露垃圾"))
	d.SetLang("en")
	d.want("events", "Exposed rubbish", "5 h 12 min over", "Handling")
	d.want("regions", "Futian", "Buildings")
	d.want("top", "Kuaitu", "Proved equal")
	if strings.Contains(d.Panel("events"), "时限") {
		t.Error("a Chinese column head is left")
	}
	if got := d.Fyne().Title(); got != "Kuaitu·Shatou street" {
		t.Errorf("title is %q", got)
	}
	d.SetLang("zh")
	d.want("events", "暴露垃圾", "时限")
}

func TestThemeSwitchesAtRunTime(t *testing.T) {
	d := openDesk(t, small)
	corner := func() color.Color { return d.Fyne().Canvas().Capture().At(20, 600) }
	light := corner()
	d.SetDark(true)
	dark := corner()
	if l, k := color.GrayModel.Convert(light).(color.Gray).Y, color.GrayModel.Convert(dark).(color.Gray).Y; l < 200 || k > 60 {
		t.Errorf("the panel's grey is %d in light and %d in dark", l, k)
	}
	if !d.chart.dark {
		t.Error("the map was not told")
	}
}

// Fyne lays a widget out again when it finds other objects in it than before: a sheet that exchanged equal ones at every
// paint would have the window drawn without end.
func TestUnchangedPanelsKeepTheirObjects(t *testing.T) {
	d := openDesk(t, wide)
	d.until("rows", d.shows("events", "20261123"))
	for _, panel := range []string{"regions", "events", "legend", "top"} {
		d.Objects(panel)
		before := d.Objects(panel)
		if after := d.Objects(panel); len(before) < 8 || !slices.Equal(before, after) {
			t.Errorf("%s: %d objects, then %d others", panel, len(before), len(after))
		}
	}
}

func TestEnterWaitsForItsAnswer(t *testing.T) {
	d := openDesk(t, wide)
	d.Search("滨河")
	d.until("hits", d.shows("hits", "滨河雅苑"))
	d.Search("无此楼")
	d.SearchKey(fyne.KeyReturn)
	d.settle()
	if got := d.Panel("detail"); strings.Contains(got, "滨河雅苑") {
		t.Errorf("Enter opened a hit of the question before:\n%s", got)
	}
	d.until("the answer", d.shows("hits", "没有找到"))
	d.Search("滨河")
	d.SearchKey(fyne.KeyReturn)
	d.until("the dossier", d.shows("detail", "滨河雅苑"))
}

func TestSearchShowsHitsAndOpensThem(t *testing.T) {
	d := openDesk(t, wide)
	d.Search("滨河雅苑")
	d.until("hits", d.shows("hits", "别名有歧义，请选一个"))
	d.want("hits", "房屋与楼栋", "滨河雅苑", "福沙路 18 号·原 1203 已并入", "440305********1234")
	d.SearchKey(fyne.KeyDown)
	d.SearchKey(fyne.KeyReturn)
	if want := state.RefOf("building", id("building", "3")); d.chart.selected != want {
		t.Errorf("map selected %v, want %v", d.chart.selected, want)
	}
	if len(d.chart.moved) != 1 {
		t.Errorf("map moved %d times, want once", len(d.chart.moved))
	}
	d.until("the dossier", d.shows("detail", "4403 0400 5036 1400 042"))
	d.want("detail", "一楼一档", "滨河雅苑 3栋", "216", "五类主体", "催办第 2 次·消防通道堵塞", "全部 27")
	if d.Panel("hits") != "" {
		t.Error("the list stayed open")
	}
}

func TestSearchSaysWhenThereIsNothing(t *testing.T) {
	d := openDesk(t, wide)
	d.Search("无此楼")
	d.until("the answer", d.shows("hits", "没有找到“无此楼”"))
	d.SearchKey(fyne.KeyEscape)
	if d.Panel("hits") != "" {
		t.Error("Esc did not close the list")
	}
}

func TestEventRowIsTheMapsSelection(t *testing.T) {
	d := openDesk(t, wide)
	d.until("rows", d.shows("events", "20261123-005-0136"))
	e := d.data.events[1]
	if !d.Tap("events", "e-"+e.ID.String()) {
		t.Fatal("no such row")
	}
	if want := state.RefOf("event", e.ID); d.chart.selected != want {
		t.Errorf("map selected %v, want %v", d.chart.selected, want)
	}
	d.until("its dossier", d.shows("detail", "20261123-005-0136"))
	d.want("detail", "一案一档", "138****8000")
	d.EventKey(fyne.KeyDown)
	if want := state.RefOf("event", d.data.events[2].ID); d.chart.selected != want {
		t.Errorf("after Down the map selected %v, want %v", d.chart.selected, want)
	}
	d.until("its dossier", d.shows("detail", "20261123-005-0144"))
	if !d.Tap("detailfoot", "locate") || len(d.chart.moved)+len(d.chart.fitted) == 0 {
		t.Error("the button does not move the map")
	}
	if !d.Tap("detailfoot", "open") || !d.Boxed() {
		t.Error("the button does not open the dossier")
	}
}

func TestPickOnTheMapSelectsTheRow(t *testing.T) {
	d := openDesk(t, wide)
	d.until("rows", d.shows("events", "20261123-005-0136"))
	last := d.data.events[len(d.data.events)-1]
	d.chart.on.Picked(last.At, []ui.Pick{{Ref: state.RefOf("event", last.ID)}}, fyne.Position{})
	d.until("its dossier", d.shows("detail", last.Number))
	d.want("events", last.Number) // it was below the visible rows
	d.chart.on.Picked(last.At, nil, fyne.Position{})
	if d.chart.selected != (state.Ref{}) {
		t.Error("a click on empty ground kept the highlight")
	}
	cluster := orb.Bound{Min: orb.Point{114, 22}, Max: orb.Point{114.01, 22.01}}
	d.chart.on.Picked(last.At, []ui.Pick{{Ref: state.RefOf("event", last.ID), Count: 9, Bound: cluster}}, fyne.Position{})
	if len(d.chart.fitted) != 1 || d.chart.fitted[0] != cluster {
		t.Error("a click on a cluster did not open it")
	}
}

func TestListFollowsTheMapWhenLinked(t *testing.T) {
	d := openDesk(t, wide)
	d.until("rows", d.shows("events", "20261123"))
	asked := func(ok func(state.EventFilter) bool) func() bool { // questions may overtake each other on their way
		return func() bool {
			d.data.mu.Lock()
			defer d.data.mu.Unlock()
			return slices.ContainsFunc(d.data.asked, ok)
		}
	}
	d.Tap("eventhead", "link") // the list is linked at the start
	d.until("the list of all", d.shows("eventhead", "共 26 件"))
	d.data.mu.Lock()
	d.data.asked = nil
	d.data.mu.Unlock()
	d.chart.on.Settled(d.chart.view)
	d.settle()
	if asked(func(f state.EventFilter) bool { return f.Bound != nil })() {
		t.Fatal("an unlinked list followed the map")
	}
	d.Tap("eventhead", "link")
	d.until("the linked list", d.shows("eventhead", "与地图同范围·26 件"))
	d.chart.view.Bound = orb.Bound{Min: orb.Point{113, 22}, Max: orb.Point{114, 23}}
	d.chart.on.Settled(d.chart.view)
	d.until("a new question", asked(func(f state.EventFilter) bool { return f.Bound != nil && f.Bound.Equal(d.chart.view.Bound) }))
	d.Tap("eventhead", "chip-late")
	d.until("the filtered list", asked(func(f state.EventFilter) bool { return f.Lights.Has(state.Late) && f.Lights.Has(state.Urged) }))
	d.until("only late rows", func() bool { return !strings.Contains(d.Panel("events"), "剩") && d.Panel("events") != "" })
}

func TestReportFormValidatesAndStores(t *testing.T) {
	d := openDesk(t, wide)
	at := orb.Point{114.02, 22.53}
	d.chart.on.Placed(at)
	d.until("the form", func() bool { open, _, _, _ := d.Report(); return open })
	_, filter, text, foot := d.Report()
	if !strings.Contains(foot, "请选一个类型") {
		t.Errorf("the foot says %q", foot)
	}
	if d.Tap("reportfoot", "act-保存并待发") {
		t.Error("an empty form could be sent")
	}
	filter("lj") // 暴露垃圾 by initials of its last two syllables
	if !d.Tap("reporttypes", "t-trash-1") {
		t.Fatal("the type was not found by pinyin initials")
	}
	if _, _, _, foot = d.Report(); !strings.Contains(foot, "请写一句情况") {
		t.Errorf("the foot says %q", foot)
	}
	text("后巷堆了三袋垃圾")
	d.data.fail = block.ErrUnavailable
	d.Tap("reportfoot", "act-保存并待发")
	d.until("the failure", func() bool { _, _, _, foot := d.Report(); return strings.Contains(foot, "暂时无法完成") })
	d.data.mu.Lock()
	d.data.fail = nil
	d.data.mu.Unlock()
	d.Tap("reportfoot", "act-保存并待发")
	d.until("the box to close", func() bool { return !d.Boxed() })
	if want := (state.Report{Type: "trash-1", At: at, Region: id("region", "036-10"), Address: "下沙八坊 22 号", Text: "后巷堆了三袋垃圾"}); len(d.data.reports) != 1 || d.data.reports[0] != want {
		t.Errorf("stored %+v, want one %+v", d.data.reports, want)
	}
	d.until("the new row", d.shows("events", "待发"))
	d.want("events", "编号待服务器给出")
}

func TestRegionScopesTheList(t *testing.T) {
	d := openDesk(t, wide)
	d.until("the tree", d.shows("regions", "下沙社区"))
	if !d.Tap("regions", "r-"+id("region", "st").String()) {
		t.Fatal("no such row")
	}
	d.until("its events", func() bool {
		d.data.mu.Lock()
		defer d.data.mu.Unlock()
		return slices.ContainsFunc(d.data.asked, func(f state.EventFilter) bool { return f.Region == id("region", "st") })
	})
	d.want("eventhead", "沙头街道·在办 26")
	if len(d.chart.fitted) == 0 {
		t.Error("the map did not move to the region")
	}
	d.Tap("regions", "r-"+id("region", "xs").String()+"+")
	if strings.Contains(d.Panel("regions"), "036-14") {
		t.Error("the closed region still shows its grids")
	}
}

func TestLayersSwitchTheMap(t *testing.T) {
	d := openDesk(t, wide)
	d.until("layers", d.shows("layers", "网格界"))
	d.Tap("layers", "lc-grid")
	if on, told := d.chart.shown["grid"]; !told || on {
		t.Error("the grid layer was not switched off")
	}
	d.Tap("layers", "lc-lines") // some are on: all go on
	for _, name := range []string{"grid", "oldgrid"} {
		if !d.chart.shown[name] {
			t.Errorf("%s was not switched on with its group", name)
		}
	}
	if d.Tap("layers", "lc-care") {
		t.Error("a layer without the right to see it could be tapped")
	}
}

func TestImportNeedsADatum(t *testing.T) {
	d := openDesk(t, wide)
	d.DropFiles("/tmp/buildings.geojson")
	d.until("the preview", d.shows("import", "GeoJSON·5.2 MB·71,666 行·UTF-8·未声明坐标系"))
	d.want("import", "residential")
	d.until("what lies off", d.shows("import", "偏移约 523 米"))
	if d.Tap("importfoot", "act-开始导入") {
		t.Fatal("the import could start without a datum")
	}
	if !d.Tap("import", "as-gcj") {
		t.Fatal("GCJ-02 is not offered")
	}
	d.until("the import to start", func() bool {
		return !strings.Contains(d.Panel("import"), "偏移") && d.Tap("importfoot", "act-开始导入")
	})
	d.until("the report", d.shows("import", "读 71,666，收 71,663，修复 2，拒收 1"))
	d.want("import", "环无效 1")
	if d.files.request.Datum != "gcj02" || d.files.request.Kind != "building" {
		t.Errorf("imported as %+v", d.files.request)
	}
}

func TestSyncPanelAndKeys(t *testing.T) {
	d := openDesk(t, wide)
	d.Key(fyne.KeyF5)
	if d.sync.asked != 1 {
		t.Error("F5 did not sync")
	}
	d.sync.status.Online, d.sync.status.LastContact = false, fakeNow.Add(-4*time.Hour)
	d.SyncChanged()
	d.want("top", "离线 4 时")
	d.Tap("top", "badge")
	d.want("sync", "离线 4 时", "本机登记的内容都已保存", "凭证 7F3A-C21E")
	d.Key(fyne.KeyEscape)
	if d.Boxed() {
		t.Error("Esc did not close the panel")
	}
}

func TestFailedListSaysWhatIsSafe(t *testing.T) {
	d := openDesk(t, wide, func(deps *ui.Deps) { deps.Data.(*fakeData).fail = block.ErrUnavailable })
	d.until("the notice", d.shows("events", "数据没有丢失"))
	d.want("events", "错误码 KT-6000")
}

func TestSmallScreenKeepsTheMap(t *testing.T) {
	d := openDesk(t, small)
	if d.Panel("detail") != "" && d.Panel("regions") == "" {
		t.Error("panels are not as a small screen has them")
	}
	if m := d.chart.object.Size(); m.Width < 480 || m.Height < 360 {
		t.Errorf("the map is %v", m)
	}
	d.chart.on.Picked(orb.Point{}, []ui.Pick{{Ref: state.RefOf("building", id("building", "3"))}}, fyne.Position{})
	d.until("the dossier over the map", d.shows("detail", "滨河雅苑 3栋"))
	if m := d.chart.object.Size(); m.Width < 1300 {
		t.Errorf("the map gave way to the dossier: %v", m)
	}
	d.Tap("detail", "detail-close")
	if d.Panel("detailfoot") != "" {
		t.Error("the dossier did not close")
	}
}

// TestBoxesOpenInBothLanguagesAndThemes draws every box: what breaks only when drawn breaks here.
func TestBoxesOpenInBothLanguagesAndThemes(t *testing.T) {
	d := openDesk(t, fyne.NewSize(1024, 600))
	overlays := d.Fyne().Canvas().Overlays()
	for _, lang := range []string{"zh", "en"} {
		d.SetLang(lang)
		d.SetDark(lang == "en")
		for name, open := range d.Boxes() {
			open()
			d.settle()
			if overlays.Top() == nil {
				t.Errorf("%s in %s: nothing opened", name, lang)
			}
			d.Key(fyne.KeyEscape)
			for top := overlays.Top(); top != nil; top = overlays.Top() {
				overlays.Remove(top)
			}
		}
	}
}

func TestFileChooser(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.geojson", "A.CSV", "note.txt", ".hidden.csv", "sub/c.shp"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("1234"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d := openDesk(t, small)
	d.Boxes()["import"]()
	d.Visit(dir)
	d.until("the folder", d.shows("picker", "b.geojson"))
	d.want("picker", "上一级", "sub", "A.CSV", "4 B")
	if text := d.Panel("picker"); strings.Contains(text, "note.txt") || strings.Contains(text, "hidden") || strings.Index(text, "sub") > strings.Index(text, "A.CSV") {
		t.Errorf("lists %s", text)
	}
	if d.Tap("pickerfoot", "act-确定") {
		t.Error("nothing chosen can be opened")
	}
	d.Visit(filepath.Join(dir, "nowhere"))
	d.until("what is wrong", d.shows("pickerfoot", "没有这个文件"))
	d.want("picker", "b.geojson")
	d.Visit(filepath.Join(dir, "b.geojson", "root"))
	d.until("what is wrong below a file", d.shows("pickerfoot", "没有这个文件"))
	d.Visit(filepath.Join(dir, "b.geojson"))
	d.until("the file to be chosen", func() bool { return d.Tap("pickerfoot", "act-确定") })
	d.until("the import dialog", d.shows("import", "b.geojson"))
}

func TestExportProposesAPath(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	d := openDesk(t, small)
	d.Boxes()["export"]()
	if !d.Tap("modalfoot", "act-开始导出") {
		t.Fatal("cannot be started")
	}
	d.until("the export", d.shows("export", "已导出 37 行到 kuaitu-building-20261123-1542.geojson"))
	if want := filepath.Join(home, "kuaitu-building-20261123-1542.geojson"); d.files.export.Path != want || d.files.export.Kind != "building" || d.files.export.Bound != nil {
		t.Errorf("exported %+v", d.files.export)
	}
}

// TestEveryIconAndTextInCodeExists reads our own sources: a name that has no file shows as a hole, a key without text as
// the key itself.
func TestEveryIconAndTextInCodeExists(t *testing.T) {
	b, err := assets.Texts("zh")
	if err != nil {
		t.Fatal(err)
	}
	lang, err := state.NewLang("zh", b, nil)
	if err != nil {
		t.Fatal(err)
	}
	known := assets.Icons()
	icons, keys := 0, 0
	for _, dir := range []string{".", "state"} {
		sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range sources {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) == 0 {
					return true
				}
				sel, ok := call.Fun.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				lit, ok := call.Args[0].(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				arg, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				switch sel.Sel.Name {
				case "icon":
					icons++
					if !slices.Contains(known, arg) {
						t.Errorf("no icon %q", arg)
					}
				case "T":
					keys++
					if !lang.Has(arg) {
						t.Errorf("no text %q", arg)
					}
				}
				return true
			})
		}
	}
	if icons < 15 || keys < 60 {
		t.Errorf("read %d icon names and %d keys only: the reader of this test has gone blind", icons, keys)
	}
}

// TestIconsAreDrawnAsOutlines guards against blobs: an outline icon covers little of its square, and has our colour.
func TestIconsAreDrawnAsOutlines(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(ui.NewTheme(false))
	for _, name := range assets.Icons() {
		if strings.HasPrefix(name, "light-") {
			continue
		}
		res := ui.Icon(name)
		if !strings.Contains(res.Name(), "1257a8") || bytes.Contains(res.Content(), []byte("currentColor")) {
			t.Errorf("%s: colour is not in name and content", name)
		}
		img := canvas.NewImageFromResource(res)
		img.Resize(fyne.NewSize(16, 16))
		c := software.NewCanvas()
		c.SetPadded(false)
		c.SetContent(img)
		c.Resize(fyne.NewSize(16, 16))
		if share := inked(c.Capture()); share < 0.01 || share > 0.55 {
			t.Errorf("%s covers %.0f %% of its square", name, share*100)
		}
	}
}

func inked(img image.Image) float64 {
	b := img.Bounds()
	back := color.GrayModel.Convert(img.At(b.Max.X-1, b.Max.Y-1)).(color.Gray).Y
	n := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if d := int(color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y) - int(back); d > 60 || d < -60 {
				n++
			}
		}
	}
	return float64(n) / float64(b.Dx()*b.Dy())
}

func TestLinesBreakWhereChineseMay(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want []string
	}{
		{"网络恢复后，自动发送。", 5, []string{"网络恢复", "后，自动发", "送。"}},
		{"press F5 when ready", 8, []string{"press F5", "when", "ready"}},
		{"已存本机 F5 同步", 6, []string{"已存本机", "F5 同步"}},
		{"", 4, []string{""}},
	} {
		if got := ui.Lines(c.text, c.n); !slices.Equal(got, c.want) {
			t.Errorf("%q at %d: %q, want %q", c.text, c.n, got, c.want)
		}
	}
}
