package geofile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// DetectEncoding guesses the encoding of text from its first bytes: "utf-8" (also of plain ASCII), "utf-16le", "utf-16be",
// "gb18030" (which covers GBK and GB 2312), "big5" or "windows-1252". confidence runs from 0 to 1: 1 for a byte order mark,
// 0.5 for ASCII, where nothing tells. A mark of UTF-8 before text that is plainly something else is not believed. b may end
// within a character.
func DetectEncoding(b []byte) (name string, confidence float64) {
	switch {
	case bytes.HasPrefix(b, utf8Mark):
		if body := b[len(utf8Mark):]; mostlyForeign(body) { // some programs put the mark before text of any encoding
			if name, confidence := chineseEncoding(body); confidence >= 0.45 {
				return name, confidence
			}
		}
		return "utf-8", 1
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return "utf-16le", 1
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return "utf-16be", 1
	}
	if even, odd := zeros(b); len(b) >= 4 && (even > len(b)/8 || odd > len(b)/8) {
		if odd > even {
			return "utf-16le", 0.9
		}
		return "utf-16be", 0.9
	}
	body := b
	if k := len(body); k > utf8.UTFMax { // a character cut at the end says nothing
		for i := 1; i < utf8.UTFMax; i++ {
			if utf8.RuneStart(body[k-i]) {
				if !utf8.FullRune(body[k-i:]) {
					body = body[:k-i]
				}
				break
			}
		}
	}
	if utf8.Valid(body) {
		if len(body) == utf8.RuneCount(body) {
			return "utf-8", 0.5
		}
		return "utf-8", 0.99
	}
	return chineseEncoding(b)
}

// chineseEncoding guesses the encoding of text that is not UTF-8, as [DetectEncoding] does.
func chineseEncoding(b []byte) (name string, confidence float64) {
	gb, big := pairScore(b, gbPair), pairScore(b, big5Pair)
	switch {
	case gb < 0.5 && big < 0.5:
		return "windows-1252", 0.3
	case big > gb+0.15: // Chinese on the mainland is the common case
		return "big5", big * 0.9
	}
	return "gb18030", gb * 0.95
}

// utf8Mark is the byte order mark in UTF-8.
var utf8Mark = []byte("\xef\xbb\xbf")

// mostlyForeign reports whether more of b's bytes beyond ASCII break UTF-8 than make characters of it.
func mostlyForeign(b []byte) bool {
	good, broken := 0, 0
	for len(b) > 0 {
		_, n := utf8.DecodeRune(b)
		switch {
		case n > 1:
			good += n
		case b[0] >= utf8.RuneSelf:
			broken++
		}
		b = b[n:]
	}
	return broken > good
}

func zeros(b []byte) (even, odd int) {
	for i, c := range b {
		if c == 0 {
			if i%2 == 0 {
				even++
			} else {
				odd++
			}
		}
	}
	return even, odd
}

// pairScore returns the mean worth of the double bytes of b as an encoding sees them; 0 where one is impossible.
func pairScore(b []byte, worth func(lead, trail byte) (float64, bool)) float64 {
	sum, n := 0.0, 0
	for i := 0; i < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		if i+1 == len(b) {
			break
		}
		if b[i+1] >= 0x30 && b[i+1] <= 0x39 && i+3 < len(b) && b[i+2] >= 0x81 && b[i+3] >= 0x30 && b[i+3] <= 0x39 {
			i, n, sum = i+3, n+1, sum+0.7 // four bytes of GB 18030; nothing in Big5 looks so
			continue
		}
		w, ok := worth(b[i], b[i+1])
		if !ok {
			return 0
		}
		sum += w
		n++
		i++
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func gbPair(lead, trail byte) (float64, bool) {
	switch {
	case lead == 0x80 || lead == 0xff || trail < 0x40 || trail == 0x7f || trail == 0xff:
		return 0, false
	case lead >= 0xb0 && lead <= 0xd7 && trail >= 0xa1: // the common 3,755 of GB 2312
		return 1, true
	case lead >= 0xa1 && lead <= 0xa9 && trail >= 0xa1: // punctuation, full-width forms
		return 0.9, true
	case lead >= 0xd8 && lead <= 0xf7 && trail >= 0xa1:
		return 0.8, true
	}
	return 0.4, true
}

func big5Pair(lead, trail byte) (float64, bool) {
	switch {
	case lead < 0x81 || lead == 0xff || trail < 0x40 || trail > 0x7e && trail < 0xa1 || trail == 0xff:
		return 0, false
	case lead >= 0xa4 && lead <= 0xc6: // the common 5,401
		return 1, true
	case lead >= 0xa1 && lead <= 0xa3:
		return 0.9, true
	case lead >= 0xc9 && lead <= 0xf9:
		return 0.5, true
	}
	return 0.2, true
}

// canonicalEncoding returns our name of an encoding, and false for one we do not know.
func canonicalEncoding(name string) (string, bool) {
	switch key := strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(strings.TrimSpace(name))); key {
	case "utf8", "utf8sig", "utf8bom", "65001", "cp65001", "ascii", "usascii":
		return "utf-8", true
	case "gb18030", "gbk", "gb2312", "cp936", "936", "ms936", "ansi936", "euccn", "xgbk":
		return "gb18030", true
	case "big5", "cp950", "950", "ansi950":
		return "big5", true
	case "utf16le", "utf16":
		return "utf-16le", true
	case "utf16be":
		return "utf-16be", true
	case "windows1252", "cp1252", "1252", "ansi1252", "latin1", "iso88591", "88591":
		return "windows-1252", true
	}
	return "", false
}

