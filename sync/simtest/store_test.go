package simtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"kuaitu/block"
	"kuaitu/store"
	"kuaitu/sync/syncer/replicatest"
)

// fileStore is the product's own store as a device's.
type fileStore struct {
	*store.Writer
	s    *store.Store
	path string
	opt  store.Options
	area area
}

func newFileStore(path string, a area, opt store.Options) (*fileStore, error) {
	s, err := store.Create(context.Background(), path, store.Meta{Name: "sim"}, opt)
	if err != nil {
		return nil, err
	}
	return &fileStore{Writer: s.Writer(), s: s, path: path, opt: opt, area: a}, nil
}

func (f *fileStore) edit(op block.Op) (block.Op, error) {
	return f.Edit(context.Background(), op.Edits, op.Author)
}

func (f *fileStore) ops() map[block.ID]block.Receipt {
	list, err := f.s.Reader().Ops(context.Background(), 0)
	if err != nil {
		panic(err)
	}
	out := map[block.ID]block.Receipt{}
	for _, o := range list {
		out[o.ID] = block.Receipt{Op: o.ID, Fate: o.Fate, Reason: o.Reason, Seq: o.Seq}
	}
	return out
}

// parts puts the parts together from what is shown and the keys under which it is counted. With ops pending, what is
// shown is more than the server's state.
func (f *fileStore) parts() []block.Part {
	ctx := context.Background()
	tallies, err := f.Recompute(ctx)
	if err != nil {
		panic(err)
	}
	var out []block.Part
	for key := range tallies {
		leaves, err := f.Leaves(ctx, key)
		if err != nil {
			panic(err)
		}
		stream := f.area.tree.StreamOf(key.Region, key.Class)
		if key.Foreign {
			stream = block.Stream{Region: key.Region, Class: key.Class}
		}
		for id := range leaves {
			rec, err := f.s.Reader().Get(ctx, key.Kind, id)
			if errors.Is(err, block.ErrNotFound) {
				continue // hidden by a deletion of the user's
			}
			if err != nil {
				panic(err)
			}
			p := plan(key.Kind).Part(rec, key.Class)
			p.Stream, p.Foreign = stream, key.Foreign
			out = append(out, p)
		}
	}
	slices.SortFunc(out, replicatest.ComparePart)
	return out
}

func (f *fileStore) find(kind block.Kind, class block.Class) []block.Part {
	list, err := f.s.Reader().List(context.Background(), store.Query{Kind: kind})
	if err != nil {
		panic(err)
	}
	var out []block.Part
	for _, rec := range list {
		if rec.Parts.Has(class) {
			p := plan(kind).Part(rec, class)
			p.Stream = f.area.tree.StreamOf(rec.Region, class)
			out = append(out, p)
		}
	}
	return out
}

// tamper changes a row by plain SQL, as somebody with another program would.
func (f *fileStore) tamper(r *rand.Rand) bool {
	db, err := sql.Open("sqlite", f.path)
	if err != nil {
		panic(err)
	}
	defer db.Close()
	// Feature tables have triggers that call functions which only GIS programs have.
	var changes = []string{
		`UPDATE person SET name = 'tampered' WHERE fid = (SELECT fid FROM person LIMIT 1 OFFSET %d)`,
		`UPDATE room SET ver = ver + 1 WHERE fid = (SELECT fid FROM room LIMIT 1 OFFSET %d)`,
		`UPDATE room SET number = '666' WHERE fid = (SELECT fid FROM room LIMIT 1 OFFSET %d)`,
		`DELETE FROM room WHERE fid = (SELECT fid FROM room LIMIT 1 OFFSET %d)`,
	}
	res, err := db.Exec(fmt.Sprintf(changes[r.IntN(len(changes))], r.IntN(2)))
	if err != nil {
		panic(err)
	}
	n, _ := res.RowsAffected()
	return n > 0
}

func (f *fileStore) reopen() error {
	if err := f.s.Close(); err != nil {
		return err
	}
	s, err := store.Open(context.Background(), f.path, f.opt)
	if err != nil {
		return err
	}
	f.s, f.Writer = s, s.Writer()
	return nil
}

func (f *fileStore) close() error { return f.s.Close() }

func TestFileReplica(t *testing.T) {
	testReplica(t, func(t *testing.T, a area) replica {
		f, err := newFileStore(filepath.Join(t.TempDir(), "store.gpkg"), a, store.Options{Readers: 1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.close() })
		if err := f.SetEnrolment(t.Context(), enrolmentFor(a)); err != nil {
			t.Fatal(err)
		}
		return f
	})
}
