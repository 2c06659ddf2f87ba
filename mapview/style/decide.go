package style

import "math"

// The operators that choose between values and bind names.

func compileLet(k *compiler, args []any, at *path, want *exprType) *expression {
	if len(args)%2 == 0 || len(args) < 1 {
		k.report(at, "needs pairs of a name and a value, and a result")
		return nil
	}
	outer := k.vars
	defer func() { k.vars = outer }()
	inner := outer
	for i := 0; i+1 < len(args); i += 2 {
		name, ok := args[i].(string)
		if !ok || name == "" {
			k.report(at.element(i+1), "a name is a text")
			return nil
		}
		if letter := func(r rune) bool { return r == '_' || r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z' }; !all(name, letter) {
			k.report(at.element(i+1), "a name has letters, digits and _ only")
			return nil
		}
		e := k.compile(args[i+1], at.element(i+2), nil, annotateDefault)
		if e == nil {
			return nil
		}
		inner = &binding{outer: inner, name: name, to: e}
	}
	k.vars = inner // the values do not see each other's names
	return k.compile(args[len(args)-1], at.element(len(args)), want, annotateDefault)
}

func all(s string, ok func(rune) bool) bool {
	for _, r := range s {
		if !ok(r) {
			return false
		}
	}
	return true
}

func compileVar(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 1, 1) {
		return nil
	}
	name, _ := args[0].(string)
	for b := k.vars; b != nil; b = b.outer {
		if b.name == name {
			r := *b.to
			r.stray, r.curve, r.plainZoom = r.stray || r.curve, false, false
			return &r
		}
	}
	k.report(at.element(1), "no let around this binds %q", clip(name))
	return nil
}

type caseNode struct {
	tests, results []node
	otherwise      node
}

func (n *caseNode) eval(c *Context) Value {
	for i, t := range n.tests {
		v := t.eval(c)
		if v.failed() {
			return v
		}
		if v.truth() {
			return n.results[i].eval(c)
		}
	}
	return n.otherwise.eval(c)
}

func compileCase(k *compiler, args []any, at *path, want *exprType) *expression {
	if len(args) < 3 || len(args)%2 == 0 {
		k.report(at, "needs pairs of a condition and a value, and a value for all else")
		return nil
	}
	n := &caseNode{}
	var parts []*expression
	due := dueType(want)
	ok := true
	for i := 0; i+1 < len(args); i += 2 {
		test := k.arg(args[i], at.element(i+1), &boolType)
		result := k.arg(args[i+1], at.element(i+2), due)
		if test == nil || result == nil {
			ok = false
			continue
		}
		if due == nil {
			due = &result.typ
		}
		n.tests, n.results = append(n.tests, test.node), append(n.results, result.node)
		parts = append(parts, test, result)
	}
	last := k.arg(args[len(args)-1], at.element(len(args)), due)
	if !ok || last == nil {
		return nil
	}
	n.otherwise = last.node
	return k.build(*due, n, append(parts, last)...)
}

// dueType is what the results of a choice have to be: what is due of the whole, unless that is anything; then all are as the first.
func dueType(want *exprType) *exprType {
	if want == nil || want.kind == tValue {
		return nil
	}
	return want
}

// matchNode looks its input up among labels of one type.
type matchNode struct {
	input     node
	texts     map[string]node  // one of the two
	numbers   map[float64]node //
	otherwise node
}

func (n *matchNode) eval(c *Context) Value {
	v := n.input.eval(c)
	hit := n.otherwise
	switch v.kind {
	case kindFailed:
		return v
	case KindString:
		if to, ok := n.texts[v.str]; ok {
			hit = to
		}
	case KindNumber:
		if to, ok := n.numbers[v.number()]; ok {
			hit = to
		}
	}
	return hit.eval(c)
}

func compileMatch(k *compiler, args []any, at *path, want *exprType) *expression {
	if len(args) < 4 || len(args)%2 != 0 {
		k.report(at, "needs an input, pairs of a label and a value, and a value for all else")
		return nil
	}
	n := &matchNode{texts: map[string]node{}, numbers: map[float64]node{}}
	due := dueType(want)
	ok := true
	var parts []*expression
	for i := 1; i+1 < len(args); i += 2 {
		result := k.arg(args[i+1], at.element(i+2), due)
		if result == nil {
			ok = false
			continue
		}
		if due == nil {
			due = &result.typ
		}
		parts = append(parts, result)
		labels, several := args[i].([]any)
		if !several {
			labels = []any{args[i]}
		}
		if len(labels) == 0 {
			k.report(at.element(i+1), "an array of labels has one or more")
			ok = false
		}
		for j, label := range labels {
			place := at.element(i + 1)
			if several {
				place = place.element(j)
			}
			if why := n.add(label, result.node); why != "" {
				k.report(place, "%s", why)
				ok = false
			}
		}
	}
	last := k.arg(args[len(args)-1], at.element(len(args)), due)
	if !ok || last == nil {
		k.arg(args[0], at.element(1), &anyType) // for what is wrong in it
		return nil
	}
	n.otherwise = last.node
	labels := numberType
	if len(n.texts) > 0 {
		labels = stringType
	}
	input := k.arg(args[0], at.element(1), &anyType)
	if input == nil {
		return nil
	}
	if input.typ.kind != tValue && input.typ.kind != labels.kind {
		k.report(at.element(1), "this is %s, the labels are of type %s", input.typ, labels)
		return nil
	}
	n.input = input.node
	return k.build(*due, n, append(parts, input, last)...)
}

