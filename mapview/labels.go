package mapview

import (
	"bytes"
	"cmp"
	"context"
	"math"
	"slices"
	"sync"

	"kuaitu/mapview/style"
)

// label is a text with its place in the world, in device pixels at one zoom.
type label struct {
	text                   string
	ts                     textStyle
	x, y                   float64 // start of the baseline
	minX, minY, maxX, maxY float64
	prio                   int // smaller goes first
	id                     ID
	letters                []letter // of a text along a way, instead of its baseline

	// The rest is of symbols of style documents.
	key    float64   // sort key, the smaller goes first
	lines  []line    // of a text of several lines or with spaced letters, instead of text at x, y
	icon   labelIcon // beside or under the text
	rise   float64   // of a text along a way: how far below its middle the way is, device pixels
	boxes  [2]textBox
	apart  bool    // boxes are those of the icon and of the text
	next   *label  // what may be shown instead, if anything
	always bool    // it is shown whatever it overlaps
	aloof  bool    // nothing has to keep clear of it
	once   float64 // not shown within so many device pixels of one that says the same; 0: that is no matter, but along ways
	tiled  bool    // it is of a tile: once means of ours
	pieces bool    // it names a piece of something whose other pieces have the same name: once means of any
}

// line is one line of a text: the start of its baseline in device pixels of the world.
type line struct {
	text string
	x, y float64
}

func (a *label) overlaps(b *label) bool {
	if !(a.minX < b.maxX && b.minX < a.maxX && a.minY < b.maxY && b.minY < a.maxY) {
		return false
	}
	if a.letters != nil || b.letters != nil {
		return a.letterOverlaps(b)
	}
	for _, p := range a.taken() {
		for _, q := range b.taken() {
			if p.minX < q.maxX && q.minX < p.maxX && p.minY < q.maxY && q.minY < p.maxY {
				return true
			}
		}
	}
	return false
}

// taken are the one or two boxes an upright label fills.
func (a *label) taken() []textBox {
	if a.apart {
		return a.boxes[:]
	}
	a.boxes[0] = textBox{a.minX, a.minY, a.maxX, a.maxY}
	return a.boxes[:1]
}

// drawLabel puts a label on the view.
func (p *painter) drawLabel(a *label) {
	f, v := p.style.Fonts, p.view
	p.labelIcon(a)
	switch {
	case a.letters != nil:
		f.drawAlong(p.dst, a.letters, v.ox, v.oy, a.ts)
	case a.lines != nil:
		for i := range a.lines {
			f.drawHalo(p.dst, a.lines[i].text, a.lines[i].x-v.ox, a.lines[i].y-v.oy, a.ts)
		}
		for i := range a.lines {
			f.drawLetters(p.dst, a.lines[i].text, a.lines[i].x-v.ox, a.lines[i].y-v.oy, a.ts)
		}
	default:
		f.draw(p.dst, a.text, a.x-v.ox, a.y-v.oy, a.ts)
	}
}

// before is the order in which labels take their places; it depends on nothing but the labels themselves.
func before(a, b *label) int {
	return cmp.Or(cmp.Compare(a.prio, b.prio), cmp.Compare(a.key, b.key), bytes.Compare(a.id[:], b.id[:]), cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x))
}

// Priorities: what is selected, then the coarse regions, then the fine ones, then the symbols of style documents, then ways, the greater first, the areas of the base map, and
// buildings.
const (
	prioSelected = iota
	prioRegion                                 // + level
	prioSymbol   = prioRegion + int(numLevels) // + how many layers of the scene lie above
	prioWay      = prioSymbol + 1<<20          // + how far below the highest rank
	prioArea     = prioWay + int(numBaseClasses)
	prioBuilding = prioArea + 1
)

// metaPx is the side of the squares of the world, in device pixels, in which labels are placed together; maxLabelPx, in design pixels, is the longest label.
const (
	metaPx     = 2048
	maxLabelPx = 220
)

