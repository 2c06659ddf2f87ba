package store

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"kuaitu/block"

	"github.com/paulmach/orb"
)

func fieldSet(kind block.Kind, name string, v block.Value) block.FieldSet {
	return block.FieldSet{Field: plan(kind).Index(name), New: v}
}

func TestReport(t *testing.T) {
	s := enrolled(t, block.AllParts)
	var notices []Notice
	defer s.Subscribe(func(n Notice) { notices = append(notices, n) })()
	op, err := s.Writer().Report(ctx, Report{Type: "A01", Region: rid("G1"), Point: &point, Address: "下沙村口", Description: "垃圾成堆", Reporter: "李四"}, "甲")
	if err != nil {
		t.Fatal(err)
	}
	if len(op.Edits) != 2 || op.Counter != 1 || op.Device != rid("device") {
		t.Errorf("op = %+v", op)
	}
	ev, err := s.Reader().Get(ctx, "event", op.Edits[0].ID)
	if err != nil || plan("event").Get(ev, "state").Text() != "submitted" || ev.Geometry == nil || ev.Ver != 0 {
		t.Errorf("event = %v, %v", ev, err)
	}
	steps, err := s.Reader().List(ctx, Query{Kind: "event_step", Where: []Where{{"event", []block.Value{block.RefValue(ev.ID)}}}})
	if err != nil || len(steps) != 1 {
		t.Errorf("steps = %v, %v", steps, err)
	}
	if len(notices) != 2 || notices[0].Kind != "event" || !notices[0].Bounds.Contains(orb.Point{114.0512345, 22.5312345}) || !notices[1].Bounds.IsEmpty() {
		t.Errorf("notices = %+v", notices)
	}
	out, err := s.Writer().Outbox(ctx, 10)
	if err != nil || len(out) != 1 || out[0].ID != op.ID || len(out[0].Edits) != 2 || !slices.Equal(out[0].Edits[1].Fields, op.Edits[1].Fields) {
		t.Errorf("outbox = %+v, %v", out, err)
	}
	if got := labels(t, s, SearchQuery{Text: "垃圾"}); len(got) != 1 {
		t.Errorf("a pending event is found as %v", got)
	}
	pending, err := s.Reader().PendingIDs(ctx, "event")
	if err != nil || !pending[ev.ID] {
		t.Errorf("pending = %v, %v", pending, err)
	}
	if err := s.Writer().Settle(ctx, []block.Receipt{{Op: op.ID, Fate: block.FateRejected, Reason: "unknown-type"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reader().Get(ctx, "event", ev.ID); !errors.Is(err, block.ErrNotFound) {
		t.Errorf("a rejected event is still shown: %v", err)
	}
	ops, err := s.Reader().OpsOf(ctx, "event", ev.ID)
	if err != nil || len(ops) != 1 || ops[0].Reason != "unknown-type" || ops[0].Live || len(ops[0].Edits) != 2 {
		t.Errorf("ops = %+v, %v", ops, err)
	}
	if v, err := s.Reader().Verify(ctx); err != nil || !v.OK() {
		t.Errorf("verify: %+v, %v", v, err)
	}
	// The server was restored from an older backup: everything goes out again.
	if n, err := s.Writer().Resend(ctx); n != 1 || err != nil {
		t.Errorf("Resend = %d, %v", n, err)
	}
	if out, err := s.Writer().Outbox(ctx, 10); err != nil || len(out) != 1 || out[0].ID != op.ID {
		t.Errorf("outbox after Resend = %+v, %v", out, err)
	}
}

func TestEditRefuses(t *testing.T) {
	s := newStore(t)
	load(t, s, "region", regions()...)
	load(t, s, "building", building(1))
	load(t, s, "catalogue_type", record("catalogue_type", block.NameID("catalogue_type", "A01"), block.ID{}, map[string]block.Value{
		"code": block.TextValue("A01"), "class": block.TextValue("市容"), "name": block.TextValue("暴露垃圾")}))
	if _, err := s.Writer().Report(ctx, Report{Type: "A01", Region: rid("G1")}, "甲"); err != nil {
		t.Errorf("report of a known type: %v", err)
	}
	id := building(1).ID
	update := func(f ...block.FieldSet) block.Edit {
		return block.Edit{Verb: block.Update, Kind: "building", ID: id, Fields: f}
	}
	if _, err := s.Writer().Edit(ctx, []block.Edit{update(fieldSet("building", "floors", block.IntValue(9)))}, "甲"); err != nil {
		t.Fatal(err)
	}
	stale := update(fieldSet("building", "floors", block.IntValue(7)))
	stale.Base, stale.Fields[0].Old = 1, block.IntValue(3)
	bad := update(fieldSet("building", "floors", block.IntValue(1)))
	bad.SetGeometry, bad.Geometry = true, pointWKB(point)
	for name, c := range map[string]struct {
		edit block.Edit
		want error
	}{
		"unknown kind":     {block.Edit{Verb: block.Insert, Kind: "nonsense"}, block.ErrInvalid},
		"unknown verb":     {block.Edit{Verb: 9, Kind: "building", ID: id}, block.ErrInvalid},
		"missing field":    {block.Edit{Verb: block.Insert, Kind: "event"}, block.ErrInvalid},
		"no such record":   {block.Edit{Verb: block.Delete, Kind: "building", ID: rid("x")}, block.ErrNotFound},
		"no such field":    {update(block.FieldSet{Field: 99}), block.ErrInvalid},
		"wrong type":       {update(fieldSet("building", "floors", block.TextValue("9"))), block.ErrInvalid},
		"wrong choice":     {update(fieldSet("building", "use", block.TextValue("castle"))), block.ErrInvalid},
		"nothing":          {update(), block.ErrInvalid},
		"there already":    {block.Edit{Verb: block.Insert, Kind: "building", ID: id}, block.ErrConflict},
		"stale":            {stale, block.ErrConflict},
		"from the future":  {block.Edit{Verb: block.Delete, Kind: "building", ID: id, Base: 77}, block.ErrInvalid},
		"point for area":   {bad, block.ErrInvalid},
		"type not in list": {block.Edit{Verb: block.Insert, Kind: "event", Fields: []block.FieldSet{fieldSet("event", "type", block.TextValue("Z9")), fieldSet("event", "state", block.TextValue("filed"))}}, block.ErrInvalid},
	} {
		ok := update(fieldSet("building", "note", block.TextValue(name)))
		if _, err := s.Writer().Edit(ctx, []block.Edit{ok, c.edit}, "甲"); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		r, err := s.Reader().Get(ctx, "building", id)
		if err != nil || !plan("building").Get(r, "note").IsNull() || r.Ver != 2 {
			t.Fatalf("%s left its other half: %v, %v", name, r, err)
		}
	}
	mustTallies(t, s)
}

func TestListPages(t *testing.T) {
	s := newStore(t)
	load(t, s, "region", regions()...)
	var want []block.ID
	var rs []block.Record
	for i := range 57 {
		r := building(i)
		if i%7 == 0 {
			plan("building").Set(&r, "floors", block.Value{})
		} else {
			plan("building").Set(&r, "floors", block.IntValue(int64(i%4)))
		}
		rs = append(rs, r)
	}
	load(t, s, "building", rs...)
	floors := func(r block.Record) int64 {
		if v := plan("building").Get(r, "floors"); !v.IsNull() {
			return v.Int()
		}
		return -1
	}
	for _, desc := range []bool{false, true} {
		sorted := slices.Clone(rs)
		slices.SortFunc(sorted, func(a, b block.Record) int {
			n := int(floors(a) - floors(b))
			if desc {
				n = -n
			}
			if n == 0 {
				n = slices.Compare(a.ID[:], b.ID[:])
			}
			return n
		})
		want = want[:0]
		for _, r := range sorted {
			if r.Region != rid("G3") {
				want = append(want, r.ID)
			}
		}
		var got []block.ID
		q := Query{Kind: "building", Within: []block.ID{rid("S1")}, Order: []Order{{"floors", desc}}, Limit: 5}
		for {
			page, err := s.Reader().List(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				got = append(got, r.ID)
			}
			if len(page) < 5 {
				break
			}
			q.After = page[4].ID
		}
		if !slices.Equal(got, want) {
			t.Errorf("descending %v: pages give %d records in another order than %d", desc, len(got), len(want))
		}
	}
	n, err := s.Reader().Count(ctx, Query{Kind: "building", Where: []Where{{"floors", []block.Value{{}, block.IntValue(1)}}}})
	if err != nil || n == 0 {
		t.Errorf("Count = %d, %v", n, err)
	}
	var seen int
	b := orb.Bound{Min: orb.Point{113, 22}, Max: orb.Point{115, 23}}
	err = s.Reader().MapRows(ctx, "building", []string{"use", "floors"}, &b, func(r *MapRow) error {
		if r.Values[0].Text() != "residential" || r.Geometry == nil || !b.Contains(r.Bounds.Min) {
			t.Errorf("MapRow = %+v", r)
		}
		seen++
		return nil
	})
	if err != nil || seen != 57 {
		t.Errorf("MapRows gave %d rows, %v", seen, err)
	}
}

// An op that is cut off anywhere is refused.
func TestDecodeEditsIsBounded(t *testing.T) {
	s := newStore(t)
	op := s.encodeEdits([]block.Edit{{Verb: block.Insert, Kind: "building", ID: rid("a"), Geometry: square(114, 22, .1), SetGeometry: true, Fields: []block.FieldSet{fieldSet("building", "name", block.TextValue("甲"))}}})
	if _, err := s.decodeEdits(op); err != nil {
		t.Fatal(err)
	}
	for i := range op {
		if _, err := s.decodeEdits(op[:i]); !errors.Is(err, block.ErrInvalid) {
			t.Errorf("an op cut off at %d: %v, want ErrInvalid", i, err)
		}
	}
}

// TestEditAllIsAllOrNothing ends a row of acts in the middle, by a bad edit and by a cancelled context, and then lets it through.
func TestEditAllIsAllOrNothing(t *testing.T) {
	s := enrolled(t, block.AllParts)
	acts := func(kinds ...block.Kind) iter.Seq[[]block.Edit] {
		return func(yield func([]block.Edit) bool) {
			for _, k := range kinds {
				if !yield([]block.Edit{{Verb: block.Insert, Kind: k, Region: rid("G1"), Fields: []block.FieldSet{fieldSet("building", "name", block.TextValue("甲栋"))}}}) {
					return
				}
			}
		}
	}
	counts := func() (rows int64, ops int) {
		rows, err := s.Reader().Count(ctx, Query{Kind: "building"})
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.Writer().Outbox(ctx, 10)
		if err != nil {
			t.Fatal(err)
		}
		return rows, len(out)
	}
	if err := s.Writer().EditAll(ctx, acts("building", "building", "no_such_kind"), "甲", nil); err == nil {
		t.Error("a kind that nobody declared is written")
	}
	some, cancel := context.WithCancel(ctx)
	if err := s.Writer().EditAll(some, acts("building", "building", "building"), "甲", func(n int) {
		if n == 2 {
			cancel()
		}
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled after two: %v", err)
	}
	if rows, ops := counts(); rows != 0 || ops != 0 {
		t.Errorf("what failed left %d rows and %d ops", rows, ops)
	}
	if err := s.Writer().EditAll(ctx, acts("building", "building"), "甲", nil); err != nil {
		t.Error(err)
	}
	if rows, ops := counts(); rows != 2 || ops != 2 {
		t.Errorf("%d rows and %d ops, want two of each", rows, ops)
	}
}
