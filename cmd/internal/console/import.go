package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/block/citypack"
	"kuaitu/block/schema"
	"kuaitu/geo"
	"kuaitu/geo/geofile"
	"kuaitu/store"
	"kuaitu/sync/ingest"

	"github.com/paulmach/orb"
)

// ImportRequest says what to bring in and how to read it.
type ImportRequest struct {
	File     string
	Kind     block.Kind
	Datum    geo.Datum
	Encoding string
	Mapping  ingest.Mapping // nil: by names
	Again    bool           // a file that was imported before replaces its earlier records
	Author   string
	Progress func(Progress) // may be nil; called from several goroutines, one after the other
	Warn     func(Warning)  // may be nil; given the figures of those of the report's warnings that have any
}

// Progress is how far an import is: bytes read of the file, records written so far.
type Progress struct {
	Done, Size int64
	Written    int
}

// DeclaredDatum returns the datum that a file states, if it states one, and whether it has coordinates at all, judged by
// its first records.
func DeclaredDatum(ctx context.Context, file, encoding string) (own *geo.Datum, needed bool, err error) {
	src, err := geofile.Open(ctx, file, geofile.Options{Encoding: encoding})
	if err != nil {
		return nil, false, FileKind(err)
	}
	defer src.Close()
	n := 0
	for f, err := range src.Features(ctx) {
		if n++; n > 100 || err == nil && f.Geometry != nil {
			return src.Declared, f.Geometry != nil, nil
		}
	}
	return src.Declared, false, nil
}

// LayerFor chooses the layer of a GeoPackage: the one named as the kind. A file of several layers without such a one is
// ErrInvalid, because the first would be a guess; other files have no choice ("").
func LayerFor(ctx context.Context, file string, kind block.Kind) (string, error) {
	if !strings.EqualFold(filepath.Ext(file), ".gpkg") {
		return "", nil
	}
	layers, err := geofile.Layers(ctx, file)
	if err != nil {
		return "", FileKind(err)
	}
	for _, l := range layers {
		if l == string(kind) {
			return l, nil
		}
	}
	if len(layers) > 1 {
		return "", fmt.Errorf("%s has the layers %s and none is called %s; export the one that is meant into a file of its own: %w",
			filepath.Base(file), strings.Join(layers, ", "), kind, block.ErrInvalid)
	}
	return "", nil
}

// FileKind gives the errors of a file's content their kind.
func FileKind(err error) error {
	var file *geofile.FileError
	if errors.As(err, &file) {
		return errors.Join(err, block.ErrInvalid)
	}
	return err
}

// ErrNoneAccepted is a file that could be read and of which every record was refused; the report says why.
var ErrNoneAccepted = errors.New("none of its records can be taken in")

// Refused is the report of a file that ingest.Fit does not take, and the error as one that leaves nothing accepted.
func Refused(ctx context.Context, src *geofile.Source, err error) (ingest.Report, error) {
	fit, ok := errors.AsType[*ingest.FitError](err)
	if !ok {
		return ingest.Report{}, err
	}
	report, broken := ingest.RefuseAll(ctx, src, fit.Reason)
	if broken != nil {
		return report, broken
	}
	return report, &refusedFile{fit}
}

// refusedFile is a FitError that is ErrNoneAccepted too.
type refusedFile struct{ *ingest.FitError }

func (e *refusedFile) Is(target error) bool {
	return target == ErrNoneAccepted || e.FitError.Is(target)
}

