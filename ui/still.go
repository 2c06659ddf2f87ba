package ui

import "fyne.io/fyne/v2"

// Still stops the motion of widgets: entries show a caret that stands still. Fyne fades the caret of a focused entry by
// painting the whole window about twelve times a second for as long as it has the focus, which costs a quarter of a core
// without a graphics card; the design has nothing blink but alarms. Call it once, before the first window.
func Still(a fyne.App) fyne.App {
	still := stillApp{a}
	fyne.SetCurrentApp(still)
	return still
}

type stillApp struct{ fyne.App }

// Settings implements fyne.App.
func (a stillApp) Settings() fyne.Settings { return stillSettings{a.App.Settings()} }

type stillSettings struct{ fyne.Settings }

// ShowAnimations implements fyne.Settings.
func (stillSettings) ShowAnimations() bool { return false }
