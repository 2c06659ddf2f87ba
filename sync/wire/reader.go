package wire

import (
	"encoding/binary"
	"fmt"

	"kuaitu/block"
)

// reader takes apart bytes from outside. The first fault makes it bad and everything after it zero, so that a decoder
// checks once a section; nothing is allocated here.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) fail() { r.bad, r.b = true, nil }

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) uvarint() uint64 {
	n, used := binary.Uvarint(r.b)
	if used <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[used:]
	return n
}

func (r *reader) varint() int64 {
	n, used := binary.Varint(r.b)
	if used <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[used:]
	return n
}

// take returns the next n bytes, which alias the input.
func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

// count reads a number of things of which each takes at least size bytes of what is left, so that a slice of that
// many may be allocated. size 0 is for things that may take no bytes; then limit alone bounds it.
func (r *reader) count(limit, size int) int {
	n := r.uvarint()
	if n > uint64(limit) || size > 0 && n > uint64(len(r.b)/size) {
		r.fail()
		return 0
	}
	return int(n)
}

// section reads a counted run of bytes.
func (r *reader) section() reader {
	b := r.take(r.uvarint())
	return reader{b: b, bad: r.bad}
}

func (r *reader) id() (id block.ID) {
	copy(id[:], r.take(16))
	return id
}

func (r *reader) text(limit int) string {
	n := r.uvarint()
	if n > uint64(limit) {
		r.fail()
		return ""
	}
	return string(r.take(n))
}

func malformed(what string) error { return fmt.Errorf("%s is malformed: %w", what, block.ErrInvalid) }

// appendSection appends b with its length before it.
func appendSection(dst, b []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}
