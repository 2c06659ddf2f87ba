package ui

import (
	"context"

	"fyne.io/fyne/v2"

	"kuaitu/block"
	"kuaitu/ui/state"
)

// layerLine is the height of a line of the layer list.
const layerLine = 27

// loadRegions asks for the children of a region, and after the top for those of every open one.
func (w *Window) loadRegions(parent block.ID) {
	ask(w, &job{}, func(ctx context.Context) ([]state.Region, error) { return w.deps.Data.Regions(ctx, parent) },
		func(list []state.Region, err error) {
			switch {
			case err != nil:
				fyne.LogError("read regions", err)
				if parent.IsZero() && !w.regions.Loaded() {
					w.regions.SetRoots(nil)
				}
			case parent.IsZero():
				first := !w.regions.Loaded()
				w.regions.SetRoots(list)
				if first && len(list) == 1 && w.regions.Expand(list[0].ID) {
					w.loadRegions(list[0].ID)
				} else {
					for _, id := range w.regions.OpenIDs() {
						w.loadRegions(id)
					}
				}
			default:
				w.regions.SetChildren(parent, list)
				for _, id := range w.regions.Missing() {
					if id != parent {
						w.loadRegions(id)
					}
				}
			}
			w.treesChanged()
			w.parts.eventHead.Refresh()
		})
}

// revealRegion opens the tree down to a region and makes it the scope of the event list.
func (w *Window) revealRegion(id block.ID) {
	type level struct {
		parent   block.ID
		children []state.Region
	}
	ask(w, &job{}, func(ctx context.Context) ([]level, error) {
		path, err := w.deps.Data.Path(ctx, id)
		if err != nil {
			return nil, err
		}
		levels := []level{{}}
		for _, parent := range path {
			levels = append(levels, level{parent: parent})
		}
		for i := range levels {
			if levels[i].children, err = w.deps.Data.Regions(ctx, levels[i].parent); err != nil {
				return nil, err
			}
		}
		return levels, nil
	}, func(levels []level, err error) {
		if err != nil {
			fyne.LogError("open the tree", err)
			return
		}
		for _, l := range levels {
			if l.parent.IsZero() {
				w.regions.SetRoots(l.children)
				continue
			}
			w.regions.SetChildren(l.parent, l.children)
			w.regions.Expand(l.parent)
		}
		w.regions.Select(id)
		w.treesChanged() // first, for the height of the list decides where to scroll
		for i, row := range w.regions.Rows() {
			if row.Selected {
				w.reveal("regions", i, w.visibleRegionRows())
			}
		}
		w.events.Filter.Region = id
		w.loadEvents()
		w.parts.regions.Refresh()
		w.parts.eventHead.Refresh()
	})
}

func (w *Window) toggleRegion(id block.ID) {
	if w.regions.Toggle(id) {
		w.loadRegions(id)
	}
	w.treesChanged()
}

// selectRegion makes a region the scope of the event list, shows its dossier and moves the map to it.
func (w *Window) selectRegion(r state.Region, move bool) {
	w.regions.Select(r.ID)
	w.parts.regions.Refresh()
	w.events.Filter.Region = r.ID
	w.pinned["events"] = 0
	w.loadEvents()
	if r.Level >= block.Community {
		w.open(state.RefOf("region", r.ID))
	}
	w.deps.Map.Select(state.RefOf("region", r.ID))
	if move && r.HasBound {
		w.deps.Map.Fit(r.Bound)
	}
}

func (w *Window) visibleRegionRows() int {
	return int((w.parts.regions.Size().Height - 34) / rowHeight)
}

func (w *Window) regionKey(k fyne.KeyName) bool {
	rows := w.regions.Rows()
	at := -1
	for i, r := range rows {
		if r.Selected {
			at = i
		}
	}
	go1 := func(i int) bool {
		if i >= 0 && i < len(rows) {
			w.reveal("regions", i, w.visibleRegionRows())
			w.selectRegion(rows[i].Region, false)
		}
		return true
	}
	switch k {
	case fyne.KeyDown:
		return go1(at + 1)
	case fyne.KeyUp:
		return go1(max(at-1, 0))
	case fyne.KeyRight:
		if at >= 0 && !rows[at].Open {
			w.toggleRegion(rows[at].Region.ID)
		}
		return true
	case fyne.KeyLeft:
		if at >= 0 && rows[at].Open {
			w.toggleRegion(rows[at].Region.ID)
		}
		return true
	case fyne.KeyReturn, fyne.KeyEnter:
		if at >= 0 {
			w.selectRegion(rows[at].Region, true)
		}
		return true
	}
	return false
}

