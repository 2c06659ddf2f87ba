package syncer

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"kuaitu/block"
)

// startProof compares with the server, unless nothing has moved since the last proof at this very cut.
func (st *State) startProof(now time.Time) []Effect {
	r := &st.run
	since := now.Sub(st.lastDeep)
	due := st.lastDeep.IsZero() || since >= deepEvery || since < 0 // a clock set back is no reason to skip
	deep := (st.deep || due || r.rebuilt) && !r.deepDone
	if !deep && !r.mended && st.provedHere() {
		r.rec.Proved = true
		return st.finish(now, "")
	}
	limit := st.opt.DeepLimit
	if st.deep || r.rebuilt || !st.lastDeep.IsZero() {
		limit = 0
	}
	st.phase = Proving
	return []Effect{ReadTallies{Deep: deep, Limit: limit}}
}

// provedHere reports whether exactly these positions were proved by the last sync.
func (st *State) provedHere() bool {
	if !st.record.Proved || len(st.provedAt) != len(st.cursors.Streams) {
		return false
	}
	for s, seq := range st.cursors.Streams {
		if at, ok := st.provedAt[s]; !ok || at != seq {
			return false
		}
	}
	return true
}

func (st *State) talliesRead(now time.Time, ev TalliesRead) []Effect {
	r := &st.run
	if st.phase != Proving {
		return nil
	}
	if !ev.OK() {
		return st.finish(now, ev.Reason)
	}
	if ev.Deep {
		r.deepDone = true
		st.lastDeep = now
	} else if st.lastDeep.IsZero() {
		st.lastDeep = now // too large for an unasked one: daily from now on
	}
	r.local = ev.Tallies
	return []Effect{AskProof{Epoch: r.greeting.Cut.Epoch, Cut: r.greeting.Name, Total: total(ev.Tallies)}}
}

func (st *State) proved(now time.Time, ev Proved) []Effect {
	r := &st.run
	if st.phase != Proving {
		return nil
	}
	st.traffic(now, ev.Traffic, ev.Fault)
	switch {
	case ev.Reason == Moved:
		return st.greet(now)
	case !ev.OK():
		return st.finish(now, ev.Reason)
	}
	var differ []block.TallyKey
	if !ev.Equal {
		differ = Differences(r.local, ev.Tallies)
	}
	switch {
	case len(differ) == 0:
		sum := total(r.local)
		r.rec.Proved, r.rec.ProvedAt, r.rec.Rows, r.rec.Proof = true, now, sum.Count, proofText(sum)
		st.provedAt = make(map[block.Stream]uint64, len(st.cursors.Streams))
		for s, seq := range st.cursors.Streams {
			st.provedAt[s] = seq
		}
		return st.finish(now, "")
	case r.rebuilt && (r.mended || len(differ) > maxMended):
		st.rebuildFor(differ)
		r.proveFrom = Unproved
		return st.finish(now, Unproved)
	case r.mended || len(differ) > maxMended:
		st.rebuildFor(differ)
		r.rebuilt, r.mended, r.deepDone = true, false, false
		return st.greet(now)
	}
	r.suspects = differ
	st.phase = Mending
	return st.mendNext(now)
}

func (st *State) mendNext(time.Time) []Effect {
	r := &st.run
	if len(r.suspects) == 0 {
		r.mended = true
		st.phase = Proving
		return []Effect{ReadTallies{}}
	}
	key := r.suspects[0]
	r.suspects = r.suspects[1:]
	return []Effect{Mend{Epoch: r.greeting.Cut.Epoch, Cut: r.greeting.Name, Key: key, Streams: st.carriers(key)}}
}

func (st *State) mended(now time.Time, ev Mended) []Effect {
	r := &st.run
	if st.phase != Mending {
		return nil
	}
	st.traffic(now, ev.Traffic, ev.Fault)
	r.rec.Repaired += ev.Rows
	switch {
	case ev.OK():
	case ev.Reason == Moved:
		return st.greet(now)
	case ev.Reason.fatal():
		return st.finish(now, ev.Reason)
	}
	// A key that could not be mended shows again in the comparison that follows, and then its stream is fetched whole.
	return st.mendNext(now)
}

// carriers returns the streams of the cut that may carry a key's rows: its own region's, where that is a stream of the
// class; else, for rows at home below a shard, every stream of the class.
func (st *State) carriers(key block.TallyKey) []block.Stream {
	own := block.Stream{Region: key.Region, Class: key.Class}
	if _, ok := st.cursors.Streams[own]; ok {
		return []block.Stream{own}
	}
	var out []block.Stream
	for _, h := range st.run.greeting.Cut.Heads {
		if h.Stream.Class == key.Class {
			out = append(out, h.Stream)
		}
	}
	return out
}

func (st *State) rebuildFor(keys []block.TallyKey) {
	for _, k := range keys {
		for _, s := range st.carriers(k) {
			st.rebuild[s] = true
		}
	}
	st.provedAt = nil
}

// total adds tallies up.
func total(t map[block.TallyKey]block.Tally) block.Tally {
	var sum block.Tally
	for _, one := range t {
		sum.Merge(one)
	}
	return sum
}

// Differences returns the keys whose tallies differ, in a fixed order. A missing tally equals an empty one.
func Differences(a, b map[block.TallyKey]block.Tally) []block.TallyKey {
	var out []block.TallyKey
	for k, t := range a {
		if b[k] != t {
			out = append(out, k)
		}
	}
	for k, t := range b {
		if _, both := a[k]; !both && t != (block.Tally{}) {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(x, y block.TallyKey) int {
		return cmp.Or(bytes.Compare(x.Region[:], y.Region[:]), cmp.Compare(x.Class, y.Class), cmp.Compare(x.Kind, y.Kind), boolOrder(x.Foreign, y.Foreign))
	})
	return out
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// diffLeaves compares what is here with what the server has under one key: ids to fetch and ids to drop, sorted.
func diffLeaves(here, there map[block.ID]block.Leaf) (fetch, drop []block.ID) {
	for id, l := range there {
		if mine, ok := here[id]; !ok || mine != l {
			fetch = append(fetch, id)
		}
	}
	for id := range here {
		if _, ok := there[id]; !ok {
			drop = append(drop, id)
		}
	}
	byID := func(a, b block.ID) int { return bytes.Compare(a[:], b[:]) }
	slices.SortFunc(fetch, byID)
	slices.SortFunc(drop, byID)
	return fetch, drop
}
