package store

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"kuaitu/block"
	"kuaitu/block/schema"

	"github.com/paulmach/orb"
)

// Writer is the writing half of a store: loads, edits and sync. Calls wait for each other; each is one transaction, so
// that a failure leaves the data as it was.
type Writer struct {
	s  *Store
	mu sync.Mutex // guards c
	c  *conn
}

// tx is one write transaction.
type tx struct {
	ctx     context.Context
	s       *Store
	c       *conn
	hash    schema.Hasher
	tallies map[block.TallyKey]*block.Tally // those touched, as they will be
	kinds   map[block.Kind]*change          // changed kinds
	live    int64                           // rows in kt_base; -1: not counted yet
	tree    *block.Tree                     // nil: not read in this transaction
	text    texter
	repair  bool // rows may not be what this package wrote

	fills    map[int64]*filler      // of the cut being applied
	unbuilt  map[block.Kind]unbuilt // nil: not read
	deferred bool                   // something was left to be built

	gather bool // changes of the search index wait in texts
	texts  []func() error

	kept map[block.TallyKey]block.Tally // all tallies before the transaction; nil: not read
}

// tx runs fn in one transaction and publishes the changes after the commit.
func (w *Writer) tx(ctx context.Context, fn func(*tx) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.c == nil {
		return fmt.Errorf("the store is closed: %w", block.ErrUnavailable)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := w.c.script("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	done := false
	defer func() {
		if !done { // an error or a panic on the way
			w.c.script("ROLLBACK") // SQLite may have rolled back itself already, which is as good
		}
	}()
	t := &tx{ctx: ctx, s: w.s, c: w.c, tallies: map[block.TallyKey]*block.Tally{}, kinds: map[block.Kind]*change{}, live: -1}
	if err := fn(t); err != nil {
		return err
	}
	if err := t.saveTallies(); err != nil {
		return err
	}
	if err := w.c.script("COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	done = true
	w.s.published(t.kinds)
	return nil
}

// changed notes that a record changed within b; the zero id stands for many.
func (t *tx) changed(k block.Kind, id block.ID, b orb.Bound) {
	c := t.kinds[k]
	if c == nil {
		c = &change{bounds: nothing}
		t.kinds[k] = c
	}
	c.bounds = union(c.bounds, b)
	if id.IsZero() || len(c.ids) == maxNamed {
		c.many = true
	}
	if !c.many && !slices.Contains(c.ids, id) {
		c.ids = append(c.ids, id)
	}
}

func union(a, b orb.Bound) orb.Bound {
	return orb.Bound{
		Min: orb.Point{min(a.Min[0], b.Min[0]), min(a.Min[1], b.Min[1])},
		Max: orb.Point{max(a.Max[0], b.Max[0]), max(a.Max[1], b.Max[1])},
	}
}

// place is a further stream that holds a part of a record.
type place struct {
	region block.ID
	class  block.Class
}

// state is the server's state of one record as this replica holds it. present is false when it holds nothing of it.
type state struct {
	present bool
	row
	places []place
}

// cell is one record within a transaction: the row that is shown, and the server's state under it.
type cell struct {
	tb     *table
	id     block.ID
	shown  *row // nil: no row
	live   bool // ops lie over it; kt_base has the server's state
	server state
}

// cell reads a record.
func (t *tx) cell(tb *table, id block.ID) (*cell, error) { return t.cellBy(tb, id, tb.selectID, id) }

// cellBy reads a record by a query that finds its row.
func (t *tx) cellBy(tb *table, id block.ID, query string, arg any) (*cell, error) {
	v, err := t.c.one(query, arg)
	if err != nil || v == nil {
		return t.cellOf(tb, id, nil, err)
	}
	r := tb.readRow(v)
	return t.cellOf(tb, id, &r, nil)
}

// cellOf makes the cell of a record whose row, nil when there is none, was read just now; err is passed on.
func (t *tx) cellOf(tb *table, id block.ID, shown *row, err error) (*cell, error) {
	if err != nil {
		return nil, err
	}
	c := &cell{tb: tb, id: id, shown: shown}
	if t.live < 0 {
		if t.live, err = t.c.number("SELECT count(*) FROM kt_base"); err != nil {
			return nil, err
		}
	}
	if t.live > 0 {
		base, err := t.c.one("SELECT state FROM kt_base WHERE kind = ? AND id = ?", tb.no, id)
		if err != nil {
			return nil, err
		}
		if base != nil {
			c.live = true
			if c.server, err = decodeState(tb, id, asBytes(base[0])); err != nil {
				return nil, err
			}
		}
	}
	if !c.live && c.shown != nil {
		c.server.present = true
		c.server.row = *c.shown
		c.server.rec.Values = append([]block.Value(nil), c.shown.rec.Values...)
	}
	if c.server.present && c.server.placed {
		if c.server.places, err = t.placesOf(tb, id); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (t *tx) placesOf(tb *table, id block.ID) (out []place, err error) {
	err = t.c.query(t.ctx, "SELECT region, class FROM kt_placement WHERE kind = ? AND id = ?", []any{tb.no, id}, func(v []driver.Value) error {
		out = append(out, place{asID(v[0]), block.Class(asInt(v[1]))})
		return nil
	})
	return out, err
}

// eachLeaf calls fn with the key and leaf of every part that the state holds.
func eachLeaf(h *schema.Hasher, tb *table, s *state, fn func(block.TallyKey, block.Leaf)) {
	if !s.present {
		return
	}
	for c := block.Public; c < block.NumClasses; c++ {
		if !s.rec.Parts.Has(c) && !s.home.Has(c) {
			continue
		}
		leaf := h.LeafOf(tb.plan, s.rec, c)
		if s.home.Has(c) {
			fn(block.TallyKey{Region: s.rec.Region, Class: c, Kind: s.rec.Kind}, leaf)
		}
		for _, p := range s.places {
			if p.class == c {
				fn(block.TallyKey{Region: p.region, Class: c, Kind: s.rec.Kind, Foreign: true}, leaf)
			}
		}
	}
}

// account adds (or takes out) the leaves of a state in the tallies.
func (t *tx) account(tb *table, s *state, add bool) error {
	var failed error
	eachLeaf(&t.hash, tb, s, func(k block.TallyKey, l block.Leaf) {
		tally, err := t.tally(k)
		if err != nil {
			failed = err
			return
		}
		if add {
			tally.Add(l)
		} else {
			tally.Sub(l)
		}
	})
	return failed
}

// save makes next the server's state of the record: tallies, base or row with its search text, placements.
func (t *tx) save(c *cell, next state) error {
	shown, err := t.write(c, &next)
	if err != nil {
		return err
	}
	if shown { // the leaf is made from what the table really took
		v, err := t.c.one(c.tb.selectFid, c.shown.fid)
		if err != nil {
			return err
		}
		if v == nil {
			return c.vanished()
		}
		next.row = c.tb.readRow(v)
	}
	c.server = next
	return t.account(c.tb, &c.server, true)
}

func (c *cell) vanished() error {
	return fmt.Errorf("%s %s vanished while it was written: %w", c.tb.name, c.id, block.ErrUnavailable)
}

// write does what save does but for counting the new leaves. shown says that next is in the table now and is to be read
// back for them.
func (t *tx) write(c *cell, next *state) (shown bool, err error) {
	next.placed = len(next.places) > 0
	next.present = next.rec.Parts != 0
	if err := t.account(c.tb, &c.server, false); err != nil {
		return false, err
	}
	if err := t.savePlaces(c, next.places, next.present); err != nil {
		return false, err
	}
	if c.live {
		if err := t.putBase(c, next); err != nil {
			return false, err
		}
		return false, t.overlay(c, next)
	}
	var show *row
	if next.present {
		show = &next.row
	}
	return next.present, t.show(c, show)
}

// manyRowsRead is how many rows one statement reads by their numbers.
const manyRowsRead = 32

// saver saves many records and reads back many at once.
type saver struct {
	t    *tx
	back map[*table][]saved
	args []any
}

type saved struct {
	c    *cell
	next *state
}

func (s *saver) save(c *cell, next *state) error {
	s.t.gather = true
	shown, err := s.t.write(c, next)
	s.t.gather = false
	if err != nil {
		return err
	}
	if !shown {
		return s.t.account(c.tb, next, true)
	}
	if s.back == nil {
		s.back = map[*table][]saved{}
	}
	s.back[c.tb] = append(s.back[c.tb], saved{c, next})
	if len(s.back[c.tb]) == manyRowsRead {
		return s.read(c.tb)
	}
	return nil
}

// finish reads back what is left and brings the search index up to date.
func (s *saver) finish() error {
	for _, change := range s.t.texts {
		if err := change(); err != nil {
			return err
		}
	}
	s.t.texts = nil
	for tb := range s.back {
		if err := s.read(tb); err != nil {
			return err
		}
	}
	return nil
}

func (s *saver) read(tb *table) error {
	list := s.back[tb]
	if len(list) == 0 {
		return nil
	}
	s.args = s.args[:0]
	for i := range manyRowsRead {
		s.args = append(s.args, list[min(i, len(list)-1)].c.shown.fid)
	}
	found := make(map[int64]row, len(list))
	err := s.t.c.query(s.t.ctx, tb.selectFids, s.args, func(v []driver.Value) error {
		r := tb.readRow(v)
		found[r.fid] = r
		return nil
	})
	if err != nil {
		return err
	}
	for _, x := range list {
		r, ok := found[x.c.shown.fid]
		if !ok {
			return x.c.vanished()
		}
		x.next.row = r
		if err := s.t.account(tb, x.next, true); err != nil {
			return err
		}
	}
	s.back[tb] = list[:0]
	return nil
}

func (t *tx) savePlaces(c *cell, places []place, present bool) error {
	if len(c.server.places) > 0 {
		if err := t.c.exec("DELETE FROM kt_placement WHERE kind = ? AND id = ?", c.tb.no, c.id); err != nil {
			return err
		}
	}
	if !present {
		return nil
	}
	for _, p := range places {
		if err := t.c.exec("INSERT OR IGNORE INTO kt_placement (kind, id, region, class) VALUES (?, ?, ?, ?)", c.tb.no, c.id, p.region, int(p.class)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) putBase(c *cell, s *state) error {
	var body any
	if s.present {
		body = encodeState(s)
	}
	return t.c.exec("INSERT INTO kt_base (kind, id, state) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET state = excluded.state", c.tb.no, c.id, body)
}

// show writes the row that people see, or takes it away when r is nil, with its search text. c.shown follows.
func (t *tx) show(c *cell, r *row) error {
	tb := c.tb
	bounds := nothing
	if c.shown != nil {
		b, _ := blobBounds(c.shown.blob)
		bounds = union(bounds, b)
	}
	switch {
	case r == nil && c.shown == nil:
		return nil
	case r == nil:
		fid, was := c.shown.fid, c.shown.rec
		if err := t.inText(func() error { return t.unindex(tb, fid, was) }); err != nil {
			return err
		}
		if err := t.c.exec(tb.deleteSQL, c.shown.fid); err != nil {
			return err
		}
		c.shown = nil
	case c.shown == nil:
		args := tb.appendArgs(make([]any, 0, tb.fields+8), r)
		if tb.geom {
			args = append(args, blobArg(r.rec.Geometry))
		}
		fid, err := t.c.insert(tb.insertSQL, append(args, nil)...)
		if err != nil {
			return err
		}
		is := r.rec
		if err := t.inText(func() error { return t.index(tb, fid, is) }); err != nil {
			return err
		}
		c.shown = new(row)
		*c.shown = *r
		c.shown.fid = fid
	default:
		fid := c.shown.fid
		if err := t.update(tb, c.shown, r); err != nil {
			return err
		}
		was, is := c.shown.rec, r.rec
		if err := t.inText(func() error { return t.reindex(tb, fid, was, is) }); err != nil {
			return err
		}
		*c.shown = *r
		c.shown.fid = fid
	}
	if r != nil {
		c.shown.rec.Values = append([]block.Value(nil), r.rec.Values...)
		c.shown.blob = nil
		if r.rec.Geometry != nil {
			c.shown.blob = appendBlob(nil, r.rec.Geometry)
			b, _ := blobBounds(c.shown.blob)
			bounds = union(bounds, b)
		}
	}
	t.changed(tb.plan.Kind.Name, c.id, bounds)
	return nil
}

// inText changes the search index now, or when the saver at work has written its rows: a statement that reaches an R*Tree
// opens a savepoint, at which FTS5 writes out all it has gathered, and one after each row costs more than the row.
func (t *tx) inText(change func() error) error {
	if t.gather {
		t.texts = append(t.texts, change)
		return nil
	}
	return change()
}

// maxUpdates bounds the statements that are kept for updates of some columns.
const maxUpdates = 300

// update writes the columns in which is differs from was. SQLite writes every index that has a column of the statement,
// changed or not, so that a delta that names one column costs a third.
func (t *tx) update(tb *table, was, is *row) error {
	if t.repair { // the row may be bent where it reads right
		return t.updateAll(tb, is, was.fid)
	}
	set := make([]byte, 0, 256)
	args := make([]any, 0, tb.fields+8)
	put := func(column string, v any) {
		set = append(append(append(set, ", "...), column...), " = ?"...)
		args = append(args, v)
	}
	if was.rec.ID != is.rec.ID {
		put("id", append([]byte(nil), is.rec.ID[:]...))
	}
	if was.rec.Region != is.rec.Region {
		put("region", idArg(is.rec.Region))
	}
	if was.shard != is.shard {
		put("shard", idArg(is.shard))
	}
	if was.rec.Ver != is.rec.Ver {
		put("ver", int64(is.rec.Ver))
	}
	if was.parts() != is.parts() {
		put("parts", is.parts())
	}
	for i, v := range is.rec.Values {
		if was.rec.Values[i] != v {
			put(quote(tb.plan.Kind.Fields[i].Name), toDriver(v))
		}
	}
	if tb.geom && !bytes.Equal(was.rec.Geometry, is.rec.Geometry) {
		put("geom", blobArg(is.rec.Geometry))
	}
	if len(args) == 0 {
		return nil
	}
	q := "UPDATE " + quote(tb.name) + " SET " + string(set[2:]) + " WHERE fid = ?"
	if t.c.stmts[q] == nil {
		if t.c.updates >= maxUpdates {
			return t.updateAll(tb, is, was.fid)
		}
		t.c.updates++
	}
	return t.c.exec(q, append(args, was.fid)...)
}

// updateAll writes every column.
func (t *tx) updateAll(tb *table, is *row, fid int64) error {
	args := tb.appendArgs(make([]any, 0, tb.fields+8), is)
	sql := tb.updateSQL
	if tb.geom {
		sql = tb.updateGeomSQL
		args = append(args, blobArg(is.rec.Geometry))
	}
	return t.c.exec(sql, append(args, fid)...)
}

// encodeState is how kt_base keeps a state: region, shard, version, parts bits, geometry, values.
func encodeState(s *state) []byte {
	b := append([]byte(nil), s.rec.Region[:]...)
	b = append(b, s.shard[:]...)
	b = binary.AppendUvarint(b, uint64(s.rec.Ver))
	b = binary.AppendUvarint(b, uint64(s.parts()))
	b = binary.AppendUvarint(b, uint64(len(s.rec.Geometry)))
	b = append(b, s.rec.Geometry...)
	b = binary.AppendUvarint(b, uint64(len(s.rec.Values)))
	for _, v := range s.rec.Values {
		b = schema.AppendValue(b, v)
	}
	return b
}

// decodeState reads what encodeState wrote, perhaps by a version with fewer fields. nil is the absent state.
func decodeState(tb *table, id block.ID, b []byte) (state, error) {
	var s state
	if b == nil {
		return s, nil
	}
	bad := fmt.Errorf("base of %s %s: %w", tb.name, id, block.ErrInvalid)
	if len(b) < 32 {
		return s, bad
	}
	s.present = true
	s.rec = block.Record{Kind: tb.plan.Kind.Name, ID: id, Region: block.ID(b[:16]), Values: make([]block.Value, tb.fields)}
	s.shard = block.ID(b[16:32])
	d := decoder{b: b[32:]}
	s.rec.Ver = block.Ver(d.uvarint())
	s.setParts(int64(d.uvarint()))
	if g := d.bytes(); len(g) > 0 {
		s.rec.Geometry = g
	}
	n := d.uvarint()
	for i := uint64(0); i < n && !d.bad; i++ {
		if v := d.value(); i < uint64(tb.fields) {
			s.rec.Values[i] = v
		}
	}
	if d.bad {
		return s, bad
	}
	return s, nil
}

// decoder reads our own encodings from the front of b. After the first fault bad is set and everything is zero.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) fail() {
	d.b, d.bad = nil, true
}

func (d *decoder) uvarint() uint64 {
	n, used := binary.Uvarint(d.b)
	if used <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[used:]
	return n
}

// bytes reads a counted string; it is copied.
func (d *decoder) bytes() []byte {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	out := append([]byte(nil), d.b[:n]...)
	d.b = d.b[n:]
	return out
}

func (d *decoder) id() (id block.ID) {
	if len(d.b) < len(id) {
		d.fail()
		return id
	}
	copy(id[:], d.b)
	d.b = d.b[len(id):]
	return id
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) value() block.Value {
	v, rest, err := schema.DecodeValue(d.b)
	if err != nil {
		d.fail()
		return block.Value{}
	}
	d.b = rest
	return v
}
