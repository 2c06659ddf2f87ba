package simtest

import (
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"kuaitu/block"
	"kuaitu/sync/blockserver"
)

// cityServer is the server of a world: the real handler over a storage that can be backed up and set back.
type cityServer interface {
	handler() http.Handler // nil while down
	// invite makes a one-time code; text is its text where the storage lets us choose.
	invite(text string, region block.ID, post string) string
	// restart is a new process over the same storage, at once or after a while.
	restart(later bool) error
	backup() error
	forgetBackups()
	// restore sets the server back to some backup: as `kuaitud restore` does, with a new epoch, or silently, as when a
	// disk image is rolled back. False: there was none.
	restore() bool
	// dump returns what the streams of a scope hold, worked out from rows and placements alone.
	dump(scope map[block.Stream]bool) ([]block.Part, error)
	// effects counts how often each op changed rows in this life of the server; receipts has every op's receipt.
	effects() map[block.ID]int
	receipts() map[block.ID]block.Receipt
	close()
}

// memServer keeps its rows in memory.
type memServer struct {
	w       *world
	rnd     *rand.Rand
	ops     *memOps
	h       *blockserver.Server // nil while down
	backups []*memOps
	cache   string // folder of frames made before; a restored server finds it as it was
}

func newMemServer(w *world) (cityServer, error) {
	s := &memServer{w: w, rnd: rand.New(rand.NewPCG(w.rnd.Uint64(), 7))}
	s.ops = newMemOps(blockserver.City{Epoch: s.newEpoch(), Set: set, Tree: w.area.tree})
	s.ops.mutant = w.mutant
	if err := s.ops.load(append(w.area.regionRows(), w.area.seedRows(w.rnd, 1+w.rnd.IntN(4))...)); err != nil {
		return nil, err
	}
	var err error
	if s.cache, err = os.MkdirTemp("", "kuaitu-sim-"); err != nil {
		return nil, err
	}
	return s, s.up()
}

// up starts a process over the storage.
func (s *memServer) up() error {
	h, err := blockserver.New(s.ops, blockserver.Options{Secret: [32]byte{1}, Cache: s.cache, Clock: func() time.Time { return s.w.now }})
	s.h = h
	return err
}

func (s *memServer) newEpoch() block.Epoch {
	var e block.Epoch
	_, _ = randomBytes{s.rnd}.Read(e[:])
	return e
}

// handler is nil while the server is down; the next request after that finds it up again.
func (s *memServer) handler() http.Handler {
	if s.h == nil && s.rnd.IntN(10) == 0 {
		if err := s.up(); err != nil {
			s.w.fail("start the server: %w", err)
		}
	}
	if s.h == nil {
		return nil // not a nil *Server in an interface
	}
	return s.h
}

func (s *memServer) invite(text string, region block.ID, post string) string {
	return s.ops.invite(text, region, post)
}

func (s *memServer) restart(later bool) error {
	s.h = nil
	if later {
		return nil
	}
	return s.up()
}

func (s *memServer) backup() error {
	s.backups = append(s.backups, s.ops.clone())
	return nil
}

func (s *memServer) forgetBackups() { s.backups = nil }

func (s *memServer) restore() bool {
	if len(s.backups) == 0 {
		return false
	}
	s.ops = s.backups[s.rnd.IntN(len(s.backups))].clone()
	if s.rnd.IntN(2) == 0 {
		s.ops.city.Epoch = s.newEpoch()
	}
	if err := s.up(); err != nil {
		s.w.fail("start the restored server: %w", err)
	}
	s.w.counts["restore"]++
	return true
}

func (s *memServer) close() { _ = os.RemoveAll(s.cache) }

func (s *memServer) dump(scope map[block.Stream]bool) ([]block.Part, error) {
	var out []block.Part
	for key, row := range s.ops.rows {
		out = append(out, s.w.area.partsOf(row, s.ops.places[key], scope)...)
	}
	return out, nil
}

// partsOf says, by the words of the design, which parts of a row the streams of a scope hold.
func (a area) partsOf(row *blockserver.Row, places []blockserver.Placement, scope map[block.Stream]bool) []block.Part {
	var out []block.Part
	if !row.Deleted {
		p := plan(row.Kind)
		type seat struct {
			stream  block.Stream
			foreign bool
		}
		seats := map[block.Stream]seat{}
		for c := block.Public; c < block.NumClasses; c++ {
			if !p.Classes().Has(c) {
				continue
			}
			for _, pl := range places {
				at := a.tree.StreamOf(pl.Region, c)
				seats[at] = seat{at, true}
			}
			at := a.tree.StreamOf(row.Region, c)
			seats[at] = seat{at, false}
		}
		for _, at := range seats {
			if !scope[at.stream] {
				continue
			}
			r := row.Record
			if at.stream.Class == block.Masked {
				r = p.MaskRecord(r)
			}
			part := p.Part(r, at.stream.Class)
			part.Stream, part.Foreign = at.stream, at.foreign
			out = append(out, part)
		}
	}
	return out
}

func (s *memServer) effects() map[block.ID]int { return s.ops.opIDs }

func (s *memServer) receipts() map[block.ID]block.Receipt {
	out := map[block.ID]block.Receipt{}
	for _, list := range s.ops.receipts {
		for _, r := range list {
			out[r.Op] = r
		}
	}
	return out
}
