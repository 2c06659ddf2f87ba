package ui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"kuaitu/block"
	"kuaitu/ui/state"
)

// filePick is the file chooser. Fyne's own cannot be switched to another language at run time, and reads folders on the
// UI thread, which freezes the window on a network drive that is gone.
type filePick struct {
	w      *Window
	dir    string
	rows   []state.FileRow
	notice state.Notice
	wrong  string   // what was typed leads nowhere
	chosen []string // paths
	first  int
	job    job
	path   *boxEntry
	list   *sheet
	foot   *sheet
	done   func([]string)
}

// folder is what was found at a path.
type folder struct {
	dir  string
	rows []state.FileRow
	file string // the path was one of a file in dir
}

// pickFiles lets the user choose files and hands their paths to done.
func (w *Window) pickFiles(title string, done func([]string)) {
	v := &filePick{w: w, done: done}
	v.path = newBoxEntry(w, false)
	v.path.OnSubmitted = func(path string) {
		if slices.Equal(v.chosen, []string{path}) { // Enter found the file, Enter once more takes it
			v.open()
			return
		}
		v.visit(path)
	}
	v.path.submit = v.open
	v.list = newSheet(w, v.draw)
	v.list.scroll = func(dy float32) {
		v.first -= int(dy / 10)
		v.list.Refresh()
	}
	v.foot = newSheet(w, v.drawFoot)
	w.showModal(title, container.New(v, clipped(v.list), v.path), fyne.NewSize(720, 520), v.foot)
	w.picker = v
	dir := w.folder
	if dir == "" {
		if dir, _ = os.UserHomeDir(); dir == "" { // no home: the top will do
			dir = string(filepath.Separator)
		}
	}
	v.path.SetText(dir)
	w.focus(v.path)
	v.selectPath()
	v.visit(dir)
}

// selectPath selects the whole path, so that typing replaces it.
func (v *filePick) selectPath() { v.path.TypedShortcut(&fyne.ShortcutSelectAll{}) }

// MinSize implements fyne.Layout.
func (v *filePick) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(480, 300) }

// Layout implements fyne.Layout.
func (v *filePick) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Move(fyne.NewPos(0, 52))
	o[0].Resize(fyne.NewSize(size.Width, size.Height-52))
	o[1].Move(fyne.NewPos(16, 10))
	o[1].Resize(fyne.NewSize(size.Width-32, 32))
}

// visit lists the folder at path, or chooses the file there. Reading is done off the UI thread.
func (v *filePick) visit(path string) {
	typed := v.path.Text
	ask(v.w, &v.job, func(context.Context) (folder, error) { return readFolder(path) }, func(f folder, err error) {
		v.wrong = ""
		switch {
		case errors.Is(err, fs.ErrNotExist): // what is listed may still be wanted
			v.wrong, v.chosen = v.w.lang.T("pick.missing"), nil
		case err != nil:
			v.notice = state.Failure(v.w.lang, err)
		default:
			v.notice = state.Notice{}
			v.dir, v.rows, v.first, v.chosen = f.dir, f.rows, 0, nil
			found := f.dir
			if f.file != "" {
				v.chosen, found = []string{f.file}, f.file
			}
			if v.path.Text == typed { // nobody has typed meanwhile
				v.path.SetText(found)
				v.selectPath()
			}
		}
		v.list.Refresh()
		v.foot.Refresh()
	})
}

// readFolder lists a folder, or that of a file.
func readFolder(path string) (folder, error) {
	path, err := filepath.Abs(strings.TrimSpace(path))
	if err != nil {
		return folder{}, fmt.Errorf("path of the folder: %w: %w", err, block.ErrInvalid)
	}
	info, err := os.Stat(path)
	if err != nil {
		return folder{}, folderError(err)
	}
	f := folder{dir: path}
	if !info.IsDir() {
		f.dir, f.file = filepath.Dir(path), path
	}
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return folder{}, folderError(err)
	}
	var rows []state.FileRow
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(f.dir, e.Name())) // follows links, as opening will
		if err != nil {
			continue // gone meanwhile, or a link to nowhere: nothing to choose
		}
		rows = append(rows, state.FileRow{Name: e.Name(), Dir: info.IsDir(), Size: info.Size(), Changed: info.ModTime()})
	}
	f.rows = state.FileRows(rows)
	return f, nil
}

