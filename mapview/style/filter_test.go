package style

import (
	"strings"
	"testing"
)

func filterOf(t testing.TB, text string) (*Expr, problems) {
	t.Helper()
	p := &parser{style: &Style{}, warned: map[string]bool{}}
	l := &Layer{}
	p.filter(l, []byte(text), nil)
	var found problems
	for _, q := range p.problems {
		found = append(found, q.String())
	}
	return l.Filter, found
}

func TestFilters(t *testing.T) {
	for _, tt := range []struct {
		filter string
		want   bool
	}{
		// from before expressions
		{`["==", "use", "office"]`, true}, {`["==", "floors", "12"]`, false}, {`["!=", "missing", "x"]`, true}, {`["==", "missing", null]`, false}, {`["==", "none", null]`, true},
		{`["<", "floors", 13]`, true}, {`["<", "use", 13]`, false}, {`[">=", "missing", 0]`, false}, {`[">", "use", "a"]`, true}, {`["<=", "floors", 12]`, true},
		{`["in", "use", "shop", "office"]`, true}, {`["in", "use"]`, false}, {`["!in", "use", "shop", "office"]`, false}, {`["!in", "missing", null]`, true}, {`["in", "zero", 0]`, true},
		{`["has", "none"]`, true}, {`["has", "missing"]`, false}, {`["!has", "missing"]`, true}, {`["has", "$id"]`, true}, {`["!has", "$id"]`, false},
		{`["==", "$type", "Polygon"]`, true}, {`["!=", "$type", "Polygon"]`, false}, {`["in", "$type", "Point", "LineString"]`, false}, {`["==", "$id", 7]`, true},
		{`["all", ["==", "use", "office"], ["has", "floors"]]`, true}, {`["any", ["==", "use", "shop"], ["!has", "floors"]]`, false},
		{`["none", ["==", "use", "shop"], ["!has", "floors"]]`, true}, {`["none", ["==", "use", "office"]]`, false}, {`["all"]`, true}, {`["any"]`, false},
		{`["all", ["!=", "use", "shop"], ["any", ["<", "floors", 3], [">", "floors", 11]]]`, true},
		// expressions
		{`["==", ["get", "use"], "office"]`, true}, {`["<", ["get", "use"], 3]`, false}, {`["has", "use"]`, true}, {`["in", ["get", "use"], ["literal", ["office"]]]`, true},
		{`["in", "off", ["get", "use"]]`, true}, {`["!", ["has", "use"]]`, false}, {`["match", ["get", "use"], ["office", "shop"], true, false]`, true},
		{`["==", ["geometry-type"], "Polygon"]`, true}, {`["all", ["has", "use"], [">=", ["zoom"], 14]]`, true}, {`[">", ["+", ["zoom"], 1], 15]`, false},
		{`["boolean", ["get", "use"]]`, false}, {`["all", true, ["==", ["get", "yes"], true]]`, true}, {`true`, true}, {`false`, false},
		{`["==", ["id"], 7]`, true}, {`["any", ["==", ["get", "use"], "shop"], ["==", ["get", "floors"], 12]]`, true},
	} {
		x, found := filterOf(t, tt.filter)
		if x == nil {
			t.Errorf("%s: %v", tt.filter, found)
			continue
		}
		if got := x.Bool(&Context{Zoom: 14, Feature: building(t)}); got != tt.want {
			t.Errorf("%s = %v, want %v", tt.filter, got, tt.want)
		}
		if x.Constant() {
			continue
		}
		x.Bool(&Context{}) // without a feature
	}
	for _, tt := range []struct{ filter, want string }{
		{`["==", "use", ["literal", 3]]`, "string is never compared with number"},
		{`["=="]`, "needs 2 arguments, has 0"},
		{`["=>", "use", 3]`, `unknown operator "=>"; did you mean`},
		{`["none", ["===", "use", 3]]`, `[1]: unknown operator "==="`},
		{`["all", ["in", "use", "a"], ["get", "x"], 3]`, "boolean is due here"},
		{`{"a": 1}`, "an object is not an expression"},
		{`["in", "use", {"a": 1}]`, "compares with texts"},
		{`["<", "use", true]`, "only numbers and texts have an order"},
		{`["feature-state", "hover"]`, "a filter cannot depend on feature-state"},
		{`["==", ["heatmap-density"], 1]`, "heatmap-density is only known to heatmap-color"},
	} {
		if x, found := filterOf(t, tt.filter); x != nil || !strings.Contains(found.String(), tt.want) {
			t.Errorf("%s: %q, want %q in it", tt.filter, found.String(), tt.want)
		}
	}
}
