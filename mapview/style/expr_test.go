package style

import (
	"fmt"
	"math"
	"testing"
)

// TestExpressions evaluates each operator as the result of a text, which to-string makes comparable; the rules are those of the
// specification's reference. An empty result with fails is an evaluation that ends in an error.
func TestExpressions(t *testing.T) {
	const fails = "\x00"
	for _, tt := range []struct{ expr, want string }{
		// types
		{`["literal", [1, "a", null, true, {"k": [2]}]]`, `[1,"a",null,true,{"k":[2]}]`},
		{`["array", ["get", "list"]]`, "[1,2,3]"},
		{`["array", "number", 3, ["get", "list"]]`, "[1,2,3]"},
		{`["array", "number", 2, ["get", "list"]]`, fails},
		{`["array", "string", ["get", "list"]]`, fails},
		{`["array", "string", ["get", "words"]]`, `["甲","乙"]`},
		{`["number", ["get", "floors"]]`, "12"},
		{`["number", ["get", "use"]]`, fails},
		{`["number", ["get", "use"], ["get", "none"], ["get", "low"]]`, "-2.5"},
		{`["string", ["get", "floors"], "no"]`, "no"},
		{`["boolean", ["get", "yes"]]`, "true"},
		{`["boolean", ["get", "missing"], false]`, "false"},
		{`["object", ["get", "object"]]`, `{"a":{"b":5}}`},
		{`["to-string", ["get", "none"]]`, ""},
		{`["to-string", ["get", "low"]]`, "-2.5"},
		{`["to-string", ["to-color", ["get", "tint"]]]`, "rgba(255,0,0,1)"},
		{`["to-number", ["get", "text"]]`, "12.5"},
		{`["to-number", ["get", "none"]]`, "0"},
		{`["to-number", ["get", "yes"]]`, "1"},
		{`["to-number", ["get", "empty"]]`, "0"},
		{`["to-number", ["get", "use"]]`, fails},
		{`["to-number", ["get", "use"], 9]`, "9"},
		{`["to-number", " 0x1F "]`, "31"},
		{`["to-number", "1_000", 2]`, "2"},
		{`["to-boolean", ["get", "empty"]]`, "false"},
		{`["to-boolean", ["get", "zero"]]`, "false"},
		{`["to-boolean", ["get", "use"]]`, "true"},
		{`["to-boolean", ["get", "missing"]]`, "false"},
		{`["typeof", ["get", "list"]]`, "array<number, 3>"},
		{`["typeof", ["get", "object"]]`, "object"},
		{`["typeof", ["get", "missing"]]`, "null"},
		{`["typeof", ["get", "yes"]]`, "boolean"},
		{`["typeof", ["to-color", "red"]]`, "color"},
		// lookup
		{`["get", "name"]`, "滨河雅苑 3栋"},
		{`["get", "b", ["get", "a", ["get", "object"]]]`, "5"},
		{`["get", ["concat", "na", "me"]]`, "滨河雅苑 3栋"},
		{`["get", ["get", "use"], ["literal", {"office": "办公"}]]`, "办公"},
		{`["get", "use", ["properties"]]`, "office"},
		{`["has", "none"]`, "true"},
		{`["has", "missing"]`, "false"},
		{`["has", "a", ["get", "object"]]`, "true"},
		{`["at", 1, ["get", "list"]]`, "2"},
		{`["at", 3, ["get", "list"]]`, fails},
		{`["at", -1, ["get", "list"]]`, fails},
		{`["at", 0.5, ["get", "list"]]`, fails},
		{`["in", "雅", ["get", "name"]]`, "true"},
		{`["in", 2, ["get", "list"]]`, "true"},
		{`["in", "2", ["get", "list"]]`, "false"},
		{`["in", 2, ["get", "missing"]]`, "false"},
		{`["in", 2, ["get", "floors"]]`, fails},
		{`["index-of", "苑", ["get", "name"]]`, "3"},
		{`["index-of", 3, ["get", "list"]]`, "2"},
		{`["index-of", 1, ["get", "list"], 1]`, "-1"},
		{`["length", ["get", "name"]]`, "7"},
		{`["length", ["get", "list"]]`, "3"},
		{`["length", ["get", "floors"]]`, fails},
		{`["slice", ["get", "name"], 2, 4]`, "雅苑"},
		{`["slice", ["get", "name"], -2]`, "3栋"},
		{`["slice", ["get", "list"], 1]`, "[2,3]"},
		{`["slice", ["get", "name"], 4, 2]`, ""},
		{`["id"]`, "7"},
		{`["geometry-type"]`, "Polygon"},
		{`["feature-state", "selected"]`, "true"},
		{`["zoom"]`, "14"},
		// decisions
		{`["case", ["==", ["get", "use"], "office"], "a", "b"]`, "a"},
		{`["case", [">", ["get", "use"], 1], "a", "b"]`, fails},
		{`["case", false, 1, ["has", "missing"], 2, 3]`, "3"},
		{`["match", ["get", "use"], "shop", 1, ["flat", "office"], 2, 3]`, "2"},
		{`["match", ["get", "floors"], 12, "high", "low"]`, "high"},
		{`["match", ["get", "missing"], "x", "a", "b"]`, "b"},
		{`["match", ["get", "floors"], "12", "a", "b"]`, "b"},
		{`["coalesce", ["get", "missing"], ["get", "none"], ["get", "use"]]`, "office"},
		{`["coalesce", ["get", "missing"]]`, ""},
		{`["coalesce", ["number", ["get", "use"]], 1]`, fails},
		{`["let", "a", ["get", "floors"], "b", 2, ["*", ["var", "a"], ["var", "b"]]]`, "24"},
		{`["let", "a", 1, ["let", "a", 2, ["var", "a"]]]`, "2"},
		{`["all", true, ["==", ["get", "yes"], true]]`, "true"},
		{`["all"]`, "true"},
		{`["any"]`, "false"},
		{`["any", true, ["number", ["get", "use"]]]`, fails + "compile"},
		{`["any", ["has", "use"], ["boolean", ["get", "use"]]]`, "true"},
		{`["!", ["has", "use"]]`, "false"},
		{`["==", ["get", "floors"], 12]`, "true"},
		{`["==", ["get", "floors"], "12"]`, "false"},
		{`["==", ["get", "missing"], null]`, "true"},
		{`["==", ["get", "list"], ["get", "list"]]`, "false"},
		{`["!=", ["get", "none"], ["get", "missing"]]`, "false"},
		{`["<", ["get", "floors"], 13]`, "true"},
		{`["<=", "a", ["get", "use"]]`, "true"},
		{`[">", ["get", "floors"], ["get", "use"]]`, fails},
		{`[">=", ["get", "missing"], 1]`, fails},
		// ramps
		{`["step", ["get", "floors"], "low", 3, "mid", 12, "high"]`, "high"},
		{`["step", ["get", "low"], "low", 3, "mid"]`, "low"},
		{`["interpolate", ["linear"], ["get", "floors"], 10, 0, 20, 10]`, "2"},
		{`["interpolate", ["linear"], ["get", "low"], 10, 1, 20, 10]`, "1"},
		{`["interpolate", ["linear"], ["get", "floors"], 0, 1, 5, 10]`, "10"},
		{`["interpolate", ["exponential", 2], ["get", "floors"], 11, 0, 13, 3]`, "1"},
		{`["interpolate", ["linear"], ["get", "floors"], 10, ["literal", [0, 10]], 20, ["literal", [10, 0]]]`, "[2,8]"},
		{`["to-rgba", ["interpolate", ["linear"], ["get", "floors"], 10, "black", 15, "#fff"]]`, "[102,102,102,1]"},
		{`["to-rgba", ["interpolate", ["linear"], ["get", "floors"], 11, "rgba(255,0,0,0)", 13, "rgba(0,0,255,1)"]]`, "[0,0,255,0.5]"},
		// numbers
		{`["+", 1, ["get", "floors"], 2]`, "15"}, {`["+"]`, "0"}, {`["*"]`, "1"},
		{`["-", 1, ["get", "floors"]]`, "-11"}, {`["-", ["get", "floors"]]`, "-12"},
		{`["/", ["get", "floors"], 8]`, "1.5"}, {`["%", ["get", "floors"], 5]`, "2"}, {`["%", -7, 3]`, "-1"}, {`["^", 2, 10]`, "1024"},
		{`["sqrt", 81]`, "9"}, {`["log10", 1000]`, "3"}, {`["log2", 8]`, "3"}, {`["round", ["ln", ["^", ["e"], 2]]]`, "2"},
		{`["sin", 0]`, "0"}, {`["cos", 0]`, "1"}, {`["tan", 0]`, "0"}, {`["asin", 0]`, "0"}, {`["acos", 1]`, "0"}, {`["atan", 0]`, "0"},
		{`["min", 3, 1, 2]`, "1"}, {`["max", 3, 1, 2]`, "3"}, {`["abs", -3]`, "3"}, {`["ceil", 1.2]`, "2"}, {`["floor", -1.2]`, "-2"},
		{`["round", 2.5]`, "3"}, {`["round", -2.5]`, "-3"}, {`["pi"]`, "3.141592653589793"}, {`["ln2"]`, "0.6931471805599453"},
		{`["/", 1, 0]`, "Infinity"}, {`["to-string", 1e21]`, "1e+21"}, {`["to-string", 0.0000001]`, "1e-7"}, {`["to-string", 1e15]`, "1000000000000000"},
		{`["to-string", 0.1]`, "0.1"}, {`["to-string", 123456789012345680000]`, "123456789012345680000"},
		// texts
		{`["concat", ["get", "name"], " ", ["get", "floors"], ["get", "missing"], true]`, "滨河雅苑 3栋 12true"},
		{`["upcase", ["get", "use"]]`, "OFFICE"}, {`["downcase", "ABÇ"]`, "abç"},
		{`["number-format", 1234567.891, {"max-fraction-digits": 1}]`, "1,234,567.9"},
		{`["number-format", -1234, {"min-fraction-digits": 2}]`, "-1,234.00"},
		{`["number-format", ["get", "low"], {}]`, "-2.5"},
		{`["image", ["get", "use"]]`, "office"},
		// colours
		{`["to-string", ["rgb", 255, 0, ["get", "floors"]]]`, "rgba(255,0,12,1)"},
		{`["to-string", ["rgba", 1, 2, 3, 0.5]]`, "rgba(1,2,3,0.5)"},
		{`["to-string", ["rgb", 1, 2, ["*", 100, ["get", "floors"]]]]`, fails},
		{`["to-rgba", ["to-color", "rgba(255, 128, 0, 0.2)"]]`, "[255,128,0,0.2]"},
		{`["to-string", ["to-color", ["get", "use"], "#0f0"]]`, "rgba(0,255,0,1)"},
		{`["to-string", ["to-color", ["get", "list"]]]`, "rgba(1,2,3,1)"},
	} {
		c := &Context{Zoom: 14, Feature: building(t)}
		var found problems
		k := newCompiler(found.report, found.warn)
		e := k.compile(decoded(t, tt.expr), nil, nil, annotateDefault)
		if tt.want == fails+"compile" {
			if e != nil {
				t.Errorf("%s is compiled", tt.expr)
			}
			continue
		}
		if e == nil {
			t.Errorf("%s: %v", tt.expr, found)
			continue
		}
		v := e.eval(c)
		switch {
		case v.failed() != (tt.want == fails):
			t.Errorf("%s = %v (%s), want %q", tt.expr, v, v.str, tt.want)
		case !v.failed() && v.String() != tt.want:
			t.Errorf("%s = %s, want %s", tt.expr, v, tt.want)
		}
	}
}

