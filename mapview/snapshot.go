package mapview

import (
	"iter"
	"math/bits"
	"slices"
	"sync"

	"github.com/paulmach/orb"

	"kuaitu/mapview/style"
)

// Snapshot is the state of one layer's features: a large packed base and, drawn over it, the few features that changed
// since the base was packed. It is immutable; [Snapshot.With] makes the next state and shares the base.
type Snapshot struct {
	version uint64
	line    *lineage
	base    *packed
	delta   *packed  // features added or replaced since, nil when there are none
	gone    []uint64 // bit i set: feature i of base is replaced or removed; nil when none is
	edits   []Change // what delta and gone were made from, the last change of each feature
	log     []dirty  // where With changed something, oldest first, at most logLen

	once   sync.Once
	shared *packed // borders of polygons, each edge once; see edges

	landOnce sync.Once
	landed   bool // see land
}

// lineage is what a snapshot shares with those made of it by With and Compact: between them changes can be told.
type lineage struct{ _ byte }

func newSnapshot(version uint64, base *packed) *Snapshot {
	return &Snapshot{version: version, line: new(lineage), base: base}
}

// dirty says that the snapshot of this version differs from the one before it inside the box.
type dirty struct {
	version uint64
	box     box
}

// logLen bounds the change log: a pyramid that is further behind redraws the layer.
const logLen = 1024

// Change adds, replaces or (Removed) takes away the feature called ID.
type Change struct {
	ID       ID
	Removed  bool
	Class    uint8
	Label    string
	Geometry orb.Geometry
	Values   []style.Value // of a snapshot with columns, in their order

	ver  uint64  // of the snapshot it was made for
	from *packed // unless nil, feature at of it is what is added
	at   int
}

// Build packs what was added into a snapshot of the given data version, and empties the Builder.
// If an ID was added twice both are drawn; it is the caller's to keep them apart.
func (b *Builder) Build(version uint64) *Snapshot {
	return newSnapshot(version, b.pack())
}

// Version is the data version the snapshot was made with.
func (s *Snapshot) Version() uint64 { return s.version }

// Len is the number of features.
func (s *Snapshot) Len() int {
	n := 0
	for p := range s.parts() {
		n += p.len() - p.skipped()
	}
	return n
}

// Bound is the rectangle around all features; of none it is empty. Removals do not shrink it.
func (s *Snapshot) Bound() orb.Bound {
	b := s.base.bounds
	if s.delta != nil {
		b = b.union(s.delta.bounds)
	}
	if b.empty() {
		return orb.Bound{Min: orb.Point{1, 1}, Max: orb.Point{-1, -1}}
	}
	return b.bound()
}

// part is a packed array seen without the features that are gone from it.
type part struct {
	*packed
	gone []uint64
}

func (p part) hidden(i int) bool { return p.gone != nil && p.gone[i>>6]>>(i&63)&1 != 0 }

func (p part) skipped() int {
	n := 0
	for _, w := range p.gone {
		n += bits.OnesCount64(w)
	}
	return n
}

// search visits the features whose boxes overlap q, in the part's order, until visit answers false.
func (p part) search(q box, visit func(i int) bool) bool {
	if p.gone == nil {
		return p.tree.search(q, p.boxes, visit)
	}
	return p.tree.search(q, p.boxes, func(i int) bool { return p.hidden(i) || visit(i) })
}

// parts are the base and the delta, in drawing order.
func (s *Snapshot) parts() iter.Seq[part] {
	return func(yield func(part) bool) {
		if yield(part{s.base, s.gone}) && s.delta != nil {
			yield(part{s.delta, nil})
		}
	}
}

