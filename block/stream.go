package block

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
)

// Stream names what a device can be given or denied: the parts of one class in one region. Public and Work streams
// are per shard (city, district, street); Sensitive and Masked per grid, or per finer home region where a record has
// no grid.
type Stream struct {
	Region ID
	Class  Class
}

// Part is what one stream carries of one record after one change: the fields of the stream's class (for Masked, the
// masked values of the Sensitive fields). Drop says that the record has left the stream: deleted, moved away, or no
// longer placed here. A part is a state, whole or of some fields (Have), not a difference: applying one twice is harmless.
type Part struct {
	Stream   Stream
	Seq      uint64 // position in the stream's shard
	Foreign  bool   // here by a placement, its home is elsewhere
	Drop     bool
	Kind     Kind
	ID       ID
	Region   ID // home region
	Ver      Ver
	Have     Mask    // zero: the whole state of the class; else what is carried of it
	Geometry WKB     // only in the part of the kind's geometry class
	Values   []Value // the class's fields in declaration order, nothing else; Null where Have says that a field is not carried
}

// Mask says what a partial part carries. Zero stands for a whole part: all fields, geometry and home region. Else
// MaskPartial is set, bit i says that Values[i] is carried, MaskGeometry that Geometry is and MaskRegion that Region is;
// what is not carried is as it was and must not be touched. Version and flags are always carried.
type Mask uint64

// The bits of a Mask that stand for no field. Parts with more than MaskFields fields are always whole.
const (
	MaskFields        = 60
	MaskRegion   Mask = 1 << 61
	MaskGeometry Mask = 1 << 62
	MaskPartial  Mask = 1 << 63
)

// Has reports whether the field at position i of its class is carried.
func (m Mask) Has(i int) bool { return m == 0 || i < MaskFields && m&(1<<i) != 0 }

// Geometry and Region report whether those are carried.
func (m Mask) Geometry() bool { return m == 0 || m&MaskGeometry != 0 }

// Region reports whether the home region is carried.
func (m Mask) Region() bool { return m == 0 || m&MaskRegion != 0 }

// With returns the mask of what m or n carries.
func (m Mask) With(n Mask) Mask {
	if m == 0 || n == 0 {
		return 0
	}
	return m | n
}

// Packed returns a partial mask in few bits, for encoders: region, geometry, then the fields from the first on.
func (m Mask) Packed() uint64 {
	n := uint64(m) & (1<<MaskFields - 1) << 2
	if m.Region() {
		n |= 1
	}
	if m.Geometry() {
		n |= 2
	}
	return n
}

// UnpackMask reads what Packed returned; more bits than it has are ErrInvalid.
func UnpackMask(n uint64) (Mask, error) {
	if n >= 1<<(MaskFields+2) {
		return 0, ErrInvalid
	}
	m := MaskPartial | Mask(n>>2)
	if n&1 != 0 {
		m |= MaskRegion
	}
	if n&2 != 0 {
		m |= MaskGeometry
	}
	return m, nil
}

// MaskOf returns what has to be carried to bring one whole part to the later one, of the same record and class.
func MaskOf(before, after Part) Mask {
	if len(after.Values) > MaskFields || len(before.Values) != len(after.Values) {
		return 0
	}
	m := MaskPartial
	for i, v := range after.Values {
		if v != before.Values[i] {
			m |= 1 << i
		}
	}
	if string(before.Geometry) != string(after.Geometry) {
		m |= MaskGeometry
	}
	if before.Region != after.Region {
		m |= MaskRegion
	}
	return m
}

// Over returns what the parts before and p, in this order, of one record in one stream come to: p, with what p does not
// carry as before has it.
func (p Part) Over(before Part) Part {
	if p.Drop || p.Have == 0 {
		return p
	}
	values := make([]Value, max(len(p.Values), len(before.Values)))
	copy(values, before.Values)
	for i, v := range p.Values {
		if p.Have.Has(i) {
			values[i] = v
		}
	}
	p.Values = values
	if !p.Have.Geometry() {
		p.Geometry = before.Geometry
	}
	if !p.Have.Region() {
		p.Region = before.Region
	}
	p.Have = p.Have.With(before.Have)
	return p
}

// Head is how far a stream's shard had come when the server looked.
type Head struct {
	Stream Stream
	Seq    uint64
}

// Cut is a set of heads read in one snapshot of the server: the only states that readers of a device ever see.
type Cut struct {
	Epoch Epoch
	Heads []Head
}

// Epoch is the server's life: random, kept in its data folder, replaced when a backup is restored.
type Epoch [16]byte

func (e Epoch) String() string { return hex.EncodeToString(e[:]) }

// MarshalText gives 32 hexadecimal digits.
func (e Epoch) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (e *Epoch) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(e) {
		return ErrInvalid
	}
	_, err := hex.Decode(e[:], text)
	if err != nil {
		return ErrInvalid
	}
	return nil
}

// Leaf is the SHA-256 over one part's canonical form, as schema.Plan computes it from what a table really holds.
type Leaf [sha256.Size]byte

// Tally proves a set of parts: how many there are and the sum of their leaves modulo 2^256. A sum and not an XOR, so
// that a part held twice does not cancel. Addition commutes, so order never matters.
type Tally struct {
	Count int64
	Sum   [4]uint64 // little-endian words
}

// Add counts one more leaf.
func (t *Tally) Add(l Leaf) {
	t.Count++
	var c uint64
	for i := range t.Sum {
		t.Sum[i], c = bits.Add64(t.Sum[i], binary.LittleEndian.Uint64(l[i*8:]), c)
	}
}

// Sub takes one leaf out again.
func (t *Tally) Sub(l Leaf) {
	t.Count--
	var b uint64
	for i := range t.Sum {
		t.Sum[i], b = bits.Sub64(t.Sum[i], binary.LittleEndian.Uint64(l[i*8:]), b)
	}
}

// Merge adds all that u counts.
func (t *Tally) Merge(u Tally) {
	t.Count += u.Count
	var c uint64
	for i := range t.Sum {
		t.Sum[i], c = bits.Add64(t.Sum[i], u.Sum[i], c)
	}
}

// Bytes returns the sum as 32 little-endian bytes, as tables keep it.
func (t Tally) Bytes() []byte {
	b := make([]byte, 32)
	for i, w := range t.Sum {
		binary.LittleEndian.PutUint64(b[i*8:], w)
	}
	return b
}

// TallyFrom rebuilds a Tally from what a table keeps; a sum of another length than 32 bytes is ErrInvalid.
func TallyFrom(count int64, sum []byte) (Tally, error) {
	t := Tally{Count: count}
	if len(sum) != 32 {
		return t, ErrInvalid
	}
	for i := range t.Sum {
		t.Sum[i] = binary.LittleEndian.Uint64(sum[i*8:])
	}
	return t, nil
}

// TallyKey is what tallies are kept by: home region (or, for foreign parts, the stream's region), class and kind.
type TallyKey struct {
	Region  ID
	Class   Class
	Kind    Kind
	Foreign bool
}
