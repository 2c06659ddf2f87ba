package citypack

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kuaitu/block"
	"kuaitu/geo"

	"github.com/paulmach/orb"
)

// boundary is one feature of a boundary file, its geometry in our datum, mended, on the storage grid.
type boundary struct {
	file                       string
	line, number               int // number counts the file's features from 1: many files are one line
	code, name, nameEN, parent string
	level                      block.Level
	geom                       orb.Geometry
}

// leave warns of a boundary; the number of the feature helps where a file is one line.
func (l *loader) leave(b *boundary, format string, a ...any) {
	l.warn(b.file, b.line, "feature %d: %s", b.number, fmt.Sprintf(format, a...))
}

func (b *boundary) called() string {
	if b.name != "" {
		return b.name
	}
	return b.code
}

// properties name what a boundary file calls things; a dot leads into an object ("parent.adcode").
type properties struct{ code, name, nameEN, level, parent string }

// osmLevels are OpenStreetMap's admin_level in China.
var osmLevels = map[string]block.Level{"5": block.City, "6": block.District, "8": block.Street, "10": block.Community}

// maxBoundaries bounds the features of one file.
const maxBoundaries = 100_000

// boundaryFile reads one entry of "boundaries" and its file.
func (l *loader) boundaryFile(o *object) {
	name, _ := l.file(o, "file", true)
	datum := l.datum(o)
	var p properties
	p.code, _ = o.text("code", false)
	p.name, _ = o.text("name", false)
	p.nameEN, _ = o.text("name_en", false)
	p.level, _ = o.text("level", false)
	p.parent, _ = o.text("parent", false)
	if p.code == "" && p.name == "" {
		l.fail(o.file, o.n.line, "%s: neither \"code\" nor \"name\" says which property joins a boundary to its division", o.what)
	}
	o.done()
	if name == "" || l.ctx.Err() != nil {
		return
	}
	data, ok := l.readText(l.fsys, name)
	if !ok {
		return
	}
	first := len(l.bounds)
	l.features(name, data, datum, p)
	f := BoundaryFile{File: name, Datum: datum, Line: o.n.line}
	for _, b := range l.bounds[first:] {
		f.Shapes = append(f.Shapes, b.geom)
	}
	l.p.Boundaries = append(l.p.Boundaries, f)
}

// minShiftConfidence is how sure the comparison of two files must be for a warning.
const minShiftConfidence = 0.4

// compareBoundaries warns of a file whose coordinates look like GCJ-02 beside those of the others, although it is declared
// otherwise.
func (l *loader) compareBoundaries() {
	files := l.p.Boundaries
	for i, f := range files {
		var others []orb.Geometry
		for k, other := range files {
			if k != i {
				others = append(others, other.Shapes...)
			}
		}
		if f.Datum == geo.GCJ02 || len(others) == 0 {
			continue
		}
		if s := geo.MeasureShift(f.Shapes, others); s.LooksGCJ && s.Confidence >= minShiftConfidence {
			l.warn(packFile, f.Line, "%s lies %.0f m east and %.0f m north of the other boundaries: its coordinates look like GCJ-02, but are declared as %s",
				f.File, s.East, s.North, f.Datum)
		}
	}
}

// features streams a FeatureCollection, one feature at a time.
func (l *loader) features(name string, data []byte, datum geo.Datum, p properties) {
	dec := json.NewDecoder(bytes.NewReader(data))
	off, line := 0, 1
	here := func() int {
		to := int(dec.InputOffset())
		line += bytes.Count(data[off:to], []byte{'\n'})
		off = to
		return line
	}
	broken := func(err error) {
		at, text := syntaxFault(data, here(), err)
		l.fail(name, at, "is no GeoJSON: %s", text)
	}
	if tok, err := dec.Token(); err != nil {
		broken(err)
		return
	} else if tok != json.Delim('{') {
		l.fail(name, here(), "is no GeoJSON: it does not begin with an object")
		return
	}
	found := false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			broken(err)
			return
		}
		if key != "features" {
			var skip json.RawMessage
			if err := dec.Decode(&skip); err != nil {
				broken(err)
				return
			}
			continue
		}
		found = true
		if tok, err := dec.Token(); err != nil || tok != json.Delim('[') {
			l.fail(name, here(), "is no GeoJSON: \"features\" is no list")
			return
		}
		for n := 0; dec.More(); n++ {
			if n >= maxBoundaries {
				l.fail(name, here(), "holds more than %d features", maxBoundaries)
				return
			}
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				broken(err)
				return
			}
			end := here() // the value ends on this line; it begins as many lines before as it spans
			l.feature(name, end-bytes.Count(raw, []byte{'\n'}), n+1, raw, datum, p)
		}
		if _, err := dec.Token(); err != nil {
			broken(err)
			return
		}
	}
	if _, err := dec.Token(); err != nil {
		broken(err)
		return
	}
	if !found {
		l.fail(name, 0, "is no GeoJSON FeatureCollection: it has no \"features\"")
	}
}