// drawRegions draws the region tree.
func (w *Window) drawRegions(p *pen, width, h float32) {
	p.vline(width-1, 0, h)
	p.text(12, 17, w.lang.T("regions.title"), p.heading())
	p.right(width-64, 17, w.lang.T("regions.buildings"), p.small())
	p.right(width-12, 17, w.lang.T("regions.open"), p.small())
	rows := w.regions.Rows()
	if len(rows) == 0 {
		n := state.Notice{Title: w.lang.T("regions.reading")}
		if w.regions.Loaded() {
			n = state.Notice{Title: w.lang.T("regions.none"), Text: w.lang.T("regions.none.do")}
		}
		p.notice(0, 34, width, h-34, n)
		return
	}
	shown := w.visibleRegionRows()
	first := w.firstRow("regions", shown, len(rows))
	for i := first; i < len(rows) && i <= first+shown; i++ {
		r := rows[i]
		id := "r-" + r.Region.ID.String()
		y := float32(34 + (i-first)*rowHeight)
		cy := y + rowHeight/2
		switch {
		case r.Selected:
			p.rect(0, y, width-1, rowHeight, p.pal.tint)
			p.rect(0, y, 3, rowHeight, p.pal.accent)
		case p.hot(id):
			p.rect(0, y, width-1, rowHeight, p.pal.hover)
		}
		p.hline(0, y+rowHeight-1, width-1)
		x := float32(10 + r.Depth*16)
		p.hit(0, y, width-1, rowHeight, id, "", func() { w.selectRegion(r.Region, true) })
		if r.Region.Children > 0 {
			name := "chevron-right"
			if r.Open {
				name = "chevron-down"
			}
			p.icon(name, x-2, cy, 14, p.pal.text2)
			p.hit(x-6, y, 22, rowHeight, id+"+", "", func() { w.toggleRegion(r.Region.ID) })
		}
		count := w.lang.Count(r.Region.Buildings)
		st := p.second()
		p.right(width-64, cy, count, st)
		open := w.lang.Count(r.Region.Open)
		p.right(width-12, cy, open, st)
		if r.Region.Worst >= state.Near {
			p.light(r.Region.Worst, round(width-12-p.width(open, st)-18), cy, 12)
		}
		name := p.body()
		name.bold = r.Selected || r.Region.Level == block.Street
		room := width - 64 - p.width(count, st) - 8 - (x + 16)
		if p.fit(x+16, cy, room, w.lang.Of(r.Region.Name), name) {
			p.hits[len(p.hits)-1].tip = w.lang.Of(r.Region.Name)
		}
	}
	p.scrollBar(width-6, 34, h-34, first, shown, len(rows))
}

// drawLayers draws the layer list.
func (w *Window) drawLayers(p *pen, width, h float32) {
	const line = layerLine
	p.vline(width-1, 0, h)
	p.hline(0, 0, width)
	p.text(12, 17, w.lang.T("layers.title"), p.heading())
	rows := w.layers.Rows()
	if len(rows) == 0 {
		p.notice(0, 34, width, 40, state.Notice{Title: w.lang.T("layers.none")})
		return
	}
	shown := int((h - 34) / line)
	first := w.firstRow("layers", shown, len(rows))
	for i := first; i < len(rows) && i <= first+shown; i++ {
		r := rows[i]
		id := "l-" + r.Layer.ID
		y := float32(34 + (i-first)*line)
		cy := y + line/2
		if p.hot(id) {
			p.rect(0, y, width-1, line, p.pal.hover)
		}
		x := float32(13 + r.Depth*18)
		p.tick(x, cy, r.Tick, r.Layer.Locked)
		x += 22
		if r.Layer.Swatch != state.SwatchNone {
			x += p.swatch(x, cy, r.Layer)
		}
		st := p.body()
		if r.Tick == state.TickOff {
			st.ink = p.pal.text3
		}
		side := r.Layer.Note
		if side == "" && r.Layer.Count >= 0 && !r.Layer.IsGroup {
			side = w.lang.Count(r.Layer.Count)
		}
		if side == "" && r.Layer.Locked {
			side = "—"
		}
		sw := p.right(width-12, cy, side, style{size: sizeSmall, ink: p.pal.text3})
		name := w.lang.Of(r.Layer.Name)
		cut := p.fit(x, cy, width-12-sw-8-x, name, st)
		tip := ""
		if cut {
			tip = name
		}
		var tap func()
		if !r.Layer.Locked {
			tap = func() { w.toggleLayer(r.Layer.ID) }
		}
		p.hit(0, y, width-1, line, id, tip, tap)
	}
	p.scrollBar(width-6, 34, h-34, first, shown, len(rows))
}

