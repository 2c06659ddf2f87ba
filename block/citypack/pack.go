package citypack

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a city's zone must be known on machines without a zone database, Windows among them

	"kuaitu/block"
	"kuaitu/block/address"
	"kuaitu/block/duty"
	"kuaitu/block/schema"
	"kuaitu/geo"

	"github.com/paulmach/orb"
)

// Label is a name in Chinese and English.
type Label struct{ ZH, EN string }

// In returns the name in "zh" or "en".
func (l Label) In(lang string) string {
	if lang == "en" && l.EN != "" {
		return l.EN
	}
	return l.ZH
}

// BaseMap is a tile file or service that a pack brings.
type BaseMap struct {
	File  string // in the pack's folder; empty when URL is set
	URL   string
	Name  Label
	Datum geo.Datum
}

// Import is a data file that "init --with-data" reads.
type Import struct {
	File     string
	Kind     block.Kind
	Datum    geo.Datum
	Encoding string            // empty: detected
	Fields   map[string]string // column or property → field of the kind
	Line     int               // of pack.json
}

// BoundaryFile is one file of boundaries, for whoever compares it with other things known of the city.
type BoundaryFile struct {
	File   string
	Datum  geo.Datum      // as declared
	Line   int            // of pack.json
	Shapes []orb.Geometry // in the storage datum
}

// Pack is one city. Immutable.
type Pack struct {
	Name        Label
	Root        string // the root region's code
	Zone        *time.Location
	Levels      [block.Grid + 1]Label // by block.Level; entry 0 is empty
	Attribution string
	BaseMaps    []BaseMap
	Boundaries  []BoundaryFile
	Imports     []Import
	Catalogue   []EventType
	Calendar    *duty.Calendar
	Schemes     []*address.Scheme // codes of addresses and rooms, the city's own first
	// Made lists parts that the pack lacks and that were made or taken from the built-in ones: "levels", "timezone",
	// "catalogue", "calendar", "grids".
	Made []string
	// Missing lists divisions for which no polygon is known, in the order of Regions.
	Missing []block.Region
	// Warnings tell of unknown keys and of boundaries that were mended, joined by name or left out.
	Warnings []*FileError

	regions []block.Region
}

// Regions returns all regions, parents before children. The slice must not be changed.
func (p *Pack) Regions() []block.Region { return p.regions }

// Tree returns the regions as a tree.
func (p *Pack) Tree() (*block.Tree, error) {
	t, err := block.NewTree(p.regions, nil)
	if err != nil {
		return nil, fmt.Errorf("region tree of %s: %w", p.Name.ZH, err)
	}
	return t, nil
}

// EventType finds a type of the catalogue by code or by name, the first of its filing conditions. A type that the city does
// not have is block.ErrInvalid: it comes from what somebody wrote into an event.
func (p *Pack) EventType(codeOrName string) (EventType, error) {
	for _, by := range []func(EventType) string{
		func(t EventType) string { return t.Code }, func(t EventType) string { return t.Name }, func(t EventType) string { return t.NameEN },
	} {
		if i := slices.IndexFunc(p.Catalogue, func(t EventType) bool { return by(t) == codeOrName }); i >= 0 && codeOrName != "" {
			return p.Catalogue[i], nil
		}
	}
	return EventType{}, fmt.Errorf("event type %q is not in the catalogue: %w", codeOrName, block.ErrInvalid)
}

// Records returns what a new store begins with: the regions, the catalogue and the calendar's exceptions as records, which
// travel with the root region.
func (p *Pack) Records() iter.Seq[block.Record] {
	return func(yield func(block.Record) bool) {
		root := p.rootID()
		for _, r := range p.regions {
			if !yield(RegionRecord(r, root)) {
				return
			}
		}
		for _, t := range p.Catalogue {
			if !yield(t.record(root)) {
				return
			}
		}
		for _, e := range p.Calendar.Exceptions() {
			if !yield(dayRecord(e, root)) {
				return
			}
		}
	}
}

func (p *Pack) rootID() block.ID {
	if len(p.regions) == 0 {
		return block.ID{}
	}
	return p.regions[0].ID
}

