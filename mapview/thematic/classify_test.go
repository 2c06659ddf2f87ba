package thematic

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestClassifyKnown(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []float64
		opt    Options
		cuts   []float64
		texts  []string
	}{
		{"quantiles of a hundred", count(1, 100), Options{Method: Quantile, Classes: 4}, []float64{26, 51, 76}, []string{"≤ 25", "26–50", "51–75", "≥ 76"}},
		{"limits in gaps are round", []float64{3, 4, 17, 18, 230, 240}, Options{Method: Quantile, Classes: 3}, []float64{10, 100}, []string{"≤ 9", "10–99", "≥ 100"}},
		{"equal intervals are round", []float64{0, 13.7, 96.2}, Options{Method: EqualInterval, Classes: 5}, []float64{20, 40, 60, 80}, []string{"< 20", "20–<40", "40–<60", "60–<80", "≥ 80"}},
		{"equal intervals of whole numbers", []float64{0, 1, 2, 3}, Options{Method: EqualInterval, Classes: 5}, []float64{1, 2, 3}, []string{"≤ 0", "1", "2", "≥ 3"}},
		{"natural breaks find the groups", []float64{1, 2, 3, 50, 51, 52, 900, 905}, Options{Method: Jenks, Classes: 3}, []float64{30, 500}, []string{"≤ 29", "30–499", "≥ 500"}},
		{"fractions", []float64{0.12, 0.13, 0.55, 0.56}, Options{Method: Jenks, Classes: 2}, []float64{0.3}, []string{"< 0.3", "≥ 0.3"}},
		{"negative and positive part at nought", []float64{-7.5, -3, 2, 9}, Options{Method: Quantile, Classes: 2}, []float64{0}, []string{"< 0", "≥ 0"}},
		{"thousands", []float64{1200, 3400, 12000, 56000}, Options{Method: Quantile, Classes: 2}, []float64{10000}, []string{"≤ 9,999", "≥ 10,000"}},
		{"fewer values than classes", []float64{4, 4, 9}, Options{Method: Jenks, Classes: 5}, []float64{7}, []string{"≤ 6", "≥ 7"}},
		{"one value", []float64{7, 7}, Options{Method: Quantile, Classes: 5}, nil, []string{"7"}},
		{"no value", []float64{math.NaN(), math.Inf(1)}, Options{Method: Jenks}, nil, []string{"–"}},
		{"fixed limits stand", []float64{1, 2}, Options{Method: Fixed, Cuts: []float64{5, 80, 120.5}}, []float64{5, 80, 120.5}, []string{"< 5", "5–<80", "80–<120.5", "≥ 120.5"}},
	} {
		got, err := Classify(c.values, c.opt)
		if err != nil {
			t.Fatal(c.name, err)
		}
		var texts []string
		for i := range got.Len() {
			texts = append(texts, got.Text(i))
		}
		if !slices.Equal(got.Cuts, c.cuts) || !slices.Equal(texts, c.texts) {
			t.Errorf("%s: %v %q, want %v %q", c.name, got.Cuts, texts, c.cuts, c.texts)
		}
	}
}

func count(from, to int) (out []float64) {
	for i := from; i <= to; i++ {
		out = append(out, float64(i))
	}
	return out
}

func TestClassifyRefuses(t *testing.T) {
	for name, opt := range map[string]Options{
		"one class": {Classes: 1}, "too many": {Classes: MaxClasses + 1}, "below nought": {Classes: -3}, "fixed without limits": {Method: Fixed},
		"limits fall": {Method: Fixed, Cuts: []float64{2, 1}}, "equal limits": {Method: Fixed, Cuts: []float64{2, 2}}, "no number": {Method: Fixed, Cuts: []float64{math.NaN()}},
		"too many limits": {Method: Fixed, Cuts: count(1, MaxClasses)},
	} {
		if _, err := Classify(count(1, 9), opt); !errors.Is(err, ErrData) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func drawValues(t *rapid.T) []float64 {
	kind := rapid.SampledFrom([]string{"whole", "skewed", "any", "tied"}).Draw(t, "kind")
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) float64 {
		switch kind {
		case "whole":
			return float64(rapid.IntRange(-50, 5000).Draw(t, "n"))
		case "tied":
			return float64(rapid.IntRange(0, 6).Draw(t, "n"))
		case "skewed":
			return math.Exp(rapid.Float64Range(-20, 20).Draw(t, "e"))
		}
		return rapid.Float64Range(-1e12, 1e12).Draw(t, "v")
	}), 0, 80).Draw(t, "values")
}

// inText says whether a value is in the range that a legend's text names, reading the text as a person does.
func inText(t *rapid.T, text string, v float64) bool {
	number := func(s string) float64 {
		n, err := strconv.ParseFloat(strings.NewReplacer(",", "", "−", "-").Replace(s), 64)
		if err != nil {
			t.Fatalf("a legend says %q", text)
		}
		return n
	}
	if lo, hi, ok := strings.Cut(text, "–<"); ok {
		return v >= number(lo) && v < number(hi)
	}
	for _, p := range []struct {
		sign string
		in   func(n float64) bool
	}{{"≤ ", func(n float64) bool { return v <= n }}, {"< ", func(n float64) bool { return v < n }}, {"≥ ", func(n float64) bool { return v >= n }}} {
		if s, ok := strings.CutPrefix(text, p.sign); ok {
			return p.in(number(s))
		}
	}
	if lo, hi, ok := strings.Cut(text, "–"); ok {
		return v >= number(lo) && v <= number(hi)
	}
	return v == number(text)
}

