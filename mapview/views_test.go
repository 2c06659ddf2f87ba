package mapview_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/mapview"
)

func at(lon, lat, zoom float64) mapview.View {
	return mapview.View{Center: orb.Point{lon, lat}, Zoom: zoom}
}

func TestViewText(t *testing.T) {
	v := at(113.912316, -22.543847, 16.25)
	got, err := mapview.ParseView(v.String())
	if err != nil || got != v {
		t.Errorf("%s reads as %v, %v", v, got, err)
	}
	for _, bad := range []string{"", "1,2", "1,2,3,4", "181,0,3", "0,91,3", "0,0,25", "0,0,NaN", "a,b,c"} {
		if _, err := mapview.ParseView(bad); !errors.Is(err, mapview.ErrView) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestHistory(t *testing.T) {
	var h mapview.History
	now := time.Unix(0, 0)
	visit := func(after time.Duration, v mapview.View) {
		now = now.Add(after)
		h.Visit(v, now)
	}
	want := func(v mapview.View, ok bool, name string, lon float64) {
		t.Helper()
		if !ok || v.Center[0] != lon {
			t.Errorf("%s: %v %v, want %v", name, v, ok, lon)
		}
	}
	if h.CanBack() || h.CanForward() {
		t.Error("an empty history goes somewhere")
	}
	visit(0, at(1, 0, 10))
	visit(time.Second, at(2, 0, 10))
	visit(100*time.Millisecond, at(3, 0, 10)) // the same move
	visit(time.Second, at(3, 0, 10.001))      // nobody would see it
	visit(time.Second, at(4, 0, 10))
	v, ok := h.Back()
	want(v, ok, "back", 3)
	v, ok = h.Back()
	want(v, ok, "back again", 1)
	if _, ok := h.Back(); ok || h.CanBack() {
		t.Error("went back beyond the first view")
	}
	v, ok = h.Forward()
	want(v, ok, "forward", 3)
	visit(time.Second, at(5, 0, 10))
	if h.CanForward() {
		t.Error("a new view keeps what lay ahead")
	}
	v, ok = h.Back()
	want(v, ok, "back from the new view", 3)
	for i := range 300 {
		visit(time.Second, at(float64(i%150), 1, 12))
	}
	n := 0
	for h.CanBack() {
		h.Back()
		n++
	}
	if n != 100 {
		t.Errorf("%d views are kept, want 100", n)
	}
}

func TestBookmarks(t *testing.T) {
	var b mapview.Bookmarks
	for _, m := range []mapview.Bookmark{{"家", at(114, 22, 15)}, {" 东  门 ", at(115, 23, 16)}, {"家", at(113, 22, 14)}} {
		if err := b.Add(m.Name, m.View); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Rename("东 门", "家"); !errors.Is(err, mapview.ErrView) {
		t.Errorf("a taken name: %v", err)
	}
	if err := b.Rename("东 门", "East gate"); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", " \n", strings.Repeat("长", 81), "\xff"} {
		if err := b.Add(bad, at(1, 1, 1)); !errors.Is(err, mapview.ErrView) {
			t.Errorf("name %q: %v", bad, err)
		}
	}
	text, err := b.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var c mapview.Bookmarks
	if err := c.UnmarshalText(append([]byte("rubbish\n1,2 x\n400,2,3 far\n"), text...)); err != nil {
		t.Fatal(err)
	}
	got := c.List()
	if len(got) != 2 || got[0] != (mapview.Bookmark{Name: "家", View: at(113, 22, 14)}) || got[1].Name != "East gate" {
		t.Errorf("read back %+v of\n%s", got, text)
	}
	if !c.Remove("家") || c.Remove("家") || len(c.List()) != 1 {
		t.Error("remove")
	}
}
