package schema

import (
	"fmt"
	"slices"

	"kuaitu/block"
)

// Bounds of declarations that come from elsewhere.
const (
	maxKinds       = 500
	maxFields      = 500
	maxDeclaredRaw = 200 // bytes of a label
)

// Extend returns the set with what further declarations, of a newer schema, add to it: kinds that it does not have, and
// fields past the last of those it has. What both declare must agree, because fields are only ever added at the end;
// otherwise ErrInvalid. Where nothing is added the set itself comes back.
func (s *Set) Extend(further []Kind) (*Set, error) {
	if len(further) > maxKinds {
		return nil, fmt.Errorf("%d kinds are declared: %w", len(further), block.ErrInvalid)
	}
	kinds := make([]Kind, 0, len(s.plans)+len(further))
	for _, p := range s.plans {
		k := *p.Kind
		k.Fields = slices.Clone(k.Fields)
		kinds = append(kinds, k)
	}
	grown := false
	for _, k := range further {
		if len(k.Fields) > maxFields || len(k.ZH) > maxDeclaredRaw || len(k.EN) > maxDeclaredRaw {
			return nil, fmt.Errorf("kind %q: the declaration is too long: %w", k.Name, block.ErrInvalid)
		}
		at := slices.IndexFunc(kinds, func(own Kind) bool { return own.No == k.No || own.Name == k.Name })
		if at < 0 {
			kinds = append(kinds, k)
			grown = true
			continue
		}
		own := &kinds[at]
		if own.No != k.No || own.Name != k.Name || own.Geometry != k.Geometry || own.Geometry != NoGeometry && own.GeomClass != k.GeomClass || own.Places != k.Places {
			return nil, fmt.Errorf("kind %q is declared otherwise elsewhere: %w", own.Name, block.ErrInvalid)
		}
		for i, f := range k.Fields {
			if i >= len(own.Fields) {
				own.Fields = append(own.Fields, f)
				grown = true
				continue
			}
			if o := own.Fields[i]; o.Name != f.Name || o.Type != f.Type || o.Class != f.Class {
				return nil, &block.FieldError{Kind: own.Name, Field: o.Name, Reason: "is declared otherwise elsewhere"}
			}
		}
	}
	if !grown {
		return s, nil
	}
	return NewSet(kinds)
}

// Kinds returns the declarations of the set.
func (s *Set) Kinds() []Kind {
	out := make([]Kind, len(s.plans))
	for i, p := range s.plans {
		out[i] = *p.Kind
	}
	return out
}