// Import brings one file into a store: all of its good records or, after any failure, none. A standalone store gets
// rows; an enrolled one gets ops of at most store.MaxEdits records each, which the server will judge. A file that was imported
// before is ErrConflict unless Again is set.
func Import(ctx context.Context, st *store.Store, r ImportRequest) (ingest.Report, error) {
	var report ingest.Report
	began := time.Now()
	p, err := st.Set().Plan(r.Kind)
	if err != nil {
		return report, err
	}
	mode, err := st.Reader().Mode(ctx)
	if err != nil {
		return report, err
	}
	if err := errors.Join(CheckInput(r.File), checkEncoding(r.Encoding)); err != nil {
		return report, err
	}
	digest, err := ingest.Digest(r.File)
	if err != nil {
		return report, err
	}
	if err := alreadyImported(ctx, st, digest, r); err != nil {
		return report, err
	}
	layer, err := LayerFor(ctx, r.File, r.Kind)
	if err != nil {
		return report, err
	}
	src, err := geofile.Open(ctx, r.File, geofile.Options{Encoding: r.Encoding, Layer: layer})
	if err != nil {
		return report, FileKind(err)
	}
	defer src.Close()
	opt, err := importOptions(ctx, st, p, r)
	if err != nil {
		return report, err
	}
	if err := ingest.Fit(ctx, src, st.Set(), opt); err != nil {
		return Refused(ctx, src, err)
	}
	var watch shiftWatch
	before, err := knownPlaces(ctx, st, r.Kind, nil)
	if err != nil {
		return report, err
	}
	rows := watched(ingest.Run(ctx, src, digest, opt, &report), &watch)
	if r.Kind == "region" {
		if rows, err = knownRegions(ctx, st, p, rows); err != nil {
			return report, err
		}
	}
	if mode == store.Enrolled {
		err = importAsOps(ctx, st, p, rows, r, func() (block.Record, error) { return ledgerOf(ctx, st, digest, r, report) })
	} else {
		_, err = st.Writer().Load(ctx, r.Kind, recordsOf(rows), func(done int) {
			if r.Progress != nil {
				d, size := src.Progress()
				r.Progress(Progress{Done: d, Size: size, Written: done})
			}
		})
	}
	if file, ok := errors.AsType[*geofile.FileError](err); ok {
		return report, fmt.Errorf("%w: %w", file, block.ErrInvalid) // it says all: which file, where and why
	}
	if errors.Is(err, context.Canceled) {
		return report, fmt.Errorf("import %s: stopped; nothing of it was taken: %w", filepath.Base(r.File), context.Canceled)
	}
	if err != nil {
		return report, fmt.Errorf("import %s: %w", filepath.Base(r.File), err)
	}
	warnings, err := watch.warnings(ctx, st, r.Kind, before)
	if err != nil {
		return report, err
	}
	for _, w := range warnings {
		report.Warnings = append(report.Warnings, w.String())
		if r.Warn != nil {
			r.Warn(w)
		}
	}
	if report.Read > 0 && report.Accepted+report.Repaired == 0 {
		return report, fmt.Errorf("%s: %w as %s (%d read): %w", filepath.Base(r.File), ErrNoneAccepted, r.Kind, report.Read, block.ErrInvalid)
	}
	if mode != store.Enrolled {
		err = rememberImport(ctx, st, digest, r, report)
	}
	report.Seconds = time.Since(began).Seconds()
	return report, err
}

