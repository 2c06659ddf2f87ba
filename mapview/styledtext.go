package mapview

import (
	"context"
	"math"
	"strings"

	"kuaitu/mapview/style"
)

// symbols appends the symbols of a layer of a style document that are anchored in the view or within pad device pixels of it.
func (l *labeller) symbols(ctx context.Context, out []*label, ly Layer, prio int, v view, pad float64) []*label {
	s := symbolMaker{labeller: l, ctx: ctx, layer: ly, style: ly.Style, prio: prio, out: out}
	s.expr.Zoom, s.expr.Feature = styleZoom(l.style.designZoom(v.zoom)), &s.row
	s.late = ly.Style.Filter != nil && ly.Style.Filter.Uses().Has(style.UsesZoom)
	s.selected = map[ID]bool{}
	for _, r := range l.scene.Selected {
		if r.Layer == ly.Name {
			s.selected[r.ID] = true
		}
	}
	if ly.Data != nil {
		for pt := range ly.Data.parts() {
			s.part(pt, v, pad, nil)
		}
	}
	if ly.Vector == nil {
		return s.out
	}
	wide := view{zoom: v.zoom, ox: v.ox - pad, oy: v.oy - pad, w: v.w + int(2*pad), h: v.h + int(2*pad)}
	for _, t := range placeVector(ctx, l.tilesOf(ly.Vector), wide, l.style.designZoom(v.zoom)) {
		if pk := t.layers[ly.Style.SourceLayer]; pk != nil {
			square := t.worldSquare()
			s.dx, s.dy = t.dx, t.dy
			moved := view{zoom: v.zoom, ox: v.ox + t.dx, oy: v.oy + t.dy, w: v.w, h: v.h}
			s.part(part{packed: pk}, moved, pad, &square)
		}
	}
	return s.out
}

// worldSquare is the part of the world the tile fills.
func (t *placedVector) worldSquare() box {
	side := uint64(worldSize) >> t.at.z
	x0, y0 := uint64(t.at.x)*side, uint64(t.at.y)*side
	return box{uint32(x0), uint32(y0), uint32(x0 + side - 1), uint32(y0 + side - 1)}
}

// symbolMaker makes the labels of one layer.
type symbolMaker struct {
	*labeller
	ctx      context.Context
	layer    Layer
	style    *style.Layer
	prio     int
	out      []*label
	expr     style.Context
	row      row
	late     bool // the filter reads the zoom
	selected map[ID]bool
	dx, dy   float64 // how far the tile's datum is off, device pixels
	n        int
}

// part makes the labels of one array. Within a tile (square) they are those anchored in it, whatever its buffer holds.
func (s *symbolMaker) part(pt part, v view, pad float64, square *box) {
	lk := pt.looksOf(s.style)
	if lk.empty() {
		return
	}
	s.row.p = pt.packed
	q := v.box(pad)
	if square != nil {
		q = box{max(q.minX, square.minX), max(q.minY, square.minY), min(q.maxX, square.maxX), min(q.maxY, square.maxY)}
	}
	lk.each(pt, q, func(i int, _ uint32) bool {
		if s.n++; s.n%batch == 0 && s.ctx.Err() != nil {
			return false
		}
		s.row.i, s.row.selected = i, s.selected[pt.ids[i]]
		if s.late && !s.style.Filter.Bool(&s.expr) {
			return true
		}
		s.feature(pt, v, pad, q, square != nil)
		return true
	})
}

// text-anchor and icon-anchor: where the anchor lies in a box, 0 left or top, 1 right or bottom.
func anchorShare(name string) (x, y float64) {
	x, y = 0.5, 0.5
	if strings.HasSuffix(name, "left") {
		x = 0
	}
	if strings.HasSuffix(name, "right") {
		x = 1
	}
	if strings.HasPrefix(name, "top") {
		y = 0
	}
	if strings.HasPrefix(name, "bottom") {
		y = 1
	}
	return x, y
}

