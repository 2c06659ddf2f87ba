package mapwidget

import (
	"image"
	"math"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"kuaitu/mapview"
)

// stub is a picture that counts what is done to it.
type stub struct {
	rect       *canvas.Rectangle
	sets       int
	x, y, side float64
	shown      bool
}

func (s *stub) object() fyne.CanvasObject { return s.rect }
func (s *stub) set(*image.RGBA)           { s.sets++ }
func (s *stub) hide()                     { s.shown = false }
func (s *stub) place(x, y, side float64, _, _ int, _ float32) {
	s.x, s.y, s.side, s.shown = x, y, side, true
}

func stubPool(w, h int) *pool {
	p := newPool(func(int) picture { return &stub{rect: canvas.NewRectangle(nil)} })
	p.size(w, h)
	return p
}

func (p *pool) uploads() (n int) {
	for _, s := range p.slots {
		n += s.pic.(*stub).sets
	}
	return n
}

// grid is tiles of one zoom side by side, 512 pixels large at scale 1.
func grid(n int, side float64) []mapview.PlacedTile {
	var out []mapview.PlacedTile
	for i := range n {
		out = append(out, mapview.PlacedTile{Img: image.NewRGBA(image.Rect(0, 0, 1, 1)), X: float64(i) * side, Y: 0, W: side, H: side})
	}
	return out
}

func moved(tiles []mapview.PlacedTile, dx, scale float64) []mapview.PlacedTile {
	out := make([]mapview.PlacedTile, len(tiles))
	for i, t := range tiles {
		out[i] = mapview.PlacedTile{Img: t.Img, X: t.X*scale + dx, Y: t.Y * scale, W: t.W * scale, H: t.H * scale}
	}
	return out
}

func TestPoolUploadsEachTileOnce(t *testing.T) {
	cam := mapview.Camera{Center: middle, Zoom: 15, WidthPx: 1920, HeightPx: 1080}
	p := stubPool(1920, 1080)
	tiles := grid(15, 512)
	if got := p.show(tiles, cam, 1, 100); got.uploads != 15 || got.later != 0 || got.showing != 15 {
		t.Fatalf("first: %+v", got)
	}
	slots := len(p.slots)
	for i := range 50 {
		got := p.show(moved(tiles, float64(-i*16), 1+float64(i)/50), cam, 1, 100)
		if got.uploads != 0 || got.reorder {
			t.Fatalf("step %d: %+v", i, got)
		}
	}
	p.show(tiles[:5], cam, 1, 100)
	if got := p.show(tiles, cam, 1, 100); got.uploads != 0 || got.showing != 15 {
		t.Errorf("tiles that were out of sight for a frame: %+v", got)
	}
	if p.uploads() != 15 || len(p.slots) != slots {
		t.Errorf("%d uploads, %d slots, before %d", p.uploads(), len(p.slots), slots)
	}
}

func TestPoolKeepsTheOldUntilTheNewIsThere(t *testing.T) {
	cam := mapview.Camera{Center: middle, Zoom: 15, WidthPx: 1920, HeightPx: 1080}
	p := stubPool(1920, 1080)
	old, fresh := grid(12, 512), grid(12, 512)
	p.show(old, cam, 1, 100)
	nearer := cam
	nearer.Zoom = 16
	x, y := nearer.ToScreen(cam.ToLonLat(512, 0))
	for i, want := range []struct{ uploads, later, showing int }{{5, 7, 17}, {5, 2, 22}, {2, 0, 12}} {
		got := p.show(fresh, nearer, 1, 5)
		if got.uploads != want.uploads || got.later != want.later || got.showing != want.showing {
			t.Fatalf("frame %d: %+v, want %+v", i, got, want)
		}
		if got.later > 0 {
			s := p.at[old[1].Img]
			if at := s.pic.(*stub); math.Abs(at.x-x) > 0.01 || math.Abs(at.y-y) > 0.01 || math.Abs(at.side-1024) > 0.01 {
				t.Errorf("an old tile lies at %v,%v, %v large; want %v,%v, 1024", at.x, at.y, at.side, x, y)
			}
		}
		last := 0
		for _, s := range p.slots {
			if s.shown {
				if s.rank < last {
					t.Fatal("an old tile lies over a new one")
				}
				last = s.rank
			}
		}
	}
}

func TestPoolDrawsStandInsBelow(t *testing.T) {
	cam := mapview.Camera{Center: middle, Zoom: 15, WidthPx: 1920, HeightPx: 1080}
	p := stubPool(1920, 1080)
	exact, coarse, fine := grid(4, 512), grid(2, 2048), grid(8, 256)
	p.show(exact, cam, 1, 100) // the lowest slots
	all := append(append(append([]mapview.PlacedTile{}, coarse...), fine...), exact...)
	if got := p.show(all, cam, 1, 100); !got.reorder || got.standIns != 10 || got.showing != 14 {
		t.Fatalf("%+v", got)
	}
	var sides []float64
	for _, s := range p.slots {
		if s.shown {
			sides = append(sides, s.pic.(*stub).side)
		}
	}
	want := append(slices.Repeat([]float64{2048}, 2), append(slices.Repeat([]float64{256}, 8), slices.Repeat([]float64{512}, 4)...)...)
	if !slices.Equal(sides, want) {
		t.Fatalf("drawn in the order %v, want %v", sides, want)
	}
	if got := p.show(all, cam, 1, 100); got.reorder {
		t.Error("the order changes again and again")
	}
}

