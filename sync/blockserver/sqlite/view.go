package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/blockserver"
)

var cryptoRandom io.Reader = rand.Reader

// view is one read transaction; txn, which writes, is built on it.
type view struct {
	s    *Storage
	c    *conn
	tree *block.Tree
}

// View implements blockserver.Ops.
func (s *Storage) View(ctx context.Context, fn func(blockserver.View) error) error {
	return s.view(ctx, func(v *view) error { return fn(v) })
}

func (s *Storage) view(ctx context.Context, fn func(*view) error) error {
	return s.readers.with(ctx, func(c *conn) error {
		return c.transaction(ctx, "BEGIN", func() error { return fn(&view{s: s, c: c, tree: s.city.Load().Tree}) })
	})
}

// unavailable marks an error of the database itself, which a later attempt may not meet; an error that has a kind keeps
// it. The text of a context's error stays visible.
func unavailable(what string, err error) error {
	for _, kind := range []error{block.ErrInvalid, block.ErrNotFound, block.ErrConflict, block.ErrRefused, block.ErrUnavailable} {
		if errors.Is(err, kind) {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return fmt.Errorf("%s: %w: %w", what, block.ErrUnavailable, err)
}

func (v *view) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	st, err := v.c.stmt(ctx, text)
	if err != nil {
		return nil, unavailable("read", err)
	}
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return nil, unavailable("read", err)
	}
	return rows, nil
}

// one scans the only row a query gives; false when it gives none.
func (v *view) one(ctx context.Context, text string, args []any, dest ...any) (bool, error) {
	st, err := v.c.stmt(ctx, text)
	if err != nil {
		return false, unavailable("read", err)
	}
	switch err := st.QueryRowContext(ctx, args...).Scan(dest...); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, unavailable("read", err)
	}
	return true, nil
}

// each runs fn for every row of a query.
func (v *view) each(ctx context.Context, fn func(*sql.Rows) error, text string, args ...any) error {
	rows, err := v.query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return unavailable("read", err)
	}
	return nil
}

func (v *view) table(kind block.Kind) (*table, error) {
	if t := v.s.byKind[kind]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("kind %q is not declared: %w", kind, block.ErrInvalid)
}

// Heads implements blockserver.View.
func (v *view) Heads(ctx context.Context, shards []block.ID) ([]blockserver.StreamHead, []block.Witness, error) {
	var heads []blockserver.StreamHead
	var witnesses []block.Witness
	for _, shard := range shards {
		w := block.Witness{Shard: shard}
		var sum []byte
		found, err := v.one(ctx, "SELECT seq, sum FROM shard_head WHERE shard = ?", []any{shard[:]}, &w.Seq, &sum)
		if err != nil {
			return nil, nil, err
		}
		if found {
			w.Sum = [32]byte(sum)
			witnesses = append(witnesses, w)
		}
		err = v.each(ctx, func(rows *sql.Rows) error {
			var h blockserver.StreamHead
			var region []byte
			if err := rows.Scan(&region, &h.Stream.Class, &h.Seq, &h.Floor); err != nil {
				return err
			}
			h.Stream.Region = block.ID(region)
			heads = append(heads, h)
			return nil
		}, "SELECT region, class, seq, floor FROM stream_head WHERE shard = ? ORDER BY region, class", shard[:])
		if err != nil {
			return nil, nil, err
		}
	}
	return heads, witnesses, nil
}

// Positions implements blockserver.View.
func (v *view) Positions(ctx context.Context) (map[block.ID]uint64, error) {
	out := map[block.ID]uint64{}
	err := v.each(ctx, func(rows *sql.Rows) error {
		var shard []byte
		var seq uint64
		if err := rows.Scan(&shard, &seq); err != nil {
			return err
		}
		out[block.ID(shard)] = seq
		return nil
	}, "SELECT shard, seq FROM shard_head")
	return out, err
}

