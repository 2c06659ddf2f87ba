package mapview

import (
	"math"

	"kuaitu/mapview/style"
)

// lineCap is how a line ends.
type lineCap uint8

const (
	capButt lineCap = iota
	capRound
	capSquare
)

// lineJoin is how a line bends.
type lineJoin uint8

const (
	joinMiter lineJoin = iota
	joinRound
	joinBevel
)

// lineLook is how a line looks in one frame, in device pixels. A colour of alpha 0 is not drawn.
type lineLook struct {
	c           rgba
	width       float64
	gap, offset float64
	dash        []float64
	cap         lineCap
	join        lineJoin
	miter       float32
}

// hairPx is the width up to which a line without dashes is drawn as a hairline: a pixel wide and fainter the thinner it is.
const hairPx = 1.2

func lineLookOf(l Layer, c *style.Context, ratio float64) lineLook {
	s := l.Style
	n := lineLook{
		c:      tint(s.Prop(style.LineColor).Color(c), s.Prop(style.LineOpacity).Number(c)*l.opacity()),
		width:  s.Prop(style.LineWidth).Number(c) * ratio,
		gap:    s.Prop(style.LineGapWidth).Number(c) * ratio,
		offset: s.Prop(style.LineOffset).Number(c) * ratio,
		miter:  float32(s.Prop(style.LineMiterLimit).Number(c)),
	}
	n.width, n.gap = min(n.width, maxLinePx), min(n.gap, maxLinePx)
	n.offset = max(-maxLinePx, min(maxLinePx, n.offset))
	if n.width <= 0 {
		n.c.a = 0
	}
	switch s.Prop(style.LineCap).Text(c) {
	case "round":
		n.cap = capRound
	case "square":
		n.cap = capSquare
	}
	switch s.Prop(style.LineJoin).Text(c) {
	case "round":
		n.join = joinRound
	case "bevel":
		n.join = joinBevel
	}
	whole := 0.0
	dash := s.Prop(style.LineDashArray).Numbers(c)
	for _, d := range dash {
		whole += d * n.width
	}
	if whole > 0.5 { // finer than a pixel: as good as solid
		for range 1 + len(dash)%2 { // an odd number of lengths goes round twice
			for _, d := range dash {
				n.dash = append(n.dash, d*n.width)
			}
		}
	}
	return n
}

// reach is how far from its course a line is drawn.
func (n *lineLook) reach() float64 {
	return math.Abs(n.offset) + n.gap/2 + n.width*max(1, float64(n.miter)/2)
}

// maxLinePx bounds the width and offset of lines and how far from its course one may be drawn, whatever a style asks for.
const maxLinePx = 1024

// styledLines draws lines, and the borders of areas.
func (p *painter) styledLines(l Layer, pt part, lk *looks, chosen map[int]bool) {
	lks := append(p.lineLooks[:0], lineLook{})
	reach, seen := 0.0, false
	p.evaluate(l.Style, lk, func(_ int, c *style.Context, show bool) {
		var look lineLook
		if show {
			look = lineLookOf(l, c, p.ratio)
		}
		lks = append(lks, look)
		reach = max(reach, look.reach())
		seen = seen || look.c.a != 0
	})
	p.lineLooks = lks
	if len(chosen) > 0 {
		reach *= 4 // what is selected may be drawn wider
	}
	bordered := p.borderLines(lk, pt, lks, chosen)
	// Lines of one opaque look that follow each other are painted at once.
	var pending *lineLook
	flush := func() {
		if pending != nil {
			p.fill.fill(p.dst, paint{c: pending.c})
			pending = nil
		}
	}
	p.eachLook(lk, pt, min(reach, maxLinePx)+2, seen, chosen, func(i int, look uint32) bool {
		if p.cancelled() {
			return false
		}
		n := &lks[look]
		if chosen[i] {
			p.row.i, p.row.selected = i, true
			own := lineLookOf(l, p.styledContext(), p.ratio)
			n = &own
		}
		b := pt.boxes[i]
		if bordered != nil && bordered[look] && pt.shapes[i] == shapePolygon {
			return true
		}
		if n.c.a == 0 || pt.shapes[i] == shapePoint || float64(max(b.maxX-b.minX, b.maxY-b.minY))*p.k < 0.2 {
			return true
		}
		if pending != n {
			flush()
		}
		if w, h := float64(b.maxX-b.minX)*p.k, float64(b.maxY-b.minY)*p.k; w < lodPx && h < lodPx && n.width <= hairPx && n.gap == 0 && n.offset == 0 {
			p.mite(pt, i, b, w, h, n.c.faded(min(1, n.width)))
			return true
		}
		closed := pt.shapes[i] == shapePolygon
		filled := false
		for r := pt.feats[i]; r < pt.feats[i+1]; r++ {
			pts := p.thinned(pt.ring(r))
			if n.gap > 0 {
				d := float32(n.gap+n.width) / 2
				filled = p.course(p.aside(pts, closed, float32(n.offset)+d), closed, n, 0) || filled
				pts = p.aside(pts, closed, float32(n.offset)-d)
			} else if n.offset != 0 {
				pts = p.aside(pts, closed, float32(n.offset))
			}
			filled = p.course(pts, closed, n, 0) || filled
		}
		if filled {
			if pending = n; n.c.a != 255 {
				flush()
			}
		}
		return true
	})
	flush()
}

