package syncer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"sync"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/wire"
)

// Worker performs effects: each method call is one effect and gives one event. Safe for concurrent use as far as the
// core asks for effects in parallel (Fetch).
type Worker struct {
	Replica Replica
	Set     *schema.Set
	HTTP    *http.Client                               // nil: NewHTTPClient
	Sleep   func(ctx context.Context, d time.Duration) // nil: a timer
	mu      sync.Mutex                                 // guards what follows
	client  client                                     // of the enrolment read last
	partial map[[32]byte][]byte                        // beginnings of chunks that were cut off
}

// resender is what a replica has that can send everything again after a server was restored.
type resender interface {
	Resend(ctx context.Context) (int, error)
}

// declarer is what a replica has that can take declarations from a server that is newer than the program.
type declarer interface {
	Declared(ctx context.Context) ([32]byte, error)
	Declare(ctx context.Context, name [32]byte, kinds []schema.Kind) (*schema.Set, error)
}

// set returns the declarations of the moment.
func (w *Worker) set() *schema.Set {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Set
}

// declare takes what the server declares beyond what is known.
func (w *Worker) declare(ctx context.Context, kinds []wire.Kind) Fault {
	d, ok := w.Replica.(declarer)
	if !ok || len(kinds) == 0 {
		return Fault{}
	}
	list, err := wire.BlockKinds(kinds)
	var set *schema.Set
	if err == nil {
		set, err = d.Declare(ctx, wire.FingerprintOf(kinds), list)
	}
	switch {
	case errors.Is(err, block.ErrInvalid):
		return Fault{Reason: Upgrade} // they are of a form that this program cannot know, or contradict its own
	case err != nil:
		return disk(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Set = set
	return Fault{}
}

// Perform does one effect. Wait is not among them: it belongs to whoever owns the loop.
func (w *Worker) Perform(ctx context.Context, e Effect) Event {
	switch e := e.(type) {
	case Load:
		return w.load(ctx)
	case Greet:
		return w.greet(ctx, e)
	case Resend:
		return Resent{Fault: w.resend(ctx)}
	case Fetch:
		w.sleep(ctx, e.Delay)
		ev := w.fetch(ctx, e.Job)
		ev.Job, ev.Attempt = e.Job, e.Attempt
		return ev
	case Apply:
		return w.apply(ctx, e)
	case Discard:
		return Discarded{Fault: disk(w.Replica.ClearStaged(ctx))}
	case ReadOutbox:
		ops, err := w.Replica.Outbox(ctx, e.Limit)
		return OutboxRead{Fault: disk(err), Ops: ops}
	case Push:
		w.sleep(ctx, e.Delay)
		ev := w.push(ctx, e.Ops)
		ev.Sent = e
		return ev
	case Settle:
		return Settled{Fault: disk(w.Replica.Settle(ctx, e.Receipts))}
	case ReadTallies:
		return w.tallies(ctx, e)
	case AskProof:
		return w.proof(ctx, e)
	case Mend:
		ev := w.mend(ctx, e)
		ev.Key = e.Key
		return ev
	case Record:
		return Recorded{Fault: disk(w.Replica.RecordSync(ctx, e.Sync))}
	}
	panic(fmt.Sprintf("syncer: effect %T cannot be performed", e))
}

// disk is the fault of a local error.
func disk(err error) Fault {
	if err != nil {
		return Fault{Reason: Disk}
	}
	return Fault{}
}

func (w *Worker) sleep(ctx context.Context, d time.Duration) {
	switch {
	case d <= 0:
	case w.Sleep != nil:
		w.Sleep(ctx, d)
	default:
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
}

func (w *Worker) link() client {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.client
}

func (w *Worker) load(ctx context.Context) Loaded {
	e, ok, err := w.Replica.Enrolment(ctx)
	if err != nil || !ok {
		return Loaded{Fault: disk(err)}
	}
	cursors, err := w.Replica.Cursors(ctx)
	if err != nil {
		return Loaded{Fault: disk(err)}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.HTTP == nil {
		w.HTTP = NewHTTPClient()
	}
	w.client = client{http: w.HTTP, server: e.Server, token: e.Token}
	return Loaded{Enrolled: true, Cursors: cursors}
}

func (w *Worker) greet(ctx context.Context, e Greet) Greeted {
	q := wire.HelloRequest{Protocol: wire.Protocol, Epoch: e.Cursors.Epoch, Witnesses: wire.WitnessesOf(e.Cursors.Witnesses)}
	if e.Known != ([32]byte{}) {
		known := wire.Digest(e.Known)
		q.Cut = &known
	}
	if d, ok := w.Replica.(declarer); ok {
		name, err := d.Declared(ctx)
		if err != nil {
			return Greeted{Fault: disk(err)}
		}
		q.Schema = (*wire.Digest)(&name)
	}
	var a wire.HelloResponse
	ev := Greeted{}
	ev.Traffic, ev.Fault = w.link().json(ctx, wire.PathHello, q, &a, maxTallies)
	if !ev.OK() {
		return ev
	}
	if ev.Fault = w.declare(ctx, a.Kinds); !ev.OK() {
		return ev
	}
	counts, err := w.Replica.Counts(ctx)
	if err != nil {
		ev.Fault = disk(err)
		return ev
	}
	// Counters have no gap and are answered in order, so that many of ours have a receipt. A server that knows of fewer
	// has lost some, even where epoch and witnesses say nothing.
	settled := uint64(counts.Pushed + counts.Conflicts + counts.Rejected)
	ev.Greeting = Greeting{
		Cut: a.BlockCut(), Name: a.Cut, Witnesses: a.BlockWitnesses(), Same: a.Same,
		Restored: a.EpochChanged && e.Cursors.Epoch != (block.Epoch{}) || len(a.Lost) > 0 || a.Counter < settled,
	}
	return ev
}

func (w *Worker) resend(ctx context.Context) Fault {
	if r, ok := w.Replica.(resender); ok {
		_, err := r.Resend(ctx)
		return disk(err)
	}
	return Fault{}
}

func (w *Worker) push(ctx context.Context, ops []block.Op) Answered {
	n := wire.OpsThatFit(ops)
	if n == 0 {
		return Answered{Fault: Fault{Reason: Poisoned}}
	}
	body, err := wire.EncodeOps(ops[:n])
	if err != nil {
		return Answered{Fault: Fault{Reason: Poisoned}}
	}
	var ev Answered
	a, fault := w.link().do(ctx, request{
		method: http.MethodPost, path: wire.PathOps, body: body, bodyType: wire.TypeOps, want: wire.TypeJSON, limit: wire.MaxJSONBody,
	})
	ev.Traffic, ev.Fault = a.Traffic, fault
	if !fault.OK() {
		return ev
	}
	var answer wire.OpsResponse
	if readJSON(a.body, &answer) != nil {
		ev.Fault = Fault{Reason: BadAnswer}
		return ev
	}
	for _, r := range answer.Receipts {
		receipt, err := r.Block()
		if err != nil {
			ev.Fault = Fault{Reason: BadAnswer}
			return ev
		}
		ev.Receipts = append(ev.Receipts, receipt)
	}
	return ev
}

func (w *Worker) tallies(ctx context.Context, e ReadTallies) TalliesRead {
	kept, err := w.Replica.Tallies(ctx)
	if err != nil {
		return TalliesRead{Fault: disk(err)}
	}
	if !e.Deep || e.Limit > 0 && total(kept).Count > e.Limit {
		return TalliesRead{Tallies: kept}
	}
	real, err := w.Replica.Recompute(ctx)
	if err != nil {
		return TalliesRead{Fault: disk(err)}
	}
	wrong := Differences(kept, real)
	if len(wrong) > 0 {
		if err := w.Replica.SetTallies(ctx, real); err != nil {
			return TalliesRead{Fault: disk(err)}
		}
	}
	return TalliesRead{Tallies: real, Deep: true, Damaged: len(wrong)}
}

func (w *Worker) proof(ctx context.Context, e AskProof) Proved {
	sum := wire.TotalOf(e.Total)
	var a wire.ProofResponse
	var ev Proved
	ev.Traffic, ev.Fault = w.link().json(ctx, wire.PathProof, wire.ProofRequest{Epoch: e.Epoch, Cut: e.Cut, Total: &sum}, &a, maxTallies)
	if ev.OK() {
		// "Equal" is believed only of the sum that was sent.
		ev.Equal = a.Equal && a.Total == sum
		ev.Tallies = a.BlockTallies()
		if a.Equal != ev.Equal {
			ev.Fault = Fault{Reason: BadAnswer}
		}
	}
	return ev
}

// apply feeds the staged objects to the replica as one cut, decoding one object ahead.
func (w *Worker) apply(ctx context.Context, e Apply) Cutover {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var bad bool // set when the fault lies in what was staged
	parts := func(yield func(block.Part, error) bool) {
		for parts, err := range w.ahead(ctx, e.Sources) {
			if err != nil {
				bad = bad || errors.Is(err, block.ErrInvalid)
				yield(block.Part{}, err)
				return
			}
			for _, p := range parts {
				if !yield(p, nil) {
					return
				}
			}
		}
	}
	applied, err := w.Replica.ApplyCut(ctx, e.Plan, parts)
	var hole *block.HoleError
	switch {
	case err == nil:
		return Cutover{Applied: applied}
	case errors.As(err, &hole):
		return Cutover{Fault: Fault{Reason: BadAnswer}, Hole: &hole.Stream}
	case bad || errors.Is(err, block.ErrInvalid):
		return Cutover{Fault: Fault{Reason: BadAnswer}}
	}
	return Cutover{Fault: Fault{Reason: Disk}}
}

// ahead decodes the staged objects of all streams in order, one ahead of its reader.
func (w *Worker) ahead(ctx context.Context, sources [][]Job) iter.Seq2[[]block.Part, error] {
	type decoded struct {
		parts []block.Part
		err   error
	}
	return func(yield func([]block.Part, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		next := make(chan decoded, 1)
		var wg sync.WaitGroup
		wg.Go(func() {
			defer close(next)
			for _, job := range slices.Concat(sources...) {
				parts, err := w.staged(ctx, job)
				select {
				case next <- decoded{parts, err}:
				case <-ctx.Done():
					return
				}
				if err != nil {
					return
				}
			}
		})
		defer wg.Wait()
		defer cancel()
		for d := range next {
			if !yield(d.parts, d.err) {
				return
			}
		}
	}
}

// staged reads, verifies and decodes one staged object.
func (w *Worker) staged(ctx context.Context, job Job) ([]block.Part, error) {
	b, ok, err := w.Replica.Staged(ctx, stageKey(job))
	if err != nil {
		return nil, err
	}
	if !ok || job.Kind == ChunkJob && wire.DigestOf(b) != job.Sum {
		return nil, fmt.Errorf("staged object of stream %s %s is missing or changed: %w", job.Stream.Region, job.Stream.Class, block.ErrInvalid)
	}
	h, parts, err := wire.DecodeFrame(w.set(), b)
	if err != nil {
		return nil, err
	}
	if h.Stream != job.Stream {
		return nil, fmt.Errorf("staged object is of another stream: %w", block.ErrInvalid)
	}
	return parts, nil
}
