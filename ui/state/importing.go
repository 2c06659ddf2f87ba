package state

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"kuaitu/block"
)

// Datums are the choices of the import dialog, by the names of the command line.
var Datums = []string{"cgcs2000", "wgs84", "gcj02", "bd09"}

// Encodings are the choices of the import dialog; "" is "as detected".
var Encodings = []string{"", "utf-8", "gb18030", "big5"}

// ImportKind is a kind of record that files can be imported as.
type ImportKind struct {
	Kind block.Kind
	Name Text
}

// ImportRequest is what is imported and how.
type ImportRequest struct {
	Files    []string // paths
	Kind     block.Kind
	Datum    string // one of Datums; "" for files without coordinates
	Encoding string // "" as detected
}

// ImportPreview is what a look into a file found.
type ImportPreview struct {
	File     string
	Format   string // "GeoJSON", "Shapefile", …
	Size     int64
	Rows     int    // -1 when unknown before reading
	Encoding string // detected
	Datum    string // declared by the file; "" when it does not say
	NeedsIt  bool   // it has coordinates and does not say their datum
	Kind     block.Kind
	Columns  []string
	Sample   [][]string    // first rows, one text per column
	Warning  ImportWarning // what was odd on opening it; zero for nothing
	Err      error
}

// ImportWarning is something odd about a file.
type ImportWarning struct {
	Code    string // text key "import.warn.<code>"; "" for one that has only a text
	Figures []int  // what the text of the code has places for: metres, counts
	Text    string // of a warning without a code, as the reader of the file wrote it: English
}

// WarnGCJ and WarnGCJBoundaries are the codes of warnings that go when the file is read as GCJ-02.
const (
	WarnGCJ           = "gcj"
	WarnGCJBoundaries = "gcj-boundaries"
)

// Sentence is the warning in a language.
func (w ImportWarning) Sentence(l *Lang) string {
	if w.Code == "" {
		return l.T("import.warn.other", w.Text)
	}
	figures := make([]any, len(w.Figures))
	for i, n := range w.Figures {
		figures[i] = l.Count(n)
	}
	return l.T("import.warn."+w.Code, figures...)
}

// ImportProgress is how far an import has come. Total is 0 when it is not known.
type ImportProgress struct {
	File        string
	Stage       string // "read", "place", "write", "index": text key "import.stage.<stage>"
	Done, Total int
}

// ImportReport is how an import of one file ended; Accepted + Repaired + Rejected = Read.
type ImportReport struct {
	File                               string
	Read, Accepted, Repaired, Rejected int
	Reasons                            []ReasonCount
	Warnings                           []ImportWarning
	Seconds                            float64
	Err                                error // nothing of the file was kept
}

// ReasonCount is how often a row was repaired or rejected for a reason.
type ReasonCount struct {
	Reason string
	Count  int
}

// ImportDialog is the import dialog. UI thread only.
type ImportDialog struct {
	Request  ImportRequest
	Kinds    []ImportKind
	previews []ImportPreview
	surveys  map[string]survey // by file
	phase    ImportPhase
	progress ImportProgress
	reports  []ImportReport
}

// survey is what was found about the places in a file, when it is read in one way.
type survey struct {
	how      ImportRequest // without files
	warnings []ImportWarning
}

// ImportPhase is what the dialog is doing.
type ImportPhase uint8

// Choosing what to do, importing, done.
const (
	ImportChoosing ImportPhase = iota
	ImportRunning
	ImportDone
)

// NewImportDialog starts a dialog over files.
func NewImportDialog(files []string, kinds []ImportKind) *ImportDialog {
	return &ImportDialog{Request: ImportRequest{Files: slices.Clone(files)}, Kinds: kinds}
}

// Preview puts in what was found in a file and takes over a kind and a datum that it declares, unless one was chosen.
func (d *ImportDialog) Preview(p ImportPreview) {
	i := slices.IndexFunc(d.previews, func(o ImportPreview) bool { return o.File == p.File })
	if i >= 0 {
		d.previews[i] = p
	} else {
		d.previews = append(d.previews, p)
	}
	if d.Request.Kind == "" {
		d.Request.Kind = p.Kind
	}
	if d.Request.Datum == "" {
		d.Request.Datum = p.Datum
	}
}

// Previews returns what was found so far.
func (d *ImportDialog) Previews() []ImportPreview { return d.previews }

// Unsurveyed returns the files whose places are to be looked at, as the kind and the datum are chosen now.
func (d *ImportDialog) Unsurveyed() (files []string) {
	if d.Request.Kind == "" {
		return nil
	}
	for _, p := range d.previews {
		if _, ok := d.surveyed(p.File); !ok && p.Err == nil {
			files = append(files, p.File)
		}
	}
	return files
}

func (d *ImportDialog) surveyed(file string) ([]ImportWarning, bool) {
	s, ok := d.surveys[file]
	if !ok || s.how.Kind != d.Request.Kind || s.how.Datum != d.Request.Datum || s.how.Encoding != d.Request.Encoding {
		return nil, false
	}
	return s.warnings, true
}

// Survey puts in what was found about the places in a file that was read as r says.
func (d *ImportDialog) Survey(file string, r ImportRequest, warnings []ImportWarning) {
	if d.surveys == nil {
		d.surveys = map[string]survey{}
	}
	r.Files = nil
	d.surveys[file] = survey{r, warnings}
}

