package ui_test

import (
	"image"
	"testing"

	"kuaitu/ui/state"
)

// TestBakedSheetsLookTheSame compares the window with its sheets baked with the window without.
func TestBakedSheetsLookTheSame(t *testing.T) {
	for _, dark := range []bool{false, true} {
		d := openDesk(t, wide)
		d.SetDark(dark)
		d.until("rows", d.shows("events", "20261123-005-0131"))
		d.until("the tree", d.shows("regions", "036-14"))
		d.OnPixels()
		live := d.Fyne().Canvas().Capture()
		before, after := d.BakeAll()
		baked := d.Fyne().Canvas().Capture()
		if before < 300 || after > before/3 {
			t.Errorf("%d objects became %d", before, after)
		}
		if n, most := unequal(live, baked, 3); n > 0 {
			t.Errorf("dark %v: %d pixels differ, by up to %d", dark, n, most)
		}
	}
}

// TestWhatChangesIsNotBaked has a sheet that was baked drawn anew: alike it stays, with other texts it does not.
func TestWhatChangesIsNotBaked(t *testing.T) {
	d := openDesk(t, wide)
	d.until("rows", d.shows("events", "20261123-005-0131"))
	d.BakeAll()
	d.SyncChanged()
	if n := d.Unbake(); n != 0 {
		t.Errorf("%d sheets that look as before were drawn anew", n)
	}
	v := d.chart.view
	v.Zoom++
	d.chart.on.Moved(v)
	d.chart.on.Pointer(state.View{}.Center, true)
	if n := d.Unbake(); n == 0 {
		t.Error("another zoom in the status bar, and it stays baked")
	}
}

// unequal counts the pixels of which a channel differs by more than slack.
func unequal(a, b image.Image, slack int) (n, most int) {
	r := a.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			var p, q [3]uint32
			p[0], p[1], p[2], _ = a.At(x, y).RGBA()
			q[0], q[1], q[2], _ = b.At(x, y).RGBA()
			off := 0
			for i := range p {
				off = max(off, int(p[i]>>8)-int(q[i]>>8), int(q[i]>>8)-int(p[i]>>8))
			}
			most = max(most, off)
			if off > slack {
				n++
			}
		}
	}
	return n, most
}
