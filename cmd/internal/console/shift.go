package console

import (
	"context"
	"iter"
	"strings"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/geo"
	"kuaitu/store"
	"kuaitu/sync/ingest"

	"github.com/paulmach/orb"
)

// shiftSamples bounds the geometries that are compared.
const shiftSamples = 3000

// shiftWatch keeps a sample of what is imported, to see whether it lies off what is known already.
type shiftWatch struct {
	seen    int
	outside int // of those with a place: in no region
	stride  int
	sample  []orb.Geometry
	bound   orb.Bound
}

// see takes every stride-th row; when the sample is full, every other one of it goes and the stride doubles.
func (w *shiftWatch) see(row ingest.Row) {
	if w.stride == 0 {
		w.stride = 1
	}
	if len(row.Record.Geometry) > 0 && row.Record.Region.IsZero() {
		w.outside++
	}
	if w.seen++; w.seen%w.stride != 0 || len(row.Record.Geometry) == 0 {
		return
	}
	g, err := geo.ParseWKB(row.Record.Geometry)
	if err != nil {
		return // it came out of our own encoder; nothing to compare then
	}
	if len(w.sample) == 0 {
		w.bound = g.Bound()
	}
	w.bound = w.bound.Union(g.Bound())
	if w.sample = append(w.sample, g); len(w.sample) >= shiftSamples {
		half := w.sample[:0]
		for i := 0; i < len(w.sample); i += 2 {
			half = append(half, w.sample[i])
		}
		w.sample, w.stride = half, w.stride*2
	}
}

// strays warns when a good part of the records lies in no region.
func (w *shiftWatch) strays() (Warning, bool) {
	code := WarnStrays
	switch {
	case 2*w.outside > w.seen:
		code = WarnElsewhere
	case 20*w.outside <= w.seen:
		return Warning{}, false
	}
	return Warning{Code: code, Count: w.outside, Of: w.seen}, true
}

// minShiftConfidence is how sure the comparison must be for a warning.
const minShiftConfidence = 0.5

// nearDegrees is how far around what is imported it is compared, more than any shift.
const nearDegrees = 0.02

// check compares the sample with what the store held before.
func (w *shiftWatch) check(known []orb.Geometry) (Warning, bool) {
	near := known[:0:0]
	reach := w.bound.Pad(nearDegrees)
	for _, g := range known {
		if g.Bound().Intersects(reach) {
			near = append(near, g)
		}
	}
	if len(near) == 0 || len(w.sample) == 0 {
		return Warning{}, false
	}
	s := geo.MeasureShift(w.sample, near)
	if !s.LooksGCJ || s.Confidence < minShiftConfidence {
		return Warning{}, false
	}
	return Warning{Code: WarnGCJ, East: s.East, North: s.North, AsIs: s.AsIs, Converted: s.Converted}, true
}

// checkBoundaries compares imported boundaries with the buildings, where no known boundaries told anything.
func (w *shiftWatch) checkBoundaries(ctx context.Context, st *store.Store) (Warning, bool, error) {
	if len(w.sample) == 0 {
		return Warning{}, false, nil
	}
	buildings, err := shapesOf(ctx, st, "building", &w.bound)
	if err != nil {
		return Warning{}, false, err
	}
	metres, yes := ingest.BoundariesLookGCJ(w.sample, buildings)
	return Warning{Code: WarnGCJBoundaries, AsIs: metres}, yes, nil
}

// warnings are what the places seen are warned of, known being what imports of the kind are compared with.
func (w *shiftWatch) warnings(ctx context.Context, st *store.Store, kind block.Kind, known []orb.Geometry) (out []Warning, err error) {
	warning, bad := w.check(known)
	if !bad && kind == "region" {
		if warning, bad, err = w.checkBoundaries(ctx, st); err != nil {
			return nil, err
		}
	}
	if bad {
		out = append(out, warning)
	}
	if warning, bad = w.strays(); bad {
		out = append(out, warning)
	}
	return out, nil
}

// knownPlaces returns what imports of a kind are compared with, as it is before the import: regions with regions,
// everything else with buildings, within bounds if there are any.
func knownPlaces(ctx context.Context, st *store.Store, kind block.Kind, within *orb.Bound) ([]orb.Geometry, error) {
	p, err := st.Set().Plan(kind)
	if err != nil || p.Kind.Geometry == schema.NoGeometry || p.Kind.Geometry == schema.Line {
		return nil, err
	}
	if kind == "region" {
		return shapesOf(ctx, st, kind, within)
	}
	return shapesOf(ctx, st, "building", within)
}

// shapesOf returns the geometries of a kind, within bounds if there are any.
func shapesOf(ctx context.Context, st *store.Store, kind block.Kind, within *orb.Bound) (out []orb.Geometry, err error) {
	err = st.Reader().MapRows(ctx, kind, nil, within, func(row *store.MapRow) error {
		if len(row.Geometry) == 0 {
			return nil
		}
		if g, err := geo.ParseWKB(row.Geometry); err == nil {
			out = append(out, g)
		}
		return nil
	})
	return out, err
}

// codeDigits is the width of statistical division codes; six-digit county codes are their beginning.
const codeDigits = 12

// knownRegions joins imported regions to those the tree has by code, so that a file of boundaries brings polygons and not
// second regions. A region that is new goes below the root.
func knownRegions(ctx context.Context, st *store.Store, p *schema.Plan, rows iter.Seq2[ingest.Row, error]) (iter.Seq2[ingest.Row, error], error) {
	tree, err := st.Reader().Tree(ctx)
	if err != nil {
		return nil, err
	}
	return func(yield func(ingest.Row, error) bool) {
		for row, err := range rows {
			if err == nil && row.Was == nil {
				err = joinRegion(ctx, st, p, tree, &row)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}, nil
}

// joinRegion makes a row an update of the region with its code, or a new region below the root.
func joinRegion(ctx context.Context, st *store.Store, p *schema.Plan, tree *block.Tree, row *ingest.Row) error {
	code := p.Get(row.Record, "code").Text()
	if len(code) == 6 {
		code += strings.Repeat("0", codeDigits-6)
	}
	reg, err := tree.ByCode(code)
	if err != nil {
		p.Set(&row.Record, "code", block.TextValue(code))
		p.Set(&row.Record, "parent", block.RefValue(tree.Root()))
		row.Record.ID = block.NameID("region", ingest.ImportedScheme+":"+code)
		row.Record.Region = tree.Root()
		return nil
	}
	was, err := st.Reader().Get(ctx, "region", reg.ID)
	if err != nil {
		return err
	}
	shape := row.Record.Geometry
	row.Was, row.Record = &was, was
	row.Record.Geometry = shape
	return nil
}
