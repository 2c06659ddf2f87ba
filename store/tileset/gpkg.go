package tileset

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"kuaitu/mapview"
)

const (
	sqlTileTables = `
	SELECT c.table_name, coalesce(c.identifier, ''), upper(coalesce(s.organization, '')), coalesce(s.organization_coordsys_id, 0),
	       coalesce(m.min_x, 0), coalesce(m.min_y, 0), coalesce(m.max_x, 0), coalesce(m.max_y, 0)
	FROM   gpkg_contents c
	JOIN   gpkg_tile_matrix_set m ON m.table_name = c.table_name COLLATE NOCASE
	LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = m.srs_id
	WHERE  c.data_type IN ('tiles', 'vector-tiles')
	ORDER  BY c.table_name`
	sqlTileMatrices = `
	SELECT zoom_level, tile_width, tile_height, pixel_x_size, pixel_y_size
	FROM   gpkg_tile_matrix
	WHERE  table_name = @table COLLATE NOCASE
	ORDER  BY zoom_level LIMIT 64`
)

// gpkg is a table of tiles of a GeoPackage (OGC 12-128r19, clause 2.2). Its rows are counted from the north.
type gpkg struct {
	db     *sql.DB
	tile   *sql.Stmt
	levels map[int]gpkgLevel // by level of the standard pyramid
}

// gpkgLevel is where a tile matrix lies in the standard pyramid.
type gpkgLevel struct {
	zoom     int // as the table counts
	col, row int // of its tile 0,0
}

type gpkgTable struct {
	name, identifier, organization string
	crs                            int
	minX, minY, maxX, maxY         float64
}

// loadGPKG opens the named table of tiles, or with "" the first that has the standard pyramid.
func loadGPKG(ctx context.Context, db *sql.DB, name string) (tiles, Info, error) {
	tables, err := tileTables(ctx, db)
	if err != nil {
		return nil, Info{}, err
	}
	var refused error
	for _, t := range tables {
		if name != "" && !strings.EqualFold(name, t.name) {
			continue
		}
		g, info, err := loadTileTable(ctx, db, t)
		if err == nil {
			return g, info, nil
		}
		refused = errors.Join(refused, fmt.Errorf("table %s: %w", t.name, err))
	}
	switch {
	case refused != nil:
		return nil, Info{}, refused
	case name != "":
		return nil, Info{}, fmt.Errorf("%w: the GeoPackage has no table of tiles named %q", ErrNotTiles, name)
	}
	return nil, Info{}, fmt.Errorf("%w: the GeoPackage has no table of tiles", ErrNotTiles)
}

