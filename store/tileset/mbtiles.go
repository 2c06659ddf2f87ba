package tileset

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"kuaitu/mapview"
)

const (
	sqlMetadata = `SELECT name, value FROM metadata`
	sqlTile     = `SELECT tile_data FROM tiles WHERE zoom_level = @z AND tile_column = @x AND tile_row = @y`
	sqlZooms    = `SELECT min(zoom_level), max(zoom_level) FROM tiles`
	sqlAnyTile  = `SELECT tile_data FROM tiles WHERE length(tile_data) > 0 LIMIT 1`
)

// mbtiles is an MBTiles 1.3 file (github.com/mapbox/mbtiles-spec).
type mbtiles struct {
	db   *sql.DB
	tile *sql.Stmt
	none *sql.Stmt // asks what the source did not have; nil: the file does not say
	xyz  bool      // rows are counted from the north, against the specification
}

// loadMBTiles reads the metadata and looks at one tile.
func loadMBTiles(ctx context.Context, db *sql.DB, file string) (tiles, Info, error) {
	var first []byte
	switch err := db.QueryRowContext(ctx, sqlAnyTile).Scan(&first); {
	case errors.Is(err, sql.ErrNoRows):
		return nil, Info{}, fmt.Errorf("%w: it holds no tile", ErrNotTiles)
	case err != nil:
		return nil, Info{}, fmt.Errorf("%w: %w", ErrNotTiles, err)
	}
	rows := readMetadata(ctx, db, file)
	info, err := describe(rows, Sniff(first))
	if err != nil {
		return nil, Info{}, err
	}
	var lo, hi sql.NullInt64
	if err := db.QueryRowContext(ctx, sqlZooms).Scan(&lo, &hi); err != nil {
		return nil, Info{}, fmt.Errorf("read zoom levels: %w", err)
	}
	info.MinZoom = zoomOr(rows["minzoom"], lo.Int64)
	info.MaxZoom = zoomOr(rows["maxzoom"], hi.Int64)
	// Files cut by hand say more than they hold; the tiles decide.
	info.MinZoom = max(info.MinZoom, clampZoom(lo.Int64))
	info.MaxZoom = max(info.MinZoom, min(info.MaxZoom, clampZoom(hi.Int64)))
	m := &mbtiles{db: db, xyz: strings.EqualFold(rows["scheme"], "xyz")}
	if m.tile, err = db.PrepareContext(ctx, sqlTile); err != nil {
		return nil, Info{}, fmt.Errorf("%w: %w", ErrNotTiles, err)
	}
	if says, err := hasTable(ctx, db, absentTable); err == nil && says {
		if m.none, err = db.PrepareContext(ctx, sqlAbsent); err != nil {
			return nil, Info{}, errors.Join(fmt.Errorf("%w: %w", ErrNotTiles, err), m.tile.Close())
		}
	}
	return m, info, nil
}

// describe makes an Info of rows as MBTiles has them; zooms are left to the caller. sniffed is the format of a tile, or "".
func describe(rows map[string]string, sniffed string) (Info, error) {
	format := strings.ToLower(rows["format"])
	if sniffed != "" {
		format = sniffed // what is there counts more than what is said
	}
	switch format {
	case "jpeg":
		format = "jpg"
	case "mvt", "application/x-protobuf", "application/vnd.mapbox-vector-tile":
		format = "pbf"
	case "png", "jpg", "webp", "pbf":
	default:
		return Info{}, fmt.Errorf("%w: tiles of format %q", ErrUnsupported, format)
	}
	return Info{
		Name: rows["name"], Attribution: PlainText(rows["attribution"]), Approval: PlainText(rows["approval"]), Format: format,
		Bound: parseBound(rows["bounds"]), Datum: datumOr(rows["datum"]), Layers: vectorLayers(rows["json"]),
	}, nil
}

// vectorLayers reads the names of layers from the "json" row.
func vectorLayers(doc string) []string {
	var d struct {
		Layers []struct {
			ID string `json:"id"`
		} `json:"vector_layers"`
	}
	if json.Unmarshal([]byte(doc), &d) != nil {
		return nil // the names are for people; drawing does not need them
	}
	var out []string
	for _, l := range d.Layers {
		out = append(out, l.ID)
	}
	return out
}

// readMetadata answers the rows of the metadata table; a file without one has none.
func readMetadata(ctx context.Context, db *sql.DB, file string) map[string]string {
	out := map[string]string{}
	rows, err := db.QueryContext(ctx, sqlMetadata)
	if err != nil {
		slog.Warn("tile set without readable metadata", "file", file, "err", err)
		return out
	}
	defer rows.Close()
	for rows.Next() && len(out) < 256 {
		var name, value sql.NullString
		if err := rows.Scan(&name, &value); err != nil {
			break
		}
		out[strings.ToLower(name.String)] = value.String
	}
	if err := rows.Err(); err != nil {
		slog.Warn("tile set with broken metadata", "file", file, "err", err)
	}
	return out
}

// formatLayers is what vectorLayers reads.
func formatLayers(names []string) string {
	type layer struct {
		ID     string            `json:"id"`
		Fields map[string]string `json:"fields"`
	}
	var d struct {
		Layers []layer `json:"vector_layers"`
	}
	d.Layers = []layer{}
	for _, n := range names {
		d.Layers = append(d.Layers, layer{n, map[string]string{}})
	}
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // strings always encode
	}
	return string(b)
}

func (m *mbtiles) read(ctx context.Context, z, x, y int) ([]byte, error) {
	row := y
	if !m.xyz {
		row = 1<<z - 1 - y // MBTiles counts rows from the south
	}
	var data []byte
	err := m.tile.QueryRowContext(ctx, sql.Named("z", z), sql.Named("x", x), sql.Named("y", row)).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, mapview.ErrNoTile
	}
	return data, err
}

// absent says whether the file notes that its source has no such tile.
func (m *mbtiles) absent(ctx context.Context, z, x, y int) (bool, error) {
	if m.none == nil {
		return false, nil
	}
	var n int
	err := m.none.QueryRowContext(ctx, tileArgs(z, x, y)...).Scan(&n)
	return n > 0, err
}

func (m *mbtiles) Close() error {
	var err error
	if m.none != nil {
		err = m.none.Close()
	}
	return errors.Join(err, m.tile.Close(), m.db.Close())
}
