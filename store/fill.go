package store

import (
	"database/sql/driver"
	"fmt"
	"slices"

	"kuaitu/block"
)

// maxWaiting is how many records a fill keeps in memory that wait for parts of further classes.
const maxWaiting = 1 << 18

// filler fills the table of a kind that was empty when the cut began. Rows are written once, when every class that the cut
// can bring is here, without a look at the table; triggers and indexes are away meanwhile. Leaves are made from the values
// in their column form, which is what a table gives back. A part of a record that is written already goes the way of any
// other change, by the row's number.
type filler struct {
	a       *applier
	tb      *table
	want    block.ClassSet
	from    int64 // last row number before
	fid     int64 // and now
	waiting map[block.ID]*state
	order   []block.ID // of those that wait or waited
	written map[block.ID]int64
	opened  bool                // triggers and indexes are away
	rows    int                 // in args
	args    []driver.NamedValue // of rows that are not handed over yet
	scratch []any
	boxes   []box          // of the rows in order; fid 0 where there is no geometry
	redo    map[int64]bool // rows that were changed after they were written
}

// openFills finds the kinds without a row.
func (a *applier) openFills(cut block.CutPlan) error {
	var classes block.ClassSet
	for _, s := range cut.Streams {
		classes = classes.With(s.Stream.Class)
	}
	for _, tb := range a.t.s.kinds().tables {
		n, err := a.t.c.number(fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM %s) + EXISTS (SELECT 1 FROM kt_base WHERE kind = ?)", quote(tb.name)), tb.no)
		if err != nil {
			return err
		}
		if n != 0 {
			continue
		}
		from, err := a.t.lastFid(tb)
		if err != nil {
			return err
		}
		a.fills[tb.no] = &filler{
			a: a, tb: tb, want: tb.plan.Classes() & classes, from: from, fid: from,
			waiting: map[block.ID]*state{}, written: map[block.ID]int64{}, redo: map[int64]bool{},
		}
	}
	return nil
}

// drain has every row written that was given to a fill, so that the connection can be used.
func (a *applier) drain() error {
	for _, f := range a.fills {
		if err := f.hand(); err != nil {
			return err
		}
	}
	if a.inserts == nil {
		return nil
	}
	return a.inserts.wait()
}

// closeFills finishes the fills.
func (a *applier) closeFills() error {
	for _, f := range a.fills {
		if err := f.flush(); err != nil {
			return err
		}
	}
	if err := a.flush(); err != nil {
		return err
	}
	for _, tb := range a.t.s.kinds().tables {
		if f := a.fills[tb.no]; f != nil {
			if err := f.finish(); err != nil {
				return err
			}
		}
	}
	clear(a.fills)
	return nil
}

// state returns the state of a record that is not written yet; nil when it is.
func (f *filler) state(id block.ID) (*state, error) {
	if st := f.waiting[id]; st != nil {
		return st, nil
	}
	if _, written := f.written[id]; written {
		return nil, nil
	}
	if len(f.waiting) >= maxWaiting {
		if err := f.flush(); err != nil {
			return nil, err
		}
	}
	st := &state{row: row{rec: block.Record{Kind: f.tb.plan.Kind.Name, ID: id, Values: make([]block.Value, f.tb.fields)}}}
	f.waiting[id] = st
	f.order = append(f.order, id)
	return st, nil
}

// settle writes a record that a part was put into when nothing more can come of it in other classes. Of the twins, masked
// and sensitive, one comes.
func (f *filler) settle(id block.ID, st *state) error {
	const twins = block.ClassSet(1<<block.Sensitive | 1<<block.Masked)
	missing := f.want &^ st.rec.Parts
	if st.rec.Parts&twins != 0 {
		missing &^= twins
	}
	if missing != 0 {
		return nil
	}
	delete(f.waiting, id)
	return f.write(id, st)
}

// flush writes what waits.
func (f *filler) flush() error {
	for _, id := range f.order {
		if st := f.waiting[id]; st != nil {
			delete(f.waiting, id)
			if err := f.write(id, st); err != nil {
				return err
			}
		}
	}
	f.order = f.order[:0]
	return nil
}

