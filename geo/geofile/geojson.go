package geofile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// geoJSON reads RFC 7946 and its predecessor (with "crs"): a FeatureCollection, streamed; one Feature; a bare geometry; or
// a sequence of these, one per line (RFC 8142 with or without record separators).
type geoJSON struct {
	src    *Source
	seq    bool
	crs    *crs
	cols   []Column
	byName map[string]int
}

func looksLikeJSON(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n\x1e")
	return len(head) > 0 && (head[0] == '{' || head[0] == '[')
}

// sampleFeatures are read on opening, to know the columns.
const sampleFeatures = 200

func (s *Source) openGeoJSON(ctx context.Context, opts Options) error {
	head, err := s.head(1 << 20)
	if err != nil {
		return err
	}
	if err := s.textEncoding(opts, head); err != nil {
		return err
	}
	g := &geoJSON{src: s, byName: map[string]int{}}
	s.reader, s.Format = g, FormatGeoJSON
	if d, err := decoderOf(s.Encoding); err == nil && s.Encoding != "utf-8" {
		if text, err := d.Bytes(head); err == nil {
			head = text
		}
	}
	name := strings.TrimSuffix(strings.ToLower(s.Path), ".gz")
	switch filepath.Ext(name) {
	case ".geojsonl", ".geojsons", ".ndjson":
		g.seq = true
	default:
		g.seq = looksLikeSequence(head)
	}
	if g.seq {
		s.Format = FormatGeoJSONSeq
	}
	if opts.EPSG != 0 {
		c, ok := crsOfEPSG(opts.EPSG)
		if !ok {
			return s.fileError(0, "EPSG:%d cannot be converted", opts.EPSG)
		}
		g.setCRS(c)
	}
	n := 0
	var fatal error
	g.features(ctx, func(_ Feature, err error) bool {
		n++
		if _, ok := errors.AsType[*RecordError](err); err != nil && !ok {
			fatal = err
		}
		return n < sampleFeatures && fatal == nil && ctx.Err() == nil
	})
	s.read.Store(0)
	if fatal != nil && n <= 1 {
		return fatal // nothing can be read at all; a later fault is reported where it stands
	}
	return ctx.Err()
}

// looksLikeSequence says whether the first line is a whole object with another one after it.
func looksLikeSequence(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if len(head) > 0 && head[0] == 0x1e {
		return true
	}
	first, rest, ok := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte{'\n'})
	rest = bytes.TrimLeft(rest, " \t\r\n\x1e")
	return ok && len(rest) > 0 && rest[0] == '{' && json.Valid(first)
}

func (g *geoJSON) columns() []Column { return g.cols[:len(g.cols):len(g.cols)] }
func (g *geoJSON) close() error      { return nil }

func (g *geoJSON) setCRS(c *crs) {
	g.crs = c
	g.src.CRS, g.src.Declared = c.name, &c.datum
}

func (g *geoJSON) features(ctx context.Context, yield func(Feature, error) bool) {
	r, closer, err := g.src.utf8Stream()
	if err != nil {
		yield(Feature{}, err)
		return
	}
	defer closer.Close()
	w := &geoJSONWalk{geoJSON: g, scan: newJSONScanner(r), yield: yield}
	if g.seq {
		w.sequence()
	} else {
		w.document()
	}
}

// geoJSONWalk is one pass over the file.
type geoJSONWalk struct {
	*geoJSON
	scan    *jsonScanner
	parser  jsonParser
	yield   func(Feature, error) bool
	stopped bool
	count   int
}

func (w *geoJSONWalk) fail(err error) {
	if w.stopped {
		return
	}
	w.stopped = true
	w.yield(Feature{Line: w.scan.line}, w.fatal(err))
}

func (w *geoJSONWalk) fatal(err error) error {
	switch {
	case errors.Is(err, errJSONEnd), errors.Is(err, io.ErrUnexpectedEOF):
		return w.src.fileError(w.scan.line, "the file is cut off: %d records could be read before its end", w.count)
	case errors.Is(err, errJSONSize), errors.Is(err, errJSONDepth):
		return w.src.fileError(w.scan.line, "%v", err)
	}
	return w.src.fileError(w.scan.line, "this is not valid JSON: %v", err)
}

// sequence reads a value a line. A broken line is one record lost.
func (w *geoJSONWalk) sequence() {
	for !w.stopped {
		if w.scan.peek() == 0 {
			if w.scan.err != nil {
				w.fail(w.scan.err)
			}
			return
		}
		line, b, err := w.scan.line, []byte(nil), error(nil)
		if b, err = w.scan.rest(); err != nil {
			w.fail(err)
			return
		}
		w.record(b, line)
	}
}

