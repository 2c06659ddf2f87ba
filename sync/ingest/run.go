package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/block/idcode"
	"kuaitu/block/schema"
	"kuaitu/geo"
	"kuaitu/geo/geofile"

	"github.com/paulmach/orb"
)

// Options say how one file becomes records of one kind.
type Options struct {
	Plan     *schema.Plan
	Datum    geo.Datum                                                   // what the file's degrees refer to; the caller asked, declared or found it
	Mapping  Mapping                                                     // nil: GuessMapping
	Zone     *time.Location                                              // of times without a zone; nil is UTC
	Locate   func(orb.Point) block.ID                                    // home region of an inner point; nil puts every record outside
	ByCode   func(code string) (block.ID, bool)                          // region by the code in a mapped "@region" column; may be nil
	Defaults map[string]block.Value                                      // of fields that the file leaves empty
	Known    func(id block.ID) (rec block.Record, found bool, err error) // records that are here, for files that come back; may be nil
	Again    bool                                                        // the file was imported before: its records are looked for too
	Progress func(done, size int64)                                      // bytes of the file, now and then, from another goroutine; may be nil
}

// RegionColumn is the mapping target that takes a record's home region from a column of region codes.
const RegionColumn = "@region"

// Report counts what became of a file's records. Accepted + Repaired + Rejected = Read. Of those accepted and repaired,
// Updated changed a record that was here and Unchanged said what it says already; the others are new.
type Report struct {
	File      string         `json:"file"`
	Read      int64          `json:"read"`
	Accepted  int64          `json:"accepted"`
	Repaired  int64          `json:"repaired"`
	Rejected  int64          `json:"rejected"`
	Updated   int64          `json:"updated"`
	Unchanged int64          `json:"unchanged"`
	Warnings  []string       `json:"warnings"`
	Reasons   map[string]int `json:"reasons"`
	Examples  []Example      `json:"examples,omitempty"` // the first records that were repaired or rejected
	Seconds   float64        `json:"seconds"`
}

// Example is one record that did not go through as it was.
type Example struct {
	Line    int64  `json:"line"`
	ID      string `json:"id,omitempty"`
	Reason  string `json:"reason"`
	Cause   string `json:"cause,omitempty"` // of a broken record: what of it cannot be read, a sentence
	Refused bool   `json:"refused"`
}

// maxExamples bounds the examples a report keeps.
const maxExamples = 200

// Row is a record on its way, with the inner point by which its region was found.
type Row struct {
	Record   block.Record
	Inner    orb.Point
	HasInner bool
	Was      *block.Record // the record as it is here, when the row changes one; nil for a new one
	Base     block.Ver     // the version of it that the file was made from; 0 when nothing tells
}

