package desk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"kuaitu/block"
	"kuaitu/geo"
	"kuaitu/store"
	"kuaitu/ui/state"

	"github.com/paulmach/orb"
)

func TestAroundCountsKindByKind(t *testing.T) {
	ctx := context.Background()
	d, st := openDesk(t)
	q := state.AroundQuery{Shape: orb.Point{114.005, 22.005}, Metres: 400}
	var seen []int
	a, err := d.Around(ctx, q, func(a state.Around) { seen = append(seen, len(a.Counts)) })
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 2, 3, 4, 5, 6}; !slices.Equal(seen, want) {
		t.Errorf("told of %v kinds, want %v", seen, want)
	}
	if len(a.Outline) != 1 || !geo.Contains(a.Outline, orb.Point{114.005, 22.0085}) || geo.Contains(a.Outline, orb.Point{114.005, 22.0089}) {
		t.Errorf("the outline does not lie 400 m off: %v", a.Outline.Bound())
	}
	reach, err := geo.NewReach(q.Shape)
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	p, err := st.Set().Plan("building")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]float64{}
	rows, err := st.Reader().List(ctx, store.Query{Kind: "building"})
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range rows {
		g, err := geo.ParseWKB(rec.Geometry)
		if err != nil {
			t.Fatal(err)
		}
		if m := reach.Distance(g); m <= q.Metres {
			want++
			names[p.Get(rec, "name").Text()] = m
		}
	}
	counts := map[block.Kind]int{}
	for _, c := range a.Counts {
		counts[c.Kind] = c.Count
	}
	if want == 0 || counts["building"] != want {
		t.Errorf("%d buildings, want %d", counts["building"], want)
	}

	var list []state.AroundHit
	for len(list) < want {
		page, err := d.AroundList(ctx, q, "building", len(list), 3)
		if err != nil || len(page) == 0 {
			t.Fatalf("page from %d: %d rows, %v", len(list), len(page), err)
		}
		list = append(list, page...)
	}
	for i, h := range list {
		m, ok := names[h.Label.ZH]
		if !ok || h.Metres < m-0.01 || h.Metres > m+0.01 || !h.HasAt {
			t.Errorf("%s is %g m away, want %g", h.Label.ZH, h.Metres, m)
		}
		if i > 0 && h.Metres < list[i-1].Metres {
			t.Errorf("%s comes after one farther away", h.Label.ZH)
		}
	}
	if page, err := d.AroundList(ctx, q, "building", want, 3); err != nil || len(page) != 0 {
		t.Errorf("behind the last: %d rows, %v", len(page), err)
	}

	people, err := d.AroundList(ctx, q, "person", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(people) != min(10, counts["person"]) || len(people) == 0 {
		t.Fatalf("%d people of %d", len(people), counts["person"])
	}
	for _, h := range people {
		if !h.Masked || !strings.Contains(h.Label.ZH, "*") {
			t.Errorf("a name is not masked: %+v", h)
		}
	}
	events, err := d.AroundList(ctx, state.AroundQuery{Shape: q.Shape, Metres: 5000}, "event", 0, 50)
	if err != nil || len(events) == 0 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	for _, h := range events {
		if h.Label.ZH == "" || h.Label.ZH == h.Detail {
			t.Errorf("an event is not called by its type: %+v", h)
		}
	}
}

func TestAroundARecord(t *testing.T) {
	ctx := context.Background()
	d, st := openDesk(t)
	rows, err := st.Reader().List(ctx, store.Query{Kind: "building", Limit: 1})
	if err != nil || len(rows) != 1 {
		t.Fatal(err)
	}
	q := state.AroundQuery{Ref: state.RefOf("building", rows[0].ID), Metres: 100}
	a, err := d.Around(ctx, q, func(state.Around) {})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := a.Shape.(orb.Polygon); !ok {
		t.Errorf("looked around a %T", a.Shape)
	}
	list, err := d.AroundList(ctx, q, "building", 0, 1)
	if err != nil || len(list) != 1 || list[0].Ref != q.Ref || list[0].Metres != 0 {
		t.Errorf("the nearest is %+v, %v", list, err)
	}
	q.Ref.ID = block.NameID("building", "none")
	if _, err := d.Around(ctx, q, func(state.Around) {}); !errors.Is(err, block.ErrNotFound) {
		t.Errorf("a building that is not there: %v", err)
	}
	if _, err := d.Around(ctx, state.AroundQuery{Shape: orb.LineString{}, Metres: 100}, func(state.Around) {}); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("a line without points: %v", err)
	}
	stopped, stop := context.WithCancel(ctx)
	told := 0
	if _, err := d.Around(stopped, state.AroundQuery{Shape: orb.Point{114.005, 22.005}, Metres: 5000}, func(state.Around) { told++; stop() }); !errors.Is(err, context.Canceled) || told != 1 {
		t.Errorf("stopped after the first kind: told %d times, %v", told, err)
	}
}
