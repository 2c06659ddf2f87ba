package mapview

import (
	"image"
	"image/color"
	"maps"
	"math"
	"slices"

	"kuaitu/mapview/style"
)

// styleZoom is the zoom of the style specification, which counts tiles of 512 design pixels, at a design zoom.
func styleZoom(designZoom float64) float64 { return designZoom - 1 }

// opacity is the factor on a layer's colours.
func (l *Layer) opacity() float64 {
	if l.Opacity > 0 && l.Opacity < 1 {
		return l.Opacity
	}
	return 1
}

// tint is a colour of a style with an opacity.
func tint(c color.NRGBA, opacity float64) rgba {
	return rgba{c.R, c.G, c.B, uint8(float64(c.A)*max(0, min(1, opacity)) + 0.5)}
}

// faded is the colour with an opacity.
func (c rgba) faded(opacity float64) rgba {
	if opacity != 1 {
		c.a = uint8(float64(c.a)*opacity + 0.5)
	}
	return c
}

// styledContext makes the context in which the layers of style documents are evaluated look at the painter's row.
func (p *painter) styledContext() *style.Context {
	p.expr.Zoom = styleZoom(p.zoom)
	p.expr.Feature = &p.row
	return &p.expr
}

// styled draws a layer of a style document. Symbols are labels and drawn with them.
func (p *painter) styled(l Layer, s Scene) {
	switch l.Style.Type {
	case style.Background:
		p.wash(l.backdrop(p.styledContext()))
	case style.Raster:
		if l.Raster != nil {
			c := p.styledContext()
			p.base(l.Raster, l.Style.Prop(style.RasterOpacity).Number(c)*l.opacity())
		}
	case style.Fill, style.Line, style.Circle:
		p.eachPart(l, func(pt part) { p.styledPart(l, pt, s) })
	case style.Heatmap:
		p.styledHeat(l)
	case style.Symbol:
	}
}

// backdrop is the colour of a background layer, none of any other.
func (l *Layer) backdrop(c *style.Context) rgba {
	if l.Kind != KindStyled || l.Style.Type != style.Background {
		return rgba{}
	}
	return tint(l.Style.Prop(style.BackgroundColor).Color(c), l.Style.Prop(style.BackgroundOpacity).Number(c)*l.opacity())
}

// eachPart calls draw for the arrays of features that a layer draws in the view: of a snapshot its parts, of vector tiles each tile with the painter confined to
// the tile's square, so that what tiles hold beyond it is not drawn twice.
func (p *painter) eachPart(l Layer, draw func(pt part)) {
	if l.Data != nil {
		for pt := range l.Data.parts() {
			draw(pt)
		}
	}
	if l.Vector == nil {
		return
	}
	for _, t := range p.tilesOf(l.Vector) {
		if pk := t.layers[l.Style.SourceLayer]; pk != nil && p.ctx.Err() == nil {
			p.confined(t.square, t.dx, t.dy, func() { draw(part{packed: pk}) })
		}
	}
}

// confined draws with the painter's view cut to a rectangle of it, and moved by dx, dy device pixels.
func (p *painter) confined(r image.Rectangle, dx, dy float64, draw func()) {
	dst, v := p.dst, p.view
	from := r.Min.Y*dst.Stride + 4*r.Min.X
	to := (r.Max.Y-1)*dst.Stride + 4*r.Max.X
	p.dst = &image.RGBA{Pix: dst.Pix[from:to], Stride: dst.Stride, Rect: image.Rect(0, 0, r.Dx(), r.Dy())}
	p.view.ox, p.view.oy, p.view.w, p.view.h = v.ox+float64(r.Min.X)+dx, v.oy+float64(r.Min.Y)+dy, r.Dx(), r.Dy()
	p.fill.resize(r.Dx(), r.Dy())
	draw()
	p.dst, p.view = dst, v
	p.fill.resize(v.w, v.h)
}

