package citypack

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"kuaitu/block"
	"kuaitu/geo"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

// buildingPoints returns the inner points of the real buildings.
func buildingPoints(t testing.TB) []orb.Point {
	t.Helper()
	fsys := realData(t)
	points.Do(func() { points.list = readPoints(t, fsys) })
	return points.list
}

var points struct {
	sync.Once
	list []orb.Point
}

func readPoints(t testing.TB, fsys fs.FS) []orb.Point {
	t.Helper()
	data, err := readFile(fsys, "buildings_shenzhen.geojson.gz")
	if err != nil {
		t.Fatal(err)
	}
	var out []orb.Point
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var f jsonFeature
		if json.Unmarshal(bytes.TrimSuffix(bytes.TrimSpace(lines.Bytes()), []byte(",")), &f) != nil || f.Geometry == nil {
			continue
		}
		g, err := f.Geometry.area()
		if err != nil {
			t.Fatal(err)
		}
		if p, ok := geo.InnerPoint(g); ok {
			out = append(out, p)
		}
	}
	if len(out) != 71666 {
		t.Fatalf("%d buildings", len(out))
	}
	return out
}

func shenzhen(t testing.TB) *Pack {
	t.Helper()
	p, err := Load(context.Background(), realData(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func shapeOf(t testing.TB, r block.Region) orb.Geometry {
	t.Helper()
	g, err := geo.ParseWKB(r.Geometry)
	if err != nil {
		t.Fatalf("%s: %v", r.Code, err)
	}
	return g
}

func TestGridsOfShenzhen(t *testing.T) {
	p, points := shenzhen(t), buildingPoints(t)
	grids := CutGrids(p.Regions(), points)
	if dir := os.Getenv("GRIDS_OUT"); dir != "" { // for GEOS to look at
		f, err := os.Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, r := range append(slices.Clone(p.Regions()), grids...) {
			fmt.Fprintf(f, "%s\t%s\t%x\n", r.Code, r.Parent, []byte(r.Geometry))
		}
	}
	all := append(slices.Clone(p.Regions()), grids...)
	tree, err := block.NewTree(all, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkGrids(t, tree, grids, points)
	t.Logf("%d grids", len(grids))

	// Deterministic: other orders of regions and buildings give the same bytes.
	regions, other := slices.Clone(p.Regions()), slices.Clone(points)
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(regions), func(i, j int) { regions[i], regions[j] = regions[j], regions[i] })
	r.Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
	again := CutGrids(regions, other)
	if len(again) != len(grids) {
		t.Fatalf("%d grids, then %d", len(grids), len(again))
	}
	for i := range grids {
		if grids[i].Code != again[i].Code || !bytes.Equal(grids[i].Geometry, again[i].Geometry) {
			t.Fatalf("grid %s differs between two runs", grids[i].Code)
		}
	}
}

// checkGrids proves of the grids of a tree what CutGrids promises, by geo's own floating-point measures.
func checkGrids(t interface {
	Helper()
	Errorf(string, ...any)
	Fatalf(string, ...any)
}, tree *block.Tree, grids []block.Region, points []orb.Point) {
	t.Helper()
	byParent := map[block.ID][]block.Region{}
	shapes := map[block.ID]orb.Geometry{}
	for _, g := range grids {
		s, err := geo.ParseWKB(g.Geometry)
		if err != nil {
			t.Fatalf("%s: %v", g.Code, err)
		}
		if _, defects, err := geo.Repair(s); err != nil || len(defects) > 0 {
			t.Errorf("grid %s is not valid: %v, %v", g.Code, defects, err)
		}
		byParent[g.Parent] = append(byParent[g.Parent], g)
		shapes[g.ID] = s
		if g.Scheme != SchemeMadeGrid || !g.Made || g.Type != "base-grid" || g.Level != block.Grid {
			t.Errorf("grid %+v", g)
		}
	}
	var list []orb.Geometry
	for _, g := range grids {
		list = append(list, shapes[g.ID])
	}
	locator := geo.NewLocator(list)
	count := make([]int, len(grids))
	for _, p := range points {
		for _, i := range locator.Find(p) {
			count[i]++
		}
	}
	for i, g := range grids {
		if area := geo.Area(list[i]); count[i] > GridBuildings+1 && area > GridAreaM2*1.01 {
			t.Errorf("grid %s has %d buildings on %.0f m²", g.Code, count[i], area)
		}
	}
	for id, children := range byParent {
		parent, _ := tree.Region(id)
		whole, err := geo.ParseWKB(parent.Geometry)
		if err != nil {
			t.Fatalf("%s: %v", parent.Code, err)
		}
		sum := 0.0
		for i, g := range children {
			a, _ := measure(shapes[g.ID])
			sum += a
			if want := fmt.Sprintf("%s%0*d", parent.Code, len(g.Code)-len(parent.Code), i+1); g.Code != want || !strings.HasSuffix(g.Name, "-"+want[len(parent.Code):]) {
				t.Errorf("grid %s (%s), want %s", g.Code, g.Name, want)
			}
		}
		// Every corner on the outline may be off by half a unit: that much area for each degree of it, and not more.
		if area, length := measure(whole); math.Abs(sum-area) > 0.75e-7*length {
			t.Errorf("the grids of %s have %g square degrees, it has %g", parent.Code, sum, area)
		}
		noLooseSides(t, parent, children, shapes)
	}
}

// measure returns area and outline in the plane of degrees, where a side that is cut in two stays as it is.
func measure(g orb.Geometry) (area, length float64) {
	for _, r := range rings(g) {
		x0, y0 := r[0][0], r[0][1]
		for i := 1; i < len(r); i++ {
			a, b := r[i-1], r[i]
			area += ((a[0]-x0)*(b[1]-y0) - (b[0]-x0)*(a[1]-y0)) / 2 // holes run the other way round
			length += math.Hypot(b[0]-a[0], b[1]-a[1])
		}
	}
	return area, length
}

// noLooseSides proves that siblings share their corners: each side of a piece is met by the same side of another piece, run
// the other way, or lies on the parent's outline, where the parent's own sides add up to the rest.
func noLooseSides(t interface {
	Helper()
	Errorf(string, ...any)
}, parent block.Region, children []block.Region, shapes map[block.ID]orb.Geometry) {
	t.Helper()
	sides := map[[2]orb.Point]int{}
	for _, c := range children {
		for _, r := range rings(shapes[c.ID]) {
			for i := 1; i < len(r); i++ {
				sides[[2]orb.Point{r[i-1], r[i]}]++
			}
		}
	}
	outline := 0.0
	for s, n := range sides {
		if back := sides[[2]orb.Point{s[1], s[0]}]; n > 1 || back > 1 {
			t.Errorf("%s: a side is there %d times, %d times backwards", parent.Code, n, back)
		} else if back == 0 {
			outline += geo.Distance(s[0], s[1])
		}
	}
	g, err := geo.ParseWKB(parent.Geometry)
	if err != nil {
		t.Errorf("%s: %v", parent.Code, err)
		return
	}
	want := 0.0
	for _, r := range rings(g) {
		for i := 1; i < len(r); i++ {
			want += geo.Distance(r[i-1], r[i])
		}
	}
	if math.Abs(outline-want) > 1e-4*want+0.1 {
		t.Errorf("%s: unmatched sides of %.2f m, the outline has %.2f m", parent.Code, outline, want)
	}
}

func rings(g orb.Geometry) []orb.Ring {
	switch g := g.(type) {
	case orb.Polygon:
		return g
	case orb.MultiPolygon:
		var out []orb.Ring
		for _, p := range g {
			out = append(out, p...)
		}
		return out
	}
	return nil
}

// A star with a hole and an island, cut at random: whatever the outline, the promises hold.
func TestGridsOfRandomShapes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 7))
		coarse := rapid.SampledFrom([]float64{1e7, 1e4, 1e3}).Draw(t, "grid") // coarse grids make corners meet the cuts
		snap := func(p orb.Point) orb.Point {
			return orb.Point{math.Round(p[0]*coarse) / coarse, math.Round(p[1]*coarse) / coarse}
		}
		star := func(x, y, from, to float64, n int) orb.Ring {
			var out orb.Ring
			for i := range n {
				a, d := 2*math.Pi*float64(i)/float64(n), from+(to-from)*r.Float64()
				out = append(out, snap(orb.Point{x + d*math.Cos(a), y + d*math.Sin(a)}))
			}
			return append(out, out[0])
		}
		hole := star(114, 22.5, 0.003, 0.007, 3+r.IntN(9))
		slices.Reverse(hole)
		fixed, _, err := geo.Repair(orb.MultiPolygon{{star(114, 22.5, 0.01, 0.03, 5+r.IntN(40)), hole}, {star(114.05, 22.5, 0.004, 0.012, 3+r.IntN(12))}})
		if err != nil {
			t.Skip("no area")
		}
		street := block.Region{ID: RegionID("t", "44"), Code: "440301001000", Scheme: SchemeStat12, Level: block.Street, Geometry: geo.AppendWKB(nil, fixed)}
		var points []orb.Point
		for range r.IntN(12000) {
			points = append(points, orb.Point{113.97 + r.Float64()*0.1, 22.47 + r.Float64()*0.06})
		}
		grids := CutGrids([]block.Region{street}, points)
		tree, err := block.NewTree(append([]block.Region{street}, grids...), nil)
		if err != nil {
			t.Fatal(err)
		}
		checkGrids(t, tree, grids, points)
	})
}

