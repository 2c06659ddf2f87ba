package store

import (
	"context"
	"fmt"
	"math"
	"testing"

	"kuaitu/block"
	"kuaitu/geo"
)

// A first cut of many rows can be used at once; its search text comes afterwards, goes on after a restart, and follows what
// happens to the rows meanwhile.
func TestSearchIsBuiltAfterwards(t *testing.T) {
	const n = deferRows + 3*buildBatch
	s := enrolled(t, block.AllParts)
	streams := []block.Stream{{Region: rid("S1"), Class: block.Public}, {Region: rid("S1"), Class: block.Work}}
	cut := block.CutPlan{Epoch: block.Epoch{1}}
	var parts []block.Part
	for _, st := range streams {
		cut.Streams = append(cut.Streams, block.StreamPlan{Stream: st, Seq: 1, Replace: true})
		for i := range n {
			r := building(i)
			r.Ver = 1
			p := plan("building").Part(r, st.Class)
			p.Stream = st
			parts = append(parts, p)
		}
	}
	// The goroutine that builds is kept out, so that every moment of it can be looked at.
	s.build.Lock()
	s.built = make(chan struct{})
	s.build.Unlock()
	if _, err := s.Writer().ApplyCut(ctx, cut, partSeq(parts)); err != nil {
		t.Fatal(err)
	}
	left := func() int64 {
		t.Helper()
		m, err := s.Reader().Unbuilt(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return m["building"]
	}
	sound := func(when string) {
		t.Helper()
		v, err := s.Reader().Verify(ctx)
		if err != nil || !v.OK() {
			t.Fatalf("%s: %+v, %v", when, v, err)
		}
	}
	if got := left(); got != n {
		t.Fatalf("after the cut the text of %d rows is missing, want %d", got, n)
	}
	sound("after the cut")
	for left() > n-2*buildBatch {
		if more, err := s.Writer().buildStep(ctx); err != nil || !more {
			t.Fatal(more, err)
		}
	}
	sound("half built")
	// A row of the built half and one of the other change, two go, one comes.
	change := func(i int, name string) block.Part {
		r := building(i)
		r.Ver = 2
		plan("building").Set(&r, "name", block.TextValue(name))
		p := plan("building").Part(r, block.Public)
		p.Stream = streams[0]
		return p
	}
	second := block.CutPlan{Epoch: block.Epoch{1}, Streams: []block.StreamPlan{{Stream: streams[0], Seq: 2}, {Stream: streams[1], Seq: 2}}}
	var changes []block.Part
	changes = append(changes, change(3, "钟离昧旦"), change(n-3, "司空见惯"), change(n+1, "东郭先生"))
	for _, i := range []int{5, n - 5} {
		for _, st := range streams {
			changes = append(changes, block.Part{Stream: st, Drop: true, Kind: "building", ID: building(i).ID, Ver: 2})
		}
	}
	if _, err := s.Writer().ApplyCut(ctx, second, partSeq(changes)); err != nil {
		t.Fatal(err)
	}
	sound("changed while half built")
	if hits, err := s.Reader().Search(ctx, SearchQuery{Text: "司空见惯"}); err != nil || len(hits) != 0 {
		t.Errorf("a row that is not built yet: %d hits, %v", len(hits), err)
	}
	close(s.built)
	path := s.Path()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if s, err = Open(context.Background(), path, Options{}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Writer().WaitBuilt(ctx); err != nil {
		t.Fatal(err)
	}
	if got := left(); got != 0 {
		t.Errorf("built, and the text of %d rows is missing", got)
	}
	sound("built")
	for _, name := range []string{"钟离昧旦", "司空见惯", "东郭先生"} {
		if hits, err := s.Reader().Search(ctx, SearchQuery{Text: name}); err != nil || len(hits) != 1 {
			t.Errorf("%s: %d hits, %v", name, len(hits), err)
		}
	}
	indexes, err := s.writer.c.number("SELECT count(*) FROM sqlite_master WHERE type = 'index' AND tbl_name = 'building' AND sql IS NOT NULL")
	if want := int64(len(s.kinds().byKind["building"].indexes())); err != nil || indexes != want {
		t.Errorf("%d indexes, %v, want %d", indexes, err, want)
	}
}

// A failing cut leaves nothing of a fill.
func TestFillRollsBack(t *testing.T) {
	s := enrolled(t, block.AllParts)
	st := block.Stream{Region: rid("S1"), Class: block.Public}
	var parts []block.Part
	for i := range 500 {
		p := plan("building").Part(building(i), block.Public)
		p.Stream, p.Ver = st, 1
		parts = append(parts, p)
	}
	parts[450].Stream.Class = block.Work // not listed
	cut := block.CutPlan{Epoch: block.Epoch{1}, Streams: []block.StreamPlan{{Stream: st, Seq: 1, Replace: true}}}
	if _, err := s.Writer().ApplyCut(ctx, cut, partSeq(parts)); err == nil {
		t.Fatal("no error")
	}
	v, err := s.Reader().Verify(ctx)
	if err != nil || !v.OK() || v.Rows != 0 {
		t.Errorf("after a failed cut: %+v, %v", v, err)
	}
	parts[450].Stream = st
	if _, err := s.Writer().ApplyCut(ctx, cut, partSeq(parts)); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Reader().Verify(ctx); err != nil || !v.OK() || v.Rows != 500 {
		t.Errorf("after the cut: %+v, %v", v, err)
	}
}

// benchDelta applies changes of 10,000 of 100k buildings as a server sends them.
func benchDelta(b *testing.B, geometries int) {
	const n, changed = 100_000, 10_000
	p := plan("building")
	stream := block.Stream{Region: rid("S1"), Class: block.Public}
	s := enrolled(b, block.ClassSet(1<<block.Public))
	at := func(seq uint64, replace bool) block.CutPlan {
		return block.CutPlan{Epoch: block.Epoch{1}, Streams: []block.StreamPlan{{Stream: stream, Seq: seq, Replace: replace}}}
	}
	var parts []block.Part
	for i := range n {
		r := building(i)
		r.Ver = 1
		part := p.Part(r, block.Public)
		part.Stream = stream
		parts = append(parts, part)
	}
	if _, err := s.Writer().ApplyCut(ctx, at(1, true), partSeq(parts)); err != nil {
		b.Fatal(err)
	}
	if err := s.Writer().WaitBuilt(ctx); err != nil {
		b.Fatal(err)
	}
	floors, name := 0, 0
	for i, f := range p.Fields(block.Public) {
		switch p.Kind.Fields[f].Name {
		case "floors":
			floors = i
		case "name":
			name = i
		}
	}
	seq := uint64(1)
	for b.Loop() {
		b.StopTimer()
		seq++
		changes := make([]block.Part, changed)
		for i := range changes {
			c := parts[(i*7919+int(seq)*31)%n]
			c.Ver, c.Geometry, c.Region = block.Ver(seq), nil, block.ID{}
			c.Values = make([]block.Value, len(c.Values))
			if i%100 < geometries {
				g, err := geo.ParseWKB(parts[(i*7919+int(seq)*31)%n].Geometry)
				if err != nil {
					b.Fatal(err)
				}
				bound := g.Bound()
				bound.Max[0] = math.Round((bound.Max[0]+float64(seq)*1e-6)*1e7) / 1e7
				c.Geometry = geo.AppendWKB(nil, bound.ToPolygon())
				c.Values[name] = block.TextValue(fmt.Sprint("新名", seq, "号楼"))
				c.Have = block.MaskPartial | block.MaskGeometry | 1<<name
			} else {
				c.Values[floors] = block.IntValue(int64(seq + 100))
				c.Have = block.MaskPartial | block.Mask(1)<<floors
			}
			changes[i] = c
		}
		b.StartTimer()
		if _, err := s.Writer().ApplyCut(ctx, at(seq, false), partSeq(changes)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(changed*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkApplyDelta(b *testing.B) {
	b.Run("attributes", func(b *testing.B) { benchDelta(b, 0) })
	b.Run("mixed", func(b *testing.B) { benchDelta(b, 20) }) // a fifth with geometry and name
}
