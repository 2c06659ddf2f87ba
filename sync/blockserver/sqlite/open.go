package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/blockserver"
	"kuaitu/sync/wire"
)

const (
	databaseFile = "kuaitud.db"
	epochFile    = "epoch"
	secretFile   = "secret"
	lockFile     = "lock.db"
	cacheFolder  = "cache"
	readPool     = 4
)

// Storage is an open data folder. Its methods may be called from any goroutine.
type Storage struct {
	dir    string
	set    *schema.Set
	tables []*table // by the set's order
	byKind map[block.Kind]*table
	byNo   map[uint16]*table
	secret [32]byte
	random io.Reader
	lock   *sql.DB
	write  *sql.DB // one connection
	read   *sql.DB
	city   atomic.Pointer[blockserver.City]

	readers *conns
	writer  *conns
	types   atomic.Pointer[map[string]bool] // of the catalogue, nil when it must be read again
}

// Options are what tests replace.
type Options struct {
	Set    *schema.Set // default: schema.Builtin()
	Random io.Reader   // default: crypto/rand
}

// Init makes a data folder from a city's meta and regions and closes it again. The folder may exist but hold no
// server: then ErrConflict. Each region becomes a record of kind "region" in the city's shard.
func Init(ctx context.Context, dir string, meta wire.Meta, regions []block.Region, opts Options) error {
	planned, err := block.NewTree(regions, nil)
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if planned.Len() == 0 {
		return fmt.Errorf("init: no region: %w", block.ErrInvalid)
	}
	if _, err := time.LoadLocation(meta.TimeZone); err != nil {
		return fmt.Errorf("init: time zone %q: %w", meta.TimeZone, block.ErrInvalid)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, databaseFile)); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("init: the folder holds a server already: %w", block.ErrConflict)
	}
	s := &Storage{dir: dir}
	s.options(opts)
	if err := s.newSecret(); err != nil {
		return err
	}
	if err := s.newEpoch(); err != nil {
		return err
	}
	if err := s.open(ctx); err != nil {
		return errors.Join(err, s.Close(), removeDatabase(filepath.Join(dir, databaseFile)))
	}
	err = s.setUp(ctx, meta, regions, planned.Root())
	if err != nil {
		return errors.Join(err, s.Close(), removeDatabase(filepath.Join(dir, databaseFile)))
	}
	return s.Close()
}

func (s *Storage) setUp(ctx context.Context, meta wire.Meta, regions []block.Region, root block.ID) error {
	b, err := json.Marshal(meta)
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if _, err := s.write.ExecContext(ctx, "INSERT INTO setting (name, value) VALUES ('meta', ?)", string(b)); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	tree, err := block.NewTree(nil, nil)
	if err != nil {
		return err
	}
	s.city.Store(&blockserver.City{Set: s.set, Tree: tree})
	if _, err := s.write.ExecContext(ctx, "INSERT INTO setting (name, value) VALUES ('declared', ?)", wire.Fingerprint(s.set).String()); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	_, err = s.Load(ctx, func(yield func(block.Record, error) bool) {
		for _, r := range regions {
			if !yield(RegionRecord(s.set, r, root), nil) {
				return
			}
		}
	})
	return err
}

