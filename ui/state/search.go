package state

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/block"
)

// Ref names a record on a screen.
type Ref struct {
	Kind block.Kind
	ID   block.ID
}

// Hit is one answer of the search.
type Hit struct {
	Ref    Ref
	Group  string    // "building", "alias", "person", "entity", "event", "region", "position": the heading it stands under
	Label  string    // first line
	Why    string    // second line: alias, merged from, address, source
	Side   string    // at the right: grid or street
	Icon   string    // icon name, empty for the group's own
	At     orb.Point // where it is, when HasAt
	Bound  orb.Bound
	HasAt  bool
	Masked bool // fields were masked for want of a right
}

// Hits is the answer to one query. Rows of a group lie together, best first.
type Hits struct {
	Query string
	Rows  []Hit
	More  bool // there are more than the limit
	Took  time.Duration
	Err   error
}

// Search asks for hits while the user types: at most one question is under way, and an answer that a newer question
// overtook is never shown. All methods belong to the UI thread.
type Search struct {
	ctx   context.Context // the search's own lifetime: ended by Close
	end   context.CancelFunc
	find  func(context.Context, string) (Hits, error)
	post  func(func())
	show  func(Hits)
	delay time.Duration

	cancel context.CancelFunc // the newest question
	wg     sync.WaitGroup
}

// NewSearch returns a search that asks find after delay has passed without a newer query, and hands its answer to show on
// the UI thread by way of post. Close it when its window goes.
func NewSearch(find func(context.Context, string) (Hits, error), post func(func()), show func(Hits), delay time.Duration) *Search {
	ctx, end := context.WithCancel(context.Background())
	return &Search{ctx: ctx, end: end, find: find, post: post, show: show, delay: delay, cancel: func() {}}
}

// Query starts a search and makes the answer of an earlier one void. An empty query shows no hits at once.
func (s *Search) Query(q string) {
	s.cancel()
	q = strings.TrimSpace(q)
	if q == "" {
		s.show(Hits{})
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.cancel = cancel
	s.wg.Go(func() {
		// Input methods deliver a word as single characters, one change each: wait until the burst is over.
		wait := time.NewTimer(s.delay)
		defer wait.Stop()
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		begun := time.Now()
		hits, err := s.find(ctx, q)
		hits.Query, hits.Err = q, err
		if hits.Took == 0 {
			hits.Took = time.Since(begun)
		}
		s.post(func() {
			if ctx.Err() == nil { // on the UI thread, so no newer Query can slip in between
				s.show(hits)
			}
		})
	})
}

// Close makes any answer under way void and waits for the goroutines to end.
func (s *Search) Close() {
	s.end()
	s.wg.Wait()
}

// HitRow is one line of the open search box: a heading (Head not empty) or a hit.
type HitRow struct {
	Head  string
	Hit   Hit
	Index int // of the hit among all hits; -1 for a heading
}

// HitRows puts headings between the groups of the hits. An ambiguous alias has its own heading that asks to choose.
func HitRows(l *Lang, h Hits) []HitRow {
	var rows []HitRow
	last := ""
	for i, hit := range h.Rows {
		if hit.Group != last {
			last = hit.Group
			rows = append(rows, HitRow{Head: l.TOr("search.group."+hit.Group, hit.Group), Index: -1})
		}
		rows = append(rows, HitRow{Hit: hit, Index: i})
	}
	return rows
}

// HitSummary is the text at the right end of the box: "5 条，3 毫秒", or nothing before there is an answer.
func HitSummary(l *Lang, h Hits) string {
	if h.Query == "" || h.Err != nil {
		return ""
	}
	if h.More {
		return l.T("search.summary.more", len(h.Rows), h.Took.Milliseconds())
	}
	return l.T("search.summary", len(h.Rows), h.Took.Milliseconds())
}

// MatchSpans returns the parts of label that the query's terms match, as byte ranges in order, for bold type. Upper and
// lower case are the same; a query in pinyin matches nothing here.
func MatchSpans(label, query string) [][2]int {
	lower := strings.ToLower(label)
	if len(lower) != len(label) { // a letter whose lower case has another length: offsets would lie
		return nil
	}
	marked := make([]bool, len(label))
	for term := range strings.FieldsSeq(strings.ToLower(query)) {
		for from := 0; ; {
			i := strings.Index(lower[from:], term)
			if i < 0 {
				break
			}
			for k := from + i; k < from+i+len(term); k++ {
				marked[k] = true
			}
			from += i + len(term)
		}
	}
	var spans [][2]int
	for i := 0; i < len(marked); i++ {
		if !marked[i] {
			continue
		}
		j := i
		for j < len(marked) && marked[j] {
			j++
		}
		spans = append(spans, [2]int{i, j})
		i = j
	}
	return spans
}
