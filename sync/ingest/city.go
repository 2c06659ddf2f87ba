package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"kuaitu/block"
	"kuaitu/block/citypack"
	"kuaitu/block/citypack/synth"
	"kuaitu/block/schema"
	"kuaitu/geo/geofile"

	"github.com/paulmach/orb"
)

// City is a whole city pack as records, ready to be written: regions with their grids, the catalogue, the calendar and,
// when asked for, the pack's data and people made up.
type City struct {
	Pack    *citypack.Pack
	Tree    *block.Tree
	Groups  []Group  // in the order in which they must be written
	Reports []Report // of the pack's imports
	// Warnings are what is odd about the pack, sentences with file and line.
	Warnings []string
}

// Group is the records of one kind.
type Group struct {
	Kind    block.Kind
	Records []block.Record
}

// CityOptions say how a city is built.
type CityOptions struct {
	Set      *schema.Set
	WithData bool                             // run the pack's imports and make synthetic records
	Seed     uint64                           // of the synthetic records
	Now      time.Time                        // synthetic events are that recent
	Say      func(format string, args ...any) // progress for people; may be nil
}

// LoadPack loads the pack at path: a folder with a pack.json, or a CSV of divisions alone. dir is the folder that the
// pack's files lie in.
func LoadPack(ctx context.Context, path string) (pack *citypack.Pack, dir string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", fmt.Errorf("pack %s: %w", filepath.Base(path), err)
	}
	if !info.IsDir() {
		dir = filepath.Dir(path)
		pack, err = citypack.LoadDivisions(ctx, os.DirFS(dir), filepath.Base(path))
		return pack, dir, err
	}
	pack, err = citypack.Load(ctx, os.DirFS(path))
	return pack, path, err
}

// BuildCity reads what a pack names and prepares all its records in memory. Base grids are always cut by the pack's own
// buildings, with or without data, so that their codes are the same everywhere.
func BuildCity(ctx context.Context, path string, opt CityOptions) (*City, error) {
	say := opt.Say
	if say == nil {
		say = func(string, ...any) {}
	}
	pack, dir, err := LoadPack(ctx, path)
	if err != nil {
		return nil, err
	}
	c := &City{Pack: pack, Warnings: []string{}}
	for _, w := range pack.Warnings {
		c.Warnings = append(c.Warnings, w.Error())
	}
	imported, err := c.readImports(ctx, dir, opt, say)
	if err != nil {
		return nil, err
	}
	c.Warnings = append(c.Warnings, datumWarnings(pack, imported)...)
	for _, w := range c.Warnings {
		say("%s", w)
	}
	var inner []orb.Point
	for _, im := range imported {
		if im.from.Kind == "building" {
			for _, r := range im.rows {
				inner = append(inner, r.Inner)
			}
		}
	}
	grids := citypack.CutGrids(pack.Regions(), inner)
	regions := append(slices.Clone(pack.Regions()), grids...)
	if c.Tree, err = block.NewTree(regions, nil); err != nil {
		return nil, err
	}
	for rec := range pack.Records() {
		c.add(rec)
	}
	for _, g := range grids {
		c.add(citypack.RegionRecord(g, c.Tree.Root()))
	}
	if !opt.WithData {
		return c, nil
	}
	say("%d regions, %d of them grids", c.Tree.Len(), len(grids))
	c.place(regions, imported)
	if err := c.people(opt); err != nil {
		return nil, err
	}
	return c, nil
}

// add appends a record to its kind's group.
func (c *City) add(rec block.Record) {
	i := slices.IndexFunc(c.Groups, func(g Group) bool { return g.Kind == rec.Kind })
	if i < 0 {
		i = len(c.Groups)
		c.Groups = append(c.Groups, Group{Kind: rec.Kind})
	}
	c.Groups[i].Records = append(c.Groups[i].Records, rec)
}

// imported is one of the pack's files, read.
type imported struct {
	from   citypack.Import
	digest [32]byte
	rows   []Row
	report Report
}

