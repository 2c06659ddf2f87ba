package synth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"kuaitu/block"
	"kuaitu/block/address"
	"kuaitu/block/citypack"
	"kuaitu/block/duty"
	"kuaitu/block/idcode"
	"kuaitu/block/schema"
	"kuaitu/block/workflow"
	"kuaitu/geo"

	"github.com/paulmach/orb"
)

var now = time.Date(2026, 11, 23, 10, 30, 0, 0, time.FixedZone("CST", 8*3600))

// town has six streets of 60 to 900 buildings below a city without districts, one community each.
func town(t testing.TB) (*citypack.Pack, *block.Tree, []Building) {
	t.Helper()
	var csv, shapes strings.Builder
	csv.WriteString("code,name,level,parent\n990100000000,样市,city,\n")
	sizes := []int{900, 60, 500, 420, 400, 330}
	for i := range sizes {
		fmt.Fprintf(&csv, "99010%d001000,第%d街道,street,990100000000\n99010%d001001,第%d社区居民委员会,community,99010%d001000\n", i, i, i, i, i)
		x := 114 + float64(i)*0.1
		fmt.Fprintf(&shapes, `{"type":"Feature","properties":{"code":"99010%d001001"},"geometry":{"type":"Polygon","coordinates":[[[%g,22],[%g,22],[%g,22.03],[%g,22.03],[%g,22]]]}},`, i, x, x+0.03, x+0.03, x, x)
	}
	p, err := citypack.Load(context.Background(), fstest.MapFS{
		"pack.json": {Data: []byte(`{"pack":1,"name":"样市","divisions":{"file":"d.csv"},"boundaries":[{"file":"b.json","datum":"cgcs2000","code":"code"}]}`)},
		"d.csv":     {Data: []byte(csv.String())},
		"b.json":    {Data: []byte(`{"type":"FeatureCollection","features":[` + strings.TrimSuffix(shapes.String(), ",") + `]}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var points []orb.Point
	for i, n := range sizes {
		for k := range n {
			points = append(points, orb.Point{114.0005 + float64(i)*0.1 + float64(k%30)*0.00095, 22.0005 + float64(k/30)*0.00095})
		}
	}
	regions := append(p.Regions(), citypack.CutGrids(p.Regions(), points)...)
	tree, err := block.NewTree(regions, nil)
	if err != nil {
		t.Fatal(err)
	}
	home := citypack.NewAssigner(regions)
	var buildings []Building
	for i, at := range points {
		buildings = append(buildings, Building{ID: block.BulkID(1, 5, uint64(i)), Region: home.At(at), At: at, Floors: i % 19,
			Use: schema.BuildingUses[i*7%len(schema.BuildingUses)].Code})
	}
	return p, tree, buildings
}

func options(p *citypack.Pack, tree *block.Tree) Options {
	return Options{Seed: 7, Now: now, Tree: tree, Calendar: p.Calendar, Catalogue: p.Catalogue, Scheme: address.Shenzhen25}
}

func TestDenseStreetsAreTheMedianOnes(t *testing.T) {
	_, tree, buildings := town(t)
	var names string
	for _, s := range DenseStreets(tree, buildings, 2) { // of 330, 400, 420, 500 and 900
		names += s.Name
	}
	if names != "第3街道第4街道" {
		t.Errorf("dense are %s", names)
	}
	if got := DenseStreets(tree, buildings[900:960], 2); len(got) != 1 || got[0].Name != "第1街道" {
		t.Errorf("of small streets alone: %v", got)
	}
}

// Every record fits its kind, refers only to what came before, and the numbers in it are valid and nobody's twice.
func TestRecordsHoldTogether(t *testing.T) {
	p, tree, buildings := town(t)
	known := map[block.ID]block.Kind{}
	for _, b := range buildings {
		known[b.ID] = "building"
	}
	set := schema.Builtin()
	count := map[block.Kind]int{}
	perRoom, documents, credits, phones := map[block.ID]int{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	dense := map[block.ID]bool{}
	for _, s := range DenseStreets(tree, buildings, 2) {
		dense[s.ID] = true
	}
	rooms, people, entities := 0, 0, 0
	for r := range options(p, tree).Records(buildings) {
		plan, err := set.Plan(r.Kind)
		if err == nil {
			err = plan.Check(r)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := known[r.ID]; twice {
			t.Fatalf("two records have the ID %s", r.ID)
		}
		known[r.ID] = r.Kind
		for i, f := range plan.Kind.Fields {
			if v := r.Values[i]; f.Type == block.Ref && !v.IsNull() && known[v.Ref()] != f.Ref {
				t.Fatalf("%s.%s refers to nothing that was there before", r.Kind, f.Name)
			}
		}
		if _, ok := tree.Region(r.Region); !ok {
			t.Fatalf("a %s has no home", r.Kind)
		}
		count[r.Kind]++
		get := func(f string) string { return plan.Get(r, f).Text() }
		street, _ := tree.Ancestor(r.Region, block.Street)
		switch r.Kind {
		case "room":
			if dense[street.ID] {
				rooms++
			}
			if _, err := address.Shenzhen25.ParseRoom(get("code")); err != nil {
				t.Fatalf("room code: %v", err)
			}
			perRoom[r.ID] = int(plan.Get(r, "persons").Int())
		case "person":
			if dense[street.ID] {
				people++
			}
			n, warn, err := idcode.Rules{AllowTest: true, Today: now}.Identity(get("document_number"))
			if err != nil || len(warn) > 0 || !n.Synthetic() || !plan.Get(r, "synthetic").Bool() || n.Sex() != get("sex") || !n.Birth().Equal(plan.Get(r, "birth").Date()) {
				t.Fatalf("identity number: %v, %v", warn, err)
			}
			if documents[n.Reveal()] {
				t.Fatal("two people have one number")
			}
			documents[n.Reveal()] = true
			if l := len([]rune(get("name"))); l < 2 || l > 4 {
				t.Fatalf("a name of %d characters", l)
			}
			if phone := get("phone"); phone != "" && (phones[phone] || !strings.HasPrefix(phone, "142") || len(phone) != 11) {
				t.Fatal("a phone number is there twice or malformed")
			}
			phones[get("phone")] = true
		case "residency":
			perRoom[plan.Get(r, "room").Ref()]--
		case "legal_entity":
			if dense[street.ID] {
				entities++
			}
			if c, warn, err := idcode.ParseCredit(get("uscc")); err != nil || len(warn) > 0 || credits[c.String()] {
				t.Fatalf("credit code %s: %v, %v", c, warn, err)
			}
			credits[get("uscc")] = true
		}
	}
	for id, left := range perRoom {
		if left != 0 {
			t.Fatalf("room %s tells of %d people more than live there", id, left)
		}
	}
	t.Log(count, "dense:", rooms, "rooms", people, "people", entities, "entities")
	if mean := float64(rooms) / 820; math.Abs(mean-roomsPerBuilding) > 0.5 {
		t.Errorf("%.1f rooms a building", mean)
	}
	if mean := float64(people) / float64(rooms); mean < 1 || mean > 2.3 {
		t.Errorf("%.2f people a room", mean)
	}
	if want := int(math.Round(float64(len(buildings)) * eventsPerBuildings)); count["event"] != want {
		t.Errorf("%d events, want %d", count["event"], want)
	}
}

// The events' steps follow the table of package workflow, in time, and all lights are there.
func TestEventsStandAsAimed(t *testing.T) {
	p, tree, buildings := town(t)
	var many []Building // enough for all aims
	for i := range 40 {
		for _, b := range buildings {
			b.ID[3] = byte(i)
			many = append(many, b)
		}
	}
	o := options(p, tree)
	o.Dense, o.SparseOneIn = -1, -1
	set := schema.Builtin()
	event, _ := set.Plan("event")
	stepPlan, _ := set.Plan("event_step")
	lights, states := map[string]int{}, map[string]int{}
	var last block.Record
	state, at := workflow.Draft, time.Time{}
	check := func() {
		if last.Kind != "" && event.Get(last, "state").Text() != string(state) {
			t.Fatalf("the steps lead to %s, the event is %s", state, event.Get(last, "state").Text())
		}
	}
	n := 0
	for r := range o.Records(many) {
		if r.Kind == "event_step" {
			if from := stepPlan.Get(r, "from_state").Text(); from != string(state) {
				t.Fatalf("a step from %s in state %s", from, state)
			}
			when := stepPlan.Get(r, "device_time").Time()
			if when.Before(at) || when.After(now) {
				t.Fatalf("a step at %s after one at %s", when, at)
			}
			state, at = workflow.State(stepPlan.Get(r, "to_state").Text()), when
			continue
		}
		check()
		n++
		last, state, at = r, workflow.Draft, event.Get(r, "reported_at").Time()
		s := event.Get(r, "state").Text()
		states[s]++
		due := event.Get(r, "due_at").Time()
		switch {
		case !workflow.State(s).Open():
			lights["closed"]++
		case s == string(workflow.Suspended):
			lights["stopped"]++
		case due.IsZero():
			lights["new"]++
		case due.Before(now):
			lights["overdue"]++
		default:
			lights["running"]++
		}
	}
	check()
	t.Log(n, lights, states)
	for l, least := range map[string]int{"overdue": n / 8, "running": n / 4, "stopped": n / 40, "closed": n / 20, "new": n / 25} {
		if lights[l] < least {
			t.Errorf("%d of %d events are %s", lights[l], n, l)
		}
	}
}

func digest(o Options, buildings []Building) [32]byte {
	h := sha256.New()
	for r := range o.Records(buildings) {
		fmt.Fprint(h, r.Kind, r.ID, r.Region, r.Geometry)
		for _, v := range r.Values {
			fmt.Fprint(h, v.Plain(), "\x00")
		}
	}
	return [32]byte(h.Sum(nil))
}

func TestSeedDecidesAlone(t *testing.T) {
	p, tree, buildings := town(t)
	a := options(p, tree)
	turned := append(append([]Building(nil), buildings[1000:]...), buildings[:1000]...)
	if digest(a, buildings) != digest(a, turned) {
		t.Error("the order of the buildings matters")
	}
	b := a
	b.Seed++
	if digest(a, buildings) == digest(b, buildings) {
		t.Error("the seed does not matter")
	}
}

// Whoever reads may stop at any record; a calendar without the year leaves events out instead of guessing.
func TestStoppingAndMissingYears(t *testing.T) {
	p, tree, buildings := town(t)
	o := options(p, tree)
	for _, stop := range []int{1, 2, 50, 5000} {
		n := 0
		for range o.Records(buildings) {
			if n++; n == stop {
				break
			}
		}
		if n != stop {
			t.Errorf("stopped after %d, not %d", n, stop)
		}
	}
	old, err := duty.NewCalendar(now.Location(), duty.OfficeHours, []int{1999}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o.Calendar = old
	for r := range o.Records(buildings) {
		if r.Kind == "event" {
			plan, _ := schema.Builtin().Plan("event")
			ty, err := p.EventType(plan.Get(r, "type").Text())
			if err != nil {
				t.Fatal(err)
			}
			if !plan.Get(r, "due_at").IsNull() && (ty.LimitUnit == duty.WorkHour || ty.LimitUnit == duty.WorkDay) {
				t.Error("a deadline in working time without a calendar")
			}
		}
	}
}

func BenchmarkRecords(b *testing.B) {
	p, tree, buildings := town(b)
	o := options(p, tree)
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		for range o.Records(buildings) {
			rows++
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func TestBuildingOf(t *testing.T) {
	p, err := schema.Builtin().Plan("building")
	if err != nil {
		t.Fatal(err)
	}
	r := p.New(block.BulkID(1, 5, 1), block.BulkID(1, 1, 1))
	if _, err := BuildingOf(r); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("a building without geometry: %v", err)
	}
	r.Geometry = geo.AppendWKB(nil, orb.Bound{Min: orb.Point{114, 22}, Max: orb.Point{114.5, 22.5}}.ToPolygon())
	p.Set(&r, "floors", block.IntValue(7))
	p.Set(&r, "use", block.TextValue("village"))
	want := Building{ID: r.ID, Region: r.Region, At: orb.Point{114.25, 22.25}, Floors: 7, Use: "village"}
	if got, err := BuildingOf(r); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	r.Kind = "room"
	if _, err := BuildingOf(r); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("a room: %v", err)
	}
}
