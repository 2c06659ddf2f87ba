// Kuaitud is the city's block-data server: it keeps the city, hands out changes by streams, takes ops from consoles and
// proves both sides equal. Its commands are contracts, see docs/architecture.md §6.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/cmd/internal/cli"
	"kuaitu/cmd/internal/console"
	"kuaitu/sync/blockserver/sqlite"
	"kuaitu/sync/ingest"
)

var version = "dev"

func main() {
	cli.Program{Name: "kuaitud", About: "the city's block-data server", Version: version, Commands: commands()}.Main()
}

func commands() []cli.Command {
	return []cli.Command{initCommand(), serveCommand(), importCommand(), enrolCommand(), revokeCommand(), devicesCommand(), backupCommand(), restoreCommand(), verifyCommand(), doctorCommand()}
}

// dataFlag is the --data that every command takes.
func dataFlag(fs *flag.FlagSet) *string {
	return fs.String("data", "", "the server's `folder`")
}

func initCommand() cli.Command {
	return cli.Command{
		Name: "init", Args: "--data DIR --pack PACK [--with-data]",
		Summary: "make a server's folder from a city pack: a bundled name, a folder with pack.json, or a divisions CSV",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			data := dataFlag(fs)
			pack := fs.String("pack", "", "`PACK`: demo, a folder with pack.json, or a CSV code,name,level,parent")
			withData := fs.Bool("with-data", false, "also run the pack's imports and make people, rooms and events up")
			_ = fs.Bool("json", true, "print one JSON document (always)")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if *data == "" || *pack == "" || len(args) > 0 {
					return cli.Usagef("--data DIR and --pack PACK are needed")
				}
				start := time.Now()
				city, err := console.BuildCity(ctx, *pack, filepath.Join(*data, "pack"), *withData, env.Say)
				if err != nil {
					return err
				}
				if err := sqlite.Init(ctx, *data, console.WireMeta(city.Pack), city.Tree.All(), sqlite.Options{}); err != nil {
					return err
				}
				st, err := sqlite.Open(ctx, *data, sqlite.Options{})
				if err != nil {
					return err
				}
				n, err := st.Load(ctx, city.Records())
				if err = errors.Join(err, st.Close()); err != nil {
					return err
				}
				env.Say("%d records written in %.1f s", n, time.Since(start).Seconds())
				return env.JSON(map[string]any{"regions": city.Levels(), "records": n, "imports": append([]ingest.Report{}, city.Reports...), "warnings": city.Warnings})
			}
		},
	}
}

func importCommand() cli.Command {
	return cli.Command{
		Name: "import", Args: "FILE… --data DIR --kind K --datum D",
		Summary: "bring files in; a standalone store (.gpkg) is taken over whole, without --kind",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			data := dataFlag(fs)
			kind := fs.String("kind", "", "`kind` of record: building, address, …")
			datum := fs.String("datum", "", "what the coordinates refer to: wgs84, cgcs2000, gcj02 or bd09")
			encoding := fs.String("encoding", "", "of text: utf-8, gb18030, … (default: found out)")
			_ = fs.Bool("json", true, "print one JSON document a file (always)")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if *data == "" || len(args) == 0 {
					return cli.Usagef("files and --data DIR are needed")
				}
				for _, file := range args {
					abs, err := filepath.Abs(file)
					if err != nil {
						return fmt.Errorf("find %s: %w", file, err)
					}
					var report ingest.Report
					err = call(ctx, *data, "import", importRequest{File: abs, Kind: block.Kind(*kind), Datum: *datum, Encoding: *encoding}, &report)
					if report.File != "" { // of a file of which nothing was taken in, it says why
						err = errors.Join(err, env.JSON(report))
					}
					if err != nil {
						return err
					}
				}
				return nil
			}
		},
	}
}

