//go:build linux

package main_test

import (
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sentence fails the test unless a program that gave up said why in one clear line.
func sentence(t *testing.T, log string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(log) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "kuaitu: ") || strings.Contains(lines[0], "%!") {
		t.Errorf("want one line that begins with the program's name, got:\n%s", log)
	}
}

// TestE2EWindowOffline starts the window with no server, reports, and kills it: the report must be in the store and
// come to the server once.
func TestE2EWindowOffline(t *testing.T) {
	needScreen(t)
	city := newTown(t)
	store := city.console(t)
	if code := city.stop(); code != 0 {
		t.Fatalf("the server ended with %d", code)
	}
	s := newScreen(t, 1600, 1000, true)
	home := t.TempDir()
	w := s.open("kuaitu", home, deskSize, "--store", store, "--lang", "zh")
	w.mapDrawn()
	amber := rgb(0x8A5300) // the words of what is not as it should be
	f := w.settled(20*time.Second, partLink, "the top bar warns", func(f frame) bool { return f.near(amber, partLink, 40) > 20 })
	w.shot("offline")
	if f.near(amber, partLeft, 40) > 0 {
		t.Error("the trees warn, too")
	}
	const text = "told while offline"
	w.reportAt(mapMid.Add(image.Pt(60, 130)), text)
	w.queued(true)
	w.shot("reported")
	w.kill()
	checkLog(t, w.said())
	if got := ops(t, store); got.Pending != 1 || len(got.Ops) != 1 {
		t.Fatalf("after kill -9 the store has the ops %+v", got)
	}
	city.serve(t)
	again := s.open("kuaitu", home, deskSize, "--store", store, "--lang", "zh")
	again.mapDrawn()
	again.queued(false)
	again.shot("reopened-and-synced")
	if code := again.stop(); code != 0 {
		t.Errorf("the window ended with %d", code)
	}
	if got := ops(t, store); got.Pushed != 1 || got.Pending != 0 {
		t.Errorf("ops of the console: %+v", got)
	}
	if ids := events(t, city.console(t), text); len(ids) != 1 {
		t.Errorf("another console finds %d events, want one", len(ids))
	}
}

// TestE2EWindowKilledInSync kills the window again and again while it fetches, then lets it finish.
func TestE2EWindowKilledInSync(t *testing.T) {
	needScreen(t)
	city := newTown(t)
	store := city.console(t)
	city.stop()
	const extra = 20_000
	more := writeJSON(t, filepath.Join(t.TempDir(), "more.geojson"), collection(townBuildings(extra)[townHousing+2:]))
	ask[any](t, "kuaitud", "import", "--data", city.dir, "--kind", "building", "--datum", "cgcs2000", "--json", more)
	city.serve(t)
	s := newScreen(t, 1600, 1000, true)
	home := t.TempDir()
	sizeOf := func() int64 {
		var n int64
		for _, name := range []string{store, store + "-wal"} {
			if fi, err := os.Stat(name); err == nil {
				n += fi.Size()
			}
		}
		return n
	}
	for i := range 3 {
		before := sizeOf()
		p := s.launch("kuaitu", home, "--store", store)
		until(t, 30*time.Second, "the sync writes", func() bool { return sizeOf() > before+int64(i)*400_000 || p.ended() })
		if p.ended() {
			t.Fatalf("kuaitu ended with %d", p.cmd.ProcessState.ExitCode())
		}
		p.kill()
		checkLog(t, p.said())
	}
	w := s.open("kuaitu", home, deskSize, "--store", store, "--lang", "zh")
	w.mapDrawn()
	w.searchFor(towerKeys)
	w.settled(15*time.Second, partMap.Union(partSide), "the map moved to the tower", func(f frame) bool { return f.hasDossier() && f.count(inkTower, about(mapMid, 40)) > 500 })
	w.hover(mapMid)
	far, _ := w.frame().landmarks(partOpen)
	w.xdo("click", "5", "click", "5") // from the tower alone to where the new rows can be seen
	f := w.settled(10*time.Second, partMap, "the map is smaller", func(f frame) bool {
		d, _ := f.landmarks(partOpen)
		return d > 0 && d < far*0.3
	})
	// The new rows begin 0.00517° north of the tower; a landmark and the next are 0.001° of longitude apart.
	apart, tower := f.landmarks(partOpen)
	perDeg := apart / 0.001
	field := box(tower.X-int(0.008*perDeg), partOpen.Min.Y, tower.X+int(0.007*perDeg), tower.Y-int(0.0056*perDeg/math.Cos(townLat*math.Pi/180))).Intersect(partOpen)
	if field.Dy() < 40 || field.Dx() < 100 {
		t.Fatalf("the new rows would be in %v of the map", field)
	}
	w.settled(90*time.Second, partMap, "the new rows are on the map", func(f frame) bool {
		return f.count(inkGround, field) < field.Dx()*field.Dy()/3
	})
	w.shot("in-sync")
	if code := w.stop(); code != 0 {
		t.Errorf("the window ended with %d", code)
	}
	if r := ask[synced](t, "kuaituctl", "sync", "--store", store, "--json"); !r.Proved || r.Pending != 0 {
		t.Errorf("after the kills: %+v", r)
	}
	city.stop()
	for _, verify := range [][]string{{"kuaitud", "verify", "--data", city.dir, "--json"}, {"kuaituctl", "verify", "--store", store, "--json"}} {
		if code, out, errs := run(t, verify[0], verify[1:]...); code != 0 {
			t.Errorf("%v: exit %d\n%s%s", verify, code, out, errs)
		}
	}
	if n := city.records(t, "building"); n != extra+townHousing+2 {
		t.Errorf("the server holds %d buildings", n)
	}
}