// feature makes the labels of the feature the context looks at.
func (s *symbolMaker) feature(pt part, v view, pad float64, q box, tiled bool) {
	l, c, ratio := s.style, &s.expr, s.labeller.style.ratio()
	text := l.Prop(style.TextField).Text(c)
	like := label{prio: s.prio, id: pt.ids[s.row.i]}
	s.iconOf(&like)
	if text == "" && like.icon.kind == iconNone {
		return
	}
	switch l.Prop(style.TextTransform).Text(c) {
	case "uppercase":
		text = strings.ToUpper(text)
	case "lowercase":
		text = strings.ToLower(text)
	}
	like.ts = s.textStyle(ratio)
	if like.ts.size < 1 || like.ts.c.a == 0 {
		text = ""
	}
	like.key = l.Prop(style.SymbolSortKey).Number(c)
	overlap := func(allow, how style.Property) bool {
		if w := l.Prop(how).Text(c); w != "" {
			return w != "never"
		}
		return l.Prop(allow).Bool(c)
	}
	like.always = (text == "" || overlap(style.TextAllowOverlap, style.TextOverlap)) && (like.icon.kind == iconNone || overlap(style.IconAllowOverlap, style.IconOverlap))
	like.aloof = l.Prop(style.TextIgnorePlacement).Bool(c) && (like.icon.kind == iconNone || l.Prop(style.IconIgnorePlacement).Bool(c))
	placement, i, k := l.Prop(style.SymbolPlacement).Text(c), s.row.i, v.perUnit()
	if pt.shapes[i] == shapePoint || placement == "point" {
		x, y := pt.anchor(i)
		if !q.contains(box{x, y, x, y}) {
			return
		}
		if tiled { // what we have ourselves may say it too, or another part of it in the next tile
			like.once = repeatPx * ratio
			if pt.shapes[i] == shapePolygon {
				like.once = 2 * namesApart * ratio
			}
		}
		s.upright(like, text, float64(x)*k, float64(y)*k)
		return
	}
	apart := l.Prop(style.SymbolSpacing).Number(c) * ratio
	if placement == "line-center" {
		apart = math.Inf(1)
	}
	align := l.Prop(style.TextRotationAlignment).Text(c)
	if align == "viewport" || text == "" || like.icon.kind == iconPlate {
		s.dotted(pt, v, pad, apart, like, text)
		return
	}
	apart = math.Max(apart, namesApart*ratio)
	like.text = strings.Join(strings.Fields(text), " ")
	like.icon = labelIcon{}
	if o := l.Prop(style.TextOffset).Numbers(c); len(o) == 2 {
		like.rise = o[1] * like.ts.size
	}
	from := len(s.out)
	for r := pt.feats[i]; r < pt.feats[i+1]; r++ {
		s.out = s.labeller.style.Fonts.along(s.out, pt.ring(r), k, v, pad, apart, like)
	}
	for _, lb := range s.out[from:] {
		s.unmove(lb)
	}
}

// unmove takes a label from where its tile's datum has it to its place.
func (s *symbolMaker) unmove(lb *label) {
	if s.dx == 0 && s.dy == 0 {
		return
	}
	lb.x, lb.y, lb.minX, lb.maxX, lb.minY, lb.maxY = lb.x-s.dx, lb.y-s.dy, lb.minX-s.dx, lb.maxX-s.dx, lb.minY-s.dy, lb.maxY-s.dy
	for j := range lb.letters {
		t := &lb.letters[j]
		t.x, t.y, t.mx, t.my = t.x-s.dx, t.y-s.dy, t.mx-s.dx, t.my-s.dy
	}
}

// textStyle is how the feature's text is drawn.
func (s *symbolMaker) textStyle(ratio float64) textStyle {
	l, c := s.style, &s.expr
	opacity := l.Prop(style.TextOpacity).Number(c) * s.layer.opacity()
	ts := textStyle{
		size:   l.Prop(style.TextSize).Number(c) * ratio,
		c:      tint(l.Prop(style.TextColor).Color(c), opacity),
		haloPx: min(l.Prop(style.TextHaloWidth).Number(c)*ratio, 12*ratio),
		ratio:  ratio,
	}
	ts.size = min(ts.size, maxTextPx*ratio)
	if ts.haloPx > 0 {
		ts.halo = tint(l.Prop(style.TextHaloColor).Color(c), opacity)
	}
	ts.spacing = l.Prop(style.TextLetterSpacing).Number(c) * ts.size
	for _, name := range l.Prop(style.TextFont).Strings(c) {
		if strings.Contains(name, "Bold") || strings.Contains(name, "Black") || strings.Contains(name, "Heavy") || strings.Contains(name, "Medium") {
			ts.bold = true
		}
	}
	return ts
}

// maxTextPx is the largest text in design pixels.
const maxTextPx = 96

// dotted puts upright symbols at even distances along a line.
func (s *symbolMaker) dotted(pt part, v view, pad, apart float64, like label, text string) {
	k, i, ratio := v.perUnit(), s.row.i, s.labeller.style.ratio()
	like.once = math.Max(repeatPx*ratio, math.Min(apart, 2*repeatPx*ratio))
	for r := pt.feats[i]; r < pt.feats[i+1]; r++ {
		var line wayLine
		line.set(pt.ring(r), k)
		total := line.length()
		if total < like.ts.size {
			continue
		}
		n := max(1, int(total/math.Max(apart, 1)+0.5))
		for j := range n {
			x, y := line.at((float64(j) + 0.5) * total / float64(n))
			if x > v.ox-pad && y > v.oy-pad && x < v.ox+float64(v.w)+pad && y < v.oy+float64(v.h)+pad {
				s.upright(like, text, x, y)
			}
		}
	}
}

