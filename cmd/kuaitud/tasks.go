package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/block/citypack"
	"kuaitu/block/schema"
	"kuaitu/cmd/internal/cli"
	"kuaitu/cmd/internal/console"
	"kuaitu/geo"
	"kuaitu/geo/geofile"
	"kuaitu/store"
	"kuaitu/sync/blockserver"
	"kuaitu/sync/blockserver/sqlite"
	"kuaitu/sync/ingest"
)

// tasks are what an administrator can ask of a data folder.
var tasks = map[string]task{
	"enrol": enrolTask, "revoke": revokeTask, "devices": devicesTask, "backup": backupTask, "verify": verifyTask, "doctor": doctorTask, "import": importTask,
}

// decode reads a task's request.
func decode[T any](raw json.RawMessage) (v T, err error) {
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("request: %v: %w", err, block.ErrInvalid)
	}
	return v, nil
}

type enrolRequest struct{ Region, Post, Name string }

func enrolTask(ctx context.Context, st *sqlite.Storage, raw json.RawMessage) (any, error) {
	r, err := decode[enrolRequest](raw)
	if err != nil {
		return nil, err
	}
	city, err := st.City(ctx)
	if err != nil {
		return nil, err
	}
	region, _ := city.Tree.Region(city.Tree.Root())
	if r.Region != "" {
		if region, err = city.Tree.ByCode(r.Region); err != nil {
			return nil, err
		}
	}
	code, expires, err := st.CreateCode(ctx, region.ID, r.Post, r.Name, time.Now())
	if err != nil {
		return nil, err
	}
	return map[string]any{"code": code, "expires": expires.UTC(), "region": region.Code, "post": r.Post}, nil
}

func revokeTask(ctx context.Context, st *sqlite.Storage, raw json.RawMessage) (any, error) {
	id, err := decode[block.ID](raw)
	if err != nil {
		return nil, err
	}
	return map[string]any{"revoked": id}, st.Revoke(ctx, id)
}

func devicesTask(ctx context.Context, st *sqlite.Storage, _ json.RawMessage) (any, error) {
	devices, err := st.Devices(ctx)
	if err != nil {
		return nil, err
	}
	city, err := st.City(ctx)
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for _, d := range devices {
		region, _ := city.Tree.Region(d.Region)
		out = append(out, map[string]any{
			"id": d.ID, "region": region.Code, "post": d.Post, "name": d.Name, "ops": d.Counter, "enrolled": d.Enrolled, "revoked": d.Revoked,
		})
	}
	return map[string]any{"devices": out}, nil
}

func backupTask(ctx context.Context, st *sqlite.Storage, raw json.RawMessage) (any, error) {
	file, err := decode[string](raw)
	if err != nil {
		return nil, err
	}
	return nil, st.Backup(ctx, file)
}

// errDiffers is verify's answer that something does not fit together.
var errDiffers = errors.New("the server's data does not fit together")

func verifyTask(ctx context.Context, st *sqlite.Storage, _ json.RawMessage) (any, error) {
	v, err := st.Verify(ctx)
	if err != nil {
		return nil, err
	}
	if v.Faults == nil {
		v.Faults = []string{}
	}
	if len(v.Faults) > 0 {
		err = errDiffers
	}
	return map[string]any{"ok": len(v.Faults) == 0, "rows": v.Rows, "faults": v.Faults}, err
}

func doctorTask(ctx context.Context, st *sqlite.Storage, _ json.RawMessage) (any, error) {
	city, err := st.City(ctx)
	if err != nil {
		return nil, err
	}
	missing := []string{}
	levels := map[string]int{}
	for _, r := range city.Tree.All() {
		levels[r.Level.String()]++
	}
	regions, err := polygons(ctx, st)
	if err != nil {
		return nil, err
	}
	for _, r := range regions {
		if len(r.Geometry) == 0 {
			missing = append(missing, r.Code)
		}
	}
	kinds, outside := map[block.Kind]int{}, map[block.Kind]int{}
	for _, p := range city.Set.Plans() {
		byRegion, err := st.Count(ctx, p.Kind.Name)
		if err != nil {
			return nil, err
		}
		for region, n := range byRegion {
			kinds[p.Kind.Name] += n
			if _, known := city.Tree.Region(region); !known {
				outside[p.Kind.Name] += n
			}
		}
	}
	return map[string]any{"city": city.Meta.NameZH, "epoch": city.Epoch, "regions": levels, "without_polygon": missing, "records": kinds, "outside": outside}, nil
}

// polygons returns the city's regions with their polygons, which the tree that the server keeps in memory goes without.
func polygons(ctx context.Context, st *sqlite.Storage) ([]block.Region, error) {
	city, err := st.City(ctx)
	if err != nil {
		return nil, err
	}
	regions := slices.Clone(city.Tree.All())
	err = st.View(ctx, func(v blockserver.View) error {
		for i := range regions {
			row, err := v.Row(ctx, blockserver.RowKey{Kind: "region", ID: regions[i].ID})
			if err != nil {
				return err
			}
			if row != nil {
				regions[i].Geometry = row.Geometry
			}
		}
		return nil
	})
	return regions, err
}

type importRequest struct {
	File     string
	Kind     block.Kind
	Datum    string
	Encoding string
}

