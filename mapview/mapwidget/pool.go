package mapwidget

import (
	"image"
	"math"
	"slices"

	"fyne.io/fyne/v2"
	"github.com/paulmach/orb"

	"kuaitu/mapview"
)

// pool shows tiles in a fixed number of pictures. A tile stays in the picture that has it while it is wanted, and as long after as no other
// tile needs the picture; at most so many new tiles are taken a frame as the frame can afford, and until then the tiles of the frame
// before stay. Pictures are neither added nor removed while the map moves, they are hidden.
type pool struct {
	make  func(n int) picture
	slots []*slot // in drawing order
	at    map[*image.RGBA]*slot
	least int // pictures the view needs at most at rest, with those that stand in while it moves
	frame uint64
	rest  []mapview.PlacedTile // of a frame: tiles that are in no picture
}

// slot is a picture and what it shows.
type slot struct {
	pic   picture
	img   *image.RGBA
	shown bool
	seen  uint64 // frame in which its tile was wanted last
	rank  int    // tiles of a higher rank lie over those of a lower one

	corner orb.Point // where the tile lies, for frames in which nobody says it: its north-west corner, and its side at a zoom
	side   float64
	zoom   float64
}

// standIns is how many tiles of other zooms may lie below those of the view.
const standIns = 48

// slotsFor is how many pictures a view needs.
func slotsFor(w, h int) int {
	across := func(px int) int { return (px+mapview.TilePx-1)/mapview.TilePx + 2 } // one for what is cut off on either side, one for a fractional zoom
	return across(w)*across(h) + standIns
}

func newPool(make func(n int) picture) *pool {
	return &pool{make: make, at: map[*image.RGBA]*slot{}}
}

// size makes the pool large enough for a view; it never shrinks. It answers whether there are objects to arrange.
func (p *pool) size(w, h int) bool {
	p.least = max(p.least, slotsFor(w, h))
	had := len(p.slots)
	for len(p.slots) < p.least {
		p.add()
	}
	return len(p.slots) > had
}

func (p *pool) add() *slot {
	s := &slot{pic: p.make(len(p.slots))}
	p.slots = append(p.slots, s)
	return s
}

// objects are the pictures in drawing order.
func (p *pool) objects() []fyne.CanvasObject {
	out := make([]fyne.CanvasObject, len(p.slots))
	for i, s := range p.slots {
		out[i] = s.pic.object()
	}
	return out
}

// placement is what came of showing a frame.
type placement struct {
	uploads  int  // tiles that went into pictures
	later    int  // tiles that have to wait for the next frame
	reorder  bool // the drawing order has changed, or there are more pictures
	showing  int
	standIns int
}

// show puts tiles, in drawing order, into pictures; at most limit of them may be new to theirs.
func (p *pool) show(tiles []mapview.PlacedTile, cam mapview.Camera, scale float32, limit int) placement {
	var out placement
	p.frame++
	p.rest = p.rest[:0]
	rank := 1
	for i, t := range tiles {
		if i > 0 && t.W != tiles[i-1].W {
			rank++ // tiles of one zoom do not overlap
			out.standIns = i
		}
		if s := p.at[t.Img]; s != nil {
			s.rank = rank
			p.put(s, t, cam, scale)
		} else {
			p.rest = append(p.rest, t)
		}
	}
	top := 0.0
	if len(tiles) > 0 {
		top = tiles[len(tiles)-1].W
	}
	for _, t := range slices.Backward(p.rest) { // the tiles of the view before those that stand in
		var s *slot
		if out.uploads < limit {
			s = p.free(&out)
		}
		if s == nil {
			out.later++
			continue
		}
		delete(p.at, s.img)
		s.img = t.Img
		p.at[t.Img] = s
		s.pic.set(t.Img)
		s.rank = rank
		if t.W != top {
			s.rank = rankOf(tiles, t.W)
		}
		p.put(s, t, cam, scale)
		out.uploads++
	}
	last := 0
	for _, s := range p.slots {
		switch {
		case !s.shown:
			continue
		case s.seen == p.frame:
		case out.later > 0 && s.img != nil:
			s.rank = 0
			x, y := cam.ToScreen(s.corner)
			s.pic.place(x, y, s.side*math.Exp2(cam.Zoom-s.zoom), cam.WidthPx, cam.HeightPx, scale)
		default:
			s.pic.hide()
			s.shown = false
			continue
		}
		out.showing++
		if s.rank < last {
			out.reorder = true
		}
		last = s.rank
	}
	if out.reorder {
		slices.SortStableFunc(p.slots, func(a, b *slot) int { return a.rank - b.rank })
	}
	return out
}

func rankOf(tiles []mapview.PlacedTile, w float64) int {
	rank := 1
	for i := 1; i < len(tiles) && tiles[i-1].W != w; i++ {
		if tiles[i].W != tiles[i-1].W {
			rank++
		}
	}
	return rank
}

func (p *pool) put(s *slot, t mapview.PlacedTile, cam mapview.Camera, scale float32) {
	s.seen, s.shown = p.frame, true
	s.corner, s.side, s.zoom = cam.ToLonLat(t.X, t.Y), t.W, cam.Zoom
	s.pic.place(t.X, t.Y, t.W, cam.WidthPx, cam.HeightPx, scale)
}

// free is the hidden picture that was wanted longest ago. Where none is hidden, the pool grows to twice what a view at rest needs, and
// then the picture goes that this frame wants least; nil when it wants them all.
func (p *pool) free(out *placement) *slot {
	var hidden, old *slot
	for _, s := range p.slots {
		switch {
		case s.seen == p.frame:
		case !s.shown && (hidden == nil || s.seen < hidden.seen):
			hidden = s
		case s.shown && (old == nil || s.seen < old.seen):
			old = s
		}
	}
	switch {
	case hidden != nil:
		return hidden
	case len(p.slots) < 2*p.least:
		out.reorder = true
		return p.add()
	}
	return old
}

// clear hides everything and lets go of all tiles.
func (p *pool) clear() {
	for _, s := range p.slots {
		s.pic.hide()
		s.shown, s.img = false, nil
	}
	clear(p.at)
}
