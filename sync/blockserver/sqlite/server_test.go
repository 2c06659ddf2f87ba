package sqlite_test

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"kuaitu/block"
	"kuaitu/sync/blockserver"
	"kuaitu/sync/blockserver/sqlite"
	"kuaitu/sync/wire"
)

func errorsAs(err error, target **wire.Error) bool { return errors.As(err, target) }

func code(err error) string {
	var e *wire.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}

func TestEnrolOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, expires, err := w.store.CreateCode(t.Context(), regionID("s1"), "field", "phone", w.now)
	if err != nil || !expires.Equal(w.now.Add(24*time.Hour)) {
		t.Fatalf("CreateCode = %v, %v", expires, err)
	}
	d := &device{w: w}
	ask := func(code string, device block.ID) (r wire.EnrolResponse, err error) {
		return r, d.post(wire.PathEnrol, wire.EnrolRequest{Code: code, Name: "x", Device: device}, &r)
	}
	one, two := block.NameID("device", "1"), block.NameID("device", "2")
	if _, err := ask("AAAA-BBBB", one); !errors.Is(err, block.ErrRefused) {
		t.Errorf("an unknown code: %v, want refused", err)
	}
	first, err := ask(strings.ToLower(strings.ReplaceAll(c, "-", " ")), one)
	if err != nil || first.Region != regionID("s1") || first.Post != "field" || first.RegionCode != "C-s1" || first.Meta.NameZH != "测试城" {
		t.Fatalf("enrol = %+v, %v", first, err)
	}
	if again, err := ask(c, one); err != nil || !reflect.DeepEqual(again, first) {
		t.Errorf("the lost answer asked for again = %+v, %v, want the same", again, err)
	}
	if _, err := ask(c, two); !errors.Is(err, block.ErrRefused) {
		t.Errorf("a second device with the code: %v, want refused", err)
	}
	other, _, err := w.store.CreateCode(t.Context(), regionID("s1"), "desk", "desk", w.now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ask(other, one); !errors.Is(err, block.ErrConflict) {
		t.Errorf("an enrolled device with another code: %v, want conflict", err)
	}
	w.now = w.now.Add(24 * time.Hour)
	if _, err := ask(other, two); !errors.Is(err, block.ErrRefused) {
		t.Errorf("an expired code: %v, want refused", err)
	}
	d.token = first.Token
	if err := d.post(wire.PathHello, wire.HelloRequest{Protocol: wire.Protocol}, &wire.HelloResponse{}); err != nil {
		t.Errorf("hello: %v", err)
	}
	if err := w.store.Revoke(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	if err := d.post(wire.PathHello, wire.HelloRequest{Protocol: wire.Protocol}, &wire.HelloResponse{}); code(err) != wire.CodeUnknown {
		t.Errorf("hello of a revoked device: %v", err)
	}
	if log := w.log.String(); strings.Contains(log, first.Token) || strings.Contains(log, c) || strings.Contains(w.http.URL, first.Token) {
		t.Error("the log holds a token or a code")
	}
}

// A device has exactly the rows of its scope, by snapshot first and by segments afterwards, and the proof says so.
func TestPull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.load(people()...)
	w.sound()
	desk, field, wall := w.enrol("desk", "s1", "desk"), w.enrol("field", "s1a1", "field"), w.enrol("wall", "city", "wall")
	for _, d := range []*device{desk, field, wall} {
		d.sync()
	}
	if p, ok := desk.holds("s1a1", block.Masked, "person", "p-s1a1"); !ok || p.Values[2].Text() != "张*" {
		t.Errorf("the desk has the person as %+v, %t", p.Values, ok)
	}
	if p, ok := field.holds("s1a1", block.Sensitive, "person", "p-s1a1"); !ok || p.Values[2].Text() != "张secret~s1a1" {
		t.Errorf("the officer has the person as %+v, %t", p.Values, ok)
	}
	if _, ok := wall.holds("s2", block.Public, "building", "b-s2b2"); !ok {
		t.Error("the wall lacks a building")
	}
	if desk.saw("secret~") || wall.saw("secret~") || desk.saw("楼s2a1") || !field.saw("secret~s1a1") || field.saw("secret~s1a2") {
		t.Error("somebody saw what is not in scope")
	}
	snaps := desk.snaps
	field.must(block.FateApplied, "", insert("event", "e1", "s1a1", map[string]block.Value{"type": text("暴露垃圾"), "state": text("submitted"), "reporter": text("张secret~e1")}),
		insert("event_step", "x1", "s1a1", map[string]block.Value{"event": block.RefValue(block.NameID("event", "e1")), "action": text("report")}))
	field.must(block.FateApplied, "", change("building", "b-s1a1", 1, map[string]block.Value{"floors": block.IntValue(8)}))
	for _, d := range []*device{desk, field, wall} {
		d.sync()
	}
	if desk.snaps != snaps {
		t.Errorf("%d more snapshots were taken for three changes", desk.snaps-snaps)
	}
	e, ok := desk.holds("s1", block.Work, "event", "e1")
	if !ok || e.Values[0].Text() != "20250302-C-s1-0001" {
		t.Errorf("the event arrived as %+v, %t", e, ok)
	}
	if desk.saw("secret~e1") || wall.saw("secret~e1") {
		t.Error("the reporter's name left its class")
	}
	frames := desk.frames
	desk.sync()
	if desk.frames != frames {
		t.Errorf("%d frames were fetched though nothing moved", desk.frames-frames)
	}
	var hello wire.HelloResponse
	if err := desk.post(wire.PathHello, wire.HelloRequest{Protocol: 1, Epoch: desk.epoch, Cut: &desk.hello.Cut, Witnesses: desk.hello.Shards}, &hello); err != nil || !hello.Same || hello.Heads != nil {
		t.Errorf("hello at the same cut = %+v, %v", hello, err)
	}
	w.sound()
}

func TestExactlyOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.load(people()...)
	d := w.enrol("field", "s1", "field")
	ops := []block.Op{
		d.op(insert("event", "e1", "s1a1", map[string]block.Value{"type": text("暴露垃圾"), "state": text("submitted")})),
		d.op(insert("event", "e2", "s1a1", map[string]block.Value{"type": text("no such type"), "state": text("submitted")})),
		d.op(change("building", "b-s1a1", 1, map[string]block.Value{"floors": block.IntValue(9)})),
	}
	first, err := d.push(ops...)
	if err != nil || len(first) != 3 || first[0].Fate != block.FateApplied || first[1].Reason != blockserver.ReasonUnknownType || first[2].Fate != block.FateApplied {
		t.Fatalf("receipts = %+v, %v", first, err)
	}
	for range 5 {
		if again, err := d.push(ops...); err != nil || !reflect.DeepEqual(again, first) {
			t.Fatalf("sent again: %+v, %v, want the same receipts", again, err)
		}
		if again, err := d.push(ops[1:]...); err != nil || !reflect.DeepEqual(again, first[1:]) {
			t.Fatalf("sent again in part: %+v, %v", again, err)
		}
	}
	d.sync()
	if p, _ := d.holds("s1", block.Public, "building", "b-s1a1"); p.Ver != 2 {
		t.Errorf("the building is at version %d, want 2", p.Ver)
	}
	fork := d.op(change("building", "b-s1a1", 2, map[string]block.Value{"floors": block.IntValue(1)}))
	fork.Counter = 3
	if _, err := d.push(fork); code(err) != wire.CodeCloned || !errors.Is(err, block.ErrConflict) {
		t.Errorf("another op under a used counter: %v, want cloned", err)
	}
	late := d.op()
	late.Counter = 9
	var e *wire.Error
	if _, err := d.push(late); !errors.As(err, &e) || e.Code != wire.CodeCounterGap || e.Counter != 3 {
		t.Errorf("a gap: %v, want counter-gap after 3", err)
	}
	// The op again under another counter, as a device sends it that does not know its fate: still one effect.
	again := ops[2]
	again.Counter = 4
	if r, err := d.push(again); err != nil || r[0] != first[2] {
		t.Errorf("the op under another counter = %+v, %v, want %+v", r, err, first[2])
	}
	stranger := w.enrol("other", "s1", "field")
	if _, err := stranger.push(ops[0]); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("another device's op: %v, want invalid", err)
	}
	w.sound()
}

