// Package desk answers what the console's window asks, from the local store: regions with their counts, search, events,
// dossiers, reports, imports. It has no widget and is tested without a display.
//
// Start from [New]. All methods may be called from any goroutine.
package desk

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"kuaitu/block"
	"kuaitu/block/citypack"
	"kuaitu/mapview"
	"kuaitu/store"
	"kuaitu/ui/state"

	"github.com/paulmach/orb"
)

// Desk is the data behind one window.
type Desk struct {
	st    *store.Store
	now   func() time.Time
	user  string // who signs reports
	zone  *time.Location
	bases func() []Base // the base maps there are
	// snapshots answers a drawn layer by its name, nil when there is none
	snapshots func(layer string) *mapview.Snapshot
	version   atomic.Uint64 // of the snapshots made for maps of figures

	mu     sync.Mutex // guards what follows
	stale  bool
	digest *digest
}

// New makes a desk over an open store; the zone is the city's. Call Changed after each commit.
func New(st *store.Store, now func() time.Time, zone *time.Location, user string) *Desk {
	return &Desk{st: st, now: now, zone: zone, user: user, bases: func() []Base { return nil }, snapshots: func(string) *mapview.Snapshot { return nil }, stale: true}
}

// Base is a base map as the layer tree lists it.
type Base struct {
	ID   string
	Name state.Text
}

// UseBases says where to ask for the base maps. Call it before the first question.
func (d *Desk) UseBases(list func() []Base) { d.bases = list }

// Changed says that the store has moved on; the next question reads anew what counts and lists are made of.
func (d *Desk) Changed(n store.Notice) {
	switch n.Kind {
	case "building", "event", "event_step", "region", "catalogue_type":
		d.mu.Lock()
		d.stale = true
		d.mu.Unlock()
	}
}

// digest is what is computed once a change for all panels: the tree, subtree counts, the open events.
type digest struct {
	tree      *block.Tree
	assign    *citypack.Assigner
	bounds    map[block.ID]orb.Bound
	buildings map[block.ID]int
	open      map[block.ID]int
	worst     map[block.ID]state.Light
	events    []event // most pressing first
	types     map[string]state.EventType
	order     []state.EventType // the catalogue, classes together
	top       block.ID
}

// current returns the digest, made anew when it is stale. Two callers at once wait for one reading.
func (d *Desk) current(ctx context.Context) (*digest, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.digest != nil && !d.stale {
		return d.digest, nil
	}
	g, err := d.read(ctx)
	if err != nil {
		return nil, err
	}
	d.digest, d.stale = g, false
	return g, nil
}

func (d *Desk) read(ctx context.Context) (*digest, error) {
	r := d.st.Reader()
	tree, err := r.Tree(ctx)
	if err != nil {
		return nil, err
	}
	g := &digest{tree: tree, buildings: map[block.ID]int{}, open: map[block.ID]int{}, worst: map[block.ID]state.Light{}}
	if d.digest != nil && d.digest.tree == tree {
		g.assign, g.bounds = d.digest.assign, d.digest.bounds
	} else {
		g.assign = citypack.NewAssigner(tree.All())
		if g.bounds, err = regionBounds(ctx, r); err != nil {
			return nil, err
		}
	}
	g.top = tree.Root()
	if e, ok, err := d.st.Writer().Enrolment(ctx); err != nil {
		return nil, err
	} else if _, here := tree.Region(e.Region); ok && here {
		g.top = e.Region
	}
	for l := block.City; l <= block.Grid; l++ {
		counts, err := r.Counts(ctx, "building", l)
		if err != nil {
			return nil, err
		}
		for _, row := range counts.Rows {
			g.buildings[row.Region] = int(row.Count)
		}
	}
	if err := g.readCatalogue(ctx, d.st); err != nil {
		return nil, err
	}
	if err := g.readEvents(ctx, d.st, d.now()); err != nil {
		return nil, err
	}
	return g, nil
}

