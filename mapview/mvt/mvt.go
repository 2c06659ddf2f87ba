// Package mvt reads Mapbox Vector Tiles, versions 1 and 2 of their specification, as MBTiles, PMTiles and tile servers hold them:
// plain, gzipped or deflated.
//
// [Decode] takes the bytes of one tile and answers its layers. What follows the specification is read; what does not is left out and counted in
// [Tile.Broken], so that one bad feature does not cost the tile. Every length is checked before anything of that size is made. The package
// knows no map and no place: coordinates are those of the tile.
package mvt

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math"
)

// ErrTile is returned for bytes of which nothing can be read as a tile.
var ErrTile = errors.New("not a vector tile")

// Limits of a tile. Tiles in use are below a hundredth of each.
const (
	MaxBytes    = 32 << 20 // unpacked
	maxFeatures = 1 << 20
	maxEntries  = 1 << 20 // keys or values of a layer
	maxLayers   = 1 << 10
)

// Tile is what was read of one tile.
type Tile struct {
	Layers []Layer
	Broken int // layers and features that break the specification and were left out
}

// Layer is one layer of a tile, its features in the order of the tile.
type Layer struct {
	Name     string
	Extent   int // coordinates 0…Extent lie in the tile, others in its buffer
	Keys     []string
	Values   []Value
	Features []Feature
}

// Geometry is what the parts of a feature are.
type Geometry uint8

// The geometries, numbered as in the specification.
const (
	Points Geometry = 1 + iota
	Lines
	Polygons
)

// Feature is one feature. Tags are pairs of a place in Keys and one in Values.
//
// Parts are x, y, x, y … with y growing southwards: of Points one part with all of them; of Polygons the rings, not closed (the last point is
// not the first again), each outer ring turning clockwise on the screen (of positive area) and followed by its holes, which turn the other way.
type Feature struct {
	ID    uint64
	HasID bool
	Type  Geometry
	Tags  []uint32
	Parts [][]int32
}

// Kind is what a Value is.
type Kind uint8

// The kinds of values; floats and all integers are numbers.
const (
	Null Kind = iota
	Bool
	Number
	String
)

// Value is the value of a tag.
type Value struct {
	Kind Kind
	Num  float64 // of a Bool 1 or 0
	Str  string
}

// Decode reads a tile. The error wraps ErrTile and is given only when nothing could be read. An empty tile has no layers.
func Decode(data []byte) (*Tile, error) {
	data, err := unpack(data)
	if err != nil {
		return nil, fmt.Errorf("unpack tile: %w: %w", ErrTile, err)
	}
	t := &Tile{}
	r := reader{b: data}
	features := 0
	for r.more() {
		field, wire := r.key()
		if field != 3 || wire != wireBytes {
			r.skip(wire)
			continue
		}
		body := r.bytes()
		if r.bad {
			break
		}
		d := layerDecoder{features: &features}
		if l, ok := d.layer(body); ok && len(t.Layers) < maxLayers {
			t.Layers = append(t.Layers, l)
		} else {
			t.Broken++
		}
		t.Broken += d.broken
	}
	if r.bad {
		if len(t.Layers) == 0 {
			return nil, fmt.Errorf("read tile of %d bytes: %w", len(data), ErrTile)
		}
		t.Broken++
	}
	return t, nil
}

// unpack undoes gzip or deflate.
func unpack(data []byte) ([]byte, error) {
	var z io.ReadCloser
	var err error
	switch {
	case len(data) > 2 && data[0] == 0x1f && data[1] == 0x8b:
		z, err = gzip.NewReader(bytes.NewReader(data))
	case len(data) > 2 && data[0] == 0x78 && (uint(data[0])<<8|uint(data[1]))%31 == 0:
		z, err = zlib.NewReader(bytes.NewReader(data))
	case len(data) > MaxBytes:
		return nil, errors.New("too long")
	default:
		return data, nil
	}
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(out) > MaxBytes {
		return nil, errors.New("too long")
	}
	return out, z.Close()
}

// layerDecoder reads one layer.
type layerDecoder struct {
	features *int // of all layers so far
	broken   int
	coords   []int32 // where the parts of the features lie, in pieces
	ends     []int   // scratch: the ends of a feature's parts in coords
}

