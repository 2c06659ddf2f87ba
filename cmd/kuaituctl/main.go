// Kuaituctl does everything that the console does without a window: a local store is made, filled, searched, edited,
// synced, verified, drawn and exported. Its commands are contracts, see docs/architecture.md §6.
package main

import (
	"context"
	"flag"

	"kuaitu/block"
	"kuaitu/cmd/internal/cli"
	"kuaitu/cmd/internal/console"
	"kuaitu/store"
)

var version = "dev"

func main() {
	cli.Program{Name: "kuaituctl", About: "block data without a window", Version: version, Commands: commands()}.Main()
}

func commands() []cli.Command {
	return []cli.Command{
		initCommand(), importCommand(), exportCommand(), searchCommand(), identifyCommand(), countCommand(), aroundCommand(), measureCommand(),
		syncCommand(), editCommand(), reportCommand(), opsCommand(), verifyCommand(), doctorCommand(),
		renderCommand(), pictureCommand(), offlineCommand(), upCommand(), benchCommand(),
	}
}

// storeFlag is the --store that most commands take.
func storeFlag(fs *flag.FlagSet) *string {
	return fs.String("store", "", "the local store, a GeoPackage `file`")
}

// withStore opens an existing store for fn and closes it after.
func withStore(ctx context.Context, path string, fn func(*store.Store) error) (err error) {
	if path == "" {
		return cli.Usagef("--store FILE is missing")
	}
	if err := console.CheckStore(path); err != nil {
		return err
	}
	st, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	defer func() {
		if e := st.Close(); err == nil {
			err = e
		}
	}()
	return fn(st)
}

// regionByCode returns the region with a code, the zero ID for an empty code.
func regionByCode(ctx context.Context, st *store.Store, code string) (block.ID, error) {
	if code == "" {
		return block.ID{}, nil
	}
	tree, err := st.Reader().Tree(ctx)
	if err != nil {
		return block.ID{}, err
	}
	r, err := console.RegionByCode(tree, code)
	return r.ID, err
}
