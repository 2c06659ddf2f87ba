//go:build linux

package main_test

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// frame is the content of a window at a moment.
type frame struct{ *image.RGBA }

// grab reads the screen out of Xvfb's own file, which is in the X window dump format: big-endian header words, of which
// these count: 0 header size, 12 bytes per line, 19 number of colours (12 bytes each); pixels are B, G, R, unused.
func (s *screen) grab(part image.Rectangle) (frame, error) {
	b, err := os.ReadFile(s.pixels)
	if err != nil {
		return frame{}, err
	}
	if len(b) < 100 {
		return frame{}, fmt.Errorf("the screen's file has %d bytes", len(b))
	}
	word := func(i int) int { return int(binary.BigEndian.Uint32(b[4*i:])) }
	from, stride := word(0)+12*word(19), word(12)
	part = part.Intersect(image.Rectangle{Max: s.size})
	if len(b) < from+stride*s.size.Y {
		return frame{}, fmt.Errorf("the screen's file has %d bytes, %d are needed", len(b), from+stride*s.size.Y)
	}
	img := image.NewRGBA(image.Rectangle{Max: part.Size()})
	for y := range part.Dy() {
		row := b[from+(part.Min.Y+y)*stride+4*part.Min.X:]
		for x := range part.Dx() {
			i := img.PixOffset(x, y)
			img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = row[4*x+2], row[4*x+1], row[4*x], 255
		}
	}
	return frame{img}, nil
}

func (w *window) frame() frame {
	w.t.Helper()
	if w.ended() {
		w.t.Fatalf("the window has ended with %d", w.cmd.ProcessState.ExitCode())
	}
	f, err := w.s.grab(image.Rectangle{Min: w.at, Max: w.at.Add(w.size)})
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// settled waits until a part of the window has not changed for a while and meets cond.
func (w *window) settled(limit time.Duration, part image.Rectangle, what string, cond func(frame) bool) frame {
	w.t.Helper()
	const quiet = 350 * time.Millisecond
	last, since, end := w.frame(), time.Now(), time.Now().Add(limit)
	until(w.t, limit+time.Minute, what, func() bool {
		now := w.frame()
		if time.Now().After(end) {
			w.shot("stuck")
			w.t.Fatalf("after %s still not: %s", limit, what)
		}
		if now.differs(last, part) > 0 {
			last, since = now, time.Now()
			return false
		}
		return time.Since(since) >= quiet && cond(now)
	})
	return last
}

// shot keeps a picture of the window for people's eyes, in KUAITU_SHOTS or the root's screenshots/.
func (w *window) shot(name string) frame {
	w.t.Helper()
	f := w.frame()
	w.s.shots++
	keep(w.t, fmt.Sprintf("%s-%02d-%s.png", w.t.Name(), w.s.shots, name), f)
	return f
}

func shotDir() string {
	if dir := os.Getenv("KUAITU_SHOTS"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "screenshots")
}

func keep(t testing.TB, name string, f frame) {
	t.Helper()
	if err := os.MkdirAll(shotDir(), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(shotDir(), name))
	if err != nil {
		t.Fatal(err)
	}
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(out, f); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// sameSlack is by how much a channel of pixels that count as equal may differ: a panel that comes to rest is drawn another way, and rounded
// another way.
const sameSlack = 3

func same(a, b color.RGBA) bool {
	near := func(x, y uint8) bool { return int(x)-int(y) <= sameSlack && int(y)-int(x) <= sameSlack }
	return a == b || near(a.R, b.R) && near(a.G, b.G) && near(a.B, b.B)
}

// differs counts the pixels of a part that are not the same in both frames.
func (f frame) differs(g frame, part image.Rectangle) int {
	n := 0
	part = part.Intersect(f.Rect).Intersect(g.Rect)
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if !same(f.RGBAAt(x, y), g.RGBAAt(x, y)) {
				n++
			}
		}
	}
	return n
}

// colours counts the different colours of a part and the share of the most frequent one. A part that shows nothing has one.
func (f frame) colours(part image.Rectangle) (kinds int, most color.RGBA, share float64) {
	count := map[color.RGBA]int{}
	part = part.Intersect(f.Rect)
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			count[f.RGBAAt(x, y)]++
		}
	}
	for c, n := range count {
		if n > count[most] {
			most = c
		}
	}
	return len(count), most, float64(count[most]) / float64(max(1, part.Dx()*part.Dy()))
}

