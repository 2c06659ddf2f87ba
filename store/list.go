package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	"kuaitu/block"
)

// Where keeps the records whose field has one of the values. Null is a value here.
type Where struct {
	Field  string
	Values []block.Value
}

// Order sorts by a field; Null comes first, or last when descending.
type Order struct {
	Field string
	Desc  bool
}

// Query asks for a list of records.
type Query struct {
	Kind    block.Kind
	Within  []block.ID // at home in one of these regions or below; empty: everywhere
	Outside bool       // at home in no region; excludes Within
	Where   []Where    // all of them
	Since   *Range     // a field within a range
	Order   []Order    // then by id
	Limit   int        // at most; 0: no limit
	After   block.ID   // the last record of the page before; zero: the first page
}

// Range keeps the records whose field is at least From and less than To; a Null bound is open.
type Range struct {
	Field    string
	From, To block.Value
}

// List returns the records that fit a query. A record named by After that is gone is ErrNotFound: start again.
func (r *Reader) List(ctx context.Context, q Query) ([]block.Record, error) {
	var out []block.Record
	err := r.Each(ctx, q, func(rec block.Record) error {
		out = append(out, rec)
		return nil
	})
	return out, err
}

// Each calls fn with the records that fit a query, in its order.
func (r *Reader) Each(ctx context.Context, q Query, fn func(block.Record) error) error {
	tb, err := r.s.table(q.Kind)
	if err != nil {
		return err
	}
	return r.view(ctx, func(c *conn) error {
		where, args, err := tb.conditions(q)
		if err != nil {
			return err
		}
		order, err := tb.order(q.Order)
		if err != nil {
			return err
		}
		if !q.After.IsZero() {
			after, afterArgs, err := tb.after(c, q, order)
			if err != nil {
				return err
			}
			where, args = append(where, after), append(args, afterArgs...)
		}
		sql := tb.selectAll
		if len(where) > 0 {
			sql += " WHERE " + strings.Join(where, " AND ")
		}
		if len(order) > 0 || q.Limit > 0 || !q.After.IsZero() {
			var by []string
			for _, o := range order {
				by = append(by, o.expr+o.direction())
			}
			sql += " ORDER BY " + strings.Join(append(by, "id"), ", ")
		}
		if q.Limit > 0 {
			sql += " LIMIT ?"
			args = append(args, q.Limit)
		}
		return c.query(ctx, sql, args, func(v []driver.Value) error { return fn(tb.readRow(v).rec) })
	})
}

