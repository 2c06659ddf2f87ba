package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/geo"
)

var shipped = sync.OnceValue(func() *City { return New(1) })

func digest(c *City) string {
	h := sha256.New()
	for _, r := range c.Regions {
		fmt.Fprintf(h, "%s %s %s %s %s %s %d %x\n", r.ID, r.Code, r.Name, r.NameEN, r.Parent, r.Type, r.Level, r.Geometry)
	}
	for _, b := range c.Buildings {
		fmt.Fprintf(h, "%s %s %s %s %d %d %d %.1f %d %t %s %x\n", b.ID, b.Name, b.Address, b.Use, b.Floors, b.FloorsBelow, b.Units, b.Height, b.Year, b.UrbanVillage, b.Region, b.Geometry)
	}
	for _, f := range c.Base {
		fmt.Fprintf(h, "%s %s %x\n", f.Class, f.Name, encode(f.Geometry))
	}
	for _, f := range c.Facilities {
		fmt.Fprintf(h, "%+v\n", f)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// A change of this hash is a change of the shipped city: devices that have the old one would see two.
const golden = "d930bbd25397490bb6e9821be46f84ed7c3e7a5e738e7bb1236e2aaf1ee8e199"

func TestCityIsTheSameEverywhere(t *testing.T) {
	if got := digest(shipped()); got != golden {
		t.Errorf("city of seed 1 has hash %s, want %s", got, golden)
	}
	if a, b := digest(New(2)), digest(New(2)); a != b {
		t.Error("two runs with one seed differ")
	} else if a == golden {
		t.Error("seeds 1 and 2 give the same city")
	}
}

// checkCity holds for any seed.
func checkCity(t *testing.T, c *City) {
	t.Helper()
	if n := len(c.Buildings); n < 6000 || n > 9600 {
		t.Errorf("%d buildings", n)
	}
	checkRegions(t, c)
	checkBuildings(t, c)
}

func TestSeeds(t *testing.T) {
	for _, seed := range []uint64{1, 7, 20260401} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			c := shipped()
			if seed != 1 {
				c = New(seed)
			}
			checkCity(t, c)
		})
	}
}

