package ui

import (
	"context"
	"strconv"

	"fyne.io/fyne/v2"
	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/ui/state"
)

// lookAroundShape looks around what was drawn on the map.
func (w *Window) lookAroundShape(shape orb.Geometry) {
	w.kit.name = ""
	w.lookAround(state.AroundQuery{Shape: shape, Metres: w.kit.metres})
}

// lookAroundRecord looks around a record.
func (w *Window) lookAroundRecord(ref state.Ref, name string) {
	w.kit.name = name
	w.lookAround(state.AroundQuery{Ref: ref, Metres: w.kit.metres})
}

// lookAround counts what lies around a shape, off the UI thread; the figures come kind by kind.
func (w *Window) lookAround(q state.AroundQuery) {
	k := &w.kit
	k.around.Ask(q)
	k.page = kitAround
	w.pinned["around"] = 0
	w.metresChanged()
	if q.Shape != nil {
		w.deps.Map.SetAround(q.Shape, nil)
	}
	ask(w, &k.counts, func(ctx context.Context) (state.Around, error) {
		return w.deps.Data.Around(ctx, q, func(a state.Around) {
			w.deps.Post(func() {
				if ctx.Err() != nil {
					return
				}
				if k.around.Counted() == 0 {
					w.deps.Map.SetAround(a.Shape, a.Outline)
				}
				k.around.Progress(a)
				w.parts.kit.Refresh()
			})
		})
	}, func(a state.Around, err error) {
		k.around.Done(a, err)
		w.kitChanged()
	})
	w.kitChanged()
}

// lookAgain looks with the distance that was chosen.
func (w *Window) lookAgain() {
	if q, ok := w.kit.around.Query(); ok && q.Metres != w.kit.metres {
		q.Metres = w.kit.metres
		w.lookAround(q)
	}
}

// stopAround ends the look that is under way; figures that are there stay.
func (w *Window) stopAround() {
	if w.kit.counts.cancel != nil {
		w.kit.counts.cancel()
	}
	w.kit.around.Cancelled()
	w.kitChanged()
}

// forgetAround takes the surroundings from the map.
func (w *Window) forgetAround() {
	w.stopAround()
	if w.kit.rowsJob.cancel != nil {
		w.kit.rowsJob.cancel()
	}
	w.kit.around = state.AroundView{}
	w.deps.Map.SetAround(nil, nil)
}

// typedMetres takes the distance that was typed.
func (w *Window) typedMetres() {
	m, err := state.ParseAroundM(w.kit.entry.Text)
	if w.kit.badM = err != nil; err == nil {
		w.kit.metres = m
		w.lookAgain()
	}
	w.kitChanged()
}

// metresChanged shows the distance in the entry.
func (w *Window) metresChanged() {
	w.kit.badM = false
	w.kit.entry.SetText(strconv.FormatFloat(w.kit.metres, 'f', -1, 64))
}

// The line of the distance: a slider, and an entry at its right.
const (
	aroundSubject = 30
	aroundEntryW  = 84
	aroundSlider  = 16
	aroundCell    = 52
	aroundStatus  = 32
)

// slideAround sets the distance by a position on the slider.
func (w *Window) slideAround(x float32) {
	room := w.parts.kit.Size().Width - aroundSlider - aroundEntryW - 36
	w.kit.metres = state.AroundAt(float64((x - aroundSlider) / max(room, 1)))
	w.metresChanged()
	w.parts.kit.Refresh()
}

func (w *Window) aroundHeight() float32 {
	v := &w.kit.around
	if _, asked := v.Query(); !asked {
		return 72
	}
	h := float32(aroundSubject + 44 + 2*aroundCell + aroundStatus)
	return h + rowHeight*float32(max(3, v.Count(v.Kind()))) + 8
}

// drawAround draws the page of the surroundings: what is looked around, how far, the figures, the list of a kind.
func (w *Window) drawAround(p *pen, y, width, h float32) {
	v := &w.kit.around
	q, asked := v.Query()
	if !asked {
		hint := map[Tool]string{ToolAroundLine: "around.hint.line", ToolAroundPolygon: "around.hint.polygon"}[w.tool]
		if hint == "" {
			hint = "around.hint.point"
		}
		p.wrap(16, y+8, width-32, 20, 3, w.lang.T(hint), p.second())
		return
	}
	p.icon("radar-2", 14, y+aroundSubject/2+2, 16, p.pal.accent)
	p.fit(38, y+aroundSubject/2+2, width-54, q.Subject(w.lang, w.kit.name), p.body())
	w.drawDistance(p, y+aroundSubject, width)
	y += aroundSubject + 44
	w.drawAroundCells(p, y, width)
	y += 2 * aroundCell
	y = w.drawAroundStatus(p, y, width)
	if v.Kind() == "" || v.Busy() {
		return
	}
	rows := v.Rows()
	last := w.kitRows(p, "around", y, width, h-y-8, len(rows), func(i int, y float32) {
		r := rows[i]
		name := w.lang.Of(r.Label)
		if name == "" {
			name = w.lang.T("select.unnamed", w.lang.KindName(r.Ref.Kind))
		}
		w.kitRow(p, y, width, "around-"+r.Ref.ID.String(), r.Ref, name, r.Detail, state.AwayText(w.lang, r.Metres), r.Ref == w.dossier.Wanted(), func() { w.showAround(r) })
	})
	w.moreAround(last)
}

