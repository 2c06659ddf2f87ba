package style

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
)

const (
	maxDocument = 16 << 20 // bytes
	maxLayers   = 10000
	maxProblems = 200 // that are listed, as are warnings
)

// Parse reads a style document. Whatever it does not understand, or what would be drawn otherwise than the document says, is an
// error, an [*Error] that lists all of it and is ErrStyle.
func Parse(doc []byte) (*Style, error) { return parse(doc, false) }

// ParseLenient reads a style document made by others for other programs. What Parse refuses is left out with a warning, and with it the
// layer where it means nothing without. Only what is no style document at all is an error, which is ErrStyle.
func ParseLenient(doc []byte) (*Style, error) { return parse(doc, true) }

type parser struct {
	style    *Style
	lenient  bool
	problems []Problem
	more     int
	warned   map[string]bool
	ids      map[string]bool
}

func parse(doc []byte, lenient bool) (*Style, error) {
	if len(doc) > maxDocument {
		return nil, fmt.Errorf("%w: more than %d MB", ErrStyle, maxDocument>>20)
	}
	doc = bytes.TrimPrefix(doc, []byte("\xef\xbb\xbf"))
	var root map[string]json.RawMessage
	if err := json.Unmarshal(doc, &root); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStyle, syntaxError(doc, err))
	}
	if root == nil {
		return nil, fmt.Errorf("%w: the document is null", ErrStyle)
	}
	p := &parser{style: &Style{Sources: map[string]Source{}}, lenient: lenient, warned: map[string]bool{}, ids: map[string]bool{}}
	var version float64
	if json.Unmarshal(root["version"], &version) != nil || version != 8 {
		return nil, fmt.Errorf("%w: version: 8 is due here", ErrStyle)
	}
	p.document(root)
	if len(p.problems) == 0 {
		return p.style, nil
	}
	if !lenient {
		return nil, &Error{Problems: p.problems, More: p.more}
	}
	for _, w := range p.problems {
		p.style.Warnings = append(p.style.Warnings, w.String())
	}
	if p.more > 0 {
		p.style.Warnings = append(p.style.Warnings, fmt.Sprintf("and %d more", p.more))
	}
	return p.style, nil
}

// syntaxError names the line and column of what is not JSON.
func syntaxError(doc []byte, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return errors.New("the document is not a JSON object")
	}
	at := min(int(syntax.Offset), len(doc))
	line := 1 + bytes.Count(doc[:at], []byte("\n"))
	column := at - bytes.LastIndexByte(doc[:at], '\n') - 1
	return fmt.Errorf("line %d, column %d: %w", line, column, err)
}

func (p *parser) report(at *path, format string, args ...any) {
	if len(p.problems) >= maxProblems {
		p.more++
		return
	}
	p.problems = append(p.problems, Problem{at.String(), fmt.Sprintf(format, args...)})
}

// warn notes what has no effect; the same text only for the first place that it is true of.
func (p *parser) warn(at *path, text string) {
	if p.warned[text] || len(p.warned) >= maxProblems {
		return
	}
	p.warned[text] = true
	p.style.Warnings = append(p.style.Warnings, Problem{at.String(), text}.String())
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

var rootMembers = []string{"version", "name", "metadata", "center", "zoom", "bearing", "pitch", "sources", "layers", "sprite", "glyphs", "transition"}

func (p *parser) document(root map[string]json.RawMessage) {
	var sources map[string]json.RawMessage
	var layers []json.RawMessage
	for _, name := range sortedKeys(root) {
		raw, at := root[name], (*path)(nil).member(name)
		switch name {
		case "version", "id", "owner", "created", "modified", "visibility", "draft", "protected":
		case "name":
			p.decode(raw, at, &p.style.Name, "a text")
		case "metadata":
			p.decode(raw, at, &p.style.Metadata, "an object")
		case "center":
			var c []float64
			if p.decode(raw, at, &c, "longitude and latitude in degrees") {
				if len(c) != 2 {
					p.report(at, "longitude and latitude in degrees are due here")
					break
				}
				p.style.Center, p.style.HasCenter = [2]float64{c[0], c[1]}, true
			}
		case "zoom":
			p.decode(raw, at, &p.style.Zoom, "a number")
		case "bearing":
			p.decode(raw, at, &p.style.Bearing, "a number")
		case "pitch":
			var pitch float64
			if p.decode(raw, at, &pitch, "a number") && pitch != 0 {
				p.warn(at, "the map is flat")
			}
		case "glyphs", "font-faces":
			p.warn(at, "texts are drawn in the fonts of the program")
		case "sprite":
			p.warn(at, "pictures are those of the program; an icon-image of another name is a dot, or a plate under its text")
		case "light", "lights", "sky", "terrain", "fog", "projection":
			p.warn(at, "the map is flat")
		case "transition":
			p.warn(at, "changes are shown at once")
		case "sources":
			if p.decode(raw, at, &sources, "an object of sources") {
				p.sources(sources, at)
			}
		case "layers":
			p.decode(raw, at, &layers, "an array of layers")
		default:
			p.report(at, "unknown member of a style%s", suggestion(name, rootMembers))
		}
	}
	if root["sources"] == nil {
		p.report(nil, "the document has no sources")
	}
	if root["layers"] == nil {
		p.report(nil, "the document has no layers")
	}
	at := (*path)(nil).member("layers")
	if len(layers) > maxLayers {
		p.report(at, "more than %d layers", maxLayers)
		layers = layers[:maxLayers]
	}
	for i, raw := range layers {
		p.layer(raw, at.element(i), sources)
	}
}

// decode reads JSON of a type and reports what is due if it is not.
func (p *parser) decode(raw json.RawMessage, at *path, to any, due string) bool {
	if err := json.Unmarshal(raw, to); err != nil || bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
		p.report(at, "%s is due here", due)
		return false
	}
	return true
}

