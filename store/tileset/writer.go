package tileset

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/paulmach/orb"
)

// ErrOtherFile says that a file to be continued was begun with something else.
var ErrOtherFile = errors.New("the file holds other tiles")

const (
	writerBatch  = 64 // tiles in a transaction
	sqliteNotADB = 26 // SQLITE_NOTADB

	sqlWriterSchema = `
	CREATE TABLE IF NOT EXISTS metadata (name TEXT NOT NULL PRIMARY KEY, value TEXT);
	CREATE TABLE IF NOT EXISTS tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB, PRIMARY KEY (zoom_level, tile_column, tile_row));
	CREATE TABLE IF NOT EXISTS ` + absentTable + ` (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, PRIMARY KEY (zoom_level, tile_column, tile_row)) WITHOUT ROWID`
	sqlWriterPut    = `INSERT OR REPLACE INTO tiles (zoom_level, tile_column, tile_row, tile_data) VALUES (@z, @x, @y, @data)`
	sqlWriterAbsent = `INSERT OR REPLACE INTO ` + absentTable + ` (zoom_level, tile_column, tile_row) VALUES (@z, @x, @y)`
	sqlWriterHas    = `
	SELECT EXISTS (SELECT 1 FROM tiles WHERE zoom_level = @z AND tile_column = @x AND tile_row = @y)
	    OR EXISTS (SELECT 1 FROM ` + absentTable + ` WHERE zoom_level = @z AND tile_column = @x AND tile_row = @y)`
	sqlWriterRow   = `INSERT INTO metadata (name, value) VALUES (@name, @value) ON CONFLICT (name) DO UPDATE SET value = excluded.value`
	sqlWriterBytes = `SELECT coalesce(sum(length(tile_data)), 0) FROM tiles`
	sqlAnything    = `SELECT count(*) FROM sqlite_master`
	sqlAbsent      = `SELECT count(*) FROM ` + absentTable + ` WHERE zoom_level = @z AND tile_column = @x AND tile_row = @y`
	absentTable    = `kuaitu_absent` // tiles that the source said it does not have
)

// Writer fills an MBTiles file. It may be used from several goroutines. A process that is killed leaves a sound file that lacks the last
// few tiles and that another Writer continues.
type Writer struct {
	db   *sql.DB
	file string

	mu      sync.Mutex // guards what follows
	tx      *sql.Tx    // open while there are tiles not yet committed
	pending int
	bytes   int64
}

// OpenWriter makes an MBTiles file, or continues one. origin says where the tiles come from: a file begun with another origin or
// format, and one that is something else, is ErrOtherFile and stays as it is. Zooms and bounds of a continued file grow to those of info.
func OpenWriter(path string, info Info, origin string) (*Writer, error) {
	w, err := openWriter(path, info, origin)
	if err != nil {
		return nil, fmt.Errorf("write tiles %s: %w", filepath.Base(path), err)
	}
	return w, nil
}

func openWriter(path string, info Info, origin string) (*Writer, error) {
	// A rollback journal, not WAL: what is done is one file at any time.
	uri, err := dsn(path, "_txlock=immediate&_pragma=journal_mode(delete)&_pragma=synchronous(normal)&_pragma=busy_timeout(2000)")
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", uri)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	w := &Writer{db: db, file: filepath.Base(path)}
	if err := w.begin(info, origin); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return w, nil
}

