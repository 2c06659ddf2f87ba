package syncer

import (
	"time"

	"kuaitu/block"
)

func (st *State) startPush(time.Time) []Effect {
	st.phase = Pushing
	return []Effect{ReadOutbox{Limit: pushBatch}}
}

func (st *State) outboxRead(now time.Time, ev OutboxRead) []Effect {
	r := &st.run
	if st.phase != Pushing {
		return nil
	}
	if !ev.OK() {
		return st.finish(now, ev.Reason)
	}
	if len(ev.Ops) == 0 {
		return st.pushedAll(now)
	}
	if ev.Ops[0].Counter <= r.lastOp { // the same op again after it was settled: no progress, leave it for the next sync
		r.push = BadAnswer
		return st.pushedAll(now)
	}
	return []Effect{Push{Ops: ev.Ops}}
}

func (st *State) answered(now time.Time, ev Answered) []Effect {
	r := &st.run
	if st.phase != Pushing {
		return nil
	}
	st.traffic(now, ev.Traffic, ev.Fault)
	ops := ev.Sent.Ops
	if ev.OK() && !answers(ops, ev.Receipts) {
		ev.Fault = Fault{Reason: BadAnswer}
	}
	switch {
	case ev.OK():
		r.lastOp = ops[len(ev.Receipts)-1].Counter
		for _, rc := range ev.Receipts {
			if rc.Fate == block.FateApplied || rc.Fate == block.FateMerged {
				r.rec.Pushed++
			}
			r.effects = r.effects || rc.Seq > 0
		}
		return []Effect{Settle{Receipts: ev.Receipts}}
	case ev.Reason == Poisoned && len(ops) > 1:
		// One of them cannot be read. Halving finds it and lets those before it through.
		return []Effect{Push{Ops: ops[:len(ops)/2]}}
	case ev.Reason.transient() && ev.Sent.Attempt+1 < maxAttempts:
		n := ev.Sent.Attempt + 1
		return []Effect{Push{Ops: ops, Attempt: n, Delay: max(st.backoff(n), ev.RetryAfter)}}
	case ev.Reason == Gap && !r.resent && len(r.greeting.Cut.Heads) > 0:
		// The server misses ops it had answered: it was restored, and its epoch has not told us.
		return st.resend()
	case ev.Reason.fatal():
		return st.finish(now, ev.Reason)
	}
	r.push = ev.Reason
	return st.pushedAll(now)
}

// answers reports whether the receipts are for the first ops of a batch, at least one, in their order, with a fate.
func answers(ops []block.Op, receipts []block.Receipt) bool {
	if len(receipts) == 0 || len(receipts) > len(ops) {
		return false
	}
	for i, rc := range receipts {
		if rc.Op != ops[i].ID || rc.Fate == block.FatePending || rc.Fate > block.FateRejected {
			return false
		}
	}
	return true
}

func (st *State) settled(now time.Time, ev Settled) []Effect {
	if st.phase != Pushing {
		return nil
	}
	if !ev.OK() {
		return st.finish(now, ev.Reason)
	}
	return []Effect{ReadOutbox{Limit: pushBatch}}
}

// pushedAll goes round again when the push changed the server, else on to the proof.
func (st *State) pushedAll(now time.Time) []Effect {
	r := &st.run
	switch {
	case r.pull != "":
		return st.finish(now, r.pull)
	case r.effects:
		return st.greet(now)
	}
	return st.startProof(now)
}
