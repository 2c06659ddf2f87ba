package tilenet

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	"golang.org/x/text/encoding/htmlindex"

	"kuaitu/store/tileset"
)

// ErrService wraps what is wrong with a service's own description.
var ErrService = errors.New("tile service")

const maxDocumentBytes = 16 << 20

// wmtsDocument is the part of a WMTS 1.0.0 capabilities document (OGC 07-057r7) that says how to ask for tiles.
type wmtsDocument struct {
	XMLName    xml.Name
	Operations []struct {
		Name string `xml:"name,attr"`
		Gets []struct {
			Href        string   `xml:"href,attr"`
			Constraints []string `xml:"Constraint>AllowedValues>Value"`
		} `xml:"DCP>HTTP>Get"`
	} `xml:"OperationsMetadata>Operation"`
	Layers []wmtsLayer     `xml:"Contents>Layer"`
	Sets   []wmtsMatrixSet `xml:"Contents>TileMatrixSet"`
}

type wmtsLayer struct {
	Lower      string      `xml:"WGS84BoundingBox>LowerCorner"`
	Upper      string      `xml:"WGS84BoundingBox>UpperCorner"`
	ID         string      `xml:"Identifier"`
	Styles     []wmtsStyle `xml:"Style"`
	Formats    []string    `xml:"Format"`
	Dimensions []struct {
		ID      string   `xml:"Identifier"`
		Default string   `xml:"Default"`
		Values  []string `xml:"Value"`
	} `xml:"Dimension"`
	Links []struct {
		Set string `xml:"TileMatrixSet"`
	} `xml:"TileMatrixSetLink"`
	Resources []struct {
		Format   string `xml:"format,attr"`
		Type     string `xml:"resourceType,attr"`
		Template string `xml:"template,attr"`
	} `xml:"ResourceURL"`
}

type wmtsStyle struct {
	ID      string `xml:"Identifier"`
	Default bool   `xml:"isDefault,attr"`
}

type wmtsMatrixSet struct {
	ID       string `xml:"Identifier"`
	CRS      string `xml:"SupportedCRS"`
	Matrices []struct {
		ID         string  `xml:"Identifier"`
		Scale      float64 `xml:"ScaleDenominator"`
		TopLeft    string  `xml:"TopLeftCorner"`
		TileWidth  int     `xml:"TileWidth"`
		TileHeight int     `xml:"TileHeight"`
		Width      int     `xml:"MatrixWidth"` // tiles
		Height     int     `xml:"MatrixHeight"`
	} `xml:"TileMatrix"`
}

// pixelM is the pixel that scale denominators are about.
const pixelM = 0.00028

// metresPerDegree is what WMTS takes a degree for (07-057r7, 6.1).
const metresPerDegree = 6378137 * math.Pi / 180

// parseCapabilities reads a capabilities document.
func parseCapabilities(doc []byte) (*wmtsDocument, error) {
	if len(doc) > maxDocumentBytes {
		return nil, fmt.Errorf("%w: capabilities of %d bytes", ErrService, len(doc))
	}
	dec := xml.NewDecoder(bytes.NewReader(doc))
	dec.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		e, err := htmlindex.Get(label) // city platforms answer GB2312 and GBK
		if err != nil {
			return nil, err
		}
		return e.NewDecoder().Reader(in), nil
	}
	var d wmtsDocument
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("%w: capabilities: %w", ErrService, err)
	}
	if d.XMLName.Local != "Capabilities" {
		return nil, fmt.Errorf("%w: want WMTS capabilities, the document is <%s>", ErrService, d.XMLName.Local)
	}
	if len(d.Layers) == 0 {
		return nil, fmt.Errorf("%w: the capabilities list no layer", ErrService)
	}
	return &d, nil
}

// wmtsChoice is what a declaration and a capabilities document come to.
type wmtsChoice struct {
	address          address
	format           string // png, jpg, webp, pbf
	minZoom, maxZoom int
	bound            orb.Bound // zero: the layer does not say
}

