package geofile_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"golang.org/x/text/encoding/simplifiedchinese"

	"kuaitu/geo"
	"kuaitu/geo/geofile"
)

const twoFeatures = `{
 "type": "FeatureCollection", "name": "x",
 "features": [
  {"type":"Feature","id":7,"properties":{"name":"甲\u4e59\"","n":440305199001011234,"big":4403070030030400042000003,"f":1.50,"b":true,"nil":null,"o":{"a":[1]}},
   "geometry":{"type":"Point","coordinates":[114.05,22.5,12.5]}},
  {"geometry":{"coordinates":[[[0,0],[1e0,0],[1,1],[0,0]]],"type":"Polygon"},"extra":[{"x":"}"}],"properties":{"late":"丙","name":"","n":2.5},"type":"Feature"}
 ], "bbox":[0,0,1,1]
}
`

func TestGeoJSON(t *testing.T) {
	s := open(t, written(t, "a.geojson", []byte(twoFeatures)), geofile.Options{})
	fs, lost, err := all(s)
	if err != nil || len(lost) > 0 || len(fs) != 2 {
		t.Fatalf("%d features, lost %v, %v", len(fs), lost, err)
	}
	for column, want := range map[string]string{"name": `甲乙"`, "n": "440305199001011234", "big": "4403070030030400042000003", "f": "1.50", "b": "true", "nil": "", "o": `{"a":[1]}`, "late": ""} {
		if got := text(s, fs[0], column); got != want {
			t.Errorf("%s = %q, want %q", column, got, want)
		}
	}
	kinds := map[string]geofile.Kind{"name": geofile.Text, "n": geofile.Float, "big": geofile.Text, "f": geofile.Float, "b": geofile.Bool, "nil": geofile.Null, "o": geofile.JSON, "late": geofile.Text}
	for _, c := range s.Columns() {
		if c.Kind != kinds[c.Name] {
			t.Errorf("column %s is %v, want %v", c.Name, c.Kind, kinds[c.Name])
		}
	}
	if fs[0].ID != "7" || fs[0].Line != 4 || fs[1].ID != "" || fs[1].Line != 6 {
		t.Errorf("ids and lines: %q %d, %q %d", fs[0].ID, fs[0].Line, fs[1].ID, fs[1].Line)
	}
	if !orb.Equal(fs[0].Geometry, orb.Point{114.05, 22.5}) || !orb.Equal(fs[1].Geometry, orb.Polygon{{{0, 0}, {1, 0}, {1, 1}, {0, 0}}}) {
		t.Errorf("geometries %v, %v", fs[0].Geometry, fs[1].Geometry)
	}
	if again, _, _ := all(s); len(again) != 2 || again[1].Line != 6 {
		t.Errorf("a second pass gave %d features", len(again))
	}
}

func TestGeoJSONForms(t *testing.T) {
	gb := func(s string) string {
		out, err := simplifiedchinese.GB18030.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	zipped := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write([]byte(s))
		z.Close()
		return b.String()
	}
	feature := `{"type":"Feature","properties":{"name":"深圳市福田区香蜜湖街道"},"geometry":{"type":"Point","coordinates":[114,22.5]}}`
	for name, c := range map[string]struct {
		file, content string
		count         int
	}{
		"one feature":       {"a.json", feature, 1},
		"a geometry":        {"a.geojson", `{"coordinates":[114,22.5],"type":"Point"}`, 1},
		"byte order mark":   {"a.geojson", "\xef\xbb\xbf" + feature, 1},
		"lines":             {"a.geojsonl", feature + "\n" + feature + "\n\n" + feature, 3},
		"lines, other name": {"a.json", feature + "\n" + feature + "\n", 2},
		"record separators": {"a.json", "\x1e" + feature + "\n\x1e" + feature + "\n", 2},
		"gzip":              {"a.geojson.gz", zipped(feature), 1},
		"GB 18030":          {"a.geojson", gb(feature), 1},
		"no name at all":    {"data", feature, 1},
		"collection":        {"a.geojson", `{"type":"FeatureCollection","features":[` + feature + "," + feature + "]}", 2},
		"empty collection":  {"a.geojson", `{"features":[],"type":"FeatureCollection"}`, 0},
	} {
		s := open(t, written(t, c.file, []byte(c.content)), geofile.Options{})
		fs, lost, err := all(s)
		if err != nil || len(lost) > 0 || len(fs) != c.count {
			t.Errorf("%s: %d features, lost %v, %v; want %d", name, len(fs), lost, err, c.count)
			continue
		}
		for _, f := range fs {
			if !orb.Equal(f.Geometry, orb.Point{114, 22.5}) {
				t.Errorf("%s: %v", name, f.Geometry)
			}
			if v := text(s, f, "name"); len(f.Values) > 0 && v != "深圳市福田区香蜜湖街道" {
				t.Errorf("%s: name %q", name, v)
			}
		}
	}
}

