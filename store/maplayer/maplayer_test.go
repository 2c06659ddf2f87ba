package maplayer

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/geo"
	"kuaitu/mapview"
	"kuaitu/store"

	"github.com/paulmach/orb"
)

var now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// square is a footprint of about 20 m with its lower left corner at lon, lat.
func square(lon, lat float64) block.WKB {
	const d = 0.0002
	ring := orb.Ring{{lon, lat}, {lon + d, lat}, {lon + d, lat + d}, {lon, lat + d}, {lon, lat}}
	return geo.AppendWKB(nil, geo.Quantise(orb.Polygon{ring}))
}

// city makes a standalone store with n buildings in a row and two events.
func city(t *testing.T, n int) *store.Store {
	t.Helper()
	ctx := context.Background()
	st, err := store.Create(ctx, filepath.Join(t.TempDir(), "city.gpkg"), store.Meta{}, store.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	load := func(kind block.Kind, records ...block.Record) {
		t.Helper()
		_, err := st.Writer().Load(ctx, kind, func(yield func(block.Record, error) bool) {
			for _, r := range records {
				if !yield(r, nil) {
					return
				}
			}
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	p := planOf(t, "building")
	var buildings []block.Record
	for i := range n {
		r := p.New(buildingID(i), block.ID{})
		p.Set(&r, "use", block.TextValue([]string{"residential", "industrial", "village"}[i%3]))
		r.Geometry = square(114+float64(i)*0.001, 22.5)
		buildings = append(buildings, r)
	}
	load("building", buildings...)
	ep := planOf(t, "event")
	event := func(name, state string, due time.Time) block.Record {
		r := ep.New(block.NameID("event", name), block.ID{})
		ep.Set(&r, "type", block.TextValue("0101"))
		ep.Set(&r, "state", block.TextValue(state))
		ep.Set(&r, "reported_at", block.TimeValue(now.Add(-10*time.Hour)))
		ep.Set(&r, "due_at", block.TimeValue(due))
		r.Geometry = geo.AppendWKB(nil, orb.Point{114.01, 22.5})
		return r
	}
	load("event", event("late", "handling", now.Add(-time.Hour)), event("closed", "closed", now))
	return st
}

func planOf(t *testing.T, kind block.Kind) *schema.Plan {
	t.Helper()
	p, err := schema.Builtin().Plan(kind)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func buildingID(i int) block.ID { return block.BulkID(1, 5, uint64(i)) }

func open(t *testing.T, st *store.Store) *Set {
	t.Helper()
	s, err := Open(context.Background(), st.Reader(), Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOpen(t *testing.T) {
	s := open(t, city(t, 30))
	if got := s.Layer(Buildings).Len(); got != 30 {
		t.Errorf("%d buildings are drawn, want 30", got)
	}
	if got := s.Layer(Events).Len(); got != 1 {
		t.Errorf("%d events are drawn, want the open one alone", got)
	}
	f, ok := s.Layer(Buildings).Find(buildingID(1))
	if !ok || f.Class() != uint8(mapview.UseIndustrial) {
		t.Errorf("building 1: found %v, class %d, want industrial", ok, f.Class())
	}
	e, ok := s.Layer(Events).Find(block.NameID("event", "late"))
	if !ok || e.Class() != mapview.EventClass(mapview.LightOverdue, mapview.IconDots) {
		t.Errorf("the late event: found %v, class %d, want overdue", ok, e.Class())
	}
	for _, l := range s.Scene().Layers {
		if _, ours := KindOf(l.Name); !ours {
			t.Errorf("layer %s of the scene has no kind", l.Name)
		}
	}
}

// What Apply makes of a change must be what a new reading of the store gives.
func TestApplyEqualsReading(t *testing.T) {
	ctx := context.Background()
	st := city(t, 30)
	s := open(t, st)
	var notices []store.Notice
	defer st.Subscribe(func(n store.Notice) { notices = append(notices, n) })()
	use := planOf(t, "building").Index("use")
	edits := []block.Edit{
		{Verb: block.Update, Kind: "building", ID: buildingID(3), Fields: []block.FieldSet{{Field: use, New: block.TextValue("office")}}},
		{Verb: block.Update, Kind: "building", ID: buildingID(4), SetGeometry: true, Geometry: square(114.0045, 22.5005)},
		{Verb: block.Delete, Kind: "building", ID: buildingID(5)},
		{Verb: block.Insert, Kind: "building", ID: block.NameID("building", "new"), SetGeometry: true, Geometry: square(114.0055, 22.5)},
	}
	if _, err := st.Writer().Edit(ctx, edits, "test"); err != nil {
		t.Fatal(err)
	}
	before := s.Layer(Buildings)
	for _, n := range notices {
		if _, err := s.Apply(ctx, n); err != nil {
			t.Fatal(err)
		}
	}
	want := open(t, st).Layer(Buildings)
	got := s.Layer(Buildings)
	if got == before || got.Len() != want.Len() {
		t.Fatalf("after the edits %d buildings are drawn, want %d", got.Len(), want.Len())
	}
	for f := range want.Search(orb.Bound{Min: orb.Point{113, 22}, Max: orb.Point{115, 23}}) {
		g, ok := got.Find(f.ID())
		if !ok || g.Class() != f.Class() || g.Bound() != f.Bound() {
			t.Errorf("building %x: found %v, class %d, bound %v; want class %d, bound %v", f.ID(), ok, g.Class(), g.Bound(), f.Class(), f.Bound())
		}
	}
	if _, still := got.Find(buildingID(5)); still {
		t.Error("the deleted building is still drawn")
	}
}

func TestLightOf(t *testing.T) {
	start := now.Add(-10 * time.Hour)
	for _, c := range []struct {
		name, state string
		due         time.Time
		want        mapview.Light
	}{
		{"no limit", "handling", time.Time{}, mapview.LightNormal},
		{"half", "handling", now.Add(10 * time.Hour), mapview.LightNormal},
		{"four fifths", "handling", now.Add(150 * time.Minute), mapview.LightNear},
		{"due now", "handling", now, mapview.LightOverdue},
		{"suspended and past", "suspended", now.Add(-time.Hour), mapview.LightStopped},
	} {
		if got := LightOf(c.state, start, c.due, now); got != c.want {
			t.Errorf("%s: light %d, want %d", c.name, got, c.want)
		}
	}
}

func TestRunMergesAndEnds(t *testing.T) {
	st := city(t, 5)
	s := open(t, st)
	ctx, cancel := context.WithCancel(context.Background())
	notices := make(chan store.Notice, 4)
	scenes := make(chan error, 16)
	ended := make(chan error, 1)
	go func() {
		ended <- s.Run(ctx, notices, nil, func(err error) { scenes <- err })
	}()
	notices <- store.Notice{Kind: "event"}
	if err := <-scenes; err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("Run ended without its context's error")
	}
	a := merge([]store.Notice{{Kind: "building", Bounds: orb.Bound{Min: orb.Point{0, 0}, Max: orb.Point{1, 1}}}},
		store.Notice{Kind: "building", Bounds: orb.Bound{Min: orb.Point{2, 2}, Max: orb.Point{3, 3}}})
	if len(a) != 1 || a[0].Bounds.Max != (orb.Point{3, 3}) {
		t.Errorf("two notices of one kind merge to %v", a)
	}
}
