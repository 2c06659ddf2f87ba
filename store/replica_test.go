package store

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// world is a server in memory, as far as a replica sees it: records, and what each stream carried when.
type world struct {
	rnd     *rand.Rand
	tree    *block.Tree
	seq     uint64
	records map[block.ID]block.Record // present ones
	vers    map[block.ID]block.Ver    // versions go on over a deletion
	log     map[block.Stream][]block.Part
}

func newWorld(t testing.TB, seed uint64) *world {
	w := &world{rnd: rand.New(rand.NewPCG(seed, 9)), records: map[block.ID]block.Record{}, vers: map[block.ID]block.Ver{}, log: map[block.Stream][]block.Part{}}
	var list []block.Region
	for _, r := range regions() {
		p := plan("region")
		l, err := block.ParseLevel(p.Get(r, "level").Text())
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, block.Region{ID: r.ID, Code: p.Get(r, "code").Text(), Level: l, Parent: p.Get(r, "parent").Ref()})
	}
	var err error
	if w.tree, err = block.NewTree(list, nil); err != nil {
		t.Fatal(err)
	}
	for _, r := range regions() {
		w.set(r)
	}
	return w
}

// streams returns the streams of class c that hold a record, and whether by placement.
func (w *world) streams(r block.Record, c block.Class) map[block.Stream]bool {
	out := map[block.Stream]bool{}
	if r.Kind == "person" {
		for _, o := range w.records {
			if o.Kind == "residency" && plan("residency").Get(o, "person").Ref() == r.ID {
				out[w.tree.StreamOf(o.Region, c)] = true
			}
		}
	}
	out[w.tree.StreamOf(r.Region, c)] = false
	return out
}

func (w *world) set(r block.Record) {
	old, had := w.records[r.ID]
	touched := []block.ID{r.ID}
	was := map[block.ID]map[block.Stream]bool{}
	p := plan(r.Kind)
	if r.Kind == "residency" {
		touched = append(touched, p.Get(r, "person").Ref())
		if had {
			touched = append(touched, p.Get(old, "person").Ref())
		}
	}
	where := func(id block.ID) map[block.Stream]bool {
		all := map[block.Stream]bool{}
		if rec, ok := w.records[id]; ok {
			for c := block.Public; c < block.NumClasses; c++ {
				if plan(rec.Kind).Classes().Has(c) {
					for s, f := range w.streams(rec, c) {
						all[s] = f
					}
				}
			}
		}
		return all
	}
	for _, id := range touched {
		was[id] = where(id)
	}
	w.vers[r.ID]++
	r.Ver = w.vers[r.ID]
	if r.Deleted {
		delete(w.records, r.ID)
	} else {
		w.records[r.ID] = r
	}
	w.seq++
	for n, id := range slices.Compact(touched) {
		rec, ok := w.records[id]
		if n > 0 && ok { // a placement is a change of the placed record, too
			w.vers[id]++
			rec.Ver = w.vers[id]
			w.records[id] = rec
		}
		now := where(id)
		for s, foreign := range was[id] {
			if _, stays := now[s]; !stays {
				kind, ver := rec.Kind, rec.Ver
				if !ok {
					kind, ver = r.Kind, r.Ver
				}
				w.log[s] = append(w.log[s], block.Part{Stream: s, Seq: w.seq, Foreign: foreign, Drop: true, Kind: kind, ID: id, Ver: ver})
			}
		}
		for s, foreign := range now {
			w.log[s] = append(w.log[s], w.part(rec, s, foreign))
		}
	}
}

func (w *world) part(r block.Record, s block.Stream, foreign bool) block.Part {
	p := plan(r.Kind)
	if s.Class == block.Masked {
		r = p.MaskRecord(r)
	}
	part := p.Part(r, s.Class)
	part.Stream, part.Seq, part.Foreign = s, w.seq, foreign
	return part
}

