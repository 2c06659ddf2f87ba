package sqlite

import (
	"context"
	"fmt"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// RegionRecord returns a region as a record of kind "region" at home in the root of its tree: the tree is reference data
// of the whole city.
func RegionRecord(set *schema.Set, r block.Region, root block.ID) block.Record {
	plan, err := set.Plan("region")
	if err != nil {
		panic(err) // every set has regions
	}
	rec := plan.New(r.ID, root)
	text := func(name, v string) {
		if v != "" {
			plan.Set(&rec, name, block.TextValue(v))
		}
	}
	text("code", r.Code)
	text("scheme", r.Scheme)
	text("name", r.Name)
	text("name_en", r.NameEN)
	text("level", r.Level.String())
	text("type", r.Type)
	plan.Set(&rec, "parent", block.RefValue(r.Parent))
	plan.Set(&rec, "parent_from", block.DateValue(r.ParentFrom))
	plan.Set(&rec, "made", block.BoolValue(r.Made))
	rec.Geometry = r.Geometry
	return rec
}

// RegionOf returns a record of kind "region" as the tree has it, without its geometry.
func RegionOf(plan *schema.Plan, r block.Record) block.Region {
	text := func(name string) string { return plan.Get(r, name).Text() }
	level, err := block.ParseLevel(text("level"))
	if err != nil {
		level = block.NoLevel // NewTree refuses it
	}
	var from time.Time
	if v := plan.Get(r, "parent_from"); !v.IsNull() {
		from = v.Date()
	}
	return block.Region{
		ID: r.ID, Code: text("code"), Scheme: text("scheme"), Name: text("name"), NameEN: text("name_en"), Level: level, Type: text("type"),
		Parent: plan.Get(r, "parent").Ref(), ParentFrom: from, Made: plan.Get(r, "made").Bool(), Ver: r.Ver,
	}
}

// readTree builds the tree from the region records.
func (s *Storage) readTree(ctx context.Context) (*block.Tree, error) {
	t := s.byKind["region"]
	rows, err := s.read.QueryContext(ctx, "SELECT "+t.cols+" FROM "+t.name+" t WHERE t.deleted = 0")
	if err != nil {
		return nil, unavailable("read regions", err)
	}
	defer rows.Close()
	var regions []block.Region
	sc := newScanner(t)
	for rows.Next() {
		r, err := sc.record(rows)
		if err != nil {
			return nil, err
		}
		regions = append(regions, RegionOf(t.plan, r))
	}
	if err := rows.Err(); err != nil {
		return nil, unavailable("read regions", err)
	}
	tree, err := block.NewTree(regions, nil)
	if err != nil {
		return nil, fmt.Errorf("read regions: %w", err)
	}
	return tree, nil
}