func TestPlacement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.load(append(people(), residency("x", "s2a1", "p-s1a1"))...)
	w.sound()
	there, home, city := w.enrol("there", "s2a1", "field"), w.enrol("home", "s1", "field"), w.enrol("city", "city", "field")
	both := func() {
		t.Helper()
		there.sync()
		home.sync()
		city.sync()
		w.sound()
	}
	both()
	if p, ok := there.holds("s2a1", block.Sensitive, "person", "p-s1a1"); !ok || !p.Foreign || p.Region != regionID("s1a1") {
		t.Fatalf("the resident is seen as %+v, %t, want a foreign part", p, ok)
	}
	// A change at home reaches the further region.
	home.must(block.FateApplied, "", change("person", "p-s1a1", 1, map[string]block.Value{"phone": text("139secret~new")}))
	both()
	if !there.saw("139secret~new") {
		t.Error("the change did not reach the further region")
	}
	// Moving the residency moves the part; so does ending it.
	move := block.Edit{Verb: block.Update, Kind: "residency", ID: block.NameID("residency", "x"), Base: 1, Region: regionID("s2a2")}
	city.must(block.FateApplied, "", move)
	both()
	if _, ok := there.holds("s2a1", block.Sensitive, "person", "p-s1a1"); ok {
		t.Error("the resident has moved out and is still here")
	}
	if _, ok := city.holds("s2a2", block.Sensitive, "person", "p-s1a1"); !ok {
		t.Error("the resident has moved in and is not there")
	}
	city.must(block.FateApplied, "", insert("residency", "y", "s2a1", map[string]block.Value{
		"room": block.RefValue(block.NameID("room", "r-s2a1")), "person": block.RefValue(block.NameID("person", "p-s1a1"))}))
	both()
	if _, ok := there.holds("s2a1", block.Sensitive, "person", "p-s1a1"); !ok {
		t.Error("a second residency does not place")
	}
	city.must(block.FateApplied, "", block.Edit{Verb: block.Delete, Kind: "residency", ID: block.NameID("residency", "y"), Base: 1})
	both()
	if _, ok := there.holds("s2a1", block.Sensitive, "person", "p-s1a1"); ok {
		t.Error("the residency is deleted and the person still here")
	}
	// The person moves home to where it was placed: the part becomes its own.
	city.must(block.FateApplied, "", block.Edit{Verb: block.Update, Kind: "person", ID: block.NameID("person", "p-s1a1"), Base: 2, Region: regionID("s2a2")})
	both()
	if p, ok := city.holds("s2a2", block.Sensitive, "person", "p-s1a1"); !ok || p.Foreign {
		t.Errorf("after moving home the part is %+v, %t", p, ok)
	}
	city.must(block.FateApplied, "", block.Edit{Verb: block.Delete, Kind: "person", ID: block.NameID("person", "p-s1a1"), Base: 3})
	both()
	// Nobody pulls a stranger into scope by guessing an ID.
	there.must(block.FateRejected, "out-of-scope: person", insert("residency", "z", "s2a1", map[string]block.Value{
		"room": block.RefValue(block.NameID("room", "r-s2a1")), "person": block.RefValue(block.NameID("person", "p-s1b1"))}))
	there.must(block.FateRejected, "unknown-target: person", insert("residency", "z", "s2a1", map[string]block.Value{
		"room": block.RefValue(block.NameID("room", "r-s2a1")), "person": block.RefValue(block.NameID("person", "future"))}))
	// An entity placed by premises travels in public streams.
	w.load(record("legal_entity", "l", "s1a1", map[string]block.Value{"name": text("公司")}),
		record("premises", "m", "s2a1", map[string]block.Value{"entity": block.RefValue(block.NameID("legal_entity", "l"))}))
	both()
	if p, ok := there.holds("s2", block.Public, "legal_entity", "l"); !ok || !p.Foreign {
		t.Errorf("the entity is seen as %+v, %t", p, ok)
	}
}

