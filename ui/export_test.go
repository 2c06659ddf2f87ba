package ui

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/ui/state"
)

// DropFiles stands for files dropped on the window.
func (w *Window) DropFiles(files ...string) { w.importFiles(files) }

// Search stands for typing into the search box.
func (w *Window) Search(q string) { w.parts.entry.SetText(q) }

// Key stands for a key while nothing has the focus.
func (w *Window) Key(k fyne.KeyName) { w.typedKey(&fyne.KeyEvent{Name: k}) }

// SearchKey stands for a key in the search box.
func (w *Window) SearchKey(k fyne.KeyName) { w.parts.entry.TypedKey(&fyne.KeyEvent{Name: k}) }

// EventKey stands for a key in the event list.
func (w *Window) EventKey(k fyne.KeyName) { w.parts.events.TypedKey(&fyne.KeyEvent{Name: k}) }

// Panel is the text of a panel, one line a text, empty when it is hidden.
func (w *Window) Panel(name string) string {
	p := &w.parts
	s := map[string]*sheet{"top": p.top, "regions": p.regions, "layers": &p.layers.sheet, "strip": p.strip, "eventhead": p.eventHead, "events": p.events, "kit": &p.kit.sheet,
		"credit": p.credit, "figures": p.figures, "detail": p.detail, "status": p.status, "hits": p.hitList, "legend": p.legend, "unplaced": p.unplaced, "detailfoot": p.detailFoot}[name]
	if name == "sync" && len(w.syncSheet) > 0 {
		s = w.syncSheet[0]
	}
	if w.picker != nil {
		switch name {
		case "picker":
			s = w.picker.list
		case "pickerfoot":
			s = w.picker.foot
		}
	}
	if name == "form" && w.formView != nil && w.modal != nil {
		s = w.formView.labels
	}
	if name == "bookmarks" && w.bookmarksView != nil {
		s = w.bookmarksView.list
	}
	if name == "keys" && w.keysSheet != nil {
		s = w.keysSheet
	}
	if name == "export" && w.exportView != nil {
		s = w.exportView.labels
	}
	if name == "pickerfoot" && w.picker != nil {
		s = w.picker.foot
	}
	if name == "import" && w.importView != nil {
		s = w.importView.sheet
	}
	if s == nil || !s.Visible() {
		return ""
	}
	return strings.Join(s.texts(), "\n")
}

// Tap taps the middle of a named area of a panel and reports whether there was one to tap.
func (w *Window) Tap(panel, id string) bool {
	p := &w.parts
	s := map[string]*sheet{"top": p.top, "rail": p.rail, "regions": p.regions, "layers": &p.layers.sheet, "strip": p.strip, "eventhead": p.eventHead,
		"events": p.events, "detail": p.detail, "detailfoot": p.detailFoot, "hits": p.hitList, "tools": p.tools, "kit": &p.kit.sheet}[panel]
	switch panel {
	case "reporttypes":
		s = w.reportForm.types
	case "reportfoot":
		s = w.reportForm.foot
	case "pickerfoot":
		s = w.picker.foot
	case "bookmarks":
		s = w.bookmarksView.list
	case "form":
		s = w.formView.labels
	case "formfoot":
		s = w.formView.foot
	case "modalfoot":
		s = w.modalFoot
	case "import":
		s = w.importView.sheet
	case "importfoot":
		s = w.importView.foot
	}
	h := s.pen.named(id)
	if h == nil || h.tap == nil {
		return false
	}
	s.Tapped(&fyne.PointEvent{Position: fyne.NewPos(h.x+h.w/2, h.y+h.h/2)})
	return true
}

// Report gives the open report form's fields.
func (w *Window) Report() (open bool, setFilter, setText func(string), footer string) {
	if w.modal == nil || w.reportForm == nil {
		return false, nil, nil, ""
	}
	v := w.reportForm
	return true, v.filter.SetText, v.text.SetText, strings.Join(v.foot.texts(), "\n")
}

// Boxed reports whether a box is open over the window.
func (w *Window) Boxed() bool { return w.modal != nil }

// Visit stands for typing a path into the open file chooser.
func (w *Window) Visit(path string) { w.picker.visit(path) }

// Boxes opens one box after the other.
func (w *Window) Boxes() map[string]func() {
	return map[string]func(){"import": w.showImport, "export": w.showExport, "about": w.showAbout, "sync": w.showSyncPanel, "menu": w.showMainMenu}
}

// Icon makes an icon, for tests.
func Icon(name string) fyne.Resource { return newIcon(name, rgb(0x1257A8), 16, 1) }

// Lines breaks a text in lines of at most n characters.
func Lines(s string, n int) []string {
	return breakLines(s, func(t string) bool { return len([]rune(t)) <= n })
}

