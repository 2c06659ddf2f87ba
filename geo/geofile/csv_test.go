package geofile_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"kuaitu/geo/geofile"
)

const table = "名称,经度,纬度,证号\n深圳市民中心,114.0571,22.5431,440305199001011234\n\"平安, 金融\n中心\",114.0503,22.5367,\n没有位置,,,1\n"

func TestCSVEncodings(t *testing.T) {
	encoded := func(e encoding.Encoding, s string) []byte {
		b, err := e.NewEncoder().Bytes([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		content  []byte
		encoding string // found
		opts     geofile.Options
	}{
		"UTF-8":         {[]byte(table), "utf-8", geofile.Options{}},
		"UTF-8 BOM":     {[]byte("\xef\xbb\xbf" + table), "utf-8", geofile.Options{}},
		"BOM, GB 18030": {append([]byte("\xef\xbb\xbf"), encoded(simplifiedchinese.GB18030, table)...), "gb18030", geofile.Options{}},
		"GB 18030":      {encoded(simplifiedchinese.GB18030, table), "gb18030", geofile.Options{}},
		"GBK, rare":     {encoded(simplifiedchinese.GB18030, strings.ReplaceAll(table, "没有", "㼆𠮷")), "gb18030", geofile.Options{}},
		"GBK, declared": {encoded(simplifiedchinese.GBK, table), "gb18030", geofile.Options{Encoding: "GBK"}},
		"Big5":          {encoded(traditionalchinese.Big5, strings.NewReplacer("名称", "名稱", "经度", "經度", "纬度", "緯度", "证号", "證號", "没有", "沒有", "深圳市民中心", "澳門特別行政區政府總部").Replace(table)), "big5", geofile.Options{Lon: "經度", Lat: "緯度"}},
		"UTF-16 BOM":    {encoded(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), table), "utf-16le", geofile.Options{}},
		"UTF-16BE BOM":  {encoded(unicode.UTF16(unicode.BigEndian, unicode.UseBOM), table), "utf-16be", geofile.Options{}},
		"semicolons":    {[]byte(strings.ReplaceAll(strings.ReplaceAll(table, "平安, 金融", "平安; 金融"), ",", ";")), "utf-8", geofile.Options{}},
		"tabs":          {[]byte(strings.ReplaceAll(strings.ReplaceAll(table, "平安, 金融", "平安 金融"), ",", "\t")), "utf-8", geofile.Options{}},
		"CR":            {[]byte(strings.ReplaceAll(table, "\n", "\r")), "utf-8", geofile.Options{}},
		"CR, LF within": {[]byte(strings.ReplaceAll(strings.ReplaceAll(table, "\n", "\r"), "金融\r", "金融\n")), "utf-8", geofile.Options{}},
		"CR, UTF-16":    {encoded(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), strings.ReplaceAll(table, "\n", "\r")), "utf-16le", geofile.Options{}},
		"CRLF":          {[]byte(strings.ReplaceAll(table, "\n", "\r\n")), "utf-8", geofile.Options{}},
	} {
		s := open(t, written(t, "a.csv", c.content), c.opts)
		fs, lost, err := all(s)
		if err != nil || len(lost) > 0 || len(fs) != 3 || s.Encoding != c.encoding {
			t.Errorf("%s: %d features, lost %v, %v, read as %s (%v)", name, len(fs), lost, err, s.Encoding, s.Warnings)
			continue
		}
		if !orb.Equal(fs[0].Geometry, orb.Point{114.0571, 22.5431}) || fs[2].Geometry != nil {
			t.Errorf("%s: places %v, %v", name, fs[0].Geometry, fs[2].Geometry)
		}
		if fs[1].Line != 3 || fs[2].Line != 5 || fs[0].Value(3).Text != "440305199001011234" {
			t.Errorf("%s: lines %d, %d; code %q", name, fs[1].Line, fs[2].Line, fs[0].Value(3).Text)
		}
		if got := s.Columns()[0].Name; got != "名称" && got != "名稱" {
			t.Errorf("%s: first column %q", name, got)
		}
	}
}

