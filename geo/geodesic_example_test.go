package geo_test

import (
	"fmt"

	"github.com/paulmach/orb"

	"kuaitu/geo"
)

func ExampleInverse() {
	metres, there, _ := geo.Inverse(orb.Point{-73.8, 40.6}, orb.Point{-0.5, 51.6})
	fmt.Printf("%.0f m, setting out in %.2f°\n", metres, there)
	// Output: 5551759 m, setting out in 51.20°
}

// What is within 300 m of a street, and what it looks like.
func ExampleReach() {
	street := orb.LineString{{114.05, 22.54}, {114.06, 22.54}}
	r, err := geo.NewReach(street)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range []orb.Point{{114.055, 22.542}, {114.065, 22.54}} {
		d := r.Distance(p)
		fmt.Printf("%.1f m: %v\n", d, d <= 300)
	}
	outline, err := r.Outline(300)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d polygon of %.2f km²\n", len(outline), geo.GeodesicArea(outline)/1e6)
	// Output:
	// 221.5 m: true
	// 514.3 m: false
	// 1 polygon of 0.90 km²
}
