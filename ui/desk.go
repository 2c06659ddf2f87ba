package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"kuaitu/ui/state"
)

// deskLayout places the parts of the desk by the window's width: design §7.
type deskLayout struct {
	w          *Window
	width      float32
	narrow     bool // below 1440: trees and dossier lie over the map
	left       bool // trees are open
	right      bool // dossier panel is open
	list       bool // all rows of the event list, not just one
	legend     bool
	set        bool // the defaults of the width were applied
	mapX, mapW float32

	treesH, regionsH float32 // height of both trees together, and of the regions' share
}

// regionsHeight is the regions' share of the left panel: what the tree needs, but never below 46 % nor so much that a
// layer list that would fit has to scroll.
func (w *Window) regionsHeight(all float32) float32 {
	least := all * 0.46
	most := max(least, all-(34+layerLine*float32(len(w.layers.Rows()))+8))
	need := 34 + rowHeight*float32(len(w.regions.Rows())) + 12
	return round(max(least, min(need, most)))
}

// treesChanged draws the trees anew, and moves the line between them when their need for room has changed.
func (w *Window) treesChanged() {
	if w.regionsHeight(w.desk.treesH) != w.desk.regionsH {
		w.desk.relayout()
	}
	w.parts.regions.Refresh()
	w.parts.layers.Refresh()
}

func (w *Window) build() {
	p := &w.parts
	p.top = newSheet(w, w.drawTop)
	p.rail = newSheet(w, w.drawRail)
	p.regions = newSheet(w, w.drawRegions)
	p.regions.scroll = func(dy float32) { w.scrollRows("regions", dy, p.regions) }
	p.regions.key = w.regionKey
	p.layers = newSheet(w, w.drawLayers)
	p.layers.scroll = func(dy float32) { w.scrollRows("layers", dy, p.layers) }
	p.unplaced = newSheet(w, w.drawUnplaced)
	p.eventHead = newSheet(w, w.drawEventHead)
	p.events = newSheet(w, w.drawEvents)
	p.events.scroll = func(dy float32) { w.scrollRows("events", dy, p.events) }
	p.events.key = w.eventKey
	p.detail = newSheet(w, w.drawDetail)
	p.detail.scroll = w.scrollDetail
	p.detailFoot = newSheet(w, w.drawDetailFoot)
	p.status = newSheet(w, w.drawStatus)
	p.legend = newSheet(w, w.drawLegend)
	p.tools = newSheet(w, w.drawTools)
	p.scale = newSheet(w, w.drawScale)
	p.credit = newSheet(w, w.drawCredit)
	p.tipBox = newSheet(w, w.drawTip)
	p.hitList = newSheet(w, w.drawHits)
	for _, s := range []*sheet{p.legend, p.tools, p.scale, p.credit, p.tipBox} {
		s.fill = transparent
	}
	p.entry = newSearchEntry(w)
	p.entryHolder = container.NewThemeOverride(p.entry, bareTheme{w.th})
	p.hitList.Hide()
	p.tipBox.Hide()

	w.desk = &deskLayout{w: w, legend: true}
	p.root = container.New(w.desk,
		clipped(w.deps.Map.Object()), p.scale, p.credit, p.legend, p.tools,
		p.eventHead, clipped(p.events),
		clipped(p.regions), clipped(p.layers), p.unplaced,
		clipped(p.detail), p.detailFoot,
		p.rail, p.top, p.status, p.entryHolder, p.hitList, p.tipBox)
}

// clipped keeps what an object draws within its bounds.
func clipped(o fyne.CanvasObject) *container.Clip {
	c := container.NewClip(o)
	c.ExtendBaseWidget(c) // else a Resize before the first frame does not reach the content
	return c
}

// MinSize implements fyne.Layout: the smallest screen the console is made for, less its window frame.
func (d *deskLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(1024, 600) }

// relayout places the parts again after a panel was opened or closed.
func (d *deskLayout) relayout() {
	d.Layout(d.w.parts.root.Objects, d.w.parts.root.Size())
	d.w.parts.root.Refresh()
}

