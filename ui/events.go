package ui

import (
	"context"

	"fyne.io/fyne/v2"

	"kuaitu/block"
	"kuaitu/ui/state"
)

// maxEventRows bounds one answer; the list says how many there are beyond it.
const maxEventRows = 2000

func (w *Window) loadEvents() {
	f := w.events.Filter
	f.Limit = maxEventRows
	ask(w, &w.jobs.events, func(ctx context.Context) (state.EventPage, error) { return w.deps.Data.Events(ctx, f) },
		func(page state.EventPage, err error) {
			page.Err = err
			w.events.Show(page)
			if err == nil {
				w.deps.Map.ShowEvents(page.Map)
				w.parts.strip.Refresh()
			}
			if v, ok := w.events.At(w.events.Index()); ok && v.ID == w.fresh {
				w.fresh = block.ID{}
				w.reveal("events", w.events.Index(), w.visibleEventRows())
			}
			w.parts.eventHead.Refresh()
			w.parts.events.Refresh()
			w.parts.unplaced.Refresh()
			w.parts.rail.Refresh()
		})
}

// setLinked ties the list to the map's extent, or lets it show the whole region.
func (w *Window) setLinked(on bool) {
	w.events.Link(on, w.deps.Map.View().Bound)
	w.pinned["events"] = 0
	value := "true"
	if !on {
		value = "false"
	}
	w.deps.Remember("linked", value)
	w.parts.eventHead.Refresh()
}

// selectEvent makes an event the common selection of list, map and dossier.
func (w *Window) selectEvent(v state.Event) {
	w.events.Select(v.ID)
	w.parts.events.Refresh()
	ref := state.RefOf("event", v.ID)
	w.deps.Map.Select(ref)
	if v.HasAt && !w.deps.Map.View().Bound.Contains(v.At) {
		w.deps.Map.MoveTo(v.At, 0)
	}
	w.open(ref)
}

func (w *Window) visibleEventRows() int {
	return int((w.parts.events.Size().Height - w.eventTop()) / rowHeight)
}

// eventTop is where the rows begin: below the column heads when there is room for more than a row.
func (w *Window) eventTop() float32 {
	if w.desk.list {
		return rowHeight
	}
	return 0
}

func (w *Window) eventKey(k fyne.KeyName) bool {
	at := w.events.Index()
	switch k {
	case fyne.KeyDown:
		at++
	case fyne.KeyUp:
		at = max(at-1, 0)
	case fyne.KeyPageDown:
		at += w.visibleEventRows()
	case fyne.KeyPageUp:
		at -= w.visibleEventRows()
	case fyne.KeyHome:
		at = 0
	case fyne.KeyEnd:
		at = len(w.events.Page().Events) - 1
	case fyne.KeyReturn, fyne.KeyEnter:
	default:
		return false
	}
	at = max(0, min(at, len(w.events.Page().Events)-1))
	if v, ok := w.events.At(at); ok {
		w.reveal("events", at, w.visibleEventRows())
		w.selectEvent(v)
		if k == fyne.KeyReturn || k == fyne.KeyEnter {
			w.locate(state.RefOf("event", v.ID))
		}
	}
	return true
}

// drawEventHead draws the title line of the list: scope, chips, link.
func (w *Window) drawEventHead(p *pen, width, h float32) {
	p.hline(0, 0, width)
	p.hline(0, h-1, width)
	x := 12 + p.text(12, h/2, w.lang.T("events.title"), p.heading()) + 8
	page := w.events.Page()
	scope := w.lang.T("events.everywhere")
	if r, ok := w.regions.Find(w.events.Filter.Region); ok {
		scope = w.lang.Of(r.Name)
	}
	x += p.text(x, h/2, w.lang.T("events.scope", scope, w.lang.Count(page.Open)), p.small()) + 24

	// From the right: expand, link, extent. Chips take what is left.
	right := width - 12
	name := "chevron-up"
	if w.desk.list {
		name = "chevron-down"
	}
	p.icon(name, right-16, h/2, 16, p.pal.text2)
	p.hit(right-22, 4, 28, h-8, "list-toggle", w.lang.T("menu.view.events"), w.toggleList)
	right -= 32
	lw := round(52 + p.width(w.lang.T("events.link"), style{size: sizeSmall}))
	fill, edge, ink := p.pal.raised, p.pal.line, p.pal.text1
	if w.events.Linked {
		fill, edge, ink = p.pal.tint, p.pal.accent, p.pal.accent
	}
	p.box(right-lw+8, (h-24)/2, lw-8, 24, fill, edge, 3)
	p.icon("link", right-lw+16, h/2, 14, ink)
	p.text(right-lw+36, h/2, w.lang.T("events.link"), style{size: sizeSmall, ink: ink})
	p.hit(right-lw+8, 4, lw-8, h-8, "link", "", func() {
		w.setLinked(!w.events.Linked)
		w.loadEvents()
	})
	right -= lw
	right -= p.right(right, h/2, w.events.Extent(w.lang), style{size: sizeSmall, ink: p.pal.text2}) + 12

	for _, c := range w.events.Chips(w.lang) {
		need := 34 + p.width(c.Text, style{size: sizeSmall})
		if x+need > right {
			break
		}
		light := c.Light
		x += p.chip(x, (h-22)/2, "chip-"+light.String(), light, c.Text, c.On, func() {
			w.events.Filter.Lights = w.events.Filter.Lights.Toggle(light)
			w.pinned["events"] = 0
			w.loadEvents()
		}) + 8
	}
}

