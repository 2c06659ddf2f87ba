package store

import (
	"context"
	"errors"
	"fmt"
	"os"

	"kuaitu/block"
)

// ExportCopy writes a copy of the store as it is shown, in one file without a log beside it, for handing out. What
// concerns this device alone is not in it: enrolment and token, outbox, base, staged data, proofs and the search index.
// A file that is there already is ErrConflict; after an error none is left.
func (r *Reader) ExportCopy(ctx context.Context, path string) (err error) {
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("export copy: there is a file already: %w", block.ErrConflict)
	}
	defer func() {
		if err != nil {
			os.Remove(path)
			err = fmt.Errorf("export copy: %w", err)
		}
	}()
	select {
	case <-r.s.closed:
		return fmt.Errorf("the store is closed: %w", block.ErrUnavailable)
	default:
	}
	// VACUUM INTO reads one committed state and cannot run inside a transaction.
	from, err := connect(dsn(r.s.path, r.s.opt.VFS, false))
	if err != nil {
		return err
	}
	err = from.exec("VACUUM INTO ?", path)
	if err = errors.Join(err, from.close()); err != nil {
		return err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	to, err := connect(dsn(path, r.s.opt.VFS, false))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.close()) }()
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, q := range []string{
		"PRAGMA journal_mode = DELETE", // one file, that a reader without rights on the folder can open, too
		`BEGIN; DROP TABLE kt_search; DROP TABLE kt_pinyin; DROP TABLE kt_code; DROP TABLE kt_outbox; DROP TABLE kt_live; DROP TABLE kt_base;
		DROP TABLE kt_staging; DROP TABLE kt_cursor; DROP TABLE kt_witness; DROP TABLE kt_tally; DROP TABLE kt_placement; DROP TABLE kt_schema;
		DROP TABLE kt_meta; DROP TABLE kt_migration; COMMIT`,
		"VACUUM",
	} {
		if err := to.script(q); err != nil {
			return err
		}
	}
	return nil
}
