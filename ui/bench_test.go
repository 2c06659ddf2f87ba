package ui_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"github.com/paulmach/orb"
)

// What happens at every move of the mouse and at every step of a pan must stay far below a frame.

func BenchmarkPointerOverMap(b *testing.B) {
	d := openDesk(b, wide)
	d.until("rows", d.shows("events", "20261123"))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d.chart.on.Pointer(orb.Point{114 + float64(i%1000)/1e5, 22.5}, true)
	}
}

func BenchmarkMapMoved(b *testing.B) {
	d := openDesk(b, wide)
	d.until("rows", d.shows("events", "20261123"))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		v := d.chart.view
		v.Center[0] += float64(i%1000) / 1e5
		d.chart.on.Moved(v)
	}
}

func BenchmarkEventListKeyDown(b *testing.B) {
	d := openDesk(b, wide)
	d.until("rows", d.shows("events", "20261123"))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		key := fyne.KeyDown
		if i%40 >= 20 {
			key = fyne.KeyUp
		}
		d.EventKey(key)
		d.settle()
	}
}
