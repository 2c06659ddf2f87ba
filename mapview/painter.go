package mapview

import (
	"context"
	"image"
	"math"

	"kuaitu/mapview/style"
)

// view is a rectangle of the world at a scale: a whole picture, a strip of one, or a tile.
type view struct {
	zoom   float64
	ox, oy float64 // place of the upper left corner in the world, device pixels
	w, h   int
}

// perUnit is device pixels per world unit.
func (v view) perUnit() float64 { return 256 * math.Exp2(v.zoom) / worldSize }

// box is the part of the world in view with pad device pixels around it.
func (v view) box(pad float64) box {
	k := v.perUnit()
	at := func(px float64) uint32 { return uint32(math.Max(0, math.Min(worldSize-1, px/k))) }
	return box{at(v.ox - pad), at(v.oy - pad), at(v.ox + float64(v.w) + pad), at(v.oy + float64(v.h) + pad)}
}

// painter draws one view. It belongs to one goroutine; its scratch is reused from view to view.
type painter struct {
	ctx   context.Context
	dst   *image.RGBA // opaque, starts at 0,0, size of the view
	view  view
	style *Style
	ratio float64
	zoom  float64 // in design pixels
	k     float64 // device pixels per world unit

	fill filler
	pts  []float32 // scratch: the points of a ring
	thin []uint32  // scratch: the points of a border that matter

	found [numBaseClasses][]Feature // scratch: the shapes of a base map in view
	light *image.RGBA               // scratch: raster tiles to be dimmed
	n     int                       // features drawn since ctx was looked at

	// Of the layers of style documents:
	labels      *labeller
	vectors     map[VectorSource][]placedVector // the tiles in view
	expr        style.Context
	row         row // what expr looks at
	fillLooks   []fillLook
	lineLooks   []lineLook
	circleLooks []circleLook
	moved       []float32 // scratch: the points of a line beside its course
	before      []uint8   // scratch: what was there before a layer with an opacity
}

func (p *painter) begin(ctx context.Context, dst *image.RGBA, v view, st *Style) {
	p.ctx, p.dst, p.view, p.style = ctx, dst, v, st
	p.ratio, p.zoom, p.k = st.ratio(), st.designZoom(v.zoom), v.perUnit()
	p.fill.resize(v.w, v.h)
	p.n = 0
	clear(p.vectors)
}

// batch is how many features are drawn between two looks at the context.
const batch = 256

// cancelled looks at the context once every batch features.
func (p *painter) cancelled() bool {
	p.n++
	return p.n%batch == 0 && p.ctx.Err() != nil
}

// x and y map world units to pixels of the view.
func (p *painter) x(u uint32) float32 { return float32(float64(u)*p.k - p.view.ox) }
func (p *painter) y(u uint32) float32 { return float32(float64(u)*p.k - p.view.oy) }

// clearTo fills the whole view with a colour.
func clearTo(dst *image.RGBA, c rgba) {
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	if w == 0 || h == 0 {
		return
	}
	row := dst.Pix[:4*w]
	for i := 0; i < len(row); i += 4 {
		row[i], row[i+1], row[i+2], row[i+3] = c.r, c.g, c.b, 255
	}
	for y := 1; y < h; y++ {
		copy(dst.Pix[y*dst.Stride:y*dst.Stride+4*w], row)
	}
}

// addRings puts the edges of a polygon feature into the filler.
func (p *painter) addRings(f *packed, i int) {
	for r := f.feats[i]; r < f.feats[i+1]; r++ {
		pts := p.points(f.ring(r))
		n := len(pts)
		ax, ay := pts[n-2], pts[n-1]
		for j := 0; j < n; j += 2 {
			p.fill.edge(ax, ay, pts[j], pts[j+1])
			ax, ay = pts[j], pts[j+1]
		}
	}
}

// points are the pixels of a ring, valid until the next call.
func (p *painter) points(ring []uint32) []float32 {
	if cap(p.pts) < len(ring) {
		p.pts = make([]float32, 2*len(ring))
	}
	pts := p.pts[:len(ring)]
	k, ox, oy := p.k, p.view.ox, p.view.oy
	for i := 0; i+1 < len(ring); i += 2 {
		pts[i] = float32(float64(ring[i])*k - ox)
		pts[i+1] = float32(float64(ring[i+1])*k - oy)
	}
	return pts
}

// lodPx is the size of a box below which its feature is stored as pixels instead of filled.
const lodPx = 2.5

