package console

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kuaitu/block"
	"kuaitu/block/citypack"
	"kuaitu/block/schema"
	"kuaitu/store"
	"kuaitu/sync/ingest"
	"kuaitu/sync/wire"
)

// Seed is what the made-up people, rooms and events of a pack are made from, so that two machines agree.
const Seed = 20181

// BuildCity prepares a pack's records. PACK "demo" is the bundled Demo City, which is first written out as an ordinary
// pack into demoDir; anything else is a folder with a pack.json or a CSV of divisions.
func BuildCity(ctx context.Context, pack, demoDir string, withData bool, say func(string, ...any)) (*ingest.City, error) {
	if pack == DemoPack {
		if err := writeDemo(demoDir); err != nil {
			return nil, err
		}
		pack = demoDir
	}
	if err := CheckPack(pack); err != nil {
		return nil, err
	}
	return ingest.BuildCity(ctx, pack, ingest.CityOptions{Set: schema.Builtin(), WithData: withData, Seed: Seed, Now: time.Now(), Say: say})
}

// DemoPack is the name of the bundled pack.
const DemoPack = "demo"

// InitStore makes a standalone store from a pack and returns what init prints. After a failure no file is left.
func InitStore(ctx context.Context, path, pack string, withData bool, say func(string, ...any)) (out any, err error) {
	if _, err := os.Stat(path); err == nil {
		return nil, fmt.Errorf("%s is there already: %w", path, block.ErrConflict)
	}
	if err := checkFolder(path); err != nil {
		return nil, err
	}
	demoDir := ""
	if pack == DemoPack {
		if demoDir, err = os.MkdirTemp("", "kuaitu-demo-"); err != nil {
			return nil, fmt.Errorf("make room for the demo pack: %w", err)
		}
		defer os.RemoveAll(demoDir)
	}
	start := time.Now()
	city, err := BuildCity(ctx, pack, demoDir, withData, say)
	if err != nil {
		return nil, err
	}
	records, err := writeCity(ctx, path, MetaFromPack(city.Pack, pack == DemoPack), city)
	if err != nil {
		return nil, err
	}
	say("%d records written in %.1f s", records, time.Since(start).Seconds())
	reports := city.Reports
	if reports == nil || !withData {
		reports = []ingest.Report{}
	}
	return map[string]any{"regions": city.Levels(), "records": records, "imports": reports, "missing_polygons": len(city.Pack.Missing), "made": city.Pack.Made, "warnings": city.Warnings}, nil
}

// fullBelow is how many free bytes make a disk a full one.
const fullBelow = 1 << 20

// writeCity writes a city's records into a new store beside its place and gives it its name when it is whole, so that an
// init that was killed begins again.
func writeCity(ctx context.Context, path string, meta store.Meta, city *ingest.City) (records int, err error) {
	part := path + ".part"
	clear := func() error {
		var errs []error
		for _, side := range []string{"", "-wal", "-shm", "-lock"} {
			if err := os.Remove(part + side); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
		return errors.Join(errs...)
	}
	if err := clear(); err != nil {
		return 0, fmt.Errorf("clear a half-made store: %w", err)
	}
	st, err := store.Create(ctx, part, meta, store.Options{})
	if err != nil {
		return 0, err
	}
	for _, g := range city.Groups {
		loaded, err := st.Writer().Load(ctx, g.Kind, func(yield func(block.Record, error) bool) {
			for _, rec := range g.Records {
				if !yield(rec, nil) {
					return
				}
			}
		}, nil)
		if err != nil {
			return 0, errors.Join(err, st.Close(), clear())
		}
		records += loaded.Inserted + loaded.Updated
	}
	if err := st.Close(); err != nil {
		return 0, errors.Join(err, clear())
	}
	if _, err := os.Stat(part + "-wal"); err == nil {
		why := "the new store was not put into one file"
		if free := DiskFree(filepath.Dir(path)); free >= 0 && free < fullBelow {
			why = "the disk is full and the store was not made; free some space and try again"
		}
		return 0, errors.Join(fmt.Errorf("%s: %w", why, block.ErrUnavailable), clear())
	}
	if err := os.Rename(part, path); err != nil {
		return 0, errors.Join(fmt.Errorf("put the new store in place: %w", err), clear())
	}
	return records, clear()
}

// MetaFromPack is what a store says about the city of a pack.
func MetaFromPack(p *citypack.Pack, demo bool) store.Meta {
	m := store.Meta{Name: p.Name.ZH, NameEN: p.Name.EN, TZ: p.Zone.String(), Attribution: p.Attribution, Demo: demo}
	for l := range p.Levels {
		m.LevelZH[l], m.LevelEN[l] = p.Levels[l].ZH, p.Levels[l].EN
	}
	return m
}

// WireMeta is what a server says about the city of a pack.
func WireMeta(p *citypack.Pack) wire.Meta {
	m := wire.Meta{NameZH: p.Name.ZH, NameEN: p.Name.EN, TimeZone: p.Zone.String()}
	if p.Attribution != "" {
		m.Attribution = []string{p.Attribution}
	}
	for l := block.City; l <= block.Grid; l++ {
		m.Levels = append(m.Levels, wire.LevelName{Level: l.String(), ZH: p.Levels[l].ZH, EN: p.Levels[l].EN})
	}
	return m
}

// MetaFromWire is what a store says about the city of a server.
func MetaFromWire(w wire.Meta) store.Meta {
	m := store.Meta{Name: w.NameZH, NameEN: w.NameEN, TZ: w.TimeZone}
	for i, a := range w.Attribution {
		if i > 0 {
			m.Attribution += "; "
		}
		m.Attribution += a
	}
	for _, l := range w.Levels {
		if level, err := block.ParseLevel(l.Level); err == nil { // a level we do not know needs no label
			m.LevelZH[level], m.LevelEN[level] = l.ZH, l.EN
		}
	}
	return m
}
