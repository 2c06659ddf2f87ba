package mapview

import (
	"cmp"
	"context"
	"errors"
	"image"
	"math"
	"slices"
	"sync"

	"kuaitu/geo"

	"github.com/paulmach/orb"
)

// VectorSource gives the vector tiles of the Web Mercator pyramid (XYZ numbering, row 0 in the north). Its methods are called from several
// goroutines at once. Sources are compared with ==, so they are pointers.
type VectorSource interface {
	// VectorTile answers tile z/x/y as a Mapbox Vector Tile, plain or gzipped; ErrNoTile where there is none, or why it could not be had.
	// It returns when ctx ends. The bytes are not written afterwards, by either side.
	VectorTile(ctx context.Context, z, x, y int) ([]byte, error)
	// Zooms are the coarsest and finest levels that exist. Beyond the finest its tiles are drawn larger.
	Zooms() (minZoom, maxZoom int)
	// Datum is what the tiles are drawn in; they are shifted to the storage datum when placed.
	Datum() geo.Datum
	// Attribution is the credit to show, or "".
	Attribution() string
}

// VectorTiles is a VectorSource with its decoded tiles kept, as many as fit into a number of bytes. All layers of a scene that draw from one source share
// one; it may be used from any goroutine.
type VectorTiles struct {
	VectorSource
	limit int

	mu     sync.Mutex // guards what follows
	tiles  map[tileAt]*vectorEntry
	bytes  int
	clock  uint64
	broken int
}

// tileAt names a tile of a source.
type tileAt struct{ z, x, y int }

// vectorEntry is a tile that is there or being fetched.
type vectorEntry struct {
	ready chan struct{} // closed when the rest is set
	tile  *vectorTile
	err   error
	used  uint64
}

// DefaultVectorBytes is how much decoded tiles may take where nothing else is said: some hundred of a dense city.
const DefaultVectorBytes = 96 << 20

// NewVectorTiles keeps decoded tiles of a source up to a number of bytes (0: [DefaultVectorBytes]).
func NewVectorTiles(src VectorSource, limitBytes int) *VectorTiles {
	if limitBytes <= 0 {
		limitBytes = DefaultVectorBytes
	}
	return &VectorTiles{VectorSource: src, limit: limitBytes, tiles: map[tileAt]*vectorEntry{}}
}

// Broken is how many tiles, layers and features of the tiles decoded so far could not be read and were left out.
func (v *VectorTiles) Broken() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.broken
}

