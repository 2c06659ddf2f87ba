package style

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", name), []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(read(t, name)); got != want {
		t.Errorf("%s differs; got\n%s\nwant\n%s", name, got, want)
	}
}

// TestErrors: everything that is wrong with a document is named at once, in its order and with its place.
func TestErrors(t *testing.T) {
	for _, name := range []string{"wrong", "foreign"} {
		_, err := Parse(read(t, name+".json"))
		var all *Error
		if !errors.As(err, &all) || !errors.Is(err, ErrStyle) {
			t.Fatalf("%s: %v is no *Error", name, err)
		}
		golden(t, name+".errors", err.Error()+"\n")
	}
}

// TestParseLenient: a document of others is drawn as far as it goes, and what is left out is said.
func TestParseLenient(t *testing.T) {
	st, err := ParseLenient(read(t, "foreign.json"))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "foreign.warnings", strings.Join(st.Warnings, "\n")+"\n")
	var ids []string
	for _, l := range st.Layers {
		ids = append(ids, l.ID)
	}
	if want := []string{"background", "wood", "water", "road", "shield", "place"}; !slices.Equal(ids, want) {
		t.Errorf("layers %v, want %v", ids, want)
	}
	if st.Center != [2]float64{114.06, 22.54} || !st.HasCenter || st.Zoom != 12.5 || st.Bearing != 10 {
		t.Errorf("view %v %v %v %v", st.Center, st.HasCenter, st.Zoom, st.Bearing)
	}
	if st, err := ParseLenient(read(t, "wrong.json")); err != nil || len(st.Layers) == 0 {
		t.Errorf("wrong.json: %v", err)
	}
}

func TestDocument(t *testing.T) {
	st, err := Parse(read(t, "town-2015.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Warnings) > 0 {
		t.Errorf("warnings %q", st.Warnings)
	}
	if s := st.Sources["photos"]; s.TileSize != 256 || s.Scheme != "tms" || s.MaxZoom != 22 || s.Bounds != [4]float64{113.5, 22.1, 113.6, 22.2} || len(s.Tiles) != 1 {
		t.Errorf("source %+v", s)
	}
	if s := st.Sources["town"]; s.TileSize != 512 || s.MaxZoom != 14 || s.Attribution != "© the town" || s.Scheme != "xyz" {
		t.Errorf("source %+v", s)
	}
	if s := st.Sources["trees"]; !strings.Contains(string(s.Data), `"height": 7`) || s.MaxZoom != 18 {
		t.Errorf("source %+v", s)
	}
	layer := map[string]*Layer{}
	for _, l := range st.Layers {
		layer[l.ID] = l
	}
	if l := layer["photos"]; !l.Hidden || l.Visible(10) || l.Type != Raster || l.Prop(RasterResampling).Text(nil) != "nearest" {
		t.Errorf("photos %+v", l)
	}
	if l := layer["heat"]; !l.Visible(0) || !l.Visible(14.99) || l.Visible(15) {
		t.Errorf("heat is shown at the wrong zooms: %v to %v", l.MinZoom, l.MaxZoom)
	}
	if l := layer["land"]; !l.Visible(23.9) || l.Visible(24) || l.Filter != nil {
		t.Errorf("land %+v", l)
	}
	c := &Context{Zoom: 16, Feature: &feature{shape: GeometryPoint, props: members(t, `{"name": "甲", "floors": 30, "class": "school", "area": 2000}`)}}
	if got := layer["name"].Prop(TextField).Text(c); got != "甲（30 层）" {
		t.Errorf("text %q", got)
	}
	if !layer["name"].Filter.Bool(c) || !layer["use"].Filter.Bool(c) {
		t.Error("filters leave the feature out")
	}
	if got, want := fmt.Sprint(layer["house"].Prop(FillColor).Color(c)), "{126 156 192 255}"; got != want {
		t.Errorf("colour %s, want %s", got, want)
	}
	if got := layer["road"].Prop(LineDashArray).Numbers(&Context{Zoom: 15}); !slices.Equal(got, []float64{4, 1}) {
		t.Errorf("dashes %v", got)
	}
	// What the document is silent about is the specification's.
	if l := layer["road"]; l.Prop(LineOpacity).Number(nil) != 1 || l.Prop(LineOpacity).Set() || !l.Prop(LineWidth).Set() || l.Prop(TextSize).Number(nil) != 16 {
		t.Error("defaults are not the specification's")
	}
	if got := layer["heat"].Prop(HeatmapColor).Color(&Context{Density: 1}); got.R != 255 || got.G != 0 {
		t.Errorf("the densest is %v, want red", got)
	}
}

func TestNoStyle(t *testing.T) {
	for _, tt := range []struct{ doc, want string }{
		{"", "unexpected end"}, {"[]", "not a JSON object"}, {"null", "null"}, {"{}", "version: 8"}, {`{"version": 7}`, "version: 8"},
		{"{\"version\": 8,\n \"layers\": [}", "line 2, column 13"},
		{`{"version": 8}`, "has no sources"}, {`{"version": 8, "sources": {}, "layers": {}}`, "an array of layers is due here"},
	} {
		if _, err := Parse([]byte(tt.doc)); !errors.Is(err, ErrStyle) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Parse(%q) = %v, want %q in it", tt.doc, err, tt.want)
		}
	}
	if _, err := ParseLenient([]byte("{}")); !errors.Is(err, ErrStyle) {
		t.Errorf("ParseLenient of no style: %v", err)
	}
	if _, err := Parse(append([]byte("\xef\xbb\xbf"), document()...)); err != nil {
		t.Errorf("with a byte order mark: %v", err)
	}
}

