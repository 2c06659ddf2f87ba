package mapview

import (
	"math"
	"math/bits"
	"slices"

	"kuaitu/mapview/style"
)

// Metadata of a heat map's layer that keep single people from being told apart.
const (
	// MetaMinCount, a number: what stands in a cell of the ground with fewer things than this is not drawn. A cell is 2¹⁴
	// world units wide (100 to 150 m between 22° and 50° of latitude), wider where half a radius is. What is drawn shows
	// the cells' sums and not where in a cell somebody is.
	MetaMinCount = "kuaitu:min-count"
	// MetaCount, a text: the column that says for how many things a feature stands; each is one where there is none.
	MetaCount = "kuaitu:count"
)

// privateBits is log₂ of the width, in world units, of the smallest cell that is drawn with a minimum count.
const privateBits = 14

// maxTileHeatPx bounds, in design pixels, the radii of features in vector tiles, of which those beyond the view are not all known.
const maxTileHeatPx = 64

// heatFrom is an array of features that a heat map draws from, with the part of it that counts.
type heatFrom struct {
	pt      part
	dx, dy  float64 // device pixels to move what is drawn by
	within  box
	weights []float64 // by look
	radii   []float64 // by look, device pixels
	looks   *looks
}

// styledHeat draws a heat map: points as they are, lines and areas at the middle of their boxes.
func (p *painter) styledHeat(l Layer) {
	c := p.styledContext()
	look := heatLook{intensity: l.Style.Prop(style.HeatmapIntensity).Number(c)}
	opacity := l.Style.Prop(style.HeatmapOpacity).Number(c) * l.opacity()
	if !(look.intensity > 0) || !(opacity > 0) {
		return
	}
	ramp := l.Style.Prop(style.HeatmapColor)
	at := style.Context{Zoom: c.Zoom}
	for i := range look.ramp {
		at.Density = float64(i) / heatTones
		look.ramp[i] = tint(ramp.Color(&at), opacity)
	}
	least, _ := l.Style.Metadata[MetaMinCount].(float64)
	counted, _ := l.Style.Metadata[MetaCount].(string)
	from := p.heatFrom(l, least > 1)
	if least <= 1 {
		p.heat(&look, func(yield func(heatPoint)) {
			for i := range from {
				from[i].each(p, func(x, y uint32, f int, look uint32) {
					h := &from[i]
					yield(heatPoint{float64(x)*p.k - h.dx, float64(y)*p.k - h.dy, h.weights[look], h.radii[look]})
				})
			}
		})
		return
	}
	p.heat(&look, func(yield func(heatPoint)) { p.privateHeat(from, least, counted, yield) })
}

// heatFrom evaluates weights and radii, and finds what is near enough to the view.
func (p *painter) heatFrom(l Layer, private bool) []heatFrom {
	var out []heatFrom
	if l.Data != nil {
		for pt := range l.Data.parts() {
			h := p.heatLooks(l, pt, maxHeatPx)
			if h == nil {
				continue
			}
			h.within = p.view.box(heatPad(p.heatRadius(slices.Max(h.radii), private)) + p.privateCell(slices.Max(h.radii), private))
			out = append(out, *h)
		}
	}
	if l.Vector == nil {
		return out
	}
	radius := l.Style.Prop(style.HeatmapRadius)
	most := float64(maxTileHeatPx)
	if !radius.Uses().Has(style.UsesFeature) {
		most = min(most, radius.Number(p.styledContext()))
	}
	pad := math.Ceil(heatPad(p.heatRadius(most*p.ratio, private)) + p.privateCell(most*p.ratio, private))
	v := p.view
	v.ox, v.oy, v.w, v.h = v.ox-pad, v.oy-pad, v.w+2*int(pad), v.h+2*int(pad)
	for _, t := range placeVector(p.ctx, p.labels.tilesOf(l.Vector), v, p.zoom) {
		pk := t.layers[l.Style.SourceLayer]
		if pk == nil {
			continue
		}
		if h := p.heatLooks(l, part{packed: pk}, most*p.ratio); h != nil {
			// The square of the tile alone: the buffer about it is in the neighbours too.
			side := uint64(worldSize) >> t.at.z
			x, y := uint64(t.at.x)*side, uint64(t.at.y)*side
			h.within = box{uint32(x), uint32(y), uint32(x + side - 1), uint32(y + side - 1)}
			h.dx, h.dy = t.dx, t.dy
			out = append(out, *h)
		}
	}
	return out
}