func TestGridNames(t *testing.T) {
	square := func(x, side float64) block.WKB {
		return geo.AppendWKB(nil, geo.Quantise(orb.Bound{Min: orb.Point{x, 22}, Max: orb.Point{x + side, 22 + side}}.ToPolygon()))
	}
	city := block.Region{ID: RegionID("s", "c"), Code: "440300000000", Scheme: SchemeStat12, Level: block.City, Geometry: square(113, 2)}
	add := func(code string, level block.Level, up block.ID, g block.WKB) block.Region {
		return block.Region{ID: RegionID("s", code), Code: code, Scheme: SchemeStat12, Level: level, Parent: up, Geometry: g}
	}
	a := add("440301001000", block.Street, city.ID, square(113, 0.1))
	b := add("440301002000", block.Street, city.ID, square(114, 0.1))
	c := add("440301001036", block.Community, a.ID, square(113, 0.01))
	d := add("440301001037", block.Community, a.ID, nil)
	e := add("440301003000", block.Street, city.ID, square(114.5, 0.1))
	has := block.Region{ID: RegionID("own", "x"), Code: "x", Scheme: "own", Level: block.Grid, Parent: e.ID}
	var points []orb.Point
	for i := range 100 {
		points = append(points, orb.Point{113.001 + float64(i%10)*0.0008, 22.001 + float64(i/10)*0.0008}, orb.Point{114.001 + float64(i)*1e-4, 22.05}, orb.Point{114.55, 22.05})
	}
	var got []string
	for _, g := range CutGrids([]block.Region{city, a, b, c, d, e, has}, points) {
		got = append(got, g.Code+" "+g.Name)
	}
	// The community is cut; its street is not, since it has a community polygon; the other street is; the third has a grid.
	want := []string{"44030100103601 036-01", "44030100103602 036-02", "44030100200001 002-01", "44030100200002 002-02"}
	if len(got) < 4 || !slices.Equal(got[:3], want[:3]) || !strings.HasPrefix(got[len(got)-1], "440301002000") {
		t.Errorf("got %v", got)
	}
}

