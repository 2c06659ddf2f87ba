//go:build linux

package main_test

import (
	"fmt"
	"image"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mapWindow is a window with the map alone, which tells on its output what the map tells.
type mapWindow struct{ *window }

// last is the figures of the last line of a kind, nil where there was none.
func (w mapWindow) last(kind string) []string {
	lines := strings.Split(w.said(), "\n")
	for i := len(lines) - 2; i >= 0; i-- { // the last may be half written
		if f := strings.Fields(lines[i]); len(f) > 1 && f[0] == kind {
			return f[1:]
		}
	}
	return nil
}

// number is a figure of the last line of a kind; NaN where there is none.
func (w mapWindow) number(kind string, i int) float64 {
	var v float64
	if f := w.last(kind); i >= len(f) {
		return math.NaN()
	} else if _, err := fmt.Sscanf(f[i], "%g", &v); err != nil {
		return math.NaN()
	}
	return v
}

// at puts the mouse somewhere and waits until the map knows.
func (w mapWindow) at(x, y int) {
	w.t.Helper()
	w.point(image.Pt(x+1, y))
	w.point(image.Pt(x, y))
	until(w.t, 20*time.Second, "the map knows where the mouse is", func() bool {
		return strings.Join(w.last("pointer"), " ") == fmt.Sprintf("%d %d", x, y)
	})
}

// camera waits until the map rests where it should: a figure that is NaN may be any.
func (w mapWindow) camera(what string, lon, lat, zoom float64) {
	w.t.Helper()
	near := func(got, want, by float64) bool { return math.IsNaN(want) || math.Abs(got-want) <= by }
	until(w.t, 20*time.Second, what, func() bool {
		return near(w.number("camera", 0), lon, 2e-5) && near(w.number("camera", 1), lat, 2e-5) && near(w.number("camera", 2), zoom, 1e-3)
	})
}

// tool chooses a tool by its key.
func (w mapWindow) tool(key string, number int) {
	w.t.Helper()
	w.key(key)
	until(w.t, 20*time.Second, "the tool is chosen", func() bool { return int(w.number("tool", 0)) == number })
}

// span drags the left button from one place to another, with a key held.
func (w mapWindow) span(key string, x0, y0, x1, y1 int) {
	w.t.Helper()
	w.at(x0, y0)
	if key != "" {
		w.xdo("keydown", key)
	}
	w.xdo("mousedown", "1")
	w.point(image.Pt((x0+x1)/2, (y0+y1)/2))
	w.at(x1, y1)
	w.xdo("mouseup", "1")
	if key != "" {
		w.xdo("keyup", key)
	}
}

// TestE2EMapGestures does to a map in a real window what hands do.
func TestE2EMapGestures(t *testing.T) {
	needScreen(t)
	if err := goBuild("1", "x11,migrated_fynedo", filepath.Join(binDir, "mapwindow"), "./testdata/mapwindow"); err != nil {
		t.Fatal(err)
	}
	s := newScreen(t, 900, 700, true)
	w := mapWindow{s.open("mapwindow", t.TempDir(), image.Pt(800, 600))}
	const lon, lat = 113.01, 23.01
	const perPx = 360.0 / 256 / 65536 // degrees of longitude of a pixel at zoom 16
	w.camera("the map is there", lon, lat, 16)
	part := box(0, 0, 800, 600)
	w.settled(20*time.Second, part, "the buildings are drawn", func(f frame) bool { return f.count(inkTower, part) > 5000 })
	w.shot("start")

	t.Log("step: Shift and a drag zoom to a box")
	w.span("shift", 300, 225, 500, 375) // a quarter of the view, the same middle
	w.camera("the box is seen", lon, lat, 18)
	w.shot("box")

	t.Log("step: Alt+Left and Alt+Right")
	w.key("alt+Left")
	w.camera("the view before", lon, lat, 16)
	w.key("alt+Right")
	w.camera("the view after it", lon, lat, 18)
	w.key("alt+Left")
	w.camera("the view before, again", lon, lat, 16)

	t.Log("step: double clicks")
	w.at(500, 300)
	w.xdo("click", "--repeat", "2", "--delay", "60", "1")
	w.camera("a double click zooms in", lon+50*perPx, lat, 17) // the place under the mouse stays: half its way goes to the middle
	time.Sleep(400 * time.Millisecond)                         // not a third click of the same
	w.xdo("keydown", "shift", "click", "--repeat", "2", "--delay", "60", "1", "keyup", "shift")
	w.camera("a double click with Shift zooms out", lon, lat, 16)

	t.Log("step: the middle button, and space, pan")
	w.at(400, 300)
	w.xdo("mousedown", "2")
	w.point(image.Pt(380, 300))
	w.at(300, 300)
	time.Sleep(200 * time.Millisecond) // a hand that rests does not throw
	w.xdo("mouseup", "2")
	w.camera("dragged by the middle button", lon+100*perPx, lat, 16)
	w.tool("l", 6)
	w.at(300, 300)
	w.xdo("keydown", "space", "mousedown", "1")
	w.point(image.Pt(320, 300))
	w.at(400, 300)
	time.Sleep(200 * time.Millisecond)
	w.xdo("mouseup", "1", "keyup", "space")
	w.camera("dragged by space and the left button", lon, lat, 16)
	if m := w.last("measure"); m != nil {
		t.Errorf("panning measured %v", m)
	}

	t.Log("step: measure, Backspace, Enter, Esc")
	click := func(x, y int) {
		w.at(x, y)
		w.xdo("click", "1")
		time.Sleep(400 * time.Millisecond) // two clicks, not a double click
	}
	measure := func(what string, points int, done bool, metres float64) {
		t.Helper()
		until(t, 20*time.Second, what, func() bool {
			m := w.last("measure")
			return len(m) == 4 && m[0] == fmt.Sprint(points) && m[3] == fmt.Sprint(done) && (math.IsNaN(metres) || math.Abs(w.number("measure", 1)-metres) < 0.01*metres)
		})
	}
	east := 111320 * math.Cos(lat*math.Pi/180) * perPx // metres of a pixel, to a fifth of a per cent
	click(200, 300)
	w.at(300, 300)
	measure("the line follows the mouse", 2, false, 100*east)
	w.settled(20*time.Second, part, "the line and its length are seen", func(f frame) bool {
		return f.near(inkAccent, box(206, 297, 290, 304), 40) > 80 && f.near(rgb(0xFFFFFF), box(316, 316, 420, 345), 8) > 500
	})
	w.shot("measure")
	click(300, 300)
	click(300, 200)
	w.at(500, 200)
	measure("three points and the mouse", 4, false, 400*east)
	w.key("BackSpace")
	measure("without the last point", 3, false, 100*east+math.Hypot(200, 100)*east)
	w.at(300, 500)
	w.key("Return")
	measure("the measure stays", 2, true, 100*east)
	w.key("Escape")
	measure("the measure goes", 0, false, math.NaN())
	w.key("Escape")
	until(t, 20*time.Second, "a second Esc leaves the tool", func() bool { return w.number("tool", 0) == 0 })

	t.Log("step: select")
	w.tool("b", 3)
	w.span("", 350, 250, 450, 350)
	until(t, 20*time.Second, "a box selects", func() bool { return w.number("select", 0) == 9 && w.number("select", 1) == 9 })
	w.span("ctrl", 380, 280, 420, 320)
	until(t, 20*time.Second, "with Ctrl it takes away", func() bool { return w.number("select", 0) == 1 && w.number("select", 1) == 8 })
	w.settled(20*time.Second, part, "the selection is marked", func(f frame) bool { return f.count(inkAccent, about(image.Pt(400, 300), 80)) > 100 })
	w.shot("selected")

	w.kill() // how a program ends is tested with the real one
	checkLog(t, w.said())
}
