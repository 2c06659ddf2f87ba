package picture

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview"
)

// fonts are the shipped faces.
func fonts(t *testing.T) *mapview.Fonts {
	t.Helper()
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("..", "..", "assets", "fonts", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	f, err := mapview.NewFonts(read("KuaituSans-Regular.ttf"), read("KuaituSans-Bold.ttf"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// noNet fails the test when anything dials.
type noNet struct{ t *testing.T }

func (n noNet) RoundTrip(r *http.Request) (*http.Response, error) {
	n.t.Errorf("something asked for %s", r.URL.Host)
	return nil, errors.New("no network in this test")
}

// plain is a tile source of one colour with a credit.
type plain struct{ c color.RGBA }

func (p *plain) Tile(context.Context, int, int, int) (image.Image, error) {
	m := image.NewRGBA(image.Rect(0, 0, 256, 256))
	for i := 0; i < len(m.Pix); i += 4 {
		m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3] = p.c.R, p.c.G, p.c.B, 255
	}
	return m, nil
}
func (p *plain) Zooms() (minZoom, maxZoom int) { return 0, 18 }
func (p *plain) Datum() geo.Datum              { return geo.WGS84 }
func (p *plain) Attribution() string           { return "© 底图" }

func options(t *testing.T) Options {
	t.Helper()
	c := orb.Point{114.05, 22.54}
	var b, street mapview.Builder
	for i, u := range []mapview.Use{mapview.UseCommercial, mapview.UseConstruction} {
		at := orb.Point{c[0] + float64(i)*0.004 - 0.002, c[1]}
		if err := b.Add(mapview.ID{byte(i + 1)}, uint8(u), "楼", orb.Bound{Min: at, Max: at}.Pad(0.001)); err != nil {
			t.Fatal(err)
		}
	}
	region := orb.Bound{Min: c, Max: c}.Pad(0.006)
	if err := street.Add(mapview.ID{9}, 0, "沙头街道", region); err != nil {
		t.Fatal(err)
	}
	st := mapview.LightStyle()
	st.Fonts = fonts(t)
	return Options{
		Bound: region, WidthPx: 900, HeightPx: 700, Title: "沙头街道·楼栋", AsOf: "2026-11-23 15:41", Attribution: "示意数据", Style: st,
		Scene: mapview.Scene{Base: []mapview.TileSource{&plain{color.RGBA{200, 220, 200, 255}}}, Layers: []mapview.Layer{
			{Name: "building", Kind: mapview.KindBuilding, Data: b.Build(1)},
			{Name: "street", Kind: mapview.KindRegion, Level: mapview.LevelStreet, Data: street.Build(1)},
		}},
	}
}

func TestPictureDialsNowhere(t *testing.T) {
	transport, resolver := http.DefaultTransport, net.DefaultResolver
	t.Cleanup(func() { http.DefaultTransport, net.DefaultResolver = transport, resolver })
	http.DefaultTransport = noNet{t}
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(_ context.Context, _, address string) (net.Conn, error) {
		t.Errorf("a name was looked up at %s", address)
		return nil, errors.New("no network in this test")
	}}
	m, err := Render(t.Context(), options(t))
	if err != nil {
		t.Fatal(err)
	}
	if m.Rect != image.Rect(0, 0, 900, 700) {
		t.Errorf("the picture is %v", m.Rect)
	}
}

func TestPictureShowsWhatItShould(t *testing.T) {
	o := options(t)
	m, err := Render(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	f := frame{o: o, ratio: 1, top: 56, mapH: 700 - 56}
	cam := f.camera()
	at := func(lon, lat float64) color.RGBA {
		x, y := cam.ToScreen(orb.Point{lon, lat})
		return m.RGBAAt(int(x), int(y)+f.top)
	}
	if got, want := at(114.048, 22.5403), (color.RGBA{0xCD, 0xB4, 0xE0, 255}); got != want {
		t.Errorf("the commercial building is %v, want %v", got, want)
	}
	if got, want := at(114.05, 22.5375), (color.RGBA{200, 220, 200, 255}); got != want {
		t.Errorf("the base map is %v, want %v", got, want)
	}
	if n := inked(m, image.Rect(16, 10, 250, 50)); n < 400 {
		t.Errorf("the title has %d dark pixels", n)
	}
	if n := inked(m, image.Rect(640, 10, 890, 50)); n < 120 {
		t.Errorf("the date has %d dark pixels", n)
	}
	if n := inked(m, image.Rect(10, 660, 160, 690)); n < 100 {
		t.Errorf("the scale bar has %d dark pixels", n)
	}
	if n := inked(m, image.Rect(850, 60, 890, 105)); n < 100 {
		t.Errorf("the north arrow has %d dark pixels", n)
	}
	if n := inked(m, image.Rect(700, 670, 890, 695)); n < 50 {
		t.Errorf("the credit has %d dark pixels", n)
	}
}

// inked counts dark pixels.
func inked(m *image.RGBA, r image.Rectangle) int {
	n := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if c := m.RGBAAt(x, y); int(c.R)+int(c.G)+int(c.B) < 330 {
				n++
			}
		}
	}
	return n
}

func TestPictureRefuses(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"too small":        func(o *Options) { o.WidthPx = 10 },
		"too large":        func(o *Options) { o.HeightPx = 100000 },
		"no style":         func(o *Options) { o.Style = nil },
		"no fonts":         func(o *Options) { o.Style = mapview.LightStyle() },
		"bound inside out": func(o *Options) { o.Bound.Min, o.Bound.Max = o.Bound.Max, o.Bound.Min },
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			change(&o)
			if _, err := Render(t.Context(), o); !errors.Is(err, ErrOptions) {
				t.Errorf("got %v, want ErrOptions", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Render(ctx, options(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of its context: %v", err)
	}
}

func TestEncode(t *testing.T) {
	o := options(t)
	m, err := Render(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := Encode(&buf, m); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("KUAITU_LOOK"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "picture.png"), buf.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	back, err := png.Decode(&buf)
	if err != nil || back.Bounds() != m.Rect {
		t.Errorf("decoded %v, %v", back, err)
	}
}

func TestScaleLength(t *testing.T) {
	for in, want := range map[float64]float64{1: 1, 99: 50, 100: 100, 420: 200, 1999: 1000, 0.3: 0.2, 0: 0, -1: 0} {
		if got := scaleLength(in); got != want {
			t.Errorf("scaleLength(%g) = %g, want %g", in, got, want)
		}
	}
}
