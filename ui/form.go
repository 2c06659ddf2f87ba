package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// form is a box that asks for a few lines of text.
type form struct {
	title  string
	submit string // label of the main button
	fields []formField
	// note says something about what was typed so far, and whether it can be taken; nil says nothing and takes everything.
	note func(values []string) (text string, ok bool)
	// run does what the form is for. A text that is not empty says what is wrong; else the box is closed.
	run func(values []string) (wrong string)
}

type formField struct{ label, value, hint string }

// formView is an open form. Enter in any field does what the main button does.
type formView struct {
	w       *Window
	form    form
	entries []*boxEntry
	labels  *sheet
	foot    *sheet
	wrong   string
	column  float32
}

func (w *Window) showForm(f form) *formView {
	v := &formView{w: w, form: f, column: 72}
	for _, field := range f.fields {
		v.column = max(v.column, w.measure(field.label, sizeBody, false).Width+28)
	}
	v.labels = newSheet(w, v.drawLabels)
	objects := []fyne.CanvasObject{v.labels}
	for _, field := range f.fields {
		e := newBoxEntry(w, false)
		e.SetText(field.value)
		e.SetPlaceHolder(field.hint)
		e.OnChanged = func(string) { v.wrong = ""; v.refresh() }
		e.OnSubmitted = func(string) { v.submit() }
		e.submit = v.submit
		v.entries = append(v.entries, e)
		objects = append(objects, e)
	}
	v.foot = newSheet(w, v.drawFoot)
	w.formView = v
	w.showModal(f.title, container.New(v, objects...), fyne.NewSize(460, 44+52+float32(len(f.fields))*44+76), v.foot)
	if len(v.entries) > 0 {
		w.focus(v.entries[0])
		v.entries[0].TypedShortcut(&fyne.ShortcutSelectAll{})
	}
	return v
}

// MinSize implements fyne.Layout.
func (v *formView) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(320, 60) }

// Layout implements fyne.Layout.
func (v *formView) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Resize(size)
	for i, e := range o[1:] {
		e.Move(fyne.NewPos(v.column, 16+float32(i)*44))
		e.Resize(fyne.NewSize(size.Width-v.column-16, 32))
	}
}

func (v *formView) values() []string {
	out := make([]string, len(v.entries))
	for i, e := range v.entries {
		out[i] = e.Text
	}
	return out
}

func (v *formView) noted() (string, bool) {
	if v.form.note == nil {
		return "", true
	}
	return v.form.note(v.values())
}

func (v *formView) drawLabels(p *pen, width, h float32) {
	for i, f := range v.form.fields {
		y := float32(i) * 44
		p.text(16, 32+y, f.label, p.second())
	}
	y := float32(len(v.form.fields))*44 + 14
	text, _ := v.noted()
	if v.wrong != "" {
		p.icon("alert-octagon", 16, y+10, 16, p.pal.red)
		p.wrap(38, y, width-54, 20, 3, v.wrong, p.body())
	} else {
		p.wrap(16, y, width-32, 20, 3, text, p.second())
	}
}

func (v *formView) drawFoot(p *pen, width, h float32) {
	var tap func()
	if _, ok := v.noted(); ok {
		tap = v.submit
	}
	p.footerButtons(width, h, []action{{label: v.w.lang.T("cancel"), tap: v.w.closeModal}, {label: v.form.submit, tap: tap, main: true, key: "Enter"}})
}

func (v *formView) refresh() {
	v.labels.Refresh()
	v.foot.Refresh()
}

func (v *formView) submit() {
	if _, ok := v.noted(); !ok {
		return
	}
	box := v.w.modal
	if v.wrong = v.form.run(v.values()); v.wrong != "" {
		v.refresh()
	} else if v.w.modal == box { // what was run may have opened another box
		v.w.closeModal()
	}
}
