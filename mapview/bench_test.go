package mapview

import (
	"context"
	"fmt"
	"image"
	"runtime"
	"sync"
	"testing"

	"github.com/paulmach/orb"
)

var benchCities sync.Map // n → *Snapshot

func benchCity(n int) *Snapshot {
	if s, ok := benchCities.Load(n); ok {
		return s.(*Snapshot)
	}
	s := city(n)
	benchCities.Store(n, s)
	return s
}

var benchSizes = []int{66_000, 660_000}

// densest is a place with many buildings: that of the middle one in Hilbert order.
func densest(s *Snapshot) orb.Point {
	return Feature{s.base, s.base.len() / 2}.Bound().Center()
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprintf("%dk", n/1000), func(b *testing.B) {
			src := benchCity(n)
			b.ReportAllocs()
			for b.Loop() {
				src.Compact()
			}
		})
	}
}

// BenchmarkRender draws 1920×1080 from scratch on all cores.
func BenchmarkRender(b *testing.B) {
	for _, n := range benchSizes {
		s := benchCity(n)
		scene := Scene{Layers: []Layer{{Name: "building", Kind: KindBuilding, Data: s}}}
		for _, z := range []float64{10, 11, 12, 13, 14, 15, 16, 17, 18} {
			b.Run(fmt.Sprintf("%dk/z%g", n/1000, z), func(b *testing.B) {
				cam := Camera{Center: densest(s), Zoom: z, WidthPx: 1920, HeightPx: 1080}
				m := image.NewRGBA(image.Rect(0, 0, cam.WidthPx, cam.HeightPx))
				st := LightStyle()
				b.ReportAllocs()
				for b.Loop() {
					if err := Render(context.Background(), m, cam, st, scene); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkRenderLabelled draws 1920×1080 with a number on every building.
func BenchmarkRenderLabelled(b *testing.B) {
	const n = 660_000
	st := LightStyle()
	st.Fonts = testFonts(b)
	plain := benchCity(n)
	var bd Builder
	for i := range plain.base.len() {
		bd.copyFeature(plain.base, i)
		label := fmt.Sprintf("%d栋", i%97)
		bd.text = append(bd.text, label...)
		bd.p.labels[len(bd.p.labels)-1] = uint32(len(bd.text))
	}
	s := bd.Build(1)
	scene := Scene{Layers: []Layer{{Name: "building", Kind: KindBuilding, Data: s}}}
	for _, z := range []float64{17, 18, 19} {
		b.Run(fmt.Sprintf("660k/z%g", z), func(b *testing.B) {
			cam := Camera{Center: densest(s), Zoom: z, WidthPx: 1920, HeightPx: 1080}
			m := image.NewRGBA(image.Rect(0, 0, cam.WidthPx, cam.HeightPx))
			b.ReportAllocs()
			for b.Loop() {
				if err := Render(context.Background(), m, cam, st, scene); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTile draws the 512-pixel tile of a dense place on one core.
func BenchmarkTile(b *testing.B) {
	const n = 660_000
	s := benchCity(n)
	scene := Scene{Layers: []Layer{{Name: "building", Kind: KindBuilding, Data: s}}}
	st := LightStyle()
	labels := newLabeller(scene, st)
	for _, z := range []float64{9, 11, 13, 14, 15, 16, 18} {
		b.Run(fmt.Sprintf("660k/z%g", z), func(b *testing.B) {
			m := image.NewRGBA(image.Rect(0, 0, TilePx, TilePx))
			cam := Camera{Center: densest(s), Zoom: z, WidthPx: TilePx, HeightPx: TilePx}
			ox, oy := cam.origin()
			var p painter
			b.ReportAllocs()
			for b.Loop() {
				p.begin(context.Background(), m, view{zoom: z, ox: ox, oy: oy, w: TilePx, h: TilePx}, st)
				p.scene(scene, labels)
			}
		})
	}
}

func BenchmarkHitTest(b *testing.B) {
	s := benchCity(660_000)
	scene := Scene{Layers: []Layer{{Name: "building", Kind: KindBuilding, Data: s}}}
	cam := Camera{Center: densest(s), Zoom: 17, WidthPx: 1920, HeightPx: 1080}
	st := LightStyle()
	b.ReportAllocs()
	for b.Loop() {
		scene.HitTest(cam, st, 960, 540, 4)
	}
}

func BenchmarkTownWithLabels(b *testing.B) {
	st := LightStyle()
	st.Fonts = testFonts(b)
	s := town(b)
	m := image.NewRGBA(image.Rect(0, 0, 1920, 1080))
	b.ReportAllocs()
	for b.Loop() {
		if err := Render(context.Background(), m, Camera{Center: orb.Point{114, 22.5}, Zoom: 17, WidthPx: 1920, HeightPx: 1080}, st, s); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTiles is what a frame of a pan asks of the pyramid, with a full cache.
func BenchmarkTiles(b *testing.B) {
	p := running(b, PyramidOptions{})
	p.SetScene(Scene{}, LightStyle())
	cam := Camera{Center: orb.Point{114, 22.5}, Zoom: 14, WidthPx: 1920, HeightPx: 1080}
	for range 8 {
		p.Want(cam)
		quiet(b, p)
		cam = cam.Pan(700, 0)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.Tiles(cam)
	}
}

// BenchmarkMemory reports the bytes a building takes.
func BenchmarkMemory(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := city(66_000)
	runtime.GC()
	runtime.ReadMemStats(&after)
	for b.Loop() {
		s.Len()
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/66_000, "B/building")
}

// BenchmarkDemo draws 1920×1080 of the shipped city: its base map alone, and with buildings, regions and names.
func BenchmarkDemo(b *testing.B) {
	all := demoScene(b)
	st := LightStyle()
	named := LightStyle()
	named.Fonts = testFonts(b)
	for _, c := range []struct {
		name string
		s    Scene
		st   *Style
	}{{"base", Scene{Layers: all.Layers[:1]}, st}, {"all", all, named}} {
		for _, z := range []float64{12, 14, 15, 16, 17, 18} {
			b.Run(fmt.Sprintf("%s/z%g", c.name, z), func(b *testing.B) {
				cam := Camera{Center: all.Layers[2].Data.Bound().Center(), Zoom: z, WidthPx: 1920, HeightPx: 1080}
				m := image.NewRGBA(image.Rect(0, 0, cam.WidthPx, cam.HeightPx))
				b.ReportAllocs()
				for b.Loop() {
					if err := Render(context.Background(), m, cam, c.st, c.s); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
