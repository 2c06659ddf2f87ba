package mapview

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"
)

// patched is a little world of squares by id; a snapshot that follows it by patches, packed now and then in the background, must stay equal to it.
type patched struct {
	rng   *rand.Rand
	truth map[int]orb.Point
	label map[int]string
}

func (w *patched) builder(b orb.Bound) *Builder {
	var out Builder
	for id := range 300 {
		p, ok := w.truth[id]
		g := orb.Bound{Min: p, Max: orb.Point{p[0] + 0.01, p[1] + 0.01}}
		if ok && boxOf(g).overlaps(boxOf(b)) {
			if err := out.Add(testID(id+1), uint8(id), w.label[id], g); err != nil {
				panic(err)
			}
		}
	}
	return &out
}

func (w *patched) edit(id int) orb.Bound {
	touched := orb.Bound{Min: orb.Point{2, 2}, Max: orb.Point{-2, -2}}
	if p, ok := w.truth[id]; ok {
		touched = touched.Extend(p).Extend(orb.Point{p[0] + 0.01, p[1] + 0.01})
	}
	if w.rng.IntN(4) == 0 {
		delete(w.truth, id)
		return touched
	}
	p := orb.Point{w.rng.Float64(), w.rng.Float64()}
	w.truth[id], w.label[id] = p, fmt.Sprint(w.rng.IntN(3))
	return touched.Extend(p).Extend(orb.Point{p[0] + 0.01, p[1] + 0.01})
}

func TestPatchAndRebaseFollowTheTruth(t *testing.T) {
	w := &patched{rand.New(rand.NewPCG(7, 7)), map[int]orb.Point{}, map[int]string{}}
	all := orb.Bound{Min: orb.Point{-1, -1}, Max: orb.Point{3, 3}}
	for id := range 200 {
		w.edit(id)
	}
	s := w.builder(all).Build(1)
	first := s
	var from, packed *Snapshot
	for step := range 300 {
		where := w.edit(w.rng.IntN(300))
		for where.IsEmpty() { // it removed what was not there
			where = w.edit(w.rng.IntN(300))
		}
		before := s
		s = s.Patch(uint64(step+2), where, w.builder(where))
		if n := s.Changes() - before.Changes(); n > 1 {
			t.Fatalf("step %d: one edit makes %d changes", step, n)
		}
		if boxes, everywhere := s.changedSince(before); everywhere || len(boxes) > 4 {
			t.Fatalf("step %d: an edit touches %d places, everywhere: %v", step, len(boxes), everywhere)
		}
		switch step % 20 {
		case 5:
			from, packed = s, s.Compact()
		case 11:
			was := s
			s = s.Rebase(from, packed)
			if boxes, everywhere := s.changedSince(was); everywhere || len(boxes) > 0 {
				t.Fatalf("step %d: another base touches %d places, everywhere: %v", step, len(boxes), everywhere)
			}
			if s.Changes() > 6 {
				t.Fatalf("step %d: after packing there are still %d changes", step, s.Changes())
			}
		}
		if s.Len() != len(w.truth) {
			t.Fatalf("step %d: %d features, want %d", step, s.Len(), len(w.truth))
		}
		want := w.builder(all).Build(1)
		for f := range want.Search(all) {
			if g, ok := s.Find(f.ID()); !ok || !g.same(f) {
				t.Fatalf("step %d: feature %x is not as it should be (found: %v)", step, f.ID(), ok)
			}
		}
	}
	if s.Rebase(first, first) != s {
		t.Error("a snapshot goes back to a base it has left")
	}
}