func regionBounds(ctx context.Context, r *store.Reader) (map[block.ID]orb.Bound, error) {
	out := map[block.ID]orb.Bound{}
	err := r.MapRows(ctx, "region", nil, nil, func(row *store.MapRow) error {
		if !row.Bounds.IsEmpty() {
			out[row.ID] = row.Bounds
		}
		return nil
	})
	return out, err
}

// Regions implements ui.Data.
func (d *Desk) Regions(ctx context.Context, parent block.ID) ([]state.Region, error) {
	g, err := d.current(ctx)
	if err != nil {
		return nil, err
	}
	if parent.IsZero() {
		if r, ok := g.tree.Region(g.top); ok {
			return []state.Region{g.region(r)}, nil
		}
		return nil, nil
	}
	var out []state.Region
	for _, id := range g.tree.Children(parent) {
		r, _ := g.tree.Region(id)
		out = append(out, g.region(r))
	}
	return out, nil
}

func (g *digest) region(r block.Region) state.Region {
	name := state.Text{ZH: r.ShortName(), EN: r.NameEN}
	if name.EN == "" {
		name.EN = name.ZH
	}
	out := state.Region{
		ID: r.ID, Parent: r.Parent, Code: r.Code, Name: name, Level: r.Level, Children: len(g.tree.Children(r.ID)),
		Buildings: g.buildings[r.ID], Open: g.open[r.ID], Worst: g.worst[r.ID],
	}
	out.Bound, out.HasBound = g.bounds[r.ID]
	return out
}

// Home returns where the window opens: the region of the device's scope, and its extent when it has one; else the extent
// of everything that has a polygon.
func (d *Desk) Home(ctx context.Context) (id block.ID, name state.Text, b orb.Bound, ok bool, err error) {
	g, err := d.current(ctx)
	if err != nil {
		return id, name, b, false, err
	}
	r, found := g.tree.Region(g.top)
	if !found {
		return id, name, b, false, nil
	}
	reg := g.region(r)
	b, ok = g.builtUp(ctx, d.st, reg)
	return r.ID, reg.Name, b, ok, nil
}

// builtUp is the extent of a region's buildings, which may be much smaller than the region with its sea.
func (g *digest) builtUp(ctx context.Context, st *store.Store, reg state.Region) (b orb.Bound, ok bool) {
	err := st.Reader().MapRows(ctx, "building", nil, nil, func(row *store.MapRow) error {
		if row.Bounds.IsEmpty() || !g.tree.Within(row.Region, reg.ID) {
			return nil
		}
		if !ok {
			b, ok = row.Bounds, true
		}
		b = b.Union(row.Bounds)
		return nil
	})
	if err != nil || !ok {
		return reg.Bound, reg.HasBound
	}
	return b, ok
}

// Path implements ui.Data.
func (d *Desk) Path(ctx context.Context, region block.ID) ([]block.ID, error) {
	g, err := d.current(ctx)
	if err != nil {
		return nil, err
	}
	if _, ok := g.tree.Region(region); !ok {
		return nil, fmt.Errorf("region %s: %w", region, block.ErrNotFound)
	}
	var out []block.ID
	for _, r := range g.tree.Path(region) {
		if g.tree.Within(r.ID, g.top) {
			out = append(out, r.ID)
		}
	}
	return out, nil
}

// Place implements ui.Data.
func (d *Desk) Place(ctx context.Context, at orb.Point) (state.Place, error) {
	g, err := d.current(ctx)
	if err != nil {
		return state.Place{}, err
	}
	id := g.assign.At(at)
	p := state.Place{Region: id, Grid: g.gridName(id), Path: g.path(id)}
	p.Address, err = d.addressNear(ctx, at)
	return p, err
}

// gridName is the short code of the grid that id is or lies in, "" above grids.
func (g *digest) gridName(id block.ID) string {
	if r, ok := g.tree.Ancestor(id, block.Grid); ok {
		return r.Name
	}
	return ""
}

// path names street and community of a region, or what there is of its higher regions.
func (g *digest) path(id block.ID) string {
	out := ""
	for _, r := range g.tree.Path(id) {
		if r.Level == block.Grid || r.Level < block.Street && r.ID != id {
			continue
		}
		if out != "" {
			out += " "
		}
		out += r.ShortName()
	}
	return out
}
