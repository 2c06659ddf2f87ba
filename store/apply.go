package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"

	"kuaitu/block"
)

// flushAt is how many records a cut holds in memory before it writes them: a street's buildings are written once, though
// their parts come by two streams.
const flushAt = 1 << 16

// MapCacheSuffix is appended to a store's path for the file in which its map layers are kept packed: a copy, with the names
// of buildings, that goes when what it was made from is purged.
const MapCacheSuffix = ".mapcache"

// recordKey names a record within a cut.
type recordKey struct {
	no int64
	id block.ID
}

// applier carries parts into the server's state within one transaction.
//
// A part says what one stream carries of a record; the record is here while any stream holds it. Three facts decide what
// a part does: which stream holds the home part of each class (the shard column for Public and Work, the home region for
// Sensitive and Masked, the root where there is no such region), which further streams hold it (kt_placement), and the
// version. Every change of a record is in every stream that holds it, so a part older than what another stream brought
// says nothing yet: its own stream has a newer one to come, which may carry only what changed since. So the older one is
// kept aside until then.
type applier struct {
	t       *tx
	cells   map[recordKey]*pendingCell
	order   []recordKey
	ready   map[recordKey]*row // rows read for the parts at hand; nil where there is none
	args    []any
	root    block.ID
	known   map[block.ID]bool // regions in the tree when the cut began
	guard   bool              // parts older than the row are stale, rows from before the cut included
	touched map[recordKey]bool
	late    map[lateKey]latePart   // parts that are older than the row, or of a record that is not here
	fills   map[int64]*filler      // kinds that were empty when the cut began
	inserts *inserter              // of the fills; the connection is free after drain
	repair  bool                   // rows may have been bent: a part says nothing about the other classes
	mended  map[recordKey]struct{} // records that a repair found to differ
	applied block.Applied
}

// lateKey names a record in one stream.
type lateKey struct {
	recordKey
	stream block.Stream
}

// latePart waits for what its stream says of the record further on. When it says no more, a hole is a fault: changes of a
// record that is not here.
type latePart struct {
	block.Part
	hole bool
}

type pendingCell struct {
	c    *cell
	next state
}

