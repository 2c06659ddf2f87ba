package simtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kuaitu/store"
)

// seeds says how many lives a test runs: SEEDS, or the given number; SEED runs that one alone.
func seeds(t *testing.T, n int) (first, last uint64) {
	t.Helper()
	if s := os.Getenv("SEED"); s != "" {
		one, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("SEED: %v", err)
		}
		return one, one
	}
	if s := os.Getenv("SEEDS"); s != "" {
		many, err := strconv.Atoi(s)
		if err != nil || many < 1 {
			t.Fatalf("SEEDS must be a number from 1, not %q", s)
		}
		n = many
	}
	return 1, uint64(n)
}

// life runs one seed from beginning to end.
func life(seed uint64, serve func(*world) (cityServer, error), open func(*world, int) (replica, error), steps int, m mutant) (w *world, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if w, err = newWorld(seed, serve, open, m); err != nil {
		return w, err
	}
	defer w.close()
	if err = w.live(steps); err == nil {
		err = w.settleDown()
	}
	return w, err
}

// runLives runs the seeds and reports a failing one with the command that replays it.
func runLives(t *testing.T, n, steps int, serve func(*world) (cityServer, error), open func(*world, int) (replica, error)) {
	first, last := seeds(t, n)
	counts := map[string]int{}
	failed := 0
	for seed := first; seed <= last; seed++ {
		w, err := life(seed, serve, open, steps, noMutant)
		if w != nil {
			for k, c := range w.counts {
				counts[k] += c
			}
		}
		if err != nil {
			tail := ""
			if first == last && w != nil {
				tail = "\n" + strings.Join(w.log, "\n")
			}
			t.Errorf("seed %d: %v\nreplay: SEED=%d go test ./sync/simtest -run '^%s$'%s", seed, err, seed, t.Name(), tail)
			if failed++; failed == 5 {
				t.Fatal("five seeds failed; the rest is not run")
			}
		}
	}
	t.Logf("%d seeds, faults: %v", last-first+1, counts)
}

// TestLives is the first simulation of promises.md: devices over the in-memory replica.
func TestLives(t *testing.T) {
	runLives(t, 300, 120, newMemServer, memDevices)
}

func memDevices(w *world, _ int) (replica, error) { return newMemStore(w.mutant), nil }

// TestOraclesCanFail shows that each of some deliberate faults is found within a few seeds.
func TestOraclesCanFail(t *testing.T) {
	for _, m := range []mutant{loseOp, applyTwice, leak, noResend, halfCut} {
		t.Run(strings.ReplaceAll(string(m), " ", "-"), func(t *testing.T) {
			const most = 60
			for seed := uint64(1); seed <= most; seed++ {
				if _, err := life(seed, newMemServer, memDevices, 120, m); err != nil {
					t.Logf("seed %d: %.200v", seed, err)
					return
				}
			}
			t.Errorf("%d seeds did not find that %s", most, m)
		})
	}
}

// TestProofHeals gives the proof work to do: a server whose segments lack a part, and a replica that cannot repair rows,
// so that the streams must come again as a whole. Every life still ends well.
func TestProofHeals(t *testing.T) {
	for _, m := range []mutant{hide, forgetful} {
		t.Run(strings.ReplaceAll(string(m), " ", "-"), func(t *testing.T) {
			repaired := 0
			for seed := uint64(1); seed <= 20; seed++ {
				w, err := life(seed, newMemServer, memDevices, 120, m)
				if err != nil {
					t.Errorf("seed %d: %v", seed, err)
					continue
				}
				repaired += w.counts["repaired"]
			}
			if repaired == 0 {
				t.Error("nothing was ever repaired: the test has no teeth")
			}
			t.Logf("%d rows repaired", repaired)
		})
	}
}

// TestLivesOnFiles lives out fewer seeds over the product's own store.
func TestLivesOnFiles(t *testing.T) {
	runLives(t, 12, 80, newFileServer, func(w *world, i int) (replica, error) {
		rnd := rand.New(rand.NewPCG(w.rnd.Uint64(), uint64(i)))
		return newFileStore(filepath.Join(t.TempDir(), "store.gpkg"), w.area, store.Options{Readers: 1, Random: randomBytes{rnd}, Now: func() time.Time { return w.now }})
	})
}
