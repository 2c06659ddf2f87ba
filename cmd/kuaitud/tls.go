package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"

	"kuaitu/block"
)

// tlsListener serves TLS 1.3 with a certificate and key from files. A key that others can read is ErrRefused.
func tlsListener(l net.Listener, cert, key string) (net.Listener, error) {
	info, err := os.Stat(key)
	if err != nil {
		return nil, fmt.Errorf("TLS key: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("the TLS key can be read by others (mode %o), make it 600: %w", info.Mode().Perm(), block.ErrRefused)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("TLS certificate: %w", errors.Join(err, block.ErrInvalid))
	}
	return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13, NextProtos: []string{"h2", "http/1.1"}}), nil
}
