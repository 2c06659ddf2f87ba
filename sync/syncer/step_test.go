package syncer

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"kuaitu/block"
)

var (
	t0     = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	epoch1 = block.Epoch{1}
	epoch2 = block.Epoch{2}
	city   = block.Stream{Region: block.NameID("region", "city"), Class: block.Public}
	street = block.Stream{Region: block.NameID("region", "street"), Class: block.Public}
	grid   = block.Stream{Region: block.NameID("region", "grid"), Class: block.Sensitive}
)

// script feeds events to Step and keeps the effects of the last one.
type script struct {
	t    *testing.T
	st   State
	now  time.Time
	last []Effect
}

func newScript(t *testing.T, opt Options) *script {
	return &script{t: t, st: NewState(opt), now: t0}
}

func (s *script) feed(evs ...Event) {
	s.t.Helper()
	for _, ev := range evs {
		s.st, s.last = Step(s.st, s.now, ev)
	}
}

// want compares the effects of the last event.
func (s *script) want(effects ...Effect) {
	s.t.Helper()
	if len(effects) == 0 && len(s.last) == 0 {
		return
	}
	if !reflect.DeepEqual(s.last, effects) {
		s.t.Fatalf("effects are\n%s\nwant\n%s", list(s.last), list(effects))
	}
}

func list(effects []Effect) string {
	out := ""
	for _, e := range effects {
		out += fmt.Sprintf("\t%T%+v\n", e, e)
	}
	return out
}

// only returns the single last effect as an E.
func only[E Effect](s *script) E {
	s.t.Helper()
	if len(s.last) == 1 {
		if e, ok := s.last[0].(E); ok {
			return e
		}
	}
	var e E
	s.t.Fatalf("effects are\n%s\nwant one %T", list(s.last), e)
	return e
}

func cursors(e block.Epoch, heads ...block.Head) block.Cursors {
	c := block.Cursors{Epoch: e, Streams: map[block.Stream]uint64{}}
	for _, h := range heads {
		c.Streams[h.Stream] = h.Seq
	}
	return c
}

func greeting(e block.Epoch, heads ...block.Head) Greeted {
	return Greeted{Greeting: Greeting{Cut: block.Cut{Epoch: e, Heads: heads}}}
}

// begin brings a script up to the answer of hello.
func (s *script) begin(c block.Cursors, g Greeted) {
	s.t.Helper()
	s.feed(Asked{})
	s.want(Load{})
	s.feed(Loaded{Enrolled: true, Cursors: c})
	s.want(Greet{Cursors: c})
	s.feed(g)
}

var someTally = map[block.TallyKey]block.Tally{{Region: city.Region, Class: block.Public, Kind: "building"}: {Count: 3, Sum: [4]uint64{0x0403020100, 1, 2, 3}}}

