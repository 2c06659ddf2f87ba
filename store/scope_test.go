package store

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"kuaitu/block"
)

// What left the scope is in no file of the store afterwards, neither in rows nor in text nor in free pages.
func TestPurgeLeavesNoTrace(t *testing.T) {
	w := newWorld(t, 1)
	secret := record("person", block.NameID("person", "secret"), rid("G1"), map[string]block.Value{
		"name": block.TextValue("钟离昧旦"), "document_number": block.TextValue("990000197703034321")})
	w.set(secret)
	for i := range 200 {
		r := building(i)
		r.Region = rid("G2")
		w.set(r)
	}
	s := enrolled(t, block.AllParts)
	for n, top := range []string{"S1", "G2"} {
		cur, err := s.Writer().Cursors(ctx)
		if err != nil {
			t.Fatal(err)
		}
		cut, parts := w.cut(scopeOf(w, top, block.Sensitive), cur, false)
		got, err := s.Writer().ApplyCut(ctx, cut, partSeq(parts))
		if err != nil || (n == 1) != (got.Purged > 0) {
			t.Fatalf("cut %d: %+v, %v", n, got, err)
		}
		if n == 0 {
			if got := labels(t, s, SearchQuery{Text: "4321"}); len(got) != 1 {
				t.Fatalf("before the purge the search finds %v", got)
			}
			if err := s.Writer().Stage(ctx, "frame", []byte("钟离昧旦")); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(s.Path()+MapCacheSuffix, []byte("钟离昧旦"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := labels(t, s, SearchQuery{Text: "钟离"}); len(got) != 0 {
		t.Errorf("after the purge the search finds %v", got)
	}
	files, err := filepath.Glob(s.Path() + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, trace := range []string{"钟离昧旦", "zhonglimeidan", "钟离", "990000197703034321", "~4321", string(secret.ID[:])} {
			if bytes.Contains(b, []byte(trace)) {
				t.Errorf("%s still holds %q", filepath.Base(f), trace)
			}
		}
	}
}

func TestOddPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "城 市?mode=ro&x#1%41;.gpkg")
	s, err := Create(ctx, path, Meta{Name: "甲"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	load(t, s, "building", building(1))
	out := filepath.Join(t.TempDir(), "出?口%.gpkg")
	if err := s.Reader().ExportCopy(context.Background(), out); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, p := range []string{path, out} {
		if _, err := os.Stat(p); err != nil {
			t.Error(err)
		}
	}
}
