package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kuaitu/block"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("STORE_TEST_CHILD"); path != "" {
		child(path)
		return
	}
	os.Exit(m.Run())
}

// child works on a store until it is killed, and says on stdout what it was told is saved.
func child(path string) {
	s, err := Open(ctx, path, Options{})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	p := plan("building")
	for i := 1; ; i++ {
		var parts []block.Part
		for n := range 50 {
			r := building(n)
			r.Region, r.Ver = rid("G1"), block.Ver(time.Now().UnixNano())
			for c := range block.Class(2) {
				part := p.Part(r, c)
				part.Stream = block.Stream{Region: rid("S1"), Class: c}
				parts = append(parts, part)
			}
		}
		cur, err := s.Writer().Cursors(ctx)
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		seq := cur.Streams[parts[0].Stream] + 1
		cut := block.CutPlan{Epoch: block.Epoch{1}, Streams: []block.StreamPlan{
			{Stream: parts[0].Stream, Seq: seq, Replace: seq == 1}, {Stream: parts[1].Stream, Seq: seq, Replace: seq == 1}}}
		if _, err := s.Writer().ApplyCut(ctx, cut, partSeq(parts)); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println("cut", seq)
		op, err := s.Writer().Edit(ctx, []block.Edit{{Verb: block.Update, Kind: "building", ID: parts[0].ID, Fields: []block.FieldSet{{Field: p.Index("note"), New: block.TextValue(fmt.Sprint(i))}}}}, "甲")
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println("op", op.Counter)
	}
}

