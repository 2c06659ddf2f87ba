package store

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"kuaitu/block"
	"kuaitu/geo"

	"github.com/paulmach/orb"
)

// streetOf loads n buildings about a place with perHome rooms of two residents each, an entity in every third building
// (every second of them without a point of its own), and an event at every second.
func streetOf(t testing.TB, s *Store, n, perHome int) orb.Point {
	t.Helper()
	o := orb.Point{114.05, 22.54}
	rng := rand.New(rand.NewPCG(42, uint64(n)))
	load(t, s, "region", regions()...)
	var buildings, rooms, persons, residencies, entities, events []block.Record
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for i := range n {
		p, _ := geo.Direct(o, rng.Float64()*360, 2000*math.Sqrt(rng.Float64()))
		home := rid(grids[i%3])
		b := building(i)
		b.Geometry, b.Region = square(p[0], p[1], 0.0002), home
		buildings = append(buildings, b)
		for j := range perHome {
			key := fmt.Sprint(i, "-", j)
			room := record("room", block.NameID("room", key), home, map[string]block.Value{
				"building": block.RefValue(b.ID), "number": block.TextValue(fmt.Sprint(101 + j)), "persons": block.IntValue(2)})
			rooms = append(rooms, room)
			for k := range 2 {
				who := record("person", block.NameID("person", fmt.Sprint(key, "-", k)), home, map[string]block.Value{"name": block.TextValue("欧阳春来")})
				persons = append(persons, who)
				stay := map[string]block.Value{"room": block.RefValue(room.ID), "person": block.RefValue(who.ID), "since": block.DateValue(at.AddDate(-1, 0, 0))}
				if k == 1 && i%5 == 0 {
					stay["until"] = block.DateValue(at.AddDate(0, -1, 0)) // moved out
				}
				residencies = append(residencies, record("residency", block.NameID("residency", fmt.Sprint(key, "-", k)), home, stay))
			}
		}
		if i%3 == 0 {
			e := record("legal_entity", block.NameID("legal_entity", fmt.Sprint(i)), home, map[string]block.Value{
				"name": block.TextValue(fmt.Sprintf("%d号商行", i)), "building": block.RefValue(b.ID)})
			if i%2 == 0 {
				e.Geometry = pointWKB(p)
			}
			entities = append(entities, e)
		}
		if i%2 == 0 {
			state := []string{"handling", "closed", "suspended", "filed"}[i/2%4]
			f := map[string]block.Value{"number": block.TextValue(fmt.Sprint("案", i)), "type": block.TextValue([]string{"0101", "0203"}[i/2%2]), "state": block.TextValue(state),
				"reported_at": block.TimeValue(at.Add(time.Duration(i) * time.Hour)), "due_at": block.TimeValue(at.Add(time.Duration(i)*time.Hour + 48*time.Hour))}
			e := record("event", block.NameID("event", fmt.Sprint(i)), home, f)
			e.Geometry = pointWKB(p)
			events = append(events, e)
		}
	}
	load(t, s, "building", buildings...)
	load(t, s, "room", rooms...)
	load(t, s, "person", persons...)
	load(t, s, "residency", residencies...)
	load(t, s, "legal_entity", entities...)
	load(t, s, "event", events...)
	return o
}

func counted(a Around) map[block.Kind]int {
	out := map[block.Kind]int{}
	for _, c := range a.Counts {
		out[c.Kind] = c.Count
	}
	return out
}