// Forget lets go of the decoded tiles that touch b (degrees, storage datum), for a source that has others there now.
func (v *VectorTiles) Forget(b orb.Bound) {
	if d := v.Datum(); d != geo.CGCS2000 && d != geo.WGS84 {
		b = b.Pad(maxDatumShift)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for at, e := range v.tiles {
		if !tileBound(at).Intersects(b) {
			continue
		}
		if e.tile != nil {
			v.bytes -= e.tile.bytes
		}
		delete(v.tiles, at) // whoever waits for one that is being fetched still gets it
	}
}

// maxDatumShift is more than two datums of China differ by anywhere, degrees.
const maxDatumShift = 0.02

// tileBound is what a tile covers, degrees.
func tileBound(at tileAt) orb.Bound {
	side := 1 / float64(uint64(1)<<at.z)
	nw, se := unproject(float64(at.x)*side, float64(at.y)*side), unproject(float64(at.x+1)*side, float64(at.y+1)*side)
	return orb.Bound{Min: orb.Point{nw[0], se[1]}, Max: orb.Point{se[0], nw[1]}}
}

// get answers a tile; whoever asks while it is being fetched waits for it. Failures are not kept.
func (v *VectorTiles) get(ctx context.Context, at tileAt) (*vectorTile, error) {
	for {
		v.mu.Lock()
		e := v.tiles[at]
		mine := e == nil
		if mine {
			e = &vectorEntry{ready: make(chan struct{})}
			v.tiles[at] = e
		}
		v.clock++
		e.used = v.clock
		v.mu.Unlock()
		if mine {
			v.load(ctx, at, e)
			return e.tile, e.err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-e.ready:
		}
		if e.err == nil || !errors.Is(e.err, context.Canceled) && !errors.Is(e.err, context.DeadlineExceeded) {
			return e.tile, e.err
		}
		// Whoever fetched it gave up; it is our turn.
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

func (v *VectorTiles) load(ctx context.Context, at tileAt, e *vectorEntry) {
	data, err := v.VectorTile(ctx, at.z, at.x, at.y)
	var t *vectorTile
	if err == nil {
		t = decodeVectorTile(data, at)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	defer close(e.ready)
	e.tile, e.err = t, err
	kept := v.tiles[at] == e // else it was forgotten meanwhile
	if err != nil {
		if kept {
			delete(v.tiles, at)
		}
		return
	}
	if !kept {
		return
	}
	v.bytes += e.tile.bytes
	v.broken += e.tile.broken
	if v.bytes > v.limit {
		v.evictLocked(e)
	}
}

// evictLocked lets go of the tiles not used for longest, and an eighth more than needed, so that not every tile sorts them anew.
func (v *VectorTiles) evictLocked(keep *vectorEntry) {
	var old []tileAt
	for at, e := range v.tiles {
		if e.tile != nil && e != keep {
			old = append(old, at)
		}
	}
	slices.SortFunc(old, func(a, b tileAt) int { return cmp.Compare(v.tiles[a].used, v.tiles[b].used) })
	for _, at := range old {
		if v.bytes <= v.limit*7/8 {
			break
		}
		v.bytes -= v.tiles[at].tile.bytes
		delete(v.tiles, at)
	}
}

// placedVector is a decoded tile and where it goes: the square of a tile it fills, in pixels of the view, and how far the view has to be moved for its datum. The
// tile itself may be a coarser one.
type placedVector struct {
	*vectorTile
	at     tileAt
	square image.Rectangle
	dx, dy float64
}

// vectorZoom is the zoom of the tiles of a source that suit a view.
func vectorZoom(src VectorSource, designZoom float64) (z, lo int, ok bool) {
	lo, hi := src.Zooms()
	if hi < lo || hi < 0 || lo > MaxZoom {
		return 0, 0, false
	}
	lo = max(lo, 0)
	z = int(math.Floor(styleZoom(designZoom) + 1e-6))
	// Tiles far larger than the view would show nothing the pictures of finer ones do not; far smaller ones would be too many.
	if z < lo-1 {
		return 0, 0, false
	}
	return min(max(z, lo), hi, MaxZoom), lo, true
}

// placeVector finds the tiles of a source that show a view, and where. Their squares meet on whole pixels.
func placeVector(ctx context.Context, src *VectorTiles, v view, designZoom float64) []placedVector {
	z, lo, ok := vectorZoom(src, designZoom)
	if !ok {
		return nil
	}
	var dx, dy float64
	if d := src.Datum(); d != geo.CGCS2000 && d != geo.WGS84 {
		dx, dy = datumShift(v, d)
	}
	side := 256 * math.Exp2(v.zoom-float64(z))
	count := 1 << z
	ox, oy := v.ox+dx, v.oy+dy
	all := image.Rect(0, 0, v.w, v.h)
	edge := func(n int, o float64) int { return int(math.Round(float64(n)*side - o)) }
	var out []placedVector
	for y := max(0, int(math.Floor((oy-1)/side))); y < count && edge(y, oy) < v.h; y++ {
		for x := max(0, int(math.Floor((ox-1)/side))); x < count && edge(x, ox) < v.w; x++ {
			square := image.Rect(edge(x, ox), edge(y, oy), edge(x+1, ox), edge(y+1, oy)).Intersect(all)
			if square.Empty() {
				continue
			}
			for up := 0; up <= maxOverzoom && z-up >= lo; up++ {
				t, err := src.get(ctx, tileAt{z - up, x >> up, y >> up})
				if ctx.Err() != nil {
					return out
				}
				if err == nil {
					out = append(out, placedVector{vectorTile: t, at: tileAt{z, x, y}, square: square, dx: dx, dy: dy})
					break
				}
			}
		}
	}
	return out
}

// tilesOf are the tiles of a source in the painter's view, found once for all layers that draw from it.
func (p *painter) tilesOf(src VectorSource) []placedVector {
	tiles, ok := p.vectors[src]
	if !ok {
		tiles = placeVector(p.ctx, p.labels.tilesOf(src), p.view, p.zoom)
		if p.vectors == nil {
			p.vectors = map[VectorSource][]placedVector{}
		}
		p.vectors[src] = tiles
	}
	return tiles
}

// tilesOf is the source with its decoded tiles. A scene whose source keeps none itself has them kept as long as it is drawn.
func (l *labeller) tilesOf(src VectorSource) *VectorTiles {
	if v, ok := src.(*VectorTiles); ok {
		return v
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.vectors[src]
	if v == nil {
		if l.vectors == nil {
			l.vectors = map[VectorSource]*VectorTiles{}
		}
		v = NewVectorTiles(src, 0)
		l.vectors[src] = v
	}
	return v
}

// Broken is how many tiles, layers and features of the scene's vector tiles could not be read so far and were left out; what is behind a layer whose
// Vector is no [VectorTiles] is not counted.
func (s Scene) Broken() int {
	seen := map[*VectorTiles]bool{}
	n := 0
	for _, l := range s.Layers {
		if v, ok := l.Vector.(*VectorTiles); ok && !seen[v] {
			seen[v] = true
			n += v.Broken()
		}
	}
	return n
}
