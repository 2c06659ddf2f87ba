package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kuaitu/cmd/internal/cli"
)

// TestMain lets the test's program be the one that bench map starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "bench" && os.Args[2] == "first" {
		main()
	}
	os.Exit(m.Run())
}

// bench runs the command and answers its lines of JSON by name.
func bench(t *testing.T, args ...string) map[string]figure {
	t.Helper()
	var out, said bytes.Buffer
	env := &cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &said}
	program := cli.Program{Name: "kuaituctl", Commands: commands()}
	if err := program.Run(context.Background(), env, append([]string{"bench"}, args...)); err != nil {
		t.Fatalf("bench %v: %v\n%s", args, err, said.String())
	}
	figures := map[string]figure{}
	for line := range strings.Lines(out.String()) {
		var f figure
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		figures[f.Name] = f
	}
	return figures
}

func TestBenchMakesACityAndMeasuresIt(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	bench(t, "city", "--out", dir, "--buildings", "2000", "--grids", "60", "--events", "100")
	for _, args := range [][]string{{"--store", filepath.Join(dir, "store.gpkg")}, {"--gpkg", filepath.Join(dir, "plain.gpkg")}} {
		args = append([]string{"map", "--json", "--quick", "--minutes", "0", "--runs", filepath.Join(dir, "runs")}, args...)
		first := bench(t, args...)
		if first["features"].Value != 2000 {
			t.Errorf("%v: %g features are measured", args, first["features"].Value)
		}
		for name := range limits {
			if f, ok := first[name]; !ok || f.Value <= 0 || f.Limit != limits[name] || f.Over != (f.Value > f.Limit) {
				t.Errorf("%v: figure %s is %+v", args, name, f)
			}
		}
		second := bench(t, args...)
		if f := second["view.z16"]; f.Last != first["view.z16"].Value || f.Ratio <= 0 {
			t.Errorf("%v: the second run is not compared with the first: %+v", args, f)
		}
	}
}
