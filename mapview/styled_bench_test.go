package mapview

import (
	"context"
	"fmt"
	"image"
	"sync"
	"testing"

	"kuaitu/mapview/style"
)

// styledCity is the made-up city as a table: use, floors and a name.
var styledCity = sync.OnceValue(func() *Snapshot {
	plain := benchCity(660_000)
	uses := [numUses]string{"unknown", "residential", "self_built", "commercial", "office", "public", "construction", "industrial"}
	var b Builder
	b.Columns("use", "floors", "name")
	for i := range plain.base.len() {
		b.copyFeature(plain.base, i)
		for j, v := range []style.Value{style.Str(uses[plain.base.class[i]]), style.Num(float64(i % 33)), style.Str(fmt.Sprintf("%d栋", i%97))} {
			c := &b.columns[j]
			c.codes = append(c.codes, c.intern(propOf(v)))
		}
	}
	return b.Build(1)
})

const styledDoc = `{"version": 8, "sources": {"kuaitu": {"type": "vector"}}, "layers": [
	{"id": "ground", "type": "background", "paint": {"background-color": "#EFEFEC"}},
	{"id": "building", "type": "fill", "source": "kuaitu", "source-layer": "building", "paint": {
		"fill-color": ["match", ["get", "use"], "residential", "#EAD9B4", "self_built", "#CDA67C", "commercial", "#CDB4E0", "office", "#7E9CC0", "public", "#86BBA4", "industrial", "#94A0AC", "#D3D3D0"],
		"fill-outline-color": ["match", ["get", "use"], "residential", "#C7AF7C", "self_built", "#A37F55", "commercial", "#A386BE", "office", "#587AA3", "public", "#5C967D", "industrial", "#707D8A", "#B3B3AE"]}},
	{"id": "name", "type": "symbol", "minzoom": 16, "source": "kuaitu", "source-layer": "building",
		"layout": {"text-field": ["get", "name"], "text-size": 11}, "paint": {"text-color": "#46515B", "text-halo-color": "#F4F4F1", "text-halo-width": 1.5}}
]}`

// BenchmarkStyled draws 1920×1080 of buildings from scratch as a style document says.
func BenchmarkStyled(b *testing.B) {
	doc, err := style.Parse([]byte(styledDoc))
	if err != nil {
		b.Fatal(err)
	}
	s := styledCity()
	layers, err := StyledLayers(doc, map[string]any{"building": s})
	if err != nil {
		b.Fatal(err)
	}
	st := LightStyle()
	st.Fonts = testFonts(b)
	for _, z := range []float64{10, 11, 12, 13, 14, 15, 16, 17, 18, 19} {
		b.Run(fmt.Sprintf("660k/z%g", z), func(b *testing.B) {
			cam := Camera{Center: densest(s), Zoom: z, WidthPx: 1920, HeightPx: 1080}
			m := image.NewRGBA(image.Rect(0, 0, cam.WidthPx, cam.HeightPx))
			b.ReportAllocs()
			for b.Loop() {
				if err := Render(context.Background(), m, cam, st, Scene{Layers: layers}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLooks finds the looks of the city in a layer, as happens once for each snapshot and layer.
func BenchmarkLooks(b *testing.B) {
	doc, err := style.Parse([]byte(styledDoc))
	if err != nil {
		b.Fatal(err)
	}
	s := styledCity()
	b.ReportAllocs()
	for b.Loop() {
		findLooks(s.base, doc.Layers[1])
	}
}
