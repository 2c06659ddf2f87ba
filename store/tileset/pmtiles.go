package tileset

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"kuaitu/mapview"
)

// Limits of a PMTiles file.
const (
	pmHeaderBytes      = 127
	pmDirectoryBytes   = 4 << 20 // compressed; writers keep to some kilobytes
	pmDirectoryPlain   = 16 << 20
	pmMetadataBytes    = 16 << 20
	pmDepth            = 4        // directories from the root to a tile
	pmDirectoriesBytes = 24 << 20 // of decoded leaf directories kept
)

// Compressions of PMTiles.
const (
	pmUnknown = iota
	pmNone
	pmGzip
	pmBrotli
	pmZstd
)

// pmtiles is a PMTiles archive of version 3 (github.com/protomaps/PMTiles, spec/v3): a header, directories of runs of tiles in the order of a
// Hilbert curve, and the tiles.
type pmtiles struct {
	f       *os.File
	size    uint64
	h       pmHeader
	root    []pmEntry
	leaves  *Memory[pmSpan, []pmEntry]
	recoded bool // tiles are zstd, which only we would understand: handed out plain
}

type pmSpan struct{ offset, length uint64 }

type pmHeader struct {
	root, metadata, leaves, data pmSpan
	internal, compression, kind  uint8
	minZoom, maxZoom             uint8
	bound                        [4]int32 // west, south, east, north in 10⁻⁷ degrees
}

// pmEntry is a run of tiles with the same content, or, with run 0, a leaf directory for tiles from id on.
type pmEntry struct {
	id     uint64
	run    uint32
	length uint32
	offset uint64
}

const pmEntryBytes = 24

// openPMTiles takes f over and closes it when it fails.
func openPMTiles(f *os.File) (tiles, Info, error) {
	p, info, err := loadPMTiles(f)
	if err != nil {
		return nil, Info{}, errors.Join(err, f.Close())
	}
	return p, info, nil
}

func loadPMTiles(f *os.File) (*pmtiles, Info, error) {
	fi, err := f.Stat()
	if err != nil {
		return nil, Info{}, err
	}
	head := make([]byte, pmHeaderBytes)
	n, _ := f.ReadAt(head, 0)
	h, err := parsePMHeader(head[:n])
	if err != nil {
		return nil, Info{}, err
	}
	p := &pmtiles{f: f, size: uint64(max(0, fi.Size())), h: h, leaves: NewMemory[pmSpan, []pmEntry](pmDirectoriesBytes), recoded: h.compression == pmZstd}
	if p.root, err = p.directory(h.root); err != nil {
		return nil, Info{}, fmt.Errorf("root directory: %w: %w", ErrNotTiles, err)
	}
	info := Info{
		MinZoom: clampZoom(int64(h.minZoom)), MaxZoom: clampZoom(int64(max(h.minZoom, h.maxZoom))),
		Bound: boundOr(float64(h.bound[0])/1e7, float64(h.bound[1])/1e7, float64(h.bound[2])/1e7, float64(h.bound[3])/1e7),
	}
	if info.Format, err = p.format(); err != nil {
		return nil, Info{}, err
	}
	p.describe(&info)
	return p, info, nil
}

// format answers what kind of tiles these are: by the first of them when the header does not say.
func (p *pmtiles) format() (string, error) {
	switch p.h.kind {
	case 0:
		if data, ok := p.anyTile(); ok {
			if f := Sniff(data); f != "" {
				return f, nil
			}
		}
		return "", fmt.Errorf("%w: pmtiles of unknown tile type", ErrUnsupported)
	case 1:
		return "pbf", nil
	case 2:
		return "png", nil
	case 3:
		return "jpg", nil
	case 4:
		return "webp", nil
	}
	return "", fmt.Errorf("%w: pmtiles of tile type %d", ErrUnsupported, p.h.kind)
}

// anyTile reads the first tile that the root directory tells of directly.
func (p *pmtiles) anyTile() ([]byte, bool) {
	i := slices.IndexFunc(p.root, func(e pmEntry) bool { return e.run > 0 })
	if i < 0 {
		return nil, false
	}
	data, err := p.tile(p.root[i])
	return data, err == nil
}

// describe takes name, attribution and the like from the metadata; a broken one is as good as none.
func (p *pmtiles) describe(info *Info) {
	if p.h.metadata.length == 0 {
		return
	}
	data, err := p.section(p.h.metadata, pmMetadataBytes)
	if err != nil {
		return
	}
	var m struct {
		Name, Attribution, Approval, Datum string
	}
	if json.Unmarshal(data, &m) != nil {
		return
	}
	info.Name, info.Attribution, info.Approval = m.Name, PlainText(m.Attribution), PlainText(m.Approval)
	info.Datum, info.Layers = datumOr(m.Datum), vectorLayers(string(data))
}

func parsePMHeader(b []byte) (pmHeader, error) {
	var h pmHeader
	if len(b) < 8 || string(b[:7]) != "PMTiles" {
		return h, ErrNotTiles
	}
	if b[7] != 3 {
		return h, fmt.Errorf("%w: pmtiles version %d, only 3 is read", ErrUnsupported, b[7])
	}
	if len(b) < pmHeaderBytes {
		return h, fmt.Errorf("%w: cut within the pmtiles header", ErrNotTiles)
	}
	u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	span := func(at int) pmSpan { return pmSpan{u64(at), u64(at + 8)} }
	h.root, h.metadata, h.leaves, h.data = span(8), span(24), span(40), span(56)
	// 72…95 count tiles, 96 says whether they are clustered: a reader needs neither.
	h.internal, h.compression, h.kind, h.minZoom, h.maxZoom = b[97], b[98], b[99], b[100], b[101]
	for i := range h.bound {
		h.bound[i] = int32(binary.LittleEndian.Uint32(b[102+4*i:]))
	}
	for _, c := range [...]uint8{h.internal, h.compression} {
		if c == pmBrotli || c > pmZstd {
			return h, fmt.Errorf("%w: pmtiles compression %d (none, gzip and zstd are read)", ErrUnsupported, c)
		}
	}
	return h, nil
}

