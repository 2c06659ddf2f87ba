package simtest

import (
	"math/rand/v2"
	"slices"

	"kuaitu/block"
	"kuaitu/sync/syncer/replicatest"
)

// memStore is the in-memory replica as a device's store.
type memStore struct{ *replicatest.Mem }

func newMemStore() *memStore { return &memStore{replicatest.NewMem(set)} }

func (m *memStore) edit(op block.Op) (block.Op, error) { return m.Add(op), nil }

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
