package geofile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	_ "modernc.org/sqlite" // the driver

	"kuaitu/geo"
)

// gpkgSink writes a GeoPackage 1.3 (OGC 12-128r17) with one table, of features or of attributes: all rows in one transaction, the R*Tree filled directly
// beside them, its triggers last: twice as fast as letting them work, and the ST_ functions that they call are never needed.
type gpkgSink struct {
	ctx      context.Context
	db       *sql.DB
	tx       *sql.Tx
	table    string
	geometry string // type of the layer, in capitals; "" is a table of attributes
	srs      int
	columns  []Column
	insert   *sql.Stmt
	rtree    *sql.Stmt
	args     []any
	blob     []byte
	n        int64
	bound    orb.Bound
	located  bool // any geometry at all
	temp     string
}

const gpkgTables = `
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name), CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
INSERT INTO gpkg_spatial_ref_sys VALUES
 ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),
 ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),
 ('WGS 84 geodetic', 4326, 'EPSG', 4326, 'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]', 'longitude/latitude coordinates in decimal degrees on the WGS 84 spheroid'),
 ('China Geodetic Coordinate System 2000', 4490, 'EPSG', 4490, 'GEOGCS["China Geodetic Coordinate System 2000",DATUM["China_2000",SPHEROID["CGCS2000",6378137,298.257222101,AUTHORITY["EPSG","1024"]],AUTHORITY["EPSG","1043"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4490"]]', 'longitude/latitude coordinates in decimal degrees on the CGCS2000 spheroid');`

// gpkgTriggers keep the R*Tree current (§F.3 of the 1.3 text, update1 to update4). %[1]s is the table, %[2]s its index,
// both as quoted names; %[3]s the table's bare name inside the quotes.
const gpkgTriggers = `
CREATE TRIGGER "rtree_%[3]s_geom_insert" AFTER INSERT ON %[1]s WHEN (new."geom" NOT NULL AND NOT ST_IsEmpty(NEW."geom"))
 BEGIN INSERT OR REPLACE INTO %[2]s VALUES (NEW."fid", ST_MinX(NEW."geom"), ST_MaxX(NEW."geom"), ST_MinY(NEW."geom"), ST_MaxY(NEW."geom")); END;
CREATE TRIGGER "rtree_%[3]s_geom_update1" AFTER UPDATE OF "geom" ON %[1]s WHEN OLD."fid" = NEW."fid" AND (NEW."geom" NOTNULL AND NOT ST_IsEmpty(NEW."geom"))
 BEGIN INSERT OR REPLACE INTO %[2]s VALUES (NEW."fid", ST_MinX(NEW."geom"), ST_MaxX(NEW."geom"), ST_MinY(NEW."geom"), ST_MaxY(NEW."geom")); END;
CREATE TRIGGER "rtree_%[3]s_geom_update2" AFTER UPDATE OF "geom" ON %[1]s WHEN OLD."fid" = NEW."fid" AND (NEW."geom" ISNULL OR ST_IsEmpty(NEW."geom"))
 BEGIN DELETE FROM %[2]s WHERE id = OLD."fid"; END;
CREATE TRIGGER "rtree_%[3]s_geom_update3" AFTER UPDATE ON %[1]s WHEN OLD."fid" != NEW."fid" AND (NEW."geom" NOTNULL AND NOT ST_IsEmpty(NEW."geom"))
 BEGIN DELETE FROM %[2]s WHERE id = OLD."fid";
 INSERT OR REPLACE INTO %[2]s VALUES (NEW."fid", ST_MinX(NEW."geom"), ST_MaxX(NEW."geom"), ST_MinY(NEW."geom"), ST_MaxY(NEW."geom")); END;
CREATE TRIGGER "rtree_%[3]s_geom_update4" AFTER UPDATE ON %[1]s WHEN OLD."fid" != NEW."fid" AND (NEW."geom" ISNULL OR ST_IsEmpty(NEW."geom"))
 BEGIN DELETE FROM %[2]s WHERE id IN (OLD."fid", NEW."fid"); END;
CREATE TRIGGER "rtree_%[3]s_geom_delete" AFTER DELETE ON %[1]s WHEN old."geom" NOT NULL
 BEGIN DELETE FROM %[2]s WHERE id = OLD."fid"; END;`