// rest returns the rest of the line, and consumes it.
func (s *jsonScanner) rest() ([]byte, error) {
	for n := 0; ; {
		if i := bytes.IndexByte(s.buf[s.pos+n:s.end], '\n'); i >= 0 {
			n += i
			b := s.buf[s.pos : s.pos+n]
			s.pos += n + 1
			s.line++
			return b, nil
		}
		n = s.end - s.pos
		if !s.fill() {
			b := s.buf[s.pos:s.end]
			s.pos = s.end
			return b, s.err
		}
	}
}

// document reads one object. The members of a collection are met as they come; those of a Feature or geometry are kept
// and put together at the end.
func (w *geoJSONWalk) document() {
	if c := w.scan.peek(); c != '{' {
		if c == 0 {
			w.fail(w.scan.endError())
		} else {
			w.fail(fmt.Errorf("it begins with %q", c))
		}
		return
	}
	start := w.scan.line
	w.scan.next()
	kept := []byte{'{'}
	collection := false
	for first := true; !w.stopped; first = false {
		c := w.scan.peek()
		if c == '}' {
			w.scan.next()
			break
		}
		if !first {
			if c != ',' {
				w.unexpected(c)
				return
			}
			w.scan.next()
		}
		key, _, err := w.scan.value()
		if err != nil {
			w.fail(err)
			return
		}
		if key[0] != '"' {
			w.unexpected(key[0])
			return
		}
		name := string(key[1 : len(key)-1])
		if c := w.scan.peek(); c != ':' {
			w.unexpected(c)
			return
		}
		w.scan.next()
		if name == "features" && w.scan.peek() == '[' {
			collection = true
			w.collection()
			continue
		}
		line := w.scan.line
		v, _, err := w.scan.value()
		if err != nil {
			w.fail(err)
			return
		}
		switch name {
		case "crs":
			if err := w.declared(v, collection); err != nil {
				w.stopped = true
				w.yield(Feature{Line: line}, w.src.fileError(line, "%v", err))
				return
			}
		case "type", "id", "properties", "geometry", "geometries", "coordinates":
			if len(kept) > 1 {
				kept = append(kept, ',')
			}
			kept = append(append(append(kept, '"'), name...), '"', ':')
			kept = append(kept, v...)
		}
	}
	if w.stopped {
		return
	}
	if !collection {
		w.record(append(kept, '}'), start)
	}
	if c := w.scan.peek(); c != 0 && !w.stopped {
		w.fail(fmt.Errorf("%q after the end of the object", c))
	}
}

func (w *geoJSONWalk) unexpected(c byte) {
	if c == 0 {
		w.fail(w.scan.endError())
		return
	}
	w.fail(fmt.Errorf("%q in the wrong place", c))
}

// collection reads the array of features.
func (w *geoJSONWalk) collection() {
	w.scan.next()
	for first := true; !w.stopped; first = false {
		c := w.scan.peek()
		if c == ']' {
			w.scan.next()
			return
		}
		if !first {
			if c != ',' {
				w.unexpected(c)
				return
			}
			w.scan.next()
		}
		b, line, err := w.scan.value()
		if err != nil {
			w.fail(err)
			return
		}
		w.record(b, line)
	}
}

// declared takes up the "crs" member of the 2008 format.
func (w *geoJSONWalk) declared(v []byte, late bool) error {
	var member struct {
		Type       string
		Properties struct{ Name, Href string }
	}
	if string(v) == "null" {
		return nil
	}
	if err := json.Unmarshal(v, &member); err != nil {
		return errors.New("its \"crs\" member is not understood")
	}
	c, ok := crsOfName(member.Properties.Name)
	if !ok {
		return fmt.Errorf("its coordinate system %q cannot be converted; convert the file to CGCS2000 or WGS 84 first", member.Properties.Name)
	}
	if late && c.degrees != nil && w.crs == nil {
		return fmt.Errorf("its coordinate system %q is declared after the features; say it with its EPSG code", member.Properties.Name)
	}
	if w.crs == nil {
		w.setCRS(c)
	}
	return nil
}

// record parses one feature and yields it, or the error of it.
func (w *geoJSONWalk) record(b []byte, line int64) {
	f, err := w.feature(b)
	f.Line = line
	if err != nil {
		err = w.src.recordError(line, "%v", err)
		f = Feature{Line: line}
	} else {
		f.Geometry = w.crs.toDegrees(f.Geometry)
	}
	w.count++
	if !w.yield(f, err) {
		w.stopped = true
	}
}

