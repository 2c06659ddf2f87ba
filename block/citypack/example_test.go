package citypack_test

import (
	"context"
	"fmt"
	"testing/fstest"

	"kuaitu/block/citypack"

	"github.com/paulmach/orb"
)

// A city of nothing but a list and one polygon: the street gets a base grid, and a house in it finds its home.
func Example() {
	pack, err := citypack.Load(context.Background(), fstest.MapFS{
		"pack.json": {Data: []byte(`{"pack": 1, "name": "东莞市", "divisions": {"file": "divisions.csv"},
			"boundaries": [{"file": "streets.geojson", "datum": "cgcs2000", "name": "NAME", "level": "LEVEL"}]}`)},
		"divisions.csv": {Data: []byte("code,name,level,parent\n441900000000,东莞市,city,\n441900003000,东城街道,street,441900000000\n441900101000,石碣镇,street,441900000000\n")},
		"streets.geojson": {Data: []byte(`{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"NAME": "东城", "LEVEL": "street"},
			"geometry": {"type": "Polygon", "coordinates": [[[113.77, 23.02], [113.78, 23.02], [113.78, 23.03], [113.77, 23.03], [113.77, 23.02]]]}}]}`)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	house := orb.Point{113.775, 23.025}
	regions := append(pack.Regions(), citypack.CutGrids(pack.Regions(), []orb.Point{house})...)
	home := citypack.NewAssigner(regions).At(house)
	for _, r := range regions {
		if r.ID == home {
			fmt.Println(r.Code, r.Name)
		}
	}
	for _, r := range pack.Missing {
		fmt.Println("no polygon:", r.Name)
	}
	// Output:
	// 44190000300001 003-01
	// no polygon: 东莞市
	// no polygon: 石碣镇
}
