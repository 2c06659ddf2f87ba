package simtest

import (
	"errors"
	"fmt"
	"slices"

	"kuaitu/block"
)

// act lets the device's user do one thing. What a user can do is what the store shows and the post allows; some acts are
// ones that the server must refuse.
func (d *device) act() error {
	if !d.joined {
		return nil
	}
	acts := []func() (block.Edit, bool){d.rename, d.rename, d.floors, d.move, d.drop, d.build}
	if d.post == "field" {
		acts = append(acts, d.phone, d.phone, d.settle)
	}
	switch n := d.rnd.IntN(len(acts) + 3); {
	case n < len(acts):
		e, ok := acts[n]()
		if !ok {
			return nil
		}
		return d.save(e)
	case n == len(acts):
		return d.report("garbage")
	case n == len(acts)+1:
		return d.report("parking")
	default:
		return d.report("nonsense") // the catalogue has no such type
	}
}

func (d *device) save(edits ...block.Edit) error {
	op, err := d.store.edit(block.Op{ID: d.newID(), Made: d.now(), Author: d.name, Edits: edits})
	switch {
	case err == nil:
		d.made++
		d.w.created[op.ID] = d
	case errors.Is(err, block.ErrInvalid), errors.Is(err, block.ErrNotFound), errors.Is(err, block.ErrConflict):
		d.w.counts["refused to the user"]++ // nothing was called saved
	default:
		return err
	}
	return nil
}

func (d *device) newID() block.ID {
	var random [10]byte
	_, _ = randomBytes{d.rnd}.Read(random[:])
	return block.NewID(d.now(), random)
}

// pick returns some part of a kind and class that is at home in the device's own region.
func (d *device) pick(kind block.Kind, class block.Class) (block.Part, bool) {
	own := slices.DeleteFunc(d.store.find(kind, class), func(p block.Part) bool { return !d.w.area.tree.Within(p.Region, d.region) })
	if len(own) == 0 {
		return block.Part{}, false
	}
	return own[d.rnd.IntN(len(own))], true
}

// update sets one field of a part.
func update(p block.Part, field string, v block.Value) block.Edit {
	pl := plan(p.Kind)
	at := pl.Index(field)
	return block.Edit{Verb: block.Update, Kind: p.Kind, ID: p.ID, Base: p.Ver, Fields: []block.FieldSet{
		{Field: at, Old: p.Values[slices.Index(pl.Fields(p.Stream.Class), at)], New: v},
	}}
}

func (d *device) rename() (block.Edit, bool) {
	p, ok := d.pick("building", block.Public)
	if !ok {
		return block.Edit{}, false
	}
	return update(p, "name", mark(block.Public, d.rnd.IntN(1000))), true
}

func (d *device) floors() (block.Edit, bool) {
	p, ok := d.pick("building", block.Public)
	if !ok {
		return block.Edit{}, false
	}
	e := update(p, "floors", block.IntValue(int64(d.rnd.IntN(40))))
	if d.rnd.IntN(3) == 0 {
		e.SetGeometry, e.Geometry = true, square(d.rnd)
	}
	return e, true
}

func (d *device) phone() (block.Edit, bool) {
	p, ok := d.pick("person", block.Sensitive)
	if !ok {
		return block.Edit{}, false
	}
	return update(p, "phone", mark(block.Sensitive, d.rnd.IntN(1000))), true
}

// somewhere is a grid of the device's region, at times one outside it.
func (d *device) somewhere() block.ID {
	grids := d.w.area.grids
	for range 8 {
		g := grids[d.rnd.IntN(len(grids))]
		if d.w.area.tree.Within(g, d.region) {
			return g
		}
	}
	return grids[d.rnd.IntN(len(grids))]
}

func (d *device) move() (block.Edit, bool) {
	kind := block.Kind("building")
	if d.post == "field" && d.rnd.IntN(3) == 0 {
		kind = "residency"
	}
	class := block.Public
	if kind == "residency" {
		class = block.Sensitive
	}
	p, ok := d.pick(kind, class)
	if !ok {
		return block.Edit{}, false
	}
	return block.Edit{Verb: block.Update, Kind: kind, ID: p.ID, Base: p.Ver, Region: d.somewhere()}, true
}

func (d *device) drop() (block.Edit, bool) {
	p, ok := d.pick("building", block.Public)
	if !ok {
		return block.Edit{}, false
	}
	return block.Edit{Verb: block.Delete, Kind: "building", ID: p.ID, Base: p.Ver}, true
}

func (d *device) build() (block.Edit, bool) {
	return insert("building", d.newID(), d.somewhere(), square(d.rnd), map[string]block.Value{
		"name": mark(block.Public, d.rnd.IntN(1000)), "floors": block.IntValue(int64(d.rnd.IntN(40))),
	}), true
}

// settle gives a person a further home, perhaps in another grid.
func (d *device) settle() (block.Edit, bool) {
	person, ok := d.pick("person", block.Sensitive)
	room, ok2 := d.pick("room", block.Public)
	if !ok || !ok2 {
		return block.Edit{}, false
	}
	return insert("residency", d.newID(), d.somewhere(), nil, map[string]block.Value{
		"person": block.RefValue(person.ID), "room": block.RefValue(room.ID),
	}), true
}

// report makes an event and its first step in one op.
func (d *device) report(kind string) error {
	event, g := d.newID(), d.somewhere()
	return d.save(
		insert("event", event, g, point([2]int64{1140500000, 225500000}), map[string]block.Value{
			"type": block.TextValue(kind), "state": block.TextValue("submitted"), "description": mark(block.Work, d.made),
			"reported_at": block.TimeValue(d.now()),
		}),
		insert("event_step", d.newID(), g, nil, map[string]block.Value{
			"event": block.RefValue(event), "action": block.TextValue("report"), "to_state": block.TextValue("submitted"),
		}))
}

func insert(kind block.Kind, id, region block.ID, geometry block.WKB, fields map[string]block.Value) block.Edit {
	pl := plan(kind)
	e := block.Edit{Verb: block.Insert, Kind: kind, ID: id, Region: region, SetGeometry: geometry != nil, Geometry: geometry}
	for i, f := range pl.Kind.Fields { // in declaration order: a map has none
		if v, ok := fields[f.Name]; ok {
			e.Fields = append(e.Fields, block.FieldSet{Field: i, New: v})
		}
	}
	if len(e.Fields) != len(fields) {
		panic(fmt.Sprintf("simtest: %s lacks a field of %v", kind, fields))
	}
	return e
}
