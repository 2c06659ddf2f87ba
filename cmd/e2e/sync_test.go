package e2e

import (
	"path/filepath"
	"testing"
	"time"
)

// buildingAt returns the building that holds a point.
func buildingAt(t *testing.T, store string, n int) string {
	t.Helper()
	d, s, c, i := n/(4*perCell)%2, n/(2*perCell)%2, n/perCell%2, n%perCell
	lon, lat := cell(d, s, c)
	lon, lat = lon+0.0008+float64(i%8)*0.0011+0.0001, lat+0.0008+float64(i/8)*0.0018+0.0001
	return identify(t, store, lon, lat, "building")
}

func identify(t *testing.T, store string, lon, lat float64, kind string) string {
	t.Helper()
	found := result[struct {
		Features []struct{ Kind, ID, Label string }
	}](t, ctl(t, "identify", ftoa(lon), ftoa(lat), "--store", store))
	for _, f := range found.Features {
		if f.Kind == kind {
			return f.ID
		}
	}
	t.Fatalf("no %s at %v, %v: %+v", kind, lon, lat, found.Features)
	return ""
}

// field returns one field of a record, by a CSV export of its kind.
func field(t *testing.T, store, kind, id, name string) string {
	t.Helper()
	rows := exportCSV(t, store, kind)
	for _, r := range rows {
		if r["id"] == id {
			return r[name]
		}
	}
	t.Fatalf("%s %s is not in the export of %d rows", kind, id, len(rows))
	return ""
}

func TestE2EEnrolment(t *testing.T) {
	t.Parallel()
	c := newCity(t)
	e := c.code("")
	if e.Region != townCode || e.Post != "desk" || time.Until(e.Expires) < 23*time.Hour || time.Until(e.Expires) > 25*time.Hour {
		t.Errorf("enrol answers %+v", e)
	}
	first := filepath.Join(t.TempDir(), "first.gpkg")
	args := func(store, code string) []string {
		return []string{"sync", "--store", store, "--server", c.url(), "--enrol", code, "--json"}
	}
	ctl(t, args(first, e.Code)...).want(t, 0)
	second := filepath.Join(t.TempDir(), "second.gpkg")
	ctl(t, args(second, e.Code)...).want(t, 7)                        // spent
	ctl(t, args(second, "AAAA-BBBB-CCCC-DDDD-EEEE-FF")...).want(t, 7) // unknown
	ctl(t, args(second, c.code("").Code)...).want(t, 0)               // a refused store may try again
	ctl(t, args(first, c.code("").Code)...).want(t, 5)                // enrolled already
	ctl(t, args(standalone(t, false), c.code("").Code)...).want(t, 5) // standalone stays so
	ctl(t, "sync", "--store", standalone(t, false), "--json").want(t, 5)
	server(t, "enrol", "--data", c.dir, "--region", "123").want(t, 4)
	server(t, "enrol", "--data", c.dir, "--post", "throne").want(t, 3)

	devices := result[struct {
		Devices []struct {
			ID, Region, Post string
			Revoked          bool
		}
	}](t, server(t, "devices", "--data", c.dir)).Devices
	if len(devices) != 2 {
		t.Fatalf("%d devices, want 2: %+v", len(devices), devices)
	}
	for _, d := range devices {
		server(t, "revoke", d.ID, "--data", c.dir).want(t, 0)
	}
	ctl(t, "sync", "--store", first, "--json").want(t, 7)
}

