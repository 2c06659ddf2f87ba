package thematic

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"kuaitu/geo"
	"kuaitu/mapview"
	"kuaitu/mapview/style"
)

// Columns of the snapshots that are made here.
const (
	ColumnClass = "class" // of regions: 0…, or one of the codes below
	ColumnValue = "value" // what is mapped; null unless it is shown
	codeNoData  = -1
	codeFew     = -2
)

// Choropleth is a map of regions coloured by classes of a value.
type Choropleth struct {
	Indicator Indicator
	Classes   Classes

	data   *mapview.Snapshot
	counts []int // regions by class
	noData int
	few    int
}

// NewChoropleth classes the figures of regions and prepares them for drawing. Regions without a row have no data; rows of
// regions that are not among them are left out, and of several rows for one region the last counts. version is that of
// the snapshot that is drawn from.
func NewChoropleth(regions *mapview.Snapshot, rows []Row, ind Indicator, opt Options, version uint64) (*Choropleth, error) {
	by := make(map[mapview.ID]Row, len(rows))
	for _, r := range rows {
		by[r.Region] = r
	}
	type figure struct {
		f     mapview.Feature
		value float64
		state State
	}
	var figures []figure
	var values []float64
	for f := range regions.Search(regions.Bound()) {
		fg := figure{f: f, state: NoData}
		if r, ok := by[f.ID()]; ok {
			if ind.Norm == PerKm2 && r.Base == 0 {
				r.Base = geo.Area(f.Geometry()) // to a millionth
			}
			fg.value, fg.state = ind.Value(r)
		}
		if fg.state == Shown {
			values = append(values, fg.value)
		}
		figures = append(figures, fg)
	}
	classes, err := Classify(values, opt)
	if err != nil {
		return nil, fmt.Errorf("choropleth of %s: %w", ind.Name.EN, err)
	}
	c := &Choropleth{Indicator: ind, Classes: classes, counts: make([]int, classes.Len())}
	var b mapview.Builder
	b.Columns(ColumnClass, ColumnValue)
	for _, fg := range figures {
		row := []style.Value{style.Num(codeNoData), style.Null()}
		switch fg.state {
		case NoData:
			c.noData++
		case Suppressed:
			c.few++
			row[0] = style.Num(codeFew)
		case Shown:
			class := classes.Of(fg.value)
			c.counts[class]++
			row[0], row[1] = style.Num(float64(class)), style.Num(fg.value)
		}
		if err := b.AddRow(fg.f.ID(), fg.f.Geometry(), row); err != nil {
			return nil, fmt.Errorf("choropleth of %s: %w", ind.Name.EN, err)
		}
	}
	c.data = b.Build(version)
	return c, nil
}

// Snapshot is what is drawn from, with the columns ColumnClass and ColumnValue, for identifying.
func (c *Choropleth) Snapshot() *mapview.Snapshot { return c.data }

// Layers are the layers to draw, below the lines of regions and under names that begin with name. To recolour, ask again:
// the figures are not classed anew.
func (c *Choropleth) Layers(name string, look Look) ([]mapview.Layer, error) {
	q := quiet[min(look.Theme, numThemes-1)]
	match := []any{"match", []any{"get", ColumnClass}}
	for i, col := range look.Colours(c.Classes.Len()) {
		match = append(match, i, hex(col))
	}
	match = append(match, codeFew, hex(nrgba(q.suppressed)), "rgba(0,0,0,0)")
	fill := func(id string, paint, meta map[string]any, filter []any) map[string]any {
		return map[string]any{"id": id, "type": "fill", "source": "figures", "source-layer": "figures", "paint": paint, "metadata": meta, "filter": filter}
	}
	edge := hex(nrgba(q.edge))
	doc := map[string]any{"version": 8, "name": name, "sources": sources, "layers": []any{
		fill(name, map[string]any{"fill-color": match, "fill-outline-color": edge, "fill-opacity": look.opacity()}, map[string]any{},
			[]any{"!=", []any{"get", ColumnClass}, codeNoData}),
		fill(name+".none", map[string]any{"fill-color": "rgba(0,0,0,0)", "fill-outline-color": hex(nrgba(q.hatch)), "fill-opacity": look.opacity()},
			map[string]any{mapview.MetaHatch: hex(nrgba(q.hatch))}, []any{"==", []any{"get", ColumnClass}, codeNoData}),
	}}
	return layersOf(doc, c.data)
}

// sources is the one source of the documents made here; what it draws from is handed over, not fetched.
var sources = map[string]any{"figures": map[string]any{"type": "vector", "url": "kuaitu://figures"}}

func layersOf(doc map[string]any, data *mapview.Snapshot) ([]mapview.Layer, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("figures' style: %w", err)
	}
	st, err := style.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("figures' style: %w", err)
	}
	layers, err := mapview.StyledLayers(st, map[string]any{"figures": data})
	if err != nil {
		return nil, fmt.Errorf("figures' layers: %w", err)
	}
	return layers, nil
}

// Legend says what the colours mean, in "zh" or "en", times in a zone (nil: UTC).
func (c *Choropleth) Legend(lang string, look Look, zone *time.Location) Legend {
	l := Legend{Title: c.Indicator.Name.In(lang), Unit: c.Indicator.Unit.In(lang), AsOf: asOf(c.Indicator.AsOf, zone, lang)}
	l.Note = fmt.Sprintf(classText.In(lang), c.Classes.Method.Name().In(lang), c.Classes.Len())
	for i, col := range look.Colours(c.Classes.Len()) {
		if i > 0 || c.counts[0] > 0 || c.Classes.Len() > 1 {
			l.Entries = append(l.Entries, Entry{Text: c.Classes.Text(i), Colour: col, Count: c.counts[i]})
		}
	}
	slices.Reverse(l.Entries)
	q := quiet[min(look.Theme, numThemes-1)]
	if c.few > 0 {
		l.Entries = append(l.Entries, Entry{Text: fmt.Sprintf(fewText.In(lang), c.Indicator.MinCount), Colour: nrgba(q.suppressed), Count: c.few})
	}
	if c.noData > 0 {
		l.Entries = append(l.Entries, Entry{Text: noDataText.In(lang), Colour: nrgba(q.hatch), Hatch: true, Count: c.noData})
	}
	return l
}
