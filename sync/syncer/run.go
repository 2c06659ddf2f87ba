package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// Config is what a syncer works with.
type Config struct {
	Replica Replica
	Set     *schema.Set
	HTTP    *http.Client     // nil: NewHTTPClient
	Now     func() time.Time // nil: time.Now
	Options Options
	Asks    <-chan Asked // "sync now" from a screen; nil: none
	// Notify is called after every step, from the loop: it must return at once and may keep the value.
	Notify func(Status)
}

// Run syncs until ctx ends and returns why it stopped. It starts with a sync. All goroutines it started have ended when
// it returns.
func Run(ctx context.Context, c Config) error {
	_, err := c.loop(ctx, Asked{}, false)
	return err
}

// Result is what one sync came to, as `kuaituctl sync` prints it. Pulled, Pushed and Rejected are of this sync; Pending and
// Conflicts are the ops that stand so when it has ended; Totals are of all ops ever made here.
type Result struct {
	Pulled    int     `json:"pulled"` // rows put or dropped
	Pushed    int     `json:"pushed"`
	Pending   int     `json:"pending"`
	Conflicts int     `json:"conflicts"`
	Rejected  int     `json:"rejected"`
	Totals    Totals  `json:"totals"`
	Proved    bool    `json:"proved"`
	Proof     string  `json:"proof"`
	Rows      int64   `json:"rows"` // proved equal
	Repaired  int     `json:"repaired"`
	Epoch     string  `json:"epoch"`
	Problem   string  `json:"problem,omitempty"` // a Reason
	BytesIn   int64   `json:"bytes_in"`
	BytesOut  int64   `json:"bytes_out"`
	Seconds   float64 `json:"seconds"`
}

// Totals counts the ops ever made here that the server has taken or rejected.
type Totals struct {
	Pushed   int `json:"pushed"`
	Rejected int `json:"rejected"`
}

// Once does one sync from beginning to end. A sync that failed gives what it came to and an error of the kind that fits
// (see [Error]). It proves deeply when asked to and, unasked, where the replica has at most DeepRows rows.
func Once(ctx context.Context, c Config, deep bool) (Result, error) {
	now := c.clock()
	began := now()
	if c.Options.DeepLimit == 0 {
		c.Options.DeepLimit = DeepRows
	}
	before, err := c.Replica.Counts(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("sync: count ops: %w", err)
	}
	st, err := c.loop(ctx, Asked{Deep: deep}, true)
	if err != nil {
		return Result{}, fmt.Errorf("sync: %w: %w", err, block.ErrUnavailable)
	}
	rec := st.Last()
	r := Result{
		Pulled: rec.Pulled, Proved: rec.Proved, Proof: rec.Proof, Rows: rec.Rows, Repaired: rec.Repaired, Epoch: st.cursors.Epoch.String(),
		Problem: rec.Problem, BytesIn: rec.BytesIn, BytesOut: rec.BytesOut, Seconds: now().Sub(began).Seconds(),
	}
	counts, err := c.Replica.Counts(ctx)
	if err != nil {
		return r, fmt.Errorf("sync: count ops: %w", err)
	}
	r.Pending, r.Conflicts, r.Totals = counts.Pending, counts.Conflicts, Totals{counts.Pushed, counts.Rejected}
	r.Pushed, r.Rejected = max(0, counts.Pushed-before.Pushed), max(0, counts.Rejected-before.Rejected)
	if !rec.OK {
		return r, &Error{Reason: Reason(rec.Problem)}
	}
	return r, nil
}

// Error is a sync or an enrolment that failed. It is one of block's kinds by its reason.
type Error struct{ Reason Reason }

func (e *Error) Error() string {
	return string(e.Reason) + ": " + cmp.Or(sentences[e.Reason], "for a reason this program does not know")
}

// Is reports whether the error is of the given kind of block.
func (e *Error) Is(target error) bool {
	kind := block.ErrUnavailable
	switch e.Reason {
	case Refused, Revoked:
		kind = block.ErrRefused
	case NotEnrolled, Cloned, Unproved, Gap:
		kind = block.ErrConflict
	case Poisoned:
		kind = block.ErrInvalid
	}
	return target == kind
}

func (c *Config) clock() func() time.Time {
	if c.Now != nil {
		return c.Now
	}
	return time.Now
}

var errDone = errors.New("one sync is done")

// loop owns the state and every goroutine that performs effects.
func (c *Config) loop(ctx context.Context, first Asked, once bool) (State, error) {
	now := c.clock()
	worker := &Worker{Replica: c.Replica, Set: c.Set, HTTP: c.HTTP}
	st := NewState(c.Options)
	g, ctx := errgroup.WithContext(ctx)
	events := make(chan Event, 16)
	if !once {
		l := listener{link: worker.link, again: pokeAgain, say: func(ev Event) {
			select {
			case events <- ev:
			case <-ctx.Done():
			}
		}}
		g.Go(func() error { l.run(ctx); return nil })
	}
	g.Go(func() error {
		timer := time.NewTimer(0)
		defer timer.Stop()
		<-timer.C
		var woke Woke
		asks := c.Asks
		var ev Event = first
		for {
			var effects []Effect
			_, finished := ev.(Recorded)
			st, effects = Step(st, now(), ev)
			if c.Notify != nil {
				c.Notify(st.Status())
			}
			if finished && once {
				return errDone
			}
			for _, f := range effects {
				if w, ok := f.(Wait); ok {
					woke = Woke{Token: w.Token}
					timer.Reset(w.For)
					continue
				}
				g.Go(func() error {
					select {
					case events <- worker.Perform(ctx, f):
					case <-ctx.Done():
					}
					return nil
				})
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case ev = <-events:
			case <-timer.C:
				ev = woke
			case ask, open := <-asks:
				ev = ask
				if !open { // nobody can ask any more: never choose this case again
					asks, ev = nil, Woke{}
				}
			}
		}
	})
	err := g.Wait()
	if errors.Is(err, errDone) {
		err = nil
	}
	return st, err
}