// RegionRecord returns a region as a record whose home is the city's root, since the region tree is reference data.
func RegionRecord(r block.Region, root block.ID) block.Record {
	plan := plan("region")
	rec := plan.New(r.ID, root)
	rec.Geometry = r.Geometry
	text := func(field, v string) {
		if v != "" {
			plan.Set(&rec, field, block.TextValue(v))
		}
	}
	text("code", r.Code)
	text("scheme", r.Scheme)
	text("name", r.Name)
	text("name_en", r.NameEN)
	text("level", r.Level.String())
	text("type", r.Type)
	plan.Set(&rec, "parent", block.RefValue(r.Parent))
	plan.Set(&rec, "parent_from", block.DateValue(r.ParentFrom))
	plan.Set(&rec, "made", block.BoolValue(r.Made))
	return rec
}

func plan(k block.Kind) *schema.Plan {
	p, err := schema.Builtin().Plan(k)
	if err != nil {
		panic(err) // a kind of our own
	}
	return p
}

// defaultLevels are the names of levels where a pack gives none.
var defaultLevels = [block.Grid + 1]Label{
	block.City: {"市", "City"}, block.District: {"区", "District"}, block.Street: {"街道", "Street office"},
	block.Community: {"社区", "Community"}, block.Grid: {"网格", "Grid"},
}

const defaultZone = "Asia/Shanghai"

// packFile is the name of the file that makes a folder a pack.
const packFile = "pack.json"

// loader is a pack being read.
type loader struct {
	faults
	ctx  context.Context
	fsys fs.FS
	p    *Pack
	div  *divisions
	// bounds are the boundaries of all files, in file order.
	bounds []boundary
}

// Load reads the pack in a folder. The error joins a *FileError for every fault found; it is block.ErrInvalid, and
// block.ErrNotFound as well when there is no pack.json.
func Load(ctx context.Context, fsys fs.FS) (*Pack, error) {
	l := &loader{ctx: ctx, fsys: fsys, p: &Pack{}}
	if _, err := fs.Stat(fsys, packFile); err != nil {
		return nil, fmt.Errorf("%w: %w", &FileError{packFile, 0, "cannot be read: " + plainCause(err)}, block.ErrNotFound)
	}
	data, ok := l.readText(fsys, packFile)
	if !ok {
		return nil, l.err()
	}
	doc, ok := l.parseNode(packFile, data)
	if !ok {
		return nil, l.err()
	}
	l.document(l.object(packFile, "", doc))
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("load city pack: %w", err)
	}
	return l.finish()
}

// LoadDivisions makes a pack of nothing but a list of divisions: CSV with the columns code, name, level, parent (and
// name_en, when there is one). Errors are those of Load.
func LoadDivisions(ctx context.Context, fsys fs.FS, name string) (*Pack, error) {
	l := &loader{ctx: ctx, fsys: fsys, p: &Pack{}}
	data, ok := l.readText(fsys, name)
	if !ok {
		return nil, l.err()
	}
	l.div = l.readDivisions(name, data, "", "", 0)
	if l.div != nil {
		l.p.Name = Label{l.div.regions[0].Name, l.div.regions[0].NameEN}
	}
	return l.finish()
}

// finish makes what is missing and hands out the pack.
func (l *loader) finish() (*Pack, error) {
	if err := l.err(); err != nil {
		return nil, err
	}
	p := l.p
	made := func(what string) { p.Made = append(p.Made, what) }
	if p.Zone == nil {
		zone, err := time.LoadLocation(defaultZone)
		if err != nil {
			return nil, fmt.Errorf("time zone %s: %w", defaultZone, err) // the zone data are compiled in
		}
		p.Zone = zone
		made("timezone")
	}
	for lv := block.City; lv <= block.Grid; lv++ {
		if p.Levels[lv] == (Label{}) {
			p.Levels[lv] = defaultLevels[lv]
			if !slices.Contains(p.Made, "levels") {
				made("levels")
			}
		}
	}
	if p.Catalogue == nil {
		p.Catalogue = StarterCatalogue()
		made("catalogue")
	}
	if p.Calendar == nil {
		p.Calendar = duty.Plain(p.Zone, 2000, 2100)
		made("calendar")
	}
	p.regions = l.div.regions
	p.Root = p.regions[0].Code
	if p.Name.ZH == "" {
		p.Name = Label{p.regions[0].Name, p.regions[0].NameEN}
	}
	if p.Name.EN == "" {
		p.Name.EN = p.Name.ZH
	}
	grids := false
	for _, r := range p.regions {
		grids = grids || r.Level == block.Grid
		if r.Geometry == nil {
			p.Missing = append(p.Missing, r)
		}
	}
	if !grids {
		made("grids")
	}
	p.Warnings = l.warnings
	if _, err := p.Tree(); err != nil {
		return nil, err
	}
	return p, nil
}

