package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"time"

	"kuaitu/block"
	"kuaitu/cmd/internal/cli"
	"kuaitu/geo"
	"kuaitu/store"

	"github.com/paulmach/orb"
)

type kindCountJSON struct {
	Kind  block.Kind `json:"kind"`
	Count int        `json:"count"`
}

type nearJSON struct {
	Kind   block.Kind `json:"kind"`
	ID     block.ID   `json:"id"`
	Code   string     `json:"code"`
	Label  string     `json:"label"`
	Metres float64    `json:"metres"`
	Lon    *float64   `json:"lon"`
	Lat    *float64   `json:"lat"`
	Masked bool       `json:"masked,omitempty"`
}

type aroundJSON struct {
	Metres float64         `json:"metres"`
	Counts []kindCountJSON `json:"counts"`
	Hits   []nearJSON      `json:"hits"`
	TookMS float64         `json:"took_ms"`
}

func aroundCommand() cli.Command {
	return cli.Command{
		Name: "around", Args: "LON LAT | --of KIND --id ID, --store FILE --metres N [--kinds A,B] [--limit N] [--json]",
		Summary: "count and list what lies within some metres of a place or of a record, the nearest first",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			metres := fs.Float64("metres", 500, "how far, on the ground")
			kinds := fs.String("kinds", "", "only these kinds, `A,B`; default: building, room, person, legal_entity, event, facility")
			of := fs.String("of", "", "around a record of this `kind`, named by --id")
			id := fs.String("id", "", "the record's `ID`")
			limit := fs.Int("limit", 50, "records listed; 0 lists none")
			asJSON := fs.Bool("json", false, "print one JSON document")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				q := store.AroundQuery{Metres: *metres, Limit: *limit, At: time.Now()}
				if err := checkLimit(*limit, 0); err != nil {
					return err
				}
				if *limit == 0 {
					q.Limit = -1
				}
				if math.IsNaN(*metres) {
					return cli.Usagef("--metres: not a number")
				}
				for _, k := range splitList(*kinds) {
					q.Kinds = append(q.Kinds, block.Kind(k))
				}
				switch {
				case len(args) == 2 && *of == "" && *id == "":
					at, err := place(args[0] + "," + args[1])
					if err != nil {
						return err
					}
					q.Shape = at
				case len(args) == 0 && *of != "" && *id != "":
					rid, err := recordID(*id)
					if err != nil {
						return err
					}
					q.Kind, q.ID = block.Kind(*of), rid
				default:
					return cli.Usagef("either LON and LAT, or --of KIND and --id ID, are needed")
				}
				return withStore(ctx, *path, func(st *store.Store) error {
					start := time.Now()
					found, err := st.Reader().Around(ctx, q)
					if err != nil {
						return err
					}
					out := aroundJSON{Metres: *metres, Counts: []kindCountJSON{}, Hits: []nearJSON{}, TookMS: float64(time.Since(start).Microseconds()) / 1000}
					for _, c := range found.Counts {
						out.Counts = append(out.Counts, kindCountJSON(c))
					}
					for _, h := range found.Hits {
						n := nearJSON{Kind: h.Kind, ID: h.ID, Code: h.Code, Label: h.Label, Metres: math.Round(h.Metres*100) / 100, Masked: h.Masked}
						if h.Point != nil {
							n.Lon, n.Lat = &h.Point[0], &h.Point[1]
						}
						out.Hits = append(out.Hits, n)
					}
					if *asJSON {
						return env.JSON(out)
					}
					for _, c := range out.Counts {
						fmt.Fprintf(env.Stdout, "%8d  %s\n", c.Count, c.Kind)
					}
					for _, h := range out.Hits {
						fmt.Fprintf(env.Stdout, "%7.1f m  %-12s %s %s\n", h.Metres, h.Kind, h.Label, h.Code)
					}
					return nil
				})
			}
		},
	}
}

func measureCommand() cli.Command {
	return cli.Command{
		Name: "measure", Args: "LON,LAT LON,LAT… [--area] [--json]",
		Summary: "length, azimuth and, of three places and more, area on the ellipsoid",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			area := fs.Bool("area", false, "the places are the corners of an area")
			asJSON := fs.Bool("json", false, "print one JSON document")
			return func(_ context.Context, env *cli.Env, args []string) error {
				var line orb.LineString
				for _, a := range args {
					p, err := place(a)
					if err != nil {
						return err
					}
					line = append(line, p)
				}
				if len(line) < 2 || *area && len(line) < 3 {
					return cli.Usagef("two places LON,LAT are needed, three for an area")
				}
				metres := geo.GeodesicLength(line)
				_, azimuth, _ := geo.Inverse(line[0], line[len(line)-1])
				if azimuth < 0 {
					azimuth += 360
				}
				answer := map[string]any{"metres": metres, "azimuth": azimuth}
				text := fmt.Sprintf("%.2f m, azimuth %.4f°", metres, azimuth)
				if *area {
					ring := append(orb.Ring(line), line[0])
					outline, size := geo.GeodesicLength(orb.LineString(ring)), geo.GeodesicArea(orb.Polygon{ring})
					answer = map[string]any{"square_metres": size, "outline_metres": outline}
					text = fmt.Sprintf("%.2f m², outline %.2f m", size, outline)
				}
				if *asJSON {
					return env.JSON(answer)
				}
				_, err := fmt.Fprintln(env.Stdout, text)
				return err
			}
		},
	}
}
