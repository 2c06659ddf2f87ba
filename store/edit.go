package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"iter"
	"slices"
	"time"

	"kuaitu/block"

	"github.com/paulmach/orb"
)

// MaxEdits bounds one op; the server takes no more rows at once either.
const MaxEdits = 1000

// Edit performs one act of a user on one or more records, all of it or nothing: rows as shown, R*Tree, search text, and in
// an enrolled store the op in the outbox, commit together. When Edit returns without an error, the act is saved.
//
// Insert needs an ID (zero: one is made, see the returned op) and sets the fields listed; Update sets the fields and
// geometry listed, and with a region moves the record; Delete takes it away. Base is the version the author saw (zero for
// Update and Delete: the present one). Old values are filled in from what is shown where the author gave none.
//
// Errors: ErrInvalid when an edit does not fit its declaration, ErrNotFound when its record is not here, ErrConflict when an
// inserted id is here already or a standalone record changed since Base in a field that is set.
//
// In a standalone store there is no outbox: the version counts up at once and the returned op has no device and counter.
func (w *Writer) Edit(ctx context.Context, edits []block.Edit, author string) (block.Op, error) {
	var op block.Op
	err := w.tx(ctx, func(t *tx) (err error) {
		op, err = t.edit(edits, author)
		return err
	})
	if err != nil {
		return block.Op{}, fmt.Errorf("edit: %w", err)
	}
	return op, nil
}

