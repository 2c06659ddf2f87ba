package style_test

import (
	"fmt"

	"kuaitu/mapview/style"
)

// house is a feature with two properties.
type house struct {
	use    string
	floors float64
}

func (h house) Property(name string) (style.Value, bool) {
	switch name {
	case "use":
		return style.Str(h.use), true
	case "floors":
		return style.Num(h.floors), true
	}
	return style.Null(), false
}

func (house) Geometry() style.GeometryType          { return style.GeometryPolygon }
func (house) ID() style.Value                       { return style.Null() }
func (house) State(name string) (style.Value, bool) { return style.Null(), false }

func Example() {
	st, err := style.Parse([]byte(`{
		"version": 8,
		"sources": {"kuaitu": {"type": "vector", "url": "kuaitu://store"}},
		"layers": [{"id": "tall", "type": "fill", "source": "kuaitu", "source-layer": "building", "filter": [">=", ["get", "floors"], 8],
			"paint": {"fill-color": ["match", ["get", "use"], "office", "#7e9cc0", "#d3d3d0"], "fill-opacity": ["interpolate", ["linear"], ["zoom"], 12, 0.5, 14, 1]}}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	layer := st.Layers[0]
	for _, h := range []house{{"office", 30}, {"office", 3}, {"residential", 12}} {
		c := &style.Context{Zoom: 13, Feature: h}
		if !layer.Filter.Bool(c) {
			fmt.Println(h, "is not drawn")
			continue
		}
		fmt.Println(h, layer.Prop(style.FillColor).Color(c), layer.Prop(style.FillOpacity).Number(c))
	}
	fmt.Println(layer.Prop(style.FillColor).Properties(), layer.Prop(style.FillOpacity).Uses() == style.UsesZoom)

	_, err = style.Parse([]byte(`{"version": 8, "sources": {}, "layers": [{"id": "land", "type": "background", "paint": {"background-colour": "red"}}]}`))
	fmt.Println(err)
	// Output:
	// {office 30} {126 156 192 255} 0.75
	// {office 3} is not drawn
	// {residential 12} {211 211 208 255} 0.75
	// [use] true
	// map style: layers[0].paint.background-colour: unknown property; did you mean background-color
}
