package style

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind says what a Value holds.
type Kind uint8

// The kinds of values. The zero Value is null.
const (
	KindNull Kind = iota
	KindBool
	KindNumber
	KindString
	KindColor
	KindArray
	KindObject

	kindFailed // the outcome of an evaluation that the specification makes an error; str says why
)

var kindNames = [...]string{"null", "boolean", "number", "string", "color", "array", "object", "error"}

func (k Kind) String() string { return kindNames[k] }

// Value is one value of a feature's property or of an expression. It is small, holds scalars without boxing and never
// changes. Two Values of scalars are == exactly when they are the same value, so a Value may be the key of a map; arrays and objects
// are == when they are the same one in memory.
type Value struct {
	kind Kind
	bits uint64 // a number's bits; 0 or 1; a packed colour
	str  string
	ref  *compound
}

// compound is what an array or object holds. It is shared and never written.
type compound struct {
	list []Value
	keys []string  // of an object, sorted, beside list
	nums []float64 // of an array of nothing but numbers, beside list
	strs []string  // of an array of nothing but strings, beside list
}

// Null is the value that is none.
func Null() Value { return Value{} }

// Bool makes a truth value.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindBool, bits: 1}
	}
	return Value{kind: KindBool}
}

// Num makes a number.
func Num(f float64) Value { return Value{kind: KindNumber, bits: math.Float64bits(f)} }

// Str makes a text.
func Str(s string) Value { return Value{kind: KindString, str: s} }

// Arr makes an array. It keeps list, which must not be written afterwards.
func Arr(list []Value) Value {
	c := &compound{list: list}
	switch {
	case len(list) == 0:
	case !slices.ContainsFunc(list, func(v Value) bool { return v.kind != KindNumber }):
		c.nums = make([]float64, len(list))
		for i, v := range list {
			c.nums[i] = v.number()
		}
	case !slices.ContainsFunc(list, func(v Value) bool { return v.kind != KindString }):
		c.strs = make([]string, len(list))
		for i, v := range list {
			c.strs[i] = v.str
		}
	}
	return Value{kind: KindArray, ref: c}
}

// Obj makes an object of names and their values.
func Obj(members map[string]Value) Value {
	c := &compound{keys: make([]string, 0, len(members)), list: make([]Value, 0, len(members))}
	for k := range members {
		c.keys = append(c.keys, k)
	}
	slices.Sort(c.keys)
	for _, k := range c.keys {
		c.list = append(c.list, members[k])
	}
	return Value{kind: KindObject, ref: c}
}

// FromJSON makes a Value of what encoding/json decodes into an any: nil, bool, float64, json.Number, string, []any,
// map[string]any. Anything else is null.
func FromJSON(v any) Value {
	switch v := v.(type) {
	case bool:
		return Bool(v)
	case float64:
		return Num(v)
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return Num(f)
		}
	case string:
		return Str(v)
	case []any:
		list := make([]Value, len(v))
		for i := range v {
			list[i] = FromJSON(v[i])
		}
		return Arr(list)
	case map[string]any:
		m := make(map[string]Value, len(v))
		for k, e := range v {
			m[k] = FromJSON(e)
		}
		return Obj(m)
	}
	return Value{}
}

func failure(why string) Value { return Value{kind: kindFailed, str: why} }

func (v Value) failed() bool    { return v.kind == kindFailed }
func (v Value) number() float64 { return math.Float64frombits(v.bits) }
func (v Value) truth() bool     { return v.bits != 0 }

// Kind answers what the value is.
func (v Value) Kind() Kind { return v.kind }

// AsBool answers a truth value, and whether it is one.
func (v Value) AsBool() (b, ok bool) { return v.kind == KindBool && v.bits != 0, v.kind == KindBool }

// AsNum answers a number, and whether it is one.
func (v Value) AsNum() (float64, bool) {
	if v.kind != KindNumber {
		return 0, false
	}
	return v.number(), true
}

