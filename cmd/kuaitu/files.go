package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"kuaitu/block"
	"kuaitu/cmd/internal/console"
	"kuaitu/geo"
	"kuaitu/geo/geofile"
	"kuaitu/store"
	"kuaitu/sync/ingest"
	"kuaitu/ui"
	"kuaitu/ui/state"
)

// files implements ui.Files over the same calls as kuaituctl.
type files struct{ st *store.Store }

// importable are the kinds that a department's file can bring, the most usual first.
var importable = []block.Kind{"building", "address", "legal_entity", "event", "facility", "component", "area", "region"}

// Kinds implements ui.Files.
func (f files) Kinds() []state.ImportKind {
	var out []state.ImportKind
	for _, k := range importable {
		if p, err := f.st.Set().Plan(k); err == nil {
			out = append(out, state.ImportKind{Kind: k, Name: state.Text{ZH: p.Kind.ZH, EN: p.Kind.EN}})
		}
	}
	return out
}

const previewRows = 8

// Preview implements ui.Files.
func (f files) Preview(ctx context.Context, file, encoding string) (state.ImportPreview, error) {
	out := state.ImportPreview{File: file, Rows: -1}
	look, err := geofile.Preview(ctx, file, geofile.Options{Encoding: encoding}, previewRows)
	if err != nil {
		var bad *geofile.FileError
		if errors.As(err, &bad) {
			err = errors.Join(err, block.ErrInvalid)
		}
		out.Err = err
		return out, err
	}
	_, size := look.Source.Progress()
	out.Format, out.Size, out.Rows, out.Encoding = string(look.Source.Format), size, int(look.Source.Count), look.Source.Encoding
	for _, c := range look.Columns {
		out.Columns = append(out.Columns, c.Name)
	}
	out.Sample = look.Rows
	own, needed, err := console.DeclaredDatum(ctx, file, encoding)
	if err != nil {
		out.Err = err
		return out, err
	}
	if own != nil {
		out.Datum = own.String()
	}
	out.NeedsIt = needed && own == nil
	out.Kind = f.guessKind(out.Columns)
	if len(look.Source.Warnings) > 0 {
		out.Warning = look.Source.Warnings[0]
	}
	return out, nil
}

// guessKind proposes the kind whose fields most of the columns fit.
func (f files) guessKind(columns []string) block.Kind {
	best, hits := importable[0], 0
	for _, k := range importable {
		p, err := f.st.Set().Plan(k)
		if err != nil {
			continue
		}
		if n := len(ingest.GuessMapping(p, columns)); n > hits {
			best, hits = k, n
		}
	}
	return best
}

// Import implements ui.Files.
func (f files) Import(ctx context.Context, r state.ImportRequest, progress func(state.ImportProgress)) ([]state.ImportReport, error) {
	datum := geo.CGCS2000
	if r.Datum != "" {
		d, err := geo.ParseDatum(r.Datum)
		if err != nil {
			return nil, fmt.Errorf("datum: %w", errors.Join(err, block.ErrInvalid))
		}
		datum = d
	}
	var out []state.ImportReport
	var failed error
	for _, file := range r.Files {
		name := filepath.Base(file)
		report, err := console.Import(ctx, f.st, console.ImportRequest{
			File: file, Kind: r.Kind, Datum: datum, Encoding: r.Encoding, Author: userName(), Progress: func(p console.Progress) {
				progress(state.ImportProgress{File: name, Stage: "write", Done: int(p.Done), Total: int(p.Size)})
			},
		})
		line := state.ImportReport{
			File: name, Read: int(report.Read), Accepted: int(report.Accepted), Repaired: int(report.Repaired), Rejected: int(report.Rejected),
			Warnings: report.Warnings, Seconds: report.Seconds, Err: err,
		}
		for reason, n := range report.Reasons {
			line.Reasons = append(line.Reasons, state.ReasonCount{Reason: reason, Count: n})
		}
		slices.SortFunc(line.Reasons, func(a, b state.ReasonCount) int {
			return cmp.Or(b.Count-a.Count, cmp.Compare(a.Reason, b.Reason))
		})
		out = append(out, line)
		if failed == nil {
			failed = err
		}
	}
	if len(r.Files) > 1 { // each file says for itself what became of it
		failed = nil
	}
	return out, failed
}

// Export implements ui.Files.
func (f files) Export(ctx context.Context, r ui.ExportRequest) (int, error) {
	format, ok := console.Formats[r.Format]
	if !ok {
		return 0, fmt.Errorf("format %q: %w", r.Format, block.ErrInvalid)
	}
	return console.Export(ctx, f.st, console.ExportRequest{Kind: r.Kind, Region: r.Region, Bound: r.Bound, Format: format, Path: r.Path})
}
