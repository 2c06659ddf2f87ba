package geofile_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"golang.org/x/text/encoding/simplifiedchinese"

	"kuaitu/geo"
	"kuaitu/geo/geofile"
)

// shp builds the bytes of a .shp of polygons, each a list of rings.
func shp(polygons ...[]orb.Ring) []byte {
	var body bytes.Buffer
	box := orb.Bound{Min: orb.Point{math.Inf(1), math.Inf(1)}, Max: orb.Point{math.Inf(-1), math.Inf(-1)}}
	for i, rings := range polygons {
		var rec bytes.Buffer
		le := func(v any) { binary.Write(&rec, binary.LittleEndian, v) }
		if rings == nil {
			le(int32(0))
		} else {
			n := 0
			for _, r := range rings {
				n += len(r)
				box = box.Union(r.Bound())
			}
			le(int32(5))
			le([4]float64{})
			le([2]int32{int32(len(rings)), int32(n)})
			at := int32(0)
			for _, r := range rings {
				le(at)
				at += int32(len(r))
			}
			for _, r := range rings {
				for _, p := range r {
					le([2]float64(p))
				}
			}
		}
		binary.Write(&body, binary.BigEndian, [2]int32{int32(i + 1), int32(rec.Len() / 2)})
		body.Write(rec.Bytes())
	}
	var out bytes.Buffer
	binary.Write(&out, binary.BigEndian, [7]int32{9994, 0, 0, 0, 0, 0, int32(50 + body.Len()/2)})
	binary.Write(&out, binary.LittleEndian, [2]int32{1000, 5})
	binary.Write(&out, binary.LittleEndian, [8]float64{box.Min[0], box.Min[1], box.Max[0], box.Max[1]})
	return append(out.Bytes(), body.Bytes()...)
}

type field struct {
	name     string // as bytes in the file
	kind     byte
	size     int
	decimals byte
}

// dbf builds the bytes of a .dbf; cells are cut and padded to the fields, a row that begins with "*" is marked deleted.
func dbf(language byte, fields []field, rows ...[]string) []byte {
	length := 1
	for _, f := range fields {
		length += f.size
	}
	var out bytes.Buffer
	out.Write([]byte{3, 126, 1, 1})
	binary.Write(&out, binary.LittleEndian, uint32(len(rows)))
	binary.Write(&out, binary.LittleEndian, [2]uint16{uint16(33 + 32*len(fields)), uint16(length)})
	head := make([]byte, 20)
	head[17] = language
	out.Write(head)
	for _, f := range fields {
		d := make([]byte, 32)
		copy(d[:11], f.name[:min(10, len(f.name))])
		d[11], d[16], d[17] = f.kind, byte(f.size), f.decimals
		out.Write(d)
	}
	out.WriteByte(0x0d)
	for _, row := range rows {
		mark := byte(' ')
		if row[0] == "*" {
			mark, row = '*', row[1:]
		}
		out.WriteByte(mark)
		for i, f := range fields {
			cell := make([]byte, f.size)
			for k := range cell {
				cell[k] = ' '
			}
			copy(cell, row[i])
			out.Write(cell)
		}
	}
	return append(out.Bytes(), 0x1a)
}

