package simtest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"slices"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/blockserver"
)

// memOps is a storage in memory: fast, and a backup is a copy. One goroutine uses it at a time.
type memOps struct {
	city       blockserver.City
	rows       map[blockserver.RowKey]*blockserver.Row
	places     map[blockserver.RowKey][]blockserver.Placement
	tallies    map[block.TallyKey]block.Tally
	log        map[block.Stream][]block.Part
	present    map[block.Stream]map[blockserver.RowKey]block.Part
	chain      map[block.ID][][32]byte // chain[shard][seq]
	tokens     map[[32]byte]*blockserver.Grant
	codes      map[[32]byte]*code
	receipts   map[block.ID][]block.Receipt // by counter-1
	opIDs      map[block.ID]int             // how often each op had an effect on rows
	numbers    map[string]uint64
	mutant     mutant
	undo       []func()
	puts       int          // rows written for the op in hand
	failUpdate func() error // injected before commit
}

type code struct {
	region block.ID
	post   string
	by     block.ID
}

func newMemOps(city blockserver.City) *memOps {
	return &memOps{
		city: city, rows: map[blockserver.RowKey]*blockserver.Row{}, places: map[blockserver.RowKey][]blockserver.Placement{},
		tallies: map[block.TallyKey]block.Tally{}, log: map[block.Stream][]block.Part{}, present: map[block.Stream]map[blockserver.RowKey]block.Part{},
		chain: map[block.ID][][32]byte{}, tokens: map[[32]byte]*blockserver.Grant{}, codes: map[[32]byte]*code{},
		receipts: map[block.ID][]block.Receipt{}, opIDs: map[block.ID]int{}, numbers: map[string]uint64{},
	}
}

// clone is a backup. Rows, grants and log entries are never changed in place, so they may be shared.
func (m *memOps) clone() *memOps {
	c := *m
	c.undo = nil
	c.rows, c.tallies, c.numbers = maps.Clone(m.rows), maps.Clone(m.tallies), maps.Clone(m.numbers)
	c.places, c.log, c.chain, c.receipts = cloneLists(m.places), cloneLists(m.log), cloneLists(m.chain), cloneLists(m.receipts)
	c.tokens, c.opIDs = maps.Clone(m.tokens), maps.Clone(m.opIDs)
	c.codes = make(map[[32]byte]*code, len(m.codes))
	for k, v := range m.codes {
		one := *v
		c.codes[k] = &one
	}
	c.present = make(map[block.Stream]map[blockserver.RowKey]block.Part, len(m.present))
	for s, p := range m.present {
		c.present[s] = maps.Clone(p)
	}
	return &c
}

func cloneLists[K comparable, V any](m map[K][]V) map[K][]V {
	out := make(map[K][]V, len(m))
	for k, v := range m {
		out[k] = slices.Clip(v)
	}
	return out
}

func (m *memOps) City(context.Context) (blockserver.City, error) { return m.city, nil }

func (m *memOps) View(_ context.Context, fn func(blockserver.View) error) error { return fn(m) }

func (m *memOps) Update(_ context.Context, fn func(blockserver.Tx) error) error {
	m.undo, m.puts = m.undo[:0], 0
	err := fn(m)
	if err == nil && m.failUpdate != nil {
		err = m.failUpdate()
	}
	if err != nil {
		for _, u := range slices.Backward(m.undo) {
			u()
		}
	}
	return err
}

// write writes one entry of a map so that it can be undone.
func write[K comparable, V any](m *memOps, of map[K]V, k K, v V) {
	old, had := of[k]
	m.undo = append(m.undo, func() {
		if had {
			of[k] = old
		} else {
			delete(of, k)
		}
	})
	of[k] = v
}

func (m *memOps) shardOf(s block.Stream) block.ID { return m.city.Tree.Shard(s.Region) }

func (m *memOps) Heads(_ context.Context, shards []block.ID) ([]blockserver.StreamHead, []block.Witness, error) {
	var heads []blockserver.StreamHead
	for s, log := range m.log {
		if slices.Contains(shards, m.shardOf(s)) && len(log) > 0 {
			heads = append(heads, blockserver.StreamHead{Head: block.Head{Stream: s, Seq: log[len(log)-1].Seq}})
		}
	}
	slices.SortFunc(heads, func(a, b blockserver.StreamHead) int {
		return cmp.Or(bytes.Compare(a.Stream.Region[:], b.Stream.Region[:]), cmp.Compare(a.Stream.Class, b.Stream.Class))
	})
	var witnesses []block.Witness
	for _, id := range shards {
		if c := m.chain[id]; len(c) > 0 {
			witnesses = append(witnesses, block.Witness{Shard: id, Seq: uint64(len(c) - 1), Sum: c[len(c)-1]})
		}
	}
	return heads, witnesses, nil
}

