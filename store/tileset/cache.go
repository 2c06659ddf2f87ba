package tileset

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// ErrNotCache says that a file is something else than a tile cache: it is left alone.
var ErrNotCache = errors.New("not a tile cache")

const (
	cacheApplication = 0x4b545443 // "KTTC", in the header of the file
	cacheVersion     = 1
	cacheRowBytes    = 160              // what a row counts besides its tile
	usedEvery        = 10 * time.Minute // how exactly the time of last use is kept
	usedPending      = 256              // uses noted before they are written
)

//go:embed cache.sql
var sqlCacheSchema string

const (
	sqlCacheGet = `
	SELECT id, coalesce(tile_data, x''), etag, modified, fetched, fresh_until, used FROM tiles
	WHERE source = @source AND zoom_level = @z AND tile_column = @x AND tile_row = @y`
	sqlCachePut = `
	INSERT INTO tiles (source, zoom_level, tile_column, tile_row, tile_data, etag, modified, fetched, fresh_until, used, size)
	VALUES (@source, @z, @x, @y, @data, @etag, @modified, @fetched, @fresh, @used, @size)
	ON CONFLICT (source, zoom_level, tile_column, tile_row) DO UPDATE SET tile_data = excluded.tile_data, etag = excluded.etag,
	       modified = excluded.modified, fetched = excluded.fetched, fresh_until = excluded.fresh_until, used = excluded.used, size = excluded.size`
	sqlCacheRenew = `
	UPDATE tiles SET fetched = @fetched, fresh_until = @fresh
	WHERE source = @source AND zoom_level = @z AND tile_column = @x AND tile_row = @y`
	sqlCacheUsed   = `UPDATE tiles SET used = @used WHERE id = @id AND used < @used`
	sqlCacheTotal  = `SELECT coalesce(sum(bytes), 0) FROM source`
	sqlCacheEvict  = `DELETE FROM tiles WHERE id IN (SELECT id FROM tiles ORDER BY used, id LIMIT 32)`
	sqlCacheSource = `SELECT id, fingerprint FROM source WHERE name = @name`
	sqlCacheStats  = `SELECT name, tiles, bytes FROM source ORDER BY name`
)

// Cache keeps tiles from the network in one SQLite file, up to a number of bytes: those not used for longest go first. Its
// table "tiles" has the columns of MBTiles (rows from the south) and some more. Several processes may use a file at once. A process that is
// killed loses nothing that was put; what is lost when the machine stops is the last few tiles.
type Cache struct {
	read, write *sql.DB
	now         func() time.Time

	mu    sync.Mutex // guards what follows
	quota int64
	used  map[int64]int64 // row → when it was used, not written yet; Unix seconds
}

// CacheSource is one source's part of a [Cache].
type CacheSource struct {
	c  *Cache
	id int64
}

// CachedTile is a tile and what the server said of it. No Data means that the server has none.
type CachedTile struct {
	Data           []byte
	ETag, Modified string    // to ask whether it changed
	Fetched        time.Time // when it came
	FreshUntil     time.Time // until then it need not be asked for
}

// CacheStats is how much a source has in the cache.
type CacheStats struct {
	Source string
	Tiles  int64
	Bytes  int64
}

// OpenCache opens a cache, or makes it. quota is in bytes. A damaged one is thrown away and begun anew; a file that is no cache is
// ErrNotCache.
func OpenCache(path string, quota int64) (*Cache, error) {
	if !isOrMayBecomeCache(path) {
		return nil, fmt.Errorf("open tile cache %s: %w", filepath.Base(path), ErrNotCache)
	}
	c, err := openCache(path, quota)
	if err == nil || errors.Is(err, ErrNotCache) || !ownCacheFile(path) {
		return c, err
	}
	slog.Warn("damaged tile cache is begun anew", "file", filepath.Base(path), "err", err)
	for _, suffix := range [...]string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open tile cache: %w", err)
		}
	}
	return openCache(path, quota)
}

