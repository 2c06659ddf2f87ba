package geofile

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"kuaitu/geo"
)

// gpkgTable reads one table of a GeoPackage made by others, which is opened read-only and never changed.
type gpkgTable struct {
	src   *Source
	db    *sql.DB
	crs   *crs
	cols  []Column
	query string
	geom  bool // the first value of a row is the geometry
	key   int  // place of the primary key in a row, -1 for none
}

// Layers returns the names of the layers of a file: the tables of a GeoPackage, features before attributes, the Shapefiles of
// a zip. A file of one layer has none to choose from.
func Layers(ctx context.Context, path string) ([]string, error) {
	s, err := Open(ctx, path, Options{})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	switch r := s.reader.(type) {
	case *gpkgTable:
		layers, err := r.layers(ctx)
		names := make([]string, len(layers))
		for i, l := range layers {
			names[i] = l.table
		}
		return names, err
	case *shapefile:
		return r.layers, nil
	}
	return nil, nil
}

func (s *Source) openGeoPackage(ctx context.Context, opts Options) error {
	name, err := packageDSN(s.Path)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return s.fileError(0, "cannot be opened: %v", err)
	}
	t := &gpkgTable{src: s, db: db, key: -1}
	s.Format, s.Encoding, s.reader = FormatGeoPackage, "utf-8", t
	if err := t.open(ctx, opts); err != nil {
		db.Close()
		return err
	}
	return nil
}

type gpkgLayer struct {
	table, column string // column "" for an attribute table
	organization  string
	epsg          int64
	definition    string
}

func (t *gpkgTable) layers(ctx context.Context) ([]gpkgLayer, error) {
	rows, err := t.db.QueryContext(ctx, `
		SELECT c.table_name, coalesce(g.column_name, ''), coalesce(s.organization, ''), coalesce(s.organization_coordsys_id, 0), coalesce(s.definition, '')
		FROM   gpkg_contents c LEFT JOIN gpkg_geometry_columns g ON g.table_name = c.table_name
		       LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id
		WHERE  c.data_type IN ('features', 'attributes', 'aspatial')
		ORDER  BY g.column_name IS NULL, c.rowid`)
	if err != nil {
		return nil, t.unreadable(ctx, err)
	}
	defer rows.Close()
	var out []gpkgLayer
	for rows.Next() {
		var l gpkgLayer
		if err := rows.Scan(&l.table, &l.column, &l.organization, &l.epsg, &l.definition); err != nil {
			return nil, t.unreadable(ctx, err)
		}
		out = append(out, l)
	}
	if err := rows.Err(); err != nil {
		return nil, t.unreadable(ctx, err)
	}
	return out, nil
}

func (t *gpkgTable) unreadable(ctx context.Context, err error) error {
	switch text := err.Error(); {
	case ctx.Err() != nil:
		return ctx.Err()
	case strings.Contains(text, "no such table"):
		return t.src.fileError(0, "is an SQLite database, but no GeoPackage: it has no gpkg_contents")
	case strings.Contains(text, "malformed"), strings.Contains(text, "not a database"):
		return t.src.fileError(0, "the database is damaged")
	}
	return t.src.fileError(0, "cannot be read: %v", err)
}

func (t *gpkgTable) open(ctx context.Context, opts Options) error {
	layers, err := t.layers(ctx)
	if err != nil {
		return err
	}
	if len(layers) == 0 {
		return t.src.fileError(0, "the GeoPackage has no tables of features or attributes")
	}
	layer := layers[0]
	if opts.Layer != "" {
		found := false
		for _, l := range layers {
			if l.table == opts.Layer {
				layer, found = l, true
			}
		}
		if !found {
			return t.src.fileError(0, "has no layer %q", opts.Layer)
		}
	} else if len(layers) > 1 {
		t.src.Warnings = append(t.src.Warnings, fmt.Sprintf("the file has %d layers; %q was taken", len(layers), layer.table))
	}
	t.src.Name = layer.table
	if err := t.chooseCRS(layer, opts); err != nil {
		return err
	}
	return t.prepare(ctx, layer)
}

func (t *gpkgTable) chooseCRS(layer gpkgLayer, opts Options) error {
	var ok bool
	switch {
	case opts.EPSG != 0:
		if t.crs, ok = crsOfEPSG(opts.EPSG); !ok {
			return t.src.fileError(0, "EPSG:%d cannot be converted", opts.EPSG)
		}
	case layer.column == "" || layer.epsg == 0 || layer.epsg == -1:
		return nil // no geometry, or none declared
	default:
		t.crs, ok = crsOfEPSG(int(layer.epsg))
		if !ok || !strings.EqualFold(layer.organization, "EPSG") {
			var err error
			if t.crs, err = crsOfWKT(layer.definition); err != nil {
				return t.src.fileError(0, "layer %q: %v", layer.table, err)
			}
		}
	}
	t.src.CRS, t.src.Declared = t.crs.name, &t.crs.datum
	return nil
}

