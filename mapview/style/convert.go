package style

// The operators that state, ask or change the type of a value.

func compileLiteral(k *compiler, args []any, at *path, want *exprType) *expression {
	if !k.count(args, at, 1, 1) {
		return nil
	}
	e := literal(FromJSON(args[0]))
	// An array without elements is one of whatever is due.
	if e.typ.kind == tArray && e.typ.n == 0 && want != nil && want.kind == tArray && want.n <= 0 {
		e.typ = *want
	}
	return e
}

// assertion answers the first of its arguments that is of a type.
type assertion struct {
	want exprType
	args []node
}

func (n *assertion) eval(c *Context) Value {
	var v Value
	for _, a := range n.args {
		if v = a.eval(c); v.failed() || n.want.holds(v) {
			return v
		}
	}
	return failure(assertionFailures[n.want.kind])
}

// assertionFailures are made once, as missing properties are common.
var assertionFailures = func() (all [len(typeKindNames)]string) {
	for i, name := range typeKindNames {
		all[i] = "the value is not of type " + name
	}
	return all
}()

func assertType(t exprType) operator {
	return func(k *compiler, args []any, at *path, _ *exprType) *expression {
		if !k.count(args, at, 1, -1) {
			return nil
		}
		return k.assertAll(t, args, at)
	}
}

func (k *compiler) assertAll(t exprType, args []any, at *path) *expression {
	all, ok := k.args(args, at, &anyType)
	if !ok {
		return nil
	}
	return k.build(t, &assertion{t, nodes(all)}, all...)
}

// compileArray is ["array", v], ["array", type, v] or ["array", type, length, v].
func compileArray(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 1, 3) {
		return nil
	}
	item, n := anyType, -1
	if len(args) > 1 {
		name, _ := args[0].(string)
		switch name {
		case "string":
			item = stringType
		case "number":
			item = numberType
		case "boolean":
			item = boolType
		default:
			k.report(at.element(1), "the type of an array's elements is string, number or boolean")
			return nil
		}
	}
	if len(args) == 3 && args[1] != nil {
		f, ok := args[1].(float64)
		if !ok || f < 0 || f > 1e6 || f != float64(int(f)) {
			k.report(at.element(2), "the length of an array is a whole number from 0 on")
			return nil
		}
		n = int(f)
	}
	e := k.arg(args[len(args)-1], at.element(len(args)), &anyType)
	if e == nil {
		return nil
	}
	t := arrayType(item, n)
	return k.build(t, &assertion{t, []node{e.node}}, e)
}

type toBoolean struct{ arg node }

func (n *toBoolean) eval(c *Context) Value {
	v := n.arg.eval(c)
	switch v.kind {
	case kindFailed, KindBool:
		return v
	case KindNull:
		return Bool(false)
	case KindNumber:
		f := v.number()
		return Bool(f != 0 && f == f)
	case KindString:
		return Bool(v.str != "")
	}
	return Bool(true)
}

func compileToBoolean(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 1, 1) {
		return nil
	}
	e := k.arg(args[0], at.element(1), &anyType)
	if e == nil {
		return nil
	}
	return k.build(boolType, &toBoolean{e.node}, e)
}

// toNumber answers the first of its arguments that can be made a number.
type toNumber struct{ args []node }

func (n *toNumber) eval(c *Context) Value {
	for _, a := range n.args {
		switch v := a.eval(c); v.kind {
		case kindFailed:
			return v
		case KindNull:
			return Num(0)
		case KindBool:
			return Num(float64(v.bits))
		case KindNumber:
			if f := v.number(); f == f {
				return v
			}
		case KindString:
			if f, ok := parseNumber(v.str); ok {
				return Num(f)
			}
		}
	}
	return failure("the value cannot be made a number")
}

func compileToNumber(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 1, -1) {
		return nil
	}
	all, ok := k.args(args, at, &anyType)
	if !ok {
		return nil
	}
	return k.build(numberType, &toNumber{nodes(all)}, all...)
}

type toString struct{ arg node }

func (n *toString) eval(c *Context) Value {
	v := n.arg.eval(c)
	if v.kind == KindString || v.kind == kindFailed {
		return v
	}
	return Str(v.String())
}

func compileToString(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 1, 1) {
		return nil
	}
	e := k.arg(args[0], at.element(1), &anyType)
	if e == nil {
		return nil
	}
	return k.build(stringType, &toString{e.node}, e)
}

// toColor answers the first of its arguments that can be made a colour: a text as CSS has it, or an array of red, green, blue 0…255 and
// perhaps alpha 0…1.
type toColor struct{ args []node }

func (n *toColor) eval(c *Context) Value {
	for _, a := range n.args {
		v := a.eval(c)
		switch v.kind {
		case kindFailed, KindColor:
			return v
		case KindString:
			if col, ok := ParseColor(v.str); ok {
				return colorValue(col)
			}
		case KindArray:
			if p := v.ref.nums; len(p) == len(v.ref.list) && (len(p) == 3 || len(p) == 4) {
				alpha := 1.0
				if len(p) == 4 {
					alpha = p[3]
				}
				if r := rgbValue(p[0], p[1], p[2], alpha); !r.failed() {
					return r
				}
			}
		}
	}
	return failure("the value cannot be made a colour")
}

func compileToColor(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 1, -1) {
		return nil
	}
	all, ok := k.args(args, at, &anyType)
	if !ok {
		return nil
	}
	return k.build(colorType, &toColor{nodes(all)}, all...)
}

// rgbValue makes a colour of red, green, blue 0…255 and alpha 0…1.
func rgbValue(r, g, b, a float64) Value {
	in := func(f, hi float64) bool { return f >= 0 && f <= hi }
	if !in(r, 255) || !in(g, 255) || !in(b, 255) || !in(a, 1) {
		return failure("red, green and blue are 0 to 255, alpha is 0 to 1")
	}
	return colorValue(Color{r / 255, g / 255, b / 255, a})
}

type rgbNode struct{ args [4]node }

func (n *rgbNode) eval(c *Context) Value {
	p := [4]float64{3: 1}
	for i, a := range n.args {
		if a == nil {
			break
		}
		v := a.eval(c)
		if v.failed() {
			return v
		}
		p[i] = v.number()
	}
	return rgbValue(p[0], p[1], p[2], p[3])
}

func compileRGB(components int) operator {
	return func(k *compiler, args []any, at *path, _ *exprType) *expression {
		if !k.count(args, at, components, components) {
			return nil
		}
		all, ok := k.args(args, at, &numberType)
		if !ok {
			return nil
		}
		n := &rgbNode{}
		copy(n.args[:], nodes(all))
		return k.build(colorType, n, all...)
	}
}

type toRGBA struct{ arg node }

func (n *toRGBA) eval(c *Context) Value {
	v := n.arg.eval(c)
	col, ok := v.AsColor()
	if !ok {
		return v
	}
	component := func(f float64) Value { return Num(tenthousandth(f * 255)) }
	return Arr([]Value{component(col.R), component(col.G), component(col.B), Num(tenthousandth(col.A))})
}

type typeofNode struct{ arg node }

func (n *typeofNode) eval(c *Context) Value {
	v := n.arg.eval(c)
	if v.failed() {
		return v
	}
	return Str(typeOf(v).String())
}
