package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestE2EExportComesBack exports every kind in every format and brings it in again: nothing doubles, and what was changed in
// the file changes its record.
func TestE2EExportComesBack(t *testing.T) {
	t.Parallel()
	store := standalone(t, true)
	dir := t.TempDir()
	for _, kind := range []string{"building", "region", "event", "person", "room"} {
		want := total(t, store, kind)
		for _, format := range []string{"gpkg", "csv", "geojson"} {
			path := filepath.Join(dir, kind+"."+format)
			ctl(t, "export", path, "--store", store, "--kind", kind, "--format", format).want(t, 0)
			r := importFile(t, store, path, kind, "--datum", "cgcs2000")
			if r.Read != want || r.Accepted != want || r.Unchanged != want || r.Updated != 0 || len(r.Warnings) > 0 {
				t.Errorf("%s as %s comes back as %+v, want %d unchanged", kind, format, r, want)
			}
			if n := total(t, store, kind); n != want {
				t.Fatalf("%s as %s: %d records after it came back, want %d", kind, format, n, want)
			}
		}
	}
	path := filepath.Join(dir, "building.csv")
	id := buildingAt(t, store, 4)
	lines := strings.Split(string(mustRead(t, path)), "\n")
	var head []string
	for i, l := range lines {
		if i == 0 {
			head = strings.Split(strings.TrimPrefix(strings.TrimSpace(l), "\ufeff"), ",")
		}
		if strings.HasPrefix(l, id) {
			cells := strings.Split(l, ",")
			for k, name := range head {
				if name == "note" {
					cells[k] = "改过"
				}
			}
			lines[i] = strings.Join(cells, ",")
		}
	}
	writeFile(t, path, []byte(strings.Join(lines, "\n")))
	n := total(t, store, "building")
	if r := importFile(t, store, path, "building", "--datum", "cgcs2000"); r.Accepted != n || r.Updated != 1 || r.Unchanged != n-1 {
		t.Errorf("an export with one change comes back as %+v", r)
	}
	if got := field(t, store, "building", id, "note"); got != "改过" {
		t.Errorf("the changed note reads %q", got)
	}
	ctl(t, "verify", "--store", store).want(t, 0)

	// the same through the outbox of an enrolled store, and on the server
	c := newCity(t)
	a := c.console("")
	before := total(t, a, "building")
	out := filepath.Join(dir, "enrolled.geojson")
	ctl(t, "export", out, "--store", a, "--kind", "building", "--format", "geojson").want(t, 0)
	id = buildingAt(t, a, 7)
	edit(t, a, "building", id, "note=先")
	if r := importFile(t, a, out, "building", "--datum", "cgcs2000"); r.Unchanged != before-1 || r.Updated != 1 {
		t.Errorf("an export comes back to an enrolled store as %+v", r)
	}
	if l := ops(t, a); l.Pending != 3 {
		t.Errorf("%d ops for one edit, one updated record and the ledger", l.Pending)
	}
	sync(t, a)
	server(t, "import", out, "--data", c.dir, "--kind", "building", "--datum", "cgcs2000").want(t, 0)
	if n := c.doctor().Records["building"]; n != before {
		t.Errorf("the server has %d buildings after an export came back, want %d", n, before)
	}
	sync(t, a)
	c.verify(a)
}

// TestE2EWrongKind brings files in as something they are not.
func TestE2EWrongKind(t *testing.T) {
	t.Parallel()
	store := standalone(t, true)
	dir := t.TempDir()
	file := func(name, content string) string { return writeFile(t, filepath.Join(dir, name), []byte(content)) }
	buildings := writeJSON(t, filepath.Join(dir, "buildings.geojson"), collection(townBuildings(21)[:30]))
	points := file("points.csv", "name,type,opening_hours,lon,lat\n甲店,shop,9-18,113.011,23.011\n乙店,shop,8-20,113.012,23.011\n")
	people := file("people.csv", "姓名,性别,身份证号,手机\n张三,男,,13800000000\n")
	nothing := file("nothing.csv", "foo,bar,lon,lat\n1,2,113.011,23.011\n")
	addresses := file("addresses.csv", "district,street,housenumber,lon,lat\n青石区,松岭路,24,113.011,23.011\n青石区,松岭路,26-28,113.012,23.011\n,,,113.013,23.011\n")
	exported := filepath.Join(dir, "room.csv")
	ctl(t, "export", exported, "--store", store, "--kind", "room", "--format", "csv").want(t, 0)
	for _, c := range []struct {
		file, kind string
		says       []string
	}{
		{points, "building", []string{"holds points", "a building is an area", "facility"}},
		{buildings, "person", []string{"holds areas", "a person has no geometry", "building"}},
		{buildings, "region", []string{"code (代码)", "--map", "building"}},
		{people, "building", []string{"no geometry", "person"}},
		{people, "room", []string{"building (楼栋)", "姓名", "person"}},
		{nothing, "legal_entity", []string{"name (名称)", "foo, bar", "--map"}},
		{nothing, "facility", []string{"foo, bar", "--map"}},
		{addresses, "person", []string{"name (姓名)", "address"}},
		{exported, "building", []string{"export of kind room"}},
		{store, "building", []string{"is a store"}},
	} {
		o := ctl(t, "import", c.file, "--store", store, "--kind", c.kind, "--datum", "wgs84", "--json")
		var r importReport
		if o.decode(t, &r); o.code != 3 || r.Read == 0 || r.Rejected != r.Read || len(r.Reasons) != 1 {
			t.Errorf("%s as %s: exit %d: %s%s", filepath.Base(c.file), c.kind, o.code, o.out, o.err)
		}
		for _, want := range c.says {
			if !strings.Contains(string(o.err), want) {
				t.Errorf("%s as %s does not say %q: %s", filepath.Base(c.file), c.kind, want, o.err)
			}
		}
		if n := strings.Count(string(o.err), filepath.Base(c.file)); n > 1 {
			t.Errorf("%s is named %d times: %s", filepath.Base(c.file), n, o.err)
		}
	}
	r := importFile(t, store, addresses, "address", "--datum", "wgs84")
	if r.Accepted != 2 || r.Rejected != 1 || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "district, street, housenumber") {
		t.Errorf("addresses without a full text: %+v", r)
	}
	for _, text := range []string{"青石区松岭路24号", "青石区松岭路26-28号"} {
		if h := result[hits](t, ctl(t, "search", text, "--store", store, "--json")); len(h.Hits) == 0 || h.Hits[0].Label != text {
			t.Errorf("%s is not found: %+v", text, h.Hits)
		}
	}
	mapped := file("map.json", `{"foo": "name", "bar": "type"}`)
	if r := importFile(t, store, nothing, "facility", "--datum", "wgs84", "--map", mapped); r.Accepted != 1 {
		t.Errorf("with a mapping: %+v", r)
	}
}