// near compares a place to some thousandths of a millimetre: minutes and seconds are no exact parts of a degree.
func near(g orb.Geometry, want orb.Point) bool {
	p, ok := g.(orb.Point)
	return ok && math.Abs(p[0]-want[0]) < 1e-11 && math.Abs(p[1]-want[1]) < 1e-11
}

func TestCSVPlaces(t *testing.T) {
	want := orb.Point{114.05, 22.54}
	for name, content := range map[string]string{
		"lon lat":       "id,lon,lat\n1,114.05,22.54\n",
		"upper case":    "id,LNG,LAT\n1, 114.05 ,22.54\n",
		"x y":           "id,X,Y\n1,114.05,22.54\n",
		"surveyor x y":  "id,X,Y\n1,22.54,114.05\n",
		"with unit":     "id,经度(度),纬度（度）\n1,114.05,22.54\n",
		"WKT":           "id;wkt\n1;POINT (114.05 22.54)\n",
		"EWKT":          "id\tthe_geom\n1\tSRID=4490;POINT(114.05 22.54)\n",
		"full width":    "id,lon,lat\n1,１１４．０５,２２。５４\n",
		"minutes":       "id,lon,lat\n1,114°03'00\",22°32'24\"\n",
		"one plain":     "id,lon,lat\n1,114.05,22度32分24秒\n",
		"hemispheres":   "id,lon,lat\n1,114°3′E,22°32′24″N\n",
		"quoted as =\"": "id,lon,lat\n=\"0012\",114.05,22.54\n",
	} {
		s := open(t, written(t, "a.csv", []byte(content)), geofile.Options{})
		fs, lost, err := all(s)
		if err != nil || len(lost) > 0 || len(fs) != 1 || !near(fs[0].Geometry, want) {
			t.Errorf("%s: %v, lost %v, %v", name, fs, lost, err)
		}
		if name == "surveyor x y" && len(s.Warnings) == 0 {
			t.Errorf("%s: no warning", name)
		}
	}
	s := open(t, written(t, "a.csv", []byte("a,lon,lat\n1,here,22\n2,114,22,5\n3,114,22\n4,114,22,,\n")), geofile.Options{})
	fs, lost, err := all(s)
	if len(fs) != 2 || len(lost) != 2 || err != nil || lost[0].Line != 2 || lost[1].Error() != "a.csv:3: the row has 4 cells, the header 3" {
		t.Errorf("%v, lost %v, %v", fs, lost, err)
	}
}

// A place that cannot be read is left out with its column, what the cell has, and the line.
func TestCSVPlaceReasons(t *testing.T) {
	s := open(t, written(t, "a.csv", []byte("名称,经度,纬度\na,\"113,5\",22\nb,,22\nc,114,abc\nd,113:30:00,x\ne,114°61',22°\nf,23°N,22°N\nh,114,22\n")), geofile.Options{})
	fs, lost, err := all(s)
	if len(fs) != 1 || err != nil {
		t.Fatalf("%d places, lost %v, %v", len(fs), lost, err)
	}
	for i, want := range []string{
		`a.csv:2: column "经度": "113,5" is no coordinate in degrees`,
		`a.csv:3: column "经度" is empty`,
		`a.csv:4: column "纬度": "abc" is no coordinate in degrees`,
		`a.csv:5: column "经度": "113:30:00" is no coordinate in degrees; column "纬度": "x" is no coordinate in degrees`,
		`a.csv:6: column "经度": "114°61'" is no coordinate in degrees`,
		`a.csv:7: columns "经度" and "纬度": "23°N" and "22°N" are no place`,
	} {
		if i >= len(lost) || lost[i].Error() != want {
			t.Errorf("lost %v, want %s", lost, want)
		}
	}
}

