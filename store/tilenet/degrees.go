package tilenet

import (
	"context"
	"errors"
	"image"
	"math"

	"github.com/paulmach/orb"

	"kuaitu/mapview"
)

// A service in degrees (EPSG:4490, EPSG:4326) halves the world at each level as the standard pyramid does, so columns are the same. Rows are
// not: level z has 2^(z-1) rows of equal height in degrees. A standard tile is as wide as a tile of the same level and at most as
// high, so that it lies in two rows at most.

// degreeBound is what a tile of the pyramid of degrees covers.
func degreeBound(k gridKey) orb.Bound {
	side := 360 / math.Exp2(float64(k.z))
	west, north := float64(k.x)*side-180, 90-float64(k.y)*side
	return orb.Bound{Min: orb.Point{west, north - side}, Max: orb.Point{west + side, north}}
}

// latitude is that of row y of the standard pyramid's level z, in degrees; y may lie within a row.
func latitude(z int, y float64) float64 {
	return math.Atan(math.Sinh(math.Pi*(1-2*y/math.Exp2(float64(z))))) * 180 / math.Pi
}

// degreeRow is where a latitude lies in the pyramid of degrees, in rows from the north.
func degreeRow(z int, lat float64) float64 { return (90 - lat) / 360 * math.Exp2(float64(z)) }

// degreeRows are the first and last row of the pyramid of degrees that row y of the standard pyramid touches.
func degreeRows(z, y int) (first, last int) {
	top, bottom := degreeRow(z, latitude(z, float64(y))), degreeRow(z, latitude(z, float64(y+1)))
	return int(math.Floor(top)), int(math.Ceil(bottom)) - 1
}

// fromDegrees makes tile z/x/y of the standard pyramid from those of a service in degrees.
func (s *source) fromDegrees(ctx context.Context, z, x, y int, wait bool) (*image.RGBA, error) {
	first, last := degreeRows(z, y)
	pictures := make([]*image.RGBA, 0, 2)
	some, notYet := false, false
	for row := first; row <= last; row++ {
		k := gridKey{z, x, row}
		if !s.f.address.holds(k) {
			pictures = append(pictures, nil)
			continue
		}
		o, err := s.load(ctx, k, wait)
		switch {
		case errors.Is(err, mapview.ErrNotYet):
			notYet = true // go on: the others are asked for at the same time
		case err != nil && !errors.Is(err, mapview.ErrNoTile):
			return nil, err
		}
		pictures = append(pictures, o.picture)
		some = some || o.picture != nil
	}
	switch {
	case notYet:
		return nil, mapview.ErrNotYet
	case !some:
		return nil, mapview.ErrNoTile
	}
	return mercatorTile(z, y, first, pictures), nil
}

// mercatorTile draws row y of the standard pyramid from pictures of the rows of degrees from first on; nil ones are left out. Its columns are
// those of the pictures, so only rows are mixed.
func mercatorTile(z, y, first int, pictures []*image.RGBA) *image.RGBA {
	side := 0
	for _, m := range pictures {
		if m != nil {
			side = max(side, m.Rect.Dx())
		}
	}
	out := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range side {
		// The middle of the pixel row, as rows of pixels of the pictures one above the other, middles at whole numbers.
		at := (degreeRow(z, latitude(z, float64(y)+(float64(i)+0.5)/float64(side)))-float64(first))*float64(side) - 0.5
		upper := int(math.Floor(at))
		mix := int(math.Round((at - float64(upper)) * 256))
		a, b := pixelRow(pictures, side, upper), pixelRow(pictures, side, upper+1)
		if a == nil || mix == 256 {
			a = b
		}
		if b == nil || mix == 0 {
			b = a
		}
		if a == nil {
			continue
		}
		dst := out.Pix[i*out.Stride:][:4*side]
		for j := range dst {
			dst[j] = uint8((int(a[j])*(256-mix) + int(b[j])*mix + 128) >> 8)
		}
	}
	return out
}

// pixelRow is a row of pixels of pictures of side×side pixels one above the other, or nil.
func pixelRow(pictures []*image.RGBA, side, row int) []uint8 {
	row = max(row, 0)
	i := row / side
	if i >= len(pictures) {
		i, row = len(pictures)-1, len(pictures)*side-1
	}
	m := pictures[i]
	if m == nil || m.Rect.Dx() != side || m.Rect.Dy() != side {
		return nil
	}
	return m.Pix[row%side*m.Stride:][:4*side]
}
