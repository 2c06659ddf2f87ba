package main

import (
	"context"
	"errors"
	"flag"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/cmd/internal/cli"
	"kuaitu/store"
)

// opJSON is an op as `ops` prints it.
type opJSON struct {
	Op      block.ID   `json:"op"`
	Counter uint64     `json:"counter"`
	Made    time.Time  `json:"made"`
	Author  string     `json:"author"`
	Fate    string     `json:"fate"`
	Reason  string     `json:"reason,omitempty"`
	Seq     uint64     `json:"seq,omitempty"`
	Edits   []editJSON `json:"edits"`
}

// editJSON is one record's share of an op. Values are what its author wrote, whatever became of it, so that nothing that
// was refused is lost from sight; sensitive ones are masked.
type editJSON struct {
	Verb     string            `json:"verb"`
	Kind     block.Kind        `json:"kind"`
	ID       block.ID          `json:"id"`
	Values   map[string]string `json:"values"`
	Geometry bool              `json:"geometry,omitempty"` // the edit also sets the geometry
}

func editJSONOf(set *schema.Set, e block.Edit) editJSON {
	out := editJSON{Verb: e.Verb.String(), Kind: e.Kind, ID: e.ID, Values: map[string]string{}, Geometry: e.SetGeometry}
	p, err := set.Plan(e.Kind)
	if err != nil {
		return out // made by a version that knew the kind
	}
	for _, f := range e.Fields {
		if f.Field < 0 || f.Field >= len(p.Kind.Fields) {
			continue
		}
		field, v := p.Kind.Fields[f.Field], f.New
		if field.Class == block.Sensitive {
			v = schema.MaskValue(field.Mask, v)
		}
		out.Values[field.Name] = v.Plain()
	}
	return out
}

func opsCommand() cli.Command {
	return cli.Command{
		Name: "ops", Args: "--store FILE",
		Summary: "list every op made here, what it says and its fate, the latest first",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			limit := fs.Int("limit", 0, "ops at most; 0 lists all")
			_ = fs.Bool("json", true, "print one JSON document (always)")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if len(args) > 0 {
					return cli.Usagef("ops takes no arguments, only flags")
				}
				if err := checkLimit(*limit, 0); err != nil {
					return err
				}
				return withStore(ctx, *path, func(st *store.Store) error {
					ops, err := st.Reader().Ops(ctx, *limit)
					if err != nil {
						return err
					}
					out := []opJSON{}
					for _, o := range ops {
						j := opJSON{Op: o.ID, Counter: o.Counter, Made: o.Made, Author: o.Author, Fate: o.Fate.String(), Reason: o.Reason, Seq: o.Seq}
						for _, e := range o.Edits {
							j.Edits = append(j.Edits, editJSONOf(st.Set(), e))
						}
						out = append(out, j)
					}
					counts, err := st.Reader().OpCounts(ctx)
					if err != nil {
						return err
					}
					return env.JSON(map[string]any{
						"ops": out, "pushed": counts.Pushed, "pending": counts.Pending, "conflicts": counts.Conflicts, "rejected": counts.Rejected,
					})
				})
			}
		},
	}
}

// errDiffers is verify's answer that rows are not what the kept sums say.
var errDiffers = errors.New("the store differs from what its sums say")

// differenceJSON is a set of records whose sum is not what it was. Records that no server brought are named; of a
// changed one the sums tell kind and region, and the next sync, which asks the server, tells which.
type differenceJSON struct {
	Kind   block.Kind `json:"kind"`
	Region string     `json:"region"` // its code; empty when the region is not here
	Class  string     `json:"class"`
	Kept   int64      `json:"kept"`
	Rows   int64      `json:"rows"`
	IDs    []block.ID `json:"ids"`
}

func verifyCommand() cli.Command {
	return cli.Command{
		Name: "verify", Args: "--store FILE",
		Summary: "recompute every hash from the rows and check indexes; exit 1 and the places when something differs",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			_ = fs.Bool("json", true, "print one JSON document (always)")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if len(args) > 0 {
					return cli.Usagef("verify takes no arguments, only flags")
				}
				return withStore(ctx, *path, func(st *store.Store) error { return verify(ctx, env, st) })
			}
		},
	}
}

