package wire

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// buildingParts gives a building its footprint and attributes as the pillar kinds have them; the order is that of a street.
func buildingParts(t testing.TB, footprints []orb.Polygon, attributes func(n int, plan *schema.Plan, r *block.Record)) []block.Part {
	plan, err := schema.Builtin().Plan("building")
	if err != nil {
		t.Fatal(err)
	}
	parts := make([]block.Part, len(footprints))
	for n, g := range footprints {
		r := plan.New(block.BulkID(3, plan.Kind.No, uint64(n)), block.NameID("region", fmt.Sprint(n/70)))
		r.Ver = 1
		attributes(n, plan, &r)
		for _, ring := range g {
			for i, p := range ring {
				ring[i] = orb.Point{math.Round(p[0]*1e7) / 1e7, math.Round(p[1]*1e7) / 1e7}
			}
		}
		r.Geometry = canonicalWKB(t, g)
		parts[n] = plan.Part(r, block.Public)
		parts[n].Stream, parts[n].Seq = streamA, 1
	}
	return parts
}

// generatedBuildings are n rectangles turned by a street's angle, with an address and the usual attributes.
func generatedBuildings(t testing.TB, n int) []block.Part {
	rnd := rand.New(rand.NewPCG(1, 2))
	footprints := make([]orb.Polygon, n)
	for i := range footprints {
		x, y := 114+float64(i%97)*4e-4, 22.5+float64(i/97)*4e-4
		dx, dy := 1e-4+rnd.Float64()*1e-4, 1e-4+rnd.Float64()*1e-4
		s := 0.3 * dx
		ring := orb.Ring{{x, y}, {x + dx, y + s}, {x + dx - s, y + s + dy}, {x - s, y + dy}}
		for range rnd.IntN(4) {
			ring = append(ring, orb.Point{x - s*rnd.Float64(), y + dy*rnd.Float64()})
		}
		footprints[i] = orb.Polygon{append(ring, ring[0])}
	}
	uses := schema.BuildingUses
	return buildingParts(t, footprints, func(i int, plan *schema.Plan, r *block.Record) {
		plan.Set(r, "code", block.TextValue(fmt.Sprintf("4403040030%09d", i)))
		plan.Set(r, "scheme", block.TextValue("sz19"))
		plan.Set(r, "address", block.TextValue(fmt.Sprintf("福田区下沙路%d号滨河雅苑%d栋", rnd.IntN(300), i%60)))
		plan.Set(r, "use", block.TextValue(uses[rnd.IntN(len(uses))].Code))
		plan.Set(r, "floors", block.IntValue(int64(1+rnd.IntN(40))))
		plan.Set(r, "height", block.FloatValue(float64(30+rnd.IntN(1200))/10))
		plan.Set(r, "year", block.IntValue(int64(1985+rnd.IntN(40))))
	})
}

// realBuildings reads the Shenzhen file, at most limit of it.
func realBuildings(t testing.TB, limit int) []block.Part {
	dir := os.Getenv("KUAITU_DATA")
	if dir == "" {
		dir = "../../../shared/data"
	}
	f, err := os.Open(filepath.Join(dir, "buildings_shenzhen.geojson.gz"))
	if err != nil {
		if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var footprints []orb.Polygon
	var properties []map[string]any
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() && len(footprints) < limit {
		b := lines.Bytes()
		if n := len(b); n > 0 && b[n-1] == ',' {
			b = b[:n-1]
		}
		var feature struct {
			Properties map[string]any
			Geometry   struct{ Coordinates orb.Polygon }
		}
		if json.Unmarshal(b, &feature) == nil && len(feature.Geometry.Coordinates) > 0 {
			footprints, properties = append(footprints, feature.Geometry.Coordinates), append(properties, feature.Properties)
		}
	}
	if len(footprints) == 0 {
		t.Fatal("no building was read")
	}
	return buildingParts(t, footprints, func(i int, plan *schema.Plan, r *block.Record) {
		if s, ok := properties[i]["name"].(string); ok {
			plan.Set(r, "name", block.TextValue(s))
		}
		if h, ok := properties[i]["height"].(float64); ok {
			plan.Set(r, "height", block.FloatValue(h))
		}
		plan.Set(r, "source_id", block.TextValue(fmt.Sprint(i+1)))
	})
}

func frameBytes(t testing.TB, parts []block.Part) int {
	size := 0
	for at := 0; at < len(parts); at += ChunkRows {
		b, err := EncodeFrame(schema.Builtin(), FrameHeader{Stream: streamA, Upto: 1}, parts[at:min(at+ChunkRows, len(parts))])
		if err != nil {
			t.Fatal(err)
		}
		size += len(b)
	}
	return size
}

func BenchmarkEncodeFrame(b *testing.B) {
	for name, parts := range map[string]func() []block.Part{
		"generated": func() []block.Part { return generatedBuildings(b, 20_000) },
		"shenzhen":  func() []block.Part { return realBuildings(b, 71_666) },
	} {
		b.Run(name, func(b *testing.B) {
			list := parts()
			size := 0
			b.ReportAllocs()
			for b.Loop() {
				size = frameBytes(b, list)
			}
			b.ReportMetric(float64(size)/float64(len(list)), "B/building")
			b.ReportMetric(float64(len(list))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkDecodeFrame(b *testing.B) {
	list := generatedBuildings(b, ChunkRows)
	frame, err := EncodeFrame(schema.Builtin(), FrameHeader{Stream: streamA, Upto: 1}, list)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := DecodeFrame(schema.Builtin(), frame); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(list))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// A street of buildings must stay within the budget of bytes a building.
func TestBytesPerBuilding(t *testing.T) {
	const budget = 70
	parts := generatedBuildings(t, 2*ChunkRows)
	if got := frameBytes(t, parts) / len(parts); got > budget {
		t.Errorf("generated: %d bytes a building, want at most %d", got, budget)
	}
	parts = realBuildings(t, 2*ChunkRows)
	if got := frameBytes(t, parts) / len(parts); got > budget {
		t.Errorf("real: %d bytes a building, want at most %d", got, budget)
	}
}
