package store

import (
	"encoding/json"
	"fmt"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// applicationID is 'GPKG', gpkgVersion 1.3 (OGC 12-128r17 §1.1.1.1.1). Both header fields belong to the standard; the
// number of our own machinery is in kt_migration.
const (
	applicationID = 0x47504B47
	gpkgVersion   = 10300
)

// sqlGeoPackage are the tables of the standard (annex C) and QGIS' layer_styles.
const sqlGeoPackage = `
CREATE TABLE gpkg_spatial_ref_sys (
	srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
	organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
	table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
	last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
	min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
	CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
	table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
	z TINYINT NOT NULL, m TINYINT NOT NULL,
	CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
	CONSTRAINT uk_gc_table_name UNIQUE (table_name),
	CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
	CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (
	table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
	CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
CREATE TABLE layer_styles (
	id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT, f_table_schema TEXT, f_table_name TEXT, f_geometry_column TEXT,
	styleName TEXT, styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT, ui TEXT,
	update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')));
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('layer_styles', 'attributes', 'layer_styles');
INSERT INTO gpkg_spatial_ref_sys VALUES
	('Undefined cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined cartesian coordinate reference system'),
	('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),
	('WGS 84 geodetic', 4326, 'EPSG', 4326, 'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]', 'longitude/latitude coordinates in decimal degrees on the WGS 84 spheroid'),
	('China Geodetic Coordinate System 2000', 4490, 'EPSG', 4490, 'GEOGCS["China Geodetic Coordinate System 2000",DATUM["China_2000",SPHEROID["CGCS2000",6378137,298.257222101,AUTHORITY["EPSG","1024"]],AUTHORITY["EPSG","1043"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4490"]]', 'CGCS2000 longitude/latitude, the datum of this store');`

// migrations are the fixed machinery, forward only, each in the transaction that counts it. One that is merged is never
// edited. The kinds' tables do not belong here: they follow the declarations.
var migrations = []string{`
CREATE TABLE kt_meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE kt_schema (kind TEXT NOT NULL PRIMARY KEY, no INTEGER NOT NULL UNIQUE, declaration TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE kt_cursor (region BLOB NOT NULL, class INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (region, class)) WITHOUT ROWID;
CREATE TABLE kt_witness (shard BLOB NOT NULL PRIMARY KEY, seq INTEGER NOT NULL, sum BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE kt_tally (region BLOB NOT NULL, class INTEGER NOT NULL, kind INTEGER NOT NULL, foreign_part INTEGER NOT NULL,
	count INTEGER NOT NULL, sum BLOB NOT NULL, PRIMARY KEY (region, class, kind, foreign_part)) WITHOUT ROWID;
CREATE TABLE kt_placement (kind INTEGER NOT NULL, id BLOB NOT NULL, region BLOB NOT NULL, class INTEGER NOT NULL,
	PRIMARY KEY (kind, id, region, class)) WITHOUT ROWID;
CREATE INDEX kt_placement_stream ON kt_placement (region, class, kind);
CREATE TABLE kt_base (kind INTEGER NOT NULL, id BLOB NOT NULL, state BLOB, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE kt_outbox (counter INTEGER NOT NULL PRIMARY KEY, id BLOB NOT NULL UNIQUE, made INTEGER NOT NULL, author TEXT NOT NULL,
	body BLOB NOT NULL, fate INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '', shard BLOB, seq INTEGER NOT NULL DEFAULT 0);
CREATE INDEX kt_outbox_fate ON kt_outbox (fate);
CREATE TABLE kt_live (kind INTEGER NOT NULL, id BLOB NOT NULL, counter INTEGER NOT NULL, PRIMARY KEY (kind, id, counter)) WITHOUT ROWID;
CREATE INDEX kt_live_counter ON kt_live (counter);
CREATE TABLE kt_staging (key TEXT NOT NULL PRIMARY KEY, data BLOB NOT NULL);
CREATE VIRTUAL TABLE kt_search USING fts5(text, content='', contentless_delete=1, detail=none, tokenize='ascii');
CREATE VIRTUAL TABLE kt_pinyin USING fts5(text, content='', contentless_delete=1, detail=none, tokenize='ascii');
CREATE TABLE kt_code (code TEXT NOT NULL, doc INTEGER NOT NULL, PRIMARY KEY (code, doc)) WITHOUT ROWID;
INSERT INTO kt_search (kt_search, rank) VALUES ('hashsize', 16777216);
INSERT INTO kt_pinyin (kt_pinyin, rank) VALUES ('hashsize', 8388608);`,
}

// createFile writes the standard's tables into an empty file.
func (c *conn) createFile() error {
	return c.script(sqlGeoPackage)
}

// migrate brings the machinery tables up to date.
func (c *conn) migrate() error {
	if err := c.script(`CREATE TABLE IF NOT EXISTS kt_migration (no INTEGER NOT NULL PRIMARY KEY, at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))`); err != nil {
		return err
	}
	done, err := c.number("SELECT max(no) FROM kt_migration")
	if err != nil {
		return err
	}
	if int(done) > len(migrations) {
		return fmt.Errorf("the store was made by a newer version (step %d, this one knows %d): %w", done, len(migrations), block.ErrInvalid)
	}
	for i := int(done); i < len(migrations); i++ {
		if err := c.script(migrations[i]); err != nil {
			return fmt.Errorf("migration %d: %w", i+1, err)
		}
		if err := c.exec("INSERT INTO kt_migration (no) VALUES (?)", i+1); err != nil {
			return err
		}
	}
	return nil
}

// declaration is what kt_schema keeps of a kind: enough to tell how a file differs from today's declarations.
type declaration struct {
	Geometry  schema.Geometry
	GeomClass block.Class
	Fields    []declaredField
}

type declaredField struct {
	Name  string
	Type  block.Type
	Class block.Class
}

func declare(p *schema.Plan) declaration {
	d := declaration{Geometry: p.Kind.Geometry, GeomClass: p.Kind.GeomClass}
	for _, f := range p.Kind.Fields {
		d.Fields = append(d.Fields, declaredField{f.Name, f.Type, f.Class})
	}
	return d
}

// ensureKind makes a kind's table, or adds the columns that its declaration gained since the file was made. Anything but
// an addition at the end is refused: fields are never renamed, retyped or moved. grown says that columns were added.
func (c *conn) ensureKind(t *table) (grown bool, err error) {
	now := declare(t.plan)
	text, err := json.Marshal(now)
	if err != nil {
		return false, err
	}
	kept, err := c.one("SELECT declaration, no FROM kt_schema WHERE kind = ?", t.name)
	if err != nil {
		return false, err
	}
	if kept == nil {
		if err := c.createKind(t); err != nil {
			return false, fmt.Errorf("make table %s: %w", t.name, err)
		}
		return false, c.exec("INSERT INTO kt_schema (kind, no, declaration) VALUES (?, ?, ?)", t.name, t.no, string(text))
	}
	if asText(kept[0]) == string(text) && asInt(kept[1]) == t.no {
		return false, nil
	}
	var was declaration
	if err := json.Unmarshal([]byte(asText(kept[0])), &was); err != nil {
		return false, fmt.Errorf("declaration of %s in the file: %v: %w", t.name, err, block.ErrInvalid)
	}
	if was.Geometry != now.Geometry || was.GeomClass != now.GeomClass || asInt(kept[1]) != t.no || len(was.Fields) > len(now.Fields) {
		return false, fmt.Errorf("the file's %s is declared otherwise than this version knows it: %w", t.name, block.ErrInvalid)
	}
	for i, f := range was.Fields {
		if now.Fields[i] != f {
			return false, fmt.Errorf("the file's %s.%s is declared otherwise than this version knows it: %w", t.name, f.Name, block.ErrInvalid)
		}
	}
	for _, f := range now.Fields[len(was.Fields):] {
		if err := c.script(fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", quote(t.name), quote(f.Name), columnType(f.Type))); err != nil {
			return false, fmt.Errorf("add column %s.%s: %w", t.name, f.Name, err)
		}
	}
	for _, x := range t.indexes() {
		if err := c.script(x.create); err != nil {
			return false, err
		}
	}
	return true, c.exec("UPDATE kt_schema SET declaration = ? WHERE kind = ?", string(text), t.name)
}

// createKind makes a kind's table, its place in the GeoPackage, its indexes, R*Tree and triggers.
func (c *conn) createKind(t *table) error {
	if err := c.script(t.createTable()); err != nil {
		return err
	}
	dataType, srs := "attributes", any(nil)
	if t.geom {
		dataType, srs = "features", srsID
	}
	if err := c.exec("INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id) VALUES (?, ?, ?, ?, ?)",
		t.name, dataType, t.name, t.plan.Kind.ZH+" "+t.plan.Kind.EN, srs); err != nil {
		return err
	}
	if t.geom {
		if err := c.exec("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)", t.name, t.geometryType(), srsID); err != nil {
			return err
		}
		if err := c.exec("INSERT INTO gpkg_extensions VALUES (?, 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')", t.name); err != nil {
			return err
		}
		if err := c.script("CREATE VIRTUAL TABLE " + t.rtree() + " USING rtree(id, minx, maxx, miny, maxy)"); err != nil {
			return err
		}
		if qml, sld := layerStyle(t.plan); sld != "" {
			if err := c.exec(`INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner)
				VALUES ('', '', ?, 'geom', 'kuaitu', ?, ?, 1, '', '')`, t.name, qml, sld); err != nil {
				return err
			}
		}
	}
	return c.finishKind(t)
}

// finishKind makes what a bulk load takes away: indexes and triggers.
func (c *conn) finishKind(t *table) error {
	for _, x := range t.indexes() {
		if err := c.script(x.create); err != nil {
			return fmt.Errorf("index %s: %w", x.name, err)
		}
	}
	for _, x := range t.triggers() {
		if err := c.script(x.create); err != nil {
			return fmt.Errorf("trigger %s: %w", x.name, err)
		}
	}
	return nil
}

// openKind takes the triggers away for a bulk load, and the indexes when no row has to be looked up meanwhile.
func (c *conn) openKind(t *table, indexes bool) error {
	if indexes {
		for _, x := range t.indexes() {
			if err := c.script("DROP INDEX IF EXISTS " + quote(x.name)); err != nil {
				return err
			}
		}
	}
	for _, x := range t.triggers() {
		if err := c.script("DROP TRIGGER IF EXISTS " + quote(x.name)); err != nil {
			return err
		}
	}
	return nil
}
