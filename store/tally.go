package store

import (
	"context"
	"database/sql/driver"
	"fmt"

	"kuaitu/block"
	"kuaitu/block/schema"
)

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// tally returns the tally of a key for changing, read on first touch.
func (t *tx) tally(k block.TallyKey) (*block.Tally, error) {
	if v := t.tallies[k]; v != nil {
		return v, nil
	}
	v := new(block.Tally)
	if t.kept != nil {
		t.tallies[k] = v
		return v, nil
	}
	row, err := t.c.one("SELECT count, sum FROM kt_tally WHERE region = ? AND class = ? AND kind = ? AND foreign_part = ?",
		k.Region, int(k.Class), t.s.kinds().byKind[k.Kind].no, boolInt(k.Foreign))
	if err != nil {
		return nil, err
	}
	if row != nil {
		if *v, err = block.TallyFrom(asInt(row[0]), asBytes(row[1])); err != nil {
			return nil, err
		}
	}
	t.tallies[k] = v
	return v, nil
}

// loadTallies reads every tally, so that tally needs no connection afterwards.
func (t *tx) loadTallies() error {
	all, err := t.s.keptTallies(t.ctx, t.c)
	if err != nil {
		return err
	}
	for k, v := range all {
		if t.tallies[k] == nil {
			t.tallies[k] = &v
		}
	}
	t.kept = all
	return nil
}

// saveTallies writes the tallies that were touched; an empty one goes.
func (t *tx) saveTallies() error {
	for k, v := range t.tallies {
		if was, ok := t.kept[k]; ok && was == *v {
			continue
		}
		no := t.s.kinds().byKind[k.Kind].no
		var err error
		if *v == (block.Tally{}) {
			err = t.c.exec("DELETE FROM kt_tally WHERE region = ? AND class = ? AND kind = ? AND foreign_part = ?", k.Region, int(k.Class), no, boolInt(k.Foreign))
		} else {
			err = t.c.exec("INSERT OR REPLACE INTO kt_tally (region, class, kind, foreign_part, count, sum) VALUES (?, ?, ?, ?, ?, ?)",
				k.Region, int(k.Class), no, boolInt(k.Foreign), v.Count, v.Bytes())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keptTallies reads the tallies as kept.
func (s *Store) keptTallies(ctx context.Context, c *conn) (map[block.TallyKey]block.Tally, error) {
	out := map[block.TallyKey]block.Tally{}
	err := c.query(ctx, "SELECT region, class, kind, foreign_part, count, sum FROM kt_tally", nil, func(v []driver.Value) error {
		tb := s.kinds().byNo[asInt(v[2])]
		if tb == nil {
			return nil // a kind that this version does not know
		}
		tally, err := block.TallyFrom(asInt(v[4]), asBytes(v[5]))
		if err != nil {
			return err
		}
		out[block.TallyKey{Region: asID(v[0]), Class: block.Class(asInt(v[1])), Kind: tb.plan.Kind.Name, Foreign: asInt(v[3]) != 0}] = tally
		return nil
	})
	return out, err
}

// eachState calls fn with the server's state of every record of a kind, read from the rows (and from kt_base where ops
// lie over them).
//
// A row that claims to be here through no stream at all was put there by other means. It is taken as a home part of every
// class of its kind that this store can hold, in a version that no record has, so that the proof stumbles over it.
func (s *Store) eachState(ctx context.Context, c *conn, tb *table, fn func(st *state) error) error {
	classes, err := s.heldClasses(c)
	if err != nil {
		return err
	}
	base := map[block.ID][]byte{}
	err = c.query(ctx, "SELECT id, state FROM kt_base WHERE kind = ?", []any{tb.no}, func(v []driver.Value) error {
		base[asID(v[0])] = asBytes(v[1])
		return nil
	})
	if err != nil {
		return err
	}
	places := map[block.ID][]place{}
	err = c.query(ctx, "SELECT id, region, class FROM kt_placement WHERE kind = ?", []any{tb.no}, func(v []driver.Value) error {
		id := asID(v[0])
		places[id] = append(places[id], place{asID(v[1]), block.Class(asInt(v[2]))})
		return nil
	})
	if err != nil {
		return err
	}
	err = c.query(ctx, tb.selectAll, nil, func(v []driver.Value) error {
		st := state{present: true, row: tb.readRow(v)}
		if _, over := base[st.rec.ID]; over {
			return nil
		}
		st.places = places[st.rec.ID]
		if st.home == 0 && len(st.places) == 0 {
			st.home = classes & tb.plan.Classes()
			st.rec.Ver = ^block.Ver(0)
		}
		return fn(&st)
	})
	if err != nil {
		return err
	}
	for id, b := range base {
		st, err := decodeState(tb, id, b)
		if err != nil {
			return err
		}
		if st.present {
			st.places = places[id]
			if err := fn(&st); err != nil {
				return err
			}
		}
	}
	return nil
}

// heldClasses returns the classes this store holds: those of its enrolment, or everything in a standalone one.
func (s *Store) heldClasses(c *conn) (block.ClassSet, error) {
	e, ok, err := readEnrolment(c)
	if err != nil || !ok {
		return block.AllParts, err
	}
	return e.Classes, nil
}

// eachLeafOf calls fn with every leaf of a kind.
func (s *Store) eachLeafOf(ctx context.Context, c *conn, tb *table, fn func(block.TallyKey, block.ID, block.Leaf)) error {
	var h schema.Hasher
	return s.eachState(ctx, c, tb, func(st *state) error {
		eachLeaf(&h, tb, st, func(k block.TallyKey, l block.Leaf) { fn(k, st.rec.ID, l) })
		return nil
	})
}

// recompute makes every tally from the rows.
func (s *Store) recompute(ctx context.Context, c *conn) (map[block.TallyKey]block.Tally, error) {
	sums := map[block.TallyKey]*block.Tally{}
	for _, tb := range s.kinds().tables {
		err := s.eachLeafOf(ctx, c, tb, func(k block.TallyKey, _ block.ID, l block.Leaf) {
			v := sums[k]
			if v == nil {
				v = new(block.Tally)
				sums[k] = v
			}
			v.Add(l)
		})
		if err != nil {
			return nil, fmt.Errorf("recompute %s: %w", tb.name, err)
		}
	}
	out := make(map[block.TallyKey]block.Tally, len(sums))
	for k, v := range sums {
		out[k] = *v
	}
	return out, nil
}

// resetTallies makes a kind's tallies anew from its rows.
func (t *tx) resetTallies(tb *table) error {
	if err := t.c.exec("DELETE FROM kt_tally WHERE kind = ?", tb.no); err != nil {
		return err
	}
	for k := range t.tallies {
		if k.Kind == tb.plan.Kind.Name {
			delete(t.tallies, k)
		}
	}
	return t.s.eachLeafOf(t.ctx, t.c, tb, func(k block.TallyKey, _ block.ID, l block.Leaf) {
		v := t.tallies[k]
		if v == nil {
			v = new(block.Tally)
			t.tallies[k] = v
		}
		v.Add(l)
	})
}
