package ui

import (
	"image"
	"image/draw"
	"math"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/driver/software"
)

// Fyne draws every object of the window in every frame, and the panels have hundreds of texts, signs and lines: while the map is panned
// they would cost more than the map. So once the window has come to rest, a sheet is drawn into two pictures, which are shown instead of
// most of its objects until it changes. Boxes with round corners or edges stay, between the pictures.

// bakery bakes the sheets of a window, on the UI thread, a little at a time.
type bakery struct {
	post    func(func())
	scale   func() float32
	queue   []*sheet
	changed time.Time // when a sheet was painted last
	timer   *time.Timer
	oven    *baking
}

const (
	bakeRest  = 400 * time.Millisecond // the window must have been at rest so long
	bakeSlice = 2 * time.Millisecond   // of the UI thread for a piece of work
	bakePause = 30 * time.Millisecond  // between two pieces
	bakeLeast = 4                      // fewer objects are not worth it
)

// newBakery makes one for a window on a screen; elsewhere nothing is gained, and the answer is nil.
func newBakery(app fyne.App, post func(func()), scale func() float32) *bakery {
	if _, ok := app.Driver().(desktop.Driver); !ok {
		return nil
	}
	return &bakery{post: post, scale: scale}
}

// painted hears of every sheet that was painted. What was baked of it stays while it looks the same.
func (b *bakery) painted(s *sheet) {
	if b == nil {
		return
	}
	b.changed = time.Now()
	if s.baked != nil && s.baked.shows(s.pen.objects, b.scale()) {
		return
	}
	s.baked = nil
	if b.oven != nil && b.oven.sheet == s {
		b.oven = nil
	}
	if !slices.Contains(b.queue, s) {
		b.queue = append(b.queue, s)
	}
	b.later(bakeRest)
}

func (b *bakery) later(d time.Duration) {
	if b.timer == nil {
		b.timer = time.AfterFunc(d, func() { b.post(b.work) })
	}
}

// work does a piece, and asks for time for the next.
func (b *bakery) work() {
	b.timer = nil
	if calm := time.Since(b.changed); calm < bakeRest {
		b.later(bakeRest - calm)
		return
	}
	for end := time.Now().Add(bakeSlice); time.Now().Before(end); {
		if b.oven == nil {
			if len(b.queue) == 0 {
				return
			}
			s := b.queue[0]
			b.queue = b.queue[1:]
			if s.Visible() && s.baked == nil {
				b.oven = newBaking(s, b.scale())
			}
			continue
		}
		if b.oven.step() {
			s := b.oven.sheet
			s.baked, b.oven = b.oven.done(), nil
			if len(s.pen.objects) > 0 {
				canvas.Refresh(s.pen.objects[0]) // has the window drawn anew
			}
		}
	}
	b.later(bakePause)
}

// bake is a sheet with most of its objects in pictures.
type bake struct {
	of      []inked
	scale   float32
	objects []fyne.CanvasObject // what is shown: the lower picture, what stays, the upper picture
}

// inked is an object and where it was.
type inked struct {
	o    fyne.CanvasObject
	pos  fyne.Position
	size fyne.Size
}

func inkedAs(objects []fyne.CanvasObject) []inked {
	out := make([]inked, len(objects))
	for i, o := range objects {
		out[i] = inked{o, o.Position(), o.Size()}
	}
	return out
}

// shows answers whether the objects are those that were baked. A pen uses objects that look as before again.
func (k *bake) shows(objects []fyne.CanvasObject, scale float32) bool {
	return k.scale == scale && slices.EqualFunc(k.of, objects, func(a inked, o fyne.CanvasObject) bool {
		return a.o == o && a.pos == o.Position() && a.size == o.Size()
	})
}

// baking is a bake in the making.
type baking struct {
	sheet        *sheet
	scale        float32
	corner       fyne.Position // of the sheet in the window: Fyne brings sums to whole pixels, not their parts
	of           []inked
	lower, upper layer
	stay         []fyne.CanvasObject
	paper        software.WindowlessCanvas
}

// layer is a picture and what is still to be drawn into it.
type layer struct {
	img  *image.RGBA // nil: there is nothing in it
	todo []fyne.CanvasObject
}

func newBaking(s *sheet, scale float32) *baking {
	k := &baking{sheet: s, scale: scale, of: inkedAs(s.pen.objects), paper: software.NewTransparentCanvas()}
	k.corner = fyne.CurrentApp().Driver().AbsolutePositionForObject(s)
	k.paper.SetPadded(false)
	k.paper.SetScale(scale)
	if !k.sort(s.pen.objects) || len(k.lower.todo)+len(k.upper.todo) < bakeLeast {
		k.stay, k.lower.todo, k.upper.todo = s.pen.objects, nil, nil
	}
	for _, l := range []*layer{&k.lower, &k.upper} {
		if len(l.todo) > 0 {
			l.img = image.NewRGBA(image.Rect(0, 0, k.px(s.Size().Width), k.px(s.Size().Height)))
		}
	}
	return k
}

