package mapview

import (
	"context"
	"image"
	"image/color"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/geo"
)

// running is a pyramid whose goroutines end with the test.
func running(t testing.TB, opt PyramidOptions) *Pyramid {
	t.Helper()
	p := NewPyramid(opt)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Error("Run did not end with its context")
		}
	})
	return p
}

// quiet waits until all that is wanted is drawn.
func quiet(t testing.TB, p *Pyramid) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		p.mu.Lock()
		_, more := p.nextLocked(false)
		busy := more || len(p.inFlight) > 0
		p.mu.Unlock()
		if !busy {
			return
		}
		if time.Now().After(end) {
			t.Fatal("tiles are still being drawn")
		}
	}
}

// compose puts placed tiles at whole pixels together as a screen does.
func compose(cam Camera, placed []PlacedTile) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, cam.WidthPx, cam.HeightPx))
	for _, t := range placed {
		for y := range TilePx {
			for x := range TilePx {
				if pt := image.Pt(int(t.X)+x, int(t.Y)+y); pt.In(m.Rect) {
					m.SetRGBA(pt.X, pt.Y, t.Img.RGBAAt(x, y))
				}
			}
		}
	}
	return m
}

// TestTilesFitTogether draws a view as tiles and in one piece: labels, clusters, dashes and hatching must go on across borders.
func TestTilesFitTogether(t *testing.T) {
	st := LightStyle()
	st.Fonts = testFonts(t)
	tilesFit(t, town(t), st, orb.Point{114, 22.5}, 15, 16.5, 17, 18)
}

// tilesFit fails unless a scene drawn as tiles looks as drawn in one piece.
func tilesFit(t *testing.T, s Scene, st *Style, center orb.Point, zooms ...float64) {
	t.Helper()
	p := running(t, PyramidOptions{})
	p.SetScene(s, st)
	for _, zoom := range zooms {
		cam := Camera{Center: center, Zoom: zoom, WidthPx: 900, HeightPx: 700}
		p.Want(cam)
		quiet(t, p)
		got := compose(cam, p.Tiles(cam))
		ox, oy := cam.origin()
		want := image.NewRGBA(got.Rect)
		var pt painter
		pt.begin(t.Context(), want, view{zoom: zoom, ox: float64(int(ox + 0.5)), oy: float64(int(oy + 0.5)), w: 900, h: 700}, st)
		pt.scene(s, newLabeller(s, st))
		if bad := differ(got, want); bad > 0.0005 {
			writePNG(t, t.TempDir()+"/got.png", got)
			t.Errorf("zoom %g: %.3f %% of the pixels differ", zoom, 100*bad)
		}
	}
}

func TestChangeRedrawsOnlyWhatItTouches(t *testing.T) {
	base := city(3000)
	scene := func(s *Snapshot) Scene {
		return Scene{Layers: []Layer{{Name: "building", Kind: KindBuilding, Data: s}}}
	}
	st := LightStyle()
	p := running(t, PyramidOptions{})
	p.SetScene(scene(base), st)
	cam := Camera{Center: base.Bound().Center(), Zoom: 15, WidthPx: 2048, HeightPx: 2048}
	p.Want(cam)
	quiet(t, p)
	all := p.Drawn()

	p.SetScene(scene(base), st)
	quiet(t, p)
	if n := p.Drawn() - all; n != 0 {
		t.Errorf("an equal scene redrew %d tiles", n)
	}
	next, err := base.With(2, []Change{{ID: testID(99999), Class: uint8(UsePublic), Geometry: orb.Bound{Min: cam.Center, Max: cam.Center}.Pad(0.0005)}})
	if err != nil {
		t.Fatal(err)
	}
	before := p.Drawn()
	p.SetScene(scene(next), st)
	quiet(t, p)
	if n := p.Drawn() - before; n < 1 || n > 6 {
		t.Errorf("one new building redrew %d of %d tiles", n, all)
	}
	m := compose(cam, p.Tiles(cam))
	if got, want := m.RGBAAt(1024, 1024), (color.RGBA{0x86, 0xBB, 0xA4, 255}); got != want {
		t.Errorf("the new building is %v, want %v", got, want)
	}
	before = p.Drawn()
	p.Invalidate("no such layer", cam.Bound())
	quiet(t, p)
	if n := p.Drawn() - before; n != 0 {
		t.Errorf("an unknown layer redrew %d tiles", n)
	}
	p.Invalidate("building", cam.Bound())
	quiet(t, p)
	if n := p.Drawn() - before; n < 16 {
		t.Errorf("invalidating the view redrew %d tiles", n)
	}
	before = p.Drawn()
	p.SetScene(scene(next), DarkStyle())
	quiet(t, p)
	if n := p.Drawn() - before; n < 16 {
		t.Errorf("another style redrew %d tiles", n)
	}
}

