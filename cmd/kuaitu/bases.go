package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"kuaitu/block"
	"kuaitu/cmd/internal/console"
	"kuaitu/cmd/kuaitu/desk"
	"kuaitu/store/tilenet"
	"kuaitu/store/tileset"
	"kuaitu/ui"
	"kuaitu/ui/state"

	"github.com/paulmach/orb"
)

// bases are the base maps of the pack and the user's own. It implements ui.Bases; Close it when the window is gone.
type bases struct {
	keep func(requests string) // writes the user's maps to the preferences
	show func([]ui.BaseMap)    // hands the maps to the map; called on any goroutine
	// areas answers what was taken offline from a source; called on any goroutine
	areas  func(source string) tilenet.Encoded
	arrive func(orb.Bound) // tiles from a server have come; called on any goroutine

	mu    sync.Mutex // guards what follows
	maps  []ui.BaseMap
	own   map[string]console.BaseRequest // by ID
	order []string                       // IDs of the user's
	files []io.Closer
	made  map[string]*console.BaseMap // what maps are drawn from, by ID
	kept  map[string]keptArea         // areas that are kept offline, by their ID
	cache *tileset.Cache              // of tiles from servers; nil until one is used
}

// keptArea is an area kept offline, as a base map.
type keptArea struct {
	ui.BaseMap
	file io.Closer
}

// maxOwnBases bounds the user's list.
const maxOwnBases = 50

// startLimit is how long a server may take to describe itself when the window opens.
const startLimit = 3 * time.Second

// newBases takes over the pack's maps and opens the user's own, as kept says them. One that cannot be opened is logged and
// stays in the list of the preferences only until the list is changed.
func newBases(ctx context.Context, pack *console.Base, kept string, keep func(string), arrive func(orb.Bound), areas func(string) tilenet.Encoded) *bases {
	b := &bases{
		keep: keep, show: func([]ui.BaseMap) {}, arrive: arrive, areas: areas, own: map[string]console.BaseRequest{},
		made: map[string]*console.BaseMap{}, kept: map[string]keptArea{},
	}
	for _, m := range pack.Maps {
		b.maps = append(b.maps, baseMap("base:"+m.ID, m))
		b.made["base:"+m.ID] = m
	}
	var requests []console.BaseRequest
	if kept != "" && json.Unmarshal([]byte(kept), &requests) != nil {
		slog.Warn("the list of base maps in the preferences cannot be read")
	}
	for _, r := range requests[:min(len(requests), maxOwnBases)] {
		soon, cancel := context.WithTimeout(ctx, startLimit) // a server that does not answer must not hold up the window
		_, err := b.open(soon, r)
		cancel()
		if err != nil {
			slog.Warn("a base map cannot be shown", "err", err)
		}
	}
	return b
}

func baseMap(id string, m *console.BaseMap) ui.BaseMap {
	return ui.BaseMap{ID: id, Name: state.Text{ZH: plainName(m.Name, "底图"), EN: plainName(m.NameEN, "Base map")}, Credit: m.Credit, Layers: m.Layers}
}

// open opens a map of the user's and puts it into the list.
func (b *bases) open(ctx context.Context, r console.BaseRequest) (ui.BaseMap, error) {
	id := "own:" + r.Address
	b.mu.Lock()
	_, have := b.own[id]
	full := len(b.order) >= maxOwnBases
	b.mu.Unlock()
	switch {
	case have:
		return ui.BaseMap{}, fmt.Errorf("the base map is in the list already: %w", block.ErrConflict)
	case full:
		return ui.BaseMap{}, fmt.Errorf("there are %d base maps already: %w", maxOwnBases, block.ErrInvalid)
	}
	m, file, err := b.read(ctx, r)
	if err != nil {
		return ui.BaseMap{}, err
	}
	if r.Name != "" {
		m.Name, m.NameEN = r.Name, ""
	}
	one := baseMap(id, m)
	b.mu.Lock()
	defer b.mu.Unlock()
	if file != nil {
		b.files = append(b.files, file)
	}
	b.maps = append(b.maps, one)
	b.made[id] = m
	b.own[id] = r
	b.order = append(b.order, id)
	return one, nil
}

func (b *bases) read(ctx context.Context, r console.BaseRequest) (*console.BaseMap, io.Closer, error) {
	if !r.Remote() {
		m, file, err := console.OpenBaseMap(r.Address, r.Datum)
		if err == nil && r.Approval != "" && !strings.Contains(m.Credit, r.Approval) {
			m.Credit = console.Credit(m.Credit, r.Approval)
		}
		return m, file, err
	}
	return console.OpenRemoteBase(ctx, r, b.tileCache(), b.arrive, b.areas)
}

// cacheQuota is how many bytes of tiles from servers are kept on disk.
const cacheQuota = 2 << 30

// tileCache is the cache on disk of tiles from servers, opened when one is used first. Without one they are kept in memory.
func (b *bases) tileCache() *tileset.Cache {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cache != nil {
		return b.cache
	}
	dir, err := os.UserCacheDir()
	if err == nil {
		dir = filepath.Join(dir, "kuaitu")
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		b.cache, err = tileset.OpenCache(filepath.Join(dir, "tiles.db"), cacheQuota)
	}
	if err != nil {
		slog.Warn("tiles from servers are not kept on disk", "err", err)
		return nil
	}
	return b.cache
}

// List implements ui.Bases.
func (b *bases) List() []ui.BaseMap {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append(slices.Clone(b.maps), b.keptMapsLocked()...)
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
func (b *bases) Add(ctx context.Context, r ui.BaseRequest) (ui.BaseMap, error) {
	m, err := b.open(ctx, console.BaseRequest(r))
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
	delete(b.made, id)
	b.order = slices.DeleteFunc(b.order, func(s string) bool { return s == id })
	b.maps = slices.DeleteFunc(b.maps, func(m ui.BaseMap) bool { return m.ID == id })
	b.mu.Unlock()
	b.changed()
}

// changed keeps the user's list and hands the maps on.
func (b *bases) changed() {
	b.mu.Lock()
	requests := make([]console.BaseRequest, 0, len(b.order))
	for _, id := range b.order {
		requests = append(requests, b.own[id])
	}
	b.mu.Unlock()
	if text, err := json.Marshal(requests); err == nil {
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
	for _, a := range b.kept {
		_ = a.file.Close() // read only
	}
	clear(b.kept)
	if b.cache != nil {
		_ = b.cache.Close() // a cache: what was not written is fetched again
		b.cache = nil
	}
}
