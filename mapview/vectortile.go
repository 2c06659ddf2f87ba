package mapview

import (
	"encoding/binary"
	"math"

	"kuaitu/mapview/mvt"
)

// vectorTile is a decoded tile: its layers as arrays of features in world units, in the order of the tile. It is not written.
type vectorTile struct {
	layers map[string]*packed
	square box // the tile without its buffer; the last units on the right and below belong to the neighbours
	broken int
	bytes  int
}

// decodeVectorTile reads the tile at a place. One that cannot be read at all is an empty one that is broken.
func decodeVectorTile(data []byte, at tileAt) *vectorTile {
	side := uint64(worldSize) >> at.z
	x0, y0 := uint64(at.x)*side, uint64(at.y)*side
	t := &vectorTile{layers: map[string]*packed{}, square: box{uint32(x0), uint32(y0), uint32(x0 + side - 1), uint32(y0 + side - 1)}, bytes: 256}
	raw, err := mvt.Decode(data)
	if err != nil {
		t.broken = 1
		return t
	}
	t.broken = raw.Broken
	for i := range raw.Layers {
		l := &raw.Layers[i]
		if len(l.Features) == 0 || t.layers[l.Name] != nil {
			continue // a name is there once; the first counts
		}
		p := packLayer(l, float64(x0), float64(y0), float64(side)/float64(l.Extent))
		if p.len() > 0 {
			t.layers[l.Name] = p
			t.bytes += p.bytes()
		}
	}
	return t
}

// packLayer packs the features of a layer whose corner is at x0, y0, a unit of it being k units of the world.
func packLayer(l *mvt.Layer, x0, y0, k float64) *packed {
	var b Builder
	place := columnPlaces(l, &b)
	codes := map[uint64]uint32{}
	for i := range l.Features {
		f := &l.Features[i]
		n := b.Len()
		s, ok := b.addTileFeature(f, x0, y0, k)
		var id ID
		binary.BigEndian.PutUint64(id[8:], f.ID)
		if !ok || !b.finish(id, 0, "", s) {
			b.giveUp()
			continue
		}
		for j := 0; j < len(f.Tags); j += 2 {
			c := &b.columns[place[f.Tags[j]]]
			c.fill(n)
			if len(c.codes) > n {
				continue // a key is there once; the first counts
			}
			pair := uint64(f.Tags[j])<<32 | uint64(f.Tags[j+1])
			code, ok := codes[pair]
			if !ok {
				code = c.intern(tileProp(&l.Values[f.Tags[j+1]]))
				codes[pair] = code
			}
			c.codes = append(c.codes, code)
		}
	}
	order := make([]uint32, b.Len())
	for i := range order {
		order[i] = uint32(i)
	}
	return b.packIn(order)
}

// columnPlaces makes the columns of a layer: one for each key that is used. It answers the column of each key.
func columnPlaces(l *mvt.Layer, b *Builder) []int {
	place := make([]int, len(l.Keys))
	for i := range place {
		place[i] = -1
	}
	byName := map[string]int{}
	for i := range l.Features {
		tags := l.Features[i].Tags
		for j := 0; j < len(tags); j += 2 {
			key := tags[j]
			if place[key] >= 0 {
				continue
			}
			at, ok := byName[l.Keys[key]]
			if !ok {
				at = len(b.columns)
				byName[l.Keys[key]] = at
				b.columns = append(b.columns, newColumnBuilder(l.Keys[key]))
			}
			place[key] = at
		}
	}
	return place
}

func tileProp(v *mvt.Value) prop {
	switch v.Kind {
	case mvt.String:
		return prop{kind: propString, str: v.Str}
	case mvt.Number:
		return prop{kind: propNumber, num: v.Num}
	case mvt.Bool:
		if v.Num != 0 {
			return prop{kind: propTrue}
		}
		return prop{kind: propFalse}
	case mvt.Null:
	}
	return prop{}
}

// addTileFeature adds the parts of a feature to the rings of the one being built. Tile coordinates may lie beyond the world at its edges and are put on
// its border.
func (b *Builder) addTileFeature(f *mvt.Feature, x0, y0, k float64) (s shape, ok bool) {
	least := 1
	switch f.Type {
	case mvt.Points:
		s = shapePoint
	case mvt.Lines:
		s, least = shapeLine, 2
	case mvt.Polygons:
		s, least = shapePolygon, 3
	default:
		return 0, false
	}
	b.start()
	p := &b.p
	unit := func(v float64) uint32 { return uint32(math.Max(0, math.Min(worldSize-1, math.Round(v)))) }
	for _, part := range f.Parts {
		start := len(p.coords)
		for i := 0; i < len(part); i += 2 {
			p.coords = append(p.coords, unit(x0+float64(part[i])*k), unit(y0+float64(part[i+1])*k))
		}
		if len(p.coords)-start < 2*least {
			p.coords = p.coords[:start]
			continue
		}
		p.rings = append(p.rings, uint32(len(p.coords)/2))
	}
	return s, true
}

// bytes is about what the array takes in memory, with the looks of some ten layers.
func (p *packed) bytes() int {
	n := 4*(len(p.coords)+len(p.rings)+len(p.feats)+len(p.labels)) + len(p.text) + p.len()*(16+1+1+16+8+10)
	for _, level := range p.tree.levels {
		n += 16 * len(level)
	}
	for i := range p.columns {
		n += p.columns[i].bytes()
	}
	return n + 1024
}