// ApplyCut moves the replica to a new position in one transaction: rows, base, search text, R*Tree, tallies, cursors,
// witnesses, and the overlays of ops that the cut includes. A first cut of many rows leaves search text and further indexes
// to be made afterwards (see [Reader.Unbuilt]). Held streams that the plan does not list are purged with
// their search text. An error, from parts or from here, leaves everything as it was. Applying a cut twice is harmless.
func (w *Writer) ApplyCut(ctx context.Context, cut block.CutPlan, parts iter.Seq2[block.Part, error]) (block.Applied, error) {
	var out block.Applied
	deferred := false
	err := w.tx(ctx, func(t *tx) (err error) {
		out, err = t.applyCut(cut, parts)
		deferred = t.deferred
		return err
	})
	if err != nil {
		return block.Applied{}, fmt.Errorf("apply cut: %w", err)
	}
	if deferred {
		w.s.buildLater()
	}
	if out.Purged > 0 {
		// What was purged must not be readable in old pages of the log either, nor in the map's copy.
		if err := os.Remove(w.s.path + MapCacheSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return out, fmt.Errorf("apply cut: forget the map's copy of what was purged: %w", err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.c != nil {
			if err := w.c.script("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
				return out, nil // a reader holds the log; the next checkpoint does it
			}
		}
	}
	return out, nil
}

func (t *tx) newApplier() (*applier, error) {
	tree, err := t.regions()
	if err != nil {
		return nil, err
	}
	a := &applier{t: t, cells: map[recordKey]*pendingCell{}, ready: map[recordKey]*row{}, root: tree.Root(), known: map[block.ID]bool{}, late: map[lateKey]latePart{}, fills: map[int64]*filler{}, mended: map[recordKey]struct{}{}}
	for _, r := range tree.All() {
		a.known[r.ID] = true
	}
	t.fills = a.fills
	return a, nil
}

func (t *tx) applyCut(cut block.CutPlan, parts iter.Seq2[block.Part, error]) (block.Applied, error) {
	mode, err := readMode(t.c)
	if err != nil {
		return block.Applied{}, err
	}
	if mode != Enrolled {
		return block.Applied{}, fmt.Errorf("the store is not enrolled: %w", block.ErrConflict)
	}
	cursors, err := readCursors(t.ctx, t.c)
	if err != nil {
		return block.Applied{}, err
	}
	a, err := t.newApplier()
	if err != nil {
		return block.Applied{}, err
	}
	same := cursors.Epoch == cut.Epoch
	a.guard = same && !cut.Mend
	if !a.guard {
		a.touched = map[recordKey]bool{}
	}
	a.repair, t.repair = cut.Mend, cut.Mend
	listed := make(map[block.Stream]block.StreamPlan, len(cut.Streams))
	seen := map[block.Stream]map[recordKey]bool{} // what replaced streams bring
	for _, s := range cut.Streams {
		if s.Stream.Class >= block.NumClasses {
			return a.applied, fmt.Errorf("stream of class %d: %w", s.Stream.Class, block.ErrInvalid)
		}
		listed[s.Stream] = s
		at, held := cursors.Streams[s.Stream]
		switch {
		case s.Replace && held:
			seen[s.Stream] = map[recordKey]bool{}
		case !s.Replace && !held && s.Seq > 0:
			return a.applied, fmt.Errorf("changes of stream %s/%s, which is not held: %w", s.Stream.Region, s.Stream.Class, block.ErrConflict)
		case !s.Replace && (s.Seq < at || !same):
			return a.applied, fmt.Errorf("stream %s/%s would go back or cross epochs without a snapshot: %w", s.Stream.Region, s.Stream.Class, block.ErrConflict)
		}
	}
	if cut.Mend {
		for _, tb := range t.s.kinds().tables {
			if len(tb.plan.Searched()) == 0 {
				continue
			}
			if err := t.sweepGone(tb); err != nil {
				return a.applied, err
			}
		}
	}
	if !cut.Mend { // which looks at what each record was
		if err := a.openFills(cut); err != nil {
			return a.applied, err
		}
		defer func() {
			if a.inserts != nil {
				a.inserts.close()
			}
		}()
	}
	batch := make([]block.Part, 0, manyRowsRead)
	for part, err := range parts {
		if err != nil {
			return a.applied, err
		}
		if _, ok := listed[part.Stream]; !ok {
			return a.applied, fmt.Errorf("a part of stream %s/%s, which the cut does not list: %w", part.Stream.Region, part.Stream.Class, block.ErrInvalid)
		}
		if m := seen[part.Stream]; m != nil {
			if tb := t.s.kinds().byKind[part.Kind]; tb != nil {
				if part.Drop {
					delete(m, recordKey{tb.no, part.ID})
				} else {
					m[recordKey{tb.no, part.ID}] = true
				}
			}
		}
		if batch = append(batch, part); len(batch) == cap(batch) {
			if err := a.parts(batch); err != nil {
				return a.applied, err
			}
			batch = batch[:0]
		}
	}
	if err := a.parts(batch); err != nil {
		return a.applied, err
	}
	for _, l := range a.late {
		if l.hole {
			return a.applied, &block.HoleError{Stream: l.Stream, Kind: l.Kind, ID: l.ID}
		}
	}
	if err := a.closeFills(); err != nil {
		return a.applied, err
	}
	for s, m := range seen {
		n, err := a.dropStream(s, m)
		if err != nil {
			return a.applied, err
		}
		a.applied.Dropped += n
	}
	for s := range cursors.Streams {
		if _, ok := listed[s]; !ok {
			n, err := a.dropStream(s, nil)
			if err != nil {
				return a.applied, err
			}
			a.applied.Purged += n
			if err := t.c.exec("DELETE FROM kt_cursor WHERE region = ? AND class = ?", s.Region, int(s.Class)); err != nil {
				return a.applied, err
			}
		}
	}
	if a.applied.Purged > 0 {
		// Dropped text stays in the index' old segments until they are merged: merge all of them now.
		for _, q := range []string{"INSERT INTO kt_search (kt_search) VALUES ('optimize')", "INSERT INTO kt_pinyin (kt_pinyin) VALUES ('optimize')"} {
			if err := t.c.exec(q); err != nil {
				return a.applied, err
			}
		}
	}
	for _, s := range cut.Streams {
		if err := t.c.exec("INSERT OR REPLACE INTO kt_cursor (region, class, seq) VALUES (?, ?, ?)", s.Stream.Region, int(s.Stream.Class), int64(s.Seq)); err != nil {
			return a.applied, err
		}
	}
	if cut.Mend {
		for _, tb := range t.s.kinds().tables {
			if err := t.resetTallies(tb); err != nil { // the bent rows' leaves were never in them
				return a.applied, err
			}
		}
	}
	if err := t.saveWitnesses(cut, cursors); err != nil {
		return a.applied, err
	}
	if err := t.writeKey("epoch", cut.Epoch); err != nil {
		return a.applied, err
	}
	if err := t.c.exec("DELETE FROM kt_staging"); err != nil {
		return a.applied, err
	}
	return a.applied, t.releaseDone(true)
}

// saveWitnesses keeps the cut's witnesses and forgets those of shards that are held no more.
func (t *tx) saveWitnesses(cut block.CutPlan, was block.Cursors) error {
	held := map[block.ID]bool{}
	for _, s := range cut.Streams {
		held[s.Stream.Region] = true
	}
	for _, w := range was.Witnesses {
		if !held[w.Shard] || was.Epoch != cut.Epoch {
			if err := t.c.exec("DELETE FROM kt_witness WHERE shard = ?", w.Shard); err != nil {
				return err
			}
		}
	}
	for _, w := range cut.Witnesses {
		if err := t.c.exec("INSERT OR REPLACE INTO kt_witness (shard, seq, sum) VALUES (?, ?, ?)", w.Shard, int64(w.Seq), w.Sum[:]); err != nil {
			return err
		}
	}
	return nil
}

// parts applies some parts to the records in memory; the rows that they need are read together.
func (a *applier) parts(list []block.Part) error {
	clear(a.ready)
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].Kind == list[0].Kind {
			n++
		}
		if err := a.prefetch(list[:n]); err != nil {
			return err
		}
		for _, p := range list[:n] {
			if err := a.part(p); err != nil {
				return err
			}
		}
		list = list[n:]
	}
	return nil
}

