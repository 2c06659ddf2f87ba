package ui

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"kuaitu/ui/state"
)

const (
	hitRowHeight  = 44
	hitHeadHeight = 26
)

// searchEntry is the entry in the search box. The frame is drawn by the top bar.
type searchEntry struct {
	widget.Entry
	w      *Window
	box    fyne.Position // of the frame
	boxW   float32
	active bool

	awaited string // query whose first hit is to be opened when it comes: Enter was faster than the answer
}

func newSearchEntry(w *Window) *searchEntry {
	e := &searchEntry{w: w}
	e.ExtendBaseWidget(e)
	e.SetPlaceHolder(w.lang.T("search.hint"))
	e.OnChanged = func(q string) { e.awaited = ""; w.search.Query(q) }
	return e
}

// FocusGained implements fyne.Focusable.
func (e *searchEntry) FocusGained() {
	e.Entry.FocusGained()
	e.active = true
	e.w.parts.top.Refresh()
	e.w.showHits(e.w.hits)
}

// FocusLost implements fyne.Focusable. The list stays until a hit is tapped or the box is left by a key: a tap on the
// list takes the focus first.
func (e *searchEntry) FocusLost() {
	e.Entry.FocusLost()
	e.active = false
	e.w.parts.top.Refresh()
}

// TypedKey implements fyne.Focusable: up and down choose a hit, Enter opens it, Esc leaves.
func (e *searchEntry) TypedKey(k *fyne.KeyEvent) {
	w := e.w
	n := len(w.hits.Rows)
	switch k.Name {
	case fyne.KeyDown:
		if n > 0 {
			w.hitRow = min(w.hitRow+1, n-1)
			w.parts.hitList.Refresh()
		}
	case fyne.KeyUp:
		if n > 0 {
			w.hitRow = max(w.hitRow-1, 0)
			w.parts.hitList.Refresh()
		}
	case fyne.KeyReturn, fyne.KeyEnter:
		switch asked := strings.TrimSpace(e.Text); {
		case w.hits.Query != asked: // the answer is still to come; what is listed is another question's
			e.awaited = asked
		case w.hitRow < n && w.hits.Query != "":
			w.openHit(w.hits.Rows[w.hitRow])
		}
	case fyne.KeyEscape:
		if e.Text != "" {
			e.SetText("")
		} else {
			w.leaveSearch()
		}
	case fyne.KeyF5, fyne.KeyF11:
		w.typedKey(k)
	default:
		e.Entry.TypedKey(k)
	}
}

// TypedShortcut implements fyne.Shortcutable: the window's own shortcuts work in the box, too.
func (e *searchEntry) TypedShortcut(s fyne.Shortcut) {
	if !e.w.shortcut(s) {
		e.Entry.TypedShortcut(s)
	}
}

// FocusSearch puts the caret into the search box with its text selected.
func (w *Window) FocusSearch() {
	w.focus(w.parts.entry)
	w.parts.entry.TypedShortcut(&fyne.ShortcutSelectAll{})
}

func (w *Window) leaveSearch() {
	w.win.Canvas().Unfocus()
	w.parts.hitList.Hide()
}

// showHits shows an answer below the box.
func (w *Window) showHits(h state.Hits) {
	if h.Query != w.hits.Query {
		w.hitRow = 0
	}
	w.hits = h
	w.hitRow = max(0, min(w.hitRow, len(h.Rows)-1))
	list := w.parts.hitList
	if h.Query == "" {
		list.Hide()
	} else {
		list.Show()
		list.Resize(fyne.NewSize(w.parts.entry.boxW, w.hitListHeight()))
		list.Refresh()
	}
	w.parts.top.Refresh()
	if e := w.parts.entry; e.awaited != "" && e.awaited == h.Query {
		e.awaited = ""
		if len(h.Rows) > 0 {
			w.openHit(h.Rows[0])
		}
	}
}

func (w *Window) hitListHeight() float32 {
	if len(w.hits.Rows) == 0 {
		return 96
	}
	h := float32(8)
	for _, r := range state.HitRows(w.lang, w.hits) {
		if r.Head != "" {
			h += hitHeadHeight
		} else {
			h += hitRowHeight
		}
	}
	return min(h, max(200, w.parts.root.Size().Height-80))
}

