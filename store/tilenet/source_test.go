package tilenet

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview"
	"kuaitu/store/tileset"
)

func TestTilesComeAndStay(t *testing.T) {
	srv := newTileServer(t)
	c := xyzConfig(srv)
	c.MinZoom, c.MaxZoom, c.Referer, c.Bounds = 2, 10, "http://city.example/", []float64{110, 20, 118, 25}
	cache := newCache(t)
	s := mustOpen(t, c, Options{Cache: cache})
	x, y := 26, 13 // level 5, 112.5…123.75 E
	for range 3 {
		see(t, s, 5, x, y, tileColour(5, x, y))
	}
	if r := srv.last(); srv.count() != 1 || !strings.HasPrefix(r.UserAgent(), "Kuaitu/") || r.Referer() != c.Referer || r.URL.Path != "/5/26/13.png" {
		t.Errorf("%d requests, the last %v of %q from %q", srv.count(), r.URL, r.UserAgent(), r.Referer())
	}
	for _, at := range [][3]int{{5, 3, 3}, {1, 1, 0}, {11, 1700, 880}, {5, -1, 0}, {5, 0, 32}} {
		if _, err := s.(*Raster).Tile(t.Context(), at[0], at[1], at[2]); !errors.Is(err, mapview.ErrNoTile) {
			t.Errorf("tile %v: %v", at, err)
		}
	}
	if srv.count() != 1 {
		t.Error("tiles outside were asked for")
	}
	again := mustOpen(t, c, Options{Cache: cache})
	see(t, again, 5, x, y, tileColour(5, x, y))
	if srv.count() != 1 {
		t.Error("the cache was not used")
	}
	if data, err := again.Encoded(t.Context(), 5, x, y); err != nil || string(data) != string(picture(tileColour(5, x, y))) {
		t.Errorf("encoded: %d bytes, %v", len(data), err)
	}
}

func TestManyAskersOneRequest(t *testing.T) {
	srv := newTileServer(t)
	release := make(chan struct{})
	srv.answer(hang(release))
	s := mustOpen(t, xyzConfig(srv), Options{})
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := s.(*Raster).Tile(t.Context(), 1, 0, 0); err != nil {
				t.Error(err)
			}
		})
	}
	until(t, "all wait", func() bool {
		f := fetcherOf(s)
		f.mu.Lock()
		defer f.mu.Unlock()
		j := f.jobs[gridKey{1, 0, 0}]
		return j != nil && j.waiting == 10
	})
	close(release)
	wg.Wait()
	if srv.count() != 1 {
		t.Errorf("%d requests", srv.count())
	}
}

func TestRequestsAtATime(t *testing.T) {
	srv := newTileServer(t)
	srv.answer(func(http.ResponseWriter, *http.Request) bool { time.Sleep(2 * time.Millisecond); return false })
	c := xyzConfig(srv)
	c.Concurrency = 3
	s := mustOpen(t, c, Options{})
	var wg sync.WaitGroup
	for x := range 16 {
		wg.Go(func() { see(t, s, 4, x, 1, tileColour(4, x, 1)) })
	}
	wg.Wait()
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.max > 3 || srv.max < 2 {
		t.Errorf("%d requests at a time, want up to 3", srv.max)
	}
}

func TestAHangingServerHoldsNobodyUp(t *testing.T) {
	srv := newTileServer(t)
	release := make(chan struct{})
	srv.answer(hang(release))
	s := mustOpen(t, xyzConfig(srv), Options{Cache: newCache(t)})
	news := listen(s)
	for range 3 {
		for x := range 4 {
			if _, err := s.(*Raster).Tile(t.Context(), 2, x, 1); !errors.Is(err, mapview.ErrNotYet) {
				t.Fatalf("got %v", err)
			}
		}
	}
	if st := s.State(); st.Busy != 4 || !st.Online {
		t.Errorf("state %+v", st)
	}
	close(release)
	var all orb.Bound
	for i := range 4 {
		b := news.wait(t, 1)
		if i == 0 {
			all = b
		}
		all = all.Union(b)
	}
	if want := tileset.TileBound(2, 0, 1).Union(tileset.TileBound(2, 3, 1)); all != want {
		t.Errorf("announced %v, want %v", all, want)
	}
	for x := range 4 {
		see(t, s, 2, x, 1, tileColour(2, x, 1))
	}
}