// slow is a tile source that answers when it is let.
type slow struct {
	gate  chan struct{}
	asked atomic.Int64
}

func (s *slow) Tile(ctx context.Context, z, x, y int) (image.Image, error) {
	s.asked.Add(1)
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.gate:
		return nil, ErrNoTile
	}
}
func (s *slow) Zooms() (minZoom, maxZoom int) { return 0, 18 }
func (s *slow) Datum() geo.Datum              { return geo.WGS84 }
func (s *slow) Attribution() string           { return "" }

func TestLeavingTheViewCancels(t *testing.T) {
	src := &slow{gate: make(chan struct{})}
	p := running(t, PyramidOptions{Workers: 1})
	p.SetScene(Scene{Base: []TileSource{src}}, LightStyle())
	cam := Camera{Center: orb.Point{114, 22.5}, Zoom: 15, WidthPx: 512, HeightPx: 512}
	p.Want(cam)
	for src.asked.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	p.Want(Camera{})
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		p.mu.Lock()
		n := len(p.inFlight)
		p.mu.Unlock()
		if n == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("a tile that left the view is still being drawn")
		}
	}
	if p.Drawn() != 0 {
		t.Error("a cancelled tile was kept")
	}
	close(src.gate)
	p.Want(cam)
	quiet(t, p)
	if p.Pending() != 0 {
		t.Error("coming back did not draw the view")
	}
}

