package ui

import (
	"fmt"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"

	"kuaitu/ui/state"
)

const (
	layerLine = 27  // height of a line of the layer tree
	layerCard = 104 // height of what is said of the selected layer
)

// layersSheet is the layer tree: rows are dragged to another place, the slider of the selected layer is dragged, too.
type layersSheet struct {
	sheet
	drag   string // layer that is being dragged; empty while none is
	over   string // layer under the mouse meanwhile
	slides bool   // the opacity slider is held
	first  fyne.Position
}

func newLayersSheet(w *Window) *layersSheet {
	s := &layersSheet{}
	s.init(w, w.drawLayers)
	s.self = s
	s.ExtendBaseWidget(s)
	return s
}

// Dragged implements fyne.Draggable.
func (s *layersSheet) Dragged(e *fyne.DragEvent) {
	w := s.win
	if s.drag == "" && !s.slides {
		s.first = e.Position.SubtractXY(e.Dragged.DX, e.Dragged.DY)
		h := s.pen.at(s.first)
		switch {
		case h == nil:
			return
		case h.id == "opacity":
			s.slides = true
		case strings.HasPrefix(h.id, "l-"):
			s.drag = strings.TrimPrefix(h.id, "l-")
			w.layers.Select(s.drag)
		default:
			return
		}
	}
	if s.slides {
		w.slideOpacity(e.Position.X)
		return
	}
	over := ""
	if h := s.pen.at(e.Position); h != nil && strings.HasPrefix(h.id, "l-") {
		over = strings.TrimPrefix(h.id, "l-")
	}
	if over != s.over {
		s.over = over
		s.paint()
	}
}

// DragEnd implements fyne.Draggable.
func (s *layersSheet) DragEnd() {
	moved, over := s.drag, s.over
	s.drag, s.over = "", ""
	if s.slides {
		s.slides = false
		s.win.layersChanged()
		return
	}
	if moved != "" && over != "" && s.win.layers.MoveTo(moved, over) {
		s.win.layersChanged()
	}
	s.paint()
}

// layersChanged brings what the user changed of the layers to the map, the tree and the preferences.
func (w *Window) layersChanged() {
	w.deps.Map.Arrange(w.layers.Looks())
	w.deps.Remember("layers", w.layers.Prefs())
	w.treesChanged()
	w.desk.relayout() // legends come and go with their layers
}

func (w *Window) toggleLayer(id string) {
	w.layers.Toggle(id)
	if w.layers.Visible(ThematicLayer) && w.theme.Kind == "" { // nothing was chosen yet
		w.showThematic()
	}
	w.layersChanged()
	if y, ok := w.layers.Find(id); ok && (y.ID == BaseGroup || y.Group == BaseGroup) {
		w.desk.relayout() // the credit has another width
		w.parts.status.Refresh()
		w.parts.credit.Refresh()
	}
}

// moveLayer moves the selected layer up or down.
func (w *Window) moveLayer(by int) {
	if y, ok := w.layers.Selected(); ok && w.layers.Move(y.ID, by) {
		w.layersChanged()
	}
}

// slideOpacity sets the selected layer's opacity by a position on the slider.
func (w *Window) slideOpacity(x float32) {
	y, ok := w.layers.Selected()
	if !ok {
		return
	}
	from, width := opacityTrack(w.parts.layers.Size().Width)
	before := y.Opacity
	w.layers.SetOpacity(y.ID, float64((x-from)/width))
	if after, _ := w.layers.Selected(); after.Opacity != before || y.IsGroup {
		w.deps.Map.Arrange(w.layers.Looks())
		w.parts.layers.Refresh()
	}
}

func opacityTrack(width float32) (x, w float32) { return 76, width - 76 - 56 }

// layersKey are the keys of the tree: arrows choose, space switches, right and left open and close.
func (w *Window) layersKey(k fyne.KeyName) bool {
	y, ok := w.layers.Selected()
	switch {
	case k == fyne.KeyDown:
		w.layers.Step(1)
	case k == fyne.KeyUp:
		w.layers.Step(-1)
	case !ok:
		return false
	case k == fyne.KeySpace && !y.Locked:
		w.toggleLayer(y.ID)
		return true
	case k == fyne.KeyRight, k == fyne.KeyLeft:
		for _, r := range w.layers.Rows() {
			if r.Selected && r.CanOpen && r.Open == (k == fyne.KeyLeft) {
				w.openLayer(y.ID)
				return true
			}
		}
	case k == fyne.KeyReturn, k == fyne.KeyEnter:
		w.zoomToLayer(y)
		return true
	default:
		return false
	}
	for i, r := range w.layers.Rows() {
		if r.Selected {
			w.reveal("layers", i, w.visibleLayerRows())
		}
	}
	w.parts.layers.Refresh()
	return true
}

