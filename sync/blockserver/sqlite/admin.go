package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/blockserver"
)

// CodeLife is how long an enrolment code can be redeemed.
const CodeLife = 24 * time.Hour

// CreateCode makes a one-time enrolment code of 128 random bits for a device with a post in a region, and says until when
// it holds. Only its digest is kept. The code is in groups of base32 letters; blockserver.CodeDigest forgives case,
// spaces and dashes. An unknown region or post is ErrInvalid.
func (s *Storage) CreateCode(ctx context.Context, region block.ID, post, name string, now time.Time) (code string, expires time.Time, err error) {
	if _, known := blockserver.Posts[post]; !known {
		return "", expires, fmt.Errorf("post %q: %w", post, block.ErrInvalid)
	}
	if _, known := s.city.Load().Tree.Region(region); !known {
		return "", expires, fmt.Errorf("region %s: %w", region, block.ErrInvalid)
	}
	var raw [16]byte
	if _, err := io.ReadFull(s.random, raw[:]); err != nil {
		return "", expires, fmt.Errorf("make code: %w", err)
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:])
	var groups []string
	for g := range slices.Chunk([]byte(text), 4) {
		groups = append(groups, string(g))
	}
	code, expires = strings.Join(groups, "-"), now.Add(CodeLife)
	digest := blockserver.CodeDigest(code)
	return code, expires, s.update(ctx, func(t *txn) error {
		return t.exec(ctx, "INSERT INTO enrolment_code (hash, region, post, name, expires) VALUES (?, ?, ?, ?, ?)",
			digest[:], region[:], post, name, expires.UnixMilli())
	})
}

// Revoke takes a device's right away: its next request is refused. An unknown device is ErrNotFound.
func (s *Storage) Revoke(ctx context.Context, device block.ID) error {
	return s.update(ctx, func(t *txn) error {
		var one int
		if found, err := t.one(ctx, "SELECT 1 FROM device WHERE id = ?", []any{device[:]}, &one); err != nil || !found {
			return errors.Join(err, fmt.Errorf("revoke device %s: %w", device, block.ErrNotFound))
		}
		return t.exec(ctx, "UPDATE device SET revoked = 1 WHERE id = ?", device[:])
	})
}

// Device describes an enrolled device.
type Device struct {
	ID       block.ID
	Region   block.ID
	Post     string
	Name     string
	Counter  uint64
	Enrolled time.Time
	Revoked  bool
}

// Devices lists every device, by ID.
func (s *Storage) Devices(ctx context.Context) ([]Device, error) {
	var out []Device
	err := s.view(ctx, func(v *view) error {
		return v.each(ctx, func(rows *sql.Rows) error {
			var d Device
			var id, region []byte
			var enrolled int64
			if err := rows.Scan(&id, &region, &d.Post, &d.Name, &d.Counter, &enrolled, &d.Revoked); err != nil {
				return err
			}
			d.ID, d.Region, d.Enrolled = block.ID(id), block.ID(region), time.UnixMilli(enrolled).UTC()
			out = append(out, d)
			return nil
		}, "SELECT id, region, post, name, counter, enrolled, revoked FROM device ORDER BY id")
	})
	return out, err
}

// Count returns how many live records of a kind there are, by home region.
func (s *Storage) Count(ctx context.Context, kind block.Kind) (map[block.ID]int, error) {
	out := map[block.ID]int{}
	err := s.view(ctx, func(v *view) error {
		t, err := v.table(kind)
		if err != nil {
			return err
		}
		return v.each(ctx, func(rows *sql.Rows) error {
			var region []byte
			var n int
			if err := rows.Scan(&region, &n); err != nil {
				return err
			}
			out[block.ID(region)] = n
			return nil
		}, "SELECT region, COUNT(*) FROM "+t.name+" WHERE deleted = 0 GROUP BY region")
	})
	return out, err
}

// Backup writes a whole, consistent copy of the database into a new file while the server runs. The epoch and the
// secret are not in it.
func (s *Storage) Backup(ctx context.Context, file string) error {
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("backup: the file exists: %w", block.ErrConflict)
	}
	src, err := dial(filepath.Join(s.dir, databaseFile), true, "_pragma=busy_timeout(5000)") // query_only would refuse the copy
	if err != nil {
		return err
	}
	defer src.Close()
	if _, err := src.ExecContext(ctx, "VACUUM INTO ?", file); err != nil {
		return errors.Join(unavailable("backup", err), removeDatabase(file))
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return errors.Join(f.Chmod(0o600), f.Sync(), f.Close())
}

