package store

import (
	"maps"
	"slices"
	"sync"

	"kuaitu/block"

	"github.com/paulmach/orb"
)

// Notice says that records of a kind changed and the change is committed.
type Notice struct {
	Kind   block.Kind
	Bounds orb.Bound  // where, old places and new; empty (Bounds.IsEmpty) when no geometry is concerned
	IDs    []block.ID // the records; nil when they are too many to name (more than 256)
	Ver    uint64     // counts the commits since the store was opened
}

// subscribers are called in the order in which they subscribed.
type subscribers struct {
	mu   sync.Mutex // guards what follows
	next int
	fns  map[int]func(Notice)
}

// Subscribe calls fn after each commit, once for each kind that it changed, on the goroutine that committed. fn must
// return soon and must not write to the store. The returned function ends the subscription.
func (s *Store) Subscribe(fn func(Notice)) (cancel func()) {
	s.subs.mu.Lock()
	defer s.subs.mu.Unlock()
	if s.subs.fns == nil {
		s.subs.fns = map[int]func(Notice){}
	}
	no := s.subs.next
	s.subs.next++
	s.subs.fns[no] = fn
	return func() {
		s.subs.mu.Lock()
		defer s.subs.mu.Unlock()
		delete(s.subs.fns, no)
	}
}

// published counts a commit and tells the subscribers what it changed.
func (s *Store) published(kinds map[block.Kind]*change) {
	_, regions := kinds["region"]
	_, past := kinds["region_succession"]
	if regions || past {
		s.trees.forget()
	}
	ver := s.commits.Add(1)
	if len(kinds) == 0 {
		return
	}
	s.subs.mu.Lock()
	var fns []func(Notice)
	for _, no := range slices.Sorted(maps.Keys(s.subs.fns)) {
		fns = append(fns, s.subs.fns[no])
	}
	s.subs.mu.Unlock()
	for _, p := range s.kinds().set.Plans() {
		if c := kinds[p.Kind.Name]; c != nil {
			n := Notice{Kind: p.Kind.Name, Bounds: c.bounds, Ver: ver}
			if !c.many {
				n.IDs = c.ids
			}
			for _, fn := range fns {
				fn(n)
			}
		}
	}
}

// change is what a transaction did to one kind.
type change struct {
	bounds orb.Bound
	ids    []block.ID
	many   bool
}

// maxNamed bounds the records that a notice names.
const maxNamed = 256
