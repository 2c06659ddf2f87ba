package mapview

import (
	"image"
	"math"
)

// filler is a scanline rasteriser with exact area coverage. Polygon edges are summed into an accumulation buffer: each cell gets
// the change of coverage between it and its left neighbour, so a running sum along a row gives the coverage of every
// pixel, holes and overlaps included (absolute winding, cut at one). It costs what the edges and the covered box cost, never the picture.
//
// A filler belongs to one goroutine.
type filler struct {
	w, h int
	cell []float32 // (w+2) per row; all zero between shapes
	// The box of touched cells, max exclusive.
	x0, y0, x1, y1 int
}

func newFiller(w, h int) *filler {
	f := &filler{}
	f.resize(w, h)
	return f
}

func (f *filler) resize(w, h int) {
	if n := (w + 2) * h; n > len(f.cell) {
		f.cell = make([]float32, n)
	}
	f.w, f.h = w, h
	f.clearBox()
}

func (f *filler) clearBox() { f.x0, f.y0, f.x1, f.y1 = math.MaxInt, math.MaxInt, -1, -1 }

// edge adds the directed edge from ax,ay to bx,by in pixels. What is left of the picture counts as at its left border (it still
// covers what is right of it), what is above, below or to the right of it counts nothing.
func (f *filler) edge(ax, ay, bx, by float32) {
	if ay == by {
		return
	}
	dir := float32(1)
	if ay > by {
		ax, ay, bx, by = bx, by, ax, ay
		dir = -1
	}
	h := float32(f.h)
	if by <= 0 || ay >= h {
		return
	}
	slope := (bx - ax) / (by - ay)
	if ay < 0 {
		ax -= ay * slope
		ay = 0
	}
	if by > h {
		bx = ax + (h-ay)*slope
		by = h
	}
	w := float32(f.w)
	if ax >= 0 && bx >= 0 && ax <= w && bx <= w {
		f.inside(ax, ay, bx, by, slope, dir)
		return
	}
	f.clipped(ax, ay, bx, by, slope, dir)
}

// clipped splits an edge at the left and right borders.
func (f *filler) clipped(ax, ay, bx, by, slope, dir float32) {
	w := float32(f.w)
	f.x1 = f.w + 2 // the shape may reach to the right border without an edge inside
	if ax <= 0 && bx <= 0 {
		f.inside(0, ay, 0, by, 0, dir)
		return
	}
	if ax >= w && bx >= w {
		return
	}
	cut := func(x float32) float32 { return min(by, max(ay, ay+(x-ax)/slope)) }
	y, x := ay, ax
	step := func(toY, toX float32) {
		switch mid := (x + toX) / 2; {
		case mid <= 0:
			f.inside(0, y, 0, toY, 0, dir)
		case mid < w:
			f.inside(min(max(x, 0), w), y, min(max(toX, 0), w), toY, slope, dir)
		}
		y, x = toY, toX
	}
	first, second := float32(0), w
	if slope < 0 {
		first, second = w, 0
	}
	if (ax < first) != (bx < first) {
		step(cut(first), first)
	}
	if (ax < second) != (bx < second) {
		step(cut(second), second)
	}
	step(by, bx)
}

// inside adds an edge with ay < by whose every point is within the picture.
func (f *filler) inside(ax, ay, bx, by, slope, dir float32) {
	if !(by > ay) {
		return
	}
	row, last := int(ay), int(by)
	if float32(last) == by {
		last--
	}
	// One more on each side: stepping down the rows may round a hair past the ends.
	f.x0 = min(f.x0, max(0, int(min(ax, bx))-1))
	f.x1 = max(f.x1, min(f.w+2, int(max(ax, bx))+3))
	if row < f.y0 {
		f.y0 = row
	}
	if last >= f.y1 {
		f.y1 = last + 1
	}
	stride := f.w + 2
	x, y := ax, ay
	for ; row <= last; row++ {
		yEnd := min(float32(row+1), by)
		dy := yEnd - y
		xEnd := x + dy*slope
		if row == last {
			xEnd = bx
		}
		l, r := x, xEnd
		if l > r {
			l, r = r, l
		}
		cells := f.cell[row*stride : row*stride+stride]
		d := dy * dir
		li := int(l)
		ri := int(r)
		switch {
		case ri == li || float32(ri) == r && ri == li+1:
			// Within one pixel: the part right of the middle of the edge is covered.
			m := (l+r)/2 - float32(li)
			cells[li] += d - d*m
			cells[li+1] += d * m
		default:
			// Across several pixels: area of the first triangle, of whole columns, of the last triangle.
			if float32(ri) == r {
				ri--
			}
			s := 1 / (r - l)
			lf := l - float32(li)
			rf := r - float32(ri)
			a0 := 0.5 * s * (1 - lf) * (1 - lf)
			an := 0.5 * s * rf * rf
			cells[li] += d * a0
			if ri == li+1 {
				cells[li+1] += d * (1 - a0 - an)
			} else {
				a1 := s * (1.5 - lf)
				cells[li+1] += d * (a1 - a0)
				for xi := li + 2; xi < ri; xi++ {
					cells[xi] += d * s
				}
				a2 := a1 + float32(ri-li-2)*s
				cells[ri] += d * (1 - a2 - an)
			}
			cells[ri+1] += d * an
		}
		x, y = xEnd, yEnd
	}
}

// paint is what a shape is filled with: at(x, y) if set, else a flat colour. Colours are not premultiplied.
type paint struct {
	c     rgba
	hatch *hatch
}

// rgba is a colour with straight alpha.
type rgba struct{ r, g, b, a uint8 }

// hatch draws lines of colour c, of the given period and width in pixels, rising to the right, fixed to the world by dx and dy:
// pixel x, y is on a line where (x+dx + y+dy) mod period < width.
type hatch struct {
	c             rgba
	period, width int
	phase         int // of pixel 0,0: (dx+dy) mod period
}

// fill paints what was added and empties the filler. dst is opaque, has the filler's size, and starts at 0,0.
func (f *filler) fill(dst *image.RGBA, p paint) {
	x1, stride := min(f.x1, f.w), f.w+2
	for y := f.y0; y < f.y1; y++ {
		cells := f.cell[y*stride : y*stride+stride]
		row := dst.Pix[y*dst.Stride:]
		var sum float32
		for x := f.x0; x < x1; x++ {
			sum += cells[x]
			cov := sum
			if cov < 0 {
				cov = -cov
			}
			if cov < 1.0/256 {
				continue
			}
			a := uint32(min(cov, 1) * 256)
			c := p.c
			if p.hatch != nil && (x+y+p.hatch.phase)%p.hatch.period < p.hatch.width {
				c = p.hatch.c
			}
			blend(row[4*x:4*x+4:4*x+4], c, a)
		}
		clear(cells[f.x0:f.x1])
	}
	f.clearBox()
}

// blend puts colour c with weight a (0…256) over an opaque pixel.
func blend(px []uint8, c rgba, a uint32) {
	if c.a != 255 {
		a = a * uint32(c.a) / 255
	} else if a == 256 {
		px[0], px[1], px[2], px[3] = c.r, c.g, c.b, 255
		return
	}
	b := 256 - a
	px[0] = uint8((uint32(px[0])*b + uint32(c.r)*a + 128) >> 8)
	px[1] = uint8((uint32(px[1])*b + uint32(c.g)*a + 128) >> 8)
	px[2] = uint8((uint32(px[2])*b + uint32(c.b)*a + 128) >> 8)
	px[3] = 255
}
