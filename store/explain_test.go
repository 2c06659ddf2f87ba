package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"kuaitu/block"
)

func TestFullDiskIsASentence(t *testing.T) {
	s := newStore(t)
	load(t, s, "region", regions()...)
	pages, err := s.writer.c.number("PRAGMA page_count")
	if err == nil {
		_, err = s.writer.c.number(fmt.Sprint("PRAGMA max_page_count = ", pages))
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Writer().Load(ctx, "building", buildings(1500), nil)
	if !errors.Is(err, block.ErrUnavailable) || !strings.Contains(err.Error(), "the disk is full; nothing that was saved is lost") {
		t.Errorf("a full file: %v", err)
	}
}

func TestReadOnlyConnectionIsDenied(t *testing.T) {
	s := newStore(t)
	c, err := connect(strings.Replace(dsn(s.Path(), "", true), "query_only%281%29", "query_only%280%29", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := c.script("CREATE TABLE x (y)"); !errors.Is(err, block.ErrUnavailable) || !strings.Contains(err.Error(), deniedText) {
		t.Errorf("writing what is read-only: %v", err)
	}
}

func TestDamagedStoreTellsWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.gpkg")
	s, err := Create(ctx, path, Meta{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte(strings.Repeat("\xff", 60_000)), 100)
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(ctx, path, Options{}); err == nil {
		s.Close()
		t.Error("a damaged store was opened")
	} else if !errors.Is(err, block.ErrInvalid) || !strings.Contains(err.Error(), damagedText) {
		t.Errorf("a damaged store: %v", err)
	}
}

func TestFileErrorsAreSentences(t *testing.T) {
	for _, c := range []struct {
		cause error
		want  string
	}{
		{syscall.ENOSPC, fullText}, {syscall.EROFS, deniedText}, {fs.ErrPermission, deniedText}, {syscall.EIO, syscall.EIO.Error()},
	} {
		err := explainFile(&fs.PathError{Op: "open", Path: "a", Err: c.cause})
		if !errors.Is(err, block.ErrUnavailable) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.cause, err, c.want)
		}
	}
	if _, err := Create(ctx, filepath.Join(t.TempDir(), "no", "a.gpkg"), Meta{}, Options{}); !errors.Is(err, block.ErrNotFound) || !strings.Contains(err.Error(), "there is no folder") {
		t.Errorf("no folder: %v", err)
	}
}
