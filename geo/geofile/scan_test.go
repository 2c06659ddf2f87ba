package geofile_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/paulmach/orb"

	"kuaitu/geo"
	"kuaitu/geo/geofile"
)

func TestScanReadsEveryRowOnce(t *testing.T) {
	const n = 5000
	path := filepath.Join(t.TempDir(), "p.gpkg")
	rows := func(yield func(geofile.Feature, error) bool) {
		for i := range n {
			f := geofile.Feature{Geometry: orb.Point{114, float64(i) / 1000}, Values: []geofile.Value{{Kind: geofile.Int, Text: fmt.Sprint(i)}, {Kind: geofile.Text, Text: "2020-01-02"}}}
			if i == 7 {
				f.Geometry = nil
			}
			if !yield(f, nil) {
				return
			}
		}
	}
	columns := []geofile.Column{{Name: "n", Kind: geofile.Int}, {Name: "d", Kind: geofile.Text}}
	table := func(name string) geofile.Table {
		return geofile.Table{WriteOptions: geofile.WriteOptions{Layer: name, Geometry: "POINT", Columns: columns}, Rows: rows}
	}
	if err := geofile.WritePackage(context.Background(), path, []geofile.Table{table("a"), table("b")}); err != nil {
		t.Fatal(err)
	}
	p, err := geofile.OpenPackage(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if l := p.Layers(); len(l) != 2 || l[1].Name != "b" || len(l[0].Columns) != 3 || l[0].ToDegrees != nil {
		t.Errorf("layers %+v", l)
	}
	var mu sync.Mutex
	seen := map[int64]bool{}
	parts := map[int]int{}
	err = p.Scan(context.Background(), "b", []string{"d", "not there", "n"}, 3, func(part int, row *geofile.RawRow) error {
		mu.Lock()
		defer mu.Unlock()
		i, ok := row.Values[2].(int64)
		if !ok || row.Values[0] != "2020-01-02" || row.Values[1] != nil || seen[i] || row.No != i+1 {
			return fmt.Errorf("row %d has values %v", row.No, row.Values)
		}
		seen[i] = true
		parts[part]++
		if i == 7 && row.Geometry == nil {
			return nil
		}
		if g, err := geo.ParseWKB(row.Geometry); err != nil || g != (orb.Point{114, float64(i) / 1000}) {
			return fmt.Errorf("row %d is at %v, %v", row.No, g, err)
		}
		return nil
	})
	if err != nil || len(seen) != n || len(parts) != 3 {
		t.Errorf("%d of %d rows in parts %v: %v", len(seen), n, parts, err)
	}
	stop := errors.New("stop")
	if err := p.Scan(context.Background(), "a", nil, 2, func(int, *geofile.RawRow) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of the caller comes back as %v", err)
	}
	if err := p.Scan(context.Background(), "c", nil, 2, func(int, *geofile.RawRow) error { return nil }); err == nil {
		t.Error("a layer that is not there is read")
	}
}

func TestScanOfOthers(t *testing.T) {
	k, _ := geo.GaussKrugerEPSG(4547)
	want := orb.Point{114.0571, 22.5431}
	path := foreign(t, append(layer("100001", blob(k.Forward(want))), `CREATE VIEW v AS SELECT id, Shape, n FROM "楼 ""a"""`,
		`INSERT INTO gpkg_contents VALUES ('v', 'features', 100001)`, `INSERT INTO gpkg_geometry_columns VALUES ('v', 'Shape', 'POINT', 100001, 0, 0)`)...)
	p, err := geofile.OpenPackage(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{`楼 "a"`, "v"} {
		l, _ := p.Layer(name)
		rows, located := 0, 0
		err := p.Scan(context.Background(), name, []string{"n"}, 4, func(_ int, row *geofile.RawRow) error {
			rows++
			if row.Geometry == nil {
				return nil
			}
			g, err := geo.ParseWKB(row.Geometry)
			if at, ok := g.(orb.Point); ok && geo.Distance(l.ToDegrees(at), want) < 0.001 && row.Values[0] == int64(440305199001011234) {
				located++
			}
			return err
		})
		if err != nil || rows != 3 || located != 1 {
			t.Errorf("%s: %d rows, %d in their place, %v", name, rows, located, err)
		}
	}
	broken := written(t, "h.gpkg", []byte("SQLite format 3\x00 and nothing else"))
	if _, err := geofile.OpenPackage(context.Background(), broken); err == nil {
		t.Error("half a head is a GeoPackage")
	}
}
