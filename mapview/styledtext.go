package mapview

import (
	"bytes"
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
		if l.scene.drawsSame(r.Layer, ly) {
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
	var first map[cellKey]crowdHead
	if lk.drawn > crowd && s.giveWay() {
		first = map[cellKey]crowdHead{}
	}
	lk.each(pt, q, func(i int, _ uint32) bool {
		if s.n++; s.n%batch == 0 && s.ctx.Err() != nil {
			return false
		}
		s.row.i, s.row.selected = i, s.selected[pt.ids[i]]
		if s.late && !s.style.Filter.Bool(&s.expr) {
			return true
		}
		if first == nil {
			s.feature(pt, v, pad, q, square != nil)
		} else {
			s.queue(pt, v.perUnit(), first)
		}
		return true
	})
	for _, h := range first {
		s.row.i, s.row.selected = h.i, s.selected[pt.ids[h.i]]
		s.feature(pt, v, pad, q, square != nil)
	}
}

// crowd is from how many features on only the first of those whose anchors fall into one small square gets a symbol made: the others
// would overlap it. crowdPx is the side of the squares in design pixels.
const (
	crowd   = 400
	crowdPx = 8
)

// crowdHead is the first feature of a square.
type crowdHead struct {
	i   int
	key float64
}

// giveWay answers whether the layer's symbols are single ones that keep clear of each other.
func (s *symbolMaker) giveWay() bool {
	l, c := s.style, &s.expr
	for _, p := range [...]style.Property{style.TextAllowOverlap, style.IconAllowOverlap} {
		if l.Prop(p).Bool(c) {
			return false
		}
	}
	for _, p := range [...]style.Property{style.TextOverlap, style.IconOverlap} {
		if w := l.Prop(p).Text(c); w != "" && w != "never" {
			return false
		}
	}
	return l.Prop(style.SymbolPlacement).Text(c) == "point"
}

// queue notes the feature the context looks at if it goes before all others of its square.
func (s *symbolMaker) queue(pt part, k float64, first map[cellKey]crowdHead) {
	i := s.row.i
	if s.style.Prop(style.TextField).Text(&s.expr) == "" && s.style.Prop(style.IconImage).Text(&s.expr) == "" {
		return
	}
	x, y := labelPlace(pt, i, k)
	side := crowdPx * s.labeller.style.ratio()
	at := cellKey{int(float64(x) * k / side), int(float64(y) * k / side)}
	key := s.style.Prop(style.SymbolSortKey).Number(&s.expr)
	if h, ok := first[at]; !ok || key < h.key || key == h.key && bytes.Compare(pt.ids[i][:], pt.ids[h.i][:]) < 0 {
		first[at] = crowdHead{i, key}
	}
}

// labelPlace is where a feature's symbol is anchored, in world units: of an area too small for that to matter the middle of its box.
func labelPlace(pt part, i int, k float64) (x, y uint32) {
	if b := pt.boxes[i]; float64(max(b.maxX-b.minX, b.maxY-b.minY))*k < 4 {
		return b.minX + (b.maxX-b.minX)/2, b.minY + (b.maxY-b.minY)/2
	}
	return pt.anchor(i)
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
		x, y := labelPlace(pt, i, k)
		if !q.contains(box{x, y, x, y}) {
			return
		}
		if tiled { // what we have ourselves may say it too, or another part of it in the next tile
			like.once, like.tiled, like.pieces = 1.25*namesApart*ratio, true, pt.shapes[i] == shapePolygon
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
	like.once, like.pieces = math.Max(repeatPx*ratio, math.Min(apart, 2*repeatPx*ratio)), true
	for r := pt.feats[i]; r < pt.feats[i+1]; r++ {
		var line wayLine
		line.set(pt.ring(r), k)
		total := line.length()
		if total < like.ts.size {
			continue
		}
		n := max(1, int(total/math.Max(apart, crowdPx*ratio)+0.5))
		for j := range n {
			x, y := line.at((float64(j) + 0.5) * total / float64(n))
			if x > v.ox-pad && y > v.oy-pad && x < v.ox+float64(v.w)+pad && y < v.oy+float64(v.h)+pad {
				s.upright(like, text, x, y)
			}
		}
	}
}

// upright adds a symbol at x, y: the icon and the lines of the text about it, with what may be shown instead where it has no room.
func (s *symbolMaker) upright(like label, text string, x, y float64) {
	l, c := s.style, &s.expr
	x, y = x-s.dx, y-s.dy
	var head, last *label
	try := func(like label, text, anchor string) {
		lb := s.stand(like, text, anchor, x, y)
		switch {
		case lb == nil:
		case head == nil:
			head, last = lb, lb
		default:
			last.next, last = lb, lb
		}
	}
	anchors := l.Prop(style.TextVariableAnchor).Strings(c)
	if len(anchors) == 0 || text == "" {
		try(like, text, l.Prop(style.TextAnchor).Text(c))
	}
	for _, a := range anchors {
		if text != "" {
			try(like, text, a)
		}
	}
	if text != "" && like.icon.kind != iconNone && like.icon.kind != iconPlate {
		if l.Prop(style.TextOptional).Bool(c) {
			try(like, "", "")
		}
		if l.Prop(style.IconOptional).Bool(c) {
			like.icon = labelIcon{}
			try(like, text, l.Prop(style.TextAnchor).Text(c))
		}
	}
	if head != nil {
		s.out = append(s.out, head)
	}
}

// stand is a symbol at x, y with its text at one anchor; nil if it is larger than labels may be.
func (s *symbolMaker) stand(like label, text, anchor string, x, y float64) *label {
	l, c, ratio := s.style, &s.expr, s.labeller.style.ratio()
	lb := like
	lb.text, lb.x, lb.y = text, x, y
	pd := max(0, l.Prop(style.TextPadding).Number(c)) * ratio
	lb.minX, lb.minY, lb.maxX, lb.maxY = x, y, x, y
	beside := lb.icon.kind != iconNone && lb.icon.kind != iconPlate
	if beside {
		lb.icon.x, lb.icon.y = math.Round(x+lb.icon.x)+0.5, math.Round(y+lb.icon.y)+0.5
		half := lb.icon.size/2 + max(0, l.Prop(style.IconPadding).Number(c))*ratio
		lb.minX, lb.minY, lb.maxX, lb.maxY = lb.icon.x-half, lb.icon.y-half, lb.icon.x+half, lb.icon.y+half
	}
	if text != "" {
		box := s.setText(&lb, text, anchor, x, y)
		if lb.icon.kind == iconPlate {
			lb.icon.x, lb.icon.y = (box.minX+box.maxX)/2, (box.minY+box.maxY)/2
			lb.icon.w, lb.icon.h = math.Max(box.maxX-box.minX+7*ratio, box.maxY-box.minY), math.Round(box.maxY-box.minY+0.35*lb.ts.size)
			pd += 4 * ratio
		}
		box = textBox{box.minX - pd, box.minY - pd, box.maxX + pd, box.maxY + pd}
		if !beside {
			lb.minX, lb.minY, lb.maxX, lb.maxY = box.minX, box.minY, box.maxX, box.maxY
		} else {
			lb.boxes, lb.apart = [2]textBox{{lb.minX, lb.minY, lb.maxX, lb.maxY}, box}, true
			lb.minX, lb.minY = math.Min(lb.minX, box.minX), math.Min(lb.minY, box.minY)
			lb.maxX, lb.maxY = math.Max(lb.maxX, box.maxX), math.Max(lb.maxY, box.maxY)
		}
	}
	// What reaches farther could be seen from places that do not know of it.
	if reach := (maxLabelPx + labelPad) * ratio; x-lb.minX > reach || y-lb.minY > reach || lb.maxX-x > reach || lb.maxY-y > reach {
		return nil
	}
	return &lb
}

// textBox is a rectangle of the world in device pixels.
type textBox struct{ minX, minY, maxX, maxY float64 }

// setText breaks a text into lines and puts them about x, y as the layer says. It answers the box they fill.
func (s *symbolMaker) setText(lb *label, text, anchor string, x, y float64) textBox {
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
	radial := l.Prop(style.TextRadialOffset).Number(c) * ts.size
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
