package benchcity

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/geo"
	"kuaitu/geo/geofile"
	"kuaitu/store"
)

// Numbers of kinds in made-up ids; see block.BulkID.
const (
	noRegion   = 1
	noBuilding = 5
	noEvent    = 20
)

func regionID(level block.Level, no int) block.ID {
	return block.BulkID(uint32(level), noRegion, uint64(no))
}

// WriteStore makes a standalone store of ours with the city in it. now is when its events are looked at; said is told what is
// being written.
func (c *City) WriteStore(ctx context.Context, path string, now time.Time, said func(string)) (err error) {
	meta := store.Meta{Name: "测试市", NameEN: "Bench City", TZ: "Asia/Shanghai", Demo: true}
	st, err := store.Create(ctx, path, meta, store.Options{Now: func() time.Time { return now }})
	if err != nil {
		return err
	}
	defer func() {
		if e := st.Close(); err == nil {
			err = e
		}
	}()
	for _, kind := range []struct {
		name    block.Kind
		records func(*schema.Plan) iter.Seq2[block.Record, error]
	}{
		{"region", c.regionRecords}, {"building", c.buildingRecords},
		{"event", func(p *schema.Plan) iter.Seq2[block.Record, error] { return c.eventRecords(p, now) }},
	} {
		said(string(kind.name))
		p, err := st.Set().Plan(kind.name)
		if err != nil {
			return err
		}
		if _, err := st.Writer().Load(ctx, kind.name, kind.records(p), nil); err != nil {
			return fmt.Errorf("city of %d buildings: %w", c.opt.Buildings, err)
		}
	}
	return nil
}

func wkb(g orb.Geometry) block.WKB { return geo.AppendWKB(nil, g) }

func (c *City) regionRecords(p *schema.Plan) iter.Seq2[block.Record, error] {
	return func(yield func(block.Record, error) bool) {
		for r := range c.Regions() {
			id := regionID(r.Level, r.No)
			rec := p.New(id, id)
			rec.Geometry = wkb(r.Geometry)
			p.Set(&rec, "code", block.TextValue(r.Code))
			p.Set(&rec, "scheme", block.TextValue("test"))
			p.Set(&rec, "name", block.TextValue(r.Name))
			p.Set(&rec, "level", block.TextValue(r.Level.String()))
			if r.Level != block.City {
				p.Set(&rec, "parent", block.RefValue(regionID(r.Level-1, r.Parent)))
			}
			if !yield(rec, nil) {
				return
			}
		}
	}
}

func (c *City) buildingRecords(p *schema.Plan) iter.Seq2[block.Record, error] {
	return func(yield func(block.Record, error) bool) {
		for b := range c.Buildings() {
			rec := p.New(block.BulkID(1, noBuilding, uint64(b.No)), regionID(block.Grid, b.Grid))
			rec.Geometry = wkb(b.Geometry)
			p.Set(&rec, "code", block.TextValue(buildingCode(b.No)))
			if b.Name != "" {
				p.Set(&rec, "name", block.TextValue(b.Name))
			}
			p.Set(&rec, "address", block.TextValue(b.Address))
			p.Set(&rec, "use", block.TextValue(b.Use))
			p.Set(&rec, "floors", block.IntValue(int64(b.Floors)))
			p.Set(&rec, "height", block.FloatValue(b.HeightM))
			p.Set(&rec, "year", block.IntValue(int64(b.Year)))
			if !yield(rec, nil) {
				return
			}
		}
	}
}

func buildingCode(no int) string { return fmt.Sprintf("99B%09d", no) }

func (c *City) eventRecords(p *schema.Plan, now time.Time) iter.Seq2[block.Record, error] {
	hours := func(h float64) block.Value {
		return block.TimeValue(now.Add(time.Duration(h*3600) * time.Second))
	}
	return func(yield func(block.Record, error) bool) {
		for e := range c.Events() {
			rec := p.New(block.BulkID(1, noEvent, uint64(e.No)), regionID(block.Grid, e.Grid))
			rec.Geometry = wkb(e.At)
			p.Set(&rec, "number", block.TextValue(fmt.Sprintf("E%07d", e.No)))
			p.Set(&rec, "type", block.TextValue(e.Type))
			p.Set(&rec, "state", block.TextValue(e.State))
			p.Set(&rec, "reported_at", hours(-e.AgeHours))
			p.Set(&rec, "due_at", hours(e.DueHours))
			p.Set(&rec, "synthetic", block.BoolValue(true))
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// WritePackage makes a GeoPackage with the tables building, grid, street and event, as other programs write them.
func (c *City) WritePackage(ctx context.Context, path string) error {
	text := func(s string) geofile.Value {
		if s == "" {
			return geofile.Value{}
		}
		return geofile.Value{Kind: geofile.Text, Text: s}
	}
	whole := func(n int) geofile.Value { return geofile.Value{Kind: geofile.Int, Text: strconv.Itoa(n)} }
	number := func(v float64) geofile.Value {
		return geofile.Value{Kind: geofile.Float, Text: strconv.FormatFloat(v, 'g', -1, 64)}
	}
	column := func(name string, k geofile.Kind) geofile.Column { return geofile.Column{Name: name, Kind: k} }
	buildings := func(yield func(geofile.Feature, error) bool) {
		for b := range c.Buildings() {
			values := []geofile.Value{
				text(buildingCode(b.No)), text(b.Name), text(b.Address), text(b.Use), whole(b.Floors), number(b.HeightM), whole(b.Year),
			}
			if !yield(geofile.Feature{Geometry: b.Geometry, Values: values}, nil) {
				return
			}
		}
	}
	regions := func(level block.Level) iter.Seq2[geofile.Feature, error] {
		return func(yield func(geofile.Feature, error) bool) {
			for r := range c.Regions() {
				if r.Level != level {
					continue
				}
				if !yield(geofile.Feature{Geometry: r.Geometry, Values: []geofile.Value{text(r.Code), text(r.Name), whole(r.Buildings)}}, nil) {
					return
				}
			}
		}
	}
	events := func(yield func(geofile.Feature, error) bool) {
		for e := range c.Events() {
			values := []geofile.Value{text(fmt.Sprintf("E%07d", e.No)), text(e.Type), text(e.State), number(e.DueHours)}
			if !yield(geofile.Feature{Geometry: e.At, Values: values}, nil) {
				return
			}
		}
	}
	regionColumns := []geofile.Column{column("code", geofile.Text), column("name", geofile.Text), column("buildings", geofile.Int)}
	table := func(layer, geometry string, columns []geofile.Column, rows iter.Seq2[geofile.Feature, error]) geofile.Table {
		return geofile.Table{WriteOptions: geofile.WriteOptions{Layer: layer, Geometry: geometry, EPSG: 4326, Columns: columns}, Rows: rows}
	}
	return geofile.WritePackage(ctx, path, []geofile.Table{
		table("building", "MULTIPOLYGON", []geofile.Column{
			column("code", geofile.Text), column("name", geofile.Text), column("address", geofile.Text), column("use", geofile.Text),
			column("floors", geofile.Int), column("height", geofile.Float), column("year", geofile.Int),
		}, buildings),
		table("grid", "MULTIPOLYGON", regionColumns, regions(block.Grid)),
		table("street", "MULTIPOLYGON", regionColumns, regions(block.Street)),
		table("event", "POINT", []geofile.Column{
			column("number", geofile.Text), column("type", geofile.Text), column("state", geofile.Text), column("due_hours", geofile.Float),
		}, events),
	})
}