// isOrMayBecomeCache refuses other people's files before SQLite touches them. A cache whose making was cut short has its mark in the log only.
func isOrMayBecomeCache(path string) bool {
	fi, err := os.Stat(path)
	return err != nil || fi.Size() == 0 || ownCacheFile(path) || exists(path+"-wal")
}

// ownCacheFile says whether the file's header has our mark, so that it may be thrown away.
func ownCacheFile(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var id [4]byte
	_, err = f.ReadAt(id[:], 68)
	return err == nil && binary.BigEndian.Uint32(id[:]) == cacheApplication
}

func openCache(path string, quota int64) (_ *Cache, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("open tile cache %s: %w", filepath.Base(path), err)
		}
	}()
	// WAL with synchronous=NORMAL: a commit costs no wait for the disk and the file stays sound.
	const common = "&_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)"
	uri, err := dsn(path, "_txlock=immediate&_pragma=auto_vacuum(incremental)&_pragma=journal_mode(wal)&_pragma=synchronous(normal)&_pragma=journal_size_limit(4194304)"+common)
	if err != nil {
		return nil, err
	}
	c := &Cache{now: time.Now, quota: quota, used: map[int64]int64{}}
	if c.write, err = sql.Open("sqlite", uri); err != nil {
		return nil, err
	}
	c.write.SetMaxOpenConns(1)
	if err := c.prepare(); err != nil {
		return nil, errors.Join(err, c.write.Close())
	}
	if uri, err = dsn(path, "mode=ro&_pragma=query_only(1)"+common); err == nil {
		c.read, err = sql.Open("sqlite", uri)
	}
	if err != nil {
		return nil, errors.Join(err, c.write.Close())
	}
	c.read.SetMaxOpenConns(4)
	return c, nil
}

// prepare makes the tables of a new file and refuses files of others.
func (c *Cache) prepare() error {
	tx, err := c.write.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	var application, version, tables int
	if err := tx.QueryRow(`SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master) FROM pragma_application_id, pragma_user_version`).Scan(&application, &version, &tables); err != nil {
		return err
	}
	switch {
	case tables == 0:
		if _, err := tx.Exec(sqlCacheSchema); err != nil {
			return err
		}
	case application != cacheApplication:
		return ErrNotCache
	case version != cacheVersion:
		return fmt.Errorf("%w of this program: version %d, want %d", ErrNotCache, version, cacheVersion)
	}
	if err := tx.Commit(); err != nil || tables > 0 {
		return err
	}
	_, err = c.write.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`) // puts our mark into the file itself
	return err
}

// Close writes what is still to be written and closes the file.
func (c *Cache) Close() error {
	return errors.Join(c.inTx(context.Background(), func(*sql.Tx) error { return nil }), c.read.Close(), c.write.Close())
}

// inTx runs f in a transaction that also writes the uses noted so far.
func (c *Cache) inTx(ctx context.Context, f func(tx *sql.Tx) error) error {
	c.mu.Lock()
	used := c.used
	c.used = map[int64]int64{}
	c.mu.Unlock()
	tx, err := c.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	for id, at := range used {
		if _, err := tx.ExecContext(ctx, sqlCacheUsed, sql.Named("used", at), sql.Named("id", id)); err != nil {
			return err
		}
	}
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Source answers the part of the cache for the source with this id. fingerprint says what its tiles depend on (address, layer, style): when
// it differs from the last time, the tiles of then are dropped.
func (c *Cache) Source(ctx context.Context, id, fingerprint string) (*CacheSource, error) {
	s := &CacheSource{c: c}
	err := c.inTx(ctx, func(tx *sql.Tx) error {
		var was string
		err := tx.QueryRowContext(ctx, sqlCacheSource, sql.Named("name", id)).Scan(&s.id, &was)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			res, err := tx.ExecContext(ctx, `INSERT INTO source (name, fingerprint) VALUES (@name, @fingerprint)`, sql.Named("name", id), sql.Named("fingerprint", fingerprint))
			if err != nil {
				return err
			}
			s.id, err = res.LastInsertId()
			return err
		case err != nil || was == fingerprint:
			return err
		}
		if err := dropTiles(ctx, tx, s.id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE source SET fingerprint = @fingerprint WHERE id = @id`, sql.Named("fingerprint", fingerprint), sql.Named("id", s.id))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("tile cache: source %s: %w", id, err)
	}
	return s, nil
}

