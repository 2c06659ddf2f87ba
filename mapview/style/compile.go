package style

import (
	"slices"
	"sort"
)

const (
	maxDepth = 200     // of expressions within each other
	maxCost  = 1 << 16 // nodes that one evaluation may visit: let would otherwise make them double with every level
	maxText  = 1 << 16 // bytes of a text that is put together
)

// node is a compiled expression. It is immutable, and eval answers a failure where the specification has an error.
type node interface{ eval(c *Context) Value }

// constant is the node of a value.
type constant struct{ v Value }

func (n *constant) eval(*Context) Value { return n.v }

// expression is a node with what compiling needs to know of it.
type expression struct {
	node
	typ  exprType
	uses Uses
	cost int
	// Outside of filters the specification allows the zoom only as the input of a step or interpolate that is the whole
	// expression, or the result of a let or an argument of a coalesce that is. curve: this is such a step or interpolate.
	// stray: the zoom is read in another way somewhere within. plainZoom: this is the zoom itself.
	curve, stray, plainZoom bool
	whole                   bool // this is ["properties"], which only get and has can make use of
	literal                 bool
}

func (e *expression) value() Value { return e.node.(*constant).v }

// annotation says what to do with a value whose type is only known when it is there.
type annotation uint8

const (
	annotateDefault annotation = iota // assert it, or make a colour or text of it
	annotateCoerce                    // make a text of it where a text is due
	annotateOmit                      // leave it
)

// compiler turns the JSON of expressions into nodes. Its methods report what is wrong and answer nil then.
type compiler struct {
	report func(at *path, format string, args ...any)
	warn   func(at *path, text string)
	props  map[string]bool // names that get and has read
	vars   *binding
	depth  int
}

// binding is a name that let has bound, and those around it.
type binding struct {
	outer *binding
	name  string
	to    *expression
}

// operator compiles the arguments of one expression operator; at is the place of the whole, argument i is its element i+1. want
// is the type that is due, nil if any will do.
type operator func(k *compiler, args []any, at *path, want *exprType) *expression

// operators is filled by init, as operators compile their arguments, which leads back here.
var operators map[string]operator

// foreign are operators of the specification that are not part of our subset.
var foreign = map[string]string{
	"interpolate-hcl": "use interpolate", "interpolate-lab": "use interpolate", "collator": "texts are compared as they are",
	"resolved-locale": "there are no locales", "is-supported-script": "every script is drawn as far as the font goes",
	"line-progress": "gradients along lines are not drawn", "accumulated": "sources are not clustered", "within": "use a filter on a property",
	"distance": "use a filter on a property", "global-state": "use feature-state", "elevation": "the map is flat", "pitch": "the map is flat",
	"distance-from-center": "the map is flat", "measure-light": "there are no lights", "random": "pictures are the same each time", "config": "there are no configurations",
	"split": "cut texts when the data are made", "join": "join texts with concat",
}