func tileTables(ctx context.Context, db *sql.DB) ([]gpkgTable, error) {
	has, err := hasTable(ctx, db, "gpkg_tile_matrix_set")
	if err != nil || !has {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, sqlTileTables)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotTiles, err)
	}
	defer rows.Close()
	var out []gpkgTable
	for rows.Next() {
		var t gpkgTable
		if err := rows.Scan(&t.name, &t.identifier, &t.organization, &t.crs, &t.minX, &t.minY, &t.maxX, &t.maxY); err != nil {
			return nil, fmt.Errorf("%w: gpkg_tile_matrix_set: %w", ErrNotTiles, err)
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

func loadTileTable(ctx context.Context, db *sql.DB, t gpkgTable) (tiles, Info, error) {
	// 900913 is what the time before 3857 called it.
	if t.crs != 3857 && t.crs != 900913 {
		return nil, Info{}, fmt.Errorf("%w: tiles in %s:%d, only EPSG:3857 is read", ErrUnsupported, cmp.Or(t.organization, "srs"), t.crs)
	}
	levels, err := readMatrices(ctx, db, t)
	if err != nil {
		return nil, Info{}, err
	}
	quoted := `"` + strings.ReplaceAll(t.name, `"`, `""`) + `"`
	var first []byte
	var lo, hi sql.NullInt64
	err = db.QueryRowContext(ctx, `SELECT tile_data FROM `+quoted+` WHERE length(tile_data) > 0 LIMIT 1`).Scan(&first)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, Info{}, fmt.Errorf("%w: it holds no tile", ErrNotTiles)
	}
	if err == nil {
		err = db.QueryRowContext(ctx, `SELECT min(zoom_level), max(zoom_level) FROM `+quoted).Scan(&lo, &hi)
	}
	if err != nil {
		return nil, Info{}, fmt.Errorf("%w: %w", ErrNotTiles, err)
	}
	info, err := describe(map[string]string{}, Sniff(first))
	if err != nil {
		return nil, Info{}, err
	}
	info.Name, info.Table = cmp.Or(t.identifier, t.name), t.name
	info.MinZoom = mapview.MaxZoom + 1
	g := &gpkg{db: db, levels: map[int]gpkgLevel{}}
	for z, l := range levels {
		if int64(l.zoom) >= lo.Int64 && int64(l.zoom) <= hi.Int64 { // matrices may be declared that have no tile
			g.levels[z] = l
			info.MinZoom, info.MaxZoom = min(info.MinZoom, z), max(info.MaxZoom, z)
		}
	}
	if len(g.levels) == 0 {
		return nil, Info{}, fmt.Errorf("%w: no tile lies in a declared tile matrix", ErrNotTiles)
	}
	sw, ne := lonLat(t.minX, t.minY), lonLat(t.maxX, t.maxY)
	info.Bound = boundOr(max(sw[0], -180), sw[1], min(ne[0], 180), ne[1])
	g.tile, err = db.PrepareContext(ctx, `SELECT tile_data FROM `+quoted+` WHERE zoom_level = @z AND tile_column = @x AND tile_row = @y`)
	if err != nil {
		return nil, Info{}, fmt.Errorf("%w: %w", ErrNotTiles, err)
	}
	return g, info, nil
}

// readMatrices finds each tile matrix in the standard pyramid; one that is not there refuses the table.
func readMatrices(ctx context.Context, db *sql.DB, t gpkgTable) (map[int]gpkgLevel, error) {
	rows, err := db.QueryContext(ctx, sqlTileMatrices, sql.Named("table", t.name))
	if err != nil {
		return nil, fmt.Errorf("%w: gpkg_tile_matrix: %w", ErrNotTiles, err)
	}
	defer rows.Close()
	levels := map[int]gpkgLevel{}
	for rows.Next() {
		var zoom, w, h int
		var px, py float64
		if err := rows.Scan(&zoom, &w, &h, &px, &py); err != nil {
			return nil, fmt.Errorf("%w: gpkg_tile_matrix: %w", ErrNotTiles, err)
		}
		span := px * float64(w) / WorldM
		z, col, row, ok := Align((t.minX+WorldM/2)/WorldM, (WorldM/2-t.maxY)/WorldM, span)
		if !ok || w != h || !(py > 0.999*px && py < 1.001*px) {
			return nil, fmt.Errorf("%w: its tile matrix %d is not one of the standard Web Mercator pyramid", ErrUnsupported, zoom)
		}
		levels[z] = gpkgLevel{zoom, col, row}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(levels) == 0 {
		return nil, fmt.Errorf("%w: it has no tile matrix", ErrNotTiles)
	}
	return levels, nil
}

func (g *gpkg) read(ctx context.Context, z, x, y int) ([]byte, error) {
	l, ok := g.levels[z]
	if !ok || x < l.col || y < l.row {
		return nil, mapview.ErrNoTile
	}
	var data []byte
	err := g.tile.QueryRowContext(ctx, sql.Named("z", l.zoom), sql.Named("x", x-l.col), sql.Named("y", y-l.row)).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, mapview.ErrNoTile
	}
	return data, err
}

func (g *gpkg) Close() error { return errors.Join(g.tile.Close(), g.db.Close()) }
