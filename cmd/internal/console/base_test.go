package console

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kuaitu/block"
	"kuaitu/mapview"
	"kuaitu/store/tileset"

	"github.com/paulmach/orb"
)

// drawn draws a map's layers alone, about a place of the pack.
func drawn(t *testing.T, layers []mapview.Layer, zoom float64) *image.RGBA {
	t.Helper()
	cam := mapview.Camera{Center: orb.Point{114.055, 22.54}, Zoom: zoom, WidthPx: 256, HeightPx: 256}
	img := image.NewRGBA(image.Rect(0, 0, 256, 256))
	if err := mapview.Render(t.Context(), img, cam, mapview.LightStyle(), mapview.Scene{Layers: layers}); err != nil {
		t.Fatal(err)
	}
	return img
}

func colours(img *image.RGBA) int {
	seen := map[color.RGBA]bool{}
	for y := range 256 {
		for x := range 256 {
			seen[img.RGBAAt(x, y)] = true
		}
	}
	return len(seen)
}

func TestVectorTilesAreTheBaseMap(t *testing.T) {
	pack := os.Getenv("KUAITU_DATA")
	if pack == "" {
		pack = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(pack, "pack.json")); err != nil {
		if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
			t.Fatal("the real data is required (KUAITU_DATA)")
		}
		t.Skip("the real data is not here (KUAITU_DATA)")
	}
	base, closeBase, err := OpenBase(pack)
	if err != nil {
		t.Fatal(err)
	}
	defer closeBase()
	if len(base.Maps) != 2 || !base.Maps[0].Vector || base.Maps[1].Vector {
		t.Fatalf("%d maps, the vector tiles are not the first", len(base.Maps))
	}
	for i, m := range base.Maps {
		if n := colours(drawn(t, m.Layers(false), 14)); n < 20 {
			t.Errorf("map %d has %d colours by day", i, n)
		}
		if !strings.Contains(m.Credit, "OpenStreetMap") {
			t.Errorf("map %d is credited %q", i, m.Credit)
		}
	}
	day, night := drawn(t, base.Maps[0].Layers(false), 14), drawn(t, base.Maps[0].Layers(true), 14)
	if bytes.Equal(day.Pix, night.Pix) {
		t.Error("the vector tiles look the same by day and by night")
	}
	var s mapview.Scene
	base.Under(&s, true)
	if len(s.Layers) != len(base.Maps[0].Layers(true)) {
		t.Errorf("%d layers lie below a scene", len(s.Layers))
	}
}

// tileServer answers every tile with one colour.
func tileServer(t *testing.T) *httptest.Server {
	t.Helper()
	tile := image.NewRGBA(image.Rect(0, 0, 256, 256))
	for i := range tile.Pix {
		tile.Pix[i] = []uint8{200, 30, 40, 255}[i%4]
	}
	var b bytes.Buffer
	if err := png.Encode(&b, tile); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(b.Bytes()) // the client notices
	}))
	t.Cleanup(s.Close)
	return s
}

func TestRemoteBaseMap(t *testing.T) {
	s := tileServer(t)
	cache, err := tileset.OpenCache(filepath.Join(t.TempDir(), "tiles.db"), 1<<24)
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	came := make(chan orb.Bound, 64)
	m, file, err := OpenRemoteBase(t.Context(), BaseRequest{Address: s.URL + "/{z}/{x}/{y}.png", Name: "影像", Approval: "GS(2026)1号"}, cache,
		func(b orb.Bound) {
			select {
			case came <- b:
			default:
			}
		}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if m.Name != "影像" || m.Credit != "审图号：GS(2026)1号" {
		t.Errorf("%q, credited %q", m.Name, m.Credit)
	}
	red := func() bool {
		c := drawn(t, m.Layers(false), 12).RGBAAt(128, 128)
		return c.R > 150 && c.G < 80
	}
	if red() {
		t.Error("a tile that cannot be there yet was waited for")
	}
	for deadline := time.After(10 * time.Second); !red(); {
		select {
		case <-came:
		case <-deadline:
			t.Fatal("the tiles never came")
		}
	}
}

func TestBaseRequests(t *testing.T) {
	for address, want := range map[string]string{
		"https://a.test/{z}/{x}/{y}.png":                    "xyz ",
		"https://a.test/{z}/{x}/{y}.pbf?k={key}":            "xyz pbf",
		"https://a.test/wmts?SERVICE=WMTS":                  "wmts ",
		"https://a.test/m/{TileMatrix}/{TileRow}/{TileCol}": "wmts ",
		"https://a.test/map.json":                           "tilejson ",
		"tianditu:vec":                                      "tianditu tianditu ",
		"tianditu:img_c":                                    "tianditu tianditu ",
		"tianditu:ibo":                                      "tianditu ",
		"ftp://a.test/x":                                    "",
	} {
		got := ""
		declared, err := BaseRequest{Address: address}.declarations()
		for i, c := range declared {
			got += string(c.Kind) + " "
			if i == len(declared)-1 {
				got += c.Format
			}
		}
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%s is %q (%v), want %q", address, got, err, want)
		}
	}
	if _, _, err := OpenRemoteBase(context.Background(), BaseRequest{Address: "tianditu:vec"}, nil, nil, nil); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("天地图 without a key: %v", err)
	}
	if _, _, err := OpenBaseMap(filepath.Join(t.TempDir(), "none.mbtiles"), ""); err == nil {
		t.Error("a file that is not there was opened")
	}
}
