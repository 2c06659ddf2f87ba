package mapview

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// ErrCache is returned for a cache file that is broken, of another version of the program, or of another state of the data: make the layers anew.
var ErrCache = errors.New("map cache does not fit")

// A cache file is cacheMagic, the arrays of all layers in little-endian order, a directory in JSON, and a tail: the directory's length and its
// CRC-32C, 4 bytes each, and cacheMagic again. The directory has a CRC-32C for each chunk of an array. Whatever changes the arrays of
// packed or their meaning changes the magic.
const (
	cacheMagic = "KTMAPC01"
	cacheTail  = 8 + len(cacheMagic)
	cacheChunk = 1 << 20 // a multiple of every width
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type cacheDirectory struct {
	Key    string       `json:"key"`
	Layers []cacheLayer `json:"layers"`
}

type cacheLayer struct {
	Name    string        `json:"name"`
	Columns []cacheColumn `json:"columns"`
	Planes  []cachePlane  `json:"planes"` // in the order of cached.planes
}

type cacheColumn struct {
	Name  string `json:"name"`
	Width int    `json:"width"` // bytes a code
}

type cachePlane struct {
	At    int64    `json:"at"`
	Count int      `json:"count"`
	Sums  []uint32 `json:"sums"`
}

// cached is a packed array on its way from or to a file: its texts are bytes.
type cached struct {
	p     *packed
	text  []byte
	texts [][]byte // of the columns
}

// planes are all arrays of c, those of its columns last.
func (c *cached) planes() []plane {
	p := c.p
	out := []plane{
		plane32(&p.coords), plane32(&p.rings), plane32(&p.feats), planeOf(&p.boxes, 16, putBox, getBox), plane8(&p.shapes), plane8(&p.class),
		planeOf(&p.ids, 16, func(b []byte, id ID) { copy(b, id[:]) }, func(b []byte) ID { return ID(b) }), plane8(&c.text), plane32(&p.labels),
	}
	for j := range p.columns {
		col := &p.columns[j]
		codes := plane32(&col.code32)
		switch {
		case col.code8 != nil:
			codes = plane8(&col.code8)
		case col.code16 != nil:
			codes = planeOf(&col.code16, 2, binary.LittleEndian.PutUint16, binary.LittleEndian.Uint16)
		}
		numbers := planeOf(&col.nums, 8, func(b []byte, v float64) { putFloat(b, v) }, getFloat)
		out = append(out, codes, plane8(&col.kinds), numbers, plane8(&c.texts[j]), plane32(&col.ends))
	}
	return out
}

// WriteCache writes layers so that [ReadCache] with the same key has them back. Features that were changed by [Snapshot.With] are packed into their base.
func WriteCache(w io.Writer, key string, layers map[string]*Snapshot) error {
	out := cacheWriter{w: w, buf: make([]byte, cacheChunk)}
	out.write([]byte(cacheMagic))
	dir := cacheDirectory{Key: key}
	for _, name := range slices.Sorted(maps.Keys(layers)) {
		s := layers[name]
		if s.delta != nil || s.gone != nil {
			s = s.Compact()
		}
		c := cached{p: s.base, text: []byte(s.base.text)}
		l := cacheLayer{Name: name}
		for j := range s.base.columns {
			col := &s.base.columns[j]
			c.texts = append(c.texts, []byte(col.text))
			l.Columns = append(l.Columns, cacheColumn{col.name, col.width()})
		}
		for _, pl := range c.planes() {
			l.Planes = append(l.Planes, out.plane(pl))
		}
		dir.Layers = append(dir.Layers, l)
	}
	text, err := json.Marshal(dir)
	if err != nil {
		return fmt.Errorf("write map cache: %w", err)
	}
	out.write(text)
	tail := binary.LittleEndian.AppendUint32(nil, uint32(len(text)))
	tail = binary.LittleEndian.AppendUint32(tail, crc32.Checksum(text, castagnoli))
	out.write(append(tail, cacheMagic...))
	if out.err != nil {
		return fmt.Errorf("write map cache: %w", out.err)
	}
	return nil
}

// width is the bytes of a code.
func (c *column) width() int {
	switch {
	case c.code8 != nil:
		return 1
	case c.code16 != nil:
		return 2
	}
	return 4
}

// cacheWriter writes and counts; after an error nothing more is written.
type cacheWriter struct {
	w   io.Writer
	at  int64
	buf []byte
	err error
}

func (w *cacheWriter) write(b []byte) {
	if w.err == nil {
		_, w.err = w.w.Write(b)
		w.at += int64(len(b))
	}
}

func (w *cacheWriter) plane(p plane) cachePlane {
	out := cachePlane{At: w.at, Count: p.count}
	for lo := 0; lo < p.count; lo += cacheChunk / p.width {
		hi := min(p.count, lo+cacheChunk/p.width)
		b := w.buf[:(hi-lo)*p.width]
		p.put(b, lo, hi)
		out.Sums = append(out.Sums, crc32.Checksum(b, castagnoli))
		w.write(b)
	}
	return out
}

// ReadCache reads what [WriteCache] wrote with the same key, on GOMAXPROCS goroutines; the snapshots have the given data version. size is that of the whole
// file. Anything amiss is ErrCache: no array is used whose checksum or structure is wrong, and nothing larger than the file is allocated.
func ReadCache(r io.ReaderAt, size int64, key string, version uint64) (map[string]*Snapshot, error) {
	dir, err := readDirectory(r, size)
	if err != nil {
		return nil, err
	}
	if dir.Key != key {
		return nil, fmt.Errorf("read map cache: of another state of the data: %w", ErrCache)
	}
	var all []*cached
	var chunks []cacheTask
	for _, l := range dir.Layers {
		c, more, err := l.prepare(size)
		if err != nil {
			return nil, fmt.Errorf("read map cache: layer %s: %w", l.Name, err)
		}
		all = append(all, c)
		chunks = append(chunks, more...)
	}
	var next atomic.Int64
	var failed atomic.Bool
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			buf := make([]byte, cacheChunk)
			for {
				i := int(next.Add(1)) - 1
				if i >= len(chunks) || failed.Load() {
					return
				}
				if !chunks[i].read(r, buf) {
					failed.Store(true)
				}
			}
		})
	}
	wg.Wait()
	if failed.Load() {
		return nil, fmt.Errorf("read map cache: a part is damaged: %w", ErrCache)
	}
	out := make(map[string]*Snapshot, len(all))
	for i, c := range all {
		c.p.text = string(c.text)
		for j := range c.p.columns {
			c.p.columns[j].text = string(c.texts[j])
		}
		if !c.p.sound() {
			return nil, fmt.Errorf("read map cache: layer %s is no layer: %w", dir.Layers[i].Name, ErrCache)
		}
		c.p.bounds = noBox
		for _, b := range c.p.boxes {
			c.p.bounds = c.p.bounds.union(b)
		}
		c.p.index()
		out[dir.Layers[i].Name] = newSnapshot(version, c.p)
	}
	return out, nil
}

