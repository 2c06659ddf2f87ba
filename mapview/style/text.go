package style

import (
	"math"
	"strconv"
	"strings"
)

// The operators that make texts, and those that calculate.

type concatNode struct{ args []node }

func (n *concatNode) eval(c *Context) Value {
	var few [8]string
	parts := few[:0]
	size := 0
	for _, a := range n.args {
		v := a.eval(c)
		if v.failed() {
			return v
		}
		s := v.String()
		if size += len(s); size > maxText {
			return failure("the text is too long")
		}
		parts = append(parts, s)
	}
	return Str(strings.Join(parts, ""))
}

func compileConcat(k *compiler, args []any, at *path, _ *exprType) *expression {
	all, ok := k.args(args, at, &anyType)
	if !ok {
		return nil
	}
	return k.build(stringType, &concatNode{nodes(all)}, all...)
}

type lettersNode struct {
	arg   node
	upper bool
}

func (n *lettersNode) eval(c *Context) Value {
	v := n.arg.eval(c)
	switch {
	case v.kind != KindString:
		return v
	case n.upper:
		return Str(strings.ToUpper(v.str))
	}
	return Str(strings.ToLower(v.str))
}

// compileFormat joins the texts of a format; their fonts, scales and colours are left out with a warning.
func compileFormat(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 1, -1) {
		return nil
	}
	var parts []*expression
	ok, section := true, false
	for i, a := range args {
		if options, is := a.(map[string]any); is && section {
			if len(options) > 0 {
				k.warn(at.element(i+1), "texts of one label all look alike; the options of a format are left out")
			}
			section = false
			continue
		}
		section = true
		e := k.arg(a, at.element(i+1), &anyType)
		if e == nil {
			ok = false
			continue
		}
		if e.typ.kind == tImage {
			k.warn(at.element(i+1), "pictures within texts are left out")
			continue
		}
		parts = append(parts, e)
	}
	if !ok {
		return nil
	}
	return k.build(formattedType, &concatNode{nodes(parts)}, parts...)
}

// compileImage answers the name: which pictures there are is known only to what draws.
func compileImage(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 1, 1) {
		return nil
	}
	e := k.arg(args[0], at.element(1), &stringType)
	if e == nil {
		return nil
	}
	r := *e
	r.typ, r.stray, r.curve = imageType, e.stray || e.curve, false
	return &r
}

// numberFormat writes numbers as in English: 1,234.5.
type numberFormat struct {
	arg         node
	least, most int // digits after the point
}

func (n *numberFormat) eval(c *Context) Value {
	v := n.arg.eval(c)
	if v.failed() {
		return v
	}
	f := v.number()
	if f != f || math.IsInf(f, 0) {
		return Str(numberText(f))
	}
	s := strconv.FormatFloat(math.Abs(f), 'f', n.most, 64)
	whole, part, _ := strings.Cut(s, ".")
	for len(part) > n.least && part[len(part)-1] == '0' {
		part = part[:len(part)-1]
	}
	var b strings.Builder
	if f < 0 {
		b.WriteByte('-')
	}
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if part != "" {
		b.WriteByte('.')
		b.WriteString(part)
	}
	return Str(b.String())
}

func compileNumberFormat(k *compiler, args []any, at *path, _ *exprType) *expression {
	if !k.count(args, at, 2, 2) {
		return nil
	}
	e := k.arg(args[0], at.element(1), &numberType)
	options, ok := args[1].(map[string]any)
	if !ok {
		k.report(at.element(2), "the options of number-format are an object")
	}
	if e == nil || !ok {
		return nil
	}
	n := &numberFormat{arg: e.node, least: -1, most: -1}
	for _, name := range sortedKeys(options) {
		v := options[name]
		place := at.element(2).member(name)
		switch name {
		case "min-fraction-digits", "max-fraction-digits":
			f, is := v.(float64)
			if !is || f < 0 || f > 20 || f != math.Trunc(f) {
				k.report(place, "a whole number from 0 to 20 is due here")
				ok = false
			} else if name[1] == 'i' {
				n.least = int(f)
			} else {
				n.most = int(f)
			}
		case "locale":
			k.warn(place, "numbers are written as 1,234.5")
		default:
			k.report(place, "number-format knows min-fraction-digits, max-fraction-digits and locale here%s", suggestion(name, []string{"min-fraction-digits", "max-fraction-digits"}))
			ok = false
		}
	}
	if !ok {
		return nil
	}
	switch {
	case n.most < 0:
		n.least = max(n.least, 0)
		n.most = max(n.least, 3)
	case n.least < 0:
		n.least = 0
	case n.least > n.most:
		k.report(at.element(2), "min-fraction-digits is above max-fraction-digits")
		return nil
	}
	return k.build(stringType, n, e)
}

