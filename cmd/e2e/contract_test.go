package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestE2EExitCodes goes through what users get wrong: one sentence, the right code, and nothing changed.
func TestE2EExitCodes(t *testing.T) {
	t.Parallel()
	c := newCity(t)
	enrolled := c.console(streetCode(0, 0))
	alone := standalone(t, true)
	pack, _ := town(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }

	good := writeJSON(t, at("good.geojson"), collection(townBuildings(9)[:20]))
	broken := writeFile(t, at("broken.geojson"), []byte("{\"type\":\"FeatureCollection\",\"features\":[\n{\"type\":\"Feature\",\"properties\":{},\"geometry\":null},\n{\"type\":\"Feature\" oops\n]}"))
	cut := writeFile(t, at("cut.geojson"), []byte("{\"type\":\"FeatureCollection\",\"features\":[\n{\"type\":\"Feature\",\"properties\":{\"name\":\"half\"},\"geom"))
	nonsense := writeFile(t, at("nonsense.gpkg"), bytes.Repeat([]byte("no store\n"), 1000))
	empty := writeFile(t, at("empty.gpkg"), nil)
	foreign := at("foreign.gpkg")
	behind(t, foreign, "CREATE TABLE other (x)")
	damaged := at("damaged.gpkg")
	copyFile(t, alone, damaged)
	f, err := os.OpenFile(damaged, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, 4000), 0); err != nil {
		t.Fatal(err)
	}
	f.Close()
	badPack := at("badpack")
	if err := os.CopyFS(badPack, os.DirFS(pack)); err != nil {
		t.Fatal(err)
	}
	divisions, err := os.ReadFile(filepath.Join(pack, "divisions.csv"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(badPack, "divisions.csv"), append(divisions, "997799001000,孤街道,street,997799000000\n"...))
	badJSON := at("badjson")
	if err := os.CopyFS(badJSON, os.DirFS(pack)); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(badJSON, "pack.json"), []byte("{\n  \"pack\": 1,\n  \"name\": oops\n}\n"))
	notPNG := at("map.jpg")

	for _, c := range []struct {
		name string
		code int
		says string
		args []string
	}{
		{"no command", 2, "", nil},
		{"unknown command", 2, "", []string{"explode"}},
		{"unknown flag", 2, "", []string{"count", "--nonsense"}},
		{"no store", 2, "", []string{"count", "--kind", "building"}},
		{"store not there", 4, "", []string{"count", "--store", at("none.gpkg"), "--kind", "building"}},
		{"level unknown", 2, "", []string{"count", "--store", alone, "--kind", "building", "--by", "planet"}},
		{"kind unknown", 3, "", []string{"count", "--store", alone, "--kind", "spaceship"}},
		{"import: file not there", 4, "", []string{"import", at("none.geojson"), "--store", alone, "--kind", "building", "--datum", "wgs84"}},
		{"import: broken file", 3, "broken.geojson:4", []string{"import", broken, "--store", alone, "--kind", "building", "--datum", "wgs84"}},
		{"import: file cut off", 3, "cut.geojson:2", []string{"import", cut, "--store", alone, "--kind", "building", "--datum", "wgs84"}},
		{"import: kind unknown", 3, "", []string{"import", good, "--store", alone, "--kind", "spaceship", "--datum", "wgs84"}},
		{"import: datum missing", 2, "--datum", []string{"import", good, "--store", alone, "--kind", "building"}},
		{"import: datum unknown", 2, "--datum", []string{"import", good, "--store", alone, "--kind", "building", "--datum", "mars"}},
		{"import: encoding unknown", 3, "", []string{"import", good, "--store", alone, "--kind", "building", "--datum", "wgs84", "--encoding", "klingon"}},
		{"import: mapping not there", 4, "", []string{"import", good, "--store", alone, "--kind", "building", "--datum", "wgs84", "--map", at("none.json")}},
		{"import: a foreign format", 3, "", []string{"import", nonsense, "--store", alone, "--kind", "building", "--datum", "wgs84"}},
		{"import: enrolled, broken file", 3, "broken.geojson:4", []string{"import", broken, "--store", enrolled, "--kind", "building", "--datum", "wgs84"}},
		{"report: type unknown", 3, "", []string{"report", "--store", alone, "--type", "没有这种", "--lon", "113.01", "--lat", "23.01"}},
		{"report: place impossible", 3, "", []string{"report", "--store", enrolled, "--type", "暴露垃圾", "--lon", "999", "--lat", "23.01"}},
		{"report: at no place", 3, "km from", []string{"report", "--store", alone, "--type", "暴露垃圾", "--lon", "0", "--lat", "0"}},
		{"report: no number", 3, "NaN", []string{"report", "--store", enrolled, "--type", "暴露垃圾", "--lon", "NaN", "--lat", "23.01"}},
		{"report: another city", 3, "km from", []string{"report", "--store", enrolled, "--type", "暴露垃圾", "--lon", "116.4", "--lat", "39.9"}},
		{"report: turned", 3, "longitude comes first", []string{"report", "--store", enrolled, "--type", "暴露垃圾", "--lon", "23.01", "--lat", "113.01"}},
		{"edit: negative floors", 3, "floors: is not between 0 and 300", []string{"edit", "--store", alone, "--kind", "building", "--id", buildingAt(t, alone, 1), "--set", "floors=-3"}},
		{"edit: year", 3, "year", []string{"edit", "--store", enrolled, "--kind", "building", "--id", buildingAt(t, enrolled, 1), "--set", "year=99999"}},
		{"report: place missing", 2, "", []string{"report", "--store", enrolled, "--type", "暴露垃圾"}},
		{"edit: no such record", 4, "", []string{"edit", "--store", enrolled, "--kind", "building", "--id", "01a20aed-422b-79ad-8a05-597abb52520f", "--set", "name=x"}},
		{"edit: no such field", 3, "", []string{"edit", "--store", enrolled, "--kind", "building", "--id", buildingAt(t, enrolled, 1), "--set", "wings=2"}},
		{"edit: not a number", 3, "", []string{"edit", "--store", enrolled, "--kind", "building", "--id", buildingAt(t, enrolled, 1), "--set", "floors=many"}},
		{"edit: not an ID", 3, "", []string{"edit", "--store", enrolled, "--kind", "building", "--id", "17", "--set", "name=x"}},
		{"sync: standalone", 5, "", []string{"sync", "--store", alone, "--server", "http://127.0.0.1:1"}},
		{"sync: enrol a standalone store", 5, "", []string{"sync", "--store", alone, "--server", "http://127.0.0.1:1", "--enrol", "AAAA"}},
		{"sync: no server there", 6, "", []string{"sync", "--store", at("new.gpkg"), "--server", "http://127.0.0.1:1", "--enrol", "AAAA", "--json"}},
		{"sync: not an address", 3, "", []string{"sync", "--store", at("new.gpkg"), "--server", "gopher://x", "--enrol", "AAAA"}},
		{"init: pack not there", 4, "", []string{"init", "--store", at("made.gpkg"), "--pack", at("none")}},
		{"init: pack with an orphan", 3, "divisions.csv:17", []string{"init", "--store", at("made.gpkg"), "--pack", badPack}},
		{"init: broken pack.json", 3, "pack.json:3", []string{"init", "--store", at("made.gpkg"), "--pack", badJSON}},
		{"init: store there already", 5, "", []string{"init", "--store", alone, "--pack", pack}},
		{"a file that is no store", 3, "", []string{"count", "--store", nonsense, "--kind", "building"}},
		{"an empty file", 3, "", []string{"count", "--store", empty, "--kind", "building"}},
		{"a database of others", 3, "", []string{"count", "--store", foreign, "--kind", "building"}},
		{"a damaged store", 3, "", []string{"count", "--store", damaged, "--kind", "building"}},
		{"a folder", 3, "", []string{"count", "--store", dir, "--kind", "building"}},
		{"export: no format", 2, "", []string{"export", at("x"), "--store", alone, "--kind", "building", "--format", "scroll"}},
		{"export: no folder", 4, "", []string{"export", at("no/where.csv"), "--store", alone, "--kind", "building", "--format", "csv"}},
		{"export: no region", 4, "", []string{"export", at("x.csv"), "--store", alone, "--kind", "building", "--format", "csv", "--region", "12"}},
		{"render: size", 2, "", []string{"render", "--store", alone, "--center", "113.01,23.01", "--size", "huge", "--out", at("x.png")}},
		{"picture: no region", 4, "", []string{"picture", "--store", alone, "--region", "12", "--out", at("x.png")}},
		{"picture: no PNG", 2, "", []string{"picture", "--store", alone, "--region", townCode, "--out", notPNG}},
		{"identify: not a place", 3, "", []string{"identify", "500", "500", "--store", alone}},
		{"identify: turned", 3, "longitude comes first", []string{"identify", "23.01", "113.01", "--store", alone}},
		{"identify: no number", 2, "NaN", []string{"identify", "NaN", "23.01", "--store", alone}},
		{"identify: zoom", 3, "zoom 150", []string{"identify", "113.01", "23.01", "--zoom", "150", "--store", alone}},
		{"help of nothing", 2, "nonsense", []string{"help", "nonsense"}},
		{"search: limit negative", 2, "--limit", []string{"search", "x", "--store", alone, "--limit", "-1"}},
		{"search: limit zero", 2, "--limit", []string{"search", "x", "--store", alone, "--limit", "0"}},
		{"search: limit huge", 2, "--limit", []string{"search", "x", "--store", alone, "--limit", "99999999"}},
		{"search: near nowhere", 3, "999", []string{"search", "x", "--store", alone, "--near", "999,999"}},
		{"ops: limit negative", 2, "--limit", []string{"ops", "--store", enrolled, "--limit", "-5"}},
		{"export: box turned", 3, "west", []string{"export", at("x.csv"), "--store", alone, "--kind", "building", "--format", "csv", "--bbox", "114,23,113,24"}},
		{"export: region nearly", 4, "did you mean " + townCode, []string{"export", at("x.csv"), "--store", alone, "--kind", "building", "--format", "csv", "--region", strings.TrimRight(townCode, "0")}},
		{"render: layer unknown", 3, "the layers are", []string{"render", "--store", alone, "--center", "113.01,23.01", "--layers", "building,spaceship", "--out", at("x.png")}},
		{"render: zoom", 3, "zoom 150", []string{"render", "--store", alone, "--center", "113.01,23.01", "--zoom", "150", "--out", at("x.png")}},
		{"render: zoom no number", 3, "zoom NaN", []string{"render", "--store", alone, "--center", "113.01,23.01", "--zoom", "NaN", "--out", at("x.png")}},
		{"render: center no number", 2, "NaN", []string{"render", "--store", alone, "--center", "NaN,23", "--out", at("x.png")}},
		{"render: no PNG", 2, ".png", []string{"render", "--store", alone, "--center", "113.01,23.01", "--out", at("x.jpg")}},
	} {
		o := ctl(t, c.args...)
		if o.code != c.code {
			t.Errorf("%s: exit %d, want %d: %s", c.name, o.code, c.code, lastLine(o.err))
		}
		if !strings.Contains(string(o.err), c.says) {
			t.Errorf("%s: does not name %q: %s", c.name, c.says, o.err)
		}
		if len(o.out) > 0 && o.code != 6 {
			t.Errorf("%s: prints a result: %s", c.name, o.out)
		}
	}
	if _, err := os.Stat(at("made.gpkg")); err == nil {
		t.Error("a failed init leaves a store")
	}
	if n := total(t, alone, "building"); n != townSize {
		t.Errorf("after all that the store has %d buildings, want %d", n, townSize)
	}
	if l := ops(t, enrolled); len(l.Ops) != 0 {
		t.Errorf("after all that the outbox holds %+v", l.Ops)
	}
	ctl(t, "verify", "--store", alone).want(t, 0)
	c.verify(enrolled)

	// the server's side
	spare := at("spare")
	server(t, "init", "--data", spare, "--pack", pack).want(t, 0)
	for _, c := range []struct {
		name string
		code int
		args []string
	}{
		{"no data folder", 4, []string{"doctor", "--data", at("nowhere")}},
		{"init over a city", 5, []string{"init", "--data", c.dir, "--pack", pack}},
		{"serve a served folder", 6, []string{"serve", "--data", c.dir, "--listen", "127.0.0.1:0"}},
		{"serve at no address", 2, []string{"serve", "--data", c.dir, "--listen", "nonsense"}},
		{"serve at no port", 2, []string{"serve", "--data", c.dir, "--listen", "127.0.0.1:99999"}},
		{"serve at a taken port", 6, []string{"serve", "--data", spare, "--listen", strings.TrimPrefix(c.url(), "http://")}},
		{"serve to the world without TLS", 7, []string{"serve", "--data", c.dir, "--listen", "0.0.0.0:0"}},
		{"revoke nobody", 4, []string{"revoke", "01a20aed-422b-79ad-8a05-597abb52520f", "--data", c.dir}},
		{"restore a file not there", 4, []string{"restore", at("none.backup"), "--data", at("fresh")}},
		{"restore over a served folder", 6, []string{"restore", good, "--data", c.dir}},
		{"restore nonsense", 3, []string{"restore", nonsense, "--data", at("fresh")}},
		{"backup over a file", 5, []string{"backup", nonsense, "--data", c.dir}},
		{"import a broken file", 3, []string{"import", broken, "--data", c.dir, "--kind", "building", "--datum", "wgs84"}},
		{"import without datum", 2, []string{"import", good, "--data", c.dir, "--kind", "building"}},
	} {
		if o := server(t, c.args...); o.code != c.code {
			t.Errorf("kuaitud, %s: exit %d, want %d: %s", c.name, o.code, c.code, lastLine(o.err))
		}
	}
	server(t, "verify", "--data", c.dir).want(t, 0)
}

