package state

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"kuaitu/block"
)

// SelectMode says what a selection does to the one there is.
type SelectMode uint8

// The modes, by the keys that are down: none, Shift, Ctrl.
const (
	SelectReplace SelectMode = iota
	SelectAdd
	SelectToggle
)

// MaxSelected bounds a selection; what is beyond it is left out.
const MaxSelected = 50_000

// Selected is a record of the selection.
type Selected struct {
	Ref   Ref
	Label string    // as the map or the list calls it; may be empty
	Bound orb.Bound // where it lies; empty when it is nowhere
}

// At is the middle of the record.
func (s Selected) At() orb.Point { return s.Bound.Center() }

// Placed reports whether it is known where the record lies.
func (s Selected) Placed() bool { return !s.Bound.IsEmpty() && !s.Bound.IsZero() }

// Selection is what map, lists and panel have selected together: events first, then buildings, the other kinds by name,
// those of a kind in the order they were selected. UI thread only.
type Selection struct {
	list []Selected
	have map[Ref]bool
	kind block.Kind // of which the rows are shown; empty: all
	rows []Selected
}

// Apply changes the selection by what a tool or a list selects, and reports how many did not fit.
func (s *Selection) Apply(items []Selected, how SelectMode) (left int) {
	if how == SelectReplace {
		s.list, s.have = nil, nil
	}
	if s.have == nil {
		s.have = make(map[Ref]bool, len(items))
	}
	drop := map[Ref]bool{}
	for _, it := range items {
		switch {
		case !s.have[it.Ref] && len(s.list) >= MaxSelected:
			left++
		case !s.have[it.Ref]:
			s.have[it.Ref] = true
			s.list = append(s.list, it)
		case how == SelectToggle && !drop[it.Ref]:
			drop[it.Ref] = true
		}
	}
	if len(drop) > 0 {
		s.list = slices.DeleteFunc(s.list, func(it Selected) bool { return drop[it.Ref] })
		for r := range drop {
			delete(s.have, r)
		}
	}
	slices.SortStableFunc(s.list, func(a, b Selected) int { return kindOrder(a.Ref.Kind, b.Ref.Kind) })
	if !slices.ContainsFunc(s.list, func(it Selected) bool { return it.Ref.Kind == s.kind }) {
		s.kind = ""
	}
	s.pick()
	return left
}

// kindOrder puts what needs work first.
func kindOrder(a, b block.Kind) int {
	rank := func(k block.Kind) int {
		if i := slices.Index([]block.Kind{"event", "building"}, k); i >= 0 {
			return i
		}
		return 2
	}
	return cmp.Or(rank(a)-rank(b), cmp.Compare(a, b))
}

// Clear selects nothing.
func (s *Selection) Clear() { *s = Selection{} }

// Len is how many records are selected.
func (s *Selection) Len() int { return len(s.list) }

// Has reports whether a record is selected.
func (s *Selection) Has(ref Ref) bool { return s.have[ref] }

// All is everything that is selected. The caller must not change it.
func (s *Selection) All() []Selected { return s.list }

// Of is the selected records of a kind.
func (s *Selection) Of(kind block.Kind) map[block.ID]bool {
	out := map[block.ID]bool{}
	for _, it := range s.list {
		if it.Ref.Kind == kind {
			out[it.Ref.ID] = true
		}
	}
	return out
}

// KindCount is how many records of a kind there are.
type KindCount struct {
	Kind  block.Kind
	Count int
}

// Counts is how many of each kind are selected, in the order of the rows.
func (s *Selection) Counts() []KindCount {
	var out []KindCount
	for _, it := range s.list {
		if n := len(out); n == 0 || out[n-1].Kind != it.Ref.Kind {
			out = append(out, KindCount{Kind: it.Ref.Kind})
		}
		out[len(out)-1].Count++
	}
	return out
}

// Show has the rows be those of a kind; the kind that is shown already has them be all.
func (s *Selection) Show(kind block.Kind) {
	if s.kind == kind {
		kind = ""
	}
	s.kind = kind
	s.pick()
}

// Shown is the kind whose rows are shown, "" for all.
func (s *Selection) Shown() block.Kind { return s.kind }

func (s *Selection) pick() {
	s.rows = s.list
	if s.kind == "" {
		return
	}
	s.rows = nil
	for _, it := range s.list {
		if it.Ref.Kind == s.kind {
			s.rows = append(s.rows, it)
		}
	}
}

// Rows is what the list of the panel shows. The caller must not change it.
func (s *Selection) Rows() []Selected { return s.rows }

// Bound is the extent of the rows; ok is false when none of them lies anywhere.
func (s *Selection) Bound() (b orb.Bound, ok bool) {
	for _, it := range s.rows {
		switch {
		case !it.Placed():
		case !ok:
			b, ok = it.Bound, true
		default:
			b = b.Union(it.Bound)
		}
	}
	return b, ok
}

// Table is the rows as lines of cells with tabs between them, for the clipboard: kind, name, id, longitude, latitude.
func (s *Selection) Table(l *Lang) string {
	var b strings.Builder
	for _, key := range []string{"select.col.kind", "select.col.name", "select.col.id", "select.col.lon"} {
		b.WriteString(l.T(key) + "\t")
	}
	b.WriteString(l.T("select.col.lat") + "\n")
	for _, it := range s.rows {
		fmt.Fprintf(&b, "%s\t%s\t%s\t", l.KindName(it.Ref.Kind), oneCell(it.Label), it.Ref.ID)
		if it.Placed() {
			fmt.Fprintf(&b, "%.6f\t%.6f", it.At()[0], it.At()[1])
		} else {
			b.WriteString("\t")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// oneCell keeps a text within its cell of a table.
func oneCell(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\t' || r == '\n' || r == '\r' }), " ")
}

// KindName names a kind of record.
func (l *Lang) KindName(k block.Kind) string { return l.TOr("kind."+string(k), string(k)) }

// KindsName names records of a kind, several of them.
func (l *Lang) KindsName(k block.Kind) string { return l.TOr("kinds."+string(k), l.KindName(k)) }
