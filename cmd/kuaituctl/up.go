package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
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
	"runtime"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/cmd/internal/cli"
)

// upCommand is what `make run` calls: a whole small deployment on one machine, from nothing to an open map.
func upCommand() cli.Command {
	return cli.Command{
		Name: "up", Args: "[--pack PACK] [--data DIR]",
		Summary: "make the city if there is none, start its server on loopback, enrol the console and open it",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			u := &deployment{}
			fs.StringVar(&u.pack, "pack", "demo", "`PACK`: demo, a folder with pack.json, or a divisions CSV")
			fs.StringVar(&u.data, "data", "data", "`folder` that keeps server and console between starts")
			fs.StringVar(&u.lang, "lang", "", "language of the window: zh or en")
			fs.StringVar(&u.screenshot, "screenshot", "", "with no display: `file` for the picture of the window")
			fs.DurationVar(&u.after, "after", 6*time.Second, "with no display: how long after the start the picture is taken")
			fs.BoolVar(&u.noWindow, "no-window", false, "stop once the console is enrolled and in sync")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if len(args) > 0 {
					return cli.Usagef("up takes no arguments, only flags")
				}
				return u.run(ctx, env)
			}
		},
	}
}

type deployment struct {
	pack, data, lang string
	screenshot       string
	after            time.Duration
	noWindow         bool

	env    *cli.Env
	home   string // data/<city>
	server string // base URL
}

func (u *deployment) run(ctx context.Context, env *cli.Env) error {
	u.env = env
	slug, err := citySlug(u.pack)
	if err != nil {
		return err
	}
	if u.home, err = filepath.Abs(filepath.Join(u.data, slug)); err != nil {
		return fmt.Errorf("find %s: %w", u.data, err)
	}
	if err := os.MkdirAll(u.home, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	if err := u.makeCity(ctx); err != nil {
		return err
	}
	stop, err := u.serve(ctx)
	if err != nil {
		return err
	}
	defer stop()
	store := filepath.Join(u.home, "console.gpkg")
	if err := u.enrol(ctx, store); err != nil {
		return err
	}
	if u.noWindow {
		return nil
	}
	return u.open(ctx, store)
}

// citySlug names a pack's data folder: the bundled name, or the folder's name with eight digits of its full path.
func citySlug(pack string) (string, error) {
	if pack == "demo" {
		return "demo", nil
	}
	abs, err := filepath.Abs(pack)
	if err != nil {
		return "", fmt.Errorf("find pack: %w", err)
	}
	if _, err := os.Stat(abs); err != nil {
		return "", fmt.Errorf("pack %s: %w", pack, err)
	}
	sum := sha256.Sum256([]byte(abs))
	return fmt.Sprintf("%s-%x", strings.TrimSuffix(filepath.Base(abs), filepath.Ext(abs)), sum[:4]), nil
}

// packDir is the folder whose base maps the window shows: the pack's own, or where init wrote the demo pack.
func (u *deployment) packDir() string {
	if u.pack == "demo" {
		return filepath.Join(u.home, "server", "pack")
	}
	abs, err := filepath.Abs(u.pack)
	if err != nil {
		return u.pack
	}
	return abs
}

// tool returns the path of a program built beside this one.
func tool(name string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find own program: %w", err)
	}
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	path := filepath.Join(filepath.Dir(self), name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not beside %s, build it with `make build`: %w", name, filepath.Base(self), block.ErrNotFound)
	}
	return path, nil
}

// child runs a program of ours to its end, its talk on our stderr, and returns its stdout.
func (u *deployment) child(ctx context.Context, name string, args ...string) ([]byte, error) {
	path, err := tool(name)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, u.env.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w", name, args[0], errors.Join(err, kindOfExit(err)))
	}
	return out.Bytes(), nil
}

// kindOfExit turns a child's exit code back into the kind of its error.
func kindOfExit(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return nil
	}
	switch exit.ExitCode() {
	case cli.ExitInvalid:
		return block.ErrInvalid
	case cli.ExitNotFound:
		return block.ErrNotFound
	case cli.ExitConflict:
		return block.ErrConflict
	case cli.ExitUnavailable:
		return block.ErrUnavailable
	case cli.ExitRefused:
		return block.ErrRefused
	}
	return nil
}

// makeCity makes the server's folder from the pack when there is none. It is made beside its place and renamed, so a
// start that was interrupted begins again.
func (u *deployment) makeCity(ctx context.Context) error {
	dir := filepath.Join(u.home, "server")
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil {
		return fmt.Errorf("clear a half-made server folder: %w", err)
	}
	u.env.Say("making the city from %s; this happens once", u.pack)
	start := time.Now()
	if _, err := u.child(ctx, "kuaitud", "init", "--data", part, "--pack", u.pack, "--with-data"); err != nil {
		return err
	}
	if err := os.Rename(part, dir); err != nil {
		return fmt.Errorf("put the new city in place: %w", err)
	}
	u.env.Say("the city is there after %.1f s", time.Since(start).Seconds())
	return nil
}

