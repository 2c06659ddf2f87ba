package geofile

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkt"
)

// csvTable reads a table of text with a header line: separated by commas, semicolons or tabs, with a place in two columns
// of degrees or in one of WKT, or none. Cells that spreadsheets write to keep a code as text (="0123") come out bare, and
// so do those that [Writer] protects from being taken for a formula.
type csvTable struct {
	src      *Source
	comma    rune
	cols     []Column
	bareCR   bool // lines end with a carriage return alone
	lon, lat int  // columns, -1 for none
	wkt      int
	crs      *crs
}

func (s *Source) openCSV(opts Options) error {
	head, err := s.head(256 << 10)
	if err != nil {
		return err
	}
	if err := s.textEncoding(opts, head); err != nil {
		return err
	}
	t := &csvTable{src: s, lon: -1, lat: -1, wkt: -1}
	s.reader, s.Format = t, FormatCSV
	if opts.EPSG != 0 {
		c, ok := crsOfEPSG(opts.EPSG)
		if !ok {
			return s.fileError(0, "EPSG:%d cannot be converted", opts.EPSG)
		}
		t.crs, s.CRS, s.Declared = c, c.name, &c.datum
	}
	r, closer, err := s.utf8Stream()
	if err != nil {
		return err
	}
	defer closer.Close()
	sample := make([]byte, 64<<10)
	n, err := io.ReadFull(r, sample)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return s.fileError(0, "cannot be read: %v", err)
	}
	sample = sample[:n]
	if bytes.IndexByte(sample, 0) >= 0 {
		return s.fileError(0, "is not text")
	}
	if t.bareCR = endsLinesWithCR(sample); t.bareCR {
		newLines(sample)
	}
	t.comma = delimiter(sample)
	rows := t.newReader(bytes.NewReader(sample))
	header, err := rows.Read()
	if err != nil {
		return s.fileError(1, "has no header line that can be read: %v", csvReason(err))
	}
	if len(header) > maxColumns {
		return s.fileError(1, "has %d columns; %d can be read", len(header), maxColumns)
	}
	t.cols = namedColumns(header)
	if err := t.findPlace(opts); err != nil {
		return err
	}
	if t.lon >= 0 {
		t.checkOrder(rows)
	}
	s.read.Store(0)
	return nil
}

// endsLinesWithCR says whether the first line outside quotes ends with a carriage return that no line feed follows, as old
// Macintosh programs and Excel's "CSV (Macintosh)" write.
func endsLinesWithCR(sample []byte) bool {
	quoted := false
	for i, c := range sample {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n':
			return false
		case c == '\r':
			rest := bytes.TrimLeft(sample[i:], "\r")
			return len(rest) == 0 || rest[0] != '\n'
		}
	}
	return false
}

// newLines makes line feeds of carriage returns.
func newLines(b []byte) {
	for i, c := range b {
		if c == '\r' {
			b[i] = '\n'
		}
	}
}

// newLineReader reads text whose lines end with a carriage return alone as if they ended with a line feed.
type newLineReader struct{ r io.Reader }

func (n newLineReader) Read(p []byte) (int, error) {
	k, err := n.r.Read(p)
	newLines(p[:k])
	return k, err
}