// Chain implements blockserver.View.
func (v *view) Chain(ctx context.Context, shard block.ID, seq uint64) (sum [32]byte, ok bool, err error) {
	var b []byte
	ok, err = v.one(ctx, "SELECT sum FROM shard_chain WHERE shard = ? AND seq = ?", []any{shard[:], int64(seq)}, &b)
	copy(sum[:], b)
	return sum, ok, err
}

const (
	flagDrop    = 1
	flagForeign = 2
)

// Changes implements blockserver.View.
func (v *view) Changes(ctx context.Context, shard block.ID, s block.Stream, after, upto uint64, limit int) ([]block.Part, uint64, error) {
	var parts []block.Part
	end := upto
	errFull := errors.New("full")
	err := v.each(ctx, func(rows *sql.Rows) error {
		var seq uint64
		var no uint16
		var id, blob []byte
		var flags int
		if err := rows.Scan(&seq, &no, &id, &flags, &blob); err != nil {
			return err
		}
		if len(parts) >= limit && seq != parts[len(parts)-1].Seq {
			end = parts[len(parts)-1].Seq
			return errFull
		}
		t := v.s.byNo[no]
		if t == nil {
			return nil // a kind that is declared no more
		}
		p := block.Part{Stream: s, Seq: seq, Kind: t.plan.Kind.Name, ID: block.ID(id), Drop: flags&flagDrop != 0, Foreign: flags&flagForeign != 0}
		if err := blockserver.ReadPart(t.plan, blob, &p); err != nil {
			return err
		}
		parts = append(parts, p)
		return nil
	}, `SELECT seq, kind, id, flags, part FROM log WHERE shard = ? AND region = ? AND class = ? AND seq > ? AND seq <= ?
		ORDER BY seq, kind, id`, shard[:], s.Region[:], int(s.Class), int64(after), int64(upto))
	if err != nil && !errors.Is(err, errFull) {
		return nil, 0, err
	}
	return parts, end, nil
}

// homeClause is the condition for a stream's own rows, and its arguments: the whole shard for public and work, the home
// region (for the root's also none at all) for sensitive and masked.
func (v *view) homeClause(s block.Stream) (string, []any) {
	shard := v.tree.Shard(s.Region)
	if s.Class.Field() != block.Sensitive {
		return "t.shard = ?", []any{shard[:]}
	}
	if s.Region == v.tree.Root() {
		var none block.ID
		return "t.shard = ? AND t.region IN (?, ?)", []any{shard[:], s.Region[:], none[:]}
	}
	return "t.shard = ? AND t.region = ?", []any{shard[:], s.Region[:]}
}

// Present implements blockserver.View.
func (v *view) Present(ctx context.Context, s block.Stream) iter.Seq2[block.Part, error] {
	return func(yield func(block.Part, error) bool) {
		errStop := errors.New("stop")
		for _, t := range v.s.tables {
			if !t.plan.Classes().Has(s.Class) {
				continue
			}
			err := v.present(ctx, t, s, func(r block.Record, foreign bool) error {
				if !yield(partOf(t.plan, r, s, foreign), nil) {
					return errStop
				}
				return nil
			})
			if errors.Is(err, errStop) {
				return
			}
			if err != nil {
				yield(block.Part{}, err)
				return
			}
		}
	}
}

func partOf(plan *schema.Plan, r block.Record, s block.Stream, foreign bool) block.Part {
	if s.Class == block.Masked {
		r = plan.MaskRecord(r)
	}
	p := plan.Part(r, s.Class)
	p.Stream, p.Foreign = s, foreign
	return p
}

