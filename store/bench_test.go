package store

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"kuaitu/block"
	"kuaitu/geo"

	"github.com/paulmach/orb"
)

// benchLoad loads n records into a new store each time.
func benchLoad(b *testing.B, n int, load func(s *Store) (Loaded, error)) {
	dir := b.TempDir()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		b.StopTimer()
		i++
		s, err := Create(ctx, filepath.Join(dir, fmt.Sprint(i, ".gpkg")), Meta{}, Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		got, err := load(s)
		if err != nil || got.Inserted != n {
			b.Fatalf("%+v, %v", got, err)
		}
		b.StopTimer()
		s.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkLoad(b *testing.B) {
	const n = 66000
	rs := make([]block.Record, n)
	for i := range rs {
		rs[i] = building(i)
	}
	b.Run("66k", func(b *testing.B) {
		benchLoad(b, n, func(s *Store) (Loaded, error) { return s.Writer().Load(ctx, "building", seq(rs...), nil) })
	})
}

// BenchmarkLoadShenzhen loads the real buildings; the GeoJSON is parsed before the clock starts.
func BenchmarkLoadShenzhen(b *testing.B) {
	dir := os.Getenv("KUAITU_DATA")
	if dir == "" {
		dir = "../../shared/data"
	}
	f, err := os.Open(filepath.Join(dir, "buildings_shenzhen.geojson.gz"))
	if err != nil {
		b.Skip("no data")
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	var fc struct {
		Features []struct {
			Properties map[string]any
			Geometry   struct {
				Type        string
				Coordinates json.RawMessage
			}
		}
	}
	if err := json.NewDecoder(z).Decode(&fc); err != nil {
		b.Fatal(err)
	}
	var rs []block.Record
	for i, ft := range fc.Features {
		f := map[string]block.Value{"source_id": block.TextValue(fmt.Sprint(i))}
		if n, ok := ft.Properties["name"].(string); ok {
			f["name"] = block.TextValue(n)
		}
		if h, ok := ft.Properties["height"].(float64); ok && !math.IsNaN(h) {
			f["height"] = block.FloatValue(h)
		}
		r := record("building", block.NameID("building", fmt.Sprint("osm", i)), block.ID{}, f)
		var g orb.Geometry
		if ft.Geometry.Type == "Polygon" {
			var p orb.Polygon
			err = json.Unmarshal(ft.Geometry.Coordinates, &p)
			g = p
		} else {
			var p orb.MultiPolygon
			err = json.Unmarshal(ft.Geometry.Coordinates, &p)
			g = p
		}
		if err != nil {
			b.Fatal(err)
		}
		r.Geometry = geo.AppendWKB(nil, g)
		rs = append(rs, r)
	}
	benchLoad(b, len(rs), func(s *Store) (Loaded, error) { return s.Writer().Load(ctx, "building", seq(rs...), nil) })
}
