package store

import (
	"encoding/binary"
	"fmt"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// opFormat is the first byte of an op's body in kt_outbox.
const opFormat = 1

// encodeEdits is how kt_outbox keeps the edits of an op: fields by their position, which never changes.
func (s *Store) encodeEdits(edits []block.Edit) []byte {
	b := []byte{opFormat}
	b = binary.AppendUvarint(b, uint64(len(edits)))
	for _, e := range edits {
		b = append(b, byte(e.Verb))
		b = binary.AppendUvarint(b, uint64(s.kinds().byKind[e.Kind].no))
		b = append(b, e.ID[:]...)
		b = append(b, e.Region[:]...)
		b = binary.AppendUvarint(b, uint64(e.Base))
		b = binary.AppendUvarint(b, uint64(len(e.Fields)))
		for _, f := range e.Fields {
			b = binary.AppendUvarint(b, uint64(f.Field))
			b = schema.AppendValue(b, f.Old)
			b = schema.AppendValue(b, f.New)
		}
		b = append(b, byte(boolInt(e.SetGeometry)))
		b = binary.AppendUvarint(b, uint64(len(e.Geometry)))
		b = append(b, e.Geometry...)
	}
	return b
}

// decodeEdits reads what encodeEdits wrote; anything else is ErrInvalid.
func (s *Store) decodeEdits(b []byte) ([]block.Edit, error) {
	d := decoder{b: b}
	if d.byte() != opFormat {
		return nil, fmt.Errorf("op of unknown format: %w", block.ErrInvalid)
	}
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.fail()
		n = 0
	}
	var edits []block.Edit
	for i := uint64(0); i < n && !d.bad; i++ {
		var e block.Edit
		e.Verb = block.OpVerb(d.byte())
		tb := s.kinds().byNo[int64(d.uvarint())]
		if tb == nil {
			d.fail()
			break
		}
		e.Kind = tb.plan.Kind.Name
		e.ID, e.Region, e.Base = d.id(), d.id(), block.Ver(d.uvarint())
		for fields := d.uvarint(); fields > 0 && !d.bad; fields-- {
			f := block.FieldSet{Field: int(min(d.uvarint(), 1<<16)), Old: d.value(), New: d.value()}
			if f.Field >= tb.fields {
				d.fail()
				break
			}
			e.Fields = append(e.Fields, f)
		}
		e.SetGeometry = d.byte() == 1
		if g := d.bytes(); len(g) > 0 {
			e.Geometry = g
		}
		edits = append(edits, e)
	}
	if d.bad || len(d.b) > 0 {
		return nil, fmt.Errorf("op is cut off or malformed: %w", block.ErrInvalid)
	}
	return edits, nil
}
