package mapview

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"weak"

	"kuaitu/mapview/style"
)

// row is a feature as the expressions of a style see it.
type row struct {
	p        *packed
	i        int
	selected bool
}

// Property answers a property; one that is null counts as not there, as tiles and tables cannot tell the two apart.
func (r *row) Property(name string) (style.Value, bool) {
	return Feature{r.p, r.i}.Property(name)
}

// Geometry answers what the feature's parts are.
func (r *row) Geometry() style.GeometryType {
	switch r.p.shapes[r.i] {
	case shapePoint:
		return style.GeometryPoint
	case shapeLine:
		return style.GeometryLine
	case shapePolygon:
		return style.GeometryPolygon
	}
	return style.GeometryUnknown
}

// ID answers a number for the ids of tiles and GeoJSON, a UUID in its text form for those of records, null for none.
func (r *row) ID() style.Value {
	id := &r.p.ids[r.i]
	switch high, low := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:]); {
	case high == 0 && low == 0:
		return style.Null()
	case high == 0:
		return style.Num(float64(low))
	}
	return style.Str(fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]))
}

// State answers whether the feature is selected.
func (r *row) State(name string) (style.Value, bool) {
	if name != "selected" {
		return style.Null(), false
	}
	return style.Bool(r.selected), true
}

// looks sorts the features of a packed array by how a layer of a style document draws them: features of one look differ in nothing that the layer's
// filter and paint read. Look 0 is not drawn. They are found once for each layer and array, so that a frame evaluates expressions for each look and not for each feature.
type looks struct {
	of8     []uint8 // feature i has the look at i of the one that is set
	of32    []uint32
	rep     []uint32 // by look: a feature that has it
	members []uint32 // the features with a look above 0 if they are few, else nil
	few     bool     // members is set; there may be none
	drawn   int      // how many features have a look above 0

	mu      sync.Mutex // guards what follows
	gone    []uint64   // the part's when the borders were found
	borders []*packed  // by look; see bordersOf
}

// maxBordered is up to how many areas borders are looked for that two of them share: a city's grids, not its buildings.
const maxBordered = 60_000

