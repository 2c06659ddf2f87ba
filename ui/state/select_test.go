package state

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/block"
)

func chosenOf(names ...string) []Selected {
	var out []Selected
	for i, n := range names {
		kind, _, _ := strings.Cut(n, ":")
		out = append(out, Selected{Ref: RefOf(block.Kind(kind), block.NameID(block.Kind(kind), n)), Label: n, Bound: orb.Point{114 + float64(i), 22}.Bound()})
	}
	return out
}

func labels(list []Selected) string {
	var out []string
	for _, it := range list {
		out = append(out, it.Label)
	}
	return strings.Join(out, " ")
}

func TestSelectionModes(t *testing.T) {
	var s Selection
	for _, step := range []struct {
		how   SelectMode
		items string
		want  string
	}{
		{SelectReplace, "building:1 building:2 event:a", "event:a building:1 building:2"},
		{SelectAdd, "building:2 event:b building:3", "event:a event:b building:1 building:2 building:3"},
		{SelectToggle, "building:1 building:4 event:a", "event:b building:2 building:3 building:4"},
		{SelectToggle, "building:4 building:4", "event:b building:2 building:3"},
		{SelectToggle, "building:1", "event:b building:2 building:3 building:1"},
		{SelectReplace, "facility:x", "facility:x"},
		{SelectReplace, "", ""},
	} {
		s.Apply(chosenOf(strings.Fields(step.items)...), step.how)
		if got := labels(s.All()); got != step.want {
			t.Fatalf("after %v %q: %q, want %q", step.how, step.items, got, step.want)
		}
		for _, it := range s.All() {
			if !s.Has(it.Ref) {
				t.Errorf("%s is not known as selected", it.Label)
			}
		}
		if s.Len() != len(strings.Fields(step.want)) {
			t.Errorf("%d are selected", s.Len())
		}
	}
}

func TestSelectionShowsAKind(t *testing.T) {
	var s Selection
	s.Apply(chosenOf("building:1", "event:a", "building:2", "event:b", "building:3"), SelectReplace)
	if got, want := s.Counts(), []KindCount{{"event", 2}, {"building", 3}}; !slices.Equal(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
	if n := len(s.Of("building")); n != 3 {
		t.Errorf("%d buildings", n)
	}
	s.Show("building")
	if got := labels(s.Rows()); got != "building:1 building:2 building:3" {
		t.Errorf("rows %q", got)
	}
	if b, ok := s.Bound(); !ok || b.Min[0] != 114 || b.Max[0] != 118 {
		t.Errorf("extent of the rows %v", b)
	}
	s.Apply(chosenOf("building:1", "building:2", "building:3"), SelectToggle) // none of the kind is left
	if s.Shown() != "" || labels(s.Rows()) != "event:a event:b" {
		t.Errorf("shown %q: %q", s.Shown(), labels(s.Rows()))
	}
	s.Show("event")
	s.Show("event")
	if s.Shown() != "" {
		t.Error("the kind that is shown does not show all again")
	}
}

func TestSelectionIsBounded(t *testing.T) {
	var s Selection
	many := make([]Selected, MaxSelected+7)
	for i := range many {
		many[i].Ref = RefOf("building", block.NameID("building", fmt.Sprint(i)))
	}
	if left := s.Apply(many, SelectReplace); left != 7 || s.Len() != MaxSelected {
		t.Errorf("%d left out, %d selected", left, s.Len())
	}
	if left := s.Apply(many[:3], SelectToggle); left != 0 || s.Len() != MaxSelected-3 {
		t.Errorf("taking three out leaves %d, %d left out", s.Len(), left)
	}
	if _, ok := s.Bound(); ok {
		t.Error("records that are nowhere have an extent")
	}
}

func TestSelectionTable(t *testing.T) {
	l := load(t, "en")
	var s Selection
	items := chosenOf("building:1", "event:a")
	items[0].Label = "two\tcells\nand a line"
	items[1].Bound = orb.Bound{}
	s.Apply(items, SelectReplace)
	lines := strings.Split(strings.TrimSuffix(s.Table(l), "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		if n := strings.Count(line, "\t"); n != 4 {
			t.Errorf("%d tabs in %q", n, line)
		}
	}
	if !strings.Contains(lines[2], "two cells and a line\t") || !strings.HasSuffix(lines[2], "\t114.000000\t22.000000") {
		t.Errorf("line %q", lines[2])
	}
}
