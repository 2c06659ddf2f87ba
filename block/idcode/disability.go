package idcode

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// DisabilityCard is a checked number of a disabled person's certificate (残疾人证): an identity number, the category, the
// grade and, when it was issued again, B and a digit. It tells of a person's health and prints masked like the identity
// number in it, category and grade included.
type DisabilityCard struct {
	Identity IdentityNumber
	category byte
	grade    byte
	reissue  byte
}

const disabilityWhat = "disability certificate"

// Disability reads the 20 or 22 characters of a certificate. Category is 1 to 7, grade 1 (heaviest) to 4. The identity
// number in front is read by the same rules. Errors are *[CodeError].
func (r Rules) Disability(text string) (DisabilityCard, []Warning, error) {
	fail := func(why Reason) (DisabilityCard, []Warning, error) {
		return DisabilityCard{}, nil, &CodeError{disabilityWhat, why}
	}
	s, changed, err := read(disabilityWhat, text, "")
	if err != nil {
		return DisabilityCard{}, nil, err
	}
	if len(s) != 20 && len(s) != 22 {
		return fail(BadLength)
	}
	id, warn, err := r.Identity(s[:18])
	if err != nil {
		return DisabilityCard{}, nil, fmt.Errorf("%s: %w", disabilityWhat, err)
	}
	if changed {
		warn = append(warn, Repaired)
	}
	c := DisabilityCard{Identity: id, category: s[18] - '0', grade: s[19] - '0'}
	if c.category < 1 || c.category > 7 || c.grade < 1 || c.grade > 4 {
		return fail(BadClass)
	}
	if len(s) == 22 {
		if s[20] != 'B' || s[21] < '1' || s[21] > '9' {
			return fail(BadChar)
		}
		c.reissue = s[21] - '0'
	}
	return c, warn, nil
}

// Category returns 1 视力, 2 听力, 3 言语, 4 肢体, 5 智力, 6 精神 or 7 多重.
func (c DisabilityCard) Category() int { return int(c.category) }

// Grade returns 1, the heaviest, to 4.
func (c DisabilityCard) Grade() int { return int(c.grade) }

// Reissue returns how often the certificate was issued again, 0 when it is the first.
func (c DisabilityCard) Reissue() int { return int(c.reissue) }

// Reveal returns the 20 or 22 characters; see [IdentityNumber.Reveal].
func (c DisabilityCard) Reveal() string {
	if c.Identity.IsZero() {
		return ""
	}
	s := c.Identity.Reveal() + string('0'+rune(c.category)) + string('0'+rune(c.grade))
	if c.reissue > 0 {
		s += "B" + string('0'+rune(c.reissue))
	}
	return s
}

// Masked returns 440305********1234** and nothing of category and grade.
func (c DisabilityCard) Masked() string {
	if c.Identity.IsZero() {
		return ""
	}
	return c.Identity.Masked() + "**"
}

// String returns Masked.
func (c DisabilityCard) String() string { return c.Masked() }

// Format writes Masked for every verb.
func (c DisabilityCard) Format(f fmt.State, _ rune) { io.WriteString(f, c.Masked()) }

// LogValue is Masked.
func (c DisabilityCard) LogValue() slog.Value { return slog.StringValue(c.Masked()) }

// MarshalJSON gives Masked as a string.
func (c DisabilityCard) MarshalJSON() ([]byte, error) { return json.Marshal(c.Masked()) }