// delimiter returns the sign that occurs most in the first line outside quotes.
func delimiter(sample []byte) rune {
	counts := map[byte]int{}
	quoted := false
	for _, c := range sample {
		if c == '"' {
			quoted = !quoted
		}
		if c == '\n' && !quoted {
			break
		}
		if !quoted {
			counts[c]++
		}
	}
	best := byte(',')
	for _, c := range []byte{';', '\t', '|'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return rune(best)
}

func (t *csvTable) newReader(r io.Reader) *csv.Reader {
	c := csv.NewReader(r)
	c.Comma = t.comma
	c.FieldsPerRecord = -1
	c.LazyQuotes = true // a lone quote in a name is common, and harmless
	return c
}

// namedColumns makes columns of a header: trimmed, the nameless and the doubled ones numbered.
func namedColumns(header []string) []Column {
	cols := make([]Column, len(header))
	taken := map[string]bool{}
	for i, h := range header {
		name := strings.TrimSpace(bare(h))
		if name == "" {
			name = fmt.Sprintf("column_%d", i+1)
		}
		cols[i] = Column{Name: uniqueName(name, taken)}
	}
	return cols
}

func uniqueName(name string, taken map[string]bool) string {
	unique := name
	for k := 2; taken[unique]; k++ {
		unique = fmt.Sprintf("%s_%d", name, k)
	}
	taken[unique] = true
	return unique
}

// Names under which tables keep places, plain first. Chinese surveyors call northing X, so x and y come last, and
// checkOrder looks at the numbers.
var (
	lonNames = []string{"lon", "lng", "long", "longitude", "经度", "point_x", "x", "x坐标"}
	latNames = []string{"lat", "latitude", "纬度", "point_y", "y", "y坐标"}
	wktNames = []string{"wkt", "geometry", "geom", "the_geom", "wkt_geom", "shape", "几何"}
)

func (t *csvTable) findPlace(opts Options) error {
	find := func(names []string) int {
		for _, want := range names {
			for i, c := range t.cols {
				name := strings.ToLower(c.Name)
				if k := strings.IndexAny(name, "(（"); k > 0 { // 经度(度)
					name = name[:k]
				}
				if name == want {
					return i
				}
			}
		}
		return -1
	}
	t.lon, t.lat, t.wkt = find(lonNames), find(latNames), find(wktNames)
	for _, o := range []struct {
		name string
		to   *int
	}{{opts.Lon, &t.lon}, {opts.Lat, &t.lat}, {opts.WKT, &t.wkt}} {
		if o.name == "" {
			continue
		}
		if *o.to = slices.IndexFunc(t.cols, func(c Column) bool { return c.Name == o.name }); *o.to < 0 {
			return t.src.fileError(1, "has no column %q", o.name)
		}
	}
	if t.lon < 0 || t.lat < 0 {
		t.lon, t.lat = -1, -1
	}
	switch {
	case opts.WKT != "" || t.lon < 0 || t.wkt < 0:
	case strings.EqualFold(t.cols[t.wkt].Name, "wkt") && opts.Lon == "" && opts.Lat == "":
		// our own exports among others: beside a wkt, lon and lat are only an inner point
	default:
		t.wkt = -1 // numbers are the safer reading of a table that has both
	}
	return nil
}

// checkOrder exchanges the two columns when the first rows say that they are the other way round.
func (t *csvTable) checkOrder(rows *csv.Reader) {
	straight, turned := 0, 0
	for range 200 {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err != nil || len(row) <= max(t.lon, t.lat) {
			continue
		}
		x, errX := number(row[t.lon])
		y, errY := number(row[t.lat])
		switch {
		case errX != nil || errY != nil:
		case x > 73 && x < 136 && y > 3 && y < 54:
			straight++
		case y > 73 && y < 136 && x > 3 && x < 54:
			turned++
		}
	}
	if turned > 0 && straight == 0 {
		t.src.Warnings = append(t.src.Warnings, fmt.Sprintf("columns %q and %q hold latitude and longitude; they were read the other way round",
			t.cols[t.lon].Name, t.cols[t.lat].Name))
		t.lon, t.lat = t.lat, t.lon
	}
}

func (t *csvTable) columns() []Column { return t.cols[:len(t.cols):len(t.cols)] }
func (t *csvTable) close() error      { return nil }

func (t *csvTable) features(_ context.Context, yield func(Feature, error) bool) {
	r, closer, err := t.src.utf8Stream()
	if err != nil {
		yield(Feature{}, err)
		return
	}
	defer closer.Close()
	if t.bareCR {
		r = newLineReader{r}
	}
	tail := &recordTail{r: r}
	rows := t.newReader(tail)
	var last struct{ at, line int64 } // of the last record: its offset and first line
	for n := int64(0); ; n++ {
		start := rows.InputOffset()
		row, err := rows.Read()
		if err == io.EOF {
			if line, open := openQuote(tail.from(last.at), t.comma); open {
				yield(Feature{}, t.src.fileError(last.line+line, "a cell begins with a quotation mark that is never closed"))
			}
			return
		}
		tail.forget(start)
		if p, ok := errors.AsType[*csv.ParseError](err); ok {
			last.at, last.line = start, int64(p.StartLine)
			if !yield(Feature{Line: last.line}, t.src.recordError(last.line, "%s", csvReason(err))) {
				return
			}
			continue
		}
		if err != nil {
			yield(Feature{}, t.src.fileError(last.line, "%s", brokenOff(err, max(0, n-1))))
			return
		}
		at, _ := rows.FieldPos(0)
		last.at, last.line = start, int64(at)
		if n == 0 {
			continue // the header
		}
		f, err := t.feature(row, last.line)
		if err != nil {
			f = Feature{Line: last.line}
			err = t.src.recordError(last.line, "%v", err)
		}
		if !yield(f, err) {
			return
		}
	}
}

// brokenOff says why reading stopped in mid-file, after n records.
func brokenOff(err error, n int64) string {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Sprintf("the file is cut off: %d records could be read before its end", n)
	}
	return fmt.Sprintf("the file is damaged after %d records: %v", n, err)
}

// recordTail keeps what was read since the beginning of the last record.
type recordTail struct {
	r    io.Reader
	buf  []byte
	base int64 // offset of buf[0]
}

func (t *recordTail) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.buf = append(t.buf, p[:n]...)
	return n, err
}

