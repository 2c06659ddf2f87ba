package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kuaitu/cmd/internal/cli"
	"kuaitu/store"
)

// What goes wrong is told in one sentence that names what people can change.
func TestRefusalsAreSentences(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"a.gpkg", "other.gpkg"} {
		st, err := store.Create(context.Background(), at(name), store.Meta{}, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (int, string) {
		var out, said bytes.Buffer
		err := cli.Program{Name: "kuaituctl", Commands: commands()}.Run(t.Context(), &cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &said}, args)
		return cli.ExitCode(err), said.String()
	}
	export := func(to string) []string {
		return []string{"export", to, "--store", at("a.gpkg"), "--kind", "region", "--format", "gpkg"}
	}
	if code, said := run(export(at("plain.gpkg"))...); code != 0 {
		t.Fatalf("export: %d %s", code, said)
	}
	if err := os.WriteFile(at("plain.gpkg-lock"), nil, 0o600); err != nil { // as after an attempt to open it as a store
		t.Fatal(err)
	}
	if code, said := run(export(at("plain.gpkg"))...); code != 0 {
		t.Errorf("export over a GeoPackage that is no store: %d %s", code, said)
	}
	if err := os.WriteFile(at("points.csv"), []byte("name,lon,lat\na,114,22\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	layer := func(table string) string {
		return `{"id":"` + table + `","type":"fill","source":"s","source-layer":"` + table + `","paint":{"fill-color":"#ff0000"}}`
	}
	for name, layers := range map[string]string{"other.json": layer("houses"), "partly.json": layer("houses") + "," + layer("region")} {
		doc := `{"version":8,"sources":{"s":{"type":"vector"}},"layers":[` + layers + `]}`
		if err := os.WriteFile(at(name), []byte(doc), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, style := range []string{at("partly.json"), "light"} { // some tables are there: a note
		code, said := run("render", "--gpkg", at("plain.gpkg"), "--style", style, "--center", "114,22", "--out", at("x.png"))
		if code != 0 || !strings.Contains(said, "there is nothing to draw the layers") {
			t.Errorf("style %s: %d %s", style, code, said)
		}
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{4, "there is no folder " + at("no"), []string{"init", "--store", at("no/a.gpkg"), "--pack", at("nosuch")}},
		{4, "there is no pack " + at("nosuch"), []string{"init", "--store", at("new.gpkg"), "--pack", at("nosuch")}},
		{5, "is the store itself", export(at("a.gpkg"))},
		{5, "is a store", export(at("other.gpkg"))},
		{3, `"abc" is no record id (36 characters like`, []string{"around", "--store", at("a.gpkg"), "--of", "region", "--id", "abc"}},
		{4, "there is no region 01890a5d-ac96-774b-bcce-b302099a8057", []string{"around", "--store", at("a.gpkg"), "--of", "region", "--id", "01890a5d-ac96-774b-bcce-b302099a8057"}},
		{3, `"abc" is no record id (36 characters like`, []string{"edit", "--store", at("a.gpkg"), "--kind", "region", "--id", "abc", "--set", "name=x"}},
		{3, `kind "zzz" is not declared`, []string{"import", at("points.csv"), "--store", at("a.gpkg"), "--kind", "zzz"}},
		{3, "nothing to draw", []string{"render", "--gpkg", at("plain.gpkg"), "--style", at("other.json"), "--center", "114,22", "--out", at("x.png")}},
		{6, "no server answers", []string{"sync", "--store", at("enrol.gpkg"), "--server", "http://127.0.0.1:9", "--enrol", "CODE"}},
	} {
		if code, said := run(c.args...); code != c.code || !strings.Contains(said, c.want) || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: %d %q, want %d %q", c.args, code, said, c.code, c.want)
		}
	}
	left, err := filepath.Glob(at("enrol.gpkg*"))
	if err != nil || len(left) > 0 {
		t.Errorf("an enrolment that failed leaves %v, %v", left, err)
	}
	sides, err := filepath.Glob(at("other.gpkg-*"))
	if err != nil || slices.ContainsFunc(sides, func(s string) bool { return !strings.HasSuffix(s, "-lock") }) {
		t.Errorf("a store that was looked at has %v beside it, %v", sides, err)
	}
}

func TestRemedyFollowsTheMode(t *testing.T) {
	if s := remedy(store.Standalone); !strings.Contains(s, "restore a copy") {
		t.Error(s)
	}
	if s := remedy(store.Enrolled); !strings.Contains(s, "the next sync") {
		t.Error(s)
	}
}