// No latitude lies so near a rounding boundary that another machine's cosine could fall on its other side.
func TestCosineIsTheSameEverywhere(t *testing.T) {
	for h := range 9001 {
		v := math.Cos(float64(h)/100*math.Pi/180) * 1e6
		if d := math.Abs(v - math.Floor(v) - 0.5); d < 1e-8 {
			t.Errorf("%d hundredths of a degree: %.12f", h, v)
		}
	}
}

func TestAssign(t *testing.T) {
	p, points := shenzhen(t), buildingPoints(t)
	regions := append(slices.Clone(p.Regions()), CutGrids(p.Regions(), points)...)
	a := NewAssigner(regions)
	level := map[block.Level]int{}
	at := map[block.ID]block.Level{}
	shapes := map[block.ID]orb.Geometry{}
	for _, r := range regions {
		at[r.ID] = r.Level
		if r.Geometry != nil {
			shapes[r.ID] = shapeOf(t, r)
		}
	}
	tree, err := block.NewTree(regions, nil)
	if err != nil {
		t.Fatal(err)
	}
	districts := map[string]int{}
	for i, q := range points {
		home := a.At(q)
		level[at[home]]++
		d, ok := tree.Ancestor(home, block.District)
		if ok {
			districts[d.Name]++
		}
		if i%401 == 0 { // against a plain look at every polygon
			best := block.Region{}
			for _, r := range regions {
				if r.Geometry != nil && r.Level > best.Level && geo.Contains(shapes[r.ID], q) {
					best = r
				}
			}
			if best.ID != home {
				t.Errorf("building %d: home %s, want %s", i, home, best.Code)
			}
		}
	}
	t.Logf("homes by level %v, districts %v", level, districts)
	// What the data's own README counts with another tool.
	for name, want := range map[string]int{"宝安区": 22570, "龙岗区": 12797, "南山区": 11988, "福田区": 8831, "龙华区": 7051, "罗湖区": 4718, "光明区": 2313, "盐田区": 1152, "坪山区": 246} {
		if got := districts[name]; math.Abs(float64(got-want)) > 0.005*float64(want)+0.5 {
			t.Errorf("%s has %d buildings, want %d ± 0.5 %%", name, got, want)
		}
	}
	if a.At(orb.Point{0, 0}) != (block.ID{}) || a.Home(orb.MultiPoint{}) != (block.ID{}) {
		t.Error("something outside the city has a home")
	}
}

