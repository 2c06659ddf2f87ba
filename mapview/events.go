package mapview

import (
	"cmp"
	"math"
	"slices"
)

// marker is one event, or several that are near each other at this scale.
type marker struct {
	x, y     float64 // place in the world, device pixels
	light    Light
	icon     Icon
	count    int // of a cluster; 1 for an event
	overdue  int
	near     int
	selected bool
	opacity  float64
	layer    string
	id       ID
	box      box // of the members
}

// Sizes of markers in design pixels.
const (
	markerPx  = 22.0
	clusterPx = 34.0
	cellPx    = 72.0 // events in one cell may become a cluster
)

// clusterLeast is how many events of a cell become a cluster; 0 means none do.
func clusterLeast(designZoom float64) int {
	switch {
	case designZoom < 15:
		return 2
	case designZoom < 18:
		return 4
	}
	return 0
}

// radius is half the size of the marker in design pixels.
func (m *marker) radius() float64 {
	if m.count > 1 {
		return clusterPx / 2
	}
	return markerPx / 2
}

type cellKey struct{ x, y int }

// markers are what the events in the view and pad device pixels around it are shown as, in drawing order. Cells belong to the world, so
// that neighbouring tiles agree about every cluster.
func markers(s Scene, v view, st *Style, pad float64) []marker {
	zoom, ratio, k := st.designZoom(v.zoom), st.ratio(), v.perUnit()
	cell, least := cellPx*ratio, clusterLeast(zoom)
	selected := map[Ref]bool{}
	for _, r := range s.Selected {
		selected[r] = true
	}
	// Whole cells, or the same cluster would have other members in the next tile.
	whole := view{zoom: v.zoom, ox: math.Floor((v.ox-pad)/cell) * cell, oy: math.Floor((v.oy-pad)/cell) * cell}
	whole.w = int(math.Ceil((v.ox+float64(v.w)+pad)/cell)*cell - whole.ox)
	whole.h = int(math.Ceil((v.oy+float64(v.h)+pad)/cell)*cell - whole.oy)
	var out []marker
	for _, l := range s.Layers {
		if l.Kind != KindEvent || !l.visible(zoom) {
			continue
		}
		cells := map[cellKey][]marker{}
		var order []cellKey
		for part := range l.Data.parts() {
			part.search(whole.box(0), func(i int) bool {
				x, y := part.anchor(i)
				m := marker{x: float64(x) * k, y: float64(y) * k, count: 1, opacity: l.opacity(), layer: l.Name, id: part.ids[i], box: part.boxes[i]}
				m.light, m.icon = eventParts(part.class[i])
				if selected[Ref{l.Name, m.id}] {
					m.selected = true
					out = append(out, m)
					return true
				}
				if least == 0 {
					out = append(out, m)
					return true
				}
				c := cellKey{int(math.Floor(m.x / cell)), int(math.Floor(m.y / cell))}
				if _, ok := cells[c]; !ok {
					order = append(order, c)
				}
				cells[c] = append(cells[c], m)
				return true
			})
		}
		for _, c := range order {
			if members := cells[c]; len(members) < least {
				out = append(out, members...)
			} else {
				out = append(out, cluster(members, c, cell, ratio))
			}
		}
	}
	slices.SortFunc(out, func(a, b marker) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x), slices.Compare(a.id[:], b.id[:]))
	})
	return out
}

// rank is the drawing order: normal, stopped, near, overdue, clusters, selected.
func rank(m marker) int {
	switch {
	case m.selected:
		return 10
	case m.count > 1:
		return 5
	}
	return int(m.light)
}

// cluster joins the events of a cell at their middle, but so far from the cell's border that two clusters never touch.
func cluster(members []marker, c cellKey, cell, ratio float64) marker {
	m := marker{count: len(members), opacity: members[0].opacity, layer: members[0].layer, id: members[0].id, box: noBox}
	for _, e := range members {
		m.x += e.x / float64(len(members))
		m.y += e.y / float64(len(members))
		m.box = m.box.union(e.box)
		switch e.light {
		case LightOverdue:
			m.overdue++
		case LightNear:
			m.near++
		}
	}
	r := (clusterPx/2 + 1) * ratio
	m.x = math.Max(float64(c.x)*cell+r, math.Min(m.x, float64(c.x+1)*cell-r))
	m.y = math.Max(float64(c.y)*cell+r, math.Min(m.y, float64(c.y+1)*cell-r))
	return m
}

