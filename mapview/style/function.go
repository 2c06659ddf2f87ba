package style

import (
	"math"
	"strings"
)

// Functions are what documents had before there were expressions: {"base": 1.4, "stops": [[6, 1], [14, 8]]} of the zoom, of a
// property, or of both. They become nodes with the rules of their own.

// isFunction answers whether the value of a property is a function.
func isFunction(v any) bool {
	_, ok := v.(map[string]any)
	return ok
}

// functionKind says how a function goes from its input to its result.
type functionKind uint8

const (
	exponential functionKind = iota // between stops
	interval                        // the stop at or below
	categorical                     // the stop that is equal
	identity                        // the input itself
)

var functionKinds = map[string]functionKind{"exponential": exponential, "interval": interval, "categorical": categorical, "identity": identity}

// function compiles a function; constantOf compiles the plain values of its property.
func (k *compiler) function(v map[string]any, at *path, s *spec, constantOf func(v any, at *path) *expression) *expression {
	for _, name := range sortedKeys(v) {
		switch name {
		case "stops", "base", "property", "type", "default":
		case "colorSpace":
			if v[name] != "rgb" {
				k.report(at.member(name), "colours are mixed in rgb")
				return nil
			}
		default:
			k.report(at.member(name), "unknown member of a function%s", suggestion(name, []string{"stops", "base", "property", "type", "default"}))
			return nil
		}
	}
	kind := interval
	if s.ramp {
		kind = exponential
	}
	if t, given := v["type"]; given {
		name, _ := t.(string)
		var ok bool
		if kind, ok = functionKinds[name]; !ok {
			k.report(at.member("type"), "the type of a function is exponential, interval, categorical or identity")
			return nil
		}
		if kind == exponential && !s.ramp {
			k.report(at.member("type"), "there is nothing between values of %s; the type is interval", s.name)
			return nil
		}
	}
	ease := easing{base: 1}
	if b, given := v["base"]; given {
		f, ok := b.(float64)
		if !ok || f <= 0 {
			k.report(at.member("base"), "the base is a number above 0")
			return nil
		}
		ease.base = f
	}
	var otherwise *expression
	if d, given := v["default"]; given {
		if otherwise = constantOf(d, at.member("default")); otherwise == nil {
			return nil
		}
	}
	input := &expression{node: zoomNode{}, typ: numberType, uses: UsesZoom, cost: 1, plainZoom: true}
	property, byProperty := v["property"]
	if byProperty {
		name, ok := property.(string)
		if !ok {
			k.report(at.member("property"), "the name of a property is a text")
			return nil
		}
		input = k.property(name, false)
		if kind == identity {
			return k.identity(input, s, otherwise)
		}
	} else if kind == identity || kind == categorical {
		k.report(at.member("property"), "a function of this type is of a property")
		return nil
	}
	stops, ok := v["stops"].([]any)
	if !ok || len(stops) == 0 {
		k.report(at.member("stops"), "a function has stops: an array of pairs, one or more")
		return nil
	}
	c := &curve{k: k, kind: kind, ease: ease, input: input, byProperty: byProperty, otherwise: otherwise}
	return c.compile(stops, at.member("stops"), s, constantOf)
}

// curve is a function whose stops are being read.
type curve struct {
	k          *compiler
	kind       functionKind
	ease       easing
	input      *expression // the zoom or a property
	byProperty bool
	otherwise  *expression // nil: the property's default

	f     *functionNode // of the zoom that is being read, if the stops have zooms
	parts []*expression
	zooms []float64
	done  []*expression // one function for each of zooms but the last
}

func (c *curve) begin() {
	ease := c.ease
	if len(c.zooms) > 0 {
		ease = easing{base: 1} // the base is that of the zooms
	}
	c.f, c.parts = &functionNode{kind: c.kind, ease: ease, input: c.input.node}, []*expression{c.input}
}

func (c *curve) end(t exprType) *expression {
	if c.otherwise != nil {
		c.f.otherwise = c.otherwise.node
		c.parts = append(c.parts, c.otherwise)
	}
	return c.k.build(t, c.f, c.parts...)
}

// compile reads stops: pairs of an input and a result, or of a zoom with an input and a result, [{"zoom": 6, "value": "park"}, 2].
func (c *curve) compile(stops []any, at *path, s *spec, constantOf func(v any, at *path) *expression) *expression {
	t := s.exprType()
	c.begin()
	for i, stop := range stops {
		place := at.element(i)
		pair, ok := stop.([]any)
		if !ok || len(pair) != 2 {
			c.k.report(place, "a stop is a pair of an input and a result")
			return nil
		}
		key, both := pair[0].(map[string]any)
		if (both || len(c.zooms) > 0) && !c.zoomed(key, i == 0, t, place.element(0)) {
			return nil
		}
		in := pair[0]
		if both {
			in = key["value"]
		}
		if why := c.f.add(in); why != "" {
			c.k.report(place.element(0), "%s", why)
			return nil
		}
		e := constantOf(pair[1], place.element(1))
		if e == nil {
			return nil
		}
		c.f.to, c.parts = append(c.f.to, e.node), append(c.parts, e)
	}
	if len(c.zooms) == 0 {
		e := c.end(t)
		e.curve, e.stray = !c.byProperty, false
		return e
	}
	if c.otherwise == nil { // so that there is something to mix with where one zoom has a result and the next has none
		c.otherwise = literal(defaults()[propertyNames[s.layer][s.group()][s.name]].def)
		for _, e := range c.done {
			e.node.(*functionNode).otherwise = c.otherwise.node
		}
	}
	c.done = append(c.done, c.end(t))
	zoom := &expression{node: zoomNode{}, typ: numberType, uses: UsesZoom, cost: 1, plainZoom: true}
	if mixable(t) {
		return c.k.ramp(t, &interpolateNode{zoom.node, c.ease, c.zooms, nodes(c.done)}, zoom, c.done)
	}
	return c.k.ramp(t, &stepNode{zoom.node, c.zooms[1:], nodes(c.done)}, zoom, c.done)
}

