package mapview

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"image"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/paulmach/orb"
)

// dataFile is the path of a file of real data, or the test is skipped (KUAITU_DATA, see docs).
func dataFile(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("KUAITU_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
			t.Fatalf("real data is required: %v", err)
		}
		t.Skipf("no real data: %v", err)
	}
	return path
}

func testID(n int) ID {
	var id ID
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

// jsonFeature is as much of a GeoJSON feature as the tests need; lines and multi polygons only.
type jsonFeature struct {
	Properties map[string]any
	Geometry   *struct {
		Type        string
		Coordinates json.RawMessage
	}
}

func (f *jsonFeature) geometry(t testing.TB) orb.Geometry {
	t.Helper()
	var err error
	var g orb.Geometry
	switch f.Geometry.Type {
	case "Polygon":
		var p orb.Polygon
		err = json.Unmarshal(f.Geometry.Coordinates, &p)
		g = p
	case "MultiPolygon":
		var p orb.MultiPolygon
		err = json.Unmarshal(f.Geometry.Coordinates, &p)
		g = p
	default:
		t.Fatalf("a %s in the test data", f.Geometry.Type)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// readLines reads a gzipped GeoJSON file with one feature a line.
func readLines(t testing.TB, path string, each func(*jsonFeature)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	sc := bufio.NewScanner(z)
	sc.Buffer(nil, 1<<22)
	for sc.Scan() {
		line := sc.Bytes()
		if n := len(line); n > 0 && line[n-1] == ',' {
			line = line[:n-1]
		}
		var ft jsonFeature
		if json.Unmarshal(line, &ft) == nil && ft.Geometry != nil {
			each(&ft)
		}
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
}

var shenzhen struct {
	once sync.Once
	snap *Snapshot
}

// shenzhenBuildings are the real buildings, classed by their OSM tag.
func shenzhenBuildings(t testing.TB) *Snapshot {
	path := dataFile(t, "buildings_shenzhen.geojson.gz")
	shenzhen.once.Do(func() {
		var b Builder
		readLines(t, path, func(ft *jsonFeature) {
			name, _ := ft.Properties["name"].(string)
			kind, _ := ft.Properties["building"].(string)
			if err := b.Add(testID(b.Len()+1), uint8(useOfTag(kind)), name, ft.geometry(t)); err != nil {
				t.Log(err)
			}
		})
		shenzhen.snap = b.Build(1)
	})
	if shenzhen.snap == nil {
		t.Fatal("the buildings could not be read")
	}
	return shenzhen.snap
}

func useOfTag(tag string) Use {
	switch tag {
	case "apartments", "residential":
		return UseResidential
	case "house", "detached", "terrace":
		return UseSelfBuilt
	case "commercial", "retail", "hotel", "supermarket":
		return UseCommercial
	case "office":
		return UseOffice
	case "school", "public", "hospital", "university", "kindergarten", "government":
		return UsePublic
	case "construction":
		return UseConstruction
	}
	return UseUnknown
}

// city makes n buildings of 5 to 12 corners in blocks around fifteen cores, repeatably.
func city(n int) *Snapshot {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	var b Builder
	const lat, lon = 30.5, 114.3
	m := 360 / (2 * math.Pi * orb.EarthRadius) // degrees of latitude per metre
	mx := m / math.Cos(lat*math.Pi/180)
	spread := 20000 * math.Sqrt(float64(n)/660000)
	var cores [15]orb.Point
	for i := range cores {
		cores[i] = orb.Point{lon + (rng.Float64()*2-1)*spread*mx, lat + (rng.Float64()*2-1)*spread*m}
	}
	for i := 0; i < n; {
		c := cores[rng.IntN(len(cores))]
		r := math.Abs(rng.NormFloat64()) * spread / 2.5
		a := rng.Float64() * 2 * math.Pi
		block := orb.Point{c[0] + r*math.Cos(a)*mx, c[1] + r*math.Sin(a)*m}
		turn := rng.Float64()
		use := Use(1 + rng.IntN(int(numUses)-1))
		for range min(n-i, 8+rng.IntN(40)) {
			x, y := (rng.Float64()*2-1)*150, (rng.Float64()*2-1)*150
			size := 5 + rng.Float64()*25
			ring := make(orb.Ring, 5+rng.IntN(4))
			for j := range ring {
				t := turn + 2*math.Pi*float64(j)/float64(len(ring))
				ring[j] = orb.Point{block[0] + (x+size*math.Cos(t))*mx, block[1] + (y+size*0.7*math.Sin(t))*m}
			}
			if err := b.Add(testID(i+1), uint8(use), "", orb.Polygon{ring}); err != nil {
				panic(err)
			}
			i++
		}
	}
	return b.Build(1)
}

func writePNG(t testing.TB, path string, m image.Image) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, m); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