// TestE2EBrokenInput names what is wrong with a file, once.
func TestE2EBrokenInput(t *testing.T) {
	t.Parallel()
	store := standalone(t, false)
	dir := t.TempDir()
	packed := gzipped(t, []byte("name,type,lon,lat\n"+strings.Repeat("甲店 with a longer name,shop,113.011,23.011\n", 40000)))
	for _, c := range []struct {
		name, content string
		code          int
		says          string
		args          []string
	}{
		{"quote.csv", "name,type,lon,lat\n甲,shop,113,23\n\"乙,shop,113,23\n丙,shop,113,23\n", 3, "quote.csv:3: a cell begins with a quotation mark", nil},
		{"cut.csv.gz", string(packed[:len(packed)/2]), 3, "the file is cut off", nil},
		{"plain.csv", "name,type,lon,lat\n甲,shop,113.01,23.01\n", 3, `encoding "klingon"`, []string{"--encoding", "klingon"}},
	} {
		path := writeFile(t, filepath.Join(dir, c.name), []byte(c.content))
		o := ctl(t, append([]string{"import", path, "--store", store, "--kind", "facility", "--datum", "wgs84"}, c.args...)...)
		if o.code != c.code || !strings.Contains(string(o.err), c.says) || strings.Count(string(o.err), c.name) > 1 || strings.Contains(string(o.err), "EOF") {
			t.Errorf("%s: exit %d: %s", c.name, o.code, o.err)
		}
	}
	// the encoding is looked at before the ledger is
	path := filepath.Join(dir, "plain.csv")
	importFile(t, store, path, "facility", "--datum", "wgs84")
	if o := ctl(t, "import", path, "--store", store, "--kind", "facility", "--datum", "wgs84", "--encoding", "klingon"); o.code != 3 {
		t.Errorf("a wrong encoding of a file that was imported: exit %d: %s", o.code, o.err)
	}
	if o := ctl(t, "import", path, "--store", store, "--kind", "facility", "--datum", "wgs84"); o.code != 5 || !strings.Contains(string(o.err), "--again") {
		t.Errorf("a file that was imported: exit %d: %s", o.code, o.err)
	}
	if r := importFile(t, store, path, "facility", "--datum", "wgs84", "--again"); r.Accepted != 1 || r.Unchanged != 1 {
		t.Errorf("a file that was imported, again: %+v", r)
	}
	for _, c := range []struct {
		path string
		code int
		says string
	}{
		{dir, 2, "is a folder; name the files in it, such as"},
		{filepath.Join(dir, "none.csv"), 4, "there is no file"},
		{mustMkdir(t, filepath.Join(dir, "city.gdb")), 3, "file geodatabase"},
	} {
		for _, o := range []outcome{
			ctl(t, "import", c.path, "--store", store, "--kind", "facility", "--datum", "wgs84"),
			ctl(t, "import", c.path, "--store", store, "--kind", "facility"),
		} {
			if o.code != c.code || !strings.Contains(string(o.err), c.says) {
				t.Errorf("%s: exit %d: %s", c.path, o.code, o.err)
			}
		}
	}
}

func mustMkdir(t *testing.T, path string) string {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(fmt.Errorf("make a folder: %w", err))
	}
	return path
}

// TestE2EShiftedBoundaries imports boundaries in GCJ-02 as WGS 84 into a city that has buildings and no polygon.
func TestE2EShiftedBoundaries(t *testing.T) {
	t.Parallel()
	data := shenzhen(t)
	store := filepath.Join(t.TempDir(), "city.gpkg")
	ctl(t, "init", "--store", store, "--pack", filepath.Join(data, "divisions_shenzhen.csv")).want(t, 0)
	importFile(t, store, filepath.Join(data, "buildings_shenzhen.geojson.gz"), "building", "--datum", "wgs84")
	boundaries := filepath.Join(data, "datav_districts_440300_shenzhen_gcj02.geojson")
	warned := func(r importReport) bool { return strings.Contains(strings.Join(r.Warnings, "\n"), "look like GCJ-02") }
	if r := importFile(t, store, boundaries, "region", "--datum", "wgs84"); r.Accepted != 9 || !warned(r) {
		t.Errorf("boundaries 600 m off: %+v", r)
	}
	if r := importFile(t, store, boundaries, "region", "--datum", "gcj02", "--again"); r.Accepted != 9 || warned(r) {
		t.Errorf("boundaries at their place: %+v", r)
	}
}
