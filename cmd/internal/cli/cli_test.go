package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"kuaitu/block"
)

func TestExitCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0}, {errors.New("x"), 1}, {Usagef("x"), 2}, {fmt.Errorf("a: %w", block.ErrInvalid), 3}, {fs.ErrNotExist, 4},
		{&block.ConflictError{}, 5}, {block.ErrUnavailable, 6}, {block.ErrRefused, 7}, {&block.FieldError{}, 3},
	} {
		if got := ExitCode(c.err); got != c.want {
			t.Errorf("ExitCode(%v) = %d, want %d", c.err, got, c.want)
		}
	}
}

func TestRun(t *testing.T) {
	var got []string
	var json bool
	commands := []Command{{Name: "do", Setup: func(fs *flag.FlagSet) func(context.Context, *Env, []string) error {
		fs.BoolVar(&json, "json", false, "")
		return func(_ context.Context, _ *Env, args []string) error { got = args; return nil }
	}}}
	for _, c := range []struct {
		args string
		want []string
		json bool
		code int
	}{
		{"do a b", []string{"a", "b"}, false, 0},
		{"do a --json b", []string{"a", "b"}, true, 0},
		{"do --json -- --a", []string{"--a"}, true, 0},
		{"do 114.1 -22.5", []string{"114.1", "-22.5"}, false, 0},
		{"do -114.1 -22.5 --json", []string{"-114.1", "-22.5"}, true, 0},
		{"do --nonsense", nil, false, 2},
		{"other", nil, false, 2},
		{"", nil, false, 2},
		{"help", nil, false, 0},
		{"do -help", nil, false, 0},
		{"do --help", nil, false, 0},
		{"help do", nil, false, 0},
		{"help other", nil, false, 2},
		{"--version", nil, false, 0},
	} {
		got, json = nil, false
		var stdout, stderr bytes.Buffer
		err := Program{"prog", "about", "1.2", commands}.Run(context.Background(), &Env{Stdout: &stdout, Stderr: &stderr}, strings.Fields(c.args))
		if !slices.Equal(got, c.want) || json != c.json || ExitCode(err) != c.code {
			t.Errorf("%q: args %q json %v code %d, want %q %v %d\n%s", c.args, got, json, ExitCode(err), c.want, c.json, c.code, &stderr)
		}
	}
}

func TestSentence(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{Usagef("a flag is missing"), "a flag is missing"},
		{errors.Join(errors.New("b.csv:3: no such column"), block.ErrInvalid), "b.csv:3: no such column"},
		{fmt.Errorf("sync: the store is standalone: %w", block.ErrConflict), "sync: the store is standalone"},
		{errors.Join(errors.New("one"), errors.New("two")), "one; two"},
		{block.ErrInvalid, "invalid"},
	} {
		if got := Sentence(c.err); got != c.want {
			t.Errorf("Sentence(%q) = %q, want %q", c.err, got, c.want)
		}
	}
}

func TestTheNullDeviceIsNoTerminal(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if terminal(f) {
		t.Error("the null device is taken for a person")
	}
}