func TestCloseBreaksOff(t *testing.T) {
	before := runtime.NumGoroutine()
	srv := newTileServer(t)
	release := make(chan struct{})
	defer close(release)
	srv.answer(func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return true
	})
	s, err := Open(t.Context(), xyzConfig(srv), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := s.(*Raster).Tile(t.Context(), 1, 1, 1)
		ended <- err
	}()
	until(t, "the request", func() bool { return srv.count() == 1 })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("a tile from a closed source")
	}
	if _, err := s.(*Raster).Tile(t.Context(), 1, 1, 1); err == nil {
		t.Error("a tile from a closed source")
	}
	srv.CloseClientConnections()
	until(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before+3 }) // the server has some
}

func TestFaultsAreRetried(t *testing.T) {
	good := picture(color.RGBA{1, 2, 3, 255})
	for name, fault := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"500": status(500),
		"429": status(429),
		"html page": func(w http.ResponseWriter, r *http.Request) bool {
			fmt.Fprint(w, "<html><title>登录</title>")
			return true
		},
		"cut body": func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Length", fmt.Sprint(len(good)))
			w.Write(good[:len(good)/2])
			return true
		},
		"cut picture": func(w http.ResponseWriter, r *http.Request) bool { w.Write(good[:len(good)-20]); return true },
		"connection cut": func(w http.ResponseWriter, r *http.Request) bool {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				conn.Close()
			}
			return true
		},
		"a vector tile": func(w http.ResponseWriter, r *http.Request) bool { fmt.Fprint(w, "\x1a\x00"); return true },
	} {
		t.Run(name, func(t *testing.T) {
			srv := newTileServer(t)
			n := 0
			var mu sync.Mutex
			srv.answer(func(w http.ResponseWriter, r *http.Request) bool {
				mu.Lock()
				defer mu.Unlock()
				n++
				return n < 3 && fault(w, r)
			})
			s := mustOpen(t, xyzConfig(srv), Options{Cache: newCache(t)})
			see(t, s, 1, 0, 0, tileColour(1, 0, 0))
			if srv.count() != 3 {
				t.Errorf("%d requests", srv.count())
			}
			if st := s.State(); !st.Online || st.Counts.Failures != 2 || st.Counts.Fetched != 1 {
				t.Errorf("state %+v", st)
			}
		})
	}
}

