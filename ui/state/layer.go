package state

import "slices"

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
)

// Layer is one entry of the layer list. A group has no layer of its own: Group entries are headings with a box that
// switches what lies below them.
type Layer struct {
	ID      string
	Group   string // ID of the group entry it lies below; empty at the top
	IsGroup bool
	Name    Text
	Swatch  Swatch
	Colour  string // "#rrggbb" for SwatchFill, SwatchDot and lines; empty takes the swatch's own
	Visible bool
	Locked  bool   // the right to see it is missing: shown, never switched on
	Count   int    // features; -1 when it is not known
	Note    string // shown in place of a count: the base map's date
}

// Tick is what a check box shows.
type Tick uint8

// Off, on, and a group of which some are on.
const (
	TickOff Tick = iota
	TickOn
	TickSome
)

// LayerRow is one row of the list.
type LayerRow struct {
	Layer Layer
	Depth int
	Tick  Tick
}

// LayerList is the list of layers in drawing order of the legend, top first. UI thread only.
type LayerList struct{ layers []Layer }

// Set replaces the layers, keeping what is switched on of those that were there before.
func (l *LayerList) Set(layers []Layer) {
	was := map[string]bool{}
	for _, old := range l.layers {
		was[old.ID] = old.Visible
	}
	l.layers = slices.Clone(layers)
	for i := range l.layers {
		if on, ok := was[l.layers[i].ID]; ok {
			l.layers[i].Visible = on
		}
	}
}

// Toggle switches a layer, or all layers of a group, and returns the IDs of the layers that changed and their new state.
// A group of which some are on is switched on wholly. Locked layers do not change.
func (l *LayerList) Toggle(id string) (changed []string, on bool) {
	row := l.tick(id)
	on = row != TickOn
	for i := range l.layers {
		y := &l.layers[i]
		if y.IsGroup || y.Locked || (y.ID != id && y.Group != id) || y.Visible == on {
			continue
		}
		y.Visible = on
		changed = append(changed, y.ID)
	}
	return changed, on
}

// Visible reports whether the layer is there and switched on.
func (l *LayerList) Visible(id string) bool {
	return slices.ContainsFunc(l.layers, func(y Layer) bool { return y.ID == id && y.Visible && !y.Locked })
}

func (l *LayerList) tick(id string) Tick {
	on, off := 0, 0
	for _, y := range l.layers {
		switch {
		case y.IsGroup || (y.ID != id && y.Group != id):
		case y.Visible && !y.Locked:
			on++
		default:
			off++
		}
	}
	switch {
	case on > 0 && off > 0:
		return TickSome
	case on > 0:
		return TickOn
	default:
		return TickOff
	}
}

// Rows returns the rows from the top: groups first where they stand, their layers below them.
func (l *LayerList) Rows() []LayerRow {
	rows := make([]LayerRow, 0, len(l.layers))
	for _, y := range l.layers {
		depth := 0
		if y.Group != "" {
			depth = 1
		}
		rows = append(rows, LayerRow{Layer: y, Depth: depth, Tick: l.tick(y.ID)})
	}
	return rows
}
