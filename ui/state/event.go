package state

import (
	"fmt"
	"slices"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/block"
)

// Event is what the list shows of an event, as values.
type Event struct {
	ID       block.ID
	Number   string
	Type     Text
	Icon     string // of the catalogue row
	Place    string
	Grid     string // short grid code
	Region   block.ID
	Unit     string
	State    string // code of the state: "handling"; its words are the text "case.handling"
	Clock    Clock
	Reported time.Time
	At       orb.Point
	HasAt    bool
	Sync     SyncMark
}

// EventFilter says which events are wanted. The zero filter wants all open ones.
type EventFilter struct {
	Region block.ID   // and all below it; zero: everywhere in scope
	Bound  *orb.Bound // only events within; nil: also those without a position
	Lights LightSet   // empty: every light
	From   time.Time  // reported then or later; zero: at any time
	To     time.Time  // reported before; zero: up to now
	Closed bool       // closed events too
	Limit  int        // rows at most; 0 leaves it to the answerer
}

// LightSet is a set of lights as bits 1<<light.
type LightSet uint8

// Has reports whether the light is in the set.
func (s LightSet) Has(l Light) bool { return s&(1<<l) != 0 }

// Toggle returns the set with the light put in or taken out. 超期 and 二次催办 go together.
func (s LightSet) Toggle(l Light) LightSet {
	if l.Urgent() {
		return s ^ (1<<Late | 1<<Urged)
	}
	return s ^ 1<<l
}

// Wants reports whether an event reported at that time, with that light, passes what list and map have in common: the time
// and the lights.
func (f EventFilter) Wants(reported time.Time, l Light) bool {
	return f.InTime(reported) && (f.Lights == 0 || f.Lights.Has(l))
}

// InTime reports whether a report of that time is wanted.
func (f EventFilter) InTime(reported time.Time) bool {
	return !reported.Before(f.From) && (f.To.IsZero() || reported.Before(f.To))
}

// Some reports whether the map shows only some of the events: a time or lights were chosen.
func (f EventFilter) Some() bool { return f.Lights != 0 || !f.From.IsZero() || !f.To.IsZero() }

// EventPage is the answer to a filter: the most pressing first. The counts are of the region and the time before Bound
// and Lights were applied; Total is after them.
type EventPage struct {
	Events   []Event
	Total    int
	Open     int
	ByLight  [numLights]int
	Unplaced int               // open events of the region without a position
	Days     []int             // the region's open events by the day of their report, StripDays of them up to today, whatever the time chosen
	Map      map[block.ID]bool // the events that the map shows, of any region; nil: all
	Err      error
}

// EventList is the list below the map. UI thread only.
type EventList struct {
	Filter   EventFilter
	Linked   bool // Filter.Bound follows the map
	Range    TimeRange
	page     EventPage
	loaded   bool
	selected block.ID
	marked   map[block.ID]bool // selected together with others
	only     bool              // the marked ones alone are shown
	all      []Event           // of the answer
}

// Mark says which events are selected together, on the map or in the list, and whether the list shows them alone.
func (e *EventList) Mark(ids map[block.ID]bool, only bool) {
	e.marked, e.only = ids, only
	e.narrow()
}

// narrow leaves in the list what it shows of the answer.
func (e *EventList) narrow() {
	e.page.Events = e.all
	if !e.only {
		return
	}
	e.page.Events = nil
	for _, v := range e.all {
		if e.marked[v.ID] {
			e.page.Events = append(e.page.Events, v)
		}
	}
}

// Chosen is the event that was selected last, alone; the zero ID when none was.
func (e *EventList) Chosen() block.ID { return e.selected }

// Show puts in an answer. An answer that is an error keeps the rows that were there.
func (e *EventList) Show(p EventPage) {
	if p.Err != nil {
		e.page.Err = p.Err
		return
	}
	e.page, e.loaded = p, true
	slices.SortStableFunc(e.page.Events, pressing)
	e.all = e.page.Events
	e.narrow()
}

// pressing orders events: running clocks by the end of their limit, then those without a limit or with a stopped clock.
func pressing(a, b Event) int {
	rank := func(c Clock) int {
		switch {
		case !c.ClosedAt.IsZero():
			return 3
		case !c.StoppedAt.IsZero():
			return 2
		case c.Due.IsZero():
			return 1
		default:
			return 0
		}
	}
	if d := rank(a.Clock) - rank(b.Clock); d != 0 {
		return d
	}
	return a.Clock.Due.Compare(b.Clock.Due)
}

// Page returns what is shown.
func (e *EventList) Page() EventPage { return e.page }

// Loaded reports whether there was an answer yet.
func (e *EventList) Loaded() bool { return e.loaded }

// Select makes an event the selected one; the zero ID selects none. It reports whether the event is in the list.
func (e *EventList) Select(id block.ID) bool {
	e.selected = id
	return e.Index() >= 0
}