func TestFirstSync(t *testing.T) {
	s := newScript(t, Options{})
	heads := []block.Head{{Stream: city, Seq: 10}, {Stream: street, Seq: 0}}
	s.begin(block.Cursors{}, greeting(epoch1, heads...))
	manifest := Job{Kind: ManifestJob, Epoch: epoch1, Stream: city, Upto: 10}
	s.want(Fetch{Job: manifest})
	a := Job{Kind: ChunkJob, Epoch: epoch1, Stream: city, Sum: [32]byte{1}, Size: 100}
	b := Job{Kind: ChunkJob, Epoch: epoch1, Stream: city, Sum: [32]byte{2}, Size: 50}
	tail := Job{Kind: SegmentJob, Epoch: epoch1, Stream: city, After: 8, Upto: 10}
	s.feed(Fetched{Job: manifest, Seq: 8, Chunks: []Chunk{{Sum: a.Sum, Size: 100}, {Sum: b.Sum, Size: 50}}})
	s.want(Fetch{Job: a}, Fetch{Job: b}, Fetch{Job: tail})
	if p := s.st.Status(); p.Phase != Fetching || p.BytesTotal != 150 || p.Objects != 3 {
		t.Errorf("status while fetching = %+v", p)
	}
	s.feed(Fetched{Job: tail, Seq: 10})
	s.want()
	s.feed(Fetched{Job: b})
	s.feed(Fetched{Job: a, Attempt: 0})
	s.want(Apply{
		Plan: block.CutPlan{Epoch: epoch1, Streams: []block.StreamPlan{
			{Stream: city, Seq: 10, Replace: true}, {Stream: street, Seq: 0, Replace: true}}},
		Sources: [][]Job{{a, b, tail}, nil},
	})
	s.feed(Cutover{Applied: block.Applied{Put: 7}})
	s.want(Discard{})
	s.feed(Discarded{})
	s.want(ReadOutbox{Limit: pushBatch})
	s.feed(OutboxRead{})
	s.want(ReadTallies{Deep: true})
	s.feed(TalliesRead{Tallies: someTally, Deep: true})
	s.want(AskProof{Epoch: epoch1, Total: block.Tally{Count: 3, Sum: [4]uint64{0x0403020100, 1, 2, 3}}})
	s.feed(Proved{Equal: true})
	rec := only[Record](s).Sync
	if !rec.OK || !rec.Proved || rec.Pulled != 7 || rec.Rows != 3 || rec.Proof != "0001 0203" || rec.ProvedAt != t0 {
		t.Errorf("record = %+v", rec)
	}
	s.feed(Recorded{})
	w := only[Wait](s)
	if w.For < 15*time.Second || w.For > 30*time.Second {
		t.Errorf("the next poll is in %s, want 15 s to 30 s", w.For)
	}

	// The next poll finds nothing: no fetch, no cut, and the proof of these very positions holds.
	s.now = t0.Add(w.For)
	s.feed(Woke{Token: w.Token + 1})
	s.want() // somebody else's timer
	s.feed(Woke{Token: w.Token}, Loaded{Enrolled: true, Cursors: cursors(epoch1, heads...)}, greeting(epoch1, heads...))
	s.want(ReadOutbox{Limit: pushBatch})
	s.feed(OutboxRead{})
	rec = only[Record](s).Sync
	if !rec.Proved || rec.ProvedAt != t0 || rec.Proof != "0001 0203" {
		t.Errorf("record of an idle poll = %+v", rec)
	}
}

func TestChangesComeAsSegments(t *testing.T) {
	s := newScript(t, Options{Parallel: 2})
	s.begin(cursors(epoch1, block.Head{Stream: city, Seq: 16_000}, block.Head{Stream: street, Seq: 5}, block.Head{Stream: grid, Seq: 7}),
		greeting(epoch1, block.Head{Stream: city, Seq: 17_000}, block.Head{Stream: street, Seq: 5}, block.Head{Stream: grid, Seq: 90_000}))
	first := Job{Kind: SegmentJob, Epoch: epoch1, Stream: city, After: 16_000, Upto: 16_384}
	second := Job{Kind: SegmentJob, Epoch: epoch1, Stream: city, After: 16_384, Upto: 17_000}
	s.want(Fetch{Job: first}, Fetch{Job: Job{Kind: ManifestJob, Epoch: epoch1, Stream: grid, Upto: 90_000}})
	s.feed(Fetched{Job: first, Seq: 16_384})
	s.want(Fetch{Job: second})
	s.feed(Fetched{Job: second, Seq: 17_000})
	s.feed(Fetched{Job: Job{Kind: ManifestJob, Epoch: epoch1, Stream: grid, Upto: 90_000}, Seq: 90_000})
	s.want(Apply{
		Plan: block.CutPlan{Epoch: epoch1, Streams: []block.StreamPlan{
			{Stream: city, Seq: 17_000}, {Stream: street, Seq: 5}, {Stream: grid, Seq: 90_000, Replace: true}}},
		Sources: [][]Job{{first, second}, nil, nil},
	})
}

func TestLeavingScopePurges(t *testing.T) {
	s := newScript(t, Options{})
	s.begin(cursors(epoch1, block.Head{Stream: city, Seq: 5}, block.Head{Stream: grid, Seq: 5}), greeting(epoch1, block.Head{Stream: city, Seq: 5}))
	s.want(Apply{Plan: block.CutPlan{Epoch: epoch1, Streams: []block.StreamPlan{{Stream: city, Seq: 5}}}, Sources: [][]Job{nil}})
}

func TestEmptyScopeIsNotBelieved(t *testing.T) {
	s := newScript(t, Options{})
	s.begin(cursors(epoch1, block.Head{Stream: city, Seq: 5}), greeting(epoch1))
	if rec := only[Record](s).Sync; rec.OK || rec.Problem != string(BadAnswer) {
		t.Errorf("record = %+v, want bad-answer", rec)
	}
}

