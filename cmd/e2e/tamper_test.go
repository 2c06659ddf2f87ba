package e2e

import (
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	stdsync "sync"
	"testing"

	"modernc.org/sqlite"
)

// spatial registers what a plain SQL shell needs to write into a GeoPackage with an R*Tree: the functions that its
// triggers call, here over the envelope in the header of our blobs.
var spatial = stdsync.OnceValue(func() error {
	bound := func(i int) func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		return func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			b, ok := args[0].([]byte)
			if !ok || len(b) < 40 || b[3]&0x0e != 0x02 {
				return nil, nil
			}
			return math.Float64frombits(binary.LittleEndian.Uint64(b[8+8*i:])), nil
		}
	}
	for i, name := range []string{"ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"} {
		if err := sqlite.RegisterDeterministicScalarFunction(name, 1, bound(i)); err != nil {
			return err
		}
	}
	return sqlite.RegisterDeterministicScalarFunction("ST_IsEmpty", 1, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		return int64(0), nil
	})
})

// behind changes a store by plain SQL, behind the program's back, and returns how many rows it touched.
func behind(t *testing.T, store, query string, args ...any) int64 {
	t.Helper()
	if err := spatial(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", store)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	res, err := db.Exec(query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// lookup reads one text by plain SQL.
func lookup(t *testing.T, store, query string, args ...any) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+store+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var s string
	if err := db.QueryRow(query, args...).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

type verification struct {
	OK          bool
	Rows        int
	Differences []struct {
		Kind, Region, Class string
		Kept, Rows          int
		IDs                 []string
	}
	RTree, Search map[string]int
	Integrity     []string
}

// verifyDiffers runs verify, which must find something.
func verifyDiffers(t *testing.T, store string) verification {
	t.Helper()
	o := ctl(t, "verify", "--store", store, "--json").want(t, 1)
	var v verification
	if err := json.Unmarshal(o.out, &v); err != nil {
		t.Fatal(err)
	}
	if v.OK {
		t.Error("verify exits 1 and says ok")
	}
	return v
}

func TestE2ETamper(t *testing.T) {
	t.Parallel()
	c := newCity(t)
	store := c.console(districtCode(0))
	building := buildingAt(t, store, 25)
	hexID := lookup(t, store, "SELECT hex(id) FROM building WHERE name = ?", field(t, store, "building", building, "name"))
	rooms := total(t, store, "room")

	t.Run("changed", func(t *testing.T) {
		before := field(t, store, "building", building, "name")
		if n := behind(t, store, "UPDATE building SET name = '假名' WHERE hex(id) = ?", hexID); n != 1 {
			t.Fatalf("%d rows changed", n)
		}
		v := verifyDiffers(t, store)
		if len(v.Differences) != 1 || v.Differences[0].Kind != "building" || v.Differences[0].Kept != v.Differences[0].Rows {
			t.Errorf("verify finds %+v", v)
		}
		s := sync(t, store)
		if s.Repaired != 1 || len(s.Repairs) != 1 || s.Repairs[0].ID != building || s.Repairs[0].Kind != "building" {
			t.Errorf("the sync repairs %+v", s)
		}
		ctl(t, "verify", "--store", store).want(t, 0)
		if got := field(t, store, "building", building, "name"); got != before {
			t.Errorf("after the repair the name reads %q, want %q", got, before)
		}
	})
	t.Run("geometry", func(t *testing.T) {
		before := lookup(t, store, "SELECT hex(geom) FROM building WHERE hex(id) = ?", hexID)
		behind(t, store, "UPDATE building SET geom = (SELECT geom FROM building WHERE hex(id) <> ? LIMIT 1) WHERE hex(id) = ?", hexID, hexID)
		verifyDiffers(t, store)
		if s := sync(t, store); s.Repaired != 1 {
			t.Errorf("the sync repairs %+v", s)
		}
		ctl(t, "verify", "--store", store).want(t, 0)
		if got := lookup(t, store, "SELECT hex(geom) FROM building WHERE hex(id) = ?", hexID); got != before {
			t.Error("the geometry is not back")
		}
	})
	t.Run("deleted", func(t *testing.T) {
		behind(t, store, "DELETE FROM building WHERE hex(id) = ?", hexID)
		behind(t, store, "DELETE FROM room WHERE rowid IN (SELECT rowid FROM room LIMIT 3)")
		v := verifyDiffers(t, store)
		kinds := []string{}
		for _, d := range v.Differences {
			if d.Rows >= d.Kept {
				t.Errorf("rows are gone, verify says %+v", d)
			}
			kinds = append(kinds, d.Kind)
		}
		if !slices.Contains(kinds, "building") || !slices.Contains(kinds, "room") {
			t.Errorf("verify finds %+v", v.Differences)
		}
		sync(t, store)
		ctl(t, "verify", "--store", store).want(t, 0)
		if n := total(t, store, "building"); n != townSize/2 {
			t.Errorf("%d buildings after the repair, want %d", n, townSize/2)
		}
		if n := total(t, store, "room"); n != rooms {
			t.Errorf("%d rooms after the repair, want %d", n, rooms)
		}
	})
	t.Run("inserted", func(t *testing.T) {
		columns := lookup(t, store, "SELECT group_concat(name) FROM pragma_table_info('building') WHERE name NOT IN ('fid', 'id')")
		behind(t, store, "INSERT INTO building (id, "+columns+") SELECT randomblob(16), "+columns+" FROM building WHERE hex(id) = ?", hexID)
		v := verifyDiffers(t, store)
		if len(v.Differences) == 0 || v.Differences[0].Rows != v.Differences[0].Kept+1 {
			t.Errorf("verify finds %+v", v)
		}
		sync(t, store)
		ctl(t, "verify", "--store", store).want(t, 0)
		if n := total(t, store, "building"); n != townSize/2 {
			t.Errorf("%d buildings after the repair, want %d", n, townSize/2)
		}
	})
	t.Run("pending edits stay", func(t *testing.T) {
		edit(t, store, "building", building, "floors=77")
		behind(t, store, "UPDATE building SET name = '假名' WHERE hex(id) <> ? AND name LIKE '青石里111%'", hexID)
		sync(t, store)
		ctl(t, "verify", "--store", store).want(t, 0)
		if got := field(t, store, "building", building, "floors"); got != "77" {
			t.Errorf("the pending edit reads %q after the repair", got)
		}
	})
}

// TestE2EDoctorRepairs takes entries out of the map's index and has doctor put them back.
func TestE2EDoctorRepairs(t *testing.T) {
	t.Parallel()
	store := standalone(t, true)
	id := buildingAt(t, store, 3)
	gone := behind(t, store, "DELETE FROM rtree_building_geom WHERE id % 3 = 0")
	ctl(t, "verify", "--store", store).want(t, 1)
	type answer struct{ Repaired map[string]int }
	if a := result[answer](t, ctl(t, "doctor", "--store", store, "--repair")); gone == 0 || a.Repaired["rtree"] != int(gone) {
		t.Errorf("of %d entries taken out doctor repairs %v", gone, a.Repaired)
	}
	ctl(t, "verify", "--store", store).want(t, 0)
	if a := result[answer](t, ctl(t, "doctor", "--store", store, "--repair")); a.Repaired["rtree"] != 0 {
		t.Errorf("doctor repairs what is whole: %v", a.Repaired)
	}
	if got := buildingAt(t, store, 3); got != id {
		t.Errorf("the third building is %s after the repair, was %s", got, id)
	}
}
