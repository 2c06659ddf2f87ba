package assets

import (
	"bytes"
	"encoding/json"
	"image/color"
	"slices"
	"testing"

	"kuaitu/mapview"
	"kuaitu/mapview/style"
)

func mapStyle(t *testing.T, name string) *style.Style {
	t.Helper()
	doc, err := MapStyle(name)
	if err != nil {
		t.Fatal(err)
	}
	st, err := style.Parse(doc)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return st
}

// TestMapStylesAreUnderstood keeps the shipped documents within the subset, down to the last word.
func TestMapStylesAreUnderstood(t *testing.T) {
	names := MapStyles()
	if want := []string{"base-dark", "base-light", "dark", "light", "wall"}; !slices.Equal(names, want) {
		t.Fatalf("MapStyles() = %v, want %v", names, want)
	}
	for _, name := range names {
		st := mapStyle(t, name)
		for _, w := range st.Warnings {
			t.Errorf("%s: %s", name, w)
		}
		if len(st.Layers) == 0 || st.Name == "" {
			t.Errorf("%s: %d layers, named %q", name, len(st.Layers), st.Name)
		}
	}
	if _, err := MapStyle("none"); err == nil {
		t.Error("there is a style of no name")
	}
}

// TestMapStylesDifferInColourAlone: by day and by night the same layers are drawn of the same features, so that a change
// of one document is not forgotten in the other.
func TestMapStylesDifferInColourAlone(t *testing.T) {
	type layer struct {
		ID, Type, Source    string
		SourceLayer         string `json:"source-layer"`
		MinZoom, MaxZoom    float64
		Filter, Layout      json.RawMessage
		Paint               map[string]json.RawMessage
		compact, properties string
	}
	layers := func(name string) []layer {
		doc, err := MapStyle(name)
		if err != nil {
			t.Fatal(err)
		}
		var st struct{ Layers []layer }
		if err := json.Unmarshal(doc, &st); err != nil {
			t.Fatal(err)
		}
		for i := range st.Layers {
			l := &st.Layers[i]
			var names []string
			for p := range l.Paint {
				names = append(names, p)
			}
			slices.Sort(names)
			for _, p := range names {
				l.properties += p + " "
			}
			l.compact = string(bytes.Join([][]byte{l.Filter, l.Layout}, []byte(" ")))
		}
		return st.Layers
	}
	for _, pair := range [][2]string{{"light", "dark"}, {"base-light", "base-dark"}} {
		a, b := layers(pair[0]), layers(pair[1])
		if len(a) != len(b) {
			t.Fatalf("%v have %d and %d layers", pair, len(a), len(b))
		}
		for i := range a {
			x, y := a[i], b[i]
			if x.ID != y.ID || x.Type != y.Type || x.Source != y.Source || x.SourceLayer != y.SourceLayer || x.MinZoom != y.MinZoom || x.MaxZoom != y.MaxZoom ||
				x.compact != y.compact || x.properties != y.properties {
				t.Errorf("%v: layer %s differs from %s", pair, x.ID, y.ID)
			}
		}
	}
}

// use is a building of a use, and nothing else.
type use string

func (u use) Property(name string) (style.Value, bool) { return style.Str(string(u)), name == "use" }
func (use) Geometry() style.GeometryType               { return style.GeometryPolygon }
func (use) ID() style.Value                            { return style.Null() }
func (use) State(string) (style.Value, bool)           { return style.Null(), false }

// TestMapStylesHaveTheColoursOfTheMap: the documents look like what mapview draws of itself.
func TestMapStylesHaveTheColoursOfTheMap(t *testing.T) {
	prop := func(doc, layer string, p style.Property, c *style.Context) color.NRGBA {
		t.Helper()
		for _, l := range mapStyle(t, doc).Layers {
			if l.ID == layer {
				return l.Prop(p).Color(c)
			}
		}
		t.Fatalf("%s has no layer %s", doc, layer)
		return color.NRGBA{}
	}
	for _, mode := range []struct {
		name  string
		style *mapview.Style
	}{{"light", mapview.LightStyle()}, {"dark", mapview.DarkStyle()}} {
		for _, tt := range []struct {
			what      string
			got, want color.NRGBA
		}{
			{"land", prop("base-"+mode.name, "land", style.BackgroundColor, nil), mode.style.Ground()},
			{"selection", prop(mode.name, "building-selected", style.LineColor, nil), mode.style.Accent()},
			{"overdue", prop(mode.name, "event-overdue", style.IconColor, nil), mode.style.Alarm()},
			{"discs", prop(mode.name, "place", style.CircleColor, nil), mode.style.Paper()},
			{"names", prop(mode.name, "building-name", style.TextColor, nil), mode.style.Text()},
		} {
			if tt.got != tt.want {
				t.Errorf("%s: %s is %v, in mapview %v", mode.name, tt.what, tt.got, tt.want)
			}
		}
		for name, u := range map[use]mapview.Use{"residential": mapview.UseResidential, "village": mapview.UseSelfBuilt, "commercial": mapview.UseCommercial,
			"office": mapview.UseOffice, "industrial": mapview.UseIndustrial, "public": mapview.UsePublic, "other": mapview.UseUnknown, "hangar": mapview.UseUnknown} {
			c := &style.Context{Feature: name}
			fill, edge, _ := mode.style.Building(u)
			if got := prop(mode.name, "building", style.FillColor, c); got != fill {
				t.Errorf("%s: %s is %v, in mapview %v", mode.name, name, got, fill)
			}
			if got := prop(mode.name, "building-edge", style.LineColor, c); got != edge {
				t.Errorf("%s: the edge of %s is %v, in mapview %v", mode.name, name, got, edge)
			}
		}
		for name, l := range map[string]mapview.Level{"city": mapview.LevelCity, "district": mapview.LevelDistrict, "street": mapview.LevelStreet, "community": mapview.LevelCommunity, "grid": mapview.LevelGrid} {
			c, width, _ := mode.style.RegionLine(l)
			if got := prop(mode.name, name, style.LineColor, nil); got != c {
				t.Errorf("%s: the line of a %s is %v, in mapview %v", mode.name, name, got, c)
			}
			for _, layer := range mapStyle(t, mode.name).Layers {
				if got := layer.Prop(style.LineWidth).Number(nil); layer.ID == name && got != width {
					t.Errorf("%s: the line of a %s is %v wide, in mapview %v", mode.name, name, got, width)
				}
			}
		}
	}
}
