package store

import (
	"cmp"
	"database/sql/driver"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"kuaitu/block"

	"github.com/paulmach/orb"
)

// bulk makes what follows from many rows of one kind at once: R*Tree, tallies, search text, indexes, triggers.
type bulk struct {
	t       *tx
	tb      *table
	indexed bool // the search text is in already
	grams   *stmt
	pinyin  *stmt
	args    [2]driver.NamedValue
	codes   []codeEntry
	boxes   []box
	bounds  orb.Bound
	rows    int
}

// codeEntry is a row of kt_code, put in sorted at the end.
type codeEntry struct {
	code string
	doc  int64
}

// box is one entry of an R*Tree.
type box struct {
	key uint64 // place on the Hilbert curve
	fid int64
	b   orb.Bound
}

func (t *tx) newBulk(tb *table) *bulk {
	return &bulk{t: t, tb: tb, bounds: nothing, args: [2]driver.NamedValue{{Ordinal: 1}, {Ordinal: 2}}}
}

// indexText adds the text of one document.
func (b *bulk) indexText(doc int64, text indexText) error {
	for _, put := range []struct {
		text string
		s    **stmt
		sql  string
	}{{text.grams, &b.grams, sqlPutGrams}, {text.pinyin, &b.pinyin, sqlPutPinyin}} {
		if put.text == "" {
			continue
		}
		if *put.s == nil {
			s, err := b.t.c.prepare(put.sql)
			if err != nil {
				return err
			}
			*put.s = s
		}
		b.args[0].Value, b.args[1].Value = doc, put.text
		if _, err := (*put.s).run(b.args[:]); err != nil {
			return err
		}
	}
	for _, c := range text.codes {
		b.codes = append(b.codes, codeEntry{c, doc})
	}
	return nil
}

// finish goes through the rows with a fid above from and makes everything. Leaves are made from the rows as read back.
func (b *bulk) finish(from int64) error {
	if err := b.scan(from, func(st *state) error { return b.t.account(b.tb, st, true) }); err != nil {
		return err
	}
	if err := b.write(); err != nil {
		return err
	}
	if err := b.t.c.finishKind(b.tb); err != nil {
		return err
	}
	if b.rows > 0 {
		b.t.changed(b.tb.plan.Kind.Name, block.ID{}, b.bounds)
	}
	return nil
}

// scan reads the rows with a fid above from, collects their boxes and indexes their text; each sees every row.
func (b *bulk) scan(from int64, each func(*state) error) error {
	t, tb := b.t, b.tb
	searched := len(tb.plan.Searched()) > 0 && !b.indexed
	return t.c.query(t.ctx, tb.selectAll+" WHERE fid > ? ORDER BY fid", []any{from}, func(v []driver.Value) error {
		st := state{present: true, row: tb.readRow(v)}
		b.rows++
		if st.placed {
			var err error
			if st.places, err = t.placesOf(tb, st.rec.ID); err != nil {
				return err
			}
		}
		if each != nil {
			if err := each(&st); err != nil {
				return err
			}
		}
		if bounds, ok := blobBounds(st.blob); ok {
			b.bounds = union(b.bounds, bounds)
			b.boxes = append(b.boxes, box{hilbert(bounds.Center()), st.fid, bounds})
		}
		if searched {
			return b.indexText(docOf(tb, st.fid), t.text.textOf(tb, st.rec))
		}
		return nil
	})
}

// write puts codes and boxes in.
func (b *bulk) write() error {
	slices.SortFunc(b.codes, func(x, y codeEntry) int {
		if n := strings.Compare(x.code, y.code); n != 0 {
			return n
		}
		return cmp.Compare(x.doc, y.doc)
	})
	if len(b.codes) > 0 {
		put, err := b.t.c.prepare(sqlPutCode)
		if err != nil {
			return err
		}
		for _, c := range b.codes {
			b.args[0].Value, b.args[1].Value = c.code, c.doc
			if _, err := put.run(b.args[:]); err != nil {
				return err
			}
		}
	}
	if !b.tb.geom || len(b.boxes) == 0 {
		return nil
	}
	slices.SortFunc(b.boxes, func(x, y box) int {
		if n := cmp.Compare(x.key, y.key); n != 0 {
			return n
		}
		return cmp.Compare(x.fid, y.fid)
	})
	present, err := b.t.c.number("SELECT EXISTS (SELECT 1 FROM " + b.tb.rtree() + ")")
	if err != nil {
		return err
	}
	if present == 0 {
		err = b.packRTree()
	} else {
		err = b.fillRTree()
	}
	if err != nil {
		return err
	}
	return b.t.widen(b.tb, b.bounds)
}

