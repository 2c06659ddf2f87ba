package style

import (
	"image/color"
	"math"
	"slices"
)

// Uses is a set of things that an expression reads.
type Uses uint8

// What an expression may read. An expression that reads nothing is constant; one that reads nothing but the zoom is the
// same for all features of a frame.
const (
	UsesZoom    Uses = 1 << iota // Context.Zoom
	UsesFeature                  // anything of Context.Feature but its state; the next three say what besides Properties
	UsesID                       // Feature.ID; UsesFeature is set as well
	UsesType                     // Feature.Geometry; UsesFeature is set as well
	UsesAny                      // properties whose names are worked out, so that any may be read; UsesFeature is set as well
	UsesState                    // Feature.State
	UsesDensity                  // Context.Density

	usesFeatureBits = UsesFeature | UsesID | UsesType | UsesAny
)

// Has answers whether u holds any of what.
func (u Uses) Has(what Uses) bool { return u&what != 0 }

// GeometryType is what kind of shape a feature has; a feature of several parts has the type of its parts.
type GeometryType uint8

// The types of geometry.
const (
	GeometryUnknown GeometryType = iota
	GeometryPoint
	GeometryLine
	GeometryPolygon
)

var geometryNames = [...]string{"Unknown", "Point", "LineString", "Polygon"}

// String answers the specification's word: Point, LineString, Polygon or Unknown.
func (g GeometryType) String() string { return geometryNames[min(g, GeometryPolygon)] }

// Feature is what expressions read of a feature.
type Feature interface {
	// Property answers a property; false if the feature has none of that name. A property that is null counts as there.
	Property(name string) (Value, bool)
	Geometry() GeometryType
	// ID answers the feature's id, null if it has none.
	ID() Value
	// State answers what the application says of the feature at the moment: hovered, selected.
	State(name string) (Value, bool)
}

// Context is what an expression is evaluated with. Evaluation writes nothing to it.
type Context struct {
	Zoom    float64 // the specification's: tiles of 512 pixels
	Feature Feature // nil: no properties, no geometry, no id
	Density float64 // 0…1, for heatmap-color
}

// Expr is an expression of a known result, or a constant. It is immutable.
//
// The methods that evaluate want a Context only if Uses is not 0. They allocate nothing on the way to numbers, colours and
// truth values, nor to texts that are not put together.
type Expr struct {
	root  node // nil: constant
	uses  Uses
	props []string

	// The value of a constant, else what stands in where evaluation fails; def is the same in each form that is asked for.
	def      Value
	number   float64
	color    color.NRGBA
	min, max float64  // a number is brought into this range; an array with a number outside is none
	enum     []string // a text has to be one of these, if any
	set      bool     // the document says it
}

// newExpr makes the part of an Expr that depends on the value alone.
func newExpr(v Value) *Expr {
	e := &Expr{def: v, min: math.Inf(-1), max: math.Inf(1)}
	if n, ok := v.AsNum(); ok {
		e.number = n
	}
	if v.kind == KindColor {
		e.color = nrgbaOf(v.bits)
	}
	return e
}

// Uses answers what evaluation reads.
func (e *Expr) Uses() Uses { return e.uses }

// Constant answers whether the value is the same for every Context.
func (e *Expr) Constant() bool { return e.root == nil }

// Set answers whether the document has a say; an Expr that it has not is the specification's default.
func (e *Expr) Set() bool { return e.set }

// Properties answers the names of the feature's properties that may be read, in order. With UsesAny there may be others.
// The slice is shared and must not be written.
func (e *Expr) Properties() []string { return e.props }

// eval answers the value, or the default where there is none.
func (e *Expr) eval(c *Context) Value {
	if e.root == nil {
		return e.def
	}
	v := e.root.eval(c)
	if v.kind == KindNull || v.kind == kindFailed {
		return e.def
	}
	return v
}

// Number answers the value of a property that is a number, within its range. c may be nil for a constant.
func (e *Expr) Number(c *Context) float64 {
	if e.root == nil {
		return e.number
	}
	v := e.root.eval(c)
	f := v.number()
	if v.kind != KindNumber || f-f != 0 { // not a number, or infinite, which no picture can show
		return e.number
	}
	return max(e.min, min(e.max, f))
}

// Color answers the value of a property that is a colour; alpha is straight. c may be nil for a constant.
func (e *Expr) Color(c *Context) color.NRGBA {
	if e.root == nil {
		return e.color
	}
	v := e.root.eval(c)
	if v.kind != KindColor {
		return e.color
	}
	return nrgbaOf(v.bits)
}

// Bool answers the value of a property or filter that is true or false. c may be nil for a constant.
func (e *Expr) Bool(c *Context) bool {
	v := e.eval(c)
	if v.kind != KindBool {
		v = e.def
	}
	return v.truth()
}

// Text answers the value of a property that is a text or one of several words. c may be nil for a constant.
func (e *Expr) Text(c *Context) string {
	v := e.eval(c)
	if v.kind != KindString {
		return e.def.str
	}
	if e.enum == nil || e.root == nil {
		return v.str
	}
	for _, word := range e.enum {
		if v.str == word && word != "" {
			return word
		}
	}
	return e.def.str
}

// Numbers answers the value of a property that is an array of numbers. The slice is shared and must not be written. c may be nil
// for a constant.
func (e *Expr) Numbers(c *Context) []float64 {
	v := e.eval(c)
	if v.kind != KindArray || len(v.ref.nums) != len(v.ref.list) || e.root != nil && !e.hold(v.ref.nums) {
		v = e.def
	}
	if v.kind != KindArray {
		return nil
	}
	return v.ref.nums
}

// hold answers whether all of numbers are in the range.
func (e *Expr) hold(numbers []float64) bool {
	for _, f := range numbers {
		if !(f >= e.min && f <= e.max) || f-f != 0 {
			return false
		}
	}
	return true
}

// Strings answers the value of a property that is an array of texts. The slice is shared and must not be written. c may be nil
// for a constant.
func (e *Expr) Strings(c *Context) []string {
	v := e.eval(c)
	if v.kind != KindArray || len(v.ref.strs) != len(v.ref.list) {
		v = e.def
	}
	if v.kind != KindArray {
		return nil
	}
	if e.enum != nil && e.root != nil {
		for _, s := range v.ref.strs {
			if !slices.Contains(e.enum, s) {
				return e.def.ref.strs
			}
		}
	}
	return v.ref.strs
}

// Value answers the value as it is, the default where evaluation fails. Ranges and lists of words are not looked at; the other
// methods do that. c may be nil for a constant.
func (e *Expr) Value(c *Context) Value {
	v := e.eval(c)
	if f := v.number(); v.kind == KindNumber && f != f {
		return e.def
	}
	return v
}
