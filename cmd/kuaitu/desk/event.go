package desk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/block/workflow"
	"kuaitu/geo"
	"kuaitu/store"
	"kuaitu/ui/state"
)

// event is an event with what lists sort and filter by.
type event struct {
	state.Event
	closed bool
}

// readCatalogue reads the event types; the first filing condition of a type stands for it.
func (g *digest) readCatalogue(ctx context.Context, st *store.Store) error {
	p, err := st.Set().Plan("catalogue_type")
	if err != nil {
		return err
	}
	rows, err := st.Reader().List(ctx, store.Query{Kind: "catalogue_type", Order: []store.Order{{Field: "code"}}})
	if err != nil {
		return err
	}
	units := p.Kind.Fields[p.Index("limit_unit")].Choices
	g.types = map[string]state.EventType{}
	for _, rec := range rows {
		code := p.Get(rec, "code").Text()
		if _, have := g.types[code]; have {
			continue
		}
		name := state.Text{ZH: p.Get(rec, "name").Text(), EN: p.Get(rec, "name_en").Text()}
		if name.EN == "" {
			name.EN = name.ZH
		}
		class := p.Get(rec, "class").Text()
		t := state.EventType{Code: code, Class: state.Text{ZH: class, EN: class}, Name: name, Icon: p.Get(rec, "icon").Text()}
		if amount := p.Get(rec, "limit_amount"); !amount.IsNull() {
			t.Limit = amount.Plain() + " " + choiceLabel(units, p.Get(rec, "limit_unit").Text())
		}
		g.types[code] = t
		g.order = append(g.order, t)
	}
	slices.SortStableFunc(g.order, func(a, b state.EventType) int { return cmp.Compare(a.Class.ZH, b.Class.ZH) })
	return nil
}

// choiceText is the name of a choice; a code that is none of them stands for itself.
func choiceText(choices []schema.Choice, code string) state.Text {
	for _, c := range choices {
		if c.Code == code {
			return state.Text{ZH: c.ZH, EN: c.EN}
		}
	}
	return same(code)
}

func choiceLabel(choices []schema.Choice, code string) string {
	for _, c := range choices {
		if c.Code == code {
			return c.ZH
		}
	}
	return code
}

