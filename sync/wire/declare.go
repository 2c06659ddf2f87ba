package wire

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// Kind is the declaration of a kind of record as JSON. A client that is older than its server keeps what it does not know
// by it: kinds, and fields past those it has.
type Kind struct {
	No        uint16     `json:"no"`
	Name      block.Kind `json:"name"`
	ZH        string     `json:"zh"`
	EN        string     `json:"en"`
	Geometry  uint8      `json:"geometry,omitempty"` // 0 none, 1 point, 2 area, 3 line
	GeomClass Class      `json:"geometry_class"`
	Places    string     `json:"places,omitempty"`
	Fields    []Field    `json:"fields"`
}

// Field is the declaration of a field.
type Field struct {
	Name     string      `json:"name"`
	Type     string      `json:"type"` // bool, int, float, text, bytes, time, date, ref
	ZH       string      `json:"zh"`
	EN       string      `json:"en"`
	Unit     string      `json:"unit,omitempty"`
	Range    *[2]float64 `json:"range,omitempty"`
	Class    Class       `json:"class"`
	Required bool        `json:"required,omitempty"`
	Choices  []Choice    `json:"choices,omitempty"`
	Ref      block.Kind  `json:"ref,omitempty"`
	Owner    string      `json:"owner,omitempty"`
	Mask     uint8       `json:"mask,omitempty"` // schema.Mask
	Search   int         `json:"search,omitempty"`
	Retired  bool        `json:"retired,omitempty"`
}

// Choice is one allowed value of a field.
type Choice struct {
	Code string `json:"code"`
	ZH   string `json:"zh"`
	EN   string `json:"en"`
}

// KindsOf returns the declarations of a set for sending.
func KindsOf(set *schema.Set) []Kind {
	var out []Kind
	for _, k := range set.Kinds() {
		w := Kind{No: k.No, Name: k.Name, ZH: k.ZH, EN: k.EN, Geometry: uint8(k.Geometry), GeomClass: Class(k.GeomClass), Places: k.Places}
		for _, f := range k.Fields {
			x := Field{
				Name: f.Name, Type: f.Type.String(), ZH: f.ZH, EN: f.EN, Unit: f.Unit, Class: Class(f.Class), Required: f.Required, Ref: f.Ref,
				Owner: f.Owner, Mask: uint8(f.Mask), Search: f.Search, Retired: f.Retired,
			}
			if f.Range != nil {
				x.Range = &[2]float64{f.Range.Min, f.Range.Max}
			}
			for _, c := range f.Choices {
				x.Choices = append(x.Choices, Choice(c))
			}
			w.Fields = append(w.Fields, x)
		}
		out = append(out, w)
	}
	return out
}

// BlockKinds reads declarations. Numbers and names beyond what is known are ErrInvalid; whether the declarations fit
// together is for schema.Set.Extend.
func BlockKinds(kinds []Kind) ([]schema.Kind, error) {
	types := map[string]block.Type{}
	for t := block.Bool; t <= block.Ref; t++ {
		types[t.String()] = t
	}
	var out []schema.Kind
	for _, k := range kinds {
		s := schema.Kind{No: k.No, Name: k.Name, ZH: k.ZH, EN: k.EN, Geometry: schema.Geometry(k.Geometry), GeomClass: block.Class(k.GeomClass), Places: k.Places}
		if s.Geometry > schema.Line {
			return nil, fmt.Errorf("kind %q: geometry %d: %w", k.Name, k.Geometry, block.ErrInvalid)
		}
		for _, f := range k.Fields {
			x := schema.Field{
				Name: f.Name, Type: types[f.Type], ZH: f.ZH, EN: f.EN, Unit: f.Unit, Class: block.Class(f.Class), Required: f.Required, Ref: f.Ref,
				Owner: f.Owner, Mask: schema.Mask(f.Mask), Search: f.Search, Retired: f.Retired,
			}
			if x.Type == block.Null || x.Mask > schema.MaskKeep {
				return nil, fmt.Errorf("field %s.%s: type %q, mask %d: %w", k.Name, f.Name, f.Type, f.Mask, block.ErrInvalid)
			}
			if f.Range != nil {
				x.Range = &schema.Range{Min: f.Range[0], Max: f.Range[1]}
			}
			for _, c := range f.Choices {
				x.Choices = append(x.Choices, schema.Choice(c))
			}
			s.Fields = append(s.Fields, x)
		}
		out = append(out, s)
	}
	return out, nil
}

// Fingerprint names the declarations of a set.
func Fingerprint(set *schema.Set) Digest { return FingerprintOf(KindsOf(set)) }

// FingerprintOf names declarations.
func FingerprintOf(kinds []Kind) Digest {
	b, err := json.Marshal(kinds)
	if err != nil {
		panic(fmt.Sprintf("wire: declarations: %v", err)) // our own types
	}
	return sha256.Sum256(b)
}