// EditAll writes several acts, each one op of at most MaxEdits edits, in one transaction: all of them or, after an error or
// the end of ctx, none. done is told how many edits are written so far; it may be nil.
func (w *Writer) EditAll(ctx context.Context, acts iter.Seq[[]block.Edit], author string, done func(edits int)) error {
	n := 0
	err := w.tx(ctx, func(t *tx) error {
		for edits := range acts {
			if err := ctx.Err(); err != nil {
				return err
			}
			if _, err := t.edit(edits, author); err != nil {
				return fmt.Errorf("records %d to %d: %w", n+1, n+len(edits), err)
			}
			n += len(edits)
			if done != nil {
				done(n)
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return fmt.Errorf("edit: %w", err)
	}
	return nil
}

func (t *tx) edit(edits []block.Edit, author string) (block.Op, error) {
	var op block.Op
	if len(edits) == 0 || len(edits) > MaxEdits {
		return op, fmt.Errorf("%d edits in one act (1 to %d are allowed): %w", len(edits), MaxEdits, block.ErrInvalid)
	}
	e, enrolled, err := readEnrolment(t.c)
	if err != nil {
		return op, err
	}
	if !enrolled {
		if err := t.becomeStandalone(); err != nil {
			return op, err
		}
	}
	if op.ID, err = t.s.newID(); err != nil {
		return op, err
	}
	op.Made, op.Author = t.s.opt.Now(), author
	op.Edits = slices.Clone(edits)
	if enrolled {
		top, err := t.c.number("SELECT max(counter) FROM kt_outbox")
		if err != nil {
			return op, err
		}
		op.Device, op.Counter = e.Device, uint64(top)+1
	}
	for i := range op.Edits {
		ed := &op.Edits[i]
		ed.Fields = slices.Clone(ed.Fields)
		c, err := t.checkEdit(ed)
		if err != nil {
			return op, fmt.Errorf("edit %d (%s): %w", i+1, ed.Verb, err)
		}
		if enrolled {
			err = t.layOver(c, op.Counter, *ed)
		} else {
			err = t.editDirectly(c, *ed)
		}
		if err != nil {
			return op, fmt.Errorf("edit %d (%s %s): %w", i+1, ed.Verb, ed.Kind, err)
		}
	}
	if !enrolled {
		return op, nil
	}
	shard, err := t.shardOf(op)
	if err != nil {
		return op, err
	}
	err = t.c.exec("INSERT INTO kt_outbox (counter, id, made, author, body, shard) VALUES (?, ?, ?, ?, ?, ?)",
		int64(op.Counter), op.ID, op.Made.UnixMilli(), author, t.s.encodeEdits(op.Edits), idArg(shard))
	return op, err
}

// checkEdit validates an edit against the declaration and what is shown, and fills in what the author left out.
func (t *tx) checkEdit(e *block.Edit) (*cell, error) {
	tb, err := t.s.table(e.Kind)
	if err != nil {
		return nil, err
	}
	if e.ID.IsZero() {
		if e.Verb != block.Insert {
			return nil, fmt.Errorf("it names no record: %w", block.ErrInvalid)
		}
		if e.ID, err = t.s.newID(); err != nil {
			return nil, err
		}
	}
	c, err := t.cell(tb, e.ID)
	if err != nil {
		return nil, err
	}
	switch e.Verb {
	case block.Insert:
		if c.shown != nil || c.server.present {
			return nil, &block.ConflictError{ID: e.ID, Current: c.server.rec.Ver}
		}
		rec := tb.plan.New(e.ID, e.Region)
		for i, f := range e.Fields {
			if f.Field < 0 || f.Field >= tb.fields {
				return nil, fmt.Errorf("%s has no field number %d: %w", e.Kind, f.Field, block.ErrInvalid)
			}
			rec.Values[f.Field] = f.New
			e.Fields[i].Old = block.Value{}
		}
		if err := tb.plan.Check(rec); err != nil {
			return nil, err
		}
		e.Base, e.SetGeometry = 0, e.Geometry != nil
	case block.Update, block.Delete:
		if c.shown == nil {
			return nil, fmt.Errorf("%s %s: %w", e.Kind, e.ID, block.ErrNotFound)
		}
		if e.Base > c.shown.rec.Ver {
			return nil, fmt.Errorf("%s %s is at version %d, not %d: %w", e.Kind, e.ID, c.shown.rec.Ver, e.Base, block.ErrInvalid)
		}
		if e.Base == 0 {
			e.Base = c.shown.rec.Ver
		}
		if e.Verb == block.Delete {
			e.Fields, e.SetGeometry, e.Geometry, e.Region = nil, false, nil, block.ID{}
			return c, nil
		}
		if len(e.Fields) == 0 && !e.SetGeometry && e.Region.IsZero() {
			return nil, fmt.Errorf("it changes nothing: %w", block.ErrInvalid)
		}
		for i, f := range e.Fields {
			if f.Field < 0 || f.Field >= tb.fields {
				return nil, fmt.Errorf("%s has no field number %d: %w", e.Kind, f.Field, block.ErrInvalid)
			}
			if !c.shown.rec.Parts.Has(tb.plan.Kind.Fields[f.Field].Class) {
				return nil, &block.FieldError{Kind: e.Kind, Field: tb.plan.Kind.Fields[f.Field].Name, Reason: "is not held here unmasked and cannot be set"}
			}
			if err := tb.plan.CheckValue(f.Field, f.New); err != nil {
				return nil, err
			}
			if f.Old.IsNull() {
				e.Fields[i].Old = c.shown.rec.Values[f.Field]
			}
		}
	default:
		return nil, fmt.Errorf("unknown verb %d: %w", e.Verb, block.ErrInvalid)
	}
	if e.SetGeometry {
		if err := checkGeometry(tb.plan, e.Geometry); err != nil {
			return nil, err
		}
	} else {
		e.Geometry = nil
	}
	if e.Kind == "event" {
		if err := t.checkEventType(tb, *e); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// checkEventType refuses an event type that the catalogue here does not have; with no catalogue the server decides.
func (t *tx) checkEventType(tb *table, e block.Edit) error {
	at := tb.plan.Index("type")
	for _, f := range e.Fields {
		if f.Field != at {
			continue
		}
		row, err := t.c.one(`SELECT count(*), coalesce(max("code" = ?), 0) FROM "catalogue_type"`, f.New.Text())
		if err != nil {
			return err
		}
		if asInt(row[0]) > 0 && asInt(row[1]) == 0 {
			return &block.FieldError{Kind: e.Kind, Field: "type", Reason: "is not in the catalogue of event types"}
		}
	}
	return nil
}

// editDirectly changes a record of a standalone store.
func (t *tx) editDirectly(c *cell, e block.Edit) error {
	if e.Verb != block.Insert && e.Base < c.server.rec.Ver {
		for _, f := range e.Fields {
			if c.server.rec.Values[f.Field] != f.Old {
				return &block.ConflictError{ID: e.ID, Base: e.Base, Current: c.server.rec.Ver}
			}
		}
	}
	next := c.server
	if e.Verb == block.Delete {
		next.rec.Parts, next.home = 0, 0
		return t.save(c, next)
	}
	rec, _ := applyEdit(c.tb, c.server.rec, c.server.present, e)
	rec.Ver = c.server.rec.Ver + 1
	next.rec = rec
	next.rec.Parts = c.tb.plan.Classes() & block.AllParts
	next.home = next.rec.Parts
	return t.save(c, next)
}

// applyEdit returns a record with an edit laid over it, and whether there is one afterwards. The input is not changed.
func applyEdit(tb *table, r block.Record, present bool, e block.Edit) (block.Record, bool) {
	switch e.Verb {
	case block.Insert:
		if present { // the server has it already: the op has landed
			return r, true
		}
		r = tb.plan.New(e.ID, e.Region)
		r.Parts = tb.plan.Classes() & block.AllParts
	case block.Delete:
		return block.Record{}, false
	default:
		if !present {
			return block.Record{}, false
		}
		r = r.Clone()
		if !e.Region.IsZero() {
			r.Region = e.Region
		}
	}
	for _, f := range e.Fields {
		r.Values[f.Field] = f.New
	}
	if e.SetGeometry {
		r.Geometry = e.Geometry
	}
	return r, true
}

// layOver puts one edit of a new op over a record of an enrolled store.
func (t *tx) layOver(c *cell, counter uint64, e block.Edit) error {
	if !c.live {
		if err := t.putBase(c, &c.server); err != nil {
			return err
		}
		c.live = true
		t.live++
	}
	if err := t.c.exec("INSERT OR IGNORE INTO kt_live (kind, id, counter) VALUES (?, ?, ?)", c.tb.no, c.id, int64(counter)); err != nil {
		return err
	}
	var rec block.Record
	if c.shown != nil {
		rec = c.shown.rec
	}
	return t.showOver(c, &c.server, rec, c.shown != nil, e)
}

func (t *tx) showOver(c *cell, s *state, rec block.Record, present bool, edits ...block.Edit) error {
	for _, e := range edits {
		rec, present = applyEdit(c.tb, rec, present, e)
	}
	if !present {
		return t.show(c, nil)
	}
	return t.show(c, &row{shard: s.shard, home: s.home, placed: s.placed, rec: rec})
}

// overlay shows a record's server state with its live ops over it.
func (t *tx) overlay(c *cell, s *state) error {
	var edits []block.Edit
	err := t.c.query(t.ctx, `SELECT o.body FROM kt_live l JOIN kt_outbox o ON o.counter = l.counter
		WHERE l.kind = ? AND l.id = ? ORDER BY l.counter`, []any{c.tb.no, c.id}, func(v []driver.Value) error {
		all, err := t.s.decodeEdits(asBytes(v[0]))
		if err != nil {
			return err
		}
		for _, e := range all {
			if e.ID == c.id && e.Kind == c.tb.plan.Kind.Name {
				edits = append(edits, e)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.showOver(c, s, s.rec, s.present, edits...)
}

// shardOf returns the shard whose log will say where an op took effect: that of its first record's home afterwards.
func (t *tx) shardOf(op block.Op) (block.ID, error) {
	tree, err := t.regions()
	if err != nil {
		return block.ID{}, err
	}
	e := op.Edits[0]
	if e.Verb == block.Insert || !e.Region.IsZero() {
		return tree.Shard(e.Region), nil
	}
	c, err := t.cell(t.s.kinds().byKind[e.Kind], e.ID)
	if err != nil {
		return block.ID{}, err
	}
	if c.server.present {
		return tree.Shard(c.server.rec.Region), nil
	}
	return tree.Shard(block.ID{}), nil
}

// Report is what somebody reports at a place.
type Report struct {
	Type        string // code in the catalogue of event types
	Region      block.ID
	Point       *orb.Point
	Address     string
	Description string
	Channel     string // "" is officer
	Reporter    string
	Phone       string
	Building    block.ID
	At          time.Time // zero: now
}

// Report makes an event and its first step in one op: state submitted, no number (the server gives it). The event is the
// first edit of the returned op. An unknown type is ErrInvalid.
func (w *Writer) Report(ctx context.Context, r Report, author string) (block.Op, error) {
	if r.At.IsZero() {
		r.At = w.s.opt.Now()
	}
	if r.Channel == "" {
		r.Channel = "officer"
	}
	eventID, err := w.s.newID()
	if err != nil {
		return block.Op{}, err
	}
	event, err := w.s.insertEdit("event", eventID, r.Region, map[string]block.Value{
		"type": block.TextValue(r.Type), "channel": block.TextValue(r.Channel), "state": block.TextValue("submitted"),
		"priority": block.TextValue("normal"), "address": text(r.Address), "description": text(r.Description),
		"building": block.RefValue(r.Building), "reported_at": block.TimeValue(r.At), "reporter": text(r.Reporter), "reporter_phone": text(r.Phone),
	})
	if err != nil {
		return block.Op{}, err
	}
	if r.Point != nil {
		event.SetGeometry, event.Geometry = true, pointWKB(*r.Point)
	}
	step, err := w.s.insertEdit("event_step", block.ID{}, r.Region, map[string]block.Value{
		"event": block.RefValue(eventID), "action": block.TextValue("report"), "from_state": block.TextValue("draft"),
		"to_state": block.TextValue("submitted"), "device_time": block.TimeValue(r.At), "actor": text(author),
	})
	if err != nil {
		return block.Op{}, err
	}
	op, err := w.Edit(ctx, []block.Edit{event, step}, author)
	if err != nil {
		return op, fmt.Errorf("report: %w", err)
	}
	return op, nil
}

// text is a Text, Null when empty.
func text(s string) block.Value {
	if s == "" {
		return block.Value{}
	}
	return block.TextValue(s)
}

// insertEdit makes an Insert of the named fields, in the order of the declaration.
func (s *Store) insertEdit(kind block.Kind, id, region block.ID, values map[string]block.Value) (block.Edit, error) {
	e := block.Edit{Verb: block.Insert, Kind: kind, ID: id, Region: region}
	tb, err := s.table(kind)
	if err != nil {
		return e, err
	}
	for i, f := range tb.plan.Kind.Fields {
		if v := values[f.Name]; !v.IsNull() {
			e.Fields = append(e.Fields, block.FieldSet{Field: i, New: v})
		}
	}
	return e, nil
}
