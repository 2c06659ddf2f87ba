package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// Options are what a store takes from outside. The zero value is what the product uses.
type Options struct {
	Set     *schema.Set      // declarations; nil is schema.Builtin()
	Now     func() time.Time // clock for ids and ops; nil is time.Now
	Random  io.Reader        // ten bytes for each id; nil is crypto/rand
	Readers int              // read connections, 1 to 16; 0 is 3
	VFS     string           // name of an SQLite VFS that tests registered to inject faults; "" is the system's
}

// Store is one open file. Close it to let go of the file.
type Store struct {
	path   string
	opt    Options
	known  atomic.Pointer[catalogue]
	lock   *os.File
	reads  chan *conn // idle read connections
	opened int        // how many there are
	writer *Writer
	reader *Reader

	commits atomic.Uint64 // counts commits since the store was opened
	trees   treeCache
	subs    subscribers
	closing sync.Once
	closed  chan struct{}
	build   sync.Mutex    // guards built
	built   chan struct{} // closed when the goroutine that builds has ended; nil: there was none
}

// dsn builds the connection string, the one place where SQLite is configured.
//
//   - WAL: readers go on while the one writer commits. Set with _journal_mode and not with _pragma, whose values run in
//     alphabetical order, so that page size and the like come first.
//   - synchronous FULL: what was called saved survives a power cut (P1); batches of 1,000 rows show no difference.
//   - busy_timeout: a checkpoint or an outside reader may hold the file for a moment.
//   - foreign_keys: the GeoPackage tables declare them.
//   - journal_size_limit: the log of one big load does not stay on the disk for ever.
//   - secure_delete: what left the scope is overwritten and not only unlinked.
//   - temp_store memory: no row reaches a temporary file.
//   - mode and immutable work only in a file: name.
func dsn(path, vfs string, readOnly bool) string {
	q := url.Values{}
	q.Add("_pragma", "busy_timeout(5000)")
	q.Add("_pragma", "foreign_keys(1)")
	q.Add("_pragma", "temp_store(memory)")
	if readOnly {
		q.Add("_pragma", "cache_size(-16384)")
		q.Add("_pragma", "query_only(1)")
		q.Set("mode", "ro")
	} else {
		q.Add("_pragma", "cache_size(-65536)")
		q.Add("_pragma", "journal_size_limit(16777216)")
		q.Add("_pragma", "secure_delete(1)")
		q.Add("_pragma", "synchronous(2)")
		q.Set("_journal_mode", "WAL")
		q.Set("_txlock", "immediate")
	}
	if vfs != "" {
		q.Set("vfs", vfs)
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String()
}

// Create makes a new store at path and opens it. A file that is there already is ErrConflict, unless it holds nothing:
// what a Create leaves that was killed half-way.
func Create(ctx context.Context, path string, m Meta, opt Options) (*Store, error) {
	s, err := start(path, opt)
	if err != nil {
		return nil, fmt.Errorf("create store: %w", err)
	}
	if err := s.create(ctx, m); err != nil {
		s.Close()
		if !errors.Is(err, block.ErrConflict) {
			os.Remove(s.path) // ours, and empty
		}
		return nil, fmt.Errorf("create store: %w", err)
	}
	return s, nil
}

// Open opens a store. A missing file is ErrNotFound; a foreign or damaged one ErrInvalid; one that another process has
// open, or that lies on a network share, ErrUnavailable.
func Open(ctx context.Context, path string, opt Options) (*Store, error) {
	if st, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open store: no file at that path: %w", block.ErrNotFound)
	} else if err != nil {
		return nil, fmt.Errorf("open store: %w", explainFile(err))
	} else if st.IsDir() {
		return nil, fmt.Errorf("open store: it is a folder: %w", block.ErrInvalid)
	}
	s, err := start(path, opt)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := s.open(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("open store: %w", err)
	}
	return s, nil
}

