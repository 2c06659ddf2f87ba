package store

import (
	"context"
	"fmt"
	"slices"

	"kuaitu/block"
)

// Repair puts and drops parts of one stream and kind that the proof found to differ: whatever version the row claims,
// what the server sent counts. Drops come first, so that a record whose region was bent ends where it belongs.
func (w *Writer) Repair(ctx context.Context, stream block.Stream, kind block.Kind, put []block.Part, drop []block.ID) error {
	err := w.tx(ctx, func(t *tx) error {
		tb, err := t.s.table(kind)
		if err != nil {
			return err
		}
		t.repair = true
		again := make(map[block.ID]bool, len(put))
		for _, p := range put {
			again[p.ID] = true
		}
		if err := t.sweepIndex(tb, put); err != nil {
			return err
		}
		changed := len(put) > 0
		for _, id := range drop {
			if again[id] {
				continue
			}
			there, err := t.forget(tb, id, stream)
			if err != nil {
				return err
			}
			changed = changed || there
		}
		if !changed {
			return nil // as of most of the streams that might have held a row
		}
		if err := t.repairParts(stream, kind, put); err != nil {
			return err
		}
		return t.resetTallies(tb) // the bent rows' leaves were never in them
	})
	if err != nil {
		return fmt.Errorf("repair %s: %w", kind, err)
	}
	return nil
}

// repairParts writes what the server sent.
func (t *tx) repairParts(stream block.Stream, kind block.Kind, put []block.Part) error {
	if len(put) == 0 {
		return nil
	}
	a, err := t.newApplier()
	if err != nil {
		return err
	}
	a.repair = true
	for _, p := range put {
		if p.Stream != stream || p.Kind != kind || p.Drop {
			return fmt.Errorf("a part that is not of the stream to repair: %w", block.ErrInvalid)
		}
		if err := a.part(p); err != nil {
			return err
		}
	}
	return a.flush()
}

// forget takes a part out of a record whatever the row says about where it belongs, and reports whether it was here.
func (t *tx) forget(tb *table, id block.ID, s block.Stream) (there bool, err error) {
	c, err := t.cell(tb, id)
	if err != nil || !c.server.present {
		return false, err
	}
	nowhere := c.server.home == 0 && len(c.server.places) == 0 // somebody else's row
	if !nowhere && !c.server.home.Has(s.Class) && !slices.Contains(c.server.places, place{s.Region, s.Class}) {
		return false, nil
	}
	next := c.server
	next.rec = next.rec.Clone()
	next.home = next.home.Without(s.Class)
	next.places = slices.DeleteFunc(slices.Clone(next.places), func(x place) bool { return x == place{s.Region, s.Class} })
	(&applier{t: t}).strip(tb, &next)
	if next.home == 0 && len(next.places) == 0 {
		next.rec.Parts = 0
	}
	return true, t.save(c, next)
}

// same reports whether a record is, row and placements, already in the state next.
func (t *tx) same(c *cell, next *state) bool {
	was := &c.server
	if was.present != (next.rec.Parts != 0) || was.home != next.home || was.rec.Parts != next.rec.Parts || was.rec.Region != next.rec.Region ||
		len(was.places) != len(next.places) {
		return false
	}
	for _, p := range next.places {
		if !slices.Contains(was.places, p) {
			return false
		}
	}
	for class := block.Public; class < block.NumClasses; class++ {
		if was.rec.Parts.Has(class) && t.hash.LeafOf(c.tb.plan, was.rec, class) != t.hash.LeafOf(c.tb.plan, next.rec, class) {
			return false
		}
	}
	return true
}
