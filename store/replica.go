package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"kuaitu/block"
)

// Enrolment returns what binds this store to a server; false when nothing does.
func (w *Writer) Enrolment(ctx context.Context) (e block.Enrolment, ok bool, err error) {
	err = w.s.reader.view(ctx, func(c *conn) error {
		e, ok, err = readEnrolment(c)
		return err
	})
	return e, ok, err
}

// SetEnrolment binds a new store to a server, or renews the binding of an enrolled one (token, scope, epoch). A standalone
// store refuses, and so does one that another device's ops are in: ErrConflict.
func (w *Writer) SetEnrolment(ctx context.Context, e block.Enrolment) error {
	err := w.tx(ctx, func(t *tx) error {
		mode, err := readMode(t.c)
		if err != nil {
			return err
		}
		if mode == Standalone {
			return fmt.Errorf("the store is standalone; enrol a new one: %w", block.ErrConflict)
		}
		old, had, err := readEnrolment(t.c)
		if err != nil {
			return err
		}
		if had && old.Device != e.Device {
			n, err := t.c.number("SELECT count(*) FROM kt_outbox")
			if err != nil {
				return err
			}
			if n > 0 {
				return fmt.Errorf("the store holds %d ops of another device: %w", n, block.ErrConflict)
			}
		}
		if err := t.writeKey("mode", Enrolled); err != nil {
			return err
		}
		return t.writeKey("enrolment", enrolmentRow(e))
	})
	if err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	return nil
}

// Cursors returns how far this replica has come.
func (w *Writer) Cursors(ctx context.Context) (cur block.Cursors, err error) {
	err = w.s.reader.view(ctx, func(c *conn) error {
		cur, err = readCursors(ctx, c)
		return err
	})
	return cur, err
}

func readCursors(ctx context.Context, c *conn) (block.Cursors, error) {
	cur := block.Cursors{Streams: map[block.Stream]uint64{}}
	if _, err := readKey(c, "epoch", &cur.Epoch); err != nil {
		return cur, err
	}
	err := c.query(ctx, "SELECT region, class, seq FROM kt_cursor", nil, func(v []driver.Value) error {
		cur.Streams[block.Stream{Region: asID(v[0]), Class: block.Class(asInt(v[1]))}] = uint64(asInt(v[2]))
		return nil
	})
	if err != nil {
		return cur, err
	}
	err = c.query(ctx, "SELECT shard, seq, sum FROM kt_witness ORDER BY shard", nil, func(v []driver.Value) error {
		w := block.Witness{Shard: asID(v[0]), Seq: uint64(asInt(v[1]))}
		copy(w.Sum[:], asBytes(v[2]))
		cur.Witnesses = append(cur.Witnesses, w)
		return nil
	})
	return cur, err
}

// Stage keeps fetched bytes under the name of their content until a cut is applied; they survive a crash.
func (w *Writer) Stage(ctx context.Context, key string, data []byte) error {
	return w.tx(ctx, func(t *tx) error {
		return t.c.exec("INSERT OR REPLACE INTO kt_staging (key, data) VALUES (?, ?)", key, data)
	})
}

// Staged returns what was staged under a name.
func (w *Writer) Staged(ctx context.Context, key string) (data []byte, ok bool, err error) {
	err = w.s.reader.view(ctx, func(c *conn) error {
		row, err := c.one("SELECT data FROM kt_staging WHERE key = ?", key)
		if row != nil {
			data, ok = asBytes(row[0]), true
		}
		return err
	})
	return data, ok, err
}

// ClearStaged forgets everything staged.
func (w *Writer) ClearStaged(ctx context.Context) error {
	return w.tx(ctx, func(t *tx) error { return t.c.exec("DELETE FROM kt_staging") })
}

// OpRecord is one op made here and where it stands.
type OpRecord struct {
	block.Op
	Fate   block.Fate
	Reason string
	Seq    uint64
	Live   bool // it still lies over the server's state
}