// Restore puts a backup in the place of a closed folder's database and gives the server a new epoch, so that every
// replica takes its rows anew and sends again what the backup had not seen. The database it replaces is kept beside it
// as kuaitud.db.before-restore. A folder that is not there is made, as after the loss of a machine: consoles stay enrolled,
// because what is known of their tokens is in the backup. A folder that is open is ErrConflict, a file that is no backup
// ErrInvalid, one that is not there ErrNotFound.
func Restore(ctx context.Context, dir, file string, opts Options) error {
	s := &Storage{dir: dir}
	s.options(opts)
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	err := os.MkdirAll(dir, 0o700)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if s.lock, err = dial(filepath.Join(dir, lockFile), false, "_txlock=exclusive"); err != nil {
		return err
	}
	defer s.Close()
	if _, err := s.lock.ExecContext(ctx, "PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE"); err != nil {
		return fmt.Errorf("restore: the server is running: %w", block.ErrConflict)
	}
	src, err := dial(file, true, "_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer src.Close()
	var meta string
	if err := src.QueryRowContext(ctx, "SELECT value FROM setting WHERE name = 'meta'").Scan(&meta); err != nil {
		return fmt.Errorf("restore: the file is no backup of a server: %w", block.ErrInvalid)
	}
	var sound string
	if err := src.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&sound); err != nil || sound != "ok" {
		return fmt.Errorf("restore: the file is damaged: %w", block.ErrInvalid)
	}
	target := filepath.Join(dir, databaseFile)
	fresh := target + ".restoring"
	if err := removeDatabase(fresh); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if _, err := src.ExecContext(ctx, "VACUUM INTO ?", fresh); err != nil {
		return errors.Join(fmt.Errorf("restore: %w: %w", block.ErrUnavailable, err), removeDatabase(fresh))
	}
	if _, err := os.Stat(filepath.Join(dir, secretFile)); errors.Is(err, fs.ErrNotExist) {
		if err := s.newSecret(); err != nil {
			return err
		}
	}
	// The epoch first: a server that stops between the two steps has the old rows under a new epoch, which is safe.
	if err := s.newEpoch(); err != nil {
		return err
	}
	if err := setAside(target); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := os.Rename(fresh, target); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return os.RemoveAll(s.CacheDir())
}