func verify(ctx context.Context, env *cli.Env, st *store.Store) error {
	v, err := st.Reader().Verify(ctx)
	if err != nil {
		return err
	}
	tree, err := st.Reader().Tree(ctx)
	if err != nil {
		return err
	}
	differences := []differenceJSON{}
	const told = 20
	for i, m := range v.Mismatches {
		region, _ := tree.Region(m.Key.Region)
		d := differenceJSON{Kind: m.Key.Kind, Region: region.Code, Class: m.Key.Class.String(), Kept: m.Kept, Rows: m.Rows, IDs: append([]block.ID{}, m.IDs...)}
		differences = append(differences, d)
		if i < told {
			env.Say("%s of region %s (%s): %d records, %d expected, and the sum differs", d.Kind, d.Region, d.Class, d.Rows, d.Kept)
		}
	}
	if n := len(v.Mismatches); n > told {
		env.Say("and %d regions more; --json names them all", n-told)
	}
	err = env.JSON(map[string]any{
		"ok": v.OK(), "rows": v.Rows, "kinds": v.Kinds, "differences": differences, "rtree": v.RTree, "search": v.Search, "integrity": append([]string{}, v.Integrity...),
	})
	if err != nil || v.OK() {
		return err
	}
	mode, err := st.Reader().Mode(ctx)
	if err != nil {
		return err
	}
	env.Say("%s", remedy(mode))
	return errDiffers
}

// remedy tells what puts a store right that verify finds different.
func remedy(mode store.Mode) string {
	if mode == store.Standalone {
		return "doctor --repair makes indexes anew; for records that differ restore a copy of the store"
	}
	return "the next sync with the server puts records right; doctor --repair makes indexes anew"
}

// regionJSON is a region as doctor lists it.
type regionJSON struct {
	Code  string `json:"code"`
	Name  string `json:"name"`
	Level string `json:"level"`
}

func doctorCommand() cli.Command {
	return cli.Command{
		Name: "doctor", Args: "--store FILE [--repair]",
		Summary: "tell the state of a store: mode, regions without polygon, records outside, ops, size; with --repair make broken indexes anew",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			mend := fs.Bool("repair", false, "check the indexes against the rows and make them anew where they differ")
			_ = fs.Bool("json", true, "print one JSON document (always)")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if len(args) > 0 {
					return cli.Usagef("doctor takes no arguments, only flags")
				}
				return withStore(ctx, *path, func(st *store.Store) error {
					facts, err := st.Reader().Doctor(ctx)
					if err != nil {
						return err
					}
					missing := []regionJSON{}
					for _, r := range facts.NoPolygon {
						missing = append(missing, regionJSON{r.Code, r.Name, r.Level.String()})
					}
					answer := map[string]any{
						"mode": facts.Mode, "records": facts.Counts, "outside": facts.Outside, "without_polygon": missing, "lost_regions": facts.LostRegions,
						"unknown_regions": facts.UnknownRegions, "bytes": facts.Bytes,
						"ops": map[string]int{"pushed": facts.Ops.Pushed, "pending": facts.Ops.Pending, "conflicts": facts.Ops.Conflicts, "rejected": facts.Ops.Rejected},
					}
					if *mend {
						if answer["repaired"], err = repairIndexes(ctx, env, st); err != nil {
							return err
						}
					}
					return env.JSON(answer)
				})
			}
		},
	}
}

// repairIndexes makes R*Trees and search index anew when they differ from the rows, and says how many entries were wrong.
// Rows themselves are the server's to repair: the next sync does.
func repairIndexes(ctx context.Context, env *cli.Env, st *store.Store) (map[string]int, error) {
	wrong := func() (rtree, search int, err error) {
		v, err := st.Reader().Verify(ctx)
		for _, n := range v.RTree {
			rtree += n
		}
		for _, n := range v.Search {
			search += n
		}
		return rtree, search, err
	}
	rtree, search, err := wrong()
	if err != nil || rtree+search == 0 {
		return map[string]int{"rtree": 0, "search": 0}, err
	}
	env.Say("%d entries of the map's index and %d of the search are wrong; making them anew", rtree, search)
	if err := st.Writer().RebuildIndexes(ctx); err != nil {
		return nil, err
	}
	if r, s, err := wrong(); err != nil || r+s > 0 {
		return nil, errors.Join(err, errDiffers)
	}
	return map[string]int{"rtree": rtree, "search": search}, nil
}
