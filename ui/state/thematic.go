package state

import (
	"encoding/json"
	"fmt"
	"image/color"
	"slices"
	"strconv"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/mapview"
)

// Ways to show figures on the map.
const (
	ThemeAreas   = "areas"   // regions coloured by classes
	ThemeSymbols = "symbols" // circles whose area is the figure
	ThemeHeat    = "heat"    // density of single things
)

// Measures that can be shown.
const (
	MeasureOpen      = "open"
	MeasureOverdue   = "overdue"
	MeasureReported  = "reported"
	MeasureBuildings = "buildings"
	MeasureRooms     = "rooms"
	MeasureResidents = "residents"
	MeasureEntities  = "entities"
)

// What a figure is divided by.
const (
	NormCount    = "count"    // nothing
	NormArea     = "area"     // km²
	NormThousand = "thousand" // thousand residents
	NormPercent  = "percent"  // of all open events, for the overdue ones
)

// Ways to find classes.
const (
	ClassQuantile = "quantile"
	ClassJenks    = "jenks"
	ClassEqual    = "equal"
	ClassFixed    = "fixed"
)

// The choices of the panel, in its order.
var (
	ThemeKinds    = []string{ThemeAreas, ThemeSymbols, ThemeHeat}
	ThemeMeasures = []string{MeasureOpen, MeasureOverdue, MeasureReported, MeasureBuildings, MeasureRooms, MeasureResidents, MeasureEntities}
	HeatMeasures  = []string{MeasureOpen, MeasureOverdue, MeasureReported, MeasureBuildings}
	ThemeNorms    = []string{NormCount, NormArea, NormThousand, NormPercent}
	ThemeMethods  = []string{ClassQuantile, ClassJenks, ClassEqual, ClassFixed}
	ThemeLevels   = []block.Level{block.District, block.Street, block.Community, block.Grid}
	ThemeRamps    = []string{"blue", "earth"}
)

// Thematic says what map of figures is wanted.
type Thematic struct {
	Kind     string      `json:"kind"`
	Measure  string      `json:"measure"`
	Level    block.Level `json:"level"`
	Norm     string      `json:"norm"`
	Method   string      `json:"method"`
	Classes  int         `json:"classes"`
	Cuts     []float64   `json:"cuts,omitempty"` // of ClassFixed: the limits between classes
	Ramp     string      `json:"ramp"`
	MinCount int         `json:"min_count"`      // fewer things than this are not shown
	AsOf     time.Time   `json:"as_of,omitzero"` // zero: now
}

// DefaultThematic is what the panel opens with: open events by community.
func DefaultThematic() Thematic {
	return Thematic{Kind: ThemeAreas, Measure: MeasureOpen, Level: block.Community, Norm: NormCount, Method: ClassQuantile, Classes: 5, Ramp: "blue"}
}

// Limits of what the panel takes.
const (
	leastClasses, mostClasses = 2, 9
	mostMinCount              = 1000
)

// Sound returns the wish with what cannot go together put right: heat has no level nor classes, percent is of overdue
// events alone. A wish that names something unknown is block.ErrInvalid.
func (t Thematic) Sound() (Thematic, error) {
	bad := func(what string) (Thematic, error) {
		return Thematic{}, fmt.Errorf("thematic map: %s: %w", what, block.ErrInvalid)
	}
	switch {
	case !slices.Contains(ThemeKinds, t.Kind):
		return bad("kind")
	case !slices.Contains(ThemeMeasures, t.Measure):
		return bad("measure")
	case t.Kind == ThemeHeat && !slices.Contains(HeatMeasures, t.Measure):
		return bad("there is no density of this measure")
	case t.Kind != ThemeHeat && !slices.Contains(ThemeLevels, t.Level):
		return bad("level")
	case !slices.Contains(ThemeNorms, t.Norm):
		return bad("norm")
	case !slices.Contains(ThemeMethods, t.Method):
		return bad("method")
	case !slices.Contains(ThemeRamps, t.Ramp):
		return bad("ramp")
	case t.MinCount < 0 || t.MinCount > mostMinCount:
		return bad("minimum count")
	case t.Kind == ThemeAreas && t.Method != ClassFixed && (t.Classes < leastClasses || t.Classes > mostClasses):
		return bad("number of classes")
	case t.Kind == ThemeAreas && t.Method == ClassFixed && (len(t.Cuts) == 0 || len(t.Cuts) >= mostClasses || !rising(t.Cuts)):
		return bad("class limits")
	}
	if t.Kind == ThemeSymbols || t.Norm == NormPercent && t.Measure != MeasureOverdue {
		t.Norm = NormCount
	}
	if t.Method != ClassFixed {
		t.Cuts = nil
	}
	return t, nil
}

func rising(v []float64) bool {
	for i := 1; i < len(v); i++ {
		if !(v[i] > v[i-1]) {
			return false
		}
	}
	return true
}

// ParseCuts reads class limits: numbers with commas or blanks between them.
func ParseCuts(s string) ([]float64, error) {
	var out []float64
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" ,;，；、", r) }) {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil || len(out) == mostClasses {
			return nil, fmt.Errorf("class limits: %w", block.ErrInvalid)
		}
		out = append(out, v)
	}
	return out, nil
}

// CutsText is class limits as ParseCuts reads them.
func CutsText(cuts []float64) string {
	parts := make([]string, len(cuts))
	for i, c := range cuts {
		parts[i] = strconv.FormatFloat(c, 'g', -1, 64)
	}
	return strings.Join(parts, ", ")
}

// ParseThematic reads what String wrote; ok is false for anything else.
func ParseThematic(s string) (t Thematic, ok bool) {
	if s == "" || json.Unmarshal([]byte(s), &t) != nil {
		return Thematic{}, false
	}
	t, err := t.Sound()
	return t, err == nil
}

// String is the wish for the preferences.
func (t Thematic) String() string {
	b, err := json.Marshal(t)
	if err != nil {
		return ""
	}
	return string(b)
}

// Title names the map: "在办事件·按社区".
func (t Thematic) Title(l *Lang) string {
	name := l.T("theme.measure." + t.Measure)
	if t.Kind == ThemeHeat {
		return name + l.T("dot") + l.T("theme.kind.heat")
	}
	return name + l.T("dot") + l.T("theme.by", l.T("theme.level."+t.Level.String()))
}

// ThematicMap is the answer to a wish: what to draw, lowest first, and what it means.
type ThematicMap struct {
	Layers []mapview.Layer
	Legend MapLegend
}

// MapLegend says what a map of figures shows, in the language it was asked in.
type MapLegend struct {
	Title   string
	Unit    string
	AsOf    string
	Note    string
	Entries []MapLegendEntry
}

// MapLegendEntry is one line: a field of colour, a hatched one, or a circle.
type MapLegendEntry struct {
	Text   string
	Colour color.NRGBA
	Hatch  bool
	Radius float64 // of a circle, in device-independent units
	Count  int     // regions that are drawn so; 0 is not shown
}
