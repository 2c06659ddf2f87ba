package geofile_test

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/geo/geofile"
)

var exportColumns = []geofile.Column{{Name: "name", Kind: geofile.Text}, {Name: "floors", Kind: geofile.Int}, {Name: "height", Kind: geofile.Float}, {Name: "code", Kind: geofile.Text}, {Name: "made", Kind: geofile.Bool}}

func row(texts ...string) []geofile.Value {
	out := make([]geofile.Value, len(texts))
	for i, s := range texts {
		if s != "" {
			out[i] = geofile.Value{Kind: geofile.Text, Text: s}
		}
	}
	return out
}

var exported = []geofile.Feature{
	{ID: "1", Geometry: orb.Polygon{{{114, 22}, {114, 22.1}, {114.1, 22.1}, {114.1, 22}, {114, 22}}}, Values: row("市民中心\"\n\\,", "12", "36.5", "440305199001011234", "true")},
	{ID: "2", Geometry: orb.Point{114.05, 22.54}, Values: row("=cmd|' /C calc'!A0", "-3", "-1e3", "0012", "false")},
	{ID: "3", Values: row("@x", "12", "", "-12")},
	{ID: "4", Geometry: orb.MultiPolygon{{{{113, 21}, {113.1, 21}, {113.1, 21.1}, {113, 21}}}}, Values: row("'=already", "", "+3", "", "")},
}

func export(t *testing.T, path string, opts geofile.WriteOptions, fs []geofile.Feature) {
	t.Helper()
	w, err := geofile.Create(context.Background(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for _, f := range fs {
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("beside %s lie %v, %v", filepath.Base(path), left, err)
	}
}

func TestExportsComeBack(t *testing.T) {
	for format, ext := range map[geofile.Format]string{geofile.FormatGeoJSON: ".geojson", geofile.FormatCSV: ".csv", geofile.FormatGeoPackage: ".gpkg"} {
		path := filepath.Join(t.TempDir(), "楼栋 100%#?"+ext)
		export(t, path, geofile.WriteOptions{Format: format, Columns: exportColumns}, exported)
		s := open(t, path, geofile.Options{})
		fs, lost, err := all(s)
		if err != nil || len(lost) > 0 || len(fs) != len(exported) {
			t.Errorf("%s: %d records, lost %v, %v", format, len(fs), lost, err)
			continue
		}
		for i, f := range fs {
			want := exported[i]
			for k, c := range exportColumns {
				got, wanted := text(s, f, c.Name), want.Value(k).Text
				if format == geofile.FormatGeoPackage { // SQLite knows numbers, not their texts
					wanted = map[string]string{"-1e3": "-1000", "+3": "3", "true": "1", "false": "0"}[wanted]
					if wanted == "" {
						wanted = want.Value(k).Text
					}
				}
				if got != wanted {
					t.Errorf("%s: record %d: %s = %q, want %q", format, i, c.Name, got, wanted)
				}
			}
			p, _ := geo.InnerPoint(f.Geometry)
			q, _ := geo.InnerPoint(want.Geometry)
			if geo.Distance(p, q) > 0.02 || (f.Geometry == nil) != (want.Geometry == nil) {
				t.Errorf("%s: record %d: at %v, want %v", format, i, f.Geometry, want.Geometry)
			}
		}
	}
}

func TestGeoJSONBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.geojson")
	export(t, path, geofile.WriteOptions{Format: geofile.FormatGeoJSON, Columns: exportColumns[:3]}, exported[:2])
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"FeatureCollection","features":[
{"type":"Feature","id":"1","properties":{"name":"市民中心\"\n\\,","floors":12,"height":36.5},"geometry":{"type":"Polygon","coordinates":[[[114,22],[114.1,22],[114.1,22.1],[114,22.1],[114,22]]]}},
{"type":"Feature","id":"2","properties":{"name":"=cmd|' /C calc'!A0","floors":-3,"height":-1e3},"geometry":{"type":"Point","coordinates":[114.05,22.54]}}
]}
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	export(t, filepath.Join(t.TempDir(), "b.geojson"), geofile.WriteOptions{Format: geofile.FormatGeoJSON}, nil)
}

func TestCSVBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	export(t, path, geofile.WriteOptions{Format: geofile.FormatCSV, Columns: exportColumns}, exported)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	body, ok := strings.CutPrefix(string(b), "\xef\xbb\xbf")
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || !ok || len(rows) != 5 {
		t.Fatalf("%d rows, mark %v, %v", len(rows), ok, err)
	}
	for i, want := range [][]string{
		{"name", "floors", "height", "code", "made", "lon", "lat", "wkt"},
		{"市民中心\"\n\\,", "12", "36.5", `="440305199001011234"`, "true", "114.05", "22.05", "POLYGON((114 22,114 22.1,114.1 22.1,114.1 22,114 22))"},
		{"'=cmd|' /C calc'!A0", "-3", "-1e3", `="0012"`, "false", "114.05", "22.54", ""},
		{"'@x", "12", "", "-12", "", "", "", ""},
		{"''=already", "", "+3", "", "", "113.075", "21.05", "MULTIPOLYGON(((113 21,113.1 21,113.1 21.1,113 21)))"},
	} {
		if strings.Join(rows[i], "|") != strings.Join(want, "|") {
			t.Errorf("row %d: %q, want %q", i, rows[i], want)
		}
	}
	if !strings.Contains(body, "\r\n") {
		t.Error("lines do not end as Excel wants them")
	}
}

func TestExportFaultsLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.gpkg")
	if err := os.WriteFile(path, []byte("the old file"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := geofile.Create(context.Background(), path, geofile.WriteOptions{Format: geofile.FormatGeoPackage, Geometry: "POINT"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(exported[0]); err == nil {
		t.Error("a polygon went into a layer of points")
	}
	if err := w.Close(); err == nil {
		t.Error("the file was completed after a fault")
	}
	for _, format := range []geofile.Format{geofile.FormatCSV, geofile.FormatGeoJSON, geofile.FormatGeoPackage} {
		w, err := geofile.Create(context.Background(), path, geofile.WriteOptions{Format: format})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(exported[1]); err != nil {
			t.Error(err)
		}
		w.Abort()
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "the old file" {
		t.Errorf("the old file is now %q, %v", b, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left over: %v", left)
	}
	if _, err := geofile.Create(context.Background(), filepath.Join(dir, "no", "a.csv"), geofile.WriteOptions{Format: geofile.FormatCSV}); err == nil {
		t.Error("a file in a folder that does not exist")
	}
	if _, err := geofile.Create(context.Background(), path, geofile.WriteOptions{Format: "dxf"}); err == nil {
		t.Error("dxf was begun")
	}
}
