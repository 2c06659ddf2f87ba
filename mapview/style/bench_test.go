package style

import "testing"

func BenchmarkEval(b *testing.B) {
	f := building(b)
	c := &Context{Zoom: 13.3, Feature: f}
	number := func(text string) func() {
		x := compiled(b, LineWidth, text)
		return func() { x.Number(c) }
	}
	colour := func(text string) func() {
		x := compiled(b, FillColor, text)
		return func() { x.Color(c) }
	}
	filter := func(text string) func() {
		x, _ := filterOf(b, text)
		return func() { x.Bool(c) }
	}
	for _, bb := range []struct {
		name string
		run  func()
	}{
		{"constant", number(`3`)},
		{"zoom", number(`["interpolate", ["exponential", 1.5], ["zoom"], 7, 0.7, 9, 1, 11, 2, 13, 4, 15, 8, 17, 30]`)},
		{"zoom-linear", number(`["interpolate", ["linear"], ["zoom"], 7, 0.7, 9, 1, 11, 2, 13, 4, 15, 8, 17, 30]`)},
		{"zoom-function", number(`{"base": 1.2, "stops": [[6.5, 0], [7, 0.5], [20, 18]]}`)},
		{"number-of-feature", number(`["*", 2, ["+", ["get", "floors"], 1]]`)},
		{"colour-of-zoom", colour(`["interpolate", ["linear"], ["zoom"], 11.5, "#cbcece", 14, "#ffffff"]`)},
		{"colour-match", colour(`["match", ["get", "use"], "residential", "#ead9b4", "village", "#cda67c", "office", "#7e9cc0", "#d3d3d0"]`)},
		{"colour-step", colour(`["step", ["get", "floors"], "#eaf0f6", 3, "#bcd0e4", 7, "#86aacd", 11, "#4c7fb0", 20, "#1f4f82"]`)},
		{"text-constant-parts", func() func() {
			x := compiled(b, TextField, `["coalesce", ["get", "name:zh"], ["get", "name"]]`)
			return func() { _ = x.Text(c) }
		}()},
		{"filter", filter(`["all", ["==", ["geometry-type"], "Polygon"], ["match", ["get", "use"], ["office", "shop"], true, false], ["!", ["has", "x"]]]`)},
		{"old-filter", filter(`["all", ["==", "$type", "Polygon"], ["in", "use", "office", "shop"], ["!has", "x"]]`)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bb.run()
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	doc := read(b, "town-2015.json")
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if _, err := Parse(doc); err != nil {
			b.Fatal(err)
		}
	}
}

// TestEvaluationDoesNotAllocate keeps the paths that run per feature or per frame free of garbage.
func TestEvaluationDoesNotAllocate(t *testing.T) {
	c := &Context{Zoom: 13.3, Feature: building(t)}
	width := compiled(t, LineWidth, `["interpolate", ["exponential", 1.5], ["zoom"], 7, ["get", "floors"], 17, ["*", 2, ["get", "floors"]]]`)
	tint := compiled(t, FillColor, `["interpolate", ["linear"], ["get", "floors"], 0, ["match", ["get", "use"], "office", "#f00", "#0f0"], 20, "#00f"]`)
	lack := compiled(t, LineWidth, `["number", ["get", "missing"]]`)
	name := compiled(t, TextField, `["coalesce", ["get", "name:zh"], ["get", "name"]]`)
	keep, _ := filterOf(t, `["all", ["in", "use", "office", "shop"], ["==", "$type", "Polygon"], [">", "floors", 3]]`)
	for what, f := range map[string]func(){
		"number": func() { width.Number(c) }, "colour": func() { tint.Color(c) }, "failure": func() { lack.Number(c) },
		"text": func() { _ = name.Text(c) }, "filter": func() { keep.Bool(c) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", what, n)
		}
	}
}
