// Package citypack reads what makes a city: its regions, boundaries, event catalogue, calendar, code schemes and the files
// to import, from a folder with a pack.json or from nothing but a list of divisions. It also makes what no public source
// has: base grids ([CutGrids]), and the home region of every building ([Assigner]).
//
// Start from [Load], [LoadDivisions] and [Pack]. A broken pack fails with a *[FileError] per fault, each naming file and
// line; unknown keys and boundaries that had to be mended or left out are warnings. A Pack is immutable after loading.
// Data files to import are named and checked, but not read.
package citypack

import (
	"errors"
	"fmt"

	"kuaitu/block"
)

// FileError is one fault of a pack. Line counts from 1; 0 speaks of the whole file.
type FileError struct {
	File string
	Line int
	Text string
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
}

// Is makes a FileError a block.ErrInvalid.
func (e *FileError) Is(target error) bool { return target == block.ErrInvalid }

// Faults returns the FileErrors in an error of this package, in the order in which they were found.
func Faults(err error) []*FileError {
	var one *FileError
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*FileError
		for _, e := range many.Unwrap() {
			out = append(out, Faults(e)...)
		}
		return out
	}
	if errors.As(err, &one) {
		return []*FileError{one}
	}
	return nil
}

// maxFaults is how many faults are collected before reading stops.
const maxFaults = 50

// faults collects what is wrong and what is unusual.
type faults struct {
	errs     []error
	warnings []*FileError
}

func (f *faults) fail(file string, line int, format string, a ...any) {
	if len(f.errs) < maxFaults {
		f.errs = append(f.errs, &FileError{file, line, fmt.Sprintf(format, a...)})
	}
}

func (f *faults) warn(file string, line int, format string, a ...any) {
	f.warnings = append(f.warnings, &FileError{file, line, fmt.Sprintf(format, a...)})
}

func (f *faults) err() error { return errors.Join(f.errs...) }
