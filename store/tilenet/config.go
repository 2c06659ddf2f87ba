package tilenet

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview"
)

// Errors that are wrapped by those of this package.
var (
	ErrConfig  = errors.New("tile source declaration") // the text names the field
	ErrKey     = errors.New("a key is needed")
	ErrOffline = errors.New("the tile server gives no tiles") // it cannot be reached, or refuses
)

// Kind says how a source is asked.
type Kind string

// The kinds of sources.
const (
	XYZ      Kind = "xyz"      // a template with {z} {x} {y}, {-y}, {s}, {r}, {quadkey}, {key}
	WMTS     Kind = "wmts"     // the address of a capabilities document, or a template with {TileMatrix} {TileRow} {TileCol}
	Tianditu Kind = "tianditu" // 天地图: layer and matrix_set say which
	TileJSON Kind = "tilejson" // the address of a TileJSON 2 or 3 document
)

// Config declares a source, in a city pack or in the settings. The JSON names are those of docs/sources.md.
type Config struct {
	ID   string `json:"id"` // names it in the cache: letters, digits, - _ .
	Kind Kind   `json:"kind"`
	URL  string `json:"url"`
	Name struct {
		ZH string `json:"zh"`
		EN string `json:"en"`
	} `json:"name"`
	Datum       string    `json:"datum"` // as geo.ParseDatum takes it; "": CGCS2000
	Attribution string    `json:"attribution"`
	Approval    string    `json:"approval"`  // 审图号
	MinZoom     int       `json:"min_zoom"`  // the coarsest level
	MaxZoom     int       `json:"max_zoom"`  // the finest level; 0: what the service says, else 18
	TileSize    int       `json:"tile_size"` // pixels, 256 or 512; 0: 256
	Format      string    `json:"format"`    // png, jpg, webp, pbf; "": what the service says, else png
	Key         string    `json:"key"`
	Layer       string    `json:"layer"`         // WMTS, 天地图
	Style       string    `json:"style"`         // WMTS
	MatrixSet   string    `json:"matrix_set"`    // WMTS; 天地图: "w" (Mercator) or "c" (CGCS2000)
	Subdomains  []string  `json:"subdomains"`    // for {s}
	Referer     string    `json:"referer"`       // some keys are bound to one
	Imagery     bool      `json:"imagery"`       // photographs: a dark style shows them as they are
	Bounds      []float64 `json:"bounds"`        // west, south, east, north in degrees: nothing is asked for outside
	MaxAgeHours int       `json:"max_age_hours"` // how long a tile is fresh; 0: what the server says, within 1 hour to 30 days
	TimeoutS    int       `json:"timeout_s"`     // of one request; 0: 15
	Concurrency int       `json:"concurrency"`   // requests at a time; 0: 6
}