// find counts the pixels of a part with a colour and returns their middle.
func (f frame) find(c color.RGBA, part image.Rectangle) (n int, middle image.Point) {
	part = part.Intersect(f.Rect)
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if f.RGBAAt(x, y) == c {
				n++
				middle.X += x
				middle.Y += y
			}
		}
	}
	if n > 0 {
		middle = middle.Div(n)
	}
	return n, middle
}

// extent is the smallest box about the pixels of a part that have a colour.
func (f frame) extent(c color.RGBA, part image.Rectangle) image.Rectangle {
	var r image.Rectangle
	part = part.Intersect(f.Rect)
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if f.RGBAAt(x, y) == c {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return r
}

func (f frame) count(c color.RGBA, part image.Rectangle) int {
	n, _ := f.find(c, part)
	return n
}

// near counts the pixels of a part whose red, green and blue are each within reach of a colour's.
func (f frame) near(c color.RGBA, part image.Rectangle, reach int) int {
	n := 0
	part = part.Intersect(f.Rect)
	far := func(a, b uint8) bool { return int(a)-int(b) > reach || int(b)-int(a) > reach }
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if d := f.RGBAAt(x, y); !far(c.R, d.R) && !far(c.G, d.G) && !far(c.B, d.B) {
				n++
			}
		}
	}
	return n
}

// blue counts the pixels of a part that are of the light theme's accent, at least as strong as in the thin lines of a sign.
func (f frame) blue(part image.Rectangle) int {
	n := 0
	part = part.Intersect(f.Rect)
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if c := f.RGBAAt(x, y); int(c.B)-int(c.R) > 70 {
				n++
			}
		}
	}
	return n
}

// kept is the share of the pixels of a part of before, but for its most frequent colour, that are in f again where the
// move takes them. The most frequent colour is the ground, which looks the same everywhere.
func (f frame) kept(before frame, part image.Rectangle, move func(image.Point) image.Point) float64 {
	_, ground, _ := before.colours(part)
	all, same := 0, 0
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			c := before.RGBAAt(x, y)
			to := move(image.Pt(x, y))
			if c == ground || !to.In(part) {
				continue
			}
			all++
			if f.RGBAAt(to.X, to.Y) == c {
				same++
			}
		}
	}
	return float64(same) / float64(max(1, all))
}

func rgb(v uint32) color.RGBA { return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255} }

func box(x0, y0, x1, y1 int) image.Rectangle { return image.Rect(x0, y0, x1, y1) }

func about(p image.Point, reach int) image.Rectangle {
	return image.Rect(p.X-reach, p.Y-reach, p.X+reach+1, p.Y+reach+1)
}

func TestFramesAreCompared(t *testing.T) {
	a, b := frame{image.NewRGBA(box(0, 0, 40, 40))}, frame{image.NewRGBA(box(0, 0, 40, 40))}
	for i := range 10 {
		a.SetRGBA(5+i, 8, rgb(0x123456))
		b.SetRGBA(9+i, 11, rgb(0x123456))
	}
	if n := a.differs(b, a.Rect); n != 20 {
		t.Errorf("%d pixels differ, want 20", n)
	}
	if got := b.kept(a, a.Rect, func(p image.Point) image.Point { return p.Add(image.Pt(4, 3)) }); got != 1 {
		t.Errorf("moved by 4, 3: %v kept, want 1", got)
	}
	if got := b.kept(a, a.Rect, func(p image.Point) image.Point { return p }); got != 0 {
		t.Errorf("unmoved: %v kept, want 0", got)
	}
	if r := b.extent(rgb(0x123456), b.Rect); r != box(9, 11, 19, 12) {
		t.Errorf("the extent is %v", r)
	}
	if n, mid := b.find(rgb(0x123456), b.Rect); n != 10 || mid != image.Pt(13, 11) {
		t.Errorf("found %d around %v", n, mid)
	}
	if kinds, _, share := a.colours(a.Rect); kinds != 2 || share < 0.99 {
		t.Errorf("%d colours, the most frequent on %v", kinds, share)
	}
}
