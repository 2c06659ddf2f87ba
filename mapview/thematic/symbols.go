package thematic

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/mapview"
	"kuaitu/mapview/style"
)

// Place is a figure at a point.
type Place struct {
	At orb.Point // degrees
	Row
}

// Symbols is a map of circles whose area, not radius, is the figure.
type Symbols struct {
	Indicator Indicator
	Full      float64 // the figure of the largest circle of the legend, a round number not below any figure

	data   *mapview.Snapshot
	maxPx  float64
	drawn  int
	noData int
	few    int
}

// SymbolOptions say how large circles are.
type SymbolOptions struct {
	MaxRadius float64 // of the largest figure, design pixels; 0: 28
	Full      float64 // the figure that has it; 0: the largest, rounded up. Set it to compare maps
}

// PlacesOf puts the figures of regions where their names stand.
func PlacesOf(regions *mapview.Snapshot, rows []Row) []Place {
	var out []Place
	for _, r := range rows {
		if f, ok := regions.Find(r.Region); ok {
			out = append(out, Place{At: f.Anchor(), Row: r})
		}
	}
	return out
}

// NewSymbols prepares circles for drawing. Figures that are 0, not known or of too few people get none; negative ones,
// which have no area, are ErrData.
func NewSymbols(places []Place, ind Indicator, opt SymbolOptions, version uint64) (*Symbols, error) {
	s := &Symbols{Indicator: ind, Full: opt.Full, maxPx: opt.MaxRadius}
	if !(s.maxPx > 0) {
		s.maxPx = 28
	}
	var b mapview.Builder
	b.Columns(ColumnValue)
	most := 0.0
	for _, p := range places {
		v, state := ind.Value(p.Row)
		switch {
		case state == NoData:
			s.noData++
			continue
		case state == Suppressed:
			s.few++
			continue
		case v < 0:
			return nil, fmt.Errorf("symbols of %s: a figure of %g: %w", ind.Name.EN, v, ErrData)
		case v == 0:
			continue
		}
		if err := b.AddRow(p.Region, p.At, []style.Value{style.Num(v)}); err != nil {
			return nil, fmt.Errorf("symbols of %s: %w", ind.Name.EN, err)
		}
		s.drawn++
		most = max(most, v)
	}
	if !(s.Full > 0) {
		s.Full = roundUp(most)
	}
	s.data = b.Build(version)
	return s, nil
}

// roundUp is the smallest of 1, 2, 5 times a power of ten that is not below v.
func roundUp(v float64) float64 {
	if !(v > 0) {
		return 1
	}
	for e := int(math.Floor(math.Log10(v))); ; e++ {
		for _, m := range [3]int64{1, 2, 5} {
			if r := decimal(m, e); r >= v {
				return r
			}
		}
	}
}

// Radius is the radius of a figure's circle in design pixels.
func (s *Symbols) Radius(v float64) float64 { return s.maxPx * math.Sqrt(max(0, v)/s.Full) }

// Snapshot is what is drawn from, with the column ColumnValue, for identifying.
func (s *Symbols) Snapshot() *mapview.Snapshot { return s.data }

// sizeBands is how many layers the circles are drawn in, each holding those at least half as large in area as its largest.
const sizeBands = 8

// Layers are the layers to draw, over those of regions: the largest circles lie lowest, so that none hides a smaller one.
func (s *Symbols) Layers(name string, look Look) ([]mapview.Layer, error) {
	fill, edge := s.colours(look)
	value := []any{"get", ColumnValue}
	paint := map[string]any{
		"circle-radius":       []any{"*", s.maxPx / math.Sqrt(s.Full), []any{"sqrt", value}},
		"circle-color":        hex(fill),
		"circle-opacity":      look.opacity() * 0.8,
		"circle-stroke-color": hex(edge),
		"circle-stroke-width": 1,
	}
	var layers []any
	for i := range sizeBands {
		filter := []any{"all"}
		if i > 0 {
			filter = append(filter, []any{"<", value, s.Full / float64(int(1)<<i)})
		}
		if i < sizeBands-1 {
			filter = append(filter, []any{">=", value, s.Full / float64(int(2)<<i)})
		}
		id := name
		if i > 0 {
			id = fmt.Sprintf("%s.%d", name, i)
		}
		layers = append(layers, map[string]any{"id": id, "type": "circle", "source": "figures", "source-layer": "figures", "filter": filter, "paint": paint})
	}
	return layersOf(map[string]any{"version": 8, "name": name, "sources": sources, "layers": layers}, s.data)
}

func (s *Symbols) colours(look Look) (fill, edge color.NRGBA) {
	c := look.Colours(5)
	if look.Ramp == Diverging {
		return c[0], nrgba(quiet[min(look.Theme, numThemes-1)].edge)
	}
	return c[3], nrgba(quiet[min(look.Theme, numThemes-1)].edge)
}

// Legend shows three circles: of the full figure and of round ones about a third and a tenth of it.
func (s *Symbols) Legend(lang string, look Look, zone *time.Location) Legend {
	l := Legend{Title: s.Indicator.Name.In(lang), Unit: s.Indicator.Unit.In(lang), AsOf: asOf(s.Indicator.AsOf, zone, lang)}
	fill, _ := s.colours(look)
	sizes := []float64{s.Full, Roundest(s.Full/4, s.Full/2.5), Roundest(s.Full/12, s.Full/8)}
	for _, v := range slices.Compact(sizes) {
		l.Entries = append(l.Entries, Entry{Text: Number(v), Colour: fill, Radius: s.Radius(v)})
	}
	q := quiet[min(look.Theme, numThemes-1)]
	if s.few > 0 {
		l.Entries = append(l.Entries, Entry{Text: fmt.Sprintf(fewText.In(lang), s.Indicator.MinCount), Colour: nrgba(q.suppressed), Count: s.few})
	}
	if s.noData > 0 {
		l.Entries = append(l.Entries, Entry{Text: noDataText.In(lang), Colour: nrgba(q.hatch), Hatch: true, Count: s.noData})
	}
	return l
}
