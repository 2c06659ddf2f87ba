package mapwidget

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"kuaitu/mapview"
)

// renderer holds the objects of a map. Pictures are never added or removed while the map moves: a slot without a
// tile is hidden. Stand-ins of other zooms lie under the tiles proper.
type renderer struct {
	m       *Map
	clip    *container.Clip
	content *fyne.Container
	ground  *canvas.Rectangle
	under   []*slot
	tiles   []*slot
	box     *canvas.Rectangle // of a box zoom
	marks   *markObjects
}

// slot is a picture that shows one tile after another.
type slot struct {
	image *canvas.Image
	used  bool
}

// Slots there are at first: enough for 1920×1080. More come when a larger view needs them, none go.
const (
	firstUnder = 24
	firstTiles = 40
)

func newRenderer(m *Map) *renderer {
	r := &renderer{m: m, ground: canvas.NewRectangle(color.Transparent), box: canvas.NewRectangle(color.Transparent), marks: newMarkObjects()}
	r.box.StrokeWidth = 1.5
	r.box.Hide()
	r.content = container.NewWithoutLayout()
	r.clip = container.NewClip(r.content)
	for range firstUnder {
		r.under = append(r.under, newSlot())
	}
	for range firstTiles {
		r.tiles = append(r.tiles, newSlot())
	}
	r.arrange()
	r.colour()
	return r
}

// colour takes the colours of what is not in tiles from the style.
func (r *renderer) colour() {
	st := r.m.style
	r.ground.FillColor = r.m.scene.Ground(r.m.cam, st)
	accent := st.Accent()
	r.box.StrokeColor = accent
	accent.A = 30
	r.box.FillColor = accent
	r.marks.colour(st)
}

func newSlot() *slot {
	img := &canvas.Image{ScaleMode: canvas.ImageScaleFastest, FillMode: canvas.ImageFillStretch}
	img.Hide()
	return &slot{image: img}
}

// arrange lists all objects in drawing order.
func (r *renderer) arrange() {
	objects := []fyne.CanvasObject{r.ground}
	for _, list := range [2][]*slot{r.under, r.tiles} {
		for _, s := range list {
			objects = append(objects, s.image)
		}
	}
	objects = append(objects, r.marks.objects()...)
	r.content.Objects = append(objects, r.box)
}

// show puts a picture into the slot. What did not change is not touched: a picture that only moves keeps its texture.
func (s *slot) show(t mapview.PlacedTile, scale float32) {
	s.used = true
	if s.image.Image != image.Image(t.Img) {
		s.image.Image = t.Img
		s.image.Refresh()
	}
	pos := fyne.NewPos(float32(t.X)/scale, float32(t.Y)/scale)
	size := fyne.NewSize(float32(t.W)/scale, float32(t.H)/scale)
	if s.image.Size() != size {
		s.image.Resize(size)
	}
	if s.image.Position() != pos {
		s.image.Move(pos)
	}
	if !s.image.Visible() {
		s.image.Show()
	}
}

// place shows what the pyramid has for the camera.
func (r *renderer) place() {
	m := r.m
	if m.cam.WidthPx == 0 {
		return
	}
	placed := m.pyramid.Tiles(m.cam)
	proper := 0 // tiles proper come last and are all of one size
	for i := len(placed) - 1; i >= 0 && placed[i].W == placed[len(placed)-1].W; i-- {
		proper++
	}
	standIns, tiles := placed[:len(placed)-proper], placed[len(placed)-proper:]
	if len(standIns) > len(r.under) || len(tiles) > len(r.tiles) {
		for len(standIns) > len(r.under) {
			r.under = append(r.under, newSlot())
		}
		for len(tiles) > len(r.tiles) {
			r.tiles = append(r.tiles, newSlot())
		}
		r.arrange()
	}
	for i, t := range standIns {
		r.under[i].show(t, m.scale)
	}
	hide(r.under[len(standIns):])
	r.placeTiles(tiles)
	r.marks.place(m)
	r.content.Resize(m.Size())
	r.repaint()
}

// repaint has the window drawn anew. Fyne learns which canvas an object is on when it first draws it, so the changes of one that was
// hidden so far go unnoticed; the ground is always seen, and refreshing it frees no texture.
func (r *renderer) repaint() { canvas.Refresh(r.ground) }

// placeTiles leaves every tile in the slot that already shows it.
func (r *renderer) placeTiles(tiles []mapview.PlacedTile) {
	at := make(map[image.Image]*slot, len(r.tiles))
	for _, s := range r.tiles {
		s.used = false
		if s.image.Image != nil {
			at[s.image.Image] = s
		}
	}
	var rest []mapview.PlacedTile
	for _, t := range tiles {
		if s := at[t.Img]; s != nil && !s.used {
			s.show(t, r.m.scale)
		} else {
			rest = append(rest, t)
		}
	}
	next := 0
	for _, t := range rest {
		for r.tiles[next].used {
			next++
		}
		r.tiles[next].show(t, r.m.scale)
	}
	for _, s := range r.tiles {
		if !s.used {
			hide([]*slot{s})
		}
	}
}

// hide takes slots out of use and lets go of their pictures.
func hide(slots []*slot) {
	for _, s := range slots {
		if s.image.Visible() {
			s.image.Hide()
			s.image.Image = nil
		}
	}
}

// Layout implements fyne.WidgetRenderer.
func (r *renderer) Layout(size fyne.Size) {
	r.clip.Resize(size)
	r.content.Resize(size)
	r.ground.Resize(size)
	r.m.fitScreen(size)
}

// MinSize implements fyne.WidgetRenderer.
func (r *renderer) MinSize() fyne.Size { return r.m.MinSize() }

// Objects implements fyne.WidgetRenderer.
func (r *renderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.clip} }

// Refresh implements fyne.WidgetRenderer: the style may have changed, or the scale.
func (r *renderer) Refresh() {
	r.colour()
	r.ground.Refresh()
	r.box.Refresh()
	r.m.fitScreen(r.m.Size())
	r.place()
}

// Destroy implements fyne.WidgetRenderer.
func (r *renderer) Destroy() { r.marks.stop() }