// decoderOf returns the decoder of one of our names.
func decoderOf(name string) (*encoding.Decoder, error) {
	switch name {
	case "utf-8", "":
		return encoding.Nop.NewDecoder(), nil
	case "gb18030":
		return simplifiedchinese.GB18030.NewDecoder(), nil
	case "big5":
		return traditionalchinese.Big5.NewDecoder(), nil
	case "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder(), nil
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder(), nil
	case "windows-1252":
		return charmap.Windows1252.NewDecoder(), nil
	}
	return nil, fmt.Errorf("unknown encoding %q", name)
}

// CheckEncoding refuses the name of an encoding that [Options] cannot ask for; "" and "auto" ask for none.
func CheckEncoding(name string) error {
	if name == "" || strings.EqualFold(name, "auto") {
		return nil
	}
	if _, ok := canonicalEncoding(name); !ok {
		return fmt.Errorf("encoding %q is not known; use utf-8, gb18030, gbk, big5 or utf-16", name)
	}
	return nil
}

// textEncoding decides how a text file is read: what the person says, else what its first bytes say.
func (s *Source) textEncoding(opts Options, head []byte) error {
	if opts.Encoding != "" && !strings.EqualFold(opts.Encoding, "auto") {
		if err := CheckEncoding(opts.Encoding); err != nil {
			return s.fileError(0, "%v", err)
		}
		s.Encoding, _ = canonicalEncoding(opts.Encoding)
		return nil
	}
	name, confidence := DetectEncoding(head)
	if name == "utf-8" && confidence == 0.5 {
		tail, err := s.firstForeign()
		if err != nil {
			return err
		}
		if len(tail) > 0 {
			name, confidence = DetectEncoding(tail)
		}
	}
	if bytes.HasPrefix(head, utf8Mark) && name != "utf-8" {
		s.Warnings = append(s.Warnings, fmt.Sprintf("the file begins with the mark of UTF-8, but its text is not; it was read as %s", name))
	}
	if s.Encoding = name; confidence < 0.5 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("the encoding is not certain; %s was assumed", name))
	}
	return nil
}

// firstForeign returns a piece of the file that begins with its first byte beyond ASCII, which may come late: a table of
// numbers with one name at the end. It is empty where all is ASCII.
func (s *Source) firstForeign() ([]byte, error) {
	r, c, err := s.stream()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	buf := make([]byte, 256<<10)
	for {
		n, err := io.ReadFull(r, buf)
		for i, b := range buf[:n] {
			if b >= 0x80 {
				k := copy(buf, buf[i:n])
				more, _ := io.ReadFull(r, buf[k:]) // what cannot be read is reported where it is needed
				return buf[:k+more], nil
			}
		}
		if err != nil {
			return nil, nil // the end, or damage, which reading meets again
		}
	}
}

// errNotUTF8 is the reason for leaving out a record whose text is not what the rest of the file is.
var errNotUTF8 = errors.New("its text is not valid UTF-8; if the file is in another encoding, say which")

// utf8Stream opens the file as UTF-8 text without byte order mark.
func (s *Source) utf8Stream() (io.Reader, io.Closer, error) {
	r, c, err := s.stream()
	if err != nil {
		return nil, nil, err
	}
	if s.Encoding != "utf-8" && s.Encoding != "" {
		d, err := decoderOf(s.Encoding)
		if err != nil {
			c.Close()
			return nil, nil, err
		}
		r = transform.NewReader(&bomSkipper{r: r}, d) // the mark of UTF-8 may stand before other text
	}
	return &bomSkipper{r: r}, c, nil
}

// bomSkipper drops a byte order mark in UTF-8 from the start of r.
type bomSkipper struct {
	r     io.Reader
	begun bool
	rest  []byte
}

func (b *bomSkipper) Read(p []byte) (int, error) {
	if !b.begun {
		b.begun = true
		var head [3]byte
		n, err := io.ReadFull(b.r, head[:])
		if err != nil && n == 0 {
			return 0, err
		}
		if !bytes.Equal(head[:n], utf8Mark) {
			b.rest = append(b.rest, head[:n]...)
		}
	}
	if len(b.rest) > 0 {
		n := copy(p, b.rest)
		b.rest = b.rest[n:]
		return n, nil
	}
	return b.r.Read(p)
}
