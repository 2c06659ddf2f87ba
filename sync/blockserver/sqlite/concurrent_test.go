package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"

	"kuaitu/block"
	"kuaitu/sync/blockserver"
)

// Writers move floors between buildings of two shards, so that the sum over all stays what it was; readers that follow
// cuts must never see another sum, nor miss a change.
func TestCutsKeepTheSum(t *testing.T) {
	t.Parallel()
	const writers, readers, moves = 4, 2, 25
	w := newWorld(t)
	w.load(people()...)
	var records []block.Record
	for i := range writers {
		for _, g := range []string{"s1a1", "s2a1"} {
			records = append(records, record("building", fmt.Sprint("pair", i, g), g, map[string]block.Value{"floors": block.IntValue(150)}))
		}
	}
	w.load(records...)
	total := func(d *device) (sum int64) {
		for st, parts := range d.parts {
			for _, p := range parts {
				if st.Class == block.Public && p.Kind == "building" {
					sum += p.Values[5].Int()
				}
			}
		}
		return sum
	}
	first := w.enrol("first", "city", "wall")
	first.sync()
	want := total(first)
	if want < 300*writers {
		t.Fatalf("the sum begins at %d", want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	write, _ := errgroup.WithContext(ctx)
	for i := range writers {
		d := w.enrol(fmt.Sprint("writer", i), "city", "field")
		write.Go(func() error {
			rnd := rand.New(rand.NewPCG(uint64(i), 1))
			at := [2]int64{150, 150}
			for n := range moves {
				k := rnd.Int64N(4) + 1 // a move of nothing would make no version
				at[0], at[1] = at[0]+k, at[1]-k
				edit := func(g string, v int64) block.Edit {
					return change("building", fmt.Sprint("pair", i, g), block.Ver(n+1), map[string]block.Value{"floors": block.IntValue(v)})
				}
				op := d.op(edit("s1a1", at[0]), edit("s2a1", at[1]))
				for range 1 + rnd.IntN(2) { // sometimes twice
					got, err := d.push(op)
					if err != nil || got[0].Fate != block.FateApplied {
						return fmt.Errorf("writer %d move %d: %+v: %w", i, n, got, err)
					}
				}
			}
			return nil
		})
	}
	read, _ := errgroup.WithContext(ctx)
	for i := range readers {
		d := w.enrol(fmt.Sprint("reader", i), "city", "wall")
		read.Go(func() error {
			for ctx.Err() == nil {
				if err := d.pull(); err != nil {
					return err
				}
				if got := total(d); got != want {
					return fmt.Errorf("a cut with the sum %d, want %d", got, want)
				}
			}
			if err := d.pull(); err != nil {
				return err
			}
			return d.prove()
		})
	}
	err := write.Wait()
	cancel()
	if err := errors.Join(err, read.Wait()); err != nil {
		t.Fatal(err)
	}
	w.sound()
}

// Many random ops of several devices, some sent twice: after each round every device equals the server's own account of
// its scope, which Verify has counted anew from the rows.
func TestRandomOps(t *testing.T) {
	t.Parallel()
	const seed, rounds, perRound = 20250302, 12, 25
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	w := newWorld(t)
	w.load(people()...)
	devices := []*device{w.enrol("city", "city", "field"), w.enrol("desk", "s1", "desk"), w.enrol("grid", "s2a1", "field"), w.enrol("street", "s2", "field"), w.enrol("wall", "d1", "wall")}
	fates := map[block.Fate]int{}
	for round := range rounds {
		for n := range perRound {
			d := devices[rnd.IntN(4)]
			op := d.op(randomEdit(rnd, d, fmt.Sprint(round, "-", n)))
			got, err := d.push(op)
			if err != nil {
				t.Fatal(err)
			}
			if rnd.IntN(4) == 0 {
				if again, err := d.push(op); err != nil || again[0] != got[0] {
					t.Fatalf("sent again: %+v, %v, want %+v", again, err, got)
				}
			}
			fates[got[0].Fate]++
		}
		w.sound()
		for i, d := range devices {
			if rnd.IntN(2) == 0 || round == rounds-1 {
				if err := errors.Join(d.pull(), d.prove()); err != nil {
					t.Fatalf("round %d, device %d: %v", round, i, err)
				}
			}
		}
	}
	for f := block.FateApplied; f <= block.FateRejected; f++ {
		if fates[f] == 0 {
			t.Errorf("no op was %s: the test has grown blunt (%v)", f, fates)
		}
	}
}

// randomEdit inserts, updates, moves or deletes something the device may know, with a base it may have seen.
func randomEdit(rnd *rand.Rand, d *device, name string) block.Edit {
	grid := grids[rnd.IntN(len(grids))]
	base := block.Ver(1 + rnd.IntN(3))
	person := func() block.Value { return block.RefValue(block.NameID("person", "p-"+grids[rnd.IntN(len(grids))])) }
	room := block.RefValue(block.NameID("room", "r-"+grid))
	switch rnd.IntN(11) {
	case 0:
		return insert("residency", name, grid, map[string]block.Value{"room": room, "person": person()})
	case 1:
		return insert("residency", fmt.Sprint("shared", rnd.IntN(6)), grid, map[string]block.Value{"room": room, "person": person()})
	case 2:
		return change("residency", fmt.Sprint("shared", rnd.IntN(6)), base, map[string]block.Value{"person": person()})
	case 3:
		e := change("residency", fmt.Sprint("shared", rnd.IntN(6)), base, nil)
		e.Region = regionID(grid)
		return e
	case 4:
		return block.Edit{Verb: block.Delete, Kind: "residency", ID: block.NameID("residency", fmt.Sprint("shared", rnd.IntN(6))), Base: base}
	case 5:
		e := change("person", "p-"+grid, base, map[string]block.Value{"phone": text(name)})
		if rnd.IntN(3) == 0 {
			e.Region = regionID(grids[rnd.IntN(len(grids))])
		}
		return e
	case 6, 7, 8, 9:
		field := []string{"name", "note", "address", "source_id"}[rnd.IntN(4)]
		return change("building", "b-"+grids[4+rnd.IntN(2)], base, map[string]block.Value{field: text(name)})
	}
	return insert("event", name, grid, map[string]block.Value{"type": text("暴露垃圾"), "state": text("submitted"), "reporter": text("李四")})
}

// A data folder put back by hand, without the restore command, keeps its epoch; the witness gives it away.
func TestSetBackByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.load(people()...)
	d := w.enrol("field", "s1", "field")
	d.sync()
	file := filepath.Join(w.dir, "kuaitud.db")
	w.close()
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w.open()
	lost := d.op(change("building", "b-s1a1", 1, map[string]block.Value{"floors": block.IntValue(8)}))
	if _, err := d.push(lost); err != nil {
		t.Fatal(err)
	}
	d.sync()
	if err := os.RemoveAll(w.store.CacheDir() + "/" + regionID("s1").String()); err != nil {
		t.Fatal(err)
	}
	w.close()
	w.open()
	w.enrol("early", "s1", "field").sync() // leaves a snapshot with the change in the cache
	w.close()
	if err := os.WriteFile(file, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(file + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	w.open()
	// Another device makes the shard's position pass the witness again, with another content.
	other := w.enrol("other", "s1", "field")
	other.must(block.FateApplied, "", change("building", "b-s1a2", 1, map[string]block.Value{"floors": block.IntValue(3)}))
	epoch := d.epoch
	d.sync()
	if len(d.hello.Lost) == 0 || d.epoch != epoch {
		t.Errorf("hello of a server that was set back: lost %v, epoch changed %t", d.hello.Lost, d.hello.EpochChanged)
	}
	// The cache still has what was made in the other history: a device that takes a snapshot now must not get that.
	late := w.enrol("late", "s1", "field")
	late.sync()
	if r, err := d.push(lost); err != nil || r[0].Fate != block.FateApplied {
		t.Errorf("the lost op sent again = %+v, %v", r, err)
	}
	d.sync()
	if len(d.hello.Lost) != 0 {
		t.Error("the loss is told twice")
	}
	w.sound()
}

// A replica that is behind the pruned log takes a snapshot and is right again; one that is not goes on by segments.
func TestPrune(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.load(people()...)
	behind, near := w.enrol("behind", "s1", "field"), w.enrol("near", "s1", "field")
	behind.sync()
	writer := w.enrol("writer", "s1", "field")
	for n := range 10 {
		if n == 8 {
			near.sync()
		}
		writer.must(block.FateApplied, "", change("building", "b-s1a1", block.Ver(n+1), map[string]block.Value{"floors": block.IntValue(int64(n + 20))}))
	}
	rows, err := w.store.Prune(t.Context(), 3)
	if err != nil || rows != 14 { // seven changes of a building, which has two classes
		t.Errorf("Prune = %d, %v, want 14 rows", rows, err)
	}
	snaps := [2]int{behind.snaps, near.snaps}
	behind.sync()
	near.sync()
	if behind.snaps == snaps[0] || near.snaps != snaps[1] {
		t.Errorf("snapshots taken: %d by the one behind, %d by the one near", behind.snaps-snaps[0], near.snaps-snaps[1])
	}
	w.sound()
}

// Verify finds what was changed behind the server's back.
func TestVerifyFinds(t *testing.T) {
	t.Parallel()
	for name, stmt := range map[string]string{
		"value":     "UPDATE k_building SET floors = 99 WHERE rowid = 3",
		"type":      "UPDATE k_building SET floors = 'x' WHERE rowid = 3",
		"row":       "DELETE FROM k_person WHERE rowid = 2",
		"placement": "DELETE FROM placement",
		"tally":     "UPDATE tally SET count = count + 1",
		"head":      "UPDATE stream_head SET seq = seq + 1",
		"chain":     "UPDATE shard_head SET sum = zeroblob(32)",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.load(append(people(), residency("x", "s2a1", "p-s1a1"))...)
			w.sound()
			tamper(t, w, stmt)
			v, err := w.store.Verify(t.Context())
			if err != nil || len(v.Faults) == 0 {
				t.Errorf("after %s Verify = %+v, %v, want faults", stmt, v, err)
			}
		})
	}
}

// A load is all or nothing, and what it may not hold is refused.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.load(people()...)
	good := record("building", "new", "s1a1", nil)
	offGrid := record("building", "g", "s1a1", nil)
	offGrid.Geometry = block.WKB{1, 2, 3}
	moved := record("region", "s1", "city", map[string]block.Value{
		"code": text("C-s1"), "scheme": text("test"), "name": text("s1"), "level": text("street"), "parent": block.RefValue(regionID("d2"))})
	for name, bad := range map[string]block.Record{
		"region":   record("building", "x", "nowhere", nil),
		"value":    record("building", "x", "s1a1", map[string]block.Value{"use": text("castle")}),
		"geometry": offGrid,
		"kind":     {Kind: "castle", ID: block.ID{1}},
		"no id":    {Kind: "building"},
		"moved":    moved,
	} {
		_, err := w.store.Load(t.Context(), func(yield func(block.Record, error) bool) { _ = yield(good, nil) && yield(bad, nil) })
		if !errors.Is(err, block.ErrInvalid) && !errors.Is(err, block.ErrConflict) {
			t.Errorf("%s: error = %v, want invalid or conflict", name, err)
		}
	}
	counts, err := w.store.Count(t.Context(), "building")
	if err != nil || counts[regionID("s1a1")] != 1 {
		t.Errorf("after refused loads the grid has %d buildings, %v, want 1", counts[regionID("s1a1")], err)
	}
	d := w.enrol("field", "s1", "field")
	d.sync()
	// Loading again replaces what differs and leaves the rest; new regions may come with their records.
	grid := record("region", "s1a3", "city", map[string]block.Value{
		"code": text("C-s1a3"), "scheme": text("test"), "name": text("s1a3"), "level": text("grid"), "parent": block.RefValue(regionID("s1a"))})
	changed := people()
	plan, _ := set.Plan("building")
	plan.Set(&changed[0], "floors", block.IntValue(12))
	w.load(append(changed, grid, record("building", "b3", "s1a3", nil))...)
	w.sound()
	if row := rowOf(t, w, "building", "b-s1a1"); row.Ver != 2 || row.FVers[plan.Index("floors")] != 2 || row.FVers[plan.Index("name")] != 1 {
		t.Errorf("the changed building is %+v", row)
	}
	if row := rowOf(t, w, "building", "b-s1a2"); row.Ver != 1 {
		t.Errorf("the building that did not change is at version %d", row.Ver)
	}
	no, kindNo, first, err := w.store.NextBulk(t.Context(), "building", regionID("s1"), 100)
	_, _, second, err2 := w.store.NextBulk(t.Context(), "building", regionID("s1"), 1)
	if err != nil || err2 != nil || no == 0 || kindNo != 5 || first != 1 || second != 101 {
		t.Errorf("NextBulk = %d, %d, %d, %d, %v, %v", no, kindNo, first, second, err, err2)
	}
}

func rowOf(t *testing.T, w *world, kind block.Kind, id string) (row *blockserver.Row) {
	t.Helper()
	err := w.store.View(t.Context(), func(v blockserver.View) (err error) {
		row, err = v.Row(t.Context(), blockserver.RowKey{Kind: kind, ID: block.NameID(kind, id)})
		return err
	})
	if err != nil || row == nil {
		t.Fatalf("row of %s = %v, %v", id, row, err)
	}
	return row
}

// tamper runs SQL on the database of a running server from outside.
func tamper(t *testing.T, w *world, stmt string) {
	t.Helper()
	db, err := sqlOpen(filepath.Join(w.dir, "kuaitud.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(stmt); err != nil {
		t.Fatal(err)
	}
}
