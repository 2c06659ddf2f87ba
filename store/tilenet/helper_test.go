package tilenet

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/store/tileset"
)

// tileServer answers z/x/y.png with a picture whose colour names the tile, or with what handle does.
type tileServer struct {
	*httptest.Server

	mu       sync.Mutex                                        // guards what follows
	handle   func(w http.ResponseWriter, r *http.Request) bool // true: it answered
	requests []*http.Request
	now, max int // being answered, at most so far
}

var tilePath = regexp.MustCompile(`(\d+)/(\d+)/(\d+)\.\w+$`)

func newTileServer(t testing.TB) *tileServer {
	t.Helper()
	s := &tileServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r)
		s.now++
		s.max = max(s.max, s.now)
		handle := s.handle
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			s.now--
			s.mu.Unlock()
		}()
		if handle != nil && handle(w, r) {
			return
		}
		m := tilePath.FindStringSubmatch(r.URL.Path)
		if m == nil {
			http.NotFound(w, r)
			return
		}
		z, _ := strconv.Atoi(m[1])
		x, _ := strconv.Atoi(m[2])
		y, _ := strconv.Atoi(m[3])
		w.Header().Set("Content-Type", "image/png")
		w.Write(picture(tileColour(z, x, y)))
	}))
	t.Cleanup(s.Close)
	return s
}

// answer has requests answered by f from now on; nil is the usual.
func (s *tileServer) answer(f func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handle = f
}

func (s *tileServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

func (s *tileServer) last() *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[len(s.requests)-1]
}

func tileColour(z, x, y int) color.RGBA {
	return color.RGBA{uint8(z*10 + 5), uint8(x * 7), uint8(y * 7), 255}
}

func picture(c color.RGBA) []byte {
	m := image.NewPaletted(image.Rect(0, 0, 256, 256), color.Palette{c})
	var buf bytes.Buffer
	if err := png.Encode(&buf, m); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// quick is a pace for tests.
var quick = pace{
	firstRetry: time.Millisecond, attempts: 3, failures: 5, firstProbe: 2 * time.Millisecond, lastProbe: 5 * time.Millisecond,
	forgetError: 20 * time.Millisecond, gather: time.Millisecond,
}

func mustOpen(t testing.TB, c Config, opt Options) Source {
	t.Helper()
	if c.ID == "" {
		c.ID = "test"
	}
	s, err := Open(t.Context(), c, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	fetcherOf(s).setPace(quick)
	return s
}

func fetcherOf(s Source) *fetcher {
	switch s := s.(type) {
	case *Raster:
		return s.f
	case *Vector:
		return s.f
	}
	panic("no source of ours")
}

func (f *fetcher) setPace(p pace) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pace = p
}

func openCache(t testing.TB, path string) *tileset.Cache {
	t.Helper()
	c, err := tileset.OpenCache(path, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() }) // some tests close it before
	return c
}

func newCache(t testing.TB) *tileset.Cache {
	t.Helper()
	return openCache(t, filepath.Join(t.TempDir(), "cache"))
}

// see asks for a tile and compares its colour.
func see(t testing.TB, s Source, z, x, y int, want color.RGBA) {
	t.Helper()
	img, err := s.(*Raster).Tile(t.Context(), z, x, y)
	if err != nil {
		t.Fatalf("tile %d/%d/%d: %v", z, x, y, err)
	}
	if got := img.At(3, 3); got != want {
		t.Errorf("tile %d/%d/%d is %v, want %v", z, x, y, got, want)
	}
}

// arrivals collects what a source announces.
type arrivals chan orb.Bound

func listen(s Source) arrivals {
	a := make(arrivals, 4096)
	s.OnArrive(func(b orb.Bound) { a <- b })
	return a
}

// wait waits until so many bounds were announced, and answers the last.
func (a arrivals) wait(t testing.TB, n int) (b orb.Bound) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for i := range n {
		select {
		case b = <-a:
		case <-ctx.Done():
			t.Fatalf("%d of %d tiles announced", i, n)
		}
	}
	return b
}

// until waits for a condition that another goroutine brings about.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came about: %s", what)
		}
	}
}

func xyzConfig(s *tileServer) Config {
	return Config{ID: "test", Kind: XYZ, URL: s.URL + "/{z}/{x}/{y}.png"}
}

func status(code int) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		w.WriteHeader(code)
		fmt.Fprint(w, "because")
		return true
	}
}

func zipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// hang answers only after release, or when the asker is gone.
func hang(release <-chan struct{}) func(w http.ResponseWriter, r *http.Request) bool {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return false
	}
}