// The cut held in full is named in hello; the server need not list it again.
func TestKnownCutIsNamed(t *testing.T) {
	s := newScript(t, Options{})
	here := block.Head{Stream: city, Seq: 4}
	c := cursors(epoch1, here)
	g := greeting(epoch1, here)
	g.Greeting.Name = [32]byte{7}
	s.begin(c, g)
	s.feed(OutboxRead{}, TalliesRead{Deep: true}, Proved{Equal: true}, Recorded{})
	s.feed(Asked{}, Loaded{Enrolled: true, Cursors: c})
	s.want(Greet{Cursors: c, Known: [32]byte{7}})
	s.feed(Greeted{Greeting: Greeting{Name: [32]byte{7}, Same: true}}, OutboxRead{})
	if rec := only[Record](s).Sync; !rec.Proved {
		t.Errorf("record = %+v", rec)
	}
	// A server that calls an unknown cut the same is not believed.
	s.feed(Recorded{}, Asked{}, Loaded{Enrolled: true, Cursors: c}, Greeted{Greeting: Greeting{Name: [32]byte{8}, Same: true}})
	if rec := only[Record](s).Sync; rec.OK || rec.Problem != string(BadAnswer) {
		t.Errorf("record = %+v", rec)
	}
}

// A stream that cannot be had stays where it is; the others are applied and the outbox is sent.
func TestBadStreamStopsNobody(t *testing.T) {
	s := newScript(t, Options{Seed: 3})
	s.begin(cursors(epoch1, block.Head{Stream: city, Seq: 1}, block.Head{Stream: street, Seq: 1}),
		greeting(epoch1, block.Head{Stream: city, Seq: 2}, block.Head{Stream: street, Seq: 2}))
	if len(s.last) != 2 {
		t.Fatalf("effects are\n%s\nwant two fetches", list(s.last))
	}
	good, bad := s.last[0].(Fetch).Job, s.last[1].(Fetch).Job
	s.feed(Fetched{Job: good, Seq: 2})
	for n := range maxAttempts {
		s.feed(Fetched{Job: bad, Attempt: n, Fault: Fault{Reason: BadAnswer}})
		if n+1 < maxAttempts {
			if f := only[Fetch](s); f.Attempt != n+1 || f.Delay <= 0 {
				t.Fatalf("attempt %d is followed by %+v", n, f)
			}
		}
	}
	s.want(Apply{
		Plan:    block.CutPlan{Epoch: epoch1, Streams: []block.StreamPlan{{Stream: city, Seq: 2}, {Stream: street, Seq: 1}}},
		Sources: [][]Job{{good}, nil},
	})
	s.feed(Cutover{})
	op := block.Op{ID: block.NameID("op", "1"), Counter: 1}
	s.want(ReadOutbox{Limit: pushBatch})
	s.feed(OutboxRead{Ops: []block.Op{op}})
	s.want(Push{Ops: []block.Op{op}})
	receipts := []block.Receipt{{Op: op.ID, Fate: block.FateApplied, Seq: 3}}
	s.feed(Answered{Sent: Push{Ops: []block.Op{op}}, Receipts: receipts})
	s.want(Settle{Receipts: receipts})
	s.feed(Settled{})
	s.feed(OutboxRead{})
	if rec := only[Record](s).Sync; rec.OK || rec.Proved || rec.Problem != string(BadAnswer) || rec.Pushed != 1 {
		t.Errorf("record = %+v", rec)
	}
}

func TestPushWithEffectsPullsAgain(t *testing.T) {
	s := newScript(t, Options{})
	here := block.Head{Stream: city, Seq: 4}
	s.begin(cursors(epoch1, here), greeting(epoch1, here))
	ops := []block.Op{{ID: block.ID{1}, Counter: 1}, {ID: block.ID{2}, Counter: 2}}
	s.feed(OutboxRead{Ops: ops})
	// The server answers only the first: the rest is read again.
	first := []block.Receipt{{Op: ops[0].ID, Fate: block.FateApplied, Seq: 5}}
	s.feed(Answered{Sent: Push{Ops: ops}, Receipts: first})
	s.want(Settle{Receipts: first})
	s.feed(Settled{}, OutboxRead{Ops: ops[1:]})
	s.want(Push{Ops: ops[1:]})
	second := []block.Receipt{{Op: ops[1].ID, Fate: block.FateRejected, Reason: "unknown-type"}}
	s.feed(Answered{Sent: Push{Ops: ops[1:]}, Receipts: second}, Settled{}, OutboxRead{})
	s.want(Greet{Cursors: cursors(epoch1, here)})
}