// choose finds layer, style, format, tile matrix set and address. base is where the document came from.
func (d *wmtsDocument) choose(c Config, base string) (wmtsChoice, error) {
	layer, err := d.layer(c.Layer)
	if err != nil {
		return wmtsChoice{}, err
	}
	style := c.Style
	for i, s := range layer.Styles {
		if c.Style == "" && (i == 0 || s.Default) {
			style = s.ID
		}
	}
	if c.Style != "" && len(layer.Styles) > 0 && !slices.ContainsFunc(layer.Styles, func(s wmtsStyle) bool { return s.ID == c.Style }) {
		return wmtsChoice{}, fmt.Errorf("%w: layer %s has no style %q", ErrService, layer.ID, c.Style)
	}
	set, matrices, geographic, err := d.matrixSet(layer, c.MatrixSet)
	if err != nil {
		return wmtsChoice{}, err
	}
	values := map[string]string{"layer": layer.ID, "style": style, "tilematrixset": set, "key": c.Key}
	for _, dim := range layer.Dimensions {
		v := dim.Default
		if v == "" && len(dim.Values) > 0 {
			v = dim.Values[len(dim.Values)-1] // the newest, as lists of times go
		}
		values[strings.ToLower(dim.ID)] = v
	}
	template, mime, err := d.template(layer, c, base, values)
	if err != nil {
		return wmtsChoice{}, err
	}
	out := wmtsChoice{address: address{subdomains: c.Subdomains, matrices: matrices, geographic: geographic}, format: formatOf(mime), minZoom: math.MaxInt, maxZoom: -1}
	if out.address.parts, err = parseTemplate(template, values); err != nil {
		return wmtsChoice{}, fmt.Errorf("%w: address of layer %s: %w", ErrService, layer.ID, err)
	}
	west, south, ok := corner(layer.Lower)
	east, north, ok2 := corner(layer.Upper)
	if ok && ok2 && validBounds([]float64{west, south, east, north}) {
		out.bound = orb.Bound{Min: orb.Point{west, south}, Max: orb.Point{east, north}}
	}
	for z := range matrices {
		out.minZoom, out.maxZoom = min(out.minZoom, z), max(out.maxZoom, z)
	}
	return out, nil
}

func (d *wmtsDocument) layer(id string) (*wmtsLayer, error) {
	var ids []string
	for i := range d.Layers {
		if d.Layers[i].ID == id || id == "" && len(d.Layers) == 1 {
			return &d.Layers[i], nil
		}
		ids = append(ids, d.Layers[i].ID)
	}
	return nil, fmt.Errorf("%w: layer: there is no %q, there are %s", ErrService, id, listed(ids))
}

// listed joins names for a message, not too many.
func listed(names []string) string {
	if len(names) > 12 {
		names = append(slices.Clone(names[:12]), "…")
	}
	return strings.Join(names, ", ")
}

// matrixSet finds the tile matrix set of the layer: the named one, else one in Web Mercator, else one in degrees.
func (d *wmtsDocument) matrixSet(l *wmtsLayer, name string) (id string, levels map[int]matrix, geographic bool, err error) {
	var refused []error
	for _, wantGeographic := range [...]bool{false, true} {
		for _, link := range l.Links {
			i := slices.IndexFunc(d.Sets, func(s wmtsMatrixSet) bool { return s.ID == link.Set })
			if i < 0 || name != "" && link.Set != name {
				continue
			}
			levels, geographic, err := d.Sets[i].levels()
			if err != nil {
				refused = append(refused, fmt.Errorf("%s: %w", link.Set, err))
				continue
			}
			if name != "" || geographic == wantGeographic {
				return link.Set, levels, geographic, nil
			}
		}
	}
	if len(refused) > 0 {
		return "", nil, false, fmt.Errorf("%w: layer %s has no tile matrix set that can be shown: %w", ErrService, l.ID, refused[0])
	}
	var ids []string
	for _, link := range l.Links {
		ids = append(ids, link.Set)
	}
	return "", nil, false, fmt.Errorf("%w: matrix_set: layer %s has no %q, it has %s", ErrService, l.ID, name, listed(ids))
}

// levels lays the matrices of a set on the standard pyramid, of Web Mercator or of degrees. Those that do not lie on it are left out; if none
// does the set is refused.
func (s *wmtsMatrixSet) levels() (levels map[int]matrix, geographic bool, err error) {
	crs := s.CRS[strings.LastIndexAny(s.CRS, ":/")+1:]
	northFirst := false
	switch crs {
	case "3857", "900913", "3785", "102100", "102113":
	case "4490", "4326":
		geographic, northFirst = true, true
	case "CRS84", "84":
		geographic = true
	default:
		return nil, false, fmt.Errorf("coordinates are %s, only Web Mercator and CGCS2000 or WGS 84 degrees can be shown", s.CRS)
	}
	levels = map[int]matrix{}
	for _, m := range s.Matrices {
		x, y, ok := corner(m.TopLeft)
		if !ok || m.TileWidth <= 0 || m.TileWidth != m.TileHeight {
			continue
		}
		span := m.Scale * pixelM * float64(m.TileWidth) // metres
		var u, v float64
		if geographic {
			// Many services write the corner of EPSG:4490 and 4326 as lon, lat though the standard has lat first.
			if northFirst && math.Abs(x) <= 90.01 && math.Abs(y) > 90.01 {
				x, y = y, x
			}
			u, v, span = (x+180)/360, (90-y)/360, span/metresPerDegree/360
		} else {
			u, v, span = (x+tileset.WorldM/2)/tileset.WorldM, (tileset.WorldM/2-y)/tileset.WorldM, span/tileset.WorldM
		}
		if z, col, row, ok := tileset.Align(u, v, span); ok {
			if _, twice := levels[z]; !twice {
				levels[z] = matrix{m.ID, col, row, m.Width, m.Height}
			}
		}
	}
	if len(levels) == 0 {
		return nil, false, fmt.Errorf("no tile matrix of it lies on the standard pyramid")
	}
	return levels, geographic, nil
}

