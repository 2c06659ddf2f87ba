package citypack

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"kuaitu/block"
	"kuaitu/block/duty"
	"kuaitu/block/schema"
	"kuaitu/geo"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// realData returns the folder of real data, or skips.
func realData(t testing.TB) fs.FS {
	t.Helper()
	dir := os.Getenv("KUAITU_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "pack.json")); err != nil {
		if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
			t.Fatal(err)
		}
		t.Skip("no real data")
	}
	return os.DirFS(dir)
}

func counts(regions []block.Region) map[block.Level]int {
	n := map[block.Level]int{}
	for _, r := range regions {
		n[r.Level]++
	}
	return n
}

func byName(t testing.TB, p *Pack, name string) block.Region {
	t.Helper()
	i := slices.IndexFunc(p.Regions(), func(r block.Region) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("there is no region %s", name)
	}
	return p.Regions()[i]
}

func TestShenzhen(t *testing.T) {
	p, err := Load(context.Background(), realData(t))
	if err != nil {
		t.Fatal(err)
	}
	// 9 districts, 79 streets and 788 communities of the list; 深汕 with its four streets and 16 communities from boundaries
	// without a code.
	if n := counts(p.Regions()); n[block.City] != 1 || n[block.District] != 10 || n[block.Street] != 83 || n[block.Community] != 804 {
		t.Errorf("regions %v", n)
	}
	if len(p.Missing) != 877-(280-21) {
		t.Errorf("%d divisions without a polygon", len(p.Missing))
	}
	if p.Zone.String() != "Asia/Shanghai" || p.Levels[block.Street] != (Label{"街道", "Street office"}) || p.Root != "440300000000" {
		t.Errorf("zone %s, levels %v, root %s", p.Zone, p.Levels, p.Root)
	}
	if len(p.Imports) != 1 || p.Imports[0].Fields["levels"] != "floors" || p.Imports[0].Datum != geo.WGS84 || len(p.BaseMaps) != 2 {
		t.Errorf("imports %+v, base maps %+v", p.Imports, p.BaseMaps)
	}
	if !slices.Equal(p.Made, []string{"catalogue", "calendar", "grids"}) {
		t.Errorf("made %v", p.Made)
	}
	town := byName(t, p, "鹅埠街道")
	if town.Scheme != SchemeLocal || !town.Made || town.Parent != byName(t, p, "深汕特别合作区").ID || town.ID != RegionID(SchemeLocal, town.Code) {
		t.Errorf("a boundary without a code: %+v", town)
	}
	if futian := byName(t, p, "福田区"); futian.NameEN != "Futian District" || futian.Geometry == nil || futian.Made {
		t.Errorf("福田区: %q, %d bytes", futian.NameEN, len(futian.Geometry))
	}
	plans := schema.Builtin()
	n := 0
	for r := range p.Records() {
		pl, err := plans.Plan(r.Kind)
		if err == nil {
			err = pl.Check(r)
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != len(p.Regions())+len(p.Catalogue) {
		t.Errorf("%d records", n)
	}
}

// Wuhan's boundaries are GCJ-02 and say nothing of it; the pack does. They must come out where the city really is.
func TestWuhan(t *testing.T) {
	data := realData(t)
	pack := fstest.MapFS{"pack.json": {Data: []byte(`{"pack": 1, "name": {"zh": "武汉市", "en": "Wuhan"},
		"divisions": {"file": "divisions.csv"},
		"boundaries": [{"file": "districts.geojson", "datum": "gcj02", "code": "adcode", "name": "name", "level": "level", "parent": "parent.adcode"}]}`)}}
	for to, from := range map[string]string{"divisions.csv": "divisions_wuhan.csv", "districts.geojson": "datav_districts_420100_wuhan_gcj02.geojson"} {
		b, err := fs.ReadFile(data, from)
		if err != nil {
			t.Fatal(err)
		}
		pack[to] = &fstest.MapFile{Data: b}
	}
	p, err := Load(context.Background(), pack)
	if err != nil {
		t.Fatal(err)
	}
	if n := counts(p.Regions()); n[block.District] != 13 || n[block.Street] != 193 || n[block.Community] != 3495 {
		t.Errorf("regions %v", n)
	}
	if len(p.Missing) != 1+193+3495 {
		t.Errorf("%d divisions without a polygon", len(p.Missing))
	}
	if p.Name.EN != "Wuhan" || p.Zone.String() != "Asia/Shanghai" || !slices.Contains(p.Made, "timezone") {
		t.Errorf("name %v, zone %s, made %v", p.Name, p.Zone, p.Made)
	}
	g, err := geo.ParseWKB(byName(t, p, "江岸区").Geometry)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := geo.InnerPoint(g)
	if shifted := geo.Distance(raw, geo.WGS84ToGCJ02(raw)); shifted < 300 {
		t.Errorf("the datum shift in Wuhan is %.0f m", shifted)
	}
	wrong := strings.Replace(string(pack["pack.json"].Data), `"gcj02"`, `"wgs84"`, 1)
	pack["pack.json"] = &fstest.MapFile{Data: []byte(wrong)}
	q, err := Load(context.Background(), pack)
	if err != nil {
		t.Fatal(err)
	}
	h, err := geo.ParseWKB(byName(t, q, "江岸区").Geometry)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := geo.Bounds(g)
	c, _ := geo.Bounds(h)
	if d := geo.Distance(b.Min, c.Min); d < 300 || d > 800 {
		t.Errorf("declaring GCJ-02 moved the boundary by %.0f m", d)
	}
}

const dongguan = "code,name,level,parent\n" +
	"441900000000,东莞市,city,440000000000\n441900003000,东城街道,street,441900000000\n441900101000,石碣镇,street,441900000000\n" +
	"441900003001,岗贝社区居民委员会,community,441900003000\n441900101201,石碣村村民委员会,community,441900101000\n"

// A city without districts: its streets lie directly below it.
func TestDongguanHasNoDistricts(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(dongguan)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"UTF-8": dongguan, "byte order mark": "\ufeff" + dongguan, "GB18030": gb, "blank rows": dongguan + "\n,,,\n", "CRLF": strings.ReplaceAll(dongguan, "\n", "\r\n"),
		"tabs, other order": "level\tcode\tparent\tname\ncity\t441900000000\t\t东莞市\nstreet\t441900003000\t441900000000\t东城街道\n街道\t441900101000\t441900000000\t石碣镇\n社区\t441900003001\t441900003000\t岗贝社区居民委员会\n村\t441900101201\t441900101000\t石碣村村民委员会\n"} {
		p, err := LoadDivisions(context.Background(), fstest.MapFS{"d.csv": {Data: []byte(text)}}, "d.csv")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if n := counts(p.Regions()); n[block.District] != 0 || n[block.Street] != 2 || n[block.Community] != 2 || p.Name.ZH != "东莞市" || p.Root != "441900000000" {
			t.Errorf("%s: %v of %s", name, n, p.Name.ZH)
		}
		if r := byName(t, p, "东城街道"); r.Parent != p.Regions()[0].ID || r.Scheme != SchemeStat12 || r.ID != RegionID("stat12", "441900003000") {
			t.Errorf("%s: %+v", name, r)
		}
		if len(p.Missing) != 5 {
			t.Errorf("%s: %d without a polygon", name, len(p.Missing))
		}
	}
}

const head = "code,name,level,parent\n1,城,city,0\n"

func TestBrokenDivisions(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"empty", "", "d.csv: is empty"},
		{"header only", "code,name,level,parent\n", "d.csv: lists no division"},
		{"a column is missing", "code,name,level\n1,城,city\n", `d.csv:1: has no column "parent"`},
		{"columns", head + "2,区,district\n", "d.csv:3: has 3 columns, not 4"},
		{"twice", head + "2,甲区,district,1\n2,乙区,district,1\n", "d.csv:4: code 2 is already on line 3"},
		{"orphan", head + "2,甲区,district,1\n3,街,street,9\n", "d.csv:4: the parent 9 of 街 is not in the list"},
		{"two roots", head + "2,乡城,city,0\n", "d.csv:3: 乡城 is a second root beside 城 on line 2"},
		{"cycle", head + "2,甲,district,3\n3,乙,street,2\n", "d.csv:3: 甲 (2) is its own ancestor"},
		{"nothing but a cycle", "code,name,level,parent\n2,甲,district,3\n3,乙,street,2\n", "is its own ancestor"},
		{"upside down", head + "2,街,street,1\n3,区,district,2\n", "d.csv:4: 区 is a district below 街, which is a street"},
		{"level", head + "2,区,province,1\n", `d.csv:3: level "province" is none of`},
		{"code", head + "2 3,区,district,1\n", `d.csv:3: code "2 3" holds a character`},
		{"spreadsheet", head + "4.403E+11,区,district,1\n", "d.csv:3: code \"4.403E+11\" was turned into a rounded number"},
		{"no code", head + ",区,district,1\n", "d.csv:3: code \"\" is empty"},
		{"no name", head + "2,,district,1\n", "d.csv:3: the name is empty"},
		{"mixed codes", "code,name,level,parent\n441900000000,城,city,\n4419,区,district,441900000000\n", `d.csv:3: code "4419" has not the 12 digits`},
		{"quotes", head + "2,\"区\"x,district,1\n", "d.csv:3: is no CSV"},
		{"bytes", head + "2,\xff\xff,district,1\n", "d.csv:3: holds bytes that are neither UTF-8 nor GB18030"},
		{"UTF-16", "\xff\xfec\x00o\x00", "d.csv:1: is in UTF-16"},
	} {
		_, err := LoadDivisions(context.Background(), fstest.MapFS{"d.csv": {Data: []byte(tc.text)}}, "d.csv")
		if !errors.Is(err, block.ErrInvalid) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q", tc.name, err, tc.want)
		}
		if len(Faults(err)) == 0 {
			t.Errorf("%s: the error has no typed fault", tc.name)
		}
	}
	if _, err := LoadDivisions(context.Background(), fstest.MapFS{}, "d.csv"); err == nil || !strings.Contains(err.Error(), "d.csv: cannot be read: there is no such file") {
		t.Errorf("no file: %v", err)
	}
}

