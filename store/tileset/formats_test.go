package tileset

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview"
)

func openDB(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func mustExec(t testing.TB, db *sql.DB, q string, args ...any) {
	t.Helper()
	if _, err := db.Exec(q, args...); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

func TestSchemeXYZ(t *testing.T) {
	m := mustOpen(t, write(t, map[string]string{"scheme": "xyz"}, []row{{1, 0, 0, pngTile(t, red)}}))
	if _, err := m.Tile(t.Context(), 1, 0, 0); err != nil {
		t.Errorf("row 0 is the northern one here: %v", err)
	}
	if _, err := m.Tile(t.Context(), 1, 0, 1); !errors.Is(err, mapview.ErrNoTile) {
		t.Errorf("the southern row: %v", err)
	}
}

func TestVectorTiles(t *testing.T) {
	layer := []byte("\x1a\x05\x0a\x03abc") // a layer with a name
	zipped := pack(t, pmGzip, layer)
	path := write(t, map[string]string{"format": "pbf", "json": `{"vector_layers":[{"id":"abc"},{"id":"d"}]}`},
		[]row{{0, 0, 0, zipped}, {1, 0, 1, layer}, {1, 1, 1, zipped[:len(zipped)-6]}, {1, 0, 0, []byte("<html>")}, {1, 1, 0, layer[:5]}})
	opened, closer, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	v, ok := opened.(*Vector)
	if !ok {
		t.Fatalf("a %T", opened)
	}
	for _, at := range [][3]int{{0, 0, 0}, {1, 0, 0}} {
		if got, err := v.VectorTile(t.Context(), at[0], at[1], at[2]); err != nil || !bytes.Equal(got, layer) {
			t.Errorf("tile %v: %q, %v", at, got, err)
		}
	}
	for _, at := range [][3]int{{1, 1, 0}, {1, 0, 1}, {1, 1, 1}} {
		if _, err := v.VectorTile(t.Context(), at[0], at[1], at[2]); !errors.Is(err, mapview.ErrNoTile) {
			t.Errorf("broken tile %v: %v", at, err)
		}
	}
	if v.Broken() != 3 || strings.Join(v.Info().Layers, " ") != "abc d" {
		t.Errorf("%d broken, layers %v", v.Broken(), v.Info().Layers)
	}
}

func TestRealVectorTilesAreWhole(t *testing.T) {
	for _, name := range []string{"basemap_macau.mbtiles", "basemap_shenzhen.mbtiles"} {
		path := dataFile(t, name)
		opened, closer, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer closer.Close()
		v := opened.(*Vector)
		if lo, hi := v.Zooms(); lo != 0 || hi != 14 || v.Attribution() == "" || len(v.Info().Layers) < 8 {
			t.Errorf("%s: zooms %d…%d, layers %v", name, lo, hi, v.Info().Layers)
		}
		eachTile(t, path, func(z, x, y int, _ []byte) {
			if data, err := v.VectorTile(t.Context(), z, x, y); err != nil || isGzip(data) {
				t.Errorf("%s %d/%d/%d: %v", name, z, x, y, err)
			}
		})
	}
}

// gpkgMatrix is a row of gpkg_tile_matrix.
type gpkgMatrix struct {
	zoom, tilePx int
	pixelM       float64
}

// writeGPKG makes a GeoPackage with one table of tiles.
func writeGPKG(t testing.TB, table string, crs int, west, north float64, matrices []gpkgMatrix, tiles []row) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "瓦片.gpkg")
	db := openDB(t, path)
	mustExec(t, db, `CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT, organization_coordsys_id INTEGER, definition TEXT)`)
	mustExec(t, db, `CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT, identifier TEXT, srs_id INTEGER)`)
	mustExec(t, db, `CREATE TABLE gpkg_tile_matrix_set (table_name TEXT PRIMARY KEY, srs_id INTEGER, min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE)`)
	mustExec(t, db, `CREATE TABLE gpkg_tile_matrix (table_name TEXT, zoom_level INTEGER, matrix_width INTEGER, matrix_height INTEGER, tile_width INTEGER, tile_height INTEGER, pixel_x_size DOUBLE, pixel_y_size DOUBLE)`)
	mustExec(t, db, `INSERT INTO gpkg_spatial_ref_sys VALUES ('x', ?, 'EPSG', ?, '')`, crs, crs)
	mustExec(t, db, `INSERT INTO gpkg_contents VALUES (?, 'tiles', '影像', ?)`, table, crs)
	mustExec(t, db, `INSERT INTO gpkg_tile_matrix_set VALUES (?, ?, ?, ?, ?, ?)`, table, crs, west, -north, -west, north)
	for _, m := range matrices {
		mustExec(t, db, `INSERT INTO gpkg_tile_matrix VALUES (?, ?, 1, 1, ?, ?, ?, ?)`, table, m.zoom, m.tilePx, m.tilePx, m.pixelM, m.pixelM)
	}
	quoted := `"` + table + `"`
	mustExec(t, db, `CREATE TABLE `+quoted+` (id INTEGER PRIMARY KEY, zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB)`)
	for _, r := range tiles {
		mustExec(t, db, `INSERT INTO `+quoted+` (zoom_level, tile_column, tile_row, tile_data) VALUES (?, ?, ?, ?)`, r.z, r.x, r.y, r.data)
	}
	return path
}

