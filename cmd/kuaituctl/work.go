package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"strings"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/cmd/internal/cli"
	"kuaitu/cmd/internal/console"
	"kuaitu/store"
	"kuaitu/sync/syncer"

	"github.com/paulmach/orb"
)

func syncCommand() cli.Command {
	return cli.Command{
		Name: "sync", Args: "--store FILE [--server URL] [--enrol CODE]",
		Summary: "bring edits to the server and its changes here, and prove both equal",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			server := fs.String("server", "", "`URL` of the city server; default: the one enrolled with")
			code := fs.String("enrol", "", "one-time `CODE`: enrol a new store first")
			name := fs.String("name", "kuaituctl", "how the device appears in the server's list")
			asJSON := fs.Bool("json", false, "print one JSON document")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if *path == "" || len(args) > 0 {
					return cli.Usagef("--store FILE is needed")
				}
				return withSyncStore(ctx, *path, *code != "", func(st *store.Store) error {
					if err := ensureEnrolled(ctx, env, st, *server, *code, *name); err != nil {
						return err
					}
					if err := movedServer(ctx, st, *server, *code); err != nil {
						return err
					}
					replica := &watchedReplica{Writer: st.Writer(), Repairs: []repairedRecord{}, seen: map[repairedRecord]bool{}}
					result, err := syncer.Once(ctx, syncer.Config{Replica: replica, Set: st.Set(), Options: syncer.Options{DeepLimit: deepRows}}, false)
					if *asJSON {
						if e := env.JSON(syncAnswer{result, replica.Repairs}); err == nil {
							err = e
						}
					} else {
						env.Say("%d pulled, %d pushed, %d pending, %d conflicts, %d rejected; proved equal: %v", result.Pulled, result.Pushed, result.Pending, result.Conflicts, result.Rejected, result.Proved)
					}
					return errors.Join(err, st.Writer().WaitBuilt(ctx)) // the next command finds every text
				})
			}
		},
	}
}

// deepRows is the size of a replica up to which every sync recomputes the proof from the rows, so that what was changed
// behind the program's back is repaired at once: about six seconds of work at the most. Larger ones do it once a day.
const deepRows = 2_000_000

// syncAnswer is what sync prints.
type syncAnswer struct {
	syncer.Result
	Repairs []repairedRecord `json:"repairs"`
}

// repairedRecord names a record that was not as the server has it and was put right.
type repairedRecord struct {
	Kind block.Kind `json:"kind"`
	ID   block.ID   `json:"id"`
}

// watchedReplica is a store that keeps which records a sync repairs. The syncer repairs one stream after the other, and
// every record in each that may hold it.
type watchedReplica struct {
	*store.Writer
	Repairs []repairedRecord
	seen    map[repairedRecord]bool
}

func (w *watchedReplica) note(kind block.Kind, id block.ID) {
	if r := (repairedRecord{kind, id}); len(w.Repairs) < block.MaxNamed && !w.seen[r] {
		w.seen[r] = true
		w.Repairs = append(w.Repairs, r)
	}
}

// ApplyCut notes the records that a cut mends.
func (w *watchedReplica) ApplyCut(ctx context.Context, cut block.CutPlan, parts iter.Seq2[block.Part, error]) (block.Applied, error) {
	applied, err := w.Writer.ApplyCut(ctx, cut, parts)
	if err == nil {
		for _, m := range applied.Named {
			w.note(m.Kind, m.ID)
		}
	}
	return applied, err
}

// Repair notes the records and has the store put them right.
func (w *watchedReplica) Repair(ctx context.Context, stream block.Stream, kind block.Kind, put []block.Part, drop []block.ID) error {
	for _, p := range put {
		w.note(kind, p.ID)
	}
	for _, id := range drop {
		w.note(kind, id)
	}
	return w.Writer.Repair(ctx, stream, kind, put, drop)
}

// withSyncStore opens the store, or with an enrolment code makes a new one where there is none. Of a new one that was not
// enrolled nothing is left.
func withSyncStore(ctx context.Context, path string, create bool, fn func(*store.Store) error) (err error) {
	if !create {
		return withStore(ctx, path, fn)
	}
	st, err := store.Create(ctx, path, store.Meta{}, store.Options{})
	if errors.Is(err, block.ErrConflict) {
		return withStore(ctx, path, fn)
	}
	if err != nil {
		return err
	}
	defer func() {
		_, enrolled, e := st.Writer().Enrolment(context.WithoutCancel(ctx))
		err = errors.Join(err, e, st.Close())
		if err != nil && e == nil && !enrolled {
			for _, side := range []string{"", "-wal", "-shm", "-lock"} {
				if e := os.Remove(path + side); e != nil && !errors.Is(e, fs.ErrNotExist) {
					err = errors.Join(err, fmt.Errorf("clear the store that was not enrolled: %w", e))
				}
			}
		}
	}()
	return fn(st)
}

