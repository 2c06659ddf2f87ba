package mapwidget

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"kuaitu/geo"
)

// Measure is what a measuring tool reads, on the ellipsoid. While it is drawn the point under the pointer is its last. A Measure
// without points says that the drawing was given up.
type Measure struct {
	Tool       Tool
	Points     []orb.Point // degrees
	Legs       []float64   // metres from each point to the next; of an area the last leads back to the first
	LengthM    float64     // of a line: the sum of its legs
	PerimeterM float64     // of an area
	AreaM2     float64
	AzimuthDeg float64 // of the last leg of a line, clockwise from north, 0 to 360
	Done       bool
}

// measure reads the drawing.
func (m *Map) measure() Measure {
	path := m.drawing.path()
	out := Measure{Tool: m.tool, Points: append([]orb.Point{}, path...), Done: m.drawing.done}
	leg := func(a, b orb.Point) {
		metres, azimuth, _ := geo.Inverse(a, b)
		out.Legs = append(out.Legs, metres)
		out.LengthM += metres
		if metres > 0 {
			out.AzimuthDeg = math.Mod(azimuth+360, 360)
		}
	}
	for i := 1; i < len(path); i++ {
		leg(path[i-1], path[i])
	}
	if m.tool == ToolMeasureArea {
		if len(path) > 2 {
			leg(path[len(path)-1], path[0])
			out.AreaM2 = geo.GeodesicArea(orb.Polygon{append(orb.Ring(out.Points[:len(path):len(path)]), path[0])})
		}
		out.PerimeterM, out.LengthM, out.AzimuthDeg = out.LengthM, 0, 0
	}
	return out
}

// readOut is the text beside the pointer where Map.ReadOut is nil: figures and units that need no translation.
func readOut(r Measure) string {
	if len(r.Legs) == 0 {
		return ""
	}
	switch r.Tool {
	case ToolMeasureArea:
		if r.AreaM2 == 0 {
			return metres(r.PerimeterM)
		}
		return squareMetres(r.AreaM2) + "  ·  " + metres(r.PerimeterM)
	case ToolMeasureAzimuth:
		return fmt.Sprintf("%.1f°  ·  %s", r.AzimuthDeg, metres(r.LengthM))
	}
	if len(r.Legs) == 1 {
		return metres(r.LengthM)
	}
	return metres(r.LengthM) + "  ·  +" + metres(r.Legs[len(r.Legs)-1])
}

func metres(v float64) string {
	switch {
	case v < 100:
		return fmt.Sprintf("%.1f m", v)
	case v < 1000:
		return fmt.Sprintf("%.0f m", v)
	}
	return fmt.Sprintf("%.2f km", v/1000)
}

func squareMetres(v float64) string {
	if v < 1e6 {
		return thousands(math.Round(v)) + " m²"
	}
	return fmt.Sprintf("%.2f km²", v/1e6)
}

// thousands writes a whole number with commas.
func thousands(v float64) string {
	s := strconv.FormatFloat(v, 'f', 0, 64)
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// distance is the metres between two points.
func distance(a, b orb.Point) float64 {
	m, _, _ := geo.Inverse(a, b)
	return m
}
