package tilenet

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/mapview"
	"kuaitu/store/tileset"
)

// Options are what a source uses of the program around it.
type Options struct {
	Cache *tileset.Cache // nil: tiles are kept in memory only
	Areas []Encoded      // sets taken offline from this source; what they hold is not asked for when the server cannot be reached
}

// Encoded is a source of tiles as they came: a network [Source], or a set of package tileset.
type Encoded interface {
	Encoded(ctx context.Context, z, x, y int) ([]byte, error)
	Info() tileset.Info
}

// Source is a source of tiles from the network: a *[Raster] or a *[Vector].
type Source interface {
	Encoded
	Config() Config
	Zooms() (minZoom, maxZoom int)
	Datum() geo.Datum
	Attribution() string
	// Approval is the map approval number (审图号) to show, or "".
	Approval() string
	State() State
	// OnArrive has f called, from a goroutine of the source, with the bounds (degrees, storage datum) of what has changed. From then on a tile that is
	// not at hand is mapview.ErrNotYet instead of being waited for. nil ends that. f must not close the source.
	OnArrive(f func(orb.Bound))
	// Retry asks a server that could not be reached now, not when its turn comes.
	Retry()
	Close() error
}

// State is how a source is doing.
type State struct {
	Online bool      // false: what is shown is from the cache
	Since  time.Time // of Online or not
	Error  string    // the last one, in plain words; "" when all is well
	Busy   int       // tiles being fetched or waiting for it
	Counts Counts
}

var (
	_ mapview.TileSource   = (*Raster)(nil)
	_ mapview.Imagery      = (*Raster)(nil)
	_ mapview.VectorSource = (*Vector)(nil)
	_ Source               = (*Raster)(nil)
	_ Source               = (*Vector)(nil)
)

// Raster is a source of pictures. It implements [mapview.TileSource].
type Raster struct{ source }

// Vector is a source of vector tiles. It implements [mapview.VectorSource].
type Vector struct{ source }

type source struct {
	f     *fetcher
	areas []Encoded
}

// Open opens a source: a *[Raster] or, when its format is pbf, a *[Vector]. ctx bounds the reading of a service's own description, which
// is kept in the cache: a source that was open once can be opened without the network.
//
// Errors: ErrConfig, ErrKey (the key is missing or a placeholder), ErrService (what the service says of itself cannot be used), ErrOffline.
func Open(ctx context.Context, c Config, opt Options) (Source, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	f := newFetcher(c)
	s := source{f, opt.Areas}
	if opt.Cache != nil {
		var err error
		if f.cache, err = opt.Cache.Source(ctx, c.ID, c.fingerprint()); err != nil {
			f.close()
			return nil, err
		}
	}
	p, err := f.describe(ctx)
	if err == nil {
		err = f.use(p)
	}
	if err != nil {
		f.close()
		return nil, fmt.Errorf("tile source %s: %w", c.ID, err)
	}
	if p.unreached != nil {
		f.mu.Lock()
		f.lastError = p.unreached
		f.goOfflineLocked(p.unreached)
		f.mu.Unlock()
	}
	if f.info.Vector() {
		return &Vector{s}, nil
	}
	return &Raster{s}, nil
}

// describe finds out how the source is asked.
func (f *fetcher) describe(ctx context.Context) (plain, error) {
	c := f.config
	switch {
	case c.Kind == Tianditu:
		return tianditu(c)
	case c.Kind == TileJSON:
		address := strings.ReplaceAll(c.URL, "{key}", escape(c.Key))
		if address != c.URL {
			if err := c.needKey("the address has a {key}"); err != nil {
				return plain{}, err
			}
		}
		return document(ctx, f, address, func(doc []byte) (plain, error) { return parseTileJSON(doc, c, address) })
	case c.Kind == WMTS && !strings.Contains(strings.ToLower(c.URL), "{tilerow}"):
		if strings.Contains(c.URL, "{key}") {
			if err := c.needKey("the address has a {key}"); err != nil {
				return plain{}, err
			}
		}
		address := strings.ReplaceAll(c.URL, "{key}", escape(c.Key))
		if !strings.Contains(strings.ToLower(address), "getcapabilities") && !strings.HasSuffix(strings.ToLower(address), ".xml") {
			address = withQuery(address, "SERVICE=WMTS&REQUEST=GetCapabilities&VERSION=1.0.0")
		}
		return document(ctx, f, address, func(doc []byte) (plain, error) {
			d, err := parseCapabilities(doc)
			if err != nil {
				return plain{}, err
			}
			choice, err := d.choose(c, address)
			if err != nil {
				return plain{}, err
			}
			p := plain{address: choice.address}
			p.info.Format, p.info.MinZoom, p.info.MaxZoom, p.info.Bound = choice.format, choice.minZoom, choice.maxZoom, choice.bound
			return p, nil
		})
	}
	return xyz(c)
}

