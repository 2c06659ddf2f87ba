// Package maplayer turns the store's tables into mapview's packed layers and keeps them current from change notices.
//
// Start from [Open], which reads what the store holds once, or what a cache file beside the store kept of it; [Set.Scene] is what to draw now,
// and [Set.Run] follows the store until its context ends, calling back with each new scene. Scenes and snapshots are immutable. [OpenGPKG] makes
// snapshots of a GeoPackage of others.
package maplayer

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"kuaitu/block"
	"kuaitu/mapview"
	"kuaitu/store"

	"github.com/paulmach/orb"
	"golang.org/x/sync/errgroup"
)

// Names of the layers in a scene, as hits and selections call them.
const (
	Buildings = "building"
	Events    = "event"
	Cities    = "region.city"
	Districts = "region.district"
	Streets   = "region.street"
	Quarters  = "region.community"
	Grids     = "region.grid"
)

// regionLayers are the region layers from the lowest to the topmost.
var regionLayers = []struct {
	name  string
	level block.Level
	draw  mapview.Level
}{
	{Grids, block.Grid, mapview.LevelGrid},
	{Quarters, block.Community, mapview.LevelCommunity},
	{Streets, block.Street, mapview.LevelStreet},
	{Districts, block.District, mapview.LevelDistrict},
	{Cities, block.City, mapview.LevelCity},
}

// KindOf returns the kind of record that a layer of this package shows; ok is false for other layers.
func KindOf(layer string) (kind block.Kind, ok bool) {
	switch layer {
	case Buildings, Events:
		return block.Kind(layer), true
	}
	for _, l := range regionLayers {
		if l.name == layer {
			return "region", true
		}
	}
	return "", false
}

// RegionLayer returns the layer that shows regions of a level.
func RegionLayer(l block.Level) string {
	for _, r := range regionLayers {
		if r.level == l {
			return r.name
		}
	}
	return ""
}

// Source is the store as this package reads it.
type Source interface {
	MapRows(ctx context.Context, kind block.Kind, fields []string, b *orb.Bound, fn func(*store.MapRow) error) error
	MapParts(ctx context.Context, kind block.Kind, fields []string, parts int, fn func(part int, row *store.MapRow) error) error
}

// Options say what a Set needs beside the data.
type Options struct {
	Now   func() time.Time                    // for the lights of events; nil is time.Now
	Icons func(eventType string) mapview.Icon // of the event catalogue; nil gives every event the same
	// File is the store's, beside which its layers are kept in a cache file; "" keeps none.
	File string
}

// Set is the layers of one store. Scene and Layer may be called from any goroutine; the other methods from one at a time.
type Set struct {
	src   Source
	opt   Options
	cache *cacheFile // nil: none is kept
	tasks sync.WaitGroup

	mu     sync.Mutex // guards what follows
	ver    uint64
	layers map[string]*mapview.Snapshot

	merging bool        // buildings are being packed anew in the background
	merged  chan merged // they have been
}

// kept are the layers that a cache file holds; events change with the clock.
var kept = append([]string{Buildings}, func() (names []string) {
	for _, l := range regionLayers {
		names = append(names, l.name)
	}
	return names
}()...)

// Open reads every layer. A geometry that cannot be drawn is left out: the store keeps it and doctor lists it.
func Open(ctx context.Context, src Source, opt Options) (*Set, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Icons == nil {
		opt.Icons = func(string) mapview.Icon { return mapview.IconDots }
	}
	s := &Set{src: src, opt: opt, layers: map[string]*mapview.Snapshot{}, ver: 1, merged: make(chan merged, 1)}
	if opt.File != "" {
		s.cache = beside(opt.File)
	}
	var before string
	cached := false
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.readEvents(ctx) })
	g.Go(func() error {
		before = s.cache.state()
		if cached = s.useCache(before); cached {
			return nil
		}
		if err := s.readRegions(ctx); err != nil {
			return err
		}
		return s.readBuildings(ctx)
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if !cached {
		s.tasks.Go(func() { s.keep(before) })
	}
	return s, nil
}

// useCache takes the layers from the cache file if it is of this state of the store.
func (s *Set) useCache(state string) bool {
	layers, err := s.cache.read(state, s.next())
	if err != nil {
		return false
	}
	for _, name := range kept {
		if layers[name] == nil {
			return false
		}
	}
	for _, name := range kept {
		s.put(name, layers[name])
	}
	return true
}

// keep writes the cache file if the store is still in the state from before the layers were read.
func (s *Set) keep(before string) {
	layers := map[string]*mapview.Snapshot{}
	for _, name := range kept {
		layers[name] = s.Layer(name)
	}
	if err := s.cache.write(before, before, layers); err != nil {
		slog.Debug("the map's cache file could not be written", "err", err)
	}
}

// Wait waits for what the Set does in the background: the writing of its cache file, the packing of many changes.
func (s *Set) Wait() { s.tasks.Wait() }

// Scene returns the layers from the lowest to the topmost: buildings, regions from grid to city, events.
func (s *Set) Scene() mapview.Scene {
	s.mu.Lock()
	defer s.mu.Unlock()
	scene := mapview.Scene{Layers: []mapview.Layer{{Name: Buildings, Kind: mapview.KindBuilding, Data: s.layers[Buildings]}}}
	for _, l := range regionLayers {
		scene.Layers = append(scene.Layers, mapview.Layer{Name: l.name, Kind: mapview.KindRegion, Level: l.draw, Data: s.layers[l.name]})
	}
	scene.Layers = append(scene.Layers, mapview.Layer{Name: Events, Kind: mapview.KindEvent, Data: s.layers[Events]})
	return scene
}

// Layer returns a layer's present snapshot, nil when there is none of that name.
func (s *Set) Layer(name string) *mapview.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.layers[name]
}

