package mapview

import (
	"cmp"
	"context"
	"image"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/paulmach/orb"
)

// TilePx is the side of a tile in device pixels.
const TilePx = 512

// PyramidOptions say how much a Pyramid may use. Zero values mean the defaults.
type PyramidOptions struct {
	Workers    int           // goroutines that draw; default GOMAXPROCS−1, at least 1: more starve the window's thread, but see restTime
	CacheBytes int           // of pictures kept; default 128 MB, enough for 1920×1080 and its past; larger screens get what they need
	Tick       time.Duration // least time between two calls of Ready; default 16 ms
	Ready      func()        // called, from a goroutine of the Pyramid, after tiles became ready; may be nil
}

// Pyramid keeps a scene drawn as tiles of TilePx pixels. [Pyramid.Want] says what will be looked at: those tiles are drawn in the
// background, the visible ones from the middle outwards, then a ring around them, then coarse ones to fall back to.
// [Pyramid.Tiles] answers at once what can be shown now. What a change does not touch stays.
//
// Each fractional zoom has tiles of its own, so that a settled view is sharp at any zoom. Methods may be called from any goroutine.
type Pyramid struct {
	opt   PyramidOptions
	extra bool // one more goroutine draws what is visible while the view rests

	mu       sync.Mutex // guards what follows
	wake     sync.Cond  // something to draw, or the end
	done     chan struct{}
	ended    bool
	scene    Scene
	style    *Style
	labels   *labeller
	cache    map[tileKey]*tile
	bytes    int
	clock    uint64 // counts calls of Tiles, for what was used last
	want     []tileKey
	visible  int // so many of want are in view
	wantZoom float64
	moved    time.Time // when something else was wanted last
	rest     *time.Timer
	inFlight map[tileKey]*drawing
	drawn    int
	givenUp  int
	last     time.Duration // that the last tile took
	took     time.Duration // that all of them did
}

type tileKey struct {
	zoom float64
	x, y int
}

// tile is a finished picture; it is replaced, never written.
type tile struct {
	img   *image.RGBA
	stale bool // something in it changed: shown until its successor is there
	used  uint64
}

// drawing is a tile in the making.
type drawing struct {
	cancel context.CancelFunc
	stale  bool // what it shows changed meanwhile
}

// NewPyramid makes a Pyramid that draws nothing yet: see [Pyramid.Run] and [Pyramid.SetScene].
func NewPyramid(opt PyramidOptions) *Pyramid {
	extra := opt.Workers <= 0 && runtime.GOMAXPROCS(0) > 1
	if opt.Workers <= 0 {
		opt.Workers = max(1, runtime.GOMAXPROCS(0)-1)
	}
	if opt.CacheBytes <= 0 {
		opt.CacheBytes = 128 << 20
	}
	if opt.Tick <= 0 {
		opt.Tick = 16 * time.Millisecond
	}
	if opt.Ready == nil {
		opt.Ready = func() {}
	}
	p := &Pyramid{opt: opt, extra: extra, done: make(chan struct{}, 1), style: LightStyle(), cache: map[tileKey]*tile{}, inFlight: map[tileKey]*drawing{}}
	p.labels = newLabeller(p.scene, p.style)
	p.wake.L = &p.mu
	p.rest = time.AfterFunc(restTime, p.wake.Broadcast)
	p.rest.Stop()
	return p
}

// restTime is how long a view has to stand still before the processor that the window's thread needs to move it helps to complete it.
const restTime = 60 * time.Millisecond

// Run draws until ctx ends; all goroutines of the Pyramid have ended when it returns. It is called once.
func (p *Pyramid) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for range p.opt.Workers {
		wg.Go(func() { p.work(ctx, false) })
	}
	if p.extra {
		wg.Go(func() { p.work(ctx, true) })
	}
	wg.Go(func() { p.announce(ctx) })
	<-ctx.Done()
	p.mu.Lock()
	p.ended = true
	p.rest.Stop()
	p.mu.Unlock()
	p.wake.Broadcast()
	wg.Wait()
	return ctx.Err()
}

