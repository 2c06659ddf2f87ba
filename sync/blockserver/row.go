package blockserver

import (
	"encoding/binary"
	"fmt"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// RowKey names a record.
type RowKey struct {
	Kind block.Kind
	ID   block.ID
}

// Row is a record as the server keeps it.
type Row struct {
	block.Record
	// FVers has the version at which each field last changed, then the geometry's, then the home region's.
	FVers []block.Ver
	// Device made every version from Since on; the zero Device is the server itself (bulk loads).
	Device block.ID
	Since  block.Ver
}

// Key returns the row's name.
func (r Row) Key() RowKey { return RowKey{r.Kind, r.ID} }

func (r Row) clone() Row {
	r.Record = r.Record.Clone()
	r.FVers = append([]block.Ver(nil), r.FVers...)
	return r
}

// NewRow returns a row at version 1 as a bulk load makes it, from a whole record.
func NewRow(plan *schema.Plan, r block.Record) Row {
	r.Ver, r.Parts = 1, block.AllParts
	row := Row{Record: r, FVers: make([]block.Ver, len(plan.Kind.Fields)+2), Since: 1}
	for i := range row.FVers {
		row.FVers[i] = 1
	}
	return row
}

// AppendFVers writes field versions compactly: a run of equal versions is one pair.
func AppendFVers(b []byte, vers []block.Ver) []byte {
	for i := 0; i < len(vers); {
		n := 1
		for i+n < len(vers) && vers[i+n] == vers[i] {
			n++
		}
		b = binary.AppendUvarint(b, uint64(n))
		b = binary.AppendUvarint(b, uint64(vers[i]))
		i += n
	}
	return b
}

// ReadFVers reads n field versions. Fields that were added since the row was written have version 0 and come before
// the geometry's and the region's, which were written last.
func ReadFVers(b []byte, n int) ([]block.Ver, error) {
	out := make([]block.Ver, 0, n)
	for len(b) > 0 {
		run, used := binary.Uvarint(b)
		if used <= 0 || run == 0 || run > uint64(n-len(out)) {
			return nil, fmt.Errorf("field versions are malformed: %w", block.ErrInvalid)
		}
		b = b[used:]
		v, used := binary.Uvarint(b)
		if used <= 0 {
			return nil, fmt.Errorf("field versions are cut off: %w", block.ErrInvalid)
		}
		b = b[used:]
		for range run {
			out = append(out, block.Ver(v))
		}
	}
	if k := len(out); k >= 2 && k < n {
		tail := [2]block.Ver{out[k-2], out[k-1]}
		out = append(out[:k-2], make([]block.Ver, n-k)...)
		out = append(out, tail[0], tail[1])
	}
	if len(out) != n {
		return nil, fmt.Errorf("%d field versions for %d: %w", len(out), n, block.ErrInvalid)
	}
	return out, nil
}

// partialFlag, in a log row's count of values, says that the mask of what changed follows it.
const partialFlag = 1 << 16

// AppendPart writes what a log row holds of a part beside its key: home region, version, values, geometry. It is always the
// whole state; of a partial part the mask is noted beside it.
func AppendPart(b []byte, p block.Part) []byte {
	b = append(b, p.Region[:]...)
	b = binary.AppendUvarint(b, uint64(p.Ver))
	if p.Drop {
		return b
	}
	if p.Have == 0 {
		b = binary.AppendUvarint(b, uint64(len(p.Values)))
	} else {
		b = binary.AppendUvarint(b, uint64(len(p.Values))|partialFlag)
		b = binary.AppendUvarint(b, p.Have.Packed())
	}
	for _, v := range p.Values {
		b = schema.AppendValue(b, v)
	}
	return append(b, p.Geometry...)
}

// ReadPart reads what AppendPart wrote into p, whose Drop is set already. Values the schema has gained since are Null.
func ReadPart(plan *schema.Plan, b []byte, p *block.Part) error {
	bad := func() error { return fmt.Errorf("log row of %s %s is malformed: %w", p.Kind, p.ID, block.ErrInvalid) }
	if len(b) < 17 {
		return bad()
	}
	p.Region = block.ID(b[:16])
	ver, used := binary.Uvarint(b[16:])
	if used <= 0 {
		return bad()
	}
	p.Ver = block.Ver(ver)
	b = b[16+used:]
	if p.Drop {
		return nil
	}
	n, used := binary.Uvarint(b)
	if used <= 0 {
		return bad()
	}
	b = b[used:]
	var err error
	if n&partialFlag != 0 {
		n &^= partialFlag
		mask, used := binary.Uvarint(b)
		if p.Have, err = block.UnpackMask(mask); used <= 0 || err != nil {
			return bad()
		}
		b = b[used:]
	}
	want := len(plan.Fields(p.Stream.Class))
	if n > uint64(want) {
		return bad()
	}
	p.Values = make([]block.Value, want)
	for i := range int(n) {
		if p.Values[i], b, err = schema.DecodeValue(b); err != nil {
			return bad()
		}
	}
	if len(b) > 0 {
		p.Geometry = append(block.WKB(nil), b...)
	}
	return nil
}
