package syncer

import (
	"slices"
	"time"

	"kuaitu/block"
)

// Step gives the next state and the effects to perform. It is pure but for what State refers to (see there). Events
// that do not belong to the present phase, such as a timer overtaken by Asked, change nothing.
func Step(st State, now time.Time, ev Event) (State, []Effect) {
	var out []Effect
	switch ev := ev.(type) {
	case Asked:
		st.deeper = st.deeper || ev.Deep
		if st.phase != Idle {
			st.again = true
			break
		}
		out = st.begin(now)
	case Poked:
		out = st.poked()
	case Listening:
		st.live = ev.On
	case Woke:
		if st.phase == Idle && ev.Token == st.timer {
			out = st.begin(now)
		}
	case Loaded:
		out = st.loaded(now, ev)
	case Greeted:
		out = st.greeted(now, ev)
	case Resent:
		out = st.resent(now, ev)
	case Fetched:
		out = st.fetched(now, ev)
	case Cutover:
		out = st.cutover(now, ev)
	case Discarded:
		out = st.discarded(now, ev)
	case OutboxRead:
		out = st.outboxRead(now, ev)
	case Answered:
		out = st.answered(now, ev)
	case Settled:
		out = st.settled(now, ev)
	case TalliesRead:
		out = st.talliesRead(now, ev)
	case Proved:
		out = st.proved(now, ev)
	case Mended:
		out = st.mended(now, ev)
	case Recorded:
		out = st.recorded(now)
	}
	return st, out
}

// poked brings the next sync forward. A server that is not to be asked for now is not asked sooner for it: after a
// failure or a refusal the pause holds.
func (st *State) poked() []Effect {
	switch {
	case st.phase != Idle:
		st.again = true
	case !st.due && st.failures == 0 && !st.stopped():
		st.due = true
		st.timer++
		return []Effect{Wait{For: time.Duration(st.random() % uint64(PokeSpread)), Token: st.timer}}
	}
	return nil
}

// stopped reports whether the last sync ended for a reason that time does not mend.
func (st *State) stopped() bool {
	switch Reason(st.record.Problem) {
	case Revoked, Cloned, Upgrade, NotEnrolled:
		return true
	}
	return false
}

func (st *State) begin(now time.Time) []Effect {
	st.run = run{began: now}
	st.deep, st.deeper, st.again, st.due = st.deeper, false, false, false
	st.timer++
	st.wait = 0
	st.phase = Loading
	return []Effect{Load{}}
}

func (st *State) loaded(now time.Time, ev Loaded) []Effect {
	if st.phase != Loading {
		return nil
	}
	if !ev.OK() {
		return st.finish(now, ev.Reason)
	}
	if !ev.Enrolled {
		return st.finish(now, NotEnrolled)
	}
	st.cursors = ev.Cursors
	return st.greet(now)
}

// greet begins one round: the heads, what is missing, what is to be sent.
func (st *State) greet(now time.Time) []Effect {
	st.run.greetings++
	if st.run.greetings > maxGreetings {
		return st.finish(now, Moved)
	}
	st.run.effects, st.run.moved, st.run.pull = false, false, ""
	st.phase = Hailing
	g := Greet{Cursors: st.cursors}
	if st.whole() {
		g.Known = st.known.Name
	}
	return []Effect{g}
}

func (st *State) greeted(now time.Time, ev Greeted) []Effect {
	if st.phase != Hailing {
		return nil
	}
	st.traffic(now, ev.Traffic, ev.Fault)
	if !ev.OK() {
		if ev.Reason.fatal() || ev.Reason == Refused {
			return st.finish(now, ev.Reason)
		}
		st.run.pull = ev.Reason
		return st.startPush(now)
	}
	if ev.Greeting.Same {
		if !st.whole() || ev.Greeting.Name != st.known.Name {
			return st.finish(now, BadAnswer)
		}
		known := st.known
		known.Restored = ev.Greeting.Restored
		ev.Greeting = known
	}
	st.run.greeting = ev.Greeting
	st.known = ev.Greeting
	if len(ev.Greeting.Cut.Heads) == 0 { // a device always has a scope; an empty one would purge the store
		return st.finish(now, BadAnswer)
	}
	if ev.Greeting.Restored || st.aheadOf(ev.Greeting.Cut) {
		st.run.restored = true
		if !st.run.resent {
			return st.resend()
		}
	}
	return st.startFetch(now)
}

// whole reports whether the replica stands exactly at the cut that the server named last.
func (st *State) whole() bool {
	k := &st.known
	if k.Name == ([32]byte{}) || k.Cut.Epoch != st.cursors.Epoch || len(k.Cut.Heads) != len(st.cursors.Streams) {
		return false
	}
	for _, h := range k.Cut.Heads {
		if at, ok := st.cursors.Streams[h.Stream]; !ok || at != h.Seq {
			return false
		}
	}
	return true
}

// resend has every op kept sent again and every stream fetched whole.
func (st *State) resend() []Effect {
	st.run.resent, st.run.restored = true, true
	st.run.lastOp = 0
	st.phase = Hailing
	return []Effect{Resend{}}
}

func (st *State) resent(now time.Time, ev Resent) []Effect {
	if st.phase != Hailing {
		return nil
	}
	if !ev.OK() {
		return st.finish(now, ev.Reason)
	}
	return st.startFetch(now)
}

// aheadOf reports whether the replica has seen more than the server has: it was restored, whatever else it says.
func (st *State) aheadOf(cut block.Cut) bool {
	if st.cursors.Epoch != cut.Epoch {
		return len(st.cursors.Streams) > 0
	}
	return slices.ContainsFunc(cut.Heads, func(h block.Head) bool { return st.cursors.Streams[h.Stream] > h.Seq })
}

// traffic books bytes and contact. Any answer is contact, a refusal too.
func (st *State) traffic(now time.Time, t Traffic, f Fault) {
	st.run.rec.BytesIn += t.In
	st.run.rec.BytesOut += t.Out
	st.wait = max(st.wait, f.RetryAfter)
	if f.Reason != Unreachable && f.Reason != Disk {
		st.contact = now
	}
}

// finish records the sync. reason is why it ended early; without one the parts' own reasons count.
func (st *State) finish(now time.Time, reason Reason) []Effect {
	r := &st.run
	for _, next := range []Reason{r.pull, r.push, r.proveFrom} {
		if reason == "" {
			reason = next
		}
	}
	r.rec.At = now
	r.rec.OK = reason == "" || reason == Moved
	if !r.rec.OK {
		r.rec.Proved = false
		st.failures++
	} else {
		st.failures = 0
	}
	if reason == "" && r.restored {
		reason = Restored
	}
	r.rec.Problem = string(reason)
	if r.rec.ProvedAt.IsZero() {
		r.rec.ProvedAt, r.rec.Proof, r.rec.Rows = st.record.ProvedAt, st.record.Proof, st.record.Rows
	}
	st.phase = Recording
	return []Effect{Record{Sync: r.rec}}
}

// recorded ends the sync and sets the timer. A record that could not be kept is shown all the same.
func (st *State) recorded(time.Time) []Effect {
	if st.phase != Recording {
		return nil
	}
	st.record = st.run.rec
	st.run = run{}
	st.phase = Idle
	st.timer++
	wait := st.opt.Interval
	switch {
	case st.again && st.record.OK:
		st.again = false
		wait = 0
	case st.stopped():
		wait = backoffMax
	case st.failures > 0:
		wait = max(st.backoff(st.failures), st.wait)
	default:
		wait = st.jitter(wait)
	}
	return []Effect{Wait{For: wait, Token: st.timer}}
}
