package state

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Swatch is how a layer is drawn in the list.
type Swatch string

// The swatches there are.
const (
	SwatchNone      Swatch = ""
	SwatchRing      Swatch = "ring"
	SwatchFill      Swatch = "fill"
	SwatchDot       Swatch = "dot"
	SwatchStreet    Swatch = "street"    // dash-dot line of 街道
	SwatchCommunity Swatch = "community" // solid line of 社区
	SwatchGrid      Swatch = "grid"      // dotted line of 网格
	SwatchRoad      Swatch = "road"
	SwatchHatch     Swatch = "hatch"
	SwatchLock      Swatch = "lock" // needs a right
	SwatchRadio     Swatch = "radio"
)

// Layer is one entry of the layer tree. A group has no layer of its own: Group entries are headings with a box that
// switches what lies below them.
type Layer struct {
	ID       string
	Group    string // ID of the group entry it lies below; empty at the top
	IsGroup  bool
	OneOf    bool // of a group: switching one of its layers on switches the others off (base maps)
	Fixed    bool // keeps its place: the base maps lie below everything
	Name     Text
	Swatch   Swatch
	Colour   string // "#rrggbb" for SwatchFill, SwatchDot and lines; empty takes the swatch's own
	Visible  bool
	Locked   bool      // the right to see it is missing: shown, never switched on
	Count    int       // features; -1 when it is not known
	Note     string    // shown in place of a count: the base map's date
	AsOf     time.Time // age of its data; zero when it is not known
	Legend   []LegendEntry
	Opacity  float64 // 0.1…1; Set makes 0 to 1
	MinZoom  float64 // shown from this zoom on
	MaxZoom  float64 // and below this one; 0: no end
	Settings bool    // there is more to set: "style…"
}

// LegendEntry is one line of a layer's legend.
type LegendEntry struct {
	Name   Text
	Swatch Swatch
	Colour string
	Light  Light // of event markers
}

// LayerLook is how the map draws a layer.
type LayerLook struct {
	ID               string
	Visible          bool
	Opacity          float64
	MinZoom, MaxZoom float64
}

// Tick is what a check box shows.
type Tick uint8

// Off, on, and a group of which some are on.
const (
	TickOff Tick = iota
	TickOn
	TickSome
)

// LayerRow is one row of the tree: a layer, or a line of the legend of the one above it.
type LayerRow struct {
	Layer    Layer
	Legend   *LegendEntry
	Depth    int
	Tick     Tick
	Open     bool // its layers or its legend are shown
	CanOpen  bool
	Selected bool
	InView   int  // features in the map's extent; -1 when not counted
	Faint    bool // the zoom is outside its range
}

// LayerTree is the tree of layers in the order they are drawn, topmost first. UI thread only.
type LayerTree struct {
	layers   []Layer
	kept     LayerPrefs
	shut     map[string]bool // groups that are closed, and layers whose legend is shown (the other way round)
	inView   map[string]int
	selected string
	zoom     float64
}

// Opacity and range of a layer.
const (
	LeastOpacity = 0.1
	MostZoom     = 22
)

// Set replaces the layers, keeping the user's order, looks and what is switched on.
func (t *LayerTree) Set(layers []Layer) {
	t.layers = slices.Clone(layers)
	for i := range t.layers {
		y := &t.layers[i]
		if y.Opacity == 0 {
			y.Opacity = 1
		}
		t.kept.apply(y)
	}
	t.order()
	if !slices.ContainsFunc(t.layers, func(y Layer) bool { return y.ID == t.selected }) {
		t.selected = ""
	}
}

// order brings the layers into the user's order: groups among each other, layers within their group. What the user's
// order does not know keeps its place behind what stood before it.
func (t *LayerTree) order() {
	place := map[string]int{}
	for i, id := range t.kept.Order {
		place[id] = i + 1
	}
	sortSiblings := func(group string) []Layer {
		var list []Layer
		for _, y := range t.layers {
			if y.Group == group {
				list = append(list, y)
			}
		}
		keys := map[string]float64{}
		last := 0.0
		for i, y := range list {
			if p := place[y.ID]; p > 0 {
				last = float64(p)
			} else {
				last += 1e-3 * float64(i+1)
			}
			keys[y.ID] = last
			if y.Fixed {
				keys[y.ID] = math.Inf(1)
			}
		}
		slices.SortStableFunc(list, func(a, b Layer) int {
			switch {
			case keys[a.ID] < keys[b.ID]:
				return -1
			case keys[a.ID] > keys[b.ID]:
				return 1
			}
			return 0
		})
		return list
	}
	out := make([]Layer, 0, len(t.layers))
	for _, top := range sortSiblings("") {
		out = append(out, top)
		if top.IsGroup {
			out = append(out, sortSiblings(top.ID)...)
		}
	}
	t.layers = out
}

