package block

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Level is one of the five levels of territory.
type Level uint8

// 市 区 街道 社区 网格.
const (
	NoLevel Level = iota
	City
	District
	Street
	Community
	Grid
)

var levelNames = [...]string{"", "city", "district", "street", "community", "grid"}

func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return "unknown"
}

// ParseLevel reads "city", "district", "street", "community" or "grid". Anything else is ErrInvalid.
func ParseLevel(s string) (Level, error) {
	i := slices.Index(levelNames[:], strings.ToLower(strings.TrimSpace(s)))
	if i <= 0 {
		return NoLevel, fmt.Errorf("level %q: %w", s, ErrInvalid)
	}
	return Level(i), nil
}

// Region is the typed view of a record of kind "region". Code is opaque together with Scheme; parentage is the stored,
// dated Parent link and is never read from the code's digits (real codes break that, see the Shenzhen data).
type Region struct {
	ID         ID
	Code       string
	Scheme     string // which list the code is from: "stat12", "grid14", "local", …
	Name       string
	NameEN     string
	Level      Level
	Type       string // 行政 admin, 功能区 zone, 基础网格 base-grid, 专属网格 special-grid
	Parent     ID     // zero for the root
	ParentFrom time.Time
	Made       bool // made by us (a cut grid, a boundary without a code), not by an authority
	Geometry   WKB  // nil: no polygon is known
	Ver        Ver
}

// officeSuffixes are what a community's committee adds to the place's own name in statistical lists.
var officeSuffixes = []string{"居民委员会", "村民委员会", "居委会", "村委会"}

// ShortName is the place's name without its committee's: 下沙社区居民委员会 is shown as 下沙社区.
func (r Region) ShortName() string {
	for _, s := range officeSuffixes {
		if name, ok := strings.CutSuffix(r.Name, s); ok && name != "" {
			return name
		}
	}
	return r.Name
}

// ParentLink is a former parent of a region: it held from From up to but not including To.
type ParentLink struct {
	Child, Parent ID
	From, To      time.Time
}

// Tree is the region tree, immutable after NewTree. The zero Tree is empty.
type Tree struct {
	regions  []Region // parents before children, siblings by code
	index    map[ID]int
	children map[ID][]ID
	byCode   map[string][]int
	past     map[ID][]ParentLink
	root     ID
}

// NewTree builds the tree of today's parents; past holds earlier parents for ParentAt. Exactly one root, no cycle, no
// unknown parent, a child's level below its parent's: otherwise ErrInvalid with the code of the region at fault.
func NewTree(regions []Region, past []ParentLink) (*Tree, error) {
	t := &Tree{
		index:    make(map[ID]int, len(regions)),
		children: make(map[ID][]ID, len(regions)),
		byCode:   make(map[string][]int, len(regions)),
		past:     make(map[ID][]ParentLink),
	}
	sorted := slices.Clone(regions)
	slices.SortStableFunc(sorted, func(a, b Region) int {
		if a.Level != b.Level {
			return int(a.Level) - int(b.Level)
		}
		return strings.Compare(a.Code, b.Code)
	})
	t.regions = sorted
	for i, r := range sorted {
		if _, twice := t.index[r.ID]; twice {
			return nil, fmt.Errorf("region %s is there twice: %w", r.Code, ErrInvalid)
		}
		t.index[r.ID] = i
		t.byCode[r.Code] = append(t.byCode[r.Code], i)
		if r.Parent.IsZero() {
			if !t.root.IsZero() {
				return nil, fmt.Errorf("region %s: a second root beside %s: %w", r.Code, sorted[t.index[t.root]].Code, ErrInvalid)
			}
			t.root = r.ID
		}
	}
	for _, r := range sorted {
		if r.Parent.IsZero() {
			continue
		}
		p, ok := t.index[r.Parent]
		if !ok {
			return nil, fmt.Errorf("region %s: its parent is not in the list: %w", r.Code, ErrInvalid)
		}
		if sorted[p].Level >= r.Level { // strictly falling levels also rule out cycles
			return nil, fmt.Errorf("region %s (%s) below %s (%s): %w", r.Code, r.Level, sorted[p].Code, sorted[p].Level, ErrInvalid)
		}
		t.children[r.Parent] = append(t.children[r.Parent], r.ID)
	}
	for _, l := range past {
		t.past[l.Child] = append(t.past[l.Child], l)
	}
	return t, nil
}