// Index is the row of the selected event, -1 if it is not in the list.
func (e *EventList) Index() int {
	return slices.IndexFunc(e.page.Events, func(v Event) bool { return v.ID == e.selected && !e.selected.IsZero() })
}

// At returns the event of a row.
func (e *EventList) At(row int) (Event, bool) {
	if row < 0 || row >= len(e.page.Events) {
		return Event{}, false
	}
	return e.page.Events[row], true
}

// MapMoved renews the filter's extent and reports whether the list must be asked for again.
func (e *EventList) MapMoved(view orb.Bound) bool {
	if !e.Linked {
		return false
	}
	if e.Filter.Bound != nil && e.Filter.Bound.Equal(view) {
		return false
	}
	e.Filter.Bound = &view
	return true
}

// Link ties the list to the map's extent or unties it.
func (e *EventList) Link(on bool, view orb.Bound) {
	e.Linked, e.Filter.Bound = on, nil
	if on {
		e.Filter.Bound = &view
	}
}

// EventRow is one row, formatted.
type EventRow struct {
	ID       block.ID
	Light    Light
	Bar      ClockBar
	Clock    string
	Number   string
	Type     string
	Place    string
	Grid     string
	Unit     string
	State    string
	Mark     string
	MarkSync SyncMark
	Strong   bool // the mark is drawn in red
	Selected bool
}

// Rows formats the rows from first up to but not including last, clipped to what there is: a list shows a few dozen of
// thousands.
func (e *EventList) Rows(l *Lang, now time.Time, first, last int) []EventRow {
	first, last = max(first, 0), min(last, len(e.page.Events))
	var rows []EventRow
	for i := first; i < last; i++ {
		v := e.page.Events[i]
		r := EventRow{
			ID: v.ID, Light: v.Clock.Light(now), Bar: v.Clock.Bar(now), Clock: v.Clock.Words(l, now),
			Number: v.Number, Type: l.Of(v.Type), Place: v.Place, Grid: v.Grid, Unit: v.Unit,
			State: l.TOr("case."+v.State, v.State), MarkSync: v.Sync, Selected: v.ID == e.selected || e.marked[v.ID],
		}
		if r.Number == "" {
			r.Number = l.T("event.unnumbered")
		}
		switch {
		case v.Sync != NoMark && v.Sync != Proved:
			r.Mark = v.Sync.Words(l)
		case v.Clock.Urged > 0:
			r.Mark, r.Strong = l.T("event.urged", v.Clock.Urged), v.Clock.Urged >= 2
		case !v.Reported.IsZero() && now.Sub(v.Reported) < 10*time.Minute && now.After(v.Reported):
			r.Mark = l.T("event.new")
		}
		rows = append(rows, r)
	}
	return rows
}

// EventChip is a filter chip above the list.
type EventChip struct {
	Light Light
	Text  string
	On    bool
}

// Chips returns the chips with their counts: 超期 with the urged ones, 临近, 正常, 停钟.
func (e *EventList) Chips(l *Lang) []EventChip {
	p := e.page
	var chips []EventChip
	for _, c := range []struct {
		light Light
		n     int
	}{{Late, p.ByLight[Late] + p.ByLight[Urged]}, {Near, p.ByLight[Near]}, {InTime, p.ByLight[InTime]}, {Stopped, p.ByLight[Stopped]}} {
		chips = append(chips, EventChip{
			Light: c.light, On: e.Filter.Lights.Has(c.light),
			Text: fmt.Sprintf("%s %s", c.light.Words(l), l.Count(c.n)),
		})
	}
	return chips
}

// Extent is the text beside the link button: "与地图同范围·26 件", or how many of all are shown.
func (e *EventList) Extent(l *Lang) string {
	n := l.Count(e.page.Total)
	if e.only {
		return l.T("events.only", l.Count(len(e.page.Events)))
	}
	if e.Linked {
		return l.T("events.linked", n)
	}
	if shown := len(e.page.Events); shown < e.page.Total {
		return l.T("events.partial", l.Count(shown), n)
	}
	return l.T("events.all", n)
}

// Notice is what the list says in place of rows: reading, failed or none. It is the zero Notice when there are rows.
func (e *EventList) Notice(l *Lang) Notice {
	switch {
	case len(e.page.Events) > 0:
		return Notice{}
	case e.page.Err != nil:
		return Failure(l, e.page.Err)
	case !e.loaded:
		return Notice{Title: l.T("events.reading")}
	case e.Linked:
		return Notice{Title: l.T("events.none"), Text: l.T("events.none.linked")}
	case e.Filter.Some():
		return Notice{Title: l.T("events.none"), Text: l.T("events.none.filter")}
	default:
		return Notice{Title: l.T("events.none"), Text: l.T("events.none.all")}
	}
}
