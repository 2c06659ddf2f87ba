package geofile

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/paulmach/orb"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// shapefile reads an ESRI Shapefile (Technical Description, July 1998): the .shp with its records one after another, the
// .dbf beside it row by row, the reference system from the .prj, the encoding from .cpg, .dbf header or bytes. The .shx
// is not needed. Heights and measures are dropped; multipatches are refused.
type shapefile struct {
	src    *Source
	shp    section
	dbf    *dbfTable // nil where there is none
	crs    *crs
	kind   int32    // shape type of the header
	layers []string // of a zip: the names of its Shapefiles
	files  []io.Closer
}

// section is a file, or a part of a zip in memory.
type section struct {
	io.ReaderAt
	size int64
}

func (s section) reader() *io.SectionReader { return io.NewSectionReader(s, 0, s.size) }

// maxZip bounds what a zip may unpack to.
const maxZip = 1 << 30

func (s *Source) openShapefile(opts Options) error {
	f := &shapefile{src: s}
	s.Format, s.reader = FormatShapefile, f
	err := f.open(opts)
	if err != nil {
		f.close()
	}
	return err
}

func (f *shapefile) open(opts Options) error {
	var parts map[string]section // by extension, ".shp"
	var err error
	if strings.EqualFold(filepath.Ext(f.src.Path), ".shp") {
		parts, err = f.beside()
	} else {
		parts, err = f.unzip(opts)
	}
	if err != nil {
		return err
	}
	f.shp = parts[".shp"]
	if err := f.readHeader(); err != nil {
		return err
	}
	if err := f.readProjection(parts, opts); err != nil {
		return err
	}
	if dbf, ok := parts[".dbf"]; ok {
		var cpg string
		if c, ok := parts[".cpg"]; ok {
			cpg = c.head(64)
		}
		if f.dbf, err = openDBF(f.src, dbf, cpg, opts); err != nil {
			return err
		}
		f.src.Count = int64(f.dbf.rows)
	} else {
		f.src.Warnings = append(f.src.Warnings, "there is no .dbf beside it: the records have places only")
	}
	return nil
}

// head returns up to n bytes of a small part as text.
func (s section) head(n int64) string {
	b := make([]byte, min(n, s.size))
	k, _ := s.ReadAt(b, 0) // what cannot be read is not there
	return string(b[:k])
}

// beside opens the parts that lie beside the .shp, whatever the case of their extensions.
func (f *shapefile) beside() (map[string]section, error) {
	dir, base := filepath.Dir(f.src.Path), filepath.Base(f.src.Path)
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, f.src.fileError(0, "its folder cannot be listed: %v", err)
	}
	parts := map[string]section{}
	for _, e := range entries {
		ext := strings.ToLower(filepath.Ext(e.Name()))
		if e.IsDir() || !strings.EqualFold(strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())), stem) || !slices.Contains([]string{".shp", ".dbf", ".prj", ".cpg"}, ext) {
			continue
		}
		name := filepath.Join(dir, e.Name())
		if ext == ".shp" {
			name = f.src.Path
		}
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", e.Name(), err)
		}
		f.files = append(f.files, file)
		info, err := file.Stat()
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", e.Name(), err)
		}
		if _, ok := parts[ext]; !ok {
			parts[ext] = section{file, info.Size()}
		}
	}
	return parts, nil
}

