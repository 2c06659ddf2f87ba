package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kuaitu/sync/wire"
)

// bin is the folder that holds kuaituctl and kuaitud, built once by TestMain.
var bin string

func TestMain(m *testing.M) {
	if os.Getenv("KUAITU_E2E") != "1" {
		fmt.Println("end-to-end tests run with KUAITU_E2E=1")
		return
	}
	flag.Parse()
	if flag.Lookup("test.list").Value.String() != "" {
		os.Exit(m.Run())
	}
	if run := flag.Lookup("test.run").Value.String(); !matches(run) {
		fmt.Fprintf(os.Stderr, "no end-to-end test is called %q\n", run)
		os.Exit(1)
	}
	os.Exit(runAll(m))
}

// matches reports whether -run names any test: a run of nothing must not look like a success.
func matches(run string) bool {
	top, _, _ := strings.Cut(run, "/")
	if top == "" {
		return true
	}
	out, err := exec.Command(os.Args[0], "-test.list", top).Output()
	return err != nil || strings.Contains(string(out), "Test") // a bad pattern is m.Run's to complain about
}

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "kuaitu-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-trimpath", "-o", dir+string(filepath.Separator), "kuaitu/cmd/kuaituctl", "kuaitu/cmd/kuaitud")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the programs:", err)
		return 1
	}
	bin = dir
	return m.Run()
}

// outcome is what a program that ended left behind.
type outcome struct {
	line     string // the command, for messages
	code     int    // -1 when it was killed
	out, err []byte
}

// commandTimeout bounds every single command.
const commandTimeout = 2 * time.Minute

// run runs a program to its end and checks what holds for every command: JSON on stdout is whole lines, a failure is
// told in one sentence and no program ever panics.
func run(t *testing.T, program string, args ...string) outcome {
	t.Helper()
	return runWith(t, nil, program, args...)
}

func runWith(t *testing.T, stdin io.Reader, program string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, program), args...)
	return runCmd(t, cmd, stdin)
}

func runCmd(t *testing.T, cmd *exec.Cmd, stdin io.Reader) outcome {
	t.Helper()
	var out, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &stderr
	err := cmd.Run()
	o := outcome{line: filepath.Base(cmd.Args[0]) + " " + strings.Join(cmd.Args[1:], " "), out: out.Bytes(), err: stderr.Bytes()}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v\n%s", o.line, err, o.err)
	}
	o.code = cmd.ProcessState.ExitCode()
	o.check(t)
	return o
}

// alwaysJSON are the commands that print JSON without being asked.
var alwaysJSON = []string{"init", "identify", "count", "ops", "verify", "doctor", "enrol", "devices", "revoke"}

func (o outcome) check(t *testing.T) {
	t.Helper()
	words := strings.Fields(o.line)
	if slices.Contains(words, "--json") || len(words) > 1 && slices.Contains(alwaysJSON, words[1]) {
		for _, line := range bytes.SplitAfter(o.out, []byte("\n")) {
			if len(line) > 0 && (!json.Valid(line) || !bytes.HasSuffix(line, []byte("\n"))) {
				t.Errorf("%s: stdout holds a line that is no JSON document: %q", o.line, line)
			}
		}
		if o.code == 0 && len(o.out) == 0 {
			t.Errorf("%s: printed no JSON", o.line)
		}
	}
	if bytes.Contains(o.err, []byte("panic:")) || bytes.Contains(o.err, []byte("goroutine ")) {
		t.Errorf("%s: panicked:\n%s", o.line, o.err)
	}
	if o.code > 0 {
		last := lastLine(o.err)
		if !strings.HasPrefix(last, words[0]+": ") || strings.Contains(last, "%!") {
			t.Errorf("%s: exit %d without a sentence: %q", o.line, o.code, last)
		}
	}
}

