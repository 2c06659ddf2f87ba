package ingest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kuaitu/block/schema"
)

// TestPackDatum builds packs whose boundaries or buildings are not in the datum they are declared in.
func TestPackDatum(t *testing.T) {
	data := realData(t)
	const osm, datav = "boundaries_shenzhen_osm.geojson.gz", "datav_districts_440300_shenzhen_gcj02.geojson"
	pack := func(buildings string, boundaries ...string) string {
		dir := t.TempDir()
		for _, name := range []string{osm, datav, "divisions_shenzhen.csv", "buildings_shenzhen.geojson.gz"} {
			path, err := filepath.Abs(filepath.Join(data, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
				t.Skip("no symbolic links here")
			}
		}
		imports := ""
		if buildings != "" {
			imports = fmt.Sprintf(`,"imports":[{"file":"buildings_shenzhen.geojson.gz","kind":"building","datum":%q}]`, buildings)
		}
		doc := `{"pack":1,"name":"深圳市","divisions":{"file":"divisions_shenzhen.csv"},"boundaries":[` + strings.Join(boundaries, ",") + "]" + imports + "}"
		if err := os.WriteFile(filepath.Join(dir, "pack.json"), []byte(doc), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	file := func(name, datum string) string {
		return fmt.Sprintf(`{"file":%q,"datum":%q,"name":"name","level":"level"}`, name, datum)
	}
	for name, c := range map[string]struct {
		dir  string
		says string // "" for no word about a datum
	}{
		"right":                      {pack("wgs84", file(osm, "wgs84")), ""},
		"right, in gcj02":            {pack("wgs84", file(datav, "gcj02")), ""},
		"boundaries in gcj02":        {pack("wgs84", file(datav, "wgs84")), datav + " look like GCJ-02, but are declared as WGS84"},
		"boundaries not in gcj02":    {pack("wgs84", file(osm, "gcj02")), osm + " look like WGS 84, but are declared as GCJ02"},
		"buildings not in gcj02":     {pack("gcj02", file(osm, "wgs84")), "buildings_shenzhen.geojson.gz look like WGS 84"},
		"beside other boundaries":    {pack("", file(osm, "wgs84"), file(datav, "wgs84")), datav + " lies"},
		"right beside the others":    {pack("", file(osm, "wgs84"), file(datav, "gcj02")), ""},
		"nothing to compare it with": {pack("", file(datav, "wgs84")), ""},
	} {
		city, err := BuildCity(context.Background(), c.dir, CityOptions{Set: schema.Builtin(), Now: time.Unix(0, 0)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var about []string
		for _, w := range city.Warnings {
			if strings.Contains(w, "declared as") {
				about = append(about, w)
			}
		}
		got := strings.ToLower(strings.Join(about, "\n"))
		if c.says == "" && got != "" || !strings.Contains(got, strings.ToLower(c.says)) || len(about) > 1 {
			t.Errorf("%s: warnings %q, want %q", name, about, c.says)
		}
	}
}
