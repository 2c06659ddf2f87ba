package thematic

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// ErrData is wrapped by the errors about values and limits that no map can be made of.
var ErrData = errors.New("figures cannot be mapped")

// Method is how class limits are found.
type Method uint8

// The methods.
const (
	Quantile      Method = iota // as many regions in each class as ties allow
	EqualInterval               // classes of one width, a round number
	Jenks                       // natural breaks: the least variance within classes
	Fixed                       // the limits given, which do not move with the figures
)

var methodNames = [...]Text{{"分位数", "Quantiles"}, {"等间距", "Equal intervals"}, {"自然断点", "Natural breaks"}, {"固定分级", "Fixed classes"}}

// Name is the method's name for legends.
func (m Method) Name() Text { return methodNames[m] }

// MaxClasses is how many classes can be told apart by colour.
const MaxClasses = 7

// Options say how to classify.
type Options struct {
	Method  Method
	Classes int       // 2…MaxClasses, of which there are fewer when there are fewer different values; 0: 5. Not for Fixed
	Cuts    []float64 // of Fixed: the limits between classes, rising, 1…MaxClasses-1 of them
}

// Classes divide values by limits: class 0 is below Cuts[0], class i from Cuts[i-1] up to but not including Cuts[i], the
// last one from the last cut on. Every number is in one class. Without cuts there is one class.
type Classes struct {
	Method Method
	Cuts   []float64
	Whole  bool    // all values are whole numbers: limits are shown as such
	Min    float64 // of the values; NaN when there were none
	Max    float64
}

// Len is the number of classes.
func (c Classes) Len() int { return len(c.Cuts) + 1 }

// Of returns the class of a value, -1 for NaN.
func (c Classes) Of(v float64) int {
	if math.IsNaN(v) {
		return -1
	}
	return sort.Search(len(c.Cuts), func(i int) bool { return v < c.Cuts[i] })
}

// Text is what a legend says of class i: "≤ 24", "25–49", "≥ 50" for whole numbers, else "< 2.5", "2.5–<5", "≥ 5".
func (c Classes) Text(i int) string {
	n := len(c.Cuts)
	switch {
	case n == 0 && math.IsNaN(c.Min):
		return "–"
	case n == 0 && c.Min == c.Max:
		return Number(c.Min)
	case n == 0:
		return Number(c.Min) + "–" + Number(c.Max)
	case i == 0 && c.Whole:
		return "≤ " + Number(math.Ceil(c.Cuts[0])-1)
	case i == 0:
		return "< " + Number(c.Cuts[0])
	case i == n:
		return "≥ " + Number(c.Cuts[n-1])
	case c.Whole:
		lo, hi := math.Ceil(c.Cuts[i-1]), math.Ceil(c.Cuts[i])-1
		if lo == hi {
			return Number(lo)
		}
		return Number(lo) + "–" + Number(hi)
	}
	return Number(c.Cuts[i-1]) + "–<" + Number(c.Cuts[i])
}

// Number writes a number exactly, in as few digits as it takes, with commas between thousands.
func Number(v float64) string {
	s := strconv.FormatFloat(v, 'f', -1, 64)
	whole, fraction, point := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "−", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if point {
		return sign + whole + "." + fraction
	}
	return sign + whole
}

// Classify finds class limits for values, of which NaN and infinities are left out. Limits that are no rising numbers, and
// a number of classes out of range, are ErrData.
func Classify(values []float64, opt Options) (Classes, error) {
	if opt.Classes == 0 {
		opt.Classes = 5
	}
	c := Classes{Method: opt.Method, Whole: true, Min: math.NaN(), Max: math.NaN()}
	sorted := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			sorted = append(sorted, v+0) // no negative zero
			c.Whole = c.Whole && v == math.Trunc(v)
		}
	}
	slices.Sort(sorted)
	if n := len(sorted); n > 0 {
		c.Min, c.Max = sorted[0], sorted[n-1]
	}
	if opt.Method == Fixed {
		if err := checkCuts(opt.Cuts); err != nil {
			return Classes{}, err
		}
		c.Cuts = slices.Clone(opt.Cuts)
		for _, cut := range c.Cuts {
			c.Whole = c.Whole && cut == math.Trunc(cut)
		}
		return c, nil
	}
	if opt.Classes < 2 || opt.Classes > MaxClasses {
		return Classes{}, fmt.Errorf("%d classes: %w", opt.Classes, ErrData)
	}
	g := group(sorted)
	switch k := min(opt.Classes, len(g.values)); {
	case k < 2:
	case opt.Method == EqualInterval:
		c.Cuts = equalCuts(c.Min, c.Max, opt.Classes, c.Whole)
	case opt.Method == Jenks:
		c.Cuts = g.cuts(g.jenks(k))
	default:
		c.Cuts = g.cuts(g.quantiles(k))
	}
	return c, nil
}

