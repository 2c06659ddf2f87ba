package state

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// FileRow is an entry of a folder in the file chooser.
type FileRow struct {
	Name    string
	Dir     bool
	Size    int64
	Changed time.Time
}

// importable are the ends of the names of files that can be imported.
var importable = []string{".geojson", ".json", ".csv", ".shp", ".zip", ".gpkg", ".kml", ".gpx", ".pbf"}

// Importable reports whether a file is of a kind that can be imported, by the end of its name; .gz after it is allowed.
func Importable(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	return slices.ContainsFunc(importable, func(end string) bool { return strings.HasSuffix(name, end) })
}

// FileRows is what the chooser lists of a folder: folders first, then files that can be imported, each by name without
// regard to case. Hidden ones are left out.
func FileRows(entries []FileRow) []FileRow {
	rows := slices.DeleteFunc(slices.Clone(entries), func(r FileRow) bool {
		return strings.HasPrefix(r.Name, ".") || (!r.Dir && !Importable(r.Name))
	})
	slices.SortFunc(rows, func(a, b FileRow) int {
		if a.Dir != b.Dir {
			if a.Dir {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return rows
}