// present runs fn for every live record of one kind that a stream holds: its own by home region and ID, then foreign ones
// by ID.
func (v *view) present(ctx context.Context, t *table, s block.Stream, fn func(r block.Record, foreign bool) error) error {
	clause, args := v.homeClause(s)
	sc := newScanner(t)
	err := v.each(ctx, func(rows *sql.Rows) error {
		r, err := sc.record(rows)
		if err != nil {
			return err
		}
		return fn(r, false)
	}, "SELECT "+t.cols+" FROM "+t.name+" t WHERE "+clause+" AND t.deleted = 0 ORDER BY t.region, t.id", args...)
	if err != nil || !t.target {
		return err
	}
	return v.placed(ctx, t, s, sc, func(r block.Record) error { return fn(r, true) })
}

// placed runs fn for every record that a stream holds by placement alone.
func (v *view) placed(ctx context.Context, t *table, s block.Stream, sc *scanner, fn func(block.Record) error) error {
	shard := v.tree.Shard(s.Region)
	clause, args := "p.shard = ?", []any{shard[:], int(t.plan.Kind.No)}
	if s.Class.Field() == block.Sensitive {
		clause, args = "p.shard = ? AND p.region IN (?, ?)", []any{shard[:], s.Region[:], s.Region[:], int(t.plan.Kind.No)}
		if s.Region == v.tree.Root() {
			var none block.ID
			args[2] = none[:]
		}
	}
	return v.each(ctx, func(rows *sql.Rows) error {
		r, err := sc.record(rows)
		if err != nil || v.tree.StreamOf(r.Region, s.Class) == s {
			return err
		}
		return fn(r)
	}, "SELECT "+t.cols+" FROM "+t.name+" t WHERE t.id IN (SELECT p.id FROM placement p WHERE "+clause+" AND p.kind = ?) AND t.deleted = 0 ORDER BY t.id", args...)
}