// math1 and math2 are functions of one and two numbers.
type (
	math1 struct {
		f func(float64) float64
		a node
	}
	math2 struct {
		f    func(a, b float64) float64
		a, b node
	}
	// mathN folds any amount of numbers, beginning with from.
	mathN struct {
		f    func(a, b float64) float64
		from float64
		args []node
	}
)

func (n *math1) eval(c *Context) Value {
	a := n.a.eval(c)
	if a.failed() {
		return a
	}
	return Num(n.f(a.number()))
}

func (n *math2) eval(c *Context) Value {
	a := n.a.eval(c)
	if a.failed() {
		return a
	}
	b := n.b.eval(c)
	if b.failed() {
		return b
	}
	return Num(n.f(a.number(), b.number()))
}

func (n *mathN) eval(c *Context) Value {
	r := n.from
	for _, a := range n.args {
		v := a.eval(c)
		if v.failed() {
			return v
		}
		r = n.f(r, v.number())
	}
	return Num(r)
}

func minus(a, b float64) float64 { return a - b }
func ratio(a, b float64) float64 { return a / b }

// addMath adds the operators that calculate.
func addMath() {
	for name, f := range map[string]func(float64) float64{
		"sqrt": math.Sqrt, "log10": math.Log10, "ln": math.Log, "log2": math.Log2, "sin": math.Sin, "cos": math.Cos, "tan": math.Tan,
		"asin": math.Asin, "acos": math.Acos, "atan": math.Atan, "abs": math.Abs, "ceil": math.Ceil, "floor": math.Floor, "round": math.Round,
	} {
		operators[name] = fixed(numberType, func(a []node) node { return &math1{f, a[0]} }, numberType)
	}
	for name, f := range map[string]func(a, b float64) float64{"/": ratio, "%": math.Mod, "^": math.Pow} {
		operators[name] = fixed(numberType, func(a []node) node { return &math2{f, a[0], a[1]} }, numberType, numberType)
	}
	for name, n := range map[string]mathN{
		"+":   {f: func(a, b float64) float64 { return a + b }},
		"*":   {f: func(a, b float64) float64 { return a * b }, from: 1},
		"min": {f: math.Min, from: math.Inf(1)},
		"max": {f: math.Max, from: math.Inf(-1)},
	} {
		operators[name] = func(k *compiler, args []any, at *path, _ *exprType) *expression {
			all, ok := k.args(args, at, &numberType)
			if !ok {
				return nil
			}
			return k.build(numberType, &mathN{n.f, n.from, nodes(all)}, all...)
		}
	}
	for name, v := range map[string]float64{"pi": math.Pi, "e": math.E, "ln2": math.Ln2} {
		operators[name] = reads(numberType, 0, &constant{Num(v)})
	}
	two := fixed(numberType, func(a []node) node { return &math2{minus, a[0], a[1]} }, numberType, numberType)
	one := fixed(numberType, func(a []node) node { return &math2{minus, &constant{Num(0)}, a[0]} }, numberType)
	operators["-"] = func(k *compiler, args []any, at *path, want *exprType) *expression {
		if len(args) == 1 {
			return one(k, args, at, want)
		}
		return two(k, args, at, want)
	}
}
