package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
	"pgregory.net/rapid"

	"kuaitu/block"
	"kuaitu/block/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var streamA = block.Stream{Region: block.NameID("region", "a"), Class: block.Public}

// canonicalWKB encodes what orb holds after rounding to the grid.
func canonicalWKB(t testing.TB, g orb.Geometry) block.WKB {
	t.Helper()
	b, err := wkb.Marshal(g, binary.LittleEndian)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func grid(x, y int32) orb.Point { return orb.Point{float64(x) / 1e7, float64(y) / 1e7} }

func square(x, y, d int32) orb.Ring {
	return orb.Ring{grid(x, y), grid(x+d, y), grid(x+d, y+d), grid(x, y+d), grid(x, y)}
}

// sampleParts has one of everything: several kinds, drops, foreigns, every geometry type and raw bytes.
func sampleParts(t testing.TB, s block.Stream) []block.Part {
	set := schema.Builtin()
	home := block.NameID("region", "g1")
	var parts []block.Part
	for n, g := range []orb.Geometry{
		orb.Polygon{square(1140579000, 225431000, 900)},
		orb.Polygon{square(1140580000, 225431000, 900), square(1140580100, 225431100, 50)},
		orb.MultiPolygon{{square(1140579000, 225431000, 900)}, {square(-1800000000, -900000000, 1)}},
		grid(1800000000, 900000000),
		orb.LineString{grid(1, 2), grid(3, 4)},
		orb.MultiPoint{grid(5, 6), grid(7, 8)},
		orb.MultiLineString{{grid(1, 2)}, {}},
		orb.Polygon{},
		nil,
	} {
		plan, err := set.Plan("building")
		if err != nil {
			t.Fatal(err)
		}
		r := plan.New(block.BulkID(7, 5, uint64(n)), home)
		r.Ver = block.Ver(n + 1)
		plan.Set(&r, "name", block.TextValue("滨河雅苑"))
		plan.Set(&r, "use", block.TextValue([]string{"residential", "office", ""}[n%3]))
		if n%2 == 0 {
			plan.Set(&r, "floors", block.IntValue(int64(n*3)))
			plan.Set(&r, "height", block.FloatValue(float64(n)*2.75))
			plan.Set(&r, "urban_village", block.BoolValue(n%4 == 0))
		}
		if g != nil {
			r.Geometry = canonicalWKB(t, g)
		}
		p := plan.Part(r, s.Class)
		p.Stream, p.Seq, p.Foreign = s, uint64(100+n), n == 1
		parts = append(parts, p)
	}
	parts[3].Geometry = []byte{1, 1, 0, 0, 0, 0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0x80} // -0: not on the grid
	parts = append(parts, block.Part{Stream: s, Seq: 200, Drop: true, Kind: "building", ID: block.NewID(time.UnixMilli(1e12), [10]byte{1, 2, 3}), Ver: 9})
	plan, _ := set.Plan("room")
	for n := range 3 {
		r := plan.New(block.NewID(time.UnixMilli(1.7e12), [10]byte{byte(n), 9}), home)
		plan.Set(&r, "building", block.RefValue(parts[0].ID))
		plan.Set(&r, "number", block.TextValue("1203"))
		p := plan.Part(r, s.Class)
		p.Stream = s
		parts = append(parts, p)
	}
	return parts
}

func TestFrameRoundTrip(t *testing.T) {
	want := sampleParts(t, streamA)
	h := FrameHeader{Stream: streamA, From: 3, Upto: 200}
	b, err := EncodeFrame(schema.Builtin(), h, want)
	if err != nil {
		t.Fatal(err)
	}
	got, parts, err := DecodeFrame(schema.Builtin(), b)
	h.Rows = len(want)
	if err != nil || got != h {
		t.Fatalf("DecodeFrame header = %+v, %v, want %+v", got, err, h)
	}
	compareParts(t, parts, want)
	if peek, err := PeekFrame(b); err != nil || peek != h {
		t.Errorf("PeekFrame = %+v, %v, want %+v", peek, err, h)
	}
}

func compareParts(t testing.TB, got, want []block.Part) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d parts came back of %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("part %d came back as\n%+v, want\n%+v", i, got[i], want[i])
		}
	}
}