// square is a boundary of 0.01° at a corner.
func square(props, x, y string) string {
	return `{"type":"Feature","properties":{` + props + `},"geometry":{"type":"Polygon","coordinates":[[[` + x + `0,` + y + `0],[` + x + `9,` + y + `0],[` + x + `9,` + y + `9],[` + x + `0,` + y + `9],[` + x + `0,` + y + `0]]]}}`
}

func testPack(pack, boundaries string) fstest.MapFS {
	return fstest.MapFS{"pack.json": {Data: []byte(pack)}, "d.csv": {Data: []byte(dongguan)},
		"b.geojson": {Data: []byte(`{"type":"FeatureCollection","features":[` + "\n" + boundaries + "\n]}")}}
}

const goodPack = `{
 "pack": 1,
 "name": "东莞",
 "divisions": {"file": "d.csv"},
 "boundaries": [
  {"file": "b.geojson", "datum": "wgs84", "code": "code", "name": "name", "level": "level", "parent": "up"}
 ]
}`

func TestBrokenPacks(t *testing.T) {
	ok := square(`"code":"441900003000"`, "113.0", "22.0")
	for _, tc := range []struct{ name, old, new, want string }{
		{"syntax", `"pack": 1,`, `"pack": 1`, "pack.json:3: is no JSON"},
		{"cut off", "\n ]\n}", "", "pack.json:6: is no JSON: the document ends too early"},
		{"version", `"pack": 1`, `"pack": 2`, `pack.json:2: "pack" must be 1`},
		{"no name", `"name": "东莞",`, ``, `pack.json:1: "name" is missing`},
		{"file", `"d.csv"`, `"x.csv"`, `pack.json:4: divisions.file: there is no file "x.csv"`},
		{"outside", `"d.csv"`, `"../d.csv"`, "pack.json:4: divisions.file must lie in the pack's own folder"},
		{"no datum", `"datum": "wgs84", `, ``, `pack.json:6: boundaries[0] has no datum: write "wgs84", "cgcs2000", "gcj02" or "bd09"`},
		{"datum", `"wgs84"`, `"beijing54"`, `pack.json:6: boundaries[0]: datum "beijing54" is none of wgs84`},
		{"nothing to join by", `"code": "code", "name": "name", `, ``, "pack.json:6: boundaries[0]: neither"},
		{"wrong type", `[
  {`, `{"x":[{`, "is no JSON"},
		{"region", `"pack": 1,`, `"pack": 1, "region": "77",`, `pack.json:2: region "77" is not in d.csv`},
		{"zone", `"pack": 1,`, `"pack": 1, "timezone": "Asia/Atlantis",`, `pack.json:2: time zone "Asia/Atlantis" is not known`},
		{"twice", `"pack": 1,`, `"pack": 1, "pack": 1,`, `pack.json:2: "pack" is given twice`},
		{"kind", `"pack": 1,`, `"pack": 1, "imports": [{"file": "d.csv", "kind": "house", "datum": "wgs84"}],`, `pack.json:2: imports[0].kind: "house" is no kind of record`},
		{"field", `"pack": 1,`, `"pack": 1, "imports": [{"file": "d.csv", "kind": "building", "datum": "wgs84", "fields": {"a": "b"}}],`, `pack.json:2: imports[0].fields: kind building has no field "b"`},
		{"base map without datum", `"pack": 1,`, `"pack": 1, "basemaps": [{"file": "d.csv", "name": "x"}],`, "pack.json:2: basemaps[0] has no datum"},
		{"level", `"pack": 1,`, `"pack": 1, "levels": [{"level": "planet", "zh": "星"}],`, `pack.json:2: level "planet"`},
		{"catalogue", `"pack": 1,`, `"pack": 1, "catalogue": {"file": "d.csv"},`, `d.csv:1: has no column "class"`},
		{"scheme", `"pack": 1,`, `"pack": 1, "schemes": ["mars"],`, `pack.json:2: schemes[0]: no code scheme is called "mars"`},
		{"scheme table", `"pack": 1,`, `"pack": 1, "schemes": [{"id": "x", "parts": [{"names": "room", "width": 0}]}],`, "pack.json:2: code scheme x: part 1 has width 0"},
	} {
		text := strings.Replace(goodPack, tc.old, tc.new, 1)
		if text == goodPack {
			t.Fatalf("%s changes nothing", tc.name)
		}
		_, err := Load(context.Background(), testPack(text, ok))
		if !errors.Is(err, block.ErrInvalid) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q", tc.name, err, tc.want)
		}
	}
	for name, tc := range map[string][2]string{
		"no GeoJSON":   {ok + ",", "b.geojson:3: is no GeoJSON"},
		"no feature":   {ok + ",\n{\"type\":\"Point\"}", "b.geojson:3: is no GeoJSON feature"},
		"cut features": {ok + ",\n{\"type\"", "b.geojson:4: is no GeoJSON"},
	} {
		if _, err := Load(context.Background(), testPack(goodPack, tc[0])); err == nil || !strings.Contains(err.Error(), tc[1]) {
			t.Errorf("%s: error %v, want %q", name, err, tc[1])
		}
	}
	if _, err := Load(context.Background(), fstest.MapFS{}); !errors.Is(err, block.ErrNotFound) || !errors.Is(err, block.ErrInvalid) {
		t.Errorf("no pack.json: %v", err)
	}
}

