package style

import (
	"math"
	"strings"
	"unicode/utf8"
)

// The operators that read the feature and the context, and those that look into texts, arrays and objects.

type zoomNode struct{}

func (zoomNode) eval(c *Context) Value { return Num(c.Zoom) }

func compileZoom(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 0, 0) {
		return nil
	}
	e := k.build(numberType, zoomNode{})
	e.uses, e.stray, e.plainZoom = UsesZoom, true, true
	return e
}

type densityNode struct{}

func (densityNode) eval(c *Context) Value { return Num(c.Density) }

type idNode struct{}

func (idNode) eval(c *Context) Value {
	if c.Feature == nil {
		return Value{}
	}
	return c.Feature.ID()
}

type geometryNode struct{}

func (geometryNode) eval(c *Context) Value {
	if c.Feature == nil {
		return Str(GeometryUnknown.String())
	}
	return Str(c.Feature.Geometry().String())
}

// reads makes an operator without arguments.
func reads(t exprType, uses Uses, n node) operator {
	return func(k *compiler, args []any, at *path, _ *exprType) *expression {
		if !k.count(args, at, 0, 0) {
			return nil
		}
		e := k.build(t, n)
		e.uses = uses
		return e
	}
}

// compileProperties makes what get and has recognise; anything else refuses it.
func compileProperties(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 0, 0) {
		return nil
	}
	e := k.build(objectType, &constant{})
	e.whole = true
	return e
}

// getProperty is get of a name known beforehand from the feature, by far the most frequent operator.
type getProperty struct{ name string }

func (n *getProperty) eval(c *Context) Value {
	if c.Feature == nil {
		return Value{}
	}
	v, _ := c.Feature.Property(n.name)
	return v
}

type hasProperty struct{ name string }

func (n *hasProperty) eval(c *Context) Value {
	if c.Feature == nil {
		return Bool(false)
	}
	_, ok := c.Feature.Property(n.name)
	return Bool(ok)
}

// getMember is get and has of a name or object that is worked out; a nil object is the feature.
type getMember struct {
	name, object node
	has          bool
}

func (n *getMember) eval(c *Context) Value {
	name := n.name.eval(c)
	if name.failed() {
		return name
	}
	var v Value
	var ok bool
	if n.object != nil {
		o := n.object.eval(c)
		if o.failed() {
			return o
		}
		v, ok = o.Member(name.str)
	} else if c.Feature != nil {
		v, ok = c.Feature.Property(name.str)
	}
	if n.has {
		return Bool(ok)
	}
	return v
}

func compileGet(k *compiler, args []any, at *path, _ *exprType) *expression {
	return k.getOrHas(args, at, false)
}

func compileHas(k *compiler, args []any, at *path, _ *exprType) *expression {
	return k.getOrHas(args, at, true)
}

func (k *compiler) getOrHas(args []any, at *path, has bool) *expression {
	if !k.count(args, at, 1, 2) {
		return nil
	}
	result := anyType
	if has {
		result = boolType
	}
	name := k.arg(args[0], at.element(1), &stringType)
	if name == nil {
		return nil
	}
	if len(args) == 2 {
		object := k.compile(args[1], at.element(2), &objectType, annotateDefault)
		if object == nil {
			return nil
		}
		if !object.whole {
			return k.build(result, &getMember{name.node, object.node, has}, name, object)
		}
	}
	if name.literal {
		return k.property(name.value().str, has)
	}
	e := k.build(result, &getMember{name.node, nil, has}, name)
	e.uses |= UsesFeature | UsesAny
	return e
}

// property makes the expression that reads a property of the feature, or whether there is one.
func (k *compiler) property(name string, has bool) *expression {
	k.props[name] = true
	var e *expression
	if has {
		e = k.build(boolType, &hasProperty{name})
	} else {
		e = k.build(anyType, &getProperty{name})
	}
	e.uses = UsesFeature
	return e
}

type stateNode struct{ name string }

func (n *stateNode) eval(c *Context) Value {
	if c.Feature == nil {
		return Value{}
	}
	v, _ := c.Feature.State(n.name)
	return v
}

func compileState(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 1, 1) {
		return nil
	}
	name := k.arg(args[0], at.element(1), &stringType)
	if name == nil {
		return nil
	}
	if !name.literal {
		k.report(at.element(1), "the name of a state is written out")
		return nil
	}
	e := k.build(anyType, &stateNode{name.value().str})
	e.uses = UsesState
	return e
}

type atNode struct{ index, array node }

func (n *atNode) eval(c *Context) Value {
	i := n.index.eval(c)
	if i.failed() {
		return i
	}
	a := n.array.eval(c)
	if a.failed() {
		return a
	}
	f := i.number()
	switch {
	case !(f >= 0 && f < float64(len(a.List()))):
		return failure("the array has no such element")
	case f != math.Trunc(f):
		return failure("the number of an element is whole")
	}
	return a.ref.list[int(f)]
}

func compileAt(k *compiler, args []any, at *path, want *exprType) *expression {
	if !k.count(args, at, 2, 2) {
		return nil
	}
	item := anyType
	if want != nil {
		item = *want
	}
	due := arrayType(item, -1)
	i := k.arg(args[0], at.element(1), &numberType)
	a := k.arg(args[1], at.element(2), &due)
	if i == nil || a == nil {
		return nil
	}
	return k.build(*a.typ.item, &atNode{i.node, a.node}, i, a)
}

// among checks a type that is known beforehand.
func (k *compiler) among(e *expression, at *path, kinds ...typeKind) bool {
	if e.typ.kind == tValue {
		return true
	}
	for _, kind := range kinds {
		if e.typ.kind == kind {
			return true
		}
	}
	k.report(at, "this is %s, which cannot be used here", e.typ)
	return false
}

