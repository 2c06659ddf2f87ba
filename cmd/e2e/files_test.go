package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

func ftoa(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, to, b)
}

// exportCSV exports a kind and reads it back, a map of columns a row.
func exportCSV(t *testing.T, store, kind string, more ...string) []map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), kind+".csv")
	ctl(t, append([]string{"export", path, "--store", store, "--kind", kind, "--format", "csv"}, more...)...).want(t, 0)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, ok := bytes.CutPrefix(b, []byte("\ufeff"))
	if !ok {
		t.Error("the CSV has no byte order mark")
	}
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(lines) == 0 {
		t.Fatalf("read %s: %v", path, err)
	}
	var out []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		out = append(out, row)
	}
	return out
}

// gzipped packs bytes.
func gzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
