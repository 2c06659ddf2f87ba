package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/ui/state"
)

// kitPage is what the panel of the tools shows.
type kitPage uint8

const (
	kitNone kitPage = iota
	kitIdentify
	kitSelect
	kitMeasure
	kitAround
)

// kit is the panel of the tools, which lies over the map beside their column: the tools of the chosen group and what they
// have found.
type kit struct {
	page   kitPage
	last   map[kitPage]Tool // tool of a group that was used last
	room   fyne.Size        // of the map that is not covered by other panels
	corner fyne.Position    // upper right corner

	looked   bool // something was identified
	found    []Pick
	foundAt  orb.Point
	foundRef state.Ref // the one that was opened last

	selection state.Selection
	left      int  // records that did not fit into the selection
	only      bool // the map shows the selection alone

	measure state.Measure
	units   state.MeasureUnits

	around  state.AroundView
	name    string // of the record that is looked around
	metres  float64
	badM    bool // what was typed is no distance
	entry   *boxEntry
	counts  job
	rowsJob job
}

const (
	kitWidth = 320
	kitHead  = 36
	kitTools = 40
	kitFoot  = 44
	kitBelow = 100 // of the map above and below the panel: time strip and credit
)

// kitSheet is the panel as a widget: the slider of the distance is dragged.
type kitSheet struct {
	sheet
	slides bool
}

// Dragged implements fyne.Draggable.
func (s *kitSheet) Dragged(e *fyne.DragEvent) {
	if !s.slides {
		h := s.pen.at(e.Position.SubtractXY(e.Dragged.DX, e.Dragged.DY))
		if h == nil || h.id != "around-slider" {
			return
		}
		s.slides = true
	}
	s.win.slideAround(e.Position.X)
}

// DragEnd implements fyne.Draggable.
func (s *kitSheet) DragEnd() {
	if s.slides {
		s.slides = false
		s.win.lookAgain()
	}
}

// Tapped implements fyne.Tappable.
func (s *kitSheet) Tapped(e *fyne.PointEvent) {
	if h := s.pen.at(e.Position); h != nil && h.id == "around-slider" {
		s.win.slideAround(e.Position.X)
		s.win.lookAgain()
		return
	}
	s.sheet.Tapped(e)
}

// buildKit makes the panel.
func (w *Window) buildKit() {
	s := &kitSheet{}
	s.init(w, w.drawKit)
	s.self = s
	s.ExtendBaseWidget(s)
	s.fill = transparent
	s.scroll = func(dy float32) { w.scrollRows(w.kit.page.list(), dy, &s.sheet) }
	s.Hide()
	k := &w.kit
	k.last = map[kitPage]Tool{}
	k.metres = state.DefaultAroundM
	k.units = state.ParseMeasureUnits(w.deps.Recall("measure"))
	k.entry = newBoxEntry(w, false)
	k.entry.OnSubmitted = func(string) { w.typedMetres() }
	k.entry.submit = w.typedMetres
	w.parts.kit = s
	w.parts.kitEntry = container.NewThemeOverride(k.entry, bareTheme{w.th})
	w.parts.kitEntry.Hide()
}

// list is the name under which a page's scrolling is kept.
func (k kitPage) list() string {
	return map[kitPage]string{kitIdentify: "identify", kitSelect: "selection", kitMeasure: "measure", kitAround: "around"}[k]
}

// kitFilled reports whether the page has something to show without its tool.
func (w *Window) kitFilled() bool {
	switch k := &w.kit; k.page {
	case kitIdentify:
		return len(k.found) > 0
	case kitSelect:
		return k.selection.Len() > 0
	case kitAround:
		_, asked := k.around.Query()
		return asked
	}
	return false
}

// closeKit closes the panel and gives its tool up. The surroundings go from the map; the selection stays, with the others
// shown again, for nothing would say that they are not.
func (w *Window) closeKit() {
	switch {
	case w.kit.page == kitAround:
		w.forgetAround()
	case w.kit.page == kitSelect && w.kit.only:
		w.kit.only = false
		w.selectionChanged()
	}
	if w.tool != ToolPan && groupOf(w.tool).page == w.kit.page {
		w.setTool(ToolPan)
	}
	w.kit.page = kitNone
	w.kitChanged()
}

// kitTop is where the content of the page begins.
func (k kitPage) top() float32 {
	if k == kitIdentify {
		return kitHead
	}
	return kitHead + kitTools
}

// kitHeight is how high the panel would like to be.
func (w *Window) kitHeight() float32 {
	k := &w.kit
	h := k.page.top()
	switch k.page {
	case kitIdentify:
		if len(k.found) == 0 {
			return h + 56
		}
		return h + rowHeight*float32(len(k.found)) + 8
	case kitSelect:
		return h + w.selectionHeight()
	case kitMeasure:
		return h + w.measureHeight()
	case kitAround:
		return h + w.aroundHeight()
	}
	return 0
}

// placeKit lays the panel out in the room there is.
func (w *Window) placeKit() {
	k, s, entry := &w.kit, w.parts.kit, w.parts.kitEntry
	if k.page == kitNone || k.room.Height < kitHead {
		s.Hide()
		entry.Hide()
		return
	}
	width := min(kitWidth, k.room.Width-72)
	h := min(w.kitHeight(), max(k.room.Height-kitBelow, kitHead+kitTools+3*rowHeight))
	s.Move(fyne.NewPos(k.corner.X-width, k.corner.Y))
	s.Resize(fyne.NewSize(width, h))
	s.Show()
	_, asked := k.around.Query()
	if k.page == kitAround && asked {
		h := k.entry.MinSize().Height
		entry.Move(fyne.NewPos(k.corner.X-16-aroundEntryW, k.corner.Y+k.page.top()+aroundSubject+round(21-h/2)))
		entry.Resize(fyne.NewSize(aroundEntryW-20, h))
		entry.Show()
	} else {
		entry.Hide()
	}
}

