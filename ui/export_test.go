package ui

// DropFiles stands for files dropped on the window.
func (w *Window) DropFiles(files ...string) { w.importFiles(files) }
