package state

import (
	"slices"

	"github.com/paulmach/orb"

	"kuaitu/block"
)

// Region is a row's worth of a region: its name, and the counts of the subtree below it.
type Region struct {
	ID        block.ID
	Parent    block.ID
	Code      string
	Name      Text
	Level     block.Level
	Children  int // direct children that the device has; 0 is a leaf
	Buildings int
	Open      int   // open events
	Worst     Light // worst light among them
	Bound     orb.Bound
	HasBound  bool
}

// RegionTree is the tree of the left panel. Children are asked for when a row is opened first. UI thread only.
type RegionTree struct {
	roots    []Region
	children map[block.ID][]Region
	open     map[block.ID]bool
	selected block.ID
	loaded   bool
}

// RegionRow is one visible row. Depth counts from 0.
type RegionRow struct {
	Region   Region
	Depth    int
	Open     bool
	Loading  bool // open, and its children are not here yet
	Selected bool
}

// SetRoots puts in the top of the tree. What lies below it, is open or selected stays as it is, so that counts can be
// renewed in place: ask again for the children of OpenIDs.
func (t *RegionTree) SetRoots(roots []Region) {
	t.roots, t.loaded = slices.Clone(roots), true
	if t.open == nil {
		t.open = map[block.ID]bool{}
	}
}

// Loaded reports whether SetRoots was called: an empty tree is not a tree that is still being read.
func (t *RegionTree) Loaded() bool { return t.loaded }

// SetChildren puts in the children of a region.
func (t *RegionTree) SetChildren(parent block.ID, children []Region) {
	if t.children == nil {
		t.children = map[block.ID][]Region{}
	}
	t.children[parent] = slices.Clone(children)
}

// Toggle opens or closes a row and reports whether its children must be fetched now.
func (t *RegionTree) Toggle(id block.ID) (need bool) {
	if t.open[id] {
		delete(t.open, id)
		return false
	}
	return t.Expand(id)
}

// Expand opens a row and reports whether its children must be fetched now. A leaf or unknown region stays closed.
func (t *RegionTree) Expand(id block.ID) (need bool) {
	r, ok := t.Find(id)
	if !ok || r.Children == 0 {
		return false
	}
	if t.open == nil {
		t.open = map[block.ID]bool{}
	}
	t.open[id] = true
	_, have := t.children[id]
	return !have
}

// Collapse closes a row.
func (t *RegionTree) Collapse(id block.ID) { delete(t.open, id) }

// Select makes a region the selected one; the zero ID selects none.
func (t *RegionTree) Select(id block.ID) { t.selected = id }

// Selected returns the selected region if the tree holds it.
func (t *RegionTree) Selected() (Region, bool) { return t.Find(t.selected) }

// OpenIDs lists the open visible regions, parents first.
func (t *RegionTree) OpenIDs() []block.ID {
	var ids []block.ID
	for _, row := range t.Rows() {
		if row.Open {
			ids = append(ids, row.Region.ID)
		}
	}
	return ids
}

// Missing lists the open regions whose children are not here, parents first: what to fetch next.
func (t *RegionTree) Missing() []block.ID {
	var ids []block.ID
	for _, row := range t.Rows() {
		if row.Loading {
			ids = append(ids, row.Region.ID)
		}
	}
	return ids
}

// Find looks for a region among all that were fetched.
func (t *RegionTree) Find(id block.ID) (Region, bool) {
	if id.IsZero() {
		return Region{}, false
	}
	for _, r := range t.roots {
		if r.ID == id {
			return r, true
		}
	}
	for _, list := range t.children {
		for _, r := range list {
			if r.ID == id {
				return r, true
			}
		}
	}
	return Region{}, false
}

// Rows returns the visible rows from the top.
func (t *RegionTree) Rows() []RegionRow {
	var rows []RegionRow
	var walk func(list []Region, depth int)
	walk = func(list []Region, depth int) {
		for _, r := range list {
			children, have := t.children[r.ID]
			open := t.open[r.ID] && r.Children > 0
			rows = append(rows, RegionRow{Region: r, Depth: depth, Open: open, Loading: open && !have, Selected: r.ID == t.selected})
			if open && depth < 16 { // a cycle in bad data must not hang the screen
				walk(children, depth+1)
			}
		}
	}
	walk(t.roots, 0)
	return rows
}
