package store

import (
	"testing"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/geo"
)

// The quick walker must not panic and must agree with the full decoder about canonical geometry.
func FuzzWKBBounds(f *testing.F) {
	f.Add([]byte(square(114, 22, .1)))
	f.Add([]byte(pointWKB(point)))
	f.Add([]byte{1, 6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		box, some, ok := wkbBounds(b)
		if !ok || len(b) < 1 || b[0] != 1 {
			return
		}
		g, err := geo.ParseWKB(b)
		if err != nil {
			return // a mixed multi geometry: checkGeometry leaves the rest to the importers
		}
		want, any := geo.Bounds(g)
		if some != any || some && box != want {
			t.Fatalf("bounds %v %v, the decoder says %v %v", box, some, want, any)
		}
		if back := blobBody(appendBlob(nil, b)); string(back) != string(b) {
			t.Fatal("the blob holds another geometry")
		}
	})
}

func FuzzDecodeOps(f *testing.F) {
	s := new(Store)
	s.known.Store(newCatalogue(schema.Builtin()))
	tb := s.kinds().byKind["building"]
	f.Add(s.encodeEdits([]block.Edit{{Verb: block.Update, Kind: "building", ID: rid("a"), Fields: []block.FieldSet{fieldSet("building", "name", block.TextValue("甲"))}}}))
	f.Add(encodeState(&state{present: true, row: row{rec: building(1)}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if edits, err := s.decodeEdits(b); err == nil {
			if _, err := s.decodeEdits(s.encodeEdits(edits)); err != nil {
				t.Fatal(err)
			}
		}
		if st, err := decodeState(tb, rid("a"), b); err == nil && st.present {
			if _, err := decodeState(tb, rid("a"), encodeState(&st)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
