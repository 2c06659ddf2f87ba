package simtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kuaitu/block"
	"kuaitu/sync/wire"
)

// delta is one hundredth of a town's buildings changed by one device: four fifths in an attribute, one fifth in geometry.
type delta struct {
	w      *town
	editor *townDevice
	reader *townDevice
	n      int
	round  int
}

func newDelta(t testing.TB, n int) *delta {
	w := newTown(t, set, 1)
	w.load(t, w.records(n, 0, 0, 0))
	d := &delta{w: w, n: n, editor: w.enrol(t, set, w.streets[0], "desk"), reader: w.enrol(t, set, w.streets[0], "desk")}
	for _, dev := range []*townDevice{d.editor, d.reader} {
		dev.sync(t, false)
		if err := dev.WaitBuilt(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// change changes the next hundredth and pushes it.
func (d *delta) change(t testing.TB) int {
	t.Helper()
	d.round++
	rnd := rand.New(rand.NewPCG(uint64(d.round), 3))
	p := plan("building")
	changed := d.n / 100
	var edits []block.Edit
	for k := range changed {
		i := k*100 + rnd.IntN(100)
		e := block.Edit{Verb: block.Update, Kind: "building", ID: block.BulkID(1, p.Kind.No, uint64(i))}
		switch {
		case k%5 == 0:
			e.SetGeometry, e.Geometry = true, boxWKB(1139000000+int32(rnd.IntN(1e6)), 225000000+int32(rnd.IntN(1e6)), 800+int32(rnd.IntN(1500)), 800+int32(rnd.IntN(1500)))
		case k%5 < 3:
			e.Fields = []block.FieldSet{{Field: p.Index("floors"), New: block.IntValue(int64(41 + rnd.IntN(40)))}}
		default:
			e.Fields = []block.FieldSet{{Field: p.Index("name"), New: block.TextValue(fmt.Sprintf("新名苑%d栋", rnd.IntN(1000)))}}
		}
		if edits = append(edits, e); len(edits) == 50 || k == changed-1 {
			if _, err := d.editor.Edit(context.Background(), edits, "甲"); err != nil {
				t.Fatal(err)
			}
			edits = nil
		}
	}
	d.editor.sync(t, false)
	return changed
}

// segment asks for what changed of the street's public stream, and returns its bytes and how long making it took.
func (d *delta) segment(t testing.TB, form int) (int, time.Duration) {
	t.Helper()
	ctx := context.Background()
	e, _, err := d.reader.Enrolment(ctx)
	if err != nil {
		t.Fatal(err)
	}
	st := block.Stream{Region: d.w.streets[0], Class: block.Public}
	at := func(dev *townDevice) uint64 {
		c, err := dev.Cursors(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return c.Streams[st]
	}
	path := wire.ChangesPath(st, at(d.reader), at(d.editor), e.Epoch)
	if form == wire.FormWhole {
		path = wire.SegmentPath(st, at(d.reader), at(d.editor))
	}
	req, err := http.NewRequest(http.MethodGet, d.w.http.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+e.Token)
	begin := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := io.Copy(&b, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, err)
	}
	return b.Len(), time.Since(begin)
}

// A changed row costs at most 30 bytes, and an old client still gets its parts whole.
func TestBytesOfChanges(t *testing.T) {
	d := newDelta(t, 20_000)
	rows := d.change(t)
	changed, _ := d.segment(t, wire.FormChanged)
	whole, _ := d.segment(t, wire.FormWhole)
	if changed > 30*rows {
		t.Errorf("%d changed rows came in %d bytes, %d a row, want at most 30", rows, changed, changed/rows)
	}
	if whole < 2*changed {
		t.Errorf("the same in whole parts is %d bytes, in changed columns %d: the path gives no whole parts", whole, changed)
	}
	if r := d.reader.sync(t, true); r.Repaired != 0 || r.Pulled < rows {
		t.Errorf("pulled %d of %d rows, repaired %d", r.Pulled, rows, r.Repaired)
	}
}

// BenchmarkDelta is 1 % of 100k buildings changed: the server makes the segment, the device applies the cut.
func BenchmarkDelta(b *testing.B) {
	d := newDelta(b, 100_000)
	var made, applied time.Duration
	size, rows := 0, 0
	for b.Loop() {
		b.StopTimer()
		rows = d.change(b)
		kept, err := filepath.Glob(filepath.Join(d.w.storage.CacheDir(), "*", "*", "s-*"))
		if err != nil {
			b.Fatal(err)
		}
		for _, file := range kept { // the editor has fetched the same
			if err := os.Remove(file); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		var took time.Duration
		size, took = d.segment(b, wire.FormChanged)
		made += took
		before := d.reader.applied
		d.reader.sync(b, false)
		applied += d.reader.applied - before
	}
	n := float64(b.N)
	b.ReportMetric(float64(size), "B")
	b.ReportMetric(float64(size)/float64(rows), "B/row")
	b.ReportMetric(made.Seconds()/n, "make-s")
	b.ReportMetric(applied.Seconds()/n, "apply-s")
}
