package desk

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kuaitu/block"
	"kuaitu/cmd/internal/console"
	"kuaitu/geo"
	"kuaitu/store"
	"kuaitu/ui/state"

	"github.com/paulmach/orb"
)

// packFolder writes a pack of one city, one district, one street and two communities of 1 km² with forty buildings each.
func packFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("divisions.csv", "code,name,level,parent\n990500000000,试城,city,990000000000\n990501000000,东区,district,990500000000\n"+
		"990501001000,河边街道,street,990501000000\n990501001001,甲社区居民委员会,community,990501001000\n990501001002,乙社区居委会,community,990501001000\n")
	box := func(w, e float64) string {
		return fmt.Sprintf(`{"type":"Polygon","coordinates":[[[%g,22],[%g,22],[%g,22.01],[%g,22.01],[%g,22]]]}`, w, e, e, w, w)
	}
	var b strings.Builder
	b.WriteString(`{"type":"FeatureCollection","features":[`)
	for i, code := range []string{"990500000000", "990501000000", "990501001000"} {
		fmt.Fprintf(&b, `{"type":"Feature","properties":{"code":"%s","level":"%s"},"geometry":%s},`, code, []string{"city", "district", "street"}[i], box(114, 114.02))
	}
	fmt.Fprintf(&b, `{"type":"Feature","properties":{"code":"990501001001","level":"community"},"geometry":%s},`, box(114, 114.01))
	fmt.Fprintf(&b, `{"type":"Feature","properties":{"code":"990501001002","level":"community"},"geometry":%s}]}`, box(114.01, 114.02))
	write("boundaries.geojson", b.String())
	b.Reset()
	b.WriteString(`{"type":"FeatureCollection","features":[`)
	for i := range 80 {
		lon, lat := 114.0005+float64(i%40/8)*0.0015+float64(i/40)*0.01, 22.001+float64(i%8)*0.001
		fmt.Fprintf(&b, `{"type":"Feature","properties":{"name":"临江花园%d栋","use":"residential","floors":6,"address":"江滨路%d号"},"geometry":{"type":"Polygon","coordinates":[[[%g,%g],[%g,%g],[%g,%g],[%g,%g],[%g,%g]]]}}`,
			i+1, i+1, lon, lat, lon+.0003, lat, lon+.0003, lat+.0003, lon, lat+.0003, lon, lat)
		if i < 79 {
			b.WriteByte(',')
		}
	}
	write("buildings.geojson", b.String()+"]}")
	write("pack.json", `{"pack":1,"name":{"zh":"试城","en":"Test City"},"region":"990500000000","divisions":{"file":"divisions.csv"},
"boundaries":[{"file":"boundaries.geojson","datum":"cgcs2000","code":"code","level":"level"}],
"imports":[{"file":"buildings.geojson","kind":"building","datum":"cgcs2000"}]}`)
	return dir
}

// openDesk makes a standalone store from the pack, with people, and a desk over it.
func openDesk(t *testing.T) (*Desk, *store.Store) {
	t.Helper()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "city.gpkg")
	if _, err := console.InitStore(ctx, path, packFolder(t), true, t.Logf); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	d := New(st, time.Now, time.UTC, "tester")
	t.Cleanup(st.Subscribe(d.Changed))
	return d, st
}

