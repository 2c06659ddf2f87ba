package tilenet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview"
	"kuaitu/store/tileset"
)

// futian is a made-up area with a hole and an island, near 114° E 22.5° N.
var futian = orb.MultiPolygon{
	{{{113.99, 22.51}, {114.06, 22.52}, {114.08, 22.56}, {114.02, 22.58}, {113.99, 22.51}}, {{114.02, 22.53}, {114.02, 22.545}, {114.04, 22.545}, {114.04, 22.53}, {114.02, 22.53}}},
	{{{114.2, 22.6}, {114.201, 22.6}, {114.2005, 22.601}, {114.2, 22.6}}},
}

// nowhere is a source that has every tile and costs nothing.
type nowhere struct{ info tileset.Info }

func (n nowhere) Info() tileset.Info { return n.info }
func (n nowhere) Encoded(context.Context, int, int, int) ([]byte, error) {
	return make([]byte, 1000), nil
}

func dataFile(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("KUAITU_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
			t.Fatalf("real data is required: %v", err)
		}
		t.Skipf("no real data: %v", err)
	}
	return path
}

func mustPlan(t testing.TB, area orb.Geometry, lo, hi int, src Encoded) *Plan {
	t.Helper()
	p, err := NewPlan(area, lo, hi, src)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPlanAgreesWithBruteForce throws points at the area: the tile of each must be in the plan, and no tile far from it.
func TestPlanAgreesWithBruteForce(t *testing.T) {
	src := nowhere{tileset.Info{Format: "png", MaxZoom: 18, Datum: geo.WGS84}}
	p := mustPlan(t, futian, 9, 16, src)
	planned := map[Tile]bool{}
	last := 0
	for tile := range p.All() {
		if planned[tile] || tile.Z < last {
			t.Fatalf("%v twice, or after level %d", tile, last)
		}
		planned[tile], last = true, tile.Z
		b := tileset.TileBound(tile.Z, tile.X, tile.Y)
		if hit := false; tile.Z >= 12 {
			for i := range 41 { // some point of a fine raster of the tile, or a corner of the area, must lie in both
				for j := range 41 {
					q := orb.Point{b.Min[0] + (b.Max[0]-b.Min[0])*float64(i)/40, b.Min[1] + (b.Max[1]-b.Min[1])*float64(j)/40}
					hit = hit || geo.Contains(futian, q)
				}
			}
			for _, poly := range futian {
				for _, ring := range poly {
					for k := range ring[1:] { // its sides, point by point
						for i := range 201 {
							f := float64(i) / 200
							hit = hit || b.Pad(1e-4).Contains(orb.Point{ring[k][0] + (ring[k+1][0]-ring[k][0])*f, ring[k][1] + (ring[k+1][1]-ring[k][1])*f})
						}
					}
				}
			}
			if !hit {
				t.Fatalf("%v does not touch the area", tile)
			}
		}
	}
	if int64(len(planned)) != p.Tiles() {
		t.Errorf("%d tiles, counted %d", len(planned), p.Tiles())
	}
	const seed = 7
	r := rand.New(rand.NewPCG(seed, seed))
	in := 0
	for range 20_000 {
		q := orb.Point{113.98 + 0.23*r.Float64(), 22.5 + 0.11*r.Float64()}
		if !geo.Contains(futian, q) {
			continue
		}
		in++
		for z := 9; z <= 16; z++ {
			x, y := mercatorTileOf(q, z)
			if !planned[Tile{z, x, y}] {
				t.Fatalf("seed %d: %d/%d/%d of %v is not planned", seed, z, x, y, q)
			}
		}
	}
	if in < 1000 {
		t.Fatalf("only %d points inside", in)
	}
	// The hole is not taken: at level 16 a tile is about 0.005° wide.
	x, y := mercatorTileOf(orb.Point{114.03, 22.5375}, 16)
	if planned[Tile{16, x, y}] {
		t.Error("a tile within the hole")
	}
}

func mercatorTileOf(q orb.Point, z int) (x, y int) {
	for x = 0; tileset.TileBound(z, x, 0).Max[0] <= q[0]; {
		x += max(1, int((q[0]-tileset.TileBound(z, x, 0).Max[0])/360*float64(int(1)<<z)))
	}
	lo, hi := 0, 1<<z-1
	for lo < hi {
		mid := (lo + hi) / 2
		if tileset.TileBound(z, 0, mid).Min[1] <= q[1] {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return x, lo
}

func TestPlanOfAShiftedSource(t *testing.T) {
	plain := mustPlan(t, futian, 16, 16, nowhere{tileset.Info{MaxZoom: 18, Datum: geo.CGCS2000}})
	shifted := mustPlan(t, futian, 16, 16, nowhere{tileset.Info{MaxZoom: 18, Datum: geo.GCJ02}})
	if d := shifted.Bound.Min[0] - plain.Bound.Min[0]; d < 0.003 || d > 0.007 {
		t.Errorf("shifted by %v° to the east", d)
	}
}

func TestPlanRefuses(t *testing.T) {
	src := nowhere{tileset.Info{MinZoom: 3, MaxZoom: 24}}
	for name, c := range map[string]struct {
		area   orb.Geometry
		lo, hi int
	}{
		"levels it has not": {futian, 0, 2},
		"a line":            {orb.LineString{{1, 2}, {3, 4}}, 3, 4},
		"nothing":           {orb.MultiPolygon{}, 3, 4},
		"another world":     {orb.Polygon{{{500, 0}, {501, 0}, {501, 1}, {500, 0}}}, 3, 4},
		"too much":          {orb.Bound{Min: orb.Point{-180, -85}, Max: orb.Point{180, 85}}, 3, 24},
	} {
		if _, err := NewPlan(c.area, c.lo, c.hi, src); !errors.Is(err, ErrArea) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// fast are options that do not slow tests down.
var fast = DownloadOptions{PerSecond: 1e6, Patience: 500 * time.Millisecond}

func TestTakeOffline(t *testing.T) {
	srv := newTileServer(t)
	var n atomic.Int64
	srv.answer(func(w http.ResponseWriter, r *http.Request) bool {
		switch i := n.Add(1); {
		case tilePath.MatchString(r.URL.Path) && r.URL.Path[len(r.URL.Path)-5:] == "3.png":
			w.WriteHeader(404) // a tenth of the tiles does not exist
			return true
		case i%7 == 0:
			w.WriteHeader(500) // flapping
			return true
		}
		return false
	})
	c := xyzConfig(srv)
	c.Attribution, c.Approval, c.Name.ZH = "© x", "GS(2024)0001号", "底图"
	s := mustOpen(t, c, Options{Cache: newCache(t)})
	p := mustPlan(t, futian, 10, 15, s)
	est, err := p.Sample(t.Context())
	if err != nil || est.Tiles != p.Tiles() || est.Sampled < 10 || est.Bytes < est.Tiles*20 || est.Bytes > est.Tiles*2000 {
		t.Errorf("estimate %+v, %v", est, err)
	}
	path := filepath.Join(t.TempDir(), "福田.mbtiles")

	// It is stopped in the middle, and goes on.
	ctx, cancel := context.WithCancel(t.Context())
	stopping := fast
	stopping.Progress = func(p Progress) {
		if p.Done == p.Tiles/2 {
			cancel()
		}
	}
	first, err := Download(ctx, p, path, stopping)
	if !errors.Is(err, context.Canceled) || first.Done < p.Tiles()/2 || first.Done == p.Tiles() {
		t.Fatalf("stopped: %+v, %v", first, err)
	}
	if r, err := Check(t.Context(), path, futian, 10, 15); err != nil || r.OK() || r.Missing == 0 || len(r.First) == 0 {
		t.Errorf("half an area: %+v, %v", r, err)
	}
	asked := srv.count()
	second, err := Download(t.Context(), p, path, fast)
	if err != nil || second.Kept+second.Fetched+second.Absent != p.Tiles() || second.Kept < first.Fetched+first.Absent-64 || second.Failed != 0 || second.Done != p.Tiles() {
		t.Fatalf("goes on: %+v, %v", second, err)
	}
	if again := srv.count() - asked; int64(again) > 2*(second.Fetched+second.Absent) {
		t.Errorf("%d requests for %d tiles", again, second.Fetched+second.Absent)
	}
	// With the network off it is all there, and it draws.
	srv.Close()
	r, err := Check(t.Context(), path, futian, 10, 15)
	if err != nil || !r.OK() || r.Tiles != p.Tiles() || r.Absent == 0 || r.Present+r.Absent != r.Tiles {
		t.Errorf("check: %+v, %v", r, err)
	}
	opened, closer, err := tileset.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	file := opened.(*tileset.Raster)
	if info := file.Info(); info.Name != "底图" || info.Attribution != "© x" || info.Approval != "GS(2024)0001号" || info.MinZoom != 10 || info.MaxZoom != 15 {
		t.Errorf("info %+v", info)
	}
	dst := image.NewRGBA(image.Rect(0, 0, 300, 200))
	cam := mapview.Camera{Center: orb.Point{114.05, 22.555}, Zoom: 15, WidthPx: 300, HeightPx: 200}
	if err := mapview.Render(t.Context(), dst, cam, mapview.LightStyle(), mapview.Scene{Base: []mapview.TileSource{file}}); err != nil {
		t.Fatal(err)
	}
	for y := 5; y < 200; y += 10 {
		for x := 5; x < 300; x += 10 {
			if c := dst.RGBAAt(x, y); c.R%10 != 5 || c.R > tileColour(15, 0, 0).R || c.R < tileColour(10, 0, 0).R {
				t.Fatalf("pixel %d,%d is %v: no tile", x, y, c)
			}
		}
	}
	// A source that cannot be reached shows what was taken offline.
	gone := mustOpen(t, c, Options{Areas: []Encoded{file}})
	var at Tile
	for tile := range p.All() {
		if absent, err := file.Absent(t.Context(), tile.Z, tile.X, tile.Y); err == nil && !absent {
			at = tile
		}
	}
	see(t, gone, at.Z, at.X, at.Y, tileColour(at.Z, at.X, at.Y))
}

func TestDownloadStopsAtTheQuota(t *testing.T) {
	srv := newTileServer(t)
	s := mustOpen(t, xyzConfig(srv), Options{})
	p := mustPlan(t, futian, 10, 16, s)
	path := filepath.Join(t.TempDir(), "q.mbtiles")
	opt := fast
	opt.MaxBytes = 4000
	got, err := Download(t.Context(), p, path, opt)
	if !errors.Is(err, ErrQuota) || got.Bytes < opt.MaxBytes || got.Bytes > opt.MaxBytes+8*1000 {
		t.Errorf("%+v, %v", got, err)
	}
	opt.MaxBytes = 0
	if _, err := Download(t.Context(), p, path, opt); err != nil {
		t.Error(err)
	}
	other := xyzConfig(srv)
	other.URL += "?style=night"
	if _, err := Download(t.Context(), mustPlan(t, futian, 10, 11, mustOpen(t, other, Options{})), path, opt); !errors.Is(err, tileset.ErrOtherFile) {
		t.Errorf("tiles of another source into the same file: %v", err)
	}
}

func TestDownloadTellsWhatFailed(t *testing.T) {
	srv := newTileServer(t)
	srv.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if m := tilePath.FindStringSubmatch(r.URL.Path); m != nil && m[1] == "13" && m[2] == "6690" {
			w.WriteHeader(403)
			return true
		}
		return false
	})
	s := mustOpen(t, xyzConfig(srv), Options{})
	p := mustPlan(t, futian, 12, 13, s)
	path := filepath.Join(t.TempDir(), "f.mbtiles")
	got, err := Download(t.Context(), p, path, fast)
	if err == nil || got.Failed == 0 || got.Done != p.Tiles() || got.Fetched+got.Failed != p.Tiles() {
		t.Fatalf("%+v, %v", got, err)
	}
	r, err := Check(t.Context(), path, futian, 12, 13)
	if err != nil || r.Missing != got.Failed || int64(len(r.First)) != r.Missing || r.First[0].X != 6690 {
		t.Errorf("check: %+v, %v", r, err)
	}
	srv.answer(nil)
	if got, err := Download(t.Context(), p, path, fast); err != nil || got.Fetched != r.Missing {
		t.Errorf("another day: %+v, %v", got, err)
	}
}

func TestDownloadWaitsForTheServer(t *testing.T) {
	srv := newTileServer(t)
	s := mustOpen(t, xyzConfig(srv), Options{})
	p := mustPlan(t, futian, 10, 14, s)
	path := filepath.Join(t.TempDir(), "w.mbtiles")
	var n atomic.Int64
	srv.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if i := n.Add(1); i > 20 && i < 40 {
			w.WriteHeader(503)
			return true
		}
		return false
	})
	waited := false
	opt := fast
	opt.Patience = 20 * time.Second
	opt.Progress = func(p Progress) { waited = waited || p.Waiting }
	if got, err := Download(t.Context(), p, path, opt); err != nil || got.Fetched != p.Tiles() || !waited {
		t.Errorf("%+v, waited %v, %v", got, waited, err)
	}
	srv.answer(status(503))
	opt.Patience = 20 * time.Millisecond
	if _, err := Download(t.Context(), mustPlan(t, futian, 15, 15, s), path, opt); !errors.Is(err, ErrOffline) {
		t.Errorf("a server that stays away: %v", err)
	}
}

// TestKilledDownloadGoesOn has another process take an area offline, kills it, and goes on.
func TestKilledDownloadGoesOn(t *testing.T) {
	c := Config{ID: "kill", Kind: XYZ, URL: os.Getenv("KUAITU_TEST_TILES")}
	if c.URL != "" {
		s := mustOpen(t, c, Options{})
		_, err := Download(t.Context(), mustPlan(t, futian, 10, 17, s), os.Getenv("KUAITU_TEST_FILE"), fast)
		t.Fatalf("it ended: %v", err)
	}
	srv := newTileServer(t)
	c.URL = srv.URL + "/{z}/{x}/{y}.png"
	path := filepath.Join(t.TempDir(), "k.mbtiles")
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledDownloadGoesOn$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), "KUAITU_TEST_TILES="+c.URL, "KUAITU_TEST_FILE="+path)
	const enough = 150
	stuck := make(chan struct{})
	var n atomic.Int64
	srv.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if n.Add(1) > enough {
			return hang(stuck)(w, r) // so that it does not end before it is killed
		}
		return false
	})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "it is under way", func() bool { return n.Load() > enough })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	close(stuck)
	srv.answer(nil)
	s := mustOpen(t, c, Options{})
	p := mustPlan(t, futian, 10, 17, s)
	got, err := Download(t.Context(), p, path, fast)
	if err != nil || got.Kept < enough-70 || got.Kept+got.Fetched != p.Tiles() {
		t.Errorf("goes on: %+v, %v", got, err)
	}
	if r, err := Check(t.Context(), path, futian, 10, 17); err != nil || !r.OK() {
		t.Errorf("check: %+v, %v", r, err)
	}
}

