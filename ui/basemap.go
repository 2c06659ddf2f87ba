package ui

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"

	"kuaitu/ui/state"
)

// base is the base map that is shown; ok is false when none is.
func (w *Window) base() (m BaseMap, ok bool) {
	if w.deps.Bases == nil {
		return m, false
	}
	list := w.deps.Bases.List()
	i := slices.IndexFunc(list, func(m BaseMap) bool { return w.layers.Visible(m.ID) })
	if i < 0 {
		return m, false
	}
	return list[i], true
}

// credit says whose map and whose data are shown, each once.
func (w *Window) credit() string {
	var parts []string
	base, _ := w.base()
	for _, part := range []string{base.Credit, w.deps.Attribution} {
		part = strings.TrimSpace(part)
		if part != "" && !slices.ContainsFunc(parts, func(s string) bool { return strings.Contains(s, part) }) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, w.lang.T("dot"))
}

// credits are all there is to say of whose maps and data can be shown, for the About window.
func (w *Window) credits() []string {
	out := []string{w.deps.Attribution}
	if w.deps.Bases != nil {
		for _, m := range w.deps.Bases.List() {
			out = append(out, m.Credit)
		}
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(s string) bool { return s == "" })
}

// chooseBase shows one base map and no other; the empty ID shows none.
func (w *Window) chooseBase(id string) {
	for _, y := range w.layers.Looks() {
		if l, ok := w.layers.Find(y.ID); ok && l.Group == BaseGroup && y.Visible != (y.ID == id) && (y.Visible || y.ID == id) {
			w.layers.Toggle(y.ID)
		}
	}
	w.layersChanged()
	w.desk.relayout() // the credit has another width
	w.parts.status.Refresh()
	w.parts.credit.Refresh()
}

// baseMenu is the choice of base maps.
func (w *Window) baseMenu() []*fyne.MenuItem {
	now, some := w.base()
	var items []*fyne.MenuItem
	if w.deps.Bases != nil {
		for _, m := range w.deps.Bases.List() {
			i := fyne.NewMenuItem(w.lang.Of(m.Name), func() { w.chooseBase(m.ID) })
			i.Checked = some && m.ID == now.ID
			items = append(items, i)
		}
	}
	none := fyne.NewMenuItem(w.lang.T("base.none"), func() { w.chooseBase("") })
	none.Checked = !some
	items = append(items, none)
	if w.deps.Bases == nil {
		return items
	}
	items = append(items, fyne.NewMenuItemSeparator(), fyne.NewMenuItem(w.lang.T("base.add"), w.askBase))
	items = append(items, w.offlineItems()...)
	if some && w.deps.Bases.Own(now.ID) {
		items = append(items, fyne.NewMenuItem(w.lang.T("base.remove", w.lang.Of(now.Name)), func() {
			w.deps.Bases.Remove(now.ID)
			w.DataChanged()
		}))
	}
	return items
}

// askBase asks for a map of the user's own.
func (w *Window) askBase() {
	w.showForm(form{
		title: w.lang.T("base.add"), submit: w.lang.T("ok"),
		fields: []formField{
			{label: w.lang.T("base.address"), hint: "/maps/city.mbtiles"}, {label: w.lang.T("bookmarks.name"), hint: w.lang.T("base.optional")},
			{label: w.lang.T("base.key"), hint: w.lang.T("base.optional")}, {label: w.lang.T("import.datum"), hint: "cgcs2000, wgs84, gcj02, bd09"},
			{label: w.lang.T("base.approval"), hint: w.lang.T("base.optional")},
		},
		note: func(v []string) (string, bool) { return w.lang.T("base.forms"), strings.TrimSpace(v[0]) != "" },
		run: func(v []string) string {
			for i := range v {
				v[i] = strings.TrimSpace(v[i])
			}
			w.addBase(BaseRequest{Address: v[0], Name: v[1], Key: v[2], Datum: v[3], Approval: v[4]})
			return ""
		},
	})
}

func (w *Window) addBase(r BaseRequest) {
	ask(w, &w.jobs.base, func(ctx context.Context) (BaseMap, error) { return w.deps.Bases.Add(ctx, r) },
		func(m BaseMap, err error) {
			if err != nil {
				w.showFailure(err)
				return
			}
			ask(w, &w.jobs.layers, w.deps.Data.Layers, func(layers []state.Layer, err error) {
				if err == nil {
					w.layers.Set(layers)
					w.chooseBase(m.ID)
				}
			})
		})
}
