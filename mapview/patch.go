package mapview

import (
	"slices"

	"github.com/paulmach/orb"
)

// Changes is how many features were added, replaced or removed since the base was packed.
func (s *Snapshot) Changes() int { return len(s.edits) }

// Patch is the snapshot, as the given version, in which the features that touch b (degrees) are exactly those of now, whose columns are the snapshot's. Only what
// differs counts as changed. now is empty afterwards.
func (s *Snapshot) Patch(version uint64, b orb.Bound, now *Builder) *Snapshot {
	fresh := now.pack()
	var changes []Change
	for i := range fresh.len() {
		f, ok := s.Find(fresh.ids[i])
		if !ok || !f.same(Feature{fresh, i}) {
			changes = append(changes, Change{ID: fresh.ids[i], from: fresh, at: i})
		}
	}
	for f := range s.Search(b) {
		if fresh.find(f.ID()) < 0 {
			changes = append(changes, Change{ID: f.ID(), Removed: true})
		}
	}
	next, err := s.With(version, changes)
	if err != nil {
		panic("mapview: a packed feature cannot be packed: " + err.Error())
	}
	return next
}

// same reports whether two features look the same.
func (f Feature) same(o Feature) bool {
	p, q := f.p, o.p
	if p.boxes[f.i] != q.boxes[o.i] || p.class[f.i] != q.class[o.i] || p.shapes[f.i] != q.shapes[o.i] || f.Label() != o.Label() {
		return false
	}
	first, end, other := p.feats[f.i], p.feats[f.i+1], q.feats[o.i]
	if end-first != q.feats[o.i+1]-other {
		return false
	}
	for r := range end - first {
		if !slices.Equal(p.ring(first+r), q.ring(other+r)) {
			return false
		}
	}
	for j := range p.columns {
		c, d := &p.columns[j], q.column(p.columns[j].name)
		v, w := c.value(c.code(f.i)), prop{}
		if d != nil {
			w = d.value(d.code(o.i))
		}
		if v != w {
			return false
		}
	}
	return true
}

// Compact packs base and changes into one new base of the same version. It looks the same and a [Pyramid] takes it so.
func (s *Snapshot) Compact() *Snapshot {
	var b Builder
	b.Grow(s.base.len()+len(s.edits), len(s.base.coords)/2)
	for p := range s.parts() {
		for i := range p.len() {
			if !p.hidden(i) {
				b.copyFeature(p.packed, i)
			}
		}
	}
	out := b.Build(s.version)
	out.line, out.log = s.line, s.log
	return out
}

// Rebase is s upon another base: compacted is what [Snapshot.Compact] made of from, an earlier state of s, and gets the changes made since.
func (s *Snapshot) Rebase(from, compacted *Snapshot) *Snapshot {
	if s.base != from.base {
		return s // read anew meanwhile
	}
	var since []Change
	for _, e := range s.edits {
		if e.ver > from.version {
			since = append(since, e)
		}
	}
	if len(since) == 0 {
		return compacted
	}
	next, err := compacted.With(s.version, since)
	if err != nil {
		panic("mapview: a packed feature cannot be packed: " + err.Error())
	}
	next.log = s.log
	return next
}
