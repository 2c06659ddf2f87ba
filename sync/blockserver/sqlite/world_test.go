package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/blockserver"
	"kuaitu/sync/blockserver/sqlite"
	"kuaitu/sync/wire"
)

var (
	start  = time.Date(2025, 3, 1, 20, 30, 0, 0, time.UTC) // the 2nd of March in the city
	set    = schema.Builtin()
	cityID = regionID("city")
)

func regionID(name string) block.ID { return block.NameID("region", name) }

// regions is a city of two districts; the first has two streets of two communities of two grids each.
func regions() []block.Region {
	var out []block.Region
	add := func(name, parent string, l block.Level) {
		r := block.Region{ID: regionID(name), Code: "C-" + name, Scheme: "test", Name: name, Level: l}
		if parent != "" {
			r.Parent = regionID(parent)
		}
		out = append(out, r)
	}
	add("city", "", block.City)
	for _, d := range []string{"d1", "d2"} {
		add(d, "city", block.District)
	}
	for _, s := range []string{"s1", "s2"} {
		add(s, "d1", block.Street)
		for _, c := range []string{"a", "b"} {
			add(s+c, s, block.Community)
			for _, g := range []string{"1", "2"} {
				add(s+c+g, s+c, block.Grid)
			}
		}
	}
	return out
}

var grids = []string{"s1a1", "s1a2", "s1b1", "s1b2", "s2a1", "s2a2", "s2b1", "s2b2"}

// world is a server over a real data folder and its HTTP front.
type world struct {
	t     testing.TB
	dir   string
	store *sqlite.Storage
	http  *httptest.Server
	tap   *tap
	now   time.Time
	log   *bytes.Buffer
	mu    sync.Mutex
}

// tap keeps every byte the server sends, body and headers, with frames unpacked by the client that reads them.
type tap struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (p *tap) note(b []byte) {
	p.mu.Lock()
	p.all.Write(b)
	p.mu.Unlock()
}

type lockedWriter struct{ w *world }

func (l lockedWriter) Write(b []byte) (int, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return l.w.log.Write(b)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, dir: filepath.Join(t.TempDir(), "data"), now: start, log: &bytes.Buffer{}, tap: &tap{}}
	meta := wire.Meta{NameZH: "测试城", NameEN: "Test City", TimeZone: "Asia/Shanghai"}
	if err := sqlite.Init(t.Context(), w.dir, meta, regions(), sqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	w.open()
	t.Cleanup(w.close)
	return w
}