// feature parses a Feature or a bare geometry.
func (w *geoJSONWalk) feature(b []byte) (Feature, error) {
	p := &w.parser
	p.b, p.i = b, 0
	var f Feature
	if p.space() != '{' {
		return f, fmt.Errorf("%q where a feature should be", clip(b))
	}
	p.i++
	kind, hasGeometry := "", false
	for first := true; ; first = false {
		ok, err := p.more('}', first)
		if err != nil {
			return f, err
		}
		if !ok {
			break
		}
		key, err := p.key()
		if err != nil {
			return f, err
		}
		switch string(key) {
		case "type":
			raw, _, err := p.str()
			if err != nil {
				return f, err
			}
			kind = string(raw)
		case "id":
			v, err := p.value()
			if err != nil {
				return f, err
			}
			f.ID = v.Text
		case "geometry":
			hasGeometry = true
			if f.Geometry, err = p.geometry(0); err != nil {
				return f, err
			}
		case "properties":
			if f.Values, err = w.properties(); err != nil {
				return f, err
			}
		default:
			if _, err := p.skip(); err != nil {
				return f, err
			}
		}
	}
	if c := p.space(); c != 0 {
		return f, fmt.Errorf("%q after the end of the feature", c)
	}
	switch {
	case kind == "Feature" || kind == "" && hasGeometry:
		return f, nil
	case kind == "":
		return f, errors.New("an object without type")
	case kind == "FeatureCollection":
		return f, errors.New("a collection within a collection")
	}
	p.i = 0 // a bare geometry
	g, err := p.geometry(0)
	return Feature{Geometry: g}, err
}

// value reads one value of a property as a string of its own.
func (p *jsonParser) value() (Value, error) {
	if p.space() == '"' {
		raw, escaped, err := p.str()
		switch {
		case err != nil:
			return Value{}, err
		case escaped:
			s, err := unescape(raw)
			return Value{Text, s}, err
		}
		if !utf8.Valid(raw) {
			return Value{}, errNotUTF8
		}
		return Value{Text, string(raw)}, nil
	}
	raw, err := p.skip()
	if err != nil {
		return Value{}, err
	}
	kind, err := kindOfJSON(raw)
	if err != nil || kind == Null {
		return Value{}, err
	}
	return Value{kind, string(raw)}, nil
}

// kindOfJSON says what a value that is no string is.
func kindOfJSON(raw []byte) (Kind, error) {
	switch c := raw[0]; {
	case c == '{' || c == '[':
		if !json.Valid(raw) {
			return Null, fmt.Errorf("%q is not valid JSON", clip(raw))
		}
		return JSON, nil
	case string(raw) == "null":
		return Null, nil
	case string(raw) == "true" || string(raw) == "false":
		return Bool, nil
	case c == '-' || c >= '0' && c <= '9':
		digits := 0
		for _, c := range raw[1:] {
			if c >= '0' && c <= '9' {
				digits++
				continue
			}
			if !json.Valid(raw) {
				return Null, fmt.Errorf("%q is no number", clip(raw))
			}
			return Float, nil
		}
		if digits >= 18 { // may not fit 64 bits: a code
			return Text, nil
		}
		return Int, nil
	case string(raw) == "NaN":
		return Null, nil // not JSON, but what Python writes
	}
	return Null, fmt.Errorf("%q is no value", clip(raw))
}

// properties reads the properties of a feature into the order of the columns, adding columns for new names.
func (w *geoJSONWalk) properties() ([]Value, error) {
	p := &w.parser
	if p.space() == 'n' {
		v, err := p.skip()
		if err == nil && string(v) != "null" {
			err = fmt.Errorf("%q where properties should be", clip(v))
		}
		return nil, err
	}
	if err := p.expect('{'); err != nil {
		return nil, fmt.Errorf("the properties are no object: %w", err)
	}
	values := p.row(len(w.cols))
	guess := 0 // features mostly have their properties in the same order
	for first := true; ; first = false {
		ok, err := p.more('}', first)
		if err != nil {
			return nil, err
		}
		if !ok {
			return values, nil
		}
		key, err := p.key()
		if err != nil {
			return nil, err
		}
		i := guess
		if i >= len(w.cols) || w.cols[i].Name != string(key) {
			if i, ok = w.byName[string(key)]; !ok {
				if i = len(w.cols); i >= maxColumns {
					return nil, fmt.Errorf("more than %d different properties", maxColumns)
				}
				name := strings.ToValidUTF8(string(key), "\ufffd")
				w.cols = append(w.cols, Column{Name: name})
				w.byName[string(key)] = i
			}
		}
		guess = i + 1
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		for len(values) <= i {
			values = append(values, Value{})
		}
		values[i] = v
		if c := &w.cols[i]; c.Kind != v.Kind {
			c.Kind = widen(c.Kind, v.Kind)
		}
	}
}

// maxColumns bounds what a hostile file makes us keep.
const maxColumns = 4096

// row returns n empty values, cut from a chunk.
func (p *jsonParser) row(n int) []Value {
	if n > len(p.values) {
		p.values = make([]Value, max(1024, n))
	}
	v := p.values[:n:n]
	p.values = p.values[n:]
	return v
}