func readDirectory(r io.ReaderAt, size int64) (dir cacheDirectory, err error) {
	broken := fmt.Errorf("read map cache: no cache file, or half of one: %w", ErrCache)
	head, tail := make([]byte, len(cacheMagic)), make([]byte, cacheTail)
	if size < int64(len(head)+cacheTail) {
		return dir, broken
	}
	_, errHead := r.ReadAt(head, 0)
	_, errTail := r.ReadAt(tail, size-int64(cacheTail))
	if errHead != nil || errTail != nil && errTail != io.EOF || string(head) != cacheMagic || string(tail[8:]) != cacheMagic {
		return dir, broken
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	if length > size-int64(len(head)+cacheTail) {
		return dir, broken
	}
	text := make([]byte, length)
	if _, err := r.ReadAt(text, size-int64(cacheTail)-length); err != nil {
		return dir, broken
	}
	if crc32.Checksum(text, castagnoli) != binary.LittleEndian.Uint32(tail[4:]) || json.Unmarshal(text, &dir) != nil {
		return dir, broken
	}
	return dir, nil
}

// cacheTask is one chunk to be read into elements lo…hi of a plane.
type cacheTask struct {
	p      plane
	lo, hi int
	at     int64
	sum    uint32
}

func (t cacheTask) read(r io.ReaderAt, buf []byte) bool {
	b := buf[:(t.hi-t.lo)*t.p.width]
	if n, err := r.ReadAt(b, t.at); n < len(b) && err != nil || crc32.Checksum(b, castagnoli) != t.sum {
		return false
	}
	t.p.get(b, t.lo, t.hi)
	return true
}

// prepare allocates a layer's arrays and lists the chunks to be read into them.
func (l cacheLayer) prepare(size int64) (*cached, []cacheTask, error) {
	c := &cached{p: &packed{}, texts: make([][]byte, len(l.Columns))}
	for _, col := range l.Columns {
		to := column{name: col.Name}
		switch col.Width {
		case 1:
			to.code8 = []uint8{}
		case 2:
			to.code16 = []uint16{}
		case 4:
		default:
			return nil, nil, ErrCache
		}
		c.p.columns = append(c.p.columns, to)
	}
	planes := c.planes()
	if len(l.Planes) != len(planes) {
		return nil, nil, ErrCache
	}
	var tasks []cacheTask
	for i, f := range l.Planes {
		p := planes[i]
		step := cacheChunk / p.width
		if f.Count < 0 || f.At < 0 || f.At > size || int64(f.Count) > (size-f.At)/int64(p.width) || len(f.Sums) != (f.Count+step-1)/step {
			return nil, nil, ErrCache
		}
		p.alloc(f.Count)
		for k, sum := range f.Sums {
			lo := k * step
			tasks = append(tasks, cacheTask{p, lo, min(f.Count, lo+step), f.At + int64(lo*p.width), sum})
		}
	}
	return c, tasks, nil
}

// sound reports whether the arrays fit together, so that nothing that draws them reads beyond their ends.
func (p *packed) sound() bool {
	n := len(p.boxes)
	if len(p.shapes) != n || len(p.class) != n || len(p.ids) != n || len(p.coords)%2 != 0 {
		return false
	}
	if !rising(p.feats, n, len(p.rings)-1, 1) || !rising(p.rings, len(p.rings)-1, len(p.coords)/2, 1) || !rising(p.labels, n, len(p.text), 0) {
		return false
	}
	for i, s := range p.shapes {
		least := uint32(s) + 1 // points, lines, polygons
		if s > shapePolygon {
			return false
		}
		for r := p.feats[i]; r < p.feats[i+1]; r++ {
			if p.rings[r+1]-p.rings[r] < least {
				return false
			}
		}
	}
	for j := range p.columns {
		if !p.columns[j].sound(n) {
			return false
		}
	}
	return true
}

func (c *column) sound(n int) bool {
	values := len(c.kinds)
	if len(c.code8)+len(c.code16)+len(c.code32) != n || len(c.ends) != 0 && !rising(append([]uint32{0}, c.ends...), values, len(c.text), 0) {
		return false
	}
	for _, k := range c.kinds {
		if k > propString || k == propNumber && len(c.nums) != values || k == propString && len(c.ends) != values {
			return false
		}
	}
	for i := range n {
		if int(c.code(i)) >= values {
			return false
		}
	}
	return true
}

// rising reports whether ends are n+1 numbers from 0 to last, each at least step larger than the one before.
func rising(ends []uint32, n, last, step int) bool {
	if n < 0 || len(ends) != n+1 || ends[0] != 0 || int64(ends[n]) != int64(last) {
		return false
	}
	for i := range n {
		if ends[i+1] < ends[i] || ends[i+1]-ends[i] < uint32(step) {
			return false
		}
	}
	return true
}