func (w *Window) toggleLayer(id string) {
	changed, on := w.layers.Toggle(id)
	for _, y := range changed {
		w.deps.Map.ShowLayer(y, on)
	}
	w.parts.layers.Refresh()
}

// swatch draws how a layer looks and returns the width it took.
func (p *pen) swatch(x, cy float32, y state.Layer) float32 {
	y0 := round(cy)
	ink := p.pal.admin
	if c, ok := parseColour(y.Colour); ok {
		ink = c
	}
	switch y.Swatch {
	case state.SwatchRing:
		p.icon("light-ring", x+4, cy, 12, p.pal.text2)
		return 26
	case state.SwatchDot:
		p.icon("light-dot", x+4, cy, 10, p.pal.text2)
		return 26
	case state.SwatchFill:
		fill := p.pal.estate
		if c, ok := parseColour(y.Colour); ok {
			fill = c
		}
		p.box(x+2, cy-5.5, 15, 11, fill, p.pal.strong, 1)
		return 26
	case state.SwatchHatch:
		p.dashes(x+2, y0-6, 15, []float32{2, 2}, 1, p.pal.text3)
		p.dashes(x+2, y0+5, 15, []float32{2, 2}, 1, p.pal.text3)
		return 26
	case state.SwatchStreet:
		p.dashes(x, y0-1, 18, []float32{6, 2, 2, 2}, 3, ink)
	case state.SwatchCommunity:
		p.rect(x, y0-1, 18, 2, ink)
	case state.SwatchGrid:
		p.dashes(x, y0, 18, []float32{2, 3}, 1, ink)
	case state.SwatchRoad:
		p.rect(x, y0-2, 18, 1, p.pal.strong)
		p.rect(x, y0+2, 18, 1, p.pal.strong)
	case state.SwatchLock:
		p.icon("lock", x, cy, 14, p.pal.text3)
		return 20
	default:
		return 0
	}
	return 26
}

// dashes draws a broken line of the given lengths, drawn and left out in turn.
func (p *pen) dashes(x, y, w float32, pattern []float32, thick float32, ink colour) {
	for at, i := float32(0), 0; at < w; i++ {
		d := pattern[i%len(pattern)]
		if i%2 == 0 {
			p.rect(x+at, y, min(d, w-at), thick, ink)
		}
		at += d
	}
}

// drawUnplaced draws the foot of the trees: how many events have no position.
func (w *Window) drawUnplaced(p *pen, width, h float32) {
	p.vline(width-1, 0, h)
	p.hline(0, 0, width)
	n := w.events.Page().Unplaced
	p.icon("map-pin-off", 12, h/2, 16, p.pal.text2)
	p.text(34, h/2, w.lang.T("unplaced", w.lang.Count(n)), p.second())
	if n > 0 {
		label := w.lang.T("unplaced.show")
		st := style{size: sizeBody, ink: p.pal.accent}
		lw := p.right(width-12, h/2, label, st)
		p.hit(width-12-lw-6, 0, lw+12, h, "unplaced", "", func() {
			w.events.Link(false, w.deps.Map.View().Bound)
			w.desk.list = true
			w.desk.relayout()
			w.loadEvents()
		})
	}
}
