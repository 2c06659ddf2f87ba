package state

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// poster is the UI thread of the tests: posts wait until run.
type poster struct{ c chan func() }

func (p poster) post(f func()) { p.c <- f }

func (p poster) run() {
	for {
		select {
		case f := <-p.c:
			f()
		default:
			return
		}
	}
}

func TestSearchShowsTheNewestAnswerOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ui := poster{make(chan func(), 16)}
		var mu sync.Mutex // guards asked: two questions may be out at once
		var asked []string
		slow := map[string]time.Duration{"滨": 5 * time.Second, "滨河": time.Second}
		find := func(ctx context.Context, q string) (Hits, error) {
			mu.Lock()
			asked = append(asked, q)
			mu.Unlock()
			time.Sleep(slow[q]) // deaf to ctx: the worst kind of answerer
			return Hits{Rows: []Hit{{Label: q}}}, nil
		}
		var shown []string
		s := NewSearch(find, ui.post, func(h Hits) { shown = append(shown, h.Query) }, 80*time.Millisecond)

		s.Query("b") // a burst: overtaken before it is asked
		time.Sleep(10 * time.Millisecond)
		s.Query("滨") // asked, and answered after the next one
		time.Sleep(100 * time.Millisecond)
		s.Query(" 滨河 ")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		ui.run()
		if want := []string{"滨", "滨河"}; !slices.Equal(asked, want) {
			t.Errorf("asked %q, want %q", asked, want)
		}
		if want := []string{"滨河"}; !slices.Equal(shown, want) {
			t.Errorf("shown %q, want %q", shown, want)
		}

		// An answer that is on its way to the UI thread is void once a newer query was typed.
		s.Query("下沙")
		time.Sleep(time.Second)
		synctest.Wait()
		s.Query("")
		ui.run()
		if want := []string{"滨河", ""}; !slices.Equal(shown, want) {
			t.Errorf("shown %q, want %q", shown, want)
		}

		s.Query("x")
		s.Close() // must end the question and come back
	})
}

func TestSearchPassesErrorsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ui := poster{make(chan func(), 16)}
		bad := errors.New("index gone")
		var got Hits
		s := NewSearch(func(context.Context, string) (Hits, error) { return Hits{}, bad }, ui.post, func(h Hits) { got = h }, 0)
		s.Query("q")
		synctest.Wait()
		ui.run()
		if !errors.Is(got.Err, bad) || got.Query != "q" {
			t.Errorf("got %+v", got)
		}
		s.Close()
	})
}

func TestHitRowsAndSummary(t *testing.T) {
	l := load(t, "zh")
	h := Hits{Query: "滨河", Took: 3 * time.Millisecond, Rows: []Hit{{Group: "building", Label: "a"}, {Group: "building", Label: "b"}, {Group: "ambiguous", Label: "c"}, {Group: "made-up", Label: "d"}}}
	var got []string
	for _, r := range HitRows(l, h) {
		got = append(got, r.Head+r.Hit.Label)
	}
	if want := []string{"房屋与楼栋", "a", "b", "别名有歧义，请选一个", "c", "made-up", "d"}; !slices.Equal(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
	if s := HitSummary(l, h); s != "4 条，3 毫秒" {
		t.Errorf("summary %q", s)
	}
	if HitSummary(l, Hits{}) != "" {
		t.Error("a summary before any query")
	}
}

func TestMatchSpans(t *testing.T) {
	for _, c := range []struct {
		label, query string
		want         []string
	}{
		{"滨河雅苑 3栋 1203", "滨河 1203", []string{"滨河", "1203"}},
		{"Binhe Court binhe", "BINHE", []string{"Binhe", "binhe"}},
		{"aaa", "aa a", []string{"aaa"}},
		{"滨河雅苑", "bhyy", nil},
		{"滨河雅苑", "", nil},
		{"İstanbul", "i", nil}, // its lower case is longer
	} {
		var got []string
		for _, s := range MatchSpans(c.label, c.query) {
			got = append(got, c.label[s[0]:s[1]])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q in %q: %q, want %q", c.query, c.label, got, c.want)
		}
	}
}
