package console

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"kuaitu/geo/geofile"
	"kuaitu/store"
	"kuaitu/sync/ingest"
)

// Codes of warnings about where the records of a file lie.
const (
	WarnGCJ           = "gcj"            // off what is known here as GCJ-02 lies off WGS 84
	WarnGCJBoundaries = "gcj-boundaries" // boundaries, the same, told from the buildings
	WarnStrays        = "strays"         // some records lie outside every region
	WarnElsewhere     = "elsewhere"      // most of them do
)

// Warning is what is odd about the places of a file. Which figures there are depends on the code; lengths are in metres.
type Warning struct {
	Code            string
	East, North     float64 // WarnGCJ: how far it lies off
	AsIs, Converted float64 // WarnGCJ: mean distance to what is known, as it is and read as GCJ-02; WarnGCJBoundaries has AsIs alone
	Count, Of       int     // WarnStrays, WarnElsewhere: so many records of so many
}

// String is the sentence of the command line.
func (w Warning) String() string {
	switch w.Code {
	case WarnGCJ:
		return fmt.Sprintf("the coordinates look like GCJ-02: they lie %.0f m east and %.0f m north of what is known here, and fit it after conversion (mean distance %.0f m before, %.0f m after); import the file again with the datum gcj02 (--datum gcj02 --again)",
			w.East, w.North, w.AsIs, w.Converted)
	case WarnGCJBoundaries:
		return fmt.Sprintf("the coordinates look like GCJ-02: the boundaries lie about %.0f m off the buildings here, and fit them after conversion; import the file again with the datum gcj02 (--datum gcj02 --again)", w.AsIs)
	case WarnElsewhere:
		return fmt.Sprintf("%d of %d records lie outside every region; is this a file of this city, and its datum right?", w.Count, w.Of)
	}
	return fmt.Sprintf("%d of %d records lie outside every region", w.Count, w.Of)
}

// surveyRows is how many records Survey reads.
const surveyRows = 4 * shiftSamples

// Survey reads the first records of a file as an import would and returns what the import would warn of, judged by them.
// It writes nothing.
func Survey(ctx context.Context, st *store.Store, r ImportRequest) ([]Warning, error) {
	p, err := st.Set().Plan(r.Kind)
	if err != nil {
		return nil, err
	}
	layer, err := LayerFor(ctx, r.File, r.Kind)
	if err != nil {
		return nil, err
	}
	src, err := geofile.Open(ctx, r.File, geofile.Options{Encoding: r.Encoding, Layer: layer})
	if err != nil {
		return nil, FileKind(err)
	}
	defer src.Close()
	opt, err := importOptions(ctx, st, p, r)
	if err != nil {
		return nil, err
	}
	opt.Known = nil // a place does not depend on what is here
	if err := ingest.Fit(ctx, src, st.Set(), opt); err != nil {
		if _, unfit := errors.AsType[*ingest.FitError](err); unfit {
			return nil, nil // the import says why, and takes nothing
		}
		return nil, err
	}
	var report ingest.Report
	var watch shiftWatch
	for row, err := range ingest.Run(ctx, src, [32]byte{}, opt, &report) {
		if err != nil {
			return nil, fmt.Errorf("look at the places of %s: %w", filepath.Base(r.File), err)
		}
		if watch.see(row); watch.seen >= surveyRows {
			break
		}
	}
	if len(watch.sample) == 0 {
		return nil, nil
	}
	reach := watch.bound.Pad(nearDegrees)
	known, err := knownPlaces(ctx, st, r.Kind, &reach)
	if err != nil {
		return nil, err
	}
	return watch.warnings(ctx, st, r.Kind, known)
}
