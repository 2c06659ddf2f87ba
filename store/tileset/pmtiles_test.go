package tileset

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"

	"kuaitu/geo"
	"kuaitu/mapview"
)

// archive says how a test writes a PMTiles file.
type archive struct {
	internal, compression, kind byte
	leaf                        int  // entries of a leaf directory; 0: all in the root
	scattered                   bool // tiles lie in the file in another order than in the directory
	minZoom, maxZoom            byte
	metadata                    string
	bound                       [4]int32
}

func pack(t testing.TB, compression byte, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	switch compression {
	case pmGzip:
		w := gzip.NewWriter(&buf)
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	case pmZstd:
		w, err := zstd.NewWriter(&buf, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	default:
		return data
	}
	return buf.Bytes()
}

// directoryBytes writes a directory as the specification lays it out.
func directoryBytes(entries []pmEntry) []byte {
	b := binary.AppendUvarint(nil, uint64(len(entries)))
	last := uint64(0)
	for _, e := range entries {
		b = binary.AppendUvarint(b, e.id-last)
		last = e.id
	}
	for _, e := range entries {
		b = binary.AppendUvarint(b, uint64(e.run))
	}
	for _, e := range entries {
		b = binary.AppendUvarint(b, uint64(e.length))
	}
	for i, e := range entries {
		if i > 0 && e.offset == entries[i-1].offset+uint64(entries[i-1].length) {
			b = binary.AppendUvarint(b, 0)
		} else {
			b = binary.AppendUvarint(b, e.offset+1)
		}
	}
	return b
}

// writePMTiles makes an archive of tiles by their ids; neighbours with the same bytes become a run, others share their bytes.
func writePMTiles(t testing.TB, a archive, byID map[uint64][]byte) string {
	t.Helper()
	var ids []uint64
	for id := range byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	order := slices.Clone(ids)
	if a.scattered {
		r := rand.New(rand.NewPCG(1, 2))
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	var data []byte
	at := map[string]uint64{}
	for _, id := range order {
		key := string(byID[id])
		if _, ok := at[key]; !ok {
			at[key] = uint64(len(data))
			data = append(data, key...)
		}
	}
	var entries []pmEntry
	for _, id := range ids {
		e := pmEntry{id: id, run: 1, length: uint32(len(byID[id])), offset: at[string(byID[id])]}
		if n := len(entries); n > 0 && entries[n-1].id+uint64(entries[n-1].run) == id && entries[n-1].offset == e.offset && entries[n-1].length == e.length {
			entries[n-1].run++
			continue
		}
		entries = append(entries, e)
	}
	root, leaves := entries, []byte(nil)
	if a.leaf > 0 {
		root = nil
		for part := range slices.Chunk(entries, a.leaf) {
			b := pack(t, a.internal, directoryBytes(part))
			root = append(root, pmEntry{id: part[0].id, length: uint32(len(b)), offset: uint64(len(leaves))})
			leaves = append(leaves, b...)
		}
	}
	head := make([]byte, pmHeaderBytes)
	copy(head, "PMTiles\x03")
	next := uint64(pmHeaderBytes)
	var body []byte
	for i, section := range [][]byte{pack(t, a.internal, directoryBytes(root)), pack(t, a.internal, []byte(a.metadata)), leaves, data} {
		binary.LittleEndian.PutUint64(head[8+16*i:], next)
		binary.LittleEndian.PutUint64(head[16+16*i:], uint64(len(section)))
		next += uint64(len(section))
		body = append(body, section...)
	}
	head[97], head[98], head[99], head[100], head[101] = a.internal, a.compression, a.kind, a.minZoom, a.maxZoom
	for i, v := range a.bound {
		binary.LittleEndian.PutUint32(head[102+4*i:], uint32(v))
	}
	path := filepath.Join(t.TempDir(), "a.pmtiles")
	if err := os.WriteFile(path, append(head, body...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

type encoded interface {
	Encoded(ctx context.Context, z, x, y int) ([]byte, error)
	Info() Info
}

// openEncoded opens any set and closes it with the test.
func openEncoded(t testing.TB, path string) encoded {
	t.Helper()
	opened, closer, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closer.Close(); err != nil {
			t.Error(err)
		}
	})
	return opened.(encoded)
}

func TestTileIDs(t *testing.T) {
	for _, c := range []struct {
		z, x, y int
		want    uint64
	}{{0, 0, 0, 0}, {1, 0, 0, 1}, {1, 0, 1, 2}, {1, 1, 1, 3}, {1, 1, 0, 4}, {2, 0, 0, 5}, {12, 3423, 1763, 19078479}} {
		if got := pmTileID(c.z, c.x, c.y); got != c.want {
			t.Errorf("%d/%d/%d is %d, want %d", c.z, c.x, c.y, got, c.want)
		}
	}
	// A Hilbert curve visits every tile once and steps to a neighbour each time.
	const z = 6
	at := map[uint64][2]int{}
	for x := range 1 << z {
		for y := range 1 << z {
			at[pmTileID(z, x, y)] = [2]int{x, y}
		}
	}
	first := pmTileID(z, 0, 0)
	for i := range uint64(1<<(2*z) - 1) {
		a, ok := at[first+i]
		b, ok2 := at[first+i+1]
		if dx, dy := a[0]-b[0], a[1]-b[1]; !ok || !ok2 || dx*dx+dy*dy != 1 {
			t.Fatalf("from %v to %v at %d", a, b, i)
		}
	}
}

// TestRealTilesAsPMTiles turns base maps into archives of every form and compares each tile.
func TestRealTilesAsPMTiles(t *testing.T) {
	for _, c := range []struct {
		file string
		a    archive
	}{
		{"basemap_macau.mbtiles", archive{internal: pmGzip, compression: pmGzip, kind: 1}},
		{"basemap_shenzhen.mbtiles", archive{internal: pmGzip, compression: pmGzip, kind: 1, leaf: 64}},
		{"basemap_shenzhen.mbtiles", archive{internal: pmNone, compression: pmZstd, kind: 1, leaf: 300, scattered: true}},
		{"basemap_macau.mbtiles", archive{internal: pmZstd, compression: pmNone, kind: 0, scattered: true}},
		{"basemap_shenzhen_raster.mbtiles", archive{internal: pmZstd, compression: pmNone, kind: 2, leaf: 500}},
	} {
		t.Run(c.file, func(t *testing.T) {
			src := openEncoded(t, dataFile(t, c.file))
			info := src.Info()
			a := c.a
			a.minZoom, a.maxZoom = byte(info.MinZoom), byte(info.MaxZoom)
			a.metadata = `{"name":"城","attribution":"&copy; x","datum":"gcj02","vector_layers":[{"id":"water"}]}`
			a.bound = [4]int32{int32(info.Bound.Min[0] * 1e7), int32(info.Bound.Min[1] * 1e7), int32(info.Bound.Max[0] * 1e7), int32(info.Bound.Max[1] * 1e7)}
			byID := map[uint64][]byte{}
			var at [][3]int
			eachTile(t, dataFile(t, c.file), func(z, x, y int, data []byte) {
				if a.compression != pmGzip && info.Vector() {
					plain, err := PlainVector(data)
					if err != nil {
						t.Fatal(err)
					}
					if data = pack(t, a.compression, plain); len(data) == 0 {
						return // the format knows no empty tile
					}
				}
				at = append(at, [3]int{z, x, y})
				byID[pmTileID(z, x, y)] = data
			})
			out := openEncoded(t, writePMTiles(t, a, byID))
			if got := out.Info(); got.Name != "城" || got.Attribution != "© x" || got.Datum != geo.GCJ02 || got.Format != info.Format ||
				got.MinZoom != info.MinZoom || got.MaxZoom != info.MaxZoom || len(got.Layers) != 1 {
				t.Errorf("info %+v", got)
			}
			for _, k := range at {
				got, err := out.Encoded(t.Context(), k[0], k[1], k[2])
				if err != nil {
					t.Fatalf("tile %v: %v", k, err)
				}
				want, err := src.Encoded(t.Context(), k[0], k[1], k[2])
				if err != nil {
					t.Fatalf("tile %v of the original: %v", k, err)
				}
				if info.Vector() {
					got, want = mustPlain(t, got), mustPlain(t, want)
				}
				if !bytes.Equal(got, want) {
					t.Fatalf("tile %v differs: %d bytes, want %d", k, len(got), len(want))
				}
			}
			if _, err := out.Encoded(t.Context(), info.MaxZoom, 0, 0); !errors.Is(err, mapview.ErrNoTile) {
				t.Errorf("a tile far away: %v", err)
			}
		})
	}
}

func mustPlain(t testing.TB, data []byte) []byte {
	t.Helper()
	plain, err := PlainVector(data)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// eachTile calls f for every tile of an MBTiles file, rows counted from the north.
func eachTile(t testing.TB, path string, f func(z, x, y int, data []byte)) {
	t.Helper()
	db := openDB(t, path)
	rows, err := db.Query(`SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var z, x, y int
		var data []byte
		if err := rows.Scan(&z, &x, &y, &data); err != nil {
			t.Fatal(err)
		}
		f(z, x, 1<<z-1-y, data)
		n++
	}
	if err := rows.Err(); err != nil || n == 0 {
		t.Fatalf("%d tiles: %v", n, err)
	}
}

func TestPMTilesRuns(t *testing.T) {
	sea, land := pngTile(t, blue), pngTile(t, red)
	byID := map[uint64][]byte{}
	for id := range uint64(1 + 4 + 16) {
		byID[id] = sea
	}
	byID[7] = land
	delete(byID, 9)
	opened, closer, err := Open(writePMTiles(t, archive{internal: pmGzip, compression: pmNone, kind: 2, maxZoom: 2}, byID))
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	for z := range 3 {
		for x := range 1 << z {
			for y := range 1 << z {
				img, err := opened.(*Raster).Tile(t.Context(), z, x, y)
				switch id := pmTileID(z, x, y); {
				case id == 9:
					if !errors.Is(err, mapview.ErrNoTile) {
						t.Errorf("tile 9: %v", err)
					}
				case err != nil:
					t.Errorf("tile %d: %v", id, err)
				case id == 7 && img.At(0, 0) != red, id != 7 && img.At(0, 0) != blue:
					t.Errorf("tile %d is %v", id, img.At(0, 0))
				}
			}
		}
	}
}

func TestPMTilesRefuses(t *testing.T) {
	good := writePMTiles(t, archive{internal: pmNone, compression: pmNone, kind: 2}, map[uint64][]byte{0: pngTile(t, red)})
	for name, c := range map[string]struct {
		change func(b []byte) []byte
		want   error
	}{
		"version 2":         {func(b []byte) []byte { b[7] = 2; return b }, ErrUnsupported},
		"brotli":            {func(b []byte) []byte { b[97] = pmBrotli; return b }, ErrUnsupported},
		"avif":              {func(b []byte) []byte { b[99] = 5; return b }, ErrUnsupported},
		"cut in the header": {func(b []byte) []byte { return b[:50] }, ErrNotTiles},
		"cut in the root":   {func(b []byte) []byte { return b[:128] }, ErrNotTiles},
		"root far away":     {func(b []byte) []byte { b[15] = 0x7f; return b }, ErrNotTiles},
		"huge root":         {func(b []byte) []byte { b[20] = 0x7f; return b }, ErrNotTiles},
	} {
		b, err := os.ReadFile(good)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "x.pmtiles")
		if err := os.WriteFile(path, c.change(b), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Open(path); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestPMTilesBrokenLeafIsABrokenTile(t *testing.T) {
	path := writePMTiles(t, archive{internal: pmGzip, compression: pmNone, kind: 2, leaf: 1, maxZoom: 1},
		map[uint64][]byte{0: pngTile(t, red), 1: pngTile(t, blue)})
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := binary.LittleEndian.Uint64(b[40:])
	b[at+5] ^= 0xff
	b[at+12] ^= 0xff
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	m := mustOpen(t, path)
	if _, err := m.Tile(t.Context(), 0, 0, 0); !errors.Is(err, mapview.ErrNoTile) || m.Broken() != 1 {
		t.Errorf("%v, %d broken", err, m.Broken())
	}
	if _, err := m.Tile(t.Context(), 1, 0, 0); err != nil {
		t.Errorf("the other leaf: %v", err)
	}
}

func FuzzPMTiles(f *testing.F) {
	for _, a := range []archive{
		{internal: pmNone, compression: pmNone, kind: 2, maxZoom: 2},
		{internal: pmGzip, compression: pmNone, kind: 2, leaf: 1, maxZoom: 2},
		{internal: pmZstd, compression: pmZstd, kind: 1, leaf: 2, maxZoom: 2, metadata: `{"name":"n"}`},
	} {
		b, err := os.ReadFile(writePMTiles(f, a, map[uint64][]byte{0: []byte("one"), 1: []byte("one"), 2: []byte("two"), 9: []byte("three")}))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := os.CreateTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.Remove(file.Name())
		if _, err := io.Copy(file, bytes.NewReader(b)); err != nil {
			t.Fatal(err)
		}
		p, info, err := openPMTiles(file)
		if err != nil {
			return
		}
		defer p.Close()
		if info.MinZoom > info.MaxZoom || info.MaxZoom > mapview.MaxZoom {
			t.Errorf("zooms %d…%d", info.MinZoom, info.MaxZoom)
		}
		for z := range 3 {
			for x := range 1 << z {
				data, err := p.read(t.Context(), z, x, 0)
				if err == nil && len(data) > max(MaxTileBytes, maxVectorBytes) {
					t.Errorf("a tile of %d bytes", len(data))
				}
			}
		}
	})
}

func FuzzPMDirectory(f *testing.F) {
	f.Add(directoryBytes([]pmEntry{{1, 1, 10, 0}, {2, 3, 5, 10}, {9, 0, 7, 100}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := parsePMDirectory(b)
		if err != nil {
			return
		}
		if !slices.IsSortedFunc(entries, func(a, b pmEntry) int { return cmp.Compare(a.id, b.id) }) {
			t.Error("not sorted")
		}
		again, err := parsePMDirectory(directoryBytes(entries))
		if err != nil || !slices.Equal(again, entries) {
			t.Errorf("%v: %v, want %v", err, again, entries)
		}
	})
}
