package e2e

import (
	"encoding/json"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestE2ERenderStyled draws a GeoPackage that is no store, and a store, by style documents.
func TestE2ERenderStyled(t *testing.T) {
	t.Parallel()
	store := standalone(t, true)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	ctl(t, "export", at("town.gpkg"), "--store", store, "--kind", "building", "--format", "gpkg").want(t, 0)
	document := func(name, table, paint string) string {
		return writeFile(t, at(name), []byte(`{"version": 8, "sources": {"d": {"type": "vector", "url": "town.gpkg"}}, "layers": [
			{"id": "ground", "type": "background", "paint": {"background-color": "#102030"}},
			{"id": "tall", "type": "fill", "source": "d", "source-layer": "`+table+`", "filter": ["has", "region_code"], "paint": `+paint+`}]}`))
	}
	good := document("good.json", "building", `{"fill-color": ["match", ["get", "use"], "nothing", "#ff0000", "#00ff00"], "fill-antialias": false}`)
	lon, lat := cell(0, 0, 0)
	where := ftoa(lon+cellWide/2) + "," + ftoa(lat+cellHigh/2)
	render := func(args ...string) outcome {
		return ctl(t, append([]string{"render", "--center", where, "--zoom", "16", "--size", "400x300"}, args...)...)
	}
	render("--gpkg", at("town.gpkg"), "--style", good, "--out", at("town.png"), "--json").want(t, 0)
	seen := colours(t, at("town.png"))
	if ground, green := seen[color.RGBA{0x10, 0x20, 0x30, 255}], seen[color.RGBA{0, 255, 0, 255}]; ground < 1000 || green < 100 || ground+green < 110_000 {
		t.Errorf("the picture has %d pixels of ground and %d of buildings, of 120000", ground, green)
	}
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{3, "the tables building", []string{"--gpkg", at("town.gpkg"), "--style", document("table.json", "houses", `{}`), "--out", at("x.png")}},
		{3, "layers[1].paint.fill-colour", []string{"--gpkg", at("town.gpkg"), "--style", document("word.json", "building", `{"fill-colour": "red"}`), "--out", at("x.png")}},
		{3, "no GeoPackage", []string{"--gpkg", good, "--style", good, "--out", at("x.png")}},
		{4, "there is no style", []string{"--gpkg", at("town.gpkg"), "--style", at("none.json"), "--out", at("x.png")}},
		{4, "there is no file", []string{"--gpkg", at("none.gpkg"), "--style", good, "--out", at("x.png")}},
		{2, "--style", []string{"--gpkg", at("town.gpkg"), "--out", at("x.png")}},
		{2, "--dark", []string{"--store", store, "--style", good, "--dark", "--out", at("x.png")}},
		{2, ".png", []string{"--gpkg", at("town.gpkg"), "--style", good, "--out", at("town.gpkg")}},
	} {
		if o := render(c.args...); o.code != c.code || !strings.Contains(string(o.err), c.says) {
			t.Errorf("%v: exit %d: %s", c.args, o.code, o.err)
		}
	}
	if o := render("--gpkg", at("town.gpkg"), "--style", at("word.json"), "--lenient", "--out", at("x.png")).want(t, 0); !strings.Contains(string(o.err), "fill-colour") {
		t.Errorf("what is left out is not named: %s", o.err)
	}
	requests := "oops\n" + `{"view":"a","lon":` + ftoa(lon) + `,"lat":` + ftoa(lat) + `,"zoom":15,"width":320,"height":200,"out":""}` + "\n"
	o := runWith(t, strings.NewReader(requests), "kuaituctl", "render", "--gpkg", at("town.gpkg"), "--style", good, "--serve").want(t, 0)
	lines := strings.Split(strings.TrimSpace(string(o.out)), "\n")
	var answer struct {
		View   string
		WallMS float64 `json:"wall_ms"`
	}
	if len(lines) != 3 || !strings.Contains(lines[1], "error") || json.Unmarshal([]byte(lines[2]), &answer) != nil || answer.View != "a" || answer.WallMS <= 0 {
		t.Errorf("render --gpkg --serve prints\n%s", o.out)
	}
	// the shipped styles draw a store, events of today among its records
	reportsAt(t, store, 3, "drawn")
	for _, name := range []string{"light", "dark", "wall"} {
		render("--store", store, "--style", name, "--out", at(name+".png")).want(t, 0)
		if seen := colours(t, at(name+".png")); len(seen) < 20 {
			t.Errorf("style %s draws %d colours", name, len(seen))
		}
	}
}

// colours counts the pixels of a picture by colour.
func colours(t *testing.T, path string) map[color.RGBA]int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	out := map[color.RGBA]int{}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			out[color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)]++
		}
	}
	return out
}
