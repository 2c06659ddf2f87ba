package geofile

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
)

// Table is one layer of a GeoPackage to be made. Format in its options does not matter and Layer must be set.
type Table struct {
	WriteOptions
	Rows iter.Seq2[Feature, error]
}

// WritePackage makes a GeoPackage of several layers, in their order; see [Create] for its form. The file appears under its
// name when all is written; after an error, the first one of a table's rows among them, nothing is left.
func WritePackage(ctx context.Context, path string, tables []Table) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part")
	if err != nil {
		return fmt.Errorf("create %s: %w", filepath.Base(path), err)
	}
	temp := f.Name()
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", filepath.Base(path), errors.Join(err, os.Remove(temp)))
		}
	}()
	if err := f.Close(); err != nil {
		return err
	}
	for _, t := range tables {
		if err := writeTable(ctx, temp, path, t); err != nil {
			return fmt.Errorf("layer %s: %w", t.Layer, err)
		}
	}
	if err := os.Chmod(temp, 0o644); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func writeTable(ctx context.Context, temp, path string, t Table) error {
	if t.EPSG == 0 {
		t.EPSG = 4490
	}
	s, err := newGPKGSink(ctx, temp, path, t.WriteOptions)
	if err != nil {
		return err
	}
	for f, err := range t.Rows {
		if err == nil {
			err = s.write(f)
		}
		if err != nil {
			s.discard()
			return err
		}
	}
	return s.finish()
}