// documentFresh is how long a service's description is not asked for again.
const documentFresh = 7 * 24 * time.Hour

// document has a service's description read: a fresh one of the cache, else the server's, else an old one.
func document(ctx context.Context, f *fetcher, address string, read func(doc []byte) (plain, error)) (plain, error) {
	const name = "description"
	var kept []byte
	if f.cache != nil {
		doc, at, ok, err := f.cache.Document(ctx, name)
		if err == nil && ok {
			kept = doc
			if p, err := read(doc); err == nil && f.now().Sub(at) < documentFresh {
				return p, nil
			}
		}
	}
	body, err := f.getDocument(ctx, address)
	if err != nil {
		if kept != nil && ctx.Err() == nil {
			p, keptErr := read(kept)
			p.unreached = err
			return p, keptErr
		}
		return plain{}, fmt.Errorf("%w: %w", ErrOffline, err)
	}
	p, err := read(body)
	if err != nil {
		if said := message(body); said != "" && !bytes.Contains(body[:min(len(body), 512)], []byte("Capabilities")) {
			return plain{}, fmt.Errorf("%w; the server says: %s", err, said)
		}
		return plain{}, err
	}
	if f.cache != nil {
		if err := f.cache.PutDocument(ctx, name, body); err != nil {
			return plain{}, err
		}
	}
	return p, nil
}

// getDocument asks for a description, and again when that fails.
func (f *fetcher) getDocument(ctx context.Context, address string) ([]byte, error) {
	for attempt := 1; ; attempt++ {
		resp, body, err := get(ctx, f.client, f.config, address, http.Header{}, maxDocumentBytes)
		final := attempt == f.pace.attempts || ctx.Err() != nil
		if err == nil && resp.StatusCode != http.StatusOK {
			err = statusError(resp, body)
			final = final || resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests
		}
		if err == nil || final {
			return body, err
		}
		if err := sleep(ctx, jitter(f.pace.firstRetry<<(attempt-1))); err != nil {
			return nil, err
		}
	}
}

// use completes what a service says with what is declared.
func (f *fetcher) use(p plain) error {
	c := f.config
	f.address, f.info = p.address, p.info
	i := &f.info
	i.Name = cmp.Or(c.Name.ZH, c.Name.EN, p.description, c.ID)
	i.Attribution, i.Approval, i.Datum = cmp.Or(c.Attribution, p.credit), c.Approval, c.datum()
	i.Format = cmp.Or(c.Format, i.Format)
	if c.Bounds != nil || i.Bound == (orb.Bound{}) {
		i.Bound = c.bound()
	}
	i.MinZoom = max(i.MinZoom, c.MinZoom)
	if c.MaxZoom > 0 {
		i.MaxZoom = c.MaxZoom
		for f.address.matrices != nil && i.MaxZoom > i.MinZoom && !f.address.has(i.MaxZoom) {
			i.MaxZoom--
		}
	}
	if f.address.geographic {
		i.MinZoom = max(i.MinZoom, 1) // degrees begin with two tiles side by side
		if i.Vector() {
			return fmt.Errorf("%w: vector tiles in degrees cannot be shown", ErrService)
		}
	}
	if i.MinZoom > i.MaxZoom {
		return fmt.Errorf("%w: it has levels up to %d, min_zoom is %d", ErrService, i.MaxZoom, i.MinZoom)
	}
	return nil
}

// Close ends the source: requests under way are broken off, and whoever waits is told.
func (s *source) Close() error {
	s.f.close()
	return nil
}

// Config is the declaration it was opened with.
func (s *source) Config() Config { return s.f.config }

// Info is what is known of the source.
func (s *source) Info() tileset.Info { return s.f.info }

// Zooms are the coarsest and finest levels that exist.
func (s *source) Zooms() (minZoom, maxZoom int) { return s.f.info.MinZoom, s.f.info.MaxZoom }

// Datum is what the tiles are drawn in.
func (s *source) Datum() geo.Datum { return s.f.info.Datum }

// Attribution is the credit to show, or "".
func (s *source) Attribution() string { return s.f.info.Attribution }

// Approval implements [Source].
func (s *source) Approval() string { return s.f.info.Approval }

// State tells how the source is doing.
func (s *source) State() State {
	f := s.f
	f.mu.Lock()
	defer f.mu.Unlock()
	st := State{Online: !f.offline, Since: f.since, Busy: len(f.jobs), Counts: f.counts}
	if f.lastError != nil {
		st.Error = f.lastError.Error()
	}
	return st
}

// OnArrive implements [Source].
func (s *source) OnArrive(call func(orb.Bound)) {
	f := s.f
	f.mu.Lock()
	defer f.mu.Unlock()
	if call == nil {
		f.arrived = nil
		return
	}
	f.arrived = func(k gridKey) { call(f.storageBound(k)) }
}

