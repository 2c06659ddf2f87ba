package assets

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed mapstyles/*.json
var mapStyles embed.FS

// MapStyle returns a shipped style document (docs/style.md): "light", "dark" and "wall" draw the city's own layers, "base-light" and
// "base-dark" draw a base map of vector tiles in the OpenMapTiles schema under them.
func MapStyle(name string) ([]byte, error) {
	b, err := mapStyles.ReadFile("mapstyles/" + name + ".json")
	if err != nil {
		return nil, fmt.Errorf("map style %q: %w", name, err)
	}
	return b, nil
}

// MapStyles returns the names of the shipped style documents in alphabetical order.
func MapStyles() []string {
	names, err := fs.Glob(mapStyles, "mapstyles/*.json")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i, n := range names {
		names[i] = strings.TrimSuffix(path.Base(n), ".json")
	}
	return names
}
