package mapview

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How names lie along ways, in design pixels unless said otherwise.
const (
	namesApart = 420 // between the middles of two names of one way
	repeatPx   = 200 // no name is repeated nearer than this, be it on another way
	letterGap  = 0.08
	maxBend    = 24 * math.Pi / 180 // between neighbouring letters
	maxSweep   = 70 * math.Pi / 180 // between any two
)

// baseNames appends the names of a base map's ways and areas in the view or within pad device pixels of it.
func (l *labeller) baseNames(out []*label, ly Layer, v view, pad float64) []*label {
	st := l.style
	zoom, ratio, k := st.designZoom(v.zoom), st.ratio(), v.perUnit()
	for part := range ly.Data.parts() {
		part.search(v.box(pad), func(i int) bool {
			text, c := part.label(i), BaseClass(part.class[i])
			if text == "" || c >= numBaseClasses {
				return true
			}
			ts := textStyle{size: 11 * ratio, c: st.wayName, halo: st.halo, ratio: ratio}
			switch bs, ws := st.base[c], wayStyles[c]; {
			case part.shapes[i] == shapeLine && ws.named > 0 && zoom >= ws.named:
				ts.size = ws.nameSize * ratio
				for r := part.feats[i]; r < part.feats[i+1]; r++ {
					out = st.Fonts.along(out, part.ring(r), k, v, pad, namesApart*ratio, label{text: text, ts: ts, prio: prioWay + int(numBaseClasses-c), id: part.ids[i]})
				}
			case part.shapes[i] == shapePolygon && bs.name.a != 0:
				ts.c, ts.halo = bs.name, bs.fill
				text, w := st.Fonts.cut(text, ts, maxLabelPx*ratio)
				b := part.boxes[i]
				if w > 0.9*float64(b.maxX-b.minX)*k || 1.6*ts.size > float64(b.maxY-b.minY)*k {
					return true
				}
				x, y := part.anchor(i)
				if room := part.distance(i, float64(x), float64(y)) * k; room < 0.7*ts.size || room < 0.3*w {
					return true // too narrow
				}
				out = append(out, centred(text, ts, w, float64(x)*k, float64(y)*k, prioArea, part.ids[i]))
			}
			return true
		})
	}
	return out
}

// along appends the places of a label along a way (x, y pairs in world units, k device pixels each) that are in the view or within pad
// device pixels of it, about apart device pixels between them. Where they are depends on the way and the zoom alone.
func (f *Fonts) along(out []*label, way []uint32, k float64, v view, pad, apart float64, like label) []*label {
	ts := like.ts
	var line wayLine
	line.set(way, k)
	gap := letterGap*ts.size + ts.spacing
	long := -gap
	for _, r := range like.text {
		long += f.advance(r, &ts) + gap
	}
	total := line.length()
	if long > maxLabelPx*ts.ratio || long+2*ts.size > total {
		return out
	}
	n := max(1, int(total/apart+0.5))
	step := total / float64(n)
	for i := range n {
		middle := (float64(i) + 0.5) * step
		if x, y := line.at(middle); x < v.ox-pad-step || y < v.oy-pad-step || x > v.ox+float64(v.w)+pad+step || y > v.oy+float64(v.h)+pad+step {
			continue
		}
		// Where the way bends too much a place nearby may do.
		for _, shift := range [...]float64{0, 0.1, -0.1, 0.2, -0.2, 0.3, -0.3} {
			from := middle + shift*step - long/2
			if from < ts.size/2 || from+long > total-ts.size/2 {
				continue
			}
			lb := like
			if !f.lay(&lb, &line, from, long) {
				continue
			}
			if lb.maxX > v.ox-pad && lb.maxY > v.oy-pad && lb.minX < v.ox+float64(v.w)+pad && lb.minY < v.oy+float64(v.h)+pad {
				out = append(out, &lb)
			}
			break
		}
	}
	return out
}

