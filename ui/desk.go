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
	strip      bool // the time strip is shown
	set        bool // the defaults of the width were applied
	mapX, mapW float32

	class string       // of the width: what the user arranged is kept for each
	sizes state.Panels // as the user arranged them
	leftW, rightW, listH,
	treesH, regionsH float32 // as laid out; treesH is the height of both trees together, regionsH the regions' share
	hadPanels *bareDesk // open panels while all are hidden
}

// bareDesk says which panels were open before all were hidden.
type bareDesk struct{ left, right, list, legend, strip bool }

// regionsHeight is the regions' share of the left panel: 46 %, more where the tree needs it and the layers do not, less where
// the layers would have to scroll while the regions have room to spare.
func (w *Window) regionsHeight(all float32) float32 {
	if share := w.desk.sizes.Trees; share > 0 { // the user moved the line
		return round(max(34+rowHeight, min(all*share, all-34-layerLine)))
	}
	need := 34 + rowHeight*float32(len(w.regions.Rows())) + 12
	other := 34 + layerLine*float32(len(w.layers.Rows())) + 8
	if _, chosen := w.layers.Selected(); chosen {
		other += layerCard
	}
	share := all * 0.46
	return round(max(min(need, share), min(max(need, share), all-other)))
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
	p.layers = newLayersSheet(w)
	p.layers.key = w.layersKey
	p.layers.menu = w.layersMenu
	p.layers.scroll = func(dy float32) { w.scrollRows("layers", dy, &p.layers.sheet) }
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
	p.strip = newSheet(w, w.drawStrip)
	p.figures = newSheet(w, w.drawFigures)
	p.credit = newSheet(w, w.drawCredit)
	w.buildKit()
	p.tipBox = newSheet(w, w.drawTip)
	p.hitList = newSheet(w, w.drawHits)
	for _, s := range []*sheet{p.legend, p.figures, p.tools, p.scale, p.credit, p.strip, p.tipBox} {
		s.fill = transparent
	}
	p.entry = newSearchEntry(w)
	p.entryHolder = container.NewThemeOverride(p.entry, bareTheme{w.th})
	p.hitList.Hide()
	p.tipBox.Hide()

	w.desk = &deskLayout{w: w, legend: true, strip: true}
	d := w.desk
	p.grips.left = newGrip(w, true, func(by float32) { d.resize(&d.sizes.Left, d.leftW+by) }, w.toggleLeft)
	p.grips.right = newGrip(w, true, func(by float32) { d.resize(&d.sizes.Right, d.rightW-by) }, w.toggleRight)
	p.grips.list = newGrip(w, false, func(by float32) { d.resize(&d.sizes.List, d.listH-by) }, w.toggleList)
	p.grips.trees = newGrip(w, false, func(by float32) { d.resize(&d.sizes.Trees, (d.regionsH+by)/max(d.treesH, 1)) }, d.freeTrees)
	p.clips.chart, p.clips.events = clipped(w.deps.Map.Object()), clipped(p.events)
	p.clips.regions, p.clips.layers, p.clips.detail = clipped(p.regions), clipped(p.layers), clipped(p.detail)
	p.root = container.New(d,
		p.clips.chart, p.scale, p.credit, p.legend, p.figures, p.strip, p.tools, p.kit, p.kitEntry,
		p.eventHead, p.clips.events,
		p.clips.regions, p.clips.layers, p.unplaced,
		p.clips.detail, p.detailFoot,
		p.grips.left, p.grips.right, p.grips.list, p.grips.trees,
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

// classOf is the kind of screen by the window's width: what the user arranged on one says nothing of another.
func classOf(width float32) string {
	switch {
	case width < 1440:
		return "narrow"
	case width < 1680:
		return "middle"
	case width < 2600:
		return "wide"
	}
	return "huge"
}

// resize takes over a size that the user dragged.
func (d *deskLayout) resize(size *float32, to float32) {
	*size = max(to, 1e-3)
	d.relayout()
	// what was dragged past its bounds is kept at them, so that the edge follows the mouse back at once
	switch size {
	case &d.sizes.Left:
		*size = d.leftW
	case &d.sizes.Right:
		*size = d.rightW
	case &d.sizes.List:
		*size = d.listH
	case &d.sizes.Trees:
		*size = d.regionsH / max(d.treesH, 1)
	}
}

// keep remembers the user's sizes.
func (d *deskLayout) keep() { d.w.deps.Remember("panels."+d.class, d.sizes.String()) }

// freeTrees has the line between the trees go by their rows again.
func (d *deskLayout) freeTrees() {
	d.sizes.Trees = 0
	d.keep()
	d.relayout()
}

// Layout implements fyne.Layout.
func (d *deskLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	p := &d.w.parts
	narrow := size.Width < 1440
	if !d.set || narrow != d.narrow {
		d.set, d.narrow = true, narrow
		d.left, d.list = !narrow, !narrow
		d.right = !narrow || d.w.opened
	}
	if class := classOf(size.Width); class != d.class {
		d.class, d.sizes = class, state.ParsePanels(d.w.deps.Recall("panels."+class))
	}
	d.width = size.Width
	top, status, rail := float32(48), float32(28), float32(48)
	left, right, rows := float32(256), float32(376), 6
	switch {
	case narrow:
		top, status, rail, right, rows = 40, 24, 40, 340, 5
	case size.Width < 1680:
		left, right, rows = 232, 340, 5
	case size.Width >= 2600:
		left, right, rows = 320, 480, 14
	}
	if d.hadPanels != nil {
		rail = 0
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

	left, right, listH := d.sizes.Fit(left, right, float32(36+rowHeight*(rows+1)), size.Width-rail, bottom-top, narrow)
	if !d.list {
		listH = 36 + rowHeight
	}
	if d.hadPanels != nil {
		listH = 0
	}
	d.leftW, d.rightW, d.listH = left, right, listH
	mapX, mapR := rail, size.Width
	if !narrow && d.left {
		mapX = rail + left
	}
	if !narrow && d.right {
		mapR = size.Width - right
	}
	d.mapX, d.mapW = mapX, mapR-mapX
	mapH := bottom - top - listH

	put(p.clips.chart, mapX, top, d.mapW, mapH)
	d.w.deps.Map.Object().Resize(fyne.NewSize(d.mapW, mapH))
	show(d.left, p.clips.regions, p.clips.layers, p.unplaced, p.grips.left, p.grips.trees)
	d.treesH = bottom - top - 36
	d.regionsH = d.w.regionsHeight(d.treesH)
	put(p.clips.regions, rail, top, left, d.regionsH)
	put(p.clips.layers, rail, top+d.regionsH, left, bottom-36-top-d.regionsH)
	put(p.unplaced, rail, bottom-36, left, 36)
	put(p.grips.left, rail+left-gripReach/2, top, gripReach, bottom-top)
	put(p.grips.trees, rail, top+d.regionsH-gripReach/2, left-gripReach, gripReach)

	show(d.right, p.clips.detail, p.detailFoot, p.grips.right)
	put(p.clips.detail, size.Width-right, top, right, bottom-top-94)
	put(p.detailFoot, size.Width-right, bottom-94, right, 94)
	put(p.grips.right, size.Width-right-gripReach/2, top, gripReach, bottom-top)

	// What floats over the map, and the list below it, keep clear of panels that lie over them.
	floatL, floatR := mapX, mapR
	if narrow && d.left {
		floatL += left
	}
	if narrow && d.right {
		floatR -= right
	}
	show(d.hadPanels == nil, p.eventHead, p.clips.events, p.rail)
	show(d.list, p.grips.list)
	put(p.eventHead, floatL, bottom-listH, floatR-floatL, 36)
	put(p.clips.events, floatL, bottom-listH+36, floatR-floatL, listH-36)
	put(p.grips.list, floatL, bottom-listH-gripReach/2, floatR-floatL, gripReach)
	show(d.legend, p.legend)
	put(p.legend, floatL+12, top+12, d.w.legendWidth(), legendHeight())
	figures := d.w.figuresSize()
	show(d.legend && d.w.figuresShown(), p.figures)
	put(p.figures, floatL+12, top+mapH-44-figures.Height, figures.Width, figures.Height)
	put(p.tools, floatR-48, top+12, 36, toolsHeight(mapH))
	d.w.kit.room = fyne.NewSize(floatR-floatL, mapH)
	d.w.kit.corner = fyne.NewPos(floatR-60, top+12)
	d.w.placeKit()
	put(p.scale, floatL+12, top+mapH-34, 200, 24)
	creditW := round(d.w.measure(d.w.credit(), sizeSmall, false).Width) + 16
	put(p.credit, floatR-creditW-12, top+mapH-26, creditW, 20)
	stripW, fits := d.w.stripWidth(floatR - floatL)
	show(d.strip && fits, p.strip)
	stripX := round((floatL + floatR - stripW) / 2)
	stripY := top + mapH - 44
	if stripX < floatL+200 || stripX+stripW > floatR-creditW-24 {
		stripY -= 32 // over scale bar and credit where there is no room between them
	}
	put(p.strip, stripX, stripY, stripW, 36)

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
func (w *Window) toggleLeft()  { w.desk.left = !w.desk.left; w.desk.relayout() }
func (w *Window) toggleStrip() { w.desk.strip = !w.desk.strip; w.desk.relayout() }

func (w *Window) toggleRight() {
	w.desk.right = !w.desk.right
	if w.desk.right && w.dossier.Wanted().Kind == "" {
		w.showHome()
	}
	w.desk.relayout()
}

// hidePanels leaves the map alone on the screen, or brings the panels back that were there.
func (w *Window) hidePanels() {
	d := w.desk
	if had := d.hadPanels; had != nil {
		d.left, d.right, d.list, d.legend, d.strip, d.hadPanels = had.left, had.right, had.list, had.legend, had.strip, nil
	} else {
		d.hadPanels = &bareDesk{d.left, d.right, d.list, d.legend, d.strip}
		d.left, d.right, d.list, d.legend, d.strip = false, false, false, false, false
	}
	d.relayout()
}

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
	base, _ := w.base()
	w.facts.BaseMap = w.lang.Of(base.Name)
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
			p.hit(left-8, 0, tw+16, h, "st-position", w.lang.T("menu.map.goto"), w.askPlace)
			tw = max(tw, p.width("000.00000°E 00.00000°N", st)) // the cells must not dance with the mouse
		}
		left += tw + 12
		p.vline(round(left), h/2-7, 15)
		left += 13
	}
}