func operatorNames() []string {
	names := make([]string, 0, len(operators))
	for n := range operators {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// isExpression answers whether JSON is an array that begins with the name of an operator.
func isExpression(v any) bool {
	a, ok := v.([]any)
	if !ok || len(a) == 0 {
		return false
	}
	name, ok := a[0].(string)
	if !ok {
		return false
	}
	_, ours := operators[name]
	_, theirs := foreign[name]
	return ours || theirs
}

// compile compiles the JSON v. With want the result is of that type, or is made to be when evaluated, as far as note lets it.
func (k *compiler) compile(v any, at *path, want *exprType, note annotation) *expression {
	if k.depth >= maxDepth {
		k.report(at, "expressions are nested more than %d deep", maxDepth)
		return nil
	}
	k.depth++
	defer func() { k.depth-- }()
	var e *expression
	switch v := v.(type) {
	case []any:
		e = k.operation(v, at, want)
	case map[string]any:
		k.report(at, `an object is not an expression; write ["literal", {…}]`)
	default:
		e = literal(FromJSON(v))
	}
	if e == nil {
		return nil
	}
	if want != nil {
		if e = k.bring(e, *want, at, note); e == nil {
			return nil
		}
	}
	return k.fold(e, at)
}

func (k *compiler) operation(a []any, at *path, want *exprType) *expression {
	if len(a) == 0 {
		k.report(at, `an expression is an array with an operator; for an array without elements write ["literal", []]`)
		return nil
	}
	name, ok := a[0].(string)
	if !ok {
		k.report(at, `an expression begins with the name of an operator; for an array of values write ["literal", […]]`)
		return nil
	}
	op, ok := operators[name]
	if !ok {
		if hint, known := foreign[name]; known {
			k.report(at, "operator %s is not in our subset (%s)", name, hint)
		} else {
			k.report(at, "unknown operator %q%s", clip(name), suggestion(name, operatorNames()))
		}
		return nil
	}
	e := op(k, a[1:], at, want)
	if e == nil {
		return nil
	}
	if e.cost > maxCost {
		k.report(at, "evaluating this could take more than %d steps", maxCost)
		return nil
	}
	return e
}

// bring makes e of type want: by leaving it, by a check or by a conversion when evaluated.
func (k *compiler) bring(e *expression, want exprType, at *path, note annotation) *expression {
	switch want.kind {
	case tString, tNumber, tBool, tObject, tArray:
		if e.typ.kind != tValue {
			break
		}
		switch {
		case note == annotateOmit:
		case note == annotateCoerce && want.kind == tString:
			return k.build(want, &toString{e.node}, e)
		default:
			return k.build(want, &assertion{want, []node{e.node}}, e)
		}
		return e
	case tColor, tFormatted, tImage:
		if e.typ.kind != tValue && e.typ.kind != tString {
			break
		}
		switch {
		case note == annotateOmit:
			return e
		case want.kind == tColor:
			return k.build(want, &toColor{[]node{e.node}}, e)
		case e.typ.kind == tString:
			r := *e
			r.typ = want
			return &r
		}
		return k.build(want, &toString{e.node}, e)
	}
	if !want.takes(e.typ) {
		hint := ""
		if want.kind == tFormatted || want.kind == tImage || want.kind == tString {
			hint = "; to-string makes a text of it"
		}
		k.report(at, "%s is due here, this is %s%s", want, e.typ, hint)
		return nil
	}
	return e
}

// fold evaluates what reads nothing.
func (k *compiler) fold(e *expression, at *path) *expression {
	if e.literal || e.uses != 0 || e.whole {
		return e
	}
	v := e.node.eval(&Context{})
	if v.failed() {
		k.report(at, "%s", v.str)
		return nil
	}
	r := literal(v)
	r.typ = e.typ
	return r
}

func literal(v Value) *expression {
	return &expression{node: &constant{v}, typ: typeOf(v), literal: true, cost: weight(v)}
}

// weight is the cost of writing a value out.
func weight(v Value) int {
	w := 1 + len(v.str)/64
	if v.ref != nil {
		for _, e := range v.ref.list {
			w += weight(e)
		}
	}
	return w
}

// build makes an expression of a node and those that it evaluates.
func (k *compiler) build(t exprType, n node, parts ...*expression) *expression {
	e := &expression{node: n, typ: t, cost: 1}
	for _, p := range parts {
		e.uses |= p.uses
		e.cost = min(e.cost+p.cost, 2*maxCost)
		e.stray = e.stray || p.stray || p.curve
		if p.whole {
			e.whole = true
		}
	}
	return e
}

// args compiles all arguments to one type, nil any.
func (k *compiler) args(args []any, at *path, want *exprType) ([]*expression, bool) {
	all := make([]*expression, len(args))
	ok := true
	for i, a := range args {
		all[i] = k.arg(a, at.element(i+1), want)
		ok = ok && all[i] != nil
	}
	return all, ok
}

// arg compiles an argument, which must not be the whole of the properties.
func (k *compiler) arg(a any, at *path, want *exprType) *expression {
	return k.argNoting(a, at, want, annotateDefault)
}

func (k *compiler) argNoting(a any, at *path, want *exprType, note annotation) *expression {
	e := k.compile(a, at, want, note)
	if e != nil && e.whole {
		k.report(at, "properties is only understood as the object of get and has")
		return nil
	}
	return e
}

// count checks how many arguments there are; most < 0 is any number.
func (k *compiler) count(args []any, at *path, least, most int) bool {
	if len(args) >= least && (most < 0 || len(args) <= most) {
		return true
	}
	switch {
	case most < 0:
		k.report(at, "needs %d arguments or more, has %d", least, len(args))
	case least == most:
		k.report(at, "needs %d arguments, has %d", least, len(args))
	default:
		k.report(at, "needs %d to %d arguments, has %d", least, most, len(args))
	}
	return false
}

func nodes(es []*expression) []node {
	ns := make([]node, len(es))
	for i, e := range es {
		ns[i] = e.node
	}
	return ns
}

// finish makes an Expr of what was compiled for a property or filter.
func (k *compiler) finish(e *expression) *Expr {
	if e.literal {
		return newExpr(e.value())
	}
	x := &Expr{root: e.node, uses: e.uses}
	for name := range k.props {
		x.props = append(x.props, name)
	}
	slices.Sort(x.props)
	return x
}

// fixed makes an operator of a fixed number of arguments, of the types given, whose node is made of theirs.
func fixed(result exprType, node func(args []node) node, types ...exprType) operator {
	return func(k *compiler, args []any, at *path, _ *exprType) *expression {
		if !k.count(args, at, len(types), len(types)) {
			return nil
		}
		all := make([]*expression, len(args))
		for i, a := range args {
			if all[i] = k.arg(a, at.element(i+1), &types[i]); all[i] == nil {
				return nil
			}
		}
		return k.build(result, node(nodes(all)), all...)
	}
}

func init() {
	operators = map[string]operator{
		"literal": compileLiteral, "array": compileArray,
		"boolean": assertType(boolType), "number": assertType(numberType), "string": assertType(stringType), "object": assertType(objectType),
		"to-boolean": compileToBoolean, "to-number": compileToNumber, "to-string": compileToString, "to-color": compileToColor,
		"typeof": fixed(stringType, func(a []node) node { return &typeofNode{a[0]} }, anyType),

		"get": compileGet, "has": compileHas, "properties": compileProperties, "feature-state": compileState,
		"id": reads(anyType, UsesFeature|UsesID, idNode{}), "geometry-type": reads(stringType, UsesFeature|UsesType, geometryNode{}),
		"zoom": compileZoom, "heatmap-density": reads(numberType, UsesDensity, densityNode{}),
		"at": compileAt, "in": compileIn, "index-of": compileIndexOf, "length": compileLength, "slice": compileSlice,

		"let": compileLet, "var": compileVar, "case": compileCase, "match": compileMatch, "coalesce": compileCoalesce,
		"step": compileStep, "interpolate": compileInterpolate,
		"!": fixed(boolType, func(a []node) node { return &notNode{a[0]} }, boolType), "all": compileAllOrAny(false), "any": compileAllOrAny(true),
		"==": compileEquals(true), "!=": compileEquals(false), "<": compileOrder(less), "<=": compileOrder(lessEqual), ">": compileOrder(greater), ">=": compileOrder(greaterEqual),

		"concat": compileConcat, "format": compileFormat, "image": compileImage,
		"upcase":        fixed(stringType, func(a []node) node { return &lettersNode{a[0], true} }, stringType),
		"downcase":      fixed(stringType, func(a []node) node { return &lettersNode{a[0], false} }, stringType),
		"number-format": compileNumberFormat, "rgb": compileRGB(3), "rgba": compileRGB(4), "to-rgba": fixed(arrayType(numberType, 4), func(a []node) node { return &toRGBA{a[0]} }, colorType),
	}
	addMath()
}