// lay puts a label's letters along the piece of a line that is long device pixels and starts at from. It answers whether the line is
// straight enough there.
func (f *Fonts) lay(lb *label, line *wayLine, from, long float64) bool {
	ts := lb.ts
	down := 0.36 * ts.size // from the middle of a letter to its baseline
	ax, ay := line.at(from)
	bx, by := line.at(from + long)
	// Text runs to the right; along what is nearly upright it runs down, and so do Chinese characters, which stay upright,
	// along what is steeper than half a right angle.
	across, along := math.Abs(bx-ax), math.Abs(by-ay)
	upright := along > across && hasHan(lb.text)
	back := bx < ax
	stretch := 1.0
	if upright || across < 0.12*along {
		back = by < ay
	}
	if upright { // one letter begins below the one before it ends
		stretch = math.Hypot(across, along) / along
		n := float64(utf8.RuneCountInString(lb.text))
		need := (n*ts.size + (n-1)*(letterGap*ts.size+ts.spacing)) * stretch
		from -= (need - long) / 2
		if long = need; from < ts.size/2 || from+long > line.length()-ts.size/2 {
			return false
		}
	}
	pos, dir := from, 1.0
	if back {
		pos, dir = from+long, -1
	}
	lb.minX, lb.minY, lb.maxX, lb.maxY = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	general := math.Atan2((by-ay)*dir, (bx-ax)*dir)
	lo, hi, last := 0.0, 0.0, math.NaN()
	for _, r := range lb.text {
		adv := f.advance(r, &ts)
		room := adv // along the line
		if upright {
			room = ts.size * stretch
		}
		mid := pos + dir*room/2
		reach := 0.6 * math.Max(adv, ts.size/2)
		x0, y0 := line.at(mid - dir*reach)
		x1, y1 := line.at(mid + dir*reach)
		angle := math.Remainder(math.Atan2(y1-y0, x1-x0)-general, 2*math.Pi)
		if math.Abs(angle-last) > maxBend {
			return false
		}
		lo, hi, last = math.Min(lo, angle), math.Max(hi, angle), angle
		turn := int(math.Round((angle+general)/(2*math.Pi)*turnSteps)) & (turnSteps - 1)
		sin, cos := math.Sincos(2 * math.Pi * float64(turn) / turnSteps)
		mx, my := line.at(mid)
		mx, my = mx-sin*lb.rise, my+cos*lb.rise
		if upright {
			turn, sin, cos = 0, 0, 1
		}
		lb.letters = append(lb.letters, letter{r: r, turn: int16(turn), mx: mx, my: my,
			x: mx - cos*adv/2 - sin*down, y: my - sin*adv/2 + cos*down})
		half := lb.letterHalf()
		lb.minX, lb.minY = math.Min(lb.minX, mx-half), math.Min(lb.minY, my-half)
		lb.maxX, lb.maxY = math.Max(lb.maxX, mx+half), math.Max(lb.maxY, my+half)
		pos += dir * (room + (letterGap*ts.size+ts.spacing)*stretch)
	}
	lb.x, lb.y = lb.letters[0].x, lb.letters[0].y
	return hi-lo <= maxSweep
}

// hasHan reports whether a text has Chinese characters: such names are set upright, their digits and letters with them.
func hasHan(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// letterHalf is half the side of the square a turned letter takes.
func (a *label) letterHalf() float64 { return 0.6*a.ts.size + labelPad*a.ts.ratio }

// letterOverlaps is overlaps letter by letter, of labels whose boxes overlap.
func (a *label) letterOverlaps(b *label) bool {
	if a.letters == nil {
		a, b = b, a
	}
	half := a.letterHalf()
	for i := range a.letters {
		l := &a.letters[i]
		if b.letters == nil {
			if l.mx+half > b.minX && l.mx-half < b.maxX && l.my+half > b.minY && l.my-half < b.maxY {
				return true
			}
			continue
		}
		room := half + b.letterHalf()
		for j := range b.letters {
			if m := &b.letters[j]; math.Abs(l.mx-m.mx) < room && math.Abs(l.my-m.my) < room {
				return true
			}
		}
	}
	return false
}

// wayLine is a way in device pixels of the world, with the length before each point.
type wayLine struct {
	x, y, before []float64
}

func (l *wayLine) set(way []uint32, k float64) {
	n := len(way) / 2
	buf := make([]float64, 3*n)
	l.x, l.y, l.before = buf[:n], buf[n:2*n], buf[2*n:]
	for i := range n {
		l.x[i], l.y[i] = float64(way[2*i])*k, float64(way[2*i+1])*k
		if i > 0 {
			l.before[i] = l.before[i-1] + math.Hypot(l.x[i]-l.x[i-1], l.y[i]-l.y[i-1])
		}
	}
}

func (l *wayLine) length() float64 { return l.before[len(l.before)-1] }

// at is the point s device pixels along the line, or the end it is past.
func (l *wayLine) at(s float64) (x, y float64) {
	i, _ := slices.BinarySearch(l.before, s)
	last := len(l.before) - 1
	switch {
	case i == 0:
		return l.x[0], l.y[0]
	case i > last:
		return l.x[last], l.y[last]
	}
	t := (s - l.before[i-1]) / (l.before[i] - l.before[i-1])
	return l.x[i-1] + t*(l.x[i]-l.x[i-1]), l.y[i-1] + t*(l.y[i]-l.y[i-1])
}

// namesakes finds labels that say the same nearby: of those along ways others along ways, of those to be shown once the others that matter to them.
type namesakes struct{ byText map[string][]*label }

func (n *namesakes) add(l *label) {
	if l.text == "" {
		return
	}
	if n.byText == nil {
		n.byText = map[string][]*label{}
	}
	n.byText[l.text] = append(n.byText[l.text], l)
}

func (n *namesakes) near(l *label, apart float64) bool {
	if l.once != 0 {
		apart = l.once
	} else if l.letters == nil {
		return false
	}
	return slices.ContainsFunc(n.byText[l.text], func(o *label) bool {
		switch {
		case l.letters != nil:
			if o.letters == nil {
				return false
			}
		case l.tiled && !l.pieces && o.tiled:
			return false
		}
		return l.minX < o.maxX+apart && o.minX < l.maxX+apart && l.minY < o.maxY+apart && o.minY < l.maxY+apart
	})
}
