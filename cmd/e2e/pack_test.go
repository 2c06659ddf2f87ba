package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	stdsync "sync"
	"testing"
)

// The tiny town: two districts side by side, each of two streets one above the other, each of two communities side by
// side; every community has the same number of buildings. It lies on made-up codes at 113°, 23°.
const (
	townCode  = "997700000000"
	townWest  = 113.00
	townSouth = 23.00
	cellWide  = 0.01 // of a community, degrees
	cellHigh  = 0.01
	perCell   = 40
	townSize  = 8 * perCell
)

func districtCode(d int) string        { return fmt.Sprintf("9977%02d000000", d+1) }
func streetCode(d, s int) string       { return fmt.Sprintf("9977%02d%03d000", d+1, s+1) }
func communityCode(d, s, c int) string { return fmt.Sprintf("9977%02d%03d%03d", d+1, s+1, c+1) }

// cell is the south-west corner of a community.
func cell(d, s, c int) (lon, lat float64) {
	return townWest + float64(2*d+c)*cellWide, townSouth + float64(s)*cellHigh
}

type object = map[string]any

func box(west, south, east, north float64) object {
	return object{"type": "Polygon", "coordinates": [][][2]float64{{{west, south}, {east, south}, {east, north}, {west, north}, {west, south}}}}
}

func feature(geometry object, properties object) object {
	return object{"type": "Feature", "geometry": geometry, "properties": properties}
}

func collection(features []object) object {
	return object{"type": "FeatureCollection", "features": features}
}

func writeJSON(t *testing.T, path string, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, path, b)
}

func writeFile(t *testing.T, path string, b []byte) string {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// townBuildings are the buildings of the town, name and floors by place, the same for the same seed.
func townBuildings(seed uint64) []object {
	rng := rand.New(rand.NewPCG(seed, 1))
	var out []object
	for d := range 2 {
		for s := range 2 {
			for c := range 2 {
				lon, lat := cell(d, s, c)
				for i := range perCell {
					x, y := lon+0.0008+float64(i%8)*0.0011, lat+0.0008+float64(i/8)*0.0018
					w, h := 0.0003+rng.Float64()*0.0004, 0.0003+rng.Float64()*0.0006
					out = append(out, feature(box(x, y, x+w, y+h), object{
						"name": fmt.Sprintf("青石里%d%d%d-%d栋", d+1, s+1, c+1, i+1), "levels": 1 + rng.IntN(30),
					}))
				}
			}
		}
	}
	return out
}

// writeTown writes the town's pack into dir.
func writeTown(t *testing.T, dir string) {
	t.Helper()
	csv := "code,name,level,parent\n" + townCode + ",青石市,city,997000000000\n"
	var regions []object
	region := func(code, name, level, parent string, geometry object) {
		csv += fmt.Sprintf("%s,%s,%s,%s\n", code, name, level, parent)
		regions = append(regions, feature(geometry, object{"code": code, "name": name, "level": level}))
	}
	for d := range 2 {
		lon, lat := cell(d, 0, 0)
		region(districtCode(d), []string{"溪东区", "溪西区"}[d], "district", townCode, box(lon, lat, lon+2*cellWide, lat+2*cellHigh))
		for s := range 2 {
			lon, lat := cell(d, s, 0)
			region(streetCode(d, s), fmt.Sprintf("%s街道", [][]string{{"松岭", "竹湾"}, {"梅园", "兰亭"}}[d][s]), "street", districtCode(d), box(lon, lat, lon+2*cellWide, lat+cellHigh))
			for c := range 2 {
				lon, lat := cell(d, s, c)
				region(communityCode(d, s, c), fmt.Sprintf("第%d%d%d社区", d+1, s+1, c+1), "community", streetCode(d, s), box(lon, lat, lon+cellWide, lat+cellHigh))
			}
		}
	}
	writeFile(t, filepath.Join(dir, "divisions.csv"), []byte(csv))
	writeJSON(t, filepath.Join(dir, "boundaries.geojson"), collection(regions))
	writeJSON(t, filepath.Join(dir, "buildings.geojson"), collection(townBuildings(7)))
	writeJSON(t, filepath.Join(dir, "pack.json"), object{
		"pack": 1, "name": object{"zh": "青石市", "en": "Greenstone"}, "region": townCode, "timezone": "Asia/Shanghai",
		"levels": []object{
			{"level": "city", "zh": "市", "en": "City"}, {"level": "district", "zh": "区", "en": "District"}, {"level": "street", "zh": "街道", "en": "Street"},
			{"level": "community", "zh": "社区", "en": "Community"}, {"level": "grid", "zh": "网格", "en": "Grid"},
		},
		"divisions":   object{"file": "divisions.csv"},
		"boundaries":  []object{{"file": "boundaries.geojson", "datum": "cgcs2000", "code": "code", "name": "name", "level": "level"}},
		"imports":     []object{{"file": "buildings.geojson", "kind": "building", "datum": "cgcs2000", "fields": object{"name": "name", "levels": "floors"}}},
		"attribution": "made up for tests",
	})
}

var (
	townOnce stdsync.Once
	townDir  string // holds the pack and a server's folder made from it; below bin, so it goes with it
)

// town makes the pack and a server's folder once and returns where.
func town(t *testing.T) (pack, serverDir string) {
	t.Helper()
	townOnce.Do(func() {
		dir := filepath.Join(bin, "town")
		if err := os.MkdirAll(filepath.Join(dir, "pack"), 0o755); err != nil {
			t.Fatal(err)
		}
		writeTown(t, filepath.Join(dir, "pack"))
		server(t, "init", "--data", filepath.Join(dir, "server"), "--pack", filepath.Join(dir, "pack"), "--with-data").want(t, 0)
		townDir = dir
	})
	if townDir == "" {
		t.Fatal("the tiny town could not be made")
	}
	return filepath.Join(townDir, "pack"), filepath.Join(townDir, "server")
}

// newCity starts a server over a copy of the town.
func newCity(t *testing.T) *city {
	t.Helper()
	_, from := town(t)
	dir := filepath.Join(t.TempDir(), "server")
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	return adopt(t, dir)
}

// standalone makes a standalone store of the town, with data or without.
func standalone(t *testing.T, withData bool) string {
	t.Helper()
	pack, _ := town(t)
	path := filepath.Join(t.TempDir(), "alone.gpkg")
	args := []string{"init", "--store", path, "--pack", pack}
	if withData {
		args = append(args, "--with-data")
	}
	ctl(t, args...).want(t, 0)
	return path
}

// shenzhen returns the folder of the real pack. Without it the test is skipped, or fails where the data is required.
func shenzhen(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("KUAITU_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "pack.json")); err != nil {
		if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
			t.Fatalf("the real data is required: %v", err)
		}
		t.Skip("the real data is not here (KUAITU_DATA)")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
