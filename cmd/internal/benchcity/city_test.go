package benchcity

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"kuaitu/block"
	"kuaitu/geo/geofile"
	"kuaitu/store"
)

func TestCityHasWhatWasAskedFor(t *testing.T) {
	for _, o := range []Options{{Buildings: 3000, Grids: 90, Events: 200, Seed: 1}, {Buildings: 777, Grids: 7, Events: 3, Seed: 9}, {Buildings: 10, Grids: 1, Events: 1}} {
		c := New(o)
		buildings, holes := 0, 0
		for b := range c.Buildings() {
			if b.No != buildings || b.Grid < 0 || b.Grid >= o.Grids {
				t.Fatalf("%+v: building %d comes as number %d of grid %d", o, buildings, b.No, b.Grid)
			}
			if len(b.Geometry) > 1 {
				holes++
			}
			if a := planar.Area(b.Geometry); a <= 0 {
				t.Errorf("%+v: building %d has area %g", o, b.No, a)
			}
			buildings++
		}
		levels := map[block.Level]int{}
		for r := range c.Regions() {
			levels[r.Level]++
		}
		events := 0
		for range c.Events() {
			events++
		}
		if buildings != o.Buildings || levels[block.Grid] != o.Grids || events != o.Events || levels[block.City] != 1 {
			t.Errorf("%+v: %d buildings, %d events, regions %v", o, buildings, events, levels)
		}
	}
}

// Neighbouring grids must share the very same border points, and the parts of a region must fill it.
func TestGridsShareBorders(t *testing.T) {
	c := New(Options{Buildings: 100, Grids: 300, Events: 1, Seed: 5})
	sides := map[[2]orb.Point]int{}
	area := map[block.Level]float64{}
	for r := range c.Regions() {
		area[r.Level] += planar.Area(r.Geometry)
		if r.Level != block.Grid {
			continue
		}
		ring := r.Geometry[0]
		for i := range ring[1:] {
			sides[[2]orb.Point{ring[i], ring[i+1]}]++
		}
	}
	shared := 0
	for side, n := range sides {
		if n > 1 {
			t.Fatalf("side %v runs the same way round two grids", side)
		}
		shared += sides[[2]orb.Point{side[1], side[0]}]
	}
	if shared < len(sides)*8/10 {
		t.Errorf("%d of %d sides are shared", shared, len(sides))
	}
	for level, a := range area {
		if whole := area[block.City]; a < whole*0.999999 || a > whole*1.000001 {
			t.Errorf("regions of level %v cover %g, the city %g", level, a, whole)
		}
	}
}

func TestSameSeedSameCity(t *testing.T) {
	list := func(seed uint64) (out []Building) {
		for b := range New(Options{Buildings: 400, Grids: 20, Events: 1, Seed: seed}).Buildings() {
			out = append(out, b)
		}
		return out
	}
	a, b, other := list(3), list(3), list(4)
	for i := range a {
		if !orb.Equal(a[i].Geometry, b[i].Geometry) || a[i].Name != b[i].Name {
			t.Fatalf("building %d differs from one making to the next", i)
		}
	}
	if orb.Equal(a[0].Geometry, other[0].Geometry) {
		t.Error("another seed gives the same city")
	}
}

func TestWrittenCityIsRead(t *testing.T) {
	ctx := context.Background()
	c := New(Options{Buildings: 500, Grids: 40, Events: 60, Seed: 2})
	dir := t.TempDir()
	path := filepath.Join(dir, "city.gpkg")
	if err := c.WriteStore(ctx, path, time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), func(string) {}); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for kind, want := range map[block.Kind]int64{"building": 500, "event": 60} {
		if n, err := st.Reader().Len(ctx, kind); err != nil || n != want {
			t.Errorf("the store has %d of %s, %v", n, kind, err)
		}
	}
	plain := filepath.Join(dir, "plain.gpkg")
	if err := c.WritePackage(ctx, plain); err != nil {
		t.Fatal(err)
	}
	for layer, want := range map[string]int64{"building": 500, "grid": 40, "event": 60} {
		s, err := geofile.Open(ctx, plain, geofile.Options{Layer: layer})
		if err != nil {
			t.Fatal(err)
		}
		var n int64
		for f, err := range s.Features(ctx) {
			if err != nil || f.Geometry == nil {
				t.Fatalf("%s: %v", layer, err)
			}
			n++
		}
		s.Close()
		if n != want {
			t.Errorf("the GeoPackage has %d of %s", n, layer)
		}
	}
}