func (k *baking) px(v float32) int { return int(math.Round(float64(v * k.scale))) }

// pixel is where a position of the sheet is in its pictures.
func (k *baking) pixel(pos fyne.Position) image.Point {
	return image.Pt(k.px(k.corner.X+pos.X)-k.px(k.corner.X), k.px(k.corner.Y+pos.Y)-k.px(k.corner.Y))
}

// sort says for each object where it goes: into the lower picture where it lies over nothing that stays or is in the upper one; else into
// the upper picture where nothing that stays lies over it. It answers false where that keeps the order of drawing wrong.
func (k *baking) sort(objects []fyne.CanvasObject) bool {
	over := func(o fyne.CanvasObject, list []fyne.CanvasObject) bool {
		return slices.ContainsFunc(list, func(c fyne.CanvasObject) bool { return touch(o, c) })
	}
	var later []fyne.CanvasObject // what stays for sure, from the last to the first
	for _, o := range slices.Backward(objects) {
		if !bakes(o) {
			later = append(later, o)
		}
	}
	for _, o := range objects {
		if !bakes(o) {
			later = later[:len(later)-1]
			k.stay = append(k.stay, o)
			continue
		}
		switch {
		case !over(o, k.stay) && !over(o, k.upper.todo):
			k.lower.todo = append(k.lower.todo, o)
		case !over(o, later):
			k.upper.todo = append(k.upper.todo, o)
		case over(o, k.upper.todo):
			return false
		default:
			k.stay = append(k.stay, o)
		}
	}
	return true
}

// bakes answers whether an object looks the same in a picture.
func bakes(o fyne.CanvasObject) bool {
	switch o := o.(type) {
	case *canvas.Text, *canvas.Image:
		return true
	case *canvas.Rectangle:
		return o.CornerRadius == 0 && (o.StrokeWidth == 0 || o.StrokeColor == nil)
	}
	return false
}

// touch answers whether two objects overlap, with a little more room than they say they need.
func touch(a, b fyne.CanvasObject) bool {
	const room = 2
	p, s, q, t := a.Position(), a.Size(), b.Position(), b.Size()
	return p.X < q.X+t.Width+room && q.X < p.X+s.Width+room && p.Y < q.Y+t.Height+room && q.Y < p.Y+s.Height+room
}

// step draws one object; true when there is none left.
func (k *baking) step() bool {
	l := &k.lower
	if len(l.todo) == 0 {
		l = &k.upper
	}
	if len(l.todo) == 0 {
		return true
	}
	k.draw(l.img, l.todo[0])
	l.todo = l.todo[1:]
	return len(k.lower.todo)+len(k.upper.todo) == 0
}

func (k *baking) draw(img *image.RGBA, o fyne.CanvasObject) {
	at := k.pixel(o.Position())
	var twin fyne.CanvasObject // the object itself belongs to the window
	switch o := o.(type) {
	case *canvas.Rectangle:
		size := image.Pt(k.px(o.Size().Width), k.px(o.Size().Height))
		draw.Draw(img, image.Rectangle{at, at.Add(size)}, image.NewUniform(o.FillColor), image.Point{}, draw.Over)
		return
	case *canvas.Text:
		t := canvas.NewText(o.Text, o.Color)
		t.TextSize, t.TextStyle, t.Alignment = o.TextSize, o.TextStyle, o.Alignment
		twin = t
	case *canvas.Image:
		// The pixels that the window has of it. Drawn anew without a window Fyne takes twice the size, and halves the strokes.
		if size := image.Pt(k.px(o.Size().Width), k.px(o.Size().Height)); o.Image != nil && o.Image.Bounds().Size() == size {
			draw.Draw(img, image.Rectangle{at, at.Add(size)}, o.Image, o.Image.Bounds().Min, draw.Over)
			return
		}
		i := canvas.NewImageFromResource(o.Resource)
		i.FillMode = o.FillMode
		twin = i
	}
	const room = 4 // a text may reach beyond its size
	twin.Resize(o.Size())
	k.paper.SetContent(container.NewWithoutLayout(twin))
	k.paper.Resize(o.Size().AddWidthHeight(room, room))
	pic := k.paper.Capture()
	draw.Draw(img, pic.Bounds().Add(at), pic, image.Point{}, draw.Over)
}

func (k *baking) done() *bake {
	out := &bake{of: k.of, scale: k.scale}
	picture := func(img *image.RGBA) {
		if img == nil {
			return
		}
		pic := &canvas.Image{Image: img, ScaleMode: canvas.ImageScaleFastest, FillMode: canvas.ImageFillStretch}
		pic.Resize(fyne.NewSize(float32(img.Rect.Dx())/k.scale, float32(img.Rect.Dy())/k.scale))
		out.objects = append(out.objects, pic)
	}
	picture(k.lower.img)
	out.objects = append(out.objects, k.stay...)
	picture(k.upper.img)
	return out
}