func TestGeoPackage(t *testing.T) {
	pixel := func(z int) float64 { return WorldM / 256 / math.Exp2(float64(z)) }
	half := WorldM / 2
	var all []gpkgMatrix
	for z := range 5 {
		all = append(all, gpkgMatrix{z, 256, pixel(z)})
	}
	m := mustOpen(t, writeGPKG(t, "影像 tiles", 3857, -half, half, all, []row{{1, 0, 0, pngTile(t, red)}, {3, 5, 2, pngTile(t, blue)}}))
	if got := m.Info(); got.MinZoom != 1 || got.MaxZoom != 3 || got.Name != "影像" || got.Table != "影像 tiles" || got.Format != "png" {
		t.Errorf("info %+v", got)
	}
	for at, want := range map[[3]int]color.RGBA{{1, 0, 0}: red, {3, 5, 2}: blue} {
		if img, err := m.Tile(t.Context(), at[0], at[1], at[2]); err != nil || img.At(1, 1) != want {
			t.Errorf("tile %v: %v", at, err)
		}
	}
	if _, err := m.Tile(t.Context(), 3, 5, 5); !errors.Is(err, mapview.ErrNoTile) {
		t.Errorf("no tile: %v", err)
	}

	// A matrix set of its own that lies on the pyramid: 512-pixel tiles, from tile 4/4/4 on, levels counted from 0.
	part := writeGPKG(t, "part", 3857, -half/2, half/2, []gpkgMatrix{{0, 512, pixel(4) / 2}}, []row{{0, 1, 2, pngTile(t, red)}})
	if _, err := mustOpen(t, part).Tile(t.Context(), 4, 5, 6); err != nil {
		t.Errorf("tile 1,2 from 4,4 on: %v", err)
	}
}

func TestGeoPackageRefuses(t *testing.T) {
	half := WorldM / 2
	tile := []row{{0, 0, 0, pngTile(t, red)}}
	for name, c := range map[string]struct {
		path, table, says string
		want              error
	}{
		"degrees":        {writeGPKG(t, "deg", 4326, -180, 90, []gpkgMatrix{{0, 256, 1.4}}, tile), "", "table deg: a kind of tiles that cannot be shown: tiles in EPSG:4326", ErrUnsupported},
		"other scales":   {writeGPKG(t, "odd", 3857, -half, half, []gpkgMatrix{{0, 256, 1000}}, tile), "", "table odd", ErrUnsupported},
		"off the grid":   {writeGPKG(t, "off", 3857, -half/3, half/3, []gpkgMatrix{{0, 256, WorldM / 256 / 16}}, tile), "", "table off", ErrUnsupported},
		"no tile":        {writeGPKG(t, "none", 3857, -half, half, []gpkgMatrix{{0, 256, WorldM / 256}}, nil), "", "table none", ErrNotTiles},
		"no such table":  {writeGPKG(t, "a", 3857, -half, half, []gpkgMatrix{{0, 256, WorldM / 256}}, tile), "b", `"b"`, ErrNotTiles},
		"no matrix":      {writeGPKG(t, "nm", 3857, -half, half, nil, tile), "", "table nm", ErrNotTiles},
		"infinite pixel": {writeGPKG(t, "inf", 3857, -half, half, []gpkgMatrix{{0, 256, math.Inf(1)}}, tile), "", "table inf", ErrUnsupported},
	} {
		if _, _, err := OpenTable(c.path, c.table); !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %v, want %v and %q", name, err, c.want, c.says)
		}
	}
}

