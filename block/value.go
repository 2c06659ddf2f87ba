package block

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Type is the type of a field's values.
type Type uint8

// The types of values. Time is milliseconds UTC since 1970; Date is days since 1970-01-01 in the city's own calendar.
const (
	Null Type = iota
	Bool
	Int
	Float
	Text
	Bytes
	Time
	Date
	Ref // the ID of another record
)

var typeNames = [...]string{"null", "bool", "int", "float", "text", "bytes", "time", "date", "ref"}

func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("type(%d)", uint8(t))
}

// Value is one field of a record: a small tagged union, comparable with ==. The zero Value is Null.
type Value struct {
	typ Type
	num int64 // Bool, Int, Time, Date; Float as its bits
	str string
}

// Constructors, one a type.
func BoolValue(v bool) Value {
	if v {
		return Value{typ: Bool, num: 1}
	}
	return Value{typ: Bool}
}

// IntValue returns an Int.
func IntValue(v int64) Value { return Value{typ: Int, num: v} }

// FloatValue returns a Float; NaN becomes Null and -0 becomes 0, so that equal values have equal bits.
func FloatValue(v float64) Value {
	if math.IsNaN(v) {
		return Value{}
	}
	if v == 0 {
		v = 0
	}
	return Value{typ: Float, num: int64(math.Float64bits(v))}
}

// TextValue returns a Text. The empty text is a value and not Null.
func TextValue(v string) Value { return Value{typ: Text, str: v} }

// BytesValue returns Bytes and copies v.
func BytesValue(v []byte) Value { return Value{typ: Bytes, str: string(v)} }

// TimeValue returns a Time in whole milliseconds; the zero time is Null.
func TimeValue(t time.Time) Value {
	if t.IsZero() {
		return Value{}
	}
	return Value{typ: Time, num: t.UnixMilli()}
}

// DateValue returns the Date of the calendar day that t shows in its own location.
func DateValue(t time.Time) Value {
	if t.IsZero() {
		return Value{}
	}
	y, m, d := t.Date()
	return Value{typ: Date, num: time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400}
}

// RefValue returns a reference; the zero ID is Null.
func RefValue(id ID) Value {
	if id.IsZero() {
		return Value{}
	}
	return Value{typ: Ref, str: string(id[:])}
}

// NumValue rebuilds a Bool, Int, Time, Date or (from its bits) Float as decoders read it; other types are Null.
func NumValue(t Type, num int64) Value {
	switch t {
	case Bool:
		return BoolValue(num != 0)
	case Int, Time, Date:
		return Value{typ: t, num: num}
	case Float:
		return FloatValue(math.Float64frombits(uint64(num)))
	}
	return Value{}
}

// Type returns the value's type.
func (v Value) Type() Type { return v.typ }

// IsNull reports whether there is no value.
func (v Value) IsNull() bool { return v.typ == Null }

// Bool, Int, Float, Text, Bytes, Time, Date and Ref return the content, or the zero value when the type is another.
// Float also converts an Int.
func (v Value) Bool() bool { return v.typ == Bool && v.num != 0 }

// Int returns an Int's content.
func (v Value) Int() int64 {
	if v.typ == Int {
		return v.num
	}
	return 0
}

// Num returns the raw number of a Bool, Int, Time, Date or the bits of a Float, for encoders.
func (v Value) Num() int64 { return v.num }

// Float returns a Float's content or an Int's as a float.
func (v Value) Float() float64 {
	switch v.typ {
	case Float:
		return math.Float64frombits(uint64(v.num))
	case Int:
		return float64(v.num)
	}
	return 0
}

// Text returns a Text's content.
func (v Value) Text() string {
	if v.typ == Text {
		return v.str
	}
	return ""
}

// Raw returns the bytes of a Text, Bytes or Ref, for encoders.
func (v Value) Raw() string { return v.str }

// Time returns a Time's content in UTC.
func (v Value) Time() time.Time {
	if v.typ != Time {
		return time.Time{}
	}
	return time.UnixMilli(v.num).UTC()
}

// Date returns a Date's content as midnight UTC of that day.
func (v Value) Date() time.Time {
	if v.typ != Date {
		return time.Time{}
	}
	return time.Unix(v.num*86400, 0).UTC()
}

// Ref returns a Ref's content.
func (v Value) Ref() ID {
	var id ID
	if v.typ == Ref && len(v.str) == 16 {
		copy(id[:], v.str)
	}
	return id
}

// Plain returns the value as people and exports read it: numbers in decimal, times in RFC 3339 UTC, dates as
// 2006-01-02, references as UUIDs, bytes in hexadecimal, Null empty.
func (v Value) Plain() string {
	switch v.typ {
	case Bool:
		return strconv.FormatBool(v.num != 0)
	case Int:
		return strconv.FormatInt(v.num, 10)
	case Float:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case Text:
		return v.str
	case Bytes:
		return fmt.Sprintf("%x", v.str)
	case Time:
		return v.Time().Format(time.RFC3339)
	case Date:
		return v.Date().Format(time.DateOnly)
	case Ref:
		return v.Ref().String()
	}
	return ""
}

// ParseValue reads what Plain writes, in the given type; empty text is Null. Text that does not fit is ErrInvalid.
func ParseValue(t Type, text string) (Value, error) {
	if text == "" {
		return Value{}, nil
	}
	bad := func() (Value, error) { return Value{}, fmt.Errorf("not a value of type %s: %w", t, ErrInvalid) }
	switch t {
	case Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return bad()
		}
		return BoolValue(b), nil
	case Int:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return bad()
		}
		return IntValue(n), nil
	case Float:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(f, 0) {
			return bad()
		}
		return FloatValue(f), nil
	case Text:
		return TextValue(text), nil
	case Time:
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return bad()
		}
		return TimeValue(at), nil
	case Date:
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return bad()
		}
		return DateValue(at), nil
	case Ref:
		id, err := ParseID(text)
		if err != nil {
			return bad()
		}
		return RefValue(id), nil
	}
	return bad()
}
