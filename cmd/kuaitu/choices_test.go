package main

import (
	"testing"

	"fyne.io/fyne/v2/test"
)

func TestChoicesBelongToTheirStore(t *testing.T) {
	prefs := test.NewTempApp(t).Preferences()
	a, b := choices{prefs, "/a.gpkg"}, choices{prefs, "/b.gpkg"}
	a.remember("thematic", "areas")
	a.remember("lang", "en")
	if a.recall("thematic") != "areas" || b.recall("thematic") != "" {
		t.Errorf("the map of figures of one store is %q, of another %q", a.recall("thematic"), b.recall("thematic"))
	}
	if b.recall("lang") != "en" {
		t.Error("the language is not for all stores")
	}
}
