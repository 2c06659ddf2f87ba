package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/cmd/internal/cli"
	"kuaitu/cmd/internal/console"
	"kuaitu/store"
)

type hitJSON struct {
	Kind  block.Kind `json:"kind"`
	ID    block.ID   `json:"id"`
	Code  string     `json:"code"`
	Label string     `json:"label"`
	Why   string     `json:"why,omitempty"`
	Score float64    `json:"score"`
	Lon   *float64   `json:"lon"`
	Lat   *float64   `json:"lat"`
}

type searchJSON struct {
	Hits   []hitJSON `json:"hits"`
	TookMS float64   `json:"took_ms"`
}

func searchCommand() cli.Command {
	return cli.Command{
		Name: "search", Args: "TEXT --store FILE [--limit N] [--near LON,LAT] [--json]  |  --serve",
		Summary: "find addresses, buildings, people, entities, events, regions; with --serve one query a line on stdin",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			limit := fs.Int("limit", 20, "hits at most")
			near := fs.String("near", "", "prefer what lies near `LON,LAT`")
			serve := fs.Bool("serve", false, "answer each line of stdin with one JSON line")
			asJSON := fs.Bool("json", false, "print one JSON document")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				q := store.SearchQuery{Limit: *limit}
				if err := checkLimit(*limit, 1); err != nil {
					return err
				}
				if *near != "" {
					p, err := place(*near)
					if err != nil {
						return err
					}
					q.Near = &p
				}
				if *serve != (len(args) == 0) {
					return cli.Usagef("either TEXT or --serve is needed")
				}
				return withStore(ctx, *path, func(st *store.Store) error {
					if *serve {
						in := bufio.NewScanner(env.Stdin)
						in.Buffer(nil, maxRequest)
						for in.Scan() && ctx.Err() == nil {
							q.Text = in.Text()
							answer, err := search(ctx, st, q)
							if err != nil {
								return err
							}
							if err := env.JSON(answer); err != nil {
								return err
							}
						}
						return in.Err()
					}
					q.Text = strings.Join(args, " ")
					answer, err := search(ctx, st, q)
					if err != nil {
						return err
					}
					if *asJSON {
						return env.JSON(answer)
					}
					for _, h := range answer.Hits {
						fmt.Fprintf(env.Stdout, "%-12s %s  %s %s\n", h.Kind, h.Label, h.Code, h.Why)
					}
					env.Say("%d hits in %.1f ms", len(answer.Hits), answer.TookMS)
					return nil
				})
			}
		},
	}
}

func search(ctx context.Context, st *store.Store, q store.SearchQuery) (searchJSON, error) {
	start := time.Now()
	hits, err := st.Reader().Search(ctx, q)
	if err != nil {
		return searchJSON{}, err
	}
	out := searchJSON{Hits: []hitJSON{}, TookMS: float64(time.Since(start).Microseconds()) / 1000}
	for _, h := range hits {
		j := hitJSON{Kind: h.Kind, ID: h.ID, Code: h.Code, Label: h.Label, Why: h.Why, Score: h.Score}
		if h.Point != nil {
			j.Lon, j.Lat = &h.Point[0], &h.Point[1]
		}
		out.Hits = append(out.Hits, j)
	}
	return out, nil
}

func identifyCommand() cli.Command {
	return cli.Command{
		Name: "identify", Args: "LON LAT --store FILE [--zoom Z]",
		Summary: "tell what lies at a place, topmost first",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			zoom := fs.Float64("zoom", 17, "`zoom` at which somebody clicks: how far off a point may lie")
			_ = fs.Bool("json", true, "print one JSON document (always)")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if len(args) != 2 {
					return cli.Usagef("LON and LAT are needed")
				}
				at, err := place(args[0] + "," + args[1])
				if err == nil {
					err = checkZoom(*zoom)
				}
				if err != nil {
					return err
				}
				return withStore(ctx, *path, func(st *store.Store) error {
					found, err := console.Identify(ctx, st, at, *zoom)
					if err != nil {
						return err
					}
					return env.JSON(map[string]any{"features": found})
				})
			}
		},
	}
}

func countCommand() cli.Command {
	return cli.Command{
		Name: "count", Args: "--store FILE --kind K --by city|district|street|community|grid",
		Summary: "count records by region; what lies in no region of that level counts as outside",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			kind := fs.String("kind", "", "`kind` of record")
			by := fs.String("by", "district", "`level` of region")
			_ = fs.Bool("json", true, "print one JSON document (always)")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				level, err := block.ParseLevel(*by)
				if err != nil || *kind == "" {
					return cli.Usagef("--kind and --by city, district, street, community or grid are needed")
				}
				return withStore(ctx, *path, func(st *store.Store) error {
					counts, err := st.Reader().Counts(ctx, block.Kind(*kind), level)
					if err != nil {
						return err
					}
					out := []map[string]any{}
					for _, r := range counts.Rows {
						out = append(out, map[string]any{"code": r.Code, "name": r.Name, "count": r.Count})
					}
					// rows and outside add up to all; above says how many of those outside have a home in a wider region
					return env.JSON(map[string]any{"rows": out, "outside": counts.Outside + counts.Above, "above": counts.Above})
				})
			}
		},
	}
}