// write inserts one row.
func (f *filler) write(id block.ID, st *state) error {
	if st.rec.Parts == 0 {
		return nil // dropped again
	}
	t := f.a.t
	if !f.opened {
		if f.a.inserts == nil {
			if err := t.loadTallies(); err != nil {
				return err
			}
			f.a.inserts = newInserter(t.c)
		}
		if err := f.a.inserts.wait(); err != nil {
			return err
		}
		if err := t.c.openKind(f.tb, true); err != nil {
			return err
		}
		f.opened = true
	}
	f.fid++
	if f.fid&0xfff == 0 && t.ctx.Err() != nil {
		return t.ctx.Err()
	}
	st.present, st.placed, st.fid = true, len(st.places) > 0, f.fid
	f.scratch = f.tb.appendArgs(f.scratch[:0], &st.row)
	if f.tb.geom {
		blob := blobArg(st.rec.Geometry)
		f.scratch = append(f.scratch, blob)
		at := box{}
		if b, ok := blob.([]byte); ok {
			if bounds, ok := blobBounds(b); ok {
				at = box{hilbert(bounds.Center()), f.fid, bounds}
			}
		}
		f.boxes = append(f.boxes, at)
	}
	f.scratch = append(f.scratch, f.fid)
	if f.args == nil {
		if f.args = f.a.inserts.buffer(); cap(f.args) < insertRows*len(f.scratch) {
			f.args = make([]driver.NamedValue, 0, insertRows*len(f.scratch))
		}
	}
	for _, v := range f.scratch {
		f.args = append(f.args, driver.NamedValue{Value: v})
	}
	if f.rows++; f.rows == insertRows {
		if err := f.hand(); err != nil {
			return err
		}
	}
	f.written[id] = f.fid
	if st.placed {
		if err := f.a.inserts.wait(); err != nil {
			return err
		}
		if err := t.savePlaces(&cell{tb: f.tb, id: id}, st.places, true); err != nil {
			return err
		}
	}
	return t.account(f.tb, st, true)
}

// hand gives the rows at hand to be written.
func (f *filler) hand() error {
	if f.rows == 0 {
		return nil
	}
	b := insertBatch{f.tb, f.rows, f.args}
	f.rows, f.args = 0, nil
	return f.a.inserts.put(b)
}

// cell reads a record that was written in this fill.
func (f *filler) cell(id block.ID) (*cell, error) {
	if err := f.a.drain(); err != nil {
		return nil, err
	}
	fid := f.written[id]
	f.redo[fid] = true
	return f.a.t.cellBy(f.tb, id, f.tb.selectFid, fid)
}

// finish makes the R*Tree, the index by id and the triggers, and either the rest or a note that it is to be made.
func (f *filler) finish() error {
	if !f.opened {
		return nil
	}
	t, tb := f.a.t, f.tb
	b := t.newBulk(tb)
	for fid := range f.redo {
		if !tb.geom {
			break
		}
		v, err := t.c.one("SELECT geom FROM "+quote(tb.name)+" WHERE fid = ?", fid)
		if err != nil {
			return err
		}
		at := &f.boxes[fid-f.from-1]
		*at = box{}
		if v != nil {
			if bounds, ok := blobBounds(asBytes(v[0])); ok {
				*at = box{hilbert(bounds.Center()), fid, bounds}
			}
		}
	}
	b.boxes = slices.DeleteFunc(f.boxes, func(x box) bool { return x.fid == 0 })
	for _, x := range b.boxes {
		b.bounds = union(b.bounds, x.b)
	}
	if err := b.write(); err != nil {
		return err
	}
	b.boxes, f.boxes = nil, nil
	t.changed(tb.plan.Kind.Name, block.ID{}, b.bounds)
	if f.fid-f.from > deferRows {
		return t.deferKind(tb, f.from, f.fid)
	}
	if len(tb.plan.Searched()) > 0 {
		if err := b.scan(f.from, nil); err != nil {
			return err
		}
		b.boxes = nil
		if err := b.write(); err != nil {
			return err
		}
	}
	return t.c.finishKind(tb)
}
