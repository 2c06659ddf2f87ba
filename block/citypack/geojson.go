package citypack

import (
	"encoding/json"
	"fmt"

	"github.com/paulmach/orb"
)

// jsonFeature is a GeoJSON feature with a Polygon or MultiPolygon. orb's own reader would bring MongoDB's driver with it.
type jsonFeature struct {
	Type       string         `json:"type"`
	Properties map[string]any `json:"properties"`
	Geometry   *jsonGeometry  `json:"geometry"`
}

type jsonGeometry struct {
	Type        string          `json:"type"`
	Coordinates json.RawMessage `json:"coordinates"`
}

// area returns the geometry as an area. Other geometries and malformed ones are an error that says what they are.
func (g *jsonGeometry) area() (orb.Geometry, error) {
	switch g.Type {
	case "Polygon":
		var c [][][]float64
		if err := json.Unmarshal(g.Coordinates, &c); err != nil {
			return nil, fmt.Errorf("its coordinates are no polygon's")
		}
		return jsonPolygon(c)
	case "MultiPolygon":
		var c [][][][]float64
		if err := json.Unmarshal(g.Coordinates, &c); err != nil {
			return nil, fmt.Errorf("its coordinates are no multipolygon's")
		}
		out := make(orb.MultiPolygon, 0, len(c))
		for _, p := range c {
			poly, err := jsonPolygon(p)
			if err != nil {
				return nil, err
			}
			out = append(out, poly)
		}
		return out, nil
	}
	return nil, fmt.Errorf("a %s is no area", g.Type)
}

func jsonPolygon(c [][][]float64) (orb.Polygon, error) {
	out := make(orb.Polygon, 0, len(c))
	for _, ring := range c {
		r := make(orb.Ring, 0, len(ring))
		for _, p := range ring {
			if len(p) < 2 {
				return nil, fmt.Errorf("a point has %d coordinates", len(p))
			}
			r = append(r, orb.Point{p[0], p[1]})
		}
		out = append(out, r)
	}
	return out, nil
}
