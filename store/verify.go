package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"

	"kuaitu/block"
)

// Mismatch is a set of parts whose kept proof the rows do not bear out.
type Mismatch struct {
	Key        block.TallyKey
	Kept, Rows int64 // how many there should be, how many there are; equal when a row was changed
	// IDs are rows that can be named: those that no stream brought. A changed row in an enrolled store is named by the
	// next sync, which asks the server for its leaves.
	IDs []block.ID
}

// Verification is what Verify found.
type Verification struct {
	Rows       int64                // read
	Kinds      map[block.Kind]int64 // rows by kind
	Mismatches []Mismatch
	RTree      map[block.Kind]int // rows whose entry in the R*Tree is missing, surplus or wrong
	Search     map[block.Kind]int // rows whose search text is missing or surplus
	Integrity  []string           // what SQLite finds wrong with the file; at most 20
}

// OK reports whether nothing was found.
func (v Verification) OK() bool {
	return len(v.Mismatches) == 0 && len(v.RTree) == 0 && len(v.Search) == 0 && len(v.Integrity) == 0
}

// Verify reads every row and holds it against the proofs, the R*Tree and the search index, and has SQLite check the file.
// It changes nothing.
func (r *Reader) Verify(ctx context.Context) (Verification, error) {
	v := Verification{Kinds: map[block.Kind]int64{}, RTree: map[block.Kind]int{}, Search: map[block.Kind]int{}}
	err := r.view(ctx, func(c *conn) error {
		kept, err := r.s.keptTallies(ctx, c)
		if err != nil {
			return err
		}
		rows, err := r.s.recompute(ctx, c)
		if err != nil {
			return err
		}
		for _, tb := range r.s.kinds().tables {
			n, err := c.number("SELECT count(*) FROM " + quote(tb.name))
			if err != nil {
				return err
			}
			if n > 0 {
				v.Kinds[tb.plan.Kind.Name] = n
				v.Rows += n
			}
			if n, err := verifyRTree(ctx, c, tb); err != nil {
				return err
			} else if n > 0 {
				v.RTree[tb.plan.Kind.Name] = n
			}
			if n, err := verifySearch(ctx, c, tb); err != nil {
				return err
			} else if n > 0 {
				v.Search[tb.plan.Kind.Name] = n
			}
		}
		return r.s.mismatches(ctx, c, &v, kept, rows)
	})
	if err == nil {
		v.Integrity, err = r.s.integrity(ctx)
	}
	if err != nil {
		return v, fmt.Errorf("verify: %w", err)
	}
	return v, nil
}

// integrity has SQLite check the file, on a connection of its own: FTS5 checks the segments that a connection remembers,
// and one that has only read remembers segments that were merged away since.
func (s *Store) integrity(ctx context.Context) (found []string, err error) {
	c, err := connect(dsn(s.path, s.opt.VFS, true))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	err = c.query(ctx, "PRAGMA integrity_check(20)", nil, func(row []driver.Value) error {
		if s := asText(row[0]); s != "ok" {
			found = append(found, s)
		}
		return nil
	})
	return found, err
}

func (s *Store) mismatches(ctx context.Context, c *conn, v *Verification, kept, rows map[block.TallyKey]block.Tally) error {
	bad := map[block.TallyKey]bool{}
	for k := range kept {
		bad[k] = kept[k] != rows[k]
	}
	for k := range rows {
		bad[k] = kept[k] != rows[k]
	}
	var keys []block.TallyKey
	for k, wrong := range bad {
		if wrong {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b block.TallyKey) int {
		if a.Kind != b.Kind {
			return int(s.kinds().byKind[a.Kind].no - s.kinds().byKind[b.Kind].no)
		}
		if n := slices.Compare(a.Region[:], b.Region[:]); n != 0 {
			return n
		}
		return (int(a.Class)*2 + boolInt(a.Foreign)) - (int(b.Class)*2 + boolInt(b.Foreign))
	})
	for _, k := range keys {
		m := Mismatch{Key: k, Kept: kept[k].Count, Rows: rows[k].Count}
		tb := s.kinds().byKind[k.Kind]
		err := c.query(ctx, "SELECT id FROM "+quote(tb.name)+" WHERE parts >> ? = 0 AND region IS ? AND id NOT IN (SELECT id FROM kt_base WHERE kind = ?)",
			[]any{homeShift, idArg(k.Region), tb.no}, func(row []driver.Value) error {
				m.IDs = append(m.IDs, asID(row[0]))
				return nil
			})
		if err != nil {
			return err
		}
		v.Mismatches = append(v.Mismatches, m)
	}
	return nil
}

// verifyRTree counts the rows whose entry is missing, surplus or does not hold their bounds.
func verifyRTree(ctx context.Context, c *conn, tb *table) (int, error) {
	if !tb.geom {
		return 0, nil
	}
	n := 0
	err := c.query(ctx, "SELECT t.geom, r.minx, r.maxx, r.miny, r.maxy FROM "+quote(tb.name)+" t LEFT JOIN "+tb.rtree()+" r ON r.id = t.fid", nil, func(v []driver.Value) error {
		b, some := blobBounds(asBytes(v[0]))
		if !some {
			if v[1] != nil {
				n++
			}
			return nil
		}
		f := func(i int) float64 { x, _ := v[i].(float64); return x }
		const wide = 1e-4 // 32-bit numbers are about 1e-5 degrees apart there
		if v[1] == nil || f(1) > b.Min[0] || f(2) < b.Max[0] || f(3) > b.Min[1] || f(4) < b.Max[1] ||
			f(1) < b.Min[0]-wide || f(2) > b.Max[0]+wide || f(3) < b.Min[1]-wide || f(4) > b.Max[1]+wide {
			n++
		}
		return nil
	})
	if err != nil {
		return n, err
	}
	surplus, err := c.number("SELECT count(*) FROM " + tb.rtree() + " WHERE id NOT IN (SELECT fid FROM " + quote(tb.name) + ")")
	return n + int(surplus), err
}

