package mapview

import (
	"image"
	"math"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// letter is a rune of a text along a way: the start of its baseline in device pixels of the world, the direction it runs in, in turnSteps,
// and the middle of the letter.
type letter struct {
	r      rune
	turn   int16
	x, y   float64
	mx, my float64
}

// turnSteps is how many directions letters can have, and subSteps how many places of the pen in a pixel: both finer than can be seen, and few enough for
// the cache of glyphs to serve again.
const (
	turnSteps = 256
	subSteps  = 4
)

// makeTurnedLocked draws a rune's outline in its direction.
func (f *Fonts) makeTurnedLocked(key glyphKey) *glyph {
	ft := f.fontOf(key)
	var buf sfnt.Buffer
	index, err := ft.GlyphIndex(&buf, key.r)
	if err != nil || index == 0 {
		return &glyph{}
	}
	segments, err := ft.LoadGlyph(&buf, index, fixed.Int26_6(int(key.size)*16), nil)
	if err != nil || len(segments) == 0 {
		return &glyph{}
	}
	sin, cos := math.Sincos(2 * math.Pi * float64(key.turn-1) / turnSteps)
	dx, dy := float64(key.at%subSteps)/subSteps, float64(key.at/subSteps)/subSteps
	at := func(p fixed.Point26_6) (x, y float64) {
		px, py := float64(p.X)/64, float64(p.Y)/64
		return px*cos - py*sin + dx, px*sin + py*cos + dy
	}
	minX, minY, maxX, maxY := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, s := range segments {
		for _, a := range s.Args[:segmentArgs(s.Op)] {
			x, y := at(a)
			minX, minY, maxX, maxY = math.Min(minX, x), math.Min(minY, y), math.Max(maxX, x), math.Max(maxY, y)
		}
	}
	g := &glyph{offX: int(math.Floor(minX)), offY: int(math.Floor(minY))}
	w, h := int(math.Ceil(maxX))-g.offX, int(math.Ceil(maxY))-g.offY
	if w <= 0 || h <= 0 {
		return g
	}
	z := vector.NewRasterizer(w, h)
	for _, s := range segments {
		var v [3][2]float32
		for i, a := range s.Args[:segmentArgs(s.Op)] {
			x, y := at(a)
			v[i] = [2]float32{float32(x - float64(g.offX)), float32(y - float64(g.offY))}
		}
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			z.ClosePath()
			z.MoveTo(v[0][0], v[0][1])
		case sfnt.SegmentOpLineTo:
			z.LineTo(v[0][0], v[0][1])
		case sfnt.SegmentOpQuadTo:
			z.QuadTo(v[0][0], v[0][1], v[1][0], v[1][1])
		case sfnt.SegmentOpCubeTo:
			z.CubeTo(v[0][0], v[0][1], v[1][0], v[1][1], v[2][0], v[2][1])
		}
	}
	z.ClosePath()
	g.mask = image.NewAlpha(image.Rect(0, 0, w, h))
	z.Draw(g.mask, g.mask.Rect, image.Opaque, image.Point{})
	pad := 0
	g.halo, pad = dilate(g.mask, float64(key.halo)/10)
	g.haloX, g.haloY = g.offX-pad, g.offY-pad
	return g
}

// segmentArgs is how many points a segment has.
func segmentArgs(op sfnt.SegmentOp) int {
	switch op {
	case sfnt.SegmentOpQuadTo:
		return 2
	case sfnt.SegmentOpCubeTo:
		return 3
	}
	return 1
}

// drawAlong puts letters on dst, whose upper left corner is at ox, oy of the world in device pixels: first all halos, then all letters.
func (f *Fonts) drawAlong(dst *image.RGBA, letters []letter, ox, oy float64, ts textStyle) {
	pass := func(put func(g *glyph, x, y int)) {
		for i := range letters {
			l := &letters[i]
			qx, qy := nearest((l.x-ox)*subSteps), nearest((l.y-oy)*subSteps)
			x, y := floorDiv(qx, subSteps), floorDiv(qy, subSteps)
			key := f.glyphKey(l.r, &ts)
			key.turn, key.at = 1+l.turn, uint8(qx-x*subSteps+subSteps*(qy-y*subSteps))
			put(f.cached(key), x, y)
		}
	}
	if ts.halo.a != 0 {
		pass(func(g *glyph, x, y int) { drawMask(dst, g.halo, x+g.haloX, y+g.haloY, ts.halo) })
	}
	pass(func(g *glyph, x, y int) { drawMask(dst, g.mask, x+g.offX, y+g.offY, ts.c) })
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
