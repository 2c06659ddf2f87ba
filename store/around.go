package store

import (
	"cmp"
	"context"
	"database/sql/driver"
	"fmt"
	"math"
	"slices"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/geo"

	"github.com/paulmach/orb"
)

// AroundQuery asks what lies within some metres of a shape (周边分析).
type AroundQuery struct {
	Shape  orb.Geometry // a point, line or area in degrees; nil: that of the record Kind, ID
	Kind   block.Kind
	ID     block.ID
	Metres float64      // 0 to MaxAroundM; 0 is what touches the shape or lies inside it
	Kinds  []block.Kind // what to look for; empty: AroundKinds
	At     time.Time    // the day of which residents are residents; zero: everyone ever registered
	Closed bool         // count and list events that need nobody any more too
	Limit  int          // how many to list; 0: 50, at most 1,000, negative: none
	Skip   int          // how many of the nearest to pass over: the pages before
}

// Bounds of one look around.
const (
	MaxAroundM     = 50_000
	maxAroundLimit = 1000
)

// AroundKinds are the kinds that are looked for where none are named.
var AroundKinds = []block.Kind{"building", "room", "person", "legal_entity", "event", "facility"}

// AroundHit is one record near the shape. Its Point is the middle of its own bounds or of its building's.
type AroundHit struct {
	Hit            // Label and Detail are masked where the kind's names are sensitive; Why and Score are empty
	Metres float64 // from the shape to the nearest part of it, or of the building it is in; 0: touching or inside
	Masked bool
}

// KindCount says how many records of a kind there are.
type KindCount struct {
	Kind  block.Kind
	Count int
}

// Around is what lies around a shape. Counts are of all, Hits the page asked for, the nearest first.
type Around struct {
	Shape  orb.Geometry
	Counts []KindCount // in the order of the kinds asked for
	Hits   []AroundHit
}

// Around finds the records within some metres of a shape, by distance on the ellipsoid from their nearest part. What has
// no place of its own is where its building is: rooms, people by their residencies, entities and events without a point.
//
// A kind that is nowhere, or whose place is sensitive, is ErrInvalid, and so are a shape that nothing can be measured
// from and a distance out of bounds; a record to look around that is not here, or is nowhere, is ErrNotFound.
func (r *Reader) Around(ctx context.Context, q AroundQuery) (Around, error) {
	if !(q.Metres >= 0 && q.Metres <= MaxAroundM) {
		return Around{}, fmt.Errorf("look around within %g m of at most %d: %w", q.Metres, MaxAroundM, block.ErrInvalid)
	}
	if len(q.Kinds) == 0 {
		q.Kinds = AroundKinds
	}
	if q.Limit == 0 {
		q.Limit = 50
	}
	var out Around
	err := r.view(ctx, func(c *conn) error {
		a := &around{ctx: ctx, s: r.s, c: c, q: q}
		if err := a.measureFrom(); err != nil {
			return err
		}
		for i, k := range q.Kinds {
			if slices.Contains(q.Kinds[:i], k) {
				continue
			}
			tb, err := r.s.table(k)
			if err != nil {
				return err
			}
			before := len(a.near)
			if err := a.find(tb); err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
			out.Counts = append(out.Counts, KindCount{k, len(a.near) - before})
		}
		out.Shape = a.q.Shape
		var err error
		out.Hits, err = a.page()
		return err
	})
	if err != nil {
		return Around{}, fmt.Errorf("look around: %w", err)
	}
	return out, nil
}

// around is one look in progress.
type around struct {
	ctx   context.Context
	s     *Store
	c     *conn
	q     AroundQuery
	reach *geo.Reach
	bound orb.Bound
	flat  geo.Flat
	near  []nearRow

	buildings []nearBuilding // the nearest first; once looked for
	looked    bool
}

// nearRow is a record that lies near enough.
type nearRow struct {
	tb     *table
	fid    int64
	metres float64
	in     int64 // fid of the building by which it was found; 0: by its own place
}

type nearBuilding struct {
	id     block.ID
	fid    int64
	metres float64
}

