package wire

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// Limits of one op. Kinds travel by name and fields by index, so that an op of a newer schema can still be read, stored
// and refused by itself.
const (
	maxKindName   = 40
	maxEditFields = 1_024
	maxAuthor     = 400
)

// EncodeOps writes a batch: at most MaxOpsEdits edits and MaxOpsBody bytes. More is ErrInvalid; OpsThatFit tells how
// many of a longer list to take.
func EncodeOps(ops []block.Op) ([]byte, error) {
	edits := 0
	plain := binary.AppendUvarint(nil, uint64(len(ops)))
	for i := range ops {
		edits += len(ops[i].Edits)
		plain = appendSection(plain, AppendOp(nil, ops[i]))
	}
	if edits > MaxOpsEdits || len(ops) > MaxOpsEdits || len(plain) > maxOpsPlain {
		return nil, fmt.Errorf("batch of %d ops with %d edits in %d bytes: %w", len(ops), edits, len(plain), block.ErrInvalid)
	}
	out := pack(plain)
	if len(out) > MaxOpsBody {
		return nil, fmt.Errorf("batch of %d ops packs to %d bytes: %w", len(ops), len(out), block.ErrInvalid)
	}
	return out, nil
}

// OpsThatFit returns how many of the first ops one batch may carry, judged by size before compression, so that the
// limits hold whatever they compress to. A first op that no batch can carry gives 0.
func OpsThatFit(ops []block.Op) int {
	edits, size := 0, 0
	for i := range ops {
		edits += len(ops[i].Edits)
		size += len(AppendOp(nil, ops[i])) + 5
		if edits > MaxOpsEdits || i == MaxOpsEdits || size > MaxOpsBody-16 {
			return i
		}
	}
	return len(ops)
}

// AppendOp appends one op in its canonical form: what travels, and what stores may keep and hash.
func AppendOp(b []byte, op block.Op) []byte {
	b = append(b, op.ID[:]...)
	b = append(b, op.Device[:]...)
	b = binary.AppendUvarint(b, op.Counter)
	b = binary.AppendVarint(b, op.Made.UnixMilli())
	b = appendText(b, op.Author)
	b = binary.AppendUvarint(b, uint64(len(op.Edits)))
	for i := range op.Edits {
		e := &op.Edits[i]
		b = append(b, byte(e.Verb))
		b = appendText(b, string(e.Kind))
		b = append(b, e.ID[:]...)
		b = binary.AppendUvarint(b, uint64(e.Base))
		b = append(b, e.Region[:]...)
		b = binary.AppendUvarint(b, uint64(len(e.Fields)))
		for _, f := range e.Fields {
			b = binary.AppendVarint(b, int64(f.Field))
			b = schema.AppendValue(b, f.Old)
			b = schema.AppendValue(b, f.New)
		}
		if e.SetGeometry {
			b = append(b, 1)
			b = appendSection(b, e.Geometry)
		} else {
			b = append(b, 0)
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// DecodeOps reads a batch. Anything malformed or beyond the limits is ErrInvalid; whether kinds, fields and values fit
// a schema is not looked at.
func DecodeOps(b []byte) ([]block.Op, error) {
	if len(b) > MaxOpsBody {
		return nil, fmt.Errorf("batch of %d bytes: %w", len(b), block.ErrInvalid)
	}
	plain, err := unpack(opsDecoder(), maxOpsPlain, "batch of ops", b)
	if err != nil {
		return nil, err
	}
	r := &reader{b: plain}
	ops := make([]block.Op, r.count(MaxOpsEdits, 36))
	edits := 0
	for i := range ops {
		in := r.section()
		if ops[i], err = readOp(&in); err != nil {
			return nil, err
		}
		if edits += len(ops[i].Edits); edits > MaxOpsEdits {
			return nil, fmt.Errorf("batch of more than %d edits: %w", MaxOpsEdits, block.ErrInvalid)
		}
	}
	if r.bad || len(r.b) != 0 {
		return nil, malformed("batch of ops")
	}
	return ops, nil
}

// DecodeOp reads what AppendOp writes, and nothing after it.
func DecodeOp(b []byte) (block.Op, error) {
	r := &reader{b: b}
	return readOp(r)
}

func readOp(r *reader) (block.Op, error) {
	op := block.Op{ID: r.id(), Device: r.id(), Counter: r.uvarint()}
	op.Made = time.UnixMilli(r.varint()).UTC()
	if op.Author = r.text(maxAuthor); !utf8.ValidString(op.Author) {
		r.fail()
	}
	op.Edits = make([]block.Edit, r.count(MaxOpsEdits, 37))
	for i := range op.Edits {
		e := &op.Edits[i]
		e.Verb = block.OpVerb(r.byte())
		e.Kind = block.Kind(r.text(maxKindName))
		e.ID = r.id()
		e.Base = block.Ver(r.uvarint())
		e.Region = r.id()
		if n := r.count(maxEditFields, 3); n > 0 {
			e.Fields = make([]block.FieldSet, n)
		}
		for k := range e.Fields {
			f := &e.Fields[k]
			f.Field = int(r.varint())
			f.Old, f.New = r.value(), r.value()
		}
		switch r.byte() {
		case 0:
		case 1:
			e.SetGeometry = true
			if g := r.take(r.uvarint()); len(g) > 0 {
				e.Geometry = append(block.WKB(nil), g...)
			}
		default:
			r.fail()
		}
		if len(e.Geometry) > MaxGeometry || e.Verb < block.Insert || e.Verb > block.Delete {
			r.fail()
		}
		if r.bad {
			break
		}
	}
	if r.bad || len(r.b) != 0 {
		return block.Op{}, malformed("op")
	}
	return op, nil
}

func (r *reader) value() block.Value {
	v, rest, err := schema.DecodeValue(r.b)
	if err != nil {
		r.fail()
		return block.Value{}
	}
	r.b = rest
	return v
}

// EncodeLeaves writes the leaves of one tally, by id rising: 48 bytes each, packed.
func EncodeLeaves(leaves map[block.ID]block.Leaf) []byte {
	ids := slices.SortedFunc(maps.Keys(leaves), func(a, b block.ID) int { return slices.Compare(a[:], b[:]) })
	plain := make([]byte, 0, 48*len(ids))
	for _, id := range ids {
		plain = append(plain, id[:]...)
		leaf := leaves[id]
		plain = append(plain, leaf[:]...)
	}
	return pack(plain)
}

// DecodeLeaves reads what EncodeLeaves writes.
func DecodeLeaves(b []byte) (map[block.ID]block.Leaf, error) {
	plain, err := unpack(decoder(), MaxPlain, "list of leaves", b)
	if err != nil {
		return nil, err
	}
	if len(plain)%48 != 0 {
		return nil, malformed("list of leaves")
	}
	leaves := make(map[block.ID]block.Leaf, len(plain)/48)
	for ; len(plain) > 0; plain = plain[48:] {
		leaves[block.ID(plain[:16])] = block.Leaf(plain[16:48])
	}
	return leaves, nil
}