// wash puts a colour over the whole view.
func (p *painter) wash(c rgba) {
	if c.a == 255 {
		clearTo(p.dst, c)
		return
	}
	if c.a == 0 {
		return
	}
	for y := range p.view.h {
		span(p.dst.Pix[y*p.dst.Stride:], 0, p.view.w, y, paint{c: c}, 256)
	}
}

// styledPart draws the features of one array in a layer of areas, lines or circles.
func (p *painter) styledPart(l Layer, pt part, s Scene) {
	lk := pt.looksOf(l.Style)
	if lk.empty() {
		return
	}
	p.row.p = pt.packed
	chosen := s.chosen(l, pt)
	v := p.view
	switch l.Style.Type {
	case style.Fill:
		p.shift(l, style.FillTranslate)
		p.fills(l, pt, lk, chosen)
	case style.Line:
		p.shift(l, style.LineTranslate)
		p.styledLines(l, pt, lk, chosen)
	case style.Circle:
		p.shift(l, style.CircleTranslate)
		p.circles(l, pt, lk, chosen)
	}
	p.view = v
}

// shift moves the view so that the features of a layer come out translated.
func (p *painter) shift(l Layer, prop style.Property) {
	if d := l.Style.Prop(prop).Numbers(p.styledContext()); len(d) == 2 {
		p.view.ox -= d[0] * p.ratio
		p.view.oy -= d[1] * p.ratio
	}
}

// chosen are the features of an array that are selected, if the layer shows that at all. What is selected in one layer of a style document is in all that draw the
// same snapshot.
func (s Scene) chosen(l Layer, pt part) map[int]bool {
	if len(s.Selected) == 0 || l.Data == nil || !l.showsState() {
		return nil
	}
	var out map[int]bool
	for _, r := range s.Selected {
		if !s.drawsSame(r.Layer, l) {
			continue
		}
		if i := pt.find(r.ID); i >= 0 {
			if out == nil {
				out = map[int]bool{}
			}
			out[i] = true
		}
	}
	return out
}

// showsState answers whether a layer of a style document looks at the states of features.
func (l *Layer) showsState() bool {
	return slices.ContainsFunc(paintProps(l.Style.Type), func(p style.Property) bool { return l.Style.Prop(p).Uses().Has(style.UsesState) })
}

// drawsSame answers whether the layer called name is l or draws its snapshot.
func (s Scene) drawsSame(name string, l Layer) bool {
	return name == l.Name || slices.ContainsFunc(s.Layers, func(o Layer) bool { return o.Name == name && o.Data == l.Data && l.Data != nil })
}

// marksSelected answers whether a layer of a style document shows itself which features of the snapshot are selected.
func (s Scene) marksSelected(data *Snapshot) bool {
	return slices.ContainsFunc(s.Layers, func(l Layer) bool { return l.Kind == KindStyled && l.Data == data && l.Style != nil && l.showsState() })
}

// evaluate calls set for each look with the context looking at a feature of it. show is false if the filter, which may ask for the zoom, leaves it out.
func (p *painter) evaluate(l *style.Layer, lk *looks, set func(look int, c *style.Context, show bool)) {
	c := p.styledContext()
	p.row.selected = false
	late := l.Filter != nil && l.Filter.Uses().Has(style.UsesZoom)
	for n := 1; n < len(lk.rep); n++ {
		p.row.i = int(lk.rep[n])
		set(n, c, !late || l.Filter.Bool(c))
	}
}

// eachLook visits the features of a layer in the view with pad device pixels around it: all, or the chosen alone if no other can be seen.
func (p *painter) eachLook(lk *looks, pt part, pad float64, seen bool, chosen map[int]bool, visit func(i int, look uint32) bool) {
	q := p.view.box(pad)
	if seen {
		lk.each(pt, q, visit)
		return
	}
	for _, i := range slices.Sorted(maps.Keys(chosen)) {
		if look := lk.of(i); look > 0 && pt.boxes[i].overlaps(q) && !pt.hidden(i) && !visit(i, look) {
			return
		}
	}
}

// fillLook is how an area looks in one frame. A colour of alpha 0 is not drawn.
type fillLook struct {
	c     rgba
	edge  rgba // a hairline along the border
	small rgba // of what is too small for its edge to be told from its inside
}