func (w *Window) openLayer(id string) {
	w.layers.Open(id)
	w.deps.Remember("layers", w.layers.Prefs())
	w.treesChanged()
}

func (w *Window) visibleLayerRows() int {
	h := w.parts.layers.Size().Height - 34
	if _, ok := w.layers.Selected(); ok {
		h -= layerCard
	}
	return max(1, int(h/layerLine))
}

// layersMenu is the menu of a right click on a layer.
func (w *Window) layersMenu(at fyne.Position) {
	origin := fyne.CurrentApp().Driver().AbsolutePositionForObject(w.parts.layers)
	h := w.parts.layers.pen.at(at.Subtract(origin))
	if h == nil || !strings.HasPrefix(h.id, "l-") {
		w.layersHeadMenu(at)
		return
	}
	w.layers.Select(strings.TrimPrefix(h.id, "l-"))
	y, ok := w.layers.Selected()
	if !ok {
		return
	}
	w.parts.layers.Refresh()
	item := func(key string, tap func()) *fyne.MenuItem { return fyne.NewMenuItem(w.lang.T(key), tap) }
	off := func(i *fyne.MenuItem, no bool) *fyne.MenuItem { i.Disabled = no; return i }
	var levels []*fyne.MenuItem
	for _, percent := range []int{100, 80, 60, 40, 20} {
		i := fyne.NewMenuItem(strconv.Itoa(percent)+" %", func() {
			w.layers.SetOpacity(y.ID, float64(percent)/100)
			w.layersChanged()
		})
		i.Checked = int(y.Opacity*100+0.5) == percent && !y.IsGroup
		levels = append(levels, i)
	}
	opacity := item("layers.opacity", nil)
	opacity.ChildMenu = fyne.NewMenu("", levels...)
	items := []*fyne.MenuItem{
		item("layers.zoomto", func() { w.zoomToLayer(y) }),
		fyne.NewMenuItemSeparator(),
		opacity,
		item("layers.range", func() { w.askZooms(y) }),
	}
	if y.Settings {
		items = append(items, item("layers.style", w.showThematic))
	}
	up, down := item("layers.up", func() { w.moveLayer(-1) }), item("layers.down", func() { w.moveLayer(1) })
	up.Label += "   Alt+↑"
	down.Label += "   Alt+↓"
	items = append(items, fyne.NewMenuItemSeparator(), off(up, y.Fixed), off(down, y.Fixed))
	w.popUp(fyne.NewMenu("", items...), at)
}

// layersHeadMenu is the menu behind the sliders icon.
func (w *Window) layersHeadMenu(at fyne.Position) {
	item := func(key string, tap func()) *fyne.MenuItem { return fyne.NewMenuItem(w.lang.T(key), tap) }
	all := func(open bool) func() {
		return func() {
			for _, r := range w.layers.Rows() {
				if r.Layer.IsGroup && r.Open != open {
					w.layers.Open(r.Layer.ID)
				}
			}
			w.layersChanged()
		}
	}
	w.popUp(fyne.NewMenu("", item("layers.open", all(true)), item("layers.shut", all(false)), fyne.NewMenuItemSeparator(),
		item("layers.reset", func() {
			w.layers.Reset()
			w.deps.Remember("layers", w.layers.Prefs())
			w.DataChanged()
		})), at)
}

// zoomToLayer shows all that a layer has.
func (w *Window) zoomToLayer(y state.Layer) {
	if b, ok := w.deps.Map.Extent(y.ID); ok {
		w.deps.Map.Fit(b)
	} else {
		w.fullExtent()
	}
}