func enrolCommand() cli.Command {
	return cli.Command{
		Name: "enrol", Args: "--data DIR [--region CODE] --post desk|field|wall [--name TEXT]",
		Summary: "make a one-time code by which a console enrols, good for 24 hours; also while the server runs",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			data := dataFlag(fs)
			region := fs.String("region", "", "`code` of the region the console is for; default: the whole city")
			post := fs.String("post", "desk", "desk, field or wall")
			name := fs.String("name", "", "how the console is called in lists")
			_ = fs.Bool("json", true, "print one JSON document (always)")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				return relay(ctx, env, *data, "enrol", enrolRequest{Region: *region, Post: *post, Name: *name}, args)
			}
		},
	}
}

func revokeCommand() cli.Command {
	return cli.Command{
		Name: "revoke", Args: "DEVICE --data DIR", Summary: "take a console's right away; from its next contact on it is refused",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			data := dataFlag(fs)
			_ = fs.Bool("json", true, "print one JSON document (always)")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if len(args) != 1 {
					return cli.Usagef("one DEVICE id is needed, see kuaitud devices")
				}
				id, err := block.ParseID(args[0])
				if err != nil {
					return err
				}
				return relay(ctx, env, *data, "revoke", id, nil)
			}
		},
	}
}

func devicesCommand() cli.Command {
	return simple("devices", "list the enrolled consoles")
}

func verifyCommand() cli.Command {
	return simple("verify", "compare rows, sums, placements and logs; exit 1 when something differs")
}

func doctorCommand() cli.Command {
	return simple("doctor", "tell the state of the server: city, regions without polygon, records outside, records by kind")
}

// simple is a command that needs nothing but the folder.
func simple(name, summary string) cli.Command {
	return cli.Command{Name: name, Args: "--data DIR", Summary: summary, Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
		data := dataFlag(fs)
		_ = fs.Bool("json", true, "print one JSON document (always)")
		return func(ctx context.Context, env *cli.Env, args []string) error {
			return relay(ctx, env, *data, name, nil, args)
		}
	}}
}

// relay runs an administrator's task and prints its answer.
func relay(ctx context.Context, env *cli.Env, data, task string, request any, args []string) error {
	if data == "" || len(args) > 0 {
		return cli.Usagef("--data DIR is needed")
	}
	var answer json.RawMessage
	err := call(ctx, data, task, request, &answer)
	if len(answer) > 0 {
		err = errors.Join(env.JSON(answer), err)
	}
	return err
}

func backupCommand() cli.Command {
	return cli.Command{
		Name: "backup", Args: "FILE --data DIR", Summary: "write a whole, consistent copy of the city; also while the server runs",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			data := dataFlag(fs)
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if len(args) != 1 || *data == "" {
					return cli.Usagef("one FILE and --data DIR are needed")
				}
				abs, err := filepath.Abs(args[0])
				if err != nil {
					return fmt.Errorf("find %s: %w", args[0], err)
				}
				if err := call(ctx, *data, "backup", abs, nil); err != nil {
					return err
				}
				env.Say("backup written to %s", args[0])
				return nil
			}
		},
	}
}

func restoreCommand() cli.Command {
	return cli.Command{
		Name: "restore", Args: "FILE --data DIR", Summary: "put a backup in place of a stopped server's data; consoles notice and send again what it lacks",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			data := dataFlag(fs)
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if len(args) != 1 || *data == "" {
					return cli.Usagef("one FILE and --data DIR are needed")
				}
				if err := console.CheckInput(args[0]); err != nil {
					return err
				}
				err := sqlite.Restore(ctx, *data, args[0], sqlite.Options{Set: schema.Builtin()})
				if errors.Is(err, block.ErrConflict) {
					return fmt.Errorf("a kuaitud works on %s; stop it first: %w", *data, block.ErrUnavailable)
				}
				if err != nil {
					return err
				}
				env.Say("restored; the data before it is kept beside it")
				return nil
			}
		},
	}
}
