package ui

import (
	"fmt"
	"image/color"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"fyne.io/fyne/v2"

	"kuaitu/assets"
)

// icon is an outline icon in one colour and stroke width. Fyne's own recolouring changes fills only and turns outlines
// into blobs, so colour and width are put into the text of the SVG, and the name, by which Fyne caches, carries both.
type icon struct {
	name string
	svg  []byte
}

// Name implements fyne.Resource.
func (i *icon) Name() string { return i.name }

// Content implements fyne.Resource.
func (i *icon) Content() []byte { return i.svg }

var icons sync.Map // name with colour and width → *icon

var strokeWidth = regexp.MustCompile(`stroke-width="([0-9.]+)"`)

// newIcon returns the icon of assets with that name, drawn in c at size device-independent units on a canvas of that
// scale. Fyne's SVG drawing scales paths but not the width of strokes, so the width is given in pixels of the target:
// 1.75 units of the 24-unit grid, 1.6 from 20 units on. An unknown name gives an empty picture; a test asks for every
// name that the code uses.
func newIcon(name string, c color.NRGBA, size, scale float32) fyne.Resource {
	unit := size * scale / 24 // pixels of a unit of the grid
	key := fmt.Sprintf("%s-%02x%02x%02x-%.3f.svg", name, c.R, c.G, c.B, unit)
	if i, ok := icons.Load(key); ok {
		return i.(*icon)
	}
	svg := `<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24"></svg>`
	if b, err := assets.Icon(name); err == nil {
		svg = strings.ReplaceAll(string(b), "currentColor", fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B))
		svg = strokeWidth.ReplaceAllStringFunc(svg, func(attr string) string {
			width, err := strconv.ParseFloat(strokeWidth.FindStringSubmatch(attr)[1], 32)
			switch {
			case err != nil:
				return attr
			case strings.HasPrefix(name, "light-"): // our own signs say themselves how thick they are
			case size >= 20:
				width = 1.6
			default:
				width = 1.75
			}
			return fmt.Sprintf(`stroke-width="%.3f"`, width*float64(unit))
		})
	}
	i, _ := icons.LoadOrStore(key, &icon{name: key, svg: []byte(svg)})
	return i.(*icon)
}

// AppIcon is the program's sign, for the window and the desktop.
func AppIcon() fyne.Resource { return newIcon("light-logo", lightPalette.accent, 64, 1) }