func (m *memOps) Positions(context.Context) (map[block.ID]uint64, error) {
	out := map[block.ID]uint64{}
	for id, c := range m.chain {
		out[id] = uint64(max(0, len(c)-1))
	}
	return out, nil
}

func (m *memOps) Chain(_ context.Context, shard block.ID, seq uint64) ([32]byte, bool, error) {
	c := m.chain[shard]
	if seq >= uint64(len(c)) {
		return [32]byte{}, seq == 0, nil
	}
	return c[seq], true, nil
}

func (m *memOps) Changes(_ context.Context, _ block.ID, s block.Stream, after, upto uint64, limit int) ([]block.Part, uint64, error) {
	var out []block.Part
	end := upto
	for _, p := range m.log[s] {
		if p.Seq <= after || p.Seq > upto {
			continue
		}
		if len(out) >= limit && p.Seq != out[len(out)-1].Seq {
			end = out[len(out)-1].Seq
			break
		}
		if m.mutant != hide || p.ID[15]%4 != 0 {
			out = append(out, p)
		}
	}
	return out, end, nil
}

func (m *memOps) Present(_ context.Context, s block.Stream) iter.Seq2[block.Part, error] {
	parts := slices.SortedFunc(maps.Values(m.present[s]), func(a, b block.Part) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), foreignLast(a, b), bytes.Compare(a.Region[:], b.Region[:]), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return func(yield func(block.Part, error) bool) {
		for _, p := range parts {
			if !yield(p, nil) {
				return
			}
		}
	}
}

func foreignLast(a, b block.Part) int {
	switch {
	case a.Foreign == b.Foreign:
		return 0
	case b.Foreign:
		return -1
	}
	return 1
}

func (m *memOps) Tallies(_ context.Context, regions []block.ID) (map[block.TallyKey]block.Tally, error) {
	out := map[block.TallyKey]block.Tally{}
	for k, t := range m.tallies {
		if (regions == nil || slices.Contains(regions, k.Region)) && t != (block.Tally{}) {
			out[k] = t
		}
	}
	return out, nil
}

func (m *memOps) Leaves(_ context.Context, key block.TallyKey) (map[block.ID]block.Leaf, error) {
	var h schema.Hasher
	out := map[block.ID]block.Leaf{}
	for _, p := range m.allPresent() {
		if keyOf(p) == key {
			out[p.ID] = h.Leaf(p.Kind, p.ID, p.Stream.Class, p.Ver, p.Region, p.Values, p.Geometry)
		}
	}
	return out, nil
}

// keyOf is the tally a part counts under.
func keyOf(p block.Part) block.TallyKey {
	return blockserver.Carrier{Stream: p.Stream, Foreign: p.Foreign}.Key(p.Kind, p.Region)
}

func (m *memOps) allPresent() []block.Part {
	var out []block.Part
	for _, rows := range m.present {
		out = slices.AppendSeq(out, maps.Values(rows))
	}
	return out
}

func (m *memOps) Row(_ context.Context, key blockserver.RowKey) (*blockserver.Row, error) {
	return m.rows[key], nil
}

func (m *memOps) Placements(_ context.Context, key blockserver.RowKey) ([]blockserver.Placement, error) {
	return m.places[key], nil
}

func (m *memOps) Device(_ context.Context, token [32]byte) (blockserver.Grant, error) {
	g := m.tokens[token]
	if g == nil {
		return blockserver.Grant{}, fmt.Errorf("device: %w", block.ErrNotFound)
	}
	grant := *g
	grant.Counter = uint64(len(m.receipts[g.Device]))
	if m.mutant == leak {
		grant.Classes = block.ClassSet(1<<block.NumClasses - 1)
	}
	return grant, nil
}

func (m *memOps) Receipt(_ context.Context, device block.ID, counter uint64) (block.Receipt, bool, error) {
	list := m.receipts[device]
	if m.mutant == applyTwice && counter == uint64(len(list)) {
		return block.Receipt{}, false, nil
	}
	if counter == 0 || counter > uint64(len(list)) {
		return block.Receipt{}, false, nil
	}
	return list[counter-1], true, nil
}

func (m *memOps) ReceiptOf(_ context.Context, op block.ID) (block.Receipt, bool, error) {
	for _, list := range m.receipts {
		for _, r := range list {
			if r.Op == op && m.mutant != applyTwice {
				return r, true, nil
			}
		}
	}
	return block.Receipt{}, false, nil
}

func (m *memOps) EventTypes(context.Context) (map[string]bool, error) {
	return map[string]bool{"garbage": true, "parking": true}, nil
}

func (m *memOps) Put(_ context.Context, row blockserver.Row) error {
	write(m, m.rows, row.Key(), &row)
	m.puts++
	return nil
}