func (p *problems) warn(at *path, text string) { p.report(at, "%s", text) }

// TestCubicBezier compares with points of the curve worked out by hand: with the control points on the diagonal it is a
// straight line, and ease-in-out passes the middle.
func TestCubicBezier(t *testing.T) {
	for _, tt := range []struct {
		x1, y1, x2, y2, x, want float64
	}{
		{0.3, 0.3, 0.6, 0.6, 0.25, 0.25}, {0.42, 0, 0.58, 1, 0.5, 0.5}, {0.42, 0, 0.58, 1, 0, 0}, {0.42, 0, 0.58, 1, 1, 1},
		{0, 0, 0, 0, 0.125, 0.125}, // x = t³ = y
		{1, 0, 1, 0, 0.875, 0.125}, // x = 1-(1-t)³, y = t³ at t = 0.5
	} {
		b := bezier{tt.x1, tt.y1, tt.x2, tt.y2}
		if got := b.at(tt.x); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%v at %v = %v, want %v", b, tt.x, got, tt.want)
		}
	}
}

// TestProperties evaluates whole properties: defaults where evaluation fails, ranges, words, functions, tokens.
func TestProperties(t *testing.T) {
	number := func(p Property, text string, zoom, want float64) {
		t.Helper()
		if got := compiled(t, p, text).Number(&Context{Zoom: zoom, Feature: building(t)}); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s %s at %v = %v, want %v", p, text, zoom, got, want)
		}
	}
	text := func(p Property, value string, want string) {
		t.Helper()
		if got := compiled(t, p, value).Text(&Context{Zoom: 14, Feature: building(t)}); got != want {
			t.Errorf("%s %s = %q, want %q", p, value, got, want)
		}
	}
	number(LineWidth, `["get", "missing"]`, 0, 1)             // null is the default
	number(LineWidth, `["get", "use"]`, 0, 1)                 // so is another type
	number(LineWidth, `["/", ["get", "zero"], 0]`, 0, 1)      // and what is no number
	number(FillOpacity, `["get", "floors"]`, 0, 1)            // brought into the range
	number(LineWidth, `["get", "low"]`, 0, 0)                 //
	number(LineWidth, `{"stops": [[10, 1], [20, 3]]}`, 15, 2) // functions of the zoom
	number(LineWidth, `{"stops": [[10, 1], [20, 3]]}`, 25, 3) //
	number(LineWidth, `{"base": 2, "stops": [[10, 0], [12, 3]]}`, 11, 1)
	number(LineWidth, `{"type": "interval", "stops": [[10, 1], [20, 3]]}`, 19, 1)
	number(LineWidth, `{"property": "floors", "stops": [[2, 1], [22, 3]]}`, 0, 2)
	number(LineWidth, `{"property": "use", "type": "categorical", "stops": [["office", 7], ["shop", 3]]}`, 0, 7)
	number(LineWidth, `{"property": "use", "type": "categorical", "stops": [["shop", 3]], "default": 4}`, 0, 4)
	number(LineWidth, `{"property": "use", "type": "categorical", "stops": [["shop", 3]]}`, 0, 1)
	number(LineWidth, `{"property": "floors", "type": "identity"}`, 0, 12)
	number(LineWidth, `{"property": "use", "type": "identity", "default": 2}`, 0, 2)
	number(LineWidth, `{"property": "floors", "stops": [[{"zoom": 10, "value": 2}, 1], [{"zoom": 10, "value": 22}, 3], [{"zoom": 20, "value": 2}, 11], [{"zoom": 20, "value": 22}, 13]]}`, 15, 7)
	number(IconPadding, `[1, 5, 3]`, 0, 5)
	text(TextField, `"{name} ({floors}) {missing}"`, "滨河雅苑 3栋 (12) ")
	text(TextField, `"plain"`, "plain")
	text(TextField, `"{broken"`, "{broken")
	text(TextField, `["get", "floors"]`, "12")
	text(TextField, `["format", ["get", "name"], {}, "·", ["get", "use"]]`, "滨河雅苑 3栋·office")
	text(TextField, `{"stops": [[0, "{use}"], [15, "{name}"]]}`, "office")
	text(IconImage, `["match", ["get", "use"], "office", "tool", "dots"]`, "tool")
	text(LineCap, `["get", "use"]`, "butt") // not one of the words
	text(LineCap, `["case", ["get", "yes"], "round", "square"]`, "round")

	c := &Context{Zoom: 14, Feature: building(t)}
	if got := compiled(t, TextOffset, `["get", "list"]`).Numbers(c); len(got) != 2 || got[0] != 0 {
		t.Errorf("an offset of three numbers is %v, want the default", got)
	}
	for _, text := range []string{`["literal", [1, -1]]`, `["array", "number", ["slice", ["get", "list"], 9]]`} {
		if x, found := property(t, LineDashArray, text); x != nil && len(x.Numbers(c)) != 0 {
			t.Errorf("dashes %s = %v (%v)", text, x.Numbers(c), found)
		}
	}
	f := building(t)
	f.props["list"] = Arr([]Value{Num(1), Num(math.Inf(1))})
	f.props["low"] = Arr([]Value{Num(1), Num(-1)})
	for _, text := range []string{`["get", "list"]`, `["get", "low"]`, `["get", "use"]`} {
		if got := compiled(t, LineDashArray, text).Numbers(&Context{Feature: f}); len(got) != 0 {
			t.Errorf("dashes %s = %v, want the default", text, got)
		}
	}
	if got := compiled(t, TextFont, `["get", "words"]`).Strings(c); len(got) != 2 || got[0] != "甲" {
		t.Errorf("fonts = %q", got)
	}
	if got := compiled(t, FillColor, `["get", "tint"]`).Color(c); got.R != 255 || got.G != 0 || got.A != 255 {
		t.Errorf("colour of a text = %v, want red", got)
	}
	if got := compiled(t, FillColor, `["get", "use"]`).Color(c); got.A != 255 || got.R != 0 {
		t.Errorf("colour of no colour = %v, want black, the default", got)
	}
	if x := compiled(t, HeatmapColor, `["interpolate", ["linear"], ["heatmap-density"], 0, "rgba(0,0,0,0)", 1, "#fff"]`); x.Uses() != UsesDensity {
		t.Errorf("a heat map's colour reads %v", x.Uses())
	} else if got := x.Color(&Context{Density: 0.5}); got.R != 255 || got.A != 128 {
		t.Errorf("colour of half the density = %v, want white of half the alpha", got)
	}
}

