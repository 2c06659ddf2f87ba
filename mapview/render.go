package mapview

import (
	"context"
	"errors"
	"fmt"
	"image"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// ErrSize is returned for a picture whose size does not match its camera or that is too large to draw.
var ErrSize = errors.New("picture size")

// maxSide bounds the width and height of a picture in pixels.
const maxSide = 16384

// Render draws the whole view of cam into dst from scratch, with no cached picture of ours; tile sources may cache as they
// like. dst must be as large as the camera's view; every pixel of it is written. The work is shared by GOMAXPROCS goroutines, all of which have
// ended when Render returns. When ctx ends dst is half drawn and the error is ctx's.
func Render(ctx context.Context, dst *image.RGBA, cam Camera, st *Style, scene Scene) error {
	w, h := cam.WidthPx, cam.HeightPx
	if w <= 0 || h <= 0 || w > maxSide || h > maxSide || dst.Rect.Dx() != w || dst.Rect.Dy() != h {
		return fmt.Errorf("render %d×%d into %v: %w", w, h, dst.Rect, ErrSize)
	}
	ox, oy := cam.origin()
	whole := view{zoom: cam.Zoom, ox: ox, oy: oy, w: w, h: h}
	strips := 1
	if n := runtime.GOMAXPROCS(0); n > 1 {
		strips = min(2*n, (h+127)/128) // more than workers, so that a dense strip does not hold up the rest
	}
	views := make([]view, strips)
	for i := range views {
		y0, y1 := h*i/strips, h*(i+1)/strips
		views[i] = view{zoom: whole.zoom, ox: ox, oy: oy + float64(y0), w: w, h: y1 - y0}
	}
	labels := newLabeller(scene, st)
	labels.within = &whole
	each := func(draw func(p *painter)) func(i int) {
		return func(i int) {
			p := painters.Get().(*painter)
			defer painters.Put(p)
			v := views[i]
			p.begin(ctx, subImage(dst, int(v.oy-oy+0.5), v.h), v, st)
			draw(p)
		}
	}
	// Names are placed while the ground is drawn: their place is the longest piece of work that cannot be shared.
	below := each(func(p *painter) { p.below(scene, labels) })
	parallel(strips+1, func(i int) {
		if i == 0 {
			labels.in(ctx, whole)
		} else {
			below(i - 1)
		}
	})
	parallel(strips, each(func(p *painter) { p.above(scene, labels) }))
	return ctx.Err()
}

// parallel calls do for 0…n-1, shared by GOMAXPROCS goroutines, in order as far as that goes.
func parallel(n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

// painters keeps scratch buffers between frames.
var painters = sync.Pool{New: func() any { return new(painter) }}

// subImage is rows top…top+h of m as a picture that starts at 0,0.
func subImage(m *image.RGBA, top, h int) *image.RGBA {
	return &image.RGBA{Pix: m.Pix[top*m.Stride : (top+h-1)*m.Stride+4*m.Rect.Dx()], Stride: m.Stride, Rect: image.Rect(0, 0, m.Rect.Dx(), h)}
}

// scene draws everything in the view, from the ground up.
func (p *painter) scene(s Scene, labels *labeller) {
	p.below(s, labels)
	p.above(s, labels)
}

// below draws all but names and markers.
func (p *painter) below(s Scene, labels *labeller) {
	p.labels = labels
	if !p.grounded(s) {
		clearTo(p.dst, s.ground(p.style, p.zoom))
	}
	for _, src := range s.Base {
		p.base(src, 1)
	}
	for _, l := range s.Layers {
		if l.Kind == KindBase && l.visible(p.zoom) && p.ctx.Err() == nil {
			p.faintly(l, p.shapes)
		}
	}
	p.selection(s, p.selectedGround)
	for _, l := range s.Layers {
		if !l.visible(p.zoom) || p.ctx.Err() != nil {
			continue
		}
		switch l.Kind {
		case KindBuilding:
			p.faintly(l, p.buildings)
		case KindLine:
			p.faintly(l, p.lines)
		case KindPlace:
			p.faintly(l, p.places)
		case KindStyled:
			p.styled(l, s)
		case KindBase: // below everything, above
		case KindRegion, KindEvent: // all levels together, below
		}
	}
	if p.ctx.Err() != nil {
		return
	}
	p.regions(s)
	p.selection(s, p.selectedLine)
}

// faintly draws a layer with its opacity, as one picture laid over what is there.
func (p *painter) faintly(l Layer, draw func(Layer)) {
	opacity := l.opacity()
	if opacity == 1 {
		draw(l)
		return
	}
	n := 4 * p.view.w
	if cap(p.before) < n*p.view.h {
		p.before = make([]uint8, n*p.view.h)
	}
	before := p.before[:n*p.view.h]
	for y := range p.view.h {
		copy(before[y*n:(y+1)*n], p.dst.Pix[y*p.dst.Stride:])
	}
	draw(l)
	a := uint32(opacity*256 + 0.5)
	for y := range p.view.h {
		was, row := before[y*n:(y+1)*n], p.dst.Pix[y*p.dst.Stride:][:n]
		for i, v := range row {
			row[i] = uint8((uint32(was[i])*(256-a) + uint32(v)*a + 128) >> 8)
		}
	}
}

// grounded answers whether the lowest layer of the scene covers all of the view.
func (p *painter) grounded(s Scene) bool {
	for _, l := range s.Layers {
		if l.visible(p.zoom) {
			return len(s.Base) == 0 && l.backdrop(p.styledContext()).a == 255 && !slices.ContainsFunc(s.Layers, func(l Layer) bool { return l.Kind == KindBase })
		}
	}
	return false
}

// above draws names and markers.
func (p *painter) above(s Scene, labels *labeller) {
	if p.ctx.Err() != nil {
		return
	}
	lbs := labels.in(p.ctx, p.view)
	for i := range lbs {
		p.drawLabel(&lbs[i])
	}
	ms := markers(s, p.view, p.style, clusterPx*p.ratio)
	for i := range ms {
		m := &ms[i]
		if m.opacity == 1 {
			p.drawMarker(m)
			continue
		}
		reach := m.radius() * p.ratio * 1.6
		around := image.Rect(int(m.x-reach-p.view.ox), int(m.y-reach-p.view.oy), int(m.x+reach-p.view.ox)+2, int(m.y+reach-p.view.oy)+2)
		if around = around.Intersect(p.dst.Rect); !around.Empty() {
			p.confined(around, 0, 0, func() { p.faintly(Layer{Opacity: m.opacity}, func(Layer) { p.drawMarker(m) }) })
		}
	}
}

// places draws small dots.
func (p *painter) places(l Layer) {
	r := 1.5
	if p.zoom >= 15 {
		r = 2.5
	}
	r *= p.ratio
	for part := range l.Data.parts() {
		part.search(p.view.box(2*r), func(i int) bool {
			if p.cancelled() {
				return false
			}
			x, y := part.anchor(i)
			p.round(p.x(x), p.y(y), float32(r+p.ratio), p.style.halo)
			p.round(p.x(x), p.y(y), float32(r), p.style.textQuiet)
			return true
		})
	}
}
