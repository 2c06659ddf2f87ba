package mapview

import (
	"image/color"
	"math"

	"kuaitu/mapview/style"
)

// BaseClass is what a shape of a base map is, in drawing order: areas from the ground up, then ways by rank.
type BaseClass uint8

// The classes of base shapes. A shape whose geometry does not suit its class is not drawn.
const (
	BaseLand        BaseClass = iota // area; a scene that has some is at sea elsewhere
	BaseSand                         // area
	BaseGreen                        // area
	BaseSquare                       // area
	BaseWater                        // area
	BasePier                         // area or way
	BasePath                         // way
	BaseRail                         // way
	BaseResidential                  // way
	BaseSecondary                    // way
	BasePrimary                      // way
	BaseMotorway                     // way
	numBaseClasses
)

var baseClassNames = [numBaseClasses]string{"land", "sand", "green", "square", "water", "pier", "path", "rail", "residential", "secondary", "primary", "motorway"}

// ParseBaseClass answers the class called name: land, sand, green, square, water, pier, path, rail, residential, secondary, primary or motorway.
func ParseBaseClass(name string) (BaseClass, bool) {
	for c, n := range baseClassNames {
		if n == name {
			return BaseClass(c), true
		}
	}
	return 0, false
}

// baseStyle is the colours of a class: name is that of its label (a 0: not named, or as ways are), line the outside of a rail.
type baseStyle struct{ fill, name, line rgba }

// wayStyle is the geometry of a way: how wide it is on the ground, its least width at some zooms, and from which zooms (of design
// pixels) on it and its name are shown.
type wayStyle struct {
	metres      float64
	least       []zoomWidth // by zoom
	from, named float64     // named 0: never
	nameSize    float64
}

// zoomWidth is a width in design pixels at a zoom; between two of them it grows evenly, outside it stays.
type zoomWidth struct{ zoom, width float64 }

var wayStyles = [numBaseClasses]wayStyle{
	BasePier:        {metres: 9, least: []zoomWidth{{12, 0.8}, {16, 1.5}}, from: 12},
	BasePath:        {metres: 0, least: []zoomWidth{{16, 1}, {18, 1.5}}, from: 16, named: 17, nameSize: 11},
	BaseRail:        {metres: 0, least: []zoomWidth{{11, 0.8}, {13, 1.2}, {15, 3}, {18, 5}}, from: 11, named: 16, nameSize: 11},
	BaseResidential: {metres: 8.5, least: []zoomWidth{{13, 0.6}, {14, 1.1}, {15, 2}, {16, 3.2}}, from: 13.25, named: 16.5, nameSize: 11},
	BaseSecondary:   {metres: 14, least: []zoomWidth{{11.5, 0.6}, {13, 1.5}, {14, 2.5}, {16, 5}}, from: 11.5, named: 15, nameSize: 11.5},
	BasePrimary:     {metres: 23, least: []zoomWidth{{10, 0.7}, {12, 1.4}, {14, 3.5}, {16, 7}}, from: 10, named: 14.5, nameSize: 12},
	BaseMotorway:    {metres: 32, least: []zoomWidth{{8, 0.7}, {10, 1}, {12, 2}, {14, 4}, {16, 8}}, from: 8, named: 14.5, nameSize: 12},
}

// width is the least width at a zoom, in design pixels.
func (w *wayStyle) width(zoom float64) float64 {
	last := w.least[0]
	for _, s := range w.least {
		if zoom < s.zoom {
			if s.zoom == last.zoom {
				return s.width
			}
			return last.width + (s.width-last.width)*(zoom-last.zoom)/(s.zoom-last.zoom)
		}
		last = s
	}
	return last.width
}

// ramp is 0 up to zoom lo, 1 from zoom hi on.
func ramp(zoom, lo, hi float64) float64 { return math.Max(0, math.Min(1, (zoom-lo)/(hi-lo))) }