// document reads pack.json.
func (l *loader) document(o *object) {
	p := l.p
	if n, ok := o.get("pack"); !ok {
		l.fail(packFile, o.n.line, `"pack" is missing: the version of the format, 1`)
	} else if n.kind != 'n' || n.text != "1" {
		l.fail(packFile, n.line, `"pack" must be 1, the only version of the format`)
	}
	p.Name = o.label("name", true)
	root, rootLine := o.text("region", false)
	if zone, line := o.text("timezone", false); zone != "" {
		z, err := time.LoadLocation(zone)
		if err != nil || zone == "Local" {
			l.fail(packFile, line, "time zone %q is not known", zone)
		}
		p.Zone = z
	}
	p.Attribution, _ = o.text("attribution", false)
	for i, n := range o.list("levels") {
		in := l.object(packFile, "levels["+strconv.Itoa(i)+"]", n)
		word, line := in.text("level", true)
		level, err := block.ParseLevel(word)
		if err != nil && word != "" {
			l.fail(packFile, line, "level %q is none of city, district, street, community, grid", word)
		}
		var label Label
		label.ZH, _ = in.text("zh", true)
		label.EN, _ = in.text("en", false)
		in.done()
		p.Levels[level] = label
	}
	p.Levels[block.NoLevel] = Label{}
	l.schemes(o)
	if n, ok := o.get("divisions"); !ok {
		l.fail(packFile, o.n.line, `"divisions" is missing: the list of regions`)
	} else {
		in := l.object(packFile, "divisions", n)
		name, _ := l.file(in, "file", true)
		scheme, _ := in.text("scheme", false)
		in.done()
		if name != "" {
			if data, ok := l.readText(l.fsys, name); ok {
				l.div = l.readDivisions(name, data, scheme, root, rootLine)
			}
		}
	}
	for i, n := range o.list("boundaries") {
		l.boundaryFile(l.object(packFile, "boundaries["+strconv.Itoa(i)+"]", n))
	}
	if l.div != nil && len(l.errs) == 0 {
		l.compareBoundaries()
		l.joinBoundaries()
	}
	for i, n := range o.list("imports") {
		l.importFile(l.object(packFile, "imports["+strconv.Itoa(i)+"]", n))
	}
	for i, n := range o.list("basemaps") {
		l.baseMap(l.object(packFile, "basemaps["+strconv.Itoa(i)+"]", n))
	}
	if n, ok := o.get("catalogue"); ok {
		in := l.object(packFile, "catalogue", n)
		if name, _ := l.file(in, "file", true); name != "" {
			if data, ok := l.readText(l.fsys, name); ok {
				p.Catalogue = l.readCatalogue(name, data)
			}
		}
		in.done()
	}
	if n, ok := o.get("calendar"); ok {
		l.calendar(l.object(packFile, "calendar", n))
	}
	o.done()
}

// file reads a member that names a file of the pack and checks that it is there.
func (l *loader) file(o *object, key string, required bool) (string, int) {
	name, line := o.text(key, required)
	if name == "" {
		return "", line
	}
	if why := checkName(name); why != "" {
		l.fail(o.file, line, "%s %s: %q", o.name(key), why, name)
		return "", line
	}
	if info, err := fs.Stat(l.fsys, name); err != nil || info.IsDir() {
		l.fail(o.file, line, "%s: there is no file %q in the pack", o.name(key), name)
		return "", line
	}
	return name, line
}

