package blockserver

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kuaitu/block"
	"kuaitu/block/schema"
)

func rid(name string) block.ID { return block.NameID("region", name) }

func testTree(t testing.TB) *block.Tree {
	t.Helper()
	tree, err := block.NewTree([]block.Region{
		{ID: rid("city"), Code: "440300", Level: block.City}, {ID: rid("s1"), Code: "440304001", Level: block.Street, Parent: rid("city")},
		{ID: rid("s2"), Code: "440304002", Level: block.Street, Parent: rid("city")}, {ID: rid("g1"), Code: "g1", Level: block.Grid, Parent: rid("s1")},
		{ID: rid("g2"), Code: "g2", Level: block.Grid, Parent: rid("s1")}, {ID: rid("g3"), Code: "g3", Level: block.Grid, Parent: rid("s2")},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// row makes a building in g1 at version 5 of which floors was last changed at version 4 by another device.
func testRow(t testing.TB) *Row {
	plan, err := schema.Builtin().Plan("building")
	if err != nil {
		t.Fatal(err)
	}
	row := NewRow(plan, plan.New(block.NameID("building", "b"), rid("g1")))
	plan.Set(&row.Record, "floors", block.IntValue(7))
	row.Ver, row.Device, row.Since = 5, block.NameID("device", "other"), 4
	row.FVers[plan.Index("floors")] = 4
	row.FVers[plan.Index("name")] = 5
	row.FVers[len(row.FVers)-2] = 5 // geometry
	return &row
}

func TestDecideUpdate(t *testing.T) {
	me := block.NameID("device", "me")
	floors := 5
	set := func(base block.Ver, old, now int64) block.Edit {
		return block.Edit{Verb: block.Update, Kind: "building", ID: block.NameID("building", "b"), Base: base,
			Fields: []block.FieldSet{{Field: floors, Old: block.IntValue(old), New: block.IntValue(now)}}}
	}
	geometry := block.Edit{Verb: block.Update, Kind: "building", ID: block.NameID("building", "b"), Base: 4, SetGeometry: true}
	for name, c := range map[string]struct {
		edit    block.Edit
		row     func(*Row)
		fate    block.Fate
		reason  string
		changes int
	}{
		"at the head":                          {set(5, 7, 8), nil, block.FateApplied, "", 1},
		"others changed other fields":          {set(4, 7, 8), nil, block.FateMerged, "", 1},
		"others changed the field":             {set(3, 6, 8), nil, block.FateConflict, "field-changed: building.floors", 0},
		"others made the same change":          {set(3, 6, 7), nil, block.FateMerged, "", 0},
		"changed and changed back":             {set(3, 7, 8), nil, block.FateMerged, "", 1},
		"own changes since":                    {set(3, 6, 8), func(r *Row) { r.Device = me }, block.FateApplied, "", 1},
		"own changes after another's":          {set(2, 6, 8), func(r *Row) { r.Device = me }, block.FateConflict, "field-changed: building.floors", 0},
		"a base of another life, same value":   {set(9, 7, 8), nil, block.FateApplied, "", 1},
		"a base of another life, other value":  {set(9, 6, 8), nil, block.FateConflict, "field-changed: building.floors", 0},
		"deleted":                              {set(5, 7, 8), func(r *Row) { r.Deleted = true }, block.FateConflict, "deleted: building", 0},
		"geometry changed by others, the same": {geometry, nil, block.FateMerged, "", 0},
		"geometry changed by others":           {geometry, func(r *Row) { r.Geometry = block.WKB{1} }, block.FateConflict, "field-changed: building.geometry", 0},
		"out of scope":                         {set(5, 7, 8), func(r *Row) { r.Region = rid("g3") }, block.FateRejected, "out-of-scope", 0},
	} {
		row := testRow(t)
		if c.row != nil {
			c.row(row)
		}
		before := row.clone()
		f := Facts{Set: schema.Builtin(), Tree: testTree(t), Grant: Grant{Device: me, Region: rid("s1"), Post: "field", Classes: Posts["field"]}, Rows: map[RowKey]*Row{row.Key(): row}}
		d, err := Decide(f, block.Op{Edits: []block.Edit{c.edit}})
		if err != nil || d.Receipt.Fate != c.fate || d.Receipt.Reason != c.reason || len(d.Changes) != c.changes {
			t.Errorf("%s: %s %q with %d changes, %v; want %s %q with %d", name, d.Receipt.Fate, d.Receipt.Reason, len(d.Changes), err, c.fate, c.reason, c.changes)
		}
		if !reflect.DeepEqual(*row, before) {
			t.Errorf("%s: Decide wrote into its facts", name)
		}
		if c.changes == 1 && err == nil && len(d.Changes) == 1 {
			if after := d.Changes[0].After; after.Ver != 6 || after.FVers[floors] != 6 || after.Device != me {
				t.Errorf("%s: after is version %d by %s", name, after.Ver, after.Device)
			}
		}
	}
}

func TestEventNumber(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	asked := 0
	f := Facts{
		Set: schema.Builtin(), Tree: testTree(t), Grant: Grant{Region: rid("city"), Post: "field", Classes: Posts["field"]}, Now: time.Date(2025, 3, 1, 16, 0, 0, 0, time.UTC), Zone: zone,
		Rows:       map[RowKey]*Row{},
		NextNumber: func(shard block.ID, day string) (uint64, error) { asked++; return uint64(asked), nil },
	}
	plan, _ := f.Set.Plan("event")
	report := func(region string, extra ...block.FieldSet) block.Edit {
		return block.Edit{Verb: block.Insert, Kind: "event", ID: block.NameID("event", region), Region: rid(region), Fields: append([]block.FieldSet{
			{Field: plan.Index("type"), New: block.TextValue("x")}, {Field: plan.Index("state"), New: block.TextValue("submitted")}}, extra...)}
	}
	d, err := Decide(f, block.Op{Edits: []block.Edit{report("g1")}})
	if err != nil || len(d.Changes) != 1 || plan.Get(d.Changes[0].After.Record, "number").Text() != "20250302-440304001-0001" {
		t.Errorf("event = %+v, %v", d, err)
	}
	if d, _ := Decide(f, block.Op{Edits: []block.Edit{report("g1"), {Verb: block.Insert, Kind: "castle"}}}); d.Receipt.Fate != block.FateRejected || asked != 1 {
		t.Errorf("a refused op spent a number: %+v, %d asked", d.Receipt, asked)
	}
	d, _ = Decide(f, block.Op{Edits: []block.Edit{report("g1", block.FieldSet{Field: plan.Index("number"), New: block.TextValue("own")})}})
	if len(d.Changes) != 1 || plan.Get(d.Changes[0].After.Record, "number").Text() != "own" || asked != 1 {
		t.Errorf("an event with a number = %+v", d)
	}
	f.NextNumber = func(block.ID, string) (uint64, error) { return 0, block.ErrUnavailable }
	if _, err := Decide(f, block.Op{Edits: []block.Edit{report("g1")}}); !errors.Is(err, block.ErrUnavailable) {
		t.Errorf("a failing counter: %v", err)
	}
}

// Whatever changes, applying the parts to what the streams held gives what they must hold, and the tally moves sum to
// the difference: checked against streams computed from nothing.
func TestEffectsOf(t *testing.T) {
	tree, set := testTree(t), schema.Builtin()
	person, _ := set.Plan("person")
	residency, _ := set.Plan("residency")
	rapid.Check(t, func(t *rapid.T) {
		region := func(label string) block.ID {
			return rid(rapid.SampledFrom([]string{"g1", "g2", "g3", "s1"}).Draw(t, label))
		}
		rows := map[RowKey]*Row{}
		p := NewRow(person, person.New(block.NameID("person", "p"), region("home")))
		rows[p.Key()] = &p
		for _, n := range []string{"a", "b", "c"} {
			if rapid.Bool().Draw(t, "has "+n) {
				r := NewRow(residency, residency.New(block.NameID("residency", n), region(n)))
				residency.Set(&r.Record, "person", block.RefValue(p.ID))
				r.Deleted = rapid.Bool().Draw(t, "gone "+n)
				rows[r.Key()] = &r
			}
		}
		before := streamsOf(set, tree, rows)
		var changes []Change
		after := map[RowKey]*Row{}
		for k, r := range rows {
			after[k] = r
		}
		for _, key := range []RowKey{p.Key(), {"residency", block.NameID("residency", "a")}, {"residency", block.NameID("residency", "d")}} {
			if !rapid.Bool().Draw(t, "change "+key.ID.String()) {
				continue
			}
			var next Row
			if old := rows[key]; old != nil {
				next = old.clone()
				next.Ver++
			} else {
				next = NewRow(residency, residency.New(key.ID, block.ID{}))
				residency.Set(&next.Record, "person", block.RefValue(p.ID))
			}
			next.Region = region("new home " + key.ID.String())
			next.Deleted = rapid.IntRange(0, 3).Draw(t, "delete") == 0
			changes = append(changes, Change{Before: rows[key], After: &next})
			after[key] = &next
		}
		if len(changes) == 0 {
			return
		}
		targets := map[RowKey]Target{}
		for _, key := range TargetsOf(set, changes) {
			targets[key] = Target{Row: rows[key], Placements: placementsOf(set, rows, key)}
		}
		e, err := EffectsOf(set, tree, changes, targets)
		if err != nil {
			t.Fatal(err)
		}
		want := streamsOf(set, tree, after)
		got := before
		seen := map[streamKey]bool{}
		for _, part := range e.Parts {
			key := streamKey{part.Stream, RowKey{part.Kind, part.ID}}
			if seen[key] {
				t.Fatalf("two parts of %s in one stream", part.Kind)
			}
			seen[key] = true
			if part.Drop {
				delete(got, key)
			} else {
				got[key] = carried(part).Over(got[key])
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("streams hold\n%+v, want\n%+v", got, want)
		}
		for key, tally := range tallyOf(e.Tallies, streamsOf(set, tree, rows)) {
			if want := tallyOf(nil, want)[key]; tally != want {
				t.Fatalf("tally of %+v = %+v, want %+v", key, tally, want)
			}
		}
	})
}

type streamKey struct {
	stream block.Stream
	row    RowKey
}

func placementsOf(set *schema.Set, rows map[RowKey]*Row, key RowKey) (out []Placement) {
	for _, r := range rows {
		if p, ok := PlacementOf(set, r); ok && p.Target == key {
			out = append(out, p)
		}
	}
	return out
}

// streamsOf computes what every stream must hold, from the rows alone.
func streamsOf(set *schema.Set, tree *block.Tree, rows map[RowKey]*Row) map[streamKey]block.Part {
	out := map[streamKey]block.Part{}
	var h schema.Hasher
	for key, r := range rows {
		if r.Deleted {
			continue
		}
		plan, _ := set.Plan(r.Kind)
		for _, c := range Carriers(tree, plan, r.Region, furtherOf(placementsOf(set, rows, key))) {
			p, _ := PartOf(plan, r.Record, c.Stream.Class, &h)
			p.Stream, p.Foreign = c.Stream, c.Foreign
			out[streamKey{c.Stream, key}] = p
		}
	}
	return out
}

func tallyOf(moves []TallyMove, parts map[streamKey]block.Part) map[block.TallyKey]block.Tally {
	out := map[block.TallyKey]block.Tally{}
	var h schema.Hasher
	for key, p := range parts {
		k := Carrier{key.stream, p.Foreign}.Key(p.Kind, p.Region)
		t := out[k]
		t.Add(h.Leaf(p.Kind, p.ID, key.stream.Class, p.Ver, p.Region, p.Values, p.Geometry))
		out[k] = t
	}
	for _, m := range moves {
		t := out[m.Key]
		if m.Add {
			t.Add(m.Leaf)
		} else {
			t.Sub(m.Leaf)
		}
		out[m.Key] = t
	}
	return out
}

func TestCodeDigestForgives(t *testing.T) {
	if CodeDigest("ABCD-EFGO-I234") != CodeDigest(" abcd efg0 1234\n") || CodeDigest("ABCD") == CodeDigest("ABCE") {
		t.Error("codes are told apart by what people cannot see, or not told apart")
	}
	if token := tokenOf([32]byte{1}, CodeDigest("A"), rid("x")); !strings.HasPrefix(token, "kt1_") || token == tokenOf([32]byte{2}, CodeDigest("A"), rid("x")) {
		t.Errorf("token %q does not depend on the secret", token)
	}
}

// carried is what a client gets of a part that carries only what changed.
func carried(p block.Part) block.Part {
	p.Values = slices.Clone(p.Values)
	for i := range p.Values {
		if !p.Have.Has(i) {
			p.Values[i] = block.TextValue("not carried")
		}
	}
	if !p.Have.Geometry() {
		p.Geometry = nil
	}
	if !p.Have.Region() {
		p.Region = block.ID{}
	}
	return p
}

func FuzzReadPart(f *testing.F) {
	plan, err := schema.Builtin().Plan("building")
	if err != nil {
		f.Fatal(err)
	}
	r := plan.New(block.NameID("building", "1"), rid("g"))
	plan.Set(&r, "name", block.TextValue("3栋"))
	r.Geometry = block.WKB{1, 2, 3}
	f.Add(AppendPart(nil, plan.Part(r, block.Public)), false)
	changed := plan.Part(r, block.Public)
	changed.Have = block.MaskPartial | block.MaskRegion | 1<<3
	f.Add(AppendPart(nil, changed), false)
	f.Add(AppendPart(nil, block.Part{Drop: true, Ver: 3}), true)
	f.Fuzz(func(t *testing.T, b []byte, drop bool) {
		p := block.Part{Kind: "building", Drop: drop}
		if err := ReadPart(plan, b, &p); err != nil {
			if !errors.Is(err, block.ErrInvalid) {
				t.Fatalf("error %v is not ErrInvalid", err)
			}
			return
		}
		again := block.Part{Kind: "building", Drop: drop}
		if err := ReadPart(plan, AppendPart(nil, p), &again); err != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("%+v came back as %+v, %v", p, again, err)
		}
	})
}

func FuzzReadFVers(f *testing.F) {
	f.Add(AppendFVers(nil, []block.Ver{1, 1, 2, 9, 9}), 5)
	f.Add([]byte{2, 7}, 6)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if n < 0 || n > 1000 {
			return
		}
		vers, err := ReadFVers(b, n)
		if err != nil {
			return
		}
		again, err := ReadFVers(AppendFVers(nil, vers), n)
		if err != nil || !reflect.DeepEqual(again, vers) {
			t.Fatalf("%v came back as %v, %v", vers, again, err)
		}
	})
}