// Count returns how many records fit a query, without regard to Limit and After.
func (r *Reader) Count(ctx context.Context, q Query) (n int64, err error) {
	tb, err := r.s.table(q.Kind)
	if err != nil {
		return 0, err
	}
	where, args, err := tb.conditions(q)
	if err != nil {
		return 0, err
	}
	sql := "SELECT count(*) FROM " + quote(tb.name)
	if len(where) > 0 {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	err = r.view(ctx, func(c *conn) error {
		n, err = c.number(sql, args...)
		return err
	})
	return n, err
}

type orderBy struct {
	expr string
	desc bool
}

func (o orderBy) direction() string {
	if o.desc {
		return " DESC"
	}
	return ""
}

func (t *table) order(list []Order) (out []orderBy, err error) {
	for _, o := range list {
		if t.plan.Index(o.Field) < 0 {
			return nil, fmt.Errorf("kind %s has no field %q to sort by: %w", t.name, o.Field, block.ErrInvalid)
		}
		out = append(out, orderBy{quote(o.Field), o.Desc})
	}
	return out, nil
}

// conditions compiles everything of a query but order and page.
func (t *table) conditions(q Query) (where []string, args []any, err error) {
	switch {
	case q.Outside:
		where = append(where, "region IS NULL")
	case len(q.Within) > 0:
		where = append(where, "region IN (WITH RECURSIVE below(id) AS (VALUES (?)"+strings.Repeat(", (?)", len(q.Within)-1)+
			` UNION SELECT r.id FROM "region" r JOIN below ON r.parent = below.id) SELECT id FROM below)`)
		for _, id := range q.Within {
			args = append(args, id)
		}
	}
	for _, w := range q.Where {
		at := t.plan.Index(w.Field)
		if at < 0 {
			return nil, nil, fmt.Errorf("kind %s has no field %q: %w", t.name, w.Field, block.ErrInvalid)
		}
		var either []string
		for _, v := range w.Values {
			if v.IsNull() {
				either = append(either, quote(w.Field)+" IS NULL")
				continue
			}
			either = append(either, quote(w.Field)+" = ?")
			args = append(args, toDriver(v))
		}
		if len(either) == 0 {
			either = append(either, "0")
		}
		where = append(where, "("+strings.Join(either, " OR ")+")")
	}
	if q.Since != nil {
		if t.plan.Index(q.Since.Field) < 0 {
			return nil, nil, fmt.Errorf("kind %s has no field %q: %w", t.name, q.Since.Field, block.ErrInvalid)
		}
		if !q.Since.From.IsNull() {
			where = append(where, quote(q.Since.Field)+" >= ?")
			args = append(args, toDriver(q.Since.From))
		}
		if !q.Since.To.IsNull() {
			where = append(where, quote(q.Since.Field)+" < ?")
			args = append(args, toDriver(q.Since.To))
		}
	}
	return where, args, nil
}

// after is the condition for what follows the record q.After in an order: for the first field that differs it lies
// beyond, with Null before everything.
func (t *table) after(c *conn, q Query, order []orderBy) (string, []any, error) {
	columns := []string{"fid"}
	for _, o := range order {
		columns = append(columns, "+"+o.expr)
	}
	row, err := c.one("SELECT "+strings.Join(columns, ", ")+" FROM "+quote(t.name)+" WHERE id = ?", q.After)
	if err != nil {
		return "", nil, err
	}
	if row == nil {
		return "", nil, fmt.Errorf("%s %s, where the page begins: %w", q.Kind, q.After, block.ErrNotFound)
	}
	var either []string
	var args []any
	var same string
	var sameArgs []any
	for i, o := range order {
		v := row[i+1]
		beyond, beyondArgs := o.expr+" > ?", []any{v}
		switch {
		case v == nil && o.desc:
			beyond, beyondArgs = "0", nil
		case v == nil:
			beyond, beyondArgs = o.expr+" IS NOT NULL", nil
		case o.desc:
			beyond = "(" + o.expr + " < ? OR " + o.expr + " IS NULL)"
		}
		either = append(either, "("+same+beyond+")")
		args = append(append(args, sameArgs...), beyondArgs...)
		same += o.expr + " IS ? AND "
		sameArgs = append(sameArgs, v)
	}
	either = append(either, "("+same+"id > ?)")
	args = append(append(args, sameArgs...), q.After)
	return "(" + strings.Join(either, " OR ") + ")", args, nil
}

// RegionCount is one row of Counts.
type RegionCount struct {
	Region     block.ID
	Code, Name string
	Count      int64
}

// LevelCounts says how the records of a kind spread over the regions of a level. The sum of everything is the number of
// records.
type LevelCounts struct {
	Rows    []RegionCount // every region of the level, by code, also those with none
	Above   int64         // at home in a region above the level
	Outside int64         // at home in no region that is here
}

// Counts counts the records of a kind by the region of a level that they belong to.
func (r *Reader) Counts(ctx context.Context, kind block.Kind, level block.Level) (LevelCounts, error) {
	var out LevelCounts
	tb, err := r.s.table(kind)
	if err != nil {
		return out, err
	}
	err = r.view(ctx, func(c *conn) error {
		tree, err := r.s.readTree(ctx, c) // in the same state as the rows
		if err != nil {
			return err
		}
		at := map[block.ID]int{}
		for _, reg := range tree.All() {
			if reg.Level == level {
				at[reg.ID] = len(out.Rows)
				out.Rows = append(out.Rows, RegionCount{Region: reg.ID, Code: reg.Code, Name: reg.Name})
			}
		}
		return c.query(ctx, "SELECT region, count(*) FROM "+quote(tb.name)+" GROUP BY region", nil, func(v []driver.Value) error {
			id, n := asID(v[0]), asInt(v[1])
			if up, ok := tree.Ancestor(id, level); ok {
				out.Rows[at[up.ID]].Count += n
			} else if _, ok := tree.Region(id); ok {
				out.Above += n
			} else {
				out.Outside += n
			}
			return nil
		})
	})
	return out, err
}