// start makes the Store and takes the lock; it does not touch the file.
func start(path string, opt Options) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", err, block.ErrInvalid)
	}
	if onShare(filepath.Dir(path)) {
		return nil, fmt.Errorf("the file lies on a network share, where SQLite's locks do not hold; keep it on this machine: %w", block.ErrUnavailable)
	}
	if opt.Set == nil {
		opt.Set = schema.Builtin()
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Random == nil {
		opt.Random = rand.Reader
	}
	if opt.Readers <= 0 {
		opt.Readers = 3
	}
	opt.Readers = min(opt.Readers, 16)
	s := &Store{
		path: path, opt: opt,
		reads: make(chan *conn, opt.Readers), closed: make(chan struct{}),
	}
	s.known.Store(newCatalogue(opt.Set))
	// The lock is on a file of its own: POSIX locks of the store itself would be lost when anything in this process
	// opened and closed it.
	s.lock, err = os.OpenFile(path+"-lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		if st, e := os.Stat(filepath.Dir(path)); e != nil || !st.IsDir() {
			return nil, fmt.Errorf("there is no folder %s: %w", filepath.Dir(path), block.ErrNotFound)
		}
		return nil, fmt.Errorf("lock file: %w", explainFile(err))
	}
	if err := tryLock(s.lock); err != nil {
		s.lock.Close()
		return nil, fmt.Errorf("the store is open in another program: %w", block.ErrUnavailable)
	}
	s.reader = &Reader{s: s}
	s.writer = &Writer{s: s}
	return s, nil
}

func (s *Store) create(ctx context.Context, m Meta) error {
	if st, err := os.Stat(s.path); err == nil && st.Size() > 0 && !blank(s.path, s.opt.VFS) {
		return fmt.Errorf("there is a file already: %w", block.ErrConflict)
	}
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_RDWR, 0o600) // persons' data: for the owner alone
	if err != nil {
		return explainFile(err)
	}
	if err := f.Close(); err != nil {
		return explainFile(err)
	}
	c, err := connect(dsn(s.path, s.opt.VFS, false))
	if err != nil {
		return err
	}
	s.writer.c = c
	if err := c.script(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, gpkgVersion)); err != nil {
		return err
	}
	err = s.writer.tx(ctx, func(t *tx) error {
		if err := c.createFile(); err != nil {
			return err
		}
		if err := t.upgrade(); err != nil {
			return err
		}
		return t.setMeta(m)
	})
	if err != nil {
		return err
	}
	return s.openReaders()
}

func (s *Store) open(ctx context.Context) error {
	if err := looksLikeStore(s.path); err != nil {
		return err
	}
	c, err := connect(dsn(s.path, s.opt.VFS, false))
	if err != nil {
		return err
	}
	s.writer.c = c
	if n, err := c.number("SELECT count(*) FROM sqlite_master"); err != nil {
		return err
	} else if n == 0 {
		return fmt.Errorf("it holds nothing, its making was interrupted; make it again: %w", block.ErrInvalid)
	}
	if n, err := c.number("PRAGMA application_id"); err != nil {
		return err
	} else if n != applicationID {
		return fmt.Errorf("it is an SQLite file but no GeoPackage: %w", block.ErrInvalid)
	}
	if n, err := c.number("SELECT count(*) FROM sqlite_master WHERE name IN ('kt_migration', 'kt_meta', 'kt_schema')"); err != nil {
		return err
	} else if n != 3 {
		return fmt.Errorf("it is a GeoPackage of another program; import it instead: %w", block.ErrInvalid)
	}
	if err := s.recallDeclared(c); err != nil {
		return err
	}
	if err := s.writer.tx(ctx, func(t *tx) error { return t.upgrade() }); err != nil {
		return err
	}
	if err := s.openReaders(); err != nil {
		return err
	}
	if left, err := readUnbuilt(c); err != nil {
		return err
	} else if len(left) > 0 {
		s.buildLater()
	}
	return nil
}

// looksLikeStore reads the first bytes, so that a foreign file is never opened for writing.
func looksLikeStore(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return explainFile(err)
	}
	defer f.Close()
	head := make([]byte, 100)
	if _, err := io.ReadFull(f, head); err != nil || string(head[:16]) != "SQLite format 3\x00" {
		return fmt.Errorf("it is no store (no SQLite file): %w", block.ErrInvalid)
	}
	return nil
}

