// Package ui is the window of the desk post: it shows the values of ui/state and hands what the user does to the
// interfaces in [Deps], which the command supplies.
//
// Start from [New]. The panels are sheets (see sheet.go): widgets that draw themselves from a state value with a pen, to
// the pixel grid of the design, with rows of exactly 28 units and no widget per row or feature. Everything runs on the
// UI thread; work that waits runs in goroutines owned by the Window and comes back through Deps.Post.
package ui
