package mapview_test

import (
	"context"
	"fmt"
	"image"

	"github.com/paulmach/orb"

	"kuaitu/mapview"
)

// A layer is packed once; a scene of layers and a camera give a picture and answer what lies under a pixel.
func Example() {
	var b mapview.Builder
	house := orb.Bound{Min: orb.Point{114.0497, 22.5397}, Max: orb.Point{114.0503, 22.5403}}
	if err := b.Add(mapview.ID{15: 1}, uint8(mapview.UseOffice), "滨河大厦", house); err != nil {
		fmt.Println(err)
		return
	}
	scene := mapview.Scene{Layers: []mapview.Layer{{Name: "building", Kind: mapview.KindBuilding, Data: b.Build(1)}}}
	style := mapview.LightStyle()
	cam := mapview.Camera{Center: orb.Point{114.05, 22.54}, Zoom: 17, WidthPx: 400, HeightPx: 300}

	picture := image.NewRGBA(image.Rect(0, 0, cam.WidthPx, cam.HeightPx))
	if err := mapview.Render(context.Background(), picture, cam, style, scene); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(picture.RGBAAt(200, 150))
	for _, hit := range scene.HitTest(cam, style, 200, 150, 4) {
		fmt.Println(hit.Layer, hit.Label)
	}
	// Output:
	// {126 156 192 255}
	// building 滨河大厦
}