// measureFrom finds the shape and prepares it.
func (a *around) measureFrom() error {
	if a.q.Shape == nil {
		tb, err := a.s.table(a.q.Kind)
		if err != nil {
			return err
		}
		if !a.placed(tb) && tb.geom {
			return fmt.Errorf("the place of a %s is sensitive: %w", a.q.Kind, block.ErrInvalid)
		}
		v, err := a.c.one(tb.selectID, a.q.ID)
		if err != nil {
			return err
		}
		if v != nil {
			row := tb.readRow(v)
			if a.q.Shape, err = a.shapeOf(tb, &row); err != nil {
				return err
			}
		}
		if a.q.Shape == nil {
			if v == nil {
				return fmt.Errorf("there is no %s %s: %w", a.q.Kind, a.q.ID, block.ErrNotFound)
			}
			return fmt.Errorf("%s %s has no place: %w", a.q.Kind, a.q.ID, block.ErrNotFound)
		}
	}
	reach, err := geo.NewReach(a.q.Shape)
	if err != nil {
		return fmt.Errorf("%v: %w", err, block.ErrInvalid)
	}
	a.reach, a.bound = reach, reach.Bound(a.q.Metres)
	return nil
}

// shapeOf is a record's own geometry, else its building's; nil when it is nowhere.
func (a *around) shapeOf(tb *table, r *row) (orb.Geometry, error) {
	if g, err := geo.ParseWKB(r.rec.Geometry); err == nil && !geo.Empty(g) {
		return g, nil
	}
	at := tb.plan.Index("building")
	if at < 0 || r.rec.Values[at].IsNull() {
		return nil, nil
	}
	v, err := a.c.one(`SELECT geom FROM "building" WHERE id = ?`, r.rec.Values[at].Ref())
	if err != nil || v == nil {
		return nil, err
	}
	if g, err := geo.ParseWKB(blobBody(asBytes(v[0]))); err == nil && !geo.Empty(g) {
		return g, nil
	}
	return nil, nil
}

// placed says whether the kind's own geometry may be looked at.
func (a *around) placed(tb *table) bool {
	return tb.geom && tb.plan.Kind.GeomClass != block.Sensitive
}

// refers says whether the kind has a reference of that name to that kind.
func refers(tb *table, field string, to block.Kind) bool {
	i := tb.plan.Index(field)
	return i >= 0 && tb.plan.Kind.Fields[i].Type == block.Ref && tb.plan.Kind.Fields[i].Ref == to
}

// find adds the records of a kind that are near.
func (a *around) find(tb *table) error {
	var only string
	if tb.name == "event" && !a.q.Closed {
		only = " AND state IN (" + openStates + ")"
	}
	name := quote(tb.name)
	if tb.name == "building" {
		list, err := a.nearBuildings()
		for _, b := range list {
			a.near = append(a.near, nearRow{tb, b.fid, b.metres, 0})
		}
		return err
	}
	known := a.placed(tb)
	if known {
		err := a.measure("SELECT fid, geom FROM "+name+" WHERE "+tb.inBounds()+only, func(fid int64, _ block.ID, metres float64) {
			a.near = append(a.near, nearRow{tb, fid, metres, 0})
		})
		if err != nil {
			return err
		}
		only += " AND geom IS NULL"
	} else if tb.geom {
		return fmt.Errorf("its place is sensitive: %w", block.ErrInvalid)
	}
	switch {
	case tb.name == "person":
		day := driver.Value("0000-00-00")
		if !a.q.At.IsZero() {
			day = toDriver(block.DateValue(a.q.At))
		}
		return a.inBuildings(tb, `SELECT p.fid FROM "room" r JOIN "residency" s ON s.room = r.id JOIN "person" p ON p.id = s.person
			WHERE r.building = ?1 AND (s.until IS NULL OR s.until >= ?2 OR ?2 = '0000-00-00') AND (s.since IS NULL OR s.since <= ?2 OR ?2 = '0000-00-00')`, day)
	case refers(tb, "building", "building"):
		return a.inBuildings(tb, "SELECT fid FROM "+name+" WHERE building = ?1"+only)
	case refers(tb, "room", "room"):
		return a.inBuildings(tb, `SELECT k.fid FROM "room" r JOIN `+name+` k ON k.room = r.id WHERE r.building = ?1`)
	case !known:
		return fmt.Errorf("it has no place: %w", block.ErrInvalid)
	}
	return nil
}

