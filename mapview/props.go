package mapview

import (
	"fmt"
	"math"

	"github.com/paulmach/orb"

	"kuaitu/mapview/style"
)

// propKind is what a property's value is.
type propKind uint8

const (
	propNull propKind = iota // or absent
	propFalse
	propTrue
	propNumber
	propString
)

// prop is a property's value outside its column.
type prop struct {
	kind propKind
	num  float64
	str  string
}

// column is one property of all features of a packed array: a code for each feature into the table of the values that occur. Code 0 is null.
// A column of some hundred different values takes a byte or two a feature, one of names that are all different four bytes and its text.
type column struct {
	name string
	// Feature i has the code at i of the one that is set.
	code8  []uint8
	code16 []uint16
	code32 []uint32

	kinds []propKind // by code
	nums  []float64  // by code; nil when no value is a number
	text  string     // the strings by code, end to end
	ends  []uint32   // by code: where in text its string ends; nil when no value is a string
}

// code is the code of feature i.
func (c *column) code(i int) uint32 {
	switch {
	case c.code8 != nil:
		return uint32(c.code8[i])
	case c.code16 != nil:
		return uint32(c.code16[i])
	}
	return c.code32[i]
}

// propOf is a value as a column keeps it: arrays and objects as their JSON.
func propOf(v style.Value) prop {
	switch v.Kind() {
	case style.KindNull:
		return prop{}
	case style.KindBool:
		if b, _ := v.AsBool(); b {
			return prop{kind: propTrue}
		}
		return prop{kind: propFalse}
	case style.KindNumber:
		n, _ := v.AsNum()
		return prop{kind: propNumber, num: n}
	}
	return prop{kind: propString, str: v.String()}
}

// value is the value for expressions.
func (v prop) value() style.Value {
	switch v.kind {
	case propFalse, propTrue:
		return style.Bool(v.kind == propTrue)
	case propNumber:
		return style.Num(v.num)
	case propString:
		return style.Str(v.str)
	case propNull:
	}
	return style.Null()
}

// value is the value of a code.
func (c *column) value(code uint32) prop {
	v := prop{kind: c.kinds[code]}
	switch v.kind {
	case propNumber:
		v.num = c.nums[code]
	case propString:
		from := uint32(0)
		if code > 0 {
			from = c.ends[code-1]
		}
		v.str = c.text[from:c.ends[code]]
	case propNull, propFalse, propTrue: // the kind says it all
	}
	return v
}

// bytes is about what the column takes in memory.
func (c *column) bytes() int {
	return len(c.code8) + 2*len(c.code16) + 4*len(c.code32) + len(c.kinds) + 8*len(c.nums) + 4*len(c.ends) + len(c.text)
}

// column answers the column called name, or nil.
func (p *packed) column(name string) *column {
	for j := range p.columns {
		if p.columns[j].name == name {
			return &p.columns[j]
		}
	}
	return nil
}

// columnBuilder collects one column.
type columnBuilder struct {
	name   string
	codes  []uint32
	values []prop // by code
	code   map[prop]uint32
	recent [64]uint32 // codes of values met lately, by a hash that costs less than the map's
}

func newColumnBuilder(name string) columnBuilder {
	return columnBuilder{name: name, values: []prop{{}}, code: map[prop]uint32{{}: 0}}
}

// intern answers the code of a value.
func (b *columnBuilder) intern(v prop) uint32 {
	if v.kind == propNumber && math.IsNaN(v.num) {
		return 0 // it equals nothing, and would get a code each time
	}
	recent := &b.recent[v.hash()%uint64(len(b.recent))]
	if b.values[*recent] == v {
		return *recent
	}
	code, ok := b.code[v]
	if !ok {
		code = uint32(len(b.values))
		b.values = append(b.values, v)
		b.code[v] = code
	}
	*recent = code
	return code
}

