package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"iter"

	"kuaitu/block"
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
	text indexText
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
	var x texter
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
		item.text = x.textOf(tb, r)
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
	bulk := t.newBulk(tb)
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
			if err := bulk.indexText(docOf(tb, fid), item.text); err != nil {
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
	bulk.indexed = true
	if err := bulk.finish(from); err != nil {
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
