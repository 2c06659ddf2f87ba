package mapview

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"kuaitu/geo"
)

// pb writes protocol buffers.
type pb []byte

func (m pb) num(field int, v uint64) pb {
	return binary.AppendUvarint(binary.AppendUvarint(m, uint64(field<<3)), v)
}

func (m pb) sub(field int, b []byte) pb {
	return append(binary.AppendUvarint(binary.AppendUvarint(m, uint64(field<<3|2)), uint64(len(b))), b...)
}

// tileShape is a feature for tileBytes: a ring, a line or a point of x, y pairs in tile units.
type tileShape struct {
	kind   int // 1 point, 2 line, 3 polygon
	name   string
	points []int
}

// tileBytes encodes a tile of one layer.
func tileBytes(layer string, shapes ...tileShape) []byte {
	l := pb(nil).num(15, 2).sub(1, []byte(layer)).sub(3, []byte("name"))
	for i, s := range shapes {
		var g []byte
		zz := func(v int) { g = binary.AppendUvarint(g, uint64(uint32(v<<1)^uint32(v>>31))) }
		px, py := 0, 0
		for j := 0; j < len(s.points); j += 2 {
			switch j {
			case 0:
				g = binary.AppendUvarint(g, 9)
			case 2:
				g = binary.AppendUvarint(g, uint64(len(s.points)/2-1)<<3|2)
			}
			zz(s.points[j] - px)
			zz(s.points[j+1] - py)
			px, py = s.points[j], s.points[j+1]
		}
		if s.kind == 3 {
			g = binary.AppendUvarint(g, 15)
		}
		l = l.sub(4, pb(nil).sub(1, []byte(s.name)))
		l = l.sub(2, pb(nil).num(1, uint64(i+1)).sub(2, binary.AppendUvarint([]byte{0}, uint64(i))).num(3, uint64(s.kind)).sub(4, g))
	}
	return pb(nil).sub(3, l)
}

// memoryTiles is a source of tiles made by a function; nil bytes are no tile.
type memoryTiles struct {
	lo, hi int
	make   func(z, x, y int) []byte
	err    error
	datum  geo.Datum
	asked  atomic.Int64
}

