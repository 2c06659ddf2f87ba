package schema

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"kuaitu/block"

	"pgregory.net/rapid"
)

func TestBuiltin(t *testing.T) {
	s := Builtin()
	if got := len(s.Plans()); got != 34 {
		t.Errorf("%d kinds are declared, want 34", got)
	}
	for _, k := range []block.Kind{"region", "address", "building", "room", "person", "legal_entity", "event", "event_step"} {
		if _, err := s.Plan(k); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Plan("nonsense"); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("Plan(nonsense) error = %v, want ErrInvalid", err)
	}
}

func TestNewSetRefuses(t *testing.T) {
	ok := Field{Name: "a", Type: block.Text, ZH: "甲", EN: "A"}
	for name, kinds := range map[string][]Kind{
		"number twice":    {{No: 1, Name: "a"}, {No: 1, Name: "b"}},
		"name twice":      {{No: 1, Name: "a"}, {No: 2, Name: "a"}},
		"field twice":     {{No: 1, Name: "a", Fields: []Field{ok, ok}}},
		"reserved field":  {{No: 1, Name: "a", Fields: []Field{{Name: "geom", Type: block.Text, ZH: "甲", EN: "A"}}}},
		"no label":        {{No: 1, Name: "a", Fields: []Field{{Name: "b", Type: block.Text}}}},
		"injected column": {{No: 1, Name: "a", Fields: []Field{{Name: "b;drop", Type: block.Text, ZH: "甲", EN: "A"}}}},
		"range of text":   {{No: 1, Name: "a", Fields: []Field{{Name: "b", Type: block.Text, Range: &Range{0, 1}, ZH: "甲", EN: "A"}}}},
		"turned range":    {{No: 1, Name: "a", Fields: []Field{{Name: "b", Type: block.Int, Range: &Range{1, 0}, ZH: "甲", EN: "A"}}}},
		"unknown ref":     {{No: 1, Name: "a", Fields: []Field{{Name: "b", Type: block.Ref, Ref: "z", ZH: "甲", EN: "A"}}}},
	} {
		if _, err := NewSet(kinds); !errors.Is(err, block.ErrInvalid) {
			t.Errorf("%s: error = %v, want ErrInvalid", name, err)
		}
	}
}

func drawValue(t *rapid.T) block.Value {
	switch block.Type(rapid.IntRange(0, int(block.Ref)).Draw(t, "type")) {
	case block.Bool:
		return block.BoolValue(rapid.Bool().Draw(t, "v"))
	case block.Int:
		return block.IntValue(rapid.Int64().Draw(t, "v"))
	case block.Float:
		return block.FloatValue(rapid.Float64().Draw(t, "v"))
	case block.Text:
		return block.TextValue(rapid.String().Draw(t, "v"))
	case block.Bytes:
		return block.BytesValue(rapid.SliceOf(rapid.Byte()).Draw(t, "v"))
	case block.Time:
		return block.NumValue(block.Time, rapid.Int64().Draw(t, "v"))
	case block.Date:
		return block.NumValue(block.Date, rapid.Int64().Draw(t, "v"))
	case block.Ref:
		return block.RefValue(block.NameID("x", rapid.String().Draw(t, "v")))
	}
	return block.Value{}
}

func TestValueCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawValue(t)
		got, rest, err := DecodeValue(append(AppendValue(nil, v), 7))
		if err != nil || got != v || !bytes.Equal(rest, []byte{7}) {
			t.Fatalf("DecodeValue(AppendValue(%v)) = %v, rest %v, %v", v, got, rest, err)
		}
	})
}

func FuzzDecodeValue(f *testing.F) {
	f.Add(AppendValue(nil, block.TextValue("下沙")))
	f.Add(AppendValue(nil, block.FloatValue(1.5)))
	f.Add([]byte{byte(block.Text), 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, err := DecodeValue(b)
		if err != nil {
			if !errors.Is(err, block.ErrInvalid) {
				t.Fatalf("error %v is not ErrInvalid", err)
			}
			return
		}
		again, _, err := DecodeValue(AppendValue(nil, v))
		if err != nil || again != v || len(rest) > len(b) {
			t.Fatalf("round trip of %v gave %v, %v", v, again, err)
		}
	})
}

func TestLeafSeparates(t *testing.T) {
	p, err := Builtin().Plan("building")
	if err != nil {
		t.Fatal(err)
	}
	r := p.New(block.NameID("building", "1"), block.NameID("region", "g"))
	p.Set(&r, "name", block.TextValue("3栋"))
	r.Geometry = block.WKB{1, 2, 3}
	var h Hasher
	base := h.LeafOf(p, r, block.Public)
	part := p.Part(r, block.Public)
	if got := h.Leaf(r.Kind, r.ID, block.Public, r.Ver, r.Region, part.Values, part.Geometry); got != base {
		t.Error("Leaf of the part differs from LeafOf the record")
	}
	changes := map[string]func(*block.Record){
		"name":     func(r *block.Record) { p.Set(r, "name", block.TextValue("4栋")) },
		"null":     func(r *block.Record) { p.Set(r, "name", block.Value{}) },
		"moved":    func(r *block.Record) { p.Set(r, "name", block.Value{}); p.Set(r, "address", block.TextValue("3栋")) },
		"version":  func(r *block.Record) { r.Ver++ },
		"region":   func(r *block.Record) { r.Region = block.ID{} },
		"geometry": func(r *block.Record) { r.Geometry = block.WKB{1, 2, 4} },
		"id":       func(r *block.Record) { r.ID = block.NameID("building", "2") },
	}
	for name, change := range changes {
		c := r.Clone()
		change(&c)
		if h.LeafOf(p, c, block.Public) == base {
			t.Errorf("changing the %s leaves the leaf as it was", name)
		}
	}
	if h.LeafOf(p, r, block.Work) == base {
		t.Error("two classes share a leaf")
	}
}