func TestE2EScope(t *testing.T) {
	t.Parallel()
	c := newCity(t)
	all := c.console("")
	street := c.console(streetCode(0, 1))
	district := c.console(districtCode(1))
	for _, kind := range []string{"building", "room", "person", "event"} {
		everywhere, outside := count(t, all, kind, "street")
		if outside != 0 {
			t.Errorf("%d records of %s lie outside", outside, kind)
		}
		own, outside := count(t, street, kind, "street")
		for code, n := range own {
			want := 0
			if code == streetCode(0, 1) {
				want = everywhere[code]
			}
			if n != want {
				t.Errorf("the street's console holds %d %s of %s, want %d", n, kind, code, want)
			}
		}
		if kind == "building" && own[streetCode(0, 1)] != 2*perCell || outside != 0 {
			t.Errorf("the street's console counts %v and %d outside", own, outside)
		}
		own, _ = count(t, district, kind, "district")
		everywhere, _ = count(t, all, kind, "district")
		if own[districtCode(0)] != 0 || own[districtCode(1)] != everywhere[districtCode(1)] {
			t.Errorf("the district's console holds %v of %s, the city %v", own, kind, everywhere)
		}
	}
	// the region tree is reference data of the city: everyone has all of it
	if a, b := total(t, all, "region"), total(t, street, "region"); a != b {
		t.Errorf("the street's console has %d regions, the city's %d", b, a)
	}
	// an event reported in a street reaches its district and the city, and no other street
	lon, lat := cell(0, 1, 0)
	report(t, street, lon+0.005, lat+0.0099, "scope")
	sync(t, street)
	beforeAll, beforeDistrict := total(t, all, "event"), total(t, district, "event")
	sync(t, all)
	sync(t, district)
	if n := total(t, all, "event"); n != beforeAll+1 {
		t.Errorf("the city sees %d events, want %d", n, beforeAll+1)
	}
	if n := total(t, district, "event"); n != beforeDistrict {
		t.Errorf("the other district sees %d events, want %d", n, beforeDistrict)
	}
	c.verify(all, street, district)
}

func TestE2EOffline(t *testing.T) {
	t.Parallel()
	c := newCity(t)
	a, b := c.console(""), c.console("")
	events := c.doctor().Records["event"]
	c.kill()
	lon, lat := cell(1, 0, 0)
	op := report(t, a, lon+0.005, lat+0.005, "offline")
	building := buildingAt(t, a, 5)
	edit(t, a, "building", building, "name=改名大厦")
	o := ctl(t, "sync", "--store", a, "--json").want(t, 6)
	var s syncResult
	o.decode(t, &s)
	if s.Pending != 2 || s.Proved || s.Problem == "" {
		t.Errorf("with the server stopped sync says %+v", s)
	}
	if l := ops(t, a); l.Pending != 2 || len(l.Ops) != 2 {
		t.Errorf("ops %+v", l)
	}
	ctl(t, "verify", "--store", a).want(t, 0)
	c.start()
	if s := sync(t, a); s.Pending != 0 || s.Pushed != 2 {
		t.Errorf("with the server back sync says %+v", s)
	}
	for _, o := range ops(t, a).Ops {
		if o.Fate != "applied" {
			t.Errorf("op %+v is not applied", o)
		}
	}
	sync(t, b)
	if got := field(t, b, "event", op.ID, "description"); got != "offline" {
		t.Errorf("the other console reads %q", got)
	}
	if got := field(t, b, "building", building, "name"); got != "改名大厦" {
		t.Errorf("the other console reads %q", got)
	}
	if n := c.doctor().Records["event"]; n != events+1 {
		t.Errorf("the server has %d events, want %d", n, events+1)
	}
	if s := sync(t, a); s.Pulled != 0 || s.Pushed != 0 || s.Totals.Pushed != 2 {
		t.Errorf("a sync with nothing new says %+v", s)
	}
	c.verify(a, b)
	if code := c.stop(); code != 0 {
		t.Errorf("the server stops with %d", code)
	}
}