func lastLine(b []byte) string {
	s := strings.TrimRight(string(b), "\n")
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// want ends the test unless the exit code is the given one.
func (o outcome) want(t *testing.T, code int) outcome {
	t.Helper()
	if o.code != code {
		t.Fatalf("%s: exit %d, want %d\n%s%s", o.line, o.code, code, o.out, o.err)
	}
	return o
}

// says ends the test unless stderr holds the given text.
func (o outcome) says(t *testing.T, text string) outcome {
	t.Helper()
	if !strings.Contains(string(o.err), text) {
		t.Fatalf("%s: stderr does not say %q:\n%s", o.line, text, o.err)
	}
	return o
}

// decode reads the one JSON document on stdout.
func (o outcome) decode(t *testing.T, v any) {
	t.Helper()
	if n := bytes.Count(o.out, []byte("\n")); n != 1 {
		t.Fatalf("%s: %d lines on stdout, want one document:\n%s%s", o.line, n, o.out, o.err)
	}
	if err := json.Unmarshal(o.out, v); err != nil {
		t.Fatalf("%s: %v\n%s", o.line, err, o.out)
	}
}

// result decodes the document of a command that must succeed.
func result[T any](t *testing.T, o outcome) T {
	t.Helper()
	var v T
	o.want(t, 0).decode(t, &v)
	return v
}

func ctl(t *testing.T, args ...string) outcome    { t.Helper(); return run(t, "kuaituctl", args...) }
func server(t *testing.T, args ...string) outcome { t.Helper(); return run(t, "kuaitud", args...) }

// city is a server's folder and, while it runs, the process that serves it.
type city struct {
	t    *testing.T
	dir  string
	addr string
	cmd  *exec.Cmd
	done chan struct{}
	log  *os.File
}

// adopt makes a city of a server's folder and starts it.
func adopt(t *testing.T, dir string) *city {
	t.Helper()
	c := &city{t: t, dir: dir}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.addr = l.Addr().String()
	l.Close()
	if c.log, err = os.Create(filepath.Join(t.TempDir(), "server.log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.kill()
		if t.Failed() {
			if b, err := os.ReadFile(c.log.Name()); err == nil {
				t.Logf("the server's log ends with\n%s", b[max(0, len(b)-3000):])
			}
		}
		c.log.Close()
	})
	c.start()
	return c
}

func (c *city) url() string { return "http://" + c.addr }

// start serves the folder and waits until it is healthy.
func (c *city) start() {
	c.t.Helper()
	c.cmd = exec.Command(filepath.Join(bin, "kuaitud"), "serve", "--data", c.dir, "--listen", c.addr)
	c.cmd.Stdout, c.cmd.Stderr = c.log, c.log
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	done := make(chan struct{})
	c.done = done
	cmd := c.cmd
	go func() {
		_ = cmd.Wait() // the state is read from cmd
		close(done)
	}()
	deadline := time.Now().Add(15 * time.Second)
	for time.Now().Before(deadline) {
		res, err := http.Get(c.url() + wire.PathHealth)
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-c.done:
			c.t.Fatalf("the server ended: %v", c.cmd.ProcessState)
		case <-time.After(20 * time.Millisecond):
		}
	}
	c.t.Fatal("the server is not healthy after 15 s")
}

// kill ends the server as kill -9 does.
func (c *city) kill() {
	if c.cmd != nil {
		_ = c.cmd.Process.Kill() // it may have ended
		<-c.done
		c.cmd = nil
	}
}

// stop asks the server to end and returns its exit code.
func (c *city) stop() int {
	c.t.Helper()
	_ = c.cmd.Process.Signal(os.Interrupt)
	select {
	case <-c.done:
	case <-time.After(20 * time.Second):
		c.t.Fatal("the server does not stop on an interrupt")
	}
	code := c.cmd.ProcessState.ExitCode()
	c.cmd = nil
	return code
}

type enrolment struct {
	Code, Region, Post string
	Expires            time.Time
}

