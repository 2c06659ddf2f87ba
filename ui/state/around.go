package state

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"kuaitu/block"
)

// Bounds of the distance of a look around, in metres.
const (
	LeastAroundM   = 50
	MostAroundM    = 5000
	DefaultAroundM = 300
)

// AroundKinds are the kinds that are looked for, in the order in which they are counted and shown.
var AroundKinds = []block.Kind{"event", "building", "room", "legal_entity", "facility", "person"}

// AroundQuery asks what lies within some metres of a shape, or of a record's own.
type AroundQuery struct {
	Shape  orb.Geometry // degrees; nil: that of Ref
	Ref    Ref
	Metres float64
}

// Around is what lies around a shape, in figures.
type Around struct {
	Shape   orb.Geometry
	Outline orb.MultiPolygon // what is within the distance, to be drawn
	Counts  []KindCount
}

// AroundHit is a record near the shape.
type AroundHit struct {
	Ref    Ref
	Label  Text   // masked where it is a person's name
	Detail string // where it is
	At     orb.Point
	HasAt  bool
	Metres float64 // from the shape; 0: touching it or inside
	Masked bool
}

// ParseAroundM reads a distance as people type it: "300", "1.2 km", "500米". One out of bounds is block.ErrInvalid.
func ParseAroundM(s string) (float64, error) {
	t := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(s), ",", ""))
	unit := 1.0
	for _, u := range []struct {
		name   string
		metres float64
	}{{"公里", 1000}, {"千米", 1000}, {"km", 1000}, {"米", 1}, {"m", 1}} {
		if rest, ok := strings.CutSuffix(t, u.name); ok {
			t, unit = strings.TrimSpace(rest), u.metres
			break
		}
	}
	v, err := strconv.ParseFloat(t, 64)
	if err != nil || !(v*unit >= LeastAroundM && v*unit <= MostAroundM) {
		return 0, fmt.Errorf("distance %q: %d to %d m: %w", s, LeastAroundM, MostAroundM, block.ErrInvalid)
	}
	return v * unit, nil
}

// AroundShare is where a distance stands on the slider, 0 to 1: the slider is logarithmic, for 50 m more matter at 100 m
// than at 3 km. AroundAt is the round distance at a place of the slider.
func AroundShare(metres float64) float64 {
	share := math.Log(metres/LeastAroundM) / math.Log(MostAroundM/LeastAroundM)
	return math.Max(0, math.Min(1, share))
}

// AroundAt is the inverse of AroundShare, rounded to what is easily said: 10 m below 200 m, 50 m below 1 km, 100 m above.
func AroundAt(share float64) float64 {
	m := LeastAroundM * math.Pow(MostAroundM/LeastAroundM, math.Max(0, math.Min(1, share)))
	step := 100.0
	switch {
	case m < 200:
		step = 10
	case m < 1000:
		step = 50
	}
	return math.Max(LeastAroundM, math.Min(MostAroundM, math.Round(m/step)*step))
}

// AroundPage is how many rows are asked for at once.
const AroundPage = 200

// AroundView is the look around that the panel shows: what was asked, the figures as they come, and the rows of the chosen
// kind. UI thread only.
type AroundView struct {
	query  AroundQuery
	asked  bool
	busy   bool
	result Around
	err    error

	kind   block.Kind
	rows   []AroundHit
	pages  bool // a page is under way
	rowErr error
}

// Ask begins a look; what was shown before goes, but for the chosen kind and, where only the distance changes, the figures,
// which stay until there are others.
func (v *AroundView) Ask(q AroundQuery) {
	keep := v.kind
	*v = AroundView{query: q, asked: true, busy: true, kind: keep}
}

// Query is what was asked last; ok is false before.
func (v *AroundView) Query() (q AroundQuery, ok bool) { return v.query, v.asked }

// Busy reports whether figures are still to come, and Counted how many kinds are there.
func (v *AroundView) Busy() bool { return v.busy }

// Counted is how many kinds have their figure.
func (v *AroundView) Counted() int { return len(v.result.Counts) }

// Progress puts in the figures and the outline that are there so far.
func (v *AroundView) Progress(a Around) { v.result = a }

// Done puts in the answer or why there is none. The chosen kind becomes the first that there is something of, unless there
// is something of it.
func (v *AroundView) Done(a Around, err error) {
	v.busy, v.err = false, err
	if err != nil {
		return
	}
	v.result = a
	if v.Count(v.kind) > 0 {
		return
	}
	v.kind = ""
	for _, c := range a.Counts {
		if c.Count > 0 {
			v.kind = c.Kind
			return
		}
	}
}

// Cancelled ends a look without an answer; what is there stays.
func (v *AroundView) Cancelled() { v.busy = false }

// Result is the answer so far.
func (v *AroundView) Result() Around { return v.result }

// Err is why there is no answer.
func (v *AroundView) Err() error { return v.err }

// Count is how many there are of a kind.
func (v *AroundView) Count(kind block.Kind) int {
	for _, c := range v.result.Counts {
		if c.Kind == kind {
			return c.Count
		}
	}
	return 0
}

// Kind is the kind whose rows are listed, "" for none.
func (v *AroundView) Kind() block.Kind { return v.kind }

// List has the rows be those of a kind.
func (v *AroundView) List(kind block.Kind) { v.kind, v.rows, v.pages, v.rowErr = kind, nil, false, nil }

// Next says from which row on the next page is to be asked for, now that rows up to last are seen; ok is false when there
// is nothing to ask.
func (v *AroundView) Next(last int) (skip int, ok bool) {
	if v.kind == "" || v.busy || v.pages || v.rowErr != nil || len(v.rows) >= v.Count(v.kind) || last < len(v.rows)-AroundPage/4 {
		return 0, false
	}
	v.pages = true
	return len(v.rows), true
}

// Page puts in a page of rows, or why there is none. A page without rows ends the list.
func (v *AroundView) Page(kind block.Kind, skip int, rows []AroundHit, err error) {
	if kind != v.kind || skip != len(v.rows) {
		return
	}
	v.pages, v.rowErr = false, err
	if err == nil && len(rows) == 0 {
		v.rowErr = fmt.Errorf("rows from %d: %w", skip, block.ErrNotFound)
	}
	v.rows = append(v.rows, rows...)
}

// Rows are the rows of the chosen kind that are there, the nearest first. The caller must not change them.
func (v *AroundView) Rows() []AroundHit { return v.rows }

// Subject says in words what is looked around: the record's name, or what was drawn.
func (q AroundQuery) Subject(l *Lang, name string) string {
	switch g := q.Shape.(type) {
	case orb.Point:
		return l.T("around.point", l.LonLat(g[0], g[1]))
	case orb.LineString:
		return l.T("around.line", len(g))
	case nil:
		if name == "" {
			name = l.KindName(q.Ref.Kind)
		}
		return name
	}
	return l.T("around.area")
}

// AwayText says how far a record is.
func AwayText(l *Lang, metres float64) string {
	if metres < 999.5 {
		return l.Decimal(metres, 0) + " m"
	}
	return l.Decimal(metres/1000, 2) + " km"
}
