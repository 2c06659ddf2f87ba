package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"kuaitu/block"
	"kuaitu/sync/blockserver"
)

// txn is the one writing transaction.
type txn struct{ view }

// Update implements blockserver.Ops. The one writer never meets a serialization failure, so fn runs once.
func (s *Storage) Update(ctx context.Context, fn func(blockserver.Tx) error) error {
	return s.update(ctx, func(t *txn) error { return fn(t) })
}

func (s *Storage) update(ctx context.Context, fn func(*txn) error) error {
	return s.writer.with(ctx, func(c *conn) error {
		return c.transaction(ctx, "BEGIN IMMEDIATE", func() error { return fn(&txn{view{s: s, c: c, tree: s.city.Load().Tree}}) })
	})
}

func (t *txn) exec(ctx context.Context, text string, args ...any) error {
	st, err := t.c.stmt(ctx, text)
	if err != nil {
		return unavailable("write", err)
	}
	if _, err := st.ExecContext(ctx, args...); err != nil {
		return unavailable("write", err)
	}
	return nil
}

// Put implements blockserver.Tx.
func (t *txn) Put(ctx context.Context, row blockserver.Row) error {
	k, err := t.table(row.Kind)
	if err != nil {
		return err
	}
	return t.exec(ctx, k.put, k.bind(nil, &row, t.tree.Shard(row.Region), blockserver.AppendFVers(nil, row.FVers))...)
}

