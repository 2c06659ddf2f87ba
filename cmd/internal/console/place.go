package console

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/geo"
	"kuaitu/store"

	"github.com/paulmach/orb"
)

// Found is one record at a place.
type Found struct {
	Kind  block.Kind `json:"kind"`
	ID    block.ID   `json:"id"`
	Label string     `json:"label"`
}

// pointTolerancePx is how far from a click a point may lie, in pixels of 256-px tiles.
const pointTolerancePx = 12

// identified are the kinds that identify answers with, topmost first; regions follow from the finest level up.
var identified = []block.Kind{"event", "component", "facility", "legal_entity", "address", "building", "area", "region"}

// Identify returns everything at a point, topmost first: points within a click's reach at the given zoom, areas that
// hold it. A position outside the world is ErrInvalid.
func Identify(ctx context.Context, st *store.Store, at orb.Point, zoom float64) ([]Found, error) {
	if !(math.Abs(at[0]) <= 180 && math.Abs(at[1]) <= 90) {
		return nil, fmt.Errorf("%g, %g is not a longitude and a latitude: %w", at[0], at[1], block.ErrInvalid)
	}
	reach := pointTolerancePx * 360 / (256 * float64(uint64(1)<<uint(min(max(zoom, 0), 24))))
	box := orb.Bound{Min: orb.Point{at[0] - reach, at[1] - reach}, Max: orb.Point{at[0] + reach, at[1] + reach}}
	tree, err := st.Reader().Tree(ctx)
	if err != nil {
		return nil, err
	}
	out := []Found{}
	for _, kind := range identified {
		p, err := st.Set().Plan(kind)
		if err != nil {
			return nil, err
		}
		type hit struct {
			Found
			rank float64
		}
		var hits []hit
		search := box
		if p.Kind.Geometry == schema.Area {
			search = at.Bound()
		}
		err = st.Reader().InBounds(ctx, kind, search, func(rec block.Record) error {
			g, err := geo.ParseWKB(rec.Geometry)
			if err != nil {
				return nil // not drawable, so not there to be clicked
			}
			h := hit{Found: Found{Kind: kind, ID: rec.ID, Label: Label(p, rec)}}
			switch {
			case p.Kind.Geometry == schema.Area && !geo.Contains(g, at):
				return nil
			case kind == "region":
				r, _ := tree.Region(rec.ID)
				h.rank = -float64(r.Level)
			case p.Kind.Geometry != schema.Area:
				h.rank = geo.Distance(at, g.Bound().Center())
			}
			hits = append(hits, h)
			return nil
		})
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(hits, func(a, b hit) int {
			switch {
			case a.rank < b.rank:
				return -1
			case a.rank > b.rank:
				return 1
			}
			return strings.Compare(a.ID.String(), b.ID.String())
		})
		for _, h := range hits {
			out = append(out, h.Found)
		}
	}
	return out, nil
}

// Label returns what a record is called: its name, standard text, number or code, else its kind.
func Label(p *schema.Plan, rec block.Record) string {
	for _, field := range []string{"name", "text", "number", "title", "address", "code", "source_id"} {
		if v := p.Get(rec, field); v.Type() == block.Text && v.Text() != "" {
			return v.Text()
		}
	}
	return p.Kind.ZH
}
