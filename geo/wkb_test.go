package geo_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/paulmach/orb"
	orbwkb "github.com/paulmach/orb/encoding/wkb"

	"kuaitu/geo"
)

var (
	square = orb.Polygon{{{0, 0}, {4, 0}, {4, 4}, {0, 4}, {0, 0}}, {{1, 1}, {1, 2}, {2, 2}, {2, 1}, {1, 1}}}
	shapes = []orb.Geometry{
		orb.Point{113.9, 22.5}, orb.LineString{{0, 0}, {1, 2}}, square, orb.MultiPoint{{1, 2}, {3, 4}},
		orb.MultiLineString{{{0, 0}, {1, 1}}, {{2, 2}, {3, 3}, {4, 5}}}, orb.MultiPolygon{square, {{{9, 9}, {10, 9}, {10, 10}, {9, 9}}}},
		orb.Collection{orb.Point{1, 2}, square, orb.Collection{orb.LineString{{0, 0}, {1, 1}}}},
	}
)

func TestWKBRoundTripAndAgainstOrb(t *testing.T) {
	for _, g := range shapes {
		b := geo.AppendWKB(nil, g)
		if want, err := orbwkb.Marshal(g); err != nil || !bytes.Equal(b, want) {
			t.Errorf("%T: bytes differ from orb's (%v)", g, err)
		}
		got, err := geo.ParseWKB(b)
		if err != nil || !orb.Equal(got, g) {
			t.Errorf("%T: came back as %v, %v", g, got, err)
		}
		blob := geo.AppendGPKG(nil, g, 4490)
		back, srs, err := geo.ParseGPKG(blob)
		if err != nil || srs != 4490 || !orb.Equal(back, g) {
			t.Errorf("%T: blob came back as %v, srs %d, %v", g, back, srs, err)
		}
		minx, maxx, miny, maxy, empty, err := geo.GPKGEnvelope(blob)
		if bound := g.Bound(); err != nil || empty || bound.Min != (orb.Point{minx, miny}) || bound.Max != (orb.Point{maxx, maxy}) {
			t.Errorf("%T: envelope %v %v %v %v %v, %v", g, minx, maxx, miny, maxy, empty, err)
		}
		if body, err := geo.GPKGBody(blob); err != nil || !bytes.Equal(body, b) {
			t.Errorf("%T: body differs: %v", g, err)
		}
	}
}

func TestForeignWKB(t *testing.T) {
	for name, c := range map[string]struct {
		hex  string
		want orb.Geometry
	}{
		"big endian point":      {"0000000001" + "3ff0000000000000" + "4000000000000000", orb.Point{1, 2}},
		"EWKB point with srid":  {"0101000020E6100000" + "000000000000F03F" + "0000000000000040", orb.Point{1, 2}},
		"EWKB point Z":          {"0101000080" + "000000000000F03F" + "0000000000000040" + "0000000000000840", orb.Point{1, 2}},
		"ISO line ZM":           {"01BA0B0000" + "01000000" + "000000000000F03F" + "0000000000000040" + "0000000000000840" + "0000000000001040", orb.LineString{{1, 2}}},
		"ISO point M":           {"01D1070000" + "000000000000F03F" + "0000000000000040" + "0000000000000840", orb.Point{1, 2}},
		"empty point":           {"0101000000" + "000000000000F87F" + "000000000000F87F", orb.MultiPoint{}},
		"multipoint with empty": {"010400000002000000" + "0101000000" + "000000000000F87F" + "000000000000F87F" + "0101000000" + "000000000000F03F" + "0000000000000040", orb.MultiPoint{{1, 2}}},
		"empty polygon":         {"010300000000000000", orb.Polygon{}},
	} {
		b, err := hex.DecodeString(c.hex)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := geo.ParseWKB(b); err != nil || !orb.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestBadWKB(t *testing.T) {
	good := geo.AppendWKB(nil, square)
	nested := []byte{1, 1, 0, 0, 0}
	for range 20 {
		nested = append([]byte{1, 7, 0, 0, 0, 1, 0, 0, 0}, nested...)
	}
	bad := [][]byte{nil, {1}, {2, 1, 0, 0, 0}, {1, 3, 0, 0, 0, 255, 255, 255, 255}, {1, 2, 0, 0, 0, 255, 255, 255, 127}, nested, append(good[:len(good):len(good)], 0),
		{1, 17, 0, 0, 0}, {1, 4, 0, 0, 0, 1, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0}}
	for i := range good {
		bad = append(bad, good[:i])
	}
	for _, b := range bad {
		if g, err := geo.ParseWKB(b); !errors.Is(err, geo.ErrWKB) {
			t.Errorf("% x gave %v, %v", b, g, err)
		}
		if _, _, _, _, _, err := geo.GPKGEnvelope(b); !errors.Is(err, geo.ErrWKB) {
			t.Errorf("% x has an envelope", b)
		}
	}
}

func TestEmptyGPKG(t *testing.T) {
	for _, g := range []orb.Geometry{nil, orb.Polygon{}, orb.MultiPolygon{}, orb.MultiPoint{}, orb.Collection{}} {
		b := geo.AppendGPKG(nil, g, 4490)
		if b[3]&16 == 0 {
			t.Errorf("%T: the empty flag is not set", g)
		}
		if _, _, _, _, empty, err := geo.GPKGEnvelope(b); !empty || err != nil {
			t.Errorf("%T: empty %v, %v", g, empty, err)
		}
		if got, _, err := geo.ParseGPKG(b); err != nil || !geo.Empty(got) {
			t.Errorf("%T: came back as %v, %v", g, got, err)
		}
	}
}

func FuzzParseWKB(f *testing.F) {
	for _, g := range shapes {
		f.Add(geo.AppendWKB(nil, g))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := geo.ParseWKB(b)
		if err != nil {
			return
		}
		again := geo.AppendWKB(nil, g)
		h, err := geo.ParseWKB(again)
		if err != nil || !bytes.Equal(geo.AppendWKB(nil, h), again) { // bytes, since NaN is not equal to itself
			t.Errorf("% x does not come back: %v", b, err)
		}
	})
}

func FuzzGPKG(f *testing.F) {
	for _, g := range shapes {
		f.Add(geo.AppendGPKG(nil, g, 4326))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		geo.GPKGEnvelope(b)
		if g, srs, err := geo.ParseGPKG(b); err == nil {
			if _, s, err := geo.ParseGPKG(geo.AppendGPKG(nil, g, srs)); err != nil || s != srs {
				t.Errorf("% x: srs %d became %d, %v", b, srs, s, err)
			}
		}
	})
}

func BenchmarkWKB(b *testing.B) {
	ring := orb.Ring{{114.1, 22.5}, {114.2, 22.5}, {114.2, 22.6}, {114.15, 22.61}, {114.12, 22.62}, {114.11, 22.6}, {114.1, 22.59}, {114.1, 22.5}}
	blob := geo.AppendGPKG(nil, orb.Polygon{ring}, 4490)
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		var g orb.Geometry = orb.Polygon{ring}
		for b.Loop() {
			buf = geo.AppendGPKG(buf[:0], g, 4490)
		}
	})
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := geo.ParseGPKG(blob); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("envelope", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, _, _, _, err := geo.GPKGEnvelope(blob); err != nil {
				b.Fatal(err)
			}
		}
	})
}