// drawDistance draws the slider and what stands behind the entry.
func (w *Window) drawDistance(p *pen, y, width float32) {
	room := width - aroundSlider - aroundEntryW - 36
	cy := y + 21
	at := round(aroundSlider + room*float32(state.AroundShare(w.kit.metres)))
	p.box(aroundSlider, cy-2, room, 4, p.pal.line, colour{}, 2)
	p.box(aroundSlider, cy-2, at-aroundSlider, 4, p.pal.accent, colour{}, 2)
	fill := p.pal.raised
	if p.hot("around-slider") {
		fill = p.pal.tint
	}
	p.boxed(at-7, cy-7, 14, 14, fill, p.pal.accent, 7, 2)
	p.hit(aroundSlider-8, cy-12, room+16, 24, "around-slider", w.lang.T("around.distance", state.LeastAroundM, state.MostAroundM), func() {})
	edge := p.pal.strong
	if w.kit.badM {
		edge = p.pal.red
	}
	p.box(width-16-aroundEntryW, y+6, aroundEntryW, 30, p.pal.raised, edge, 4)
	p.right(width-24, cy, "m", p.small())
}

// drawAroundCells draws how many there are of each kind; a cell lists its kind.
func (w *Window) drawAroundCells(p *pen, y, width float32) {
	v := &w.kit.around
	p.hline(1, y, width-2)
	cell := (width - 2) / 3
	have := v.Result().Counts
	for i, kind := range state.AroundKinds {
		x, cy := round(1+cell*float32(i%3)), y+aroundCell*float32(i/3)
		id := "count-" + string(kind)
		on := v.Kind() == kind && !v.Busy()
		var tap func()
		figure, ink := "…", p.pal.text3
		if i < len(have) {
			figure = w.lang.Count(v.Count(kind))
			if v.Count(kind) > 0 {
				ink = p.pal.text1
				tap = func() { w.listAround(kind) }
			}
		}
		switch {
		case on:
			p.rect(x, cy+1, round(cell), aroundCell-1, p.pal.tint)
		case tap != nil && p.hot(id):
			p.rect(x, cy+1, round(cell), aroundCell-1, p.pal.hover)
		}
		if i%3 > 0 {
			p.vline(x, cy, aroundCell)
		}
		p.text(x+14, cy+19, figure, style{size: sizeTitle, bold: true, ink: ink})
		p.fit(x+14, cy+40, cell-20, w.lang.KindsName(kind), style{size: sizeSmall, ink: p.pal.text2})
		p.hit(x, cy, cell, aroundCell, id, "", tap)
		if i%3 == 2 {
			p.hline(1, cy+aroundCell, width-2)
		}
	}
}

// drawAroundStatus draws the line between figures and list: how far the count is, what went wrong, what is listed.
func (w *Window) drawAroundStatus(p *pen, y, width float32) float32 {
	v := &w.kit.around
	cy := y + aroundStatus/2
	switch {
	case v.Busy():
		all := len(state.AroundKinds)
		p.text(16, cy, w.lang.T("around.busy", v.Counted(), all), p.second())
		p.rect(1, y+1, (width-2)*float32(v.Counted())/float32(all), 2, p.pal.accent)
		bw := p.buttonWidth("", w.lang.T("cancel"))
		p.buttonAt(width-12-bw, y+4, bw, 24, "around-stop", "", w.lang.T("cancel"), "", false, w.stopAround)
	case v.Err() != nil:
		n := state.Failure(w.lang, v.Err())
		p.icon("alert-octagon", 14, cy, 16, p.pal.red)
		p.fit(38, cy, width-54, n.Title+w.lang.T("stop")+n.Text, p.body())
	case v.Counted() < len(state.AroundKinds):
		p.text(16, cy, w.lang.T("around.stopped"), p.second())
		label := w.lang.T("around.again")
		bw := p.buttonWidth("", label)
		p.buttonAt(width-12-bw, y+4, bw, 24, "around-again", "", label, "", false, func() {
			q, _ := v.Query()
			w.lookAround(q)
		})
	case v.Kind() == "":
		p.text(16, cy, w.lang.T("around.none"), p.second())
	default:
		text := w.lang.T("around.list", w.lang.KindsName(v.Kind()))
		if v.Kind() == "person" {
			text += w.lang.T("dot") + w.lang.T("around.masked")
		}
		p.fit(16, cy, width-32, text, p.small())
	}
	p.hline(1, y+aroundStatus-1, width-2)
	return y + aroundStatus
}

// listAround lists the records of a kind.
func (w *Window) listAround(kind block.Kind) {
	w.kit.around.List(kind)
	w.pinned["around"] = 0
	w.kitChanged()
}

// moreAround asks for the next rows of the list when those that are there are nearly seen.
func (w *Window) moreAround(last int) {
	v := &w.kit.around
	skip, ok := v.Next(last)
	if !ok {
		return
	}
	q, _ := v.Query()
	kind := v.Kind()
	ask(w, &w.kit.rowsJob, func(ctx context.Context) ([]state.AroundHit, error) {
		return w.deps.Data.AroundList(ctx, q, kind, skip, state.AroundPage)
	}, func(rows []state.AroundHit, err error) {
		if err != nil {
			fyne.LogError("list the surroundings", err)
		}
		v.Page(kind, skip, rows, err)
		w.parts.kit.Refresh()
	})
}

// showAround flies to a record of the list and opens it.
func (w *Window) showAround(r state.AroundHit) {
	if r.HasAt {
		w.deps.Map.MoveTo(r.At, max(18, w.deps.Map.View().Zoom))
	}
	w.deps.Map.Select(r.Ref)
	if r.Ref.Kind == "event" {
		w.events.Select(r.Ref.ID)
		w.reveal("events", w.events.Index(), w.visibleEventRows())
		w.parts.events.Refresh()
	}
	w.open(r.Ref)
	w.parts.kit.Refresh()
}
