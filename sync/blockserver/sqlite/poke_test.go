package sqlite_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"kuaitu/block"
	"kuaitu/sync/blockserver"
	"kuaitu/sync/wire"
)

// listen opens a poke stream over a real socket and returns its words. The channel is closed with the connection.
func listen(t *testing.T, url, token string) (<-chan string, int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+wire.PathPoke, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	words := make(chan string, 100)
	go func() {
		defer close(words)
		defer resp.Body.Close()
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "event:") || strings.HasPrefix(lines.Text(), ":") {
				words <- lines.Text()
			}
		}
	}()
	return words, resp.StatusCode
}

// next waits for a word for at most ten seconds; "" is the end of the stream.
func next(t *testing.T, words <-chan string) string {
	t.Helper()
	select {
	case w := <-words:
		return w
	case <-time.After(10 * time.Second):
		t.Fatal("no word came")
		return ""
	}
}

func TestPoke(t *testing.T) {
	w := newWorld(t)
	w.load(people()...)
	d := w.enrol("a", "s1", "desk")
	d.sync()
	server, s := w.http.Config.Handler.(*blockserver.Server), w.http
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Watch(ctx) }()

	if _, status := listen(t, s.URL, "nobody"); status != http.StatusUnauthorized {
		t.Errorf("a stranger got status %d", status)
	}
	first, _ := listen(t, s.URL, d.token)
	if got := next(t, first); got != ": beat" {
		t.Fatalf("the stream begins with %q", got)
	}
	d.must(block.FateApplied, "", insert("building", "new", "s1a1", map[string]block.Value{"name": text("新楼")}))
	if got := next(t, first); got != "event: heads" {
		t.Errorf("after a change came %q", got)
	}
	w.load(record("building", "bulk", "s1a1", map[string]block.Value{"name": text("导入")})) // behind the server's back: found by the poll
	if got := next(t, first); got != "event: heads" {
		t.Errorf("after a load came %q", got)
	}
	second, _ := listen(t, s.URL, d.token)
	if got := next(t, second); got != ": beat" {
		t.Errorf("the second stream begins with %q", got)
	}
	if got, open := <-first; open {
		t.Errorf("the device's older stream lives on with %q", got)
	}
	stop()
	<-ended
	if got, open := <-second; open {
		t.Errorf("after the end came %q", got)
	}
}
