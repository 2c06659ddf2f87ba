package wire

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"kuaitu/block"
	"kuaitu/block/schema"
)

func TestDeclarationsTravel(t *testing.T) {
	set := schema.Builtin()
	b, err := json.Marshal(KindsOf(set))
	if err != nil {
		t.Fatal(err)
	}
	var sent []Kind
	if err := json.Unmarshal(b, &sent); err != nil {
		t.Fatal(err)
	}
	kinds, err := BlockKinds(sent)
	if err != nil || !reflect.DeepEqual(kinds, set.Kinds()) {
		t.Errorf("declarations came back otherwise: %v", err)
	}
	if FingerprintOf(sent) != Fingerprint(set) {
		t.Error("the fingerprint of what came is another")
	}
	if same, err := set.Extend(kinds); err != nil || same != set {
		t.Errorf("a set extended by itself is another: %v", err)
	}
	for _, wrong := range []func(*Kind){
		func(k *Kind) { k.Fields[0].Type = "complex" }, func(k *Kind) { k.Fields[0].Mask = 99 }, func(k *Kind) { k.Geometry = 9 },
	} {
		bad := []Kind{{No: 900, Name: "x", ZH: "甲", EN: "X", Fields: []Field{{Name: "a", Type: "text", ZH: "甲", EN: "A"}}}}
		if _, err := BlockKinds(bad); err != nil {
			t.Fatal(err)
		}
		wrong(&bad[0])
		if _, err := BlockKinds(bad); !errors.Is(err, block.ErrInvalid) {
			t.Errorf("%+v: %v, want ErrInvalid", bad, err)
		}
	}
}

func FuzzDeclarations(f *testing.F) {
	b, err := json.Marshal(KindsOf(schema.Builtin())[4:6])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`[{"no":900,"name":"well","zh":"井","en":"Well","fields":[{"name":"depth","type":"float","zh":"深","en":"Depth","range":[0,9]}]}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var sent []Kind
		if json.Unmarshal(b, &sent) != nil {
			return
		}
		kinds, err := BlockKinds(sent)
		if err == nil {
			_, err = schema.Builtin().Extend(kinds)
		}
		if err != nil && !errors.Is(err, block.ErrInvalid) {
			t.Fatalf("error %v is not ErrInvalid", err)
		}
	})
}
