package tileset

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"

	"kuaitu/geo"
	"kuaitu/mapview"
)

const pictureBytes = 48 << 20 // of decoded tiles kept by a Raster

// tiles is one format: where the encoded tiles lie.
type tiles interface {
	// read answers an encoded tile inside the pyramid, or mapview.ErrNoTile. The bytes are the caller's.
	read(ctx context.Context, z, x, y int) ([]byte, error)
	io.Closer
}

// set is what Raster and Vector have in common.
type set struct {
	tiles  tiles
	file   string // name without folder, for messages
	info   Info
	broken atomic.Int64
}

// Raster is a set of pictures. It implements [mapview.TileSource].
type Raster struct {
	set
	memory *Memory[tileKey, *image.RGBA] // nil: there is no tile, or it is broken
}

// Vector is a set of vector tiles (Mapbox vector tile encoding). It implements [mapview.VectorSource].
type Vector struct{ set }

var (
	_ mapview.TileSource   = (*Raster)(nil)
	_ mapview.VectorSource = (*Vector)(nil)
)

type tileKey struct{ z, x, y int }

// Open opens the tiles at path, a file or a folder, recognised by its content: MBTiles 1.3, PMTiles v3, the first table of tiles
// of a GeoPackage that fits, or a folder of z/x/y files. It answers a *Raster (a mapview.TileSource) or a *Vector (a mapview.VectorSource), and the
// same once more to be closed after use. The file must not change while it is open.
//
// Errors: fs.ErrNotExist, ErrNotTiles, ErrUnsupported.
func Open(path string) (any, io.Closer, error) { return OpenTable(path, "") }

// OpenTable is Open for one table of tiles of a GeoPackage; "" is the first that fits.
func OpenTable(path, table string) (any, io.Closer, error) {
	file := filepath.Base(path)
	t, info, err := openTiles(path, table)
	if err != nil {
		return nil, nil, fmt.Errorf("open tiles %s: %w", file, err)
	}
	if info.Vector() {
		v := &Vector{set{tiles: t, file: file, info: info}}
		return v, v, nil
	}
	r := &Raster{set: set{tiles: t, file: file, info: info}, memory: NewMemory[tileKey, *image.RGBA](pictureBytes)}
	return r, r, nil
}

func openTiles(path, table string) (tiles, Info, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, Info{}, err
	}
	if fi.IsDir() {
		return openFolder(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, Info{}, err
	}
	head := make([]byte, 16)
	n, _ := io.ReadFull(f, head)
	switch head := string(head[:n]); {
	case head == "SQLite format 3\x00":
		if err := f.Close(); err != nil {
			return nil, Info{}, err
		}
		return openSQLite(path, table)
	case n >= 8 && head[:7] == "PMTiles":
		return openPMTiles(f)
	}
	return nil, Info{}, errors.Join(ErrNotTiles, f.Close())
}

// Close ends the use of the file; tiles already handed out stay good.
func (s *set) Close() error { return s.tiles.Close() }

// Info is what is known about the set.
func (s *set) Info() Info { return s.info }

// Broken is how many tiles could not be decoded so far.
func (s *set) Broken() int { return int(s.broken.Load()) }

// Zooms are the coarsest and finest levels that exist.
func (s *set) Zooms() (minZoom, maxZoom int) { return s.info.MinZoom, s.info.MaxZoom }

// Datum is what the tiles are drawn in.
func (s *set) Datum() geo.Datum { return s.info.Datum }

// Attribution is the credit to show, or "".
func (s *set) Attribution() string { return s.info.Attribution }

// Encoded answers tile z/x/y as it lies in the file: PNG, JPEG, WebP, or a vector tile, gzip'd or not. [mapview.ErrNoTile] says that there is none.
func (s *set) Encoded(ctx context.Context, z, x, y int) ([]byte, error) {
	if z < s.info.MinZoom || z > s.info.MaxZoom || !inPyramid(z, x, y) {
		return nil, mapview.ErrNoTile
	}
	data, err := s.tiles.read(ctx, z, x, y)
	if err != nil && !errors.Is(err, mapview.ErrNoTile) {
		return nil, fmt.Errorf("read tile %d/%d/%d of %s: %w", z, x, y, s.file, err)
	}
	return data, err
}

// Absent says whether the file notes that the source it was filled from has no tile z/x/y: see [Writer.Put].
func (s *set) Absent(ctx context.Context, z, x, y int) (bool, error) {
	if m, ok := s.tiles.(*mbtiles); ok {
		return m.absent(ctx, z, x, y)
	}
	return false, nil
}

// leaveOut counts a broken tile and says so now and then.
func (s *set) leaveOut(z, x, y int, err error) {
	if n := s.broken.Add(1); n == 1 || n%100 == 0 {
		slog.Warn("tile left out", "file", s.file, "z", z, "x", x, "y", y, "broken", n, "err", err)
	}
}

// Tile implements [mapview.TileSource]. A tile that cannot be decoded is [mapview.ErrNoTile] from then on.
func (r *Raster) Tile(ctx context.Context, z, x, y int) (image.Image, error) {
	key := tileKey{z, x, y}
	if img, ok := r.memory.Get(key); ok {
		if img == nil {
			return nil, mapview.ErrNoTile
		}
		return img, nil
	}
	data, err := r.Encoded(ctx, z, x, y)
	if errors.Is(err, mapview.ErrNoTile) || errors.Is(err, ErrBroken) {
		if err != mapview.ErrNoTile {
			r.leaveOut(z, x, y, err)
		}
		r.memory.Put(key, nil, 0)
		return nil, mapview.ErrNoTile
	}
	if err != nil {
		return nil, err
	}
	img, err := DecodePicture(data)
	if err != nil {
		r.leaveOut(z, x, y, err)
		r.memory.Put(key, nil, 0)
		return nil, mapview.ErrNoTile
	}
	r.memory.Put(key, img, len(img.Pix))
	return img, nil
}

// VectorTile implements [mapview.VectorSource]. Tiles are decompressed; one that is not whole is [mapview.ErrNoTile].
func (v *Vector) VectorTile(ctx context.Context, z, x, y int) ([]byte, error) {
	data, err := v.Encoded(ctx, z, x, y)
	if err == nil {
		data, err = PlainVector(data)
	}
	if errors.Is(err, ErrBroken) {
		v.leaveOut(z, x, y, err)
		return nil, mapview.ErrNoTile
	}
	return data, err
}
