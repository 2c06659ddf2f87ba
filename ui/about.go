package ui

import (
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
		for i, key := range []string{"about.data", "about.fonts", "about.icons"} {
			p.text(16, float32(84+i*20), w.lang.T(key), p.second())
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
