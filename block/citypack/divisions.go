package citypack

import (
	"strings"

	"kuaitu/block"
)

// Schemes of region codes. SchemeStat12 are the statistical office's 12 digits, SchemeOther any other list's codes,
// SchemeLocal ours for boundaries without a code, SchemeMadeGrid those of grids that CutGrids made.
const (
	SchemeStat12   = "stat12"
	SchemeOther    = "division"
	SchemeLocal    = "local"
	SchemeMadeGrid = "grid-made"
)

// RegionID is the ID of the region with a code in a scheme, the same on every machine.
func RegionID(scheme, code string) block.ID { return block.NameID("region", scheme+":"+code) }

// maxDivisions bounds the list of a city.
const maxDivisions = 200_000

// divisions is the list of a pack, checked, the root first and parents before children.
type divisions struct {
	scheme  string
	regions []block.Region
	byCode  map[string]int // codes of the list's own scheme
	byName  map[string][]int
	byKey   map[string][]int // by nameKey
	index   map[block.ID]int
}

// levelWords are what lists write for levels beside the words of block.ParseLevel.
var levelWords = map[string]block.Level{
	"市": block.City, "地级市": block.City, "区": block.District, "县": block.District, "区县": block.District, "county": block.District,
	"街道": block.Street, "镇": block.Street, "乡": block.Street, "乡镇": block.Street, "town": block.Street, "township": block.Street,
	"社区": block.Community, "村": block.Community, "居委会": block.Community, "village": block.Community, "网格": block.Grid,
}

func parseLevel(word string) block.Level {
	if l, err := block.ParseLevel(word); err == nil {
		return l
	}
	return levelWords[strings.ToLower(strings.TrimSpace(word))]
}

// division is one row.
type division struct {
	code, name, nameEN, parent string
	level                      block.Level
	line, up                   int // up: its parent's place, -1 for a root
}

// readDivisions reads and checks a list; nil when there are faults. Parentage is the parent column alone, never the digits
// of a code. Levels may be skipped (a city without districts). root, when given, is the code of the one root.
func (l *loader) readDivisions(name string, data []byte, scheme, root string, rootLine int) *divisions {
	data, ok := l.decode(name, data)
	if !ok {
		return nil
	}
	before := len(l.errs)
	rows := l.table(name, data, []string{"code", "name", "level", "parent"}, []string{"name_en"})
	if len(l.errs) == before && len(rows) == 0 {
		l.fail(name, 0, "lists no division")
	}
	if len(rows) > maxDivisions {
		l.fail(name, rows[maxDivisions].line, "lists more than %d divisions", maxDivisions)
		return nil
	}
	list, byCode := l.divisionRows(name, rows, scheme)
	if len(l.errs) > before {
		return nil
	}
	top := l.findRoot(name, list, byCode, root, rootLine)
	if top < 0 {
		return nil
	}
	if scheme == "" {
		scheme = SchemeOther
		if stat12(list[top].code) {
			scheme = SchemeStat12
		}
	}
	for i := range list {
		d := &list[i]
		if i != top && d.up >= 0 && list[d.up].level >= d.level && !l.cycle(name, list, i) {
			l.fail(name, d.line, "%s is a %s below %s, which is a %s", d.name, d.level, list[d.up].name, list[d.up].level)
		}
		if scheme == SchemeStat12 && !stat12(d.code) {
			l.fail(name, d.line, "code %q has not the 12 digits that the others have", d.code)
		}
	}
	if len(l.errs) > before {
		return nil
	}
	return arrange(list, top, scheme)
}

// divisionRows checks every row by itself and links it to its parent.
func (l *loader) divisionRows(name string, rows []row, scheme string) ([]division, map[string]int) {
	list := make([]division, 0, len(rows))
	byCode := make(map[string]int, len(rows))
	for _, r := range rows {
		d := division{code: r.get("code"), name: r.get("name"), nameEN: r.get("name_en"), parent: r.get("parent"), level: parseLevel(r.get("level")), line: r.line}
		if why := badCode(d.code); why != "" {
			l.fail(name, r.line, "code %q %s", d.code, why)
		} else if scheme == SchemeStat12 && !stat12(d.code) {
			l.fail(name, r.line, "code %q has not 12 digits", d.code)
		}
		if why := badCode(d.parent); why != "" && d.parent != "" {
			l.fail(name, r.line, "parent %q %s", d.parent, why)
		}
		if d.name == "" {
			l.fail(name, r.line, "the name is empty")
		}
		if d.level == block.NoLevel {
			l.fail(name, r.line, "level %q is none of city, district, street, community, grid", r.get("level"))
		}
		if at, twice := byCode[d.code]; twice {
			l.fail(name, r.line, "code %s is already on line %d", d.code, list[at].line)
		} else {
			byCode[d.code] = len(list)
		}
		list = append(list, d)
	}
	for i := range list {
		list[i].up = -1
		if at, ok := byCode[list[i].parent]; ok {
			list[i].up = at
		}
	}
	return list, byCode
}

