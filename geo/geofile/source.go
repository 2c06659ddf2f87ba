package geofile

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"

	"kuaitu/geo"
)

// FileError says why a file cannot be read (further), in one sentence. It ends a sequence of features.
type FileError struct {
	File   string // base name
	Line   int64  // 1-based line or record, 0 where it has none
	Reason string
}

func (e *FileError) Error() string { return place(e.File, e.Line) + ": " + e.Reason }

// RecordError says why one record is left out, in one sentence. The records after it are still read.
type RecordError struct {
	File   string
	Line   int64
	Reason string
}

func (e *RecordError) Error() string { return place(e.File, e.Line) + ": " + e.Reason }

func place(file string, line int64) string {
	if line <= 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// Format names a file format; the value is what commands and reports say.
type Format string

// The formats this package knows.
const (
	FormatGeoJSON    Format = "geojson"
	FormatGeoJSONSeq Format = "geojsonseq"
	FormatCSV        Format = "csv"
	FormatShapefile  Format = "shapefile"
	FormatGeoPackage Format = "gpkg"
)

// Options say what the person knows better than the file. The zero value lets the file and its bytes decide.
type Options struct {
	Encoding string // of its text; see [DetectEncoding] for names
	EPSG     int    // reference system; for a Shapefile without .prj, or with a wrong one
	Layer    string // of a GeoPackage or of a zip with several Shapefiles; "" is the first
	// Columns of a CSV file that hold the place; "" finds them by their names.
	Lon, Lat, WKT string
}

// Source is an open file of features.
type Source struct {
	Path     string
	Name     string // base name, or the layer's in a file of several
	Format   Format
	Encoding string     // that its text is read in: "utf-8", "gb18030", …
	CRS      string     // reference system the coordinates are stored in, as the file names it; "" when it says nothing
	Declared *geo.Datum // datum that the file states; nil when it states none, as RFC 7946 files by nature do
	Count    int64      // records, -1 when only reading tells
	Warnings []string   // what was odd on opening, sentences
	size     int64
	read     atomic.Int64
	reader   reader
}

// reader is one format behind a Source.
type reader interface {
	columns() []Column
	// features yields the records from the first one on; it may be called again.
	features(ctx context.Context, yield func(Feature, error) bool)
	close() error
}

// Columns returns the columns of the source. Formats without a schema (GeoJSON) know those of the first records on
// opening, and find more while they are read; the order of those already there stays.
func (s *Source) Columns() []Column { return s.reader.columns() }

// Column returns the position of a column by name, -1 if there is none (yet).
func (s *Source) Column(name string) int {
	for i, c := range s.Columns() {
		if c.Name == name {
			return i
		}
	}
	return -1
}

// Features yields the records from the first one on, see the package comment for the errors. It may be ranged over
// several times, but not at the same time.
func (s *Source) Features(ctx context.Context) iter.Seq2[Feature, error] {
	return func(yield func(Feature, error) bool) {
		s.read.Store(0)
		n := 0
		stopped := false
		s.reader.features(ctx, func(f Feature, err error) bool {
			if n++; n%256 == 0 && ctx.Err() != nil {
				stopped = true
				yield(Feature{}, ctx.Err())
				return false
			}
			stopped = !yield(f, err)
			return !stopped
		})
		if !stopped && ctx.Err() != nil {
			yield(Feature{}, ctx.Err())
		}
	}
}

// Progress returns how many bytes of the file have been read, and its size. It may be called while another goroutine reads.
func (s *Source) Progress() (done, size int64) { return min(s.read.Load(), s.size), s.size }

// Close releases the file.
func (s *Source) Close() error { return s.reader.close() }

func (s *Source) fileError(line int64, format string, args ...any) error {
	return &FileError{File: filepath.Base(s.Path), Line: line, Reason: fmt.Sprintf(format, args...)}
}

func (s *Source) recordError(line int64, format string, args ...any) error {
	return &RecordError{File: filepath.Base(s.Path), Line: line, Reason: fmt.Sprintf(format, args...)}
}

// Open opens a file of features by its content and, where that leaves a choice, its name. A Shapefile is given by its .shp
// or by a zip of its parts.
func Open(ctx context.Context, path string, opts Options) (*Source, error) {
	s := &Source{Path: path, Name: filepath.Base(path), Count: -1}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Base(path), err)
	}
	if info.IsDir() {
		return nil, s.fileError(0, "is a folder, not a file")
	}
	if s.size = info.Size(); s.size == 0 {
		return nil, s.fileError(0, "the file is empty")
	}
	if err := s.openReader(ctx, opts); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Source) openReader(ctx context.Context, opts Options) error {
	name := strings.TrimSuffix(strings.ToLower(s.Path), ".gz")
	head, err := s.head(64 << 10)
	if err != nil {
		return err
	}
	switch ext := filepath.Ext(name); {
	case strings.HasPrefix(string(head), "SQLite format 3\x00"):
		return s.openGeoPackage(ctx, opts)
	case strings.HasPrefix(string(head), "PK\x03\x04"):
		if ext == ".xlsx" || ext == ".ods" || ext == ".docx" {
			return s.fileError(0, "is an office document; save the sheet as CSV (UTF-8) first")
		}
		return s.openShapefile(opts)
	case len(head) > 4 && string(head[:4]) == "\x00\x00\x27\x0a", ext == ".shp":
		return s.openShapefile(opts)
	case ext == ".dbf" || ext == ".shx" || ext == ".prj" || ext == ".cpg":
		return s.fileError(0, "is a part of a Shapefile; give its .shp")
	case ext == ".csv" || ext == ".tsv" || ext == ".txt":
		return s.openCSV(opts)
	case ext == ".geojson" || ext == ".json" || ext == ".geojsonl" || ext == ".geojsons" || ext == ".ndjson" || looksLikeJSON(head):
		return s.openGeoJSON(ctx, opts)
	}
	return s.fileError(0, "is none of the formats that can be read: GeoJSON, CSV, Shapefile, GeoPackage")
}

// stream opens the file for reading from its start, unpacked where it is gzipped, with progress counted.
func (s *Source) stream() (io.Reader, io.Closer, error) {
	f, err := os.Open(s.Path)
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", filepath.Base(s.Path), err)
	}
	r := bufio.NewReaderSize(&countingReader{f, &s.read}, 64<<10)
	magic, err := r.Peek(2)
	if err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
		return r, f, nil
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		f.Close()
		return nil, nil, s.fileError(0, "the gzip header is damaged")
	}
	return z, f, nil
}

// head returns up to n bytes from the start of the (unpacked) file.
func (s *Source) head(n int) ([]byte, error) {
	r, c, err := s.stream()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	b, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err != nil && len(b) == 0 {
		return nil, s.fileError(0, "cannot be read: %v", err)
	}
	return b, nil // what is damaged further on is met, and reported with its line, by reading
}

// countingReader counts what was read from a file.
type countingReader struct {
	r io.Reader
	n *atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