// measure calls fn with the rows of a statement (fid, geometry, perhaps id; its arguments are the bounds) that are near enough.
func (a *around) measure(sql string, fn func(fid int64, id block.ID, metres float64)) error {
	return a.c.query(a.ctx, sql, boundsArgs(a.bound), func(v []driver.Value) error {
		g, err := geo.ParseWKB(blobBody(asBytes(v[1])))
		if err != nil {
			return nil // doctor lists it
		}
		a.reach.Lay(&a.flat, g)
		if d := a.reach.Measure(&a.flat, a.q.Metres); !math.IsInf(d, 1) {
			var id block.ID
			if len(v) > 2 {
				id = asID(v[2])
			}
			fn(asInt(v[0]), id, d)
		}
		return nil
	})
}

func (a *around) nearBuildings() ([]nearBuilding, error) {
	if a.looked {
		return a.buildings, nil
	}
	tb, err := a.s.table("building")
	if err != nil {
		return nil, err
	}
	err = a.measure(`SELECT fid, geom, id FROM "building" WHERE `+tb.inBounds(), func(fid int64, id block.ID, metres float64) {
		a.buildings = append(a.buildings, nearBuilding{id, fid, metres})
	})
	slices.SortFunc(a.buildings, func(a, b nearBuilding) int {
		return cmp.Or(cmp.Compare(a.metres, b.metres), slices.Compare(a.id[:], b.id[:]))
	})
	a.looked = err == nil
	return a.buildings, err
}

// inBuildings adds what a statement finds of each near building, each record once: where it is nearest. The building is
// the statement's first argument.
func (a *around) inBuildings(tb *table, sql string, args ...any) error {
	list, err := a.nearBuildings()
	if err != nil {
		return err
	}
	seen := map[int64]bool{}
	for _, b := range list {
		if err := a.ctx.Err(); err != nil {
			return err
		}
		err := a.c.query(a.ctx, sql, append([]any{b.id}, args...), func(v []driver.Value) error {
			if fid := asInt(v[0]); !seen[fid] {
				seen[fid] = true
				a.near = append(a.near, nearRow{tb, fid, b.metres, b.fid})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// page sorts what was found by distance, then kind and age, and reads the records of the page.
func (a *around) page() ([]AroundHit, error) {
	rank := map[*table]int{}
	for i, k := range a.q.Kinds {
		if tb := a.s.kinds().byKind[k]; tb != nil {
			rank[tb] = i
		}
	}
	slices.SortFunc(a.near, func(x, y nearRow) int {
		return cmp.Or(cmp.Compare(x.metres, y.metres), cmp.Compare(rank[x.tb], rank[y.tb]), cmp.Compare(x.fid, y.fid))
	})
	list := a.near[min(max(0, a.q.Skip), len(a.near)):]
	list = list[:min(max(0, min(a.q.Limit, maxAroundLimit)), len(list))]
	out := make([]AroundHit, 0, len(list))
	for _, n := range list {
		v, err := a.c.one(n.tb.selectFid, n.fid)
		if err != nil {
			return nil, err
		}
		row := n.tb.readRow(v)
		h := AroundHit{Metres: n.metres}
		h.Hit, h.Masked = a.s.maskedHit(n.tb, row.rec)
		blob := row.blob
		if n.in != 0 {
			if v, err = a.c.one(`SELECT geom FROM "building" WHERE fid = ?`, n.in); err != nil {
				return nil, err
			}
			blob = asBytes(v[0])
		}
		if b, ok := blobBounds(blob); ok {
			at := b.Center()
			h.Point = &at
		}
		out = append(out, h)
	}
	return out, nil
}

// maskedHit is hitOf of what a holder of the masked class sees of a record; masked says that this is less than what there is.
func (s *Store) maskedHit(tb *table, rec block.Record) (h Hit, masked bool) {
	if !rec.Parts.Has(block.Sensitive) {
		return s.hitOf(tb, rec), rec.Parts.Has(block.Masked) && sensitiveName(tb.plan)
	}
	return s.hitOf(tb, tb.plan.MaskRecord(rec)), sensitiveName(tb.plan)
}

// sensitiveName says whether a kind's labels are made of sensitive fields.
func sensitiveName(p *schema.Plan) bool {
	for _, name := range slices.Concat(labelFields, detailFields, codeFields) {
		if i := p.Index(name); i >= 0 && p.Kind.Fields[i].Class == block.Sensitive && p.Kind.Fields[i].Mask != schema.MaskKeep {
			return true
		}
	}
	return false
}
