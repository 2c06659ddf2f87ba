package ingest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/geo"
	"kuaitu/geo/geofile"

	"github.com/paulmach/orb"
)

// fitSample is how many records are looked at to tell whether a file can be what it is said to be.
const fitSample = 300

// proposed are the kinds that files bring, in the order in which they are proposed.
var proposed = []block.Kind{"building", "address", "region", "event", "facility", "component", "legal_entity", "person", "room", "area", "organisation", "micro_project"}

// shapes counts the geometries of a sample.
type shapes struct{ points, lines, areas, none int }

func (s *shapes) see(g orb.Geometry) {
	switch {
	case g == nil:
		s.none++
	case g.Dimensions() == 0:
		s.points++
	case g.Dimensions() == 1:
		s.lines++
	default:
		s.areas++
	}
}

func (s shapes) String() string {
	var words []string
	for _, w := range []struct {
		n    int
		what string
	}{{s.points, "points"}, {s.lines, "lines"}, {s.areas, "areas"}} {
		if w.n > 0 {
			words = append(words, w.what)
		}
	}
	if len(words) == 0 {
		return "no geometry"
	}
	return strings.Join(words, " and ")
}

// suits reports whether records with these shapes can be of a kind with that geometry. An area may stand for a point,
// which is then taken from within it; a point may come with a record that keeps none.
func (s shapes) suits(g schema.Geometry) bool {
	switch g {
	case schema.Area:
		return s.areas > 0
	case schema.Line:
		return s.lines > 0
	case schema.Point:
		return s.lines == 0 || s.points+s.areas > 0
	}
	return s.areas+s.lines == 0
}

var geometryWords = map[schema.Geometry]string{schema.NoGeometry: "has no geometry", schema.Point: "is a point", schema.Area: "is an area", schema.Line: "is a line"}

// FitError says why a file cannot hold records of a kind, in one sentence. Reason is the same for reports.
type FitError struct{ Text, Reason string }

func (e *FitError) Error() string { return e.Text }

// Is makes a FitError a block.ErrInvalid.
func (e *FitError) Is(target error) bool { return target == block.ErrInvalid }

// Reasons for which a whole file is refused, beside a required field that is missing.
const (
	reasonGeometry = "geometry: of-another-kind"
	reasonKind     = "columns: of-another-kind"
	reasonMetres   = "geometry: not-in-degrees"
)

// RefuseAll is the report of a file that was refused as a whole: all of its records, for one reason.
func RefuseAll(ctx context.Context, src *geofile.Source, reason string) (Report, error) {
	start := time.Now()
	r := Report{File: filepath.Base(src.Path), Warnings: append([]string{}, src.Warnings...), Reasons: map[string]int{}}
	for _, err := range src.Features(ctx) {
		if _, broken := errors.AsType[*geofile.RecordError](err); err != nil && !broken {
			return r, fileKind(err)
		}
		r.Read++
		r.Rejected++
	}
	r.Reasons[reason] = int(r.Read)
	r.Seconds = time.Since(start).Seconds()
	return r, nil
}