const sqlOps = `SELECT counter, id, made, author, body, fate, reason, seq, EXISTS (SELECT 1 FROM kt_live l WHERE l.counter = kt_outbox.counter) FROM kt_outbox`

func (s *Store) readOps(ctx context.Context, c *conn, where string, args ...any) (out []OpRecord, err error) {
	e, _, err := readEnrolment(c)
	if err != nil {
		return nil, err
	}
	err = c.query(ctx, sqlOps+where, args, func(v []driver.Value) error {
		o := OpRecord{Fate: block.Fate(asInt(v[5])), Reason: asText(v[6]), Seq: uint64(asInt(v[7])), Live: asInt(v[8]) != 0}
		o.Op = block.Op{ID: asID(v[1]), Device: e.Device, Counter: uint64(asInt(v[0])), Made: time.UnixMilli(asInt(v[2])).UTC(), Author: asText(v[3])}
		edits, err := s.decodeEdits(asBytes(v[4]))
		if err != nil {
			return fmt.Errorf("op %d: %w", o.Counter, err)
		}
		o.Edits = edits
		out = append(out, o)
		return nil
	})
	return out, err
}

// Outbox returns the ops that have no answer yet, in the order of their making, at most limit (0: all).
func (w *Writer) Outbox(ctx context.Context, limit int) (ops []block.Op, err error) {
	if limit <= 0 {
		limit = -1
	}
	err = w.s.reader.view(ctx, func(c *conn) error {
		list, err := w.s.readOps(ctx, c, " WHERE fate = 0 ORDER BY counter LIMIT ?", limit)
		for _, o := range list {
			ops = append(ops, o.Op)
		}
		return err
	})
	return ops, err
}

// Ops returns every op ever made here with its fate, the latest first, at most limit (0: all).
func (r *Reader) Ops(ctx context.Context, limit int) (ops []OpRecord, err error) {
	if limit <= 0 {
		limit = -1
	}
	err = r.view(ctx, func(c *conn) error {
		ops, err = r.s.readOps(ctx, c, " ORDER BY counter DESC LIMIT ?", limit)
		return err
	})
	return ops, err
}

// OpsOf returns the ops that touch one record, the latest first: whether it is pending, and what became of it.
func (r *Reader) OpsOf(ctx context.Context, kind block.Kind, id block.ID) ([]OpRecord, error) {
	all, err := r.Ops(ctx, 0)
	if err != nil {
		return nil, err
	}
	var out []OpRecord
	for _, o := range all {
		for _, e := range o.Edits {
			if e.ID == id && e.Kind == kind {
				out = append(out, o)
				break
			}
		}
	}
	return out, nil
}

// PendingIDs returns the records of a kind that have live ops over them.
func (r *Reader) PendingIDs(ctx context.Context, kind block.Kind) (map[block.ID]bool, error) {
	tb, err := r.s.table(kind)
	if err != nil {
		return nil, err
	}
	out := map[block.ID]bool{}
	err = r.view(ctx, func(c *conn) error {
		return c.query(ctx, "SELECT DISTINCT id FROM kt_live WHERE kind = ?", []any{tb.no}, func(v []driver.Value) error {
			out[asID(v[0])] = true
			return nil
		})
	})
	return out, err
}

// Counts counts the ops by where they stand.
func (w *Writer) Counts(ctx context.Context) (block.OpCounts, error) { return w.s.reader.OpCounts(ctx) }

// OpCounts counts the ops by where they stand.
func (r *Reader) OpCounts(ctx context.Context) (n block.OpCounts, err error) {
	err = r.view(ctx, func(c *conn) error {
		return c.query(ctx, "SELECT fate, count(*) FROM kt_outbox GROUP BY fate", nil, func(v []driver.Value) error {
			count := int(asInt(v[1]))
			switch block.Fate(asInt(v[0])) {
			case block.FatePending:
				n.Pending = count
			case block.FateApplied, block.FateMerged:
				n.Pushed += count
			case block.FateConflict:
				n.Conflicts = count
			case block.FateRejected:
				n.Rejected = count
			}
			return nil
		})
	})
	return n, err
}

