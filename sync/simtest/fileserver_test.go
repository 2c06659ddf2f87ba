package simtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"kuaitu/block"
	"kuaitu/sync/blockserver"
	"kuaitu/sync/blockserver/sqlite"
	"kuaitu/sync/wire"
)

// fileServer is the product's own server: the SQLite storage in a data folder.
type fileServer struct {
	w       *world
	rnd     *rand.Rand
	dir     string
	store   *sqlite.Storage
	h       *blockserver.Server
	made    int
	backups []string
}

func newFileServer(w *world) (cityServer, error) {
	dir, err := os.MkdirTemp("", "kuaitu-sim-")
	if err != nil {
		return nil, err
	}
	s := &fileServer{w: w, rnd: rand.New(rand.NewPCG(w.rnd.Uint64(), 7)), dir: dir}
	ctx := context.Background()
	if err := sqlite.Init(ctx, s.data(), wire.Meta{NameEN: "Sim", TimeZone: "Asia/Shanghai"}, w.area.tree.All(), s.options()); err != nil {
		return nil, err
	}
	if err := s.up(); err != nil {
		return nil, err
	}
	catalogue := plan("catalogue_type")
	_, err = s.store.Load(ctx, func(yield func(block.Record, error) bool) {
		for _, code := range []string{"garbage", "parking"} {
			r := catalogue.New(block.NameID("catalogue_type", code), w.area.tree.Root())
			catalogue.Set(&r, "code", block.TextValue(code))
			catalogue.Set(&r, "class", block.TextValue("city"))
			catalogue.Set(&r, "name", block.TextValue(code))
			if !yield(r, nil) {
				return
			}
		}
		for _, row := range w.area.seedRows(w.rnd, 1+w.rnd.IntN(4)) {
			if !yield(row.Record, nil) {
				return
			}
		}
	})
	return s, err
}

func (s *fileServer) data() string { return filepath.Join(s.dir, "data") }

func (s *fileServer) options() sqlite.Options { return sqlite.Options{Random: randomBytes{s.rnd}} }

func (s *fileServer) up() error {
	var err error
	if s.store, err = sqlite.Open(context.Background(), s.data(), s.options()); err != nil {
		return err
	}
	s.h, err = blockserver.New(s.store, blockserver.Options{
		Secret: s.store.Secret(), Cache: s.store.CacheDir(), Clock: func() time.Time { return s.w.now },
	})
	return err
}

func (s *fileServer) down() error {
	if s.h == nil {
		return nil
	}
	s.h = nil
	return s.store.Close()
}

func (s *fileServer) handler() http.Handler {
	if s.h == nil && s.rnd.IntN(10) == 0 {
		if err := s.up(); err != nil {
			s.w.fail("start the server: %w", err)
		}
	}
	if s.h == nil {
		return nil
	}
	return s.h
}

// running makes sure there is a process: administration needs one.
func (s *fileServer) running() {
	if s.h == nil {
		if err := s.up(); err != nil {
			panic(err)
		}
	}
}

func (s *fileServer) invite(_ string, region block.ID, post string) string {
	s.running()
	code, _, err := s.store.CreateCode(context.Background(), region, post, "", s.w.now)
	if err != nil {
		panic(err)
	}
	return code
}

func (s *fileServer) restart(later bool) error {
	if err := s.down(); err != nil || later {
		return err
	}
	return s.up()
}

func (s *fileServer) backup() error {
	s.running()
	s.made++
	name := filepath.Join(s.dir, fmt.Sprintf("backup-%d", s.made))
	s.backups = append(s.backups, name)
	return s.store.Backup(context.Background(), name)
}

func (s *fileServer) forgetBackups() { s.backups = nil }

func (s *fileServer) restore() bool {
	if len(s.backups) == 0 {
		return false
	}
	name := s.backups[s.rnd.IntN(len(s.backups))]
	err := s.down()
	if err == nil {
		err = sqlite.Restore(context.Background(), s.data(), name, s.options())
	}
	if err == nil {
		err = s.up()
	}
	if err != nil {
		s.w.fail("restore: %w", err)
	}
	s.w.counts["restore"]++
	return true
}

func (s *fileServer) close() {
	_ = s.down()
	_ = os.RemoveAll(s.dir)
}

// view runs fn over a snapshot.
func (s *fileServer) view(fn func(context.Context, blockserver.View) error) error {
	s.running()
	ctx := context.Background()
	return s.store.View(ctx, func(v blockserver.View) error { return fn(ctx, v) })
}

func (s *fileServer) dump(scope map[block.Stream]bool) (out []block.Part, err error) {
	err = s.view(func(ctx context.Context, v blockserver.View) error {
		tallies, err := v.Tallies(ctx, nil)
		if err != nil {
			return err
		}
		seen := map[blockserver.RowKey]bool{}
		for key := range tallies {
			leaves, err := v.Leaves(ctx, key)
			if err != nil {
				return err
			}
			for id := range leaves {
				k := blockserver.RowKey{Kind: key.Kind, ID: id}
				if seen[k] {
					continue
				}
				seen[k] = true
				row, err := v.Row(ctx, k)
				if err != nil {
					return err
				}
				places, err := v.Placements(ctx, k)
				if err != nil {
					return err
				}
				out = append(out, s.w.area.partsOf(row, places, scope)...)
			}
		}
		return nil
	})
	return out, err
}

func (s *fileServer) receipts() map[block.ID]block.Receipt {
	out := map[block.ID]block.Receipt{}
	err := s.view(func(ctx context.Context, v blockserver.View) error {
		for id := range s.w.created {
			r, found, err := v.ReceiptOf(ctx, id)
			if err != nil {
				return err
			}
			if found {
				out[id] = r
			}
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	return out
}

// effects knows only what receipts say; that an effect happens once is counted in memory (memOps).
func (s *fileServer) effects() map[block.ID]int {
	out := map[block.ID]int{}
	for id, r := range s.receipts() {
		if r.Seq > 0 {
			out[id] = 1
		}
	}
	return out
}