// mite draws a thin line that is smaller than lodPx: a border as the area in it, another from end to end.
func (p *painter) mite(pt part, i int, b box, w, h float64, c rgba) {
	if pt.shapes[i] == shapePolygon {
		p.speck(b, w, h, c)
		return
	}
	for r := pt.feats[i]; r < pt.feats[i+1]; r++ {
		ring := pt.ring(r)
		last := len(ring) - 2
		p.hairline(p.x(ring[0]), p.y(ring[1]), p.x(ring[last]), p.y(ring[last+1]), c)
	}
}

// borderLines draws the borders of areas in dashed and in translucent looks: where two areas meet once, or dashes would fall into each other's gaps and
// colours double. It answers the looks it drew.
func (p *painter) borderLines(lk *looks, pt part, lks []lineLook, chosen map[int]bool) (done []bool) {
	for look := range lks {
		n := &lks[look]
		if n.c.a == 0 || n.dash == nil && n.c.a == 255 || n.gap != 0 || n.offset != 0 || len(chosen) > 0 {
			continue
		}
		all := lk.bordersOf(pt)
		if all == nil {
			return nil
		}
		if done == nil {
			done = make([]bool, len(lks))
		}
		done[look] = true
		e, own := all[look], *n
		if n.dash == nil {
			own.cap = capRound // the pieces of a border join
		}
		e.tree.search(p.view.box(min(n.reach(), maxLinePx)+2), e.boxes, func(i int) bool {
			if p.cancelled() {
				return false
			}
			p.course(p.thinned(e.ring(e.feats[i])), false, &own, arcStart(e, i)*p.k)
			return true
		})
		p.fill.fill(p.dst, paint{c: n.c})
	}
	return done
}

// course draws a line along pts, or adds it to the filler and answers true. from is the length of the line before its first point, for the dashes.
func (p *painter) course(pts []float32, closed bool, n *lineLook, from float64) bool {
	if len(pts) < 4 {
		return false
	}
	if n.dash == nil && n.width <= hairPx {
		c := n.c.faded(min(1, n.width))
		for i := 0; i+3 < len(pts); i += 2 {
			p.hairline(pts[i], pts[i+1], pts[i+2], pts[i+3], c)
		}
		if last := len(pts) - 2; closed {
			p.hairline(pts[last], pts[last+1], pts[0], pts[1], c)
		}
		return false
	}
	if n.dash == nil {
		p.ribbon(pts, closed, n)
	} else {
		p.broken(pts, closed, n, from)
	}
	return true
}

// ribbon adds a line with its joins and ends to the filler: pieces that all turn the same way.
func (p *painter) ribbon(pts []float32, closed bool, n *lineLook) {
	half := float32(n.width / 2)
	margin := half*max(1, n.miter) + 2
	w, h := float32(p.view.w)+margin, float32(p.view.h)+margin
	count := len(pts) / 2
	segments := count - 1
	if closed {
		segments = count
	}
	var ux, uy, firstX, firstY float32 // directions of the segment before and of the first
	drawn := 0
	for i := range segments {
		j := (i + 1) % count
		ax, ay, bx, by := pts[2*i], pts[2*i+1], pts[2*j], pts[2*j+1]
		length := math.Hypot(float64(bx-ax), float64(by-ay))
		if length == 0 {
			continue
		}
		vx, vy := (bx-ax)/float32(length), (by-ay)/float32(length)
		if max(ax, bx) >= -margin && max(ay, by) >= -margin && min(ax, bx) <= w && min(ay, by) <= h {
			p.quad(ax, ay, bx, by, half, length)
		}
		if drawn > 0 {
			p.bend(ax, ay, ux, uy, vx, vy, half, n)
		} else {
			firstX, firstY = vx, vy
			if !closed {
				p.end(ax, ay, -vx, -vy, half, n.cap)
			}
		}
		ux, uy = vx, vy
		drawn++
	}
	switch {
	case drawn == 0:
	case closed:
		p.bend(pts[0], pts[1], ux, uy, firstX, firstY, half, n)
	default:
		p.end(pts[len(pts)-2], pts[len(pts)-1], ux, uy, half, n.cap)
	}
}

// near answers whether a disc touches the view.
func (p *painter) near(x, y, r float32) bool {
	return x > -r && y > -r && x < float32(p.view.w)+r && y < float32(p.view.h)+r
}