func TestAroundCountsByDistance(t *testing.T) {
	s := newStore(t)
	o := streetOf(t, s, 250, 2)
	at := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
	far, _ := geo.Direct(o, 50, 1500)
	for name, shape := range map[string]orb.Geometry{"point": o, "line": orb.LineString{o, far}, "area": geo.Circle(o, 300, 11)} {
		reach, err := geo.NewReach(shape)
		if err != nil {
			t.Fatal(err)
		}
		for _, metres := range []float64{0, 250, 800} {
			want := map[block.Kind]int{"building": 0, "room": 0, "person": 0, "legal_entity": 0, "event": 0, "facility": 0}
			distance := map[block.ID]float64{}
			for i := range 250 {
				b, err := s.Reader().Get(ctx, "building", block.NameID("building", fmt.Sprint(i)))
				if err != nil {
					t.Fatal(err)
				}
				g, err := geo.ParseWKB(b.Geometry)
				if err != nil {
					t.Fatal(err)
				}
				d := reach.Distance(g)
				corner := reach.Distance(g.Bound().Min) // where the entity's and the event's points are
				distance[b.ID] = d
				if d <= metres {
					want["building"]++
					want["room"] += 2
					want["person"] += 4
					if i%5 == 0 {
						want["person"] -= 2
					}
				}
				if i%3 == 0 && (i%2 == 0 && corner <= metres || i%2 != 0 && d <= metres) {
					want["legal_entity"]++
				}
				if i%2 == 0 && i/2%4 != 1 && corner <= metres {
					want["event"]++
				}
			}
			got, err := s.Reader().Around(ctx, AroundQuery{Shape: shape, Metres: metres, At: at, Limit: 1000})
			if err != nil {
				t.Fatal(err)
			}
			if c := counted(got); fmt.Sprint(c) != fmt.Sprint(want) {
				t.Errorf("%s, %g m: %v, want %v", name, metres, c, want)
			}
			if metres == 800 && want["building"] < 10 {
				t.Fatalf("%s: %d buildings only: the test looks at nothing", name, want["building"])
			}
			last := 0.0
			for _, h := range got.Hits {
				if h.Metres < last || h.Metres > metres {
					t.Errorf("%s: %g m after %g m, within %g m", name, h.Metres, last, metres)
				}
				last = h.Metres
				if h.Kind == "building" && math.Abs(h.Metres-distance[h.ID]) > 1e-6 {
					t.Errorf("%s: building at %g m, measured %g m", name, h.Metres, distance[h.ID])
				}
				if h.Point == nil || h.Label == "" {
					t.Errorf("%s: %s without place or name: %+v", name, h.Kind, h)
				}
			}
		}
	}
}

func TestAroundPages(t *testing.T) {
	s := newStore(t)
	o := streetOf(t, s, 200, 1)
	q := AroundQuery{Shape: o, Metres: 1500, Kinds: []block.Kind{"building", "event", "building"}, Closed: true, Limit: 1000}
	all, err := s.Reader().Around(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Counts) != 2 || all.Counts[0].Count+all.Counts[1].Count != len(all.Hits) {
		t.Fatalf("counts %v of %d hits", all.Counts, len(all.Hits))
	}
	var pages []AroundHit
	for q.Limit = 7; ; q.Skip += 7 {
		p, err := s.Reader().Around(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, p.Hits...)
		if len(p.Hits) < 7 {
			break
		}
	}
	if len(pages) != len(all.Hits) {
		t.Fatalf("pages hold %d, all %d", len(pages), len(all.Hits))
	}
	for i, h := range pages {
		if h.ID != all.Hits[i].ID || h.Metres != all.Hits[i].Metres {
			t.Fatalf("hit %d differs", i)
		}
	}
	q.Limit, q.Skip, q.Closed = -1, 0, false
	open, err := s.Reader().Around(ctx, q)
	if err != nil || len(open.Hits) != 0 || counted(open)["event"] >= counted(all)["event"] || counted(open)["event"] == 0 {
		t.Errorf("only open events, no list: %v, %d hits, %v", open.Counts, len(open.Hits), err)
	}
}

func TestAroundARecord(t *testing.T) {
	s := newStore(t)
	streetOf(t, s, 60, 1)
	id := block.NameID("building", "9")
	for _, q := range []AroundQuery{{Kind: "building", ID: id}, {Kind: "room", ID: block.NameID("room", "9-0")}, {Kind: "legal_entity", ID: block.NameID("legal_entity", "9")}} {
		q.Kinds = []block.Kind{"building"}
		q.Metres = 400
		got, err := s.Reader().Around(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Hits) == 0 || got.Hits[0].ID != id || got.Hits[0].Metres != 0 || got.Shape == nil {
			t.Errorf("around %s: %+v", q.Kind, got.Hits)
		}
	}
}