// serve starts the city server on loopback and waits until it is healthy. The address is kept, since the console
// remembers it; when another program has taken the port, a new one is chosen.
func (u *deployment) serve(ctx context.Context) (stop func(), err error) {
	keep := filepath.Join(u.home, "listen")
	addr := "127.0.0.1:0"
	if b, err := os.ReadFile(keep); err == nil {
		addr = strings.TrimSpace(string(b))
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("listen on loopback: %w", errors.Join(err, block.ErrUnavailable))
		}
	}
	addr = l.Addr().String()
	l.Close()
	if err := os.WriteFile(keep, []byte(addr+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("keep the server's address: %w", err)
	}
	path, err := tool("kuaitud")
	if err != nil {
		return nil, err
	}
	logFile, err := os.OpenFile(filepath.Join(u.home, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the server's log: %w", err)
	}
	cmd := exec.Command(path, "serve", "--data", filepath.Join(u.home, "server"), "--listen", addr)
	cmd.Stdout, cmd.Stderr = logFile, logFile
	if err := cmd.Start(); err != nil {
		logFile.Close()
		return nil, fmt.Errorf("start the server: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop = func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(15 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		logFile.Close()
	}
	u.server = "http://" + addr
	if err := waitHealthy(ctx, u.server, ended); err != nil {
		stop()
		return nil, fmt.Errorf("%w (its log is %s)", err, logFile.Name())
	}
	return stop, nil
}

func waitHealthy(ctx context.Context, server string, ended chan error) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/healthz", nil)
		if err != nil {
			return fmt.Errorf("ask the server: %w", err)
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16))
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-ended:
			ended <- err
			if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == cli.ExitUnavailable {
				return fmt.Errorf("the city's server is running already, or its folder cannot be used: is the console open in another window: %w", block.ErrUnavailable)
			}
			return fmt.Errorf("the server ended before it was ready: %w", errors.Join(err, block.ErrUnavailable))
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", block.ErrUnavailable)
		case <-tick.C:
		}
	}
}

// enrol gives the console's store a device credential and its first data, once.
func (u *deployment) enrol(ctx context.Context, store string) error {
	if _, err := os.Stat(filepath.Join(u.home, "enrolled")); err == nil {
		return nil
	}
	out, err := u.child(ctx, "kuaitud", "enrol", "--data", filepath.Join(u.home, "server"), "--post", "desk", "--name", "console", "--json")
	if err != nil {
		return err
	}
	var answer struct{ Code string }
	if err := json.Unmarshal(out, &answer); err != nil || answer.Code == "" {
		return fmt.Errorf("read the enrolment code: %w", errors.Join(err, block.ErrInvalid))
	}
	u.env.Say("enrolling the console and fetching its area")
	if _, err := u.child(ctx, "kuaituctl", "sync", "--store", store, "--server", u.server, "--enrol", answer.Code, "--json"); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(u.home, "enrolled"), nil, 0o600); err != nil {
		return fmt.Errorf("note that the console is enrolled: %w", err)
	}
	return nil
}

// open shows the window and waits until it is closed. Without a display it takes one picture of the window under Xvfb.
func (u *deployment) open(ctx context.Context, store string) error {
	path, err := tool("kuaitu")
	if err != nil {
		return err
	}
	args := []string{"--store", store, "--server", u.server, "--pack", u.packDir()}
	if u.lang != "" {
		args = append(args, "--lang", u.lang)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" {
		shot := u.screenshot
		if shot == "" {
			shot = filepath.Join(u.home, "window.png")
		}
		u.env.Say("there is no display here")
		xvfb, err := exec.LookPath("Xvfb")
		if err != nil {
			return fmt.Errorf("no display and no Xvfb to stand in for one (Debian: apt-get install xvfb); city and console are ready in %s: %w", u.home, block.ErrUnavailable)
		}
		display, stop, err := startXvfb(ctx, xvfb)
		if err != nil {
			return err
		}
		defer stop()
		args = append(args, "--screenshot", shot, "--after", u.after.String())
		cmd = exec.CommandContext(ctx, path, args...)
		cmd.Env = append(os.Environ(), "DISPLAY="+display, "LIBGL_ALWAYS_SOFTWARE=1")
		defer func() {
			if _, err := os.Stat(shot); err == nil {
				u.env.Say("started under Xvfb; a picture of the window is %s", shot)
			}
		}()
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Stdout, cmd.Stderr = u.env.Stderr, u.env.Stderr
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("the window ended: %w", errors.Join(err, kindOfExit(err)))
	}
	return nil
}

// startXvfb starts a virtual display on a free number and returns its name, such as ":5".
func startXvfb(ctx context.Context, xvfb string) (display string, stop func(), err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", nil, fmt.Errorf("make a pipe: %w", err)
	}
	cmd := exec.CommandContext(ctx, xvfb, "-displayfd", "3", "-screen", "0", "1920x1080x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{w}
	err = cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		return "", nil, fmt.Errorf("start Xvfb: %w", errors.Join(err, block.ErrUnavailable))
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	_ = r.SetReadDeadline(time.Now().Add(15 * time.Second))
	line, err := bufio.NewReaderSize(r, 16).ReadString('\n')
	r.Close()
	number := strings.TrimSpace(line)
	if number == "" {
		stop()
		return "", nil, fmt.Errorf("the virtual display did not start: %w", errors.Join(err, block.ErrUnavailable))
	}
	return ":" + number, stop, nil
}
