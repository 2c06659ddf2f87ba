package ui

import (
	"context"

	"fyne.io/fyne/v2"

	"kuaitu/block"
	"kuaitu/ui/state"
)

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
	w.open(state.RefOf("region", r.ID))
	w.deps.Map.Select(state.RefOf("region", r.ID))
	if move && r.HasBound {
		w.deps.Map.Fit(r.Bound)
	}
}

// openRegion goes to a region that the tree may not show yet: opens the tree down to it and selects it there.
func (w *Window) openRegion(id block.ID) {
	w.showInTree(id, func() {
		if r, ok := w.regions.Find(id); ok {
			w.selectRegion(r, true)
		}
	})
}

// followRegion has the tree show where an opened record belongs. The scope of the event list stays.
func (w *Window) followRegion(id block.ID) { w.showInTree(id, func() {}) }

// showInTree opens the tree down to a region, fetching what is missing, marks it, scrolls to it and calls then.
func (w *Window) showInTree(id block.ID, then func()) {
	type branch struct {
		path     []block.ID
		children map[block.ID][]state.Region
	}
	ask(w, &w.jobs.follow, func(ctx context.Context) (branch, error) {
		b := branch{children: map[block.ID][]state.Region{}}
		var err error
		if b.path, err = w.deps.Data.Path(ctx, id); err != nil {
			return b, err
		}
		for _, parent := range b.path[:max(0, len(b.path)-1)] {
			if b.children[parent], err = w.deps.Data.Regions(ctx, parent); err != nil {
				return b, err
			}
		}
		return b, nil
	}, func(b branch, err error) {
		if err != nil || len(b.path) == 0 {
			return // a record outside every region has no place in the tree
		}
		for _, parent := range b.path[:len(b.path)-1] {
			w.regions.SetChildren(parent, b.children[parent])
			w.regions.Expand(parent)
		}
		w.regions.Select(id)
		w.treesChanged()
		w.revealSelectedRegion()
		then()
	})
}

func (w *Window) revealSelectedRegion() {
	for i, row := range w.regions.Rows() {
		if row.Selected {
			w.reveal("regions", i, w.visibleRegionRows())
		}
	}
	w.parts.regions.Refresh()
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
			w.setLinked(false)
			w.desk.list = true
			w.desk.relayout()
			w.loadEvents()
		})
	}
}
