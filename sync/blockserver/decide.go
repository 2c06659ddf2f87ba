package blockserver

import (
	"fmt"
	"time"
	"unicode/utf8"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/wire"
)

// Grant is what a device may do: the server's decision at enrolment.
type Grant struct {
	Device  block.ID
	Region  block.ID
	Post    string // desk, field, wall
	Classes block.ClassSet
	Counter uint64 // the last op counter that has a receipt
}

// Posts are the posts a device can be enrolled for, with the classes each holds of its region's subtree.
var Posts = map[string]block.ClassSet{
	"desk":  block.ClassSet(0).With(block.Public).With(block.Work).With(block.Masked),
	"field": block.ClassSet(0).With(block.Public).With(block.Work).With(block.Sensitive),
	"wall":  block.ClassSet(0).With(block.Public).With(block.Work),
}

// Facts is everything that Decide may know. The functions are lookups in the op's own transaction.
type Facts struct {
	Set   *schema.Set
	Tree  *block.Tree
	Grant Grant
	Now   time.Time
	Zone  *time.Location // of the city: event numbers begin with its date
	// Rows has the current row of every record that NeedsOf names; one that is not there is unknown to the server.
	Rows map[RowKey]*Row
	// EventType reports whether the city's catalogue has the code; nil when the city has no catalogue, which allows all.
	EventType func(code string) bool
	// NextNumber counts the events of a shard on a day from 1. It is called only for ops that are applied.
	NextNumber func(shard block.ID, day string) (uint64, error)
}

// Reasons of receipts. Where one concerns a kind and field, ": kind.field" follows.
const (
	ReasonOutOfScope    = "out-of-scope"
	ReasonReadOnly      = "read-only-kind"
	ReasonUnknownKind   = "unknown-kind"
	ReasonUnknownType   = "unknown-type"
	ReasonUnknownField  = "unknown-field"
	ReasonUnknownRegion = "unknown-region"
	ReasonUnknownRecord = "unknown-record"
	ReasonUnknownTarget = "unknown-target" // a placement of a record that is not there
	ReasonInvalidField  = "invalid-field"
	ReasonGeometry      = "invalid-geometry"
	ReasonEmpty         = "empty-op"
	ReasonExists        = "exists"        // conflict: the record is there already, and differs
	ReasonFieldChanged  = "field-changed" // conflict
	ReasonDeleted       = "deleted"       // conflict: the record was deleted meanwhile
	ReasonEdited        = "edited-since-delete"
)

// readOnly are the kinds that come from the city pack or are made by the server.
var readOnly = map[block.Kind]bool{
	"region": true, "region_succession": true, "catalogue_type": true, "calendar_day": true, "figure": true, "account": true, "audit_entry": true,
}

// Decision is what becomes of an op. Changes is empty unless the receipt's fate is Applied or Merged, and may be empty
// then, too: everything was so already. Receipt.Seq is for the storage to fill in.
type Decision struct {
	Changes []Change
	Receipt block.Receipt
}

// NeedsOf returns the records that Decide must know for an op: those it edits and those its edits place.
func NeedsOf(set *schema.Set, op block.Op) []RowKey {
	var keys []RowKey
	for _, e := range op.Edits {
		keys = append(keys, RowKey{e.Kind, e.ID})
		plan, err := set.Plan(e.Kind)
		if err != nil || plan.Kind.Places == "" {
			continue
		}
		at := plan.Index(plan.Kind.Places)
		for _, f := range e.Fields {
			if f.Field == at && !f.New.IsNull() {
				keys = append(keys, RowKey{plan.Kind.Fields[at].Ref, f.New.Ref()})
			}
		}
	}
	return keys
}

// verdict ends an op with a fate and a reason.
type verdict struct {
	fate   block.Fate
	reason string
}

func (v *verdict) Error() string { return v.reason }

func reject(format string, args ...any) error {
	return &verdict{block.FateRejected, fmt.Sprintf(format, args...)}
}
func conflict(format string, args ...any) error {
	return &verdict{block.FateConflict, fmt.Sprintf(format, args...)}
}

