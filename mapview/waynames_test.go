package mapview

import (
	"image"
	"math"
	"testing"
)

// TestNamesAlongWays checks every name on the shipped city's ways: it can be read from the left or the top, lies on its way, bends gently, is
// not repeated nearby and gives way to what else is written there.
func TestNamesAlongWays(t *testing.T) {
	s := demoScene(t)
	st := LightStyle()
	st.Fonts = testFonts(t)
	base := s.Layers[0].Data
	for _, zoom := range []float64{15, 16.5, 17.5} {
		cam := Camera{Center: s.Layers[2].Data.Bound().Center(), Zoom: zoom, WidthPx: 1900, HeightPx: 1000}
		ox, oy := cam.origin()
		v := view{zoom: zoom, ox: ox, oy: oy, w: cam.WidthPx, h: cam.HeightPx}
		labels := newLabeller(s, st).in(t.Context(), v)
		named := map[string][]*label{}
		for i := range labels {
			a := &labels[i]
			for j := range labels[:i] {
				if a.overlaps(&labels[j]) {
					t.Errorf("zoom %g: %s lies on %s", zoom, a.text, labels[j].text)
				}
			}
			if a.letters == nil {
				continue
			}
			named[a.text] = append(named[a.text], a)
			f, ok := base.Find(a.id)
			if !ok || f.Label() != a.text || zoom < wayStyles[f.Class()].named {
				t.Fatalf("zoom %g: %s is the name of %v", zoom, a.text, f.Class())
			}
			first, last := a.letters[0], a.letters[len(a.letters)-1]
			dx, dy := last.mx-first.mx, last.my-first.my
			if upright := math.Abs(dy) > 1.1*math.Abs(dx); upright && dy < 0 && dx < 0 || !upright && dx < 0 && -dx > 1.1*dy {
				t.Errorf("zoom %g: %s runs %.0f,%.0f pixels", zoom, a.text, dx, dy)
			}
			for k, l := range a.letters {
				wx, wy := l.mx/v.perUnit(), l.my/v.perUnit()
				if !f.p.near(f.i, wx, wy, 0.01/v.perUnit()) {
					t.Errorf("zoom %g: letter %d of %s is not on its way", zoom, k, a.text)
				}
				if k > 0 {
					bend := math.Abs(math.Remainder(float64(l.turn-a.letters[k-1].turn)/turnSteps, 1)) * 360
					if bend > maxBend*180/math.Pi+1.5 {
						t.Errorf("zoom %g: %s bends by %.0f°", zoom, a.text, bend)
					}
				}
			}
		}
		total := 0
		for text, list := range named {
			total += len(list)
			for i, a := range list {
				for _, b := range list[:i] {
					// Names in different squares do not know each other; of one way they keep their distance anyway.
					gap := math.Hypot(a.letters[0].mx-b.letters[0].mx, a.letters[0].my-b.letters[0].my)
					if a.id == b.id && gap < repeatPx {
						t.Errorf("zoom %g: %s is there again after %.0f pixels", zoom, text, gap)
					}
				}
			}
		}
		if total < 15 {
			t.Errorf("zoom %g: only %d names", zoom, total)
		}
	}
}

// TestSteepNames sets a name along lines of several directions: Chinese stays upright and runs down where the line is
// steeper than half a right angle, one letter clear of the other, and everything else is turned with its line.
func TestSteepNames(t *testing.T) {
	f := testFonts(t)
	ts := textStyle{size: 12, ratio: 1}
	for _, c := range []struct {
		text    string
		dx, dy  uint32
		flip    bool
		upright bool
	}{{"深南大道", 10, 1000, false, true}, {"深南大道", 10, 1000, true, true}, {"深南大道", 700, 800, true, true}, {"深南大道", 800, 700, false, false}, {"Main Road", 10, 1000, true, false}} {
		way := []uint32{1000, 1000, 1000 + c.dx, 1000 + c.dy}
		if c.flip {
			way = []uint32{way[2], way[3], way[0], way[1]}
		}
		out := f.along(nil, way, 1, view{zoom: 16, w: 4000, h: 4000}, 0, 5000, label{text: c.text, ts: ts})
		if len(out) != 1 {
			t.Fatalf("%s along %d,%d: %d names", c.text, c.dx, c.dy, len(out))
		}
		letters := out[0].letters
		for k, l := range letters {
			if (l.turn == 0) != c.upright {
				t.Errorf("%s along %d,%d: letter %d is turned by %d", c.text, c.dx, c.dy, k, l.turn)
			}
			if k > 0 && c.upright && l.my-letters[k-1].my < ts.size {
				t.Errorf("%s along %d,%d: letter %d lies %.1f pixels below the one before it", c.text, c.dx, c.dy, k, l.my-letters[k-1].my)
			}
		}
	}
}

