package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"kuaitu/cmd/internal/cli"
)

// tileServer answers every tile with a square of one colour, or as answer says. Close it to take the network away.
func tileServer(t *testing.T, answer func(w http.ResponseWriter, n int64) bool) (config string, srv *httptest.Server) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 256, 256))
	for i := range img.Pix {
		img.Pix[i] = [4]byte{200, 120, 40, 255}[i%4]
	}
	var tile bytes.Buffer
	if err := png.Encode(&tile, img); err != nil {
		t.Fatal(err)
	}
	path := regexp.MustCompile(`^/\d+/\d+/\d+\.png$`)
	var n atomic.Int64
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case answer != nil && answer(w, n.Add(1)):
		case !path.MatchString(r.URL.Path):
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = w.Write(tile.Bytes()) // a client that has gone
		}
	}))
	t.Cleanup(srv.Close)
	config = filepath.Join(t.TempDir(), "source.json")
	doc := fmt.Sprintf(`[{"id":"town","kind":"xyz","url":"%s/{z}/{x}/{y}.png","max_zoom":16},{"id":"tdt","kind":"tianditu","layer":"vec","key":""}]`, srv.URL)
	if err := os.WriteFile(config, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	return config, srv
}

// offline runs the command and answers its exit code, its document and what it said.
func offline(t *testing.T, args ...string) (code int, doc offlineJSON, said string) {
	t.Helper()
	var out, talk bytes.Buffer
	err := cli.Program{Name: "kuaituctl", Commands: commands()}.Run(context.Background(), &cli.Env{Stdout: &out, Stderr: &talk}, append([]string{"offline", "--json"}, args...))
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
			t.Fatalf("%q: %v", out.String(), err)
		}
	}
	return cli.ExitCode(err), doc, talk.String()
}

const town = "114.0,22.5,114.05,22.54"

func TestOfflineTakesAnAreaAndProvesIt(t *testing.T) {
	config, srv := tileServer(t, nil)
	dir := t.TempDir()
	file, pic := filepath.Join(dir, "area.mbtiles"), filepath.Join(dir, "area.png")
	take := []string{"--source", config, "--id", "town", "--bbox", town, "--zooms", "11-14", "--out", file}
	if code, _, said := offline(t, append(take, "--plan")...); code != 0 || !strings.Contains(said, "tiles of levels 11 to 14") {
		t.Fatalf("plan: %d, %s", code, said)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a plan wrote the file")
	}
	code, first, said := offline(t, take...)
	if code != 0 || !first.Check.OK || first.Fetched != first.Plan.Tiles || first.Kept != 0 || first.Fetched < 15 {
		t.Fatalf("%d, %+v, %s", code, first, said)
	}
	srv.Close()
	code, check, said := offline(t, "--check", "--bbox", town, "--zooms", "11-14", "--out", file, "--picture", pic)
	if code != 0 || !check.Check.OK || check.Check.Present != first.Fetched {
		t.Fatalf("check: %d, %+v, %s", code, check, said)
	}
	f, err := os.Open(pic)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if c := color.RGBAModel.Convert(img.At(512, 384)).(color.RGBA); c.R < 190 || c.B > 60 {
		t.Errorf("the picture shows %v, not the tiles", c)
	}
	if code, more, _ := offline(t, "--check", "--bbox", "114.0,22.5,114.2,22.6", "--zooms", "11-14", "--out", file); code != cli.ExitNotFound || more.Check.Missing == 0 || len(more.Check.First) == 0 {
		t.Errorf("an area that is not there: %d, %+v", code, more)
	}
}

