package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/cmd/internal/cli"
	"kuaitu/cmd/internal/console"
	"kuaitu/geo"
	"kuaitu/store"
	"kuaitu/sync/ingest"
)

func initCommand() cli.Command {
	return cli.Command{
		Name: "init", Args: "--store FILE --pack PACK [--with-data]",
		Summary: "make a standalone store from a city pack: a bundled name, a folder with pack.json, or a divisions CSV",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			pack := fs.String("pack", "", "`PACK`: demo, a folder with pack.json, or a CSV code,name,level,parent")
			withData := fs.Bool("with-data", false, "also run the pack's imports and make people, rooms and events up")
			_ = fs.Bool("json", true, "print one JSON document (always)")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if *path == "" || *pack == "" || len(args) > 0 {
					return cli.Usagef("--store FILE and --pack PACK are needed")
				}
				out, err := console.InitStore(ctx, *path, *pack, *withData, env.Say)
				if err != nil {
					return err
				}
				return env.JSON(out)
			}
		},
	}
}

func importCommand() cli.Command {
	return cli.Command{
		Name: "import", Args: "FILE… --store FILE --kind K [--datum D]",
		Summary: "bring files in: GeoJSON (also .gz), CSV, Shapefile (also zipped), GeoPackage",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			kind := fs.String("kind", "", "`kind` of record: building, address, event, …")
			datum := fs.String("datum", "", "what the coordinates refer to: wgs84, cgcs2000, gcj02 or bd09")
			encoding := fs.String("encoding", "", "of text: utf-8, gb18030, … (default: found out)")
			mapping := fs.String("map", "", "`JSON file` {\"column\": \"field\"}; default: by names")
			again := fs.Bool("again", false, "import a file that was imported before; the records it brought are brought up to date")
			asJSON := fs.Bool("json", false, "one JSON document a file")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if *kind == "" || len(args) == 0 {
					return cli.Usagef("files and --kind are needed")
				}
				if _, err := schema.Builtin().Plan(block.Kind(*kind)); err != nil {
					return err
				}
				for _, file := range args {
					if err := console.CheckInput(file); err != nil {
						return err
					}
				}
				template, err := readMapping(*mapping)
				if err != nil {
					return err
				}
				return withStore(ctx, *path, func(st *store.Store) error {
					for _, file := range args {
						d, err := askDatum(ctx, env, file, *encoding, *datum)
						if err != nil {
							return err
						}
						report, err := console.Import(ctx, st, console.ImportRequest{
							File: file, Kind: block.Kind(*kind), Datum: d, Encoding: *encoding, Mapping: template, Again: *again, Author: "kuaituctl",
						})
						if err != nil && !errors.Is(err, console.ErrNoneAccepted) {
							return err // nothing was written, whatever the report counted until then
						}
						if e := printReport(env, *asJSON, report); e != nil || err != nil {
							return errors.Join(err, e)
						}
					}
					return nil
				})
			}
		},
	}
}

// askDatum takes the declared datum, the file's own, or a person's answer; without any of them it is a usage error,
// because a guess could put a whole city half a kilometre off.
func askDatum(ctx context.Context, env *cli.Env, file, encoding, declared string) (geo.Datum, error) {
	if declared != "" {
		d, err := geo.ParseDatum(declared)
		if err != nil {
			return d, cli.Usagef("--datum %s: it is wgs84, cgcs2000, gcj02 or bd09", declared)
		}
		return d, nil
	}
	own, needed, err := console.DeclaredDatum(ctx, file, encoding)
	if err != nil {
		return 0, err
	}
	if own != nil {
		return *own, nil
	}
	if !needed {
		return geo.CGCS2000, nil
	}
	if !env.Terminal {
		return 0, cli.Usagef("%s does not say what its coordinates refer to; state it with --datum wgs84, cgcs2000, gcj02 or bd09", filepath.Base(file))
	}
	env.Say("%s does not say what its coordinates refer to.", filepath.Base(file))
	fmt.Fprint(env.Stderr, "wgs84, cgcs2000, gcj02 or bd09? ")
	line, err := bufio.NewReader(env.Stdin).ReadString('\n')
	if err != nil && line == "" {
		return 0, cli.Usagef("no answer; state --datum")
	}
	d, err := geo.ParseDatum(strings.TrimSpace(line))
	if err != nil {
		return 0, cli.Usagef("%q is none of wgs84, cgcs2000, gcj02, bd09", strings.TrimSpace(line))
	}
	return d, nil
}

func readMapping(path string) (ingest.Mapping, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("mapping: %w", err)
	}
	m := ingest.Mapping{}
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("mapping %s: %v: %w", filepath.Base(path), err, block.ErrInvalid)
	}
	return m, nil
}

// printedExamples is how many of the records that did not go through as they were the text names; JSON has more.
const printedExamples = 5

func printReport(env *cli.Env, asJSON bool, r ingest.Report) error {
	if asJSON {
		return env.JSON(r)
	}
	fmt.Fprintf(env.Stdout, "%s: %d read, %d accepted, %d repaired, %d rejected in %.1f s\n", r.File, r.Read, r.Accepted, r.Repaired, r.Rejected, r.Seconds)
	if r.Updated+r.Unchanged > 0 {
		fmt.Fprintf(env.Stdout, "  of them %d update records that were here, %d change nothing\n", r.Updated, r.Unchanged)
	}
	for reason, n := range r.Reasons {
		fmt.Fprintf(env.Stdout, "  %6d  %s\n", n, reason)
	}
	for _, e := range r.Examples[:min(len(r.Examples), printedExamples)] {
		cause := e.Cause
		if cause == "" {
			cause = e.Reason
		}
		fmt.Fprintf(env.Stdout, "  %s:%d: %s\n", r.File, e.Line, cause)
	}
	for _, w := range r.Warnings {
		env.Say("%s: %s", r.File, w)
	}
	return nil
}

func exportCommand() cli.Command {
	return cli.Command{
		Name: "export", Args: "OUT --store FILE --kind K --format geojson|csv|gpkg [--region CODE] [--bbox W,S,E,N]",
		Summary: "write records to a file, masked",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			kind := fs.String("kind", "", "`kind` of record")
			format := fs.String("format", "", "geojson, csv (with BOM) or gpkg")
			region := fs.String("region", "", "only this region and below, by `code`")
			bbox := fs.String("bbox", "", "only within `W,S,E,N` in degrees")
			asJSON := fs.Bool("json", false, "print one JSON document")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				f, ok := console.Formats[*format]
				if len(args) != 1 || *kind == "" || !ok {
					return cli.Usagef("one OUT file, --kind and --format geojson, csv or gpkg are needed")
				}
				r := console.ExportRequest{Kind: block.Kind(*kind), Format: f, Path: args[0]}
				if *bbox != "" {
					b, err := box(*bbox)
					if err != nil {
						return err
					}
					r.Bound = &b
				}
				return withStore(ctx, *path, func(st *store.Store) (err error) {
					if r.Region, err = regionByCode(ctx, st, *region); err != nil {
						return err
					}
					rows, err := console.Export(ctx, st, r)
					if err != nil {
						return err
					}
					if *asJSON {
						return env.JSON(map[string]any{"file": args[0], "rows": rows})
					}
					env.Say("%d records in %s", rows, args[0])
					return nil
				})
			}
		},
	}
}