func TestWhatAServerSaysIsToldInPlainWords(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request) bool
		says   string
	}{
		"status": {status(503), "503 Service Unavailable: because"},
		"refused": {func(w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(403)
			fmt.Fprint(w, `{"msg":"非法Key","code":1}`)
			return true
		}, "403 Forbidden: 非法Key"},
		"page": {func(w http.ResponseWriter, r *http.Request) bool {
			fmt.Fprint(w, "<html><title>Log in</title>")
			return true
		}, "text/html instead of a tile: Log in"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, r.URL.String(), http.StatusFound)
			return true
		}, "redirects"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := newTileServer(t)
			srv.answer(c.answer)
			config := xyzConfig(srv)
			config.Key = "s3cr3t-k3y"
			config.URL += "?tk={key}"
			s := mustOpen(t, config, Options{})
			_, err := s.(*Raster).Tile(t.Context(), 1, 0, 0)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%v, want %q", err, c.says)
			}
			if st := s.State(); st.Error == "" || strings.Contains(st.Error, "s3cr3t") {
				t.Errorf("state %+v", st)
			}
		})
	}
	srv := newTileServer(t)
	config := xyzConfig(srv)
	config.Key, config.URL = "s3cr3t-k3y", config.URL+"?tk={key}"
	srv.Close()
	s := mustOpen(t, config, Options{})
	if _, err := s.(*Raster).Tile(t.Context(), 1, 0, 0); err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestContentCountsMoreThanItsType(t *testing.T) {
	srv := newTileServer(t)
	srv.answer(func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Type", "text/html")
		w.Write(picture(color.RGBA{1, 1, 1, 255}))
		return true
	})
	see(t, mustOpen(t, xyzConfig(srv), Options{}), 1, 0, 0, color.RGBA{1, 1, 1, 255})
	c := xyzConfig(srv)
	c.ID, c.Format = "v", "pbf"
	v := mustOpen(t, c, Options{}).(*Vector)
	if _, err := v.VectorTile(t.Context(), 1, 0, 0); err == nil {
		t.Error("a picture taken for a vector tile")
	}
	layer := []byte("\x1a\x05\x0a\x03abc")
	srv.answer(func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Type", "text/plain")
		w.Write(layer)
		return true
	})
	if got, err := v.VectorTile(t.Context(), 1, 1, 0); err != nil || string(got) != string(layer) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSlowAnswersEnd(t *testing.T) {
	srv := newTileServer(t)
	srv.answer(func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true })
	s := mustOpen(t, xyzConfig(srv), Options{})
	fetcherOf(s).client.Timeout = 20 * time.Millisecond
	if _, err := s.(*Raster).Tile(t.Context(), 1, 0, 0); err == nil || !strings.Contains(err.Error(), "no answer within") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.(*Raster).Tile(ctx, 1, 1, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	srv := newTileServer(t)
	var mu sync.Mutex
	var times []time.Time
	srv.answer(func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		times = append(times, time.Now())
		if len(times) > 1 {
			return false
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(429)
		return true
	})
	s := mustOpen(t, xyzConfig(srv), Options{})
	see(t, s, 1, 0, 0, tileColour(1, 0, 0))
	mu.Lock()
	defer mu.Unlock()
	if d := times[1].Sub(times[0]); len(times) != 2 || d < time.Second {
		t.Errorf("%d requests, %v apart", len(times), d)
	}
}

func TestMissingTilesAreRemembered(t *testing.T) {
	for _, code := range []int{404, 204} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			srv := newTileServer(t)
			srv.answer(status(code))
			path := filepath.Join(t.TempDir(), "c")
			for range 2 { // the second time from disk
				cache := openCache(t, path)
				s := mustOpen(t, xyzConfig(srv), Options{Cache: cache})
				for range 3 {
					if _, err := s.(*Raster).Tile(t.Context(), 1, 0, 0); !errors.Is(err, mapview.ErrNoTile) {
						t.Errorf("got %v", err)
					}
				}
				if err := errors.Join(s.Close(), cache.Close()); err != nil {
					t.Fatal(err)
				}
			}
			if srv.count() != 1 {
				t.Errorf("%d requests", srv.count())
			}
		})
	}
}

