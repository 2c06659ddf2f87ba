package mapview_test

import (
	"context"
	"fmt"
	"image"

	"github.com/paulmach/orb"

	"kuaitu/mapview"
	"kuaitu/mapview/style"
)

// Two blocks are coloured by how many floors they have, as a style document says.
func ExampleStyledLayers() {
	doc, err := style.Parse([]byte(`{"version": 8, "sources": {"city": {"type": "vector"}}, "layers": [
		{"id": "ground", "type": "background", "paint": {"background-color": "#efefec"}},
		{"id": "blocks", "type": "fill", "source": "city", "source-layer": "building",
			"paint": {"fill-color": ["step", ["get", "floors"], "#bcd0e4", 10, "#1f4f82"]}}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	var b mapview.Builder
	b.Columns("floors")
	for i, floors := range []float64{6, 33} {
		lon := 114 + float64(i)*0.001
		block := orb.Bound{Min: orb.Point{lon, 22.5}, Max: orb.Point{lon + 0.001, 22.501}}
		if err := b.AddRow(mapview.ID{15: byte(i + 1)}, block, []style.Value{style.Num(floors)}); err != nil {
			fmt.Println(err)
			return
		}
	}
	layers, err := mapview.StyledLayers(doc, map[string]any{"building": b.Build(1)})
	if err != nil {
		fmt.Println(err)
		return
	}
	picture := image.NewRGBA(image.Rect(0, 0, 200, 100))
	cam := mapview.Camera{Center: orb.Point{114.001, 22.5005}, Zoom: 16, WidthPx: 200, HeightPx: 100}
	if err := mapview.Render(context.Background(), picture, cam, mapview.LightStyle(), mapview.Scene{Layers: layers}); err != nil {
		fmt.Println(err)
		return
	}
	for _, x := range []int{5, 80, 120} {
		c := picture.RGBAAt(x, 50)
		fmt.Printf("#%02x%02x%02x\n", c.R, c.G, c.B)
	}
	// Output:
	// #efefec
	// #bcd0e4
	// #1f4f82
}
