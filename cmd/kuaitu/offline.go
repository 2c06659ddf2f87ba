package main

import (
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"kuaitu/cmd/internal/console"
	"kuaitu/cmd/kuaitu/desk"
	"kuaitu/ui"
	"kuaitu/ui/state"
)

// offlineDir is the folder of a store's offline areas: beside the store, on its disk and carried along with it.
func offlineDir(store string) string {
	return strings.TrimSuffix(store, filepath.Ext(store)) + "-offline"
}

// offlineBases are the base maps that areas can be taken from.
func (b *bases) offlineBases() []desk.OfflineBase {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []desk.OfflineBase
	for _, m := range b.maps {
		if made := b.made[m.ID]; made != nil {
			out = append(out, desk.OfflineBase{ID: m.ID, Name: m.Name, Sets: made.Sets()})
		}
	}
	return out
}

// useAreas lists the whole areas as base maps, and hands the maps on.
func (b *bases) useAreas(areas *desk.OfflineAreas) {
	files, names := areas.Files(), map[string]string{}
	for _, a := range areas.Areas() {
		names[a.ID] = a.Name
	}
	b.mu.Lock()
	for id, a := range b.kept { // gone, or taken anew
		_ = a.file.Close() // read only
		delete(b.kept, id)
	}
	for id, paths := range files {
		m, file, err := console.OpenAreaBase(ui.OfflineBase+id, paths)
		if err != nil {
			slog.Warn("an offline area cannot be shown", "area", id, "err", err)
			continue
		}
		one := baseMap(ui.OfflineBase+id, m)
		one.Name = state.Text{ZH: "离线·" + names[id], EN: "Offline · " + names[id]}
		b.kept[id] = keptArea{one, file}
	}
	b.mu.Unlock()
	b.show(b.List())
}

// keptMaps are the areas as base maps, the oldest first.
func (b *bases) keptMapsLocked() []ui.BaseMap {
	var out []ui.BaseMap
	for _, a := range b.kept {
		out = append(out, a.BaseMap)
	}
	slices.SortFunc(out, func(x, y ui.BaseMap) int { return strings.Compare(x.ID, y.ID) })
	return out
}
