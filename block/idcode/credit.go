package idcode

import (
	"fmt"
	"strings"
)

// CreditForm tells which kind of number a CreditCode is.
type CreditForm uint8

// Unified is the 18-character code of GB 32100-2015; the others are what old records hold instead.
const (
	NoCode CreditForm = iota
	Unified
	Organisation // 9 characters, GB 11714
	Registration // 15 digits, business registration number
)

// CreditCode is a checked number of an organisation. It is public, printed on every licence, and therefore a plain value
// that may be compared, printed and logged. The zero value holds none.
type CreditCode struct {
	text string
	form CreditForm
}

const (
	creditWhat     = "credit code"
	creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY" // no I O Z S V
)

// ParseCredit reads a unified social credit code: registering authority, category (both may be letters), six digits of
// region, nine characters of organisation code, check character. Width, case, blanks and hyphens are put right. A wrong
// check character is an error; one of the organisation code inside is a warning, because old codes break it. Organisation
// codes of 9 characters and registration numbers of 15 digits are accepted with the warning OldForm; the latter have no
// check that all issuers kept. Errors are *[CodeError].
func ParseCredit(text string) (CreditCode, []Warning, error) {
	fail := func(why Reason) (CreditCode, []Warning, error) { return CreditCode{}, nil, &CodeError{creditWhat, why} }
	s, changed, err := read(creditWhat, text, "-－—")
	if err != nil {
		return CreditCode{}, nil, err
	}
	var warn []Warning
	if changed {
		warn = append(warn, Repaired)
	}
	switch len(s) {
	case 18:
		if strings.Trim(s, creditAlphabet) != "" || !inAlphabet(s) || !digits(s[2:8]) {
			return fail(BadChar)
		}
		if s[17] != creditCheck(s[:17]) {
			return fail(BadCheck)
		}
		if organisationCheck(s[8:16]) != s[16] {
			warn = append(warn, InnerCheck)
		}
		return CreditCode{s, Unified}, warn, nil
	case 15:
		if !digits(s) {
			return fail(BadChar)
		}
		return CreditCode{s, Registration}, append(warn, OldForm), nil
	case 9:
		for i := range len(s) {
			if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') || i == 8 && c > '9' && c != 'X' {
				return fail(BadChar)
			}
		}
		if organisationCheck(s[:8]) != s[8] {
			return fail(BadCheck)
		}
		return CreditCode{s, Organisation}, append(warn, OldForm), nil
	}
	return fail(BadLength)
}

func inAlphabet(s string) bool {
	for i := range len(s) {
		if strings.IndexByte(creditAlphabet, s[i]) < 0 {
			return false
		}
	}
	return true
}

// creditCheck computes the 18th character from the 17 before it, which are all in the alphabet.
func creditCheck(s string) byte {
	sum, weight := 0, 1
	for i := range len(s) {
		sum += strings.IndexByte(creditAlphabet, s[i]) * weight
		weight = weight * 3 % 31
	}
	return creditAlphabet[(31-sum%31)%31]
}

// organisationCheck computes the ninth character of an organisation code from eight digits and letters (GB 11714).
func organisationCheck(s string) byte {
	sum := 0
	for i, w := range [8]int{3, 7, 9, 10, 5, 8, 4, 2} {
		v := int(s[i] - '0')
		if s[i] >= 'A' {
			v = int(s[i]-'A') + 10
		}
		sum += v * w
	}
	switch c := 11 - sum%11; c {
	case 10:
		return 'X'
	case 11:
		return '0'
	default:
		return byte('0' + c)
	}
}

// SyntheticCredit makes the n-th code of an organisation that does not exist: authority 9, the given category, region
// 990000, letters MA in front of the organisation code. Codes of different n below 31^6 (887 million) differ.
func SyntheticCredit(category byte, n uint64) CreditCode {
	if strings.IndexByte(creditAlphabet, category) < 0 {
		category = '1'
	}
	var b [18]byte
	b[0], b[1] = '9', category
	copy(b[2:], TestRegionCode)
	b[8], b[9] = 'M', 'A'
	for i := 15; i >= 10; i-- {
		b[i] = creditAlphabet[n%31]
		n /= 31
	}
	b[16] = organisationCheck(string(b[8:16]))
	b[17] = creditCheck(string(b[:17]))
	return CreditCode{string(b[:]), Unified}
}

// String returns the code in capitals without separators.
func (c CreditCode) String() string { return c.text }

// MarshalText gives String.
func (c CreditCode) MarshalText() ([]byte, error) { return []byte(c.text), nil }

// UnmarshalText accepts what ParseCredit accepts; empty text is the zero value.
func (c *CreditCode) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*c = CreditCode{}
		return nil
	}
	v, _, err := ParseCredit(string(text))
	if err != nil {
		return fmt.Errorf("unmarshal: %w", err)
	}
	*c = v
	return nil
}

// Form returns which kind of number it is.
func (c CreditCode) Form() CreditForm { return c.form }

// IsZero reports whether there is no code.
func (c CreditCode) IsZero() bool { return c.form == NoCode }

// Authority and Category return positions 1 and 2 of a unified code, 0 of others.
func (c CreditCode) Authority() byte {
	if c.form != Unified {
		return 0
	}
	return c.text[0]
}

// Category returns position 2 of a unified code, 0 of others.
func (c CreditCode) Category() byte {
	if c.form != Unified {
		return 0
	}
	return c.text[1]
}

// Region returns the six digits of the registering region of a unified code, empty of others.
func (c CreditCode) Region() string {
	if c.form != Unified {
		return ""
	}
	return c.text[2:8]
}

// Organisation returns the nine characters of the organisation code, empty in a registration number.
func (c CreditCode) Organisation() string {
	switch c.form {
	case Unified:
		return c.text[8:17]
	case Organisation:
		return c.text
	}
	return ""
}
