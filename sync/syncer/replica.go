package syncer

import (
	"context"
	"iter"

	"kuaitu/block"
)

// Replica is what the syncer needs of a local store. Each method is one transaction or one consistent read; all are
// safe to repeat. Errors of kind ErrInvalid mean that the data was at fault, all others that the store was.
type Replica interface {
	Enrolment(ctx context.Context) (block.Enrolment, bool, error)
	// SetEnrolment binds the store; a standalone store refuses with ErrConflict.
	SetEnrolment(ctx context.Context, e block.Enrolment) error
	Cursors(ctx context.Context) (block.Cursors, error)
	// Stage keeps fetched bytes under their content name; they survive a kill.
	Stage(ctx context.Context, key string, data []byte) error
	Staged(ctx context.Context, key string) ([]byte, bool, error)
	ClearStaged(ctx context.Context) error
	// ApplyCut takes a whole cut in one transaction. parts come stream by stream in the plan's order.
	ApplyCut(ctx context.Context, cut block.CutPlan, parts iter.Seq2[block.Part, error]) (block.Applied, error)
	// Outbox returns ops that have no fate yet, by counter.
	Outbox(ctx context.Context, limit int) ([]block.Op, error)
	Settle(ctx context.Context, receipts []block.Receipt) error
	// Tallies returns the sums as kept, Recompute the same from the rows, SetTallies puts recomputed ones in their place.
	Tallies(ctx context.Context) (map[block.TallyKey]block.Tally, error)
	Recompute(ctx context.Context) (map[block.TallyKey]block.Tally, error)
	SetTallies(ctx context.Context, t map[block.TallyKey]block.Tally) error
	Leaves(ctx context.Context, key block.TallyKey) (map[block.ID]block.Leaf, error)
	Repair(ctx context.Context, stream block.Stream, kind block.Kind, put []block.Part, drop []block.ID) error
	RecordSync(ctx context.Context, r block.SyncRecord) error
	Counts(ctx context.Context) (block.OpCounts, error)
}
