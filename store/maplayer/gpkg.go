package maplayer

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"kuaitu/block"
	"kuaitu/geo/geofile"
	"kuaitu/mapview"
)

// GPKG is the layers of a GeoPackage of others.
type GPKG struct {
	Layers map[string]*mapview.Snapshot // by table
	tasks  sync.WaitGroup
}

// Wait waits until the cache file is written; a program that ends before has none the next time.
func (g *GPKG) Wait() { g.tasks.Wait() }

// RowID is the identity of a row of a GeoPackage of others, RowOf its inverse.
func RowID(row int64) (id mapview.ID) {
	binary.BigEndian.PutUint64(id[8:], uint64(row))
	return id
}

// RowOf is SQLite's row id of a feature of a GeoPackage of others.
func RowOf(id mapview.ID) int64 { return int64(binary.BigEndian.Uint64(id[8:])) }

// OpenGPKG reads feature tables of a GeoPackage of others, each with the named columns, in degrees: from a cache file in the user's cache folder if it is of the file's
// present state, else from the file, of which that cache file is made in the background. A nil tables means every feature table, without columns. Geometries
// that cannot be drawn are left out. A table that is not there is ErrNotFound, one that cannot be read ErrInvalid.
func OpenGPKG(ctx context.Context, path string, tables map[string][]string) (*GPKG, error) {
	out := &GPKG{}
	cache := elsewhere(path)
	before := cache.state()
	if before == "" {
		cache = nil
	}
	asked := before + questionOf(tables)
	if layers, err := cache.read(asked, 1); err == nil {
		out.Layers = layers
		return out, nil
	}
	p, err := geofile.OpenPackage(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, block.ErrInvalid)
	}
	if tables == nil {
		tables = map[string][]string{}
		for _, l := range p.Layers() {
			tables[l.Name] = nil
		}
	}
	names := slices.Sorted(maps.Keys(tables))
	read := make([]*mapview.Snapshot, len(names))
	for _, name := range names {
		if _, ok := p.Layer(name); !ok {
			return nil, fmt.Errorf("%s has no layer %q: %w", path, name, block.ErrNotFound)
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for i, name := range names {
		g.Go(func() error {
			s, err := readTable(ctx, p, name, tables[name])
			read[i] = s
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out.Layers = make(map[string]*mapview.Snapshot, len(names))
	for i, name := range names {
		out.Layers[name] = read[i]
	}
	out.tasks.Go(func() {
		if err := cache.write(before, asked, out.Layers); err != nil {
			slog.Debug("the map's cache file could not be written", "err", err)
		}
		cache.prune()
	})
	return out, nil
}

// questionOf tells apart what may be asked of one file.
func questionOf(tables map[string][]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		fmt.Fprintf(&b, " %q%q", name, tables[name])
	}
	return b.String()
}

func readTable(ctx context.Context, p *geofile.Package, name string, columns []string) (*mapview.Snapshot, error) {
	l, _ := p.Layer(name)
	builders := make([]*mapview.Builder, readers)
	for i := range builders {
		builders[i] = &mapview.Builder{}
		builders[i].Columns(columns...)
	}
	err := p.Scan(ctx, name, columns, readers, func(part int, row *geofile.RawRow) error {
		if row.Geometry != nil {
			_ = builders[part].AddRowWKB(RowID(row.No), row.Geometry, l.ToDegrees, row.Values) // what cannot be drawn is left out
		}
		return nil
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w: %w", err, block.ErrInvalid)
	}
	return mapview.BuildAll(1, builders...), nil
}

// ForgetGPKG removes the cache file of a GeoPackage of others.
func ForgetGPKG(path string) error {
	c := elsewhere(path)
	if c == nil {
		return nil
	}
	if err := os.Remove(c.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
