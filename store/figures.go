package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/block/workflow"
)

// FigureQuery asks for the figures of the regions of a level.
type FigureQuery struct {
	Level      block.Level
	Within     block.ID  // only regions that are this one or lie below it; zero: all
	At         time.Time // the time of which events are overdue or not
	From, To   time.Time // only events reported in this time, To not included; zero: open
	EventTypes []string  // only events of these catalogue codes; empty: all
	// RoomPersons adds up how many residents the rooms say they have. It reads every room, which takes longer than all the
	// rest; a store that holds person records does not need it.
	RoomPersons bool
}

// EventFigures count events. Reported = Open + Closed; the overdue ones are open.
type EventFigures struct {
	Reported, Open, Overdue, Closed int64
}

func (f *EventFigures) add(o EventFigures) {
	f.Reported += o.Reported
	f.Open += o.Open
	f.Overdue += o.Overdue
	f.Closed += o.Closed
}

// RegionFigures are the figures of one region: of all records at home in it or below.
type RegionFigures struct {
	Region                   block.ID
	Code, Name               string
	Buildings, Rooms         int64
	Persons                  int64 // person records
	RoomPersons              int64 // residents that the rooms say they have, when asked for
	Entities                 int64
	Events                   EventFigures
	ByType                   map[string]EventFigures // by catalogue code; nil without events
	ReportedFirst, LastEvent time.Time               // of the events counted; zero without
}

// Figures are the figures of a level. Each record is counted once: in a row, in Above or in Outside.
type Figures struct {
	Rows    []RegionFigures // every region asked for, by code, also those with nothing
	Above   RegionFigures   // at home in a region above the level
	Outside RegionFigures   // at home in no region that is here; empty when Within is set
	At      time.Time       // as asked
}

// Figures counts buildings, rooms, people, entities and events by the regions of a level, in one statement on one
// committed state. A street (9,000 buildings, 150,000 rooms, 300,000 people, 30,000 events) takes about 60 ms.
func (r *Reader) Figures(ctx context.Context, q FigureQuery) (Figures, error) {
	out := Figures{At: q.At}
	sql, args, err := r.s.figuresSQL(q)
	if err != nil {
		return out, err
	}
	err = r.view(ctx, func(c *conn) error {
		tree, err := r.s.readTree(ctx, c) // in the same state as the rows
		if err != nil {
			return err
		}
		if _, ok := tree.Region(q.Within); !ok && !q.Within.IsZero() {
			return fmt.Errorf("region %s: %w", q.Within, block.ErrNotFound)
		}
		at := map[block.ID]int{}
		for _, reg := range tree.All() {
			if reg.Level == q.Level && (q.Within.IsZero() || tree.Within(reg.ID, q.Within)) {
				at[reg.ID] = len(out.Rows)
				out.Rows = append(out.Rows, RegionFigures{Region: reg.ID, Code: reg.Code, Name: reg.Name})
			}
		}
		return c.query(ctx, sql, args, func(v []driver.Value) error {
			id := asID(v[1])
			to := &out.Outside
			if up, ok := tree.Ancestor(id, q.Level); ok {
				i, wanted := at[up.ID]
				if !wanted {
					return nil
				}
				to = &out.Rows[i]
			} else if _, ok := tree.Region(id); ok {
				to = &out.Above
			}
			if to.Region.IsZero() && !q.Within.IsZero() && (id.IsZero() || !tree.Within(id, q.Within)) {
				return nil
			}
			to.take(v)
			return nil
		})
	})
	if err != nil {
		return Figures{}, fmt.Errorf("figures by %s: %w", q.Level, err)
	}
	return out, nil
}

// Numbers of the kinds in the statement.
const (
	figureBuilding = iota
	figureRoom
	figurePerson
	figureEntity
	figureEvent
)

// take adds a row of the statement: what it counts, region, type, count, then three sums and two times.
func (f *RegionFigures) take(v []driver.Value) {
	n := asInt(v[3])
	switch asInt(v[0]) {
	case figureBuilding:
		f.Buildings += n
	case figureRoom:
		f.Rooms += n
		f.RoomPersons += asInt(v[4])
	case figurePerson:
		f.Persons += n
	case figureEntity:
		f.Entities += n
	case figureEvent:
		e := EventFigures{Reported: n, Open: asInt(v[4]), Overdue: asInt(v[5])}
		e.Closed = n - e.Open
		f.Events.add(e)
		if f.ByType == nil {
			f.ByType = map[string]EventFigures{}
		}
		sum := f.ByType[asText(v[2])]
		sum.add(e)
		f.ByType[asText(v[2])] = sum
		first, last := fromDriver(block.Time, v[6]).Time(), fromDriver(block.Time, v[7]).Time()
		if !first.IsZero() && (f.ReportedFirst.IsZero() || first.Before(f.ReportedFirst)) {
			f.ReportedFirst = first
		}
		if last.After(f.LastEvent) {
			f.LastEvent = last
		}
	}
}

// openStates is the SQL list of the states in which an event still needs somebody.
var openStates = func() string {
	var list []string
	for _, s := range workflow.States {
		if s.Open() {
			list = append(list, "'"+string(s)+"'")
		}
	}
	return strings.Join(list, ", ")
}()

func (s *Store) figuresSQL(q FigureQuery) (string, []any, error) {
	for _, k := range []block.Kind{"building", "room", "person", "legal_entity", "event"} {
		if _, err := s.table(k); err != nil {
			return "", nil, err
		}
	}
	open := "state IN (" + openStates + ")"
	roomPersons := "0"
	if q.RoomPersons {
		roomPersons = "sum(persons)"
	}
	parts := []string{
		fmt.Sprintf(`SELECT %d, region, '', count(*), 0, 0, NULL, NULL FROM "building" GROUP BY region`, figureBuilding),
		fmt.Sprintf(`SELECT %d, region, '', count(*), %s, 0, NULL, NULL FROM "room" GROUP BY region`, figureRoom, roomPersons),
		fmt.Sprintf(`SELECT %d, region, '', count(*), 0, 0, NULL, NULL FROM "person" GROUP BY region`, figurePerson),
		fmt.Sprintf(`SELECT %d, region, '', count(*), 0, 0, NULL, NULL FROM "legal_entity" GROUP BY region`, figureEntity),
	}
	event := fmt.Sprintf(`SELECT %d, region, type, count(*), sum(%s), sum(%s AND state <> '%s' AND +due_at <= ?), min(+reported_at), max(+reported_at) FROM "event"`,
		figureEvent, open, open, workflow.Suspended)
	args := []any{toDriver(block.TimeValue(q.At))}
	var where []string
	if !q.From.IsZero() {
		where, args = append(where, "reported_at >= ?"), append(args, toDriver(block.TimeValue(q.From)))
	}
	if !q.To.IsZero() {
		where, args = append(where, "reported_at < ?"), append(args, toDriver(block.TimeValue(q.To)))
	}
	if len(q.EventTypes) > 0 {
		types := slices.Compact(slices.Sorted(slices.Values(q.EventTypes)))
		where = append(where, "type IN (?"+strings.Repeat(", ?", len(types)-1)+")")
		for _, t := range types {
			args = append(args, t)
		}
	}
	if len(where) > 0 {
		event += " WHERE " + strings.Join(where, " AND ")
	}
	return strings.Join(append(parts, event+" GROUP BY region, type"), " UNION ALL "), args, nil
}
