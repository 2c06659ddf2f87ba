package main

import "fyne.io/fyne/v2"

// choices keeps what the user chose for the next start: what belongs to one city's data by its store, the rest for all.
type choices struct {
	prefs fyne.Preferences
	store string // path
}

func (c choices) key(key string) string {
	if key == "thematic" {
		return key + ":" + c.store
	}
	return key
}

func (c choices) remember(key, value string) { c.prefs.SetString(c.key(key), value) }

func (c choices) recall(key string) string { return c.prefs.String(c.key(key)) }
