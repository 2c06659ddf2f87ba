// Package tileset reads sets of map tiles from files on this machine and hands them to mapview as tile sources.
//
// Start with [OpenMBTiles]. A set is opened read-only and may be read from any number of goroutines; it never writes to its
// file and never dials. Tiles that cannot be decoded are left out and counted ([MBTiles.Broken]), as files from
// many hands hold a few.
package tileset

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"image"
	"image/draw"
	_ "image/jpeg" // tile formats
	_ "image/png"
	"io"
	"log/slog"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/paulmach/orb"
	_ "golang.org/x/image/webp" // tile format
	_ "modernc.org/sqlite"

	"kuaitu/geo"
	"kuaitu/mapview"
)

// Errors that OpenMBTiles wraps.
var (
	ErrNotTiles    = errors.New("not an MBTiles file")
	ErrVectorTiles = errors.New("tiles are vectors, not pictures")
)

const (
	maxTileBytes = 16 << 20 // of an encoded tile
	maxTileSide  = 4096     // pixels
	cacheBytes   = 48 << 20 // of decoded tiles
)

// MBTiles is a set of raster tiles in an MBTiles 1.3 file (github.com/mapbox/mbtiles-spec). It implements [mapview.TileSource].
type MBTiles struct {
	db   *sql.DB
	tile *sql.Stmt
	path string
	meta Metadata

	cache  *tileCache
	broken atomic.Int64
}

// Metadata is what the file says about itself, completed from its tiles where it says nothing.
type Metadata struct {
	Name, Attribution string
	Format            string // "png", "jpg", "webp"
	MinZoom, MaxZoom  int
	Bound             orb.Bound // degrees; the whole world when unknown
	Datum             geo.Datum // of a "datum" row, which is ours; else CGCS2000
}

var _ mapview.TileSource = (*MBTiles)(nil)

const (
	sqlMetadata = `SELECT name, value FROM metadata`
	sqlTile     = `SELECT tile_data FROM tiles WHERE zoom_level = @z AND tile_column = @x AND tile_row = @y`
	sqlZooms    = `SELECT min(zoom_level), max(zoom_level) FROM tiles`
	sqlAnyTile  = `SELECT tile_data FROM tiles LIMIT 1`
)

// OpenMBTiles opens the file for reading. The file must not change while it is open. Missing metadata is made up for from the tiles.
//
// Errors: fs.ErrNotExist, ErrNotTiles (no SQLite file, no tiles table, no tile), ErrVectorTiles.
func OpenMBTiles(path string) (*MBTiles, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open tiles %s: %w", filepath.Base(path), err)
	}
	if err := mustBeFile(abs); err != nil {
		return nil, fmt.Errorf("open tiles: %w", err)
	}
	name := filepath.ToSlash(abs)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // a Windows drive
	}
	// immutable: no locks and no look at a journal, so that a set on read-only media opens too.
	uri := url.URL{Scheme: "file", Path: name, RawQuery: "mode=ro&immutable=1&_pragma=query_only(1)&_pragma=mmap_size(268435456)"}
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, fmt.Errorf("open tiles %s: %w", filepath.Base(path), err)
	}
	db.SetMaxOpenConns(max(2, runtime.GOMAXPROCS(0)))
	m := &MBTiles{db: db, path: filepath.Base(path), cache: newTileCache(cacheBytes)}
	if err := m.load(); err != nil {
		db.Close()
		return nil, fmt.Errorf("open tiles %s: %w", m.path, err)
	}
	return m, nil
}

// load reads the metadata and looks at one tile.
func (m *MBTiles) load() error {
	ctx := context.Background()
	var first []byte
	switch err := m.db.QueryRowContext(ctx, sqlAnyTile).Scan(&first); {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%w: it holds no tile", ErrNotTiles)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNotTiles, err)
	}
	rows := m.readMetadata(ctx)
	format := strings.ToLower(rows["format"])
	if sniffed := sniff(first); sniffed != "" {
		format = sniffed // what is there counts more than what is said
	}
	if format == "pbf" || format == "mvt" {
		return ErrVectorTiles
	}
	m.meta = Metadata{Name: rows["name"], Attribution: plainText(rows["attribution"]), Format: format, Bound: parseBound(rows["bounds"])}
	if d, err := geo.ParseDatum(rows["datum"]); err == nil {
		m.meta.Datum = d
	}
	var lo, hi sql.NullInt64
	if err := m.db.QueryRowContext(ctx, sqlZooms).Scan(&lo, &hi); err != nil {
		return fmt.Errorf("read zoom levels: %w", err)
	}
	m.meta.MinZoom = zoomOr(rows["minzoom"], lo.Int64)
	m.meta.MaxZoom = zoomOr(rows["maxzoom"], hi.Int64)
	// Files cut by hand say more than they hold; the tiles decide.
	m.meta.MinZoom = max(m.meta.MinZoom, clampZoom(lo.Int64))
	m.meta.MaxZoom = max(m.meta.MinZoom, min(m.meta.MaxZoom, clampZoom(hi.Int64)))
	var err error
	m.tile, err = m.db.PrepareContext(ctx, sqlTile)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotTiles, err)
	}
	return nil
}