func TestReceiptsMustAnswer(t *testing.T) {
	ops := []block.Op{{ID: block.ID{1}, Counter: 1}, {ID: block.ID{2}, Counter: 2}}
	ok := block.Receipt{Op: ops[0].ID, Fate: block.FateApplied}
	for name, c := range map[string]struct {
		receipts []block.Receipt
		want     bool
	}{
		"none":      {nil, false},
		"first":     {[]block.Receipt{ok}, true},
		"other op":  {[]block.Receipt{{Op: block.ID{9}, Fate: block.FateApplied}}, false},
		"no fate":   {[]block.Receipt{{Op: ops[0].ID}}, false},
		"odd fate":  {[]block.Receipt{{Op: ops[0].ID, Fate: 77}}, false},
		"too many":  {[]block.Receipt{ok, {Op: ops[1].ID, Fate: block.FateMerged}, ok}, false},
		"disorder":  {[]block.Receipt{{Op: ops[1].ID, Fate: block.FateApplied}, ok}, false},
		"all of it": {[]block.Receipt{ok, {Op: ops[1].ID, Fate: block.FateConflict}}, true},
	} {
		if got := answers(ops, c.receipts); got != c.want {
			t.Errorf("%s: answers = %v, want %v", name, got, c.want)
		}
	}
}

// One op the server cannot read lets those before it through and is named.
func TestPoisonedOp(t *testing.T) {
	s := newScript(t, Options{})
	here := block.Head{Stream: city, Seq: 4}
	s.begin(cursors(epoch1, here), greeting(epoch1, here))
	ops := []block.Op{{ID: block.ID{1}, Counter: 1}, {ID: block.ID{2}, Counter: 2}}
	s.feed(OutboxRead{Ops: ops}, Answered{Sent: Push{Ops: ops}, Fault: Fault{Reason: Poisoned}})
	s.want(Push{Ops: ops[:1]})
	s.feed(Answered{Sent: Push{Ops: ops[:1]}, Receipts: []block.Receipt{{Op: ops[0].ID, Fate: block.FateApplied}}}, Settled{}, OutboxRead{Ops: ops[1:]})
	s.want(Push{Ops: ops[1:]})
	s.feed(Answered{Sent: Push{Ops: ops[1:]}, Fault: Fault{Reason: Poisoned}})
	s.want(ReadTallies{Deep: true}) // and the proof goes on
}

func TestRestoredServer(t *testing.T) {
	held := cursors(epoch1, block.Head{Stream: city, Seq: 9}, block.Head{Stream: street, Seq: 9})
	for name, g := range map[string]Greeted{
		"epoch":   greeting(epoch2, block.Head{Stream: city, Seq: 9}, block.Head{Stream: street, Seq: 0}),
		"witness": {Greeting: Greeting{Restored: true, Cut: block.Cut{Epoch: epoch1, Heads: []block.Head{{Stream: city, Seq: 9}, {Stream: street, Seq: 0}}}}},
		"head":    greeting(epoch1, block.Head{Stream: city, Seq: 9}, block.Head{Stream: street, Seq: 0}),
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, Options{})
			s.begin(held, g)
			s.want(Resend{})
			s.feed(Resent{})
			job := only[Fetch](s).Job
			if job.Kind != ManifestJob || job.Stream != city {
				t.Fatalf("first fetch is %+v, want the manifest of the city's stream", job)
			}
			s.feed(Fetched{Job: job, Seq: 9})
			for _, p := range only[Apply](s).Plan.Streams {
				if !p.Replace {
					t.Errorf("stream %s comes as changes", p.Stream.Region)
				}
			}
			s.feed(Cutover{}, Discarded{}, OutboxRead{}, TalliesRead{Deep: true}, Proved{Equal: true})
			if rec := only[Record](s).Sync; !rec.OK || !rec.Proved || rec.Problem != string(Restored) {
				t.Errorf("record = %+v, want proved and the problem named", rec)
			}
		})
	}
}