// The golden file pins the layout: its bytes must always decode, and the payload we write must be the one in it.
func TestFrameGolden(t *testing.T) {
	parts := sampleParts(t, streamA)
	h := FrameHeader{Stream: streamA, From: 3, Upto: 200}
	b, err := EncodeFrame(schema.Builtin(), h, parts)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "frame-v1.bin", b)
	kept, err := os.ReadFile(filepath.Join("testdata", "frame-v1.bin"))
	if err != nil {
		t.Fatal(err)
	}
	_, got, err := DecodeFrame(schema.Builtin(), kept)
	if err != nil {
		t.Fatal(err)
	}
	compareParts(t, got, parts)
}

// golden compares what a body unpacks to with the file: the compressor may change, the payload may not.
func golden(t *testing.T, name string, b []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := unpackUpTo(VersionChanged, decoder(), MaxPlain, name, kept)
	if err != nil {
		t.Fatal(err)
	}
	got, err := unpackUpTo(VersionChanged, decoder(), MaxPlain, name, b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: the payload written now (%d bytes) is not the golden one (%d bytes)", name, len(got), len(want))
	}
}

func drawGeometry(t *rapid.T) orb.Geometry {
	coord := rapid.Int32Range(-1800000000, 1800000000)
	point := rapid.Custom(func(t *rapid.T) orb.Point { return grid(coord.Draw(t, "x"), coord.Draw(t, "y")) })
	line := rapid.Custom(func(t *rapid.T) orb.LineString { return rapid.SliceOfN(point, 0, 6).Draw(t, "line") })
	ring := rapid.Custom(func(t *rapid.T) orb.Ring {
		ps := rapid.SliceOfN(point, 1, 8).Draw(t, "ring")
		return append(ps, ps[0])
	})
	polygon := rapid.Custom(func(t *rapid.T) orb.Polygon { return rapid.SliceOfN(ring, 0, 3).Draw(t, "polygon") })
	switch rapid.IntRange(0, 5).Draw(t, "geometry") {
	case 0:
		return point.Draw(t, "p")
	case 1:
		return line.Draw(t, "l")
	case 2:
		return polygon.Draw(t, "g")
	case 3:
		return orb.MultiPoint(rapid.SliceOfN(point, 0, 4).Draw(t, "mp"))
	case 4:
		return orb.MultiLineString(rapid.SliceOfN(line, 0, 3).Draw(t, "ml"))
	}
	return orb.MultiPolygon(rapid.SliceOfN(polygon, 0, 3).Draw(t, "mg"))
}

func drawValue(t *rapid.T, typ block.Type) block.Value {
	switch typ {
	case block.Bool:
		return block.BoolValue(rapid.Bool().Draw(t, "v"))
	case block.Int, block.Time, block.Date:
		return block.NumValue(typ, rapid.OneOf(rapid.Int64(), rapid.Int64Range(0, 40)).Draw(t, "v"))
	case block.Float:
		return block.FloatValue(rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, 0.1, 2.75, 1e15, 1e300, math.Inf(1), -33.125})).Draw(t, "v"))
	case block.Text:
		return block.TextValue(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "residential", "office"})).Draw(t, "v"))
	case block.Bytes:
		return block.BytesValue(rapid.SliceOf(rapid.Byte()).Draw(t, "v"))
	case block.Ref:
		return block.RefValue(block.BulkID(1, 2, rapid.Uint64Range(0, 99).Draw(t, "v")))
	}
	return block.Value{}
}

func drawPart(t *rapid.T, s block.Stream) block.Part {
	plans := schema.Builtin().Plans()
	plan := plans[rapid.IntRange(0, len(plans)-1).Draw(t, "kind")]
	p := block.Part{
		Stream: s, Kind: plan.Kind.Name, ID: block.BulkID(1, plan.Kind.No, rapid.Uint64().Draw(t, "id")),
		Seq: rapid.Uint64().Draw(t, "seq"), Ver: block.Ver(rapid.Uint64().Draw(t, "ver")), Foreign: rapid.Bool().Draw(t, "foreign"),
		Region: block.NameID("region", rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "home")), Drop: rapid.Bool().Draw(t, "drop"),
	}
	if p.Drop {
		return p
	}
	p.Values = make([]block.Value, len(plan.Fields(s.Class)))
	for i, f := range plan.Fields(s.Class) {
		typ := plan.Kind.Fields[f].Type
		switch rapid.IntRange(0, 9).Draw(t, "odd") {
		case 0:
			typ = block.Null
		case 1:
			typ = block.Type(rapid.IntRange(0, int(block.Ref)).Draw(t, "type"))
		}
		p.Values[i] = drawValue(t, typ)
	}
	switch rapid.IntRange(0, 3).Draw(t, "has") {
	case 0:
		b, err := wkb.Marshal(drawGeometry(t), binary.LittleEndian)
		if err != nil {
			t.Fatal(err)
		}
		p.Geometry = b
	case 1:
		p.Geometry = rapid.SliceOfN(rapid.Byte(), 1, 60).Draw(t, "raw")
	}
	return p
}

