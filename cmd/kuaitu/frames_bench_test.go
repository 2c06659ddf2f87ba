//go:build linux

package main_test

import (
	"image"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// frameLine is what the window logs when its frame figures are switched off.
var frameLine = regexp.MustCompile(`map frames"? frames=(\d+) interval_ms="([\d.]+) / ([\d.]+) / ([\d.]+)" main_ms="([\d.]+) / ([\d.]+) / ([\d.]+)" place_ms="([\d.]+) / ([\d.]+) / ([\d.]+)" uploads=(\d+) uploads_tick=(\d+) heap_mb=(\d+) rss_mb=(\d+) shaders=(\w+)`)

// figures are those of one measure, by name.
type figures struct {
	frames                          int
	intervalP50, intervalP95        float64
	mainP50, mainP95, mainP99       float64
	placeP50, placeP99              float64
	uploads, uploadsTick, heap, rss int
	shaders                         string
}

// measured does something to the map with the frame figures on, and reads them from the log.
func (w *window) measured(do func()) figures {
	w.t.Helper()
	before := len(frameLine.FindAllString(w.said(), -1))
	w.key("ctrl+shift+d")
	do()
	w.key("ctrl+shift+d")
	var m []string
	until(w.t, 20*time.Second, "the frame figures are in the log", func() bool {
		all := frameLine.FindAllStringSubmatch(w.said(), -1)
		if len(all) <= before {
			return false
		}
		m = all[len(all)-1]
		return true
	})
	n := make([]float64, len(m))
	for i := range m {
		n[i], _ = strconv.ParseFloat(m[i], 64) // the pattern lets nothing but figures through
	}
	return figures{int(n[1]), n[2], n[3], n[5], n[6], n[7], n[8], n[10], int(n[11]), int(n[12]), int(n[13]), int(n[14]), m[15]}
}

// sweep drags the map to and fro about a point.
func (w *window) sweep(mid image.Point, reach, step, times int) {
	w.t.Helper()
	at := func(dx, dy int) []string {
		return []string{"mousemove", strconv.Itoa(w.at.X + mid.X + dx), strconv.Itoa(w.at.Y + mid.Y + dy), "sleep", "0.016"}
	}
	w.point(mid)
	w.xdo("mousedown", "1")
	for i := range times {
		var way []string
		for x := 0; x < reach; x += step {
			way = append(way, at(x, x/2)...)
		}
		for x := reach; x > -reach; x -= step {
			way = append(way, at(x, x/2)...)
		}
		for x := -reach; x < 0; x += step {
			way = append(way, at(x, x/2*(1-2*(i%2)))...)
		}
		w.xdo(way...)
	}
	w.xdo("mouseup", "1")
}

// BenchmarkE2EFrames measures what a frame costs Fyne's thread while the map is dragged and zoomed, with a GL driver that draws nothing, so that
// what is left is our own code, Fyne's, and the calls. It shows the real city where that is here, and needs a screen like the tests.
func BenchmarkE2EFrames(b *testing.B) {
	needScreen(b)
	pack, args := os.Getenv("KUAITU_DATA"), []string{"--pack"}
	init := []string{"init", "--pack"}
	if _, err := os.Stat(filepath.Join(pack, "pack.json")); err != nil {
		pack = b.TempDir()
		writeTown(b, pack)
	}
	store := os.Getenv("KUAITU_BENCH_STORE")
	if store == "" {
		store = filepath.Join(b.TempDir(), "city.gpkg")
		if code, _, errs := run(b, "kuaituctl", append(init, pack, "--store", store, "--with-data")...); code != 0 {
			b.Fatalf("init: exit %d\n%s", code, errs)
		}
	}
	for _, c := range []struct {
		name string
		size image.Point
		env  []string
	}{
		{"1080p/shaders", image.Pt(1920, 1080), nil}, {"1080p/images", image.Pt(1920, 1080), []string{"KUAITU_MAP=images"}},
		{"4k/shaders", image.Pt(3840, 2160), nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := newScreen(b, c.size.X+20, c.size.Y+40, true)
			s.env = append([]string{"GALLIUM_NOOP=true"}, c.env...)
			w := s.open("kuaitu", b.TempDir(), c.size, append([]string{"--store", store, "--lang", "zh"}, append(args, pack)...)...)
			mid := image.Pt(c.size.X/2, c.size.Y/3)
			w.restsFor(30 * time.Second)
			for b.Loop() {
				w.point(mid)
				w.xdo("click", "4", "sleep", "0.5", "click", "4", "sleep", "0.5", "click", "4")
				w.restsFor(20 * time.Second)
				pan := w.measured(func() { w.sweep(mid, c.size.X/4, 16, 3) })
				w.restsFor(20 * time.Second)
				zoom := w.measured(func() {
					for range 4 {
						w.xdo("click", "4", "sleep", "0.4", "click", "4", "sleep", "0.4", "click", "5", "sleep", "0.4", "click", "5", "sleep", "0.4")
					}
				})
				for name, f := range map[string]figures{"pan": pan, "zoom": zoom} {
					b.ReportMetric(f.mainP50, name+"-main-p50-ms")
					b.ReportMetric(f.mainP95, name+"-main-p95-ms")
					b.ReportMetric(f.mainP99, name+"-main-p99-ms")
					b.ReportMetric(f.intervalP95, name+"-interval-p95-ms")
				}
				b.Logf("pan %+v\nzoom %+v", pan, zoom)
			}
			w.stop()
		})
	}
}

// restsFor waits until the window uses next to no processor time, at most so long: what a driver draws that draws nothing cannot be seen.
func (w *window) restsFor(limit time.Duration) {
	w.t.Helper()
	const slice = time.Second
	for end := time.Now().Add(limit); time.Now().Before(end); {
		before := w.cpu()
		time.Sleep(slice)
		if w.cpu()-before < slice/20 {
			return
		}
	}
	w.t.Log("the window did not rest")
}
