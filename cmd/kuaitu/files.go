package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
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
		out.Warning.Text = look.Source.Warnings[0]
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

// datumOf is the datum that the user chose; files without coordinates need none.
func datumOf(r state.ImportRequest) (geo.Datum, error) {
	if r.Datum == "" {
		return geo.CGCS2000, nil
	}
	d, err := geo.ParseDatum(r.Datum)
	if err != nil {
		return d, fmt.Errorf("datum: %w", errors.Join(err, block.ErrInvalid))
	}
	return d, nil
}

// Survey implements ui.Files.
func (f files) Survey(ctx context.Context, file string, r state.ImportRequest) ([]state.ImportWarning, error) {
	datum, err := datumOf(r)
	if err != nil {
		return nil, err
	}
	found, err := console.Survey(ctx, f.st, console.ImportRequest{File: file, Kind: r.Kind, Datum: datum, Encoding: r.Encoding})
	var out []state.ImportWarning
	for _, w := range found {
		out = append(out, warningOf(w))
	}
	return out, err
}

// warningOf rounds the figures of a warning to those that its sentence has places for.
func warningOf(w console.Warning) state.ImportWarning {
	metres := func(m float64) int { return int(math.Round(m)) }
	switch w.Code {
	case console.WarnGCJ:
		return state.ImportWarning{Code: state.WarnGCJ, Figures: []int{metres(math.Hypot(w.East, w.North)), metres(w.AsIs), metres(w.Converted)}}
	case console.WarnGCJBoundaries:
		return state.ImportWarning{Code: state.WarnGCJBoundaries, Figures: []int{metres(w.AsIs)}}
	}
	return state.ImportWarning{Code: w.Code, Figures: []int{w.Count, w.Of}}
}

// warningsOf gives the sentences of a report that have figures their codes.
func warningsOf(sentences []string, known []console.Warning) (out []state.ImportWarning) {
	for _, s := range sentences {
		warning := state.ImportWarning{Text: s}
		if i := slices.IndexFunc(known, func(w console.Warning) bool { return w.String() == s }); i >= 0 {
			warning = warningOf(known[i])
		}
		out = append(out, warning)
	}
	return out
}

// Import implements ui.Files.
func (f files) Import(ctx context.Context, r state.ImportRequest, progress func(state.ImportProgress)) ([]state.ImportReport, error) {
	datum, err := datumOf(r)
	if err != nil {
		return nil, err
	}
	var out []state.ImportReport
	var failed error
	for _, file := range r.Files {
		name := filepath.Base(file)
		var warned []console.Warning
		report, err := console.Import(ctx, f.st, console.ImportRequest{
			File: file, Kind: r.Kind, Datum: datum, Encoding: r.Encoding, Author: userName(), Progress: func(p console.Progress) {
				progress(state.ImportProgress{File: name, Stage: "write", Done: int(p.Done), Total: int(p.Size)})
			},
			Warn: func(w console.Warning) { warned = append(warned, w) },
		})
		line := state.ImportReport{
			File: name, Read: int(report.Read), Accepted: int(report.Accepted), Repaired: int(report.Repaired), Rejected: int(report.Rejected),
			Warnings: warningsOf(report.Warnings, warned), Seconds: report.Seconds, Err: err,
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
