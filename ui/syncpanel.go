package ui

import (
	"fyne.io/fyne/v2"
)

// showSyncPanel opens the panel that says what is to be sent, how much went, when, and the proof.
func (w *Window) showSyncPanel() {
	s := newSheet(w, w.drawSync)
	foot := newSheet(w, func(p *pen, width, h float32) {
		var now func()
		if w.facts.Sync.Panel(w.lang, w.now()).CanSync {
			now = w.syncNow
		}
		p.footerButtons(width, h, []action{{label: w.lang.T("close"), tap: w.closeModal}, {label: w.lang.T("sync.now"), tap: now, main: true}})
		p.text(16, h/2, "F5", p.small())
	})
	w.showModal(w.lang.T("sync.title"), s, fyne.NewSize(480, 540), foot)
	w.syncSheet = []*sheet{s, foot}
}

func (w *Window) refreshSyncPanel() {
	for _, s := range w.syncSheet {
		s.Refresh()
	}
}

func (w *Window) drawSync(p *pen, width, h float32) {
	panel := w.facts.Sync.Panel(w.lang, w.now())
	p.icon(panel.Icon, 16, 28, 20, p.pal.tone(panel.Tone))
	p.text(46, 28, panel.Headline, style{size: 16, bold: true, ink: p.pal.text1})
	y := 48 + p.wrap(16, 48, width-32, 20, 5, panel.Sentence, p.second())
	y += 12
	for _, line := range panel.Lines {
		p.hline(16, y, width-32)
		p.text(16, y+15, line.Label, p.second())
		st := p.body()
		if line.Tone != 0 {
			st.ink, st.bold = p.pal.tone(line.Tone), true
		}
		room := width - 48 - p.width(line.Label, st)
		p.right(width-16, y+15, p.cut(line.Value, room, st, false), st)
		y += 29
	}
	p.hline(16, y, width-32)
}