// After a restore a stream that cannot be had keeps the others from being applied, and nothing is deleted.
func TestRestoredServerWithABadStream(t *testing.T) {
	held := cursors(epoch1, block.Head{Stream: city, Seq: 9}, block.Head{Stream: street, Seq: 9})
	s := newScript(t, Options{})
	s.begin(held, greeting(epoch2, block.Head{Stream: city, Seq: 3}, block.Head{Stream: street, Seq: 3}))
	s.feed(Resent{})
	a, b := s.last[0].(Fetch).Job, s.last[1].(Fetch).Job
	s.feed(Fetched{Job: a, Seq: 3}, Fetched{Job: b, Attempt: maxAttempts, Fault: Fault{Reason: BadAnswer}})
	s.want(ReadOutbox{Limit: pushBatch})
	s.feed(OutboxRead{})
	if rec := only[Record](s).Sync; rec.OK || rec.Problem != string(BadAnswer) {
		t.Errorf("record = %+v", rec)
	}
}

func TestMovingServerIsBounded(t *testing.T) {
	s := newScript(t, Options{})
	here := block.Head{Stream: city, Seq: 4}
	s.begin(cursors(epoch1, here), greeting(epoch1, here))
	for range maxGreetings {
		s.feed(OutboxRead{}, TalliesRead{Deep: true}, Proved{Fault: Fault{Reason: Moved}})
		if _, more := s.last[0].(Greet); !more {
			break
		}
		s.feed(greeting(epoch1, here))
	}
	if rec := only[Record](s).Sync; !rec.OK || rec.Proved || rec.Problem != string(Moved) {
		t.Errorf("record = %+v", rec)
	}
}

func TestMismatchIsMendedOnceThenRebuilt(t *testing.T) {
	s := newScript(t, Options{})
	here := block.Head{Stream: city, Seq: 4}
	key := block.TallyKey{Region: city.Region, Class: block.Public, Kind: "building"}
	wrong := map[block.TallyKey]block.Tally{key: {Count: 3}}
	right := map[block.TallyKey]block.Tally{key: {Count: 4}}
	s.begin(cursors(epoch1, here), greeting(epoch1, here))
	s.feed(OutboxRead{}, TalliesRead{Deep: true, Tallies: wrong}, Proved{Tallies: right})
	s.want(Mend{Epoch: epoch1, Key: key, Streams: []block.Stream{city}})
	s.feed(Mended{Key: key, Rows: 1})
	s.want(ReadTallies{})
	s.feed(TalliesRead{Tallies: wrong}, Proved{Tallies: right}, greeting(epoch1, here))
	s.fetchWhole(t, here)
	s.feed(OutboxRead{})
	s.want(ReadTallies{Deep: true})
	s.feed(TalliesRead{Deep: true, Tallies: wrong}, Proved{Tallies: right}, Mended{Key: key, Rows: 1}, TalliesRead{Tallies: wrong}, Proved{Tallies: right})
	if rec := only[Record](s).Sync; rec.OK || rec.Proved || rec.Problem != string(Unproved) || rec.Repaired != 1+3+1 {
		t.Errorf("record = %+v", rec)
	}
	s.feed(Recorded{}, Asked{}, Loaded{Enrolled: true, Cursors: cursors(epoch1, here)}, greeting(epoch1, here))
	s.want(Fetch{Job: Job{Kind: ManifestJob, Epoch: epoch1, Stream: city, Upto: 4}})
}

// fetchWhole answers the fetch of a stream that is to be mended: a snapshot of one chunk, in which three records differ.
func (s *script) fetchWhole(t *testing.T, h block.Head) {
	t.Helper()
	manifest := Job{Kind: ManifestJob, Epoch: epoch1, Stream: h.Stream, Upto: h.Seq}
	s.want(Fetch{Job: manifest})
	s.feed(Fetched{Job: manifest, Seq: h.Seq, Chunks: []Chunk{{Size: 1}}})
	s.feed(Fetched{Job: only[Fetch](s).Job})
	plan := only[Apply](s).Plan
	if !plan.Mend || len(plan.Streams) != 1 || !plan.Streams[0].Replace {
		t.Errorf("plan = %+v, want one that mends the stream whole", plan)
	}
	s.feed(Cutover{Applied: block.Applied{Put: 4, Mended: 3}}, Discarded{})
}