// feature reads one feature. What cannot serve as a boundary is left out with a warning that gives the reason.
func (l *loader) feature(name string, line, number int, raw []byte, datum geo.Datum, p properties) {
	var f jsonFeature
	if err := json.Unmarshal(raw, &f); err != nil || f.Type != "Feature" {
		l.fail(name, line, "is no GeoJSON feature")
		return
	}
	b := boundary{file: name, line: line, number: number, code: property(f.Properties, p.code), name: property(f.Properties, p.name),
		nameEN: property(f.Properties, p.nameEN), parent: property(f.Properties, p.parent)}
	if p.nameEN == "" {
		b.nameEN = property(f.Properties, "name_en")
	}
	if word := property(f.Properties, p.level); word != "" {
		if b.level = parseLevel(word); b.level == block.NoLevel {
			b.level = osmLevels[word]
		}
		if b.level == block.NoLevel { // its code or name may do
			l.leave(&b, "level %q of %s is none of city, district, street, community, grid", word, b.called())
		}
	}
	if b.called() == "" {
		l.leave(&b, "a boundary without code and name left out")
		return
	}
	if f.Geometry == nil {
		l.leave(&b, "boundary of %s left out: it has no geometry", b.called())
		return
	}
	shape, err := f.Geometry.area()
	if err == nil {
		err = inRange(shape)
	}
	if err != nil {
		l.leave(&b, "boundary of %s left out: %s", b.called(), err)
		return
	}
	fixed, defects, err := geo.Repair(geo.Transform(shape, datum, geo.CGCS2000))
	if err != nil {
		l.leave(&b, "boundary of %s left out: %s", b.called(), err)
		return
	}
	if len(defects) > 0 {
		l.leave(&b, "boundary of %s mended: %s at %.7f,%.7f%s", b.called(), defects[0].Kind, defects[0].At[0], defects[0].At[1], more(len(defects)-1))
	}
	b.geom = fixed
	l.bounds = append(l.bounds, b)
}

func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

// inRange refuses plane coordinates before a datum is applied to them.
func inRange(g orb.Geometry) error {
	b, ok := geo.Bounds(g)
	if ok && (b.Min[0] < -180 || b.Max[0] > 180 || b.Min[1] < -90 || b.Max[1] > 90) {
		return fmt.Errorf("its coordinates are no longitude and latitude")
	}
	return nil
}

