package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// The fixed machinery. Region and shard IDs are 16-byte blobs; class, kind and flags are the numbers of package block
// and schema; sums are 32 bytes.
const ddl = `
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shard_head (shard BLOB PRIMARY KEY, seq INTEGER NOT NULL, sum BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shard_chain (shard BLOB, seq INTEGER, sum BLOB NOT NULL, PRIMARY KEY (shard, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stream_head (
	shard BLOB, region BLOB, class INTEGER, seq INTEGER NOT NULL, floor INTEGER NOT NULL, PRIMARY KEY (shard, region, class)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log (
	shard BLOB, region BLOB, class INTEGER, seq INTEGER, kind INTEGER, id BLOB, flags INTEGER NOT NULL, part BLOB NOT NULL,
	PRIMARY KEY (shard, region, class, seq, kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS placement (
	shard BLOB, region BLOB, kind INTEGER, id BLOB, by_kind INTEGER, by_id BLOB,
	PRIMARY KEY (shard, region, kind, id, by_kind, by_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS placement_target ON placement (kind, id);
CREATE TABLE IF NOT EXISTS tally (
	region BLOB, class INTEGER, kind INTEGER, "foreign" INTEGER, count INTEGER NOT NULL, sum BLOB NOT NULL,
	PRIMARY KEY (region, class, kind, "foreign")) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (shard BLOB, name TEXT, value INTEGER NOT NULL, PRIMARY KEY (shard, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS device (
	id BLOB PRIMARY KEY, region BLOB NOT NULL, post TEXT NOT NULL, name TEXT NOT NULL, token BLOB NOT NULL UNIQUE, counter INTEGER NOT NULL,
	enrolled INTEGER NOT NULL, revoked INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS enrolment_code (
	hash BLOB PRIMARY KEY, region BLOB NOT NULL, post TEXT NOT NULL, name TEXT NOT NULL, expires INTEGER NOT NULL, device BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS receipt (
	device BLOB, counter INTEGER, op BLOB NOT NULL, fate INTEGER NOT NULL, reason TEXT NOT NULL, seq INTEGER NOT NULL,
	PRIMARY KEY (device, counter)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS receipt_op ON receipt (op);
`

// kept are the columns of every kind's table before its fields, in the order that table binds and scans them. A field may
// be called device or since, but not _device.
const kept = "id, shard, region, ver, deleted, fvers, _device, _since, geom"

// table is one kind's table with its statements, made once at open.
type table struct {
	plan   *schema.Plan
	name   string
	target bool   // some kind's placements make records of this kind visible elsewhere
	put    string // insert or replace one row
	add    string // insert one row that is not there
	cols   string // every column, each with the alias t
	fresh  []byte // fvers of a row at version 1
}

func newTable(set *schema.Set, plan *schema.Plan) *table {
	t := &table{plan: plan, name: "k_" + string(plan.Kind.Name)}
	cols := strings.Split(kept, ", ")
	for _, f := range plan.Kind.Fields {
		cols = append(cols, quote(f.Name))
	}
	var updates []string
	for _, c := range cols[1:] {
		updates = append(updates, c+" = excluded."+c)
	}
	t.add = fmt.Sprintf("INSERT INTO %s (%s) VALUES (?%s)", t.name, strings.Join(cols, ", "), strings.Repeat(", ?", len(cols)-1))
	t.put = t.add + " ON CONFLICT (id) DO UPDATE SET " + strings.Join(updates, ", ")
	t.cols = "t." + strings.Join(cols, ", t.")
	t.fresh = freshVers(plan)
	for _, p := range set.Plans() {
		if at := p.Index(p.Kind.Places); p.Kind.Places != "" && p.Kind.Fields[at].Ref == plan.Kind.Name {
			t.target = true
		}
	}
	return t
}

// quote makes a declared field's name a column name; schema allows only lower-case letters, digits and underscores,
// but some of those are words of SQL.
func quote(name string) string { return `"` + name + `"` }

func columnType(t block.Type) string {
	switch t {
	case block.Text:
		return "TEXT"
	case block.Float:
		return "REAL"
	case block.Bytes, block.Ref:
		return "BLOB"
	}
	return "INTEGER"
}

// create makes the table when it is missing and adds the columns it lacks.
func (t *table) create(ctx context.Context, db *sql.Conn) error {
	stmt := fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %s (
		id BLOB NOT NULL UNIQUE, shard BLOB NOT NULL, region BLOB NOT NULL, ver INTEGER NOT NULL, deleted INTEGER NOT NULL, fvers BLOB NOT NULL,
		_device BLOB NOT NULL, _since INTEGER NOT NULL, geom BLOB);
		CREATE INDEX IF NOT EXISTS %s_home ON %s (shard, region, id);`, t.name, t.name, t.name)
	if _, err := db.ExecContext(ctx, stmt); err != nil {
		return fmt.Errorf("create table of %s: %w", t.plan.Kind.Name, err)
	}
	have := map[string]bool{}
	rows, err := db.QueryContext(ctx, "SELECT name FROM pragma_table_info(?)", t.name)
	if err != nil {
		return fmt.Errorf("read columns of %s: %w", t.plan.Kind.Name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return fmt.Errorf("read columns of %s: %w", t.plan.Kind.Name, err)
		}
		have[name] = true
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read columns of %s: %w", t.plan.Kind.Name, err)
	}
	for _, f := range t.plan.Kind.Fields {
		if have[f.Name] {
			continue
		}
		if _, err := db.ExecContext(ctx, fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", t.name, quote(f.Name), columnType(f.Type))); err != nil {
			return fmt.Errorf("add column %s.%s: %w", t.plan.Kind.Name, f.Name, err)
		}
	}
	return nil
}
