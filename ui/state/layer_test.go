package state

import (
	"slices"
	"strings"
	"testing"
	"time"

	"kuaitu/block"
)

func someLayers() []Layer {
	return []Layer{
		{ID: "g", IsGroup: true}, {ID: "a", Group: "g", Visible: true, Count: 9214, Legend: []LegendEntry{{Name: Text{ZH: "住宅"}}, {Name: Text{ZH: "商业"}}}},
		{ID: "b", Group: "g", Count: -1}, {ID: "x", Group: "g", Locked: true},
		{ID: "c"},
		{ID: "base", IsGroup: true, OneOf: true, Fixed: true}, {ID: "m1", Group: "base", Visible: true}, {ID: "m2", Group: "base"},
	}
}

func layerIDs(t *LayerTree) string {
	var ids []string
	for _, r := range t.Rows() {
		if r.Legend == nil {
			ids = append(ids, r.Layer.ID)
		} else {
			ids = append(ids, "-")
		}
	}
	return strings.Join(ids, " ")
}

func TestLayerGroups(t *testing.T) {
	var l LayerTree
	l.Set(someLayers())
	var got []Tick
	for _, r := range l.Rows() {
		got = append(got, r.Tick)
	}
	if want := []Tick{TickSome, TickOn, TickOff, TickOff, TickOff, TickOn, TickOn, TickOff}; !slices.Equal(got, want) {
		t.Errorf("ticks %v, want %v", got, want)
	}
	l.Toggle("g")
	if !l.Visible("a") || !l.Visible("b") || l.Visible("x") {
		t.Errorf("a group that is switched on: %+v", l.Looks())
	}
	l.Toggle("c")
	l.Toggle("m2") // one base map at a time
	if l.Visible("m1") || !l.Visible("m2") {
		t.Error("two base maps are on, or none")
	}
	l.Toggle("base")
	if l.Visible("m1") || l.Visible("m2") {
		t.Error("the base maps are not off")
	}
	l.Set(someLayers()) // asked for again: the user's choice stays
	if !l.Visible("b") || !l.Visible("c") || l.Visible("m1") {
		t.Error("the choice was lost")
	}
}

func TestLayerOrder(t *testing.T) {
	var l LayerTree
	l.Set(someLayers())
	for _, step := range []struct {
		do   func() bool
		ok   bool
		want string
	}{
		{func() bool { return l.Move("a", 1) }, true, "g b a x c base m1 m2"},
		{func() bool { return l.Move("b", -1) }, false, "g b a x c base m1 m2"},
		{func() bool { return l.Move("g", 1) }, true, "c g b a x base m1 m2"},
		{func() bool { return l.Move("g", 1) }, false, "c g b a x base m1 m2"}, // the base maps stay below
		{func() bool { return l.Move("base", -1) }, false, "c g b a x base m1 m2"},
		{func() bool { return l.MoveTo("x", "b") }, true, "c g x b a base m1 m2"},
		{func() bool { return l.MoveTo("x", "m1") }, false, "c g x b a base m1 m2"}, // another group
		{func() bool { return l.MoveTo("g", "c") }, true, "g x b a c base m1 m2"},
		{func() bool { return l.MoveTo("c", "a") }, true, "c g x b a base m1 m2"}, // onto a layer of a group: its place
	} {
		if ok := step.do(); ok != step.ok || layerIDs(&l) != step.want {
			t.Errorf("moved %v to %q, want %v to %q", ok, layerIDs(&l), step.ok, step.want)
		}
	}
	var other LayerTree
	other.Restore(l.Prefs())
	other.Set(append([]Layer{{ID: "new"}}, someLayers()...)) // a layer that was not there then
	if got, want := layerIDs(&other), "new c g x b a base m1 m2"; got != want {
		t.Errorf("restored %q, want %q", got, want)
	}
	if got := other.Looks()[1].ID; got != "c" {
		t.Errorf("the map draws %q second", got)
	}
}

