package ingest

import (
	"bytes"
	"slices"
	"strings"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/geo"
	"kuaitu/geo/geofile"

	"github.com/paulmach/orb"
)

// A file that was exported from here comes back with the IDs of its records. They are recognised, so that what was changed
// in the file changes those records and the rest stays as it is.

// Columns by which an export of ours is known: see console.Export.
const (
	columnID     = "id"
	columnRegion = "region_code"
	columnVer    = "ver"
)

// exportColumns are the places of those columns; id is -1 in a file of others.
type exportColumns struct{ id, region, ver int }

func exported(columns []string) exportColumns {
	e := exportColumns{slices.Index(columns, columnID), slices.Index(columns, columnRegion), slices.Index(columns, columnVer)}
	if e.id < 0 || e.region < 0 || e.ver < 0 {
		return exportColumns{-1, -1, -1}
	}
	return e
}

// exportMapping maps every field by its exact name, references too, which no other file can be trusted with.
func exportMapping(p *schema.Plan, columns []string) Mapping {
	m := Mapping{}
	for _, c := range columns {
		if p.Index(c) >= 0 {
			m[c] = c
		}
	}
	return m
}

// lookUp finds the record that a feature of an export names, or one that this file brought before. base is the version that
// the export saw, 0 when it does not say.
func (c *converter) lookUp(f *geofile.Feature, id block.ID) (named block.ID, was *block.Record, base block.Ver, err error) {
	ours := false
	if c.export.id >= 0 {
		if given, e := block.ParseID(strings.TrimSpace(f.Value(c.export.id).Text)); e == nil && !given.IsZero() {
			id, ours = given, true
		}
	}
	if c.opt.Known == nil || !ours && !c.opt.Again {
		return id, nil, 0, nil
	}
	rec, found, err := c.opt.Known(id)
	if err != nil || !found {
		return id, nil, 0, err
	}
	if v, ok := f.Value(c.export.ver).Int(); ours && ok && v > 0 && block.Ver(v) <= rec.Ver {
		base = block.Ver(v)
	}
	return id, &rec, base, nil
}

// unchangedValue reports whether a cell says what the record that is here says already, as it is or as an export masks it.
func unchangedValue(f *schema.Field, text string, was block.Value) bool {
	return text == was.Plain() || f.Class == block.Sensitive && !was.IsNull() && text == schema.MaskValue(f.Mask, was).Plain()
}

// sameGeometry compares shapes; a multi geometry of one part is that part, since exports write layers of one type.
func sameGeometry(a, b block.WKB) bool {
	if bytes.Equal(a, b) {
		return true
	}
	return len(a) > 0 && len(b) > 0 && bytes.Equal(plainShape(a), plainShape(b))
}

// plainShape is a geometry mended, on the grid and freed from a multi geometry of one part.
func plainShape(wkb block.WKB) []byte {
	g, err := geo.ParseWKB(wkb)
	if err != nil {
		return wkb
	}
	if mended, _, err := geo.Repair(g); err == nil {
		g = mended
	}
	switch m := g.(type) {
	case orb.MultiPolygon:
		if len(m) == 1 {
			g = m[0]
		}
	case orb.MultiLineString:
		if len(m) == 1 {
			g = m[0]
		}
	case orb.MultiPoint:
		if len(m) == 1 {
			g = m[0]
		}
	}
	return geo.AppendWKB(nil, g)
}

// settle compares a row with the record it changes: what is not changed stays as it was, byte for byte, and a row that
// changes nothing need not be written. The home region moves only with the geometry.
func settle(row *Row) (changed bool) {
	was := row.Was
	if len(row.Record.Geometry) == 0 || sameGeometry(row.Record.Geometry, was.Geometry) {
		row.Record.Geometry, row.Record.Region = was.Geometry, was.Region
	}
	row.Record.Ver, row.Record.Parts = was.Ver, was.Parts
	return row.Record.Region != was.Region || !bytes.Equal(row.Record.Geometry, was.Geometry) || !slices.Equal(row.Record.Values, was.Values)
}
