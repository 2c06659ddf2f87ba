// Package schema declares every kind of record once, as data. From a declaration come the tables of store and server,
// the columns on the wire, forms, lists, filters, exports, masking and the search text.
//
// Start from [Builtin], the declarations the product ships, [Set], a closed list of kinds, and [Plan], one kind
// compiled for the paths that must be fast. Evolution is additive: a field is added at the end or retired, never
// renamed, retyped or moved. All values are immutable after [NewSet].
package schema

import (
	"fmt"

	"kuaitu/block"
)

// Geometry says what geometry a kind's records have.
type Geometry uint8

// A kind has no geometry, points, or areas (Polygon or MultiPolygon), or lines.
const (
	NoGeometry Geometry = iota
	Point
	Area
	Line
)

// Mask is the rule by which the server makes the Masked twin of a Sensitive value.
type Mask uint8

// MaskAll leaves nothing but asterisks and is the zero rule, so that a forgotten rule shows too little.
const (
	MaskAll      Mask = iota
	MaskName          // 张*, 欧阳*
	MaskIdentity      // 440305********1234
	MaskPhone         // 138****8000
	MaskDate          // the year stays
	MaskKeep          // may be shown as it is (sex, category)
)

// Choice is one allowed value of a field with its labels.
type Choice struct {
	Code, ZH, EN string
}

// Range bounds the numbers that a field may hold, both ends included.
type Range struct{ Min, Max float64 }

// Field declares one field.
type Field struct {
	Name     string // snake_case, for ever
	Type     block.Type
	ZH, EN   string
	Unit     string
	Range    *Range // of Int and Float; nil is any
	Class    block.Class
	Required bool
	Choices  []Choice   // when set, other codes are refused
	Ref      block.Kind // for Type Ref: the kind it points to
	Owner    string     // department whose word counts (一数一源); "" is the street's own
	Mask     Mask
	Search   int  // weight in the search text; 0 is not searched
	Retired  bool // kept in tables and on the wire, gone from forms
}

// Label returns the field's label in "zh" or "en".
func (f Field) Label(lang string) string {
	if lang == "en" {
		return f.EN
	}
	return f.ZH
}

// Kind declares one kind of record.
type Kind struct {
	No        uint16 // stable number, on the wire and in bulk IDs
	Name      block.Kind
	ZH, EN    string
	Geometry  Geometry
	GeomClass block.Class // the class whose part carries the geometry
	Places    string      // a Ref field: the record it points to is also visible in this record's region (placement)
	Fields    []Field
}

// Label returns the kind's label in "zh" or "en".
func (k *Kind) Label(lang string) string {
	if lang == "en" {
		return k.EN
	}
	return k.ZH
}

// Set is a closed list of kinds, each with its Plan. Immutable.
type Set struct {
	plans  []*Plan
	byName map[block.Kind]*Plan
	byNo   map[uint16]*Plan
}

// NewSet checks the declarations and compiles them: unique names and numbers, names that can be column names, choices
// and references that fit. References must point into the set. Faults are ErrInvalid and name kind and field.
func NewSet(kinds []Kind) (*Set, error) {
	s := &Set{byName: map[block.Kind]*Plan{}, byNo: map[uint16]*Plan{}}
	for _, k := range kinds {
		if s.byName[k.Name] != nil || s.byNo[k.No] != nil || k.No == 0 || !identifier(string(k.Name)) {
			return nil, fmt.Errorf("kind %q (number %d): name or number missing, malformed or used twice: %w", k.Name, k.No, block.ErrInvalid)
		}
		p, err := compile(k)
		if err != nil {
			return nil, err
		}
		s.plans = append(s.plans, p)
		s.byName[k.Name], s.byNo[k.No] = p, p
	}
	for _, p := range s.plans {
		for _, f := range p.Kind.Fields {
			if f.Type == block.Ref && f.Ref != "" && s.byName[f.Ref] == nil {
				return nil, &block.FieldError{Kind: p.Kind.Name, Field: f.Name, Reason: fmt.Sprintf("refers to unknown kind %q", f.Ref)}
			}
		}
	}
	return s, nil
}

// Plans returns the plans of all kinds in declaration order. The slice must not be changed.
func (s *Set) Plans() []*Plan { return s.plans }

// Plan returns the plan of a kind; an undeclared kind is ErrInvalid.
func (s *Set) Plan(k block.Kind) (*Plan, error) {
	if p := s.byName[k]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("kind %q is not declared: %w", k, block.ErrInvalid)
}

// PlanNo returns the plan of the kind with that number; an undeclared one is ErrInvalid.
func (s *Set) PlanNo(no uint16) (*Plan, error) {
	if p := s.byNo[no]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("kind number %d is not declared: %w", no, block.ErrInvalid)
}

// reserved are the columns that every table has beside the declared fields.
var reserved = []string{"fid", "id", "region", "ver", "parts", "geom", "fvers", "deleted", "shard"}

func identifier(s string) bool {
	if s == "" || len(s) > 40 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}
