package style

import (
	"math"
	"sort"
)

// The operators that go from stop to stop: step and interpolate.

// stopAt answers which of two or more ascending stops x lies at or after, -1 before the first.
func stopAt(stops []float64, x float64) int {
	if len(stops) <= 8 {
		i := 0
		for i < len(stops) && stops[i] <= x {
			i++
		}
		return i - 1
	}
	return sort.Search(len(stops), func(i int) bool { return !(stops[i] <= x) }) - 1
}

type stepNode struct {
	input node
	stops []float64 // where results[i+1] begins
	to    []node
}

func (n *stepNode) eval(c *Context) Value {
	v := n.input.eval(c)
	if v.failed() {
		return v
	}
	return n.to[stopAt(n.stops, v.number())+1].eval(c)
}

func compileStep(k *compiler, args []any, at *path, want *exprType) *expression {
	if len(args) < 2 || len(args)%2 != 0 {
		k.report(at, "needs an input, a value, and pairs of a stop and a value")
		return nil
	}
	input := k.arg(args[0], at.element(1), &numberType)
	due := dueType(want)
	ok := input != nil
	n := &stepNode{}
	var results []*expression
	for i := 1; i < len(args); i += 2 {
		if i > 1 && !k.stop(&n.stops, args[i-1], at.element(i)) {
			ok = false
		}
		e := k.arg(args[i], at.element(i+1), due)
		if e == nil {
			ok = false
			continue
		}
		if due == nil {
			due = &e.typ
		}
		results = append(results, e)
	}
	if !ok {
		return nil
	}
	n.input, n.to = input.node, nodes(results)
	return k.ramp(*due, n, input, results)
}

// stop reads the next stop of a ramp, which lies above the last.
func (k *compiler) stop(stops *[]float64, v any, at *path) bool {
	f, ok := v.(float64)
	if !ok {
		k.report(at, "a stop is a number that is written out")
		return false
	}
	if s := *stops; len(s) > 0 && f <= s[len(s)-1] {
		k.report(at, "stops are in ascending order")
		return false
	}
	*stops = append(*stops, f)
	return true
}

// ramp builds a step or interpolate, in which the zoom may be the input.
func (k *compiler) ramp(t exprType, n node, input *expression, results []*expression) *expression {
	e := k.build(t, n, append(results, input)...)
	if input.plainZoom {
		e.curve, e.stray = true, false
		for _, r := range results {
			e.stray = e.stray || r.stray || r.curve
		}
	}
	return e
}

// easing says how the way between two stops is gone: with a power of base (1: evenly), or along a cubic Bézier curve.
type easing struct {
	base  float64
	curve *bezier
}

// progress answers how far x is from lo to hi, 0…1.
func (e *easing) progress(x, lo, hi float64) float64 {
	if hi == lo {
		return 0
	}
	switch {
	case e.curve != nil:
		return e.curve.at((x - lo) / (hi - lo))
	case e.base == 1:
		return (x - lo) / (hi - lo)
	}
	return (math.Pow(e.base, x-lo) - 1) / (math.Pow(e.base, hi-lo) - 1)
}

// bezier is the curve from 0, 0 to 1, 1 with control points x1, y1 and x2, y2; x1 and x2 are 0…1.
type bezier struct{ x1, y1, x2, y2 float64 }

// at answers y at x: the parameter is found by halving, as x grows with it.
func (b *bezier) at(x float64) float64 {
	if x <= 0 {
		return 0
	}
	if x >= 1 {
		return 1
	}
	point := func(t, p1, p2 float64) float64 { return 3*(1-t)*(1-t)*t*p1 + 3*(1-t)*t*t*p2 + t*t*t }
	lo, hi := 0.0, 1.0
	for range 40 {
		mid := (lo + hi) / 2
		if point(mid, b.x1, b.x2) < x {
			lo = mid
		} else {
			hi = mid
		}
	}
	return point((lo+hi)/2, b.y1, b.y2)
}

type interpolateNode struct {
	input node
	ease  easing
	stops []float64
	to    []node
}

// numberRamp and colorRamp are interpolateNodes between constants, which nearly all are.
type (
	numberRamp struct {
		input node
		ease  easing
		stops []float64
		to    []float64
	}
	colorRamp struct {
		input node
		ease  easing
		stops []float64
		to    []Color
	}
)

// newRamp answers the fastest node there is for an interpolation.
func newRamp(n *interpolateNode) node {
	var numbers []float64
	var colors []Color
	for _, to := range n.to {
		c, ok := to.(*constant)
		if !ok {
			return n
		}
		switch c.v.kind {
		case KindNumber:
			numbers = append(numbers, c.v.number())
		case KindColor:
			colors = append(colors, unpackColor(c.v.bits))
		}
	}
	switch len(n.to) {
	case len(numbers):
		return &numberRamp{n.input, n.ease, n.stops, numbers}
	case len(colors):
		return &colorRamp{n.input, n.ease, n.stops, colors}
	}
	return n
}

