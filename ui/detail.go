package ui

import (
	"context"

	"fyne.io/fyne/v2"

	"kuaitu/ui/state"
)

// open shows a record's dossier in the right panel, unless the panel is pinned.
func (w *Window) open(ref state.Ref) {
	if !w.dossier.Ask(ref) {
		return
	}
	w.pinned["detail"] = 0
	w.opened, w.follow = true, ref
	if !w.desk.right {
		w.desk.right = true
		w.desk.relayout()
	}
	w.loadDossier(ref)
}

// showHome fills the panel with the user's region, without opening it.
func (w *Window) showHome() {
	if ref := state.RefOf("region", w.deps.Home); !w.deps.Home.IsZero() && w.dossier.Ask(ref) {
		w.pinned["detail"] = 0
		w.loadDossier(ref)
	}
}

func (w *Window) loadDossier(ref state.Ref) {
	ask(w, &w.jobs.dossier, func(ctx context.Context) (state.Dossier, error) { return w.deps.Data.Dossier(ctx, ref) },
		func(d state.Dossier, err error) {
			if w.dossier.Show(ref, d, err) {
				if err == nil && !d.Region.IsZero() && w.follow == ref {
					w.follow = state.Ref{}
					w.followRegion(d.Region)
				}
				w.parts.detail.Refresh()
				w.parts.detailFoot.Refresh()
			}
		})
	w.parts.detail.Refresh()
	w.parts.detailFoot.Refresh()
}

// locate moves the map to the open record.
func (w *Window) locate(ref state.Ref) {
	d, ok := w.dossier.Dossier()
	if !ok || d.Ref != ref || !d.HasAt {
		return
	}
	if b := d.Bound; !b.IsZero() && !b.IsEmpty() && b.Min != b.Max {
		w.deps.Map.Fit(b)
	} else {
		w.deps.Map.MoveTo(d.At, max(17, w.deps.Map.View().Zoom))
	}
	w.deps.Map.Select(ref)
}

func (w *Window) closeDetail() {
	w.dossier.Close()
	w.desk.right = false
	w.deps.Map.Select(state.Ref{})
	w.desk.relayout()
	w.parts.detail.Refresh()
}

func (w *Window) scrollDetail(dy float32) {
	w.pinned["detail"] = max(0, w.pinned["detail"]-int(dy))
	w.parts.detail.Refresh()
}

// drawDetail draws the dossier summary. Its length is known after drawing, so an offset that is too large is mended by
// drawing once more.
func (w *Window) drawDetail(p *pen, width, h float32) {
	objects, hits := len(p.objects), len(p.hits)
	for range 2 {
		used := w.drawDossier(p, width, h, float32(w.pinned["detail"]))
		limit := int(max(0, used-h+8))
		if w.pinned["detail"] <= limit {
			break
		}
		w.pinned["detail"] = limit
		p.objects, p.hits = p.objects[:objects], p.hits[:hits]
	}
	p.vline(0, 0, h)
}

