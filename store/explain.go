package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"kuaitu/block"

	"modernc.org/sqlite"
)

// What people read when the disk or the file is at fault.
const (
	fullText    = "the disk is full; nothing that was saved is lost; free some space and try again"
	deniedText  = "the file may not be written: permission denied"
	damagedText = "the file is damaged or is no store; what was synced is safe on the server: enrol a new file there; in place of a standalone store use a copy of it"
)

// Extended result codes of an I/O error at which the shared memory beside the file could not grow or be mapped: its
// pages are written first, so that a full disk shows here.
const (
	ioErrShmSize = 10 | 19<<8
	ioErrShmMap  = 10 | 21<<8
)

// explain gives an error of SQLite its kind and, where people can do something about it, a sentence. The result codes are
// those of sqlite.org/rescode.html.
func explain(err error) error {
	var e *sqlite.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	switch e.Code() {
	case ioErrShmSize, ioErrShmMap:
		return fmt.Errorf("%s (%v): %w", fullText, err, block.ErrUnavailable)
	}
	switch e.Code() & 0xff {
	case 13: // FULL
		return fmt.Errorf("%s (%v): %w", fullText, err, block.ErrUnavailable)
	case 8: // READONLY
		return fmt.Errorf("%s (%v): %w", deniedText, err, block.ErrUnavailable)
	case 11, 26: // CORRUPT, NOTADB
		return fmt.Errorf("%s (%v): %w", damagedText, err, block.ErrInvalid)
	case 19: // CONSTRAINT
		return fmt.Errorf("%v: %w", err, block.ErrConflict)
	case 9: // INTERRUPT
		return fmt.Errorf("%v: %w", err, context.Canceled)
	case 5, 6, 7, 10, 14, 15, 22, 23: // BUSY LOCKED NOMEM IOERR CANTOPEN PROTOCOL NOLFS AUTH
		return fmt.Errorf("%v: %w", err, block.ErrUnavailable)
	}
	return err
}

// explainFile is explain for what the system says about the store's files.
func explainFile(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%s: %w", fullText, block.ErrUnavailable)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s: %w", deniedText, block.ErrUnavailable)
	}
	return fmt.Errorf("%v: %w", err, block.ErrUnavailable)
}
