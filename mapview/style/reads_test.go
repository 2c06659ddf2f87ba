package style

import (
	"slices"
	"testing"
)

func TestReads(t *testing.T) {
	st, err := Parse([]byte(`{"version": 8, "sources": {"s": {"type": "vector", "url": "x"}}, "layers": [
		{"id": "a", "type": "fill", "source": "s", "source-layer": "l", "filter": ["==", ["get", "use"], "office"],
		 "paint": {"fill-color": ["match", ["get", "level"], "x", "#fff", "#000"], "fill-opacity": ["case", ["has", "name"], 1, 0.5]}},
		{"id": "b", "type": "line", "source": "s", "source-layer": "l", "paint": {"line-width": ["to-number", ["get", ["get", "which"]]]}},
		{"id": "c", "type": "line", "source": "s", "source-layer": "l"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		names []string
		any   bool
	}{{[]string{"level", "name", "use"}, false}, {nil, true}, {nil, false}} {
		names, any := st.Layers[i].Reads()
		if any != want.any || !want.any && !slices.Equal(names, want.names) {
			t.Errorf("layer %s reads %q (any: %v), want %q (%v)", st.Layers[i].ID, names, any, want.names, want.any)
		}
	}
}