// kitChanged shows the panel as it is now.
func (w *Window) kitChanged() {
	w.placeKit()
	w.parts.kit.Refresh()
}

// drawKit draws the panel: its head, the tools of the group, the page.
func (w *Window) drawKit(p *pen, width, h float32) {
	k := &w.kit
	p.box(0, 0, width, h, p.pal.panel, p.pal.strong, 4)
	title := w.lang.T("kit.title." + k.page.list())
	switch {
	case k.page == kitIdentify && len(k.found) > 0:
		title += w.lang.T("dot") + w.lang.Count(len(k.found))
	case k.page == kitSelect && k.selection.Len() > 0:
		title += w.lang.T("dot") + w.lang.Count(k.selection.Len())
	}
	p.fit(16, 18, width-56, title, p.heading())
	p.icon("x", width-30, 18, 16, p.pal.text2)
	p.hit(width-38, 4, 32, 28, "kit-close", w.lang.T("close"), w.closeKit)
	if k.page != kitIdentify {
		w.drawVariants(p, kitHead, width)
	}
	p.hline(1, k.page.top()-1, width-2)
	switch y := k.page.top(); k.page {
	case kitIdentify:
		w.drawIdentify(p, y, width, h)
	case kitSelect:
		w.drawSelection(p, y, width, h)
	case kitMeasure:
		w.drawMeasure(p, y, width, h)
	case kitAround:
		w.drawAround(p, y, width, h)
	}
}

// drawVariants draws the tools of the page's group in a line.
func (w *Window) drawVariants(p *pen, y, width float32) {
	for _, g := range toolGroups {
		if g.page != w.kit.page {
			continue
		}
		bw := round((width - 24 - float32(len(g.tools)-1)*6) / float32(len(g.tools)))
		for i, v := range g.tools {
			x := 12 + float32(i)*(bw+6)
			id := v.name
			fill, edge, ink := p.pal.raised, p.pal.line, p.pal.text1
			switch {
			case w.tool == v.tool:
				fill, edge, ink = p.pal.tint, p.pal.accent, p.pal.accent
			case p.hot(id):
				fill = p.pal.hover
			}
			p.box(x, y, bw, 30, fill, edge, 4)
			st := style{size: sizeSmall, ink: ink}
			label := w.lang.T(v.name + ".short")
			tw := min(p.width(label, st), bw-30)
			left := round(x + (bw-22-tw)/2)
			p.icon(v.icon, left, y+15, 16, ink)
			p.fit(left+22, y+15, bw-30, label, st)
			p.hit(x, y, bw, 30, id, w.lang.T(v.name), func() { w.setTool(v.tool) })
		}
	}
}

// kitRows draws the visible rows of a list in the height there is, and its scroll bar; it returns the last row that is seen.
func (w *Window) kitRows(p *pen, name string, y, width, h float32, n int, row func(i int, y float32)) (last int) {
	shown := max(1, int(h/rowHeight))
	first := w.firstRow(name, shown, n)
	last = min(n, first+shown)
	for i := first; i < last; i++ {
		row(i, y+float32(i-first)*rowHeight)
	}
	p.scrollBar(width-7, y, float32(shown)*rowHeight, first, shown, n)
	return last
}

// kindIcons are the signs of kinds in lists.
var kindIcons = map[block.Kind]string{
	"building": "building", "room": "door", "person": "user", "legal_entity": "building-store", "event": "flag", "facility": "map-pin", "region": "hierarchy-2",
}

// kitRow draws a record in a list: its kind's sign, what it is called, where it is (cut off at the front), and a word at
// the right.
func (w *Window) kitRow(p *pen, y, width float32, id string, ref state.Ref, name, place, side string, on bool, tap func()) {
	cy := y + rowHeight/2
	switch {
	case on:
		p.rect(1, y, width-2, rowHeight, p.pal.tint)
	case p.hot(id):
		p.rect(1, y, width-2, rowHeight, p.pal.hover)
	}
	p.hline(12, y+rowHeight-1, width-24)
	if icon, ok := kindIcons[ref.Kind]; ok {
		p.icon(icon, 14, cy, 14, p.pal.text3)
	}
	sw := p.right(width-16, cy, side, p.small())
	room := width - 36 - 16 - sw - 10
	tip := ""
	cut := p.fit(36, cy, room, name, p.body())
	if rest := room - p.width(name, p.body()) - 8; !cut && place != "" && rest > 24 {
		cut = p.fitFront(36+room-rest, cy, rest, place, style{size: sizeSmall, ink: p.pal.text2})
	}
	if cut {
		tip = strings.TrimSpace(name + "  " + place)
	}
	p.hit(1, y, width-2, rowHeight, id, tip, tap)
}

// kitButtons draws the foot of a page: buttons side by side.
func (p *pen) kitButtons(y, width float32, actions []action) {
	p.hline(1, y, width-2)
	bw := round((width - 24 - float32(len(actions)-1)*6) / float32(len(actions)))
	for i, a := range actions {
		p.buttonAt(12+float32(i)*(bw+6), y+8, bw, 28, "kit-"+a.key, "", a.label, "", a.main, a.tap)
	}
}