func gbk(s string) string {
	out, err := simplifiedchinese.GBK.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

func same(s string) string { return s }

// beside writes the parts of a Shapefile and returns the path of its .shp.
func beside(t testing.TB, stem string, parts map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for ext, b := range parts {
		if err := os.WriteFile(filepath.Join(dir, stem+ext), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, stem+".shp")
}

func cw(x, y, d float64) orb.Ring {
	return orb.Ring{{x, y}, {x, y + d}, {x + d, y + d}, {x + d, y}, {x, y}}
}

func ccw(x, y, d float64) orb.Ring {
	r := cw(x, y, d)
	r.Reverse()
	return r
}

var threeShapes = shp([]orb.Ring{cw(114, 22, 0.01)}, nil, []orb.Ring{cw(114, 22, 0.1), ccw(114.02, 22.02, 0.01), cw(114.5, 22, 0.1), ccw(114.51, 22.01, 0.01)})

// tables are three rows with a name field that is cut within its third character's second byte or so, in one encoding.
func threeRows(language byte, enc func(string) string) []byte {
	return dbf(language, []field{{enc("行政区划名称"), 'C', 20, 0}, {"FLOORS", 'N', 4, 0}, {"H", 'N', 8, 2}, {"D", 'D', 8, 0}, {"OK", 'L', 1, 0}, {"CODE", 'C', 7, 0}},
		[]string{enc("福田区香蜜湖街道"), "12", "36.50", "20180208", "T", "4403"},
		[]string{enc("罗湖区"), "", "****", "", "?", enc("罗湖罗湖")},
		[]string{enc("南山区粤海街道办"), "-1", "0.00", "00000000", "n", "x"})
}

func TestShapefileEncodings(t *testing.T) {
	for name, c := range map[string]struct {
		dbf      []byte
		cpg      string
		opts     geofile.Options
		encoding string
		column   string // cut to ten bytes
		first    string // cut to twenty bytes
		warnings int
	}{
		"GBK, by language id":         {threeRows(0x4d, gbk), "", geofile.Options{}, "gb18030", "行政区划名", "福田区香蜜湖街道", 0},
		"GBK, says nothing":           {threeRows(0, gbk), "", geofile.Options{}, "gb18030", "行政区划名", "福田区香蜜湖街道", 0},
		"GBK, .cpg":                   {threeRows(0, gbk), "GBK\n", geofile.Options{}, "gb18030", "行政区划名", "福田区香蜜湖街道", 0},
		"GBK, .cpg of 936":            {threeRows(0x57, gbk), "936", geofile.Options{}, "gb18030", "行政区划名", "福田区香蜜湖街道", 0},
		"GBK, .cpg lies":              {threeRows(0, gbk), "UTF-8", geofile.Options{}, "gb18030", "行政区划名", "福田区香蜜湖街道", 1},
		"UTF-8, .cpg":                 {threeRows(0x4d, same), "UTF-8", geofile.Options{}, "utf-8", "行政区", "福田区香蜜湖", 0},
		"UTF-8, says nothing":         {threeRows(0, same), "", geofile.Options{}, "utf-8", "行政区", "福田区香蜜湖", 0},
		"UTF-8, language id of GBK":   {threeRows(0x4d, same), "", geofile.Options{}, "utf-8", "行政区", "福田区香蜜湖", 1},
		"UTF-8, said by the person":   {threeRows(0x4d, same), "GBK", geofile.Options{Encoding: "UTF8"}, "utf-8", "行政区", "福田区香蜜湖", 0},
		"plain letters, not declared": {threeRows(0, func(s string) string { return "A" }), "", geofile.Options{}, "gb18030", "A", "A", 0},
	} {
		parts := map[string][]byte{".shp": threeShapes, ".dbf": c.dbf}
		if c.cpg != "" {
			parts[".cpg"] = []byte(c.cpg)
		}
		s := open(t, beside(t, "街道", parts), c.opts)
		fs, lost, err := all(s)
		if err != nil || len(lost) > 0 || len(fs) != 3 || s.Encoding != c.encoding || len(s.Warnings) != c.warnings || s.Count != 3 {
			t.Errorf("%s: %d features of %d, lost %v, %v, %s, %v", name, len(fs), s.Count, lost, err, s.Encoding, s.Warnings)
			continue
		}
		if got := s.Columns()[0].Name; got != c.column {
			t.Errorf("%s: column %q, want %q", name, got, c.column)
		}
		for column, want := range map[string]string{c.column: c.first, "FLOORS": "12", "H": "36.50", "D": "2018-02-08", "OK": "true", "CODE": "4403"} {
			if got := text(s, fs[0], column); got != want {
				t.Errorf("%s: %s = %q, want %q", name, column, got, want)
			}
		}
		for _, column := range []string{"FLOORS", "H", "D", "OK"} {
			if v := fs[1].Value(s.Column(column)); !v.IsNull() {
				t.Errorf("%s: %s is %v, want nothing", name, column, v)
			}
		}
		if got := text(s, fs[1], "CODE"); c.column != "A" && (strings.ContainsRune(got, '\ufffd') || !strings.HasPrefix("罗湖罗湖", got)) {
			t.Errorf("%s: a cut text came out as %q", name, got)
		}
		if fs[1].Geometry != nil || len(fs[2].Geometry.(orb.MultiPolygon)) != 2 || len(fs[2].Geometry.(orb.MultiPolygon)[1]) != 2 {
			t.Errorf("%s: geometries %v, %v", name, fs[1].Geometry, fs[2].Geometry)
		}
	}
}

func TestShapefileProjections(t *testing.T) {
	k, _ := geo.GaussKrugerEPSG(4547)
	zoned, _ := geo.GaussKrugerEPSG(4526)
	plane := func(k geo.GaussKruger) []byte {
		ring := cw(114, 22.5, 0.01)
		for i, p := range ring {
			ring[i] = k.Forward(p)
		}
		return shp([]orb.Ring{ring})
	}
	esri := `PROJCS["CGCS2000_3_Degree_GK_CM_114E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",114.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]`
	for name, c := range map[string]struct {
		shp  []byte
		prj  string
		opts geofile.Options
		says string // in the error
	}{
		"no .prj, degrees": {shp([]orb.Ring{cw(114, 22.5, 0.01)}), "", geofile.Options{}, ""},
		"WGS 84":           {shp([]orb.Ring{cw(114, 22.5, 0.01)}), `GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]`, geofile.Options{}, ""},
		"CGCS2000":         {shp([]orb.Ring{cw(114, 22.5, 0.01)}), `GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]`, geofile.Options{}, ""},
		"GK":               {plane(k), esri, geofile.Options{}, ""},
		"GK with zone":     {plane(zoned), strings.Replace(esri, "500000.0", "38500000.0", 1), geofile.Options{}, ""},
		"GK, said":         {plane(k), "", geofile.Options{EPSG: 4547}, ""},
		"no .prj, metres":  {plane(k), "", geofile.Options{}, "are no degrees"},
		"Beijing 1954":     {plane(k), strings.ReplaceAll(strings.ReplaceAll(esri, "China_Geodetic_Coordinate_System_2000", "Beijing_1954"), "CGCS2000", "Beijing_1954"), geofile.Options{}, "Beijing_1954"},
		"feet":             {plane(k), strings.Replace(esri, `UNIT["Meter",1.0]`, `UNIT["Foot_US",0.3048006096]`, 1), geofile.Options{}, "Foot_US"},
		"UTM":              {plane(k), strings.Replace(esri, `"Scale_Factor",1.0`, `"Scale_Factor",0.9996`, 1), geofile.Options{}, "cannot be converted"},
		"nonsense":         {plane(k), "hello", geofile.Options{}, "not understood"},
		"unknown code":     {plane(k), "", geofile.Options{EPSG: 2435}, "EPSG:2435"},
	} {
		path := beside(t, "a", map[string][]byte{".shp": c.shp, ".prj": []byte(c.prj)})
		s, err := geofile.Open(context.Background(), path, c.opts)
		if c.says != "" {
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "a.shp: ") {
				t.Errorf("%s: %v, want %q", name, err, c.says)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		fs, _, err := all(s)
		if err != nil || len(fs) != 1 || geo.Distance(fs[0].Geometry.(orb.Polygon)[0][0], orb.Point{114, 22.5}) > 0.001 {
			t.Errorf("%s: %v, %v", name, fs, err)
		}
		if (s.Declared == nil) != (c.prj == "" && c.opts.EPSG == 0) {
			t.Errorf("%s: declared %v", name, s.Declared)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestShapefileZip(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, stem := range []string{"街道边界", "社区边界"} {
		for ext, content := range map[string][]byte{".SHP": threeShapes, ".DBF": threeRows(0x4d, gbk)} {
			w, err := z.CreateHeader(&zip.FileHeader{Name: gbk("数据/"+stem) + ext, NonUTF8: true, Method: zip.Deflate})
			if err != nil {
				t.Fatal(err)
			}
			w.Write(content)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := written(t, "a.zip", b.Bytes())
	layers, err := geofile.Layers(context.Background(), path)
	if err != nil || strings.Join(layers, "|") != "数据/社区边界|数据/街道边界" {
		t.Errorf("layers %q, %v", layers, err)
	}
	s := open(t, path, geofile.Options{Layer: "街道边界"})
	if fs, lost, err := all(s); err != nil || len(lost) > 0 || len(fs) != 3 || s.Name != "街道边界" {
		t.Errorf("%s: %d features, %v, %v", s.Name, len(fs), lost, err)
	}
	if _, err := geofile.Open(context.Background(), path, geofile.Options{Layer: "x"}); err == nil {
		t.Error("a layer that is not there was opened")
	}
	if _, err := geofile.Open(context.Background(), written(t, "b.zip", b.Bytes()[:b.Len()/2]), geofile.Options{}); err == nil {
		t.Error("half a zip was opened")
	}
}

func TestShapefileFaults(t *testing.T) {
	table := threeRows(0x4d, gbk)
	deleted := dbf(0, []field{{"A", 'C', 3, 0}}, []string{"1"}, []string{"*", "2"}, []string{"3"})
	damaged := bytes.Clone(threeShapes)
	binary.LittleEndian.PutUint32(damaged[100+8+4+32:], 1<<30) // parts of the first record
	huge := bytes.Clone(threeShapes)
	binary.BigEndian.PutUint32(huge[104:], 1<<31)
	for name, c := range map[string]struct {
		shp, dbf   []byte
		good, lost int
		says       string
	}{
		"whole":              {threeShapes, table, 3, 0, ""},
		"deleted row":        {threeShapes, deleted, 2, 0, ""},
		"no table":           {threeShapes, nil, 3, 0, ""},
		"cut .shp":           {threeShapes[:len(threeShapes)-9], table, 2, 0, "a.shp:3: the .shp is cut off: 2 records could be read"},
		"cut .dbf":           {threeShapes, table[:len(table)-30], 2, 0, "a.shp:3: the .dbf is cut off: 2 rows could be read"},
		"fewer shapes":       {shp([]orb.Ring{cw(114, 22, 1)}), table, 1, 0, "a.shp:2: the .shp ends here, the .dbf has 2 more rows"},
		"damaged record":     {damaged, table, 2, 1, ""},
		"a length of 4 GB":   {huge, table, 0, 0, "a.shp:1: a record says it has 4294967296 bytes: the file is damaged"},
		"no Shapefile":       {[]byte("hello, this is text, and some more of it"), table, 0, 0, "a.shp: is no Shapefile, or cut off in its header"},
		"a damaged header":   {threeShapes, table[:40], 0, 0, "a.shp: the .dbf header is damaged"},
		"fields over length": {threeShapes, append(append(bytes.Clone(table[:10]), 2, 0), table[12:]...), 0, 0, "a.shp: the .dbf header is damaged: its fields are longer than its rows"},
	} {
		parts := map[string][]byte{".shp": c.shp}
		if c.dbf != nil {
			parts[".dbf"] = c.dbf
		}
		s, err := geofile.Open(context.Background(), beside(t, "a", parts), geofile.Options{})
		var fs []geofile.Feature
		var lost []*geofile.RecordError
		if err == nil {
			fs, lost, err = all(s)
			s.Close()
		}
		got := ""
		if err != nil {
			got = err.Error()
		}
		if len(fs) != c.good || len(lost) != c.lost || got != c.says {
			t.Errorf("%s: %d good, lost %v, %q; want %d, %d, %q", name, len(fs), lost, got, c.good, c.lost, c.says)
		}
	}
}

func TestShapefileRings(t *testing.T) {
	for name, c := range map[string]struct {
		rings []orb.Ring
		parts []int // rings of each polygon
	}{
		"one the wrong way":         {[]orb.Ring{ccw(0, 0, 4)}, []int{1}},
		"hole":                      {[]orb.Ring{cw(0, 0, 4), ccw(1, 1, 1)}, []int{2}},
		"hole first":                {[]orb.Ring{ccw(1, 1, 1), cw(0, 0, 4)}, []int{2}},
		"island in a lake":          {[]orb.Ring{cw(0, 0, 9), ccw(1, 1, 7), cw(2, 2, 5), ccw(3, 3, 1)}, []int{2, 2}},
		"all the wrong way":         {[]orb.Ring{ccw(0, 0, 9), ccw(1, 1, 7), ccw(2, 2, 5), ccw(20, 0, 1)}, []int{2, 1, 1}},
		"hole in nothing":           {[]orb.Ring{cw(0, 0, 4), ccw(10, 10, 1)}, []int{1, 1}},
		"hole touching at a corner": {[]orb.Ring{cw(0, 0, 4), ccw(0, 0, 1)}, []int{2}},
	} {
		s := open(t, beside(t, "a", map[string][]byte{".shp": shp(c.rings)}), geofile.Options{})
		fs, _, err := all(s)
		if err != nil || len(fs) != 1 {
			t.Fatalf("%s: %v", name, err)
		}
		var got []int
		switch g := fs[0].Geometry.(type) {
		case orb.Polygon:
			got = []int{len(g)}
		case orb.MultiPolygon:
			for _, p := range g {
				got = append(got, len(p))
			}
		}
		if len(got) != len(c.parts) || got[0] != c.parts[0] || got[len(got)-1] != c.parts[len(got)-1] {
			t.Errorf("%s: %v, want %v", name, got, c.parts)
		}
	}
}

func FuzzShapefile(f *testing.F) {
	f.Add(threeShapes, threeRows(0x4d, gbk), "PROJCS[")
	f.Add(shp([]orb.Ring{cw(0, 0, 1), ccw(0, 0, 1)}), threeRows(0, same), "")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, shp, dbf []byte, prj string) {
		overwritten(t, dir, "a.dbf", dbf)
		overwritten(t, dir, "a.prj", []byte(prj))
		s, err := geofile.Open(context.Background(), overwritten(t, dir, "a.shp", shp), geofile.Options{})
		if err != nil {
			return
		}
		defer s.Close()
		fs, _, _ := all(s)
		for _, f := range fs {
			if len(f.Values) != len(s.Columns()) {
				t.Errorf("%d values in %d columns", len(f.Values), len(s.Columns()))
			}
		}
	})
}
