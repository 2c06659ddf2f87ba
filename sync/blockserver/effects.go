package blockserver

import (
	"slices"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// Placement says that record By, at home in Region, makes Target visible there.
type Placement struct {
	Target RowKey
	Region block.ID
	By     RowKey
}

// PlacementOf returns the placement a row causes: none when its kind places nothing, it is deleted, or it refers to
// nothing.
func PlacementOf(set *schema.Set, row *Row) (Placement, bool) {
	if row == nil || row.Deleted {
		return Placement{}, false
	}
	plan, err := set.Plan(row.Kind)
	if err != nil || plan.Kind.Places == "" {
		return Placement{}, false
	}
	at := plan.Index(plan.Kind.Places)
	id := row.Values[at].Ref()
	return Placement{Target: RowKey{plan.Kind.Fields[at].Ref, id}, Region: row.Region, By: row.Key()}, !id.IsZero()
}

// Carrier is one stream that carries a part of a record.
type Carrier struct {
	Stream  block.Stream
	Foreign bool
}

// Carriers returns the streams that carry the parts of a record of plan's kind at home in region home and placed in the
// further regions: one per class at home, and further streams that are not the home's. No stream is there twice.
func Carriers(tree *block.Tree, plan *schema.Plan, home block.ID, further []block.ID) []Carrier {
	out := make([]Carrier, 0, block.NumClasses*(1+len(further)))
	for c := block.Public; c < block.NumClasses; c++ {
		if !plan.Classes().Has(c) {
			continue
		}
		first := len(out)
		out = append(out, Carrier{Stream: tree.StreamOf(home, c)})
		for _, g := range further {
			if s := tree.StreamOf(g, c); !slices.ContainsFunc(out[first:], func(k Carrier) bool { return k.Stream == s }) {
				out = append(out, Carrier{Stream: s, Foreign: true})
			}
		}
	}
	return out
}

// Key returns the key under which the part of a record at home in home is tallied.
func (c Carrier) Key(kind block.Kind, home block.ID) block.TallyKey {
	if c.Foreign {
		home = c.Stream.Region
	}
	return block.TallyKey{Region: home, Class: c.Stream.Class, Kind: kind, Foreign: c.Foreign}
}

// Change is one record before and after an op. Before is nil for a new record; a deleted record is a row with Deleted.
type Change struct {
	Before, After *Row
}

// Target is a record that a change places or stops placing, or that is changed and placed, with the placements it had.
type Target struct {
	Row        *Row // nil when the server has no such record
	Placements []Placement
}

// TallyMove is one leaf that a tally gains or loses.
type TallyMove struct {
	Key  block.TallyKey
	Leaf block.Leaf
	Add  bool
}

// Effects is all that changes with some rows.
type Effects struct {
	Parts   []block.Part // Stream set, Seq not; whole states, Have telling what changed
	Tallies []TallyMove
	Place   []Placement
	Unplace []Placement
}

// EffectsOf works out what changes with the changes of one op. targets has every record named by TargetsOf, as it was
// before.
func EffectsOf(set *schema.Set, tree *block.Tree, changes []Change, targets map[RowKey]Target) (Effects, error) {
	var e Effects
	for _, c := range changes {
		old, was := PlacementOf(set, c.Before)
		now, is := PlacementOf(set, c.After)
		if was && is && old == now {
			continue
		}
		if was {
			e.Unplace = append(e.Unplace, old)
		}
		if is {
			e.Place = append(e.Place, now)
		}
	}
	var m mover
	m.set, m.tree, m.out = set, tree, &e
	done := map[RowKey]bool{}
	for _, c := range changes {
		key := c.After.Key()
		done[key] = true
		before := targets[key].Placements
		if err := m.move(c.Before, c.After, furtherOf(before), furtherOf(e.placements(key, before))); err != nil {
			return e, err
		}
	}
	for _, p := range append(slices.Clone(e.Unplace), e.Place...) {
		if done[p.Target] {
			continue
		}
		done[p.Target] = true
		t := targets[p.Target]
		if t.Row == nil {
			continue
		}
		if err := m.move(t.Row, t.Row, furtherOf(t.Placements), furtherOf(e.placements(p.Target, t.Placements))); err != nil {
			return e, err
		}
	}
	return e, nil
}

// TargetsOf returns the records whose placements EffectsOf must know for the changes.
func TargetsOf(set *schema.Set, changes []Change) []RowKey {
	var keys []RowKey
	for _, c := range changes {
		keys = append(keys, c.After.Key())
		for _, row := range []*Row{c.Before, c.After} {
			if p, ok := PlacementOf(set, row); ok && !slices.Contains(keys, p.Target) {
				keys = append(keys, p.Target)
			}
		}
	}
	return keys
}

// placements returns what the effects make of a record's placements.
func (e *Effects) placements(key RowKey, before []Placement) []Placement {
	after := slices.Clone(before)
	for _, p := range e.Unplace {
		if p.Target == key {
			after = slices.DeleteFunc(after, func(q Placement) bool { return q == p })
		}
	}
	for _, p := range e.Place {
		if p.Target == key && !slices.Contains(after, p) {
			after = append(after, p)
		}
	}
	return after
}

// furtherOf returns the distinct regions of some placements, sorted.
func furtherOf(ps []Placement) []block.ID {
	if len(ps) == 0 {
		return nil
	}
	out := make([]block.ID, 0, len(ps))
	for _, p := range ps {
		out = append(out, p.Region)
	}
	slices.SortFunc(out, func(a, b block.ID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(out)
}

type mover struct {
	set    *schema.Set
	tree   *block.Tree
	hasher schema.Hasher
	out    *Effects
}

// state is one side of a move: the record's parts by class, with their leaves.
type state struct {
	row      *Row
	carriers []Carrier
	parts    [block.NumClasses]block.Part
	leaves   [block.NumClasses]block.Leaf
}

func (m *mover) state(plan *schema.Plan, row *Row, further []block.ID) state {
	s := state{row: row}
	if row == nil || row.Deleted {
		return s
	}
	s.carriers = Carriers(m.tree, plan, row.Region, further)
	for c := block.Public; c < block.NumClasses; c++ {
		if plan.Classes().Has(c) {
			s.parts[c], s.leaves[c] = PartOf(plan, row.Record, c, &m.hasher)
		}
	}
	return s
}

// PartOf returns the part of class c of a whole record, masked for the Masked class, and its leaf.
func PartOf(plan *schema.Plan, r block.Record, c block.Class, h *schema.Hasher) (block.Part, block.Leaf) {
	if c == block.Masked {
		r = plan.MaskRecord(r)
	}
	p := plan.Part(r, c)
	return p, h.Leaf(r.Kind, r.ID, c, r.Ver, r.Region, p.Values, p.Geometry)
}

// move records what the streams and tallies see of one record going from before to after.
func (m *mover) move(before, after *Row, furtherBefore, furtherAfter []block.ID) error {
	plan, err := m.set.Plan(after.Kind)
	if err != nil {
		return err
	}
	was, is := m.state(plan, before, furtherBefore), m.state(plan, after, furtherAfter)
	changed := before == nil || before.Ver != after.Ver
	for _, c := range is.carriers {
		class := c.Stream.Class
		if held := slices.Contains(was.carriers, c); changed || !held {
			p := is.parts[class]
			p.Stream, p.Foreign = c.Stream, c.Foreign
			if held { // else it is new in the stream
				p.Have = block.MaskOf(was.parts[class], p)
			}
			m.out.Parts = append(m.out.Parts, p)
		}
		m.out.Tallies = append(m.out.Tallies, TallyMove{c.Key(after.Kind, after.Region), is.leaves[class], true})
	}
	for _, c := range was.carriers {
		class := c.Stream.Class
		if !slices.ContainsFunc(is.carriers, func(k Carrier) bool { return k.Stream == c.Stream }) {
			m.out.Parts = append(m.out.Parts, block.Part{
				Stream: c.Stream, Foreign: c.Foreign, Drop: true, Kind: after.Kind, ID: after.ID, Region: after.Region, Ver: after.Ver,
			})
		}
		m.out.Tallies = append(m.out.Tallies, TallyMove{c.Key(before.Kind, before.Region), was.leaves[class], false})
	}
	return nil
}