// A file may be plain for a megabyte before its first Chinese name; and one line may be in another encoding.
func TestCSVLateText(t *testing.T) {
	plain := "id,name\n" + strings.Repeat("12345678,abcdefgh\n", 60000)
	s := open(t, written(t, "a.csv", []byte(plain+"1,"+gbk("深圳市民中心")+"\n")), geofile.Options{})
	fs, lost, err := all(s)
	if err != nil || len(lost) > 0 || s.Encoding != "gb18030" || text(s, fs[len(fs)-1], "name") != "深圳市民中心" {
		t.Errorf("late GBK: %s, lost %v, %v", s.Encoding, lost, err)
	}
	s = open(t, written(t, "b.csv", []byte("id,name\n1,深圳市民中心\n2,"+gbk("深圳市民中心")+"\n3,x\n")), geofile.Options{Encoding: "utf-8"})
	fs, lost, err = all(s)
	if err != nil || len(fs) != 2 || len(lost) != 1 || lost[0].Line != 3 {
		t.Errorf("mixed: %d rows, lost %v, %v", len(fs), lost, err)
	}
}

func TestRealCSV(t *testing.T) {
	for name, want := range map[string]struct{ rows, places int }{
		"divisions_shenzhen.csv":      {877, 0},
		"divisions_wuhan.csv":         {3702, 0},
		"addresses_macau.csv.gz":      {13882, 13882},
		"pois_macau.csv.gz":           {4826, 4826},
		"events_pingshan_2018.csv.gz": {8000, 0},
		"events_baltimore_311.csv.gz": {10000, 9410},
	} {
		s := open(t, realFile(t, name), geofile.Options{})
		fs, lost, err := all(s)
		places := 0
		for _, f := range fs {
			if f.Geometry != nil {
				places++
			}
		}
		if err != nil || len(lost) > 0 || len(fs) != want.rows || places != want.places {
			t.Errorf("%s: %d rows, %d places, lost %d, %v; want %d and %d", name, len(fs), places, len(lost), err, want.rows, want.places)
		}
	}
}

func TestPreview(t *testing.T) {
	look, err := geofile.Preview(context.Background(), written(t, "a.geojson", []byte(twoFeatures)), geofile.Options{}, 5)
	if err != nil || len(look.Rows) != 2 || len(look.Rows[0]) != len(look.Columns) || look.Source.Encoding != "utf-8" {
		t.Errorf("%+v, %v", look, err)
	}
}

func TestDestroyedNumber(t *testing.T) {
	for text, want := range map[string]bool{"4.40305E+17": true, "4.40305e+17": true, "1E+24": true, "4.40305199001011E+17": true, "1.5E+3": false,
		"440305199001011234": false, "12E+17": false, "E+17": false, "abcE+17": false, "": false, "4.4E-17": false, "0.5E+17": false} {
		if got := geofile.DestroyedNumber(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(table))
	f.Add([]byte("wkt\nPOLYGON((0 0,1 0,1 1,0 0))\nMULTIPOINT(\n"))
	f.Add([]byte(strings.ReplaceAll(table, "\n", "\r")))
	f.Add([]byte("\xff\xfea\x00,\x00"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := geofile.Open(context.Background(), overwritten(t, dir, "a.csv", b), geofile.Options{})
		if err == nil {
			all(s)
			s.Close()
		}
	})
}

func TestCSVOpenQuote(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		line    int64 // 0: no fault
	}{
		"in the middle":    {"name,lon,lat\na,114,22\n\"b,114,22\nc,114,22\n", 3},
		"at the end":       {"name,lon,lat\na,114,22\n\"b", 3},
		"second cell":      {"name,note\na,\"x\"\nb,\"y\nz\n", 3},
		"after a long one": {"name,note\na,\"x\ny\nz\",\"w\n", 4},
		"closed":           {"name,lon,lat\n\"a, or \"\"b\"\"\",114,22\n", 0},
		"closed, no end":   {"name,lon,lat\n\"a\",114,\"22\"", 0},
		"a lone quote":     {"name,lon,lat\na \" b,114,22\n", 0},
		"lazy":             {"name,lon,lat\n\"a\" b\",114,22\n", 0},
		"two lines":        {"name,lon,lat\n\"a\nb\",114,22\n\n", 0},
	} {
		s := open(t, written(t, "a.csv", []byte(c.content)), geofile.Options{})
		_, _, err := all(s)
		var file *geofile.FileError
		switch {
		case c.line == 0 && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.line > 0 && (!errors.As(err, &file) || file.Line != c.line):
			t.Errorf("%s: error %v, want one on line %d", name, err, c.line)
		}
	}
}