func TestManyMismatchesAreFetchedWholeAtOnce(t *testing.T) {
	s := newScript(t, Options{})
	here := block.Head{Stream: city, Seq: 4}
	wrong, right := map[block.TallyKey]block.Tally{}, map[block.TallyKey]block.Tally{}
	for i := range maxMended + 1 {
		key := block.TallyKey{Region: block.ID{byte(i), 1}, Class: block.Public, Kind: "building"}
		wrong[key], right[key] = block.Tally{Count: 3}, block.Tally{Count: 4}
	}
	s.begin(cursors(epoch1, here), greeting(epoch1, here))
	s.feed(OutboxRead{}, TalliesRead{Deep: true, Tallies: wrong}, Proved{Tallies: right}, greeting(epoch1, here))
	s.fetchWhole(t, here)
	s.feed(OutboxRead{}, TalliesRead{Deep: true, Tallies: right}, Proved{Equal: true})
	if rec := only[Record](s).Sync; !rec.OK || !rec.Proved || rec.Repaired != 3 || rec.Pulled != 0 {
		t.Errorf("record = %+v", rec)
	}
}

func TestFailuresBackOff(t *testing.T) {
	waits := func(seed uint64) []time.Duration {
		s := newScript(t, Options{Seed: seed})
		var out []time.Duration
		for range 12 {
			s.feed(Asked{}, Loaded{Enrolled: true}, Greeted{Fault: Fault{Reason: Unreachable}}, Recorded{})
			out = append(out, only[Wait](s).For)
		}
		return out
	}
	got := waits(1)
	if got[0] > 2*time.Second || got[11] < backoffMax/2 || got[11] > backoffMax {
		t.Errorf("pauses = %v", got)
	}
	if !slices.Equal(got, waits(1)) || slices.Equal(got, waits(2)) {
		t.Error("the jitter must follow the seed and nothing else")
	}
}

func TestGoneSegmentBecomesSnapshot(t *testing.T) {
	s := newScript(t, Options{})
	s.begin(cursors(epoch1, block.Head{Stream: city, Seq: 1}), greeting(epoch1, block.Head{Stream: city, Seq: 5}))
	s.feed(Fetched{Job: only[Fetch](s).Job, Fault: Fault{Reason: Gone}})
	if j := only[Fetch](s).Job; j.Kind != ManifestJob {
		t.Errorf("after a pruned segment comes %+v, want a manifest", j)
	}
}

func TestAskedDuringSyncRunsAgain(t *testing.T) {
	s := newScript(t, Options{})
	here := block.Head{Stream: city, Seq: 4}
	s.begin(cursors(epoch1, here), greeting(epoch1, here))
	s.feed(Asked{Deep: true})
	s.want()
	s.feed(OutboxRead{}, TalliesRead{Deep: true}, Proved{Equal: true}, Recorded{})
	if w := only[Wait](s); w.For != 0 {
		t.Errorf("the next sync waits %s", w.For)
	} else {
		s.feed(Woke{Token: w.Token})
	}
	s.feed(Loaded{Enrolled: true, Cursors: cursors(epoch1, here)}, greeting(epoch1, here), OutboxRead{})
	s.want(ReadTallies{Deep: true})
}

func TestClockSetBackStillProves(t *testing.T) {
	s := newScript(t, Options{})
	here := block.Head{Stream: city, Seq: 4}
	s.begin(cursors(epoch1, here), greeting(epoch1, here))
	s.feed(OutboxRead{}, TalliesRead{Deep: true}, Proved{Equal: true}, Recorded{})
	s.now = t0.AddDate(-10, 0, 0)
	s.begin(cursors(epoch1, here), greeting(epoch1, here))
	s.feed(OutboxRead{})
	s.want(ReadTallies{Deep: true})
}

func TestPokeBringsTheNextSyncForward(t *testing.T) {
	s := newScript(t, Options{})
	s.feed(Poked{})
	first := only[Wait](s)
	if first.For >= PokeSpread {
		t.Errorf("after a poke the sync is in %s", first.For)
	}
	s.feed(Poked{})
	s.want() // one is due
	s.feed(Woke{Token: first.Token})
	s.want(Load{})
	s.feed(Poked{}) // during a sync: another one follows
	s.feed(Loaded{Enrolled: true}, Greeted{Fault: Fault{Reason: Unreachable}}, OutboxRead{}, Recorded{})
	if w := only[Wait](s); w.For == 0 {
		t.Error("a server that cannot be reached is asked again at once")
	}
	s.feed(Poked{})
	s.want() // the pause after a failure holds
	s.feed(Asked{})
	s.want(Load{})
	s.feed(Loaded{Enrolled: true}, Greeted{Fault: Fault{Reason: Revoked}}, Recorded{})
	s.feed(Listening{On: true}, Poked{})
	s.want()
	if !s.st.Status().Live {
		t.Error("the status does not say that pokes are heard")
	}
}