var sourceMembers = map[string][]string{
	"vector":  {"type", "url", "tiles", "bounds", "scheme", "minzoom", "maxzoom", "attribution"},
	"raster":  {"type", "url", "tiles", "bounds", "scheme", "minzoom", "maxzoom", "attribution", "tileSize"},
	"geojson": {"type", "data", "maxzoom", "attribution"},
}

func (p *parser) sources(all map[string]json.RawMessage, at *path) {
	for _, name := range sortedKeys(all) {
		place := at.member(name)
		var members map[string]json.RawMessage
		if !p.decode(all[name], place, &members, "an object") {
			continue
		}
		s := Source{TileSize: 512, MaxZoom: 22, Scheme: "xyz", Bounds: [4]float64{-180, -85.051129, 180, 85.051129}}
		_ = json.Unmarshal(members["type"], &s.Type) // left empty it is reported below
		known, ok := sourceMembers[s.Type]
		if !ok {
			p.report(place.member("type"), "vector, raster or geojson is due here, this is %q", clip(s.Type))
			continue
		}
		if s.Type == "geojson" {
			s.MaxZoom = 18
		}
		for _, m := range sortedKeys(members) {
			p.sourceMember(&s, m, members[m], place.member(m), known)
		}
		if s.Type == "geojson" && members["data"] == nil {
			p.report(place, "a geojson source has data")
		}
		p.style.Sources[name] = s
	}
}

func (p *parser) sourceMember(s *Source, name string, raw json.RawMessage, at *path, known []string) {
	switch name {
	case "promoteId", "volatile", "buffer", "tolerance", "lineMetrics", "generateId", "clusterRadius", "clusterMaxZoom", "clusterMinPoints", "clusterProperties":
		p.warn(at, "has no effect on this map")
		return
	case "cluster":
		if on := false; p.decode(raw, at, &on, "true or false") && on {
			p.report(at, "sources are not clustered")
		}
		return
	case "filter":
		p.report(at, "sources are not filtered; filter in the layers")
		return
	case "encoding":
		if e := ""; p.decode(raw, at, &e, "a text") && e != "mvt" {
			p.report(at, "tiles are encoded as mvt")
		}
		return
	}
	if !slices.Contains(known, name) {
		if near := suggestion(name, known); near != "" || s.Type == "geojson" {
			p.report(at, "unknown member of a %s source%s", s.Type, near)
		} else { // the specification lets the members of a TileJSON document stand here
			p.warn(at, "unknown members of a "+s.Type+" source are not looked at")
		}
		return
	}
	switch name {
	case "url":
		p.decode(raw, at, &s.URL, "a text")
	case "tiles":
		p.decode(raw, at, &s.Tiles, "an array of texts")
	case "bounds":
		var b []float64
		if p.decode(raw, at, &b, "west, south, east, north in degrees") {
			if len(b) != 4 {
				p.report(at, "west, south, east, north in degrees are due here")
				return
			}
			s.Bounds = [4]float64(b)
		}
	case "scheme":
		if p.decode(raw, at, &s.Scheme, "xyz or tms") && s.Scheme != "xyz" && s.Scheme != "tms" {
			p.report(at, "xyz or tms is due here")
		}
	case "minzoom":
		p.zoom(raw, at, &s.MinZoom)
	case "maxzoom":
		p.zoom(raw, at, &s.MaxZoom)
	case "attribution":
		p.decode(raw, at, &s.Attribution, "a text")
	case "tileSize":
		if p.decode(raw, at, &s.TileSize, "a whole number") && (s.TileSize < 64 || s.TileSize > 4096) {
			p.report(at, "tiles are 64 to 4096 pixels wide")
			s.TileSize = 512
		}
	case "data":
		if json.Unmarshal(raw, &s.URL) != nil {
			s.Data = raw
		}
	}
}

// zoom reads a zoom of 0 to 24.
func (p *parser) zoom(raw json.RawMessage, at *path, to *float64) {
	var z float64
	if !p.decode(raw, at, &z, "a number") {
		return
	}
	if z < 0 || z > 24 {
		p.report(at, "a zoom is 0 to 24")
		return
	}
	*to = z
}
