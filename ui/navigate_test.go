package ui_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"github.com/paulmach/orb"
)

func TestGoToCoordinates(t *testing.T) {
	d := openDesk(t, wide)
	d.Press("goto")
	d.want("form", "经纬度（先后均可）")
	d.TypeForm("22.543847, 113.912316")
	d.want("form", "113.91232°E 22.54385°N；纬度在前，已对调")
	d.TypeForm("gcj02:113.912316,22.543847")
	d.want("form", "按 GCJ-02（火星坐标） 读，已改正")
	d.TypeForm("nowhere")
	d.want("form", "读不出位置")
	d.FillForm("nowhere")
	if len(d.chart.places) != 0 || !d.Boxed() {
		t.Fatal("the map went nowhere")
	}
	d.FillForm("15/26733/14301")
	if len(d.chart.places) != 1 || d.chart.places[0].Zoom != 15 || d.Boxed() {
		t.Errorf("the map went to %+v", d.chart.places)
	}
}

func TestBookmarksAreKept(t *testing.T) {
	kept := map[string]string{}
	d := openDesk(t, wide, remembering(kept))
	d.until("the tree", d.shows("regions", "036-14"))
	d.Press("bookmarks")
	d.want("bookmarks", "还没有书签")
	d.KeepView("值班看的")
	d.KeepView("") // named after the selected region
	d.want("bookmarks", "值班看的", "036-14", "17 级")
	d.Tap("bookmarks", "bookmark-rename-值班看的")
	d.FillForm("036-14")
	d.want("form", "不与别的书签相同")
	d.FillForm("夜班看的")
	d.Tap("bookmarks", "bookmark-delete-036-14")

	other := openDesk(t, wide, remembering(kept))
	other.Press("bookmarks")
	if got := other.Panel("bookmarks"); !strings.Contains(got, "夜班看的") || strings.Contains(got, "036-14") {
		t.Errorf("the next start has\n%s", got)
	}
	other.Tap("bookmarks", "bookmark-夜班看的")
	if len(other.chart.moved) != 1 || other.chart.moved[0] != (orb.Point{114.02412, 22.52644}) || other.Boxed() {
		t.Errorf("the map went to %v", other.chart.moved)
	}
}

func TestKeysMoveTheMap(t *testing.T) {
	d := openDesk(t, wide)
	d.until("the tree", d.shows("regions", "036-14"))
	d.Press("back")
	d.Press("forward")
	if len(d.chart.turned) != 2 || d.chart.turned[0] != -1 || d.chart.turned[1] != 1 {
		t.Errorf("turned %v", d.chart.turned)
	}
	d.Press("full")
	if len(d.chart.fitted) != 1 {
		t.Fatal("the full extent is not shown")
	}
	d.Key(fyne.KeyHome)
	d.until("my region", func() bool { return len(d.chart.fitted) == 2 })
	d.Press("panels")
	if l, r := d.Opened(); l || r {
		t.Error("panels are left")
	}
	_, chart, _, list := d.Widths()
	if chart != wide.Width || list != 0 {
		t.Errorf("the map is %v wide above a list of %v", chart, list)
	}
	d.Press("panels")
	if l, r := d.Opened(); !l || !r {
		t.Error("the panels did not come back")
	}
}

func TestHelpListsEveryShortcut(t *testing.T) {
	for _, lang := range []string{"zh", "en"} {
		d := openDesk(t, wide)
		d.SetLang(lang)
		d.Key(fyne.KeyF1)
		page := d.Panel("keys")
		for _, s := range d.Shortcuts() {
			if !strings.Contains(page, s) {
				t.Errorf("%s: the page does not list %q:\n%s", lang, s, page)
			}
		}
		if strings.Contains(page, "keys.") || strings.Contains(page, "menu.") {
			t.Errorf("%s: a text is missing:\n%s", lang, page)
		}
	}
}