// prefetch reads the rows of records that are not in memory. All parts are of one kind.
func (a *applier) prefetch(parts []block.Part) error {
	tb, err := a.t.s.table(parts[0].Kind)
	if err != nil {
		return err
	}
	if a.fills[tb.no] != nil {
		return nil
	}
	args := a.args[:0]
	for _, p := range parts {
		key := recordKey{tb.no, p.ID}
		if _, read := a.ready[key]; a.cells[key] == nil && !read {
			a.ready[key] = nil
			args = append(args, p.ID)
		}
	}
	if len(args) == 0 {
		return nil
	}
	for len(args) < manyRowsRead {
		args = append(args, args[0])
	}
	a.args = args
	if err := a.drain(); err != nil {
		return err
	}
	return a.t.c.query(a.t.ctx, tb.selectIDs, args, func(v []driver.Value) error {
		r := tb.readRow(v)
		a.ready[recordKey{tb.no, r.rec.ID}] = &r
		return nil
	})
}

// part applies one part to the record in memory.
func (a *applier) part(p block.Part) error {
	tb, err := a.t.s.table(p.Kind)
	if err != nil {
		return err
	}
	c := p.Stream.Class
	if c >= block.NumClasses || !tb.plan.Classes().Has(c) {
		return fmt.Errorf("%s %s has no part of class %d: %w", p.Kind, p.ID, c, block.ErrInvalid)
	}
	if p.ID.IsZero() {
		return fmt.Errorf("a part of %s without an id: %w", p.Kind, block.ErrInvalid)
	}
	key := recordKey{tb.no, p.ID}
	f := a.fills[tb.no]
	var next *state
	if f != nil {
		if next, err = f.state(p.ID); err != nil {
			return err
		}
	}
	filling := next != nil
	if !filling {
		if next, err = a.state(key, tb, f); err != nil {
			return err
		}
	}
	late, again := a.late[lateKey{key, p.Stream}]
	if again {
		delete(a.late, lateKey{key, p.Stream})
	}
	if p.Drop {
		if a.drop(tb, next, p) {
			a.applied.Dropped++
		}
		return nil
	}
	if len(p.Values) > len(tb.plan.Fields(c)) {
		return fmt.Errorf("%s %s: %d values for %d fields of class %s: %w", p.Kind, p.ID, len(p.Values), len(tb.plan.Fields(c)), c, block.ErrInvalid)
	}
	if tb.plan.CarriesGeometry(c) && p.Have.Geometry() {
		if err := checkGeometry(tb.plan, p.Geometry); err != nil {
			return err
		}
	}
	if again {
		p = p.Over(late.Part)
	}
	if next.rec.Parts != 0 && p.Ver < next.rec.Ver && (a.guard || a.touched[key]) {
		a.late[lateKey{key, p.Stream}] = latePart{Part: p}
		return nil
	}
	if p.Have != 0 && !a.holds(next, p) {
		a.late[lateKey{key, p.Stream}] = latePart{p, true}
		return nil
	}
	if a.touched != nil {
		a.touched[key] = true
	}
	a.put(tb, next, p)
	a.applied.Put++
	if filling {
		return f.settle(p.ID, next)
	}
	return nil
}