// at reads a part of the file of at most limit bytes.
func (p *pmtiles) at(s pmSpan, limit uint64) ([]byte, error) {
	if s.length > limit || s.offset > p.size || s.length > p.size-s.offset {
		return nil, fmt.Errorf("%w: bytes %d+%d of a file of %d", ErrBroken, s.offset, s.length, p.size)
	}
	b := make([]byte, s.length)
	if _, err := p.f.ReadAt(b, int64(s.offset)); err != nil {
		return nil, err
	}
	return b, nil
}

// section reads a part of the file that is compressed as directories are.
func (p *pmtiles) section(s pmSpan, limit uint64) ([]byte, error) {
	b, err := p.at(s, limit)
	if err != nil {
		return nil, err
	}
	switch p.h.internal {
	case pmGzip:
		b, err = gunzip(b, pmDirectoryPlain)
	case pmZstd:
		b, err = unzstd(b, pmDirectoryPlain)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return b, nil
}

func (p *pmtiles) directory(s pmSpan) ([]pmEntry, error) {
	b, err := p.section(s, pmDirectoryBytes)
	if err != nil {
		return nil, err
	}
	return parsePMDirectory(b)
}

// parsePMDirectory decodes a directory: how many entries, then their ids as differences, runs, lengths, and offsets.
func parsePMDirectory(b []byte) ([]pmEntry, error) {
	bad := fmt.Errorf("%w: pmtiles directory", ErrBroken)
	next := func() (v uint64, ok bool) {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return 0, false
		}
		b = b[n:]
		return v, true
	}
	n, ok := next()
	if !ok || n > uint64(len(b))/4 { // an entry takes four bytes at least
		return nil, bad
	}
	entries := make([]pmEntry, n)
	id := uint64(0)
	for i := range entries {
		d, ok := next()
		if !ok || i > 0 && d == 0 || id+d < id {
			return nil, bad
		}
		id += d
		entries[i].id = id
	}
	for i := range entries {
		v, ok := next()
		if !ok || v > 1<<32-1 {
			return nil, bad
		}
		entries[i].run = uint32(v)
	}
	for i := range entries {
		v, ok := next()
		if !ok || v == 0 || v > 1<<32-1 {
			return nil, bad
		}
		entries[i].length = uint32(v)
	}
	for i := range entries {
		v, ok := next()
		switch {
		case !ok, v == 0 && i == 0:
			return nil, bad
		case v == 0: // right behind the one before
			entries[i].offset = entries[i-1].offset + uint64(entries[i-1].length)
		default:
			entries[i].offset = v - 1
		}
	}
	return entries, nil
}

// find is the entry that covers id: a run with it, or the leaf directory it must be in.
func find(entries []pmEntry, id uint64) (pmEntry, bool) {
	i, exact := slices.BinarySearchFunc(entries, id, func(e pmEntry, id uint64) int {
		switch {
		case e.id < id:
			return -1
		case e.id > id:
			return 1
		}
		return 0
	})
	if !exact {
		i--
	}
	if i < 0 {
		return pmEntry{}, false
	}
	e := entries[i]
	return e, e.run == 0 || id-e.id < uint64(e.run)
}

func (p *pmtiles) read(ctx context.Context, z, x, y int) ([]byte, error) {
	id := pmTileID(z, x, y)
	dir := p.root
	for range pmDepth {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e, ok := find(dir, id)
		if !ok {
			return nil, mapview.ErrNoTile
		}
		if e.run > 0 {
			return p.tile(e)
		}
		span := pmSpan{p.h.leaves.offset + e.offset, uint64(e.length)}
		if dir, ok = p.leaves.Get(span); ok {
			continue
		}
		var err error
		if dir, err = p.directory(span); err != nil {
			return nil, err
		}
		p.leaves.Put(span, dir, pmEntryBytes*len(dir))
	}
	return nil, fmt.Errorf("%w: pmtiles directories deeper than %d", ErrBroken, pmDepth)
}

func (p *pmtiles) tile(e pmEntry) ([]byte, error) {
	b, err := p.at(pmSpan{p.h.data.offset + e.offset, uint64(e.length)}, MaxTileBytes)
	if err != nil || !p.recoded {
		return b, err
	}
	if b, err = unzstd(b, maxVectorBytes); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return b, nil
}

func (p *pmtiles) Close() error { return p.f.Close() }

// pmTileID is the place of a tile on the Hilbert curves of all levels, one after the other.
func pmTileID(z, x, y int) uint64 {
	id := (uint64(1)<<(2*z) - 1) / 3 // tiles of the levels above
	ux, uy := uint64(x), uint64(y)
	for s := uint64(1) << z >> 1; s > 0; s >>= 1 {
		rx, ry := uint64(0), uint64(0)
		if ux&s != 0 {
			rx = 1
		}
		if uy&s != 0 {
			ry = 1
		}
		id += s * s * (3*rx ^ ry)
		// Turn the quadrant so that its curve starts where the one before ended.
		if ry == 0 {
			if rx == 1 {
				ux, uy = s-1-ux&(s-1), s-1-uy&(s-1)
			}
			ux, uy = uy, ux
		}
		ux, uy = ux&(s-1), uy&(s-1)
	}
	return id
}
