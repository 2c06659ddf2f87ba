package ui

import (
	"fyne.io/fyne/v2"

	"kuaitu/ui/state"
)

const (
	offlineLine  = 44 // height of a line of fields
	offlineLabel = 96 // width of their labels
	offlineRow   = 52 // height of a row of the list
)

// MinSize implements fyne.Layout.
func (v *offlineView) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(600, 330) }

// Layout implements fyne.Layout: the fields of a new area one below the other, the picture at the right of what was found.
func (v *offlineView) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Resize(size)
	for i, f := range []fyne.CanvasObject{v.base, v.scope, v.name, v.level, v.quota} {
		width := size.Width - offlineLabel - 16
		switch f {
		case v.level:
			width = 250
		case v.quota:
			width = 120
		}
		f.Move(fyne.NewPos(offlineLabel, 14+float32(i)*offlineLine))
		f.Resize(fyne.NewSize(width, 32))
	}
	v.picture.Move(fyne.NewPos(16, 92))
	v.picture.Resize(fyne.NewSize(size.Width-32, size.Height-108))
}

func (v *offlineView) draw(p *pen, width, h float32) {
	switch {
	case v.list:
		v.drawList(p, width, h)
	case v.w.offline.d.Phase() == state.OfflineChoosing:
		v.drawChoices(p, width, h)
	default:
		v.drawRun(p, width, h)
	}
}

// drawChoices draws the labels of the fields and the estimate.
func (v *offlineView) drawChoices(p *pen, width, h float32) {
	l := v.w.lang
	for i, key := range []string{"offline.base", "offline.scope", "offline.name", "offline.level", "offline.quota"} {
		p.fit(16, 30+float32(i)*offlineLine, offlineLabel-24, l.T(key), p.second())
	}
	for i := range 2 {
		p.box(offlineLabel-1, 13+float32(i)*offlineLine, width-offlineLabel-14, 34, p.pal.raised, p.pal.strong, 5)
	}
	p.rect(offlineLabel+12, 30+3*offlineLine-1, 226, 3, p.pal.line) // the slider's own track is as light as the panel
	p.fit(offlineLabel+262, 30+3*offlineLine, width-offlineLabel-278, v.levelWords(), p.second())
	p.fit(offlineLabel+132, 30+4*offlineLine, width-offlineLabel-148, l.T("offline.quota.unit"), p.second())
	y := float32(5*offlineLine + 14)
	p.hline(16, y, width-32)
	y += 14
	quota, ok := state.ParseQuota(v.quota.Text)
	switch {
	case !ok:
		v.problem(p, y, width, l.T("offline.quota.bad"))
		return
	case v.estimate == nil && v.wrong == nil:
		p.icon("clock", 16, y+12, 16, p.pal.text3)
		p.text(40, y+12, l.T("offline.estimating"), p.second())
		return
	case v.estimate != nil:
		size, room := v.estimate.Words(l, quota)
		p.fit(16, y+12, width-32, size, p.heading())
		p.fit(16, y+36, width-32, room, p.second())
		y += 54
	}
	if v.wrong != nil {
		v.problem(p, y, width, state.OfflineFailure(l, v.wrong))
	} else {
		p.wrap(16, y, width-32, 20, 3, l.T("offline.hint"), p.small())
	}
}

func (v *offlineView) problem(p *pen, y, width float32, text string) {
	p.icon("alert-octagon", 16, y+10, 16, p.pal.red)
	p.wrap(40, y, width-56, 20, 3, text, p.body())
}

// drawRun draws how far it is, or how it ended.
func (v *offlineView) drawRun(p *pen, width, h float32) {
	w, d := v.w, &v.w.offline.d
	text, share := d.Line(w.lang, w.now())
	switch d.Phase() {
	case state.OfflineDone:
		a := d.Result().Area
		p.icon("shield-check", 16, 28, 20, p.pal.accent)
		p.fit(44, 28, width-60, w.lang.T("offline.proved", a.Name), p.heading())
		p.fit(44, 52, width-60, w.lang.T("offline.proved.what", w.lang.Count(int(a.Tiles)), w.lang.Bytes(a.Bytes)), p.second())
		p.fit(44, 74, width-60, w.lang.T("offline.proved.use"), p.small())
		return
	case state.OfflineStopped:
		icon, ink := "alert-octagon", p.pal.red
		if d.Paused() {
			icon, ink = "clock", p.pal.text2
		}
		p.icon(icon, 16, 28, 18, ink)
		y := 22 + p.wrap(44, 18, width-60, 20, 4, d.Stopped(w.lang), p.body())
		if d.Result().Area.ID != "" {
			p.wrap(44, y, width-60, 20, 2, w.lang.T("offline.kept"), p.second())
		}
		return
	}
	p.fit(16, 28, width-32, d.Name(), p.heading())
	p.fit(16, 60, width-32, text, p.body())
	p.rect(16, 80, width-32, 4, p.pal.line)
	if share > 0 {
		p.rect(16, 80, round((width-32)*float32(share)), 4, p.pal.accent)
	}
	if d.Waiting() {
		p.icon("wifi-off", 16, 112, 16, p.pal.amberText)
		p.wrap(40, 102, width-56, 20, 2, w.lang.T("offline.waiting"), style{size: sizeBody, ink: p.pal.amberText})
	} else {
		p.wrap(16, 102, width-32, 20, 2, w.lang.T("offline.behind"), p.second())
	}
}

