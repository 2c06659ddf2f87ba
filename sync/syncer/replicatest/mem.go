// Package replicatest holds an in-memory replica for tests and simulation, and [Run], the suite that every
// implementation of syncer.Replica must pass.
package replicatest

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// Key names a part within a stream.
type Key struct {
	Kind block.Kind
	ID   block.ID
}

// Mem is a replica in memory: the parts of every stream, and the ops. It keeps server state only; edits lie in the
// outbox. Not safe for concurrent use. Copying what it points to is [Mem.Clone].
type Mem struct {
	Set      *schema.Set
	enrolled *block.Enrolment
	cursors  block.Cursors
	staged   map[string][]byte
	parts    map[block.Stream]map[Key]block.Part
	tallies  map[block.TallyKey]block.Tally
	ops      []block.Op
	fates    map[block.ID]block.Receipt
	Syncs    []block.SyncRecord
	Applies  int // ApplyCut calls that went through
	hasher   schema.Hasher
}

// NewMem returns an empty replica.
func NewMem(set *schema.Set) *Mem {
	return &Mem{
		Set: set, staged: map[string][]byte{}, parts: map[block.Stream]map[Key]block.Part{},
		tallies: map[block.TallyKey]block.Tally{}, fates: map[block.ID]block.Receipt{},
		cursors: block.Cursors{Streams: map[block.Stream]uint64{}},
	}
}

// Clone returns an independent copy: what a device would be restored or forked from.
func (m *Mem) Clone() *Mem {
	c := *m
	c.staged, c.tallies, c.fates = maps.Clone(m.staged), maps.Clone(m.tallies), maps.Clone(m.fates)
	c.ops, c.Syncs = slices.Clone(m.ops), slices.Clone(m.Syncs)
	c.cursors = cloneCursors(m.cursors)
	c.parts = make(map[block.Stream]map[Key]block.Part, len(m.parts))
	for s, p := range m.parts {
		c.parts[s] = maps.Clone(p)
	}
	return &c
}

func cloneCursors(c block.Cursors) block.Cursors {
	c.Streams, c.Witnesses = maps.Clone(c.Streams), slices.Clone(c.Witnesses)
	return c
}

// Enrolment returns what SetEnrolment kept.
func (m *Mem) Enrolment(context.Context) (block.Enrolment, bool, error) {
	if m.enrolled == nil {
		return block.Enrolment{}, false, nil
	}
	return *m.enrolled, true, nil
}

// SetEnrolment binds the replica to a server.
func (m *Mem) SetEnrolment(_ context.Context, e block.Enrolment) error {
	m.enrolled = &e
	return nil
}

// Cursors returns a copy of the positions.
func (m *Mem) Cursors(context.Context) (block.Cursors, error) { return cloneCursors(m.cursors), nil }

// Stage keeps a copy of data.
func (m *Mem) Stage(_ context.Context, key string, data []byte) error {
	m.staged[key] = slices.Clone(data)
	return nil
}

// Staged returns what Stage kept.
func (m *Mem) Staged(_ context.Context, key string) ([]byte, bool, error) {
	b, ok := m.staged[key]
	return b, ok, nil
}

// ClearStaged forgets everything staged.
func (m *Mem) ClearStaged(context.Context) error {
	clear(m.staged)
	return nil
}

// ApplyCut changes nothing when parts or the plan are at fault.
func (m *Mem) ApplyCut(_ context.Context, cut block.CutPlan, parts iter.Seq2[block.Part, error]) (block.Applied, error) {
	var done block.Applied
	plans := make(map[block.Stream]block.StreamPlan, len(cut.Streams))
	next := make(map[block.Stream]map[Key]block.Part, len(cut.Streams))
	for _, p := range cut.Streams {
		if _, twice := plans[p.Stream]; twice {
			return done, fmt.Errorf("apply cut: stream %s is there twice: %w", p.Stream.Region, block.ErrInvalid)
		}
		plans[p.Stream] = p
		next[p.Stream] = map[Key]block.Part{}
		if !p.Replace {
			maps.Copy(next[p.Stream], m.parts[p.Stream])
		}
	}
	for part, err := range parts {
		if err != nil {
			return block.Applied{}, err
		}
		rows, ok := next[part.Stream]
		if !ok {
			return block.Applied{}, fmt.Errorf("apply cut: a part of a stream that is not in the plan: %w", block.ErrInvalid)
		}
		k := Key{part.Kind, part.ID}
		if part.Drop {
			delete(rows, k)
			done.Dropped++
		} else {
			old, held := rows[k]
			if part.Have != 0 && !held {
				return block.Applied{}, &block.HoleError{Stream: part.Stream, Kind: part.Kind, ID: part.ID}
			}
			rows[k] = part.Over(old)
			done.Put++
		}
	}
	for s, rows := range m.parts {
		if _, kept := plans[s]; !kept {
			done.Purged += len(rows)
		}
	}
	m.parts = next
	m.cursors = block.Cursors{Epoch: cut.Epoch, Streams: make(map[block.Stream]uint64, len(plans)), Witnesses: slices.Clone(cut.Witnesses)}
	for s, p := range plans {
		m.cursors.Streams[s] = p.Seq
	}
	m.tallies = m.compute()
	m.Applies++
	return done, nil
}

