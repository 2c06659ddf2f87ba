package wire

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"kuaitu/block"
	"kuaitu/block/schema"

	"pgregory.net/rapid"
)

// changedParts has whole, partial and dropped rows of two kinds: of fields, of the geometry, of the home region, of nothing
// but the version.
func changedParts(t testing.TB) []block.Part {
	parts := sampleParts(t, streamA)
	masks := []block.Mask{
		0, block.MaskPartial, block.MaskPartial | 1<<1, block.MaskPartial | block.MaskGeometry, block.MaskPartial | block.MaskRegion | 1<<0 | 1<<3,
		block.MaskPartial | 1<<1,
	}
	for i := range parts {
		if !parts[i].Drop {
			parts[i] = carried(parts[i], masks[i%len(masks)])
		}
	}
	return parts
}

// carried is what comes out of a frame when p goes in with a mask.
func carried(p block.Part, m block.Mask) block.Part {
	p.Have = m
	values := make([]block.Value, len(p.Values))
	for i, v := range p.Values {
		if m.Has(i) {
			values[i] = v
		}
	}
	p.Values = values
	if !m.Geometry() {
		p.Geometry = nil
	}
	if !m.Region() {
		p.Region = block.ID{}
	}
	return p
}

func TestChangedFrame(t *testing.T) {
	want := changedParts(t)
	full := sampleParts(t, streamA)
	for i := range full {
		full[i].Have = want[i].Have // values that the mask leaves out must not travel
	}
	h := FrameHeader{Stream: streamA, From: 3, Upto: 200}
	b, err := EncodeFrame(schema.Builtin(), h, full)
	if err != nil {
		t.Fatal(err)
	}
	if b[0] != VersionChanged {
		t.Errorf("the frame has version %d, want %d", b[0], VersionChanged)
	}
	golden(t, "frame-v2.bin", b)
	kept, err := os.ReadFile(filepath.Join("testdata", "frame-v2.bin"))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{b, kept} {
		got, parts, err := DecodeFrame(schema.Builtin(), b)
		h.Rows = len(want)
		if err != nil || got != h {
			t.Fatalf("DecodeFrame header = %+v, %v, want %+v", got, err, h)
		}
		compareParts(t, parts, want)
	}
	if peek, err := PeekFrame(b); err != nil || peek != h {
		t.Errorf("PeekFrame = %+v, %v, want %+v", peek, err, h)
	}
}

// A frame whose parts are all whole is of the first version, byte for byte, so that every client can read it; and a frame
// that says it is of the first version has no partial rows.
func TestFrameVersions(t *testing.T) {
	b, err := EncodeFrame(schema.Builtin(), FrameHeader{Stream: streamA}, sampleParts(t, streamA))
	if err != nil || b[0] != Version {
		t.Errorf("a frame of whole parts: version %d, %v, want %d", b[0], err, Version)
	}
	b, err = EncodeFrame(schema.Builtin(), FrameHeader{Stream: streamA}, changedParts(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []byte{0, Version, VersionChanged + 1} {
		b[0] = v
		if _, _, err := DecodeFrame(schema.Builtin(), b); !errors.Is(err, block.ErrInvalid) {
			t.Errorf("partial rows in a frame of version %d: %v, want ErrInvalid", v, err)
		}
	}
}

// Any sequence of changes of a record, sent as masks and laid one over the other, gives the last state.
func TestChangesAddUp(t *testing.T) {
	plan, err := schema.Builtin().Plan("building")
	if err != nil {
		t.Fatal(err)
	}
	fields := plan.Fields(block.Public)
	rapid.Check(t, func(t *rapid.T) {
		part := func() block.Part {
			p := block.Part{Stream: streamA, Kind: "building", ID: block.NameID("building", "1"), Values: make([]block.Value, len(fields))}
			p.Region = block.NameID("region", rapid.SampledFrom([]string{"a", "b"}).Draw(t, "region"))
			for i, f := range fields {
				if plan.Kind.Fields[f].Type == block.Text {
					p.Values[i] = block.TextValue(rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "text"))
				}
			}
			return p
		}
		before := part()
		got := before
		last := before
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			next := part()
			next.Have = block.MaskOf(last, next)
			b, err := EncodeFrame(schema.Builtin(), FrameHeader{Stream: streamA}, []block.Part{next})
			if err != nil {
				t.Fatal(err)
			}
			_, parts, err := DecodeFrame(schema.Builtin(), b)
			if err != nil {
				t.Fatal(err)
			}
			got = parts[0].Over(got)
			last = next
		}
		last.Have = 0
		if !reflect.DeepEqual(got, last) {
			t.Fatalf("laid over each other: %+v, want %+v", got, last)
		}
	})
}
