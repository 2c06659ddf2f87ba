package geofile_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/geo/geofile"
)

// foreign makes a GeoPackage as other programs do, from statements after the usual tables.
func foreign(t testing.TB, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "别人的 #1.gpkg")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range append([]string{
		`CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT, organization_coordsys_id INTEGER, definition TEXT)`,
		`CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT, srs_id INTEGER)`,
		`CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER, z, m)`,
		`INSERT INTO gpkg_spatial_ref_sys VALUES ('wgs', 4326, 'EPSG', 4326, ''), ('gk', 100001, 'EPSG', 4547, ''), ('gk by text', 100002, 'NONE', 7,
			'PROJCS["x CGCS2000",GEOGCS["CGCS2000"],PROJECTION["Transverse_Mercator"],PARAMETER["central_meridian",114],PARAMETER["false_easting",500000],PARAMETER["scale_factor",1],UNIT["metre",1]]'),
			('beijing', 2435, 'EPSG', 2435, 'PROJCS["Beijing 1954 / 3-degree",GEOGCS["Beijing 1954"],PROJECTION["Transverse_Mercator"]]')`,
	}, statements...) {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err, q)
		}
	}
	return path
}

func layer(srs, blob string) []string {
	return []string{
		`CREATE TABLE "楼 ""a""" (id INTEGER PRIMARY KEY, Shape POINT, "名称" TEXT, n INTEGER, f DOUBLE, b BOOLEAN, d DATE, x BLOB)`,
		`INSERT INTO gpkg_contents VALUES ('楼 "a"', 'features', ` + srs + `)`,
		`INSERT INTO gpkg_geometry_columns VALUES ('楼 "a"', 'Shape', 'POINT', ` + srs + `, 0, 0)`,
		`INSERT INTO "楼 ""a""" VALUES (7, ` + blob + `, '市民中心', 440305199001011234, 1.5, 1, '2018-02-08', x'00ff'), (8, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (9, x'4750', 'x', 'text', 2, 0, NULL, NULL)`,
	}
}

func blob(p orb.Point) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range geo.AppendGPKG(nil, p, 1) {
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return "x'" + b.String() + "'"
}

func TestForeignGeoPackage(t *testing.T) {
	k, _ := geo.GaussKrugerEPSG(4547)
	want := orb.Point{114.0571, 22.5431}
	for name, c := range map[string]struct {
		srs   string
		at    orb.Point
		datum geo.Datum
	}{
		"WGS 84":     {"4326", want, geo.WGS84},
		"GK":         {"100001", k.Forward(want), geo.CGCS2000},
		"GK by text": {"100002", k.Forward(want), geo.CGCS2000},
	} {
		s := open(t, foreign(t, layer(c.srs, blob(c.at))...), geofile.Options{})
		fs, lost, err := all(s)
		if err != nil || len(fs) != 2 || len(lost) != 1 || lost[0].Line != 3 || s.Count != 3 || s.Name != `楼 "a"` {
			t.Errorf("%s: %d features, lost %v, %v, count %d of %q", name, len(fs), lost, err, s.Count, s.Name)
			continue
		}
		if s.Declared == nil || *s.Declared != c.datum || geo.Distance(fs[0].Geometry.(orb.Point), want) > 0.001 || fs[1].Geometry != nil {
			t.Errorf("%s: %v in %v, %v", name, fs[0].Geometry, s.Declared, fs[1].Geometry)
		}
		for column, want := range map[string]string{"id": "7", "名称": "市民中心", "n": "440305199001011234", "f": "1.5", "b": "1", "d": "2018-02-08", "x": ""} {
			if got := text(s, fs[0], column); got != want {
				t.Errorf("%s: %s = %q, want %q", name, column, got, want)
			}
		}
		if fs[0].ID != "7" || fs[1].Line != 2 || !fs[1].Value(1).IsNull() {
			t.Errorf("%s: id %q, %+v", name, fs[0].ID, fs[1])
		}
	}
	attributes := foreign(t, append(layer("4326", blob(want)), `CREATE TABLE persons (code TEXT, age INT)`, `INSERT INTO persons VALUES ('01', 3)`,
		`INSERT INTO gpkg_contents VALUES ('persons', 'attributes', 0)`)...)
	layers, err := geofile.Layers(context.Background(), attributes)
	if err != nil || strings.Join(layers, "|") != `楼 "a"|persons` {
		t.Errorf("layers %q, %v", layers, err)
	}
	s := open(t, attributes, geofile.Options{Layer: "persons"})
	if fs, _, err := all(s); err != nil || len(fs) != 1 || text(s, fs[0], "code") != "01" || fs[0].Geometry != nil {
		t.Errorf("%v, %v", fs, err)
	}
}

func TestGeoPackageFaults(t *testing.T) {
	whole := foreign(t, layer("4326", "NULL")...)
	b, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "e.gpkg")
	db, err := sql.Open("sqlite", empty)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE x (a)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, layer, says string }{
		"other system": {foreign(t, layer("2435", "NULL")...), "", "Beijing 1954"},
		"no layer":     {whole, "x", `has no layer "x"`},
		"no tables":    {foreign(t), "", "no tables"},
		"no package":   {empty, "", "no GeoPackage"},
		"cut off":      {written(t, "c.gpkg", b[:len(b)/3]), "", ""},
		"header only":  {written(t, "h.gpkg", b[:100]), "", ""},
		"lost table":   {foreign(t, `INSERT INTO gpkg_contents VALUES ('gone', 'attributes', 0)`), "", "has no table"},
	} {
		s, err := geofile.Open(context.Background(), c.path, geofile.Options{Layer: c.layer})
		if err == nil {
			_, _, err = all(s)
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), filepath.Base(c.path)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// A store that another program left in WAL mode is read without being changed.
func TestGeoPackageInWAL(t *testing.T) {
	path := foreign(t, append([]string{"PRAGMA journal_mode=WAL"}, layer("4326", blob(orb.Point{114, 22}))...)...)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, path, geofile.Options{})
	if fs, _, err := all(s); err != nil || len(fs) != 2 {
		t.Errorf("%d features, %v", len(fs), err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("reading changed the file: %v", err)
	}
}
