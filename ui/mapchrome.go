package ui

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"github.com/paulmach/orb"

	"kuaitu/ui/state"
)

const legendLine = 22

func (w *Window) mapMoved(v state.View) {
	w.facts.View = v
	w.layers.Zoomed(v.Zoom)
	w.near.Store(&v.Center)
	w.parts.scale.Refresh()
	w.parts.status.Refresh()
}

func (w *Window) mapSettled(v state.View) {
	w.mapMoved(v)
	w.countInView()
	if w.events.MapMoved(v.Bound) {
		w.loadEvents()
	}
}

func (w *Window) mapPointer(at orb.Point, inside bool) {
	w.facts.Pointer, w.facts.HasPointer = at, inside
	w.parts.status.Refresh()
}

// countInView counts the features in the map's extent for the layer tree, off the UI thread.
func (w *Window) countInView() {
	count := w.deps.Map.Counter()
	ask(w, &w.jobs.counts, func(context.Context) (map[string]int, error) { return count(), nil },
		func(n map[string]int, _ error) {
			w.layers.SetView(w.deps.Map.View().Zoom, n)
			w.parts.layers.Refresh()
		})
}

// selectPick makes a record of the map the common selection of list, map and dossier.
func (w *Window) selectPick(pick Pick) {
	w.kit.foundRef = pick.Ref
	w.deps.Map.Select(pick.Ref)
	w.events.Select(pick.Ref.ID)
	w.reveal("events", w.events.Index(), w.visibleEventRows())
	w.parts.events.Refresh()
	w.open(pick.Ref)
}

// mapMenu is the menu of a right click on the map.
func (w *Window) mapMenu(at orb.Point, picks []Pick, pos fyne.Position) {
	item := func(key string, tap func()) *fyne.MenuItem { return fyne.NewMenuItem(w.lang.T(key), tap) }
	where := fyne.NewMenuItem(w.lang.LonLat(at[0], at[1]), nil)
	where.Disabled = true
	items := []*fyne.MenuItem{where,
		item("map.menu.copy", func() { w.app.Clipboard().SetContent(fmt.Sprintf("%.6f, %.6f", at[0], at[1])) }),
		item("map.menu.centre", func() { w.deps.Map.MoveTo(at, 0) }),
		fyne.NewMenuItemSeparator(),
		item("map.menu.report", func() { w.reportAt(at) }),
	}
	w.popUp(fyne.NewMenu("", append(items, w.toolItems(at, picks)...)...), pos)
}

var legendUses = []struct {
	key  string
	fill func(*palette) colour
}{
	{"use.estate", func(p *palette) colour { return p.estate }}, {"use.selfbuilt", func(p *palette) colour { return p.selfBuilt }},
	{"use.shop", func(p *palette) colour { return p.shop }}, {"use.office", func(p *palette) colour { return p.office }},
	{"use.industry", func(p *palette) colour { return p.industry }},
	{"use.public", func(p *palette) colour { return p.public }}, {"use.works", func(p *palette) colour { return p.works }},
	{"use.none", func(p *palette) colour { return p.noUse }},
}

// named is a colour by name: of a building use as legends call it, or "#rrggbb".
func (p *palette) named(s string) (colour, bool) {
	for _, u := range legendUses {
		if u.key == s {
			return u.fill(p), true
		}
	}
	return parseColour(s)
}

func legendHeight() float32 { return float32(32 + legendLine*len(legendUses) + 8) }

func (w *Window) legendWidth() float32 {
	width := float32(150)
	for _, u := range legendUses {
		width = max(width, 48+w.measure(w.lang.T(u.key), sizeSmall, false).Width)
	}
	return round(width)
}

// drawLegend draws the colours of the building uses.
func (w *Window) drawLegend(p *pen, width, h float32) {
	p.box(0, 0, width, h, p.pal.panel, p.pal.line, 4)
	p.text(12, 18, w.lang.T("map.legend"), style{size: sizeBody, bold: true, ink: p.pal.text1})
	p.icon("x", width-24, 18, 14, p.pal.text3)
	p.hit(width-30, 6, 24, 24, "legend-x", w.lang.T("dossier.collapse"), w.toggleLegend)
	for i, u := range legendUses {
		y := float32(43 + i*legendLine)
		if u.key == "use.works" {
			p.hatched(12, y-6, 16, 12, u.fill(p.pal))
		} else {
			p.box(12, y-6, 16, 12, u.fill(p.pal), p.pal.strong, 1)
		}
		p.text(36, y, w.lang.T(u.key), style{size: sizeSmall, ink: p.pal.text1})
	}
}

// fitArea shows the selected region, or the top of the scope.
func (w *Window) fitArea() {
	if r, ok := w.regions.Selected(); ok && r.HasBound {
		w.deps.Map.Fit(r.Bound)
		return
	}
	for _, row := range w.regions.Rows() {
		if row.Region.HasBound {
			w.deps.Map.Fit(row.Region.Bound)
			return
		}
	}
}

// drawScale draws the scale bar.
func (w *Window) drawScale(p *pen, width, h float32) {
	metres, dp := w.facts.View.ScaleBar(110)
	if metres == 0 {
		return
	}
	ink := p.pal.text1
	end := round(float32(dp))
	y := round(h/2) + 3
	label := w.lang.Metres(metres)
	st := style{size: sizeSmall, ink: ink}
	p.box(0, h/2-10, end+14+p.width(label, st), 20, faded(p.pal.panel), colour{}, 2) // the base map may be dark or light
	p.rect(2, y, end, 2, ink)
	p.rect(2, y-6, 1, 7, ink)
	p.rect(2+round(end/2), y-4, 1, 5, ink)
	p.rect(1+end, y-6, 1, 7, ink)
	p.text(end+9, h/2, label, st)
}

// drawCredit draws whose map it is.
func (w *Window) drawCredit(p *pen, width, h float32) {
	p.box(0, 0, width, h, faded(p.pal.panel), colour{}, 2)
	p.center(width/2, h/2, w.credit(), style{size: sizeSmall, ink: p.pal.text2})
}

// faded lets the map shine through.
func faded(c colour) colour { c.A = 0xd8; return c }