// readImports reads the pack's files: all of them with data, else only the buildings, which the grids are cut by.
func (c *City) readImports(ctx context.Context, dir string, opt CityOptions, say func(string, ...any)) ([]imported, error) {
	var out []imported
	for _, im := range c.Pack.Imports {
		if !opt.WithData && im.Kind != "building" {
			continue
		}
		p, err := opt.Set.Plan(im.Kind)
		if err != nil {
			return nil, fmt.Errorf("pack.json:%d: %w", im.Line, err)
		}
		path := filepath.Join(dir, filepath.FromSlash(im.File))
		one := imported{from: im}
		if one.digest, err = Digest(path); err != nil {
			return nil, fmt.Errorf("pack.json:%d: %w", im.Line, err)
		}
		src, err := geofile.Open(ctx, path, geofile.Options{Encoding: im.Encoding})
		if err != nil {
			return nil, fmt.Errorf("pack.json:%d: %w", im.Line, fileKind(err))
		}
		options := Options{Plan: p, Datum: im.Datum, Zone: c.Pack.Zone}
		if len(im.Fields) > 0 {
			options.Mapping = Mapping(im.Fields)
		}
		options.Defaults = Defaults(im.Kind)
		if err := Fit(ctx, src, opt.Set, options); err != nil {
			return nil, errors.Join(fmt.Errorf("pack.json:%d: %w", im.Line, err), src.Close())
		}
		for row, err := range Run(ctx, src, one.digest, options, &one.report) {
			if err != nil {
				return nil, errors.Join(err, src.Close())
			}
			one.rows = append(one.rows, row)
		}
		if err := src.Close(); err != nil {
			return nil, fmt.Errorf("%s: %w", im.File, err)
		}
		if !opt.WithData {
			say("%s: read to cut the grids by; its records are not taken without --with-data", one.report.File)
			out = append(out, one)
			continue
		}
		r := one.report
		say("%s: %d read, %d accepted, %d repaired, %d rejected", r.File, r.Read, r.Accepted, r.Repaired, r.Rejected)
		c.Reports = append(c.Reports, r)
		out = append(out, one)
	}
	return out, nil
}

// place finds the home region of every imported record and adds it, and the ledger of the imports.
func (c *City) place(regions []block.Region, list []imported) {
	assign := citypack.NewAssigner(regions)
	batch, err := schema.Builtin().Plan("import_batch")
	for _, im := range list {
		for _, r := range im.rows {
			if r.HasInner && im.from.Kind != "region" {
				r.Record.Region = assign.At(r.Inner)
			}
			c.add(r.Record)
		}
		if err == nil {
			c.add(BatchRecord(batch, im.digest, im.from.Kind, "", im.report, time.Unix(0, 0).UTC(), c.Tree.Root()))
		}
	}
}

// people adds the synthetic records for the city's buildings.
func (c *City) people(opt CityOptions) error {
	var buildings []synth.Building
	for _, g := range c.Groups {
		if g.Kind != "building" {
			continue
		}
		for _, rec := range g.Records {
			b, err := synth.BuildingOf(rec)
			if err != nil {
				return fmt.Errorf("building %s: %w", rec.ID, err)
			}
			buildings = append(buildings, b)
		}
	}
	s := synth.Options{Seed: opt.Seed, Now: opt.Now, Tree: c.Tree, Calendar: c.Pack.Calendar, Catalogue: c.Pack.Catalogue}
	if len(c.Pack.Schemes) > 0 {
		s.Scheme = c.Pack.Schemes[0]
	}
	for rec := range s.Records(buildings) {
		c.add(rec)
	}
	return nil
}

// Records yields all records in the order in which they must be written.
func (c *City) Records() iter.Seq2[block.Record, error] {
	return func(yield func(block.Record, error) bool) {
		for _, g := range c.Groups {
			for _, rec := range g.Records {
				if !yield(rec, nil) {
					return
				}
			}
		}
	}
}

// Count returns how many records of a kind there are.
func (c *City) Count(kind block.Kind) int {
	for _, g := range c.Groups {
		if g.Kind == kind {
			return len(g.Records)
		}
	}
	return 0
}

// Levels counts the regions by level, as init prints them.
func (c *City) Levels() map[string]int {
	out := map[string]int{}
	for l := block.City; l <= block.Grid; l++ {
		out[l.String()] = 0
	}
	for _, r := range c.Tree.All() {
		out[r.Level.String()]++
	}
	return out
}