// With is the snapshot after the changes, as the given version. Its cost grows with the changes since the base was packed, not with the base;
// a caller that has made some thousands of them calls [Snapshot.Compact] and [Snapshot.Rebase]. A geometry that cannot be drawn is an error and
// nothing changes.
func (s *Snapshot) With(version uint64, changes []Change) (*Snapshot, error) {
	next := &Snapshot{version: version, line: s.line, base: s.base, log: slices.Clone(s.log)}
	next.gone = slices.Clone(s.gone)
	if next.gone == nil {
		next.gone = make([]uint64, (s.base.len()+63)/64)
	}
	at := make(map[ID]int, len(s.edits)+len(changes))
	for i, e := range s.edits {
		at[e.ID] = i
	}
	next.edits = slices.Clone(s.edits)
	for _, c := range changes {
		if f, ok := s.Find(c.ID); ok {
			next.log = append(next.log, dirty{version, f.p.boxes[f.i]})
		}
		if i := s.base.find(c.ID); i >= 0 {
			next.gone[i>>6] |= 1 << (i & 63)
		}
		c.ver = version
		if i, ok := at[c.ID]; ok {
			next.edits[i] = c
			continue
		}
		at[c.ID] = len(next.edits)
		next.edits = append(next.edits, c)
	}
	var b Builder
	b.Columns(s.Columns()...)
	for _, e := range next.edits {
		switch {
		case e.Removed:
			continue
		case e.from != nil:
			b.copyFeature(e.from, e.at)
			continue
		}
		if err := b.addRow(e.ID, e.Class, e.Label, e.Geometry, e.Values); err != nil {
			return nil, err
		}
	}
	if b.Len() > 0 {
		next.delta = b.pack()
	}
	for _, c := range changes {
		if f, ok := next.Find(c.ID); ok {
			next.log = append(next.log, dirty{version, f.p.boxes[f.i]})
		}
	}
	if n := len(next.log); n > logLen {
		next.log = slices.Clone(next.log[n-logLen:])
	}
	return next, nil
}

func (b *Builder) copyFeature(p *packed, i int) {
	to := &b.p
	b.start()
	b.copyRow(p, i)
	for r := p.feats[i]; r < p.feats[i+1]; r++ {
		to.coords = append(to.coords, p.ring(r)...)
		to.rings = append(to.rings, uint32(len(to.coords)/2))
	}
	to.feats = append(to.feats, uint32(len(to.rings)-1))
	to.boxes = append(to.boxes, p.boxes[i])
	to.shapes = append(to.shapes, p.shapes[i])
	to.class = append(to.class, p.class[i])
	to.ids = append(to.ids, p.ids[i])
	b.text = append(b.text, p.label(i)...)
	to.labels = append(to.labels, uint32(len(b.text)))
}

// changedSince answers where s differs from old. all means that it cannot be told: look at everything again.
func (s *Snapshot) changedSince(old *Snapshot) (where []box, all bool) {
	if s == old {
		return nil, false
	}
	if old == nil || s == nil || s.line != old.line || s.version < old.version {
		return nil, true
	}
	if n := len(old.log); n > 0 && !slices.Contains(s.log, old.log[n-1]) {
		return nil, true // not a descendant, or too far behind
	}
	if len(s.log) >= logLen && s.log[0].version > old.version {
		return nil, true
	}
	for _, d := range s.log {
		if d.version > old.version {
			where = append(where, d.box)
		}
	}
	return where, false
}

// Feature is one feature of a snapshot; it stays valid as long as it is held.
type Feature struct {
	p *packed
	i int
}

// ID is the identity the feature was added with.
func (f Feature) ID() ID { return f.p.ids[f.i] }

// Class is the class byte: a [Use], a level or what [EventClass] made, as the layer's kind says.
func (f Feature) Class() uint8 { return f.p.class[f.i] }

// Label is the text the feature may be labelled with, or "".
func (f Feature) Label() string { return f.p.label(f.i) }

// Bound is the rectangle around the feature.
func (f Feature) Bound() orb.Bound { return f.p.boxes[f.i].bound() }

// Anchor is the point a label or callout of the feature belongs to: of a polygon its pole of inaccessibility,
// of a line the middle of its length, of points the first.
func (f Feature) Anchor() orb.Point { return fromWorld(f.p.anchor(f.i)) }

// Search answers the features whose boxes overlap b, those changed since the base was packed last.
func (s *Snapshot) Search(b orb.Bound) iter.Seq[Feature] {
	q := boxOf(b)
	return func(yield func(Feature) bool) {
		for p := range s.parts() {
			if !p.search(q, func(i int) bool { return yield(Feature{p.packed, i}) }) {
				return
			}
		}
	}
}

// Find answers the feature called id.
func (s *Snapshot) Find(id ID) (Feature, bool) {
	if s.delta != nil {
		if i := s.delta.find(id); i >= 0 {
			return Feature{s.delta, i}, true
		}
	}
	if i := s.base.find(id); i >= 0 && !(part{s.base, s.gone}).hidden(i) {
		return Feature{s.base, i}, true
	}
	return Feature{}, false
}