// Every path refuses what is outside the scope, whether it exists or not, and tells nothing of it.
func TestScopeOnEveryPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.load(people()...)
	owner, spy := w.enrol("owner", "s2", "field"), w.enrol("spy", "s1", "desk")
	owner.sync()
	spy.sync()
	for region, classes := range map[string][]block.Class{
		"s2": {block.Public, block.Work}, "s2a1": {block.Sensitive, block.Masked}, "s1a1": {block.Sensitive}, "d2": {block.Public}, "city": {block.Work, block.Sensitive},
		"nowhere": {block.Public, block.Sensitive},
	} {
		for _, c := range classes {
			st := block.Stream{Region: regionID(region), Class: c}
			key := wire.KeyOf(block.TallyKey{Region: st.Region, Class: c, Kind: "person"})
			foreign := key
			foreign.Foreign = true
			for name, ask := range map[string]func() error{
				"segments": func() error { _, _, err := spy.do("GET", wire.SegmentPath(st, 0, 1), "", nil); return err },
				"snapshot": func() error { _, _, err := spy.do("GET", wire.SnapshotPath(st, 9), "", nil); return err },
				"chunks":   func() error { _, _, err := spy.do("GET", wire.ChunkPath(st, wire.Digest{1}), "", nil); return err },
				"leaves": func() error {
					return spy.post(wire.PathLeaves, wire.LeavesRequest{Epoch: spy.epoch, Cut: spy.hello.Cut, Key: key}, nil)
				},
				"foreign leaves": func() error {
					return spy.post(wire.PathLeaves, wire.LeavesRequest{Epoch: spy.epoch, Cut: spy.hello.Cut, Key: foreign}, nil)
				},
				"rows": func() error {
					return spy.post(wire.PathRows, wire.RowsRequest{Epoch: spy.epoch, Cut: spy.hello.Cut, Stream: wire.StreamOf(st), Kind: "person", IDs: []block.ID{block.NameID("person", "p-s2a1")}}, nil)
				},
			} {
				if err := ask(); code(err) != wire.CodeOutOfScope || !errors.Is(err, block.ErrRefused) {
					t.Errorf("%s of %s %s: %v, want out-of-scope", name, region, c, err)
				}
			}
		}
	}
	// A chunk of another's stream, asked for by its digest under one's own.
	var m wire.Manifest
	if err := getJSON(owner, wire.SnapshotPath(block.Stream{Region: regionID("s2a1"), Class: block.Sensitive}, 1<<40), &m); err != nil || len(m.Chunks) == 0 {
		t.Fatalf("owner's manifest = %+v, %v", m, err)
	}
	for _, st := range []block.Stream{{Region: regionID("s1a1"), Class: block.Masked}, {Region: regionID("s1"), Class: block.Public}} {
		if _, _, err := spy.do("GET", wire.ChunkPath(st, m.Chunks[0].SHA256), "", nil); !errors.Is(err, block.ErrNotFound) {
			t.Errorf("a guessed digest under %v: %v, want not found", st.Class, err)
		}
	}
	// Rows of another region asked for in one's own stream are simply not in it.
	body := wire.RowsRequest{Epoch: spy.epoch, Cut: spy.hello.Cut, Stream: wire.Stream{Region: regionID("s1a1"), Class: wire.Class(block.Masked)}, Kind: "person",
		IDs: []block.ID{block.NameID("person", "p-s2a1"), block.NameID("person", "p-s1a1")}}
	if parts, err := spy.rows(body); err != nil || len(parts) != 1 || parts[0].ID != block.NameID("person", "p-s1a1") || parts[0].Values[2].Text() != "张*" {
		t.Errorf("rows = %+v, %v, want the masked one of the own stream", parts, err)
	}
	// Writing outside, and what a masked device must not write.
	for reason, e := range map[string]block.Edit{
		"out-of-scope":                   change("building", "b-s2a1", 1, map[string]block.Value{"floors": block.IntValue(1)}),
		"out-of-scope: person.phone":     change("person", "p-s1a1", 1, map[string]block.Value{"phone": text("1")}),
		"read-only-kind: region":         change("region", "s1", 1, map[string]block.Value{"name": text("x")}),
		"unknown-region":                 insert("event", "e", "nowhere", map[string]block.Value{"type": text("暴露垃圾"), "state": text("draft")}),
		"unknown-kind: castle":           {Verb: block.Insert, Kind: "castle"},
		"invalid-field: event.state":     insert("event", "e", "s1a1", map[string]block.Value{"type": text("暴露垃圾"), "state": text("nonsense")}),
		"invalid-geometry: event":        {Verb: block.Insert, Kind: "event", ID: block.NameID("event", "e"), Region: regionID("s1a1"), SetGeometry: true, Geometry: block.WKB{1, 2, 3}},
		"unknown-field: event":           {Verb: block.Insert, Kind: "event", ID: block.NameID("event", "e"), Region: regionID("s1a1"), Fields: []block.FieldSet{{Field: 99}}},
		"unknown-record: building":       change("building", "none", 1, nil),
		"invalid-field: event.type":      insert("event", "e", "s1a1", map[string]block.Value{"state": text("draft")}),
		"unknown-type":                   insert("event", "e", "s1a1", map[string]block.Value{"type": text("x"), "state": text("draft")}),
		"invalid-field: building.floors": change("building", "b-s1a1", 1, map[string]block.Value{"floors": text("seven")}),
	} {
		spy.must(block.FateRejected, reason, e)
	}
	wall := w.enrol("wall", "city", "wall")
	wall.must(block.FateRejected, "out-of-scope", change("building", "b-s2a1", 1, map[string]block.Value{"floors": block.IntValue(1)}))
	// No byte that the spy was sent, in clear or unpacked, and no log line holds a secret.
	if spy.saw("secret~") || strings.Contains(w.log.String(), "secret~") {
		t.Error("a secret was sent to the masked device or written to the log")
	}
	// Without a token, or with a wrong one, there is nothing at all.
	nobody := &device{w: w}
	for _, token := range []string{"", "kt1_wrong", strings.Repeat("x", 300)} {
		nobody.token = token
		for _, path := range []string{wire.PathMeta, wire.SegmentPath(block.Stream{Region: cityID}, 0, 1), wire.ChunkPath(block.Stream{Region: cityID}, wire.Digest{})} {
			if _, _, err := nobody.do("GET", path, "", nil); code(err) != wire.CodeUnknown {
				t.Errorf("%s with token %q: %v", path, token, err)
			}
		}
	}
}

func TestMergeTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.load(people()...)
	a, b := w.enrol("a", "s1", "field"), w.enrol("b", "s1", "field")
	floors := func(old, n int64) map[string]block.Value { return map[string]block.Value{"floors": block.IntValue(n)} }
	withOld := func(e block.Edit, old block.Value) block.Edit { e.Fields[0].Old = old; return e }
	up := func(id string, base block.Ver, old, n int64) block.Edit {
		return withOld(change("building", id, base, floors(old, n)), block.IntValue(old))
	}
	a.must(block.FateApplied, "", up("b-s1a1", 1, 7, 8))
	b.must(block.FateConflict, "field-changed: building.floors", up("b-s1a1", 1, 7, 9))
	b.must(block.FateApplied, "", up("b-s1a1", 1, 7, 8)) // wants what is there
	b.must(block.FateMerged, "", withOld(change("building", "b-s1a1", 1, map[string]block.Value{"name": text("改")}), text("楼s1a1")))
	// A device's own unsent chain is no conflict: insert, then edits that have seen no version.
	a.must(block.FateApplied, "", insert("building", "new", "s1a1", map[string]block.Value{"floors": block.IntValue(1)}))
	a.must(block.FateApplied, "", up("new", 0, 1, 2))
	a.must(block.FateApplied, "", up("new", 0, 2, 3))
	b.must(block.FateConflict, "field-changed: building.floors", up("new", 1, 1, 5))
	// Delete against edit, and edit against delete.
	del := func(id string, base block.Ver) block.Edit {
		return block.Edit{Verb: block.Delete, Kind: "building", ID: block.NameID("building", id), Base: base}
	}
	a.must(block.FateApplied, "", up("b-s1a2", 1, 7, 8))
	b.must(block.FateConflict, "edited-since-delete: building", del("b-s1a2", 1))
	b.must(block.FateApplied, "", del("b-s1a2", 2))
	a.must(block.FateConflict, "deleted: building", up("b-s1a2", 2, 8, 9))
	a.must(block.FateApplied, "", del("b-s1a2", 2))
	// All edits of an op or none.
	a.must(block.FateRejected, "unknown-record: building", up("b-s1b1", 1, 7, 1), up("none", 1, 7, 1))
	a.must(block.FateConflict, "exists: building", insert("building", "b-s1b1", "s1a1", floors(0, 7)))
	a.sync()
	b.sync()
	if p, _ := a.holds("s1", block.Public, "building", "b-s1b1"); p.Ver != 1 {
		t.Errorf("half an op was applied: version %d", p.Ver)
	}
	w.sound()
}