// watched lets the watch see the places of rows.
func watched(rows iter.Seq2[ingest.Row, error], watch *shiftWatch) iter.Seq2[ingest.Row, error] {
	return func(yield func(ingest.Row, error) bool) {
		for row, err := range rows {
			if err == nil {
				watch.see(row)
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// recordsOf strips rows to their records.
func recordsOf(rows iter.Seq2[ingest.Row, error]) iter.Seq2[block.Record, error] {
	return func(yield func(block.Record, error) bool) {
		for row, err := range rows {
			if !yield(row.Record, err) {
				return
			}
		}
	}
}

// checkEncoding refuses the name of an encoding that is not known, whatever the file is.
func checkEncoding(name string) error {
	if err := geofile.CheckEncoding(name); err != nil {
		return fmt.Errorf("%w: %w", err, block.ErrInvalid)
	}
	return nil
}

func importOptions(ctx context.Context, st *store.Store, p *schema.Plan, r ImportRequest) (ingest.Options, error) {
	opt := ingest.Options{Plan: p, Datum: r.Datum, Mapping: r.Mapping, Defaults: ingest.Defaults(r.Kind), Again: r.Again}
	opt.Known = func(id block.ID) (block.Record, bool, error) {
		rec, err := st.Reader().Get(ctx, r.Kind, id)
		if errors.Is(err, block.ErrNotFound) {
			return rec, false, nil
		}
		return rec, err == nil, err
	}
	meta, err := st.Reader().Meta(ctx)
	if err != nil {
		return opt, err
	}
	if opt.Zone, err = time.LoadLocation(meta.TZ); err != nil {
		opt.Zone = time.UTC
	}
	tree, err := st.Reader().Tree(ctx)
	if err != nil {
		return opt, err
	}
	opt.Locate = citypack.NewAssigner(tree.All()).At
	if r.Kind == "region" {
		opt.Locate = func(orb.Point) block.ID { return tree.Root() } // reference data travels with the city
	}
	opt.ByCode = func(code string) (block.ID, bool) {
		reg, err := tree.ByCode(code)
		return reg.ID, err == nil
	}
	return opt, nil
}

func alreadyImported(ctx context.Context, st *store.Store, digest [32]byte, r ImportRequest) error {
	if r.Again {
		return nil
	}
	rec, err := st.Reader().Get(ctx, "import_batch", ingest.BatchID(digest, r.Kind))
	switch {
	case errors.Is(err, block.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	p, err := st.Set().Plan("import_batch")
	if err != nil {
		return err
	}
	return fmt.Errorf("%s was imported as %s on %s already; with --again its records are brought up to date: %w",
		filepath.Base(r.File), r.Kind, p.Get(rec, "at").Time().Format(time.DateOnly), block.ErrConflict)
}

// ledgerOf is the entry of a file in the ledger of imports, an ordinary record.
func ledgerOf(ctx context.Context, st *store.Store, digest [32]byte, r ImportRequest, report ingest.Report) (block.Record, error) {
	p, err := st.Set().Plan("import_batch")
	if err != nil {
		return block.Record{}, err
	}
	tree, err := st.Reader().Tree(ctx)
	if err != nil {
		return block.Record{}, err
	}
	return ingest.BatchRecord(p, digest, r.Kind, "", report, time.Now(), tree.Root()), nil
}

// rememberImport notes a file in the ledger of a standalone store.
func rememberImport(ctx context.Context, st *store.Store, digest [32]byte, r ImportRequest, report ingest.Report) error {
	rec, err := ledgerOf(ctx, st, digest, r, report)
	if err != nil {
		return err
	}
	_, err = st.Writer().Load(ctx, "import_batch", func(yield func(block.Record, error) bool) { yield(rec, nil) }, nil)
	return err
}

// importAsOps reads everything first, so that a broken file makes no op at all, and then saves the records and the entry
// in the ledger as ops, all or none.
func importAsOps(ctx context.Context, st *store.Store, p *schema.Plan, rows iter.Seq2[ingest.Row, error], r ImportRequest, ledger func() (block.Record, error)) error {
	var all []block.Edit
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := p.Check(row.Record); err != nil {
			return err
		}
		if row.Was != nil {
			all = append(all, updateOf(row))
		} else {
			all = append(all, insertOf(p, row.Record))
		}
	}
	if len(all) == 0 {
		return nil
	}
	entry, err := ledger()
	if err != nil {
		return err
	}
	lp, err := st.Set().Plan(entry.Kind)
	if err != nil {
		return err
	}
	acts := slices.Chunk(all, store.MaxEdits)
	_, err = st.Reader().Get(ctx, entry.Kind, entry.ID)
	switch {
	case errors.Is(err, block.ErrNotFound): // an act of its own: a record that the server refuses does not take it away
		acts = func(yield func([]block.Edit) bool) {
			for act := range slices.Chunk(all, store.MaxEdits) {
				if !yield(act) {
					return
				}
			}
			yield([]block.Edit{insertOf(lp, entry)})
		}
	case err != nil:
		return err
	}
	return st.Writer().EditAll(ctx, acts, r.Author, func(done int) {
		if r.Progress != nil {
			done = min(done, len(all))
			r.Progress(Progress{Done: int64(done), Size: int64(len(all)), Written: done})
		}
	})
}

// insertOf is the edit that makes a record.
func insertOf(p *schema.Plan, rec block.Record) block.Edit {
	e := block.Edit{Verb: block.Insert, Kind: rec.Kind, ID: rec.ID, Region: rec.Region, SetGeometry: len(rec.Geometry) > 0, Geometry: rec.Geometry}
	for i, v := range rec.Values {
		if !v.IsNull() {
			e.Fields = append(e.Fields, block.FieldSet{Field: i, New: v})
		}
	}
	return e
}

// updateOf is the edit that makes the record that is here what a row says, based on the version that its file saw.
func updateOf(row ingest.Row) block.Edit {
	rec, was := row.Record, row.Was
	e := block.Edit{Verb: block.Update, Kind: rec.Kind, ID: rec.ID, Base: row.Base}
	if rec.Region != was.Region {
		e.Region = rec.Region
	}
	if !bytes.Equal(rec.Geometry, was.Geometry) {
		e.SetGeometry, e.Geometry = true, rec.Geometry
	}
	for i, v := range rec.Values {
		if v != was.Values[i] {
			e.Fields = append(e.Fields, block.FieldSet{Field: i, Old: was.Values[i], New: v})
		}
	}
	return e
}