// drawList draws the areas that are kept.
func (v *offlineView) drawList(p *pen, width, h float32) {
	w, l := v.w, v.w.lang
	areas := w.deps.Offline.Areas()
	if len(areas) == 0 {
		p.notice(0, 0, width, min(h, 240), state.Notice{Title: l.T("offline.list.none"), Text: l.T("offline.list.none.do")})
		return
	}
	total := int64(0)
	for _, a := range areas {
		total += a.Bytes
	}
	head := l.T("offline.list.sum", l.Count(len(areas)), l.Bytes(total))
	if v.said != "" {
		head = v.said
	}
	p.fit(16, 20, width-32, head, p.second())
	shown := int((h - 36) / offlineRow)
	v.first = max(0, min(v.first, len(areas)-shown))
	for i := v.first; i < len(areas) && i < v.first+shown; i++ {
		v.drawArea(p, areas[i], 36+float32(i-v.first)*offlineRow, width)
	}
	p.scrollBar(width-6, 36, h-36, v.first, shown, len(areas))
}

func (v *offlineView) drawArea(p *pen, a state.OfflineArea, y, width float32) {
	w, l := v.w, v.w.lang
	p.hline(16, y, width-32)
	x := width - 16
	link := func(id, label string, ink colour, tap func()) {
		lw := p.right(x, y+offlineRow/2, label, style{size: sizeBody, ink: ink})
		p.hit(x-lw-6, y+6, lw+12, offlineRow-12, id+"-"+a.ID, "", tap)
		x -= lw + 20
	}
	taking := w.offline.d.Phase() == state.OfflineTaking
	switch {
	case v.sure == a.ID:
		link("off-keep", l.T("cancel"), p.pal.text2, func() { v.sure = ""; v.refresh() })
		link("off-sure", l.T("offline.delete.sure"), p.pal.red, func() { w.deleteOffline(a.ID) })
	default:
		if !taking || a.ID != w.offline.id {
			link("off-del", l.T("bookmarks.delete"), p.pal.text2, func() { v.sure = a.ID; v.refresh() })
		}
		if !taking && !a.Whole && a.CanResume {
			link("off-go", l.T("offline.resume"), p.pal.accent, func() { w.resumeOffline(a) })
		}
		if a.Whole || !a.Checked.IsZero() {
			link("off-check", l.T("offline.check"), p.pal.accent, func() { w.checkOffline(a) })
		}
	}
	words, tone := a.State(l)
	icon, ink := "shield-check", p.pal.accent
	if tone != state.TonePlain {
		icon, ink = "alert-triangle", p.pal.amberText
	}
	p.icon(icon, 16, y+offlineRow/2, 18, ink)
	if p.fit(44, y+17, x-52, a.Name+l.T("dot")+words, style{size: sizeBody, bold: true, ink: p.pal.text1}) {
		p.hit(44, y, x-52, 26, "off-name-"+a.ID, a.Name, nil)
	}
	p.fit(44, y+36, x-52, a.Describe(l, w.now()), p.small())
}

func (v *offlineView) drawFoot(p *pen, width, h float32) {
	w, l := v.w, v.w.lang
	d := &w.offline.d
	link := func(label string, tap func()) {
		tw := p.text(16, h/2, label, style{size: sizeBody, ink: p.pal.accent})
		p.hit(10, 4, tw+12, h-8, "offline-page", "", tap)
	}
	switch {
	case v.list && len(v.bases) > 0:
		label := l.T("offline.new")
		if d.Phase() == state.OfflineTaking {
			label = l.T("offline.running")
		}
		link(label, func() { v.list, v.said, v.sure = false, "", ""; v.changed() })
	case !v.list:
		link(l.T("offline.list.menu", l.Count(len(w.deps.Offline.Areas()))), func() { v.list = true; v.refresh() })
	}
	if v.list {
		p.footerButtons(width, h, []action{{label: l.T("close"), tap: w.closeModal, main: true}})
		return
	}
	switch d.Phase() {
	case state.OfflineTaking:
		p.footerButtons(width, h, []action{
			{label: l.T("offline.discard"), tap: func() { w.offline.discard = true; w.offline.cancel() }},
			{label: l.T("offline.pause"), tap: func() { d.Pause(); w.offline.cancel() }},
			{label: l.T("offline.background"), tap: w.closeModal, main: true},
		})
	case state.OfflineStopped:
		var again func()
		if a := d.Result().Area; a.ID != "" && a.CanResume {
			again = func() { w.resumeOffline(a) }
		}
		p.footerButtons(width, h, []action{{label: l.T("close"), tap: w.closeModal}, {label: l.T("offline.resume"), tap: again, main: true}})
	case state.OfflineDone:
		a := d.Result().Area
		var show func()
		if a.Whole {
			show = func() { w.closeModal(); w.chooseBase(OfflineBase + a.ID) }
		}
		p.footerButtons(width, h, []action{{label: l.T("offline.show"), tap: show}, {label: l.T("close"), tap: w.closeModal, main: true}})
	default:
		var start func()
		if v.estimate != nil && v.wrong == nil {
			start = v.start
		}
		p.footerButtons(width, h, []action{{label: l.T("cancel"), tap: w.closeModal}, {label: l.T("offline.start"), tap: start, main: true}})
	}
}
