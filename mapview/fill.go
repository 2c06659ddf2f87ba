package mapview

import (
	"encoding/binary"
	"image"
	"math"
	"math/bits"
)

// filler is a scanline rasteriser with exact area coverage. Polygon edges are summed into an accumulation buffer: each cell gets
// the change of coverage between it and its left neighbour, so a running sum along a row gives the coverage of every
// pixel, holes and overlaps included (absolute winding, cut at one). Blocks of cells that no edge touched are skipped, or painted as one
// span, so a shape costs what its edges and its area cost, never what its box or the picture would.
//
// A filler belongs to one goroutine.
type filler struct {
	w, h int
	cell []float32 // (w+2) per row; all zero between shapes

	touched []uint64 // a bit for each block of cells an edge has changed, words per row; all zero between shapes
	words   int
	// The box of touched cells, max exclusive.
	x0, y0, x1, y1 int
}

// blockCells is the cells of a block of filler.touched.
const blockCells = 8

func newFiller(w, h int) *filler {
	f := &filler{}
	f.resize(w, h)
	return f
}

func (f *filler) resize(w, h int) {
	if n := (w + 2) * h; n > len(f.cell) {
		f.cell = make([]float32, n)
	}
	f.words = ((w+2+blockCells-1)/blockCells + 63) / 64
	if n := f.words * h; n > len(f.touched) {
		f.touched = make([]uint64, n)
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
		f.touch(row, li, min(ri+1, f.w+1))
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

// paint is what a shape is filled with: a colour, and lines over it if hatch is set.
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

// touch marks the blocks of cells a…b of a row.
func (f *filler) touch(row, a, b int) {
	a, b = a/blockCells, b/blockCells
	marks := f.touched[row*f.words : (row+1)*f.words]
	if a>>6 == b>>6 {
		marks[a>>6] |= (2<<(b-a) - 1) << (a & 63)
		return
	}
	marks[a>>6] |= math.MaxUint64 << (a & 63)
	for i := a>>6 + 1; i < b>>6; i++ {
		marks[i] = math.MaxUint64
	}
	marks[b>>6] |= math.MaxUint64 >> (63 - b&63)
}

// nextMark is the first block from i on that is touched, or is not if flip is all ones; end if there is none before it.
func nextMark(marks []uint64, i, end int, flip uint64) int {
	for w := i >> 6; w < len(marks) && w<<6 < end; w++ {
		m := marks[w] ^ flip
		if w == i>>6 {
			m &= math.MaxUint64 << (i & 63)
		}
		if m != 0 {
			return min(w<<6+bits.TrailingZeros64(m), end)
		}
	}
	return end
}

// least is the coverage below which a pixel is left alone; rounding leaves less than this behind a shape.
const least = 1.0 / 256

// fill paints what was added and empties the filler. dst is opaque, has the filler's size, and starts at 0,0.
func (f *filler) fill(dst *image.RGBA, p paint) {
	stride := f.w + 2
	in := inkOf(p.c)
	end := (min(f.x1, stride) + blockCells - 1) / blockCells
	for y := f.y0; y < f.y1; y++ {
		cells := f.cell[y*stride : y*stride+stride]
		row := dst.Pix[y*dst.Stride:]
		marks := f.touched[y*f.words : (y+1)*f.words]
		var sum float32
		for i := f.x0 / blockCells; i < end; {
			to := nextMark(marks, i, end, 0)
			if cov := min(abs32(sum), 1); cov >= least && i < to {
				span(row, i*blockCells, min(to*blockCells, f.w), y, p, uint32(cov*256))
			}
			if to == end {
				break
			}
			i = nextMark(marks, to, end, math.MaxUint64)
			xs, xe := to*blockCells, min(i*blockCells, f.w)
			block := cells[xs:min(i*blockCells, stride)]
			switch {
			case xs >= xe:
			case p.hatch == nil:
				sum = in.cover(row[4*xs:4*xe], block, sum)
			default:
				sum = p.cover(row, block, xs, xe, y, sum)
			}
			clear(block)
		}
		clear(marks)
	}
	f.clearBox()
}

// cover paints the pixels of a block whose coverage is sum and the running sum of cells; it answers the sum behind them.
func (p *paint) cover(row []uint8, cells []float32, xs, xe, y int, sum float32) float32 {
	for x := xs; x < xe; x++ {
		sum += cells[x-xs]
		if cov := abs32(sum); cov >= least {
			blend(row[4*x:4*x+4:4*x+4], p.at(x, y), uint32(min(cov, 1)*256))
		}
	}
	return sum
}

// wetInk is a colour made ready for blending two channels at a time.
type wetInk struct {
	rb, g uint32 // red and blue, 16 bits apart; green
	solid uint32 // the opaque pixel
	a     uint32 // 0…255
}

func inkOf(c rgba) wetInk {
	return wetInk{rb: uint32(c.r) | uint32(c.b)<<16, g: uint32(c.g), solid: uint32(c.r) | uint32(c.g)<<8 | uint32(c.b)<<16 | 0xff<<24, a: uint32(c.a)}
}

// over is the pixel d with the ink over it, with weight a (0…256).
func (k *wetInk) over(d, a uint32) uint32 {
	b := 256 - a
	rb := ((d&0xff00ff)*b + k.rb*a + 0x800080) >> 8 & 0xff00ff
	g := ((d>>8&0xff)*b + k.g*a + 128) & 0xff00
	return rb | g | 0xff<<24
}

// cover is [paint.cover] of a plain colour; row begins and ends with the pixels of the block.
func (k *wetInk) cover(row []uint8, cells []float32, sum float32) float32 {
	for x := 0; len(row) >= 4 && x < len(cells); x, row = x+1, row[4:] {
		sum += cells[x]
		cov := abs32(sum)
		if cov < least {
			continue
		}
		a := uint32(min(cov, 1) * 256)
		if k.a != 255 {
			a = a * k.a / 255
		} else if a == 256 {
			binary.LittleEndian.PutUint32(row, k.solid)
			continue
		}
		binary.LittleEndian.PutUint32(row, k.over(binary.LittleEndian.Uint32(row), a))
	}
	return sum
}

// span paints pixels xs…xe of a row that are all covered by a (0…256).
func span(row []uint8, xs, xe, y int, p paint, a uint32) {
	if p.hatch != nil {
		for x := xs; x < xe; x++ {
			blend(row[4*x:4*x+4:4*x+4], p.at(x, y), a)
		}
		return
	}
	if xs >= xe {
		return
	}
	in := inkOf(p.c)
	if in.a != 255 {
		a = a * in.a / 255
	}
	px := row[4*xs : 4*xe]
	if a == 256 {
		two := uint64(in.solid)<<32 | uint64(in.solid)
		for ; len(px) >= 8; px = px[8:] {
			binary.LittleEndian.PutUint64(px, two)
		}
		if len(px) >= 4 {
			binary.LittleEndian.PutUint32(px, in.solid)
		}
		return
	}
	for ; len(px) >= 4; px = px[4:] {
		binary.LittleEndian.PutUint32(px, in.over(binary.LittleEndian.Uint32(px), a))
	}
}

// at is the colour at a pixel.
func (p *paint) at(x, y int) rgba {
	if h := p.hatch; h != nil && (x+y+h.phase)%h.period < h.width {
		return h.c
	}
	return p.c
}

// blend puts colour c with weight a (0…256) over an opaque pixel.
func blend(px []uint8, c rgba, a uint32) {
	k := inkOf(c)
	if k.a != 255 {
		a = a * k.a / 255
	}
	binary.LittleEndian.PutUint32(px, k.over(binary.LittleEndian.Uint32(px), a))
}
