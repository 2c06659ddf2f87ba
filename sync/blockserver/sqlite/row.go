package sqlite

import (
	"database/sql"
	"fmt"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/blockserver"
)

func freshVers(plan *schema.Plan) []byte {
	row := blockserver.NewRow(plan, plan.New(block.ID{}, block.ID{}))
	return blockserver.AppendFVers(nil, row.FVers)
}

// bindValue returns a value as the driver takes it.
func bindValue(v block.Value) any {
	switch v.Type() {
	case block.Bool, block.Int, block.Time, block.Date:
		return v.Num()
	case block.Float:
		return v.Float()
	case block.Text:
		return v.Text()
	case block.Bytes, block.Ref:
		return []byte(v.Raw())
	}
	return nil
}

// scanValue returns what a column of type t holds. A value of another storage class, put there by other hands, is Null:
// the leaf will not match and verify finds it.
func scanValue(t block.Type, src any) block.Value {
	switch x := src.(type) {
	case int64:
		if t == block.Float {
			return block.FloatValue(float64(x))
		}
		return block.NumValue(t, x)
	case float64:
		if t == block.Float {
			return block.FloatValue(x)
		}
	case string:
		if t == block.Text {
			return block.TextValue(x)
		}
	case []byte:
		switch t {
		case block.Bytes:
			return block.BytesValue(x)
		case block.Ref:
			if len(x) == 16 {
				return block.RefValue(block.ID(x))
			}
		}
	}
	return block.Value{}
}

// bind appends a row's columns in table order.
func (t *table) bind(args []any, row *blockserver.Row, shard block.ID, fvers []byte) []any {
	var geom any
	if row.Geometry != nil {
		geom = []byte(row.Geometry)
	}
	args = append(args, row.ID[:], shard[:], row.Region[:], int64(row.Ver), row.Deleted, fvers, row.Device[:], int64(row.Since), geom)
	for _, v := range row.Values {
		args = append(args, bindValue(v))
	}
	return args
}

// scanner reads rows of one table and keeps its buffers between them.
type scanner struct {
	t                         *table
	id, shard, region, device []byte
	fvers, geom               []byte
	ver, since                int64
	deleted                   bool
	fields                    []any
	dest                      []any
}

func newScanner(t *table) *scanner {
	s := &scanner{t: t, fields: make([]any, len(t.plan.Kind.Fields))}
	s.dest = []any{&s.id, &s.shard, &s.region, &s.ver, &s.deleted, &s.fvers, &s.device, &s.since, &s.geom}
	for i := range s.fields {
		s.dest = append(s.dest, &s.fields[i])
	}
	return s
}

// record reads the record of the current row; row adds what merging needs.
func (s *scanner) record(rows *sql.Rows) (block.Record, error) {
	s.geom = nil
	if err := rows.Scan(s.dest...); err != nil {
		return block.Record{}, fmt.Errorf("read %s: %w", s.t.plan.Kind.Name, err)
	}
	if len(s.id) != 16 || len(s.region) != 16 || len(s.device) != 16 {
		return block.Record{}, fmt.Errorf("read %s: malformed id: %w", s.t.plan.Kind.Name, block.ErrInvalid)
	}
	r := s.t.plan.New(block.ID(s.id), block.ID(s.region))
	r.Ver, r.Deleted, r.Geometry = block.Ver(s.ver), s.deleted, s.geom
	for i := range s.fields {
		r.Values[i] = scanValue(s.t.plan.Kind.Fields[i].Type, s.fields[i])
	}
	return r, nil
}

func (s *scanner) row(rows *sql.Rows) (blockserver.Row, error) {
	r, err := s.record(rows)
	if err != nil {
		return blockserver.Row{}, err
	}
	row := blockserver.Row{Record: r, Device: block.ID(s.device), Since: block.Ver(s.since)}
	if row.FVers, err = blockserver.ReadFVers(s.fvers, len(s.fields)+2); err != nil {
		return row, fmt.Errorf("read %s %s: %w", r.Kind, r.ID, err)
	}
	return row, nil
}