// TestHostile: documents that are deep, long or make evaluation explode are refused, and quickly.
func TestHostile(t *testing.T) {
	deep := strings.Repeat(`["-",`, 5000) + "1" + strings.Repeat("]", 5000)
	doubling := `["+", ["var", "a0"], 1]`
	for i := range 60 {
		doubling = fmt.Sprintf(`["let", "a%d", ["+", ["var", "a%d"], ["var", "a%d"]], %s]`, 59-i, 60-i, 60-i, doubling)
	}
	doubling = `["let", "a60", ["get", "x"], ` + doubling + `]`
	line := func(width string) []byte {
		return document(`{"id": "a", "type": "line", "source": "city", "source-layer": "x", "paint": {"line-width": ` + width + `}}`)
	}
	filter := document(`{"id": "a", "type": "line", "source": "city", "source-layer": "x", "filter": ` + strings.Repeat(`["none",`, 3000) + `["has", "a"]` + strings.Repeat("]", 3000) + `}`)
	for name, doc := range map[string][]byte{
		"deep": line(deep), "doubling": line(doubling), "filter": filter, "nested": []byte(strings.Repeat("[", 1<<20)), "huge": make([]byte, maxDocument+1),
		"layers": document(strings.Repeat(`{"id": "a"},`, maxLayers) + `{"id": "b"}`),
	} {
		if _, err := Parse(doc); !errors.Is(err, ErrStyle) || len(err.Error()) > 50000 {
			t.Errorf("%s: %.200v", name, err)
		}
	}
	text := compiled(t, TextField, `["let", "a", ["concat", ["get", "long"], ["get", "long"]], ["concat", ["var", "a"], ["var", "a"]]]`)
	f := &feature{props: map[string]Value{"long": Str(strings.Repeat("长", maxText/8))}}
	if got := text.Text(&Context{Feature: f}); got != "" {
		t.Errorf("a text of %d bytes is put together", len(got))
	}
}

func TestSuggestions(t *testing.T) {
	known := []string{"fill-color", "fill-opacity", "visibility"}
	for word, want := range map[string]string{"fill-colour": "; did you mean fill-color", "fil-color": "; did you mean fill-color", "visiblity": "; did you mean visibility", "line-width": "", "x": ""} {
		if got := suggestion(word, known); got != want {
			t.Errorf("suggestion(%q) = %q, want %q", word, got, want)
		}
	}
	for _, tt := range []struct {
		a, b string
		d    int
	}{{"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "abcd", 1}, {"abc", "xbc", 1}, {"", "ab", 2}, {"abc", "xyz", 3}, {"a", "abcdef", 4}} {
		if got := distance(tt.a, tt.b, 3); got != tt.d {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.d)
		}
	}
}