// add notes where a label leads to and answers what is wrong with it.
func (n *matchNode) add(label any, to node) string {
	switch l := label.(type) {
	case string:
		if len(n.numbers) > 0 {
			return "labels are all texts or all numbers"
		}
		if _, twice := n.texts[l]; twice {
			return "the same label twice"
		}
		n.texts[l] = to
	case float64:
		if l != math.Trunc(l) || math.Abs(l) > 1<<53-1 {
			return "labels that are numbers are whole"
		}
		if len(n.texts) > 0 {
			return "labels are all texts or all numbers"
		}
		if _, twice := n.numbers[l]; twice {
			return "the same label twice"
		}
		n.numbers[l] = to
	default:
		return "a label is a text, a whole number, or an array of them"
	}
	return ""
}

// coalesceNode answers the first value that is not null.
type coalesceNode struct{ args []node }

func (n *coalesceNode) eval(c *Context) Value {
	var v Value
	for _, a := range n.args {
		if v = a.eval(c); v.kind != KindNull {
			break
		}
	}
	return v
}

func compileCoalesce(k *compiler, args []any, at *path, want *exprType) *expression {
	if !k.count(args, at, 1, -1) {
		return nil
	}
	due := dueType(want)
	first := due
	n := &coalesceNode{}
	var parts []*expression
	ok, mixed, curve := true, false, false
	stray := false
	for i, a := range args {
		e := k.argNoting(a, at.element(i+1), first, annotateOmit)
		if e == nil {
			ok = false
			continue
		}
		if first == nil && e.typ.kind != tNull {
			first = &e.typ
		}
		mixed = mixed || first != nil && !first.takes(e.typ)
		curve, stray = curve || e.curve, stray || e.stray
		n.args = append(n.args, e.node)
		parts = append(parts, e)
	}
	if !ok {
		return nil
	}
	t := anyType // so that the whole is checked or converted instead of each argument
	if first != nil && !mixed {
		t = *first
	}
	e := k.build(t, n, parts...)
	e.curve, e.stray = curve, stray
	return e
}

type notNode struct{ arg node }

func (n *notNode) eval(c *Context) Value {
	v := n.arg.eval(c)
	if v.failed() {
		return v
	}
	return Bool(!v.truth())
}

// allNode ends with the first argument that is false; with any it ends with the first that is true.
type allNode struct {
	args []node
	any  bool
}

func (n *allNode) eval(c *Context) Value {
	for _, a := range n.args {
		v := a.eval(c)
		if v.failed() || v.truth() == n.any {
			return v
		}
	}
	return Bool(!n.any)
}

func compileAllOrAny(orElse bool) operator {
	return func(k *compiler, args []any, at *path, _ *exprType) *expression {
		es, ok := k.args(args, at, &boolType)
		if !ok {
			return nil
		}
		return k.build(boolType, &allNode{nodes(es), orElse}, es...)
	}
}

// equalNode compares as strictly as ===.
type equalNode struct {
	a, b node
	yes  bool // what is answered if they are equal
}

func (n *equalNode) eval(c *Context) Value {
	a := n.a.eval(c)
	if a.failed() {
		return a
	}
	b := n.b.eval(c)
	if b.failed() {
		return b
	}
	return Bool(same(a, b) == n.yes)
}

func (k *compiler) comparands(args []any, at *path) (a, b *expression) {
	if len(args) == 3 {
		k.report(at, "texts are compared as they are; collators are not in our subset")
		return nil, nil
	}
	if !k.count(args, at, 2, 2) {
		return nil, nil
	}
	a, b = k.arg(args[0], at.element(1), &anyType), k.arg(args[1], at.element(2), &anyType)
	if a == nil || b == nil {
		return nil, nil
	}
	if a.typ.kind != tValue && b.typ.kind != tValue && a.typ.kind != b.typ.kind {
		k.report(at, "%s is never compared with %s", a.typ, b.typ)
		return nil, nil
	}
	return a, b
}

func compileEquals(yes bool) operator {
	return func(k *compiler, args []any, at *path, _ *exprType) *expression {
		a, b := k.comparands(args, at)
		if a == nil {
			return nil
		}
		for i, e := range []*expression{a, b} {
			if !k.among(e, at.element(i+1), tString, tNumber, tBool, tNull) {
				return nil
			}
		}
		return k.build(boolType, &equalNode{a.node, b.node, yes}, a, b)
	}
}

// order is a comparison of two values of a kind.
type order uint8

const (
	less order = iota
	lessEqual
	greater
	greaterEqual
)

type orderNode struct {
	a, b node
	by   order
}

func (n *orderNode) eval(c *Context) Value {
	a := n.a.eval(c)
	if a.failed() {
		return a
	}
	b := n.b.eval(c)
	if b.failed() {
		return b
	}
	ok, comparable := n.by.holds(a, b)
	if !comparable {
		return failure("two texts or two numbers are compared")
	}
	return Bool(ok)
}

// holds answers the comparison, and whether the two can be compared.
func (o order) holds(a, b Value) (is, comparable bool) {
	var before, equal bool
	switch {
	case a.kind == KindNumber && b.kind == KindNumber:
		x, y := a.number(), b.number()
		if x != x || y != y {
			return false, true
		}
		before, equal = x < y, x == y
	case a.kind == KindString && b.kind == KindString:
		before, equal = a.str < b.str, a.str == b.str
	default:
		return false, false
	}
	switch o {
	case less:
		return before, true
	case lessEqual:
		return before || equal, true
	case greater:
		return !before && !equal, true
	}
	return !before, true
}

func compileOrder(by order) operator {
	return func(k *compiler, args []any, at *path, _ *exprType) *expression {
		a, b := k.comparands(args, at)
		if a == nil {
			return nil
		}
		for i, e := range []*expression{a, b} {
			if !k.among(e, at.element(i+1), tString, tNumber) {
				return nil
			}
		}
		return k.build(boolType, &orderNode{a.node, b.node, by}, a, b)
	}
}
