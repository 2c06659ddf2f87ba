package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// keyHelp is a line of the help page: keys or what the mouse does, and the text that says what comes of it.
type keyHelp struct{ keys, text string }

// keyGroups are the lines of the help page by the part of the window they are about. The window's shortcuts come from
// bindings, so that none can be forgotten.
func (w *Window) keyGroups() []struct {
	head  string
	lines []keyHelp
} {
	var window []keyHelp
	at := map[string]int{}
	for _, b := range w.bindings() {
		name := shortcutName(b.key)
		if i, have := at[b.text]; have { // two keys for one thing share a line
			window[i].keys += "  " + name
			continue
		}
		at[b.text] = len(window)
		window = append(window, keyHelp{name, b.text})
	}
	return []struct {
		head  string
		lines []keyHelp
	}{
		{"keys.map", []keyHelp{
			{w.lang.T("keys.wheel"), "keys.zoom"}, {"Ctrl+" + w.lang.T("keys.wheel"), "keys.zoom.fine"}, {"PgUp  PgDn  +  −", "keys.zoom.middle"},
			{w.lang.T("keys.drag"), "keys.pan"}, {"← → ↑ ↓", "keys.pan.step"}, {w.lang.T("keys.middle"), "keys.pan.any"},
			{"Shift+" + w.lang.T("keys.drag"), "keys.box"}, {w.lang.T("keys.double"), "keys.zoom.in"}, {w.lang.T("keys.right"), "keys.menu"},
			{"V  I", "keys.tools.look"}, {"S  M  B", "keys.tools"}, {"Shift  Ctrl", "keys.add"}, {"Home", "menu.map.home"}, {"Esc", "keys.esc"}, {"Enter", "keys.enter"}, {"Backspace", "keys.backspace"},
		}},
		{"keys.window", append(window, keyHelp{"F5", "menu.edit.sync"}, keyHelp{"F11", "menu.view.full"}, keyHelp{"F1", "menu.help.keys"})},
		{"keys.lists", []keyHelp{
			{"↑ ↓", "keys.row"}, {"PgUp  PgDn  Home  End", "keys.page"}, {"Enter", "keys.row.open"}, {"← →", "keys.branch"}, {"Space", "keys.tick"},
			{w.lang.T("keys.edge"), "keys.resize"}, {w.lang.T("keys.edge.double"), "keys.collapse"},
		}},
	}
}

// shortcutName writes a shortcut as people read it: "Ctrl+Shift+F", "Alt+←".
func shortcutName(s *desktop.CustomShortcut) string {
	var parts []string
	main := s.Modifier & fyne.KeyModifierShortcutDefault
	for _, m := range []struct {
		bit  fyne.KeyModifier
		name string
	}{{fyne.KeyModifierShortcutDefault, mainModifierName()}, {fyne.KeyModifierControl &^ main, "Ctrl"}, {fyne.KeyModifierShift, "Shift"}, {fyne.KeyModifierAlt, "Alt"}} {
		if m.bit != 0 && s.Modifier&m.bit != 0 {
			parts = append(parts, m.name)
		}
	}
	key := string(s.KeyName)
	for name, sign := range map[fyne.KeyName]string{fyne.KeyLeft: "←", fyne.KeyRight: "→", fyne.KeyUp: "↑", fyne.KeyDown: "↓"} {
		if s.KeyName == name {
			key = sign
		}
	}
	return strings.Join(append(parts, key), "+")
}

// showKeys opens the page that lists all keys.
func (w *Window) showKeys() {
	if w.modal != nil {
		return
	}
	s := newSheet(w, nil)
	at := float32(0)
	s.draw = func(p *pen, width, h float32) {
		used := w.drawKeys(p, width, 12-at)
		if limit := max(0, used+at-h); at > limit {
			at = limit
		}
	}
	s.scroll = func(dy float32) { at = max(0, at-dy); s.Refresh() }
	w.keysSheet = s
	w.showModal(w.lang.T("menu.help.keys"), clipped(s), fyne.NewSize(880, 760), nil)
}

// drawKeys draws the groups in two columns and returns the lowest y.
func (w *Window) drawKeys(p *pen, width, top float32) float32 {
	const line = 25
	half := round(width / 2)
	lowest, x, y := top, float32(16), top
	for i, g := range w.keyGroups() {
		if i == 1 {
			x, y = half+8, top
		} else if i > 1 { // the third goes below the shorter one
			x, y = 16, w.keysHeight(0, line)+top+12
		}
		p.text(x, y+13, w.lang.T(g.head), p.heading())
		y += 30
		for _, l := range g.lines {
			p.fit(x, y+line/2, 150, l.keys, style{size: sizeSmall, bold: true, ink: p.pal.text1})
			p.fit(x+158, y+line/2, half-158-24, strings.TrimSuffix(w.lang.T(l.text), "…"), p.second())
			p.hline(x, y+line-1, half-24)
			y += line
		}
		lowest = max(lowest, y)
	}
	return lowest
}

// keysHeight is how high a group of the page is.
func (w *Window) keysHeight(group int, line float32) float32 {
	return 30 + line*float32(len(w.keyGroups()[group].lines))
}
