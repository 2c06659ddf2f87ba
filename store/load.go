package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"iter"
	"slices"

	"kuaitu/block"

	"github.com/paulmach/orb"
)

// loadBatch is how many records travel together from the goroutine that reads the source to the one that writes.
const loadBatch = 256

// Loaded counts what a load did.
type Loaded struct {
	Inserted, Updated int
}

// Load puts many records of one kind into a standalone store, in one transaction or not at all: rows, R*Tree, tallies and
// search text. A record whose id is there already replaces the old one. The first error of the source, a record that does
// not fit its declaration or a cancelled ctx leaves the store as it was. An enrolled store refuses it (ErrConflict): there,
// records come by ops.
//
// The source is read, and its records are checked and encoded, on a goroutine of its own while this one writes. progress,
// if not nil, is told the number of records written so far, on the calling goroutine.
func (w *Writer) Load(ctx context.Context, kind block.Kind, records iter.Seq2[block.Record, error], progress func(done int)) (Loaded, error) {
	var out Loaded
	tb, err := w.s.table(kind)
	if err != nil {
		return out, err
	}
	err = w.tx(ctx, func(t *tx) error {
		out, err = t.load(tb, records, progress)
		return err
	})
	if err != nil {
		return Loaded{}, fmt.Errorf("load %s: %w", kind, err)
	}
	return out, nil
}

// loadItem is one record on its way to the table: its columns as insertSQL wants them, fid left out.
type loadItem struct {
	row  row
	args []driver.NamedValue
}

