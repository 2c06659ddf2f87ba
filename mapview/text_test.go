package mapview

import (
	"errors"
	"image"
	"testing"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
)

func ink(m *image.RGBA) (n int, box image.Rectangle) {
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			if m.RGBAAt(x, y).R > 128 {
				n++
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return n, box
}

func black() *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, 200, 40))
	clearTo(m, rgba{a: 255})
	return m
}

func TestTextIsDrawnWhereItIsPut(t *testing.T) {
	f := testFonts(t)
	white := textStyle{size: 20, c: rgba{255, 255, 255, 255}, ratio: 1}
	m := black()
	f.draw(m, "沙头街道", 10, 30, white)
	n, box := ink(m)
	w := f.width("沙头街道", white)
	if w < 79 || w > 81 || n < 300 || box.Min.X < 9 || box.Max.X > 92 || box.Min.Y < 11 || box.Max.Y > 35 {
		t.Errorf("%d pixels in %v, width %.1f", n, box, w)
	}
	bold := white
	bold.bold = true
	m = black()
	f.draw(m, "沙头街道", 10, 30, bold)
	if b, _ := ink(m); b <= n {
		t.Errorf("bold has %d pixels, regular %d", b, n)
	}
	halo := white
	halo.c, halo.halo = rgba{0, 0, 0, 255}, rgba{255, 255, 255, 255}
	m = black()
	f.draw(m, "沙头街道", 10, 30, halo)
	if _, wide := ink(m); wide.Dx() <= box.Dx() || wide.Dy() <= box.Dy() {
		t.Errorf("the halo is %v about %v", wide, box)
	}
	f.draw(m, "沙头街道", -30, 5, white) // cut at the edge
	f.draw(m, "沙头街道", 190, 60, white)
}

func TestCutText(t *testing.T) {
	f := testFonts(t)
	ts := textStyle{size: 10, ratio: 1}
	if got, w := f.cut("滨河雅苑", ts, 40.5); got != "滨河雅苑" || w < 39.5 {
		t.Errorf("cut what fits: %q, %g", got, w)
	}
	if got, w := f.cut("滨河雅苑三栋", ts, 45); got != "滨河雅…" || w > 45 {
		t.Errorf("got %q of %g pixels", got, w)
	}
}

func TestFurtherFacesFillGaps(t *testing.T) {
	shipped := testFonts(t)
	f, err := NewFonts(goregular.TTF, gobold.TTF)
	if err != nil {
		t.Fatal(err)
	}
	more := &Fonts{faces: f.faces, more: shipped.faces[:1], sized: f.sized, glyphs: f.glyphs}
	ts := textStyle{size: 20, c: rgba{255, 255, 255, 255}, ratio: 1}
	m, want := black(), black()
	more.draw(m, "街", 10, 30, ts)
	shipped.draw(want, "街", 10, 30, ts)
	if differ(m, want) != 0 {
		t.Error("a character only the further face has is not drawn with it")
	}
}

func TestNewFontsRefuses(t *testing.T) {
	for name, data := range map[string][]byte{"nothing": nil, "text": []byte("no font"), "cut": goregular.TTF[:500]} {
		if _, err := NewFonts(data, goregular.TTF); !errors.Is(err, ErrFont) {
			t.Errorf("%s: %v, want ErrFont", name, err)
		}
	}
}

// TestMissingRunes sets what the faces lack: accents go, other characters are boxes, joiners are nothing.
func TestMissingRunes(t *testing.T) {
	f := testFonts(t)
	ts := textStyle{size: 20, ratio: 1}
	for _, c := range []struct {
		text, as string
	}{{"Sa\u0303o", "Sao"}, {"Ṡ", "S"}, {"\U0001F600", "□"}, {"若\u200d馬\ufe0e路", "若馬路"}} {
		if got, want := f.width(c.text, ts), f.width(c.as, ts); got != want {
			t.Errorf("%q is %g wide, want %g of %q", c.text, got, want, c.as)
		}
	}
	if f.form('\U0001F600', true).as != missingRune || f.form('路', false).as != '路' {
		t.Error("the wrong runes are drawn")
	}
}