// zoomed takes the zoom of a stop of a function of both, and begins anew where it is another than the last.
func (c *curve) zoomed(key map[string]any, first bool, t exprType, at *path) bool {
	zoom, ok := key["zoom"].(float64)
	if !ok || !c.byProperty || len(key) != 2 || !first && len(c.zooms) == 0 {
		c.k.report(at, `the input of a function of the zoom and a property is {"zoom": number, "value": input} in every stop`)
		return false
	}
	if n := len(c.zooms); n > 0 && zoom == c.zooms[n-1] {
		return true
	}
	if !c.k.stop(&c.zooms, zoom, at.member("zoom")) {
		return false
	}
	if !first {
		c.done = append(c.done, c.end(t))
	}
	c.begin()
	return true
}

// mixable answers whether there is something between values of a type.
func mixable(t exprType) bool {
	return t.kind == tNumber || t.kind == tColor || t.kind == tArray && t.item.kind == tNumber
}

// functionNode is a function of one input. Where it has no result it answers otherwise, and null, which is the property's default,
// without one.
type functionNode struct {
	kind      functionKind
	ease      easing
	input     node
	at        []float64     // of exponential and interval
	equal     map[Value]int // of categorical: which of to
	to        []node
	otherwise node
}

// add notes the input of the next stop and answers what is wrong with it.
func (f *functionNode) add(key any) string {
	if f.kind == categorical {
		v := FromJSON(key)
		if v.kind != KindNumber && v.kind != KindString && v.kind != KindBool {
			return "a category is a text, a number or a truth value"
		}
		if f.equal == nil {
			f.equal = map[Value]int{}
		}
		if _, twice := f.equal[v]; !twice { // the first one counts
			f.equal[v] = len(f.to)
		}
		return ""
	}
	n, ok := key.(float64)
	if !ok {
		return "a number is due here"
	}
	if len(f.at) > 0 && n < f.at[len(f.at)-1] {
		return "stops are in ascending order"
	}
	f.at = append(f.at, n)
	return ""
}

func (f *functionNode) eval(c *Context) Value {
	v := f.input.eval(c)
	if f.kind == categorical {
		if i, ok := f.equal[v]; ok {
			return f.to[i].eval(c)
		}
		return f.none(c)
	}
	x, ok := v.AsNum()
	if !ok || x != x {
		return f.none(c)
	}
	i := stopAt(f.at, x)
	switch {
	case i < 0:
		return f.to[0].eval(c)
	case i == len(f.to)-1 || f.kind == interval:
		return f.to[i].eval(c)
	}
	return mix(f.to[i].eval(c), f.to[i+1].eval(c), f.ease.progress(x, f.at[i], f.at[i+1]))
}

func (f *functionNode) none(c *Context) Value {
	if f.otherwise == nil {
		return Value{}
	}
	return f.otherwise.eval(c)
}

// identity makes the function that answers the property itself, if it is what is due.
func (k *compiler) identity(input *expression, s *spec, otherwise *expression) *expression {
	n := &identityNode{arg: input.node, spec: s}
	parts := []*expression{input}
	if otherwise != nil {
		n.otherwise = otherwise.node
		parts = append(parts, otherwise)
	}
	return k.build(s.exprType(), n, parts...)
}

type identityNode struct {
	arg       node
	spec      *spec
	otherwise node
}

func (n *identityNode) eval(c *Context) Value {
	v := n.arg.eval(c)
	switch n.spec.form {
	case formColor:
		if v.kind == KindString {
			if col, ok := ParseColor(v.str); ok {
				return colorValue(col)
			}
		}
	case formText, formImage:
		if v.kind != KindNull && !v.failed() {
			return Str(v.String())
		}
	case formEnum:
		for _, word := range n.spec.enum {
			if v.kind == KindString && v.str == word {
				return v
			}
		}
	default:
		if n.spec.exprType().holds(v) && !(v.kind == KindNumber && math.IsNaN(v.number())) {
			return v
		}
	}
	if n.otherwise == nil {
		return Value{}
	}
	return n.otherwise.eval(c)
}

// tokens compiles a text with names of properties in braces: "{name:zh} ({ref})".
func (k *compiler) tokens(s string) *expression {
	var parts []*expression
	for {
		before, rest, open := strings.Cut(s, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !open || !closed {
			break
		}
		if before != "" {
			parts = append(parts, literal(Str(before)))
		}
		get := k.property(name, false)
		parts = append(parts, k.build(stringType, &toString{get.node}, get))
		s = after
	}
	if s != "" || len(parts) == 0 {
		parts = append(parts, literal(Str(s)))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return k.build(stringType, &concatNode{nodes(parts)}, parts...)
}
