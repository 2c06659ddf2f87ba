package tilenet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/mapview"
	"kuaitu/store/tileset"
)

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		template, want string
		c              Config
	}{
		{"http://h/{z}/{x}/{y}.png", "http://h/3/5/2.png", Config{}},
		{"http://h/{z}/{x}/{-y}.png", "http://h/3/5/5.png", Config{}},
		{"http://{s}.h/{z}/{x}/{y}{r}.png", "http://b.h/3/5/2@2x.png", Config{TileSize: 512}},
		{"http://{s}.h/{z}/{x}/{y}{r}.png", "http://m1.h/3/5/2.png", Config{Subdomains: []string{"m0", "m1"}}},
		{"http://h/q{quadkey}.jpg?k={key}", "http://h/q121.jpg?k=a%26b%20c", Config{Key: "a&b c"}},
		{"http://h/{Layer}/{Style}/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}", "http://h/l/default/m/3/2/5", Config{Kind: WMTS, Layer: "l", MatrixSet: "m"}},
	} {
		c.c.URL = c.template
		p, err := xyz(c.c)
		if err != nil {
			t.Errorf("%s: %v", c.template, err)
			continue
		}
		if got := p.address.url(gridKey{3, 5, 2}); got != c.want {
			t.Errorf("%s: %s, want %s", c.template, got, c.want)
		}
	}
}

