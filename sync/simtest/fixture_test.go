package simtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/blockserver"
)

var (
	set      = schema.Builtin()
	simStart = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
)

func plan(k block.Kind) *schema.Plan {
	p, err := set.Plan(k)
	if err != nil {
		panic(err)
	}
	return p
}

// area is a made-up city: one or two districts (or none), streets, one community and up to three grids a street.
type area struct {
	tree    *block.Tree
	streets []block.ID
	grids   []block.ID
}

func makeArea(r *rand.Rand) area {
	var regions []block.Region
	add := func(code string, level block.Level, parent block.ID) block.ID {
		id := block.NameID("region", "sim/"+code)
		regions = append(regions, block.Region{ID: id, Code: code, Scheme: "local", Name: "R" + code, Level: level, Parent: parent})
		return id
	}
	var a area
	root := add("9", block.City, block.ID{})
	parents := []block.ID{root}
	if r.IntN(4) > 0 {
		parents = nil
		for d := range 1 + r.IntN(2) {
			parents = append(parents, add(fmt.Sprintf("9%d", d+1), block.District, root))
		}
	}
	for i, parent := range parents {
		for s := range 1 + r.IntN(2) {
			code := fmt.Sprintf("9%d%d", i+1, s+1)
			street := add(code, block.Street, parent)
			a.streets = append(a.streets, street)
			community := add(code+"0", block.Community, street)
			for g := range 1 + r.IntN(3) {
				a.grids = append(a.grids, add(fmt.Sprintf("%s0%d", code, g+1), block.Grid, community))
			}
		}
	}
	tree, err := block.NewTree(regions, nil)
	if err != nil {
		panic(err)
	}
	a.tree = tree
	return a
}

// regionRows are the records of the tree itself: at home in the city, whose public stream everybody has.
func (a area) regionRows() []blockserver.Row {
	var out []blockserver.Row
	p := plan("region")
	for _, g := range a.tree.All() {
		r := p.New(g.ID, a.tree.Root())
		p.Set(&r, "code", block.TextValue(g.Code))
		p.Set(&r, "scheme", block.TextValue(g.Scheme))
		p.Set(&r, "name", block.TextValue(g.Name))
		p.Set(&r, "level", block.TextValue(g.Level.String()))
		p.Set(&r, "parent", block.RefValue(g.Parent))
		out = append(out, blockserver.NewRow(p, r))
	}
	return out
}

// mark is a text that says which class it may be read in.
func mark(c block.Class, n int) block.Value {
	return block.TextValue(fmt.Sprintf("@%s@%d", c, n))
}

// secret reports whether text came unmasked from a sensitive field.
func secret(text string) bool { return strings.Contains(text, "@"+block.Sensitive.String()+"@") }

// seedRows makes buildings, persons and residencies in every grid, some persons living in two grids.
func (a area) seedRows(r *rand.Rand, perGrid int) []blockserver.Row {
	var out []blockserver.Row
	n := uint64(0)
	id := func(k block.Kind) block.ID {
		n++
		return block.BulkID(uint32(len(a.grids)), plan(k).Kind.No, n)
	}
	building, room, person, residency := plan("building"), plan("room"), plan("person"), plan("residency")
	for _, g := range a.grids {
		var rooms []block.ID
		for range perGrid {
			b := building.New(id("building"), g)
			building.Set(&b, "name", mark(block.Public, r.IntN(100)))
			building.Set(&b, "floors", block.IntValue(int64(1+r.IntN(30))))
			building.Set(&b, "note", mark(block.Work, r.IntN(100)))
			b.Geometry = square(r)
			out = append(out, blockserver.NewRow(building, b))
			m := room.New(id("room"), g)
			room.Set(&m, "building", block.RefValue(b.ID))
			room.Set(&m, "number", block.TextValue("101"))
			rooms = append(rooms, m.ID)
			out = append(out, blockserver.NewRow(room, m))
		}
		for range perGrid {
			p := person.New(id("person"), g)
			person.Set(&p, "name", mark(block.Sensitive, r.IntN(100)))
			person.Set(&p, "phone", mark(block.Sensitive, r.IntN(100)))
			out = append(out, blockserver.NewRow(person, p))
			homes := []block.ID{g}
			if r.IntN(3) == 0 {
				homes = append(homes, a.grids[r.IntN(len(a.grids))])
			}
			for _, h := range homes {
				l := residency.New(id("residency"), h)
				residency.Set(&l, "room", block.RefValue(rooms[r.IntN(len(rooms))]))
				residency.Set(&l, "person", block.RefValue(p.ID))
				out = append(out, blockserver.NewRow(residency, l))
			}
		}
	}
	return out
}

// square is a small polygon somewhere, as canonical WKB.
func square(r *rand.Rand) block.WKB {
	x, y := 1140000000+r.Int64N(1_000_000), 225000000+r.Int64N(1_000_000)
	ring := [][2]int64{{x, y}, {x + 900, y}, {x + 900, y + 700}, {x, y + 700}, {x, y}}
	return polygon(ring)
}

// scopeOf says, by the words of the design and not by the server's code, which streams a device may have.
func (a area) scopeOf(region block.ID, post string) map[block.Stream]bool {
	out := map[block.Stream]bool{}
	shard := func(id block.ID) block.ID { // nearest street, district or city upwards
		path := a.tree.Path(id)
		for _, g := range slices.Backward(path) {
			if g.Level == block.City || g.Level == block.District || g.Level == block.Street {
				return g.ID
			}
		}
		return a.tree.Root()
	}
	for _, g := range a.tree.Path(region) {
		out[block.Stream{Region: shard(g.ID), Class: block.Public}] = true
	}
	for _, id := range a.tree.Subtree(region) {
		out[block.Stream{Region: shard(id), Class: block.Public}] = true
		out[block.Stream{Region: shard(id), Class: block.Work}] = true
		switch post {
		case "desk":
			out[block.Stream{Region: id, Class: block.Masked}] = true
		case "field":
			out[block.Stream{Region: id, Class: block.Sensitive}] = true
		}
	}
	return out
}
