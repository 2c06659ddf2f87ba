package simtest

import (
	"testing"
	"time"
)

// BenchmarkStreet is a street from nothing for a post that holds its sealed streams too: 9k buildings, 150k rooms, 300k
// people, 53k entities, fetched from the server's kept snapshots over loopback, applied and proved.
func BenchmarkStreet(b *testing.B) {
	const buildings = 9000
	w := newTown(b, set, 1)
	w.load(b, w.records(buildings, 150./9, 300./9, 53./9))
	benchWhole(b, w, "field")
}

// BenchmarkCity is the public and work classes of 660k buildings, as a wall holds them.
func BenchmarkCity(b *testing.B) {
	w := newTown(b, set, 74)
	w.load(b, w.records(660_000, 0, 0, 0))
	benchWhole(b, w, "wall")
}

func benchWhole(b *testing.B, w *town, post string) {
	first := w.enrol(b, set, w.tree.Root(), post)
	first.sync(b, false) // makes the snapshots
	if err := first.s.Close(); err != nil {
		b.Fatal(err)
	}
	var applied, took, built time.Duration
	var rows, bytes int64
	for b.Loop() {
		b.StopTimer()
		d := w.enrol(b, set, w.tree.Root(), post)
		b.StartTimer()
		begin := time.Now()
		r := d.sync(b, false)
		took += time.Since(begin)
		b.StopTimer()
		applied += d.applied
		rows, bytes = r.Rows, r.BytesIn
		began := time.Now()
		if err := d.WaitBuilt(b.Context()); err != nil {
			b.Fatal(err)
		}
		built += time.Since(began)
		if err := d.s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	n := float64(b.N)
	b.ReportMetric(applied.Seconds()/n, "apply-s")
	b.ReportMetric(took.Seconds()/n, "sync-s")
	b.ReportMetric(built.Seconds()/n, "build-after-s")
	b.ReportMetric(float64(rows), "leaves")
	b.ReportMetric(float64(bytes)/1e6, "MB")
}
