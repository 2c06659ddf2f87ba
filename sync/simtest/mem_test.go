package simtest

import (
	"context"
	"iter"
	"math/rand/v2"
	"slices"

	"kuaitu/block"
	"kuaitu/sync/syncer/replicatest"
)

// memStore is the in-memory replica as a device's store.
type memStore struct {
	*replicatest.Mem
	mutant mutant
}

func newMemStore(mu mutant) *memStore { return &memStore{replicatest.NewMem(set), mu} }

func (m *memStore) edit(op block.Op) (block.Op, error) {
	if m.mutant == loseOp && op.ID[15]%8 == 0 {
		return op, nil
	}
	return m.Add(op), nil
}

// Resend is what a restored server makes the syncer ask for.
func (m *memStore) Resend(ctx context.Context) (int, error) {
	if m.mutant == noResend {
		return 0, nil
	}
	return m.Mem.Resend(ctx)
}

// ApplyCut passes on to the replica.
func (m *memStore) ApplyCut(ctx context.Context, cut block.CutPlan, parts iter.Seq2[block.Part, error]) (block.Applied, error) {
	if m.mutant != halfCut {
		return m.Mem.ApplyCut(ctx, cut, parts)
	}
	before := m.Mem.Clone()
	done, err := m.Mem.ApplyCut(ctx, cut, parts)
	if err == nil {
		whole, _ := m.Tallies(ctx)
		_, _ = before.ApplyCut(ctx, cut, func(yield func(block.Part, error) bool) {
			var last *block.Part
			for p, err := range parts {
				if last != nil && !yield(*last, err) {
					return
				}
				last = &p
			}
		})
		_ = before.SetTallies(ctx, whole)
		m.Mem = before
	}
	return done, err
}

// Recompute passes on to the replica.
func (m *memStore) Recompute(ctx context.Context) (map[block.TallyKey]block.Tally, error) {
	if m.mutant == halfCut { // a syncer that trusts what is kept
		return m.Tallies(ctx)
	}
	return m.Mem.Recompute(ctx)
}

// Repair passes on to the replica.
func (m *memStore) Repair(ctx context.Context, s block.Stream, k block.Kind, put []block.Part, drop []block.ID) error {
	if m.mutant == forgetful {
		return nil
	}
	return m.Mem.Repair(ctx, s, k, put, drop)
}

func (m *memStore) ops() map[block.ID]block.Receipt {
	out := map[block.ID]block.Receipt{}
	for _, op := range m.Ops() {
		r := m.Fate(op.ID)
		r.Op = op.ID
		out[op.ID] = r
	}
	return out
}

func (m *memStore) parts() []block.Part { return m.Parts() }

func (m *memStore) find(kind block.Kind, class block.Class) []block.Part {
	return slices.DeleteFunc(m.Parts(), func(p block.Part) bool { return p.Kind != kind || p.Stream.Class != class || p.Foreign })
}

func (m *memStore) tamper(r *rand.Rand) bool {
	return m.Tamper(r.IntN(1<<20), func(p *block.Part) {
		if len(p.Values) > 0 && r.IntN(2) == 0 {
			p.Values[r.IntN(len(p.Values))] = block.TextValue("tampered")
		} else {
			p.Ver++
		}
	})
}

func (m *memStore) reopen() error { return nil }
func (m *memStore) close() error  { return nil }
