package mapview

import (
	"context"
	"errors"
	"image"
	"math"

	"golang.org/x/image/draw"

	"kuaitu/geo"
)

// ErrNoTile says that a source has no tile at this place: not a fault. A coarser one is used instead.
var ErrNoTile = errors.New("no such tile")

// ErrNotYet says that a tile is on its way: its source will say when it has come, and whoever draws then asks again
// (Pyramid.Invalidate). Until then a coarser one is used. It must not be remembered as missing.
var ErrNotYet = errors.New("tile is on its way")

// TileSource gives square raster tiles of the Web Mercator pyramid (XYZ numbering, row 0 in the north). Its methods are
// called from several goroutines at once. The picture it answers is not written afterwards, by either side.
type TileSource interface {
	// Tile answers tile z/x/y, ErrNoTile where there is none, ErrNotYet, or why it could not be had.
	// *image.RGBA is drawn fastest. It returns when ctx ends.
	Tile(ctx context.Context, z, x, y int) (image.Image, error)
	// Zooms are the coarsest and finest levels that exist. Between them single tiles may be missing.
	Zooms() (minZoom, maxZoom int)
	// Datum is what the tiles are drawn in; they are shifted to the storage datum when placed.
	Datum() geo.Datum
	// Attribution is the credit to show, or "".
	Attribution() string
}

// maxOverzoom is how many levels coarser a stand-in for a missing tile may be.
const maxOverzoom = 6

// base draws the tiles of a source that touch the view, with an opacity of 0…1. Tiles that cannot be had are left out: what lies below shows.
func (p *painter) base(src TileSource, opacity float64) {
	lo, hi := src.Zooms()
	// Half way between sharp pictures and readable names on dense screens.
	z := min(max(int(math.Round(p.zoom+math.Log2(p.ratio)/2)), lo), hi)
	if z < 0 || z > MaxZoom {
		return
	}
	v := p.view
	if d := src.Datum(); d != geo.CGCS2000 && d != geo.WGS84 {
		dx, dy := datumShift(v, d)
		v.ox, v.oy = v.ox+dx, v.oy+dy
	}
	side := 256 * math.Exp2(v.zoom-float64(z)) // of a source tile, in device pixels
	count := 1 << z
	dst := p.dst
	im, ok := src.(Imagery)
	dim := p.style.dusk != nil && !(ok && im.Imagery())
	if dim || opacity < 1 {
		dst = p.lightTiles()
	}
	x0, y0 := int(math.Floor(v.ox/side)), int(math.Floor(v.oy/side))
	x1, y1 := int(math.Ceil((v.ox+float64(v.w))/side)), int(math.Ceil((v.oy+float64(v.h))/side))
	for y := max(0, y0); y < min(y1, count); y++ {
		for x := max(0, x0); x < min(x1, count); x++ {
			if p.ctx.Err() != nil {
				return
			}
			m, sr, ok := sourceTile(p.ctx, src, lo, z, x, y)
			if !ok {
				continue
			}
			dr := image.Rect(
				int(math.Round(float64(x)*side-v.ox)), int(math.Round(float64(y)*side-v.oy)),
				int(math.Round(float64(x+1)*side-v.ox)), int(math.Round(float64(y+1)*side-v.oy)))
			if dr.Size() == sr.Size() {
				draw.Draw(dst, dr, m, sr.Min, draw.Over)
			} else {
				draw.ApproxBiLinear.Scale(dst, dr, m, sr, draw.Over, nil)
			}
		}
	}
	if dst == p.dst {
		return
	}
	for y := range v.h {
		from := dst.Pix[y*dst.Stride:][:4*v.w]
		if opacity < 1 {
			fade(from, opacity)
		}
		to := p.dst.Pix[y*p.dst.Stride:][:4*v.w]
		if dim {
			p.style.dusk.over(to, from)
		} else {
			over(to, from)
		}
	}
}

// fade gives pixels of premultiplied alpha an opacity.
func fade(px []uint8, opacity float64) {
	a := uint32(max(0, min(1, opacity))*256 + 0.5)
	for i, v := range px {
		px[i] = uint8(uint32(v) * a >> 8)
	}
}

// over puts pixels of premultiplied alpha over opaque ones.
func over(to, from []uint8) {
	for i := 0; i+3 < len(from); i += 4 {
		b := 255 - uint32(from[i+3])
		if b == 255 {
			continue
		}
		for c := i; c < i+3; c++ {
			to[c] = uint8(min(255, uint32(from[c])+(uint32(to[c])*b+127)/255))
		}
	}
}

// lightTiles is an empty picture of the view's size for tiles that are dimmed before they are shown.
func (p *painter) lightTiles() *image.RGBA {
	w, h := p.view.w, p.view.h
	if p.light == nil || cap(p.light.Pix) < 4*w*h {
		p.light = image.NewRGBA(image.Rect(0, 0, w, h))
		return p.light
	}
	p.light.Pix, p.light.Stride, p.light.Rect = p.light.Pix[:4*w*h], 4*w, image.Rect(0, 0, w, h)
	clear(p.light.Pix)
	return p.light
}

// sourceTile answers the picture for tile z/x/y: itself, or the part of a coarser one.
func sourceTile(ctx context.Context, src TileSource, lo, z, x, y int) (m image.Image, part image.Rectangle, ok bool) {
	for up := 0; up <= maxOverzoom && z-up >= lo; up++ {
		m, err := src.Tile(ctx, z-up, x>>up, y>>up)
		if ctx.Err() != nil {
			return nil, part, false
		}
		if err != nil {
			continue
		}
		b := m.Bounds()
		w, h := b.Dx()>>up, b.Dy()>>up
		if w < 1 || h < 1 {
			return nil, part, false
		}
		mask := 1<<up - 1
		at := b.Min.Add(image.Pt((x&mask)*w, (y&mask)*h))
		return m, image.Rectangle{at, at.Add(image.Pt(w, h))}, true
	}
	return nil, part, false
}

// datumShift is how far, in device pixels, a place of the storage datum lies from where tiles of datum d show it, at the
// centre of the view. Over a tile it changes by far less than a pixel where the shift is more than one.
func datumShift(v view, d geo.Datum) (dx, dy float64) {
	s := 256 * math.Exp2(v.zoom)
	cx, cy := (v.ox+float64(v.w)/2)/s, (v.oy+float64(v.h)/2)/s
	tx, ty := project(geo.Convert(unproject(cx, cy), geo.CGCS2000, d))
	return (tx - cx) * s, (ty - cy) * s
}

// Attributions are the credits of a scene's base maps and of the tiles its layers draw, each once, bottom up.
func (s Scene) Attributions() []string {
	var out []string
	add := func(src interface{ Attribution() string }) {
		if a := src.Attribution(); a != "" && !contains(out, a) {
			out = append(out, a)
		}
	}
	for _, b := range s.Base {
		add(b)
	}
	for _, l := range s.Layers {
		if l.Hidden {
			continue
		}
		if l.Vector != nil {
			add(l.Vector)
		}
		if l.Raster != nil {
			add(l.Raster)
		}
	}
	return out
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