// datum reads a member that must declare one: it is never guessed, since GCJ-02 files look like any other.
func (l *loader) datum(o *object) geo.Datum {
	word, line := o.text("datum", false)
	d, err := geo.ParseDatum(word)
	if word == "" {
		l.fail(o.file, line, "%s has no datum: write \"wgs84\", \"cgcs2000\", \"gcj02\" or \"bd09\", whichever its coordinates are in", o.what)
	} else if err != nil {
		l.fail(o.file, line, "%s: datum %q is none of wgs84, cgcs2000, gcj02, bd09", o.what, word)
	}
	return d
}

func (l *loader) importFile(o *object) {
	im := Import{Line: o.n.line, Fields: map[string]string{}}
	im.File, _ = l.file(o, "file", true)
	kind, line := o.text("kind", true)
	im.Kind = block.Kind(kind)
	pl, err := schema.Builtin().Plan(im.Kind)
	if err != nil && kind != "" {
		l.fail(o.file, line, "%s: %q is no kind of record", o.name("kind"), kind)
	}
	im.Datum = l.datum(o)
	im.Encoding, _ = o.text("encoding", false)
	if n, ok := o.get("fields"); ok {
		if n.kind != '{' {
			l.fail(o.file, n.line, "%s must be an object", o.name("fields"))
		}
		for _, m := range n.members {
			switch {
			case m.kind != 's':
				l.fail(o.file, m.line, "%s.%s must be a string", o.name("fields"), m.key)
			case err == nil && pl.Index(m.text) < 0:
				l.fail(o.file, m.line, "%s: kind %s has no field %q", o.name("fields"), kind, m.text)
			}
			im.Fields[m.key] = m.text
		}
	}
	o.done()
	l.p.Imports = append(l.p.Imports, im)
}

func (l *loader) baseMap(o *object) {
	var b BaseMap
	b.URL, _ = o.text("url", false)
	b.File, _ = l.file(o, "file", b.URL == "")
	b.Name = o.label("name", true)
	b.Datum = l.datum(o)
	o.done()
	l.p.BaseMaps = append(l.p.BaseMaps, b)
}

// builtinSchemes can be named by a pack.
var builtinSchemes = []*address.Scheme{address.Shenzhen25}

// schemes reads "schemes": names of built-in ones, or tables of parts.
func (l *loader) schemes(o *object) {
	for i, n := range o.list("schemes") {
		what := "schemes[" + strconv.Itoa(i) + "]"
		if n.kind == 's' {
			at := slices.IndexFunc(builtinSchemes, func(s *address.Scheme) bool { return s.ID() == n.text })
			if at < 0 {
				l.fail(packFile, n.line, "%s: no code scheme is called %q", what, n.text)
				continue
			}
			l.p.Schemes = append(l.p.Schemes, builtinSchemes[at])
			continue
		}
		in := l.object(packFile, what, n)
		id, line := in.text("id", true)
		var parts []address.Part
		for k, pn := range in.list("parts") {
			part := l.object(packFile, what+".parts["+strconv.Itoa(k)+"]", pn)
			var a address.Part
			var err error
			word, at := part.text("names", true)
			if a.Names, err = address.ParseNames(word); err != nil && word != "" {
				l.fail(packFile, at, "%s: %q is nothing that a code names", part.name("names"), word)
			}
			if w, ok := part.get("width"); !ok || w.kind != 'n' {
				l.fail(packFile, pn.line, "%s must be a number", part.name("width"))
			} else if a.Width, err = strconv.Atoi(w.text); err != nil {
				l.fail(packFile, w.line, "%s must be a whole number", part.name("width"))
			}
			if word, at := part.text("charset", false); word != "" {
				if a.Charset, err = address.ParseCharset(word); err != nil {
					l.fail(packFile, at, "%s: %q is none of digits, letters, alnum", part.name("charset"), word)
				}
			}
			if v, ok := part.get("values"); ok {
				a.Values = map[string]string{}
				for _, m := range v.members {
					a.Values[m.key] = m.text
				}
			}
			part.done()
			parts = append(parts, a)
		}
		in.done()
		s, err := address.NewScheme(id, parts)
		if err != nil {
			l.fail(packFile, line, "%s", strings.TrimSuffix(err.Error(), ": "+block.ErrInvalid.Error()))
			continue
		}
		l.p.Schemes = append(l.p.Schemes, s)
	}
}
