//go:build linux

package main_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The programs under test are built once into binDir, which goes when the tests have ended.
var (
	binDir    string
	buildOnce sync.Once
	buildErr  error
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "kuaitu-window-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binDir = dir
	code := m.Run()
	_ = os.RemoveAll(dir) // a left-over folder is no failure
	os.Exit(code)
}

// needScreen skips a test of the real window unless it is asked for, and builds the programs.
func needScreen(t testing.TB) {
	t.Helper()
	if os.Getenv("KUAITU_E2E") != "1" {
		t.Skip("tests of the real window run with KUAITU_E2E=1")
	}
	for _, tool := range []string{"Xvfb", "openbox", "xdotool"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is not installed; .ci/deps test installs it", tool)
		}
	}
	buildOnce.Do(func() {
		buildErr = errors.Join(
			goBuild("0", "", binDir+string(filepath.Separator), "kuaitu/cmd/kuaituctl", "kuaitu/cmd/kuaitud"),
			goBuild("1", "x11,migrated_fynedo", filepath.Join(binDir, "kuaitu"), "kuaitu/cmd/kuaitu"),
		)
	})
	if buildErr != nil {
		t.Fatal(buildErr)
	}
}

func goBuild(cgo, tags, out string, packages ...string) error {
	cmd := exec.Command("go", append([]string{"build", "-trimpath", "-tags", tags, "-o", out}, packages...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	if b, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %v: %w\n%s", packages, err, b)
	}
	return nil
}

// until waits for a condition and fails the test when it does not come true in time.
func until(t testing.TB, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("after %s still not: %s", limit, what)
		}
		time.Sleep(30 * time.Millisecond)
	}
}

// process is a child of the test with its talk in a file. It is killed when the test ends.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	log  string
	done chan struct{}
}

func start(t testing.TB, log string, cmd *exec.Cmd) *process {
	t.Helper()
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd.Stdout, cmd.Stderr = f, f
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: cmd, log: log, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in ProcessState
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			b := p.said()
			t.Logf("%s said at last:\n%s", filepath.Base(cmd.Path), b[max(0, len(b)-4000):])
		}
	})
	return p
}

// kill ends the process as kill -9 does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
}

// stop asks the process to end and returns its exit code.
func (p *process) stop() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatalf("stop %s: %v", filepath.Base(p.cmd.Path), err)
	}
	return p.ends(30 * time.Second)
}

// ends waits for the process to end by itself and returns its exit code.
func (p *process) ends(limit time.Duration) int {
	p.t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		_ = p.cmd.Process.Signal(syscall.SIGQUIT) // where it is stuck says its last word
		select {
		case <-p.done:
		case <-time.After(5 * time.Second):
		}
		b := p.said()
		p.t.Fatalf("%s has not ended after %s:\n%s", filepath.Base(p.cmd.Path), limit, b[max(0, len(b)-30000):])
		return -1
	}
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *process) said() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// screen is a virtual display of its own. Its pixels are read from the file it keeps them in, which costs nothing.
type screen struct {
	t       testing.TB
	display string
	pixels  string // the file
	size    image.Point
	shots   int
	env     []string // of programs on it, besides what all have
}

// newScreen starts Xvfb, and openbox on it when managed.
func newScreen(t testing.TB, w, h int, managed bool) *screen {
	t.Helper()
	dir := t.TempDir()
	r, wr, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", w, h), "-nolisten", "tcp", "-fbdir", dir)
	cmd.ExtraFiles = []*os.File{wr}
	p := start(t, filepath.Join(dir, "xvfb.log"), cmd)
	wr.Close()
	defer r.Close()
	if err := r.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(r).ReadString('\n') // closing the pipe before the end of the line would end Xvfb
	if err != nil {
		t.Fatalf("Xvfb names no display: %v\n%s", err, p.said())
	}
	s := &screen{t: t, display: ":" + strings.TrimSpace(line), pixels: filepath.Join(dir, "Xvfb_screen0"), size: image.Pt(w, h)}
	if managed {
		manager := func() *process {
			wm := exec.Command("openbox")
			wm.Env = append(os.Environ(), "DISPLAY="+s.display)
			return start(t, filepath.Join(dir, "openbox.log"), wm)
		}
		wm := manager()
		until(t, 30*time.Second, "the window manager owns the screen", func() bool {
			if wm.ended() {
				wm = manager() // it came before the display took connections
			}
			_, err := s.xdo("get_desktop")
			return err == nil
		})
	}
	return s
}

// xdo runs xdotool on the screen.
func (s *screen) xdo(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "xdotool", args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+s.display)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("xdotool %v: %w: %s", args, err, stderr.Bytes())
	}
	return strings.TrimSpace(out.String()), nil
}

// window is a running kuaitu and its window. Positions are in its content, in pixels, as the design counts them.
type window struct {
	*process
	s     *screen
	id    string
	at    image.Point // of the content on the screen
	size  image.Point
	mouse image.Point // where it was last put
	lap   time.Time   // of the start
}

