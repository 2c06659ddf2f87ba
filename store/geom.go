package store

import (
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"math"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/geo"

	"github.com/paulmach/orb"
	"modernc.org/sqlite"
)

// srsID is CGCS2000 longitude and latitude, the one datum of the store.
const srsID = 4490

// blobHeader is the size of the header that gpkgBlob writes for anything but points: flags, srs, envelope.
const blobHeader = 8 + 32

// nothing is the bound of no geometry: it changes nothing in a union.
var nothing = orb.Bound{Min: orb.Point{math.Inf(1), math.Inf(1)}, Max: orb.Point{math.Inf(-1), math.Inf(-1)}}

// wkbBounds returns the bounds of a canonical geometry without building it: (minx, miny) to (maxx, maxy), and whether it
// has any point. ok is false for bytes that are not a canonical geometry, which a coordinate that is no number makes.
func wkbBounds(w []byte) (b orb.Bound, some, ok bool) {
	b = nothing
	rest, ok := wkbWalk(w, &b, 0)
	return b, b.Min[0] <= b.Max[0], ok && len(rest) == 0
}

func wkbWalk(w []byte, b *orb.Bound, depth int) ([]byte, bool) {
	if len(w) < 9 || w[0] != 1 || depth > 4 {
		return nil, false
	}
	kind, n := binary.LittleEndian.Uint32(w[1:]), int(binary.LittleEndian.Uint32(w[5:]))
	points := func(w []byte, n int) ([]byte, bool) {
		if n < 0 || n > len(w)/16 {
			return nil, false
		}
		for i := range n {
			x := math.Float64frombits(binary.LittleEndian.Uint64(w[i*16:]))
			y := math.Float64frombits(binary.LittleEndian.Uint64(w[i*16+8:]))
			if x != x || y != y { // NaN
				return nil, false
			}
			if x < b.Min[0] {
				b.Min[0] = x
			}
			if x > b.Max[0] {
				b.Max[0] = x
			}
			if y < b.Min[1] {
				b.Min[1] = y
			}
			if y > b.Max[1] {
				b.Max[1] = y
			}
		}
		return w[n*16:], true
	}
	switch kind {
	case 1:
		return points(w[5:], 1)
	case 2:
		return points(w[9:], n)
	case 3:
		w = w[9:]
		for range n {
			if len(w) < 4 {
				return nil, false
			}
			var ok bool
			if w, ok = points(w[4:], int(binary.LittleEndian.Uint32(w))); !ok {
				return nil, false
			}
		}
		return w, true
	case 4, 5, 6, 7:
		w = w[9:]
		for range n {
			var ok bool
			if w, ok = wkbWalk(w, b, depth+1); !ok {
				return nil, false
			}
		}
		return w, true
	}
	return nil, false
}

// checkGeometry refuses bytes that are no canonical geometry, and geometry of a type that the kind does not have.
func checkGeometry(p *schema.Plan, w block.WKB) error {
	if w == nil {
		return nil
	}
	fault := func(reason string) error {
		return &block.FieldError{Kind: p.Kind.Name, Field: "geometry", Reason: reason}
	}
	b, _, ok := wkbBounds(w)
	if !ok {
		return fault("is not canonical well-known binary")
	}
	if b.Min[0] <= b.Max[0] && !(b.Min[0] >= -180 && b.Max[0] <= 180 && b.Min[1] >= -90 && b.Max[1] <= 90) {
		return fault("lies outside longitude ±180 and latitude ±90")
	}
	kind := binary.LittleEndian.Uint32(w[1:])
	fits := false
	switch p.Kind.Geometry {
	case schema.Point:
		fits = kind == 1
	case schema.Line:
		fits = kind == 2 || kind == 5
	case schema.Area:
		fits = kind == 3 || kind == 6
	}
	if !fits {
		return fault("is of another type than the kind declares")
	}
	return nil
}