func TestPoolIsBounded(t *testing.T) {
	cam := mapview.Camera{Center: middle, Zoom: 15, WidthPx: 800, HeightPx: 600}
	p := stubPool(800, 600)
	limit := 2 * slotsFor(800, 600)
	for range 5 {
		p.show(grid(limit, 16), cam, 1, 1000)
	}
	if got := p.show(grid(3*limit, 16), cam, 1, 10000); len(p.slots) > limit || got.later == 0 {
		t.Errorf("%d slots, want at most %d; %+v", len(p.slots), limit, got)
	}
	if got := p.show(grid(4, 512), cam, 1, 100); got.showing != 4 || got.later != 0 {
		t.Errorf("after that: %+v", got)
	}
}

// TestShaderPictureCoversItsTile checks the box and the part of the tile it shows, at sizes and places of every kind.
func TestShaderPictureCoversItsTile(t *testing.T) {
	p := newShaderPicture(0).(*shaderPicture)
	const w, h, scale = 1000, 800, 1.25
	for _, c := range []struct{ x, y, side float64 }{{0, 0, 512}, {-511.4, 3.7, 512}, {120.25, -200.5, 733.1}, {-90000.3, -120000.7, 262144}, {999.5, 799.2, 300}} {
		p.place(c.x, c.y, c.side, w, h, scale)
		if p.shader.Hidden {
			t.Errorf("%+v is hidden", c)
			continue
		}
		pos, size, u := p.shader.Position(), p.shader.Size(), p.shader.Uniforms
		for name, v := range map[string][4]float64{ // left or upper edge in pixels, extent, texture there, texture extent
			"x": {float64(pos.X) * scale, float64(size.Width) * scale, float64(u["u0"]), float64(u["du"])},
			"y": {float64(pos.Y) * scale, float64(size.Height) * scale, float64(u["v0"]), float64(u["dv"])},
		} {
			from, limit := c.x, float64(w)
			if name == "y" {
				from, limit = c.y, h
			}
			if math.Abs(v[0]-math.Round(v[0])) > 0.01 || math.Abs(v[1]-math.Round(v[1])) > 0.01 {
				t.Errorf("%+v: the box is not on whole pixels in %s: %v", c, name, v)
			}
			if first, last := math.Max(0, from), math.Min(limit, from+c.side); v[0] > first+0.01 || v[0]+v[1] < last-0.01 {
				t.Errorf("%+v: the box covers %v to %v in %s, the tile is seen from %v to %v", c, v[0], v[0]+v[1], name, first, last)
			}
			// A pixel in the middle of the box shows the part of the tile that lies there.
			at := v[0] + v[1]/2
			if got, want := v[2]+v[3]/2, (at-from)/c.side; math.Abs(got-want)*c.side > 0.05 {
				t.Errorf("%+v: in %s the tile is %.3f px off", c, name, (got-want)*c.side)
			}
		}
	}
	p.place(1001, 0, 512, w, h, scale)
	if !p.shader.Hidden {
		t.Error("a tile beside the view is drawn")
	}
}

func TestImagesWhereThereAreNoShaders(t *testing.T) {
	m, w := open(t)
	if m.view.probe == nil {
		t.Fatal("nothing was asked")
	}
	w.Canvas().Capture() // the test driver's painter draws no shaders
	for m.view.probe != nil {
		(<-posts[m])()
	}
	if m.view.shaders {
		t.Error("shaders where nothing draws them")
	}
	m.view.use(true)
	settle(t, m)
	if _, ok := m.view.pool.slots[0].pic.(*shaderPicture); !ok || len(m.view.content.Objects) == 0 {
		t.Error("no shaders though they are wanted")
	}
	drawn := map[*slot]bool{} // every picture is drawn once before a tile needs it
	for end := time.Now().Add(10 * time.Second); len(drawn) < len(m.view.pool.slots); {
		select {
		case f := <-posts[m]:
			f()
		case <-time.After(time.Until(end)):
			t.Fatalf("%d of %d pictures were warmed", len(drawn), len(m.view.pool.slots))
		}
		for _, s := range m.view.pool.slots {
			if s.pic.object().Visible() {
				drawn[s] = true
			}
		}
	}
	for n := 1; n > 0; {
		select {
		case f := <-posts[m]:
			f()
		case <-time.After(2 * warmPause):
			n = 0
			for _, s := range m.view.pool.slots {
				if s.img == nil && s.pic.object().Visible() {
					t.Fatal("a picture without a tile stays")
				}
			}
		}
	}
	m.SetImages(true)
	settle(t, m)
	if m.view.shaders || pixel(w.Canvas().Capture(), 300, 200) == m.design.Ground() {
		t.Error("images do not show the map")
	}
}

func TestHUD(t *testing.T) {
	m, w := open(t)
	if f := m.Frames(); f.Frames != 0 || m.HUD() {
		t.Error("frame figures are on by themselves")
	}
	objects := len(m.view.content.Objects)
	m.SetHUD(true)
	before := pixel(w.Canvas().Capture(), 200, 100)
	for range 5 {
		m.view.hud.frame()
		key(m, fyne.KeyLeft)
	}
	m.view.hud.frame()
	f := m.Frames()
	if f.Frames != 4 || f.IntervalMS.P99 < f.IntervalMS.P50 || f.PlaceMS.P50 <= 0 || f.HeapBytes == 0 || f.Showing == 0 {
		t.Errorf("%+v", f)
	}
	if before == m.design.Ground() {
		t.Error("nothing is shown")
	}
	m.SetHUD(false)
	if n := len(m.view.content.Objects); n != objects || m.HUD() {
		t.Errorf("%d objects after it was switched off, before %d", n, objects)
	}
}

func TestPercentiles(t *testing.T) {
	var r ring
	for i := range 3 * hudFrames {
		r.add(float64(i % 100))
	}
	if got := percentiles(r.v); got != (Percentiles{49, 94, 98}) || len(r.v) != hudFrames {
		t.Errorf("%v of %d", got, len(r.v))
	}
}
