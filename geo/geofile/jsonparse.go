package geofile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unsafe"

	"github.com/paulmach/orb"
)

// jsonParser reads one complete JSON value. Errors are sentences without place. Points and values of many features share
// chunks of memory, each part of which is given away once.
type jsonParser struct {
	b       []byte
	i       int
	scratch []orb.Point
	points  []orb.Point // chunk to cut from
	values  []Value     // chunk to cut from
}

var errCut = errors.New("the JSON ends in the middle")

func (p *jsonParser) space() byte {
	for p.i < len(p.b) {
		switch c := p.b[p.i]; c {
		case ' ', '\t', '\r', '\n':
			p.i++
		default:
			return c
		}
	}
	return 0
}

func (p *jsonParser) expect(c byte) error {
	if got := p.space(); got != c {
		if got == 0 {
			return errCut
		}
		return fmt.Errorf("%q where %q should be", got, c)
	}
	p.i++
	return nil
}

// more says, within a list that ends with end, whether another element follows. first is true before the first.
func (p *jsonParser) more(end byte, first bool) (bool, error) {
	switch c := p.space(); {
	case c == end:
		p.i++
		return false, nil
	case first && c != 0:
		return true, nil
	case c == ',':
		p.i++
		if p.space() == end {
			return false, fmt.Errorf("a comma before %q", end)
		}
		return true, nil
	case c == 0:
		return false, errCut
	default:
		return false, fmt.Errorf("%q where %q or a comma should be", c, end)
	}
}

// str returns the bytes between the quotes of a string, and whether it has escapes.
func (p *jsonParser) str() (raw []byte, escaped bool, err error) {
	if err := p.expect('"'); err != nil {
		return nil, false, err
	}
	for from := p.i; p.i < len(p.b); p.i++ {
		switch p.b[p.i] {
		case '"':
			p.i++
			return p.b[from : p.i-1], escaped, nil
		case '\\':
			escaped = true
			p.i++
		}
	}
	return nil, false, errCut
}

// key returns the name of a member and consumes the colon. It aliases the input unless it has escapes.
func (p *jsonParser) key() ([]byte, error) {
	raw, escaped, err := p.str()
	if err != nil {
		return nil, err
	}
	if escaped {
		s, err := unescape(raw)
		if err != nil {
			return nil, err
		}
		raw = []byte(s)
	}
	return raw, p.expect(':')
}

func unescape(raw []byte) (string, error) {
	quoted := append(append(make([]byte, 0, len(raw)+2), '"'), raw...)
	var s string
	if err := json.Unmarshal(append(quoted, '"'), &s); err != nil {
		return "", fmt.Errorf("a string has a wrong escape")
	}
	return s, nil
}

// skip consumes a value of any kind and returns it.
func (p *jsonParser) skip() ([]byte, error) {
	c := p.space()
	from := p.i
	switch c {
	case 0:
		return nil, errCut
	case '"':
		_, _, err := p.str()
		return p.b[from:p.i], err
	case '{', '[':
		for depth := 0; p.i < len(p.b); {
			switch p.b[p.i] {
			case '"':
				if _, _, err := p.str(); err != nil {
					return nil, err
				}
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			if p.i++; depth == 0 {
				return p.b[from:p.i], nil
			}
		}
		return nil, errCut
	}
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case ',', '}', ']', ' ', '\t', '\r', '\n', ':', '"', '{', '[':
			if p.i == from {
				return nil, fmt.Errorf("%q where a value should be", c)
			}
			return p.b[from:p.i], nil
		}
		p.i++
	}
	return p.b[from:p.i], nil
}

// number reads a number. Coordinates have few digits, so that one division is exact; the rest goes the long way.
func (p *jsonParser) number() (float64, error) {
	p.space()
	from := p.i
	neg := p.i < len(p.b) && p.b[p.i] == '-'
	if neg {
		p.i++
	}
	var mantissa uint64
	digits, scale, point := 0, 0, false
loop:
	for ; p.i < len(p.b); p.i++ {
		switch c := p.b[p.i]; {
		case c >= '0' && c <= '9':
			mantissa = mantissa*10 + uint64(c-'0')
			digits++
			if point {
				scale++
			}
		case c == '.' && !point:
			point = true
		default:
			break loop
		}
	}
	if digits > 0 && digits <= 15 && (p.i == len(p.b) || p.b[p.i] != 'e' && p.b[p.i] != 'E') {
		f := float64(mantissa) / pow10[scale]
		if neg {
			f = -f
		}
		return f, nil
	}
	p.i = from
	text, err := p.skip()
	if err != nil {
		return 0, err
	}
	f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(text), len(text)), 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, fmt.Errorf("%q where a number should be", clip(text))
	}
	return f, nil
}

var pow10 = [16]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// clip shortens what goes into an error.
func clip(b []byte) string {
	const limit = 24
	if len(b) > limit {
		b = append(bytes.ToValidUTF8(b[:limit:limit], nil), "…"...)
	}
	return string(bytes.ToValidUTF8(b, nil))
}

