package e2e

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// buildingsPerDistrict is what data/README.md tells of the real file, counted by other software.
var buildingsPerDistrict = map[string]int{
	"440306000000": 22570, "440307000000": 12797, "440305000000": 11988, "440304000000": 8831, "440309000000": 7051,
	"440303000000": 4718, "440311000000": 2313, "440308000000": 1152, "440310000000": 246,
}

// TestE2EShenzhen does the product's main job on the real city: files, server, enrolment, sync, work offline, sync,
// seen on another console.
func TestE2EShenzhen(t *testing.T) {
	t.Parallel()
	pack := shenzhen(t)
	dir := filepath.Join(t.TempDir(), "server")
	began, started := time.Now(), time.Now()
	made := result[struct {
		Regions map[string]int
		Imports []importReport
	}](t, server(t, "init", "--data", dir, "--pack", pack, "--with-data"))
	t.Logf("the city is made in %v", time.Since(started))
	if made.Regions["district"] < 9 || made.Regions["street"] < 79 || made.Regions["community"] < 788 || made.Regions["grid"] == 0 {
		t.Errorf("regions %v", made.Regions)
	}
	if len(made.Imports) != 1 || made.Imports[0].Read != 71666 || made.Imports[0].Rejected != 0 {
		t.Errorf("imports %+v", made.Imports)
	}
	bent := map[string]bool{}
	for _, e := range made.Imports[0].Examples {
		if strings.Contains(e.Reason, "self-intersection") {
			bent[e.ID] = true
		}
	}
	if len(bent) != 3 || !bent["39201"] || !bent["45772"] || !bent["66723"] {
		t.Errorf("self-intersecting buildings told of: %v", bent)
	}

	c := adopt(t, dir)
	started = time.Now()
	futian := c.console("440304000000")
	t.Logf("a district of the city is fetched and proved in %v", time.Since(started))
	started = time.Now()
	whole := c.console("")
	t.Logf("the whole city is fetched and proved in %v", time.Since(started))

	stage := func(what string) {
		t.Logf("%s after %v", what, time.Since(began))
	}
	facts := c.doctor()
	if facts.Records["building"] != 71666 || facts.Outside["building"] != 0 {
		t.Errorf("the server has %d buildings, %d outside", facts.Records["building"], facts.Outside["building"])
	}
	here, outside := count(t, whole, "building", "district")
	sum := outside
	for code, want := range buildingsPerDistrict {
		if got := here[code]; math.Abs(float64(got-want)) > 0.005*float64(want) {
			t.Errorf("district %s has %d buildings, %d by other software", code, got, want)
		}
	}
	for _, n := range here {
		sum += n
	}
	if sum != 71666 {
		t.Errorf("counts by district and outside add up to %d", sum)
	}
	if own, _ := count(t, futian, "building", "district"); own["440304000000"] != here["440304000000"] || own["440303000000"] != 0 {
		t.Errorf("the district's console counts %v", own)
	}

	stage("counted")
	c.kill()
	event := report(t, futian, 114.0503, 22.5367, "平安金融中心楼下")
	ctl(t, "sync", "--store", futian, "--json").want(t, 6)
	c.start()
	sync(t, futian)
	sync(t, whole)
	if got := field(t, whole, "event", event.ID, "description"); got != "平安金融中心楼下" {
		t.Errorf("the other console reads %q", got)
	}
	stage("reported, synced, seen")
	tower := identify(t, whole, 114.0503, 22.5367, "building")
	if name := field(t, whole, "building", tower, "name"); !strings.Contains(name, "平安") {
		t.Errorf("at the tower's place stands %q", name)
	}
	stage("identified")
	// behind the back of a store of the whole city
	behind(t, whole, "UPDATE building SET name = '假名' WHERE fid = (SELECT max(fid) FROM building)")
	verifyDiffers(t, whole)
	if s := sync(t, whole); s.Repaired != 1 {
		t.Errorf("the sync repairs %+v", s)
	}
	stage("repaired")
	// and much of it: names and versions of every fiftieth, some rows gone
	tampered := behind(t, whole, "UPDATE building SET name = '假名', ver = ver + 1000 WHERE fid % 50 = 0") + behind(t, whole, "DELETE FROM building WHERE fid % 997 = 3 AND fid % 50 <> 0")
	verifyDiffers(t, whole)
	if s := sync(t, whole); !s.Proved || int64(s.Repaired) != tampered {
		t.Errorf("%d rows bent, the sync repairs %d (proved %v)", tampered, s.Repaired, s.Proved)
	}
	stage("much of it repaired")
	c.verify(whole, futian)
	stage("verified")
	validateGeoPackage(t, futian)

	stage("validated")
	// killed in the middle of fetching a real district
	rng := rand.New(rand.NewPCG(killSeed, 3))
	path := filepath.Join(t.TempDir(), "killed.gpkg")
	args := []string{"sync", "--store", path, "--server", c.url(), "--enrol", c.code("440305000000").Code, "--json"}
	for range 4 {
		killAfter(t, time.Duration(200+rng.IntN(2500))*time.Millisecond, "kuaituctl", args...)
		args = []string{"sync", "--store", path, "--json"}
	}
	if s := sync(t, path); s.Pending != 0 {
		t.Errorf("%+v", s)
	}
	if own, _ := count(t, path, "building", "district"); own["440305000000"] != here["440305000000"] {
		t.Errorf("after four kills the district's console counts %v", own)
	}
	ctl(t, "verify", "--store", path).want(t, 0)
}

