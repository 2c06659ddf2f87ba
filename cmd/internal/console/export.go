package console

import (
	"context"
	"fmt"
	"iter"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/geo"
	"kuaitu/geo/geofile"
	"kuaitu/store"

	"github.com/paulmach/orb"
)

// ExportRequest says what to write where. Zero Region and nil Bound mean everything.
type ExportRequest struct {
	Kind   block.Kind
	Region block.ID   // and all below it
	Bound  *orb.Bound // records whose bounds touch it
	Format geofile.Format
	Path   string
}

// Formats are the export formats by their names on command lines and in dialogs.
var Formats = map[string]geofile.Format{"geojson": geofile.FormatGeoJSON, "csv": geofile.FormatCSV, "gpkg": geofile.FormatGeoPackage}

// Export writes the records of a kind as they are shown, masked where the store holds them masked, and returns how many.
// A sensitive field that the store holds in full is written masked all the same: exports leave the house.
func Export(ctx context.Context, st *store.Store, r ExportRequest) (rows int, err error) {
	p, err := st.Set().Plan(r.Kind)
	if err != nil {
		return 0, err
	}
	if err := CheckOutput(st, r.Path); err != nil {
		return 0, err
	}
	tree, err := st.Reader().Tree(ctx)
	if err != nil {
		return 0, err
	}
	opts := geofile.WriteOptions{Format: r.Format, Columns: exportColumns(p), Layer: string(r.Kind), Geometry: exportGeometry(p)}
	w, err := geofile.Create(ctx, r.Path, opts)
	if err != nil {
		return 0, fmt.Errorf("export %s: %w", r.Kind, err)
	}
	defer w.Abort()
	for rec, err := range records(ctx, st.Reader(), p, r) {
		if err != nil {
			return 0, fmt.Errorf("export %s: %w", r.Kind, err)
		}
		if !r.Region.IsZero() && !tree.Within(rec.Region, r.Region) {
			continue
		}
		f, err := exportFeature(p, tree, rec)
		if err != nil {
			return 0, fmt.Errorf("export %s %s: %w", r.Kind, rec.ID, err)
		}
		if err := w.Write(f); err != nil {
			return 0, fmt.Errorf("export %s: %w", r.Kind, err)
		}
		rows++
	}
	if err := w.Close(); err != nil {
		return 0, fmt.Errorf("export %s: %w", r.Kind, err)
	}
	return rows, nil
}

// records yields the records of a kind, by bounds where the kind has geometry and bounds are asked for.
func records(ctx context.Context, reader *store.Reader, p *schema.Plan, r ExportRequest) iter.Seq2[block.Record, error] {
	return func(yield func(block.Record, error) bool) {
		stop := fmt.Errorf("the caller has enough")
		each := func(rec block.Record) error {
			if !yield(rec, nil) {
				return stop
			}
			return nil
		}
		var err error
		var within []block.ID
		if !r.Region.IsZero() {
			within = []block.ID{r.Region}
		}
		if r.Bound != nil && p.Kind.Geometry != schema.NoGeometry {
			err = reader.InBounds(ctx, p.Kind.Name, *r.Bound, each)
		} else {
			err = reader.Each(ctx, store.Query{Kind: p.Kind.Name, Within: within}, each)
		}
		if err != nil && err != stop {
			yield(block.Record{}, err)
		}
	}
}

func exportColumns(p *schema.Plan) []geofile.Column {
	columns := []geofile.Column{
		{Name: "id", Kind: geofile.Text}, {Name: "region_code", Kind: geofile.Text}, {Name: "region_name", Kind: geofile.Text}, {Name: "ver", Kind: geofile.Int},
	}
	for _, f := range p.Kind.Fields {
		c := geofile.Column{Name: f.Name, Kind: geofile.Text}
		switch f.Type {
		case block.Int:
			c.Kind = geofile.Int
		case block.Float:
			c.Kind = geofile.Float
		case block.Bool:
			c.Kind = geofile.Bool
		}
		columns = append(columns, c)
	}
	return columns
}

func exportGeometry(p *schema.Plan) string {
	switch p.Kind.Geometry {
	case schema.Point:
		return "POINT"
	case schema.Area:
		return "MULTIPOLYGON"
	case schema.Line:
		return "MULTILINESTRING"
	}
	return "NONE"
}

func exportFeature(p *schema.Plan, tree *block.Tree, rec block.Record) (geofile.Feature, error) {
	f := geofile.Feature{ID: rec.ID.String()}
	if len(rec.Geometry) > 0 {
		g, err := geo.ParseWKB(rec.Geometry)
		if err != nil {
			return f, fmt.Errorf("%v: %w", err, block.ErrInvalid)
		}
		f.Geometry = g
	}
	if rec.Parts.Has(block.Sensitive) {
		rec = p.MaskRecord(rec)
	}
	region, _ := tree.Region(rec.Region)
	f.Values = append(f.Values,
		geofile.Value{Kind: geofile.Text, Text: rec.ID.String()}, geofile.Value{Kind: geofile.Text, Text: region.Code},
		geofile.Value{Kind: geofile.Text, Text: region.Name}, geofile.Value{Kind: geofile.Int, Text: fmt.Sprint(rec.Ver)})
	for i, v := range rec.Values {
		out := geofile.Value{}
		if !v.IsNull() {
			out = geofile.Value{Kind: geofile.Text, Text: v.Plain()}
			switch p.Kind.Fields[i].Type {
			case block.Int:
				out.Kind = geofile.Int
			case block.Float:
				out.Kind = geofile.Float
			case block.Bool:
				out.Kind = geofile.Bool
			}
		}
		f.Values = append(f.Values, out)
	}
	return f, nil
}