// Decide merges an op with the rows it touches, three-way and field by field. All of its edits are applied or none:
//
//   - Rejected: out of the device's scope, unknown or malformed; asking again will not help.
//   - Conflict: a field it sets was changed by somebody else since its Base to something that is neither what the author
//     saw nor what the author wants; or it edits what was deleted, or deletes what was edited.
//   - Merged: somebody else changed other fields of a record since its Base.
//   - Applied: otherwise.
//
// Base is compared only with changes of others: the changes a device made itself since Base are what its user saw.
// The error is that of a lookup.
func Decide(f Facts, op block.Op) (Decision, error) {
	d := decider{Facts: f, work: map[RowKey]*Row{}}
	err := d.run(op)
	if v, ok := err.(*verdict); ok {
		return Decision{Receipt: block.Receipt{Op: op.ID, Fate: v.fate, Reason: v.reason}}, nil
	}
	if err != nil {
		return Decision{}, err
	}
	out := Decision{Receipt: block.Receipt{Op: op.ID, Fate: block.FateApplied}}
	if d.merged {
		out.Receipt.Fate = block.FateMerged
	}
	for _, key := range d.order {
		out.Changes = append(out.Changes, Change{Before: f.Rows[key], After: d.work[key]})
	}
	return out, nil
}

type decider struct {
	Facts
	work   map[RowKey]*Row // rows this op changed
	order  []RowKey
	merged bool
}

func (d *decider) run(op block.Op) error {
	if len(op.Edits) == 0 {
		return reject(ReasonEmpty)
	}
	for i := range op.Edits {
		if err := d.edit(&op.Edits[i]); err != nil {
			return err
		}
	}
	// A number is spent only when nothing can refuse the op any more.
	for _, key := range d.order {
		if err := d.number(key); err != nil {
			return err
		}
	}
	return nil
}

func (d *decider) edit(e *block.Edit) error {
	plan, err := d.Set.Plan(e.Kind)
	if err != nil {
		return reject("%s: %s", ReasonUnknownKind, printable(string(e.Kind)))
	}
	if readOnly[e.Kind] {
		return reject("%s: %s", ReasonReadOnly, e.Kind)
	}
	if d.Grant.Post == "wall" {
		return reject(ReasonOutOfScope)
	}
	key := RowKey{e.Kind, e.ID}
	row := d.work[key]
	if row == nil {
		row = d.Rows[key]
	}
	if err := d.scope(plan, e, row); err != nil {
		return err
	}
	if err := d.values(plan, e); err != nil {
		return err
	}
	switch e.Verb {
	case block.Insert:
		return d.insert(plan, e, row)
	case block.Update:
		return d.update(plan, e, row)
	case block.Delete:
		return d.delete(e, row)
	}
	return reject(ReasonEmpty)
}

// scope refuses an edit of a record whose home, before or after, is outside the device's region, or of a class the
// device does not hold. A masked device may set sensitive fields of what it makes, never change them.
func (d *decider) scope(plan *schema.Plan, e *block.Edit, row *Row) error {
	within := func(region block.ID) bool {
		if region.IsZero() {
			region = d.Tree.Root()
		}
		return d.Tree.Within(region, d.Grant.Region)
	}
	if row != nil && !within(row.Region) {
		return reject(ReasonOutOfScope)
	}
	if row == nil && e.Verb != block.Insert {
		return reject("%s: %s", ReasonUnknownRecord, e.Kind)
	}
	if e.Verb == block.Insert || !e.Region.IsZero() {
		if _, known := d.Tree.Region(e.Region); !known && !e.Region.IsZero() {
			return reject(ReasonUnknownRegion)
		}
		if !within(e.Region) {
			return reject(ReasonOutOfScope)
		}
	}
	holds := d.Grant.Classes
	if e.Verb == block.Insert && holds.Has(block.Masked) {
		holds = holds.With(block.Sensitive)
	}
	for _, f := range e.Fields {
		if f.Field < 0 || f.Field >= len(plan.Kind.Fields) {
			return reject("%s: %s", ReasonUnknownField, e.Kind)
		}
		if field := plan.Kind.Fields[f.Field]; !holds.Has(field.Class) {
			return reject("%s: %s.%s", ReasonOutOfScope, e.Kind, field.Name)
		}
	}
	if e.SetGeometry && !holds.Has(plan.Kind.GeomClass) {
		return reject("%s: %s", ReasonOutOfScope, e.Kind)
	}
	return nil
}

