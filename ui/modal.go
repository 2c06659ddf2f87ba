package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// showModal puts content into a box over the window with a title line and a foot of buttons (nil: a close button).
func (w *Window) showModal(title string, content fyne.CanvasObject, size fyne.Size, foot *sheet) {
	w.closeModal()
	w.leaveSearch()
	w.tip("", fyne.Position{})
	root := w.parts.root.Size()
	size = fyne.NewSize(min(size.Width, root.Width-32), min(size.Height, root.Height-32))
	head := newSheet(w, func(p *pen, width, h float32) {
		p.fit(16, h/2, width-64, title, style{size: 16, bold: true, ink: p.pal.text1})
		p.icon("x", width-32, h/2, 16, p.pal.text2)
		p.hit(width-40, 4, 36, h-8, "modal-close", w.lang.T("close"), w.closeModal)
		p.hline(0, h-1, width)
	})
	if foot == nil {
		foot = w.footer(action{label: w.lang.T("close"), tap: w.closeModal})
	}
	box := container.New(&modalLayout{size}, head, content, foot)
	w.modal = widget.NewModalPopUp(box, w.win.Canvas())
	w.modalFoot = foot
	w.modal.Show()
}

func (w *Window) closeModal() {
	if w.modal == nil {
		return
	}
	m := w.modal
	w.modal = nil
	w.syncSheet, w.importView, w.themeView = nil, nil, nil
	m.Hide()
}

// modalLayout stacks head, content and foot.
type modalLayout struct{ size fyne.Size }

func (m *modalLayout) MinSize([]fyne.CanvasObject) fyne.Size { return m.size }

func (m *modalLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	const head, foot = 44, 52
	put := func(o fyne.CanvasObject, y, h float32) {
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, h))
	}
	put(objects[0], 0, head)
	put(objects[1], head, size.Height-head-foot)
	put(objects[2], size.Height-foot, foot)
}

// action is a button of a modal's foot. A nil tap draws it as switched off.
type action struct {
	label string
	tap   func()
	main  bool
	key   string // shown beside the label
}

// footer is a line of buttons at the right; the last one is the outermost.
func (w *Window) footer(actions ...action) *sheet {
	return newSheet(w, func(p *pen, width, h float32) { p.footerButtons(width, h, actions) })
}

func (p *pen) footerButtons(width, h float32, actions []action) {
	p.hline(0, 0, width)
	x := width - 16
	for i := len(actions) - 1; i >= 0; i-- {
		a := actions[i]
		bw := max(72, p.buttonWidth("", a.label)+8)
		if a.key != "" {
			bw += round(p.width(a.key, p.small())) + 6
		}
		x -= bw
		p.buttonAt(x, (h-30)/2, bw, 30, "act-"+a.label, "", a.label, a.key, a.main, a.tap)
		x -= 8
	}
}

// boxEntry is an entry in a modal box: Esc closes the box, Ctrl+Enter does what its main button does.
type boxEntry struct {
	widget.Entry
	w      *Window
	submit func() // of Ctrl+Enter; may be nil
}

func newBoxEntry(w *Window, lines bool) *boxEntry {
	e := &boxEntry{w: w}
	e.MultiLine = lines
	if lines {
		e.Wrapping = fyne.TextWrapWord
	}
	e.ExtendBaseWidget(e)
	return e
}

// TypedKey implements fyne.Focusable.
func (e *boxEntry) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyEscape, fyne.KeyF11:
		e.w.typedKey(k)
	default:
		e.Entry.TypedKey(k)
	}
}

// TypedShortcut implements fyne.Shortcutable.
func (e *boxEntry) TypedShortcut(s fyne.Shortcut) {
	if e.submit != nil && s.ShortcutName() == submitKey.ShortcutName() {
		e.submit()
		return
	}
	e.Entry.TypedShortcut(s)
}

var submitKey = &desktop.CustomShortcut{KeyName: fyne.KeyReturn, Modifier: fyne.KeyModifierShortcutDefault}