// eventColumns are the left edges of the columns; a column whose edge is negative does not fit and is left out. The place
// takes what is left over.
type eventColumns struct{ clock, bar, number, kind, place, placeW, grid, unit, state, mark float32 }

func columns(width float32, english bool) eventColumns {
	c := eventColumns{clock: 12, bar: 72, number: 222, kind: 398, place: 528, mark: width - 78, state: width - 154, unit: width - 254, grid: width - 328}
	if english { // its state names are longer
		c.mark, c.state, c.unit, c.grid = width-86, width-184, width-284, width-354
	}
	if width < 1100 {
		c.bar, c.number, c.kind, c.place = 48, 190, 346, 456
		if english {
			c.bar, c.number = 36, 196
		}
	}
	if width < 900 {
		c.bar, c.number, c.kind, c.place = 32, 174, 318, 416
		c.unit, c.state, c.mark, c.grid = width-226, width-142, width-72, -1
		c.placeW = c.unit - c.place - 12
		return c
	}
	c.placeW = c.grid - c.place - 12
	return c
}

// drawEvents draws the column heads and the visible rows.
func (w *Window) drawEvents(p *pen, width, h float32) {
	c := columns(width, w.lang.Name == "en")
	top := w.eventTop()
	if top > 0 {
		st := style{size: sizeSmall, ink: p.pal.text2}
		cy := top / 2
		for _, head := range []struct {
			x   float32
			key string
		}{{c.clock, "col.clock"}, {c.number, "col.number"}, {c.kind, "col.type"}, {c.place, "col.place"}, {c.grid, "col.grid"},
			{c.unit, "col.unit"}, {c.state, "col.state"}, {c.mark, "col.mark"}} {
			if head.x >= 0 {
				tw := p.text(head.x, cy, w.lang.T(head.key), st)
				if head.key == "col.clock" {
					p.text(head.x+tw+3, cy, "↑", st)
				}
			}
		}
		p.hline(0, top-1, width)
	}
	if n := w.events.Notice(w.lang); !n.IsZero() {
		p.notice(0, top, width, h-top, n)
		return
	}
	shown := w.visibleEventRows()
	all := len(w.events.Page().Events)
	first := w.firstRow("events", shown, all)
	for i, r := range w.events.Rows(w.lang, w.now(), first, first+shown+1) {
		w.drawEventRow(p, c, r, top+float32(i*rowHeight), width)
	}
	p.scrollBar(width-6, top, h-top, first, shown, all)
}

func (w *Window) drawEventRow(p *pen, c eventColumns, r state.EventRow, y, width float32) {
	id := "e-" + r.ID.String()
	cy := y + rowHeight/2
	switch {
	case r.Selected:
		p.rect(0, y, width, rowHeight, p.pal.tint)
		if w.parts.events.focused {
			p.rect(0, y, 3, rowHeight, p.pal.accent)
		}
	case p.hot(id):
		p.rect(0, y, width, rowHeight, p.pal.hover)
	}
	p.hline(0, y+rowHeight-1, width)
	tip := ""
	p.light(r.Light, c.clock, cy, 14)
	p.clockBar(r.Bar, c.clock+20, cy, c.bar)
	words := p.second()
	switch {
	case r.Light.Urgent():
		words.bold, words.ink = true, p.pal.red
	case r.Light == state.Near:
		words.bold, words.ink = true, p.pal.amberText
	}
	p.text(c.clock+20+c.bar+8, cy, r.Clock, words)
	number := p.second()
	if r.Number[0] < '0' || r.Number[0] > '9' {
		number.ink, number.size = p.pal.text3, sizeSmall
	}
	p.fit(c.number, cy, c.kind-c.number-8, r.Number, number)
	p.fit(c.kind, cy, c.place-c.kind-8, r.Type, p.body())
	if p.fitFront(c.place, cy, c.placeW, r.Place, p.body()) {
		tip = r.Place
	}
	if c.grid >= 0 {
		p.fit(c.grid, cy, c.unit-c.grid-8, r.Grid, p.second())
	}
	p.fit(c.unit, cy, c.state-c.unit-8, r.Unit, p.body())
	p.fit(c.state, cy, c.mark-c.state-8, r.State, p.body())
	mark := style{size: sizeSmall, ink: p.pal.text3}
	if r.Strong {
		mark.ink = p.pal.red
	}
	x := c.mark
	if name, tone := markIcon(r.MarkSync); name != "" {
		p.icon(name, x, cy, 14, p.pal.tone(tone))
		x += 18
	}
	p.fit(x, cy, width-x-8, r.Mark, mark)
	p.hit(0, y, width, rowHeight, id, tip, func() { w.tapEvent(r.ID) })
}

func (w *Window) tapEvent(id block.ID) {
	for _, v := range w.events.Page().Events {
		if v.ID == id {
			if !w.selectRow(v, w.modifiers()) {
				w.selectEvent(v)
			}
			return
		}
	}
}

// markIcon is the sign of a record's way to the server; none for a proved one in a list, where it would be everywhere.
func markIcon(m state.SyncMark) (string, state.Tone) {
	switch m {
	case state.Draft:
		return "pencil", state.ToneLesser
	case state.Queued:
		return "cloud-upload", state.ToneAccent
	case state.Sent:
		return "cloud-check", state.ToneAccent
	case state.Conflicted:
		return "git-compare", state.ToneNear
	case state.Returned:
		return "alert-octagon", state.ToneLate
	default:
		return "", state.TonePlain
	}
}