// values checks what an edit sets by itself.
func (d *decider) values(plan *schema.Plan, e *block.Edit) error {
	for _, f := range e.Fields {
		field := &plan.Kind.Fields[f.Field]
		if plan.CheckValue(f.Field, f.New) != nil || !utf8.ValidString(f.New.Text()) {
			return reject("%s: %s.%s", ReasonInvalidField, e.Kind, field.Name)
		}
		if e.Kind == "event" && field.Name == "type" && d.EventType != nil && !d.EventType(f.New.Text()) {
			return reject(ReasonUnknownType)
		}
		if field.Name == plan.Kind.Places && !f.New.IsNull() {
			if err := d.target(RowKey{field.Ref, f.New.Ref()}); err != nil {
				return err
			}
		}
	}
	if e.SetGeometry && e.Geometry != nil {
		t := wire.Canonical(e.Geometry)
		ok := false
		switch plan.Kind.Geometry {
		case schema.Point:
			ok = t == 1
		case schema.Line:
			ok = t == 2 || t == 5
		case schema.Area:
			ok = t == 3 || t == 6
		}
		if !ok {
			return reject("%s: %s", ReasonGeometry, e.Kind)
		}
	}
	return nil
}

// target refuses to place a record that the device cannot see at home: a guessed ID would otherwise pull anybody's
// record into its scope.
func (d *decider) target(key RowKey) error {
	row := d.work[key]
	if row == nil {
		row = d.Rows[key]
	}
	switch {
	case row == nil || row.Deleted:
		return reject("%s: %s", ReasonUnknownTarget, key.Kind)
	case !d.Tree.Within(row.Region, d.Grant.Region):
		return reject("%s: %s", ReasonOutOfScope, key.Kind)
	}
	return nil
}

func (d *decider) insert(plan *schema.Plan, e *block.Edit, row *Row) error {
	r := plan.New(e.ID, e.Region)
	for _, f := range e.Fields {
		r.Values[f.Field] = f.New
	}
	if e.SetGeometry {
		r.Geometry = e.Geometry
	}
	if row != nil {
		if row.Deleted {
			return conflict("%s: %s", ReasonDeleted, e.Kind)
		}
		for _, f := range e.Fields {
			if row.Values[f.Field] != f.New {
				return conflict("%s: %s", ReasonExists, e.Kind)
			}
		}
		if row.Region != e.Region || e.SetGeometry && string(row.Geometry) != string(e.Geometry) {
			return conflict("%s: %s", ReasonExists, e.Kind)
		}
		return nil // the same, made before: nothing to do
	}
	if err := plan.Check(r); err != nil {
		if fault, ok := err.(*block.FieldError); ok {
			return reject("%s: %s.%s", ReasonInvalidField, e.Kind, fault.Field)
		}
		return err
	}
	made := NewRow(plan, r)
	made.Device = d.Grant.Device
	if e.Kind == "event_step" {
		plan.Set(&made.Record, "server_time", block.TimeValue(d.Now))
	}
	d.put(RowKey{e.Kind, e.ID}, &made)
	return nil
}

// others reports whether somebody else than the device changed the row since the edit's Base. A Base that the server
// has not reached comes from before a restore: then only values can tell.
func (d *decider) others(row *Row, base block.Ver) bool {
	if base > row.Ver {
		return true
	}
	return row.Ver > base && !(row.Device == d.Grant.Device && row.Since <= base+1)
}

