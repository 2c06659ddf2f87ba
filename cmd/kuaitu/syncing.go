package main

import (
	"context"
	"strings"
	"sync"

	"kuaitu/block"
	"kuaitu/store"
	"kuaitu/sync/syncer"
	"kuaitu/ui/state"
)

// syncing runs the syncer behind the window and answers how it stands. It implements ui.Syncer.
type syncing struct {
	st       *store.Store
	enrolled bool
	server   string
	asks     chan syncer.Asked

	mu     sync.Mutex // guards what follows
	status syncer.Status
	counts block.OpCounts
	last   block.SyncRecord
}

func newSyncing(ctx context.Context, st *store.Store) *syncing {
	s := &syncing{st: st, asks: make(chan syncer.Asked, 1)}
	if e, ok, err := st.Writer().Enrolment(ctx); err == nil && ok {
		s.enrolled, s.server = true, e.Server
	}
	if last, ok, err := st.Reader().LastSync(ctx); err == nil && ok {
		s.last = last
	}
	s.recount(ctx)
	return s
}

// run syncs until ctx ends and calls changed after each step.
func (s *syncing) run(ctx context.Context, changed func()) error {
	unsubscribe := s.st.Subscribe(func(n store.Notice) { // an edit made here waits for no poll
		if n.Kind == "event" || n.Kind == "building" {
			s.recount(ctx)
			changed()
		}
	})
	defer unsubscribe()
	return syncer.Run(ctx, syncer.Config{Replica: s.st.Writer(), Set: s.st.Set(), Asks: s.asks, Notify: func(st syncer.Status) {
		s.mu.Lock()
		ended := s.status.Running && !st.Running
		s.status = st
		if !st.Last.At.IsZero() {
			s.last = st.Last
		}
		s.mu.Unlock()
		if ended {
			s.recount(ctx)
		}
		changed()
	}})
}

func (s *syncing) recount(ctx context.Context) {
	counts, err := s.st.Reader().OpCounts(ctx)
	if err != nil {
		return // the panel keeps the last numbers
	}
	s.mu.Lock()
	s.counts = counts
	s.mu.Unlock()
}

// SyncNow implements ui.Syncer.
func (s *syncing) SyncNow() {
	select {
	case s.asks <- syncer.Asked{Deep: true}: // a sync that was asked for proves from the rows and repairs what it finds
	default: // one is asked for already
	}
}

// Status implements ui.Syncer.
func (s *syncing) Status() state.SyncStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := state.SyncStatus{
		Enrolled: s.enrolled, Server: s.server, Running: s.status.Running, Online: s.last.OK || s.status.Failures == 0 && !s.status.Contact.IsZero(),
		LastContact: s.status.Contact, LastTried: s.last.At, ProvedAt: s.last.ProvedAt, Equal: s.last.Proved, Proof: strings.ToUpper(strings.ReplaceAll(s.last.Proof, " ", "-")),
		Pending: s.counts.Pending, Conflicts: s.counts.Conflicts, Rejected: s.counts.Rejected,
		Pulled: s.last.Pulled, Pushed: s.last.Pushed, In: s.last.BytesIn, Out: s.last.BytesOut,
	}
	if out.Running {
		out.Step, out.Steps = int(s.status.Phase), int(syncer.Recording)
	}
	switch {
	case s.last.OK:
		out.DataAsOf = s.last.At
	case !s.last.ProvedAt.IsZero(): // a sync that failed makes nothing older or newer
		out.DataAsOf = s.last.ProvedAt
	}
	if out.LastContact.Before(out.DataAsOf) {
		out.LastContact = out.DataAsOf
	}
	if s.last.Problem != "" && !s.last.OK {
		out.Err = &syncer.Error{Reason: syncer.Reason(s.last.Problem)}
	}
	return out
}