// prepare finds the columns of the table and makes the query.
func (t *gpkgTable) prepare(ctx context.Context, layer gpkgLayer) error {
	rows, err := t.db.QueryContext(ctx, "SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid", layer.table)
	if err != nil {
		return t.unreadable(ctx, err)
	}
	defer rows.Close()
	var names []string
	if layer.column != "" {
		names = append(names, quoteName(layer.column))
		t.geom = true
	}
	for rows.Next() {
		var name, kind string
		var pk int
		if err := rows.Scan(&name, &kind, &pk); err != nil {
			return t.unreadable(ctx, err)
		}
		if strings.EqualFold(name, layer.column) {
			continue
		}
		if pk == 1 {
			t.key = len(t.cols)
		}
		t.cols = append(t.cols, Column{Name: name, Kind: kindOfSQL(kind)})
		names = append(names, quoteName(name))
		if len(t.cols) > maxColumns {
			return t.src.fileError(0, "layer %q has more than %d columns", layer.table, maxColumns)
		}
	}
	if err := rows.Err(); err != nil {
		return t.unreadable(ctx, err)
	}
	if len(names) == 0 {
		return t.src.fileError(0, "layer %q has no table", layer.table)
	}
	t.query = "SELECT " + strings.Join(names, ", ") + " FROM " + quoteName(layer.table)
	if err := t.db.QueryRowContext(ctx, "SELECT count(*) FROM "+quoteName(layer.table)).Scan(&t.src.Count); err != nil {
		return t.unreadable(ctx, err)
	}
	return nil
}

func kindOfSQL(name string) Kind {
	name, _, _ = strings.Cut(strings.ToUpper(name), "(")
	switch strings.TrimSpace(name) {
	case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "INTEGER", "BIGINT":
		return Int
	case "REAL", "DOUBLE", "FLOAT", "NUMERIC":
		return Float
	case "BOOLEAN":
		return Bool
	}
	return Text
}

func (t *gpkgTable) columns() []Column { return t.cols }
func (t *gpkgTable) close() error      { return t.db.Close() }

func (t *gpkgTable) features(ctx context.Context, yield func(Feature, error) bool) {
	rows, err := t.db.QueryContext(ctx, t.query)
	if err != nil {
		yield(Feature{}, t.unreadable(ctx, err))
		return
	}
	defer rows.Close()
	n := len(t.cols)
	if t.geom {
		n++
	}
	raw := make([]any, n)
	into := make([]any, n)
	for i := range raw {
		into[i] = &raw[i]
	}
	var line int64
	for rows.Next() {
		line++
		if err := rows.Scan(into...); err != nil {
			yield(Feature{Line: line}, t.unreadable(ctx, err))
			return
		}
		f, err := t.feature(raw)
		if err != nil {
			f, err = Feature{ID: f.ID}, t.src.recordError(line, "%v", err)
		}
		f.Line = line
		if t.src.Count > 0 {
			t.src.read.Store(t.src.size * line / t.src.Count)
		}
		if !yield(f, err) {
			return
		}
	}
	if err := rows.Err(); err != nil && ctx.Err() == nil {
		yield(Feature{Line: line}, t.unreadable(ctx, err))
	}
}

func (t *gpkgTable) feature(raw []any) (Feature, error) {
	values := raw
	if t.geom {
		values = raw[1:]
	}
	f := Feature{Values: make([]Value, len(values))}
	for i, v := range values {
		f.Values[i] = valueOfSQL(v, t.cols[i].Kind)
	}
	f.ID = f.Value(t.key).Text
	if !t.geom || raw[0] == nil {
		return f, nil
	}
	blob, ok := raw[0].([]byte)
	if !ok {
		return f, fmt.Errorf("the geometry is no blob")
	}
	g, _, err := geo.ParseGPKG(blob)
	if err != nil {
		return f, err
	}
	if !geo.Empty(g) {
		f.Geometry = t.crs.toDegrees(g)
	}
	return f, nil
}

// valueOfSQL returns what SQLite holds; a blob, which no field of ours takes, as nothing.
func valueOfSQL(v any, column Kind) Value {
	switch v := v.(type) {
	case int64:
		if column == Bool && (v == 0 || v == 1) {
			return Value{Bool, strconv.FormatInt(v, 10)}
		}
		return Value{Int, strconv.FormatInt(v, 10)}
	case float64:
		return Value{Float, strconv.FormatFloat(v, 'g', -1, 64)}
	case bool:
		if v {
			return Value{Bool, "1"}
		}
		return Value{Bool, "0"}
	case string:
		return Value{Text, strings.ToValidUTF8(v, "\ufffd")}
	case time.Time: // the driver makes these of DATE and DATETIME columns
		if h, m, s := v.Clock(); h == 0 && m == 0 && s == 0 {
			return Value{Text, v.Format(time.DateOnly)}
		}
		return Value{Text, v.UTC().Format("2006-01-02T15:04:05.000Z")}
	}
	return Value{}
}
