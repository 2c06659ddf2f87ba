package style

// Filters are expressions that answer true or false, or in the form from before there were expressions, as ["==", "class", "path"]:
// there the second element is the name of a property and the rest are values.

// oldFilter answers whether a filter is of the form from before expressions, by the specification's rules for documents
// that do not say.
func oldFilter(v any) bool {
	a, ok := v.([]any)
	if !ok || len(a) == 0 {
		return false
	}
	name, _ := a[0].(string)
	switch name {
	case "has":
		if len(a) < 2 {
			return true
		}
		key, ok := a[1].(string)
		return ok && (key == "$id" || key == "$type")
	case "in":
		if len(a) < 3 {
			return true
		}
		_, text := a[1].(string)
		_, list := a[2].([]any)
		return text && !list
	case "!in", "!has", "none":
		return true
	case "==", "!=", "<", "<=", ">", ">=":
		if len(a) != 3 {
			return false
		}
		_, l := a[1].([]any)
		_, r := a[2].([]any)
		return !l && !r
	case "any", "all":
		for _, f := range a[1:] {
			if _, truth := f.(bool); !truth && oldFilter(f) {
				return true
			}
		}
	}
	return false
}

// filter compiles a filter of either form.
func (k *compiler) filter(v any, at *path) *expression {
	if oldFilter(v) {
		return k.oldFilter(v, at)
	}
	e := k.compile(v, at, &boolType, annotateDefault)
	if e != nil && e.whole {
		k.report(at, "properties is only understood as the object of get and has")
		return nil
	}
	return e
}

func (k *compiler) oldFilter(v any, at *path) *expression {
	if k.depth >= maxDepth {
		k.report(at, "filters are nested more than %d deep", maxDepth)
		return nil
	}
	k.depth++
	defer func() { k.depth-- }()
	a, ok := v.([]any)
	if !ok || len(a) == 0 {
		k.report(at, "a filter is an array that begins with an operator")
		return nil
	}
	op, ok := a[0].(string)
	if !ok {
		k.report(at, "a filter begins with the name of an operator")
		return nil
	}
	switch op {
	case "all", "any", "none":
		parts := make([]*expression, 0, len(a)-1)
		ok := true
		for i, f := range a[1:] {
			var e *expression
			if oldFilter(f) {
				e = k.oldFilter(f, at.element(i+1))
			} else { // the specification lets an expression stand in an old filter
				e = k.filter(f, at.element(i+1))
			}
			parts, ok = append(parts, e), ok && e != nil
		}
		if !ok {
			return nil
		}
		n := k.build(boolType, &allNode{nodes(parts), op != "all"}, parts...)
		if op == "none" {
			n = k.build(boolType, &notNode{n.node}, n)
		}
		return n
	case "==", "!=", "<", "<=", ">", ">=":
		if !k.count(a[1:], at, 2, 2) {
			return nil
		}
		subject := k.filterSubject(a[1], at.element(1))
		if subject == nil || !k.filterValue(a[2], at.element(2)) {
			return nil
		}
		value := FromJSON(a[2])
		if op == "==" || op == "!=" {
			return k.build(boolType, &memberNode{subject.node, map[Value]struct{}{value: {}}, op == "=="}, subject)
		}
		if value.kind != KindNumber && value.kind != KindString {
			k.report(at.element(2), "only numbers and texts have an order")
			return nil
		}
		by := map[string]order{"<": less, "<=": lessEqual, ">": greater, ">=": greaterEqual}[op]
		return k.build(boolType, &oldOrderNode{subject.node, value, by}, subject)
	case "in", "!in":
		if !k.count(a[1:], at, 1, -1) {
			return nil
		}
		subject := k.filterSubject(a[1], at.element(1))
		if subject == nil {
			return nil
		}
		n := &memberNode{arg: subject.node, of: make(map[Value]struct{}, len(a)-2), yes: op == "in"}
		for i, v := range a[2:] {
			if !k.filterValue(v, at.element(i+2)) {
				return nil
			}
			n.of[FromJSON(v)] = struct{}{}
		}
		return k.build(boolType, n, subject)
	case "has", "!has":
		if !k.count(a[1:], at, 1, 1) {
			return nil
		}
		name, ok := a[1].(string)
		if !ok {
			k.report(at.element(1), "the name of a property is a text")
			return nil
		}
		var e *expression
		switch name {
		case "$type":
			e = literal(Bool(true))
		case "$id":
			id := k.filterSubject(name, at.element(1))
			e = k.build(boolType, &equalNode{id.node, &constant{}, false}, id)
		default:
			e = k.property(name, true)
		}
		if op == "!has" {
			e = k.build(boolType, &notNode{e.node}, e)
		}
		return e
	}
	k.report(at, "unknown filter operator %q%s", clip(op), suggestion(op, []string{"all", "any", "none", "in", "!in", "has", "!has"}))
	return nil
}

// filterSubject makes the expression of what an old filter looks at: a property, $type or $id.
func (k *compiler) filterSubject(v any, at *path) *expression {
	name, ok := v.(string)
	switch {
	case !ok:
		k.report(at, "a filter of this form names a property here; expressions and names are not mixed in one filter")
		return nil
	case name == "$type":
		return reads(stringType, UsesFeature|UsesType, geometryNode{})(k, nil, at, nil)
	case name == "$id":
		return reads(anyType, UsesFeature|UsesID, idNode{})(k, nil, at, nil)
	}
	get := k.property(name, false)
	get.node = &filterProperty{name}
	return get
}

// filterProperty is a property in an old filter: there one that the feature lacks is not the same as one that is null.
type filterProperty struct{ name string }

func (n *filterProperty) eval(c *Context) Value {
	if c.Feature != nil {
		if v, ok := c.Feature.Property(n.name); ok {
			return v
		}
	}
	return failure("the feature has no such property")
}

func (k *compiler) filterValue(v any, at *path) bool {
	switch v.(type) {
	case nil, string, float64, bool:
		return true
	}
	k.report(at, "a filter of this form compares with texts, numbers, truth values and null")
	return false
}

// oldOrderNode is false where the two are of different kinds, while the comparisons of expressions fail.
type oldOrderNode struct {
	arg  node
	with Value
	by   order
}

func (n *oldOrderNode) eval(c *Context) Value {
	is, _ := n.by.holds(n.arg.eval(c), n.with)
	return Bool(is)
}

// memberNode answers whether a value is one of several.
type memberNode struct {
	arg node
	of  map[Value]struct{}
	yes bool // what is answered if it is
}

func (n *memberNode) eval(c *Context) Value {
	v := n.arg.eval(c)
	if v.kind == KindNumber && v.number() == 0 {
		v = Num(0) // -0 as well
	}
	_, in := n.of[v]
	return Bool(in == n.yes)
}