// The legend never lies: the one class whose text a value fits is the class it is coloured as.
func TestLegendTellsTheTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := drawValues(t)
		opt := Options{Method: rapid.SampledFrom([]Method{Quantile, EqualInterval, Jenks}).Draw(t, "method"), Classes: rapid.IntRange(2, MaxClasses).Draw(t, "classes")}
		c, err := Classify(values, opt)
		if err != nil {
			t.Fatal(err)
		}
		if c.Len() > opt.Classes {
			t.Fatalf("%d classes of at most %d: %v", c.Len(), opt.Classes, c.Cuts)
		}
		if !slices.IsSorted(c.Cuts) || len(slices.Compact(slices.Clone(c.Cuts))) != len(c.Cuts) {
			t.Fatalf("limits %v", c.Cuts)
		}
		seen := make([]int, c.Len())
		for _, v := range values {
			class := c.Of(v)
			seen[class]++
			for i := range c.Len() {
				if in := inText(t, c.Text(i), v); in != (i == class) {
					t.Fatalf("%v is in class %d %q; class %d says %q", v, class, c.Text(class), i, c.Text(i))
				}
			}
		}
		if opt.Method != EqualInterval && len(values) > 0 && slices.Contains(seen, 0) {
			t.Fatalf("an empty class: %v of %v", seen, c.Cuts)
		}
		shuffled := slices.Clone(values)
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if again, _ := Classify(shuffled, opt); !slices.Equal(again.Cuts, c.Cuts) {
			t.Fatalf("in another order the limits are %v, not %v", again.Cuts, c.Cuts)
		}
	})
}

func withinClasses(sorted []float64, class func(float64) int) float64 {
	sum, n := map[int]float64{}, map[int]float64{}
	for _, v := range sorted {
		sum[class(v)] += v
		n[class(v)]++
	}
	total := 0.0
	for _, v := range sorted {
		d := v - sum[class(v)]/n[class(v)]
		total += d * d
	}
	return total
}

// Natural breaks are the best there are: every other partition of a few values is worse or as good.
func TestJenksIsLeast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(0, 60).Draw(t, "v")) }), 2, 14).Draw(t, "values")
		slices.Sort(values)
		k := rapid.IntRange(2, 4).Draw(t, "classes")
		c, err := Classify(values, Options{Method: Jenks, Classes: k})
		if err != nil {
			t.Fatal(err)
		}
		got := withinClasses(values, c.Of)
		best := math.Inf(1)
		var try func(cuts []float64, from int)
		try = func(cuts []float64, from int) {
			if len(cuts) == k-1 {
				best = min(best, withinClasses(values, Classes{Cuts: cuts}.Of))
				return
			}
			for i := from; i < len(values); i++ {
				try(append(cuts, values[i]), i)
			}
		}
		try(nil, 0)
		if got > best+1e-6 {
			t.Fatalf("spread %g with %v, least %g, of %v", got, c.Cuts, best, values)
		}
	})
}

func TestQuantilesAreEven(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var values []float64
	for range 1000 {
		values = append(values, math.Exp(rng.NormFloat64()))
	}
	c, err := Classify(values, Options{Method: Quantile, Classes: 5})
	if err != nil {
		t.Fatal(err)
	}
	n := make([]int, c.Len())
	for _, v := range values {
		n[c.Of(v)]++
	}
	if !slices.Equal(n, []int{200, 200, 200, 200, 200}) {
		t.Errorf("quintiles of a thousand hold %v", n)
	}
}

func TestRoundest(t *testing.T) {
	for _, c := range []struct{ lo, hi, want float64 }{
		{3, 17, 10}, {17, 230, 100}, {-3, 5, 0}, {-17, -3, -10}, {0, 1, 1}, {0.12, 0.55, 0.3}, {1.234, 1.2345, 1.2342}, {99.9, 100.1, 100}, {0, 7, 4}, {31, 38, 35},
		{math.Nextafter(2, 0), 2, 2}, {1e-9, 3e-9, 2e-9}, {0, math.SmallestNonzeroFloat64, math.SmallestNonzeroFloat64},
	} {
		if got := Roundest(c.lo, c.hi); got != c.want {
			t.Errorf("between %v and %v: %v, want %v", c.lo, c.hi, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		lo, hi := rapid.Float64Range(-1e15, 1e15).Draw(t, "lo"), rapid.Float64Range(-1e15, 1e15).Draw(t, "hi")
		if lo > hi {
			lo, hi = hi, lo
		}
		if c := Roundest(lo, hi); lo < hi && !(c > lo && c <= hi) {
			t.Fatalf("%v is not above %v up to %v", c, lo, hi)
		}
	})
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 1234567.5: "1,234,567.5", -1200: "−1,200", 0.25: "0.25", -123: "−123"} {
		if got := Number(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
}

func BenchmarkClassify(b *testing.B) {
	for _, n := range []int{200, 20_000} {
		rng := rand.New(rand.NewPCG(1, 9))
		values := make([]float64, n)
		for i := range values {
			values[i] = math.Exp(rng.NormFloat64())
		}
		for m, name := range map[Method]string{Quantile: "quantile", EqualInterval: "equal", Jenks: "jenks"} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					if _, err := Classify(values, Options{Method: m, Classes: 5}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