func checkCuts(cuts []float64) error {
	if len(cuts) == 0 || len(cuts) >= MaxClasses {
		return fmt.Errorf("%d limits between classes: %w", len(cuts), ErrData)
	}
	for i, v := range cuts {
		if math.IsNaN(v) || math.IsInf(v, 0) || i > 0 && v <= cuts[i-1] {
			return fmt.Errorf("limits %v do not rise: %w", cuts, ErrData)
		}
	}
	return nil
}

// groups are the different values, rising, and how many regions have each.
type groups struct {
	values []float64
	counts []int
}

func group(sorted []float64) groups {
	var g groups
	for i, v := range sorted {
		if i == 0 || v != sorted[i-1] {
			g.values, g.counts = append(g.values, v), append(g.counts, 0)
		}
		g.counts[len(g.counts)-1]++
	}
	return g
}

// cuts makes limits of where classes begin: each the roundest number that parts the two values it lies between.
func (g groups) cuts(begins []int) []float64 {
	var out []float64
	for _, b := range begins {
		out = append(out, Roundest(g.values[b-1], g.values[b]))
	}
	return out
}

// quantiles returns the values at which the classes after the first begin. Values that are equal stay together, so a
// class begins at the value nearest to its share; there may be fewer classes than asked for.
func (g groups) quantiles(k int) []int {
	total := 0
	below := make([]int, len(g.values)+1) // regions below value i
	for i, n := range g.counts {
		total += n
		below[i+1] = total
	}
	var out []int
	last := 0
	for j := 1; j < k; j++ {
		best := -1
		for i := last + 1; i < len(g.values); i++ {
			// |below - j·total/k| without fractions; the lower of two that are as near
			if best < 0 || abs(below[i]*k-j*total) < abs(below[best]*k-j*total) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		// A class that would begin nearer to the next share than to its own is left out.
		if j < k-1 && abs(below[best]*k-j*total) > abs(below[best]*k-(j+1)*total) {
			continue
		}
		out = append(out, best)
		last = best
	}
	return out
}

func abs(v int) int {
	if v < 0 {
		return -v
	}
	return v
}

// equalCuts are the multiples of the smallest round width that makes at most k classes.
func equalCuts(lo, hi float64, k int, whole bool) []float64 {
	least := (hi - lo) / float64(k)
	if math.IsInf(least, 1) || least == 0 {
		return []float64{Roundest(lo, hi)} // beyond what a float64 can divide
	}
	for e := int(math.Floor(math.Log10(least))); ; e++ {
		for _, m := range [4]int64{10, 20, 25, 50} {
			step := decimal(m, e-1)
			if step < least || whole && step != math.Trunc(step) {
				continue
			}
			first := math.Floor(lo/step) + 1
			last := math.Ceil(hi/step) - 1
			if hi == decimal(m*int64(last+1), e-1) {
				last++ // the largest value begins a class of its own
			}
			if n := int(last-first) + 1; n < 1 || n >= k {
				if n < 1 {
					return []float64{Roundest(lo, hi)}
				}
				continue
			}
			var out []float64
			for i := int64(first); i <= int64(last); i++ {
				if c := decimal(m*i, e-1); c > lo && c <= hi {
					out = append(out, c)
				}
			}
			return out
		}
	}
}

// Roundest returns the number above lo, or hi itself, that takes the fewest digits to write and lies nearest to their
// middle: a limit that parts them. hi must be above lo.
func Roundest(lo, hi float64) float64 {
	if lo < 0 && hi >= 0 {
		return 0
	}
	top := int(math.Ceil(math.Log10(math.Max(math.Abs(lo), math.Abs(hi)))))
	middle := lo + (hi-lo)/2
	for e := top; e > top-18; e-- {
		n := math.Round(middle / decimal(1, e))
		if math.Abs(n) > 1e15 {
			break
		}
		for _, i := range [3]float64{n, n - 1, n + 1} {
			if c := decimal(int64(i), e); c > lo && c <= hi {
				return c
			}
		}
	}
	return hi
}

// decimal is m·10ᵉ as the float64 nearest to it, which is the one that is written in so many digits.
func decimal(m int64, e int) float64 {
	v, err := strconv.ParseFloat(strconv.FormatInt(m, 10)+"e"+strconv.Itoa(e), 64)
	if err != nil {
		return math.Inf(1) // out of range; nothing that is compared with it fits
	}
	return v
}
