package ui

import (
	"fmt"
	"image/color"
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

// newIcon returns the icon of assets with that name, drawn in c for a size in device-independent units. An unknown name
// gives an empty picture; a test asks for every name that the code uses.
func newIcon(name string, c color.NRGBA, size float32) fyne.Resource {
	width := "1.75"
	if size >= 20 {
		width = "1.6"
	}
	key := fmt.Sprintf("%s-%02x%02x%02x-%s.svg", name, c.R, c.G, c.B, width)
	if i, ok := icons.Load(key); ok {
		return i.(*icon)
	}
	svg := `<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24"></svg>`
	if b, err := assets.Icon(name); err == nil {
		svg = strings.ReplaceAll(string(b), "currentColor", fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B))
		if !strings.HasPrefix(name, "light-") {
			svg = strings.ReplaceAll(svg, `stroke-width="2"`, `stroke-width="`+width+`"`)
		}
	}
	i, _ := icons.LoadOrStore(key, &icon{name: key, svg: []byte(svg)})
	return i.(*icon)
}
