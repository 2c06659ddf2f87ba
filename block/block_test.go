package block

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestIDText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var id ID
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		back, err := ParseID(id.String())
		if err != nil || back != id {
			t.Fatalf("ParseID(%s) = %s, %v", id, back, err)
		}
	})
	for _, bad := range []string{"", "x", "0123456789abcdef0123456789abcdeg", "01234567-89ab-cdef-0123_456789abcdef"} {
		if _, err := ParseID(bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseID(%q) error = %v, want ErrInvalid", bad, err)
		}
	}
}

func TestIDVersions(t *testing.T) {
	at := time.UnixMilli(1763900000123)
	if id := NewID(at, [10]byte{0xff, 0xff, 0xff}); id[6]>>4 != 7 || id[8]>>6 != 2 {
		t.Errorf("NewID = %s: not a version 7 UUID", id)
	}
	a, b := BulkID(7, 5, 1), BulkID(7, 5, 2)
	if a[6]>>4 != 8 || a[8]>>6 != 2 || a == b {
		t.Errorf("BulkID = %s, %s: not two version 8 UUIDs", a, b)
	}
	if again := NameID("region", "a"); again != NameID("region", string([]byte{'a'})) || again == NameID("building", "a") {
		t.Error("NameID must depend on kind and name alone")
	}
}

func TestValuePlain(t *testing.T) {
	at := time.Date(2026, 11, 23, 7, 41, 0, 0, time.UTC)
	for _, v := range []Value{
		BoolValue(true), IntValue(-5), FloatValue(0.1), TextValue("下沙"), TimeValue(at), DateValue(at), RefValue(NameID("a", "b")),
	} {
		back, err := ParseValue(v.Type(), v.Plain())
		if err != nil || back != v {
			t.Errorf("ParseValue(%s, %q) = %v, %v", v.Type(), v.Plain(), back, err)
		}
	}
	if _, err := ParseValue(Int, "12a"); !errors.Is(err, ErrInvalid) {
		t.Errorf("ParseValue(Int, 12a) error = %v, want ErrInvalid", err)
	}
}

func TestTally(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) (l Leaf) {
			copy(l[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "leaf"))
			return l
		}), 0, 20).Draw(t, "leaves")
		var forward, backward, halves, half Tally
		for i, l := range leaves {
			forward.Add(l)
			backward.Add(leaves[len(leaves)-1-i])
			if i%2 == 0 {
				halves.Add(l)
			} else {
				half.Add(l)
			}
		}
		halves.Merge(half)
		if forward != backward || forward != halves {
			t.Fatalf("the order of adding matters: %v, %v, %v", forward, backward, halves)
		}
		for _, l := range leaves {
			forward.Sub(l)
		}
		if forward != (Tally{}) {
			t.Fatalf("adding and taking out leaves %v", forward)
		}
		if back, err := TallyFrom(halves.Count, halves.Bytes()); err != nil || back != halves {
			t.Fatalf("TallyFrom(Bytes) = %v, %v", back, err)
		}
	})
}

// testTree is a city with one district, one street, two communities, a grid in each.
func testTree(t *testing.T) (*Tree, map[string]ID) {
	t.Helper()
	ids := map[string]ID{}
	add := func(list []Region, code string, l Level, parent string) []Region {
		ids[code] = NameID("region", code)
		return append(list, Region{ID: ids[code], Code: code, Level: l, Parent: ids[parent]})
	}
	var list []Region
	list = add(list, "C", City, "")
	list = add(list, "D", District, "C")
	list = add(list, "S", Street, "D")
	list = add(list, "K1", Community, "S")
	list = add(list, "K2", Community, "S")
	list = add(list, "G1", Grid, "K1")
	list = add(list, "G2", Grid, "K2")
	tree, err := NewTree(list, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tree, ids
}

func TestTreeStreams(t *testing.T) {
	tree, id := testTree(t)
	got := tree.Streams(id["K1"], ClassSet(0).With(Public).With(Work).With(Sensitive))
	want := map[Stream]bool{
		{id["C"], Public}: true, {id["D"], Public}: true, {id["S"], Public}: true,
		{id["S"], Work}: true, {id["K1"], Sensitive}: true, {id["G1"], Sensitive}: true,
	}
	if len(got) != len(want) {
		t.Errorf("Streams(K1) has %d streams, want %d: %v", len(got), len(want), got)
	}
	for _, s := range got {
		if !want[s] {
			t.Errorf("Streams(K1) holds %v, which is outside the scope", s)
		}
	}
	if s := tree.StreamOf(ID{}, Public); s.Region != id["C"] {
		t.Errorf("a record outside every region travels in %v, want the city's stream", s)
	}
}

func TestTreeRefusesBadParents(t *testing.T) {
	a, b := NameID("region", "a"), NameID("region", "b")
	for name, list := range map[string][]Region{
		"unknown parent": {{ID: a, Code: "a", Level: City}, {ID: b, Code: "b", Level: Street, Parent: NameID("region", "z")}},
		"two roots":      {{ID: a, Code: "a", Level: City}, {ID: b, Code: "b", Level: City}},
		"level rises":    {{ID: a, Code: "a", Level: Street}, {ID: b, Code: "b", Level: District, Parent: a}},
		"twice":          {{ID: a, Code: "a", Level: City}, {ID: a, Code: "a", Level: City}},
	} {
		if _, err := NewTree(list, nil); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: error = %v, want ErrInvalid", name, err)
		}
	}
}

func TestParentAt(t *testing.T) {
	tree, id := testTree(t)
	moved := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	tree, err := NewTree(tree.All(), []ParentLink{{Child: id["G1"], Parent: id["K2"], To: moved}})
	if err != nil {
		t.Fatal(err)
	}
	if got := tree.ParentAt(id["G1"], moved.AddDate(0, 0, -1)); got != id["K2"] {
		t.Errorf("before the move the parent is %s, want K2", got)
	}
	if got := tree.ParentAt(id["G1"], moved); got != id["K1"] {
		t.Errorf("from the move on the parent is %s, want K1", got)
	}
}
