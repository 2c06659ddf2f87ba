package simtest

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/store"
	"kuaitu/sync/blockserver"
	"kuaitu/sync/blockserver/sqlite"
	"kuaitu/sync/syncer"
	"kuaitu/sync/wire"
)

// town is one district with streets of equal size, served by the product's own server on a loopback socket: for what the
// simulated worlds are too small for, bytes and speed, and for devices of other versions.
type town struct {
	dir     string
	set     *schema.Set
	tree    *block.Tree
	streets []block.ID
	grids   []block.ID
	storage *sqlite.Storage
	http    *httptest.Server
}

const gridsOfStreet = 130

func newTown(t testing.TB, declared *schema.Set, streets int) *town {
	t.Helper()
	var regions []block.Region
	add := func(code string, level block.Level, parent block.ID) block.ID {
		id := block.NameID("region", "town/"+code)
		regions = append(regions, block.Region{ID: id, Code: code, Scheme: "local", Name: "R" + code, Level: level, Parent: parent})
		return id
	}
	w := &town{dir: t.TempDir(), set: declared}
	district := add("91", block.District, add("9", block.City, block.ID{}))
	for s := range streets {
		street := add(fmt.Sprintf("91%02d", s), block.Street, district)
		w.streets = append(w.streets, street)
		community := add(fmt.Sprintf("91%02d0", s), block.Community, street)
		for g := range gridsOfStreet {
			w.grids = append(w.grids, add(fmt.Sprintf("91%02d0%03d", s, g), block.Grid, community))
		}
	}
	ctx := context.Background()
	if err := sqlite.Init(ctx, w.data(), wire.Meta{NameEN: "Town", TimeZone: "Asia/Shanghai"}, regions, sqlite.Options{Set: declared}); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.tree, err = block.NewTree(regions, nil); err != nil {
		t.Fatal(err)
	}
	w.up(t)
	t.Cleanup(w.down)
	return w
}

func (w *town) data() string { return filepath.Join(w.dir, "data") }

// up starts a process over the data, with the declarations of the moment.
func (w *town) up(t testing.TB) {
	t.Helper()
	var err error
	if w.storage, err = sqlite.Open(context.Background(), w.data(), sqlite.Options{Set: w.set}); err != nil {
		t.Fatal(err)
	}
	h, err := blockserver.New(w.storage, blockserver.Options{Secret: w.storage.Secret(), Cache: w.storage.CacheDir()})
	if err != nil {
		t.Fatal(err)
	}
	w.http = httptest.NewServer(h)
}

func (w *town) down() {
	w.http.Close()
	_ = w.storage.Close()
}

