package simtest

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"kuaitu/block"
	"kuaitu/sync/syncer"
)

// replica is what the simulation needs of a device's store: the syncer's view, and the user's.
type replica interface {
	syncer.Replica
	// edit makes one op of some edits.
	edit(op block.Op) (block.Op, error)
	// ops returns every op ever made here with its receipt.
	ops() map[block.ID]block.Receipt
	// parts returns the server's state as held, in the order of replicatest.ComparePart.
	parts() []block.Part
	// find returns the parts of one kind and class as the user sees them.
	find(kind block.Kind, class block.Class) []block.Part
	// tamper changes one row behind the program's back and reports whether there was one.
	tamper(r *rand.Rand) bool
	// reopen is a kill followed by a new start.
	reopen() error
	close() error
}

// device is one console: a store, the syncer's core, and the effects it has not performed yet.
type device struct {
	name    string
	w       *world
	rnd     *rand.Rand
	store   replica
	link    *link
	worker  *syncer.Worker
	region  block.ID
	post    string
	skew    time.Duration
	state   syncer.State
	pending []syncer.Effect
	timer   syncer.Wait
	offline bool
	code    string
	joined  bool
	made    int
}

func (d *device) now() time.Time { return d.w.now.Add(d.skew) }

// start is a fresh process over the store as it is.
func (d *device) start() {
	d.worker = &syncer.Worker{
		Replica: d.store, Set: set, HTTP: &http.Client{Transport: d.link, CheckRedirect: syncer.NewHTTPClient().CheckRedirect},
		Sleep: func(_ context.Context, t time.Duration) { d.w.now = d.w.now.Add(t) },
	}
	d.state = syncer.NewState(syncer.Options{Seed: d.rnd.Uint64(), Parallel: 1 + d.rnd.IntN(4), Interval: time.Minute})
	d.pending, d.timer = nil, syncer.Wait{}
	d.feed(syncer.Asked{})
}

func (d *device) feed(ev syncer.Event) {
	var effects []syncer.Effect
	d.state, effects = syncer.Step(d.state, d.now(), ev)
	for _, e := range effects {
		if w, ok := e.(syncer.Wait); ok {
			d.timer = w
			continue
		}
		d.pending = append(d.pending, e)
	}
}

// enrol tries once to join.
func (d *device) enrol() error {
	_, _, err := syncer.Enrol(context.Background(), syncer.Enrolling{
		Replica: d.store, HTTP: &http.Client{Transport: d.link}, Now: d.now, Random: randomBytes{d.rnd},
	}, "http://city.test", d.code, d.name)
	d.joined = err == nil
	return err
}

// tick performs one effect, or lets the timer fire. A device may die just before or just after the effect.
func (d *device) tick(crash bool) error {
	if len(d.pending) == 0 {
		d.feed(syncer.Woke{Token: d.timer.Token})
		return nil
	}
	i := d.rnd.IntN(len(d.pending))
	e := d.pending[i]
	d.pending = append(d.pending[:i:i], d.pending[i+1:]...)
	if crash && d.rnd.IntN(2) == 0 {
		return d.kill()
	}
	ev := d.worker.Perform(context.Background(), e)
	if crash {
		return d.kill()
	}
	d.feed(ev)
	return nil
}

// kill loses everything but the store and starts again.
func (d *device) kill() error {
	if err := d.store.reopen(); err != nil {
		return err
	}
	d.start()
	return nil
}

// sync lets what is going on end, and runs one sync with a deep proof from beginning to end.
func (d *device) sync() error {
	for d.state.Phase() != syncer.Idle {
		if err := d.tick(false); err != nil {
			return err
		}
	}
	d.feed(syncer.Asked{Deep: true})
	for d.state.Phase() != syncer.Idle {
		if err := d.tick(false); err != nil {
			return err
		}
	}
	return nil
}

type randomBytes struct{ r *rand.Rand }

func (b randomBytes) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b.r.Uint32())
	}
	return len(p), nil
}