// code asks for a one-time code for a region, "" being the whole city.
func (c *city) code(region string) enrolment {
	c.t.Helper()
	args := []string{"enrol", "--data", c.dir, "--post", "desk", "--json"}
	if region != "" {
		args = append(args, "--region", region)
	}
	return result[enrolment](c.t, server(c.t, args...))
}

// console makes a store enrolled for a region and synced once.
func (c *city) console(region string) string {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), "console.gpkg")
	s := result[syncResult](c.t, ctl(c.t, "sync", "--store", path, "--server", c.url(), "--enrol", c.code(region).Code, "--json"))
	if !s.Proved {
		c.t.Fatalf("the first sync is not proved: %+v", s)
	}
	return path
}

// syncResult is what sync prints.
type syncResult struct {
	Pulled, Pushed, Pending, Conflicts, Rejected int
	Totals                                       struct{ Pushed, Rejected int }
	Proved                                       bool
	Epoch, Problem                               string
	Rows                                         int64
	Repaired                                     int
	Repairs                                      []struct{ Kind, ID string }
	BytesIn                                      int64 `json:"bytes_in"`
	BytesOut                                     int64 `json:"bytes_out"`
	Seconds                                      float64
}

// sync syncs a store, which must succeed and be proved equal.
func sync(t *testing.T, store string) syncResult {
	t.Helper()
	s := result[syncResult](t, ctl(t, "sync", "--store", store, "--json"))
	if !s.Proved {
		t.Fatalf("sync of %s is not proved: %+v", store, s)
	}
	return s
}

type opList struct {
	Ops []struct {
		Op, Fate, Reason string
		Counter          uint64
		Edits            []struct {
			Verb, Kind, ID string
			Values         map[string]any
		}
	}
	Pushed, Pending, Conflicts, Rejected int
}

func ops(t *testing.T, store string) opList {
	t.Helper()
	return result[opList](t, ctl(t, "ops", "--store", store, "--json"))
}

// made is what edit and report print.
type made struct {
	Op, ID  string
	Counter uint64
	Edits   int
}

func report(t *testing.T, store string, lon, lat float64, text string) made {
	t.Helper()
	return result[made](t, ctl(t, "report", "--store", store, "--type", "暴露垃圾", "--lon", fmt.Sprint(lon), "--lat", fmt.Sprint(lat), "--text", text, "--json"))
}

func edit(t *testing.T, store, kind, id string, sets ...string) made {
	t.Helper()
	args := []string{"edit", "--store", store, "--kind", kind, "--id", id, "--json"}
	for _, s := range sets {
		args = append(args, "--set", s)
	}
	return result[made](t, ctl(t, args...))
}

type counts struct {
	Rows []struct {
		Code, Name string
		Count      int
	}
	Outside, Above int
}

// count returns the records of a kind by region code, with the number outside.
func count(t *testing.T, store, kind, by string) (byCode map[string]int, outside int) {
	t.Helper()
	c := result[counts](t, ctl(t, "count", "--store", store, "--kind", kind, "--by", by, "--json"))
	byCode = map[string]int{}
	for _, r := range c.Rows {
		byCode[r.Code] = r.Count
	}
	return byCode, c.Outside
}

// total is the number of records of a kind in a store.
func total(t *testing.T, store, kind string) int {
	t.Helper()
	byCode, outside := count(t, store, kind, "city")
	for _, n := range byCode {
		outside += n
	}
	return outside
}

type serverFacts struct {
	Epoch   string
	Records map[string]int
	Outside map[string]int
}

func (c *city) doctor() serverFacts {
	c.t.Helper()
	return result[serverFacts](c.t, server(c.t, "doctor", "--data", c.dir, "--json"))
}

// verify has both programs recompute everything.
func (c *city) verify(stores ...string) {
	c.t.Helper()
	server(c.t, "verify", "--data", c.dir, "--json").want(c.t, 0)
	for _, s := range stores {
		ctl(c.t, "verify", "--store", s, "--json").want(c.t, 0)
	}
}