// corners is how many corners a disc of a radius is drawn with.
func corners(r float32) int { return 8 + 4*int(r/4) }

// bend fills what is missing at the outer side of a bend at x, y from direction u to v.
func (p *painter) bend(x, y, ux, uy, vx, vy, half float32, n *lineLook) {
	turn, along := ux*vy-uy*vx, ux*vx+uy*vy
	if half <= 0.7 || turn == 0 && along > 0 || !p.near(x, y, half*max(1, n.miter)+1) {
		return
	}
	if n.join == joinRound && along < 0.85 {
		p.disc(x, y, half, corners(half))
		return
	}
	// The outer side is on the left of a turn to the right.
	ax, ay, bx, by := x+uy*half, y-ux*half, x+vy*half, y-vx*half
	if turn < 0 {
		ax, ay, bx, by = x-vy*half, y+vx*half, x-uy*half, y+ux*half
	}
	p.triangle(x, y, ax, ay, bx, by)
	if n.join != joinMiter || along <= -0.999 || 2 > n.miter*n.miter*(1+along) {
		return
	}
	k := 1 / (1 + along)
	p.triangle(ax, ay, x+(ax+bx-2*x)*k, y+(ay+by-2*y)*k, bx, by)
}

// end adds the cap of a line that arrives at x, y in direction v.
func (p *painter) end(x, y, vx, vy, half float32, c lineCap) {
	if c == capButt || half <= 0.5 || !p.near(x, y, 2*half+1) {
		return
	}
	if c == capRound {
		p.disc(x, y, half, corners(half))
		return
	}
	p.quad(x, y, x+vx*half, y+vy*half, half, float64(half))
}

// broken adds the dashes of a line to the filler.
func (p *painter) broken(pts []float32, closed bool, n *lineLook, from float64) {
	half := float32(n.width / 2)
	count := len(pts) / 2
	segments := count - 1
	if closed {
		segments = count
	}
	period := 0.0
	for _, d := range n.dash {
		period += d
	}
	along := from
	for i := range segments {
		j := (i + 1) % count
		ax, ay, bx, by := pts[2*i], pts[2*i+1], pts[2*j], pts[2*j+1]
		length := math.Hypot(float64(bx-ax), float64(by-ay))
		if length == 0 {
			continue
		}
		p.pieces(ax, ay, bx, by, half, length, along, period, n)
		along += length
	}
}

// pieces adds the dashes of one segment that begins along pixels after the start of its line.
func (p *painter) pieces(ax, ay, bx, by, half float32, length, along, period float64, n *lineLook) {
	lo, hi := p.clipSpan(ax, ay, bx, by, length, float64(half)+2)
	vx, vy := (bx-ax)/float32(length), (by-ay)/float32(length)
	for pos := lo - math.Mod(along+lo, period); pos < hi; {
		for i := 0; i+1 < len(n.dash); i += 2 {
			s, e := math.Max(pos, lo), math.Min(pos+n.dash[i], hi)
			if e > s || n.dash[i] == 0 && n.cap != capButt && e == s {
				x0, y0 := ax+vx*float32(s), ay+vy*float32(s)
				x1, y1 := ax+vx*float32(e), ay+vy*float32(e)
				if e > s {
					p.quad(x0, y0, x1, y1, half, e-s)
				}
				if s == pos {
					p.end(x0, y0, -vx, -vy, half, n.cap)
				}
				if e == pos+n.dash[i] {
					p.end(x1, y1, vx, vy, half, n.cap)
				}
			}
			pos += n.dash[i] + n.dash[i+1]
		}
	}
}

// aside is a line moved to the right of its direction by d pixels. It is written over by the next call.
func (p *painter) aside(pts []float32, closed bool, d float32) []float32 {
	count := len(pts) / 2
	out := p.moved[:0]
	direction := func(i, j int) (x, y float32, ok bool) {
		x, y = pts[2*j]-pts[2*i], pts[2*j+1]-pts[2*i+1]
		l := float32(math.Hypot(float64(x), float64(y)))
		if l == 0 {
			return 0, 0, false
		}
		return x / l, y / l, true
	}
	for i := range count {
		before, after := i-1, i+1
		if closed {
			before, after = (i+count-1)%count, (i+1)%count
		}
		var ux, uy, vx, vy float32
		in, on := false, false
		if before >= 0 {
			ux, uy, in = direction(before, i)
		}
		if after < count {
			vx, vy, on = direction(i, after)
		}
		switch {
		case !in && !on:
			continue
		case !in:
			ux, uy = vx, vy
		case !on:
			vx, vy = ux, uy
		}
		k := d / max(0.5, 1+ux*vx+uy*vy) // a sharp corner is cut
		out = append(out, pts[2*i]-(uy+vy)*k, pts[2*i+1]+(ux+vx)*k)
	}
	p.moved = out
	return out
}
