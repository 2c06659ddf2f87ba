package style

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The values of properties that are written out, and what a property makes of an expression.

// exprType is the type that an expression of the property has.
func (s *spec) exprType() exprType {
	switch s.form {
	case formNumber, formPadding:
		return numberType
	case formColor:
		return colorType
	case formBool:
		return boolType
	case formText:
		return formattedType
	case formImage:
		return imageType
	case formNumbers:
		if s.n > 0 {
			return arrayType(numberType, s.n)
		}
		return arrayType(numberType, -1)
	case formEnums, formStrings:
		return arrayType(stringType, -1)
	}
	return stringType
}

// propertyValue compiles the value of a property: an expression, a function from before expressions, or a value. It answers nil for what it
// has reported.
func (k *compiler) propertyValue(p Property, v any, at *path) *Expr {
	s := &specs[p]
	plain := func(v any, at *path) *expression { return k.plain(s, v, at) }
	var e *expression
	switch t := s.exprType(); {
	case isFunction(v):
		e = k.function(v.(map[string]any), at, s, plain)
	case isExpression(v), k.meantAsExpression(s, v):
		note := annotateDefault
		if s.form == formEnum {
			note = annotateCoerce
		}
		if e = k.compile(v, at, &t, note); e != nil && e.literal && !k.check(s, e.value(), at) {
			return nil
		}
	default:
		e = plain(v, at)
	}
	if e == nil || !k.allowed(e, s, at) {
		return nil
	}
	x := k.finish(e)
	x.bound(s)
	if !e.literal {
		d := defaults()[p]
		x.def, x.number, x.color = d.def, d.number, d.color
	}
	x.set = true
	return x
}

// meantAsExpression answers whether an array that is no expression can only be a wrong one.
func (k *compiler) meantAsExpression(s *spec, v any) bool {
	if _, array := v.([]any); !array {
		return false
	}
	switch s.form {
	case formNumbers, formEnums, formStrings, formPadding:
		return false
	}
	return true
}

// bound notes the range or words of a property.
func (e *Expr) bound(s *spec) {
	switch s.form {
	case formNumber, formPadding, formNumbers:
		e.min, e.max = s.min, s.max
	}
	e.enum = s.enum
}

// allowed checks what an expression of a property, nil for a filter, reads.
func (k *compiler) allowed(e *expression, s *spec, at *path) bool {
	may, name := UsesZoom|usesFeatureBits, "a filter"
	if s != nil {
		may, name = s.uses, s.name
	}
	extra := e.uses &^ may
	switch {
	case e.cost > maxCost:
		k.report(at, "evaluating this could take more than %d steps", maxCost)
	case extra.Has(UsesDensity):
		k.report(at, "heatmap-density is only known to heatmap-color")
	case extra.Has(UsesState):
		k.report(at, "%s cannot depend on feature-state", name)
	case extra.Has(UsesFeature):
		k.report(at, "%s cannot depend on features", name)
	case extra.Has(UsesZoom):
		k.report(at, "%s cannot depend on the zoom", name)
	case e.stray && s != nil:
		k.report(at, "zoom is only the input of a step or interpolate that is the whole expression")
	default:
		return true
	}
	return false
}

// plain makes the expression of a value that is written out.
func (k *compiler) plain(s *spec, v any, at *path) *expression {
	text, isText := v.(string)
	switch s.form {
	case formColor:
		if !isText {
			k.report(at, "a colour is due here, as %q", "#1257a8")
			return nil
		}
		c, ok := ParseColor(text)
		if !ok {
			k.report(at, "%q is not a colour", clip(text))
			return nil
		}
		return literal(colorValue(c))
	case formText, formImage:
		if !isText {
			k.report(at, "a text is due here")
			return nil
		}
		e := k.tokens(text)
		if e.literal {
			return e
		}
		r := *e
		r.typ = s.exprType()
		return &r
	case formPadding:
		if list, ok := v.([]any); ok {
			return k.padding(list, at)
		}
	}
	value := FromJSON(v)
	if !k.check(s, value, at) {
		return nil
	}
	e := literal(value)
	e.typ = s.exprType()
	return e
}

// padding takes the largest of the paddings of the four sides.
func (k *compiler) padding(list []any, at *path) *expression {
	most := 0.0
	for i, v := range list {
		f, ok := v.(float64)
		if !ok || len(list) > 4 {
			k.report(at, "a padding is a number or up to four")
			return nil
		}
		if i == 0 {
			most = f
		}
		most = max(most, f)
	}
	return literal(Num(most))
}

// check reports whether a value is one that the property can have.
func (k *compiler) check(s *spec, v Value, at *path) bool {
	switch s.form {
	case formNumber, formPadding:
		f, ok := v.AsNum()
		if !ok {
			k.report(at, "a number is due here, this is %s", describe(v))
			return false
		}
		return k.within(s, f, at)
	case formBool:
		if v.kind != KindBool {
			k.report(at, "true or false is due here, this is %s", describe(v))
			return false
		}
	case formEnum:
		return k.word(s, v, at)
	case formNumbers:
		if v.kind != KindArray || len(v.ref.nums) != len(v.ref.list) || s.n > 0 && len(v.ref.list) != s.n {
			what := "an array of numbers"
			if s.n > 0 {
				what = "an array of " + strconv.Itoa(s.n) + " numbers"
			}
			k.report(at, "%s is due here", what)
			return false
		}
		for i, f := range v.ref.nums {
			if !k.within(s, f, at.element(i)) {
				return false
			}
		}
	case formEnums, formStrings:
		if v.kind != KindArray || len(v.ref.strs) != len(v.ref.list) {
			k.report(at, "an array of texts is due here")
			return false
		}
		for i, e := range v.ref.list {
			if s.form == formEnums && !k.word(s, e, at.element(i)) {
				return false
			}
		}
	}
	return true
}

func (k *compiler) within(s *spec, f float64, at *path) bool {
	switch {
	case f-f != 0:
		k.report(at, "the result is no number")
	case f < s.min:
		k.report(at, "%s is below the least, %s", numberText(f), numberText(s.min))
	case f > s.max:
		k.report(at, "%s is above the most, %s", numberText(f), numberText(s.max))
	default:
		return true
	}
	return false
}

func (k *compiler) word(s *spec, v Value, at *path) bool {
	if v.kind == KindString && v.str != "" && slices.Contains(s.enum, v.str) {
		return true
	}
	words := s.enum
	if words[0] == "" {
		words = words[1:]
	}
	k.report(at, "one of %s is due here, this is %s", strings.Join(words, ", "), describe(v))
	return false
}

func describe(v Value) string {
	if v.kind == KindString {
		return strconv.Quote(clip(v.str))
	}
	return clip(string(v.appendJSON(nil)))
}

// defaults are the properties of a document that is silent.
var defaults = sync.OnceValue(func() (all [numProperties]*Expr) {
	for p := range all {
		s := &specs[p]
		k := newCompiler(func(at *path, format string, args ...any) { panic("default of " + s.name + ": " + format) }, nil)
		e := literal(FromJSON(s.def))
		switch {
		case isExpression(s.def):
			t := s.exprType()
			e = k.compile(s.def, nil, &t, annotateDefault)
		case s.form == formColor:
			e = k.plain(s, s.def, nil)
		}
		all[p] = k.finish(e)
		all[p].bound(s)
	}
	return all
})

func newCompiler(report func(at *path, format string, args ...any), warn func(at *path, text string)) *compiler {
	return &compiler{report: report, warn: warn, props: map[string]bool{}}
}
