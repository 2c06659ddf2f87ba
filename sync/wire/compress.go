package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"kuaitu/block"
)

// Limits of everything on the wire. A decoder refuses what goes beyond them before it allocates.
const (
	Version         = 1        // first byte of every binary body
	VersionChanged  = 2        // first byte of a frame with parts that carry only what changed
	MaxPlain        = 64 << 20 // bytes of a binary body after decompression
	MaxPacked       = 32 << 20 // bytes of a binary body as sent
	MaxFrameRows    = 65_536
	MaxOpsBody      = 8 << 20 // bytes of a batch of ops as sent, and after decompression
	MaxOpsEdits     = 1_000   // edits in one batch of ops
	MaxJSONBody     = 4 << 20
	MaxRowIDs       = 5_000 // ids in one request for rows
	ChunkRows       = 5_000 // rows a snapshot chunk holds at most
	ChunkPlain      = 1 << 20
	MaxGeometry     = 8 << 20 // bytes of one geometry as WKB
	SegmentRows     = 20_000  // log rows after which a segment ends early, at a whole change
	SnapshotBehind  = 10_000  // a replica further behind than this takes a snapshot
	maxWindow       = 8 << 20
	maxOpsPlain     = 16 << 20
	maxTextInHeader = 200
)

// newEncoder and newDecoder never fail with these fixed options; both kinds are safe for concurrent use.
var (
	encoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithWindowSize(4<<20), zstd.WithLowerEncoderMem(true))
		if err != nil {
			panic(err)
		}
		return e
	})
	decoder = sync.OnceValue(func() *zstd.Decoder { return newDecoder(MaxPlain) })
	// Ops come from devices: what one of them may make the server unpack is smaller.
	opsDecoder = sync.OnceValue(func() *zstd.Decoder { return newDecoder(maxOpsPlain) })
)

func newDecoder(limit uint64) *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(limit), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(err)
	}
	return d
}

// pack puts the version byte before the compressed payload.
func pack(payload []byte) []byte { return packAs(Version, payload) }

func packAs(version byte, payload []byte) []byte {
	dst := make([]byte, 1, len(payload)/3+64)
	dst[0] = version
	return encoder().EncodeAll(payload, dst)
}

// unpack undoes pack. what names the body in errors; limit is the most that may come out of d.
func unpack(d *zstd.Decoder, limit int, what string, b []byte) ([]byte, error) {
	return unpackUpTo(Version, d, limit, what, b)
}

// unpackUpTo undoes packAs of a version up to newest.
func unpackUpTo(newest byte, d *zstd.Decoder, limit int, what string, b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, fmt.Errorf("%s is empty: %w", what, block.ErrInvalid)
	}
	if b[0] < Version || b[0] > newest {
		return nil, fmt.Errorf("%s has version %d, this program reads up to %d: %w", what, b[0], newest, block.ErrInvalid)
	}
	if len(b) > MaxPacked {
		return nil, fmt.Errorf("%s of %d bytes: %w", what, len(b), block.ErrInvalid)
	}
	plain, err := d.DecodeAll(b[1:], nil)
	if err != nil || len(plain) > limit {
		return nil, fmt.Errorf("%s cannot be unpacked: %w", what, block.ErrInvalid)
	}
	return plain, nil
}

// Digest is the SHA-256 that names immutable bytes: segments (as ETag), chunks (in manifests and paths).
type Digest [sha256.Size]byte

// DigestOf hashes b.
func DigestOf(b []byte) Digest { return sha256.Sum256(b) }

// String returns 64 lower-case hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText gives what String gives.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes; anything else is ErrInvalid.
func (d *Digest) UnmarshalText(text []byte) error {
	v, err := ParseDigest(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// ParseDigest reads exactly 64 lower-case hexadecimal digits.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if len(s) != 2*len(d) {
		return d, fmt.Errorf("digest of %d characters: %w", len(s), block.ErrInvalid)
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil || d.String() != s {
		return Digest{}, fmt.Errorf("digest: %w", block.ErrInvalid)
	}
	return d, nil
}
