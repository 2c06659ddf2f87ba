package ui

import (
	"runtime"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// shortcuts registers the keys of the window that have a modifier; the others come through typedKey.
func (w *Window) shortcuts() {
	c := w.win.Canvas()
	for _, s := range w.bindings() {
		c.AddShortcut(s.key, func(fyne.Shortcut) { s.run() })
	}
	c.SetOnTypedKey(w.typedKey)
}

type binding struct {
	key  *desktop.CustomShortcut
	text string // of the help page
	run  func()
}

func (w *Window) bindings() []binding {
	mod, alt, shift := fyne.KeyModifierShortcutDefault, fyne.KeyModifierAlt, fyne.KeyModifierShift
	bind := func(k fyne.KeyName, m fyne.KeyModifier, text string, run func()) binding {
		return binding{&desktop.CustomShortcut{KeyName: k, Modifier: m}, text, run}
	}
	return []binding{
		bind(fyne.KeyK, mod, "menu.edit.search", w.FocusSearch),
		bind(fyne.KeyF, mod, "menu.edit.search", w.FocusSearch),
		bind(fyne.KeyI, mod, "menu.file.import", w.showImport),
		bind(fyne.KeyE, mod, "menu.file.export", w.showExport),
		bind(fyne.KeyN, mod, "menu.edit.report", w.startReport),
		bind(fyne.KeyG, mod, "menu.map.goto", w.askPlace),
		bind(fyne.KeyB, mod, "menu.map.bookmarks", w.showBookmarks),
		bind(fyne.KeyLeft, alt, "menu.map.back", w.back),
		bind(fyne.KeyRight, alt, "menu.map.forward", w.forward),
		bind(fyne.KeyF, mod|shift, "menu.map.full", w.fullExtent),
		bind(fyne.KeyD, mod|shift, "menu.map.hud", w.toggleHUD),
		bind(fyne.KeyTab, fyne.KeyModifierControl, "menu.view.panels", w.hidePanels),
		bind(fyne.KeyUp, alt, "layers.up", func() { w.moveLayer(-1) }),
		bind(fyne.KeyDown, alt, "layers.down", func() { w.moveLayer(1) }),
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
	case fyne.KeyF1:
		w.showKeys()
	case fyne.KeyF11:
		w.win.SetFullScreen(!w.win.FullScreen())
	case fyne.KeyHome:
		if w.modal == nil {
			w.goHome()
		}
	case fyne.KeyEscape:
		switch {
		case w.modal != nil:
			w.closeModal()
		case w.parts.hitList.Visible():
			w.leaveSearch()
		case w.leaveTool():
		default:
			w.win.Canvas().Unfocus()
		}
	case fyne.KeyReturn, fyne.KeyEnter:
		if w.modal == nil && w.desk.right {
			w.detailKeyOpen()
		}
	default:
		w.toolKey(e.Name)
	}
}

func (w *Window) toggleHUD() { w.hud = w.deps.Map.ToggleHUD() }

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
		checked(item("menu.view.strip", w.toggleStrip), w.desk.strip),
		checked(keyed(item("menu.view.panels", w.hidePanels), "Ctrl+Tab"), w.desk.hadPanels != nil),
		fyne.NewMenuItemSeparator(),
		sub("menu.view.base", w.baseMenu()...),
		checked(item("menu.view.dark", func() { w.SetDark(!w.pal.dark) }), w.pal.dark),
		keyed(item("menu.view.full", func() { w.win.SetFullScreen(!w.win.FullScreen()) }), "F11"),
	)
	language := sub("menu.language",
		checked(item("lang.zh", func() { w.SetLang("zh") }), w.lang.Name == "zh"),
		checked(item("lang.en", func() { w.SetLang("en") }), w.lang.Name == "en"),
	)
	chart := sub("menu.map",
		keyed(item("menu.map.goto", w.askPlace), mod+"G"),
		keyed(item("menu.map.bookmarks", w.showBookmarks), mod+"B"),
		fyne.NewMenuItemSeparator(),
		keyed(item("menu.map.back", w.back), "Alt+←"),
		keyed(item("menu.map.forward", w.forward), "Alt+→"),
		keyed(item("menu.map.full", w.fullExtent), mod+"Shift+F"),
		keyed(item("menu.map.home", w.goHome), "Home"),
		fyne.NewMenuItemSeparator(),
		item("theme.menu", w.showThematic),
		checked(keyed(item("menu.map.hud", w.toggleHUD), mod+"Shift+D"), w.hud),
	)
	w.popUp(fyne.NewMenu("",
		keyed(item("menu.file.import", w.showImport), mod+"I"),
		keyed(item("menu.file.export", w.showExport), mod+"E"),
		fyne.NewMenuItemSeparator(),
		keyed(item("menu.edit.search", w.FocusSearch), mod+"K"),
		keyed(item("menu.edit.report", w.startReport), mod+"N"),
		keyed(item("menu.edit.sync", w.syncNow), "F5"),
		fyne.NewMenuItemSeparator(),
		view, language, chart,
		fyne.NewMenuItemSeparator(),
		keyed(item("menu.help.keys", w.showKeys), "F1"),
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
