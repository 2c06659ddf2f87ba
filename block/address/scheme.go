package address

import (
	"fmt"
	"strings"

	"kuaitu/block"
)

// Charset is the characters a part of a code may hold.
type Charset uint8

// Digits are 0–9, Letters A–Z, Alnum both.
const (
	Digits Charset = iota
	Letters
	Alnum
)

// ParseCharset reads "digits", "letters" or "alnum".
func ParseCharset(s string) (Charset, error) {
	for i, n := range [...]string{"digits", "letters", "alnum"} {
		if s == n {
			return Charset(i), nil
		}
	}
	return 0, fmt.Errorf("character set %q is none of digits, letters, alnum: %w", s, block.ErrInvalid)
}

func (c Charset) holds(b byte) bool {
	digit, letter := b >= '0' && b <= '9', b >= 'A' && b <= 'Z'
	return c != Letters && digit || c != Digits && letter
}

// Names is what a code stops at: the thing that a prefix of it names.
type Names uint8

// The things that codes name.
const (
	NamesNothing Names = iota
	NamesProvince
	NamesCity
	NamesDistrict
	NamesStreet
	NamesCommunity
	NamesGrid
	NamesBuilding
	NamesRoom
)

var nameWords = [...]string{"", "province", "city", "district", "street", "community", "grid", "building", "room"}

func (n Names) String() string {
	if int(n) < len(nameWords) {
		return nameWords[n]
	}
	return "unknown"
}

// ParseNames reads what String writes.
func ParseNames(s string) (Names, error) {
	for i, w := range nameWords {
		if i > 0 && s == w {
			return Names(i), nil
		}
	}
	return 0, fmt.Errorf("%q is nothing that a code names: %w", s, block.ErrInvalid)
}

// Part is one part of a scheme's codes, from the left. With it a code names Names.
type Part struct {
	Names   Names
	Width   int
	Charset Charset
	Values  map[string]string // dictionary value → label; nil: any value
}

// Scheme is the structure of a city's address codes as a table. Immutable after NewScheme.
type Scheme struct {
	id    string
	parts []Part
}

// maxSchemeWidth bounds the length of a scheme's codes.
const maxSchemeWidth = 64

// NewScheme checks a table: at least one part, widths of 1 to 64 characters in all, every part naming something lower than
// the one before, dictionary values of the right form. Faults are block.ErrInvalid.
func NewScheme(id string, parts []Part) (*Scheme, error) {
	fault := func(format string, a ...any) (*Scheme, error) {
		return nil, fmt.Errorf("code scheme %s: %s: %w", id, fmt.Sprintf(format, a...), block.ErrInvalid)
	}
	if id == "" || strings.ContainsAny(id, " :") {
		return fault("the name is empty or holds a blank or a colon")
	}
	if len(parts) == 0 {
		return fault("there are no parts")
	}
	s := &Scheme{id: id, parts: append([]Part(nil), parts...)}
	width, last := 0, NamesNothing
	for i, p := range parts {
		width += p.Width
		switch {
		case p.Width < 1 || width > maxSchemeWidth:
			return fault("part %d has width %d", i+1, p.Width)
		case p.Names <= last || p.Names > NamesRoom:
			return fault("part %d names a %s, which does not lie below a %s", i+1, p.Names, last)
		case p.Charset > Alnum:
			return fault("part %d has no character set", i+1)
		}
		for v := range p.Values {
			if !p.fits(v) {
				return fault("the dictionary of part %d holds %q", i+1, v)
			}
		}
		last = p.Names
	}
	return s, nil
}

func (p Part) fits(v string) bool {
	if len(v) != p.Width {
		return false
	}
	for i := range len(v) {
		if !p.Charset.holds(v[i]) {
			return false
		}
	}
	return true
}

// Shenzhen25 is the scheme of 《社会管理要素统一地址规范》 (2018): 25 digits without a check digit, so that a typing error
// shows only against the library of codes. Prefixes of 12, 14, 19 and 25 digits name community, grid, building and room.
var Shenzhen25 = func() *Scheme {
	s, err := NewScheme("sz25", []Part{
		{Names: NamesProvince, Width: 2}, {Names: NamesCity, Width: 2}, {Names: NamesDistrict, Width: 2}, {Names: NamesStreet, Width: 3},
		{Names: NamesCommunity, Width: 3}, {Names: NamesGrid, Width: 2}, {Names: NamesBuilding, Width: 5}, {Names: NamesRoom, Width: 6},
	})
	if err != nil {
		panic(err) // our own table, covered by a test
	}
	return s
}()

// ID returns the scheme's name, under which codes are stored.
func (s *Scheme) ID() string { return s.id }

// Width returns the length of a code that names n; 0 when codes of the scheme name no such thing.
func (s *Scheme) Width(n Names) int {
	w := 0
	for _, p := range s.parts {
		w += p.Width
		if p.Names == n {
			return w
		}
	}
	return 0
}

