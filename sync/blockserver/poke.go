package blockserver

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"kuaitu/block"
	"kuaitu/sync/wire"
)

// Bounds of poking.
const (
	pokeGap       = 100 * time.Millisecond // at most one poke in that time; what moves meanwhile is told with the next
	pokePoll      = 500 * time.Millisecond // changes by others: imports, another server on the same database
	pokeBeat      = 20 * time.Second       // between two words to a client, so that both ends notice a dead link
	pokeLife      = 15 * time.Minute       // after which a client must show its token again
	pokeWriteTime = 50 * time.Millisecond  // a client whose buffers are full is cut and comes again
	pokeWriters   = 4
)

// pokeHead begins the answer on a connection that was taken over; it ends with the connection.
const pokeHead = "HTTP/1.1 200 OK\r\nContent-Type: " + wire.TypePoke + "\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n" +
	"X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"

// hub knows who wants to be poked. A listener costs its connection and some 200 bytes here: no goroutine waits for it.
type hub struct {
	mu        sync.Mutex // guards what follows
	listeners map[*listener]struct{}
	byDevice  map[block.ID]*listener // one a device: a new connection takes the place of the old one
	dirty     map[block.ID]struct{}  // shards that moved since the last round
	positions map[block.ID]uint64    // as polled last
	closed    bool
	moved     chan struct{} // has room for one
}

// listener is one connection. Its writer is held by one goroutine at a time: the round's.
type listener struct {
	device block.ID
	shards []block.ID // rising; not to be changed
	out    io.Writer
	cut    func() // closes the connection; may be called twice
	born   time.Time
	beaten time.Time // last word; of the rounds' own goroutine
}

func newHub() *hub {
	return &hub{listeners: map[*listener]struct{}{}, byDevice: map[block.ID]*listener{}, dirty: map[block.ID]struct{}{}, moved: make(chan struct{}, 1)}
}

// join adds a listener. False: the hub is closed or full.
func (h *hub) join(l *listener, most int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if old := h.byDevice[l.device]; old != nil {
		delete(h.listeners, old)
		old.cut()
	}
	if h.closed || len(h.listeners) >= most {
		delete(h.byDevice, l.device)
		return false
	}
	h.listeners[l], h.byDevice[l.device] = struct{}{}, l
	return true
}

// leave ends a listener.
func (h *hub) leave(l *listener) {
	h.mu.Lock()
	delete(h.listeners, l)
	if h.byDevice[l.device] == l {
		delete(h.byDevice, l.device)
	}
	h.mu.Unlock()
	l.cut()
}

// close ends every listener and takes no more.
func (h *hub) close() {
	h.mu.Lock()
	h.closed = true
	all := h.all()
	h.mu.Unlock()
	for _, l := range all {
		h.leave(l)
	}
}

// all lists the listeners; mu is held.
func (h *hub) all() []*listener {
	out := make([]*listener, 0, len(h.listeners))
	for l := range h.listeners {
		out = append(out, l)
	}
	return out
}

func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listeners)
}

// touch notes that shards have moved. It never waits.
func (h *hub) touch(shards ...block.ID) {
	if len(shards) == 0 {
		return
	}
	h.mu.Lock()
	for _, s := range shards {
		h.dirty[s] = struct{}{}
	}
	h.mu.Unlock()
	select {
	case h.moved <- struct{}{}:
	default:
	}
}

// polled compares positions read from the database with those of the last poll.
func (h *hub) polled(now map[block.ID]uint64) {
	h.mu.Lock()
	var moved []block.ID
	for shard, seq := range now {
		if h.positions != nil && h.positions[shard] != seq {
			moved = append(moved, shard)
		}
	}
	h.positions = now
	h.mu.Unlock()
	h.touch(moved...)
}

// round pokes everyone whose shards have moved and beats the others that have heard nothing for long.
func (h *hub) round(now time.Time) {
	h.mu.Lock()
	dirty := h.dirty
	h.dirty = map[block.ID]struct{}{}
	all := h.all()
	h.mu.Unlock()
	var told, beaten []*listener
	for _, l := range all {
		switch {
		case now.Sub(l.born) > pokeLife:
			h.leave(l)
		case slices.ContainsFunc(l.shards, func(s block.ID) bool { _, moved := dirty[s]; return moved }):
			told = append(told, l)
		case now.Sub(l.beaten) > pokeBeat:
			beaten = append(beaten, l)
		}
	}
	h.tell(told, now, wire.PokeEvent)
	h.tell(beaten, now, wire.PokeBeat)
}