// tallyKey is where a part counts.
func tallyKey(p block.Part) block.TallyKey {
	k := block.TallyKey{Region: p.Region, Class: p.Stream.Class, Kind: p.Kind, Foreign: p.Foreign}
	if p.Foreign {
		k.Region = p.Stream.Region
	}
	return k
}

func (m *Mem) leaf(p block.Part) block.Leaf {
	return m.hasher.Leaf(p.Kind, p.ID, p.Stream.Class, p.Ver, p.Region, p.Values, p.Geometry)
}

func (m *Mem) compute() map[block.TallyKey]block.Tally {
	out := map[block.TallyKey]block.Tally{}
	for _, rows := range m.parts {
		for _, p := range rows {
			t := out[tallyKey(p)]
			t.Add(m.leaf(p))
			out[tallyKey(p)] = t
		}
	}
	return out
}

// Tallies returns the sums as kept.
func (m *Mem) Tallies(context.Context) (map[block.TallyKey]block.Tally, error) {
	return maps.Clone(m.tallies), nil
}

// Recompute returns the sums of what is really there.
func (m *Mem) Recompute(context.Context) (map[block.TallyKey]block.Tally, error) {
	return m.compute(), nil
}

// SetTallies puts recomputed sums in place of the kept ones.
func (m *Mem) SetTallies(_ context.Context, t map[block.TallyKey]block.Tally) error {
	m.tallies = maps.Clone(t)
	return nil
}

// Leaves returns the leaves that count under a key.
func (m *Mem) Leaves(_ context.Context, key block.TallyKey) (map[block.ID]block.Leaf, error) {
	out := map[block.ID]block.Leaf{}
	for _, rows := range m.parts {
		for _, p := range rows {
			if tallyKey(p) == key {
				out[p.ID] = m.leaf(p)
			}
		}
	}
	return out, nil
}

// Repair puts and drops parts of one stream. A dropped id is looked for in the stream given.
func (m *Mem) Repair(_ context.Context, stream block.Stream, kind block.Kind, put []block.Part, drop []block.ID) error {
	rows := m.parts[stream]
	if rows == nil {
		return fmt.Errorf("repair: stream %s %s is not held: %w", stream.Region, stream.Class, block.ErrInvalid)
	}
	for _, id := range drop {
		delete(rows, Key{kind, id})
	}
	for _, p := range put {
		p.Stream = stream
		rows[Key{kind, p.ID}] = p
	}
	m.tallies = m.compute()
	return nil
}

// Add puts an op into the outbox, with the next counter, and returns it.
func (m *Mem) Add(op block.Op) block.Op {
	op.Counter = uint64(len(m.ops) + 1)
	if m.enrolled != nil {
		op.Device = m.enrolled.Device
	}
	m.ops = append(m.ops, op)
	return op
}

// Outbox returns the ops without a receipt, by counter.
func (m *Mem) Outbox(_ context.Context, limit int) ([]block.Op, error) {
	var out []block.Op
	for _, op := range m.ops {
		if _, done := m.fates[op.ID]; !done && len(out) < limit {
			out = append(out, op)
		}
	}
	return out, nil
}

// Settle keeps receipts.
func (m *Mem) Settle(_ context.Context, receipts []block.Receipt) error {
	for _, r := range receipts {
		m.fates[r.Op] = r
	}
	return nil
}

// Resend makes every op unanswered again and returns how many there are.
func (m *Mem) Resend(context.Context) (int, error) {
	clear(m.fates)
	return len(m.ops), nil
}

// RecordSync keeps the record.
func (m *Mem) RecordSync(_ context.Context, r block.SyncRecord) error {
	m.Syncs = append(m.Syncs, r)
	return nil
}

// Counts counts ops by fate.
func (m *Mem) Counts(context.Context) (block.OpCounts, error) {
	var c block.OpCounts
	for _, op := range m.ops {
		switch m.fates[op.ID].Fate {
		case block.FateApplied, block.FateMerged:
			c.Pushed++
		case block.FateConflict:
			c.Conflicts++
		case block.FateRejected:
			c.Rejected++
		default:
			c.Pending++
		}
	}
	return c, nil
}

// Ops returns every op ever made here.
func (m *Mem) Ops() []block.Op { return m.ops }

// Fate returns the receipt of an op, zero while there is none.
func (m *Mem) Fate(op block.ID) block.Receipt { return m.fates[op] }

// Parts returns every part held, in a fixed order.
func (m *Mem) Parts() []block.Part {
	var out []block.Part
	for _, rows := range m.parts {
		for _, p := range rows {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, ComparePart)
	return out
}

// ComparePart orders parts by stream, kind and id.
func ComparePart(a, b block.Part) int {
	return cmp.Or(
		slices.Compare(a.Stream.Region[:], b.Stream.Region[:]), cmp.Compare(a.Stream.Class, b.Stream.Class),
		cmp.Compare(a.Kind, b.Kind), slices.Compare(a.ID[:], b.ID[:]))
}

// Tamper changes one part as plain SQL would: without telling the sums. It reports whether there was one at index i.
func (m *Mem) Tamper(i int, change func(*block.Part)) bool {
	all := m.Parts()
	if len(all) == 0 {
		return false
	}
	p := all[i%len(all)]
	p.Values = slices.Clone(p.Values)
	change(&p)
	m.parts[p.Stream][Key{p.Kind, p.ID}] = p
	return true
}
