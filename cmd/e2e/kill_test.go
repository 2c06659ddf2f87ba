package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// killSeed replays a run of the kill tests: every moment of a kill comes from it.
const killSeed = 20181

// killAfter runs a command and kills it after a while, as kill -9 does. It returns how long the command ran and whether
// it ended by itself before.
func killAfter(t *testing.T, after time.Duration, program string, args ...string) (ended bool) {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, program), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-done:
		if bytes.Contains(stderr.Bytes(), []byte("goroutine ")) {
			t.Errorf("%s panicked:\n%s", args[0], &stderr)
		}
		return true
	case <-time.After(after):
	}
	_ = cmd.Process.Kill()
	<-done
	return false
}

// reportsAt makes n reports in one community of the town and returns their IDs.
func reportsAt(t *testing.T, store string, n int, text string) []string {
	t.Helper()
	lon, lat := cell(0, 1, 1)
	var ids []string
	for i := range n {
		ids = append(ids, report(t, store, lon+0.001+float64(i%40)*0.0002, lat+0.0097, fmt.Sprintf("%s %d", text, i)).ID)
	}
	return ids
}

// TestE2EKillConsole kills a console in the middle of its first sync and of later ones. After each kill the store opens,
// is whole and has every op that was saved; in the end both sides are equal and every op had one effect.
func TestE2EKillConsole(t *testing.T) {
	t.Parallel()
	c := newCity(t)
	rng := rand.New(rand.NewPCG(killSeed, 1))
	other := c.console("")
	events := c.doctor().Records["event"]

	path, kills, full := c.killedAtFirst(rng, 6)
	t.Logf("%d kills in first syncs, one of which takes %v", kills, full)
	started := time.Now()
	sync(t, path)
	again := time.Since(started)

	hits := 0
	var mine []string
	for i := range 10 {
		mine = append(mine, reportsAt(t, path, 2, fmt.Sprintf("round %d", i))...)
		edit(t, other, "building", buildingAt(t, other, 7*i), fmt.Sprintf("floors=%d", 40+i))
		reportsAt(t, other, 1, "from elsewhere")
		sync(t, other)
		if !killAfter(t, time.Duration(rng.Int64N(int64(again))), "kuaituctl", "sync", "--store", path, "--json") {
			hits++
		}
		ctl(t, "verify", "--store", path).want(t, 0)
		if l := ops(t, path); len(l.Ops) != len(mine) || l.Pushed+l.Pending != len(mine) || l.Conflicts+l.Rejected != 0 {
			t.Fatalf("round %d: %d ops were saved, now there are %+v", i, len(mine), l)
		}
	}
	t.Logf("%d of 10 later syncs were killed; one takes %v", hits, again)
	if s := sync(t, path); s.Pending != 0 {
		t.Errorf("ops are pending after the last sync: %+v", s)
	}
	sync(t, other)
	c.settled(path, other, events+len(mine)+10, mine)
}

// killedAtFirst makes a console whose first syncs were killed until it got through, and again with new ones until so
// many kills have hit. What the same command, typed again, says in the end is done or that the store is enrolled.
func (c *city) killedAtFirst(rng *rand.Rand, want int) (path string, kills int, full time.Duration) {
	c.t.Helper()
	began := time.Now()
	c.console("")
	full = time.Since(began)
	for range 10 {
		path = filepath.Join(c.t.TempDir(), "console.gpkg")
		first := []string{"sync", "--store", path, "--server", c.url(), "--enrol", c.code("").Code, "--json"}
		args := first
		for kills < want && !killAfter(c.t, time.Duration(rng.Int64N(int64(full))), "kuaituctl", args...) {
			kills++
			c.opensOrIsBlank(path)
		}
		if o := ctl(c.t, first...); o.code != 0 && o.code != 5 {
			c.t.Fatalf("the command given again: exit %d\n%s", o.code, o.err)
		}
		if kills >= want {
			return path, kills, full
		}
	}
	c.t.Fatalf("only %d kills hit a first sync", kills)
	return "", 0, 0
}

// opensOrIsBlank checks that a kill left a whole store, or none that was made yet.
func (c *city) opensOrIsBlank(path string) {
	c.t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 {
		return
	}
	if o := ctl(c.t, "verify", "--store", path); o.code != 0 {
		o.want(c.t, 3).says(c.t, "its making was interrupted")
	}
}

// settled checks that two consoles and the server hold the same events, the given ones among them, each with one effect.
func (c *city) settled(a, b string, events int, mine []string) {
	c.t.Helper()
	c.verify(a, b)
	if n := c.doctor().Records["event"]; n != events {
		c.t.Errorf("the server has %d events, want %d", n, events)
	}
	for _, store := range []string{a, b} {
		seen := map[string]bool{}
		for _, r := range exportCSV(c.t, store, "event") {
			seen[r["id"]] = true
		}
		if len(seen) != events {
			c.t.Errorf("%s has %d events, want %d", filepath.Base(store), len(seen), events)
		}
		for _, id := range mine {
			if !seen[id] {
				c.t.Errorf("event %s, which was saved, is not on %s", id, filepath.Base(store))
			}
		}
	}
	for _, o := range ops(c.t, a).Ops {
		if o.Fate != "applied" && o.Fate != "merged" {
			c.t.Errorf("op %s is %s (%s)", o.Op, o.Fate, o.Reason)
		}
	}
}

// TestE2EKillServer kills the server while a console pulls and pushes. The console says that the server is away and keeps
// everything; when the server is back, every op has had exactly one effect.
func TestE2EKillServer(t *testing.T) {
	t.Parallel()
	c := newCity(t)
	rng := rand.New(rand.NewPCG(killSeed, 2))
	a, other := c.console(""), c.console("")
	events := c.doctor().Records["event"]
	started := time.Now()
	sync(t, a)
	idle := time.Since(started)
	var mine []string
	cut := 0
	for i := range 6 {
		mine = append(mine, reportsAt(t, a, 12, fmt.Sprintf("round %d", i))...)
		edit(t, other, "building", buildingAt(t, other, 11*i), fmt.Sprintf("floors=%d", 50+i))
		sync(t, other)
		result := make(chan outcome, 1)
		cmd := exec.Command(filepath.Join(bin, "kuaituctl"), "sync", "--store", a, "--json")
		go func() { result <- runCmd(t, cmd, nil) }()
		time.Sleep(time.Duration(rng.Int64N(int64(2 * idle)))) // the moment of the kill is what this test is about
		c.kill()
		o := <-result
		switch o.code {
		case 0:
		case 6:
			cut++
			var s syncResult
			o.decode(t, &s)
			if s.Proved || s.Problem == "" {
				t.Errorf("a sync that was cut off says %+v", s)
			}
		default:
			t.Errorf("a sync whose server is killed exits %d: %s", o.code, o.err)
		}
		ctl(t, "verify", "--store", a).want(t, 0)
		c.start()
		server(t, "verify", "--data", c.dir).want(t, 0)
	}
	t.Logf("%d of 6 syncs were cut off; one takes %v", cut, idle)
	if s := sync(t, a); s.Pending != 0 || s.Totals.Pushed != len(mine) {
		t.Errorf("in the end %+v, with %d ops made", s, len(mine))
	}
	sync(t, other)
	c.settled(a, other, events+len(mine), mine)
}
