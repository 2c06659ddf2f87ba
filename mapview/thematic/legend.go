package thematic

import (
	"fmt"
	"image/color"
	"time"
)

// Legend says what a map of figures shows.
type Legend struct {
	Title   string
	Unit    string
	AsOf    string  // 截至 2026-03-01 08:00; empty when the time is not known
	Note    string  // how the classes were found
	Entries []Entry // classes from the highest, then what is not shown; of symbols the largest first
}

// Entry is one line of a legend.
type Entry struct {
	Text   string
	Colour color.NRGBA
	Hatch  bool    // Colour is that of lines over nothing
	Radius float64 // of a circle, design pixels; 0: a field of colour
	Count  int     // regions that are drawn so
}

var (
	noDataText = Text{"无数据", "No data"}
	fewText    = Text{"少于 %d，不显示", "Fewer than %d, not shown"}
	asOfText   = Text{"截至 %s", "As of %s"}
	classText  = Text{"%s·%d 级", "%s, %d classes"}
)

// asOf writes a time in a zone; nil is UTC.
func asOf(t time.Time, zone *time.Location, lang string) string {
	if t.IsZero() {
		return ""
	}
	if zone == nil {
		zone = time.UTC
	}
	return fmt.Sprintf(asOfText.In(lang), t.In(zone).Format("2006-01-02 15:04"))
}