// verifySearch counts the rows with text that the index does not know, and documents without a row. Whether the text is
// the right one is asked of the codes alone, which are kept as they are.
func verifySearch(ctx context.Context, c *conn, tb *table) (int, error) {
	if len(tb.plan.Searched()) == 0 {
		return 0, nil
	}
	docs := map[int64]bool{}
	note := func(v []driver.Value) error {
		docs[asInt(v[0])>>docShift] = true
		return nil
	}
	for _, q := range []string{"SELECT id FROM kt_search_docsize WHERE id & 65535 = ?", "SELECT doc FROM kt_code WHERE doc & 65535 = ?"} {
		if err := c.query(ctx, q, []any{tb.no}, note); err != nil {
			return 0, err
		}
	}
	codes := map[int64][]string{}
	err := c.query(ctx, "SELECT doc, code FROM kt_code WHERE doc & 65535 = ? ORDER BY code", []any{tb.no}, func(v []driver.Value) error {
		doc := asInt(v[0]) >> docShift
		codes[doc] = append(codes[doc], asText(v[1]))
		return nil
	})
	if err != nil {
		return 0, err
	}
	left, err := readUnbuilt(c)
	if err != nil {
		return 0, err
	}
	u := left[tb.plan.Kind.Name]
	n := 0
	var x texter
	err = c.query(ctx, tb.selectAll, nil, func(v []driver.Value) error {
		r := tb.readRow(v)
		if r.fid > u.After && r.fid <= u.Upto {
			return nil // its text is still to come
		}
		text := x.textOf(tb, r.rec)
		if docs[r.fid] != (text.grams != "" || len(text.codes) > 0) || !slices.Equal(codes[r.fid], text.codes) {
			n++
		}
		delete(docs, r.fid)
		return nil
	})
	return n + len(docs), err
}

// Facts are what doctor tells about a store that is as it should be, and yet may not be as people want it.
type Facts struct {
	Mode           Mode
	Counts         map[block.Kind]int64
	Outside        map[block.Kind]int64 // records of geometry kinds at home in no region
	NoPolygon      []block.Region       // regions without a polygon, from above
	LostRegions    int64                // regions whose line of parents breaks off
	UnknownRegions map[block.Kind]int64 // records at home in a region that is not here
	Ops            block.OpCounts
	Bytes          int64 // size of the file without its log
}

// Doctor gathers the facts.
func (r *Reader) Doctor(ctx context.Context) (Facts, error) {
	f := Facts{Counts: map[block.Kind]int64{}, Outside: map[block.Kind]int64{}, UnknownRegions: map[block.Kind]int64{}}
	var err error
	if f.Ops, err = r.OpCounts(ctx); err != nil {
		return f, err
	}
	err = r.view(ctx, func(c *conn) error {
		if f.Mode, err = readMode(c); err != nil {
			return err
		}
		tree, err := r.s.readTree(ctx, c)
		if err != nil {
			return err
		}
		for _, reg := range tree.All() {
			if reg.Geometry == nil {
				f.NoPolygon = append(f.NoPolygon, reg)
			}
		}
		for _, tb := range r.s.kinds().tables {
			kind := tb.plan.Kind.Name
			err := c.query(ctx, "SELECT region, count(*) FROM "+quote(tb.name)+" GROUP BY region", nil, func(v []driver.Value) error {
				id, n := asID(v[0]), asInt(v[1])
				f.Counts[kind] += n
				if id.IsZero() && tb.geom {
					f.Outside[kind] += n
				} else if _, ok := tree.Region(id); !ok && !id.IsZero() {
					f.UnknownRegions[kind] += n
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		f.LostRegions = f.Counts["region"] - int64(tree.Len())
		f.Bytes, err = c.number("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
		return err
	})
	return f, err
}

// RebuildIndexes makes R*Trees and search index anew from the rows: what doctor does when Verify finds them wrong.
func (w *Writer) RebuildIndexes(ctx context.Context) error {
	err := w.tx(ctx, func(t *tx) error {
		for _, q := range []string{"INSERT INTO kt_search (kt_search) VALUES ('delete-all')", "INSERT INTO kt_pinyin (kt_pinyin) VALUES ('delete-all')", "DELETE FROM kt_code"} {
			if err := t.c.exec(q); err != nil {
				return err
			}
		}
		for _, tb := range t.s.kinds().tables {
			if tb.geom {
				if err := t.c.exec("DELETE FROM " + tb.rtree()); err != nil {
					return err
				}
			}
			b := t.newBulk(tb)
			if err := b.scan(0, nil); err != nil {
				return err
			}
			if err := b.write(); err != nil {
				return err
			}
		}
		return t.allSearchable()
	})
	if err != nil {
		return fmt.Errorf("rebuild indexes: %w", err)
	}
	return nil
}
