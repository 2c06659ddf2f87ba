package mvt

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"testing"
)

// message writes a protocol buffer.
type message []byte

func (m message) uint(field int, v uint64) message {
	return binary.AppendUvarint(binary.AppendUvarint(m, uint64(field<<3)), v)
}

func (m message) sub(field int, b []byte) message {
	m = binary.AppendUvarint(binary.AppendUvarint(m, uint64(field<<3|wireBytes)), uint64(len(b)))
	return append(m, b...)
}

func (m message) packed(field int, v ...uint64) message {
	var b []byte
	for _, u := range v {
		b = binary.AppendUvarint(b, u)
	}
	return m.sub(field, b)
}

// zz is the zigzag code of a coordinate.
func zz(v int) uint64 { return uint64(uint32(v<<1) ^ uint32(v>>31)) }

// ringCommands is a geometry of closed rings of x, y pairs.
func ringCommands(rings ...[]int) []uint64 {
	var out []uint64
	px, py := 0, 0
	to := func(x, y int) { out = append(out, zz(x-px), zz(y-py)); px, py = x, y }
	for _, r := range rings {
		out = append(out, 1<<3|moveTo)
		to(r[0], r[1])
		out = append(out, uint64(len(r)/2-1)<<3|lineTo)
		for i := 2; i < len(r); i += 2 {
			to(r[i], r[i+1])
		}
		out = append(out, 1<<3|closePath)
	}
	return out
}

func featureOf(kind Geometry, geometry ...uint64) message {
	return message(nil).uint(1, 7).packed(2, 0, 0).uint(3, uint64(kind)).packed(4, geometry...)
}

func layerOf(version uint64, features ...[]byte) message {
	m := message(nil).uint(15, version).sub(1, []byte("roads")).sub(3, []byte("name")).sub(4, message(nil).sub(1, []byte("深南大道")))
	for _, f := range features {
		m = m.sub(2, f)
	}
	return m
}

func tileOf(layers ...[]byte) message {
	var m message
	for _, l := range layers {
		m = m.sub(3, l)
	}
	return m
}

func decode(t *testing.T, data []byte) *Tile {
	t.Helper()
	tile, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return tile
}

func TestGeometries(t *testing.T) {
	square, hole := []int{0, 0, 10, 0, 10, 10, 0, 10}, []int{2, 2, 2, 8, 8, 8, 8, 2}
	turned, same := []int{0, 10, 10, 10, 10, 0, 0, 0}, []int{2, 2, 8, 2, 8, 8, 2, 8}
	apart := []int{20, 0, 30, 0, 30, 10, 20, 10}
	for _, c := range []struct {
		name    string
		version uint64
		kind    Geometry
		g       []uint64
		want    [][]int32
		broken  int
	}{
		{"point", 2, Points, []uint64{9, zz(25), zz(17)}, [][]int32{{25, 17}}, 0},
		{"points", 2, Points, []uint64{2<<3 | moveTo, zz(5), zz(7), zz(-2), zz(-5)}, [][]int32{{5, 7, 3, 2}}, 0},
		{"line", 2, Lines, []uint64{9, zz(2), zz(2), 2<<3 | lineTo, zz(0), zz(8), zz(8), zz(0)}, [][]int32{{2, 2, 2, 10, 10, 10}}, 0},
		{"two lines, one without length", 2, Lines, []uint64{9, zz(2), zz(2), 10, zz(0), zz(8), 9, 0, 0, 10, 0, 0}, [][]int32{{2, 2, 2, 10}}, 0},
		{"polygon with a hole", 2, Polygons, ringCommands(square, hole), [][]int32{{0, 0, 10, 0, 10, 10, 0, 10}, {2, 2, 2, 8, 8, 8, 8, 2}}, 0},
		{"mirrored polygon with a hole", 2, Polygons, ringCommands(turned, same), [][]int32{{0, 0, 10, 0, 10, 10, 0, 10}, {2, 8, 8, 8, 8, 2, 2, 2}}, 0},
		{"version 1, hole turning as its ring", 1, Polygons, ringCommands(square, same, apart), [][]int32{{0, 0, 10, 0, 10, 10, 0, 10}, {2, 8, 8, 8, 8, 2, 2, 2}, {20, 0, 30, 0, 30, 10, 20, 10}}, 0},
		{"version 1, reversed", 1, Polygons, ringCommands(turned), [][]int32{{0, 0, 10, 0, 10, 10, 0, 10}}, 0},
		{"closed twice and flat", 2, Polygons, ringCommands([]int{0, 0, 10, 0, 10, 10, 0, 0}, []int{3, 3, 5, 3, 4, 3}), [][]int32{{0, 0, 10, 0, 10, 10}}, 0},
		{"ring without an end", 2, Polygons, ringCommands(square)[:9], nil, 1},
		{"line before its start", 2, Lines, []uint64{10, zz(2), zz(2)}, nil, 1},
		{"unknown command", 2, Lines, []uint64{9, 0, 0, 1<<3 | 5}, nil, 1},
		{"count without points", 2, Points, []uint64{1 << 20 << 3 & math.MaxUint32, 1}, nil, 1},
		{"points that are missing", 2, Points, []uint64{2<<3 | moveTo, 2, 2, 2}, nil, 1},
		{"far away", 2, Lines, []uint64{9, zz(1 << 29), 0, 10, 1, 1}, nil, 1},
		{"another type", 2, 4, []uint64{9, 0, 0}, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			good := featureOf(Points, 9, 2, 2)
			tile := decode(t, tileOf(layerOf(c.version, featureOf(c.kind, c.g...), good)))
			if tile.Broken != c.broken {
				t.Errorf("%d broken, want %d", tile.Broken, c.broken)
			}
			fs := tile.Layers[0].Features
			if c.want == nil {
				if len(fs) != 1 {
					t.Errorf("%d features are left, want the good one", len(fs))
				}
				return
			}
			if len(fs) != 2 || !reflect.DeepEqual(fs[0].Parts, c.want) {
				t.Errorf("got %v, want %v", fs, c.want)
			}
		})
	}
}