func (m *memoryTiles) VectorTile(ctx context.Context, z, x, y int) ([]byte, error) {
	m.asked.Add(1)
	if m.err != nil {
		return nil, m.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b := m.make(z, x, y)
	if b == nil {
		return nil, ErrNoTile
	}
	return b, nil
}
func (m *memoryTiles) Zooms() (int, int)   { return m.lo, m.hi }
func (m *memoryTiles) Datum() geo.Datum    { return m.datum }
func (m *memoryTiles) Attribution() string { return "© test" }

const tiledDoc = `{"version": 8, "sources": {"t": {"type": "vector"}}, "layers": [
	{"id": "ground", "type": "background", "paint": {"background-color": "#ffffff"}},
	{"id": "water", "type": "fill", "source": "t", "source-layer": "water", "paint": {"fill-color": "#000000", "fill-opacity": 0.5}},
	{"id": "edge", "type": "line", "source": "t", "source-layer": "roads", "paint": {"line-color": "#000000", "line-width": 20, "line-opacity": 0.5}},
	{"id": "name", "type": "symbol", "source": "t", "source-layer": "places", "layout": {"text-field": ["get", "name"], "text-size": 14}, "paint": {"text-color": "#ff0000"}}
]}`

// TestTilesHaveNoSeams draws half-transparent features that reach through many tiles, with buffers: every pixel of them has one colour.
func TestTilesHaveNoSeams(t *testing.T) {
	for _, c := range []struct {
		layer string
		shape tileShape
	}{
		{"water", tileShape{3, "", []int{-64, -64, 4160, -64, 4160, 4160, -64, 4160}}},
		{"roads", tileShape{2, "", []int{-64, 2048, 4160, 2048}}},
	} {
		src := &memoryTiles{hi: 14, make: func(_, _, _ int) []byte { return tileBytes(c.layer, c.shape) }}
		for _, zoom := range []float64{13, 13.3, 14.9, 17.7} {
			cam := Camera{Center: place(0, 0), Zoom: zoom, WidthPx: 900, HeightPx: 900}
			m := frame(t, cam, LightStyle(), Scene{Layers: styledLayers(t, tiledDoc, map[string]any{"t": src})})
			seen := map[color.RGBA]int{}
			for i := 0; i < len(m.Pix); i += 4 {
				seen[color.RGBA{m.Pix[i], m.Pix[i+1], m.Pix[i+2], 255}]++
			}
			if c.layer == "water" && len(seen) != 1 {
				t.Errorf("zoom %g: water has the colours %v", zoom, seen)
			}
			for col := range seen { // a line is antialiased at its sides, and nowhere darker than half
				if col.R < 126 {
					t.Errorf("zoom %g: %s is doubled: %v", zoom, c.layer, col)
				}
			}
		}
	}
}

func TestVectorZoom(t *testing.T) {
	for _, c := range []struct {
		lo, hi int
		zoom   float64
		want   int
	}{{0, 14, 15, 14}, {0, 14, 14.99, 13}, {0, 14, 19, 14}, {0, 14, 0.5, 0}, {6, 10, 6.5, 6}, {6, 10, 4, -1}, {5, 4, 6, -1}} {
		z, _, ok := vectorZoom(&memoryTiles{lo: c.lo, hi: c.hi}, c.zoom)
		if !ok {
			z = -1
		}
		if z != c.want {
			t.Errorf("tiles %d…%d at zoom %g: %d, want %d", c.lo, c.hi, c.zoom, z, c.want)
		}
	}
}

// TestCoarserTilesStandIn leaves out every tile but one that is three levels coarser.
func TestCoarserTilesStandIn(t *testing.T) {
	src := &memoryTiles{hi: 14, make: func(z, _, _ int) []byte {
		if z != 11 {
			return nil
		}
		return tileBytes("water", tileShape{3, "", []int{0, 0, 4096, 0, 4096, 4096, 0, 4096}})
	}}
	m := frame(t, Camera{Center: place(0, 0), Zoom: 15, WidthPx: 300, HeightPx: 300}, LightStyle(), Scene{Layers: styledLayers(t, tiledDoc, map[string]any{"t": src})})
	for i := 0; i < len(m.Pix); i += 4 {
		if m.Pix[i] < 126 || m.Pix[i] > 129 {
			t.Fatalf("pixel %d is %d", i/4, m.Pix[i])
		}
	}
}

// placesTile has one name in the middle of the tile and one on the corner it shares with others, which all have it in their buffers.
func placesTile(z, x, y int) []byte {
	return tileBytes("places", tileShape{1, fmt.Sprintf("%d/%d", x%100, y%100), []int{2048, 2048}},
		tileShape{1, "角", []int{0, 0}}, tileShape{1, "角", []int{4096, 0}}, tileShape{1, "角", []int{0, 4096}}, tileShape{1, "角", []int{4096, 4096}})
}

func TestTileNamesAppearOnce(t *testing.T) {
	st := LightStyle()
	st.Fonts = testFonts(t)
	scene := Scene{Layers: styledLayers(t, tiledDoc, map[string]any{"t": &memoryTiles{hi: 14, make: placesTile}})}
	cam := Camera{Center: place(0, 0), Zoom: 15, WidthPx: 1500, HeightPx: 1500}
	ox, oy := cam.origin()
	v := view{zoom: 15, ox: ox, oy: oy, w: 1500, h: 1500}
	seen := map[[2]int]string{}
	for _, lb := range newLabeller(scene, st).in(t.Context(), v) {
		at := [2]int{int(math.Round(lb.minX + lb.maxX)), int(math.Round(lb.minY + lb.maxY))}
		if was, ok := seen[at]; ok {
			t.Errorf("%s lies on %s", lb.text, was)
		}
		seen[at] = lb.text
	}
	if len(seen) < 12 || len(seen) > 30 {
		t.Errorf("%d names are placed", len(seen))
	}
	// A labeller whose drawing was given up does not remember what it had not seen.
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	l := newLabeller(scene, st)
	if n := len(l.in(gone, v)); n != 0 {
		t.Errorf("%d names after the end", n)
	}
	if n := len(l.in(t.Context(), v)); n != len(seen) {
		t.Errorf("%d names when asked again, want %d", n, len(seen))
	}
}

func TestTileDatum(t *testing.T) {
	wx, wy := toWorld(place(0, 0))
	lake := func(_, x, y int) []byte {
		if x != int(wx>>20) || y != int(wy>>20) {
			return nil
		}
		return tileBytes("water", tileShape{3, "", []int{1024, 1024, 2048, 1024, 2048, 2048, 1024, 2048}})
	}
	middle := func(d geo.Datum) (x, y float64) {
		src := &memoryTiles{lo: 12, hi: 12, make: lake, datum: d}
		m := frame(t, Camera{Center: place(0, 0), Zoom: 13, WidthPx: 1100, HeightPx: 1100}, LightStyle(), Scene{Layers: styledLayers(t, tiledDoc, map[string]any{"t": src})})
		n := 0.0
		for py := range 1100 {
			for px := range 1100 {
				if m.RGBAAt(px, py).R < 200 {
					x, y, n = x+float64(px), y+float64(py), n+1
				}
			}
		}
		if n == 0 {
			t.Fatal("no water")
		}
		return x / n, y / n
	}
	x0, y0 := middle(geo.CGCS2000)
	x1, y1 := middle(geo.GCJ02)
	// GCJ-02 shows things about 510 m farther east and 290 m farther south here; at zoom 13 a pixel is 17.7 m.
	if dx, dy := x0-x1, y0-y1; dx < 26 || dx > 32 || dy < 13 || dy > 19 {
		t.Errorf("the datum moved the water by %.1f, %.1f pixels", dx, dy)
	}
}

func TestBrokenTilesAreCounted(t *testing.T) {
	src := &memoryTiles{hi: 14, make: func(_, x, _ int) []byte {
		if x%2 == 0 {
			return []byte("<html>no such page</html>")
		}
		good := tileBytes("water", tileShape{3, "", []int{0, 0, 4096, 0, 4096, 4096, 0, 4096}})
		return append(good, pb(nil).sub(3, []byte{0xff})...)
	}}
	scene := Scene{Layers: styledLayers(t, tiledDoc, map[string]any{"t": src})}
	frame(t, Camera{Center: place(0, 0), Zoom: 14, WidthPx: 1100, HeightPx: 400}, LightStyle(), scene)
	if n := scene.Broken(); n < 2 {
		t.Errorf("%d broken tiles are counted", n)
	}
}

func TestVectorTilesCache(t *testing.T) {
	src := &memoryTiles{hi: 14, make: placesTile}
	one := decodeVectorTile(placesTile(0, 0, 0), tileAt{}).bytes
	v := NewVectorTiles(src, 10*one)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for n := range 100 {
				if _, err := v.get(t.Context(), tileAt{7, n % 20, 3}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if v.bytes > 10*one || len(v.tiles) > 10 {
		t.Errorf("%d bytes in %d tiles, allowed %d", v.bytes, len(v.tiles), 10*one)
	}
	before := src.asked.Load()
	for range 5 {
		if _, err := v.get(t.Context(), tileAt{7, 19, 3}); err != nil {
			t.Error(err)
		}
	}
	if n := src.asked.Load() - before; n > 1 {
		t.Errorf("a kept tile was asked for %d times", n)
	}
	v.Forget(tileBound(tileAt{7, 19, 3}).Pad(-0.1))
	if _, kept := v.tiles[tileAt{7, 19, 3}]; kept || len(v.tiles) == 0 {
		t.Errorf("what touches one tile is forgotten: kept %v, %d left", kept, len(v.tiles))
	}
	again := src.asked.Load()
	if _, err := v.get(t.Context(), tileAt{7, 19, 3}); err != nil || src.asked.Load() != again+1 {
		t.Errorf("a forgotten tile is asked for anew: %d times, %v", src.asked.Load()-again, err)
	}
	v.Forget(tileBound(tileAt{}))
	if v.bytes != 0 || len(v.tiles) != 0 {
		t.Errorf("%d tiles are not forgotten", len(v.tiles))
	}
	src.err = errors.New("cut off")
	if _, err := v.get(t.Context(), tileAt{1, 0, 0}); !errors.Is(err, src.err) {
		t.Errorf("error is %v", err)
	}
	src.err = nil
	if _, err := v.get(t.Context(), tileAt{1, 0, 0}); err != nil {
		t.Errorf("a failure was kept: %v", err)
	}
}

func TestTilesFeatures(t *testing.T) {
	p := decodeVectorTile(tileBytes("roads", tileShape{2, "甲路", []int{0, 0, 4096, 0}}, tileShape{2, "乙路", []int{0, 8, 9, 9}}), tileAt{z: 3, x: 2, y: 5}).layers["roads"]
	if p.len() != 2 || p.shapes[0] != shapeLine {
		t.Fatalf("%d features", p.len())
	}
	if v, _ := (Feature{p, 0}).Property("name"); v.String() != "甲路" {
		t.Errorf("the first is %v", v)
	}
	if b := p.boxes[0]; b != (box{2 << 29, 5 << 29, 3 << 29, 5 << 29}) {
		t.Errorf("the first lies at %v", b)
	}
}

// FuzzVectorTile draws whatever can be read of a tile.
func FuzzVectorTile(f *testing.F) {
	f.Add(placesTile(1, 1, 1), uint8(3))
	f.Add(tileBytes("water", tileShape{3, "a", []int{-64, -64, 4160, -64, 4160, 4160}}), uint8(0))
	f.Add(tileBytes("roads", tileShape{2, "b", []int{-64, 2048, 4160, 2048, 1 << 22, -1 << 22}}), uint8(14))
	st := LightStyle()
	st.Fonts = testFonts(f)
	doc := parseStyle(f, strings.ReplaceAll(tiledDoc, `"line-width": 20`, `"line-width": 3, "line-dasharray": [2, 1], "line-gap-width": 2, "line-offset": 1`))
	f.Fuzz(func(t *testing.T, data []byte, z uint8) {
		src := &memoryTiles{lo: int(z % 15), hi: int(z % 15), make: func(_, _, _ int) []byte { return data }}
		layers, err := StyledLayers(doc, map[string]any{"t": src})
		if err != nil {
			t.Fatal(err)
		}
		m := image.NewRGBA(image.Rect(0, 0, 64, 64))
		if err := Render(t.Context(), m, Camera{Center: place(0, 0), Zoom: float64(z%15) + 1.3, WidthPx: 64, HeightPx: 64}, st, Scene{Layers: layers}); err != nil {
			t.Fatal(err)
		}
	})
}

// BenchmarkDecodeTile reads a tile of a thousand small areas with names.
func BenchmarkDecodeTile(b *testing.B) {
	var shapes []tileShape
	for i := range 1000 {
		x, y := i%32*128, i/32*128
		shapes = append(shapes, tileShape{3, fmt.Sprint(i % 100), []int{x, y, x + 80, y, x + 90, y + 60, x + 20, y + 90}})
	}
	data := tileBytes("building", shapes...)
	b.ReportAllocs()
	for b.Loop() {
		decodeVectorTile(data, tileAt{14, 0, 0})
	}
}
