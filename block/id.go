package block

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// ID names a record for ever: a UUID in 16 bytes, big endian, text only in JSON, on command lines and in exports.
type ID [16]byte

// IsZero reports whether id is the zero value, which names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// String returns the canonical 36-character form.
func (id ID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:36], id[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// MarshalText gives the canonical form, so that IDs are strings in JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText accepts what ParseID accepts.
func (id *ID) UnmarshalText(text []byte) error {
	v, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = v
	return nil
}

// ParseID reads the canonical form or 32 bare hexadecimal digits. Other text is ErrInvalid.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) == 36 {
		if s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
			return id, fmt.Errorf("record id %q: %w", s, ErrInvalid)
		}
		s = s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:36]
	}
	if len(s) != 32 {
		return id, fmt.Errorf("record id of %d characters: %w", len(s), ErrInvalid)
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return ID{}, fmt.Errorf("record id %q: %w", s, ErrInvalid)
	}
	return id, nil
}

// NewID returns a UUIDv7 of the given time (48-bit Unix milliseconds) and ten random bytes. Devices name the records
// and ops they make with it; the time only helps locality and never orders anything.
func NewID(now time.Time, random [10]byte) ID {
	var id ID
	ms := uint64(now.UnixMilli())
	binary.BigEndian.PutUint64(id[:8], ms<<16)
	copy(id[6:], random[:])
	id[6] = 0x70 | id[6]&0x0f
	id[8] = 0x80 | id[8]&0x3f
	return id
}

// BulkID returns the UUIDv8 of the n-th record of a kind made in bulk in a shard: 32 bits of shard, 16 of kind, 42 of
// counter, so that a column of them delta-compresses. kindNo is schema's stable number of the kind.
func BulkID(shard uint32, kindNo uint16, n uint64) ID {
	var id ID
	binary.BigEndian.PutUint32(id[0:4], shard)
	binary.BigEndian.PutUint16(id[4:6], kindNo)
	id[6], id[7] = 0x80, 0
	binary.BigEndian.PutUint64(id[8:16], n&0x3fffffffffffffff|0x8000000000000000)
	return id
}

// NameID returns the UUIDv8 of something that has a natural name in a kind (a region's scheme and code, a catalogue
// code): the same on every machine, so that two stores made from one pack agree.
func NameID(kind Kind, name string) ID {
	sum := sha256.Sum256([]byte(string(kind) + "\x00" + name))
	var id ID
	copy(id[:], sum[:16])
	id[6] = 0x80 | id[6]&0x0f
	id[8] = 0x80 | id[8]&0x3f
	return id
}
