package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
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
				return serve(ctx, env, *data, *listen, *cert, *key)
			}
		},
	}
}

func serve(ctx context.Context, env *cli.Env, data, listen, cert, key string) (err error) {
	if (cert == "") != (key == "") {
		return cli.Usagef("--tls-cert and --tls-key come together")
	}
	if cert == "" && !loopback(listen) {
		return fmt.Errorf("%s can be reached from other machines: without --tls-cert and --tls-key only loopback is served: %w", listen, block.ErrRefused)
	}
	st, err := sqlite.Open(ctx, data, sqlite.Options{})
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
		return fmt.Errorf("listen on %s: %w", listen, errors.Join(err, block.ErrUnavailable))
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
	err = g.Wait()
	log.Info("stopped")
	return err
}

// loopback reports whether an address can be reached from this machine only.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
