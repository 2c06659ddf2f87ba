package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"kuaitu/block"
	"kuaitu/cmd/internal/console"
	"kuaitu/cmd/kuaitu/desk"
	"kuaitu/ui"
	"kuaitu/ui/state"
)

// bases are the base maps of the pack and the user's own. It implements ui.Bases; Close it when the window is gone.
type bases struct {
	keep func(addresses string) // writes the user's addresses to the preferences
	show func([]ui.BaseMap)     // hands the maps to the map; called on any goroutine

	mu    sync.Mutex // guards what follows
	maps  []ui.BaseMap
	own   map[string]string // address by ID
	order []string          // IDs of the user's
	files []io.Closer
}

// maxOwnBases bounds the user's list.
const maxOwnBases = 50

// newBases takes over the pack's maps and opens the user's own, as kept says them. One that cannot be opened is logged and
// stays in the list of the preferences only until the list is changed.
func newBases(ctx context.Context, pack *console.Base, kept string, keep func(string)) *bases {
	b := &bases{keep: keep, show: func([]ui.BaseMap) {}, own: map[string]string{}}
	for _, m := range pack.Maps {
		b.maps = append(b.maps, baseMap("base:"+m.ID, m))
	}
	var addresses []string
	if kept != "" && json.Unmarshal([]byte(kept), &addresses) != nil {
		slog.Warn("the list of base maps in the preferences cannot be read")
	}
	for _, a := range addresses[:min(len(addresses), maxOwnBases)] {
		if _, err := b.open(ctx, a); err != nil {
			slog.Warn("a base map cannot be shown", "err", err)
		}
	}
	return b
}

func baseMap(id string, m *console.BaseMap) ui.BaseMap {
	return ui.BaseMap{ID: id, Name: state.Text{ZH: plainName(m.Name, "底图"), EN: plainName(m.NameEN, "Base map")}, Credit: m.Credit, Layers: m.Layers}
}

// open opens a map of the user's and puts it into the list.
func (b *bases) open(ctx context.Context, address string) (ui.BaseMap, error) {
	id := "own:" + address
	b.mu.Lock()
	_, have := b.own[id]
	full := len(b.order) >= maxOwnBases
	b.mu.Unlock()
	switch {
	case have:
		return ui.BaseMap{}, fmt.Errorf("the base map is in the list already: %w", block.ErrConflict)
	case full:
		return ui.BaseMap{}, fmt.Errorf("there are %d base maps already: %w", maxOwnBases, block.ErrInvalid)
	case strings.Contains(address, "://"):
		return ui.BaseMap{}, fmt.Errorf("base map: files and folders can be opened, not addresses: %w", block.ErrInvalid)
	}
	m, file, err := console.OpenBaseMap(address, "")
	if err != nil {
		return ui.BaseMap{}, err
	}
	one := baseMap(id, m)
	b.mu.Lock()
	defer b.mu.Unlock()
	if file != nil {
		b.files = append(b.files, file)
	}
	b.maps = append(b.maps, one)
	b.own[id] = address
	b.order = append(b.order, id)
	return one, nil
}

// List implements ui.Bases.
func (b *bases) List() []ui.BaseMap {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.maps)
}

// entries are the maps for the layer tree.
func (b *bases) entries() []desk.Base {
	var out []desk.Base
	for _, m := range b.List() {
		out = append(out, desk.Base{ID: m.ID, Name: m.Name})
	}
	return out
}

// Add implements ui.Bases.
func (b *bases) Add(ctx context.Context, address string) (ui.BaseMap, error) {
	m, err := b.open(ctx, address)
	if err == nil {
		b.changed()
	}
	return m, err
}

// Own implements ui.Bases.
func (b *bases) Own(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, own := b.own[id]
	return own
}

// Remove implements ui.Bases. Its file stays open until Close: the map may still be drawing from it.
func (b *bases) Remove(id string) {
	b.mu.Lock()
	delete(b.own, id)
	b.order = slices.DeleteFunc(b.order, func(s string) bool { return s == id })
	b.maps = slices.DeleteFunc(b.maps, func(m ui.BaseMap) bool { return m.ID == id })
	b.mu.Unlock()
	b.changed()
}

// changed keeps the user's list and hands the maps on.
func (b *bases) changed() {
	b.mu.Lock()
	addresses := make([]string, 0, len(b.order))
	for _, id := range b.order {
		addresses = append(addresses, b.own[id])
	}
	b.mu.Unlock()
	if text, err := json.Marshal(addresses); err == nil {
		b.keep(string(text))
	}
	b.show(b.List())
}

// Close lets go of the user's files.
func (b *bases) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.files {
		_ = f.Close() // read only
	}
	b.files = nil
}