// Move implements blockserver.Tx.
func (t *txn) Move(ctx context.Context, place, unplace []blockserver.Placement) error {
	for _, p := range unplace {
		if err := t.place(ctx, `DELETE FROM placement WHERE shard = ? AND region = ? AND kind = ? AND id = ? AND by_kind = ? AND by_id = ?`, p); err != nil {
			return err
		}
	}
	for _, p := range place {
		if err := t.place(ctx, `INSERT INTO placement (shard, region, kind, id, by_kind, by_id) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, p); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) place(ctx context.Context, text string, p blockserver.Placement) error {
	target, err := t.table(p.Target.Kind)
	if err != nil {
		return err
	}
	by, err := t.table(p.By.Kind)
	if err != nil {
		return err
	}
	shard := t.tree.Shard(p.Region)
	return t.exec(ctx, text, shard[:], p.Region[:], int(target.plan.Kind.No), p.Target.ID[:], int(by.plan.Kind.No), p.By.ID[:])
}

// Tally implements blockserver.Tx.
func (t *txn) Tally(ctx context.Context, moves []blockserver.TallyMove) error {
	net := map[block.TallyKey]block.Tally{}
	for _, m := range moves {
		tally := net[m.Key]
		if m.Add {
			tally.Add(m.Leaf)
		} else {
			tally.Sub(m.Leaf)
		}
		net[m.Key] = tally
	}
	return t.addTallies(ctx, net)
}

// addTallies adds differences to what is kept.
func (t *txn) addTallies(ctx context.Context, net map[block.TallyKey]block.Tally) error {
	for key, d := range net {
		if d == (block.Tally{}) {
			continue
		}
		k, err := t.table(key.Kind)
		if err != nil {
			return err
		}
		var count int64
		var sum []byte
		found, err := t.one(ctx, `SELECT count, sum FROM tally WHERE region = ? AND class = ? AND kind = ? AND "foreign" = ?`,
			[]any{key.Region[:], int(key.Class), int(k.plan.Kind.No), key.Foreign}, &count, &sum)
		if err != nil {
			return err
		}
		if found {
			kept, err := block.TallyFrom(count, sum)
			if err != nil {
				return fmt.Errorf("tally of %s: %w", key.Kind, err)
			}
			d.Merge(kept)
		}
		if err := t.exec(ctx, `INSERT INTO tally (region, class, kind, "foreign", count, sum) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (region, class, kind, "foreign") DO UPDATE SET count = excluded.count, sum = excluded.sum`,
			key.Region[:], int(key.Class), int(k.plan.Kind.No), key.Foreign, d.Count, d.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// Append implements blockserver.Tx.
func (t *txn) Append(ctx context.Context, shard block.ID, parts []block.Part) (uint64, error) {
	seq, sum, err := t.advance(ctx, shard)
	if err != nil {
		return 0, err
	}
	running := sha256.New()
	running.Write(sum[:])
	var head []byte
	moved := map[block.Stream]bool{}
	for _, p := range parts {
		k, err := t.table(p.Kind)
		if err != nil {
			return 0, err
		}
		flags := 0
		if p.Drop {
			flags |= flagDrop
		}
		if p.Foreign {
			flags |= flagForeign
		}
		blob := blockserver.AppendPart(nil, p)
		if err := t.exec(ctx, "INSERT INTO log (shard, region, class, seq, kind, id, flags, part) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			shard[:], p.Stream.Region[:], int(p.Stream.Class), int64(seq), int(k.plan.Kind.No), p.ID[:], flags, blob); err != nil {
			return 0, err
		}
		head = append(head[:0], p.Stream.Region[:]...)
		head = append(head, byte(p.Stream.Class), byte(flags))
		head = binary.LittleEndian.AppendUint16(head, k.plan.Kind.No)
		head = append(head, p.ID[:]...)
		head = binary.AppendUvarint(head, uint64(len(blob)))
		running.Write(head)
		running.Write(blob)
		moved[p.Stream] = true
	}
	for s := range moved {
		if err := t.exec(ctx, `INSERT INTO stream_head (shard, region, class, seq, floor) VALUES (?, ?, ?, ?, 0)
			ON CONFLICT (shard, region, class) DO UPDATE SET seq = excluded.seq`, shard[:], s.Region[:], int(s.Class), int64(seq)); err != nil {
			return 0, err
		}
	}
	return seq, t.setHead(ctx, shard, seq, [32]byte(running.Sum(nil)))
}

// advance returns a shard's next position and its running sum so far.
func (t *txn) advance(ctx context.Context, shard block.ID) (seq uint64, sum [32]byte, err error) {
	var b []byte
	if _, err = t.one(ctx, "SELECT seq, sum FROM shard_head WHERE shard = ?", []any{shard[:]}, &seq, &b); err != nil {
		return 0, sum, err
	}
	copy(sum[:], b)
	return seq + 1, sum, nil
}

func (t *txn) setHead(ctx context.Context, shard block.ID, seq uint64, sum [32]byte) error {
	if err := t.exec(ctx, "INSERT INTO shard_head (shard, seq, sum) VALUES (?, ?, ?) ON CONFLICT (shard) DO UPDATE SET seq = excluded.seq, sum = excluded.sum",
		shard[:], int64(seq), sum[:]); err != nil {
		return err
	}
	return t.exec(ctx, "INSERT INTO shard_chain (shard, seq, sum) VALUES (?, ?, ?)", shard[:], int64(seq), sum[:])
}

// SaveReceipt implements blockserver.Tx.
func (t *txn) SaveReceipt(ctx context.Context, op block.Op, r block.Receipt) error {
	if err := t.exec(ctx, "INSERT INTO receipt (device, counter, op, fate, reason, seq) VALUES (?, ?, ?, ?, ?, ?)",
		op.Device[:], int64(op.Counter), op.ID[:], int(r.Fate), r.Reason, int64(r.Seq)); err != nil {
		return err
	}
	return t.exec(ctx, "UPDATE device SET counter = ? WHERE id = ?", int64(op.Counter), op.Device[:])
}

// Next implements blockserver.Tx.
func (t *txn) Next(ctx context.Context, shard block.ID, name string) (uint64, error) {
	return t.take(ctx, shard, name, 1)
}

// take advances a counter by n and returns the first of the numbers it passed.
func (t *txn) take(ctx context.Context, shard block.ID, name string, n uint64) (uint64, error) {
	var last uint64
	if _, err := t.one(ctx, "SELECT value FROM counter WHERE shard = ? AND name = ?", []any{shard[:], name}, &last); err != nil {
		return 0, err
	}
	return last + 1, t.exec(ctx, "INSERT INTO counter (shard, name, value) VALUES (?, ?, ?) ON CONFLICT (shard, name) DO UPDATE SET value = excluded.value",
		shard[:], name, int64(last+n))
}

// Redeem implements blockserver.Tx.
func (t *txn) Redeem(ctx context.Context, r blockserver.Redemption) (blockserver.Grant, error) {
	refused := func(why string) (blockserver.Grant, error) {
		return blockserver.Grant{}, fmt.Errorf("enrol: %s: %w", why, block.ErrRefused)
	}
	var region, holder []byte
	var post string
	var expires int64
	found, err := t.one(ctx, "SELECT region, post, expires, device FROM enrolment_code WHERE hash = ?", []any{r.Code[:]}, &region, &post, &expires, &holder)
	switch {
	case err != nil:
		return blockserver.Grant{}, err
	case !found:
		return refused("the code is unknown")
	case r.Now.UnixMilli() >= expires:
		return refused("the code has expired")
	case holder != nil && block.ID(holder) != r.Device:
		return refused("the code has been used")
	case holder != nil:
		g, err := t.grant(ctx, "id = ?", r.Device[:])
		if err != nil {
			return refused("the device was revoked")
		}
		return g, nil
	}
	var one int
	if found, err := t.one(ctx, "SELECT 1 FROM device WHERE id = ?", []any{r.Device[:]}, &one); err != nil {
		return blockserver.Grant{}, err
	} else if found {
		return blockserver.Grant{}, fmt.Errorf("enrol: the device is enrolled already: %w", block.ErrConflict)
	}
	if err := t.exec(ctx, "INSERT INTO device (id, region, post, name, token, counter, enrolled, revoked) VALUES (?, ?, ?, ?, ?, 0, ?, 0)",
		r.Device[:], region, post, r.Name, r.Token[:], r.Now.UnixMilli()); err != nil {
		return blockserver.Grant{}, err
	}
	if err := t.exec(ctx, "UPDATE enrolment_code SET device = ? WHERE hash = ?", r.Device[:], r.Code[:]); err != nil {
		return blockserver.Grant{}, err
	}
	return t.grant(ctx, "id = ?", r.Device[:])
}
