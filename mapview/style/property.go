package style

import "math"

// Type is what a layer draws.
type Type uint8

// The types of layers, named as in the documents.
const (
	Background Type = iota
	Fill
	Line
	Circle
	Symbol
	Heatmap
	Raster
	numTypes
)

var typeNames = [numTypes]string{"background", "fill", "line", "circle", "symbol", "heatmap", "raster"}

func (t Type) String() string { return typeNames[t] }

// Property is a paint or layout property of one layer type; its name in documents is [Property.String].
type Property uint8

// The properties. The comment says how an Expr of it is read, the unit, and what is special; defaults, ranges and allowed
// expressions are in docs/style.md.
const (
	BackgroundColor   Property = iota // Color
	BackgroundOpacity                 // Number, 0…1

	FillAntialias    // Bool
	FillOpacity      // Number, 0…1
	FillColor        // Color
	FillOutlineColor // Color; where none is Set the outline is as the fill
	FillTranslate    // Numbers: x, y in design pixels

	LineCap        // Text: butt, round, square
	LineJoin       // Text: miter, round, bevel
	LineMiterLimit // Number
	LineOpacity    // Number, 0…1
	LineColor      // Color
	LineTranslate  // Numbers: x, y in design pixels
	LineWidth      // Number, design pixels
	LineGapWidth   // Number, design pixels; above 0 the line is two, each LineWidth wide, with this between them
	LineOffset     // Number, design pixels to the right of the line's direction
	LineDashArray  // Numbers, in units of the line's width; empty: solid

	CircleRadius        // Number, design pixels
	CircleColor         // Color
	CircleBlur          // Number: 1 blurs from the centre
	CircleOpacity       // Number, 0…1
	CircleTranslate     // Numbers: x, y in design pixels
	CircleStrokeWidth   // Number, design pixels, outside the radius
	CircleStrokeColor   // Color
	CircleStrokeOpacity // Number, 0…1

	SymbolPlacement       // Text: point, line, line-center
	SymbolSpacing         // Number, design pixels between symbols along a line
	SymbolSortKey         // Number; lower ones are placed first
	IconAllowOverlap      // Bool
	IconOverlap           // Text: never, always, cooperative; empty: as IconAllowOverlap says
	IconIgnorePlacement   // Bool
	IconOptional          // Bool
	IconSize              // Number, a factor
	IconImage             // Text, the name of a picture; empty: none
	IconPadding           // Number, design pixels
	IconOffset            // Numbers: x, y in design pixels × IconSize
	IconAnchor            // Text: center, left, right, top, bottom, top-left, top-right, bottom-left, bottom-right
	TextRotationAlignment // Text: map, viewport, viewport-glyph, auto
	TextField             // Text; empty: none
	TextFont              // Strings, names of faces by preference
	TextSize              // Number, design pixels
	TextMaxWidth          // Number, ems
	TextLineHeight        // Number, ems
	TextLetterSpacing     // Number, ems
	TextJustify           // Text: auto, left, center, right
	TextRadialOffset      // Number, ems; for TextVariableAnchor
	TextVariableAnchor    // Strings, anchors by preference; empty: TextAnchor alone
	TextAnchor            // Text: as IconAnchor
	TextPadding           // Number, design pixels
	TextTransform         // Text: none, uppercase, lowercase
	TextOffset            // Numbers: x, y in ems
	TextAllowOverlap      // Bool
	TextOverlap           // Text: as IconOverlap
	TextIgnorePlacement   // Bool
	TextOptional          // Bool
	IconOpacity           // Number, 0…1
	IconColor             // Color
	IconHaloColor         // Color
	TextOpacity           // Number, 0…1
	TextColor             // Color
	TextHaloColor         // Color
	TextHaloWidth         // Number, design pixels
	TextTranslate         // Numbers: x, y in design pixels

	HeatmapRadius    // Number, design pixels
	HeatmapWeight    // Number
	HeatmapIntensity // Number
	HeatmapColor     // Color by Context.Density
	HeatmapOpacity   // Number, 0…1

	RasterOpacity    // Number, 0…1
	RasterResampling // Text: linear, nearest

	numProperties
)

// form is what the value of a property is.
type form uint8

const (
	formNumber form = iota
	formColor
	formBool
	formEnum
	formText    // text-field: anything becomes text, {tokens} are names of properties
	formImage   // icon-image: the same, the text names a picture
	formNumbers // an array of numbers
	formEnums   // an array of names from a list
	formStrings // an array of texts
	formPadding // a number, or one to four of them, of which the largest counts
)

