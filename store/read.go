package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"sync"

	"kuaitu/block"

	"github.com/paulmach/orb"
)

// Reader is the reading half of a store. Each call sees one committed state; calls run beside each other and beside the
// writer.
type Reader struct{ s *Store }

// view runs fn on an idle connection in one read transaction.
func (r *Reader) view(ctx context.Context, fn func(*conn) error) (err error) {
	var c *conn
	select {
	case <-r.s.closed:
		return fmt.Errorf("the store is closed: %w", block.ErrUnavailable)
	default:
	}
	select {
	case c = <-r.s.reads:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { r.s.reads <- c }()
	if err := c.exec("BEGIN"); err != nil {
		return err
	}
	defer func() {
		if e := c.exec("COMMIT"); err == nil {
			err = e
		}
	}()
	return fn(c)
}

// Get returns one record as it is shown. An unknown id is ErrNotFound.
func (r *Reader) Get(ctx context.Context, kind block.Kind, id block.ID) (block.Record, error) {
	tb, err := r.s.table(kind)
	if err != nil {
		return block.Record{}, err
	}
	var rec block.Record
	err = r.view(ctx, func(c *conn) error {
		v, err := c.one(tb.selectID, id)
		if err != nil {
			return err
		}
		if v == nil {
			return fmt.Errorf("%s %s: %w", kind, id, block.ErrNotFound)
		}
		rec = tb.readRow(v).rec
		return nil
	})
	return rec, err
}

// InBounds calls fn with every record of a kind whose bounds touch b (degrees), in no order, until fn returns an error.
// A kind without geometry is ErrInvalid.
func (r *Reader) InBounds(ctx context.Context, kind block.Kind, b orb.Bound, fn func(block.Record) error) error {
	tb, err := r.geomTable(kind)
	if err != nil {
		return err
	}
	return r.view(ctx, func(c *conn) error {
		return c.query(ctx, tb.selectAll+" WHERE "+tb.inBounds(), boundsArgs(b), func(v []driver.Value) error {
			row := tb.readRow(v)
			if !touches(row.blob, b) {
				return nil
			}
			return fn(row.rec)
		})
	})
}

func (r *Reader) geomTable(kind block.Kind) (*table, error) {
	tb, err := r.s.table(kind)
	if err == nil && !tb.geom {
		err = fmt.Errorf("kind %s has no geometry: %w", kind, block.ErrInvalid)
	}
	return tb, err
}

// inBounds is the condition that a row's entry in the R*Tree touches a bound.
func (t *table) inBounds() string {
	return "fid IN (SELECT id FROM " + t.rtree() + " WHERE maxx >= ? AND minx <= ? AND maxy >= ? AND miny <= ?)"
}

func boundsArgs(b orb.Bound) []any { return []any{b.Min[0], b.Max[0], b.Min[1], b.Max[1]} }

// touches refines what the R*Tree found, whose numbers are rounded outwards to 32 bits (about 1 m in China).
func touches(blob []byte, b orb.Bound) bool {
	box, ok := blobBounds(blob)
	return ok && box.Max[0] >= b.Min[0] && box.Min[0] <= b.Max[0] && box.Max[1] >= b.Min[1] && box.Min[1] <= b.Max[1]
}

// Len returns the number of records of a kind that are shown.
func (r *Reader) Len(ctx context.Context, kind block.Kind) (n int64, err error) {
	tb, err := r.s.table(kind)
	if err != nil {
		return 0, err
	}
	err = r.view(ctx, func(c *conn) error {
		n, err = c.number("SELECT count(*) FROM " + quote(tb.name))
		return err
	})
	return n, err
}

// treeCache keeps the region tree until regions change.
type treeCache struct {
	mu   sync.Mutex // guards what follows
	gen  uint64
	tree *block.Tree
}

func (c *treeCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	c.tree = nil
}

// Tree returns the region tree as it is shown. Regions whose parent is not here are left out.
func (r *Reader) Tree(ctx context.Context) (*block.Tree, error) {
	cache := &r.s.trees
	cache.mu.Lock()
	gen, tree := cache.gen, cache.tree
	cache.mu.Unlock()
	if tree != nil {
		return tree, nil
	}
	err := r.view(ctx, func(c *conn) (err error) {
		tree, err = r.s.readTree(ctx, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	cache.mu.Lock()
	defer cache.mu.Unlock()
	if cache.gen == gen { // no commit changed regions since before the read began
		cache.tree = tree
	}
	return tree, nil
}

// regions returns the tree within a write transaction, as it is at the first call.
func (t *tx) regions() (*block.Tree, error) {
	if t.tree != nil {
		return t.tree, nil
	}
	_, touched := t.kinds["region"]
	cache := &t.s.trees
	cache.mu.Lock()
	tree := cache.tree
	cache.mu.Unlock()
	if tree == nil || touched {
		var err error
		if tree, err = t.s.readTree(t.ctx, t.c); err != nil {
			return nil, err
		}
	}
	t.tree = tree
	return tree, nil
}

// readTree builds the tree from the region and region_succession tables.
func (s *Store) readTree(ctx context.Context, c *conn) (*block.Tree, error) {
	tb := s.kinds().byKind["region"]
	if tb == nil {
		return block.NewTree(nil, nil)
	}
	p := tb.plan
	var list []block.Region
	err := c.query(ctx, tb.selectAll, nil, func(v []driver.Value) error {
		rec := tb.readRow(v).rec
		level, err := block.ParseLevel(p.Get(rec, "level").Text())
		if err != nil {
			return nil // doctor lists it
		}
		list = append(list, block.Region{
			ID: rec.ID, Code: p.Get(rec, "code").Text(), Scheme: p.Get(rec, "scheme").Text(), Name: p.Get(rec, "name").Text(),
			NameEN: p.Get(rec, "name_en").Text(), Level: level, Type: p.Get(rec, "type").Text(), Parent: p.Get(rec, "parent").Ref(),
			ParentFrom: p.Get(rec, "parent_from").Date(), Made: p.Get(rec, "made").Bool(), Geometry: rec.Geometry, Ver: rec.Ver,
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	past, err := s.readPast(ctx, c)
	if err != nil {
		return nil, err
	}
	return block.NewTree(withParents(list), past)
}

// withParents leaves out regions whose line of parents breaks off within the list.
func withParents(list []block.Region) []block.Region {
	for {
		here := make(map[block.ID]bool, len(list))
		for _, r := range list {
			here[r.ID] = true
		}
		kept := make([]block.Region, 0, len(list))
		for _, r := range list {
			if r.Parent.IsZero() || here[r.Parent] {
				kept = append(kept, r)
			}
		}
		if len(kept) == len(list) {
			return kept
		}
		list = kept
	}
}

// readPast reads former parents: successions of relation "parent" lead from a region to its former parent.
func (s *Store) readPast(ctx context.Context, c *conn) (past []block.ParentLink, err error) {
	tb := s.kinds().byKind["region_succession"]
	if tb == nil {
		return nil, nil
	}
	err = c.query(ctx, tb.selectAll, nil, func(v []driver.Value) error {
		rec := tb.readRow(v).rec
		if tb.plan.Get(rec, "relation").Text() == "parent" {
			past = append(past, block.ParentLink{
				Child: tb.plan.Get(rec, "from").Ref(), Parent: tb.plan.Get(rec, "to").Ref(),
				From: tb.plan.Get(rec, "since").Date(), To: tb.plan.Get(rec, "until").Date(),
			})
		}
		return nil
	})
	return past, err
}