// Warnings are what is odd about the files, as the kind and the datum are chosen now, and whether reading them as GCJ-02
// would mend it.
func (d *ImportDialog) Warnings() (all []ImportWarning, gcj bool) {
	for _, p := range d.previews {
		if p.Warning.Code != "" || p.Warning.Text != "" {
			all = append(all, p.Warning)
		}
		found, _ := d.surveyed(p.File)
		for _, w := range found {
			gcj = gcj || w.Code == WarnGCJ || w.Code == WarnGCJBoundaries
			all = append(all, w)
		}
	}
	return all, gcj
}

// Outcome is the heading over the reports.
func (d *ImportDialog) Outcome(l *Lang) string {
	failed := 0
	for _, r := range d.reports {
		if errors.Is(r.Err, context.Canceled) {
			return l.T("import.cancelled")
		}
		if r.Err != nil {
			failed++
		}
	}
	switch failed {
	case 0:
		return l.T("import.done")
	case len(d.reports):
		return l.T("import.failed.all")
	}
	return l.T("import.failed.some")
}

// Phase says what the dialog is doing.
func (d *ImportDialog) Phase() ImportPhase { return d.phase }

// Start begins the import.
func (d *ImportDialog) Start() { d.phase = ImportRunning }

// Progress puts in how far it is.
func (d *ImportDialog) Progress(p ImportProgress) { d.progress = p }

// Finish ends the import with a report per file.
func (d *ImportDialog) Finish(reports []ImportReport) { d.phase, d.reports = ImportDone, reports }

// Check returns what still keeps the import from starting. The datum must be chosen where a file has coordinates and
// does not say which: a wrong guess moves a whole district by half a kilometre.
func (d *ImportDialog) Check(l *Lang) []Problem {
	var ps []Problem
	if len(d.Request.Files) == 0 {
		ps = append(ps, Problem{"files", l.T("import.need.files")})
	}
	if d.Request.Kind == "" {
		ps = append(ps, Problem{"kind", l.T("import.need.kind")})
	}
	if d.Request.Datum == "" && slices.ContainsFunc(d.previews, func(p ImportPreview) bool { return p.NeedsIt }) {
		ps = append(ps, Problem{"datum", l.T("import.need.datum")})
	}
	for _, p := range d.previews {
		if p.Err != nil {
			ps = append(ps, Problem{"files", l.T("import.bad.file", filepath.Base(p.File), Failure(l, p.Err).Title)})
		}
	}
	if len(d.previews) < len(d.Request.Files) || len(ps) == 0 && len(d.Unsurveyed()) > 0 {
		ps = append(ps, Problem{"files", l.T("import.looking")})
	}
	return ps
}

// Describe is the line about a file: "GeoJSON·5.2 MB·71,666 行·UTF-8·未声明坐标系".
func (p ImportPreview) Describe(l *Lang) string {
	parts := []string{p.Format, l.Bytes(p.Size)}
	if p.Rows >= 0 {
		parts = append(parts, l.T("import.rows", l.Count(p.Rows)))
	}
	if p.Encoding != "" {
		parts = append(parts, strings.ToUpper(p.Encoding))
	}
	switch {
	case p.Datum != "":
		parts = append(parts, l.TOr("datum."+p.Datum, p.Datum))
	case p.NeedsIt:
		parts = append(parts, l.T("import.undeclared"))
	}
	return strings.Join(parts, l.T("dot"))
}

// ProgressLine is the line over the progress bar, and its share 0…1 (negative when unknown).
func (d *ImportDialog) ProgressLine(l *Lang) (text string, share float64) {
	p := d.progress
	text = l.TOr("import.stage."+p.Stage, l.T("import.stage.read"))
	if p.File != "" {
		text = filepath.Base(p.File) + l.T("dot") + text
	}
	if p.Total <= 0 {
		return text + " " + l.Count(p.Done), -1
	}
	return fmt.Sprintf("%s %s / %s", text, l.Count(p.Done), l.Count(p.Total)), min(1, float64(p.Done)/float64(p.Total))
}

// Result formats the reports: a line per file, then its reasons and warnings.
func (d *ImportDialog) Result(l *Lang) []Line {
	var lines []Line
	for _, r := range d.reports {
		name := filepath.Base(r.File)
		if r.Err != nil {
			n := Failure(l, r.Err)
			lines = append(lines, Line{name, l.T("import.failed", n.Title), ToneLate})
			if errors.Is(r.Err, context.Canceled) {
				continue
			}
		} else {
			tone := TonePlain
			if r.Rejected > 0 {
				tone = ToneNear
			}
			lines = append(lines, Line{name, l.T("import.result", l.Count(r.Read), l.Count(r.Accepted), l.Count(r.Repaired), l.Count(r.Rejected),
				strconv.FormatFloat(r.Seconds, 'f', 1, 64)), tone})
		}
		for _, c := range r.Reasons {
			lines = append(lines, Line{"", l.TOr("reason."+c.Reason, c.Reason) + " " + l.Count(c.Count), ToneLesser})
		}
		for _, w := range r.Warnings {
			lines = append(lines, Line{"", w.Sentence(l), ToneNear})
		}
	}
	return lines
}