var metres = regexp.MustCompile(`(-?\d+) m east and (-?\d+) m north`)

// TestE2EShenzhenShift brings boundaries in whose GCJ-02 nobody declared. The import warns and tells how far they lie off;
// declared, they fit.
func TestE2EShenzhenShift(t *testing.T) {
	t.Parallel()
	pack := shenzhen(t)
	for _, c := range []struct {
		file, datum string
		warns       bool
	}{
		{"datav_districts_440300_shenzhen_gcj02.geojson", "wgs84", true},
		{"datav_districts_440300_shenzhen_gcj02.geojson", "gcj02", false},
		{"boundaries_shenzhen_osm.geojson.gz", "wgs84", false},
	} {
		store := filepath.Join(t.TempDir(), "store.gpkg")
		ctl(t, "init", "--store", store, "--pack", pack).want(t, 0)
		r := importFile(t, store, filepath.Join(pack, c.file), "region", "--datum", c.datum)
		m := metres.FindStringSubmatch(strings.Join(r.Warnings, "\n"))
		if (m != nil) != c.warns {
			t.Errorf("%s declared %s: warnings %q", c.file, c.datum, r.Warnings)
			continue
		}
		if m == nil {
			continue
		}
		east, errE := strconv.Atoi(m[1])
		north, errN := strconv.Atoi(m[2])
		if errE != nil || errN != nil || east < 440 || east > 580 || north > -230 || north < -350 {
			t.Errorf("%s declared %s: %q, measured elsewhere as about 510 m east and 290 m south", c.file, c.datum, r.Warnings)
		}
	}
}

// TestE2EShenzhenNoCodes has a file refused as a whole: its districts have no code.
func TestE2EShenzhenNoCodes(t *testing.T) {
	t.Parallel()
	pack := shenzhen(t)
	store := standalone(t, false)
	o := ctl(t, "import", filepath.Join(pack, "districts_shenzhen_wgs84_land.geojson"), "--store", store, "--kind", "region", "--datum", "wgs84", "--json").want(t, 3)
	var r importReport
	if o.decode(t, &r); r.Read != 10 || r.Rejected != 10 || r.Reasons["code: missing"] != 10 {
		t.Errorf("%+v", r)
	}
}

func TestE2EWuhan(t *testing.T) {
	t.Parallel()
	pack := shenzhen(t)
	store := filepath.Join(t.TempDir(), "wuhan.gpkg")
	made := result[struct{ Regions map[string]int }](t, ctl(t, "init", "--store", store, "--pack", filepath.Join(pack, "divisions_wuhan.csv")))
	if made.Regions["district"] != 13 || made.Regions["street"] != 193 || made.Regions["community"] != 3495 {
		t.Errorf("regions %v", made.Regions)
	}
	importFile(t, store, filepath.Join(pack, "datav_districts_420100_wuhan_gcj02.geojson"), "region", "--datum", "gcj02")
	ctl(t, "verify", "--store", store).want(t, 0)
}