// heatLooks are the weights and radii of an array's looks, nil if it has none.
func (p *painter) heatLooks(l Layer, pt part, most float64) *heatFrom {
	h := &heatFrom{pt: pt, looks: pt.looksOf(l.Style), weights: []float64{0}, radii: []float64{0}}
	if h.looks.empty() {
		return nil
	}
	p.row.p = pt.packed
	p.evaluate(l.Style, h.looks, func(_ int, c *style.Context, show bool) {
		w, r := 0.0, 0.0
		if show {
			w, r = l.Style.Prop(style.HeatmapWeight).Number(c), min(most, l.Style.Prop(style.HeatmapRadius).Number(c)*p.ratio)
		}
		h.weights, h.radii = append(h.weights, w), append(h.radii, r)
	})
	return h
}

// each visits the places of the features that are drawn, in their order.
func (h *heatFrom) each(p *painter, visit func(x, y uint32, i int, look uint32)) {
	h.looks.each(h.pt, h.within, func(i int, look uint32) bool {
		if p.cancelled() {
			return false
		}
		if h.pt.shapes[i] != shapePoint {
			b := h.pt.boxes[i]
			if x, y := b.minX+(b.maxX-b.minX)/2, b.minY+(b.maxY-b.minY)/2; h.within.overlaps(box{x, y, x, y}) {
				visit(x, y, i, look)
			}
			return true
		}
		for r := h.pt.feats[i]; r < h.pt.feats[i+1]; r++ {
			ring := h.pt.ring(r)
			for j := 0; j < len(ring); j += 2 {
				if h.within.overlaps(box{ring[j], ring[j+1], ring[j], ring[j+1]}) {
					visit(ring[j], ring[j+1], i, look)
				}
			}
		}
		return true
	})
}

// privateShift is log₂ of the width in world units of the cells for a radius in device pixels.
func (p *painter) privateShift(radius float64) int {
	return min(31, max(privateBits, bits.Len64(uint64(radius/2/p.k))))
}

// privateCell is the width of the cells in device pixels, 0 if there are none.
func (p *painter) privateCell(radius float64, private bool) float64 {
	if !private {
		return 0
	}
	return float64(uint64(1)<<p.privateShift(radius)) * p.k
}

// heatRadius is how wide what stands for a cell is drawn: so that neighbouring cells run together.
func (p *painter) heatRadius(radius float64, private bool) float64 {
	return min(maxHeatPx, max(radius, 2*p.privateCell(radius, private)))
}

// heatCell is what stands in a cell.
type heatCell struct {
	count, weight, radius float64
	dx, dy                float64
}

// privateHeat gathers what stands in each cell and yields the sums of those with enough, at their middles.
func (p *painter) privateHeat(from []heatFrom, least float64, counted string, yield func(heatPoint)) {
	widest := 0.0
	for _, h := range from {
		widest = max(widest, slices.Max(h.radii))
	}
	shift := p.privateShift(widest)
	cells := map[uint64]*heatCell{}
	for i := range from {
		h := &from[i]
		count := h.pt.column(counted)
		h.each(p, func(x, y uint32, i int, look uint32) {
			key := uint64(y>>shift)<<32 | uint64(x>>shift)
			c := cells[key]
			if c == nil {
				c = &heatCell{dx: h.dx, dy: h.dy}
				cells[key] = c
			}
			n := 1.0
			if count != nil {
				n = count.value(count.code(i)).num
			}
			c.count += n
			c.weight += h.weights[look]
			c.radius = max(c.radius, h.radii[look])
		})
	}
	keys := make([]uint64, 0, len(cells))
	for k, c := range cells {
		if c.count >= least {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	half := float64(uint64(1)<<shift) / 2
	for _, k := range keys {
		c := cells[k]
		x, y := float64(k&math.MaxUint32<<shift)+half, float64(k>>32<<shift)+half
		r := p.heatRadius(c.radius, true)
		yield(heatPoint{x*p.k - c.dx, y*p.k - c.dy, c.weight * c.radius * c.radius / (r * r), r})
	}
}
