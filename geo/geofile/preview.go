package geofile

import (
	"context"
	"errors"
)

// Look is what an import dialog shows of a file before anything is read in.
type Look struct {
	Source  *Source // closed; its facts, and the encoding that was used, are good
	Columns []Column
	Rows    [][]string // first records as text, as long as Columns
	Errors  []error    // of records among the first
}

// Preview opens a file, reads up to n records and closes it again.
func Preview(ctx context.Context, path string, opts Options, n int) (*Look, error) {
	s, err := Open(ctx, path, opts)
	if err != nil {
		return nil, err
	}
	look := &Look{Source: s}
	for f, err := range s.Features(ctx) {
		if err != nil {
			look.Errors = append(look.Errors, err)
			if _, ok := errors.AsType[*RecordError](err); !ok {
				break
			}
			continue
		}
		row := make([]string, len(f.Values))
		for i, v := range f.Values {
			row[i] = v.Text
		}
		if look.Rows = append(look.Rows, row); len(look.Rows) >= n {
			break
		}
	}
	look.Columns = s.Columns()
	for i, row := range look.Rows { // a later record may have brought new columns
		look.Rows[i] = append(row, make([]string, len(look.Columns)-len(row))...)
	}
	return look, s.Close()
}
