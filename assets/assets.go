// Package assets holds the files that are built into the console: the two text faces, the icons and the texts of the
// screens in each language. It reads nothing at run time and decides nothing; ui turns these bytes into resources.
package assets

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed fonts/KuaituSans-Regular.ttf
var fontRegular []byte

//go:embed fonts/KuaituSans-Bold.ttf
var fontBold []byte

//go:embed fonts/OFL.txt icons/LICENSE icons/*.svg lang/*.json
var files embed.FS

// FontRegular returns the face of all plain text: a subset of Noto Sans SC Regular as a static TrueType file (OFL 1.1),
// with the characters listed in fonts/characters.txt. The bytes are shared and must not be written.
func FontRegular() []byte { return fontRegular }

// FontBold returns the bold face, with the same characters as FontRegular.
func FontBold() []byte { return fontBold }

// Icon returns an outline icon of the Tabler set (MIT) as SVG: 24 units square, stroked in currentColor with a width of 2.
// The name is the file's without ".svg". Icons whose name begins with "light-" are our own and are filled.
func Icon(name string) ([]byte, error) {
	b, err := files.ReadFile("icons/" + name + ".svg")
	if err != nil {
		return nil, fmt.Errorf("icon %q: %w", name, err)
	}
	return b, nil
}

// Icons returns the names of all icons in alphabetical order.
func Icons() []string {
	names, err := fs.Glob(files, "icons/*.svg")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i, n := range names {
		names[i] = strings.TrimSuffix(path.Base(n), ".svg")
	}
	return names
}

// Texts returns the screen texts of a language ("zh", "en"): one JSON object from key to text.
func Texts(language string) ([]byte, error) {
	b, err := files.ReadFile("lang/" + language + ".json")
	if err != nil {
		return nil, fmt.Errorf("texts in %q: %w", language, err)
	}
	return b, nil
}

// Licence returns the licence text of a part that this package carries: "fonts" (OFL 1.1) or "icons" (MIT).
func Licence(part string) (string, error) {
	name := map[string]string{"fonts": "fonts/OFL.txt", "icons": "icons/LICENSE"}[part]
	b, err := files.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("licence of %q: %w", part, err)
	}
	return string(b), nil
}
