package geofile

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkt"

	"kuaitu/geo"
)

// textFile is the part that text formats share: a buffered temporary file.
type textFile struct {
	file *os.File
	out  *bufio.Writer
}

func (t *textFile) finish() error {
	if err := t.out.Flush(); err != nil {
		t.file.Close()
		return err
	}
	if err := t.file.Sync(); err != nil {
		t.file.Close()
		return err
	}
	return t.file.Close()
}

func (t *textFile) discard() { t.file.Close() }

type geoJSONSink struct {
	textFile
	keys [][]byte // names of the columns, quoted
	kind []Kind
	n    int
	buf  []byte
}

func newGeoJSONSink(f *os.File, opts WriteOptions) *geoJSONSink {
	s := &geoJSONSink{textFile: textFile{f, bufio.NewWriterSize(f, 256<<10)}}
	for _, c := range opts.Columns {
		s.keys = append(s.keys, appendJSONText(nil, c.Name))
		s.kind = append(s.kind, c.Kind)
	}
	return s
}

func (s *geoJSONSink) write(f Feature) error {
	b := s.buf[:0]
	if s.n++; s.n == 1 {
		b = append(b, "{\"type\":\"FeatureCollection\",\"features\":[\n"...)
	} else {
		b = append(b, ",\n"...)
	}
	b = append(b, `{"type":"Feature"`...)
	if f.ID != "" {
		b = appendJSONText(append(b, `,"id":`...), f.ID)
	}
	b = append(b, `,"properties":{`...)
	for i, key := range s.keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONValue(append(append(b, key...), ':'), f.Value(i), s.kind[i])
	}
	b = append(b, `},"geometry":`...)
	b = append(appendGeoJSON(b, f.Geometry), '}')
	s.buf = b
	_, err := s.out.Write(b)
	return err
}

func (s *geoJSONSink) finish() error {
	if s.n == 0 {
		s.out.WriteString("{\"type\":\"FeatureCollection\",\"features\":[")
	}
	s.out.WriteString("\n]}\n") // a failed write of a bufio.Writer shows in Flush
	return s.textFile.finish()
}

// appendJSONText appends a JSON string. Only what the grammar demands is escaped.
func appendJSONText(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s { // what is no UTF-8 becomes U+FFFD
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r < 0x20:
			const hex = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = append(b, string(r)...)
		}
	}
	return append(b, '"')
}

// appendJSONValue appends a value as its column wants it: bare where column and value are of such a kind and the text is
// what JSON allows, else as a string.
func appendJSONValue(b []byte, v Value, column Kind) []byte {
	switch {
	case v.IsNull():
		return append(b, "null"...)
	case column == Text || v.Kind == Text && column == Null:
	case json.Valid([]byte(v.Text)) && (column != JSON || v.Text[0] == '{' || v.Text[0] == '['):
		return append(b, strings.TrimSpace(v.Text)...)
	}
	return appendJSONText(b, v.Text)
}