// Is reports whether a file is a store, whatever its state: a GeoPackage with the machinery of this package.
func Is(path string) bool {
	if looksLikeStore(path) != nil {
		return false
	}
	c, err := connect(dsn(path, "", true) + "&immutable=1") // leaves nothing beside the file
	if err != nil {
		return false
	}
	n, err := c.number("SELECT count(*) FROM sqlite_master WHERE name IN ('kt_migration', 'kt_meta', 'kt_schema')")
	return errors.Join(err, c.close()) == nil && n == 3
}

// blank reports whether a file is an SQLite database without any table.
func blank(path, vfs string) bool {
	if looksLikeStore(path) != nil {
		return false
	}
	c, err := connect(dsn(path, vfs, true))
	if err != nil {
		return false
	}
	n, err := c.number("SELECT count(*) FROM sqlite_master")
	return errors.Join(err, c.close()) == nil && n == 0
}

// upgrade brings machinery and kinds up to date.
func (t *tx) upgrade() error {
	if err := t.c.migrate(); err != nil {
		return err
	}
	for _, tb := range t.s.kinds().tables {
		grown, err := t.c.ensureKind(tb)
		if err != nil {
			return err
		}
		if grown {
			if err := t.grown(tb); err != nil {
				return err
			}
		}
	}
	return nil
}

// grown follows a declaration that gained fields: every leaf covers them, and a standalone row holds every class.
func (t *tx) grown(tb *table) error {
	mode, err := readMode(t.c)
	if err != nil {
		return err
	}
	if mode == Standalone {
		classes := int64(tb.plan.Classes() & block.AllParts)
		if err := t.c.exec("UPDATE "+quote(tb.name)+" SET parts = ? WHERE parts != 0", classes|classes<<homeShift); err != nil {
			return err
		}
	}
	return t.resetTallies(tb)
}

func (s *Store) openReaders() error {
	for range s.opt.Readers {
		c, err := connect(dsn(s.path, s.opt.VFS, true))
		if err != nil {
			return err
		}
		s.opened++
		s.reads <- c
	}
	return nil
}

// Path returns the absolute path of the file.
func (s *Store) Path() string { return s.path }

// Set returns the declarations of the moment: those the store was opened with, and what its server declares beyond them.
func (s *Store) Set() *schema.Set { return s.kinds().set }

// Reader returns the reading half.
func (s *Store) Reader() *Reader { return s.reader }

// Writer returns the writing half.
func (s *Store) Writer() *Writer { return s.writer }

// Close waits for what is running, folds the log into the file and lets go of it. Closing twice is harmless.
func (s *Store) Close() error {
	var errs []error
	s.closing.Do(func() {
		close(s.closed)
		s.build.Lock()
		built := s.built
		s.build.Unlock()
		if built != nil {
			<-built
		}
		for range s.opened {
			errs = append(errs, (<-s.reads).close())
		}
		s.writer.mu.Lock()
		defer s.writer.mu.Unlock()
		if s.writer.c != nil {
			errs = append(errs, s.writer.c.close()) // the last connection checkpoints and removes the -wal file
			s.writer.c = nil
		}
		errs = append(errs, s.lock.Close())
	})
	return errors.Join(errs...)
}

// table returns the table of a kind; an undeclared kind is ErrInvalid.
func (s *Store) table(k block.Kind) (*table, error) {
	if t := s.kinds().byKind[k]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("kind %q is not declared: %w", k, block.ErrInvalid)
}

// newID makes an id from the store's clock and randomness.
func (s *Store) newID() (block.ID, error) {
	var r [10]byte
	if _, err := io.ReadFull(s.opt.Random, r[:]); err != nil {
		return block.ID{}, fmt.Errorf("random bytes: %v: %w", err, block.ErrUnavailable)
	}
	return block.NewID(s.opt.Now(), r), nil
}