// state returns the state, in memory, of a record that has a row or may have one; f is the fill of its kind or nil.
func (a *applier) state(key recordKey, tb *table, f *filler) (*state, error) {
	if pc := a.cells[key]; pc != nil {
		return &pc.next, nil
	}
	if len(a.cells) >= flushAt {
		if err := a.flush(); err != nil {
			return nil, err
		}
	}
	var c *cell
	var err error
	if f != nil {
		c, err = f.cell(key.id)
	} else if err = a.drain(); err == nil {
		if shown, read := a.ready[key]; read {
			c, err = a.t.cellOf(tb, key.id, shown, nil)
		} else {
			c, err = a.t.cell(tb, key.id)
		}
	}
	if err != nil {
		return nil, err
	}
	pc := &pendingCell{c: c, next: c.server}
	pc.next.places = slices.Clone(c.server.places)
	if pc.next.rec.Values == nil {
		pc.next.rec = block.Record{Kind: tb.plan.Kind.Name, ID: key.id, Values: make([]block.Value, tb.fields)}
	} else {
		pc.next.rec = pc.next.rec.Clone()
	}
	a.cells[key] = pc
	a.order = append(a.order, key)
	return &pc.next, nil
}

// homeIn reports whether the home part of class c of a record would be held by stream region s.
func (a *applier) homeIn(st *state, c block.Class, s block.ID) bool {
	if c.Field() != block.Sensitive {
		return st.shard == s
	}
	return st.rec.Region == s || s == a.root && !a.known[st.rec.Region]
}

// holds reports whether a record is here through the stream of p already, so that p need not be whole.
func (a *applier) holds(st *state, p block.Part) bool {
	c := p.Stream.Class
	if p.Foreign {
		return st.rec.Parts.Has(c) && slices.Contains(st.places, place{p.Stream.Region, c})
	}
	return st.rec.Parts.Has(c) && st.home.Has(c) && a.homeIn(st, c, p.Stream.Region)
}

func (a *applier) put(tb *table, st *state, p block.Part) {
	c := p.Stream.Class
	if !p.Have.Region() {
		p.Region = st.rec.Region
	}
	at := place{p.Stream.Region, c}
	if p.Foreign {
		if st.home.Has(c) && a.homeIn(st, c, p.Stream.Region) {
			st.home = st.home.Without(c) // it moved away and stays placed here
		}
		if !slices.Contains(st.places, at) {
			st.places = append(st.places, at)
		}
	} else {
		st.places = slices.DeleteFunc(st.places, func(x place) bool { return x == at })
		a.moveHome(tb, st, p)
		st.home = st.home.With(c)
		switch c { // one twin replaces the other
		case block.Masked:
			st.home = st.home.Without(block.Sensitive)
		case block.Sensitive:
			st.home = st.home.Without(block.Masked)
		}
	}
	tb.plan.Merge(&st.rec, p)
	if a.root.IsZero() && tb.name == "region" && tb.plan.Get(st.rec, "parent").IsNull() {
		a.root = p.ID // the first cut brings it
	}
	for i, f := range tb.plan.Fields(c) { // fields that an older server does not know
		if i >= len(p.Values) && p.Have == 0 {
			st.rec.Values[f] = block.Value{}
		}
	}
	a.strip(tb, st)
}

// moveHome follows a record to another home. Home parts of other classes whose stream is another now are let go: their new
// stream, if it is in scope, brings them in this same cut.
func (a *applier) moveHome(tb *table, st *state, p block.Part) {
	shard := st.shard
	if p.Stream.Class.Field() != block.Sensitive {
		shard = p.Stream.Region
	}
	for c := block.Public; c < block.NumClasses; c++ {
		if !st.home.Has(c) || a.repair {
			continue
		}
		moved := st.shard != shard
		if c.Field() == block.Sensitive {
			moved = st.rec.Region != p.Region
		}
		if moved {
			st.home = st.home.Without(c)
		}
	}
	st.shard = shard
}