func TestBoundariesAreJoined(t *testing.T) {
	all := []string{
		square(`"code":441900003000,"level":"town hall"`, "113.0", "22.0"),     // a number for a code
		square(`"name":"石碣","level":"street","up":"东莞市"`, "113.1", "22.0"),     // by name but for 镇
		square(`"name":"石碣村","level":"community","up":"石碣镇"`, "113.1", "22.0"), // 村民委员会 of that name
		square(`"name":"新村","level":"community","up":"东城街道"`, "113.0", "22.0"), // no division
		square(`"name":"飞地","level":"community","up":"火星街道"`, "113.0", "22.0"), // an unknown parent
		square(`"name":"湖心","level":10`, "113.0", "22.0"),                      // no word of a parent: by place
		square(`"code":"441900003000","name":"又一个","level":"street"`, "113.5", "22.0"),
		`{"type":"Feature","properties":{"name":"线","level":"street"},"geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]}}`,
		`{"type":"Feature","properties":{"code":"441900101201"},"geometry":null}`,
		square(`"name":"平面","level":"street"`, "500000", "22.0"),
		`{"type":"Feature","properties":{"code":"441900003001"},"geometry":{"type":"Polygon","coordinates":[[[113,22],[113.01,22.01],[113.01,22],[113,22.01],[113,22]]]}}`,
	}
	p, err := Load(context.Background(), testPack(strings.Replace(goodPack, `"pack": 1`, `"pack": 1, "colour": "red"`, 1), strings.Join(all, ",\n")))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"东城街道": true, "石碣镇": true, "石碣村村民委员会": true, "新村": true, "湖心": true, "东莞市": false, "岗贝社区居民委员会": true} {
		if got := byName(t, p, name).Geometry != nil; got != want {
			t.Errorf("%s has a polygon: %v", name, got)
		}
	}
	east := byName(t, p, "东城街道").ID
	if byName(t, p, "新村").Parent != east || byName(t, p, "湖心").Parent != east {
		t.Error("a local region is not below the street that holds it")
	}
	if len(p.Missing) != 1 || p.Missing[0].Name != "东莞市" {
		t.Errorf("without a polygon: %v", p.Missing)
	}
	var text []string
	for _, w := range p.Warnings {
		text = append(text, w.Error())
	}
	for _, want := range []string{
		`pack.json:2: unknown key "colour"`, `b.geojson:2: feature 1: level "town hall" of 441900003000 is none of`, "b.geojson:5: feature 4: 新村 is no division: made a region", `b.geojson:6: feature 5: boundary of 飞地 left out: its parent "火星街道" is not known`,
		"b.geojson:8: feature 7: a second boundary of 东城街道", "b.geojson:9: feature 8: boundary of 线 left out: a LineString is no area",
		"b.geojson:10: feature 9: boundary of 441900101201 left out: it has no geometry", "b.geojson:11: feature 10: boundary of 平面 left out: its coordinates are no longitude",
		"b.geojson:12: feature 11: boundary of 441900003001 mended: self-intersection",
	} {
		if !slices.ContainsFunc(text, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("no warning %q in\n%s", want, strings.Join(text, "\n"))
		}
	}
}