// spec says what the specification says of a property.
type spec struct {
	layer    Type
	name     string
	layout   bool // beside "paint"
	form     form
	uses     Uses // what an expression may read
	min, max float64
	enum     []string
	n        int // of formNumbers: how many, 0 any
	def      any // as in JSON
	ramp     bool
}

// What expressions of properties may read, in the specification's words: data-constant, data-driven of layout, data-driven of paint.
const (
	byZoom    = UsesZoom
	byFeature = UsesZoom | usesFeatureBits
	byState   = byFeature | UsesState
)

var (
	anchors    = []string{"center", "left", "right", "top", "bottom", "top-left", "top-right", "bottom-left", "bottom-right"}
	overlaps   = []string{"", "never", "always", "cooperative"} // the first is the default that a document cannot write
	origin     = []any{0.0, 0.0}
	unbounded  = math.Inf(1)
	seeThrough = "rgba(0,0,0,0)"
	densityDef = []any{"interpolate", []any{"linear"}, []any{"heatmap-density"},
		0.0, "rgba(0,0,255,0)", 0.1, "royalblue", 0.3, "cyan", 0.5, "lime", 0.7, "yellow", 1.0, "red"}
)

func number(t Type, name string, uses Uses, lo, hi, def float64) spec {
	return spec{layer: t, name: name, form: formNumber, uses: uses, min: lo, max: hi, def: def, ramp: true}
}

func hue(t Type, name string, uses Uses, def string) spec {
	return spec{layer: t, name: name, form: formColor, uses: uses, def: def, ramp: true}
}

func truth(t Type, name string, def bool) spec {
	return spec{layer: t, name: name, form: formBool, uses: byZoom, def: def}
}

func choice(t Type, name string, uses Uses, def string, of ...string) spec {
	return spec{layer: t, name: name, form: formEnum, uses: uses, enum: of, def: def}
}

func offset(t Type, name string, uses Uses) spec {
	return spec{layer: t, name: name, form: formNumbers, uses: uses, min: -unbounded, max: unbounded, n: 2, def: origin, ramp: true}
}

func (s spec) inLayout() spec { s.layout = true; return s }

func (s *spec) group() string {
	if s.layout {
		return "layout"
	}
	return "paint"
}

