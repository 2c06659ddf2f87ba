package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"kuaitu/block"
	"kuaitu/geo"
	"kuaitu/store"
	"kuaitu/ui/state"
)

// Around implements ui.Data: the outline first, then the kinds one after the other.
func (d *Desk) Around(ctx context.Context, q state.AroundQuery, progress func(state.Around)) (state.Around, error) {
	var out state.Around
	for _, kind := range state.AroundKinds {
		a, err := d.st.Reader().Around(ctx, d.aroundQuery(q, kind, 0, -1))
		if err != nil {
			return out, err
		}
		if out.Shape == nil {
			out.Shape = a.Shape
			reach, err := geo.NewReach(a.Shape)
			if err == nil {
				out.Outline, err = reach.Outline(q.Metres)
			}
			if err != nil {
				return out, fmt.Errorf("outline of the surroundings: %w", errors.Join(err, block.ErrInvalid))
			}
		}
		n := 0
		for _, c := range a.Counts {
			n += c.Count
		}
		out.Counts = append(out.Counts[:len(out.Counts):len(out.Counts)], state.KindCount{Kind: kind, Count: n}) // those told about keep theirs
		progress(out)
	}
	return out, nil
}

// AroundList implements ui.Data.
func (d *Desk) AroundList(ctx context.Context, q state.AroundQuery, kind block.Kind, skip, limit int) ([]state.AroundHit, error) {
	a, err := d.st.Reader().Around(ctx, d.aroundQuery(q, kind, skip, limit))
	if err != nil {
		return nil, err
	}
	g, err := d.current(ctx)
	if err != nil {
		return nil, err
	}
	events := map[block.ID]state.Event{}
	if kind == "event" {
		for _, e := range g.events {
			events[e.ID] = e.Event
		}
	}
	out := make([]state.AroundHit, 0, len(a.Hits))
	for _, h := range a.Hits {
		hit := state.AroundHit{Ref: state.RefOf(h.Kind, h.ID), Label: same(cmp.Or(h.Label, h.Code)), Detail: h.Detail, Metres: h.Metres, Masked: h.Masked}
		if hit.Detail == hit.Label.ZH {
			hit.Detail = ""
		}
		if e, ok := events[h.ID]; ok { // an event has no name: say what it is
			hit.Label, hit.Detail = e.Type, e.Place
		}
		if h.Point != nil {
			hit.At, hit.HasAt = *h.Point, true
			if hit.Detail == "" {
				hit.Detail = g.gridName(g.assign.At(hit.At))
			}
		}
		out = append(out, hit)
	}
	return out, nil
}

// aroundQuery is the store's question for one kind: residents are those of today.
func (d *Desk) aroundQuery(q state.AroundQuery, kind block.Kind, skip, limit int) store.AroundQuery {
	return store.AroundQuery{
		Shape: q.Shape, Kind: q.Ref.Kind, ID: q.Ref.ID, Metres: q.Metres, Kinds: []block.Kind{kind}, At: d.now().In(d.zone), Skip: skip, Limit: limit,
	}
}