func (m *memOps) Move(_ context.Context, place, unplace []blockserver.Placement) error {
	for _, p := range unplace {
		write(m, m.places, p.Target, slices.DeleteFunc(slices.Clone(m.places[p.Target]), func(q blockserver.Placement) bool { return p == q }))
	}
	for _, p := range place {
		write(m, m.places, p.Target, append(slices.Clip(m.places[p.Target]), p))
	}
	return nil
}

func (m *memOps) Tally(_ context.Context, moves []blockserver.TallyMove) error {
	for _, mv := range moves {
		t := m.tallies[mv.Key]
		if mv.Add {
			t.Add(mv.Leaf)
		} else {
			t.Sub(mv.Leaf)
		}
		write(m, m.tallies, mv.Key, t)
	}
	return nil
}

func (m *memOps) Append(_ context.Context, shard block.ID, parts []block.Part) (uint64, error) {
	c := m.chain[shard]
	if len(c) == 0 {
		c = append(c, [32]byte{})
	}
	seq := uint64(len(c))
	sum := sha256.New()
	sum.Write(c[seq-1][:])
	for _, p := range parts {
		p.Seq = seq
		write(m, m.log, p.Stream, append(slices.Clip(m.log[p.Stream]), p))
		key := blockserver.RowKey{Kind: p.Kind, ID: p.ID}
		if m.present[p.Stream] == nil {
			write(m, m.present, p.Stream, map[blockserver.RowKey]block.Part{})
		}
		old, had := m.present[p.Stream][key]
		at := m.present[p.Stream]
		m.undo = append(m.undo, func() {
			if delete(at, key); had {
				at[key] = old
			}
		})
		if p.Drop {
			delete(at, key)
		} else {
			at[key] = p
		}
		sum.Write(binary.LittleEndian.AppendUint64(blockserver.AppendPart(p.ID[:], p), seq))
	}
	write(m, m.chain, shard, append(slices.Clip(c), [32]byte(sum.Sum(nil))))
	return seq, nil
}

func (m *memOps) SaveReceipt(_ context.Context, op block.Op, r block.Receipt) error {
	write(m, m.receipts, op.Device, append(slices.Clip(m.receipts[op.Device]), r))
	if m.puts > 0 {
		write(m, m.opIDs, op.ID, m.opIDs[op.ID]+1)
	}
	m.puts = 0
	return nil
}

func (m *memOps) Next(_ context.Context, shard block.ID, name string) (uint64, error) {
	k := shard.String() + "/" + name
	write(m, m.numbers, k, m.numbers[k]+1)
	return m.numbers[k], nil
}

func (m *memOps) Redeem(_ context.Context, r blockserver.Redemption) (blockserver.Grant, error) {
	c := m.codes[r.Code]
	if c == nil || !c.by.IsZero() && c.by != r.Device {
		return blockserver.Grant{}, fmt.Errorf("code: %w", block.ErrRefused)
	}
	write(m, m.codes, r.Code, &code{region: c.region, post: c.post, by: r.Device})
	g := blockserver.Grant{Device: r.Device, Region: c.region, Post: c.post, Classes: blockserver.Posts[c.post]}
	write(m, m.tokens, r.Token, &g)
	return g, nil
}

// load puts rows as a bulk import does: one position a shard for all of them.
func (m *memOps) load(rows []blockserver.Row) error {
	return m.Update(context.Background(), func(tx blockserver.Tx) error {
		ctx := context.Background()
		var changes []blockserver.Change
		for i := range rows {
			changes = append(changes, blockserver.Change{After: &rows[i]})
		}
		targets := map[blockserver.RowKey]blockserver.Target{}
		for _, k := range blockserver.TargetsOf(m.city.Set, changes) {
			targets[k] = blockserver.Target{Row: m.rows[k], Placements: m.places[k]}
		}
		e, err := blockserver.EffectsOf(m.city.Set, m.city.Tree, changes, targets)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := tx.Put(ctx, r); err != nil {
				return err
			}
		}
		if err := tx.Move(ctx, e.Place, e.Unplace); err != nil {
			return err
		}
		if err := tx.Tally(ctx, e.Tallies); err != nil {
			return err
		}
		byShard := map[block.ID][]block.Part{}
		for _, p := range e.Parts {
			byShard[m.shardOf(p.Stream)] = append(byShard[m.shardOf(p.Stream)], p)
		}
		for _, shard := range slices.SortedFunc(maps.Keys(byShard), func(a, b block.ID) int { return bytes.Compare(a[:], b[:]) }) {
			if _, err := tx.Append(ctx, shard, byShard[shard]); err != nil {
				return err
			}
		}
		return nil
	})
}

// invite makes a one-time code and returns its text.
func (m *memOps) invite(text string, region block.ID, post string) string {
	m.codes[blockserver.CodeDigest(text)] = &code{region: region, post: post}
	return text
}

var _ blockserver.Tx = (*memOps)(nil)