func dropTiles(ctx context.Context, tx *sql.Tx, source int64) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM tiles WHERE source = @source`, sql.Named("source", source)); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM documents WHERE source = @source`, sql.Named("source", source))
	return err
}

// Clear drops what is kept of the source with this id, or of all when it is "", and gives the room on disk back.
func (c *Cache) Clear(ctx context.Context, id string) error {
	err := c.inTx(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id FROM source WHERE name = @name OR @name = ''`, sql.Named("name", id))
		if err != nil {
			return err
		}
		var ids []int64
		for rows.Next() {
			var n int64
			if err := rows.Scan(&n); err != nil {
				return errors.Join(err, rows.Close())
			}
			ids = append(ids, n)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		for _, n := range ids {
			if err := dropTiles(ctx, tx, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = c.shrink(ctx)
	}
	if err != nil {
		return fmt.Errorf("clear tile cache: %w", err)
	}
	return nil
}

// shrink gives free pages back to the file system.
func (c *Cache) shrink(ctx context.Context) error {
	rows, err := c.write.QueryContext(ctx, `PRAGMA incremental_vacuum`)
	if err != nil {
		return err
	}
	for rows.Next() { // a row per page that was freed
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	_, err = c.write.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return err
}

// SetQuota changes how many bytes may be kept, and drops what is too much.
func (c *Cache) SetQuota(ctx context.Context, bytes int64) error {
	c.mu.Lock()
	c.quota = bytes
	c.mu.Unlock()
	err := c.inTx(ctx, func(tx *sql.Tx) error { return c.evict(ctx, tx) })
	if err == nil {
		err = c.shrink(ctx)
	}
	if err != nil {
		return fmt.Errorf("tile cache quota: %w", err)
	}
	return nil
}

// Stats tells of each source, by id.
func (c *Cache) Stats(ctx context.Context) ([]CacheStats, error) {
	rows, err := c.read.QueryContext(ctx, sqlCacheStats)
	if err != nil {
		return nil, fmt.Errorf("tile cache: %w", err)
	}
	defer rows.Close()
	var out []CacheStats
	for rows.Next() {
		var s CacheStats
		if err := rows.Scan(&s.Source, &s.Tiles, &s.Bytes); err != nil {
			return nil, fmt.Errorf("tile cache: %w", err)
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// evict drops what was not used for longest until a tenth of the quota is free, when more than the quota is kept.
func (c *Cache) evict(ctx context.Context, tx *sql.Tx) error {
	c.mu.Lock()
	quota := c.quota
	c.mu.Unlock()
	var total int64
	if err := tx.QueryRowContext(ctx, sqlCacheTotal).Scan(&total); err != nil || total <= quota {
		return err
	}
	for total > quota-quota/10 {
		res, err := tx.ExecContext(ctx, sqlCacheEvict)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if err := tx.QueryRowContext(ctx, sqlCacheTotal).Scan(&total); err != nil {
			return err
		}
	}
	return nil
}

// Get answers tile z/x/y; ok is false when nothing is known of it.
func (s *CacheSource) Get(ctx context.Context, z, x, y int) (t CachedTile, ok bool, err error) {
	var id, fetched, fresh, used int64
	err = s.c.read.QueryRowContext(ctx, sqlCacheGet, s.at(z, x, y)...).Scan(&id, &t.Data, &t.ETag, &t.Modified, &fetched, &fresh, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return CachedTile{}, false, nil
	}
	if err != nil {
		return CachedTile{}, false, fmt.Errorf("tile cache: get %d/%d/%d: %w", z, x, y, err)
	}
	t.Fetched, t.FreshUntil = time.Unix(fetched, 0), time.Unix(fresh, 0)
	if now := s.c.now(); now.Sub(time.Unix(used, 0)) > usedEvery {
		s.note(ctx, id, now)
	}
	return t, true, nil
}

// note remembers a use and writes those noted when there are many.
func (s *CacheSource) note(ctx context.Context, id int64, now time.Time) {
	s.c.mu.Lock()
	s.c.used[id] = now.Unix()
	many := len(s.c.used) >= usedPending
	s.c.mu.Unlock()
	if !many {
		return
	}
	if err := s.c.inTx(ctx, func(*sql.Tx) error { return nil }); err != nil && ctx.Err() == nil {
		slog.Warn("tile cache: uses not noted", "err", err) // only the order of removal suffers
	}
}

// Put keeps a tile in place of an earlier one. One of more than half the quota is not kept.
func (s *CacheSource) Put(ctx context.Context, z, x, y int, t CachedTile) error {
	size := int64(len(t.Data) + len(t.ETag) + len(t.Modified) + cacheRowBytes)
	s.c.mu.Lock()
	tooLarge := size > s.c.quota/2
	s.c.mu.Unlock()
	if tooLarge {
		return nil
	}
	err := s.c.inTx(ctx, func(tx *sql.Tx) error {
		args := append(s.at(z, x, y), sql.Named("data", t.Data), sql.Named("etag", t.ETag), sql.Named("modified", t.Modified), sql.Named("fetched", t.Fetched.Unix()),
			sql.Named("fresh", t.FreshUntil.Unix()), sql.Named("used", s.c.now().Unix()), sql.Named("size", size))
		if _, err := tx.ExecContext(ctx, sqlCachePut, args...); err != nil {
			return err
		}
		return s.c.evict(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("tile cache: put %d/%d/%d: %w", z, x, y, err)
	}
	return nil
}

// Renew notes that a tile was found unchanged.
func (s *CacheSource) Renew(ctx context.Context, z, x, y int, fetched, freshUntil time.Time) error {
	err := s.c.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, sqlCacheRenew, append(s.at(z, x, y), sql.Named("fetched", fetched.Unix()), sql.Named("fresh", freshUntil.Unix()))...)
		return err
	})
	if err != nil {
		return fmt.Errorf("tile cache: renew %d/%d/%d: %w", z, x, y, err)
	}
	return nil
}

// Document answers a text kept beside the tiles, such as a service's capabilities.
func (s *CacheSource) Document(ctx context.Context, name string) (body []byte, fetched time.Time, ok bool, err error) {
	var at int64
	err = s.c.read.QueryRowContext(ctx, `SELECT body, fetched FROM documents WHERE source = @source AND name = @name`, sql.Named("source", s.id), sql.Named("name", name)).Scan(&body, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, time.Time{}, false, nil
	}
	if err != nil {
		return nil, time.Time{}, false, fmt.Errorf("tile cache: document %s: %w", name, err)
	}
	return body, time.Unix(at, 0), true, nil
}

// PutDocument keeps a text beside the tiles.
func (s *CacheSource) PutDocument(ctx context.Context, name string, body []byte) error {
	err := s.c.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO documents (source, name, fetched, body) VALUES (@source, @name, @fetched, @body)`,
			sql.Named("source", s.id), sql.Named("name", name), sql.Named("fetched", s.c.now().Unix()), sql.Named("body", body))
		return err
	})
	if err != nil {
		return fmt.Errorf("tile cache: document %s: %w", name, err)
	}
	return nil
}

// at are the parameters that name a tile.
func (s *CacheSource) at(z, x, y int) []any {
	return []any{sql.Named("source", s.id), sql.Named("z", z), sql.Named("x", x), sql.Named("y", 1<<z-1-y)}
}
