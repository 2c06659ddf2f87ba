package citypack

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// maxFileBytes bounds every file of a pack that is read here, after unpacking.
const maxFileBytes = 512 << 20

// readFile reads a file of a pack, unpacked when its name ends in .gz.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(strings.ToLower(name), ".gz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, fmt.Errorf("not a gzip file: %w", err)
		}
		r = z
	}
	data, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("larger than %d MiB", maxFileBytes>>20)
	}
	return data, nil
}

// readText is readFile for text in UTF-8, with or without a byte order mark, or GB18030.
func (f *faults) readText(fsys fs.FS, name string) ([]byte, bool) {
	data, err := readFile(fsys, name)
	if err != nil {
		f.fail(name, 0, "cannot be read: %s", plainCause(err))
		return nil, false
	}
	return f.decode(name, data)
}

func plainCause(err error) string {
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.As(err, &p):
		return p.Err.Error()
	}
	return err.Error()
}

// decode turns text into UTF-8 without a byte order mark.
func (f *faults) decode(name string, data []byte) ([]byte, bool) {
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		f.fail(name, 1, "is in UTF-16; save it as UTF-8 or GB18030")
		return nil, false
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if utf8.Valid(data) {
		return data, true
	}
	out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	if at := bytes.IndexRune(out, utf8.RuneError); err != nil || at >= 0 {
		// Text that is nearly UTF-8 fails early as GB18030, and the other way round: the later line is the one at fault.
		f.fail(name, max(lineAt(out, max(at, 0)), lineAt(data, invalidUTF8(data))), "holds bytes that are neither UTF-8 nor GB18030")
		return nil, false
	}
	return out, true
}

// invalidUTF8 returns the offset of the first byte that is no UTF-8.
func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, w := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && w == 1 {
			return i
		}
		i += w
	}
	return len(data)
}

// lineAt returns the line, from 1, of the byte at an offset.
func lineAt(data []byte, offset int) int {
	return 1 + bytes.Count(data[:min(offset, len(data))], []byte{'\n'})
}

// row is a line of a table by column name.
type row struct {
	line  int
	cells []string
	at    map[string]int
}

func (r row) get(column string) string {
	if i, ok := r.at[column]; ok && i < len(r.cells) {
		return strings.TrimSpace(r.cells[i])
	}
	return ""
}

// table reads CSV whose first line names the columns, in any order. Lines of another length than the first are faults,
// lines without any content are passed over. Columns that are not known warn.
func (f *faults) table(name string, data []byte, required, optional []string) []row {
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	r.ReuseRecord = false
	if head, _, _ := bytes.Cut(data, []byte{'\n'}); !bytes.Contains(head, []byte{','}) {
		for _, c := range []byte{'\t', ';'} {
			if bytes.IndexByte(head, c) >= 0 {
				r.Comma = rune(c)
			}
		}
	}
	syntax := func(err error) {
		var p *csv.ParseError
		if errors.As(err, &p) {
			f.fail(name, p.Line, "is no CSV: %s", p.Err)
		} else {
			f.fail(name, 0, "is no CSV: %s", err)
		}
	}
	head, err := r.Read()
	if err == io.EOF {
		f.fail(name, 0, "is empty; its first line must be %s", strings.Join(required, ","))
		return nil
	}
	if err != nil {
		syntax(err)
		return nil
	}
	at := map[string]int{}
	for i, c := range head {
		c = strings.ToLower(strings.TrimSpace(c))
		if _, twice := at[c]; twice && c != "" {
			f.fail(name, 1, "has two columns %q", c)
		}
		at[c] = i
		known := false
		for _, k := range append(append([]string(nil), required...), optional...) {
			known = known || k == c
		}
		if !known {
			f.warn(name, 1, "unknown column %q", c)
		}
	}
	ok := true
	for _, c := range required {
		if _, have := at[c]; !have {
			f.fail(name, 1, "has no column %q; the first line must be %s", c, strings.Join(required, ","))
			ok = false
		}
	}
	if !ok {
		return nil
	}
	var out []row
	for {
		cells, err := r.Read()
		if err == io.EOF {
			return out
		}
		if err != nil {
			syntax(err)
			return out
		}
		line, _ := r.FieldPos(0)
		if strings.TrimSpace(strings.Join(cells, "")) == "" { // what a spreadsheet leaves below a table
			continue
		}
		if len(cells) != len(head) {
			f.fail(name, line, "has %d columns, not %d", len(cells), len(head))
			continue
		}
		out = append(out, row{line, cells, at})
	}
}

// checkName says what is wrong with the name of a file inside a pack, empty when nothing is.
func checkName(name string) string {
	switch {
	case name == "":
		return "names no file"
	case strings.Contains(name, `\`):
		return "must be written with /"
	case !fs.ValidPath(name) || path.Clean(name) != name:
		return "must lie in the pack's own folder"
	}
	return ""
}