// drawDossier draws from the offset and returns the length of the whole.
func (w *Window) drawDossier(p *pen, width, h, offset float32) float32 {
	const pad = 16
	d, ok := w.dossier.Dossier()
	p.icon("x", width-32, 21, 16, p.pal.text2)
	p.hit(width-40, 6, 32, 30, "detail-close", w.lang.T("close"), w.closeDetail)
	if !ok {
		p.notice(0, 40, width, min(h-40, 240), w.dossier.Notice(w.lang))
		return h
	}
	pinInk := p.pal.text2
	if w.dossier.Pinned() {
		pinInk = p.pal.accent
	}
	p.icon("pin", width-60, 21, 16, pinInk)
	p.hit(width-68, 6, 28, 30, "detail-pin", "", func() { w.dossier.Pin(!w.dossier.Pinned()); w.parts.detail.Refresh() })

	y := 12 - offset
	head := d.Heading(w.lang)
	if d.Made {
		head += w.lang.T("dot") + w.lang.T("dossier.made")
	}
	p.text(pad, y+9, head, style{size: sizeSmall, ink: p.pal.text2})
	y += 34
	p.fit(pad, y, width-2*pad, w.lang.Of(d.Title), style{size: sizeTitle, bold: true, ink: p.pal.text1})
	if d.Sync != state.NoMark {
		if name, tone := markIcon(d.Sync); name != "" {
			end := width - pad
			end -= p.right(end, y, d.Sync.Words(w.lang), p.small()) + 18
			p.icon(name, end, y, 14, p.pal.tone(tone))
		}
	}
	y += 15
	small := style{size: sizeSmall, ink: p.pal.text2}
	if d.Code != "" {
		code := state.GroupCode(d.Code)
		cw := p.text(pad, y+9, code, small)
		p.icon("copy", pad+cw+6, y+9, 14, p.pal.text2)
		p.hit(pad, y, cw+26, 18, "copy", w.lang.T("dossier.copy"), func() { w.app.Clipboard().SetContent(d.Code) })
		y += 18
	}
	place := d.Place
	if n := len(d.Aliases); n > 0 {
		if place != "" {
			place += w.lang.T("dot")
		}
		place += w.lang.T("dossier.alias", n)
	}
	if place != "" {
		y += p.wrap(pad, y, width-2*pad, 18, 2, place, small)
	}
	if len(d.Tags) > 0 {
		y += 8
		x := float32(pad)
		for _, t := range d.Tags {
			tag := w.lang.Of(t)
			if x > pad && x+16+p.width(tag, small) > width-pad {
				x, y = pad, y+26
			}
			x += p.chip(x, y, "", state.NoLight, tag, false, nil) + 8
		}
		y += 22
	}
	y += 12
	for _, row := range d.FigureRows() {
		p.hline(0, y, width)
		cell := width / 3
		for i, f := range row {
			x := round(float32(i) * cell)
			if i > 0 {
				p.vline(x, y, 63)
			}
			w.drawFigure(p, x+12, y, f)
		}
		y += 63
	}
	p.hline(0, y, width)
	if d.Lights.Any() {
		y = w.drawLights(p, y, width, d.Lights)
	}
	if d.Matrix != nil {
		y = w.drawMatrix(p, y, width, d.Matrix)
	}
	if len(d.Below) > 0 {
		y = w.drawBelow(p, y, width, d)
	}
	for _, s := range d.Sections {
		p.text(pad, y+19, w.lang.Of(s.Head), p.heading())
		p.right(width-pad, y+19, w.lang.Of(s.Note), small)
		y += 32
		col := w.factColumn(p, s.Facts)
		for _, f := range s.Facts {
			y += w.drawFact(p, y, width, col, f)
		}
		y += 8
		p.hline(0, y, width)
	}
	if len(d.Past) > 0 {
		p.text(pad, y+19, w.lang.T("dossier.past"), p.heading())
		if d.PastAll > len(d.Past) {
			aw := p.right(width-pad, y+19, w.lang.T("dossier.past.all", w.lang.Count(d.PastAll)), style{size: sizeSmall, ink: p.pal.accent})
			p.hit(width-pad-aw-6, y+6, aw+12, 26, "past-all", "", func() { w.showDossier(d) })
		}
		y += 32
		for _, m := range d.Past {
			st := p.body()
			if m.Urgent {
				st.ink = p.pal.red
			}
			p.text(pad, y+11, w.lang.Day(m.At, w.now()), small)
			by := p.right(width-pad, y+11, m.By, small)
			p.fit(pad+48, y+11, width-2*pad-48-by-8, w.lang.Of(m.Text), st)
			y += 26
		}
	}
	return y + offset
}

// drawLights draws how the open events stand: a bar of their shares, with the counts below it.
func (w *Window) drawLights(p *pen, y, width float32, n state.Lights) float32 {
	const pad = 16
	parts := []struct {
		light state.Light
		count int
		ink   colour
	}{
		{state.Late, n[state.Late] + n[state.Urged], p.pal.redFill}, {state.Near, n[state.Near], p.pal.amber},
		{state.InTime, n[state.InTime], p.pal.green}, {state.Stopped, n[state.Stopped], p.pal.strong},
	}
	all := 0
	for _, part := range parts {
		all += part.count
	}
	if all == 0 {
		return y
	}
	x, room := float32(pad), width-2*pad
	for _, part := range parts {
		if share := round(room * float32(part.count) / float32(all)); share > 0 {
			p.rect(x, y+16, max(share-1, 1), 4, part.ink)
			x += share
		}
	}
	x = pad
	small := style{size: sizeSmall, ink: p.pal.text2}
	for _, part := range parts {
		text := part.light.Words(w.lang) + " " + w.lang.Count(part.count)
		if x > pad && x+17+p.width(text, small) > width-8 {
			x, y = pad, y+20
		}
		p.light(part.light, x, y+36, 12)
		x += 17 + p.text(x+17, y+36, text, small) + 12
	}
	y += 54
	p.hline(0, y, width)
	return y
}

// drawBelow draws the table of the regions that a region is divided into; a row opens that region.
func (w *Window) drawBelow(p *pen, y, width float32, d state.Dossier) float32 {
	const pad, line = 16, 26
	head := style{size: sizeSmall, ink: p.pal.text3}
	p.text(pad, y+19, w.lang.T("dossier.below"), p.heading())
	p.right(width-pad-64, y+19, w.lang.T("regions.buildings"), head)
	p.right(width-pad, y+19, w.lang.T("regions.open"), head)
	y += 34
	for _, b := range d.Below {
		id := "below-" + b.Ref.ID.String()
		if p.hot(id) {
			p.rect(1, y, width-1, line, p.pal.hover)
		}
		cy := y + line/2
		p.right(width-pad-64, cy, w.lang.Count(b.Buildings), p.second())
		open := w.lang.Count(b.Open)
		p.right(width-pad, cy, open, p.second())
		if b.Worst >= state.Near {
			p.light(b.Worst, round(width-pad-p.width(open, p.second())-18), cy, 12)
		}
		p.fit(pad, cy, width-pad-64-60-pad, w.lang.Of(b.Name), p.body())
		p.hit(1, y, width-1, line, id, "", func() { w.openRegion(b.Ref.ID) })
		y += line
	}
	if more := d.BelowAll - len(d.Below); more > 0 {
		p.text(pad, y+line/2, w.lang.T("dossier.below.more", w.lang.Count(more)), head)
		y += line
	}
	y += 8
	p.hline(0, y, width)
	return y
}

