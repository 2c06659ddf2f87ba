package geofile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
)

// dbfTable is the table of a Shapefile (dBASE III and its heirs).
type dbfTable struct {
	src    *Source
	data   section
	rows   int
	header int // bytes
	length int // bytes of a row, with the deletion mark
	fields []dbfField
	cols   []Column
	text   *encoding.Decoder // nil: UTF-8
}

type dbfField struct {
	kind     byte
	from, to int // within a row
	decimals int
}

func newBuffered(r io.Reader) io.Reader { return bufio.NewReaderSize(r, 256<<10) }

func openDBF(src *Source, data section, cpg string, opts Options) (*dbfTable, error) {
	var h [32]byte
	if n, _ := data.ReadAt(h[:], 0); n < len(h) {
		return nil, src.fileError(0, "the .dbf is cut off in its header")
	}
	t := &dbfTable{src: src, data: data, rows: int(binary.LittleEndian.Uint32(h[4:])),
		header: int(binary.LittleEndian.Uint16(h[8:])), length: int(binary.LittleEndian.Uint16(h[10:]))}
	if t.header < 33 || t.length < 1 || int64(t.header) > data.size {
		return nil, src.fileError(0, "the .dbf header is damaged")
	}
	head := make([]byte, t.header)
	if _, err := data.ReadAt(head, 0); err != nil {
		return nil, src.fileError(0, "the .dbf is cut off in its header")
	}
	var names [][]byte
	at := 1
	for d := head[32:]; len(d) >= 32 && d[0] != 0x0d; d = d[32:] {
		name, _, _ := bytes.Cut(d[:11], []byte{0})
		f := dbfField{kind: d[11], from: at, to: at + int(d[16]), decimals: int(d[17])}
		if f.kind == 'C' { // longer texts keep the high byte of their length among the decimals
			f.to += 256 * f.decimals
		}
		if at = f.to; at > t.length {
			return nil, src.fileError(0, "the .dbf header is damaged: its fields are longer than its rows")
		}
		names = append(names, bytes.TrimRight(name, " "))
		t.fields = append(t.fields, f)
	}
	if t.rows > 0 && int64(t.header)+int64(t.length)*int64(t.rows) > data.size+1 {
		src.Warnings = append(src.Warnings, fmt.Sprintf("the .dbf says it has %d rows but is cut off", t.rows))
	}
	if err := t.chooseEncoding(names, h[29], cpg, opts); err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	for i, raw := range names {
		name := strings.TrimSpace(t.decode(trimCut(raw, src.Encoding)))
		if name == "" {
			name = fmt.Sprintf("column_%d", i+1)
		}
		f := t.fields[i]
		t.cols = append(t.cols, Column{Name: uniqueFold(name, taken), Kind: f.column(), Width: f.to - f.from})
	}
	return t, nil
}

func (f dbfField) column() Kind {
	switch f.kind {
	case 'N', 'F':
		switch {
		case f.decimals > 0:
			return Float
		case f.to-f.from > 18:
			return Text // may not fit 64 bits
		}
		return Int
	case 'I', '+':
		return Int
	case 'O', 'B':
		return Float
	case 'L':
		return Bool
	}
	return Text
}

// dbfLanguages are the language ids of the header (byte 29) that name an encoding for sure. 0x57 is "whatever the machine
// had", and says nothing.
var dbfLanguages = map[byte]string{0x4d: "gb18030", 0x7a: "gb18030", 0x4f: "big5", 0x78: "big5", 0x03: "windows-1252", 0x58: "windows-1252", 0x59: "windows-1252"}

// chooseEncoding takes what the person says, else the .cpg, else the language of the header, else what the bytes say. A
// file whose bytes cannot be what it declares is read as its bytes say.
func (t *dbfTable) chooseEncoding(names [][]byte, language byte, cpg string, opts Options) error {
	declared := ""
	if opts.Encoding != "" && !strings.EqualFold(opts.Encoding, "auto") {
		name, ok := canonicalEncoding(opts.Encoding)
		if !ok {
			return t.src.fileError(0, "encoding %q is not known; use utf-8, gb18030, gbk or big5", opts.Encoding)
		}
		return t.setEncoding(name)
	}
	if name, ok := canonicalEncoding(cpg); ok {
		declared = name
	} else if name, ok := dbfLanguages[language]; ok {
		declared = name
	}
	sample := t.sample(names)
	found, confidence := DetectEncoding(sample)
	ascii := found == "utf-8" && confidence <= 0.5
	switch {
	case ascii && declared == "":
		declared = "gb18030" // says nothing; what comes later is most likely this
	case ascii || declared == found:
	case declared == "":
		if declared = found; confidence < 0.5 {
			t.src.Warnings = append(t.src.Warnings, fmt.Sprintf("the encoding of the .dbf is not certain; %s was assumed", found))
		}
	case declared == "utf-8" || found == "utf-8" && confidence > 0.9 && utf8.RuneCount(sample) <= len(sample)-10:
		t.src.Warnings = append(t.src.Warnings, fmt.Sprintf("the .dbf is declared as %s but its text is %s; it was read as that", declared, found))
		declared = found
	}
	return t.setEncoding(declared)
}

