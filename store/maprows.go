package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	"kuaitu/block"

	"github.com/paulmach/orb"
	"golang.org/x/sync/errgroup"
)

// MapRow is one row of a layer. Values and Geometry are valid until fn returns.
type MapRow struct {
	ID       block.ID
	Region   block.ID
	Bounds   orb.Bound // empty when there is no geometry
	Geometry block.WKB
	Values   []block.Value // the fields asked for, in that order
}

// mapQuery is the straight way from a kind's columns to a map layer, without making records.
type mapQuery struct {
	tb    *table
	sql   string
	types []block.Type
}

func (r *Reader) mapQuery(kind block.Kind, fields []string) (*mapQuery, error) {
	tb, err := r.geomTable(kind)
	if err != nil {
		return nil, err
	}
	q := &mapQuery{tb: tb, types: make([]block.Type, len(fields))}
	columns := []string{"id", "region", "geom"}
	for i, name := range fields {
		at := tb.plan.Index(name)
		if at < 0 {
			return nil, fmt.Errorf("kind %s has no field %q: %w", kind, name, block.ErrInvalid)
		}
		columns = append(columns, selectExpr(tb.plan.Kind.Fields[at]))
		q.types[i] = tb.plan.Kind.Fields[at].Type
	}
	q.sql = "SELECT " + strings.Join(columns, ", ") + " FROM " + quote(tb.name)
	return q, nil
}

// read calls fn with the rows that a condition leaves, those that touch b when b is not nil.
func (q *mapQuery) read(ctx context.Context, c *conn, where string, args []any, b *orb.Bound, fn func(*MapRow) error) error {
	row := MapRow{Values: make([]block.Value, len(q.types))}
	return c.query(ctx, q.sql+where, args, func(v []driver.Value) error {
		blob := asBytes(v[2])
		if b != nil && !touches(blob, *b) {
			return nil
		}
		row.ID, row.Region, row.Geometry = asID(v[0]), asID(v[1]), blobBody(blob)
		row.Bounds, _ = blobBounds(blob)
		for i, t := range q.types {
			row.Values[i] = fromDriver(t, v[3+i])
		}
		return fn(&row)
	})
}

// MapRows calls fn with every row of a kind, or with those that touch b when b is not nil: the straight way from columns
// to a map layer, without making records. Unknown fields are ErrInvalid.
func (r *Reader) MapRows(ctx context.Context, kind block.Kind, fields []string, b *orb.Bound, fn func(*MapRow) error) error {
	q, err := r.mapQuery(kind, fields)
	if err != nil {
		return err
	}
	return r.view(ctx, func(c *conn) error {
		if b == nil {
			return q.read(ctx, c, "", nil, nil, fn)
		}
		return q.read(ctx, c, " WHERE "+q.tb.inBounds(), boundsArgs(*b), b, fn)
	})
}

// MapParts calls fn with every row of a kind as MapRows does, but reads the table in up to so many parts at once, of about as many rows each; fn is called
// for one part from one goroutine. Each part sees one committed state: a commit meanwhile may show in one part and not in another, and its
// notice tells which records to look at again.
func (r *Reader) MapParts(ctx context.Context, kind block.Kind, fields []string, parts int, fn func(part int, row *MapRow) error) error {
	q, err := r.mapQuery(kind, fields)
	if err != nil {
		return err
	}
	parts = max(1, min(parts, r.s.opt.Readers))
	var lo, hi int64
	err = r.view(ctx, func(c *conn) error {
		row, err := c.one("SELECT (SELECT min(fid) FROM " + quote(q.tb.name) + "), (SELECT max(fid) FROM " + quote(q.tb.name) + ")")
		if err == nil && row != nil {
			lo, hi = asInt(row[0]), asInt(row[1])
		}
		return err
	})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for i := range parts {
		from, to := lo+(hi-lo+1)*int64(i)/int64(parts), lo+(hi-lo+1)*int64(i+1)/int64(parts)
		g.Go(func() error {
			return r.view(ctx, func(c *conn) error {
				return q.read(ctx, c, " WHERE fid >= ? AND fid < ?", []any{from, to}, nil, func(row *MapRow) error { return fn(i, row) })
			})
		})
	}
	return g.Wait()
}