func (w *Window) drawFigure(p *pen, x, y float32, f state.Figure) {
	ink := p.pal.text1
	switch f.Light {
	case state.Late, state.Urged:
		p.light(f.Light, x, y+24, 14)
		x += 20
		ink = p.pal.red
	case state.Near:
		ink = p.pal.amberText
	}
	p.text(x, y+24, w.lang.Count(f.Value), style{size: sizeTitle, bold: true, ink: ink})
	if f.Light.Urgent() {
		x -= 20
	}
	p.text(x, y+47, w.lang.Of(f.Label), style{size: sizeSmall, ink: p.pal.text2})
}

// factColumn is how wide the labels of a section are: 48 units for two Han characters, more for longer ones.
func (w *Window) factColumn(p *pen, facts []state.Fact) float32 {
	col := float32(48)
	for _, f := range facts {
		col = max(col, min(p.width(w.lang.Of(f.Label), p.second())+12, 132))
	}
	return round(col)
}

// drawFact draws a labelled value and returns the height it took.
func (w *Window) drawFact(p *pen, y, width, col float32, f state.Fact) float32 {
	const pad = 16
	x := pad + col
	p.fit(pad, y+13, col-6, w.lang.Of(f.Label), p.second())
	room := width - pad - x
	if f.Masked {
		room -= 22
		p.icon("eye-off", width-pad-16, y+13, 14, p.pal.text3)
	}
	value := w.lang.Of(f.Value)
	if value == "" {
		value = "—"
	}
	lines := p.wrap(x, y+3, room, 20, 3, value, p.body())
	return lines + 6
}

// drawDetailFoot draws the foot of the panel: sources, the reason for seeing it, the buttons.
func (w *Window) drawDetailFoot(p *pen, width, h float32) {
	p.vline(0, 0, h)
	d, ok := w.dossier.Dossier()
	if !ok {
		return
	}
	p.hline(0, 0, width)
	small := style{size: sizeSmall, ink: p.pal.text2}
	line := func(y float32, name, text string) {
		p.icon(name, 16, y, 14, p.pal.text3)
		p.fit(36, y, width-52, text, small)
	}
	switch {
	case d.Sources != "" && !d.AsOf.IsZero():
		line(18, "info-circle", w.lang.T("dossier.sources", d.Sources, w.lang.Time(d.AsOf, w.now())))
	case d.Sources != "":
		line(18, "info-circle", w.lang.T("dossier.sources.undated", d.Sources))
	}
	if d.Reason != "" {
		line(36, "eye", w.lang.T("dossier.reason", d.Reason))
	}
	var tap func()
	if d.HasAt {
		tap = func() { w.locate(d.Ref) }
	}
	lw := p.buttonWidth("focus-centered", w.lang.T("dossier.locate"))
	p.buttonAt(width-16-lw, h-42, lw, 28, "locate", "focus-centered", w.lang.T("dossier.locate"), "", false, tap)
	room := width - 32 - lw - 8
	if d.HasAt && d.Ref.Kind != "region" {
		aw := p.buttonWidth("radar-2", w.lang.T("dossier.around"))
		room -= aw + 8
		p.buttonAt(16+room+8, h-42, aw, 28, "around", "radar-2", w.lang.T("dossier.around"), "", false, func() { w.lookAroundRecord(d.Ref, w.lang.Of(d.Title)) })
	}
	p.buttonAt(16, h-42, room, 28, "open", "", w.lang.T("dossier.open"), "Enter", true, func() { w.showDossier(d) })
}

func (w *Window) detailKeyOpen() bool {
	d, ok := w.dossier.Dossier()
	if ok {
		w.showDossier(d)
	}
	return ok
}

// showDossier opens the whole dossier in a window of its own: everything the panel shows, with all of its history.
func (w *Window) showDossier(d state.Dossier) {
	s := newSheet(w, nil)
	at := float32(0)
	s.draw = func(p *pen, width, h float32) { w.drawWholeDossier(p, width, h, d, &at) }
	s.scroll = func(dy float32) { at = max(0, at-dy); s.Refresh() }
	w.showModal(w.lang.Of(d.Title), s, fyne.NewSize(720, 600), nil)
}