func (t *dbfTable) setEncoding(name string) error {
	t.src.Encoding = name
	if name == "utf-8" {
		return nil
	}
	var err error
	t.text, err = decoderOf(name)
	return err
}

// sample returns the texts of the header and the first rows, each ended by a space so that what is cut stays apart.
func (t *dbfTable) sample(names [][]byte) []byte {
	var out []byte
	for _, n := range names {
		out = append(append(out, trimCut(n, "")...), ' ')
	}
	rows := make([]byte, min(256<<10, max(0, t.data.size-int64(t.header))))
	n, _ := t.data.ReadAt(rows, int64(t.header))
	for rows = rows[:n]; len(rows) >= t.length; rows = rows[t.length:] {
		for _, f := range t.fields {
			if f.kind != 'C' {
				continue
			}
			text := bytes.TrimRight(rows[f.from:f.to], " \x00")
			if len(text) < f.to-f.from { // a full field may be cut within a character
				out = append(append(out, text...), ' ')
			}
		}
	}
	return out
}

// trimCut drops the part of a character that a field of fixed width has cut: of UTF-8, or a lead byte without its trail.
func trimCut(b []byte, enc string) []byte {
	if enc == "utf-8" || enc == "" {
		for i := 1; i <= min(utf8.UTFMax, len(b)); i++ {
			c := b[len(b)-i]
			if c < 0x80 {
				break
			}
			if utf8.RuneStart(c) {
				if !utf8.FullRune(b[len(b)-i:]) && utf8.Valid(b[:len(b)-i]) {
					return b[:len(b)-i]
				}
				break
			}
		}
		if enc == "utf-8" || utf8.Valid(b) {
			return b
		}
	}
	// Double bytes: walk, since a trail byte looks like a lead byte.
	for i := 0; i < len(b); {
		switch {
		case b[i] < 0x81:
			i++
		case enc != "big5" && i+1 < len(b) && b[i+1] >= 0x30 && b[i+1] <= 0x39:
			if i+4 > len(b) {
				return b[:i]
			}
			i += 4
		case i+2 > len(b):
			return b[:i]
		default:
			i += 2
		}
	}
	return b
}

func (t *dbfTable) decode(b []byte) string {
	if t.text == nil {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	out, err := t.text.Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	return string(out)
}

// dbfRows is one pass over the rows.
type dbfRows struct {
	*dbfTable
	in  *chunkReader
	row int
}

func (t *dbfTable) read() *dbfRows {
	return &dbfRows{dbfTable: t, in: newChunkReader(io.NewSectionReader(t.data, int64(t.header), t.data.size-int64(t.header)))}
}

func (r *dbfRows) left() int { return r.rows - r.row }

// next returns the values of the next row, and whether it is marked as deleted.
func (r *dbfRows) next() (values []Value, deleted bool, err error) {
	if r.left() <= 0 {
		return nil, false, io.EOF
	}
	b, err := r.in.take(r.length)
	if err != nil {
		return nil, false, err
	}
	r.row++
	if b[0] == '*' {
		return nil, true, nil
	}
	values = make([]Value, len(r.fields))
	for i, f := range r.fields {
		values[i] = r.value(f, b[f.from:f.to])
	}
	return values, false, nil
}

func (t *dbfTable) value(f dbfField, b []byte) Value {
	switch f.kind {
	case 'N', 'F':
		text := strings.Trim(string(b), " \x00")
		if text == "" || strings.Trim(text, "*") == "" { // stars: the number did not fit
			return Value{}
		}
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return Value{Text, text}
		}
		return Value{f.column(), text}
	case 'I', '+':
		if len(b) == 4 {
			return Value{Int, strconv.FormatInt(int64(int32(binary.LittleEndian.Uint32(b))), 10)}
		}
	case 'L':
		switch {
		case len(b) > 0 && strings.IndexByte("TtYy", b[0]) >= 0:
			return Value{Bool, "true"}
		case len(b) > 0 && strings.IndexByte("FfNn", b[0]) >= 0:
			return Value{Bool, "false"}
		}
	case 'D':
		text := strings.Trim(string(b), " \x00")
		if len(text) == 8 && allDigits(text) && text != "00000000" {
			return Value{Text, text[:4] + "-" + text[4:6] + "-" + text[6:]}
		}
	case 'C':
		raw := bytes.TrimRight(b, " \x00")
		if len(raw) == len(b) {
			raw = trimCut(raw, t.src.Encoding)
		}
		if text := t.decode(raw); text != "" {
			return Value{Text, text}
		}
	}
	return Value{} // memos, pictures and the rest are not read
}
