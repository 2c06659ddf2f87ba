package ui

import (
	"slices"

	"fyne.io/fyne/v2"

	"kuaitu/ui/state"
)

// mapSelected takes what a tool has selected on the map.
func (w *Window) mapSelected(picks []Pick, how state.SelectMode) {
	items := make([]state.Selected, len(picks))
	for i, p := range picks {
		items[i] = state.Selected{Ref: p.Ref, Label: p.Label, Bound: p.Bound}
	}
	w.deps.Map.Select(state.Ref{})
	w.events.Select(state.Ref{}.ID)
	w.selects(items, how)
}

// selects changes the selection, and shows it on the map, in the event list and in the panel.
func (w *Window) selects(items []state.Selected, how state.SelectMode) {
	k := &w.kit
	k.left = k.selection.Apply(items, how)
	if how == state.SelectReplace {
		w.pinned["selection"] = 0
	}
	w.selectionChanged()
	if i := slices.IndexFunc(w.events.Page().Events, func(v state.Event) bool { return k.selection.Has(state.RefOf("event", v.ID)) }); i >= 0 && how == state.SelectReplace {
		w.reveal("events", i, w.visibleEventRows())
		w.parts.events.Refresh()
	}
}

// selectionChanged brings the selection to all who show it.
func (w *Window) selectionChanged() {
	k := &w.kit
	if k.selection.Len() == 0 {
		k.only = false
	}
	refs := make([]state.Ref, k.selection.Len())
	for i, it := range k.selection.All() {
		refs[i] = it.Ref
	}
	events := k.selection.Of("event")
	w.events.Mark(events, k.only && len(events) > 0)
	w.deps.Map.Mark(refs)
	if k.only {
		w.deps.Map.Only(refs)
	} else {
		w.deps.Map.Only(nil)
	}
	switch {
	case k.selection.Len() > 1:
		k.page = kitSelect
	case k.page == kitSelect && !w.kitFilled() && groupOf(w.tool).page != kitSelect:
		k.page = kitNone
	}
	w.parts.events.Refresh()
	w.parts.eventHead.Refresh()
	w.kitChanged()
}

// clearSelection selects nothing.
func (w *Window) clearSelection() { w.selects(nil, state.SelectReplace) }

// selectRow changes the selection by a click on a row of the event list: with Ctrl the event is put in or taken out, with
// Shift those from the row selected last up to it are put in. It reports whether it did; a plain click selects the one
// event, and the selection of several goes.
func (w *Window) selectRow(v state.Event, mods fyne.KeyModifier) bool {
	item := func(v state.Event) state.Selected {
		s := state.Selected{Ref: state.RefOf("event", v.ID), Label: w.lang.Of(v.Type) + "  " + v.Place}
		if v.HasAt {
			s.Bound = v.At.Bound()
		}
		return s
	}
	page := w.events.Page().Events
	last := w.events.Index()
	var items []state.Selected
	if at, ok := w.events.At(last); ok && mods != 0 && w.kit.selection.Len() == 0 {
		items = append(items, item(at)) // it was the selection so far
	}
	to := slices.IndexFunc(page, func(e state.Event) bool { return e.ID == v.ID })
	switch {
	case mods&fyne.KeyModifierShift != 0 && last >= 0:
		for _, e := range page[min(last, to) : max(last, to)+1] {
			items = append(items, item(e))
		}
		w.selects(items, state.SelectAdd)
	case mods&fyne.KeyModifierShift != 0:
		w.selects([]state.Selected{item(v)}, state.SelectAdd)
		w.events.Select(v.ID)
	case mods&(fyne.KeyModifierControl|fyne.KeyModifierSuper) != 0:
		if len(items) > 0 && items[0].Ref.ID == v.ID {
			items = nil
		}
		w.selects(items, state.SelectAdd)
		w.selects([]state.Selected{item(v)}, state.SelectToggle)
		if w.kit.selection.Has(state.RefOf("event", v.ID)) {
			w.events.Select(v.ID)
		} else {
			w.events.Select(state.Ref{}.ID)
			w.deps.Map.Select(state.Ref{})
		}
		w.parts.events.Refresh()
	default:
		if w.kit.selection.Len() > 0 && !w.kit.only {
			w.clearSelection()
		}
		return false
	}
	return true
}