func BenchmarkCutGrids(b *testing.B) {
	p, points := shenzhen(b), buildingPoints(b)
	b.ReportAllocs()
	for b.Loop() {
		CutGrids(p.Regions(), points)
	}
}

// A street as large as a continent is cut like any other and costs no more than its pieces.
func TestGridsOfAHugeStreet(t *testing.T) {
	huge := geo.Quantise(orb.Bound{Min: orb.Point{-170, -60}, Max: orb.Point{170, 60}}.ToPolygon())
	street := block.Region{ID: RegionID("t", "1"), Code: "1", Scheme: SchemeOther, Level: block.Street, Geometry: geo.AppendWKB(nil, huge)}
	var points []orb.Point
	for i := range 100 {
		points = append(points, orb.Point{114 + float64(i)*1e-5, 22}, orb.Point{-100, -50 + float64(i)})
	}
	grids := CutGrids([]block.Region{street}, points)
	sum, held := 0.0, 0
	for _, g := range grids {
		shape := shapeOf(t, g)
		sum += geo.Area(shape)
		for _, p := range points {
			if geo.Contains(shape, p) {
				held++
			}
		}
	}
	if whole := geo.Area(huge); math.Abs(sum-whole) > 1e-9*whole || held != len(points) {
		t.Errorf("%d grids of %.0f m² hold %d of %d points, the street has %.0f m²", len(grids), sum, held, len(points), whole)
	}
	if len(grids) < 4 || len(grids) > 60 {
		t.Errorf("%d grids", len(grids))
	}
}

func BenchmarkAssign(b *testing.B) {
	p, points := shenzhen(b), buildingPoints(b)
	a := NewAssigner(append(slices.Clone(p.Regions()), CutGrids(p.Regions(), points)...))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		a.At(points[n%len(points)])
		n++
	}
}
