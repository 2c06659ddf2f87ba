package sqlite_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"kuaitu/block"
	"kuaitu/sync/wire"
)

// manyRecords are n buildings and n people of the city's grids, with geometry and an address.
func manyRecords(n int) []block.Record {
	rnd := rand.New(rand.NewPCG(1, 2))
	out := make([]block.Record, 0, 2*n)
	building, _ := set.Plan("building")
	person, _ := set.Plan("person")
	var homes []block.ID
	for _, g := range grids {
		homes = append(homes, regionID(g))
	}
	for i := range n {
		home := homes[i%len(homes)]
		r := building.New(block.BulkID(1, building.Kind.No, uint64(i)), home)
		building.Set(&r, "name", text(fmt.Sprintf("滨河雅苑%d栋", i)))
		building.Set(&r, "address", text(fmt.Sprintf("福田区下沙路%d号", rnd.IntN(300))))
		building.Set(&r, "use", text("residential"))
		building.Set(&r, "floors", block.IntValue(int64(rnd.IntN(40))))
		building.Set(&r, "height", block.FloatValue(float64(rnd.IntN(900))/10))
		r.Geometry = squareWKB(1140000000+int32(rnd.IntN(1000000)), 225000000+int32(rnd.IntN(1000000)), 1000)
		out = append(out, r)
	}
	for i := range n {
		r := person.New(block.BulkID(1, person.Kind.No, uint64(i)), homes[i%len(homes)])
		person.Set(&r, "name", text("张三"))
		person.Set(&r, "document_number", text(fmt.Sprintf("9900001990%08d", i)))
		person.Set(&r, "phone", text(fmt.Sprintf("138%08d", i)))
		out = append(out, r)
	}
	return out
}

func squareWKB(x, y, d int32) block.WKB {
	b := []byte{1, 3, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0}
	for _, p := range [][2]int32{{x, y}, {x + d, y}, {x + d, y + d}, {x, y + d}, {x, y}} {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(p[0])/1e7))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(p[1])/1e7))
	}
	return b
}

func BenchmarkLoad(b *testing.B) {
	records := manyRecords(20_000)
	rows := 0
	for b.Loop() {
		b.StopTimer()
		w := newWorld(b)
		b.StartTimer()
		w.load(records...)
		rows += len(records)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkSnapshot(b *testing.B) {
	w := newWorld(b)
	records := manyRecords(20_000)
	w.load(records...)
	rows := 0
	for b.Loop() {
		b.StopTimer()
		d := w.enrol(fmt.Sprint("d", rows), "city", "field")
		b.StartTimer()
		if err := d.pull(); err != nil {
			b.Fatal(err)
		}
		rows += len(records)
		b.StopTimer() // the next one builds the snapshots anew
		w.load(records[0], change1(records[0], rows))
		w.load(change1(records[1], rows))
		b.StartTimer()
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func change1(r block.Record, n int) block.Record {
	plan, _ := set.Plan(r.Kind)
	r = r.Clone()
	plan.Set(&r, "note", text(fmt.Sprint(n)))
	return r
}

// BenchmarkIdle is what a console costs that asks when nothing has moved: hello, and hello with proof.
func BenchmarkIdle(b *testing.B) {
	w := newWorld(b)
	w.load(manyRecords(5_000)...)
	d := w.enrol("field", "city", "field")
	d.sync()
	_, total := d.tallies()
	sum := wire.TotalOf(total)
	for name, prove := range map[string]bool{"hello": false, "hello+proof": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var hello wire.HelloResponse
				if err := d.post(wire.PathHello, wire.HelloRequest{Protocol: 1, Epoch: d.epoch, Cut: &d.hello.Cut, Witnesses: d.hello.Shards}, &hello); err != nil || !hello.Same {
					b.Fatal(err)
				}
				if !prove {
					continue
				}
				var proof wire.ProofResponse
				if err := d.post(wire.PathProof, wire.ProofRequest{Epoch: d.epoch, Cut: d.hello.Cut, Total: &sum}, &proof); err != nil || !proof.Equal {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOps(b *testing.B) {
	for _, size := range []int{1, 100} {
		b.Run(fmt.Sprint("batch", size), func(b *testing.B) {
			w := newWorld(b)
			w.load(manyRecords(1_000)...)
			w.load(people()...)
			d := w.enrol("field", "city", "field")
			n := 0
			for b.Loop() {
				var ops []block.Op
				for range size {
					n++
					ops = append(ops, d.op(insert("event", fmt.Sprint(n), "s1a1", map[string]block.Value{"type": text("暴露垃圾"), "state": text("submitted")}),
						insert("event_step", fmt.Sprint(n), "s1a1", map[string]block.Value{"event": block.RefValue(block.NameID("event", fmt.Sprint(n))), "action": text("report")})))
				}
				got, err := d.push(ops...)
				if err != nil || got[0].Fate != block.FateApplied {
					b.Fatal(got, err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "ops/s")
		})
	}
}