// TestE2ESecondProcess shows that two programs cannot have one store open for writing.
func TestE2ESecondProcess(t *testing.T) {
	t.Parallel()
	store := standalone(t, true)
	cmd := exec.Command(filepath.Join(bin, "kuaituctl"), "search", "--store", store, "--serve")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("青石\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // the store is open when the answer comes
		t.Fatal(err)
	}
	ctl(t, "count", "--store", store, "--kind", "building").want(t, 6)
	in.Close()
	_ = cmd.Wait() // only the lock matters here
	ctl(t, "count", "--store", store, "--kind", "building").want(t, 0)
}

// TestE2EFullDisk lets an import, a report and a first sync run into a limit of the file's size, as a full disk would.
func TestE2EFullDisk(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh to set a limit with")
	}
	limited := func(blocks string, args ...string) outcome {
		t.Helper()
		// SIGXFSZ is ignored in the child as in any daemon, so that writing fails with an error and not with a signal
		script := `trap '' XFSZ; ulimit -f "$0"; exec "$@"`
		cmd := exec.Command(shell, append([]string{"-c", script, blocks, filepath.Join(bin, "kuaituctl")}, args...)...)
		var out, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &stderr
		_ = cmd.Run() // the code is read from the state
		if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
			t.Fatalf("%v: killed by %v\n%s", args, s.Signal(), &stderr)
		}
		return outcome{line: strings.Join(args, " "), code: cmd.ProcessState.ExitCode(), out: out.Bytes(), err: stderr.Bytes()}
	}
	store := standalone(t, false)
	info, err := os.Stat(store)
	if err != nil {
		t.Fatal(err)
	}
	many := make([]object, 0, 40*townSize)
	for range 40 {
		many = append(many, townBuildings(11)...)
	}
	file := writeJSON(t, filepath.Join(t.TempDir(), "many.geojson"), collection(many))
	limit := ftoa(float64(info.Size()/512 + 400))
	before := total(t, store, "building")
	if o := limited(limit, "import", file, "--store", store, "--kind", "building", "--datum", "wgs84", "--json"); o.code != 6 || len(o.out) > 0 {
		t.Errorf("an import on a full disk: exit %d, want 6: %s%s", o.code, o.out, o.err)
	}
	ctl(t, "verify", "--store", store).want(t, 0)
	if n := total(t, store, "building"); n != before {
		t.Errorf("a failed import leaves %d buildings, want %d", n, before)
	}
	ctl(t, "import", file, "--store", store, "--kind", "building", "--datum", "wgs84", "--json").want(t, 0)
	if n := total(t, store, "building"); n != before+len(many) {
		t.Errorf("with room again there are %d buildings, want %d", n, before+len(many))
	}

	c := newCity(t)
	fresh := filepath.Join(t.TempDir(), "fresh.gpkg")
	code := c.code("").Code
	if o := limited("2000", "sync", "--store", fresh, "--server", c.url(), "--enrol", code, "--json"); o.code != 6 {
		t.Errorf("a first sync on a full disk: exit %d, want 6: %s%s", o.code, o.out, o.err)
	}
	if o := ctl(t, "sync", "--store", fresh, "--json"); o.code != 0 {
		t.Logf("the store was not enrolled yet: %s", lastLine(o.err))
		ctl(t, "sync", "--store", fresh, "--server", c.url(), "--enrol", code, "--json").want(t, 0)
	}
	c.verify(fresh)
}
