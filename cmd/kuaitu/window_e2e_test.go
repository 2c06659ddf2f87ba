//go:build linux

package main_test

import (
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Where the parts of the desk are in a window of 1440 by 900, by ui's layout.
var (
	deskSize = image.Pt(1440, 900)
	partTop  = box(0, 0, 1440, 48)
	partLink = box(900, 0, 1440, 48) // badges at the right of the top bar
	partLeft = box(48, 48, 280, 872)
	partMap  = box(280, 48, 1100, 668)
	partOpen = box(480, 80, 1040, 630) // the map without what floats over it
	partHits = box(280, 48, 840, 160)  // below the search box
	partList = box(280, 704, 1100, 872)
	partMark = box(1012, 732, 1100, 872) // the event list's last column
	partSide = box(1102, 50, 1438, 776)  // the dossier
	partSpot = box(0, 874, 240, 898)     // the status bar's coordinates
	mapMid   = image.Pt(690, 358)
)

// wrongThread is what Fyne logs of a call from the wrong thread, when it looks.
const wrongThread = "Error in Fyne call thread"

// checkLog fails the test for everything in a window's log that must never be there.
func checkLog(t *testing.T, log string) {
	t.Helper()
	for _, bad := range []string{"panic:", "fatal error:", "goroutine ", "level=ERROR", wrongThread} {
		if strings.Contains(log, bad) {
			t.Errorf("the log has %q:\n%s", bad, log)
		}
	}
	blocks := strings.Split(log, "Fyne error:")
	for _, b := range blocks[1:] {
		// a screen without a session bus has no theme settings to watch; Fyne's watcher of its preferences file may come
		// upon one that Fyne has just begun to write, and then reads it again
		if !strings.Contains(b, "dbus") && !(strings.Contains(b, "Preferences load error") && strings.Contains(b, "Cause: EOF")) {
			t.Errorf("Fyne logged an error:%s", b)
		}
	}
}

// mapDrawn waits until the map shows the town.
func (w *window) mapDrawn() frame {
	w.t.Helper()
	return w.settled(30*time.Second, partMap, "the map shows housing and both landmarks", func(f frame) bool {
		return f.count(inkHousing, partMap) > 2000 && f.count(inkTower, partMap) > 20 && f.count(inkSchool, partMap) > 20
	})
}

// landmarks is how far apart the middles of the tower and the school are, in pixels, and the point between them; 0 when one is out of
// sight. Outer edges are what is measured: names and outlines drawn over the houses do not move them.
func (f frame) landmarks(part image.Rectangle) (apart float64, middle image.Point) {
	a, b := f.extent(inkTower, part), f.extent(inkSchool, part)
	if a.Empty() || b.Empty() {
		return 0, image.Point{}
	}
	x := func(r image.Rectangle) float64 { return float64(r.Min.X+r.Max.X) / 2 }
	y := func(r image.Rectangle) float64 { return float64(r.Min.Y+r.Max.Y) / 2 }
	return math.Hypot(x(b)-x(a), y(b)-y(a)), a.Union(b).Min.Add(a.Union(b).Max).Div(2)
}

// hasDossier reports whether the right panel shows a record, not that it is looking for one: only then it has its button.
func (f frame) hasDossier() bool { return f.count(inkAccent, box(1110, 780, 1430, 870)) > 1500 }

// hover puts the mouse over the map and waits until the window knows: the status bar says where it is. Fyne takes moves
// once a frame, so a wheel that is turned at once counts for where the mouse was. A mouse beside the map leaves the status bar with the
// coordinates of the map's middle, so the way to a point leads over one that is neither.
func (w *window) hover(p image.Point) {
	w.t.Helper()
	by := p.Add(image.Pt(37, 23))
	if by == w.mouse || by == mapMid {
		by = p.Add(image.Pt(23, 37))
	}
	for _, to := range []image.Point{by, p} {
		before := w.frame()
		w.point(to)
		w.settled(20*time.Second, partSpot, "the status bar follows the mouse", func(f frame) bool { return f.differs(before, partSpot) > 0 })
	}
}

// searchFor opens the first hit of a search.
func (w *window) searchFor(keys string) {
	w.t.Helper()
	before := w.frame()
	w.key("ctrl+k")
	w.write(keys)
	w.settled(10*time.Second, partHits, "the list of hits is open", func(f frame) bool { return f.differs(before, partHits) > 3000 })
	w.shot("search-" + keys)
	w.key("Return")
}

// reportAt reports rubbish at a point of the map: Ctrl+N, a click, the type by its initials, a text, Ctrl+Enter.
func (w *window) reportAt(p image.Point, text string) {
	w.t.Helper()
	before := w.frame()
	corner := box(300, 600, 420, 660)
	w.key("Escape", "ctrl+n")
	w.hover(p)
	w.xdo("click", "1")
	w.settled(10*time.Second, partMap, "the form is open", func(f frame) bool { return f.differs(before, corner) > corner.Dx()*corner.Dy()/2 })
	w.park()
	w.write("bllj")
	w.settled(10*time.Second, partMap, "the types are found", func(frame) bool { return true })
	w.key("Return")
	w.write(text)
	w.settled(10*time.Second, partMap, "the text is in", func(frame) bool { return true })
	w.shot("report-form")
	w.key("ctrl+Return")
	w.settled(10*time.Second, partMap, "the form is closed", func(f frame) bool { return f.differs(before, corner) < corner.Dx()*corner.Dy()/2 })
}

// queued waits until the event list does or does not show a record that waits to be sent: its sign is blue.
func (w *window) queued(want bool) frame {
	w.t.Helper()
	what := "the list shows an event as queued"
	if !want {
		what = "the list shows the event as sent"
	}
	return w.settled(30*time.Second, partList, what, func(f frame) bool { return f.blue(partMark) > 8 == want })
}

// TestE2EWindow is a working day: look around, find, report while the server is away, sync, switch the language.
func TestE2EWindow(t *testing.T) {
	needScreen(t)
	city := newTown(t)
	store := city.console(t)
	s := newScreen(t, 1600, 1000, true)
	w := s.open("kuaitu", t.TempDir(), deskSize, "--store", store, "--lang", "zh")
	if got := w.title(); !strings.Contains(got, "块图") {
		t.Errorf("the window is called %q", got)
	}
	w.mapDrawn()
	t.Logf("a map that stands still %s after the start", time.Since(w.lap).Round(10*time.Millisecond))
	w.shot("start")
	w.rests()
	first := w.settled(20*time.Second, box(0, 0, deskSize.X, deskSize.Y), "every part shows something, and the first dossier is there", func(f frame) bool {
		for _, part := range []image.Rectangle{partTop, partLeft, partList, partSide} {
			if kinds, _, share := f.colours(part); kinds < 8 || share > 0.995 {
				return false
			}
		}
		return f.hasDossier()
	})

	t.Log("step: pan")
	{
		by := image.Pt(-96, 64)
		w.drag(image.Pt(760, 300), image.Pt(760, 300).Add(by))
		w.park()
		after := w.settled(10*time.Second, partMap, "the map has moved", func(f frame) bool { return f.differs(first, partOpen) > 2000 })
		w.shot("pan")
		same := after.kept(first, partOpen, func(p image.Point) image.Point { return p.Add(by) })
		unmoved := after.kept(first, partOpen, func(p image.Point) image.Point { return p })
		if same < 0.95 || unmoved > 0.8 {
			t.Errorf("%.3f of the map moved with the mouse, want all; %.3f stayed", same, unmoved)
		}
		if n := after.differs(first, partLeft) + after.differs(first, partSide); n > 0 {
			t.Errorf("%d pixels beside the map changed with it", n)
		}
	}

	t.Log("step: wheel")
	{
		// The landmarks lie side by side: how far apart they are is the scale, and their middle is where the wheel is turned.
		d0, mid := w.frame().landmarks(partOpen)
		w.hover(mid)
		for _, notch := range []struct {
			button string
			factor float64
		}{{"4", 2}, {"4", 2}, {"5", 0.5}} {
			before, at := w.frame().landmarks(partOpen)
			w.xdo("click", notch.button)
			want := before * notch.factor
			after := w.settled(10*time.Second, partMap, "the map has another scale", func(f frame) bool {
				d, _ := f.landmarks(partOpen)
				return d > 0 && math.Abs(d-before) > 0.2*before
			})
			w.shot("wheel-" + notch.button)
			got, there := after.landmarks(partOpen)
			if math.Abs(got-want) > 0.05*want {
				t.Errorf("a notch %s took the landmarks from %.1f px apart to %.1f, want %.1f", notch.button, before, got, want)
			}
			// The place under the mouse stays when every other moves away from it by the factor. Both middles are whole pixels, and so is
			// where the map comes to rest.
			off := func(p image.Point) (x, y float64) { return float64(p.X - mid.X), float64(p.Y - mid.Y) }
			x0, y0 := off(at)
			x1, y1 := off(there)
			if d := math.Hypot(x1-x0*notch.factor, y1-y0*notch.factor); d > 3 {
				t.Errorf("the place under the mouse moved by %.1f px", d)
			}
		}
		w.xdo("click", "5")
		w.settled(10*time.Second, partMap, "the scale is what it was", func(f frame) bool {
			d, _ := f.landmarks(partOpen)
			return math.Abs(d-d0) <= 0.05*d0
		})
		w.park()
	}

	t.Log("step: search")
	{
		before := w.frame()
		w.searchFor(towerKeys)
		after := w.settled(15*time.Second, partMap.Union(partSide), "the map moved to the tower and its dossier is open", func(f frame) bool {
			return f.hasDossier() && f.differs(before, partSide) > 1000 && f.count(inkTower, about(mapMid, 40)) > 500
		})
		w.shot("search-opened")
		_, at := after.find(inkTower, partOpen)
		if d := at.Sub(mapMid); d.X*d.X+d.Y*d.Y > 16*16 {
			t.Errorf("the tower is at %v, the map's middle at %v", at, mapMid)
		}
		if n := after.count(inkAccent, about(at, 90)); n < 60 {
			t.Errorf("the tower is not marked as selected: %d pixels", n)
		}
	}

	t.Log("step: pick")
	{
		tower := w.frame()
		_, school := tower.find(inkSchool, partOpen)
		w.hover(school)
		w.xdo("click", "1")
		w.settled(10*time.Second, partSide, "another dossier is open", func(f frame) bool { return f.hasDossier() && f.differs(tower, partSide) > 300 })
		w.park()
		picked := w.settled(10*time.Second, partMap.Union(partSide), "all is still", func(frame) bool { return true })
		w.shot("pick")
		if n := picked.count(inkAccent, about(school, 90)); n < 60 {
			t.Errorf("the school is not marked as selected: %d pixels", n)
		}
		w.searchFor(towerKeys)
		w.settled(10*time.Second, partSide, "the tower's dossier is open again", func(f frame) bool { return f.differs(tower, partSide) == 0 })
		w.searchFor(schoolKeys)
		w.settled(10*time.Second, partSide, "the search opens the dossier that the click opened", func(f frame) bool { return f.differs(picked, partSide) == 0 })
	}

	const text = "e2e rubbish by the gate"
	t.Log("step: report")
	{
		if code := city.stop(); code != 0 {
			t.Fatalf("the server ended with %d", code)
		}
		before := w.frame()
		w.reportAt(mapMid.Add(image.Pt(60, 130)), text)
		after := w.queued(true)
		w.shot("reported-offline")
		if after.differs(before, partLink) == 0 {
			t.Error("the top bar does not count the report")
		}
		if n := after.differs(before, partSide); n < 1000 {
			t.Errorf("the event's dossier is not open: %d pixels changed", n)
		}
	}

	t.Log("step: sync")
	{
		city.serve(t)
		w.key("F5")
		w.queued(false)
		w.shot("synced")
	}

	t.Log("step: language")
	{
		before := w.frame()
		w.click(image.Pt(24, 24), 1)
		w.settled(10*time.Second, partLeft, "the menu is open", func(f frame) bool { return f.differs(before, partLeft) > 2000 })
		w.key("Down", "Down", "Down", "Down", "Down", "Down", "Down", "Right", "Down", "Return")
		until(t, 10*time.Second, "the title is English", func() bool { return strings.Contains(w.title(), "Kuaitu") })
		w.park()
		after := w.settled(10*time.Second, partTop, "the words are English", func(f frame) bool { return f.differs(before, partLink) > 200 })
		w.shot("english")
		if n := after.differs(before, partLeft); n < 500 {
			t.Errorf("the trees did not change: %d pixels", n)
		}
	}

	if code := w.stop(); code != 0 {
		t.Errorf("the window ended with %d on SIGTERM", code)
	}
	checkLog(t, w.said())

	got := ops(t, store)
	if len(got.Ops) != 1 || got.Pushed != 1 || got.Pending+got.Conflicts+got.Rejected != 0 {
		t.Fatalf("ops of the console: %+v", got)
	}
	mine := events(t, store, text)
	if len(mine) != 1 || len(got.Ops[0].Edits) == 0 || mine[0] != got.Ops[0].Edits[0].ID {
		t.Errorf("the console finds the events %v, its op is %+v", mine, got.Ops[0])
	}
	if other := city.console(t); !slices.Equal(events(t, other, text), mine) {
		t.Errorf("another console finds the events %v, want %v", events(t, other, text), mine)
	}
	if code := city.stop(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
	if n := city.records(t, "event"); n != 1 {
		t.Errorf("the server holds %d events, want the one", n)
	}
	for _, verify := range [][]string{{"kuaitud", "verify", "--data", city.dir, "--json"}, {"kuaituctl", "verify", "--store", store, "--json"}} {
		if code, out, errs := run(t, verify[0], verify[1:]...); code != 0 {
			t.Errorf("%v: exit %d\n%s%s", verify, code, out, errs)
		}
	}
}

// TestE2EWindowThreads drives the window with Fyne's own checks of the calling thread switched on.
func TestE2EWindowThreads(t *testing.T) {
	needScreen(t)
	if err := goBuild("1", "x11", filepath.Join(binDir, "kuaitu-checked"), "kuaitu/cmd/kuaitu"); err != nil {
		t.Fatal(err)
	}
	city := newTown(t)
	store := city.console(t)
	w := newScreen(t, 1600, 1000, true).open("kuaitu-checked", t.TempDir(), deskSize, "--store", store, "--lang", "zh")
	w.mapDrawn()
	w.drag(image.Pt(760, 300), image.Pt(700, 360))
	w.hover(image.Pt(730, 390))
	w.xdo("click", "4")
	w.searchFor(towerKeys)
	w.settled(15*time.Second, partMap, "the map moved to the tower", func(f frame) bool { return f.count(inkTower, about(mapMid, 40)) > 500 })
	w.reportAt(mapMid.Add(image.Pt(60, 130)), "seen by the checks")
	w.key("F5")
	w.queued(false)
	w.shot("end")
	if code := w.stop(); code != 0 {
		t.Errorf("the window ended with %d on SIGTERM", code)
	}
	checkLog(t, w.said())
	if got := ops(t, store); got.Pushed != 1 {
		t.Errorf("ops of the console: %+v", got)
	}
}

// TestE2EWindowRealCity looks at the real pack, at the size of a real screen.
func TestE2EWindowRealCity(t *testing.T) {
	needScreen(t)
	pack := os.Getenv("KUAITU_DATA")
	if _, err := os.Stat(filepath.Join(pack, "pack.json")); pack == "" || err != nil {
		if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
			t.Fatal("the real data is required (KUAITU_DATA)")
		}
		t.Skip("the real data is not here (KUAITU_DATA)")
	}
	store := filepath.Join(t.TempDir(), "city.gpkg")
	if code, _, errs := run(t, "kuaituctl", "init", "--store", store, "--pack", pack, "--with-data"); code != 0 {
		t.Fatalf("init: exit %d\n%s", code, errs)
	}
	s := newScreen(t, 1940, 1120, true)
	home := t.TempDir()
	for _, theme := range []string{"light", "dark"} {
		args := []string{"--store", store, "--pack", pack, "--lang", "zh"}
		if theme == "dark" {
			args = []string{"--store", store, "--pack", pack, "--lang", "en", "--dark"}
		}
		w := s.open("kuaitu", home, image.Pt(1920, 1080), args...)
		part := box(320, 60, 1400, 600)
		f := w.settled(40*time.Second, part, "the city is drawn", func(f frame) bool {
			kinds, _, share := f.colours(part)
			return kinds > 200 && share < 0.8
		})
		t.Logf("%s: a map that stands still %s after the start", theme, time.Since(w.lap).Round(10*time.Millisecond))
		w.shot("city-" + theme)
		w.key("ctrl+k")
		w.write("xsh")
		w.settled(10*time.Second, part, "the hits are listed", func(g frame) bool { return g.differs(f, box(320, 80, 800, 300)) > 3000 })
		w.shot("hits-" + theme)
		w.key("Return")
		w.settled(20*time.Second, box(304, 48, 1900, 800), "the hit is open", func(g frame) bool {
			return g.differs(f, box(1560, 80, 1900, 300)) > 800 && g.differs(f, part) > part.Dx()*part.Dy()/4
		})
		w.shot("dossier-" + theme)
		if code := w.stop(); code != 0 {
			t.Errorf("the window ended with %d on SIGTERM", code)
		}
		checkLog(t, w.said())
	}
}