func appendGeoJSON(b []byte, g orb.Geometry) []byte {
	switch g := g.(type) {
	case nil:
		return append(b, "null"...)
	case orb.Ring:
		return appendGeoJSON(b, orb.Polygon{g})
	case orb.Bound:
		return appendGeoJSON(b, g.ToPolygon())
	case orb.Collection:
		b = append(b, `{"type":"GeometryCollection","geometries":[`...)
		for i, part := range g {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendGeoJSON(b, part)
		}
		return append(b, "]}"...)
	}
	b = append(append(append(b, `{"type":"`...), g.GeoJSONType()...), `","coordinates":`...)
	switch g := g.(type) {
	case orb.Point:
		b = appendPosition(b, g)
	case orb.MultiPoint:
		b = appendPositions(b, g)
	case orb.LineString:
		b = appendPositions(b, g)
	case orb.MultiLineString:
		b = append(b, '[')
		for i, l := range g {
			b = appendPositions(comma(b, i), l)
		}
		b = append(b, ']')
	case orb.Polygon:
		b = appendRings(b, g)
	case orb.MultiPolygon:
		b = append(b, '[')
		for i, p := range g {
			b = appendRings(comma(b, i), p)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

func comma(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

// appendRings writes outer rings anticlockwise and holes clockwise, as RFC 7946 §3.1.6 wants.
func appendRings(b []byte, p orb.Polygon) []byte {
	b = append(b, '[')
	for i, r := range p {
		if o := r.Orientation(); i == 0 && o == orb.CW || i > 0 && o == orb.CCW {
			r = slices.Clone(r)
			slices.Reverse(r)
		}
		b = appendPositions(comma(b, i), r)
	}
	return append(b, ']')
}

func appendPositions(b []byte, ps []orb.Point) []byte {
	b = append(b, '[')
	for i, p := range ps {
		b = appendPosition(comma(b, i), p)
	}
	return append(b, ']')
}

func appendPosition(b []byte, p orb.Point) []byte {
	b = appendDegrees(append(b, '['), p[0])
	b = appendDegrees(append(b, ','), p[1])
	return append(b, ']')
}

// appendDegrees appends v with seven decimals, without the zeros at their end.
func appendDegrees(b []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...) // makes the position invalid, and the reader say so, rather than the file unreadable
	}
	v = math.Round(v*geo.GridPerDegree) / geo.GridPerDegree
	if v == 0 {
		v = 0 // no -0
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64)
}

type csvSink struct {
	textFile
	rows  *csv.Writer
	width int
	plain bool
	row   []string
}

func newCSVSink(f *os.File, opts WriteOptions) (*csvSink, error) {
	s := &csvSink{textFile: textFile{f, bufio.NewWriterSize(f, 256<<10)}, width: len(opts.Columns), plain: opts.Plain}
	s.out.WriteString("\xef\xbb\xbf")
	s.rows = csv.NewWriter(s.out)
	s.rows.UseCRLF = true
	taken := map[string]bool{"lon": true, "lat": true, "wkt": true}
	header := []string{}
	for _, c := range opts.Columns {
		header = append(header, protect(uniqueName(c.Name, taken), true))
	}
	return s, s.rows.Write(append(header, "lon", "lat", "wkt"))
}

func (s *csvSink) write(f Feature) error {
	s.row = s.row[:0]
	for i := range s.width {
		s.row = append(s.row, protect(f.Value(i).Text, s.plain))
	}
	lon, lat, text := "", "", ""
	if p, ok := geo.InnerPoint(f.Geometry); ok {
		lon, lat = string(appendDegrees(nil, p[0])), string(appendDegrees(nil, p[1]))
	}
	if _, isPoint := f.Geometry.(orb.Point); !isPoint && f.Geometry != nil && !geo.Empty(f.Geometry) {
		text = wkt.MarshalString(geo.Quantise(f.Geometry))
	}
	return s.rows.Write(append(s.row, lon, lat, text))
}

func (s *csvSink) finish() error {
	s.rows.Flush() // its error is the bufio.Writer's, which Flush returns again
	return s.textFile.finish()
}

// protect keeps a spreadsheet from changing a cell or running it.
func protect(cell string, plain bool) string {
	switch {
	case !beginsFormula(cell):
		if !plain && isCode(cell) {
			return `="` + cell + `"`
		}
		return cell
	case isNumber(cell):
		return cell
	}
	return "'" + cell
}

// isCode says whether Excel would damage these digits: it keeps fifteen, and drops zeros in front.
func isCode(cell string) bool {
	return allDigits(cell) && (len(cell) >= 12 || len(cell) > 1 && cell[0] == '0')
}

func isNumber(cell string) bool {
	f, err := strconv.ParseFloat(cell, 64)
	return err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) && !strings.ContainsAny(cell, "xX_pP")
}
