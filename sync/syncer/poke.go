package syncer

import (
	"bufio"
	"context"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"strings"
	"time"

	"kuaitu/sync/wire"
)

// Bounds of listening.
const (
	// PokeSpread is the time over which consoles that were poked at once come: ten thousand of them are not to come as one.
	PokeSpread = time.Second

	pokeSilence = 65 * time.Second // three beats missed: the link is dead
	pokeAgain   = time.Second      // first pause before listening again
	pokeRefused = 10 * time.Minute // a server that has no pokes is asked again after this
)

// listener hears the server's pokes. It is a convenience: what it misses the next poll finds.
type listener struct {
	link  func() client
	say   func(Event) // gives an event to the loop; may wait
	again time.Duration
}

// run listens until ctx ends, with growing pauses between attempts.
func (l *listener) run(ctx context.Context) {
	pause := l.again
	for ctx.Err() == nil {
		begun := time.Now()
		supported := true
		if c := l.link(); c.token != "" {
			supported = l.listen(ctx, c)
			l.say(Listening{})
		}
		switch {
		case !supported:
			pause = pokeRefused
		case time.Since(begun) > pokeSilence: // it worked for a while
			pause = l.again
		default:
			pause = min(2*pause, backoffMax)
		}
		t := time.NewTimer(pause/2 + rand.N(pause/2+1))
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
}

// listen reads one stream of pokes to its end. False: the server has none.
func (l *listener) listen(ctx context.Context, c client) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server+wire.PathPoke, nil)
	if err != nil {
		return false
	}
	req.Header.Set("User-Agent", "kuaitu")
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", wire.TypePoke)
	resp, err := c.http.Do(req)
	if err != nil {
		return true
	}
	defer resp.Body.Close()
	if t, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); resp.StatusCode != http.StatusOK || t != wire.TypePoke {
		return resp.StatusCode >= http.StatusInternalServerError || resp.StatusCode == http.StatusTooManyRequests
	}
	silence := time.AfterFunc(pokeSilence, cancel)
	defer silence.Stop()
	lines := bufio.NewScanner(io.Reader(resp.Body))
	lines.Buffer(make([]byte, 0, 256), 4096) // a longer line is not the server's
	for first := true; lines.Scan(); {
		silence.Reset(pokeSilence)
		if first {
			first = false
			l.say(Listening{On: true})
			l.say(Poked{}) // something may have moved before the stream began
		}
		if strings.HasPrefix(lines.Text(), "event:") {
			l.say(Poked{})
		}
	}
	return true
}
