package store

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

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

// BenchmarkSearch/66k runs a mix of everyday queries and reports the slowest hundredth.
func BenchmarkSearch(b *testing.B) {
	b.Run("66k", func(b *testing.B) {
		s := newStore(b)
		if _, err := s.Writer().Load(ctx, "building", buildings(66000), nil); err != nil {
			b.Fatal(err)
		}
		queries := []string{"下沙", "雅苑", "滨河雅苑12栋", "深南大道 星河", "福强路", "bhyy", "chongqing", "44030400000", "碧海云天三十二栋", "沙头", "深南大道100号", "星河国际 益田", "金地名律", "长", "海湾花园5栋1203"}
		var took []time.Duration
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			begin := time.Now()
			if _, err := s.Reader().Search(ctx, SearchQuery{Text: queries[i%len(queries)]}); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(begin))
			i++
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		var slow []string
		for j, q := range queries {
			begin := time.Now()
			for range 20 {
				if _, err := s.Reader().Search(ctx, SearchQuery{Text: q}); err != nil {
					b.Fatal(err)
				}
			}
			slow = append(slow, fmt.Sprintf("%s %v", queries[j], (time.Since(begin)/20).Round(10*time.Microsecond)))
		}
		b.Log(slow)
	})
}

// BenchmarkApplyCut/66k is the first cut of an enrolled store: two parts a building.
func BenchmarkApplyCut(b *testing.B) {
	b.Run("66k", func(b *testing.B) {
		const n = 66000
		p := plan("building")
		streams := []block.Stream{{Region: rid("S1"), Class: block.Public}, {Region: rid("S1"), Class: block.Work}}
		var parts []block.Part
		for _, s := range streams {
			for i := range n {
				r := building(i)
				r.Ver = 1
				part := p.Part(r, s.Class)
				part.Stream = s
				parts = append(parts, part)
			}
		}
		cut := block.CutPlan{Epoch: block.Epoch{1}}
		for _, s := range streams {
			cut.Streams = append(cut.Streams, block.StreamPlan{Stream: s, Seq: 1, Replace: true})
		}
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			s := enrolled(b, block.AllParts)
			b.StartTimer()
			if _, err := s.Writer().ApplyCut(ctx, cut, partSeq(parts)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

// BenchmarkMapRows/66k is the map's way: id, bounds, geometry and two fields of every building.
func BenchmarkMapRows(b *testing.B) {
	b.Run("66k", func(b *testing.B) {
		s := newStore(b)
		if _, err := s.Writer().Load(ctx, "building", buildings(66000), nil); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if err := s.Reader().MapRows(ctx, "building", []string{"use", "name"}, nil, func(*MapRow) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkEdit is one field of one building, saved.
func BenchmarkEdit(b *testing.B) {
	b.Run("66k", func(b *testing.B) {
		s := newStore(b)
		if _, err := s.Writer().Load(ctx, "building", buildings(66000), nil); err != nil {
			b.Fatal(err)
		}
		i := 0
		for b.Loop() {
			i++
			e := block.Edit{Verb: block.Update, Kind: "building", ID: building(i * 7 % 66000).ID, Fields: []block.FieldSet{fieldSet("building", "name", block.TextValue(fmt.Sprint("新名", i)))}}
			if _, err := s.Writer().Edit(ctx, []block.Edit{e}, "甲"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