var specs = [numProperties]spec{
	BackgroundColor:   hue(Background, "background-color", byZoom, "#000000"),
	BackgroundOpacity: number(Background, "background-opacity", byZoom, 0, 1, 1),

	FillAntialias:    truth(Fill, "fill-antialias", true),
	FillOpacity:      number(Fill, "fill-opacity", byState, 0, 1, 1),
	FillColor:        hue(Fill, "fill-color", byState, "#000000"),
	FillOutlineColor: hue(Fill, "fill-outline-color", byState, seeThrough),
	FillTranslate:    offset(Fill, "fill-translate", byZoom),

	LineCap:        choice(Line, "line-cap", byFeature, "butt", "butt", "round", "square").inLayout(),
	LineJoin:       choice(Line, "line-join", byFeature, "miter", "bevel", "round", "miter").inLayout(),
	LineMiterLimit: number(Line, "line-miter-limit", byFeature, -unbounded, unbounded, 2).inLayout(),
	LineOpacity:    number(Line, "line-opacity", byState, 0, 1, 1),
	LineColor:      hue(Line, "line-color", byState, "#000000"),
	LineTranslate:  offset(Line, "line-translate", byZoom),
	LineWidth:      number(Line, "line-width", byState, 0, unbounded, 1),
	LineGapWidth:   number(Line, "line-gap-width", byState, 0, unbounded, 0),
	LineOffset:     number(Line, "line-offset", byState, -unbounded, unbounded, 0),
	LineDashArray:  {layer: Line, name: "line-dasharray", form: formNumbers, uses: byFeature, min: 0, max: unbounded, def: []any{}},

	CircleRadius:        number(Circle, "circle-radius", byState, 0, unbounded, 5),
	CircleColor:         hue(Circle, "circle-color", byState, "#000000"),
	CircleBlur:          number(Circle, "circle-blur", byState, -unbounded, unbounded, 0),
	CircleOpacity:       number(Circle, "circle-opacity", byState, 0, 1, 1),
	CircleTranslate:     offset(Circle, "circle-translate", byZoom),
	CircleStrokeWidth:   number(Circle, "circle-stroke-width", byState, 0, unbounded, 0),
	CircleStrokeColor:   hue(Circle, "circle-stroke-color", byState, "#000000"),
	CircleStrokeOpacity: number(Circle, "circle-stroke-opacity", byState, 0, 1, 1),

	SymbolPlacement:       choice(Symbol, "symbol-placement", byZoom, "point", "point", "line", "line-center").inLayout(),
	SymbolSpacing:         number(Symbol, "symbol-spacing", byZoom, 1, unbounded, 250).inLayout(),
	SymbolSortKey:         {layer: Symbol, name: "symbol-sort-key", layout: true, form: formNumber, uses: byFeature, min: -unbounded, max: unbounded, def: 0.0},
	IconAllowOverlap:      truth(Symbol, "icon-allow-overlap", false).inLayout(),
	IconOverlap:           choice(Symbol, "icon-overlap", byZoom, "", overlaps...).inLayout(),
	IconIgnorePlacement:   truth(Symbol, "icon-ignore-placement", false).inLayout(),
	IconOptional:          truth(Symbol, "icon-optional", false).inLayout(),
	IconSize:              number(Symbol, "icon-size", byFeature, 0, unbounded, 1).inLayout(),
	IconImage:             {layer: Symbol, name: "icon-image", layout: true, form: formImage, uses: byFeature, def: ""},
	IconPadding:           {layer: Symbol, name: "icon-padding", layout: true, form: formPadding, uses: byFeature, min: -unbounded, max: unbounded, def: 2.0, ramp: true},
	IconOffset:            offset(Symbol, "icon-offset", byFeature).inLayout(),
	IconAnchor:            choice(Symbol, "icon-anchor", byFeature, "center", anchors...).inLayout(),
	TextRotationAlignment: choice(Symbol, "text-rotation-alignment", byZoom, "auto", "map", "viewport", "viewport-glyph", "auto").inLayout(),
	TextField:             {layer: Symbol, name: "text-field", layout: true, form: formText, uses: byFeature, def: ""},
	TextFont:              {layer: Symbol, name: "text-font", layout: true, form: formStrings, uses: byFeature, def: []any{"Open Sans Regular", "Arial Unicode MS Regular"}},
	TextSize:              number(Symbol, "text-size", byFeature, 0, unbounded, 16).inLayout(),
	TextMaxWidth:          number(Symbol, "text-max-width", byFeature, 0, unbounded, 10).inLayout(),
	TextLineHeight:        number(Symbol, "text-line-height", byZoom, -unbounded, unbounded, 1.2).inLayout(),
	TextLetterSpacing:     number(Symbol, "text-letter-spacing", byFeature, -unbounded, unbounded, 0).inLayout(),
	TextJustify:           choice(Symbol, "text-justify", byFeature, "center", "auto", "left", "center", "right").inLayout(),
	TextRadialOffset:      number(Symbol, "text-radial-offset", byFeature, -unbounded, unbounded, 0).inLayout(),
	TextVariableAnchor:    {layer: Symbol, name: "text-variable-anchor", layout: true, form: formEnums, uses: byZoom, enum: anchors, def: []any{}},
	TextAnchor:            choice(Symbol, "text-anchor", byFeature, "center", anchors...).inLayout(),
	TextPadding:           number(Symbol, "text-padding", byZoom, 0, unbounded, 2).inLayout(),
	TextTransform:         choice(Symbol, "text-transform", byFeature, "none", "none", "uppercase", "lowercase").inLayout(),
	TextOffset:            offset(Symbol, "text-offset", byFeature).inLayout(),
	TextAllowOverlap:      truth(Symbol, "text-allow-overlap", false).inLayout(),
	TextOverlap:           choice(Symbol, "text-overlap", byZoom, "", overlaps...).inLayout(),
	TextIgnorePlacement:   truth(Symbol, "text-ignore-placement", false).inLayout(),
	TextOptional:          truth(Symbol, "text-optional", false).inLayout(),
	IconOpacity:           number(Symbol, "icon-opacity", byState, 0, 1, 1),
	IconColor:             hue(Symbol, "icon-color", byState, "#000000"),
	IconHaloColor:         hue(Symbol, "icon-halo-color", byState, seeThrough),
	TextOpacity:           number(Symbol, "text-opacity", byState, 0, 1, 1),
	TextColor:             hue(Symbol, "text-color", byState, "#000000"),
	TextHaloColor:         hue(Symbol, "text-halo-color", byState, seeThrough),
	TextHaloWidth:         number(Symbol, "text-halo-width", byState, 0, unbounded, 0),
	TextTranslate:         offset(Symbol, "text-translate", byZoom),

	HeatmapRadius:    number(Heatmap, "heatmap-radius", byState, 1, unbounded, 30),
	HeatmapWeight:    number(Heatmap, "heatmap-weight", byState, 0, unbounded, 1),
	HeatmapIntensity: number(Heatmap, "heatmap-intensity", byZoom, 0, unbounded, 1),
	HeatmapColor:     {layer: Heatmap, name: "heatmap-color", form: formColor, uses: UsesDensity, def: densityDef, ramp: true},
	HeatmapOpacity:   number(Heatmap, "heatmap-opacity", byZoom, 0, 1, 1),

	RasterOpacity:    number(Raster, "raster-opacity", byZoom, 0, 1, 1),
	RasterResampling: choice(Raster, "raster-resampling", byZoom, "linear", "linear", "nearest"),
}