func TestValidateNamesTheField(t *testing.T) {
	good := Config{ID: "a", Kind: XYZ, URL: "https://h/{z}/{x}/{y}.png"}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(c *Config){
		"id:":            func(c *Config) { c.ID = "a b/../c" },
		"kind:":          func(c *Config) { c.Kind = "wms" },
		"url: missing":   func(c *Config) { c.URL = "" },
		"url: want":      func(c *Config) { c.URL = "ftp://h/{z}/{x}/{y}" },
		"{bbox} is not":  func(c *Config) { c.URL = "http://h/{bbox}/{z}/{x}/{y}" },
		"want {z}":       func(c *Config) { c.URL = "http://h/{z}.png" },
		"not closed":     func(c *Config) { c.URL = "http://h/{z}/{x}/{y" },
		"datum:":         func(c *Config) { c.Datum = "mars" },
		"min_zoom:":      func(c *Config) { c.MinZoom = -1 },
		"max_zoom:":      func(c *Config) { c.MinZoom, c.MaxZoom = 5, 4 },
		"tile_size:":     func(c *Config) { c.TileSize = 300 },
		"format:":        func(c *Config) { c.Format = "tiff" },
		"bounds:":        func(c *Config) { c.Bounds = []float64{1, 2, 3} },
		"max_age_hours:": func(c *Config) { c.MaxAgeHours = -1 },
		"timeout_s:":     func(c *Config) { c.TimeoutS = 9999 },
		"concurrency:":   func(c *Config) { c.Concurrency = 100 },
		"layer:":         func(c *Config) { c.Kind, c.Layer = Tianditu, "roads" },
		"matrix_set:":    func(c *Config) { c.Kind, c.Layer, c.MatrixSet = Tianditu, "vec", "d" },
	} {
		c := good
		change(&c)
		if err := c.Validate(); !errors.Is(err, ErrConfig) || !strings.Contains(fmt.Sprint(err), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestParseConfigs(t *testing.T) {
	list, err := ParseConfigs([]byte(`[
		{"id": "tdt", "kind": "tianditu", "layer": "vec", "matrix_set": "c", "key": "k", "name": {"zh": "天地图", "en": "Tianditu"}, "approval": "GS(2024)0568号"},
		{"id": "x", "kind": "xyz", "url": "https://h/{z}/{x}/{y}.png", "max_zoom": 19, "bounds": [113, 22, 115, 23], "datum": "gcj02"}]`))
	if err != nil || len(list) != 2 || list[0].Name.ZH != "天地图" || list[1].MaxZoom != 19 {
		t.Fatalf("%+v, %v", list, err)
	}
	for doc, says := range map[string]string{
		`{}`:             "list of sources",
		`[{"idd": "x"}]`: `sources[0]: json: unknown field "idd"`,
		`[{"id": 3}]`:    "sources[0]: json",
		`[{"id": "x"}]`:  `sources[0]: tile source declaration "x": kind`,
		`[{"id": "x", "kind": "xyz", "url": "http://h/{z}/{x}/{y}"}, {"id": "x", "kind": "xyz", "url": "http://h/{z}/{x}/{y}"}]`: "twice",
	} {
		if _, err := ParseConfigs([]byte(doc)); !errors.Is(err, ErrConfig) || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%s: %v", doc, err)
		}
	}
}

func TestPlaceholderKeys(t *testing.T) {
	for _, key := range []string{"", " ", "YOUR_KEY", "<your-token>", "您的密钥", "xxxxxxxx", "{key}", "TODO", "********"} {
		c := Config{ID: "t", Kind: Tianditu, Layer: "vec", Key: key}
		if _, err := Open(t.Context(), c, Options{}); !errors.Is(err, ErrKey) || !strings.Contains(fmt.Sprint(err), "key:") {
			t.Errorf("key %q: %v", key, err)
		}
	}
	if _, err := Open(t.Context(), Config{ID: "t", Kind: XYZ, URL: "http://h/{z}/{x}/{y}?k={key}"}, Options{}); !errors.Is(err, ErrKey) {
		t.Errorf("a template with a key: %v", err)
	}
}

// earth is a picture of degrees that two projections can be compared by: colour follows latitude and longitude.
func earth(lon, lat float64) color.RGBA {
	return color.RGBA{uint8(math.Round((lat + 90) / 180 * 255)), uint8(math.Round((lon + 180) / 360 * 255)), uint8(math.Round(127 + 100*math.Sin(lat/3))), 255}
}

// drawDegrees draws tile z/x/y of the pyramid of degrees.
func drawDegrees(z, x, y int) []byte {
	b := degreeBound(gridKey{z, x, y})
	m := image.NewRGBA(image.Rect(0, 0, 256, 256))
	for j := range 256 {
		for i := range 256 {
			m.SetRGBA(i, j, earth(b.Min[0]+(float64(i)+0.5)/256*(b.Max[0]-b.Min[0]), b.Max[1]-(float64(j)+0.5)/256*(b.Max[1]-b.Min[1])))
		}
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, m); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

func TestTiandituInDegreesLiesWhereItBelongs(t *testing.T) {
	srv := newTileServer(t)
	srv.answer(func(w http.ResponseWriter, r *http.Request) bool {
		q := r.URL.Query()
		z, _ := strconv.Atoi(q.Get("TILEMATRIX"))
		x, _ := strconv.Atoi(q.Get("TILECOL"))
		y, _ := strconv.Atoi(q.Get("TILEROW"))
		if r.URL.Path != "/vec_c/wmts" || q.Get("tk") != "0123abcd" || y < 0 || y >= 1<<z/2 || x >= 1<<z {
			w.WriteHeader(400)
			return true
		}
		w.Write(drawDegrees(z, x, y))
		return true
	})
	c := Config{ID: "tdt", Kind: Tianditu, URL: srv.URL, Layer: "vec", MatrixSet: "c", Key: "0123abcd"}
	s := mustOpen(t, c, Options{Cache: newCache(t)})
	if lo, hi := s.Zooms(); lo != 1 || hi != 18 || s.Attribution() != "天地图" {
		t.Errorf("zooms %d…%d", lo, hi)
	}
	for _, at := range [][3]int{{1, 0, 0}, {1, 1, 1}, {2, 3, 0}, {3, 6, 3}, {6, 52, 27}, {10, 836, 446}, {14, 13382, 7138}, {5, 3, 31}} {
		img, err := s.(*Raster).Tile(t.Context(), at[0], at[1], at[2])
		if err != nil {
			t.Fatalf("tile %v: %v (%s)", at, err, srv.last().URL)
		}
		b := tileset.TileBound(at[0], at[1], at[2])
		worst := 0.0
		for j := range 256 {
			lat := latitude(at[0], float64(at[2])+(float64(j)+0.5)/256)
			want := earth(b.Min[0]+(128.5)/256*(b.Max[0]-b.Min[0]), lat)
			got := img.(*image.RGBA).RGBAAt(128, j)
			for _, d := range []int{int(got.R) - int(want.R), int(got.G) - int(want.G), int(got.B) - int(want.B)} {
				worst = max(worst, math.Abs(float64(d)))
			}
		}
		if worst > 3 {
			t.Errorf("tile %v is off by %v", at, worst)
		}
	}
	data, err := s.Encoded(t.Context(), 10, 836, 446)
	if err != nil || tileset.Sniff(data) != "png" {
		t.Errorf("encoded as %q: %v", tileset.Sniff(data), err)
	}
	news := listen(s)
	if _, err := s.(*Raster).Tile(t.Context(), 11, 1600, 800); !errors.Is(err, mapview.ErrNotYet) {
		t.Errorf("not at hand: %v", err)
	}
	news.wait(t, 1)
}

func TestTiandituInMercator(t *testing.T) {
	srv := newTileServer(t)
	srv.answer(func(w http.ResponseWriter, r *http.Request) bool {
		q := r.URL.Query()
		if r.URL.Path == "/img_w/wmts" && q.Get("LAYER") == "img" && q.Get("TILEMATRIXSET") == "w" && q.Get("TILEMATRIX") == "5" && q.Get("TILECOL") == "26" && q.Get("TILEROW") == "13" {
			w.Write(picture(color.RGBA{1, 2, 3, 255}))
			return true
		}
		return false
	})
	s := mustOpen(t, Config{ID: "t", Kind: Tianditu, URL: srv.URL + "/", Layer: "img", Key: "0123abcd", Imagery: true}, Options{})
	see(t, s, 5, 26, 13, color.RGBA{1, 2, 3, 255})
	if !s.(*Raster).Imagery() {
		t.Error("imagery was declared")
	}
	p, err := tianditu(Config{ID: "t", Layer: "cva", Key: "0123abcd"})
	if err != nil {
		t.Fatal(err)
	}
	hosts := map[string]bool{}
	for x := range 8 {
		host, _, _ := strings.Cut(strings.TrimPrefix(p.address.url(gridKey{5, x, 0}), "https://"), "/")
		hosts[host] = true
	}
	if len(hosts) != 8 || !hosts["t0.tianditu.gov.cn"] || !hosts["t7.tianditu.gov.cn"] {
		t.Errorf("spread over %v", hosts)
	}
}

// wmtsXML is a capabilities document: KVP and REST, three matrix sets, a dimension.
func wmtsXML(base string, resource bool) string {
	var sets strings.Builder
	set := func(id, crs, corner string, scale float64, from, to int) {
		fmt.Fprintf(&sets, "<TileMatrixSet><ows:Identifier>%s</ows:Identifier><ows:SupportedCRS>%s</ows:SupportedCRS>", id, crs)
		for z := from; z <= to; z++ {
			fmt.Fprintf(&sets, "<TileMatrix><ows:Identifier>%s:%d</ows:Identifier><ScaleDenominator>%.10f</ScaleDenominator><TopLeftCorner>%s</TopLeftCorner><TileWidth>256</TileWidth><TileHeight>256</TileHeight><MatrixWidth>%d</MatrixWidth><MatrixHeight>%d</MatrixHeight></TileMatrix>",
				id, z, scale/math.Exp2(float64(z)), corner, 27<<z>>5, 1<<z)
		}
		sets.WriteString("</TileMatrixSet>")
	}
	set("local", "urn:ogc:def:crs:EPSG::4547", "5000000 300000", 1e6, 0, 3)
	set("degrees", "urn:ogc:def:crs:EPSG::4490", "90.0 -180.0", 5.590822639508929e8, 1, 12)
	set("google", "urn:ogc:def:crs:EPSG::3857", "-20037508.3427892 20037508.3427892", 5.59082264028717e8, 2, 17)
	rest := ""
	if resource {
		rest = `<ResourceURL format="image/png" resourceType="tile" template="` + base + `/rest/{Style}/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}.png?time={Time}"/>`
	}
	return `<?xml version="1.0" encoding="UTF-8"?>
<Capabilities xmlns="http://www.opengis.net/wmts/1.0" xmlns:ows="http://www.opengis.net/ows/1.1" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.0.0">
<ows:OperationsMetadata><ows:Operation name="GetCapabilities"><ows:DCP><ows:HTTP><ows:Get xlink:href="` + base + `/wrong"/></ows:HTTP></ows:DCP></ows:Operation>
<ows:Operation name="GetTile"><ows:DCP><ows:HTTP>
<ows:Get xlink:href="` + base + `/restful"><ows:Constraint name="GetEncoding"><ows:AllowedValues><ows:Value>RESTful</ows:Value></ows:AllowedValues></ows:Constraint></ows:Get>
<ows:Get xlink:href="` + base + `/kvp?map=city"><ows:Constraint name="GetEncoding"><ows:AllowedValues><ows:Value>KVP</ows:Value></ows:AllowedValues></ows:Constraint></ows:Get>
</ows:HTTP></ows:DCP></ows:Operation></ows:OperationsMetadata>
<Contents>
<Layer><ows:Identifier>other</ows:Identifier><Format>image/tiff</Format><TileMatrixSetLink><TileMatrixSet>local</TileMatrixSet></TileMatrixSetLink></Layer>
<Layer><ows:WGS84BoundingBox><ows:LowerCorner>-170 -60</ows:LowerCorner><ows:UpperCorner>170 60</ows:UpperCorner></ows:WGS84BoundingBox><ows:Identifier>base map</ows:Identifier>
<Style><ows:Identifier>night</ows:Identifier></Style><Style isDefault="true"><ows:Identifier>day</ows:Identifier></Style>
<Format>image/tiff</Format><Format>image/png</Format>
<Dimension><ows:Identifier>Time</ows:Identifier><Default>2024</Default><Value>2023</Value></Dimension>
<TileMatrixSetLink><TileMatrixSet>local</TileMatrixSet></TileMatrixSetLink>
<TileMatrixSetLink><TileMatrixSet>degrees</TileMatrixSet></TileMatrixSetLink>
<TileMatrixSetLink><TileMatrixSet>google</TileMatrixSet></TileMatrixSetLink>` + rest + `
</Layer>` + sets.String() + `</Contents></Capabilities>`
}

func TestWMTS(t *testing.T) {
	for _, c := range []struct {
		name     string
		resource bool
		change   func(c *Config)
		want     string // address of tile 5/26/13
		lo, hi   int
	}{
		{"kvp", false, func(*Config) {}, "/kvp?map=city&SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=base%20map&STYLE=day&FORMAT=image%2Fpng&TILEMATRIXSET=google&TILEMATRIX=google%3A5&TILEROW=13&TILECOL=26&Time=2024", 2, 17},
		{"rest", true, func(c *Config) { c.Style, c.MaxZoom = "night", 9 }, "/rest/night/google/google%3A5/13/26.png?time=2024", 2, 9},
		{"degrees", true, func(c *Config) { c.MatrixSet = "degrees" }, "/rest/day/degrees/degrees%3A5/", 1, 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := newTileServer(t)
			srv.answer(func(w http.ResponseWriter, r *http.Request) bool {
				switch {
				case r.URL.Query().Get("REQUEST") == "GetCapabilities":
					fmt.Fprint(w, wmtsXML(srv.URL, c.resource))
				case strings.HasPrefix(r.URL.RequestURI(), c.want):
					w.Write(picture(color.RGBA{4, 5, 6, 255}))
				default:
					t.Errorf("asked for %s", r.URL.RequestURI())
					w.WriteHeader(404)
				}
				return true
			})
			config := Config{ID: "w", Kind: WMTS, URL: srv.URL + "/service", Layer: "base map"}
			c.change(&config)
			cache := newCache(t)
			s := mustOpen(t, config, Options{Cache: cache})
			if lo, hi := s.Zooms(); lo != c.lo || hi != c.hi {
				t.Errorf("zooms %d…%d, want %d…%d", lo, hi, c.lo, c.hi)
			}
			see(t, s, 5, 26, 13, color.RGBA{4, 5, 6, 255})
			for _, at := range [][3]int{{5, 27, 13}, {5, 26, 0}, {5, 26, 31}} { // right of the matrix, and outside the layer's box
				if _, err := s.(*Raster).Tile(t.Context(), at[0], at[1], at[2]); !errors.Is(err, mapview.ErrNoTile) {
					t.Errorf("tile %v: %v", at, err)
				}
			}
			// The description is kept: the source opens without the network, even when it is old.
			srv.Close()
			later := mustOpen(t, config, Options{Cache: cache})
			see(t, later, 5, 26, 13, color.RGBA{4, 5, 6, 255})
		})
	}
}

func TestOldDescriptionIsGoodEnoughOffline(t *testing.T) {
	srv := newTileServer(t)
	srv.answer(func(w http.ResponseWriter, r *http.Request) bool {
		fmt.Fprint(w, `{"tilejson": "3.0.0", "tiles": ["/{z}/{x}/{y}.png"]}`)
		return true
	})
	c := Config{ID: "j", Kind: TileJSON, URL: srv.URL + "/tiles.json"}
	cache := newCache(t)
	f := newFetcher(c)
	defer f.close()
	var err error
	if f.cache, err = cache.Source(t.Context(), c.ID, c.fingerprint()); err != nil {
		t.Fatal(err)
	}
	if p, err := f.describe(t.Context()); err != nil || p.unreached != nil {
		t.Fatalf("%v, %v", err, p.unreached)
	}
	f.now = func() time.Time { return time.Now().Add(2 * documentFresh) }
	f.pace = quick
	before := srv.count()
	srv.answer(status(500))
	if p, err := f.describe(t.Context()); err != nil || p.unreached == nil || p.address.url(gridKey{1, 1, 0}) != srv.URL+"/1/1/0.png" {
		t.Errorf("%v, %v", err, p.unreached)
	}
	if n := srv.count() - before; n != quick.attempts {
		t.Errorf("%d attempts", n)
	}
	srv.answer(status(404))
	if _, err := Open(t.Context(), Config{ID: "new", Kind: TileJSON, URL: srv.URL}, Options{Cache: cache}); !errors.Is(err, ErrOffline) {
		t.Errorf("never seen and not there: %v", err)
	}
}

func TestWMTSRefuses(t *testing.T) {
	for says, change := range map[string]func(c *Config, doc string) string{
		`layer: there is no "x", there are other, base map`: func(c *Config, doc string) string { c.Layer = "x"; return doc },
		`no style "dawn"`:               func(c *Config, doc string) string { c.Style = "dawn"; return doc },
		"EPSG::4547":                    func(c *Config, doc string) string { c.Layer = "other"; return doc },
		`has no "polar"`:                func(c *Config, doc string) string { c.MatrixSet = "polar"; return doc },
		"format: layer base map has no": func(c *Config, doc string) string { c.Format = "webp"; return doc },
		"<html>":                        func(c *Config, doc string) string { return "<html><title>hello</title></html>" },
		"capabilities: ":                func(c *Config, doc string) string { return doc[:len(doc)/2] },
		"the document is <ExceptionReport>; the server says: no such service": func(c *Config, doc string) string {
			return "<ExceptionReport>no such service</ExceptionReport>"
		},
		"no tile matrix of it lies on the standard pyramid": func(c *Config, doc string) string {
			c.MatrixSet = "google"
			return strings.ReplaceAll(doc, "-20037508.3427892 20037508.3427892", "-20000000 20000000")
		},
	} {
		srv := newTileServer(t)
		c := Config{ID: "w", Kind: WMTS, URL: srv.URL + "/WMTSCapabilities.xml", Layer: "base map"}
		doc := change(&c, wmtsXML(srv.URL, false))
		srv.answer(func(w http.ResponseWriter, r *http.Request) bool { fmt.Fprint(w, doc); return true })
		if _, err := Open(t.Context(), c, Options{}); !errors.Is(err, ErrService) || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

func TestTileJSON(t *testing.T) {
	layer := []byte("\x1a\x05\x0a\x03abc")
	srv := newTileServer(t)
	srv.answer(func(w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/vector.json":
			fmt.Fprint(w, `{"tilejson": "3.0.0", "name": "城", "tiles": ["data/{z}/{x}/{y}.pbf?k={key}"], "minzoom": 3, "maxzoom": 14, "bounds": [113, 22, 115, 23],
				"attribution": "<a href='x'>© OSM</a>", "vector_layers": [{"id": "water", "fields": {}}]}`)
		case "/raster.json":
			fmt.Fprintf(w, `{"tilejson": "2.2.0", "tiles": [%q], "scheme": "tms", "minzoom": 0, "maxzoom": 5}`, srv.URL+"/{z}/{x}/{y}.png")
		case "/data/14/13382/7138.pbf":
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(zipped(t, layer))
		case "/data/14/13383/7138.pbf":
			w.Write(zipped(t, layer)) // not declared
		default:
			if strings.HasSuffix(r.URL.Path, ".pbf") {
				w.WriteHeader(404)
				return true
			}
			return false
		}
		return true
	})
	s := mustOpen(t, Config{ID: "v", Kind: TileJSON, URL: srv.URL + "/vector.json", Key: "kk1"}, Options{Cache: newCache(t)})
	v, ok := s.(*Vector)
	if !ok {
		t.Fatalf("a %T", s)
	}
	info := s.Info()
	if info.MinZoom != 3 || info.MaxZoom != 14 || info.Name != "城" || info.Attribution != "© OSM" || len(info.Layers) != 1 || info.Bound != (orb.Bound{Min: orb.Point{113, 22}, Max: orb.Point{115, 23}}) {
		t.Errorf("info %+v", info)
	}
	for x := 13382; x <= 13383; x++ {
		if got, err := v.VectorTile(t.Context(), 14, x, 7138); err != nil || !bytes.Equal(got, layer) {
			t.Errorf("tile %d: %q, %v", x, got, err)
		}
	}
	if _, err := v.VectorTile(t.Context(), 14, 13381, 7138); !errors.Is(err, mapview.ErrNoTile) {
		t.Errorf("missing: %v", err)
	}
	news := listen(s)
	if _, err := v.VectorTile(t.Context(), 14, 13380, 7138); !errors.Is(err, mapview.ErrNotYet) {
		t.Errorf("not at hand: %v", err)
	}
	news.wait(t, 1)

	r := mustOpen(t, Config{ID: "r", Kind: TileJSON, URL: srv.URL + "/raster.json"}, Options{})
	see(t, r, 3, 1, 2, tileColour(3, 1, 5)) // rows from the south
}

func FuzzCapabilities(f *testing.F) {
	// Small ones: the fuzzer spends its time on making large ones smaller.
	f.Add([]byte(`<Capabilities><Contents><Layer><Identifier>a</Identifier><Format>image/png</Format><TileMatrixSetLink><TileMatrixSet>m</TileMatrixSet></TileMatrixSetLink>`+
		`<ResourceURL format="image/png" template="/{TileMatrix}/{TileRow}/{TileCol}"/></Layer><TileMatrixSet><Identifier>m</Identifier><SupportedCRS>EPSG:4490</SupportedCRS>`+
		`<TileMatrix><Identifier>1</Identifier><ScaleDenominator>2.795411320143589E8</ScaleDenominator><TopLeftCorner>90 -180</TopLeftCorner><TileWidth>256</TileWidth><TileHeight>256</TileHeight></TileMatrix>`+
		`</TileMatrixSet></Contents></Capabilities>`), "a", "m")
	f.Add([]byte(`<?xml version="1.0" encoding="GBK"?><Capabilities><Contents><Layer/></Contents></Capabilities>`), "", "")
	f.Fuzz(func(t *testing.T, doc []byte, layer, set string) {
		d, err := parseCapabilities(doc)
		if err != nil {
			return
		}
		choice, err := d.choose(Config{ID: "f", Kind: WMTS, Layer: layer, MatrixSet: set}, "http://h/wmts")
		if err != nil {
			return
		}
		if choice.minZoom > choice.maxZoom || choice.maxZoom > mapview.MaxZoom || choice.minZoom < 0 {
			t.Errorf("zooms %d…%d", choice.minZoom, choice.maxZoom)
		}
		choice.address.url(gridKey{choice.maxZoom, 1, 1})
	})
}

func FuzzTileJSON(f *testing.F) {
	f.Add([]byte(`{"tiles": ["http://h/{z}/{x}/{y}.pbf"], "vector_layers": [{"id": "a"}], "bounds": [1, 2, 3, 4], "minzoom": 3}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		p, err := parseTileJSON(doc, Config{ID: "f"}, "http://h/x.json")
		if err != nil {
			return
		}
		p.address.url(gridKey{3, 1, 1})
		if p.info.MaxZoom > mapview.MaxZoom || p.info.MinZoom < 0 {
			t.Errorf("zooms %d…%d", p.info.MinZoom, p.info.MaxZoom)
		}
	})
}

func BenchmarkFromDegrees(b *testing.B) {
	srv := newTileServer(b)
	srv.answer(func(w http.ResponseWriter, r *http.Request) bool { w.Write(drawDegrees(10, 0, 0)); return true })
	s := mustOpen(b, Config{ID: "t", Kind: Tianditu, URL: srv.URL, Layer: "vec", MatrixSet: "c", Key: "0123abcd"}, Options{}).(*Raster)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Tile(context.Background(), 10, 836, 446); err != nil {
			b.Fatal(err)
		}
	}
}
