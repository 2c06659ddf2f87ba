package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"kuaitu/block"
)

func sampleOps() []block.Op {
	id := block.NameID("op", "1")
	return []block.Op{
		{ID: id, Device: block.NameID("device", "d"), Counter: 41, Made: time.UnixMilli(1_700_000_000_123).UTC(), Author: "网格员01", Edits: []block.Edit{
			{Verb: block.Insert, Kind: "event", ID: block.NameID("event", "e"), Region: block.NameID("region", "g"),
				Fields:      []block.FieldSet{{Field: 1, New: block.TextValue("暴露垃圾")}, {Field: 10, New: block.IntValue(1)}},
				SetGeometry: true, Geometry: block.WKB{1, 1, 0, 0, 0}},
			{Verb: block.Update, Kind: "building", ID: block.NameID("building", "b"), Base: 7,
				Fields: []block.FieldSet{{Field: 5, Old: block.IntValue(3), New: block.IntValue(4)}}},
			{Verb: block.Update, Kind: "building", ID: block.NameID("building", "c"), Base: 7, SetGeometry: true},
		}},
		{ID: block.NameID("op", "2"), Counter: 42, Made: time.UnixMilli(0).UTC(), Edits: []block.Edit{{Verb: block.Delete, Kind: "castle", ID: id, Base: 1}}},
	}
}

func TestOpsRoundTrip(t *testing.T) {
	want := sampleOps()
	b, err := EncodeOps(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeOps(b)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("DecodeOps = %+v, %v, want %+v", got, err, want)
	}
	golden(t, "ops-v1.bin", b)
	one, err := DecodeOp(AppendOp(nil, want[0]))
	if err != nil || !reflect.DeepEqual(one, want[0]) {
		t.Errorf("DecodeOp = %+v, %v", one, err)
	}
}

func TestOpsLimits(t *testing.T) {
	many := make([]block.Op, MaxOpsEdits+1)
	for i := range many {
		many[i] = sampleOps()[1]
	}
	if n := OpsThatFit(many); n != MaxOpsEdits {
		t.Errorf("%d ops of one edit fit, want %d", n, MaxOpsEdits)
	}
	if _, err := EncodeOps(many); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("%d edits: error = %v, want ErrInvalid", len(many), err)
	}
	big := sampleOps()[:1]
	big[0].Edits[0].Fields[0].New = block.TextValue(strings.Repeat("x", 1<<20))
	nine := []block.Op{big[0], big[0], big[0], big[0], big[0], big[0], big[0], big[0], big[0]}
	if n := OpsThatFit(nine); n != 7 {
		t.Errorf("%d ops of 1 MiB fit in %d bytes, want 7", n, MaxOpsBody)
	}
}

func TestLeaves(t *testing.T) {
	want := map[block.ID]block.Leaf{}
	for i := range 300 {
		want[block.NameID("x", fmt.Sprint(i))] = block.Leaf{byte(i), 2}
	}
	got, err := DecodeLeaves(EncodeLeaves(want))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%d leaves came back of %d: %v", len(got), len(want), err)
	}
	if _, err := DecodeLeaves(pack(make([]byte, 47))); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("47 bytes: error = %v, want ErrInvalid", err)
	}
}

// An error keeps its kind over the network.
func TestErrorKinds(t *testing.T) {
	kinds := []error{block.ErrInvalid, block.ErrNotFound, block.ErrConflict, block.ErrUnavailable, block.ErrRefused}
	for _, kind := range kinds {
		w := httptest.NewRecorder()
		WriteError(w, fmt.Errorf("read stream: %w", kind))
		got := ReadError(w.Result())
		for _, k := range kinds {
			if errors.Is(got, k) != (k == kind) {
				t.Errorf("%v arrives as %v: Is(%v) = %v", kind, got, k, !(k == kind))
			}
		}
	}
	w := httptest.NewRecorder()
	WriteError(w, errors.New("token kt-secret of 张三"))
	if body := w.Body.String(); strings.Contains(body, "secret") || w.Code != 500 {
		t.Errorf("an internal error answers %d %s", w.Code, body)
	}
	w = httptest.NewRecorder()
	WriteError(w, fmt.Errorf("push: %w", &Error{Status: 409, Code: CodeCounterGap, Message: "ops are missing", Counter: 17}))
	if got := ReadError(w.Result()); got.Code != CodeCounterGap || got.Counter != 17 || !errors.Is(got, block.ErrConflict) {
		t.Errorf("counter gap arrives as %+v", got)
	}
	page := httptest.NewRecorder()
	page.WriteString("<html>please log in to the hotel</html>")
	if got := ReadError(page.Result()); !errors.Is(got, block.ErrUnavailable) || got.Code != "foreign" {
		t.Errorf("a portal's page arrives as %+v", got)
	}
}

func TestMessagesRoundTrip(t *testing.T) {
	s := block.Stream{Region: block.NameID("region", "a"), Class: block.Masked}
	hello := HelloResponse{
		Protocol: 1, Epoch: block.Epoch{1}, Lost: []block.ID{s.Region}, Cut: Digest{3}, Counter: 4, Heads: []Head{{StreamOf(s), 9}},
		Shards: []Witness{{s.Region, 9, Digest{7}}}, Classes: ClassesOf(block.AllParts), Time: time.UnixMilli(5).UTC(),
	}
	b, err := json.Marshal(hello)
	if err != nil {
		t.Fatal(err)
	}
	var got HelloResponse
	if err := ReadJSON(strings.NewReader(string(b)), MaxJSONBody, &got); err != nil || !reflect.DeepEqual(got, hello) {
		t.Errorf("hello came back as %+v, %v", got, err)
	}
	if cut := got.BlockCut(); cut.Heads[0] != (block.Head{Stream: s, Seq: 9}) {
		t.Errorf("cut = %+v", cut)
	}
	var tally block.Tally
	tally.Add(block.Leaf{1, 2, 3, 31: 9})
	proof := ProofResponse{Tallies: []Tally{{KeyOf(block.TallyKey{Region: s.Region, Class: block.Work, Kind: "event", Foreign: true}), TotalOf(tally)}}}
	if b, err = json.Marshal(proof); err != nil {
		t.Fatal(err)
	}
	var p ProofResponse
	if err := json.Unmarshal(b, &p); err != nil || !reflect.DeepEqual(p, proof) {
		t.Errorf("proof came back as %+v, %v", p, err)
	}
	for k, v := range p.BlockTallies() {
		if v != tally || !k.Foreign || k.Class != block.Work {
			t.Errorf("tally = %+v %+v", k, v)
		}
	}
	for _, bad := range []string{`{"heads":[{"region":"x"}]}`, `{"cut":"00"}`, `{"classes":["secret"]}`, `[`, ``} {
		if err := ReadJSON(strings.NewReader(bad), 100, &got); !errors.Is(err, block.ErrInvalid) {
			t.Errorf("%s: error = %v, want ErrInvalid", bad, err)
		}
	}
	if err := ReadJSON(strings.NewReader(`{"protocol":1}`), 5, &got); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("over the limit: %v", err)
	}
}

func FuzzDecodeOps(f *testing.F) {
	for _, op := range sampleOps() {
		f.Add(AppendOp(nil, op))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		op, err := DecodeOp(b)
		if err != nil {
			if !errors.Is(err, block.ErrInvalid) {
				t.Fatalf("error %v is not ErrInvalid", err)
			}
			return
		}
		again, err := DecodeOp(AppendOp(nil, op))
		if err != nil || !reflect.DeepEqual(again, op) {
			t.Fatalf("%+v came back as %+v, %v", op, again, err)
		}
	})
}
