package mapview

import (
	"context"
	"image"
	"image/color"
)

// Text is how a line of text is drawn: its size in device pixels and its colours; a Halo of alpha 0 is none.
type Text struct {
	Size  float64
	Bold  bool
	Color color.NRGBA
	Halo  color.NRGBA
}

func (t Text) style() textStyle {
	return textStyle{size: t.Size, bold: t.Bold, c: straight(t.Color), halo: straight(t.Halo), ratio: max(1, t.Size/16)}
}

func straight(c color.NRGBA) rgba { return rgba{c.R, c.G, c.B, c.A} }

// Draw puts one line of text on dst, an opaque picture that starts at 0,0; its baseline starts at x, y. Letters beyond the picture are cut.
func (f *Fonts) Draw(dst *image.RGBA, text string, x, y float64, t Text) {
	f.draw(dst, text, x, y, t.style())
}

// Width is the length of a line of text in device pixels.
func (f *Fonts) Width(text string, t Text) float64 { return f.width(text, t.style()) }

// Cut shortens a text to at most limit device pixels, with an ellipsis at its end.
func (f *Fonts) Cut(text string, t Text, limit float64) string {
	text, _ = f.cut(text, t.style(), limit)
	return text
}

// Building answers the colours of a building use, for legends. A use without hatching has a hatch of alpha 0.
func (s *Style) Building(u Use) (fill, edge, hatch color.NRGBA) {
	if u >= numUses {
		u = UseUnknown
	}
	us := s.uses[u]
	return us.fill.nrgba(), us.edge.nrgba(), us.hatch.nrgba()
}

// RegionLine answers the line of a region level in device pixels, for legends. A solid line has no dash.
func (s *Style) RegionLine(l Level) (c color.NRGBA, width float64, dash []float64) {
	if l >= numLevels {
		return color.NRGBA{}, 0, nil
	}
	ls := s.levels[l]
	for _, d := range ls.dash {
		dash = append(dash, d*s.ratio())
	}
	return s.ink.nrgba(), ls.width * s.ratio(), dash
}

// Levels answers which region levels of the scene are shown at cam, the coarsest first.
func (s Scene) Levels(cam Camera, st *Style) []Level {
	v := view{zoom: cam.Zoom}
	p := painter{style: st, ratio: st.ratio(), zoom: st.designZoom(cam.Zoom), k: v.perUnit()}
	var out []Level
	for _, l := range p.regionLayers(s) {
		out = append([]Level{l.Level}, out...)
	}
	return out
}

// Uses answers which building uses occur in view at cam, in the order of the legend.
func (s Scene) Uses(cam Camera, st *Style) []Use {
	var seen [numUses]bool
	left := len(seen)
	zoom := st.designZoom(cam.Zoom)
	for _, l := range s.Layers {
		if l.Kind != KindBuilding || !l.visible(zoom) {
			continue
		}
		for f := range l.Data.Search(cam.Bound()) {
			u := min(f.Class(), uint8(numUses))
			if u == uint8(numUses) {
				u = uint8(UseUnknown)
			}
			if !seen[u] {
				seen[u] = true
				if left--; left == 0 {
					break
				}
			}
		}
	}
	var out []Use
	for _, u := range legendOrder {
		if seen[u] {
			out = append(out, u)
		}
	}
	return out
}

// DrawMarker puts the marker of an event on dst, an opaque picture that starts at 0,0, its middle at x, y, as large as on the map.
func (s *Style) DrawMarker(dst *image.RGBA, x, y float64, l Light, i Icon) {
	m := marker{x: x, y: y, count: 1, opacity: 1}
	m.light, m.icon = eventParts(EventClass(l, i))
	p := painters.Get().(*painter)
	defer painters.Put(p)
	p.begin(context.Background(), dst, view{w: dst.Rect.Dx(), h: dst.Rect.Dy()}, s)
	p.drawMarker(&m)
}

// Lights answers which clock lights the events in view at cam have, the most urgent first.
func (s Scene) Lights(cam Camera, st *Style) []Light {
	var seen [numLights]bool
	zoom := st.designZoom(cam.Zoom)
	for _, l := range s.Layers {
		if l.Kind != KindEvent || !l.visible(zoom) {
			continue
		}
		for f := range l.Data.Search(cam.Bound()) {
			light, _ := eventParts(f.Class())
			seen[light] = true
		}
	}
	var out []Light
	for l := numLights; l > 0; l-- {
		if seen[l-1] {
			out = append(out, l-1)
		}
	}
	return out
}
