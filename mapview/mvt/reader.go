package mvt

import "encoding/binary"

// The wire types of protocol buffers.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

// reader walks through a protocol buffer. Once it met something it cannot read it is bad, has no more, and answers zeros.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) more() bool { return !r.bad && len(r.b) > 0 }

func (r *reader) fail() {
	r.bad, r.b = true, nil
}

func (r *reader) varint() uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 {
		v := r.b[0]
		r.b = r.b[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) key() (field uint64, wire int) {
	k := r.varint()
	return k >> 3, int(k & 7)
}

// bytes answers a length-prefixed piece; it is not copied.
func (r *reader) bytes() []byte {
	n := r.varint()
	if r.bad || n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

// fixed answers n little-endian bytes.
func (r *reader) fixed(n int) uint64 {
	if len(r.b) < n {
		r.fail()
		return 0
	}
	var v uint64
	for i := range n {
		v |= uint64(r.b[i]) << (8 * i)
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) skip(wire int) {
	switch wire {
	case wireVarint:
		r.varint()
	case wire64:
		r.fixed(8)
	case wireBytes:
		r.bytes()
	case wire32:
		r.fixed(4)
	default:
		r.fail()
	}
}