// hash tells values apart that often occur together: of a text its end and length.
func (v prop) hash() uint64 {
	h := math.Float64bits(v.num)>>44 + uint64(v.kind)
	for i := max(0, len(v.str)-8); i < len(v.str); i++ {
		h = h*31 + uint64(v.str[i])
	}
	return (h + uint64(len(v.str))) * 0x9E3779B97F4A7C15 >> 40
}

// fill sets the values of features that have none up to n of them.
func (b *columnBuilder) fill(n int) {
	for len(b.codes) < n {
		b.codes = append(b.codes, 0)
	}
}

// column packs what was collected, its features in the given order.
func (b *columnBuilder) column(order []uint32) column {
	c := column{name: b.name, kinds: make([]propKind, len(b.values))}
	strings, numbers, long := false, false, 0
	for code, v := range b.values {
		c.kinds[code] = v.kind
		strings = strings || v.kind == propString
		numbers = numbers || v.kind == propNumber
		long += len(v.str)
	}
	if numbers {
		c.nums = make([]float64, len(b.values))
		for code, v := range b.values {
			c.nums[code] = v.num
		}
	}
	if strings {
		text := make([]byte, 0, long)
		c.ends = make([]uint32, len(b.values))
		for code, v := range b.values {
			text = append(text, v.str...)
			c.ends[code] = uint32(len(text))
		}
		c.text = string(text)
	}
	switch n := len(b.values); {
	case n <= 1<<8:
		c.code8 = make([]uint8, len(order))
		for to, from := range order {
			c.code8[to] = uint8(b.codes[from])
		}
	case n <= 1<<16:
		c.code16 = make([]uint16, len(order))
		for to, from := range order {
			c.code16[to] = uint16(b.codes[from])
		}
	default:
		c.code32 = make([]uint32, len(order))
		for to, from := range order {
			c.code32[to] = b.codes[from]
		}
	}
	return c
}

// Columns names the properties of the features to come, in the order [Builder.AddRow] takes their values. It is called before the first Add, and
// with names that differ.
func (b *Builder) Columns(names ...string) {
	b.columns = b.columns[:0]
	for _, n := range names {
		b.columns = append(b.columns, newColumnBuilder(n))
	}
}

// AddRow appends a feature as [Builder.Add] does, of class 0 and without a label, with values for the columns; missing ones at the end are null. Arrays and
// objects are kept as their JSON.
func (b *Builder) AddRow(id ID, g orb.Geometry, values []style.Value) error {
	return b.addRow(id, 0, "", g, values)
}

func (b *Builder) addRow(id ID, class uint8, label string, g orb.Geometry, values []style.Value) error {
	if len(values) > len(b.columns) {
		return fmt.Errorf("add feature %x: %d values for %d columns: %w", id, len(values), len(b.columns), ErrGeometry)
	}
	n := b.Len()
	if err := b.Add(id, class, label, g); err != nil {
		return err
	}
	for j, v := range values {
		c := &b.columns[j]
		c.fill(n)
		c.codes = append(c.codes, c.intern(propOf(v)))
	}
	return nil
}

// Columns are the names of the properties the features have.
func (s *Snapshot) Columns() []string {
	var names []string
	for i := range s.base.columns {
		names = append(names, s.base.columns[i].name)
	}
	return names
}

// Property answers the value of a column; ok is false if there is no such column or the feature has none in it.
func (f Feature) Property(name string) (v style.Value, ok bool) {
	c := f.p.column(name)
	if c == nil {
		return style.Null(), false
	}
	p := c.value(c.code(f.i))
	return p.value(), p.kind != propNull
}

// copyRow gives the feature that is added next the values feature i of p has. The builder gets the columns of the first it copies from.
func (b *Builder) copyRow(p *packed, i int) {
	if b.Len() == 0 && b.columns == nil {
		for j := range p.columns {
			b.columns = append(b.columns, newColumnBuilder(p.columns[j].name))
		}
	}
	for j := range b.columns {
		to := &b.columns[j]
		if from := p.column(to.name); from != nil {
			to.fill(b.Len())
			to.codes = append(to.codes, to.intern(from.value(from.code(i))))
		}
	}
}