func TestAroundMasksNames(t *testing.T) {
	s := newStore(t)
	o := streetOf(t, s, 60, 1)
	got, err := s.Reader().Around(ctx, AroundQuery{Shape: o, Metres: 2000, Kinds: []block.Kind{"person", "legal_entity"}, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	people := 0
	for _, h := range got.Hits {
		if strings.Contains(fmt.Sprint(h), "春来") {
			t.Fatalf("a name is shown: %+v", h.Hit)
		}
		if h.Kind == "person" {
			people++
			if h.Label != "欧阳*" || !h.Masked {
				t.Fatalf("a person is called %q, masked %v", h.Label, h.Masked)
			}
		} else if h.Masked || !strings.HasSuffix(h.Label, "商行") {
			t.Fatalf("an entity is called %q, masked %v", h.Label, h.Masked)
		}
	}
	if people != 120 {
		t.Errorf("%d people, want 120 ever registered", people)
	}
}

func TestAroundRefuses(t *testing.T) {
	s := newStore(t)
	o := streetOf(t, s, 3, 1)
	for name, c := range map[string]struct {
		q    AroundQuery
		want error
	}{
		"no distance":      {AroundQuery{Shape: o, Metres: math.NaN()}, block.ErrInvalid},
		"too far":          {AroundQuery{Shape: o, Metres: MaxAroundM + 1}, block.ErrInvalid},
		"no shape":         {AroundQuery{Shape: orb.LineString{}, Metres: 1}, block.ErrInvalid},
		"unknown kind":     {AroundQuery{Shape: o, Kinds: []block.Kind{"dragon"}}, block.ErrInvalid},
		"nowhere":          {AroundQuery{Shape: o, Kinds: []block.Kind{"task"}}, block.ErrInvalid},
		"tracks of people": {AroundQuery{Shape: o, Kinds: []block.Kind{"track"}}, block.ErrInvalid},
		"around a track":   {AroundQuery{Kind: "track", ID: block.NameID("track", "1")}, block.ErrInvalid},
		"not here":         {AroundQuery{Kind: "building", ID: block.NameID("building", "none")}, block.ErrNotFound},
		"a person":         {AroundQuery{Kind: "person", ID: block.NameID("person", "0-0-0")}, block.ErrNotFound},
	} {
		if _, err := s.Reader().Around(ctx, c.q); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestFiguresEqualLists(t *testing.T) {
	s := newStore(t)
	streetOf(t, s, 300, 2)
	lost := building(999)
	lost.Region = block.ID{}
	high := building(998)
	high.Region = rid("D")
	load(t, s, "building", lost, high)
	at := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	for _, q := range []FigureQuery{
		{Level: block.Grid, At: at, RoomPersons: true}, {Level: block.Street, At: at}, {Level: block.City, At: at},
		{Level: block.Grid, At: at, From: at.AddDate(0, 0, -4), To: at.AddDate(0, 0, 1), EventTypes: []string{"0203", "0203"}},
		{Level: block.Grid, At: at, Within: rid("S1")},
	} {
		f, err := s.Reader().Figures(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, row := range append(slices.Clone(f.Rows), f.Above, f.Outside) {
			if !row.Region.IsZero() {
				codes = append(codes, row.Code)
			}
			list := func(kind block.Kind, where func(block.Record) bool) (n int64) {
				lq := Query{Kind: kind, Within: []block.ID{row.Region}}
				if row.Region.IsZero() {
					lq.Within, lq.Outside = nil, true
				}
				if kind == "event" && (!q.From.IsZero() || !q.To.IsZero()) {
					lq.Since = &Range{Field: "reported_at", From: block.TimeValue(q.From), To: block.TimeValue(q.To)}
				}
				rs, err := s.Reader().List(ctx, lq)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range rs {
					if where == nil || where(r) {
						n++
					}
				}
				return n
			}
			if row.Region.IsZero() {
				continue
			}
			p := plan("event")
			state := func(r block.Record) string { return p.Get(r, "state").Text() }
			of := func(r block.Record) bool {
				return len(q.EventTypes) == 0 || slices.Contains(q.EventTypes, p.Get(r, "type").Text())
			}
			for _, c := range []struct {
				name      string
				got, want int64
			}{
				{"buildings", row.Buildings, list("building", nil)},
				{"rooms", row.Rooms, list("room", nil)},
				{"people in rooms", row.RoomPersons, map[bool]int64{true: 2}[q.RoomPersons] * list("room", nil)},
				{"people", row.Persons, list("person", nil)},
				{"entities", row.Entities, list("legal_entity", nil)},
				{"events", row.Events.Reported, list("event", of)},
				{"closed", row.Events.Closed, list("event", func(r block.Record) bool { return of(r) && state(r) == "closed" })},
				{"open", row.Events.Open, list("event", func(r block.Record) bool { return of(r) && state(r) != "closed" })},
				{"overdue", row.Events.Overdue, list("event", func(r block.Record) bool {
					return of(r) && state(r) != "closed" && state(r) != "suspended" && !p.Get(r, "due_at").Time().After(at)
				})},
			} {
				if c.got != c.want {
					t.Errorf("%s of %s %s: %d, listed %d", c.name, q.Level, row.Code, c.got, c.want)
				}
			}
			var sum EventFigures
			for _, e := range row.ByType {
				sum.add(e)
			}
			if sum != row.Events {
				t.Errorf("types of %s add up to %+v, not %+v", row.Code, sum, row.Events)
			}
		}
		if q.Level == block.Grid && q.Within.IsZero() && q.From.IsZero() {
			if strings.Join(codes, " ") != "G1 G2 G3" || f.Above.Buildings != 1 || f.Outside.Buildings != 1 || f.Rows[0].Events.Overdue == 0 || f.Rows[0].Events.Closed == 0 {
				t.Errorf("rows %v, above %+v, outside %+v, first %+v", codes, f.Above, f.Outside, f.Rows[0])
			}
		}
		if !q.Within.IsZero() && (strings.Join(codes, " ") != "G1 G2" || f.Above.Buildings+f.Outside.Buildings != 0) {
			t.Errorf("within S1: %v, above %+v, outside %+v", codes, f.Above, f.Outside)
		}
		if !q.From.IsZero() && len(f.Rows) > 0 && (f.Rows[0].ReportedFirst.Before(q.From) || !f.Rows[0].LastEvent.Before(q.To) || f.Rows[0].Events.Reported == 0) {
			t.Errorf("events from %v to %v: %+v", q.From, q.To, f.Rows[0])
		}
	}
	if _, err := s.Reader().Figures(ctx, FigureQuery{Level: block.Grid, Within: block.NameID("region", "nowhere")}); !errors.Is(err, block.ErrNotFound) {
		t.Errorf("within an unknown region: %v", err)
	}
}

// BenchmarkStreet is a street of 9,000 buildings, 153,000 rooms, 306,000 people, 306,000 residencies and 4,500 events.
func BenchmarkStreet(b *testing.B) {
	s := newStore(b)
	o := streetOf(b, s, 9000, 17)
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for _, rooms := range []bool{false, true} {
		b.Run(fmt.Sprintf("figures/rooms=%v", rooms), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Reader().Figures(ctx, FigureQuery{Level: block.Grid, At: at, RoomPersons: rooms}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, metres := range []float64{100, 300, 500} {
		b.Run(fmt.Sprintf("around/%gm", metres), func(b *testing.B) {
			var got Around
			var err error
			for b.Loop() {
				if got, err = s.Reader().Around(ctx, AroundQuery{Shape: o, Metres: metres, At: at}); err != nil {
					b.Fatal(err)
				}
			}
			b.Log(got.Counts)
		})
	}
}
