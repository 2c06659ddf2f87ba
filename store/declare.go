package store

import (
	"context"
	"fmt"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// catalogue is the declarations of one moment with their tables. Immutable.
type catalogue struct {
	set    *schema.Set
	tables []*table
	byKind map[block.Kind]*table
	byNo   map[int64]*table
}

func newCatalogue(set *schema.Set) *catalogue {
	k := &catalogue{set: set, byKind: map[block.Kind]*table{}, byNo: map[int64]*table{}}
	for _, p := range set.Plans() {
		t := newTable(p)
		k.tables = append(k.tables, t)
		k.byKind[p.Kind.Name], k.byNo[t.no] = t, t
	}
	return k
}

func (s *Store) kinds() *catalogue { return s.known.Load() }

// declared is what kt_meta keeps of a server's declarations.
type declared struct {
	Name  [32]byte // what the server calls them
	Kinds []schema.Kind
}

// recallDeclared adds what the server declared in an earlier life of this store to what the program knows by itself. A
// program that has learned those fields since finds their columns filled: nothing has to be fetched again.
func (s *Store) recallDeclared(c *conn) error {
	var d declared
	ok, err := readKey(c, "declared", &d)
	if err != nil || !ok {
		return err
	}
	set, err := s.opt.Set.Extend(d.Kinds)
	if err != nil {
		return fmt.Errorf("what the server declares does not fit what this program knows: %w", err)
	}
	if set != s.opt.Set {
		s.known.Store(newCatalogue(set))
	}
	return nil
}

// Declared returns what the server calls the declarations that were taken last; zero when there are none.
func (w *Writer) Declared(ctx context.Context) (name [32]byte, err error) {
	err = w.s.reader.view(ctx, func(c *conn) error {
		var d declared
		_, err := readKey(c, "declared", &d)
		name = d.Name
		return err
	})
	return name, err
}

// Declare takes a server's declarations: tables for kinds and columns for fields that this program does not know, so that
// rows are held, proved and handed on as they are. It returns the declarations from now on. Declarations that contradict
// the program's own are ErrInvalid and change nothing.
func (w *Writer) Declare(ctx context.Context, name [32]byte, kinds []schema.Kind) (*schema.Set, error) {
	set, err := w.s.opt.Set.Extend(kinds)
	if err != nil {
		return nil, fmt.Errorf("declare: %w", err)
	}
	next := newCatalogue(set)
	err = w.tx(ctx, func(t *tx) error {
		for _, tb := range next.tables {
			grown, err := t.c.ensureKind(tb)
			if err != nil {
				return err
			}
			if grown {
				if err := t.grown(tb); err != nil {
					return err
				}
			}
		}
		return t.writeKey("declared", declared{name, kinds})
	})
	if err != nil {
		return nil, fmt.Errorf("declare: %w", err)
	}
	w.s.known.Store(next)
	return set, nil
}
