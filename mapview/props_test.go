package mapview

import (
	"fmt"
	"math"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/mapview/style"
)

// TestColumns keeps every kind of value through packing, edits and compaction, in columns of one, two and four bytes a feature.
func TestColumns(t *testing.T) {
	for _, n := range []int{3, 300, 70_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			row := func(i int) []style.Value {
				odd := style.Null()
				switch i % 4 {
				case 1:
					odd = style.Bool(true)
				case 2:
					odd = style.Num(float64(i) / 4)
				case 3:
					odd = style.Arr([]style.Value{style.Num(1), style.Str("二")})
				}
				return []style.Value{style.Str(fmt.Sprintf("%d栋", i)), odd, style.Num(float64(i % 7))}
			}
			want := func(i int) []style.Value {
				w := row(i)
				if i%4 == 3 {
					w[1] = style.Str(`[1,"二"]`)
				}
				return w
			}
			names := []string{"name", "odd", "floors"}
			var b Builder
			b.Columns(names...)
			at := func(i int) orb.Point { return orb.Point{114 + float64(i%500)*1e-4, 22 + float64(i/500)*1e-4} }
			for i := range n {
				if err := b.AddRow(testID(i+1), at(i), row(i)); err != nil {
					t.Fatal(err)
				}
			}
			s := b.Build(1)
			check := func(s *Snapshot) {
				t.Helper()
				for i := range n {
					f, ok := s.Find(testID(i + 1))
					if !ok {
						t.Fatalf("no feature %d", i)
					}
					w := want(i)
					if i == 1 && s.Version() > 1 {
						w = []style.Value{style.Str("new"), style.Null(), style.Null()}
					}
					for j, name := range names {
						if v, has := f.Property(name); v != w[j] || has != (w[j].Kind() != style.KindNull) {
							t.Fatalf("feature %d has %s %v, want %v", i, name, v, w[j])
						}
					}
				}
			}
			check(s)
			next, err := s.With(2, []Change{{ID: testID(2), Geometry: at(1), Values: []style.Value{style.Str("new")}}})
			if err != nil {
				t.Fatal(err)
			}
			check(next)
			check(next.Compact())
			if f, _ := s.Find(testID(1)); true {
				if _, ok := f.Property("height"); ok {
					t.Error("a property that is not there was found")
				}
			}
		})
	}
	var b Builder
	b.Columns("a")
	if err := b.AddRow(testID(1), orb.Point{}, []style.Value{style.Null(), style.Null()}); err == nil {
		t.Error("more values than columns were taken")
	}
	if err := b.AddRow(testID(1), orb.Point{}, []style.Value{style.Num(math.NaN())}); err != nil {
		t.Error(err)
	}
	for f := range b.Build(1).Search(orb.Bound{Min: orb.Point{-1, -1}, Max: orb.Point{1, 1}}) {
		if v, ok := f.Property("a"); ok {
			t.Errorf("no number became %v", v)
		}
	}
}
