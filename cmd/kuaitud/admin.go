package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"kuaitu/block"
	"kuaitu/cmd/internal/cli"
	"kuaitu/sync/blockserver/sqlite"
)

// An administrator's tasks run on the storage of a data folder. When the server runs it has the folder to itself; the
// task is then handed to it over loopback, with a token from a file in the folder that only its owner can read.

// adminFile says where a running server takes tasks.
const adminFile = "admin.json"

type adminAddress struct {
	Address string `json:"address"`
	Token   string `json:"token"`
}

// adminAnswer carries a task's result or its error with the kind it had.
type adminAnswer struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
	Exit   int             `json:"exit,omitempty"`
}

// task is one thing an administrator can ask for. An answer may come together with an error, as verify's does.
type task func(ctx context.Context, st *sqlite.Storage, request json.RawMessage) (any, error)

// call runs a task on the data folder, in this process or in the server's, and decodes its answer into out.
func call(ctx context.Context, data, name string, request, out any) error {
	raw, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	st, err := sqlite.Open(ctx, data, sqlite.Options{})
	if errors.Is(err, block.ErrConflict) {
		return callServer(ctx, data, name, raw, out)
	}
	if err != nil {
		return err
	}
	result, taskErr := tasks[name](ctx, st, raw)
	if err := st.Close(); err != nil {
		taskErr = errors.Join(taskErr, err)
	}
	if result != nil && out != nil {
		b, err := json.Marshal(result)
		if err == nil {
			err = json.Unmarshal(b, out)
		}
		taskErr = errors.Join(taskErr, err)
	}
	return taskErr
}

func callServer(ctx context.Context, data, name string, request []byte, out any) error {
	b, err := os.ReadFile(filepath.Join(data, adminFile))
	if err != nil {
		return fmt.Errorf("another process has the folder open and takes no tasks: %w", block.ErrUnavailable)
	}
	var at adminAddress
	if err := json.Unmarshal(b, &at); err != nil {
		return fmt.Errorf("%s: %v: %w", adminFile, err, block.ErrInvalid)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+at.Address+"/"+name, bytes.NewReader(request))
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+at.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the running server does not answer: %w", errors.Join(err, block.ErrUnavailable))
	}
	defer res.Body.Close()
	var answer adminAnswer
	if err := json.NewDecoder(io.LimitReader(res.Body, 64<<20)).Decode(&answer); err != nil {
		return fmt.Errorf("the running server's answer: %w", errors.Join(err, block.ErrUnavailable))
	}
	if len(answer.Result) > 0 && out != nil {
		if err := json.Unmarshal(answer.Result, out); err != nil {
			return fmt.Errorf("the running server's answer: %w", err)
		}
	}
	if answer.Error != "" {
		return &remoteError{answer.Error, answer.Exit}
	}
	return nil
}

// remoteError is a task's error in the server, with the kind it had there.
type remoteError struct {
	text string
	exit int
}

func (e *remoteError) Error() string { return e.text }

// Is keeps the kind over the way between processes.
func (e *remoteError) Is(target error) bool {
	return map[int]error{
		cli.ExitInvalid: block.ErrInvalid, cli.ExitNotFound: block.ErrNotFound, cli.ExitConflict: block.ErrConflict,
		cli.ExitUnavailable: block.ErrUnavailable, cli.ExitRefused: block.ErrRefused, cli.ExitUsage: cli.ErrUsage,
	}[e.exit] == target
}

// adminListener opens a loopback port for tasks and writes the file that says where. The file appears whole or not at
// all, and in place of one that a killed server left behind.
func adminListener(data string) (l net.Listener, token string, err error) {
	if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, "", fmt.Errorf("listen for tasks: %w", err)
	}
	var random [24]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, "", errors.Join(err, l.Close())
	}
	token = hex.EncodeToString(random[:])
	b, err := json.Marshal(adminAddress{Address: l.Addr().String(), Token: token})
	if err != nil {
		return nil, "", errors.Join(err, l.Close())
	}
	part := filepath.Join(data, adminFile+".part")
	if err = os.WriteFile(part, b, 0o600); err == nil {
		err = os.Rename(part, filepath.Join(data, adminFile))
	}
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("tell where tasks are taken: %w", err), l.Close())
	}
	return l, token, nil
}

// serveAdmin takes tasks on a listener until ctx ends, and then removes the file that says where.
func serveAdmin(ctx context.Context, data string, st *sqlite.Storage, l net.Listener, token string) error {
	defer os.Remove(filepath.Join(data, adminFile))
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+token)) != 1 {
			http.Error(w, "refused", http.StatusForbidden)
			return
		}
		run, ok := tasks[filepath.Base(r.URL.Path)]
		if !ok || r.Method != http.MethodPost {
			http.NotFound(w, r)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		var result any
		if err == nil {
			result, err = run(r.Context(), st, body)
		}
		var answer adminAnswer
		if result != nil {
			encoded, e := json.Marshal(result)
			answer.Result, err = encoded, errors.Join(err, e)
		}
		if err != nil {
			answer.Error, answer.Exit = err.Error(), cli.ExitCode(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // a caller that went away needs no answer
	})}
	return serveUntil(ctx, server, l)
}

// serveUntil serves until ctx ends and lets requests under way finish.
func serveUntil(ctx context.Context, server *http.Server, l net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	<-failed
	return err
}
