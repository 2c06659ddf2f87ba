//go:build linux

package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"kuaitu/sync/wire"
)

// The town of these tests: one street of two communities at 113°, 23°, rows of housing, and two landmarks side by side in
// its middle whose uses nothing else has, so that their colours on the screen say where they are.
const (
	townWest, townSouth  = 113.00, 23.00
	townLon, townLat     = townWest + 0.00975, townSouth + 0.00503 // middle of the tower
	towerName, towerKeys = "金沙塔", "jst"
	schoolName           = "和平学校"
	schoolKeys           = "hpxx"
	townHousing          = 16*9 - 2
)

// The map's colours of the light theme, as mapview's style has them.
var (
	inkHousing = rgb(0xEAD9B4)
	inkTower   = rgb(0xCDB4E0) // commercial
	inkSchool  = rgb(0x86BBA4) // public
	inkAccent  = rgb(0x1257A8)
	inkGround  = rgb(0xEFEFEC)
)

type object = map[string]any

func rectangle(west, south, east, north float64) object {
	return object{"type": "Polygon", "coordinates": [][][2]float64{{{west, south}, {east, south}, {east, north}, {west, north}, {west, south}}}}
}

func collection(features []object) object {
	return object{"type": "FeatureCollection", "features": features}
}

func feature(geometry, properties object) object {
	return object{"type": "Feature", "geometry": geometry, "properties": properties}
}

// townBuildings are extra rows of housing north of the town's own when extra is positive.
func townBuildings(extra int) []object {
	var out []object
	add := func(x, y float64, name, use string) {
		out = append(out, feature(rectangle(x, y, x+0.0005, y+0.00036), object{"name": name, "use": use, "levels": 7}))
	}
	for i := range 16 * 9 {
		x, y := townWest+0.0015+float64(i%16)*0.001, townSouth+0.00085+float64(i/16)*0.001
		switch i {
		case 4*16 + 8:
			add(x, y, towerName, "commercial")
		case 4*16 + 9:
			add(x, y, schoolName, "public")
		default:
			add(x, y, fmt.Sprintf("青石里%d栋", i+1), "residential")
		}
	}
	for i := range extra {
		x, y := townWest+0.0002+float64(i%200)*0.00009, townSouth+0.0102+float64(i/200)*0.0001
		out = append(out, feature(rectangle(x, y, x+0.00005, y+0.00005), object{"name": fmt.Sprintf("松林%d栋", i+1), "use": "residential", "levels": 3}))
	}
	return out
}

func writeTown(t testing.TB, dir string) {
	t.Helper()
	const city, district, street = "997700000000", "997701000000", "997701001000"
	const east, north = townWest + 0.02, townSouth + 0.02
	var regions []object
	csv := "code,name,level,parent\n"
	region := func(code, name, level, parent string, g object) {
		csv += fmt.Sprintf("%s,%s,%s,%s\n", code, name, level, parent)
		regions = append(regions, feature(g, object{"code": code, "name": name, "level": level}))
	}
	region(city, "青石市", "city", "997000000000", rectangle(townWest, townSouth, east, north))
	region(district, "溪东区", "district", city, rectangle(townWest, townSouth, east, north))
	region(street, "松岭街道", "street", district, rectangle(townWest, townSouth, east, north))
	region("997701001001", "西社区", "community", street, rectangle(townWest, townSouth, townWest+0.0082, north))
	region("997701001002", "东社区", "community", street, rectangle(townWest+0.0082, townSouth, east, north))
	writeFile(t, filepath.Join(dir, "divisions.csv"), []byte(csv))
	writeJSON(t, filepath.Join(dir, "boundaries.geojson"), collection(regions))
	writeJSON(t, filepath.Join(dir, "buildings.geojson"), collection(townBuildings(0)))
	writeJSON(t, filepath.Join(dir, "pack.json"), object{
		"pack": 1, "name": object{"zh": "青石市", "en": "Greenstone"}, "region": city, "timezone": "Asia/Shanghai",
		"levels": []object{
			{"level": "city", "zh": "市", "en": "City"}, {"level": "district", "zh": "区", "en": "District"}, {"level": "street", "zh": "街道", "en": "Street"},
			{"level": "community", "zh": "社区", "en": "Community"}, {"level": "grid", "zh": "网格", "en": "Grid"},
		},
		"divisions":   object{"file": "divisions.csv"},
		"boundaries":  []object{{"file": "boundaries.geojson", "datum": "cgcs2000", "code": "code", "name": "name", "level": "level"}},
		"attribution": "made up for tests",
	})
}