// Settle keeps the server's answers. A refused op's overlay goes at once; an accepted one's when the cut that carries its
// effect has been applied. An answer that is there already is not overwritten; one to an unknown op is ErrNotFound.
func (w *Writer) Settle(ctx context.Context, receipts []block.Receipt) error {
	err := w.tx(ctx, func(t *tx) error {
		for _, r := range receipts {
			if r.Fate == block.FatePending {
				continue
			}
			if r.Fate > block.FateRejected {
				return fmt.Errorf("op %s: unknown fate %d: %w", r.Op, r.Fate, block.ErrInvalid)
			}
			row, err := t.c.one("SELECT counter, fate FROM kt_outbox WHERE id = ?", r.Op)
			if err != nil {
				return err
			}
			if row == nil {
				return fmt.Errorf("op %s: %w", r.Op, block.ErrNotFound)
			}
			if asInt(row[1]) != 0 {
				continue
			}
			if err := t.c.exec("UPDATE kt_outbox SET fate = ?, reason = ?, seq = ? WHERE counter = ?", int(r.Fate), r.Reason, int64(r.Seq), asInt(row[0])); err != nil {
				return err
			}
		}
		return t.releaseDone(false)
	})
	if err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	return nil
}

// releaseDone takes away the overlays of ops that need none any more: refused ones, those that changed nothing, and those
// whose effect the cursors include. The position counts in the shard of the op's first record. Somebody may have moved the
// record meanwhile, so the shard known when the op was made and the present one both count: an overlay that goes a moment
// early comes back with the next cut, one that stays would hide the server's state. afterCut also lets go of those whose
// shard is not held (any more): no later cut will bring them.
func (t *tx) releaseDone(afterCut bool) error {
	cursors, err := readCursors(t.ctx, t.c)
	if err != nil {
		return err
	}
	reached := map[block.ID]uint64{}
	for s, seq := range cursors.Streams {
		reached[s.Region] = max(reached[s.Region], seq)
	}
	type settled struct {
		counter int64
		seq     uint64
		shard   block.ID
		first   block.Edit
	}
	var list []settled
	err = t.c.query(t.ctx, `SELECT counter, fate, seq, shard, body FROM kt_outbox
		WHERE fate != 0 AND counter IN (SELECT counter FROM kt_live)`, nil, func(v []driver.Value) error {
		edits, err := t.s.decodeEdits(asBytes(v[4]))
		if err != nil {
			return err
		}
		o := settled{counter: asInt(v[0]), seq: uint64(asInt(v[2])), shard: asID(v[3])}
		if f := block.Fate(asInt(v[1])); f == block.FateConflict || f == block.FateRejected {
			o.seq = 0
		}
		if len(edits) > 0 {
			o.first = edits[0]
		}
		list = append(list, o)
		return nil
	})
	if err != nil || len(list) == 0 {
		return err
	}
	tree, err := t.s.readTree(t.ctx, t.c) // as this transaction leaves it
	if err != nil {
		return err
	}
	for _, o := range list {
		done := o.seq == 0
		if !done {
			shards := []block.ID{o.shard}
			c, err := t.cell(t.s.kinds().byKind[o.first.Kind], o.first.ID)
			if err != nil {
				return err
			}
			if c.server.present {
				shards = append(shards, tree.Shard(c.server.rec.Region))
			}
			held := false
			for _, s := range shards {
				at, here := reached[s]
				held = held || here
				done = done || here && at >= o.seq
			}
			done = done || !held && afterCut
		}
		if done {
			if err := t.release(o.counter); err != nil {
				return err
			}
		}
	}
	return nil
}

