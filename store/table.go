package store

import (
	"database/sql/driver"
	"fmt"
	"strings"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// A table has, before the declared fields: fid, geom (feature tables), id, region (NULL: outside), shard (the region of
// the home stream of the Public and Work parts; NULL where there are none), ver and parts. parts holds three groups of
// bits: 0-3 the classes that are here, 4-7 those that are here through the record's home stream, 8 whether kt_placement
// lists further streams that hold it.
const (
	homeShift = 4
	placedBit = 1 << 8
)

// table is one kind's table with its statements, compiled at open.
type table struct {
	plan   *schema.Plan
	name   string // bare, equal to the kind
	no     int64
	geom   bool
	fields int

	columns string // select list of readRow

	selectID, selectFid, selectAll string
	selectIDs, selectFids          string // manyRowsRead at once
	insertSQL, updateSQL           string
	updateGeomSQL, deleteSQL       string
	fillSQL                        string // inserts insertRows rows
}

// quote quotes an identifier. Names come from the declarations, which allow nothing that needs escaping.
func quote(name string) string { return `"` + name + `"` }

// selectExpr is the expression that reads a field. The plus sign takes the declared type away: the driver would turn
// DATE and DATETIME columns into its own idea of a time.
func selectExpr(f schema.Field) string {
	if f.Type == block.Time || f.Type == block.Date {
		return "+" + quote(f.Name)
	}
	return quote(f.Name)
}

func newTable(p *schema.Plan) *table {
	t := &table{
		plan: p, name: string(p.Kind.Name), no: int64(p.Kind.No), geom: p.Kind.Geometry != schema.NoGeometry,
		fields: len(p.Kind.Fields),
	}
	read := []string{"fid", "id", "region", "shard", "ver", "parts"}
	write := []string{"id", "region", "shard", "ver", "parts"}
	for _, f := range p.Kind.Fields {
		read = append(read, selectExpr(f))
		write = append(write, quote(f.Name))
	}
	if t.geom {
		read = append(read, "geom")
	}
	t.columns = strings.Join(read, ", ")
	set := strings.Join(write, " = ?, ") + " = ?"
	name := quote(t.name)
	t.selectID = "SELECT " + t.columns + " FROM " + name + " WHERE id = ?"
	t.selectFid = "SELECT " + t.columns + " FROM " + name + " WHERE fid = ?"
	some := "(?" + strings.Repeat(", ?", manyRowsRead-1) + ")"
	t.selectIDs = "SELECT " + t.columns + " FROM " + name + " WHERE id IN " + some
	t.selectFids = "SELECT " + t.columns + " FROM " + name + " WHERE fid IN " + some
	t.selectAll = "SELECT " + t.columns + " FROM " + name
	t.updateSQL = "UPDATE " + name + " SET " + set + " WHERE fid = ?"
	t.updateGeomSQL = "UPDATE " + name + " SET " + set + ", geom = ? WHERE fid = ?"
	t.deleteSQL = "DELETE FROM " + name + " WHERE fid = ?"
	if t.geom {
		write = append(write, "geom")
	}
	write = append(write, "fid")
	t.insertSQL = "INSERT INTO " + name + " (" + strings.Join(write, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(write)-1) + ")"
	t.fillSQL = manyRows(t.insertSQL, len(write), insertRows)
	return t
}

// row is a record as a table holds it.
type row struct {
	fid    int64
	shard  block.ID
	home   block.ClassSet
	placed bool
	rec    block.Record
	blob   []byte // the geometry with its header, as stored
}

// parts packs the bits of the parts column.
func (r *row) parts() int64 {
	n := int64(r.rec.Parts) | int64(r.home)<<homeShift
	if r.placed {
		n |= placedBit
	}
	return n
}

func (r *row) setParts(n int64) {
	r.rec.Parts, r.home, r.placed = block.ClassSet(n&0xf), block.ClassSet(n>>homeShift&0xf), n&placedBit != 0
}

// readRow makes a row of what a query for t.columns returned.
func (t *table) readRow(v []driver.Value) row {
	r := row{fid: asInt(v[0]), shard: asID(v[3])}
	r.rec = block.Record{
		Kind: t.plan.Kind.Name, ID: asID(v[1]), Region: asID(v[2]), Ver: block.Ver(asInt(v[4])),
		Values: make([]block.Value, t.fields),
	}
	r.setParts(asInt(v[5]))
	for i := range r.rec.Values {
		r.rec.Values[i] = fromDriver(t.plan.Kind.Fields[i].Type, v[6+i])
	}
	if t.geom {
		r.blob = asBytes(v[6+t.fields])
		r.rec.Geometry = blobBody(r.blob)
	}
	return r
}

// appendArgs appends the values of the columns that insertSQL and updateSQL begin with.
func (t *table) appendArgs(args []any, r *row) []any {
	args = append(args, append([]byte(nil), r.rec.ID[:]...), idArg(r.rec.Region), idArg(r.shard), int64(r.rec.Ver), r.parts())
	for _, v := range r.rec.Values {
		args = append(args, toDriver(v))
	}
	return args
}

// blobArg is the geometry column's argument.
func blobArg(w block.WKB) any {
	if w == nil {
		return nil
	}
	return appendBlob(make([]byte, 0, blobHeader+len(w)), w)
}

// createTable returns the definition of a kind's table without indexes and triggers.
func (t *table) createTable() string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (\n\tfid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL", quote(t.name))
	if t.geom {
		fmt.Fprintf(&b, ",\n\tgeom %s", t.geometryType())
	}
	b.WriteString(",\n\tid BLOB(16) NOT NULL CHECK (length(id) = 16),\n\tregion BLOB(16),\n\tshard BLOB(16)")
	b.WriteString(",\n\tver INTEGER NOT NULL DEFAULT 0,\n\tparts INTEGER NOT NULL DEFAULT 0")
	for _, f := range t.plan.Kind.Fields {
		fmt.Fprintf(&b, ",\n\t%s %s", quote(f.Name), columnType(f.Type))
	}
	b.WriteString("\n)")
	return b.String()
}

// geometryType is the GeoPackage name of the kind's geometry. Areas and lines may be single or multiple, for which the
// standard has only the common parent.
func (t *table) geometryType() string {
	if t.plan.Kind.Geometry == schema.Point {
		return "POINT"
	}
	return "GEOMETRY"
}

// index is one secondary index or trigger with its definition. Both are made after a bulk load, which sorts once instead of searching a million times.
type index struct{ name, create string }

// indexes lists a kind's indexes: the id, the region, every reference, and what the lists sort by.
func (t *table) indexes() []index {
	var out []index
	add := func(unique string, fields ...string) {
		name := "kt_" + t.name + "_" + strings.Join(fields, "_")
		quoted := make([]string, len(fields))
		for i, f := range fields {
			quoted[i] = quote(f)
		}
		out = append(out, index{name, fmt.Sprintf("CREATE %sINDEX IF NOT EXISTS %s ON %s (%s)", unique, quote(name), quote(t.name), strings.Join(quoted, ", "))})
	}
	add("UNIQUE ", "id")
	add("", "region")
	for _, f := range t.plan.Kind.Fields {
		switch {
		case f.Type != block.Ref:
		case f.Name == "building" && t.plan.Index("number") >= 0:
			add("", "building", "number") // rooms of a building, and "3栋1203" in the search
		default:
			add("", f.Name)
		}
	}
	if t.plan.Index("state") >= 0 && t.plan.Index("reported_at") >= 0 {
		add("", "state", "reported_at")
		add("", "reported_at")
	}
	return out
}

func (t *table) rtree() string { return quote("rtree_" + t.name + "_geom") }

// triggers returns the names and definitions of the R*Tree's triggers: those of GeoPackage 1.3 (update1 to update4).
// The 1.4 set fails in the validators that Debian 12 and its time have.
func (t *table) triggers() []index {
	if !t.geom {
		return nil
	}
	const some, none = "NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom)", "NEW.geom ISNULL OR ST_IsEmpty(NEW.geom)"
	put := "INSERT OR REPLACE INTO " + t.rtree() + " VALUES (NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom));"
	drop := "DELETE FROM " + t.rtree() + " WHERE id = OLD.fid;"
	var out []index
	for _, d := range [][4]string{
		{"insert", "AFTER INSERT", some, put},
		{"update1", "AFTER UPDATE OF geom", "OLD.fid = NEW.fid AND (" + some + ")", put},
		{"update2", "AFTER UPDATE OF geom", "OLD.fid = NEW.fid AND (" + none + ")", drop},
		{"update3", "AFTER UPDATE", "OLD.fid != NEW.fid AND (" + some + ")", drop + " " + put},
		{"update4", "AFTER UPDATE", "OLD.fid != NEW.fid AND (" + none + ")", "DELETE FROM " + t.rtree() + " WHERE id IN (OLD.fid, NEW.fid);"},
		{"delete", "AFTER DELETE", "OLD.geom NOTNULL", drop},
	} {
		name := "rtree_" + t.name + "_geom_" + d[0]
		out = append(out, index{name, fmt.Sprintf("CREATE TRIGGER IF NOT EXISTS %s %s ON %s WHEN (%s) BEGIN %s END", quote(name), d[1], quote(t.name), d[2], d[3])})
	}
	return out
}