// String answers the name in documents.
func (p Property) String() string { return specs[p].name }

// Layer answers the type of the layers that have the property.
func (p Property) Layer() Type { return specs[p].layer }

// propertyNames finds the property of a group ("paint", "layout") of a type by name.
var propertyNames = func() (m [numTypes]map[string]map[string]Property) {
	for t := range m {
		m[t] = map[string]map[string]Property{"paint": {}, "layout": {}}
	}
	for p := range specs {
		s := &specs[p]
		m[s.layer][s.group()][s.name] = Property(p)
	}
	return m
}()

// withoutEffect are properties of the specification that make no difference here; the text says why. They are named as warnings.
var withoutEffect = map[string]string{
	"line-blur":               "lines have sharp edges",
	"icon-rotation-alignment": "icons stand upright",
	"icon-rotate":             "icons stand upright",
	"icon-keep-upright":       "icons stand upright",
	"text-rotate":             "texts are level or run along their line",
	"text-keep-upright":       "texts always run so that they can be read",
	"text-max-angle":          "texts are left out where their line bends by more than 24 degrees",
	"icon-halo-width":         "the edge of an icon is one pixel",
	"icon-halo-blur":          "halos have sharp edges",
	"text-halo-blur":          "halos have sharp edges",
	"raster-hue-rotate":       "pictures keep their colours",
	"raster-brightness-min":   "pictures keep their colours",
	"raster-brightness-max":   "pictures keep their colours",
	"raster-saturation":       "pictures keep their colours",
	"raster-contrast":         "pictures keep their colours",
	"fill-translate-anchor":   "shifts are always those of the map",
	"line-translate-anchor":   "shifts are always those of the map",
	"circle-translate-anchor": "shifts are always those of the map",
	"icon-translate-anchor":   "shifts are always those of the map",
	"text-translate-anchor":   "shifts are always those of the map",
	"circle-pitch-scale":      "the map is flat",
	"circle-pitch-alignment":  "the map is flat",
	"icon-pitch-alignment":    "the map is flat",
	"text-pitch-alignment":    "the map is flat",
	"icon-text-fit":           "a plate under a text is as large as the text",
	"icon-text-fit-padding":   "a plate under a text is as large as the text",
	"symbol-avoid-edges":      "labels never break at tile edges here",
	"symbol-z-order":          "symbols lie in the order of their sort keys",
	"line-round-limit":        "round joins are always round",
	"raster-fade-duration":    "tiles are shown at once",
}

// undrawn are properties of the specification that would change the picture and are not drawn; the text says what is missing.
// Where it is true the layer means nothing without them, and ParseLenient leaves it out.
var undrawn = map[string]struct {
	why       string
	essential bool
}{
	"icon-translate":              {"use icon-offset", false},
	"background-pattern":          {"patterns are not drawn", true},
	"fill-pattern":                {"patterns are not drawn", true},
	"line-pattern":                {"patterns are not drawn", true},
	"line-gradient":               {"gradients along lines are not drawn", true},
	"fill-sort-key":               {"features are drawn in the order of their source", false},
	"line-sort-key":               {"features are drawn in the order of their source", false},
	"circle-sort-key":             {"features are drawn in the order of their source", false},
	"fill-layer-opacity":          {"use fill-opacity", false},
	"line-layer-opacity":          {"use line-opacity", false},
	"fill-layer-blend":            {"layers are not blended", false},
	"line-layer-blend":            {"layers are not blended", false},
	"raster-layer-blend":          {"layers are not blended", false},
	"text-variable-anchor-offset": {"use text-variable-anchor with text-radial-offset", false},
	"text-writing-mode":           {"texts run from left to right", false},
	"symbol-height-offset":        {"the map is flat", false},
	"symbol-height-anchor":        {"the map is flat", false},
	"resampling":                  {"use raster-resampling", false},
}