// openHit opens what was found: its dossier, and the map moves to it.
func (w *Window) openHit(h state.Hit) {
	w.leaveSearch()
	if h.Ref.Kind == "region" {
		w.openRegion(h.Ref.ID)
		return
	}
	switch {
	case h.HasAt && !h.Bound.IsZero() && h.Bound.Min != h.Bound.Max:
		w.deps.Map.Fit(h.Bound)
	case h.HasAt:
		w.deps.Map.MoveTo(h.At, max(17, w.deps.Map.View().Zoom))
	}
	if h.Ref.Kind == "" { // a position: there is nothing to open
		return
	}
	w.deps.Map.Select(h.Ref)
	if h.Ref.Kind == "event" {
		w.events.Select(h.Ref.ID)
		w.parts.events.Refresh()
	}
	w.open(h.Ref)
}

var groupIcons = map[string]string{
	"building": "building", "room": "door", "address": "map-pin", "alias": "tag", "ambiguous": "tag", "person": "user",
	"entity": "building-store", "event": "flag", "region": "map-2", "position": "focus-centered", "command": "command",
}

// drawHits draws the open list.
func (w *Window) drawHits(p *pen, width, h float32) {
	p.box(0, 0, width, h, p.pal.raised, p.pal.strong, 4)
	if len(w.hits.Rows) == 0 {
		n := state.Notice{Title: w.lang.T("search.none", w.hits.Query), Text: w.lang.T("search.none.do")}
		if w.hits.Err != nil {
			n = state.Failure(w.lang, w.hits.Err)
		}
		p.text(16, 26, n.Title, style{size: sizeBody, bold: true, ink: p.pal.text1})
		p.wrap(16, 42, width-32, 18, 2, n.Text, p.small())
		return
	}
	y := float32(4)
	for _, r := range state.HitRows(w.lang, w.hits) {
		if r.Head != "" {
			if y > 4 {
				p.hline(1, y, width-2)
			}
			p.text(12, y+hitHeadHeight/2+1, r.Head, p.small())
			y += hitHeadHeight
			continue
		}
		if y+hitRowHeight > h {
			break
		}
		w.drawHit(p, r, y, width)
		y += hitRowHeight
	}
}

func (w *Window) drawHit(p *pen, r state.HitRow, y, width float32) {
	id := fmt.Sprintf("hit-%d", r.Index)
	chosen := r.Index == w.hitRow
	switch {
	case chosen:
		p.rect(1, y, width-2, hitRowHeight, p.pal.tint)
		p.rect(1, y, 3, hitRowHeight, p.pal.accent)
	case p.hot(id):
		p.rect(1, y, width-2, hitRowHeight, p.pal.hover)
	}
	name := r.Hit.Icon
	if name == "" {
		name = groupIcons[r.Hit.Group]
	}
	if name != "" {
		p.icon(name, 14, y+hitRowHeight/2, 16, p.pal.text2)
	}
	side := r.Hit.Side
	if chosen {
		side = w.lang.T("search.open")
	}
	room := width - 44 - 16 - p.right(width-12, y+hitRowHeight/2, side, p.small())
	label := y + 14
	if r.Hit.Why == "" {
		label = y + hitRowHeight/2
	}
	p.marked(44, label, room, r.Hit.Label, w.hits.Query)
	p.fit(44, y+32, room, r.Hit.Why, p.small())
	p.hit(0, y, width, hitRowHeight, id, "", func() { w.openHit(r.Hit) })
}

// marked writes a label with the parts that match the query in bold.
func (p *pen) marked(x, cy, room float32, label, query string) {
	plain, bold := p.body(), p.body()
	bold.bold = true
	end := x + room
	at := 0
	part := func(s string, st style) bool {
		if s == "" {
			return true
		}
		cut := p.fit(x, cy, end-x, s, st)
		x += p.width(s, st)
		return !cut && x < end
	}
	for _, m := range state.MatchSpans(label, query) {
		if !part(label[at:m[0]], plain) || !part(label[m[0]:m[1]], bold) {
			return
		}
		at = m[1]
	}
	part(label[at:], plain)
}