// MetaHatch is the metadata of a fill layer that has lines rising to the right drawn over its colour: their colour as a text.
const MetaHatch = "kuaitu:hatch"

// hatchedPx is the size of a box from which on an area is hatched at zooms below hatchZoom too.
const hatchedPx = 20

// hatchOf answers the lines over the areas of a layer; nil if there are none.
func (p *painter) hatchOf(l Layer) *hatch {
	name, ok := l.Style.Metadata[MetaHatch].(string)
	if !ok {
		return nil
	}
	c, ok := style.ParseColor(name)
	if !ok {
		return nil
	}
	return p.hatching(tint(c.NRGBA(), l.Style.Prop(style.FillOpacity).Number(p.styledContext())*l.opacity()))
}

func fillLookOf(l Layer, c *style.Context) fillLook {
	s := l.Style
	opacity := s.Prop(style.FillOpacity).Number(c) * l.opacity()
	f := fillLook{c: tint(s.Prop(style.FillColor).Color(c), opacity)}
	f.small = f.c
	if edge := s.Prop(style.FillOutlineColor); edge.Set() && s.Prop(style.FillAntialias).Bool(c) {
		f.edge = tint(edge.Color(c), opacity)
		if f.edge.a > 0 {
			f.small = mix(f.c, f.edge, 0.4)
		}
	}
	return f
}

// edgedPx is the size of a box from which on the outline of a small area is drawn.
const edgedPx = 5

// joinedPx is the size of a box from which on areas of one opaque colour are painted together, so that there is no seam where they meet. Small ones are painted one by
// one: that stays in the processor's cache.
const joinedPx = 48

// fills draws areas.
func (p *painter) fills(l Layer, pt part, lk *looks, chosen map[int]bool) {
	lks := append(p.fillLooks[:0], fillLook{})
	seen := false
	p.evaluate(l.Style, lk, func(_ int, c *style.Context, show bool) {
		var look fillLook
		if show {
			look = fillLookOf(l, c)
		}
		lks = append(lks, look)
		seen = seen || look.c.a != 0 || look.edge.a != 0
	})
	p.fillLooks = lks
	hatch := p.hatchOf(l)
	join := len(lks) == 2 && lks[1].c.a == 255 && lks[1].edge.a == 0 && chosen == nil && hatch == nil
	boxes, k := pt.boxes, p.k
	p.eachLook(lk, pt, 1, seen, chosen, func(i int, look uint32) bool {
		if p.cancelled() {
			return false
		}
		f := &lks[look]
		if chosen[i] {
			p.row.i, p.row.selected = i, true
			own := fillLookOf(l, p.styledContext())
			f = &own
		}
		if f.c.a == 0 && f.edge.a == 0 || pt.shapes[i] != shapePolygon {
			return true
		}
		b := boxes[i]
		w, h := float64(b.maxX-b.minX)*k, float64(b.maxY-b.minY)*k
		if w < lodPx && h < lodPx {
			p.speck(b, w, h, f.small)
			return true
		}
		edged := f.edge.a != 0 && max(w, h) >= edgedPx
		c := f.c
		if !edged {
			c = f.small
		}
		p.addRings(pt.packed, i)
		if join && max(w, h) > joinedPx {
			return true
		}
		lines := hatch
		if p.zoom < hatchZoom && max(w, h) < hatchedPx*p.ratio {
			lines = nil
		}
		p.fill.fill(p.dst, paint{c: c, hatch: lines})
		if edged {
			p.hairlines(pt.packed, i, f.edge)
		}
		return true
	})
	if join {
		p.fill.fill(p.dst, paint{c: lks[1].c})
	}
}

// circleLook is how a circle looks in one frame, in device pixels.
type circleLook struct {
	c, stroke          rgba
	radius, width, fog float32
}