// appendBlob appends the GeoPackage blob of a geometry: header, envelope for everything but points, then the WKB as it is.
func appendBlob(dst []byte, w block.WKB) []byte {
	const little, envelopeXY, empty = 1, 1 << 1, 1 << 4
	b, some, _ := wkbBounds(w)
	flags := byte(little)
	switch {
	case !some:
		flags |= empty
	case binary.LittleEndian.Uint32(w[1:]) != 1:
		flags |= envelopeXY
	}
	dst = append(dst, 'G', 'P', 0, flags)
	dst = binary.LittleEndian.AppendUint32(dst, srsID)
	if flags&envelopeXY != 0 {
		for _, v := range [4]float64{b.Min[0], b.Max[0], b.Min[1], b.Max[1]} {
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
		}
	}
	return append(dst, w...)
}

// blobBody returns the geometry of a blob. Bytes that are no blob are returned as they are, so that a leaf made from
// them differs from that of any geometry.
func blobBody(blob []byte) block.WKB {
	if len(blob) == 0 {
		return nil
	}
	if body, err := geo.GPKGBody(blob); err == nil {
		return body
	}
	return blob
}

// blobBounds returns the bounds of a blob and whether it has any point.
func blobBounds(blob []byte) (orb.Bound, bool) {
	if len(blob) == 0 {
		return nothing, false
	}
	minx, maxx, miny, maxy, empty, err := geo.GPKGEnvelope(blob)
	if err != nil || empty {
		return nothing, false
	}
	return orb.Bound{Min: orb.Point{minx, miny}, Max: orb.Point{maxx, maxy}}, true
}

// registerFunctions adds the SQL functions that the triggers of a GeoPackage's R*Tree call (OGC 12-128r17 annex F.3).
func registerFunctions(d *sqlite.Driver) error {
	coordinate := func(pick func(orb.Bound) float64) func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		return func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			blob, _ := args[0].([]byte)
			b, ok := blobBounds(blob)
			if !ok {
				return nil, nil
			}
			return pick(b), nil
		}
	}
	for name, fn := range map[string]func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error){
		"ST_MinX": coordinate(func(b orb.Bound) float64 { return b.Min[0] }),
		"ST_MaxX": coordinate(func(b orb.Bound) float64 { return b.Max[0] }),
		"ST_MinY": coordinate(func(b orb.Bound) float64 { return b.Min[1] }),
		"ST_MaxY": coordinate(func(b orb.Bound) float64 { return b.Max[1] }),
		"ST_IsEmpty": func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			blob, isBlob := args[0].([]byte)
			if !isBlob {
				return nil, nil
			}
			if _, ok := blobBounds(blob); ok {
				return int64(0), nil
			}
			return int64(1), nil
		},
	} {
		if err := d.RegisterDeterministicScalarFunction(name, 1, fn); err != nil {
			return fmt.Errorf("register %s: %w", name, err)
		}
	}
	return nil
}

// hilbert returns the position of a point on the Hilbert curve of order 24 over the whole globe, so that neighbours on
// the ground are inserted one after the other and the R*Tree's leaves stay compact.
func hilbert(p orb.Point) uint64 {
	const side = 1 << 24
	x := uint32((p[0] + 180) / 360 * (side - 1))
	y := uint32((p[1] + 90) / 180 * (side - 1))
	var d uint64
	for s := uint32(side / 2); s > 0; s /= 2 {
		var rx, ry uint32
		if x&s > 0 {
			rx = 1
		}
		if y&s > 0 {
			ry = 1
		}
		d += uint64(s) * uint64(s) * uint64((3*rx)^ry)
		if ry == 0 {
			if rx == 1 {
				x, y = side-1-x, side-1-y
			}
			x, y = y, x
		}
	}
	return d
}

// pointWKB returns a point as canonical geometry, rounded to 1e-7 degrees.
func pointWKB(p orb.Point) block.WKB {
	b := binary.LittleEndian.AppendUint32([]byte{1}, 1)
	for _, v := range p {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(math.Round(v*1e7)/1e7))
	}
	return b
}
