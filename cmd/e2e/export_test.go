package e2e

import (
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// validateGeoPackage has GDAL's own validator look at a file.
func validateGeoPackage(t *testing.T, path string) {
	t.Helper()
	python := "/usr/bin/python3"
	if exec.Command(python, "-c", "import osgeo_utils.samples.validate_gpkg").Run() != nil {
		if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
			t.Fatal("GDAL's Python tools are required")
		}
		t.Log("GDAL's Python tools are not installed; the file is not validated")
		return
	}
	out, err := exec.Command(python, "-m", "osgeo_utils.samples.validate_gpkg", path).CombinedOutput()
	if err != nil {
		t.Errorf("validate_gpkg refuses %s: %v\n%s", filepath.Base(path), err, out)
	}
}

var featureCount = regexp.MustCompile(`Feature Count: (\d+)`)

// countFeatures asks ogrinfo.
func countFeatures(t *testing.T, path, layer string) int {
	t.Helper()
	out := tool(t, gdal(t, "ogrinfo"), "-ro", "-so", path, layer)
	m := featureCount.FindStringSubmatch(out)
	if m == nil || strings.Contains(out, "ERROR") || strings.Contains(out, "Warning") {
		t.Fatalf("ogrinfo %s %s:\n%s", filepath.Base(path), layer, out)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestE2EExport(t *testing.T) {
	t.Parallel()
	ogr2ogr := gdal(t, "ogr2ogr")
	c := newCity(t)
	store := c.console("")
	reportsAt(t, store, 2, "exported")
	dir := t.TempDir()
	for _, kind := range []string{"building", "region", "event", "person"} {
		want := total(t, store, kind)
		for format, ext := range map[string]string{"geojson": ".geojson", "csv": ".csv", "gpkg": ".gpkg"} {
			path := filepath.Join(dir, kind+ext)
			r := result[struct{ Rows int }](t, ctl(t, "export", path, "--store", store, "--kind", kind, "--format", format, "--json"))
			if r.Rows != want {
				t.Errorf("%s as %s: %d rows, want %d", kind, format, r.Rows, want)
			}
			switch format {
			case "csv":
				if n := len(exportCSV(t, store, kind)); n != want {
					t.Errorf("%s: the CSV has %d rows, want %d", kind, n, want)
				}
				continue
			case "gpkg":
				validateGeoPackage(t, path)
			}
			if n := countFeatures(t, path, kind); n != want {
				t.Errorf("%s as %s: ogrinfo counts %d, want %d", kind, format, n, want)
			}
		}
	}
	validateGeoPackage(t, store)
	if n := countFeatures(t, store, "building"); n != townSize {
		t.Errorf("ogrinfo counts %d buildings in the store", n)
	}
	copied := filepath.Join(dir, "copied.geojson")
	tool(t, ogr2ogr, "-f", "GeoJSON", copied, store, "building")
	if n := countFeatures(t, copied, "building"); n != townSize {
		t.Errorf("ogr2ogr copies %d buildings of the store", n)
	}
	// what was exported comes in again, at the same place
	again := standalone(t, false)
	if r := importFile(t, again, filepath.Join(dir, "building.gpkg"), "building"); r.Accepted != townSize {
		t.Errorf("the exported GeoPackage comes in as %+v", r)
	}
	for _, by := range []string{"district", "street", "community"} {
		a, outA := count(t, store, "building", by)
		b, outB := count(t, again, "building", by)
		if outA != outB || !jsonEqual(t, a, b) {
			t.Errorf("by %s: %v and %d outside, after export and import %v and %d", by, a, outA, b, outB)
		}
	}
	// a region and a box
	if n := len(exportCSV(t, store, "building", "--region", streetCode(0, 1))); n != 2*perCell {
		t.Errorf("%d buildings of one street, want %d", n, 2*perCell)
	}
	lon, lat := cell(1, 0, 1)
	if n := len(exportCSV(t, store, "building", "--bbox", fmt.Sprintf("%f,%f,%f,%f", lon, lat, lon+cellWide, lat+cellHigh))); n != perCell {
		t.Errorf("%d buildings in the box of one community, want %d", n, perCell)
	}
	// nothing sensitive leaves unmasked
	for _, r := range exportCSV(t, store, "person") {
		if number := r["document_number"]; number != "" && !strings.Contains(number, "*") {
			t.Fatalf("an identity number leaves in full: %d digits", len(number))
		}
	}
}

func jsonEqual(t *testing.T, a, b any) bool {
	t.Helper()
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	if errX != nil || errY != nil {
		t.Fatal(errX, errY)
	}
	return string(x) == string(y)
}

// readPNG returns the size of a picture and how many colours its pixels have, up to 100.
func readPNG(t *testing.T, path string) (w, h, colours int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	seen := map[[4]uint32]bool{}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y && len(seen) < 100; y++ {
		for x := b.Min.X; x < b.Max.X && len(seen) < 100; x++ {
			r, g, bl, a := img.At(x, y).RGBA()
			seen[[4]uint32{r, g, bl, a}] = true
		}
	}
	return b.Dx(), b.Dy(), len(seen)
}

func TestE2ERender(t *testing.T) {
	t.Parallel()
	store := standalone(t, true)
	dir := t.TempDir()
	out := filepath.Join(dir, "map.png")
	ctl(t, "render", "--store", store, "--center", "113.01,23.01", "--zoom", "16", "--size", "800x600", "--out", out).want(t, 0)
	if w, h, n := readPNG(t, out); w != 800 || h != 600 || n < 10 {
		t.Errorf("the map is %d x %d with %d colours", w, h, n)
	}
	ctl(t, "picture", "--store", store, "--region", districtCode(0), "--size", "1200x800", "--out", filepath.Join(dir, "brief.png")).want(t, 0)
	if w, h, n := readPNG(t, filepath.Join(dir, "brief.png")); w != 1200 || h != 800 || n < 10 {
		t.Errorf("the picture is %d x %d with %d colours", w, h, n)
	}

	ctl(t, "picture", "--store", store, "--region", districtCode(0), "--size", "1200x800", "--watermark", "", "--out", filepath.Join(dir, "plain.png")).want(t, 0)
	if string(mustRead(t, filepath.Join(dir, "plain.png"))) == string(mustRead(t, filepath.Join(dir, "brief.png"))) {
		t.Error("a picture has no watermark unless it is asked for")
	}
	made := result[struct {
		File          string
		Width, Height int
	}](t, ctl(t, "picture", "--store", store, "--region", districtCode(0), "--size", "2400x1600", "--ratio", "2", "--out", filepath.Join(dir, "brief.pdf"), "--json"))
	if doc := string(mustRead(t, made.File)); made.Width != 2400 || !strings.HasPrefix(doc, "%PDF-1.4") || !strings.Contains(doc, "/MediaBox [0 0 900.000 600.000]") {
		t.Errorf("the document: %+v", made)
	}

	first, second := filepath.Join(dir, "1.png"), filepath.Join(dir, "2.png")
	var requests strings.Builder
	for _, r := range []object{
		{"view": "one", "lon": 113.01, "lat": 23.01, "zoom": 16, "width": 800, "height": 600, "out": first},
		{"view": 2, "lon": 113.02, "lat": 23.01, "zoom": 14.5, "width": 640, "height": 480, "out": second},
		{"view": "kept nowhere", "lon": 113.02, "lat": 23.01, "zoom": 12, "width": 320, "height": 200, "out": ""},
	} {
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		requests.Write(append(b, '\n'))
	}
	o := runWith(t, strings.NewReader(requests.String()), "kuaituctl", "render", "--store", store, "--serve").want(t, 0)
	lines := strings.Split(strings.TrimSpace(string(o.out)), "\n")
	if len(lines) != 4 || lines[0] != `{"ready":true}` {
		t.Fatalf("render --serve prints\n%s", o.out)
	}
	for i, want := range []any{"one", 2.0, "kept nowhere"} {
		var a struct {
			View    any
			WallMS  float64 `json:"wall_ms"`
			CPU     float64 `json:"cpu_s"`
			PeakRSS float64 `json:"peak_rss_mb"`
		}
		if err := json.Unmarshal([]byte(lines[i+1]), &a); err != nil || a.View != want || a.WallMS <= 0 || a.PeakRSS <= 0 {
			t.Errorf("answer %d: %s (%v)", i, lines[i+1], err)
		}
	}
	if a, err := os.ReadFile(out); err != nil || string(a) != string(mustRead(t, first)) {
		t.Error("the served view differs from the one drawn alone")
	}
	readPNG(t, second)
	// a bad request is answered and does not end the service
	o = runWith(t, strings.NewReader("not json\n"+`{"view":7,"lon":113.02,"lat":23.01,"zoom":12,"width":320,"height":200,"out":""}`+"\n"), "kuaituctl", "render", "--store", store, "--serve").want(t, 0)
	lines = strings.Split(strings.TrimSpace(string(o.out)), "\n")
	if len(lines) != 3 || !strings.Contains(lines[1], `"error"`) || !strings.Contains(lines[2], `"view":7`) || !strings.Contains(lines[2], "wall_ms") {
		t.Errorf("after a bad request render --serve prints\n%s", o.out)
	}
	// nothing is written over the store
	before := mustRead(t, store)
	for _, args := range [][]string{
		{"render", "--store", store, "--center", "113.01,23.01", "--out", store},
		{"export", store, "--store", store, "--kind", "building", "--format", "gpkg"},
	} {
		if o := ctl(t, args...); o.code == 0 {
			t.Errorf("%s writes over the store", args[0])
		}
	}
	if string(mustRead(t, store)) != string(before) {
		t.Error("the store is not what it was")
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type hits struct {
	Hits []struct {
		Kind, ID, Code, Label string
		Score                 float64
		Lon, Lat              *float64
	}
	TookMS float64 `json:"took_ms"`
}

func TestE2ESearch(t *testing.T) {
	t.Parallel()
	store := standalone(t, true)
	queries := []string{"青石里111-7栋", "松岭", "songling", "sljd", streetCode(0, 0), "没有这样的东西吧", ""}
	o := runWith(t, strings.NewReader(strings.Join(queries, "\n")+"\n"), "kuaituctl", "search", "--store", store, "--serve", "--limit", "5").want(t, 0)
	lines := strings.Split(strings.TrimSpace(string(o.out)), "\n")
	if len(lines) != len(queries) {
		t.Fatalf("%d answers to %d queries:\n%s", len(lines), len(queries), o.out)
	}
	for i, q := range queries {
		var h hits
		if err := json.Unmarshal([]byte(lines[i]), &h); err != nil {
			t.Fatalf("%q: %v: %s", q, err, lines[i])
		}
		if len(h.Hits) > 5 {
			t.Errorf("%q: %d hits with a limit of 5", q, len(h.Hits))
		}
		want := []string{"青石里111-7栋", "松岭街道", "松岭街道", "松岭街道", "松岭街道", "", ""}[i]
		switch {
		case want == "" && len(h.Hits) != 0:
			t.Errorf("%q finds %+v", q, h.Hits)
		case want != "" && (len(h.Hits) == 0 || !strings.Contains(lines[i], want)):
			t.Errorf("%q does not find %s: %s", q, want, lines[i])
		}
	}
	one := result[hits](t, ctl(t, "search", "青石里", "111-7", "--store", store, "--near", "113.001,23.001", "--json"))
	if len(one.Hits) == 0 || one.Hits[0].Lon == nil || one.Hits[0].Label == "" {
		t.Errorf("two terms find %+v", one.Hits)
	}
}