// A server set back to an older state is noticed, with and without the proper command, and goes on soundly.
func TestRestore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.load(people()...)
	d := w.enrol("field", "s1", "field")
	d.sync()
	backup := filepath.Join(t.TempDir(), "backup.db")
	if err := w.store.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	if err := w.store.Backup(t.Context(), backup); !errors.Is(err, block.ErrConflict) {
		t.Errorf("a backup over a backup: %v, want conflict", err)
	}
	lost := d.op(change("building", "b-s1a1", 1, map[string]block.Value{"floors": block.IntValue(8)}))
	if _, err := d.push(lost); err != nil {
		t.Fatal(err)
	}
	d.sync()
	if err := sqlite.Restore(t.Context(), w.dir, backup, sqlite.Options{}); !errors.Is(err, block.ErrConflict) {
		t.Errorf("restore under a running server: %v, want conflict", err)
	}
	w.close()
	old := d.epoch
	if err := sqlite.Restore(t.Context(), w.dir, backup, sqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	w.open()
	d.sync()
	if !d.hello.EpochChanged || d.epoch == old || d.hello.Counter != 0 {
		t.Errorf("hello after the restore = %+v", d.hello)
	}
	if p, _ := d.holds("s1", block.Public, "building", "b-s1a1"); p.Ver != 1 {
		t.Errorf("the building is at version %d after the restore, want 1", p.Ver)
	}
	if r, err := d.push(lost); err != nil || r[0].Fate != block.FateApplied {
		t.Errorf("the lost op sent again = %+v, %v", r, err)
	}
	d.sync()
	w.sound()
	if err := sqlite.Restore(t.Context(), w.dir, filepath.Join(w.dir, "epoch"), sqlite.Options{}); !errors.Is(err, block.ErrConflict) && !errors.Is(err, block.ErrInvalid) {
		t.Errorf("a file that is no backup: %v", err)
	}
}

func TestFolderGuards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := sqlite.Open(t.Context(), w.dir, sqlite.Options{}); !errors.Is(err, block.ErrConflict) {
		t.Errorf("a second Open: %v, want conflict", err)
	}
	if err := sqlite.Init(t.Context(), w.dir, wire.Meta{}, regions(), sqlite.Options{}); !errors.Is(err, block.ErrConflict) {
		t.Errorf("a second Init: %v, want conflict", err)
	}
	if _, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{}); !errors.Is(err, block.ErrNotFound) {
		t.Errorf("an empty folder: %v, want not found", err)
	}
}

