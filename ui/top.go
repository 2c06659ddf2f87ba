package ui

import (
	"strconv"

	"image/color"

	"kuaitu/ui/state"
)

func transparent(*palette) color.NRGBA { return color.NRGBA{} }

// drawTop draws the top bar: logo, title, the frame of the search box, sync badge, pending badge, user.
func (w *Window) drawTop(p *pen, width, h float32) {
	p.hline(0, h-1, width)
	rail := h
	p.icon("light-logo", round(rail/2-12), h/2, 24, p.pal.accent)
	p.vline(rail-1, 0, h)
	p.hit(0, 0, rail, h, "logo", w.lang.T("menu.file"), w.showMainMenu)

	s := w.facts.Sync
	link := "app.offline"
	switch {
	case !s.Enrolled:
		link = "app.standalone"
	case s.Online:
		link = "app.online"
	}
	room := w.parts.entry.box.X - rail - 24
	p.fit(rail+12, h/2-8, room, w.windowTitle(), style{size: sizeHeading, bold: true, ink: p.pal.text1})
	p.fit(rail+12, h/2+11, room, w.lang.T("app.post.desk")+w.lang.T("dot")+w.lang.T(link), style{size: sizeMicro, ink: p.pal.text2})

	box, boxW := w.parts.entry.box, w.parts.entry.boxW
	edge, thick := p.pal.strong, float32(1)
	if w.parts.entry.active {
		edge, thick = p.pal.accent, 2
	}
	p.boxed(box.X, box.Y, boxW, 32, p.pal.raised, edge, 4, thick)
	p.icon("search", box.X+9, h/2, 16, p.pal.text2)
	if sum := state.HitSummary(w.lang, w.hits); w.parts.entry.active && sum != "" {
		p.right(box.X+boxW-10, h/2, sum, p.small())
	} else {
		p.box(box.X+boxW-50, box.Y+7, 41, 18, p.pal.panel, p.pal.line, 3)
		p.center(box.X+boxW-29.5, h/2, mainModifierName()+" K", style{size: sizeMicro, ink: p.pal.text3})
	}

	user := w.deps.User
	if user == "" {
		user = w.lang.T("user.none")
	}
	st := style{size: sizeBody, ink: p.pal.text1}
	x := width - 12
	x -= p.right(x, h/2, user, st) + 24
	p.icon("user", round(x), h/2, 16, p.pal.text2)
	x -= 17
	p.vline(round(x), h/2-12, 24)
	x -= 16

	if s.Enrolled || s.Pending > 0 {
		n := strconv.Itoa(s.Pending)
		end := x
		x -= p.right(x, h/2, n, style{size: sizeBody, bold: true, ink: p.pal.text1}) + 4
		x -= p.right(x, h/2, w.lang.T("sync.pending"), st) + 22
		p.icon("cloud-upload", round(x), h/2, 16, p.pal.accent)
		p.hit(x-6, 4, end-x+12, h-8, "pending", w.lang.T("sync.line.pending"), w.showSyncPanel)
		x -= 18
	}
	badge := s.Badge(w.lang, w.now())
	end := x
	if badge.Time != "" {
		x -= p.right(x, h/2, badge.Time, style{size: sizeBody, ink: p.pal.text3}) + 8
	}
	ink := p.pal.text1
	if badge.Colour == state.ToneNear {
		ink = p.pal.amberText
	}
	x -= p.right(x, h/2, badge.Text, style{size: sizeBody, ink: ink}) + 22
	p.icon(badge.Icon, round(x), h/2, 16, p.pal.tone(badge.Colour))
	p.hit(x-6, 4, end-x+12, h-8, "badge", w.lang.T("sync.title"), w.showSyncPanel)
}

// drawRail draws the column of icons at the left edge.
func (w *Window) drawRail(p *pen, width, h float32) {
	p.vline(width-1, 0, h)
	step := width
	late := w.events.Page().ByLight
	overdue := late[state.Late] + late[state.Urged]
	for i, item := range []struct {
		icon, key string
		on        bool
		badge     int
		tap       func()
	}{
		{"map-2", "rail.map", true, 0, w.toggleLeft},
		{"inbox", "rail.inbox", w.desk.list, overdue, w.toggleList},
		{"building-community", "menu.view.right", w.desk.right, 0, w.toggleRight},
		{"map-pin-plus", "rail.report", false, 0, w.startReport},
		{"cloud-upload", "rail.sync", false, w.facts.Sync.Conflicts + w.facts.Sync.Rejected, w.showSyncPanel},
		{"file-import", "rail.import", false, 0, w.showImport},
		{"settings", "rail.settings", false, 0, w.showMainMenu},
	} {
		y := float32(i) * step
		if i >= 4 {
			y += 12
		}
		ink := p.pal.text2
		if p.hot(item.key) {
			p.rect(0, y, width-1, step, p.pal.hover)
		}
		if item.on {
			ink = p.pal.accent
		}
		if i == 0 { // the page; the icons below it switch panels or open boxes
			p.rect(0, y, width-1, step, p.pal.tint)
			p.rect(0, y, 3, step, p.pal.accent)
		}
		p.icon(item.icon, round(width/2-10), y+step/2, 20, ink)
		if item.badge > 0 {
			n := strconv.Itoa(min(item.badge, 99))
			bw := max(14, p.width(n, style{size: sizeMicro, bold: true})+8)
			p.box(width-bw-4, y+4, bw, 14, p.pal.redFill, color.NRGBA{}, 2)
			p.center(width-bw/2-4, y+11, n, style{size: sizeMicro, bold: true, ink: p.pal.onRed})
		}
		p.hit(0, y, width, step, item.key, w.lang.T(item.key), item.tap)
	}
	p.hline(8, 4*step+6, width-17)
}
