package geo_test

import (
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
)

func TestGaussKruger(t *testing.T) {
	for _, c := range []struct {
		epsg   int
		name   string
		lonLat orb.Point
		plane  orb.Point // by PROJ 9.1
	}{
		{4547, "CGCS2000 / 3-degree Gauss-Kruger CM 114E", orb.Point{113.912316, 22.543847}, orb.Point{490980.488989784, 2494025.45908931}},
		{4526, "CGCS2000 / 3-degree Gauss-Kruger zone 38", orb.Point{114.5, 22.6}, orb.Point{38551411.5285665, 2500327.29651245}},
		{4547, "CGCS2000 / 3-degree Gauss-Kruger CM 114E", orb.Point{115.9, 30}, orb.Point{683340.858532949, 3321633.70314399}},
		{4491, "CGCS2000 / 6-degree Gauss-Kruger zone 13", orb.Point{75, 40}, orb.Point{13500000, 4429529.03023659}},
		{4508, "CGCS2000 / 6-degree Gauss-Kruger CM 111E", orb.Point{111, 0}, orb.Point{500000, 0}},
	} {
		k, ok := geo.GaussKrugerEPSG(c.epsg)
		if !ok || k.String() != c.name || k.EPSG() != c.epsg {
			t.Errorf("EPSG %d is %q, code %d, %v; want %q", c.epsg, k, k.EPSG(), ok, c.name)
		}
		near(t, c.name+" forward", k.Forward(c.lonLat), c.plane, 2e-5)
		near(t, c.name+" inverse", k.Inverse(k.Forward(c.lonLat)), c.lonLat, 1e-11)
	}
	if k, ok := geo.GaussKrugerZone(114.06); !ok || k.EPSG() != 4547 {
		t.Errorf("zone of Shenzhen: %v, %v", k, ok)
	}
	for _, code := range []int{4490, 4555, 3857, 0} {
		if k, ok := geo.GaussKrugerEPSG(code); ok {
			t.Errorf("EPSG %d is taken as %v", code, k)
		}
	}
}

func TestParseLonLat(t *testing.T) {
	sz := orb.Point{113.912316, 22.543847}
	for text, want := range map[string]struct {
		p     orb.Point
		d     geo.Datum
		warns int
	}{
		"113.912316,22.543847":      {sz, geo.CGCS2000, 0},
		"  22.543847 , 113.912316 ": {sz, geo.CGCS2000, 1},
		"１１３．９１２３１６，２２．５４３８４７": {sz, geo.CGCS2000, 0},
		"113.912316E 22.543847N":             {sz, geo.CGCS2000, 0},
		"N22.543847 E113.912316":             {sz, geo.CGCS2000, 0},
		"22°32'37.8492\"N 113°54'44.3376\"E": {sz, geo.CGCS2000, 0},
		"22°32′37.8492″N，113°54′44.3376″E":   {sz, geo.CGCS2000, 0},
		"北纬22度32分37.8492秒 东经113度54分44.3376秒": {sz, geo.CGCS2000, 0},
		"113 54 44.3376 22 32 37.8492":       {sz, geo.CGCS2000, 0},
		"22 32.63082 N 113 54.73896 E":       {sz, geo.CGCS2000, 0},
		"经度 113.912316 纬度 22.543847":         {sz, geo.CGCS2000, 0},
		"gcj02:113.912316,22.543847":         {sz, geo.GCJ02, 0},
		"GCJ-02：113.912316, 22.543847":       {sz, geo.GCJ02, 0},
		"wgs84: 22.543847 113.912316":        {sz, geo.WGS84, 1},
		"39.29S 76.61W":                      {orb.Point{-76.61, -39.29}, geo.CGCS2000, 0},
		"-76.61 39.29":                       {orb.Point{-76.61, 39.29}, geo.CGCS2000, 1},
		"39.29 -120.5":                       {orb.Point{-120.5, 39.29}, geo.CGCS2000, 1},
		"lat=22.543847 lng=113.912316":       {sz, geo.CGCS2000, 0},
		"113°54.73896′E 22°32.63082′N":       {sz, geo.CGCS2000, 0},
		"113.912316 22.543847\n":             {sz, geo.CGCS2000, 0},
		"(113.912316, 22.543847)":            {sz, geo.CGCS2000, 0},
		"东经１１３°５４′４４．３３７６″，北纬２２°３２′３７．８４９２″": {sz, geo.CGCS2000, 0},
	} {
		p, d, warn, err := geo.ParseLonLat(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		near(t, text, p, want.p, 1e-9)
		if d != want.d || len(warn) != want.warns {
			t.Errorf("%q: datum %v, warnings %q; want %v and %d", text, d, warn, want.d, want.warns)
		}
	}
	for _, text := range []string{"", "113", "113.9,", "hello", "113.9,22.5,7", "200,100", "95,95", "N22 N113", "22°99′N 113°E", "mars:1,2", "1..2,3",
		"22 32 37 113", "1-2-3", "N", "22N 113E 4", "--1,2"} {
		if p, _, _, err := geo.ParseLonLat(text); err == nil {
			t.Errorf("%q was read as %v", text, p)
		}
	}
}

func FuzzParseLonLat(f *testing.F) {
	for _, s := range []string{"113.9,22.5", "22°32′37.8″N 113°54′44.3″E", "gcj02:1 2", "北纬22度 东经113度"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, _, _, err := geo.ParseLonLat(s)
		if err == nil && !(p[0] >= -180 && p[0] <= 180 && p[1] >= -90 && p[1] <= 90) {
			t.Errorf("%q gave %v", s, p)
		}
	})
}
