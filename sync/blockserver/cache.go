package blockserver

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"sync"
	"time"

	"kuaitu/block"
	"kuaitu/sync/wire"
)

// cache keeps frames on disk that can be made again: per stream a folder "region/class" with the manifest of its last
// snapshot, chunks by digest, and segments by range and the running sum at its end. All access goes through one os.Root.
type cache struct {
	root  *os.Root
	limit int64

	mu    sync.Mutex // guards what follows
	locks map[block.Stream]chan struct{}
	added int64 // bytes since the last sweep
}

func newCache(dir string, limit int64) (*cache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	c := &cache{root: root, limit: limit, locks: map[block.Stream]chan struct{}{}}
	c.added = limit / 8 // what an earlier run left is looked at soon
	return c, nil
}

// lock makes requests for one stream's snapshot wait for one another.
func (c *cache) lock(ctx context.Context, st block.Stream) (release func(), err error) {
	c.mu.Lock()
	l := c.locks[st]
	if l == nil {
		l = make(chan struct{}, 1)
		c.locks[st] = l
	}
	c.mu.Unlock()
	select {
	case l <- struct{}{}:
		return func() { <-l }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func folder(st block.Stream) string { return path.Join(st.Region.String(), st.Class.String()) }

func chunkName(st block.Stream, d wire.Digest) string { return path.Join(folder(st), d.String()) }

func segmentName(st block.Stream, name string) string { return path.Join(folder(st), "s-"+name) }

const manifestFile = "manifest.json"

// kept is a manifest on disk, with the shard's running sum at its position. Epoch and position alone would not do: a
// database that was put back by hand keeps its epoch and grows another history through the same positions, and the
// cache may still be of the old one.
type kept struct {
	Epoch    block.Epoch   `json:"epoch"`
	Sum      wire.Digest   `json:"sum"`
	Manifest wire.Manifest `json:"manifest"`
}

// manifest returns the last snapshot of a stream when all of its chunks are there.
func (c *cache) manifest(e block.Epoch, st block.Stream) (kept, bool) {
	var k kept
	b, err := c.root.ReadFile(path.Join(folder(st), manifestFile))
	if err != nil || json.Unmarshal(b, &k) != nil || k.Epoch != e {
		return k, false
	}
	for _, ch := range k.Manifest.Chunks {
		if info, err := c.root.Stat(chunkName(st, ch.SHA256)); err != nil || info.Size() != int64(ch.Size) {
			return k, false
		}
	}
	return k, true
}

// keepManifest makes k the stream's snapshot. Chunks of the one before it stay for an hour, for those who are fetching it.
func (c *cache) keepManifest(st block.Stream, k kept) error {
	b, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("keep manifest: %w", err)
	}
	if err := c.write(path.Join(folder(st), manifestFile), b); err != nil {
		return err
	}
	listed := map[string]bool{manifestFile: true}
	for _, ch := range k.Manifest.Chunks {
		listed[ch.SHA256.String()] = true
	}
	entries, err := fs.ReadDir(c.root.FS(), folder(st))
	if err != nil {
		return fmt.Errorf("keep manifest: %w", err)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && !listed[entry.Name()] && time.Since(info.ModTime()) > time.Hour {
			_ = c.root.Remove(path.Join(folder(st), entry.Name())) // the next sweep tries again
		}
	}
	return nil
}

func (c *cache) keepChunk(st block.Stream, d wire.Digest, frame []byte) error {
	return c.write(chunkName(st, d), frame)
}

// openChunk opens a chunk of a stream; ErrNotFound when it is not, or no longer, kept.
func (c *cache) openChunk(st block.Stream, d wire.Digest) (*os.File, error) {
	f, err := c.root.Open(chunkName(st, d))
	if err != nil {
		return nil, fmt.Errorf("chunk: not kept: %w", block.ErrNotFound)
	}
	return f, nil
}

// segment returns a kept segment. A file that is no frame (cut off by a full disk) is no segment.
func (c *cache) segment(st block.Stream, name string) ([]byte, bool) {
	b, err := c.root.ReadFile(segmentName(st, name))
	if err != nil {
		return nil, false
	}
	if h, err := wire.PeekFrame(b); err != nil || h.Stream != st {
		return nil, false
	}
	return b, true
}

// keepSegment keeps a segment if it can; it can be made again.
func (c *cache) keepSegment(st block.Stream, name string, frame []byte) {
	_ = c.write(segmentName(st, name), frame)
}

// write puts a file in place by one rename.
func (c *cache) write(name string, b []byte) error {
	if err := c.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return fmt.Errorf("write cache: %w: %w", block.ErrUnavailable, err)
	}
	c.mu.Lock()
	c.added += int64(len(b))
	sweep := c.added > c.limit/8
	if sweep {
		c.added = 0
	}
	temp := fmt.Sprintf("%s.%d.new", name, c.added)
	c.mu.Unlock()
	err := c.writeSynced(temp, b)
	if err == nil {
		err = c.root.Rename(temp, name)
	}
	if err != nil {
		return fmt.Errorf("write cache: %w: %w", block.ErrUnavailable, errors.Join(err, c.root.Remove(temp)))
	}
	if sweep {
		c.sweep()
	}
	return nil
}

// writeSynced writes a file that a power cut right after the rename must not leave empty: a chunk is trusted by its size.
func (c *cache) writeSynced(name string, b []byte) error {
	f, err := c.root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// sweep deletes the oldest files when the cache is over its limit, down to three quarters. A manifest whose chunk went is
// not used any more.
func (c *cache) sweep() {
	type file struct {
		name string
		size int64
		at   time.Time
	}
	var files []file
	var total int64
	_ = fs.WalkDir(c.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				files = append(files, file{name, info.Size(), info.ModTime()})
				total += info.Size()
			}
		}
		return nil
	})
	if total <= c.limit {
		return
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.name, b.name)) })
	for _, f := range files {
		if total <= c.limit*3/4 {
			return
		}
		if c.root.Remove(f.name) == nil {
			total -= f.size
		}
	}
}