// readMetadata answers the rows of the metadata table; a file without one has none.
func (m *MBTiles) readMetadata(ctx context.Context) map[string]string {
	out := map[string]string{}
	rows, err := m.db.QueryContext(ctx, sqlMetadata)
	if err != nil {
		slog.Warn("tile set without readable metadata", "file", m.path, "err", err)
		return out
	}
	defer rows.Close()
	for rows.Next() && len(out) < 256 {
		var name, value sql.NullString
		if err := rows.Scan(&name, &value); err != nil {
			break
		}
		out[strings.ToLower(name.String)] = value.String
	}
	if err := rows.Err(); err != nil {
		slog.Warn("tile set with broken metadata", "file", m.path, "err", err)
	}
	return out
}

// Close ends the use of the file; tiles already handed out stay good.
func (m *MBTiles) Close() error {
	return errors.Join(m.tile.Close(), m.db.Close())
}

// Metadata is what is known about the set.
func (m *MBTiles) Metadata() Metadata { return m.meta }

// Broken is how many tiles could not be decoded so far.
func (m *MBTiles) Broken() int { return int(m.broken.Load()) }

// Zooms implements [mapview.TileSource].
func (m *MBTiles) Zooms() (minZoom, maxZoom int) { return m.meta.MinZoom, m.meta.MaxZoom }

// Datum implements [mapview.TileSource].
func (m *MBTiles) Datum() geo.Datum { return m.meta.Datum }

// Attribution implements [mapview.TileSource].
func (m *MBTiles) Attribution() string { return m.meta.Attribution }

// Tile implements [mapview.TileSource]. A tile that cannot be decoded is [mapview.ErrNoTile] from then on.
func (m *MBTiles) Tile(ctx context.Context, z, x, y int) (image.Image, error) {
	if z < m.meta.MinZoom || z > m.meta.MaxZoom || x < 0 || y < 0 || x >= 1<<z || y >= 1<<z {
		return nil, mapview.ErrNoTile
	}
	key := tileKey{z, x, y}
	if img, ok := m.cache.get(key); ok {
		if img == nil {
			return nil, mapview.ErrNoTile
		}
		return img, nil
	}
	var data []byte
	row := 1<<z - 1 - y // MBTiles counts rows from the south
	err := m.tile.QueryRowContext(ctx, sql.Named("z", z), sql.Named("x", x), sql.Named("y", row)).Scan(&data)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		m.cache.put(key, nil)
		return nil, mapview.ErrNoTile
	case err != nil:
		return nil, fmt.Errorf("read tile %d/%d/%d: %w", z, x, y, err)
	}
	img, err := decode(data)
	if err != nil {
		if n := m.broken.Add(1); n == 1 || n%100 == 0 {
			slog.Warn("tile left out", "file", m.path, "z", z, "x", x, "y", y, "broken", n, "err", err)
		}
		m.cache.put(key, nil)
		return nil, mapview.ErrNoTile
	}
	m.cache.put(key, img)
	return img, nil
}

// decode turns an encoded tile into the form that is drawn fastest, with its upper left corner at 0,0.
func decode(data []byte) (*image.RGBA, error) {
	if len(data) > maxTileBytes {
		return nil, fmt.Errorf("tile of %d bytes", len(data))
	}
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if cfg.Width < 1 || cfg.Height < 1 || cfg.Width > maxTileSide || cfg.Height > maxTileSide {
		return nil, fmt.Errorf("tile of %d×%d pixels", cfg.Width, cfg.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Rect, img, b.Min, draw.Src)
	return out, nil
}

// sniff names the format of an encoded tile by its first bytes, or answers "".
func sniff(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG")):
		return "png"
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return "jpg"
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return "webp"
	case bytes.HasPrefix(data, []byte("\x1f\x8b")), bytes.HasPrefix(data, []byte("\x1a")):
		return "pbf" // gzip, or the first layer of a vector tile
	}
	return ""
}

func parseBound(s string) orb.Bound {
	world := orb.Bound{Min: orb.Point{-180, -mapview.MaxLat}, Max: orb.Point{180, mapview.MaxLat}}
	parts := strings.Split(s, ",")
	if len(parts) != 4 {
		return world
	}
	var v [4]float64
	for i, p := range parts {
		f, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || math.IsNaN(f) || math.Abs(f) > 180 {
			return world
		}
		v[i] = f
	}
	if v[0] >= v[2] || v[1] >= v[3] {
		return world
	}
	return orb.Bound{Min: orb.Point{v[0], v[1]}, Max: orb.Point{v[2], v[3]}}
}

func zoomOr(s string, otherwise int64) int {
	if f, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil && f >= 0 && f <= mapview.MaxZoom {
		return int(f)
	}
	return clampZoom(otherwise)
}

func clampZoom(z int64) int { return int(max(0, min(z, mapview.MaxZoom))) }

// plainText takes the tags out of an attribution, which the specification allows to be HTML.
func plainText(s string) string {
	var b strings.Builder
	depth := 0
	for _, r := range s {
		switch {
		case r == '<':
			depth++
		case r == '>' && depth > 0:
			depth--
		case depth == 0:
			b.WriteRune(r)
		}
	}
	out := b.String()
	for _, e := range [...][2]string{{"&copy;", "©"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", `"`}, {"&amp;", "&"}} {
		out = strings.ReplaceAll(out, e[0], e[1])
	}
	return strings.TrimSpace(out)
}

// mustBeFile refuses what is no readable file: SQLite would report a folder or a missing file with words of its own.
func mustBeFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 16)
	if _, err := io.ReadFull(f, head); err != nil || string(head) != "SQLite format 3\x00" {
		return fmt.Errorf("%s: %w", filepath.Base(path), ErrNotTiles)
	}
	return nil
}
