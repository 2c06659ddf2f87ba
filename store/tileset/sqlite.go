package tileset

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	_ "modernc.org/sqlite"
)

const sqlHasTable = `SELECT count(*) FROM sqlite_master WHERE name = @name COLLATE NOCASE AND type IN ('table', 'view')`

// dsn is the address of a SQLite file with its parameters.
func dsn(path, query string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	name := filepath.ToSlash(abs)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // a Windows drive
	}
	uri := url.URL{Scheme: "file", Path: name, RawQuery: query}
	return uri.String(), nil
}

// openSQLite opens an MBTiles file or, when it has the tables of one, a GeoPackage.
func openSQLite(path, table string) (tiles, Info, error) {
	// immutable: no locks and no look at a journal, so that a set on read-only media opens too. A journal beside the file means that
	// somebody writes, or was killed while writing.
	query := "mode=ro&_pragma=query_only(1)&_pragma=mmap_size(268435456)&_pragma=busy_timeout(2000)"
	if !exists(path+"-wal") && !exists(path+"-journal") {
		query += "&immutable=1"
	}
	uri, err := dsn(path, query)
	if err != nil {
		return nil, Info{}, err
	}
	db, err := sql.Open("sqlite", uri)
	if err != nil {
		return nil, Info{}, err
	}
	db.SetMaxOpenConns(max(2, runtime.GOMAXPROCS(0)))
	ctx := context.Background()
	var t tiles
	var info Info
	isPackage, err := hasTable(ctx, db, "gpkg_contents")
	switch {
	case err != nil:
		err = fmt.Errorf("%w: %w", ErrNotTiles, err)
	case isPackage:
		t, info, err = loadGPKG(ctx, db, table)
	default:
		t, info, err = loadMBTiles(ctx, db, filepath.Base(path))
	}
	if err != nil {
		return nil, Info{}, errors.Join(err, db.Close())
	}
	return t, info, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func hasTable(ctx context.Context, db *sql.DB, name string) (bool, error) {
	var n int
	err := db.QueryRowContext(ctx, sqlHasTable, sql.Named("name", name)).Scan(&n)
	return n > 0, err
}
