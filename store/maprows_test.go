package store

import (
	"sync"
	"testing"

	"kuaitu/block"
)

// However many parts a table is read in, every row comes once.
func TestMapPartsReadEveryRowOnce(t *testing.T) {
	s := newStore(t)
	if err := s.Reader().MapParts(ctx, "building", nil, 3, func(int, *MapRow) error { t.Error("a row of an empty table"); return nil }); err != nil {
		t.Fatal(err)
	}
	const n = 1000
	if _, err := s.Writer().Load(ctx, "building", buildings(n), nil); err != nil {
		t.Fatal(err)
	}
	for _, parts := range []int{0, 1, 2, 3, 50} {
		var mu sync.Mutex
		seen := map[block.ID]bool{}
		err := s.Reader().MapParts(ctx, "building", []string{"name"}, parts, func(part int, row *MapRow) error {
			mu.Lock()
			defer mu.Unlock()
			if seen[row.ID] || row.Geometry == nil || part >= max(1, parts) {
				t.Errorf("%d parts: row %s of part %d, seen before: %v", parts, row.ID, part, seen[row.ID])
			}
			seen[row.ID] = true
			return nil
		})
		if err != nil || len(seen) != n {
			t.Errorf("%d parts: %d rows, %v", parts, len(seen), err)
		}
	}
	if err := s.Reader().MapParts(ctx, "building", []string{"nothing"}, 2, func(int, *MapRow) error { return nil }); err == nil {
		t.Error("a field that is not there is read")
	}
}