func TestKilledChild(t *testing.T) {
	s := enrolled(t, block.AllParts)
	path := s.Path()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for round := range 5 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "STORE_TEST_CHILD="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var cuts, ops uint64
		lines := bufio.NewScanner(out)
		deadline := time.Duration(30+round*37) * time.Millisecond
		var timer *time.Timer
		for lines.Scan() {
			if timer == nil { // the clock starts when it has begun to work
				if _, err := Open(ctx, path, Options{}); !errors.Is(err, block.ErrUnavailable) {
					t.Errorf("a second process may open the store: %v", err)
				}
				timer = time.AfterFunc(deadline, func() { cmd.Process.Kill() })
			}
			var n uint64
			line := lines.Text()
			if _, err := fmt.Sscanf(line, "cut %d", &n); err == nil {
				cuts = n
			} else if _, err := fmt.Sscanf(line, "op %d", &n); err == nil {
				ops = n
			} else {
				t.Error(line)
			}
		}
		cmd.Wait()
		begin := time.Now()
		s, err := Open(ctx, path, Options{})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		t.Logf("round %d: %d cuts, %d ops, reopened in %v", round, cuts, ops, time.Since(begin))
		cur, err := s.Writer().Cursors(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got := cur.Streams[block.Stream{Region: rid("S1"), Class: block.Work}]; got < cuts || got > cuts+1 {
			t.Errorf("round %d: cut %d was acknowledged, the store is at %d", round, cuts, got)
		}
		counts, err := s.Writer().Counts(ctx)
		if err != nil || uint64(counts.Pending) < ops || uint64(counts.Pending) > ops+1 {
			t.Errorf("round %d: %d ops were acknowledged, the store has %+v, %v", round, ops, counts, err)
		}
		if v, err := s.Reader().Verify(ctx); err != nil || !v.OK() {
			t.Errorf("round %d: %+v, %v", round, v, err)
		}
		mustTallies(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	s := newStore(t)
	if _, err := Open(ctx, s.Path(), Options{}); !errors.Is(err, block.ErrUnavailable) {
		t.Errorf("opening twice: %v, want ErrUnavailable", err)
	}
	load(t, s, "region", regions()...)
	copyPath := filepath.Join(dir, "copy.gpkg")
	if err := s.Reader().ExportCopy(ctx, copyPath); err != nil {
		t.Fatal(err)
	}
	foreign, err := connect(dsn(filepath.Join(dir, "other.db"), "", false))
	if err != nil {
		t.Fatal(err)
	}
	if err := foreign.script("CREATE TABLE a (b)"); err != nil {
		t.Fatal(err)
	}
	foreign.close()
	good, err := os.ReadFile(copyPath)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		want error
	}{
		"missing":       {filepath.Join(dir, "none.gpkg"), block.ErrNotFound},
		"folder":        {dir, block.ErrInvalid},
		"text":          {write("a.txt", []byte(strings.Repeat("hello ", 100))), block.ErrInvalid},
		"empty":         {write("b.gpkg", nil), block.ErrInvalid},
		"other SQLite":  {filepath.Join(dir, "other.db"), block.ErrInvalid},
		"other's gpkg":  {copyPath, block.ErrInvalid},
		"torn":          {write("torn.gpkg", good[:5000]), block.ErrInvalid},
		"header + junk": {write("junk.gpkg", append([]byte("SQLite format 3\x00"), make([]byte, 4000)...)), block.ErrInvalid},
	} {
		s, err := Open(ctx, c.path, Options{})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err == nil {
			s.Close()
		}
	}
	if _, err := Create(ctx, copyPath, Meta{}, Options{}); !errors.Is(err, block.ErrConflict) {
		t.Errorf("Create over a file: %v, want ErrConflict", err)
	}
}

func TestReopenKeepsEverything(t *testing.T) {
	s := newStore(t)
	load(t, s, "region", regions()...)
	if _, err := s.Writer().Load(ctx, "building", buildings(50), nil); err != nil {
		t.Fatal(err)
	}
	path := s.Path()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		t.Error("a closed store has a log beside it")
	}
	s, err := Open(ctx, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	m, err := s.Reader().Meta(ctx)
	if err != nil || m.Name != "样城" {
		t.Errorf("Meta = %+v, %v", m, err)
	}
	if mode, err := s.Reader().Mode(ctx); mode != Standalone || err != nil {
		t.Errorf("Mode = %s, %v", mode, err)
	}
	if err := s.Writer().SetEnrolment(ctx, block.Enrolment{}); !errors.Is(err, block.ErrConflict) {
		t.Errorf("enrolling a standalone store: %v, want ErrConflict", err)
	}
	mustTallies(t, s)
	c, err := s.Reader().Counts(ctx, "building", block.Grid)
	if err != nil || len(c.Rows) != 3 || c.Rows[0].Count+c.Rows[1].Count+c.Rows[2].Count != 50 || c.Outside+c.Above != 0 {
		t.Errorf("Counts = %+v, %v", c, err)
	}
}

// A full disk leaves the data as it was, and the store usable.
func TestFullDisk(t *testing.T) {
	s := newStore(t)
	load(t, s, "region", regions()...)
	if _, err := s.Writer().Load(ctx, "building", buildings(100), nil); err != nil {
		t.Fatal(err)
	}
	pages, err := s.writer.c.number("PRAGMA page_count")
	if err != nil {
		t.Fatal(err)
	}
	for extra := int64(0); extra < 40; extra += 4 {
		if _, err := s.writer.c.number(fmt.Sprint("PRAGMA max_page_count = ", pages+extra)); err != nil {
			t.Fatal(err)
		}
		_, err := s.Writer().Load(ctx, "building", func(yield func(block.Record, error) bool) {
			for i := 100; i < 1500; i++ {
				if !yield(building(i), nil) {
					return
				}
			}
		}, nil)
		if !errors.Is(err, block.ErrUnavailable) {
			t.Fatalf("with %d pages left: %v, want ErrUnavailable", extra, err)
		}
		if n, err := s.Reader().Len(ctx, "building"); n != 100 || err != nil {
			t.Fatalf("with %d pages left there are %d rows, %v", extra, n, err)
		}
		if v, err := s.Reader().Verify(ctx); err != nil || !v.OK() {
			t.Fatalf("with %d pages left: %+v, %v", extra, v, err)
		}
	}
	if _, err := s.writer.c.number("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Writer().Load(ctx, "building", buildings(200), nil); err != nil || got.Inserted != 100 {
		t.Errorf("after space was made: %+v, %v", got, err)
	}
	mustTallies(t, s)
}

// What plain SQL changed behind our back is found by Recompute and mended by Repair.
func TestTampering(t *testing.T) {
	w := newWorld(t, 5)
	for range 60 {
		w.mutate()
	}
	scope := scopeOf(w, "S1", block.Sensitive)
	s := enrolled(t, block.AllParts)
	cut, parts := w.cut(scope, block.Cursors{}, true)
	if _, err := s.Writer().ApplyCut(ctx, cut, partSeq(parts)); err != nil {
		t.Fatal(err)
	}
	checkReplica(t, s, w, scope, nil)
	want := w.tallies(scope)
	for _, sql := range []string{
		`UPDATE building SET name = '假'`,
		`UPDATE building SET floors = floors + 1, ver = ver + 7`,
		`DELETE FROM building WHERE fid IN (SELECT fid FROM building LIMIT 2)`,
		`INSERT INTO building (id, name) VALUES (x'00112233445566778899aabbccddeeff', '凭空')`,
		`UPDATE person SET name = 'x', region = NULL`,
		`UPDATE building SET parts = 0`,
		`UPDATE building SET id = randomblob(16) WHERE fid IN (SELECT fid FROM building LIMIT 1)`,
		`DELETE FROM person`, `DELETE FROM kt_placement`,
	} {
		if err := s.writer.c.script(sql); err != nil {
			t.Fatal(err)
		}
		rounds := 0
		for ; rounds < 4; rounds++ {
			rows, err := s.Writer().Recompute(ctx)
			if err != nil {
				t.Fatal(err)
			}
			same := len(rows) == len(want)
			bad := map[block.TallyKey]bool{}
			for k := range rows {
				bad[k] = rows[k] != want[k]
			}
			for k := range want {
				bad[k] = rows[k] != want[k]
			}
			for k, wrong := range bad {
				if !wrong {
					continue
				}
				same = false
				stream := w.tree.StreamOf(k.Region, k.Class)
				if k.Foreign {
					stream = block.Stream{Region: k.Region, Class: k.Class}
				}
				have, err := s.Writer().Leaves(ctx, k)
				if err != nil {
					t.Fatal(err)
				}
				var put []block.Part
				for _, r := range w.records {
					if r.Kind != k.Kind || !plan(r.Kind).Classes().Has(k.Class) || !slices.Contains(scope, stream) {
						continue
					}
					if foreign, ok := w.streams(r, k.Class)[stream]; ok && foreign == k.Foreign && (foreign || r.Region == k.Region) {
						put = append(put, w.part(r, stream, foreign))
						delete(have, r.ID)
					}
				}
				var drop []block.ID
				for id := range have {
					drop = append(drop, id)
				}
				if err := s.Writer().Repair(ctx, stream, k.Kind, put, drop); err != nil {
					t.Fatal(err)
				}
			}
			if same {
				break
			}
			if rounds == 0 && len(bad) == 0 {
				t.Errorf("%s was not noticed", sql)
			}
		}
		if rounds == 0 || rounds == 4 {
			t.Errorf("%s: repaired in %d rounds", sql, rounds)
		}
		if sql != `UPDATE building SET name = '假'` { // search text of rows that went behind our back may stay
			if err := s.Writer().RebuildIndexes(ctx); err != nil {
				t.Fatal(err)
			}
		}
		checkReplica(t, s, w, scope, nil)
	}
}

func TestClosedStore(t *testing.T) {
	s := newStore(t)
	s.Close()
	if _, err := s.Reader().Meta(ctx); !errors.Is(err, block.ErrUnavailable) {
		t.Errorf("reading a closed store: %v", err)
	}
	if err := s.Writer().ClearStaged(context.Background()); !errors.Is(err, block.ErrUnavailable) {
		t.Errorf("writing a closed store: %v", err)
	}
}

// TestCreateAfterAKill makes a store where a Create was killed before anything was in it.
func TestCreateAfterAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.gpkg")
	c, err := connect(dsn(path, "", false))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.script("PRAGMA application_id = 1196444487"), c.close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path, Options{}); !errors.Is(err, block.ErrInvalid) {
		t.Errorf("opening what holds nothing: %v", err)
	}
	s, err := Create(t.Context(), path, Meta{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(t.Context(), path, Meta{}, Options{}); !errors.Is(err, block.ErrConflict) {
		t.Errorf("making a store over a store: %v", err)
	}
}