// announce calls Ready at most once a tick.
func (p *Pyramid) announce(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.done:
		}
		p.opt.Ready()
		select {
		case <-ctx.Done():
			return
		case <-time.After(p.opt.Tick):
		}
	}
}

// work draws until ctx ends; an extra goroutine only what is visible, and only at rest.
func (p *Pyramid) work(ctx context.Context, extra bool) {
	pt := painters.Get().(*painter)
	defer painters.Put(pt)
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		key, ok := p.nextLocked(extra)
		if p.ended || ctx.Err() != nil {
			return
		}
		if !ok {
			p.wake.Wait()
			continue
		}
		one, cancel := context.WithCancel(ctx)
		d := &drawing{cancel: cancel}
		p.inFlight[key] = d
		scene, style, labels := p.scene, p.style, p.labels
		p.mu.Unlock()

		start := time.Now()
		img := image.NewRGBA(image.Rect(0, 0, TilePx, TilePx))
		pt.begin(one, img, key.view(), style)
		pt.scene(scene, labels)

		p.mu.Lock()
		delete(p.inFlight, key)
		if one.Err() == nil {
			p.storeLocked(key, img, d.stale)
			p.drawn++
			p.last = time.Since(start)
			p.took += p.last
			select {
			case p.done <- struct{}{}:
			default:
			}
		} else {
			p.givenUp++
		}
		cancel()
	}
}

// nextLocked is the most urgent tile that is neither fresh nor being drawn, for one of the usual goroutines or the extra one.
func (p *Pyramid) nextLocked(extra bool) (tileKey, bool) {
	want := p.want
	if extra {
		if want = want[:p.visible]; time.Since(p.moved) < restTime {
			return tileKey{}, false
		}
	}
	for _, key := range want {
		if t := p.cache[key]; (t == nil || t.stale) && p.inFlight[key] == nil {
			return key, true
		}
	}
	return tileKey{}, false
}

// storeLocked keeps a finished tile and lets go of those not used for longest.
func (p *Pyramid) storeLocked(key tileKey, img *image.RGBA, stale bool) {
	if p.cache[key] == nil {
		p.bytes += len(img.Pix)
	}
	p.clock++
	p.cache[key] = &tile{img: img, stale: stale, used: p.clock}
	limit := max(p.opt.CacheBytes, 2*len(p.want)*len(img.Pix))
	if p.bytes <= limit {
		return
	}
	keys := make([]tileKey, 0, len(p.cache))
	for k := range p.cache {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b tileKey) int { return cmp.Compare(p.cache[a].used, p.cache[b].used) })
	wanted := make(map[tileKey]bool, len(p.want))
	for _, k := range p.want {
		wanted[k] = true
	}
	// An eighth more than needed, so that not every tile sorts the cache anew.
	for _, k := range keys {
		if p.bytes <= limit*7/8 {
			break
		}
		if !wanted[k] {
			p.bytes -= len(p.cache[k].img.Pix)
			delete(p.cache, k)
		}
	}
}

// Want says what will be looked at and replaces what was wanted before: tiles of the earlier view that are not wanted any more and
// still being drawn are given up.
func (p *Pyramid) Want(cam Camera) {
	want, visible := plan(cam)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Equal(p.want, want) && !p.ended {
		p.moved = time.Now()
		p.rest.Reset(restTime)
	}
	p.want, p.visible, p.wantZoom = want, visible, tileZoom(cam.Zoom)
	keep := make(map[tileKey]bool, len(want))
	for _, k := range want {
		keep[k] = true
	}
	for k, d := range p.inFlight {
		if !keep[k] {
			d.cancel()
		}
	}
	p.wake.Broadcast()
}

// Pending is how many of the tiles in the wanted view are not there, or not up to date.
func (p *Pyramid) Pending() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, k := range p.want[:p.visible] {
		if t := p.cache[k]; t == nil || t.stale {
			n++
		}
	}
	return n
}

// Drawn is how many tiles have been finished so far.
func (p *Pyramid) Drawn() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.drawn
}

