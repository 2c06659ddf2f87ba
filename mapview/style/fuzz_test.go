package style

import (
	"encoding/json"
	"testing"
)

// evaluate asks a style for everything it has, with and without a feature.
func evaluate(st *Style, f Feature) {
	for _, l := range st.Layers {
		for _, c := range []*Context{{Zoom: 3}, {Zoom: 14.5, Feature: f, Density: 0.3}} {
			if l.Filter != nil {
				l.Filter.Bool(c)
			}
			for p := firstProperty[l.Type]; p < firstProperty[l.Type+1]; p++ {
				e := l.Prop(Property(p))
				e.Number(c)
				e.Color(c)
				_ = e.Text(c)
				e.Bool(c)
				e.Numbers(c)
				e.Strings(c)
				_ = e.Value(c).String()
			}
		}
	}
}

// FuzzParse: no document makes Parse or what it answers panic, and what Parse takes ParseLenient takes as well.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"wrong.json", "foreign.json", "town-2015.json"} {
		f.Add(read(f, name))
	}
	f.Add(document(`{"id": "a", "type": "circle", "source": "points", "paint": {"circle-radius": ["let", "a", ["get", "floors"], ["max", 1, ["var", "a"]]]}}`))
	b := building(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		st, err := Parse(doc)
		lenient, lenientErr := ParseLenient(doc)
		if err == nil {
			evaluate(st, b)
			if lenientErr != nil || len(lenient.Layers) != len(st.Layers) {
				t.Fatalf("Parse takes what ParseLenient does not: %v", lenientErr)
			}
		}
		if lenientErr == nil {
			evaluate(lenient, b)
		}
	})
}

// FuzzExpression: no expression makes compiling or evaluating panic, in a property of any form or a filter.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{`["interpolate", ["exponential", 1.5], ["zoom"], 1, ["get", "floors"], 2, 3]`, `["match", ["get", "use"], ["a", "b"], "red", "blue"]`,
		`["slice", ["get", "name"], -3, ["length", ["get", "list"]]]`, `["at", ["index-of", "乙", ["get", "words"]], ["get", "words"]]`, `{"property": "floors", "base": 2, "stops": [[1, 2], [3, 4]]}`,
		`["number-format", ["get", "low"], {"min-fraction-digits": 2}]`, `["all", ["in", "use", "a", "b"], ["!has", "x"]]`, `["to-rgba", ["to-color", ["get", "list"]]]`, `"{name} {"`, `["format", "a", {}, ["image", "b"]]`} {
		f.Add([]byte(s))
	}
	b := building(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		var v any
		if json.Unmarshal(text, &v) != nil {
			return
		}
		c := &Context{Zoom: 12, Feature: b}
		for _, p := range []Property{FillColor, LineWidth, LineCap, TextField, IconImage, TextFont, TextOffset, LineDashArray, TextVariableAnchor, FillAntialias, IconPadding, HeatmapColor} {
			var found problems
			x := newCompiler(found.report, found.warn).propertyValue(p, v, nil)
			if x == nil {
				if len(found) == 0 {
					t.Fatalf("%s: %s is refused without a word", p, text)
				}
				continue
			}
			x.Number(c)
			x.Color(c)
			_ = x.Text(c)
			x.Numbers(c)
			x.Strings(c)
			if n := x.Number(c); specs[p].form == formNumber && !(n >= specs[p].min && n <= specs[p].max) {
				t.Fatalf("%s: %s = %v, out of range", p, text, n)
			}
		}
		if x, found := filterOf(t, string(text)); x != nil {
			x.Bool(c)
		} else if len(found) == 0 && v != nil {
			t.Fatalf("filter %s is refused without a word", text)
		}
	})
}
