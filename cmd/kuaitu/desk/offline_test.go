package desk

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kuaitu/block"
	"kuaitu/cmd/internal/console"
	"kuaitu/store/tileset"
	"kuaitu/ui/state"

	"github.com/paulmach/orb"
)

// townTiles writes a set of pictures of levels 10 to 13 around 114.02° E, 22.52° N.
func townTiles(t *testing.T) OfflineBase {
	t.Helper()
	var tile bytes.Buffer
	if err := png.Encode(&tile, image.NewRGBA(image.Rect(0, 0, 256, 256))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "town.mbtiles")
	w, err := tileset.OpenWriter(path, tileset.Info{Name: "town", Format: "png", MinZoom: 10, MaxZoom: 13, Bound: orb.Bound{Min: orb.Point{113.9, 22.4}, Max: orb.Point{114.1, 22.6}}}, "test")
	if err != nil {
		t.Fatal(err)
	}
	for z := 10; z <= 13; z++ {
		n := 1 << z
		for x := range n {
			for y := range n {
				if tileset.TileBound(z, x, 0).Max[0] < 113.9 || tileset.TileBound(z, x, 0).Min[0] > 114.1 {
					break
				}
				if tileset.TileBound(z, x, y).Intersects(orb.Bound{Min: orb.Point{113.9, 22.4}, Max: orb.Point{114.1, 22.6}}) {
					if err := w.Put(z, x, y, tile.Bytes()); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	m, file, err := console.OpenBaseMap(path, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return OfflineBase{ID: "own:" + path, Name: state.Text{ZH: "小城"}, Sets: m.Sets()}
}

func TestOfflineAreas(t *testing.T) {
	base, dir := townTiles(t), filepath.Join(t.TempDir(), "areas")
	bases := []OfflineBase{base}
	open := func() *OfflineAreas {
		o, err := NewOfflineAreas(dir, func() []OfflineBase { return bases }, func(context.Context, block.ID) (orb.Geometry, error) { return nil, block.ErrNotFound }, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := open()
	changed := 0
	o.Changed = func() { changed++ }
	if lo, hi, ok := o.Levels(base.ID); lo != 10 || hi != 13 || !ok {
		t.Fatalf("levels %d to %d, %v", lo, hi, ok)
	}
	r := state.OfflineRequest{Base: base.ID, Name: "东区", Area: orb.Bound{Min: orb.Point{114, 22.5}, Max: orb.Point{114.08, 22.58}}.ToPolygon(), MinZoom: 10, MaxZoom: 13}
	e, err := o.Estimate(t.Context(), r)
	if err != nil || e.Tiles < 8 || e.Sampled == 0 || e.Problem != nil {
		t.Fatalf("estimate %+v, %v", e, err)
	}
	small := r
	small.Quota = 10
	var why *state.OfflineError
	if _, err := o.Take(t.Context(), small, func(state.OfflineProgress) {}); !errors.As(err, &why) || why.Why != "quota" || len(o.Areas()) != 0 {
		t.Errorf("over the quota: %v, %d areas", err, len(o.Areas()))
	}
	// Stopped in the middle, it stays in part; a new start of the program goes on with it.
	ctx, cancel := context.WithCancel(t.Context())
	part, err := o.Take(ctx, r, func(p state.OfflineProgress) {
		if p.Done == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || part.Area.ID == "" || part.Area.Whole || !part.Area.CanResume {
		t.Fatalf("stopped: %+v, %v", part, err)
	}
	o.Close()
	o = open()
	o.Changed = func() { changed++ }
	done, err := o.Take(t.Context(), state.OfflineRequest{ID: part.Area.ID}, func(state.OfflineProgress) {})
	if err != nil || !done.Area.Whole || done.Picture == nil || done.Area.Tiles != e.Tiles || changed != 1 {
		t.Fatalf("goes on: %+v, %v, changed %d times", done.Area, err, changed)
	}
	if len(o.Areas()) != 1 || len(o.Files()[done.Area.ID]) != 1 {
		t.Errorf("%d areas, files %v", len(o.Areas()), o.Files())
	}
	// What its source falls back to, also when its base map has gone.
	bases = nil
	if data, err := o.From("town.mbtiles").Encoded(t.Context(), 10, 836, 446); err != nil || len(data) == 0 {
		t.Errorf("fallback: %d bytes, %v", len(data), err)
	}
	if _, err := o.Take(t.Context(), state.OfflineRequest{ID: done.Area.ID}, func(state.OfflineProgress) {}); !errors.As(err, &why) || why.Why != "gone" {
		t.Errorf("without its base map: %v", err)
	}
	// A file that loses its tiles is found out, and is not used any more.
	if err := os.Truncate(filepath.Join(dir, done.Area.ID+"-0.mbtiles"), 4096); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Check(t.Context(), done.Area.ID); !errors.As(err, &why) || why.Why != "missing" || o.Areas()[0].Whole || len(o.Files()) != 0 {
		t.Errorf("a cut file: %v, %+v", err, o.Areas())
	}
	if err := o.Delete(done.Area.ID); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 || len(o.Areas()) != 0 {
		t.Errorf("%v left, %v", left, err)
	}
	o.Close()
}