func (w *Window) selectionHeight() float32 {
	s := &w.kit.selection
	if s.Len() == 0 {
		return 72
	}
	return 36 + rowHeight*float32(len(s.Rows())) + w.leftOutHeight() + kitFoot
}

// leftOut says what of the selection is missing, or not marked on the map; "" when nothing is.
func (w *Window) leftOut() string {
	switch k := &w.kit; {
	case k.left > 0:
		return w.lang.T("select.left", w.lang.Count(state.MaxSelected), w.lang.Count(k.left))
	case k.selection.Len() > maxMarked:
		return w.lang.T("select.marked", w.lang.Count(maxMarked))
	}
	return ""
}

// leftOutHeight is the room for that line.
func (w *Window) leftOutHeight() float32 {
	if w.leftOut() != "" {
		return 28
	}
	return 0
}

// drawSelection draws the page of the selection: counts by kind, the list, what can be done with it.
func (w *Window) drawSelection(p *pen, y, width, h float32) {
	k := &w.kit
	s := &k.selection
	if s.Len() == 0 {
		p.wrap(16, y+8, width-32, 20, 3, w.lang.T("select.hint"), p.second())
		return
	}
	x := float32(12)
	for _, c := range s.Counts() {
		text := w.lang.KindsName(c.Kind) + " " + w.lang.Count(c.Count)
		if x+16+p.width(text, style{size: sizeSmall}) > width-12 {
			break
		}
		x += p.chip(x, y+7, "kind-"+string(c.Kind), state.NoLight, text, s.Shown() == c.Kind, func() {
			s.Show(c.Kind)
			w.pinned["selection"] = 0
			w.kitChanged()
		}) + 6
	}
	rows := s.Rows()
	top, foot := y+36, h-kitFoot
	w.kitRows(p, "selection", top, width, foot-top-w.leftOutHeight(), len(rows), func(i int, y float32) {
		it := rows[i]
		name, place := w.nameOf(it.Ref, it.Label)
		side := w.lang.KindName(it.Ref.Kind)
		if s.Shown() != "" {
			side = ""
		}
		w.kitRow(p, y, width, "sel-"+it.Ref.ID.String(), it.Ref, name, place, side, it.Ref == w.dossier.Wanted(), func() { w.showSelected(it) })
	})
	p.fit(16, foot-14, width-32, w.leftOut(), p.small())
	only := w.lang.T("select.only")
	if k.only {
		only = w.lang.T("select.all")
	}
	p.kitButtons(foot, width, []action{
		{label: w.lang.T("select.zoom"), key: "zoom", tap: w.zoomToSelection},
		{label: only, key: "only", tap: func() { k.only = !k.only; w.selectionChanged() }},
		{label: w.lang.T("kit.copy"), key: "copy", tap: func() { w.app.Clipboard().SetContent(s.Table(w.lang)) }},
		{label: w.lang.T("select.clear"), key: "clear", tap: w.clearSelection},
	})
}

// showSelected opens a record of the selection and, where it is out of sight, moves the map to it.
func (w *Window) showSelected(it state.Selected) {
	if it.Placed() && !w.deps.Map.View().Bound.Contains(it.At()) {
		w.deps.Map.MoveTo(it.At(), 0)
	}
	if it.Ref.Kind == "event" {
		w.events.Select(it.Ref.ID)
		w.reveal("events", w.events.Index(), w.visibleEventRows())
		w.parts.events.Refresh()
	}
	w.open(it.Ref)
	w.parts.kit.Refresh()
}

// zoomToSelection shows the rows of the list on the map.
func (w *Window) zoomToSelection() {
	b, ok := w.kit.selection.Bound()
	switch {
	case !ok:
	case b.Min == b.Max:
		w.deps.Map.MoveTo(b.Min, max(18, w.deps.Map.View().Zoom))
	default:
		w.deps.Map.Fit(b)
	}
}
