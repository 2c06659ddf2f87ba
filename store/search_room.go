package store

import (
	"database/sql/driver"
	"regexp"
	"strings"

	"kuaitu/block"
)

// roomPattern peels the room off the end of a query: 2单元1203房, 1203室, 栋1203.
var roomPattern = regexp.MustCompile(`(?:([0-9a-z]{1,3})单元|[^0-9a-z])([0-9]{2,5}[a-z]?)(?:号?房|室)?$`)

// maxBuildings bounds the buildings whose rooms are looked through.
const maxBuildings = 40

// byRoom looks for a room in the buildings that fit the rest of the query.
func (f *finder) byRoom() error {
	rooms, buildings := f.s.kinds().byKind["room"], f.s.kinds().byKind["building"]
	if rooms == nil || buildings == nil || len(f.kinds) > 0 && !containsNo(f.kinds, rooms.no) {
		return nil
	}
	whole := strings.Join(f.words, " ")
	m := roomPattern.FindStringSubmatchIndex(whole)
	if m == nil {
		return nil
	}
	end := m[0]
	if m[2] < 0 { // the character before the number belongs to the building
		end = m[4]
	}
	rest := strings.Fields(whole[:end])
	if len(rest) == 0 {
		return nil
	}
	unit := ""
	if m[2] >= 0 {
		unit = whole[m[2]:m[3]]
	}
	number := whole[m[4]:m[5]]
	sub := &finder{ctx: f.ctx, s: f.s, c: f.c, q: SearchQuery{Limit: maxBuildings / 2, Near: f.q.Near}, words: rest, text: strings.Join(rest, ""),
		kinds: []int64{buildings.no}, found: map[int64]bool{}}
	for _, k := range []block.Kind{"address", "address_alias"} {
		if tb := f.s.kinds().byKind[k]; tb != nil {
			sub.kinds = append(sub.kinds, tb.no)
		}
	}
	if err := sub.byGrams(rest); err != nil {
		return err
	}
	if len(sub.hits) == 0 {
		if err := sub.bySimilarity(); err != nil {
			return err
		}
	}
	for _, b := range sub.hits {
		if err := f.roomsOf(rooms, b, unit, number); err != nil {
			return err
		}
	}
	if len(f.hits) == 0 && len(f.kinds) == 0 {
		for _, b := range sub.hits { // the room is not known here, its building is
			b.Score -= 20
			f.hits = append(f.hits, b)
		}
	}
	return nil
}

func containsNo(list []int64, no int64) bool {
	for _, n := range list {
		if n == no {
			return true
		}
	}
	return false
}

// roomsOf adds the rooms of that number in a building (or in the building an address belongs to).
func (f *finder) roomsOf(rooms *table, b Hit, unit, number string) error {
	building := b.ID
	if b.Kind != "building" {
		tb := f.s.kinds().byKind[b.Kind]
		v, err := f.c.one(tb.selectID, b.ID)
		if err != nil || v == nil {
			return err
		}
		building = tb.plan.Get(tb.readRow(v).rec, "building").Ref()
	}
	return f.c.query(f.ctx, rooms.selectAll+` WHERE building = ? AND number = ? COLLATE NOCASE`, []any{building, number}, func(v []driver.Value) error {
		r := rooms.readRow(v)
		doc := docOf(rooms, r.fid)
		roomUnit := strings.TrimSuffix(normalise(rooms.plan.Get(r.rec, "unit").Text()), "单元")
		if f.found[doc] || unit != "" && roomUnit != unit {
			return nil
		}
		f.found[doc] = true
		label := b.Label
		if roomUnit != "" {
			label += roomUnit + "单元"
		}
		h := Hit{Kind: "room", ID: r.rec.ID, Code: rooms.plan.Get(r.rec, "code").Text(), Label: label + rooms.plan.Get(r.rec, "number").Text(),
			Detail: b.Detail, Why: "room", Score: b.Score + 30, Point: b.Point}
		f.hits = append(f.hits, h)
		return nil
	})
}
