package ingest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/geo"
	"kuaitu/geo/geofile"
)

// fitFile says why a file does not fit a kind.
func fitFile(t *testing.T, name, content string, kind block.Kind) error {
	t.Helper()
	src, err := geofile.Open(context.Background(), write(t, name, content), geofile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	return Fit(context.Background(), src, schema.Builtin(), Options{Plan: plan(t, kind), Datum: geo.WGS84, Defaults: Defaults(kind)})
}

func TestFitRefusesFilesWithoutRecords(t *testing.T) {
	for name, content := range map[string]string{
		"a.geojson": `{"type":"FeatureCollection","features":[]}`,
		"a.csv":     "名称,经度,纬度\n",
		"b.csv":     "名称,经度,纬度\r",
	} {
		err := fitFile(t, name, content, "facility")
		if !errors.Is(err, block.ErrInvalid) || !strings.Contains(err.Error(), "no records in it") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := fitFile(t, "c.csv", "名称,类型,经度,纬度\r某处,1,114.05,22.54\r", "facility"); err != nil {
		t.Errorf("a file of one record whose lines end with CR: %v", err)
	}
}

func TestFitNamesMetres(t *testing.T) {
	area := `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"x"},"geometry":{"type":"Polygon","coordinates":[[[12634000,2530000],[12634100,2530000],[12634100,2530100],[12634000,2530000]]]}}]}`
	for _, c := range []struct {
		name, content string
		kind          block.Kind
	}{
		{"a.geojson", area, "building"},
		{"a.csv", "名称,类型,x,y\n某处,1,39506123.5,2493456\n某地,1,506123.5,2493456\n", "facility"},
	} {
		err := fitFile(t, c.name, c.content, c.kind)
		fit, ok := errors.AsType[*FitError](err)
		if !ok || fit.Reason != reasonMetres || !strings.Contains(err.Error(), "EPSG:3857") || !errors.Is(err, block.ErrInvalid) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	one := strings.Replace(area, `"features":[`, `"features":[{"type":"Feature","properties":{"name":"y"},"geometry":`+square+`},{"type":"Feature","properties":{"name":"z"},"geometry":`+square+`},`, 1)
	if err := fitFile(t, "one.geojson", one, "building"); err != nil {
		t.Errorf("one area of three beyond all degrees: %v", err)
	}
}