// forget drops what lies before an offset, once it is worth it.
func (t *recordTail) forget(before int64) {
	if n := before - t.base; n > 64<<10 {
		t.buf = t.buf[:copy(t.buf, t.buf[n:])]
		t.base = before
	}
}

// from returns what was read from an offset on.
func (t *recordTail) from(at int64) []byte {
	return t.buf[min(max(at-t.base, 0), int64(len(t.buf))):]
}

// openQuote reads the last record of a table as csv.Reader does with lazy quotes, which takes the end of the file for the end
// of a quoted cell, and says on which of its lines, from 0, a cell was left open.
func openQuote(record []byte, comma rune) (line int64, open bool) {
	record = bytes.TrimLeft(record, "\r\n")
	for i := 0; i < len(record); i++ {
		if record[i] != '"' { // a bare cell ends at the comma or the line's end
			for i < len(record) && rune(record[i]) != comma && record[i] != '\n' {
				i++
			}
			if i < len(record) && record[i] == '\n' {
				return 0, false
			}
			continue
		}
		begun := line
		for i++; ; i++ {
			if i >= len(record) {
				return begun, true
			}
			if record[i] == '\n' {
				line++
			}
			if record[i] != '"' {
				continue
			}
			if i+1 < len(record) && record[i+1] == '"' {
				i++
				continue
			}
			if rest := record[i+1:]; len(rest) == 0 || rune(rest[0]) == comma || rest[0] == '\n' || bytes.HasPrefix(rest, []byte("\r\n")) {
				break // closed; anything else makes the sign a letter of the cell
			}
		}
		if i++; i >= len(record) || rune(record[i]) != comma {
			return 0, false
		}
	}
	return 0, false
}

func csvReason(err error) string {
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		err = p.Err
	}
	if err == io.EOF {
		return "it is empty"
	}
	return err.Error()
}

func (t *csvTable) feature(row []string, line int64) (Feature, error) {
	for len(row) > len(t.cols) && row[len(row)-1] == "" {
		row = row[:len(row)-1]
	}
	if len(row) > len(t.cols) {
		return Feature{}, fmt.Errorf("the row has %d cells, the header %d", len(row), len(t.cols))
	}
	f := Feature{Line: line, Values: make([]Value, len(row))}
	for i, cell := range row {
		if !utf8.ValidString(cell) {
			return Feature{}, fmt.Errorf("column %q: %w", t.cols[i].Name, errNotUTF8)
		}
		if cell = bare(cell); cell != "" {
			f.Values[i] = Value{Text, cell}
			t.cols[i].Kind = Text
		}
	}
	var err error
	switch {
	case t.wkt >= 0 && f.Value(t.wkt).Text != "":
		if f.Geometry, err = geometryOfWKT(f.Value(t.wkt).Text); err != nil {
			err = fmt.Errorf("column %q: %w", t.cols[t.wkt].Name, err)
		}
	case t.lon >= 0:
		f.Geometry, err = t.point(f.Value(t.lon).Text, f.Value(t.lat).Text)
	}
	f.Geometry = t.crs.toDegrees(f.Geometry)
	return f, err
}

// geometryOfWKT reads well-known text, also with an SRID in front (EWKT), whose number is not looked at.
func geometryOfWKT(text string) (orb.Geometry, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	if head, tail, ok := strings.Cut(text, ";"); ok && strings.HasPrefix(strings.ToUpper(head), "SRID=") {
		text = tail
	}
	if strings.Count(text, "(") > 1<<20 || nesting(text) > 8 {
		return nil, errors.New("the WKT is nested too deep")
	}
	g, err := wkt.Unmarshal(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no WKT geometry", clip([]byte(text)))
	}
	return g, nil
}

func nesting(text string) (deepest int) {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
			deepest = max(deepest, depth)
		case ')':
			depth--
		}
	}
	return deepest
}

// bare takes off what only keeps a spreadsheet from changing a cell: ="…" and an apostrophe before a sign that begins a
// formula. [Writer] puts both on.
func bare(cell string) string {
	if len(cell) >= 3 && strings.HasPrefix(cell, `="`) && strings.HasSuffix(cell, `"`) && !strings.Contains(cell[2:len(cell)-1], `"`) {
		return cell[2 : len(cell)-1]
	}
	if len(cell) >= 2 && cell[0] == '\'' && beginsFormula(cell[1:]) {
		return cell[1:]
	}
	return cell
}

// beginsFormula says whether a spreadsheet may run cell. An apostrophe that itself stands before such a sign counts, so
// that protecting and baring are inverse.
func beginsFormula(cell string) bool {
	for i := range len(cell) {
		switch cell[i] {
		case '=', '+', '-', '@', '\t', '\r':
			return true
		case '\'':
		default:
			return false
		}
	}
	return false
}
