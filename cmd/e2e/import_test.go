package e2e

import (
	"archive/zip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"kuaitu/geo"

	"github.com/paulmach/orb"
)

// importReport is what import prints for each file.
type importReport struct {
	File                               string
	Read, Accepted, Repaired, Rejected int
	Updated, Unchanged                 int
	Warnings                           []string
	Reasons                            map[string]int
	Examples                           []struct {
		Line   int
		ID     string
		Reason string
	}
}

func importFile(t *testing.T, store, file, kind string, more ...string) importReport {
	t.Helper()
	r := result[importReport](t, ctl(t, append([]string{"import", file, "--store", store, "--kind", kind, "--json"}, more...)...))
	if r.Accepted+r.Repaired+r.Rejected != r.Read {
		t.Errorf("%s: the report does not add up: %+v", file, r)
	}
	return r
}

// gdal returns the path of one of GDAL's programs. Without it the test is skipped, or fails where all is required.
func gdal(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
			t.Fatal(err)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}

// tool runs somebody else's program, which must succeed, and returns what it prints.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out)
}

func names(rows []map[string]string, column string) map[string]bool {
	out := map[string]bool{}
	for _, r := range rows {
		out[r[column]] = true
	}
	return out
}

func TestE2EImportShapefileInGBK(t *testing.T) {
	t.Parallel()
	ogr2ogr := gdal(t, "ogr2ogr")
	store := standalone(t, false)
	dir := t.TempDir()
	from := writeJSON(t, filepath.Join(dir, "in.geojson"), collection(townBuildings(3)[:50]))
	tool(t, ogr2ogr, "-f", "ESRI Shapefile", filepath.Join(dir, "楼栋.shp"), from, "-lco", "ENCODING=GBK", "-nln", "楼栋")
	if err := os.Remove(filepath.Join(dir, "楼栋.cpg")); err != nil { // many departments' files come without
		t.Fatal(err)
	}
	zipped := filepath.Join(dir, "楼栋.zip")
	f, err := os.Create(zipped)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for _, ext := range []string{".shp", ".shx", ".dbf", ".prj"} {
		b, err := os.ReadFile(filepath.Join(dir, "楼栋"+ext))
		if err != nil {
			t.Fatal(err)
		}
		w, err := z.Create("楼栋" + ext)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	for n, file := range []string{zipped, filepath.Join(dir, "楼栋.shp")} {
		r := importFile(t, store, file, "building", "--datum", "wgs84")
		if r.Read != 50 || r.Accepted != 50 {
			t.Errorf("%s: %+v", filepath.Base(file), r)
		}
		if got := total(t, store, "building"); got != 50*(n+1) {
			t.Errorf("%d buildings after %d imports", got, n+1)
		}
	}
	if !names(exportCSV(t, store, "building"), "name")["青石里111-7栋"] {
		t.Error("the Chinese names of a GBK shapefile are not read")
	}
	ctl(t, "verify", "--store", store).want(t, 0)
}

func TestE2EImportCSVInGB18030(t *testing.T) {
	t.Parallel()
	store := standalone(t, true)
	var b strings.Builder
	b.WriteString("名称,类型,地址,经度,纬度\n")
	lon, lat := cell(1, 1, 0)
	for i := range 30 {
		fmt.Fprintf(&b, "第%d卫生站䶮,诊所,兰亭街道%d号,%.6f,%.6f\n", i, i, lon+0.0002*float64(i+1), lat+0.005)
	}
	b.WriteString("坏行,诊所,没有坐标,x,y\n")
	text, err := simplifiedchinese.GB18030.NewEncoder().String(b.String())
	if err != nil {
		t.Fatal(err)
	}
	file := writeFile(t, filepath.Join(t.TempDir(), "设施.csv"), []byte(text))
	before := total(t, store, "facility")
	r := importFile(t, store, file, "facility", "--datum", "cgcs2000")
	if r.Read != 31 || r.Accepted != 30 || r.Rejected+r.Repaired != 1 {
		t.Errorf("%+v", r)
	}
	if n := total(t, store, "facility"); n < before+30 {
		t.Errorf("%d facilities, %d before", n, before)
	}
	byStreet, _ := count(t, store, "facility", "street")
	if byStreet[streetCode(1, 1)] < 30 {
		t.Errorf("the facilities are not in their street: %v", byStreet)
	}
	if !names(exportCSV(t, store, "facility"), "name")["第12卫生站䶮"] {
		t.Error("GB18030 is not read")
	}
	ctl(t, "import", file, "--store", store, "--kind", "facility", "--datum", "cgcs2000").want(t, 5)
	importFile(t, store, file, "facility", "--datum", "cgcs2000", "--again")
	if n := total(t, store, "facility"); n > before+31 {
		t.Errorf("importing again makes records twice: %d, %d before", n, before)
	}
	ctl(t, "verify", "--store", store).want(t, 0)
}

// TestE2EImportPlaces puts files of several datums on one place.
func TestE2EImportPlaces(t *testing.T) {
	t.Parallel()
	lon, lat := cell(0, 0, 0)
	at := orb.Point{lon + 0.0005, lat + 0.0095}
	gcj, bd := geo.WGS84ToGCJ02(at), geo.GCJ02ToBD09(geo.WGS84ToGCJ02(at))
	store := standalone(t, false)
	for datum, p := range map[string]orb.Point{"wgs84": at, "cgcs2000": at, "gcj02": gcj, "bd09": bd} {
		file := writeFile(t, filepath.Join(t.TempDir(), datum+".csv"), fmt.Appendf(nil, "name,type,lon,lat\n%s点,诊所,%.8f,%.8f\n", datum, p[0], p[1]))
		importFile(t, store, file, "facility", "--datum", datum)
	}
	out := filepath.Join(t.TempDir(), "f.geojson")
	ctl(t, "export", out, "--store", store, "--kind", "facility", "--format", "geojson").want(t, 0)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`"coordinates":\s*\[([\d.]+),\s*([\d.]+)`).FindAllStringSubmatch(string(b), -1)
	if len(found) != 4 {
		t.Fatalf("%d places in %s", len(found), b)
	}
	for _, m := range found {
		x, errX := strconv.ParseFloat(m[1], 64)
		y, errY := strconv.ParseFloat(m[2], 64)
		if errX != nil || errY != nil || geo.Distance(orb.Point{x, y}, at) > 0.5 {
			t.Errorf("a place lies at %v, %v, want %v", x, y, at)
		}
	}
}

