package mapview

import (
	"math"
	"slices"
	"sync"
)

// medianSide is the median over the polygons of the square root of their boxes' areas, in world units.
func (p *packed) medianSide() float64 {
	sides := make([]float64, 0, p.len())
	for _, b := range p.boxes {
		sides = append(sides, math.Sqrt(float64(b.maxX-b.minX)*float64(b.maxY-b.minY)))
	}
	if len(sides) == 0 {
		return 0
	}
	slices.Sort(sides)
	return sides[len(sides)/2]
}

// medianCache holds medianSide of a base: changes to single regions do not make a level come and go.
type medianCache struct {
	once sync.Once
	side float64
}

func (p *packed) side() float64 {
	p.median.once.Do(func() { p.median.side = p.medianSide() })
	return p.median.side
}

// minRegionPx is the size, in design pixels, the median region of a level must exceed to be shown.
const minRegionPx = 90

// maxLevels is how many region levels are shown at once.
const maxLevels = 3

// regionLayers are the region layers to show at this scale, the coarsest last: the finest maxLevels whose regions are large enough.
// The city's own border has no size to wait for.
func (p *painter) regionLayers(s Scene) []Layer {
	var out []Layer
	for _, l := range s.Layers {
		if l.Kind != KindRegion || !l.visible(p.zoom) || l.Data.Len() == 0 || l.Level >= numLevels {
			continue
		}
		if l.Level != LevelCity && l.Data.base.side()*p.k < minRegionPx*p.ratio {
			continue
		}
		out = append(out, l)
	}
	slices.SortStableFunc(out, func(a, b Layer) int { return int(b.Level) - int(a.Level) })
	return out[:min(len(out), maxLevels)]
}

// regions draws the lines of the levels, finest first so that a coarser line lies over it, each over its halo.
func (p *painter) regions(s Scene) {
	for _, l := range p.regionLayers(s) {
		p.faintly(l, p.level)
	}
}

// level draws the lines of one level.
func (p *painter) level(l Layer) {
	ls := p.style.levels[l.Level]
	if ls.band > 0 {
		p.borders(l, pen{width: 2 * ls.band * p.ratio}, p.style.inkTint)
	}
	p.borders(l, pen{width: (ls.width + 2.4) * p.ratio}, p.style.halo.alpha(190))
	n := pen{width: ls.width * p.ratio}
	for _, d := range ls.dash {
		n.dash = append(n.dash, d*p.ratio)
	}
	p.borders(l, n, p.style.ink)
}

// borders strokes all borders of a region layer at once, so that where they meet nothing is painted twice.
func (p *painter) borders(l Layer, n pen, c rgba) {
	e := l.Data.edges()
	e.tree.search(p.view.box(n.width/2+2), e.boxes, func(i int) bool {
		if p.cancelled() {
			return false
		}
		p.stroke(p.thinned(e.ring(e.feats[i])), false, n, arcStart(e, i)*p.k)
		return true
	})
	p.fill.fill(p.dst, paint{c: c})
}

// thinPx is how near, in device pixels, points of a border may be to the one before to be left out.
const thinPx = 0.8

// thinned are the pixels of a border without the points that make no difference at this scale. They are chosen in world units, so that every tile
// chooses alike; the ends stay.
func (p *painter) thinned(line []uint32) []float32 {
	keep := p.thin[:0]
	limit := thinPx / p.k * thinPx / p.k
	for i := 0; i < len(line); i += 2 {
		if n := len(keep); n > 0 && i < len(line)-2 {
			dx, dy := float64(line[i])-float64(keep[n-2]), float64(line[i+1])-float64(keep[n-1])
			if dx*dx+dy*dy < limit {
				continue
			}
		}
		keep = append(keep, line[i], line[i+1])
	}
	p.thin = keep
	return p.points(keep)
}

// lines draws a line layer: two design pixels of accent over a halo.
func (p *painter) lines(l Layer) {
	for _, pass := range [2]struct {
		width float64
		c     rgba
	}{{4.5, p.style.halo.alpha(200)}, {2, p.style.accent}} {
		n := pen{width: pass.width * p.ratio}
		for part := range l.Data.parts() {
			part.search(p.view.box(n.width), func(i int) bool {
				if p.cancelled() {
					return false
				}
				for r := part.feats[i]; part.shapes[i] == shapeLine && r < part.feats[i+1]; r++ {
					p.stroke(p.points(part.ring(r)), false, n, 0)
				}
				return true
			})
		}
		p.fill.fill(p.dst, paint{c: pass.c})
	}
}

// selection draws the marks of the selected areas and lines with the given brush; selected events are marked with their markers.
func (p *painter) selection(s Scene, brush func(Kind, Feature)) {
	for _, l := range s.Layers {
		if l.Kind == KindEvent || l.Kind == KindPlace || l.Kind == KindBase || l.Data == nil || !l.visible(p.zoom) {
			continue
		}
		if l.Kind == KindStyled && s.marksSelected(l.Data) {
			continue
		}
		for _, ref := range s.Selected {
			if ref.Layer != l.Name {
				continue
			}
			if f, ok := l.Data.Find(ref.ID); ok && f.p.boxes[f.i].overlaps(p.view.box(8*p.ratio)) {
				brush(l.Kind, f)
			}
		}
	}
}

// selectedGround tints a selected region; it lies under the buildings, whose colours mean something.
func (p *painter) selectedGround(kind Kind, f Feature) {
	if kind == KindRegion {
		p.addRings(f.p, f.i)
		p.fill.fill(p.dst, paint{c: p.style.selectedRegion})
	}
}

// selectedPointPx is the radius, in design pixels, of the ring about a selected point.
const selectedPointPx = 12

// selectedLine draws the border of what is selected, over everything but labels and markers.
func (p *painter) selectedLine(kind Kind, f Feature) {
	casing, line := 5.0, 2.5
	if kind == KindRegion {
		casing, line = 0, 2
	}
	for _, pass := range [2]struct {
		width float64
		c     rgba
	}{{casing, p.style.selectionCasing}, {line, p.style.accent}} {
		if pass.width == 0 {
			continue
		}
		for r := f.p.feats[f.i]; r < f.p.feats[f.i+1]; r++ {
			if f.p.shapes[f.i] == shapePoint {
				for pts := p.points(f.p.ring(r)); len(pts) >= 2; pts = pts[2:] {
					p.ring(pts[0], pts[1], float32(selectedPointPx*p.ratio), float32(pass.width*p.ratio), 0, 1, pass.c)
				}
				continue
			}
			p.stroke(p.points(f.p.ring(r)), f.p.shapes[f.i] == shapePolygon, pen{width: pass.width * p.ratio}, 0)
		}
		p.fill.fill(p.dst, paint{c: pass.c})
	}
}
