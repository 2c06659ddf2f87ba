package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"math"
	"strconv"
	"time"

	"kuaitu/block"
	"kuaitu/mapview"
	"kuaitu/mapview/style"
	"kuaitu/mapview/thematic"
	"kuaitu/store"
	"kuaitu/store/maplayer"
	"kuaitu/ui/state"
)

// ThematicLayer is the layer of the tree that shows figures.
const ThematicLayer = "thematic"

// UseSnapshots says where the drawn layers are, by their names in a scene. Call it before the first question.
func (d *Desk) UseSnapshots(of func(layer string) *mapview.Snapshot) { d.snapshots = of }

// Thematic implements ui.Data.
func (d *Desk) Thematic(ctx context.Context, t state.Thematic, dark bool, l *state.Lang) (state.ThematicMap, error) {
	t, err := t.Sound()
	if err != nil {
		return state.ThematicMap{}, err
	}
	if t.Kind == state.ThemeHeat {
		return d.heat(ctx, t, dark, l)
	}
	regions := d.snapshots(maplayer.RegionLayer(t.Level))
	if regions == nil || regions.Len() == 0 {
		return state.ThematicMap{}, fmt.Errorf("regions of level %s have no polygons: %w", t.Level, block.ErrNotFound)
	}
	at := t.AsOf
	if at.IsZero() {
		at = d.now()
	}
	q := store.FigureQuery{Level: t.Level, At: at}
	if !t.AsOf.IsZero() {
		q.To = at
	}
	figures, err := d.st.Reader().Figures(ctx, q)
	if err != nil {
		return state.ThematicMap{}, err
	}
	rows := make([]thematic.Row, len(figures.Rows))
	for i, f := range figures.Rows {
		rows[i] = figureRow(t, f)
	}
	unit := thematic.Text{ZH: l.T("theme.unit." + t.Norm), EN: l.T("theme.unit." + t.Norm)}
	title := t.Title(l)
	ind := thematic.Indicator{Name: thematic.Text{ZH: title, EN: title}, Unit: unit, Norm: norms[t.Norm], AsOf: at, MinCount: t.MinCount}
	look := thematic.Look{Ramp: ramps[t.Ramp]}
	if dark {
		look.Theme = thematic.Dark
	}
	var out state.ThematicMap
	var legend thematic.Legend
	if t.Kind == state.ThemeSymbols {
		s, err := thematic.NewSymbols(thematic.PlacesOf(regions, rows), ind, thematic.SymbolOptions{}, d.version.Add(1))
		if err != nil {
			return out, fmt.Errorf("thematic map: %w", errors.Join(err, block.ErrInvalid))
		}
		if out.Layers, err = s.Layers(ThematicLayer, look); err != nil {
			return out, err
		}
		legend = s.Legend(l.Name, look, d.zone)
	} else {
		c, err := thematic.NewChoropleth(regions, rows, ind, thematic.Options{Method: methods[t.Method], Classes: classesOf(t), Cuts: t.Cuts}, d.version.Add(1))
		if err != nil {
			return out, fmt.Errorf("thematic map: %w", errors.Join(err, block.ErrInvalid))
		}
		if out.Layers, err = c.Layers(ThematicLayer, look); err != nil {
			return out, err
		}
		legend = c.Legend(l.Name, look, d.zone)
	}
	out.Legend = state.MapLegend{Title: legend.Title, Unit: legend.Unit, AsOf: legend.AsOf, Note: legend.Note}
	if !t.AsOf.IsZero() && (t.Measure == state.MeasureOpen || t.Measure == state.MeasureOverdue) {
		out.Legend.Note = l.T("theme.asof.note")
	}
	for _, e := range legend.Entries {
		out.Legend.Entries = append(out.Legend.Entries, state.MapLegendEntry{Text: e.Text, Colour: e.Colour, Hatch: e.Hatch, Radius: e.Radius, Count: e.Count})
	}
	return out, nil
}

var (
	norms = map[string]thematic.Norm{
		state.NormCount: thematic.Count, state.NormArea: thematic.PerKm2, state.NormThousand: thematic.PerThousand, state.NormPercent: thematic.Percent,
	}
	methods = map[string]thematic.Method{
		state.ClassQuantile: thematic.Quantile, state.ClassJenks: thematic.Jenks, state.ClassEqual: thematic.EqualInterval, state.ClassFixed: thematic.Fixed,
	}
	ramps = map[string]thematic.Ramp{"blue": thematic.Blue, "earth": thematic.Earth}
)

func classesOf(t state.Thematic) int {
	if t.Method == state.ClassFixed {
		return 0
	}
	return t.Classes
}

// figureRow picks what is measured of a region's figures, and what it is divided by.
func figureRow(t state.Thematic, f store.RegionFigures) thematic.Row {
	n := map[string]int64{
		state.MeasureOpen: f.Events.Open, state.MeasureOverdue: f.Events.Overdue, state.MeasureReported: f.Events.Reported,
		state.MeasureBuildings: f.Buildings, state.MeasureRooms: f.Rooms, state.MeasureResidents: f.Persons, state.MeasureEntities: f.Entities,
	}[t.Measure]
	r := thematic.Row{Region: mapview.ID(f.Region), Count: float64(n)}
	switch t.Norm {
	case state.NormThousand:
		r.Base = float64(f.Persons)
	case state.NormPercent:
		r.Base = float64(f.Events.Open)
	}
	return r
}

// heatRamps are the colours of density (design.md §6), from thin to thick.
var heatRamps = map[bool][]string{
	false: {"#DCE9E4", "#A9CFC8", "#62A6AB", "#2F7488", "#1C4359"},
	true:  {"#22343F", "#2C5566", "#3F7F86", "#7FAE8A", "#E3D08A"},
}

