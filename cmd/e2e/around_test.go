package e2e

import (
	"math"
	"testing"
)

func TestE2EAround(t *testing.T) {
	t.Parallel()
	store := standalone(t, true)
	type answer struct {
		Counts []struct {
			Kind  string
			Count int
		}
		Hits []struct {
			Kind, ID string
			Metres   float64
			Lon      *float64
		}
	}
	lon, lat := cell(0, 0, 0)
	all := result[answer](t, ctl(t, "around", ftoa(lon), ftoa(lat), "--store", store, "--metres", "50000", "--kinds", "building", "--limit", "20", "--json"))
	if len(all.Counts) != 1 || all.Counts[0].Count != townSize || len(all.Hits) != 20 {
		t.Errorf("within 50 km: %+v of %d buildings, %d listed", all.Counts, townSize, len(all.Hits))
	}
	for i := 1; i < len(all.Hits); i++ {
		if all.Hits[i].Metres < all.Hits[i-1].Metres {
			t.Errorf("hit %d is nearer than the one before", i)
		}
	}
	id := buildingAt(t, store, 3)
	own := result[answer](t, ctl(t, "around", "--of", "building", "--id", id, "--store", store, "--metres", "0", "--kinds", "building", "--json"))
	if len(own.Hits) == 0 || own.Hits[0].ID != id || own.Hits[0].Metres != 0 {
		t.Errorf("at a building itself: %+v", own.Hits)
	}
	for _, c := range []struct {
		code int
		args []string
	}{
		{2, []string{"around", "--store", store}},
		{2, []string{"around", "113", "23", "--store", store, "--metres", "many"}},
		{2, []string{"around", "113", "23", "--store", store, "--limit", "-1"}},
		{3, []string{"around", "113", "23", "--store", store, "--metres", "-1"}},
		{3, []string{"around", "113", "23", "--store", store, "--metres", "1e9"}},
		{3, []string{"around", "113", "23", "--store", store, "--kinds", "spaceship"}},
		{3, []string{"around", "113", "123", "--store", store}},
		{4, []string{"around", "--of", "building", "--id", "01a20aed-422b-79ad-8a05-597abb52520f", "--store", store}},
		{2, []string{"measure", "113,23"}},
		{3, []string{"measure", "113,23", "113,99"}},
	} {
		if o := ctl(t, c.args...); o.code != c.code {
			t.Errorf("%v: exit %d, want %d: %s", c.args, o.code, c.code, o.err)
		}
	}
	length := result[struct{ Metres, Azimuth float64 }](t, ctl(t, "measure", "0,0", "1,0", "--json"))
	if math.Abs(length.Metres-111319.4908) > 0.001 || math.Abs(length.Azimuth-90) > 1e-9 {
		t.Errorf("a degree along the equator is %+v", length)
	}
}
