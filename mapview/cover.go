package mapview

import (
	"cmp"
	"math"
	"slices"
)

// zoomSteps is how many zooms between two whole ones have tiles of their own.
const zoomSteps = 16

// tileZoom is the zoom whose tiles show a view of this zoom.
func tileZoom(zoom float64) float64 { return math.Round(zoom*zoomSteps) / zoomSteps }

// view is what the tile shows.
func (k tileKey) view() view {
	return view{zoom: k.zoom, ox: float64(k.x) * TilePx, oy: float64(k.y) * TilePx, w: TilePx, h: TilePx}
}

// place is where the tile lies in a view: its corner and side in device pixels.
func (k tileKey) place(v view) (x, y, side float64) {
	s := math.Exp2(v.zoom - k.zoom)
	return float64(k.x)*TilePx*s - v.ox, float64(k.y)*TilePx*s - v.oy, TilePx * s
}

// tilesOf are the tiles of a zoom that touch the view, row by row, with rings more tiles around them. Those outside the world are left out.
func tilesOf(v view, zoom float64, rings int) []tileKey {
	s := math.Exp2(v.zoom-zoom) * TilePx
	count := int(math.Ceil(256 * math.Exp2(zoom) / TilePx))
	lo := func(px float64) int { return max(0, int(math.Floor(px/s))-rings) }
	hi := func(px float64) int { return min(count, int(math.Ceil(px/s))+rings) }
	var out []tileKey
	for y := lo(v.oy); y < hi(v.oy+float64(v.h)); y++ {
		for x := lo(v.ox); x < hi(v.ox+float64(v.w)); x++ {
			out = append(out, tileKey{zoom, x, y})
		}
	}
	return out
}

// plan lists the tiles to draw for a view, the most urgent first: the visible ones (so many of them are answered, too) and then
// the ring around them, both from the middle outwards, then those two zooms coarser, which stand in when the view jumps.
func plan(cam Camera) (want []tileKey, visible int) {
	if cam.WidthPx <= 0 || cam.HeightPx <= 0 {
		return nil, 0
	}
	zoom := tileZoom(cam.Zoom)
	cam.Zoom = zoom
	ox, oy := cam.origin()
	v := view{zoom: zoom, ox: math.Round(ox), oy: math.Round(oy), w: cam.WidthPx, h: cam.HeightPx}
	fromMiddle := func(a, b tileKey) int {
		far := func(k tileKey) float64 {
			x, y, side := k.place(v)
			return math.Hypot(x+side/2-float64(v.w)/2, y+side/2-float64(v.h)/2)
		}
		return cmp.Compare(far(a), far(b))
	}
	want = tilesOf(v, zoom, 0)
	visible = len(want)
	slices.SortFunc(want, fromMiddle)
	ring := slices.DeleteFunc(tilesOf(v, zoom, 1), func(k tileKey) bool { return slices.Contains(want, k) })
	slices.SortFunc(ring, fromMiddle)
	want = append(want, ring...)
	if coarse := zoom - 2; coarse >= MinZoom {
		want = append(want, tilesOf(v, coarse, 0)...)
	}
	return want, visible
}

// Bounds on what stands in for missing tiles.
const (
	maxStandIns = 48
	maxZoomGap  = 8.0
)

// cover chooses from the tiles there are those that show the view best, in drawing order: where a tile of the given zoom is missing, tiles of
// other zooms, the nearest zoom on top; then the tiles of that zoom.
func cover(v view, zoom float64, have []tileKey) []tileKey {
	there := make(map[tileKey]bool, len(have))
	for _, k := range have {
		there[k] = true
	}
	var exact, missing []tileKey
	if math.Abs(v.zoom-zoom) <= 2 {
		for _, k := range tilesOf(v, zoom, 0) {
			if there[k] {
				exact = append(exact, k)
			} else {
				missing = append(missing, k)
			}
		}
	} else {
		missing = tilesOf(v, tileZoom(v.zoom), 0)
	}
	if len(missing) == 0 {
		return exact
	}
	open := make(map[tileKey]float64, len(missing)) // the part of it that is still blank
	for _, k := range missing {
		open[k] = 1
	}
	// Near zooms first; of two equally near the coarser, whose few tiles cover much.
	slices.SortFunc(have, func(a, b tileKey) int {
		return cmp.Or(cmp.Compare(math.Abs(a.zoom-v.zoom), math.Abs(b.zoom-v.zoom)), cmp.Compare(a.zoom, b.zoom), cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x))
	})
	var standIns []tileKey
	for i := 0; i < len(have) && len(open) > 0 && len(standIns) < maxStandIns; {
		level := have[i].zoom
		covered := map[tileKey]float64{}
		for ; i < len(have) && have[i].zoom == level && len(standIns) < maxStandIns; i++ {
			if level == zoom || math.Abs(level-v.zoom) > maxZoomGap {
				continue
			}
			used := false
			for m := range open {
				if share := shared(v, have[i], m); share > 0 {
					covered[m] += share
					used = true
				}
			}
			if used {
				standIns = append(standIns, have[i])
			}
		}
		for m, share := range covered {
			if share > 0.999 {
				delete(open, m)
			}
		}
	}
	slices.Reverse(standIns)
	return append(standIns, exact...)
}

// shared is the part of the visible share of tile m that tile k covers.
func shared(v view, k, m tileKey) float64 {
	kx, ky, ks := k.place(v)
	mx, my, ms := m.place(v)
	l, t := math.Max(mx, 0), math.Max(my, 0)
	r, b := math.Min(mx+ms, float64(v.w)), math.Min(my+ms, float64(v.h))
	if r <= l || b <= t {
		return 1
	}
	w := math.Min(r, kx+ks) - math.Max(l, kx)
	h := math.Min(b, ky+ks) - math.Max(t, ky)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / ((r - l) * (b - t))
}
