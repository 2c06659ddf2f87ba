package mapview_test

import (
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/assets"
	"kuaitu/mapview"
	"kuaitu/mapview/style"
	"kuaitu/store/tileset"
)

// realMap is a real base map of vector tiles in a shipped style.
func realMap(t testing.TB, file, name string) (mapview.Scene, *mapview.Style) {
	t.Helper()
	dir := os.Getenv("KUAITU_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	path := filepath.Join(dir, file)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
			t.Fatalf("real data is required: %v", err)
		}
		t.Skipf("no real data: %v", err)
	}
	src, closer, err := tileset.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closer.Close(); err != nil {
			t.Error(err)
		}
	})
	doc, err := assets.MapStyle(name)
	if err != nil {
		t.Fatal(err)
	}
	st, err := style.Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := mapview.StyledLayers(st, map[string]any{"openmaptiles": src})
	if err != nil {
		t.Fatal(err)
	}
	fonts, err := mapview.NewFonts(assets.FontRegular(), assets.FontBold())
	if err != nil {
		t.Fatal(err)
	}
	look := mapview.LightStyle()
	look.Fonts = fonts
	return mapview.Scene{Layers: layers}, look
}

var (
	macau    = orb.Point{113.545, 22.195}
	shenzhen = orb.Point{114.0579, 22.5431}
)

// TestRealBaseMaps draws tiles nobody here made: nothing in them is broken, and there is much to see at every zoom.
func TestRealBaseMaps(t *testing.T) {
	for _, c := range []struct {
		file, style string
		middle      orb.Point
	}{{"basemap_macau.mbtiles", "base-light", macau}, {"basemap_shenzhen.mbtiles", "base-dark", shenzhen}} {
		scene, st := realMap(t, c.file, c.style)
		for _, z := range []float64{10, 13, 15.5, 18} {
			m := image.NewRGBA(image.Rect(0, 0, 512, 512))
			cam := mapview.Camera{Center: c.middle, Zoom: z, WidthPx: 512, HeightPx: 512}
			if err := mapview.Render(t.Context(), m, cam, st, scene); err != nil {
				t.Fatal(err)
			}
			colours := map[[3]uint8]int{}
			for i := 0; i < len(m.Pix); i += 4 {
				colours[[3]uint8(m.Pix[i:i+3])]++
			}
			if len(colours) < 50 {
				t.Errorf("%s at zoom %g: %d colours", c.file, z, len(colours))
			}
		}
		if n := scene.Broken(); n != 0 {
			t.Errorf("%s: %d broken parts", c.file, n)
		}
	}
}

// BenchmarkBaseMap draws 1920×1080 of vector tiles that are decoded already.
func BenchmarkBaseMap(b *testing.B) {
	scene, st := realMap(b, "basemap_macau.mbtiles", "base-light")
	for _, z := range []float64{10, 12, 13, 14, 15, 16, 17, 18} {
		b.Run(fmt.Sprintf("macau/z%g", z), func(b *testing.B) {
			cam := mapview.Camera{Center: macau, Zoom: z, WidthPx: 1920, HeightPx: 1080}
			m := image.NewRGBA(image.Rect(0, 0, cam.WidthPx, cam.HeightPx))
			b.ReportAllocs()
			for b.Loop() {
				if err := mapview.Render(context.Background(), m, cam, st, scene); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkBaseMapJump fills a window of 1920×1080 by a Pyramid that has nothing of the place but decoded tiles.
func BenchmarkBaseMapJump(b *testing.B) {
	scene, st := realMap(b, "basemap_macau.mbtiles", "base-light")
	for _, z := range []float64{13, 15, 17} {
		b.Run(fmt.Sprintf("macau/z%g", z), func(b *testing.B) {
			cam := mapview.Camera{Center: macau, Zoom: z, WidthPx: 1920, HeightPx: 1080}
			for b.Loop() {
				ctx, cancel := context.WithCancel(context.Background())
				p := mapview.NewPyramid(mapview.PyramidOptions{})
				p.SetScene(scene, st)
				p.Want(cam)
				done := make(chan error)
				go func() { done <- p.Run(ctx) }()
				for p.Pending() > 0 {
					time.Sleep(time.Millisecond)
				}
				cancel()
				<-done
			}
		})
	}
}
