package simtest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/store"
)

// olderSet is the product's declarations as they were some versions ago: without the last fields of buildings, and two
// versions ago without components.
func olderSet(t testing.TB, versions int) *schema.Set {
	t.Helper()
	kinds := set.Kinds()
	for i := range kinds {
		if kinds[i].Name == "building" {
			kinds[i].Fields = slices.Clone(kinds[i].Fields[:len(kinds[i].Fields)-versions])
		}
	}
	if versions > 1 {
		kinds = slices.DeleteFunc(kinds, func(k schema.Kind) bool { return k.Name == "component" })
	}
	s, err := schema.NewSet(kinds)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func components(w *town, n int) []block.Record {
	p := plan("component")
	var out []block.Record
	for i := range n {
		r := p.New(block.BulkID(1, p.Kind.No, uint64(i)), w.grids[i%len(w.grids)])
		p.Set(&r, "code", block.TextValue("C"+string(rune('A'+i%26))))
		p.Set(&r, "type", block.TextValue("lamp"))
		r.Geometry = pointWKB(1140000000+int32(i), 225000000)
		out = append(out, r)
	}
	return out
}

// withNotes fills the fields that older versions do not know.
func withNotes(w *town, n int) []block.Record {
	p := plan("building")
	out := slices.Collect(w.records(n, 0, 0, 0))
	for i := range out {
		if i%2 == 0 {
			p.Set(&out[i], "note", block.TextValue("备注"))
			p.Set(&out[i], "ownership", block.TextValue("集体"))
		}
	}
	return out
}

func field(t testing.TB, d *townDevice, kind block.Kind, id block.ID, name string) block.Value {
	t.Helper()
	r, err := d.s.Reader().Get(context.Background(), kind, id)
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.s.Set().Plan(kind)
	if err != nil {
		t.Fatal(err)
	}
	return p.Get(r, name)
}

func (d *townDevice) change(t testing.TB, kind block.Kind, id block.ID, name string, v block.Value) {
	t.Helper()
	p, err := d.s.Set().Plan(kind)
	if err != nil {
		t.Fatal(err)
	}
	e := block.Edit{Verb: block.Update, Kind: kind, ID: id, Fields: []block.FieldSet{{Field: p.Index(name), New: v}}}
	if _, err := d.Edit(context.Background(), []block.Edit{e}, "甲"); err != nil {
		t.Fatal(err)
	}
}

// reopen closes the device's store and opens it with the declarations of another version.
func (d *townDevice) reopen(t testing.TB, declared *schema.Set) {
	t.Helper()
	if err := d.s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(context.Background(), d.path, store.Options{Set: declared})
	if err != nil {
		t.Fatal(err)
	}
	d.s, d.Writer = s, s.Writer()
	t.Cleanup(func() { _ = s.Close() })
}

// Devices one and two versions behind their server hold, prove and push as those of its own version do, and hand on what
// they do not know as it is.
func TestOlderClients(t *testing.T) {
	for versions := range 3 {
		w := newTown(t, set, 1)
		w.load(t, slices.Values(append(withNotes(w, 200), components(w, 20)...)))
		own := w.enrol(t, set, w.tree.Root(), "desk")
		own.sync(t, true)
		declared := set
		if versions > 0 {
			declared = olderSet(t, versions)
		}
		old := w.enrol(t, declared, w.tree.Root(), "desk")
		if r := old.sync(t, true); r.Repaired != 0 {
			t.Errorf("%d versions behind: %d rows repaired", versions, r.Repaired)
		}
		id := block.BulkID(1, 5, 4)
		old.change(t, "building", id, "name", block.TextValue("新名"))
		old.sync(t, true)
		own.sync(t, true)
		if n, v := field(t, own, "building", id, "name"), field(t, own, "building", id, "note"); n.Text() != "新名" || v.Text() != "备注" {
			t.Errorf("%d versions behind: a push made name %q, note %q", versions, n.Text(), v.Text())
		}
		own.change(t, "building", id, "note", block.TextValue("新备注")) // comes as a changed column
		own.change(t, "component", block.BulkID(1, 16, 3), "state", block.TextValue("坏"))
		own.sync(t, true)
		if r := old.sync(t, true); r.Repaired != 0 {
			t.Errorf("%d versions behind: %d rows repaired after a delta", versions, r.Repaired)
		}
		// The new version of the program finds all of it here.
		old.reopen(t, set)
		if v := field(t, old, "building", id, "note"); v.Text() != "新备注" {
			t.Errorf("%d versions behind: after the upgrade the note is %q", versions, v.Text())
		}
		if v := field(t, old, "component", block.BulkID(1, 16, 3), "state"); v.Text() != "坏" {
			t.Errorf("%d versions behind: after the upgrade the state is %q", versions, v.Text())
		}
		if r := old.sync(t, true); r.Pulled != 0 || r.Repaired != 0 {
			t.Errorf("%d versions behind: the upgrade fetched %d rows and repaired %d", versions, r.Pulled, r.Repaired)
		}
	}
}

// The server is upgraded in mid-life, the device later or never: fields and kinds come when the server has them.
func TestServerUpgrade(t *testing.T) {
	kinds := slices.DeleteFunc(olderSet(t, 1).Kinds(), func(k schema.Kind) bool { return k.Name == "component" })
	older, err := schema.NewSet(kinds)
	if err != nil {
		t.Fatal(err)
	}
	w := newTown(t, older, 1)
	w.load(t, func(yield func(block.Record) bool) {
		for r := range w.records(100, 0, 0, 0) {
			p, _ := older.Plan("building")
			r.Values = r.Values[:len(p.Kind.Fields)]
			if !yield(r) {
				return
			}
		}
	})
	old := w.enrol(t, older, w.tree.Root(), "desk")
	old.sync(t, true)
	w.down()
	w.set = set
	w.up(t)
	w.load(t, slices.Values(components(w, 5)))
	if r := old.sync(t, true); r.Repaired != 0 {
		t.Errorf("after the server's upgrade %d rows were repaired", r.Repaired)
	}
	if v := field(t, old, "component", block.BulkID(1, 16, 3), "type"); v.Text() != "lamp" {
		t.Errorf("a kind installed while running: type %q", v.Text())
	}
	id := block.BulkID(1, 5, 7)
	old.change(t, "building", id, "note", block.TextValue("由旧版本写")) // a declared field can be edited too
	old.sync(t, true)
	own := w.enrol(t, set, w.tree.Root(), "desk")
	own.sync(t, true)
	if v := field(t, own, "building", id, "note"); v.Text() != "由旧版本写" {
		t.Errorf("the note is %q", v.Text())
	}
	old.reopen(t, older) // the old program again: what was declared is remembered
	if r := old.sync(t, true); r.Pulled != 0 || r.Repaired != 0 {
		t.Errorf("reopened: %d pulled, %d repaired", r.Pulled, r.Repaired)
	}
}

// Declarations that contradict the program's own are refused, and so is a store that a newer program made by itself.
func TestDeclarationsThatDoNotFit(t *testing.T) {
	ctx := context.Background()
	kinds := set.Kinds()
	for i := range kinds {
		if kinds[i].Name == "building" {
			kinds[i].Fields = slices.Clone(kinds[i].Fields)
			kinds[i].Fields[3].Type = block.Int
			kinds[i].Fields[3].Search = 0
		}
	}
	w := newTown(t, set, 1)
	d := w.enrol(t, set, w.tree.Root(), "desk")
	if _, err := d.Declare(ctx, [32]byte{1}, kinds); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("a retyped field: %v, want ErrInvalid", err)
	}
	d.sync(t, true)
	if err := d.s.Close(); err != nil {
		t.Fatal(err)
	}
	fresh := w.enrol(t, set, w.tree.Root(), "desk")
	if err := fresh.s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err := store.Open(ctx, fresh.path, store.Options{Set: olderSet(t, 1)}); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("a store of a newer program: %v, want ErrInvalid", err)
		if err == nil {
			s.Close()
		}
	}
}
