package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/cmd/internal/console"
	"kuaitu/mapview"
	"kuaitu/store"
	"kuaitu/store/maplayer"
)

// mapBench measures the map engine with one city and one scene.
type mapBench struct {
	ctx     context.Context
	run     *benchRun
	path    string // of the store or GeoPackage
	foreign bool
	scene   mapview.Scene
	style   *mapview.Style
	plain   *mapview.Style // without names
	data    *mapview.Snapshot
	places  []orb.Point // where buildings stand, drawn anew for each measurement from one seed
	centre  orb.Point   // the densest of some places
	minutes float64
	quick   bool
}

// times is how often something is repeated that is n times in a full run.
func (b *mapBench) times(n int) int {
	if b.quick {
		return min(n, max(3, n/20))
	}
	return n
}

// benchMap opens the city in every way, draws it, and measures what the figures of the map are about.
func benchMap(ctx context.Context, run *benchRun, storePath, gpkg string, minutes float64, quick bool) error {
	b := &mapBench{ctx: ctx, run: run, path: storePath, minutes: minutes, quick: quick}
	if gpkg != "" {
		b.path, b.foreign = gpkg, true
	}
	if _, err := os.Stat(b.path); err != nil {
		return err
	}
	for _, step := range []func() error{b.open, b.firstPicture, b.views, b.tiles, b.pick, b.recolour, b.jumps, b.pan} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// openCity reads the layers once more and answers them and what to do at the end.
func (b *mapBench) openCity(cached bool) (mapview.Scene, func() error, error) {
	if b.foreign {
		if !cached {
			if err := maplayer.ForgetGPKG(b.path); err != nil {
				return mapview.Scene{}, nil, err
			}
		}
		g, err := maplayer.OpenGPKG(b.ctx, b.path, nil)
		if err != nil {
			return mapview.Scene{}, nil, err
		}
		return foreignScene(g), func() error { g.Wait(); return nil }, nil
	}
	if !cached {
		if err := os.Remove(b.path + ".mapcache"); err != nil && !os.IsNotExist(err) {
			return mapview.Scene{}, nil, err
		}
	}
	st, err := store.Open(b.ctx, b.path, store.Options{})
	if err != nil {
		return mapview.Scene{}, nil, err
	}
	s, err := maplayer.Open(b.ctx, st.Reader(), maplayer.Options{File: st.Path()})
	if err != nil {
		return mapview.Scene{}, nil, errors.Join(err, st.Close())
	}
	return s.Scene(), func() error { s.Wait(); return st.Close() }, nil
}

// foreignScene draws polygons as buildings, the table of the most polygons last, and leaves the rest out: what a GeoPackage looks like without a style.
func foreignScene(g *maplayer.GPKG) mapview.Scene {
	var s mapview.Scene
	for name, data := range g.Layers {
		s.Layers = append(s.Layers, mapview.Layer{Name: name, Kind: mapview.KindBuilding, Data: data})
	}
	slices.SortFunc(s.Layers, func(a, b mapview.Layer) int { return a.Data.Len() - b.Data.Len() })
	return s
}

func (b *mapBench) open() error {
	for _, how := range []string{"cold", "warm"} {
		var end func() error
		err := b.run.measure("open."+how, limits["open."+how], func() (err error) {
			b.scene, end, err = b.openCity(how == "warm")
			return err
		})
		if err != nil {
			return err
		}
		if err := end(); err != nil {
			return err
		}
	}
	for _, l := range b.scene.Layers {
		if b.data == nil || l.Data.Len() > b.data.Len() {
			b.data = l.Data
		}
	}
	if b.data == nil || b.data.Len() == 0 {
		return fmt.Errorf("%s has nothing to draw: %w", filepath.Base(b.path), block.ErrInvalid)
	}
	b.run.say("features", float64(b.data.Len()), "")
	var err error
	if b.style, err = console.Style(false); err != nil {
		return err
	}
	b.plain = mapview.LightStyle()
	b.findPlaces()
	return nil
}

// findPlaces draws places at which features stand, and the densest of them.
func (b *mapBench) findPlaces() {
	rng := rand.New(rand.NewPCG(11, 11))
	whole := b.data.Bound()
	var all []orb.Point
	n, step := 0, max(1, b.data.Len()/4096)
	for f := range b.data.Search(whole) {
		if n%step == 0 {
			all = append(all, f.Bound().Center())
		}
		n++
	}
	most := -1
	for range 400 {
		p := all[rng.IntN(len(all))]
		b.places = append(b.places, p)
		if len(b.places) > 100 {
			continue
		}
		const d = 0.004
		n := 0
		for range b.data.Search(orb.Bound{Min: orb.Point{p[0] - d, p[1] - d}, Max: orb.Point{p[0] + d, p[1] + d}}) {
			n++
		}
		if n > most {
			most, b.centre = n, p
		}
	}
}

// wholeCity is the view that shows all.
func (b *mapBench) wholeCity(w, h int) mapview.Camera {
	return mapview.Camera{WidthPx: w, HeightPx: h}.Fit(b.data.Bound(), 0)
}

func (b *mapBench) render(cam mapview.Camera, st *mapview.Style) (*image.RGBA, error) {
	img := image.NewRGBA(image.Rect(0, 0, cam.WidthPx, cam.HeightPx))
	return img, mapview.Render(b.ctx, img, cam, st, b.scene)
}

// views draws twelve views of 1920×1080 and the city at 4K from scratch.
func (b *mapBench) views() error {
	type view struct {
		name string
		cam  mapview.Camera
	}
	var views []view
	at := func(name string, p orb.Point, zoom float64) {
		views = append(views, view{name, mapview.Camera{Center: p, Zoom: zoom, WidthPx: 1920, HeightPx: 1080}})
	}
	whole := b.data.Bound().Center()
	at("z10", whole, 10)
	at("z11", whole, 11)
	at("z12", whole, 12)
	at("z13", b.centre, 13)
	at("z14", b.centre, 14)
	at("z14.else", b.places[0], 14)
	at("z15", b.centre, 15)
	at("z16", b.centre, 16)
	at("z16.else", b.places[1], 16)
	at("z17", b.centre, 17)
	at("z18", b.centre, 18)
	at("z19", b.centre, 19)
	views = append(views, view{"4k.city", b.wholeCity(3840, 2160)})
	for _, v := range views {
		if _, err := b.render(v.cam, b.style); err != nil { // warms what is kept between views
			return err
		}
		err := b.run.median("view."+v.name, limits["view."+v.name], b.times(9), func() error {
			_, err := b.render(v.cam, b.style)
			return err
		})
		if err != nil {
			return err
		}
		n := 0
		for range b.data.Search(v.cam.Bound()) {
			n++
		}
		b.run.say("view."+v.name+".features", float64(n), "in view")
	}
	return nil
}

// tiles draws single tiles on one core: processor time, mean and 95th percentile.
func (b *mapBench) tiles() error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	scene := mapview.Scene{Layers: []mapview.Layer{{Name: "building", Kind: mapview.KindBuilding, Data: b.data}}}
	img := image.NewRGBA(image.Rect(0, 0, mapview.TilePx, mapview.TilePx))
	draw := func(p orb.Point, zoom float64) (float64, error) {
		cam := mapview.Camera{Center: p, Zoom: zoom, WidthPx: mapview.TilePx, HeightPx: mapview.TilePx}
		start := cpuSeconds()
		err := mapview.Render(b.ctx, img, cam, b.plain, scene)
		return 1000 * (cpuSeconds() - start), err
	}
	for _, zoom := range []float64{9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19} {
		var ms []float64
		sum := 0.0
		for _, p := range b.places[:b.times(100)] {
			t, err := draw(p, zoom)
			if err != nil {
				return err
			}
			ms = append(ms, t)
			sum += t
		}
		slices.Sort(ms)
		name := fmt.Sprintf("tile.z%g", zoom)
		b.run.add(name+".mean", sum/float64(len(ms)), "ms cpu", 4)
		b.run.add(name+".p95", ms[len(ms)*95/100], "ms cpu", 8)
		b.run.say(name+".rate", 1000*float64(len(ms))/sum, "tiles/s of one core")
	}
	whole := b.wholeCity(mapview.TilePx, mapview.TilePx)
	var ms []float64
	for range 9 {
		t, err := draw(whole.Center, whole.Zoom)
		if err != nil {
			return err
		}
		ms = append(ms, t)
	}
	slices.Sort(ms)
	b.run.add("tile.city", ms[4], "ms cpu", 15)
	return nil
}

// pick asks what is under the cursor, and how much lies within 500 m.
func (b *mapBench) pick() error {
	cam := mapview.Camera{Zoom: 17, WidthPx: 1920, HeightPx: 1080}
	var us []float64
	for range 2 { // the first time the middles of regions are found
		us = us[:0]
		for _, p := range b.places {
			cam.Center = p
			start := time.Now()
			b.scene.HitTest(cam, b.plain, 960, 540, 4)
			us = append(us, 1e6*time.Since(start).Seconds())
		}
	}
	slices.Sort(us)
	b.run.add("pick.p50", us[len(us)/2], "us", 50)
	b.run.say("pick.p95", us[len(us)*95/100], "us")
	var ms []float64
	most := 0
	for _, p := range append([]orb.Point{b.centre}, b.places[:b.times(100)]...) {
		start := time.Now()
		area, err := mapview.AroundArea(p, 500)
		if err != nil {
			return err
		}
		most = max(most, b.data.CountWithin(area, mapview.Touching))
		ms = append(ms, 1000*time.Since(start).Seconds())
	}
	slices.Sort(ms)
	b.run.say("buffer.most", float64(most), "features within 500 m")
	b.run.add("buffer.p95", ms[len(ms)*95/100], "ms", 5)
	return nil
}