// newGPKGSink begins a layer of the GeoPackage in the file temp, which is empty or has other layers; path is what it will be called.
func newGPKGSink(ctx context.Context, temp, path string, opts WriteOptions) (*gpkgSink, error) {
	s := &gpkgSink{ctx: ctx, table: opts.Layer, srs: opts.EPSG, columns: opts.Columns, temp: temp, geometry: strings.ToUpper(opts.Geometry)}
	switch s.geometry {
	case "":
		s.geometry = "GEOMETRY"
	case "NONE":
		s.geometry = ""
	case "GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON":
	default:
		return nil, fmt.Errorf("a layer cannot hold %q", opts.Geometry)
	}
	if s.table == "" {
		base := filepath.Base(path)
		s.table = strings.TrimSuffix(base, filepath.Ext(base))
	}
	if lower := strings.ToLower(s.table); strings.HasPrefix(lower, "gpkg_") || strings.HasPrefix(lower, "sqlite_") || strings.HasPrefix(lower, "rtree_") {
		return nil, fmt.Errorf("a table cannot be called %q", s.table)
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: temp}).EscapedPath()+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=locking_mode(EXCLUSIVE)")
	if err != nil {
		return nil, err
	}
	// The file is thrown away if anything goes wrong, and synced as a whole at the end: no journal is needed before.
	db.SetMaxOpenConns(1)
	s.db = db
	if err := s.begin(); err != nil {
		db.Close()
		return nil, err
	}
	return s, nil
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (s *gpkgSink) begin() error {
	var begun bool // by an earlier layer
	if err := s.db.QueryRowContext(s.ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'gpkg_contents')").Scan(&begun); err != nil {
		return err
	}
	if !begun {
		if _, err := s.db.ExecContext(s.ctx, "PRAGMA application_id=0x47504B47; PRAGMA user_version=10300;"+gpkgTables); err != nil {
			return err
		}
	}
	taken := map[string]bool{"fid": true, "geom": true}
	create := "CREATE TABLE " + quoteName(s.table) + " (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"
	var names, marks []string
	if s.geometry != "" {
		create += ", geom " + s.geometry
		names, marks = append(names, "geom"), append(marks, "?")
	}
	for _, c := range s.columns {
		name := quoteName(uniqueFold(c.Name, taken))
		create += ", " + name + " " + sqlType(c.Kind)
		names, marks = append(names, name), append(marks, "?")
	}
	var err error
	if s.tx, err = s.db.BeginTx(s.ctx, nil); err != nil {
		return err
	}
	if _, err := s.tx.ExecContext(s.ctx, create+")"); err != nil {
		return err
	}
	insert := "INSERT INTO " + quoteName(s.table) + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")"
	if len(names) == 0 {
		insert = "INSERT INTO " + quoteName(s.table) + " DEFAULT VALUES"
	}
	if s.insert, err = s.tx.PrepareContext(s.ctx, insert); err != nil || s.geometry == "" {
		return err
	}
	if _, err := s.tx.ExecContext(s.ctx, "CREATE VIRTUAL TABLE "+s.index()+" USING rtree(id, minx, maxx, miny, maxy)"); err != nil {
		return err
	}
	s.rtree, err = s.tx.PrepareContext(s.ctx, "INSERT INTO "+s.index()+" VALUES (?, ?, ?, ?, ?)")
	return err
}

func sqlType(k Kind) string {
	switch k {
	case Int:
		return "INTEGER"
	case Float:
		return "REAL"
	case Bool:
		return "BOOLEAN"
	}
	return "TEXT"
}

// uniqueFold is uniqueName for SQL, where case makes no difference.
func uniqueFold(name string, taken map[string]bool) string {
	if name == "" {
		name = "column"
	}
	unique := name
	for k := 2; taken[strings.ToLower(unique)]; k++ {
		unique = fmt.Sprintf("%s_%d", name, k)
	}
	taken[strings.ToLower(unique)] = true
	return unique
}

func (s *gpkgSink) index() string { return quoteName("rtree_" + s.table + "_geom") }

