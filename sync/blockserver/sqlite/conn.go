package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// conn is one connection with its prepared statements. It belongs to one transaction at a time: statements of a pool
// would be prepared on another connection, for which a pool of one waits for ever.
type conn struct {
	db    *sql.DB
	c     *sql.Conn
	stmts map[string]*sql.Stmt
}

// conns lends connections.
type conns struct{ free chan *conn }

func newConns(db *sql.DB, n int) *conns {
	p := &conns{free: make(chan *conn, n)}
	for range n {
		p.free <- &conn{db: db}
	}
	return p
}

// with runs fn on a connection of the pool when one is free.
func (p *conns) with(ctx context.Context, fn func(*conn) error) error {
	select {
	case c := <-p.free:
		defer func() { p.free <- c }()
		if err := c.connect(ctx); err != nil {
			return err
		}
		return fn(c)
	case <-ctx.Done():
		return unavailable("wait for the database", ctx.Err())
	}
}

// close closes every connection; none may be lent.
func (p *conns) close() error {
	var errs []error
	for range cap(p.free) {
		errs = append(errs, (<-p.free).disconnect())
	}
	return errors.Join(errs...)
}

func (c *conn) connect(ctx context.Context) error {
	if c.c != nil {
		return nil
	}
	var err error
	if c.c, err = c.db.Conn(ctx); err != nil {
		return unavailable("connect", err)
	}
	c.stmts = map[string]*sql.Stmt{}
	return nil
}

func (c *conn) disconnect() error {
	if c.c == nil {
		return nil
	}
	var errs []error
	for _, st := range c.stmts {
		errs = append(errs, st.Close())
	}
	errs = append(errs, c.c.Close())
	c.c, c.stmts = nil, nil
	return errors.Join(errs...)
}

func (c *conn) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if st, ok := c.stmts[text]; ok {
		return st, nil
	}
	st, err := c.c.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	c.stmts[text] = st
	return st, nil
}

func (c *conn) run(ctx context.Context, text string) error {
	st, err := c.stmt(ctx, text)
	if err == nil {
		_, err = st.ExecContext(ctx)
	}
	return err
}

// transaction runs fn between begin and COMMIT, or ROLLBACK when fn or the commit fails. A connection that cannot even
// roll back is given up.
func (c *conn) transaction(ctx context.Context, begin string, fn func() error) (err error) {
	if err := c.run(ctx, begin); err != nil {
		return errors.Join(unavailable("begin", err), c.disconnect())
	}
	done := false
	defer func() {
		if done {
			return
		}
		if fault := c.run(context.WithoutCancel(ctx), "ROLLBACK"); fault != nil {
			err = errors.Join(err, c.disconnect())
		}
	}()
	if err := fn(); err != nil {
		return err
	}
	if err := c.run(context.WithoutCancel(ctx), "COMMIT"); err != nil {
		return unavailable("commit", err)
	}
	done = true
	return nil
}