// PyramidStats are figures of a Pyramid at one moment.
type PyramidStats struct {
	Pending    int           // tiles of the wanted view that are not there, or not up to date
	Queue      int           // tiles to be drawn, those around the view and the coarse ones among them
	InFlight   int           // tiles being drawn
	Drawn      int           // tiles finished so far
	GivenUp    int           // tiles begun and not wanted any more
	CacheTiles int           // pictures kept
	CacheBytes int           // and what they take
	LastTile   time.Duration // wall time the last tile took
	MeanTile   time.Duration // and all of them on average
}

// Stats answers the figures of now.
func (p *Pyramid) Stats() PyramidStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := PyramidStats{
		InFlight: len(p.inFlight), Drawn: p.drawn, GivenUp: p.givenUp, CacheTiles: len(p.cache), CacheBytes: p.bytes, LastTile: p.last,
	}
	if p.drawn > 0 {
		s.MeanTile = p.took / time.Duration(p.drawn)
	}
	for i, k := range p.want {
		if t := p.cache[k]; t != nil && !t.stale {
			continue
		}
		if p.inFlight[k] == nil {
			s.Queue++
		}
		if i < p.visible {
			s.Pending++
		}
	}
	return s
}

// PlacedTile is a picture and where it goes, in device pixels of the view.
type PlacedTile struct {
	Img        *image.RGBA
	X, Y, W, H float64
}

// Tiles answers what of the view can be shown now, to be drawn in this order: first stand-ins of other zooms where a tile is
// missing, then the tiles themselves. At the wanted zoom tiles lie on whole pixels.
func (p *Pyramid) Tiles(cam Camera) []PlacedTile {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clock++
	ox, oy := cam.origin()
	if tileZoom(cam.Zoom) == cam.Zoom {
		ox, oy = math.Round(ox), math.Round(oy)
	}
	v := view{zoom: cam.Zoom, ox: ox, oy: oy, w: cam.WidthPx, h: cam.HeightPx}
	have := make([]tileKey, 0, len(p.cache))
	for k := range p.cache {
		have = append(have, k)
	}
	keys := cover(v, p.wantZoom, have)
	out := make([]PlacedTile, len(keys))
	for i, k := range keys {
		t := p.cache[k]
		t.used = p.clock
		x, y, side := k.place(v)
		out[i] = PlacedTile{t.img, x, y, side, side}
	}
	return out
}

// SetScene replaces what is drawn. Tiles that show something that differs are drawn anew; the old ones are shown until then.
// A layer whose snapshot comes from the earlier one by [Snapshot.With] only touches the tiles its changes touch.
func (p *Pyramid) SetScene(s Scene, st *Style) {
	p.mu.Lock()
	defer p.mu.Unlock()
	where, all := differences(p.scene, s, p.style, st)
	p.scene, p.style, p.labels = s, st, newLabeller(s, st)
	p.spoilLocked(where, all)
}

// Invalidate has the tiles drawn anew that show the layer within b (degrees); the layer "" is every one.
func (p *Pyramid) Invalidate(layer string, b orb.Bound) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := layer == ""
	for _, l := range p.scene.Layers {
		known = known || l.Name == layer
	}
	if !known {
		return
	}
	p.labels = newLabeller(p.scene, p.style)
	p.spoilLocked([]touched{{boxOf(b), spreadOf(KindEvent)}}, false)
}

// spoilLocked marks as stale what shows one of the places.
func (p *Pyramid) spoilLocked(where []touched, all bool) {
	hit := func(k tileKey) bool {
		return all || slices.ContainsFunc(where, func(t touched) bool {
			return k.view().box(t.spreadPx * p.style.ratio()).overlaps(t.box)
		})
	}
	for k, t := range p.cache {
		if !t.stale && hit(k) {
			// A tile is not written: Tiles hands out pictures, this is only our note about one.
			t.stale = true
		}
	}
	for k, d := range p.inFlight {
		d.stale = d.stale || hit(k)
	}
	p.wake.Broadcast()
}
