package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"kuaitu/cmd/internal/benchcity"
	"kuaitu/cmd/internal/cli"
)

func benchCommand() cli.Command {
	return cli.Command{
		Name: "bench", Args: "city --out DIR [--buildings N --grids N --events N --seed S]  |  map --store FILE|--gpkg FILE [--minutes M] [--json]",
		Summary: "make a city to measure with; measure the map with it",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			out := fs.String("out", "", "city: `folder` for store.gpkg, a store of ours, and plain.gpkg, a GeoPackage as others write it")
			var o benchcity.Options
			fs.IntVar(&o.Buildings, "buildings", 660_000, "city: `number` of buildings")
			fs.IntVar(&o.Grids, "grids", 20_000, "city: `number` of grids")
			fs.IntVar(&o.Events, "events", 50_000, "city: `number` of events")
			fs.Uint64Var(&o.Seed, "seed", 1, "city: another `number`, another city")
			path := storeFlag(fs)
			gpkg := fs.String("gpkg", "", "map: a GeoPackage of others, `file`")
			minutes := fs.Float64("minutes", 0.2, "map: how long to pan on each screen, `minutes`")
			runs := fs.String("runs", "", "map: `folder` of the runs, the last of which is compared with; default: in the user's cache folder")
			quick := fs.Bool("quick", false, "map: few repetitions, for a glance")
			asJSON := fs.Bool("json", false, "map: one JSON document a figure")
			cold := fs.Bool("cold", false, "first (what map starts): without the cache file")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if len(args) != 1 {
					return cli.Usagef("bench city or bench map")
				}
				one := (*path == "") != (*gpkg == "")
				switch {
				case args[0] == "city":
					return makeCity(ctx, env, o, *out)
				case args[0] == "map" && one:
					run, err := newBenchRun(env, *runs, filepath.Base(*path+*gpkg), *asJSON)
					if err != nil {
						return err
					}
					if err := benchMap(ctx, run, *path, *gpkg, *minutes, *quick); err != nil {
						return err
					}
					return run.close()
				case args[0] == "first" && one:
					return benchFirst(ctx, os.Stdout, *path, *gpkg, *cold)
				}
				return cli.Usagef("bench city --out DIR, or bench map with one of --store and --gpkg")
			}
		},
	}
}

// makeCity writes a city both ways and says how long it took.
func makeCity(ctx context.Context, env *cli.Env, o benchcity.Options, dir string) error {
	if dir == "" || o.Buildings < 1 || o.Grids < 1 || o.Events < 0 {
		return cli.Usagef("--out DIR and positive sizes are needed")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	c := benchcity.New(o)
	result := map[string]any{"buildings": o.Buildings, "grids": o.Grids, "events": o.Events, "seed": o.Seed}
	for _, f := range []struct {
		name  string
		write func(path string) error
	}{
		{"plain.gpkg", func(path string) error { return c.WritePackage(ctx, path) }},
		{"store.gpkg", func(path string) error {
			return c.WriteStore(ctx, path, time.Now(), func(kind string) { env.Say("store.gpkg: %s", kind) })
		}},
	} {
		start := time.Now()
		path := filepath.Join(dir, f.name)
		env.Say("%s", f.name)
		if err := f.write(path); err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		result[f.name] = map[string]any{"mb": info.Size() >> 20, "seconds": fmt.Sprintf("%.1f", time.Since(start).Seconds())}
	}
	return env.JSON(result)
}
