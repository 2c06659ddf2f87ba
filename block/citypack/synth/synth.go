package synth

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/block/address"
	"kuaitu/block/citypack"
	"kuaitu/block/duty"
	"kuaitu/block/schema"
	"kuaitu/geo"

	"github.com/paulmach/orb"
)

// Building is what is known of a building.
type Building struct {
	ID     block.ID
	Region block.ID  // home region; buildings outside every region are passed over
	At     orb.Point // its inner point, lon/lat in CGCS2000
	Floors int       // 0: unknown
	Use    string    // a code of schema.BuildingUses, empty: unknown
	Name   string
}

// BuildingOf takes from a record of kind building what is needed here. A record of another kind, or without a geometry, is
// block.ErrInvalid.
func BuildingOf(r block.Record) (Building, error) {
	p, err := schema.Builtin().Plan("building")
	if err != nil {
		return Building{}, err
	}
	if r.Kind != p.Kind.Name {
		return Building{}, fmt.Errorf("synthetic people for a %s: %w", r.Kind, block.ErrInvalid)
	}
	g, err := geo.ParseWKB(r.Geometry)
	if err != nil {
		return Building{}, fmt.Errorf("building %s: %w: %w", r.ID, block.ErrInvalid, err)
	}
	at, ok := geo.InnerPoint(g)
	if !ok {
		return Building{}, fmt.Errorf("building %s has an empty geometry: %w", r.ID, block.ErrInvalid)
	}
	return Building{ID: r.ID, Region: r.Region, At: at, Floors: int(p.Get(r, "floors").Int()), Use: p.Get(r, "use").Text(), Name: p.Get(r, "name").Text()}, nil
}

// Options says what to make. Tree, Now and Calendar must be set.
type Options struct {
	Seed      uint64
	Now       time.Time // events and ages are laid out before it
	Tree      *block.Tree
	Calendar  *duty.Calendar
	Catalogue []citypack.EventType // empty: the starter catalogue
	Scheme    *address.Scheme      // of building and room codes; nil: no codes
	// Dense is the number of streets in real density; 0 is two, negative is none.
	Dense int
	// SparseOneIn: elsewhere one building in so many has people; 0 is 40, negative is none.
	SparseOneIn int
}

// The densities of a real street (domain.md, section 6).
const (
	roomsPerBuilding   = 16.5
	peoplePerEntity    = 6.0
	eventsPerBuildings = 0.005
	minStreet          = 300 // buildings a street must have to be chosen
)

// DenseStreets returns the n streets that are made in real density: those whose number of buildings is nearest to the
// median of all streets with at least 300 (of all streets where none has so many); of equals the lower code.
func DenseStreets(tree *block.Tree, buildings []Building, n int) []block.Region {
	count := map[block.ID]int{}
	for _, b := range buildings {
		if s, ok := tree.Ancestor(b.Region, block.Street); ok {
			count[s.ID]++
		}
	}
	var list []block.Region
	for _, least := range []int{minStreet, 1} {
		for id, c := range count {
			if c >= least {
				r, _ := tree.Region(id)
				list = append(list, r)
			}
		}
		if len(list) > 0 {
			break
		}
	}
	if len(list) == 0 || n <= 0 {
		return nil
	}
	slices.SortFunc(list, func(a, b block.Region) int {
		return cmp.Or(cmp.Compare(count[a.ID], count[b.ID]), cmp.Compare(a.Code, b.Code))
	})
	median := count[list[len(list)/2].ID]
	far := func(r block.Region) int { return max(count[r.ID]-median, median-count[r.ID]) }
	slices.SortFunc(list, func(a, b block.Region) int { return cmp.Or(cmp.Compare(far(a), far(b)), cmp.Compare(a.Code, b.Code)) })
	return list[:min(n, len(list))]
}

// Records yields the records in an order in which each refers only to earlier ones: building by building its address,
// rooms, people with residencies and contacts, entities with premises and contacts; then events, each with its steps.
// About 16.5 rooms a building, 2 people a room and 6 people an entity in the dense streets; half an event per hundred
// buildings all over the city; one whose limit runs into a year that the calendar lacks is left out. Buildings are taken by
// region and ID, whatever their order.
func (o Options) Records(buildings []Building) iter.Seq[block.Record] {
	return func(yield func(block.Record) bool) {
		if o.Dense == 0 {
			o.Dense = 2
		}
		if o.SparseOneIn == 0 {
			o.SparseOneIn = 40
		}
		if len(o.Catalogue) == 0 {
			o.Catalogue = citypack.StarterCatalogue()
		}
		m := newMaker(o, buildings, yield)
		m.people()
		if !m.stopped {
			m.events()
		}
	}
}