// Open opens a data folder that Init made. One that another process has open is ErrConflict, one without a server
// ErrNotFound.
func Open(ctx context.Context, dir string, opts Options) (*Storage, error) {
	if _, err := os.Stat(filepath.Join(dir, databaseFile)); err != nil {
		return nil, fmt.Errorf("open server: no data here: %w", block.ErrNotFound)
	}
	s := &Storage{dir: dir}
	s.options(opts)
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.reload(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.grow(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Storage) options(o Options) {
	s.set, s.random = o.Set, o.Random
	if s.set == nil {
		s.set = schema.Builtin()
	}
	if s.random == nil {
		s.random = cryptoRandom
	}
	s.byKind, s.byNo = map[block.Kind]*table{}, map[uint16]*table{}
	for _, p := range s.set.Plans() {
		t := newTable(s.set, p)
		s.tables = append(s.tables, t)
		s.byKind[p.Kind.Name], s.byNo[p.Kind.No] = t, t
	}
}

// open takes the folder's lock, opens both pools and makes missing tables.
func (s *Storage) open(ctx context.Context) error {
	var err error
	// A transaction held on a file of its own: SQLite lets go of it when the process dies, on every system.
	if s.lock, err = dial(filepath.Join(s.dir, lockFile), false, "_txlock=exclusive"); err != nil {
		return err
	}
	if _, err := s.lock.ExecContext(ctx, "PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE"); err != nil {
		return fmt.Errorf("open server: another process has it open: %w", block.ErrConflict)
	}
	file := filepath.Join(s.dir, databaseFile)
	// FULL: an answered op survives a power cut. The page size counts only for a new file.
	if s.write, err = dial(file, false, "_txlock=immediate&_journal_mode=WAL&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)"+
		"&_pragma=cache_size(-65536)&_pragma=temp_store(MEMORY)&_pragma=wal_autocheckpoint(4000)"); err != nil {
		return err
	}
	s.writer = newConns(s.write, 1)
	if err := s.writer.with(ctx, func(c *conn) error {
		return c.transaction(ctx, "BEGIN IMMEDIATE", func() error { return s.create(ctx, c.c) })
	}); err != nil {
		return err
	}
	if s.read, err = dial(file, true, "_pragma=busy_timeout(5000)&_pragma=cache_size(-16384)&_pragma=temp_store(MEMORY)&_pragma=query_only(1)"); err != nil {
		return err
	}
	s.readers = newConns(s.read, readPool)
	b, err := os.ReadFile(filepath.Join(s.dir, secretFile))
	if err != nil {
		return fmt.Errorf("open server: %w", err)
	}
	if n, err := hex.Decode(s.secret[:], []byte(strings.TrimSpace(string(b)))); err != nil || n != len(s.secret) {
		return fmt.Errorf("open server: the secret is malformed: %w", block.ErrInvalid)
	}
	return nil
}

// create makes what is missing of the tables.
func (s *Storage) create(ctx context.Context, c *sql.Conn) error {
	if _, err := c.ExecContext(ctx, ddl); err != nil {
		return fmt.Errorf("open server: %w", err)
	}
	for _, t := range s.tables {
		if err := t.create(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func dial(file string, readOnly bool, query string) (*sql.DB, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("open server: %w", err)
	}
	path := filepath.ToSlash(abs)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
	}
	if readOnly {
		query += "&mode=ro"
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: query}).String())
	if err != nil {
		return nil, fmt.Errorf("open server: %w", err)
	}
	db.SetConnMaxIdleTime(0)
	if strings.Contains(query, "_txlock=exclusive") {
		db.SetMaxOpenConns(1)
	}
	return db, nil
}

// reload reads what City returns.
func (s *Storage) reload(ctx context.Context) error {
	city := &blockserver.City{Set: s.set}
	b, err := os.ReadFile(filepath.Join(s.dir, epochFile))
	if err != nil {
		return fmt.Errorf("read epoch: %w", err)
	}
	if err := city.Epoch.UnmarshalText([]byte(strings.TrimSpace(string(b)))); err != nil {
		return fmt.Errorf("read epoch: %w", err)
	}
	var meta string
	if err := s.write.QueryRowContext(ctx, "SELECT value FROM setting WHERE name = 'meta'").Scan(&meta); err != nil {
		return fmt.Errorf("read meta: %w", err)
	}
	if err := json.Unmarshal([]byte(meta), &city.Meta); err != nil {
		return fmt.Errorf("read meta: %w", err)
	}
	if city.Zone, err = time.LoadLocation(city.Meta.TimeZone); err != nil {
		return fmt.Errorf("time zone %q: %w", city.Meta.TimeZone, block.ErrInvalid)
	}
	if city.Tree, err = s.readTree(ctx); err != nil {
		return err
	}
	s.city.Store(city)
	s.types.Store(nil)
	return nil
}

// City implements blockserver.Ops.
func (s *Storage) City(context.Context) (blockserver.City, error) { return *s.city.Load(), nil }

// Secret returns the key that device tokens are made with.
func (s *Storage) Secret() [32]byte { return s.secret }

// CacheDir returns the folder for frames that can be made again.
func (s *Storage) CacheDir() string { return filepath.Join(s.dir, cacheFolder) }

// Close closes the folder. No transaction may be running.
func (s *Storage) Close() error {
	var errs []error
	for _, p := range []*conns{s.readers, s.writer} {
		if p != nil {
			errs = append(errs, p.close())
		}
	}
	for _, db := range []*sql.DB{s.read, s.write, s.lock} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

func (s *Storage) newSecret() error {
	var b [32]byte
	if _, err := io.ReadFull(s.random, b[:]); err != nil {
		return fmt.Errorf("make secret: %w", err)
	}
	return writeFile(filepath.Join(s.dir, secretFile), hex.EncodeToString(b[:]))
}

func (s *Storage) newEpoch() error {
	var e block.Epoch
	if _, err := io.ReadFull(s.random, e[:]); err != nil {
		return fmt.Errorf("make epoch: %w", err)
	}
	return writeFile(filepath.Join(s.dir, epochFile), e.String())
}

// writeFile replaces a small private file so that it is never seen half written.
func writeFile(name, text string) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(name), err)
	}
	_, err = f.WriteString(text + "\n")
	err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(name), errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

func removeDatabase(file string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(file + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