func writeJSON(t testing.TB, path string, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, path, b)
}

func writeFile(t testing.TB, path string, b []byte) string {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs a program to its end.
func run(t testing.TB, program string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(binDir, program), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s %v: %v", program, args, err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// ask runs a program that must succeed and decodes the document it prints.
func ask[T any](t testing.TB, program string, args ...string) T {
	t.Helper()
	code, out, errs := run(t, program, args...)
	var v T
	if code != 0 {
		t.Fatalf("%s %v: exit %d\n%s", program, args, code, errs)
	}
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return v
}

// town is a city server's folder and, while it serves, its process.
type town struct {
	*process
	dir, pack, addr string
}

// newTown makes the small town's server and starts it.
func newTown(t testing.TB) *town {
	t.Helper()
	pack := t.TempDir()
	writeTown(t, pack)
	c := &town{dir: filepath.Join(t.TempDir(), "server"), pack: pack}
	ask[any](t, "kuaitud", "init", "--data", c.dir, "--pack", pack)
	ask[any](t, "kuaitud", "import", "--data", c.dir, "--kind", "building", "--datum", "cgcs2000", "--json", filepath.Join(pack, "buildings.geojson"))
	c.serve(t)
	return c
}

// serve starts the server, at the address it had before if any, and waits until it is healthy.
func (c *town) serve(t testing.TB) {
	t.Helper()
	if c.addr == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c.addr = l.Addr().String()
		l.Close()
	}
	c.process = start(t, c.dir+".log", exec.Command(filepath.Join(binDir, "kuaitud"), "serve", "--data", c.dir, "--listen", c.addr))
	until(t, 20*time.Second, "the server is healthy", func() bool {
		if c.ended() {
			t.Fatalf("the server ended with %d", c.cmd.ProcessState.ExitCode())
		}
		res, err := http.Get(c.url() + wire.PathHealth)
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

func (c *town) url() string { return "http://" + c.addr }

type synced struct {
	Pushed, Pending, Conflicts, Rejected int
	Proved                               bool
}

// console makes a store that is enrolled with the server and in sync.
func (c *town) console(t testing.TB) string {
	t.Helper()
	store := filepath.Join(t.TempDir(), "console.gpkg")
	e := ask[struct{ Code string }](t, "kuaitud", "enrol", "--data", c.dir, "--post", "desk", "--json")
	if s := ask[synced](t, "kuaituctl", "sync", "--store", store, "--server", c.url(), "--enrol", e.Code, "--json"); !s.Proved {
		t.Fatalf("the first sync is not proved: %+v", s)
	}
	return store
}

type fates struct {
	Ops []struct {
		Op, Fate string
		Edits    []struct {
			Kind, ID string
			Values   map[string]any
		}
	}
	Pushed, Pending, Conflicts, Rejected int
}

func ops(t testing.TB, store string) fates {
	t.Helper()
	return ask[fates](t, "kuaituctl", "ops", "--store", store, "--json")
}

type found struct {
	Hits []struct {
		Kind, ID, Label string
		Lon, Lat        float64
	}
}

// events returns the ids of the events that a text finds.
func events(t testing.TB, store, text string) []string {
	t.Helper()
	var ids []string
	for _, h := range ask[found](t, "kuaituctl", "search", "--store", store, text, "--json").Hits {
		if h.Kind == "event" {
			ids = append(ids, h.ID)
		}
	}
	return ids
}

// records is how many records of a kind the server holds.
func (c *town) records(t testing.TB, kind string) int {
	t.Helper()
	return ask[struct{ Records map[string]int }](t, "kuaitud", "doctor", "--data", c.dir, "--json").Records[kind]
}