// tell writes the same word to some listeners. One that cannot take it at once is cut.
func (h *hub) tell(listeners []*listener, now time.Time, word string) {
	if len(listeners) == 0 {
		return
	}
	var g errgroup.Group
	for part := range slices.Chunk(listeners, max(1, (len(listeners)+pokeWriters-1)/pokeWriters)) {
		g.Go(func() error {
			for _, l := range part {
				l.beaten = now
				if _, err := io.WriteString(l.out, word); err != nil {
					h.leave(l)
				}
			}
			return nil
		})
	}
	_ = g.Wait()
}

// noticing tells the hub which shards a committed transaction moved.
type noticing struct {
	Ops
	hub *hub
}

// Update implements Ops.
func (n noticing) Update(ctx context.Context, fn func(Tx) error) error {
	var moved []block.ID
	err := n.Ops.Update(ctx, func(tx Tx) error {
		moved = moved[:0] // run again
		return fn(noticed{tx, &moved})
	})
	if err == nil {
		n.hub.touch(moved...)
	}
	return err
}

type noticed struct {
	Tx
	moved *[]block.ID
}

// Append implements Tx.
func (t noticed) Append(ctx context.Context, shard block.ID, parts []block.Part) (uint64, error) {
	*t.moved = append(*t.moved, shard)
	return t.Tx.Append(ctx, shard, parts)
}

// Watch pokes the clients that listen whenever shards of theirs move, until ctx ends; then it cuts them. Without it they
// hear nothing and go on polling. A poll that fails is made up by the next one.
func (s *Server) Watch(ctx context.Context) error {
	defer s.hub.close()
	poll, beat := time.NewTicker(pokePoll), time.NewTicker(time.Second)
	defer poll.Stop()
	defer beat.Stop()
	s.poll(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C:
			s.poll(ctx)
			continue
		case <-s.hub.moved:
		case <-beat.C:
		}
		s.hub.round(time.Now())
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pokeGap):
		}
	}
}

// poll looks where the shards are.
func (s *Server) poll(ctx context.Context) {
	var now map[block.ID]uint64
	if err := s.ops.View(ctx, func(v View) (err error) { now, err = v.Positions(ctx); return err }); err == nil {
		s.hub.polled(now)
	}
}

// poke answers with a stream of words: "heads" when something in the device's scope moved, a beat otherwise. It tells no
// more than that; the client says hello to learn what. A connection that can be taken over needs no goroutine.
func (s *Server) poke(w http.ResponseWriter, r *http.Request, ss *session) error {
	now := time.Now()
	l := &listener{device: ss.grant.Device, shards: ss.scope.shards, born: now, beaten: now}
	control := http.NewResponseController(w)
	conn, rest, err := control.Hijack()
	if err == nil {
		if rec, ok := w.(*recorder); ok {
			rec.status = http.StatusOK
		}
		_ = conn.SetDeadline(time.Time{})
		l.out, l.cut = timely{conn}, func() { _ = conn.Close() }
		if rest.Reader.Buffered() > 0 || s.hub.count() >= s.listeners { // bytes after the request: not a client of ours
			_, _ = io.WriteString(l.out, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			l.cut()
			return nil
		}
		// The head goes out before a round may write to the connection.
		if _, err := io.WriteString(l.out, pokeHead+wire.PokeBeat); err != nil || !s.hub.join(l, s.listeners) {
			l.cut()
		}
		return nil
	}
	// HTTP/2 and tests: the request's own goroutine waits, for as long as a request may take.
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	words := make(chan struct{}, 1)
	l.out, l.cut = signal(words), cancel
	if !s.hub.join(l, s.listeners) {
		return &wire.Error{Status: http.StatusServiceUnavailable, Code: wire.CodeBusy, Message: "too many listen already", Retry: 60}
	}
	defer s.hub.leave(l)
	w.Header().Set("Content-Type", wire.TypePoke)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	word := wire.PokeBeat
	for {
		if _, err := io.WriteString(w, word); err != nil {
			return nil // the client went away
		}
		if err := control.Flush(); err != nil {
			return nil
		}
		word = wire.PokeEvent
		select {
		case <-ctx.Done():
			return nil
		case <-words:
		case <-time.After(pokeBeat):
			word = wire.PokeBeat
		}
	}
}

// timely writes within pokeWriteTime: what a client does not read fills its buffers, never a writer's time.
type timely struct{ conn net.Conn }

func (t timely) Write(b []byte) (int, error) {
	if err := t.conn.SetWriteDeadline(time.Now().Add(pokeWriteTime)); err != nil {
		return 0, err
	}
	return t.conn.Write(b)
}

// signal passes pokes on; beats are the waiting goroutine's own.
type signal chan struct{}

func (s signal) Write(b []byte) (int, error) {
	if string(b) == wire.PokeEvent {
		select {
		case s <- struct{}{}:
		default:
		}
	}
	return len(b), nil
}