// AsStr answers a text, and whether it is one.
func (v Value) AsStr() (string, bool) { return v.str, v.kind == KindString }

// AsColor answers a colour, and whether it is one. A text that names a colour is not.
func (v Value) AsColor() (Color, bool) {
	if v.kind != KindColor {
		return Color{}, false
	}
	return unpackColor(v.bits), true
}

// List answers the elements of an array, nil for anything else. They must not be written.
func (v Value) List() []Value {
	if v.kind != KindArray {
		return nil
	}
	return v.ref.list
}

// Member answers the member of an object.
func (v Value) Member(name string) (Value, bool) {
	if v.kind != KindObject {
		return Value{}, false
	}
	i, ok := slices.BinarySearch(v.ref.keys, name)
	if !ok {
		return Value{}, false
	}
	return v.ref.list[i], true
}

// String answers the text that the specification's to-string makes: nothing for null, JSON for arrays and objects.
func (v Value) String() string {
	switch v.kind {
	case KindBool:
		return strconv.FormatBool(v.truth())
	case KindNumber:
		return numberText(v.number())
	case KindString:
		return v.str
	case KindColor:
		return unpackColor(v.bits).String()
	case KindArray, KindObject:
		return string(v.appendJSON(nil))
	}
	return ""
}

func (v Value) appendJSON(b []byte) []byte {
	switch v.kind {
	case KindNumber:
		if f := v.number(); math.IsNaN(f) || math.IsInf(f, 0) {
			return append(b, "null"...)
		}
		return append(b, numberText(v.number())...)
	case KindBool:
		return strconv.AppendBool(b, v.truth())
	case KindString, KindColor:
		return appendQuoted(b, v.String())
	case KindArray:
		b = append(b, '[')
		for i, e := range v.ref.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.appendJSON(b)
		}
		return append(b, ']')
	case KindObject:
		b = append(b, '{')
		for i, e := range v.ref.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendQuoted(b, v.ref.keys[i]), ':')
			b = e.appendJSON(b)
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

// appendQuoted writes s as JSON as JavaScript does: without the escapes for HTML that encoding/json adds.
func appendQuoted(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == '\r':
			b = append(b, '\\', 'r')
		case r == '\t':
			b = append(b, '\\', 't')
		case r < 0x20:
			b = append(b, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// numberText writes a number the way JavaScript does: plain from 1e-6 to below 1e21, else with an exponent.
func numberText(f float64) string {
	switch a := math.Abs(f); {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 0):
		if f < 0 {
			return "-Infinity"
		}
		return "Infinity"
	case f == 0:
		return "0"
	case a < 1e21 && f == math.Trunc(f) && a < 1<<53:
		return strconv.FormatInt(int64(f), 10)
	case a >= 1e-6 && a < 1e21:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	// Go pads the exponent to two digits, JavaScript does not.
	mantissa, exponent, _ := strings.Cut(s, "e")
	return mantissa + "e" + exponent[:1] + strings.TrimPrefix(exponent[1:], "0")
}

// parseNumber reads a text as JavaScript's Number does, which to-number asks for; ok is false for what that makes NaN.
func parseNumber(s string) (f float64, ok bool) {
	s = strings.TrimSpace(s)
	switch s {
	case "":
		return 0, true
	case "Infinity", "+Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	if len(s) > 2 && s[0] == '0' {
		if base := map[byte]int{'x': 16, 'X': 16, 'o': 8, 'O': 8, 'b': 2, 'B': 2}[s[1]]; base != 0 {
			n, err := strconv.ParseUint(s[2:], base, 64)
			return float64(n), err == nil
		}
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789+-.eE", r) }) {
		return 0, false // what ParseFloat takes beyond that: inf, nan, 0x1p4, 1_000
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// same is the specification's ==: strict, without conversion; arrays and objects are never the same as anything.
func same(a, b Value) bool {
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case KindNumber:
		return a.number() == b.number()
	case KindString:
		return a.str == b.str
	case KindNull, KindBool, KindColor:
		return a.bits == b.bits
	}
	return false
}
