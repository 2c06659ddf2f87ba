package idcode

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// TestRegionCode is the unassigned region from which synthetic identity numbers are made.
const TestRegionCode = "990000"

// IdentityNumber is a checked resident identity number of 18 characters. The zero value holds none. It cannot be
// compared with ==: use [IdentityNumber.Equal].
type IdentityNumber struct {
	// A function, because fmt prints nothing of it but an address, also where the number sits in an unexported field of
	// somebody else's struct and our own methods are not asked. Pointers are followed there when the verb is wrong.
	open func() *identity
}

type identity struct {
	text, original string
	birth          time.Time
}

func seal(v identity) IdentityNumber { return IdentityNumber{func() *identity { return &v }} }

// Rules says what is accepted beyond the number's own arithmetic. The zero Rules accepts real numbers only.
type Rules struct {
	AllowTest bool                   // accept region 990000: test and synthetic data only
	Region    func(code string) bool // knows six-digit regions, old and new; nil: only the provinces are checked
	Today     time.Time              // when set, later dates of birth are refused
}

const identityWhat = "identity number"

// provinces are the first two digits of GB/T 2260, with 81, 82 and 83 for residence permits of people from Hong Kong,
// Macao and Taiwan.
var provinces = strings.Fields("11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83")

// Identity reads a resident identity number (GB 11643-1999) or a residence permit's (regions 810000, 820000, 830000).
//
// Lower-case x, full-width digits and blanks are put right. An old number of 15 digits is converted: 19 goes before the
// year and a check digit after the end; Original keeps the text. A region that no list knows is a warning, because old
// numbers carry abolished codes; region 990000 is refused unless the rules allow it. Errors are *[CodeError].
func (r Rules) Identity(text string) (IdentityNumber, []Warning, error) {
	fail := func(why Reason) (IdentityNumber, []Warning, error) {
		return IdentityNumber{}, nil, &CodeError{identityWhat, why}
	}
	s, changed, err := read(identityWhat, text, "")
	if err != nil {
		return IdentityNumber{}, nil, err
	}
	var warn []Warning
	if changed {
		warn = append(warn, Repaired)
	}
	switch len(s) {
	case 15:
		if !digits(s) {
			return fail(BadChar)
		}
		if s[12:] >= "996" {
			warn = append(warn, CenturyUnsure)
		}
		s = s[:6] + "19" + s[6:]
		s += string(identityCheck(s))
		warn = append(warn, Converted15)
	case 18:
		if !digits(s[:17]) || s[17] != 'X' && !digits(s[17:]) {
			return fail(BadChar)
		}
	default:
		return fail(BadLength)
	}
	birth, err := time.Parse("20060102", s[6:14])
	if err != nil || birth.Year() < 1800 || !r.Today.IsZero() && birth.After(r.Today) {
		return fail(BadDate)
	}
	if s[17] != identityCheck(s[:17]) {
		return fail(BadCheck)
	}
	switch region := s[:6]; {
	case region == TestRegionCode:
		if !r.AllowTest {
			return fail(TestRegion)
		}
	case !slices.Contains(provinces, region[:2]), region[:2] > "80" && region[2:] != "0000",
		r.Region != nil && region[:2] <= "80" && !r.Region(region):
		warn = append(warn, UnknownRegion)
	}
	return seal(identity{s, text, birth}), warn, nil
}

// identityCheck computes the 18th character from the 17 digits before it (ISO 7064 MOD 11-2).
func identityCheck(s string) byte {
	sum := 0
	for i, w := range [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(s[i]-'0') * w
	}
	return "10X98765432"[sum%11]
}

// SyntheticIdentity makes the number of somebody who does not exist: region 990000, the given day of birth (years 1800 to
// 9999) and sequence (its last three digits; odd is male). Rules with AllowTest accept it.
func SyntheticIdentity(birth time.Time, sequence int) IdentityNumber {
	birth = time.Date(birth.Year(), birth.Month(), birth.Day(), 0, 0, 0, 0, time.UTC)
	var b [18]byte
	copy(b[:], TestRegionCode)
	birth.AppendFormat(b[6:6], "20060102")
	n := ((sequence % 1000) + 1000) % 1000
	b[14], b[15], b[16] = byte('0'+n/100), byte('0'+n/10%10), byte('0'+n%10)
	b[17] = identityCheck(string(b[:17]))
	s := string(b[:])
	return seal(identity{s, s, birth})
}

// IsZero reports whether there is no number.
func (n IdentityNumber) IsZero() bool { return n.open == nil }

// Equal reports whether both hold the same number, however it was written.
func (n IdentityNumber) Equal(m IdentityNumber) bool { return n.Reveal() == m.Reveal() }

// Reveal returns the 18 characters. What it returns must not reach a log, an error or a file name.
func (n IdentityNumber) Reveal() string {
	if n.open == nil {
		return ""
	}
	return n.open().text
}

// Original returns the text that was read, as sensitive as the number.
func (n IdentityNumber) Original() string {
	if n.open == nil {
		return ""
	}
	return n.open().original
}

// Masked returns the number as 440305********1234.
func (n IdentityNumber) Masked() string {
	if n.open == nil {
		return ""
	}
	return n.open().text[:6] + "********" + n.open().text[14:]
}

// Region returns the six digits of the place of first registration, which need not exist any more.
func (n IdentityNumber) Region() string {
	if n.open == nil {
		return ""
	}
	return n.open().text[:6]
}

// Birth returns the day of birth at midnight UTC.
func (n IdentityNumber) Birth() time.Time {
	if n.open == nil {
		return time.Time{}
	}
	return n.open().birth
}

// Sex returns the code of GB/T 2261.1: "1" male, "2" female, "0" without a number.
func (n IdentityNumber) Sex() string {
	switch {
	case n.open == nil:
		return "0"
	case n.open().text[16]%2 == 1:
		return "1"
	}
	return "2"
}

// Synthetic reports whether the number is from the test region.
func (n IdentityNumber) Synthetic() bool { return n.Region() == TestRegionCode }

// String returns Masked.
func (n IdentityNumber) String() string { return n.Masked() }

// Format writes Masked for every verb, %#v and %x included.
func (n IdentityNumber) Format(f fmt.State, _ rune) { io.WriteString(f, n.Masked()) }

// LogValue is Masked.
func (n IdentityNumber) LogValue() slog.Value { return slog.StringValue(n.Masked()) }

// MarshalJSON gives Masked as a string.
func (n IdentityNumber) MarshalJSON() ([]byte, error) { return json.Marshal(n.Masked()) }

// MarshalText gives Masked, for XML and map keys.
func (n IdentityNumber) MarshalText() ([]byte, error) { return []byte(n.Masked()), nil }