// property returns a property as text: numbers without exponent, objects and lists as nothing.
func property(p map[string]any, key string) string {
	if key == "" {
		return ""
	}
	v, ok := p[key]
	if head, rest, dotted := strings.Cut(key, "."); !ok && dotted {
		if in, is := p[head].(map[string]any); is {
			return property(in, rest)
		}
	}
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// joinBoundaries gives every boundary to its division: by code, else by name under its parent. One that has no division
// becomes a region with a local code under its parent.
func (l *loader) joinBoundaries() {
	d := l.div
	shapes := make(map[block.ID]orb.Geometry, len(l.bounds))
	set := func(i int, b *boundary) {
		r := &d.regions[i]
		if r.Geometry != nil {
			l.leave(b, "a second boundary of %s (%s) left out", r.Name, r.Code)
			return
		}
		r.Geometry = geo.AppendWKB(nil, b.geom)
		if r.NameEN == "" {
			r.NameEN = b.nameEN
		}
		shapes[r.ID] = b.geom
	}
	var rest []*boundary
	for k := range l.bounds {
		b := &l.bounds[k]
		i, ok := d.find(b.code)
		if !ok {
			if b.code != "" {
				l.leave(b, "code %s of %s is no division", b.code, b.called())
			}
			rest = append(rest, b)
			continue
		}
		if b.level != block.NoLevel && b.level != d.regions[i].Level {
			l.leave(b, "%s is a %s by its code %s, not a %s", b.called(), d.regions[i].Level, b.code, b.level)
		}
		set(i, b)
	}
	// From the city downwards, so that a parent which is local itself is there before its children.
	slices.SortStableFunc(rest, func(a, b *boundary) int { return cmp.Compare(a.level, b.level) })
	levels := d.fileLevels(rest)
	var unknown, doubtful []*boundary
	for _, b := range rest {
		i, n := d.named(b, levels[b.file], shapes)
		if n == 1 {
			set(i, b)
			continue
		}
		if b.level == block.NoLevel || b.level == d.regions[0].Level {
			if n > 1 {
				doubtful = append(doubtful, b)
			} else {
				unknown = append(unknown, b)
			}
			continue
		}
		up, ok := d.parentOf(b, shapes)
		if !ok {
			l.leave(b, "boundary of %s left out: its parent %q is not known", b.called(), b.parent)
			continue
		}
		parent := d.regions[up]
		r := block.Region{Code: localCode(parent, b), Scheme: SchemeLocal, Name: b.called(), NameEN: b.nameEN, Level: b.level, Type: "admin",
			Parent: parent.ID, Made: true, Geometry: geo.AppendWKB(nil, b.geom)}
		r.ID = RegionID(r.Scheme, r.Code)
		if _, twice := d.index[r.ID]; twice {
			l.leave(b, "a second boundary of %s left out", b.called())
			continue
		}
		d.note(len(d.regions), r)
		d.regions = append(d.regions, r)
		shapes[r.ID] = b.geom
		l.leave(b, "%s is no division: made a region with the local code %s below %s", b.called(), r.Code, parent.Name)
	}
	l.leaveAll(unknown, "it is no division, and without a level it cannot become a region")
	l.leaveAll(doubtful, "several divisions have its name, and without a level or a parent none is meant")
	d.reindex()
}

// namedAtMost is how many boundaries a warning names.
const namedAtMost = 5

// leaveAll warns of boundaries that are left out for one reason: in one sentence for each file.
func (l *loader) leaveAll(list []*boundary, reason string) {
	byFile := map[string][]string{}
	for _, b := range list {
		byFile[b.file] = append(byFile[b.file], b.called())
	}
	for _, b := range list {
		switch names := byFile[b.file]; {
		case len(names) == 1:
			l.leave(b, "boundary of %s left out: %s", b.called(), reason)
		case len(names) > 1:
			first := names[:min(len(names), namedAtMost)]
			l.warn(b.file, b.line, "%d boundaries left out (of each: %s): %s%s", len(names), reason, strings.Join(first, ", "), more(len(names)-len(first)))
		}
		delete(byFile, b.file)
	}
}

// fileLevels finds out the level of files whose boundaries have none: the one at which nine of ten names that are known at
// all mean exactly one division, when no other level fits as well.
func (d *divisions) fileLevels(rest []*boundary) map[string]block.Level {
	type fit struct {
		known int
		at    [block.Grid + 1]int
	}
	fits := map[string]*fit{}
	for _, b := range rest {
		if b.level != block.NoLevel || b.name == "" {
			continue
		}
		f := fits[b.file]
		if f == nil {
			f = new(fit)
			fits[b.file] = f
		}
		var n [block.Grid + 1]int
		for _, i := range d.byKey[nameKey(b.name)] {
			n[d.regions[i].Level]++
		}
		known := false
		for level, count := range n {
			known = known || count > 0
			if count == 1 {
				f.at[level]++
			}
		}
		if known {
			f.known++
		}
	}
	out := map[string]block.Level{}
	for file, f := range fits {
		best := slices.Max(f.at[:])
		if best*10 < f.known*9 || best < 2 {
			continue
		}
		level := slices.Index(f.at[:], best)
		if !slices.Contains(f.at[level+1:], best) {
			out[file] = block.Level(level)
		}
	}
	return out
}

// localCode is the code of a boundary that has none, from its parent, level and name: the same on every machine and
// whatever else is in the file.
func localCode(parent block.Region, b *boundary) string {
	sum := sha256.Sum256([]byte(parent.Scheme + "\x00" + parent.Code + "\x00" + b.level.String() + "\x00" + b.called()))
	return "L-" + strings.ToUpper(hex.EncodeToString(sum[:4]))
}

// find returns the division with a code; one of fewer than 12 digits (420102) is filled up with zeros where the list's codes
// have 12.
func (d *divisions) find(code string) (int, bool) {
	if code == "" {
		return 0, false
	}
	i, ok := d.byCode[code]
	if !ok && d.scheme == SchemeStat12 && len(code) < 12 {
		i, ok = d.byCode[code+strings.Repeat("0", 12-len(code))]
	}
	return i, ok
}

// named finds the region without a polygon that a boundary names, and how many there are: of the same level, below the
// boundary's parent when that is known, of the same name, or the same but for 社区 against 居委会 and the like. Of several
// for a boundary without a level the one of the file's level is meant.
func (d *divisions) named(b *boundary, fileLevel block.Level, shapes map[block.ID]orb.Geometry) (at, n int) {
	if b.level == d.regions[0].Level {
		if d.regions[0].Geometry == nil {
			n = 1
		}
		return 0, n
	}
	if b.name == "" {
		return 0, 0
	}
	up, under := d.parentOf(b, shapes)
	for _, list := range [][]int{d.byName[b.name], d.byKey[nameKey(b.name)]} {
		var fit []int
		for _, i := range list {
			r := &d.regions[i]
			if r.Geometry == nil && (b.level == block.NoLevel || r.Level == b.level) && (!under || d.within(i, up)) {
				fit = append(fit, i)
			}
		}
		if len(fit) > 1 && b.level == block.NoLevel && fileLevel != block.NoLevel {
			fit = slices.DeleteFunc(fit, func(i int) bool { return d.regions[i].Level != fileLevel })
		}
		if len(fit) > 0 {
			return fit[0], len(fit)
		}
	}
	return 0, 0
}

// parentOf returns the region that a boundary says it lies in, by code or name; of several of one name the one whose
// polygon holds it. Without a word about the parent the finest polygon of a higher level that holds it, else the root for
// what lies directly below it.
func (d *divisions) parentOf(b *boundary, shapes map[block.ID]orb.Geometry) (int, bool) {
	above := func(i int) bool { return b.level == block.NoLevel || d.regions[i].Level < b.level }
	if i, ok := d.find(b.parent); ok && above(i) {
		return i, true
	}
	p, _ := geo.InnerPoint(b.geom)
	holds := func(i int) bool {
		g := shapes[d.regions[i].ID]
		return g != nil && geo.Contains(g, p)
	}
	if b.parent != "" {
		var fit []int
		for _, i := range d.byKey[nameKey(b.parent)] {
			if above(i) {
				fit = append(fit, i)
			}
		}
		if len(fit) > 1 {
			fit = slices.DeleteFunc(fit, func(i int) bool { return !holds(i) })
		}
		if len(fit) == 0 {
			return 0, false
		}
		return fit[len(fit)-1], len(fit) == 1
	}
	best := -1
	for i := range d.regions {
		if above(i) && holds(i) && (best < 0 || d.regions[i].Level > d.regions[best].Level) {
			best = i
		}
	}
	if best < 0 && b.level == d.regions[0].Level+1 {
		best = 0
	}
	return best, best >= 0
}

// within reports whether region i lies below region up.
func (d *divisions) within(i, up int) bool {
	top := d.regions[up].ID
	for id := d.regions[i].Parent; !id.IsZero(); {
		if id == top {
			return true
		}
		at, ok := d.index[id]
		if !ok {
			return false
		}
		id = d.regions[at].Parent
	}
	return false
}

var nameSuffixes = []string{"社区居民委员会", "社区居委会", "居民委员会", "居委会", "社区工作站", "社区", "街道办事处", "街道", "特别行政区", "新区", "市辖区", "区", "镇", "乡", "市"}

// nameKey is a division's name without the word that says what it is; a village keeps 村, since a community may have the
// rest of its name. A name of one character is kept whole.
func nameKey(name string) string {
	for _, s := range [...]string{"村民委员会", "村委会"} {
		if cut, ok := strings.CutSuffix(name, s); ok && cut != "" {
			return strings.TrimSuffix(cut, "村") + "村"
		}
	}
	for _, s := range nameSuffixes {
		if cut, ok := strings.CutSuffix(name, s); ok && len([]rune(cut)) >= 2 {
			return cut
		}
	}
	return name
}

// sortRegions puts parents before children: by level, then scheme and code.
func sortRegions(list []block.Region) {
	slices.SortFunc(list, func(a, b block.Region) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Scheme, b.Scheme))
	})
}
