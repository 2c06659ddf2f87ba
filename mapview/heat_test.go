package mapview

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview/style"
)

// heatDoc is a document with one heat map over the source-layer "thing"; extra is put into its paint, meta is its metadata.
func heatStyle(t testing.TB, extra, meta string) *style.Layer {
	t.Helper()
	st, err := style.Parse([]byte(`{"version":8,"sources":{"k":{"type":"vector","tiles":["x"]}},"layers":[{"id":"heat","type":"heatmap","source":"k","source-layer":"thing",
		"metadata":{` + meta + `},"paint":{"heatmap-color":["interpolate",["linear"],["heatmap-density"],0,"rgba(0,0,0,0)",0.05,"#22343F",0.5,"#3F7F86",1,"#E3D08A"]` + extra + `}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return st.Layers[0]
}

func heatScene(l *style.Layer, s *Snapshot) Scene {
	return Scene{Layers: []Layer{{Name: "heat", Kind: KindStyled, Style: l, Data: s}}}
}

// people are points about a place, some of them in crowds.
func people(n int, about orb.Point, metres float64) *Snapshot {
	rng := rand.New(rand.NewPCG(11, uint64(n)))
	var b Builder
	b.Columns("w", "r", "n")
	for i := range n {
		p, _ := geo.Direct(about, rng.Float64()*360, metres*rng.Float64())
		_ = b.AddRow(testID(i+1), p, []style.Value{style.Num(float64(1 + i%3)), style.Num(float64(10 + 10*(i%4))), style.Num(float64(i % 2 * 6))})
	}
	return b.Build(1)
}

// The field must be what the kernel's formula gives, summed point by point.
func TestHeatIsTheKernel(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 3))
	v := view{zoom: 15, ox: 123456.5, oy: 65432.25, w: 300, h: 200}
	for _, radius := range []float64{3, 8, 30, 47, 200} {
		var pts []heatPoint
		for range 40 {
			pts = append(pts, heatPoint{v.ox + rng.Float64()*500 - 100, v.oy + rng.Float64()*400 - 100, rng.Float64() * 3, radius})
		}
		g := newHeatGrid(radius, v)
		for _, p := range pts {
			g.add(p)
		}
		g.blur(0.7)
		worst, top := 0.0, 0.0
		row := make([]float32, v.w)
		for y := range v.h {
			clear(row)
			g.addRow(row, v, y)
			for x, got := range row {
				want := 0.0
				for _, p := range pts {
					d := math.Hypot(p.x-v.ox-float64(x)-0.5, p.y-v.oy-float64(y)-0.5) / radius
					want += p.weight * 0.7 * 0.3989422804014327 * math.Exp(-4.5*d*d)
				}
				worst, top = math.Max(worst, math.Abs(float64(got)-want)), math.Max(top, want)
			}
		}
		limit := 0.03
		if radius < 6 {
			limit = 0.2 // a few pixels wide: there is no finer grid
		}
		if worst > limit*top {
			t.Errorf("radius %g: off by %.4f of a field up to %.4f", radius, worst, top)
		}
	}
}

// Tiles drawn apart must be the picture drawn whole, to the byte.
func TestHeatTilesMeet(t *testing.T) {
	o := orb.Point{114.05, 22.54}
	s := people(3000, o, 3000)
	for name, l := range map[string]*style.Layer{
		"plain":         heatStyle(t, "", ""),
		"by feature":    heatStyle(t, `,"heatmap-weight":["get","w"],"heatmap-radius":["get","r"]`, ""),
		"minimum count": heatStyle(t, `,"heatmap-weight":["get","w"]`, `"kuaitu:min-count":5`),
	} {
		for _, z := range []float64{11, 15, 18} {
			scene := heatScene(l, s)
			st := LightStyle()
			const side = 256
			cam := Camera{Center: o, Zoom: z}
			x, y := cam.Sized(0, 0).origin()
			ox, oy := math.Floor(x/side)*side-side, math.Floor(y/side)*side-side
			draw := func(x, y float64, w, h int) *image.RGBA {
				m := image.NewRGBA(image.Rect(0, 0, w, h))
				var p painter
				p.begin(context.Background(), m, view{zoom: z, ox: x, oy: y, w: w, h: h}, st)
				p.scene(scene, newLabeller(scene, st))
				return m
			}
			whole := draw(ox, oy, 3*side, 3*side)
			colours := map[[4]byte]bool{}
			for ty := range 3 {
				for tx := range 3 {
					tile := draw(ox+float64(tx*side), oy+float64(ty*side), side, side)
					for row := range side {
						at := (ty*side+row)*whole.Stride + tx*side*4
						if !bytes.Equal(tile.Pix[row*tile.Stride:row*tile.Stride+4*side], whole.Pix[at:at+4*side]) {
							t.Fatalf("%s at zoom %g: tile %d, %d differs in row %d", name, z, tx, ty, row)
						}
						for i := 0; i < 4*side; i += 4 {
							colours[[4]byte(tile.Pix[row*tile.Stride+i:])] = true
						}
					}
				}
			}
			if len(colours) < 4 {
				t.Errorf("%s at zoom %g: %d colours only: nothing was drawn", name, z, len(colours))
			}
		}
	}
}

func drawn(t testing.TB, scene Scene, cam Camera) (*image.RGBA, int) {
	t.Helper()
	m, bare := image.NewRGBA(image.Rect(0, 0, cam.WidthPx, cam.HeightPx)), image.NewRGBA(image.Rect(0, 0, cam.WidthPx, cam.HeightPx))
	if err := Render(context.Background(), m, cam, LightStyle(), scene); err != nil {
		t.Fatal(err)
	}
	if err := Render(context.Background(), bare, cam, LightStyle(), Scene{}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for i := 0; i < len(m.Pix); i += 4 {
		if !bytes.Equal(m.Pix[i:i+4], bare.Pix[i:i+4]) {
			n++
		}
	}
	return m, n
}

// Fewer people than the minimum in a cell leave no trace, and those of a cell cannot be told apart by where they are.
func TestHeatMinimumCount(t *testing.T) {
	o := orb.Point{114.05, 22.54}
	// The middle of a cell, so that what is near it is in the same one.
	x, y := toWorld(o)
	const cell = 1 << privateBits
	mid := fromWorld(x/cell*cell+cell/2, y/cell*cell+cell/2)
	at := func(n int, spread float64, seed uint64) *Snapshot {
		rng := rand.New(rand.NewPCG(seed, 1))
		var b Builder
		for i := range n {
			p, _ := geo.Direct(mid, rng.Float64()*360, spread*rng.Float64())
			_ = b.AddRow(testID(i+1), p, nil)
		}
		return b.Build(1)
	}
	private := heatStyle(t, "", `"kuaitu:min-count":5`)
	open := heatStyle(t, "", "")
	for _, z := range []float64{12, 15, 17, 19} {
		cam := Camera{Center: mid, Zoom: z, WidthPx: 400, HeightPx: 300}
		if _, n := drawn(t, heatScene(private, at(4, 40, 1)), cam); n != 0 {
			t.Errorf("zoom %g: four people change %d pixels", z, n)
		}
		if _, n := drawn(t, heatScene(open, at(4, 40, 1)), cam); n == 0 {
			t.Errorf("zoom %g: without a minimum four people cannot be seen: the test sees nothing", z)
		}
		a, n := drawn(t, heatScene(private, at(8, 40, 1)), cam)
		if n == 0 {
			t.Errorf("zoom %g: eight people cannot be seen", z)
		}
		b, _ := drawn(t, heatScene(private, at(8, 40, 2)), cam)
		if !bytes.Equal(a.Pix, b.Pix) {
			t.Errorf("zoom %g: eight people elsewhere in the cell look different", z)
		}
	}
	// One home of five stands for five, a home of four for too few.
	counted := heatStyle(t, "", `"kuaitu:min-count":5,"kuaitu:count":"persons"`)
	for persons, want := range map[float64]bool{4: false, 5: true} {
		var b Builder
		b.Columns("persons")
		if err := b.AddRow(testID(1), mid, []style.Value{style.Num(persons)}); err != nil {
			t.Fatal(err)
		}
		if _, n := drawn(t, heatScene(counted, b.Build(1)), Camera{Center: mid, Zoom: 16, WidthPx: 400, HeightPx: 300}); (n > 0) != want {
			t.Errorf("a home of %g changes %d pixels", persons, n)
		}
	}
}

// Of vector tiles the points beyond the view count too, and those in the buffer about a tile once: they are in its neighbour.
func TestHeatOfVectorTiles(t *testing.T) {
	l := heatStyle(t, "", "")
	scene := func(buffer bool) Scene {
		src := &memoryTiles{hi: 14, make: func(_, x, y int) []byte {
			shapes := []tileShape{{1, "", []int{10 + x%7*500, 2000 + y%5*300}}, {1, "", []int{4000, 90}}}
			if buffer {
				shapes = append(shapes, tileShape{1, "", []int{4096 + 10 + (x+1)%7*500, 2000 + y%5*300}}, tileShape{1, "", []int{-96, 90}})
			}
			return tileBytes("thing", shapes...)
		}}
		return Scene{Layers: []Layer{{Name: "heat", Kind: KindStyled, Style: l, Vector: NewVectorTiles(src, 0)}}}
	}
	const side = 256
	st := LightStyle()
	for _, z := range []float64{13, 15, 16} {
		draw := func(s Scene, x, y float64, w, h int) *image.RGBA {
			m := image.NewRGBA(image.Rect(0, 0, w, h))
			var p painter
			labels := newLabeller(s, st)
			p.begin(context.Background(), m, view{zoom: z, ox: x, oy: y, w: w, h: h}, st)
			p.scene(s, labels)
			return m
		}
		x, y := Camera{Center: orb.Point{114.05, 22.54}, Zoom: z}.origin()
		ox, oy := math.Floor(x/side)*side, math.Floor(y/side)*side
		whole := draw(scene(true), ox, oy, 2*side, 2*side)
		if bare := draw(scene(false), ox, oy, 2*side, 2*side); !bytes.Equal(whole.Pix, bare.Pix) {
			t.Errorf("zoom %g: points in buffers count twice", z)
		}
		warm := 0
		for ty := range 2 {
			for tx := range 2 {
				tile := draw(scene(true), ox+float64(tx*side), oy+float64(ty*side), side, side)
				for row := range side {
					at := (ty*side+row)*whole.Stride + tx*side*4
					if !bytes.Equal(tile.Pix[row*tile.Stride:row*tile.Stride+4*side], whole.Pix[at:at+4*side]) {
						t.Fatalf("zoom %g: tile %d, %d differs in row %d", z, tx, ty, row)
					}
					for i := range side {
						if !bytes.Equal(tile.Pix[row*tile.Stride+4*i:row*tile.Stride+4*i+3], whole.Pix[:3]) {
							warm++
						}
					}
				}
			}
		}
		if warm == 0 {
			t.Errorf("zoom %g: nothing was drawn", z)
		}
	}
}

func TestHeatOfNothing(t *testing.T) {
	var b Builder
	s := b.Build(1)
	for _, extra := range []string{"", `,"heatmap-opacity":0`, `,"heatmap-intensity":0`, `,"heatmap-weight":0`, `,"heatmap-radius":100000`} {
		if _, n := drawn(t, heatScene(heatStyle(t, extra, ""), s), Camera{Center: orb.Point{114, 22}, Zoom: 14, WidthPx: 100, HeightPx: 100}); n != 0 {
			t.Errorf("%q: nothing changes %d pixels", extra, n)
		}
	}
	// A radius without measure is cut, not followed.
	if _, n := drawn(t, heatScene(heatStyle(t, `,"heatmap-radius":1e9`, ""), people(10, orb.Point{114, 22}, 100)), Camera{Center: orb.Point{114, 22}, Zoom: 14, WidthPx: 100, HeightPx: 100}); n == 0 {
		t.Error("a wide radius draws nothing")
	}
}

func BenchmarkHeat(b *testing.B) {
	s := people(50_000, orb.Point{114.05, 22.54}, 20000)
	for name, l := range map[string]*style.Layer{"plain": heatStyle(b, "", ""), "minimum": heatStyle(b, "", `"kuaitu:min-count":5`)} {
		for _, z := range []float64{11, 13, 16} {
			b.Run(fmt.Sprintf("50k/%s/z%g", name, z), func(b *testing.B) {
				cam := Camera{Center: orb.Point{114.05, 22.54}, Zoom: z, WidthPx: 1920, HeightPx: 1080}
				m := image.NewRGBA(image.Rect(0, 0, cam.WidthPx, cam.HeightPx))
				st := LightStyle()
				b.ReportAllocs()
				for b.Loop() {
					if err := Render(context.Background(), m, cam, st, heatScene(l, s)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