func TestLayerLooks(t *testing.T) {
	var l LayerTree
	l.Set(someLayers())
	l.SetOpacity("a", 0.423)
	l.SetOpacity("c", -3)
	for _, bad := range [][2]float64{{15, 14}, {-1, 3}, {3, 99}, {14, 14}} {
		if l.SetZooms("a", bad[0], bad[1]) {
			t.Errorf("the range %v was taken", bad)
		}
	}
	if !l.SetZooms("a", 13, 17.5) {
		t.Error("a good range was refused")
	}
	var other LayerTree
	other.Restore(l.Prefs())
	other.Set(someLayers())
	looks := other.Looks()
	if want := (LayerLook{ID: "a", Visible: true, Opacity: 0.42, MinZoom: 13, MaxZoom: 17.5}); looks[0] != want {
		t.Errorf("a is drawn %+v, want %+v", looks[0], want)
	}
	if looks[3].Opacity != LeastOpacity {
		t.Errorf("c has opacity %v", looks[3].Opacity)
	}
	other.SetView(12, map[string]int{"a": 204})
	if r := other.Rows()[1]; !r.Faint || r.Counts(load(t, "zh")) != "204 / 9,214" {
		t.Errorf("row %+v", r)
	}
	other.Reset()
	other.Set(someLayers())
	if y, _ := other.Find("a"); y.Opacity != 1 || y.MinZoom != 0 || y.ZoomWords(load(t, "zh")) != "全部级别" {
		t.Errorf("after a reset: %+v", y)
	}
}

func TestLayerPrefsFromOutside(t *testing.T) {
	for _, s := range []string{"", "{", `{"order":3}`, `{"layers":{"a":{"on":true,"opacity":7}}}`, `{"layers":{"a":{"on":false,"opacity":1,"min":-4}}}`} {
		var l LayerTree
		l.Restore(s)
		l.Set(someLayers())
		if y, _ := l.Find("a"); y.Opacity != 1 || !y.Visible || y.MinZoom != 0 {
			t.Errorf("%q made %+v", s, y)
		}
	}
}

func TestLayerRowsOpen(t *testing.T) {
	var l LayerTree
	l.Set(someLayers())
	l.Open("a") // its legend
	if got, want := layerIDs(&l), "g a - - b x c base m1 m2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	l.Open("g")
	if got, want := layerIDs(&l), "g c base m1 m2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	var other LayerTree
	other.Restore(l.Prefs())
	other.Set(someLayers())
	if got, want := layerIDs(&other), "g c base m1 m2"; got != want {
		t.Errorf("restored %q, want %q", got, want)
	}
	other.Step(1)
	other.Step(1)
	if y, ok := other.Selected(); !ok || y.ID != "c" {
		t.Errorf("selected %q", y.ID)
	}
}

