package console

import (
	"fmt"
	"os"
	"path/filepath"

	"kuaitu/block"
	"kuaitu/store"
)

// CheckOutput refuses to write a result over a store: the open one, its side files, or any other that has a lock beside
// it. A folder that is not there is ErrNotFound.
func CheckOutput(st *store.Store, path string) error {
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s: %w", filepath.Dir(path), block.ErrNotFound)
	}
	out, err := os.Stat(path)
	if err != nil {
		return nil // nothing there to lose
	}
	for _, side := range []string{"", "-lock", "-wal", "-shm"} {
		if info, err := os.Stat(st.Path() + side); err == nil && os.SameFile(info, out) {
			return fmt.Errorf("%s belongs to the store that is open: %w", path, block.ErrConflict)
		}
	}
	if _, err := os.Stat(path + "-lock"); err == nil {
		return fmt.Errorf("%s is a store: %w", path, block.ErrConflict)
	}
	return nil
}
