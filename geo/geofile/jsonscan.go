package geofile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// jsonScanner cuts a stream of JSON into values: each comes as contiguous bytes, good until the next call. It knows strings
// and brackets, not grammar; what is within a value is for whoever parses it.
type jsonScanner struct {
	r        io.Reader
	buf      []byte
	pos, end int
	line     int64 // of buf[pos], 1-based
	eof      bool
	err      error
}

const (
	maxJSONValue = 256 << 20 // bytes of one value; a province in one feature has some megabytes
	maxJSONDepth = 64
)

var (
	errJSONEnd   = errors.New("the file ends in the middle")
	errJSONSize  = fmt.Errorf("a value is longer than %d MB", maxJSONValue>>20)
	errJSONDepth = fmt.Errorf("values are nested deeper than %d", maxJSONDepth)
)

func newJSONScanner(r io.Reader) *jsonScanner {
	return &jsonScanner{r: r, buf: make([]byte, 64<<10), line: 1}
}

// fill reads more; false at the end of the stream or after an error. What lies from pos on stays, at a new place.
func (s *jsonScanner) fill() bool {
	if s.eof || s.err != nil {
		return false
	}
	if s.pos > 0 {
		s.end = copy(s.buf, s.buf[s.pos:s.end])
		s.pos = 0
	}
	if s.end == len(s.buf) {
		if len(s.buf) >= maxJSONValue {
			s.err = errJSONSize
			return false
		}
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err == io.EOF {
			s.eof = true
		} else if err != nil {
			s.err = err
		}
		if n > 0 || err != nil {
			return n > 0
		}
	}
	s.err = io.ErrNoProgress
	return false
}

// peek returns the next byte that is no space, and 0 at the end. Record separators (RFC 8142) count as space.
func (s *jsonScanner) peek() byte {
	for {
		for s.pos < s.end {
			switch c := s.buf[s.pos]; c {
			case '\n':
				s.line++
				s.pos++
			case ' ', '\t', '\r', 0x1e:
				s.pos++
			default:
				return c
			}
		}
		if !s.fill() {
			return 0
		}
	}
}

// next consumes the byte that peek returned.
func (s *jsonScanner) next() { s.pos++ }

// value returns the next value and the line it begins on.
func (s *jsonScanner) value() ([]byte, int64, error) {
	c := s.peek()
	line := s.line
	if c == 0 {
		return nil, line, s.endError()
	}
	n, err := s.length(c)
	if err != nil {
		return nil, line, err
	}
	v := s.buf[s.pos : s.pos+n]
	s.pos += n
	s.line += int64(bytes.Count(v, []byte{'\n'}))
	return v, line, nil
}

func (s *jsonScanner) endError() error {
	if s.err != nil {
		return s.err
	}
	return errJSONEnd
}

// length returns how many bytes the value at pos has.
func (s *jsonScanner) length(first byte) (int, error) {
	switch first {
	case '"':
		return s.stringEnd(0)
	case '{', '[':
	case '}', ']', ',', ':':
		return 0, fmt.Errorf("%q where a value should be", first)
	default:
		n := 0
		for {
			for s.pos+n < s.end {
				switch s.buf[s.pos+n] {
				case ',', '}', ']', ' ', '\t', '\r', '\n', ':':
					return n, nil
				}
				n++
			}
			if !s.fill() {
				return n, s.err
			}
		}
	}
	depth := 0
	for n := 0; ; {
		for s.pos+n < s.end {
			switch s.buf[s.pos+n] {
			case '{', '[':
				if depth++; depth > maxJSONDepth {
					return 0, errJSONDepth
				}
			case '}', ']':
				if depth--; depth == 0 {
					return n + 1, nil
				}
			case '"':
				e, err := s.stringEnd(n)
				if err != nil {
					return 0, err
				}
				n = e
				continue
			}
			n++
		}
		if !s.fill() {
			return 0, s.endError()
		}
	}
}

// stringEnd returns the offset from pos past the string that begins at offset n.
func (s *jsonScanner) stringEnd(n int) (int, error) {
	for n++; ; {
		for s.pos+n < s.end {
			i := bytes.IndexByte(s.buf[s.pos+n:s.end], '"')
			if i < 0 {
				i = s.end - s.pos - n
			}
			// A backslash before the quote may escape it: walk then.
			if k := bytes.IndexByte(s.buf[s.pos+n:s.pos+n+i], '\\'); k >= 0 {
				if n += k + 2; s.pos+n > s.end { // the escaped byte is not here yet
					if !s.fill() {
						return 0, s.endError()
					}
				}
				continue
			}
			if n += i; s.pos+n < s.end {
				return n + 1, nil
			}
		}
		if !s.fill() {
			return 0, s.endError()
		}
	}
}
