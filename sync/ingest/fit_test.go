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