func TestOptionalParts(t *testing.T) {
	files := testPack(strings.Replace(goodPack, `"pack": 1,`, `"pack": 1, "timezone": "Asia/Urumqi", "catalogue": {"file": "c.csv"},
		"calendar": {"file": "k.csv", "hours": ["10:00-14:00", "16:00-20:00"]},
		"schemes": [{"id": "dg", "parts": [{"names": "community", "width": 12}, {"names": "building", "width": 5, "charset": "alnum"}]}],`, 1), "")
	files["c.csv"] = &fstest.MapFile{Data: []byte("code,class,name,limit_amount,limit_unit\nA1,环境,暴露垃圾,4,工作时\n")}
	files["k.csv"] = &fstest.MapFile{Data: []byte("day,working,name\n2026-10-01,false,国庆节\n2026-10-10,true,调休\n")}
	p, err := Load(context.Background(), files)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := p.EventType("暴露垃圾"); err != nil || e.Code != "A1" || e.LimitUnit != duty.WorkHour {
		t.Errorf("event type %+v, %v", e, err)
	}
	if _, err := p.EventType("0101"); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("a type of another catalogue: %v", err)
	}
	start := time.Date(2026, 9, 30, 19, 0, 0, 0, p.Zone)
	if due, err := p.Calendar.Deadline(start, 2, duty.WorkHour); err != nil || !due.Equal(time.Date(2026, 10, 2, 11, 0, 0, 0, p.Zone)) {
		t.Errorf("due %s, %v", due, err)
	}
	if p.Schemes[0].ID() != "dg" || len(p.Made) != 2 {
		t.Errorf("scheme %s, made %v", p.Schemes[0].ID(), p.Made)
	}
}