func (d *decider) update(plan *schema.Plan, e *block.Edit, row *Row) error {
	if row.Deleted {
		return conflict("%s: %s", ReasonDeleted, e.Kind)
	}
	next, key := d.edited(RowKey{e.Kind, e.ID}, row)
	others := d.others(row, e.Base)
	changed := false
	set := make(map[int]bool, len(e.Fields)+2)
	clash := func(slot int) bool { return others && (row.FVers[slot] > e.Base || e.Base > row.Ver) }
	for _, f := range e.Fields {
		set[f.Field] = true
		cur := row.Values[f.Field]
		if cur == f.New {
			continue
		}
		if clash(f.Field) && cur != f.Old {
			return conflict("%s: %s.%s", ReasonFieldChanged, e.Kind, plan.Kind.Fields[f.Field].Name)
		}
		next.Values[f.Field], next.FVers[f.Field] = f.New, next.Ver
		changed = true
	}
	geometry, home := len(plan.Kind.Fields), len(plan.Kind.Fields)+1
	if e.SetGeometry {
		set[geometry] = true
		if string(row.Geometry) != string(e.Geometry) {
			if clash(geometry) {
				return conflict("%s: %s.geometry", ReasonFieldChanged, e.Kind)
			}
			next.Geometry, next.FVers[geometry] = e.Geometry, next.Ver
			changed = true
		}
	}
	if !e.Region.IsZero() {
		set[home] = true
		if row.Region != e.Region {
			if clash(home) {
				return conflict("%s: %s.region", ReasonFieldChanged, e.Kind)
			}
			next.Region, next.FVers[home] = e.Region, next.Ver
			changed = true
		}
	}
	if others {
		for slot, v := range row.FVers {
			d.merged = d.merged || v > e.Base && !set[slot]
		}
	}
	if changed {
		d.put(key, next)
	}
	return nil
}

func (d *decider) delete(e *block.Edit, row *Row) error {
	if row.Deleted {
		return nil
	}
	if d.others(row, e.Base) {
		return conflict("%s: %s", ReasonEdited, e.Kind)
	}
	next, key := d.edited(RowKey{e.Kind, e.ID}, row)
	next.Deleted = true
	d.put(key, next)
	return nil
}

// edited returns a copy of row at its next version; an op moves a record on by one version however often it edits it.
func (d *decider) edited(key RowKey, row *Row) (*Row, RowKey) {
	next := row.clone()
	if d.work[key] == nil {
		next.Ver++
		if next.Device != d.Grant.Device {
			next.Device, next.Since = d.Grant.Device, next.Ver
		}
	}
	return &next, key
}

func (d *decider) put(key RowKey, row *Row) {
	if d.work[key] == nil {
		d.order = append(d.order, key)
	}
	d.work[key] = row
}

// number gives a new event its number, YYYYMMDD-street-seq, in the city's own calendar. An event outside every street
// takes the code of its shard.
func (d *decider) number(key RowKey) error {
	row := d.work[key]
	if key.Kind != "event" || d.Rows[key] != nil || row.Deleted {
		return nil
	}
	plan, err := d.Set.Plan(key.Kind)
	if err != nil || !plan.Get(row.Record, "number").IsNull() && plan.Get(row.Record, "number").Text() != "" {
		return err
	}
	zone := d.Zone
	if zone == nil {
		zone = time.UTC
	}
	day := d.Now.In(zone).Format("20060102")
	shard := d.Tree.Shard(row.Region)
	n, err := d.NextNumber(shard, day)
	if err != nil {
		return err
	}
	region, _ := d.Tree.Region(shard)
	plan.Set(&row.Record, "number", block.TextValue(fmt.Sprintf("%s-%s-%04d", day, region.Code, n)))
	return nil
}

// printable keeps a reason short and harmless, whatever a device called a kind.
func printable(s string) string {
	if len(s) > 40 {
		s = s[:40]
	}
	out := []byte(s)
	for i, c := range out {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			out[i] = '?'
		}
	}
	return string(out)
}
