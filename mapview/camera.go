package mapview

import (
	"math"

	"github.com/paulmach/orb"
)

// Limits of Camera.Zoom. At MaxZoom a device pixel is about 1 cm.
const (
	MinZoom = 0
	MaxZoom = 24
)

// Camera says which part of the world is on a screen. It is the only place that multiplies by a scale.
// Methods that move it return a new Camera, clamped; the zero Camera looks at 0°,0° with nothing to draw on.
type Camera struct {
	Center            orb.Point // degrees, storage datum
	Zoom              float64   // MinZoom…MaxZoom; the world is 256·2^Zoom device pixels wide
	WidthPx, HeightPx int       // device pixels
}

// worldPx is the width of the world in device pixels.
func (c Camera) worldPx() float64 { return 256 * math.Exp2(c.Zoom) }

// origin is the place of the view's upper left corner in the world, in device pixels.
func (c Camera) origin() (x, y float64) {
	s := c.worldPx()
	x, y = project(c.Center)
	return x*s - float64(c.WidthPx)/2, y*s - float64(c.HeightPx)/2
}

// ToScreen answers where p is, in device pixels from the view's upper left corner; it may be outside the view.
func (c Camera) ToScreen(p orb.Point) (x, y float64) {
	s := c.worldPx()
	ox, oy := c.origin()
	x, y = project(p)
	return x*s - ox, y*s - oy
}

// ToLonLat is the inverse of ToScreen.
func (c Camera) ToLonLat(x, y float64) orb.Point {
	s := c.worldPx()
	ox, oy := c.origin()
	return unproject((x+ox)/s, (y+oy)/s)
}

// Bound is the part of the world that is in view.
func (c Camera) Bound() orb.Bound {
	nw, se := c.ToLonLat(0, 0), c.ToLonLat(float64(c.WidthPx), float64(c.HeightPx))
	return orb.Bound{Min: orb.Point{nw[0], se[1]}, Max: orb.Point{se[0], nw[1]}}
}

// MetresPerPixel is the length on the ground of a device pixel at the centre of the view.
func (c Camera) MetresPerPixel() float64 {
	return 2 * math.Pi * orb.EarthRadius * math.Cos(c.Center[1]*math.Pi/180) / c.worldPx()
}

// Sized is the camera on a view of another size; its centre stays.
func (c Camera) Sized(widthPx, heightPx int) Camera {
	c.WidthPx, c.HeightPx = widthPx, heightPx
	return c.clamped()
}

// Pan moves what is seen by dx to the right and dy down, in device pixels: what a dragging hand does.
func (c Camera) Pan(dx, dy float64) Camera {
	c.Center = c.ToLonLat(float64(c.WidthPx)/2-dx, float64(c.HeightPx)/2-dy)
	return c.clamped()
}

// ZoomAt changes the zoom and keeps the place under x, y (device pixels) where it is.
func (c Camera) ZoomAt(x, y, zoom float64) Camera {
	p := c.ToLonLat(x, y)
	c.Zoom = math.Max(MinZoom, math.Min(MaxZoom, zoom))
	nx, ny := c.ToScreen(p)
	return c.Pan(x-nx, y-ny)
}

// Fit shows the whole of b as large as it goes with padPx free on every side. A point or an empty b only moves the centre.
func (c Camera) Fit(b orb.Bound, padPx float64) Camera {
	x0, y0 := project(orb.Point{b.Min[0], b.Max[1]})
	x1, y1 := project(orb.Point{b.Max[0], b.Min[1]})
	c.Center = unproject((x0+x1)/2, (y0+y1)/2)
	w := math.Max(1, float64(c.WidthPx)-2*padPx)
	h := math.Max(1, float64(c.HeightPx)-2*padPx)
	if x1 > x0 || y1 > y0 {
		c.Zoom = math.Log2(math.Min(w/math.Max(x1-x0, 1e-12), h/math.Max(y1-y0, 1e-12)) / 256)
	}
	return c.clamped()
}

// clamped keeps zoom and centre inside the world; NaN becomes 0.
func (c Camera) clamped() Camera {
	lim := func(v, lo, hi float64) float64 {
		if math.IsNaN(v) {
			return math.Max(lo, math.Min(0, hi))
		}
		return math.Max(lo, math.Min(v, hi))
	}
	c.Zoom = lim(c.Zoom, MinZoom, MaxZoom)
	c.Center = orb.Point{lim(c.Center[0], -180, 180), lim(c.Center[1], -MaxLat, MaxLat)}
	return c
}