// Len returns the number of regions.
func (t *Tree) Len() int { return len(t.regions) }

// All returns every region, higher levels first, by code within a level. The slice must not be changed.
func (t *Tree) All() []Region { return t.regions }

// Root returns the ID of the region without a parent, zero in an empty tree.
func (t *Tree) Root() ID { return t.root }

// Region returns the region with that ID.
func (t *Tree) Region(id ID) (Region, bool) {
	i, ok := t.index[id]
	if !ok {
		return Region{}, false
	}
	return t.regions[i], true
}

// ByCode returns the region with that code; two regions with one code in different schemes are ErrConflict.
func (t *Tree) ByCode(code string) (Region, error) {
	switch at := t.byCode[code]; len(at) {
	case 0:
		return Region{}, fmt.Errorf("there is no region with code %q: %w", code, ErrNotFound)
	case 1:
		return t.regions[at[0]], nil
	default:
		return Region{}, fmt.Errorf("region code %s is used in %d schemes: %w", code, len(at), ErrConflict)
	}
}

// Children returns the IDs directly below, by code. The slice must not be changed.
func (t *Tree) Children(id ID) []ID { return t.children[id] }

// Ancestor returns the nearest region at level l, starting with id itself.
func (t *Tree) Ancestor(id ID, l Level) (Region, bool) {
	for r, ok := t.Region(id); ok; r, ok = t.Region(r.Parent) {
		if r.Level == l {
			return r, true
		}
	}
	return Region{}, false
}

// Path returns the regions from the root down to id; empty when id is unknown.
func (t *Tree) Path(id ID) []Region {
	var path []Region
	for r, ok := t.Region(id); ok; r, ok = t.Region(r.Parent) {
		path = append(path, r)
	}
	slices.Reverse(path)
	return path
}

// Within reports whether id is top or lies below it.
func (t *Tree) Within(id, top ID) bool {
	for r, ok := t.Region(id); ok; r, ok = t.Region(r.Parent) {
		if r.ID == top {
			return true
		}
	}
	return false
}

// Subtree returns top and everything below it, parents first.
func (t *Tree) Subtree(top ID) []ID {
	if _, ok := t.index[top]; !ok {
		return nil
	}
	out := []ID{top}
	for i := 0; i < len(out); i++ {
		out = append(out, t.children[out[i]]...)
	}
	return out
}

// ParentAt returns the parent that held at the given time: a past link that covers it, else today's parent.
func (t *Tree) ParentAt(id ID, at time.Time) ID {
	for _, l := range t.past[id] {
		if !at.Before(l.From) && at.Before(l.To) {
			return l.Parent
		}
	}
	r, _ := t.Region(id)
	return r.Parent
}

// Shard returns the region whose log carries records at home in id: the nearest street, district or city upwards.
// Records outside every region (zero ID) and unknown regions are carried by the root.
func (t *Tree) Shard(id ID) ID {
	for r, ok := t.Region(id); ok; r, ok = t.Region(r.Parent) {
		if r.Level <= Street {
			return r.ID
		}
	}
	return t.root
}

// StreamOf returns the stream that carries the parts of class c of records at home in region id. With Shard, this is
// the one place that compiles territory to streams.
func (t *Tree) StreamOf(id ID, c Class) Stream {
	if c.Field() == Sensitive {
		if _, ok := t.Region(id); ok {
			return Stream{Region: id, Class: c}
		}
		return Stream{Region: t.root, Class: c}
	}
	return Stream{Region: t.Shard(id), Class: c}
}

// Streams returns every stream of a scope: the classes of the region's subtree, and the public class of its ancestors'
// shards. A scope below a street takes the street's Public and Work streams whole, since that is how they are cut, and
// only its own grids' Sensitive or Masked ones. Order: from the root down, classes rising.
func (t *Tree) Streams(scope ID, classes ClassSet) []Stream {
	var out []Stream
	seen := map[Stream]bool{}
	add := func(s Stream) {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	for _, r := range t.Path(scope) {
		if r.Level <= Street {
			add(Stream{Region: r.ID, Class: Public})
		}
	}
	for _, id := range t.Subtree(scope) {
		for c := Public; c < NumClasses; c++ {
			if classes.Has(c) {
				add(t.StreamOf(id, c))
			}
		}
	}
	return out
}