func geometryOf(t *testing.T, w block.WKB) orb.Geometry {
	t.Helper()
	g, err := geo.ParseWKB(w)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// valid fails unless g is what Repair would leave alone.
func valid(t *testing.T, what string, g orb.Geometry) {
	t.Helper()
	r, defects, err := geo.Repair(g)
	if err != nil || len(defects) > 0 {
		t.Errorf("%s: %v %v", what, defects, err)
	} else if string(geo.AppendWKB(nil, r)) != string(geo.AppendWKB(nil, g)) {
		t.Errorf("%s: not in canonical form", what)
	}
}

func checkRegions(t *testing.T, c *City) {
	t.Helper()
	tree, err := block.NewTree(c.Regions, nil)
	if err != nil {
		t.Fatal(err)
	}
	levels := map[block.Level]int{}
	area := map[block.ID]float64{}
	shape := map[block.ID]orb.Geometry{}
	names := map[string]bool{}
	for _, r := range c.Regions {
		levels[r.Level]++
		if r.ID != block.NameID("region", Scheme+":"+r.Code) || len(r.Code) != 12 || !strings.HasPrefix(r.Code, "9901") {
			t.Errorf("region %s has id %s", r.Code, r.ID)
		}
		if names[r.Name] || r.Name == "" || names[r.NameEN] || r.NameEN == "" {
			t.Errorf("region %s is called %q, %q, not for the first time", r.Code, r.Name, r.NameEN)
		}
		names[r.Name], names[r.NameEN] = true, true
		g := geometryOf(t, r.Geometry)
		valid(t, r.Code+" "+r.Name, g)
		shape[r.ID], area[r.ID] = g, geo.Area(g)
	}
	if levels[block.City] != 1 || levels[block.District] != 4 || levels[block.Street] != 12 || levels[block.Community] < 50 || levels[block.Community] > 75 {
		t.Errorf("levels %v", levels)
	}
	for _, r := range c.Regions {
		children := tree.Children(r.ID)
		if len(children) == 0 {
			continue
		}
		// Together the children have their parent's area, and every stretch of border lies between exactly two of
		// them or on the parent's own border: then there is neither gap nor overlap.
		var sum float64
		borders := map[[2]orb.Point]int{}
		for _, id := range children {
			sum += area[id]
			countEdges(shape[id], borders, 1)
		}
		if math.Abs(sum-area[r.ID]) > 1e-6*sum {
			t.Errorf("%s: children have %.1f m², parent %.1f", r.Code, sum, area[r.ID])
		}
		outline := map[[2]orb.Point]int{}
		countEdges(shape[r.ID], outline, 1)
		for e, n := range borders {
			back := borders[[2]orb.Point{e[1], e[0]}]
			if n != 1 || back+outline[e] != 1 {
				t.Fatalf("%s: border %v is used %d times, %d times the other way, %d times by the parent", r.Code, e, n, back, outline[e])
			}
		}
	}
	var communities []orb.Geometry
	for _, r := range c.Regions {
		if r.Level == block.Community {
			communities = append(communities, shape[r.ID])
		}
	}
	loc, whole := geo.NewLocator(communities), shape[tree.Root()]
	d := newDice(3, 3)
	bounds, _ := geo.Bounds(whole)
	for range 4000 {
		p := orb.Point{d.in(bounds.Min[0], bounds.Max[0]), d.in(bounds.Min[1], bounds.Max[1])}
		want := 0
		if geo.Contains(whole, p) {
			want = 1
		}
		if got := loc.Find(p); len(got) != want {
			t.Errorf("%v lies in %d communities, want %d", p, len(got), want)
		}
	}
}

func countEdges(g orb.Geometry, into map[[2]orb.Point]int, by int) {
	switch g := g.(type) {
	case orb.Polygon:
		for _, r := range g {
			for i := 1; i < len(r); i++ {
				into[[2]orb.Point{r[i-1], r[i]}] += by
			}
		}
	case orb.MultiPolygon:
		for _, p := range g {
			countEdges(p, into, by)
		}
	}
}

func checkBuildings(t *testing.T, c *City) {
	t.Helper()
	uses := map[string]int{}
	for _, u := range schema.BuildingUses {
		uses[u.Code] = 0
	}
	community := map[block.ID]int{}
	var areas []orb.Geometry
	for _, r := range c.Regions {
		if r.Level == block.Community {
			community[r.ID] = len(areas)
			areas = append(areas, geometryOf(t, r.Geometry))
		}
	}
	loc := geo.NewLocator(areas)
	ids, names, addresses := map[block.ID]bool{}, map[string]bool{}, map[string]bool{}
	cells := map[[2]int][]int{}
	const cell = 100
	for i := range c.Buildings {
		b := &c.Buildings[i]
		if _, ok := uses[b.Use]; !ok {
			t.Fatalf("use %q is not in the schema", b.Use)
		}
		uses[b.Use]++
		if ids[b.ID] || addresses[b.Address] && b.Use != usePublic || names[b.Name] && b.Use != usePublic {
			t.Errorf("building %s %q at %q is not unique", b.ID, b.Name, b.Address)
		}
		ids[b.ID], names[b.Name], addresses[b.Address] = true, true, true
		if b.Name == "" || b.Address == "" || b.Floors < 1 || b.Height < 2 || b.Year < 1900 || b.Year > 2030 {
			t.Errorf("building %+v", b)
		}
		g := geometryOf(t, b.Geometry)
		valid(t, b.Name, g)
		for _, p := range g.(orb.Polygon)[0] {
			if in := loc.Find(p); len(in) != 1 || in[0] != community[b.Region] {
				t.Errorf("%s has a corner in communities %v, is of %d", b.Name, in, community[b.Region])
			}
		}
		box := boxOf(b.outline)
		for x := int(math.Floor(box.lo.x / cell)); x <= int(math.Floor(box.hi.x/cell)); x++ {
			for y := int(math.Floor(box.lo.y / cell)); y <= int(math.Floor(box.hi.y/cell)); y++ {
				for _, j := range cells[[2]int{x, y}] {
					if tooClose(c.Buildings[j].outline, b.outline, 0.3) {
						t.Errorf("%s and %s overlap or touch", c.Buildings[j].Name, b.Name)
					}
				}
				cells[[2]int{x, y}] = append(cells[[2]int{x, y}], i)
			}
		}
	}
	for u, n := range uses {
		if n < 20 {
			t.Errorf("only %d buildings of use %s", n, u)
		}
	}
	// Neither water nor the roadways are built over.
	hit := func(what string, pts []vec, keep float64) {
		box := boxOf(pts)
		for x := int(math.Floor((box.lo.x - keep) / cell)); x <= int(math.Floor((box.hi.x+keep)/cell)); x++ {
			for y := int(math.Floor((box.lo.y - keep) / cell)); y <= int(math.Floor((box.hi.y+keep)/cell)); y++ {
				for _, j := range cells[[2]int{x, y}] {
					if tooClose(c.Buildings[j].outline, pts, keep) {
						t.Errorf("%s stands on %s", c.Buildings[j].Name, what)
					}
				}
			}
		}
	}
	for _, f := range c.Base {
		switch g := f.Geometry.(type) {
		case orb.Polygon:
			if f.Class == "water" {
				hit("water "+f.Name, metres(g[0][:len(g[0])-1]), 0.1)
			}
		case orb.LineString:
			keep := map[string]float64{"motorway": 14, "primary": 12, "secondary": 7, "residential": 4.5, "rail": 6}[f.Class]
			pts := metres(g)
			for i := 1; i < len(pts) && keep > 0; i++ {
				hit(f.Class+" "+f.Name, pts[i-1:i+1], keep)
			}
		}
	}
}

func metres(pts []orb.Point) []vec {
	out := make([]vec, len(pts))
	for i, p := range pts {
		out[i] = spot{int64(math.Round(p[0]*1e7)) - originX, int64(math.Round(p[1]*1e7)) - originY}.vec()
	}
	return out
}

func TestBaseMap(t *testing.T) {
	classes := map[string]int{}
	for _, f := range shipped().Base {
		classes[f.Class]++
		switch f.Geometry.(type) {
		case orb.Polygon:
			if _, _, err := geo.Repair(f.Geometry); err != nil {
				t.Errorf("%s %s: %v", f.Class, f.Name, err)
			}
		case orb.LineString:
			if len(f.Geometry.(orb.LineString)) < 2 {
				t.Errorf("%s %s has no length", f.Class, f.Name)
			}
		default:
			t.Errorf("%s %s is a %T", f.Class, f.Name, f.Geometry)
		}
	}
	want := []string{"green", "land", "motorway", "path", "pier", "primary", "rail", "residential", "sand", "secondary", "square", "water"}
	for _, w := range want {
		if classes[w] == 0 {
			t.Errorf("no %s", w)
		}
	}
	if len(classes) != len(want) {
		t.Errorf("classes %v", classes)
	}
	if classes["land"] != 2 {
		t.Errorf("%d pieces of land, want the island and the islet", classes["land"])
	}
}

func TestFacilities(t *testing.T) {
	c := shipped()
	building := map[block.ID]*Building{}
	for i := range c.Buildings {
		building[c.Buildings[i].ID] = &c.Buildings[i]
	}
	centres := map[block.ID]int{}
	types := map[string]int{}
	for _, f := range c.Facilities {
		types[f.Type]++
		b := building[f.Building]
		if b == nil || b.Region != f.Region || !geo.Contains(geometryOf(t, b.Geometry), f.Point) {
			t.Errorf("%s does not stand in its building", f.Name)
		}
		if f.Type == "party_service_centre" {
			centres[f.Region]++
		}
	}
	housed := map[block.ID]bool{}
	for _, b := range c.Buildings {
		housed[b.Region] = true
	}
	for _, r := range c.Regions {
		if r.Level == block.Community && housed[r.ID] && centres[r.ID] != 1 {
			t.Errorf("%s has %d service centres", r.Name, centres[r.ID])
		}
	}
	for _, want := range []string{"school", "hospital", "hall", "station", "stadium"} {
		if types[want] == 0 {
			t.Errorf("no %s among %v", want, types)
		}
	}
}

func TestIDsAreMadeWithTheSchemasNumbers(t *testing.T) {
	for kind, no := range map[block.Kind]uint16{"building": buildingNo, "facility": facilityNo} {
		if p, err := schema.Builtin().Plan(kind); err != nil || p.Kind.No != no {
			t.Errorf("%s: number %d, %v", kind, no, err)
		}
	}
}

// TestFontHasEveryCharacter keeps the names drawable: the shipped font is a subset.
func TestFontHasEveryCharacter(t *testing.T) {
	text, err := os.ReadFile("../../../assets/fonts/characters.txt")
	if err != nil {
		t.Fatal(err)
	}
	have := map[rune]bool{}
	for _, r := range string(text) {
		have[r] = true
	}
	var missing []rune
	check := func(texts ...string) {
		for _, s := range texts {
			for _, r := range s {
				if !have[r] && !slices.Contains(missing, r) {
					missing = append(missing, r)
				}
			}
		}
	}
	c := shipped()
	for _, r := range c.Regions {
		check(r.Name, r.NameEN)
	}
	for _, b := range c.Buildings {
		check(b.Name, b.Address)
	}
	for _, f := range c.Base {
		check(f.Name)
	}
	for _, f := range c.Facilities {
		check(f.Name, f.Address, f.Hours, f.Phone)
	}
	if len(missing) > 0 {
		t.Errorf("the font lacks %q", string(missing))
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		New(1)
	}
}