// Tallies implements blockserver.View.
func (v *view) Tallies(ctx context.Context, regions []block.ID) (map[block.TallyKey]block.Tally, error) {
	out := map[block.TallyKey]block.Tally{}
	scan := func(rows *sql.Rows) error {
		var region, sum []byte
		var k block.TallyKey
		var no uint16
		var count int64
		if err := rows.Scan(&region, &k.Class, &no, &k.Foreign, &count, &sum); err != nil {
			return err
		}
		t := v.s.byNo[no]
		if t == nil || count == 0 {
			return nil
		}
		k.Region, k.Kind = block.ID(region), t.plan.Kind.Name
		tally, err := block.TallyFrom(count, sum)
		out[k] = tally
		return err
	}
	const cols = `SELECT region, class, kind, "foreign", count, sum FROM tally`
	if regions == nil {
		return out, v.each(ctx, scan, cols)
	}
	for _, region := range regions {
		if err := v.each(ctx, scan, cols+" WHERE region = ?", region[:]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Leaves implements blockserver.View.
func (v *view) Leaves(ctx context.Context, key block.TallyKey) (map[block.ID]block.Leaf, error) {
	t, err := v.table(key.Kind)
	if err != nil {
		return nil, err
	}
	out := map[block.ID]block.Leaf{}
	if !t.plan.Classes().Has(key.Class) {
		return out, nil
	}
	var h schema.Hasher
	sc := newScanner(t)
	add := func(r block.Record) error {
		_, out[r.ID] = blockserver.PartOf(t.plan, r, key.Class, &h)
		return nil
	}
	if key.Foreign {
		if t.target {
			err = v.placed(ctx, t, block.Stream{Region: key.Region, Class: key.Class}, sc, add)
		}
		return out, err
	}
	shard := v.tree.Shard(key.Region)
	err = v.each(ctx, func(rows *sql.Rows) error {
		r, err := sc.record(rows)
		if err != nil {
			return err
		}
		return add(r)
	}, "SELECT "+t.cols+" FROM "+t.name+" t WHERE t.shard = ? AND t.region = ? AND t.deleted = 0", shard[:], key.Region[:])
	return out, err
}

// Row implements blockserver.View.
func (v *view) Row(ctx context.Context, key blockserver.RowKey) (*blockserver.Row, error) {
	t, err := v.table(key.Kind)
	if err != nil {
		return nil, err
	}
	var out *blockserver.Row
	err = v.each(ctx, func(rows *sql.Rows) error {
		row, err := newScanner(t).row(rows)
		out = &row
		return err
	}, "SELECT "+t.cols+" FROM "+t.name+" t WHERE t.id = ?", key.ID[:])
	return out, err
}

// Placements implements blockserver.View.
func (v *view) Placements(ctx context.Context, key blockserver.RowKey) ([]blockserver.Placement, error) {
	t, err := v.table(key.Kind)
	if err != nil || !t.target {
		return nil, err
	}
	var out []blockserver.Placement
	err = v.each(ctx, func(rows *sql.Rows) error {
		var region, by []byte
		var no uint16
		if err := rows.Scan(&region, &no, &by); err != nil {
			return err
		}
		if t := v.s.byNo[no]; t != nil {
			out = append(out, blockserver.Placement{Target: key, Region: block.ID(region), By: blockserver.RowKey{Kind: t.plan.Kind.Name, ID: block.ID(by)}})
		}
		return nil
	}, "SELECT region, by_kind, by_id FROM placement WHERE kind = ? AND id = ? ORDER BY shard, region, by_kind, by_id", int(t.plan.Kind.No), key.ID[:])
	return out, err
}

// Device implements blockserver.View.
func (v *view) Device(ctx context.Context, token [32]byte) (blockserver.Grant, error) {
	return v.grant(ctx, "token = ?", token[:])
}

func (v *view) grant(ctx context.Context, clause string, arg any) (blockserver.Grant, error) {
	var g blockserver.Grant
	var id, region []byte
	var revoked bool
	found, err := v.one(ctx, "SELECT id, region, post, counter, revoked FROM device WHERE "+clause, []any{arg}, &id, &region, &g.Post, &g.Counter, &revoked)
	if err != nil {
		return g, err
	}
	classes, known := blockserver.Posts[g.Post]
	if !found || revoked || !known {
		return g, fmt.Errorf("device: %w", block.ErrNotFound)
	}
	g.Device, g.Region, g.Classes = block.ID(id), block.ID(region), classes
	return g, nil
}

// Receipt implements blockserver.View.
func (v *view) Receipt(ctx context.Context, device block.ID, counter uint64) (block.Receipt, bool, error) {
	return v.receipt(ctx, "device = ? AND counter = ?", device[:], int64(counter))
}

// ReceiptOf implements blockserver.View.
func (v *view) ReceiptOf(ctx context.Context, op block.ID) (block.Receipt, bool, error) {
	return v.receipt(ctx, "op = ? LIMIT 1", op[:])
}

func (v *view) receipt(ctx context.Context, clause string, args ...any) (block.Receipt, bool, error) {
	var r block.Receipt
	var op []byte
	found, err := v.one(ctx, "SELECT op, fate, reason, seq FROM receipt WHERE "+clause, args, &op, &r.Fate, &r.Reason, &r.Seq)
	copy(r.Op[:], op)
	return r, found, err
}

// EventTypes implements blockserver.View. The catalogue changes only by Load, which forgets what was read before.
func (v *view) EventTypes(ctx context.Context) (map[string]bool, error) {
	if known := v.s.types.Load(); known != nil {
		return *known, nil
	}
	out := map[string]bool{}
	t := v.s.byKind["catalogue_type"]
	if t == nil || t.plan.Index("code") < 0 {
		return out, nil
	}
	err := v.each(ctx, func(rows *sql.Rows) error {
		var code string
		if err := rows.Scan(&code); err != nil {
			return err
		}
		out[strings.TrimSpace(code)] = true
		return nil
	}, "SELECT code FROM k_catalogue_type WHERE deleted = 0 AND code IS NOT NULL")
	if err != nil {
		return nil, err
	}
	v.s.types.Store(&out)
	return out, nil
}