func (w *world) open() {
	w.t.Helper()
	var err error
	if w.store, err = sqlite.Open(w.t.Context(), w.dir, sqlite.Options{}); err != nil {
		w.t.Fatal(err)
	}
	srv, err := blockserver.New(w.store, blockserver.Options{
		Secret: w.store.Secret(), Cache: w.store.CacheDir(), Clock: func() time.Time { return w.now },
		Log: slog.New(slog.NewJSONHandler(lockedWriter{w}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.http = httptest.NewServer(srv)
}

func (w *world) close() {
	w.http.Close()
	if err := w.store.Close(); err != nil {
		w.t.Error(err)
	}
}

func (w *world) load(records ...block.Record) {
	w.t.Helper()
	n, err := w.store.Load(w.t.Context(), func(yield func(block.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	})
	if err != nil || n != len(records) {
		w.t.Fatalf("Load = %d, %v, want %d", n, err, len(records))
	}
}

func (w *world) sound() {
	w.t.Helper()
	v, err := w.store.Verify(context.Background())
	if err != nil || len(v.Faults) > 0 {
		w.t.Fatalf("Verify = %+v, %v", v, err)
	}
}

// record makes a record of a kind from field values.
func record(kind block.Kind, id, region string, fields map[string]block.Value) block.Record {
	plan, err := set.Plan(kind)
	if err != nil {
		panic(err)
	}
	home := block.ID{}
	if region != "" {
		home = regionID(region)
	}
	r := plan.New(block.NameID(kind, id), home)
	for name, v := range fields {
		plan.Set(&r, name, v)
	}
	return r
}

func text(s string) block.Value { return block.TextValue(s) }

// people makes a person in each grid, with tokens of the grid and class in every sensitive field.
func people() []block.Record {
	var out []block.Record
	for _, g := range grids {
		out = append(out,
			record("building", "b-"+g, g, map[string]block.Value{"name": text("楼" + g), "note": text("work~" + g[:2]), "floors": block.IntValue(7)}),
			record("room", "r-"+g, g, map[string]block.Value{"building": block.RefValue(block.NameID("building", "b-"+g)), "number": text("101")}),
			record("person", "p-"+g, g, map[string]block.Value{"name": text("张secret~" + g), "phone": text("138secret~" + g), "nationality": text("secret~" + g)}))
	}
	for _, code := range []string{"暴露垃圾", "路面破损"} {
		out = append(out, record("catalogue_type", code, "city", map[string]block.Value{"code": text(code), "class": text("市容"), "name": text(code)}))
	}
	return out
}

func residency(id, region, person string) block.Record {
	return record("residency", id, region, map[string]block.Value{
		"room": block.RefValue(block.NameID("room", "r-"+region)), "person": block.RefValue(block.NameID("person", person)),
	})
}

// device is a replica kept in maps: the server's contract, as simply as it can be followed.
type device struct {
	w        *world
	id       block.ID
	token    string
	scope    wire.EnrolResponse
	hello    wire.HelloResponse
	epoch    block.Epoch
	cursors  map[block.Stream]uint64
	parts    map[block.Stream]map[blockserver.RowKey]block.Part
	counter  uint64
	frames   int
	snaps    int
	unpacked bytes.Buffer // every frame's values in clear
}

func (w *world) enrol(name, region, post string) *device {
	w.t.Helper()
	code, _, err := w.store.CreateCode(w.t.Context(), regionID(region), post, name, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	d := &device{w: w, id: block.NameID("device", name), cursors: map[block.Stream]uint64{}, parts: map[block.Stream]map[blockserver.RowKey]block.Part{}}
	if err := d.post(wire.PathEnrol, wire.EnrolRequest{Code: code, Name: name, Device: d.id}, &d.scope); err != nil {
		w.t.Fatal(err)
	}
	d.token = d.scope.Token
	return d
}

// do sends a request and returns the body of a 2xx answer, else the refusal.
func (d *device) do(method, path, contentType string, body []byte, header ...string) ([]byte, *http.Response, error) {
	req, err := http.NewRequest(method, d.w.http.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	if d.token != "" {
		req.Header.Set("Authorization", "Bearer "+d.token)
	}
	req.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := d.w.http.Client().Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		e := wire.ReadError(resp)
		d.w.tap.note([]byte(e.Error()))
		return nil, resp, e
	}
	b, err := io.ReadAll(resp.Body)
	d.w.tap.note(b)
	return b, resp, err
}

func (d *device) post(path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	b, _, err := d.do("POST", path, wire.TypeJSON, body)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, out)
}

func (d *device) frame(path string) (wire.FrameHeader, []block.Part, error) {
	b, _, err := d.do("GET", path, "", nil)
	if err != nil {
		return wire.FrameHeader{}, nil, err
	}
	return d.decode(b)
}

func (d *device) decode(b []byte) (wire.FrameHeader, []block.Part, error) {
	d.frames++
	h, parts, err := wire.DecodeFrame(set, b)
	for _, p := range parts {
		for _, v := range p.Values {
			d.unpacked.WriteString(v.Plain() + "\n")
		}
	}
	return h, parts, err
}

// pull follows the protocol once and applies one whole cut.
func (d *device) pull() error {
	for range 5 {
		err := d.pullOnce()
		if e := (*wire.Error)(nil); errorsAs(err, &e) && e.Code == wire.CodeMoved {
			continue
		}
		return err
	}
	return fmt.Errorf("the server keeps moving: %w", block.ErrUnavailable)
}

func (d *device) pullOnce() error {
	req := wire.HelloRequest{Protocol: wire.Protocol, Epoch: d.epoch, Witnesses: d.hello.Shards}
	var hello wire.HelloResponse
	if err := d.post(wire.PathHello, req, &hello); err != nil {
		return err
	}
	anew := map[block.ID]bool{}
	for _, shard := range hello.Lost {
		anew[shard] = true
	}
	tree, err := block.NewTree(regions(), nil)
	if err != nil {
		return err
	}
	next := map[block.Stream]map[blockserver.RowKey]block.Part{}
	cursors := map[block.Stream]uint64{}
	for _, h := range hello.BlockCut().Heads {
		held := map[blockserver.RowKey]block.Part{}
		at := d.cursors[h.Stream]
		if hello.EpochChanged || anew[tree.Shard(h.Stream.Region)] {
			at = 0
		}
		for k, p := range d.parts[h.Stream] {
			held[k] = p
		}
		if at != h.Seq {
			if at, err = d.fetch(h, at, held); err != nil {
				return err
			}
		}
		next[h.Stream], cursors[h.Stream] = held, at
	}
	d.hello, d.epoch, d.parts, d.cursors = hello, hello.Epoch, next, cursors
	return nil
}

func (d *device) fetch(h block.Head, at uint64, held map[blockserver.RowKey]block.Part) (uint64, error) {
	for at < h.Seq {
		var header wire.FrameHeader
		var parts []block.Part
		err := error(&wire.Error{Status: http.StatusGone})
		if at > 0 {
			header, parts, err = d.frame(wire.SegmentPath(h.Stream, at, h.Seq))
		}
		if e := (*wire.Error)(nil); errorsAs(err, &e) && e.Status == http.StatusGone {
			if at, err = d.snapshot(h, held); err != nil {
				return at, err
			}
			continue
		}
		if err != nil {
			return at, err
		}
		if header.From != at || header.Upto <= at || header.Upto > h.Seq || header.Stream != h.Stream {
			return at, fmt.Errorf("segment %+v after %d for %+v", header, at, h)
		}
		for _, p := range parts {
			if p.Seq <= at || p.Seq > header.Upto {
				return at, fmt.Errorf("part at %d in segment %+v", p.Seq, header)
			}
			put(held, p)
		}
		at = header.Upto
	}
	return at, nil
}

func put(held map[blockserver.RowKey]block.Part, p block.Part) {
	key := blockserver.RowKey{Kind: p.Kind, ID: p.ID}
	if p.Drop {
		delete(held, key)
		return
	}
	p.Seq = 0 // a snapshot does not say at which position a part came
	held[key] = p
}

func (d *device) snapshot(h block.Head, held map[blockserver.RowKey]block.Part) (uint64, error) {
	d.snaps++
	b, _, err := d.do("GET", wire.SnapshotPath(h.Stream, h.Seq), "", nil)
	if err != nil {
		return 0, err
	}
	var m wire.Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return 0, err
	}
	clear(held)
	for _, c := range m.Chunks {
		b, _, err := d.do("GET", wire.ChunkPath(h.Stream, c.SHA256), "", nil)
		if err != nil {
			return 0, err
		}
		if wire.DigestOf(b) != c.SHA256 || len(b) != c.Size {
			return 0, fmt.Errorf("chunk %s is not what its name says", c.SHA256)
		}
		_, parts, err := d.decode(b)
		if err != nil || len(parts) != c.Rows {
			return 0, fmt.Errorf("chunk of %d rows has %d: %w", c.Rows, len(parts), err)
		}
		for _, p := range parts {
			put(held, p)
		}
	}
	return m.Seq, nil
}

// tallies computes what the device holds, from its parts.
func (d *device) tallies() (map[block.TallyKey]block.Tally, block.Tally) {
	out := map[block.TallyKey]block.Tally{}
	var total block.Tally
	var h schema.Hasher
	for st, parts := range d.parts {
		for _, p := range parts {
			key := block.TallyKey{Region: p.Region, Class: st.Class, Kind: p.Kind, Foreign: p.Foreign}
			if p.Foreign {
				key.Region = st.Region
			}
			t := out[key]
			leaf := h.Leaf(p.Kind, p.ID, st.Class, p.Ver, p.Region, p.Values, p.Geometry)
			t.Add(leaf)
			total.Add(leaf)
			out[key] = t
		}
	}
	return out, total
}

// prove asks the server for its tallies at the cut applied and compares all of them.
func (d *device) prove() error {
	var resp wire.ProofResponse
	if err := d.post(wire.PathProof, wire.ProofRequest{Epoch: d.epoch, Cut: d.hello.Cut}, &resp); err != nil {
		return err
	}
	mine, total := d.tallies()
	if got := resp.BlockTallies(); !reflect.DeepEqual(got, mine) {
		return fmt.Errorf("the server proves %d tallies, the device has %d: %v, %v", len(got), len(mine), got, mine)
	}
	if resp.Total.Block() != total {
		return fmt.Errorf("totals differ: %+v, %+v", resp.Total, total)
	}
	sum := wire.TotalOf(total)
	if err := d.post(wire.PathProof, wire.ProofRequest{Epoch: d.epoch, Cut: d.hello.Cut, Total: &sum}, &resp); err != nil {
		return err
	}
	if !resp.Equal {
		return fmt.Errorf("the total %+v is not taken for equal", sum)
	}
	return nil
}

func (d *device) sync() {
	d.w.t.Helper()
	if err := d.pull(); err != nil {
		d.w.t.Fatal(err)
	}
	if err := d.prove(); err != nil {
		d.w.t.Fatal(err)
	}
}

func (d *device) op(edits ...block.Edit) block.Op {
	d.counter++
	return block.Op{ID: block.NameID("op", fmt.Sprint(d.id, d.counter)), Device: d.id, Counter: d.counter, Made: d.w.now, Author: "tester", Edits: edits}
}

func (d *device) push(ops ...block.Op) ([]block.Receipt, error) {
	body, err := wire.EncodeOps(ops)
	if err != nil {
		return nil, err
	}
	b, _, err := d.do("POST", wire.PathOps, wire.TypeOps, body)
	if err != nil {
		return nil, err
	}
	var resp wire.OpsResponse
	if err := json.Unmarshal(b, &resp); err != nil {
		return nil, err
	}
	var out []block.Receipt
	for _, r := range resp.Receipts {
		receipt, err := r.Block()
		if err != nil {
			return nil, err
		}
		out = append(out, receipt)
	}
	return out, nil
}

// must pushes one op and checks its fate.
func (d *device) must(fate block.Fate, reason string, edits ...block.Edit) block.Receipt {
	d.w.t.Helper()
	got, err := d.push(d.op(edits...))
	if err != nil {
		d.w.t.Fatal(err)
	}
	if got[0].Fate != fate || got[0].Reason != reason {
		d.w.t.Fatalf("receipt = %s %q, want %s %q", got[0].Fate, got[0].Reason, fate, reason)
	}
	return got[0]
}

func sets(kind block.Kind, fields map[string]block.Value) []block.FieldSet {
	plan, err := set.Plan(kind)
	if err != nil {
		panic(err)
	}
	var out []block.FieldSet
	for name, v := range fields {
		out = append(out, block.FieldSet{Field: plan.Index(name), New: v})
	}
	slices.SortFunc(out, func(a, b block.FieldSet) int { return a.Field - b.Field })
	return out
}

func insert(kind block.Kind, id, region string, fields map[string]block.Value) block.Edit {
	return block.Edit{Verb: block.Insert, Kind: kind, ID: block.NameID(kind, id), Region: regionID(region), Fields: sets(kind, fields)}
}

func change(kind block.Kind, id string, base block.Ver, fields map[string]block.Value) block.Edit {
	return block.Edit{Verb: block.Update, Kind: kind, ID: block.NameID(kind, id), Base: base, Fields: sets(kind, fields)}
}

// holds reports the part of a record in a stream the device has.
func (d *device) holds(region string, c block.Class, kind block.Kind, id string) (block.Part, bool) {
	p, ok := d.parts[block.Stream{Region: regionID(region), Class: c}][blockserver.RowKey{Kind: kind, ID: block.NameID(kind, id)}]
	return p, ok
}

func (d *device) saw(s string) bool {
	return strings.Contains(d.unpacked.String(), s)
}

func getJSON(d *device, path string, out any) error {
	b, _, err := d.do("GET", path, "", nil)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, out)
}

func (d *device) rows(req wire.RowsRequest) ([]block.Part, error) {
	body, err := json.Marshal(req)
	if err != nil {
		return nil, err
	}
	b, _, err := d.do("POST", wire.PathRows, wire.TypeJSON, body)
	if err != nil {
		return nil, err
	}
	_, parts, err := d.decode(b)
	return parts, err
}

func (d *device) leaves(req wire.LeavesRequest) (map[block.ID]block.Leaf, error) {
	body, err := json.Marshal(req)
	if err != nil {
		return nil, err
	}
	b, _, err := d.do("POST", wire.PathLeaves, wire.TypeJSON, body)
	if err != nil {
		return nil, err
	}
	return wire.DecodeLeaves(b)
}

func sqlOpen(file string) (*sql.DB, error) { return sql.Open("sqlite", "file:"+file) }
