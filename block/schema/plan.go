package schema

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"kuaitu/block"
)

// Plan is one kind compiled: what its classes carry, and the canonical form of its parts. Immutable, safe for
// concurrent use.
type Plan struct {
	Kind     *Kind
	index    map[string]int
	byClass  [block.NumClasses][]int // field indexes a part of the class carries
	classes  block.ClassSet          // classes that have anything to carry, Masked where Sensitive is
	searched []int                   // fields with a search weight, heaviest first
}

func compile(k Kind) (*Plan, error) {
	k.Fields = slices.Clone(k.Fields)
	p := &Plan{Kind: &k, index: make(map[string]int, len(k.Fields))}
	for i, f := range k.Fields {
		fault := func(reason string) error { return &block.FieldError{Kind: k.Name, Field: f.Name, Reason: reason} }
		switch {
		case !identifier(f.Name) || slices.Contains(reserved, f.Name):
			return nil, fault("the name is not lower-case snake case or is reserved")
		case f.Type == block.Null || f.Type > block.Ref:
			return nil, fault("has no type")
		case f.Class > block.Sensitive:
			return nil, fault("class must be public, work or sensitive")
		case f.ZH == "" || f.EN == "":
			return nil, fault("lacks a label")
		case len(f.Choices) > 0 && f.Type != block.Text:
			return nil, fault("only text fields have choices")
		case f.Range != nil && (f.Type != block.Int && f.Type != block.Float || !(f.Range.Min <= f.Range.Max)):
			return nil, fault("only numbers have a range, from a smaller to a larger end")
		}
		if _, twice := p.index[f.Name]; twice {
			return nil, fault("is declared twice")
		}
		p.index[f.Name] = i
		p.byClass[f.Class] = append(p.byClass[f.Class], i)
		p.classes = p.classes.With(f.Class)
		if f.Search > 0 {
			p.searched = append(p.searched, i)
		}
	}
	if k.Places != "" && (p.Index(k.Places) < 0 || k.Fields[p.Index(k.Places)].Type != block.Ref) {
		return nil, &block.FieldError{Kind: k.Name, Field: k.Places, Reason: "places records but is no reference"}
	}
	if k.Geometry != NoGeometry {
		p.classes = p.classes.With(k.GeomClass)
	}
	if p.classes.Has(block.Sensitive) {
		p.classes = p.classes.With(block.Masked)
	}
	p.byClass[block.Masked] = p.byClass[block.Sensitive]
	slices.SortStableFunc(p.searched, func(a, b int) int { return k.Fields[b].Search - k.Fields[a].Search })
	return p, nil
}

// Index returns the position of the named field, -1 when there is none.
func (p *Plan) Index(field string) int {
	if i, ok := p.index[field]; ok {
		return i
	}
	return -1
}

// Fields returns the positions of the fields that a part of class c carries, rising. The slice must not be changed.
func (p *Plan) Fields(c block.Class) []int { return p.byClass[c] }

// Classes returns the classes in which records of this kind have parts.
func (p *Plan) Classes() block.ClassSet { return p.classes }

// Searched returns the positions of the searched fields, heaviest first. The slice must not be changed.
func (p *Plan) Searched() []int { return p.searched }

// New returns an empty record of the kind that holds every part.
func (p *Plan) New(id, region block.ID) block.Record {
	return block.Record{Kind: p.Kind.Name, ID: id, Region: region, Parts: block.AllParts, Values: make([]block.Value, len(p.Kind.Fields))}
}

// Get returns the named field of a record of this kind; Null when the kind has no such field.
func (p *Plan) Get(r block.Record, field string) block.Value {
	if i, ok := p.index[field]; ok && i < len(r.Values) {
		return r.Values[i]
	}
	return block.Value{}
}

// Set sets the named field of a record of this kind in place and panics when the kind has none: field names in code
// are ours. Only for records that have not been handed on.
func (p *Plan) Set(r *block.Record, field string, v block.Value) {
	i, ok := p.index[field]
	if !ok {
		panic(fmt.Sprintf("schema: kind %s has no field %s", p.Kind.Name, field))
	}
	r.Values[i] = v
}