// maker is one run.
type maker struct {
	Options
	yield     func(block.Record) bool
	stopped   bool
	buildings []Building
	kinds     map[block.Kind]*schema.Plan
	serial    map[string]uint64    // shard and kind → records so far
	shards    map[block.ID]uint32  // region → shard number
	places    map[block.ID]place   // region → its names
	born      map[int32]*[2]uint16 // day → sequences used of women and men
	entities  uint64
	numbers   map[block.ID]int // grid → buildings so far
	phones    uint32
}

// place is what addresses say of a region.
type place struct {
	city, district, street, community, grid block.Region
	prefix                                  string // 省市区街道社区 in one
	name                                    string // of community, else street
}

func newMaker(o Options, buildings []Building, yield func(block.Record) bool) *maker {
	m := &maker{Options: o, yield: yield, kinds: map[block.Kind]*schema.Plan{}, serial: map[string]uint64{}, shards: map[block.ID]uint32{},
		places: map[block.ID]place{}, born: map[int32]*[2]uint16{}, numbers: map[block.ID]int{}}
	for _, p := range schema.Builtin().Plans() {
		m.kinds[p.Kind.Name] = p
	}
	for _, b := range buildings {
		if _, ok := o.Tree.Region(b.Region); ok {
			m.buildings = append(m.buildings, b)
		}
	}
	code := map[block.ID]string{}
	for _, r := range o.Tree.All() {
		code[r.ID] = r.Code
	}
	slices.SortFunc(m.buildings, func(a, b Building) int {
		return cmp.Or(cmp.Compare(code[a.Region], code[b.Region]), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return m
}

// dice returns the random source of one building: what other buildings there are does not matter to it.
func (m *maker) dice(id block.ID, salt uint64) *rand.Rand {
	return rand.New(rand.NewPCG(m.Seed^salt, binary.BigEndian.Uint64(id[:8])^binary.BigEndian.Uint64(id[8:])*0x9e3779b97f4a7c15))
}

// draft starts a record of a kind at home in a region. IDs are counted by shard; the top bit of the shard number keeps them
// apart from those of a server, which counts its shards from one.
func (m *maker) draft(kind block.Kind, region block.ID) (*schema.Plan, block.Record) {
	shard, ok := m.shards[region]
	if !ok {
		r, _ := m.Tree.Region(m.Tree.Shard(region))
		sum := sha256.Sum256([]byte("synthetic\x00" + r.Scheme + ":" + r.Code))
		shard = binary.BigEndian.Uint32(sum[:4]) | 1<<31
		m.shards[region] = shard
	}
	p := m.kinds[kind]
	key := string(kind) + "\x00" + string(binary.BigEndian.AppendUint32(nil, shard))
	m.serial[key]++
	return p, p.New(block.BulkID(shard, p.Kind.No, m.serial[key]), region)
}

func (m *maker) put(r block.Record) bool {
	if !m.stopped && !m.yield(r) {
		m.stopped = true
	}
	return !m.stopped
}

// people makes everything but events.
func (m *maker) people() {
	dense := map[block.ID]bool{}
	for _, s := range DenseStreets(m.Tree, m.buildings, m.Dense) {
		dense[s.ID] = true
	}
	street := func(b Building) block.ID {
		s, _ := m.Tree.Ancestor(b.Region, block.Street)
		return s.ID
	}
	// Rooms go by floors and use as far as they are known, scaled to the mean: of the street where it is dense, of all other
	// buildings (zero ID) elsewhere.
	weight, number := map[block.ID]float64{}, map[block.ID]float64{}
	for _, b := range m.buildings {
		s := street(b)
		if !dense[s] {
			s = block.ID{}
		}
		weight[s] += m.weight(b)
		number[s]++
	}
	mean := func(s block.ID) float64 { return roomsPerBuilding * number[s] / weight[s] }
	for _, b := range m.buildings {
		if m.stopped {
			return
		}
		s := street(b)
		switch {
		case dense[s]:
			m.building(b, float64(mean(s)*m.weight(b)))
		case m.SparseOneIn > 0 && m.dice(b.ID, 1).IntN(m.SparseOneIn) == 0:
			m.building(b, float64(mean(block.ID{})*m.weight(b)))
		}
	}
}

// floors returns a building's floors, guessed from its use where unknown.
func (m *maker) floors(b Building) int {
	if b.Floors > 0 {
		return min(b.Floors, 120)
	}
	r := m.dice(b.ID, 2)
	switch b.Use {
	case "residential":
		return 6 + r.IntN(3)
	case "village":
		return 4 + r.IntN(5)
	case "industrial":
		return 2 + r.IntN(5)
	case "office":
		return 5 + r.IntN(12)
	}
	return 1 + r.IntN(5)
}

// weight is a building's share of the rooms.
func (m *maker) weight(b Building) float64 {
	perFloor := map[string]float64{"residential": 4, "village": 3, "office": 2.5, "commercial": 2, "industrial": 1, "public": 1, "construction": 0.05}[b.Use]
	if perFloor == 0 {
		perFloor = 2
	}
	return float64(perFloor * math.Sqrt(float64(m.floors(b))))
}

// place looks up a region's names once.
func (m *maker) place(region block.ID) place {
	if p, ok := m.places[region]; ok {
		return p
	}
	var p place
	for _, r := range m.Tree.Path(region) {
		name := r.Name
		switch r.Level {
		case block.City:
			p.city = r
		case block.District:
			p.district = r
		case block.Street:
			p.street = r
			p.name = name
		case block.Community:
			p.community = r
			p.name = shortPlace(name)
			name = p.name + "社区"
		case block.Grid:
			p.grid = r
			name = ""
		}
		p.prefix += name
	}
	m.places[region] = p
	return p
}

// site is where a building stands, in words and codes.
type site struct {
	Building
	place
	road, number, estate, no string
	text                     string
	code                     string // by Options.Scheme, empty when the grid's code does not fit it
	floors                   int
}

func (m *maker) site(b Building) site {
	p := m.place(b.Region)
	s := site{Building: b, place: p, floors: m.floors(b)}
	m.numbers[b.Region]++
	n := m.numbers[b.Region]
	// A grid has two roads and two estates of its own.
	r := m.dice(b.Region, uint64(n%2))
	if p.community.Name != "" && r.IntN(3) == 0 {
		s.road = shortPlace(p.community.Name) + pick(r, roadLast)
	} else {
		s.road = pick(r, roadFirst) + pick(r, roadLast)
	}
	s.number = fmt.Sprint(n*2 - n%2)
	s.estate = pick(r, estateHead) + pick(r, estateTail)
	s.no = fmt.Sprint((n + 1) / 2)
	switch {
	case estateName(b.Name):
		s.estate, s.no = b.Name, ""
	case b.Use == "village":
		s.estate = strings.TrimSuffix(p.name, "村") + "村"
	case b.Use != "residential" && b.Use != "":
		s.estate, s.no = "", ""
	}
	s.text = p.prefix + s.road + s.number + "号" + s.estate
	if s.no != "" {
		s.text += s.no + "栋"
	}
	if b.Name != "" && s.estate == "" {
		s.text += b.Name
	}
	if m.Scheme != nil && p.grid.Code != "" && m.Scheme.Width(address.NamesGrid) == len(p.grid.Code) {
		if width := m.Scheme.Width(address.NamesBuilding) - len(p.grid.Code); width > 0 {
			code := fmt.Sprintf("%s%0*d", p.grid.Code, width, n)
			if _, err := m.Scheme.ParseBuilding(code); err == nil {
				s.code = code
			}
		}
	}
	return s
}

// building makes one building's share, with about so many rooms.
func (m *maker) building(b Building, rooms float64) {
	s := m.site(b)
	r := m.dice(b.ID, 3)
	p, rec := m.draft("address", b.Region)
	rec.Geometry = geo.AppendWKB(nil, geo.Quantise(b.At))
	set := func(field, v string) {
		if v != "" {
			p.Set(&rec, field, block.TextValue(v))
		}
	}
	set("code", s.code)
	if s.code != "" {
		set("scheme", m.Scheme.ID())
	}
	set("text", s.text)
	set("road", s.road)
	set("number", s.number)
	set("estate", s.estate)
	set("building_no", s.no)
	set("source", "合成")
	p.Set(&rec, "building", block.RefValue(b.ID))
	if !m.put(rec) {
		return
	}
	n := int(rooms)
	if r.Float64() < rooms-float64(n) {
		n++
	}
	if n == 0 {
		return
	}
	perFloor := (n + s.floors - 1) / s.floors
	units := 1
	if perFloor > 6 {
		units = (perFloor + 3) / 4
	}
	perUnit := (perFloor + units - 1) / units
	owed := 0.0 // entities still to be made
	for i := range n {
		floor, k := i/perFloor+1, i%perFloor
		rm := room{site: s, floor: floor, number: fmt.Sprintf("%d%02d", floor, k%perUnit+1), serial: i + 1}
		if units > 1 {
			rm.unit = fmt.Sprint(k/perUnit + 1)
		}
		persons := m.room(&rm, r)
		if m.stopped {
			return
		}
		owed += persons / peoplePerEntity
		if rm.state == "shop" {
			owed += 0.1
		}
		for owed >= 1 && !m.stopped {
			owed--
			m.entity(&rm, r)
		}
	}
	if r.Float64() < owed {
		m.entity(&room{site: s}, r)
	}
}