// Objects are what a panel consists of, in drawing order, after it has been drawn anew.
func (w *Window) Objects(panel string) []fyne.CanvasObject {
	s := map[string]*sheet{"regions": w.parts.regions, "events": w.parts.events, "legend": w.parts.legend, "top": w.parts.top}[panel]
	s.Refresh()
	return s.pen.objects
}

// FillForm types into the fields of the open form and presses Enter.
func (w *Window) FillForm(values ...string) {
	for i, v := range values {
		w.formView.entries[i].SetText(v)
	}
	w.formView.submit()
}

// DragLayer drags a layer of the tree onto another one.
func (w *Window) DragLayer(id, onto string) {
	s := w.parts.layers
	at := func(id string) fyne.Position {
		h := s.pen.named("l-" + id)
		return fyne.NewPos(h.x+h.w*0.7, h.y+h.h/2)
	}
	from, to := at(id), at(onto)
	s.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: from.AddXY(0, 5)}, Dragged: fyne.NewDelta(0, 5)})
	s.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: to}, Dragged: fyne.NewDelta(to.X-from.X, to.Y-from.Y)})
	s.DragEnd()
}

// DragEdge moves the edge of a panel.
func (w *Window) DragEdge(name string, by float32) {
	g := map[string]*grip{"left": w.parts.grips.left, "right": w.parts.grips.right, "list": w.parts.grips.list, "trees": w.parts.grips.trees}[name]
	g.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(by, by)})
	g.DragEnd()
}

// Widths are how wide the trees, the map and the dossier are, and how high the event list is.
func (w *Window) Widths() (left, chart, right, list float32) {
	return w.desk.leftW, w.desk.mapW, w.desk.rightW, w.desk.listH
}

// Opened says which side panels are open.
func (w *Window) Opened() (left, right bool) { return w.desk.left, w.desk.right }

// TypeForm types into the fields of the open form.
func (w *Window) TypeForm(values ...string) {
	for i, v := range values {
		w.formView.entries[i].SetText(v)
	}
}

// KeepView types a name into the open list of bookmarks and presses Enter.
func (w *Window) KeepView(name string) {
	w.bookmarksView.name.SetText(name)
	w.bookmarksView.add()
}

// Press presses the first shortcut of what the help page calls menu.map or menu.view and the name.
func (w *Window) Press(name string) {
	for _, b := range w.bindings() {
		if b.text == "menu.map."+name || b.text == "menu.view."+name {
			w.shortcut(b.key)
			return
		}
	}
	panic("no shortcut for " + name)
}

// Shortcuts are all shortcuts as people read them.
func (w *Window) Shortcuts() []string {
	var out []string
	for _, b := range w.bindings() {
		out = append(out, shortcutName(b.key))
	}
	return out
}

// ChooseFigures fills in the open panel of the map of figures; class limits choose fixed classes.
func (w *Window) ChooseFigures(kind, measure, cuts, asOf string) {
	v := w.themeView
	v.choices[themeKind].SetSelectedIndex(slices.Index(state.ThemeKinds, kind))
	v.choices[themeMeasure].SetSelectedIndex(slices.Index(state.ThemeMeasures, measure))
	if cuts != "" {
		v.choices[themeMethod].SetSelectedIndex(slices.Index(state.ThemeMethods, state.ClassFixed))
	}
	v.cuts.SetText(cuts)
	v.asOf.SetText(asOf)
}

// SelectedRows are the events that are drawn as selected in the list, wherever it stands.
func (w *Window) SelectedRows() []block.ID {
	var out []block.ID
	for _, r := range w.events.Rows(w.lang, w.now(), 0, len(w.events.Page().Events)) {
		if r.Selected {
			out = append(out, r.ID)
		}
	}
	return out
}

// TapEvent stands for a click on a row of the event list with keys held down.
func (w *Window) TapEvent(id block.ID, mods fyne.KeyModifier) {
	for _, v := range w.events.Page().Events {
		if v.ID == id && !w.selectRow(v, mods) {
			w.selectEvent(v)
		}
	}
}

// Clipboard is what was copied.
func (w *Window) Clipboard() string { return w.app.Clipboard().Content() }

// ScrollKit turns the wheel over the panel of the tools.
func (w *Window) ScrollKit(dy float32) { w.parts.kit.scroll(dy) }

// TypeMetres types a distance into the panel of the surroundings and presses Enter.
func (w *Window) TypeMetres(s string) {
	w.kit.entry.SetText(s)
	w.typedMetres()
}

// TapMapMenu chooses a line about tools of the map's menu, and reports whether it has one of that name.
func (w *Window) TapMapMenu(at orb.Point, picks []Pick, label string) bool {
	for _, i := range w.toolItems(at, picks) {
		if i.Label == label {
			i.Action()
			return true
		}
	}
	return false
}
