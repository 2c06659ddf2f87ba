package ui

import (
	"errors"

	"kuaitu/block"
	"kuaitu/ui/state"
)

var stripRanges = []struct {
	kind state.RangeKind
	key  string
}{{state.RangeAll, "range.all"}, {state.RangeToday, "range.today"}, {state.RangeWeek, "range.week"}, {state.RangeMonth, "range.month"}}

// stripBars is the width of the strip's bars, one for each day.
const stripBars = state.StripDays * 4

// stripWidth is how wide the time strip wants to be, without its bars where there is too little room; fits is false where
// not even that will do.
func (w *Window) stripWidth(room float32) (width float32, fits bool) {
	chip := func(s string) float32 { return 22 + w.measure(s, sizeSmall, false).Width }
	width = 12 + w.measure(w.lang.T("range.title"), sizeSmall, false).Width + 10
	for _, r := range stripRanges {
		width += chip(w.lang.T(r.key))
	}
	width += chip(w.customRange()) + 6
	if width+stripBars+12 <= room-32 {
		width += stripBars + 12
	}
	return round(width), width <= room-32
}

// customRange is the label of the chip that asks for days.
func (w *Window) customRange() string {
	if w.events.Range.Kind == state.RangeCustom {
		return w.events.Range.Words(w.lang, w.now())
	}
	return w.lang.T("range.custom")
}

// drawStrip draws the time strip: when the events on map and list were reported.
func (w *Window) drawStrip(p *pen, width, h float32) {
	p.box(0, 0, width, h, p.pal.panel, p.pal.line, 4)
	x := 12 + p.text(12, h/2, w.lang.T("range.title"), style{size: sizeSmall, ink: p.pal.text2}) + 10
	for _, r := range stripRanges {
		x += p.chip(x, (h-22)/2, r.key, state.NoLight, w.lang.T(r.key), w.events.Range.Kind == r.kind, func() {
			w.setRange(state.TimeRange{Kind: r.kind})
		}) + 6
	}
	x += p.chip(x, (h-22)/2, "range.custom", state.NoLight, w.customRange(), w.events.Range.Kind == state.RangeCustom, w.askRange) + 8
	if width-x < stripBars {
		return
	}
	bars := w.events.DayBars(w.now(), w.lang.Zone)
	most := 1
	for _, b := range bars {
		most = max(most, b.Count)
	}
	for i, b := range bars {
		bx := x + float32(i*4)
		tall := round(float32(b.Count) / float32(most) * 20)
		if b.Count > 0 {
			tall = max(tall, 2)
		}
		ink := p.pal.strong
		if b.In && w.events.Range.Kind != state.RangeAll {
			ink = p.pal.accent
		}
		p.rect(bx, h-8-max(tall, 1), 3, max(tall, 1), ink)
		p.hit(bx, 4, 4, h-8, "day-"+b.Day.Format("0102"), b.Day.Format("01-02")+" "+w.lang.T("range.day", b.Count), func() {
			w.setRange(state.TimeRange{Kind: state.RangeCustom, From: b.Day, To: b.Day})
		})
	}
}

// setRange chooses when the events of list and map were reported.
func (w *Window) setRange(r state.TimeRange) {
	w.events.SetRange(r, w.now(), w.lang.Zone)
	w.pinned["events"] = 0
	w.loadEvents()
	w.desk.relayout() // the custom chip may have another width
	w.parts.strip.Refresh()
}

// askRange asks for the first and the last day.
func (w *Window) askRange() {
	day := func(r state.TimeRange, last bool) string {
		at := r.From
		if last {
			at = r.To
		}
		if at.IsZero() {
			return ""
		}
		return at.In(w.lang.Zone).Format("2006-01-02")
	}
	now := w.events.Range
	if now.Kind != state.RangeCustom {
		from, _ := now.Span(w.now(), w.lang.Zone)
		now = state.TimeRange{From: from, To: state.Midnight(w.now(), w.lang.Zone)}
	}
	w.showForm(form{
		title: w.lang.T("range.form"), submit: w.lang.T("ok"),
		fields: []formField{
			{label: w.lang.T("range.from"), value: day(now, false), hint: "2026-11-01"},
			{label: w.lang.T("range.to"), value: day(now, true), hint: "2026-11-30"},
		},
		note: func([]string) (string, bool) { return w.lang.T("range.open"), true },
		run: func(v []string) string {
			r, err := state.ParseRange(v[0], v[1], w.lang.Zone)
			if errors.Is(err, block.ErrInvalid) {
				return w.lang.T("range.bad")
			}
			w.setRange(r)
			return ""
		},
	})
}
