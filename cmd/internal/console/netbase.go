package console

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"strings"

	"kuaitu/block"
	"kuaitu/store/tilenet"
	"kuaitu/store/tileset"

	"github.com/paulmach/orb"
)

// BaseRequest says what to open as a base map: a file or folder of tiles, or the address of a tile server.
type BaseRequest struct {
	Address  string `json:"address"`
	Name     string `json:"name,omitempty"`     // "": what the map says of itself
	Key      string `json:"key,omitempty"`      // of a server that wants one
	Datum    string `json:"datum,omitempty"`    // "": what the map says of itself
	Approval string `json:"approval,omitempty"` // 审图号
}

// Remote reports whether the map comes from a server.
func (r BaseRequest) Remote() bool {
	return strings.Contains(r.Address, "://") || strings.HasPrefix(r.Address, tiandituPrefix)
}

// tiandituPrefix stands before the name of a map of 天地图: "tianditu:vec", "tianditu:img", "tianditu:ter", each with its
// names, and with _c in CGCS2000 longitude and latitude.
const tiandituPrefix = "tianditu:"

// tiandituNames are the layers of names that go with 天地图's maps.
var tiandituNames = map[string]string{"vec": "cva", "img": "cia", "ter": "cta"}

// declarations are what the request means to package tilenet, lowest layer first.
func (r BaseRequest) declarations() ([]tilenet.Config, error) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(r.Address)) // never fails
	c := tilenet.Config{ID: fmt.Sprintf("own-%x", h.Sum64()), URL: r.Address, Key: r.Key, Datum: r.Datum, Approval: r.Approval}
	c.Name.ZH = r.Name
	lower := strings.ToLower(r.Address)
	switch layer, ok := strings.CutPrefix(r.Address, tiandituPrefix); {
	case ok:
		layer, set, _ := strings.Cut(layer, "_")
		c.Kind, c.URL, c.Layer, c.MatrixSet = tilenet.Tianditu, "", layer, set
		c.Imagery = layer == "img"
		names, known := tiandituNames[layer]
		if !known {
			return []tilenet.Config{c}, nil
		}
		over := c
		over.ID, over.Layer = c.ID+"-"+names, names
		return []tilenet.Config{c, over}, nil
	case strings.Contains(lower, "{tilematrix}"), strings.Contains(lower, "wmts"):
		c.Kind = tilenet.WMTS
	case strings.Contains(lower, "{z}"), strings.Contains(lower, "{quadkey}"):
		c.Kind = tilenet.XYZ
		if strings.Contains(lower, ".pbf") || strings.Contains(lower, ".mvt") {
			c.Format = "pbf"
		}
	case strings.HasPrefix(lower, "http://"), strings.HasPrefix(lower, "https://"):
		c.Kind = tilenet.TileJSON
	default:
		return nil, fmt.Errorf("base map: the address is neither a file nor a tile server's: %w", block.ErrInvalid)
	}
	return []tilenet.Config{c}, nil
}

// OpenRemoteBase opens a base map that comes from a server. arrive is called, from any goroutine, with where new tiles have
// come. Tiles are kept in the cache, which may be nil. areas, which may be nil, answers by the ID of a source what was taken
// offline from it: that is shown when the server cannot be reached.
func OpenRemoteBase(ctx context.Context, r BaseRequest, cache *tileset.Cache, arrive func(orb.Bound), areas func(source string) tilenet.Encoded) (*BaseMap, io.Closer, error) {
	declared, err := r.declarations()
	if err != nil {
		return nil, nil, err
	}
	m := &BaseMap{ID: declared[0].ID, Name: r.Name}
	var open closers
	for _, c := range declared {
		opt := tilenet.Options{Cache: cache}
		if areas != nil {
			opt.Areas = []tilenet.Encoded{areas(c.ID)}
		}
		src, err := tilenet.Open(ctx, c, opt)
		if err != nil {
			kind := block.ErrInvalid
			if errors.Is(err, tilenet.ErrOffline) {
				kind = block.ErrUnavailable
			}
			return nil, nil, errors.Join(fmt.Errorf("base map: %w", errors.Join(err, kind)), open.Close())
		}
		open = append(open, src)
		src.OnArrive(func(b orb.Bound) { m.forget(b); arrive(b) })
		if err := m.draw(src, r.Datum); err != nil {
			return nil, nil, errors.Join(err, open.Close())
		}
	}
	if r.Name != "" {
		m.Name = r.Name
	}
	return m, open, nil
}

// closers are closed together.
type closers []io.Closer

// Close implements io.Closer.
func (c closers) Close() error {
	var errs []error
	for _, one := range c {
		errs = append(errs, one.Close())
	}
	return errors.Join(errs...)
}