// Layout implements fyne.Layout.
func (d *deskLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	p := &d.w.parts
	narrow := size.Width < 1440
	if !d.set || narrow != d.narrow {
		d.set, d.narrow = true, narrow
		d.left, d.list = !narrow, !narrow
		d.right = !narrow || d.w.dossier.Wanted().Kind != ""
	}
	d.width = size.Width
	top, status, rail := float32(48), float32(28), float32(48)
	left, right, rows := float32(256), float32(376), 6
	switch {
	case narrow:
		top, status, rail, right, rows = 40, 24, 40, 340, 5
	case size.Width < 1680:
		left, right, rows = 232, 340, 5
	}
	bottom := size.Height - status
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(max(w, 0), max(h, 0)))
	}
	show := func(on bool, objects ...fyne.CanvasObject) {
		for _, o := range objects {
			if on {
				o.Show()
			} else {
				o.Hide()
			}
		}
	}

	mapX, mapR := rail, size.Width
	if !narrow && d.left {
		mapX = rail + left
	}
	if !narrow && d.right {
		mapR = size.Width - right
	}
	d.mapX, d.mapW = mapX, mapR-mapX
	listH := float32(36 + rowHeight)
	if d.list {
		listH = float32(36 + rowHeight*(rows+1))
	}
	mapH := bottom - top - listH

	mapClip, eventClip, regionClip, layerClip, detailClip := objects[0], objects[6], objects[7], objects[8], objects[10]
	put(mapClip, mapX, top, d.mapW, mapH)
	d.w.deps.Map.Object().Resize(fyne.NewSize(d.mapW, mapH))
	show(d.left, regionClip, layerClip, p.unplaced)
	regionsH := d.w.regionsHeight(bottom - top - 36)
	d.treesH, d.regionsH = bottom-top-36, regionsH
	put(regionClip, rail, top, left, regionsH)
	put(layerClip, rail, top+regionsH, left, bottom-36-top-regionsH)
	put(p.unplaced, rail, bottom-36, left, 36)

	show(d.right, detailClip, p.detailFoot)
	put(detailClip, size.Width-right, top, right, bottom-top-94)
	put(p.detailFoot, size.Width-right, bottom-94, right, 94)

	// What floats over the map, and the list below it, keep clear of panels that lie over them.
	floatL, floatR := mapX, mapR
	if narrow && d.left {
		floatL += left
	}
	if narrow && d.right {
		floatR -= right
	}
	put(p.eventHead, floatL, bottom-listH, floatR-floatL, 36)
	put(eventClip, floatL, bottom-listH+36, floatR-floatL, listH-36)
	show(d.legend, p.legend)
	put(p.legend, floatL+12, top+12, d.w.legendWidth(), legendHeight())
	put(p.tools, floatR-48, top+12, 36, toolsHeight)
	put(p.scale, floatL+12, top+mapH-34, 200, 24)
	creditW := round(d.w.measure(d.w.credit(), sizeSmall, false).Width) + 16
	put(p.credit, floatR-creditW-12, top+mapH-26, creditW, 20)

	put(p.rail, 0, top, rail, bottom-top)
	put(p.status, 0, bottom, size.Width, status)

	boxX := max(mapX, 232)
	if narrow {
		boxX = 232
	}
	boxW := min(560, size.Width-boxX-540)
	entry := d.w.parts.entry
	entry.box, entry.boxW = fyne.NewPos(boxX, (top-32)/2), boxW
	entryH := entry.MinSize().Height
	put(p.entryHolder, boxX+28, round((top-entryH)/2), boxW-28-80, entryH)
	put(p.hitList, boxX, (top+32)/2+4, boxW, d.w.hitListHeight())
	put(p.top, 0, 0, size.Width, top)
	p.top.Refresh() // the frame of the box may have moved though the bar did not
	if p.tipBox.Visible() {
		d.placeTip()
	}
}

