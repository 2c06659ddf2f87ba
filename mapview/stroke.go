package mapview

import "math"

// pen is how a line is drawn, in device pixels.
type pen struct {
	width float64
	dash  []float64 // on, off, on, off …; nil is solid
}

// stroke adds a polyline (x, y pairs in pixels) to the filler as quads that all turn the same way, so that they join instead
// of cancelling. from is the length of the line before its first point, for the dashes. closed joins the last point to the first.
func (p *painter) stroke(pts []float32, closed bool, n pen, from float64) {
	half := float32(n.width / 2)
	count := len(pts) / 2
	segments := count - 1
	if closed {
		segments = count
	}
	margin := half + 2
	w, h := float32(p.view.w)+margin, float32(p.view.h)+margin
	along := from
	for i := range segments {
		j := (i + 1) % count
		ax, ay, bx, by := pts[2*i], pts[2*i+1], pts[2*j], pts[2*j+1]
		length := math.Hypot(float64(bx-ax), float64(by-ay))
		if length == 0 {
			continue
		}
		out := max(ax, bx) < -margin || max(ay, by) < -margin || min(ax, bx) > w || min(ay, by) > h
		if !out {
			if n.dash == nil {
				p.quad(ax, ay, bx, by, half, length)
				if half > 0.7 {
					p.dot(bx, by, half)
					if i == 0 && !closed {
						p.dot(ax, ay, half)
					}
				}
			} else {
				p.dashes(ax, ay, bx, by, half, length, along, n.dash)
			}
		}
		along += length
	}
}

// quad adds the rectangle of a segment.
func (p *painter) quad(ax, ay, bx, by, half float32, length float64) {
	l := float32(length)
	nx, ny := -(by-ay)/l*half, (bx-ax)/l*half
	f := &p.fill
	f.edge(ax+nx, ay+ny, ax-nx, ay-ny)
	f.edge(ax-nx, ay-ny, bx-nx, by-ny)
	f.edge(bx-nx, by-ny, bx+nx, by+ny)
	f.edge(bx+nx, by+ny, ax+nx, ay+ny)
}

// dot adds a disc, as an octagon: a round join or end. It turns as quads do.
func (p *painter) dot(x, y, r float32) {
	ax, ay := x+octagon[7][0]*r, y+octagon[7][1]*r
	for _, c := range octagon {
		bx, by := x+c[0]*r, y+c[1]*r
		p.fill.edge(ax, ay, bx, by)
		ax, ay = bx, by
	}
}

const half2 = math.Sqrt2 / 2

var octagon = [8][2]float32{{1, 0}, {half2, half2}, {0, 1}, {-half2, half2}, {-1, 0}, {-half2, -half2}, {0, -1}, {half2, -half2}}

func (p *painter) disc(x, y, r float32, corners int) {
	px, py := x+r, y
	for i := 1; i <= corners; i++ {
		s, c := math.Sincos(2 * math.Pi * float64(i) / float64(corners))
		qx, qy := x+r*float32(c), y+r*float32(s)
		p.fill.edge(px, py, qx, qy)
		px, py = qx, qy
	}
}

// dashes adds the strokes of a dashed segment that starts along pixels after the start of its line. Of a segment that is mostly
// out of view only the part in view is walked.
func (p *painter) dashes(ax, ay, bx, by, half float32, length, along float64, dash []float64) {
	period := 0.0
	for _, d := range dash {
		period += d
	}
	if period < 0.5 { // finer than a pixel: as good as solid
		p.quad(ax, ay, bx, by, half, length)
		return
	}
	lo, hi := p.clipSpan(ax, ay, bx, by, length, float64(half)+2)
	at := func(d float64) (float32, float32) {
		t := float32(d / length)
		return ax + (bx-ax)*t, ay + (by-ay)*t
	}
	pos := lo - math.Mod(along+lo, period)
	for pos < hi {
		for i := 0; i < len(dash); i += 2 {
			s, e := math.Max(pos, lo), math.Min(pos+dash[i], hi)
			if e > s {
				x0, y0 := at(s)
				x1, y1 := at(e)
				p.quad(x0, y0, x1, y1, half, e-s)
			}
			pos += dash[i]
			if i+1 < len(dash) {
				pos += dash[i+1]
			}
		}
	}
}

// clipSpan answers which lengths of a segment lie in the view with a margin around it; hi < lo when none does.
func (p *painter) clipSpan(ax, ay, bx, by float32, length, margin float64) (lo, hi float64) {
	t0, t1 := 0.0, 1.0
	clip := func(a, d, least, most float64) {
		if d == 0 {
			if a < least || a > most {
				t1 = -1
			}
			return
		}
		u, v := (least-a)/d, (most-a)/d
		if u > v {
			u, v = v, u
		}
		t0, t1 = math.Max(t0, u), math.Min(t1, v)
	}
	clip(float64(ax), float64(bx)-float64(ax), -margin, float64(p.view.w)+margin)
	clip(float64(ay), float64(by)-float64(ay), -margin, float64(p.view.h)+margin)
	return t0 * length, t1 * length
}
