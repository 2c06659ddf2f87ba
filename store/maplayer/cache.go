package maplayer

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"kuaitu/mapview"
	"kuaitu/store"
)

// formOf is what is told apart beside the state of the data: another number, other layers are made of the same rows.
const formOf = "1"

// cacheFile keeps the packed layers of one SQLite file. A nil *cacheFile keeps nothing.
type cacheFile struct {
	source, path string
	spoiled      bool
}

// beside is the cache of a store, in the store's folder.
func beside(file string) *cacheFile {
	return &cacheFile{source: file, path: file + store.MapCacheSuffix}
}

// elsewhere is the cache of somebody else's file, in a folder of ours; nil where the system has none for a user.
func elsewhere(file string) *cacheFile {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil
	}
	file, err = filepath.Abs(file)
	if err != nil {
		return nil
	}
	return &cacheFile{source: file, path: filepath.Join(dir, "kuaitu", "map", fmt.Sprintf("%.16x.mapcache", sha256.Sum256([]byte(file))))}
}

// state says which state of the data the file is in: its size, times and SQLite's change counter (bytes 24 to 27 of the file, www.sqlite.org/fileformat2.html),
// and those of its log if that holds anything. "" is no state, to which nothing can belong.
func (c *cacheFile) state() string {
	if c == nil {
		return ""
	}
	info, head, err := glance(c.source)
	if err != nil || len(head) < 28 {
		return ""
	}
	out := fmt.Sprintf("%s %d %d %x", formOf, info.Size(), info.ModTime().UnixNano(), head[24:28])
	for _, log := range []string{"-wal", "-journal"} {
		info, head, err := glance(c.source + log)
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return ""
		case info.Size() > 0:
			out += fmt.Sprintf(" %s %d %d %x", log, info.Size(), info.ModTime().UnixNano(), head)
		}
	}
	return out
}

// glance returns a file's information and its first bytes.
func glance(path string) (os.FileInfo, []byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	head := make([]byte, 32)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, nil, err
	}
	return info, head[:n], nil
}

// read returns the layers that were kept under a key; what does not fit is removed and an error.
func (c *cacheFile) read(key string, version uint64) (map[string]*mapview.Snapshot, error) {
	if c == nil || key == "" {
		return nil, os.ErrNotExist
	}
	f, err := os.Open(c.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	layers, err := mapview.ReadCache(f, info.Size(), key, version)
	if err != nil {
		f.Close() // Windows removes no open file
		c.remove()
	}
	return layers, err
}

// write keeps layers under a key if the file is still in the state they were made of. A reader finds the old cache file or the new one, whole.
func (c *cacheFile) write(state, key string, layers map[string]*mapview.Snapshot) (err error) {
	if c == nil || state == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(c.path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(c.path), ".mapcache-*") // for the owner alone
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	w := bufio.NewWriterSize(f, 1<<16)
	err = mapview.WriteCache(w, key, layers)
	err = errors.Join(err, w.Flush(), f.Close())
	if err != nil {
		return err
	}
	if c.state() != state {
		return os.Remove(f.Name())
	}
	return os.Rename(f.Name(), c.path)
}

func (c *cacheFile) remove() {
	if err := os.Remove(c.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		// It does not fit and is looked at again next time; what counts is that it is not used.
		return
	}
}

// spoil removes the cache file once the data has changed: what has left the store is not to lie about.
func (c *cacheFile) spoil() {
	if c != nil && !c.spoiled {
		c.spoiled = true
		c.remove()
	}
}

// Bounds on what is kept of other people's files.
const (
	maxForeign      = 16
	maxForeignBytes = 2 << 30
)

// prune removes the cache files of other people's files that were not written for longest.
func (c *cacheFile) prune() {
	if c == nil {
		return
	}
	names, err := filepath.Glob(filepath.Join(filepath.Dir(c.path), "*.mapcache"))
	if err != nil {
		return
	}
	type old struct {
		name string
		info os.FileInfo
	}
	var all []old
	for _, n := range names {
		if info, err := os.Stat(n); err == nil {
			all = append(all, old{n, info})
		}
	}
	slices.SortFunc(all, func(a, b old) int { return b.info.ModTime().Compare(a.info.ModTime()) })
	var bytes int64
	for i, o := range all {
		if bytes += o.info.Size(); i >= maxForeign || bytes > maxForeignBytes {
			_ = os.Remove(o.name) // tried again next time
		}
	}
}
