package ingest

import (
	"strings"
	"testing"

	"kuaitu/block"
	"kuaitu/geo"
)

func TestRunTellsOfDoubleIDs(t *testing.T) {
	feature := func(id string) string {
		return `{"type":"Feature","id":` + id + `,"properties":{"name":"x"},"geometry":` + square + `}`
	}
	for _, c := range []struct {
		name, kind, content string
		rows                int
		want                string // in the warnings; "" for none
	}{
		{"lines.geojsonl", "building", feature("7") + "\n" + feature("8") + "\n" + feature("7") + "\n" + feature("7") + "\n", 4,
			`2 records have the ID of an earlier one (first "7", lines 1 and 3); all are kept, each as a record of its own`},
		{"one.geojson", "building", `{"type":"FeatureCollection","features":[` + feature("7") + "," + feature("7") + `]}`, 2, `(first "7", records 1 and 2)`},
		{"column.csv", "facility", "osm_id,name,type,lon,lat\n1,a,灯,114,22\n2,b,灯,114,22\n2,c,灯,114,22\n", 3, `(first "2", lines 3 and 4)`},
		{"apart.csv", "facility", "osm_id,name,type,lon,lat\n1,a,灯,114,22\n2,b,灯,114,22\n,c,灯,114,22\n,d,灯,114,22\n", 4, ""},
		{"export.csv", "facility", "id,region_code,ver,name,type,lon,lat\n00000000-0000-8000-8000-000000000001,1,1,a,灯,114,22\n00000000-0000-8000-8000-000000000001,1,1,b,灯,114,22\n", 2,
			"lines 2 and 3); of those with one ID the last is taken"},
	} {
		rows, report := runFile(t, write(t, c.name, c.content), Options{Plan: plan(t, block.Kind(c.kind)), Datum: geo.CGCS2000})
		warnings := strings.Join(report.Warnings, "; ")
		if len(rows) != c.rows {
			t.Errorf("%s: %d rows of %+v", c.name, len(rows), report)
		}
		if c.want == "" && strings.Contains(warnings, "earlier one") || !strings.Contains(warnings, c.want) {
			t.Errorf("%s: warnings %q, want %q", c.name, warnings, c.want)
		}
	}
}