// heatRadius is the radius of what a heat map smears a point over, in pixels of the style's zoom heatZoom; nearer it stays.
const (
	heatRadius = 128
	heatZoom   = 15
)

// heatShare is what a point in the middle of evenly spread ones adds up to, for each of them that lies in a square of the
// radius: the integral of the specification's kernel, 1/√2π · exp(-4.5 d²/r²).
const heatShare = 0.3989422804014327 * 2 * math.Pi / 9

// heat shows how densely events or buildings lie. The colours are stretched to the densest place there is.
func (d *Desk) heat(ctx context.Context, t state.Thematic, dark bool, l *state.Lang) (state.ThematicMap, error) {
	points, n, err := d.points(ctx, t)
	if err != nil {
		return state.ThematicMap{}, err
	}
	most, radiusM := densest(points)
	weight := 1 / (heatShare * max(most, 1))
	colours := heatRamps[dark]
	ramp := []any{"interpolate", []any{"linear"}, []any{"heatmap-density"}, 0, colours[0] + "00"}
	stop := func(i int) float64 { return 0.1 + 0.2*float64(i) }
	for i, c := range colours {
		ramp = append(ramp, stop(i), c)
	}
	doc := map[string]any{"version": 8, "name": ThematicLayer,
		"sources": map[string]any{"points": map[string]any{"type": "vector", "url": "kuaitu://points"}},
		"layers": []any{map[string]any{
			"id": ThematicLayer, "type": "heatmap", "source": "points", "source-layer": "points",
			"metadata": map[string]any{mapview.MetaMinCount: t.MinCount},
			"paint": map[string]any{
				"heatmap-radius": []any{"interpolate", []any{"exponential", 2}, []any{"zoom"}, heatZoom - 7, heatRadius / 128, heatZoom, heatRadius},
				"heatmap-color":  ramp, "heatmap-opacity": 0.8, "heatmap-weight": weight,
			},
		}}}
	raw, err := json.Marshal(doc)
	if err != nil {
		return state.ThematicMap{}, fmt.Errorf("heat map: %w", err)
	}
	st, err := style.Parse(raw)
	if err != nil {
		return state.ThematicMap{}, fmt.Errorf("heat map: %w", err)
	}
	layers, err := mapview.StyledLayers(st, map[string]any{"points": points})
	if err != nil {
		return state.ThematicMap{}, fmt.Errorf("heat map: %w", err)
	}
	out := state.ThematicMap{Layers: layers, Legend: state.MapLegend{Title: t.Title(l), Unit: l.T("theme.heat.unit", l.Count(n)), AsOf: l.T("theme.asof.at", d.now().In(d.zone).Format("2006-01-02 15:04"))}}
	if t.MinCount > 1 {
		out.Legend.Note = l.T("theme.heat.few", strconv.Itoa(t.MinCount))
	}
	for i := len(colours) - 1; i >= 0; i-- {
		perKm2 := stop(i) / (heatShare * weight) / (radiusM * radiusM / 1e6)
		out.Legend.Entries = append(out.Legend.Entries, state.MapLegendEntry{Text: "≥ " + thematic.Number(round2(perKm2)), Colour: hexColour(colours[i])})
	}
	return out, nil
}

// densest is how many points lie in the fullest square of the heat map's radius, and that radius on the ground in metres.
func densest(points *mapview.Snapshot) (most, radiusM float64) {
	lat := points.Bound().Center()[1] * math.Pi / 180
	radiusM = heatRadius * 2 * math.Pi * 6378137 * math.Cos(lat) / (512 * math.Exp2(heatZoom))
	const degree = 111_320 // metres of latitude, and of longitude at the equator
	cells := map[[2]int]int{}
	for f := range points.Search(points.Bound()) {
		p := f.Anchor()
		at := [2]int{int(math.Floor(p[0] * degree * math.Cos(lat) / radiusM)), int(math.Floor(p[1] * degree / radiusM))}
		cells[at]++
		most = max(most, float64(cells[at]))
	}
	return most, radiusM
}

// round2 keeps two digits: a density is no more exact than that.
func round2(v float64) float64 {
	if !(v > 0) {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	return math.Round(v/unit) * unit
}

func hexColour(s string) color.NRGBA {
	v, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return color.NRGBA{}
	}
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

// points are what a heat map counts.
func (d *Desk) points(ctx context.Context, t state.Thematic) (*mapview.Snapshot, int, error) {
	if t.Measure == state.MeasureBuildings {
		s := d.snapshots(maplayer.Buildings)
		if s == nil {
			return nil, 0, fmt.Errorf("buildings are not drawn yet: %w", block.ErrNotFound)
		}
		return s, s.Len(), nil
	}
	g, err := d.current(ctx)
	if err != nil {
		return nil, 0, err
	}
	at := t.AsOf
	if at.IsZero() {
		at = d.now()
	}
	var b mapview.Builder
	for _, e := range g.events {
		if e.HasAt && !e.Reported.After(at) && counts(t.Measure, e, at) {
			if err := b.Add(mapview.ID(e.ID), 0, "", e.At); err != nil {
				return nil, 0, fmt.Errorf("heat map: %w", err)
			}
		}
	}
	return b.Build(d.version.Add(1)), b.Len(), nil
}

func counts(measure string, e event, at time.Time) bool {
	switch measure {
	case state.MeasureReported:
		return true
	case state.MeasureOverdue:
		return !e.closed && e.Clock.Light(at) >= state.Late
	}
	return !e.closed
}