func TestRegionsAddUp(t *testing.T) {
	d, _ := openDesk(t)
	ctx := context.Background()
	top, err := d.Regions(ctx, block.ID{})
	if err != nil || len(top) != 1 {
		t.Fatalf("the top of the tree is %v, %v", top, err)
	}
	if top[0].Buildings != 80 || top[0].Name.ZH != "试城" {
		t.Errorf("the top is %s with %d buildings, want 试城 with 80", top[0].Name.ZH, top[0].Buildings)
	}
	var check func(r state.Region)
	check = func(r state.Region) {
		below, err := d.Regions(ctx, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(below) != r.Children {
			t.Errorf("%s says %d children and has %d", r.Name.ZH, r.Children, len(below))
		}
		buildings, open := 0, 0
		for _, c := range below {
			buildings += c.Buildings
			open += c.Open
			if c.Worst > r.Worst {
				t.Errorf("%s has light %s, its child %s", r.Name.ZH, r.Worst, c.Worst)
			}
			check(c)
		}
		if len(below) > 0 && (buildings != r.Buildings || open != r.Open) {
			t.Errorf("%s has %d buildings and %d open events, its children %d and %d", r.Name.ZH, r.Buildings, r.Open, buildings, open)
		}
	}
	check(top[0])
}

func TestSearchGroups(t *testing.T) {
	d, _ := openDesk(t)
	hits, err := d.Search(context.Background(), "临江花园7栋", orb.Point{}, 10)
	if err != nil || len(hits.Rows) == 0 || hits.Rows[0].Group != "building" || hits.Rows[0].Label != "临江花园7栋" {
		t.Fatalf("hits = %+v, %v", hits.Rows, err)
	}
	if !hits.Rows[0].HasAt || hits.Rows[0].Side == "" {
		t.Errorf("the building has no place or no grid: %+v", hits.Rows[0])
	}
	place, err := d.Search(context.Background(), "114.005, 22.005", orb.Point{}, 10)
	if err != nil || len(place.Rows) == 0 || place.Rows[0].Group != "position" || !strings.Contains(place.Rows[0].Why, "甲社区") {
		t.Errorf("a coordinate finds %+v, %v", place.Rows, err)
	}
}

func TestReportIsListedAtOnce(t *testing.T) {
	d, st := openDesk(t)
	ctx := context.Background()
	before, err := d.Events(ctx, state.EventFilter{})
	if err != nil {
		t.Fatal(err)
	}
	types, err := d.EventTypes(ctx)
	if err != nil || len(types) < 30 {
		t.Fatalf("%d event types, %v", len(types), err)
	}
	at := orb.Point{114.0151, 22.0052}
	place, err := d.Place(ctx, at)
	if err != nil || place.Grid == "" || !strings.Contains(place.Path, "乙社区") {
		t.Fatalf("place = %+v, %v", place, err)
	}
	id, err := d.Report(ctx, state.Report{Type: types[0].Code, At: at, Region: place.Region, Text: "门口堆了垃圾"})
	if err != nil {
		t.Fatal(err)
	}
	after, err := d.Events(ctx, state.EventFilter{})
	if err != nil || after.Open != before.Open+1 {
		t.Errorf("%d events are open after the report, want %d (%v)", after.Open, before.Open+1, err)
	}
	dossier, err := d.Dossier(ctx, state.RefOf("event", id))
	if err != nil || dossier.PastAll != 1 || !dossier.HasAt {
		t.Errorf("the dossier of the report: %+v, %v", dossier, err)
	}
	rec, err := st.Reader().Get(ctx, "event", id)
	if err != nil || rec.Region != place.Region {
		t.Errorf("the event lies in %s, want %s (%v)", rec.Region, place.Region, err)
	}
	if _, err := d.Report(ctx, state.Report{Type: "nonsense", At: at}); err == nil {
		t.Error("an unknown type was reported")
	}
}

// The figures of a building's dossier equal what lists of its rooms and entities say.
func TestBuildingFigures(t *testing.T) {
	d, st := openDesk(t)
	ctx := context.Background()
	rp, err := st.Set().Plan("room")
	if err != nil {
		t.Fatal(err)
	}
	rooms, persons := map[block.ID]int{}, map[block.ID]int{}
	if err := st.Reader().Each(ctx, store.Query{Kind: "room"}, func(r block.Record) error {
		id := rp.Get(r, "building").Ref()
		rooms[id]++
		persons[id] += int(rp.Get(r, "persons").Int())
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for id, n := range rooms {
		dossier, err := d.Dossier(ctx, state.RefOf("building", id))
		if err != nil {
			t.Fatal(err)
		}
		if dossier.Figures[0].Value != n || dossier.Figures[1].Value != persons[id] {
			t.Errorf("%s: %d rooms and %d people, want %d and %d", dossier.Title, dossier.Figures[0].Value, dossier.Figures[1].Value, n, persons[id])
		}
		cells := 0
		for _, f := range dossier.Matrix.Floors {
			for _, c := range f.Cells {
				if c != state.CellNone {
					cells++
				}
			}
		}
		if cells != n {
			t.Errorf("%s: the 楼盘表 shows %d rooms, want %d", dossier.Title, cells, n)
		}
		if checked++; checked == 20 {
			break
		}
	}
	if checked == 0 {
		t.Fatal("no building has rooms")
	}
}

func TestEventFilters(t *testing.T) {
	d, _ := openDesk(t)
	ctx := context.Background()
	types, err := d.EventTypes(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []orb.Point{{114.002, 22.003}, {114.012, 22.003}} {
		if _, err := d.Report(ctx, state.Report{Type: types[0].Code, At: at}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := d.Events(ctx, state.EventFilter{})
	if err != nil {
		t.Fatal(err)
	}
	west := orb.Bound{Min: orb.Point{114, 22}, Max: orb.Point{114.01, 22.01}}
	here, err := d.Events(ctx, state.EventFilter{Bound: &west})
	if err != nil || here.Total == 0 || here.Total >= all.Total {
		t.Errorf("%d events in the west of %d, %v", here.Total, all.Total, err)
	}
	for _, e := range here.Events {
		if geo.Distance(e.At, west.Center()) > 2000 || !west.Contains(e.At) {
			t.Errorf("an event at %v is listed for the west", e.At)
		}
	}
	late, err := d.Events(ctx, state.EventFilter{Lights: state.LightSet(0).Toggle(state.Late)})
	if err != nil {
		t.Fatal(err)
	}
	if late.Total != all.ByLight[state.Late] {
		t.Errorf("%d late events are listed, %d counted", late.Total, all.ByLight[state.Late])
	}
}