// Find returns a layer.
func (t *LayerTree) Find(id string) (Layer, bool) {
	if i := t.index(id); i >= 0 {
		return t.layers[i], true
	}
	return Layer{}, false
}

func (t *LayerTree) index(id string) int {
	return slices.IndexFunc(t.layers, func(y Layer) bool { return y.ID == id })
}

// Toggle switches a layer, or all layers of a group. A group of which some are on is switched on wholly. Locked layers do
// not change. In a group of which one is shown the others go off.
func (t *LayerTree) Toggle(id string) {
	on := t.tick(id) != TickOn
	group, ok := t.Find(id)
	if !ok {
		return
	}
	if parent, ok := t.Find(group.Group); ok && parent.OneOf && on {
		for i := range t.layers {
			if t.layers[i].Group == parent.ID {
				t.show(&t.layers[i], t.layers[i].ID == id)
			}
		}
		return
	}
	first := true
	for i := range t.layers {
		y := &t.layers[i]
		if y.IsGroup || y.Locked || (y.ID != id && y.Group != id) {
			continue
		}
		t.show(y, on && (!group.OneOf || first))
		first = false
	}
}

func (t *LayerTree) show(y *Layer, on bool) {
	if y.Locked || y.Visible == on {
		return
	}
	y.Visible = on
	t.kept.keep(*y)
}

// Visible reports whether the layer is there and switched on.
func (t *LayerTree) Visible(id string) bool {
	y, ok := t.Find(id)
	return ok && y.Visible && !y.Locked
}

func (t *LayerTree) tick(id string) Tick {
	on, off := 0, 0
	oneOf := false
	for _, y := range t.layers {
		switch {
		case y.ID == id && y.IsGroup:
			oneOf = y.OneOf
		case y.IsGroup || (y.ID != id && y.Group != id):
		case y.Visible && !y.Locked:
			on++
		default:
			off++
		}
	}
	switch {
	case on > 0 && off > 0 && !oneOf:
		return TickSome
	case on > 0:
		return TickOn
	default:
		return TickOff
	}
}

// Open opens or closes a group or the legend of a layer.
func (t *LayerTree) Open(id string) {
	if t.shut == nil {
		t.shut = map[string]bool{}
	}
	t.shut[id] = !t.shut[id]
	t.kept.Shut = t.kept.Shut[:0]
	for id, on := range t.shut {
		if on {
			t.kept.Shut = append(t.kept.Shut, id)
		}
	}
	slices.Sort(t.kept.Shut)
}

// Select makes a row the selected one: opacity, range and order are changed there.
func (t *LayerTree) Select(id string) { t.selected = id }

// Selected is the selected layer or group.
func (t *LayerTree) Selected() (Layer, bool) { return t.Find(t.selected) }

// Step selects the row above (-1) or below (1) the selected one.
func (t *LayerTree) Step(by int) {
	var ids []string
	at := -1
	for _, r := range t.Rows() {
		if r.Legend != nil {
			continue
		}
		if r.Selected {
			at = len(ids)
		}
		ids = append(ids, r.Layer.ID)
	}
	if len(ids) > 0 {
		t.selected = ids[max(0, min(at+by, len(ids)-1))]
	}
}

// Move moves a layer up (-1) or down (1) among its like and reports whether it could.
func (t *LayerTree) Move(id string, by int) bool {
	y, ok := t.Find(id)
	if !ok || y.Fixed {
		return false
	}
	like := t.siblings(y.Group)
	at := slices.Index(like, id)
	to := at + by
	if to < 0 || to >= len(like) {
		return false
	}
	if other, _ := t.Find(like[to]); other.Fixed {
		return false
	}
	like[at], like[to] = like[to], like[at]
	t.rearrange(y.Group, like)
	return true
}

// MoveTo puts a layer where another of its group is and reports whether anything changed. A target in another group moves
// nothing: a layer belongs where its kind is.
func (t *LayerTree) MoveTo(id, target string) bool {
	y, ok := t.Find(id)
	other, ok2 := t.Find(target)
	if ok2 && y.Group == "" && other.Group != "" { // dragged groups may be dropped on what lies in another
		other, ok2 = t.Find(other.Group)
	}
	if !ok || !ok2 || y.ID == other.ID || y.Group != other.Group || y.Fixed || other.Fixed {
		return false
	}
	like := t.siblings(y.Group)
	to := slices.Index(like, other.ID)
	like = slices.DeleteFunc(like, func(s string) bool { return s == id })
	like = slices.Insert(like, to, id)
	t.rearrange(y.Group, like)
	return true
}

func (t *LayerTree) siblings(group string) []string {
	var ids []string
	for _, y := range t.layers {
		if y.Group == group {
			ids = append(ids, y.ID)
		}
	}
	return ids
}

