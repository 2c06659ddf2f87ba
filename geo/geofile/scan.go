package geofile

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"sync"

	"github.com/paulmach/orb"
	"golang.org/x/sync/errgroup"
	"modernc.org/sqlite"

	"kuaitu/geo"
)

// Package is a GeoPackage of others whose tables are read whole and fast: by several connections side by side, geometries as bytes. It is opened read-only and never
// changed. Its methods may be called from several goroutines.
type Package struct {
	src    *Source
	layers []PackageLayer
}

// PackageLayer is a feature table of a Package.
type PackageLayer struct {
	Name    string
	Columns []Column
	CRS     string
	// ToDegrees makes degrees of its coordinates; nil where they are degrees.
	ToDegrees func(orb.Point) orb.Point

	column string // of the geometry
	err    error  // why it cannot be read
}

// RawRow is one row. Geometry and Values are valid until fn returns.
type RawRow struct {
	No       int64  // SQLite's row id; counted from 1 in a view
	Geometry []byte // WKB; nil for a row without
	Values   []any  // of the columns asked for: nil, int64, float64, string or []byte
}

// OpenPackage reads what is in a GeoPackage.
func OpenPackage(ctx context.Context, path string) (*Package, error) {
	p := &Package{src: &Source{Path: path}}
	name, err := packageDSN(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, p.src.fileError(0, "cannot be opened: %v", err)
	}
	defer db.Close()
	t := &gpkgTable{src: p.src, db: db}
	layers, err := t.layers(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range layers {
		if l.column == "" {
			continue
		}
		out := PackageLayer{Name: l.table, column: l.column}
		if out.Columns, err = t.columnsOf(ctx, l); err != nil {
			return nil, err
		}
		t.crs = nil
		if out.err = t.chooseCRS(l, Options{}); out.err == nil && t.crs != nil {
			out.CRS, out.ToDegrees = t.crs.name, t.crs.degrees
		}
		p.layers = append(p.layers, out)
	}
	return p, nil
}

// columnsOf lists a table's columns but the geometry.
func (t *gpkgTable) columnsOf(ctx context.Context, l gpkgLayer) ([]Column, error) {
	rows, err := t.db.QueryContext(ctx, "SELECT name, type FROM pragma_table_info(?) ORDER BY cid", l.table)
	if err != nil {
		return nil, t.unreadable(ctx, err)
	}
	defer rows.Close()
	var out []Column
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return nil, t.unreadable(ctx, err)
		}
		if !strings.EqualFold(name, l.column) {
			out = append(out, Column{Name: name, Kind: kindOfSQL(kind)})
		}
	}
	if err := rows.Err(); err != nil {
		return nil, t.unreadable(ctx, err)
	}
	return out, nil
}

// Layers are the feature tables, in the file's order.
func (p *Package) Layers() []PackageLayer { return p.layers }

// Layer returns the feature table of a name.
func (p *Package) Layer(name string) (PackageLayer, bool) {
	for _, l := range p.layers {
		if l.Name == name {
			return l, true
		}
	}
	return PackageLayer{}, false
}