// upright adds a symbol at x, y: the icon and the lines of the text about it.
func (s *symbolMaker) upright(like label, text string, x, y float64) {
	l, c, ratio := s.style, &s.expr, s.labeller.style.ratio()
	x, y = x-s.dx, y-s.dy
	lb := like
	lb.text = text
	pd := max(0, l.Prop(style.TextPadding).Number(c)) * ratio
	lb.x, lb.y = x, y
	lb.minX, lb.minY, lb.maxX, lb.maxY = x, y, x, y
	if lb.icon.kind != iconNone && lb.icon.kind != iconPlate {
		lb.icon.x, lb.icon.y = math.Round(x+lb.icon.x)+0.5, math.Round(y+lb.icon.y)+0.5
		half := lb.icon.size/2 + max(0, l.Prop(style.IconPadding).Number(c))*ratio
		lb.minX, lb.minY, lb.maxX, lb.maxY = lb.icon.x-half, lb.icon.y-half, lb.icon.x+half, lb.icon.y+half
	}
	if text != "" {
		box := s.setText(&lb, text, x, y)
		if lb.icon.kind == iconPlate {
			lb.icon.x, lb.icon.y = (box.minX+box.maxX)/2, (box.minY+box.maxY)/2
			lb.icon.w, lb.icon.h = math.Max(box.maxX-box.minX+7*ratio, box.maxY-box.minY), math.Round(1.45*lb.ts.size)
			pd += 4 * ratio
		}
		if lb.icon.kind == iconNone || lb.icon.kind == iconPlate {
			lb.minX, lb.minY, lb.maxX, lb.maxY = box.minX-pd, box.minY-pd, box.maxX+pd, box.maxY+pd
		} else {
			lb.minX, lb.minY = math.Min(lb.minX, box.minX-pd), math.Min(lb.minY, box.minY-pd)
			lb.maxX, lb.maxY = math.Max(lb.maxX, box.maxX+pd), math.Max(lb.maxY, box.maxY+pd)
		}
	}
	// What reaches farther could be seen from places that do not know of it.
	reach := (maxLabelPx + labelPad) * ratio
	if x-lb.minX > reach || y-lb.minY > reach || lb.maxX-x > reach || lb.maxY-y > reach {
		return
	}
	s.out = append(s.out, &lb)
}

type textBox struct{ minX, minY, maxX, maxY float64 }

// setText breaks a text into lines and puts them about x, y as the layer says. It answers the box they fill.
func (s *symbolMaker) setText(lb *label, text string, x, y float64) textBox {
	l, c, ts := s.style, &s.expr, lb.ts
	fonts := s.labeller.style.Fonts
	most := maxLabelPx * ts.ratio
	rows := fonts.breakLines(text, ts, min(l.Prop(style.TextMaxWidth).Number(c)*ts.size, most), most)
	high := l.Prop(style.TextLineHeight).Number(c) * ts.size
	wide := 0.0
	for i := range rows {
		wide = math.Max(wide, rows[i].width)
	}
	tall := high*float64(len(rows)-1) + 1.1*ts.size
	anchor := l.Prop(style.TextAnchor).Text(c)
	radial := l.Prop(style.TextRadialOffset).Number(c) * ts.size
	if first := l.Prop(style.TextVariableAnchor).Strings(c); len(first) > 0 {
		anchor = first[0]
	}
	sx, sy := anchorShare(anchor)
	if o := l.Prop(style.TextOffset).Numbers(c); radial == 0 && len(o) == 2 {
		x, y = x+o[0]*ts.size, y+o[1]*ts.size
	} else if radial != 0 {
		if sx != 0.5 && sy != 0.5 {
			radial *= math.Sqrt2 / 2
		}
		x, y = x+(1-2*sx)*radial, y+(1-2*sy)*radial
	}
	if t := l.Prop(style.TextTranslate).Numbers(c); len(t) == 2 {
		x, y = x+t[0]*ts.ratio, y+t[1]*ts.ratio
	}
	left, top := x-sx*wide, y-sy*tall
	share := 0.5 // of the free room that is left of a line
	switch l.Prop(style.TextJustify).Text(c) {
	case "left":
		share = 0
	case "right":
		share = 1
	case "auto":
		share = sx
	}
	lb.lines = make([]line, len(rows))
	for i := range rows {
		lb.lines[i] = line{rows[i].text, math.Round(left + share*(wide-rows[i].width)), math.Round(top + float64(i)*high + 0.91*ts.size)}
	}
	return textBox{left, top, left + wide, top + tall}
}