// Toggle functions of the panels.
func (w *Window) toggleLeft()   { w.desk.left = !w.desk.left; w.desk.relayout() }
func (w *Window) toggleRight()  { w.desk.right = !w.desk.right; w.desk.relayout() }
func (w *Window) toggleList()   { w.desk.list = !w.desk.list; w.desk.relayout() }
func (w *Window) toggleLegend() { w.desk.legend = !w.desk.legend; w.desk.relayout() }

// scrollRows moves a list by whole rows.
func (w *Window) scrollRows(name string, dy float32, s *sheet) {
	step := int(-dy / 12)
	if step == 0 && dy != 0 {
		step = 1
		if dy > 0 {
			step = -1
		}
	}
	w.pinned[name] += step
	s.Refresh()
}

// firstRow clips where a list stands to what there is and returns its first visible row.
func (w *Window) firstRow(name string, shown, all int) int {
	w.pinned[name] = max(0, min(w.pinned[name], all-shown))
	return w.pinned[name]
}

// reveal scrolls a list so that a row is visible.
func (w *Window) reveal(name string, row, shown int) {
	if row < 0 || shown <= 0 {
		return
	}
	if row < w.pinned[name] {
		w.pinned[name] = row
	}
	if row >= w.pinned[name]+shown {
		w.pinned[name] = row - shown + 1
	}
}

// tip shows a short explanation near the mouse; an empty text hides it.
func (w *Window) tip(text string, at fyne.Position) {
	p := &w.parts
	if text == "" {
		if p.tipBox.Visible() {
			p.tipBox.Hide()
		}
		return
	}
	p.tipText = text
	p.tipBox.Show()
	p.tipBox.Move(fyne.NewPos(at.X+12, at.Y+18))
	w.desk.placeTip()
	p.tipBox.Refresh()
}

func (d *deskLayout) placeTip() {
	p := &d.w.parts
	width := min(d.w.measure(p.tipText, sizeSmall, false).Width+16, 480)
	pos := p.tipBox.Position()
	root := p.root.Size()
	if pos.Y+26 > root.Height {
		pos.Y -= 52
	}
	p.tipBox.Move(fyne.NewPos(max(0, min(pos.X, root.Width-width-4)), pos.Y))
	p.tipBox.Resize(fyne.NewSize(round(width), 24))
}

func (w *Window) drawTip(p *pen, width, h float32) {
	p.box(0, 0, width, h, p.pal.raised, p.pal.strong, 4)
	p.fit(8, h/2, width-16, w.parts.tipText, style{size: sizeSmall, ink: p.pal.text1})
}

func (w *Window) drawStatus(p *pen, width, h float32) {
	p.hline(0, 0, width)
	w.facts.BaseMap = w.lang.Of(w.deps.BaseMap)
	bar := w.facts.Format(w.lang, w.now())
	st := style{size: sizeSmall, ink: p.pal.text2}
	right := width - 12
	for i := len(bar.Right) - 1; i >= 0; i-- {
		item := bar.Right[i]
		st.ink = p.pal.text2
		if item.Tone == state.ToneNear {
			st.ink = p.pal.amberText
		}
		tw := p.width(item.Text, st)
		full := tw
		if item.Icon != "" {
			full += 20
		}
		x := right - full
		if item.Icon != "" {
			p.icon(item.Icon, round(x), h/2, 14, p.pal.tone(item.Tone))
		}
		p.text(round(right-tw), h/2, item.Text, st)
		if item.Name == "pending" || item.Name == "proof" || item.Name == "data" {
			p.hit(x-8, 0, full+16, h, "st-"+item.Name, "", w.showSyncPanel)
		}
		right = x - 12
		if i > 0 {
			p.vline(round(right), h/2-7, 15)
		}
		right -= 13
	}
	left := float32(12)
	st.ink = p.pal.text2
	for _, item := range bar.Left {
		tw := p.width(item.Text, st)
		if left+tw > right-12 {
			break // the right side, data age and proof, has the first claim
		}
		p.text(left, h/2, item.Text, st)
		if item.Name == "position" {
			tw = max(tw, p.width("000.00000°E 00.00000°N", st)) // the cells must not dance with the mouse
		}
		left += tw + 12
		p.vline(round(left), h/2-7, 15)
		left += 13
	}
}