// TestCutOutOfARealFile takes an area out of a vector base map, and checks it.
func TestCutOutOfARealFile(t *testing.T) {
	opened, closer, err := tileset.Open(dataFile(t, "basemap_shenzhen.mbtiles"))
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	src := opened.(*tileset.Vector)
	p := mustPlan(t, futian, 0, 20, src)
	if p.MaxZoom != 14 {
		t.Errorf("planned down to level %d", p.MaxZoom)
	}
	path := filepath.Join(t.TempDir(), "cut.mbtiles")
	got, err := Download(t.Context(), p, path, DownloadOptions{})
	if err != nil || got.Fetched < 40 {
		t.Fatalf("%+v, %v", got, err)
	}
	if r, err := Check(t.Context(), path, futian, 0, 14); err != nil || !r.OK() || r.Present != got.Fetched {
		t.Errorf("check %+v, %v", r, err)
	}
	cut, cutCloser, err := tileset.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer cutCloser.Close()
	for tile := range p.All() {
		a, errA := src.VectorTile(t.Context(), tile.Z, tile.X, tile.Y)
		b, errB := cut.(*tileset.Vector).VectorTile(t.Context(), tile.Z, tile.X, tile.Y)
		if !bytes.Equal(a, b) || (errA == nil) != (errB == nil) {
			t.Fatalf("%v differs: %v, %v", tile, errA, errB)
		}
	}
	if fmt.Sprint(cut.(*tileset.Vector).Info().Layers) != fmt.Sprint(src.Info().Layers) {
		t.Error("names of layers are lost")
	}
}

func TestCheckFindsBrokenTiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.mbtiles")
	w, err := tileset.OpenWriter(path, tileset.Info{Format: "png", MinZoom: 1, MaxZoom: 1, Bound: tileset.TileBound(0, 0, 0)}, "o")
	if err != nil {
		t.Fatal(err)
	}
	good := picture(tileColour(1, 0, 0))
	if err := errors.Join(w.Put(1, 0, 0, good), w.Put(1, 1, 0, good[:40]), w.Put(1, 0, 1, nil), w.Close()); err != nil {
		t.Fatal(err)
	}
	area := orb.Bound{Min: orb.Point{-100, -50}, Max: orb.Point{100, 50}}
	r, err := Check(t.Context(), path, area, 1, 1)
	if err != nil || r.OK() || r.Tiles != 4 || r.Present != 1 || r.Broken != 1 || r.Absent != 1 || r.Missing != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

func BenchmarkPlan(b *testing.B) {
	src := nowhere{tileset.Info{MaxZoom: 18}}
	b.ReportAllocs()
	for b.Loop() {
		p, err := NewPlan(futian, 10, 18, src)
		if err != nil || p.Tiles() == 0 {
			b.Fatal(err)
		}
	}
}
