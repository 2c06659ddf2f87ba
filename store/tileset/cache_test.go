package tileset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"kuaitu/mapview"
)

func openTestCache(t testing.TB, path string, quota int64) *Cache {
	t.Helper()
	c, err := OpenCache(path, quota)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() }) // some tests close it before
	return c
}

func sourceOf(t testing.TB, c *Cache, id, fingerprint string) *CacheSource {
	t.Helper()
	s, err := c.Source(t.Context(), id, fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t testing.TB, s *CacheSource, z, x, y int, data []byte) {
	t.Helper()
	if err := s.Put(t.Context(), z, x, y, CachedTile{Data: data, Fetched: s.c.now(), FreshUntil: s.c.now()}); err != nil {
		t.Fatal(err)
	}
}

func holds(t testing.TB, s *CacheSource, z, x, y int) bool {
	t.Helper()
	_, ok, err := s.Get(t.Context(), z, x, y)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// stat sees that the counters say what is there, and answers them.
func stat(t testing.TB, c *Cache, id string) CacheStats {
	t.Helper()
	all, err := c.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		var tiles, bytes int64
		err := c.read.QueryRow(`SELECT count(*), coalesce(sum(t.size), 0) FROM tiles t JOIN source s ON s.id = t.source WHERE s.name = ?`, s.Source).Scan(&tiles, &bytes)
		if err != nil || tiles != s.Tiles || bytes != s.Bytes {
			t.Errorf("counted %+v, there are %d tiles of %d bytes: %v", s, tiles, bytes, err)
		}
		if s.Source == id {
			return s
		}
	}
	t.Fatalf("no source %s", id)
	return CacheStats{}
}

func TestCacheKeepsWhatItWasGiven(t *testing.T) {
	path := filepath.Join(t.TempDir(), "缓存 cache.db")
	c := openTestCache(t, path, 1<<20)
	a, b := sourceOf(t, c, "a", "1"), sourceOf(t, c, "b", "1")
	at := time.Unix(1_700_000_000, 0)
	want := CachedTile{Data: []byte("tile"), ETag: `"x"`, Modified: "Tue", Fetched: at, FreshUntil: at.Add(time.Hour)}
	if err := a.Put(t.Context(), 3, 1, 2, want); err != nil {
		t.Fatal(err)
	}
	put(t, b, 3, 1, 2, nil)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}

	c = openTestCache(t, path, 1<<20)
	a, b = sourceOf(t, c, "a", "1"), sourceOf(t, c, "b", "1")
	got, ok, err := a.Get(t.Context(), 3, 1, 2)
	if err != nil || !ok || !bytes.Equal(got.Data, want.Data) || got.ETag != want.ETag || got.Modified != want.Modified || !got.Fetched.Equal(at) || !got.FreshUntil.Equal(want.FreshUntil) {
		t.Errorf("got %+v, %v, %v", got, ok, err)
	}
	if none, ok, err := b.Get(t.Context(), 3, 1, 2); err != nil || !ok || len(none.Data) != 0 {
		t.Errorf("a tile known not to exist: %+v, %v, %v", none, ok, err)
	}
	if holds(t, a, 3, 2, 1) {
		t.Error("a tile that was never put")
	}
	if err := a.Renew(t.Context(), 3, 1, 2, at.Add(time.Hour), at.Add(9*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := a.Get(t.Context(), 3, 1, 2); !got.FreshUntil.Equal(at.Add(9*time.Hour)) || string(got.Data) != "tile" {
		t.Errorf("after Renew: %+v", got)
	}
	// Readers of MBTiles find it too.
	var data []byte
	if err := openDB(t, path).QueryRow(`SELECT tile_data FROM tiles WHERE zoom_level = 3 AND tile_column = 1 AND tile_row = 5 AND source = 1`).Scan(&data); err != nil || string(data) != "tile" {
		t.Errorf("%q, %v", data, err)
	}
	if err := a.PutDocument(t.Context(), "capabilities", []byte("<x/>")); err != nil {
		t.Fatal(err)
	}
	if doc, _, ok, err := a.Document(t.Context(), "capabilities"); err != nil || !ok || string(doc) != "<x/>" {
		t.Errorf("document %q, %v, %v", doc, ok, err)
	}
	// Another address under the same id: nothing of the old one is left.
	a = sourceOf(t, c, "a", "2")
	if _, _, ok, _ := a.Document(t.Context(), "capabilities"); ok || holds(t, a, 3, 1, 2) || stat(t, c, "a").Tiles != 0 || stat(t, c, "b").Tiles != 1 {
		t.Error("tiles of another address are still there")
	}
}

func TestCacheDropsTheLeastRecentlyUsed(t *testing.T) {
	const tile = 1000 + cacheRowBytes
	now := time.Unix(1_700_000_000, 0)
	c := openTestCache(t, filepath.Join(t.TempDir(), "c"), 100*tile)
	c.now = func() time.Time { return now }
	s := sourceOf(t, c, "s", "")
	for i := range 100 {
		put(t, s, 10, i, 0, make([]byte, 1000))
		now = now.Add(time.Second)
	}
	now = now.Add(time.Hour)
	if !holds(t, s, 10, 3, 0) { // a use
		t.Fatal("dropped too early")
	}
	now = now.Add(time.Hour)
	put(t, s, 10, 500, 0, make([]byte, 1000))
	got := stat(t, c, "s")
	if got.Bytes > 90*tile || got.Bytes < 60*tile {
		t.Errorf("%d tiles, %d bytes kept of %d", got.Tiles, got.Bytes, 100*tile)
	}
	for x, want := range map[int]bool{0: false, 3: true, 9: false, 99: true, 500: true} {
		if holds(t, s, 10, x, 0) != want {
			t.Errorf("tile %d kept: %v, want %v", x, !want, want)
		}
	}
	if err := c.SetQuota(t.Context(), 10*tile); err != nil {
		t.Fatal(err)
	}
	if got := stat(t, c, "s"); got.Bytes > 10*tile {
		t.Errorf("%d bytes kept of %d", got.Bytes, 10*tile)
	}
	put(t, s, 10, 7, 7, make([]byte, 6000))
	if holds(t, s, 10, 7, 7) {
		t.Error("a tile of more than half the quota was kept")
	}
}

func TestClearGivesTheRoomBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c")
	c := openTestCache(t, path, 1<<30)
	a, b := sourceOf(t, c, "a", ""), sourceOf(t, c, "b", "")
	for i := range 40 {
		put(t, a, 10, i, 0, bytes.Repeat([]byte{byte(i)}, 50_000))
	}
	put(t, b, 10, 0, 0, []byte("b"))
	if err := c.Clear(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if stat(t, c, "a").Tiles != 0 || stat(t, c, "b").Tiles != 1 || !holds(t, b, 10, 0, 0) {
		t.Error("not just a was cleared")
	}
	if fi, err := os.Stat(path); err != nil || fi.Size() > 200_000 {
		t.Errorf("the file still has %d bytes, %v", fi.Size(), err)
	}
	if err := c.Clear(t.Context(), ""); err != nil || stat(t, c, "b").Tiles != 0 {
		t.Errorf("clear all: %v", err)
	}
}

func TestCacheLeavesOtherFilesAlone(t *testing.T) {
	other := write(t, nil, []row{{0, 0, 0, pngTile(t, red)}})
	text := filepath.Join(t.TempDir(), "notes")
	if err := os.WriteFile(text, bytes.Repeat([]byte("my notes "), 500), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{other, text} {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := OpenCache(path, 1<<20); !errors.Is(err, ErrNotCache) {
			t.Errorf("%s: %v", filepath.Base(path), err)
			if err == nil {
				c.Close()
			}
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s changed: %v", filepath.Base(path), err)
		}
	}
	mustOpen(t, other)
}

func TestDamagedCacheIsBegunAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c")
	c := openTestCache(t, path, 1<<20)
	put(t, sourceOf(t, c, "s", ""), 0, 0, 0, []byte("x"))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 100; i < len(b); i++ {
		b[i] = 0xee
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s := sourceOf(t, openTestCache(t, path, 1<<20), "s", "")
	if holds(t, s, 0, 0, 0) {
		t.Error("a tile out of nothing")
	}
	put(t, s, 0, 0, 0, []byte("y"))
}

func TestTwoCachesOnOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c")
	one, two := openTestCache(t, path, 1<<20), openTestCache(t, path, 1<<20)
	a, b := sourceOf(t, one, "s", ""), sourceOf(t, two, "s", "")
	var wg sync.WaitGroup
	for i, s := range []*CacheSource{a, b} {
		wg.Go(func() {
			for j := range 60 {
				put(t, s, 10, j, i, []byte(fmt.Sprint(i, j)))
			}
		})
	}
	wg.Wait()
	for i, s := range []*CacheSource{b, a} { // each sees the other's
		for j := range 60 {
			if got, ok, err := s.Get(t.Context(), 10, j, i); err != nil || !ok || string(got.Data) != fmt.Sprint(i, j) {
				t.Fatalf("tile %d of the other: %q, %v, %v", j, got.Data, ok, err)
			}
		}
	}
	if got := stat(t, one, "s"); got.Tiles != 120 {
		t.Errorf("%d tiles counted", got.Tiles)
	}
}

// TestKilledWhileWriting has another process put tiles, kills it, and looks at what is there.
func TestKilledWhileWriting(t *testing.T) {
	if path := os.Getenv("KUAITU_TEST_FILL"); path != "" {
		fill(t, path, os.Getenv("KUAITU_TEST_KIND"))
		return
	}
	for _, kind := range []string{"cache", "writer"} {
		t.Run(kind, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c")
			cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWhileWriting$", "-test.timeout=60s")
			cmd.Env = append(os.Environ(), "KUAITU_TEST_FILL="+path, "KUAITU_TEST_KIND="+kind)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			done := 0
			for lines := bufio.NewScanner(out); done < 300 && lines.Scan(); {
				done++ // a line per tile
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // killed
			if done < 300 {
				t.Fatalf("it put %d tiles", done)
			}
			switch kind {
			case "cache":
				s := sourceOf(t, openTestCache(t, path, 1<<30), "s", "")
				for i := range done {
					if !holds(t, s, 20, i, 0) {
						t.Fatalf("tile %d was put and is gone", i)
					}
				}
				stat(t, s.c, "s")
			case "writer":
				w := openTestWriter(t, path, "o")
				for i := range done - writerBatch {
					if has, err := w.Has(t.Context(), 20, i, 0); err != nil || !has {
						t.Fatalf("tile %d was put and is gone: %v", i, err)
					}
				}
				if err := w.Put(20, 5_000, 0, pngTile(t, red)); err != nil {
					t.Fatal(err)
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				if _, err := mustOpen(t, path).Tile(t.Context(), 20, 5_000, 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// fill puts tiles until it is killed.
func fill(t *testing.T, path, kind string) {
	tile := pngTile(t, blue)
	one := func(i int) error { return nil }
	switch kind {
	case "cache":
		s := sourceOf(t, openTestCache(t, path, 1<<30), "s", "")
		one = func(i int) error {
			return s.Put(t.Context(), 20, i, 0, CachedTile{Data: tile, Fetched: time.Now(), FreshUntil: time.Now()})
		}
	case "writer":
		w := openTestWriter(t, path, "o")
		one = func(i int) error { return w.Put(20, i, 0, tile) }
	}
	for i := range 100_000 {
		if err := one(i); err != nil {
			t.Fatal(err)
		}
		fmt.Println(i)
	}
}

func openTestWriter(t testing.TB, path, origin string) *Writer {
	t.Helper()
	w, err := OpenWriter(path, Info{Name: "n", Format: "png", MinZoom: 1, MaxZoom: 20, Bound: TileBound(1, 0, 0), Approval: "GS(2024)1号"}, origin)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "离线.mbtiles")
	w := openTestWriter(t, path, "a")
	if err := errors.Join(w.Put(1, 0, 0, pngTile(t, red)), w.Put(1, 0, 1, nil), w.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenWriter(path, Info{Format: "png"}, "b"); !errors.Is(err, ErrOtherFile) {
		t.Errorf("another origin: %v", err)
	}
	if _, err := OpenWriter(path, Info{Format: "pbf"}, "a"); !errors.Is(err, ErrOtherFile) {
		t.Errorf("another format: %v", err)
	}
	w, err := OpenWriter(path, Info{Name: "n", Format: "png", MinZoom: 2, MaxZoom: 3, Bound: TileBound(1, 1, 0)}, "a")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[[2]int]bool{{0, 0}: true, {0, 1}: true, {1, 0}: false} {
		if has, err := w.Has(t.Context(), 1, at[0], at[1]); err != nil || has != want {
			t.Errorf("has %v: %v, %v", at, has, err)
		}
	}
	if err := w.Put(3, 7, 0, pngTile(t, blue)); err != nil {
		t.Fatal(err)
	}
	if want := int64(len(pngTile(t, red)) + len(pngTile(t, blue))); w.Bytes() != want {
		t.Errorf("%d bytes, want %d", w.Bytes(), want)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	m := mustOpen(t, path)
	if got := m.Info(); got.MinZoom != 1 || got.MaxZoom != 3 || got.Bound.Min[0] != -180 || got.Bound.Max[0] != 180 || got.Name != "n" {
		t.Errorf("info %+v", got)
	}
	if img, err := m.Tile(t.Context(), 3, 7, 0); err != nil || img.At(0, 0) != blue {
		t.Errorf("tile: %v", err)
	}
	if absent, err := m.Absent(t.Context(), 1, 0, 1); err != nil || !absent {
		t.Errorf("absent: %v, %v", absent, err)
	}
	if _, err := m.Tile(t.Context(), 1, 0, 1); !errors.Is(err, mapview.ErrNoTile) {
		t.Error(err)
	}
}

func BenchmarkCache(b *testing.B) {
	c := openTestCache(b, filepath.Join(b.TempDir(), "c"), 1<<30)
	s := sourceOf(b, c, "s", "")
	data := make([]byte, 15_000)
	b.Run("put/15kB", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			put(b, s, 20, i%4000, 0, data)
			i++
		}
	})
	b.Run("get/15kB", func(b *testing.B) {
		put(b, s, 20, 0, 0, data)
		b.ReportAllocs()
		for b.Loop() {
			if !holds(b, s, 20, 0, 0) {
				b.Fatal("gone")
			}
		}
	})
}