// TestTurnedLetters draws a letter upright and turned by quarters: it must have as much ink, and turn the right way.
func TestTurnedLetters(t *testing.T) {
	f := testFonts(t)
	ts := textStyle{size: 24, c: rgba{255, 255, 255, 255}, ratio: 1}
	weight := func(m *image.RGBA) (sum, cx, cy float64) {
		for y := range m.Rect.Dy() {
			for x := range m.Rect.Dx() {
				w := float64(m.RGBAAt(x, y).R) / 255
				sum, cx, cy = sum+w, cx+w*(float64(x)+0.5), cy+w*(float64(y)+0.5)
			}
		}
		return sum, cx / sum, cy / sum
	}
	sheet := func() *image.RGBA {
		m := image.NewRGBA(image.Rect(0, 0, 120, 120))
		clearTo(m, rgba{a: 255})
		return m
	}
	upright := sheet()
	f.draw(upright, "卜", 60, 60, ts)
	want, ux, uy := weight(upright)
	for _, c := range []struct {
		turn     int16
		sin, cos float64
	}{{0, 0, 1}, {turnSteps / 4, 1, 0}, {turnSteps / 2, 0, -1}, {turnSteps * 3 / 4, -1, 0}, {turnSteps / 8, math.Sqrt2 / 2, math.Sqrt2 / 2}} {
		m := sheet()
		f.drawAlong(m, []letter{{r: '卜', turn: c.turn, x: 60, y: 60}}, 0, 0, ts)
		got, x, y := weight(m)
		dx, dy := ux-60, uy-60
		wx, wy := 60+dx*c.cos-dy*c.sin, 60+dx*c.sin+dy*c.cos
		if math.Abs(got-want) > 0.04*want || math.Hypot(x-wx, y-wy) > 0.7 {
			t.Errorf("turned by %d: ink %.1f about %.1f,%.1f; want %.1f about %.1f,%.1f", c.turn, got, x, y, want, wx, wy)
		}
	}
	halo := ts
	halo.c, halo.halo = rgba{a: 255}, rgba{255, 255, 255, 255}
	m := sheet()
	f.drawAlong(m, []letter{{r: '卜', turn: 20, x: 60, y: 60}, {r: ' ', x: 90, y: 60}}, 0, 0, halo)
	if got, _, _ := weight(m); got < 50 {
		t.Errorf("the halo has %.1f pixels", got)
	}
	f.drawAlong(m, []letter{{r: '卜', turn: 20, x: -5, y: 3}, {r: '卜', turn: 99, x: 300, y: 500}}, 0, 0, ts) // cut at the edge, and outside
}

func TestWayLine(t *testing.T) {
	var l wayLine
	l.set([]uint32{100, 100, 400, 500, 400, 600}, 0.1)
	if l.length() != 60 {
		t.Fatalf("it is %g long, want 60", l.length())
	}
	for s, want := range map[float64][2]float64{-5: {10, 10}, 0: {10, 10}, 25: {25, 30}, 50: {40, 50}, 55: {40, 55}, 60: {40, 60}, 99: {40, 60}} {
		if x, y := l.at(s); math.Hypot(x-want[0], y-want[1]) > 1e-9 {
			t.Errorf("at %g is %g,%g, want %v", s, x, y, want)
		}
	}
}
