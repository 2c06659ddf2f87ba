package console

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kuaitu/geo"
	"kuaitu/geo/geofile"
	"kuaitu/store"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/project"
)

// TestSurvey looks at the buildings of the shipped city as they would come from a map that uses GCJ-02, and from elsewhere.
func TestSurvey(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "city.gpkg")
	if _, err := InitStore(t.Context(), path, DemoPack, true, func(string, ...any) {}); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	known, err := shapesOf(t.Context(), st, "building", nil)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, move func(orb.Point) orb.Point) string {
		path := filepath.Join(dir, name)
		if err := writeFeatures(path, nil, func(write func(orb.Geometry, ...geofile.Value) error) error {
			for _, g := range known {
				if err := write(project.Geometry(orb.Clone(g), move)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return path
	}
	mars := file("mars.geojson", geo.WGS84ToGCJ02)
	same := file("same.geojson", func(p orb.Point) orb.Point { return p })
	away := file("away.geojson", func(p orb.Point) orb.Point { return orb.Point{p[0] + 1, p[1]} })
	for _, c := range []struct {
		file  string
		datum geo.Datum
		want  string // codes
	}{{mars, geo.WGS84, WarnGCJ}, {mars, geo.GCJ02, ""}, {same, geo.CGCS2000, ""}, {away, geo.WGS84, WarnElsewhere}} {
		got, err := Survey(t.Context(), st, ImportRequest{File: c.file, Kind: "building", Datum: c.datum})
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, w := range got {
			codes = append(codes, w.Code)
			if w.Code == WarnGCJ && (w.AsIs < 5*w.Converted || w.Converted > 5 || max(w.East, -w.East)+max(w.North, -w.North) < 100) {
				t.Errorf("%s: %+v", filepath.Base(c.file), w)
			}
		}
		if !slices.Contains(codes, c.want) && (c.want != "" || len(codes) > 0) {
			t.Errorf("%s as %v: %v, want %q", filepath.Base(c.file), c.datum, got, c.want)
		}
	}
	after, err := shapesOf(t.Context(), st, "building", nil)
	if err != nil || len(after) != len(known) {
		t.Errorf("there are %d buildings after looking, %d before, %v", len(after), len(known), err)
	}
	var told []Warning
	report, err := Import(t.Context(), st, ImportRequest{File: mars, Kind: "building", Datum: geo.WGS84, Warn: func(w Warning) { told = append(told, w) }})
	if err != nil || report.Seconds <= 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	for _, w := range told {
		if !slices.Contains(report.Warnings, w.String()) {
			t.Errorf("%q is not in the report", w)
		}
	}
	if len(told) == 0 || told[0].Code != WarnGCJ || !strings.Contains(told[0].String(), "look like GCJ-02") {
		t.Errorf("the import warned of %v", told)
	}
}
