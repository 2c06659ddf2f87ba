package picture

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
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

func TestWatermark(t *testing.T) {
	o := options(t)
	plain, err := Render(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	o.Watermark = "李四 · 受理岗 · 仅供内部使用"
	m, err := Render(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	changed, most := 0, 0
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			a, b := plain.RGBAAt(x, y), m.RGBAAt(x, y)
			if a == b {
				continue
			}
			changed++
			if y < 56 {
				t.Fatalf("the title has a watermark at %d,%d", x, y)
			}
			most = max(most, int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
		}
	}
	if changed < 4000 || changed > 60_000 || most > 40 {
		t.Errorf("the watermark changes %d pixels, by %d at most", changed, most)
	}
	// no part of the map is without it
	for y := 56; y+200 <= 700; y += 100 {
		for x := 0; x+300 <= 900; x += 100 {
			n := 0
			for dy := range 200 {
				for dx := range 300 {
					if plain.RGBAAt(x+dx, y+dy) != m.RGBAAt(x+dx, y+dy) {
						n++
					}
				}
			}
			if n == 0 {
				t.Errorf("nothing of it at %d,%d", x, y)
			}
		}
	}
}

func TestCredits(t *testing.T) {
	o := options(t)
	o.Scene.Base = []mapview.TileSource{credited{&plain{}, "© A"}, credited{&plain{}, "© A 审图号：GS(2026)1"}}
	for in, want := range map[string]string{"": "© A 审图号：GS(2026)1", "© A": "© A 审图号：GS(2026)1", "© B": "© A 审图号：GS(2026)1 · © B"} {
		o.Attribution = in
		if got := (&frame{o: o}).credits(); got != want {
			t.Errorf("with %q the credit is %q, want %q", in, got, want)
		}
	}
}

// credited is a source with another credit.
type credited struct {
	mapview.TileSource
	by string
}

func (c credited) Attribution() string { return c.by }

func TestEncodePDF(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 37, 21))
	for i := range m.Pix {
		m.Pix[i] = uint8(i*7 + i/5)
	}
	var buf bytes.Buffer
	if err := EncodePDF(&buf, m, 144, "福田街道"); err != nil {
		t.Fatal(err)
	}
	doc := buf.Bytes()
	for _, want := range []string{"%PDF-1.4\n", "/MediaBox [0 0 18.500 10.500]", "/Width 37 /Height 21", "<FEFF798F753088579053>", "%%EOF\n"} {
		if !bytes.Contains(doc, []byte(want)) {
			t.Errorf("the document has no %q", want)
		}
	}
	// the table at the end says where every object begins
	var start int
	if _, err := fmt.Sscanf(string(doc[bytes.LastIndex(doc, []byte("startxref\n"))+10:]), "%d", &start); err != nil || !bytes.HasPrefix(doc[start:], []byte("xref\n0 7\n")) {
		t.Fatalf("the table of objects is not at %d: %v", start, err)
	}
	for i, line := range bytes.SplitAfter(doc[start:], []byte("\n"))[3:9] {
		var at int
		if _, err := fmt.Sscanf(string(line), "%d", &at); err != nil || len(line) != 20 || !bytes.HasPrefix(doc[at:], fmt.Appendf(nil, "%d 0 obj\n", i+1)) {
			t.Errorf("object %d is not at %q", i+1, line)
		}
	}
	// and the pixels come back
	at := bytes.Index(doc, []byte("/Predictor 15"))
	at += bytes.Index(doc[at:], []byte("stream\n")) + len("stream\n")
	z, err := zlib.NewReader(bytes.NewReader(doc[at:]))
	if err != nil {
		t.Fatal(err)
	}
	above := make([]byte, 3*37)
	for y := range 21 {
		row := make([]byte, 1+3*37)
		if _, err := io.ReadFull(z, row); err != nil || row[0] != 2 {
			t.Fatalf("row %d: filter %d, %v", y, row[0], err)
		}
		for i := range above {
			above[i] += row[1+i]
		}
		for x := range 37 {
			if got, want := [3]byte(above[3*x:]), m.RGBAAt(x, y); got != [3]byte{want.R, want.G, want.B} {
				t.Fatalf("the pixel at %d,%d is %v, want %v", x, y, got, want)
			}
		}
	}
	if err := EncodePDF(io.Discard, m, 0, ""); !errors.Is(err, ErrOptions) {
		t.Errorf("with no pixels an inch: %v", err)
	}
}
