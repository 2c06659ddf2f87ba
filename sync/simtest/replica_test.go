package simtest

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/syncer"
	"kuaitu/sync/syncer/replicatest"
)

// testReplica is the suite that every implementation of syncer.Replica passes. open gives a fresh, enrolled one with the
// post "field" at the root of the area.
func testReplica(t *testing.T, open func(*testing.T, area) replica) {
	ctx := context.Background()
	a := makeArea(rand.New(rand.NewPCG(11, 11)))
	city := block.Stream{Region: a.tree.Root(), Class: block.Public}
	street := block.Stream{Region: a.streets[0], Class: block.Public}
	work := block.Stream{Region: a.streets[0], Class: block.Work}
	grid := slices.Collect(gridsOf(a, a.streets[0]))[0]
	secrets := block.Stream{Region: grid, Class: block.Sensitive}

	building := func(n int, ver block.Ver, name string) []block.Part {
		p := plan("building")
		r := p.New(block.BulkID(1, p.Kind.No, uint64(n)), grid)
		p.Set(&r, "name", block.TextValue(name))
		p.Set(&r, "note", block.TextValue("note of "+name))
		r.Ver, r.Geometry = ver, square(rand.New(rand.NewPCG(uint64(n), 1)))
		return []block.Part{partIn(p, r, street), partIn(p, r, work)}
	}
	person := func(n int, ver block.Ver, foreign bool) block.Part {
		p := plan("person")
		r := p.New(block.BulkID(1, p.Kind.No, uint64(n)), grid)
		p.Set(&r, "name", block.TextValue("张三"))
		r.Ver = ver
		part := partIn(p, r, secrets)
		if part.Foreign = foreign; foreign {
			part.Region = a.tree.Root()
		}
		return part
	}
	var regions []block.Part
	for _, row := range a.regionRows() {
		regions = append(regions, partIn(plan("region"), row.Record, city))
	}
	all := map[block.Stream]uint64{city: 1, street: 1, work: 1, secrets: 1}
	cut := func(seqs map[block.Stream]uint64, replace bool) block.CutPlan {
		p := block.CutPlan{Epoch: block.Epoch{1}, Witnesses: []block.Witness{{Shard: street.Region, Seq: 1, Sum: [32]byte{9}}}}
		for _, s := range []block.Stream{city, street, work, secrets} {
			if seq, ok := seqs[s]; ok {
				p.Streams = append(p.Streams, block.StreamPlan{Stream: s, Seq: seq, Replace: replace})
			}
		}
		return p
	}
	base := slices.Concat(regions, building(1, 1, "一栋"), building(2, 1, "二栋"), []block.Part{person(1, 1, false), person(2, 1, true)})
	slices.SortStableFunc(base, func(x, y block.Part) int {
		return order(x.Stream, city, street, work) - order(y.Stream, city, street, work)
	})

	start := func(t *testing.T) replica {
		t.Helper()
		r := open(t, a)
		if _, err := r.ApplyCut(ctx, cut(all, true), each(base)); err != nil {
			t.Fatal(err)
		}
		holds(t, r, base)
		return r
	}

	t.Run("cut and cursors", func(t *testing.T) {
		r := start(t)
		c, err := r.Cursors(ctx)
		if err != nil || c.Epoch != (block.Epoch{1}) || len(c.Streams) != 4 || c.Streams[work] != 1 || len(c.Witnesses) != 1 || c.Witnesses[0].Sum[0] != 9 {
			t.Fatalf("cursors = %+v, %v", c, err)
		}
		// The same again, and over a kill: nothing changes.
		if err := r.reopen(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.ApplyCut(ctx, cut(all, false), each(base)); err != nil {
			t.Fatal(err)
		}
		holds(t, r, base)
	})

	t.Run("changes and drops", func(t *testing.T) {
		r := start(t)
		next := building(1, 2, "改名")
		gone := building(2, 2, "")
		for i := range gone {
			gone[i].Drop, gone[i].Values, gone[i].Geometry = true, nil, nil
		}
		parts := []block.Part{next[0], gone[0], next[1], gone[1]}
		if _, err := r.ApplyCut(ctx, cut(map[block.Stream]uint64{city: 1, street: 2, work: 2, secrets: 1}, false), each(parts)); err != nil {
			t.Fatal(err)
		}
		want := slices.DeleteFunc(slices.Clone(base), func(p block.Part) bool { return p.Kind == "building" })
		holds(t, r, append(want, next...))
	})

	t.Run("replace drops what is not there any more", func(t *testing.T) {
		r := start(t)
		rest := slices.DeleteFunc(slices.Clone(base), func(p block.Part) bool { return p.Kind == "building" && p.ID[15] == 2 || p.Kind == "person" })
		if _, err := r.ApplyCut(ctx, cut(map[block.Stream]uint64{city: 1, street: 2, work: 2, secrets: 2}, true), each(rest)); err != nil {
			t.Fatal(err)
		}
		holds(t, r, rest)
	})

	t.Run("streams that left the scope are purged", func(t *testing.T) {
		r := start(t)
		done, err := r.ApplyCut(ctx, cut(map[block.Stream]uint64{city: 1, street: 1}, false), each(nil))
		if err != nil || done.Purged == 0 {
			t.Fatalf("applied %+v, %v", done, err)
		}
		holds(t, r, slices.DeleteFunc(slices.Clone(base), func(p block.Part) bool { return p.Stream != city && p.Stream != street }))
	})

	t.Run("a cut is whole or nothing", func(t *testing.T) {
		r := start(t)
		broken := func(yield func(block.Part, error) bool) {
			if yield(building(1, 2, "半途")[0], nil) {
				yield(block.Part{}, block.ErrInvalid)
			}
		}
		_, err := r.ApplyCut(ctx, cut(map[block.Stream]uint64{city: 1, street: 2, work: 2, secrets: 1}, false), broken)
		if !errors.Is(err, block.ErrInvalid) {
			t.Fatalf("error = %v, want the iterator's", err)
		}
		if c, err := r.Cursors(ctx); err != nil || c.Streams[street] != 1 {
			t.Errorf("cursors = %+v, %v", c, err)
		}
		holds(t, r, base)
	})

	t.Run("staged bytes survive a kill", func(t *testing.T) {
		r := start(t)
		if err := r.Stage(ctx, "k", []byte("bytes")); err != nil {
			t.Fatal(err)
		}
		if err := r.reopen(); err != nil {
			t.Fatal(err)
		}
		if b, ok, err := r.Staged(ctx, "k"); err != nil || !ok || string(b) != "bytes" {
			t.Errorf("Staged = %q, %v, %v", b, ok, err)
		}
		if err := r.ClearStaged(ctx); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := r.Staged(ctx, "k"); ok || err != nil {
			t.Errorf("after ClearStaged: %v, %v", ok, err)
		}
	})

	t.Run("ops go out in order and settle once", func(t *testing.T) {
		r := start(t)
		var ops []block.Op
		for i := range 3 {
			op, err := r.edit(block.Op{ID: block.NameID("op", string(rune('a'+i))), Edits: []block.Edit{
				update(building(1, 1, "一栋")[0], "floors", block.IntValue(int64(i+1))),
			}})
			if err != nil {
				t.Fatal(err)
			}
			ops = append(ops, op)
		}
		counts(t, r, base) // own ops lie over the server's state and are no part of it
		out, err := r.Outbox(ctx, 2)
		if err != nil || len(out) != 2 || out[0].ID != ops[0].ID || out[1].Counter != out[0].Counter+1 || out[0].Counter != 1 {
			t.Fatalf("Outbox = %+v, %v", out, err)
		}
		receipts := []block.Receipt{{Op: ops[0].ID, Fate: block.FateApplied, Seq: 2}, {Op: ops[1].ID, Fate: block.FateConflict, Reason: "field-changed"}}
		for range 2 {
			if err := r.Settle(ctx, receipts); err != nil {
				t.Fatal(err)
			}
		}
		n, err := r.Counts(ctx)
		if want := (block.OpCounts{Pushed: 1, Pending: 1, Conflicts: 1}); err != nil || n != want {
			t.Errorf("Counts = %+v, %v, want %+v", n, err, want)
		}
		if out, err := r.Outbox(ctx, 10); err != nil || len(out) != 1 || out[0].ID != ops[2].ID {
			t.Errorf("Outbox = %+v, %v", out, err)
		}
		counts(t, r, base)
	})

	t.Run("repair puts one stream right", func(t *testing.T) {
		r := start(t)
		right := building(2, 7, "修正")[0]
		if err := r.Repair(ctx, street, "building", []block.Part{right}, []block.ID{building(1, 1, "")[0].ID}); err != nil {
			t.Fatal(err)
		}
		got, err := r.Leaves(ctx, block.TallyKey{Region: grid, Class: block.Public, Kind: "building"})
		if err != nil || len(got) != 1 {
			t.Fatalf("leaves after repair = %v, %v", got, err)
		}
		var h schema.Hasher
		if want := h.Leaf(right.Kind, right.ID, block.Public, right.Ver, right.Region, right.Values, right.Geometry); got[right.ID] != want {
			t.Error("the repaired leaf is not the server's")
		}
	})

	t.Run("what is changed behind its back shows in a recomputation", func(t *testing.T) {
		r := start(t)
		rnd := rand.New(rand.NewPCG(3, 3))
		for tries := 0; !r.tamper(rnd); tries++ {
			if tries == 100 {
				t.Fatal("there was nothing to tamper with")
			}
		}
		kept, err := r.Tallies(ctx)
		if err != nil {
			t.Fatal(err)
		}
		real, err := r.Recompute(ctx)
		if err != nil || len(syncer.Differences(kept, real)) == 0 {
			t.Fatalf("nothing differs, %v", err)
		}
		if err := r.SetTallies(ctx, real); err != nil {
			t.Fatal(err)
		}
		if kept, err = r.Tallies(ctx); err != nil || len(syncer.Differences(kept, real)) > 0 {
			t.Errorf("after SetTallies they still differ, %v", err)
		}
	})
}

// holds checks that a replica's server state is exactly the parts, by rows, by kept and by recomputed tallies.
func holds(t *testing.T, r replica, parts []block.Part) {
	t.Helper()
	want := slices.Clone(parts)
	slices.SortFunc(want, replicatest.ComparePart)
	got := r.parts()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || show(got[i]) != show(want[i]) {
			t.Fatalf("part %d of %d differs, want %d parts\n\tgot  %s\n\twant %s", i, len(got), len(want), at(got, i), at(want, i))
		}
	}
	counts(t, r, parts)
}

