package mapview

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"kuaitu/mapview/style"
)

// ErrNoSource says that layers of a style document have nothing to draw from.
var ErrNoSource = errors.New("no such source")

// StyledLayers makes the layers of a scene that draw a style document, in its order and with its ids as names. src answers what they draw from, by the
// layer's source-layer or its source, the former first: a [*Snapshot], a [VectorSource] or, for raster layers, a [TileSource]. Sources of type geojson whose data is in the
// document need no answer. A VectorSource that is no [VectorTiles] is wrapped in one, once for all layers.
//
// Layers the document hides are there and Hidden. A layer that has nothing to draw from is left out; the error, which wraps ErrNoSource, then names it, and the others are answered all the same. The
// layers of a document are to be made once and kept: made anew they count as others, and a Pyramid draws everything again.
func StyledLayers(st *style.Style, src map[string]any) ([]Layer, error) {
	made := map[string]any{}
	wrapped := map[VectorSource]*VectorTiles{}
	var out []Layer
	var missing []string
	for _, sl := range st.Layers {
		l := Layer{Name: sl.ID, Kind: KindStyled, Style: sl, Hidden: sl.Hidden}
		from, ok := src[sl.SourceLayer]
		if !ok || sl.SourceLayer == "" {
			from, ok = src[sl.Source]
		}
		if !ok {
			from, ok = made[sl.Source]
		}
		if s := st.Sources[sl.Source]; !ok && s.Type == "geojson" {
			data, err := geoJSONSnapshot(s.Data)
			if err != nil {
				return nil, fmt.Errorf("source %s: %w", sl.Source, err)
			}
			if data != nil {
				from = data
				made[sl.Source] = data
			}
		}
		switch from := from.(type) {
		case *Snapshot:
			l.Data = from
		case *VectorTiles:
			l.Vector = from
		case VectorSource:
			if wrapped[from] == nil {
				wrapped[from] = NewVectorTiles(from, 0)
			}
			l.Vector = wrapped[from]
		case TileSource:
			l.Raster = from
		}
		drawn := l.Data != nil || l.Vector != nil
		if sl.Type == style.Raster {
			drawn = l.Raster != nil
		}
		if !drawn && sl.Type != style.Background {
			missing = append(missing, fmt.Sprintf("%s (%s)", sl.ID, strings.Trim(sl.Source+"/"+sl.SourceLayer, "/")))
			continue
		}
		out = append(out, l)
	}
	if missing != nil {
		return out, fmt.Errorf("layers %s: %w", strings.Join(missing, ", "), ErrNoSource)
	}
	return out, nil
}

// maxColumns is how many properties of GeoJSON are kept.
const maxColumns = 256

// geoJSONSnapshot packs the GeoJSON of a source; nil when it is not in the document. Features that cannot be drawn are left out.
func geoJSONSnapshot(data json.RawMessage) (*Snapshot, error) {
	if len(data) == 0 || data[0] == '"' {
		return nil, nil
	}
	var top jsonObject
	if err := json.Unmarshal(data, &top); err != nil {
		return nil, fmt.Errorf("read GeoJSON: %w", err)
	}
	features := top.Features
	if top.Type != "FeatureCollection" {
		features = []jsonObject{top}
	}
	seen := map[string]bool{}
	var names []string
	for _, f := range features {
		for n := range f.Properties {
			if !seen[n] {
				seen[n] = true
				names = append(names, n)
			}
		}
	}
	slices.Sort(names)
	names = names[:min(len(names), maxColumns)]
	var b Builder
	b.Columns(names...)
	row := make([]style.Value, len(names))
	for i, f := range features {
		geometry := &f
		if f.Type == "Feature" {
			geometry = f.Geometry
		}
		g := geometry.shape()
		if g == nil {
			continue
		}
		for j, n := range names {
			row[j] = style.FromJSON(f.Properties[n])
		}
		if err := b.AddRow(jsonID(f.ID, i), g, row); err != nil && !errors.Is(err, ErrGeometry) {
			return nil, err
		}
	}
	return b.Build(1), nil
}

// jsonObject is a feature collection, a feature or a geometry.
type jsonObject struct {
	Type        string
	ID          any
	Features    []jsonObject
	Properties  map[string]any
	Geometry    *jsonObject
	Coordinates json.RawMessage
	Geometries  []jsonObject
}

// shape is the geometry of an object; nil if it is none that can be read.
func (o *jsonObject) shape() orb.Geometry {
	if o == nil {
		return nil
	}
	switch o.Type {
	case "Point":
		return coordinates[orb.Point](o)
	case "MultiPoint":
		return coordinates[orb.MultiPoint](o)
	case "LineString":
		return coordinates[orb.LineString](o)
	case "MultiLineString":
		return coordinates[orb.MultiLineString](o)
	case "Polygon":
		return coordinates[orb.Polygon](o)
	case "MultiPolygon":
		return coordinates[orb.MultiPolygon](o)
	case "GeometryCollection":
		var c orb.Collection
		for i := range o.Geometries {
			if g := o.Geometries[i].shape(); g != nil {
				c = append(c, g)
			}
		}
		if len(c) > 0 {
			return c
		}
	}
	return nil
}

// coordinates reads the numbers of a geometry; heights are passed over.
func coordinates[T orb.Geometry](o *jsonObject) orb.Geometry {
	var g T
	if json.Unmarshal(o.Coordinates, &g) != nil {
		return nil
	}
	return g
}

// jsonID is the id of a feature of GeoJSON: its number if it has one, else where it stands in the file, out of the way of numbers.
func jsonID(v any, at int) (id ID) {
	if n, ok := v.(float64); ok && n > 0 && n < 1<<53 && n == math.Trunc(n) {
		binary.BigEndian.PutUint64(id[8:], uint64(n))
		return id
	}
	id[0] = 0xff
	binary.BigEndian.PutUint64(id[8:], uint64(at))
	return id
}
