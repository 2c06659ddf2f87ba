package mapview

import (
	"iter"
	"math"
	"slices"

	"github.com/paulmach/orb"

	"kuaitu/mapview/style"
)

// Hit is one thing found at a point of the screen.
type Hit struct {
	Ref
	Kind  Kind
	Class uint8
	Label string
	At    orb.Point // its anchor, degrees
	Count int       // more than 1: a cluster of so many events, Ref being one of them
	Bound orb.Bound // of the feature, or of the cluster's members
}

// HitTest answers what is at pixel x, y of the view (tolPx device pixels about it for points and lines), the topmost first: events, then the other
// layers from the last to the first, then the regions the place lies in from the smallest to the largest. What is not shown at this zoom is
// not hit, except that regions of all levels are; a base map never is.
func (s Scene) HitTest(cam Camera, st *Style, x, y, tolPx float64) []Hit {
	var out []Hit
	ox, oy := cam.origin()
	spot := view{zoom: cam.Zoom, ox: ox + x, oy: oy + y, w: 0, h: 0}
	ratio, zoom, k := st.ratio(), st.designZoom(cam.Zoom), spot.perUnit()
	ms := markers(s, spot, st, clusterPx*ratio)
	for _, m := range slices.Backward(ms) {
		if math.Hypot(m.x-spot.ox, m.y-spot.oy) > m.radius()*ratio+tolPx {
			continue
		}
		h := Hit{Ref: Ref{m.layer, m.id}, Kind: KindEvent, Count: m.count, Bound: m.box.bound(), At: unproject(m.x/cam.worldPx(), m.y/cam.worldPx())}
		for _, l := range s.Layers {
			if f, ok := l.find(m.layer, m.id); ok && m.count == 1 {
				h.Class, h.Label, h.At = f.Class(), f.Label(), f.Anchor()
			}
		}
		out = append(out, h)
	}
	wx, wy := (ox+x)/k, (oy+y)/k
	var things, regions []Layer
	for _, l := range slices.Backward(s.Layers) {
		switch {
		case l.Kind == KindEvent || l.Kind == KindBase || l.Data == nil || l.Hidden:
		case l.Kind == KindRegion:
			regions = append(regions, l)
		case l.visible(zoom):
			things = append(things, l)
		}
	}
	slices.SortStableFunc(regions, func(a, b Layer) int { return int(b.Level) - int(a.Level) })
	styled := map[styledHit]bool{} // several layers of a style document may draw one feature
	for _, l := range append(things, regions...) {
		for f := range l.Data.at(wx, wy, tolPx/k) {
			if l.Kind == KindStyled {
				at := styledHit{l.Data, f.ID()}
				if styled[at] || !l.shows(f) {
					continue
				}
				styled[at] = true
			}
			out = append(out, Hit{Ref: Ref{l.Name, f.ID()}, Kind: l.Kind, Class: f.Class(), Label: f.Label(), At: f.Anchor(), Count: 1, Bound: f.Bound()})
		}
	}
	return out
}

type styledHit struct {
	data *Snapshot
	id   ID
}

// shows answers whether a layer of a style document draws a feature, as far as that is no matter of zoom.
func (l Layer) shows(f Feature) bool {
	return l.Style.Type != style.Heatmap && l.Style.Type != style.Background && f.p.looksOf(l.Style).of(f.i) != 0
}

func (l Layer) find(name string, id ID) (Feature, bool) {
	if l.Name != name || l.Data == nil {
		return Feature{}, false
	}
	return l.Data.Find(id)
}

// At answers the features at p: polygons that hold it, points and lines within tol degrees of longitude of it.
func (s *Snapshot) At(p orb.Point, tol float64) iter.Seq[Feature] {
	x, y := project(p)
	return s.at(x*worldSize, y*worldSize, tol/360*worldSize)
}

// at is At in world units.
func (s *Snapshot) at(x, y, tol float64) iter.Seq[Feature] {
	lim := func(v float64) uint32 { return uint32(math.Max(0, math.Min(worldSize-1, v))) }
	q := box{lim(math.Floor(x - tol)), lim(math.Floor(y - tol)), lim(math.Ceil(x + tol)), lim(math.Ceil(y + tol))}
	return func(yield func(Feature) bool) {
		for p := range s.parts() {
			more := p.search(q, func(i int) bool { return !p.near(i, x, y, tol) || yield(Feature{p.packed, i}) })
			if !more {
				return
			}
		}
	}
}

// near answers whether feature i holds x, y or, of points and lines, lies within tol of it.
func (p *packed) near(i int, x, y, tol float64) bool {
	if p.shapes[i] == shapePolygon {
		return p.distance(i, x, y) >= 0
	}
	for r := p.feats[i]; r < p.feats[i+1]; r++ {
		ring := p.ring(r)
		step := 2
		for j := 0; j < len(ring); j += step {
			k := j
			if p.shapes[i] == shapeLine {
				if k = j + 2; k >= len(ring) {
					break
				}
			}
			if segmentDist2(x, y, float64(ring[j]), float64(ring[j+1]), float64(ring[k]), float64(ring[k+1])) <= tol*tol {
				return true
			}
		}
	}
	return false
}