// next returns the data version for a new snapshot.
func (s *Set) next() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ver++
	return s.ver
}

func (s *Set) put(name string, snap *mapview.Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.layers[name] = snap
}

// parts calls fn for every row of a kind that has a geometry, on several goroutines at once; a part is read by one of them.
func (s *Set) parts(ctx context.Context, kind block.Kind, fields []string, fn func(part int, row *store.MapRow)) error {
	err := s.src.MapParts(ctx, kind, fields, readers, func(part int, row *store.MapRow) error {
		if len(row.Geometry) > 0 {
			fn(part, row)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read map layer %s: %w", kind, err)
	}
	return nil
}

// readers is how many parts a table is read in.
var readers = min(4, runtime.GOMAXPROCS(0))

var buildingFields = []string{"use", "name"}

func (s *Set) readBuildings(ctx context.Context) error {
	builders := make([]*mapview.Builder, readers)
	for i := range builders {
		builders[i] = &mapview.Builder{}
	}
	err := s.parts(ctx, "building", buildingFields, func(part int, row *store.MapRow) {
		_ = builders[part].AddWKB(row.ID, uint8(useClass(row.Values[0].Text())), row.Values[1].Text(), row.Geometry, nil)
	})
	if err == nil {
		s.put(Buildings, mapview.BuildAll(s.next(), builders...))
	}
	return err
}

// useClass maps building use codes to the classes that have a colour.
func useClass(code string) mapview.Use {
	switch code {
	case "residential":
		return mapview.UseResidential
	case "village":
		return mapview.UseSelfBuilt
	case "commercial":
		return mapview.UseCommercial
	case "office":
		return mapview.UseOffice
	case "industrial":
		return mapview.UseIndustrial
	case "public":
		return mapview.UsePublic
	case "construction":
		return mapview.UseConstruction
	}
	return mapview.UseUnknown
}

func (s *Set) readRegions(ctx context.Context) error {
	builders := map[block.Level][]*mapview.Builder{}
	for _, l := range regionLayers {
		builders[l.level] = make([]*mapview.Builder, readers)
		for i := range builders[l.level] {
			builders[l.level][i] = &mapview.Builder{}
		}
	}
	err := s.parts(ctx, "region", []string{"level", "name"}, func(part int, row *store.MapRow) {
		level, err := block.ParseLevel(row.Values[0].Text())
		if b := builders[level]; err == nil && b != nil {
			_ = b[part].AddWKB(row.ID, 0, block.Region{Name: row.Values[1].Text()}.ShortName(), row.Geometry, nil)
		}
	})
	if err != nil {
		return err
	}
	for _, l := range regionLayers {
		s.put(l.name, mapview.BuildAll(s.next(), builders[l.level]...))
	}
	return nil
}

var eventFields = []string{"state", "type", "reported_at", "due_at", "closed_at", "number"}

// readEvents reads the open events; closed ones are not on the map.
func (s *Set) readEvents(ctx context.Context) error {
	var b mapview.Builder
	now := s.opt.Now()
	err := s.src.MapRows(ctx, "event", eventFields, nil, func(row *store.MapRow) error {
		v := row.Values
		if len(row.Geometry) == 0 || !v[4].IsNull() || closedStates[v[0].Text()] {
			return nil
		}
		light := LightOf(v[0].Text(), v[2].Time(), v[3].Time(), now)
		_ = b.AddWKB(row.ID, mapview.EventClass(light, s.opt.Icons(v[1].Text())), v[5].Text(), row.Geometry, nil)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read map layer event: %w", err)
	}
	s.put(Events, b.Build(s.next()))
	return nil
}

// Closed reports whether an event in a state is no longer on the map.
func Closed(state string) bool { return closedStates[state] }

var closedStates = map[string]bool{"closed": true, "rated": true, "rejected": true, "merged": true, "void": true}

// nearShare is the used share of a limit from which an event counts as near it.
const nearShare = 0.8

// LightOf returns the light of an open event: stopped while it is suspended, overdue past its due time, near from four
// fifths of the way from start to due. An event without a due time is normal.
func LightOf(state string, start, due, now time.Time) mapview.Light {
	switch {
	case state == "suspended":
		return mapview.LightStopped
	case due.IsZero():
		return mapview.LightNormal
	case !now.Before(due):
		return mapview.LightOverdue
	case !start.IsZero() && now.Sub(start).Seconds() >= nearShare*due.Sub(start).Seconds():
		return mapview.LightNear
	}
	return mapview.LightNormal
}

// rebuildArea is the share of the layer's extent above which a change is read anew whole.
const rebuildArea = 0.25

// Apply brings the layers up to a notice of the store and reports whether a layer changed.
func (s *Set) Apply(ctx context.Context, n store.Notice) (bool, error) {
	switch n.Kind {
	case "region":
		s.cache.spoil()
		return true, s.readRegions(ctx)
	case "event", "catalogue_type":
		return true, s.readEvents(ctx)
	case "building":
		if n.Bounds.IsEmpty() {
			return false, nil
		}
		s.cache.spoil()
		return true, s.patchBuildings(ctx, n.Bounds)
	}
	return false, nil
}

// patchBuildings reads the buildings in b and lays what differs over the present snapshot.
func (s *Set) patchBuildings(ctx context.Context, b orb.Bound) error {
	s.takeMerged()
	old := s.Layer(Buildings)
	whole := old.Bound()
	if old.Len() == 0 || (b.Max[0]-b.Min[0])*(b.Max[1]-b.Min[1]) > rebuildArea*(whole.Max[0]-whole.Min[0])*(whole.Max[1]-whole.Min[1]) {
		return s.readBuildings(ctx)
	}
	var now mapview.Builder
	err := s.src.MapRows(ctx, "building", buildingFields, &b, func(row *store.MapRow) error {
		_ = now.AddWKB(row.ID, uint8(useClass(row.Values[0].Text())), row.Values[1].Text(), row.Geometry, nil)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read map layer building: %w", err)
	}
	snap := old.Patch(s.next(), b, &now)
	s.put(Buildings, snap)
	s.merge(snap)
	return nil
}

// mergeAt is how many changed features a snapshot may carry before they are packed into its base.
const mergeAt = 2000

// merged is a snapshot and the same with its changes packed.
type merged struct{ from, to *mapview.Snapshot }

// merge packs a snapshot of many changes anew in the background; takeMerged puts it in place.
func (s *Set) merge(snap *mapview.Snapshot) {
	if s.merging || snap.Changes() < mergeAt {
		return
	}
	s.merging = true
	s.tasks.Go(func() { s.merged <- merged{snap, snap.Compact()} })
}

// takeMerged puts what merge packed into the place of what it was packed from, with the changes made meanwhile; it reports whether there was anything.
func (s *Set) takeMerged() bool {
	select {
	case m := <-s.merged:
		s.swap(m)
		return true
	default:
		return false
	}
}

func (s *Set) swap(m merged) {
	s.merging = false
	s.put(Buildings, s.Layer(Buildings).Rebase(m.from, m.to))
}

// Run follows notices until ctx ends and calls changed after each that altered a layer, from its own goroutine; lights
// are looked at anew every tick. Notices that wait are merged, so a busy store costs one pass.
func (s *Set) Run(ctx context.Context, notices <-chan store.Notice, tick <-chan time.Time, changed func(error)) error {
	for {
		var batch []store.Notice
		select {
		case <-ctx.Done():
			return ctx.Err()
		case m := <-s.merged:
			s.swap(m)
			changed(nil)
			continue
		case <-tick:
			batch = append(batch, store.Notice{Kind: "event"})
		case n := <-notices:
			batch = append(batch, n)
			for more := true; more; {
				select {
				case n := <-notices:
					batch = merge(batch, n)
				default:
					more = false
				}
			}
		}
		altered := false
		for _, n := range batch {
			did, err := s.Apply(ctx, n)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				changed(err)
				continue
			}
			altered = altered || did
		}
		if altered {
			changed(nil)
		}
	}
}

// merge puts a notice into a batch that holds at most one of each kind.
func merge(batch []store.Notice, n store.Notice) []store.Notice {
	i := slices.IndexFunc(batch, func(b store.Notice) bool { return b.Kind == n.Kind })
	if i < 0 {
		return append(batch, n)
	}
	switch {
	case batch[i].Bounds.IsEmpty():
		batch[i].Bounds = n.Bounds
	case !n.Bounds.IsEmpty():
		batch[i].Bounds = batch[i].Bounds.Union(n.Bounds)
	}
	batch[i].Ver = max(batch[i].Ver, n.Ver)
	return batch
}
