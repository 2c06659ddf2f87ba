package console

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"kuaitu/block"
	"kuaitu/block/citypack/demo"
	"kuaitu/geo"
	"kuaitu/geo/geofile"

	"github.com/paulmach/orb"
)

// The Demo City is written out as an ordinary pack, so that it comes in by the same way as every other city.

const (
	demoDivisions  = "divisions.csv"
	demoBoundaries = "boundaries.geojson"
	demoBuildings  = "buildings.geojson"
	demoFacilities = "facilities.geojson"
	demoBase       = "base.geojson"
)

// demoSeed is the shipped city.
const demoSeed = 1

// writeDemo makes the demo pack in dir. pack.json is written last, so an interrupted folder is no pack.
func writeDemo(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the demo pack: %w", err)
	}
	city := demo.New(demoSeed)
	codes := map[block.ID]string{}
	for _, r := range city.Regions {
		codes[r.ID] = r.Code
	}
	for _, step := range []func() error{
		func() error { return demoDivisionsCSV(filepath.Join(dir, demoDivisions), city, codes) },
		func() error { return demoBoundaryFile(filepath.Join(dir, demoBoundaries), city) },
		func() error { return demoBuildingFile(filepath.Join(dir, demoBuildings), city) },
		func() error { return demoFacilityFile(filepath.Join(dir, demoFacilities), city) },
		func() error { return demoBaseFile(filepath.Join(dir, demoBase), city) },
		func() error { return demoManifest(filepath.Join(dir, "pack.json"), city) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("make the demo pack: %w", err)
		}
	}
	return nil
}

func demoDivisionsCSV(path string, city *demo.City, codes map[block.ID]string) error {
	rows := [][]string{{"code", "name", "level", "parent", "name_en"}}
	for _, r := range city.Regions {
		rows = append(rows, []string{r.Code, r.Name, r.Level.String(), codes[r.Parent], r.NameEN})
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := csv.NewWriter(f).WriteAll(rows); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// text, number and null are cells of the files below.
func textCell(s string) geofile.Value {
	if s == "" {
		return geofile.Value{}
	}
	return geofile.Value{Kind: geofile.Text, Text: s}
}

func intCell(n int) geofile.Value {
	if n == 0 {
		return geofile.Value{}
	}
	return geofile.Value{Kind: geofile.Int, Text: strconv.Itoa(n)}
}

func demoBoundaryFile(path string, city *demo.City) error {
	return writeFeatures(path, []string{"code", "name", "level"}, func(write func(g orb.Geometry, values ...geofile.Value) error) error {
		for _, r := range city.Regions {
			g, err := geo.ParseWKB(r.Geometry)
			if err != nil {
				return err
			}
			if err := write(g, textCell(r.Code), textCell(r.Name), textCell(r.Level.String())); err != nil {
				return err
			}
		}
		return nil
	})
}

func demoBuildingFile(path string, city *demo.City) error {
	columns := []string{"name", "address", "use", "floors", "floors_below", "units", "height", "year", "urban_village"}
	return writeFeatures(path, columns, func(write func(g orb.Geometry, values ...geofile.Value) error) error {
		for _, b := range city.Buildings {
			g, err := geo.ParseWKB(b.Geometry)
			if err != nil {
				return err
			}
			height := geofile.Value{Kind: geofile.Float, Text: strconv.FormatFloat(b.Height, 'f', 1, 64)}
			village := geofile.Value{Kind: geofile.Bool, Text: strconv.FormatBool(b.UrbanVillage)}
			if err := write(g, textCell(b.Name), textCell(b.Address), textCell(b.Use), intCell(b.Floors), intCell(b.FloorsBelow), intCell(b.Units), height, intCell(b.Year), village); err != nil {
				return err
			}
		}
		return nil
	})
}

func demoFacilityFile(path string, city *demo.City) error {
	return writeFeatures(path, []string{"name", "type", "address", "hours", "phone"}, func(write func(g orb.Geometry, values ...geofile.Value) error) error {
		for _, f := range city.Facilities {
			if err := write(f.Point, textCell(f.Name), textCell(f.Type), textCell(f.Address), textCell(f.Hours), textCell(f.Phone)); err != nil {
				return err
			}
		}
		return nil
	})
}

func demoBaseFile(path string, city *demo.City) error {
	return writeFeatures(path, []string{"class", "name"}, func(write func(g orb.Geometry, values ...geofile.Value) error) error {
		for _, f := range city.Base {
			if err := write(f.Geometry, textCell(f.Class), textCell(f.Name)); err != nil {
				return err
			}
		}
		return nil
	})
}

// writeFeatures makes a GeoJSON file of text columns, a feature a line.
func writeFeatures(path string, columns []string, each func(write func(g orb.Geometry, values ...geofile.Value) error) error) error {
	opts := geofile.WriteOptions{Format: geofile.FormatGeoJSON}
	for _, c := range columns {
		opts.Columns = append(opts.Columns, geofile.Column{Name: c, Kind: geofile.Text})
	}
	w, err := geofile.Create(context.Background(), path, opts)
	if err != nil {
		return err
	}
	defer w.Abort()
	n := 0
	if err := each(func(g orb.Geometry, values ...geofile.Value) error {
		n++
		return w.Write(geofile.Feature{ID: strconv.Itoa(n), Geometry: g, Values: values})
	}); err != nil {
		return err
	}
	return w.Close()
}

func demoManifest(path string, city *demo.City) error {
	root := slices.IndexFunc(city.Regions, func(r block.Region) bool { return r.Level == block.City })
	type label struct {
		ZH string `json:"zh"`
		EN string `json:"en"`
	}
	manifest := map[string]any{
		"pack": 1, "name": label{"样城", "Demo City"}, "region": city.Regions[root].Code, "timezone": "Asia/Shanghai", "schemes": []string{"sz25"},
		"levels": []map[string]string{
			{"level": "city", "zh": "市", "en": "City"}, {"level": "district", "zh": "区", "en": "District"}, {"level": "street", "zh": "街道", "en": "Street office"},
			{"level": "community", "zh": "社区", "en": "Community"}, {"level": "grid", "zh": "网格", "en": "Grid"},
		},
		"divisions":  map[string]string{"file": demoDivisions},
		"boundaries": []map[string]string{{"file": demoBoundaries, "datum": "cgcs2000", "code": "code", "name": "name", "level": "level"}},
		"imports": []map[string]any{
			{"file": demoBuildings, "kind": "building", "datum": "cgcs2000"}, {"file": demoFacilities, "kind": "facility", "datum": "cgcs2000"},
		},
		"basemaps":    []map[string]any{{"file": demoBase, "name": label{"样城底图", "Demo base map"}, "datum": "cgcs2000"}},
		"attribution": "样城为虚构城市 · Demo City is made up",
	}
	b, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}
