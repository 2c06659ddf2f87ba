package geofile_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"kuaitu/geo/geofile"
)

// realFile returns the path of a file of the real input data. Without the data the test is skipped, or fails where it is
// required.
func realFile(tb testing.TB, name string) string {
	tb.Helper()
	dir := os.Getenv("KUAITU_DATA")
	if dir == "" {
		dir = filepath.Join("..", "shared", "data")
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join("..", "..", dir) // relative to the root of the project
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
			tb.Fatal(err)
		}
		tb.Skip("no real data here: ", err)
	}
	return path
}

// written returns the path of a new file with the given content.
func written(tb testing.TB, name string, content []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// overwritten writes one file again and again, for fuzzing: a folder for each input would cost more than reading it.
func overwritten(tb testing.TB, dir, name string, content []byte) string {
	tb.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func open(tb testing.TB, path string, opts geofile.Options) *geofile.Source {
	tb.Helper()
	s, err := geofile.Open(context.Background(), path, opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// all reads a source to its end: its features, the errors of records, and the error that ended it.
func all(s *geofile.Source) (features []geofile.Feature, lost []*geofile.RecordError, end error) {
	for f, err := range s.Features(context.Background()) {
		if r, ok := errors.AsType[*geofile.RecordError](err); ok {
			lost = append(lost, r)
		} else if err != nil {
			end = err
		} else {
			features = append(features, f)
		}
	}
	return features, lost, end
}

// text returns the value of a named column.
func text(s *geofile.Source, f geofile.Feature, column string) string {
	return f.Value(s.Column(column)).Text
}
