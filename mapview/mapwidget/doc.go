// Package mapwidget is the map of a window: the one Fyne widget over mapview.
//
// [Map] shows the tiles of a mapview.Pyramid in a fixed pool of pictures and turns mouse and keys into camera moves. Panning only
// moves pictures; zooming scales those that are there until sharp ones arrive. Nothing is drawn, read or waited for on Fyne's thread.
//
// All methods and callbacks belong to Fyne's thread, except [Map.Run], which the owner of the window gives a goroutine
// and ends through its context.
package mapwidget