func TestHTTPBasics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.load(people()...)
	d := w.enrol("field", "s1", "field")
	d.sync()
	st := block.Stream{Region: regionID("s1"), Class: block.Public}
	var m wire.Manifest
	if err := getJSON(d, wire.SnapshotPath(st, 1<<40), &m); err != nil || len(m.Chunks) != 1 {
		t.Fatalf("manifest = %+v, %v", m, err)
	}
	whole, _, err := d.do("GET", wire.ChunkPath(st, m.Chunks[0].SHA256), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	rest, resp, err := d.do("GET", wire.ChunkPath(st, m.Chunks[0].SHA256), "", nil, "Range", "bytes=10-")
	if err != nil || resp.StatusCode != http.StatusPartialContent || string(rest) != string(whole[10:]) {
		t.Errorf("the rest of a chunk: %d bytes, %v", len(rest), err)
	}
	d.must(block.FateApplied, "", change("building", "b-s1a1", 1, map[string]block.Value{"floors": block.IntValue(8)}))
	one, resp, err := d.do("GET", wire.SegmentPath(st, m.Seq, m.Seq+1), "", nil)
	if err != nil || resp.Header.Get("ETag") != `"`+wire.DigestOf(one).String()+`"` || !strings.Contains(resp.Header.Get("Cache-Control"), "private") {
		t.Errorf("segment headers = %v, %v", resp, err)
	}
	for path, want := range map[string]string{
		wire.SegmentPath(st, m.Seq, m.Seq+99): wire.CodeMoved, wire.SegmentPath(st, 5, 5): wire.CodeInvalid, wire.SegmentPath(st, 0, m.Seq): wire.CodePruned,
		"/v1/streams/x/public/segments?after=0&upto=1": wire.CodeInvalid, wire.SnapshotPath(st, 0): wire.CodeMoved, "/v1/nothing": wire.CodeNotFound,
	} {
		if _, _, err := d.do("GET", path, "", nil); code(err) != want {
			t.Errorf("GET %s: %v, want %s", path, err, want)
		}
	}
	if _, _, err := d.do("POST", wire.PathOps, wire.TypeOps, make([]byte, wire.MaxOpsBody+1)); code(err) != wire.CodeTooLarge {
		t.Errorf("a giant batch: %v", err)
	}
	if _, _, err := d.do("POST", wire.PathOps, wire.TypeOps, []byte("junk")); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("junk for ops: %v", err)
	}
	if err := d.post(wire.PathHello, wire.HelloRequest{Protocol: 99}, nil); code(err) != wire.CodeProtocol {
		t.Errorf("another protocol: %v", err)
	}
	if b, _, err := d.do("GET", wire.PathHealth, "", nil); err != nil || string(b) != "ok\n" {
		t.Errorf("health = %q, %v", b, err)
	}
	b, _, err := d.do("GET", wire.PathMetric, "", nil)
	if err != nil || !strings.Contains(string(b), `kuaitud_ops_total{fate="applied"} 1`) || !strings.Contains(string(b), `kuaitud_requests_total{route="hello",status="2xx"} 1`) {
		t.Errorf("metrics = %s, %v", b, err)
	}
}

// A row that differs is narrowed down by leaves and put right by rows.
func TestRepair(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.load(append(people(), residency("x", "s2a1", "p-s1a1"))...)
	d := w.enrol("city", "city", "field")
	d.sync()
	var resp wire.ProofResponse
	if err := d.post(wire.PathProof, wire.ProofRequest{Epoch: d.epoch, Cut: d.hello.Cut}, &resp); err != nil {
		t.Fatal(err)
	}
	for key, tally := range resp.BlockTallies() {
		body := wire.LeavesRequest{Epoch: d.epoch, Cut: d.hello.Cut, Key: wire.KeyOf(key)}
		leaves, err := d.leaves(body)
		if err != nil {
			t.Fatal(err)
		}
		var sum block.Tally
		for _, l := range leaves {
			sum.Add(l)
		}
		if sum != tally {
			t.Errorf("leaves of %+v sum to %+v, want %+v", key, sum, tally)
		}
	}
	st := wire.Stream{Region: regionID("s2a1"), Class: wire.Class(block.Sensitive)}
	parts, err := d.rows(wire.RowsRequest{Epoch: d.epoch, Cut: d.hello.Cut, Stream: st, Kind: "person", IDs: []block.ID{block.NameID("person", "p-s1a1"), {}}})
	if err != nil || len(parts) != 1 || !parts[0].Foreign {
		t.Errorf("rows = %+v, %v, want the foreign part", parts, err)
	}
	cut := d.hello.Cut
	d.must(block.FateApplied, "", change("building", "b-s1a1", 1, map[string]block.Value{"floors": block.IntValue(8)}))
	if err := d.post(wire.PathProof, wire.ProofRequest{Epoch: d.epoch, Cut: cut}, &resp); code(err) != wire.CodeMoved {
		t.Errorf("a proof at an old cut: %v, want moved", err)
	}
}