// fillRTree inserts boxes along the Hilbert curve into an R*Tree that has some already.
func (b *bulk) fillRTree() error {
	insert, err := b.t.c.prepare("INSERT INTO " + b.tb.rtree() + " VALUES (?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	args := make([]driver.NamedValue, 5)
	for i := range args {
		args[i].Ordinal = i + 1
	}
	for _, x := range b.boxes {
		args[0].Value, args[1].Value, args[2].Value = x.fid, x.b.Min[0], x.b.Max[0]
		args[3].Value, args[4].Value = x.b.Min[1], x.b.Max[1]
		if _, err := insert.run(args); err != nil {
			return err
		}
	}
	return nil
}

// An R*Tree's nodes (sqlite.org/rtree.html §5.1, file format of its shadow tables): a blob of fixed size with two bytes of
// depth (root only), two of the number of cells, and per cell eight bytes of row or child number and four 32-bit floats
// minx, maxx, miny, maxy, all big-endian. The root is node 1.
const (
	nodeHead = 4
	nodeCell = 8 + 4*4
)

// nodeEntry is one cell with its bounds rounded outwards.
type nodeEntry struct {
	no int64
	b  [4]float32 // minx, maxx, miny, maxy
}

// outwards rounds a bound to 32 bits so that it still holds the 64-bit one.
func outwards(b orb.Bound) (out [4]float32) {
	down := func(v float64) float32 {
		f := float32(v)
		if float64(f) > v {
			f = math.Nextafter32(f, float32(math.Inf(-1)))
		}
		return f
	}
	up := func(v float64) float32 {
		f := float32(v)
		if float64(f) < v {
			f = math.Nextafter32(f, float32(math.Inf(1)))
		}
		return f
	}
	return [4]float32{down(b.Min[0]), up(b.Max[0]), down(b.Min[1]), up(b.Max[1])}
}

// packRTree fills an empty R*Tree by writing its nodes, packed from the bottom up along the Hilbert curve: four times as
// fast as inserting, and its nodes overlap less. SQLite's rtreecheck() accepts the result; a test asks it.
func (b *bulk) packRTree() error {
	name := "rtree_" + b.tb.name + "_geom"
	size, err := b.t.c.number("SELECT length(data) FROM " + quote(name+"_node") + " WHERE nodeno = 1")
	if err != nil {
		return err
	}
	full := (int(size) - nodeHead) / nodeCell
	if full < 4 {
		return b.fillRTree()
	}
	fill := full * 9 / 10 // room for edits before nodes split
	level := make([]nodeEntry, len(b.boxes))
	for i, x := range b.boxes {
		level[i] = nodeEntry{x.fid, outwards(x.b)}
	}
	next := int64(2)
	node := make([]byte, size)
	put := func(no int64, depth int, cells []nodeEntry) error {
		clear(node)
		binary.BigEndian.PutUint16(node, uint16(depth))
		binary.BigEndian.PutUint16(node[2:], uint16(len(cells)))
		for i, c := range cells {
			at := node[nodeHead+i*nodeCell:]
			binary.BigEndian.PutUint64(at, uint64(c.no))
			for j, f := range c.b {
				binary.BigEndian.PutUint32(at[8+4*j:], math.Float32bits(f))
			}
		}
		return b.t.c.exec("INSERT OR REPLACE INTO "+quote(name+"_node")+" (nodeno, data) VALUES (?, ?)", no, node)
	}
	homes := make([][2]int64, 0, len(level)) // rowid, node
	for depth := 0; ; depth++ {
		table, column := name+"_parent", "(nodeno, parentnode)"
		if depth == 0 {
			table, column = name+"_rowid", "(rowid, nodeno)"
		}
		homes = homes[:0]
		var above []nodeEntry
		root := len(level) <= full
		for len(level) > 0 {
			n := min(fill, len(level))
			no := next
			if root {
				n, no = len(level), 1
			} else {
				next++
			}
			nodeDepth := 0
			if root {
				nodeDepth = depth
			}
			if err := put(no, nodeDepth, level[:n]); err != nil {
				return err
			}
			e := nodeEntry{no, level[0].b}
			for _, c := range level[:n] {
				e.b = [4]float32{min(e.b[0], c.b[0]), max(e.b[1], c.b[1]), min(e.b[2], c.b[2]), max(e.b[3], c.b[3])}
				homes = append(homes, [2]int64{c.no, no})
			}
			above = append(above, e)
			level = level[n:]
		}
		if err := b.pairs(table, column, homes); err != nil {
			return err
		}
		if root {
			return nil
		}
		level = above
	}
}

// pairs inserts pairs of integers in the order of the first, many with one statement.
func (b *bulk) pairs(table, columns string, list [][2]int64) error {
	slices.SortFunc(list, func(x, y [2]int64) int { return cmp.Compare(x[0], y[0]) })
	const batch = 128
	args := make([]driver.NamedValue, 2*batch)
	for len(list) > 0 {
		n := min(batch, len(list))
		if n < batch {
			n = 1
		}
		s, err := b.t.c.prepare("INSERT OR REPLACE INTO " + quote(table) + " " + columns + " VALUES (?, ?)" + strings.Repeat(", (?, ?)", n-1))
		if err != nil {
			return err
		}
		for i, p := range list[:n] {
			args[2*i] = driver.NamedValue{Ordinal: 2*i + 1, Value: p[0]}
			args[2*i+1] = driver.NamedValue{Ordinal: 2*i + 2, Value: p[1]}
		}
		if _, err := s.run(args[:2*n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// widen keeps the layer's extent in gpkg_contents, which is information for viewers and may be too wide.
func (t *tx) widen(tb *table, b orb.Bound) error {
	return t.c.exec(`UPDATE gpkg_contents SET
		min_x = min(coalesce(min_x, ?1), ?1), min_y = min(coalesce(min_y, ?2), ?2),
		max_x = max(coalesce(max_x, ?3), ?3), max_y = max(coalesce(max_y, ?4), ?4),
		last_change = strftime('%Y-%m-%dT%H:%M:%fZ','now') WHERE table_name = ?5`,
		b.Min[0], b.Min[1], b.Max[0], b.Max[1], tb.name)
}
