package tileset

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview"
)

func dataFile(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("KUAITU_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
			t.Fatalf("real data is required: %v", err)
		}
		t.Skipf("no real data: %v", err)
	}
	return path
}

// pngTile encodes a 256-pixel tile of a colour.
func pngTile(t testing.TB, c color.RGBA) []byte {
	t.Helper()
	m := image.NewPaletted(image.Rect(0, 0, 256, 256), color.Palette{c})
	var buf bytes.Buffer
	if err := png.Encode(&buf, m); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func jpegTile(t testing.TB) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, image.NewGray(image.Rect(0, 0, 256, 256)), nil); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// tinyWebP is a lossless 1×1 picture, put together by hand from the container's and VP8L's headers.
var tinyWebP = []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00")

type row struct {
	z, x, y int // rows as the file counts them, from the south
	data    []byte
}

// write makes an MBTiles file; a nil metadata leaves its table out.
func write(t testing.TB, metadata map[string]string, rows []row) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "瓦片 set.mbtiles")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	exec := func(q string, args ...any) {
		t.Helper()
		if _, err := db.Exec(q, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB)`)
	if metadata != nil {
		exec(`CREATE TABLE metadata (name TEXT, value TEXT)`)
		for k, v := range metadata {
			exec(`INSERT INTO metadata VALUES (?, ?)`, k, v)
		}
	}
	for _, r := range rows {
		exec(`INSERT INTO tiles VALUES (?, ?, ?, ?)`, r.z, r.x, r.y, r.data)
	}
	return path
}

func mustOpen(t testing.TB, path string) *Raster {
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
	m, ok := opened.(*Raster)
	if !ok {
		t.Fatalf("%s opened as a %T", filepath.Base(path), opened)
	}
	return m
}

var red, blue = color.RGBA{200, 0, 0, 255}, color.RGBA{0, 0, 200, 255}

func TestRowsAreCountedFromTheSouth(t *testing.T) {
	m := mustOpen(t, write(t, map[string]string{"name": "n", "format": "png", "minzoom": "1", "maxzoom": "2", "bounds": "113,22,115,23",
		"attribution": `<a href="x">&copy; 甲</a> &amp; 乙`, "datum": "GCJ-02"},
		[]row{{1, 0, 1, pngTile(t, red)}, {1, 0, 0, pngTile(t, blue)}, {2, 0, 0, pngTile(t, blue)}}))
	for _, c := range []struct {
		y    int
		want color.RGBA
	}{{0, red}, {1, blue}} {
		img, err := m.Tile(t.Context(), 1, 0, c.y)
		if err != nil {
			t.Fatal(err)
		}
		if got := img.At(7, 7); got != c.want {
			t.Errorf("row %d from the north is %v, want %v", c.y, got, c.want)
		}
		if _, ok := img.(*image.RGBA); !ok || img.Bounds() != image.Rect(0, 0, 256, 256) {
			t.Errorf("a tile is a %T of %v", img, img.Bounds())
		}
	}
	want := Info{Name: "n", Attribution: "© 甲 & 乙", Format: "png", MinZoom: 1, MaxZoom: 2, Datum: geo.GCJ02,
		Bound: orb.Bound{Min: orb.Point{113, 22}, Max: orb.Point{115, 23}}}
	if got := m.Info(); !reflect.DeepEqual(got, want) {
		t.Errorf("metadata %+v, want %+v", got, want)
	}
	for _, at := range [][3]int{{1, 1, 0}, {0, 0, 0}, {3, 0, 0}, {2, -1, 0}, {2, 0, 4}} {
		if _, err := m.Tile(t.Context(), at[0], at[1], at[2]); !errors.Is(err, mapview.ErrNoTile) {
			t.Errorf("tile %v: %v, want ErrNoTile", at, err)
		}
	}
}

func TestMetadataMayBeMissingOrWrong(t *testing.T) {
	world := orb.Bound{Min: orb.Point{-180, -mapview.MaxLat}, Max: orb.Point{180, mapview.MaxLat}}
	rows := []row{{3, 1, 1, pngTile(t, red)}, {5, 1, 1, pngTile(t, red)}}
	for name, meta := range map[string]map[string]string{
		"no table":  nil,
		"empty":     {},
		"nonsense":  {"minzoom": "x", "maxzoom": "-7", "bounds": "1,2,3", "format": ""},
		"too much":  {"minzoom": "0", "maxzoom": "22", "bounds": "5,5,1,1", "format": "jpg"},
		"not there": {"minzoom": "1e300", "maxzoom": "NaN", "bounds": "a,b,c,d"},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustOpen(t, write(t, meta, rows))
			got := m.Info()
			if got.MinZoom != 3 || got.MaxZoom != 5 || got.Bound != world || got.Format != "png" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestFormats(t *testing.T) {
	m := mustOpen(t, write(t, nil, []row{{0, 0, 0, jpegTile(t)}, {1, 0, 0, tinyWebP}, {1, 1, 0, pngTile(t, red)}}))
	for _, at := range [][3]int{{0, 0, 0}, {1, 0, 1}, {1, 1, 1}} {
		if _, err := m.Tile(t.Context(), at[0], at[1], at[2]); err != nil {
			t.Errorf("tile %v: %v", at, err)
		}
	}
	if m.Info().Format != "jpg" || m.Broken() != 0 {
		t.Errorf("format %q, %d broken", m.Info().Format, m.Broken())
	}
}

func TestPalettesKeepTheirColours(t *testing.T) {
	palette := color.Palette{color.NRGBA{200, 100, 50, 128}, color.RGBA{1, 2, 3, 255}, color.Transparent}
	m := image.NewPaletted(image.Rect(0, 0, 5, 3), palette)
	for i := range m.Pix {
		m.Pix[i] = uint8(i % 3)
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, m); err != nil {
		t.Fatal(err)
	}
	got, err := DecodePicture(buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for y := range 3 {
		for x := range 5 {
			if want := color.RGBAModel.Convert(m.At(x, y)); got.At(x, y) != want {
				t.Errorf("pixel %d,%d is %v, want %v", x, y, got.At(x, y), want)
			}
		}
	}
}

func TestBrokenTilesAreLeftOutAndCounted(t *testing.T) {
	good := pngTile(t, red)
	m := mustOpen(t, write(t, nil, []row{{0, 0, 0, good}, {1, 0, 0, good[:len(good)/2]}, {1, 1, 0, []byte("nothing")}, {1, 0, 1, nil}}))
	for range 2 { // known from the first time on
		for _, at := range [][3]int{{1, 0, 1}, {1, 1, 1}, {1, 0, 0}} {
			if _, err := m.Tile(t.Context(), at[0], at[1], at[2]); !errors.Is(err, mapview.ErrNoTile) {
				t.Errorf("tile %v: %v, want ErrNoTile", at, err)
			}
		}
	}
	if m.Broken() != 3 {
		t.Errorf("%d broken tiles counted, want 3", m.Broken())
	}
	if _, err := m.Tile(t.Context(), 0, 0, 0); err != nil {
		t.Errorf("the good tile: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	text := filepath.Join(t.TempDir(), "a.mbtiles")
	if err := os.WriteFile(text, []byte("this is no database, but long enough"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.mbtiles")
	db, err := sql.Open("sqlite", other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`CREATE TABLE x (y)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		want       error
	}{
		{"missing", filepath.Join(t.TempDir(), "none"), fs.ErrNotExist},
		{"folder", t.TempDir(), ErrNotTiles},
		{"text", text, ErrNotTiles},
		{"no tiles table", other, ErrNotTiles},
		{"no tile", write(t, nil, nil), ErrNotTiles},
		{"unknown format", write(t, nil, []row{{0, 0, 0, []byte("abc")}}), ErrUnsupported},
	} {
		if _, closer, err := Open(c.path); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
			if err == nil {
				closer.Close()
			}
		}
	}
}