// Digest returns the SHA-256 of a file: its identity in the import ledger, and what the IDs of its records start with.
func Digest(path string) (sum [32]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, fmt.Errorf("open %s: %w", filepath.Base(path), err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	h.Sum(sum[:0])
	return sum, nil
}

// Run reads src and yields its records in the order of the file; report is complete when the sequence has ended
// without an error. An error ends the sequence: the sink must then keep nothing. The records' IDs are made of the
// file's digest, the kind and the record's place in the order of the file, broken ones counted, so reading a file twice
// names the same records. (Lines will not do: a GeoJSON file may well be one line.)
//
// Three goroutines share the work (read, convert, and the caller's sink); all have ended when the sequence has.
func Run(ctx context.Context, src *geofile.Source, digest [32]byte, opt Options, report *Report) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		start := time.Now()
		report.File, report.Reasons, report.Warnings = filepath.Base(src.Path), map[string]int{}, append([]string{}, src.Warnings...)
		c, err := newConverter(src, digest, opt, report)
		if err != nil {
			yield(Row{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		read := make(chan batch, 4)
		failed := make(chan error, 1)
		bad := make(chan *geofile.RecordError, 64)
		go readBatches(ctx, src, read, bad, failed, opt.Progress)
		rows := make(chan []Row, 4)
		convErr := make(chan error, 1)
		go func() {
			defer close(rows)
			convErr <- c.convertAll(ctx, read, bad, rows)
		}()
		stopped := false
		for batch := range rows {
			if stopped {
				continue // drain, so that both goroutines end
			}
			for _, r := range batch {
				if !yield(r, nil) {
					stopped = true
					cancel()
					break
				}
			}
		}
		cancel()
		err = errors.Join(<-failed, <-convErr)
		report.Seconds = time.Since(start).Seconds()
		if c.compose != nil && c.composed > 0 {
			report.Warnings = append(report.Warnings, fmt.Sprintf("%d full addresses were put together from %s", c.composed, strings.Join(c.compose.from, ", ")))
		}
		if w := c.doubles.warning(c.export.id >= 0); w != "" {
			report.Warnings = append(report.Warnings, w)
		}
		if unused := c.unused(); len(unused) > 0 {
			report.Warnings = append(report.Warnings, "columns that feed no field: "+strings.Join(unused, ", "))
		}
		if !stopped && err != nil {
			yield(Row{}, err)
		}
	}
}

const batchRows = 256

// batch is a run of features with the names of the columns known when it was read.
type batch struct {
	features []geofile.Feature
	at       []uint64 // place of each in the file, from 1
	columns  []string
}

// readBatches is the reading goroutine: features in batches, broken records beside them, one final error or nil.
func readBatches(ctx context.Context, src *geofile.Source, out chan<- batch, bad chan<- *geofile.RecordError, failed chan<- error, progress func(done, size int64)) {
	defer close(out)
	defer close(bad)
	var columns []string
	features, at, n := make([]geofile.Feature, 0, batchRows), make([]uint64, 0, batchRows), uint64(0)
	send := func() bool {
		if known := src.Columns(); len(known) != len(columns) {
			columns = make([]string, len(known))
			for i, c := range known {
				columns[i] = c.Name
			}
		}
		select {
		case out <- batch{features, at, columns}:
		case <-ctx.Done():
			return false
		}
		if progress != nil {
			progress(src.Progress())
		}
		features, at = make([]geofile.Feature, 0, batchRows), make([]uint64, 0, batchRows)
		return true
	}
	for f, err := range src.Features(ctx) {
		n++
		var record *geofile.RecordError
		switch {
		case errors.As(err, &record):
			select {
			case bad <- record:
			case <-ctx.Done():
				failed <- ctx.Err()
				return
			}
		case err != nil:
			failed <- fileKind(err)
			return
		default:
			if features, at = append(features, f), append(at, n); len(features) == batchRows && !send() {
				failed <- ctx.Err()
				return
			}
		}
	}
	if len(features) > 0 && !send() {
		failed <- ctx.Err()
		return
	}
	failed <- nil
}

// fileKind gives a file's own errors the kind that decides what happens next.
func fileKind(err error) error {
	var file *geofile.FileError
	if errors.As(err, &file) {
		return errors.Join(err, block.ErrInvalid)
	}
	return err
}

// converter turns features into rows; it belongs to one goroutine.
type converter struct {
	src     *geofile.Source
	opt     Options
	report  *Report
	shard   uint32
	columns []string
	fields  []int // column → field, -1 left out, -2 region code

	export   exportColumns
	compose  *composer
	composed int64
	doubles  doubles
	failed   error // of looking up a record; ends the import
}

func newConverter(src *geofile.Source, digest [32]byte, opt Options, report *Report) (*converter, error) {
	c := &converter{src: src, opt: opt, report: report, shard: binary.BigEndian.Uint32(digest[:4])}
	if c.opt.Zone == nil {
		c.opt.Zone = time.UTC
	}
	if opt.Mapping != nil {
		for column, name := range opt.Mapping {
			if name != RegionColumn && opt.Plan.Index(name) < 0 {
				return nil, &block.FieldError{Kind: opt.Plan.Kind.Name, Field: name, Reason: "column " + column + " is mapped to it, but the kind has no such field"}
			}
		}
	}
	return c, nil
}

// bind maps the columns known so far; sources without a schema find more while they are read.
func (c *converter) bind(columns []string) {
	if len(columns) == len(c.fields) && c.fields != nil {
		return
	}
	c.columns = columns
	mapping := c.opt.Mapping
	c.export = exported(columns)
	switch {
	case mapping != nil:
	case c.export.id >= 0:
		mapping = exportMapping(c.opt.Plan, columns)
	default:
		mapping = GuessMapping(c.opt.Plan, columns)
	}
	c.compose = newComposer(c.opt.Plan, columns, mapping)
	c.fields = make([]int, len(columns))
	for i, n := range columns {
		c.fields[i] = -1
		if to, ok := mapping[n]; ok {
			if c.fields[i] = c.opt.Plan.Index(to); to == RegionColumn {
				c.fields[i] = -2
			}
		}
	}
}

// maxUnused bounds the columns that a warning names.
const maxUnused = 20

// placeColumns hold positions in tables; the reader has taken them.
var placeColumns = []string{"lon", "lat", "lng", "longitude", "latitude", "经度", "纬度", "x", "y", "wkt", "geometry"}

// unused names the columns that no field takes, as far as they are known when the file has been read.
func (c *converter) unused() []string {
	var out []string
	for i, n := range c.columns {
		taken := c.fields[i] != -1 || slices.Contains(placeColumns, strings.ToLower(n)) || c.compose != nil && slices.Contains(c.compose.wider, i) ||
			c.export.id >= 0 && (i == c.export.id || i == c.export.region || i == c.export.ver || n == "region_name" || n == "fid")
		if !taken && len(out) < maxUnused {
			out = append(out, n)
		}
	}
	return out
}

func (c *converter) convertAll(ctx context.Context, in <-chan batch, bad <-chan *geofile.RecordError, out chan<- []Row) error {
	for in != nil || bad != nil {
		select {
		case b, ok := <-bad:
			if !ok {
				bad = nil
				continue
			}
			c.report.Read++
			c.report.Rejected++
			c.noteExample(Example{Line: b.Line, Reason: "broken-record", Cause: b.Reason, Refused: true})
		case b, ok := <-in:
			if !ok {
				in = nil
				continue
			}
			c.bind(b.columns)
			rows := make([]Row, 0, len(b.features))
			for i := range b.features {
				if row, ok := c.convert(&b.features[i], b.at[i]); ok {
					rows = append(rows, row)
				}
			}
			if c.failed != nil {
				for range in { // let the reader end
				}
				return c.failed
			}
			select {
			case out <- rows:
			case <-ctx.Done():
				for range in { // let the reader end
				}
				return ctx.Err()
			}
		}
	}
	return nil
}

func (c *converter) note(line int64, id, reason string, refused bool) {
	c.noteExample(Example{Line: line, ID: id, Reason: reason, Refused: refused})
}

func (c *converter) noteExample(e Example) {
	c.report.Reasons[e.Reason]++
	if len(c.report.Examples) < maxExamples {
		c.report.Examples = append(c.report.Examples, e)
	}
}

func (c *converter) refuse(line int64, id, reason string) {
	c.report.Rejected++
	c.note(line, id, reason, true)
}

// required faults refuse a record; a fault in another field leaves that field empty and counts as repaired.
func refuses(f *schema.Field, fault string) bool {
	return f.Required || fault == faultDestroyed || codeLike(f.Name)
}

// convert makes a row of the at-th record of the file.
func (c *converter) convert(f *geofile.Feature, at uint64) (Row, bool) {
	p := c.opt.Plan
	c.report.Read++
	row := Row{}
	id := block.BulkID(c.shard, p.Kind.No, at)
	if id, row.Was, row.Base, c.failed = c.lookUp(f, id); c.failed != nil {
		return Row{}, false
	}
	rec := p.New(id, block.ID{})
	if row.Was != nil {
		rec = row.Was.Clone()
	}
	repairs, region, fault := c.values(f, &rec, row.Was)
	if fault != "" {
		c.refuse(f.Line, f.ID, fault)
		return Row{}, false
	}
	placed, reason, mended := c.place(f, rec, row.Was != nil)
	if reason != "" {
		c.refuse(f.Line, f.ID, reason)
		return Row{}, false
	}
	row.Record, row.Inner, row.HasInner = placed.Record, placed.Inner, placed.HasInner
	if c.opt.ByCode != nil && region != "" {
		home, ok := c.opt.ByCode(narrowDigits(region))
		if !ok {
			c.refuse(f.Line, f.ID, "region: unknown-code")
			return Row{}, false
		}
		row.Record.Region = home
	} else if c.opt.ByCode != nil && row.Was == nil && !row.HasInner && c.export.id >= 0 {
		if home, ok := c.opt.ByCode(f.Value(c.export.region).Text); ok {
			row.Record.Region = home
		}
	}
	repairs = append(repairs, mended...)
	if len(repairs) == 0 {
		c.report.Accepted++
	} else {
		c.report.Repaired++
	}
	for _, r := range repairs {
		c.note(f.Line, f.ID, r, false)
	}
	c.doubles.see(c.sourceID(f, row.Record), f.Line, at)
	if row.Was == nil {
		return row, true
	}
	if !settle(&row) {
		c.report.Unchanged++
		return Row{}, false
	}
	c.report.Updated++
	return row, true
}

// values fills a record's fields from a feature's. fault says why the record cannot be taken.
func (c *converter) values(f *geofile.Feature, rec, was *block.Record) (repairs []string, region, fault string) {
	p := c.opt.Plan
	for i, at := range c.fields {
		v := f.Value(i)
		switch {
		case at == -1:
			continue
		case at == -2:
			region = v.Text
			continue
		case was != nil && (!was.Parts.Has(p.Kind.Fields[at].Class) || unchangedValue(&p.Kind.Fields[at], v.Text, was.Values[at])):
			continue
		case v.IsNull():
			rec.Values[at] = block.Value{}
			continue
		}
		field := &p.Kind.Fields[at]
		value, cleaned, wrong := convert(field, v.Text, c.opt.Zone)
		if c.export.id >= 0 && wrong == "" && field.Type == block.Text && len(field.Choices) == 0 {
			value, cleaned = block.TextValue(v.Text), false // as it was written here, to the last blank
		}
		if wrong == "" {
			wrong = checkCode(p.Kind.Name, field.Name, value)
		}
		if wrong == "" && field.Range != nil && p.CheckValue(at, value) != nil {
			wrong = faultRange
		}
		switch {
		case wrong != "" && refuses(field, wrong):
			return nil, "", field.Name + ": " + wrong
		case wrong != "":
			repairs = append(repairs, field.Name+": "+wrong)
			continue
		case cleaned && field.Type != block.Text:
			repairs = append(repairs, field.Name+": cleaned")
		}
		rec.Values[at] = value
	}
	if i := p.Index("source_id"); i >= 0 && rec.Values[i].IsNull() && f.ID != "" && c.export.id < 0 {
		rec.Values[i] = block.TextValue(f.ID)
	}
	for name, v := range c.opt.Defaults {
		if i := p.Index(name); i >= 0 && rec.Values[i].IsNull() {
			rec.Values[i] = v
		}
	}
	if c.compose != nil && p.Get(*rec, "text").IsNull() {
		if v := c.compose.text(f, *rec); !v.IsNull() {
			p.Set(rec, "text", v)
			c.composed++
		}
	}
	for i := range p.Kind.Fields {
		if p.Kind.Fields[i].Required && rec.Values[i].IsNull() && (was == nil || was.Parts.Has(p.Kind.Fields[i].Class)) {
			return nil, "", p.Kind.Fields[i].Name + ": missing"
		}
	}
	return repairs, region, ""
}

// place brings a feature's geometry to the storage datum, grid and the kind's geometry type and finds its region. Without
// one, an area is refused unless it is a record that is here and may keep what it has.
func (c *converter) place(f *geofile.Feature, rec block.Record, here bool) (row Row, reason string, mended []string) {
	row.Record = rec
	want := c.opt.Plan.Kind.Geometry
	if want == schema.NoGeometry {
		return row, "", nil
	}
	if f.Geometry == nil || geo.Empty(f.Geometry) {
		if want == schema.Area && !here {
			return row, "geometry: missing", nil
		}
		return row, "", nil
	}
	g, defects, err := geo.Repair(geo.Transform(f.Geometry, c.opt.Datum, geo.CGCS2000))
	if err != nil {
		var reject *geo.RejectError
		if errors.As(err, &reject) {
			return row, "geometry: " + string(reject.Reason), nil
		}
		return row, "geometry: invalid", nil
	}
	seen := map[geo.DefectKind]bool{}
	for _, d := range defects {
		if !seen[d.Kind] {
			seen[d.Kind] = true
			mended = append(mended, "geometry: "+string(d.Kind))
		}
	}
	inner, ok := geo.InnerPoint(g)
	if !ok {
		return row, "geometry: " + string(geo.ReasonEmpty), nil
	}
	switch want {
	case schema.Area:
		if g.Dimensions() != 2 {
			return row, "geometry: not-an-area", nil
		}
	case schema.Line:
		if g.Dimensions() != 1 {
			return row, "geometry: not-a-line", nil
		}
	case schema.Point:
		g = geo.Quantise(inner)
	}
	row.Inner, row.HasInner = inner, true
	row.Record.Geometry = geo.AppendWKB(nil, g)
	if c.opt.Locate != nil {
		row.Record.Region = c.opt.Locate(inner)
	}
	return row, "", mended
}

// identityRules accept no test numbers: those come from our own generators only, never from a file.
var identityRules idcode.Rules

// checkCode validates codes that carry a check digit. What is wrong is a fault name, never the code.
func checkCode(kind block.Kind, field string, v block.Value) (fault string) {
	if v.IsNull() {
		return ""
	}
	switch {
	case kind == "legal_entity" && field == "uscc" && len(v.Text()) == 18:
		if _, _, err := idcode.ParseCredit(v.Text()); err != nil {
			return "check-digit"
		}
	case kind == "person" && field == "document_number" && (len(v.Text()) == 18 || len(v.Text()) == 15):
		if _, _, err := identityRules.Identity(v.Text()); err != nil {
			return "check-digit"
		}
	}
	return ""
}

// BatchRecord returns the import_batch record that remembers a file: whoever imports it again can be told so.
func BatchRecord(p *schema.Plan, digest [32]byte, kind block.Kind, template string, r Report, at time.Time, region block.ID) block.Record {
	rec := p.New(BatchID(digest, kind), region)
	p.Set(&rec, "file_digest", block.TextValue(hex.EncodeToString(digest[:])))
	p.Set(&rec, "template", block.TextValue(strings.TrimSpace(template)))
	p.Set(&rec, "kind", block.TextValue(string(kind)))
	p.Set(&rec, "read", block.IntValue(r.Read))
	p.Set(&rec, "accepted", block.IntValue(r.Accepted))
	p.Set(&rec, "repaired", block.IntValue(r.Repaired))
	p.Set(&rec, "rejected", block.IntValue(r.Rejected))
	p.Set(&rec, "at", block.TimeValue(at))
	return rec
}

// BatchID names the import of a file's records as one kind.
func BatchID(digest [32]byte, kind block.Kind) block.ID {
	return block.NameID("import_batch", string(kind)+":"+hex.EncodeToString(digest[:]))
}
