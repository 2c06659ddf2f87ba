package state

import (
	"fmt"
	"math"
	"time"

	"github.com/paulmach/orb"
)

// View is what the map shows: mapview's camera in the words of the screen.
type View struct {
	Center      orb.Point // lon/lat in the storage datum
	Zoom        float64   // 256-px tiles
	Bound       orb.Bound
	MetresPerDp float64 // ground length of one device-independent unit at the centre
}

// dpMetres is the size of a device-independent unit: 1/96 inch, as OGC's scale denominators nearly have it (0.28 mm) and
// as desktop systems do.
const dpMetres = 0.0254 / 96

// Scale is the scale's denominator, rounded to two digits: 3,800 for 1:3,800. 0 when it is not known.
func (v View) Scale() int {
	d := v.MetresPerDp / dpMetres
	if d < 1 || math.IsNaN(d) || math.IsInf(d, 0) {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(d))-1)
	return int(math.Round(math.Round(d/unit) * unit))
}

// ScaleBar picks a round length (1, 2 or 5 times a power of ten) that is at most maxDp long on screen.
// Both are 0 when the view is not known.
func (v View) ScaleBar(maxDp float64) (metres, dp float64) {
	limit := v.MetresPerDp * maxDp
	if limit <= 0 || math.IsNaN(limit) || math.IsInf(limit, 0) {
		return 0, 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(limit)))
	for _, f := range []float64{5, 2, 1} {
		if f*unit <= limit {
			return f * unit, f * unit / v.MetresPerDp
		}
	}
	return unit, unit / v.MetresPerDp
}

// StatusBar is everything the bottom line shows.
type StatusBar struct {
	Left  []StatusItem
	Right []StatusItem
}

// StatusItem is one cell of the bar.
type StatusItem struct {
	Name string // "position", "datum", "scale", "basemap", "data", "proof", "pending", "disk": for tests and clicks
	Icon string
	Text string
	Tone Tone
}

// StatusFacts are the values behind the bar.
type StatusFacts struct {
	Pointer    orb.Point
	HasPointer bool
	View       View
	Datum      string // "CGCS2000"
	BaseMap    string // name and date; empty when there is none
	Sync       SyncStatus
	DiskFree   int64 // bytes; negative when it is not known
}

// Format makes the bar's cells. Data older than a day is amber.
func (f StatusFacts) Format(l *Lang, now time.Time) StatusBar {
	var b StatusBar
	left := func(name, text string) { b.Left = append(b.Left, StatusItem{Name: name, Text: text}) }
	p := f.View.Center
	if f.HasPointer {
		p = f.Pointer
	}
	left("position", l.LonLat(p[0], p[1]))
	left("datum", f.Datum)
	if n := f.View.Scale(); n > 0 {
		left("scale", l.T("status.scale", l.Count(n), fmt.Sprintf("%.1f", f.View.Zoom)))
	}
	if f.BaseMap == "" {
		left("basemap", l.T("status.nobase"))
	} else {
		left("basemap", l.T("status.base", f.BaseMap))
	}

	right := func(i StatusItem) { b.Right = append(b.Right, i) }
	s := f.Sync
	switch {
	case s.DataAsOf.IsZero():
		right(StatusItem{Name: "data", Icon: "clock", Text: l.T("status.data.local")})
	default:
		tone := TonePlain
		if now.Sub(s.DataAsOf) > 24*time.Hour {
			tone = ToneNear
		}
		right(StatusItem{Name: "data", Icon: "clock", Text: l.T("status.data", l.Time(s.DataAsOf, now), l.Age(s.DataAsOf, now)), Tone: tone})
	}
	if s.Proof != "" {
		item := StatusItem{Name: "proof", Icon: "shield-check", Text: l.T("status.proof", s.Proof)}
		if s.Equal {
			item.Tone = ToneGood
		}
		right(item)
	}
	if s.Enrolled || s.Pending > 0 {
		item := StatusItem{Name: "pending", Icon: "cloud-upload", Text: l.T("status.pending", s.Pending)}
		if s.Photos > 0 {
			item.Text = l.T("status.pending.photos", s.Pending, s.Photos)
		}
		if s.Pending+s.Photos > 0 {
			item.Tone = ToneAccent
		}
		right(item)
	}
	if f.DiskFree >= 0 {
		tone := TonePlain
		if f.DiskFree < 2e9 {
			tone = ToneNear
		}
		right(StatusItem{Name: "disk", Text: l.T("status.disk", l.Bytes(f.DiskFree)), Tone: tone})
	}
	return b
}
