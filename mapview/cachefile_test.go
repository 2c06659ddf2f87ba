package mapview

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/paulmach/orb"
)

// cacheLayers are small layers of every shape, with columns of every kind of value.
func cacheLayers(t testing.TB) map[string]*Snapshot {
	t.Helper()
	var areas, points, lines Builder
	areas.columns = []columnBuilder{newColumnBuilder("mixed"), newColumnBuilder("many")}
	for i := range 700 {
		x, y := 114+float64(i%30)*0.01, 22+float64(i/30)*0.01
		if err := areas.Add(testID(i+1), uint8(i), fmt.Sprint("楼", i%9), orb.Polygon{{{x, y}, {x + 0.004, y}, {x, y + 0.004}}}); err != nil {
			t.Fatal(err)
		}
		mixed := []prop{{}, {kind: propTrue}, {kind: propFalse}, {kind: propNumber, num: float64(i)}, {kind: propString, str: fmt.Sprint(i)}}[i%5]
		areas.columns[0].codes = append(areas.columns[0].codes, areas.columns[0].intern(mixed))
		areas.columns[1].codes = append(areas.columns[1].codes, areas.columns[1].intern(prop{kind: propString, str: fmt.Sprint("n", i)}))
		if err := errors.Join(points.Add(testID(i+1), 0, "", orb.Point{x, y}), lines.Add(testID(i+1), 0, "", orb.LineString{{x, y}, {y, x}})); err != nil {
			t.Fatal(err)
		}
	}
	a, p := areas.Build(1), points.Build(1)
	p, err := p.With(2, []Change{{ID: testID(5), Removed: true}, {ID: testID(9999), Geometry: orb.Point{1, 2}}})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*Snapshot{"areas": a, "points": p, "lines": lines.Build(1), "none": new(Builder).Build(1)}
}

func written(t testing.TB, key string, layers map[string]*Snapshot) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteCache(&b, key, layers); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCacheGivesBackWhatItGot(t *testing.T) {
	layers := cacheLayers(t)
	file := written(t, "state 1", layers)
	got, err := ReadCache(bytes.NewReader(file), int64(len(file)), "state 1", 7)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range layers {
		g := got[name]
		if g == nil || g.Len() != want.Len() || g.Bound() != want.Bound() || g.Version() != 7 {
			t.Fatalf("%s: %v", name, g)
		}
		for p := range want.parts() {
			for i := range p.len() {
				f := Feature{p.packed, i}
				back, ok := g.Find(f.ID())
				if ok == p.hidden(i) {
					t.Fatalf("%s: feature %x found: %v", name, f.ID(), ok)
				}
				if !ok {
					continue
				}
				if back.Label() != f.Label() || back.Class() != f.Class() || back.Bound() != f.Bound() {
					t.Fatalf("%s: feature %x comes back as another", name, f.ID())
				}
				for j := range p.columns {
					c, d := &p.columns[j], back.p.column(p.columns[j].name)
					if c.value(c.code(i)) != d.value(d.code(back.i)) {
						t.Fatalf("%s: %s of feature %x is %v, want %v", name, c.name, f.ID(), d.value(d.code(back.i)), c.value(c.code(i)))
					}
				}
			}
		}
	}
	if _, err := ReadCache(bytes.NewReader(file), int64(len(file)), "state 2", 1); !errors.Is(err, ErrCache) {
		t.Errorf("a cache of another state: %v", err)
	}
}

// No byte of a cache file may change unnoticed, and no part of one be taken for the whole.
func TestCacheNoticesDamage(t *testing.T) {
	file := written(t, "k", cacheLayers(t))
	for at := 0; at < len(file); at += 1 + at%1777 {
		broken := slices.Clone(file)
		broken[at] ^= 0x10
		if _, err := ReadCache(bytes.NewReader(broken), int64(len(broken)), "k", 1); !errors.Is(err, ErrCache) {
			t.Fatalf("byte %d of %d changed: %v", at, len(file), err)
		}
		if _, err := ReadCache(bytes.NewReader(file[:at]), int64(at), "k", 1); !errors.Is(err, ErrCache) {
			t.Fatalf("cut at %d of %d: %v", at, len(file), err)
		}
	}
}

// Arrays that do not fit together are refused even where their checksums are right.
func TestCacheRefusesNonsense(t *testing.T) {
	for name, spoil := range map[string]func(p *packed){
		"ring past the end":  func(p *packed) { p.rings[len(p.rings)-1]++ },
		"rings out of order": func(p *packed) { p.rings[1], p.rings[2] = p.rings[2], p.rings[1] },
		"ring of two points": func(p *packed) { p.rings[1] = 2 },
		"no ring":            func(p *packed) { p.feats[1] = 0 },
		"label past the end": func(p *packed) { p.labels[3] = 1 << 30 },
		"shape":              func(p *packed) { p.shapes[0] = 9 },
		"ids":                func(p *packed) { p.ids = p.ids[1:] },
		"code":               func(p *packed) { p.columns[1].code16[4] = 60000 },
		"kind":               func(p *packed) { p.columns[0].kinds[0] = 77 },
		"no numbers":         func(p *packed) { p.columns[0].nums = nil },
		"ends":               func(p *packed) { p.columns[0].ends[2] = 1 << 20 },
		"short column":       func(p *packed) { p.columns[0].code16 = p.columns[0].code16[1:] },
	} {
		layers := cacheLayers(t)
		spoil(layers["areas"].base)
		file := written(t, "k", map[string]*Snapshot{"areas": layers["areas"]})
		if _, err := ReadCache(bytes.NewReader(file), int64(len(file)), "k", 1); !errors.Is(err, ErrCache) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReadCache(f *testing.F) {
	f.Add([]byte(cacheMagic))
	f.Add(written(f, "k", map[string]*Snapshot{"none": new(Builder).Build(1)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		layers, err := ReadCache(bytes.NewReader(b), int64(len(b)), "k", 1)
		if err != nil && !errors.Is(err, ErrCache) {
			t.Fatal(err)
		}
		for _, s := range layers {
			s.Len()
		}
	})
}

func BenchmarkReadCache(b *testing.B) {
	file := written(b, "k", map[string]*Snapshot{"building": benchCity(660_000)})
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, err := ReadCache(bytes.NewReader(file), int64(len(file)), "k", 1); err != nil {
			b.Fatal(err)
		}
	}
}