// TestE2EImportIsAllOrNothing lets an import of many records be killed.
func TestE2EImportIsAllOrNothing(t *testing.T) {
	t.Parallel()
	store := standalone(t, false)
	var many []object
	for range 60 {
		many = append(many, townBuildings(5)...)
	}
	file := writeJSON(t, filepath.Join(t.TempDir(), "many.geojson"), collection(many))
	args := []string{"import", file, "--store", store, "--kind", "building", "--datum", "wgs84", "--json"}
	for _, ms := range []int{60, 150, 240, 330, 500} {
		if killAfter(t, time.Duration(ms)*time.Millisecond, "kuaituctl", args...) {
			break
		}
		ctl(t, "verify", "--store", store).want(t, 0)
		if n := total(t, store, "building"); n != 0 && n != len(many) {
			t.Fatalf("a killed import leaves %d of %d buildings", n, len(many))
		}
	}
	importFile(t, store, file, "building", "--datum", "wgs84", "--again")
	if n := total(t, store, "building"); n != len(many) {
		t.Errorf("%d buildings, want %d", n, len(many))
	}
	ctl(t, "verify", "--store", store).want(t, 0)
}

func TestE2EImportIntoEnrolled(t *testing.T) {
	t.Parallel()
	c := newCity(t)
	a, b := c.console(""), c.console("")
	var many []object
	for seed := range uint64(5) {
		many = append(many, townBuildings(20+seed)...)
	}
	file := writeJSON(t, filepath.Join(t.TempDir(), "many.geojson"), collection(many))
	if r := importFile(t, a, file, "building", "--datum", "cgcs2000"); r.Accepted != len(many) {
		t.Errorf("%+v", r)
	}
	if l := ops(t, a); l.Pending < 2 || l.Pending > 4 {
		t.Errorf("%d ops for %d records", l.Pending, len(many))
	}
	sync(t, a)
	sync(t, b)
	for _, store := range []string{a, b} {
		if n := total(t, store, "building"); n != townSize+len(many) {
			t.Errorf("%d buildings, want %d", n, townSize+len(many))
		}
	}
	if n := c.doctor().Records["building"]; n != townSize+len(many) {
		t.Errorf("the server has %d buildings", n)
	}
	c.verify(a, b)

	// the server takes a standalone store over whole
	alone := standalone(t, false)
	extra := writeJSON(t, filepath.Join(t.TempDir(), "extra.geojson"), collection(townBuildings(77)[:30]))
	importFile(t, alone, extra, "building", "--datum", "cgcs2000")
	server(t, "import", alone, "--data", c.dir).want(t, 0)
	sync(t, b)
	if n := total(t, b, "building"); n != townSize+len(many)+30 {
		t.Errorf("after taking a store over there are %d buildings", n)
	}
	c.verify(b)
}

// TestE2EServerImport brings a file into a server that has only regions: every building must find its home.
func TestE2EServerImport(t *testing.T) {
	t.Parallel()
	pack, _ := town(t)
	dir := filepath.Join(t.TempDir(), "server")
	server(t, "init", "--data", dir, "--pack", pack).want(t, 0)
	got := result[importReport](t, server(t, "import", filepath.Join(pack, "buildings.geojson"), "--data", dir, "--kind", "building", "--datum", "wgs84"))
	if got.Read == 0 || got.Accepted != got.Read {
		t.Errorf("report %+v", got)
	}
	facts := result[serverFacts](t, server(t, "doctor", "--data", dir))
	if facts.Records["building"] != int(got.Read) || facts.Outside["building"] != 0 {
		t.Errorf("%d buildings, %d of them outside every region; want %d and none", facts.Records["building"], facts.Outside["building"], got.Read)
	}
}
