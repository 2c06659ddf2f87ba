package ui

import (
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"kuaitu/assets"
)

// showAbout opens the About window: version, whose data it is, and the licences of all parts.
func (w *Window) showAbout() {
	head := newSheet(w, func(p *pen, width, h float32) {
		p.icon("light-logo", 16, 36, 40, p.pal.accent)
		p.text(68, 26, w.lang.T("app.name"), style{size: sizeTitle, bold: true, ink: p.pal.text1})
		p.text(68, 50, w.lang.T("about.what")+w.lang.T("dot")+w.lang.T("about.version", w.deps.Version), p.second())
		lines := []string{w.lang.T("about.data", strings.Join(w.credits(), w.lang.T("goto.and"))), w.lang.T("about.fonts"), w.lang.T("about.icons")}
		for i, line := range lines {
			if p.fit(16, float32(84+i*20), width-32, line, p.second()) {
				p.hit(16, float32(74+i*20), width-32, 20, "about-"+strconv.Itoa(i), line, nil)
			}
		}
		p.text(16, 154, w.lang.T("about.third"), p.heading())
	})
	head.min = fyne.NewSize(0, 168)
	text := w.deps.Licences
	for _, part := range []string{"fonts", "icons"} {
		if licence, err := assets.Licence(part); err == nil {
			text += "\n\n" + licence
		}
	}
	label := widget.NewLabel(text)
	label.Wrapping = fyne.TextWrapWord
	w.showModal(w.lang.T("about.title"), container.NewBorder(head, nil, nil, nil, container.NewVScroll(label)), fyne.NewSize(640, 560), nil)
}