// bordersOf are the borders of the areas of each look, what two of them share once; nil when there are too many of them. They are found on first use: 20 ms for 100,000 edges.
func (k *looks) bordersOf(pt part) []*packed {
	if k.drawn > maxBordered {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.borders != nil && slices.Equal(pt.gone, k.gone) {
		return k.borders
	}
	members := make([][]int, len(k.rep))
	for i := range pt.len() {
		if look := k.of(i); look > 0 && !pt.hidden(i) {
			members[look] = append(members[look], i)
		}
	}
	k.gone, k.borders = pt.gone, make([]*packed, len(k.rep))
	for look := range k.borders {
		k.borders[look] = pt.looked.bordersAmong(pt.packed, members[look])
	}
	return k.borders
}

// maxBorders is how many sets of borders of an array are kept.
const maxBorders = 64

// bordersAmong are the borders of some areas, what two of them share once. Layers that draw the same areas, as a line and its casing do, share them.
func (c *lookCache) bordersAmong(p *packed, members []int) *packed {
	h := fnv.New64a()
	var word [8]byte
	for _, i := range members {
		binary.LittleEndian.PutUint64(word[:], uint64(i))
		h.Write(word[:])
	}
	c.borderMu.Lock()
	defer c.borderMu.Unlock()
	e := c.borders[h.Sum64()]
	if e != nil {
		return e
	}
	if c.borders == nil || len(c.borders) >= maxBorders {
		c.borders = map[uint64]*packed{}
	}
	e = sharedEdges(func(yield func(*packed, int) bool) {
		for _, i := range members {
			if !yield(p, i) {
				return
			}
		}
	})
	c.borders[h.Sum64()] = e
	return e
}

// fewMembers is up to how many features a list is walked instead of the tree.
const fewMembers = 4096

func (k *looks) of(i int) uint32 {
	if k.of8 != nil {
		return uint32(k.of8[i])
	}
	return k.of32[i]
}

// empty answers whether the layer draws nothing of the array.
func (k *looks) empty() bool { return k.few && len(k.members) == 0 }

// each visits the features that are drawn and overlap q, in their order, until visit answers false.
func (k *looks) each(pt part, q box, visit func(i int, look uint32) bool) bool {
	if k.few {
		for _, m := range k.members {
			i := int(m)
			if pt.boxes[i].overlaps(q) && !pt.hidden(i) && !visit(i, k.of(i)) {
				return false
			}
		}
		return true
	}
	if k.of8 != nil {
		of := k.of8
		return pt.search(q, func(i int) bool { return of[i] == 0 || visit(i, uint32(of[i])) })
	}
	return pt.search(q, func(i int) bool { return k.of32[i] == 0 || visit(i, k.of32[i]) })
}

// lookCache keeps the looks of a packed array for the layers that are still in use.
type lookCache struct {
	mu sync.Mutex // guards what follows
	by map[weak.Pointer[style.Layer]]*lookEntry

	borderMu sync.Mutex // guards what follows
	borders  map[uint64]*packed
}

type lookEntry struct {
	once  sync.Once
	looks *looks
}

// looksOf answers the looks of the array in a layer, found on first use: 5 to 30 ms for 660,000 features.
func (p *packed) looksOf(l *style.Layer) *looks {
	c, key := &p.looked, weak.Make(l)
	c.mu.Lock()
	e := c.by[key]
	if e == nil {
		if c.by == nil {
			c.by = map[weak.Pointer[style.Layer]]*lookEntry{}
		}
		for k := range c.by {
			if k.Value() == nil {
				delete(c.by, k)
			}
		}
		e = &lookEntry{}
		c.by[key] = e
	}
	c.mu.Unlock()
	e.once.Do(func() { e.looks = findLooks(p, l) })
	return e.looks
}

// tuples numbers the different combinations of what the features have in some columns.
type tuples struct {
	of []uint32 // by feature
	n  int
}

// split tells features apart by one more code, which is below size.
func (t *tuples) split(size int, code func(i int) uint32) {
	next := uint32(0)
	if wide := t.n * size; wide <= max(4096, 4*len(t.of)) {
		seen := make([]uint32, wide)
		for i, v := range t.of {
			at := int(v)*size + int(code(i))
			if seen[at] == 0 {
				next++
				seen[at] = next
			}
			t.of[i] = seen[at] - 1
		}
	} else {
		seen := map[uint64]uint32{}
		for i, v := range t.of {
			at := uint64(v)<<32 | uint64(code(i))
			n, ok := seen[at]
			if !ok {
				n = next
				seen[at] = n
				next++
			}
			t.of[i] = n
		}
	}
	t.n = int(next)
}

// inputs are the things of features that some expressions read.
type inputs struct {
	columns map[int]bool
	shape   bool
	id      bool
}

func (in *inputs) add(p *packed, e *style.Expr) {
	u := e.Uses()
	in.shape = in.shape || u.Has(style.UsesType)
	in.id = in.id || u.Has(style.UsesID)
	for j := range p.columns {
		if u.Has(style.UsesAny) || slices.Contains(e.Properties(), p.columns[j].name) {
			in.columns[j] = true
		}
	}
}

func (in *inputs) tuples(p *packed) tuples {
	t := tuples{of: make([]uint32, p.len()), n: 1}
	if in.shape {
		t.split(int(shapePolygon)+1, func(i int) uint32 { return uint32(p.shapes[i]) })
	}
	for j := range p.columns {
		if in.columns[j] {
			c := &p.columns[j]
			t.split(len(c.kinds), c.code)
		}
	}
	if in.id {
		t.split(p.len(), func(i int) uint32 { return uint32(i) })
	}
	return t
}

// paintProps are the properties of a layer type that looks tell apart. A symbol's are read label by label, as most of them have a text of their own.
func paintProps(t style.Type) (props []style.Property) {
	if t == style.Symbol {
		return nil
	}
	for p := style.BackgroundColor; p <= style.RasterResampling; p++ {
		if p.Layer() == t {
			props = append(props, p)
		}
	}
	return props
}

func findLooks(p *packed, l *style.Layer) *looks {
	// Expressions that read the zoom or a state besides the feature are evaluated in every frame; what they read tells looks apart, their values do not.
	all, lasting := inputs{columns: map[int]bool{}}, inputs{columns: map[int]bool{}}
	var once []*style.Expr
	take := func(e *style.Expr) {
		if u := e.Uses(); u.Has(style.UsesFeature) {
			all.add(p, e)
			if u.Has(style.UsesZoom | style.UsesState) {
				lasting.add(p, e)
			} else {
				once = append(once, e)
			}
		}
	}
	filter := l.Filter
	if filter != nil && filter.Uses().Has(style.UsesZoom) {
		take(filter) // drawing looks at it
		filter = nil
	} else if filter != nil {
		all.add(p, filter)
	}
	for _, prop := range paintProps(l.Type) {
		take(l.Prop(prop))
	}
	t, later := all.tuples(p), lasting.tuples(p)
	rep := make([]uint32, t.n)
	for i := p.len() - 1; i >= 0; i-- {
		rep[t.of[i]] = uint32(i)
	}
	k := &looks{rep: []uint32{0}}
	ctx := style.Context{Feature: nil}
	r := row{p: p}
	ctx.Feature = &r
	values, keys := map[style.Value]uint32{}, map[string]uint32{}
	lookOf := make([]uint32, t.n)
	var key []byte
	for n := range lookOf {
		if p.len() == 0 {
			break
		}
		r.i = int(rep[n])
		if filter != nil && !filter.Bool(&ctx) {
			continue
		}
		key = binary.LittleEndian.AppendUint32(key[:0], later.of[r.i])
		for _, e := range once {
			v := e.Value(&ctx)
			at, ok := values[v]
			if !ok {
				at = uint32(len(values))
				values[v] = at
			}
			key = binary.LittleEndian.AppendUint32(key, at)
		}
		look, ok := keys[string(key)]
		if !ok {
			look = uint32(len(k.rep))
			k.rep = append(k.rep, rep[n])
			keys[string(key)] = look
		}
		lookOf[n] = look
	}
	k.assign(t.of, lookOf)
	return k
}

// assign gives each feature the look of its tuple.
func (k *looks) assign(tuple, lookOf []uint32) {
	k.few = true
	for i, n := range tuple {
		if lookOf[n] == 0 {
			continue
		}
		if k.drawn++; k.drawn > fewMembers {
			k.members, k.few = nil, false
		} else {
			k.members = append(k.members, uint32(i))
		}
	}
	if len(k.rep) > 256 {
		k.of32 = tuple
		for i, n := range tuple {
			k.of32[i] = lookOf[n]
		}
		return
	}
	k.of8 = make([]uint8, len(tuple))
	for i, n := range tuple {
		k.of8[i] = uint8(lookOf[n])
	}
}