func TestE2EMergeAndConflict(t *testing.T) {
	t.Parallel()
	c := newCity(t)
	a, b := c.console(""), c.console("")
	building := buildingAt(t, a, 17)
	edit(t, a, "building", building, "name=甲楼")
	edit(t, b, "building", building, "floors=9")
	sync(t, a)
	sync(t, b)
	sync(t, a)
	for _, store := range []string{a, b} {
		if name, floors := field(t, store, "building", building, "name"), field(t, store, "building", building, "floors"); name != "甲楼" || floors != "9" {
			t.Errorf("merged record reads %q, %q", name, floors)
		}
	}
	edit(t, a, "building", building, "name=乙楼")
	edit(t, b, "building", building, "name=丙楼")
	sync(t, a)
	s := sync(t, b)
	if s.Conflicts != 1 {
		t.Errorf("the second edit of one field: %+v", s)
	}
	if got := field(t, b, "building", building, "name"); got != "乙楼" {
		t.Errorf("after the conflict the field reads %q, want the server's", got)
	}
	kept := ops(t, b)
	if kept.Conflicts != 1 || kept.Ops[0].Fate != "conflict" || len(kept.Ops[0].Edits) != 1 || kept.Ops[0].Edits[0].Values["name"] != "丙楼" {
		t.Errorf("the edit that lost cannot be read any more: %+v", kept)
	}
	// deletion against an edit is an ordinary conflict
	edit(t, a, "building", building, "floors=12")
	ctl(t, "edit", "--store", b, "--kind", "building", "--id", building, "--delete", "--json").want(t, 0)
	sync(t, a)
	if s := sync(t, b); s.Conflicts != 2 {
		t.Errorf("deletion against an edit: %+v", s)
	}
	sync(t, a)
	c.verify(a, b)
}

func TestE2EClonedStore(t *testing.T) {
	t.Parallel()
	c := newCity(t)
	a := c.console(streetCode(0, 0))
	twin := filepath.Join(t.TempDir(), "twin.gpkg")
	copyFile(t, a, twin)
	building := buildingAt(t, a, 3)
	edit(t, a, "building", building, "name=真身")
	edit(t, twin, "building", building, "name=影子")
	sync(t, a)
	o := ctl(t, "sync", "--store", twin, "--json").want(t, 5)
	var s syncResult
	o.decode(t, &s)
	if s.Problem != "cloned" || s.Pending != 1 {
		t.Errorf("the copy's sync says %+v", s)
	}
	if l := ops(t, twin); l.Pending != 1 {
		t.Errorf("the copy lost its edit: %+v", l)
	}
	sync(t, a)
	if got := field(t, a, "building", building, "name"); got != "真身" {
		t.Errorf("the server took %q", got)
	}
	c.verify(a)
}

func TestE2ERestore(t *testing.T) {
	t.Parallel()
	c := newCity(t)
	a, b := c.console(""), c.console("")
	lon, lat := cell(0, 0, 0)
	before := report(t, a, lon+0.0051, lat+0.0099, "before the backup")
	sync(t, a)
	backup := filepath.Join(t.TempDir(), "city.backup")
	server(t, "backup", backup, "--data", c.dir).want(t, 0)
	after := report(t, a, lon+0.0052, lat+0.0099, "after the backup")
	building := buildingAt(t, a, 30)
	edit(t, a, "building", building, "floors=33")
	sync(t, a)
	sync(t, b)
	epoch := c.doctor().Epoch
	events := c.doctor().Records["event"]
	server(t, "restore", backup, "--data", c.dir).want(t, 6) // the server runs
	c.kill()
	server(t, "restore", backup, "--data", c.dir).want(t, 0)
	c.start()
	if f := c.doctor(); f.Epoch == epoch || f.Records["event"] != events-1 {
		t.Fatalf("after the restore: epoch %s, %d events; before it %s, %d", f.Epoch, f.Records["event"], epoch, events)
	}
	// the other console comes first: what it knows of is not thrown away before its maker has sent it again
	sync(t, b)
	s := sync(t, a)
	if s.Epoch == epoch {
		t.Error("the console did not notice the new epoch")
	}
	if f := c.doctor(); f.Records["event"] != events {
		t.Errorf("the server has %d events after the console came back, want %d", f.Records["event"], events)
	}
	sync(t, b)
	for _, store := range []string{a, b} {
		field(t, store, "event", before.ID, "description")
		if got := field(t, store, "event", after.ID, "description"); got != "after the backup" {
			t.Errorf("the event made after the backup reads %q", got)
		}
		if got := field(t, store, "building", building, "floors"); got != "33" {
			t.Errorf("the edit made after the backup reads %q", got)
		}
	}
	c.verify(a, b)
}