// land answers whether a base map has land, so that what lies around it is water.
func (s *Snapshot) land() bool {
	s.landOnce.Do(func() {
		for part := range s.parts() {
			for i, c := range part.class {
				if BaseClass(c) == BaseLand && part.shapes[i] == shapePolygon && !part.hidden(i) {
					s.landed = true
					return
				}
			}
		}
	})
	return s.landed
}

// ground is the colour where nothing is, at a zoom of design pixels.
func (s Scene) ground(st *Style, zoom float64) rgba {
	for _, l := range s.Layers {
		if l.visible(zoom) {
			if c := l.backdrop(&style.Context{Zoom: styleZoom(zoom)}); c.a == 255 {
				return c
			}
			break
		}
	}
	for _, l := range s.Layers {
		if l.Kind == KindBase && l.visible(zoom) && l.Data.land() {
			return st.base[BaseWater].fill
		}
	}
	return st.land
}

// Ground is the colour where nothing is at cam: that of the background of a style document at the bottom, of water if a base map with land is shown, else that of
// land. It is for what shows a map before it is drawn.
func (s Scene) Ground(cam Camera, st *Style) color.NRGBA {
	return s.ground(st, st.designZoom(cam.Zoom)).nrgba()
}

// earthCircumference is that of the sphere of Web Mercator in metres.
const earthCircumference = 2 * math.Pi * 6378137

// perMetre is device pixels per metre on the ground at the height y of the world.
func (p *painter) perMetre(y uint32) float64 {
	return p.k * worldSize / earthCircumference * math.Cosh(math.Pi*(1-2*float64(y)/worldSize))
}

// shapes draws a base map: areas in the order of their classes, then the casings of all ways, then the ways by rank, so that
// they run into each other where they meet.
func (p *painter) shapes(l Layer) {
	for c := range p.found {
		p.found[c] = p.found[c][:0]
	}
	v := p.view
	middle := uint32(math.Max(0, math.Min(worldSize-1, (v.oy+float64(v.h)/2)/p.k)))
	pad := wayStyles[BaseMotorway].metres*p.perMetre(middle) + 16*p.ratio // more than half the width of any way
	for part := range l.Data.parts() {
		part.search(v.box(pad), func(i int) bool {
			if p.cancelled() {
				return false
			}
			c := BaseClass(part.class[i])
			if c >= numBaseClasses {
				return true
			}
			b := part.boxes[i]
			side := float64(max(b.maxX-b.minX, b.maxY-b.minY)) * p.k
			if side >= 1 && p.zoom >= wayStyles[c].from {
				p.found[c] = append(p.found[c], Feature{part.packed, i})
			}
			return true
		})
	}
	for c := BaseLand; c <= BasePier; c++ {
		for _, f := range p.found[c] {
			if f.p.shapes[f.i] == shapePolygon {
				p.addRings(f.p, f.i)
			}
		}
		p.fill.fill(p.dst, paint{c: p.style.base[c].fill})
	}
	casing := ramp(p.zoom, 12.5, 15) * p.ratio
	if p.ctx.Err() != nil {
		return
	}
	p.ways(BasePier, p.style.base[BasePier].fill)
	p.paths()
	p.rails()
	if casing > 0 {
		for c := BaseResidential; c < numBaseClasses; c++ {
			p.addWays(c, 2*casing)
		}
		p.fill.fill(p.dst, paint{c: p.style.casing})
	}
	t := ramp(p.zoom, 13, 14.5)
	colour := func(c BaseClass) rgba { return mix(p.style.hairline, p.style.base[c].fill, t) }
	for c := BaseResidential; c < numBaseClasses; c++ {
		p.addWays(c, 0)
		if c+1 == numBaseClasses || colour(c+1) != colour(c) { // ranks of one colour are painted at once
			p.fill.fill(p.dst, paint{c: colour(c)})
		}
	}
}

// ways strokes all ways of a class at once.
func (p *painter) ways(c BaseClass, colour rgba) {
	p.addWays(c, 0)
	p.fill.fill(p.dst, paint{c: colour})
}