func importTask(ctx context.Context, st *sqlite.Storage, raw json.RawMessage) (any, error) {
	r, err := decode[importRequest](raw)
	if err != nil {
		return nil, err
	}
	if r.Kind == "" {
		if !strings.EqualFold(filepath.Ext(r.File), ".gpkg") {
			return nil, cli.Usagef("--kind is needed")
		}
		return takeOver(ctx, st, r.File)
	}
	return importFile(ctx, st, r)
}

func importFile(ctx context.Context, st *sqlite.Storage, r importRequest) (any, error) {
	p, err := schema.Builtin().Plan(r.Kind)
	if err != nil {
		return nil, err
	}
	if err := console.CheckInput(r.File); err != nil {
		return nil, err
	}
	var d geo.Datum
	if r.Datum != "" {
		if d, err = geo.ParseDatum(r.Datum); err != nil {
			return nil, cli.Usagef("--datum %s: it is wgs84, cgcs2000, gcj02 or bd09", r.Datum)
		}
	} else {
		own, needed, err := console.DeclaredDatum(ctx, r.File, r.Encoding)
		switch {
		case err != nil:
			return nil, err
		case own != nil:
			d = *own
		case needed:
			return nil, cli.Usagef("%s does not say what its coordinates refer to; state it with --datum wgs84, cgcs2000, gcj02 or bd09", filepath.Base(r.File))
		}
	}
	digest, err := ingest.Digest(r.File)
	if err != nil {
		return nil, err
	}
	layer, err := console.LayerFor(ctx, r.File, r.Kind)
	if err != nil {
		return nil, err
	}
	src, err := geofile.Open(ctx, r.File, geofile.Options{Encoding: r.Encoding, Layer: layer})
	if err != nil {
		return nil, console.FileKind(err)
	}
	defer src.Close()
	city, err := st.City(ctx)
	if err != nil {
		return nil, err
	}
	regions, err := polygons(ctx, st)
	if err != nil {
		return nil, err
	}
	opt := ingest.Options{
		Plan: p, Datum: d, Zone: city.Zone, Locate: citypack.NewAssigner(regions).At, Defaults: ingest.Defaults(r.Kind), Again: true,
		ByCode: func(code string) (block.ID, bool) {
			reg, err := city.Tree.ByCode(code)
			return reg.ID, err == nil
		},
		Known: func(id block.ID) (rec block.Record, found bool, err error) {
			err = st.View(ctx, func(v blockserver.View) error {
				row, err := v.Row(ctx, blockserver.RowKey{Kind: r.Kind, ID: id})
				if err == nil && row != nil && !row.Deleted {
					rec, found = row.Record, true
				}
				return err
			})
			return rec, found, err
		},
	}
	if err := ingest.Fit(ctx, src, city.Set, opt); err != nil {
		report, refused := console.Refused(ctx, src, err)
		if errors.Is(refused, console.ErrNoneAccepted) {
			return report, refused
		}
		return nil, refused
	}
	var report ingest.Report
	records := func(yield func(block.Record, error) bool) {
		for row, err := range ingest.Run(ctx, src, digest, opt, &report) {
			if !yield(row.Record, err) {
				return
			}
		}
	}
	_, err = st.Load(ctx, records)
	if file, ok := errors.AsType[*geofile.FileError](err); ok {
		return nil, fmt.Errorf("%w: %w", file, block.ErrInvalid)
	}
	if err != nil {
		return nil, fmt.Errorf("import %s: %w", filepath.Base(r.File), err)
	}
	if report.Read > 0 && report.Accepted+report.Repaired == 0 {
		return report, fmt.Errorf("%s: %w as %s (%d read): %w", filepath.Base(r.File), console.ErrNoneAccepted, r.Kind, report.Read, block.ErrInvalid)
	}
	return report, nil
}

// takeOver loads everything a standalone store holds, regions first. The store must not be open elsewhere.
func takeOver(ctx context.Context, st *sqlite.Storage, file string) (report ingest.Report, err error) {
	start := time.Now()
	from, err := store.Open(ctx, file, store.Options{})
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	mode, err := from.Reader().Mode(ctx)
	if err != nil {
		return report, err
	}
	if mode != store.Standalone {
		return report, fmt.Errorf("%s is not a standalone store: %w", filepath.Base(file), block.ErrConflict)
	}
	tree, err := from.Reader().Tree(ctx)
	if err != nil {
		return report, err
	}
	n, err := st.Load(ctx, allRecords(ctx, from, tree))
	if err != nil {
		return report, err
	}
	return ingest.Report{
		File: filepath.Base(file), Read: int64(n), Accepted: int64(n), Warnings: []string{}, Reasons: map[string]int{}, Seconds: time.Since(start).Seconds(),
	}, nil
}

// allRecords yields a store's records: regions from the root down, then every other kind.
func allRecords(ctx context.Context, from *store.Store, tree *block.Tree) iter.Seq2[block.Record, error] {
	return func(yield func(block.Record, error) bool) {
		for _, reg := range tree.All() {
			rec, err := from.Reader().Get(ctx, "region", reg.ID)
			if !yield(rec, err) || err != nil {
				return
			}
		}
		for _, p := range from.Set().Plans() {
			if p.Kind.Name == "region" {
				continue
			}
			stopped := errors.New("stopped")
			err := from.Reader().Each(ctx, store.Query{Kind: p.Kind.Name}, func(rec block.Record) error {
				if !yield(rec, nil) {
					return stopped
				}
				return nil
			})
			if errors.Is(err, stopped) {
				return
			}
			if err != nil {
				yield(block.Record{}, err)
				return
			}
		}
	}
}