func (d *layerDecoder) layer(body []byte) (Layer, bool) {
	l := Layer{Extent: 4096}
	version := uint64(1)
	r := reader{b: body}
	var features [][]byte
	named := false
	for r.more() {
		field, wire := r.key()
		switch {
		case field == 1 && wire == wireBytes:
			l.Name, named = string(r.bytes()), true
		case field == 2 && wire == wireBytes:
			if *d.features++; *d.features > maxFeatures {
				return l, false
			}
			features = append(features, r.bytes())
		case field == 3 && wire == wireBytes:
			if len(l.Keys) == maxEntries {
				return l, false
			}
			l.Keys = append(l.Keys, string(r.bytes()))
		case field == 4 && wire == wireBytes:
			if len(l.Values) == maxEntries {
				return l, false
			}
			l.Values = append(l.Values, value(r.bytes()))
		case field == 5 && wire == wireVarint:
			e := r.varint()
			if e == 0 || e > 1<<20 {
				return l, false
			}
			l.Extent = int(e)
		case field == 15 && wire == wireVarint:
			version = r.varint()
		default:
			r.skip(wire)
		}
	}
	if r.bad || !named || version < 1 || version > 2 {
		return l, false
	}
	l.Features = make([]Feature, 0, len(features))
	for _, b := range features {
		f, ok := d.feature(b, &l, version)
		if !ok {
			d.broken++
		} else if len(f.Parts) > 0 {
			l.Features = append(l.Features, f)
		}
	}
	return l, true
}

// feature reads a feature. One without parts is of an unknown type or has shrunk to nothing, and not broken.
func (d *layerDecoder) feature(body []byte, l *Layer, version uint64) (f Feature, ok bool) {
	r := reader{b: body}
	var geometry []byte
	for r.more() {
		field, wire := r.key()
		switch {
		case field == 1 && wire == wireVarint:
			f.ID, f.HasID = r.varint(), true
		case field == 2 && wire == wireBytes:
			tags := reader{b: r.bytes()}
			for tags.more() {
				f.Tags = append(f.Tags, uint32(min(tags.varint(), math.MaxUint32)))
			}
			if tags.bad {
				return f, false
			}
		case field == 3 && wire == wireVarint:
			f.Type = Geometry(min(r.varint(), 255))
		case field == 4 && wire == wireBytes:
			geometry = r.bytes()
		default:
			r.skip(wire)
		}
	}
	if r.bad || len(f.Tags)%2 != 0 {
		return f, false
	}
	for i := 0; i < len(f.Tags); i += 2 {
		if int(f.Tags[i]) >= len(l.Keys) || int(f.Tags[i+1]) >= len(l.Values) {
			return f, false
		}
	}
	if f.Type < Points || f.Type > Polygons {
		return f, true
	}
	f.Parts, ok = d.parts(f.Type, geometry)
	if ok && f.Type == Polygons {
		f.Parts = orient(f.Parts, version)
	}
	return f, ok
}

// value reads a value; of several the last counts, as protocol buffers have it.
func value(body []byte) Value {
	r := reader{b: body}
	var v Value
	num := func(n float64) { v = Value{Kind: Number, Num: n} }
	for r.more() {
		field, wire := r.key()
		switch {
		case field == 1 && wire == wireBytes:
			v = Value{Kind: String, Str: string(r.bytes())}
		case field == 2 && wire == wire32:
			num(float64(math.Float32frombits(uint32(r.fixed(4)))))
		case field == 3 && wire == wire64:
			num(math.Float64frombits(r.fixed(8)))
		case field == 4 && wire == wireVarint:
			num(float64(int64(r.varint())))
		case field == 5 && wire == wireVarint:
			num(float64(r.varint()))
		case field == 6 && wire == wireVarint:
			u := r.varint()
			num(float64(int64(u>>1) ^ -int64(u&1)))
		case field == 7 && wire == wireVarint:
			v = Value{Kind: Bool}
			if r.varint() != 0 {
				v.Num = 1
			}
		default:
			r.skip(wire)
		}
	}
	if r.bad {
		return Value{}
	}
	return v
}
