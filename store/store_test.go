package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/geo"

	"github.com/paulmach/orb"
)

var ctx = context.Background()

func newStore(t testing.TB) *Store {
	t.Helper()
	s, err := Create(ctx, filepath.Join(t.TempDir(), "city.gpkg"), Meta{Name: "样城", TZ: "Asia/Shanghai"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func plan(kind block.Kind) *schema.Plan {
	p, err := schema.Builtin().Plan(kind)
	if err != nil {
		panic(err)
	}
	return p
}

// record returns a record with named fields.
func record(kind block.Kind, id, region block.ID, fields map[string]block.Value) block.Record {
	p := plan(kind)
	r := p.New(id, region)
	for n, v := range fields {
		p.Set(&r, n, v)
	}
	return r
}

func region(code, name, level, parent string) block.Record {
	f := map[string]block.Value{
		"code": block.TextValue(code), "scheme": block.TextValue("test"), "name": block.TextValue(name), "level": block.TextValue(level),
	}
	if parent != "" {
		f["parent"] = block.RefValue(block.NameID("region", parent))
	}
	return record("region", block.NameID("region", code), block.NameID("region", code), f)
}

// regions is a city C with two streets S1 (grids G1, G2) and S2 (G3) in district D.
func regions() []block.Record {
	return []block.Record{
		region("C", "样城市", "city", ""), region("D", "海湾区", "district", "C"),
		region("S1", "下沙街道", "street", "D"), region("S2", "上沙街道", "street", "D"),
		region("G1", "一网格", "grid", "S1"), region("G2", "二网格", "grid", "S1"), region("G3", "三网格", "grid", "S2"),
	}
}

func rid(code string) block.ID { return block.NameID("region", code) }

func seq(rs ...block.Record) iter.Seq2[block.Record, error] {
	return func(yield func(block.Record, error) bool) {
		for _, r := range rs {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func square(x, y, size float64) block.WKB {
	q := func(v float64) float64 { return math.Round(v*1e7) / 1e7 }
	return geo.AppendWKB(nil, orb.Polygon{{{q(x), q(y)}, {q(x + size), q(y)}, {q(x + size), q(y + size)}, {q(x), q(y + size)}, {q(x), q(y)}}})
}

var grids = []string{"G1", "G2", "G3"}

// building returns the i-th made-up building.
func building(i int) block.Record {
	rnd := rand.New(rand.NewPCG(uint64(i), 7))
	estates := []string{"滨河雅苑", "海湾花园", "金地名津", "下沙村", "沙头新村", "星河国际", "碧海云天", "荔林春晓", "重庆大厦", "长城花园"}
	roads := []string{"深南大道", "福强路", "滨河大道", "新洲路", "沙嘴路", "益田路"}
	estate := estates[rnd.IntN(len(estates))]
	r := record("building", block.NameID("building", fmt.Sprint(i)), rid(grids[i%3]), map[string]block.Value{
		"code": block.TextValue(fmt.Sprintf("440304%09d", i)), "name": block.TextValue(fmt.Sprintf("%s%d栋", estate, i%90+1)),
		"address": block.TextValue(fmt.Sprintf("样城市海湾区下沙街道%s%d号%s%d栋", roads[rnd.IntN(len(roads))], rnd.IntN(3000), estate, i%90+1)),
		"use":     block.TextValue("residential"), "floors": block.IntValue(int64(rnd.IntN(40) + 1)), "height": block.FloatValue(float64(rnd.IntN(900)) / 10),
		"urban_village": block.BoolValue(i%5 == 0), "source_id": block.TextValue(fmt.Sprint("way/", i)),
	})
	r.Geometry = square(113.8+rnd.Float64()*.5, 22.45+rnd.Float64()*.35, 0.0002)
	return r
}

func buildings(n int) iter.Seq2[block.Record, error] {
	return func(yield func(block.Record, error) bool) {
		for i := range n {
			if !yield(building(i), nil) {
				return
			}
		}
	}
}

func load(t testing.TB, s *Store, kind block.Kind, rs ...block.Record) {
	t.Helper()
	if _, err := s.Writer().Load(ctx, kind, seq(rs...), nil); err != nil {
		t.Fatal(err)
	}
}

func mustTallies(t testing.TB, s *Store) {
	t.Helper()
	kept, err := s.Writer().Tallies(ctx)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := s.Writer().Recompute(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range rows {
		if kept[k] != v {
			t.Errorf("tally of %v: kept %d rows, table has %d, or the sums differ", k, kept[k].Count, v.Count)
		}
	}
	for k := range kept {
		if _, ok := rows[k]; !ok {
			t.Errorf("tally of %v is kept, but the table has no such row", k)
		}
	}
}

func TestLoadAndGet(t *testing.T) {
	s := newStore(t)
	load(t, s, "region", regions()...)
	const n = 500
	got, err := s.Writer().Load(ctx, "building", buildings(n), nil)
	if err != nil || got.Inserted != n {
		t.Fatalf("Load = %+v, %v", got, err)
	}
	mustTallies(t, s)
	for i := range n {
		want := building(i)
		want.Ver, want.Parts = 1, plan("building").Classes()&block.AllParts
		rec, err := s.Reader().Get(ctx, "building", want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(rec) != fmt.Sprint(want) {
			t.Fatalf("record %d came back as %v, want %v", i, rec, want)
		}
	}
	if _, err := s.Reader().Get(ctx, "building", block.NameID("x", "y")); !errors.Is(err, block.ErrNotFound) {
		t.Errorf("Get of an unknown id: %v", err)
	}
	// Loading again replaces.
	got, err = s.Writer().Load(ctx, "building", buildings(n+5), nil)
	if err != nil || got.Inserted != 5 || got.Updated != n {
		t.Fatalf("second Load = %+v, %v", got, err)
	}
	mustTallies(t, s)
}

func TestInBoundsIsBruteForce(t *testing.T) {
	s := newStore(t)
	const n = 2000
	if _, err := s.Writer().Load(ctx, "building", buildings(n), nil); err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		x, y := 113.75+rnd.Float64()*.6, 22.4+rnd.Float64()*.45
		b := orb.Bound{Min: orb.Point{x, y}, Max: orb.Point{x + rnd.Float64()*.1, y + rnd.Float64()*.1}}
		want := map[block.ID]bool{}
		for i := range n {
			r := building(i)
			if box, _, _ := wkbBounds(r.Geometry); box.Intersects(b) {
				want[r.ID] = true
			}
		}
		got := map[block.ID]bool{}
		if err := s.Reader().InBounds(ctx, "building", b, func(r block.Record) error { got[r.ID] = true; return nil }); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(len(got)) != fmt.Sprint(len(want)) {
			t.Fatalf("%v holds %d, brute force finds %d", b, len(got), len(want))
		}
		for id := range want {
			if !got[id] {
				t.Fatalf("%v misses %s", b, id)
			}
		}
	}
}

func TestLoadIsAllOrNothing(t *testing.T) {
	s := newStore(t)
	boom := errors.New("line 700 is torn")
	_, err := s.Writer().Load(ctx, "building", func(yield func(block.Record, error) bool) {
		for i := range 700 {
			if !yield(building(i), nil) {
				return
			}
		}
		yield(block.Record{}, boom)
	}, nil)
	if !errors.Is(err, boom) {
		t.Errorf("Load error = %v", err)
	}
	_, err = s.Writer().Load(ctx, "building", seq(building(1), building(2), building(1)), nil)
	if !errors.Is(err, block.ErrConflict) {
		t.Errorf("Load of one id twice: %v, want ErrConflict", err)
	}
	bad := building(1)
	bad.Geometry = bad.Geometry[:30]
	if _, err = s.Writer().Load(ctx, "building", seq(bad), nil); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("Load of a torn geometry: %v, want ErrInvalid", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	_, err = s.Writer().Load(cancelled, "building", buildings(5000), func(done int) {
		if done > 1000 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled Load: %v", err)
	}
	if n, err := s.Reader().Len(ctx, "building"); n != 0 || err != nil {
		t.Errorf("after failed loads there are %d rows, %v", n, err)
	}
	mustTallies(t, s)
	if _, err := s.Writer().Load(ctx, "building", buildings(10), nil); err != nil {
		t.Error(err)
	}
}

func TestValuesComeBackExactly(t *testing.T) {
	far := time.Date(12026, 1, 1, 0, 0, 0, 1e6, time.UTC)
	for _, v := range []block.Value{
		{}, block.BoolValue(true), block.BoolValue(false), block.IntValue(math.MinInt64), block.FloatValue(5), block.FloatValue(math.Inf(1)),
		block.TextValue(""), block.TextValue("12"), block.TextValue("a\x00b"), block.TimeValue(time.Date(2026, 11, 23, 7, 41, 0, 123e6, time.UTC)),
		block.NumValue(block.Time, -1), block.NumValue(block.Time, math.MaxInt64), block.TimeValue(far), block.NumValue(block.Date, -719529),
		block.NumValue(block.Date, math.MinInt64), block.DateValue(far), block.RefValue(rid("C")), block.BytesValue(nil), block.BytesValue([]byte{0, 1}),
	} {
		if got := fromDriver(v.Type(), toDriver(v)); got != v {
			t.Errorf("%s %q came back as %s %q", v.Type(), v.Plain(), got.Type(), got.Plain())
		}
	}
	s := newStore(t)
	load(t, s, "region", regions()...)
	e := record("event", block.NameID("event", "1"), rid("G1"), map[string]block.Value{
		"type": block.TextValue("a\x00b"), "state": block.TextValue("filed"), "reported_at": block.TimeValue(time.Date(2026, 11, 23, 7, 41, 0, 123e6, time.UTC)),
		"due_at": block.TimeValue(far), "round": block.IntValue(math.MaxInt64), "address": block.TextValue("007"),
	})
	e.Ver, e.Parts = 3, plan("event").Classes()&block.AllParts
	load(t, s, "event", e)
	got, err := s.Reader().Get(ctx, "event", e.ID)
	if err != nil || fmt.Sprint(got) != fmt.Sprint(e) {
		t.Errorf("event came back as %v (%v), want %v", got, err, e)
	}
}

var point = orb.Point{114.0512345, 22.5312345}

// SQLite's own checker must accept packed R*Trees of every depth, also after later edits.
func TestPackedRTree(t *testing.T) {
	for _, n := range []int{1, 51, 52, 2500} {
		s := newStore(t)
		if _, err := s.Writer().Load(ctx, "building", buildings(n), nil); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			row, err := s.writer.c.one("SELECT rtreecheck('rtree_building_geom'), (SELECT count(*) FROM rtree_building_geom)")
			if err != nil || asText(row[0]) != "ok" {
				t.Fatalf("R*Tree of %d: %v, %v", n, row, err)
			}
			if _, err := s.Writer().Load(ctx, "building", buildings(n+200), nil); err != nil {
				t.Fatal(err)
			}
		}
		if v, err := s.Reader().Verify(ctx); err != nil || !v.OK() {
			t.Fatalf("verify: %+v, %v", v, err)
		}
	}
}
