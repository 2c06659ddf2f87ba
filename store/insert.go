package store

import (
	"database/sql/driver"
	"strings"
	"sync"
)

// insertRows is how many rows one statement inserts: what a statement costs beside its rows is then a small part.
const insertRows = 32

// inserter writes rows on a goroutine of its own while the next ones are made. Nobody else may use the connection between
// a put and the next wait.
type inserter struct {
	c    *conn
	work chan insertBatch
	free chan []driver.NamedValue
	sent sync.WaitGroup
	done chan struct{}

	mu  sync.Mutex // guards err
	err error
}

// insertBatch is some rows of one table, all columns one after the other.
type insertBatch struct {
	tb   *table
	rows int
	args []driver.NamedValue
}

func newInserter(c *conn) *inserter {
	in := &inserter{c: c, work: make(chan insertBatch, 16), free: make(chan []driver.NamedValue, 32), done: make(chan struct{})}
	go func() {
		defer close(in.done)
		for b := range in.work {
			if err := in.failed(); err == nil {
				if err := in.insert(b); err != nil {
					in.mu.Lock()
					in.err = err
					in.mu.Unlock()
				}
			}
			clear(b.args)
			select {
			case in.free <- b.args[:0]:
			default:
			}
			in.sent.Done()
		}
	}()
	return in
}

func (in *inserter) failed() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.err
}

func (in *inserter) insert(b insertBatch) error {
	sql := b.tb.fillSQL
	step := len(b.args)
	if b.rows < insertRows {
		sql, step = b.tb.insertSQL, len(b.args)/b.rows
	}
	s, err := in.c.prepare(sql)
	if err != nil {
		return err
	}
	for at := 0; at < len(b.args); at += step {
		args := b.args[at : at+step]
		for i := range args {
			args[i].Ordinal = i + 1
		}
		if _, err := s.run(args); err != nil {
			return err
		}
	}
	return nil
}

// buffer returns an empty batch's arguments.
func (in *inserter) buffer() []driver.NamedValue {
	select {
	case b := <-in.free:
		return b
	default:
		return nil
	}
}

// put hands a batch over.
func (in *inserter) put(b insertBatch) error {
	in.sent.Add(1)
	in.work <- b
	return in.failed()
}

// wait returns when every row handed over is written, and the first error.
func (in *inserter) wait() error {
	in.sent.Wait()
	return in.failed()
}

// close ends the goroutine.
func (in *inserter) close() {
	close(in.work)
	<-in.done
}

// manyRows turns an insert of one row, with columns arguments, into one of n rows. What fails fails as a whole
// transaction, so that the statement need not be able to undo itself.
func manyRows(insert string, columns, n int) string {
	row := "(?" + strings.Repeat(", ?", columns-1) + ")"
	return strings.Replace(insert, "INSERT", "INSERT OR FAIL", 1) + strings.Repeat(", "+row, n-1)
}
