package maplayer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kuaitu/block"
	"kuaitu/mapview"
	"kuaitu/store"

	"github.com/paulmach/orb"
)

// countingSource counts what is read from the store.
type countingSource struct {
	*store.Reader
	parts int
}

func (c *countingSource) MapParts(ctx context.Context, kind block.Kind, fields []string, parts int, fn func(int, *store.MapRow) error) error {
	c.parts++
	return c.Reader.MapParts(ctx, kind, fields, parts, fn)
}

func TestCacheServesTheNextStart(t *testing.T) {
	ctx := context.Background()
	st := city(t, 30)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	path := st.Path()
	start := func() (*Set, *store.Store, int) {
		t.Helper()
		st, err := store.Open(ctx, path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		src := &countingSource{Reader: st.Reader()}
		s, err := Open(ctx, src, Options{Now: func() time.Time { return now }, File: path})
		if err != nil {
			t.Fatal(err)
		}
		s.Wait()
		return s, st, src.parts
	}
	first, st, reads := start()
	if reads != 2 {
		t.Errorf("the first start reads %d tables", reads)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	second, st, reads := start()
	if reads != 0 {
		t.Errorf("the second start reads %d tables", reads)
	}
	for _, l := range first.Scene().Layers {
		a, b := l.Data, second.Layer(l.Name)
		if a.Len() != b.Len() || a.Bound() != b.Bound() {
			t.Errorf("layer %s has %d features from the cache, %d from the store", l.Name, b.Len(), a.Len())
		}
	}
	// An edit makes the file void, at once and at the next start.
	var notices []store.Notice
	defer st.Subscribe(func(n store.Notice) { notices = append(notices, n) })()
	if _, err := st.Writer().Edit(ctx, []block.Edit{{Verb: block.Delete, Kind: "building", ID: buildingID(5)}}, "test"); err != nil {
		t.Fatal(err)
	}
	for _, n := range notices {
		if _, err := second.Apply(ctx, n); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(path + ".mapcache"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after an edit the cache file is still there: %v", err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	third, st, reads := start()
	if reads != 2 || third.Layer(Buildings).Len() != 29 {
		t.Errorf("after an edit %d tables are read and %d buildings shown", reads, third.Layer(Buildings).Len())
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	// A file that was changed by other programs, or a broken cache, is noticed.
	cache, err := os.ReadFile(path + ".mapcache")
	if err != nil {
		t.Fatal(err)
	}
	cache[len(cache)/2] ^= 1
	if err := os.WriteFile(path+".mapcache", cache, 0o600); err != nil {
		t.Fatal(err)
	}
	fourth, st, reads := start()
	if reads != 2 || fourth.Layer(Buildings).Len() != 29 {
		t.Errorf("with a broken cache %d tables are read and %d buildings shown", reads, fourth.Layer(Buildings).Len())
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if _, st, reads = start(); reads != 2 {
		t.Errorf("after another program's write %d tables are read", reads)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
}

// Many edits are packed into a new base in the background, and none is lost.
func TestManyEditsAreMerged(t *testing.T) {
	ctx := context.Background()
	st := city(t, 2600)
	s := open(t, st)
	var notices []store.Notice
	defer st.Subscribe(func(n store.Notice) { notices = append(notices, n) })()
	use := planOf(t, "building").Index("use")
	for lo := 0; lo < 2600; lo += 200 {
		var edits []block.Edit
		for i := lo; i < lo+200; i++ {
			edits = append(edits, block.Edit{Verb: block.Update, Kind: "building", ID: buildingID(i), Fields: []block.FieldSet{{Field: use, New: block.TextValue("office")}}})
		}
		if _, err := st.Writer().Edit(ctx, edits, "test"); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range notices {
		if _, err := s.Apply(ctx, n); err != nil {
			t.Fatal(err)
		}
	}
	s.Wait()
	if !s.takeMerged() && s.Layer(Buildings).Changes() >= mergeAt {
		t.Errorf("%d changes wait to be merged", s.Layer(Buildings).Changes())
	}
	if n := s.Layer(Buildings).Changes(); n >= mergeAt {
		t.Errorf("after the merge there are %d changes", n)
	}
	n := 0
	for f := range s.Layer(Buildings).Search(orb.Bound{Min: orb.Point{113, 22}, Max: orb.Point{118, 23}}) {
		if f.Class() == uint8(mapview.UseOffice) {
			n++
		}
	}
	if n != 2600 {
		t.Errorf("%d of 2600 buildings have their new use", n)
	}
}

func TestOpenGPKG(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("LocalAppData", t.TempDir())
	ctx := context.Background()
	st := city(t, 40)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	tables := map[string][]string{"building": {"use", "nothing"}, "event": nil}
	for _, how := range []string{"from the file", "from the cache"} {
		g, err := OpenGPKG(ctx, st.Path(), tables)
		if err != nil {
			t.Fatal(err)
		}
		g.Wait()
		b := g.Layers["building"]
		if len(g.Layers) != 2 || b.Len() != 40 || g.Layers["event"].Len() != 2 {
			t.Fatalf("%s: %d layers, %d buildings", how, len(g.Layers), b.Len())
		}
		f, ok := b.Find(RowID(2))
		use, known := f.Property("use")
		_, nothing := f.Property("nothing")
		if text, _ := use.AsStr(); !ok || !known || text != "industrial" || nothing || RowOf(f.ID()) != 2 {
			t.Errorf("%s: row 2 found %v, use %v", how, ok, use)
		}
	}
	all, err := OpenGPKG(ctx, st.Path(), nil)
	if err != nil || all.Layers["region"] == nil {
		t.Errorf("all tables: %v, %v", all, err)
	}
	all.Wait()
	if _, err := OpenGPKG(ctx, st.Path(), map[string][]string{"not there": nil}); !errors.Is(err, block.ErrNotFound) {
		t.Errorf("a table that is not there: %v", err)
	}
	if _, err := OpenGPKG(ctx, filepath.Join(t.TempDir(), "no.gpkg"), nil); err == nil {
		t.Error("a file that is not there is read")
	}
}