// Fit looks at the first records of a file. A file without any is a *[geofile.FileError], block.ErrInvalid too. It refuses a
// file (a *[FitError]) when it cannot hold records of the kind that opt asks for: when its coordinates are no degrees, when its geometry contradicts the kind's, when a column that the kind must have is missing, or when none of the kind's
// columns is there. The error names the kind that fits better and the columns found. A mapping that is given is believed.
func Fit(ctx context.Context, src *geofile.Source, set *schema.Set, opt Options) error {
	var seen shapes
	var sizes []float64
	var beyond orb.Point
	n, metres := 0, 0
	for f, err := range src.Features(ctx) {
		if _, broken := errors.AsType[*geofile.RecordError](err); err != nil && !broken {
			return fileKind(err)
		}
		if err == nil {
			seen.see(f.Geometry)
			if p, ok := inMetres(f.Geometry); ok {
				if metres++; metres == 1 {
					beyond = p
				}
			}
			if f.Geometry != nil && f.Geometry.Dimensions() == 2 {
				sizes = append(sizes, geo.Area(f.Geometry))
			}
		}
		if n++; n >= fitSample {
			break
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if n == 0 {
		return fileKind(&geofile.FileError{File: filepath.Base(src.Path), Reason: "there are no records in it"})
	}
	if seen == (shapes{}) {
		return nil // nothing to judge by
	}
	if placed := seen.points + seen.lines + seen.areas; 2*metres > placed {
		return &FitError{fmt.Sprintf("%s: the coordinates, such as %.0f, %.0f, are metres of some projection (perhaps Web Mercator, EPSG:3857), not degrees; "+
			"export the file in longitude and latitude", filepath.Base(src.Path), beyond[0], beyond[1]), reasonMetres}
	}
	columns := columnNames(src)
	kind := opt.Plan.Kind
	file := filepath.Base(src.Path)
	if slices.Contains(columns, "shard") && slices.Contains(columns, "parts") && exported(columns).id < 0 && slices.Contains(columns, columnID) {
		return &FitError{file + " is a store; export what is meant from it first, or give it whole to kuaitud import", reasonKind}
	}
	if exported(columns).id >= 0 {
		return fitExport(file, opt.Plan, set, columns)
	}
	refuse := func(reason, format string, args ...any) error {
		text := fmt.Sprintf(format, args...)
		if better, fields, _ := betterKind(set, kind.Name, columns, seen); better != "" {
			text += fmt.Sprintf("; it fits %s (%s) better", better, strings.Join(fields, ", "))
		}
		return &FitError{file + " " + text, reason}
	}
	if !seen.suits(kind.Geometry) {
		if kind.Name == "region" && seen.points == 0 && seen.lines == 0 {
			return refuse(reasonGeometry, "holds no polygons, but a region is an area; a list of divisions is what init --pack makes a city from")
		}
		return refuse(reasonGeometry, "holds %s, but %s %s", seen, a(kind.Name), geometryWords[kind.Geometry])
	}
	if slices.Sort(sizes); kind.Name == "building" && len(sizes) > 0 && sizes[len(sizes)/2] > maxBuilding {
		return refuse(reasonKind, "holds areas of %.1f km² in the middle; these are no buildings", sizes[len(sizes)/2]/1e6)
	}
	mapping := opt.Mapping
	if mapping == nil {
		mapping = GuessMapping(opt.Plan, columns)
	}
	found := strings.Join(columns[:min(len(columns), maxUnused)], ", ")
	if found == "" {
		found = "none at all"
	}
	if lacks := missing(opt, columns, mapping); len(lacks) > 0 {
		return refuse(lacks[0]+": missing", "has no column for %s of %s; its columns are %s; name the right ones with --map FILE, {\"column\": \"field\"}", labelled(opt.Plan, lacks), a(kind.Name), found)
	}
	if opt.Mapping != nil || len(columns) == 0 {
		return nil
	}
	own := distinctive(opt.Plan, mapping)
	if len(mapping) == 0 || len(mapping) == 1 && slices.Contains(fieldsOf(mapping), "source_id") {
		return refuse(reasonKind, "has none of %s's columns; its columns are %s; name the right ones with --map FILE, {\"column\": \"field\"}", a(kind.Name), found)
	}
	if better, fields, theirs := betterKind(set, kind.Name, columns, seen); better != "" && len(own) == 0 && theirs > 0 && len(fields) >= 2 {
		return refuse(reasonKind, "has no column that only %s has; its columns are %s; state with --map FILE that it is meant", a(kind.Name), found)
	}
	return nil
}

// maxBuilding is the area, m², above which the middle one of a file's areas is no building.
const maxBuilding = 150_000

// inMetres reports whether a geometry lies where no degrees are but the metres of projections, and a corner of it.
func inMetres(g orb.Geometry) (orb.Point, bool) {
	const beyondAngles, beyondMetres = 1000, 1e8 // the easting of a Gauss-Krüger zone begins with its number: 39 500 000
	if g == nil || geo.Empty(g) {
		return orb.Point{}, false
	}
	p := g.Bound().Min
	far := max(math.Abs(p[0]), math.Abs(p[1]))
	return p, far > beyondAngles && far < beyondMetres
}

// a is a kind's name with its article.
func a(kind block.Kind) string {
	if strings.ContainsRune("aeio", rune(kind[0])) {
		return "an " + string(kind)
	}
	return "a " + string(kind)
}

// fitExport refuses an export of another kind: its columns are that kind's fields, all of them.
func fitExport(file string, p *schema.Plan, set *schema.Set, columns []string) error {
	share := func(p *schema.Plan) (n int) {
		for _, f := range p.Kind.Fields {
			if slices.Contains(columns, f.Name) {
				n++
			}
		}
		return n
	}
	if share(p) == len(p.Kind.Fields) {
		return nil
	}
	for _, other := range set.Plans() {
		if other != p && share(other) == len(other.Kind.Fields) && share(other) > share(p) {
			return &FitError{fmt.Sprintf("%s is an export of kind %s, not %s", file, other.Kind.Name, p.Kind.Name), reasonKind}
		}
	}
	return nil
}

func columnNames(src *geofile.Source) []string {
	var names []string
	for _, c := range src.Columns() {
		if !slices.Contains(placeColumns, strings.ToLower(c.Name)) {
			names = append(names, c.Name)
		}
	}
	return names
}

func fieldsOf(m Mapping) []string {
	var out []string
	for _, f := range m {
		out = append(out, f)
	}
	slices.Sort(out)
	return out
}

// missing names the required fields that nothing feeds.
func missing(opt Options, columns []string, mapping Mapping) []string {
	var out []string
	fed := fieldsOf(mapping)
	composed := newComposer(opt.Plan, columns, mapping) != nil
	for _, f := range opt.Plan.Kind.Fields {
		_, given := opt.Defaults[f.Name]
		if f.Required && !given && !slices.Contains(fed, f.Name) && !(composed && f.Name == "text") {
			out = append(out, f.Name)
		}
	}
	return out
}

// labelled are fields with their Chinese labels.
func labelled(p *schema.Plan, fields []string) string {
	var out []string
	for _, f := range fields {
		out = append(out, fmt.Sprintf("%s (%s)", f, p.Kind.Fields[p.Index(f)].ZH))
	}
	return strings.Join(out, ", ")
}

// common are fields that say nothing about what a record is.
var common = []string{"name", "name_en", "code", "scheme", "source_id", "source", "address", "type", "note", "number", "unit", "phone", "state", "description", "text", "title"}

// distinctive returns the mapped fields that tell the kind from others.
func distinctive(p *schema.Plan, m Mapping) []string {
	return slices.DeleteFunc(fieldsOf(m), func(f string) bool { return slices.Contains(common, f) || p.Index(f) < 0 })
}

// betterKind returns another kind that the file can be and most of whose fields it has, those fields, and how many of them
// only that kind has.
func betterKind(set *schema.Set, not block.Kind, columns []string, seen shapes) (best block.Kind, fields []string, theirs int) {
	top := 0
	for _, k := range proposed {
		p, err := set.Plan(k)
		if err != nil || k == not || !seen.suits(p.Kind.Geometry) {
			continue
		}
		mapping := GuessMapping(p, columns)
		if len(missing(Options{Plan: p, Defaults: Defaults(k)}, columns, mapping)) > 0 {
			continue
		}
		// a geometry that is the kind's own speaks for it as a column does
		own := distinctive(p, mapping)
		score := 3*len(own) + len(mapping)
		if p.Kind.Geometry == schema.Area && seen.areas > 0 || p.Kind.Geometry == schema.Point && seen.points > 0 {
			score += 2
		}
		if len(own) == 0 && len(mapping) < 2 {
			continue // a name alone says nothing
		}
		if score > top {
			best, fields, theirs, top = k, fieldsOf(mapping), len(own), score
		}
	}
	return best, fields, theirs
}

// Defaults are the values that the records of a kind get where a file does not say: other systems' states are theirs, here
// a case begins with its filing.
func Defaults(kind block.Kind) map[string]block.Value {
	switch kind {
	case "event":
		return map[string]block.Value{"state": block.TextValue("submitted")}
	case "region":
		return map[string]block.Value{"scheme": block.TextValue(ImportedScheme)}
	}
	return nil
}

// ImportedScheme is the code scheme of regions that come by a file and not by the city's pack.
const ImportedScheme = "imported"