// TestNeverBlank zooms and moves: whatever is wanted, all of the view is covered by something.
func TestNeverBlank(t *testing.T) {
	src := &slow{gate: make(chan struct{})}
	p := running(t, PyramidOptions{})
	p.SetScene(Scene{}, LightStyle())
	cam := Camera{Center: orb.Point{114, 22.5}, Zoom: 14, WidthPx: 1000, HeightPx: 700}
	p.Want(cam)
	quiet(t, p)
	p.mu.Lock()
	p.scene = Scene{Base: []TileSource{src}} // nothing new will be ready
	p.mu.Unlock()
	for _, zoom := range []float64{14, 14.4, 15, 13.5, 16} {
		to := cam.ZoomAt(300, 200, zoom)
		p.Want(to)
		placed := p.Tiles(to)
		for y := 5; y < to.HeightPx; y += 50 {
			for x := 5; x < to.WidthPx; x += 50 {
				hit := false
				for _, t := range placed {
					hit = hit || float64(x) >= t.X && float64(x) < t.X+t.W && float64(y) >= t.Y && float64(y) < t.Y+t.H
				}
				if !hit {
					t.Fatalf("zoom %g: nothing is shown at %d,%d", zoom, x, y)
				}
			}
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	const tiles = 60 // more than twice what the view wants
	p := running(t, PyramidOptions{CacheBytes: tiles * 4 * TilePx * TilePx})
	p.SetScene(Scene{}, LightStyle())
	cam := Camera{Center: orb.Point{114, 22.5}, Zoom: 14, WidthPx: 900, HeightPx: 600}
	for range 12 {
		p.Want(cam)
		quiet(t, p)
		p.Tiles(cam)
		cam = cam.Pan(-1500, 300)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.cache) > tiles || p.bytes != len(p.cache)*4*TilePx*TilePx {
		t.Errorf("%d tiles of %d bytes are kept, want at most %d", len(p.cache), p.bytes, tiles)
	}
}

func TestReadyIsCalledOnceATick(t *testing.T) {
	var calls atomic.Int64
	p := running(t, PyramidOptions{Tick: time.Hour, Ready: func() { calls.Add(1) }})
	p.SetScene(Scene{}, LightStyle())
	p.Want(Camera{Center: orb.Point{114, 22.5}, Zoom: 14, WidthPx: 1000, HeightPx: 700})
	quiet(t, p)
	for calls.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if n := calls.Load(); n != 1 {
		t.Errorf("Ready was called %d times within one tick for %d tiles", n, p.Drawn())
	}
}

// chess is a tile source whose tiles are red or blue, in GCJ-02 or not.
type chess struct{ datum geo.Datum }

func (c *chess) Tile(_ context.Context, z, x, y int) (image.Image, error) {
	if z > 14 || z < 10 {
		return nil, ErrNoTile
	}
	m := image.NewRGBA(image.Rect(0, 0, 256, 256))
	px := color.RGBA{200, 0, 0, 255}
	if (x+y)%2 == 1 {
		px = color.RGBA{0, 0, 200, 255}
	}
	for i := range 256 * 256 {
		m.SetRGBA(i%256, i/256, px)
	}
	return m, nil
}
func (c *chess) Zooms() (minZoom, maxZoom int) { return 10, 16 }
func (c *chess) Datum() geo.Datum              { return c.datum }
func (c *chess) Attribution() string           { return "chess" }

// TestBaseTilesAreShiftedAndOverzoomed looks at the colour of single places.
func TestBaseTilesAreShiftedAndOverzoomed(t *testing.T) {
	for _, d := range []geo.Datum{geo.WGS84, geo.GCJ02, geo.BD09} {
		for _, zoom := range []float64{12, 13.5, 14, 17} {
			cam := Camera{Center: orb.Point{114.05, 22.54}, Zoom: zoom, WidthPx: 300, HeightPx: 300}
			m := frame(t, cam, LightStyle(), Scene{Base: []TileSource{&chess{d}}})
			z := min(14, int(zoom+0.5))
			checked := 0
			for y := 7.5; y < 300; y += 41 {
				for x := 7.5; x < 300; x += 41 {
					wx, wy := project(geo.Convert(cam.ToLonLat(x, y), geo.CGCS2000, d))
					n := float64(int(1) << z)
					tx, ty := wx*n, wy*n
					if fx, fy := tx-float64(int(tx)), ty-float64(int(ty)); fx < 0.02 || fx > 0.98 || fy < 0.02 || fy > 0.98 {
						continue // at the border of a tile
					}
					want := color.RGBA{200, 0, 0, 255}
					if (int(tx)+int(ty))%2 == 1 {
						want = color.RGBA{0, 0, 200, 255}
					}
					checked++
					if got := m.RGBAAt(int(x), int(y)); got != want {
						t.Fatalf("%v zoom %g at %g,%g: %v, want %v", d, zoom, x, y, got, want)
					}
				}
			}
			if checked < 20 {
				t.Errorf("only %d places looked at", checked)
			}
		}
	}
}

func TestStats(t *testing.T) {
	p := running(t, PyramidOptions{})
	if s := p.Stats(); s != (PyramidStats{}) {
		t.Errorf("a new pyramid has figures %+v", s)
	}
	p.SetScene(Scene{Layers: []Layer{{Name: "building", Kind: KindBuilding, Data: city(500)}}}, LightStyle())
	cam := Camera{Center: orb.Point{114.3, 30.5}, Zoom: 15, WidthPx: 1000, HeightPx: 700}
	p.Want(cam)
	quiet(t, p)
	s := p.Stats()
	want, _ := plan(cam)
	if s.Pending != 0 || s.Queue != 0 || s.InFlight != 0 || s.Drawn != len(want) || s.CacheTiles != len(want) || s.CacheBytes != len(want)*TilePx*TilePx*4 || s.LastTile <= 0 || s.MeanTile <= 0 {
		t.Errorf("after %d tiles the figures are %+v", len(want), s)
	}
	// Nobody draws for a pyramid that does not run.
	still := NewPyramid(PyramidOptions{})
	still.Want(cam)
	if s := still.Stats(); s.Queue != len(want) || s.Pending == 0 || s.Pending > s.Queue || s.Drawn != 0 {
		t.Errorf("with %d tiles wanted the figures are %+v", len(want), s)
	}
}

// While the view moves only the usual goroutines draw; once it rests another one helps with what is visible, and only with that.
func TestExtraHelpsAtRest(t *testing.T) {
	p := NewPyramid(PyramidOptions{})
	p.Want(Camera{Center: orb.Point{114, 22.5}, Zoom: 14, WidthPx: 1000, HeightPx: 700})
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.nextLocked(true); ok {
		t.Error("the extra goroutine draws while the view moves")
	}
	p.moved = time.Now().Add(-2 * restTime)
	for i := range p.want {
		key, ok := p.nextLocked(true)
		if ok != (i < p.visible) {
			t.Fatalf("tile %d of %d visible ones: the extra goroutine gets one: %v", i, p.visible, ok)
		}
		if ok {
			p.inFlight[key] = &drawing{}
		}
	}
	if _, ok := p.nextLocked(false); !ok {
		t.Error("nothing is left for the usual goroutines")
	}
}