// encodeBatches reads the source and sends its records in batches until it ends or ctx does.
func encodeBatches(ctx context.Context, tb *table, records iter.Seq2[block.Record, error], out chan<- []loadItem) error {
	classes := tb.plan.Classes() & block.AllParts
	batch := make([]loadItem, 0, loadBatch)
	send := func() bool {
		select {
		case out <- batch:
			batch = make([]loadItem, 0, loadBatch)
			return true
		case <-ctx.Done():
			return false
		}
	}
	var scratch []any
	n := 0
	for r, err := range records {
		n++
		if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		if r.Kind != tb.plan.Kind.Name {
			return fmt.Errorf("record %d is of kind %s: %w", n, r.Kind, block.ErrInvalid)
		}
		if r.ID.IsZero() {
			return fmt.Errorf("record %d has no id: %w", n, block.ErrInvalid)
		}
		r.Parts = classes
		if err := tb.plan.Check(r); err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		if err := checkGeometry(tb.plan, r.Geometry); err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		if r.Ver == 0 {
			r.Ver = 1
		}
		item := loadItem{row: row{rec: r, home: classes}}
		scratch = tb.appendArgs(scratch[:0], &item.row)
		if tb.geom {
			scratch = append(scratch, blobArg(r.Geometry))
		}
		item.args = make([]driver.NamedValue, len(scratch)+1)
		for i, a := range scratch {
			item.args[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
		}
		item.args[len(scratch)].Ordinal = len(scratch) + 1
		if batch = append(batch, item); len(batch) == loadBatch && !send() {
			return ctx.Err()
		}
	}
	if !send() {
		return ctx.Err()
	}
	return nil
}

// lastFid returns the last row id that a table ever had.
func (t *tx) lastFid(tb *table) (int64, error) {
	n, err := t.c.number("SELECT seq FROM sqlite_sequence WHERE name = ?", tb.name)
	if err != nil {
		return 0, err
	}
	top, err := t.c.number("SELECT max(fid) FROM " + quote(tb.name))
	return max(n, top), err
}

func (t *tx) load(tb *table, records iter.Seq2[block.Record, error], progress func(int)) (Loaded, error) {
	var out Loaded
	if err := t.becomeStandalone(); err != nil {
		return out, err
	}
	present, err := t.c.number("SELECT EXISTS (SELECT 1 FROM " + quote(tb.name) + ")")
	if err != nil {
		return out, err
	}
	from, err := t.lastFid(tb)
	if err != nil {
		return out, err
	}
	if err := t.c.openKind(tb, present == 0); err != nil {
		return out, err
	}
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	batches := make(chan []loadItem, 8)
	failed := make(chan error, 1)
	go func() {
		failed <- encodeBatches(ctx, tb, records, batches)
		close(batches)
	}()
	insert, err := t.c.prepare(tb.insertSQL)
	if err != nil {
		return out, err
	}
	var again []row // records that are there already
	fid, done := from, 0
	write := func(batch []loadItem) error {
		for i := range batch {
			item := &batch[i]
			if present != 0 {
				old, err := t.c.one("SELECT fid FROM "+quote(tb.name)+" WHERE id = ?", item.row.rec.ID)
				if err != nil {
					return err
				}
				if old != nil && asInt(old[0]) <= from {
					again = append(again, item.row)
					continue
				}
			}
			fid++
			item.args[len(item.args)-1].Value = fid
			if _, err := insert.run(item.args); err != nil {
				return err
			}
			out.Inserted++
		}
		done += len(batch)
		if progress != nil {
			progress(done)
		}
		return ctx.Err()
	}
	for batch := range batches {
		if err = write(batch); err != nil {
			break
		}
	}
	cancel()
	for range batches { // let the reader of the source see that it is over
	}
	if e := <-failed; err == nil {
		err = e
	}
	if err != nil {
		return out, err
	}
	if err := t.finishBulk(tb, from); err != nil {
		return out, err
	}
	for i := range again {
		c, err := t.cell(tb, again[i].rec.ID)
		if err != nil {
			return out, err
		}
		next := c.server
		next.row.rec = again[i].rec
		next.row.rec.Ver = c.server.rec.Ver + 1
		next.home = again[i].home
		if err := t.save(c, next); err != nil {
			return out, err
		}
		out.Updated++
	}
	return out, nil
}

// becomeStandalone makes a new store a standalone one; an enrolled one refuses.
func (t *tx) becomeStandalone() error {
	m, err := readMode(t.c)
	if err != nil {
		return err
	}
	switch m {
	case Enrolled:
		return fmt.Errorf("the store is enrolled: records come from the server and by edits: %w", block.ErrConflict)
	case New:
		return t.writeKey("mode", Standalone)
	}
	return nil
}

// box is one entry of an R*Tree.
type box struct {
	key uint64 // place on the Hilbert curve
	fid int64
	b   orb.Bound
}

// finishBulk makes everything that follows from the rows with a fid above from: indexes, R*Tree, tallies, search text.
// Leaves are made from the rows as read back.
func (t *tx) finishBulk(tb *table, from int64) error {
	var boxes []box
	all := nothing
	searched := len(tb.plan.Searched()) > 0
	n := 0
	err := t.c.query(t.ctx, tb.selectAll+" WHERE fid > ? ORDER BY fid", []any{from}, func(v []driver.Value) error {
		st := state{present: true, row: tb.readRow(v)}
		n++
		if st.placed {
			var err error
			if st.places, err = t.placesOf(tb, st.rec.ID); err != nil {
				return err
			}
		}
		if err := t.account(tb, &st, true); err != nil {
			return err
		}
		if b, ok := blobBounds(st.blob); ok {
			all = union(all, b)
			boxes = append(boxes, box{hilbert(orb.Point{(b.Min[0] + b.Max[0]) / 2, (b.Min[1] + b.Max[1]) / 2}), st.fid, b})
		}
		if searched {
			return t.index(tb, st.fid, st.rec)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if tb.geom {
		if err := t.fillRTree(tb, boxes); err != nil {
			return err
		}
		if len(boxes) > 0 {
			if err := t.widen(tb, all); err != nil {
				return err
			}
		}
	}
	if err := t.c.finishKind(tb); err != nil {
		return err
	}
	if n > 0 {
		t.changed(tb.plan.Kind.Name, all)
	}
	return nil
}

// fillRTree inserts boxes along the Hilbert curve.
func (t *tx) fillRTree(tb *table, boxes []box) error {
	slices.SortFunc(boxes, func(a, b box) int {
		if a.key < b.key {
			return -1
		}
		if a.key > b.key {
			return 1
		}
		return int(a.fid - b.fid)
	})
	insert, err := t.c.prepare("INSERT INTO " + tb.rtree() + " VALUES (?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	args := make([]driver.NamedValue, 5)
	for i := range args {
		args[i].Ordinal = i + 1
	}
	for _, b := range boxes {
		args[0].Value, args[1].Value, args[2].Value = b.fid, b.b.Min[0], b.b.Max[0]
		args[3].Value, args[4].Value = b.b.Min[1], b.b.Max[1]
		if _, err := insert.run(args); err != nil {
			return err
		}
	}
	return nil
}

// widen keeps the layer's extent in gpkg_contents, which is information for viewers and may be too wide.
func (t *tx) widen(tb *table, b orb.Bound) error {
	return t.c.exec(`UPDATE gpkg_contents SET
		min_x = min(coalesce(min_x, ?1), ?1), min_y = min(coalesce(min_y, ?2), ?2),
		max_x = max(coalesce(max_x, ?3), ?3), max_y = max(coalesce(max_y, ?4), ?4),
		last_change = strftime('%Y-%m-%dT%H:%M:%fZ','now') WHERE table_name = ?5`,
		b.Min[0], b.Min[1], b.Max[0], b.Max[1], tb.name)
}
