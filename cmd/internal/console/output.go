package console

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kuaitu/block"
	"kuaitu/cmd/internal/cli"
	"kuaitu/store"
)

// CheckOutput refuses to write a result over a store: the open one, its side files, or any other. A folder that is not
// there is ErrNotFound.
func CheckOutput(st *store.Store, path string) error {
	if err := checkFolder(path); err != nil {
		return err
	}
	out, err := os.Stat(path)
	if err != nil {
		return nil // nothing there to lose
	}
	for _, side := range []string{"", "-lock", "-wal", "-shm"} {
		if info, err := os.Stat(st.Path() + side); err == nil && os.SameFile(info, out) {
			if side == "" {
				return fmt.Errorf("%s is the store itself, which is not written over: %w", path, block.ErrConflict)
			}
			return fmt.Errorf("%s belongs to the store that is open: %w", path, block.ErrConflict)
		}
	}
	if store.Is(path) {
		return fmt.Errorf("%s is a store: %w", path, block.ErrConflict)
	}
	return nil
}

// CheckStore says in one sentence why there is no store at a path: nothing there is block.ErrNotFound.
func CheckStore(path string) error {
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no store %s: %w", path, block.ErrNotFound)
	case err != nil:
		return fmt.Errorf("store %s: %w", path, err)
	case info.IsDir():
		return fmt.Errorf("%s is a folder; a store is one file: %w", path, block.ErrInvalid)
	}
	return nil
}

// CheckPack says in one sentence that there is no pack at a path: block.ErrNotFound.
func CheckPack(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no pack %s: %w", path, block.ErrNotFound)
	} else if err != nil {
		return fmt.Errorf("pack %s: %w", path, err)
	}
	return nil
}

// checkFolder says that there is no folder for a file.
func checkFolder(path string) error {
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s: %w", filepath.Dir(path), block.ErrNotFound)
	}
	return nil
}

// CheckInput says in one sentence why a path cannot be imported: nothing there is block.ErrNotFound, a folder a usage
// error that names the files in it, a file geodatabase block.ErrInvalid.
func CheckInput(path string) error {
	info, err := os.Stat(path)
	name := filepath.Base(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file %s: %w", path, block.ErrNotFound)
	case err != nil:
		return fmt.Errorf("file %s: %w", name, err)
	case !info.IsDir():
		return nil
	case strings.EqualFold(filepath.Ext(path), ".gdb"):
		return fmt.Errorf("%s is a file geodatabase, which cannot be read; save its layer as a GeoPackage or Shapefile first: %w", name, block.ErrInvalid)
	}
	inside, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("folder %s: %w", name, err)
	}
	var files []string
	for _, f := range inside {
		if !f.IsDir() && len(files) < suggestions && slices.Contains(importable, strings.ToLower(filepath.Ext(strings.TrimSuffix(f.Name(), ".gz")))) {
			files = append(files, f.Name())
		}
	}
	if len(files) == 0 {
		return cli.Usagef("%s is a folder without a file that can be imported", name)
	}
	return cli.Usagef("%s is a folder; name the files in it, such as %s", name, strings.Join(files, ", "))
}

// importable are the extensions of files that can be read.
var importable = []string{".geojson", ".json", ".geojsonl", ".geojsons", ".ndjson", ".csv", ".tsv", ".shp", ".gpkg", ".zip"}

// CheckOverwrite refuses to write a result over the file that it is made from. A folder that is not there is ErrNotFound.
func CheckOverwrite(path, from string) error {
	if err := checkFolder(path); err != nil {
		return err
	}
	out, err := os.Stat(path)
	if err != nil {
		return nil // nothing there to lose
	}
	if info, err := os.Stat(from); err == nil && os.SameFile(info, out) {
		return fmt.Errorf("%s is what the picture is made from: %w", path, block.ErrConflict)
	}
	return nil
}