// rearrange keeps the order of a group as the user's and applies it.
func (t *LayerTree) rearrange(group string, ids []string) {
	var all []string
	for _, y := range t.layers {
		if y.Group == "" {
			all = append(all, y.ID)
		}
	}
	if group == "" {
		all = ids
	}
	for _, y := range t.layers {
		if y.IsGroup && y.ID != group {
			all = append(all, t.siblings(y.ID)...)
		}
	}
	if group != "" {
		all = append(all, ids...)
	}
	t.kept.Order = all
	t.order()
}

// SetOpacity makes a layer, or all of a group, shine through.
func (t *LayerTree) SetOpacity(id string, v float64) {
	v = math.Round(max(LeastOpacity, min(v, 1))*100) / 100
	t.each(id, func(y *Layer) { y.Opacity = v })
}

// SetZooms limits the zooms at which a layer, or all of a group, is shown: from low up to below high; high 0 is no end. A
// range that is empty is refused.
func (t *LayerTree) SetZooms(id string, low, high float64) bool {
	if !(low >= 0 && low <= MostZoom) || !(high >= 0 && high <= MostZoom+2) || high > 0 && high <= low {
		return false
	}
	t.each(id, func(y *Layer) { y.MinZoom, y.MaxZoom = low, high })
	return true
}

func (t *LayerTree) each(id string, change func(*Layer)) {
	for i := range t.layers {
		if y := &t.layers[i]; !y.IsGroup && (y.ID == id || y.Group == id) {
			change(y)
			t.kept.keep(*y)
		}
	}
}

// Dress gives a layer a name and a legend that depend on what the user chose.
func (t *LayerTree) Dress(id string, name Text, legend []LegendEntry) {
	if i := t.index(id); i >= 0 {
		t.layers[i].Name, t.layers[i].Legend = name, legend
	}
}

// Show switches a layer on.
func (t *LayerTree) Show(id string) {
	if i := t.index(id); i >= 0 {
		t.show(&t.layers[i], true)
	}
}

// SetView tells the tree what the map shows: the zoom, and how many features of each layer lie in the extent.
func (t *LayerTree) SetView(zoom float64, inView map[string]int) { t.zoom, t.inView = zoom, inView }

// Zoomed tells the tree the map's zoom.
func (t *LayerTree) Zoomed(zoom float64) { t.zoom = zoom }

// Looks is how the map draws the layers, topmost first.
func (t *LayerTree) Looks() []LayerLook {
	var out []LayerLook
	for _, y := range t.layers {
		if !y.IsGroup {
			out = append(out, LayerLook{ID: y.ID, Visible: y.Visible && !y.Locked, Opacity: y.Opacity, MinZoom: y.MinZoom, MaxZoom: y.MaxZoom})
		}
	}
	return out
}

// Rows returns the visible rows from the top.
func (t *LayerTree) Rows() []LayerRow {
	rows := make([]LayerRow, 0, len(t.layers))
	for _, y := range t.layers {
		if y.Group != "" && t.shut[y.Group] {
			continue
		}
		r := LayerRow{Layer: y, Tick: t.tick(y.ID), Selected: y.ID == t.selected, InView: -1}
		if y.Group != "" {
			r.Depth = 1
		}
		if n, ok := t.inView[y.ID]; ok {
			r.InView = n
		}
		r.Faint = !y.IsGroup && t.zoom > 0 && (t.zoom < y.MinZoom || y.MaxZoom > 0 && t.zoom >= y.MaxZoom)
		switch {
		case y.IsGroup:
			r.CanOpen, r.Open = true, !t.shut[y.ID]
		case len(y.Legend) > 0:
			r.CanOpen, r.Open = true, t.shut[y.ID]
		}
		rows = append(rows, r)
		if r.Open && !y.IsGroup {
			for i := range y.Legend {
				rows = append(rows, LayerRow{Layer: y, Legend: &y.Legend[i], Depth: r.Depth + 1, InView: -1})
			}
		}
	}
	return rows
}

// ZoomWords is a layer's range in words: "14–18 级", "14 级起", "全部级别".
func (y Layer) ZoomWords(l *Lang) string {
	n := func(v float64) string { return fmt.Sprintf("%g", v) }
	switch {
	case y.MinZoom > 0 && y.MaxZoom > 0:
		return l.T("layers.zooms", n(y.MinZoom), n(y.MaxZoom))
	case y.MinZoom > 0:
		return l.T("layers.zooms.from", n(y.MinZoom))
	case y.MaxZoom > 0:
		return l.T("layers.zooms.to", n(y.MaxZoom))
	}
	return l.T("layers.zooms.all")
}

// Counts is how many features are in view and altogether: "204 / 9,214".
func (r LayerRow) Counts(l *Lang) string {
	switch {
	case r.Layer.Count < 0:
		return ""
	case r.InView >= 0:
		return l.Count(r.InView) + " / " + l.Count(r.Layer.Count)
	}
	return l.Count(r.Layer.Count)
}