func TestStarterCatalogue(t *testing.T) {
	list := StarterCatalogue()
	classes := map[string]bool{}
	for _, e := range list {
		classes[e.Class] = true
		if e.LimitUnit == 0 || e.Closing == "" || e.Unit == "" || e.NameEN == "" {
			t.Errorf("%s is not complete", e.Name)
		}
	}
	if len(list) < 30 || len(classes) != 8 {
		t.Errorf("%d types of %d classes", len(list), len(classes))
	}
	p := &Pack{Catalogue: list}
	if e, err := p.EventType("暴露垃圾"); err != nil || e.Icon != "trash" {
		t.Errorf("%+v, %v", e, err)
	}
}

func BenchmarkLoad(b *testing.B) {
	data := realData(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(context.Background(), data); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(goodPack), []byte(dongguan), []byte(`{"type":"FeatureCollection","features":[`+square(`"code":441900003000`, "113.0", "22.0")+`]}`))
	f.Fuzz(func(t *testing.T, pack, divisions, boundaries []byte) {
		p, err := Load(context.Background(), fstest.MapFS{"pack.json": {Data: pack}, "d.csv": {Data: divisions}, "b.geojson": {Data: boundaries}})
		if err != nil {
			if !errors.Is(err, block.ErrInvalid) {
				t.Errorf("error %v is of no kind", err)
			}
			return
		}
		if _, err := p.Tree(); err != nil {
			t.Error(err)
		}
	})
}