func TestValuesAndPacking(t *testing.T) {
	l := message(nil).uint(15, 2).sub(1, []byte("poi")).uint(5, 512)
	want := []Value{{Kind: String, Str: "店"}, {Kind: Number, Num: 1.5}, {Kind: Number, Num: -2.25}, {Kind: Number, Num: -3}, {Kind: Number, Num: 4}, {Kind: Number, Num: -5}, {Kind: Bool, Num: 1}, {Kind: Bool}, {}}
	l = l.sub(4, message(nil).sub(1, []byte("店")))
	l = l.sub(4, binary.LittleEndian.AppendUint32([]byte{2<<3 | wire32}, math.Float32bits(1.5)))
	l = l.sub(4, binary.LittleEndian.AppendUint64([]byte{3<<3 | wire64}, math.Float64bits(-2.25)))
	minus := int64(-3)
	l = l.sub(4, message(nil).uint(4, uint64(minus))).sub(4, message(nil).uint(5, 4)).sub(4, message(nil).uint(6, zz(-5)))
	l = l.sub(4, message(nil).uint(7, 1)).sub(4, message(nil).uint(7, 0)).sub(4, nil)
	plain := tileOf(l)
	var zipped, deflated bytes.Buffer
	gz, zl := gzip.NewWriter(&zipped), zlib.NewWriter(&deflated)
	for _, w := range []interface {
		Write([]byte) (int, error)
		Close() error
	}{gz, zl} {
		if _, err := w.Write(plain); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range map[string][]byte{"plain": plain, "gzip": zipped.Bytes(), "deflate": deflated.Bytes()} {
		tile := decode(t, data)
		if got := tile.Layers[0]; got.Extent != 512 || got.Name != "poi" || !reflect.DeepEqual(got.Values, want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestBrokenPartsAreCounted(t *testing.T) {
	good := layerOf(2, featureOf(Points, 9, 2, 2))
	for _, c := range []struct {
		name           string
		data           []byte
		layers, broken int
	}{
		{"empty", nil, 0, 0},
		{"cut off", tileOf(good, good)[:len(tileOf(good))+9], 1, 1},
		{"version 3", tileOf(good, layerOf(3)), 1, 1},
		{"no name", tileOf(good, message(nil).uint(15, 2)), 1, 1},
		{"extent 0", tileOf(good, layerOf(2).uint(5, 0)), 1, 1},
		{"tag of no key", tileOf(layerOf(2, message(nil).packed(2, 1, 0).uint(3, 1).packed(4, 9, 2, 2))), 1, 1},
		{"odd tags", tileOf(layerOf(2, message(nil).packed(2, 0).uint(3, 1).packed(4, 9, 2, 2))), 1, 1},
		{"unknown fields", append(tileOf(good).uint(99, 1), 99<<1|wire32), 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			tile := decode(t, c.data)
			if len(tile.Layers) != c.layers || tile.Broken != c.broken {
				t.Errorf("%d layers and %d broken, want %d and %d", len(tile.Layers), tile.Broken, c.layers, c.broken)
			}
		})
	}
	for name, data := range map[string][]byte{"text": []byte("<html>404</html>"), "half a gzip": {0x1f, 0x8b, 8, 0, 0}} {
		if _, err := Decode(data); !errors.Is(err, ErrTile) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(tileOf(layerOf(2, featureOf(Polygons, ringCommands([]int{0, 0, 10, 0, 10, 10}, []int{2, 2, 8, 2, 8, 8})...)))))
	f.Add([]byte(tileOf(layerOf(1, featureOf(Lines, 9, 2, 2, 18, 0, 8, 8, 0)), layerOf(2, featureOf(Points, 17, 2, 2, 4, 4)))))
	f.Fuzz(func(t *testing.T, data []byte) {
		tile, err := Decode(data)
		if err != nil {
			return
		}
		for _, l := range tile.Layers {
			for _, ft := range l.Features {
				for i := 0; i < len(ft.Tags); i += 2 {
					_, _ = l.Keys[ft.Tags[i]], l.Values[ft.Tags[i+1]]
				}
				for _, part := range ft.Parts {
					least := map[Geometry]int{Points: 2, Lines: 4, Polygons: 6}[ft.Type]
					if len(part)%2 != 0 || len(part) < least {
						t.Fatalf("a part of %d numbers in a %v", len(part), ft.Type)
					}
				}
				if ft.Type == Polygons && area2(ft.Parts[0]) <= 0 && len(ft.Parts) == 1 {
					t.Fatal("an outer ring turns the wrong way")
				}
			}
		}
	})
}