// release takes one op's overlay away and shows what is left.
func (t *tx) release(counter int64) error {
	type key struct {
		kind int64
		id   block.ID
	}
	var rows []key
	err := t.c.query(t.ctx, "SELECT kind, id FROM kt_live WHERE counter = ?", []any{counter}, func(v []driver.Value) error {
		rows = append(rows, key{asInt(v[0]), asID(v[1])})
		return nil
	})
	if err != nil {
		return err
	}
	if err := t.c.exec("DELETE FROM kt_live WHERE counter = ?", counter); err != nil {
		return err
	}
	for _, k := range rows {
		tb := t.s.kinds().byNo[k.kind]
		if tb == nil {
			continue
		}
		c, err := t.cell(tb, k.id)
		if err != nil {
			return err
		}
		if !c.live {
			continue
		}
		if err := t.overlay(c, &c.server); err != nil {
			return err
		}
		left, err := t.c.number("SELECT count(*) FROM kt_live WHERE kind = ? AND id = ?", k.kind, k.id)
		if err != nil {
			return err
		}
		if left == 0 {
			if err := t.c.exec("DELETE FROM kt_base WHERE kind = ? AND id = ?", k.kind, k.id); err != nil {
				return err
			}
			t.live--
		}
	}
	return nil
}

// Tallies returns the tallies as kept.
func (w *Writer) Tallies(ctx context.Context) (out map[block.TallyKey]block.Tally, err error) {
	err = w.s.reader.view(ctx, func(c *conn) error {
		out, err = w.s.keptTallies(ctx, c)
		return err
	})
	return out, err
}

// Recompute makes the tallies anew from the rows; it reads every row.
func (w *Writer) Recompute(ctx context.Context) (out map[block.TallyKey]block.Tally, err error) {
	err = w.s.reader.view(ctx, func(c *conn) error {
		out, err = w.s.recompute(ctx, c)
		return err
	})
	return out, err
}

// SetTallies replaces the kept tallies.
func (w *Writer) SetTallies(ctx context.Context, tallies map[block.TallyKey]block.Tally) error {
	return w.tx(ctx, func(t *tx) error {
		if err := t.c.exec("DELETE FROM kt_tally"); err != nil {
			return err
		}
		for k, v := range tallies {
			if _, err := t.s.table(k.Kind); err != nil {
				return err
			}
			t.tallies[k] = &v
		}
		return nil
	})
}

// Leaves returns the leaf of every part under a key, read from the rows.
func (w *Writer) Leaves(ctx context.Context, key block.TallyKey) (map[block.ID]block.Leaf, error) {
	tb, err := w.s.table(key.Kind)
	if err != nil {
		return nil, err
	}
	out := map[block.ID]block.Leaf{}
	err = w.s.reader.view(ctx, func(c *conn) error {
		return w.s.eachLeafOf(ctx, c, tb, func(k block.TallyKey, id block.ID, l block.Leaf) {
			if k == key {
				out[id] = l
			}
		})
	})
	return out, err
}

// RecordSync keeps what a sync came to, for the screen.
func (w *Writer) RecordSync(ctx context.Context, r block.SyncRecord) error {
	return w.tx(ctx, func(t *tx) error { return t.writeKey("sync", r) })
}

// Resend makes every op unanswered again and returns how many there are: the server was restored from an older backup and
// may have lost what it had answered. It knows by id those it still has. Overlays that are gone are not laid again: the
// server's answer brings the effect.
func (w *Writer) Resend(ctx context.Context) (n int, err error) {
	err = w.tx(ctx, func(t *tx) error {
		if err := t.c.exec("UPDATE kt_outbox SET fate = 0, reason = '', seq = 0 WHERE fate != 0"); err != nil {
			return err
		}
		all, err := t.c.number("SELECT count(*) FROM kt_outbox")
		n = int(all)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("resend: %w", err)
	}
	return n, nil
}