func ensureEnrolled(ctx context.Context, env *cli.Env, st *store.Store, server, code, name string) error {
	e, ok, err := st.Writer().Enrolment(ctx)
	if err != nil {
		return err
	}
	switch {
	case ok && code == "":
		return nil
	case ok:
		return fmt.Errorf("the store is enrolled already, for region %s; leave --enrol out: %w", e.RegionCode, block.ErrConflict)
	case code == "":
		return fmt.Errorf("the store is standalone or not enrolled yet; a new store is enrolled with --enrol CODE: %w", block.ErrConflict)
	case server == "":
		return cli.Usagef("--server URL is needed to enrol")
	}
	mode, err := st.Reader().Mode(ctx)
	if err != nil {
		return err
	}
	if mode == store.Standalone {
		return fmt.Errorf("the store is standalone and stays so; enrol a new file: %w", block.ErrConflict)
	}
	e, meta, err := syncer.Enrol(ctx, syncer.Enrolling{Replica: st.Writer()}, server, code, name)
	if err != nil {
		return err
	}
	env.Say("enrolled for region %s as %s", e.RegionCode, e.Post)
	return st.Writer().SetMeta(ctx, console.MetaFromWire(meta))
}

// movedServer keeps a new address of the same server.
func movedServer(ctx context.Context, st *store.Store, server, code string) error {
	if server == "" || code != "" {
		return nil
	}
	url, err := syncer.ServerURL(server)
	if err != nil {
		return err
	}
	e, _, err := st.Writer().Enrolment(ctx)
	if err != nil || e.Server == url {
		return err
	}
	e.Server = url
	return st.Writer().SetEnrolment(ctx, e)
}

func editCommand() cli.Command {
	return cli.Command{
		Name: "edit", Args: "--store FILE --kind K --id ID --set FIELD=VALUE…",
		Summary: "change fields of a record, offline as well as online",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			kind := fs.String("kind", "", "`kind` of record")
			id := fs.String("id", "", "the record's `ID`")
			var sets []string
			fs.Func("set", "`FIELD=VALUE`, again for each field; an empty VALUE clears it", func(s string) error {
				sets = append(sets, s)
				return nil
			})
			remove := fs.Bool("delete", false, "delete the record")
			asJSON := fs.Bool("json", false, "print one JSON document")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				sets = append(sets, args...)
				if *kind == "" || *id == "" || (len(sets) == 0) != *remove {
					return cli.Usagef("--kind, --id and --set FIELD=VALUE (or --delete) are needed")
				}
				rid, err := recordID(*id)
				if err != nil {
					return err
				}
				return withStore(ctx, *path, func(st *store.Store) error {
					p, err := st.Set().Plan(block.Kind(*kind))
					if err != nil {
						return err
					}
					e := block.Edit{Verb: block.Update, Kind: p.Kind.Name, ID: rid}
					if *remove {
						e.Verb = block.Delete
					}
					if e.Fields, err = parseSets(p, sets); err != nil {
						return err
					}
					op, err := st.Writer().Edit(ctx, []block.Edit{e}, "kuaituctl")
					if err != nil {
						return err
					}
					return sayOp(env, *asJSON, op)
				})
			}
		},
	}
}

// parseSets reads FIELD=VALUE as fields of the kind.
func parseSets(p *schema.Plan, sets []string) ([]block.FieldSet, error) {
	var out []block.FieldSet
	for _, s := range sets {
		name, text, ok := strings.Cut(s, "=")
		if !ok {
			return nil, cli.Usagef("%q is not FIELD=VALUE", s)
		}
		i := p.Index(name)
		if i < 0 {
			return nil, &block.FieldError{Kind: p.Kind.Name, Field: name, Reason: "there is no such field"}
		}
		v, err := block.ParseValue(p.Kind.Fields[i].Type, text)
		if err == nil {
			err = p.CheckValue(i, v)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, block.FieldSet{Field: i, New: v})
	}
	return out, nil
}

func sayOp(env *cli.Env, asJSON bool, op block.Op) error {
	if asJSON {
		out := map[string]any{"op": op.ID, "counter": op.Counter, "edits": len(op.Edits)}
		if len(op.Edits) > 0 {
			out["id"] = op.Edits[0].ID
		}
		return env.JSON(out)
	}
	env.Say("saved as op %s", op.ID)
	return nil
}

func reportCommand() cli.Command {
	return cli.Command{
		Name: "report", Args: "--store FILE --type T --lon X --lat Y --text S",
		Summary: "report an event at a place, offline as well as online",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			kind := fs.String("type", "", "event `type`: its code or name in the catalogue")
			lon := fs.Float64("lon", 0, "longitude in degrees, CGCS2000")
			lat := fs.Float64("lat", 0, "latitude in degrees, CGCS2000")
			text := fs.String("text", "", "what is the matter")
			address := fs.String("address", "", "where, in words")
			asJSON := fs.Bool("json", false, "print one JSON document")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				placed := map[string]bool{}
				fs.Visit(func(f *flag.Flag) { placed[f.Name] = true })
				if *kind == "" || !placed["lon"] || !placed["lat"] || len(args) > 0 {
					return cli.Usagef("--type, --lon and --lat are needed")
				}
				if err := onEarth(orb.Point{*lon, *lat}); err != nil {
					return err
				}
				return withStore(ctx, *path, func(st *store.Store) error {
					at := orb.Point{*lon, *lat}
					op, err := console.Report(ctx, st, console.ReportRequest{Type: *kind, At: &at, Address: *address, Text: *text, Author: "kuaituctl"})
					if err != nil {
						return err
					}
					if len(op.Edits) > 0 && op.Edits[0].Region.IsZero() {
						env.Say("%g, %g lies in no region: the event belongs to none and counts as outside", *lon, *lat)
					}
					return sayOp(env, *asJSON, op)
				})
			}
		},
	}
}