func TestFrameRoundTripAny(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := block.Stream{Region: block.NameID("region", "s"), Class: block.Class(rapid.IntRange(0, block.NumClasses-1).Draw(t, "class"))}
		want := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) block.Part { return drawPart(t, s) }), 0, 12).Draw(t, "parts")
		b, err := EncodeFrame(schema.Builtin(), FrameHeader{Stream: s, Upto: 9}, want)
		if err != nil {
			t.Fatal(err)
		}
		_, got, err := DecodeFrame(schema.Builtin(), b)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d parts came back of %d: %v", len(got), len(want), err)
		}
		for i := range want {
			if len(want[i].Values) == 0 && len(got[i].Values) == 0 { // nil and empty are one
				got[i].Values = want[i].Values
			}
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Fatalf("part %d came back as\n%+v, want\n%+v", i, got[i], want[i])
			}
		}
	})
}

func TestCanonical(t *testing.T) {
	good := canonicalWKB(t, orb.Polygon{square(1140579000, 225431000, 900)})
	if got := Canonical(good); got != 3 {
		t.Errorf("Canonical(polygon) = %d, want 3", got)
	}
	big, err := wkb.Marshal(grid(1, 2), binary.BigEndian)
	if err != nil {
		t.Fatal(err)
	}
	open := canonicalWKB(t, orb.Polygon{{grid(0, 0), grid(1, 0), grid(1, 1)}})
	for name, b := range map[string]block.WKB{
		"nothing": nil, "cut off": good[:len(good)-1], "with a tail": append(good[:len(good):len(good)], 0), "big endian": big, "open ring": open,
		"off the grid": canonicalWKB(t, orb.Point{0.12345678, 1}), "beyond 180": canonicalWKB(t, orb.Point{181, 1}), "NaN": canonicalWKB(t, orb.Point{math.NaN(), 1}),
		"giant count": {1, 2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff},
	} {
		if got := Canonical(b); got != 0 {
			t.Errorf("Canonical(%s) = %d, want 0", name, got)
		}
	}
}

// An older client must read the frames of a newer server: kinds and columns that it does not know are skipped.
func TestFrameOfNewerSchema(t *testing.T) {
	text := func(n string) schema.Field { return schema.Field{Name: n, Type: block.Text, ZH: "甲", EN: "A"} }
	kinds := func(fields ...schema.Field) []schema.Kind { return []schema.Kind{{No: 1, Name: "a", Fields: fields}} }
	old, err := schema.NewSet(kinds(text("x")))
	if err != nil {
		t.Fatal(err)
	}
	newer, err := schema.NewSet(append(kinds(text("x"), text("y")), schema.Kind{No: 2, Name: "b", Fields: []schema.Field{text("z")}}))
	if err != nil {
		t.Fatal(err)
	}
	v := func(s ...string) (out []block.Value) {
		for _, s := range s {
			out = append(out, block.TextValue(s))
		}
		return out
	}
	parts := []block.Part{{Stream: streamA, Kind: "b", Values: v("1")}, {Stream: streamA, Kind: "a", Values: v("2", "3")}}
	b, err := EncodeFrame(newer, FrameHeader{Stream: streamA}, parts)
	if err != nil {
		t.Fatal(err)
	}
	h, got, err := DecodeFrame(old, b)
	if err != nil || h.Rows != 2 || len(got) != 1 || !reflect.DeepEqual(got[0].Values, v("2")) {
		t.Errorf("the older set reads %+v, %v of %d rows", got, err, h.Rows)
	}
	b, err = EncodeFrame(old, FrameHeader{Stream: streamA}, got)
	if err != nil {
		t.Fatal(err)
	}
	if _, got, err = DecodeFrame(newer, b); err != nil || len(got) != 1 || !got[0].Values[1].IsNull() || got[0].Values[0].Text() != "2" {
		t.Errorf("the newer set reads %+v, %v", got, err)
	}
}