func corner(s string) (x, y float64, ok bool) {
	f := strings.Fields(s)
	if len(f) != 2 {
		return 0, 0, false
	}
	x, errX := strconv.ParseFloat(f[0], 64)
	y, errY := strconv.ParseFloat(f[1], 64)
	return x, y, errX == nil && errY == nil
}

// template answers the address of tiles: a resource template of the layer, else the KVP address of GetTile.
func (d *wmtsDocument) template(l *wmtsLayer, c Config, base string, values map[string]string) (template, mime string, err error) {
	best := -1
	for i, r := range l.Resources {
		if r.Type != "tile" && r.Type != "" || formatOf(r.Format) == "" {
			continue
		}
		if c.Format == "" && best < 0 || c.Format != "" && formatOf(r.Format) == c.Format {
			best = i
		}
	}
	if best >= 0 {
		u, err := resolve(base, l.Resources[best].Template)
		return u, l.Resources[best].Format, err
	}
	for _, f := range l.Formats {
		if formatOf(f) != "" && (c.Format == "" && mime == "" || formatOf(f) == c.Format) {
			mime = f
		}
	}
	if mime == "" {
		return "", "", fmt.Errorf("%w: format: layer %s has no %s, it has %s", ErrService, l.ID, cmp.Or(c.Format, "png, jpg, webp or pbf"), listed(l.Formats))
	}
	href := ""
	for _, op := range d.Operations {
		for _, g := range op.Gets {
			if op.Name == "GetTile" && href == "" && (len(g.Constraints) == 0 || slices.ContainsFunc(g.Constraints, func(s string) bool { return strings.EqualFold(s, "KVP") })) {
				href = g.Href
			}
		}
	}
	if href == "" {
		return "", "", fmt.Errorf("%w: the capabilities say neither a template for layer %s nor an address for GetTile", ErrService, l.ID)
	}
	if href, err = resolve(base, href); err != nil {
		return "", "", err
	}
	query := "SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE={style}&FORMAT=" + escape(mime) +
		"&TILEMATRIXSET={tilematrixset}&TILEMATRIX={TileMatrix}&TILEROW={TileRow}&TILECOL={TileCol}"
	for _, dim := range l.Dimensions {
		query += "&" + escape(dim.ID) + "=" + escape(values[strings.ToLower(dim.ID)])
	}
	return withQuery(href, query), mime, nil
}

// withQuery appends a query to an address that may have one.
func withQuery(address, query string) string {
	switch {
	case !strings.Contains(address, "?"):
		return address + "?" + query
	case strings.HasSuffix(address, "?"), strings.HasSuffix(address, "&"):
		return address + query
	}
	return address + "&" + query
}

// resolve makes an address of a document absolute. Templates keep their braces.
func resolve(base, ref string) (string, error) {
	if strings.HasPrefix(ref, "http://") || strings.HasPrefix(ref, "https://") {
		return ref, nil
	}
	b, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("%w: address: %w", ErrService, err)
	}
	path, query, has := strings.Cut(ref, "?")
	u, err := b.Parse(strings.NewReplacer("{", "%7B", "}", "%7D").Replace(path))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%w: address %q of its own document", ErrService, ref)
	}
	u.RawQuery, u.Fragment = "", ""
	out := strings.NewReplacer("%7B", "{", "%7D", "}").Replace(u.String())
	if has {
		out += "?" + query
	}
	return out, nil
}

// formatOf is our word for a media type, or "" for one that cannot be shown.
func formatOf(mime string) string {
	mime, _, _ = strings.Cut(strings.ToLower(mime), ";")
	switch strings.TrimSpace(mime) {
	case "image/png", "image/png8", "image/vnd.jpeg-png", "image/vnd.jpeg-png8", "tiles", "png":
		return "png" // mixtures too: what comes is recognised by its content
	case "image/jpeg", "image/jpg", "jpg", "jpeg":
		return "jpg"
	case "image/webp", "webp":
		return "webp"
	case "application/vnd.mapbox-vector-tile", "application/x-protobuf", "application/vnd.mapbox-vector-tile+gzip", "pbf", "mvt":
		return "pbf"
	}
	return ""
}