func TestMask(t *testing.T) {
	birth := block.DateValue(time.Date(1949, 12, 31, 0, 0, 0, 0, time.UTC))
	for _, c := range []struct {
		mask Mask
		in   block.Value
		want string
	}{
		{MaskName, block.TextValue("张三丰"), "张*"},
		{MaskName, block.TextValue("欧阳修"), "欧阳*"},
		{MaskName, block.TextValue(""), ""},
		{MaskIdentity, block.TextValue("440305199001011234"), "440305********1234"},
		{MaskIdentity, block.TextValue("E1234567"), "********"},
		{MaskPhone, block.TextValue("13800138000"), "138****8000"},
		{MaskAll, block.TextValue("秘密"), "**"},
		{MaskDate, birth, "1949-01-01"},
		{MaskAll, birth, ""},
		{MaskAll, block.RefValue(block.NameID("a", "b")), ""},
		{MaskKeep, block.TextValue("1"), "1"},
	} {
		if got := MaskValue(c.mask, c.in).Plain(); got != c.want {
			t.Errorf("MaskValue(%d, %s) = %q, want %q", c.mask, c.in.Type(), got, c.want)
		}
	}
}

// Every Sensitive field that names somebody must have a rule that hides it.
func TestEverySensitiveNameIsMasked(t *testing.T) {
	for _, p := range Builtin().Plans() {
		for _, f := range p.Kind.Fields {
			if f.Class != block.Sensitive || f.Type != block.Text || f.Mask == MaskKeep {
				continue
			}
			const plain = "440305199001011234"
			if got := MaskValue(f.Mask, block.TextValue(plain)).Text(); got == plain {
				t.Errorf("%s.%s is sensitive and shown in full", p.Kind.Name, f.Name)
			}
		}
	}
}

func TestMergeAndStrip(t *testing.T) {
	p, err := Builtin().Plan("person")
	if err != nil {
		t.Fatal(err)
	}
	full := p.New(block.NameID("person", "1"), block.NameID("region", "g"))
	p.Set(&full, "category", block.TextValue("migrant"))
	p.Set(&full, "name", block.TextValue("张三"))
	full.Ver = 4
	masked := p.MaskRecord(full)
	var got block.Record = p.New(full.ID, full.Region)
	got.Parts = 0
	for _, c := range []block.Class{block.Masked} {
		part := p.Part(masked, c)
		part.Stream.Class = c
		p.Merge(&got, part)
	}
	if p.Get(got, "name").Text() != "张*" || !got.Parts.Has(block.Masked) || got.Parts.Has(block.Sensitive) {
		t.Errorf("after the masked part the name is %q and the parts are %b", p.Get(got, "name").Text(), got.Parts)
	}
	part := p.Part(full, block.Sensitive)
	part.Stream.Class = block.Sensitive
	p.Merge(&got, part)
	if p.Get(got, "name").Text() != "张三" || got.Parts.Has(block.Masked) || got.Ver != 4 {
		t.Errorf("after the sensitive part: %q, parts %b, version %d", p.Get(got, "name").Text(), got.Parts, got.Ver)
	}
	p.Strip(&got, block.Sensitive)
	if !p.Get(got, "name").IsNull() || got.Parts != 0 {
		t.Error("Strip must clear the sensitive values and the part")
	}
}

func TestCheck(t *testing.T) {
	p, err := Builtin().Plan("building")
	if err != nil {
		t.Fatal(err)
	}
	for name, set := range map[string]func(*block.Record){
		"choice":   func(r *block.Record) { p.Set(r, "use", block.TextValue("castle")) },
		"type":     func(r *block.Record) { p.Set(r, "floors", block.TextValue("3")) },
		"negative": func(r *block.Record) { p.Set(r, "floors", block.IntValue(-1)) },
		"too tall": func(r *block.Record) { p.Set(r, "height", block.FloatValue(1e5)) },
		"too long": func(r *block.Record) { p.Set(r, "note", block.TextValue(string(make([]byte, MaxValueBytes+1)))) },
		"count":    func(r *block.Record) { r.Values = r.Values[1:] },
	} {
		r := p.New(block.NameID("building", "1"), block.ID{})
		if err := p.Check(r); err != nil {
			t.Fatalf("an empty building: %v", err)
		}
		set(&r)
		if err := p.Check(r); !errors.Is(err, block.ErrInvalid) {
			t.Errorf("%s: error = %v, want ErrInvalid", name, err)
		}
	}
}

func BenchmarkLeafOf(b *testing.B) {
	p, _ := Builtin().Plan("building")
	r := p.New(block.NameID("building", "1"), block.NameID("region", "g"))
	p.Set(&r, "name", block.TextValue("滨河雅苑 3栋"))
	r.Geometry = make(block.WKB, 200)
	var h Hasher
	b.ReportAllocs()
	for b.Loop() {
		h.LeafOf(p, r, block.Public)
	}
}