// drawMarker paints a marker: shape for the clock, sign for the class.
func (p *painter) drawMarker(m *marker) {
	x, y := float32(m.x-p.view.ox), float32(m.y-p.view.oy)
	r := float32(m.radius() * p.ratio)
	reach := r * 1.6
	if x < -reach || y < -reach || x > float32(p.view.w)+reach || y > float32(p.view.h)+reach {
		return
	}
	if m.count > 1 {
		p.drawCluster(m, x, y, r)
		return
	}
	st := p.style
	if m.selected {
		p.round(x, y, r*1.45, st.disc)
		p.ring(x, y, r*1.45, float32(2.5*p.ratio), 0, 1, st.accent)
	}
	edge := float32(1.3 * p.ratio)
	sign := st.text
	cx, cy, size := x, y, float32(12.5*p.ratio)
	switch m.light {
	case LightOverdue:
		p.shape(x, y, r*1.15+edge, st.disc, diamond[:])
		p.shape(x, y, r*1.15, st.red, diamond[:])
		sign, size = st.onRed, float32(11*p.ratio)
	case LightNear:
		p.shape(x, y, r*1.2+edge*1.3, st.disc, triangle[:])
		p.shape(x, y, r*1.2, st.amber, triangle[:])
		sign, size, cy = st.onAmber, float32(10*p.ratio), y+r*0.28
	case LightStopped:
		p.round(x, y, r, st.discEdge)
		p.round(x, y, r-edge, st.stop)
	default:
		p.round(x, y, r, st.discEdge)
		p.round(x, y, r-edge, st.disc)
	}
	if m.light == LightStopped {
		p.iconLines(pauseSign, cx, cy, size, sign)
		return
	}
	p.iconLines(iconSigns[m.icon], cx, cy, size, sign)
}

func (p *painter) drawCluster(m *marker, x, y, r float32) {
	st, ratio := p.style, float32(p.ratio)
	p.round(x, y, r, st.discEdge)
	p.round(x, y, r-1*ratio, st.disc)
	over, near := float64(m.overdue)/float64(m.count), float64(m.near)/float64(m.count)
	width := 3.4 * ratio
	p.ring(x, y, r-2*ratio-width/2, width, 0, over, st.red)
	p.ring(x, y, r-2*ratio-width/2, width, over, over+near, st.amber)
	if st.Fonts == nil {
		return
	}
	ts := textStyle{size: 14 * p.ratio, bold: true, c: st.text, ratio: p.ratio}
	text := countText(m.count)
	if len(text) > 3 {
		ts.size = 11 * p.ratio
	}
	w := st.Fonts.width(text, ts)
	st.Fonts.draw(p.dst, text, float64(x)-w/2, float64(y)+ts.size*0.36, ts)
}

var (
	diamond  = [...]float32{0, -1, 1, 0, 0, 1, -1, 0}
	triangle = [...]float32{0, -0.95, 1, 0.78, -1, 0.78}
)

// shape fills a polygon of points around x, y, scaled by r.
func (p *painter) shape(x, y, r float32, c rgba, pts []float32) {
	n := len(pts)
	ax, ay := x+pts[n-2]*r, y+pts[n-1]*r
	for i := 0; i < n; i += 2 {
		bx, by := x+pts[i]*r, y+pts[i+1]*r
		p.fill.edge(ax, ay, bx, by)
		ax, ay = bx, by
	}
	p.fill.fill(p.dst, paint{c: c})
}

func (p *painter) round(x, y, r float32, c rgba) {
	p.disc(x, y, r, 28)
	p.fill.fill(p.dst, paint{c: c})
}

// ring strokes the part from…to (turns, clockwise from the top) of a circle.
func (p *painter) ring(x, y, r, width float32, from, to float64, c rgba) {
	if to <= from {
		return
	}
	n := max(3, int(math.Ceil(36*(to-from))))
	pts := make([]float32, 0, 2*n+2)
	for i := range n + 1 {
		s, cs := math.Sincos(2 * math.Pi * (from + (to-from)*float64(i)/float64(n)))
		pts = append(pts, x+r*float32(s), y-r*float32(cs))
	}
	for i := 0; i+3 < len(pts); i += 2 {
		l := math.Hypot(float64(pts[i+2]-pts[i]), float64(pts[i+3]-pts[i+1]))
		if l > 0 {
			p.quad(pts[i], pts[i+1], pts[i+2], pts[i+3], width/2, l)
		}
	}
	p.fill.fill(p.dst, paint{c: c})
}
