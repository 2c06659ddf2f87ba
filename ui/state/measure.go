package state

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
)

// MeasureKind is what is measured.
type MeasureKind uint8

// A line's length with its legs, an area with its outline, the direction from one point to another.
const (
	MeasureLine MeasureKind = iota
	MeasureArea
	MeasureAzimuth
)

// Measure is what a measuring tool reads, on the ellipsoid. One without points measures nothing.
type Measure struct {
	Kind       MeasureKind
	Points     []orb.Point // degrees
	Legs       []float64   // metres from each point to the next; of an area the last leads back to the first
	LengthM    float64     // of a line or a direction
	PerimeterM float64     // of an area
	AreaM2     float64
	AzimuthDeg float64 // of the last leg, clockwise from true north, 0 to 360
	Done       bool    // the drawing has ended
}

// LengthUnit and AreaUnit are the units that measures are shown in; the zero ones go by the size.
type (
	LengthUnit uint8
	AreaUnit   uint8
)

// The units.
const (
	LengthAuto LengthUnit = iota
	LengthM
	LengthKm
)

// The units of areas: a hectare is 公顷.
const (
	AreaAuto AreaUnit = iota
	AreaM2
	AreaHa
	AreaKm2
)

// MeasureUnits are the units chosen.
type MeasureUnits struct {
	Length LengthUnit
	Area   AreaUnit
}

// ParseMeasureUnits reads what String wrote; anything else gives the zero units.
func ParseMeasureUnits(s string) MeasureUnits {
	var u MeasureUnits
	if n, err := fmt.Sscanf(s, "%d,%d", &u.Length, &u.Area); n != 2 || err != nil || u.Length > LengthKm || u.Area > AreaKm2 {
		return MeasureUnits{}
	}
	return u
}

// String is the units for the preferences.
func (u MeasureUnits) String() string { return fmt.Sprintf("%d,%d", u.Length, u.Area) }

// LengthText writes metres: centimetres below 100 m, decimetres below 1 km.
func (u MeasureUnits) LengthText(l *Lang, m float64) string {
	if u.Length == LengthKm || u.Length == LengthAuto && m >= 1000 {
		return l.Decimal(m/1000, 3) + " km"
	}
	digits := 1
	if m < 100 {
		digits = 2
	}
	return l.Decimal(m, digits) + " m"
}

// AreaText writes square metres.
func (u MeasureUnits) AreaText(l *Lang, m2 float64) string {
	switch {
	case u.Area == AreaKm2, u.Area == AreaAuto && m2 >= 1e6:
		return l.Decimal(m2/1e6, 3) + " km²"
	case u.Area == AreaHa, u.Area == AreaAuto && m2 >= 1e4:
		return l.Decimal(m2/1e4, 3) + " " + l.T("unit.ha")
	}
	return l.Decimal(m2, 1) + " m²"
}

// Decimal writes a number with so many decimals and a comma between thousands.
func (l *Lang) Decimal(v float64, digits int) string {
	s := strconv.FormatFloat(math.Abs(v), 'f', digits, 64)
	whole, rest := s, ""
	if i := strings.IndexByte(s, '.'); i >= 0 {
		whole, rest = s[:i], s[i:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if v < 0 && strings.Trim(s, "0.") != "" {
		whole = "-" + whole
	}
	return whole + rest
}

// AzimuthText writes a direction in degrees and in degrees, minutes and seconds: "123.46° (123°27′24″)".
func AzimuthText(deg float64) string {
	seconds := int(math.Round(deg*3600)) % (360 * 3600)
	return fmt.Sprintf("%.2f° (%d°%02d′%02d″)", math.Mod(math.Round(deg*100)/100, 360), seconds/3600, seconds/60%60, seconds%60)
}

// IsZero reports whether nothing is measured.
func (m Measure) IsZero() bool { return len(m.Points) == 0 }

// Headline is the figure that the panel shows large, "" while there are too few points.
func (m Measure) Headline(l *Lang, u MeasureUnits) string {
	switch {
	case len(m.Legs) == 0:
		return ""
	case m.Kind == MeasureArea:
		if len(m.Points) < 3 {
			return ""
		}
		return u.AreaText(l, m.AreaM2)
	case m.Kind == MeasureAzimuth:
		return AzimuthText(m.AzimuthDeg)
	}
	return u.LengthText(l, m.LengthM)
}

// ReadOut is the text beside the pointer.
func (m Measure) ReadOut(l *Lang, u MeasureUnits) string {
	switch {
	case len(m.Legs) == 0:
		return ""
	case m.Kind == MeasureArea && len(m.Points) < 3:
		return u.LengthText(l, m.PerimeterM)
	case m.Kind == MeasureArea:
		return u.AreaText(l, m.AreaM2) + "·" + u.LengthText(l, m.PerimeterM)
	case m.Kind == MeasureAzimuth:
		return fmt.Sprintf("%.2f°·%s", m.AzimuthDeg, u.LengthText(l, m.LengthM))
	case len(m.Legs) == 1:
		return u.LengthText(l, m.LengthM)
	}
	return u.LengthText(l, m.LengthM) + "·+" + u.LengthText(l, m.Legs[len(m.Legs)-1])
}

// MeasureFact is a line of the panel.
type MeasureFact struct{ Label, Value string }

// Facts are the lines below the headline: what else the drawing measures, then its legs.
func (m Measure) Facts(l *Lang, u MeasureUnits) []MeasureFact {
	if len(m.Legs) == 0 {
		return nil
	}
	var out []MeasureFact
	switch m.Kind {
	case MeasureArea:
		out = append(out, MeasureFact{l.T("measure.perimeter"), u.LengthText(l, m.PerimeterM)})
	case MeasureAzimuth:
		return append(out,
			MeasureFact{l.T("measure.distance"), u.LengthText(l, m.LengthM)},
			MeasureFact{l.T("measure.from"), l.LonLat(m.Points[0][0], m.Points[0][1])},
			MeasureFact{l.T("measure.to"), l.LonLat(m.Points[len(m.Points)-1][0], m.Points[len(m.Points)-1][1])})
	}
	if len(m.Legs) > 1 {
		for i, leg := range m.Legs {
			out = append(out, MeasureFact{l.T("measure.leg", i+1), u.LengthText(l, leg)})
		}
	}
	return out
}

// Table is the measure for the clipboard: a line of label and value for each figure, then the points.
func (m Measure) Table(l *Lang, u MeasureUnits) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\t%s\n", l.T([]string{"measure.length", "measure.area", "measure.azimuth"}[m.Kind]), m.Headline(l, u))
	for _, f := range m.Facts(l, u) {
		fmt.Fprintf(&b, "%s\t%s\n", f.Label, f.Value)
	}
	for _, p := range m.Points {
		fmt.Fprintf(&b, "%s\t%.7f, %.7f\n", l.T("measure.point"), p[0], p[1])
	}
	return b.String()
}
