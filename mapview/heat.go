package mapview

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// heatPoint is one thing that warms a heat map, at a place of the world in device pixels.
type heatPoint struct {
	x, y, weight, radius float64
}

// heatLook is how a heat map turns weights into colours.
type heatLook struct {
	intensity float64
	ramp      [heatTones + 1]rgba // colours of the densities 0…1
}

// The kernel is the one of the style specification's implementations: weight · intensity · 1/√2π · exp(-4.5 d²/r²), so
// that a point alone is seen to about its radius.
const (
	heatPeak  = 0.3989422804014327
	heatReach = 1.25 // radii, where the kernel has fallen to a thousandth
	heatFine  = 6    // nodes of the grid in a radius, at least
	heatTones = 1024 // steps of density that have a colour; fewer are seen as rings where little is
	// maxHeatPx bounds radii, so that one of a broken style does not make every tile look at every point.
	maxHeatPx = 1 << 14
)

// heatGrid is the field of the points of one radius: weights are spread over the four nodes about them, and the nodes'
// field is the weights' convolved along x and along y. Its nodes lie at multiples of step device pixels of the world, and
// each sum is taken in the same order whatever the view is: tiles that meet agree to the last bit.
type heatGrid struct {
	radius float64
	step   int
	x0, y0 int // node number of the first column and row
	w, h   int
	nodes  []float32
}

// heatStep is the distance of nodes for a radius: a power of two.
func heatStep(radius float64) int {
	return 1 << max(0, bits.Len(uint(radius/heatFine))-1)
}

// heatPad is how far beyond a view points matter to it.
func heatPad(radius float64) float64 {
	return radius*heatReach + 3*float64(heatStep(radius))
}

func newHeatGrid(radius float64, v view) *heatGrid {
	g := &heatGrid{radius: radius, step: heatStep(radius)}
	pad, s := heatPad(radius), float64(g.step)
	g.x0, g.y0 = int(math.Floor((v.ox-pad)/s)), int(math.Floor((v.oy-pad)/s))
	g.w = int(math.Ceil((v.ox+float64(v.w)+pad)/s)) - g.x0 + 1
	g.h = int(math.Ceil((v.oy+float64(v.h)+pad)/s)) - g.y0 + 1
	g.nodes = make([]float32, g.w*g.h)
	return g
}

func (g *heatGrid) add(p heatPoint) {
	s := float64(g.step)
	x, y := p.x/s, p.y/s
	fx, fy := math.Floor(x), math.Floor(y)
	i, j := int(fx)-g.x0, int(fy)-g.y0
	if i < 0 || j < 0 || i+1 >= g.w || j+1 >= g.h {
		return
	}
	tx, ty := x-fx, y-fy
	o := j*g.w + i
	g.nodes[o] += float32(p.weight * (1 - tx) * (1 - ty))
	g.nodes[o+1] += float32(p.weight * tx * (1 - ty))
	g.nodes[o+g.w] += float32(p.weight * (1 - tx) * ty)
	g.nodes[o+g.w+1] += float32(p.weight * tx * ty)
}

// blur turns weights into the field. Spreading weights over nodes and reading between nodes each widen the kernel by a
// sixth of a step squared; it is taken that much narrower, and as much higher, so that the field is the kernel's.
func (g *heatGrid) blur(intensity float64) {
	s := float64(g.step)
	sigma2 := g.radius * g.radius / 9 / (s * s)
	narrow2 := max(0.1, sigma2-1./3)
	n := int(math.Ceil(g.radius * heatReach / s))
	kernel := make([]float32, n+1)
	for i := range kernel {
		kernel[i] = float32(math.Exp(-float64(i*i) / (2 * narrow2)))
	}
	scale := float32(heatPeak * intensity * sigma2 / narrow2)
	line := make([]float32, max(g.w, g.h)+2*n)
	for j := range g.h {
		row := g.nodes[j*g.w : (j+1)*g.w]
		in := line[:g.w+2*n]
		clear(in)
		copy(in[n:], row)
		convolve(row, in, kernel)
	}
	col := make([]float32, g.h)
	for i := range g.w {
		in := line[:g.h+2*n]
		clear(in)
		for j := range g.h {
			in[n+j] = g.nodes[j*g.w+i]
		}
		convolve(col, in, kernel)
		for j, v := range col {
			g.nodes[j*g.w+i] = v * scale
		}
	}
}

// convolve sets dst to the symmetric kernel over in, which reaches as far beyond dst on both sides as the kernel does.
func convolve(dst, in, kernel []float32) {
	n := len(kernel) - 1
	for i := range dst {
		win := in[i : i+2*n+1]
		sum := win[n] * kernel[0]
		for k := 1; k <= n; k++ {
			sum += (win[n-k] + win[n+k]) * kernel[k]
		}
		dst[i] = sum
	}
}

// addRow adds the field along a row of pixels of a view to row; warm says whether any of it is above 0.
func (g *heatGrid) addRow(row []float32, v view, y int) (warm bool) {
	s := float64(g.step)
	gy := (v.oy + float64(y) + 0.5) / s
	fy := math.Floor(gy)
	j, ty := int(fy)-g.y0, float32(gy-fy)
	above, below := g.nodes[j*g.w:(j+1)*g.w], g.nodes[(j+1)*g.w:(j+2)*g.w]
	at := math.MinInt
	var left, slope float32
	for x := range row {
		gx := (v.ox + float64(x) + 0.5) / s
		i := int(math.Floor(gx))
		if i != at {
			at = i
			k := i - g.x0
			left = above[k] + (below[k]-above[k])*ty
			slope = above[k+1] + (below[k+1]-above[k+1])*ty - left
			warm = warm || left > 0 || slope > 0
		}
		if left != 0 || slope != 0 {
			row[x] += left + slope*float32(gx-float64(i))
		}
	}
	return warm
}

// heat draws a heat map of points, which reach as far as heatPad beyond the view and come in an order that does not depend on it.
func (p *painter) heat(look *heatLook, each func(yield func(heatPoint))) {
	grids := map[float64]*heatGrid{}
	each(func(pt heatPoint) {
		if !(pt.weight > 0) || !(pt.radius > 0) {
			return
		}
		r := min(max(1, math.Round(pt.radius*4)/4), maxHeatPx)
		g := grids[r]
		if g == nil {
			g = newHeatGrid(r, p.view)
			grids[r] = g
		}
		g.add(pt)
	})
	fields := make([]*heatGrid, 0, len(grids))
	for _, g := range grids {
		fields = append(fields, g)
	}
	slices.SortFunc(fields, func(a, b *heatGrid) int { return cmp.Compare(a.radius, b.radius) })
	for _, g := range fields {
		if p.ctx.Err() != nil {
			return
		}
		g.blur(look.intensity)
	}
	row := make([]float32, p.view.w)
	for y := range p.view.h {
		clear(row)
		warm := false
		for _, g := range fields {
			if g.addRow(row, p.view, y) {
				warm = true
			}
		}
		if !warm {
			continue
		}
		px := p.dst.Pix[y*p.dst.Stride:]
		for x, d := range row {
			if c := look.ramp[int(min(1, max(0, d))*heatTones+0.5)]; c.a != 0 && d > 0 {
				blend(px[4*x:4*x+4:4*x+4], c, 256)
			}
		}
	}
}