func writeFile(t testing.TB, data []byte, path ...string) {
	t.Helper()
	p := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFolders(t *testing.T) {
	xyz := t.TempDir()
	writeFile(t, pngTile(t, red), xyz, "3", "6", "3.png")
	writeFile(t, pngTile(t, blue), xyz, "4", "13", "6.png")
	writeFile(t, []byte("cut"), xyz, "4", "13", "7.png")
	writeFile(t, []byte("notes"), xyz, "4", "13", "readme.txt")
	writeFile(t, nil, xyz, "99", "1", "1.png")
	writeFile(t, []byte(`{"name":"夹","attribution":"© a","approval":"GS(2024)0001号","datum":"gcj02"}`), xyz, "metadata.json")
	m := mustOpen(t, xyz)
	info := m.Info()
	if info.MinZoom != 3 || info.MaxZoom != 4 || info.Name != "夹" || info.Approval != "GS(2024)0001号" || info.Datum != geo.GCJ02 {
		t.Errorf("info %+v", info)
	}
	if want := (orb.Bound{Min: orb.Point{90, 0}, Max: orb.Point{135, 40.97989806962013}}); math.Abs(info.Bound.Max[1]-want.Max[1]) > 1e-9 || info.Bound.Min != want.Min || info.Bound.Max[0] != want.Max[0] {
		t.Errorf("bound %v, want %v", info.Bound, want)
	}
	if img, err := m.Tile(t.Context(), 4, 13, 6); err != nil || img.At(0, 0) != blue {
		t.Errorf("tile: %v", err)
	}
	for _, y := range []int{5, 7} {
		if _, err := m.Tile(t.Context(), 4, 13, y); !errors.Is(err, mapview.ErrNoTile) {
			t.Errorf("row %d: %v", y, err)
		}
	}
	if m.Broken() != 1 {
		t.Errorf("%d broken", m.Broken())
	}

	tms := t.TempDir() // as gdal2tiles leaves it
	writeFile(t, jpegTile(t), tms, "1", "1", "0.jpg")
	writeFile(t, []byte(`<TileMap><Title>正射</Title></TileMap>`), tms, "tilemapresource.xml")
	m = mustOpen(t, tms)
	if _, err := m.Tile(t.Context(), 1, 1, 1); err != nil || m.Info().Name != "正射" || m.Info().Format != "jpg" {
		t.Errorf("rows from the south: %v, %+v", err, m.Info())
	}

	vector := t.TempDir()
	writeFile(t, []byte("\x1a\x00"), vector, "0", "0", "0.mvt")
	opened, closer, err := Open(vector)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	if _, err := opened.(*Vector).VectorTile(t.Context(), 0, 0, 0); err != nil {
		t.Error(err)
	}
}

func TestAlign(t *testing.T) {
	for _, c := range []struct {
		u, v, span  float64
		z, col, row int
		ok          bool
	}{
		{0, 0, 1, 0, 0, 0, true},
		{0.5, 0.25, 1.0 / 16, 4, 8, 4, true},
		{0.5001, 0.25, 1.0 / 16, 4, 8, 4, true},
		{0.51, 0.25, 1.0 / 16, 0, 0, 0, false},
		{0, 0, 0.7, 0, 0, 0, false},
		{0, 0, 0, 0, 0, 0, false},
		{0, 0, math.NaN(), 0, 0, 0, false},
		{1, 0, 0.5, 0, 0, 0, false},
		{-0.5, 0, 0.5, 0, 0, 0, false},
		{0, 0, math.Inf(1), 0, 0, 0, false},
		{math.NaN(), 0, 0.5, 0, 0, 0, false},
	} {
		z, col, row, ok := Align(c.u, c.v, c.span)
		if z != c.z && c.ok || col != c.col && c.ok || row != c.row && c.ok || ok != c.ok {
			t.Errorf("Align(%v, %v, %v) = %d %d %d %v", c.u, c.v, c.span, z, col, row, ok)
		}
	}
}

func BenchmarkVectorTile(b *testing.B) {
	opened, closer, err := Open(dataFile(b, "basemap_shenzhen.mbtiles"))
	if err != nil {
		b.Fatal(err)
	}
	defer closer.Close()
	v := opened.(*Vector)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.VectorTile(b.Context(), 14, 13382, 7138); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodePicture(b *testing.B) {
	r := mustOpen(b, dataFile(b, "basemap_shenzhen_raster.mbtiles"))
	data, err := r.Encoded(b.Context(), 14, 13382, 7138)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodePicture(data); err != nil {
			b.Fatal(err)
		}
	}
}