// ParseConfigs reads a JSON list of declarations and validates each. Errors wrap ErrConfig and name source and field.
func ParseConfigs(doc []byte) ([]Config, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(doc, &raw); err != nil {
		return nil, fmt.Errorf("%w: want a list of sources: %w", ErrConfig, err)
	}
	out := make([]Config, len(raw))
	var errs []error
	seen := map[string]bool{}
	for i, r := range raw {
		dec := json.NewDecoder(bytes.NewReader(r))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&out[i]); err != nil {
			errs = append(errs, fmt.Errorf("%w: sources[%d]: %w", ErrConfig, i, err))
			continue
		}
		if err := out[i].Validate(); err != nil {
			errs = append(errs, fmt.Errorf("sources[%d]: %w", i, err))
		}
		if id := out[i].ID; seen[id] {
			errs = append(errs, fmt.Errorf("%w: sources[%d]: id: %q is there twice", ErrConfig, i, id))
		} else {
			seen[id] = true
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return out, nil
}

// Validate says what is wrong with the declaration, all of it; nil when nothing is. A key that is missing is not looked at here but by [Open].
func (c Config) Validate() error {
	var errs []error
	bad := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w %q: %s: %s", ErrConfig, c.ID, field, fmt.Sprintf(format, args...)))
	}
	if c.ID == "" || len(c.ID) > 64 || strings.Trim(c.ID, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
		bad("id", "want 1 to 64 letters, digits, - _ .")
	}
	switch c.Kind {
	case XYZ, WMTS, TileJSON:
		if c.URL == "" {
			bad("url", "missing")
		}
	case Tianditu:
		if !slices.Contains(tiandituLayers, c.Layer) {
			bad("layer", "%q is none of 天地图's: %s", c.Layer, strings.Join(tiandituLayers, ", "))
		}
		if m := cmp.Or(c.MatrixSet, "w"); m != "w" && m != "c" {
			bad("matrix_set", "%q: want w or c", c.MatrixSet)
		}
	default:
		bad("kind", "%q: want xyz, wmts, tianditu or tilejson", c.Kind)
	}
	if c.URL != "" {
		// Braces are no characters of a URL; what stands in them does not matter here.
		u, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(c.URL))
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			bad("url", "want an http or https address")
		} else if c.Kind == XYZ {
			if _, err := parseTemplate(c.URL, c.xyzValues()); err != nil {
				bad("url", "%v", err)
			}
		}
	}
	if c.Datum != "" {
		if _, err := geo.ParseDatum(c.Datum); err != nil {
			bad("datum", "%v", err)
		}
	}
	if c.MinZoom < 0 || c.MinZoom > mapview.MaxZoom {
		bad("min_zoom", "%d is not 0…%d", c.MinZoom, mapview.MaxZoom)
	}
	if c.MaxZoom != 0 && (c.MaxZoom < c.MinZoom || c.MaxZoom > mapview.MaxZoom) {
		bad("max_zoom", "%d is not min_zoom…%d", c.MaxZoom, mapview.MaxZoom)
	}
	if c.TileSize != 0 && c.TileSize != 256 && c.TileSize != 512 {
		bad("tile_size", "%d: want 256 or 512", c.TileSize)
	}
	if c.Format != "" && !slices.Contains([]string{"png", "jpg", "webp", "pbf"}, c.Format) {
		bad("format", "%q: want png, jpg, webp or pbf", c.Format)
	}
	if c.Bounds != nil && !validBounds(c.Bounds) {
		bad("bounds", "want west, south, east, north in degrees")
	}
	for _, f := range [...]struct {
		name   string
		v, max int
	}{{"max_age_hours", c.MaxAgeHours, 24 * 366}, {"timeout_s", c.TimeoutS, 300}, {"concurrency", c.Concurrency, 32}} {
		if f.v < 0 || f.v > f.max {
			bad(f.name, "%d is not 0…%d", f.v, f.max)
		}
	}
	return errors.Join(errs...)
}

// validBounds says whether b is west, south, east, north in degrees.
func validBounds(b []float64) bool {
	return len(b) == 4 && b[0] < b[2] && b[1] < b[3] && b[0] >= -180 && b[2] <= 180 && b[1] >= -90 && b[3] <= 90
}

func (c Config) datum() geo.Datum {
	d, err := geo.ParseDatum(c.Datum)
	if err != nil {
		return geo.CGCS2000 // not said
	}
	return d
}

func (c Config) bound() orb.Bound {
	if len(c.Bounds) != 4 {
		return orb.Bound{Min: orb.Point{-180, -mapview.MaxLat}, Max: orb.Point{180, mapview.MaxLat}}
	}
	return orb.Bound{Min: orb.Point{c.Bounds[0], c.Bounds[1]}, Max: orb.Point{c.Bounds[2], c.Bounds[3]}}
}

func (c Config) timeout() time.Duration { return time.Duration(cmp.Or(c.TimeoutS, 15)) * time.Second }

// fingerprint tells apart sources whose tiles differ; the key is not part of it.
func (c Config) fingerprint() string {
	h := sha256.New()
	for _, s := range [...]string{string(c.Kind), c.URL, c.Layer, c.Style, c.MatrixSet, c.Format, fmt.Sprint(c.TileSize)} {
		fmt.Fprintf(h, "%d:%s,", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// needKey refuses a key that is missing, or is the text that stood in an example.
func (c Config) needKey(what string) error {
	k := strings.ToLower(strings.Trim(c.Key, " <>{}[]\"'"))
	plain := strings.NewReplacer("_", "", "-", "", " ", "").Replace(k)
	switch {
	case k == "":
		return fmt.Errorf("%w %q: key: %w: %s", ErrConfig, c.ID, ErrKey, what)
	case strings.Trim(plain, "x*.0") == "", slices.Contains([]string{"key", "tk", "token", "yourkey", "yourtoken", "yourtk", "yourapikey", "apikey", "accesstoken", "placeholder", "todo", "changeme", "none"}, plain),
		strings.Contains(k, "您的"), strings.Contains(k, "你的"), strings.Contains(k, "密钥"):
		return fmt.Errorf("%w %q: key: %w: what is there is a placeholder; %s", ErrConfig, c.ID, ErrKey, what)
	}
	return nil
}