// findRoot returns the place of the root: the code that the pack names, else the only row whose parent is not in the list,
// else the only one of those at the highest level. Every other such row is an orphan.
func (l *loader) findRoot(name string, list []division, byCode map[string]int, root string, rootLine int) int {
	top := -1
	if root != "" {
		at, ok := byCode[root]
		if !ok {
			l.fail(packFile, rootLine, "region %q is not in %s", root, name)
			return -1
		}
		top = at
		list[top].up = -1
	}
	for i, d := range list {
		if root != "" || d.up >= 0 {
			continue
		}
		if top < 0 || d.level < list[top].level {
			top = i
		}
	}
	if top < 0 { // every row has a parent: walking up long enough leads into a cycle
		at := 0
		for range list {
			at = list[at].up
		}
		l.cycle(name, list, at)
		return -1
	}
	ok := true
	for i, d := range list {
		switch {
		case i == top || d.up >= 0:
		case d.level == list[top].level:
			l.fail(name, d.line, "%s is a second root beside %s on line %d", d.name, list[top].name, list[top].line)
			ok = false
		case d.parent == "":
			l.fail(name, d.line, "%s has no parent", d.name)
			ok = false
		default:
			l.fail(name, d.line, "the parent %s of %s is not in the list", d.parent, d.name)
			ok = false
		}
	}
	if !ok {
		return -1
	}
	return top
}

// cycle reports a row that is its own ancestor.
func (l *loader) cycle(name string, list []division, i int) bool {
	at := i
	for range list {
		if at = list[at].up; at < 0 {
			return false
		}
		if at == i {
			l.fail(name, list[i].line, "%s (%s) is its own ancestor", list[i].name, list[i].code)
			return true
		}
	}
	return false
}

func badCode(s string) string {
	if s == "" {
		return "is empty"
	}
	if len(s) > 32 {
		return "is longer than 32 characters"
	}
	if strings.ContainsAny(s, ".+") {
		return "was turned into a rounded number by a spreadsheet"
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return "holds a character that no code has"
		}
	}
	return ""
}

func stat12(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// arrange orders a checked list by level and code, the root first, and gives the regions their IDs.
func arrange(list []division, top int, scheme string) *divisions {
	d := &divisions{scheme: scheme}
	regions := make([]block.Region, len(list))
	for i, r := range list {
		regions[i] = block.Region{ID: RegionID(scheme, r.code), Code: r.code, Scheme: scheme, Name: r.name, NameEN: r.nameEN, Level: r.level, Type: "admin"}
		if r.level == block.Grid {
			regions[i].Type = "base-grid"
		}
		if scheme == SchemeStat12 && r.level == block.Street && r.code[6] >= '4' && r.code[6] < '6' {
			regions[i].Type = "zone" // 开发区 and the like have township segments 400–599
		}
		if i != top {
			regions[i].Parent = RegionID(scheme, list[r.up].code)
		}
	}
	d.regions = regions
	d.reindex()
	return d
}

// reindex sorts the regions and rebuilds the look-ups.
func (d *divisions) reindex() {
	sortRegions(d.regions)
	n := len(d.regions)
	d.byCode, d.byName, d.byKey, d.index = make(map[string]int, n), make(map[string][]int, n), make(map[string][]int, n), make(map[block.ID]int, n)
	for i, r := range d.regions {
		d.note(i, r)
	}
}

// note puts a region into the look-ups.
func (d *divisions) note(i int, r block.Region) {
	d.index[r.ID] = i
	if r.Scheme == d.scheme {
		d.byCode[r.Code] = i
	}
	d.byName[r.Name] = append(d.byName[r.Name], i)
	key := nameKey(r.Name)
	d.byKey[key] = append(d.byKey[key], i)
}
