package mapview

import (
	"fmt"
	"image"
	"os"
	"testing"

	"github.com/paulmach/orb"
)

// TestPicturesToLookAt writes views of the real city to the folder KUAITU_LOOK names, for the eye.
func TestPicturesToLookAt(t *testing.T) {
	dir := os.Getenv("KUAITU_LOOK")
	if dir == "" {
		t.Skip("KUAITU_LOOK names no folder")
	}
	scene := Scene{Layers: []Layer{{Name: "building", Kind: KindBuilding, Data: shenzhenBuildings(t)}}}
	for _, z := range []float64{11, 14, 16, 17} {
		cam := Camera{Center: orb.Point{114.03, 22.53}, Zoom: z, WidthPx: 1280, HeightPx: 800}
		m := image.NewRGBA(image.Rect(0, 0, cam.WidthPx, cam.HeightPx))
		if err := Render(t.Context(), m, cam, LightStyle(), scene); err != nil {
			t.Fatal(err)
		}
		writePNG(t, fmt.Sprintf("%s/light-z%g.png", dir, z), m)
	}
}
