package blockserver

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"kuaitu/block"
	"kuaitu/sync/wire"
)

// opsPerUpdate bounds how long one device's batch holds the one writer.
const opsPerUpdate = 200

// Apply applies a device's ops in counter order, each exactly once, and returns their receipts and the device's counter.
// Ops that have receipts get them again. A counter held by another op is wire.CodeCloned, a gap wire.CodeCounterGap;
// both leave the batch unapplied.
func Apply(ctx context.Context, store Ops, grant Grant, ops []block.Op, now time.Time) ([]block.Receipt, uint64, error) {
	for i := range ops {
		if ops[i].Device != grant.Device {
			return nil, 0, fmt.Errorf("op %s is another device's: %w", ops[i].ID, block.ErrInvalid)
		}
		if ops[i].Counter == 0 || i > 0 && ops[i].Counter != ops[i-1].Counter+1 {
			return nil, 0, fmt.Errorf("op %s is out of counter order: %w", ops[i].ID, block.ErrInvalid)
		}
	}
	receipts := make([]block.Receipt, 0, len(ops))
	counter := grant.Counter
	for len(ops) > 0 {
		batch := ops[:min(opsPerUpdate, len(ops))]
		var got []block.Receipt
		err := store.Update(ctx, func(tx Tx) error {
			var err error
			got, counter, err = applyBatch(ctx, store, tx, grant, batch, now)
			return err
		})
		if err != nil {
			return nil, 0, err
		}
		receipts = append(receipts, got...)
		ops = ops[len(batch):]
	}
	return receipts, counter, nil
}

func applyBatch(ctx context.Context, store Ops, tx Tx, grant Grant, ops []block.Op, now time.Time) ([]block.Receipt, uint64, error) {
	city, err := store.City(ctx)
	if err != nil {
		return nil, 0, err
	}
	var receipts []block.Receipt
	known, err := knownReceipts(ctx, tx, grant.Device, ops)
	if err != nil {
		return nil, 0, err
	}
	for i, op := range ops {
		if i < len(known) {
			receipts = append(receipts, known[i])
			continue
		}
		r, err := applyOne(ctx, city, tx, grant, op, now)
		if err != nil {
			return nil, 0, fmt.Errorf("apply op %s: %w", op.ID, err)
		}
		receipts = append(receipts, r)
	}
	return receipts, max(ops[len(ops)-1].Counter, grant.Counter), nil
}

// knownReceipts returns the receipts of the ops at the front of a batch that were applied before, and refuses forks and
// gaps.
func knownReceipts(ctx context.Context, tx Tx, device block.ID, ops []block.Op) ([]block.Receipt, error) {
	var known []block.Receipt
	for i, op := range ops {
		r, found, err := tx.Receipt(ctx, device, op.Counter)
		if err != nil {
			return nil, err
		}
		if !found {
			if i == 0 && op.Counter > 1 {
				if _, before, err := tx.Receipt(ctx, device, op.Counter-1); err != nil {
					return nil, err
				} else if !before {
					return nil, gap(ctx, tx, device, op.Counter)
				}
			}
			break
		}
		if r.Op != op.ID {
			return nil, &wire.Error{Status: http.StatusConflict, Code: wire.CodeCloned, Message: fmt.Sprintf("counter %d belongs to another op", op.Counter)}
		}
		known = append(known, r)
	}
	return known, nil
}

// gap finds the last counter below one that has a receipt: receipts have no gap, so halving finds it.
func gap(ctx context.Context, tx Tx, device block.ID, below uint64) error {
	lo, hi := uint64(0), below-1 // lo has one (0 always has), hi has none
	for hi-lo > 1 {
		mid := lo + (hi-lo)/2
		_, found, err := tx.Receipt(ctx, device, mid)
		if err != nil {
			return err
		}
		if found {
			lo = mid
		} else {
			hi = mid
		}
	}
	return &wire.Error{Status: http.StatusConflict, Code: wire.CodeCounterGap, Message: fmt.Sprintf("ops between %d and %d are missing", lo, below), Counter: lo}
}

func applyOne(ctx context.Context, city City, tx Tx, grant Grant, op block.Op, now time.Time) (block.Receipt, error) {
	// The same op may come under another counter: a re-enrolled device sends again what it made before.
	if r, found, err := tx.ReceiptOf(ctx, op.ID); err != nil || found {
		if err == nil {
			err = tx.SaveReceipt(ctx, op, r)
		}
		return r, err
	}
	facts := Facts{Set: city.Set, Tree: city.Tree, Grant: grant, Now: now, Zone: city.Zone, Rows: map[RowKey]*Row{}}
	for _, key := range NeedsOf(city.Set, op) {
		if _, err := city.Set.Plan(key.Kind); err != nil {
			continue // Decide refuses it
		}
		row, err := tx.Row(ctx, key)
		if err != nil {
			return block.Receipt{}, err
		}
		if row != nil {
			facts.Rows[key] = row
		}
	}
	types, err := tx.EventTypes(ctx)
	if err != nil {
		return block.Receipt{}, err
	}
	if len(types) > 0 {
		facts.EventType = func(code string) bool { return types[code] }
	}
	facts.NextNumber = func(shard block.ID, day string) (uint64, error) { return tx.Next(ctx, shard, "event/"+day) }
	d, err := Decide(facts, op)
	if err != nil {
		return block.Receipt{}, err
	}
	if len(d.Changes) > 0 {
		if d.Receipt.Seq, err = commit(ctx, city, tx, d.Changes); err != nil {
			return block.Receipt{}, err
		}
	}
	return d.Receipt, tx.SaveReceipt(ctx, op, d.Receipt)
}

// commit writes changes with all their effects and returns the position in the first change's shard.
func commit(ctx context.Context, city City, tx Tx, changes []Change) (uint64, error) {
	targets := map[RowKey]Target{}
	for _, key := range TargetsOf(city.Set, changes) {
		row, err := tx.Row(ctx, key)
		if err != nil {
			return 0, err
		}
		ps, err := tx.Placements(ctx, key)
		if err != nil {
			return 0, err
		}
		targets[key] = Target{Row: row, Placements: ps}
	}
	e, err := EffectsOf(city.Set, city.Tree, changes, targets)
	if err != nil {
		return 0, err
	}
	for _, c := range changes {
		if err := tx.Put(ctx, *c.After); err != nil {
			return 0, err
		}
	}
	if err := tx.Move(ctx, e.Place, e.Unplace); err != nil {
		return 0, err
	}
	if err := tx.Tally(ctx, e.Tallies); err != nil {
		return 0, err
	}
	first := city.Tree.Shard(changes[0].After.Region)
	var seq uint64
	for _, group := range byShard(city.Tree, e.Parts) {
		n, err := tx.Append(ctx, group.shard, group.parts)
		if err != nil {
			return 0, err
		}
		if group.shard == first {
			seq = n
		}
	}
	return seq, nil
}

type shardParts struct {
	shard block.ID
	parts []block.Part
}

// byShard groups parts by the shard of their stream, shards rising: every transaction takes the heads in that order, so
// that two never wait for each other.
func byShard(tree *block.Tree, parts []block.Part) []shardParts {
	var out []shardParts
	at := map[block.ID]int{}
	for _, p := range parts {
		shard := tree.Shard(p.Stream.Region)
		i, ok := at[shard]
		if !ok {
			i = len(out)
			at[shard] = i
			out = append(out, shardParts{shard: shard})
		}
		out[i].parts = append(out[i].parts, p)
	}
	slices.SortFunc(out, func(a, b shardParts) int { return cmp.Compare(string(a.shard[:]), string(b.shard[:])) })
	return out
}