// Scan calls fn with every row of a layer. The table is read in so many parts at once, of about as many rows each, fn being called for one
// part from one goroutine in the order of its rows; a view is one part. A column that the table lacks is nil in every row. Rows whose geometry blob has a broken head come
// without geometry. The first error of fn, or the end of ctx, ends it.
func (p *Package) Scan(ctx context.Context, layer string, columns []string, parts int, fn func(part int, row *RawRow) error) error {
	l, ok := p.Layer(layer)
	if !ok {
		return p.src.fileError(0, "has no layer %q", layer)
	}
	if l.err != nil {
		return l.err
	}
	name, err := packageDSN(p.src.Path)
	if err != nil {
		return err
	}
	fields := make([]string, 0, len(columns)+1)
	fields = append(fields, quoteName(l.column))
	for _, want := range columns {
		field := "NULL"
		for _, c := range l.Columns {
			if c.Name == want {
				field = "+" + quoteName(c.Name) // as an expression it has no declared type by which the driver would make times of text
			}
		}
		fields = append(fields, field)
	}
	query := strings.Join(fields, ", ") + " FROM " + quoteName(l.Name)
	lo, hi, err := p.rowIDs(ctx, name, l.Name)
	if err != nil {
		return p.scanPart(ctx, name, "SELECT 0, "+query, nil, 0, len(columns), fn) // a view
	}
	if hi < lo {
		return nil
	}
	parts = int(max(1, min(int64(parts), (hi-lo)/1024)))
	g, ctx := errgroup.WithContext(ctx)
	for i := range parts {
		from, to := lo+int64(float64(hi-lo+1)/float64(parts)*float64(i)), lo+int64(float64(hi-lo+1)/float64(parts)*float64(i+1))-1
		if i == parts-1 {
			to = hi
		}
		args := []driver.NamedValue{{Ordinal: 1, Value: from}, {Ordinal: 2, Value: to}}
		g.Go(func() error {
			return p.scanPart(ctx, name, "SELECT rowid, "+query+" WHERE rowid BETWEEN ? AND ?", args, i, len(columns), fn)
		})
	}
	return g.Wait()
}

// packageDriver is talked to directly: through database/sql a row would cost twice as much.
var packageDriver = sync.OnceValue(func() *sqlite.Driver { return new(sqlite.Driver) })

// packageDSN is how a GeoPackage of others is opened: as a URI, since a plain name would drop mode=ro; a file left in WAL mode is still readable so.
func packageDSN(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	name := filepath.ToSlash(path)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // C:/…
	}
	return "file:" + (&url.URL{Path: name}).EscapedPath() + "?mode=ro&_pragma=query_only(1)&_pragma=busy_timeout(5000)&_pragma=trusted_schema(0)", nil
}

// rowIDs are the least and the largest row id of a table, hi < lo when it is empty; an error for what has none.
func (p *Package) rowIDs(ctx context.Context, name, table string) (lo, hi int64, err error) {
	// Two questions: only alone is each answered from the ends of the table.
	lo, hi = 0, -1
	err = p.query(ctx, name, "SELECT (SELECT min(rowid) FROM "+quoteName(table)+"), (SELECT max(rowid) FROM "+quoteName(table)+")", nil, 2, func(v []driver.Value) error {
		a, okA := v[0].(int64)
		b, okB := v[1].(int64)
		if okA && okB {
			lo, hi = a, b
		}
		return nil
	})
	return lo, hi, err
}

func (p *Package) scanPart(ctx context.Context, name, query string, args []driver.NamedValue, part, columns int, fn func(int, *RawRow) error) error {
	row := RawRow{Values: make([]any, columns)}
	err := p.query(ctx, name, query, args, 2+columns, func(v []driver.Value) error {
		no, _ := v[0].(int64)
		if args == nil {
			no = row.No + 1
		}
		row.No, row.Geometry = no, nil
		if blob, ok := v[1].([]byte); ok {
			row.Geometry, _ = geo.GPKGBody(blob)
		}
		for i := range row.Values {
			row.Values[i] = v[2+i]
		}
		return fn(part, &row)
	})
	var own *sqlite.Error
	if errors.As(err, &own) {
		return p.src.fileError(0, "cannot be read: %v", err)
	}
	return err
}

func (p *Package) query(ctx context.Context, name, query string, args []driver.NamedValue, columns int, fn func([]driver.Value) error) error {
	c, err := packageDriver().Open(name)
	if err != nil {
		return p.src.fileError(0, "cannot be opened: %v", err)
	}
	defer c.Close()
	st, err := c.Prepare(query)
	if err != nil {
		return err
	}
	defer st.Close()
	long, ok := st.(driver.StmtQueryContext)
	if !ok {
		return fmt.Errorf("the SQLite driver takes no context")
	}
	rows, err := long.QueryContext(ctx, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	v := make([]driver.Value, columns)
	for n := 0; ; n++ {
		if n%1024 == 1023 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := rows.Next(v); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := fn(v); err != nil {
			return err
		}
	}
}
