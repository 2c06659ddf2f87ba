package mapview

import (
	"strings"

	"kuaitu/mapview/style"
)

// iconKind is what the picture of a symbol is.
type iconKind uint8

const (
	iconNone  iconKind = iota
	iconSign           // one of our signs
	iconDot            // a dot, in place of a picture we have not
	iconPlate          // a rounded plate under the text: road numbers
	iconShape          // a filled shape
)

// labelIcon is the picture of a label, in device pixels of the world.
type labelIcon struct {
	kind   iconKind
	sign   sign
	points []float32 // of iconShape, on a square of 2 units about 0,0; nil is a disc
	x, y   float64   // its middle
	size   float64
	w, h   float64 // of iconPlate
	c      rgba
	halo   rgba
}

// signNames are the names in icon-image of the signs we have.
var signNames = map[string]sign{
	"dots": iconSigns[IconDots], "trash": iconSigns[IconTrash], "speaker": iconSigns[IconSpeaker], "crane": iconSigns[IconCrane],
	"cart": iconSigns[IconCart], "urgent": iconSigns[IconUrgent], "tool": iconSigns[IconTool], "flame": iconSigns[IconFlame], "pause": pauseSign,
}

// filledShape is a polygon on a square of 2 units about 0,0, nil for a disc, and how large it is at icon-size 1, in design pixels.
type filledShape struct {
	points []float32
	size   float64
}

// shapeNames are the names of the filled shapes; those of markers are as large as the markers of events.
var shapeNames = map[string]filledShape{
	"circle": {nil, shapePx}, "dot": {nil, dotPx}, "diamond": {diamond[:], shapePx}, "triangle": {triangle[:], shapePx},
	"square":        {[]float32{-0.85, -0.85, 0.85, -0.85, 0.85, 0.85, -0.85, 0.85}, shapePx},
	"star":          {[]float32{0, -1, 0.24, -0.32, 0.95, -0.31, 0.38, 0.12, 0.59, 0.81, 0, 0.4, -0.59, 0.81, -0.38, 0.12, -0.95, -0.31, -0.24, -0.32}, shapePx},
	"marker-circle": {nil, markerPx}, "marker-triangle": {triangle[:], 1.2 * markerPx}, "marker-diamond": {diamond[:], 1.15 * markerPx},
}

// IconNames are the names that icon-image of a style document may have for a picture of ours; for others a dot is drawn, or a plate under the text where that
// lies on the picture.
func IconNames() []string {
	names := make([]string, 0, len(signNames)+len(shapeNames))
	for n := range signNames {
		names = append(names, n)
	}
	for n := range shapeNames {
		names = append(names, n)
	}
	return names
}

// Sizes of icons in design pixels.
const (
	signPx  = 24.0
	shapePx = 10.0
	dotPx   = 4.5
)

// iconOf sets the picture of the feature the context looks at, its place relative to the anchor.
func (s *symbolMaker) iconOf(lb *label) {
	l, c, ratio := s.style, &s.expr, s.labeller.style.ratio()
	name := l.Prop(style.IconImage).Text(c)
	if name == "" {
		return
	}
	opacity := l.Prop(style.IconOpacity).Number(c) * s.layer.opacity()
	scale := l.Prop(style.IconSize).Number(c) * ratio
	ic := labelIcon{kind: iconDot, size: dotPx * ratio}
	colour := l.Prop(style.IconColor)
	if !colour.Set() {
		colour = l.Prop(style.TextColor)
	}
	ic.c = tint(colour.Color(c), opacity)
	ic.halo = tint(l.Prop(style.IconHaloColor).Color(c), opacity)
	if !l.Prop(style.IconHaloColor).Set() {
		ic.halo = tint(l.Prop(style.TextHaloColor).Color(c), opacity)
	}
	if sg, ok := signNames[name]; ok {
		ic.kind, ic.sign, ic.size = iconSign, sg, signPx*scale
	} else if sh, ok := shapeNames[name]; ok {
		ic.kind, ic.points, ic.size = iconShape, sh.points, sh.size*scale
	} else if s.textOnIcon() {
		ic.kind = iconPlate
	} else if l.Prop(style.SymbolPlacement).Text(c) != "point" {
		return // arrows and such along lines
	}
	if ic.kind != iconPlate {
		if o := l.Prop(style.IconOffset).Numbers(c); len(o) == 2 && ic.kind != iconDot {
			ic.x, ic.y = o[0]*scale, o[1]*scale
		}
		if ic.kind != iconDot {
			ax, ay := anchorShare(l.Prop(style.IconAnchor).Text(c))
			ic.x, ic.y = ic.x+(0.5-ax)*ic.size, ic.y+(0.5-ay)*ic.size
		}
	}
	if ic.c.a == 0 {
		return
	}
	lb.icon = ic
}