func TestGeoJSONFaults(t *testing.T) {
	ok := `{"type":"Feature","properties":{"a":1},"geometry":{"type":"Point","coordinates":[1,2]}}`
	wrap := func(features string) string {
		return "{\"type\":\"FeatureCollection\",\n\"features\":[\n" + features + "\n]}"
	}
	for name, c := range map[string]struct {
		content    string
		good, lost int
		line       int64  // of the first error
		says       string // in it
		ends       bool   // the file
	}{
		"bad type":         {wrap(ok + ",\n" + `{"type":"Feature","geometry":{"type":"Blob","coordinates":[1,2]}}` + ",\n" + ok), 2, 1, 4, "Blob", false},
		"short position":   {wrap(`{"type":"Feature","geometry":{"type":"Point","coordinates":[1]}},` + "\n" + ok), 1, 1, 3, "fewer than two", false},
		"text coordinate":  {wrap(`{"type":"Feature","geometry":{"type":"Point","coordinates":["1","2"]}}`), 0, 1, 3, "number", false},
		"no coordinates":   {wrap(`{"type":"Feature","geometry":{"type":"Point"}}`), 0, 1, 3, "no coordinates", false},
		"not a feature":    {wrap(`7,` + ok), 1, 1, 3, "where a feature", false},
		"bad value":        {wrap(`{"type":"Feature","properties":{"a":tru},"geometry":null},` + ok), 1, 1, 3, "tru", false},
		"missing comma":    {wrap(ok + "\n" + ok), 1, 0, 4, "not valid JSON", true},
		"cut in a feature": {wrap(ok + ",\n" + ok)[:150], 1, 0, 4, "cut off", true},
		"cut in the list":  {wrap(ok)[:len(wrap(ok))-2], 1, 0, 4, "cut off", true},
		"unknown system":   {`{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"EPSG:2435"}},"features":[` + ok + `]}`, 0, 0, 1, "EPSG:2435", true},
		"too deep":         {wrap(ok + ",\n" + strings.Repeat("[", 100) + strings.Repeat("]", 100)), 1, 0, 4, "nested deeper", true},
		"after the end":    {wrap(ok) + "x", 1, 0, 4, "after the end", true},
		"broken line":      {ok + "\n{\"type\":\n" + ok + "\n", 2, 1, 2, "", false},
	} {
		file := "a.geojson"
		if name == "broken line" {
			file = "a.geojsonl"
		}
		s, err := geofile.Open(context.Background(), written(t, file, []byte(c.content)), geofile.Options{})
		var fs []geofile.Feature
		var lost []*geofile.RecordError
		if err == nil {
			fs, lost, err = all(s)
		}
		if len(fs) != c.good || len(lost) != c.lost || (err != nil) != c.ends {
			t.Errorf("%s: %d good, lost %v, end %v", name, len(fs), lost, err)
			continue
		}
		if !c.ends {
			err = lost[0]
		}
		if got := err.Error(); !strings.Contains(got, c.says) || !strings.HasPrefix(got, file+":"+string(rune('0'+c.line))+": ") {
			t.Errorf("%s: %q, want line %d and %q", name, got, c.line, c.says)
		}
	}
	for name, content := range map[string]string{"empty": "", "an array": "[1,2]", "text": "hello, world", "open brace": "{"} {
		if s, err := geofile.Open(context.Background(), written(t, "a.geojson", []byte(content)), geofile.Options{}); err == nil {
			t.Errorf("%s was opened: %v", name, s.Format)
		}
	}
}