func folderError(err error) error {
	kind := block.ErrUnavailable
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR): // nothing is below a file
		kind = fs.ErrNotExist
	case os.IsPermission(err):
		kind = block.ErrRefused
	}
	return fmt.Errorf("read the folder: %w: %w", err, kind)
}

func (v *filePick) draw(p *pen, width, h float32) {
	w := v.w
	p.hline(0, 0, width)
	if !v.notice.IsZero() {
		p.notice(0, 0, width, h, v.notice)
		return
	}
	rows := v.rows
	if parent := filepath.Dir(v.dir); v.dir != "" && parent != v.dir {
		rows = append([]state.FileRow{{Name: "..", Dir: true}}, rows...)
	}
	if len(rows) == 0 || (len(rows) == 1 && rows[0].Name == "..") {
		p.text(44, 3*rowHeight, w.lang.T("pick.none"), p.second())
	}
	shown := int(h / rowHeight)
	v.first = max(0, min(v.first, len(rows)-shown))
	for i := v.first; i < len(rows) && i <= v.first+shown; i++ {
		r := rows[i]
		path := filepath.Join(v.dir, r.Name)
		id := "f-" + r.Name
		y := float32((i-v.first)*rowHeight) + 1
		cy := y + rowHeight/2
		on := slices.Contains(v.chosen, path)
		switch {
		case on:
			p.rect(0, y, width, rowHeight, p.pal.tint)
			p.rect(0, y, 3, rowHeight, p.pal.accent)
		case p.hot(id):
			p.rect(0, y, width, rowHeight, p.pal.hover)
		}
		if r.Dir {
			name := r.Name
			if name == ".." {
				name = w.lang.T("pick.up")
			}
			p.icon("folder", 16, cy, 16, p.pal.text2)
			p.fit(44, cy, width-60, name, p.body())
			p.hit(0, y, width, rowHeight, id, "", func() { v.visit(path) })
			continue
		}
		p.tick(17, cy, map[bool]state.Tick{true: state.TickOn}[on], false)
		p.right(width-16, cy, w.lang.Time(r.Changed, w.now()), p.small())
		p.right(width-150, cy, w.lang.Bytes(r.Size), p.small())
		p.fit(44, cy, width-270, r.Name, p.body())
		p.hit(0, y, width, rowHeight, id, "", func() { v.toggle(path) })
	}
	p.scrollBar(width-6, 2, h-4, v.first, shown, len(rows))
}

func (v *filePick) toggle(path string) {
	if i := slices.Index(v.chosen, path); i >= 0 {
		v.chosen = slices.Delete(v.chosen, i, i+1)
	} else {
		v.chosen = append(v.chosen, path)
	}
	v.wrong = ""
	v.list.Refresh()
	v.foot.Refresh()
}

// open hands what is chosen on; nothing is chosen, nothing happens.
func (v *filePick) open() {
	if len(v.chosen) == 0 {
		return
	}
	v.w.folder = v.dir
	v.w.closeModal()
	v.done(v.chosen)
}

func (v *filePick) drawFoot(p *pen, width, h float32) {
	w := v.w
	var open func()
	if v.wrong != "" {
		p.icon("alert-triangle", 16, h/2, 16, p.pal.amberText)
		p.fit(38, h/2, width-262, v.wrong, style{size: sizeBody, ink: p.pal.amberText})
	} else if len(v.chosen) > 0 {
		open = v.open
		p.fit(16, h/2, width-240, w.lang.T("pick.chosen", len(v.chosen)), p.second())
	} else {
		p.fit(16, h/2, width-240, w.lang.T("pick.hint"), p.small())
	}
	p.footerButtons(width, h, []action{{label: w.lang.T("cancel"), tap: w.closeModal}, {label: w.lang.T("ok"), tap: open, main: true}})
}
