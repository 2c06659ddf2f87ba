package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"sync"

	"kuaitu/block"

	"modernc.org/sqlite"
)

// conn is one SQLite connection with its prepared statements. It talks to the driver directly: loading writes a million
// values a second through it, and database/sql would cost a third of that. It belongs to one goroutine at a time.
type conn struct {
	d       driver.Conn
	stmts   map[string]*stmt
	updates int // of some columns, among stmts
}

// stmt is a prepared statement with its argument buffer.
type stmt struct {
	s    driver.Stmt
	args []driver.NamedValue
	busy bool // rows of it are being read
}

// theDriver is a driver of our own with our SQL functions, so that nothing another package registers can meddle.
var theDriver = sync.OnceValues(func() (driver.Driver, error) {
	d := new(sqlite.Driver)
	return d, registerFunctions(d)
})

func connect(dsn string) (*conn, error) {
	drv, err := theDriver()
	if err != nil {
		return nil, err
	}
	d, err := drv.Open(dsn)
	if err != nil {
		return nil, explain(err)
	}
	return &conn{d: d, stmts: map[string]*stmt{}}, nil
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		s.s.Close()
	}
	c.stmts = nil
	return explain(c.d.Close())
}

func (c *conn) prepare(q string) (*stmt, error) {
	if s := c.stmts[q]; s != nil && !s.busy {
		return s, nil
	}
	d, err := c.d.Prepare(q)
	if err != nil {
		return nil, explain(err)
	}
	s := &stmt{s: d}
	if c.stmts[q] == nil {
		c.stmts[q] = s
	}
	return s, nil
}

// release closes a statement that could not be kept because its text was in use.
func (c *conn) release(q string, s *stmt) {
	s.busy = false
	if c.stmts[q] != s {
		s.s.Close()
	}
}

func (s *stmt) bind(args []any) {
	s.args = s.args[:0]
	for i, a := range args {
		switch v := a.(type) {
		case int:
			a = int64(v)
		case block.ID:
			a = v[:]
		}
		s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
}

// run executes a statement whose values are already driver values. It returns the last inserted row id.
func (s *stmt) run(args []driver.NamedValue) (int64, error) {
	r, err := s.s.(driver.StmtExecContext).ExecContext(context.Background(), args)
	if err != nil {
		return 0, explain(err)
	}
	return r.LastInsertId()
}

// exec runs one statement and keeps it prepared.
func (c *conn) exec(q string, args ...any) error {
	_, err := c.insert(q, args...)
	return err
}

// insert runs one statement and returns the row id it made.
func (c *conn) insert(q string, args ...any) (int64, error) {
	s, err := c.prepare(q)
	if err != nil {
		return 0, err
	}
	s.bind(args)
	s.busy = true
	defer c.release(q, s)
	return s.run(s.args)
}

// script runs statements that are not kept: data definition and settings.
func (c *conn) script(q string) error {
	_, err := c.d.(driver.ExecerContext).ExecContext(context.Background(), q, nil)
	return explain(err)
}

// stop ends a query early without an error.
var errStop = errors.New("stop")

// query calls fn with each row. The slice is reused; the values in it are not.
func (c *conn) query(ctx context.Context, q string, args []any, fn func(row []driver.Value) error) error {
	s, err := c.prepare(q)
	if err != nil {
		return err
	}
	s.bind(args)
	s.busy = true
	defer c.release(q, s)
	rows, err := s.s.(driver.StmtQueryContext).QueryContext(ctx, s.args)
	if err != nil {
		return explain(err)
	}
	defer rows.Close()
	row := make([]driver.Value, len(rows.Columns()))
	for n := 0; ; n++ {
		if n%1024 == 1023 && ctx.Err() != nil {
			return ctx.Err()
		}
		switch err := rows.Next(row); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return explain(err)
		}
		if err := fn(row); err == errStop {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// one returns the first row, nil when there is none.
func (c *conn) one(q string, args ...any) ([]driver.Value, error) {
	var out []driver.Value
	err := c.query(context.Background(), q, args, func(row []driver.Value) error {
		out = row
		return errStop
	})
	return out, err
}

// number returns the first column of the first row as an integer, 0 when there is none.
func (c *conn) number(q string, args ...any) (int64, error) {
	row, err := c.one(q, args...)
	if err != nil || row == nil {
		return 0, err
	}
	return asInt(row[0]), nil
}

func asInt(v driver.Value) int64 {
	n, _ := v.(int64)
	return n
}

func asText(v driver.Value) string {
	s, _ := v.(string)
	return s
}

func asBytes(v driver.Value) []byte {
	b, _ := v.([]byte)
	return b
}

// asID reads an id column; anything but 16 bytes is the zero ID.
func asID(v driver.Value) block.ID {
	b, _ := v.([]byte)
	if len(b) != len(block.ID{}) {
		return block.ID{}
	}
	return block.ID(b)
}

// idArg is the argument for a column in which no id is NULL.
func idArg(id block.ID) any {
	if id.IsZero() {
		return nil
	}
	return append([]byte(nil), id[:]...)
}