// TestOfflineGoesOn has the server fail in the middle: the same command fetches what is missing and no more.
func TestOfflineGoesOn(t *testing.T) {
	var broken atomic.Bool
	config, _ := tileServer(t, func(w http.ResponseWriter, _ int64) bool {
		if broken.Load() {
			w.WriteHeader(http.StatusForbidden)
		}
		return broken.Load()
	})
	file := filepath.Join(t.TempDir(), "area.mbtiles")
	take := func(zooms string) (int, offlineJSON, string) {
		return offline(t, "--source", config, "--id", "town", "--bbox", town, "--zooms", zooms, "--out", file)
	}
	if code, doc, said := take("11-13"); code != 0 {
		t.Fatalf("%d, %+v, %s", code, doc, said)
	}
	broken.Store(true)
	if code, _, said := take("11-14"); code != cli.ExitUnavailable || !strings.Contains(said, "403") {
		t.Errorf("a server that refuses: %d, %s", code, said)
	}
	broken.Store(false)
	code, doc, said := take("11-14")
	if code != 0 || doc.Kept == 0 || doc.Kept+doc.Fetched != doc.Plan.Tiles || !doc.Check.OK {
		t.Errorf("goes on: %d, %+v, %s", code, doc, said)
	}
}

func TestOfflineRefuses(t *testing.T) {
	config, srv := tileServer(t, nil)
	dir := t.TempDir()
	letter := filepath.Join(dir, "letter.mbtiles")
	if err := os.WriteFile(letter, []byte("a letter"), 0o600); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(dir, "new.mbtiles")
	base := []string{"--source", config, "--id", "town", "--bbox", town}
	with := func(args ...string) []string { return append(append([]string{}, base...), args...) }
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no place to write":   {base, cli.ExitUsage, "--out"},
		"another ending":      {with("--out", filepath.Join(dir, "a.db")), cli.ExitUsage, ".mbtiles"},
		"another file":        {with("--out", letter, "--zooms", "12-13"), cli.ExitConflict, "something else"},
		"no folder":           {with("--out", filepath.Join(dir, "no", "a.mbtiles")), cli.ExitNotFound, "no folder"},
		"levels turned round": {with("--out", fresh, "--zooms", "14-12"), cli.ExitInvalid, "coarser first"},
		"levels in words":     {with("--out", fresh, "--zooms", "all"), cli.ExitUsage, "10-16"},
		"levels it has not":   {with("--out", fresh, "--zooms", "20-21"), cli.ExitInvalid, "levels 0 to 16"},
		"no key":              {[]string{"--source", config, "--id", "tdt", "--bbox", town, "--out", fresh}, cli.ExitInvalid, "key"},
		"which source":        {[]string{"--source", config, "--bbox", town, "--out", fresh}, cli.ExitUsage, "town, tdt"},
		"unknown source":      {[]string{"--source", config, "--id", "x", "--bbox", town, "--out", fresh}, cli.ExitNotFound, "town, tdt"},
		"no source":           {[]string{"--source", filepath.Join(dir, "none.mbtiles"), "--bbox", town, "--out", fresh}, cli.ExitNotFound, "none.mbtiles"},
		"nothing to check":    {[]string{"--check", "--bbox", town, "--out", fresh}, cli.ExitNotFound, "new.mbtiles"},
		"region without one":  {[]string{"--source", config, "--region", "1", "--out", fresh}, cli.ExitUsage, "--store"},
	} {
		if code, _, said := offline(t, c.args...); code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%s: exit %d, %s", name, code, said)
		}
	}
	// 16 levels of one-colour tiles of about 1 kB: more than a millionth of what 16 x 16 degrees take, so the quota stands against them before the first is written
	if code, _, said := offline(t, "--source", config, "--id", "town", "--bbox", "100,10,116,26", "--zooms", "8-12", "--out", fresh, "--quota", "1"); code != cli.ExitRefused || !strings.Contains(said, "quota") {
		t.Errorf("quota: exit %d, %s", code, said)
	}
	srv.Close()
	if code, _, said := offline(t, with("--out", fresh, "--zooms", "12-13")...); code != cli.ExitUnavailable || strings.Count(said, "kuaituctl:") != 1 {
		t.Errorf("no network: exit %d, %s", code, said)
	}
	if _, err := os.Stat(fresh); err == nil {
		t.Error("a refused command wrote the file")
	}
	if b, err := os.ReadFile(letter); err != nil || string(b) != "a letter" {
		t.Errorf("the other file: %q, %v", b, err)
	}
}