// Check validates a record's values against the declaration: count, types (Null is always allowed unless the field is
// required and its class is here), choices, ranges. The error is a *block.FieldError and never holds the value.
func (p *Plan) Check(r block.Record) error {
	if len(r.Values) != len(p.Kind.Fields) {
		return &block.FieldError{Kind: p.Kind.Name, Field: "*", Reason: fmt.Sprintf("%d values for %d fields", len(r.Values), len(p.Kind.Fields))}
	}
	for i := range p.Kind.Fields {
		if r.Parts.Has(p.Kind.Fields[i].Class) {
			if err := p.CheckValue(i, r.Values[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// CheckValue validates one value for field i.
func (p *Plan) CheckValue(i int, v block.Value) error {
	f := &p.Kind.Fields[i]
	fault := func(reason string) error { return &block.FieldError{Kind: p.Kind.Name, Field: f.Name, Reason: reason} }
	if v.IsNull() || f.Type == block.Text && v.Text() == "" {
		if f.Required {
			return fault("is required")
		}
		if v.IsNull() {
			return nil
		}
	}
	if v.Type() != f.Type {
		return fault(fmt.Sprintf("has type %s, not %s", v.Type(), f.Type))
	}
	if len(v.Raw()) > MaxValueBytes {
		return fault(fmt.Sprintf("is longer than %d bytes", MaxValueBytes))
	}
	if len(f.Choices) > 0 && v.Text() != "" && !slices.ContainsFunc(f.Choices, func(c Choice) bool { return c.Code == v.Text() }) {
		return fault("is not one of the choices")
	}
	if r := f.Range; r != nil {
		if n := number(v); !(n >= r.Min && n <= r.Max) {
			return fault(fmt.Sprintf("is not between %s and %s", strconv.FormatFloat(r.Min, 'f', -1, 64), strconv.FormatFloat(r.Max, 'f', -1, 64)))
		}
	}
	return nil
}

// number is the value of a field that has a range.
func number(v block.Value) float64 {
	if v.Type() == block.Int {
		return float64(v.Int())
	}
	return v.Float()
}

// MaxValueBytes bounds one text or bytes value everywhere: in forms, on the wire, in tables.
const MaxValueBytes = 1 << 20

// Part returns the part of class c of a record that holds that class (for Masked: of a record whose Sensitive values
// are masked already). It is nil-safe for geometry of other classes.
func (p *Plan) Part(r block.Record, c block.Class) block.Part {
	part := block.Part{Kind: r.Kind, ID: r.ID, Region: r.Region, Ver: r.Ver, Values: make([]block.Value, len(p.byClass[c]))}
	for i, f := range p.byClass[c] {
		part.Values[i] = r.Values[f]
	}
	if p.CarriesGeometry(c) {
		part.Geometry = r.Geometry
	}
	return part
}

// CarriesGeometry reports whether parts of class c carry the record's geometry.
func (p *Plan) CarriesGeometry(c block.Class) bool {
	return p.Kind.Geometry != NoGeometry && c.Field() == p.Kind.GeomClass
}

// Merge puts what a part carries of values, geometry and region, and its version, into r in place and marks the class as
// held. A Masked part replaces a Sensitive one and the other way round. r must have the kind's number of values.
func (p *Plan) Merge(r *block.Record, part block.Part) {
	c := part.Stream.Class
	for i, f := range p.byClass[c] {
		if i < len(part.Values) && part.Have.Has(i) {
			r.Values[f] = part.Values[i]
		}
	}
	if p.CarriesGeometry(c) && part.Have.Geometry() {
		r.Geometry = part.Geometry
	}
	if part.Have.Region() {
		r.Region = part.Region
	}
	r.Ver = part.Ver
	r.Parts = r.Parts.With(c)
	switch c {
	case block.Masked:
		r.Parts = r.Parts.Without(block.Sensitive)
	case block.Sensitive:
		r.Parts = r.Parts.Without(block.Masked)
	}
}

// Strip clears the values (and geometry) that only class c carried and marks the class as not held, in place.
func (p *Plan) Strip(r *block.Record, c block.Class) {
	for _, f := range p.byClass[c] {
		r.Values[f] = block.Value{}
	}
	if p.CarriesGeometry(c) {
		r.Geometry = nil
	}
	r.Parts = r.Parts.Without(c)
}

// Hasher computes leaves; it keeps its buffer between calls and belongs to one goroutine.
type Hasher struct{ buf []byte }

// Leaf returns the leaf of one part: SHA-256 over the canonical form "kind \0 id class ver region values geometry", with
// every length stated, so that no two parts share a form. values are those of the class in declaration order.
func (h *Hasher) Leaf(kind block.Kind, id block.ID, c block.Class, ver block.Ver, region block.ID, values []block.Value, geometry block.WKB) block.Leaf {
	b := append(h.buf[:0], kind...)
	b = append(b, 0)
	b = append(b, id[:]...)
	b = append(b, byte(c))
	b = binary.LittleEndian.AppendUint64(b, uint64(ver))
	b = append(b, region[:]...)
	for _, v := range values {
		b = AppendValue(b, v)
	}
	b = binary.AppendUvarint(b, uint64(len(geometry)))
	b = append(b, geometry...)
	h.buf = b
	return sha256.Sum256(b)
}

// LeafOf returns the leaf of the part of class c of a whole record.
func (h *Hasher) LeafOf(p *Plan, r block.Record, c block.Class) block.Leaf {
	b := append(h.buf[:0], r.Kind...)
	b = append(b, 0)
	b = append(b, r.ID[:]...)
	b = append(b, byte(c))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Ver))
	b = append(b, r.Region[:]...)
	for _, f := range p.byClass[c] {
		b = AppendValue(b, r.Values[f])
	}
	if p.CarriesGeometry(c) {
		b = binary.AppendUvarint(b, uint64(len(r.Geometry)))
		b = append(b, r.Geometry...)
	} else {
		b = append(b, 0)
	}
	h.buf = b
	return sha256.Sum256(b)
}

// AppendValue appends the canonical form of a value: its type, then a zigzag varint (Bool, Int, Time, Date), eight
// little-endian bytes (Float) or a counted string (Text, Bytes, Ref). The wire uses the same form.
func AppendValue(b []byte, v block.Value) []byte {
	b = append(b, byte(v.Type()))
	switch v.Type() {
	case block.Bool, block.Int, block.Time, block.Date:
		b = binary.AppendVarint(b, v.Num())
	case block.Float:
		b = binary.LittleEndian.AppendUint64(b, uint64(v.Num()))
	case block.Text, block.Bytes, block.Ref:
		b = binary.AppendUvarint(b, uint64(len(v.Raw())))
		b = append(b, v.Raw()...)
	}
	return b
}

// DecodeValue reads one value from the front of b and returns the rest. Truncated, oversized or malformed input is
// ErrInvalid; nothing is allocated beyond what b holds.
func DecodeValue(b []byte) (block.Value, []byte, error) {
	if len(b) == 0 {
		return block.Value{}, nil, fmt.Errorf("value is cut off: %w", block.ErrInvalid)
	}
	t := block.Type(b[0])
	b = b[1:]
	switch t {
	case block.Null:
		return block.Value{}, b, nil
	case block.Bool, block.Int, block.Time, block.Date:
		n, used := binary.Varint(b)
		if used <= 0 {
			return block.Value{}, nil, fmt.Errorf("number is cut off: %w", block.ErrInvalid)
		}
		return block.NumValue(t, n), b[used:], nil
	case block.Float:
		if len(b) < 8 {
			return block.Value{}, nil, fmt.Errorf("float is cut off: %w", block.ErrInvalid)
		}
		return block.NumValue(t, int64(binary.LittleEndian.Uint64(b))), b[8:], nil
	case block.Text, block.Bytes, block.Ref:
		n, used := binary.Uvarint(b)
		if used <= 0 || n > MaxValueBytes || n > uint64(len(b)-used) || t == block.Ref && n != 16 {
			return block.Value{}, nil, fmt.Errorf("text is cut off or too long: %w", block.ErrInvalid)
		}
		raw := b[used : used+int(n)]
		b = b[used+int(n):]
		switch t {
		case block.Text:
			return block.TextValue(string(raw)), b, nil
		case block.Bytes:
			return block.BytesValue(raw), b, nil
		}
		return block.RefValue(block.ID(raw)), b, nil
	}
	return block.Value{}, nil, fmt.Errorf("value type %d: %w", t, block.ErrInvalid)
}