// counts checks the tallies alone.
func counts(t *testing.T, r replica, parts []block.Part) {
	t.Helper()
	ctx := context.Background()
	var h schema.Hasher
	sums := map[block.TallyKey]block.Tally{}
	for _, p := range parts {
		s := sums[keyOf(p)]
		s.Add(h.Leaf(p.Kind, p.ID, p.Stream.Class, p.Ver, p.Region, p.Values, p.Geometry))
		sums[keyOf(p)] = s
	}
	kept, err := r.Tallies(ctx)
	if err != nil || len(syncer.Differences(kept, sums)) > 0 {
		t.Fatalf("kept tallies differ in %v, %v", syncer.Differences(kept, sums), err)
	}
	real, err := r.Recompute(ctx)
	if err != nil || len(syncer.Differences(real, sums)) > 0 {
		t.Fatalf("recomputed tallies differ in %v, %v", syncer.Differences(real, sums), err)
	}
}

func at(parts []block.Part, i int) string {
	if i < len(parts) {
		return show(parts[i])
	}
	return "nothing"
}

func order(s block.Stream, first ...block.Stream) int {
	if i := slices.Index(first, s); i >= 0 {
		return i
	}
	return len(first)
}

func each(parts []block.Part) iter.Seq2[block.Part, error] {
	return func(yield func(block.Part, error) bool) {
		for _, p := range parts {
			if !yield(p, nil) {
				return
			}
		}
	}
}

func partIn(p *schema.Plan, r block.Record, s block.Stream) block.Part {
	part := p.Part(r, s.Class)
	part.Stream, part.Seq = s, 1
	return part
}

func gridsOf(a area, street block.ID) iter.Seq[block.ID] {
	return func(yield func(block.ID) bool) {
		for _, g := range a.grids {
			if a.tree.Within(g, street) && !yield(g) {
				return
			}
		}
	}
}

func TestMemReplica(t *testing.T) {
	testReplica(t, func(t *testing.T, a area) replica {
		m := newMemStore(noMutant)
		if err := m.SetEnrolment(t.Context(), enrolmentFor(a)); err != nil {
			t.Fatal(err)
		}
		return m
	})
}

// enrolmentFor is a field post's at the root.
func enrolmentFor(a area) block.Enrolment {
	return block.Enrolment{
		Server: "http://city.test", Device: block.NameID("device", "suite"), Token: "t", Region: a.tree.Root(), RegionCode: "9", Post: "field",
		Classes: block.AllParts, Epoch: block.Epoch{1},
	}
}
