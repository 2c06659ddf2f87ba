package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"kuaitu/block"
	"kuaitu/cmd/internal/cli"
	"kuaitu/sync/blockserver"
	"kuaitu/sync/blockserver/sqlite"

	"golang.org/x/sync/errgroup"
)

func serveCommand() cli.Command {
	return cli.Command{
		Name: "serve", Args: "--data DIR [--listen ADDR]",
		Summary: "serve the city until interrupted; beyond loopback only with TLS",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			data := dataFlag(fs)
			listen := fs.String("listen", "127.0.0.1:7420", "`ADDR` to listen on")
			cert := fs.String("tls-cert", "", "certificate `file` (PEM)")
			key := fs.String("tls-key", "", "private key `file` (PEM)")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if *data == "" || len(args) > 0 {
					return cli.Usagef("--data DIR is needed")
				}
				return serve(ctx, env, *data, strings.TrimSpace(*listen), *cert, *key)
			}
		},
	}
}

func serve(ctx context.Context, env *cli.Env, data, listen, cert, key string) (err error) {
	if (cert == "") != (key == "") {
		return cli.Usagef("--tls-cert and --tls-key come together")
	}
	host, err := listenHost(listen)
	if err != nil {
		return err
	}
	if cert == "" && !loopback(host) {
		return fmt.Errorf("%s can be reached from other machines: without --tls-cert and --tls-key only loopback is served: %w", listen, block.ErrRefused)
	}
	st, err := sqlite.Open(ctx, data, sqlite.Options{})
	if errors.Is(err, block.ErrConflict) {
		return fmt.Errorf("another kuaitud works on %s already; stop it first or give this one a folder of its own: %w", data, block.ErrUnavailable)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	log := slog.New(slog.NewTextHandler(env.Stderr, nil))
	handler, err := blockserver.New(st, blockserver.Options{Secret: st.Secret(), Cache: st.CacheDir(), Log: log})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return cannotListen(listen, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	if cert != "" {
		if l, err = tlsListener(l, cert, key); err != nil {
			return err
		}
	}
	admin, token, err := adminListener(data)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	log.Info("serving", "address", l.Addr().String(), "tls", cert != "")
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serveAdmin(ctx, data, st, admin, token) })
	g.Go(func() error { return serveUntil(ctx, server, l) })
	g.Go(func() error { return handler.Watch(ctx) })
	err = g.Wait()
	log.Info("stopped")
	return err
}

// listenHost returns the host of HOST:PORT, "" for every address of the machine. Another form, and a port that is none, is
// a usage error.
func listenHost(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", cli.Usagef("--listen %q: it is HOST:PORT, such as 127.0.0.1:7420", addr)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", cli.Usagef("--listen %q: the port is a number from 0 to 65535", addr)
	}
	if strings.ContainsAny(host, " /\\@") {
		return "", cli.Usagef("--listen %q: %q is no address or host name", addr, host)
	}
	return host, nil
}

// cannotListen says what to do about an address that cannot be had.
func cannotListen(addr string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is taken by another program; stop it or choose another port with --listen: %w", addr, block.ErrUnavailable)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s may not be used by this account; choose a port above 1023 with --listen: %w", addr, block.ErrRefused)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%s is no address of this machine; choose one of its own with --listen: %w", addr, block.ErrUnavailable)
	}
	return fmt.Errorf("listen on %s: %v: %w", addr, err, block.ErrUnavailable)
}

// loopback reports whether a host can be reached from this machine only.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