func (w *town) load(t testing.TB, records iter.Seq[block.Record]) {
	t.Helper()
	_, err := w.storage.Load(context.Background(), func(yield func(block.Record, error) bool) {
		for r := range records {
			if !yield(r, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// townDevice is a store of the town's, with the time that its cuts took.
type townDevice struct {
	*store.Writer
	s       *store.Store
	path    string
	opt     store.Options
	server  *town
	applied time.Duration
}

func (d *townDevice) ApplyCut(ctx context.Context, cut block.CutPlan, parts iter.Seq2[block.Part, error]) (block.Applied, error) {
	begin := time.Now()
	done, err := d.Writer.ApplyCut(ctx, cut, parts)
	d.applied += time.Since(begin)
	return done, err
}

// enrol makes a device for a region, with declarations of its own.
func (w *town) enrol(t testing.TB, declared *schema.Set, region block.ID, post string) *townDevice {
	t.Helper()
	ctx := context.Background()
	code, _, err := w.storage.CreateCode(ctx, region, post, "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	d := &townDevice{path: filepath.Join(t.TempDir(), "device.gpkg"), opt: store.Options{Set: declared}, server: w}
	if d.s, err = store.Create(ctx, d.path, store.Meta{Name: "town"}, d.opt); err != nil {
		t.Fatal(err)
	}
	d.Writer = d.s.Writer()
	t.Cleanup(func() { _ = d.s.Close() })
	e := syncer.Enrolling{Replica: d}
	if _, _, err := syncer.Enrol(ctx, e, w.http.URL, code, "device"); err != nil {
		t.Fatal(err)
	}
	return d
}

// sync does one sync, which must prove the device equal.
func (d *townDevice) sync(t testing.TB, deep bool) syncer.Result {
	t.Helper()
	e, _, err := d.Enrolment(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	e.Server = d.server.http.URL // a restarted server has another port
	if err := d.SetEnrolment(context.Background(), e); err != nil {
		t.Fatal(err)
	}
	r, err := syncer.Once(context.Background(), syncer.Config{Replica: d, Set: d.s.Set()}, deep)
	if err != nil || !r.Proved {
		t.Fatalf("sync: %+v, %v", r, err)
	}
	return r
}

// townRecords are n buildings spread over all grids, with what belongs to them: rooms, people and entities by the numbers
// given for one building.
func (w *town) records(n int, rooms, people, entities float64) iter.Seq[block.Record] {
	return func(yield func(block.Record) bool) {
		rnd := rand.New(rand.NewPCG(1, 2))
		building, room, person, entity := plan("building"), plan("room"), plan("person"), plan("legal_entity")
		counts := [4]int{}
		for i := range n {
			g := i * len(w.grids) / n
			home := w.grids[g]
			x, y := 1139000000+int32(g%40)*25_000+int32(rnd.IntN(24_000)), 225000000+int32(g/40)*25_000+int32(rnd.IntN(24_000))
			b := building.New(block.BulkID(1, building.Kind.No, uint64(i)), home)
			building.Set(&b, "code", block.TextValue(fmt.Sprintf("4403040030%09d", i)))
			building.Set(&b, "scheme", block.TextValue("sz19"))
			building.Set(&b, "name", block.TextValue(fmt.Sprintf("滨河雅苑%d栋", i%300)))
			building.Set(&b, "address", block.TextValue(fmt.Sprintf("福田区下沙路%d号滨河雅苑%d栋", rnd.IntN(300), i%60)))
			building.Set(&b, "use", block.TextValue(schema.BuildingUses[rnd.IntN(len(schema.BuildingUses))].Code))
			building.Set(&b, "floors", block.IntValue(int64(1+rnd.IntN(40))))
			building.Set(&b, "height", block.FloatValue(float64(30+rnd.IntN(1200))/10))
			building.Set(&b, "year", block.IntValue(int64(1985+rnd.IntN(40))))
			b.Geometry = boxWKB(x, y, 800+int32(rnd.IntN(1500)), 800+int32(rnd.IntN(1500)))
			if !yield(b) {
				return
			}
			for ; float64(counts[1]) < float64(i+1)*rooms; counts[1]++ {
				r := room.New(block.BulkID(1, room.Kind.No, uint64(counts[1])), home)
				room.Set(&r, "building", block.RefValue(b.ID))
				room.Set(&r, "floor", block.IntValue(int64(counts[1]%30)))
				room.Set(&r, "number", block.TextValue(fmt.Sprintf("%d%02d", counts[1]%30+1, counts[1]%8)))
				room.Set(&r, "persons", block.IntValue(int64(rnd.IntN(5))))
				if !yield(r) {
					return
				}
			}
			for ; float64(counts[2]) < float64(i+1)*people; counts[2]++ {
				p := person.New(block.BulkID(1, person.Kind.No, uint64(counts[2])), home)
				person.Set(&p, "category", block.TextValue("registered"))
				person.Set(&p, "synthetic", block.BoolValue(true))
				person.Set(&p, "name", block.TextValue(surnames[rnd.IntN(len(surnames))]+givenNames[rnd.IntN(len(givenNames))]))
				person.Set(&p, "sex", block.TextValue([]string{"1", "2"}[rnd.IntN(2)]))
				person.Set(&p, "birth", block.DateValue(simStart.AddDate(0, 0, -rnd.IntN(30_000))))
				person.Set(&p, "document_number", block.TextValue(fmt.Sprintf("9900001990%08d", rnd.IntN(1e8))))
				person.Set(&p, "phone", block.TextValue(fmt.Sprintf("142%08d", rnd.IntN(1e8))))
				if !yield(p) {
					return
				}
			}
			for ; float64(counts[3]) < float64(i+1)*entities; counts[3]++ {
				e := entity.New(block.BulkID(1, entity.Kind.No, uint64(counts[3])), home)
				entity.Set(&e, "name", block.TextValue(fmt.Sprintf("深圳市%s%s商贸有限公司", givenNames[rnd.IntN(len(givenNames))], givenNames[rnd.IntN(len(givenNames))])))
				entity.Set(&e, "uscc", block.TextValue(fmt.Sprintf("9199000000%08d", counts[3])))
				entity.Set(&e, "state", block.TextValue("active"))
				entity.Set(&e, "building", block.RefValue(b.ID))
				entity.Set(&e, "staff", block.IntValue(int64(rnd.IntN(50))))
				e.Geometry = pointWKB(x, y)
				if !yield(e) {
					return
				}
			}
		}
	}
}

var (
	surnames   = []string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "欧阳"}
	givenNames = []string{"伟", "芳", "秀英", "敏", "静", "丽华", "强", "磊", "建军", "洋", "艳", "勇", "文杰", "娟", "涛", "志明", "超", "秀兰", "霞", "晓平"}
)

func boxWKB(x, y, w, h int32) block.WKB {
	b := []byte{1, 3, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0}
	for _, p := range [][2]int32{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}, {x, y}} {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(p[0])/1e7))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(p[1])/1e7))
	}
	return b
}

func pointWKB(x, y int32) block.WKB {
	b := []byte{1, 1, 0, 0, 0}
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(x)/1e7))
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(y)/1e7))
}