// TestE2EWindowRefuses starts the window on what it cannot open: each time it says why in one sentence and ends.
func TestE2EWindowRefuses(t *testing.T) {
	needScreen(t)
	s := newScreen(t, 1600, 1000, true)
	pack := t.TempDir()
	writeTown(t, pack)
	good := filepath.Join(t.TempDir(), "good.gpkg")
	ask[any](t, "kuaituctl", "init", "--store", good, "--pack", pack)
	b, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		file string
		args []string
		want []int
	}{
		{"absent", filepath.Join(dir, "absent.gpkg"), nil, []int{4}},
		{"empty", writeFile(t, filepath.Join(dir, "empty.gpkg"), nil), nil, []int{3, 6}},
		{"noise", writeFile(t, filepath.Join(dir, "noise.gpkg"), []byte(strings.Repeat("no store at all ", 4096))), nil, []int{3, 6}},
		{"half", writeFile(t, filepath.Join(dir, "half.gpkg"), b[:len(b)/2]), nil, []int{3, 6}},
		{"size", good, []string{"--size", "large"}, []int{2}},
		{"post", good, []string{"--post", "moon"}, []int{2}},
	} {
		p := s.launch("kuaitu", t.TempDir(), append([]string{"--store", c.file}, c.args...)...)
		code := p.ends(20 * time.Second)
		ok := false
		for _, want := range c.want {
			ok = ok || code == want
		}
		if !ok {
			t.Errorf("%s: exit %d, want one of %v", c.name, code, c.want)
		}
		sentence(t, p.said())
	}

	absent := &screen{t: t, display: ":29999"}
	p := absent.launch("kuaitu", t.TempDir(), "--store", good)
	if code := p.ends(20 * time.Second); code != 6 {
		t.Errorf("without a display: exit %d, want 6", code)
	}
	sentence(t, p.said())

	w := s.open("kuaitu", t.TempDir(), deskSize, "--store", good, "--lang", "zh")
	w.settled(30*time.Second, partLeft, "the window is drawn", func(f frame) bool { kinds, _, _ := f.colours(partLeft); return kinds > 8 })
	w.shot("empty-store")
	second := s.launch("kuaitu", t.TempDir(), "--store", good)
	if code := second.ends(20 * time.Second); code != 5 && code != 6 {
		t.Errorf("a second window on the same store ends with %d", code)
	}
	sentence(t, second.said())
	if code := w.stop(); code != 0 {
		t.Errorf("the first window ended with %d", code)
	}
	checkLog(t, w.said())
}

// TestE2EWindowScreenshot takes a picture where no window manager runs.
func TestE2EWindowScreenshot(t *testing.T) {
	needScreen(t)
	s := newScreen(t, 1920, 1080, false)
	pack := t.TempDir()
	writeTown(t, pack)
	store, out := filepath.Join(t.TempDir(), "town.gpkg"), filepath.Join(t.TempDir(), "window.png")
	ask[any](t, "kuaituctl", "init", "--store", store, "--pack", pack)
	ask[any](t, "kuaituctl", "import", "--store", store, "--kind", "building", "--datum", "cgcs2000", "--json", filepath.Join(pack, "buildings.geojson"))
	p := s.launch("kuaitu", t.TempDir(), "--store", store, "--lang", "zh", "--screenshot", out, "--after", "3s")
	if code := p.ends(40 * time.Second); code != 0 {
		t.Fatalf("exit %d:\n%s", code, p.said())
	}
	checkLog(t, p.said())
	file, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	img, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds().Size() != image.Pt(1920, 1080) {
		t.Errorf("the picture is %v", img.Bounds().Size())
	}
	f := frame{image.NewRGBA(img.Bounds())}
	for y := range 1080 {
		for x := range 1920 {
			f.Set(x, y, img.At(x, y))
		}
	}
	keep(t, t.Name()+".png", f)
	part := box(304, 48, 1544, 800)
	if f.count(inkHousing, part) < 2000 || f.count(inkTower, part) < 20 || f.count(inkSchool, part) < 20 {
		t.Error("the picture does not show the town")
	}
}
