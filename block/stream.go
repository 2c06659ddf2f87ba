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
// longer placed here. Parts are states, not differences: applying one twice is harmless.
type Part struct {
	Stream   Stream
	Seq      uint64 // position in the stream's shard
	Foreign  bool   // here by a placement, its home is elsewhere
	Drop     bool
	Kind     Kind
	ID       ID
	Region   ID // home region
	Ver      Ver
	Geometry WKB     // only in the part of the kind's geometry class
	Values   []Value // the class's fields in declaration order, nothing else
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