func TestTileStopsWithItsContext(t *testing.T) {
	m := mustOpen(t, write(t, nil, []row{{0, 0, 0, pngTile(t, red)}}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Tile(ctx, 0, 0, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := m.Tile(t.Context(), 0, 0, 0); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestManyReaders(t *testing.T) {
	m := mustOpen(t, write(t, nil, []row{{1, 0, 0, pngTile(t, red)}, {1, 1, 0, pngTile(t, blue)}}))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				_, err := m.Tile(t.Context(), 1, (i+j)%2, j%2)
				if want := j%2 == 1; (err == nil) != want {
					t.Errorf("row %d: %v", j%2, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestMemoryForgetsTheOldest(t *testing.T) {
	m := NewMemory[int, string](3 * (100 + entryBytes))
	for i := range 5 {
		m.Put(i, "tile", 100)
		m.Get(0) // used all the time
	}
	for i, want := range []bool{true, false, false, true, true} {
		if _, ok := m.Get(i); ok != want {
			t.Errorf("tile %d kept: %v, want %v", i, ok, want)
		}
	}
	m.Put(4, "a new one", 100)
	if v, _ := m.Get(4); v != "a new one" || m.bytes != 3*(100+entryBytes) {
		t.Errorf("%q after another Put, %d bytes", v, m.bytes)
	}
	m.Drop(4)
	if _, ok := m.Get(4); ok || m.bytes != 2*(100+entryBytes) {
		t.Errorf("kept after Drop: %v, %d bytes", ok, m.bytes)
	}
}

func TestRealFiles(t *testing.T) {
	m := mustOpen(t, dataFile(t, "basemap_shenzhen_raster.mbtiles"))
	if lo, hi := m.Zooms(); lo != 8 || hi != 17 {
		t.Errorf("zooms %d…%d, want 8…17", lo, hi)
	}
	if m.Attribution() == "" {
		t.Error("no attribution")
	}
	// The city hall of Shenzhen at zoom 14.
	if _, err := m.Tile(t.Context(), 14, 13382, 7138); err != nil {
		t.Errorf("a tile in the middle of the city: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(pngTile(f, red))
	f.Add(jpegTile(f))
	f.Add(tinyWebP)
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		Sniff(data)
		m, err := DecodePicture(data)
		if err == nil && (m.Rect.Dx() < 1 || m.Rect.Dx() > maxTileSide || m.Rect.Dy() < 1 || m.Rect.Dy() > maxTileSide) {
			t.Errorf("decoded %v", m.Rect)
		}
		if plain, err := PlainVector(data); err == nil && len(plain) > maxVectorBytes {
			t.Errorf("%d bytes decompressed", len(plain))
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add("1,2,3,4", "<a>&copy;", "3")
	f.Fuzz(func(t *testing.T, bound, attribution, zoom string) {
		b := parseBound(bound)
		if !(b.Min[0] < b.Max[0] && b.Min[1] < b.Max[1]) {
			t.Errorf("bound %v of %q", b, bound)
		}
		PlainText(attribution)
		if z := zoomOr(zoom, 5); z < 0 || z > mapview.MaxZoom {
			t.Errorf("zoom %d of %q", z, zoom)
		}
	})
}

// TestWriterLeavesOtherFilesAlone asks for tiles in files that are something else: they must stay as they are, to the byte.
func TestWriterLeavesOtherFilesAlone(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "letter.mbtiles")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is a letter and no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(dir, "store.gpkg")
	db, err := sql.Open("sqlite", store)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`CREATE TABLE building (name TEXT)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, store} {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		w, err := OpenWriter(path, Info{Format: "png", Bound: TileBound(0, 0, 0)}, "o")
		if !errors.Is(err, ErrOtherFile) {
			t.Errorf("%s: %v", filepath.Base(path), err)
			if err == nil {
				_ = w.Close() // the test has failed
			}
		}
		after, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s was written to (%v)", filepath.Base(path), err)
		}
	}
}
