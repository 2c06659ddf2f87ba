package style

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// feature is a Feature made of JSON.
type feature struct {
	shape GeometryType
	id    Value
	props map[string]Value
	state map[string]Value
}

func (f *feature) Property(name string) (Value, bool) { v, ok := f.props[name]; return v, ok }
func (f *feature) Geometry() GeometryType             { return f.shape }
func (f *feature) ID() Value                          { return f.id }
func (f *feature) State(name string) (Value, bool)    { v, ok := f.state[name]; return v, ok }

func decoded(t testing.TB, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("JSON of the test: %v\n%s", err, text)
	}
	return v
}

func members(t testing.TB, text string) map[string]Value {
	t.Helper()
	m := map[string]Value{}
	for k, v := range decoded(t, text).(map[string]any) {
		m[k] = FromJSON(v)
	}
	return m
}

// building is the feature that the tables of the tests look at.
func building(t testing.TB) *feature {
	return &feature{shape: GeometryPolygon, id: Num(7), state: map[string]Value{"selected": Bool(true)},
		props: members(t, `{"use": "office", "floors": 12, "name": "滨河雅苑 3栋", "zero": 0, "empty": "", "none": null, "yes": true,
			"tint": "#ff0000", "list": [1, 2, 3], "words": ["甲", "乙"], "text": "12.5", "low": -2.5, "object": {"a": {"b": 5}}}`)}
}

// problems collects what a compiler reports.
type problems []string

func (p *problems) report(at *path, format string, args ...any) {
	*p = append(*p, Problem{at.String(), fmt.Sprintf(format, args...)}.String())
}

func (p *problems) String() string { return strings.Join(*p, "\n") }

// property compiles the value of a property as a document would have it.
func property(t testing.TB, p Property, text string) (*Expr, problems) {
	t.Helper()
	var found problems
	k := newCompiler(found.report, func(at *path, text string) { found.report(at, "warning: %s", text) })
	x := k.propertyValue(p, decoded(t, text), nil)
	return x, found
}

// compiled is property for what has to be understood.
func compiled(t testing.TB, p Property, text string) *Expr {
	t.Helper()
	x, found := property(t, p, text)
	if x == nil {
		t.Fatalf("%s: %s: %v", p, text, found)
	}
	return x
}

// document puts layers into a document with sources city (vector), pictures (raster) and points (geojson).
func document(layers ...string) []byte {
	return []byte(`{"version": 8, "name": "test", "sources": {"city": {"type": "vector", "url": "kuaitu://store"},
		"pictures": {"type": "raster", "tiles": ["a/{z}/{x}/{y}"], "tileSize": 256}, "points": {"type": "geojson", "data": {"type": "FeatureCollection", "features": []}}},
		"layers": [` + strings.Join(layers, ",") + `]}`)
}
