package style

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const page = "../../docs/style.md"

// TestPageIsTrue compares what docs/style.md says of properties, operators and layer types with the program; -update writes it.
func TestPageIsTrue(t *testing.T) {
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for name, want := range map[string]string{
		"properties": propertyTables(t), "without effect": listed(sortedKeys(withoutEffect)), "types": listed(undrawnTypes),
		"undrawn": listed(sortedKeys(undrawn)), "foreign": listed(sortedKeys(foreign)),
	} {
		begin, end := "<!-- "+name+" -->", "<!-- end -->"
		head, rest, ok := strings.Cut(text, begin)
		got, tail, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("%s has no part %q", page, name)
		}
		if got != want && !*update {
			t.Errorf("%s: the part %q is not what the program does; run with -update\ngot  %s\nwant %s", page, name, got, want)
		}
		text = head + begin + want + end + tail
	}
	if *update {
		if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, op := range operatorNames() {
		if !strings.Contains(text, "`"+op+"`") {
			t.Errorf("%s does not mention the operator %s", page, op)
		}
	}
}

func listed(names []string) string { return "`" + strings.Join(names, "` `") + "`" }

// propertyTables writes a table for each layer type, with what the comments of the constants say of the values.
func propertyTables(t *testing.T) string {
	source, err := os.ReadFile("property.go")
	if err != nil {
		t.Fatal(err)
	}
	block, _, _ := strings.Cut(string(source)[strings.Index(string(source), "BackgroundColor   Property = iota"):], "numProperties\n")
	comments := regexp.MustCompile(`(?m)^\s*\w+.*?// (.*)$`).FindAllStringSubmatch(block, -1)
	if len(comments) != int(numProperties) {
		t.Fatalf("%d constants have comments, there are %d", len(comments), numProperties)
	}
	words := strings.NewReplacer("Numbers", "numbers", "Number", "number", "Color", "colour", "Bool", "true or false", "Text:", "one of", "Text,", "text,", "Text;", "text;", "Strings", "texts")
	readBy := regexp.MustCompile(`\b(Icon|Text|Line|Symbol)[A-Z]\w+`)
	var out strings.Builder
	for typ := range numTypes {
		fmt.Fprintf(&out, "\n\n**%s**\n\n| property | in | value | default | depends on |\n| --- | --- | --- | --- | --- |", typ)
		for p := firstProperty[typ]; p < firstProperty[typ+1]; p++ {
			s := &specs[p]
			value := readBy.ReplaceAllStringFunc(comments[p][1], func(name string) string {
				for q := range specs {
					if strings.ReplaceAll(strings.ToLower(specs[q].name), "-", "") == strings.ToLower(name) {
						return "`" + specs[q].name + "`"
					}
				}
				return name
			})
			value = strings.NewReplacer("colour by Context.Density", "colour by density", "is Set", "is set").Replace(words.Replace(value))
			depends := []string{}
			for _, u := range []struct {
				bit  Uses
				name string
			}{{UsesZoom, "zoom"}, {UsesFeature, "feature"}, {UsesState, "state"}, {UsesDensity, "density"}} {
				if s.uses.Has(u.bit) {
					depends = append(depends, u.name)
				}
			}
			def := "`" + string(FromJSON(s.def).appendJSON(nil)) + "`"
			switch {
			case isExpression(s.def):
				def = "blue, cyan, green, yellow, red; clear at 0"
			case s.def == "" || s.def == "[]":
				def = ""
			case s.form == formColor && s.def == seeThrough:
				def = "clear"
			}
			fmt.Fprintf(&out, "\n| `%s` | %s | %s | %s | %s |", s.name, s.group(), value, def, strings.Join(depends, ", "))
		}
	}
	return out.String() + "\n\n"
}

// TestTable checks the table of properties itself: names are of their type, defaults are values the property can have.
func TestTable(t *testing.T) {
	for p := range specs {
		s := &specs[p]
		prefixes := []string{s.layer.String()}
		if s.layer == Symbol {
			prefixes = []string{"symbol", "icon", "text"}
		}
		if !slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(s.name, prefix+"-") }) {
			t.Errorf("%s is a property of %s layers", s.name, s.layer)
		}
		if withoutEffect[s.name] != "" {
			t.Errorf("%s is both a property and without effect", s.name)
		}
		if _, also := undrawn[s.name]; also {
			t.Errorf("%s is both a property and not drawn", s.name)
		}
		d := defaults()[p]
		if d.Set() || d.Uses() != s.uses&UsesDensity {
			t.Errorf("the default of %s is set, or reads %b", s.name, d.Uses())
		}
		if Property(p).String() != s.name || Property(p).Layer() != s.layer {
			t.Errorf("property %d is %s of %s", p, Property(p), Property(p).Layer())
		}
		l := &Layer{Type: s.layer}
		if l.Prop(Property(p)) != d {
			t.Errorf("a silent layer's %s is not the default", s.name)
		}
	}
}
