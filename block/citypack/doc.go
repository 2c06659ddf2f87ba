// Package citypack reads what makes a city: its regions, boundaries, event catalogue, calendar, code schemes and the files
// to import, from a folder with a pack.json or from nothing but a list of divisions. It also makes what no public source
// has: base grids ([CutGrids]), and the home region of every building ([Assigner]).
//
// Start from [Load], [LoadDivisions] and [Pack]. A broken pack fails with a *[FileError] per fault, each naming file and
// line; unknown keys and boundaries that had to be mended or left out are warnings. A Pack is immutable after loading.
// Data files to import are named and checked, but not read.
//
// # pack.json
//
// File names are relative, with /, inside the pack's folder; names of things are {"zh": …, "en": …} or one string.
//
//	pack         1, the version of this format
//	name         the city's name
//	region       code of the root region; default: the one division that has no parent in the list
//	timezone     default Asia/Shanghai
//	levels       [{"level": "street", "zh": "街道", "en": "Street office"}, …]
//	divisions    {"file": CSV with code,name,level,parent[,name_en], "scheme": default stat12 where codes have 12 digits}
//	boundaries   [{"file": GeoJSON, may be .gz, "datum": wgs84|cgcs2000|gcj02|bd09, and the names of the properties that
//	             hold "code", "name", "name_en", "level", "parent"}, …]; "a.b" leads into an object
//	imports      [{"file", "kind", "datum", "encoding", "fields": {column: field of the kind}}, …]
//	basemaps     [{"file" or "url", "name", "datum"}, …]
//	catalogue    {"file": CSV with code,class,name[,name_en,condition,limit_amount,limit_unit,closing,unit,icon]}
//	calendar     {"file": CSV with day,working[,name], "hours": ["09:00-12:00", "14:00-18:00"]}
//	schemes      ["sz25" or {"id", "parts": [{"names": "building", "width": 5, "charset": digits|letters|alnum, "values": {…}}]}, …]
//	attribution  shown on every map
//
// The list of divisions decides what regions there are and who is whose parent; levels may be left out (a city without
// districts). Boundaries only give polygons to them, by code, else by name under the parent, with or without 街道, 社区
// and the like; the level of a file that states none is found out from its names. One that fits no division becomes a
// region of its own with a code of scheme "local".
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
