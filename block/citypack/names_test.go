package citypack

import (
	"context"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"kuaitu/block"
)

// withoutLevels loads divisions and one file of boundaries that has nothing but names.
func withoutLevels(t *testing.T, divisions []byte, file string, boundaries []byte, datum string) *Pack {
	t.Helper()
	p, err := Load(context.Background(), fstest.MapFS{
		"pack.json": {Data: []byte(`{"pack": 1, "name": "城", "divisions": {"file": "d.csv"}, "boundaries": [{"file": "` + file + `", "datum": "` + datum + `", "name": "NAME"}]}`)},
		"d.csv":     {Data: divisions},
		file:        {Data: boundaries},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A published file names streets without 街道, by words that are also those of communities and districts.
func TestShortNamesOfStreetsAreJoined(t *testing.T) {
	data := realData(t)
	divisions, err := fs.ReadFile(data, "divisions_shenzhen.csv")
	if err != nil {
		t.Fatal(err)
	}
	const file = "streets74_shenzhen_gcj02.geojson.gz"
	boundaries, err := fs.ReadFile(data, file)
	if err != nil {
		t.Fatal(err)
	}
	p := withoutLevels(t, divisions, file, boundaries, "gcj02")
	placed := map[block.Level]int{}
	for _, r := range p.Regions() {
		if r.Geometry != nil {
			placed[r.Level]++
		}
	}
	if placed[block.Street] != 74 || placed[block.Community]+placed[block.District] != 0 || len(p.Warnings) != 0 {
		t.Errorf("polygons by level %v, warnings %v", placed, p.Warnings)
	}
	for _, name := range []string{"南澳街道", "福田街道", "盐田街道"} {
		if byName(t, p, name).Geometry == nil {
			t.Errorf("%s has no polygon", name)
		}
	}
}

// What no level can be found out for is left out, in one sentence for each reason.
func TestNamesOfSeveralDivisionsAreLeftOut(t *testing.T) {
	const divisions = `code,name,level,parent
441900000000,东莞市,city,
441900101000,石碣镇,street,441900000000
441900102000,石龙镇,street,441900000000
441900101001,石碣社区,community,441900101000
441900102001,石龙社区,community,441900102000
`
	var list []string
	for i, name := range []string{"石碣", "石龙", "甲", "乙", "丙", "丁", "戊", "己", "庚"} {
		list = append(list, square(`"NAME":"`+name+`"`, "113."+string(rune('0'+i)), "22.0"))
	}
	p := withoutLevels(t, []byte(divisions), "b.geojson", []byte(`{"type":"FeatureCollection","features":[`+"\n"+strings.Join(list, ",\n")+`]}`), "cgcs2000")
	for _, r := range p.Regions() {
		if r.Geometry != nil {
			t.Errorf("%s has a polygon, although the name fits two divisions", r.Name)
		}
	}
	if len(p.Warnings) != 2 {
		t.Fatalf("%d warnings: %v", len(p.Warnings), p.Warnings)
	}
	for i, want := range []string{"b.geojson:4: 7 boundaries left out", "b.geojson:2: 2 boundaries left out"} {
		if got := p.Warnings[i].Error(); !strings.HasPrefix(got, want) {
			t.Errorf("warning %q, want %q", got, want)
		}
	}
	if got := p.Warnings[0].Text; !strings.HasSuffix(got, ": 甲, 乙, 丙, 丁, 戊 and 2 more") {
		t.Errorf("warning %q", got)
	}
}