// launch starts a kuaitu program on the screen with a home folder of its own, and does not wait for its window.
func (s *screen) launch(program, home string, args ...string) *process {
	s.t.Helper()
	for _, dir := range []string{"config", "cache"} {
		if err := os.MkdirAll(filepath.Join(home, dir), 0o700); err != nil {
			s.t.Fatal(err)
		}
	}
	cmd := exec.Command(filepath.Join(binDir, program), args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+s.display, "LIBGL_ALWAYS_SOFTWARE=1", "HOME="+home, "LANG=C.UTF-8", "LC_ALL=C.UTF-8",
		"XDG_CONFIG_HOME="+filepath.Join(home, "config"), "XDG_CACHE_HOME="+filepath.Join(home, "cache"), "FYNE_SCALE=1")
	cmd.Env = append(cmd.Env, s.env...)
	return start(s.t, filepath.Join(home, "kuaitu.log"), cmd)
}

// open starts a kuaitu program and waits for its window. The size is that of the content.
func (s *screen) open(program, home string, size image.Point, args ...string) *window {
	s.t.Helper()
	w := &window{s: s, size: size, lap: time.Now()}
	w.process = s.launch(program, home, append([]string{"--size", fmt.Sprintf("%dx%d", size.X, size.Y)}, args...)...)
	until(s.t, 30*time.Second, "the window is there", func() bool {
		if w.ended() {
			s.t.Fatalf("kuaitu ended with %d before it had a window", w.cmd.ProcessState.ExitCode())
		}
		out, err := s.xdo("search", "--onlyvisible", "--pid", strconv.Itoa(w.cmd.Process.Pid))
		ids := strings.Fields(out)
		if err != nil || len(ids) == 0 {
			return false
		}
		w.id = ids[len(ids)-1]
		return true
	})
	s.mustDo("windowactivate", "--sync", w.id)
	until(s.t, 10*time.Second, "the window has its size", func() bool {
		// where the content's corner is says the mouse: xdotool's geometry counts the window's frame twice
		geometry, err := s.xdo("getwindowgeometry", "--shell", w.id)
		if err != nil {
			return false
		}
		if _, err := s.xdo("mousemove", "--window", w.id, "0", "0"); err != nil {
			return false
		}
		corner, err := s.xdo("getmouselocation", "--shell")
		if err != nil {
			return false
		}
		v := map[string]int{}
		for line := range strings.Lines(geometry + "\n" + corner) { // the later X and Y count
			if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
				v[name], _ = strconv.Atoi(value) // what is no number is not looked at
			}
		}
		w.at = image.Pt(v["X"], v["Y"])
		return v["WIDTH"] == size.X && v["HEIGHT"] == size.Y
	})
	w.park()
	return w
}

// park puts the mouse where it neither points at nor covers anything: its picture is on the screen, too.
func (w *window) park() {
	w.t.Helper()
	w.point(image.Pt(w.size.X/2, w.size.Y-12))
}

func (s *screen) mustDo(args ...string) {
	s.t.Helper()
	if _, err := s.xdo(args...); err != nil {
		s.t.Fatal(err)
	}
}

func (w *window) xdo(args ...string) {
	w.t.Helper()
	if w.ended() {
		w.t.Fatalf("the window has ended with %d", w.cmd.ProcessState.ExitCode())
	}
	w.s.mustDo(args...)
}

func (w *window) point(p image.Point) {
	w.t.Helper()
	w.mouse = p
	w.xdo("mousemove", strconv.Itoa(w.at.X+p.X), strconv.Itoa(w.at.Y+p.Y))
}

func (w *window) click(p image.Point, button int) {
	w.t.Helper()
	w.point(p)
	w.xdo("click", strconv.Itoa(button))
}

// drag moves the left button from a to b in steps.
func (w *window) drag(a, b image.Point) {
	w.t.Helper()
	const steps = 8
	w.hover(a)
	before := w.frame()
	w.xdo("mousedown", "1")
	for i := 1; i <= steps; i++ {
		w.point(a.Add(b.Sub(a).Mul(i).Div(steps)))
	}
	w.settled(10*time.Second, partMap, "the map follows the mouse", func(f frame) bool { return f.differs(before, partMap) > 2000 })
	w.xdo("mouseup", "1")
}

func (w *window) key(keys ...string) {
	w.t.Helper()
	w.xdo(append([]string{"key", "--delay", "40"}, keys...)...)
}

func (w *window) write(text string) {
	w.t.Helper()
	w.xdo("type", "--delay", "25", text)
}

// rests waits until the window uses next to no processor time for a while: one that nobody touches must not draw.
func (w *window) rests() {
	w.t.Helper()
	const slice = time.Second
	until(w.t, 30*time.Second, "the window rests", func() bool {
		before := w.cpu()
		time.Sleep(slice)
		return w.cpu()-before < slice/10
	})
}

// cpu is the processor time that the window's process has used.
func (w *window) cpu() time.Duration {
	w.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.cmd.Process.Pid))
	if err != nil {
		w.t.Fatal(err)
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])) // the first is the third of proc(5)
	var ticks time.Duration
	for _, f := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.Atoi(f)
		if err != nil {
			w.t.Fatal(err)
		}
		ticks += time.Duration(n)
	}
	return ticks * 10 * time.Millisecond
}

func (w *window) title() string {
	w.t.Helper()
	out, err := w.s.xdo("getwindowname", w.id)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}