func TestUses(t *testing.T) {
	for _, tt := range []struct {
		expr  string
		uses  Uses
		props string
	}{
		{`3`, 0, ""},
		{`["+", 1, ["length", "abc"]]`, 0, ""},
		{`["interpolate", ["linear"], ["zoom"], 10, 1, 12, 2]`, UsesZoom, ""},
		{`["interpolate", ["linear"], ["zoom"], 10, ["get", "b"], 12, ["case", ["has", "a"], 1, 2]]`, UsesZoom | UsesFeature, "[a b]"},
		{`["to-number", ["id"]]`, UsesFeature | UsesID, ""},
		{`["case", ["==", ["geometry-type"], "Point"], 1, 2]`, UsesFeature | UsesType, ""},
		{`["get", ["get", "which"]]`, UsesFeature | UsesAny, "[which]"},
		{`["get", "a", ["properties"]]`, UsesFeature, "[a]"},
		{`["get", "a", ["literal", {"a": 3}]]`, 0, ""},
		{`["case", ["boolean", ["feature-state", "selected"], false], 2, 1]`, UsesState, ""},
		{`{"property": "p", "stops": [[{"zoom": 1, "value": 1}, 1], [{"zoom": 2, "value": 1}, 2]]}`, UsesZoom | UsesFeature, "[p]"},
	} {
		x := compiled(t, LineWidth, tt.expr)
		props := ""
		if len(x.Properties()) > 0 {
			props = fmt.Sprint(x.Properties())
		}
		if x.Uses() != tt.uses || props != tt.props || x.Constant() != (tt.uses == 0) || !x.Set() {
			t.Errorf("%s reads %b %s, constant %v; want %b %s", tt.expr, x.Uses(), props, x.Constant(), tt.uses, tt.props)
		}
	}
}