func circleLookOf(l Layer, c *style.Context, ratio float64) circleLook {
	s := l.Style
	return circleLook{
		c:      tint(s.Prop(style.CircleColor).Color(c), s.Prop(style.CircleOpacity).Number(c)*l.opacity()),
		stroke: tint(s.Prop(style.CircleStrokeColor).Color(c), s.Prop(style.CircleStrokeOpacity).Number(c)*l.opacity()),
		radius: float32(s.Prop(style.CircleRadius).Number(c) * ratio),
		width:  float32(s.Prop(style.CircleStrokeWidth).Number(c) * ratio),
		fog:    float32(max(0, s.Prop(style.CircleBlur).Number(c))),
	}
}

// circles draws a circle at every point: of areas at the point farthest from their borders, of lines at their corners.
func (p *painter) circles(l Layer, pt part, lk *looks, chosen map[int]bool) {
	lks := append(p.circleLooks[:0], circleLook{})
	widest, seen := float32(0), false
	p.evaluate(l.Style, lk, func(_ int, c *style.Context, show bool) {
		var look circleLook
		if show {
			look = circleLookOf(l, c, p.ratio)
		}
		lks = append(lks, look)
		widest = max(widest, look.radius+look.width)
		seen = seen || look.c.a != 0 || look.stroke.a != 0
	})
	p.circleLooks = lks
	if len(chosen) > 0 {
		widest *= 4 // what is selected may be drawn larger
	}
	p.eachLook(lk, pt, float64(min(widest, maxCirclePx))+2, seen, chosen, func(i int, look uint32) bool {
		if p.cancelled() {
			return false
		}
		c := &lks[look]
		if chosen[i] {
			p.row.i, p.row.selected = i, true
			own := circleLookOf(l, p.styledContext(), p.ratio)
			c = &own
		}
		if pt.shapes[i] == shapePolygon {
			x, y := pt.anchor(i)
			p.spot(p.x(x), p.y(y), c)
			return true
		}
		for r := pt.feats[i]; r < pt.feats[i+1]; r++ {
			ring := pt.ring(r)
			for j := 0; j < len(ring); j += 2 {
				p.spot(p.x(ring[j]), p.y(ring[j+1]), c)
			}
		}
		return true
	})
}

// maxCirclePx bounds the radius of circles, so that one of a broken style does not make every tile look at every point.
const maxCirclePx = 1024

// spot draws a circle with its stroke. A pixel is covered as far as its middle lies within; of circles smaller than a pixel that is
// their area.
func (p *painter) spot(x, y float32, c *circleLook) {
	r, outer := min(c.radius, maxCirclePx), min(c.radius+c.width, maxCirclePx)
	if c.c.a == 0 {
		r = 0
	}
	if c.stroke.a == 0 || c.width == 0 {
		outer = r
	}
	if outer <= 0 {
		return
	}
	soft := 1 + c.fog*r
	x0, x1 := max(0, int(x-outer-1)), min(p.view.w-1, int(x+outer+1))
	y0, y1 := max(0, int(y-outer-1)), min(p.view.h-1, int(y+outer+1))
	full := float32(256)
	if outer < 0.5 {
		full *= 4 * outer * outer
		outer, r = 0.5, 0.5*r/outer
	}
	rim, inside := (outer+0.5)*(outer+0.5), float32(0)
	if r > 0.5 && c.fog == 0 {
		inside = (r - 0.5) * (r - 0.5)
	}
	for py := y0; py <= y1; py++ {
		dy := float32(py) + 0.5 - y
		row := p.dst.Pix[py*p.dst.Stride:]
		for px := x0; px <= x1; px++ {
			dx := float32(px) + 0.5 - x
			d2 := dx*dx + dy*dy
			if d2 >= rim {
				continue
			}
			at := row[4*px : 4*px+4 : 4*px+4]
			if d2 <= inside {
				blend(at, c.c, uint32(full))
				continue
			}
			d := float32(math.Sqrt(float64(d2)))
			fill := min(1, max(0, (r+0.5-d)/soft))
			if ring := min(1, outer+0.5-d) - min(1, max(0, r+0.5-d)); outer > r && ring > 0 {
				blend(at, c.stroke, uint32(full*ring))
			}
			if fill > 0 {
				blend(at, c.c, uint32(full*fill))
			}
		}
	}
}
