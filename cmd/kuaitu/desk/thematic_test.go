package desk

import (
	"errors"
	"image"
	"image/color"
	"strings"
	"testing"
	"time"

	"kuaitu/assets"
	"kuaitu/block"
	"kuaitu/mapview"
	"kuaitu/store/maplayer"
	"kuaitu/ui/state"

	"github.com/paulmach/orb"
)

// figureDesk is a desk with drawn layers, in a language.
func figureDesk(t *testing.T) (*Desk, *state.Lang) {
	t.Helper()
	d, st := openDesk(t)
	layers, err := maplayer.Open(t.Context(), st.Reader(), maplayer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d.UseSnapshots(layers.Layer)
	text, err := assets.Texts("zh")
	if err != nil {
		t.Fatal(err)
	}
	l, err := state.NewLang("zh", text, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return d, l
}

// at draws the layers alone and answers the colour at a place.
func at(t *testing.T, layers []mapview.Layer, p orb.Point) color.RGBA {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 64, 64))
	cam := mapview.Camera{Center: p, Zoom: 15, WidthPx: 64, HeightPx: 64}
	if err := mapview.Render(t.Context(), img, cam, mapview.LightStyle(), mapview.Scene{Layers: layers}); err != nil {
		t.Fatal(err)
	}
	return img.RGBAAt(32, 32)
}

func TestFiguresAreColoured(t *testing.T) {
	d, l := figureDesk(t)
	want := state.DefaultThematic()
	want.Measure, want.Method, want.Cuts = state.MeasureBuildings, state.ClassFixed, []float64{10, 50}
	m, err := d.Thematic(t.Context(), want, false, l)
	if err != nil {
		t.Fatal(err)
	}
	if m.Legend.Title != "楼栋·按社区" || !strings.Contains(m.Legend.AsOf, "截至") {
		t.Errorf("legend %+v", m.Legend)
	}
	two := 0
	for _, e := range m.Legend.Entries {
		if e.Count == 2 { // both communities have forty buildings
			two++
			if got := at(t, m.Layers, orb.Point{114.005, 22.0095}); got == (color.RGBA{}) || got == at(t, nil, orb.Point{114.005, 22.0095}) {
				t.Errorf("the community is not coloured: %v", got)
			}
		}
	}
	if two != 1 {
		t.Errorf("classes of the legend: %+v", m.Legend.Entries)
	}
	again, err := d.Thematic(t.Context(), want, true, l)
	if err != nil {
		t.Fatal(err)
	}
	if at(t, again.Layers, orb.Point{114.005, 22.0095}) == at(t, m.Layers, orb.Point{114.005, 22.0095}) {
		t.Error("the dark theme has the colours of the light one")
	}
}

func TestFiguresAsCirclesAndDensity(t *testing.T) {
	d, l := figureDesk(t)
	want := state.DefaultThematic()
	want.Kind, want.Measure = state.ThemeSymbols, state.MeasureRooms
	m, err := d.Thematic(t.Context(), want, false, l)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Legend.Entries) == 0 || m.Legend.Entries[0].Radius <= 0 {
		t.Errorf("the legend has no circles: %+v", m.Legend.Entries)
	}
	if at(t, m.Layers, orb.Point{114.005, 22.005}) == at(t, nil, orb.Point{114.005, 22.005}) {
		t.Error("no circle stands in the middle of a community")
	}
	want.Kind, want.Measure = state.ThemeHeat, state.MeasureBuildings
	if m, err = d.Thematic(t.Context(), want, false, l); err != nil {
		t.Fatal(err)
	}
	if at(t, m.Layers, orb.Point{114.003, 22.005}) == at(t, nil, orb.Point{114.003, 22.005}) {
		t.Error("no heat lies over the buildings")
	}
	want.MinCount = 30 // more than stand within a hundred metres
	if m, err = d.Thematic(t.Context(), want, false, l); err != nil {
		t.Fatal(err)
	}
	if at(t, m.Layers, orb.Point{114.003, 22.005}) != at(t, nil, orb.Point{114.003, 22.005}) {
		t.Error("heat shows fewer buildings than the least count")
	}
	if !strings.Contains(m.Legend.Note, "30") {
		t.Errorf("the legend does not tell of the least count: %q", m.Legend.Note)
	}
	want.Measure = state.MeasureResidents
	if _, err := d.Thematic(t.Context(), want, false, l); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("a density of residents: %v", err)
	}
}

func TestFiguresWithoutPolygons(t *testing.T) {
	d, l := figureDesk(t)
	d.UseSnapshots(func(string) *mapview.Snapshot { return nil })
	if _, err := d.Thematic(t.Context(), state.DefaultThematic(), false, l); !errors.Is(err, block.ErrNotFound) {
		t.Errorf("regions that are not drawn: %v", err)
	}
}

func TestHomeRegionDossier(t *testing.T) {
	d, _ := openDesk(t)
	id, _, _, _, err := d.Home(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Dossier(t.Context(), state.RefOf("region", id))
	if err != nil {
		t.Fatal(err)
	}
	if got.Level != "city" || got.Region != id || got.BelowAll != 1 || len(got.Below) != 1 || got.Below[0].Buildings != 80 {
		t.Errorf("level %q, region %v, %d below: %+v", got.Level, got.Region, got.BelowAll, got.Below)
	}
	open := 0
	for _, n := range got.Lights {
		open += n
	}
	if open != got.Figures[4].Value {
		t.Errorf("%d events by light, %d open", open, got.Figures[4].Value)
	}
	for i := 1; i < len(got.Past); i++ {
		if got.Past[i].At.After(got.Past[i-1].At) {
			t.Errorf("the history is out of order: %v after %v", got.Past[i].At, got.Past[i-1].At)
		}
	}
}