// setAside keeps a database, with what its WAL still holds, under another name.
func setAside(file string) error {
	kept := file + ".before-restore"
	if err := removeDatabase(kept); err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(file+suffix, kept+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Prune forgets the log of every stream but for its last keep positions and returns how many log rows went. Replicas
// further behind take a snapshot. The running sums stay, so that no witness is forgotten.
func (s *Storage) Prune(ctx context.Context, keep uint64) (rows int64, err error) {
	err = s.update(ctx, func(t *txn) error {
		if err := t.exec(ctx, "UPDATE stream_head SET floor = seq - ? WHERE seq - ? > floor", int64(keep), int64(keep)); err != nil {
			return err
		}
		const gone = ` FROM log WHERE EXISTS (SELECT 1 FROM stream_head h
			WHERE h.shard = log.shard AND h.region = log.region AND h.class = log.class AND log.seq <= h.floor)`
		if _, err := t.one(ctx, "SELECT COUNT(*)"+gone, nil, &rows); err != nil {
			return err
		}
		return t.exec(ctx, "DELETE"+gone)
	})
	return rows, err
}

// Verification is what Verify found. The server is sound when Faults is empty.
type Verification struct {
	Rows   int64
	Faults []string // what differs, without any value of a record
}

// Verify reads everything in one snapshot and compares: the database's own structure, tallies with rows and placements,
// placements with the records that cause them, and stream heads with the log.
func (s *Storage) Verify(ctx context.Context) (Verification, error) {
	var out Verification
	fault := func(format string, args ...any) {
		if len(out.Faults) < 100 {
			out.Faults = append(out.Faults, fmt.Sprintf(format, args...))
		}
	}
	err := s.view(ctx, func(v *view) error {
		var sound string
		if _, err := v.one(ctx, "PRAGMA quick_check(1)", nil, &sound); err != nil {
			return err
		}
		if sound != "ok" {
			fault("the database file is damaged")
		}
		want, placements, err := v.recount(ctx, &out.Rows, fault)
		if err != nil {
			return err
		}
		have, err := v.Tallies(ctx, nil)
		if err != nil {
			return err
		}
		for key, w := range want {
			if have[key] != w {
				fault("tally of %s in region %s, class %s, foreign %t: kept %d, counted %d, or other rows", key.Kind, key.Region, key.Class, key.Foreign, have[key].Count, w.Count)
			}
		}
		for key, h := range have {
			if _, ok := want[key]; !ok {
				fault("tally of %s in region %s, class %s, foreign %t: kept %d, counted none", key.Kind, key.Region, key.Class, key.Foreign, h.Count)
			}
		}
		if err := v.verifyPlacements(ctx, placements, fault); err != nil {
			return err
		}
		return v.verifyHeads(ctx, fault)
	})
	return out, err
}

// recount counts tallies and placements from every row.
func (v *view) recount(ctx context.Context, n *int64, fault func(string, ...any)) (map[block.TallyKey]block.Tally, map[blockserver.Placement]bool, error) {
	want := map[block.TallyKey]block.Tally{}
	placements := map[blockserver.Placement]bool{}
	var h schema.Hasher
	for _, t := range v.s.tables {
		sc := newScanner(t)
		err := v.each(ctx, func(rows *sql.Rows) error {
			r, err := sc.record(rows)
			if err != nil {
				return err
			}
			*n++
			if shard := v.tree.Shard(r.Region); !bytes.Equal(sc.shard, shard[:]) {
				fault("%s %s is kept in another shard than its region's", r.Kind, r.ID)
			}
			for c := block.Public; c < block.NumClasses; c++ {
				if t.plan.Classes().Has(c) {
					_, leaf := blockserver.PartOf(t.plan, r, c, &h)
					key := block.TallyKey{Region: r.Region, Class: c, Kind: r.Kind}
					tally := want[key]
					tally.Add(leaf)
					want[key] = tally
				}
			}
			if p, ok := blockserver.PlacementOf(v.s.set, &blockserver.Row{Record: r}); ok {
				placements[p] = true
			}
			return nil
		}, "SELECT "+t.cols+" FROM "+t.name+" t WHERE t.deleted = 0")
		if err != nil {
			return nil, nil, err
		}
		foreign, err := v.foreignTallies(ctx, t.plan.Kind.Name)
		if err != nil {
			return nil, nil, err
		}
		for key, tally := range foreign {
			want[key] = tally
		}
	}
	return want, placements, nil
}

func (v *view) verifyPlacements(ctx context.Context, want map[blockserver.Placement]bool, fault func(string, ...any)) error {
	err := v.each(ctx, func(rows *sql.Rows) error {
		var region, id, by []byte
		var kind, byKind uint16
		if err := rows.Scan(&region, &kind, &id, &byKind, &by); err != nil {
			return err
		}
		target, placer := v.s.byNo[kind], v.s.byNo[byKind]
		if target == nil || placer == nil {
			return nil
		}
		p := blockserver.Placement{
			Target: blockserver.RowKey{Kind: target.plan.Kind.Name, ID: block.ID(id)}, Region: block.ID(region),
			By: blockserver.RowKey{Kind: placer.plan.Kind.Name, ID: block.ID(by)},
		}
		if !want[p] {
			fault("placement of %s %s has no cause", p.Target.Kind, p.Target.ID)
		}
		delete(want, p)
		return nil
	}, "SELECT region, kind, id, by_kind, by_id FROM placement")
	for p := range want {
		fault("%s %s is not placed as %s %s says", p.Target.Kind, p.Target.ID, p.By.Kind, p.By.ID)
	}
	return err
}

func (v *view) verifyHeads(ctx context.Context, fault func(string, ...any)) error {
	err := v.each(ctx, func(rows *sql.Rows) error {
		var region []byte
		var class block.Class
		var seq, floor, head uint64
		var last sql.Null[uint64]
		if err := rows.Scan(&region, &class, &seq, &floor, &head, &last); err != nil {
			return err
		}
		s := block.Stream{Region: block.ID(region), Class: class}
		switch {
		case seq > head || floor > seq:
			fault("stream %s %s is at %d, its floor at %d, its shard at %d", s.Region, s.Class, seq, floor, head)
		case last.Valid && last.V != seq, !last.Valid && floor != seq:
			fault("stream %s %s is at %d, its log ends elsewhere", s.Region, s.Class, seq)
		}
		return nil
	}, `SELECT h.region, h.class, h.seq, h.floor, (SELECT s.seq FROM shard_head s WHERE s.shard = h.shard),
		(SELECT MAX(l.seq) FROM log l WHERE l.shard = h.shard AND l.region = h.region AND l.class = h.class) FROM stream_head h`)
	if err != nil {
		return err
	}
	return v.each(ctx, func(rows *sql.Rows) error {
		var shard []byte
		if err := rows.Scan(&shard); err != nil {
			return err
		}
		fault("shard %s: its running sum is not the last of its history", block.ID(shard))
		return nil
	}, `SELECT h.shard FROM shard_head h LEFT JOIN shard_chain c ON c.shard = h.shard AND c.seq = h.seq WHERE c.sum IS NULL OR c.sum <> h.sum`)
}