// cut makes a cut plan for a scope with its parts, streams in random order.
func (w *world) cut(scope []block.Stream, cur block.Cursors, replace bool) (block.CutPlan, []block.Part) {
	plan := block.CutPlan{Epoch: block.Epoch{1}}
	var parts []block.Part
	scope = slices.Clone(scope)
	w.rnd.Shuffle(len(scope), func(i, j int) { scope[i], scope[j] = scope[j], scope[i] })
	for _, s := range scope {
		at, held := cur.Streams[s]
		full := !held || replace
		plan.Streams = append(plan.Streams, block.StreamPlan{Stream: s, Seq: w.seq, Replace: full})
		if !full {
			parts = append(parts, w.changes(s, at)...)
			continue
		}
		last := map[block.ID]block.Part{}
		var order []block.ID
		for _, p := range w.log[s] {
			if _, ok := last[p.ID]; !ok {
				order = append(order, p.ID)
			}
			last[p.ID] = p
		}
		for _, id := range order {
			if p := last[id]; !p.Drop {
				parts = append(parts, p)
			}
		}
	}
	return plan, parts
}

// changes are a stream's log rows after a position as a server sends them: in segments that end anywhere, of each the last
// part of a record, with what changed in the segment and nothing else.
func (w *world) changes(s block.Stream, after uint64) []block.Part {
	before := map[block.ID]block.Part{}
	var parts []block.Part
	segment := map[block.ID]block.Part{}
	var order []block.ID
	end := func() {
		for _, id := range order {
			p := segment[id]
			p.Values = slices.Clone(p.Values)
			for i := range p.Values {
				if !p.Have.Has(i) {
					p.Values[i] = block.Value{}
				}
			}
			if !p.Have.Geometry() {
				p.Geometry = nil
			}
			if !p.Have.Region() {
				p.Region = block.ID{}
			}
			parts = append(parts, p)
		}
		clear(segment)
		order = order[:0]
	}
	for _, p := range w.log[s] {
		old, was := before[p.ID]
		if p.Drop {
			delete(before, p.ID)
		} else {
			before[p.ID] = p
		}
		if p.Seq <= after {
			continue
		}
		if w.rnd.IntN(4) == 0 {
			end()
		}
		if was && !p.Drop && p.Foreign == old.Foreign {
			p.Have = block.MaskOf(old, p)
		}
		earlier, again := segment[p.ID]
		if !again {
			order = append(order, p.ID)
		} else if !p.Drop && !earlier.Drop {
			p.Have = p.Have.With(earlier.Have)
		}
		segment[p.ID] = p
	}
	end()
	return parts
}

