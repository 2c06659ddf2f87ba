package thematic

import (
	"math"
	"time"

	"kuaitu/mapview"
)

// Text is a text in the two languages of the product.
type Text struct{ ZH, EN string }

// In returns the text in "zh" or "en".
func (t Text) In(lang string) string {
	if lang == "en" {
		return t.EN
	}
	return t.ZH
}

// Norm is what a figure is divided by before it is mapped: a colour should not say how large a region is.
type Norm uint8

// The norms.
const (
	Count       Norm = iota // nothing: for proportional symbols
	PerKm2                  // Base is m²; where it is 0 the region's own area on the ellipsoid
	PerThousand             // Base is residents
	Percent                 // Base is the whole that Count is a part of
)

// Indicator says what is mapped.
type Indicator struct {
	Name Text
	Unit Text // of the mapped value: 件/km²
	Norm Norm
	AsOf time.Time // when the figures were true
	// MinCount is how many people must be behind a figure for it to be shown: counts above 0 and below it are not, nor
	// shares from which such a count could be told. 0 and 1: everything is shown.
	MinCount int
}

// Row is the figure of one region.
type Row struct {
	Region mapview.ID
	Count  float64 // NaN: not known
	Base   float64 // what it is divided by, see Norm
}

// State is whether a figure can be shown.
type State uint8

// The states of a figure.
const (
	Shown      State = iota
	NoData           // not known, or divided by nothing
	Suppressed       // of too few people
)

// Value returns what is mapped of a row, NaN unless it is shown.
func (ind Indicator) Value(r Row) (float64, State) {
	least := float64(ind.MinCount)
	few := func(n float64) bool { return n > 0 && n < least }
	switch {
	case math.IsNaN(r.Count) || math.IsInf(r.Count, 0):
		return math.NaN(), NoData
	case few(r.Count), ind.Norm == Percent && few(r.Base-r.Count):
		return math.NaN(), Suppressed
	case ind.Norm == Count:
		return r.Count, Shown
	case !(r.Base > 0) || math.IsInf(r.Base, 1):
		return math.NaN(), NoData
	case ind.Norm == PerKm2:
		return r.Count / (r.Base / 1e6), Shown
	case ind.Norm == PerThousand:
		return r.Count * 1000 / r.Base, Shown
	}
	return r.Count * 100 / r.Base, Shown
}