func scalar(v Value) bool {
	return v.kind == KindNull || v.kind == KindBool || v.kind == KindNumber || v.kind == KindString
}

// inNode is in and, with index, index-of.
type inNode struct {
	needle, haystack, from node
	index                  bool
}

func (n *inNode) eval(c *Context) Value {
	needle := n.needle.eval(c)
	if needle.failed() {
		return needle
	}
	haystack := n.haystack.eval(c)
	if haystack.failed() {
		return haystack
	}
	if !n.index && scalar(haystack) && haystack.bits == 0 && haystack.str == "" {
		return Bool(false) // among them null, for a property that the feature does not have
	}
	if !scalar(needle) {
		return failure("what is looked for is a text, a number, a truth value or null")
	}
	from := 0
	if n.from != nil {
		f := n.from.eval(c)
		if f.failed() {
			return f
		}
		from = int(max(0, min(f.number(), 1<<30)))
	}
	at := -1
	switch haystack.kind {
	case KindString:
		at = indexText(haystack.str, needleText(needle), from)
	case KindArray:
		for i := from; i < len(haystack.ref.list); i++ {
			if same(needle, haystack.ref.list[i]) {
				at = i
				break
			}
		}
	default:
		return failure("what is looked into is a text or an array")
	}
	if n.index {
		return Num(float64(at))
	}
	return Bool(at >= 0)
}

// needleText is what is looked for in a text: null as the word, which is what JavaScript makes of it.
func needleText(v Value) string {
	if v.kind == KindNull {
		return "null"
	}
	return v.String()
}

// indexText answers where needle is in s, in characters, from a character on; -1 nowhere.
func indexText(s, needle string, from int) int {
	start := byteOffset(s, from)
	i := strings.Index(s[start:], needle)
	if i < 0 {
		return -1
	}
	return utf8.RuneCountInString(s[:start+i])
}

// byteOffset answers where a character begins.
func byteOffset(s string, char int) int {
	i := 0
	for ; char > 0 && i < len(s); char-- {
		_, w := utf8.DecodeRuneInString(s[i:])
		i += w
	}
	return i
}

func compileIn(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 2, 2) {
		return nil
	}
	return k.search(args, at, false, boolType)
}

func compileIndexOf(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 2, 3) {
		return nil
	}
	return k.search(args, at, true, numberType)
}

func (k *compiler) search(args []any, at *path, index bool, result exprType) *expression {
	needle := k.arg(args[0], at.element(1), &anyType)
	haystack := k.arg(args[1], at.element(2), &anyType)
	if needle == nil || haystack == nil {
		return nil
	}
	if !k.among(needle, at.element(1), tBool, tString, tNumber, tNull) || !k.among(haystack, at.element(2), tString, tArray, tNull) {
		return nil
	}
	n := &inNode{needle: needle.node, haystack: haystack.node, index: index}
	parts := []*expression{needle, haystack}
	if len(args) == 3 {
		from := k.arg(args[2], at.element(3), &numberType)
		if from == nil {
			return nil
		}
		n.from = from.node
		parts = append(parts, from)
	}
	return k.build(result, n, parts...)
}

type lengthNode struct{ arg node }

func (n *lengthNode) eval(c *Context) Value {
	switch v := n.arg.eval(c); v.kind {
	case KindString:
		return Num(float64(utf8.RuneCountInString(v.str)))
	case KindArray:
		return Num(float64(len(v.ref.list)))
	case kindFailed:
		return v
	}
	return failure("only texts and arrays have a length")
}

func compileLength(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 1, 1) {
		return nil
	}
	e := k.arg(args[0], at.element(1), nil)
	if e == nil || !k.among(e, at.element(1), tString, tArray) {
		return nil
	}
	return k.build(numberType, &lengthNode{e.node}, e)
}

// sliceNode counts characters of texts; negative numbers count from the end.
type sliceNode struct{ arg, from, to node }

func (n *sliceNode) eval(c *Context) Value {
	v := n.arg.eval(c)
	if v.failed() {
		return v
	}
	size := 0
	switch v.kind {
	case KindString:
		size = utf8.RuneCountInString(v.str)
	case KindArray:
		size = len(v.ref.list)
	default:
		return failure("only texts and arrays can be cut")
	}
	bound := func(n node, otherwise int) (int, Value) {
		if n == nil {
			return otherwise, Value{}
		}
		v := n.eval(c)
		if v.failed() {
			return 0, v
		}
		f := math.Trunc(v.number())
		switch {
		case f != f:
			return 0, Value{}
		case f < 0:
			f += float64(size)
		}
		return int(max(0, min(f, float64(size)))), Value{}
	}
	from, wrong := bound(n.from, 0)
	if wrong.failed() {
		return wrong
	}
	to, wrong := bound(n.to, size)
	if wrong.failed() {
		return wrong
	}
	to = max(from, to)
	if v.kind == KindArray {
		return Arr(v.ref.list[from:to:to])
	}
	start := byteOffset(v.str, from)
	return Str(v.str[start : start+byteOffset(v.str[start:], to-from)])
}

func compileSlice(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 2, 3) {
		return nil
	}
	e := k.arg(args[0], at.element(1), &anyType)
	if e == nil || !k.among(e, at.element(1), tString, tArray) {
		return nil
	}
	parts := []*expression{e}
	bounds := [2]node{}
	for i, a := range args[1:] {
		b := k.arg(a, at.element(i+2), &numberType)
		if b == nil {
			return nil
		}
		bounds[i] = b.node
		parts = append(parts, b)
	}
	t := e.typ
	if t.kind == tArray {
		t.n = -1
	}
	return k.build(t, &sliceNode{e.node, bounds[0], bounds[1]}, parts...)
}
