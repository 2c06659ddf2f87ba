package syncer

import (
	"slices"
	"time"

	"kuaitu/block"
)

// startFetch plans every stream of the cut and starts fetching.
func (st *State) startFetch(now time.Time) []Effect {
	r := &st.run
	r.streams, r.queue, r.bytesDone, r.bytesAll = nil, nil, 0, 0
	r.index = make(map[block.Stream]int, len(r.greeting.Cut.Heads))
	for _, h := range r.greeting.Cut.Heads {
		if _, twice := r.index[h.Stream]; twice {
			r.pull = BadAnswer
			return st.startPush(now)
		}
		w := &streamWork{head: h}
		w.from, w.held = st.cursors.Streams[h.Stream]
		w.at = w.from
		r.index[h.Stream] = len(r.streams)
		r.streams = append(r.streams, w)
		st.plan(w)
	}
	st.phase = Fetching
	return st.pump(now)
}

// plan decides how one stream reaches the cut: nothing to do, changes, or the whole.
func (st *State) plan(w *streamWork) {
	whole := !w.held || st.run.restored || st.rebuild[w.head.Stream]
	switch {
	case whole && w.head.Seq == 0:
		w.replace, w.at = true, 0
	case whole, w.head.Seq-w.from > SnapshotBehind:
		st.wantWhole(w)
	case w.head.Seq > w.from:
		st.wantSegment(w)
	}
}

func (st *State) wantWhole(w *streamWork) {
	w.replace, w.whole, w.at, w.sources, w.left = true, true, 0, nil, 0
	st.want(w, Job{Kind: ManifestJob, Upto: w.head.Seq})
}

func (st *State) wantSegment(w *streamWork) {
	st.want(w, Job{Kind: SegmentJob, After: w.at, Upto: min(w.head.Seq, (w.at/segmentSpan+1)*segmentSpan)})
}

func (st *State) want(w *streamWork, j Job) {
	j.Stream, j.Epoch = w.head.Stream, st.run.greeting.Cut.Epoch
	w.left++
	st.run.bytesAll += j.Size
	st.run.queue = append(st.run.queue, Fetch{Job: j})
}

// pump keeps the permitted number of fetches in flight and goes on when all are done.
func (st *State) pump(now time.Time) []Effect {
	r := &st.run
	var out []Effect
	for len(r.queue) > 0 && r.inflight < st.opt.Parallel {
		out = append(out, r.queue[0])
		r.queue = r.queue[1:]
		r.inflight++
	}
	if r.inflight > 0 {
		return out
	}
	return append(out, st.fetchedAll(now)...)
}

func (st *State) fetched(now time.Time, ev Fetched) []Effect {
	r := &st.run
	if st.phase != Fetching {
		return nil
	}
	r.inflight--
	if !ev.Local {
		st.traffic(now, ev.Traffic, ev.Fault)
	}
	i, known := r.index[ev.Job.Stream]
	if !known || r.pull != "" || r.moved { // given up: only wait for the others in flight
		return st.pump(now)
	}
	w := r.streams[i]
	w.left--
	if w.bad != "" {
		return st.pump(now)
	}
	switch {
	case !ev.OK():
		st.fetchFault(w, ev)
	case ev.Job.Kind == ManifestJob:
		st.manifest(w, ev)
	case ev.Job.Kind == SegmentJob:
		if ev.Seq <= ev.Job.After || ev.Seq > ev.Job.Upto {
			w.bad = BadAnswer
			break
		}
		r.bytesDone += ev.In
		w.sources = append(w.sources, ev.Job)
		w.at = ev.Seq
		if w.at < w.head.Seq {
			st.wantSegment(w)
		}
	default:
		r.bytesDone += ev.Job.Size
	}
	return st.pump(now)
}

// manifest queues a snapshot's chunks and the changes since it was made.
func (st *State) manifest(w *streamWork, ev Fetched) {
	if ev.Seq > w.head.Seq { // a newer snapshot than the cut: the cut is out of date
		st.giveUp("")
		st.run.moved = true
		return
	}
	w.at = ev.Seq
	for _, c := range ev.Chunks {
		j := Job{Kind: ChunkJob, Epoch: ev.Job.Epoch, Stream: w.head.Stream, Sum: c.Sum, Size: c.Size}
		again := slices.Contains(w.sources, j) // the same content twice in one snapshot is fetched once
		w.sources = append(w.sources, j)
		if !again {
			st.want(w, j)
		}
	}
	if w.at < w.head.Seq {
		st.wantSegment(w)
	}
}