func TestTimeRange(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	at := time.Date(2026, 11, 24, 1, 30, 0, 0, zone)
	for _, c := range []struct {
		name     string
		r        TimeRange
		from, to string
	}{
		{"all", TimeRange{}, "", ""},
		{"today", TimeRange{Kind: RangeToday}, "2026-11-24 00:00", ""},
		{"week", TimeRange{Kind: RangeWeek}, "2026-11-18 00:00", ""},
		{"month", TimeRange{Kind: RangeMonth}, "2026-10-26 00:00", ""},
	} {
		from, to := c.r.Span(at.UTC(), zone)
		for _, p := range []struct {
			got  time.Time
			want string
		}{{from, c.from}, {to, c.to}} {
			if got := p.got.Format("2006-01-02 15:04"); p.want == "" && !p.got.IsZero() || p.want != "" && got != p.want {
				t.Errorf("%s: %s, want %q", c.name, got, p.want)
			}
		}
	}
	r, err := ParseRange("2026年11月1日", "20261103", zone)
	if err != nil {
		t.Fatal(err)
	}
	f := EventFilter{}
	f.From, f.To = r.Span(at, zone)
	for day, want := range map[string]bool{"2026-10-31 23:59": false, "2026-11-01 00:00": true, "2026-11-03 23:59": true, "2026-11-04 00:00": false} {
		when, err := time.ParseInLocation("2006-01-02 15:04", day, zone)
		if err != nil {
			t.Fatal(err)
		}
		if f.InTime(when) != want {
			t.Errorf("%s in 1–3 November: %v", day, !want)
		}
	}
	for _, bad := range [][2]string{{"2026-13-01", ""}, {"x", ""}, {"2026-11-03", "2026-11-01"}} {
		if _, err := ParseRange(bad[0], bad[1], zone); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	if i := DayIndex(at.Add(-2*time.Hour), at, zone); i != StripDays-2 {
		t.Errorf("yesterday is day %d", i)
	}
	if DayIndex(at.AddDate(0, 0, -30), at, zone) != -1 || DayIndex(at.Add(time.Hour), at, zone) != -1 || DayIndex(at, at, zone) != StripDays-1 {
		t.Error("the strip's days are wrong at its ends")
	}
	var e EventList
	e.SetRange(TimeRange{Kind: RangeWeek}, at, zone)
	e.Show(EventPage{Days: make([]int, StripDays), Map: map[block.ID]bool{}})
	in := 0
	for _, b := range e.DayBars(at, zone) {
		if b.In {
			in++
		}
	}
	if in != 7 {
		t.Errorf("a week has %d days", in)
	}
}

func TestPanelSizes(t *testing.T) {
	p := ParsePanels(`{"left":300,"right":5000,"list":-3}`)
	l, r, h := p.Fit(256, 376, 232, 1872, 1004, false)
	if l != 300 || r != 640 || h != 232 {
		t.Errorf("sizes %v %v %v", l, r, h)
	}
	p = ParsePanels(Panels{Left: 480, Right: 640, List: 900}.String())
	l, r, h = p.Fit(256, 376, 232, 1400, 800, false)
	if 1400-l-r < LeastMapWidth || 800-h < LeastMapHeight {
		t.Errorf("the map is %v by %v", 1400-l-r, 800-h)
	}
	if got := ParsePanels("no JSON"); got != (Panels{}) {
		t.Errorf("nonsense made %+v", got)
	}
}

func TestThematicWishes(t *testing.T) {
	good := DefaultThematic()
	if got, ok := ParseThematic(good.String()); !ok || got.String() != good.String() {
		t.Errorf("%v became %v (%v)", good, got, ok)
	}
	change := func(f func(*Thematic)) Thematic { t := DefaultThematic(); f(&t); return t }
	for name, bad := range map[string]Thematic{
		"nothing":       {},
		"kind":          change(func(t *Thematic) { t.Kind = "pie" }),
		"heat of rooms": change(func(t *Thematic) { t.Kind, t.Measure = ThemeHeat, MeasureRooms }),
		"one class":     change(func(t *Thematic) { t.Classes = 1 }),
		"no limits":     change(func(t *Thematic) { t.Method = ClassFixed }),
		"falling":       change(func(t *Thematic) { t.Method, t.Cuts = ClassFixed, []float64{5, 5} }),
		"least":         change(func(t *Thematic) { t.MinCount = -1 }),
		"level":         change(func(t *Thematic) { t.Level = block.City }),
	} {
		if _, err := bad.Sound(); err == nil {
			t.Errorf("%s: %+v was taken", name, bad)
		}
		if _, ok := ParseThematic(bad.String()); ok {
			t.Errorf("%s was read from the preferences", name)
		}
	}
	if got, err := change(func(t *Thematic) { t.Norm = NormPercent }).Sound(); err != nil || got.Norm != NormCount {
		t.Errorf("open events as a share of themselves: %+v %v", got, err)
	}
	cuts, err := ParseCuts(" 1，5; 20.5 ")
	if err != nil || !slices.Equal(cuts, []float64{1, 5, 20.5}) || CutsText(cuts) != "1, 5, 20.5" {
		t.Errorf("limits %v %v", cuts, err)
	}
	if _, err := ParseCuts("1, x"); err == nil {
		t.Error("an x is a limit")
	}
}