func partSeq(ps []block.Part) iter.Seq2[block.Part, error] {
	return func(yield func(block.Part, error) bool) {
		for _, p := range ps {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// held is what a scope holds of a record.
func (w *world) held(r block.Record, scope []block.Stream) (block.Record, bool) {
	p := plan(r.Kind)
	out := p.New(r.ID, r.Region)
	out.Ver, out.Parts = r.Ver, 0
	for c := block.Public; c < block.NumClasses; c++ {
		if !p.Classes().Has(c) {
			continue
		}
		for s, f := range w.streams(r, c) {
			if slices.Contains(scope, s) {
				p.Merge(&out, w.part(r, s, f))
			}
		}
	}
	return out, out.Parts != 0
}

func (w *world) clone() *world {
	c := *w
	c.records = map[block.ID]block.Record{}
	for k, v := range w.records {
		c.records[k] = v.Clone()
	}
	return &c
}

// tallies are what the server would prove for a scope.
func (w *world) tallies(scope []block.Stream) map[block.TallyKey]block.Tally {
	out := map[block.TallyKey]block.Tally{}
	var h schema.Hasher
	for _, r := range w.records {
		for c := block.Public; c < block.NumClasses; c++ {
			if !plan(r.Kind).Classes().Has(c) {
				continue
			}
			for s, foreign := range w.streams(r, c) {
				if !slices.Contains(scope, s) {
					continue
				}
				k := block.TallyKey{Region: r.Region, Class: c, Kind: r.Kind}
				if foreign {
					k.Region, k.Foreign = s.Region, true
				}
				part := w.part(r, s, foreign)
				v := out[k]
				v.Add(h.Leaf(r.Kind, r.ID, c, r.Ver, r.Region, part.Values, part.Geometry))
				out[k] = v
			}
		}
	}
	return out
}

// mutate changes something on the server.
func (w *world) mutate() {
	homes := []block.ID{rid("G1"), rid("G2"), rid("G3"), rid("S1"), rid("D"), {}}
	home := homes[w.rnd.IntN(len(homes))]
	n := w.rnd.IntN(12)
	txt := block.TextValue(fmt.Sprint("名", w.rnd.IntN(1000)))
	var r block.Record
	switch w.rnd.IntN(3) {
	case 0:
		r = record("building", block.NameID("building", fmt.Sprint("w", n)), home, map[string]block.Value{"name": txt, "floors": block.IntValue(int64(w.rnd.IntN(9))), "note": txt})
		r.Geometry = square(114+w.rnd.Float64()/10, 22.5, .0003)
	case 1:
		r = record("person", block.NameID("person", fmt.Sprint("w", n)), home, map[string]block.Value{"name": txt, "document_number": block.TextValue("990000199001011234")})
	default:
		r = record("residency", block.NameID("residency", fmt.Sprint("w", n)), home, map[string]block.Value{
			"room": block.RefValue(rid("x")), "person": block.RefValue(block.NameID("person", fmt.Sprint("w", w.rnd.IntN(12))))})
	}
	if old, ok := w.records[r.ID]; ok {
		switch w.rnd.IntN(5) {
		case 0:
			r = old.Clone()
			r.Deleted = true
		case 1, 2:
			r.Region = old.Region
		}
	}
	w.set(r)
}

func scopeOf(w *world, top string, sensitive block.Class) []block.Stream {
	return w.tree.Streams(rid(top), block.ClassSet(0).With(block.Public).With(block.Work).With(sensitive))
}

func enrolled(t testing.TB, classes block.ClassSet) *Store {
	t.Helper()
	s, err := Create(ctx, filepath.Join(t.TempDir(), "replica.gpkg"), Meta{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Writer().SetEnrolment(ctx, block.Enrolment{Device: rid("device"), Region: rid("S1"), Classes: classes, Post: "field"}); err != nil {
		t.Fatal(err)
	}
	return s
}

// checkReplica compares the store with the world as it was pulled, with live edits over it.
func checkReplica(t *testing.T, s *Store, w *world, scope []block.Stream, live []block.Edit) {
	t.Helper()
	want := w.tallies(scope)
	kept, err := s.Writer().Tallies(ctx)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := s.Writer().Recompute(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for k := range want {
		if kept[k] != want[k] || rows[k] != want[k] {
			t.Fatalf("tally %+v: kept %d, rows %d, server %d", k, kept[k].Count, rows[k].Count, want[k].Count)
		}
	}
	if len(kept) != len(want) || len(rows) != len(want) {
		t.Fatalf("%d tallies kept, %d made from rows, the server has %d", len(kept), len(rows), len(want))
	}
	for _, kind := range []block.Kind{"building", "person", "residency"} {
		expect := map[block.ID]block.Record{}
		for _, r := range w.records {
			if r.Kind == kind {
				if h, ok := w.held(r, scope); ok {
					expect[r.ID] = h
				}
			}
		}
		for _, e := range live {
			if e.Kind != kind {
				continue
			}
			r, here := expect[e.ID]
			r, here = applyEdit(s.kinds().byKind[kind], r, here, e)
			delete(expect, e.ID)
			if here {
				expect[e.ID] = r
			}
		}
		list, err := s.Reader().List(ctx, Query{Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != len(expect) {
			t.Fatalf("%d rows of %s are shown, want %d", len(list), kind, len(expect))
		}
		for _, r := range list {
			if fmt.Sprint(r) != fmt.Sprint(expect[r.ID]) {
				t.Fatalf("%s %s is shown as\n%v, want\n%v", kind, r.ID, r, expect[r.ID])
			}
		}
	}
	rep, err := s.Reader().Verify(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !rep.OK() {
		t.Fatalf("verify: %+v", rep)
	}
}

func TestReplicaFollowsTheServer(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			sens := block.Sensitive
			if seed%2 == 1 {
				sens = block.Masked
			}
			scope := scopeOf(w, []string{"S1", "G1", "C"}[seed%3], sens)
			s := enrolled(t, block.ClassSet(0).With(block.Public).With(block.Work).With(sens))
			wr := s.Writer()
			var pulled = w.clone()
			pulled.records = map[block.ID]block.Record{}
			type made struct {
				op   block.Op
				fate block.Fate
				seq  uint64
			}
			var ops []*made
			for step := range 40 {
				for range w.rnd.IntN(4) {
					w.mutate()
				}
				if step == 25 { // the scope changes
					scope = scopeOf(w, "G2", sens)
				}
				if step > 2 && w.rnd.IntN(2) == 0 { // somebody edits here
					list, err := s.Reader().List(ctx, Query{Kind: "building"})
					if err != nil {
						t.Fatal(err)
					}
					p := plan("building")
					e := block.Edit{Verb: block.Insert, Kind: "building", Region: rid("G1"), Fields: []block.FieldSet{{Field: p.Index("name"), New: block.TextValue("新")}}, Geometry: square(114.2, 22.6, .001)}
					if len(list) > 0 && w.rnd.IntN(4) > 0 {
						r := list[w.rnd.IntN(len(list))]
						e = block.Edit{Verb: block.Update, Kind: "building", ID: r.ID, Fields: []block.FieldSet{{Field: p.Index("floors"), New: block.IntValue(int64(step))}}}
						if w.rnd.IntN(5) == 0 {
							e = block.Edit{Verb: block.Delete, Kind: "building", ID: r.ID}
						}
					}
					op, err := wr.Edit(ctx, []block.Edit{e}, "甲")
					if err != nil && !errors.Is(err, block.ErrInvalid) {
						t.Fatal(err)
					}
					if err == nil {
						ops = append(ops, &made{op: op})
					}
				}
				for _, m := range ops { // the server answers some
					if m.fate != block.FatePending || w.rnd.IntN(3) > 0 {
						continue
					}
					e := m.op.Edits[0]
					old, here := w.records[e.ID]
					m.fate = block.FateConflict
					if (e.Verb == block.Insert) != here && w.rnd.IntN(4) > 0 {
						r, ok := applyEdit(s.kinds().byKind["building"], old, here, e)
						if !ok {
							r = old.Clone()
							r.Deleted = true
						}
						w.set(r)
						m.fate, m.seq = block.FateApplied, w.seq
					}
					if err := wr.Settle(ctx, []block.Receipt{{Op: m.op.ID, Fate: m.fate, Seq: m.seq, Reason: "test"}}); err != nil {
						t.Fatal(err)
					}
				}
				if w.rnd.IntN(3) > 0 || step == 25 {
					cur, err := wr.Cursors(ctx)
					if err != nil {
						t.Fatal(err)
					}
					cut, parts := w.cut(scope, cur, w.rnd.IntN(6) == 0)
					for range 1 + w.rnd.IntN(2) { // twice is as good as once
						if _, err := wr.ApplyCut(ctx, cut, partSeq(parts)); err != nil {
							t.Fatal(err)
						}
					}
					pulled = w.clone()
				}
				var live []block.Edit
				all, err := s.Reader().Ops(ctx, 0)
				if err != nil {
					t.Fatal(err)
				}
				slices.Reverse(all)
				for _, o := range all {
					m := ops[o.Counter-1]
					wantLive := m.fate == block.FatePending || m.fate == block.FateApplied && pulled.seq < m.seq
					if o.Live != wantLive || o.Fate != m.fate {
						t.Fatalf("op %d: live %v, fate %s; want %v, %s", o.Counter, o.Live, o.Fate, wantLive, m.fate)
					}
					if wantLive {
						live = append(live, o.Edits...)
					}
				}
				n, err := wr.Counts(ctx)
				if err != nil || n.Pushed+n.Pending+n.Conflicts+n.Rejected != len(ops) {
					t.Fatalf("counts %+v of %d ops, %v", n, len(ops), err)
				}
				if cur, _ := wr.Cursors(ctx); len(cur.Streams) > 0 {
					checkReplica(t, s, pulled, scopeHeld(cur), live)
				}
			}
		})
	}
}

func scopeHeld(c block.Cursors) (out []block.Stream) {
	for s := range c.Streams {
		out = append(out, s)
	}
	return out
}