// CodeError says what is wrong with a code: of which scheme, and from which character on (from 1; 0 for the length).
type CodeError struct {
	Scheme string
	At     int
	Reason string
}

func (e *CodeError) Error() string {
	if e.At == 0 {
		return fmt.Sprintf("%s code %s", e.Scheme, e.Reason)
	}
	return fmt.Sprintf("%s code %s at character %d", e.Scheme, e.Reason, e.At)
}

// Is makes a CodeError a block.ErrInvalid.
func (e *CodeError) Is(target error) bool { return target == block.ErrInvalid }

// Code is a code that fits its scheme. Comparable.
type Code struct {
	scheme *Scheme
	text   string
	names  Names
}

// Parse reads a code or a prefix of one that ends with a part. Full-width characters, small letters, blanks and hyphens
// are put right. Errors are *[CodeError].
func (s *Scheme) Parse(text string) (Code, error) {
	t, err := plainCode(s.id, text)
	if err != nil {
		return Code{}, err
	}
	at := 0
	for _, p := range s.parts {
		if len(t)-at < p.Width {
			return Code{}, &CodeError{s.id, 0, fmt.Sprintf("has %d characters, which ends inside the %s", len(t), p.Names)}
		}
		v := t[at : at+p.Width]
		for i := range len(v) {
			if !p.Charset.holds(v[i]) {
				return Code{}, &CodeError{s.id, at + i + 1, "holds a character that the " + p.Names.String() + " may not have"}
			}
		}
		if p.Values != nil {
			if _, ok := p.Values[v]; !ok {
				return Code{}, &CodeError{s.id, at + 1, "holds an unknown " + p.Names.String()}
			}
		}
		at += p.Width
		if at == len(t) {
			return Code{s, t, p.Names}, nil
		}
	}
	return Code{}, &CodeError{s.id, 0, fmt.Sprintf("has %d characters, more than %d", len(t), at)}
}

// plainCode puts width and case right, takes out blanks and hyphens and refuses what a spreadsheet has rounded.
func plainCode(scheme, text string) (string, error) {
	if len(text) > 4*maxSchemeWidth {
		return "", &CodeError{scheme, 0, "is far too long"}
	}
	var b strings.Builder
	for _, r := range text {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		switch {
		case r == ' ' || r == '\t' || r == '\u3000' || r == '\u00a0' || r == '-' || r == '\ufeff':
			continue
		case r >= 'a' && r <= 'z':
			r -= 'a' - 'A'
		case r == '+' || r == '.':
			return "", &CodeError{scheme, 0, "was turned into a rounded number by a spreadsheet"}
		case r <= ' ' || r > '~':
			return "", &CodeError{scheme, b.Len() + 1, "holds a character that no code has"}
		}
		b.WriteByte(byte(r))
	}
	if b.Len() == 0 {
		return "", &CodeError{scheme, 0, "is empty"}
	}
	return b.String(), nil
}

// String returns the characters without separators.
func (c Code) String() string { return c.text }

// Scheme returns the scheme's name.
func (c Code) Scheme() string {
	if c.scheme == nil {
		return ""
	}
	return c.scheme.id
}

// Names returns what the code names.
func (c Code) Names() Names { return c.names }

// Part returns the characters of the part that names n, empty when the code stops before it.
func (c Code) Part(n Names) string {
	if c.scheme == nil {
		return ""
	}
	at := 0
	for _, p := range c.scheme.parts {
		if at+p.Width > len(c.text) {
			break
		}
		if p.Names == n {
			return c.text[at : at+p.Width]
		}
		at += p.Width
	}
	return ""
}

// Prefix returns the code of the n that was around this one when it was given; false when the scheme has none or the code
// stops before it. It says nothing of where the thing lies today.
func (c Code) Prefix(n Names) (Code, bool) {
	if c.scheme == nil {
		return Code{}, false
	}
	w := c.scheme.Width(n)
	if w == 0 || w > len(c.text) {
		return Code{}, false
	}
	return Code{c.scheme, c.text[:w], n}, true
}

// RoomCode and BuildingCode are codes of one thing each, so that two cannot be swapped.
type (
	RoomCode     struct{ Code }
	BuildingCode struct{ Code }
)

// ParseRoom reads a code that names a room.
func (s *Scheme) ParseRoom(text string) (RoomCode, error) {
	c, err := s.exactly(NamesRoom, text)
	return RoomCode{c}, err
}

// ParseBuilding reads a code that names a building.
func (s *Scheme) ParseBuilding(text string) (BuildingCode, error) {
	c, err := s.exactly(NamesBuilding, text)
	return BuildingCode{c}, err
}

func (s *Scheme) exactly(n Names, text string) (Code, error) {
	c, err := s.Parse(text)
	if err != nil {
		return Code{}, err
	}
	if c.names != n {
		return Code{}, &CodeError{s.id, 0, fmt.Sprintf("names a %s, not a %s", c.names, n)}
	}
	return c, nil
}
