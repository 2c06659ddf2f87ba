package tilenet

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/paulmach/orb"

	"kuaitu/mapview"
	"kuaitu/store/tileset"
)

// tiandituLayers are 天地图's layers: map, imagery, terrain, and the names for each, in Chinese and, for e and c ones, English.
var tiandituLayers = []string{"vec", "cva", "eva", "img", "cia", "eia", "ter", "cta", "ibo"}

// tiandituURL is where 天地图 is, on eight servers; a declaration may say another.
const tiandituURL = "https://t{s}.tianditu.gov.cn"

// plain is a source as it stands after its declaration, and its service's own description, were read.
type plain struct {
	address     address
	info        tileset.Info
	credit      string // of the service, when the declaration has none
	description string
	unreached   error // why it stands as an old document has it; nil when the server was asked
}

// tianditu makes the address of a layer of 天地图.
func tianditu(c Config) (plain, error) {
	if err := c.needKey("天地图 gives one (tk) to registered developers"); err != nil {
		return plain{}, err
	}
	set := cmp.Or(c.MatrixSet, "w")
	base := strings.TrimRight(cmp.Or(c.URL, tiandituURL), "/")
	template := base + "/{layer}_" + set + "/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=default&TILEMATRIXSET=" + set +
		"&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={key}"
	parts, err := parseTemplate(template, map[string]string{"layer": c.Layer, "key": c.Key})
	if err != nil {
		return plain{}, fmt.Errorf("%w %q: url: %w", ErrConfig, c.ID, err)
	}
	p := plain{address: address{parts: parts, subdomains: []string{"0", "1", "2", "3", "4", "5", "6", "7"}, geographic: set == "c"}, credit: "天地图"}
	if c.Subdomains != nil {
		p.address.subdomains = c.Subdomains
	}
	p.info.Format, p.info.MinZoom, p.info.MaxZoom = "png", 1, 18
	if c.Layer == "img" {
		p.info.Format = "jpg"
	}
	if c.Layer == "ter" || c.Layer == "cta" {
		p.info.MaxZoom = 14
	}
	return p, nil
}

// xyz makes the address of a template, of XYZ or of WMTS.
func xyz(c Config) (plain, error) {
	values := c.xyzValues()
	if c.Kind == WMTS {
		values["style"], values["tilematrixset"] = cmp.Or(c.Style, "default"), c.MatrixSet
	}
	parts, err := parseTemplate(c.URL, values)
	if err != nil {
		return plain{}, fmt.Errorf("%w %q: url: %w", ErrConfig, c.ID, err)
	}
	if strings.Contains(strings.ToLower(c.URL), "{key}") {
		if err := c.needKey("the address has a {key}"); err != nil {
			return plain{}, err
		}
	}
	p := plain{address: address{parts: parts, subdomains: c.Subdomains}}
	if p.address.subdomains == nil {
		p.address.subdomains = []string{"a", "b", "c"}
	}
	p.info.Format, p.info.MaxZoom = "png", 18
	return p, nil
}

// tileJSON is a TileJSON document, version 2 or 3 (github.com/mapbox/tilejson-spec).
type tileJSON struct {
	Version     string    `json:"tilejson"`
	Name        string    `json:"name"`
	Attribution string    `json:"attribution"`
	Scheme      string    `json:"scheme"`
	Format      string    `json:"format"`
	Tiles       []string  `json:"tiles"`
	MinZoom     *float64  `json:"minzoom"`
	MaxZoom     *float64  `json:"maxzoom"`
	Bounds      []float64 `json:"bounds"`
	Layers      []struct {
		ID string `json:"id"`
	} `json:"vector_layers"`
}

// parseTileJSON makes an address of a TileJSON document that came from base.
func parseTileJSON(doc []byte, c Config, base string) (plain, error) {
	if len(doc) > maxDocumentBytes {
		return plain{}, fmt.Errorf("%w: tilejson of %d bytes", ErrService, len(doc))
	}
	var d tileJSON
	if err := json.Unmarshal(doc, &d); err != nil {
		return plain{}, fmt.Errorf("%w: tilejson: %w", ErrService, err)
	}
	if len(d.Tiles) == 0 {
		return plain{}, fmt.Errorf("%w: the tilejson has no tiles", ErrService)
	}
	template, err := resolve(base, d.Tiles[0])
	if err != nil {
		return plain{}, err
	}
	if strings.EqualFold(d.Scheme, "tms") {
		template = strings.ReplaceAll(template, "{y}", "{-y}")
	}
	parts, err := parseTemplate(template, c.xyzValues())
	if err != nil {
		return plain{}, fmt.Errorf("%w: tilejson: tiles: %w", ErrService, err)
	}
	p := plain{address: address{parts: parts, subdomains: c.Subdomains}, credit: tileset.PlainText(d.Attribution), description: d.Name}
	p.info.Format = formatOf(d.Format)
	for _, l := range d.Layers {
		p.info.Layers = append(p.info.Layers, l.ID)
	}
	if p.info.Format == "" {
		p.info.Format = formatByName(template, len(d.Layers) > 0)
	}
	p.info.MinZoom, p.info.MaxZoom = zoomOf(d.MinZoom, 0), zoomOf(d.MaxZoom, 22)
	if validBounds(d.Bounds) {
		p.info.Bound = orb.Bound{Min: orb.Point{d.Bounds[0], d.Bounds[1]}, Max: orb.Point{d.Bounds[2], d.Bounds[3]}}
	}
	return p, nil
}

// formatByName guesses a format by how an address ends.
func formatByName(template string, vector bool) string {
	path, _, _ := strings.Cut(template, "?")
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		if f := formatOf(path[i+1:]); f != "" {
			return f
		}
	}
	if vector {
		return "pbf"
	}
	return "png"
}

func zoomOf(v *float64, otherwise int) int {
	if v == nil || !(*v >= 0 && *v <= mapview.MaxZoom) {
		return otherwise
	}
	return int(*v)
}
