package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"kuaitu/block"
)

// deferRows is the number of rows that a first cut may bring of a kind and still make its search text and further indexes
// itself. Of more they are made afterwards, in small transactions, while the map is in use and edits go on.
const deferRows = 5000

// buildBatch is how many rows' text one such transaction indexes: a tenth of a second.
const buildBatch = 2000

// unbuilt says what is still to be made of a kind. Rows numbered in (After, Upto] are not in the search index.
type unbuilt struct {
	Indexes bool // not all of them are made
	After   int64
	Upto    int64
}

func readUnbuilt(c *conn) (map[block.Kind]unbuilt, error) {
	m := map[block.Kind]unbuilt{}
	_, err := readKey(c, "unbuilt", &m)
	return m, err
}

// pending returns what is unbuilt as this transaction knows it.
func (t *tx) pending() (map[block.Kind]unbuilt, error) {
	if t.unbuilt == nil {
		m, err := readUnbuilt(t.c)
		if err != nil {
			return nil, err
		}
		t.unbuilt = m
	}
	return t.unbuilt, nil
}

// searchable reports whether a row's text is in the index, or is to be put there now.
func (t *tx) searchable(tb *table, fid int64) (bool, error) {
	if f := t.fills[tb.no]; f != nil && fid > f.from {
		return false, nil
	}
	m, err := t.pending()
	u, ok := m[tb.plan.Kind.Name]
	return !ok || fid <= u.After || fid > u.Upto, err
}

// deferKind makes the index by id and the triggers and notes the rest. Rows of an earlier fill that are gone since are no
// reason to keep its range.
func (t *tx) deferKind(tb *table, from, upto int64) error {
	for _, x := range tb.indexes()[:1] {
		if err := t.c.script(x.create); err != nil {
			return fmt.Errorf("index %s: %w", x.name, err)
		}
	}
	for _, x := range tb.triggers() {
		if err := t.c.script(x.create); err != nil {
			return fmt.Errorf("trigger %s: %w", x.name, err)
		}
	}
	m, err := t.pending()
	if err != nil {
		return err
	}
	u := unbuilt{Indexes: true, After: from, Upto: upto}
	if len(tb.plan.Searched()) == 0 {
		u.After = upto
	}
	m[tb.plan.Kind.Name] = u
	t.deferred = true
	return t.writeKey("unbuilt", m)
}

// allSearchable notes that the text of every row is in the index.
func (t *tx) allSearchable() error {
	m, err := t.pending()
	if err != nil {
		return err
	}
	for k, u := range m {
		u.After = u.Upto
		m[k] = u
	}
	return t.writeKey("unbuilt", m)
}

// buildStep makes one index or the text of one batch. It reports whether something is left.
func (w *Writer) buildStep(ctx context.Context) (more bool, err error) {
	err = w.tx(ctx, func(t *tx) error {
		m, err := t.pending()
		if err != nil {
			return err
		}
		for _, tb := range t.s.kinds().tables {
			kind := tb.plan.Kind.Name
			u, ok := m[kind]
			if !ok {
				continue
			}
			if err := t.build(tb, &u); err != nil {
				return fmt.Errorf("build indexes of %s: %w", kind, err)
			}
			m[kind] = u
			if !u.Indexes && u.After >= u.Upto {
				delete(m, kind)
			}
			more = len(m) > 0
			return t.writeKey("unbuilt", m)
		}
		return nil
	})
	return more, err
}

func (t *tx) build(tb *table, u *unbuilt) error {
	if u.Indexes {
		for _, x := range tb.indexes() {
			n, err := t.c.number("SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name = ?", x.name)
			if err != nil {
				return err
			}
			if n == 0 {
				return t.c.script(x.create)
			}
		}
		u.Indexes = false
		return nil
	}
	b := t.newBulk(tb)
	n := 0
	err := t.c.query(t.ctx, tb.selectAll+" WHERE fid > ? AND fid <= ? ORDER BY fid LIMIT ?", []any{u.After, u.Upto, buildBatch}, func(v []driver.Value) error {
		r := tb.readRow(v)
		n++
		u.After = r.fid
		return b.indexText(docOf(tb, r.fid), t.text.textOf(tb, r.rec))
	})
	if err != nil {
		return err
	}
	if n < buildBatch {
		u.After = u.Upto
	}
	return b.write()
}

// buildLater starts the goroutine that makes what cuts have left, unless it runs. Close stops it; the next Open goes on.
func (s *Store) buildLater() {
	s.build.Lock()
	defer s.build.Unlock()
	select {
	case <-s.closed:
		return
	default:
	}
	if s.built != nil {
		select {
		case <-s.built:
		default:
			return // it looks again before it ends
		}
	}
	done := make(chan struct{})
	s.built = done
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(done)
		defer cancel()
		go func() {
			select {
			case <-s.closed:
				cancel()
			case <-done:
			}
		}()
		for {
			more, err := s.writer.buildStep(ctx)
			if err != nil || !more {
				return // a fault shows in what the user does next; what is left stays noted
			}
			select {
			case <-time.After(time.Millisecond): // whoever waits to write comes first
			case <-ctx.Done():
				return
			}
		}
	}()
}

// WaitBuilt makes what is left of search text and indexes and returns when nothing is.
func (w *Writer) WaitBuilt(ctx context.Context) error {
	for {
		if more, err := w.buildStep(ctx); err != nil || !more {
			return err
		}
	}
}

// Unbuilt returns the number of rows of each kind that the search does not find yet, because their text is still being
// indexed after a first cut. Empty when the search is whole.
func (r *Reader) Unbuilt(ctx context.Context) (map[block.Kind]int64, error) {
	out := map[block.Kind]int64{}
	err := r.view(ctx, func(c *conn) error {
		m, err := readUnbuilt(c)
		for k, u := range m {
			if u.Upto > u.After {
				out[k] = u.Upto - u.After
			}
		}
		return err
	})
	return out, err
}
