package state

import (
	"errors"
	"math"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/block"
)

func TestParseAroundM(t *testing.T) {
	for s, want := range map[string]float64{"300": 300, " 1,200 ": 1200, "1.2 km": 1200, "500米": 500, "2公里": 2000, "50m": 50, "5 千米": 5000} {
		if got, err := ParseAroundM(s); err != nil || math.Abs(got-want) > 1e-9 {
			t.Errorf("%q is %g, %v; want %g", s, got, err, want)
		}
	}
	for _, s := range []string{"", "x", "49", "5001", "6 km", "-100", "NaN", "Inf", "1e300"} {
		if got, err := ParseAroundM(s); !errors.Is(err, block.ErrInvalid) {
			t.Errorf("%q is %g, %v", s, got, err)
		}
	}
}

func TestAroundSlider(t *testing.T) {
	if AroundAt(0) != LeastAroundM || AroundAt(1) != MostAroundM || AroundAt(-3) != LeastAroundM || AroundAt(7) != MostAroundM {
		t.Errorf("ends at %g and %g", AroundAt(0), AroundAt(1))
	}
	before := 0.0
	for i := range 101 {
		m := AroundAt(float64(i) / 100)
		if m < before || m != math.Round(m/10)*10 {
			t.Fatalf("at %d %%: %g m after %g", i, m, before)
		}
		if back := AroundAt(AroundShare(m)); back != m {
			t.Errorf("%g m comes back as %g", m, back)
		}
		before = m
	}
}

func TestAroundViewPages(t *testing.T) {
	var v AroundView
	if _, ok := v.Next(0); ok {
		t.Error("rows are wanted before anything was asked")
	}
	q := AroundQuery{Shape: orb.Point{114, 22}, Metres: 300}
	v.Ask(q)
	v.Progress(Around{Counts: []KindCount{{"event", 0}}})
	if !v.Busy() || v.Counted() != 1 {
		t.Errorf("busy %v, %d counted", v.Busy(), v.Counted())
	}
	v.Done(Around{Counts: []KindCount{{"event", 0}, {"building", 250}, {"person", 3}}}, nil)
	if v.Kind() != "building" || v.Busy() {
		t.Fatalf("lists %q", v.Kind())
	}
	skip, ok := v.Next(20)
	if !ok || skip != 0 {
		t.Fatalf("first page from %d, %v", skip, ok)
	}
	if _, ok := v.Next(20); ok {
		t.Error("a page is asked for twice")
	}
	v.Page("person", 0, make([]AroundHit, 3), nil) // of a list that was left
	v.Page("building", 0, make([]AroundHit, AroundPage), nil)
	if len(v.Rows()) != AroundPage {
		t.Fatalf("%d rows", len(v.Rows()))
	}
	if _, ok := v.Next(20); ok {
		t.Error("the next page is asked for long before it is seen")
	}
	if skip, ok = v.Next(AroundPage - 5); !ok || skip != AroundPage {
		t.Errorf("next page from %d, %v", skip, ok)
	}
	v.Page("building", AroundPage, nil, nil) // they have gone meanwhile
	if _, ok := v.Next(AroundPage); ok {
		t.Error("an empty page does not end the list")
	}
	v.List("person")
	if skip, ok = v.Next(3); !ok || skip != 0 {
		t.Error("another kind is not listed")
	}
	v.Page("person", 0, nil, block.ErrUnavailable)
	if _, ok := v.Next(3); ok {
		t.Error("a list that failed is asked for again and again")
	}

	q.Metres = 500
	v.Ask(q)
	v.Done(Around{Counts: []KindCount{{"event", 2}, {"building", 9}, {"person", 4}}}, nil)
	if v.Kind() != "person" {
		t.Errorf("another distance lists %q", v.Kind())
	}
	v.Ask(q)
	v.Done(Around{}, block.ErrInvalid)
	if v.Err() == nil || v.Busy() {
		t.Error("a failure is lost")
	}
	v.Ask(q)
	v.Progress(Around{Counts: []KindCount{{"event", 2}}})
	v.Cancelled()
	if v.Busy() || v.Count("event") != 2 || v.Err() != nil {
		t.Error("what was counted before the end is lost")
	}
}

func TestAroundWords(t *testing.T) {
	l := load(t, "zh")
	for m, want := range map[float64]string{0: "0 m", 12.4: "12 m", 999.4: "999 m", 999.6: "1.00 km", 1234: "1.23 km"} {
		if got := AwayText(l, m); got != want {
			t.Errorf("%g m is %q, want %q", m, got, want)
		}
	}
	for want, q := range map[string]AroundQuery{
		"点 114.00000°E 22.00000°N": {Shape: orb.Point{114, 22}}, "折线·2 点": {Shape: orb.LineString{{1, 1}, {2, 2}}}, "所画范围": {Shape: orb.Polygon{}},
		"3栋": {Ref: RefOf("building", block.ID{1})},
	} {
		if got := q.Subject(l, "3栋"); got != want {
			t.Errorf("subject %q, want %q", got, want)
		}
	}
}
