package store

import (
	"fmt"
	"strings"

	"kuaitu/block/schema"
)

// layerStyle returns the default style of a kind for QGIS, as QML and as SLD 1.0; empty for kinds without one.
// Buildings are coloured by use, regions by level, events by state.
func layerStyle(p *schema.Plan) (qml, sld string) {
	switch p.Kind.Name {
	case "building":
		return classified(p, "use", map[string]string{
			"residential": "#c9b79c", "village": "#b98b73", "commercial": "#d98c8c", "office": "#8fa8c8",
			"industrial": "#a79fb8", "public": "#8fb8a0", "construction": "#d8c36a", "other": "#b8b8b4",
		}, "#b8b8b4", fill)
	case "region":
		return classified(p, "level", map[string]string{
			"city": "#3a3a5a", "district": "#54547c", "street": "#7474a0", "community": "#9494b8", "grid": "#b4b4cc",
		}, "#9494b8", outline)
	case "event":
		return classified(p, "state", map[string]string{
			"draft": "#9a9a9a", "submitted": "#d9822b", "filed": "#d9822b", "dispatched": "#c0392b", "handling": "#2d6cb5",
			"closed": "#3c8d5a", "rated": "#3c8d5a", "rejected": "#7a7a7a", "void": "#7a7a7a",
		}, "#d9822b", marker)
	}
	return "", ""
}

// symbol says how a class is drawn.
type symbol int

const (
	fill symbol = iota
	outline
	marker
)

// rgb returns "r,g,b,a" of "#rrggbb" as QML writes colours.
func rgb(hex string) string {
	var r, g, b int
	fmt.Sscanf(hex, "#%02x%02x%02x", &r, &g, &b) // our own constants
	return fmt.Sprintf("%d,%d,%d,255", r, g, b)
}

func (s symbol) qml(name, colour string) string {
	prop := func(k, v string) string { return fmt.Sprintf(`<prop k="%s" v="%s"/>`, k, v) }
	switch s {
	case marker:
		return fmt.Sprintf(`<symbol type="marker" name="%s" alpha="1"><layer class="SimpleMarker">%s</layer></symbol>`, name,
			prop("color", rgb(colour))+prop("name", "circle")+prop("outline_color", "255,255,255,255")+prop("size", "2.6"))
	case outline:
		return fmt.Sprintf(`<symbol type="fill" name="%s" alpha="1"><layer class="SimpleFill">%s</layer></symbol>`, name,
			prop("style", "no")+prop("outline_color", rgb(colour))+prop("outline_width", "0.4"))
	}
	return fmt.Sprintf(`<symbol type="fill" name="%s" alpha="1"><layer class="SimpleFill">%s</layer></symbol>`, name,
		prop("color", rgb(colour))+prop("style", "solid")+prop("outline_color", "90,90,90,255")+prop("outline_width", "0.1"))
}

func (s symbol) sld(colour string) string {
	switch s {
	case marker:
		return fmt.Sprintf(`<sld:PointSymbolizer><sld:Graphic><sld:Mark><sld:WellKnownName>circle</sld:WellKnownName><sld:Fill><sld:CssParameter name="fill">%s</sld:CssParameter></sld:Fill></sld:Mark><sld:Size>9</sld:Size></sld:Graphic></sld:PointSymbolizer>`, colour)
	case outline:
		return fmt.Sprintf(`<sld:PolygonSymbolizer><sld:Stroke><sld:CssParameter name="stroke">%s</sld:CssParameter><sld:CssParameter name="stroke-width">1.2</sld:CssParameter></sld:Stroke></sld:PolygonSymbolizer>`, colour)
	}
	return fmt.Sprintf(`<sld:PolygonSymbolizer><sld:Fill><sld:CssParameter name="fill">%s</sld:CssParameter></sld:Fill><sld:Stroke><sld:CssParameter name="stroke">#5a5a5a</sld:CssParameter><sld:CssParameter name="stroke-width">0.3</sld:CssParameter></sld:Stroke></sld:PolygonSymbolizer>`, colour)
}

// classified styles one class per choice of a field, and everything else with the fallback colour.
func classified(p *schema.Plan, field string, colours map[string]string, other string, s symbol) (qml, sld string) {
	f := p.Kind.Fields[p.Index(field)]
	var categories, symbols, rules strings.Builder
	for i, c := range f.Choices {
		colour := colours[c.Code]
		if colour == "" {
			colour = other
		}
		name := fmt.Sprint(i)
		fmt.Fprintf(&categories, `<category value="%s" label="%s" symbol="%s" render="true"/>`, c.Code, c.ZH, name)
		symbols.WriteString(s.qml(name, colour))
		fmt.Fprintf(&rules, `<sld:Rule><sld:Name>%s</sld:Name><ogc:Filter><ogc:PropertyIsEqualTo><ogc:PropertyName>%s</ogc:PropertyName><ogc:Literal>%s</ogc:Literal></ogc:PropertyIsEqualTo></ogc:Filter>%s</sld:Rule>`, c.ZH, field, c.Code, s.sld(colour))
	}
	name := fmt.Sprint(len(f.Choices))
	fmt.Fprintf(&categories, `<category value="" label="" symbol="%s" render="true"/>`, name)
	symbols.WriteString(s.qml(name, other))
	fmt.Fprintf(&rules, `<sld:Rule><sld:ElseFilter/>%s</sld:Rule>`, s.sld(other))
	qml = fmt.Sprintf(`<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'><qgis version="3.22"><renderer-v2 type="categorizedSymbol" attr="%s" enableorderby="0" forceraster="0"><categories>%s</categories><symbols>%s</symbols></renderer-v2></qgis>`,
		field, categories.String(), symbols.String())
	sld = fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><sld:StyledLayerDescriptor xmlns:sld="http://www.opengis.net/sld" xmlns:ogc="http://www.opengis.net/ogc" version="1.0.0"><sld:NamedLayer><sld:Name>%s</sld:Name><sld:UserStyle><sld:FeatureTypeStyle>%s</sld:FeatureTypeStyle></sld:UserStyle></sld:NamedLayer></sld:StyledLayerDescriptor>`,
		p.Kind.Name, rules.String())
	return qml, sld
}
