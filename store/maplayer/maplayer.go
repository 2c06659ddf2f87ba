// Package maplayer turns the store's tables into mapview's packed layers and keeps them current from change notices.
//
// Start from [Open], which reads what the store holds once; [Set.Scene] is what to draw now, and [Set.Run] follows the
// store until its context ends, calling back with each new scene. Scenes and snapshots are immutable.
package maplayer

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"kuaitu/block"
	"kuaitu/geo"
	"kuaitu/mapview"
	"kuaitu/store"

	"github.com/paulmach/orb"
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
}

// Options say what a Set needs beside the data.
type Options struct {
	Now   func() time.Time                    // for the lights of events; nil is time.Now
	Icons func(eventType string) mapview.Icon // of the event catalogue; nil gives every event the same
}

// Set is the layers of one store. Scene may be called from any goroutine; the other methods from one at a time.
type Set struct {
	src Source
	opt Options

	mu     sync.Mutex // guards what follows
	ver    uint64
	layers map[string]*mapview.Snapshot
}

// Open reads every layer. A geometry that cannot be drawn is left out: the store keeps it and doctor lists it.
func Open(ctx context.Context, src Source, opt Options) (*Set, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Icons == nil {
		opt.Icons = func(string) mapview.Icon { return mapview.IconDots }
	}
	s := &Set{src: src, opt: opt, layers: map[string]*mapview.Snapshot{}}
	for _, read := range []func(context.Context) error{s.readRegions, s.readBuildings, s.readEvents} {
		if err := read(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

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

// rows calls fn for every row that has a drawable geometry.
func (s *Set) rows(ctx context.Context, kind block.Kind, fields []string, b *orb.Bound, fn func(row *store.MapRow, g orb.Geometry) error) error {
	err := s.src.MapRows(ctx, kind, fields, b, func(row *store.MapRow) error {
		if len(row.Geometry) == 0 {
			return nil
		}
		g, err := geo.ParseWKB(row.Geometry)
		if err != nil {
			return nil // kept and listed elsewhere, not drawn
		}
		return fn(row, g)
	})
	if err != nil {
		return fmt.Errorf("read map layer %s: %w", kind, err)
	}
	return nil
}

var buildingFields = []string{"use", "name"}

func (s *Set) readBuildings(ctx context.Context) error {
	var b mapview.Builder
	err := s.rows(ctx, "building", buildingFields, nil, func(row *store.MapRow, g orb.Geometry) error {
		_ = b.Add(row.ID, uint8(useClass(row.Values[0].Text())), row.Values[1].Text(), g)
		return nil
	})
	if err == nil {
		s.put(Buildings, b.Build(s.next()))
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
	builders := map[block.Level]*mapview.Builder{}
	for _, l := range regionLayers {
		builders[l.level] = &mapview.Builder{}
	}
	err := s.rows(ctx, "region", []string{"level", "name"}, nil, func(row *store.MapRow, g orb.Geometry) error {
		level, err := block.ParseLevel(row.Values[0].Text())
		if b := builders[level]; err == nil && b != nil {
			_ = b.Add(row.ID, 0, block.Region{Name: row.Values[1].Text()}.ShortName(), g)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, l := range regionLayers {
		s.put(l.name, builders[l.level].Build(s.next()))
	}
	return nil
}

var eventFields = []string{"state", "type", "reported_at", "due_at", "closed_at", "number"}

// readEvents reads the open events; closed ones are not on the map.
func (s *Set) readEvents(ctx context.Context) error {
	var b mapview.Builder
	now := s.opt.Now()
	err := s.rows(ctx, "event", eventFields, nil, func(row *store.MapRow, g orb.Geometry) error {
		v := row.Values
		if !v[4].IsNull() || closedStates[v[0].Text()] {
			return nil
		}
		light := LightOf(v[0].Text(), v[2].Time(), v[3].Time(), now)
		_ = b.Add(row.ID, mapview.EventClass(light, s.opt.Icons(v[1].Text())), v[5].Text(), g)
		return nil
	})
	if err == nil {
		s.put(Events, b.Build(s.next()))
	}
	return err
}

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
		return true, s.readRegions(ctx)
	case "event", "catalogue_type":
		return true, s.readEvents(ctx)
	case "building":
		if n.Bounds.IsEmpty() {
			return false, nil
		}
		return true, s.patchBuildings(ctx, n.Bounds)
	}
	return false, nil
}

// patchBuildings reads the buildings in b and lays what differs over the present snapshot.
func (s *Set) patchBuildings(ctx context.Context, b orb.Bound) error {
	old := s.Layer(Buildings)
	whole := old.Bound()
	if old.Len() == 0 || (b.Max[0]-b.Min[0])*(b.Max[1]-b.Min[1]) > rebuildArea*(whole.Max[0]-whole.Min[0])*(whole.Max[1]-whole.Min[1]) {
		return s.readBuildings(ctx)
	}
	var changes []mapview.Change
	here := map[mapview.ID]bool{}
	err := s.rows(ctx, "building", buildingFields, &b, func(row *store.MapRow, g orb.Geometry) error {
		here[row.ID] = true
		changes = append(changes, mapview.Change{ID: row.ID, Class: uint8(useClass(row.Values[0].Text())), Label: row.Values[1].Text(), Geometry: g})
		return nil
	})
	if err != nil {
		return err
	}
	for f := range old.Search(b) {
		if !here[f.ID()] {
			changes = append(changes, mapview.Change{ID: f.ID(), Removed: true})
		}
	}
	snap, err := old.With(s.next(), changes)
	if err != nil {
		return s.readBuildings(ctx) // one that cannot be drawn is left out there
	}
	s.put(Buildings, snap)
	return nil
}

// Run follows notices until ctx ends and calls changed after each that altered a layer, from its own goroutine; lights
// are looked at anew every tick. Notices that wait are merged, so a busy store costs one pass.
func (s *Set) Run(ctx context.Context, notices <-chan store.Notice, tick <-chan time.Time, changed func(error)) error {
	for {
		var batch []store.Notice
		select {
		case <-ctx.Done():
			return ctx.Err()
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
