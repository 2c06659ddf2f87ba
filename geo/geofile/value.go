package geofile

import (
	"strconv"
	"strings"

	"github.com/paulmach/orb"
)

// Kind is what the file says a value is.
type Kind uint8

// Kinds of values. A whole number that does not fit 64 bits is Text: it is a code.
const (
	Null Kind = iota
	Text
	Int
	Float
	Bool
	JSON // an object or array, as JSON text
)

// String names the kind.
func (k Kind) String() string {
	return [...]string{"null", "text", "int", "float", "bool", "json"}[min(k, JSON)]
}

// Value is one value of a record. Text is what the file has, in UTF-8: for numbers every digit as written, for Bool "true"
// or "false", for Null nothing.
type Value struct {
	Kind Kind
	Text string
}

// Int returns the value as a whole number, also when it is kept as text ("12") or as a float without fraction ("12.0").
func (v Value) Int() (int64, bool) {
	if i, err := strconv.ParseInt(v.Text, 10, 64); err == nil {
		return i, true
	}
	f, ok := v.Float()
	if i := int64(f); ok && float64(i) == f && f > -1<<53 && f < 1<<53 {
		return i, true
	}
	return 0, false
}

// Float returns the value as a number, also when it is kept as text.
func (v Value) Float() (float64, bool) {
	if v.Kind == Bool || v.Text == "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(v.Text), 64)
	return f, err == nil
}

// IsNull says whether there is no value.
func (v Value) IsNull() bool { return v.Kind == Null }

// Column is one column of a source, in the order in which values come.
type Column struct {
	Name string
	Kind Kind // Null while nothing but nulls was seen; Text where several kinds mix (Int and Float make Float)
	// Width is the declared length in characters or digits, 0 where the format has none.
	Width int
}

// widen returns the kind of a column that had values of kind a and now one of kind b.
func widen(a, b Kind) Kind {
	switch {
	case a == b || b == Null:
		return a
	case a == Null:
		return b
	case a == Int && b == Float || a == Float && b == Int:
		return Float
	}
	return Text
}

// Feature is one record. It may be kept: nothing of it is used again for the next one.
type Feature struct {
	ID       string       // as in the file: a GeoJSON id, a GeoPackage primary key; "" where there is none
	Line     int64        // 1-based line of a text file, or record of others
	Geometry orb.Geometry // nil where the record has none
	Values   []Value      // in the order of Source.Columns; a row may be shorter than the columns
}

// Value returns the value of column i, Null past the end of the row.
func (f *Feature) Value(i int) Value {
	if i < 0 || i >= len(f.Values) {
		return Value{}
	}
	return f.Values[i]
}

// DestroyedNumber says whether text is a code that a spreadsheet has turned into a rounded number, such as "4.40305E+17":
// its last digits are gone, and no reader can bring them back.
func DestroyedNumber(text string) bool {
	mantissa, exponent, ok := strings.Cut(strings.ToUpper(strings.TrimSpace(text)), "E")
	if !ok || mantissa == "" {
		return false
	}
	exp, err := strconv.Atoi(exponent)
	if err != nil || exp < 11 || exp > 40 { // codes have 12 digits and more
		return false
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	return len(whole) == 1 && whole[0] >= '1' && whole[0] <= '9' && allDigits(fraction)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
