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
		Name: "bench", Args: "city --out DIR [--buildings N --grids N --events N --seed S]",
		Summary: "make a city to measure with",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			out := fs.String("out", "", "city: `folder` for store.gpkg, a store of ours, and plain.gpkg, a GeoPackage as others write it")
			var o benchcity.Options
			fs.IntVar(&o.Buildings, "buildings", 660_000, "city: `number` of buildings")
			fs.IntVar(&o.Grids, "grids", 20_000, "city: `number` of grids")
			fs.IntVar(&o.Events, "events", 50_000, "city: `number` of events")
			fs.Uint64Var(&o.Seed, "seed", 1, "city: another `number`, another city")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if len(args) != 1 || args[0] != "city" {
					return cli.Usagef("bench city is what there is")
				}
				return makeCity(ctx, env, o, *out)
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