// drop takes a record out of a stream. It reports whether that changed anything.
func (a *applier) drop(tb *table, st *state, p block.Part) bool {
	c := p.Stream.Class
	at := place{p.Stream.Region, c}
	changed := false
	if slices.Contains(st.places, at) {
		st.places = slices.DeleteFunc(st.places, func(x place) bool { return x == at })
		changed = true
	}
	if !p.Foreign && st.home.Has(c) && (a.homeIn(st, c, p.Stream.Region) || p.Ver > st.rec.Ver) {
		st.home = st.home.Without(c)
		changed = true
	}
	a.strip(tb, st)
	return changed
}

// strip clears the values of classes that no stream holds any more.
func (a *applier) strip(tb *table, st *state) {
	for c := block.Public; c < block.NumClasses; c++ {
		if !st.rec.Parts.Has(c) || st.home.Has(c) || slices.ContainsFunc(st.places, func(x place) bool { return x.class == c }) {
			continue
		}
		twin := block.Masked
		if c == block.Masked {
			twin = block.Sensitive
		}
		if c.Field() == block.Sensitive && st.rec.Parts.Has(twin) {
			st.rec.Parts = st.rec.Parts.Without(c) // the values are the twin's now
			continue
		}
		tb.plan.Strip(&st.rec, c)
	}
}

// flush writes the records in memory.
func (a *applier) flush() error {
	if err := a.drain(); err != nil {
		return err
	}
	clear(a.ready) // they are what was before
	save := saver{t: a.t}
	for n, key := range a.order {
		if n%256 == 0 && a.t.ctx.Err() != nil {
			return a.t.ctx.Err()
		}
		pc := a.cells[key]
		if a.repair {
			if a.t.same(pc.c, &pc.next) {
				continue
			}
			if _, again := a.mended[key]; !again { // its parts may come in two batches
				a.mended[key] = struct{}{}
				a.applied.Mended++
				if len(a.applied.Named) < block.MaxNamed {
					a.applied.Named = append(a.applied.Named, block.MendedOf{Kind: pc.c.tb.plan.Kind.Name, ID: pc.c.id})
				}
			}
		}
		if err := save.save(pc.c, &pc.next); err != nil {
			return err
		}
	}
	if err := save.finish(); err != nil {
		return err
	}
	clear(a.cells)
	a.order = a.order[:0]
	return nil
}

// dropStream takes out of a stream every record that it holds and keep does not name. It returns how many.
func (a *applier) dropStream(s block.Stream, keep map[recordKey]bool) (int, error) {
	n := 0
	for _, tb := range a.t.s.kinds().tables {
		if !tb.plan.Classes().Has(s.Class) {
			continue
		}
		ids, err := a.heldBy(tb, s)
		if err != nil {
			return n, err
		}
		for _, id := range ids {
			if keep[recordKey{tb.no, id}] {
				continue
			}
			cell, err := a.t.cell(tb, id)
			if err != nil {
				return n, err
			}
			next := cell.server
			if !next.present {
				continue
			}
			next.rec = next.rec.Clone()
			next.places = slices.Clone(next.places)
			if a.drop(tb, &next, block.Part{Stream: s, Kind: tb.plan.Kind.Name, ID: id}) {
				if err := a.t.save(cell, next); err != nil {
					return n, err
				}
				n++
			}
		}
	}
	return n, nil
}

// heldBy lists the records of a kind that a stream holds, by home or placement.
func (a *applier) heldBy(tb *table, s block.Stream) ([]block.ID, error) {
	found := map[block.ID]bool{}
	add := func(v []driver.Value) error {
		found[asID(v[0])] = true
		return nil
	}
	t := a.t
	if err := t.c.query(t.ctx, "SELECT id FROM kt_placement WHERE region = ? AND class = ? AND kind = ?", []any{s.Region, int(s.Class), tb.no}, add); err != nil {
		return nil, err
	}
	where := "shard = ?"
	args := []any{s.Region}
	if s.Class.Field() == block.Sensitive {
		where = "region = ?"
		if s.Region == a.root {
			where = "(region = ? OR region IS NULL OR region NOT IN (SELECT id FROM \"region\"))"
		}
	}
	args = append(args, 1<<(homeShift+int(s.Class)))
	if err := t.c.query(t.ctx, "SELECT id FROM "+quote(tb.name)+" WHERE "+where+" AND parts & ?", args, add); err != nil {
		return nil, err
	}
	// Rows that an op hides or moved are known by their base alone.
	err := t.c.query(t.ctx, "SELECT id FROM kt_base WHERE kind = ? AND state IS NOT NULL", []any{tb.no}, add)
	if err != nil {
		return nil, err
	}
	ids := make([]block.ID, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(x, y block.ID) int { return slices.Compare(x[:], y[:]) })
	return ids, nil
}
