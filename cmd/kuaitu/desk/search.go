package desk

import (
	"context"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/cmd/internal/console"
	"kuaitu/geo"
	"kuaitu/store"
	"kuaitu/ui/state"

	"github.com/paulmach/orb"
)

// hitGroups are the headings that kinds of hits stand under.
var hitGroups = map[block.Kind]string{
	"building": "building", "room": "room", "address": "address", "address_alias": "alias", "person": "person",
	"legal_entity": "entity", "event": "event", "region": "region", "facility": "building", "area": "region",
}

// Search implements ui.Data. A text that reads as coordinates finds the place, too.
func (d *Desk) Search(ctx context.Context, query string, near orb.Point, limit int) (state.Hits, error) {
	start := time.Now()
	out := state.Hits{Query: query}
	g, err := d.current(ctx)
	if err != nil {
		return out, err
	}
	if at, datum, _, err := geo.ParseLonLat(query); err == nil {
		at = geo.Convert(at, datum, geo.CGCS2000)
		out.Rows = append(out.Rows, state.Hit{Group: "position", Label: query, Why: g.path(g.assign.At(at)), At: at, Bound: at.Bound(), HasAt: true})
	}
	q := store.SearchQuery{Text: query, Limit: limit + 1}
	if near != (orb.Point{}) {
		q.Near = &near
	}
	hits, err := d.st.Reader().Search(ctx, q)
	if err != nil {
		return out, err
	}
	if len(hits) > limit {
		hits, out.More = hits[:limit], true
	}
	groups := map[string][]state.Hit{}
	var order []string
	for _, h := range hits {
		group, shown := hitGroups[h.Kind]
		if !shown {
			continue
		}
		hit := state.Hit{Ref: state.RefOf(h.Kind, h.ID), Group: group, Label: h.Label, Why: h.Detail}
		if hit.Why == h.Label {
			hit.Why = h.Code
		}
		if h.Point != nil {
			hit.At, hit.Bound, hit.HasAt = *h.Point, h.Point.Bound(), true
			region := g.assign.At(*h.Point)
			hit.Side = g.gridName(region)
			if hit.Why == "" { // most buildings have no address: say where they are
				hit.Why = g.path(region)
			}
		}
		if h.Kind == "region" {
			if b, ok := g.bounds[h.ID]; ok {
				hit.Bound, hit.HasAt, hit.At = b, true, b.Center()
			}
			if r, ok := g.tree.Region(h.ID); ok {
				hit.Label, hit.Why = r.ShortName(), g.path(r.Parent)
			}
		}
		if len(groups[group]) == 0 {
			order = append(order, group)
		}
		groups[group] = append(groups[group], hit)
	}
	for _, name := range order {
		out.Rows = append(out.Rows, groups[name]...)
	}
	out.Took = time.Since(start)
	return out, nil
}

// addressReach is how far, in degrees, the nearest known address of a point may lie: about 60 m.
const addressReach = 0.0006

// addressNear names the building or address at a point, or the nearest one.
func (d *Desk) addressNear(ctx context.Context, at orb.Point) (string, error) {
	box := at.Bound().Pad(addressReach)
	best, text := addressReach*200_000, "" // metres, more than the reach
	for _, kind := range []block.Kind{"address", "building"} {
		p, err := d.st.Set().Plan(kind)
		if err != nil {
			return "", err
		}
		err = d.st.Reader().InBounds(ctx, kind, box, func(rec block.Record) error {
			label := addressOf(p, rec)
			if label == "" {
				return nil
			}
			g, err := geo.ParseWKB(rec.Geometry)
			if err != nil {
				return nil // cannot be nearest to anything
			}
			dist := geo.Distance(at, g.Bound().Center())
			if geo.Contains(g, at) {
				dist = 0
			}
			if dist < best {
				best, text = dist, label
			}
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	return text, nil
}

func addressOf(p *schema.Plan, rec block.Record) string {
	for _, f := range []string{"text", "address", "name"} {
		if s := p.Get(rec, f).Text(); s != "" {
			return s
		}
	}
	return ""
}

// Report implements ui.Data.
func (d *Desk) Report(ctx context.Context, r state.Report) (block.ID, error) {
	op, err := console.Report(ctx, d.st, console.ReportRequest{Type: r.Type, At: &r.At, Region: r.Region, Address: r.Address, Text: r.Text, Author: d.user})
	if err != nil || len(op.Edits) == 0 {
		return block.ID{}, err
	}
	return op.Edits[0].ID, nil
}