// readEvents reads all events, counts the open ones up the tree and sorts them by urgency.
func (g *digest) readEvents(ctx context.Context, st *store.Store, now time.Time) error {
	p, err := st.Set().Plan("event")
	if err != nil {
		return err
	}
	marks, err := syncMarks(ctx, st)
	if err != nil {
		return err
	}
	stops, err := stopTimes(ctx, st)
	if err != nil {
		return err
	}
	err = st.Reader().Each(ctx, store.Query{Kind: "event"}, func(rec block.Record) error {
		e := g.event(p, rec)
		e.Sync = marks[rec.ID]
		if e.State == "suspended" {
			if e.Clock.StoppedAt = stops[rec.ID]; e.Clock.StoppedAt.IsZero() {
				e.Clock.StoppedAt = e.Clock.Started
			}
		}
		g.events = append(g.events, e)
		if e.closed {
			return nil
		}
		light := e.Clock.Light(now)
		for _, r := range g.tree.Path(rec.Region) {
			g.open[r.ID]++
			g.worst[r.ID] = max(g.worst[r.ID], light)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(g.events, func(a, b event) int {
		return cmp.Or(cmp.Compare(urgency(b, now), urgency(a, now)), b.Reported.Compare(a.Reported), cmp.Compare(a.Number, b.Number))
	})
	return nil
}

// urgency orders the list: overdue first by how late, then near, in time by what is left, stopped, closed last.
func urgency(e event, now time.Time) float64 {
	if e.closed {
		return -2
	}
	switch e.Clock.Light(now) {
	case state.Urged:
		return 2000 + e.Clock.Share(now)
	case state.Late:
		return 1000 + e.Clock.Share(now)
	case state.Stopped:
		return -1
	}
	return e.Clock.Share(now)
}

func (g *digest) event(p *schema.Plan, rec block.Record) event {
	get := func(f string) string { return p.Get(rec, f).Text() }
	t, known := g.types[get("type")]
	if !known {
		t.Name = state.Text{ZH: get("type"), EN: get("type")}
	}
	e := event{Event: state.Event{
		ID: rec.ID, Number: get("number"), Type: t.Name, Icon: t.Icon, Place: get("address"), Grid: g.gridName(rec.Region), Region: rec.Region,
		Unit: get("unit"), State: get("state"), Reported: p.Get(rec, "reported_at").Time(),
	}}
	e.closed = !workflow.State(e.State).Open()
	e.Clock = state.Clock{Started: p.Get(rec, "filed_at").Time(), Due: p.Get(rec, "due_at").Time(), Urged: int(p.Get(rec, "urged").Int())}
	if e.Clock.Started.IsZero() {
		e.Clock.Started = e.Reported
	}
	if e.closed {
		if e.Clock.ClosedAt = p.Get(rec, "closed_at").Time(); e.Clock.ClosedAt.IsZero() {
			e.Clock.ClosedAt = e.Reported
		}
	}
	if at, err := geo.ParseWKB(rec.Geometry); err == nil && !geo.Empty(at) {
		e.At, e.HasAt = at.Bound().Min, true
	}
	if e.Place == "" {
		e.Place = g.path(rec.Region)
	}
	return e
}

// syncMarks says of every record touched by an op that is not done yet how the op stands.
func syncMarks(ctx context.Context, st *store.Store) (map[block.ID]state.SyncMark, error) {
	ops, err := st.Reader().Ops(ctx, 0)
	if err != nil {
		return nil, err
	}
	out := map[block.ID]state.SyncMark{}
	for _, o := range ops {
		mark := state.NoMark
		switch o.Fate {
		case block.FatePending:
			mark = state.Queued
		case block.FateConflict:
			mark = state.Conflicted
		case block.FateRejected:
			mark = state.Returned
		case block.FateApplied, block.FateMerged:
			if mark = state.Proved; o.Live {
				mark = state.Sent
			}
		}
		for _, e := range o.Edits {
			if _, have := out[e.ID]; !have { // the latest op comes first and counts
				out[e.ID] = mark
			}
		}
	}
	return out, nil
}

// stopTimes says since when the suspended events stand still.
func stopTimes(ctx context.Context, st *store.Store) (map[block.ID]time.Time, error) {
	p, err := st.Set().Plan("event_step")
	if err != nil {
		return nil, err
	}
	out := map[block.ID]time.Time{}
	q := store.Query{Kind: "event_step", Where: []store.Where{{Field: "to_state", Values: []block.Value{block.TextValue("suspended")}}}}
	err = st.Reader().Each(ctx, q, func(rec block.Record) error {
		id, at := p.Get(rec, "event").Ref(), stepTime(p, rec)
		if at.After(out[id]) {
			out[id] = at
		}
		return nil
	})
	return out, err
}

// stepTime is when a step was taken: the server's time where it has one, else the device's.
func stepTime(p *schema.Plan, rec block.Record) time.Time {
	if at := p.Get(rec, "server_time").Time(); !at.IsZero() {
		return at
	}
	return p.Get(rec, "device_time").Time()
}

// defaultEvents bounds a page that states no limit.
const defaultEvents = 500

// Events implements ui.Data.
func (d *Desk) Events(ctx context.Context, f state.EventFilter) (state.EventPage, error) {
	g, err := d.current(ctx)
	if err != nil {
		return state.EventPage{}, err
	}
	limit := f.Limit
	if limit <= 0 {
		limit = defaultEvents
	}
	page := state.EventPage{Days: make([]int, state.StripDays)}
	if f.Some() {
		page.Map = map[block.ID]bool{}
	}
	now := d.now()
	for _, e := range g.events {
		if e.closed && !f.Closed {
			continue
		}
		light := e.Clock.Light(now)
		if page.Map != nil && f.Wants(e.Reported, light) {
			page.Map[e.ID] = true
		}
		if !f.Region.IsZero() && !g.tree.Within(e.Region, f.Region) {
			continue
		}
		if i := state.DayIndex(e.Reported, now, d.zone); i >= 0 && !e.closed {
			page.Days[i]++
		}
		if !f.InTime(e.Reported) {
			continue
		}
		if !e.closed {
			page.Open++
			page.ByLight[light]++
			if !e.HasAt {
				page.Unplaced++
			}
		}
		if f.Lights != 0 && !f.Lights.Has(light) || f.Bound != nil && (!e.HasAt || !f.Bound.Contains(e.At)) {
			continue
		}
		if page.Total++; len(page.Events) < limit {
			page.Events = append(page.Events, e.Event)
		}
	}
	return page, nil
}

// EventTypes implements ui.Data.
func (d *Desk) EventTypes(ctx context.Context) ([]state.EventType, error) {
	g, err := d.current(ctx)
	if err != nil {
		return nil, err
	}
	return g.order, nil
}
