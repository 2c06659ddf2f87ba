// Package cli is what the headless programs share: a table of subcommands, exit codes by kind of error, one JSON
// document per line on stdout and talk on stderr. See docs/architecture.md §6 for the contract.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"kuaitu/block"
)

// Exit codes, part of the contract with scripts.
const (
	ExitDone        = 0
	ExitOther       = 1
	ExitUsage       = 2
	ExitInvalid     = 3
	ExitNotFound    = 4
	ExitConflict    = 5
	ExitUnavailable = 6
	ExitRefused     = 7
)

// ErrUsage is a command line that cannot be understood; the message says what is missing.
var ErrUsage = errors.New("usage")

// Usagef returns an ErrUsage with a sentence.
func Usagef(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrUsage)
}

// ExitCode returns the code for an error, 0 for nil.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return ExitDone
	case errors.Is(err, ErrUsage):
		return ExitUsage
	case errors.Is(err, block.ErrInvalid):
		return ExitInvalid
	case errors.Is(err, block.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return ExitNotFound
	case errors.Is(err, block.ErrConflict), errors.Is(err, fs.ErrExist):
		return ExitConflict
	case errors.Is(err, block.ErrRefused), errors.Is(err, fs.ErrPermission):
		return ExitRefused
	case errors.Is(err, block.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ENOSPC):
		return ExitUnavailable
	}
	return ExitOther
}

// Env is what a command may use of the outside world.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Terminal       bool // stdin is a person
}

// JSON writes v as one document on one line of stdout.
func (e *Env) JSON(v any) error {
	enc := json.NewEncoder(e.Stdout)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// Say writes one line for people on stderr.
func (e *Env) Say(format string, args ...any) { fmt.Fprintf(e.Stderr, format+"\n", args...) }

// Command is one subcommand.
type Command struct {
	Name    string
	Args    string // the part of the usage line after the name
	Summary string
	// Setup declares flags and returns what runs after parsing, with the arguments that are not flags.
	Setup func(fs *flag.FlagSet) func(ctx context.Context, env *Env, args []string) error
}

// Program is a table of subcommands under one name.
type Program struct {
	Name     string
	About    string // one line for people
	Version  string
	Commands []Command
}

// Main runs the program with the process's arguments and signals and exits with the code of its error.
func (p Program) Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	env := &Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Terminal: terminal(os.Stdin)}
	err := p.Run(ctx, env, os.Args[1:])
	stop()
	os.Exit(ExitCode(err))
}

// terminal reports whether a file is a person's terminal; the null device, which is a character device too, is none.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// Run finds and runs the command that args name and prints its error, if any, as one sentence.
func (p Program) Run(ctx context.Context, env *Env, args []string) error {
	err := p.dispatch(ctx, env, args)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		env.Say("%s: %s", p.Name, Sentence(err))
		return err
	}
	return nil
}

// kinds are the words of the errors that carry nothing but a kind; the exit code says the same.
var kinds = []string{ErrUsage.Error(), block.ErrInvalid.Error(), block.ErrNotFound.Error(), block.ErrConflict.Error(), block.ErrUnavailable.Error(), block.ErrRefused.Error()}

// Sentence is an error's text on one line: joined errors are set apart by semicolons and kinds left out where something
// else says what happened.
func Sentence(err error) string {
	var parts []string
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSpace(line)
		for bare := ""; bare != line; {
			bare = line
			for _, k := range kinds {
				line = strings.TrimSuffix(line, ": "+k)
			}
		}
		if line != "" && !slices.Contains(kinds, line) {
			parts = append(parts, line)
		}
	}
	if len(parts) == 0 {
		return strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	return strings.Join(parts, "; ")
}

// dispatch understands NAME ARGS, NAME -help, help, help NAME and --version; talk about the program itself is no error.
func (p Program) dispatch(ctx context.Context, env *Env, args []string) error {
	switch {
	case len(args) == 0:
		p.overview(env)
		return Usagef("no command given")
	case args[0] == "version" || args[0] == "--version" || args[0] == "-version":
		_, err := fmt.Fprintf(env.Stdout, "%s %s\n", p.Name, p.Version)
		return err
	case args[0] == "help" || args[0] == "-h" || args[0] == "--help" || args[0] == "-help":
		if len(args) == 1 {
			p.overview(env)
			return nil
		}
		args = []string{args[1], "-help"}
	}
	for _, c := range p.Commands {
		if c.Name == args[0] {
			return p.command(ctx, env, c, args[1:])
		}
	}
	return Usagef("there is no command %q; %s help lists them", args[0], p.Name)
}

// overview lists the commands.
func (p Program) overview(env *Env) {
	env.Say("%s: %s (version %s)\n", p.Name, p.About, p.Version)
	for _, c := range p.Commands {
		env.Say("  %-10s %s", c.Name, c.Summary)
	}
	env.Say("\n%s COMMAND -help shows a command's options.", p.Name)
}

func (p Program) command(ctx context.Context, env *Env, c Command, args []string) error {
	fs := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	run := c.Setup(fs)
	rest, err := parse(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		env.Say("usage: %s %s %s\n%s", p.Name, c.Name, c.Args, c.Summary)
		fs.SetOutput(env.Stderr)
		fs.PrintDefaults()
		return err
	}
	if err != nil {
		return Usagef("%s: %v", c.Name, err)
	}
	if err := run(ctx, env, rest); err != nil {
		if strings.HasPrefix(err.Error(), c.Name+": ") {
			return err // whoever failed has the command's name
		}
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return nil
}

// parse lets flags stand before, between and after the other arguments; "--" ends them.
func parse(fs *flag.FlagSet, args []string) ([]string, error) {
	var rest []string
	for {
		if negativeNumbers(args) { // identify -10.5 22: a coordinate is no flag
			rest, args = append(rest, args[0]), args[1:]
			continue
		}
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		left := fs.Args()
		if used := len(args) - len(left); used > 0 && args[used-1] == "--" {
			return append(rest, left...), nil
		}
		if len(left) == 0 {
			return rest, nil
		}
		rest = append(rest, left[0])
		args = left[1:]
	}
}

func negativeNumbers(args []string) bool {
	return len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && (args[0][1] >= '0' && args[0][1] <= '9' || args[0][1] == '.')
}