// labeller places the labels of one scene in one style. Places are found per square of the world and kept, so that all
// tiles that touch a label agree about it: a label within a square gives way to those placed before it there; a label that crosses
// the border of a square gives way to every stronger one that crosses a border, placed or not, which depends on nothing far away.
// It may be used from any goroutine.
type labeller struct {
	scene  Scene
	style  *Style
	within *view // of a whole picture: labels that would be cut at its edge are left out

	mu      sync.Mutex // guards what follows
	metas   map[metaKey]*meta
	vectors map[VectorSource]*VectorTiles
}

type metaKey struct {
	zoom float64
	x, y int
}

type meta struct {
	mu     sync.Mutex // guards what follows
	done   bool
	placed []label
}

// maxMetas bounds the squares kept; past it they are found anew.
const maxMetas = 64

func newLabeller(s Scene, st *Style) *labeller {
	return &labeller{scene: s, style: st, metas: map[metaKey]*meta{}}
}

// in answers the labels that touch the view, each once, weakest first.
// When ctx ends some may be missing.
func (l *labeller) in(ctx context.Context, v view) []label {
	if l.style.Fonts == nil {
		return nil
	}
	var out []label
	if l.within != nil {
		// One picture has no neighbours to agree with.
		for _, lb := range l.square(ctx, metaKey{zoom: v.zoom}) {
			if lb.touches(&v) {
				out = append(out, lb)
			}
		}
		return out
	}
	x0, y0 := int(math.Floor(v.ox/metaPx)), int(math.Floor(v.oy/metaPx))
	x1, y1 := int(math.Floor((v.ox+float64(v.w)-1)/metaPx)), int(math.Floor((v.oy+float64(v.h)-1)/metaPx))
	for my := y0; my <= y1; my++ {
		for mx := x0; mx <= x1; mx++ {
			for _, lb := range l.square(ctx, metaKey{v.zoom, mx, my}) {
				if lb.touches(&v) {
					out = append(out, lb)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b label) int { return before(&b, &a) })
	return slices.CompactFunc(out, func(a, b label) bool { return before(&a, &b) == 0 })
}

// touches answers whether a part of the label lies in the view.
func (a *label) touches(v *view) bool {
	return a.maxX > v.ox && a.minX < v.ox+float64(v.w) && a.maxY > v.oy && a.minY < v.oy+float64(v.h)
}

// holds answers whether a label lies wholly in the view.
func (v *view) holds(lb *label) bool {
	return lb.minX >= v.ox && lb.minY >= v.oy && lb.maxX <= v.ox+float64(v.w) && lb.maxY <= v.oy+float64(v.h)
}

func (l *labeller) square(ctx context.Context, key metaKey) []label {
	l.mu.Lock()
	m := l.metas[key]
	if m == nil {
		if len(l.metas) >= maxMetas {
			clear(l.metas)
		}
		m = &meta{}
		l.metas[key] = m
	}
	l.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done || ctx.Err() != nil {
		return m.placed
	}
	placed := l.place(ctx, key)
	if ctx.Err() != nil {
		return nil
	}
	m.placed, m.done = placed, true
	return placed
}

// place finds the labels that touch one square.
func (l *labeller) place(ctx context.Context, key metaKey) []label {
	ratio := l.style.ratio()
	if l.within != nil {
		return l.placeWithin(ctx)
	}
	sq := view{zoom: key.zoom, ox: float64(key.x) * metaPx, oy: float64(key.y) * metaPx, w: metaPx, h: metaPx}
	reach := 2 * (maxLabelPx + 2*labelPad) * ratio
	var taken overlapGrid
	for _, m := range markers(l.scene, sq, l.style, reach) {
		r := m.radius() * ratio
		taken.add(&label{minX: m.x - r, minY: m.y - r, maxX: m.x + r, maxY: m.y + r})
	}
	all := l.candidates(ctx, sq, reach)
	slices.SortFunc(all, func(a, b *label) int { return before(a, b) })
	var crossing overlapGrid
	var crossingNames, names namesakes
	apart := repeatPx * ratio
	var placed []label
	keep := func(c *label) {
		if !c.aloof {
			taken.add(c)
		}
		if c.maxX > sq.ox && c.minX < sq.ox+metaPx && c.maxY > sq.oy && c.minY < sq.oy+metaPx {
			placed = append(placed, *c)
			placed[len(placed)-1].next = nil
			names.add(c)
		}
	}
	// within answers whether a label and all that may be shown instead lie in one square.
	within := func(c *label) bool {
		x, y := math.Floor(c.minX/metaPx), math.Floor(c.minY/metaPx)
		for a := c; a != nil; a = a.next {
			if math.Floor(a.minX/metaPx) != x || math.Floor(a.maxX/metaPx) != x || math.Floor(a.minY/metaPx) != y || math.Floor(a.maxY/metaPx) != y {
				return false
			}
		}
		return true
	}
	inside := all[:0:0]
	for _, c := range all {
		if within(c) {
			inside = append(inside, c)
			continue
		}
		free := c.always || !crossing.hits(c) && !taken.hits(c) && !crossingNames.near(c, apart)
		if !c.aloof {
			crossing.add(c)
		}
		crossingNames.add(c)
		if free {
			keep(c)
		}
	}
	for _, c := range inside {
		for a := c; a != nil && a.touches(&sq); a = a.next {
			if a.always || !taken.hits(a) && !names.near(a, apart) {
				keep(a)
				break
			}
		}
	}
	return placed
}

// placeWithin finds the labels of a whole picture, weakest first.
func (l *labeller) placeWithin(ctx context.Context) []label {
	ratio, v := l.style.ratio(), *l.within
	reach := (maxLabelPx + 2*labelPad) * ratio
	var taken overlapGrid
	for _, m := range markers(l.scene, v, l.style, clusterPx*ratio) {
		r := m.radius() * ratio
		taken.add(&label{minX: m.x - r, minY: m.y - r, maxX: m.x + r, maxY: m.y + r})
	}
	all := l.candidates(ctx, v, reach)
	slices.SortFunc(all, func(a, b *label) int { return before(a, b) })
	var names namesakes
	var placed []label
	for _, c := range all {
		for ; c != nil; c = c.next {
			if v.holds(c) && (c.always || !taken.hits(c) && !names.near(c, repeatPx*ratio)) {
				break
			}
		}
		if c == nil {
			continue
		}
		if !c.aloof {
			taken.add(c)
		}
		names.add(c)
		placed = append(placed, *c)
	}
	slices.Reverse(placed)
	return placed
}

// labelPad is the free space around a label in design pixels.
const labelPad = 3

// candidates are all labels whose anchors lie in the view or within pad device pixels of it.
func (l *labeller) candidates(ctx context.Context, v view, pad float64) []*label {
	st := l.style
	zoom, ratio, k := st.designZoom(v.zoom), st.ratio(), v.perUnit()
	selected := map[Ref]bool{}
	for _, r := range l.scene.Selected {
		selected[r] = true
	}
	var out []*label
	each := func(ly Layer, prio int, ts textStyle, fits func(wide, high, boxW, boxH float64) bool) {
		q := v.box(pad)
		for part := range ly.Data.parts() {
			part.search(q, func(i int) bool {
				text := part.label(i)
				if text == "" {
					return true
				}
				b := part.boxes[i]
				boxW, boxH := float64(b.maxX-b.minX)*k, float64(b.maxY-b.minY)*k
				if boxW*4 < ts.size || boxH*4 < ts.size {
					return true
				}
				ts, prio := ts, prio
				chosen := selected[Ref{ly.Name, part.ids[i]}]
				if chosen {
					ts.c, ts.bold, prio = st.accent, true, prioSelected
				}
				text, w := st.Fonts.cut(text, ts, maxLabelPx*ratio)
				if !chosen && !fits(w, ts.size, boxW, boxH) {
					return true
				}
				ax, ay := part.anchor(i)
				out = append(out, centred(text, ts, w, float64(ax)*k, float64(ay)*k, prio, part.ids[i]))
				return true
			})
		}
	}
	p := painter{style: st, ratio: ratio, zoom: zoom, k: k}
	for _, ly := range p.regionLayers(l.scene) {
		ls := st.levels[ly.Level]
		if ls.nameSize == 0 {
			continue
		}
		ts := textStyle{size: ls.nameSize * ratio, bold: ls.bold, c: st.ink, halo: st.halo, ratio: ratio}
		if ly.Level >= LevelCommunity && ly.Data.base.side()*k < quietRegionPx*ratio {
			ts.size, ts.bold = min(ts.size, quietNameSize*ratio), false
		}
		each(ly, prioRegion+int(ly.Level), ts, func(w, h, boxW, boxH float64) bool { return w < boxW*1.05 && h < boxH })
	}
	for i, ly := range l.scene.Layers {
		if ly.Kind == KindBase && ly.visible(zoom) {
			out = l.baseNames(out, ly, v, pad)
		}
		if ly.Kind == KindStyled && ly.Style.Type == style.Symbol && ly.visible(zoom) {
			out = l.symbols(ctx, out, ly, prioSymbol+len(l.scene.Layers)-i, v, pad)
		}
		if !ly.visible(zoom) || ly.Kind != KindBuilding && ly.Kind != KindPlace || zoom < st.buildingLabelZoom {
			continue
		}
		ts := textStyle{size: 11 * ratio, c: st.textQuiet, halo: st.halo, ratio: ratio}
		each(ly, prioBuilding, ts, func(w, h, boxW, boxH float64) bool {
			return ly.Kind == KindPlace || zoom >= 18.5 || w < boxW*1.4 && h < boxH*1.2
		})
	}
	return out
}

// The names of a level of communities or grids whose median region is smaller than quietRegionPx design pixels are many: they
// are written small and light, so that those of streets and districts stand out.
const (
	quietRegionPx = 190
	quietNameSize = 12.5
)

// centred is a label of width w, in device pixels, about x, y.
func centred(text string, ts textStyle, w, x, y float64, prio int, id ID) *label {
	pd := labelPad * ts.ratio
	return &label{text: text, ts: ts, prio: prio, id: id,
		x: math.Round(x - w/2), y: math.Round(y + ts.size*0.36),
		minX: x - w/2 - pd, maxX: x + w/2 + pd, minY: y - ts.size*0.55 - pd, maxY: y + ts.size*0.55 + pd}
}

// overlapGrid answers whether a label overlaps one that was added, looking only near it.
type overlapGrid struct{ cells map[cellKey][]*label }

const overlapCell = 128

func (g *overlapGrid) each(l *label, visit func(cellKey) bool) {
	for y := int(math.Floor(l.minY / overlapCell)); y <= int(math.Floor(l.maxY/overlapCell)); y++ {
		for x := int(math.Floor(l.minX / overlapCell)); x <= int(math.Floor(l.maxX/overlapCell)); x++ {
			if !visit(cellKey{x, y}) {
				return
			}
		}
	}
}

func (g *overlapGrid) add(l *label) {
	if g.cells == nil {
		g.cells = map[cellKey][]*label{}
	}
	g.each(l, func(c cellKey) bool { g.cells[c] = append(g.cells[c], l); return true })
}

func (g *overlapGrid) hits(l *label) bool {
	hit := false
	g.each(l, func(c cellKey) bool {
		hit = slices.ContainsFunc(g.cells[c], l.overlaps)
		return !hit
	})
	return hit
}
