package geo

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/paulmach/orb"
)

// AppendGPKG appends g as a GeoPackage blob (OGC 12-128r17 §2.1.3): header version 0, little endian, the given srs id, an
// envelope (minx, maxx, miny, maxy) for everything but points, the empty flag where there is no point at all, then WKB.
func AppendGPKG(dst []byte, g orb.Geometry, srs int32) []byte {
	const little, envelopeXY, emptyFlag = 1, 1 << 1, 1 << 4
	flags := byte(little)
	_, isPoint := g.(orb.Point)
	b, ok := Bounds(g)
	switch {
	case !ok:
		flags |= emptyFlag
	case !isPoint:
		flags |= envelopeXY
	}
	dst = append(dst, 'G', 'P', 0, flags)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(srs))
	if flags&envelopeXY != 0 {
		for _, v := range [4]float64{b.Min[0], b.Max[0], b.Min[1], b.Max[1]} {
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
		}
	}
	return AppendWKB(dst, g)
}

// ParseGPKG reads a GeoPackage blob of either byte order and the id of its reference system.
func ParseGPKG(b []byte) (g orb.Geometry, srs int32, err error) {
	h, err := parseGPKGHead(b)
	if err != nil {
		return nil, 0, err
	}
	g, err = ParseWKB(b[h.size:])
	return g, h.srs, err
}

// GPKGBody returns the WKB of a GeoPackage blob; it aliases b.
func GPKGBody(b []byte) ([]byte, error) {
	h, err := parseGPKGHead(b)
	if err != nil {
		return nil, err
	}
	return b[h.size:], nil
}

// GPKGEnvelope returns the bounds of a GeoPackage blob: from its header where that has an envelope, else by reading the
// WKB. empty is true, and the numbers are zero, for a geometry without points.
func GPKGEnvelope(b []byte) (minx, maxx, miny, maxy float64, empty bool, err error) {
	h, err := parseGPKGHead(b)
	if err != nil {
		return 0, 0, 0, 0, false, err
	}
	if h.empty {
		return 0, 0, 0, 0, true, nil
	}
	if h.envelope {
		e := h.env
		if e[0] <= e[1] && e[2] <= e[3] {
			return e[0], e[1], e[2], e[3], false, nil
		}
		// NaN or turned round: some writers fill the envelope of an empty geometry so; the WKB decides.
	}
	g, err := ParseWKB(b[h.size:])
	if err != nil {
		return 0, 0, 0, 0, false, err
	}
	box, ok := Bounds(g)
	if !ok {
		return 0, 0, 0, 0, true, nil
	}
	return box.Min[0], box.Max[0], box.Min[1], box.Max[1], false, nil
}

type gpkgHead struct {
	size     int // bytes before the WKB
	srs      int32
	empty    bool
	envelope bool
	env      [4]float64 // minx, maxx, miny, maxy
}

func parseGPKGHead(b []byte) (gpkgHead, error) {
	if len(b) < 8 || b[0] != 'G' || b[1] != 'P' {
		return gpkgHead{}, fmt.Errorf("%w: no GeoPackage header", ErrWKB)
	}
	if b[2] != 0 {
		return gpkgHead{}, fmt.Errorf("%w: GeoPackage header version %d", ErrWKB, b[2])
	}
	flags := b[3]
	var order binary.ByteOrder = binary.BigEndian
	if flags&1 != 0 {
		order = binary.LittleEndian
	}
	if flags&(1<<5) != 0 {
		return gpkgHead{}, fmt.Errorf("%w: extended GeoPackage geometry", ErrWKB)
	}
	code := flags >> 1 & 7
	if code > 4 {
		return gpkgHead{}, fmt.Errorf("%w: GeoPackage envelope code %d", ErrWKB, code)
	}
	h := gpkgHead{srs: int32(order.Uint32(b[4:])), empty: flags&(1<<4) != 0, envelope: code > 0}
	h.size = 8 + [5]int{0, 32, 48, 48, 64}[code]
	if len(b) < h.size {
		return gpkgHead{}, fmt.Errorf("%w: cut off in the GeoPackage header", ErrWKB)
	}
	if h.envelope {
		for i := range h.env {
			h.env[i] = math.Float64frombits(order.Uint64(b[8+8*i:]))
		}
	}
	return h, nil
}

// Bounds returns the bounds of all points of g, and false when it has none.
func Bounds(g orb.Geometry) (orb.Bound, bool) {
	b := orb.Bound{Min: orb.Point{math.Inf(1), math.Inf(1)}, Max: orb.Point{math.Inf(-1), math.Inf(-1)}}
	eachPath(g, func(ps []orb.Point) {
		for _, p := range ps {
			b.Min[0], b.Min[1] = min(b.Min[0], p[0]), min(b.Min[1], p[1])
			b.Max[0], b.Max[1] = max(b.Max[0], p[0]), max(b.Max[1], p[1])
		}
	})
	return b, b.Min[0] <= b.Max[0]
}

// eachPath calls f with every run of points of g: each ring, line, multipoint, and each point alone.
func eachPath(g orb.Geometry, f func([]orb.Point)) {
	switch g := g.(type) {
	case nil:
	case orb.Point:
		f([]orb.Point{g})
	case orb.MultiPoint:
		f(g)
	case orb.LineString:
		f(g)
	case orb.Ring:
		f(g)
	case orb.MultiLineString:
		for _, l := range g {
			f(l)
		}
	case orb.Polygon:
		for _, r := range g {
			f(r)
		}
	case orb.MultiPolygon:
		for _, p := range g {
			for _, r := range p {
				f(r)
			}
		}
	case orb.Collection:
		for _, c := range g {
			eachPath(c, f)
		}
	case orb.Bound:
		f([]orb.Point{g.Min, g.Max})
	}
}