// unzip takes the parts of one Shapefile from a zip into memory. Names in a zip that are not marked as UTF-8 are GBK, as
// Chinese Windows writes them.
func (f *shapefile) unzip(opts Options) (map[string]section, error) {
	z, err := zip.OpenReader(f.src.Path)
	if err != nil {
		return nil, f.src.fileError(0, "the zip is damaged")
	}
	defer z.Close()
	stems := map[string]map[string]*zip.File{}
	for _, entry := range z.File {
		name := entry.Name
		if entry.NonUTF8 && !utf8.ValidString(name) {
			if decoded, err := simplifiedchinese.GB18030.NewDecoder().String(name); err == nil {
				name = decoded
			}
		}
		name = strings.ReplaceAll(name, `\`, "/")
		if strings.HasPrefix(name, "__MACOSX/") {
			continue
		}
		ext := strings.ToLower(path.Ext(name))
		stem := strings.TrimSuffix(name, path.Ext(name))
		if stems[stem] == nil {
			stems[stem] = map[string]*zip.File{}
		}
		stems[stem][ext] = entry
		if ext == ".shp" {
			f.layers = append(f.layers, stem)
		}
	}
	slices.Sort(f.layers)
	if len(f.layers) == 0 {
		return nil, f.src.fileError(0, "the zip holds no Shapefile")
	}
	chosen := f.layers[0]
	if opts.Layer != "" {
		i := slices.IndexFunc(f.layers, func(l string) bool { return l == opts.Layer || path.Base(l) == opts.Layer })
		if i < 0 {
			return nil, f.src.fileError(0, "has no layer %q", opts.Layer)
		}
		chosen = f.layers[i]
	} else if len(f.layers) > 1 {
		f.src.Warnings = append(f.src.Warnings, fmt.Sprintf("the zip holds %d Shapefiles; %q was taken", len(f.layers), chosen))
	}
	f.src.Name = path.Base(chosen)
	parts := map[string]section{}
	var total int64
	for _, ext := range []string{".shp", ".dbf", ".prj", ".cpg"} {
		entry := stems[chosen][ext]
		if entry == nil {
			continue
		}
		b, err := unpack(entry, maxZip-total)
		if err != nil {
			return nil, f.src.fileError(0, "%s in the zip: %v", path.Base(chosen)+ext, err)
		}
		total += int64(len(b))
		parts[ext] = section{bytes.NewReader(b), int64(len(b))}
	}
	return parts, nil
}

func unpack(entry *zip.File, limit int64) ([]byte, error) {
	r, err := entry.Open()
	if err != nil {
		return nil, errors.New("it is damaged or encrypted")
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, errors.New("it is damaged or encrypted")
	case int64(len(b)) > limit:
		return nil, fmt.Errorf("it unpacks to more than %d MB", maxZip>>20)
	}
	return b, nil
}

// Shape types; 10 and 20 more are those with heights and measures.
const (
	shapeNull, shapePoint, shapeLine, shapePolygon, shapeMultiPoint = 0, 1, 3, 5, 8
)

func (f *shapefile) readHeader() error {
	var h [100]byte
	if n, _ := f.shp.ReadAt(h[:], 0); n < len(h) || binary.BigEndian.Uint32(h[:]) != 9994 {
		return f.src.fileError(0, "is no Shapefile, or cut off in its header")
	}
	f.kind = int32(binary.LittleEndian.Uint32(h[32:]))
	switch f.kind {
	case 0, 1, 3, 5, 8, 11, 13, 15, 18, 21, 23, 25, 28:
		return nil
	}
	return f.src.fileError(0, "holds shapes of type %d, which cannot be read", f.kind)
}

// readProjection decides how coordinates become degrees: what the person says, else the .prj, else the numbers.
func (f *shapefile) readProjection(parts map[string]section, opts Options) error {
	var err error
	prj, ok := parts[".prj"]
	switch {
	case opts.EPSG != 0:
		if f.crs, ok = crsOfEPSG(opts.EPSG); !ok {
			return f.src.fileError(0, "EPSG:%d cannot be converted", opts.EPSG)
		}
	case ok && strings.TrimSpace(prj.head(64<<10)) != "":
		if f.crs, err = crsOfWKT(prj.head(64 << 10)); err != nil {
			return f.src.fileError(0, "%v", err)
		}
	default:
		var h [100]byte
		if n, _ := f.shp.ReadAt(h[:], 0); n < len(h) {
			return f.src.fileError(0, "is cut off in its header")
		}
		for i := range 4 {
			if v := math.Float64frombits(binary.LittleEndian.Uint64(h[36+8*i:])); math.Abs(v) > 400 && f.shp.size > 100 {
				return f.src.fileError(0, "has no .prj, and its coordinates (%.0f) are no degrees; say which EPSG code it is", v)
			}
		}
		return nil
	}
	f.src.CRS, f.src.Declared = f.crs.name, &f.crs.datum
	return nil
}

func (f *shapefile) columns() []Column {
	if f.dbf == nil {
		return nil
	}
	return f.dbf.cols
}

func (f *shapefile) close() error {
	var err error
	for _, c := range f.files {
		err = errors.Join(err, c.Close())
	}
	f.files = nil
	return err
}

// maxShape bounds one record: a province's boundary has some megabytes.
const maxShape = 256 << 20

func (f *shapefile) features(_ context.Context, yield func(Feature, error) bool) {
	r := &countingReader{f.shp.reader(), &f.src.read}
	in := newChunkReader(r)
	if _, err := in.take(100); err != nil {
		yield(Feature{}, f.src.fileError(0, "is cut off in its header"))
		return
	}
	var rows *dbfRows
	if f.dbf != nil {
		rows = f.dbf.read()
	}
	for line := int64(1); ; line++ {
		head, err := in.take(8)
		if err == io.EOF {
			if rows != nil && rows.left() > 0 {
				yield(Feature{Line: line}, f.src.fileError(line, "the .shp ends here, the .dbf has %d more rows", rows.left()))
			}
			return
		}
		var size int64
		if err == nil {
			if size = 2 * int64(binary.BigEndian.Uint32(head[4:])); size < 4 || size > maxShape {
				yield(Feature{Line: line}, f.src.fileError(line, "a record says it has %d bytes: the file is damaged", size))
				return
			}
		}
		var body []byte
		if err == nil {
			body, err = in.take(int(size))
		}
		if err != nil {
			yield(Feature{Line: line}, f.src.fileError(line, "the .shp is cut off: %d records could be read", line-1))
			return
		}
		feature := Feature{Line: line}
		deleted := false
		if rows != nil {
			if feature.Values, deleted, err = rows.next(); err != nil {
				yield(Feature{Line: line}, f.src.fileError(line, "the .dbf is cut off: %d rows could be read", line-1))
				return
			}
		}
		if deleted {
			continue
		}
		g, err := parseShape(body)
		if err != nil {
			feature, err = Feature{Line: line}, f.src.recordError(line, "%v", err)
		} else {
			feature.Geometry = f.crs.toDegrees(g)
		}
		if !yield(feature, err) {
			return
		}
	}
}

// chunkReader hands out consecutive pieces of a stream, reading no more than is there before it believes a length.
type chunkReader struct {
	r   io.Reader
	buf []byte
}

func newChunkReader(r io.Reader) *chunkReader {
	return &chunkReader{r: newBuffered(r)}
}

// take returns the next n bytes, good until the next call; io.EOF at the very end, io.ErrUnexpectedEOF within.
func (c *chunkReader) take(n int) ([]byte, error) {
	const step = 1 << 20
	c.buf = c.buf[:0]
	for len(c.buf) < n {
		k := min(step, n-len(c.buf))
		from := len(c.buf)
		c.buf = slices.Grow(c.buf, k)[:from+k]
		if _, err := io.ReadFull(c.r, c.buf[from:]); err != nil {
			if err == io.EOF && from > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return c.buf, nil
}

var errShape = errors.New("the shape is damaged")

// parseShape reads the content of a record. nil is a null shape.
func parseShape(b []byte) (orb.Geometry, error) {
	if len(b) < 4 {
		return nil, errShape
	}
	kind := int32(binary.LittleEndian.Uint32(b))
	b = b[4:]
	if kind > 10 {
		kind %= 10
	}
	switch kind {
	case shapeNull:
		return nil, nil
	case shapePoint:
		if len(b) < 16 {
			return nil, errShape
		}
		return shapePoints(b, 1)[0], nil
	case shapeMultiPoint:
		if len(b) < 36 {
			return nil, errShape
		}
		n := binary.LittleEndian.Uint32(b[32:])
		if b = b[36:]; uint64(n)*16 > uint64(len(b)) {
			return nil, errShape
		}
		return orb.MultiPoint(shapePoints(b, int(n))), nil
	case shapeLine, shapePolygon:
		parts, err := shapeParts(b)
		if err != nil {
			return nil, err
		}
		if kind == shapePolygon {
			return assemble(parts), nil
		}
		if len(parts) == 1 {
			return orb.LineString(parts[0]), nil
		}
		out := make(orb.MultiLineString, len(parts))
		for i, p := range parts {
			out[i] = p
		}
		return out, nil
	}
	return nil, fmt.Errorf("a shape of type %d, which cannot be read", kind)
}

func shapePoints(b []byte, n int) []orb.Point {
	out := make([]orb.Point, n)
	for i := range out {
		out[i] = orb.Point{math.Float64frombits(binary.LittleEndian.Uint64(b[16*i:])), math.Float64frombits(binary.LittleEndian.Uint64(b[16*i+8:]))}
	}
	return out
}

// shapeParts reads box, counts, part table and points of a line or polygon.
func shapeParts(b []byte) ([][]orb.Point, error) {
	if len(b) < 40 {
		return nil, errShape
	}
	n, points := binary.LittleEndian.Uint32(b[32:]), binary.LittleEndian.Uint32(b[36:])
	if b = b[40:]; uint64(n)*4+uint64(points)*16 > uint64(len(b)) || n > points {
		return nil, errShape
	}
	all := shapePoints(b[4*n:], int(points))
	out := make([][]orb.Point, n)
	for i := range out {
		from, to := binary.LittleEndian.Uint32(b[4*i:]), points
		if i+1 < len(out) {
			to = binary.LittleEndian.Uint32(b[4*i+4:])
		}
		if from > to || to > points {
			return nil, errShape
		}
		out[i] = all[from:to:to]
	}
	return out, nil
}

// assemble makes polygons of rings. By the specification outer rings run clockwise and holes the other way; a hole goes to
// the smallest outer ring that holds it. Writers that do not keep to it are told by having no clockwise ring at all, or
// holes in no ring: those become outer rings.
func assemble(parts [][]orb.Point) orb.Geometry {
	if len(parts) == 1 {
		return orb.Polygon{parts[0]}
	}
	var outer []orb.Polygon
	var holes []orb.Ring
	for _, p := range parts {
		if r := orb.Ring(p); r.Orientation() == orb.CCW {
			holes = append(holes, r)
		} else if len(r) > 0 {
			outer = append(outer, orb.Polygon{r})
		}
	}
	if len(outer) == 0 {
		return assembleNested(holes)
	}
	for _, h := range holes {
		best, size := -1, math.Inf(1)
		for i, o := range outer {
			b := o[0].Bound()
			if area := (b.Max[0] - b.Min[0]) * (b.Max[1] - b.Min[1]); area < size && ringHolds(o[0], h) {
				best, size = i, area
			}
		}
		if best < 0 {
			outer = append(outer, orb.Polygon{h})
		} else {
			outer[best] = append(outer[best], h)
		}
	}
	if len(outer) == 1 {
		return outer[0]
	}
	return orb.MultiPolygon(outer)
}

// assembleNested makes polygons of rings whose direction says nothing: one within an odd number of others is a hole of the
// smallest of them.
func assembleNested(rings []orb.Ring) orb.Geometry {
	var out orb.MultiPolygon
	place := make([]int, len(rings))
	parent := make([]int, len(rings))
	for i, r := range rings {
		depth, size := 0, math.Inf(1)
		parent[i] = -1
		for j, o := range rings {
			if i == j || !ringHolds(o, r) {
				continue
			}
			depth++
			b := o.Bound()
			if area := (b.Max[0] - b.Min[0]) * (b.Max[1] - b.Min[1]); area < size {
				parent[i], size = j, area
			}
		}
		if depth%2 == 0 {
			parent[i] = -1
			place[i] = len(out)
			out = append(out, orb.Polygon{r})
		}
	}
	for i, r := range rings {
		if p := parent[i]; p >= 0 && parent[p] < 0 {
			out[place[p]] = append(out[place[p]], r)
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	return out
}

// ringHolds says whether r holds h, seen from the first corner of h that is not a corner of r.
func ringHolds(r, h orb.Ring) bool {
	if len(r) == 0 || len(h) == 0 {
		return false
	}
	if rb, hb := r.Bound(), h.Bound(); !rb.Contains(hb.Min) || !rb.Contains(hb.Max) {
		return false
	}
	for _, p := range h {
		if slices.Contains(r, p) {
			continue
		}
		inside := false
		for i := range r {
			a, b := r[i], r[(i+1)%len(r)]
			if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < a[0]+(b[0]-a[0])*(p[1]-a[1])/(b[1]-a[1]) {
				inside = !inside
			}
		}
		return inside
	}
	return true
}