// point reads a position; numbers past the second (heights) are read and dropped.
func (p *jsonParser) point() (orb.Point, error) {
	var pt orb.Point
	if err := p.expect('['); err != nil {
		return pt, err
	}
	n := 0
	for first := true; ; first = false {
		ok, err := p.more(']', first)
		if err != nil {
			return pt, err
		}
		if !ok {
			break
		}
		v, err := p.number()
		if err != nil {
			return pt, err
		}
		if n < 2 {
			pt[n] = v
		}
		n++
	}
	if n < 2 {
		return pt, errors.New("a position with fewer than two numbers")
	}
	return pt, nil
}

// list calls f for each element of an array.
func (p *jsonParser) list(f func() error) error {
	if err := p.expect('['); err != nil {
		return err
	}
	for first := true; ; first = false {
		ok, err := p.more(']', first)
		if err != nil || !ok {
			return err
		}
		if err := f(); err != nil {
			return err
		}
	}
}

// positions reads an array of positions.
func (p *jsonParser) positions() ([]orb.Point, error) {
	p.scratch = p.scratch[:0]
	if err := p.expect('['); err != nil {
		return nil, err
	}
	for first := true; ; first = false {
		ok, err := p.more(']', first)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		pt, err := p.point()
		if err != nil {
			return nil, err
		}
		p.scratch = append(p.scratch, pt)
	}
	n := len(p.scratch)
	if n > len(p.points) {
		if n > 1024 {
			return append([]orb.Point(nil), p.scratch...), nil
		}
		p.points = make([]orb.Point, 4096)
	}
	out := p.points[:n:n]
	p.points = p.points[n:]
	copy(out, p.scratch)
	return out, nil
}

func (p *jsonParser) polygon() (orb.Polygon, error) {
	out := make(orb.Polygon, 0, 1)
	err := p.list(func() error {
		ps, err := p.positions()
		out = append(out, ps)
		return err
	})
	return out, err
}

// geometry reads a geometry object or null.
func (p *jsonParser) geometry(depth int) (orb.Geometry, error) {
	if p.space() == 'n' {
		if v, _ := p.skip(); string(v) != "null" {
			return nil, fmt.Errorf("%q where a geometry should be", clip(v))
		}
		return nil, nil
	}
	if depth > 8 {
		return nil, errors.New("geometry collections are nested too deep")
	}
	if err := p.expect('{'); err != nil {
		return nil, fmt.Errorf("the geometry is no object: %w", err)
	}
	kind := ""
	coordinates, geometries := -1, -1 // where they begin, when they came before the type
	var g orb.Geometry
	for first := true; ; first = false {
		ok, err := p.more('}', first)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		key, err := p.key()
		if err != nil {
			return nil, err
		}
		switch string(key) {
		case "type":
			raw, _, err := p.str()
			if err != nil {
				return nil, err
			}
			kind = string(raw)
			continue
		case "coordinates":
			if kind != "" {
				if g, err = p.coordinates(kind); err != nil {
					return nil, err
				}
				coordinates = -2
				continue
			}
			p.space()
			coordinates = p.i
		case "geometries":
			p.space()
			geometries = p.i
		}
		if _, err := p.skip(); err != nil {
			return nil, err
		}
	}
	end := p.i
	switch {
	case coordinates == -2:
		return g, nil
	case kind == "":
		return nil, errors.New("the geometry has no type")
	case kind == "GeometryCollection":
		if geometries < 0 {
			return nil, errors.New("a collection without geometries")
		}
		p.i = geometries
		out := orb.Collection{}
		err := p.list(func() error {
			part, err := p.geometry(depth + 1)
			if part != nil {
				out = append(out, part)
			}
			return err
		})
		p.i = end
		return out, err
	case coordinates < 0:
		return nil, errors.New("the geometry has no coordinates")
	}
	p.i = coordinates
	g, err := p.coordinates(kind)
	p.i = end
	return g, err
}

// coordinates reads the coordinates of a geometry type.
func (p *jsonParser) coordinates(kind string) (orb.Geometry, error) {
	switch kind {
	case "Point":
		if p.space() == '[' { // an empty array is an empty point
			save := p.i
			p.i++
			if p.space() == ']' {
				p.i++
				return orb.MultiPoint{}, nil
			}
			p.i = save
		}
		return p.point()
	case "MultiPoint":
		ps, err := p.positions()
		return orb.MultiPoint(ps), err
	case "LineString":
		ps, err := p.positions()
		return orb.LineString(ps), err
	case "Polygon":
		return p.polygon()
	case "MultiLineString":
		var out orb.MultiLineString
		err := p.list(func() error {
			ps, err := p.positions()
			out = append(out, ps)
			return err
		})
		return out, err
	case "MultiPolygon":
		var out orb.MultiPolygon
		err := p.list(func() error {
			poly, err := p.polygon()
			out = append(out, poly)
			return err
		})
		return out, err
	}
	return nil, fmt.Errorf("geometry type %q is not known", clip([]byte(kind)))
}