func (s *gpkgSink) write(f Feature) error {
	s.n++
	s.args = s.args[:0]
	var own orb.Bound
	located := false
	switch {
	case s.geometry == "":
	case f.Geometry == nil:
		s.args = append(s.args, nil)
	default:
		g, ok := promote(f.Geometry, s.geometry)
		if !ok {
			return fmt.Errorf("record %d is a %s, the layer holds %s", s.n, f.Geometry.GeoJSONType(), s.geometry)
		}
		s.blob = geo.AppendGPKG(s.blob[:0], g, int32(s.srs))
		s.args = append(s.args, s.blob)
		own, located = geo.Bounds(g)
	}
	for i, c := range s.columns {
		s.args = append(s.args, sqlValue(f.Value(i), c.Kind))
	}
	if _, err := s.insert.ExecContext(s.ctx, s.args...); err != nil {
		return err
	}
	if !located {
		return nil
	}
	if s.located {
		s.bound = s.bound.Union(own)
	} else {
		s.bound, s.located = own, true
	}
	_, err := s.rtree.ExecContext(s.ctx, s.n, own.Min[0], own.Max[0], own.Min[1], own.Max[1])
	return err
}

// promote returns g as the type of the layer: itself, or the multi geometry of one part.
func promote(g orb.Geometry, layer string) (orb.Geometry, bool) {
	switch part := g.(type) {
	case orb.Ring:
		return promote(orb.Polygon{part}, layer)
	case orb.Bound:
		return promote(part.ToPolygon(), layer)
	case orb.Point:
		if layer == "MULTIPOINT" {
			return orb.MultiPoint{part}, true
		}
	case orb.LineString:
		if layer == "MULTILINESTRING" {
			return orb.MultiLineString{part}, true
		}
	case orb.Polygon:
		if layer == "MULTIPOLYGON" {
			return orb.MultiPolygon{part}, true
		}
	}
	return g, layer == "GEOMETRY" || strings.EqualFold(g.GeoJSONType(), layer)
}

// sqlValue returns a value in the type of its column, and as text where it does not fit: SQLite keeps it so.
func sqlValue(v Value, column Kind) any {
	if v.IsNull() {
		return nil
	}
	switch column {
	case Int:
		if i, err := strconv.ParseInt(v.Text, 10, 64); err == nil {
			return i
		}
	case Float:
		if f, ok := v.Float(); ok {
			return f
		}
	case Bool:
		switch v.Text {
		case "true", "1":
			return int64(1)
		case "false", "0":
			return int64(0)
		}
	}
	return v.Text
}

func (s *gpkgSink) finish() error {
	err := s.complete()
	if e := s.db.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return syncFile(s.temp)
}

func (s *gpkgSink) complete() error {
	defer s.tx.Rollback() // after Commit it does nothing
	var minX, minY, maxX, maxY any
	if s.located {
		minX, minY, maxX, maxY = s.bound.Min[0], s.bound.Min[1], s.bound.Max[0], s.bound.Max[1]
	}
	bare := strings.ReplaceAll(s.table, `"`, `""`)
	err := s.insert.Close()
	if s.rtree != nil {
		err = errors.Join(err, s.rtree.Close())
	}
	if err != nil {
		return err
	}
	type statement struct {
		sql  string
		args []any
	}
	statements := []statement{
		{`INSERT INTO gpkg_contents (table_name, data_type, identifier, min_x, min_y, max_x, max_y, srs_id) VALUES (?, 'features', ?, ?, ?, ?, ?, ?)`,
			[]any{s.table, s.table, minX, minY, maxX, maxY, s.srs}},
		{`INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)`, []any{s.table, s.geometry, s.srs}},
		{`INSERT INTO gpkg_extensions VALUES (?, 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')`, []any{s.table}},
		{fmt.Sprintf(gpkgTriggers, quoteName(s.table), s.index(), bare), nil},
	}
	if s.geometry == "" {
		statements = []statement{{`INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES (?, 'attributes', ?)`, []any{s.table, s.table}}}
	}
	for _, q := range statements {
		if _, err := s.tx.ExecContext(s.ctx, q.sql, q.args...); err != nil {
			return err
		}
	}
	if err := s.tx.Commit(); err != nil {
		return err
	}
	_, err = s.db.ExecContext(s.ctx, "PRAGMA journal_mode=DELETE")
	return err
}

func (s *gpkgSink) discard() {
	s.tx.Rollback()
	s.db.Close()
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
