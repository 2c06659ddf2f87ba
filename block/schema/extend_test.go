package schema

import (
	"errors"
	"slices"
	"testing"

	"kuaitu/block"
)

func TestExtend(t *testing.T) {
	whole := Builtin()
	kinds := whole.Kinds()
	at := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == "building" })
	older := slices.Clone(kinds)
	older[at].Fields = older[at].Fields[:5]
	older = slices.DeleteFunc(older, func(k Kind) bool { return k.Name == "component" })
	set, err := NewSet(older)
	if err != nil {
		t.Fatal(err)
	}
	got, err := set.Extend(kinds)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		p, err := got.Plan(k.Name)
		if err != nil || len(p.Kind.Fields) != len(k.Fields) {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
	if p, _ := set.Plan("building"); len(p.Kind.Fields) != 5 {
		t.Error("the set that was extended changed")
	}
	for name, change := range map[string]func(*Kind){
		"another number":   func(k *Kind) { k.No = 999 },
		"another name":     func(k *Kind) { k.Name = "house" },
		"another geometry": func(k *Kind) { k.Geometry = Line },
		"a retyped field":  func(k *Kind) { k.Fields[1].Type = block.Bytes },
		"a moved class":    func(k *Kind) { k.Fields[1].Class = block.Work },
		"a field past the last that names nothing": func(k *Kind) { k.Fields[9].Name = "No" },
	} {
		bad := kinds[at]
		bad.Fields = slices.Clone(bad.Fields)
		change(&bad)
		if _, err := set.Extend([]Kind{bad}); !errors.Is(err, block.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if _, err := set.Extend(make([]Kind, maxKinds+1)); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("too many kinds: %v, want ErrInvalid", err)
	}
}