func TestOldTilesAreRevalidated(t *testing.T) {
	srv := newTileServer(t)
	body := picture(color.RGBA{9, 9, 9, 255})
	etag := `"v1"`
	var mu sync.Mutex
	conditional := 0
	srv.answer(func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("ETag", etag)
		w.Header().Set("Cache-Control", "public, max-age=7200")
		if r.Header.Get("If-None-Match") == etag {
			conditional++
			w.WriteHeader(304)
			return true
		}
		w.Write(body)
		return true
	})
	now := time.Now()
	s := mustOpen(t, xyzConfig(srv), Options{Cache: newCache(t)})
	f := fetcherOf(s)
	f.now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	later := func(d time.Duration) { mu.Lock(); now = now.Add(d); mu.Unlock() }
	see(t, s, 1, 0, 0, color.RGBA{9, 9, 9, 255})
	news := listen(s)
	later(time.Hour)
	see(t, s, 1, 0, 0, color.RGBA{9, 9, 9, 255})
	if srv.count() != 1 {
		t.Error("a fresh tile was asked for again")
	}
	later(2 * time.Hour)
	see(t, s, 1, 0, 0, color.RGBA{9, 9, 9, 255}) // shown at once, asked about behind
	until(t, "revalidation", func() bool { return s.State().Counts.Unchanged == 1 })
	see(t, s, 1, 0, 0, color.RGBA{9, 9, 9, 255})
	if srv.count() != 2 || conditional != 1 || len(news) != 0 {
		t.Errorf("%d requests, %d conditional, %d announced", srv.count(), conditional, len(news))
	}
	mu.Lock()
	body, etag = picture(color.RGBA{7, 7, 7, 255}), `"v2"`
	mu.Unlock()
	later(3 * time.Hour)
	see(t, s, 1, 0, 0, color.RGBA{9, 9, 9, 255})
	news.wait(t, 1) // it changed
	see(t, s, 1, 0, 0, color.RGBA{7, 7, 7, 255})
}

func TestOfflineAndBack(t *testing.T) {
	srv := newTileServer(t)
	cache := newCache(t)
	c := xyzConfig(srv)
	c.MaxAgeHours = 1
	s := mustOpen(t, c, Options{Cache: cache})
	see(t, s, 3, 1, 1, tileColour(3, 1, 1))
	srv.answer(status(502))
	news := listen(s)
	for x := range 8 {
		s.(*Raster).Tile(t.Context(), 3, x, 2)
	}
	until(t, "offline", func() bool { return !s.State().Online })
	if st := s.State(); !strings.Contains(st.Error, "502") || time.Since(st.Since) > time.Minute {
		t.Errorf("state %+v", st)
	}
	// Old tiles are good enough now, also in a program that starts only now.
	see(t, s, 3, 1, 1, tileColour(3, 1, 1))
	second := mustOpen(t, c, Options{Cache: cache})
	listen(second)
	fetcherOf(second).now = func() time.Time { return time.Now().Add(1000 * time.Hour) }
	see(t, second, 3, 1, 1, tileColour(3, 1, 1))
	if _, err := s.(*Raster).Tile(t.Context(), 3, 7, 7); !errors.Is(err, ErrOffline) {
		t.Errorf("a tile that nobody has: %v", err)
	}
	before := srv.count()
	for range 100 {
		s.(*Raster).Tile(t.Context(), 3, 7, 7)
	}
	if n := srv.count() - before; n > 50 {
		t.Errorf("%d requests to a server that is not there", n)
	}
	srv.answer(nil)
	s.Retry()
	until(t, "online", func() bool { return s.State().Online })
	seen := map[orb.Bound]bool{}
	for !seen[tileset.TileBound(3, 7, 7)] {
		seen[news.wait(t, 1)] = true
	}
	if _, err := s.(*Raster).Tile(t.Context(), 3, 7, 7); err != nil && !errors.Is(err, mapview.ErrNotYet) {
		t.Errorf("after that: %v", err)
	}
}

func TestArrivalsOfAShiftedDatum(t *testing.T) {
	srv := newTileServer(t)
	c := xyzConfig(srv)
	c.Datum = "gcj02"
	s := mustOpen(t, c, Options{})
	news := listen(s)
	const z, x, y = 15, 26763, 14276 // Shenzhen
	s.(*Raster).Tile(t.Context(), z, x, y)
	got := news.wait(t, 1)
	for _, p := range []orb.Point{tileset.TileBound(z, x, y).Min, tileset.TileBound(z, x, y).Max, tileset.TileBound(z, x, y).Center()} {
		if q := geo.Convert(p, geo.GCJ02, geo.CGCS2000); !got.Contains(q) {
			t.Errorf("%v does not hold %v", got, q)
		}
	}
	if s.Datum() != geo.GCJ02 {
		t.Errorf("datum %v", s.Datum())
	}
}