// storageBound is what a tile covers, in the storage datum.
func (f *fetcher) storageBound(k gridKey) orb.Bound {
	b := f.tileBound(k)
	d := f.info.Datum
	if d == geo.CGCS2000 || d == geo.WGS84 {
		return b
	}
	// Shifts differ a little along the edges, by far less than from one corner to another.
	var out orb.Bound
	for i, p := range [...]orb.Point{b.Min, b.Max, {b.Min[0], b.Max[1]}, {b.Max[0], b.Min[1]}} {
		q := geo.Convert(p, d, geo.CGCS2000)
		if i == 0 {
			out = orb.Bound{Min: q, Max: q}
		}
		out = out.Extend(q)
	}
	return out.Pad(1e-5)
}

// tileBound is what a tile of the service covers, in its datum.
func (f *fetcher) tileBound(k gridKey) orb.Bound {
	if f.address.geographic {
		return degreeBound(k)
	}
	return tileset.TileBound(k.z, k.x, k.y)
}

// Retry implements [Source].
func (s *source) Retry() {
	select {
	case s.f.kick <- struct{}{}:
	default:
	}
}

func (s *source) listening() bool {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	return s.f.arrived != nil
}

// inside says whether z/x/y is a tile that the source could have.
func (s *source) inside(z, x, y int) bool {
	i := s.f.info
	return z >= i.MinZoom && z <= i.MaxZoom && x >= 0 && y >= 0 && x < 1<<z && y < 1<<z && tileset.TileBound(z, x, y).Intersects(i.Bound)
}

// load answers an opened tile of the service: from areas taken offline when the server cannot give it.
func (s *source) load(ctx context.Context, k gridKey, wait bool) (opened, error) {
	o, err := s.f.load(ctx, k, wait)
	if err == nil || errors.Is(err, mapview.ErrNoTile) || errors.Is(err, mapview.ErrNotYet) || s.f.address.geographic {
		return o, err
	}
	for _, a := range s.areas {
		data, areaErr := a.Encoded(ctx, k.z, k.x, k.y)
		if areaErr != nil {
			continue
		}
		if o, areaErr := s.f.open(data); areaErr == nil {
			return o, nil
		}
	}
	return o, err
}

// kept says whether tile z/x/y can be had without asking the server.
func (s *source) kept(ctx context.Context, z, x, y int) bool {
	keys := []gridKey{{z, x, y}}
	if s.f.address.geographic {
		first, last := degreeRows(z, y)
		keys = []gridKey{{z, x, first}, {z, x, last}}
	}
	for _, k := range keys {
		_, found, err := s.f.cached(ctx, k)
		if !found && !errors.Is(err, mapview.ErrNoTile) {
			return false
		}
	}
	return true
}

// Tile implements [mapview.TileSource].
func (r *Raster) Tile(ctx context.Context, z, x, y int) (image.Image, error) {
	m, err := r.picture(ctx, z, x, y, !r.listening())
	if err != nil {
		return nil, err
	}
	return m, nil
}

// picture is Tile that waits or not.
func (s *source) picture(ctx context.Context, z, x, y int, wait bool) (*image.RGBA, error) {
	if !s.inside(z, x, y) {
		return nil, mapview.ErrNoTile
	}
	if s.f.address.geographic {
		return s.fromDegrees(ctx, z, x, y, wait)
	}
	k := gridKey{z, x, y}
	if !s.f.address.holds(k) {
		return nil, mapview.ErrNoTile
	}
	o, err := s.load(ctx, k, wait)
	return o.picture, err
}

// Imagery implements [mapview.Imagery].
func (r *Raster) Imagery() bool { return r.f.config.Imagery }

// VectorTile implements [mapview.VectorSource]. Tiles are decompressed.
func (v *Vector) VectorTile(ctx context.Context, z, x, y int) ([]byte, error) {
	k := gridKey{z, x, y}
	if !v.inside(z, x, y) || !v.f.address.holds(k) {
		return nil, mapview.ErrNoTile
	}
	o, err := v.load(ctx, k, !v.listening())
	return o.vector, err
}

// Encoded answers tile z/x/y as the server sent it, and waits for it. Tiles of a service in degrees are made into ones of the standard pyramid, encoded anew.
func (s *source) Encoded(ctx context.Context, z, x, y int) ([]byte, error) {
	k := gridKey{z, x, y}
	switch {
	case !s.inside(z, x, y):
		return nil, mapview.ErrNoTile
	case !s.f.address.geographic && !s.f.address.holds(k):
		return nil, mapview.ErrNoTile
	case !s.f.address.geographic:
		return s.f.raw(ctx, k)
	}
	m, err := s.fromDegrees(ctx, z, x, y, true)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	if s.f.info.Format == "jpg" {
		err = jpeg.Encode(&buf, m, &jpeg.Options{Quality: 90})
	} else {
		err = png.Encode(&buf, m)
	}
	return buf.Bytes(), err
}
