// Package kuaitu_test keeps the package map of docs/architecture.md true. The root holds no code.
package kuaitu_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "kuaitu"

// allowed says which of our own packages each package may import, in non-test files. A trailing /... allows the
// package and everything below it, a leading ! forbids. A package that is not listed fails: the map is closed.
var allowed = map[string][]string{
	"geo":                     nil,
	"geo/geofile":             {"geo"},
	"block":                   {"geo"},
	"block/schema":            {"block", "geo"},
	"block/address":           {"block", "block/schema", "geo"},
	"block/idcode":            {"block", "geo"},
	"block/workflow":          {"block", "block/duty", "geo"},
	"block/duty":              {"block", "geo"},
	"block/citypack":          {"block/...", "geo"},
	"block/citypack/demo":     {"block/...", "geo"},
	"block/citypack/synth":    {"block/...", "geo"},
	"store":                   {"block/...", "geo"},
	"store/tileset":           {"geo", "mapview"},
	"store/tilenet":           {"geo", "mapview", "store/tileset"},
	"store/maplayer":          {"store", "block/...", "geo/...", "mapview", "mapview/style"},
	"sync/wire":               {"block/..."},
	"sync/syncer":             {"block/...", "sync/wire"},
	"sync/ingest":             {"block/...", "geo/..."},
	"sync/blockserver":        {"block/...", "sync/wire", "sync/ingest"},
	"sync/blockserver/sqlite": {"block/...", "sync/wire", "sync/ingest", "sync/blockserver"},
	"sync/syncer/replicatest": {"block/...", "sync/..."},
	"sync/simtest":            {"block/...", "geo", "store", "sync/..."},
	"mapview":                 {"geo", "mapview/style", "mapview/mvt"},
	"mapview/mvt":             nil,
	"mapview/style":           nil,
	"mapview/thematic":        {"geo", "mapview", "mapview/style"},
	"mapview/picture":         {"mapview", "geo", "mapview/style"},
	"mapview/mapwidget":       {"mapview", "geo", "mapview/style"},
	"ui/state":                {"block/...", "geo", "mapview", "assets", "mapview/style"},
	"ui":                      {"ui/state", "mapview/...", "assets", "block/...", "geo"},
	"assets":                  nil,
	"cmd/internal/cli":        {"block"},
	"cmd/internal/benchcity":  {"block/...", "geo/...", "store"},
	"cmd/internal/console":    {"!ui", "!mapview/mapwidget", "..."},
	"cmd/e2e":                 nil,
	"cmd/kuaitu/desk":         {"!ui", "!mapview/mapwidget", "ui/state", "..."},
	"cmd/kuaitu":              {"..."},
	"cmd/kuaitud":             {"!ui", "!mapview/mapwidget", "..."},
	"cmd/kuaituctl":           {"!ui", "!mapview/mapwidget", "..."},
}

// mayReachFyne are the only packages whose dependencies may hold Fyne, and with it cgo and a display.
var mayReachFyne = []string{"ui", "mapview/mapwidget", "cmd/kuaitu"}

// sqlHomes are the packages that may hold SQL; geo/geofile reads and writes other people's GeoPackages.
var sqlHomes = []string{"store", "store/tileset", "geo/geofile", "sync/blockserver/sqlite", "sync/blockserver/postgres"}

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

var packages = sync.OnceValues(func() ([]listed, error) {
	cmd := exec.Command("go", "list", "-tags", "x11,migrated_fynedo", "-json=ImportPath,Imports,Deps", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.New(err.Error() + ": " + stderr.String())
	}
	var all []listed
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

// each calls f for every package of ours but the root, with its name below the module.
func each(t *testing.T, f func(name string, p listed)) {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, p := range all {
		if name, ok := strings.CutPrefix(p.ImportPath, module+"/"); ok {
			f(name, p)
		}
	}
}

func matches(pattern, pkg string) bool {
	if pattern == "..." {
		return true
	}
	if top, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == top || strings.HasPrefix(pkg, top+"/")
	}
	return pkg == pattern
}

func permitted(rules []string, pkg string) bool {
	for _, r := range rules {
		if no, ok := strings.CutPrefix(r, "!"); ok {
			if matches(no, pkg) {
				return false
			}
		} else if matches(r, pkg) {
			return true
		}
	}
	return false
}

func TestImports(t *testing.T) {
	each(t, func(name string, p listed) {
		rules, known := allowed[name]
		if !known {
			t.Errorf("package %s is not on the package map", name)
			return
		}
		for _, imp := range p.Imports {
			if ours, ok := strings.CutPrefix(imp, module+"/"); ok && !permitted(rules, ours) {
				t.Errorf("%s imports %s, which the package map does not allow", name, ours)
			}
		}
	})
}

func TestFyneStaysInTheWindow(t *testing.T) {
	each(t, func(name string, p listed) {
		if slices.Contains(mayReachFyne, name) {
			return
		}
		if i := slices.IndexFunc(p.Deps, func(d string) bool { return strings.HasPrefix(d, "fyne.io/fyne") }); i >= 0 {
			t.Errorf("%s reaches %s: only %v may", name, p.Deps[i], mayReachFyne)
		}
	})
}

func TestLibrariesStayAtHome(t *testing.T) {
	each(t, func(name string, p listed) {
		if slices.Contains(p.Imports, "database/sql") && !slices.Contains(sqlHomes, name) {
			t.Errorf("%s imports database/sql: SQL lives in %v", name, sqlHomes)
		}
		if slices.Contains(p.Imports, "github.com/flopp/go-staticmaps") && name != "mapview/picture" {
			t.Errorf("%s imports go-staticmaps: only mapview/picture may", name)
		}
	})
}
