package mapwidget

import (
	"image/color"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
)

// renderer holds the objects of a map, in drawing order: the ground, the tiles, the marks, what is being drawn, the frame figures.
type renderer struct {
	m       *Map
	clip    *container.Clip
	content *fyne.Container
	probe   *probe // until it is known whether there are shaders
	shaders bool
	ground  *canvas.Rectangle
	pool    *pool
	sketch  *sketch
	marks   *markObjects
	hud     *hud // nil when it is off

	last    placement
	placed  uint64    // frames placed so far
	tick    time.Time // when the budget of uploads was filled up
	budget  int       // uploads left in this tick
	waiting bool      // a frame is asked for, for what had to wait
}

// Tiles that are uploaded in one tick, each about 0.4 ms: more while the map is at rest, when a late frame is not seen.
const (
	uploadsAtRest = 8
	uploadsMoving = 4
	uploadTick    = 15 * time.Millisecond
)

func newRenderer(m *Map) *renderer {
	r := &renderer{m: m, ground: canvas.NewRectangle(color.Transparent), marks: newMarkObjects(), sketch: newSketch(), pool: newPool(newImagePicture)}
	r.content = container.NewWithoutLayout()
	r.clip = container.NewClip(r.content)
	r.pool.size(m.cam.WidthPx, m.cam.HeightPx)
	if !m.images {
		r.probe = newProbe(func(works bool) { m.post(func() { r.decide(works) }) })
	}
	r.arrange()
	r.colour()
	return r
}

// decide takes the probe's answer.
func (r *renderer) decide(shaders bool) {
	if r.probe != nil {
		r.probe = nil
		r.use(shaders && !r.m.images)
	}
}

// use changes over to pictures of one kind or the other.
func (r *renderer) use(shaders bool) {
	if r.shaders != shaders {
		r.shaders = shaders
		r.pool.clear()
		r.pool = newPool(newImagePicture)
		if shaders {
			r.pool = newPool(newShaderPicture)
		}
		r.pool.size(r.m.cam.WidthPx, r.m.cam.HeightPx)
	}
	r.arrange()
	r.place()
	if shaders {
		r.warm(r.pool, slices.Clone(r.pool.slots))
	}
}

const (
	warmAtOnce = 4
	warmPause  = 50 * time.Millisecond
)

// warm has the programs of the pictures made that no tile has needed yet, a few at a time while the map is at rest, so that the first
// zoom does not wait for them.
func (r *renderer) warm(of *pool, cold []*slot) {
	m := r.m
	time.AfterFunc(warmPause, func() {
		m.post(func() {
			if r.pool != of {
				return // others are used by now
			}
			warming := cold[:0:0]
			for m.moving == nil && len(cold) > 0 && len(warming) < warmAtOnce {
				if s := cold[0]; s.img == nil {
					s.pic.(*shaderPicture).warm()
					warming = append(warming, s)
				}
				cold = cold[1:]
			}
			r.repaint()
			r.cool(of, warming, cold)
		})
	})
}

// cool hides what was warmed, once it has been drawn, and goes on with the rest.
func (r *renderer) cool(of *pool, warm, cold []*slot) {
	m := r.m
	time.AfterFunc(warmPause, func() {
		m.post(func() {
			for _, s := range warm {
				if s.img == nil {
					s.pic.hide()
				}
			}
			if len(cold) > 0 {
				r.warm(of, cold)
			} else {
				r.repaint()
			}
		})
	})
}

// colour takes the colours of what is not in tiles from the style.
func (r *renderer) colour() {
	st := r.m.style
	r.ground.FillColor = r.m.scene.Ground(r.m.cam, st)
	r.sketch.colour(st)
	r.marks.colour(st)
	if r.hud != nil {
		r.hud.colour(st)
	}
}

// arrange lists all objects in drawing order.
func (r *renderer) arrange() {
	var objects []fyne.CanvasObject
	if r.probe != nil {
		objects = append(objects, r.probe.objects()...) // below the ground, where nobody sees it
	}
	objects = append(objects, r.ground)
	objects = append(objects, r.pool.objects()...)
	objects = append(objects, r.marks.objects()...)
	objects = append(objects, r.sketch.objects()...)
	if r.hud != nil {
		objects = append(objects, r.hud.objects()...)
	}
	r.content.Objects = objects
}

// place shows what the pyramid has for the camera.
func (r *renderer) place() {
	m := r.m
	if m.cam.WidthPx == 0 {
		return
	}
	now := time.Now()
	full := uploadsAtRest
	if m.moving != nil {
		full = uploadsMoving
	}
	if now.Sub(r.tick) >= uploadTick {
		r.tick, r.budget = now, full
	}
	r.last = r.pool.show(m.pyramid.Tiles(m.cam), m.cam, m.scale, r.budget)
	r.placed++
	r.budget -= r.last.uploads
	if r.last.reorder {
		r.arrange()
	}
	r.marks.place(m)
	r.sketch.place(m)
	if r.content.Size() != m.Size() {
		r.content.Resize(m.Size())
	}
	r.repaint()
	if r.hud != nil {
		r.hud.uploads += r.last.uploads
		r.hud.place.add(time.Since(now).Seconds() * 1000)
	}
	if r.last.later > 0 && !r.waiting {
		r.waiting = true
		time.AfterFunc(uploadTick, func() {
			m.post(func() {
				r.waiting = false
				r.place()
			})
		})
	}
}

// repaint has the window drawn anew. Fyne learns which canvas an object is on when it first draws it, so the changes of one that was
// hidden so far go unnoticed; the ground is always seen, and refreshing it frees no texture.
func (r *renderer) repaint() { canvas.Refresh(r.ground) }

// Layout implements fyne.WidgetRenderer.
func (r *renderer) Layout(size fyne.Size) {
	r.clip.Resize(size)
	r.content.Resize(size)
	r.ground.Resize(size)
	r.m.fitScreen(size)
}

// fitted makes room for the tiles of a view of another size.
func (r *renderer) fitted(w, h int) {
	if r.pool.size(w, h) {
		r.arrange()
	}
}

// MinSize implements fyne.WidgetRenderer.
func (r *renderer) MinSize() fyne.Size { return r.m.MinSize() }

// Objects implements fyne.WidgetRenderer.
func (r *renderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.clip} }

// Refresh implements fyne.WidgetRenderer: the style may have changed, or the scale.
func (r *renderer) Refresh() {
	r.colour()
	r.ground.Refresh()
	r.m.fitScreen(r.m.Size())
	r.place()
}

// Destroy implements fyne.WidgetRenderer.
func (r *renderer) Destroy() {
	r.marks.stop()
	if r.hud != nil {
		r.hud.stop()
	}
}
