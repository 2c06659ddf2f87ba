package ui

import (
	"errors"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"kuaitu/mapview"
	"kuaitu/ui/state"
)

// askPlace asks where to go: coordinates in any of the forms that mapview.ParsePlace reads, a tile, or what the search
// finds as a place.
func (w *Window) askPlace() {
	w.showForm(form{
		title: w.lang.T("goto.title"), submit: w.lang.T("goto.go"),
		fields: []formField{{label: w.lang.T("goto.place"), hint: "113.912316, 22.543847"}},
		note: func(v []string) (string, bool) {
			_, words, ok := state.PlaceWords(w.lang, v[0])
			return words, ok
		},
		run: func(v []string) string {
			p, words, ok := state.PlaceWords(w.lang, v[0])
			if !ok {
				return words
			}
			w.deps.Map.GoTo(p)
			return ""
		},
	})
}

// goHome shows the user's own region.
func (w *Window) goHome() {
	if !w.deps.Home.IsZero() {
		w.openRegion(w.deps.Home)
		return
	}
	w.fullExtent()
}

// fullExtent shows everything that the console's scope holds.
func (w *Window) fullExtent() {
	for _, row := range w.regions.Rows() {
		if row.Depth == 0 && row.Region.HasBound {
			w.deps.Map.Fit(row.Region.Bound)
			return
		}
	}
}

// bookmarksView is the open list of bookmarks.
type bookmarksView struct {
	w     *Window
	name  *boxEntry
	list  *sheet
	first int
	wrong string
}

// showBookmarks opens the list of bookmarks with the present view ready to be kept.
func (w *Window) showBookmarks() {
	v := &bookmarksView{w: w}
	v.name = newBoxEntry(w, false)
	v.name.SetPlaceHolder(w.lang.T("bookmarks.name"))
	v.name.OnSubmitted = func(string) { v.add() }
	v.name.submit = v.add
	v.list = newSheet(w, v.draw)
	v.list.scroll = func(dy float32) { v.first = max(0, v.first-int(dy/10)); v.list.Refresh() }
	w.bookmarksView = v
	w.showModal(w.lang.T("bookmarks.title"), container.New(v, v.list, v.name), fyne.NewSize(460, 440), nil)
	w.focus(v.name)
}

// MinSize implements fyne.Layout.
func (v *bookmarksView) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(320, 200) }

// Layout implements fyne.Layout.
func (v *bookmarksView) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Resize(size)
	o[1].Move(fyne.NewPos(16, 16))
	o[1].Resize(fyne.NewSize(size.Width-32-104, 32))
}

func (v *bookmarksView) add() {
	w := v.w
	view := w.deps.Map.View()
	name := strings.TrimSpace(v.name.Text)
	if name == "" { // the region that is selected names the view
		name = w.lang.LonLat(view.Center[0], view.Center[1])
		if r, ok := w.regions.Selected(); ok {
			name = w.lang.Of(r.Name)
		}
	}
	if err := w.bookmarks.Add(name, mapview.View{Center: view.Center, Zoom: view.Zoom}); err != nil {
		v.wrong = w.lang.T("bookmarks.bad")
	} else {
		v.wrong = ""
		v.name.SetText("")
		v.first = max(0, len(w.bookmarks.List())-v.rows())
		w.keepBookmarks()
	}
	v.list.Refresh()
}

func (w *Window) keepBookmarks() {
	if b, err := w.bookmarks.MarshalText(); err == nil {
		w.deps.Remember("bookmarks", string(b))
	}
}

const bookmarkTop = 92

func (v *bookmarksView) rows() int { return int((v.list.Size().Height - bookmarkTop) / rowHeight) }

func (v *bookmarksView) draw(p *pen, width, h float32) {
	w := v.w
	p.buttonAt(width-16-92, 16, 92, 32, "bookmark-add", "", w.lang.T("bookmarks.add"), "", true, v.add)
	if v.wrong != "" {
		p.text(16, 66, v.wrong, style{size: sizeSmall, ink: p.pal.red})
	} else {
		p.text(16, 66, w.lang.T("bookmarks.hint"), p.small())
	}
	p.hline(0, bookmarkTop-8, width)
	list := w.bookmarks.List()
	if len(list) == 0 {
		p.notice(0, bookmarkTop, width, 120, state.Notice{Title: w.lang.T("bookmarks.none"), Text: w.lang.T("bookmarks.none.do")})
		return
	}
	shown := v.rows()
	v.first = max(0, min(v.first, len(list)-shown))
	for i := v.first; i < len(list) && i < v.first+shown; i++ {
		m := list[i]
		y := float32(bookmarkTop + (i-v.first)*rowHeight)
		cy := y + rowHeight/2
		id := "bookmark-" + m.Name
		if p.hot(id) {
			p.rect(0, y, width, rowHeight, p.pal.hover)
		}
		p.hline(16, y+rowHeight-1, width-32)
		p.hit(0, y, width, rowHeight, id, "", func() { w.closeModal(); w.showView(m.View) })
		right := width - 16
		tool := func(name, icon, tip string, tap func()) {
			p.icon(icon, right-16, cy, 16, p.pal.text2)
			p.hit(right-22, y, 28, rowHeight, name+m.Name, w.lang.T(tip), tap)
			right -= 32
		}
		tool("bookmark-delete-", "trash", "bookmarks.delete", func() {
			w.bookmarks.Remove(m.Name)
			w.keepBookmarks()
			v.list.Refresh()
		})
		tool("bookmark-rename-", "pencil", "bookmarks.rename", func() { w.renameBookmark(m.Name) })
		right -= 4 + p.right(right, cy, w.lang.T("goto.zoom", int(m.View.Zoom+0.5)), p.small())
		p.fit(16, cy, right-24, m.Name, p.body())
	}
	p.scrollBar(width-6, bookmarkTop, h-bookmarkTop, v.first, shown, len(list))
}

func (w *Window) renameBookmark(name string) {
	w.showForm(form{
		title: w.lang.T("bookmarks.rename"), submit: w.lang.T("ok"),
		fields: []formField{{label: w.lang.T("bookmarks.name"), value: name}},
		run: func(v []string) string {
			if err := w.bookmarks.Rename(name, v[0]); errors.Is(err, mapview.ErrView) {
				return w.lang.T("bookmarks.bad")
			}
			w.keepBookmarks()
			w.showBookmarks()
			return ""
		},
	})
}

// showView goes to a view that was kept.
func (w *Window) showView(v mapview.View) { w.deps.Map.MoveTo(v.Center, v.Zoom) }

// back and forward turn the views that the map has rested at.
func (w *Window) back()    { w.deps.Map.Turn(-1) }
func (w *Window) forward() { w.deps.Map.Turn(1) }
