package geofile_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"strings"
	"testing"

	"kuaitu/geo/geofile"
)

func TestDetectEncoding(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"nothing":            {"", "utf-8"},
		"ASCII":              {"code,name\n1,a\n", "utf-8"},
		"UTF-8":              {"名称,经度", "utf-8"},
		"UTF-8 cut":          {strings.Repeat("深圳市", 20)[:40], "utf-8"},
		"GBK":                {gbk("名称,经度"), "gb18030"},
		"GBK cut":            {gbk("深圳市福田区")[:9], "gb18030"},
		"GBK, one word":      {"a,b\n1," + gbk("深圳") + "\n", "gb18030"},
		"GBK, full width":    {gbk("（一）、《规定》：ＡＢＣ"), "gb18030"},
		"four bytes":         {gbk("王") + "\x95\x32\x82\x36" + gbk("先生"), "gb18030"},
		"Latin":              {"Caf\xe9 on the Rua da Fran\xe7a\n", "windows-1252"},
		"UTF-16LE, unmarked": {"a\x00,\x00b\x00\n\x00", "utf-16le"},
		"UTF-16BE, unmarked": {"\x00a\x00,\x00b\x00\n", "utf-16be"},
	} {
		got, confidence := geofile.DetectEncoding([]byte(c.text))
		if got != c.want || confidence < 0 || confidence > 1 {
			t.Errorf("%s: %s (%.2f), want %s", name, got, confidence, c.want)
		}
	}
}

func TestUnknownEncodingIsSaid(t *testing.T) {
	_, err := geofile.Open(context.Background(), written(t, "a.csv", []byte("a\n1\n")), geofile.Options{Encoding: "klingon"})
	if f, ok := errors.AsType[*geofile.FileError](err); !ok || !strings.Contains(f.Reason, "klingon") {
		t.Errorf("%v", err)
	}
}

func TestCutGzip(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(`{"type":"FeatureCollection","features":[`))
	for range 3000 {
		z.Write([]byte(`{"type":"Feature","properties":{"a":"` + strings.Repeat("x", 50) + `"},"geometry":null},` + "\n"))
	}
	z.Close()
	for _, file := range []string{"a.geojson.gz", "a.csv.gz"} {
		s := open(t, written(t, file, b.Bytes()[:b.Len()*2/3]), geofile.Options{})
		fs, _, err := all(s)
		if _, ok := errors.AsType[*geofile.FileError](err); !ok {
			t.Errorf("%s: %d features, then %v", file, len(fs), err)
		}
	}
	if _, err := geofile.Open(context.Background(), written(t, "b.csv.gz", []byte("\x1f\x8bnot gzip at all")), geofile.Options{}); err == nil {
		t.Error("a damaged gzip was opened")
	}
}

func TestFeaturesStopWithTheirContext(t *testing.T) {
	s := open(t, realFile(t, "buildings_macau.geojson.gz"), geofile.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	var end error
	for _, err := range s.Features(ctx) {
		if n++; n == 100 {
			cancel()
		}
		end = err
	}
	if !errors.Is(end, context.Canceled) || n > 1000 {
		t.Errorf("%d features, then %v", n, end)
	}
	if done, size := s.Progress(); done <= 0 || done >= size {
		t.Errorf("progress %d of %d", done, size)
	}
	for range s.Features(context.Background()) {
		break
	}
}
