package mapview

import (
	"fmt"
	"image"
	"os"
	"testing"

	"github.com/paulmach/orb"
)

// TestRealCity draws the real buildings at several zooms and checks how much of the ground they cover. With KUAITU_LOOK naming a folder the
// pictures are left there for the eye.
func TestRealCity(t *testing.T) {
	s := shenzhenBuildings(t)
	if n := s.Len(); n < 71_600 || n > 71_666 {
		t.Errorf("%d buildings, want nearly 71666", n)
	}
	scene := Scene{Layers: []Layer{{Name: "building", Kind: KindBuilding, Data: s}}}
	st := LightStyle()
	for _, c := range []struct{ zoom, least, most float64 }{{11, 0.02, 0.3}, {14, 0.05, 0.3}, {16, 0.05, 0.4}, {17, 0.05, 0.5}} {
		cam := Camera{Center: orb.Point{114.03, 22.53}, Zoom: c.zoom, WidthPx: 1280, HeightPx: 800}
		m := frame(t, cam, st, scene)
		built := 0
		for i := 0; i < len(m.Pix); i += 4 {
			if m.Pix[i] != st.land.r || m.Pix[i+1] != st.land.g || m.Pix[i+2] != st.land.b {
				built++
			}
		}
		if share := float64(built) / float64(1280*800); share < c.least || share > c.most {
			t.Errorf("zoom %g: %.3f of the picture is built up, want %g…%g", c.zoom, share, c.least, c.most)
		}
		if dir := os.Getenv("KUAITU_LOOK"); dir != "" {
			writePNG(t, fmt.Sprintf("%s/light-z%g.png", dir, c.zoom), m)
		}
	}
}

// TestPingAnTower finds the tallest building of the city where it stands.
func TestPingAnTower(t *testing.T) {
	s := shenzhenBuildings(t)
	scene := Scene{Layers: []Layer{{Name: "building", Kind: KindBuilding, Data: s}}}
	cam := Camera{Center: orb.Point{114.0503, 22.5367}, Zoom: 17, WidthPx: 800, HeightPx: 600}
	hits := scene.HitTest(cam, LightStyle(), 400, 300, 4)
	if len(hits) == 0 {
		t.Fatal("nothing was hit")
	}
	x, y := cam.ToScreen(hits[0].At)
	if !image.Pt(int(x), int(y)).In(image.Rect(300, 200, 500, 400)) {
		t.Errorf("its anchor is at %.0f,%.0f", x, y)
	}
}