// textOnIcon answers whether the text lies on the picture, as a road's number does.
func (s *symbolMaker) textOnIcon() bool {
	l, c := s.style, &s.expr
	if l.Prop(style.TextField).Text(c) == "" {
		return false
	}
	o := l.Prop(style.TextOffset).Numbers(c)
	return len(o) == 2 && o[0] > -0.5 && o[0] < 0.5 && o[1] > -0.5 && o[1] < 0.5 && l.Prop(style.TextAnchor).Text(c) == "center" &&
		len(l.Prop(style.TextVariableAnchor).Strings(c)) == 0 && !strings.HasPrefix(l.Prop(style.IconAnchor).Text(c), "bottom")
}

// labelIcon draws the picture of a label.
func (p *painter) labelIcon(a *label) {
	ic := &a.icon
	if ic.kind == iconNone {
		return
	}
	x, y, r := float32(ic.x-p.view.ox), float32(ic.y-p.view.oy), float32(ic.size/2)
	switch ic.kind {
	case iconSign:
		if ic.halo.a != 0 {
			p.round(x, y, r*1.3, ic.halo)
		}
		p.iconLines(ic.sign, x, y, float32(ic.size), ic.c)
	case iconDot, iconShape:
		halo := float32(1.2 * p.ratio)
		if ic.points == nil {
			p.spot(x, y, &circleLook{c: ic.c, stroke: ic.halo, radius: r, width: halo})
			return
		}
		if ic.halo.a != 0 {
			p.shape(x, y, r+halo*1.3, ic.halo, ic.points)
		}
		p.shape(x, y, r, ic.c, ic.points)
	case iconPlate:
		p.plate(x, y, float32(ic.w), float32(ic.h), a.ts)
	case iconNone:
	}
}

// plate draws a rounded plate in the halo's colour with an edge in the text's.
func (p *painter) plate(x, y, w, h float32, ts textStyle) {
	fill := ts.halo
	if fill.a == 0 {
		fill = p.style.disc
	}
	edge := float32(ts.ratio)
	p.pill(x, y, w+2*edge, h+2*edge, mix(fill, ts.c, 0.55).alpha(255))
	p.pill(x, y, w, h, fill.alpha(255))
}

// pill fills a rectangle about x, y with corners a third of its height round.
func (p *painter) pill(x, y, w, h float32, c rgba) {
	r := h / 3
	ax, ay := w/2-r, h/2-r
	f := &p.fill
	px, py := x+ax+r, y-ay
	to := func(qx, qy float32) { f.edge(px, py, qx, qy); px, py = qx, qy }
	const d = 0.7071
	to(x+ax+r, y+ay)
	to(x+ax+r*d, y+ay+r*d)
	to(x+ax, y+ay+r)
	to(x-ax, y+ay+r)
	to(x-ax-r*d, y+ay+r*d)
	to(x-ax-r, y+ay)
	to(x-ax-r, y-ay)
	to(x-ax-r*d, y-ay-r*d)
	to(x-ax, y-ay-r)
	to(x+ax, y-ay-r)
	to(x+ax+r*d, y-ay-r*d)
	to(x+ax+r, y-ay)
	p.fill.fill(p.dst, paint{c: c})
}
