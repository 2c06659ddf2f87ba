package style

import (
	"encoding/json"
	"slices"
)

// Style is a style document that has been understood. It must not be written.
type Style struct {
	Name      string
	Sources   map[string]Source
	Layers    []*Layer // in drawing order, the lowest first
	Metadata  map[string]any
	Center    [2]float64 // longitude, latitude in degrees
	Zoom      float64
	Bearing   float64  // degrees clockwise
	HasCenter bool     // the document says Center
	Warnings  []string // what the document says that has no effect here, each with its place; left out layers among them
}

// Source is where the features or pictures of layers come from. Nothing of it is fetched here.
type Source struct {
	Type             string   // vector, raster or geojson
	URL              string   // of a TileJSON document, or of GeoJSON data
	Tiles            []string // templates with {z}, {x}, {y}
	TileSize         int      // design pixels; 512 where the document is silent
	MinZoom, MaxZoom float64  // of the tiles there are; 0 and 22 (geojson: 18) where the document is silent
	Scheme           string   // xyz or tms
	Attribution      string
	Data             json.RawMessage // GeoJSON in the document itself, not looked into
	Bounds           [4]float64      // west, south, east, north in degrees
}

// Layer is one layer of a document.
type Layer struct {
	ID          string
	Type        Type
	Source      string // key of Style.Sources; empty for a background
	SourceLayer string
	MinZoom     float64 // the layer is shown from here, 0 where the document is silent
	MaxZoom     float64 // up to but not including here, 24 where the document is silent
	Hidden      bool    // visibility none
	Filter      *Expr   // read with Bool; nil: all features
	Metadata    map[string]any

	props []*Expr // by Property from firstProperty[Type] on; nil: the default
}

// Visible answers whether the layer is shown at a zoom of the specification.
func (l *Layer) Visible(zoom float64) bool {
	return !l.Hidden && zoom >= l.MinZoom && zoom < l.MaxZoom
}

// Prop answers a property: what the document says, else the specification's default. It is never nil.
func (l *Layer) Prop(p Property) *Expr {
	if i := int(p) - firstProperty[l.Type]; i >= 0 && i < len(l.props) && l.props[i] != nil {
		return l.props[i]
	}
	return defaults()[p]
}

// Reads answers the names of the properties of features that the layer reads in its filter and its properties, sorted. any says that it computes
// names, so that every property may be read.
func (l *Layer) Reads() (names []string, any bool) {
	read := func(e *Expr) {
		if e != nil {
			any = any || e.Uses()&UsesAny != 0
			names = append(names, e.Properties()...)
		}
	}
	read(l.Filter)
	for _, e := range l.props {
		read(e)
	}
	slices.Sort(names)
	return slices.Compact(names), any
}

// firstProperty is where the properties of a type begin, and, one further, where they end.
var firstProperty = func() (first [numTypes + 1]int) {
	for p := int(numProperties) - 1; p >= 0; p-- {
		first[specs[p].layer] = p
	}
	first[numTypes] = int(numProperties)
	return first
}()
