package geo_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
)

// realFeatures returns the features of a GeoJSON file of the real input data, which are not to be changed. Without the data
// the test is skipped, or fails where it is required.
func realFeatures(tb testing.TB, name string) []realFeature {
	tb.Helper()
	if out, ok := realFiles[name]; ok {
		return out
	}
	dir := os.Getenv("KUAITU_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	} else if !filepath.IsAbs(dir) {
		dir = filepath.Join("..", dir)
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
			tb.Fatal(err)
		}
		tb.Skip("no real data here: ", err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			tb.Fatal(err)
		}
	}
	var file struct {
		Features []struct {
			ID         int
			Properties map[string]any
			Geometry   struct {
				Type        string
				Coordinates json.RawMessage
			}
		}
	}
	if err := json.NewDecoder(r).Decode(&file); err != nil {
		tb.Fatal(err)
	}
	out := make([]realFeature, len(file.Features))
	for i, f := range file.Features {
		out[i] = realFeature{id: f.ID, properties: f.Properties}
		switch f.Geometry.Type {
		case "Polygon":
			var g orb.Polygon
			err = json.Unmarshal(f.Geometry.Coordinates, &g)
			out[i].geometry = g
		case "MultiPolygon":
			var g orb.MultiPolygon
			err = json.Unmarshal(f.Geometry.Coordinates, &g)
			out[i].geometry = g
		default:
			tb.Fatalf("%s: feature %d is a %s", name, i, f.Geometry.Type)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	realFiles[name] = out
	return out
}

var realFiles = map[string][]realFeature{} // read once; tests here do not run in parallel

// realFeature is one feature with the little that these tests look at.
type realFeature struct {
	id         int
	properties map[string]any
	geometry   orb.Geometry
}

func TestRealBuildings(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 71,666 buildings")
	}
	defects := map[int][]geo.Defect{}
	for _, f := range realFeatures(t, "buildings_shenzhen.geojson.gz") {
		id := f.id
		fixed, d, err := geo.Repair(f.geometry)
		if err != nil {
			t.Errorf("building %v: %v", id, err)
			continue
		}
		if len(d) > 0 {
			defects[id] = d
		}
		if again, d, err := geo.Repair(fixed); err != nil || len(d) > 0 || !orb.Equal(again, fixed) {
			t.Errorf("building %v: repaired twice: %v, %v", id, d, err)
		}
		if p, ok := geo.InnerPoint(fixed); !ok || !geo.Contains(fixed, p) {
			t.Errorf("building %v: inner point %v is outside", id, p)
		}
	}
	for _, id := range []int{39201, 45772, 66723} { // the file's own description
		if d := defects[id]; len(d) != 1 || d[0].Kind != geo.SelfIntersection {
			t.Errorf("building %d: defects %v", id, d)
		}
	}
	if len(defects) != 3 {
		t.Errorf("%d buildings with defects, want 3: %v", len(defects), defects)
	}
}
