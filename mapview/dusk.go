package mapview

import "math"

// Imagery is what a [TileSource] may implement to say that its tiles are photographs, or dark already: a dark style shows them as
// they are. Tiles of sources without it are taken to be maps on light ground and dimmed.
type Imagery interface{ Imagery() bool }

// dusk dims light raster tiles to a dark palette: white becomes its brightest colour, what is darker falls off faster than linearly, so that
// land, water and green stay apart in the little room there is and names in light ink can be read over them.
type dusk [3][256]uint8

// duskGamma is how fast: 0.94 (land of common maps) becomes three quarters of the brightest.
const duskGamma = 4.5

func newDusk(white rgba) *dusk {
	var d dusk
	for i, top := range [3]uint8{white.r, white.g, white.b} {
		for v := range d[i] {
			d[i][v] = uint8(math.Round(float64(top) * math.Pow(float64(v)/255, duskGamma)))
		}
	}
	return &d
}

// over puts src, dimmed, over the opaque dst; both are rows of RGBA pixels, src with premultiplied alpha.
func (d *dusk) over(dst, src []uint8) {
	for i := 0; i+3 < len(src); i += 4 {
		switch a := uint32(src[i+3]); a {
		case 0:
		case 255:
			dst[i], dst[i+1], dst[i+2] = d[0][src[i]], d[1][src[i+1]], d[2][src[i+2]]
		default:
			straight := func(v uint8) uint8 { return uint8(min(255, uint32(v)*255/a)) }
			c := rgba{d[0][straight(src[i])], d[1][straight(src[i+1])], d[2][straight(src[i+2])], 255}
			blend(dst[i:i+4:i+4], c, a+a>>7)
		}
	}
}