// askZooms asks for the zooms at which a layer is shown.
func (w *Window) askZooms(y state.Layer) {
	text := func(v float64) string {
		if v == 0 {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	number := func(s string) (float64, error) {
		if s = strings.TrimSpace(s); s == "" {
			return 0, nil
		}
		return strconv.ParseFloat(s, 64)
	}
	w.showForm(form{
		title: w.lang.T("layers.range.title", w.lang.Of(y.Name)), submit: w.lang.T("ok"),
		fields: []formField{
			{label: w.lang.T("layers.range.low"), value: text(y.MinZoom), hint: w.lang.T("layers.range.any")},
			{label: w.lang.T("layers.range.high"), value: text(y.MaxZoom), hint: w.lang.T("layers.range.any")},
		},
		note: func([]string) (string, bool) {
			return w.lang.T("layers.range.now", fmt.Sprintf("%.1f", w.deps.Map.View().Zoom)), true
		},
		run: func(v []string) string {
			low, err := number(v[0])
			high, err2 := number(v[1])
			if err != nil || err2 != nil || !w.layers.SetZooms(y.ID, low, high) {
				return w.lang.T("layers.range.bad")
			}
			w.layersChanged()
			return ""
		},
	})
}

// drawLayers draws the layer tree, and below it what there is to say and to set of the selected layer.
func (w *Window) drawLayers(p *pen, width, h float32) {
	const line = layerLine
	p.vline(width-1, 0, h)
	p.hline(0, 0, width)
	p.text(12, 17, w.lang.T("layers.title"), p.heading())
	p.icon("adjustments-horizontal", width-28, 17, 16, p.pal.text2)
	p.hit(width-34, 4, 28, 26, "layers-head", w.lang.T("layers.title"), func() {
		w.layersHeadMenu(fyne.CurrentApp().Driver().AbsolutePositionForObject(w.parts.layers).AddXY(width-34, 30))
	})
	rows := w.layers.Rows()
	if len(rows) == 0 {
		p.notice(0, 34, width, 40, state.Notice{Title: w.lang.T("layers.none")})
		return
	}
	chosen, some := w.layers.Selected()
	bottom := h
	if some {
		bottom -= layerCard
	}
	shown := w.visibleLayerRows()
	first := w.firstRow("layers", shown, len(rows))
	for i := first; i < len(rows) && i < first+shown; i++ {
		w.drawLayerRow(p, rows[i], float32(34+(i-first)*line), width)
	}
	p.scrollBar(width-6, 34, bottom-34, first, shown, len(rows))
	if some {
		w.drawLayerCard(p, chosen, bottom, width)
	}
}

func (w *Window) drawLayerRow(p *pen, r state.LayerRow, y, width float32) {
	const line = layerLine
	cy := y + line/2
	x := float32(8 + r.Depth*16)
	if r.Legend != nil {
		w.drawLegendRow(p, *r.Legend, x+36, cy, width)
		return
	}
	id := "l-" + r.Layer.ID
	switch {
	case r.Selected:
		p.rect(0, y, width-1, line, p.pal.tint)
		p.rect(0, y, 3, line, p.pal.accent)
	case p.hot(id):
		p.rect(0, y, width-1, line, p.pal.hover)
	}
	if s := w.parts.layers; s.drag != "" && s.over == r.Layer.ID && s.drag != s.over {
		p.rect(0, y-1, width-1, 2, p.pal.accent)
	}
	p.hit(0, y, width-1, line, id, "", func() { w.layers.Select(r.Layer.ID); w.parts.layers.Refresh() })
	if r.CanOpen {
		name := "chevron-right"
		if r.Open {
			name = "chevron-down"
		}
		p.icon(name, x-2, cy, 13, p.pal.text3)
		p.hit(x-6, y, 18, line, "lo-"+r.Layer.ID, "", func() { w.openLayer(r.Layer.ID) })
	}
	x += 15
	p.tick(x, cy, r.Tick, r.Layer.Locked)
	if !r.Layer.Locked {
		p.hit(x-4, y, 22, line, "lc-"+r.Layer.ID, "", func() { w.toggleLayer(r.Layer.ID) })
	}
	x += 22
	if r.Layer.Swatch != state.SwatchNone {
		x += p.swatch(x, cy, r.Layer)
	}
	st := p.body()
	st.bold = r.Layer.IsGroup
	if r.Tick == state.TickOff || r.Faint {
		st.ink = p.pal.text3
	}
	side := r.Layer.Note
	switch {
	case side != "" || r.Layer.IsGroup:
	case r.Layer.Locked:
		side = "—"
	case r.Layer.Count >= 0:
		side = w.lang.Count(r.Layer.Count)
	}
	sw := p.right(width-12, cy, side, style{size: sizeSmall, ink: p.pal.text3})
	name := w.lang.Of(r.Layer.Name)
	if p.fit(x, cy, width-12-sw-8-x, name, st) {
		p.hits[len(p.hits)-1].tip = name
	}
}

// drawLegendRow draws a line of a layer's legend.
func (w *Window) drawLegendRow(p *pen, e state.LegendEntry, x, cy, width float32) {
	if e.Light != state.NoLight {
		p.light(e.Light, x, cy, 12)
		x += 20
	} else {
		x += p.swatch(x, cy, state.Layer{Swatch: e.Swatch, Colour: e.Colour})
	}
	p.fit(x, cy, width-12-x, w.lang.Of(e.Name), style{size: sizeSmall, ink: p.pal.text2})
}

// drawLayerCard draws what is known of the selected layer: counts, opacity, range, age.
func (w *Window) drawLayerCard(p *pen, y state.Layer, top, width float32) {
	p.rect(0, top, width-1, layerCard, p.pal.sunk)
	p.hline(0, top, width-1)
	small := style{size: sizeSmall, ink: p.pal.text2}
	counts := ""
	for _, r := range w.layers.Rows() {
		if r.Selected && r.Legend == nil && !y.IsGroup {
			counts = r.Counts(w.lang)
		}
	}
	cw := p.right(width-12, top+16, counts, small)
	p.fit(12, top+16, width-36-cw, w.lang.Of(y.Name), style{size: sizeSmall, bold: true, ink: p.pal.text1})

	cy := top + 41
	p.text(12, cy, w.lang.T("layers.opacity"), small)
	x, tw := opacityTrack(width)
	value := y.Opacity
	if y.IsGroup {
		for _, other := range w.layers.Rows() {
			if other.Layer.Group == y.ID {
				value = max(value, other.Layer.Opacity)
			}
		}
	}
	at := x + tw*float32(value)
	p.rect(x, cy-1, tw, 3, p.pal.line)
	p.rect(x, cy-1, at-x, 3, p.pal.accent)
	p.boxed(at-6, cy-6, 12, 12, p.pal.raised, p.pal.accent, 6, 2)
	p.right(width-12, cy, fmt.Sprintf("%d %%", int(value*100+0.5)), small)
	p.hit(x-8, cy-12, tw+16, 24, "opacity", "", nil)

	cy = top + 65
	p.text(12, cy, w.lang.T("layers.range"), small)
	label := w.lang.T("change")
	lw := p.right(width-12, cy, label, style{size: sizeSmall, ink: p.pal.accent})
	p.hit(width-12-lw-6, cy-12, lw+12, 24, "zooms", "", func() { w.askZooms(y) })
	p.fit(x, cy, width-x-lw-24, y.ZoomWords(w.lang), style{size: sizeSmall, ink: p.pal.text1})

	cy = top + 88
	p.text(12, cy, w.lang.T("layers.age"), small)
	age := y.Note
	switch {
	case age != "" || y.IsGroup:
	case y.AsOf.IsZero():
		age = w.lang.T("status.data.local")
	default:
		age = w.lang.T("time.age", w.lang.Time(y.AsOf, w.now()), w.lang.Age(y.AsOf, w.now()))
	}
	p.fit(x, cy, width-x-12, age, style{size: sizeSmall, ink: p.pal.text1})
}

// swatch draws how a layer looks and returns the width it took.
func (p *pen) swatch(x, cy float32, y state.Layer) float32 {
	y0 := round(cy)
	ink := p.pal.admin
	if c, ok := p.pal.named(y.Colour); ok {
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
		if c, ok := p.pal.named(y.Colour); ok {
			fill = c
		}
		p.box(x+2, cy-5.5, 15, 11, fill, p.pal.strong, 1)
		return 26
	case state.SwatchHatch:
		fill := p.pal.works
		if c, ok := p.pal.named(y.Colour); ok {
			fill = c
		}
		p.hatched(x+2, y0-6, 15, 11, fill)
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

// hatched draws a field with lines from the lower left to the upper right, 5 units apart.
func (p *pen) hatched(x, y, w, h float32, fill colour) {
	p.box(x, y, w, h, fill, p.pal.strong, 1)
	for at := float32(4); at < w+h-1; at += 5 {
		x1, y1 := at, float32(0) // from the upper or right edge
		if x1 > w {
			x1, y1 = w, at-w
		}
		x2, y2 := float32(0), at // to the left or lower edge
		if y2 > h {
			x2, y2 = at-h, h
		}
		p.stroke(x+x1, y+y1, x+x2, y+y2, p.pal.hatch)
	}
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
