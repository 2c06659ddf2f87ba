package ui

import (
	"runtime"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// shortcuts registers the keys of the window: Ctrl+K and Ctrl+F search, Ctrl+I import, Ctrl+E export, Ctrl+N report.
// F5, F11 and Esc come through typedKey.
func (w *Window) shortcuts() {
	c := w.win.Canvas()
	for _, s := range w.bindings() {
		c.AddShortcut(s.key, func(fyne.Shortcut) { s.run() })
	}
	c.SetOnTypedKey(w.typedKey)
}

type binding struct {
	key *desktop.CustomShortcut
	run func()
}

func (w *Window) bindings() []binding {
	mod := fyne.KeyModifierShortcutDefault
	return []binding{
		{&desktop.CustomShortcut{KeyName: fyne.KeyK, Modifier: mod}, w.FocusSearch},
		{&desktop.CustomShortcut{KeyName: fyne.KeyF, Modifier: mod}, w.FocusSearch},
		{&desktop.CustomShortcut{KeyName: fyne.KeyI, Modifier: mod}, w.showImport},
		{&desktop.CustomShortcut{KeyName: fyne.KeyE, Modifier: mod}, w.showExport},
		{&desktop.CustomShortcut{KeyName: fyne.KeyN, Modifier: mod}, w.startReport},
	}
}

// shortcut runs the window's own shortcut, for widgets that have the focus.
func (w *Window) shortcut(s fyne.Shortcut) bool {
	for _, b := range w.bindings() {
		if b.key.ShortcutName() == s.ShortcutName() {
			b.run()
			return true
		}
	}
	return false
}

func (w *Window) typedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyF5:
		w.syncNow()
	case fyne.KeyF11:
		w.win.SetFullScreen(!w.win.FullScreen())
	case fyne.KeyEscape:
		switch {
		case w.modal != nil:
			w.closeModal()
		case w.parts.hitList.Visible():
			w.leaveSearch()
		case w.tool != ToolPan:
			w.setTool(ToolPan)
		default:
			w.win.Canvas().Unfocus()
		}
	case fyne.KeyReturn, fyne.KeyEnter:
		if w.modal == nil && w.desk.right {
			w.detailKeyOpen()
		}
	}
}

func (w *Window) syncNow() {
	w.deps.Sync.SyncNow()
	w.SyncChanged()
}

// showMainMenu opens the menu below the logo. An in-window menu bar would cost the map a row on every system but macOS.
func (w *Window) showMainMenu() {
	item := func(key string, tap func()) *fyne.MenuItem { return fyne.NewMenuItem(w.lang.T(key), tap) }
	// Fyne draws a menu item's shortcut at a fifth of the text's strength, which nobody can read: it goes into the label.
	keyed := func(i *fyne.MenuItem, key string) *fyne.MenuItem {
		i.Label += "   " + key
		return i
	}
	mod := mainModifierName() + "+"
	checked := func(i *fyne.MenuItem, on bool) *fyne.MenuItem { i.Checked = on; return i }
	sub := func(key string, items ...*fyne.MenuItem) *fyne.MenuItem {
		i := fyne.NewMenuItem(w.lang.T(key), nil)
		i.ChildMenu = fyne.NewMenu("", items...)
		return i
	}
	view := sub("menu.view",
		checked(item("menu.view.left", w.toggleLeft), w.desk.left),
		checked(item("menu.view.right", w.toggleRight), w.desk.right),
		checked(item("menu.view.events", w.toggleList), w.desk.list),
		checked(item("menu.view.legend", w.toggleLegend), w.desk.legend),
		fyne.NewMenuItemSeparator(),
		checked(item("menu.view.dark", func() { w.SetDark(!w.pal.dark) }), w.pal.dark),
		keyed(item("menu.view.full", func() { w.win.SetFullScreen(!w.win.FullScreen()) }), "F11"),
	)
	language := sub("menu.language",
		checked(item("lang.zh", func() { w.SetLang("zh") }), w.lang.Name == "zh"),
		checked(item("lang.en", func() { w.SetLang("en") }), w.lang.Name == "en"),
	)
	w.popUp(fyne.NewMenu("",
		keyed(item("menu.file.import", w.showImport), mod+"I"),
		keyed(item("menu.file.export", w.showExport), mod+"E"),
		fyne.NewMenuItemSeparator(),
		keyed(item("menu.edit.search", w.FocusSearch), mod+"K"),
		keyed(item("menu.edit.report", w.startReport), mod+"N"),
		keyed(item("menu.edit.sync", w.syncNow), "F5"),
		fyne.NewMenuItemSeparator(),
		view, language,
		fyne.NewMenuItemSeparator(),
		item("menu.help.about", w.showAbout),
		item("menu.file.quit", func() { w.win.Close() }),
	), fyne.NewPos(4, w.parts.top.Size().Height+2))
}

func (w *Window) popUp(m *fyne.Menu, at fyne.Position) {
	w.tip("", fyne.Position{})
	w.menuPop = widget.NewPopUpMenu(m, w.win.Canvas())
	w.menuPop.ShowAtPosition(at)
}

// mainModifierName is how the shortcut key is called on this system, for hints.
func mainModifierName() string {
	if runtime.GOOS == "darwin" {
		return "⌘"
	}
	return "Ctrl"
}