// fetchFault repeats, falls back to the whole stream, leaves the stream at its cursor, or gives the pull up.
func (st *State) fetchFault(w *streamWork, ev Fetched) {
	switch {
	case ev.Reason.transient() && ev.Attempt+1 < maxAttempts:
		w.left++
		st.run.queue = append(st.run.queue, Fetch{Job: ev.Job, Attempt: ev.Attempt + 1, Delay: max(st.backoff(ev.Attempt+1), ev.RetryAfter)})
	case ev.Reason == Gone && !w.whole:
		st.wantWhole(w)
	case ev.Reason == Gone && ev.Job.Kind == ChunkJob:
		st.giveUp("") // the snapshot was replaced in mid-fetch: look again
		st.run.moved = true
	case ev.Reason == Moved:
		st.giveUp("")
		st.run.moved = true
	case ev.Reason.fatal():
		st.giveUp(ev.Reason)
	default:
		w.bad = ev.Reason
		st.run.queue = slices.DeleteFunc(st.run.queue, func(f Fetch) bool { return f.Job.Stream == w.head.Stream })
	}
}

func (st *State) giveUp(reason Reason) {
	st.run.queue = nil
	if reason != "" {
		st.run.pull = reason
	}
}

// fetchedAll applies what came, when there is anything to apply.
func (st *State) fetchedAll(now time.Time) []Effect {
	r := &st.run
	switch {
	case r.pull.fatal():
		return st.finish(now, r.pull)
	case r.pull != "":
		return st.startPush(now)
	case r.moved:
		return st.greet(now)
	}
	apply := Apply{Plan: block.CutPlan{Epoch: r.greeting.Cut.Epoch, Witnesses: r.greeting.Witnesses, Mend: len(st.rebuild) > 0}}
	change := st.cursors.Epoch != apply.Plan.Epoch
	kept := 0
	for _, w := range r.streams {
		p := block.StreamPlan{Stream: w.head.Stream, Seq: w.head.Seq, Replace: w.replace}
		sources := w.sources
		if w.bad != "" {
			r.pull = w.bad
			if r.restored { // positions of another life mean nothing: all streams come over together or none
				return st.startPush(now)
			}
			if !w.held {
				continue
			}
			p.Seq, p.Replace, sources = w.from, false, nil
		}
		if w.held {
			kept++
		}
		change = change || !w.held || p.Replace || p.Seq != w.from
		apply.Plan.Streams = append(apply.Plan.Streams, p)
		apply.Sources = append(apply.Sources, sources)
	}
	if r.pull != "" {
		// Witnesses vouch for all that is held of a shard; with a stream left behind the old ones stay true.
		apply.Plan.Witnesses = st.cursors.Witnesses
	}
	if !change && kept == len(st.cursors.Streams) {
		return st.startPush(now)
	}
	st.phase = Applying
	return []Effect{apply}
}

func (st *State) cutover(now time.Time, ev Cutover) []Effect {
	r := &st.run
	if st.phase != Applying {
		return nil
	}
	if ev.Hole != nil { // changes came of a record that is not here: its stream comes whole, at once
		st.rebuild[*ev.Hole] = true
		r.moved = true
		return []Effect{Discard{}}
	}
	if !ev.OK() {
		r.pull = ev.Reason
		if ev.Reason == BadAnswer { // what is staged cannot be applied: forget it, so that it is fetched anew
			return []Effect{Discard{}}
		}
		return st.finish(now, ev.Reason)
	}
	if len(st.rebuild) > 0 {
		r.rec.Repaired += ev.Applied.Mended + ev.Applied.Dropped
	} else {
		r.rec.Pulled += ev.Applied.Put + ev.Applied.Dropped
	}
	st.provedAt = nil
	st.cursors.Epoch = r.greeting.Cut.Epoch
	held := make(map[block.Stream]uint64, len(r.streams))
	for _, w := range r.streams {
		switch {
		case w.bad == "":
			held[w.head.Stream] = w.head.Seq
			delete(st.rebuild, w.head.Stream)
		case w.held:
			held[w.head.Stream] = w.from
		}
	}
	st.cursors.Streams = held
	if r.pull == "" {
		st.cursors.Witnesses = r.greeting.Witnesses
	}
	if r.pull != "" {
		return st.startPush(now) // what is staged of the streams left behind may still serve
	}
	return []Effect{Discard{}}
}

func (st *State) discarded(now time.Time, ev Discarded) []Effect {
	if st.phase != Applying {
		return nil
	}
	if !ev.OK() {
		return st.finish(now, ev.Reason)
	}
	if st.run.moved {
		return st.greet(now)
	}
	return st.startPush(now)
}