// addWays adds the ways of a class to the filler, wider device pixels more than they are.
func (p *painter) addWays(c BaseClass, wider float64) {
	ws := &wayStyles[c]
	least := ws.width(p.zoom) * p.ratio
	for _, f := range p.found[c] {
		if f.p.shapes[f.i] != shapeLine || p.cancelled() {
			continue
		}
		b := f.p.boxes[f.i]
		width := math.Max(least, ws.metres*p.perMetre(b.minY/2+b.maxY/2)) + wider
		for r := f.p.feats[f.i]; r < f.p.feats[f.i+1]; r++ {
			p.way(p.thinned(f.p.ring(r)), float32(width/2))
		}
	}
}

// paths are dashed lines.
func (p *painter) paths() {
	n := pen{width: wayStyles[BasePath].width(p.zoom) * p.ratio, dash: []float64{3 * p.ratio, 2 * p.ratio}}
	p.strokes(BasePath, n, p.style.base[BasePath].fill)
}

// rails are a dark line with light sleepers in it where there is room for them.
func (p *painter) rails() {
	bs, width := p.style.base[BaseRail], wayStyles[BaseRail].width(p.zoom)
	p.ways(BaseRail, bs.line)
	if width < 2.2 {
		return
	}
	p.strokes(BaseRail, pen{width: (width - 1.4) * p.ratio, dash: []float64{7 * p.ratio, 7 * p.ratio}}, bs.fill)
}

// strokes draws the ways of a class with a pen.
func (p *painter) strokes(c BaseClass, n pen, colour rgba) {
	for _, f := range p.found[c] {
		if f.p.shapes[f.i] != shapeLine || p.cancelled() {
			continue
		}
		for r := f.p.feats[f.i]; r < f.p.feats[f.i+1]; r++ {
			p.stroke(p.thinned(f.p.ring(r)), false, n, 0)
		}
	}
	p.fill.fill(p.dst, paint{c: colour})
}

// way adds a polyline with round ends and joins to the filler. Gentle bends get the wedge that is missing at their outer side, sharp ones a disc.
func (p *painter) way(pts []float32, half float32) {
	margin := half + 2
	w, h := float32(p.view.w)+margin, float32(p.view.h)+margin
	near := func(x, y float32) bool { return x > -margin && y > -margin && x < w && y < h }
	corners := 8 + 4*int(half/4)
	round := func(x, y float32) {
		if half > 0.7 && near(x, y) {
			p.disc(x, y, half, corners)
		}
	}
	var ux, uy float32 // direction of the segment before
	count := 0
	for i := 0; i+3 < len(pts); i += 2 {
		ax, ay, bx, by := pts[i], pts[i+1], pts[i+2], pts[i+3]
		length := math.Hypot(float64(bx-ax), float64(by-ay))
		if length == 0 {
			continue
		}
		vx, vy := (bx-ax)/float32(length), (by-ay)/float32(length)
		if max(ax, bx) >= -margin && max(ay, by) >= -margin && min(ax, bx) <= w && min(ay, by) <= h {
			p.quad(ax, ay, bx, by, half, length)
		}
		switch turn := ux*vy - uy*vx; {
		case count == 0:
			round(ax, ay)
		case ux*vx+uy*vy < 0.85:
			round(ax, ay)
		case turn > 0 && near(ax, ay):
			p.triangle(ax, ay, ax+uy*half, ay-ux*half, ax+vy*half, ay-vx*half)
		case turn < 0 && near(ax, ay):
			p.triangle(ax, ay, ax-vy*half, ay+vx*half, ax-uy*half, ay+ux*half)
		}
		ux, uy = vx, vy
		count++
	}
	if n := len(pts); count > 0 {
		round(pts[n-2], pts[n-1])
	}
}

func (p *painter) triangle(ax, ay, bx, by, cx, cy float32) {
	p.fill.edge(ax, ay, bx, by)
	p.fill.edge(bx, by, cx, cy)
	p.fill.edge(cx, cy, ax, ay)
}
