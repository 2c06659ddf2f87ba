package ingest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/geo"
	"kuaitu/geo/geofile"
)

// realData returns the folder of real data, or skips; KUAITU_DATA_REQUIRED=1 makes its absence a failure.
func realData(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("KUAITU_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
			t.Fatalf("real data is required: %v", err)
		}
		t.Skip("no real data here (KUAITU_DATA)")
	}
	return dir
}

func plan(t testing.TB, kind block.Kind) *schema.Plan {
	t.Helper()
	p, err := schema.Builtin().Plan(kind)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func runFile(t testing.TB, path string, opt Options) ([]Row, Report) {
	t.Helper()
	src, err := geofile.Open(context.Background(), path, geofile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	digest, err := Digest(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows []Row
	var report Report
	for r, err := range Run(context.Background(), src, digest, opt, &report) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows, report
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const square = `{"type":"Polygon","coordinates":[[[114,22],[114.001,22],[114.001,22.001],[114,22.001],[114,22]]]}`

func TestRunCountsEveryRecord(t *testing.T) {
	path := write(t, "b.geojson", `{"type":"FeatureCollection","features":[
{"type":"Feature","id":1,"properties":{"名称":"甲楼","levels":"3","building":"apartments"},"geometry":`+square+`},
{"type":"Feature","id":2,"properties":{"名称":"乙楼","levels":"three"},"geometry":`+square+`},
{"type":"Feature","id":3,"properties":{"名称":"丙楼"},"geometry":null},
{"type":"Feature","id":4,"properties":{},"geometry":{"type":"Point","coordinates":[114,22]}},
{"type":"Feature","id":5,"properties":{"code":"4.40305E+17"},"geometry":`+square+`},
{"type":"Feature","id":6,"properties":{},"geometry":{"type":"Polygon","coordinates":[[[114,22],[114.001,22.001],[114.001,22],[114,22.001],[114,22]]]}}
]}`)
	p := plan(t, "building")
	rows, report := runFile(t, path, Options{Plan: p, Datum: geo.WGS84})
	if report.Read != 6 || report.Accepted != 1 || report.Repaired != 2 || report.Rejected != 3 {
		t.Errorf("report = %+v", report)
	}
	if report.Accepted+report.Repaired+report.Rejected != report.Read || int64(len(rows)) != report.Accepted+report.Repaired {
		t.Errorf("the report does not add up with %d rows: %+v", len(rows), report)
	}
	for _, reason := range []string{"floors: not-a-number", "geometry: missing", "geometry: not-an-area", "code: number-destroyed-by-spreadsheet"} {
		if report.Reasons[reason] != 1 {
			t.Errorf("reason %q is counted %d times, want 1 (%v)", reason, report.Reasons[reason], report.Reasons)
		}
	}
	first := rows[0].Record
	if p.Get(first, "name").Text() != "甲楼" || p.Get(first, "floors").Int() != 3 || p.Get(first, "use").Text() != "residential" || p.Get(first, "source_id").Text() != "1" {
		t.Errorf("first record = %v", first.Values)
	}
	again, _ := runFile(t, path, Options{Plan: p, Datum: geo.WGS84})
	if !slices.EqualFunc(rows, again, func(a, b Row) bool { return a.Record.ID == b.Record.ID }) {
		t.Error("reading the file again gives other IDs")
	}
}

func TestRunSaysWhyARecordIsBroken(t *testing.T) {
	path := write(t, "p.csv", "名称,类型,经度,纬度\n甲,灯,114°03',22°32'\n乙,灯,１１４．０５,二十二\n")
	rows, report := runFile(t, path, Options{Plan: plan(t, "facility"), Datum: geo.CGCS2000})
	if len(rows) != 1 || len(report.Examples) != 1 {
		t.Fatalf("%d rows of %+v", len(rows), report)
	}
	want := Example{Line: 3, Reason: "broken-record", Cause: `column "纬度": "二十二" is no coordinate in degrees`, Refused: true}
	if report.Examples[0] != want || report.Reasons["broken-record"] != 1 {
		t.Errorf("%+v, want %+v", report, want)
	}
}

func TestRunShiftsDatum(t *testing.T) {
	path := write(t, "p.csv", "名称,lon,lat\n某处,113.9171764808363,22.540796131694766\n")
	p := plan(t, "facility")
	rows, report := runFile(t, path, Options{Plan: p, Datum: geo.GCJ02, Mapping: Mapping{"名称": "name", "lon": "type"}})
	if report.Accepted != 1 {
		t.Fatalf("report = %+v", report)
	}
	g, err := geo.ParseWKB(rows[0].Record.Geometry)
	if err != nil {
		t.Fatal(err)
	}
	if d := geo.Distance(g.Bound().Min, [2]float64{113.912316, 22.543847}); d > 0.05 {
		t.Errorf("the point is %.2f m from its place", d)
	}
}

func TestRunEndsWithTheFilesError(t *testing.T) {
	path := write(t, "cut.geojson", `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":`+square+`},{"type":"Fea`)
	src, err := geofile.Open(context.Background(), path, geofile.Options{})
	if err == nil {
		defer src.Close()
		var report Report
		for _, e := range Run(context.Background(), src, [32]byte{}, Options{Plan: plan(t, "building")}, &report) {
			if e != nil {
				err = e
			}
		}
		if !errors.Is(err, block.ErrInvalid) {
			t.Errorf("error = %v, want ErrInvalid", err)
		}
	}
	if err == nil {
		t.Error("a file that is cut off was read without an error")
	}
}

func TestRunStopsWithItsCaller(t *testing.T) {
	dir := realData(t)
	src, err := geofile.Open(context.Background(), filepath.Join(dir, "buildings_shenzhen.geojson.gz"), geofile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var report Report
	n := 0
	for range Run(context.Background(), src, [32]byte{}, Options{Plan: plan(t, "building")}, &report) {
		if n++; n == 1000 {
			break
		}
	}
	if report.Read >= 71666 {
		t.Errorf("%d records were read although the caller stopped at 1000", report.Read)
	}
}

func TestShenzhenBuildings(t *testing.T) {
	rows, report := runFile(t, filepath.Join(realData(t), "buildings_shenzhen.geojson.gz"), Options{Plan: plan(t, "building"), Datum: geo.WGS84})
	if report.Read != 71666 || report.Rejected != 0 {
		t.Errorf("read %d, rejected %d, want 71666 and 0: %v", report.Read, report.Rejected, report.Reasons)
	}
	if int64(len(rows)) != report.Accepted+report.Repaired {
		t.Errorf("%d rows for %+v", len(rows), report)
	}
	crossing := map[string]bool{}
	for _, e := range report.Examples {
		crossing[e.ID] = true
	}
	for _, id := range []string{"39201", "45772", "66723"} {
		if !crossing[id] {
			t.Errorf("the self-intersecting building %s is not in the report (%v)", id, report.Reasons)
		}
	}
}

func BenchmarkRunShenzhen(b *testing.B) {
	path := filepath.Join(realData(b), "buildings_shenzhen.geojson.gz")
	b.ReportAllocs()
	for b.Loop() {
		runFile(b, path, Options{Plan: plan(b, "building"), Datum: geo.WGS84})
	}
}

func TestRunNamesRecordsByTheirPlace(t *testing.T) {
	one := `{"type":"Feature","properties":{"name":"x"},"geometry":` + square + `}`
	rows, report := runFile(t, write(t, "line.geojson", `{"type":"FeatureCollection","features":[`+one+`,`+one+`,{"type":"Feature","geometry":7},`+one+`]}`), Options{Plan: plan(t, "building")})
	if len(rows) != 3 || report.Read != 4 {
		t.Fatalf("%d rows of %+v, want 3 of 4", len(rows), report)
	}
	ids := map[block.ID]bool{}
	for _, r := range rows {
		ids[r.Record.ID] = true
	}
	if len(ids) != 3 {
		t.Errorf("%d IDs for 3 records on one line", len(ids))
	}
	if want := block.BulkID(0, 0, 4); rows[2].Record.ID[15] != want[15] {
		t.Errorf("the fourth record, after a broken one, is called %s", rows[2].Record.ID)
	}
}