// buildings draws the polygons of a building layer.
func (p *painter) buildings(l Layer) {
	st := p.style
	var paints [numUses]paint
	for u := range paints {
		us := st.uses[u]
		// Small things need a stronger colour to be seen.
		paints[u] = paint{c: mix(us.fill, us.edge, math.Max(0, math.Min(1, (15-p.zoom)/2)))}
		if us.hatch.a != 0 && p.zoom >= hatchZoom {
			paints[u].hatch = p.hatching(us.hatch)
		}
	}
	outline := p.zoom >= st.outlineZoom
	q := p.view.box(1)
	for part := range l.Data.parts() {
		boxes, class := part.boxes, part.class
		part.search(q, func(i int) bool {
			if p.cancelled() {
				return false
			}
			use := class[i]
			if use >= uint8(numUses) {
				use = uint8(UseUnknown)
			}
			b := boxes[i]
			w, h := float64(b.maxX-b.minX)*p.k, float64(b.maxY-b.minY)*p.k
			if w < lodPx && h < lodPx {
				p.speck(b, w, h, paints[use].c)
				return true
			}
			if part.shapes[i] != shapePolygon {
				return true
			}
			p.addRings(part.packed, i)
			p.fill.fill(p.dst, paints[use])
			if outline {
				p.hairlines(part.packed, i, st.uses[use].edge)
			}
			return true
		})
	}
}

// hatchZoom is the zoom of design pixels from which on there is room for hatching.
const hatchZoom = 14

// hatching is lines of a colour that rise to the right, at the same places of the world in every tile.
func (p *painter) hatching(c rgba) *hatch {
	period := max(3, int(math.Round(5*p.ratio)))
	phase := int(math.Mod(math.Floor(p.view.ox)+math.Floor(p.view.oy), float64(period)))
	return &hatch{c: c, period: period, width: max(1, int(math.Round(p.ratio))), phase: (phase + period) % period}
}

// speck stores a feature smaller than lodPx as up to four pixels weighted by how much of them its box covers. A building
// fills about three quarters of its box.
func (p *painter) speck(b box, w, h float64, c rgba) {
	const share = 0.75
	strong := 1.0
	if p.zoom < 12.5 { // a whole city of specks would be a haze
		strong = 2
	}
	x0, y0 := float64(b.minX)*p.k-p.view.ox, float64(b.minY)*p.k-p.view.oy
	cx, cy := x0+w/2, y0+h/2
	px, py := int(math.Floor(cx)), int(math.Floor(cy))
	if area := w * h * share; area <= 1 {
		if area >= 0.02 {
			p.store(px, py, c, uint32(min(1, area*strong)*256))
		}
		return
	}
	for y := int(math.Floor(y0)); float64(y) < y0+h; y++ {
		ch := math.Min(y0+h, float64(y+1)) - math.Max(y0, float64(y))
		for x := int(math.Floor(x0)); float64(x) < x0+w; x++ {
			cw := math.Min(x0+w, float64(x+1)) - math.Max(x0, float64(x))
			p.store(x, y, c, uint32(cw*ch*(share+0.15)*256))
		}
	}
}

func (p *painter) store(x, y int, c rgba, a uint32) {
	if uint(x) < uint(p.view.w) && uint(y) < uint(p.view.h) {
		o := y*p.dst.Stride + 4*x
		blend(p.dst.Pix[o:o+4:o+4], c, min(a, 256))
	}
}

// hairlines draws the borders of a polygon one device pixel wide.
func (p *painter) hairlines(f *packed, i int, c rgba) {
	for r := f.feats[i]; r < f.feats[i+1]; r++ {
		pts := p.points(f.ring(r))
		n := len(pts)
		ax, ay := pts[n-2], pts[n-1]
		for j := 0; j < n; j += 2 {
			p.hairline(ax, ay, pts[j], pts[j+1], c)
			ax, ay = pts[j], pts[j+1]
		}
	}
}

// hairline draws a line one pixel wide: along its longer direction each step spreads its weight over the two pixels it runs between.
func (p *painter) hairline(ax, ay, bx, by float32, c rgba) {
	w, h := float32(p.view.w), float32(p.view.h)
	if max(ax, bx) < -1 || max(ay, by) < -1 || min(ax, bx) > w || min(ay, by) > h {
		return
	}
	steep := abs32(by-ay) > abs32(bx-ax)
	if steep {
		ax, ay, bx, by = ay, ax, by, bx
		w, h = h, w
	}
	if ax > bx {
		ax, ay, bx, by = bx, by, ax, ay
	}
	if bx-ax < 1e-3 {
		return
	}
	slope := (by - ay) / (bx - ax)
	first, last := int(max(0, ax)), int(min(w-1, bx))
	for s := first; s <= last; s++ {
		lo, hi := max(ax, float32(s)), min(bx, float32(s+1))
		weight := hi - lo // shorter than 1 at both ends
		v := ay + ((lo+hi)/2-ax)*slope - 0.5
		i := int(math.Floor(float64(v)))
		f := v - float32(i)
		a, b := uint32((1-f)*weight*256), uint32(f*weight*256)
		if steep {
			p.store(i, s, c, a)
			p.store(i+1, s, c, b)
		} else {
			p.store(s, i, c, a)
			p.store(s, i+1, c, b)
		}
	}
}

func abs32(v float32) float32 {
	if v < 0 {
		return -v
	}
	return v
}

// mix is a colour between a (t 0) and b (t 1).
func mix(a, b rgba, t float64) rgba {
	f := func(a, b uint8) uint8 { return uint8(float64(a) + t*(float64(b)-float64(a)) + 0.5) }
	return rgba{f(a.r, b.r), f(a.g, b.g), f(a.b, b.b), f(a.a, b.a)}
}
