// Package idcode reads and checks the numbers that name people and organisations in China: the resident identity number
// (GB 11643-1999), the unified social credit code (GB 32100-2015) and the disabled person's certificate.
//
// Start from [Rules.Identity] and [ParseCredit]. A number that cannot be right is a *[CodeError]; one that is merely
// unusual comes back with a [Warning]. An [IdentityNumber] is sensitive: however it is printed, logged or encoded it
// shows only 440305********1234, and [IdentityNumber.Reveal] is the one way to the digits. Everything is pure.
package idcode

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"kuaitu/block"
)

// Reason says why a number was refused. Its text is a key for reports and translations.
type Reason string

// The reasons for which numbers are refused.
const (
	Empty      Reason = "empty"
	BadLength  Reason = "bad-length"
	BadChar    Reason = "bad-character"
	BadDate    Reason = "impossible-date"
	BadCheck   Reason = "wrong-check-digit"
	TestRegion Reason = "test-region"              // 990000 outside test data
	Destroyed  Reason = "destroyed-by-spreadsheet" // 4.40305E+17: digits are lost for ever
	BadClass   Reason = "bad-category-or-grade"    // of a disabled person's certificate
)

var reasonText = map[Reason]string{
	Empty: "is empty", BadLength: "has a length that no such number has", BadChar: "holds a character that does not belong there",
	BadDate: "holds a date of birth that does not exist or lies ahead", BadCheck: "has a wrong check digit",
	TestRegion: "is from the test region 990000", Destroyed: "was turned into a rounded number by a spreadsheet",
	BadClass: "has an unknown category or grade",
}

// CodeError says why a number was refused. It never holds the number itself.
type CodeError struct {
	What   string // "identity number", "credit code", "disability certificate"
	Reason Reason
}

func (e *CodeError) Error() string { return fmt.Sprintf("%s %s", e.What, reasonText[e.Reason]) }

// Is makes a CodeError a block.ErrInvalid.
func (e *CodeError) Is(target error) bool { return target == block.ErrInvalid }

// Warning is something unusual about a number that is accepted. Its text is a key for reports and translations.
type Warning string

// The warnings.
const (
	UnknownRegion Warning = "unknown-region"    // the region is in no list, old or new
	Converted15   Warning = "converted-from-15" // an old number; the original text is kept
	CenturyUnsure Warning = "century-unsure"    // sequence 996–999 of an old number: born before 1900, if the issuer kept the rule
	InnerCheck    Warning = "inner-check"       // organisation code with a wrong check character (GB 11714)
	OldForm       Warning = "old-form"          // a 9-character organisation code or a 15-digit registration number
	Repaired      Warning = "repaired"          // width, case, blanks or separators were put right
)

// maxInput bounds what is looked at; no such number is near it even with blanks in between.
const maxInput = 256

// plain puts width and case right and takes out blanks and separators. changed tells whether it had anything to do.
func plain(text, separators string) (s string, changed bool) {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r >= '！' && r <= '～': // full-width copies of ! to ~
			r -= '！' - '!'
		case r == '\u3000' || r == '\u00a0' || r == '\ufeff' || r == '\u200b':
			r = ' '
		}
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		if r <= ' ' || strings.ContainsRune(separators, r) {
			continue
		}
		b.WriteRune(r)
	}
	return b.String(), b.String() != text
}

// destroyed tells whether a spreadsheet has made a rounded number of it: 4.40305E+17, 440305199001010000.0.
func destroyed(s string) bool {
	mantissa, exponent, ok := strings.Cut(s, "E")
	if ok && exponent != "" && strings.Trim(exponent, "+0123456789") == "" && strings.Trim(mantissa, ".0123456789") == "" && strings.ContainsAny(s, ".+") {
		return true
	}
	return !ok && strings.Count(s, ".") == 1 && strings.Trim(s, ".0123456789") == ""
}

func digits(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// read is the common beginning: bounds, empty text, spreadsheets.
func read(what, text, separators string) (s string, changed bool, err error) {
	if len(text) > maxInput {
		return "", false, &CodeError{what, BadLength}
	}
	if !utf8.ValidString(text) {
		return "", false, &CodeError{what, BadChar}
	}
	s, changed = plain(text, separators)
	switch {
	case s == "":
		return "", false, &CodeError{what, Empty}
	case destroyed(s):
		return "", false, &CodeError{what, Destroyed}
	}
	return s, changed, nil
}
