package assets

import (
	"slices"
	"testing"

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
}