func TestALaterLookGoesFirst(t *testing.T) {
	srv := newTileServer(t)
	release := make(chan struct{})
	srv.answer(hang(release))
	c := xyzConfig(srv)
	c.Concurrency = 1
	s := mustOpen(t, c, Options{})
	listen(s)
	var now atomic.Int64
	fetcherOf(s).now = func() time.Time { return time.Unix(1_700_000_000, now.Load()) }
	ask := func(x int) {
		t.Helper()
		if _, err := s.(*Raster).Tile(t.Context(), 12, x, 0); !errors.Is(err, mapview.ErrNotYet) {
			t.Fatalf("tile %d: %v", x, err)
		}
	}
	ask(0)
	until(t, "the first", func() bool { return srv.count() == 1 })
	for _, x := range []int{1, 2, 3} {
		ask(x)
	}
	now.Add(int64(time.Second))
	for _, x := range []int{14, 2, 15} { // 2 is in view again
		ask(x)
	}
	close(release)
	until(t, "all", func() bool { return srv.count() == 6 })
	srv.mu.Lock()
	defer srv.mu.Unlock()
	var got []string
	for _, r := range srv.requests {
		got = append(got, strings.Split(r.URL.Path, "/")[2])
	}
	if want := "0 2 14 15 1 3"; strings.Join(got, " ") != want {
		t.Errorf("asked for %v, want %s", got, want)
	}
}

func TestOldRequestsAreGivenUp(t *testing.T) {
	srv := newTileServer(t)
	release := make(chan struct{})
	srv.answer(hang(release))
	defer close(release)
	s := mustOpen(t, xyzConfig(srv), Options{})
	news := listen(s)
	for i := range queueLimit + 30 {
		if _, err := s.(*Raster).Tile(t.Context(), 12, i, 0); !errors.Is(err, mapview.ErrNotYet) {
			t.Fatalf("tile %d: %v", i, err)
		}
	}
	news.wait(t, 20) // announced, so that who still looks there asks again
	if busy := s.State().Busy; busy > queueLimit+6 {
		t.Errorf("%d tiles under way", busy)
	}
}

// TestPyramidSharpensWhenTilesArrive draws a scene over a server that hangs: it is drawn at once, and again where a tile came.
func TestPyramidSharpensWhenTilesArrive(t *testing.T) {
	srv := newTileServer(t)
	release := make(chan struct{})
	srv.answer(hang(release))
	s := mustOpen(t, xyzConfig(srv), Options{})
	p := mapview.NewPyramid(mapview.PyramidOptions{Workers: 1})
	s.OnArrive(func(b orb.Bound) { p.Invalidate("", b) })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); p.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	p.SetScene(mapview.Scene{Base: []mapview.TileSource{s.(*Raster)}}, mapview.LightStyle())
	cam := mapview.Camera{Center: orb.Point{114, 22.5}, Zoom: 10, WidthPx: 400, HeightPx: 300}
	p.Want(cam)
	until(t, "a first picture", func() bool { return p.Pending() == 0 })
	shows := func(z int) bool {
		for _, tile := range p.Tiles(cam) {
			at := image.Pt(int(float64(cam.WidthPx)/2-tile.X), int(float64(cam.HeightPx)/2-tile.Y))
			if at.In(tile.Img.Rect) && tile.W == mapview.TilePx && tile.Img.RGBAAt(at.X, at.Y).R == tileColour(z, 0, 0).R {
				return true
			}
		}
		return false
	}
	if shows(10) {
		t.Fatal("a tile that has not come")
	}
	close(release)
	until(t, "the sharp tile", func() bool { return shows(10) })
}
