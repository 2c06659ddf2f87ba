package geofile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// WriteOptions describe a file to be made.
type WriteOptions struct {
	Format  Format // FormatGeoJSON, FormatCSV or FormatGeoPackage
	Columns []Column
	// Layer names the table of a GeoPackage; "" is the file's base name without extension.
	Layer string
	// Geometry is the type of a GeoPackage's layer: "MULTIPOLYGON", "POINT", …; a single part is written as a multi
	// geometry where that is asked for, anything else is an error. "" takes all types, which QGIS shows as several layers. "NONE"
	// makes a table of attributes, without any geometry.
	Geometry string
	// EPSG is the reference system of the coordinates, degrees of 4490 (the zero value means that) or 4326. GeoJSON has
	// no place for it: RFC 7946 knows WGS 84 only, from which CGCS2000 does not differ here.
	EPSG int
	// Plain leaves long codes in a CSV file bare, for other programs. Without it they are kept from Excel; see [Create].
	Plain bool
}

// Writer makes one file. The file appears under its name, complete, when Close succeeds; until then it grows under a
// temporary name beside it. A Writer is used by one goroutine.
type Writer struct {
	path, temp string
	sink       sink
	err        error // of the first Write that failed; Close returns it
	done       bool
}

// sink is one format behind a Writer, writing the temporary file.
type sink interface {
	write(f Feature) error
	// finish completes the file and puts it onto the disk.
	finish() error
	// discard lets go of the file without completing it.
	discard()
}

// Create begins a file. An existing one is replaced when Close succeeds.
//
//   - GeoJSON: an RFC 7946 FeatureCollection, a feature a line, seven decimals, outer rings anticlockwise. Text that is a
//     number in its column's kind (Int, Float, Bool, JSON) is written as such.
//   - CSV: UTF-8 with byte order mark, commas, CRLF; columns lon and lat (an inner point of anything but points) and, where
//     there is anything but points, wkt at the end. A cell that a spreadsheet would run as a formula gets an apostrophe in
//     front, unless it is a number. A whole number of twelve digits and more, or with a leading zero, is written as
//     ="0123…": Excel and LibreOffice show it with all digits, as text, and keep it so in their own formats; Excel would
//     otherwise round it at fifteen digits. [Open] takes both off again.
//   - GeoPackage: version 1.3, one table with R*Tree and its triggers, in one file without journal beside it.
func Create(ctx context.Context, path string, opts WriteOptions) (*Writer, error) {
	if opts.EPSG == 0 {
		opts.EPSG = 4490
	}
	if opts.EPSG != 4490 && opts.EPSG != 4326 {
		return nil, fmt.Errorf("create %s: EPSG:%d cannot be written", filepath.Base(path), opts.EPSG)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part")
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", filepath.Base(path), err)
	}
	w := &Writer{path: path, temp: f.Name()}
	switch opts.Format {
	case FormatGeoJSON:
		w.sink = newGeoJSONSink(f, opts)
	case FormatCSV:
		w.sink, err = newCSVSink(f, opts)
	case FormatGeoPackage:
		if err = f.Close(); err == nil {
			w.sink, err = newGPKGSink(ctx, w.temp, path, opts)
		}
	default:
		err = fmt.Errorf("format %q cannot be written", opts.Format)
	}
	if err != nil {
		f.Close()
		os.Remove(w.temp)
		return nil, fmt.Errorf("create %s: %w", filepath.Base(path), err)
	}
	return w, nil
}

// Write appends a record. Its values go to the columns by position. After an error nothing more is written.
func (w *Writer) Write(f Feature) error {
	if w.err == nil {
		if err := w.sink.write(f); err != nil {
			w.err = fmt.Errorf("write %s: %w", filepath.Base(w.path), err)
		}
	}
	return w.err
}

// Close completes the file, puts it onto the disk and gives it its name. After a failed Write or Close nothing is left.
func (w *Writer) Close() error {
	if w.done {
		return errors.New("close: the file was closed or aborted before")
	}
	w.done = true
	if w.err != nil {
		w.sink.discard()
		return errors.Join(w.err, os.Remove(w.temp))
	}
	err := w.sink.finish()
	if err == nil {
		err = os.Chmod(w.temp, 0o644) // CreateTemp makes it private; an export is for handing on
	}
	if err == nil {
		err = os.Rename(w.temp, w.path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(w.path))
	}
	if err != nil {
		os.Remove(w.temp)
		return fmt.Errorf("write %s: %w", filepath.Base(w.path), err)
	}
	return nil
}

// Abort gives the file up; after Close it does nothing, so that it can be deferred.
func (w *Writer) Abort() {
	if !w.done {
		w.done = true
		w.sink.discard()
		os.Remove(w.temp)
	}
}

// syncFolder makes a rename last. Systems that cannot sync a folder (Windows) keep renames by themselves.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, os.ErrPermission) && !errors.Is(err, os.ErrInvalid) {
		return err
	}
	return nil
}