func TestEncodeFrameRefuses(t *testing.T) {
	for name, parts := range map[string][]block.Part{
		"other stream": {{Kind: "building"}},
		"unknown kind": {{Stream: streamA, Kind: "castle"}},
		"too few":      {{Stream: streamA, Kind: "building"}},
		"too many":     make([]block.Part, MaxFrameRows+1),
	} {
		if _, err := EncodeFrame(schema.Builtin(), FrameHeader{Stream: streamA}, parts); !errors.Is(err, block.ErrInvalid) {
			t.Errorf("%s: error = %v, want ErrInvalid", name, err)
		}
	}
}

// Every single bit flip and truncation of a frame is refused: zstd's checksum covers what the varints would swallow.
func TestFrameDamage(t *testing.T) {
	b, err := EncodeFrame(schema.Builtin(), FrameHeader{Stream: streamA, Upto: 200}, sampleParts(t, streamA))
	if err != nil {
		t.Fatal(err)
	}
	_, want, _ := DecodeFrame(schema.Builtin(), b)
	check := func(what string, at int, c []byte) {
		_, got, err := DecodeFrame(schema.Builtin(), c)
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%s at %d is taken for a frame", what, at)
		} else if err != nil && !errors.Is(err, block.ErrInvalid) {
			t.Errorf("%s at %d: %v is not ErrInvalid", what, at, err)
		}
	}
	for i := range 8 * len(b) {
		c := bytes.Clone(b)
		c[i/8] ^= 1 << (i % 8)
		check("flip", i, c)
	}
	for n := range b {
		check("cut", n, b[:n])
		if _, _, err := DecodeFrame(schema.Builtin(), b[:n]); err == nil {
			t.Errorf("a frame cut off at %d of %d is accepted", n, len(b))
		}
	}
}

// A few hundred bytes must not unpack to gigabytes.
func TestFrameBomb(t *testing.T) {
	if _, _, err := DecodeFrame(schema.Builtin(), pack(make([]byte, MaxPlain+1))); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("a payload over the limit: %v, want ErrInvalid", err)
	}
	if _, err := DecodeOps(pack(make([]byte, maxOpsPlain+1))); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("ops over the limit: %v, want ErrInvalid", err)
	}
	w := geomWriter{tags: []byte{wkbMultiPolygon}, counts: binary.AppendUvarint(nil, MaxGeometry/16)}
	for range 1 << 20 {
		w.counts = append(w.counts, 0)
	}
	budget := 1 << 16
	g := readGeometries(&reader{b: w.append(nil)}, 1, &budget)
	if g.next(); !g.bad {
		t.Error("a geometry past the budget was rebuilt")
	}
}

func FuzzDecodeFrame(f *testing.F) {
	for _, parts := range [][]block.Part{nil, sampleParts(f, streamA), changedParts(f)} {
		plain, err := appendFrame(nil, schema.Builtin(), FrameHeader{Stream: streamA, Upto: 7}, parts)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(plain)
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		h, parts, err := decodeFrame(schema.Builtin(), VersionChanged, plain)
		if err != nil {
			if !errors.Is(err, block.ErrInvalid) {
				t.Fatalf("error %v is not ErrInvalid", err)
			}
			return
		}
		b, err := appendFrame(nil, schema.Builtin(), h, parts)
		if err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
		_, again, err := decodeFrame(schema.Builtin(), VersionChanged, b)
		if err != nil || !reflect.DeepEqual(again, parts) {
			t.Fatalf("the second decoding differs: %v", err)
		}
	})
}

func FuzzDecodeFramePacked(f *testing.F) {
	b, err := EncodeFrame(schema.Builtin(), FrameHeader{Stream: streamA, Upto: 7}, sampleParts(f, streamA))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := DecodeFrame(schema.Builtin(), b); err != nil && !errors.Is(err, block.ErrInvalid) {
			t.Fatalf("error %v is not ErrInvalid", err)
		}
	})
}