// between answers between which two stops x lies, and how far from the one to the other; the first or last is both where x is outside.
func (e *easing) between(stops []float64, x float64) (i, j int, t float64) {
	i = stopAt(stops, x)
	switch {
	case i < 0:
		return 0, 0, 0
	case i == len(stops)-1:
		return i, i, 0
	}
	return i, i + 1, e.progress(x, stops[i], stops[i+1])
}

func (n *numberRamp) eval(c *Context) Value {
	v := n.input.eval(c)
	if v.failed() {
		return v
	}
	i, j, t := n.ease.between(n.stops, v.number())
	if i == j {
		return Num(n.to[i])
	}
	return Num(n.to[i]*(1-t) + n.to[j]*t)
}

func (n *colorRamp) eval(c *Context) Value {
	v := n.input.eval(c)
	if v.failed() {
		return v
	}
	i, j, t := n.ease.between(n.stops, v.number())
	if i == j {
		return colorValue(n.to[i])
	}
	return colorValue(mixColors(n.to[i], n.to[j], t))
}

func (n *interpolateNode) eval(c *Context) Value {
	v := n.input.eval(c)
	if v.failed() {
		return v
	}
	x := v.number()
	i := stopAt(n.stops, x)
	switch {
	case i < 0 || i == 0 && x == n.stops[0]:
		return n.to[0].eval(c)
	case i == len(n.stops)-1:
		return n.to[i].eval(c)
	}
	t := n.ease.progress(x, n.stops[i], n.stops[i+1])
	a := n.to[i].eval(c)
	if a.failed() {
		return a
	}
	b := n.to[i+1].eval(c)
	if b.failed() {
		return b
	}
	return mix(a, b, t)
}

// mix goes from a at 0 to b at 1. They are numbers, colours or arrays of as many numbers.
func mix(a, b Value, t float64) Value {
	switch {
	case a.kind == KindNumber && b.kind == KindNumber:
		x, y := a.number(), b.number()
		return Num(x*(1-t) + y*t)
	case a.kind == KindColor && b.kind == KindColor:
		return colorValue(mixColors(unpackColor(a.bits), unpackColor(b.bits), t))
	case a.kind == KindArray && b.kind == KindArray && len(a.ref.nums) == len(b.ref.nums):
		list := make([]Value, len(a.ref.nums))
		for i := range list {
			list[i] = Num(a.ref.nums[i]*(1-t) + b.ref.nums[i]*t)
		}
		return Arr(list)
	}
	return failure("there is nothing between these two values")
}

func compileInterpolate(k *compiler, args []any, at *path, want *exprType) *expression {
	if len(args) < 4 || len(args)%2 != 0 {
		k.report(at, "needs an interpolation, an input, and pairs of a stop and a value")
		return nil
	}
	n := &interpolateNode{}
	ok := k.easing(args[0], at.element(1), &n.ease)
	input := k.arg(args[1], at.element(2), &numberType)
	ok = ok && input != nil
	due := dueType(want)
	var results []*expression
	for i := 2; i+1 < len(args); i += 2 {
		if !k.stop(&n.stops, args[i], at.element(i+1)) {
			ok = false
		}
		e := k.arg(args[i+1], at.element(i+2), due)
		if e == nil {
			ok = false
			continue
		}
		if due == nil {
			due = &e.typ
		}
		results = append(results, e)
	}
	if !ok {
		return nil
	}
	if numbers := due.kind == tArray && due.item.kind == tNumber && due.n >= 0; due.kind != tNumber && due.kind != tColor && !numbers {
		k.report(at, "there is nothing between values of type %s; use step", due)
		return nil
	}
	n.input, n.to = input.node, nodes(results)
	return k.ramp(*due, newRamp(n), input, results)
}

// easing reads the interpolation of an interpolate.
func (k *compiler) easing(v any, at *path, e *easing) bool {
	a, _ := v.([]any)
	name := ""
	if len(a) > 0 {
		name, _ = a[0].(string)
	}
	p := make([]float64, 0, 4)
	for i := 1; i < len(a); i++ {
		f, ok := a[i].(float64)
		if !ok {
			k.report(at.element(i), "a number is due here")
			return false
		}
		p = append(p, f)
	}
	e.base = 1
	switch {
	case name == "linear": // whatever follows; there are documents with a base
	case name == "exponential" && len(p) == 1:
		if e.base = p[0]; e.base <= 0 {
			k.report(at.element(1), "the base is above 0")
			return false
		}
	case name == "cubic-bezier" && len(p) == 4:
		if p[0] < 0 || p[0] > 1 || p[2] < 0 || p[2] > 1 || math.Abs(p[1]) > 1 || math.Abs(p[3]) > 1 || p[1] < 0 || p[3] < 0 {
			k.report(at, "the four numbers are 0 to 1")
			return false
		}
		e.curve = &bezier{p[0], p[1], p[2], p[3]}
	default:
		k.report(at, `the interpolation is ["linear"], ["exponential", base] or ["cubic-bezier", x1, y1, x2, y2]%s`, suggestion(name, []string{"linear", "exponential", "cubic-bezier"}))
		return false
	}
	return true
}
