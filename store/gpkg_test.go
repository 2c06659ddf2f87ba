package store

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tool skips (or fails, when everything is required) if an outside tool is missing.
func tool(t *testing.T, ok bool, what string) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
		t.Fatalf("%s is missing", what)
	}
	t.Skipf("%s is missing", what)
}

// handOut fills a store with every kind of geometry and returns a checkpointed copy.
func handOut(t *testing.T) string {
	t.Helper()
	s := newStore(t)
	rs := regions()
	rs[0].Geometry = square(113.7, 22.4, 0.6)
	load(t, s, "region", rs...)
	if _, err := s.Writer().Load(ctx, "building", buildings(300), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Writer().Report(ctx, Report{Type: "暴露垃圾", Region: rid("G1"), Address: "下沙村口", Point: &point}, "甲"); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "copy.gpkg")
	if err := s.Reader().ExportCopy(ctx, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestValidator(t *testing.T) {
	script := "/usr/lib/python3/dist-packages/osgeo_utils/samples/validate_gpkg.py"
	_, err := os.Stat(script)
	tool(t, err == nil, "validate_gpkg.py")
	out, err := exec.Command("python3", script, handOut(t)).CombinedOutput()
	if err != nil || strings.Contains(string(out), "Req") {
		t.Errorf("validate_gpkg.py: %v\n%s", err, out)
	}
}

func TestOgrinfo(t *testing.T) {
	_, err := exec.LookPath("ogrinfo")
	tool(t, err == nil, "ogrinfo")
	path := handOut(t)
	out, err := exec.Command("ogrinfo", "-ro", path).CombinedOutput()
	if err != nil || strings.Contains(string(out), "Warning") || strings.Contains(string(out), "ERROR") || !strings.Contains(string(out), "building") || strings.Contains(string(out), "kt_") {
		t.Errorf("ogrinfo: %v\n%s", err, out)
	}
	out, err = exec.Command("ogrinfo", "-ro", "-so", path, "building").CombinedOutput()
	for _, want := range []string{"Feature Count: 300", "China Geodetic Coordinate System 2000", "floors: Integer64", "urban_village: Integer(Boolean)", "Extent: ("} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("ogrinfo building: %v, lacks %q\n%s", err, want, out)
		}
	}
	out, err = exec.Command("ogrinfo", "-ro", "-q", path, "event").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "reported_at (DateTime) = 20") || !strings.Contains(string(out), "POINT (114.05") {
		t.Errorf("ogrinfo event: %v\n%s", err, out)
	}
}