func TestGeoJSONDeclaredSystems(t *testing.T) {
	for name, c := range map[string]struct {
		crs   string
		x, y  string
		datum geo.Datum
	}{
		"CRS84":   {"urn:ogc:def:crs:OGC:1.3:CRS84", "113.912316", "22.543847", geo.WGS84},
		"4490":    {"urn:ogc:def:crs:EPSG::4490", "113.912316", "22.543847", geo.CGCS2000},
		"GK":      {"EPSG:4547", "490980.488989784", "2494025.45908931", geo.CGCS2000},
		"GK zone": {"urn:ogc:def:crs:EPSG::4526", "38490980.488989784", "2494025.45908931", geo.CGCS2000},
		"web":     {"http://www.opengis.net/def/crs/EPSG/0/3857", "12680661.0122025", "2576947.06937807", geo.WGS84},
	} {
		content := `{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"` + c.crs + `"}},"features":[{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[` + c.x + "," + c.y + "]}}]}"
		s := open(t, written(t, "a.geojson", []byte(content)), geofile.Options{})
		fs, _, err := all(s)
		if err != nil || len(fs) != 1 || s.Declared == nil || *s.Declared != c.datum {
			t.Errorf("%s: %v, %d features, declared %v", name, err, len(fs), s.Declared)
			continue
		}
		if p := fs[0].Geometry.(orb.Point); geo.Distance(p, orb.Point{113.912316, 22.543847}) > 0.5 {
			t.Errorf("%s: at %v", name, p)
		}
	}
}

func TestRealGeoJSON(t *testing.T) {
	for name, c := range map[string]struct {
		count  int
		column string
		first  string
	}{
		"buildings_shenzhen.geojson.gz":                 {71666, "building", ""},
		"buildings_macau.geojson.gz":                    {11994, "name_zh", ""},
		"boundaries_shenzhen_osm.geojson.gz":            {280, "level", ""},
		"districts_shenzhen_wgs84_land.geojson":         {10, "qh", ""},
		"datav_districts_420100_wuhan_gcj02.geojson":    {13, "center", ""},
		"datav_districts_440300_shenzhen_gcj02.geojson": {9, "adcode", "440303"},
		"streets74_shenzhen_gcj02.geojson.gz":           {74, "NAME", ""},
		"roads_futian_west.geojson.gz":                  {2593, "highway", ""},
	} {
		s := open(t, realFile(t, name), geofile.Options{})
		fs, lost, err := all(s)
		if err != nil || len(lost) > 0 || len(fs) != c.count {
			t.Errorf("%s: %d features, lost %v, %v; want %d", name, len(fs), lost, err, c.count)
			continue
		}
		if got := text(s, fs[0], c.column); got == "" || c.first != "" && got != c.first {
			t.Errorf("%s: first %s is %q", name, c.column, got)
		}
	}
}

func FuzzGeoJSON(f *testing.F) {
	f.Add([]byte(twoFeatures))
	f.Add([]byte(`{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}`))
	f.Add([]byte("{\"type\":\"Feature\",\"geometry\":null}\n{\"type\":\"Feature\"}\n"))
	f.Add([]byte(`{"features":[{"id":"a\"","geometry":{"geometries":[],"type":"GeometryCollection"}}]}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := geofile.Open(context.Background(), overwritten(t, dir, "a.geojson", b), geofile.Options{})
		if err != nil {
			return
		}
		fs, lost, end := all(s)
		again, lost2, end2 := all(s)
		if len(fs) != len(again) || len(lost) != len(lost2) || (end == nil) != (end2 == nil) {
			t.Errorf("two passes differ: %d %d %v, %d %d %v", len(fs), len(lost), end, len(again), len(lost2), end2)
		}
		for _, f := range fs {
			if len(f.Values) > len(s.Columns()) {
				t.Errorf("%d values in %d columns", len(f.Values), len(s.Columns()))
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkGeoJSON(b *testing.B) {
	path := realFile(b, "buildings_shenzhen.geojson.gz")
	b.ReportAllocs()
	for b.Loop() {
		s := open(b, path, geofile.Options{})
		n := 0
		for _, err := range s.Features(context.Background()) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 71666 {
			b.Fatal(n)
		}
	}
	b.ReportMetric(71666*float64(b.N)/b.Elapsed().Seconds(), "features/s")
}