// begin makes the tables and writes the metadata.
func (w *Writer) begin(info Info, origin string) error {
	ctx := context.Background()
	has, err := hasTable(ctx, w.db, "metadata")
	if err != nil {
		var code interface{ Code() int }
		if errors.As(err, &code) && code.Code()&0xff == sqliteNotADB {
			return fmt.Errorf("%w: %w", ErrOtherFile, err)
		}
		return err
	}
	was := map[string]string{}
	if !has { // a store, say, must not get tables of ours
		var things int
		if err := w.db.QueryRow(sqlAnything).Scan(&things); err != nil {
			return err
		}
		if things > 0 {
			return ErrOtherFile
		}
	}
	if has {
		was = readMetadata(ctx, w.db, w.file)
		if was["kuaitu_origin"] != origin || was["format"] != info.Format {
			return ErrOtherFile
		}
	}
	tx, err := w.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	if _, err := tx.Exec(sqlWriterSchema); err != nil {
		return err
	}
	b := info.Bound
	if has {
		info.MinZoom, info.MaxZoom = min(info.MinZoom, zoomOr(was["minzoom"], int64(info.MinZoom))), max(info.MaxZoom, zoomOr(was["maxzoom"], int64(info.MaxZoom)))
		b = b.Union(parseBound(was["bounds"]))
	}
	rows := map[string]string{
		"name": info.Name, "type": "baselayer", "version": "1", "format": info.Format, "attribution": info.Attribution, "approval": info.Approval,
		"minzoom": strconv.Itoa(info.MinZoom), "maxzoom": strconv.Itoa(info.MaxZoom), "bounds": formatBound(b), "datum": info.Datum.String(), "kuaitu_origin": origin,
	}
	if info.Vector() {
		rows["json"] = formatLayers(info.Layers)
	}
	for name, value := range rows {
		if _, err := tx.Exec(sqlWriterRow, sql.Named("name", name), sql.Named("value", value)); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return w.db.QueryRow(sqlWriterBytes).Scan(&w.bytes)
}

func formatBound(b orb.Bound) string {
	return fmt.Sprintf("%.7f,%.7f,%.7f,%.7f", b.Min[0], b.Min[1], b.Max[0], b.Max[1])
}

// beginLocked answers the open transaction.
func (w *Writer) beginLocked() (*sql.Tx, error) {
	if w.tx != nil {
		return w.tx, nil
	}
	tx, err := w.db.Begin()
	if err != nil {
		return nil, err
	}
	w.tx = tx
	return tx, nil
}

// Has says whether tile z/x/y is in the file, or known not to exist.
func (w *Writer) Has(ctx context.Context, z, x, y int) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	tx, err := w.beginLocked()
	if err != nil {
		return false, fmt.Errorf("write tiles %s: %w", w.file, err)
	}
	var has bool
	err = tx.QueryRowContext(ctx, sqlWriterHas, tileArgs(z, x, y)...).Scan(&has)
	return has, err
}

// Put adds a tile; without data it notes that there is none. What was put is on disk after [Writer.Flush], [Writer.Close] or 64 tiles.
func (w *Writer) Put(z, x, y int, data []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	tx, err := w.beginLocked()
	if err == nil {
		if data == nil {
			_, err = tx.Exec(sqlWriterAbsent, tileArgs(z, x, y)...)
		} else {
			_, err = tx.Exec(sqlWriterPut, append(tileArgs(z, x, y), sql.Named("data", data))...)
		}
	}
	if err == nil {
		w.bytes += int64(len(data))
		if w.pending++; w.pending >= writerBatch {
			err = w.flushLocked()
		}
	}
	if err != nil {
		return fmt.Errorf("write tile %d/%d/%d of %s: %w", z, x, y, w.file, err)
	}
	return nil
}

// Bytes is how many bytes of tiles the file holds.
func (w *Writer) Bytes() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bytes
}

// Flush commits what was put.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flushLocked()
}

func (w *Writer) flushLocked() error {
	if w.tx == nil {
		return nil
	}
	err := w.tx.Commit()
	w.tx, w.pending = nil, 0
	return err
}

// Close commits what was put and closes the file.
func (w *Writer) Close() error { return errors.Join(w.Flush(), w.db.Close()) }

// tileArgs are the parameters that name a tile, rows from the north.
func tileArgs(z, x, y int) []any {
	return []any{sql.Named("z", z), sql.Named("x", x), sql.Named("y", 1<<z-1-y)}
}
